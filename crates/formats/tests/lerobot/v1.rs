//! Datasets of before v2.0: those by others, made ones, and damage. Counts and sums are those of pyarrow on the same files.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, FixedSizeListArray, Float32Array, Int64Array, RecordBatch, StringArray, StructArray,
};
use arrow::datatypes::{DataType, Field, Float32Type};
use arrow::ipc::writer::StreamWriter;
use prairie_formats::lerobot::LeRobot;
use prairie_formats::{BlobReader, Reader, sniff};
use prairie_model::{ChannelTally, Codec, MemorySource, NoteKind, ReadOptions};

use crate::fixtures::{Random, read_all, sample};

#[test]
fn aloha_with_its_video() {
    let Some(folder) = sample("lerobot/aloha_sim_insertion_human") else { return };
    assert_eq!(sniff(&folder).unwrap().name(), "lerobot");
    let (plan, all) = read_all(&folder, &ReadOptions::default());
    assert_eq!((plan.profile.as_deref(), plan.episodes.len()), (Some("v1"), 1));
    assert_eq!((plan.episodes[0].key.as_str(), plan.episodes[0].claimed_length), ("episode_000000", Some(500)));
    let topics: Vec<_> = plan.channels.iter().map(|channel| channel.topic.as_str()).collect();
    assert_eq!(topics, ["observation.images.top", "observation.state", "action", "next.done"]);
    assert_eq!((&plan.channels[1].shape[..], &plan.channels[3].shape[..]), (&[14][..], &[1][..]));
    assert_eq!(all.ended, [0]);
    // pyarrow: np.stack(table[column]).astype("f8").sum().
    let sum = |topic: &str| all.got[&(0, topic.to_owned())].sum;
    for (topic, expected) in [("observation.state", ALOHA_SUMS[0]), ("action", ALOHA_SUMS[1])] {
        assert!((sum(topic) - expected).abs() < 1e-6, "{topic}: {}", sum(topic));
    }
    let state = &all.got[&(0, "observation.state".to_owned())];
    // Nothing states a rate that the times of 32 bits could be rounded to.
    assert_eq!(
        (state.times.len(), state.numbers, state.times[1], state.times[499]),
        (500, 7000, 20_000_000, 9_979_999_542)
    );
    let video = &all.got[&(0, "observation.images.top".to_owned())];
    assert_eq!(video.blobs.len(), 500);
    assert!(video.times.iter().zip(&state.times).all(|(frame, row)| frame.abs_diff(*row) < 1000));
    assert!(all.summary.complete && video.blobs[0].key_frame == Some(true));
    let picture = plan.channels[0].picture.clone().unwrap();
    assert_eq!((picture.codec, picture.width, picture.height), (Codec::H264, Some(640), Some(480)));
}

const ALOHA_SUMS: [f64; 2] = [1_464.195_430_946_401_8, 1_227.213_681_044_406_3];

#[test]
fn pusht_without_anything_beside_its_table() {
    let Some(folder) = sample("lerobot/pusht") else { return };
    let (plan, all) = read_all(&folder, &ReadOptions::default());
    assert_eq!((plan.episodes.len(), all.ended.as_slice()), (1, [0].as_slice()));
    let sum = |topic: &str| all.got[&(0, topic.to_owned())].sum;
    for (topic, expected) in
        [("observation.state", PUSHT_SUMS[0]), ("action", PUSHT_SUMS[1]), ("next.reward", PUSHT_SUMS[2])]
    {
        assert!((sum(topic) - expected).abs() < 1e-6, "{topic}: {}", sum(topic));
    }
    let notes: Vec<_> = all.notes.iter().map(|note| (note.kind, note.file.as_deref())).collect();
    assert_eq!(notes, [(NoteKind::FileMissing, Some("videos/observation.image_episode_000000.mp4"))]);
    assert_eq!(plan.notes[0].text, "`meta_data/info.json` is not there");
}

const PUSHT_SUMS: [f64; 3] = [79_576.421_264_648_44, 80_068.0, 22.739_465_971_913_887];

/// Rows of these episodes, with a picture each but for the third, as one stream of batches of `batch` rows.
fn stream(episodes: &[(i64, usize)], batch: usize) -> Vec<u8> {
    let rows: Vec<(i64, usize)> =
        episodes.iter().flat_map(|(index, rows)| (0..*rows).map(|row| (*index, row))).collect();
    let mut writer = None;
    for part in rows.chunks(batch) {
        let integers = |value: fn(&(i64, usize)) -> i64| {
            Arc::new(Int64Array::from_iter_values(part.iter().map(value))) as ArrayRef
        };
        let states = part.iter().map(|(index, row)| Some(vec![Some(*index as f32), Some(*row as f32)]));
        let states = FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(states, 2);
        let pictures: BinaryArray = part.iter().map(|row| (row.1 != 2).then(|| picture(row))).collect();
        let paths = StringArray::from_iter_values(part.iter().map(|(index, row)| format!("images/{index}_{row}.png")));
        let pictures = StructArray::from(vec![
            (Arc::new(Field::new("bytes", DataType::Binary, true)), Arc::new(pictures) as ArrayRef),
            (Arc::new(Field::new("path", DataType::Utf8, true)), Arc::new(paths) as ArrayRef),
        ]);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("observation.image", Arc::new(pictures)),
            ("observation.state", Arc::new(states)),
            (
                "language_instruction",
                Arc::new(StringArray::from_iter_values(part.iter().map(|(index, _)| format!("task {index}")))),
            ),
            ("episode_index", integers(|row| row.0)),
            ("frame_index", integers(|row| row.1 as i64)),
            ("timestamp", Arc::new(Float32Array::from_iter_values(part.iter().map(|(_, row)| *row as f32 / 10.0)))),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let writer = writer.get_or_insert_with(|| StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap());
        writer.write(&batch).unwrap();
    }
    writer.unwrap().into_inner().unwrap()
}

