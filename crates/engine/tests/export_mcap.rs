//! The MCAP target, there and back: what was exported is ingested into another store, and both stores are asked for the same
//! samples.
#![expect(clippy::unwrap_used, reason = "tests make and read files of their own")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use prairie_engine::{Config, DatasetRecipe, Engine, EngineError, ExportOptions, InspectOptions, Proof, Quiet, Status};
use prairie_formats::BlobReader;
use prairie_formats::mp4::annexb;
use prairie_model::{BlobRef, Compression, EpisodeId, StreamKind};
use prairie_store::PathSource;
use serde_json::Value;
use tempfile::TempDir;

type Row = BTreeMap<String, Value>;

/// A recording in one store, exported, and ingested into another.
struct Trip {
    dir: TempDir,
    one: Engine,
    other: Engine,
    proof: Proof,
    /// The episode here, its file, and the episode there.
    episodes: Vec<(EpisodeId, PathBuf, EpisodeId)>,
}

fn samples(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name)
}

fn inspect() -> InspectOptions {
    InspectOptions::new(None, None, BTreeMap::new(), false).unwrap()
}

fn to_mcap() -> ExportOptions {
    ExportOptions { target: "mcap".to_owned(), ..ExportOptions::default() }
}

fn open(dir: &TempDir, name: &str) -> Engine {
    Engine::create(&Config::at(dir.path().join(name))).unwrap()
}

fn freeze(engine: &Engine) {
    freeze_where(engine, "all", "true");
}

fn freeze_where(engine: &Engine, name: &str, condition: &str) {
    engine.create_dataset(name, &DatasetRecipe::new(condition)).unwrap();
}

fn travel(name: &str) -> Trip {
    let dir = TempDir::new().unwrap();
    let (one, other) = (open(&dir, "one"), open(&dir, "other"));
    let report = one.ingest(&[samples(name)], &inspect(), &Quiet).unwrap();
    assert_eq!(report.recordings[0].status, Status::Ingested, "{:?}", report.recordings[0].error);
    freeze(&one);
    let out = dir.path().join("out");
    let proof = one.export("all", &out, &to_mcap(), &Quiet).unwrap();
    let mut episodes = Vec::new();
    for episode in &proof.episodes {
        let file = out.join(format!("episode_{:06}.mcap", episode.index));
        let report = other.ingest(std::slice::from_ref(&file), &inspect(), &Quiet).unwrap();
        let [back] = report.recordings.as_slice() else { panic!("one file is one recording") };
        assert_eq!((back.status, back.exit, back.complete), (Status::Ingested, 0, true), "{:?}", back.error);
        assert_eq!(back.episodes.len(), 1, "one file is one episode");
        assert_eq!(back.messages.total, episode.rows, "every message is a sample");
        assert_eq!(back.messages.mapped, episode.rows, "{:?}", back.unmapped);
        episodes.push((episode.id, file, back.episodes[0]));
    }
    Trip { dir, one, other, proof, episodes }
}

fn rows(engine: &Engine, sql: &str) -> Vec<Row> {
    let mut text = Vec::new();
    engine.query(sql, None).unwrap().write_json(&mut text).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn text<'a>(row: &'a Row, name: &str) -> &'a str {
    row[name].as_str().unwrap_or_default()
}

/// The topic of each exported stream.
fn topics(proof: &Proof) -> BTreeMap<&str, &str> {
    let numbers = proof.features.iter().map(|feature| (feature.streams[0].as_str(), feature.feature.as_str()));
    numbers.chain(proof.videos.iter().map(|video| (video.stream.as_str(), video.feature.as_str()))).collect()
}

/// Whether messages of the type keep the samples' own stamps.
fn is_stamped(schema: &str) -> bool {
    !matches!(schema, "std_msgs/msg/Float64" | "std_msgs/msg/Float64MultiArray" | "std_msgs/msg/String")
}

