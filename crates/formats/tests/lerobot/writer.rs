//! Datasets that are written and read back: by this crate's reader, and by LeRobot itself.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float32Array, Float64Array, StringArray};
use arrow::datatypes::DataType;
use prairie_formats::lerobot::{
    DatasetSpec, FeatureStats, Files, LeRobotWriter, NewFeature, NewKind, Version, VideoFrame, Written,
};
use prairie_formats::mp4::{Track, read_track};
use prairie_model::{Codec, ReadOptions, Source};
use serde_json::{Value, json};

use crate::fixtures::{Folder, MemoryFiles, read_all, sample};

pub(crate) const EPISODES: usize = 3;
const ROWS: [usize; EPISODES] = [8, 5, 7];
const CAMERA: &str = "observation.images.cam";

fn feature(name: &str, kind: NewKind, shape: &[u64], names: &[&str]) -> NewFeature {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    NewFeature { name: name.to_owned(), kind, shape: shape.to_vec(), names }
}

fn features(size: [u64; 2]) -> Vec<NewFeature> {
    vec![
        feature("observation.state", NewKind::Numbers(DataType::Float32), &[3], &["a", "b", "c"]),
        feature("next.reward", NewKind::Numbers(DataType::Float64), &[1], &[]),
        feature("observation.tactile", NewKind::Numbers(DataType::Float32), &[2, 3], &[]),
        feature("next.done", NewKind::Numbers(DataType::Boolean), &[1], &[]),
        feature("note", NewKind::Text, &[1], &[]),
        feature(CAMERA, NewKind::Video, &[size[0], size[1], 3], &[]),
    ]
}

/// Values of `rows` rows of every feature but the video, different in each episode.
fn columns(episode: usize, rows: usize) -> Vec<ArrayRef> {
    let number = |row: usize, element: usize| (episode * 1000 + row * 10 + element) as f32 / 8.0;
    let flat = |width: usize| -> Vec<f32> {
        (0..rows).flat_map(|row| (0..width).map(move |element| number(row, element))).collect()
    };
    vec![
        Arc::new(Float32Array::from(flat(3))),
        Arc::new(Float64Array::from_iter_values((0..rows).map(|row| row as f64 * 0.1))),
        Arc::new(Float32Array::from(flat(6))),
        Arc::new(BooleanArray::from_iter((0..rows).map(|row| Some(row + 1 == rows)))),
        Arc::new(StringArray::from_iter_values((0..rows).map(|row| format!("row {row}")))),
    ]
}

fn task(episode: usize) -> &'static str {
    ["pick", "place", "pick"][episode % 3]
}

/// Three episodes of made-up pictures: the second with reordered pictures, the third with another configuration.
pub(crate) fn small_dataset(version: Version) -> MemoryFiles {
    let files = MemoryFiles::default();
    let spec = DatasetSpec::new(version, 10, Some("test".to_owned()), features([48, 64]));
    let mut writer = LeRobotWriter::new(files.clone(), spec).unwrap();
    for (episode, rows) in ROWS.into_iter().enumerate() {
        writer.begin_episode(task(episode)).unwrap();
        let all = columns(episode, rows);
        // In two parts, to see them put together.
        let part = |from: usize, to: usize| -> Vec<ArrayRef> {
            all.iter()
                .map(|column| column.slice(from * column.len() / rows, (to - from) * column.len() / rows))
                .collect()
        };
        writer.push_rows(2, &part(0, 2)).unwrap();
        writer.push_rows(rows - 2, &part(2, rows)).unwrap();
        for at in 0..rows {
            let shown = if episode == 1 { [0, 2, 1, 4, 3][at] } else { at };
            let bytes = format!("picture {episode}/{shown}");
            let frame = VideoFrame {
                codec: Codec::H264,
                width: 64,
                height: 48,
                config: if episode == 2 { &[1, 66, 0, 31] } else { &[1, 66, 0, 30] },
                bytes: bytes.as_bytes(),
                key_frame: at == 0,
                shown_at: shown as u32,
            };
            writer.push_frame(CAMERA, &frame).unwrap();
        }
        let stats = FeatureStats::of(&[0.0, 0.5, 1.0, 0.5, 0.5, 0.5], 3, 2);
        writer.end_episode([(CAMERA.to_owned(), stats)].into()).unwrap();
    }
    let (_, written) = writer.finish().unwrap();
    assert_eq!(written, Written { episodes: 3, frames: 20, tasks: 2 });
    files
}

