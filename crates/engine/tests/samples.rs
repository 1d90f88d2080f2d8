//! Recordings by others, through the engine: every file is taken or refused with a reason, every message is accounted for, and
//! independent readers count and read the same.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests look at files of others")]
#![expect(clippy::print_stdout, reason = "it says what it skipped")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use arrow::array::{Array, AsArray, Float64Array};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use prairie_engine::{Config, Engine, IngestReport, InspectOptions, Quiet, RecordingReport, Status};
use prairie_model::ReadOptions;
use prairie_store::PathSource;
use serde_json::Value;
use tempfile::TempDir;

/// The recordings by others; `None`, and told, where they are absent.
fn samples() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples");
    let folder = std::env::var_os("PRAIRIE_SAMPLES").map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder.canonicalize().unwrap());
    }
    println!("skipped: recordings by others, since `{}` is not there", folder.display());
    None
}

/// A store into which the whole folder was ingested in one call, made once. Pictures are not decoded: that takes minutes.
fn ingested() -> Option<&'static (TempDir, Engine, IngestReport, PathBuf)> {
    static STORE: OnceLock<Option<(TempDir, Engine, IngestReport, PathBuf)>> = OnceLock::new();
    STORE
        .get_or_init(|| {
            let samples = samples()?;
            let dir = TempDir::new().unwrap();
            let engine = Engine::create(&Config::at(dir.path().join("store"))).unwrap();
            let options = InspectOptions::new(None, None, BTreeMap::new(), false).unwrap();
            let report = engine.ingest(std::slice::from_ref(&samples), &options, &Quiet).unwrap();
            Some((dir, engine, report, samples))
        })
        .as_ref()
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}

fn rows(engine: &Engine, sql: &str) -> Vec<BTreeMap<String, Value>> {
    let mut text = Vec::new();
    engine.query(sql, None).unwrap().write_json(&mut text).unwrap();
    serde_json::from_slice(&text).unwrap()
}

#[test]
fn every_file_is_taken_or_refused_with_a_reason() {
    let Some((_, engine, report, samples)) = ingested() else { return };
    let by_path: BTreeMap<_, _> = report.recordings.iter().map(|one| (PathBuf::from(&one.path), one)).collect();
    let mut files = Vec::new();
    files_below(samples, &mut files);
    let passed: BTreeSet<_> = report.passed_over.paths.iter().map(PathBuf::from).collect();
    assert_eq!(passed.len() as u64, report.passed_over.count, "all of them fit the report");
    let (mut taken, mut refused) = (0, BTreeMap::new());
    for file in &files {
        let one = file.ancestors().find_map(|path| by_path.get(path));
        assert!(one.is_some() != passed.contains(file), "`{}` is told once", file.display());
        let Some(one) = one else { continue };
        match (one.status, &one.error) {
            (Status::Failed, Some(error)) => {
                assert_eq!(one.exit, 2, "{error}");
                assert!(!error.contains("defect of Prairie") && error.len() > 20, "{error}");
                *refused.entry(error.rsplit("` is ").next().unwrap().to_owned()).or_insert(0) += 1;
            }
            (Status::Ingested | Status::Already, None) => taken += 1,
            _ => panic!("`{}`: {:?} with {:?}", file.display(), one.status, one.error),
        }
    }
    println!("{taken} files taken, {} passed over; refused: {refused:#?}", passed.len());
    // Formats of which every file is valid here, but one that is hostile.
    for file in &files {
        let name = file.display().to_string();
        let is = |end: &str| name.ends_with(end);
        let Some(one) = file.ancestors().find_map(|path| by_path.get(path)) else {
            let recordings = [".arrow", ".bag", ".bin", ".db3", ".h5", ".hdf5", ".mcap", ".mp4", ".parquet", ".zstd"];
            assert!(!recordings.iter().any(|end| is(end)) && !name.contains(".tfrecord"), "{name}");
            continue;
        };
        if is(".mcap") || is(".bag") || is(".db3") {
            assert!(one.complete, "{name} is whole");
        }
        let read = [".arrow", ".bag", ".db3", ".h5", ".hdf5", ".mcap", ".parquet"];
        if read.iter().any(|end| is(end)) || name.contains(".tfrecord") {
            assert_eq!(one.status == Status::Failed, is("bad_chunk_ndims.h5"), "{name}: {:?}", one.error);
        }
    }
    let store = rows(engine, "SELECT count(*) AS n FROM episodes WHERE messages <> mapped + unmapped + undecodable");
    assert_eq!(store[0]["n"], 0);
}

