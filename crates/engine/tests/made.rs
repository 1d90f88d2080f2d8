//! Recordings made to order, for what few cameras and robots do: odd sizes, pictures that cannot be decoded, rare types.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests make and read files of their own")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use prairie_engine::{Config, DatasetRecipe, Engine, ExportOptions, InspectOptions, Proof, Quiet};
use prairie_formats::encoding::{CdrWriter, ros2_types};
use prairie_formats::mcap::{ChannelId, McapWriter, WriterOptions};
use serde_json::Value;
use tempfile::TempDir;

const START_NS: i64 = 1_700_000_000_000_000_000;
const CAMERA: &str = "/camera/front";

/// A recording of four seconds under construction.
struct Made {
    writer: McapWriter<Vec<u8>>,
    messages: Vec<(i64, ChannelId, Vec<u8>)>,
}

impl Made {
    /// With an arm that moves all the time.
    fn new() -> Self {
        let options = WriterOptions { profile: "ros2".to_owned(), ..WriterOptions::default() };
        let mut made = Self { writer: McapWriter::new(Vec::new(), options).unwrap(), messages: Vec::new() };
        let joints = made.channel("/joint_states", "sensor_msgs/msg/JointState");
        for at in 0..400 {
            let t_ns = START_NS + at * 10_000_000;
            let q = 0.5 * (at as f64 / 50.0).sin();
            let mut message = CdrWriter::new();
            assert!(message.header(t_ns, ""));
            message.strings(&["shoulder", "elbow"]);
            message.f64s(&[q, 0.5 * q]);
            message.f64s(&[]);
            message.f64s(&[]);
            made.messages.push((t_ns, joints, message.finish()));
        }
        made
    }

    fn channel(&mut self, topic: &str, schema: &str) -> ChannelId {
        self.channel_of(topic, schema, ros2_types::definition(schema).unwrap().as_bytes())
    }

    fn channel_of(&mut self, topic: &str, schema: &str, text: &[u8]) -> ChannelId {
        let schema = self.writer.add_schema(schema, "ros2msg", text).unwrap();
        self.writer.add_channel(Some(schema), topic, "cdr", BTreeMap::new()).unwrap()
    }

    /// Pictures at 30 Hz; `pixels` gives those of each, and `None` makes one that cannot be decoded.
    fn camera(mut self, encoding: &str, size: (u32, u32), pixels: impl Fn(usize) -> Option<Vec<u8>>) -> Self {
        let id = self.channel(CAMERA, "sensor_msgs/msg/Image");
        for at in 0..120 {
            let t_ns = START_NS + at as i64 * 1_000_000_000 / 30;
            let pixels = pixels(at);
            let mut message = CdrWriter::new();
            assert!(message.header(t_ns, "camera"));
            message.u32(size.1);
            message.u32(size.0);
            message.string(encoding);
            message.u8(0);
            message.u32(pixels.as_ref().map_or(0, |pixels| pixels.len() as u32 / size.1));
            message.byte_sequence(&pixels.unwrap_or_else(|| vec![1, 2, 3]));
            self.messages.push((t_ns, id, message.finish()));
        }
        self
    }

    fn write(mut self, path: &Path) {
        self.messages.sort_by_key(|(t_ns, id, _)| (*t_ns, id.number()));
        for (at, (t_ns, id, message)) in self.messages.iter().enumerate() {
            self.writer.write(*id, at as u32, *t_ns as u64, *t_ns as u64, message).unwrap();
        }
        fs::write(path, self.writer.finish().unwrap()).unwrap();
    }

    /// Takes it into a store.
    fn ingest(self, dir: &TempDir) -> Engine {
        let path = dir.path().join("made.mcap");
        self.write(&path);
        let engine = Engine::create(&Config::at(dir.path().join("store"))).unwrap();
        ingest(&engine, path);
        engine
    }
}

fn ingest(engine: &Engine, path: PathBuf) {
    let inspect = InspectOptions::new(None, None, BTreeMap::new(), true).unwrap();
    let report = engine.ingest(&[path], &inspect, &Quiet).unwrap();
    assert_eq!(report.recordings.len(), 1);
    assert_eq!(report.recordings[0].error, None);
    assert_eq!(report.recordings[0].episodes.len(), 1);
}

