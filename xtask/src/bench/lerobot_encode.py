"""Encodes the pictures of an export once more, with LeRobot's own streaming encoder, and compares both with their source.

Usage: lerobot_encode.py FRAMES EXPORT CODEC

FRAMES is what mcap_frames.py made, EXPORT a LeRobot v3.0 export of the same dataset version. Prints one line of JSON. The time
is that of the encoder alone: pictures are decoded before the clock starts.
"""

import json
import logging
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from lerobot.configs.video import RGBEncoderConfig
from lerobot.datasets.lerobot_dataset import LeRobotDataset
from lerobot.datasets.video_utils import StreamingVideoEncoder

sys.path.insert(0, str(Path(__file__).parents[3] / "crates/engine/tests/clients"))
from lerobot_reads import decoded, retimed, source_frames  # noqa: E402

# Every so many rows are compared.
STEP = 15


def ssim(one, other):
    """Wang et al. (2004) on luma, over windows of 8 x 8 pixels, 4 apart, with equal weights."""
    weights = np.array([0.299, 0.587, 0.114])
    a, b = one @ weights, other @ weights

    def means(values):
        total = np.zeros((values.shape[0] + 1, values.shape[1] + 1))
        total[1:, 1:] = values.cumsum(0).cumsum(1)
        sums = total[8:, 8:] - total[:-8, 8:] - total[8:, :-8] + total[:-8, :-8]
        return sums[::4, ::4] / 64

    ma, mb = means(a), means(b)
    va, vb, cov = means(a * a) - ma * ma, means(b * b) - mb * mb, means(a * b) - ma * mb
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return np.mean((2 * ma * mb + c1) * (2 * cov + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2)))


def main(frames, export, codec):
    logging.disable(logging.WARNING)
    proof = json.load(open(Path(export) / "prairie-proof.json"))
    cameras = json.load(open(Path(frames) / "cameras.json"))
    fps = int(proof["fps"])
    dataset = LeRobotDataset("prairie/bench", root=export)
    rows = []
    for episode in proof["episodes"]:
        grid = int(episode["start_ns"]) + np.round(np.arange(episode["rows"]) * 1e9 / fps).astype("i8")
        shown = {}
        for video in proof["videos"]:
            found = [c for c in cameras if c["episode"] == episode["index"] and c["topic"] == video["stream"]]
            pictures = source_frames(found[0])
            shown[video["feature"]] = [pictures[at] for at in retimed(np.array(found[0]["t_ns"]), grid, 0)]
        rows.append(shown)
    with tempfile.TemporaryDirectory() as folder:
        longest = max(len(shown) for episode in rows for shown in episode.values())
        # Nothing is dropped: the queue holds a whole episode.
        encoder = StreamingVideoEncoder(fps, RGBEncoderConfig(vcodec=codec), queue_maxsize=longest + 2)
        begun, begun_cpu = time.perf_counter(), time.process_time()
        made = []
        for episode in rows:
            encoder.start_episode(list(episode), Path(folder))
            for row in range(len(next(iter(episode.values())))):
                for key, pictures in episode.items():
                    encoder.feed_frame(key, pictures[row])
            made.append(encoder.finish_episode())
        wall_s, cpu_s = time.perf_counter() - begun, time.process_time() - begun_cpu
        size, own, theirs = 0, [], []
        for index, (episode, paths) in enumerate(zip(rows, made)):
            meta = dataset.meta.episodes[index]
            for key, pictures in episode.items():
                path = paths[key][0]
                size += path.stat().st_size
                count = len(pictures)
                peer = decoded(path, 0.0, count, fps, None)
                start_s = meta[f"videos/{key}/from_timestamp"]
                ours = decoded(dataset.root / dataset.meta.get_video_file_path(index, key), start_s, count, fps, None)
                for row in range(0, count, STEP):
                    theirs.append(ssim(pictures[row], peer[row]))
                    own.append(ssim(pictures[row], ours[row]))
    own_bytes = sum(video["bytes"] for video in proof["videos"])
    frames = sum(len(pictures) for episode in rows for pictures in episode.values())
    facts = {"wall_s": wall_s, "cpu_s": cpu_s, "frames": frames, "bytes": size, "ssim": np.mean(theirs), "ssim_min": np.min(theirs)}
    print(json.dumps({**facts, "own_bytes": own_bytes, "own_ssim": np.mean(own), "own_ssim_min": np.min(own)}))


main(*sys.argv[1:])
