"""HDF5 files in every way that h5py can write them.

`make FOLDER` writes them, `dump FILE` says what h5py reads of one, and `seeds FOLDER` writes small ones for the fuzzer."""

import hashlib
import json
import sys
from pathlib import Path

import h5py
import numpy as np

T = 23
# Bytes of a seed; rows of the arrays of many chunks; groups beside each other.
SEED_MAX = 64 * 1024
MANY = 3001
WIDE = 300


def numbers(dtype, shape, seed=1):
    """Numbers that are no regular pattern, and fit into every type."""
    generator = np.random.default_rng(seed)
    return generator.integers(0, 100, size=shape).astype(dtype)


def make_types(file):
    for dtype in ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]:
        for order in "<>":
            file[f"numbers/{dtype}{'le' if order == '<' else 'be'}"] = numbers(order + dtype, (T, 3))
    file["numbers/signed"] = (numbers("i4", (T, 3)) - 50).astype(">i4")
    file["numbers/bool"] = numbers("u1", (T, 2)) > 50
    file["numbers/single"] = numbers("f8", (T,))
    file["numbers/tensor"] = numbers("f4", (T, 2, 3, 4))
    file["text/fixed"] = np.array([b"step %d" % n for n in range(T)])
    file.create_dataset("text/variable", data=[f"step {n} ä" for n in range(T)], dtype=h5py.string_dtype())
    enum = h5py.enum_dtype({"OPEN": 0, "SHUT": 7}, basetype="i2")
    file.create_dataset("enum", data=np.where(numbers("i2", (T,)) > 50, 7, 0), dtype=enum)
    vlen = file.create_dataset("vlen", (T,), dtype=h5py.vlen_dtype("f4"))
    for n in range(T):
        vlen[n] = numbers("f4", (n % 5,), seed=n)
    compound = np.zeros(T, dtype=[("x", "f8"), ("n", ">i4"), ("v", "f4", (3,)), ("in", [("a", "u1"), ("b", "i8")])])
    compound["x"] = numbers("f8", (T,))
    compound["n"] = numbers("i4", (T,), 2)
    compound["v"] = numbers("f4", (T, 3), 3)
    compound["in"]["a"] = numbers("u1", (T,), 4)
    compound["in"]["b"] = numbers("i8", (T,), 5)
    file["compound"] = compound
    file.create_dataset("array", data=numbers("i2", (T, 2, 2)), dtype=None)
    file.create_dataset("arrays", (T,), dtype=np.dtype(("i4", (2, 3))))[:] = numbers("i4", (T, 2, 3))
    file["scalar"] = 3.5
    file["empty"] = h5py.Empty("f4")
    file.create_dataset("references", data=[file["scalar"].ref] * T, dtype=h5py.ref_dtype)
    file["opaque"] = np.zeros(T, dtype="V16")
    file["alias"] = h5py.SoftLink("/numbers/f8le")
    file["nowhere"] = h5py.SoftLink("/not/there")
    file["elsewhere"] = h5py.ExternalLink("other.h5", "/x")
    file["committed_type"] = np.dtype("<f4")
    file.create_dataset("committed", data=numbers("f4", (T, 2)), dtype=file["committed_type"])


