//! Damaged data sets: an error or a note, never a panic; and what is whole is there.

use prairie_formats::Reader;
use prairie_formats::rlds::Rlds;
use prairie_model::{MemorySource, NoteKind, ReadOptions, Source};

use crate::made::{INFO, dataset};
use crate::support::{IMAGE, List, TEXT, example, features, file, read, tensor};

/// Numbers without a pattern, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end.max(1)
    }
}

fn tree() -> Vec<u8> {
    let sequence = format!(r#"{{"sequence":{{"feature":{}}}}}"#, tensor("float32", &[], "none"));
    let steps = [
        ("a", IMAGE),
        ("is_last", &tensor("bool", &[], "none")),
        ("said", TEXT),
        ("seq", &sequence),
        ("timestamp", &tensor("int64", &[], "none")),
        ("x", &tensor("float32", &[2], "none")),
        ("z", &tensor("uint8", &[2], "zlib")),
    ];
    features(&steps, &[("meta/has_a", &tensor("bool", &[], "none")), ("meta/path", TEXT)])
}

fn record(at: i64) -> Vec<u8> {
    example(&[
        ("steps/a", List::Bytes(vec![b"\x89PNG1", b"\x89PNG2"])),
        ("steps/is_last", List::Integers(vec![0, 1])),
        ("steps/said", List::Bytes(vec![b"go", b"on"])),
        ("steps/seq/ragged_flat_values", List::Floats(vec![1.0, 2.0, 3.0])),
        ("steps/seq/ragged_row_lengths_0", List::Integers(vec![1, 2])),
        ("steps/timestamp", List::UnpackedIntegers(vec![1_700_000_000_000 + at, 1_700_000_000_100 + at])),
        ("steps/x", List::Floats(vec![at as f32, 2.0, 3.0, 4.0])),
        ("steps/z", List::Bytes(vec![b"x\x9ccd\x02\x00\x00\x06\x00\x04", b"no"])),
        ("meta/has_a", List::Integers(vec![1])),
        ("meta/path", List::Bytes(vec![b"there"])),
    ])
}

#[test]
fn every_cut_keeps_the_records_before_it() {
    let records = [record(0), record(1), record(2)];
    let whole = file(&records);
    let size = whole.len() / 3;
    for length in 0..whole.len() {
        let mut source = dataset(tree(), INFO, &records);
        let path = "d-train.tfrecord-00000-of-00001";
        source = MemorySource::new((0..source.files().len()).map(|at| {
            let entry = &source.files()[at];
            let bytes = source.read_exact(at, 0, entry.size).unwrap();
            (entry.path.clone(), if entry.path == path { bytes[..length].to_vec() } else { bytes })
        }));
        let (plan, all) = read(&source, &ReadOptions::default()).unwrap();
        assert_eq!((plan.episodes.len(), all.ended.len()), (length / size, length / size), "{length}");
        let is_whole = length % size == 0;
        assert_eq!(all.kinds().contains(&NoteKind::Truncated), !is_whole, "{length}");
        assert_eq!(all.summary.complete, is_whole);
        let claimed = plan.notes.iter().any(|note| note.kind == NoteKind::CountMismatch);
        assert_eq!(claimed, length / size != 1, "one record is claimed");
    }
}

#[test]
fn a_flip_is_a_wrong_checksum_and_the_others_are_whole() {
    let records = [record(0), record(1), record(2)];
    let whole = file(&records);
    let size = whole.len() / 3;
    for at in size..2 * size {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x11;
        let source = MemorySource::new([
            ("features.json".to_owned(), tree()),
            ("d-train.tfrecord-00000-of-00001".to_owned(), bytes),
        ]);
        let (plan, all) = read(&source, &ReadOptions::default()).unwrap();
        assert!(!all.summary.complete, "{at}");
        let damage = all.kinds().iter().any(|kind| matches!(kind, NoteKind::Checksum | NoteKind::Corrupt));
        assert!(damage, "{at}: {:?}", all.notes);
        let last = plan.episodes.len() as u32 - 1;
        assert!(last >= 1 && all.ended.contains(&0) && all.ended.contains(&last), "{at}");
        assert_eq!(all.of(last, "x").values, [2.0, 2.0, 3.0, 4.0], "{at}");
        // Without the checksums, what is read is read.
        read(&source, &ReadOptions { verify: false, ..ReadOptions::default() }).unwrap();
    }
}

/// Frames a record after it was damaged, so that its checksum is right.
#[test]
fn records_of_nonsense_never_panic() {
    let whole = record(0);
    let mut random = Random(11);
    let mut fine = 0;
    for round in 0..6000 {
        let mut bytes = whole.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len());
            match round % 3 {
                0 => bytes[at] = random.below(256) as u8,
                1 => bytes[at] = [0xff, 0x80, 0x7f, 0, 0x0a][random.below(5)],
                _ => bytes.truncate(at.max(1)),
            }
        }
        let (_, all) = read(&dataset(tree(), INFO, &[bytes, record(1)]), &ReadOptions::default()).unwrap();
        assert_eq!(all.of(1, "x").values, [1.0, 2.0, 3.0, 4.0]);
        fine += usize::from(all.summary.complete);
    }
    assert!(fine > 500, "{fine}");
}

