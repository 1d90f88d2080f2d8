"""Opens a dataset with LeRobot's own reader and compares every value, and pictures, with what was written.

Usage: check.py DATASET EXPECTED.json
"""

import json
import sys

import av
import numpy as np
from lerobot.datasets.lerobot_dataset import LeRobotDataset


def pictures(path, wanted):
    with av.open(path) as container:
        for at, frame in enumerate(container.decode(video=0)):
            if at in wanted:
                yield at, frame.to_ndarray(format="rgb24")


def arrow_columns(dataset):
    table = dataset.hf_dataset.with_format("arrow")[:]
    return table.column_names, table.columns


def main(root, expected):
    expected = json.load(open(expected))
    camera = expected["camera"]
    backends = []
    for backend in ["pyav", "torchcodec"]:
        try:
            dataset = LeRobotDataset("prairie/test", root=root, video_backend=backend)
            dataset[0]
        except (ImportError, RuntimeError, OSError) as error:
            if backend == "pyav":
                raise
            print(f"skipped: {backend}: {type(error).__name__}")
            continue
        backends.append((backend, dataset))
    dataset = backends[0][1]
    assert dataset.fps == expected["fps"], dataset.fps
    assert dataset.num_episodes == len(expected["episodes"]), dataset.num_episodes
    assert camera in dataset.meta.stats and dataset.meta.stats[camera]["mean"].shape == (3, 1, 1)
    # As Arrow has them: the numpy format would make 32-bit floats of 64-bit ones.
    columns = {name: np.array(column.to_pylist()) for name, column in zip(*arrow_columns(dataset))}
    first = 0
    compared = 0
    for index, episode in enumerate(expected["episodes"]):
        rows = episode["rows"]
        span = slice(first, first + rows)
        for name, values in episode["values"].items():
            got = columns[name][span].astype("f8").reshape(rows, -1)
            want = np.asarray(values).reshape(rows, -1)
            assert got.shape == want.shape, (name, got.shape, want.shape)
            assert np.array_equal(got, want), name
            stats = dataset.meta.stats[name]
            assert np.all(stats["min"] <= stats["max"]), name
            compared += got.size
        assert np.array_equal(columns["frame_index"][span], np.arange(rows))
        assert np.array_equal(columns["index"][span], np.arange(first, first + rows))
        assert np.allclose(columns["timestamp"][span], np.arange(rows) / expected["fps"], atol=1e-5)
        assert list(columns["note"][span]) == [f"row {row}" for row in range(rows)]
        wanted = {0, 1, 2, rows // 2, rows - 2, rows - 1}
        for at, want in pictures(episode["video"], wanted):
            for backend, dataset in backends:
                item = dataset[first + at]
                assert item["task"] == episode["task"], item["task"]
                got = (item[camera].numpy() * 255).round().astype("u1").transpose(1, 2, 0)
                worst = np.abs(got.astype("i2") - want.astype("i2")).mean()
                assert worst < 2.0, f"{backend}: episode {index}, frame {at} differs by {worst}"
        first += rows
    names = ", ".join(backend for backend, _ in backends)
    print(f"{first} rows, {compared} values, pictures by {names}: equal")


main(*sys.argv[1:])
