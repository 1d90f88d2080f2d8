//! Truncated, corrupt and odd files: what lies before the damage is read, and nothing panics.

use prairie_formats::mcap::WriterOptions;
use prairie_formats::mcap::record::{self, op};
use prairie_formats::mcap::walk::{MAGIC, next_frame};
use prairie_model::{Compression, NoteKind};
use proptest::prelude::*;

use crate::round_trip::{self, Message, expected, messages, options};
use crate::support::{Got, Recording, read};

fn some_messages(count: u64) -> Vec<Message> {
    (0..count).map(|n| ((n % 3) as usize, n, n + 1, vec![n as u8; 20 + (n % 50) as usize])).collect()
}

fn write(options: &WriterOptions, messages: &[Message]) -> Vec<u8> {
    round_trip::write(options, 3, messages)
}

/// How many messages lie in records that end before each offset: (end, messages so far), and where the data ends.
fn milestones(bytes: &[u8], chunk_messages: &[usize]) -> (Vec<(u64, usize)>, u64) {
    let (mut slice, mut offset, mut so_far) = (bytes, MAGIC.len() as u64, 0);
    let (mut milestones, mut chunks) = (Vec::new(), chunk_messages.iter());
    while let Some(frame) = next_frame(&mut slice, offset, bytes.len() as u64).expect("it is valid") {
        offset = frame.end();
        match frame.opcode {
            op::MESSAGE => so_far += 1,
            op::CHUNK => so_far += chunks.next().expect("one count per chunk"),
            op::DATA_END => break,
            _ => continue,
        }
        milestones.push((offset, so_far));
    }
    (milestones, offset)
}

/// Messages per chunk, from the message indexes.
fn per_chunk(bytes: &[u8]) -> Vec<usize> {
    let (mut slice, mut offset, mut counts) = (bytes, MAGIC.len() as u64, Vec::new());
    while let Some(frame) = next_frame(&mut slice, offset, bytes.len() as u64).expect("it is valid") {
        offset = frame.end();
        match frame.opcode {
            op::CHUNK => counts.push(0),
            op::MESSAGE_INDEX => {
                let body = &bytes[frame.body() as usize..frame.end() as usize];
                let (index, _) = record::MessageIndex::parse(body).expect("it is valid");
                *counts.last_mut().expect("a chunk comes first") += index.records.len();
            }
            op::DATA_END => break,
            _ => {}
        }
    }
    counts
}

/// Whether `got` are the first so many of `messages`, on each topic, and at least the first `least` altogether.
fn assert_prefix(got: &Recording, messages: &[Message], least: usize, what: &str) {
    let (all, must) = (expected(messages), expected(&messages[..least]));
    for (topic, got) in &got.messages {
        let all: &[Got] = all.get(topic).map_or(&[], Vec::as_slice);
        assert!(all.starts_with(got), "{what}: {topic}");
    }
    for (topic, must) in must {
        assert!(got.topic(&topic).starts_with(&must), "{what}: messages on {topic} are missing");
    }
}

#[test]
fn cut_at_every_byte() {
    let messages = some_messages(90);
    for (chunk_bytes, compression) in [
        (None, Compression::None),
        (Some(900), Compression::None),
        (Some(900), Compression::Lz4),
        (Some(900), Compression::Zstd),
    ] {
        let bytes = write(&WriterOptions { chunk_bytes, compression, ..WriterOptions::default() }, &messages);
        let (milestones, data_end) = milestones(&bytes, &per_chunk(&bytes));
        for cut in 0..bytes.len() {
            let what = format!("{compression:?}, {chunk_bytes:?}, cut at {cut} of {}", bytes.len());
            let least = milestones.iter().rev().find(|(end, _)| *end <= cut as u64).map_or(0, |(_, count)| *count);
            let recording = match read(bytes[..cut].to_vec()) {
                Ok(recording) => recording,
                Err(error) => {
                    assert!(cut < 17, "{what}: {error}");
                    continue;
                }
            };
            assert!(!recording.summary.complete, "{what}");
            assert!(recording.kinds().contains(&NoteKind::Truncated), "{what}: {:?}", recording.notes);
            assert_prefix(&recording, &messages, least, &what);
            if cut as u64 >= data_end {
                assert_eq!(recording.count(), 90, "{what}");
            }
        }
    }
}

