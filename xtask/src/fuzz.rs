//! `cargo xtask fuzz`: libFuzzer over every target of `fuzz/`, `--jobs` of them at once.
//!
//! The short smoke that `cargo xtask test` runs is a plain test of `fuzz/targets`, and needs neither nightly nor libFuzzer.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::{env, fs, thread};

use anyhow::Context;

use crate::place;

/// What one input may take of memory, in MB: the bound that the formats promise, with room for the sanitizer.
const MEMORY_MAX_MB: u32 = 1024;
/// Targets whose decoder loses memory by itself, little for each picture, which the limit above bounds: rav1d, 96 bytes.
const LEAKY: &[&str] = &["av1"];
/// What the fuzzer is built for: its flags would otherwise reach build scripts too.
const HOST: &str = "x86_64-unknown-linux-gnu";

#[derive(Debug, PartialEq)]
struct Options {
    seconds: u64,
    jobs: usize,
    targets: Vec<String>,
}

pub(crate) fn run(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let options = parse(arguments, &targets()?)?;
    let binaries = build(&options.targets)?;
    let waiting = Mutex::new(options.targets.iter().rev().collect::<Vec<_>>());
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..options.jobs {
            scope.spawn(|| {
                while let Some(target) = next(&waiting) {
                    let line = match fuzz(&binaries, target, options.seconds) {
                        Ok(done) => done.told(target),
                        Err(error) => (false, format!("{target}: {error:#}")),
                    };
                    eprintln!("── {}", line.1);
                    if !line.0 {
                        failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(target.as_str());
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    failed.sort_unstable();
    println!("{} targets fuzzed for {} s each, {} failed", options.targets.len(), options.seconds, failed.len());
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("failed: {}; the inputs lie in `fuzz/artifacts`", failed.join(", "));
    Ok(ExitCode::FAILURE)
}

fn next<'a>(waiting: &Mutex<Vec<&'a String>>) -> Option<&'a String> {
    waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop()
}

/// The names of the targets: each is one file.
fn targets() -> anyhow::Result<Vec<String>> {
    let folder = place::root().join("fuzz/fuzz_targets");
    let entries = fs::read_dir(&folder).with_context(|| format!("failed to list `{}`", folder.display()))?;
    let name = |entry: fs::DirEntry| Some(entry.path().file_stem()?.to_str()?.to_owned());
    let mut names: Vec<_> = entries.flatten().filter_map(name).collect();
    names.sort();
    Ok(names)
}

fn parse(arguments: &[String], known: &[String]) -> anyhow::Result<Options> {
    let mut options = Options { seconds: 60, jobs: 1, targets: Vec::new() };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--seconds" => options.seconds = number(argument, rest.next())?,
            "--jobs" => options.jobs = usize::try_from(number(argument, rest.next())?)?.clamp(1, 64),
            _ if known.contains(argument) => options.targets.push(argument.clone()),
            _ => anyhow::bail!("there is no target `{argument}`; there are {}", known.join(", ")),
        }
    }
    if options.targets.is_empty() {
        options.targets = known.to_vec();
    }
    Ok(options)
}

fn number(option: &str, value: Option<&String>) -> anyhow::Result<u64> {
    let value = value.with_context(|| format!("`{option}` needs a number"))?;
    value.parse().with_context(|| format!("`{value}` is no number for `{option}`"))
}

/// Builds the targets at once, and gives the folder of their binaries. libFuzzer builds with nightly flags: the nightly
/// toolchain where there is one, else the stable one told to accept them.
fn build(targets: &[String]) -> anyhow::Result<PathBuf> {
    let nightly = place::starts("rustup", &["run", "nightly", "cargo", "--version"]);
    let mut command = if nightly {
        let mut command = Command::new("rustup");
        command.args(["run", "nightly", "cargo"]).env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
        command
    } else {
        let mut command = place::cargo();
        command.env("RUSTC_BOOTSTRAP", "1");
        command
    };
    // A folder of its own: the sanitizer's flags would otherwise rebuild what everything else shares.
    let builds = env::var_os("PRAIRIE_FUZZ_TARGET_DIR").map_or_else(|| place::cache().join("fuzz"), PathBuf::from);
    let flags = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
                 -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Zsanitizer=address";
    command.args(["build", "--quiet", "--release", "--manifest-path", "fuzz/Cargo.toml", "--target", HOST]);
    command.args(targets.iter().flat_map(|target| ["--bin", target]));
    command.env("RUSTFLAGS", flags).env("CARGO_TARGET_DIR", &builds).current_dir(place::root());
    let status = command.status().context("failed to start cargo")?;
    anyhow::ensure!(status.success(), "the fuzz targets do not build");
    Ok(builds.join(HOST).join("release"))
}

/// What libFuzzer tells at its end.
#[derive(Debug)]
struct Done {
    passed: bool,
    executions: Option<u64>,
    peak_mb: Option<u64>,
    log: PathBuf,
}

impl Done {
    /// Whether it passed, and a line about it.
    fn told(&self, target: &str) -> (bool, String) {
        let number = |value: Option<u64>| value.map_or("?".to_owned(), |value| value.to_string());
        let (executions, peak) = (number(self.executions), number(self.peak_mb));
        let state = if self.passed { "passed" } else { "FAILED" };
        let log = self.log.display();
        // A run that tells no executions did not fuzz, whatever its exit code.
        (
            self.passed && self.executions.is_some_and(|executions| executions > 0),
            format!("{target}: {state}, {executions} executions, {peak} MB at most; {log}"),
        )
    }
}

/// Fuzzes one target for some seconds.
fn fuzz(binaries: &Path, target: &str, seconds: u64) -> anyhow::Result<Done> {
    let logs = place::cache().join("fuzz-logs");
    fs::create_dir_all(&logs)?;
    let log = logs.join(format!("{target}.log"));
    let output = File::create(&log).with_context(|| format!("failed to write `{}`", log.display()))?;
    let status = Command::new(binaries.join(target))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-rss_limit_mb={MEMORY_MAX_MB}"))
        .args(["-timeout=20", "-print_final_stats=1"])
        .arg(format!("-artifact_prefix={}/", artifacts(target)?))
        .args(corpora(target)?)
        // OpenH264 registers tables of its own twice, at the same address; nothing else is to be found by this.
        .env("ASAN_OPTIONS", format!("detect_odr_violation=0:detect_leaks={}", u8::from(!LEAKY.contains(&target))))
        // With debug assertions rav1d captures a backtrace at every borrow of a picture, if backtraces are asked for.
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(output)
        .current_dir(place::root())
        .status()
        .with_context(|| format!("failed to start `{target}`"))?;
    let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    Ok(Done {
        passed: status.success(),
        executions: statistic(&text, "number_of_executed_units"),
        peak_mb: statistic(&text, "peak_rss_mb"),
        log,
    })
}

/// A number of libFuzzer's last lines.
fn statistic(log: &str, name: &str) -> Option<u64> {
    let line = log.lines().rev().find(|line| line.starts_with("stat::") && line.contains(name))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// Where inputs that failed are kept: ignored by git, beside the corpus.
fn artifacts(target: &str) -> anyhow::Result<String> {
    let folder = place::root().join("fuzz/artifacts").join(target);
    fs::create_dir_all(&folder)?;
    Ok(folder.display().to_string())
}

/// What is found goes into the cache (the first folder); the seeds of the tree are only read.
fn corpora(target: &str) -> anyhow::Result<Vec<String>> {
    let found = place::cache().join("fuzz-corpus").join(target);
    fs::create_dir_all(&found)?;
    let seeds = place::root().join("fuzz/corpus").join(target);
    let folders = [found, seeds].into_iter().filter(|folder| folder.is_dir());
    Ok(folders.map(|folder| folder.display().to_string()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_checked() {
        let known = ["mcap".to_owned(), "mp4".to_owned()];
        let parsed = |text: &str| parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>(), &known);
        let all = Options { seconds: 60, jobs: 1, targets: known.to_vec() };
        assert_eq!(parsed("").expect("all of them"), all);
        let one = Options { seconds: 5, jobs: 2, targets: vec!["mp4".to_owned()] };
        assert_eq!(parsed("--seconds 5 mp4 --jobs 2").expect("one"), one);
        assert!(parsed("--seconds soon").is_err());
        assert!(parsed("--jobs").is_err());
        assert!(parsed("bag").is_err());
    }

    #[test]
    fn the_last_lines_of_a_run_are_read() {
        let log = "#8 DONE\nstat::number_of_executed_units: 812\nstat::peak_rss_mb:             61\n";
        assert_eq!(statistic(log, "number_of_executed_units"), Some(812));
        assert_eq!(statistic(log, "peak_rss_mb"), Some(61));
        assert_eq!(statistic("Killed", "peak_rss_mb"), None);
    }
}
