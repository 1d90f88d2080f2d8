//! Stores that the tests write, file by file.

use prairie_formats::zarr::Zarr;
use prairie_formats::{Reader, sniff};
use prairie_model::{Codec, MemorySource, NoteKind, PixelFormat, ReadOptions};
use serde_json::{Value, json};

use crate::support::{Got, numbers, read};

/// Files of a store.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store(pub(crate) Vec<(String, Vec<u8>)>);

impl Store {
    /// A replay buffer of two episodes: three rows, then two. Chunks of two rows, not compressed.
    pub(crate) fn buffer() -> Self {
        let mut store = Self::default();
        store.json(".zgroup", &json!({"zarr_format": 2}));
        store.json(".zattrs", &json!({"robot": {"name": "ur5"}, "version": 3}));
        store.json("data/.zgroup", &json!({"zarr_format": 2}));
        store.json("meta/.zgroup", &json!({"zarr_format": 2}));
        store.array("meta/episode_ends", &[2], &[2], "<i8", &[3_i64, 5].map(i64::to_le_bytes).concat());
        let action: Vec<u8> = (0..10).flat_map(|n| (n as f32).to_le_bytes()).collect();
        store.array("data/action", &[5, 2], &[2, 2], "<f4", &action);
        let pixels: Vec<u8> = (0..5 * 8 * 8 * 3).map(|n| (n % 251) as u8).collect();
        store.array("data/camera0_rgb", &[5, 8, 8, 3], &[1, 8, 8, 3], "|u1", &pixels);
        store
    }

    pub(crate) fn put(&mut self, path: &str, bytes: &[u8]) {
        self.0.retain(|(other, _)| other != path);
        self.0.push((path.to_owned(), bytes.to_vec()));
    }

    pub(crate) fn json(&mut self, path: &str, value: &Value) {
        self.put(path, value.to_string().as_bytes());
    }

    /// An array of version 2 whose chunks are split along the first axis only.
    pub(crate) fn array(&mut self, path: &str, shape: &[usize], chunks: &[usize], dtype: &str, bytes: &[u8]) {
        let about = json!({
            "zarr_format": 2, "shape": shape, "chunks": chunks, "dtype": dtype, "compressor": null, "fill_value": 0,
            "order": "C", "filters": null,
        });
        self.json(&format!("{path}/.zarray"), &about);
        let rows = shape[0];
        let row = bytes.len() / rows.max(1);
        for (at, chunk) in bytes.chunks((row * chunks[0]).max(1)).enumerate() {
            let mut chunk = chunk.to_vec();
            chunk.resize(row * chunks[0], 0);
            let zeros = ".0".repeat(shape.len() - 1);
            self.put(&format!("{path}/{at}{zeros}"), &chunk);
        }
    }

    pub(crate) fn drop(&mut self, path: &str) {
        let before = self.0.len();
        self.0.retain(|(other, _)| other != path);
        assert!(self.0.len() < before, "there is no `{path}`");
    }

    pub(crate) fn source(&self) -> MemorySource {
        MemorySource::new(self.0.clone())
    }

    /// The store as a ZIP archive whose entries are stored, with a folder before every name.
    pub(crate) fn zip(&self, folder: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut directory = Vec::new();
        for (path, content) in &self.0 {
            let name = format!("{folder}{path}");
            let sizes = [crc32fast::hash(content), content.len() as u32, content.len() as u32];
            let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            common.extend(sizes.into_iter().flat_map(u32::to_le_bytes));
            common.extend((name.len() as u16).to_le_bytes());
            common.extend([0, 0]);
            let offset = bytes.len() as u32;
            bytes.extend(b"PK\x03\x04");
            bytes.extend(&common);
            bytes.extend(name.as_bytes());
            bytes.extend(content);
            directory.extend(b"PK\x01\x02\x14\x00");
            directory.extend(&common);
            directory.extend([0; 10]);
            directory.extend(offset.to_le_bytes());
            directory.extend(name.as_bytes());
        }
        let (count, offset) = (self.0.len() as u16, bytes.len() as u32);
        bytes.extend(&directory);
        bytes.extend(b"PK\x05\x06\0\0\0\0");
        bytes.extend([count, count].into_iter().flat_map(u16::to_le_bytes));
        bytes.extend((directory.len() as u32).to_le_bytes());
        bytes.extend(offset.to_le_bytes());
        bytes.extend([0, 0]);
        bytes
    }
}