#[test]
fn a_cut_chunk_gives_its_whole_messages() {
    // One chunk of many blocks, so that a part of it can be decompressed.
    let messages: Vec<Message> =
        (0..8000_u64).map(|n| (0, n, n, (0..200).map(|m| (n * m * m % 251) as u8).collect())).collect();
    for compression in [Compression::None, Compression::Lz4, Compression::Zstd] {
        let options = WriterOptions { chunk_bytes: Some(usize::MAX), compression, ..WriterOptions::default() };
        let bytes = write(&options, &messages);
        let chunk = per_chunk(&bytes);
        assert_eq!(chunk, [8000]);
        let (milestones, _) = milestones(&bytes, &chunk);
        let cut = milestones[0].0 as usize * 3 / 4;
        let recording = read(bytes[..cut].to_vec()).expect("it is readable");
        let count = recording.count();
        assert!((2000..8000).contains(&count), "{compression:?}: {count}");
        assert_prefix(&recording, &messages, count as usize, "cut chunk");
    }
}

#[test]
fn reading_goes_on_after_a_damaged_chunk() {
    let messages = some_messages(300);
    for compression in [Compression::Lz4, Compression::Zstd] {
        let options = WriterOptions { chunk_bytes: Some(2000), compression, ..WriterOptions::default() };
        let bytes = write(&options, &messages);
        let counts = per_chunk(&bytes);
        let (milestones, _) = milestones(&bytes, &counts);
        // The second chunk's compressed bytes, and then its length.
        let (start, end) = (milestones[0].0, milestones[1].0);
        let mut damaged = bytes.clone();
        for byte in &mut damaged[end as usize - 60..end as usize] {
            *byte = 0x55;
        }
        let recording = read(damaged).expect("it is readable");
        assert!(!recording.summary.complete);
        let kinds = recording.kinds();
        assert!(kinds.contains(&NoteKind::Corrupt) && kinds.contains(&NoteKind::CountMismatch), "{kinds:?}");
        assert!(recording.count() >= 300 - counts[1] as u64, "{}", recording.count());
        let last = &recording.topic("/2").last().expect("messages after the damage").data;
        assert_eq!(last, &expected(&messages)["/2"].last().expect("there are").data);

        // Where the frames themselves break, the index shows the way to the next chunk.
        let (mut slice, mut offset) = (&bytes[..], start);
        while let Some(frame) = next_frame(&mut slice, offset, bytes.len() as u64).expect("valid") {
            if frame.opcode == op::CHUNK {
                break;
            }
            offset = frame.end();
        }
        let mut damaged = bytes.clone();
        damaged[offset as usize + 7] = 0xff;
        let recording = read(damaged).expect("it is readable");
        let note = recording.notes.iter().find(|note| note.kind == NoteKind::Corrupt).expect("it is told");
        assert_eq!(note.offset, Some(offset));
        assert!(recording.count() >= 300 - counts[1] as u64, "{}", recording.count());
    }
}

