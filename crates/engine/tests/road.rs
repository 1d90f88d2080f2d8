//! The data road, end to end, on the bundled recordings: every verb, through the engine's boundary.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests make and damage files of their own")]

#[path = "road/damage.rs"]
mod damage;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use prairie_engine::{
    Config, DatasetRecipe, Engine, EngineError, ExportOptions, InspectOptions, Quiet, RecordingReport, Status,
};
use prairie_model::Decision;
use serde_json::Value;
use tempfile::TempDir;

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples")
}

fn options() -> InspectOptions {
    InspectOptions::new(None, None, BTreeMap::new(), false).unwrap()
}

/// A store that holds every bundled recording, made once: tests that only read share it.
fn shared() -> &'static Engine {
    static STORE: OnceLock<(TempDir, Engine)> = OnceLock::new();
    let (_, engine) = STORE.get_or_init(|| {
        let dir = TempDir::new().unwrap();
        let engine = Engine::create(&Config::at(dir.path().join("store"))).unwrap();
        let report = engine.ingest(
            &[samples().join("contact-cell.mcap"), samples().join("contact-lerobot-v21")],
            &options(),
            &Quiet,
        );
        for recording in report.unwrap().recordings {
            assert_eq!((recording.status, recording.exit), (Status::Ingested, 0), "{:?}", recording.error);
        }
        (dir, engine)
    });
    engine
}

fn one(report: &prairie_engine::IngestReport) -> &RecordingReport {
    assert_eq!(report.recordings.len(), 1);
    &report.recordings[0]
}

