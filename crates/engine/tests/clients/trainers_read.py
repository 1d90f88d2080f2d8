"""Opens an export with the reader of a trainer and compares every number, and every picture, with the source.

Usage: trainers_read.py robomimic FILE.hdf5 EXPECTED.json      with h5py
       trainers_read.py rlds FOLDER EXPECTED.json              with TensorFlow Datasets

EXPECTED.json holds, per episode, the samples that Prairie stored of each part of each feature, and of each camera the times of its
frames, their bytes, and the SHA-256 of their pixels. What a row must hold is worked out here: the last sample that is not later
than the row, and pictures in their order, none later than its row.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np


def latest(times, rows, slack):
    """The last sample that is not later than each row."""
    found = np.searchsorted(times, rows + slack, side="right") - 1
    assert found.min() >= 0, "a row before the first sample"
    return found


def expected_rows(feature, rows, fps):
    slack = 1e7 / fps if feature["row_clock"] else 0
    parts = []
    for part in feature["parts"]:
        times = np.array([int(t) for t in part["t_ns"]])
        values = np.array([[np.nan if v is None else float(v) for v in row] for row in part["values"]])
        parts.append(values[latest(times, rows, int(slack))])
    return np.concatenate(parts, axis=1)


def check_numbers(name, found, wanted):
    found = np.asarray(found, dtype="f8").reshape(len(wanted), -1)
    assert found.shape == wanted.shape, (name, found.shape, wanted.shape)
    np.testing.assert_array_equal(found, wanted.astype("f4").astype("f8"), err_msg=name)


def check_pictures(name, camera, found, rows, shift):
    """Every row shows a frame of the source: in order, none from its future, none too old. How many frames are shown."""
    times = [int(t) for t in camera["t_ns"]]
    at, shown = 0, set()
    for row, hashes in zip(rows, found):
        fits = lambda i: camera[hashes[0]][i] == hashes[1] and 0 <= row - times[i] + camera["slack"] <= shift
        at = next((i for i in range(at, len(times)) if fits(i)), None)
        assert at is not None, f"{name} at {row}: no frame of the source looks like it"
        shown.add(at)
    return shown


def key(feature, camera):
    """Where a feature goes: whether it is observed, and its name."""
    for prefix, name in (("observation.images.", camera), ("observation.", str)):
        if feature.startswith(prefix):
            return True, name(feature.removeprefix(prefix)).replace(".", "_")
    return False, feature.replace(".", "_")


def check_episodes(expected, episodes, camera, roles):
    """Compares episodes, given as functions from a key to all rows of it, and to the hashes of its pictures."""
    fps, shifts = expected["fps"], {video["feature"]: video for video in expected["videos"]}
    shown = {feature: 0 for feature in shifts}
    values = 0
    for wanted, (numbers, pictures) in zip(expected["episodes"], episodes, strict=True):
        rows = int(wanted["start_ns"]) + np.round(np.arange(wanted["rows"]) * 1e9 / fps).astype("i8")
        np.testing.assert_array_equal(numbers(False, roles["times"]), rows)
        for feature in wanted["features"]:
            observed, name = key(feature["name"], camera)
            name = roles.get(feature["name"], name)
            there = expected_rows(feature, rows, fps)
            check_numbers(name, numbers(observed, name), there)
            values += there.size
        for one in wanted["cameras"]:
            _, name = key(one["feature"], camera)
            shift = shifts[one["feature"]]["largest_shift_s"] * 1e9 + 1
            one["slack"] = int(1e7 / fps) if one["row_clock"] else 0
            shown[one["feature"]] += len(check_pictures(name, one, pictures(name), rows, shift + one["slack"]))
    for feature, video in shifts.items():
        # Frames that look alike may be taken for each other: no more than were counted.
        assert shown[feature] <= video["exported"] + video["repeated"], (feature, shown, video)
        assert shown[feature] >= 0.9 * (video["exported"] + video["repeated"]), (feature, shown, video)
    return values, sum(shown.values())


def digest(pixels):
    return "decoded", hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()


def robomimic(path, expected):
    import h5py

    file = h5py.File(path, "r")
    assert json.loads(file["data"].attrs["env_args"])["env_kwargs"]["control_freq"] == expected["fps"]
    demos = [file[f"data/demo_{index}"] for index in range(len(expected["episodes"]))]
    assert sorted(file["data"]) == sorted(demo.name.split("/")[-1] for demo in demos)
    listed = [name.decode() for mask in file["mask"].values() for name in mask[:]]
    assert sorted(listed) == sorted(file["data"])
    assert file["data"].attrs["total"] == sum(demo.attrs["num_samples"] for demo in demos)

    def episode(demo, wanted):
        assert demo.attrs["num_samples"] == wanted["rows"] == len(demo["rewards"]) == len(demo["dones"])
        assert demo.attrs["episode_id"] == wanted["id"] and demo.attrs.get("task") == wanted["task"]
        numbers = lambda observed, name: demo["obs/" + name if observed else name][()]
        pictures = lambda name: (digest(picture) for picture in demo["obs/" + name])
        return numbers, pictures

    roles = {"times": "timestamps", "action": "actions", "next.reward": "rewards", "next.done": "dones"}
    episodes = [episode(demo, wanted) for demo, wanted in zip(demos, expected["episodes"], strict=True)]
    camera = lambda name: name if "image" in name or "rgb" in name else name + "_image"
    return check_episodes(expected, episodes, camera, roles)


def rlds(folder, expected):
    import os

    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    import tensorflow as tf
    import tensorflow_datasets as tfds

    builder = tfds.builder_from_directory(str(folder))
    found = {}
    for split, info in builder.info.splits.items():
        data = builder.as_dataset(split=split, shuffle_files=False)
        raw = iter(tf.data.TFRecordDataset([str(path) for path in info.filepaths]))
        count = 0
        for episode in data:
            record = tf.train.Example.FromString(next(raw).numpy()).features.feature
            steps = list(episode["steps"].as_numpy_iterator())
            name = episode["episode_metadata"]["episode_id"].numpy().decode()
            found[name] = (steps, record)
            count += 1
        assert count == info.num_examples and next(raw, None) is None
    assert len(found) == len(expected["episodes"])

    def episode(wanted):
        steps, record = found[wanted["id"]]
        assert len(steps) == wanted["rows"]
        marks = np.array([[step["is_first"], step["is_last"]] for step in steps])
        assert marks[0, 0] and marks[-1, 1] and marks.sum() == 2
        assert {step["language_instruction"].decode() for step in steps} == {wanted["task"] or ""}

        def numbers(observed, name):
            return np.array([(step["observation"] if observed else step)[name] for step in steps])

        def pictures(name):
            coded = record["steps/observation/" + name].bytes_list.value
            for step, data in zip(steps, coded, strict=True):
                pixels = step["observation"][name]
                assert pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3
                if data.startswith(b"\x89PNG"):
                    yield digest(pixels)
                else:
                    yield "coded", hashlib.sha256(data).hexdigest()

        return numbers, pictures

    roles = {"times": "timestamp_ns", "next.reward": "reward", "next.done": "done"}
    camera = lambda name: name if "image" in name or "rgb" in name else "image_" + name
    return check_episodes(expected, [episode(wanted) for wanted in expected["episodes"]], camera, roles)


if __name__ == "__main__":
    form, path, expected = sys.argv[1], Path(sys.argv[2]), json.loads(Path(sys.argv[3]).read_text())
    values, pictures = {"robomimic": robomimic, "rlds": rlds}[form](path, expected)
    print(f"{form}: {len(expected['episodes'])} episodes, {values} numbers and {pictures} pictures are those of the source")
