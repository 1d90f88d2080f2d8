//! Exports of the bundled recordings, read by the programs that they are made for: LeRobot, PyPI `mcap` and `rosbags`, `h5py`, and
//! TensorFlow Datasets.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests make and read files of their own")]
#![expect(clippy::print_stdout, reason = "it says what it skipped")]

#[path = "merge/half.rs"]
mod half;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use prairie_engine::{Config, DatasetRecipe, Engine, ExportOptions, InspectOptions, Proof, Quiet};
use prairie_formats::BlobReader;
use prairie_model::{BlobRef, Codec, Compression, Hash256, Nanos, PictureInfo, StreamKind};
use prairie_store::PathSource;
use serde_json::{Value, json};
use tempfile::TempDir;

type Row = BTreeMap<String, Value>;

fn samples(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name)
}

fn client(variable: &str, what: &str) -> Option<PathBuf> {
    let python = std::env::var_os(variable).map(PathBuf::from);
    if python.is_none() {
        println!("skipped: {variable} does not name a Python with {what}");
    }
    python
}

/// A recording in a store, frozen as the dataset `all`, and exported.
struct Exported {
    dir: TempDir,
    engine: Engine,
    out: PathBuf,
    proof: Proof,
}

fn export(name: &str, options: ExportOptions) -> Exported {
    let dir = TempDir::new().unwrap();
    let engine = Engine::create(&Config::at(dir.path().join("store"))).unwrap();
    let inspect = InspectOptions::new(None, None, BTreeMap::new(), false).unwrap();
    engine.ingest(&[samples(name)], &inspect, &Quiet).unwrap();
    let recipe = DatasetRecipe::new("true");
    engine.create_dataset("all", &recipe).unwrap();
    let out = dir.path().join("out");
    let proof = engine.export("all", &out, &options, &Quiet).unwrap();
    Exported { dir, engine, out, proof }
}

fn rows(engine: &Engine, sql: &str) -> Vec<Row> {
    let mut text = Vec::new();
    engine.query(sql, None).unwrap().write_json(&mut text).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn text<'a>(row: &'a Row, name: &str) -> &'a str {
    row[name].as_str().unwrap_or_default()
}

fn stream(engine: &Engine, episode: &str, name: &str) -> Row {
    rows(engine, &format!("SELECT * FROM streams WHERE episode_id = '{episode}' AND stream = '{name}'")).remove(0)
}

fn run(python: &Path, script: &str, arguments: &[&Path]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(script);
    let output = Command::new(python).arg(script).args(arguments).env("HF_HUB_OFFLINE", "1").output().unwrap();
    let (said, warned) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{warned}");
    println!("{said}");
}

/// The samples of one part of a feature, with the columns that say anything.
fn part(engine: &Engine, episode: &str, feature: &str, name: &str) -> Option<Value> {
    let kind = StreamKind::from_name(text(&stream(engine, episode, name), "kind")).unwrap();
    let columns: Vec<&str> = match kind {
        StreamKind::JointState if feature.ends_with("velocity") => vec!["velocity"],
        StreamKind::JointState if feature.ends_with("effort") => vec!["effort"],
        StreamKind::JointState => vec!["position"],
        kind => kind.numbers().iter().map(|(column, ..)| *column).collect(),
    };
    let sql = format!(
        "SELECT t_ns, {} FROM {} WHERE episode_id = '{episode}' AND stream = '{name}' ORDER BY t_ns",
        columns.join(", "),
        kind.table()
    );
    let samples = rows(engine, &sql);
    let stated: Vec<_> =
        columns.into_iter().filter(|column| samples.iter().any(|row| !row[*column].is_null())).collect();
    let values = |row: &Row| -> Vec<Value> {
        stated
            .iter()
            .flat_map(|column| row[*column].as_array().cloned().unwrap_or_else(|| vec![row[*column].clone()]))
            .collect()
    };
    let times: Vec<_> = samples.iter().map(|row| row["t_ns"].clone()).collect();
    (!stated.is_empty()).then(|| json!({"t_ns": times, "values": samples.iter().map(values).collect::<Vec<_>>()}))
}

