"""Recordings for the benchmark of readers, and independent programs that read them.

usage: readers.py make KIND FILE MEGABYTES SAMPLE    KIND is bag, db3, gzip, raw or rlds
       readers.py read KIND FILE

What is made holds the joint states, forces and JPEG pictures of the bundled recording SAMPLE, many times over with moved times; the
HDF5 files hold joints and pictures that were made up, with noise in the lower bits as a camera has it. Reading decodes every
message to Python objects (bags), or every element to NumPy arrays (HDF5), or every feature of every step (RLDS; checksums are
not looked at, since pure Python would take minutes for them), and prints how many there were.
"""

import json
import shutil
import struct
import sys
from pathlib import Path

TOPICS = {
    "/joint_states": "sensor_msgs/msg/JointState",
    "/wrench": "geometry_msgs/msg/WrenchStamped",
    "/camera/front/image/compressed": "sensor_msgs/msg/CompressedImage",
}


def messages(sample):
    from mcap.reader import make_reader

    with open(sample, "rb") as stream:
        for _, channel, message in make_reader(stream).iter_messages(topics=list(TOPICS)):
            yield channel.topic, message.log_time, message.data


def repeated(sample, megabytes):
    """The messages over and over, each round behind the one before it."""
    once = list(messages(sample))
    length = once[-1][1] - once[0][1] + 1_000_000
    written = moved = 0
    while written < megabytes * 1_000_000:
        for topic, time, data in once:
            yield topic, time + moved, data
            written += len(data)
        moved += length


def make_bag(path, megabytes, sample):
    from rosbags.rosbag1 import Writer
    from rosbags.typesys import Stores, get_typestore

    cdr, ros1 = get_typestore(Stores.ROS2_HUMBLE), get_typestore(Stores.ROS1_NOETIC)
    path.unlink(missing_ok=True)
    with Writer(path) as writer:
        connections = {topic: writer.add_connection(topic, kind, typestore=ros1) for topic, kind in TOPICS.items()}
        for topic, time, data in repeated(sample, megabytes):
            writer.write(connections[topic], time, cdr.cdr_to_ros1(data, TOPICS[topic]))


def make_db3(path, megabytes, sample):
    from rosbags.rosbag2 import StoragePlugin, Writer
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS2_HUMBLE)
    shutil.rmtree(path, ignore_errors=True)
    with Writer(path, version=9, storage_plugin=StoragePlugin.SQLITE3) as writer:
        connections = {topic: writer.add_connection(topic, kind, typestore=store) for topic, kind in TOPICS.items()}
        for topic, time, data in repeated(sample, megabytes):
            writer.write(connections[topic], time, data)


def make_hdf5(path, megabytes, compression):
    import h5py
    import numpy as np

    random = np.random.default_rng(7)
    rows, height, width = 200, 240, 320
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    with h5py.File(path, "w") as file:
        data = file.create_group("data")
        written = demo = 0
        while written < megabytes * 1_000_000:
            group = data.create_group(f"demo_{demo}")
            group.attrs["num_samples"] = rows
            moved = (across[None] + down[None] + np.arange(rows)[:, None, None] + 13 * demo) // 2
            pictures = np.stack([moved, moved + 40, moved + 80], -1) + random.integers(0, 8, (rows, height, width, 3))
            pictures = (pictures % 256).astype("u1")
            options = {"compression": "gzip", "chunks": (1, height, width, 3)} if compression else {}
            group.create_dataset("obs/agentview_image", data=pictures, **options)
            joints = np.cumsum(random.normal(0, 0.01, (rows, 7)), 0)
            options = {"compression": "gzip"} if compression else {}
            group.create_dataset("obs/robot0_joint_pos", data=joints, **options)
            group.create_dataset("actions", data=joints + random.normal(0, 0.001, joints.shape), **options)
            written += pictures.nbytes
            demo += 1
        data.attrs["total"] = demo * rows


TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    TABLE.append(byte)