#[test]
fn trees_and_descriptions_of_nonsense_never_panic() {
    let mut random = Random(5);
    for (path, text) in [("features.json", tree()), ("dataset_info.json", INFO.as_bytes().to_vec())] {
        for round in 0..3000 {
            let mut text = text.clone();
            for _ in 0..=random.below(2) {
                let at = random.below(text.len());
                if round % 5 == 0 {
                    text.truncate(at);
                    break;
                }
                text[at] = b"0123456789-\"{}[],:asx"[random.below(21)];
            }
            let mut files = vec![
                ("features.json".to_owned(), tree()),
                ("dataset_info.json".to_owned(), INFO.as_bytes().to_vec()),
                ("d-train.tfrecord-00000-of-00001".to_owned(), file(&[record(0)])),
            ];
            files.retain(|(name, _)| name != path);
            files.push((path.to_owned(), text));
            let source = MemorySource::new(files);
            Rlds.claims(&source);
            read(&source, &ReadOptions::default());
        }
    }
}

#[test]
fn lengths_that_claim_everything_take_no_memory() {
    for length in [u64::MAX, u64::MAX - 15, 1 << 40, 17] {
        let mut bytes = file(&[record(0)]);
        bytes.extend(length.to_le_bytes());
        bytes.extend([0; 12]);
        let source = MemorySource::new([("features.json".to_owned(), tree()), ("a-b.tfrecord".to_owned(), bytes)]);
        let (plan, all) = read(&source, &ReadOptions::default()).unwrap();
        assert_eq!((plan.episodes.len(), all.ended.len()), (1, 1));
        assert_eq!(plan.episodes[0].attributes["split"], "b");
        assert!(all.kinds().contains(&NoteKind::Corrupt), "{:?}", all.notes);
    }
    let source = MemorySource::new([("features.json".to_owned(), tree()), ("a-b.tfrecord".to_owned(), Vec::new())]);
    let (plan, all) = read(&source, &ReadOptions::default()).unwrap();
    assert_eq!((plan.episodes.len(), all.ended.len(), all.summary.complete), (0, 0, true));
}

#[test]
fn files_that_the_splits_name_and_files_that_they_do_not() {
    let info = r#"{"name": "d", "splits": [{"name": "train", "shardLengths": ["1", "5", "7"],
        "filepathTemplate": "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}"}, {"name": "test", "numShards": "1"}]}"#;
    let source = MemorySource::new([
        ("features.json".to_owned(), tree()),
        ("dataset_info.json".to_owned(), info.as_bytes().to_vec()),
        ("d-train.tfrecord-00001-of-00003".to_owned(), file(&[record(0), record(1)])),
        ("d-more.tfrecord".to_owned(), file(&[record(2)])),
    ]);
    let (plan, all) = read(&source, &ReadOptions::default()).unwrap();
    let notes: Vec<_> = plan.notes.iter().map(|note| (note.kind, note.measured, note.limit)).collect();
    let expected = [
        (NoteKind::FileMissing, Some(1.0), Some(3.0)),
        (NoteKind::FileMissing, Some(0.0), Some(1.0)),
        (NoteKind::IndexWrong, Some(1.0), Some(0.0)),
        (NoteKind::CountMismatch, Some(2.0), Some(5.0)),
    ];
    assert_eq!(notes, expected, "{:?}", plan.notes);
    assert!(
        plan.notes[0].text.starts_with("2 of 3 files of the split `train` with 8 episodes"),
        "{}",
        plan.notes[0].text
    );
    let splits: Vec<_> = plan.episodes.iter().map(|episode| episode.attributes["split"].as_str()).collect();
    assert_eq!((splits, all.ended.len()), (vec!["more", "train", "train"], 3));
}