fn rows(engine: &Engine, sql: &str) -> Vec<BTreeMap<String, Value>> {
    let mut text = Vec::new();
    engine.query(sql, None).unwrap().write_json(&mut text).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn number(engine: &Engine, sql: &str) -> f64 {
    let rows = rows(engine, sql);
    rows[0].values().next().unwrap().as_f64().unwrap()
}

#[test]
fn three_attempts_become_three_episodes_with_their_outcomes() {
    let episodes = shared().ls(Some("key LIKE '%' AND robot IS NOT NULL"), None, None).unwrap();
    let cell: Vec<_> = episodes.iter().filter(|episode| episode.duration_s.unwrap() > 9.0).collect();
    assert!(cell.len() >= 3, "{episodes:#?}");
    let outcomes = rows(
        shared(),
        "SELECT outcome, count(*) AS n FROM episodes e JOIN recordings r ON e.recording_id = r.recording_id \
         WHERE r.format = 'mcap' GROUP BY outcome ORDER BY outcome",
    );
    let outcomes: Vec<_> =
        outcomes.iter().map(|row| (row["outcome"].as_str().unwrap(), row["n"].as_i64().unwrap())).collect();
    assert_eq!(outcomes, [("failure", 1), ("success", 2)]);
}

#[test]
fn counts_reconcile_everywhere() {
    let broken =
        number(shared(), "SELECT count(*) AS n FROM episodes WHERE messages <> mapped + unmapped + undecodable");
    assert_eq!(broken, 0.0);
    let promised = number(shared(), "SELECT sum(samples) AS n FROM streams");
    let kinds = [
        "action",
        "event",
        "frames",
        "gripper",
        "joint_state",
        "pose",
        "scalar",
        "tactile",
        "vector",
        "wrench",
        "twist",
        "imu",
        "geo",
    ];
    let there: f64 = kinds.iter().map(|kind| number(shared(), &format!("SELECT count(*) AS n FROM {kind}"))).sum();
    assert_eq!(promised, there, "`streams` promises what the tables hold");
}

#[test]
fn every_rate_is_kept() {
    for (stream, kind, rate) in [("/wrench", "wrench", 1000.0), ("/joint_states", "joint_state", 500.0)] {
        let measured = number(
            shared(),
            &format!("SELECT min(rate_hz) AS r FROM streams WHERE stream = '{stream}' AND kind = '{kind}'"),
        );
        assert!((measured - rate).abs() < 0.01 * rate, "{stream}: {measured}");
    }
}

#[test]
fn the_same_bytes_twice_are_one_recording() {
    let dir = TempDir::new().unwrap();
    let engine = Engine::create(&Config::at(dir.path().join("store"))).unwrap();
    let path = samples().join("contact-lerobot-v21");
    let first = engine.ingest(std::slice::from_ref(&path), &options(), &Quiet).unwrap();
    let again = engine.ingest(std::slice::from_ref(&path), &options(), &Quiet).unwrap();
    let (first_one, again_one) = (one(&first), one(&again));
    assert_eq!((first_one.status, again_one.status), (Status::Ingested, Status::Already));
    assert_eq!(first_one.episodes, again_one.episodes);
    assert_eq!(first_one.messages, again_one.messages);
    assert_eq!(first.snapshot, again.snapshot, "nothing was committed");
    let other = InspectOptions::new(None, None, [("task".to_owned(), "another".to_owned())].into(), false).unwrap();
    let derived = engine.ingest(&[path], &other, &Quiet).unwrap();
    assert_eq!(one(&derived).status, Status::Ingested, "other overrides are another derivation");
    assert_eq!(number(&engine, "SELECT count(*) AS n FROM episodes"), first_one.episodes.len() as f64);
    let before = engine.ls(None, None, Some(first.snapshot)).unwrap();
    assert_eq!(before.len(), first_one.episodes.len(), "the old snapshot keeps its own");
    assert_ne!(before[0].task.as_deref(), Some("another"));
}

#[test]
fn a_cut_file_keeps_everything_before_the_cut() {
    let dir = TempDir::new().unwrap();
    let whole = fs::read(samples().join("contact-cell.mcap")).unwrap();
    let cut = dir.path().join("cut.mcap");
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    fs::write(dir.path().join("noise.mcap"), b"this is no recording").unwrap();
    let engine = Engine::create(&Config::at(dir.path().join("store"))).unwrap();
    let report = engine.ingest(&[dir.path().join("noise.mcap"), cut.clone()], &options(), &Quiet).unwrap();
    let [noise, cut] = report.recordings.as_slice() else { panic!("two recordings") };
    assert_eq!((noise.status, noise.exit), (Status::Failed, 2));
    assert!(noise.error.as_ref().unwrap().contains("no reader"), "{:?}", noise.error);
    assert_eq!((cut.status, cut.exit, cut.complete), (Status::Ingested, 3, false));
    assert!(cut.messages.total > 10_000, "{:?}", cut.messages);
    assert!(cut.episodes.len() >= 2, "markers count without an index: {:?}", cut.episodes);
    let found = rows(&engine, "SELECT code, \"offset\" FROM findings WHERE code = 'FMT001'");
    assert!(!found.is_empty(), "a cut file has the finding FMT001");
    assert!(found.iter().all(|row| row["offset"].as_u64().is_some_and(|at| at > 0)), "{found:?}");
}

#[test]
fn receipts_verify_and_recompute() {
    let engine = shared();
    let id = engine.ls(None, None, None).unwrap()[0].id;
    let receipt = engine.receipt(&id.to_string()).unwrap();
    let recording = number_of_recordings(engine, &id.to_string());
    let check = |text: &str, keys: &[String], recording: Option<&Path>| {
        prairie_engine::check_receipt(text, keys, recording, None, None, &Quiet).unwrap()
    };
    let whole = check(&receipt, &[engine.public_key().unwrap()], Some(&recording));
    assert_eq!(whole.recomputed, Some(vec![]), "every number is recomputed");
    assert!(whole.holds());
    let other = Engine::create(&Config::at(TempDir::new().unwrap().path().join("other"))).unwrap();
    assert!(!check(&receipt, &[other.public_key().unwrap()], None).holds(), "a stranger's key proves nothing");
    let both = other.countersign(&receipt).unwrap();
    let both = check(&both, &[engine.public_key().unwrap(), other.public_key().unwrap()], None);
    assert_eq!(both.signatures.iter().filter(|signature| signature.verified).count(), 2);
    let forged = receipt.replacen("\"sig\":\"", "\"sig\":\"AA", 1);
    assert!(
        prairie_engine::check_receipt(&forged, &[engine.public_key().unwrap()], None, None, None, &Quiet)
            .map_or(true, |check| !check.holds())
    );
}

/// The path that an episode's recording was ingested from.
fn number_of_recordings(engine: &Engine, id: &str) -> PathBuf {
    engine.show(id).unwrap().lineage.path.unwrap().into()
}

#[test]
fn a_dataset_is_frozen_and_exported_with_a_proof() {
    let engine = shared();
    let recipe = DatasetRecipe::new("robot_type IS NOT NULL OR true");
    let recording = engine.ls(None, None, None).unwrap().last().unwrap().recording;
    let recipe = DatasetRecipe { condition: format!("recording_id = '{recording}'"), ..recipe };
    let dataset = engine.create_dataset("all", &recipe).unwrap();
    assert_eq!(dataset.version, 1);
    assert!(dataset.hours.raw > 0.0);
    let dir = TempDir::new().unwrap();
    let out = dir.path().join("out");
    let options = ExportOptions { target: "lerobot-v3".to_owned(), ..ExportOptions::default() };
    let proof = engine.export("all", &out, &options, &Quiet).unwrap();
    assert_eq!(proof.episodes.len() as u64, dataset.episodes, "{:?}", proof.left_out);
    assert!(proof.causal);
    for video in &proof.videos {
        assert_eq!(video.source_frames, video.exported + video.repeated + video.dropped, "{video:?}");
    }
    assert!(out.join("meta/info.json").is_file());
    let taken = engine.export("all", &out, &options, &Quiet).unwrap_err();
    assert!(matches!(taken, EngineError::Invalid { .. }), "a folder that is not empty is left alone");
    // What was written is read back by our own reader: the counts agree.
    let again = Engine::create(&Config::at(dir.path().join("again"))).unwrap();
    fs::remove_file(out.join("prairie-proof.json")).unwrap();
    let back = again.ingest(&[out], &self::options(), &Quiet).unwrap();
    let back = one(&back);
    assert_eq!((back.status, back.episodes.len()), (Status::Ingested, proof.episodes.len()), "{:?}", back.error);
    let frames: u64 = proof.videos.iter().map(|_| proof.rows).sum();
    assert_eq!(back.frames, frames);
}

#[test]
fn erasing_leaves_nothing_but_a_record() {
    let dir = TempDir::new().unwrap();
    let engine = Engine::create(&Config::at(dir.path().join("store"))).unwrap();
    let report = engine.ingest(&[samples().join("contact-lerobot-v21")], &options(), &Quiet).unwrap();
    let recording = one(&report).id.unwrap();
    let dry = engine.erase(&recording.to_string(), None, true).unwrap();
    assert_eq!(dry.episodes.len(), one(&report).episodes.len());
    let erased = engine.erase(&recording.to_string(), Some("asked for by the owner"), false).unwrap();
    assert_eq!(erased.episodes.len(), dry.episodes.len());
    assert_eq!(number(&engine, "SELECT count(*) AS n FROM episodes"), 0.0);
    assert_eq!(number(&engine, "SELECT count(*) AS n FROM joint_state"), 0.0);
    assert_eq!(engine.fsck(true).unwrap().problems, Vec::<String>::new());
}

#[test]
fn compaction_changes_no_row() {
    let dir = TempDir::new().unwrap();
    let engine = Engine::create(&Config::at(dir.path().join("store"))).unwrap();
    for task in ["a", "b", "c"] {
        let path = dir.path().join(task);
        copy(&samples().join("contact-lerobot-v21"), &path);
        // Another byte makes another recording.
        fs::write(path.join("note.txt"), task).unwrap();
        let options = InspectOptions::new(None, None, [("task".to_owned(), task.to_owned())].into(), false).unwrap();
        engine.ingest(&[path], &options, &Quiet).unwrap();
    }
    let sql = "SELECT episode_id, stream, count(*) AS n, sum(t_ns) AS t FROM joint_state GROUP BY episode_id, stream ORDER BY 1, 2";
    let before = rows(&engine, sql);
    assert!(!before.is_empty());
    let report = engine.compact().unwrap();
    assert!(report.files_after < report.files_before, "{report:?}");
    assert_eq!(rows(&engine, sql), before);
    engine.gc(0.0).unwrap();
    assert_eq!(rows(&engine, sql), before);
    assert_eq!(engine.fsck(true).unwrap().problems, Vec::<String>::new());
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap().path();
        let target = to.join(entry.file_name().unwrap());
        if entry.is_dir() {
            copy(&entry, &target);
        } else {
            fs::copy(&entry, &target).unwrap();
        }
    }
}

