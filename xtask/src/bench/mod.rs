//! `cargo xtask bench`: Prairie and its peers on the same input, in the same run, as ratios.
//!
//! ```text
//!   Setup (binary, input, scratch) ─▶ each of BENCHES ─▶ Row* ─▶ table, JSON
//! ```
//!
//! Measured is the wall time and the peak memory of whole processes, each several times, in turns: a round runs every command
//! once, so that a slow minute of the machine hits all alike. The median is reported, with the fastest and the slowest.
//!
//! Prairie is built with `--release`; that profile differs from the one of the tests in its optimization only.
//!
//! **Invariant:** a peer that is not there is told as missing; no number is remembered from another run.

mod calibration;
mod export;
mod ingest;
mod measure;
mod query;
mod readers;
mod report;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;
use std::{env, fs};

use anyhow::Context;

use crate::{place, python};

/// What a benchmark gets.
#[derive(Clone)]
pub(crate) struct Setup {
    /// The binary under test.
    pub(crate) prairie: PathBuf,
    /// The folder of the programs of [`EXAMPLES`].
    pub(crate) examples: PathBuf,
    /// A recording of at least a gigabyte.
    pub(crate) mcap: PathBuf,
    /// Bytes of it.
    pub(crate) bytes: u64,
    /// How often each command runs.
    pub(crate) runs: usize,
    /// Whether to measure a recording ten times as long too, which takes 25 GB of disk for a while.
    pub(crate) long: bool,
    /// A folder for outputs, emptied between runs.
    pub(crate) scratch: PathBuf,
    /// A folder for inputs, kept for the next run.
    pub(crate) kept: PathBuf,
}

impl Setup {
    /// One of [`EXAMPLES`].
    pub(crate) fn example(&self, name: &str) -> Command {
        Command::new(self.examples.join(name))
    }
}

/// The programs that benchmarks use beside the binary: what fills a store with generated episodes and times queries, and what
/// calibrates and times verdicts.
const EXAMPLES: [&str; 5] = ["calibration", "cheats", "million", "read", "speed"];

/// A benchmark returns its rows.
type Bench = fn(&Setup) -> anyhow::Result<Vec<report::Row>>;

/// Every benchmark, by name.
const BENCHES: &[(&str, Bench)] = &[
    ("calibration", calibration::calibration),
    ("cheats", calibration::cheats),
    ("convert", readers::convert),
    ("export", export::export),
    ("ingest", ingest::ingest),
    ("memory", ingest::memory),
    ("query", query::query),
    ("readers", readers::readers),
    ("reingest", ingest::reingest),
    ("verdict", calibration::verdict),
];

/// The recording that the bench makes when none is given.
const RECORDING_MIN_BYTES: u64 = 1_000_000_000;

struct Options {
    mcap: Option<PathBuf>,
    runs: usize,
    long: bool,
    json: Option<PathBuf>,
    only: Option<String>,
}

fn parse(arguments: &[String]) -> anyhow::Result<Options> {
    let mut options = Options { mcap: None, runs: 3, long: false, json: None, only: None };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().with_context(|| format!("`{argument}` needs a value"));
        match argument.as_str() {
            "--mcap" => options.mcap = Some(value()?.into()),
            "--json" => options.json = Some(value()?.into()),
            "--long" => options.long = true,
            "--only" => options.only = Some(value()?.clone()),
            "--runs" => options.runs = value()?.parse().context("`--runs` needs a number")?,
            other => {
                anyhow::bail!("`bench` does not know `{other}`; it takes --mcap, --runs, --long, --json and --only")
            }
        }
    }
    anyhow::ensure!(options.runs > 0, "`--runs` must be at least 1");
    if let Some(only) = &options.only {
        let names: Vec<_> = BENCHES.iter().map(|(name, _)| *name).collect();
        anyhow::ensure!(
            names.contains(&only.as_str()),
            "there is no benchmark `{only}`; there are {}",
            names.join(", ")
        );
    }
    Ok(options)
}

