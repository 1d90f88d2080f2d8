//! The beginning of the proof road through the engine's boundary: the register, station logs with their findings, links between
//! units and episodes, real logs by others, and public claims.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests make and damage files of their own")]
#![expect(clippy::print_stdout, reason = "it says what it skipped")]

mod claims;
mod later;
mod links;
mod logs;
mod real;
mod register;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use prairie_engine::{Config, Engine};
use serde_json::Value;
use tempfile::TempDir;

/// The folder of the repository.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A new store.
fn store() -> (TempDir, Engine) {
    let dir = TempDir::new().unwrap();
    let engine = Engine::create(&Config::at(dir.path().join("store"))).unwrap();
    (dir, engine)
}

/// The rows of a query.
fn rows(engine: &Engine, sql: &str) -> Vec<BTreeMap<String, Value>> {
    let mut text = Vec::new();
    engine.query(sql, None).unwrap().write_json(&mut text).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// The rows of a query as text: cells with blanks between them.
fn lines(engine: &Engine, sql: &str) -> Vec<String> {
    let mut text = Vec::new();
    engine.query(sql, None).unwrap().write_csv(&mut text).unwrap();
    String::from_utf8(text).unwrap().lines().skip(1).map(|line| line.replace(',', " ")).collect()
}

/// A folder of samples by others; `None`, told, where it is not there.
fn foreign(name: &str) -> Option<PathBuf> {
    let root =
        std::env::var_os("PRAIRIE_SAMPLES").map_or_else(|| repository().join("../shared/samples"), PathBuf::from);
    let folder = root.join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: `{}` is not there", folder.display());
    None
}
