//! Recordings by others: each is read whole.

use std::path::Path;

use prairie_formats::sniff;
use prairie_model::NoteKind;

use crate::support::{find, open, read, samples};

#[test]
fn every_bag_of_ros_1_is_read() {
    let Some(samples) = samples("bags by others") else { return };
    let files = find(&samples, &[".bag"]);
    assert!(!files.is_empty());
    for path in files {
        let name = path.strip_prefix(&samples).expect("inside").display().to_string();
        let source = open(&path);
        let reader = sniff(&source).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(reader.name(), "bag");
        let recording = read(reader, &source).unwrap_or_else(|error| panic!("{name}: {error}"));
        println!("{name}: {} messages, {} undecodable", recording.count(), recording.undecodable());
        for note in &recording.notes {
            println!("    {:?}: {}", note.kind, note.text);
        }
        assert_eq!(recording.plan.claimed_messages, Some(recording.count()), "{name}");
        assert!(recording.summary.complete && !recording.has(NoteKind::CountMismatch), "{name}");
        assert_eq!(recording.undecodable(), 0, "{name}");
    }
}

#[test]
fn every_bag_of_ros_2_is_read() {
    let Some(samples) = samples("bags by others") else { return };
    let files = find(&samples, &[".db3", ".db3.zstd"]);
    let mut bags: Vec<_> = files.iter().filter_map(|file| file.parent()).map(Path::to_owned).collect();
    bags.dedup();
    assert!(!files.is_empty());
    for path in files.into_iter().chain(bags) {
        let name = path.strip_prefix(&samples).expect("inside").display().to_string();
        let source = open(&path);
        let reader = sniff(&source).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(reader.name(), "rosbag2");
        let recording = read(reader, &source).unwrap_or_else(|error| panic!("{name}: {error}"));
        println!("{name}: {} messages, {} undecodable", recording.count(), recording.undecodable());
        for note in &recording.notes {
            println!("    {:?}: {}", note.kind, note.text);
        }
        let damage = [NoteKind::Truncated, NoteKind::Corrupt];
        assert!(!recording.kinds().iter().any(|kind| damage.contains(kind)), "{name}");
    }
}
