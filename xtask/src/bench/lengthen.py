"""Writes a recording many times one after the other, with its times and header stamps moved on, until it is long enough.

Usage: lengthen.py IN.mcap OUT.mcap MIN_BYTES

The chunks are laid out once; what changes from copy to copy are numbers at known places in them.
"""

import pathlib
import struct
import sys
import zlib

import numpy as np
import zstandard
from mcap.reader import make_reader

CHUNK_BYTES = 1 << 20
MAGIC = b"\x89MCAP0\r\n"
HEADER, FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK, MESSAGE_INDEX, CHUNK_INDEX = range(1, 9)
STATISTICS, METADATA, METADATA_INDEX, DATA_END = 0x0B, 0x0C, 0x0D, 0x0F
MESSAGE_HEAD = 1 + 8 + 2 + 4 + 8 + 8


def record(opcode, body):
    return struct.pack("<BQ", opcode, len(body)) + body


def text(value):
    data = value.encode()
    return struct.pack("<I", len(data)) + data


def texts(values):
    body = b"".join(text(name) + text(value) for name, value in values.items())
    return struct.pack("<I", len(body)) + body


def has_header(schema):
    """Whether a message begins with a `std_msgs/Header`."""
    lines = (line.split("#")[0].split() for line in schema.data.decode().splitlines())
    first = next((words for words in lines if words), [])
    return bool(first) and first[0] in ("std_msgs/Header", "std_msgs/msg/Header", "Header")


class Chunk:
    """The messages of one chunk, and where their times lie."""

    def __init__(self, messages, stamped):
        parts, length = [], 0
        self.starts, self.channels, stamps = [], [], []
        for schema, channel, message in messages:
            self.starts.append(length)
            self.channels.append(channel.id)
            head = struct.pack("<HIQQ", channel.id, message.sequence, message.log_time, message.publish_time)
            parts.append(record(MESSAGE, head + message.data))
            if schema.id in stamped:
                stamps.append(length + MESSAGE_HEAD + 4)
            length += len(parts[-1])
        self.bytes = np.frombuffer(b"".join(parts), np.uint8)
        self.starts, self.channels = np.array(self.starts), np.array(self.channels)
        self.stamps = np.array(stamps, np.int64)
        self.log_times = self.read(self.starts + 15, "<u8")
        self.publish_times = self.read(self.starts + 23, "<u8")
        # CDR, little-endian: four bytes of encapsulation, then the seconds and nanoseconds of the stamp.
        self.stamp_ns = self.read(self.stamps, "<i4") * 1_000_000_000 + self.read(self.stamps + 4, "<u4")

    @staticmethod
    def places(starts, kind):
        return starts[:, None] + np.arange(np.dtype(kind).itemsize)

    def read(self, starts, kind):
        return self.bytes[self.places(starts, kind)].copy().view(kind).ravel().astype(np.int64)

    def moved(self, shift_ns):
        """The bytes with all times that much later, and the log times."""
        data = self.bytes.copy()

        def put(starts, values, kind):
            data[self.places(starts, kind)] = values.astype(kind)[:, None].view(np.uint8)

        log_times = self.log_times + shift_ns
        put(self.starts + 15, log_times, "<u8")
        put(self.starts + 23, self.publish_times + shift_ns, "<u8")
        if shift_ns:
            put(self.stamps, (self.stamp_ns + shift_ns) // 1_000_000_000, "<i4")
            put(self.stamps + 4, (self.stamp_ns + shift_ns) % 1_000_000_000, "<u4")
        return data.tobytes(), log_times


def chunks_of(messages, stamped):
    part, length = [], 0
    for message in messages:
        part.append(message)
        length += MESSAGE_HEAD + len(message[2].data)
        if length >= CHUNK_BYTES:
            yield Chunk(part, stamped)
            part, length = [], 0
    if part:
        yield Chunk(part, stamped)


def main(source, output, min_bytes):
    with open(source, "rb") as file:
        reader = make_reader(file)
        header, metadata = reader.get_header(), list(reader.iter_metadata())
        messages = [(schema, channel, message) for schema, channel, message in reader.iter_messages(log_time_order=False)]
    first = min(message.log_time for _, _, message in messages)
    length = max(message.log_time for _, _, message in messages) - first + 20_000_000
    schemas = {schema.id: schema for schema, _, _ in messages}
    channels = {channel.id: channel for _, channel, _ in messages}
    stamped = {schema.id for schema in schemas.values() if has_header(schema)}
    described = b""
    for schema in schemas.values():
        body = struct.pack("<H", schema.id) + text(schema.name) + text(schema.encoding)
        described += record(SCHEMA, body + struct.pack("<I", len(schema.data)) + schema.data)
    for channel in channels.values():
        body = struct.pack("<HH", channel.id, channel.schema_id) + text(channel.topic) + text(channel.message_encoding)
        described += record(CHANNEL, body + texts(channel.metadata))
    chunks = list(chunks_of(messages, stamped))
    compressor = zstandard.ZstdCompressor()
    indexes, chunk_count, copies = [], 0, 0
    with open(output, "wb") as file:
        file.write(MAGIC + record(HEADER, text(header.profile) + text(header.library)))
        file.write(described)
        for entry in metadata:
            body = record(METADATA, text(entry.name) + texts(entry.metadata))
            indexes.append(record(METADATA_INDEX, struct.pack("<QQ", file.tell(), len(body)) + text(entry.name)))
            file.write(body)
        while file.tell() < int(min_bytes):
            for chunk in chunks:
                data, times = chunk.moved(copies * length)
                packed = compressor.compress(data)
                span = struct.pack("<QQ", times.min(), times.max())
                head = span + struct.pack("<QI", len(data), zlib.crc32(data)) + text("zstd") + struct.pack("<Q", len(packed))
                start = file.tell()
                file.write(record(CHUNK, head + packed))
                end, offsets = file.tell(), b""
                for channel in np.unique(chunk.channels):
                    rows = np.flatnonzero(chunk.channels == channel)
                    pairs = np.stack([times[rows], chunk.starts[rows]], axis=1).astype("<u8").tobytes()
                    offsets += struct.pack("<HQ", channel, file.tell())
                    file.write(record(MESSAGE_INDEX, struct.pack("<HI", channel, len(pairs)) + pairs))
                body = span + struct.pack("<QQI", start, end - start, len(offsets)) + offsets
                body += struct.pack("<Q", file.tell() - end) + text("zstd") + struct.pack("<QQ", len(packed), len(data))
                indexes.append(record(CHUNK_INDEX, body))
                chunk_count += 1
            copies += 1
        file.write(record(DATA_END, struct.pack("<I", 0)))
        summary = file.tell()
        counts = {channel: sum(1 for _, other, _ in messages if other.id == channel) * copies for channel in channels}
        body = struct.pack("<QHIIII", len(messages) * copies, len(schemas), len(channels), 0, len(metadata), chunk_count)
        body += struct.pack("<QQI", first, first + copies * length - 20_000_000, len(counts) * 10)
        body += b"".join(struct.pack("<HQ", channel, count) for channel, count in counts.items())
        file.write(described + b"".join(indexes) + record(STATISTICS, body))
        file.write(record(FOOTER, struct.pack("<QQI", summary, 0, 0)) + MAGIC)
    print(pathlib.Path(output).stat().st_size, "bytes")


main(*sys.argv[1:])
