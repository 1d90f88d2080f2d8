//! Disks that fail, fill up, and forget: what was reported as ingested stays, and nothing is counted twice.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use prairie_engine::{Config, Engine, Quiet, Status};
use prairie_model::RecordingId;
use prairie_store::{Disk, FaultPlan, Faulty, LossyVolume, Objects};
use tempfile::TempDir;

use crate::synth::{Take, camera};
use crate::{blind, number, rows};

/// Samples of one take: joints and pictures.
const SAMPLES: u64 = 100 + 30;

/// Three short recordings.
struct Bench {
    dir: TempDir,
    takes: Vec<PathBuf>,
}

impl Bench {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let mut takes = Vec::new();
        for seed in 0..3 {
            let path = dir.path().join(format!("take{seed}.mcap"));
            let cameras = vec![camera("/head")];
            Take { seconds: 1.0, moves_s: (0.0, 1.0), cameras, seed, ..Take::default() }.write(&path);
            takes.push(path);
        }
        Self { dir, takes }
    }

    fn config(&self, name: &str) -> (PathBuf, Config) {
        let dir = self.dir.path().join(name);
        (dir.clone(), Config::at(dir))
    }

    /// Ingests file by file, and gives what was reported as ingested. Failures are told, or they stop.
    fn ingest(&self, engine: &Engine) -> BTreeSet<RecordingId> {
        let mut acknowledged = BTreeSet::new();
        for take in &self.takes {
            let Ok(report) = engine.ingest(std::slice::from_ref(take), &blind(), &Quiet) else { continue };
            for recording in report.recordings {
                match recording.status {
                    Status::Failed => assert!(recording.error.is_some()),
                    Status::Ingested | Status::Already => {
                        acknowledged.insert(recording.id.unwrap());
                    }
                }
            }
        }
        acknowledged
    }

    /// Opens the store on a disk that works, and looks at what is there.
    fn verify(&self, name: &str, acknowledged: &BTreeSet<RecordingId>, told: &str) {
        let engine = Engine::create(&self.config(name).1).unwrap();
        let there: BTreeSet<RecordingId> = rows(&engine, "SELECT recording_id FROM recordings")
            .iter()
            .map(|row| row["recording_id"].as_str().unwrap().parse().unwrap())
            .collect();
        assert!(acknowledged.is_subset(&there), "{told}: what was acknowledged is missing");
        self.count(&engine, there.len() as u64, told);
        let report = engine.ingest(&self.takes, &blind(), &Quiet).unwrap();
        for recording in &report.recordings {
            let status = if there.contains(&recording.id.unwrap()) { Status::Already } else { Status::Ingested };
            assert_eq!(recording.status, status, "{told}: {:?}", recording.error);
        }
        self.count(&engine, self.takes.len() as u64, told);
        engine.gc(0.0).unwrap();
        assert_eq!(engine.fsck(true).unwrap().problems, Vec::<String>::new(), "{told}: after gc");
    }

    fn count(&self, engine: &Engine, recordings: u64, told: &str) {
        assert_eq!(engine.fsck(true).unwrap().problems, Vec::<String>::new(), "{told}");
        assert_eq!(number(engine, "SELECT count(*) AS n FROM episodes"), recordings, "{told}");
        assert_eq!(number(engine, "SELECT count(*) AS n FROM receipts"), recordings, "{told}");
        let samples = "SELECT (SELECT count(*) FROM joint_state) + (SELECT count(*) FROM frames) AS n";
        assert_eq!(number(engine, samples), recordings * SAMPLES, "{told}");
    }

    /// One run on a disk that fails as planned. Gives its operations.
    fn run(&self, name: &str, plan: FaultPlan) -> u64 {
        let told = format!("{plan:?}");
        let (dir, config) = self.config(name);
        let faulty = Arc::new(Faulty::new(Disk::open(&dir).unwrap(), plan));
        let acknowledged = match Engine::start(&config, faulty.clone() as Arc<dyn Objects>) {
            Ok(engine) => self.ingest(&engine),
            Err(_) => BTreeSet::new(),
        };
        self.verify(name, &acknowledged, &told);
        std::fs::remove_dir_all(dir).unwrap();
        faulty.operations()
    }
}

#[test]
fn any_operation_may_fail() {
    let bench = Bench::new();
    let operations = bench.run("sound", FaultPlan::default());
    assert!(operations > 100, "{operations}");
    // Every operation of the first take would take minutes: a prime step reaches every kind of them.
    for at in (0..operations).step_by(13) {
        bench.run("failing", FaultPlan { fail_at: [at].into(), ..FaultPlan::default() });
    }
    for seed in 0..6 {
        bench.run("often", FaultPlan { one_in: 60, seed, short: true, ..FaultPlan::default() });
    }
}

#[test]
fn the_disk_may_be_full_at_any_byte() {
    let bench = Bench::new();
    let bytes: u64 = bench.takes.iter().map(|take| std::fs::metadata(take).unwrap().len()).sum();
    for part in 0..12 {
        let capacity = Some(bytes * 5 / 4 * part / 11);
        bench.run("full", FaultPlan { capacity, short: part % 2 == 0, ..FaultPlan::default() });
    }
}

#[test]
fn the_power_may_go_at_any_moment() {
    let bench = Bench::new();
    let mut calls = 0;
    let mut step = 1;
    loop {
        let (dir, config) = bench.config("power");
        let volume = Arc::new(LossyVolume::default());
        let disk = Disk::on(&dir, volume.clone()).unwrap();
        volume.fail_after(calls);
        let acknowledged = match Engine::start(&config, Arc::new(disk)) {
            Ok(engine) => bench.ingest(&engine),
            Err(_) => BTreeSet::new(),
        };
        let whole = acknowledged.len() == bench.takes.len();
        volume.lose().unwrap();
        bench.verify("power", &acknowledged, &format!("power lost after {calls} calls"));
        std::fs::remove_dir_all(dir).unwrap();
        if whole {
            break;
        }
        calls += step;
        // Between 1 and 11, so that no phase of a commit is passed over every time.
        step = step * 7 % 11;
    }
    assert!(calls > 50, "{calls}");
}
