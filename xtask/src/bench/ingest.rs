//! Ingest against `rerun mcap convert`, and against hashing and copying the file.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::Setup;
use super::measure::{Sample, measure, rounds};
use super::report::{Measured, Row, median_s};
use crate::python;

/// Ingest must be at least so many times as fast as Rerun's conversion, and as hash, copy and sync.
const AGAINST_RERUN: f64 = 2.0;
const AGAINST_COREUTILS: f64 = 1.0;

/// Everything but checks that decode video, into an empty store, by the first of two rounds with warm caches.
pub(crate) fn ingest(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let rerun = python::RERUN.get(Duration::from_secs(600)).map(|python| python.with_file_name("rerun"));
    let prepare = || prepare(setup);
    let [own, copied, converted] = rounds::<3>(setup.runs, prepare, |at| match (at, &rerun) {
        (0, _) => measure(&mut ingest_command(setup)),
        (1, _) => hash_copy_sync(setup),
        (_, Ok(rerun)) => {
            let output = setup.scratch.join("rerun.rrd");
            measure(Command::new(rerun).args(["mcap", "convert"]).arg(&setup.mcap).arg("-o").arg(output))
        }
        (_, Err(_)) => Ok(Sample { wall_s: f64::NAN, peak_bytes: None }),
    })?;
    let row = |name: &str, result| Row { bench: "ingest", name: name.to_owned(), result };
    let ratio = |peer: &[Sample], target| Measured::Ratio { times: median_s(peer) / median_s(&own), target };
    let coreutils = ratio(&copied, AGAINST_COREUTILS);
    let mut rows = vec![row("against sha256sum, cp, sync", coreutils)];
    if let Err(why) = rerun {
        rows.push(row("rerun mcap convert", Measured::Missing(why)));
    } else {
        rows.push(row("against rerun mcap convert", ratio(&converted, AGAINST_RERUN)));
        rows.push(row("rerun mcap convert", Measured::Runs { samples: converted, bytes: setup.bytes }));
    }
    rows.push(row("sha256sum, cp, sync", Measured::Runs { samples: copied, bytes: setup.bytes }));
    rows.insert(0, row("prairie ingest --no-video", Measured::Runs { samples: own, bytes: setup.bytes }));
    Ok(rows)
}

/// The same file again, into a store that has it: one hash of the file, and nothing else.
pub(crate) fn reingest(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    prepare(setup)?;
    measure(&mut ingest_command(setup))?;
    let [again, hashed] = rounds::<2>(
        setup.runs,
        || Ok(()),
        |at| match at {
            0 => measure(&mut ingest_command(setup)),
            _ => measure(Command::new("sha256sum").arg(&setup.mcap)),
        },
    )?;
    let times = median_s(&hashed) / median_s(&again);
    let row = |name: &str, result| Row { bench: "reingest", name: name.to_owned(), result };
    Ok(vec![
        row("prairie ingest, already there", Measured::Runs { samples: again, bytes: setup.bytes }),
        row("against sha256sum", Measured::Ratio { times, target: 1.0 }),
        row("sha256sum", Measured::Runs { samples: hashed, bytes: setup.bytes }),
    ])
}

/// A file ten times as long takes no more memory.
pub(crate) fn memory(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let of_length = |bytes: u64| {
        let mcap = super::recording(&setup.kept, bytes)?;
        Ok::<_, anyhow::Error>(Setup { bytes: fs::metadata(&mcap)?.len(), mcap, ..setup.clone() })
    };
    let row = |name: String, result| Row { bench: "memory", name, result };
    let mut setups = vec![of_length(setup.bytes / 10)?, setup.clone()];
    if setup.long {
        setups.push(of_length(setup.bytes * 10)?);
    }
    let mut rows = Vec::new();
    let mut peaks = Vec::new();
    for setup in &setups {
        prepare(setup)?;
        let sample = measure(&mut ingest_command(setup))?;
        peaks.extend(sample.peak_bytes);
        let name = format!("prairie ingest of {} MB", setup.bytes / 1_000_000);
        rows.push(row(name, Measured::Runs { samples: vec![sample], bytes: setup.bytes }));
    }
    if let [.., short, long] = peaks[..] {
        // Memory of the same length of run to run differs by a few percent.
        let times = short as f64 / long as f64;
        rows.push(row("peak memory of a tenth of the longest".to_owned(), Measured::Ratio { times, target: 0.9 }));
    }
    Ok(rows)
}

fn store(setup: &Setup) -> PathBuf {
    setup.scratch.join("store")
}

fn ingest_command(setup: &Setup) -> Command {
    let mut command = Command::new(&setup.prairie);
    command.arg("ingest").arg(&setup.mcap).arg("--store").arg(store(setup)).args(["--no-video", "--quiet"]);
    command
}

/// An empty scratch folder, the disk at rest, and the file in the page cache.
fn prepare(setup: &Setup) -> anyhow::Result<()> {
    if setup.scratch.exists() {
        fs::remove_dir_all(&setup.scratch)?;
    }
    fs::create_dir_all(&setup.scratch)?;
    measure(&mut Command::new("sync"))?;
    measure(Command::new("cat").arg(&setup.mcap))?;
    Ok(())
}

/// The three of them one after the other, as one time.
fn hash_copy_sync(setup: &Setup) -> anyhow::Result<Sample> {
    let copy = setup.scratch.join("copy");
    let parts = [
        measure(Command::new("sha256sum").arg(&setup.mcap))?,
        measure(Command::new("cp").arg(&setup.mcap).arg(&copy))?,
        measure(Command::new("sync").arg(&copy))?,
    ];
    let peak_bytes = parts.iter().filter_map(|part| part.peak_bytes).max();
    Ok(Sample { wall_s: parts.iter().map(|part| part.wall_s).sum(), peak_bytes })
}