/// The frames of a camera: their bytes in one file, in the order of time.
fn frames(
    engine: &Engine,
    source: &PathSource,
    episode: &str,
    name: &str,
    file: &Path,
) -> (Vec<Value>, Vec<[usize; 2]>) {
    let sql = format!("SELECT * FROM frames WHERE episode_id = '{episode}' AND stream = '{name}' ORDER BY t_ns");
    let mut reader = BlobReader::new(source);
    let (mut bytes, mut places, mut times) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows(engine, &sql) {
        let number = |name: &str| row[name].as_u64().unwrap();
        let blob = BlobRef {
            file: number("file") as u32,
            chunk_offset: number("chunk_offset"),
            chunk_length: number("chunk_length"),
            compression: Compression::from_name(text(&row, "compression")).unwrap(),
            inner_offset: number("inner_offset"),
            length: number("length"),
            key_frame: None,
            sha256: None,
        };
        let frame = reader.read(&blob).unwrap();
        places.push([bytes.len(), frame.len()]);
        bytes.extend(frame);
        times.push(row["t_ns"].clone());
    }
    fs::write(file, bytes).unwrap();
    (times, places)
}

/// What an episode of the export must hold, but for its file of numbers.
fn expected_episode(exported: &Exported, source: &PathSource, index: usize) -> Value {
    let Exported { dir, engine, proof, .. } = exported;
    let episode = &proof.episodes[index];
    let id = episode.id.to_string();
    let is_row_clock = |name: &str| text(&stream(engine, &id, name), "clock") == "row";
    let features = proof.features.iter().map(|feature| {
        let parts: Vec<_> =
            feature.streams.iter().filter_map(|name| part(engine, &id, &feature.feature, name)).collect();
        let row_clock = is_row_clock(&feature.streams[0]);
        json!({"name": feature.feature, "stored_as": feature.stored_as, "row_clock": row_clock, "parts": parts})
    });
    let cameras = proof.videos.iter().map(|video| {
        let file = dir.path().join(format!("{index}-{}", video.feature));
        let (times, places) = frames(engine, source, &id, &video.stream, &file);
        json!({
            "feature": video.feature, "file": file, "t_ns": times, "frames": places,
            "codec": text(&stream(engine, &id, &video.stream), "codec"), "row_clock": is_row_clock(&video.stream),
            "video": Value::Null,
        })
    });
    let task = rows(engine, &format!("SELECT task FROM episodes WHERE episode_id = '{id}'")).remove(0)["task"].clone();
    json!({
        "id": id, "rows": episode.rows, "start_ns": episode.start_ns, "task": task,
        "features": features.collect::<Vec<_>>(), "cameras": cameras.collect::<Vec<_>>(),
    })
}

/// Versions of LeRobot: the variable that names a Python with it, and the target that is made for it.
const LEROBOTS: [(&str, &str); 2] =
    [("PRAIRIE_LEROBOT_PYTHON", "lerobot-v3"), ("PRAIRIE_LEROBOT_V21_PYTHON", "lerobot-v2.1")];

fn to(target: &str) -> ExportOptions {
    ExportOptions { target: target.to_owned(), ..Default::default() }
}

fn ask_lerobot(python: &Path, exported: &Exported, episodes: Vec<Value>) {
    let expected = exported.dir.path().join("expected.json");
    let videos = serde_json::to_value(&exported.proof.videos).unwrap();
    let text = json!({"fps": exported.proof.fps, "episodes": episodes, "videos": videos}).to_string();
    fs::write(&expected, text).unwrap();
    run(python, "lerobot_reads.py", &[&exported.out, &expected]);
}