#[test]
fn every_message_is_accounted_for() {
    let Some((_, engine, report, _)) = ingested() else { return };
    let mut messages = 0;
    for one in report.recordings.iter().filter(|one| one.status != Status::Failed) {
        let counts = one.messages;
        messages += counts.total;
        assert_eq!(counts.total, counts.mapped + counts.unmapped + counts.undecodable, "{}", one.path);
        let unmapped: u64 = one.unmapped.values().map(|(_, messages)| messages).sum();
        if one.status == Status::Ingested {
            assert_eq!(unmapped, counts.unmapped, "{}: {:?}", one.path, one.unmapped);
        }
    }
    assert!(messages > 0);
    // What `streams` promises is what the tables of the kinds hold.
    let kinds = rows(engine, "SELECT kind, sum(samples) AS samples FROM streams GROUP BY kind");
    let frames = ["image", "depth", "point_cloud", "scan", "audio"];
    for row in &kinds {
        let kind = row["kind"].as_str().unwrap();
        if frames.contains(&kind) {
            continue;
        }
        let held = rows(engine, &format!("SELECT count(*) AS n FROM {kind}"));
        assert_eq!(held[0]["n"], row["samples"], "{kind}");
    }
}

/// Counts messages per topic with PyPI `mcap`, from the records alone, and with `rosbags` where a folder is a bag.
const COUNT: &str = r#"
import json, pathlib, sys
from mcap.records import Channel, Message
from mcap.stream_reader import StreamReader
from rosbags.rosbag2 import Reader

said = {}
for path in map(pathlib.Path, sys.stdin.read().splitlines()):
    topics, counts = {}, {}
    try:
        if path.is_dir():
            with Reader(path) as bag:
                for connection, _, _ in bag.messages():
                    counts[connection.topic] = counts.get(connection.topic, 0) + 1
                # It hands over no message of two small bags, though it counts them in the index.
                if not counts:
                    for connection in bag.connections:
                        if connection.msgcount:
                            counts[connection.topic] = counts.get(connection.topic, 0) + connection.msgcount
        else:
            with open(path, "rb") as file:
                for record in StreamReader(file).records:
                    if isinstance(record, Channel):
                        topics[record.id] = record.topic
                    elif isinstance(record, Message):
                        topic = topics[record.channel_id]
                        counts[topic] = counts.get(topic, 0) + 1
        said[str(path)] = counts
    except Exception as error:
        said[str(path)] = {"error": f"{type(error).__name__}: {error}"}
print(json.dumps(said))
"#;

fn count_with_python(paths: &[PathBuf]) -> Option<BTreeMap<String, BTreeMap<String, Value>>> {
    let Some(python) = std::env::var_os("PRAIRIE_PYTHON") else {
        println!("skipped: counts of independent readers, since PRAIRIE_PYTHON is not set");
        return None;
    };
    let dir = TempDir::new().unwrap();
    let list = dir.path().join("paths");
    let text: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
    fs::write(&list, text.join("\n")).unwrap();
    let output = Command::new(python).args(["-c", COUNT]).stdin(File::open(&list).unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// Messages per topic as Prairie's reader counts them.
fn count_with_prairie(path: &Path) -> BTreeMap<String, u64> {
    let source = PathSource::open(path).unwrap();
    let options = ReadOptions { inline: prairie_standardize::inline(), ..ReadOptions::default() };
    let reader = prairie_formats::sniff(&source).unwrap();
    let plan = reader.plan(&source, &options).unwrap();
    let mut topics: BTreeMap<_, _> = plan.channels.iter().map(|one| (one.id, one.topic.clone())).collect();
    let summary = reader.read(&source, &plan, &options, &mut |event| {
        if let prairie_model::ReadEvent::Channel(channel) = event {
            topics.insert(channel.id, channel.topic.clone());
        }
        ControlFlow::Continue(())
    });
    let mut counts = BTreeMap::new();
    for (channel, tally) in summary.unwrap().channels.iter().filter(|(_, tally)| tally.messages > 0) {
        *counts.entry(topics[channel].clone()).or_insert(0) += tally.messages;
    }
    counts
}

#[test]
fn independent_readers_count_the_same() {
    let Some((_, _, report, samples)) = ingested() else { return };
    let is_mcap = |one: &&RecordingReport| one.format.as_deref() == Some("mcap");
    let mut paths = Vec::new();
    files_below(samples, &mut paths);
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "mcap"));
    let bags: BTreeSet<_> =
        paths.iter().filter_map(|path| path.parent()).filter(|folder| folder.join("metadata.yaml").is_file()).collect();
    let bags: Vec<_> = bags.into_iter().map(Path::to_owned).collect();
    paths.extend(bags);
    let Some(said) = count_with_python(&paths) else { return };
    let totals: BTreeMap<_, _> =
        report.recordings.iter().filter(is_mcap).map(|one| (one.path.as_str(), one.messages.total)).collect();
    let (mut compared, mut messages) = (0, 0);
    for path in &paths {
        let name = path.display().to_string();
        let theirs = &said[&name];
        if let Some(error) = theirs.get("error").filter(|error| error.is_string()) {
            panic!("`{name}`: the independent reader fails: {error}");
        }
        let theirs: BTreeMap<_, _> =
            theirs.iter().map(|(topic, count)| (topic.clone(), count.as_u64().unwrap())).collect();
        assert_eq!(count_with_prairie(path), theirs, "{name}");
        let total: u64 = theirs.values().sum();
        if let Some(ingested) = totals.get(name.as_str()) {
            assert_eq!(*ingested, total, "{name}: what was ingested");
        }
        compared += 1;
        messages += total;
    }
    println!("{messages} messages in {compared} files and folders agree");
    assert!(compared > 100 && messages > 10_000);
}