def make_layouts(file):
    data = numbers("i4", (T, 7, 5))
    file.create_dataset("contiguous", data=data)
    file.create_dataset("rows", data=data, chunks=(1, 7, 5))
    file.create_dataset("blocks", data=data, chunks=(4, 3, 2))
    file.create_dataset("single", data=data, chunks=(T, 7, 5))
    file.create_dataset("single_packed", data=data, chunks=(T, 7, 5), compression="gzip")
    file.create_dataset("grows", data=data, chunks=(2, 7, 3), maxshape=(None, 7, 5))
    file.create_dataset("grows_inside", data=data, chunks=(2, 7, 1), maxshape=(T, 7, None))
    file.create_dataset("grows_all", data=data, chunks=(2, 3, 2), maxshape=(None, None, None))
    file.create_dataset("may_grow", data=data, chunks=(5, 2, 5), maxshape=(T + 9, 8, 6))
    file.create_dataset("larger_chunk", data=data, chunks=(2, 5, 4), maxshape=(None, 7, 5))
    early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    early.set_chunk((2, 7, 5))
    early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    space = h5py.h5s.create_simple(data.shape)
    implicit = h5py.h5d.create(file.id, b"implicit", h5py.h5t.NATIVE_INT32, space, early)
    implicit.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ascontiguousarray(data))
    compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    compact.set_layout(h5py.h5d.COMPACT)
    held = h5py.h5d.create(file.id, b"compact", h5py.h5t.NATIVE_INT32, space, compact)
    held.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ascontiguousarray(data))
    file.create_dataset("unwritten", (T, 3), dtype="f8", fillvalue=2.5)
    file.create_dataset("unwritten_chunks", (T, 3), dtype="f8", fillvalue=2.5, chunks=(4, 2))
    holes = file.create_dataset("holes", (T, 4), dtype="i2", fillvalue=-3, chunks=(3, 2), compression="gzip")
    holes[6:9] = numbers("i2", (3, 4))
    holes[13, 3] = 9
    file.create_dataset("shrunk", data=data, chunks=(4, 3, 2), maxshape=(None, 7, 5)).resize((T, 7, 5))
    longer = file.create_dataset("longer", data=numbers("i4", (40, 3)), chunks=(4, 3), maxshape=(None, 3))
    longer.resize((T, 3))
    layout = h5py.VirtualLayout(shape=(T, 3), dtype="i4")
    layout[:] = h5py.VirtualSource(".", "longer", shape=(T, 3))
    file.create_virtual_dataset("virtual", layout)
    file.create_dataset("external", (T,), dtype="i4", external=[("raw.bin", 0, 4 * T)])


def make_many(file):
    many = numbers("i2", (MANY, 2))
    for name, options in {"fixed": {}, "growing": {"maxshape": (None, 2)}, "both": {"maxshape": (None, None)}}.items():
        group = file.create_group(f"many_{name}")
        group.create_dataset("plain", data=many, chunks=(1, 2), **options)
        group.create_dataset("packed", data=many, chunks=(1, 2), compression="gzip", **options)


def make_filters(file):
    floats = np.cumsum(numbers("f4", (T, 30)), axis=0)
    options = {
        "gzip": {"compression": "gzip", "compression_opts": 9},
        "gzip_shuffle": {"compression": "gzip", "shuffle": True},
        "lzf": {"compression": "lzf"},
        "lzf_shuffle": {"compression": "lzf", "shuffle": True},
        "fletcher": {"fletcher32": True},
        "all": {"compression": "gzip", "shuffle": True, "fletcher32": True},
        "shuffle": {"shuffle": True},
    }
    for name, option in options.items():
        file.create_dataset(name, data=floats, chunks=(4, 11), **option)
        file.create_dataset(f"{name}_wide", data=floats.astype("f8"), chunks=(4, 30), **option)
        file.create_dataset(f"{name}_odd", data=numbers("u1", (T, 7)), chunks=(3, 7), **option)
    # What LZF cannot compress is stored as it is, which the chunk says.
    noise = np.random.default_rng(5).integers(0, 256, size=(T, 64), dtype="u1")
    file.create_dataset("noise", data=noise, chunks=(1, 64), compression="lzf")
    file.create_dataset("scaled_ints", data=numbers("i4", (T, 5)), chunks=(4, 5), scaleoffset=0)
    file.create_dataset("scaled_short", data=numbers("u2", (T, 5)), chunks=(4, 5), scaleoffset=0)
    file.create_dataset("scaled_signed", data=numbers("i2", (T, 5)) - 60, chunks=(4, 5), scaleoffset=0)
    file.create_dataset("scaled_big", data=numbers(">i4", (T, 5)), chunks=(4, 5), scaleoffset=0)
    file.create_dataset("scaled_same", data=np.full((T, 5), 7, "i4"), chunks=(4, 5), scaleoffset=0)
    file.create_dataset("scaled_floats", data=numbers("f4", (T, 5)) / 8, chunks=(4, 5), scaleoffset=3)
    file.create_dataset("scaled_doubles", data=numbers("f8", (T, 5)) / 8 - 5, chunks=(4, 5), scaleoffset=3)
    file.create_dataset("scaled_packed", data=numbers("i4", (T, 5)), chunks=(4, 5), scaleoffset=0, compression="gzip")
    nbit(file, "nbit_int", h5py.h5t.STD_I32LE, (20, 3), numbers("i4", (T, 5)) - 50)
    nbit(file, "nbit_big", h5py.h5t.STD_U16BE, (12, 2), numbers("u2", (T, 5)))
    try:
        import hdf5plugin
    except ImportError:
        return
    plugins = {"zstd": hdf5plugin.Zstd(), "lz4": hdf5plugin.LZ4(), "blosc": hdf5plugin.Blosc(), "bzip2": hdf5plugin.BZip2()}
    for name, plugin in plugins.items():
        file.create_dataset(name, data=floats, chunks=(4, 11), compression=plugin)


