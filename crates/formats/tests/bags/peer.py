"""What the Python library `rosbags` reads from bags, and bags that it writes.

usage: peer.py FOLDER [SAMPLES]

Writes bags into FOLDER, and for each of them and each of those in SAMPLES a file `N.json`: the path, and a text for every message
in the order of the file: topic, type, log time, value. A value is written so that no language formats numbers its own way: floats as the
bits of a double, bytes that stay in the recording as their SHA-256.
"""

import hashlib
import json
import sqlite3
import struct
import sys
from pathlib import Path

import numpy
from rosbags.rosbag1 import Reader as Reader1
from rosbags.rosbag1 import Writer as Writer1
from rosbags.rosbag2 import Reader as Reader2
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin
from rosbags.rosbag2 import Writer as Writer2
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

SMALL = 4096


def told(value, kind, store):
    """The text of a field of that type."""
    node, desc = kind
    node = int(node)
    if node == 1:  # base
        name = desc[0]
        if name == "string":
            return json.dumps(value, ensure_ascii=False)
        if name.startswith("float"):
            return struct.pack(">d", float(value)).hex()
        if name == "bool":
            return str(int(value))
        return str(int(value))
    if node == 2:  # name
        return message(value, desc, store)
    item, count = desc
    item_node, item_desc = item
    if int(item_node) == 1 and item_desc[0] in ("uint8", "int8", "byte", "char", "octet"):
        raw = bytes(bytearray(int(byte) & 255 for byte in value)) if not isinstance(value, numpy.ndarray) else value.tobytes()
        small = count and count <= SMALL
        if not small:
            return "blob " + hashlib.sha256(raw).hexdigest()
    return "[" + ",".join(told(part, item, store) for part in value) + "]"


def message(value, name, store):
    """The text of a message."""
    if name in ("builtin_interfaces/msg/Time", "builtin_interfaces/msg/Duration"):
        if not 0 <= abs(int(value.nanosec)) < 1_000_000_000:
            return "null"
        return str(int(value.sec) * 1_000_000_000 + int(value.nanosec))
    fields = [field for field in store.fielddefs[name][1] if field[0] != "structure_needs_at_least_one_member"]
    return "{" + ",".join(f"{field}:" + told(getattr(value, field), kind, store) for field, kind in fields) + "}"


def bag1(path):
    """The messages of a bag of ROS 1."""
    with Reader1(path) as reader:
        stores = {}
        for connection in reader.connections:
            store = get_typestore(Stores.EMPTY)
            definition = getattr(connection.msgdef, "data", connection.msgdef)
            store.register(get_types_from_msg(definition, connection.msgtype))
            stores[connection.id] = store
        for connection, time, raw in reader.messages():
            store = stores[connection.id]
            value = store.deserialize_ros1(raw, connection.msgtype)
            yield connection.topic, connection.msgtype, time, message(value, connection.msgtype, store)


def bag2(path):
    """The messages of a bag of ROS 2: of those that cannot be decoded, their bytes."""
    with Reader2(path) as reader:
        default = get_typestore(Stores.ROS2_HUMBLE)
        for connection, time, raw in reader.messages():
            store = default
            try:
                value = message(store.deserialize_cdr(raw, connection.msgtype), connection.msgtype, store)
            except Exception:  # noqa: BLE001
                value = "raw " + hashlib.sha256(raw).hexdigest()
            yield connection.topic, connection.msgtype, time, value


def write1(folder):
    """Bags of ROS 1, one per compression."""
    store = get_typestore(Stores.ROS1_NOETIC)
    make = store.types
    for name in ("none", "bz2", "lz4"):
        path = folder / f"written-{name}.bag"
        path.unlink(missing_ok=True)
        writer = Writer1(path)
        if name != "none":
            writer.set_compression(getattr(Writer1.CompressionFormat, name.upper()))
        with writer:
            joints = writer.add_connection("/joints", "sensor_msgs/msg/JointState", typestore=store, callerid="/arm", latching=1)
            again = writer.add_connection("/joints", "sensor_msgs/msg/JointState", typestore=store, callerid="/arm2")
            image = writer.add_connection("/image", "sensor_msgs/msg/Image", typestore=store)
            empty = writer.add_connection("/empty", "std_msgs/msg/Empty", typestore=store)
            for at in range(300):
                header = make["std_msgs/msg/Header"](seq=at, stamp=make["builtin_interfaces/msg/Time"](sec=at, nanosec=at * 3), frame_id="bäse")
                state = make["sensor_msgs/msg/JointState"](
                    header=header, name=["a", "b"], position=numpy.array([at * 0.1, -at], dtype=numpy.float64),
                    velocity=numpy.array([], dtype=numpy.float64), effort=numpy.array([1e300], dtype=numpy.float64))
                raw = store.serialize_ros1(state, "sensor_msgs/msg/JointState")
                writer.write(joints if at % 3 else again, 1_700_000_000_000_000_000 + at * 1_000_003, raw)
                if at % 10 == 0:
                    pixels = numpy.frombuffer(hashlib.sha512(str(at).encode()).digest() * 500, dtype=numpy.uint8)
                    picture = make["sensor_msgs/msg/Image"](header=header, height=100, width=320, encoding="mono8", is_bigendian=0, step=320, data=pixels)
                    writer.write(image, 1_700_000_000_000_000_000 + at * 1_000_003, store.serialize_ros1(picture, "sensor_msgs/msg/Image"))
                    writer.write(empty, 1_700_000_000_000_000_000 + at * 1_000_003, b"")
        yield path


def main():
    folder = Path(sys.argv[1])
    samples = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    jobs = [(path, bag1) for path in write1(folder)]
    if samples:
        jobs += [(path, bag1) for path in sorted(samples.rglob("*.bag"))]
    for number, (path, read) in enumerate(jobs):
        try:
            messages, refused = [" ".join(map(str, message)) for message in read(path)], None
        except Exception as error:  # noqa: BLE001
            messages, refused = [], str(error)
        job = {"path": str(path), "messages": messages, "refused": refused}
        (folder / f"{number}.json").write_text(json.dumps(job))


if __name__ == "__main__":
    main()
