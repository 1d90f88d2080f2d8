//! Every check of station logs: one file, one line.
//!
//! A check sees every row once, as it passes, and what was noticed while rows were read; at the end it reports findings. Its state
//! grows with stations, shifts and confirmations; only LOG012 keeps something of every unit.

mod log001_file_missing;
mod log002_truncated;
mod log003_row_unreadable;
mod log004_row_incomplete;
mod log005_column_missing;
mod log006_value_unknown;
mod log007_cell_missing;
mod log008_time_reversed;
mod log009_time_step;
mod log010_gap;
mod log011_samples_missing;
mod log012_repeated;
mod log013_spans_shifts;
mod log014_unscheduled;
mod log015_shifts_overlap;
mod log016_counter_back;
mod log017_counter_differs;
mod log018_mode_uncovered;
mod log019_confirmations_disagree;
mod log020_worker_name;
mod log021_undated;
mod log022_link_ambiguous;
mod log023_column_twice;
mod log024_future;

use prairie_model::{LogFinding, LogNote, LogNoteKind, Severity, TimeSpan};

use super::LogRow;

/// What is known of a check without running it.
#[derive(Debug, Clone, Copy)]
pub struct LogDoc {
    /// Stable code: `LOG003`.
    pub code: &'static str,
    /// Short name: `row unreadable`.
    pub name: &'static str,
    /// Severity of its findings. `error` means that something of the log is lost.
    pub severity: Severity,
    /// One line, without a full stop.
    pub summary: &'static str,
    /// The check's own source file, whose front page is its documentation.
    pub source: &'static str,
}

impl LogDoc {
    /// What it does, why it matters and an example: the front page of its file, as Markdown.
    pub fn page(&self) -> String {
        let lines = self.source.lines().take_while(|line| line.starts_with("//!"));
        let text: Vec<_> = lines.map(|line| line.trim_start_matches("//!").trim_start_matches(' ')).collect();
        text.join("\n").trim().to_owned()
    }
}

/// One check: one file, one line of [`LOG_CHECKS`].
#[derive(Debug, Clone, Copy)]
pub struct LogCheck {
    /// What is known of it.
    pub doc: LogDoc,
    /// Starts it on one log.
    start: fn() -> Box<dyn LogRun>,
}

/// Every check, by code.
pub const LOG_CHECKS: &[&LogCheck] = &[
    &log001_file_missing::CHECK,
    &log002_truncated::CHECK,
    &log003_row_unreadable::CHECK,
    &log004_row_incomplete::CHECK,
    &log005_column_missing::CHECK,
    &log006_value_unknown::CHECK,
    &log007_cell_missing::CHECK,
    &log008_time_reversed::CHECK,
    &log009_time_step::CHECK,
    &log010_gap::CHECK,
    &log011_samples_missing::CHECK,
    &log012_repeated::CHECK,
    &log013_spans_shifts::CHECK,
    &log014_unscheduled::CHECK,
    &log015_shifts_overlap::CHECK,
    &log016_counter_back::CHECK,
    &log017_counter_differs::CHECK,
    &log018_mode_uncovered::CHECK,
    &log019_confirmations_disagree::CHECK,
    &log020_worker_name::CHECK,
    &log021_undated::CHECK,
    &log022_link_ambiguous::CHECK,
    &log023_column_twice::CHECK,
    &log024_future::CHECK,
];

/// One row with its place.
#[derive(Debug)]
pub struct Seen<'a> {
    /// Its file.
    pub file: &'a str,
    /// Its number in the file, from 1. Of samples, that of the first one after the thing.
    pub number: u64,
    /// The row, as the log says it.
    pub row: &'a LogRow,
    /// For units: seconds that the record of modes leaves open; `None` where there is no record for it.
    pub mode_open_s: Option<f64>,
}

/// A check at work on one log.
trait LogRun: Send {
    /// The next row. Shifts, readings, modes and confirmations come before units.
    fn row(&mut self, seen: &Seen<'_>);

    /// Something that was noticed while rows were read.
    fn note(&mut self, _note: &LogNote) {}

    /// A unit with a link of which it is open whether it holds.
    fn ambiguous(&mut self, _station: &str, _unit: &str) {}

    /// No more comes: report.
    fn finish(self: Box<Self>, out: &mut Findings);
}

/// All checks at work on one log.
pub struct LogExaminer {
    runs: Vec<(&'static LogCheck, Box<dyn LogRun>)>,
}

impl std::fmt::Debug for LogExaminer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogExaminer").field("checks", &self.runs.len()).finish()
    }
}

impl Default for LogExaminer {
    fn default() -> Self {
        Self { runs: LOG_CHECKS.iter().map(|check| (*check, (check.start)())).collect() }
    }
}