#[test]
fn a_query_cannot_change_anything() {
    for sql in [
        "DROP TABLE episodes",
        "INSERT INTO episodes VALUES (1)",
        "CREATE TABLE t AS SELECT 1",
        "COPY episodes TO '/tmp/x'",
    ] {
        assert!(shared().query(sql, None).is_err(), "{sql}");
    }
}

#[test]
fn every_stored_episode_can_be_checked_again() {
    let dir = TempDir::new().unwrap();
    let engine = Engine::create(&Config::at(dir.path().join("store"))).unwrap();
    engine.ingest(&[samples().join("contact-lerobot-v21")], &options(), &Quiet).unwrap();
    let before = engine.ls(None, None, None).unwrap();
    let strict = "name = \"strict\"\nversion = \"1\"\n[checks.TIM003]\nseverity = \"error\"\ngap_max_s = 0.000001\n";
    let options = InspectOptions::new(None, Some(strict), BTreeMap::new(), false).unwrap();
    let report = engine.check_stored(None, &options, &Quiet).unwrap();
    assert_eq!(report.episodes.len(), before.len());
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    let receipts = number(&engine, "SELECT count(*) AS n FROM receipts");
    assert_eq!(receipts, 2.0 * before.len() as f64, "the old receipts stay");
    let after = engine.ls(None, None, None).unwrap();
    assert_eq!(after.len(), before.len());
    assert!(after.iter().all(|episode| episode.decision != Decision::Accept), "{after:?}");
}

