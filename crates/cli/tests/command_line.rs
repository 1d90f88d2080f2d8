//! The command line as a whole process: exit codes, JSON, and what a kill leaves behind.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests make and damage files of their own")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples")
}

fn prairie(store: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_prairie"));
    command
        .env_remove("PRAIRIE_STORE")
        .env("HOME", store)
        .env("XDG_CONFIG_HOME", store)
        .arg("--store")
        .arg(store.join("store"));
    command
}

fn run(store: &Path, arguments: &[&str]) -> Output {
    prairie(store).args(arguments).output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn each_exit_code_means_what_the_help_says() {
    let dir = TempDir::new().unwrap();
    let whole = fs::read(samples().join("contact-cell.mcap")).unwrap();
    let cut = dir.path().join("cut.mcap");
    fs::write(&cut, &whole[..whole.len() / 3]).unwrap();
    let noise = dir.path().join("noise.bin");
    fs::write(&noise, b"no recording").unwrap();
    let (cut, noise) = (cut.to_str().unwrap(), noise.to_str().unwrap());
    let ingest = |paths: &[&str]| {
        let mut arguments = vec!["ingest", "--no-video", "--output-format", "json"];
        arguments.extend(paths);
        run(dir.path(), &arguments)
    };
    assert_eq!(run(dir.path(), &["ls"]).status.code(), Some(2), "there is no store yet");
    assert_eq!(ingest(&[cut]).status.code(), Some(3));
    let both = ingest(&[noise, cut]);
    assert_eq!(both.status.code(), Some(2), "a failure beats data loss");
    let report = json(&both);
    let codes: Vec<_> = report["recordings"].as_array().unwrap().iter().map(|one| one["exit"].clone()).collect();
    assert_eq!(codes, [2, 0], "what is there already is no new loss");
    assert_eq!(run(dir.path(), &["explain", "TIM003"]).status.code(), Some(0));
    assert_eq!(run(dir.path(), &["explain", "NOPE01"]).status.code(), Some(2));
    let error = String::from_utf8(run(dir.path(), &["show", "ffff"]).stderr).unwrap();
    assert!(error.starts_with("error: There is no episode `ffff`"), "{error}");
    assert!(error.contains("hint: `prairie ls`"), "{error}");
}

#[test]
fn papers_in_a_folder_do_not_fail_it() {
    let dir = TempDir::new().unwrap();
    let day = dir.path().join("day");
    fs::create_dir(&day).unwrap();
    fs::copy(samples().join("contact-cell.mcap"), day.join("run.mcap")).unwrap();
    for name in ["LICENSE", "README.md", "metadata.yaml", "notes.txt", "times.csv"] {
        fs::write(day.join(name), "Größe: 3\n").unwrap();
    }
    let run = |verb: &str, more: &[&str], path: &Path| {
        let mut arguments = vec![verb, "--no-video", path.to_str().unwrap()];
        arguments.extend(more);
        run(dir.path(), &arguments)
    };
    let as_json = ["--output-format", "json"];
    let passed = "note: passed over 5 files that are no recordings: ";
    for (verb, more) in [("ingest", &["--dry-run"][..]), ("ingest", &[]), ("check", &[])] {
        let output = run(verb, more, &day);
        assert_eq!(output.status.code(), Some(0), "{verb} {more:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(passed) && said.contains("day/LICENSE, ") && !said.contains("error"), "{verb}: {said}");
        let report = json(&run(verb, &[more, &as_json].concat(), &day));
        assert_eq!(report["passed_over_count"], 5, "{verb} {more:?}");
        assert_eq!(report["passed_over"].as_array().unwrap().len(), 5);
        if verb == "ingest" {
            assert_eq!(report["recordings"].as_array().unwrap().len(), 1);
        }
    }
    fs::write(day.join("empty.mcap"), "").unwrap();
    let report = json(&run("check", &as_json, &day));
    assert_eq!(report["failed"].as_array().unwrap().len(), 1, "{report}");
    assert_eq!(run("check", &[], &day.join("README.md")).status.code(), Some(2), "it was named");
    fs::remove_file(day.join("empty.mcap")).unwrap();
    fs::remove_file(day.join("run.mcap")).unwrap();
    assert_eq!(run("check", &[], &day).status.code(), Some(2), "there are only papers");
}

#[test]
fn tables_that_break_a_must_are_refused_and_a_should_is_a_warning() {
    let dir = TempDir::new().unwrap();
    let tested = |name: &str| {
        let folder = samples().join("../conformance/tables").join(name);
        let output = run(dir.path(), &["spec", "check", "--output-format", "json", folder.to_str().unwrap()]);
        (output.status.code(), json(&output))
    };
    let (code, good) = tested("good");
    assert_eq!(code, Some(0), "{good}");
    assert_eq!((&good["specification"], &good["problems"]), (&"prairie.episode/1".into(), &Value::Array(Vec::new())));
    assert!(good["files"].as_u64() > Some(10) && good["rows"].as_u64() > Some(50), "{good}");
    let (code, bad) = tested("segment_ends_first");
    assert_eq!(code, Some(1), "{bad}");
    let problem = &bad["problems"][0];
    assert_eq!((&problem["rule"], &problem["row"]), (&"segment_ends_first".into(), &3.into()));
    assert!(problem["text"].as_str().unwrap().starts_with("`end_ns` "), "{problem}");
    let (code, odd) = tested("segment_name");
    assert_eq!(code, Some(0), "{odd}");
    assert_eq!(odd["warnings"].as_array().unwrap().len(), 3);
}

#[test]
fn the_json_has_the_promised_shape() {
    let dir = TempDir::new().unwrap();
    let path = samples().join("contact-lerobot-v21");
    let report = json(&run(dir.path(), &["ingest", "--no-video", "--output-format", "json", path.to_str().unwrap()]));
    let recording = &report["recordings"][0];
    for key in ["id", "path", "sha256", "bytes", "format", "status", "error", "episodes", "messages", "frames"] {
        assert!(recording.get(key).is_some(), "`{key}` is missing: {recording}");
    }
    let messages = &recording["messages"];
    let count = |key: &str| messages[key].as_u64().unwrap();
    assert_eq!(count("in"), count("mapped") + count("unmapped") + count("undecodable"));
    let listed = json(&run(dir.path(), &["ls", "--output-format", "json"]));
    let episode = &listed["episodes"][0];
    for key in ["id", "recording", "task", "start_ns", "duration_s", "robot", "mode", "outcome", "decision", "streams"]
    {
        assert!(episode.get(key).is_some(), "`{key}` is missing: {episode}");
    }
    let id = episode["id"].as_str().unwrap();
    let shown = json(&run(dir.path(), &["show", "--output-format", "json", id]));
    for key in ["name", "kind", "rate_hz", "samples", "unit"] {
        assert!(shown["streams"][0].get(key).is_some(), "`{key}` is missing");
    }
    assert!(shown["dimensions"]["completeness"].is_string() && shown["findings"].is_array());
    let rows = json(&run(dir.path(), &["query", "--output-format", "json", "SELECT count(*) AS n FROM episodes"]));
    assert_eq!(rows[0]["n"], 2);
}

#[test]
fn a_killed_ingest_leaves_a_store_that_opens_and_a_rerun_that_completes() {
    let dir = TempDir::new().unwrap();
    let path = samples().join("contact-cell.mcap");
    let path = path.to_str().unwrap();
    // Pseudo-random moments over the length of an ingest; the 200 are run by hand.
    let rounds: u64 = std::env::var("PRAIRIE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    for round in 0..rounds {
        let mut child = prairie(dir.path()).args(["ingest", "--no-video", "--quiet", path]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis((round * 2_654_435_761 % 1500) + 5));
        drop(child.kill());
        child.wait().unwrap();
        let fsck = run(dir.path(), &["fsck", "--output-format", "json"]);
        // Before the first store there is nothing to look at.
        if dir.path().join("store/catalog.sqlite").is_file() && fsck.status.code() != Some(0) {
            panic!("round {round}: {}", String::from_utf8_lossy(&fsck.stdout));
        }
    }
    let done = json(&run(dir.path(), &["ingest", "--no-video", "--output-format", "json", path]));
    assert_eq!(done["recordings"][0]["episodes"].as_array().unwrap().len(), 3);
    let rows = json(&run(dir.path(), &["query", "--output-format", "json", "SELECT count(*) AS n FROM episodes"]));
    assert_eq!(rows[0]["n"], 3, "nothing is counted twice");
    assert_eq!(run(dir.path(), &["fsck", "--deep"]).status.code(), Some(0));
}
