//! Two good episodes: one of a ROS recording with every kind of stream, one of a LeRobot dataset.

use std::collections::BTreeMap;

use prairie_ledger::{Envelope, PrivateKey};
use prairie_model::{
    Counts, Decision, Derivation, Dimension, DimensionState, EpisodeId, EpisodeTally, Finding, Hash256,
    RECEIPT_VERSION, ReceiptPayload, RecordingId, Severity, StreamKind, canonical_json,
};
use serde_json::{Value, json};

use super::set::{Set, Table};

/// 2026-01-01.
pub(crate) const T0: i64 = 1_767_225_600_000_000_000;
const MS: i64 = 1_000_000;

/// How both episodes were derived.
pub(crate) fn derivation(recording: &str) -> Derivation {
    Derivation {
        recording: RecordingId::from_bytes(*Hash256::of(recording.as_bytes()).as_bytes()),
        mapping: Hash256::of(b"the mapping"),
        overrides: BTreeMap::new(),
        standardizer: "1".to_owned(),
        parent: None,
        repairs: Vec::new(),
    }
}

/// The episode of a recording at a place in it.
pub(crate) fn id(recording: &str, ordinal: u32) -> String {
    EpisodeId::derive(derivation(recording).id().unwrap(), &ordinal.to_string()).to_string()
}

/// Both episodes in all tables.
pub(crate) fn good() -> Set {
    let (ros, lerobot) = (id("ros", 0), id("lerobot", 0));
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    let mut streams = Vec::new();
    for kind in StreamKind::ALL {
        let stream = ros_stream(&ros, kind);
        let rows = (0..3).map(|at| sample(kind, &stream, at)).collect();
        tables
            .entry(kind.table().to_owned())
            .or_insert_with(|| Table::new(kind.table(), Vec::new()))
            .rows
            .extend::<Vec<_>>(rows);
        streams.push(stream);
    }
    for kind in [StreamKind::Action, StreamKind::JointState] {
        let stream = lerobot_stream(&lerobot, kind);
        tables.get_mut(kind.table()).unwrap().rows.extend((0..2).map(|at| sample(kind, &stream, at)));
        streams.push(stream);
    }
    let (receipts, findings) = receipts();
    let facts = [
        ("episodes", vec![episode("ros", T0, T0 + 20 * MS, 51), episode("lerobot", 0, 100 * MS, 4)]),
        ("streams", streams),
        ("segments", segments(&ros)),
        ("receipts", receipts),
        ("findings", findings),
    ];
    tables.extend(facts.map(|(name, rows)| (name.to_owned(), Table::new(name, rows))));
    Set { tables }
}

fn episode(recording: &str, start: i64, end: i64, samples: u64) -> Value {
    let derivation = derivation(recording);
    let is_ros = recording == "ros";
    json!({
        "episode_id": id(recording, 0), "recording_id": derivation.recording, "derivation_id": derivation.id().unwrap(),
        "key": "0", "ordinal": 0, "task": is_ros.then_some("insert the peg"), "robot": is_ros.then_some("arm-1"),
        "mode": if is_ros { "teleoperated" } else { "unknown" }, "outcome": if is_ros { "success" } else { "unknown" },
        "start_ns": start, "end_ns": end, "duration_s": (end - start) as f64 / 1e9, "dated": is_ros,
        "decision": if is_ros { "accept" } else { "unknown" },
        "messages": samples + 3, "mapped": samples, "unmapped": 2, "undecodable": 1,
        "frames": if is_ros { 15 } else { 0 }, "samples": samples,
        "attributes": "{\"firmware\":\"4.2\"}", "content_hash": content(recording), "digest": is_ros.then_some(1036),
        "notes": "[]", "recording_notes": 0, "revision": 0
    })
}

fn content(recording: &str) -> Hash256 {
    Hash256::of(format!("rows of {recording}").as_bytes())
}

/// Streams with numbers follow stamps, those of other kinds log times; a trajectory lies after its message.
fn ros_stream(episode: &str, kind: StreamKind) -> Value {
    let (clock, offset) = match kind {
        StreamKind::Imu => ("header", Some(5_000 * MS)),
        StreamKind::Action | StreamKind::Event | StreamKind::Scalar | StreamKind::Vector => ("log", None),
        _ => ("header", Some(0)),
    };
    let is_picture = matches!(kind, StreamKind::Image | StreamKind::Depth);
    let name = format!("/{}", kind.name());
    json!({
        "episode_id": episode, "stream": name, "kind": kind.name(), "source": name,
        "schema": if kind == StreamKind::Action { "trajectory_msgs/msg/JointTrajectory" } else { "example_msgs/msg/Any" },
        "names": if kind == StreamKind::JointState { json!(["shoulder", "elbow"]) } else { json!([]) },
        "shape": if kind == StreamKind::Tactile { json!([1, 2]) } else { json!([]) },
        "frame": (kind == StreamKind::Pose).then_some("base"), "child_frame": (kind == StreamKind::Pose).then_some("tool"),
        "representation": (kind == StreamKind::Action).then_some("absolute"),
        "codec": is_picture.then(|| codec(kind)), "width": is_picture.then_some(64), "height": is_picture.then_some(48),
        "clock": clock, "clock_offset_ns": offset, "rate_hz": 100.0, "samples": 3,
        "start_ns": T0, "end_ns": T0 + 20 * MS
    })
}

fn lerobot_stream(episode: &str, kind: StreamKind) -> Value {
    let name = if kind == StreamKind::Action { "action" } else { "observation.state" };
    json!({
        "episode_id": episode, "stream": name, "kind": kind.name(), "source": name, "schema": "float32",
        "names": ["shoulder", "elbow"], "shape": [], "clock": "row", "nominal_rate_hz": 10.0, "rate_hz": 10.0,
        "samples": 2, "start_ns": 0, "end_ns": 100 * MS
    })
}

