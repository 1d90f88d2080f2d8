//! Compares the calculator with the same statistics in Python.
//!
//! Each `tests/oracles/<topic>.py` computes random cases with an independent library (scipy, statsmodels, lifelines) and
//! prints one JSON object per line:
//!
//! - `method` and `input`: what [`prairie_verify::calc`] is asked;
//! - `expected`: the fields that the answer must have (it may have more), or `null` where the method must refuse;
//! - `rel`: the relative error allowed of a number, 1e-9 where it is absent;
//! - `abs`: an absolute error that is always allowed, 1e-14 where it is absent.
//!
//! The test runs them with the Python that `PRAIRIE_STATISTICS_PYTHON` names, and is skipped where that is not set.

#![expect(clippy::disallowed_methods, reason = "a test lists the generators beside it")]

use std::path::{Path, PathBuf};
use std::process::Command;

use prairie_verify::calc;
use serde_json::Value;

/// Differences that are printed before the rest is only counted.
const SHOWN_MAX: usize = 20;

/// What is allowed between a number found and the one expected.
#[derive(Clone, Copy)]
struct Tolerance {
    relative: f64,
    absolute: f64,
}

impl Tolerance {
    fn of(case: &Value) -> Self {
        let number = |name: &str, usual: f64| case.get(name).and_then(Value::as_f64).unwrap_or(usual);
        Self { relative: number("rel", 1e-9), absolute: number("abs", 1e-14) }
    }

    fn holds(self, found: f64, expected: f64) -> bool {
        (found - expected).abs() <= self.relative * expected.abs() + self.absolute
    }
}

/// The first place where `found` is not what is `expected`; fields that are not expected are left alone.
fn difference(found: &Value, expected: &Value, tolerance: Tolerance, place: &str) -> Option<String> {
    let differs = || Some(format!("{place} is {found}, not {expected}"));
    match (found, expected) {
        (Value::Number(number), Value::Number(other)) => {
            let near = tolerance.holds(number.as_f64().unwrap_or(f64::NAN), other.as_f64().unwrap_or(f64::NAN));
            if near { None } else { differs() }
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => items
            .iter()
            .zip(others)
            .enumerate()
            .find_map(|(index, (item, other))| difference(item, other, tolerance, &format!("{place}[{index}]"))),
        (Value::Object(fields), Value::Object(others)) => others.iter().find_map(|(name, other)| {
            difference(fields.get(name).unwrap_or(&Value::Null), other, tolerance, &format!("{place}.{name}"))
        }),
        _ if found == expected => None,
        _ => differs(),
    }
}

/// What is wrong with the answer to one line of a generator.
fn check(line: &str) -> Option<String> {
    let Ok(case) = serde_json::from_str::<Value>(line) else { return Some(format!("not JSON: {line}")) };
    let field = |name: &str| case.get(name).cloned().unwrap_or(Value::Null);
    let (name, input, expected) = (field("method"), field("input"), field("expected"));
    let Some(method) = name.as_str().and_then(calc::method) else { return Some(format!("there is no method {name}")) };
    let wrong = match (method.run)(input.clone()) {
        Ok(found) if expected.is_null() => Some(format!("gave {found}, and should refuse")),
        Ok(found) => difference(&found, &expected, Tolerance::of(&case), "the answer"),
        Err(_) if expected.is_null() => None,
        Err(error) => Some(format!("failed: {error}")),
    };
    wrong.map(|wrong| format!("{name} {input}: {wrong}"))
}

/// The generators beside this file, sorted.
fn generators() -> Vec<PathBuf> {
    let folder = Path::new(file!()).with_extension("");
    // Cargo runs tests in the package's folder, and `file!` is relative to the workspace's.
    let folder = [folder, Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles")]
        .into_iter()
        .find(|folder| folder.is_dir())
        .expect("the folder of generators");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("a readable folder")
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .collect();
    paths.sort();
    paths
}

#[test]
fn python_agrees() {
    let Some(python) = std::env::var_os("PRAIRIE_STATISTICS_PYTHON") else {
        println!("skipped: `PRAIRIE_STATISTICS_PYTHON` does not name a Python with scipy");
        return;
    };
    let only = std::env::var("PRAIRIE_ORACLE").ok();
    let (mut cases, mut differences) = (0, Vec::new());
    for path in generators() {
        if only.as_ref().is_some_and(|only| path.file_stem().is_some_and(|stem| stem != only.as_str())) {
            continue;
        }
        let output = Command::new(&python).arg(&path).output().expect("a Python that starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{} ended with {}: {errors}", path.display(), output.status);
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let before = (cases, differences.len());
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            cases += 1;
            differences.extend(check(line));
        }
        assert!(cases > before.0, "{} prints no cases", path.display());
        println!("{}: {} cases, {} differ", path.display(), cases - before.0, differences.len() - before.1);
    }
    let shown = differences.iter().take(SHOWN_MAX).cloned().collect::<Vec<_>>().join("\n");
    assert!(differences.is_empty(), "{} of {cases} cases differ:\n{shown}", differences.len());
}

#[test]
fn differences_are_found() {
    let line = |input: &str, expected: &str| {
        format!(r#"{{"method": "clopper-pearson", "input": {input}, "expected": {expected}, "rel": 1e-9}}"#)
    };
    let input = r#"{"successes": 0, "trials": 59, "side": "two"}"#;
    assert_eq!(check(&line(input, r#"{"lower": 0.0}"#)), None);
    for (input, expected) in [
        (input, r#"{"lower": 0.1}"#),
        (input, r#"{"lower": null}"#),
        (input, r#"{"middle": 0.0}"#),
        (input, "null"),
        (r#"{"successes": 1}"#, "{}"),
    ] {
        assert!(check(&line(input, expected)).is_some(), "{input} {expected}");
    }
    assert!(check(r#"{"method": "nothing"}"#).is_some());
    assert!(check("{").is_some());
}
