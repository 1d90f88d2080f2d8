//! `cargo xtask test`: everything that must hold, and what was skipped and why.

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;
use std::{env, fs};

use crate::place;
use crate::python::{self, Environment, Making, Start};
use crate::step::{Outcome, Report, run as run_command};

/// The small environment downloads some megabytes.
const READERS_MAX: Duration = Duration::from_secs(300);
/// PyTorch is several gigabytes; it is fetched while everything else compiles.
const LARGE_MAX: Duration = Duration::from_secs(900);

#[derive(Debug, Clone, Copy, Default)]
struct Options {
    quick: bool,
    install: bool,
    ci: bool,
}

fn parse(arguments: &[String]) -> anyhow::Result<Options> {
    let mut options = Options::default();
    for argument in arguments {
        match argument.as_str() {
            "--quick" => options.quick = true,
            "--install" => options.install = true,
            "--ci" => (options.ci, options.install) = (true, true),
            other => anyhow::bail!("`test` does not know `{other}`; it takes --quick, --install and --ci"),
        }
    }
    Ok(options)
}

/// Runs every step, whatever became of those before it.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let options = parse(arguments)?;
    let mut report = Report::default();
    let mut large = |named, environment| match options.quick {
        true => None,
        false => begin_large(&mut report, options, named, environment),
    };
    let lerobot = large(("PRAIRIE_LEROBOT", "5 GB"), &python::LEROBOT);
    let tfds = large(("PRAIRIE_TFDS", "2 GB"), &python::TFDS);
    let readers = if options.quick { None } else { begin(&mut report, &python::READERS) };
    let statistics = if options.quick { None } else { begin(&mut report, &python::STATISTICS) };

    component(&mut report, options, "fmt", "rustfmt", &["fmt", "--all", "--check"]);
    report.step("tidy", || match crate::tidy::run(&[]) {
        Ok(code) if code == ExitCode::SUCCESS => Outcome::Passed,
        Ok(_) => Outcome::Failed,
        Err(error) => {
            eprintln!("   {error:#}");
            Outcome::Failed
        }
    });
    if !options.quick {
        component(
            &mut report,
            options,
            "clippy",
            "clippy",
            &["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"],
        );
        deny(&mut report, options);
        machete(&mut report, options);
        documentation(&mut report);
    }
    let mut variables = Vec::new();
    if let Some(python) = readers {
        report.step("python", || python.ready(READERS_MAX, &mut variables));
    }
    if let Some(python) = statistics {
        report.step("statistics", || python.ready(READERS_MAX, &mut variables));
    }
    if let Some(python) = lerobot {
        report.step("lerobot", || python.ready(LARGE_MAX, &mut variables));
        if let Some(python) = begin(&mut report, &python::LEROBOT_V21) {
            report.step("lerobot-v21", || python.ready(READERS_MAX, &mut variables));
        }
    }
    if let Some(python) = tfds {
        report.step("tfds", || python.ready(LARGE_MAX, &mut variables));
    }
    tests(&mut report, &variables);
    Ok(report.close())
}

/// An environment on its way.
struct Coming {
    environment: &'static Environment,
    start: Start,
}