/// The lists in a column of one Parquet file, as the file has them.
fn parquet_lists(path: &Path, column: &str) -> Option<Vec<Vec<f64>>> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
    let mut all = Vec::new();
    for batch in reader {
        let batch = batch.unwrap();
        let values = batch.column_by_name(column)?;
        let values = match values.data_type() {
            DataType::FixedSizeList(field, _) | DataType::List(field) => {
                let list = DataType::List(field.clone().as_ref().clone().with_data_type(DataType::Float64).into());
                cast(values, &list).unwrap()
            }
            _ => return None,
        };
        let lists = values.as_list::<i32>();
        all.extend((0..lists.len()).map(|row| {
            let row: Float64Array = lists.value(row).as_primitive().clone();
            row.values().to_vec()
        }));
    }
    Some(all)
}

#[test]
fn lerobot_folders_have_the_values_of_their_tables() {
    let Some((_, engine, report, samples)) = ingested() else { return };
    let mut compared = 0;
    for (folder, episodes, file) in [
        ("unitree-g1-inspire-lerobot-v21", 60, "data/chunk-000/episode_{}.parquet"),
        ("ioai-lerobot-fixtures/lerobotv2", 2, "data/chunk-000/episode_{}.parquet"),
        ("ioai-lerobot-fixtures/lerobotv2-image", 2, "data/chunk-000/episode_{}.parquet"),
    ] {
        let path = samples.join(folder);
        let one = report.recordings.iter().find(|one| Path::new(&one.path) == path).unwrap();
        assert_eq!((one.status, one.format.as_deref()), (Status::Ingested, Some("lerobot")), "{:?}", one.error);
        assert_eq!(one.episodes.len(), episodes, "{folder}");
        let of = format!("recording_id = '{}'", one.id.unwrap());
        let known = rows(engine, &format!("SELECT episode_id, key FROM episodes WHERE {of} ORDER BY key"));
        assert_eq!(known.len(), episodes);
        for row in known.iter().step_by(7) {
            let (id, key) = (row["episode_id"].as_str().unwrap(), row["key"].as_str().unwrap());
            let digits: String = key.chars().filter(char::is_ascii_digit).collect();
            let table = path.join(file.replace("{}", &format!("{:0>6}", digits)));
            let streams = format!("SELECT stream, kind, samples FROM streams WHERE episode_id = '{id}'");
            for stream in rows(engine, &streams) {
                let (name, kind) = (stream["stream"].as_str().unwrap(), stream["kind"].as_str().unwrap());
                let column = match kind {
                    "joint_state" => "position",
                    "action" | "vector" => "value",
                    _ => continue,
                };
                let Some(expected) = parquet_lists(&table, name) else { continue };
                let sql = format!(
                    "SELECT {column} AS v FROM {kind} WHERE episode_id = '{id}' AND stream = '{name}' ORDER BY t_ns"
                );
                let values: Vec<Vec<f64>> = rows(engine, &sql)
                    .into_iter()
                    .map(|mut row| serde_json::from_value(row.remove("v").unwrap()).unwrap())
                    .collect();
                // Those of the table have 32 bits; reading JSON rounds the last of the 64.
                let same = |one: &Vec<f64>, other: &Vec<f64>| {
                    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| *one as f32 == *other as f32)
                };
                assert_eq!(values.len(), expected.len(), "{folder} {key} {name}");
                let differ = values.iter().zip(&expected).position(|(one, other)| !same(one, other));
                assert_eq!(differ, None, "{folder} {key} {name}");
                compared += values.len();
            }
        }
    }
    println!("{compared} rows of LeRobot tables agree");
    assert!(compared > 5_000, "{compared}");
}
