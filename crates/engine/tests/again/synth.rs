//! Recordings made to order: an arm of two joints, and cameras that see it move.

use std::collections::BTreeMap;
use std::path::Path;

use prairie_formats::encoding::{CdrWriter, ros2_types};
use prairie_formats::mcap::{ChannelId, McapWriter, WriterOptions};
use prairie_model::Compression;

const START_NS: i64 = 1_700_000_000_000_000_000;
const JOINTS_HZ: f64 = 100.0;
const CAMERA_HZ: f64 = 30.0;
const WIDTH: u32 = 48;
const HEIGHT: u32 = 32;

/// One camera.
#[derive(Clone)]
pub(crate) struct Camera {
    pub(crate) topic: &'static str,
    /// Seconds by which its stamps are late.
    pub(crate) late_s: f64,
    /// When it dies.
    pub(crate) dies_s: f64,
}

/// One recording.
#[derive(Clone)]
pub(crate) struct Take {
    pub(crate) seconds: f64,
    /// The arm moves between these two times.
    pub(crate) moves_s: (f64, f64),
    pub(crate) cameras: Vec<Camera>,
    pub(crate) chunk_bytes: Option<usize>,
    pub(crate) compression: Compression,
    /// Chooses the movement.
    pub(crate) seed: u32,
    /// Adds a little to this sample of the first joint.
    pub(crate) flip: Option<usize>,
}

impl Default for Take {
    fn default() -> Self {
        Self {
            seconds: 8.0,
            moves_s: (0.0, 8.0),
            cameras: Vec::new(),
            chunk_bytes: Some(1 << 18),
            compression: Compression::Zstd,
            seed: 0,
            flip: None,
        }
    }
}

impl Take {
    /// Where the first joint is. It rests before and after the movement.
    fn position(&self, t_s: f64) -> f64 {
        let t = t_s.clamp(self.moves_s.0, self.moves_s.1) - self.moves_s.0;
        let k = 1.0 + f64::from(self.seed) * 0.37;
        0.5 * (1.3 * k * t).sin() + 0.25 * (5.3 * t + k).sin() + 0.1 * (0.7 * k * t * t / 4.0).sin()
    }

    /// Writes it.
    pub(crate) fn write(&self, path: &Path) {
        let mut writer = self.writer();
        let channels = self.channels(&mut writer);
        finish(writer, self.messages(&channels, 0.0), path);
    }

    /// Writes several takes into one recording, one after the other, each between its markers. The first tells the cameras and
    /// the chunks.
    pub(crate) fn write_all(takes: &[Self], path: &Path) {
        let mut writer = takes[0].writer();
        let channels = takes[0].channels(&mut writer);
        let time = format!("{}\nMSG: builtin_interfaces/Time\nint32 sec\nuint32 nanosec\n", "=".repeat(80));
        let fields = ["event", "task", "outcome", "mode", "operator", "robot", "station"];
        let fields: String = fields.iter().map(|field| format!("string {field}\n")).collect();
        let text = format!("builtin_interfaces/Time stamp\n{fields}{time}");
        let schema = writer.add_schema("prairie_msgs/msg/EpisodeMarker", "ros2msg", text.as_bytes()).unwrap();
        let marks = writer.add_channel(Some(schema), "/marks", "cdr", BTreeMap::new()).unwrap();
        let mut messages = Vec::new();
        let mut after_s = 0.0;
        for take in takes {
            for (event, t_s) in [("start", after_s - 0.001), ("end", after_s + take.seconds)] {
                let t_ns = START_NS + (t_s * 1e9) as i64;
                let mut message = CdrWriter::new();
                message.time((t_ns / 1_000_000_000) as i32, (t_ns % 1_000_000_000) as u32);
                message.string(event);
                (0..6).for_each(|_| message.string(""));
                messages.push((t_ns, marks, message.finish()));
            }
            messages.extend(take.messages(&channels, after_s));
            after_s += take.seconds + 1.0;
        }
        finish(writer, messages, path);
    }