/// The SHA-256 of the bytes of each frame, and of its pixels in colour; of these nothing where it cannot be decoded. `order` is
/// that in which the frames lie in the recording.
fn hashes_of_frames(camera: &Value, config: Vec<u8>, order: &[usize]) -> (Vec<Value>, Vec<Value>) {
    let codec = Codec::from_name(camera["codec"].as_str().unwrap());
    let mut decoder =
        prairie_media::decoder(&PictureInfo { codec, width: None, height: None, config, fps: None }).unwrap();
    let bytes = fs::read(camera["file"].as_str().unwrap()).unwrap();
    let places = camera["frames"].as_array().unwrap();
    let frame = |number: usize| {
        let [at, length] = [0, 1].map(|part| places[number][part].as_u64().unwrap() as usize);
        &bytes[at..at + length]
    };
    let coded = (0..places.len()).map(|number| json!(Hash256::of(frame(number)).to_string())).collect();
    let mut decoded = vec![Value::Null; places.len()];
    let mut take = |frames: Vec<prairie_media::Decoded>| {
        for (Nanos(number), picture) in frames {
            let Ok(picture) = picture else { continue };
            let pixels = prairie_media::rgb(&picture).unwrap().into_owned().pixels;
            decoded[number as usize] = json!(Hash256::of(&pixels).to_string());
        }
    };
    for number in order {
        take(decoder.push(Nanos(*number as i64), frame(*number)));
    }
    take(decoder.flush());
    (coded, decoded)
}

/// Asks the reader of a trainer whether an export holds what the recording `name` does.
fn ask_trainer(python: &Path, name: &str, target: &str, path: impl Fn(&Exported) -> PathBuf) {
    let exported = export(name, ExportOptions { target: target.to_owned(), ..Default::default() });
    let proof = &exported.proof;
    assert!(!proof.episodes.is_empty() && !proof.videos.is_empty(), "{:?}", proof.left_out);
    for video in &proof.videos {
        assert_eq!(video.source_frames, video.exported + video.repeated + video.dropped, "{video:?}");
    }
    let source = PathSource::open(&samples(name)).unwrap();
    let episodes = (0..proof.episodes.len()).map(|index| {
        let mut episode = expected_episode(&exported, &source, index);
        let id = episode["id"].as_str().unwrap().to_owned();
        for camera in episode["cameras"].as_array_mut().unwrap() {
            let feature = camera["feature"].as_str().unwrap();
            let video = proof.videos.iter().find(|video| video.feature == feature).unwrap();
            let config = stream(&exported.engine, &id, &video.stream)["codec_config"].clone();
            // Bytes are hexadecimal digits in JSON.
            let digits = config.as_str().unwrap_or_default();
            let bytes = (0..digits.len() / 2).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap());
            let sql = format!(
                "SELECT file, chunk_offset, inner_offset FROM frames \
                 WHERE episode_id = '{id}' AND stream = '{}' ORDER BY t_ns",
                video.stream
            );
            let lie = rows(&exported.engine, &sql);
            let place = |at: &usize| ["file", "chunk_offset", "inner_offset"].map(|part| lie[*at][part].as_u64());
            let mut order: Vec<usize> = (0..lie.len()).collect();
            order.sort_by_key(place);
            let (coded, decoded) = hashes_of_frames(camera, bytes.collect(), &order);
            camera["coded"] = json!(coded);
            camera["decoded"] = json!(decoded);
        }
        episode
    });
    let expected = exported.dir.path().join("expected.json");
    let videos = serde_json::to_value(&proof.videos).unwrap();
    let text = json!({"fps": proof.fps, "episodes": episodes.collect::<Vec<_>>(), "videos": videos}).to_string();
    fs::write(&expected, text).unwrap();
    run(python, "trainers_read.py", &[Path::new(target), &path(&exported), &expected]);
}

#[test]
fn h5py_reads_what_robomimic_is_given() {
    let Some(python) = client("PRAIRIE_PYTHON", "h5py") else { return };
    for name in ["contact-cell.mcap", "contact-lerobot-v21"] {
        ask_trainer(&python, name, "robomimic", |exported| exported.out.join("robomimic.hdf5"));
    }
}

#[test]
fn tensorflow_datasets_reads_what_it_is_given() {
    let Some(python) = client("PRAIRIE_TFDS_PYTHON", "TensorFlow Datasets") else { return };
    for name in ["contact-cell.mcap", "contact-lerobot-v21"] {
        ask_trainer(&python, name, "rlds", |exported| exported.out.join("all/1.0.0"));
    }
}

