"""Walks an RLDS data set with nothing but the standard library, and prints what each episode holds, one JSON object per line.

Written from the formats' descriptions alone, so that the reader has someone to agree with. Numbers are hashed as little-endian
doubles, texts and pictures as they are.
"""

import hashlib
import json
import pathlib
import struct
import sys

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
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(path, check):
    data = path.read_bytes()
    at = 0
    while at < len(data):
        length, stored = struct.unpack_from("<QI", data, at)
        assert masked(data[at : at + 8]) == stored, "the checksum of a length"
        body = data[at + 12 : at + 12 + length]
        (stored,) = struct.unpack_from("<I", data, at + 12 + length)
        assert not check or masked(body) == stored, "the checksum of a record"
        yield body
        at += 16 + length


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
        elif tag & 7 == 2:
            length, at = varint(data, at)
            value, at = data[at : at + length], at + length
        else:
            raise ValueError(f"wire type {tag & 7}")
        yield tag >> 3, value


def values(feature):
    found = []
    for kind, part in fields(feature):
        for _, value in fields(part):
            if kind == 1:
                found.append(bytes(value))
            elif kind == 2:
                found.extend(struct.unpack(f"<{len(value) // 4}f", value))
            elif isinstance(value, int):
                found.append(value - (1 << 64) if value >> 63 else value)
            else:
                at = 0
                while at < len(value):
                    number, at = varint(value, at)
                    found.append(number - (1 << 64) if number >> 63 else number)
    return found


def example(record):
    found = {}
    for _, features in fields(record):
        for _, entry in fields(features):
            parts = dict(fields(entry))
            found[parts[1].decode()] = values(parts.get(2, b""))
    return found


def leaves(node, key=""):
    if "featuresDict" in node:
        for name, inner in node["featuresDict"]["features"].items():
            yield from leaves(inner, f"{key}/{name}" if key else name)
    elif "sequence" in node:
        yield from leaves(node["sequence"]["feature"], key)
    else:
        yield key, node


def width(node):
    total = 1
    for axis in node.get("tensor", {}).get("shape", {}).get("dimensions", []):
        total *= int(axis)
    return total


def main(folder, check):
    folder = pathlib.Path(folder)
    tree = dict(leaves(json.loads((folder / "features.json").read_text())))
    for path in sorted(folder.glob("*.tfrecord*")):
        for number, record in enumerate(records(path, check)):
            found = example(record)
            features, attributes = {}, {}
            for key, node in sorted(tree.items()):
                topic = key.removeprefix("steps/")
                have = found[key]
                is_step = topic != key
                if "image" in node:
                    flag = found.get("episode_metadata/has_" + key.rsplit("/", 1)[-1], [1])
                    if flag == [0] and len(set(have)) == 1:
                        continue
                    hashed = b"".join(hashlib.sha256(one).digest() for one in have)
                    features[topic] = [len(have), hashlib.sha256(hashed).hexdigest()]
                elif have and isinstance(have[0], bytes):
                    if len(set(have)) == 1:
                        attributes[key] = have[0].decode()
                    else:
                        features[topic] = [len(have), hashlib.sha256(b"\n".join(have)).hexdigest()]
                elif is_step:
                    packed = struct.pack(f"<{len(have)}d", *have)
                    features[topic] = [len(have) // width(node), hashlib.sha256(packed).hexdigest()]
                else:
                    is_bool = node["tensor"]["dtype"] == "bool"
                    attributes[key] = str(bool(have[0])).lower() if is_bool else str(have[0])
            line = {"key": f"{path.name}/{number:06}", "attributes": attributes, "features": features}
            print(json.dumps(line, sort_keys=True))


main(sys.argv[1], len(sys.argv) < 3)
