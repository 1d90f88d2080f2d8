//! Recordings made to order, for what few cameras and robots do: odd sizes, pictures that cannot be decoded, rare types.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests make and read files of their own")]

#[path = "made/trainers.rs"]
mod trainers;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use prairie_engine::{Align, Config, DatasetRecipe, Engine, ExportOptions, InspectOptions, Proof, Quiet};
use prairie_formats::BlobReader;
use prairie_formats::encoding::{CdrWriter, ros2_types};
use prairie_formats::mcap::{ChannelId, McapWriter, WriterOptions};
use prairie_media::{H264Encoder, H264Settings};
use prairie_model::{BlobRef, Compression, Picture, PixelFormat};
use prairie_store::PathSource;
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
    fn camera(self, encoding: &str, size: (u32, u32), pixels: impl Fn(usize) -> Option<Vec<u8>>) -> Self {
        self.camera_at(CAMERA, regular, encoding, size, pixels)
    }

    /// As `camera`, on that topic and at those times.
    fn camera_at(
        mut self,
        topic: &str,
        time: impl Fn(usize) -> i64,
        encoding: &str,
        size: (u32, u32),
        pixels: impl Fn(usize) -> Option<Vec<u8>>,
    ) -> Self {
        let id = self.channel(topic, "sensor_msgs/msg/Image");
        for at in 0..120 {
            let t_ns = time(at);
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

    /// Coded pictures at 30 Hz.
    fn coded(mut self, format: &str, frames: &[Vec<u8>]) -> Self {
        let id = self.channel(CAMERA, "sensor_msgs/msg/CompressedImage");
        for (at, frame) in frames.iter().enumerate() {
            let mut message = CdrWriter::new();
            assert!(message.header(regular(at), "camera"));
            message.string(format);
            message.byte_sequence(frame);
            self.messages.push((regular(at), id, message.finish()));
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

/// When the frames of a camera that keeps its rate are taken.
fn regular(at: usize) -> i64 {
    START_NS + at as i64 * 1_000_000_000 / 30
}

/// A store with several of them, in their order.
fn ingest_all(dir: &TempDir, all: Vec<Made>) -> Engine {
    let engine = Engine::create(&Config::at(dir.path().join("store"))).unwrap();
    for (at, made) in all.into_iter().enumerate() {
        let path = dir.path().join(format!("made{at}.mcap"));
        made.write(&path);
        ingest(&engine, path);
    }
    engine
}

fn ingest(engine: &Engine, path: PathBuf) {
    assert_eq!(ingest_some(engine, path), 1);
}

/// Takes in a recording, and says how many episodes it has.
fn ingest_some(engine: &Engine, path: PathBuf) -> usize {
    let inspect = InspectOptions::new(None, None, BTreeMap::new(), true).unwrap();
    let report = engine.ingest(&[path], &inspect, &Quiet).unwrap();
    assert_eq!(report.recordings.len(), 1);
    assert_eq!(report.recordings[0].error, None);
    report.recordings[0].episodes.len()
}

fn export(engine: &Engine, out: &Path, tolerance_s: Option<f64>) -> Result<Proof, String> {
    export_with(engine, out, ExportOptions { tolerance_s, ..ExportOptions::default() })
}

fn export_with(engine: &Engine, out: &Path, options: ExportOptions) -> Result<Proof, String> {
    engine.create_dataset("all", &DatasetRecipe::new("true")).unwrap();
    let options = ExportOptions { target: "lerobot-v3".to_owned(), ..options };
    engine.export("all", out, &options, &Quiet).map_err(|error| error.to_string())
}

/// Every source frame is exported, repeated or dropped, and what comes out has a frame for every row.
fn adds_up(engine: &Engine, proof: &Proof, out: &Path) {
    for video in &proof.videos {
        let sql = format!("SELECT CAST(sum(samples) AS BIGINT) AS n FROM streams WHERE stream = '{}'", video.stream);
        let source = rows(engine, &sql)[0]["n"].as_u64().unwrap();
        assert_eq!(video.source_frames, source, "{video:?}");
        assert_eq!(video.source_frames, video.exported + video.repeated + video.dropped, "{video:?}");
        assert!(video.undecodable <= video.dropped && video.exported + video.repeated <= proof.rows, "{video:?}");
    }
    let dir = TempDir::new().unwrap();
    let back = Engine::create(&Config::at(dir.path().join("back"))).unwrap();
    let inspect = InspectOptions::new(None, None, BTreeMap::new(), false).unwrap();
    let report = back.ingest(&[out.to_owned()], &inspect, &Quiet).unwrap();
    assert_eq!(report.recordings[0].episodes.len(), proof.episodes.len());
    for stream in rows(
        &back,
        "SELECT stream, CAST(sum(samples) AS BIGINT) AS n FROM streams WHERE kind = 'image' GROUP BY stream",
    ) {
        assert_eq!(stream["n"].as_u64().unwrap(), proof.rows, "{stream:?}");
    }
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
}

#[test]
fn an_episode_begins_at_the_first_picture_that_can_be_decoded() {
    let size = (48, 32);
    let broken = |until: usize| {
        let dir = TempDir::new().unwrap();
        let pictures = move |at: usize| (at >= until).then(|| waves(size, at));
        let other = move |at: usize| (at != 5).then(|| waves(size, at));
        let made = Made::new().camera("mono8", size, pictures);
        (made.camera_at("/camera/wrist", regular, "mono8", size, other).ingest(&dir), dir)
    };
    let (engine, dir) = broken(4);
    let out = dir.path().join("out");
    let proof = export(&engine, &out, None).unwrap();
    adds_up(&engine, &proof, &out);
    assert_eq!(proof.episodes.len(), 1);
    let [line] = &proof.left_out[..] else { panic!("{:?}", proof.left_out) };
    assert!(line.contains("its first 0.13") && line.contains("frame 0 of `/camera/front` cannot be decoded"), "{line}");
    assert!(begins_at(&proof, regular(4)), "{proof:?}");
    let front = proof.videos.iter().find(|video| video.stream == CAMERA).unwrap();
    assert_eq!((front.undecodable, front.dropped), (4, 4), "{front:?}");

    // A third of the episode is too much to lose in silence.
    let (engine, dir) = broken(40);
    let refused = export(&engine, &dir.path().join("none"), None).unwrap_err();
    assert!(refused.contains("frame 0 of `/camera/front` cannot be decoded"), "{refused}");
    let (engine, dir) = broken(120);
    let refused = export(&engine, &dir.path().join("none"), None).unwrap_err();
    assert!(refused.contains("frame 0 of `/camera/front` cannot be decoded"), "{refused}");
}

/// Whether the first row of the first episode is at that time, but for rounding.
fn begins_at(proof: &Proof, t_ns: i64) -> bool {
    proof.episodes[0].start_ns.parse::<i64>().unwrap().abs_diff(t_ns) < 1000
}

/// H.264 access units of moving waves, a key frame every `key_interval`.
fn h264((width, height): (u32, u32), key_interval: u32) -> Vec<Vec<u8>> {
    let key_interval = key_interval.try_into().unwrap();
    let settings = H264Settings { width, height, fps: 30.0, key_interval, ..H264Settings::default() };
    let mut encoder = H264Encoder::new(settings).unwrap();
    let picture = |at| Picture { width, height, format: PixelFormat::Mono8, pixels: waves((width, height), at) };
    (0..120).map(|at| encoder.encode(&prairie_media::even_rgb(&picture(at)).unwrap()).unwrap().data).collect()
}

#[test]
fn a_damaged_access_unit_costs_the_frames_that_depend_on_it() {
    let size = (64, 48);
    let with_damage = |damaged: &[usize]| {
        let dir = TempDir::new().unwrap();
        let mut frames = h264(size, 10);
        for at in damaged {
            // The slice keeps its start code and its kind, and nothing that it says.
            let unit = &mut frames[*at];
            let slice = unit.windows(4).rposition(|window| window == [0, 0, 0, 1]).unwrap() + 5;
            unit[slice..].fill(0xff);
        }
        (Made::new().coded("h264", &frames).ingest(&dir), dir)
    };
    let encode = |tolerance_s| ExportOptions { encode: true, tolerance_s, ..ExportOptions::default() };
    // Frames 58 and 59 cannot be decoded; the next key frame is 60.
    let (engine, dir) = with_damage(&[58]);
    let found = rows(&engine, "SELECT code, severity, message FROM findings WHERE stream = '/camera/front'");
    assert!(found.iter().any(|one| one["message"].as_str().unwrap().contains("decoded")), "{found:?}");
    let out = dir.path().join("out");
    let proof = export_with(&engine, &out, encode(None)).unwrap();
    adds_up(&engine, &proof, &out);
    let video = &proof.videos[0];
    assert_eq!((video.how.as_str(), video.undecodable, video.repeated), ("encoded", 2, 1), "{video:?}");
    assert!((1.9..2.1).contains(&(video.largest_shift_s * 30.0)), "two periods: {video:?}");
    // What repeats is the picture before, not what the decoder makes of the damage.
    assert!(video.likeness.is_some_and(|likeness| likeness.ssim_min > 0.9), "{video:?}");
    let refused = export_with(&engine, &dir.path().join("none"), encode(Some(0.05))).unwrap_err();
    assert!(refused.contains("of `/camera/front` cannot be decoded, and no picture before it"), "{refused}");

    // The first key frame is lost, and with it all that lead to the next.
    let (engine, dir) = with_damage(&[0]);
    let out = dir.path().join("out");
    let proof = export_with(&engine, &out, encode(None)).unwrap();
    adds_up(&engine, &proof, &out);
    assert!(begins_at(&proof, regular(10)), "{proof:?}");
    assert_eq!(proof.videos[0].undecodable, 10, "{:?}", proof.videos);
}

/// The JPEG pictures of the bundled recording's front camera, which say that they are one row and one column smaller: the blocks
/// that they are made of stay the same.
fn odd_jpegs() -> Vec<Vec<u8>> {
    let dir = TempDir::new().unwrap();
    let engine = Engine::create(&Config::at(dir.path().join("store"))).unwrap();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/contact-cell.mcap");
    let inspect = InspectOptions::new(None, None, BTreeMap::new(), false).unwrap();
    engine.ingest(std::slice::from_ref(&sample), &inspect, &Quiet).unwrap();
    let places = rows(
        &engine,
        "SELECT chunk_offset, chunk_length, compression, inner_offset, length FROM frames WHERE codec = 'jpeg' ORDER BY t_ns LIMIT 120",
    );
    let source = PathSource::open(&sample).unwrap();
    let mut blobs = BlobReader::new(&source);
    let patched = places.iter().map(|place| {
        let number = |name: &str| place[name].as_u64().unwrap();
        let blob = BlobRef {
            chunk_offset: number("chunk_offset"),
            chunk_length: number("chunk_length"),
            compression: Compression::from_name(place["compression"].as_str().unwrap()).unwrap(),
            inner_offset: number("inner_offset"),
            length: number("length"),
            ..BlobRef::NOTHING
        };
        let mut bytes = blobs.read(&blob).unwrap();
        // SOF0: marker, length, precision, then height and width.
        let frame = bytes.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        assert_eq!(bytes[frame + 5..frame + 9], [0, 240, 1, 64]);
        bytes[frame + 5..frame + 9].copy_from_slice(&[0, 239, 1, 63]);
        bytes
    });
    patched.collect()
}

#[test]
fn jpeg_pictures_of_odd_size_are_padded_too() {
    let dir = TempDir::new().unwrap();
    let engine = Made::new().coded("jpeg", &odd_jpegs()).ingest(&dir);
    let found = rows(&engine, "SELECT code, message FROM findings WHERE code LIKE 'VID%' AND severity = 'error'");
    assert_eq!(found, []);
    let out = dir.path().join("out");
    let proof = export(&engine, &out, None).unwrap();
    adds_up(&engine, &proof, &out);
    let video = &proof.videos[0];
    assert_eq!((video.padding, video.how.as_str()), (Some([1, 1]), "encoded"), "{video:?}");
    assert!(video.likeness.is_some_and(|likeness| likeness.ssim_min > 0.9), "{video:?}");
    let back = Engine::create(&Config::at(dir.path().join("back"))).unwrap();
    ingest(&back, out);
    let sizes = rows(&back, "SELECT width, height, samples FROM streams WHERE kind = 'image'");
    let expected = serde_json::json!([{"width": 320, "height": 240, "samples": proof.rows}]);
    assert_eq!(serde_json::to_value(&sizes).unwrap(), expected);
}

/// A camera at about 30 Hz whose frames come up to 12 ms early or late.
fn jitters(seed: u64) -> impl Fn(usize) -> i64 {
    move |at| {
        let noise = (at as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(seed << 40);
        let noise = (noise ^ (noise >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        regular(at) + ((noise >> 33) % 24_000_000) as i64 - 12_000_000
    }
}

#[test]
fn every_frame_is_accounted_for_under_every_alignment() {
    let size = (48, 32);
    let dir = TempDir::new().unwrap();
    let made = |seed: u64, wrist_broken: bool| {
        let made =
            Made::new().camera_at(CAMERA, jitters(seed), "mono8", size, |at| (at != 60).then(|| waves(size, at)));
        let wrist = |at: usize| (!wrist_broken).then(|| waves(size, at));
        made.camera_at("/camera/wrist", jitters(seed + 100), "mono8", size, wrist)
    };
    // No picture of the last one's wrist camera can be decoded: it is left out, and its frames are dropped.
    let engine = ingest_all(&dir, vec![made(1, false), made(2, false), made(3, false), made(4, true)]);
    for align in [Align::Latest, Align::Nearest, Align::Linear] {
        for fps in [None, Some(12.0), Some(50.0)] {
            let name = format!("{align:?}-{fps:?}");
            let out = dir.path().join(&name);
            let proof = export_with(&engine, &out, ExportOptions { align, fps, ..ExportOptions::default() }).unwrap();
            assert_eq!((proof.episodes.len(), proof.videos.len(), proof.left_out.len()), (3, 2, 1), "{name}");
            adds_up(&engine, &proof, &out);
            for video in &proof.videos {
                assert!(video.dropped >= 120, "{name}: those of the episode that is left out: {video:?}");
                assert!(fps != Some(50.0) || video.repeated > 100, "{name}: {video:?}");
                assert!(fps != Some(12.0) || video.dropped > 300, "{name}: {video:?}");
            }
            assert_eq!(proof.causal, align == Align::Latest, "{name}");
            let written: Value = serde_json::from_slice(&fs::read(out.join("prairie-proof.json")).unwrap()).unwrap();
            assert_eq!((&written["causal"], &written["rows"]), (&proof.causal.into(), &proof.rows.into()), "{name}");
        }
    }
}

#[test]
fn episodes_of_other_features_are_refused_with_what_separates_them() {
    let with_camera =
        |size: (u32, u32), from| Made::new().camera("mono8", size, move |at| Some(waves(size, from + at)));
    let dir = TempDir::new().unwrap();
    let all = vec![with_camera((48, 32), 0), Made::new(), with_camera((48, 32), 7), with_camera((64, 48), 0)];
    let engine = ingest_all(&dir, all);
    engine.create_dataset("all", &DatasetRecipe::new("true")).unwrap();
    let options = ExportOptions { target: "lerobot-v3".to_owned(), ..ExportOptions::default() };
    let error = engine.export("all", &dir.path().join("out"), &options, &Quiet).unwrap_err();
    assert!(error.is_refusal());
    let text = error.to_string();
    for part in [
        "4 episodes of `all@1`",
        "`/camera/front` is not there in 1",
        "is 48 × 32 pixels in 2",
        "is 64 × 48 pixels in 1",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for id in rows(&engine, "SELECT episode_id FROM episodes") {
        assert!(text.contains(&id["episode_id"].as_str().unwrap()[..12]), "{text}");
    }
    // What it advises works.
    let hint = error.hint().unwrap();
    let condition = hint.split('"').nth(1).unwrap();
    let alike = engine.create_dataset("alike", &DatasetRecipe::new(condition)).unwrap();
    assert_eq!(alike.episodes, 2, "{hint}");
    assert_eq!(engine.export("alike", &dir.path().join("alike"), &options, &Quiet).unwrap().videos.len(), 1);
    assert!(hint.contains("`--streams /joint_states`"), "{hint}");
    let common = ExportOptions { streams: vec!["/joint_states".to_owned()], ..options.clone() };
    let proof = engine.export("all", &dir.path().join("common"), &common, &Quiet).unwrap();
    assert_eq!((proof.episodes.len(), proof.videos.len()), (4, 0));
    // Asked for by name, it must be there.
    let missing = ExportOptions { streams: vec![CAMERA.to_owned(), "/joint_states".to_owned()], ..options };
    assert!(engine.export("all", &dir.path().join("none"), &missing, &Quiet).is_err_and(|error| error.is_refusal()));
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
