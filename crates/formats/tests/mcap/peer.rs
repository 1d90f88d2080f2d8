//! The reader and the writer against those of the Python package `mcap`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use prairie_formats::mcap::WriterOptions;
use prairie_model::Compression;
use serde_json::{Value, json};

use crate::round_trip::{Message, expected, write};
use crate::support::{Got, read};

/// Messages of all lengths, with times that go back and forth.
fn messages() -> Vec<Message> {
    let mut state = 7_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    (0..400)
        .map(|_| {
            let data = (0..next() % 300).map(|_| next() as u8).collect();
            (next() as usize % 3, next() << 20, next() << 20, data)
        })
        .collect()
}

/// Every compression, with and without chunks, with all indexes and with as few as the package reads.
fn layouts() -> BTreeMap<String, WriterOptions> {
    let mut layouts = BTreeMap::new();
    for compression in [Compression::None, Compression::Lz4, Compression::Zstd] {
        for chunk_bytes in [None, Some(900), Some(1 << 20)] {
            for indexed in [true, false] {
                let options = WriterOptions {
                    compression,
                    chunk_bytes,
                    message_indexes: indexed,
                    statistics: indexed,
                    summary_offsets: indexed,
                    ..WriterOptions::default()
                };
                layouts.insert(format!("ours-{compression:?}-{chunk_bytes:?}-{indexed}.mcap"), options);
            }
        }
    }
    layouts
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Topic to messages, as the script tells and takes them.
fn told(topics: &BTreeMap<String, Vec<Got>>) -> Value {
    let message = |got: &Got| json!([got.log_time, got.publish_time, hex(got.data.as_deref().unwrap_or_default())]);
    json!(topics.iter().map(|(topic, all)| (topic, all.iter().map(message).collect())).collect::<BTreeMap<_, Vec<_>>>())
}

fn run(python: &Path, folder: &Path) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mcap/peer.py");
    let output = Command::new(python).arg(script).arg(folder).output().expect("Python starts");
    let (said, warned) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{warned}");
}

#[test]
fn the_python_package_reads_what_we_write_and_we_what_it_writes() {
    let Some(python) = env::var_os("PRAIRIE_PYTHON") else {
        println!("skipped: PRAIRIE_PYTHON does not name a Python with mcap");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let messages = messages();
    let topics = expected(&messages);
    fs::write(folder.path().join("expected.json"), told(&topics).to_string()).expect("a file");
    for (name, options) in layouts() {
        fs::write(folder.path().join(name), write(&options, 3, &messages)).expect("a file");
    }
    run(python.as_ref(), folder.path());
    let mut theirs = 0;
    for entry in fs::read_dir(folder.path()).expect("a folder") {
        let path = entry.expect("a file").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if !name.starts_with("theirs") {
            continue;
        }
        theirs += 1;
        let recording = read(fs::read(&path).expect("a file")).expect("it is readable");
        assert_eq!(recording.plan.profile.as_deref(), Some("test"), "{name}");
        assert!(recording.summary.complete, "{name}: {:?}", recording.notes);
        assert_eq!(recording.messages, topics, "{name}");
    }
    assert_eq!(theirs, 8);
}
