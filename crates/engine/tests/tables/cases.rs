//! What the folders of `conformance/tables/` hold, and what must be told of each.

use arrow::datatypes::{DataType, Field};
use prairie_engine::SpecRule;
use serde_json::{Value, json};

use super::good::{T0, derivation, good, id};
use super::set::Set;

/// What is told: rule, file, row.
type Told = (SpecRule, Option<&'static str>, Option<u64>);

/// One folder.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) set: Set,
    pub(crate) expect: Vec<Told>,
}

/// A bad case: what breaks the rule, where it is told.
fn bad(rule: SpecRule, about: &'static str, set: Set, places: &[(&'static str, u64)]) -> Case {
    let expect = places.iter().map(|(file, row)| (rule, Some(*file), Some(*row))).collect();
    Case { name: rule.name(), about, set, expect }
}

/// A bad case that is about a whole file, or that two tables disagree on.
fn whole(rule: SpecRule, about: &'static str, set: Set, files: &[Option<&'static str>]) -> Case {
    let expect = files.iter().map(|file| (rule, *file, None)).collect();
    Case { name: rule.name(), about, set, expect }
}

/// Row of the good `streams` that is of this kind.
fn stream(set: &Set, kind: &str) -> usize {
    set.tables["streams"].rows.iter().position(|row| row["kind"] == kind).unwrap()
}

/// Only `streams` and the samples of one kind.
fn of_kind(table: &str) -> Set {
    good().only(&["streams", table])
}

/// Only the first row of `episodes`.
fn episode() -> Set {
    good().only(&["episodes"]).first("episodes", 1)
}

/// Every folder.
pub(crate) fn cases() -> Vec<Case> {
    let fine = "two episodes in all tables: one of a ROS recording with every kind of stream, one of a LeRobot dataset";
    let mut cases = vec![Case { name: "good", about: fine, set: good(), expect: Vec::new() }];
    cases.extend(of_columns());
    cases.extend(of_episodes());
    cases.extend(of_receipts());
    cases.extend(of_streams());
    cases.extend(of_samples());
    cases.extend(of_segments());
    cases.extend(between());
    cases
}

fn of_columns() -> Vec<Case> {
    use SpecRule as R;
    let fields = |set: &mut Set, table: &str, change: &dyn Fn(&mut Vec<Field>)| {
        change(&mut set.tables.get_mut(table).unwrap().fields);
    };
    let mut extra = good().only(&["wrench"]);
    fields(&mut extra, "wrench", &|fields| fields.push(Field::new("gravity_n", DataType::Float64, true)));
    let mut missing = good().only(&["segments"]);
    fields(&mut missing, "segments", &|fields| fields.retain(|field| field.name() != "annotator"));
    let mut other = good().only(&["scalar"]);
    let narrow = |field: &mut Field| *field = Field::new("value", DataType::Float32, true);
    fields(&mut other, "scalar", &|fields| fields.iter_mut().filter(|field| field.name() == "value").for_each(narrow));
    let mut garbage = good().only(&["geo"]);
    garbage.tables.get_mut("geo").unwrap().is_garbage = true;
    let empty = good().only(&["episodes", "event"]).put("episodes", 0, "task", "").put("event", 1, "level", "");
    let ids = good().only(&["episodes", "findings"]);
    let ids = ids.put("episodes", 0, "recording_id", "run-0412").put("findings", 0, "receipt_hash", "0F".repeat(32));
    let null = good().only(&["event", "findings", "segments"]).put("event", 1, "text", Value::Null);
    let null = null.put("findings", 0, "code", Value::Null).put("segments", 0, "name", Value::Null);
    // Pictures of two streams, and the stream of actions without its rows.
    let mut words = good();
    words.tables.retain(|name, _| ["episodes", "findings", "frames", "segments", "streams"].contains(&name.as_str()));
    words.rows("streams").retain(|row| ["/action", "/depth", "/image"].iter().any(|name| row["stream"] == *name));
    words.rows("frames").retain(|row| row["stream"] == "/depth" || row["stream"] == "/image");
    let words = words.first("episodes", 1).put("episodes", 0, "samples", 6).put("streams", 0, "samples", 0);
    let words = words.put("streams", 0, "rate_hz", Value::Null).put("streams", 0, "start_ns", Value::Null);
    let words = words.put("streams", 0, "end_ns", Value::Null);
    let words = words.put("episodes", 0, "mode", "robot").put("episodes", 0, "outcome", "done");
    let words = words.put("episodes", 0, "decision", "maybe").put("findings", 0, "severity", "fatal");
    let words = words.put("frames", 2, "compression", "lzma").put("frames", 4, "codec", "webp");
    let words = words.put("segments", 0, "label", "grasp").put("streams", 2, "codec", "webp");
    let words = words.put("streams", 0, "representation", "torque").put("streams", 0, "clock", "gps");
    let words = words.put("streams", 0, "kind", "lidar");
    let told = [
        ("episodes.parquet", 0),
        ("episodes.parquet", 0),
        ("episodes.parquet", 0),
        ("findings.parquet", 0),
        ("frames.parquet", 2),
        ("frames.parquet", 4),
        ("segments.parquet", 0),
        ("streams.parquet", 0),
        ("streams.parquet", 0),
        ("streams.parquet", 0),
        ("streams.parquet", 2),
    ];
    vec![
        whole(R::ColumnExtra, "`wrench` with a column of its own", extra, &[Some("wrench.parquet")]),
        whole(R::ColumnMissing, "`segments` without `annotator`", missing, &[Some("segments.parquet")]),
        whole(R::ColumnType, "`scalar` with values of 32 bits", other, &[Some("scalar.parquet")]),
        whole(R::Unreadable, "`geo` is a file that is no Parquet", garbage, &[Some("geo.parquet")]),
        bad(
            R::TextEmpty,
            "an unknown task and level as empty texts",
            empty,
            &[("episodes.parquet", 0), ("event.parquet", 1)],
        ),
        bad(
            R::IdMalformed,
            "a name and upper case where ids belong",
            ids,
            &[("episodes.parquet", 0), ("findings.parquet", 0)],
        ),
        bad(
            R::ValueNull,
            "nulls in columns that are never null",
            null,
            &[("event.parquet", 1), ("findings.parquet", 0), ("segments.parquet", 0)],
        ),
        bad(R::WordUnknown, "other words in every column that lists its words", words, &told),
    ]
}

