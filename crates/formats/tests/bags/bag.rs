//! Bags of ROS 1 that the tests write, whole and broken.

use prairie_formats::bag::Bag;
use prairie_formats::{Reader, sniff};
use prairie_model::NoteKind;

use crate::support::{Recording, flips, memory, read};
use crate::write::{BagShape, Connection, Message, bag};

const TEXT: &str = "string data\n";
const IMAGE: &str = "Header header\nuint8[] data\n\
    ================================================================================\n\
    MSG: std_msgs/Header\nuint32 seq\ntime stamp\nstring frame_id\n";

const SHAPES: [BagShape<'static>; 4] = [
    BagShape { compression: "none", per_chunk: 7, indexed: true },
    BagShape { compression: "bz2", per_chunk: 7, indexed: true },
    BagShape { compression: "lz4", per_chunk: 7, indexed: true },
    BagShape { compression: "none", per_chunk: 7, indexed: false },
];

fn connections() -> [Connection<'static>; 4] {
    let text = |number, topic, fields| Connection { number, topic, fields };
    [
        text(
            0,
            "/text",
            &[("type", "std_msgs/String"), ("message_definition", TEXT), ("md5sum", "*"), ("callerid", "/a")],
        ),
        // The same publisher once more, and another one.
        text(
            1,
            "/text",
            &[("type", "std_msgs/String"), ("message_definition", TEXT), ("md5sum", "*"), ("callerid", "/a")],
        ),
        text(
            5,
            "/text",
            &[("type", "std_msgs/String"), ("message_definition", TEXT), ("callerid", "/b"), ("latching", "1")],
        ),
        text(7, "/image", &[("type", "acme/Image"), ("message_definition", IMAGE), ("topic", "/camera/image")]),
    ]
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
}

fn messages() -> Vec<Message> {
    (0..30_u32)
        .map(|at| {
            let time = 1_700_000_000_000_000_000 + u64::from(at) * 10_000_000;
            match at % 5 {
                4 => {
                    let picture: Vec<u8> = (0..at * 40).map(|n| (n * n % 251) as u8).collect();
                    let data =
                        [vec![0; 12], text("cam"), (picture.len() as u32).to_le_bytes().to_vec(), picture].concat();
                    (7, time, data)
                }
                1 => (1, time, text("again")),
                2 => (5, time, text("other")),
                _ => (0, time, text(&format!("message {at}"))),
            }
        })
        .collect()
}

fn read_bytes(bytes: &[u8]) -> Recording {
    read(&Bag, &memory(&[("run.bag", bytes)])).expect("something can be read")
}

fn times(recording: &Recording) -> Vec<i64> {
    let mut times: Vec<_> = recording.times.values().flatten().copied().collect();
    times.sort_unstable();
    times
}

#[test]
fn what_is_written_is_read() {
    let messages = messages();
    for shape in SHAPES {
        let bytes = bag(shape, &connections(), &messages);
        assert_eq!(sniff(&memory(&[("no-name", &bytes)])).expect("a reader").name(), "bag");
        let recording = read_bytes(&bytes);
        let expected: Vec<_> = messages.iter().map(|message| message.1 as i64).collect();
        assert_eq!(times(&recording), expected, "{shape:?}");
        let kinds: &[NoteKind] = if shape.indexed { &[] } else { &[NoteKind::IndexMissing] };
        assert_eq!(recording.kinds(), kinds, "{shape:?}");
        assert!(recording.summary.complete && recording.undecodable() == 0);
        assert_eq!((recording.summary.lost, recording.plan.claimed_messages), (Some(0), shape.indexed.then_some(30)));
        let pictures: Vec<_> =
            messages.iter().filter(|message| message.0 == 7).map(|message| &message.2[23..]).collect();
        let read: Vec<_> = recording.blobs["/image"].iter().map(Vec::as_slice).collect();
        assert_eq!(read, pictures, "{shape:?}");
    }
}

#[test]
fn connections_that_differ_in_their_number_only_are_one_channel() {
    let recording = read_bytes(&bag(SHAPES[0], &connections(), &messages()));
    let told: Vec<_> = recording
        .plan
        .channels
        .iter()
        .map(|channel| {
            let metadata: Vec<_> = channel.metadata.iter().map(|(key, value)| format!("{key}={value}")).collect();
            format!("{} {} {:?} {}", channel.topic, channel.schema_name, channel.claimed_messages, metadata.join(","))
        })
        .collect();
    let expected = [
        "/text std_msgs/String Some(18) callerid=/a,md5sum=*",
        "/text std_msgs/String Some(6) callerid=/b,latching=1",
        "/image acme/Image Some(6) original_topic=/camera/image",
    ];
    assert_eq!(told, expected);
}

#[test]
fn cut_at_every_place() {
    let messages = messages();
    for shape in SHAPES {
        let bytes = bag(shape, &connections(), &messages);
        let mut before = 0;
        // Every byte behind the bag header, and a few in it.
        for cut in (14..bytes.len())
            .rev()
            .filter(|cut| *cut > 4100 && (cut % 3 == 0 || shape.compression == "none") || cut % 500 == 0)
        {
            let recording = read_bytes(&bytes[..cut]);
            let read = times(&recording);
            let expected: Vec<_> = messages.iter().map(|message| message.1 as i64).take(read.len()).collect();
            assert_eq!(read, expected, "{shape:?}: cut at {cut}: what is before the cut is read, and nothing else");
            assert!(before == 0 || read.len() <= before, "{shape:?}: cut at {cut}");
            before = read.len();
            assert!(!recording.notes.is_empty(), "{shape:?}: cut at {cut}");
            // Without an index nobody knows whether a bag ends where a record does.
            assert!(!recording.summary.complete || !shape.indexed, "{shape:?}: cut at {cut}");
        }
    }
}

