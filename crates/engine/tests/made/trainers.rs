//! Recordings made to order, as robomimic and TensorFlow Datasets get them: what our own readers find there is what was made.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use prairie_engine::{Config, DatasetRecipe, Engine, ExportOptions, Proof, Quiet};
use prairie_formats::BlobReader;
use prairie_media::decoder;
use prairie_model::{BlobRef, Codec, Compression, Nanos, PictureInfo};
use prairie_store::PathSource;
use serde_json::Value;
use tempfile::TempDir;

use super::{CAMERA, Made, START_NS, adds_up, h264, ingest_all, odd_jpegs, regular, rows, waves};

const TARGETS: [&str; 2] = ["robomimic", "rlds"];

fn export_to(engine: &Engine, out: &Path, target: &str) -> Proof {
    engine.create_dataset("all", &DatasetRecipe::new("true")).unwrap();
    let options = ExportOptions { target: target.to_owned(), ..ExportOptions::default() };
    engine.export("all", out, &options, &Quiet).unwrap()
}

/// An export, taken into a store of its own; and the recording in it.
fn back(out: &Path, target: &str) -> (TempDir, Engine, PathSource) {
    let dir = TempDir::new().unwrap();
    let engine = Engine::create(&Config::at(dir.path().join("back"))).unwrap();
    let recording = match target {
        "robomimic" => out.join("robomimic.hdf5"),
        // Every version of the data set has a folder of its own.
        _ => fs::read_dir(out.join("all")).unwrap().next().unwrap().unwrap().path(),
    };
    assert!(super::ingest_some(&engine, recording.clone()) > 0);
    (dir, engine, PathSource::open(&recording).unwrap())
}

/// The bytes of all pictures of a stream, in their order, and how they are coded.
fn pictures(engine: &Engine, source: &PathSource, name: &str) -> (Codec, Vec<Vec<u8>>) {
    let found = rows(engine, &format!("SELECT * FROM frames WHERE stream = '{name}' ORDER BY episode_id, t_ns"));
    let mut blobs = BlobReader::new(source);
    let mut read = |row: &BTreeMap<String, Value>| {
        let number = |name: &str| row[name].as_u64().unwrap();
        let blob = BlobRef {
            file: number("file") as u32,
            chunk_offset: number("chunk_offset"),
            chunk_length: number("chunk_length"),
            compression: Compression::from_name(row["compression"].as_str().unwrap()).unwrap(),
            inner_offset: number("inner_offset"),
            length: number("length"),
            ..BlobRef::NOTHING
        };
        blobs.read(&blob).unwrap()
    };
    let bytes = found.iter().map(&mut read).collect();
    (Codec::from_name(found[0]["codec"].as_str().unwrap()), bytes)
}

/// The pixels of coded pictures.
fn pixels(codec: Codec, size: (u32, u32), frames: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let info = PictureInfo { codec, width: Some(size.0), height: Some(size.1), config: Vec::new(), fps: None };
    let mut decoder = decoder(&info).unwrap();
    let mut decoded = Vec::new();
    for (at, frame) in frames.iter().enumerate() {
        decoded.extend(decoder.push(Nanos(at as i64), frame));
    }
    decoded.extend(decoder.flush());
    decoded.into_iter().map(|(_, picture)| prairie_media::rgb(&picture.unwrap()).unwrap().into_owned().pixels).collect()
}

fn in_colour(grey: &[u8]) -> Vec<u8> {
    grey.iter().flat_map(|level| [*level; 3]).collect()
}

fn camera(target: &str) -> &'static str {
    if target == "robomimic" { "obs/camera_front_image" } else { "observation/image_camera_front" }
}

/// What each row shows is a picture of `made`, in order, and about as many of them are shown as the proof says: pictures that are
/// alike are taken for each other.
fn shows(proof: &Proof, found: &[Vec<u8>], made: &[Vec<u8>]) {
    assert_eq!(found.len() as u64, proof.rows);
    let mut at = 0;
    let mut shown = std::collections::BTreeSet::new();
    for (row, picture) in found.iter().enumerate() {
        let next = (at..made.len()).find(|next| made[*next] == *picture);
        at = next.unwrap_or_else(|| panic!("row {row} shows no picture from {at} on"));
        shown.insert(at);
    }
    let video = &proof.videos[0];
    let claimed = video.exported + video.repeated;
    assert!(shown.len() as u64 <= claimed && shown.len() as u64 * 10 >= claimed * 9, "{}: {video:?}", shown.len());
}