fn codec(kind: StreamKind) -> &'static str {
    match kind {
        StreamKind::Image => "jpeg",
        StreamKind::Depth => "mono16",
        StreamKind::Audio => "opus",
        _ => "example_msgs/msg/Any",
    }
}

/// A sample of a stream: the second of those that follow stamps has none.
fn sample(kind: StreamKind, stream: &Value, at: i64) -> Value {
    let is_trajectory = stream["schema"].as_str().is_some_and(|schema| schema.contains("Trajectory"));
    let (t, log, header) = match stream["clock"].as_str().unwrap() {
        "row" => (at * 100 * MS, None, None),
        "log" if is_trajectory => (T0 + at * 10 * MS, Some(T0), None),
        "log" => (T0 + at * 10 * MS, Some(T0 + at * 10 * MS), None),
        _ if at == 1 => (T0 + 10 * MS, Some(T0 + 10 * MS), None),
        _ => {
            let t = T0 + at * 10 * MS;
            (t, Some(t + 2 * MS), Some(t - stream["clock_offset_ns"].as_i64().unwrap()))
        }
    };
    let mut row = json!({ "episode_id": stream["episode_id"], "stream": stream["stream"], "t_ns": t, "log_time_ns": log,
        "header_time_ns": header });
    for (name, is_list, _) in kind.numbers() {
        let number = match *name {
            "qx" | "qy" | "qz" => 0.0,
            "qw" => 1.0,
            _ => 0.25,
        };
        row[*name] = if *is_list { json!([number, -number]) } else { json!(number) };
    }
    if kind == StreamKind::Event {
        row["level"] = if at == 0 { Value::Null } else { json!("warning") };
        row["text"] = if at == 2 { json!("") } else { json!("gripper closes") };
    }
    if kind.is_frames() {
        let is_plain = at < 2;
        let frame = json!({
            "codec": codec(kind), "width": (kind == StreamKind::Image).then_some(64), "height": (kind == StreamKind::Image).then_some(48),
            "key_frame": true, "file": 0, "chunk_offset": 4096 * at, "chunk_length": 1000,
            "compression": if is_plain { "none" } else { "zstd" }, "inner_offset": 100,
            "length": if is_plain { 900 } else { 90_000 }
        });
        row.as_object_mut().unwrap().extend(frame.as_object().unwrap().clone());
    }
    row
}

fn segments(episode: &str) -> Vec<Value> {
    let segment = |label: &str, name: &str, start: i64, end: i64| {
        json!({ "episode_id": episode, "label": label, "name": name, "start_ns": T0 + start * MS, "end_ns": T0 + end * MS,
            "annotator": "source" })
    };
    let mut slip = segment("exception", "slip", 12, 14);
    slip["cause"] = json!("object");
    slip["recoverable"] = json!(true);
    vec![
        segment("skill", "grasp", 0, 10),
        segment("skill", "insert_peg", 10, 20),
        slip,
        segment("recovery", "", 14, 18),
    ]
}

/// A receipt of each episode, and the finding of the first.
fn receipts() -> (Vec<Value>, Vec<Value>) {
    let finding = Finding {
        code: "TIM003".to_owned(),
        severity: Severity::Warning,
        stream: Some("/imu".to_owned()),
        span: None,
        measured: Some(0.2),
        limit: Some(0.1),
        unit: Some("s".to_owned()),
        file: None,
        offset: None,
        message: "`/imu` has no sample for 0.20 s (limit 0.10 s)".to_owned(),
    };
    let rows = [("ros", Decision::Accept, 51, vec![finding.clone()]), ("lerobot", Decision::Unknown, 4, Vec::new())];
    let receipts: Vec<_> = rows
        .into_iter()
        .map(|(recording, decision, samples, findings)| receipt(recording, decision, samples, findings))
        .collect();
    let finding = json!({
        "episode_id": id("ros", 0), "revision": 0, "receipt_hash": receipts[0]["receipt_hash"], "code": finding.code,
        "severity": "warning", "stream": "/imu", "measured": 0.2, "limit_value": 0.1, "unit": "s",
        "message": finding.message
    });
    (receipts, vec![finding])
}

fn receipt(recording: &str, decision: Decision, samples: u64, findings: Vec<Finding>) -> Value {
    let tally = EpisodeTally { messages: samples + 3, mapped: samples, unmapped: 2, undecodable: 1, frames: 0 };
    let payload = ReceiptPayload {
        version: RECEIPT_VERSION.to_owned(),
        episode: id(recording, 0).parse().unwrap(),
        content: content(recording),
        derivation: derivation(recording),
        profile: Hash256::of(b"the profile"),
        profile_name: "default 1".to_owned(),
        code: "an example".to_owned(),
        counts: Counts { tally, samples },
        checks: Vec::new(),
        findings,
        dimensions: BTreeMap::from([
            (Dimension::Completeness, DimensionState::Pass),
            (Dimension::Diversity, DimensionState::NotApplicable),
        ]),
        repairs: Vec::new(),
        decision,
    };
    let bytes = canonical_json(&payload).unwrap().into_bytes();
    // A key that everybody knows: nothing may be decided by what it signs.
    let envelope = Envelope::sign(bytes.clone(), &PrivateKey::from_seed([7; 32]));
    json!({
        "episode_id": payload.episode, "revision": 0, "receipt_hash": Hash256::of(&bytes), "profile_name": "default 1",
        "profile_hash": payload.profile, "decision": decision.name(), "completeness": "pass",
        "envelope": envelope.to_json(), "issued_ns": T0 + 1000 * MS
    })
}