def masked(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def number(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(at, data):
    return number(at << 3 | 2) + number(len(data)) + data


def make_rlds(path, megabytes, sample):
    import numpy as np

    pictures = [data for topic, _, data in messages(sample) if topic == "/camera/front/image/compressed"]
    # Behind the header and the format of the message lies the length of the picture, and the picture.
    pictures = [data[data.index(b"\xff\xd8\xff") :] for data in pictures]
    random, steps = np.random.default_rng(7), 100
    shutil.rmtree(path, ignore_errors=True)
    folder = path / "1.0.0"
    folder.mkdir(parents=True)

    def tensor(shape, kind):
        return {"tensor": {"shape": {"dimensions": shape}, "dtype": kind, "encoding": "none"}}

    picture = {"image": {"shape": {"dimensions": ["240", "320", "3"]}, "dtype": "uint8", "encodingFormat": "jpeg"}}
    step = {
        "observation": {"featuresDict": {"features": {"image": picture, "state": tensor(["7"], "float32")}}},
        "action": tensor(["7"], "float32"),
        "is_first": tensor([], "bool"),
        "is_last": tensor([], "bool"),
        "language_instruction": {"text": {}},
    }
    sequence = {"sequence": {"feature": {"featuresDict": {"features": step}}, "length": "-1"}}
    (folder / "features.json").write_text(json.dumps({"featuresDict": {"features": {"steps": sequence}}}))
    written, lengths = 0, []
    name = "bench-train.tfrecord-00000-of-00001"
    with open(folder / name, "wb") as file:
        while written < megabytes * 1_000_000:
            shown = [pictures[(len(lengths) * steps + at) % len(pictures)] for at in range(steps)]
            joints = np.cumsum(random.normal(0, 0.01, (steps, 7)), 0).astype("<f4")

            def floats(values):
                return field(2, field(1, values.tobytes()))

            def texts(values):
                return field(1, b"".join(field(1, value) for value in values))

            def whole(values):
                return field(3, field(1, b"".join(number(int(value)) for value in values)))

            features = {
                "steps/observation/image": texts(shown),
                "steps/observation/state": floats(joints),
                "steps/action": floats(joints),
                "steps/is_first": whole(at == 0 for at in range(steps)),
                "steps/is_last": whole(at == steps - 1 for at in range(steps)),
                "steps/language_instruction": texts([b"put the peg into the socket"] * steps),
            }
            entries = b"".join(field(1, field(1, key.encode()) + field(2, value)) for key, value in features.items())
            record = field(1, entries)
            length = struct.pack("<Q", len(record))
            file.write(length + masked(length) + record + masked(record))
            written += len(record)
            lengths.append("1")
    split = {"name": "train", "shardLengths": [str(len(lengths))], "filepathTemplate": "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}"}
    facts = {"name": "bench", "version": "1.0.0", "fileFormat": "tfrecord", "splits": [split]}
    (folder / "dataset_info.json").write_text(json.dumps(facts))


def read_bags(path):
    from rosbags.highlevel import AnyReader

    count = 0
    with AnyReader([path]) as reader:
        for connection, _, data in reader.messages():
            reader.deserialize(data, connection.msgtype)
            count += 1
    return count


def read_hdf5(path):
    import h5py

    count = 0

    def visit(_, node):
        nonlocal count
        if isinstance(node, h5py.Dataset):
            count += node[()].size

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return count


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data):
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
        elif tag & 7 == 5:
            value, at = data[at : at + 4], at + 4
        else:
            length, at = varint(data, at)
            value, at = data[at : at + length], at + length
        yield tag >> 3, value


def read_rlds(path):
    count = 0
    for file in sorted(path.rglob("*.tfrecord-*")):
        data = memoryview(file.read_bytes())
        at = 0
        while at < len(data):
            (length,) = struct.unpack_from("<Q", data, at)
            record, at = data[at + 12 : at + 12 + length], at + 16 + length
            for _, features in fields(record):
                for _, entry in fields(features):
                    parts = dict(fields(entry))
                    for kind, values in fields(parts[2]):
                        for _, value in fields(values):
                            if kind == 2:
                                count += len(struct.unpack(f"<{len(value) // 4}f", value))
                            elif kind == 3:
                                place = 0
                                while place < len(value):
                                    _, place = varint(value, place)
                                    count += 1
                            else:
                                count += len(bytes(value)) > 0
    return count


def main(verb, kind, path, megabytes=None, sample=None):
    path = Path(path)
    if verb == "make":
        make = {"bag": make_bag, "db3": make_db3, "rlds": make_rlds}
        if kind in make:
            make[kind](path, int(megabytes), sample)
        else:
            make_hdf5(path, int(megabytes), kind == "gzip")
    else:
        read = {"bag": read_bags, "db3": read_bags, "gzip": read_hdf5, "raw": read_hdf5, "rlds": read_rlds}
        print(json.dumps({"count": read[kind](path)}))


main(*sys.argv[1:])
