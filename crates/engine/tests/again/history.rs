//! The same data twice, and stored episodes checked again.

use std::fs;
use std::path::Path;

use prairie_engine::{DatasetRecipe, ExportOptions, InspectOptions, Quiet};
use prairie_model::DimensionState;
use tempfile::TempDir;

use crate::synth::{Take, camera};
use crate::{blind, ingest, ingest_one, looking, number, receipt, rows, sample, store};

fn state(engine: &prairie_engine::Engine, id: prairie_model::EpisodeId, code: &str) -> DimensionState {
    receipt(engine, id).checks.into_iter().find(|check| check.code == code).unwrap().state
}

/// The messages of the findings with that code on an episode.
fn found(engine: &prairie_engine::Engine, id: prairie_model::EpisodeId, code: &str) -> Vec<String> {
    receipt(engine, id).findings.into_iter().filter(|finding| finding.code == code).map(|one| one.message).collect()
}

#[test]
fn other_chunks_of_the_same_data_are_a_duplicate_and_the_first_is_none() {
    let dir = TempDir::new().unwrap();
    let engine = store(&dir);
    let [one, same, other] = ["one.mcap", "same.mcap", "z_other.mcap"].map(|name| dir.path().join(name));
    Take::default().write(&one);
    Take { chunk_bytes: Some(4000), ..Take::default() }.write(&same);
    Take { seed: 1, ..Take::default() }.write(&other);
    // In one call: the history is read once and kept up to date.
    let recordings = ingest(&engine, &[one, same, other], &blind());
    let [one, same, other] = [0, 1, 2].map(|at: usize| recordings[at].episodes[0]);
    for code in ["DUP001", "DUP002"] {
        for id in [one, same, other] {
            assert_eq!(
                state(&engine, id, code),
                DimensionState::Pass,
                "{code}: a warning fails nothing, and all is known"
            );
        }
        assert_eq!((found(&engine, one, code).len(), found(&engine, other, code).len()), (0, 0), "{code}");
        let told = found(&engine, same, code);
        assert!(told.len() == 1 && told[0].contains(&one.to_string()), "{code}: {told:?}");
    }
    let report = engine.check_stored(None, &blind(), &Quiet).unwrap();
    assert_eq!((report.episodes.len(), report.failed.len()), (3, 0), "{:?}", report.failed);
    assert_eq!(found(&engine, one, "DUP001").len(), 0, "the first does not become a duplicate of the second");
    assert_eq!(found(&engine, same, "DUP001").len(), 1);
}

#[test]
fn a_later_call_and_a_copied_folder_are_found_too() {
    let dir = TempDir::new().unwrap();
    let engine = store(&dir);
    let first = ingest_one(&engine, &sample("contact-lerobot-v21"), &blind());
    // Another file makes another recording. Where it moves the places of the videos, the rows that point to them differ, too.
    for (name, code) in [("a.txt", "DUP002"), ("z.txt", "DUP001")] {
        let copy = dir.path().join(name);
        copy_folder(&sample("contact-lerobot-v21"), &copy);
        fs::write(copy.join(name), "a copy").unwrap();
        let second = ingest_one(&engine, &copy, &blind());
        assert_eq!(first.len(), second.len());
        for (one, same) in first.iter().zip(&second) {
            let told = found(&engine, *same, code);
            assert!(told.len() == 1 && told[0].contains(&one.to_string()), "{code}: {told:?}");
        }
    }
    let hashes = number(&engine, "SELECT count(DISTINCT content_hash) AS n FROM episodes");
    assert_eq!(hashes, 2 * first.len() as u64);
}

