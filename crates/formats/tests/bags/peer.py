"""What the Python library `rosbags` reads from bags, and bags that it writes.

usage: peer.py FOLDER [SAMPLES]

Writes bags into FOLDER, and for each of them and each of those in SAMPLES a file `N.json`: the path, and a text for every message
in the order of the file: topic, type, log time, value. A value is written so that no language formats numbers its own way: floats as the
bits of a double, bytes that stay in the recording as their SHA-256.
"""

import hashlib
import json
import shutil
import sqlite3
import struct
import sys
from pathlib import Path

import numpy
import zstandard
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
        # The library has bytes of ROS 2 with a sign, and its specification without.
        return str(int(value) & 255 if name in ("octet", "byte") else int(value))
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


def value2(stores, definition, msgtype, raw):
    """The text of a message of ROS 2; None where the library has no definition of it."""
    key = (msgtype, definition)
    if key not in stores:
        store = get_typestore(Stores.ROS2_HUMBLE)
        if definition:
            store = get_typestore(Stores.EMPTY)
            store.register(get_types_from_msg(definition, msgtype))
        stores[key] = store if msgtype in store.fielddefs else None
    store = stores[key]
    return None if store is None else message(store.deserialize_cdr(raw, msgtype), msgtype, store)


def bag2(path):
    """The messages of a bag of ROS 2, as the library reads it: of those that it has no definition of, their bytes."""
    stores = {}
    with Reader2(path) as reader:
        if reader.message_count and next(reader.messages(), None) is None:
            # The library finds no message of a topic whose quality of service it does not understand.
            yield from databases(path)
            return
        for connection, time, raw in reader.messages():
            definition = connection.msgdef.data if connection.msgdef.format.name == "MSG" else ""
            value = value2(stores, definition, connection.msgtype, raw)
            yield connection.topic, connection.msgtype, time, value or "raw " + hashlib.sha256(raw).hexdigest()


def databases(path):
    """The messages of databases without a description, as SQLite reads them."""
    files = [path] if path.is_file() else sorted(path.glob("*.db3"))
    stores = {}
    for file in files:
        connection = sqlite3.connect(file)
        if connection.execute("select name from sqlite_master where name = 'message_definitions'").fetchone():
            raise ValueError("its definitions are not compared here")
        rows = "select name, type, timestamp, data from messages join topics on topic_id = topics.id"
        for topic, msgtype, time, raw in connection.execute(rows):
            if raw[:4] == b"\x28\xb5\x2f\xfd":
                raw = zstandard.ZstdDecompressor().decompressobj().decompress(raw)
            value = value2(stores, "", msgtype, raw)
            yield topic, msgtype, time, value or "raw " + hashlib.sha256(raw).hexdigest()
        connection.close()


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


def write2(folder):
    """Bags of ROS 2, one per compression, with messages that lie on many pages."""
    store = get_typestore(Stores.ROS2_HUMBLE)
    make = store.types
    for name in ("none", "message", "file"):
        path = folder / f"written-{name}"
        writer = Writer2(path, version=9, storage_plugin=StoragePlugin.SQLITE3)
        if name != "none":
            writer.set_compression(getattr(CompressionMode, name.upper()), CompressionFormat.ZSTD)
        with writer:
            joints = writer.add_connection("/joints", "sensor_msgs/msg/JointState", typestore=store)
            image = writer.add_connection("/image", "sensor_msgs/msg/Image", typestore=store)
            scan = writer.add_connection("/scan", "sensor_msgs/msg/LaserScan", typestore=store)
            for at in range(400):
                stamp = make["builtin_interfaces/msg/Time"](sec=at, nanosec=at * 3)
                header = make["std_msgs/msg/Header"](stamp=stamp, frame_id="bäse")
                state = make["sensor_msgs/msg/JointState"](
                    header=header, name=["a", "b"], position=numpy.array([at * 0.1, -at], dtype=numpy.float64),
                    velocity=numpy.array([], dtype=numpy.float64), effort=numpy.array([1e300], dtype=numpy.float64))
                time = 1_700_000_000_000_000_000 + at * 1_000_003
                writer.write(joints, time, store.serialize_cdr(state, "sensor_msgs/msg/JointState"))
                if at % 20 == 0:
                    # Lengths around those at which a page is full, and some of many pages.
                    rows = at * 11 + 1
                    pixels = numpy.frombuffer(hashlib.sha512(str(at).encode()).digest() * rows, dtype=numpy.uint8)
                    picture = make["sensor_msgs/msg/Image"](
                        header=header, height=rows, width=64, encoding="mono8", is_bigendian=0, step=64, data=pixels)
                    writer.write(image, time, store.serialize_cdr(picture, "sensor_msgs/msg/Image"))
                    ranges = numpy.arange(at * 13, dtype=numpy.float32)
                    sweep = make["sensor_msgs/msg/LaserScan"](
                        header=header, angle_min=0.0, angle_max=1.0, angle_increment=0.1, time_increment=0.0, scan_time=0.1,
                        range_min=0.0, range_max=9.0, ranges=ranges, intensities=ranges[:3])
                    writer.write(scan, time, store.serialize_cdr(sweep, "sensor_msgs/msg/LaserScan"))
        yield path


