//! Counting a million episodes: in a process that has the store open, and as `prairie query` from start to exit.

use std::fs;
use std::process::Command;

use anyhow::Context;
use serde_json::Value;

use super::Setup;
use super::measure::measure;
use super::report::{Measured, Row, median};

const EPISODES: u64 = 1_000_000;

/// A filtered count when warm, and opening the store.
const COUNT_MAX_MS: f64 = 100.0;
const OPEN_MAX_MS: f64 = 200.0;

/// The first round warms up.
const ROUNDS: usize = 8;

pub(crate) fn query(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let store = setup.kept.join(format!("store-{EPISODES}"));
    if !store.exists() {
        let unfinished = store.with_extension("part");
        fs::remove_dir_all(&unfinished).ok();
        measure(setup.example("million").arg("fill").arg(&unfinished).arg(EPISODES.to_string()))?;
        fs::rename(&unfinished, &store)?;
    }
    let row = |name: String, result| Row { bench: "query", name, result };
    let output = setup.example("million").arg("time").arg(&store).arg(ROUNDS.to_string()).output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let times: Value = serde_json::from_str(&said)
        .with_context(|| format!("`million time` said `{said}` and {}", String::from_utf8_lossy(&output.stderr)))?;
    let open_ms = times["open_ms"].as_f64().context("`million time` told no time to open")?;
    let mut rows = vec![row("open the store".to_owned(), Measured::Within { ms: open_ms, max_ms: Some(OPEN_MAX_MS) })];
    for (sql, rounds) in times["queries_ms"].as_object().context("`million time` told no queries")? {
        let warm = rounds.as_array().into_iter().flatten().skip(1).filter_map(Value::as_f64);
        let ms = median(warm).context("`million time` told no rounds")?;
        let counted = sql.contains("count(*)") && !sql.contains("GROUP BY");
        let max_ms = counted.then_some(COUNT_MAX_MS);
        rows.push(row(format!("warm: `{sql}`"), Measured::Within { ms, max_ms }));
    }
    let mut command = Command::new(&setup.prairie);
    command.args(["query", "SELECT count(*) FROM episodes WHERE decision = 'accept'", "--store"]).arg(&store);
    let mut walls = Vec::new();
    for _ in 0..setup.runs.max(3) {
        walls.push(measure(&mut command)?.wall_s * 1e3);
    }
    let ms = median(walls).context("no runs")?;
    rows.push(row("`prairie query` with that filter, start to exit".to_owned(), Measured::Within { ms, max_ms: None }));
    Ok(rows)
}