#[test]
fn lerobot_reads_a_ros_recording_that_was_encoded() {
    for (variable, target) in LEROBOTS {
        let Some(python) = client(variable, "lerobot") else { continue };
        let exported = export("contact-cell.mcap", to(target));
        let proof = &exported.proof;
        assert_eq!((proof.episodes.len(), proof.videos.len()), (3, 3), "{:?}", proof.left_out);
        for video in &proof.videos {
            if video.how != "remuxed" {
                let likeness = video.likeness.unwrap();
                assert!(likeness.frames >= 10 && likeness.ssim_min > 0.9, "{video:?}");
            }
        }
        let source = PathSource::open(&samples("contact-cell.mcap")).unwrap();
        let episodes = (0..proof.episodes.len()).map(|index| expected_episode(&exported, &source, index)).collect();
        ask_lerobot(&python, &exported, episodes);
    }
}

/// What an export of a v2.1 folder must hold, with the very files of the folder to compare with.
fn expected_copy(exported: &Exported, root: &Path, index: usize) -> Value {
    let source = PathSource::open(root).unwrap();
    let episode = &exported.proof.episodes[index];
    let mut expected = expected_episode(exported, &source, index);
    let facts =
        rows(&exported.engine, &format!("SELECT * FROM episodes WHERE episode_id = '{}'", episode.id)).remove(0);
    let key = text(&facts, "key");
    expected["parquet"] = json!(root.join(format!("data/chunk-000/{key}.parquet")));
    let times = expected["features"][0]["parts"][0]["t_ns"].as_array().unwrap().clone();
    let start: i64 = episode.start_ns.parse().unwrap();
    // The row whose time the export begins at; row times are rounded to a nanosecond.
    let at = |t: &Value| t.as_str().unwrap().parse::<i64>().unwrap();
    let first = times.iter().position(|t| (at(t) - start).abs() < 1_000_000).unwrap();
    expected["parquet_first"] = json!(first);
    for camera in expected["cameras"].as_array_mut().unwrap() {
        let feature = camera["feature"].as_str().unwrap().to_owned();
        camera["video"] = json!(root.join(format!("videos/chunk-000/{feature}/{key}.mp4")));
    }
    expected
}

#[test]
fn lerobot_reads_a_lerobot_recording_that_was_copied() {
    for (variable, target) in LEROBOTS {
        let Some(python) = client(variable, "lerobot") else { continue };
        let exported = export("contact-lerobot-v21", to(target));
        let proof = &exported.proof;
        assert!(proof.videos.iter().all(|video| video.how == "remuxed"), "{:?}", proof.videos);
        let done = proof.features.iter().find(|feature| feature.feature == "next.done").unwrap();
        assert_eq!(done.stored_as, "bool");
        let root = samples("contact-lerobot-v21");
        let episodes = (0..proof.episodes.len()).map(|index| expected_copy(&exported, &root, index)).collect();
        ask_lerobot(&python, &exported, episodes);
    }
}

#[test]
fn lerobot_reads_two_datasets_that_were_merged() {
    for (variable, target) in LEROBOTS {
        let Some(python) = client(variable, "lerobot") else { continue };
        let dir = TempDir::new().unwrap();
        let halves = [0, 1].map(|episode| half::of_sample(&dir.path().join(format!("half{episode}")), episode));
        let engine = Engine::create(&Config::at(dir.path().join("store"))).unwrap();
        let inspect = InspectOptions::new(None, None, BTreeMap::new(), false).unwrap();
        engine.ingest(&halves, &inspect, &Quiet).unwrap();
        engine.create_dataset("all", &DatasetRecipe::new("true")).unwrap();
        let out = dir.path().join("out");
        let proof = engine.export("all", &out, &to(target), &Quiet).unwrap();
        let exported = Exported { dir, engine, out, proof };
        let episodes = exported.proof.episodes.iter().enumerate().map(|(index, episode)| {
            let sql = format!("SELECT key FROM episodes WHERE episode_id = '{}'", episode.id);
            let key = rows(&exported.engine, &sql).remove(0)["key"].as_str().unwrap().to_owned();
            expected_copy(&exported, &halves[usize::from(key.ends_with('1'))], index)
        });
        let episodes: Vec<_> = episodes.collect();
        let mut tasks: Vec<_> = episodes.iter().map(|episode| episode["task"].as_str().unwrap()).collect();
        tasks.sort_unstable();
        assert_eq!(tasks, half::TASKS);
        ask_lerobot(&python, &exported, episodes);
    }
}

