"""Writes what the cell's sensors see as a ROS 2 MCAP recording."""

import fractions
import hashlib
import io
import pathlib

import av
import cell
import numpy as np
from mcap.writer import CompressionType, Writer
from mcap_ros2._dynamic import serialize_dynamic
from PIL import Image

START_NS = 1_772_442_000_000_000_000  # 2026-03-02 09:00:00 UTC

TIME = "MSG: builtin_interfaces/Time\nint32 sec\nuint32 nanosec\n"
DURATION = "MSG: builtin_interfaces/Duration\nint32 sec\nuint32 nanosec\n"
HEADER = "MSG: std_msgs/Header\nbuiltin_interfaces/Time stamp\nstring frame_id\n"
VECTOR3 = "MSG: geometry_msgs/Vector3\nfloat64 x\nfloat64 y\nfloat64 z\n"
QUATERNION = "MSG: geometry_msgs/Quaternion\nfloat64 x 0\nfloat64 y 0\nfloat64 z 0\nfloat64 w 1\n"
RULE = "=" * 80 + "\n"


def schema(own: str, *parts: str) -> str:
    """A ROS 2 message definition with the definitions that it uses."""
    return RULE.join([own, *parts])


SCHEMAS = {
    "sensor_msgs/msg/CompressedImage": schema(
        "std_msgs/Header header\nstring format\nuint8[] data\n", HEADER, TIME),
    "foxglove_msgs/msg/CompressedVideo": schema(
        "builtin_interfaces/Time timestamp\nstring frame_id\nuint8[] data\nstring format\n", TIME),
    "sensor_msgs/msg/JointState": schema(
        "std_msgs/Header header\nstring[] name\nfloat64[] position\nfloat64[] velocity\nfloat64[] effort\n", HEADER, TIME),
    "geometry_msgs/msg/WrenchStamped": schema(
        "std_msgs/Header header\ngeometry_msgs/Wrench wrench\n", HEADER, TIME,
        "MSG: geometry_msgs/Wrench\ngeometry_msgs/Vector3 force\ngeometry_msgs/Vector3 torque\n", VECTOR3),
    "tf2_msgs/msg/TFMessage": schema(
        "geometry_msgs/TransformStamped[] transforms\n",
        "MSG: geometry_msgs/TransformStamped\nstd_msgs/Header header\nstring child_frame_id\n"
        "geometry_msgs/Transform transform\n",
        "MSG: geometry_msgs/Transform\ngeometry_msgs/Vector3 translation\ngeometry_msgs/Quaternion rotation\n",
        HEADER, TIME, VECTOR3, QUATERNION),
    "std_msgs/msg/String": "string data\n",
    "std_msgs/msg/Float64": "float64 data\n",
    "rcl_interfaces/msg/Log": schema(
        "byte DEBUG=10\nbyte INFO=20\nbyte WARN=30\nbyte ERROR=40\nbyte FATAL=50\n"
        "builtin_interfaces/Time stamp\nuint8 level\nstring name\nstring msg\nstring file\nstring function\nuint32 line\n",
        TIME),
    "prairie_msgs/msg/TactileArray": schema(
        "std_msgs/Header header\nuint32 rows\nuint32 cols\nfloat32[] pressure_pa\n", HEADER, TIME),
    "prairie_msgs/msg/EpisodeMarker": schema(
        "builtin_interfaces/Time stamp\nstring event\nstring task\nstring outcome\nstring mode\nstring operator\n"
        "string robot\nstring station\n", TIME),
    "prairie_msgs/msg/CellStatus": schema(
        "std_msgs/Header header\nuint8 state\nfloat32 air_supply_kpa\nfloat32 cabinet_temperature_c\nuint32 attempts\n"
        "string move\n", HEADER, TIME),
}