#[test]
fn the_bundled_recording_is_known_again_after_a_way_through_mcap() {
    let dir = TempDir::new().unwrap();
    let engine = store(&dir);
    let first = ingest_one(&engine, &sample("contact-cell.mcap"), &blind());
    let recipe = DatasetRecipe::new("true");
    engine.create_dataset("all", &recipe).unwrap();
    let out = dir.path().join("out");
    let options = ExportOptions { target: "mcap".to_owned(), ..ExportOptions::default() };
    let proof = engine.export("all", &out, &options, &Quiet).unwrap();
    assert_eq!(proof.episodes.len(), first.len());
    for episode in &proof.episodes {
        let file = out.join(format!("episode_{:06}.mcap", episode.index));
        let again = ingest_one(&engine, &file, &blind());
        let told = [found(&engine, again[0], "DUP001"), found(&engine, again[0], "DUP002")].concat();
        assert!(told.iter().any(|message| message.contains(&episode.id.to_string())), "{}: {told:?}", episode.id);
    }
    for id in first {
        assert!(found(&engine, id, "DUP002").is_empty(), "three attempts at one task are no duplicates");
    }
}

#[test]
fn a_stored_check_finds_what_ingest_found() {
    let dir = TempDir::new().unwrap();
    let engine = store(&dir);
    let whole = fs::read(sample("contact-cell.mcap")).unwrap();
    let cut = dir.path().join("cut.mcap");
    fs::write(&cut, &whole[..whole.len() * 2 / 3]).unwrap();
    let partial = dir.path().join("partial");
    copy_folder(&sample("contact-lerobot-v21"), &partial);
    let video = first_video(&partial).unwrap();
    fs::remove_file(video).unwrap();
    let paths = vec![sample("contact-cell.mcap"), cut, sample("contact-lerobot-v21"), partial];
    ingest(&engine, &paths, &blind());
    let mut takes = Vec::new();
    for seed in 0..6 {
        // Enough of one task, so that the duration is judged by a median.
        let path = dir.path().join(format!("take{seed}.mcap"));
        Take { seed, seconds: if seed == 5 { 80.0 } else { 8.0 }, ..Take::default() }.write(&path);
        takes.push(path);
    }
    let task = [("task".to_owned(), "reach".to_owned())].into();
    let recordings = ingest(&engine, &takes, &InspectOptions::new(None, None, task, false).unwrap());
    assert_eq!(found(&engine, recordings[5].episodes[0], "TSK003").len(), 1, "ten times as long as five others");
    compare(&engine, false);
}

#[test]
fn a_stored_check_finds_the_same_in_pictures() {
    let dir = TempDir::new().unwrap();
    let engine = store(&dir);
    let path = dir.path().join("take.mcap");
    let late = crate::synth::Camera { late_s: 0.2, ..camera("/wrist") };
    Take { cameras: vec![camera("/head"), late], ..Take::default() }.write(&path);
    ingest(&engine, &[path], &looking(None));
    compare(&engine, true);
}

/// Checks everything again, and compares receipts with those before, number by number.
fn compare(engine: &prairie_engine::Engine, video: bool) {
    let options = if video { looking(None) } else { blind() };
    let episodes = engine.ls(None, None, None).unwrap();
    let before: Vec<_> = episodes.iter().map(|episode| receipt(engine, episode.id)).collect();
    assert!(before.iter().any(|payload| !payload.findings.is_empty()));
    let report = engine.check_stored(None, &options, &Quiet).unwrap();
    assert_eq!((report.episodes.len(), report.failed.len()), (before.len(), 0), "{:?}", report.failed);
    assert_eq!(number(engine, "SELECT min(revision) AS n FROM episodes"), 1);
    for old in before {
        let new = receipt(engine, old.episode);
        assert_eq!(old.findings, new.findings, "{}", old.episode);
        assert_eq!(old, new);
    }
    let notes = rows(engine, "SELECT notes FROM episodes");
    assert!(notes.iter().all(|row| row["notes"].as_str().is_some_and(|notes| notes.starts_with('['))));
}

fn first_video(dir: &Path) -> Option<std::path::PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries.into_iter().find_map(|path| {
        if path.is_dir() {
            first_video(&path)
        } else {
            path.extension().is_some_and(|ending| ending == "mp4").then_some(path)
        }
    })
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap().path();
        let target = to.join(entry.file_name().unwrap());
        if entry.is_dir() {
            copy_folder(&entry, &target);
        } else {
            fs::copy(&entry, &target).unwrap();
        }
    }
}