def nbit(file, name, base, bits, data):
    kind = base.copy()
    kind.set_precision(bits[0])
    kind.set_offset(bits[1])
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk((4, 5))
    properties.set_filter(h5py.h5z.FILTER_NBIT, 0)
    made = h5py.h5d.create(file.id, name.encode(), kind, h5py.h5s.create_simple(data.shape), properties)
    made.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ascontiguousarray(data))


def make_groups(file):
    for n in range(WIDE):
        file[f"wide/episode_{n}/x"] = numbers("f4", (n % 7 + 1, 2), seed=n)
    deep = file
    for n in range(20):
        deep = deep.create_group(f"level{n}")
    deep["x"] = numbers("f4", (T, 2))
    deep["loop"] = h5py.SoftLink("/")
    deep["again"] = file["/"]
    for n in range(min(60, WIDE)):
        deep.attrs[f"attribute {n}"] = f"value {n} " * 30
    deep.attrs["numbers"] = np.arange(5)
    deep["x"].attrs["names"] = ["left", "right"]


JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + b"data" * 40 + b"\xff\xd9"


def make_robomimic(file):
    data = file.create_group("data")
    data.attrs["env_args"] = json.dumps(
        {"env_name": "Lift", "type": 1, "env_kwargs": {"control_freq": 20, "robots": ["Panda"]}}
    )
    data.attrs["total"] = 3 * T
    for n in (0, 1, 2, 10) if T > 15 else (2, 10):
        demo = data.create_group(f"demo_{n}")
        demo.attrs["num_samples"] = T
        demo.attrs["model_file"] = "<mujoco>" + "x" * 9000
        for name in ("obs", "next_obs"):
            demo[f"{name}/robot0_eef_pos"] = numbers("f8", (T, 3), seed=n)
            image = numbers("u1", (T, 24, 32, 3), seed=n)
            demo.create_dataset(f"{name}/agentview_image", data=image, compression="gzip", chunks=(5, 6, 8, 1))
            demo.create_dataset(f"{name}/wrist_image", data=image, chunks=(1, 24, 32, 3))
            demo.create_dataset(f"{name}/wrist_depth", data=numbers("f4", (T, 24, 32, 1)))
        demo["actions"] = numbers("f8", (T, 7), seed=n)
        demo["rewards"] = numbers("f8", (T,), seed=n)
        demo["dones"] = numbers("i8", (T,), seed=n)
        demo["states"] = numbers("f8", (T, 9), seed=n)
    file["mask/train"] = np.array([b"demo_0", b"demo_10"])
    file.create_dataset("mask/valid", data=["demo_1"], dtype=h5py.string_dtype())


def make_aloha(file):
    file.attrs["sim"] = False
    file.attrs["compress"] = True
    for name in ("qpos", "qvel", "effort"):
        file[f"observations/{name}"] = numbers("f8", (T, 14))
    padded = np.zeros((T, 300), dtype="u1")
    lengths = []
    for n in range(T):
        picture = JPEG + bytes([n + 1])
        padded[n, : len(picture)] = np.frombuffer(picture, "u1")
        lengths.append(len(picture))
    file.create_dataset("observations/images/cam_high", data=padded, chunks=(1, 300))
    file.create_dataset("observations/images/cam_low", data=padded, chunks=(4, 300), compression="gzip")
    file["observations/images/cam_raw"] = numbers("u1", (T, 20, 30, 3))
    file["compress_len"] = np.array([lengths, lengths])
    file["action"] = numbers("f4", (T, 14))
    fixed = np.array([JPEG + bytes([n + 1]) for n in range(T)])
    file["observations/images/cam_fixed"] = fixed