pub(crate) fn run(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let options = parse(arguments)?;
    let (prairie, examples) = build()?;
    let scratch = place::cache().join("bench");
    fs::create_dir_all(&scratch).with_context(|| format!("failed to make `{}`", scratch.display()))?;
    let mcap = match options.mcap {
        Some(path) => fs::canonicalize(&path).with_context(|| format!("failed to find `{}`", path.display()))?,
        None => recording(&scratch, RECORDING_MIN_BYTES)?,
    };
    let bytes = fs::metadata(&mcap)?.len();
    let kept = scratch.clone();
    let Options { runs, long, .. } = options;
    let setup = Setup { prairie, examples, mcap, bytes, runs, long, scratch: scratch.join("work"), kept };
    let mut rows = Vec::new();
    for (name, bench) in BENCHES {
        if options.only.as_deref().is_none_or(|only| only == *name) {
            eprintln!("── {name}");
            rows.extend(bench(&setup).with_context(|| format!("failed to measure `{name}`"))?);
        }
    }
    fs::remove_dir_all(&setup.scratch).ok();
    print!("{}", report::table(&rows));
    println!("{}", report::machine());
    if let Some(path) = options.json {
        let text = serde_json::to_string_pretty(&report::json(&rows, &setup))? + "\n";
        fs::write(&path, text).with_context(|| format!("failed to write `{}`", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds the binary under test and the other programs, and gives the folder of those; `PRAIRIE_BIN` names a folder that has
/// all.
fn build() -> anyhow::Result<(PathBuf, PathBuf)> {
    if let Some(folder) = env::var_os("PRAIRIE_BIN").map(PathBuf::from) {
        return Ok((folder.join("prairie"), folder.join("examples")));
    }
    eprintln!("── build (release)");
    let output = place::cargo()
        .args(["build", "--locked", "--release", "--package", "prairie-cli", "--package", "prairie-catalog"])
        .args(["--package", "prairie-verify", "--package", "prairie-engine", "--bin", "prairie"])
        .args(EXAMPLES.iter().flat_map(|name| ["--example", name]))
        .args(["--message-format", "json"])
        .stderr(std::process::Stdio::inherit())
        .output()
        .context("failed to start cargo")?;
    anyhow::ensure!(output.status.success(), "`cargo build --release` failed");
    let text = String::from_utf8_lossy(&output.stdout);
    let messages: Vec<_> =
        text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()).collect();
    let built = |name: &str| {
        let mut named = messages.iter().filter(|message| message["target"]["name"] == name);
        let path = named.find_map(|message| message["executable"].as_str().map(PathBuf::from));
        path.with_context(|| format!("cargo built no `{name}`"))
    };
    let million = built("million")?;
    let examples = million.parent().context("`million` is in no folder")?;
    Ok((built("prairie")?, examples.to_owned()))
}

/// The project's own recording, one after the other with moved times until it is long enough. Kept for the next run.
pub(crate) fn recording(scratch: &Path, min_bytes: u64) -> anyhow::Result<PathBuf> {
    let path = scratch.join(format!("recording-{min_bytes}.mcap"));
    if fs::metadata(&path).is_ok_and(|facts| facts.len() >= min_bytes) {
        return Ok(path);
    }
    eprintln!("── make {}", path.display());
    let python = python::RERUN.get(Duration::from_secs(600)).map_err(|why| anyhow::anyhow!("no Python: {why}"))?;
    let unfinished = path.with_extension("part");
    let status = Command::new(python)
        .arg(place::root().join("xtask/src/bench/lengthen.py"))
        .arg(place::root().join("samples/contact-cell.mcap"))
        .arg(&unfinished)
        .arg(min_bytes.to_string())
        .status()
        .context("failed to start Python")?;
    anyhow::ensure!(status.success(), "`lengthen.py` failed; name a recording with `--mcap FILE`");
    fs::rename(&unfinished, &path)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_checked() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let options = parse(&words("--mcap a.mcap --runs 5 --only ingest")).expect("all are known");
        assert_eq!((options.runs, options.mcap), (5, Some(PathBuf::from("a.mcap"))));
        assert!(parse(&words("--runs 0")).is_err());
        assert!(parse(&words("--only nothing")).is_err());
        assert!(parse(&words("--json")).is_err());
    }

    #[test]
    fn benches_are_sorted() {
        assert!(BENCHES.is_sorted_by_key(|(name, _)| name));
    }
}
