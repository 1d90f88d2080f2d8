//! How often verdicts promote what they should not, and how long one takes: the tables of `docs/calibration.md`, made again.

use anyhow::Context;

use super::Setup;
use super::measure::measure;
use super::report::{Measured, Row};

/// Logs of each design, and of each way to cheat.
const REPLICATES: &str = "4000";
const LOGS: &str = "100";

/// A seed that is not the one with which the rule was chosen.
const SEED: &str = "3003";

/// Percent of logs that may be promoted falsely, by chance and by a cheat.
const FALSE_MAX: f64 = 6.0;
const CHEATED_MAX: f64 = 5.0;

/// What a verdict over ten million units may take.
const VERDICT_MAX_MS: f64 = 30_000.0;

/// The worst design of each table.
pub(crate) fn calibration(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (table, column) in [("worst", "decision"), ("looks", "promoted")] {
        let lines = csv(&said(setup, "calibration", &[table, REPLICATES, SEED])?, column, 7)?;
        let worst = lines.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).context("the table is empty")?;
        let name = format!("`{table}`, its worst design: {}", worst.0);
        rows.push(Row {
            bench: "calibration",
            name,
            result: Measured::Percent { percent: worst.1, max_percent: FALSE_MAX },
        });
    }
    Ok(rows)
}

/// Each way to cheat, with all controls and without.
pub(crate) fn cheats(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let text = said(setup, "cheats", &[LOGS, SEED])?;
    let (with, without) = (csv(&text, "with all", 2)?, csv(&text, "without", 2)?);
    let cheated = with.into_iter().zip(without).filter(|((name, _), _)| !name.starts_with("honest"));
    let row = |((name, with), (_, without)): ((String, f64), (String, f64))| Row {
        bench: "cheats",
        name: format!("{name}: promoted with all controls, where {without} are without"),
        result: Measured::Percent { percent: with, max_percent: CHEATED_MAX },
    };
    Ok(cheated.map(row).collect())
}

/// A verdict over ten million units in memory.
pub(crate) fn verdict(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let sample = measure(&mut setup.example("speed"))?;
    let ms = sample.wall_s * 1e3;
    let name = "10 million units in 20,000 shifts, made and judged".to_owned();
    let peak = sample.peak_bytes.map_or("unknown".to_owned(), |peak| format!("{:.0} MB", peak as f64 / 1e6));
    Ok(vec![
        Row { bench: "verdict", name, result: Measured::Within { ms, max_ms: Some(VERDICT_MAX_MS) } },
        Row { bench: "verdict", name: format!("peak memory: {peak}"), result: Measured::Note(String::new()) },
    ])
}

fn said(setup: &Setup, example: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output =
        setup.example(example).args(arguments).output().with_context(|| format!("failed to run `{example}`"))?;
    anyhow::ensure!(output.status.success(), "`{example}` failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// One column of a table, with its first `names` columns as a name. Lines before the head, and those that say something else,
/// are passed over.
fn csv(text: &str, column: &str, names: usize) -> anyhow::Result<Vec<(String, f64)>> {
    let mut lines = text.lines().skip_while(|line| line.starts_with('#'));
    let at = lines.next().and_then(|head| head.split(',').position(|name| name == column));
    let at = at.with_context(|| format!("the table has no column `{column}`"))?;
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        Some((cells.get(..names)?.join(" "), cells.get(at)?.parse().ok()?))
    };
    Ok(lines.filter_map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name() {
        let text =
            "# asked 0.95\nkind,strength,logs,with all\nlog_gaps,0.60,9,3\noverlap,none lifts it over the gate\n";
        assert_eq!(csv(text, "with all", 2).expect("a column"), [("log_gaps 0.60".to_owned(), 3.0)]);
        assert!(csv(text, "without", 2).is_err());
    }
}