fn export(engine: &Engine, out: &Path, tolerance_s: Option<f64>) -> Result<Proof, String> {
    engine.create_dataset("all", &DatasetRecipe::new("true")).unwrap();
    let options = ExportOptions { target: "lerobot-v3".to_owned(), tolerance_s, ..ExportOptions::default() };
    engine.export("all", out, &options, &Quiet).map_err(|error| error.to_string())
}

fn rows(engine: &Engine, sql: &str) -> Vec<BTreeMap<String, Value>> {
    let mut text = Vec::new();
    engine.query(sql, None).unwrap().write_json(&mut text).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn files(dir: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|own| own == extension) {
            found.push(path);
        }
    }
    found
}

/// Waves that move, in grey.
fn waves((width, height): (u32, u32), at: usize) -> Vec<u8> {
    let level = |x: u32, y: u32| (128.0 + 90.0 * (0.1 * f64::from(x + y) + 0.3 * at as f64).sin()) as u8;
    (0..height).flat_map(|y| (0..width).map(move |x| level(x, y))).collect()
}

#[test]
fn a_camera_of_odd_size_is_padded_and_the_proof_says_so() {
    let dir = TempDir::new().unwrap();
    let size = (321, 241);
    let engine = Made::new().camera("mono8", size, |at| Some(waves(size, at))).ingest(&dir);
    let out = dir.path().join("out");
    let proof = export(&engine, &out, None).unwrap();
    let [video] = &proof.videos[..] else { panic!("{:?}", proof.videos) };
    assert_eq!((video.padding, video.how.as_str()), (Some([1, 1]), "encoded"), "{video:?}");
    assert!(video.likeness.is_some_and(|likeness| likeness.ssim_min > 0.9), "{video:?}");
    let info: Value = serde_json::from_slice(&fs::read(out.join("meta/info.json")).unwrap()).unwrap();
    let feature = &info["features"][&video.feature];
    assert_eq!(feature["shape"], serde_json::json!([242, 322, 3]), "{feature}");
    // What the track of the file declares: width and height are 24 bytes after the name of the sample entry.
    let [mp4] = &files(&out, "mp4")[..] else { panic!("one camera, one file") };
    let bytes = fs::read(mp4).unwrap();
    let entry = bytes.windows(4).position(|window| window == b"avc1").unwrap() + 4;
    let entry = bytes[entry..].windows(4).position(|window| window == b"avc1").map_or(entry, |next| entry + next + 4);
    let number = |at: usize| u16::from_be_bytes([bytes[entry + at], bytes[entry + at + 1]]);
    assert_eq!((number(24), number(26)), (322, 242));
    // And what comes out of the decoder when somebody reads it back.
    let back = Engine::create(&Config::at(dir.path().join("back"))).unwrap();
    ingest(&back, out);
    let sizes = rows(&back, "SELECT width, height, samples FROM streams WHERE kind = 'image'");
    assert_eq!(
        serde_json::to_value(&sizes).unwrap(),
        serde_json::json!([{"width": 322, "height": 242, "samples": 120}])
    );
    let wrong = rows(&back, "SELECT code, message FROM findings WHERE code LIKE 'VID%' AND severity = 'error'");
    assert_eq!(wrong, []);
}

#[test]
fn a_picture_that_cannot_be_decoded_is_replaced_by_the_one_before_it() {
    let size = (48, 32);
    let broken = |which: &'static [usize]| {
        let dir = TempDir::new().unwrap();
        let pictures = move |at: usize| (!which.contains(&at)).then(|| waves(size, at));
        let engine = Made::new().camera("mono8", size, pictures).ingest(&dir);
        (engine, dir)
    };
    let (engine, dir) = broken(&[50, 51, 119]);
    let proof = export(&engine, &dir.path().join("out"), None).unwrap();
    assert_eq!((proof.episodes.len(), &proof.left_out[..]), (1, &[][..]));
    let video = &proof.videos[0];
    assert_eq!((video.source_frames, video.undecodable), (120, proof.rows - (video.exported + video.repeated)));
    assert_eq!(video.source_frames, video.exported + video.repeated + video.dropped, "{video:?}");
    assert!((2..=3).contains(&video.undecodable) && video.dropped >= video.undecodable, "{video:?}");
    assert!((2.0..3.0).contains(&(video.largest_shift_s * 30.0)), "two periods: {video:?}");

    let refused = export(&engine, &dir.path().join("none"), Some(0.04));
    assert!(
        refused.is_err_and(|error| error.contains("frame 51 of `/camera/front` cannot be decoded, and no picture"))
    );
    let (engine, dir) = broken(&[0, 1, 2, 3]);
    let refused = export(&engine, &dir.path().join("none"), None);
    assert!(refused.is_err_and(|error| error.contains("frame 0 of `/camera/front` cannot be decoded")));
}

