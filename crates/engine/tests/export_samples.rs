//! Recordings by others, exported for trainers and read back: the same numbers, and the same bytes or pixels of pictures.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests look at files of others")]
#![expect(clippy::print_stdout, reason = "it says what it skipped")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use prairie_engine::{Config, DatasetRecipe, Engine, ExportOptions, InspectOptions, Proof, Quiet};
use serde_json::Value;
use tempfile::TempDir;

type Row = BTreeMap<String, Value>;

fn sample(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples");
    let path = std::env::var_os("PRAIRIE_SAMPLES").map_or_else(beside, PathBuf::from).join(name);
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

fn store(dir: &Path, recording: &Path) -> Engine {
    let engine = Engine::create(&Config::at(dir)).unwrap();
    let inspect = InspectOptions::new(None, None, BTreeMap::new(), false).unwrap();
    let report = engine.ingest(&[recording.to_owned()], &inspect, &Quiet).unwrap();
    assert_eq!(report.recordings[0].error, None);
    engine
}

fn rows(engine: &Engine, sql: &str) -> Vec<Row> {
    let mut text = Vec::new();
    engine.query(sql, None).unwrap().write_json(&mut text).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// Exports all of a recording, and takes the export in again: the store it came from, that of the export, and the proof.
fn there_and_back(dir: &TempDir, recording: &Path, target: &str) -> (Engine, Engine, Proof) {
    let engine = store(&dir.path().join("store"), recording);
    let recipe =
        DatasetRecipe { split: vec![("train".to_owned(), 0.8), ("val".to_owned(), 0.2)], ..DatasetRecipe::new("true") };
    engine.create_dataset("all", &recipe).unwrap();
    let out = dir.path().join(target);
    let options = ExportOptions { target: target.to_owned(), ..ExportOptions::default() };
    let proof = engine.export("all", &out, &options, &Quiet).unwrap();
    for video in &proof.videos {
        assert_eq!(video.source_frames, video.exported + video.repeated + video.dropped, "{video:?}");
    }
    let back = store(&dir.path().join("back"), &out);
    let episodes = |engine: &Engine| rows(engine, "SELECT episode_id FROM episodes").len();
    assert_eq!((episodes(&back), proof.episodes.len()), (episodes(&engine), episodes(&engine)), "{:?}", proof.left_out);
    (engine, back, proof)
}

/// What the episodes of a stream hold, whatever their order: of each its values one after the other.
fn contents(
    engine: &Engine,
    table: &str,
    column: &str,
    stream: &str,
    each: impl Fn(&Value) -> String,
) -> BTreeSet<Vec<String>> {
    let sql = format!(
        "SELECT episode_id, {column} AS value FROM {table} WHERE stream = '{stream}' ORDER BY episode_id, t_ns"
    );
    let mut episodes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows(engine, &sql) {
        episodes.entry(row["episode_id"].to_string()).or_default().push(each(&row["value"]));
    }
    assert!(!episodes.is_empty(), "no `{stream}`");
    episodes.into_values().collect()
}

/// Numbers as 32 bits hold them.
fn rounded(value: &Value) -> String {
    let numbers = value.as_array().unwrap().iter();
    numbers.map(|number| format!("{:?} ", number.as_f64().unwrap() as f32)).collect()
}

#[test]
fn records_of_a_real_data_set_come_back_as_they_were() {
    let Some(recording) = sample("octo-bridge-rlds") else { return };
    let recording = recording.join("1.0.0");
    let dir = TempDir::new().unwrap();
    let (engine, back, proof) = there_and_back(&dir, &recording, "rlds");
    assert_eq!((proof.rows, proof.videos.len()), (250, 3));
    for video in &proof.videos {
        assert_eq!((video.how.as_str(), video.exported, video.source_frames), ("copied", 250, 250), "{video:?}");
        let name = &video.stream;
        let frames = |engine: &Engine| contents(engine, "frames", "sha256", name, Value::to_string);
        assert_eq!(frames(&engine), frames(&back), "{name}");
    }
    let numbers = |engine: &Engine| contents(engine, "action", "value", "action", rounded);
    assert_eq!(numbers(&engine), numbers(&back));
    let tasks = |engine: &Engine| -> BTreeSet<String> {
        rows(engine, "SELECT task FROM episodes").iter().map(|row| row["task"].to_string()).collect()
    };
    assert_eq!(tasks(&engine), tasks(&back));
    let splits: BTreeSet<_> = proof.files.keys().filter(|name| name.contains(".tfrecord")).cloned().collect();
    let expected = ["train", "val"].map(|split| format!("all/1.0.0/all-{split}.tfrecord-00000-of-00001"));
    assert_eq!(splits, expected.into());
}

#[test]
fn demonstrations_in_hdf5_come_back_as_they_were() {
    let Some(recording) = sample("robosuite-1.0.1/lift-panda/demo.hdf5") else { return };
    let dir = TempDir::new().unwrap();
    let (engine, back, proof) = there_and_back(&dir, &recording, "robomimic");
    let names: BTreeSet<_> = proof.features.iter().map(|feature| feature.feature.as_str()).collect();
    assert!(names.contains("action") && names.contains("observation.states"), "{names:?}");
    let [action] = &proof.features.iter().filter(|feature| feature.feature == "action").collect::<Vec<_>>()[..] else {
        panic!("{names:?}")
    };
    let numbers = |engine: &Engine, stream: &str| contents(engine, "action", "value", stream, rounded);
    assert_eq!(numbers(&engine, &action.streams[0]), numbers(&back, "actions"));
    let states = |engine: &Engine| contents(engine, "vector", "value", "states", rounded);
    assert_eq!(states(&engine), states(&back));
    let files: Vec<_> =
        fs::read_dir(dir.path().join("robomimic")).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files.len(), 2, "{files:?}");
}