TOPICS = {
    "/camera/front/image/compressed": "sensor_msgs/msg/CompressedImage",
    "/camera/side/video": "foxglove_msgs/msg/CompressedVideo",
    "/camera/wrist/image/compressed": "sensor_msgs/msg/CompressedImage",
    "/cell/status": "prairie_msgs/msg/CellStatus",
    "/episode/marker": "prairie_msgs/msg/EpisodeMarker",
    "/gripper/command": "std_msgs/msg/Float64",
    "/gripper/state": "sensor_msgs/msg/JointState",
    "/joint_commands": "sensor_msgs/msg/JointState",
    "/joint_states": "sensor_msgs/msg/JointState",
    "/rosout": "rcl_interfaces/msg/Log",
    "/tactile/left": "prairie_msgs/msg/TactileArray",
    "/task": "std_msgs/msg/String",
    "/tf": "tf2_msgs/msg/TFMessage",
    "/tf_static": "tf2_msgs/msg/TFMessage",
    "/wrench": "geometry_msgs/msg/WrenchStamped",
}

# What each clock shows more than the recorder's (ms), how unsteady its stamps are (ms), and how long a message takes on
# its way to the recorder (ms, plus an exponential tail).
CLOCKS = {
    "arm": (3.2, 0.01, 0.4),
    "front": (-11.6, 0.35, 6.0),
    "side": (-8.3, 0.45, 9.0),
    "wrist": (-14.1, 0.40, 7.5),
    "tactile": (5.7, 0.05, 0.8),
}
METADATA = {
    "robot": {"serial": "PRA6-0007", "type": "prairie_arm_6", "station": "sim-bench-1", "site": "simulation"},
    "software": {"hash": "sha256:" + hashlib.sha256(pathlib.Path(cell.__file__).read_bytes()).hexdigest(),
                 "release": "cell.py", "controller": "scripted minimum-jerk, 50 Hz"},
    "rights": {"owner": "Prairie contributors", "licence": "MIT OR Apache-2.0", "consent": "not-needed",
               "purpose": "any", "custody": "public"},
    "calibration": {"reference": "cell.py", "wrench_unit": "N, N m", "tactile_unit": "Pa"},
}


def quantized(values, step):
    """Rounded to what a sensor of that resolution reports."""
    return (np.round(np.asarray(values) / step) * step).tolist()