#[test]
fn an_export_refuses_pictures_that_rotted_in_the_store() {
    let dir = TempDir::new().unwrap();
    let engine = Engine::create(&Config::at(dir.path().join("store"))).unwrap();
    let sample = samples().join("contact-cell.mcap");
    engine.ingest(std::slice::from_ref(&sample), &options(), &Quiet).unwrap();
    engine.create_dataset("all", &DatasetRecipe::new("true")).unwrap();
    let object =
        walk(&dir.path().join("store/objects")).into_iter().max_by_key(|path| fs::metadata(path).unwrap().len());
    let object = object.unwrap();
    let mut bytes = fs::read(&object).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let mut permissions = fs::metadata(&object).unwrap().permissions();
    #[expect(clippy::permissions_set_readonly_false, reason = "the test damages its own file")]
    permissions.set_readonly(false);
    fs::set_permissions(&object, permissions).unwrap();
    fs::write(&object, bytes).unwrap();
    let options = ExportOptions { target: "mcap".to_owned(), ..ExportOptions::default() };
    let error = engine.export("all", &dir.path().join("out"), &options, &Quiet).unwrap_err();
    assert!(matches!(error, EngineError::Damaged { .. }), "{error}");
    assert!(!dir.path().join("out").exists(), "nothing half is left");
}

#[test]
fn erased_bytes_do_not_come_back() {
    let dir = TempDir::new().unwrap();
    let engine = Engine::create(&Config::at(dir.path().join("store"))).unwrap();
    let sample = samples().join("contact-cell.mcap");
    let report = engine.ingest(std::slice::from_ref(&sample), &options(), &Quiet).unwrap();
    let id = report.recordings[0].id.unwrap().to_string();
    engine.erase(&id, Some("asked to"), false).unwrap();
    let before = walk(&dir.path().join("store/objects")).len();
    let again = engine.ingest(&[sample], &options(), &Quiet).unwrap();
    assert!(again.recordings[0].error.as_ref().unwrap().contains("was erased"));
    assert_eq!(walk(&dir.path().join("store/objects")).len(), before);
}

#[test]
fn a_lerobot_folder_without_its_data_does_not_pass() {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("episodes");
    fs::create_dir_all(folder.join("meta")).unwrap();
    for entry in fs::read_dir(samples().join("contact-lerobot-v21/meta")).unwrap().flatten() {
        fs::copy(entry.path(), folder.join("meta").join(entry.file_name())).unwrap();
    }
    let engine = Engine::create(&Config::at(dir.path().join("store"))).unwrap();
    let report = engine.ingest(std::slice::from_ref(&folder), &options(), &Quiet).unwrap();
    assert_eq!((report.recordings[0].complete, report.recordings[0].exit), (false, 3));
    let checked = prairie_engine::check(&[folder], &options(), &Quiet).unwrap();
    assert_eq!(checked.damaged.len(), 1);
}

/// Every file below a folder.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() { files.extend(walk(&path)) } else { files.push(path) }
    }
    files
}

#[test]
fn recordings_by_other_writers_are_ingested_as_their_authors_describe_them() {
    let dir = TempDir::new().unwrap();
    let engine = Engine::create(&Config::at(dir.path().join("store"))).unwrap();
    let kalanos = samples().join("kalanos");
    let paths =
        [samples().join("deepen-grade/arm.mcap"), kalanos.join("lerobot_v2_0_tiny"), kalanos.join("lerobot_v3_tiny")];
    let report = engine.ingest(&paths, &options(), &Quiet).unwrap();
    let [arm, one, two] = report.recordings.as_slice() else { panic!("{report:?}") };
    // As PyPI `mcap` counts them.
    assert_eq!((arm.error.as_deref(), arm.messages.total, arm.messages.undecodable, arm.exit), (None, 702, 0, 0));
    let codes = rows(&engine, &format!("SELECT DISTINCT code FROM findings WHERE episode_id = '{}'", arm.episodes[0]));
    let codes: Vec<_> = codes.iter().map(|row| row["code"].as_str().unwrap().to_owned()).collect();
    // The stall, and the gripper that chatters.
    for code in ["SIG002", "ACT005"] {
        assert!(codes.iter().any(|found| found == code), "{code}: {codes:?}");
    }
    for recording in [one, two] {
        assert_eq!(
            (recording.error.as_deref(), recording.episodes.len(), recording.frames),
            (None, 2, 14),
            "{recording:?}"
        );
    }
}
