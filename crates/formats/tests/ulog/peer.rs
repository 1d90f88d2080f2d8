//! The reader against `pyulog`: a log of the tests, and those in `ulog` of the folder of samples.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use prairie_model::Hash256;
use serde_json::Value;

use crate::support::{Log, read, source};

#[test]
fn what_pyulog_reads_is_read() {
    let Some(python) = env::var_os("PRAIRIE_PYTHON") else {
        println!("skipped: PRAIRIE_PYTHON does not name a Python with pyulog");
        return;
    };
    if !Command::new(&python).args(["-c", "import pyulog"]).output().is_ok_and(|output| output.status.success()) {
        println!("skipped: the Python of PRAIRIE_PYTHON has no pyulog");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("ours.ulg"), &Log::sample().0).expect("a file");
    let samples = env::var_os("PRAIRIE_SAMPLES").map(|samples| PathBuf::from(samples).join("ulog"));
    for entry in samples.and_then(|samples| std::fs::read_dir(samples).ok()).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        if path.extension().is_some_and(|extension| extension == "ulg")
            && std::fs::metadata(&path).is_ok_and(|it| it.len() > 0)
        {
            std::fs::copy(&path, folder.path().join(name)).expect("a copy");
        }
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ulog/peer.py");
    let output = Command::new(&python).arg(script).arg(folder.path()).output().expect("Python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut names: Vec<_> =
        std::fs::read_dir(folder.path()).expect("a folder").map(|it| it.expect("a file").path()).collect();
    names.sort();
    for log in names.iter().filter(|path| path.extension().is_some_and(|extension| extension == "ulg")) {
        compare(log);
    }
}

fn compare(log: &Path) {
    let name = log.file_name().expect("a name").to_string_lossy().into_owned();
    let told = std::fs::read(log.with_extension("json")).expect("a file");
    let told: Value = serde_json::from_slice(&told).expect("JSON");
    let recording = read(&source(std::fs::read(log).expect("a file"))).expect("a log");
    let members = told["members"].as_object().expect("members");
    let ours: BTreeMap<String, (u64, String)> = recording
        .numbers
        .iter()
        .filter(|((topic, _), _)| topic != "dropouts")
        .map(|((topic, path), numbers)| {
            let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
            (format!("{topic} {path}"), (numbers.len() as u64, Hash256::of(&bytes).to_string()))
        })
        .collect();
    let theirs: BTreeMap<String, (u64, String)> = members
        .iter()
        .map(|(key, it)| (key.clone(), (it[0].as_u64().expect("a count"), it[1].as_str().expect("a hash").to_owned())))
        .filter(|(_, (count, _))| *count > 0)
        .collect();
    for (key, value) in &theirs {
        assert_eq!(ours.get(key), Some(value), "{name} {key}");
    }
    assert_eq!(ours.len(), theirs.len(), "{name}");
    for (level, lines) in told["texts"].as_object().expect("texts") {
        let lines: Vec<&str> = lines.as_array().expect("lines").iter().filter_map(Value::as_str).collect();
        assert_eq!(recording.texts(&format!("logged_messages/{level}"), "text"), lines, "{name} {level}");
    }
    for (key, value) in told["info"].as_object().expect("info") {
        assert_eq!(Some(recording.attributes[&format!("info.{key}")].as_str()), value.as_str(), "{name} {key}");
    }
    for (key, value) in told["parameters"].as_object().expect("parameters") {
        let ours: f64 = recording.attributes[&format!("parameter.{key}")].parse().expect("a number");
        let theirs = value.as_f64().expect("a number");
        assert!(ours as f32 == theirs as f32 || (ours.is_nan() && theirs.is_nan()), "{name} {key}: {ours} {theirs}");
    }
    let changes = recording.texts("parameter_changes", "text");
    let changed: Vec<&str> = changes.iter().filter_map(|text| text.split(" = ").next()).collect();
    let theirs: Vec<&str> = told["changes"].as_array().expect("changes").iter().filter_map(Value::as_str).collect();
    assert_eq!(changed, theirs, "{name}");
    let dropouts: Vec<f64> = told["dropouts"].as_array().expect("dropouts").iter().filter_map(Value::as_f64).collect();
    assert_eq!(recording.numbers("dropouts", "value[0]"), dropouts, "{name}");
    println!(
        "{name}: {} members, {} texts, {} parameters, {} changes, {} dropouts are alike; notes {:?}",
        ours.len(),
        told["texts"].as_object().map_or(0, serde_json::Map::len),
        told["parameters"].as_object().map_or(0, serde_json::Map::len),
        changed.len(),
        dropouts.len(),
        recording.notes.iter().map(|note| note.text.as_str()).collect::<Vec<_>>()
    );
}
