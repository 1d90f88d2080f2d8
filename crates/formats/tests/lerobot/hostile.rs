//! Damaged datasets: an error or a note, never a panic.

use std::ops::ControlFlow;

use prairie_formats::Reader;
use prairie_formats::lerobot::{LeRobot, Version};
use prairie_model::{MemorySource, NoteKind, ReadEvent, ReadOptions};

use crate::fixtures::{Random, read_all};
use crate::writer::{EPISODES, small_dataset};

fn read(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> bool {
    let source = MemorySource::new(files);
    if !LeRobot.claims(&source) {
        return false;
    }
    let Ok(plan) = LeRobot.plan(&source, &ReadOptions::default()) else { return false };
    let mut events = 0_u64;
    let read = LeRobot.read(&source, &plan, &ReadOptions::default(), &mut |event| {
        events += 1;
        if let ReadEvent::Batch(batch) = &event {
            assert!(batch.episode.is_some_and(|episode| (episode as usize) < plan.episodes.len()));
        }
        ControlFlow::Continue(())
    });
    read.is_ok() && events > 0
}

#[test]
fn flips_and_truncations_never_panic() {
    let files = small_dataset(Version::V30).0.lock().unwrap().clone();
    let mut random = Random(7);
    let (mut fine, mut refused) = (0, 0);
    for path in files.keys() {
        let size = files[path].len();
        for round in 0..200 {
            let mut damaged = files.clone();
            let bytes = damaged.get_mut(path).unwrap();
            if round % 4 == 0 {
                bytes.truncate(random.below(size));
            } else {
                // Footers and headers are at the end of these files.
                let from = if round % 2 == 0 { size.saturating_sub(600) } else { 0 };
                for _ in 0..=random.below(4) {
                    let at = from + random.below(size - from);
                    bytes[at] = random.below(256) as u8;
                }
            }
            if read(damaged) { fine += 1 } else { refused += 1 }
        }
    }
    assert!(fine > 100 && refused > 100, "{fine} read, {refused} refused");
}

#[test]
fn a_cut_data_file_is_told_with_its_place() {
    let mut files = small_dataset(Version::V30).0.lock().unwrap().clone();
    let path = "data/chunk-000/file-000.parquet";
    files.get_mut(path).unwrap().truncate(1000);
    let (_, all) = read_all(&MemorySource::new(files), &ReadOptions::default());
    assert!(!all.summary.complete && all.ended.is_empty());
    let note = all.notes.iter().find(|note| note.kind == NoteKind::Truncated).unwrap();
    assert_eq!((note.file.as_deref(), note.offset), (Some(path), Some(1000)));
    assert_eq!(all.summary.lost, None);
    assert!(note.text.contains("that concerns episode"), "{}", note.text);
}

#[test]
fn missing_parts_leave_the_rest() {
    let whole = small_dataset(Version::V30).0.lock().unwrap().clone();
    for missing in whole.keys() {
        let rest = whole.iter().filter(|(path, _)| *path != missing).map(|(path, bytes)| (path.clone(), bytes.clone()));
        let source = MemorySource::new(rest);
        if missing == "meta/info.json" {
            assert!(!LeRobot.claims(&source));
            continue;
        }
        let (plan, all) = read_all(&source, &ReadOptions::default());
        let notes = || plan.notes.iter().chain(&all.notes);
        if missing.starts_with("data/") {
            assert!(all.ended.is_empty(), "{missing}");
        } else {
            assert_eq!(all.ended.len(), EPISODES, "{missing}: {:?}", all.notes);
        }
        if missing != "meta/stats.json" {
            assert!(notes().any(|note| note.kind == NoteKind::FileMissing), "{missing}");
        }
    }
}
