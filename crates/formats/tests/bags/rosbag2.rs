//! Bags of ROS 2 that the tests write, whole and broken.

use prairie_formats::rosbag2::Rosbag2;
use prairie_formats::{Reader, sniff};
use prairie_model::NoteKind;

use crate::support::{Recording, flips, memory, read};
use crate::write::{Message, NewTable, Value, database, db3, log};

const TOPICS: [(u32, &str, &str, &str); 4] = [
    (1, "/text", "std_msgs/msg/String", "cdr"),
    (2, "/image", "sensor_msgs/msg/CompressedImage", "cdr"),
    (3, "/own", "acme/msg/Own", "cdr"),
    (9, "/other", "std_msgs/msg/String", "acme_format"),
];

fn cdr_text(text: &str) -> Vec<u8> {
    [&[0, 1, 0, 0][..], &(text.len() as u32 + 1).to_le_bytes(), text.as_bytes(), &[0]].concat()
}

fn cdr_image(picture: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 1, 0, 0];
    bytes.extend([0; 8]);
    bytes.extend([1, 0, 0, 0, 0, 0, 0, 0]); // frame_id "", and padding
    bytes.extend([4, 0, 0, 0]);
    bytes.extend(b"png\0");
    bytes.extend((picture.len() as u32).to_le_bytes());
    bytes.extend(picture);
    bytes
}

fn picture(at: u32) -> Vec<u8> {
    (0..at * 97).map(|n| (n * n % 251) as u8).collect()
}

fn messages() -> Vec<Message> {
    (0..60_u32)
        .map(|at| {
            let time = 1_700_000_000_000_000_000 + u64::from(at) * 10_000_000;
            match at % 6 {
                1 => (2, time, cdr_image(&picture(at))),
                3 => (3, time, vec![7; at as usize * 20]),
                4 => (9, time, vec![at as u8; 3]),
                _ => (1, time, cdr_text(&format!("message {at}"))),
            }
        })
        .collect()
}

fn read_files(files: &[(&str, &[u8])]) -> Recording {
    read(&Rosbag2, &memory(files)).expect("something can be read")
}

fn times(recording: &Recording) -> Vec<i64> {
    let mut times: Vec<_> = recording.times.values().flatten().copied().collect();
    times.sort_unstable();
    times
}

fn expected() -> Vec<i64> {
    messages().iter().map(|message| message.1 as i64).collect()
}

#[test]
fn what_is_written_is_read() {
    for page_bytes in [512, 1024, 4096, 32_768] {
        let bytes = db3(page_bytes, &TOPICS, &messages());
        let source = memory(&[("any-name", &bytes)]);
        assert_eq!(sniff(&source).expect("a reader").name(), "rosbag2");
        let recording = read_files(&[("a.db3", &bytes)]);
        assert_eq!(times(&recording), expected(), "{page_bytes}");
        let pictures: Vec<_> = (0..60).filter(|at| at % 6 == 1).map(picture).collect();
        assert_eq!(recording.blobs["/image"], pictures, "{page_bytes}");
        let own: Vec<_> = messages().into_iter().filter(|message| message.0 == 3).map(|message| message.2).collect();
        assert_eq!(recording.opaque["/own"], own, "{page_bytes}");
        assert_eq!(recording.opaque["/other"].len(), 10);
        assert_eq!(recording.kinds(), [NoteKind::SchemaMissing], "only `/own` has no definition");
        assert!(recording.summary.complete && recording.summary.lost == Some(0));
        assert_eq!(recording.plan.channels[0].metadata["offered_qos_profiles"], "- depth: 1");
    }
}

#[test]
fn what_was_committed_to_the_log_is_read() {
    let all = messages();
    let (page_bytes, before) = (1024, db3(1024, &TOPICS, &all[..20]));
    let after = db3(page_bytes, &TOPICS, &all);
    let written = log(page_bytes, &before, &after, true);
    let recording = read_files(&[("a.db3", &before), ("a.db3-wal", &written), ("a.db3-shm", &[0; 100])]);
    assert_eq!(times(&recording), expected());
    assert!(recording.summary.complete);
    // The file itself may be empty as yet.
    let first = log(page_bytes, &[], &after, true);
    let source = memory(&[("a.db3", &[]), ("a.db3-wal", &first)]);
    assert_eq!(sniff(&source).expect("a reader").name(), "rosbag2");
    assert_eq!(times(&read_files(&[("a.db3", &[]), ("a.db3-wal", &first)])), expected());
    // A transaction that was not finished does not count, and is told.
    let unfinished = log(page_bytes, &before, &after, false);
    let recording = read_files(&[("a.db3", &before), ("a.db3-wal", &unfinished)]);
    assert_eq!(recording.count(), 20);
    assert!(recording.has(NoteKind::Truncated) && !recording.summary.complete);
    // Neither does one whose checksum is wrong.
    let mut damaged = written.clone();
    damaged[200] ^= 1;
    let recording = read_files(&[("a.db3", &before), ("a.db3-wal", &damaged)]);
    assert_eq!(recording.count(), 20);
    assert!(recording.has(NoteKind::Corrupt) && !recording.summary.complete);
    for cut in (0..written.len()).step_by(4) {
        let recording = read_files(&[("a.db3", &before), ("a.db3-wal", &written[..cut])]);
        assert_eq!(recording.count(), 20, "cut at {cut}");
        // A head alone is a log into which nothing was written yet.
        assert!([0, 32].contains(&cut) || !recording.summary.complete, "cut at {cut}");
    }
}

