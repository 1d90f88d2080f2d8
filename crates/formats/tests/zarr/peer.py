"""Writes stores with the Python packages zarr and numcodecs, and beside each what they read back from it.

For each store NAME there is NAME.json: topic to rows; a row is a list of numbers as text, a text, or a SHA-256. `peer.py seeds FOLDER`
writes small stores for fuzzing instead: `path \\n length (4 bytes, little-endian) bytes`, again and again, or a ZIP archive.
"""

import hashlib
import json
import shutil
import sys
from pathlib import Path

import numcodecs
import numpy as np
import zarr

RNG = np.random.default_rng(7)


def seeds(folder):
    """Stores of every codec, a few hundred bytes each."""
    import tempfile

    folder.mkdir(parents=True, exist_ok=True)
    data = np.repeat(np.arange(12, dtype="f4"), 2).reshape(8, 3)
    blosc = numcodecs.Blosc

    def add(store, version, compressors, filters):
        root = zarr.open_group(store, mode="w", zarr_format=version)
        ends = root.create_array("meta/episode_ends", shape=(2,), chunks=(2,), dtype="i8", compressors=None)
        ends[:] = [5, 8]
        for at, compressor in enumerate(compressors):
            settings = {"chunks": (3, 2), "compressors": compressor, "filters": filters.get(at, [])}
            if version == 3 and at == 0:
                settings |= {"chunks": (2, 3), "shards": (4, 3)}
            array = root.create_array(f"data/a{at}", shape=data.shape, dtype=data.dtype, **settings)
            array[:] = data
        picture = root.create_array("data/img", shape=(8, 8, 8, 3), chunks=(4, 8, 8, 3), dtype="u1", compressors=compressors[-1])
        picture[:] = 7

    def pack(name, files):
        parts = []
        for path in sorted(files.rglob("*")):
            if path.is_file() and path.name != ".zmetadata":
                content = path.read_bytes()
                parts.append(str(path.relative_to(files)).encode() + b"\n" + len(content).to_bytes(4, "little") + content)
        (folder / name).write_bytes(b"".join(parts))

    several = [blosc(cname=name, shuffle=at % 3) for at, name in enumerate(["blosclz", "lz4", "zlib", "zstd"])]
    others = [None, numcodecs.Zlib(), numcodecs.GZip(), numcodecs.LZ4(), numcodecs.Zstd()]
    filters = {1: [numcodecs.Delta("<f4")], 2: [numcodecs.Shuffle(4)], 3: [numcodecs.CRC32()]}
    from zarr import codecs as c

    third = [[c.ZstdCodec()], [c.GzipCodec(), c.Crc32cCodec()], [c.BloscCodec(cname="lz4", shuffle="bitshuffle")]]
    for name, version, compressors in [("blosc", 2, several), ("v2", 2, others), ("v3", 3, third)]:
        with tempfile.TemporaryDirectory() as made:
            add(made, version, compressors, filters if name == "v2" else {})
            pack(name, Path(made))
    store = zarr.storage.ZipStore(folder / "zip", mode="w")
    add(store, 2, several[:2], {})
    store.close()


if sys.argv[1] == "seeds":
    seeds(Path(sys.argv[2]))
    sys.exit()

FOLDER = Path(sys.argv[1])


def row(value, view):
    if view == "picture":
        return {"sha256": hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()}
    if isinstance(value, str) or value.dtype.kind in "UO":
        return {"text": str(value)}
    if value.dtype.kind == "S":
        return {"text": value.item().decode()}
    return {"numbers": [repr(float(x)) for x in value.astype("f8").reshape(-1)]}


def told(name, topics):
    rows = {topic: [row(v, view) for v in values] for topic, (values, view) in topics.items()}
    (FOLDER / f"{name}.json").write_text(json.dumps(rows))