/// The stream there that came from `topic`.
fn stream_back(trip: &Trip, there: EpisodeId, name: &str, topic: &str) -> Row {
    let sql = format!("SELECT * FROM streams WHERE episode_id = '{there}' AND source = '{topic}' ORDER BY stream");
    let mut found = rows(&trip.other, &sql);
    if found.len() > 1 {
        found.retain(|row| text(row, "stream") == name);
    }
    assert_eq!(found.len(), 1, "`{name}` comes back as one stream of `{topic}`");
    found.remove(0)
}

/// Compares every sample of a stream of numbers or texts, and says how many there are.
fn compare(trip: &Trip, (here, there): (EpisodeId, EpisodeId), stream: &Row, back: &Row) -> usize {
    let kind = StreamKind::from_name(text(stream, "kind")).unwrap();
    let values: Vec<&str> = if kind == StreamKind::Event {
        vec!["level", "text"]
    } else {
        kind.numbers().iter().map(|(name, ..)| *name).collect()
    };
    let sql = |kind: &str, episode: EpisodeId, stream: &str, values: &[&str]| {
        format!(
            "SELECT t_ns, coalesce(log_time_ns, t_ns) AS log_ns, header_time_ns, {} FROM {kind} \
             WHERE episode_id = '{episode}' AND stream = '{stream}' ORDER BY log_ns, t_ns",
            values.join(", ")
        )
    };
    let before = rows(&trip.one, &sql(kind.table(), here, text(stream, "stream"), &values));
    // A vector of one axis comes back as a vector, whatever it was: its type has no kind.
    let kind_back = StreamKind::from_name(text(back, "kind")).unwrap();
    let after = rows(&trip.other, &sql(kind_back.table(), there, text(back, "stream"), &values));
    let name = text(stream, "stream");
    assert_eq!(before.len(), after.len(), "`{name}`");
    for (at, (one, other)) in before.iter().zip(&after).enumerate() {
        assert_eq!(one["log_ns"], other["log_ns"], "`{name}` {at}");
        if is_stamped(text(back, "schema")) {
            assert_eq!(one["t_ns"], other["t_ns"], "`{name}` {at}");
            if !one["header_time_ns"].is_null() {
                assert_eq!(one["header_time_ns"], other["header_time_ns"], "`{name}` {at}");
            }
        } else {
            assert_eq!(one["log_ns"], other["t_ns"], "`{name}` {at}: its type has no stamp");
        }
        for value in &values {
            assert_eq!(one[*value], other[*value], "`{name}` {at} {value}");
        }
    }
    before.len()
}

/// The frames of a stream in the order of their stamps, or of `t_ns` where they have none, with their bytes.
fn frames(engine: &Engine, source: &PathSource, episode: EpisodeId, stream: &str) -> Vec<(Row, Vec<u8>)> {
    let sql = format!(
        "SELECT *, coalesce(header_time_ns, t_ns) AS at_ns FROM frames \
         WHERE episode_id = '{episode}' AND stream = '{stream}' ORDER BY at_ns"
    );
    let mut reader = BlobReader::new(source);
    let number = |row: &Row, name: &str| row[name].as_u64().unwrap();
    let read = |row: Row| {
        let blob = BlobRef {
            file: number(&row, "file") as u32,
            chunk_offset: number(&row, "chunk_offset"),
            chunk_length: number(&row, "chunk_length"),
            compression: Compression::from_name(text(&row, "compression")).unwrap(),
            inner_offset: number(&row, "inner_offset"),
            length: number(&row, "length"),
            key_frame: None,
            sha256: None,
        };
        let bytes = reader.read(&blob).unwrap();
        (row, bytes)
    };
    rows(engine, &sql).into_iter().map(read).collect()
}