#[test]
fn files_follow_their_list_and_what_is_missing_is_told() {
    let all = messages();
    let first = db3(512, &TOPICS, &all[..20]);
    let second = db3(512, &TOPICS, &all[20..40]);
    let list = "rosbag2_bagfile_information:\n  version: 5\n  storage_identifier: sqlite3\n  relative_file_paths:\n    - z.db3\n    \
                - a.db3\n  message_count: 40\n  topics_with_message_count:\n    - topic_metadata:\n        name: /other\n        \
                type: x\n      message_count: 6\n  custom_data:\n    operator: p-17\n";
    let files: [(&str, &[u8]); 3] = [("z.db3", &first), ("a.db3", &second), ("metadata.yaml", list.as_bytes())];
    let recording = read_files(&files);
    assert_eq!(recording.times["/text"], {
        let text = all.iter().take(40).filter(|message| message.0 == 1).map(|message| message.1 as i64);
        text.collect::<Vec<_>>()
    });
    assert_eq!(recording.kinds(), [NoteKind::SchemaMissing], "{:?}", recording.notes);
    assert_eq!(recording.plan.claimed_messages, Some(40));
    assert_eq!(recording.plan.attributes["bag.custom_data.operator"], "p-17");
    assert_eq!(recording.plan.channels.len(), 4, "a topic is one channel across files");
    let recording = read_files(&[("z.db3", &first), ("metadata.yaml", list.as_bytes())]);
    assert!(recording.has(NoteKind::FileMissing) && recording.has(NoteKind::CountMismatch));
    assert_eq!((recording.summary.complete, recording.summary.lost), (false, Some(20)));
}

#[test]
fn compressed_messages_and_files() {
    let squeezed = |bytes: &[u8]| zstd::bulk::compress(bytes, 1).expect("memory");
    let all: Vec<Message> = messages().into_iter().map(|(topic, time, data)| (topic, time, squeezed(&data))).collect();
    let list = "rosbag2_bagfile_information:\n  storage_identifier: sqlite3\n  relative_file_paths:\n    - a.db3\n  \
                compression_format: zstd\n  compression_mode: MESSAGE\n";
    for page_bytes in [512, 4096] {
        let recording = read_files(&[("a.db3", &db3(page_bytes, &TOPICS, &all)), ("metadata.yaml", list.as_bytes())]);
        assert_eq!(times(&recording), expected());
        let pictures: Vec<_> = (0..60).filter(|at| at % 6 == 1).map(picture).collect();
        assert_eq!(recording.blobs["/image"], pictures, "{page_bytes}");
        assert_eq!(recording.opaque["/other"], [4, 10, 16, 22, 28, 34, 40, 46, 52, 58].map(|at| vec![at; 3]));
    }
    let mut spoilt = all.clone();
    spoilt[0].2.truncate(12);
    let recording = read_files(&[("a.db3", &db3(512, &TOPICS, &spoilt))]);
    assert_eq!((recording.count(), recording.undecodable()), (60, 1));
    assert!(recording.has(NoteKind::Undecodable));

    let whole = db3(4096, &TOPICS, &messages());
    let file = squeezed(&whole);
    let source = memory(&[("a.db3.zstd", &file)]);
    assert_eq!(sniff(&source).expect("a reader").name(), "rosbag2");
    let recording = read_files(&[("a.db3.zstd", &file)]);
    assert_eq!(times(&recording), expected());
    assert!(recording.summary.complete);
    for cut in (file.len() / 2..file.len()).step_by(7) {
        if let Ok(recording) = read(&Rosbag2, &memory(&[("a.db3.zstd", &file[..cut])])) {
            assert!(!recording.summary.complete, "cut at {cut}");
        }
    }
}