fn of_episodes() -> Vec<Case> {
    use SpecRule as R;
    let file = "episodes.parquet";
    let texts = episode().again("episodes", 0).put("episodes", 1, "key", "1").put("episodes", 1, "ordinal", 1);
    let texts = texts.put("episodes", 1, "episode_id", id("ros", 1));
    let attributes = texts.clone().put("episodes", 0, "attributes", "{\"speed\":3}");
    let attributes = attributes.put("episodes", 1, "attributes", json!({ "log": "x".repeat(1025) }).to_string());
    let first = texts.clone().put("episodes", 0, "end_ns", T0 - 1_000_000_000).put("episodes", 0, "duration_s", -1.0);
    let first = first.put("episodes", 1, "end_ns", Value::Null).put("episodes", 1, "duration_s", Value::Null);
    let notes = texts.clone().put("episodes", 0, "notes", "{}");
    let notes = notes.put("episodes", 1, "notes", Value::from(vec![0; 1001]).to_string());
    let owners = good().only(&["episodes"]).put("episodes", 0, "owner", "lab-a").put("episodes", 1, "owner", "lab-b");
    vec![
        bad(
            R::EpisodeAttributes,
            "a number as an attribute, and a text of 1025 bytes",
            attributes,
            &[(file, 0), (file, 1)],
        ),
        bad(
            R::EpisodeCounts,
            "a message that nobody accounts for",
            episode().add("episodes", 0, "messages", 1),
            &[(file, 0)],
        ),
        bad(
            R::EpisodeDated,
            "an episode of 2026 that is not dated",
            episode().put("episodes", 0, "dated", false),
            &[(file, 0)],
        ),
        bad(R::EpisodeDigest, "a digest of 16 bytes", episode().put("episodes", 0, "digest", 16), &[(file, 0)]),
        bad(
            R::EpisodeDuration,
            "20 ms that are called a second",
            episode().put("episodes", 0, "duration_s", 1.0),
            &[(file, 0)],
        ),
        bad(R::EpisodeEndsFirst, "an end before the start, and a start without an end", first, &[(file, 0), (file, 1)]),
        bad(
            R::EpisodeIdDerived,
            "the id of an episode in another place",
            episode().put("episodes", 0, "ordinal", 1),
            &[(file, 0)],
        ),
        bad(
            R::EpisodeKeyTwice,
            "two episodes of one recording with one key",
            texts.put("episodes", 1, "key", "0"),
            &[(file, 1)],
        ),
        bad(R::EpisodeNotes, "notes that are no list, and 1001 of them", notes, &[(file, 0), (file, 1)]),
        bad(R::EpisodeTwice, "the same revision of an episode twice", episode().again("episodes", 0), &[(file, 1)]),
        bad(R::OwnersMixed, "episodes of two owners in one file", owners, &[(file, 1)]),
    ]
}

