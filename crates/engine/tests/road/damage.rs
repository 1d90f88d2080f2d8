//! What is told of damaged recordings: the episode that it lies in, the file, the byte, and what was lost.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use prairie_engine::{CheckReport, Config, Engine, FindingReport, Quiet};
use prairie_formats::mcap::record::{self, op};
use prairie_formats::mcap::walk::{Frame, MAGIC, next_frame};
use prairie_model::{Dimension, DimensionState, Nanos};
use tempfile::TempDir;

use crate::{copy, one, options, samples};

/// The chunks of a file, with their first and last log times.
fn chunks(bytes: &[u8]) -> Vec<(Frame, i64, i64)> {
    let (mut slice, mut offset, mut chunks) = (bytes, MAGIC.len() as u64, Vec::new());
    while let Ok(Some(frame)) = next_frame(&mut slice, offset, bytes.len() as u64) {
        offset = frame.end();
        if frame.opcode == op::CHUNK {
            let (head, _) = record::ChunkHead::parse(&bytes[frame.body() as usize..]).unwrap();
            chunks.push((frame, head.message_start_time as i64, head.message_end_time as i64));
        }
    }
    chunks
}

fn check(path: &Path) -> CheckReport {
    prairie_engine::check(&[path.to_owned()], &options(), &Quiet).unwrap()
}

fn of<'a>(findings: &'a [FindingReport], codes: &[&str]) -> Vec<&'a FindingReport> {
    findings.iter().filter(|finding| codes.contains(&&*finding.code)).collect()
}

/// The keys of the episodes with findings of these codes.
fn blamed(report: &CheckReport, codes: &[&str]) -> BTreeSet<String> {
    let hit = report.episodes.iter().filter(|episode| !of(&episode.findings, codes).is_empty());
    hit.map(|episode| episode.key.clone()).collect()
}

#[test]
fn damage_is_told_of_the_episode_that_it_lies_in() {
    let dir = TempDir::new().unwrap();
    let whole = fs::read(samples().join("contact-cell.mcap")).unwrap();
    let path = dir.path().join("cell.mcap");
    fs::write(&path, &whole).unwrap();
    let before = check(&path);
    assert_eq!((before.episodes.len(), blamed(&before, &["FMT001", "FMT002", "FMT003"]).len()), (3, 0));
    let spans: BTreeMap<String, (i64, i64)> = before
        .episodes
        .iter()
        .map(|episode| {
            let Nanos(start) = episode.start_ns.unwrap();
            (episode.key.clone(), (start, start + (episode.duration_s.unwrap() * 1e9) as i64))
        })
        .collect();
    let chunks = chunks(&whole);
    assert!(chunks.len() > 10, "{}", chunks.len());
    let mut tried = BTreeSet::new();
    for (frame, start, end) in &chunks {
        // Stamps of samples and log times differ by some milliseconds.
        let lies_in = |(from, to): &(i64, i64)| from + 500_000_000 < *start && *end < to - 500_000_000;
        let Some((key, span)) = spans.iter().find(|(_, span)| lies_in(span)) else { continue };
        if !tried.insert(key.clone()) {
            continue;
        }
        let mut damaged = whole.clone();
        let middle = (frame.body() + frame.length / 2) as usize;
        damaged[middle..middle + 200].fill(0x55);
        fs::write(&path, damaged).unwrap();
        let report = check(&path);
        let codes = ["FMT001", "FMT002", "FMT003"];
        assert_eq!(blamed(&report, &codes), BTreeSet::from([key.clone()]), "{span:?} {start}..{end}");
        let episode = report.episodes.iter().find(|episode| episode.key == *key).unwrap();
        let findings = of(&episode.findings, &codes);
        let first = findings[0];
        assert_eq!((first.offset, first.file.as_deref()), (Some(frame.offset), Some("cell.mcap")), "{first:?}");
        let seconds = |t: i64| (t - span.0) as f64 / 1e9;
        let (from, to) = (first.start_s.unwrap(), first.end_s.unwrap());
        assert!(seconds(*start) - 0.1 < from && from <= to && to < seconds(*end) + 0.1, "{first:?}");
        let recording = &report.recordings[0];
        assert!(!recording.complete && recording.lost.is_some(), "{recording:?}");
        assert_eq!(report.damaged.len(), 1);
    }
    assert_eq!(tried.len(), 3, "a chunk of each episode was damaged");
}