impl LogExaminer {
    /// Shows a row to every check.
    pub fn row(&mut self, seen: &Seen<'_>) {
        self.runs.iter_mut().for_each(|(_, run)| run.row(seen));
    }

    /// Tells every check what was noticed.
    pub fn note(&mut self, note: &LogNote) {
        self.runs.iter_mut().for_each(|(_, run)| run.note(note));
    }

    /// Tells every check of a link of which it is open whether it holds.
    pub fn ambiguous(&mut self, station: &str, unit: &str) {
        self.runs.iter_mut().for_each(|(_, run)| run.ambiguous(station, unit));
    }

    /// What they found, by code and place.
    pub fn finish(self) -> Vec<LogFinding> {
        let mut all = Vec::new();
        for (check, run) in self.runs {
            let mut findings = Findings { doc: &check.doc, found: Vec::new() };
            run.finish(&mut findings);
            all.extend(findings.found);
        }
        let key =
            |it: &LogFinding| (it.code.clone(), it.file.clone(), it.station.clone(), it.column.clone(), it.first_row);
        all.sort_by_cached_key(key);
        all
    }
}

/// The findings of one check.
struct Findings {
    doc: &'static LogDoc,
    found: Vec<LogFinding>,
}

impl Findings {
    /// Begins a finding; [`Report::message`] ends it.
    fn report(&mut self) -> Report<'_> {
        let finding = LogFinding {
            code: self.doc.code.to_owned(),
            severity: self.doc.severity,
            file: None,
            column: None,
            station: None,
            rows: 0,
            first_row: None,
            span: None,
            message: String::new(),
        };
        Report { found: &mut self.found, finding }
    }
}

/// A finding that is being put together.
struct Report<'a> {
    found: &'a mut Vec<LogFinding>,
    finding: LogFinding,
}

impl Report<'_> {
    fn file(mut self, file: &str) -> Self {
        self.finding.file = Some(file.to_owned());
        self
    }

    fn station(mut self, station: &str) -> Self {
        self.finding.station = Some(station.to_owned());
        self
    }

    fn column(mut self, column: Option<&str>) -> Self {
        self.finding.column = column.map(str::to_owned);
        self
    }

    fn rows(mut self, rows: u64, first: Option<u64>) -> Self {
        self.finding.rows = rows;
        self.finding.first_row = first;
        self
    }

    fn span(mut self, span: TimeSpan) -> Self {
        self.finding.span = Some(span);
        self
    }

    fn message(mut self, message: String) {
        self.finding.message = message;
        self.found.push(self.finding);
    }
}

/// A check that tells what was noticed of one kind.
fn told(kind: LogNoteKind) -> Box<dyn LogRun> {
    Box::new(Told { kind, notes: Vec::new() })
}

struct Told {
    kind: LogNoteKind,
    notes: Vec<LogNote>,
}