fn of_receipts() -> Vec<Case> {
    use SpecRule as R;
    let file = "receipts.parquet";
    let decided = good().only(&["episodes", "receipts"]).put("episodes", 0, "decision", "reject");
    let finding = good().only(&["findings"]).put("findings", 0, "start_ns", T0).again("findings", 0);
    let finding = finding.put("findings", 1, "end_ns", T0 - 1);
    let other = derivation("another").id().unwrap().to_string();
    let lost = good().only(&["findings", "receipts"]).put("findings", 0, "receipt_hash", other.as_str());
    let receipts = || good().only(&["receipts"]);
    let payload = receipts().put("receipts", 0, "profile_name", "strict 1").put("receipts", 1, "completeness", "fail");
    let envelope = receipts().put("receipts", 0, "envelope", "{}");
    vec![
        bad(R::DecisionDiffers, "a rejected episode whose receipt accepts it", decided, &[(file, 0)]),
        bad(
            R::FindingEndsFirst,
            "a finding without an end, and one that ends first",
            finding,
            &[("findings.parquet", 0), ("findings.parquet", 1)],
        ),
        bad(R::FindingReceipt, "a finding of a receipt that is not there", lost, &[("findings.parquet", 0)]),
        bad(R::ReceiptEnvelope, "an envelope without a payload", envelope, &[(file, 0)]),
        bad(
            R::ReceiptHash,
            "the hash of something else",
            receipts().put("receipts", 0, "receipt_hash", other),
            &[(file, 0)],
        ),
        bad(
            R::ReceiptPayload,
            "another profile and another state than the payload's",
            payload,
            &[(file, 0), (file, 1)],
        ),
    ]
}

fn of_streams() -> Vec<Case> {
    use SpecRule as R;
    let file = "streams.parquet";
    let streams = || good().only(&["streams"]);
    let row = |kind: &str| stream(&streams(), kind);
    let (imu, scalar, pose) = (row("imu"), row("scalar"), row("pose"));
    let at = |row: usize| (file, row as u64);
    let offset = streams().put("streams", imu, "clock_offset_ns", Value::Null);
    let offset = offset.put("streams", scalar, "clock_offset_ns", 0);
    let first = streams().put("streams", imu, "end_ns", T0 - 1).put("streams", pose, "samples", 0);
    let first = first.put("streams", pose, "rate_hz", Value::Null).put("streams", scalar, "end_ns", Value::Null);
    vec![
        bad(R::ClockOffset, "stamps without an offset, log times with one", offset, &[at(imu), at(scalar)]),
        bad(
            R::StreamEndsFirst,
            "an end before the start, times without samples, a start without an end",
            first,
            &[at(imu), at(pose), at(scalar)],
        ),
        bad(R::StreamPicture, "numbers with a codec", streams().put("streams", scalar, "codec", "jpeg"), &[at(scalar)]),
        bad(
            R::StreamRate,
            "a rate of samples by duration",
            streams().put("streams", imu, "rate_hz", 150.0),
            &[at(imu)],
        ),
        bad(R::StreamTwice, "two streams of one name", streams().again("streams", imu), &[at(19)]),
        // Both tables that state sizes.
        bad(
            R::SizeZero,
            "unknown sizes as zero",
            good().only(&["streams", "frames"]).put("frames", 0, "width", 0).put("streams", 2, "height", 0),
            &[("frames.parquet", 0), ("streams.parquet", 2)],
        ),
    ]
}