/// Reads a dataset of `version` back, compares everything, and gives the plan's names of the videos.
fn read_back(version: Version, name: &str) -> Vec<String> {
    let files = small_dataset(version);
    let source = files.source();
    let (plan, all) = read_all(&source, &ReadOptions::default());
    assert_eq!(plan.profile.as_deref(), Some(name));
    assert!(plan.notes.is_empty() && all.notes.is_empty(), "{:?} {:?}", plan.notes, all.notes);
    assert!(all.summary.complete);
    assert_eq!(all.ended, [0, 1, 2]);
    let state = plan.channels.iter().find(|channel| channel.topic == "observation.state").unwrap();
    assert_eq!((&state.names[..], state.rate_hz), (&["a".to_owned(), "b".to_owned(), "c".to_owned()][..], Some(10.0)));
    assert_eq!(state.fields.as_ref().unwrap()[0].data_type().to_string(), "List(Float32)");
    for (episode, rows) in ROWS.into_iter().enumerate() {
        assert_eq!(plan.episodes[episode].task.as_deref(), Some(task(episode)));
        assert_eq!(plan.episodes[episode].claimed_length, Some(rows as u64));
        let got = |topic: &str| &all.got[&(episode as u32, topic.to_owned())];
        let times: Vec<i64> = (0..rows as i64).map(|row| row * 100_000_000).collect();
        for (feature, column) in features([48, 64]).iter().zip(columns(episode, rows)) {
            let got = got(&feature.name);
            assert_eq!(got.times, times, "{}", feature.name);
            if feature.kind == NewKind::Text {
                assert_eq!(got.texts[rows - 1], format!("row {}", rows - 1));
                continue;
            }
            let wanted = arrow::compute::cast(&column, &DataType::Float64).unwrap();
            let wanted = arrow::array::AsArray::as_primitive::<arrow::datatypes::Float64Type>(&wanted);
            assert_eq!(got.values, wanted.values().to_vec(), "{}", feature.name);
        }
        let video = got(CAMERA);
        assert_eq!(video.times, times);
        for (at, blob) in video.blobs.iter().enumerate() {
            let bytes = source.read_exact(blob.file as usize, blob.chunk_offset, blob.length).unwrap();
            assert_eq!(String::from_utf8(bytes).unwrap(), format!("picture {episode}/{at}"));
            assert_eq!(blob.key_frame, Some(at == 0));
        }
    }
    // The third episode has another configuration, and therefore another file and another channel.
    assert_eq!(all.summary.channels[&plan.channels[5].id].messages, 13);
    assert_eq!(all.summary.channels[&6].messages, 7);
    source.files().iter().map(|file| file.path.clone()).filter(|path| path.starts_with("videos")).collect()
}

#[test]
fn what_is_written_is_read() {
    let videos = read_back(Version::V30, "v3.0");
    assert_eq!(videos, [0, 1].map(|file| format!("videos/{CAMERA}/chunk-000/file-00{file}.mp4")));
}