#[test]
fn depth_in_metres_is_decoded_and_left_out_of_lerobot_like_depth_in_millimetres() {
    for (encoding, codec) in [("32FC1", "float32"), ("16UC1", "mono16")] {
        let dir = TempDir::new().unwrap();
        let metres = |at: usize, x: usize| if x == 0 { f32::NAN } else { 1.0 + x as f32 / 48.0 + at as f32 / 100.0 };
        let pixels = move |at: usize| {
            let row = (0..48).map(|x| metres(at, x));
            let row: Vec<u8> = match codec {
                "float32" => row.flat_map(f32::to_le_bytes).collect(),
                _ => row.flat_map(|metres| ((metres * 1000.0) as u16).to_le_bytes()).collect(),
            };
            Some(row.repeat(32))
        };
        let engine = Made::new().camera(encoding, (48, 32), pixels).ingest(&dir);
        let stream = rows(&engine, "SELECT kind, codec, samples FROM streams WHERE stream = '/camera/front'");
        let expected = serde_json::json!([{"kind": "depth", "codec": codec, "samples": 120}]);
        assert_eq!(serde_json::to_value(&stream).unwrap(), expected);
        let findings = rows(&engine, "SELECT code, message FROM findings WHERE stream = '/camera/front'");
        assert_eq!(findings, [], "{encoding}");
        let proof = export(&engine, &dir.path().join("out"), None).unwrap();
        assert_eq!(proof.videos.len(), 0);
        assert!(proof.left_out[0].starts_with("stream `/camera/front`: "), "{:?}", proof.left_out);
    }
}

#[test]
fn arrays_of_bytes_are_vectors_and_their_layout_is_no_stream() {
    let line = "=".repeat(80);
    let layout = format!(
        "{line}\nMSG: std_msgs/MultiArrayLayout\nMultiArrayDimension[] dim\nuint32 data_offset\n\
         {line}\nMSG: std_msgs/MultiArrayDimension\nstring label\nuint32 size\nuint32 stride\n"
    );
    let dir = TempDir::new().unwrap();
    let mut made = Made::new();
    for (name, item) in [("Byte", "byte"), ("Int8", "int8"), ("UInt8", "uint8")] {
        let text = format!("std_msgs/MultiArrayLayout layout\n{item}[] data\n{layout}");
        let schema = format!("std_msgs/msg/{name}MultiArray");
        let id = made.channel_of(&format!("/{name}"), &schema, text.as_bytes());
        for at in 0..100 {
            let mut message = CdrWriter::new();
            message.u32(2);
            for (label, size) in [("rows", 2), ("columns", 3)] {
                message.string(label);
                message.u32(size);
                message.u32(1);
            }
            message.u32(0);
            message.byte_sequence(&[1, 2, 3, 4, 5, 250 + at as u8 % 4]);
            made.messages.push((START_NS + at * 40_000_000, id, message.finish()));
        }
    }
    let engine = made.ingest(&dir);
    let streams =
        rows(&engine, "SELECT stream, kind, shape FROM streams WHERE stream <> '/joint_states' ORDER BY stream");
    let expected: Vec<_> = ["/Byte", "/Int8", "/UInt8"]
        .map(|name| serde_json::json!({"stream": name, "kind": "vector", "shape": [2, 3]}))
        .to_vec();
    assert_eq!(serde_json::to_value(&streams).unwrap(), serde_json::json!(expected));
    let last = |name: &str| {
        rows(&engine, &format!("SELECT value FROM vector WHERE stream = '{name}' ORDER BY t_ns"))[0]["value"][5].clone()
    };
    assert_eq!((last("/Int8"), last("/UInt8")), (serde_json::json!(-6.0), serde_json::json!(250.0)));
}