/// An archive as a recording.
pub(crate) fn archive(bytes: Vec<u8>) -> MemorySource {
    MemorySource::new([("a.zarr.zip".to_owned(), bytes)])
}

#[test]
fn a_replay_buffer_is_cut_where_its_episodes_end() {
    let store = Store::buffer();
    for source in [store.source(), archive(store.zip("")), archive(store.zip("push/replay.zarr/"))] {
        assert_eq!(sniff(&source).expect("it is known").name(), "zarr");
        let recording = read(&source).expect("a store");
        let plan = &recording.plan;
        let episodes: Vec<_> = plan.episodes.iter().map(|it| (it.key.as_str(), it.claimed_length)).collect();
        assert_eq!(episodes, [("episode_000000", Some(3)), ("episode_000001", Some(2))]);
        assert_eq!((plan.attributes["robot.name"].as_str(), plan.attributes["version"].as_str()), ("ur5", "3"));
        let topics: Vec<_> = plan.channels.iter().map(|it| (it.topic.as_str(), it.shape.as_slice())).collect();
        assert_eq!(topics, [("action", [2].as_slice()), ("camera0_rgb", &[8, 8, 3])]);
        let picture = plan.channels[1].picture.as_ref().expect("it is a picture");
        assert_eq!((picture.codec, picture.width, picture.height), (Codec::Raw(PixelFormat::Rgb8), Some(8), Some(8)));
        assert_eq!(numbers(&recording.topic("action")), (0..10).map(f64::from).collect::<Vec<_>>());
        assert_eq!(recording.times(0, "action"), [0, 100_000_000, 200_000_000]);
        assert_eq!(recording.times(1, "camera0_rgb"), [0, 100_000_000]);
        assert_eq!(recording.ended, [0, 1]);
        assert_eq!(recording.kinds(), [NoteKind::TimeInvalid]);
        assert_eq!(recording.notes[0].text, "the recording states no rate; rows are taken as 1/10 s apart");
        assert!(recording.summary.complete);
        assert_eq!(recording.summary.lost, Some(0));
    }
}

#[test]
fn only_what_is_wanted_comes() {
    let source = Store::buffer().source();
    let plan = Zarr.plan(&source, &ReadOptions::default()).expect("a plan");
    let options = ReadOptions { channels: Some([0].into()), episodes: Some([1].into()), ..ReadOptions::default() };
    let mut told = Vec::new();
    let read = Zarr.read(&source, &plan, &options, &mut |event| {
        if let prairie_model::ReadEvent::Batch(batch) = event {
            told.push((batch.channel.id, batch.episode, batch.len()));
        }
        std::ops::ControlFlow::Continue(())
    });
    assert!(read.expect("a summary").complete);
    assert_eq!(told, [(0, Some(1), 2)]);
}

#[test]
fn stamps_are_the_times_of_rows() {
    let mut store = Store::buffer();
    let stamps = [1.7e9, 1.7e9 + 0.05, f64::NAN, 1.7e9 + 9.0, 1.7e9 + 8.5].map(f64::to_le_bytes).concat();
    store.array("data/timestamp", &[5], &[5], "<f8", &stamps);
    let recording = read(&store.source()).expect("a store");
    let near = |times: Vec<i64>| times.into_iter().map(|time| (time as f64 / 1e5).round() as i64).collect::<Vec<_>>();
    assert_eq!(near(recording.times(0, "action")), [0, 500, 2000], "what is no stamp has its place on the grid");
    assert_eq!(near(recording.times(1, "action")), [0, -5000], "times that go back are delivered");
    assert_eq!(recording.kinds(), [NoteKind::TimeInvalid]);
    assert_eq!(recording.notes[0].measured, Some(1.0));
}

