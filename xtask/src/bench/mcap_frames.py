"""Takes the coded pictures out of exported MCAP files, for programs that do not read MCAP.

Usage: mcap_frames.py EXPORT OUT
"""

import json
import sys
from pathlib import Path

from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory


def main(export, out):
    cameras = []
    for episode, path in enumerate(sorted(Path(export).glob("episode_*.mcap"))):
        found = {}
        with open(path, "rb") as file:
            reader = make_reader(file, decoder_factories=[DecoderFactory()])
            for schema, channel, message, decoded in reader.iter_decoded_messages():
                if schema.name.endswith(("/CompressedImage", "/CompressedVideo")):
                    # Publish time is the canonical time of the picture.
                    frame = (message.publish_time, decoded.format, bytes(decoded.data))
                    found.setdefault(channel.topic, []).append(frame)
        for topic, frames in found.items():
            name = f"{episode}-{topic.strip('/').replace('/', '_')}"
            places, at = [], 0
            with open(Path(out) / name, "wb") as file:
                for _, _, data in frames:
                    places.append([at, len(data)])
                    at += file.write(data)
            times = [time for time, _, _ in frames]
            camera = {"episode": episode, "topic": topic, "codec": frames[0][1], "file": str(Path(out) / name)}
            cameras.append({**camera, "t_ns": times, "frames": places})
    (Path(out) / "cameras.json").write_text(json.dumps(cameras))


main(*sys.argv[1:])
