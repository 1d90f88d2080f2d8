//! Made data sets: every shape of a feature, and what is odd about steps.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use prairie_formats::rlds::Rlds;
use prairie_formats::{BlobReader, Reader, sniff};
use prairie_model::{ChannelTally, Codec, Hash256, MemorySource, NoteKind, PixelFormat, ReadOptions};

use crate::support::{All, IMAGE, List, TEXT, example, features, file, read, tensor};

/// A data set of one file.
pub(crate) fn dataset(tree: Vec<u8>, info: &str, records: &[Vec<u8>]) -> MemorySource {
    MemorySource::new([
        ("features.json".to_owned(), tree),
        ("dataset_info.json".to_owned(), info.as_bytes().to_vec()),
        ("d-train.tfrecord-00000-of-00001".to_owned(), file(records)),
    ])
}

pub(crate) const INFO: &str = r#"{"name": "d", "version": "2.0.0", "fileFormat": "tfrecord", "splits": [{"name": "train", "shardLengths": ["1"]}]}"#;

fn all(tree: Vec<u8>, record: &[(&str, List<'_>)]) -> (prairie_model::RecordingPlan, All) {
    read(&dataset(tree, INFO, &[example(record)]), &ReadOptions::default()).unwrap()
}

#[test]
fn tensors_of_every_storage() {
    let stored: Vec<u8> = [1_i16, -2, 3, 4].iter().flat_map(|number| number.to_le_bytes()).collect();
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(&stored).unwrap();
    let zlib = zlib.finish().unwrap();
    let halves = [0x00, 0x3c, 0x00, 0xc0];
    let pixels = [5_u8; 16 * 16 * 3];
    let nodes = [
        ("bf16", tensor("bfloat16", &[2], "bytes")),
        ("bytes", tensor("int16", &[2, 2], "bytes")),
        ("dynamic", tensor("int16", &[-1, -1], "zlib")),
        ("f16", tensor("float16", &[2], "bytes")),
        ("f64", tensor("float64", &[2], "none")),
        ("flag", tensor("bool", &[], "none")),
        ("open", tensor("float32", &[-1, 2], "none")),
        ("pixels", tensor("uint8", &[16, 16, 3], "bytes")),
        ("u64", tensor("uint64", &[], "none")),
        ("u8", tensor("uint8", &[2], "none")),
        ("zlib", tensor("int16", &[2, 2], "zlib")),
    ];
    let nodes: Vec<_> = nodes.iter().map(|(name, node)| (*name, node.as_str())).collect();
    let record = [
        ("steps/bf16", List::Bytes(vec![&[0x80, 0x3f, 0x00, 0xc0]; 2])),
        ("steps/bytes", List::Bytes(vec![&stored; 2])),
        ("steps/dynamic/value", List::Bytes(vec![&zlib; 2])),
        ("steps/dynamic/shape", List::Integers(vec![1, 4, 2, 2])),
        ("steps/f16", List::Bytes(vec![&halves; 2])),
        ("steps/f64", List::UnpackedFloats(vec![1.0, 2.0, 3.0, 4.0])),
        ("steps/flag", List::UnpackedIntegers(vec![1, 0])),
        ("steps/open", List::Floats((0..8_u8).map(f32::from).collect())),
        ("steps/pixels", List::Bytes(vec![&pixels; 2])),
        ("steps/u64", List::Integers(vec![-1, 7])),
        ("steps/u8", List::Integers(vec![1, 2, 255, 256])),
        ("steps/zlib", List::Bytes(vec![&zlib, b"no"])),
    ];
    let (plan, all) = all(features(&nodes, &[]), &record);
    for topic in ["f16", "bf16"] {
        assert_eq!(all.of(0, topic).values, [1.0, -2.0, 1.0, -2.0], "{topic}");
    }
    let numbers = [1.0, -2.0, 3.0, 4.0];
    assert_eq!(all.of(0, "bytes").values, numbers.repeat(2));
    assert_eq!(
        (all.of(0, "dynamic").values.as_slice(), all.of(0, "dynamic").lengths.as_slice()),
        (&numbers.repeat(2)[..], &[4, 4][..])
    );
    assert_eq!(all.of(0, "zlib").values, numbers, "the second is no zlib");
    assert_eq!(all.of(0, "f64").values, [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(all.of(0, "flag").values, [1.0, 0.0]);
    assert_eq!(all.of(0, "open").lengths, [4, 4]);
    assert_eq!(all.of(0, "u64").values, [u64::MAX as f64, 7.0]);
    assert_eq!(all.of(0, "u8").values, [1.0, 2.0], "256 is no byte");
    let channel = |topic: &str| plan.channels.iter().find(|channel| channel.topic == topic).unwrap();
    assert_eq!(
        (&channel("bytes").shape[..], &channel("flag").shape[..], &channel("open").shape[..]),
        (&[2, 2][..], &[1][..], &[][..])
    );
    assert_eq!(channel("pixels").picture.as_ref().unwrap().codec, Codec::Raw(PixelFormat::Rgb8));
    assert_eq!(all.of(0, "pixels").blobs[0].length, 768);
    for topic in ["u8", "zlib"] {
        let tally = all.summary.channels[&channel(topic).id];
        assert_eq!(tally, ChannelTally { messages: 2, undecodable: 1 }, "{topic}");
    }
    assert_eq!(all.kinds(), [NoteKind::Undecodable; 2], "{:?}", all.notes);
}

#[test]
fn sequences_within_a_step_and_beside_the_steps() {
    let inner = tensor("float32", &[2], "none");
    let sequence = format!(r#"{{"pythonClassName":"x.Sequence","sequence":{{"length":"-1","feature":{inner}}}}}"#);
    let texts = format!(r#"{{"pythonClassName":"x.Sequence","sequence":{{"length":"-1","feature":{TEXT}}}}}"#);
    let big = tensor("int64", &[100], "none");
    let tree = features(
        &[("boxes", &sequence), ("words", &texts), ("r", &tensor("float32", &[], "none"))],
        &[("big", &big), ("seq", &sequence)],
    );
    let numbers = |count: u8| List::Floats((0..count).map(f32::from).collect());
    let record = [
        ("steps/boxes/ragged_flat_values", numbers(6)),
        ("steps/boxes/ragged_row_lengths_0", List::Integers(vec![2, 0, 1])),
        ("steps/words/ragged_flat_values", List::Bytes(vec![b"a", b"b"])),
        ("steps/words/ragged_row_lengths_0", List::Integers(vec![2, 0, 0])),
        ("steps/r", numbers(3)),
        ("big", List::Integers((0..100).collect())),
        ("seq", numbers(4)),
    ];
    let (plan, all) = all(tree, &record);
    let boxes = all.of(0, "boxes");
    assert_eq!(
        (boxes.lengths.as_slice(), boxes.values.as_slice()),
        (&[4, 0, 2][..], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0][..])
    );
    assert_eq!(boxes.times, [0, 100_000_000, 200_000_000]);
    assert_eq!((all.of(0, "big").lengths.as_slice(), all.of(0, "seq").lengths.as_slice()), (&[100][..], &[4][..]));
    assert_eq!(
        plan.notes.iter().map(|note| note.kind).collect::<Vec<_>>(),
        [NoteKind::TimeInvalid, NoteKind::Unmapped]
    );
    assert!(plan.notes[0].text.contains("1/10 s"), "{}", plan.notes[0].text);
    let words = plan.channels.iter().find(|channel| channel.topic == "words").unwrap();
    assert!(words.undecodable.is_some() && all.summary.channels[&words.id].undecodable > 0);
    assert!(all.notes.is_empty(), "{:?}", all.notes);
}

#[test]
fn texts_that_change_are_a_channel_and_those_that_do_not_the_task() {
    let tree = features(
        &[("language_instruction", TEXT), ("said", TEXT)],
        &[("note", TEXT), ("n", &tensor("int32", &[2], "none"))],
    );
    let record = |instruction: Vec<&'static [u8]>| {
        example(&[
            ("steps/language_instruction", List::Bytes(instruction)),
            ("steps/said", List::Bytes(vec![b"go", b"", b"\xff"])),
            ("note", List::Bytes(vec![b"x"])),
            ("n", List::Integers(vec![1, -2])),
        ])
    };
    let source = dataset(tree, INFO, &[record(vec![b"open it"; 3]), record(vec![b"open", b"open", b"close"])]);
    let (plan, all) = read(&source, &ReadOptions::default()).unwrap();
    assert_eq!(plan.episodes[0].task.as_deref(), Some("open it"));
    assert_eq!((plan.episodes[1].task.as_deref(), plan.episodes[1].claimed_length), (None, Some(3)));
    assert_eq!(
        (plan.episodes[1].attributes["note"].as_str(), plan.episodes[1].attributes["n"].as_str()),
        ("x", "[1,-2]")
    );
    assert_eq!(plan.episodes[1].attributes["split"], "train");
    assert!(!all.got.contains_key(&(0, "language_instruction".to_owned())));
    let said = [Some("open"), Some("open"), Some("close")].map(|text| text.map(str::to_owned));
    assert_eq!(all.of(1, "language_instruction").texts, said);
    assert_eq!(
        all.of(0, "said").texts,
        [Some("go".to_owned()), None],
        "an empty text says nothing, and bytes are no text"
    );
    assert_eq!(plan.notes[1].kind, NoteKind::CountMismatch, "one record is claimed");
    assert_eq!(all.kinds(), [NoteKind::Undecodable; 2]);
}

#[test]
fn cameras_that_a_flag_denies() {
    let (flag, at) = (tensor("bool", &[], "none"), tensor("float32", &[], "none"));
    let tree = features(
        &[("a", IMAGE), ("b", IMAGE), ("c", IMAGE), ("has_b", &flag), ("r", &at)],
        &[("meta/has_a", &flag), ("meta/has_c", &flag)],
    );
    let pictures = [b"\x89PNG\r\n1".as_slice(), b"\x89PNG\r\n2", b"\x89PNG\r\n3"];
    let blank = b"\x89PNG\r\n0".as_slice();
    let record = example(&[
        ("steps/a", List::Bytes(vec![blank; 3])),
        ("steps/b", List::Bytes(vec![pictures[0], blank, blank])),
        ("steps/c", List::Bytes(pictures.to_vec())),
        ("steps/has_b", List::Integers(vec![1, 0, 0])),
        ("steps/r", List::Floats(vec![0.0; 3])),
        ("meta/has_a", List::Integers(vec![0])),
        ("meta/has_c", List::Integers(vec![0])),
    ]);
    let source = dataset(tree, INFO, &[record]);
    let (plan, all) = read(&source, &ReadOptions::default()).unwrap();
    assert_eq!(plan.channels[0].picture.as_ref().unwrap().codec, Codec::Png);
    assert!(!all.got.contains_key(&(0, "a".to_owned())));
    assert_eq!((all.of(0, "b").blobs.len(), all.of(0, "b").times.as_slice()), (1, &[0][..]));
    let read: Vec<_> = all.of(0, "c").blobs.iter().map(|blob| BlobReader::new(&source).read(blob).unwrap()).collect();
    assert_eq!(read, pictures, "they differ, whatever the flag says");
    assert_eq!(all.attributes["absent.a"], "3 blank pictures in 1 episodes, which a flag says are none");
    assert_eq!(all.attributes["absent.b"], "2 blank pictures in 1 episodes, which a flag says are none");
    assert_eq!((all.kinds(), all.notes[0].stream.as_deref()), (vec![NoteKind::IndexWrong], Some("c")));
}

#[test]
fn steps_with_times_of_their_own() {
    let at = tensor("float32", &[], "none");
    let tree = || features(&[("r", &at), ("timestamp_ms", &tensor("int64", &[], "none"))], &[]);
    let record = |stamps: Vec<i64>| {
        let rewards = List::Floats(vec![0.0; 3]);
        dataset(tree(), INFO, &[example(&[("steps/r", rewards), ("steps/timestamp_ms", List::Integers(stamps))])])
    };
    let (plan, all) = read(&record(vec![50, 60, 75]), &ReadOptions::default()).unwrap();
    assert!(plan.notes.is_empty(), "{:?}", plan.notes);
    assert_eq!(all.of(0, "r").times, [0, 10_000_000, 25_000_000]);
    for stamps in [vec![50, 40, 30], vec![1, 2]] {
        let (_, all) = read(&record(stamps), &ReadOptions::default()).unwrap();
        assert_eq!(all.of(0, "r").times, [0, 100_000_000, 200_000_000]);
        assert_eq!(all.kinds()[0], NoteKind::TimeInvalid);
    }
}

#[test]
fn what_does_not_fit_the_tree_is_told() {
    let (number, mark) = (tensor("float32", &[2], "none"), tensor("bool", &[], "none"));
    let tree = features(
        &[
            ("gone", &number),
            ("is_first", &mark),
            ("is_last", &mark),
            ("long", &number),
            ("odd", &number),
            ("other", &number),
        ],
        &[],
    );
    let record = [
        ("steps/is_first", List::Integers(vec![0, 0, 0])),
        ("steps/is_last", List::Integers(vec![0, 0, 1])),
        ("steps/long", List::Floats(vec![1.0; 8])),
        ("steps/odd", List::Floats(vec![1.0; 7])),
        ("steps/other", List::Integers(vec![1; 6])),
        ("steps/undeclared", List::Integers(vec![1])),
    ];
    let (_, all) = all(tree, &record);
    let told: Vec<_> = all.notes.iter().map(|note| (note.kind, note.stream.as_deref().unwrap_or_default())).collect();
    let expected = [
        (NoteKind::IndexWrong, "steps/undeclared"),
        (NoteKind::IndexWrong, "gone"),
        (NoteKind::CountMismatch, "long"),
        (NoteKind::Ragged, "odd"),
        (NoteKind::Undecodable, "other"),
        (NoteKind::MarkerUnpaired, "is_first"),
    ];
    assert_eq!(told, expected, "{:?}", all.notes);
    assert_eq!((all.of(0, "long").times.len(), all.of(0, "odd").times.len()), (4, 3));
}

#[test]
fn a_record_larger_than_the_window_is_read_in_parts() {
    let tree = features(&[("a", IMAGE), ("x", &tensor("int64", &[3], "none"))], &[]);
    let pictures: Vec<Vec<u8>> = (0..3_u8).map(|at| [b"\x89PNG".as_slice(), &vec![at; 13 << 20]].concat()).collect();
    let numbers: Vec<i64> = (0..9).map(|at| at << (6 * at)).collect();
    let record = example(&[
        ("steps/a", List::Bytes(pictures.iter().map(Vec::as_slice).collect())),
        ("steps/x", List::Integers(numbers.clone())),
    ]);
    let (_, all) = read(&dataset(tree, INFO, &[record]), &ReadOptions::default()).unwrap();
    let hashes: Vec<_> = all.of(0, "a").blobs.iter().map(|blob| blob.sha256).collect();
    assert_eq!(hashes, pictures.iter().map(|picture| Some(Hash256::of(picture))).collect::<Vec<_>>());
    assert_eq!(all.of(0, "x").values, numbers.iter().map(|number| *number as f64).collect::<Vec<_>>());
    assert!(all.summary.complete && all.notes.is_empty());
}

#[test]
fn other_folders_are_refused_with_a_reason() {
    let records = [example(&[])];
    let refused = |tree: &[u8], info: &str| {
        let source = dataset(tree.to_vec(), info, &records);
        assert_eq!(sniff(&source).unwrap().name(), "rlds");
        Rlds.plan(&source, &ReadOptions::default()).unwrap_err().to_string()
    };
    let flat = br#"{"pythonClassName":"x.FeaturesDict","featuresDict":{"features":{"a":{"pythonClassName":"x.Text","text":{}}}}}"#;
    assert!(refused(flat, INFO).contains("no feature of the class `Dataset`"));
    assert!(refused(&features(&[], &[]), r#"{"fileFormat": "array_record"}"#).contains("`array_record`"));
    assert!(refused(b"{\"a", INFO).contains("failed to read the description of `features.json`"));
    let other =
        MemorySource::new([("features.json".to_owned(), b"{}".to_vec()), ("a.tfrecord".to_owned(), Vec::new())]);
    assert!(!Rlds.claims(&other));
}