fn picture((index, row): &(i64, usize)) -> Vec<u8> {
    [b"\x89PNG\r\n", format!("{index} {row}").as_bytes(), &vec![7; 40 * row][..]].concat()
}

fn dataset(table: Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let header = br#"{"from":{"dtype":"I64","shape":[3],"data_offsets":[0,24]},"to":{"dtype":"I64","shape":[3],"data_offsets":[24,48]}}"#;
    let ends = [0_i64, 4, 9, 4, 9, 12].iter().flat_map(|number| number.to_le_bytes()).collect();
    let index = [(header.len() as u64).to_le_bytes().to_vec(), header.to_vec(), ends].concat();
    let files: [(&str, Vec<u8>); 5] = [
        ("data/data-00000-of-00001.arrow", table),
        ("data/state.json", br#"{"_data_files":[{"filename":"data-00000-of-00001.arrow"}]}"#.to_vec()),
        ("images/1_2.png", b"beside".to_vec()),
        ("meta_data/episode_data_index.safetensors", index),
        ("meta_data/info.json", br#"{"codebase_version":"v1.6","fps":10,"video":false}"#.to_vec()),
    ];
    files.into_iter().map(|(path, bytes)| (path.to_owned(), bytes)).collect()
}

#[test]
fn pictures_inside_of_the_table() {
    for batch in [1, 3, 100] {
        let source = MemorySource::new(dataset(stream(&[(0, 4), (1, 5)], batch)));
        let (plan, all) = read_all(&source, &ReadOptions::default());
        assert_eq!((plan.profile.as_deref(), plan.channels[0].rate_hz), (Some("v1.6"), Some(10.0)));
        assert_eq!(plan.channels[0].picture.as_ref().unwrap().codec, Codec::Png);
        let kinds: Vec<_> = plan.notes.iter().map(|note| (note.kind, note.measured, note.limit)).collect();
        let counts = [(NoteKind::CountMismatch, Some(2.0), Some(3.0)), (NoteKind::FileMissing, Some(2.0), Some(3.0))];
        assert_eq!(kinds, counts, "the index has an episode more");
        assert_eq!(plan.episodes[1].task.as_deref(), Some("task 1"));
        assert_eq!(all.ended, [0, 1]);
        // The third picture of the first episode is nowhere, that of the second in a file of its own.
        assert_eq!(all.summary.channels[&0], ChannelTally { messages: 9, undecodable: 1 });
        let mut blobs = BlobReader::new(&source);
        for (episode, rows) in [(0, vec![0, 1, 3]), (1, vec![0, 1, 2, 3, 4])] {
            let got = &all.got[&(episode, "observation.image".to_owned())];
            let read: Vec<_> = got.blobs.iter().map(|blob| blobs.read(blob).unwrap()).collect();
            let expected: Vec<_> = rows
                .iter()
                .map(|row| match (episode, row) {
                    (1, 2) => b"beside".to_vec(),
                    (episode, row) => picture(&(i64::from(episode), *row)),
                })
                .collect();
            assert_eq!(read, expected);
            assert_eq!(got.times, rows.iter().map(|row| *row as i64 * 100_000_000).collect::<Vec<_>>());
            let state = &all.got[&(episode, "observation.state".to_owned())];
            assert_eq!(state.values[..4], [f64::from(episode), 0.0, f64::from(episode), 1.0]);
        }
    }
}

#[test]
fn every_cut_keeps_the_batches_before_it() {
    let whole = stream(&[(0, 4), (1, 5)], 3);
    let mut seen = std::collections::BTreeSet::new();
    for length in 0..whole.len() {
        let source = MemorySource::new(dataset(whole[..length].to_vec()));
        let Ok(plan) = LeRobot.plan(&source, &ReadOptions::default()) else { continue };
        assert!(plan.episodes.len() <= 3);
        let (_, all) = read_all(&source, &ReadOptions::default());
        let rows = all.summary.channels.get(&1).map_or(0, |tally| tally.messages);
        assert_eq!(rows % 3, 0);
        let told = all.notes.iter().any(|note| matches!(note.kind, NoteKind::Truncated | NoteKind::Corrupt));
        assert_eq!(told, !all.summary.complete, "{length}");
        assert!(told || rows == 9 || seen.insert(rows), "a cut at a border is no damage that a stream could tell");
    }
}

#[test]
fn flips_never_panic() {
    let whole = stream(&[(0, 4), (1, 5)], 5);
    let mut random = Random(3);
    for round in 0..4000 {
        let mut bytes = whole.clone();
        for _ in 0..=random.below(3) {
            let at = if round % 2 == 0 { random.below(bytes.len()) } else { random.below(1500) };
            bytes[at] = random.below(256) as u8;
        }
        let source = MemorySource::new(dataset(bytes));
        if LeRobot.plan(&source, &ReadOptions::default()).is_ok() {
            read_all(&source, &ReadOptions::default());
        }
    }
}

#[test]
fn a_stream_of_something_else_is_not_claimed() {
    let batch = RecordBatch::try_from_iter([("x", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    let source = MemorySource::new([("a.arrow".to_owned(), writer.into_inner().unwrap())]);
    assert!(!LeRobot.claims(&source));
    let error = sniff(&source).err().unwrap().to_string();
    assert!(error.contains("an Arrow stream that has no episodes"), "{error}");
}
