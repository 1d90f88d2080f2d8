//! What we read of files that `h5py` wrote, against what `h5py` reads of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use prairie_model::NoteKind;
use serde_json::Value;

use crate::support::{self, Recording};

fn script(python: &Path, verb: &str, path: &Path) -> Result<String, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hdf5/peer.py");
    let folder = path.parent().expect("a folder");
    let output = Command::new(python).arg(script).arg(verb).arg(path).current_dir(folder).output();
    let output = output.expect("Python starts");
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{} {}", output.status, String::from_utf8_lossy(&output.stderr)))
}

/// Compares every channel of a recording with the dataset of its path. How many agreed, and what `h5py` alone reads.
pub(crate) fn compare(
    python: &Path,
    path: &Path,
    recording: &Recording,
    group: impl Fn(&str) -> String,
) -> Result<(usize, Vec<String>), String> {
    let theirs: BTreeMap<String, Value> = serde_json::from_str(&script(python, "dump", path)?).expect("JSON");
    let mut seen = Vec::new();
    for ((key, topic), got) in &recording.channels {
        let name = format!("{}{topic}", group(key));
        let Some(expected) = theirs.get(&name) else {
            // A link has no name of its own in `visititems`.
            continue;
        };
        seen.push(name.clone());
        if expected.get("error").is_some() {
            continue;
        }
        let channel = recording.plan.channels.iter().find(|channel| channel.topic == *topic).expect("a channel");
        assert_eq!(expected["rows"], got.rows, "{}: {name}", path.display());
        if channel.fields.is_some() {
            let ways = expected["ways"].as_array().expect("ways");
            assert!(ways.contains(&Value::from(got.digest())), "{}: {name} differs", path.display());
        }
    }
    let unseen = theirs.keys().filter(|name| !seen.contains(name)).cloned().collect();
    Ok((seen.len(), unseen))
}

/// What is no channel though `h5py` reads it, by the layout of the file.
fn may_be_left_out(layout: &str, name: &str) -> bool {
    match layout {
        "robomimic" => name.contains("/next_obs/") || name.starts_with("mask/"),
        "aloha" => name == "compress_len",
        "robomind" => name.starts_with("language_"),
        "agibot" => ["timestamp", "action/joint/index", "state/robot/velocity"].contains(&name),
        _ => false,
    }
}

#[test]
fn what_h5py_writes_is_read_as_it_reads_it() {
    let Some(python) = support::python() else {
        println!("skipped: PRAIRIE_PYTHON does not name a Python with h5py");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = std::env::var_os("PRAIRIE_HDF5_MADE").map_or_else(|| folder.path().join("made"), Into::into);
    if !path.exists() {
        fs::create_dir(&path).expect("a folder");
        script(&python, "make", &path).expect("files are made");
    }
    let mut files: Vec<_> =
        fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "h5"));
    assert!(files.len() >= 36);
    for file in files {
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        let layout = name.split('-').next().expect("a name").to_owned();
        let source = support::memory(fs::read(&file).expect("a file"));
        let recording = support::read(&source).unwrap_or_else(|error| panic!("{name}: {error}"));
        let group = |key: &str| match layout.as_str() {
            "robomimic" => format!("data/{key}/"),
            _ if key == "/" => String::new(),
            _ => format!("{key}/"),
        };
        let (agreed, unseen) = compare(&python, &file, &recording, group).expect("h5py reads its own files");
        let unseen: Vec<_> = unseen.iter().filter(|name| !may_be_left_out(&layout, name)).collect();
        println!("{name}: {agreed} datasets agree; {:?}", recording.texts());
        assert!(unseen.is_empty(), "{name}: {unseen:?} are not read");
        expect_notes(&layout, &recording);
    }
}

fn expect_notes(layout: &str, recording: &Recording) {
    let of = |kind: NoteKind| recording.kinds().iter().filter(|found| **found == kind).count();
    let attributes = |at: usize| &recording.plan.episodes[at].attributes;
    assert_eq!(of(NoteKind::Corrupt) + of(NoteKind::Truncated), 0, "{:?}", recording.texts());
    match layout {
        "types" => {
            assert_eq!(of(NoteKind::FileMissing), 2, "{:?}", recording.texts());
            assert_eq!(recording.opaque, 23, "references");
        }
        "layouts" => assert_eq!(recording.opaque, 2 * 23, "virtual and external"),
        "robomimic" => {
            let keys: Vec<_> = recording.plan.episodes.iter().map(|episode| episode.key.as_str()).collect();
            assert_eq!(keys, ["demo_0", "demo_1", "demo_2", "demo_10"]);
            assert_eq!(recording.plan.attributes["env_args.env_kwargs.control_freq"], "20");
            assert_eq!(recording.plan.channels[0].rate_hz, Some(20.0));
            assert_eq!(attributes(3)["mask"], "train");
            assert!(attributes(0)["next_obs"].starts_with("4 datasets"), "{:?}", attributes(0));
            assert_eq!(attributes(0)["model_file.length"], "9008");
            assert!(recording.notes.is_empty(), "{:?}", recording.texts());
        }
        "aloha" => assert_eq!(recording.texts(), ["the recording states no rate; rows are taken as 1/50 s apart"]),
        "robomind" => {
            assert_eq!(recording.plan.episodes[0].task.as_deref(), Some("put the cup on the plate"));
            let depth = recording.plan.channels.iter().find(|channel| channel.topic.contains("depth")).expect("depth");
            assert_eq!(depth.metadata["is_depth_map"], "true");
        }
        "agibot" => {
            assert!(recording.notes.is_empty(), "{:?}", recording.texts());
            let times = &recording.channels[&("/".to_owned(), "state/joint/position".to_owned())].times;
            assert_eq!(times[..3], [0, 33_333_333, 66_666_666]);
        }
        _ => {}
    }
}
