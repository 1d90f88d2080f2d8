"""Writes a recording many times one after the other, with its times and header stamps moved on, until it is long enough.

Usage: lengthen.py IN.mcap OUT.mcap MIN_BYTES
"""

import pathlib
import struct
import sys

from mcap.reader import make_reader
from mcap.writer import CompressionType, Writer


def has_header(schema):
    """Whether a message begins with a `std_msgs/Header`."""
    lines = (line.split("#")[0].split() for line in schema.data.decode().splitlines())
    first = next((words for words in lines if words), [])
    return bool(first) and first[0] in ("std_msgs/Header", "std_msgs/msg/Header", "Header")


def moved(data, shift_ns):
    """CDR, little-endian: four bytes of encapsulation, then the seconds and nanoseconds of the stamp."""
    seconds, nanoseconds = struct.unpack_from("<iI", data, 4)
    stamp = seconds * 1_000_000_000 + nanoseconds + shift_ns
    return data[:4] + struct.pack("<iI", *divmod(stamp, 1_000_000_000)) + data[12:]


def main(source, output, min_bytes):
    with open(source, "rb") as file:
        reader = make_reader(file)
        header, metadata = reader.get_header(), list(reader.iter_metadata())
        messages = [(schema, channel, message) for schema, channel, message in reader.iter_messages(log_time_order=False)]
    first = min(message.log_time for _, _, message in messages)
    length = max(message.log_time for _, _, message in messages) - first + 20_000_000
    stamped = {schema.id for schema, _, _ in messages if has_header(schema)}
    with open(output, "wb") as file:
        writer = Writer(file, chunk_size=1 << 20, compression=CompressionType.ZSTD)
        writer.start(profile=header.profile, library=header.library)
        schemas, channels = {}, {}
        for record in metadata:
            writer.add_metadata(record.name, record.metadata)
        shift = 0
        while file.tell() < int(min_bytes):
            for schema, channel, message in messages:
                if schema.id not in schemas:
                    schemas[schema.id] = writer.register_schema(schema.name, schema.encoding, schema.data)
                if channel.id not in channels:
                    number = writer.register_channel(
                        channel.topic, channel.message_encoding, schemas[schema.id], channel.metadata
                    )
                    channels[channel.id] = number
                data = moved(message.data, shift) if schema.id in stamped and shift else message.data
                times = message.log_time + shift, message.publish_time + shift
                writer.add_message(channels[channel.id], times[0], data, times[1], message.sequence)
            shift += length
        writer.finish()
    print(pathlib.Path(output).stat().st_size, "bytes")


main(*sys.argv[1:])
