//! Readers of recordings against independent ones on the same files: `rosbags`, `h5py`, and a walker of TFRecord files.
//!
//! Bags and RLDS are ingested as a whole, with everything that an ingest does but the checks that decode video; the peer only
//! decodes. HDF5 is read on both sides: every element of every data set, and nothing else.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;

use super::Setup;
use super::measure::{Sample, measure, rounds};
use super::report::{Measured, Row, median_s};
use crate::{place, python};

/// One format: the name that `readers.py` has for it, what its file is called, and how many times as fast its reader must be.
struct Kind {
    name: &'static str,
    file: &'static str,
    peer: &'static str,
    /// Whether reading is compared, rather than an ingest.
    reads: bool,
    target: f64,
}

const KINDS: [Kind; 5] = [
    Kind { name: "bag", file: "bench.bag", peer: "rosbags", reads: false, target: 5.0 },
    Kind { name: "db3", file: "bench-db3", peer: "rosbags", reads: false, target: 5.0 },
    Kind { name: "gzip", file: "bench-gzip.hdf5", peer: "h5py, compressed", reads: true, target: 2.0 },
    Kind { name: "raw", file: "bench-raw.hdf5", peer: "h5py, uncompressed", reads: true, target: 1.0 },
    Kind { name: "rlds", file: "bench-rlds", peer: "a walker in Python", reads: false, target: 5.0 },
];

/// Size of what is made, in megabytes before compression.
const MEGABYTES: &str = "300";

/// Every format of [`KINDS`].
pub(crate) fn readers(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let row = |name: String, result| Row { bench: "readers", name, result };
    let python = match python::READERS.get(Duration::from_secs(600)) {
        Ok(python) => python,
        Err(why) => return Ok(vec![row("independent readers".to_owned(), Measured::Missing(why))]),
    };
    let script = |verb: &str, kind: &Kind, path: &PathBuf| {
        let mut command = Command::new(&python);
        command.arg(place::root().join("xtask/src/bench/readers.py")).args([verb, kind.name]).arg(path);
        command
    };
    let mut rows = Vec::new();
    for kind in &KINDS {
        let path = setup.kept.join(kind.file);
        if !path.exists() {
            eprintln!("── make {}", path.display());
            let sample = place::root().join("samples/contact-cell.mcap");
            measure(script("make", kind, &path).arg(MEGABYTES).arg(sample))?;
        }
        let bytes = size(&path)?;
        let prepare = || {
            fs::remove_dir_all(&setup.scratch).ok();
            fs::create_dir_all(&setup.scratch)?;
            measure(&mut Command::new("sync")).map(|_| ())
        };
        let [own, peer] = rounds::<2>(setup.runs, prepare, |at| match (at, kind.reads) {
            (0, true) => measure(setup.example("read").arg(&path)),
            (0, false) => {
                let mut command = Command::new(&setup.prairie);
                command.arg("ingest").arg(&path).arg("--store").arg(setup.scratch.join("store"));
                measure(command.args(["--no-video", "--quiet"]))
            }
            _ => measure(&mut script("read", kind, &path)),
        })?;
        let what = if kind.reads { "reading" } else { "prairie ingest of" };
        let times = median_s(&peer) / median_s(&own);
        rows.push(row(format!("{what} {}", kind.name), Measured::Runs { samples: own, bytes }));
        rows.push(row(format!("{}, {}", kind.peer, kind.name), Measured::Runs { samples: peer, bytes }));
        rows.push(row(format!("against {}, {}", kind.peer, kind.name), Measured::Ratio { times, target: kind.target }));
    }
    Ok(rows)
}

/// LeRobot's own writer on the same frames, with the codec of the export and with its default.
const WRITERS: [(&str, &str); 3] = [("images", "h264"), ("streaming", "h264"), ("images", "libsvtav1")];

/// An HDF5 file of robomimic's layout to LeRobot v3.0: ingest, dataset and export together, against LeRobot's own writer.
pub(crate) fn convert(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let row = |name: String, result| Row { bench: "convert", name, result };
    let limit = Duration::from_secs(1200);
    let (readers, lerobot) =
        match python::READERS.get(limit).and_then(|readers| Ok((readers, python::LEROBOT.get(limit)?))) {
            Ok(pythons) => pythons,
            Err(why) => return Ok(vec![row("LeRobot's writer".to_owned(), Measured::Missing(why))]),
        };
    let script = |name: &str| place::root().join("xtask/src/bench").join(name);
    let path = setup.kept.join("bench-convert.hdf5");
    if !path.exists() {
        let sample = place::root().join("samples/contact-cell.mcap");
        let mut command = Command::new(&readers);
        measure(command.arg(script("readers.py")).args(["make", "gzip"]).arg(&path).arg("100").arg(sample))?;
    }
    let bytes = size(&path)?;
    let prepare = || {
        fs::remove_dir_all(&setup.scratch).ok();
        fs::create_dir_all(&setup.scratch)?;
        measure(&mut Command::new("sync")).map(|_| ())
    };
    let out = setup.scratch.join("out");
    let samples = rounds::<4>(setup.runs, prepare, |at| match at.checked_sub(1) {
        None => {
            let prairie = || {
                let mut command = Command::new(&setup.prairie);
                command.arg("--store").arg(setup.scratch.join("store")).arg("--quiet");
                command
            };
            let parts = [
                measure(prairie().arg("ingest").arg(&path).arg("--no-video"))?,
                measure(prairie().args(["dataset", "create", "all", "--where", "true"]))?,
                measure(prairie().args(["export", "all"]).arg(&out).args(["--fps", "20"]))?,
            ];
            let peak_bytes = parts.iter().filter_map(|part| part.peak_bytes).max();
            Ok(Sample { wall_s: parts.iter().map(|part| part.wall_s).sum(), peak_bytes })
        }
        // OK to index: the rounds are one more than the writers.
        Some(at) => {
            let (mode, codec) = WRITERS[at];
            let mut command = Command::new(&lerobot);
            command.arg(script("lerobot_convert.py")).arg(&path).arg(&out).args([mode, codec]);
            measure(command.env("HF_HUB_OFFLINE", "1"))
        }
    })?;
    let [own, peers @ ..] = samples;
    let own_s = median_s(&own);
    let mut rows = vec![row("prairie ingest, dataset, export".to_owned(), Measured::Runs { samples: own, bytes })];
    for ((mode, codec), peer) in WRITERS.iter().zip(peers) {
        let times = median_s(&peer) / own_s;
        rows.push(row(format!("LeRobot's writer, {mode}, {codec}"), Measured::Runs { samples: peer, bytes }));
        rows.push(row(format!("against it, {mode}, {codec}"), Measured::Ratio { times, target: 5.0 }));
    }
    Ok(rows)
}

/// Bytes of a file, or of all files of a folder.
fn size(path: &PathBuf) -> anyhow::Result<u64> {
    let facts = fs::metadata(path).with_context(|| format!("failed to look at `{}`", path.display()))?;
    if facts.is_file() {
        return Ok(facts.len());
    }
    fs::read_dir(path)?.map(|entry| size(&entry?.path())).sum()
}
