//! What was done once, done again: duplicates, stored checks, repairs, receipts, and stores whose disk failed.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests make and damage files of their own")]

mod faults;
mod history;
mod queries;
mod receipts;
mod repairs;
mod synth;
mod verdicts;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use prairie_engine::{Config, Engine, InspectOptions, Quiet, RecordingReport, Status};
use prairie_ledger::{Envelope, RECEIPT_TYPE};
use prairie_model::{EpisodeId, ReceiptPayload};
use serde_json::Value;
use tempfile::TempDir;

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name)
}

/// Without looking at pictures.
fn blind() -> InspectOptions {
    InspectOptions::new(None, None, BTreeMap::new(), false).unwrap()
}

/// With them, under a profile.
fn looking(profile: Option<&str>) -> InspectOptions {
    InspectOptions::new(None, profile, BTreeMap::new(), true).unwrap()
}

fn store(dir: &TempDir) -> Engine {
    Engine::create(&Config::at(dir.path().join("store"))).unwrap()
}

fn ingest(engine: &Engine, paths: &[PathBuf], options: &InspectOptions) -> Vec<RecordingReport> {
    let report = engine.ingest(paths, options, &Quiet).unwrap();
    for recording in &report.recordings {
        assert_eq!(recording.status, Status::Ingested, "{}: {:?}", recording.path, recording.error);
    }
    report.recordings
}

fn ingest_one(engine: &Engine, path: &Path, options: &InspectOptions) -> Vec<EpisodeId> {
    let mut recordings = ingest(engine, &[path.to_owned()], options);
    assert_eq!(recordings.len(), 1);
    recordings.remove(0).episodes
}

fn rows(engine: &Engine, sql: &str) -> Vec<BTreeMap<String, Value>> {
    let mut text = Vec::new();
    engine.query(sql, None).unwrap().write_json(&mut text).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn number(engine: &Engine, sql: &str) -> u64 {
    rows(engine, sql)[0].values().next().unwrap().as_u64().unwrap()
}

fn opened(receipt: &str) -> ReceiptPayload {
    let envelope = Envelope::from_json(receipt).unwrap();
    serde_json::from_slice(envelope.payload_of_type(RECEIPT_TYPE).unwrap()).unwrap()
}

/// What the latest receipt of an episode says.
fn receipt(engine: &Engine, id: EpisodeId) -> ReceiptPayload {
    opened(&engine.receipt(&id.to_string()).unwrap())
}
