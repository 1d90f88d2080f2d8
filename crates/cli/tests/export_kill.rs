//! An export that is killed leaves nothing under its name, and the next one clears up after it.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests make and read files of their own")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use prairie_model::Hash256;
use serde_json::Value;
use tempfile::TempDir;

const KILLS: u32 = 24;

fn prairie(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_prairie"));
    command.env_remove("PRAIRIE_STORE").env("HOME", home).env("XDG_CONFIG_HOME", home);
    command.arg("--store").arg(home.join("store")).arg("--quiet").stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Every file that the proof names is there with its hash, and there is no other.
fn is_whole(out: &Path) -> usize {
    let proof: Value = serde_json::from_slice(&fs::read(out.join("prairie-proof.json")).unwrap()).unwrap();
    let named = proof["files"].as_object().unwrap();
    let mut found = 0;
    let mut folders = vec![out.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(out).unwrap().display().to_string();
            if name != "prairie-proof.json" {
                let hash = Hash256::of(&fs::read(&path).unwrap()).to_string();
                assert_eq!(named[&name].as_str(), Some(hash.as_str()), "`{name}` is what the proof says");
                found += 1;
            }
        }
    }
    assert_eq!(found, named.len());
    found
}

#[test]
fn a_killed_export_leaves_no_half_dataset() {
    let dir = TempDir::new().unwrap();
    let home = dir.path();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    run(prairie(home).arg("ingest").arg(samples.join("contact-lerobot-v21")).arg("--no-video"));
    run(prairie(home).args(["dataset", "create", "all", "--where", "true"]));
    // The last quarter of an export syncs, hashes and renames: half of the kills go there.
    let begun = Instant::now();
    run(prairie(home).args(["export", "all"]).arg(home.join("first")));
    let whole = begun.elapsed();
    let files = is_whole(&home.join("first"));
    let (mut killed, mut finished) = (0, 0);
    for at in 0..KILLS {
        let share =
            if at % 2 == 0 { f64::from(at) / f64::from(KILLS) } else { 0.75 + 0.35 * f64::from(at) / f64::from(KILLS) };
        let out = home.join("out");
        let mut child = prairie(home).args(["export", "all"]).arg(&out).spawn().unwrap();
        std::thread::sleep(Duration::from_secs_f64(whole.as_secs_f64() * share));
        child.kill().unwrap();
        child.wait().unwrap();
        if out.exists() {
            assert_eq!(is_whole(&out), files, "killed after {share:.2} of an export");
            fs::remove_dir_all(&out).unwrap();
            finished += 1;
        } else {
            killed += 1;
        }
    }
    println!("{killed} exports were killed before their end, {finished} after");
    assert!(killed > 0, "no kill hit an export");
    run(prairie(home).args(["export", "all"]).arg(home.join("out")));
    assert_eq!(is_whole(&home.join("out")), files);
    let left: Vec<_> = fs::read_dir(home).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().ends_with(".partial")), "{left:?}");
}
