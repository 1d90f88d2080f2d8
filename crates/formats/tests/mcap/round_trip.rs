//! What is written is read. `peer` says the same of a reader and a writer by others.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use prairie_formats::mcap::{Mcap, McapWriter, WriterOptions};
use prairie_formats::{Reader, sniff};
use prairie_model::{Compression, MemorySource, NoteKind, ReadOptions, Source, SourceFile};
use proptest::prelude::*;

use crate::support::{self, Got, memory, read, read_source};

/// A message to write: channel, log time, publish time, data.
pub(crate) type Message = (usize, u64, u64, Vec<u8>);

pub(crate) fn write(options: &WriterOptions, channels: usize, messages: &[Message]) -> Vec<u8> {
    let mut writer = McapWriter::new(Vec::new(), options.clone()).expect("memory");
    let schema = writer.add_schema("test/Bytes", "none", b"any bytes").expect("memory");
    let ids: Vec<_> = (0..channels)
        .map(|n| {
            let schema = (n % 2 == 0).then_some(schema);
            writer.add_channel(schema, &format!("/{n}"), "bytes", BTreeMap::new()).expect("memory")
        })
        .collect();
    for (sequence, (channel, log_time, publish_time, data)) in messages.iter().enumerate() {
        writer.write(ids[*channel], sequence as u32, *log_time, *publish_time, data).expect("memory");
    }
    writer.finish().expect("memory")
}

pub(crate) fn expected(messages: &[Message]) -> BTreeMap<String, Vec<Got>> {
    let mut topics: BTreeMap<String, Vec<Got>> = BTreeMap::new();
    for (channel, log_time, publish_time, data) in messages {
        topics.entry(format!("/{channel}")).or_default().push(Got {
            log_time: *log_time as i64,
            publish_time: *publish_time as i64,
            data: Some(data.clone()),
        });
    }
    topics
}

pub(crate) fn options() -> impl Strategy<Value = WriterOptions> {
    let compression = prop_oneof![Just(Compression::None), Just(Compression::Lz4), Just(Compression::Zstd)];
    let chunk = prop_oneof![Just(None), (1_usize..2000).prop_map(Some)];
    (compression, chunk, any::<[bool; 8]>()).prop_map(|(compression, chunk_bytes, flags)| WriterOptions {
        compression,
        chunk_bytes,
        message_indexes: flags[0],
        chunk_indexes: flags[1],
        statistics: flags[2],
        repeat_schemas: flags[3],
        repeat_channels: flags[4],
        summary_offsets: flags[5],
        padding: if flags[6] { b"later" } else { b"" },
        ..WriterOptions::default()
    })
}