    fn writer(&self) -> McapWriter<Vec<u8>> {
        let options = WriterOptions {
            profile: "ros2".to_owned(),
            chunk_bytes: self.chunk_bytes,
            compression: self.compression,
            ..WriterOptions::default()
        };
        McapWriter::new(Vec::new(), options).unwrap()
    }

    /// The channel of the joints, then those of the cameras.
    fn channels(&self, writer: &mut McapWriter<Vec<u8>>) -> Vec<ChannelId> {
        let mut channel = |topic: &str, schema: &str| -> ChannelId {
            let text = ros2_types::definition(schema).unwrap();
            let schema = writer.add_schema(schema, "ros2msg", text.as_bytes()).unwrap();
            writer.add_channel(Some(schema), topic, "cdr", BTreeMap::new()).unwrap()
        };
        let joints = channel("/joint_states", "sensor_msgs/msg/JointState");
        let cameras = self.cameras.iter().map(|camera| channel(camera.topic, "sensor_msgs/msg/Image"));
        std::iter::once(joints).chain(cameras).collect()
    }

    fn messages(&self, channels: &[ChannelId], after_s: f64) -> Vec<(i64, ChannelId, Vec<u8>)> {
        let mut messages: Vec<(i64, ChannelId, Vec<u8>)> = Vec::new();
        let time = |t_s: f64| START_NS + ((after_s + t_s) * 1e9).round() as i64;
        for at in 0..(self.seconds * JOINTS_HZ) as usize {
            let t_s = at as f64 / JOINTS_HZ;
            let flipped = if self.flip == Some(at) { 1e-9 } else { 0.0 };
            let q = self.position(t_s);
            let mut message = CdrWriter::new();
            let t_ns = time(t_s);
            assert!(message.header(t_ns, ""));
            message.strings(&["shoulder", "elbow"]);
            message.f64s(&[q + flipped, 0.5 * q + 0.1]);
            message.f64s(&[]);
            message.f64s(&[]);
            messages.push((t_ns, channels[0], message.finish()));
        }
        for (camera, id) in self.cameras.iter().zip(&channels[1..]) {
            for at in 0..(self.seconds.min(camera.dies_s) * CAMERA_HZ) as usize {
                let t_s = at as f64 / CAMERA_HZ;
                let t_ns = time(t_s);
                messages.push((t_ns, *id, self.picture(t_ns, self.position(t_s - camera.late_s))));
            }
        }
        messages
    }

    /// Stripes that move with the joint.
    fn picture(&self, t_ns: i64, q: f64) -> Vec<u8> {
        let level = |x: u32, y: u32| (128.0 + 90.0 * (0.4 * f64::from(x) + 0.2 * f64::from(y) + 6.0 * q).sin()) as u8;
        let pixels: Vec<u8> = (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| level(x, y))).collect();
        let mut message = CdrWriter::new();
        assert!(message.header(t_ns, "camera"));
        message.u32(HEIGHT);
        message.u32(WIDTH);
        message.string("mono8");
        message.u8(0);
        message.u32(WIDTH);
        message.byte_sequence(&pixels);
        message.finish()
    }
}

fn finish(mut writer: McapWriter<Vec<u8>>, mut messages: Vec<(i64, ChannelId, Vec<u8>)>, path: &Path) {
    messages.sort_by_key(|(t_ns, id, _)| (*t_ns, id.number()));
    for (at, (t_ns, id, message)) in messages.iter().enumerate() {
        writer.write(*id, at as u32, *t_ns as u64, *t_ns as u64, message).unwrap();
    }
    std::fs::write(path, writer.finish().unwrap()).unwrap();
}

/// A camera that works.
pub(crate) fn camera(topic: &'static str) -> Camera {
    Camera { topic, late_s: 0.0, dies_s: f64::INFINITY }
}
