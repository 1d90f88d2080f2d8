"""Opens an export with LeRobot's own reader and compares every value, and every decoded frame, with the source.

Usage: lerobot_reads.py EXPORT EXPECTED.json

EXPECTED.json holds, per episode, the samples that Prairie stored of each part of each feature, and where the frames of each
camera lie. What a row must hold is worked out here from the rules alone: the last sample that is not later than the row; frames
one after the other where the camera has the rate of the rows.
"""

import io
import json
import sys
from pathlib import Path

import av
import lerobot.datasets.lerobot_dataset
import numpy as np
import pyarrow.parquet as pq
import torch
from lerobot.datasets.lerobot_dataset import LeRobotDataset
from lerobot.datasets.video_utils import decode_video_frames
from PIL import Image
from torchvision import io as torchvision_io

# The quantization of the export keeps pictures of the bundled recordings above this, in dB over all channels.
PSNR_MIN = 30.0


def latest(times, rows, slack):
    """The last sample that is not later than each row."""
    found = np.searchsorted(times, rows + slack, side="right") - 1
    assert found.min() >= 0, "a row before the first sample"
    return found


def retimed(times, rows, slack):
    """Frames one after the other where that loses fewer than taking the last one of each row."""
    fresh = latest(times, rows, slack)
    period = np.sort(np.diff(times))[(len(times) - 1) // 2]
    step = np.median(np.diff(rows))
    if abs(period / step - 1) > 0.05:
        return fresh
    best = fresh
    for first in (fresh[0], fresh[0] - 1):
        if first < 0:
            continue
        picks, due = [], first
        for row, newest in zip(rows, fresh):
            pick = min(due, newest)
            if row - times[pick] > 2 * max(period, step) + 1:
                pick = newest
            picks.append(pick)
            due = pick + 1
        if len(set(picks)) > len(set(best)):
            best = np.array(picks)
    return best


def psnr(one, other):
    error = np.mean((one.astype("f4") - other.astype("f4")) ** 2, dtype="f8")
    return np.inf if error == 0 else 10 * np.log10(255**2 / error)


def source_frames(camera):
    """Every frame of a camera of messages, decoded by others than Prairie."""
    data = Path(camera["file"]).read_bytes()
    parts = [data[at : at + length] for at, length in camera["frames"]]
    if camera["codec"] in ("jpeg", "png"):
        return [np.asarray(Image.open(io.BytesIO(part)).convert("RGB")) for part in parts]
    context = av.CodecContext.create(camera["codec"], "r")
    frames, before = [], 0
    for part in parts:
        try:
            frames += context.decode(av.Packet(part))
        except av.error.InvalidDataError:
            # Before the first key frame there is nothing to decode against.
            assert not frames
            before += 1
    frames += context.decode(None)
    assert before + len(frames) == len(parts), (before, len(frames), len(parts))
    return [None] * before + [frame.to_ndarray(format="rgb24") for frame in frames]


def pyav_frames(path, stamps, tolerance_s, backend=None):
    """What LeRobot of v2.1 gets through torchvision, which no longer reads videos, by PyAV alone."""
    with av.open(str(path)) as video:
        frames = [(float(frame.pts * frame.time_base), frame.to_ndarray(format="rgb24")) for frame in video.decode(video=0)]
    times = np.array([time for time, _ in frames])
    picks = [int(np.argmin(np.abs(times - stamp))) for stamp in stamps]
    assert np.abs(times[picks] - np.array(stamps)).max() <= tolerance_s
    pictures = np.stack([frames[pick][1] for pick in picks])
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255


if lerobot.datasets.lerobot_dataset.CODEBASE_VERSION == "v2.1" and not hasattr(torchvision_io, "VideoReader"):
    decode_video_frames = lerobot.datasets.lerobot_dataset.decode_video_frames = pyav_frames


def decoded(path, start_s, rows, fps, backend):
    stamps = [start_s + row / fps for row in range(rows)]
    frames = decode_video_frames(path, stamps, 1e-4, backend).numpy().transpose(0, 2, 3, 1)
    # Eight bits a channel, divided by 255.
    return np.round(frames * 255).astype("u1")


def check_numbers(columns, types, episode, feature, grid, slack, span):
    name = feature["name"]
    parts = []
    for part in feature["parts"]:
        times = np.array(part["t_ns"], dtype="i8")
        values = np.array(part["values"], dtype="f8").reshape(len(times), -1)
        parts.append(values[latest(times, grid, slack)])
    want = np.concatenate(parts, axis=1)
    got = columns[name][span]
    assert types[name] == feature["stored_as"], (name, types[name], feature["stored_as"])
    if feature["stored_as"] == "float32":
        want = want.astype("f4")
    got = got.reshape(len(grid), -1)
    assert got.shape == want.shape, (name, got.shape, want.shape)
    assert np.array_equal(got.astype("f8"), want.astype("f8"), equal_nan=True), (episode["id"], name)
    return got.size


def check_parquet(columns, episode, span):
    """Against the very file that the recording holds."""
    table = pq.read_table(episode["parquet"])
    compared = 0
    for name in table.column_names:
        if name in ("index", "episode_index", "frame_index", "task_index", "timestamp") or name not in columns:
            continue
        column = table[name].to_pylist()
        want = np.array(column[episode["parquet_first"] :][: span.stop - span.start])
        got = columns[name][span]
        assert got.dtype.kind == want.dtype.kind, (name, got.dtype, want.dtype)
        assert np.array_equal(got.reshape(want.shape), want.astype(got.dtype)), name
        compared += got.size
    assert compared > 0
    return compared


def check_camera(dataset, index, camera, grid, slack, fps, backend):
    meta = dataset.meta.episodes[index]
    name = camera["feature"]
    path = dataset.root / dataset.meta.get_video_file_path(index, name)
    got = decoded(path, meta.get(f"videos/{name}/from_timestamp", 0.0), len(grid), fps, backend)
    times = np.array(camera["t_ns"], dtype="i8")
    picks = retimed(times, grid, slack)
    uses = np.bincount(picks, minlength=len(times))
    counts = np.array([np.sum(uses == 1), np.sum(uses > 1), np.sum(uses == 0)])
    if camera["video"]:
        # Copied: what decodes from the copy is what decodes from the source, to the last bit.
        assert np.array_equal(picks, np.arange(picks[0], picks[0] + len(grid))), name
        want = decoded(camera["video"], 0.0, len(times), fps, backend)[picks]
        assert np.array_equal(got, want), (name, index)
        return counts, np.inf
    frames = source_frames(camera)
    worst = np.inf
    for row, pick in enumerate(picks):
        height, width = frames[pick].shape[:2]
        shown = got[row][:height, :width]
        alike = psnr(shown, frames[pick])
        assert alike >= PSNR_MIN, (name, index, row, alike)
        for other in (pick - 1, pick + 1) if row % 10 == 0 else ():
            if 0 <= other < len(frames) and frames[other] is not None:
                assert alike >= psnr(shown, frames[other]) - 0.5, f"{name}: row {row} shows frame {other}, not {pick}"
        worst = min(worst, alike)
    return counts, worst


def main(root, expected):
    expected = json.load(open(expected))
    fps = expected["fps"]
    backends = []
    for backend in ["torchcodec", "pyav"]:
        try:
            dataset = LeRobotDataset("prairie/test", root=root, video_backend=backend)
            dataset[0]
        except (ImportError, RuntimeError, OSError) as error:
            if backend == "pyav":
                raise
            print(f"without {backend}: {type(error).__name__}")
            continue
        backends.append((backend, dataset))
    dataset = backends[0][1]
    assert dataset.fps == fps and dataset.num_episodes == len(expected["episodes"])
    assert dataset.num_frames == sum(episode["rows"] for episode in expected["episodes"])
    table = dataset.hf_dataset.with_format("arrow")[:]
    columns = {name: np.array(column.to_pylist()) for name, column in zip(table.column_names, table.columns)}
    types = {name: feature["dtype"] for name, feature in dataset.meta.features.items()}
    first, compared, pictures, worst = 0, 0, 0, np.inf
    totals = {}
    for index, episode in enumerate(expected["episodes"]):
        rows = episode["rows"]
        span = slice(first, first + rows)
        grid = int(episode["start_ns"]) + np.round(np.arange(rows) * 1e9 / fps).astype("i8")
        for feature in episode["features"]:
            slack = int(1e7 / fps) if feature["row_clock"] else 0
            compared += check_numbers(columns, types, episode, feature, grid, slack, span)
        if episode.get("parquet"):
            compared += check_parquet(columns, episode, span)
        for camera in episode["cameras"]:
            slack = int(1e7 / fps) if camera["row_clock"] else 0
            for backend, _ in backends[:1]:
                counts, alike = check_camera(dataset, index, camera, grid, slack, fps, backend)
            totals[camera["feature"]] = totals.get(camera["feature"], 0) + counts
            pictures += rows
            worst = min(worst, alike)
        for backend, dataset_of in backends:
            for row in (0, rows // 2, rows - 1):
                item = dataset_of[first + row]
                assert item["task"] == (episode["task"] or ""), item["task"]
                for camera in episode["cameras"]:
                    assert item[camera["feature"]].shape[0] == 3, backend
        assert np.array_equal(columns["frame_index"][span], np.arange(rows))
        assert np.allclose(columns["timestamp"][span], np.arange(rows) / fps, atol=1e-5)
        assert set(columns["episode_index"][span]) == {index}
        first += rows
    for video in expected["videos"]:
        counts = [video["exported"], video["repeated"], video["dropped"]]
        assert list(totals[video["feature"]]) == counts, (video["feature"], totals[video["feature"]], counts)
    names = ", ".join(backend for backend, _ in backends)
    print(f"{first} rows, {compared} values, {pictures} pictures by {names}: equal; encoded ones at least {worst:.1f} dB")


if __name__ == "__main__":
    main(*sys.argv[1:])
