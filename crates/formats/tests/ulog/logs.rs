//! Logs that the tests write, whole, cut and changed.

use prairie_formats::sniff;
use prairie_model::NoteKind;

use crate::support::{Log, attitude, read, source};

#[test]
fn messages_are_structs_of_their_members() {
    let log = Log::sample();
    assert_eq!(sniff(&log.source()).expect("it is known").name(), "ulog");
    let recording = read(&log.source()).expect("a log");
    let planned: Vec<_> =
        recording.plan.channels.iter().map(|it| (it.topic.as_str(), it.schema_name.as_str())).collect();
    assert_eq!(planned, [("attitude", "attitude"), ("attitude/1", "attitude"), ("esc", "esc")]);
    let later: Vec<_> = recording.channels.iter().skip(3).map(|it| it.topic.as_str()).collect();
    assert_eq!(later, ["logged_messages/warning", "parameter_changes", "dropouts", "logged_messages/tag_3/info"]);
    assert_eq!(recording.times["attitude/1"][..2], [2_000_000_000, 2_030_000_000]);
    assert_eq!(recording.numbers("attitude", "q[2]")[..2], [1.5, 2.5]);
    assert_eq!(recording.numbers("esc", "parts[1].rpm"), [0.0, -5.0, -10.0, -15.0]);
    assert_eq!(recording.numbers("esc", "timestamp_sample")[1], 2_050_000.0);
    assert_eq!(recording.texts("esc", "label")[0], "left");
    assert_eq!(recording.texts("logged_messages/warning", "text"), ["low battery"]);
    assert_eq!(recording.texts("parameter_changes", "text"), ["GAIN = 2"]);
    assert_eq!(recording.numbers("dropouts", "value[0]"), [25.0]);
    assert_eq!(recording.times["dropouts"], [2_100_002_000]);
    let attribute = |name: &str| recording.attributes[name].as_str();
    assert_eq!((attribute("info.sys_name"), attribute("parameter.GAIN")), ("PX4", "0.5"));
    assert_eq!(attribute("parameter.GAIN.system_default"), "0.25");
    assert_eq!(recording.kinds(), [NoteKind::IndexWrong]);
    assert_eq!(recording.notes[0].text, "the logger lost messages in 1 dropouts of 25 ms together");
    assert!(recording.summary.complete);
}

#[test]
fn a_log_cut_anywhere_keeps_what_is_before() {
    let log = Log::sample();
    let whole = read(&log.source()).expect("a log");
    let all = whole.times.values().map(Vec::len).sum::<usize>();
    let mut before = 0;
    for cut in 0..=log.0.len() {
        let Ok(recording) = read(&source(log.0[..cut].to_vec())) else {
            assert!(cut < 16, "{cut}");
            continue;
        };
        let count = recording.times.values().map(Vec::len).sum::<usize>();
        assert!(count >= before && count <= all, "{cut}");
        before = count;
        let told = recording.kinds().contains(&NoteKind::Truncated);
        assert_eq!(recording.summary.complete, !told, "{cut}");
    }
    assert_eq!(before, all);
}

#[test]
fn any_bit_may_be_changed() {
    let log = Log::sample();
    for at in 0..log.0.len() {
        let mut changed = log.0.clone();
        changed[at] ^= 1 << (at % 8);
        drop(read(&source(changed)));
        let mut changed = log.0.clone();
        changed[at] = 0xff;
        drop(read(&source(changed)));
    }
}

#[test]
fn reading_goes_on_behind_damage() {
    let mut log = Log::sample();
    let place = log.0.len();
    log.0.extend([0xEE; 300]);
    for at in 0..10_u64 {
        log.data(7, &attitude(3_000_000 + at, 1.0));
    }
    let recording = read(&log.source()).expect("a log");
    assert_eq!(recording.times["attitude"].len(), 13 + 10);
    let note = recording.notes.iter().find(|note| note.kind == NoteKind::Corrupt).expect("it is told");
    assert_eq!((note.offset, note.measured), (Some(place as u64), Some(300.0)));
    assert!(!recording.summary.complete);
}

#[test]
fn what_was_appended_after_a_crash_is_read() {
    let build = |appended: u64| {
        let mut log = Log::new();
        log.flags(1, appended).format("a:uint64_t timestamp;float x;").subscribe(0, 1, "a");
        let one = |micros: u64| [&micros.to_le_bytes()[..], &1.5_f32.to_le_bytes()].concat();
        log.data(1, &one(10));
        // The crash cut a message.
        log.0.extend([14, 0, b'D', 1, 0, 1, 2]);
        let place = log.0.len() as u64;
        log.data(1, &one(20)).text(b'3', 21, "crashed");
        (log, place)
    };
    let (_, place) = build(0);
    let recording = read(&build(place).0.source()).expect("a log");
    assert_eq!(recording.times["a"], [10_000, 20_000]);
    assert_eq!(recording.texts("logged_messages/error", "text"), ["crashed"]);
    assert!(recording.summary.complete && recording.notes.is_empty(), "{:?}", recording.notes);
}

#[test]
fn logs_for_later_readers_are_refused_and_their_new_messages_passed_over() {
    let mut log = Log::new();
    log.flags(2, 0).format("a:uint64_t timestamp;");
    let error = read(&log.source()).err().expect("it is refused").to_string();
    assert!(error.contains("incompatible flags 0x02 in byte 0"), "{error}");
    let mut log = Log::sample();
    log.put(b'z', &[1, 2, 3]);
    for at in 0..5_u64 {
        log.data(7, &attitude(3_000_000 + at, 1.0));
    }
    let recording = read(&log.source()).expect("a log");
    assert_eq!(recording.times["attitude"].len(), 13 + 5);
    assert!(recording.summary.complete);
}

#[test]
fn what_no_format_describes_is_counted() {
    let mut log = Log::sample();
    log.subscribe(0, 20, "unknown");
    for at in 0..6_u64 {
        log.data(20, &at.to_le_bytes()).data(7, &attitude(3_000_000 + at, 1.0));
    }
    log.data(99, &[1, 2, 3, 4]);
    log.data(7, &attitude(4_000_000, 1.0)).data(7, &attitude(4_000_001, 1.0)[..12]);
    log.data(7, &attitude(4_000_002, 1.0));
    let recording = read(&log.source()).expect("a log");
    let told: Vec<_> = recording.notes.iter().map(|note| note.text.as_str()).collect();
    let expected = [
        "the logger lost messages in 1 dropouts of 25 ms together",
        "1 messages are of no subscription",
        "1 messages of `attitude` cannot be decoded: they are shorter than their format",
        "6 messages of `unknown` cannot be decoded: there is no format `unknown`",
    ];
    assert_eq!(told, expected);
    assert_eq!(recording.times["attitude"].len(), 13 + 6 + 2);
}

#[test]
fn what_is_no_log_is_refused() {
    for bytes in [&b""[..], b"ULog", b"ULog\x01\x12\x36\x01\0\0\0\0\0\0\0\0"] {
        assert!(read(&source(bytes.to_vec())).is_err());
    }
    let empty = read(&Log::new().source()).expect("a log of nothing");
    assert!(empty.summary.complete && empty.channels.is_empty());
}
