//! Every repair, end to end: proposed, executed, and recomputed from both its sources.

use std::path::Path;

use prairie_engine::{Engine, EngineError, InspectOptions, Quiet, RepairReport};
use prairie_model::Decision;
use tempfile::TempDir;

use crate::synth::{Camera, Take, camera};
use crate::{ingest_one, looking, number, receipt, store};

/// Ingests and repairs a take, and recomputes the new receipt from the stored parent and from the file.
fn repair(take: &Take, profile: Option<&str>) -> (TempDir, Engine, RepairReport) {
    let dir = TempDir::new().unwrap();
    let engine = store(&dir);
    let path = dir.path().join("take.mcap");
    take.write(&path);
    let id = ingest_one(&engine, &path, &looking(profile))[0];
    let before = receipt(&engine, id);
    assert_eq!(before.decision, Decision::Repair, "{:#?} {:#?}", before.findings, before.dimensions);
    let dry = engine.repair(&id.to_string(), None, true, &Quiet).unwrap();
    assert_eq!((&dry.steps, dry.repaired), (&before.repairs, None));
    let report = engine.repair(&id.to_string(), profile, false, &Quiet).unwrap();
    let repaired = receipt(&engine, report.repaired.unwrap());
    assert_eq!(report.after, Some(Decision::Accept), "{:#?} {:#?}", repaired.findings, repaired.checks);
    assert_eq!(receipt(&engine, id), before, "the original stays as it is");
    let again = engine.repair(&id.to_string(), profile, false, &Quiet).unwrap();
    assert_eq!(again.repaired, report.repaired, "a second repair is the first");
    recompute(&engine, &path, &report, profile);
    // A repaired episode can be checked again like any other.
    let options: InspectOptions = looking(profile);
    let condition = format!("episode_id = '{}'", repaired.episode);
    let checked = engine.check_stored(Some(&condition), &options, &Quiet).unwrap();
    assert!(checked.failed.is_empty(), "{:?}", checked.failed);
    assert_eq!(receipt(&engine, repaired.episode), repaired);
    assert!(engine.fsck(true).unwrap().problems.is_empty());
    let tested = prairie_engine::spec_check(&dir.path().join("store/tables")).unwrap();
    assert!(tested.holds(), "repaired episodes are standard episodes: {:#?}", tested.problems);
    (dir, engine, report)
}

fn recompute(engine: &Engine, path: &Path, report: &RepairReport, profile: Option<&str>) {
    let text = engine.receipt(&report.repaired.unwrap().to_string()).unwrap();
    let stored = engine.check_receipt(&text, &[], profile).unwrap();
    assert_eq!(stored.recomputed, Some(vec![]), "from the stored parent");
    assert_eq!((stored.recomputed_from, stored.holds()), (Some("stored parent"), true));
    let keys = [engine.public_key().unwrap()];
    let file = prairie_engine::check_receipt(&text, &keys, Some(path), None, profile, &Quiet).unwrap();
    assert_eq!(file.recomputed, Some(vec![]), "from the recording");
    assert!(file.holds());
}

#[test]
fn idle_ends_are_trimmed() {
    let take = Take { seconds: 16.0, moves_s: (6.0, 13.0), cameras: vec![camera("/head")], ..Take::default() };
    let (_dir, engine, report) = repair(&take, None);
    assert!(report.steps.len() == 1 && report.steps[0].starts_with("trim_idle:5"), "{:?}", report.steps);
    let id = report.repaired.unwrap();
    let length = number(
        &engine,
        &format!("SELECT CAST(duration_s * 10 AS BIGINT) AS n FROM episodes WHERE episode_id = '{id}'"),
    );
    assert!((79..=81).contains(&length), "7 s of movement and half a second of rest at either end: {length}");
    let parent = engine.show(&id.to_string()).unwrap().lineage.parent;
    assert_eq!(parent, Some(report.episode.to_string()));
}

#[test]
fn a_dead_camera_is_dropped() {
    let dying = Camera { dies_s: 4.0, ..camera("/wrist") };
    let (_dir, engine, report) = repair(&Take { cameras: vec![camera("/head"), dying], ..Take::default() }, None);
    assert_eq!(report.steps, ["drop_stream:/wrist"]);
    let id = report.repaired.unwrap();
    assert_eq!(number(&engine, &format!("SELECT count(*) AS n FROM streams WHERE episode_id = '{id}'")), 2);
}

/// Where an offset is an error.
const STRICT: &str = "name = \"strict\"\n[checks.TIM009]\nseverity = \"error\"\n";

#[test]
fn a_late_camera_is_restamped() {
    let late = Camera { late_s: 4.0 / 30.0, ..camera("/head") };
    let (_dir, engine, report) = repair(&Take { cameras: vec![late], ..Take::default() }, Some(STRICT));
    assert_eq!(report.steps.len(), 1);
    let offset: i64 = report.steps[0].strip_prefix("restamp:/head:").unwrap().parse().unwrap();
    assert!((offset + 133_333_333).abs() < 1000, "{offset}");
    let first = |id: prairie_model::EpisodeId| {
        let sql = format!("SELECT min(t_ns) AS n FROM frames WHERE episode_id = '{id}'");
        crate::rows(&engine, &sql)[0]["n"].as_i64().unwrap()
    };
    assert_eq!(first(report.repaired.unwrap()) - first(report.episode), offset);
}

#[test]
fn several_repairs_are_made_at_once() {
    let dying = Camera { dies_s: 6.0, ..camera("/wrist") };
    let late = Camera { late_s: 6.0 / 30.0, ..camera("/head") };
    let take = Take { seconds: 18.0, moves_s: (0.0, 10.0), cameras: vec![dying, late], ..Take::default() };
    let (_dir, _engine, report) = repair(&take, Some(STRICT));
    let names: Vec<_> = report.steps.iter().map(|step| step.split(':').next().unwrap()).collect();
    assert_eq!(names, ["drop_stream", "restamp", "trim_idle"]);
}

#[test]
fn another_profile_than_the_receipts_is_refused() {
    let dir = TempDir::new().unwrap();
    let engine = store(&dir);
    let path = dir.path().join("take.mcap");
    Take { cameras: vec![Camera { late_s: 0.2, ..camera("/head") }], ..Take::default() }.write(&path);
    let id = ingest_one(&engine, &path, &looking(Some(STRICT)))[0].to_string();
    let error = engine.repair(&id, None, false, &Quiet).unwrap_err();
    assert!(matches!(&error, EngineError::Refused(why) if why.contains("strict")), "{error}");
    assert!(engine.repair(&id, Some(STRICT), false, &Quiet).is_ok());
}