/// Larger than what is kept of a compressed file.
#[test]
fn a_large_compressed_file_is_read_in_a_bounded_number_of_passes() {
    let messages: Vec<Message> = (0..1200_u32)
        .map(|at| {
            let data: Vec<u8> = (0..60_000_u32).map(|n| ((n / 64) * (at + 1) % 251) as u8).collect();
            (2, 1000 + u64::from(at), cdr_image(&data))
        })
        .collect();
    let bytes = db3(4096, &TOPICS, &messages);
    assert!(bytes.len() > 70_000_000);
    let file = zstd::bulk::compress(&bytes, 1).expect("memory");
    let recording = read_files(&[("a.db3.zstd", &file)]);
    assert_eq!(recording.count(), 1200);
    assert!(recording.summary.complete, "{:?}", recording.notes);
    assert_eq!(recording.blobs["/image"][1199], messages[1199].2[32..]);
}

#[test]
fn cut_and_flipped_databases_never_panic() {
    let bytes = db3(512, &TOPICS, &messages());
    for cut in (0..bytes.len()).step_by(5) {
        if let Ok(recording) = read(&Rosbag2, &memory(&[("a.db3", &bytes[..cut])])) {
            assert!(!recording.summary.complete, "cut at {cut}");
            assert!(!recording.notes.is_empty());
        }
    }
    flips(&bytes, 0, |bytes| {
        read(&Rosbag2, &memory(&[("a.db3", bytes)])).ok();
    });
    let before = db3(512, &TOPICS, &messages()[..20]);
    flips(&log(512, &before, &bytes, true), 0, |log| {
        read(&Rosbag2, &memory(&[("a.db3", &before), ("a.db3-wal", log)])).ok();
    });
}

#[test]
fn a_damaged_page_costs_its_own_messages() {
    let mut bytes = db3(512, &TOPICS, &messages());
    // A leaf in the middle of the table of messages.
    let leaves: Vec<_> = (2..bytes.len() / 512).filter(|page| bytes[page * 512] == 13).collect();
    bytes[leaves[leaves.len() / 2] * 512] = 99;
    let recording = read_files(&[("a.db3", &bytes)]);
    assert!(recording.count() > 30 && recording.count() < 60, "{}", recording.count());
    assert!(recording.has(NoteKind::Corrupt) && !recording.summary.complete && recording.summary.lost.is_none());
}

#[test]
fn other_databases_are_not_claimed_and_odd_rows_are_told() {
    let table = |name| NewTable { name, columns: "id INTEGER PRIMARY KEY, a TEXT", rows: Vec::new() };
    let other = database(1024, &[table("users"), table("topics")]);
    assert!(sniff(&memory(&[("a.db3", &other)])).is_err_and(|error| error.to_string().contains("SQLite")));
    let text = |text: &str| Value::Text(text.to_owned());
    let topics = NewTable {
        name: "topics",
        columns: "id INTEGER PRIMARY KEY, name TEXT, type TEXT, serialization_format TEXT",
        rows: vec![(1, vec![Value::Null, text("/text"), text("std_msgs/msg/String"), text("cdr")])],
    };
    let message = |topic, time, data| vec![Value::Null, topic, time, data];
    let good = |time| message(Value::Integer(1), Value::Integer(time), Value::Blob(cdr_text("x")));
    let messages = NewTable {
        name: "messages",
        columns: "id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER, data BLOB",
        rows: vec![
            (1, good(5)),
            (2, message(Value::Null, Value::Integer(6), Value::Blob(vec![]))),
            (3, message(Value::Integer(4), Value::Integer(7), Value::Blob(vec![1]))),
            (4, message(Value::Integer(1), Value::Integer(8), Value::Null)),
            (5, good(-9)),
            (6, good(10)),
        ],
    };
    let recording = read_files(&[("a.db3", &database(1024, &[topics, messages]))]);
    assert_eq!(recording.times["/text"], [5, 0, 10]);
    assert_eq!(recording.times["topic 4"], [7]);
    assert!(recording.has(NoteKind::Corrupt) && recording.has(NoteKind::TimeInvalid));
    assert!(!recording.summary.complete);
}

#[test]
fn a_bag_of_which_no_database_can_be_read_is_an_error() {
    let list = "rosbag2_bagfile_information:\n  relative_file_paths:\n    - a.db3\n";
    let source = memory(&[("a.db3", b"SQLite format 3\0"), ("metadata.yaml", list.as_bytes())]);
    assert!(Rosbag2.plan(&source, &prairie_model::ReadOptions::default()).is_err());
}