/// (log time, canonical time, content) of every sample behind a topic; the content of a frame is its SHA-256, or nothing where
/// copying changes its form.
fn messages(engine: &Engine, source: &PathSource, episode: &str, name: &str) -> Vec<Value> {
    let about = stream(engine, episode, name);
    let kind = StreamKind::from_name(text(&about, "kind")).unwrap();
    let columns: Vec<&str> = match kind {
        kind if kind.is_frames() => {
            vec!["file", "chunk_offset", "chunk_length", "compression", "inner_offset", "length"]
        }
        StreamKind::Event => vec!["text"],
        StreamKind::Gripper => vec!["coalesce(raw_position, position) AS at", "velocity", "effort"],
        kind => kind.numbers().iter().map(|(column, ..)| *column).collect(),
    };
    let sql = format!(
        "SELECT t_ns, coalesce(log_time_ns, t_ns) AS log_ns, {} FROM {} \
         WHERE episode_id = '{episode}' AND stream = '{name}' ORDER BY t_ns",
        columns.join(", "),
        kind.table()
    );
    let mut reader = BlobReader::new(source);
    let mut content = |row: &Row| -> Value {
        if kind.is_frames() {
            if text(&about, "schema") == "lerobot.feature" {
                return Value::Null;
            }
            let number = |name: &str| row[name].as_u64().unwrap();
            let blob = BlobRef {
                file: number("file") as u32,
                chunk_offset: number("chunk_offset"),
                chunk_length: number("chunk_length"),
                compression: Compression::from_name(text(row, "compression")).unwrap(),
                inner_offset: number("inner_offset"),
                length: number("length"),
                key_frame: None,
                sha256: None,
            };
            return json!(prairie_model::Hash256::of(&reader.read(&blob).unwrap()).to_string());
        }
        if kind == StreamKind::Event {
            return row["text"].clone();
        }
        let mut numbers = Vec::new();
        for column in columns.iter().map(|column| column.rsplit(' ').next().unwrap()) {
            match &row[column] {
                Value::Array(list) => numbers.extend(list.iter().cloned()),
                // An empty list of a message, or a number that is not known.
                Value::Null if matches!(kind, StreamKind::JointState | StreamKind::Gripper) => {}
                value => numbers.push(value.clone()),
            }
        }
        numbers.into()
    };
    rows(engine, &sql).iter().map(|row| json!([row["log_ns"], row["t_ns"], content(row)])).collect()
}

#[test]
fn independent_readers_read_exported_mcap() {
    let Some(python) = client("PRAIRIE_PYTHON", "mcap and rosbags") else { return };
    for name in ["contact-cell.mcap", "contact-lerobot-v21"] {
        let exported = export(name, ExportOptions { target: "mcap".to_owned(), ..Default::default() });
        let Exported { dir, engine, out, proof } = &exported;
        let source = PathSource::open(&samples(name)).unwrap();
        let numbers = proof.features.iter().map(|feature| (&feature.streams[0], &feature.feature));
        let topics: Vec<_> = numbers.chain(proof.videos.iter().map(|video| (&video.stream, &video.feature))).collect();
        let mut episodes = Vec::new();
        for episode in &proof.episodes {
            let id = episode.id.to_string();
            let mut expected: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
            for (stream, topic) in &topics {
                let there = format!("SELECT stream FROM streams WHERE episode_id = '{id}' AND stream = '{stream}'");
                if !rows(engine, &there).is_empty() {
                    expected.entry(topic).or_default().extend(messages(engine, &source, &id, stream));
                }
            }
            let count: usize = expected.values().map(Vec::len).sum();
            assert_eq!(count as u64, episode.rows, "every message is a sample");
            episodes.push(json!({"file": out.join(format!("episode_{:06}.mcap", episode.index)), "topics": expected}));
        }
        let expected = dir.path().join("expected.json");
        fs::write(&expected, Value::from(episodes).to_string()).unwrap();
        run(&python, "readers_read.py", &[&expected]);
    }
}