#[test]
fn flipped_bytes_never_panic() {
    for shape in SHAPES {
        let bytes = bag(shape, &connections(), &messages());
        flips(&bytes, 4109, |bytes| {
            read(&Bag, &memory(&[("run.bag", bytes)])).ok();
        });
    }
}

#[test]
fn a_wrong_index_is_told_and_not_needed() {
    let bytes = bag(SHAPES[1], &connections(), &messages());
    let at = bytes.windows(10).position(|window| window == b"index_pos=").expect("it is there") + 10;
    for wrong in [1_u64, 4117, bytes.len() as u64 - 5, bytes.len() as u64, u64::MAX] {
        let mut bytes = bytes.clone();
        bytes[at..at + 8].copy_from_slice(&wrong.to_le_bytes());
        let recording = read_bytes(&bytes);
        assert_eq!(recording.count(), 30, "{wrong}");
        assert_eq!(recording.plan.claimed_messages, None, "{wrong}");
        assert!(recording.has(NoteKind::IndexWrong) || recording.has(NoteKind::IndexMissing), "{wrong}");
    }
}

#[test]
fn a_damaged_chunk_costs_its_own_messages() {
    // Other than that of bzip2, damage of LZ4 without checksums may change messages and take none.
    let shape = SHAPES[1];
    {
        let mut bytes = bag(shape, &connections(), &messages());
        let chunks: Vec<_> =
            bytes.windows(4).enumerate().filter(|(_, window)| *window == b"op=\x05").map(|(at, _)| at).collect();
        let at = chunks[1] + 80;
        bytes[at..at + 8].fill(0xa5);
        let recording = read_bytes(&bytes);
        let lost = recording.summary.lost.expect("the index counts");
        assert_eq!(recording.count() + lost, 30, "{shape:?}");
        assert!((1..=7).contains(&lost) && !recording.summary.complete, "{shape:?}: {lost}");
        let note = recording.notes.iter().find(|note| note.kind == NoteKind::Corrupt).expect("it is told");
        assert_eq!(note.measured, Some(lost as f64), "{}", note.text);
        assert!(note.span.is_some() && note.offset.is_some());
    }
}

#[test]
fn records_that_break_inside_of_a_chunk_go_on_where_the_index_says() {
    let mut bytes = bag(SHAPES[0], &connections(), &messages());
    let at = bytes.windows(9).position(|window| window == b"message 8").expect("it is there");
    // The length of the message's data lies four bytes before the length of its text.
    bytes[at - 8..at - 4].copy_from_slice(&[0xff; 4]);
    let recording = read_bytes(&bytes);
    assert_eq!((recording.count(), recording.summary.lost), (29, Some(1)));
    let note = recording.notes.iter().find(|note| note.kind == NoteKind::Corrupt).expect("it is told");
    assert!(note.text.contains("go on at byte") && note.measured == Some(1.0), "{}", note.text);
}

#[test]
fn a_recorder_that_was_killed_leaves_an_open_chunk() {
    for shape in SHAPES {
        let whole = bag(BagShape { indexed: false, per_chunk: 100, ..shape }, &connections(), &messages());
        let at = whole.windows(5).position(|window| window == b"size=").expect("a chunk") + 5;
        let mut bytes = whole.clone();
        bytes[at..at + 8].fill(0);
        let recording = read_bytes(&bytes);
        assert_eq!(recording.count(), 30, "{shape:?}");
        assert!(recording.has(NoteKind::IndexMissing) && recording.has(NoteKind::Truncated), "{shape:?}");
        assert!(!recording.summary.complete);
        let cut = read_bytes(&bytes[..bytes.len() - 200]);
        assert!(cut.count() < 30 && !cut.summary.complete, "{shape:?}");
    }
}

#[test]
fn what_has_no_time_and_what_has_no_definition_is_told() {
    let connection = Connection { number: 0, topic: "/bare", fields: &[("type", "acme/Bare")] };
    let messages = [(0, 0, vec![1, 2, 3]), (0, 5, vec![]), (9, 6, vec![4])];
    let recording = read_bytes(&bag(SHAPES[0], &[connection], &messages));
    for kind in [NoteKind::TimeInvalid, NoteKind::SchemaMissing, NoteKind::Corrupt] {
        assert!(recording.has(kind), "{kind:?}: {:?}", recording.notes);
    }
    assert_eq!(recording.opaque["/bare"], [vec![1, 2, 3], vec![]]);
    assert_eq!(recording.opaque["connection 9"], [[4]]);
    assert_eq!(recording.count(), 3);
}

#[test]
fn nothing_and_noise() {
    for bytes in [&b""[..], b"#ROSBAG V2.0\n", b"#ROSBAG V1.2\n"] {
        assert!(Bag.plan(&memory(&[("a.bag", bytes)]), &prairie_model::ReadOptions::default()).is_err());
    }
    let noise: Vec<u8> = (0..5000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let bytes = [&b"#ROSBAG V2.0\n"[..], &noise].concat();
    let recording = read_bytes(&bytes);
    assert!(recording.count() == 0 && !recording.summary.complete);
}
