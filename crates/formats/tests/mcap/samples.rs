//! Recordings by others: each is read, or refused with a reason.

use std::fs;
use std::path::{Path, PathBuf};

use prairie_formats::sniff;
use prairie_model::{NoteKind, ReadOptions};

use crate::support;

fn find(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            find(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "mcap") {
            found.push(path);
        }
    }
}

#[test]
fn every_sample_is_read_or_refused_with_a_reason() {
    let Some(samples) = support::samples("recordings by others") else { return };
    let mut files = Vec::new();
    find(&samples, &mut files);
    assert!(!files.is_empty());
    for path in &files {
        let name = path.strip_prefix(&samples).expect("inside").display().to_string();
        let source = support::memory(fs::read(path).expect("readable"));
        if let Err(error) = sniff(&source) {
            println!("{name}: refused: {error}");
            continue;
        }
        match support::read_source(&source, &ReadOptions::default()) {
            Ok(recording) => {
                let undecodable: u64 = recording.summary.channels.values().map(|tally| tally.undecodable).sum();
                let count = recording.count();
                if !name.starts_with("mcap-conformance") {
                    println!("{name}: {count} messages, {undecodable} undecodable, {:?}", recording.kinds());
                    for note in &recording.notes {
                        println!("    {:?}: {}", note.kind, note.text);
                    }
                }
                if let Some(claimed) = recording.plan.claimed_messages {
                    let told = recording.kinds().contains(&NoteKind::CountMismatch);
                    assert_eq!(claimed != count, told, "{name}: {count} of {claimed}");
                }
                let damage = [NoteKind::Truncated, NoteKind::Corrupt, NoteKind::Checksum];
                let damaged = recording.kinds().iter().any(|kind| damage.contains(kind));
                assert_eq!(recording.summary.complete, !damaged, "{name}: {:?}", recording.notes);
            }
            Err(error) => println!("{name}: refused: {error}"),
        }
    }
    println!("{} files", files.len());
}