/// Every sample of an episode by stream and column, and where the frames of its cameras lie.
fn expected_tables(exported: &Exported, source: &PathSource, index: usize) -> Value {
    let Exported { dir, engine, proof, .. } = exported;
    let id = proof.episodes[index].id.to_string();
    let (mut streams, mut cameras) = (serde_json::Map::new(), Vec::new());
    for about in rows(engine, &format!("SELECT * FROM streams WHERE episode_id = '{id}'")) {
        let name = text(&about, "stream");
        let kind = StreamKind::from_name(text(&about, "kind")).unwrap();
        if kind == StreamKind::Image {
            let file = dir.path().join(format!("{index}-{}", name.replace('/', "_")));
            let (times, places) = frames(engine, source, &id, name, &file);
            cameras.push(json!({
                "stream": name, "codec": text(&about, "codec"), "t_ns": times, "frames": places, "file": file,
            }));
        }
        if kind.is_frames() {
            continue;
        }
        let columns: Vec<&str> = match kind {
            StreamKind::Event => vec!["text"],
            kind => kind.numbers().iter().map(|(column, ..)| *column).collect(),
        };
        let sql = format!(
            "SELECT t_ns, {} FROM {} WHERE episode_id = '{id}' AND stream = '{name}' ORDER BY t_ns",
            columns.join(", "),
            kind.table()
        );
        let samples = rows(engine, &sql);
        let column = |name: &str| samples.iter().map(|row| row[name].clone()).collect::<Value>();
        let series: serde_json::Map<_, _> = columns.iter().map(|name| ((*name).to_owned(), column(name))).collect();
        streams.insert(name.to_owned(), json!({"t_ns": column("t_ns"), "names": about["names"], "series": series}));
    }
    let task = rows(engine, &format!("SELECT task FROM episodes WHERE episode_id = '{id}'")).remove(0)["task"].clone();
    json!({"id": id, "task": task, "streams": streams, "cameras": cameras})
}

#[test]
fn pandas_and_duckdb_read_plain_tables() {
    let Some(python) = client("PRAIRIE_PYTHON", "pandas, pyarrow, duckdb and av") else { return };
    for name in ["contact-cell.mcap", "contact-lerobot-v21"] {
        let exported = export(name, to("parquet"));
        let proof = &exported.proof;
        for video in &proof.videos {
            assert_eq!(video.source_frames, video.exported + video.repeated + video.dropped, "{video:?}");
        }
        let source = PathSource::open(&samples(name)).unwrap();
        let episodes = (0..proof.episodes.len()).map(|index| expected_tables(&exported, &source, index));
        let expected = exported.dir.path().join("expected.json");
        let videos = serde_json::to_value(&proof.videos).unwrap();
        fs::write(&expected, json!({"episodes": episodes.collect::<Vec<_>>(), "videos": videos}).to_string()).unwrap();
        run(&python, "tables_read.py", &[&exported.out, &expected]);
    }
}

