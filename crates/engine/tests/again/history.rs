//! The same data twice, and stored episodes checked again.

use std::fs;
use std::path::Path;

use prairie_engine::{DatasetRecipe, ExportOptions, InspectOptions, Quiet};
use prairie_model::{Compression, DimensionState};
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
    let take = Take { cameras: vec![camera("/head")], ..Take::default() };
    take.write(&one);
    // Other chunks, compressed in another way: pictures lie elsewhere, and are the same.
    Take { chunk_bytes: Some(4000), compression: Compression::Lz4, ..take.clone() }.write(&same);
    Take { seed: 1, ..take }.write(&other);
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
    // Another file makes another recording, and moves the places of the videos.
    for name in ["a.txt", "z.txt"] {
        let copy = dir.path().join(name);
        copy_folder(&sample("contact-lerobot-v21"), &copy);
        fs::write(copy.join(name), "a copy").unwrap();
        let second = ingest_one(&engine, &copy, &blind());
        assert_eq!(first.len(), second.len());
        for (one, same) in first.iter().zip(&second) {
            for code in ["DUP001", "DUP002"] {
                let told = found(&engine, *same, code);
                // The copy from before is as near, and comes first where its id does.
                assert!(told.len() == 1 && (name == "z.txt" || told[0].contains(&one.to_string())), "{code}: {told:?}");
            }
        }
    }
    let hashes = number(&engine, "SELECT count(DISTINCT content_hash) AS n FROM episodes");
    assert_eq!(hashes, first.len() as u64);
}

#[test]
fn pictures_that_differ_make_other_episodes() {
    let dir = TempDir::new().unwrap();
    let engine = store(&dir);
    let [one, other] = ["one.mcap", "other.mcap"].map(|name| dir.path().join(name));
    Take { cameras: vec![camera("/head")], ..Take::default() }.write(&one);
    // Pictures of the same size at the same place, and the same numbers.
    Take { cameras: vec![crate::synth::Camera { late_s: 0.2, ..camera("/head") }], ..Take::default() }.write(&other);
    let recordings = ingest(&engine, &[one, other], &blind());
    let second = recordings[1].episodes[0];
    assert_eq!((found(&engine, second, "DUP001").len(), found(&engine, second, "DUP002").len()), (0, 1));
}

#[test]
fn a_copy_in_one_lerobot_folder_is_found() {
    let dir = TempDir::new().unwrap();
    let engine = store(&dir);
    let folder = dir.path().join("folder");
    copy_folder(&sample("contact-lerobot-v21"), &folder);
    for name in
        ["data/chunk-000", "videos/chunk-000/observation.images.front", "videos/chunk-000/observation.images.wrist"]
    {
        let ending = if name.starts_with("data") { "parquet" } else { "mp4" };
        let file = |at: u32| folder.join(name).join(format!("episode_{at:06}.{ending}"));
        fs::copy(file(0), file(1)).unwrap();
    }
    let episodes = ingest_one(&engine, &folder, &blind());
    let [one, same] = episodes[..] else { panic!("{episodes:?}") };
    for code in ["DUP001", "DUP002"] {
        assert_eq!(found(&engine, one, code), [""; 0], "{code}");
        let told = found(&engine, same, code);
        assert!(told.len() == 1 && told[0].contains(&one.to_string()), "{code}: {told:?}");
    }
    // The original folder comes later: its first attempt is there already, its second is new.
    let original = ingest_one(&engine, &sample("contact-lerobot-v21"), &blind());
    assert_eq!(found(&engine, original[0], "DUP001").len(), 1);
    assert_eq!(found(&engine, original[1], "DUP001").len() + found(&engine, original[1], "DUP002").len(), 0);
    compare(&engine, false);
    let hours =
        |name: &str, condition: String| engine.create_dataset(name, &DatasetRecipe::new(condition)).unwrap().hours;
    let both = hours("both", format!("episode_id IN ('{one}', '{same}')"));
    assert_eq!(both, hours("one", format!("episode_id = '{one}'")), "it counts once");
}

#[test]
fn an_attempt_that_was_copied_within_an_mcap_file_is_found() {
    let dir = TempDir::new().unwrap();
    let engine = store(&dir);
    let path = dir.path().join("attempts.mcap");
    let take = |seed| Take { seed, cameras: vec![camera("/head")], ..Take::default() };
    let rest = Take { moves_s: (0.0, 0.0), ..take(0) };
    // Too short to have a shape: straight lines.
    let short = |seed| Take { seconds: 0.5, ..take(seed) };
    Take::write_all(&[take(0), take(1), take(0), rest.clone(), rest, short(2), short(2), take(3)], &path);
    let episodes = ingest_one(&engine, &path, &blind());
    assert_eq!(episodes.len(), 8);
    for (at, id) in episodes.iter().enumerate() {
        // All times differ, so that no rows are the same.
        assert_eq!(found(&engine, *id, "DUP001"), [""; 0], "{at}");
        let told = found(&engine, *id, "DUP002");
        assert_eq!(told.len(), usize::from(at == 2), "{at}: {told:?}");
        assert!(told.iter().all(|told| told.contains(&episodes[0].to_string())), "{told:?}");
    }
    compare(&engine, false);
    // A program that ran twice is two attempts.
    let hours = engine.create_dataset("all", &DatasetRecipe::new("true")).unwrap().hours;
    assert!((hours.raw * 3600.0 - (6.0 * 8.0 + 2.0 * 0.5)).abs() < 0.5, "{hours:?}");
}

#[test]
fn two_forms_of_one_episode_count_once() {
    let dir = TempDir::new().unwrap();
    let engine = store(&dir);
    let first = ingest_one(&engine, &sample("contact-lerobot-v21"), &blind());
    let once = engine.create_dataset("once", &DatasetRecipe::new("true")).unwrap().hours;
    assert!(once.raw * 3600.0 > 20.0, "two attempts of eleven seconds: {once:?}");
    for target in ["mcap", "lerobot-v3"] {
        let out = dir.path().join(target);
        let options = ExportOptions { target: target.to_owned(), ..ExportOptions::default() };
        engine.export("once", &out, &options, &Quiet).unwrap();
        let paths = match target {
            "mcap" => (0..first.len()).map(|at| out.join(format!("episode_{at:06}.mcap"))).collect(),
            _ => vec![out],
        };
        ingest(&engine, &paths, &blind());
        let twice = engine.create_dataset(target, &DatasetRecipe::new("true")).unwrap();
        assert!(twice.episodes > first.len() as u64);
        assert!((twice.hours.raw - once.raw).abs() * 3600.0 < 0.2, "{target}: {:?} {once:?}", twice.hours);
        assert!((twice.hours.accepted - once.accepted).abs() * 3600.0 < 0.2, "{target}: {:?} {once:?}", twice.hours);
        let shown = engine.dataset(target).unwrap().hours;
        assert_eq!(shown, twice.hours);
    }
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