/// Compares every stream of every episode. `same` compares the bytes of a frame here with those there. Gives the number of
/// samples and of frames.
fn compare_all(trip: &Trip, recording: &Path, same: impl Fn(&Row, &[u8], &[u8])) -> (usize, usize) {
    let source = PathSource::open(recording).unwrap();
    let topics = topics(&trip.proof);
    // Frames that are logged in the order of decoding have their own times in their stamps only.
    let delayed = trip.proof.videos.iter().filter(|video| video.largest_shift_s > 0.0);
    let delayed: BTreeSet<&str> = delayed.map(|video| video.stream.as_str()).collect();
    let (mut samples, mut pictures) = (0, 0);
    for (here, file, there) in &trip.episodes {
        let file = PathSource::open(file).unwrap();
        for stream in rows(&trip.one, &format!("SELECT * FROM streams WHERE episode_id = '{here}'")) {
            let name = text(&stream, "stream");
            let topic = topics.get(name).unwrap_or_else(|| panic!("`{name}` is exported: {:?}", trip.proof.left_out));
            let back = stream_back(trip, *there, name, topic);
            assert_eq!(stream["samples"], back["samples"], "`{name}`");
            if stream["codec"].is_null() {
                samples += compare(trip, (*here, *there), &stream, &back);
                continue;
            }
            let before = frames(&trip.one, &source, *here, name);
            let after = frames(&trip.other, &file, *there, text(&back, "stream"));
            assert_eq!(before.len(), after.len(), "`{name}`");
            for ((one, bytes), (other, copied)) in before.iter().zip(&after) {
                assert_eq!((&one["at_ns"], &one["codec"]), (&other["at_ns"], &other["codec"]), "`{name}`");
                if !delayed.contains(name) {
                    assert_eq!(one["t_ns"], other["t_ns"], "`{name}`");
                }
                same(one, bytes, copied);
            }
            pictures += before.len();
        }
    }
    (samples, pictures)
}

fn facts(engine: &Engine, episode: EpisodeId) -> Row {
    let columns = "task, outcome, mode, robot, robot_type, operator, station, software, calibration, owner, licence, consent, \
                   purpose, custody";
    rows(engine, &format!("SELECT {columns} FROM episodes WHERE episode_id = '{episode}'")).remove(0)
}

#[test]
fn a_ros_recording_comes_back_sample_by_sample() {
    let trip = travel("contact-cell.mcap");
    assert_eq!(trip.proof.episodes.len(), 3);
    assert_eq!(trip.proof.fps, None);
    let (samples, pictures) = compare_all(&trip, &samples("contact-cell.mcap"), |row, bytes, copied| {
        assert!(bytes == copied, "frame at {}: its bytes are copied", row["t_ns"]);
    });
    assert!(samples > 40_000, "{samples}");
    assert!(pictures > 1_500, "{pictures}");
    assert_eq!((samples + pictures) as u64, trip.proof.rows, "rows are messages");
    for (here, _, there) in &trip.episodes {
        let (before, after) = (facts(&trip.one, *here), facts(&trip.other, *there));
        assert_eq!(before, after);
        assert!(!before["task"].is_null() && !before["robot"].is_null(), "{before:?}");
    }
    let outcomes: Vec<_> = trip.episodes.iter().map(|(here, ..)| facts(&trip.one, *here)["outcome"].clone()).collect();
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "success").count(), 2, "{outcomes:?}");
}

#[test]
fn the_proof_adds_up() {
    let trip = travel("contact-cell.mcap");
    let proof = &trip.proof;
    let mut total = 0;
    for feature in &proof.features {
        assert_eq!(feature.samples_in, feature.rows_out, "{feature:?}");
        total += feature.rows_out;
    }
    for video in &proof.videos {
        assert_eq!((video.source_frames, video.repeated, video.dropped), (video.exported, 0, 0), "{video:?}");
        total += video.exported;
    }
    assert_eq!(total, proof.rows);
    assert_eq!(proof.episodes.iter().map(|episode| episode.rows).sum::<u64>(), proof.rows);
    assert!(proof.episodes.iter().all(|episode| episode.samples_in == episode.rows), "{:?}", proof.episodes);
    let stored = rows(&trip.one, "SELECT sum(samples) AS n FROM streams")[0]["n"].as_u64();
    assert_eq!(stored, Some(proof.rows), "nothing of the version is missing: {:?}", proof.left_out);
    let lost: Vec<_> =
        proof.left_out.iter().filter(|line| !line.contains("no field for the samples' own stamps")).collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert!((proof.duration_s - 30.0).abs() < 5.0, "{}", proof.duration_s);
    assert_eq!(proof.files.len(), 3);
}