impl Coming {
    /// Waits for it, and tells tests where it lies.
    fn ready(self, limit: Duration, variables: &mut Vec<(&'static str, PathBuf)>) -> Outcome {
        let python = match self.start {
            Start::Ready(python) => Ok(python),
            Start::Making(making) => finish(self.environment, making, limit),
        };
        match python {
            Ok(python) => {
                variables.push((self.environment.variable, python));
                Outcome::Passed
            }
            Err(why) => Outcome::Skipped(why),
        }
    }
}

/// Waits; where Debian's `venv` was missing, installs it and tries once more.
fn finish(environment: &Environment, making: Making, limit: Duration) -> Result<PathBuf, String> {
    making.finish(limit).or_else(|why| if why.contains("ensurepip") { environment.get(limit) } else { Err(why) })
}

fn begin(report: &mut Report, environment: &'static Environment) -> Option<Coming> {
    match environment.start() {
        Ok(start) => Some(Coming { environment, start }),
        Err(why) => {
            report.skip(environment.name, why);
            None
        }
    }
}

/// Large environments are asked for by a variable, `PRAIRIE_LEROBOT=1`, and are tried in CI; `=0` leaves them out there too.
fn begin_large(
    report: &mut Report,
    options: Options,
    (variable, what): (&str, &str),
    environment: &'static Environment,
) -> Option<Coming> {
    let asked = env::var(variable).ok();
    let wanted = match asked.as_deref() {
        Some("1") => true,
        Some(_) => false,
        None => options.ci || env::var_os(environment.variable).is_some(),
    };
    if wanted {
        return begin(report, environment);
    }
    report
        .skip(environment.name, format!("{what} of packages; set {variable}=1 to install them and compare with them"));
    None
}

/// Runs a command of cargo that a component of the toolchain brings.
fn component(report: &mut Report, options: Options, name: &str, component: &str, arguments: &[&str]) {
    report.step(name, || {
        // OK to index: every caller names at least the subcommand.
        let there = || place::cargo().args([arguments[0], "--version"]).output().is_ok_and(|o| o.status.success());
        let mut found = there();
        if !found && options.install {
            found = place::starts("rustup", &["component", "add", component]) && there();
        }
        if !found {
            return Outcome::Skipped(format!("not installed; `rustup component add {component}`"));
        }
        run_command(place::cargo().args(arguments))
    });
}

/// A tool from crates.io: from the cache or the path, built into the cache where that was asked for.
fn installed(name: &str, version: &str, options: Options, flags: &[&str]) -> Result<PathBuf, String> {
    if let Some(tool) = place::tool(name) {
        return Ok(tool);
    }
    if !options.install {
        return Err(format!("not installed; `cargo xtask test --install` or `cargo install --locked {name}`"));
    }
    eprintln!("   building {name} {version} into {}", place::cache().display());
    let status = place::cargo()
        .args(["install", "--quiet", "--locked", "--debug", "--version", version, name])
        .args(flags)
        .arg("--root")
        .arg(place::cache())
        // The tool is not part of the product: built quickly, in a folder of its own.
        .env("CARGO_TARGET_DIR", place::cache().join("target"))
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .status();
    let built = status.is_ok_and(|status| status.success());
    place::tool(name).filter(|_| built).ok_or_else(|| "`cargo install` failed".to_owned())
}

fn deny(report: &mut Report, options: Options) {
    report.step("deny", || match installed("cargo-deny", "0.20.2", options, &["--no-default-features"]) {
        Ok(tool) => {
            let mut command = Command::new(tool);
            command.current_dir(place::root());
            // Only errors: two versions of a crate are worth a look by hand, not a page in every run.
            command.args(["--offline", "--log-level", "error", "check", "--hide-inclusion-graph"]);
            run_command(command.args(["bans", "licenses", "sources"]))
        }
        Err(why) => Outcome::Skipped(why),
    });
}

fn machete(report: &mut Report, options: Options) {
    report.step("machete", || match installed("cargo-machete", "0.9.2", options, &[]) {
        Ok(tool) => run_command(Command::new(tool).args(["crates", "xtask"]).current_dir(place::root())),
        Err(why) => Outcome::Skipped(why),
    });
}

fn documentation(report: &mut Report) {
    let mut command = place::cargo();
    command.args(["doc", "--locked", "--quiet", "--workspace", "--no-deps", "--document-private-items"]);
    report.command("doc", command.env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links"));
    report.command("doc tests", place::cargo().args(["test", "--locked", "--quiet", "--workspace", "--doc"]));
}

/// The tests, last, so that the runner's own summary is what one reads; then what they skipped.
fn tests(report: &mut Report, variables: &[(&'static str, PathBuf)]) {
    let nextest = place::cargo().args(["nextest", "--version"]).output().is_ok_and(|output| output.status.success());
    if nextest {
        // nextest keeps its results here wherever cargo's target directory is.
        let results = place::root().join("target/nextest/default/junit.xml");
        // A file of an earlier run must not speak for this one; usually there is none.
        fs::remove_file(&results).ok();
        let mut command = place::cargo();
        command.args(["nextest", "run", "--locked", "--workspace"]).envs(variables.iter().cloned());
        report.command("tests", &mut command);
        let text = fs::read_to_string(&results).unwrap_or_default();
        for line in skipped_lines(&text) {
            report.skip("test", line);
        }
        return;
    }
    let mut command = place::cargo();
    command.args(["test", "--locked", "--workspace", "--all-targets", "--no-fail-fast", "--", "--show-output"]);
    command.envs(variables.iter().cloned());
    let mut skipped = Vec::new();
    report.step("tests", || match command.stderr(std::process::Stdio::inherit()).output() {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout);
            print!("{text}");
            skipped = skipped_lines(&text);
            println!("{}", totals(&text));
            if output.status.success() { Outcome::Passed } else { Outcome::Failed }
        }
        Err(error) => {
            eprintln!("   failed to start cargo: {error}");
            Outcome::Failed
        }
    });
    for line in skipped {
        report.skip("test", line);
    }
}

/// What tests say of what they could not do: lines `skipped: why`, each once.
fn skipped_lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text
        .lines()
        .filter_map(|line| line.split_once("skipped: "))
        // The harness may have begun the line with `test NAME ... `, and JUnit with a tag.
        .filter(|(before, _)| before.is_empty() || before.ends_with('>') || before.ends_with(" ... "))
        .map(|(_, why)| why.replace("&quot;", "\"").replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&"))
        .map(|why| why.split("</system-").next().unwrap_or_default().trim().to_owned())
        .collect();
    lines.sort();
    lines.dedup();
    lines
}

/// One line over the many that `cargo test` prints, one for each binary.
fn totals(text: &str) -> String {
    let mut totals = [0_u64; 3];
    for line in text.lines().filter(|line| line.starts_with("test result: ")) {
        for (total, what) in totals.iter_mut().zip([" passed", " failed", " ignored"]) {
            let before = line.split(what).next().unwrap_or_default();
            let digits = before.rsplit(' ').next().unwrap_or_default();
            *total += digits.parse().unwrap_or(0);
        }
    }
    let [passed, failed, skipped] = totals;
    format!("{passed} passed, {failed} failed, {skipped} skipped")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_checked() {
        let options = parse(&["--ci".to_owned()]).expect("it is known");
        assert!(options.ci && options.install && !options.quick);
        assert!(parse(&["--fast".to_owned()]).is_err());
    }

    #[test]
    fn skips_are_found_in_plain_output_and_in_junit() {
        let text = "ok\ntest a ... skipped: no samples\n<system-out>skipped: no &quot;x&quot;</system-out>\n3 skipped: in a sentence\n\
                    skipped: no samples\n";
        assert_eq!(skipped_lines(text), ["no \"x\"", "no samples"]);
    }

    #[test]
    fn the_totals_of_all_binaries_are_added() {
        let text = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
                    test result: FAILED. 10 passed; 2 failed; 0 ignored; 0 measured\n";
        assert_eq!(totals(text), "13 passed, 2 failed, 1 skipped");
    }
}