class Recorder:
    """Turns physics steps into messages, sorts them by the time at which they arrive, and writes them."""

    def __init__(self, path, work, task):
        self.path, self.cell, self.task = path, work, task
        self.rng = np.random.default_rng(20260302)
        self.messages = []  # (log time, order, topic, message)
        self.moving, self.attempts = "idle", 0
        self.next_picture = {"front": 0.004, "side": 0.011, "wrist": 0.019}
        self.period_s = {"front": 1 / 30, "side": 1 / 30, "wrist": 1 / 10}
        self.video = av.CodecContext.create("libx264", "w")
        self.video.width, self.video.height, self.video.pix_fmt = cell.WIDTH, cell.HEIGHT, "yuv420p"
        self.video.time_base, self.video.framerate = fractions.Fraction(1, 30), fractions.Fraction(30)
        self.video.gop_size, self.video.max_b_frames, self.video.thread_count = 30, 0, 1
        self.video.options = {"preset": "slow", "tune": "zerolatency", "crf": "24", "profile": "main",
                              "x264-params": "annexb=1:repeat-headers=1:scenecut=0:bframes=0:sliced-threads=0"}
        self.videos = 0
        now = self.log_ns(0, 0.1)
        self.add(now, "/tf_static", {"transforms": [
            self.transform(0, "base_link", f"camera_{name}", work.model.camera(name).pos, work.model.camera(name).quat)
            for name in ("front", "side")]})
        self.add(now + 1, "/task", {"data": task})

    # ── times ───────────────────────────────────────────────────────────────────────────────────────────────

    def true_ns(self, step):
        return START_NS + round(step * cell.STEP_S * 1e9)

    def log_ns(self, step, delay_ms):
        return self.true_ns(step) + round((delay_ms + self.rng.exponential(0.15 * delay_ms + 0.05)) * 1e6)

    def stamped(self, clock, step):
        """The header stamp and the log time of a sample."""
        offset_ms, jitter_ms, delay_ms = CLOCKS[clock]
        # A stamp never lies more than three deviations off: the clocks are disciplined.
        jitter = float(np.clip(self.rng.normal(0, jitter_ms), -3 * jitter_ms, 3 * jitter_ms))
        stamp_ns = self.true_ns(step) + round((offset_ms + jitter) * 1e6)
        stamp = {"sec": stamp_ns // 10**9, "nanosec": stamp_ns % 10**9 // 1000 * 1000}
        return stamp, self.log_ns(step, delay_ms)

    def transform(self, step, parent, child, position, quat):
        ns = self.true_ns(step)
        return {
            "header": {"stamp": {"sec": ns // 10**9, "nanosec": ns % 10**9}, "frame_id": parent},
            "child_frame_id": child,
            "transform": {
                "translation": dict(zip("xyz", quantized(position, 2**-20))),
                "rotation": dict(zip("wxyz", quantized(quat, 2**-24))),
            },
        }

    def add(self, log_ns, topic, message):
        self.messages.append((log_ns, len(self.messages), topic, message))

    def log(self, step, level, text):
        ns = self.true_ns(step)
        self.add(self.log_ns(step, 0.5), "/rosout", {
            "stamp": {"sec": ns // 10**9, "nanosec": ns % 10**9}, "level": level, "name": "cell_controller", "msg": text,
            "file": "cell.py", "function": "run", "line": 0})

    # ── what the simulation tells ───────────────────────────────────────────────────────────────────────────

    def marker(self, step, event, outcome):
        ns = self.true_ns(step)
        self.add(self.log_ns(step, 0.3), "/episode/marker", {
            "stamp": {"sec": ns // 10**9, "nanosec": ns % 10**9}, "event": event, "task": self.task, "outcome": outcome,
            "mode": "scripted", "operator": "", "robot": "PRA6-0007", "station": "sim-bench-1"})

    def start(self, step):
        self.attempts += 1
        self.marker(step, "start", "")
        self.add(self.log_ns(step, 0.2), "/task", {"data": self.task})
        self.log(step, 20, f"attempt {self.attempts} starts")

    def move(self, step, name):
        self.moving = name
        self.log(step, 20, f"move `{name}`")

    def end(self, step, success):
        self.moving = "idle"
        self.marker(step, "end", "success" if success else "failure")
        self.log(step, 20 if success else 30, f"attempt {self.attempts} ends: " + ("seated" if success else "not seated"))

    def step(self, n):
        work, rng = self.cell, self.rng
        if n % 2 == 0:
            force, torque = work.wrench()
            stamp, log_ns = self.stamped("arm", n)
            self.add(log_ns, "/wrench", {"header": {"stamp": stamp, "frame_id": "ft_sensor"}, "wrench": {
                "force": dict(zip("xyz", quantized(force + rng.normal(0, 0.03, 3), 2**-6))),
                "torque": dict(zip("xyz", quantized(torque + rng.normal(0, 0.001, 3), 2**-11)))}})
        if n % 4 == 0:
            position, velocity, effort = work.joints()
            stamp, log_ns = self.stamped("arm", n)
            self.add(log_ns, "/joint_states", {
                "header": {"stamp": stamp, "frame_id": ""}, "name": cell.ARM,
                "position": quantized(position, 2**-18), "velocity": quantized(velocity + rng.normal(0, 0.0005, 6), 2**-11),
                "effort": quantized(effort + rng.normal(0, 0.02, 6), 2**-6)})
        if n % 20 == 0:
            stamp, log_ns = self.stamped("tactile", n)
            pressure = work.tactile()
            # 100 Pa per count.
            counts = np.round((pressure + np.abs(rng.normal(0, 40, pressure.shape))) / 100) * 100
            self.add(log_ns, "/tactile/left", {
                "header": {"stamp": stamp, "frame_id": "left_pad"}, "rows": cell.TAXELS[0], "cols": cell.TAXELS[1],
                "pressure_pa": counts.ravel().tolist()})
            width, speed, force = work.gripper()
            stamp, log_ns = self.stamped("arm", n)
            self.add(log_ns, "/gripper/state", {
                "header": {"stamp": stamp, "frame_id": ""}, "name": ["gripper_width"], "position": quantized([width], 2**-16),
                "velocity": quantized([speed], 2**-12), "effort": quantized([force], 2**-6)})
        if n % cell.CONTROL_STEPS == 0:
            stamp, log_ns = self.stamped("arm", n)
            self.add(log_ns, "/joint_commands", {
                "header": {"stamp": stamp, "frame_id": ""}, "name": cell.ARM, "position": quantized(work.q_command, 2**-20),
                "velocity": [], "effort": []})
            self.add(log_ns + 20_000, "/gripper/command", {"data": quantized(2 * work.grip_m, 2**-16)})
            position, quat = work.tool_pose()
            self.add(self.log_ns(n, 0.5), "/tf", {"transforms": [self.transform(n, "base_link", "tool0", position, quat)]})
        if n % 2000 == 0:
            stamp, log_ns = self.stamped("arm", n)
            self.add(log_ns, "/cell/status", {
                "header": {"stamp": stamp, "frame_id": ""}, "state": 1 if self.moving == "idle" else 2,
                "air_supply_kpa": round(600 + float(rng.normal(0, 2)), 1),
                "cabinet_temperature_c": round(31.5 + n * cell.STEP_S * 0.01, 1), "attempts": self.attempts,
                "move": self.moving})
        for camera in ("front", "side", "wrist"):
            if n * cell.STEP_S >= self.next_picture[camera]:
                self.next_picture[camera] += self.period_s[camera]
                self.picture(n, camera)

    def picture(self, n, camera):
        pixels = self.cell.picture(camera)
        stamp, log_ns = self.stamped(camera, n)
        frame_id = f"camera_{camera}"
        if camera == "side":
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = self.videos
            self.videos += 1
            data = b"".join(bytes(packet) for packet in self.video.encode(frame))
            assert data.startswith(b"\0\0\0\1"), "zero latency: one access unit per picture"
            self.add(log_ns, "/camera/side/video", {
                "timestamp": stamp, "frame_id": frame_id, "data": data, "format": "h264"})
            return
        packed = io.BytesIO()
        if camera == "front":
            Image.fromarray(pixels).save(packed, "JPEG", quality=62, optimize=True)
        else:
            # The camera delivers six bits per channel.
            Image.fromarray(pixels & 0xFC).save(packed, "PNG", optimize=True)
        kind = "rgb8; jpeg compressed bgr8" if camera == "front" else "rgb8; png compressed rgb8"
        self.add(log_ns, f"/camera/{camera}/image/compressed", {
            "header": {"stamp": stamp, "frame_id": frame_id}, "format": kind, "data": packed.getvalue()})

    # ── writing ─────────────────────────────────────────────────────────────────────────────────────────────

    def finish(self):
        assert not self.video.encode(None), "zero latency: nothing is left in the encoder"
        with open(self.path, "wb") as file:
            writer = Writer(file, chunk_size=1 << 20, compression=CompressionType.ZSTD)
            writer.start(profile="ros2", library="prairie contact_task.py")
            schemas = {name: writer.register_schema(name, "ros2msg", text.encode()) for name, text in SCHEMAS.items()}
            channels, encoders, counts = {}, {}, {}
            for topic, name in TOPICS.items():
                latched = "1" if topic in ("/tf_static", "/task") else "2"
                channels[topic] = writer.register_channel(topic, "cdr", schemas[name], {
                    "offered_qos_profiles": f"- history: 1\n  depth: 10\n  reliability: 1\n  durability: {latched}\n"})
                encoders[topic] = serialize_dynamic(name, SCHEMAS[name])[name]
            for log_ns, _, topic, message in sorted(self.messages, key=lambda m: m[:2]):
                counts[topic] = counts.get(topic, 0) + 1
                writer.add_message(channels[topic], log_ns, bytes(encoders[topic](message)), log_ns, counts[topic])
            for name, values in METADATA.items():
                writer.add_metadata(name, values)
            writer.add_attachment(START_NS, START_NS, "contact_cell.mjcf.xml", "application/xml", cell.mjcf().encode())
            writer.finish()
        for topic in sorted(counts):
            print(f"  {topic}: {counts[topic]}")
