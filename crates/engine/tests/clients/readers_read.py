"""Reads exported MCAP files with PyPI `mcap` and with `rosbags`, and compares every message with what Prairie stored.

Usage: readers_read.py EXPECTED.json
"""

import hashlib
import json
import math
import sys
from pathlib import Path

from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from rosbags.highlevel import AnyReader


def xyz(vector):
    return [vector.x, vector.y, vector.z]


def pose(position, orientation):
    return xyz(position) + [orientation.x, orientation.y, orientation.z, orientation.w]


# What of a message are its numbers, in the order in which Prairie keeps them.
NUMBERS = {
    "sensor_msgs/msg/JointState": lambda m: [*m.position, *m.velocity, *m.effort],
    "std_msgs/msg/Float64": lambda m: [m.data],
    "std_msgs/msg/Float64MultiArray": lambda m: list(m.data),
    "geometry_msgs/msg/WrenchStamped": lambda m: xyz(m.wrench.force) + xyz(m.wrench.torque),
    "geometry_msgs/msg/TwistStamped": lambda m: xyz(m.twist.linear) + xyz(m.twist.angular),
    "geometry_msgs/msg/PoseStamped": lambda m: pose(m.pose.position, m.pose.orientation),
    "geometry_msgs/msg/TransformStamped": lambda m: pose(m.transform.translation, m.transform.rotation),
    "tf2_msgs/msg/TFMessage": lambda m: [n for t in m.transforms for n in pose(t.transform.translation, t.transform.rotation)],
}
TEXTS = {
    "std_msgs/msg/String": lambda m: m.data,
    "rcl_interfaces/msg/Log": lambda m: m.msg,
}
FRAMES = {"sensor_msgs/msg/CompressedImage", "sensor_msgs/msg/Image", "foxglove_msgs/msg/CompressedVideo"}


def content(schema, message):
    if schema in FRAMES:
        return hashlib.sha256(bytes(message.data)).hexdigest()
    if schema in TEXTS:
        return TEXTS[schema](message)
    if schema in NUMBERS:
        return [float(number) for number in NUMBERS[schema](message)]
    # A type of Prairie's own: its list of numbers.
    lists = [value for value in vars_of(message).values() if hasattr(value, "__len__") and not isinstance(value, str)]
    return [float(number) for number in max(lists, key=len)]


def vars_of(message):
    names = getattr(message, "__slots__", None) or vars(message).keys()
    return {name.lstrip("_"): getattr(message, name) for name in names}


def by_mcap(path):
    with open(path, "rb") as file:
        reader = make_reader(file, decoder_factories=[DecoderFactory()])
        for schema, channel, message, decoded in reader.iter_decoded_messages():
            yield channel.topic, message.log_time, message.publish_time, content(schema.name, decoded)


def by_rosbags(path):
    with AnyReader([Path(path)]) as reader:
        for connection, time, data in reader.messages():
            message = reader.deserialize(data, connection.msgtype)
            yield connection.topic, time, None, content(connection.msgtype, message)


def numbers(value):
    """JSON has no NaN, and writes whole numbers as integers."""
    if isinstance(value, list):
        return [math.nan if number is None else float(number) for number in value]
    return value


def same(one, other):
    if isinstance(one, list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other))
    if isinstance(one, float) or isinstance(other, float):
        # The test reads its numbers from JSON with a parser that may miss the last bit.
        return math.isclose(one, other, rel_tol=4e-16) or (math.isnan(one) and math.isnan(other))
    return one == other


def main(expected):
    total = 0
    for episode in json.load(open(expected)):
        want = episode["topics"]
        for reader in (by_mcap, by_rosbags):
            got = {}
            for topic, log, published, what in reader(episode["file"]):
                got.setdefault(topic, []).append((log, published, what))
            assert set(got) - {"/prairie/segments"} == set(want), (reader.__name__, set(got) ^ set(want))
            for topic, samples in want.items():
                samples = [(log, t, numbers(value)) for log, t, value in samples]
                assert len(got[topic]) == len(samples), (reader.__name__, topic, len(got[topic]), len(samples))
                if samples[0][2] is None:
                    # Video that is logged in the order of decoding: only the canonical times are those of the source.
                    times = sorted(published for _, published, _ in got[topic] if published is not None)
                    assert reader is not by_mcap or times == sorted(int(t_ns) for _, t_ns, _ in samples), topic
                    total += len(samples)
                    continue
                # Samples of one instant have no order of their own.
                key = lambda sample: (int(sample[0]), json.dumps(sample[2]))
                pairs = zip(sorted(got[topic], key=key), sorted(samples, key=key))
                for (log, published, what), (log_ns, t_ns, value) in pairs:
                    assert log == int(log_ns), (reader.__name__, topic, log, log_ns)
                    assert published is None or published == int(t_ns), (topic, published, t_ns)
                    assert value is None or same(what, value), (reader.__name__, topic, log, what, value)
                total += len(samples)
    print(f"{total} messages, each by mcap and by rosbags: equal")


main(*sys.argv[1:])