/// Whether the units of `sample`, with lengths before them, are the last of those of `copied`, with start codes.
fn same_units(sample: &[u8], copied: &[u8]) {
    let mut units = Vec::new();
    let mut rest = sample;
    while let Some((length, after)) = rest.split_at_checked(4) {
        let (unit, after) = after.split_at(u32::from_be_bytes(length.try_into().unwrap()) as usize);
        units.push(unit);
        rest = after;
    }
    let copied: Vec<_> = annexb::units(copied).collect();
    assert!(!units.is_empty() && copied.ends_with(&units), "{} units and {}", units.len(), copied.len());
}

#[test]
fn a_lerobot_folder_comes_back_with_its_video() {
    let trip = travel("contact-lerobot-v21");
    let (samples, pictures) =
        compare_all(&trip, &samples("contact-lerobot-v21"), |row, bytes, copied| match text(row, "codec") {
            "av1" => assert!(copied.ends_with(bytes), "frame at {}", row["t_ns"]),
            "h264" => same_units(bytes, copied),
            codec => panic!("{codec}"),
        });
    assert_eq!(pictures, 2 * 666, "two cameras, two attempts of 11.1 s at 30 Hz");
    assert_eq!((samples + pictures) as u64, trip.proof.rows);
    for (here, _, there) in &trip.episodes {
        let (before, after) = (facts(&trip.one, *here), facts(&trip.other, *there));
        assert_eq!(before, after);
    }
    let wrist = trip.proof.videos.iter().find(|video| video.stream.contains("wrist")).unwrap();
    assert!(wrist.largest_shift_s > 0.0 && wrist.largest_shift_s < 0.5, "its B-frames are logged late: {wrist:?}");
}

#[test]
fn a_chosen_stream_leaves_the_others_out_by_name() {
    let dir = TempDir::new().unwrap();
    let engine = open(&dir, "store");
    engine.ingest(&[samples("contact-lerobot-v21")], &inspect(), &Quiet).unwrap();
    freeze(&engine);
    let options = ExportOptions { streams: vec!["action".to_owned()], ..to_mcap() };
    let proof = engine.export("all", &dir.path().join("out"), &options, &Quiet).unwrap();
    assert_eq!((proof.features.len(), proof.videos.len()), (1, 0));
    assert_eq!(proof.features[0].feature, "/action");
    assert!(proof.left_out.iter().any(|line| line.contains("observation.state") && line.contains("not asked for")));
    let again =
        engine.export("all", &dir.path().join("again"), &ExportOptions { fps: Some(30.0), ..to_mcap() }, &Quiet);
    assert!(matches!(again, Err(EngineError::Invalid { .. })), "there is no grid to give a rate to");
}

#[test]
fn an_export_of_an_export_holds_the_same_messages() {
    let trip = travel("contact-lerobot-v21");
    let (here, _, there) = &trip.episodes[0];
    let export = |engine: &Engine, episode: &EpisodeId, name: &str| {
        freeze_where(engine, name, &format!("episode_id = '{episode}'"));
        engine.export(name, &trip.dir.path().join(name), &to_mcap(), &Quiet).unwrap()
    };
    let (first, second) = (export(&trip.one, here, "first"), export(&trip.other, there, "second"));
    assert_eq!(first.rows, second.rows);
    let hashes = |proof: &Proof| -> BTreeMap<String, String> {
        proof.features.iter().map(|feature| (feature.feature.clone(), feature.hash.to_string())).collect()
    };
    assert_eq!(hashes(&first), hashes(&second), "the messages are the same, byte by byte");
}