#[test]
fn what_is_written_as_v21_is_read() {
    let videos = read_back(Version::V21, "v2.1");
    assert_eq!(videos, [0, 1, 2].map(|episode| format!("videos/chunk-000/{CAMERA}/episode_00000{episode}.mp4")));
    let files = small_dataset(Version::V21);
    let source = files.source();
    let lines = |path: &str| -> Vec<Value> {
        let file = source.find(path).unwrap();
        let text = source.read_exact(file, 0, source.files()[file].size).unwrap();
        String::from_utf8(text).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let tasks = ["pick", "place"].into_iter().enumerate();
    let tasks: Vec<_> = tasks.map(|(index, task)| json!({"task_index": index, "task": task})).collect();
    assert_eq!(lines("meta/tasks.jsonl"), tasks);
    let lengths: Vec<_> = lines("meta/episodes.jsonl").iter().map(|line| line["length"].as_u64().unwrap()).collect();
    assert_eq!(lengths, ROWS.map(|rows| rows as u64));
    for (line, rows) in lines("meta/episodes_stats.jsonl").iter().zip(ROWS) {
        assert_eq!(line["stats"]["observation.state"]["count"], json!([rows]));
        assert_eq!(line["stats"][CAMERA]["mean"], json!([[[0.25]], [[0.5]], [[0.75]]]));
    }
    let description = source.find("meta/info.json").unwrap();
    let text = source.read_exact(description, 0, source.files()[description].size).unwrap();
    let info: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!((&info["total_chunks"], &info["total_videos"], &info["fps"]), (&json!(1), &json!(3), &json!(10)));
}

#[test]
fn chunks_of_v21_hold_a_thousand_episodes() {
    let files = MemoryFiles::default();
    let spec =
        DatasetSpec::new(Version::V21, 10, None, vec![feature("action", NewKind::Numbers(DataType::Int64), &[], &[])]);
    let mut writer = LeRobotWriter::new(files.clone(), spec).unwrap();
    for episode in 0..1002 {
        writer.begin_episode("t").unwrap();
        let values: ArrayRef = Arc::new(arrow::array::Int64Array::from(vec![episode; 2]));
        writer.push_rows(2, &[values]).unwrap();
        writer.end_episode(BTreeMap::new()).unwrap();
    }
    writer.finish().unwrap();
    let source = files.source();
    for path in ["data/chunk-000/episode_000999.parquet", "data/chunk-001/episode_001001.parquet"] {
        assert!(source.find(path).is_some(), "{path}");
    }
    let (plan, all) = read_all(&source, &ReadOptions::default());
    assert!(plan.notes.is_empty() && all.notes.is_empty(), "{:?} {:?}", plan.notes, all.notes);
    assert_eq!(all.got[&(1001, "action".to_owned())].values, [1001.0, 1001.0]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let spec = DatasetSpec::new(Version::V30, 10, None, features([48, 64]));
    let begin = || {
        let mut writer = LeRobotWriter::new(MemoryFiles::default(), spec.clone()).unwrap();
        writer.begin_episode("t").unwrap();
        writer.push_rows(2, &columns(0, 2)).unwrap();
        writer
    };
    let frame = VideoFrame {
        codec: Codec::H264,
        width: 64,
        height: 48,
        config: &[1, 66, 0, 30],
        bytes: b"x",
        key_frame: true,
        shown_at: 0,
    };
    assert!(begin().push_rows(3, &columns(0, 2)).is_err(), "as many values as rows");
    assert!(begin().push_frame("other", &frame).is_err());
    assert!(begin().push_frame(CAMERA, &VideoFrame { key_frame: false, ..frame }).is_err(), "a key frame first");
    let mut one_missing = begin();
    one_missing.push_frame(CAMERA, &frame).unwrap();
    let error = one_missing.end_episode(BTreeMap::new()).unwrap_err().to_string();
    assert!(error.contains("1 frames for 2 rows"), "{error}");
    let named = |name: &str| vec![feature(name, NewKind::Text, &[], &[])];
    for name in ["timestamp", "a/b", ""] {
        assert!(
            LeRobotWriter::new(MemoryFiles::default(), DatasetSpec::new(Version::V30, 10, None, named(name))).is_err(),
            "{name}"
        );
    }
}

#[test]
fn files_roll_over() {
    let mut spec = DatasetSpec::new(Version::V30, 10, None, features([48, 64]));
    (spec.data_file_mb, spec.video_file_mb) = (1, 1);
    spec.features[0].shape = vec![1000];
    spec.features[0].names.clear();
    let files = MemoryFiles::default();
    let mut writer = LeRobotWriter::new(files.clone(), spec).unwrap();
    let picture = vec![7; 100_000];
    for episode in 0..6 {
        writer.begin_episode("t").unwrap();
        let mut random = crate::fixtures::Random(episode);
        let mut all = columns(0, 50);
        all[0] = Arc::new(Float32Array::from_iter_values((0..50_000).map(|_| random.below(1 << 24) as f32)));
        writer.push_rows(50, &all).unwrap();
        for at in 0..50 {
            let bytes = if at < 4 { &picture[..] } else { b"small" };
            let frame = VideoFrame {
                codec: Codec::H264,
                width: 64,
                height: 48,
                config: &[1, 66, 0, 30],
                bytes,
                key_frame: at == 0,
                shown_at: at,
            };
            writer.push_frame(CAMERA, &frame).unwrap();
        }
        writer.end_episode(BTreeMap::new()).unwrap();
    }
    writer.finish().unwrap();
    let source = files.source();
    let count = |folder: &str| source.files().iter().filter(|file| file.path.starts_with(folder)).count();
    assert_eq!((count("data/"), count("videos/")), (2, 3), "three episodes per data file, two per video file");
    let (_, all) = read_all(&source, &ReadOptions::default());
    assert!(all.notes.is_empty(), "{:?}", all.notes);
    assert_eq!(all.ended, (0..6).collect::<Vec<_>>());
}

/// A folder on disk.
struct Disk(PathBuf);

impl Files for Disk {
    type File = File;

    fn create(&mut self, path: &str) -> io::Result<File> {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap())?;
        File::create(path)
    }
}

/// Copies the pictures of a video into a dataset, as one episode.
fn remux(writer: &mut LeRobotWriter<Disk>, source: &dyn Source, file: usize, track: &Track) {
    let mut order: Vec<usize> = (0..track.samples.len()).collect();
    order.sort_by_key(|at| track.samples[*at].composition_time);
    let mut shown = vec![0; order.len()];
    for (place, at) in order.into_iter().enumerate() {
        shown[at] = place as u32;
    }
    for (sample, shown_at) in track.samples.iter().zip(shown) {
        let bytes = source.read_exact(file, sample.offset, sample.size.into()).unwrap();
        let frame = VideoFrame {
            codec: track.codec,
            width: track.width,
            height: track.height,
            config: &track.config,
            bytes: &bytes,
            key_frame: sample.key_frame,
            shown_at,
        };
        writer.push_frame(CAMERA, &frame).unwrap();
    }
}

/// Writes the videos of a folder as episodes, and asks LeRobot for every value and for pictures.
fn ask_lerobot(python: &Path, videos: &Folder, files: &[usize], fps: u32) {
    let tracks: Vec<Track> = files.iter().map(|file| read_track(videos, *file).unwrap()).collect();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("dataset");
    let size = [tracks[0].height.into(), tracks[0].width.into()];
    let spec = DatasetSpec::new(Version::V30, fps, Some("test".to_owned()), features(size));
    let mut writer = LeRobotWriter::new(Disk(root.clone()), spec).unwrap();
    let mut episodes = Vec::new();
    for (episode, (track, file)) in tracks.iter().zip(files).enumerate() {
        let rows = track.samples.len();
        writer.begin_episode(task(episode)).unwrap();
        let all = columns(episode, rows);
        writer.push_rows(rows, &all).unwrap();
        remux(&mut writer, videos, *file, track);
        let stats = FeatureStats::of(&[0.0, 0.0, 0.0, 1.0, 1.0, 1.0], 3, 2);
        writer.end_episode([(CAMERA.to_owned(), stats)].into()).unwrap();
        let values: serde_json::Map<String, Value> = features(size)
            .iter()
            .zip(&all)
            .filter(|(feature, _)| feature.kind != NewKind::Text)
            .map(|(feature, column)| {
                let column = arrow::compute::cast(column, &DataType::Float64).unwrap();
                let column = arrow::array::AsArray::as_primitive::<arrow::datatypes::Float64Type>(&column);
                (feature.name.clone(), json!(column.values().to_vec()))
            })
            .collect();
        let video = videos.root.join(&videos.files()[*file].path);
        episodes.push(json!({"task": task(episode), "rows": rows, "values": values, "video": video}));
    }
    writer.finish().unwrap();
    let expected = folder.path().join("expected.json");
    fs::write(&expected, serde_json::to_vec(&json!({"camera": CAMERA, "fps": fps, "episodes": episodes})).unwrap())
        .unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lerobot/check.py");
    let output = Command::new(python).arg(script).args([&root, &expected]).env("HF_HUB_OFFLINE", "1").output().unwrap();
    let (said, warned) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{warned}");
    println!("{said}");
}

/// Needs a Python with `lerobot`, named by `PRAIRIE_LEROBOT_PYTHON`.
#[test]
fn lerobot_reads_what_is_written() {
    let Some(python) = std::env::var_os("PRAIRIE_LEROBOT_PYTHON").map(PathBuf::from) else {
        println!("skipped: PRAIRIE_LEROBOT_PYTHON does not name a Python with lerobot");
        return;
    };
    // H.264 with pictures shown in another order than decoded; AV1.
    if let Some(videos) = sample("lerobot/aloha_sim_insertion_human/videos") {
        ask_lerobot(&python, &videos, &[0, 0], 50);
    }
    if let Some(videos) = sample("unitree-g1-inspire-lerobot-v21/videos/chunk-000/observation.images.cam_high") {
        ask_lerobot(&python, &videos, &[1, 3], 30);
    }
}
