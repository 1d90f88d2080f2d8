//! Several recordings as one dataset: what was merged is what its sources were, episode by episode.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests make and read files of their own")]

mod half;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use prairie_engine::{ActionForm, Config, DatasetRecipe, Engine, ExportOptions, InspectOptions, Proof, Quiet};
use serde_json::{Value, json};
use tempfile::TempDir;

type Row = BTreeMap<String, Value>;

fn rows(engine: &Engine, sql: &str) -> Vec<Row> {
    let mut text = Vec::new();
    engine.query(sql, None).unwrap().write_json(&mut text).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn store(dir: &Path, recordings: &[std::path::PathBuf]) -> Engine {
    let engine = Engine::create(&Config::at(dir.to_owned())).unwrap();
    let inspect = InspectOptions::new(None, None, BTreeMap::new(), false).unwrap();
    let report = engine.ingest(recordings, &inspect, &Quiet).unwrap();
    assert!(report.recordings.iter().all(|recording| recording.error.is_none()));
    engine
}

fn halves(dir: &TempDir) -> Engine {
    let halves = [0, 1].map(|episode| half::of_sample(&dir.path().join(format!("half{episode}")), episode));
    store(&dir.path().join("store"), &halves)
}

fn to(target: &str) -> ExportOptions {
    ExportOptions { target: target.to_owned(), ..ExportOptions::default() }
}

/// Everything that a store holds of the episode of a task: what is not about where it lies.
fn content(engine: &Engine, task: &str) -> Vec<Row> {
    let of = format!("episode_id IN (SELECT episode_id FROM episodes WHERE task = '{task}')");
    let mut all = Vec::new();
    for (table, columns) in
        [("action", "value"), ("joint_state", "position"), ("scalar", "value"), ("frames", "sha256, key_frame")]
    {
        let sql =
            format!("SELECT '{table}' AS kind, stream, t_ns, {columns} FROM {table} WHERE {of} ORDER BY stream, t_ns");
        all.extend(rows(engine, &sql));
    }
    all
}

fn lines(path: &Path) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Ranges of the rows of each episode, and the task of each, as the rows themselves have them.
fn check_indexes(back: &Engine, proof: &Proof) {
    let facts = rows(back, "SELECT key, task, ordinal FROM episodes ORDER BY ordinal");
    assert_eq!(facts.len(), proof.episodes.len());
    for (ordinal, fact) in facts.iter().enumerate() {
        assert_eq!(fact["ordinal"], json!(ordinal));
    }
    let findings = rows(back, "SELECT code, message FROM findings WHERE code LIKE 'FMT%'");
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn merged_datasets_are_what_their_sources_were() {
    let dir = TempDir::new().unwrap();
    let engine = halves(&dir);
    engine.create_dataset("all", &DatasetRecipe::new("true")).unwrap();
    for target in ["lerobot-v3", "lerobot-v2.1"] {
        let out = dir.path().join(target);
        let proof = engine.export("all", &out, &to(target), &Quiet).unwrap();
        assert_eq!((proof.episodes.len(), proof.rows), (2, 666), "{:?}", proof.left_out);
        assert!(proof.videos.iter().all(|video| video.how == "remuxed" && video.exported == 666), "{:?}", proof.videos);
        let back = store(&dir.path().join(format!("back-{target}")), std::slice::from_ref(&out));
        check_indexes(&back, &proof);
        for task in half::TASKS {
            let (before, after) = (content(&engine, task), content(&back, task));
            assert!(before.len() > 1000, "{target}: {task}: {}", before.len());
            assert_eq!(before, after, "{target}: {task}");
        }
        let stats: Value = serde_json::from_slice(&fs::read(out.join("meta/stats.json")).unwrap()).unwrap();
        let action = proof.features.iter().find(|feature| feature.feature == "action").unwrap();
        for (stated, mean) in stats["action"]["mean"].as_array().unwrap().iter().zip(&action.mean) {
            assert!((stated.as_f64().unwrap() - mean).abs() < 1e-9, "{stats:?}");
        }
        assert_eq!(stats["task_index"]["max"], json!([1.0]));
    }
    let tasks: Vec<_> = lines(&dir.path().join("lerobot-v2.1/meta/tasks.jsonl"));
    assert_eq!(tasks.iter().map(|line| line["task_index"].as_u64().unwrap()).collect::<Vec<_>>(), [0, 1]);
    for (line, stats) in lines(&dir.path().join("lerobot-v2.1/meta/episodes.jsonl"))
        .iter()
        .zip(lines(&dir.path().join("lerobot-v2.1/meta/episodes_stats.jsonl")))
    {
        assert_eq!((&line["length"], &line["episode_index"]), (&json!(333), &stats["episode_index"]));
        let task = tasks.iter().find(|task| task["task"] == line["tasks"][0]).unwrap();
        let index = task["task_index"].as_f64().unwrap();
        assert_eq!(stats["stats"]["task_index"]["mean"], json!([index]));
    }
}

#[test]
fn parts_of_a_split_are_ranges_of_episodes() {
    let dir = TempDir::new().unwrap();
    let engine = halves(&dir);
    let split = vec![("test".to_owned(), 0.5), ("train".to_owned(), 0.5)];
    engine.create_dataset("all", &DatasetRecipe { split, ..DatasetRecipe::new("true") }).unwrap();
    let out = dir.path().join("out");
    let proof = engine.export("all", &out, &to("lerobot-v3"), &Quiet).unwrap();
    let parts: Vec<_> = proof.episodes.iter().map(|episode| episode.split.as_str()).collect();
    let info: Value = serde_json::from_slice(&fs::read(out.join("meta/info.json")).unwrap()).unwrap();
    let mut first = 0;
    let mut ranges = serde_json::Map::new();
    for part in ["test", "train"] {
        let count = parts.iter().filter(|other| **other == part).count();
        if count > 0 {
            ranges.insert(part.to_owned(), json!(format!("{first}:{}", first + count)));
        }
        first += count;
    }
    assert_eq!((first, &info["splits"]), (2, &Value::Object(ranges)), "{parts:?}");
    assert!(parts.is_sorted(), "{parts:?}");
}

#[test]
fn what_differs_is_told() {
    let dir = TempDir::new().unwrap();
    let [one, two] = [0, 1].map(|episode| half::of_sample(&dir.path().join(format!("half{episode}")), episode));
    let path = two.join("meta/info.json");
    let mut info: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    info["features"]["action"]["names"][2] = json!("elbow");
    info["robot_type"] = json!("another");
    fs::write(&path, info.to_string()).unwrap();
    let engine = store(&dir.path().join("store"), &[one, two]);
    engine.create_dataset("all", &DatasetRecipe::new("true")).unwrap();
    let error = engine.export("all", &dir.path().join("out"), &to("lerobot-v2.1"), &Quiet).unwrap_err();
    let text = error.to_string();
    assert!(error.is_refusal());
    for part in ["`action` has", "number 3 is `elbow` in 1", "number 3 is `joint_3` in 1"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // Of several robots, none is that of the dataset.
    let common = ExportOptions { streams: vec!["observation.state".to_owned()], ..to("lerobot-v2.1") };
    let proof = engine.export("all", &dir.path().join("common"), &common, &Quiet).unwrap();
    assert!(proof.left_out.iter().any(|line| line.contains("another, prairie_arm_6")), "{:?}", proof.left_out);
    let info = fs::read(dir.path().join("common/meta/info.json")).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&info).unwrap()["robot_type"], Value::Null);
}

#[test]
fn commands_become_what_they_add_to_the_state() {
    let dir = TempDir::new().unwrap();
    let engine = halves(&dir);
    engine.create_dataset("all", &DatasetRecipe::new("true")).unwrap();
    let options =
        ExportOptions { action: ActionForm::Delta, size: Some("160x120".parse().unwrap()), ..to("lerobot-v2.1") };
    let out = dir.path().join("out");
    let proof = engine.export("all", &out, &options, &Quiet).unwrap();
    let action = proof.features.iter().find(|feature| feature.feature == "action").unwrap();
    let converted = action.converted.as_ref().unwrap();
    assert_eq!(converted.formula.as_deref(), Some("action - observation.state"));
    assert!(converted.assumed_absolute, "the sample does not say what its commands are");
    let written: Value = serde_json::from_slice(&fs::read(out.join("prairie-proof.json")).unwrap()).unwrap();
    assert_eq!((&written["options"]["size"], &written["options"]["action"]), (&json!("160x120"), &json!("delta")));
    assert!(proof.videos.iter().all(|video| video.how == "encoded"), "{:?}", proof.videos);
    let back = store(&dir.path().join("back"), &[out]);
    for picture in rows(&back, "SELECT width, height FROM streams WHERE kind = 'image'") {
        assert_eq!((&picture["width"], &picture["height"]), (&json!(160), &json!(120)));
    }
    let numbers = |engine: &Engine, table: &str, column: &str, stream: &str, task: &str| -> Vec<Vec<f64>> {
        let of = format!("episode_id IN (SELECT episode_id FROM episodes WHERE task = '{task}')");
        let sql = format!("SELECT {column} AS v FROM {table} WHERE stream = '{stream}' AND {of} ORDER BY t_ns");
        let list = |row: &Row| row["v"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
        rows(engine, &sql).iter().map(list).collect()
    };
    for task in half::TASKS {
        let action = numbers(&engine, "action", "value", "action", task);
        let state = numbers(&engine, "joint_state", "position", "observation.state", task);
        let delta = numbers(&back, "action", "value", "action", task);
        assert_eq!((delta.len(), action.len(), state.len()), (333, 333, 333));
        let mut moved = false;
        for ((action, state), delta) in action.iter().flatten().zip(state.iter().flatten()).zip(delta.iter().flatten())
        {
            // Stored in 32 bits, and printed on the way here.
            assert!((delta - (action - state)).abs() < 1e-7, "{delta} {action} {state}");
            moved |= delta.abs() > 1e-3;
        }
        assert!(moved, "the sample commands something");
    }
    // Without the state there is nothing to compare with.
    let alone = ExportOptions { streams: vec!["action".to_owned()], ..options.clone() };
    let error = engine.export("all", &dir.path().join("alone"), &alone, &Quiet).unwrap_err().to_string();
    assert!(error.contains("`observation.state`, which it does not have"), "{error}");
    // Forms that keep every number refuse to compute one.
    for target in ["mcap", "parquet"] {
        let options = ExportOptions { target: target.to_owned(), size: None, ..options.clone() };
        let error = engine.export("all", &dir.path().join("none"), &options, &Quiet).unwrap_err();
        assert!(format!("{error:?}").contains("another form of commands"), "{error:?}");
    }
}