def write_odd(folder):
    """Databases as nobody closed them, and in shapes that SQLite allows. The recorder is still there when they are copied."""
    store = get_typestore(Stores.ROS2_HUMBLE)
    text = store.types["std_msgs/msg/String"]
    shapes = {
        "log": ("pragma page_size = 4096", "pragma journal_mode = wal"),
        "log-twice": ("pragma page_size = 1024", "pragma journal_mode = wal"),
        "small-pages": ("pragma page_size = 512",),
        "large-pages": ("pragma page_size = 65536",),
        "utf-16": ("pragma encoding = 'UTF-16be'",),
    }
    for name, pragmas in shapes.items():
        path = folder / f"odd-{name}"
        path.mkdir()
        live = folder / f"live-{name}.db3"
        connection = sqlite3.connect(live, isolation_level=None)
        for pragma in pragmas:
            connection.execute(pragma).fetchall()
        connection.execute("pragma wal_autocheckpoint = 0").fetchall()
        connection.execute(
            "CREATE TABLE topics(id INTEGER PRIMARY KEY,name TEXT NOT NULL,type TEXT NOT NULL,"
            "serialization_format TEXT NOT NULL,offered_qos_profiles TEXT NOT NULL)")
        connection.execute(
            "CREATE TABLE messages(id INTEGER PRIMARY KEY,topic_id INTEGER NOT NULL,timestamp INTEGER NOT NULL, data BLOB NOT NULL)")
        connection.execute("CREATE INDEX timestamp_idx ON messages (timestamp ASC)")
        connection.execute("insert into topics values (7, '/text', 'std_msgs/msg/String', 'cdr', '')")
        for at in range(900):
            if at % 100 == 0:
                connection.execute("begin")
            raw = bytes(store.serialize_cdr(text(data=f"{at} " * (at * at % 997)), "std_msgs/msg/String"))
            connection.execute("insert into messages (topic_id, timestamp, data) values (7, ?, ?)", (1000 + at, raw))
            if at % 100 == 99:
                connection.execute("commit")
            if name == "log-twice" and at in (299, 599):
                # What the log holds goes into the file, and the log begins anew over its old pages.
                connection.execute("pragma wal_checkpoint(restart)").fetchall()
        # The library opens what SQLite has put in order; what this project reads is as the recorder left it.
        for file in live.parent.glob(live.name + "*"):
            if not file.name.endswith("-shm"):
                shutil.copy(file, path / file.name.replace(live.name, "odd_0.db3"))
        connection.close()
        ordered = folder / f"ordered-{name}.db3"
        shutil.copy(live, ordered)
        yield path, ordered


def main():
    folder = Path(sys.argv[1])
    samples = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    jobs = [(path, path, bag1) for path in write1(folder)]
    jobs += [(path, path, bag2) for path in write2(folder)]
    jobs += [(path, ordered, databases) for path, ordered in write_odd(folder)]
    if samples:
        jobs += [(path, path, bag1) for path in sorted(samples.rglob("*.bag"))]
        for file in sorted(samples.rglob("*.db3")):
            if any(path == file.parent for path, _, _ in jobs):
                continue
            # A copy: whoever opens a database may write beside it.
            copy = folder / "copies" / str(len(jobs))
            shutil.copytree(file.parent, copy)
            if (copy / "metadata.yaml").exists():
                if "rosbag2_test/rosbag2_test_0.db3" in (copy / "metadata.yaml").read_text():
                    fixed = (copy / "metadata.yaml").read_text().replace("rosbag2_test/rosbag2_test_0.db3", "rosbag2_test_0.db3")
                    (copy / "metadata.yaml").write_text(fixed)
                jobs.append((file.parent, copy, bag2))
            else:
                jobs.append((file, copy / file.name, databases))
    for number, (path, theirs, read) in enumerate(jobs):
        try:
            messages, refused = [" ".join(map(str, message)) for message in read(theirs)], None
        except Exception as error:  # noqa: BLE001
            messages, refused = [], str(error)
        job = {"path": str(path), "messages": messages, "refused": refused}
        (folder / f"{number}.json").write_text(json.dumps(job))


if __name__ == "__main__":
    main()