#[test]
fn a_cut_is_told_of_the_open_episode_and_of_no_other() {
    let dir = TempDir::new().unwrap();
    let whole = fs::read(samples().join("contact-cell.mcap")).unwrap();
    let path = dir.path().join("cut.mcap");
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let report = check(&path);
    let last = report.episodes.last().unwrap().key.clone();
    assert!(report.episodes.len() >= 2);
    assert_eq!(blamed(&report, &["FMT001"]), BTreeSet::from([last]));
    assert_eq!(report.recordings[0].lost, None, "without an index nobody knows");
}

#[test]
fn what_stands_behind_the_end_is_a_warning() {
    let dir = TempDir::new().unwrap();
    let whole = fs::read(samples().join("contact-cell.mcap")).unwrap();
    let path = dir.path().join("tail.mcap");
    fs::write(&path, [&whole[..], &[0; 512]].concat()).unwrap();
    let report = check(&path);
    assert!(report.damaged.is_empty(), "nothing is lost");
    let told = of(&report.recordings[0].findings, &["FMT012"]);
    assert_eq!((told[0].offset, told[0].measured), (Some(whole.len() as u64), Some(512.0)));
}

/// A copy of the bundled LeRobot dataset, with one of its files damaged.
#[test]
fn recordings_that_are_checked_together_are_compared() {
    let dir = TempDir::new().unwrap();
    let file = samples().join("contact-cell.mcap");
    let copy = dir.path().join("copy.mcap");
    fs::copy(&file, &copy).unwrap();
    let report = prairie_engine::check(&[file.clone(), copy.clone()], &options(), &Quiet).unwrap();
    let (first, second) = report.episodes.split_at(report.episodes.len() / 2);
    assert_eq!((first.len(), second.len()), (3, 3));
    assert!(first.iter().all(|episode| of(&episode.findings, &["DUP001", "DUP002"]).is_empty()), "{first:?}");
    for (original, episode) in first.iter().zip(second) {
        let same = of(&episode.findings, &["DUP001"]);
        assert_eq!(same.len(), 1, "{:?}", episode.findings);
        let name = format!("`{}, episode {}`", file.display(), original.key);
        assert!(same[0].message.contains(&name), "{}", same[0].message);
    }
    // Of what is alone nobody knows whether it is elsewhere.
    let alone = check(&file).episodes;
    assert!(alone.iter().all(|episode| episode.dimensions[&Dimension::Authenticity] == DimensionState::Unknown));
}

fn dataset(dir: &TempDir, file: &str, damage: impl FnOnce(&mut Vec<u8>)) -> PathBuf {
    let folder = dir.path().join("episodes");
    copy(&samples().join("contact-lerobot-v21"), &folder);
    let path = folder.join(file);
    let mut bytes = fs::read(&path).unwrap();
    damage(&mut bytes);
    fs::write(path, bytes).unwrap();
    folder
}

const DATA: &str = "data/chunk-000/episode_000000.parquet";
const VIDEO: &str = "videos/chunk-000/observation.images.front/episode_000001.mp4";

#[test]
fn a_data_file_without_its_end_is_told_and_the_other_episodes_stay() {
    let dir = TempDir::new().unwrap();
    let folder = dataset(&dir, DATA, |bytes| bytes.truncate(5000));
    let engine = Engine::create(&Config::at(dir.path().join("store"))).unwrap();
    let report = engine.ingest(std::slice::from_ref(&folder), &options(), &Quiet).unwrap();
    let report = one(&report);
    assert_eq!((report.exit, report.complete, report.episodes.len(), report.lost), (3, false, 1, None));
    let told = of(&report.findings, &["FMT001"]);
    assert_eq!((told[0].file.as_deref(), told[0].offset), (Some(DATA), Some(5000)), "{told:?}");
    assert!(told[0].severity == "error" && told[0].message.contains("that concerns episode 0"), "{told:?}");
    let checked = check(&folder);
    assert_eq!(checked.episodes.len(), 1);
    assert_eq!(
        (checked.episodes[0].key.as_str(), blamed(&checked, &["FMT001", "FMT002"]).len()),
        ("episode_000001", 0)
    );
    assert_eq!(of(&checked.recordings[0].findings, &["FMT001"]).len(), 1);
}

#[test]
fn a_column_that_cannot_be_decoded_is_told_and_the_others_stay() {
    let dir = TempDir::new().unwrap();
    // The head of the first page; the footer is left alone. Changed values would decode: these pages have no checksums.
    let folder = dataset(&dir, DATA, |bytes| bytes[4..64].fill(0xaa));
    let checked = check(&folder);
    assert_eq!(checked.episodes.len(), 2, "{checked:?}");
    assert_eq!(blamed(&checked, &["FMT002"]), BTreeSet::from(["episode_000000".to_owned()]));
    let told = of(&checked.episodes[0].findings, &["FMT002"]);
    assert_eq!(told[0].file.as_deref(), Some(DATA));
    assert_eq!(told[0].offset, Some(4), "{told:?}");
    assert!(told[0].message.contains("of row group 0"), "{told:?}");
    assert_eq!((checked.damaged.len(), checked.recordings[0].lost), (1, None));
}