/// What an export holds, by path, with the hash of each file.
fn hashes(out: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut folders = vec![out.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(out).unwrap().display().to_string();
                all.insert(name, prairie_model::Hash256::of(&fs::read(&path).unwrap()).to_string());
            }
        }
    }
    all
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for (name, target) in [
        ("contact-lerobot-v21", "lerobot-v2.1"),
        ("contact-lerobot-v21", "lerobot-v3"),
        ("contact-lerobot-v21", "mcap"),
        ("contact-lerobot-v21", "parquet"),
        ("contact-lerobot-v21", "robomimic"),
        ("contact-lerobot-v21", "rlds"),
        ("contact-cell.mcap", "lerobot-v3"),
        ("contact-cell.mcap", "parquet"),
    ] {
        // Another store, and the second time the same store: no clock, no order of threads may show.
        let one = export(name, ExportOptions { target: target.to_owned(), ..Default::default() });
        let first = hashes(&one.out);
        assert!(first.len() > 1, "{first:?}");
        let again = one.dir.path().join("again");
        one.engine
            .export("all", &again, &ExportOptions { target: target.to_owned(), ..Default::default() }, &Quiet)
            .unwrap();
        assert_eq!(hashes(&again), first, "{name} to {target}, once more");
        if name == "contact-lerobot-v21" {
            let other = export(name, ExportOptions { target: target.to_owned(), ..Default::default() });
            assert_eq!(hashes(&other.out), first, "{name} to {target}, from another store");
        }
    }
}

#[test]
fn a_taken_folder_is_refused_with_what_it_holds() {
    let exported = export("contact-lerobot-v21", ExportOptions { target: "mcap".to_owned(), ..Default::default() });
    let options = ExportOptions { target: "mcap".to_owned(), ..Default::default() };
    let error = exported.engine.export("all", &exported.out, &options, &Quiet).unwrap_err();
    assert!(format!("{error:?}").contains("it holds the export of `all@1`"), "{error:?}");
    let proof: Value = serde_json::from_slice(&fs::read(exported.out.join("prairie-proof.json")).unwrap()).unwrap();
    let mut after = hashes(&exported.out);
    after.remove("prairie-proof.json");
    assert_eq!(json!(after), proof["files"], "nothing was touched");
    let names: Vec<_> = fs::read_dir(exported.dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().contains("partial")), "{names:?}");
}

#[test]
fn messages_keep_their_rates_where_nothing_has_one() {
    // A version whose only stream has no rate: rows need one, messages do not.
    let dir = TempDir::new().unwrap();
    let engine = Engine::create(&Config::at(dir.path().join("store"))).unwrap();
    let inspect = InspectOptions::new(None, None, BTreeMap::new(), false).unwrap();
    let sparse = dir.path().join("sparse.mcap");
    fs::write(&sparse, one_text_and_one_number()).unwrap();
    let report = engine.ingest(&[sparse], &inspect, &Quiet).unwrap();
    assert_eq!(report.recordings[0].episodes.len(), 1, "{:?}", report.recordings[0].error);
    let recipe = DatasetRecipe::new("true");
    engine.create_dataset("all", &recipe).unwrap();
    let error = engine.export("all", &dir.path().join("rows"), &to("lerobot-v3"), &Quiet).unwrap_err();
    assert!(format!("{error:?}").contains("--fps"), "{error:?}");
    let proof = engine.export("all", &dir.path().join("messages"), &to("mcap"), &Quiet).unwrap();
    assert_eq!((proof.rows, proof.fps), (2, None));
}

/// An MCAP file with one sample each of a text and a number: neither has a rate.
fn one_text_and_one_number() -> Vec<u8> {
    use prairie_formats::encoding::{CdrWriter, ros2_types};
    use prairie_formats::mcap::{McapWriter, WriterOptions};
    let mut bytes = std::io::Cursor::new(Vec::new());
    let options = WriterOptions { profile: "ros2".to_owned(), ..WriterOptions::default() };
    let mut writer = McapWriter::new(&mut bytes, options).unwrap();
    let types = ["std_msgs/msg/String", "std_msgs/msg/Float64"];
    for (name, topic) in types.into_iter().zip(["/note", "/number"]) {
        let definition = ros2_types::definition(name).unwrap();
        let schema = writer.add_schema(name, "ros2msg", definition.as_bytes()).unwrap();
        let channel = writer.add_channel(Some(schema), topic, "cdr", BTreeMap::new()).unwrap();
        let mut message = CdrWriter::new();
        if name.ends_with("String") {
            message.string("hello")
        } else {
            message.f64(1.5)
        }
        writer.write(channel, 0, 1_000_000_000, 1_000_000_000, &message.finish()).unwrap();
    }
    writer.finish().unwrap();
    bytes.into_inner()
}