impl LogRun for Told {
    fn row(&mut self, _: &Seen<'_>) {}

    fn note(&mut self, note: &LogNote) {
        if note.kind == self.kind {
            self.notes.push(note.clone());
        }
    }

    fn finish(self: Box<Self>, out: &mut Findings) {
        for note in self.notes {
            let message = sentence(&note);
            out.report()
                .file(&note.file)
                .column(note.column.as_deref())
                .rows(note.rows, note.first_row)
                .message(message);
        }
    }
}

/// A note as a sentence: `3 rows of `units.csv` where `outcome` is not understood, the first is row 17 (`okay?`)`.
fn sentence(note: &LogNote) -> String {
    let (file, n) = (&note.file, note.rows);
    let column = note.column.as_deref().unwrap_or("a column");
    let (noun, verb, be) = if n == 1 { ("row", "s", "is") } else { ("rows", "", "are") };
    let they = if n == 1 { "it" } else { "they" };
    let begin = if n == 1 { "begins" } else { "begin" };
    let what = match note.kind {
        LogNoteKind::FileMissing => format!("`{file}` is not there"),
        LogNoteKind::Truncated => format!("`{file}` ends in the middle, or cannot be read to its end"),
        LogNoteKind::RowUnreadable => format!("{n} {noun} of `{file}` could not be read"),
        LogNoteKind::RowIncomplete => format!("{n} {noun} of `{file}` lack{verb} what makes a row one"),
        LogNoteKind::ColumnMissing => format!("`{file}` has no column `{column}`, which the mapping names"),
        LogNoteKind::CellMissing => format!("{n} {noun} of `{file}` where `{column}` is empty"),
        LogNoteKind::ValueUnknown => format!("{n} {noun} of `{file}` where `{column}` is not understood"),
        LogNoteKind::TimeReversed => format!("{n} {noun} of `{file}` end{verb} before {they} {begin}"),
        LogNoteKind::TimeStep => format!("{n} {noun} of `{file}` begin{verb} before the row above"),
        LogNoteKind::SamplesMissing if n == 1 => format!("1 gap between samples of `{file}`"),
        LogNoteKind::SamplesMissing => format!("{n} gaps between samples of `{file}`"),
        LogNoteKind::ColumnTwice => format!("`{file}` has two columns `{column}`: neither is used"),
        LogNoteKind::Future => format!("{n} {noun} of `{file}` {be} dated after their import"),
    };
    let before = if note.kind == LogNoteKind::SamplesMissing { "before" } else { "is" };
    let first = note.first_row.map(|row| format!(", the first {before} row {row}")).unwrap_or_default();
    let example = note.example.as_ref().map(|text| format!(" (`{text}`)")).unwrap_or_default();
    format!("{what}{first}{example}")
}

/// The page of a check, as Markdown; `None` where there is no such check.
pub fn explain_log(code: &str) -> Option<String> {
    let code = code.to_ascii_uppercase();
    LOG_CHECKS.iter().find(|check| check.doc.code == code).map(|check| page(&check.doc, 1))
}

fn page(doc: &LogDoc, level: usize) -> String {
    let heading = "#".repeat(level);
    let lost = if doc.severity == Severity::Error { ", something of the log is lost" } else { "" };
    // Headings of the file's own page are of the second level.
    let own = doc.page().replace("## ", &format!("{heading}# "));
    format!(
        "{heading} {} {}\n\n{}.\n\n- about: logs of stations\n- severity: {}{lost}\n\n{own}\n",
        doc.code,
        doc.name,
        doc.summary,
        doc.severity.name()
    )
}

/// The reference of all checks of station logs: `docs/reference/log-checks.md`.
pub fn log_reference() -> String {
    let mut text = String::from(
        "# Checks of station logs\n\n\
         This page is generated from `crates/standardize/src/station/checks/`; \
         `UPDATE_DOCS=1 cargo nextest run -p prairie-standardize` rewrites it.\n\n\
         A finding says what is odd about a log. One of severity `error` says that something of it is lost: the import then ends with \
         exit code 3. `prairie explain CODE` prints one page, and `SELECT * FROM log_findings` lists what was found.\n\n\
         | code | name | severity | summary |\n|---|---|---|---|\n",
    );
    for check in LOG_CHECKS {
        let doc = &check.doc;
        let anchor = doc.name.replace(' ', "-");
        text.push_str(&format!(
            "| [{0}](#{1}-{anchor}) | {2} | {3} | {4} |\n",
            doc.code,
            doc.code.to_lowercase(),
            doc.name,
            doc.severity.name(),
            doc.summary
        ));
    }
    for check in LOG_CHECKS {
        text.push('\n');
        text.push_str(&page(&check.doc, 2));
    }
    text
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests read their data where it lies")]

    use super::*;
    use std::path::{Path, PathBuf};

    fn repository() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    #[test]
    fn every_page_is_whole_and_every_file_is_its_check() {
        assert!(LOG_CHECKS.is_sorted_by(|one, other| one.doc.code < other.doc.code), "by code, and no code twice");
        for check in LOG_CHECKS {
            let doc = &check.doc;
            assert!(doc.source.contains(&format!("{}_{}.rs", doc.code.to_lowercase(), doc.name.replace(' ', "_"))));
            assert!(!doc.summary.ends_with('.') && doc.summary.len() < 80, "{}", doc.code);
            let page = explain_log(doc.code).expect("a page");
            for part in ["What it does", "Why it matters", "Example", doc.name, doc.severity.name()] {
                assert!(page.contains(part), "{page}");
            }
            assert!(page.contains(&format!("\n{} ", doc.code)), "{} has an example of its finding", doc.code);
        }
        assert_eq!(explain_log("LOG999"), None);
    }

    #[test]
    fn every_kind_of_note_is_told_by_one_check() {
        for kind in LogNoteKind::ALL {
            let mut examiner = LogExaminer::default();
            examiner.note(&LogNote {
                kind: *kind,
                file: "units.csv".to_owned(),
                column: None,
                rows: 1,
                first_row: Some(1),
                example: None,
            });
            let findings = examiner.finish();
            assert_eq!(findings.len(), 1, "{kind:?}: {findings:?}");
            assert!(!findings[0].message.ends_with('.'));
        }
    }

    #[test]
    fn the_reference_is_current() {
        let path = repository().join("docs/reference/log-checks.md");
        let text = log_reference();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &text).expect("docs/reference/log-checks.md");
        }
        assert!(
            std::fs::read_to_string(&path).is_ok_and(|found| found == text),
            "docs/reference/log-checks.md is old: run `UPDATE_DOCS=1 cargo nextest run -p prairie-standardize`"
        );
    }
}