#[test]
fn a_wrong_checksum_is_told_with_its_numbers_and_the_messages_stay() {
    for (chunk_bytes, compression) in [(Some(5000), Compression::None), (None, Compression::None)] {
        let messages = some_messages(40);
        let mut bytes = write(&WriterOptions { chunk_bytes, compression, ..WriterOptions::default() }, &messages);
        let at = bytes.windows(20).position(|window| window == [7; 20]).expect("message 7 is there");
        bytes[at] = 8;
        let recording = read(bytes.clone()).expect("it is readable");
        assert_eq!(recording.count(), 40);
        assert!(!recording.summary.complete);
        let checksums: Vec<_> = recording.notes.iter().filter(|note| note.kind == NoteKind::Checksum).collect();
        assert_eq!(checksums.len(), if chunk_bytes.is_some() { 2 } else { 1 }, "{:?}", recording.notes);
        assert!(checksums.iter().all(|note| note.measured.is_some() && note.measured != note.limit));
        let trusting = prairie_model::ReadOptions { verify: false, ..Default::default() };
        let recording = crate::support::read_source(&crate::support::memory(bytes), &trusting).expect("it is readable");
        assert!(recording.summary.complete && recording.notes.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn flipped_bytes_never_panic_and_leave_what_is_before(
        options in options(),
        messages in messages(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1..=255_u8), 1..6),
    ) {
        let options = WriterOptions { message_indexes: true, ..options };
        let bytes = write(&options, &messages);
        let (milestones, _) = milestones(&bytes, &per_chunk(&bytes));
        let mut damaged = bytes.clone();
        let mut first = bytes.len();
        for (at, flip) in flips {
            let at = at.index(bytes.len());
            damaged[at] ^= flip;
            first = first.min(at);
        }
        let least = milestones.iter().rev().find(|(end, _)| *end <= first as u64).map_or(0, |(_, count)| *count);
        if let Ok(recording) = read(damaged) {
            for (topic, must) in expected(&messages[..least]) {
                prop_assert!(recording.topic(&topic).starts_with(&must), "{topic} before byte {first}");
            }
        } else {
            prop_assert!(first < 17);
        }
    }

    #[test]
    fn noise_after_the_magic_never_panics(noise in prop::collection::vec(any::<u8>(), 0..400), closed in any::<bool>()) {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(noise);
        if closed {
            bytes.extend([op::FOOTER, 20, 0, 0, 0, 0, 0, 0, 0]);
            bytes.extend((MAGIC.len() as u64).to_le_bytes());
            bytes.extend([0; 12]);
            bytes.extend(MAGIC);
        }
        if let Ok(recording) = read(bytes) {
            prop_assert!(recording.summary.complete <= recording.kinds().iter().all(|kind| *kind != NoteKind::Corrupt));
        }
    }
}

/// Builds files record by record.
struct Raw(Vec<u8>);

impl Raw {
    fn new() -> Self {
        let mut raw = Self(MAGIC.to_vec());
        raw.push(op::HEADER, |body| record::Header { profile: "", library: "" }.write(body));
        raw
    }

    fn push(&mut self, opcode: u8, write: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        let mut body = Vec::new();
        write(&mut body);
        self.0.push(opcode);
        self.0.extend((body.len() as u64).to_le_bytes());
        self.0.extend(body);
        self
    }

    fn schema(&mut self, id: u16, name: &str) -> &mut Self {
        self.push(op::SCHEMA, |body| record::Schema { id, name, encoding: "none", data: b"" }.write(body))
    }

    fn channel(&mut self, id: u16, schema_id: u16, topic: &str) -> &mut Self {
        let channel = record::Channel { id, schema_id, topic, message_encoding: "x", metadata: Default::default() };
        self.push(op::CHANNEL, |body| channel.write(body))
    }

    fn message(&mut self, channel_id: u16, log_time: u64) -> &mut Self {
        self.push(op::MESSAGE, |body| {
            record::MessageHead { channel_id, sequence: 0, log_time, publish_time: 0 }.write(body);
            body.push(channel_id as u8);
        })
    }

    fn chunk(&mut self, compression: &str, claimed: u64, records: &[u8]) -> &mut Self {
        self.push(op::CHUNK, |body| {
            let head = record::ChunkHead {
                message_start_time: 0,
                message_end_time: 0,
                uncompressed_size: claimed,
                uncompressed_crc: 0,
                compression,
                compressed_size: records.len() as u64,
            };
            head.write(body);
            body.extend(records);
        })
    }

    fn end(&mut self) -> Recording {
        self.push(op::DATA_END, |body| record::DataEnd { data_section_crc: 0 }.write(body));
        let footer = record::Footer { summary_start: 0, summary_offset_start: 0, summary_crc: 0 };
        self.push(op::FOOTER, |body| footer.write(body));
        self.0.extend(MAGIC);
        read(std::mem::take(&mut self.0)).expect("it is readable")
    }
}

fn times(recording: &Recording, topic: &str) -> Vec<i64> {
    recording.topic(topic).iter().map(|got| got.log_time).collect()
}

#[test]
fn odd_but_valid_files() {
    let mut raw = Raw::new();
    raw.push(0x80, |body| body.extend(b"of an application")).push(0x70, |_| {});
    // Schemas and channels may be repeated, a channel may have no schema, and two may share a topic.
    raw.schema(1, "A").channel(1, 1, "/a").schema(1, "A").channel(1, 1, "/a").channel(2, 0, "/b").channel(3, 0, "/b");
    raw.message(1, 1).message(2, 2).message(3, 3).message(1, 4);
    let recording = raw.end();
    assert_eq!(recording.kinds(), [NoteKind::IndexMissing]);
    assert!(recording.summary.complete);
    assert_eq!(recording.summary.channels.len(), 3);
    assert_eq!((times(&recording, "/a"), times(&recording, "/b")), (vec![1, 4], vec![2, 3]));
    let nothing = Raw::new().end();
    assert!(nothing.summary.complete && nothing.count() == 0 && nothing.summary.span.is_none());
}

#[test]
fn invalid_but_readable_files() {
    let recording = Raw::new().message(9, 1).message(9, 2).channel(9, 0, "/late").message(9, 3).end();
    assert_eq!(times(&recording, "channel 9"), [1, 2], "messages before their channel are kept");
    assert_eq!(times(&recording, "/late"), [3]);
    assert_eq!(recording.kinds(), [NoteKind::IndexMissing, NoteKind::Corrupt]);

    let recording = Raw::new().channel(1, 0, "/a").message(1, 1).channel(1, 0, "/b").message(1, 2).end();
    assert_eq!((times(&recording, "/a"), times(&recording, "/b")), (vec![1], vec![2]));
    assert_eq!(recording.kinds(), [NoteKind::IndexMissing, NoteKind::Corrupt]);

    let recording = Raw::new().channel(1, 7, "/a").message(1, 1).end();
    assert_eq!(times(&recording, "/a"), [1]);
    assert_eq!(recording.kinds(), [NoteKind::IndexMissing, NoteKind::SchemaMissing]);

    let recording = Raw::new().channel(1, 0, "/a").message(1, u64::MAX).end();
    assert_eq!(times(&recording, "/a"), [i64::MAX]);
    assert_eq!(recording.kinds(), [NoteKind::IndexMissing, NoteKind::TimeInvalid]);

    let inner = Raw::new().channel(1, 0, "/a").message(1, 1).0[MAGIC.len() + 17..].to_vec();
    let mut raw = Raw::new();
    raw.chunk("snappy", 5, b"12345").chunk("lz4", 5, b"12345").chunk("zstd", u64::MAX, b"12345").chunk("", 9, b"1");
    raw.chunk("", inner.len() as u64, &inner).message(1, 2);
    let recording = raw.end();
    assert_eq!(times(&recording, "/a"), [1, 2], "what follows the damage is read");
    assert!(!recording.summary.complete);
    assert_eq!(recording.kinds().iter().filter(|kind| **kind == NoteKind::Corrupt).count(), 5);
}

#[test]
fn notes_do_not_grow_with_the_file() {
    let mut raw = Raw::new();
    for _ in 0..5000 {
        raw.message(0, 0).push(op::MESSAGE, |body| body.extend(b"short"));
    }
    let recording = raw.end();
    assert_eq!(recording.count(), 5000);
    assert!(recording.notes.len() < 200, "{}", recording.notes.len());
    let last = recording.notes.last().expect("there are notes");
    assert_eq!(last.measured, Some(4901.0), "{}", last.text);
}

/// Log times of the messages of each chunk, in order; what a note says of the damage.
fn span_of(note: &prairie_model::Note) -> Option<(i64, i64)> {
    note.span.map(|span| (span.start.0, span.end.0))
}

#[test]
fn damage_of_a_chunk_is_told_with_its_times_and_its_messages() {
    let messages: Vec<Message> =
        (0..300).map(|n| ((n % 3) as usize, n * 10, n * 10, vec![n as u8; 20 + (n % 50) as usize])).collect();
    for compression in [Compression::Lz4, Compression::Zstd] {
        for message_indexes in [true, false] {
            let options =
                WriterOptions { chunk_bytes: Some(2000), compression, message_indexes, ..WriterOptions::default() };
            let bytes = write(&options, &messages);
            let indexed = write(&WriterOptions { message_indexes: true, ..options.clone() }, &messages);
            let counts = per_chunk(&indexed);
            let (mut slice, mut offset, mut chunks) = (&bytes[..], MAGIC.len() as u64, Vec::new());
            // The magic at the end is no record.
            while let Ok(Some(frame)) = next_frame(&mut slice, offset, bytes.len() as u64) {
                offset = frame.end();
                if frame.opcode == op::CHUNK {
                    chunks.push(frame);
                }
            }
            // The frame of the third chunk: nothing of its compressed bytes can be used.
            let (first, after) = (counts[..2].iter().sum::<usize>() as i64, counts[..3].iter().sum::<usize>() as i64);
            let mut damaged = bytes.clone();
            let body = chunks[2].body() as usize;
            let (_, used) = record::ChunkHead::parse(&bytes[body..]).expect("valid");
            damaged[body + used..body + used + 8].fill(0x55);
            let recording = read(damaged).expect("it is readable");
            let note = recording.notes.iter().find(|note| note.kind == NoteKind::Corrupt).expect("it is told");
            assert_eq!(note.offset, Some(chunks[2].offset));
            if message_indexes {
                assert_eq!(span_of(note), Some((first * 10, (after - 1) * 10)), "{}", note.text);
                assert_eq!(note.measured, Some(counts[2] as f64), "{}", note.text);
            } else {
                assert_eq!(span_of(note), Some(((first - 1) * 10 + 1, after * 10 - 1)), "{}", note.text);
                assert!(note.text.ends_with("how many messages that took is unknown"), "{}", note.text);
            }
            assert_eq!(recording.summary.lost, Some(counts[2] as u64), "the statistics count them");

            // The frame itself breaks: the chunk's own head tells its length, and the index where the next one begins.
            let mut damaged = bytes.clone();
            damaged[chunks[2].offset as usize + 7] = 0xff;
            let recording = read(damaged).expect("it is readable");
            let note = recording.notes.iter().find(|note| note.kind == NoteKind::Corrupt).expect("it is told");
            assert_eq!(note.offset, Some(chunks[2].offset));
            assert_eq!((recording.count(), recording.summary.lost), (300, Some(0)), "its messages are all there");
            if message_indexes {
                assert!(note.text.ends_with("that took 0 messages"), "{}", note.text);
                assert_eq!(span_of(note), Some(((after - 1) * 10 + 1, after * 10 - 1)), "between those around it");
            } else {
                assert_eq!(span_of(note), Some((first * 10, (after - 1) * 10)), "the index has its times");
            }

            // Without a footer nobody knows what there was.
            let cut = (chunks[2].body() as usize + used + 30).min(chunks[2].end() as usize);
            let recording = read(bytes[..cut].to_vec()).expect("it is readable");
            let note = recording.notes.iter().find(|note| note.kind == NoteKind::Truncated).expect("it is told");
            let after_last = recording.summary.span.expect("messages").end.0 + 1;
            assert_eq!(span_of(note), Some((after_last, after_last)));
            assert_eq!(recording.summary.lost, None);
        }
    }
}

#[test]
fn a_large_chunk_is_read_as_any_other() {
    // Beyond what is decompressed at once, in records of 100 kB.
    let messages: Vec<Message> = (0..400_u64)
        .map(|n| ((n % 3) as usize, n, n, (0..100_000_u64).map(|m| (n * 31 + m * m % 251) as u8).collect()))
        .collect();
    for compression in [Compression::Lz4, Compression::Zstd] {
        let options = WriterOptions { chunk_bytes: Some(usize::MAX), compression, ..WriterOptions::default() };
        let bytes = write(&options, &messages);
        assert_eq!(per_chunk(&bytes), [400]);
        let recording = read(bytes.clone()).expect("it is readable");
        assert!(recording.summary.complete && recording.notes.is_empty(), "{:?}", recording.notes);
        assert_eq!(recording.summary.lost, Some(0));
        assert_prefix(&recording, &messages, 400, "large chunk");

        let (mut slice, mut offset) = (&bytes[..], MAGIC.len() as u64);
        let chunk = loop {
            let frame = next_frame(&mut slice, offset, bytes.len() as u64).expect("valid").expect("a chunk");
            offset = frame.end();
            if frame.opcode == op::CHUNK {
                break frame;
            }
        };
        let mut damaged = bytes;
        let middle = (chunk.body() + chunk.length / 2) as usize;
        damaged[middle..middle + 64].fill(0x55);
        let recording = read(damaged).expect("it is readable");
        let kinds = recording.kinds();
        assert!(kinds.contains(&NoteKind::Corrupt) || kinds.contains(&NoteKind::Checksum), "{kinds:?}");
        assert!(!recording.summary.complete);
        if let Some(note) = recording.notes.iter().find(|note| note.kind == NoteKind::Corrupt) {
            let read = recording.count();
            assert!((10..400).contains(&read), "{read}");
            assert_prefix(&recording, &messages, read as usize, "damaged large chunk");
            assert_eq!(span_of(note), Some((read as i64, 399)));
            assert_eq!((note.measured, recording.summary.lost), (Some((400 - read) as f64), Some(400 - read)));
        }
    }
}

#[test]
fn what_stands_behind_the_end_is_told() {
    let messages = some_messages(90);
    for options in [WriterOptions::default(), WriterOptions { chunk_bytes: None, ..WriterOptions::default() }] {
        let bytes = write(&options, &messages);
        for tail in [&[0][..], &[0; 4096], b"#!/bin/sh\n", &MAGIC[..7]] {
            let recording = read([&bytes[..], tail].concat()).expect("it is readable");
            assert_eq!(recording.count(), 90);
            assert_eq!(recording.kinds(), [NoteKind::IndexMissing, NoteKind::Trailing], "{:?}", recording.notes);
            let note = &recording.notes[1];
            assert_eq!((note.offset, note.measured), (Some(bytes.len() as u64), Some(tail.len() as f64)));
            assert!(recording.summary.complete && recording.summary.lost == Some(0));
        }
    }
    // Bytes that end like an MCAP file hold no summary of this one.
    let bytes = write(&WriterOptions::default(), &messages);
    let mut again = bytes.clone();
    again.extend(&bytes);
    let later: Vec<Message> = (0..30).map(|n| ((n % 3) as usize, 1000 + n, n, vec![1; 9])).collect();
    again.extend(round_trip::write(&WriterOptions { chunk_bytes: None, ..WriterOptions::default() }, 3, &later));
    let recording = read(again.clone()).expect("it is readable");
    assert_eq!(recording.count(), 210, "all three are read: {:?}", recording.notes);
    assert_eq!(recording.kinds(), [NoteKind::IndexMissing, NoteKind::Trailing, NoteKind::Trailing]);
    assert_eq!(recording.notes[1].offset, Some(bytes.len() as u64));
    assert!(recording.summary.complete);
    again.truncate(again.len() - 40);
    let recording = read(again).expect("it is readable");
    assert!(recording.kinds().contains(&NoteKind::Truncated) && !recording.summary.complete);
}
