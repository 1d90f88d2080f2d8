"""Writes what the cell's sensors see as a LeRobot v2.1 folder."""

import fractions
import json

import av
import cell
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

FPS = 30
CHUNK = "chunk-000"
NAMES = cell.ARM + ["gripper_width"]
# One camera in the codec that LeRobot itself uses, the other in the one that most cameras use.
CAMERAS = {
    "front": ("libsvtav1", "av1", {"crf": "34", "preset": "6", "svtav1-params": "lp=1"}),
    "wrist": ("libx264", "h264", {"crf": "24", "preset": "slow", "profile": "main", "x264-params": "scenecut=0"}),
}


class Recorder:
    """One row per thirtieth of a second, between the start and the end of an attempt."""

    def __init__(self, path, work, task):
        self.path, self.cell, self.task = path, work, task
        self.episodes, self.index = [], 0
        self.first = None
        for folder in ("meta", f"data/{CHUNK}"):
            (path / folder).mkdir(parents=True, exist_ok=True)

    def move(self, _step, _name):
        pass

    def start(self, step):
        self.first, self.rows = step, []
        self.pixel_sums = {camera: [] for camera in CAMERAS}
        self.files = {}
        for camera, (encoder, _, options) in CAMERAS.items():
            path = self.path / "videos" / CHUNK / f"observation.images.{camera}" / f"episode_{len(self.episodes):06d}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            container = av.open(str(path), "w")
            stream = container.add_stream(encoder, rate=FPS, options=options)
            stream.width, stream.height, stream.pix_fmt = cell.WIDTH, cell.HEIGHT, "yuv420p"
            stream.codec_context.gop_size = 30 if camera == "wrist" else 2
            stream.codec_context.time_base = fractions.Fraction(1, FPS)
            stream.codec_context.thread_count = 1
            self.files[camera] = (container, stream)

    def step(self, n):
        if self.first is None or (n - self.first) * cell.STEP_S < len(self.rows) / FPS:
            return
        work = self.cell
        state = np.append(work.joints()[0], work.gripper()[0])
        action = np.append(work.q_command, 2 * work.grip_m)
        self.rows.append((state.astype(np.float32), action.astype(np.float32)))
        for camera, (container, stream) in self.files.items():
            pixels = work.picture(camera)
            self.pixel_sums[camera].append(pixels)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = len(self.rows) - 1
            container.mux(stream.encode(frame))

    def end(self, _step, success):
        for container, stream in self.files.values():
            container.mux(stream.encode(None))
            container.close()
        count, number = len(self.rows), len(self.episodes)
        columns = {
            "observation.state": np.stack([row[0] for row in self.rows]),
            "action": np.stack([row[1] for row in self.rows]),
            "timestamp": (np.arange(count) / FPS).astype(np.float32),
            "frame_index": np.arange(count),
            "episode_index": np.full(count, number),
            "index": self.index + np.arange(count),
            "task_index": np.zeros(count, dtype=np.int64),
            "next.done": np.arange(count) == count - 1,
            "next.success": (np.arange(count) == count - 1) & success,
        }
        floats = lambda name: pa.FixedSizeListArray.from_arrays(pa.array(columns[name].ravel()), 7)
        table = pa.table({name: floats(name) if values.ndim == 2 else pa.array(values) for name, values in columns.items()})
        pq.write_table(table, self.path / "data" / CHUNK / f"episode_{number:06d}.parquet", compression="snappy")
        stats = {name: self.statistics(values) for name, values in columns.items()}
        for camera, pictures in self.pixel_sums.items():
            stats[f"observation.images.{camera}"] = self.picture_statistics(np.stack(pictures[::10]))
        self.episodes.append((count, stats))
        self.index += count
        self.first = None

    @staticmethod
    def statistics(values):
        values = np.asarray(values, dtype=np.float64).reshape(len(values), -1)
        pick = lambda numbers: [round(float(x), 9) for x in numbers]
        return {"min": pick(values.min(0)), "max": pick(values.max(0)), "mean": pick(values.mean(0)),
                "std": pick(values.std(0)), "count": [len(values)]}

    @staticmethod
    def picture_statistics(pictures):
        values = pictures.astype(np.float64) / 255
        pick = lambda numbers: [[[round(float(x), 9)]] for x in numbers]
        axes = (0, 1, 2)
        return {"min": pick(values.min(axes)), "max": pick(values.max(axes)), "mean": pick(values.mean(axes)),
                "std": pick(values.std(axes)), "count": [len(pictures)]}

    def finish(self):
        vector = {"dtype": "float32", "shape": [7], "names": NAMES}
        scalar = lambda dtype: {"dtype": dtype, "shape": [1], "names": None}
        features = {"observation.state": vector, "action": vector}
        for camera, (_, codec, _) in CAMERAS.items():
            features[f"observation.images.{camera}"] = {
                "dtype": "video", "shape": [cell.HEIGHT, cell.WIDTH, 3], "names": ["height", "width", "channels"],
                "info": {"video.fps": float(FPS), "video.height": cell.HEIGHT, "video.width": cell.WIDTH,
                         "video.channels": 3, "video.codec": codec, "video.pix_fmt": "yuv420p",
                         "video.is_depth_map": False, "has_audio": False}}
        features |= {
            "timestamp": scalar("float32"), "frame_index": scalar("int64"), "episode_index": scalar("int64"),
            "index": scalar("int64"), "task_index": scalar("int64"), "next.done": scalar("bool"),
            "next.success": scalar("bool")}
        info = {
            "codebase_version": "v2.1", "robot_type": "prairie_arm_6", "total_episodes": len(self.episodes),
            "total_frames": self.index, "total_tasks": 1, "total_videos": len(self.episodes) * len(CAMERAS),
            "total_chunks": 1, "chunks_size": 1000, "fps": FPS, "splits": {"train": f"0:{len(self.episodes)}"},
            "data_path": "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet",
            "video_path": "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4",
            "features": features}
        meta = self.path / "meta"
        (meta / "info.json").write_text(json.dumps(info, indent=4) + "\n")
        lines = lambda rows: "".join(json.dumps(row) + "\n" for row in rows)
        (meta / "tasks.jsonl").write_text(lines([{"task_index": 0, "task": self.task}]))
        (meta / "episodes.jsonl").write_text(lines(
            {"episode_index": at, "tasks": [self.task], "length": count} for at, (count, _) in enumerate(self.episodes)))
        (meta / "episodes_stats.jsonl").write_text(lines(
            {"episode_index": at, "stats": stats} for at, (_, stats) in enumerate(self.episodes)))