pub(crate) fn messages() -> impl Strategy<Value = Vec<Message>> {
    let data = prop::collection::vec(any::<u8>(), 0..300);
    let message = (0..3_usize, 0..1_u64 << 62, 0..1_u64 << 62, data);
    prop::collection::vec(message, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(options in options(), messages in messages()) {
        let recording = read(write(&options, 3, &messages)).expect("it is readable");
        prop_assert!(recording.summary.complete);
        prop_assert_eq!(&recording.messages, &expected(&messages));
        let notes = recording.kinds();
        prop_assert!(notes.iter().all(|kind| *kind == NoteKind::IndexMissing), "{:?}", recording.notes);
        if options.statistics {
            prop_assert_eq!(recording.plan.claimed_messages, Some(messages.len() as u64));
        } else {
            prop_assert_eq!(recording.plan.claimed_messages, None);
        }
        if options.repeat_channels && options.repeat_schemas {
            prop_assert_eq!(recording.plan.channels.len(), 3);
        }
    }
}

#[test]
fn decoded_and_undecodable_messages() {
    let mut writer = McapWriter::new(Vec::new(), WriterOptions::default()).expect("memory");
    let schema = writer.add_schema("std_msgs/msg/UInt16", "ros2msg", b"uint16 data").expect("memory");
    let channel = writer.add_channel(Some(schema), "/n", "cdr", BTreeMap::new()).expect("memory");
    for n in 0..10_u8 {
        let body: &[u8] = if n == 4 { &[0, 1, 0, 0, 9] } else { &[0, 1, 0, 0, n, 0] };
        writer.write(channel, 0, u64::from(n), 0, body).expect("memory");
    }
    let recording = read(writer.finish().expect("memory")).expect("it is readable");
    assert!(recording.plan.channels[0].fields.is_some(), "{:?}", recording.plan.channels);
    let tally = recording.summary.channels[&0];
    assert_eq!((tally.messages, tally.undecodable), (10, 1));
    assert_eq!(recording.kinds(), [NoteKind::Undecodable]);
    let note = &recording.notes[0];
    assert_eq!((note.stream.as_deref(), note.measured), (Some("/n"), Some(1.0)));
    assert!(note.text.starts_with("1 of 10 messages on `/n` do not fit schema `std_msgs/msg/UInt16`"), "{}", note.text);
    let times: Vec<_> = recording.topic("/n").iter().map(|got| got.log_time).collect();
    assert_eq!(times, [0, 1, 2, 3, 5, 6, 7, 8, 9]);
    assert!(recording.summary.complete, "an undecodable message is no damage of the container");
}

#[test]
fn attributes_come_from_the_index_or_from_the_data() {
    for indexed in [true, false] {
        let options = WriterOptions {
            metadata_indexes: indexed,
            attachment_indexes: indexed,
            profile: "ros2".to_owned(),
            library: "test 1".to_owned(),
            ..WriterOptions::default()
        };
        let mut writer = McapWriter::new(Vec::new(), options).expect("memory");
        let robot = |name: &str| BTreeMap::from([("robot".to_owned(), name.to_owned())]);
        writer.metadata("run", robot("g1")).expect("memory");
        writer.metadata("run", robot("g1")).expect("memory");
        writer.metadata("run", robot("h1")).expect("memory");
        writer.attachment("calibration", "application/json", 1, 2, b"{}").expect("memory");
        let bytes = writer.finish().expect("memory");
        let recording = read(bytes).expect("it is readable");
        assert_eq!(recording.plan.attributes.is_empty(), !indexed);
        assert_eq!(recording.plan.profile.as_deref(), Some("ros2"));
        assert_eq!(recording.plan.writer.as_deref(), Some("test 1"));
        assert_eq!(recording.attributes["metadata.run.robot"], "g1");
        let conflicting: Vec<_> =
            recording.attributes.iter().filter(|(key, _)| key.starts_with("metadata.run.robot@")).collect();
        assert_eq!(conflicting.len(), 1);
        assert_eq!(conflicting[0].1, "h1");
        assert_eq!(recording.attributes["attachment.calibration"], "application/json, 2 bytes");
        assert!(recording.notes.is_empty(), "{:?}", recording.notes);
    }
}

/// Counts the bytes that are asked for.
struct Metered(MemorySource, AtomicU64);

impl Source for Metered {
    fn files(&self) -> &[SourceFile] {
        self.0.files()
    }

    fn read_at(&self, file: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.0.read_at(file, offset, buffer)?;
        self.1.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

#[test]
fn a_scan_for_one_channel_leaves_the_other_chunks_alone() {
    let options =
        WriterOptions { compression: Compression::None, chunk_bytes: Some(6 << 20), ..WriterOptions::default() };
    let mut messages = vec![(1, 1, 1, b"first".to_vec())];
    messages.extend((2..42).map(|n| (0, n, n, vec![n as u8; 2 << 20])));
    messages.push((1, 99, 99, b"last".to_vec()));
    let source = Metered(memory(write(&options, 2, &messages)), AtomicU64::new(0));
    let plan = Mcap.plan(&source, &ReadOptions::default()).expect("it is readable");
    assert!(source.1.load(Ordering::Relaxed) < 16 << 20, "the plan reads the ends only");
    let marker = plan.channels.iter().find(|channel| channel.topic == "/1").expect("it is in the plan");
    let only = ReadOptions { channels: Some(BTreeSet::from([marker.id])), ..ReadOptions::default() };
    let recording = read_source(&source, &only).expect("it is readable");
    let data: Vec<_> = recording.topic("/1").iter().map(|got| got.data.clone().expect("opaque")).collect();
    assert_eq!(data, [b"first".to_vec(), b"last".to_vec()]);
    assert_eq!(recording.summary.channels.len(), 1);
    assert!(recording.summary.complete && recording.notes.is_empty(), "{:?}", recording.notes);
    let read = source.1.load(Ordering::Relaxed);
    let size = source.files()[0].size;
    assert!(read < size * 4 / 5, "{read} of {size} bytes were read");
}

#[test]
fn a_folder_of_files_is_one_recording() {
    let one = write(&WriterOptions::default(), 2, &[(0, 1, 1, vec![1]), (1, 2, 2, vec![2])]);
    let two = write(&WriterOptions::default(), 2, &[(1, 3, 3, vec![3]), (0, 4, 4, vec![4])]);
    let source = MemorySource::new([
        ("bag_1.mcap".to_owned(), two.clone()),
        ("bag_0.mcap".to_owned(), one.clone()),
        ("metadata.yaml".to_owned(), b"rosbag2_bagfile_information:".to_vec()),
    ]);
    assert_eq!(sniff(&source).expect("it is claimed").name(), "mcap");
    let recording = read_source(&source, &ReadOptions::default()).expect("it is readable");
    assert_eq!(recording.plan.channels.len(), 2);
    assert_eq!(recording.plan.claimed_messages, Some(4));
    assert_eq!(recording.plan.channels[0].claimed_messages, Some(2));
    assert_eq!(recording.topic("/0").iter().map(|got| got.log_time).collect::<Vec<_>>(), [1, 4]);
    assert_eq!(recording.topic("/1").iter().map(|got| got.log_time).collect::<Vec<_>>(), [2, 3]);
    assert!(recording.summary.complete && recording.notes.is_empty(), "{:?}", recording.notes);

    let broken =
        MemorySource::new([("bag_0.mcap".to_owned(), b"nothing of the kind".to_vec()), ("bag_1.mcap".to_owned(), two)]);
    assert!(Mcap.claims(&broken));
    let recording = read_source(&broken, &ReadOptions::default()).expect("one of its files is readable");
    assert_eq!((recording.count(), recording.summary.complete), (2, false));
    assert_eq!(recording.kinds(), [NoteKind::Corrupt]);

    let mixed = MemorySource::new([("a.mcap".to_owned(), one), ("b.db3".to_owned(), vec![0; 100])]);
    assert!(!Mcap.claims(&mixed));
}

#[test]
fn what_is_not_mcap_is_not_claimed() {
    for bytes in [&b""[..], b"\x89MCAP", b"#ROSBAG V2.0\n", b"\x89PNG\r\n\x1a\n0000"] {
        assert!(!Mcap.claims(&memory(bytes.to_vec())));
    }
    assert!(!Mcap.claims(&MemorySource::default()));
    let magic = support::memory(b"\x89MCAP0\r\n".to_vec());
    assert!(Mcap.claims(&magic));
    let error = read_source(&magic, &ReadOptions::default()).err().expect("there is nothing to read");
    assert_eq!(error.to_string(), "failed to read the header at byte 8 of `a.mcap`: the file has only 8 bytes");
}
