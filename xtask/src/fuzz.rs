//! `cargo xtask fuzz`: libFuzzer over every target of `fuzz/`, one after the other.
//!
//! The short smoke that `cargo xtask test` runs is a plain test of `fuzz/targets`, and needs neither nightly nor libFuzzer.

use std::process::{Command, ExitCode};
use std::{env, fs};

use anyhow::Context;

use crate::place;

/// What one input may take of memory, in MB: the bound that the formats promise, with room for the sanitizer.
const MEMORY_MAX_MB: u32 = 1024;

pub(crate) fn run(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let known = targets()?;
    let (seconds, chosen) = parse(arguments, &known)?;
    let mut failed = Vec::new();
    for target in &chosen {
        eprintln!("── {target}: {seconds} s");
        let done = fuzz(target, seconds).with_context(|| format!("failed to fuzz `{target}`"))?;
        if !done {
            failed.push(target.as_str());
        }
    }
    println!("{} targets fuzzed for {seconds} s each, {} failed", chosen.len(), failed.len());
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("failed: {}; the inputs lie in `fuzz/artifacts`", failed.join(", "));
    Ok(ExitCode::FAILURE)
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

fn parse(arguments: &[String], known: &[String]) -> anyhow::Result<(u64, Vec<String>)> {
    let mut seconds = 60;
    let mut chosen = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--seconds" {
            let value = rest.next().context("`--seconds` needs a number")?;
            seconds = value.parse().with_context(|| format!("`{value}` is no number of seconds"))?;
        } else if known.contains(argument) {
            chosen.push(argument.clone());
        } else {
            anyhow::bail!("there is no target `{argument}`; there are {}", known.join(", "));
        }
    }
    Ok((seconds, if chosen.is_empty() { known.to_vec() } else { chosen }))
}

/// Fuzzes one target; false when it found something. libFuzzer builds with nightly flags: the nightly toolchain where there
/// is one, else the stable one told to accept them.
fn fuzz(target: &str, seconds: u64) -> anyhow::Result<bool> {
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
    let builds = env::var_os("PRAIRIE_FUZZ_TARGET_DIR").map_or_else(|| place::cache().join("fuzz"), Into::into);
    let flags = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
                 -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Zsanitizer=address";
    let host = "x86_64-unknown-linux-gnu";
    let root = place::root();
    let status = command
        .args([
            "run",
            "--quiet",
            "--release",
            "--manifest-path",
            "fuzz/Cargo.toml",
            "--target",
            host,
            "--bin",
            target,
            "--",
        ])
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-rss_limit_mb={MEMORY_MAX_MB}"))
        .args(["-timeout=20", "-print_final_stats=1"])
        .arg(format!("-artifact_prefix={}/", artifacts(target)?))
        .args(corpora(target)?)
        .env("RUSTFLAGS", flags)
        .env("CARGO_TARGET_DIR", builds)
        .current_dir(root)
        .status()?;
    Ok(status.success())
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
    fn targets_and_seconds_are_checked() {
        let known = ["mcap".to_owned(), "mp4".to_owned()];
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(parse(&[], &known).expect("all of them"), (60, known.to_vec()));
        assert_eq!(parse(&words("--seconds 5 mp4"), &known).expect("one"), (5, vec!["mp4".to_owned()]));
        assert!(parse(&words("--seconds soon"), &known).is_err());
        assert!(parse(&words("bag"), &known).is_err());
    }
}