def values(dtype, shape):
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return RNG.integers(0, 2, shape).astype(dtype)
    if dtype.kind in "iu":
        # Runs of alike numbers, so that compressors find something to copy.
        return np.repeat(RNG.integers(0, 100, (shape[0] + 3) // 4 * int(np.prod(shape[1:]))), 4)[
            : int(np.prod(shape))
        ].reshape(shape).astype(dtype)
    if dtype.kind == "U":
        return np.array([f"größe {i}" for i in range(shape[0])], dtype=dtype)
    if dtype.kind == "S":
        return np.array([f"text {i}" for i in range(shape[0])], dtype=dtype)
    return (np.cumsum(RNG.standard_normal(shape), axis=0)).round(2).astype(dtype)


def v2(name, arrays, **more):
    """arrays: topic to (data, settings, view)."""
    root = zarr.open_group(str(FOLDER / name), mode="w", zarr_format=2)
    topics = {}
    for topic, (data, settings, view) in arrays.items():
        array = root.create_array(topic, shape=data.shape, dtype=data.dtype, **settings)
        array[:] = data
        topics[topic] = (array[:], view)
    told(name, topics)
    return root


def compressors():
    blosc = numcodecs.Blosc
    for cname in ["blosclz", "lz4", "lz4hc", "zlib", "zstd"]:
        for shuffle in [blosc.NOSHUFFLE, blosc.SHUFFLE, blosc.BITSHUFFLE]:
            for level in [1, 9]:
                yield f"blosc_{cname}_{shuffle}_{level}", blosc(cname=cname, clevel=level, shuffle=shuffle)
    yield "blosc_small_blocks", blosc(cname="lz4", clevel=5, shuffle=blosc.SHUFFLE, blocksize=1000)
    yield "blosc_stored", blosc(cname="lz4", clevel=0)
    yield "none", None
    yield "zlib", numcodecs.Zlib(6)
    yield "gzip", numcodecs.GZip(6)
    yield "zstd", numcodecs.Zstd(3)
    yield "zstd_sum", numcodecs.Zstd(3, checksum=True)
    yield "lz4", numcodecs.LZ4()


# Every compressor over several types and shapes of chunks.
for name, compressor in compressors():
    arrays = {}
    for at, dtype in enumerate(["<f4", ">f8", "<i8", "|u1", "<f2", ">u2", "|b1"]):
        for chunk, order in [((37, 5), "C"), ((200, 2), "F"), ((1, 5), "C")]:
            data = values(dtype, (150, 5))
            key = f"a{at}_{chunk[0]}_{chunk[1]}"
            arrays[key] = (data, {"chunks": chunk, "order": order, "compressors": compressor}, None)
    arrays["long"] = (values("<i4", (150, 200)), {"chunks": (150, 200), "compressors": compressor}, None)
    v2(f"v2_{name}", arrays)

# Filters.
filters = {
    "delta": ([numcodecs.Delta(dtype="<i4")], "<i4"),
    "delta_narrow": ([numcodecs.Delta(dtype="<i4", astype="<i2")], "<i4"),
    "delta_float": ([numcodecs.Delta(dtype="<f4")], "<f4"),
    "delta_big": ([numcodecs.Delta(dtype=">i4")], ">i4"),
    "scale": ([numcodecs.FixedScaleOffset(offset=5, scale=100, dtype="<f8", astype="<i4")], "<f8"),
    "quantize": ([numcodecs.Quantize(digits=1, dtype="<f8", astype="<f4")], "<f8"),
    "shuffle": ([numcodecs.Shuffle(4)], "<f4"),
    "crc32": ([numcodecs.CRC32()], "<f4"),
    "adler32": ([numcodecs.Adler32()], "<f4"),
    "packbits": ([numcodecs.PackBits()], "|b1"),
}
arrays = {}
for name, (steps, dtype) in filters.items():
    settings = {"chunks": (40, 3), "filters": steps, "compressors": numcodecs.Zstd(1)}
    arrays[name] = (values(dtype, (100, 3)), settings, None)
v2("v2_filters", arrays)

# Axes, separators, fill values, texts.
arrays = {
    "four": (values("<f4", (30, 4, 5, 6)), {"chunks": (7, 3, 5, 4)}, None),
    "four_f": (values("<f4", (30, 4, 5, 6)), {"chunks": (7, 3, 2, 6), "order": "F"}, None),
    "nested": (values("<i4", (30, 4)), {"chunks": (7, 3), "chunk_key_encoding": {"name": "v2", "separator": "/"}}, None),
    "one": (values("<f4", (30,)), {"chunks": (8,)}, None),
    "text": (values("<U12", (30,)), {"chunks": (8,)}, None),
    "text_big": (values(">U12", (30,)), {"chunks": (8,)}, None),
    "bytes": (values("|S12", (30,)), {"chunks": (8,)}, None),
}
root = v2("v2_shapes", arrays)
objects = root.create_array("objects", shape=(30,), chunks=(8,), dtype=str, filters=[numcodecs.VLenUTF8()])
objects[:] = np.array([f"größe {i}" * (i % 3) for i in range(30)], dtype=object)
holes = root.create_array("holes", shape=(30, 2), chunks=(8, 1), dtype="<f4", fill_value=1.5)
holes[8:16, 0] = 7
holes[20, 1] = 3
topics = {topic: (root[topic][:], view) for topic, (_, _, view) in arrays.items()}
topics |= {"objects": (objects[:], None), "holes": (holes[:], None)}
told("v2_shapes", topics)


def buffer(store, name, zarr_format):
    """A replay buffer as diffusion policy and UMI write it."""
    root = zarr.open_group(store, mode="w", zarr_format=zarr_format)
    ends = np.array([40, 41, 100], dtype="i8")
    data = root.create_group("data")
    meta = root.create_group("meta")
    meta.create_array("episode_ends", shape=ends.shape, chunks=(3,), dtype=ends.dtype)[:] = ends
    wanted = {
        "action": (values("<f4", (100, 7)), (33, 7), None),
        "robot0_eef_pos": (values("<f4", (100, 3)), (33, 3), None),
        "robot0_gripper_width": (values("<f4", (100, 1)), (100, 1), None),
        "camera0_rgb": (RNG.integers(0, 255, (100, 24, 32, 3), dtype="u1"), (1, 24, 32, 3), "picture"),
        "camera1_rgb": (RNG.integers(0, 255, (100, 24, 32, 3), dtype="u1"), (30, 16, 16, 3), "picture"),
    }
    topics = {}
    for key, (value, chunks, view) in wanted.items():
        array = data.create_array(key, shape=value.shape, chunks=chunks, dtype=value.dtype)
        array[:] = value
        topics[key] = (array[:], view)
    floats = data.create_array("img", shape=(100, 40, 40, 3), chunks=(50, 40, 40, 3), dtype="f4")
    pixels = RNG.integers(0, 255, (100, 40, 40, 3)).astype("f4")
    floats[:] = pixels
    topics["img"] = (pixels.astype("u1"), "picture")
    if zarr_format == 2:
        zarr.consolidate_metadata(store)
    told(name, topics)


buffer(str(FOLDER / "buffer_v2"), "buffer_v2", 2)
buffer(str(FOLDER / "buffer_v3"), "buffer_v3", 3)
for version in [2, 3]:
    store = zarr.storage.ZipStore(FOLDER / f"buffer_zip_v{version}.zip", mode="w")
    # Consolidated metadata is not for archives: an entry of theirs cannot be replaced.
    consolidate, zarr.consolidate_metadata = zarr.consolidate_metadata, lambda store: None
    buffer(store, f"buffer_zip_v{version}", version)
    zarr.consolidate_metadata = consolidate
    store.close()
shutil.make_archive(str(FOLDER / "buffer_deflated"), "zip", FOLDER, "buffer_v2")
shutil.copy(FOLDER / "buffer_v2.json", FOLDER / "buffer_deflated.json")

# Version 3: codecs, shards, transposition.
from zarr import codecs as c


class V3:
    """A store of version 3."""

    def __init__(self, name):
        self.root = zarr.open_group(str(FOLDER / name), mode="w", zarr_format=3)
        self.topics = {}

    def add(self, key, data, dtype=None, **settings):
        array = self.root.create_array(key, shape=data.shape, dtype=dtype or data.dtype, **settings)
        array[:] = data
        self.topics[key] = (array[:], None)


store = V3("v3_codecs")
for at, dtype in enumerate(["f4", "f8", "i8", "u1", "f2", "u2", "bool", "i1"]):
    plain = {"chunks": (20, 3)}
    store.add(f"plain{at}", values(dtype, (90, 5)), **plain, compressors=None)
    store.add(f"big{at}", values(dtype, (90, 5)), **plain, serializer=c.BytesCodec(endian="big"), compressors=None)
    store.add(f"zstd{at}", values(dtype, (90, 5)), **plain, compressors=[c.ZstdCodec(level=3)])
    store.add(f"gzip{at}", values(dtype, (90, 5)), **plain, compressors=[c.GzipCodec(level=3), c.Crc32cCodec()])
    for cname in ["blosclz", "lz4", "zlib", "zstd"]:
        for shuffle in ["noshuffle", "shuffle", "bitshuffle"]:
            blosc = c.BloscCodec(cname=cname, clevel=5, shuffle=shuffle)
            store.add(f"blosc{at}_{cname}_{shuffle}", values(dtype, (90, 5)), **plain, compressors=[blosc])
    shards = {"chunks": (10, 3), "shards": (40, 6)}
    store.add(f"shard{at}", values(dtype, (90, 5)), **shards, compressors=[c.ZstdCodec(level=1)])
told("v3_codecs", store.topics)

store = V3("v3_shapes")
store.add("turned", values("f4", (30, 4, 5)), chunks=(7, 3, 5), filters=[c.TransposeCodec(order=(2, 0, 1))])
store.add("dots", values("f4", (30, 4)), chunks=(7, 3), chunk_key_encoding={"name": "default", "separator": "."})
store.add("as_v2", values("f4", (30, 4)), chunks=(7, 3), chunk_key_encoding={"name": "v2", "separator": "."})
sparse = np.zeros((30, 4), dtype="f4")
sparse[17] = 1
store.add("sparse", sparse, chunks=(10, 2))
store.add("sparse_shard", sparse, chunks=(5, 2), shards=(10, 4))
turned = {"filters": [c.TransposeCodec(order=(1, 0))], "chunks": (5, 2), "shards": (10, 4)}
store.add("turned_shard", values("i4", (30, 4)), **turned)
store.add("text", np.array([f"größe {i}" for i in range(30)], dtype=object), dtype=str, chunks=(8,))
store.add("fixed_text", values("<U12", (30,)), chunks=(8,))
told("v3_shapes", store.topics)