#[test]
fn pixels_and_numbers_are_those_that_were_made() {
    let size = (49, 33);
    let dir = TempDir::new().unwrap();
    let engine = Made::new().camera("mono8", size, |at| (at != 60).then(|| waves(size, at))).ingest(&dir);
    let made: Vec<_> = (0..120).map(|at| in_colour(&waves(size, at))).collect();
    for target in TARGETS {
        let out = dir.path().join(target);
        let proof = export_to(&engine, &out, target);
        adds_up(&engine, &proof, &out);
        let video = &proof.videos[0];
        assert_eq!((video.source_frames, video.undecodable, video.padding), (120, 1, None), "{video:?}");
        let how = if target == "robomimic" { ("decoded", "rgb8") } else { ("encoded", "png") };
        assert_eq!((video.how.as_str(), video.codec.as_str()), how);
        let (_folder, back, source) = back(&out, target);
        let (codec, coded) = pictures(&back, &source, camera(target));
        shows(&proof, &pixels(codec, size, &coded), &made);
        // Every number is the last sample that is not later than its row.
        let (stream, column, table) = match target {
            "robomimic" => ("obs/state", "position", "joint_state"),
            _ => ("observation/state", "value", "vector"),
        };
        let found = rows(&back, &format!("SELECT {column} AS q FROM {table} WHERE stream = '{stream}' ORDER BY t_ns"));
        assert_eq!(found.len() as u64, proof.rows);
        let start: i64 = proof.episodes[0].start_ns.parse().unwrap();
        for (row, found) in found.iter().enumerate() {
            let t_ns = start + (row as f64 * 1e9 / proof.fps.unwrap()).round() as i64;
            let at = (t_ns - START_NS).div_euclid(10_000_000);
            let q = 0.5 * (at as f64 / 50.0).sin();
            let found: Vec<f32> = found["q"].as_array().unwrap().iter().map(|q| q.as_f64().unwrap() as f32).collect();
            assert_eq!(found, [q as f32, (0.5 * q) as f32], "{target}, row {row}");
        }
        // Nobody says how it ended: rewards are unknown, and not zero.
        assert!(proof.filled.iter().any(|line| line.contains("NaN")), "{:?}", proof.filled);
        assert!(proof.filled.iter().any(|line| line.contains("left out, as no stream is a command")));
    }
}

#[test]
fn jpeg_pictures_are_copied_bit_by_bit() {
    let dir = TempDir::new().unwrap();
    let jpegs = odd_jpegs();
    let engine = Made::new().coded("jpeg", &jpegs).ingest(&dir);
    let out = dir.path().join("rlds");
    let proof = export_to(&engine, &out, "rlds");
    adds_up(&engine, &proof, &out);
    let video = &proof.videos[0];
    assert_eq!((video.how.as_str(), video.codec.as_str(), &video.why_encoded), ("copied", "jpeg", &None), "{video:?}");
    let (_folder, back, source) = back(&out, "rlds");
    let (codec, coded) = pictures(&back, &source, camera("rlds"));
    assert_eq!(codec, Codec::Jpeg);
    shows(&proof, &coded, &jpegs);
    assert_eq!(video.bytes, coded.iter().map(|picture| picture.len() as u64).sum::<u64>());
    let features = fs::read_to_string(out.join("all/1.0.0/features.json")).unwrap();
    assert!(features.contains("\"encodingFormat\": \"jpeg\""), "{features}");
    // Asked for, they are encoded, and still the same pixels.
    let options = ExportOptions { target: "rlds".to_owned(), encode: true, ..ExportOptions::default() };
    let again = dir.path().join("again");
    let proof = engine.export("all", &again, &options, &Quiet).unwrap();
    assert_eq!((proof.videos[0].how.as_str(), proof.videos[0].codec.as_str()), ("encoded", "png"));
    let (_folder, back, source) = self::back(&again, "rlds");
    let (codec, coded) = pictures(&back, &source, camera("rlds"));
    let size = (319, 239);
    shows(&proof, &pixels(codec, size, &coded), &pixels(Codec::Jpeg, size, &jpegs));
}

#[test]
fn video_is_decoded_bit_by_bit() {
    let size = (64, 48);
    let dir = TempDir::new().unwrap();
    let units = h264(size, 10);
    let made = pixels(Codec::H264, size, &units);
    let engine = Made::new().coded("h264", &units).ingest(&dir);
    for target in TARGETS {
        let out = dir.path().join(target);
        let proof = export_to(&engine, &out, target);
        adds_up(&engine, &proof, &out);
        let (_folder, back, source) = back(&out, target);
        let (codec, coded) = pictures(&back, &source, camera(target));
        shows(&proof, &pixels(codec, size, &coded), &made);
    }
}

#[test]
fn what_cannot_be_written_leaves_nothing_behind() {
    let size = (48, 32);
    let made = |wrist_broken: bool| {
        let wrist = move |at: usize| (!wrist_broken).then(|| waves(size, at + 7));
        let front = Made::new().camera_at(CAMERA, regular, "mono8", size, |at| Some(waves(size, at)));
        front.camera_at("/camera/wrist", regular, "mono8", size, wrist)
    };
    let dir = TempDir::new().unwrap();
    // The second one's front camera is written before its wrist camera turns out to have no picture.
    let engine = ingest_all(&dir, vec![made(false), made(true)]);
    for target in TARGETS {
        let out = dir.path().join(target);
        let proof = export_to(&engine, &out, target);
        assert_eq!((proof.episodes.len(), proof.left_out.len()), (1, 1), "{:?}", proof.left_out);
        adds_up(&engine, &proof, &out);
        let (_folder, back, _) = back(&out, target);
        let damage = rows(&back, "SELECT code, message FROM findings WHERE code LIKE 'FMT%'");
        assert_eq!(damage, [], "{target}");
        let names: Vec<_> = proof.files.keys().collect();
        assert!(names.iter().all(|name| !name.contains("spool") && !name.contains("partial")), "{names:?}");
    }
    let options = ExportOptions { target: "robomimic".to_owned(), encode: true, ..ExportOptions::default() };
    assert!(engine.export("all", &dir.path().join("none"), &options, &Quiet).is_err());
}