#[test]
fn groups_of_one_length_are_episodes() {
    let mut store = Store::default();
    store.json(".zgroup", &json!({"zarr_format": 2}));
    store.json(".zattrs", &json!({"fps": 20}));
    for (number, rows) in [(2, 3), (10, 2)] {
        let group = format!("demos/demo_{number}");
        let bytes: Vec<u8> = (0..rows).flat_map(|row| [number as u8, row as u8]).collect();
        store.array(&format!("{group}/action"), &[rows, 2], &[2, 2], "|u1", &bytes);
        store.array(&format!("{group}/obs/qpos"), &[rows, 2], &[2, 2], "|i1", &bytes);
        store.array(&format!("{group}/goal"), &[1], &[1], "<f4", &0.5_f32.to_le_bytes());
        store.json(&format!("{group}/.zgroup"), &json!({"zarr_format": 2}));
        store.json(&format!("{group}/.zattrs"), &json!({"task": "pick", "success": true}));
    }
    let recording = read(&store.source()).expect("a store");
    let plan = &recording.plan;
    let keys: Vec<_> = plan.episodes.iter().map(|it| (it.key.as_str(), it.task.as_deref())).collect();
    assert_eq!(keys, [("demos/demo_2", Some("pick")), ("demos/demo_10", Some("pick"))]);
    assert_eq!(plan.episodes[0].attributes["goal"], "0.5");
    assert_eq!(plan.episodes[0].attributes["success"], "true");
    let topics: Vec<_> = plan.channels.iter().map(|channel| channel.topic.as_str()).collect();
    assert_eq!(topics, ["action", "obs/qpos"], "one feature for both");
    assert_eq!(numbers(&recording.topic("obs/qpos")), [2.0, 0.0, 2.0, 1.0, 2.0, 2.0, 10.0, 0.0, 10.0, 1.0]);
    assert_eq!(recording.times(0, "action"), [0, 50_000_000, 100_000_000]);
    assert!(recording.notes.is_empty(), "{:?}", recording.notes);
}

#[test]
fn what_is_said_of_each_episode_is_its_attribute() {
    let mut store = Store::buffer();
    let texts = ["push the T", "pull"].map(|text| {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(12, 0);
        bytes
    });
    store.array("meta/task", &[2], &[1], "|S12", &texts.concat());
    store.array("meta/success", &[2], &[2], "|b1", &[1, 0]);
    store.array("data/intrinsics", &[2, 2], &[2, 2], "<i2", &[1_i16, 2, 3, 4].map(i16::to_le_bytes).concat());
    let plan = read(&store.source()).expect("a store").plan;
    let tasks: Vec<_> = plan.episodes.iter().map(|it| it.task.as_deref().unwrap_or("?")).collect();
    assert_eq!(tasks, ["push the T", "pull"]);
    assert_eq!(plan.episodes[1].attributes["success"], "false");
    assert_eq!(plan.attributes["intrinsics"], "[1, 2, 3, 4]");
}

#[test]
fn chunks_that_are_not_there_are_full_of_the_fill_value() {
    let mut store = Store::buffer();
    store.drop("data/action/1.0");
    let recording = read(&store.source()).expect("a store");
    assert_eq!(numbers(&recording.topic("action")), [0.0, 1.0, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0, 8.0, 9.0]);
    let note = recording.notes.last().expect("it is told");
    assert_eq!((note.kind, note.measured), (NoteKind::FileMissing, Some(2.0)));
    assert_eq!(note.text, "2 rows of `data/action` lie in chunks that are not there, and have the array's fill value");
    assert!(recording.summary.complete);
}

#[test]
fn a_damaged_chunk_costs_its_rows_only() {
    let mut store = Store::buffer();
    store.put("data/action/1.0", &[0; 7]);
    let recording = read(&store.source()).expect("a store");
    assert_eq!(numbers(&recording.topic("action")), [0.0, 1.0, 2.0, 3.0, 8.0, 9.0]);
    assert_eq!(recording.times(1, "action"), [100_000_000]);
    assert_eq!(recording.topic("camera0_rgb").len(), 5);
    assert_eq!(recording.summary.lost, Some(2));
    assert!(!recording.summary.complete);
    let corrupt: Vec<_> = recording.notes.iter().filter(|note| note.kind == NoteKind::Corrupt).collect();
    assert_eq!(corrupt[0].file.as_deref(), Some("data/action/1.0"));
    assert!(corrupt[0].text.contains("it has 7 bytes where 16 are expected"), "{}", corrupt[0].text);
    assert_eq!(corrupt[1].text, "2 rows of `data/action` lie in 1 damaged chunks, and are lost");
}