def make_robomind(file):
    for arm in ("puppet", "master"):
        for side in ("left", "right"):
            file[f"{arm}/joint_position_{side}"] = numbers("f8", (T, 7))
    for kind, head in (("rgb", JPEG), ("depth", b"\x89PNG\r\n\x1a\n" + b"x" * 20)):
        images = file.create_dataset(f"observations/{kind}_images/camera_top", (T,), dtype=h5py.vlen_dtype("u1"))
        for n in range(T):
            images[n] = np.frombuffer(head + b"\x01" * n, "u1")
    file.create_dataset("language_raw", data=["put the cup on the plate"], dtype=h5py.string_dtype())
    file["language_distilbert"] = numbers("f4", (1, 1, 768))


def make_agibot(file):
    file["timestamp"] = 1_700_000_000_000_000_000 + np.arange(T, dtype="i8") * 33_333_333
    file["state/joint/position"] = numbers("f4", (T, 14))
    file["state/effector/position"] = numbers("f4", (T, 2))
    file["state/robot/velocity"] = np.zeros((0,), "f4")
    file["action/joint/position"] = numbers("f4", (T, 14))
    file["action/joint/index"] = np.arange(T - 3, dtype="i8")


MADE = {
    "types": make_types,
    "layouts": make_layouts,
    "many": make_many,
    "filters": make_filters,
    "groups": make_groups,
    "robomimic": make_robomimic,
    "aloha": make_aloha,
    "robomind": make_robomind,
    "agibot": make_agibot,
}


def make(folder):
    for name, write in MADE.items():
        for libver in ("earliest", "v108", "v110", "latest"):
            options = {"track_order": True} if libver == "v110" else {}
            userblock = 1024 if libver == "v108" else 0
            path = folder / f"{name}-{libver}.h5"
            with h5py.File(path, "w", libver=libver, userblock_size=userblock, **options) as file:
                write(file)


def seeds(folder):
    global T, MANY, WIDE
    T, MANY, WIDE = 15, 40, 12
    for name, write in MADE.items():
        for libver in ("earliest", "latest"):
            path = folder / f"{name}-{libver}"
            with h5py.File(path, "w", libver=libver) as file:
                write(file)
            if path.stat().st_size > SEED_MAX:
                path.unlink()


def values(data):
    """The bytes that the reader's values must have."""
    if h5py.check_string_dtype(data.dtype) is not None or data.dtype.kind == "S":
        texts = [text if isinstance(text, bytes) else text.encode() for text in data.reshape(-1)]
        return b"".join(text + b"\n" for text in texts), b"".join(texts)
    if h5py.check_vlen_dtype(data.dtype) is not None:
        joined = b"".join(np.ascontiguousarray(row).tobytes() for row in data.reshape(-1))
        return joined, joined
    plain = np.ascontiguousarray(data.astype(data.dtype.newbyteorder("<"))).tobytes()
    if data.dtype == np.uint8 and data.ndim == 2:
        # Where it is a padded picture, its zeros are no part of it.
        return plain, b"".join(row.tobytes().rstrip(b"\0") for row in np.ascontiguousarray(data))
    return plain, plain


def members(prefix, data):
    if data.dtype.names:
        for name in data.dtype.names:
            dot = "." if prefix[-1] != "/" else ""
            yield from members(f"{prefix}{dot}{name}", data[name])
    else:
        yield prefix, data


def dump(path):
    found = {}
    with h5py.File(path, "r") as file:

        def visit(name, thing):
            if not isinstance(thing, h5py.Dataset) or not thing.shape:
                return
            try:
                for name, data in members(name, thing[()]):
                    ways = {hashlib.sha256(way).hexdigest() for way in values(data)}
                    found[name] = {"rows": len(data), "ways": sorted(ways)}
            except Exception as error:
                found[name] = {"error": str(error)}

        file.visititems(visit)
    print(json.dumps(found))


if __name__ == "__main__":
    {"make": make, "dump": dump, "seeds": seeds}[sys.argv[1]](Path(sys.argv[2]))