#[test]
fn a_changed_value_in_a_page_with_a_checksum_is_told() {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("tiny");
    copy(&samples().join("kalanos/lerobot_v3_tiny"), &folder);
    let file = "data/chunk-000/file-000.parquet";
    // The rows of the sample, written by pyarrow 26 with `write_page_checksum`, without compression and dictionaries.
    let mut bytes = include_bytes!("data/page-checksums.parquet").to_vec();
    fs::write(folder.join(file), &bytes).unwrap();
    assert_eq!(blamed(&check(&folder), &["FMT002"]).len(), 0);
    // A value of the first column, which would decode as well as any other.
    bytes[300] ^= 1;
    fs::write(folder.join(file), &bytes).unwrap();
    let checked = check(&folder);
    assert!(!blamed(&checked, &["FMT002"]).is_empty(), "{checked:?}");
    let told = of(&checked.episodes[0].findings, &["FMT002"]);
    assert!(told[0].file.as_deref() == Some(file) && told[0].message.contains("CRC"), "{told:?}");
}

#[test]
fn a_video_without_its_end_is_told_of_its_episode() {
    for cut in [20_usize, 3000] {
        let dir = TempDir::new().unwrap();
        let mut size = 0;
        let folder = dataset(&dir, VIDEO, |bytes| {
            size = bytes.len() - cut;
            bytes.truncate(size);
        });
        let checked = check(&folder);
        assert_eq!(checked.episodes.len(), 2);
        let codes = ["FMT001", "FMT002"];
        assert_eq!(blamed(&checked, &codes), BTreeSet::from(["episode_000001".to_owned()]), "{cut}");
        let told = of(&checked.episodes[1].findings, &codes);
        assert_eq!(told[0].file.as_deref(), Some(VIDEO));
        assert!(told[0].offset.is_some_and(|offset| offset <= size as u64), "{told:?}");
        assert_eq!(checked.damaged.len(), 1);
    }
}

#[test]
fn a_dataset_without_data_has_a_finding_though_it_has_no_episode() {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("episodes");
    copy(&samples().join("contact-lerobot-v21"), &folder);
    fs::remove_dir_all(folder.join("data")).unwrap();
    let checked = check(&folder);
    assert_eq!((checked.episodes.len(), checked.damaged.len()), (0, 1));
    let told = of(&checked.recordings[0].findings, &["FMT009"]);
    assert!(told[0].severity == "error" && told[0].message.contains("2 of 2 episodes"), "{told:?}");
}

#[test]
fn a_dataset_without_some_of_its_files_is_partial_and_not_damaged() {
    let dir = TempDir::new().unwrap();
    let whole = samples().join("contact-lerobot-v21");
    for (gone, episodes, severity) in [("data/chunk-000/episode_000001.parquet", 1, "warning"), (VIDEO, 2, "error")] {
        let folder = dir.path().join(gone.replace('/', "-"));
        copy(&whole, &folder);
        fs::remove_file(folder.join(gone)).unwrap();
        let checked = check(&folder);
        assert_eq!((checked.episodes.len(), checked.damaged.len()), (episodes, 0), "{gone}");
        let told = of(&checked.episodes[episodes - 1].findings, &["FMT009"]);
        assert_eq!(told.iter().map(|finding| &*finding.severity).collect::<Vec<_>>(), [severity], "{gone}");
        let engine = Engine::create(&Config::at(folder.with_extension("store"))).unwrap();
        let report = engine.ingest(std::slice::from_ref(&folder), &options(), &Quiet).unwrap();
        let report = one(&report);
        assert_eq!((report.exit, report.complete, report.lost), (0, true, Some(0)), "{gone}");
    }
}

#[test]
fn a_broken_description_names_file_line_and_column() {
    let dir = TempDir::new().unwrap();
    let folder = dataset(&dir, "meta/info.json", |bytes| bytes.truncate(40));
    let checked = check(&folder);
    assert_eq!((checked.failed.len(), checked.episodes.len()), (1, 0), "{checked:?}");
    let failure = &checked.failed[0];
    assert_eq!(failure.path, folder.display().to_string());
    let error = &failure.error;
    assert!(error.contains("`meta/info.json`, which ends at byte 40") && error.contains("line"), "{error}");
}
