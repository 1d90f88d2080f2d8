"""Reads the recordings `ours-*` of a folder and compares them with `expected.json`; writes the same as `theirs-*`.

Usage: peer.py FOLDER
"""

import json
import pathlib
import sys

from mcap.reader import NonSeekingReader, make_reader
from mcap.writer import CompressionType, IndexType, Writer


def messages(reader):
    topics = {}
    for _, channel, message in reader.iter_messages(log_time_order=False):
        topics.setdefault(channel.topic, []).append([message.log_time, message.publish_time, message.data.hex()])
    return topics


def write(path, topics, compression, index_types, use_chunking):
    with open(path, "wb") as file:
        writer = Writer(file, chunk_size=900, compression=compression, index_types=index_types, use_chunking=use_chunking)
        writer.start(profile="test", library="peer")
        schema = writer.register_schema("test/Bytes", "none", b"any bytes")
        for topic, all in topics.items():
            channel = writer.register_channel(topic, "bytes", schema)
            for log_time, publish_time, data in all:
                writer.add_message(channel, log_time, bytes.fromhex(data), publish_time)
        writer.finish()


def main(folder):
    folder = pathlib.Path(folder)
    expected = json.loads((folder / "expected.json").read_text())
    ours = sorted(folder.glob("ours-*"))
    assert len(ours) == 18, len(ours)
    for path in ours:
        with path.open("rb") as file:
            assert messages(NonSeekingReader(file, validate_crcs=True)) == expected, f"{path.name}, in order"
        with path.open("rb") as file:
            reader = make_reader(file, validate_crcs=True)
            for topic, all in messages(reader).items():
                assert sorted(all) == sorted(expected[topic]), f"{path.name}, by index: {topic}"
    for compression in CompressionType:
        for indexed in [True, False]:
            name = f"theirs-{compression.name}-{indexed}.mcap"
            write(folder / name, expected, compression, IndexType.ALL if indexed else IndexType.NONE, True)
    for indexed in [True, False]:
        index_types = IndexType.ALL if indexed else IndexType.NONE
        write(folder / f"theirs-plain-{indexed}.mcap", expected, CompressionType.NONE, index_types, False)


main(*sys.argv[1:])
