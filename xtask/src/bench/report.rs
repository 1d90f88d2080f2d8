//! Rows, the table and the JSON.

use std::fmt::Write;
use std::fs;

use serde_json::{Value, json};

use super::Setup;
use super::measure::Sample;

/// One thing that was measured.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// The benchmark.
    pub(crate) bench: &'static str,
    /// What ran.
    pub(crate) name: String,
    /// How it came out.
    pub(crate) result: Measured,
}

/// What came out.
#[derive(Debug, Clone)]
pub(crate) enum Measured {
    /// Runs over so many bytes of input.
    Runs { samples: Vec<Sample>, bytes: u64 },
    /// How many times faster than a peer, by the medians, and the target.
    Ratio { times: f64, target: f64 },
    /// A time that no peer sets: the median, and what it may be at most.
    Within { ms: f64, max_ms: Option<f64> },
    /// How many of a hundred logs, and how many may be at most.
    Percent { percent: f64, max_percent: f64 },
    /// Something that is no time.
    Note(String),
    /// It could not run.
    Missing(String),
}

/// The middle one; of an even number, the mean of the two in the middle.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    // OK to index: there is at least one, so that (n − 1) / 2 is below n.
    Some((values[(values.len() - 1) / 2] + upper) / 2.0)
}

/// The median wall time.
pub(crate) fn median_s(samples: &[Sample]) -> f64 {
    median(samples.iter().map(|sample| sample.wall_s)).unwrap_or(f64::NAN)
}

fn extremes_s(samples: &[Sample]) -> (f64, f64) {
    let seconds = samples.iter().map(|sample| sample.wall_s);
    (seconds.clone().fold(f64::INFINITY, f64::min), seconds.fold(0.0, f64::max))
}

fn peak_mb(samples: &[Sample]) -> Option<f64> {
    let peak = samples.iter().filter_map(|sample| sample.peak_bytes).max()?;
    // OK to cast: memory fits 53 bits.
    Some(peak as f64 / 1e6)
}

/// A table for people, in Markdown.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text =
        String::from("| bench | what | median | fastest–slowest | MB/s | peak memory |\n|---|---|---|---|---|---|\n");
    for Row { bench, name, result } in rows {
        let cells = match result {
            Measured::Runs { samples, bytes } => {
                let (fastest, slowest) = extremes_s(samples);
                let seconds = median_s(samples);
                let peak = peak_mb(samples).map_or("unknown".to_owned(), |peak| format!("{peak:.0} MB"));
                let rate = *bytes as f64 / 1e6 / seconds;
                format!("{seconds:.2} s | {fastest:.2}–{slowest:.2} s | {rate:.0} | {peak}")
            }
            Measured::Ratio { times, target } => {
                let verdict = if times >= target { "reached" } else { "missed" };
                format!("**{times:.2} ×** | target {target} ×: {verdict} | | ")
            }
            Measured::Within { ms, max_ms: None } => format!("{ms:.1} ms | | | "),
            Measured::Within { ms, max_ms: Some(max_ms) } => {
                let verdict = if ms <= max_ms { "reached" } else { "missed" };
                format!("{ms:.1} ms | target {max_ms} ms: {verdict} | | ")
            }
            Measured::Percent { percent, max_percent } => {
                let verdict = if percent <= max_percent { "reached" } else { "missed" };
                format!("{percent:.2} % | target {max_percent} %: {verdict} | | ")
            }
            Measured::Note(text) => format!("{text} | | | "),
            Measured::Missing(why) => format!("missing: {why} | | | "),
        };
        // Writing to a String cannot fail.
        writeln!(text, "| {bench} | {name} | {cells} |").ok();
    }
    text
}

/// The same for programs.
pub(crate) fn json(rows: &[Row], setup: &Setup) -> Value {
    let row = |Row { bench, name, result }: &Row| match result {
        Measured::Runs { samples, bytes } => json!({
            "bench": bench,
            "name": name,
            "bytes": bytes,
            "median_s": median_s(samples),
            "wall_s": samples.iter().map(|sample| sample.wall_s).collect::<Vec<_>>(),
            "peak_bytes": samples.iter().filter_map(|sample| sample.peak_bytes).max(),
        }),
        Measured::Ratio { times, target } => json!({ "bench": bench, "name": name, "times": times, "target": target }),
        Measured::Within { ms, max_ms } => json!({ "bench": bench, "name": name, "median_ms": ms, "max_ms": max_ms }),
        Measured::Percent { percent, max_percent } => {
            json!({ "bench": bench, "name": name, "percent": percent, "max_percent": max_percent })
        }
        Measured::Note(text) => json!({ "bench": bench, "name": name, "note": text }),
        Measured::Missing(why) => json!({ "bench": bench, "name": name, "missing": why }),
    };
    let input = setup.mcap.file_name().map(|name| name.to_string_lossy().into_owned());
    json!({ "machine": machine(), "input": input, "rows": rows.iter().map(row).collect::<Vec<_>>() })
}

/// The machine, in one line.
pub(crate) fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or("unknown".to_owned(), |cores| cores.to_string());
    let field = |path: &str, name: &str| {
        let text = fs::read_to_string(path).ok()?;
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let memory = field("/proc/meminfo", "MemTotal").unwrap_or_else(|| "unknown".to_owned());
    format!("{processor}, {cores} cores, {memory} of memory")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0]), Some(2.5));
        assert_eq!(median([]), None);
    }

    #[test]
    fn the_table_tells_numbers_ratios_and_what_is_missing() {
        let samples = [2.0, 1.0, 4.0].map(|wall_s| Sample { wall_s, peak_bytes: Some(300_000_000) }).to_vec();
        let row = |name: &str, result| Row { bench: "ingest", name: name.to_owned(), result };
        let rows = [
            row("prairie", Measured::Runs { samples, bytes: 1_000_000_000 }),
            row("against rerun", Measured::Ratio { times: 1.5, target: 2.0 }),
            row("rerun", Measured::Missing("not installed".to_owned())),
        ];
        let table = table(&rows);
        let lines: Vec<_> = table.lines().skip(2).collect();
        assert_eq!(lines[0], "| ingest | prairie | 2.00 s | 1.00–4.00 s | 500 | 300 MB |");
        assert_eq!(lines[1], "| ingest | against rerun | **1.50 ×** | target 2 ×: missed | |  |");
        assert_eq!(lines[2], "| ingest | rerun | missing: not installed | | |  |");
    }
}