#[test]
fn pictures_that_are_chunks_stay_where_they_are() {
    let mut store = Store::buffer();
    let about = |compressor: &str, chunks: Value| {
        json!({
            "zarr_format": 2, "shape": [5, 8, 8, 3], "chunks": chunks, "dtype": "|u1", "fill_value": 0, "order": "C",
            "compressor": {"id": compressor, "level": 99}, "filters": null,
        })
    };
    store.json("data/camera0_rgb/.zarray", &about("imagecodecs_jpegxl", json!([1, 8, 8, 3])));
    store.json("data/wrist_rgb/.zarray", &about("imagecodecs_jpeg", json!([2, 8, 8, 3])));
    store.json("data/other/.zarray", &about("imagecodecs_heif", json!([1, 8, 8, 3])));
    for row in 0..4 {
        store.put(&format!("data/camera0_rgb/{row}.0.0.0"), format!("picture {row}").as_bytes());
    }
    store.drop("data/camera0_rgb/4.0.0.0");
    for source in [store.source(), archive(store.zip(""))] {
        let recording = read(&source).expect("a store");
        let hash = |text: &str| Got::Picture(Some(prairie_model::Hash256::of(text.as_bytes()).to_string()));
        let pictures = recording.topic("camera0_rgb");
        assert_eq!(pictures[..2], [hash("picture 0"), hash("picture 1")]);
        assert_eq!(pictures[4], Got::Picture(None), "one that is not there has no bytes");
        assert_eq!(recording.plan.channels[1].picture.as_ref().expect("pictures").codec, Codec::JpegXl);
        let told: Vec<_> = recording.notes.iter().map(|note| note.text.as_str()).collect();
        assert!(told.iter().any(|text| text.contains("encoded by `imagecodecs_heif`, which is not read")), "{told:?}");
        assert!(told.iter().any(|text| text.contains("no pictures of one jpeg each")), "{told:?}");
        assert_eq!(recording.topic("action").len(), 5, "the rest is read");
    }
}

#[test]
fn consolidated_metadata_stands_in_for_what_is_not_there() {
    let mut store = Store::buffer();
    let about = |path: &str| {
        let (_, text) = store.0.iter().find(|(other, _)| other == path).expect("a description");
        serde_json::from_slice::<Value>(text).expect("JSON")
    };
    let metadata = json!({"metadata": {
        ".zgroup": {"zarr_format": 2}, "data/camera0_rgb/.zarray": about("data/camera0_rgb/.zarray"),
        "data/camera0_rgb/.zattrs": {"lens": "wide"},
    }, "zarr_consolidated_format": 1});
    let whole = read(&store.source()).expect("a store");
    store.json(".zmetadata", &metadata);
    store.drop("data/camera0_rgb/.zarray");
    for source in [store.source(), archive(store.zip(""))] {
        let recording = read(&source).expect("a store");
        assert_eq!(recording.topic("camera0_rgb"), whole.topic("camera0_rgb"));
        assert_eq!(recording.plan.channels[1].metadata["lens"], "wide");
    }
}

#[test]
fn ends_that_make_no_sense_are_told() {
    let mut store = Store::buffer();
    store.array("meta/episode_ends", &[4], &[4], "<i8", &[3_i64, 2, 3, 4].map(i64::to_le_bytes).concat());
    let recording = read(&store.source()).expect("a store");
    assert_eq!(recording.ended, [0, 3]);
    let notes: Vec<_> = recording.notes.iter().filter(|note| note.kind == NoteKind::IndexWrong).collect();
    assert_eq!(notes[0].text, "1 rows of 2 arrays come after the end of the last episode, and belong to none");
    assert_eq!(notes[1].text, "2 of 4 episodes end where they begin, or before");
    store.array("meta/episode_ends", &[2], &[2], "<i8", &[3_i64, 7].map(i64::to_le_bytes).concat());
    let recording = read(&store.source()).expect("a store");
    assert_eq!(numbers(&recording.topic("action")).len(), 10, "what is there is delivered");
    assert!(recording.kinds().contains(&NoteKind::CountMismatch));
}