fn of_samples() -> Vec<Case> {
    use SpecRule as R;
    let header = of_kind("imu").add("imu", 0, "header_time_ns", 1000).add("imu", 1, "log_time_ns", 1000);
    let mut log = of_kind("scalar").add("scalar", 1, "log_time_ns", 1);
    let points = of_kind("action").add("action", 1, "log_time_ns", 1_000_000_000);
    log.tables.insert("action".to_owned(), points.tables["action"].clone());
    log.rows("streams").splice(0..0, points.tables["streams"].rows.clone());
    let row = of_kind("joint_state").put("joint_state", 3, "log_time_ns", T0);
    let outside = good().only(&["frames"]).put("frames", 0, "length", 901);
    let length = good().only(&["imu", "pose"]).put("pose", 0, "qw", 0.5).put("imu", 2, "qw", 0.0);
    let part = good().only(&["imu", "pose"]).put("pose", 0, "qw", Value::Null).put("imu", 2, "qx", Value::Null);
    let stamp =
        good().only(&["gripper"]).put("gripper", 0, "header_time_ns", 0).put("gripper", 2, "header_time_ns", -1);
    vec![
        bad(
            R::ClockHeader,
            "a stamp and a log time that do not give `t_ns`",
            header,
            &[("imu.parquet", 0), ("imu.parquet", 1)],
        ),
        bad(
            R::ClockLog,
            "a time that is not the log time, and a point of a trajectory before its message",
            log,
            &[("action.parquet", 1), ("scalar.parquet", 1)],
        ),
        bad(R::ClockRow, "a log time where the container has one time per row", row, &[("joint_state.parquet", 3)]),
        bad(R::FrameOutside, "a frame that ends one byte after its chunk", outside, &[("frames.parquet", 0)]),
        bad(
            R::QuaternionLength,
            "quaternions of length one half and zero",
            length,
            &[("imu.parquet", 2), ("pose.parquet", 0)],
        ),
        bad(R::QuaternionPart, "quaternions that lack one of four", part, &[("imu.parquet", 2), ("pose.parquet", 0)]),
        bad(
            R::StampNotPositive,
            "stamps of zero and before 1970",
            stamp,
            &[("gripper.parquet", 0), ("gripper.parquet", 2)],
        ),
    ]
}

fn of_segments() -> Vec<Case> {
    use SpecRule as R;
    let file = "segments.parquet";
    let segments = || good().only(&["segments"]);
    let exception = segments().put("segments", 0, "recoverable", true).put("segments", 3, "cause", "control");
    let names = segments().put("segments", 0, "name", "Grasp").put("segments", 1, "name", "insert peg");
    let names = names.put("segments", 2, "name", "slip_");
    let outside = good().only(&["episodes", "segments"]).add("segments", 0, "start_ns", -1);
    let overlap = segments().add("segments", 0, "end_ns", 1);
    vec![
        bad(
            R::SegmentEndsFirst,
            "a recovery that ends before it starts",
            segments().put("segments", 3, "end_ns", T0),
            &[(file, 3)],
        ),
        bad(R::SegmentName, "names that are no lower-case words", names, &[(file, 0), (file, 1), (file, 2)]),
        bad(
            R::SegmentNotException,
            "a skill that is recoverable, a recovery with a cause",
            exception,
            &[(file, 0), (file, 3)],
        ),
        bad(R::SegmentOutside, "a skill that starts before its episode", outside, &[(file, 0)]),
        bad(R::SegmentSkillsOverlap, "a skill that starts before the last one ends", overlap, &[(file, 1)]),
    ]
}

fn between() -> Vec<Case> {
    use SpecRule as R;
    let stranger = good().only(&["episodes", "segments"]).put("segments", 2, "episode_id", id("another", 0));
    let facts = || good().only(&["episodes", "streams"]);
    let span = facts().add("episodes", 0, "end_ns", 1_000_000_000).put("episodes", 0, "duration_s", 1.02);
    let other = of_kind("wrench").put("streams", 0, "kind", "twist");
    let mut nameless = of_kind("imu");
    nameless.tables.insert("scalar".to_owned(), good().tables["scalar"].clone());
    let mut short = of_kind("imu").first("imu", 2);
    let absent = of_kind("pose").tables["streams"].rows.clone();
    short.rows("streams").extend(absent);
    let late = of_kind("imu").add("streams", 0, "end_ns", 20_000_000).put("streams", 0, "rate_hz", 50.0);
    vec![
        bad(R::EpisodeMissing, "a segment of an episode that nobody knows", stranger, &[("segments.parquet", 2)]),
        whole(
            R::EpisodeSamples,
            "one sample more than its streams have",
            facts().add("episodes", 0, "samples", 1),
            &[None],
        ),
        whole(R::EpisodeSpan, "an episode that ends a second after its streams", span, &[None]),
        bad(R::StreamKindTable, "forces of a stream that is called a twist", other, &[("wrench.parquet", 0)]),
        bad(R::StreamMissing, "samples of a stream that `streams` does not name", nameless, &[("scalar.parquet", 0)]),
        whole(R::StreamSamples, "a row less than promised, and a stream without its rows", short, &[None, None]),
        whole(R::StreamSpan, "a stream that is said to last longer than its rows", late, &[None]),
    ]
}
