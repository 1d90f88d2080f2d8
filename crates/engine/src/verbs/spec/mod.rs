//! `spec check`: whether tables follow `docs/spec/episode.md` and `docs/spec/annotation.md`.
//!
//! ```text
//!   folder ─▶ files, by table ─▶ columns ─▶ batch ─▶ cells: nulls, words, ids ─▶ rows of facts, or samples ─┐
//!             episodes, streams and receipts first                 │                                        ▼
//!                                                                  └────────────── Known ──────▶ between tables
//! ```
//!
//! Rows are read once and not held. What is kept grows with episodes, streams, receipts and segments of label `skill`.
//!
//! **Invariant:** what is tested is stated on the pages; a rule that only Prairie keeps is a check of quality.

mod cells;
mod facts;
mod known;
mod report;
mod rules;
mod samples;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::cells::Cells;
use crate::error::EngineError;
use known::{FileOwner, Known};
use report::Place;

pub use report::{SpecProblem, SpecReport};
pub use rules::SpecRule;

/// Tests every Parquet file under `dir`. A file belongs to the table that its folder, or else its own name, is called after.
///
/// # Errors
///
/// When the folder cannot be read, or holds no table.
pub fn spec_check(dir: &Path) -> Result<SpecReport, EngineError> {
    let failed = |source| EngineError::File { action: "read", path: dir.to_owned(), source };
    let files = tables(dir).map_err(failed)?;
    if files.is_empty() {
        return Err(EngineError::invalid(
            format!("folder `{}`", dir.display()),
            "there is no Parquet file in it that is called after a table",
        ));
    }
    let mut report = SpecReport::new();
    let mut known = Known::default();
    for (_, table, path) in &files {
        report.files += 1;
        let name = path.strip_prefix(dir).unwrap_or(path).display().to_string();
        known.begin(table);
        if let Err(error) = check_file(table, &name, path, &mut report, &mut known) {
            let text = format!("cannot be read: {error}");
            report.push(SpecProblem { rule: SpecRule::Unreadable, file: Some(name), row: None, text });
        }
    }
    known.compare(&mut report);
    Ok(report)
}

/// The files of tables under `dir`, in the order in which they are read.
#[expect(clippy::disallowed_methods, reason = "the folder is the user's, outside the store")]
fn tables(dir: &Path) -> io::Result<Vec<(u8, String, PathBuf)>> {
    let mut files = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(&folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
        entries.sort();
        for path in entries {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "parquet") {
                let named = |path: Option<&std::ffi::OsStr>| path.map(|name| name.to_string_lossy().into_owned());
                let candidates = [named(folder.file_name()), named(path.file_stem())];
                let table = candidates.into_iter().flatten().find(|name| cells::columns(name).is_some());
                files.extend(table.map(|table| (rank(&table), table, path)));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// What other tables are compared with is read before them.
fn rank(table: &str) -> u8 {
    match table {
        "episodes" => 0,
        "streams" => 1,
        "receipts" => 2,
        _ => 3,
    }
}

#[expect(clippy::disallowed_methods, reason = "see tables")]
fn check_file(
    table: &str,
    name: &str,
    path: &Path,
    report: &mut SpecReport,
    known: &mut Known,
) -> Result<(), Box<dyn std::error::Error>> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?;
    // OK because only files of tables with columns are read.
    let wanted = cells::columns(table).ok_or("it belongs to no table")?;
    cells::check_schema(table, name, &wanted, reader.schema(), report);
    let mut owner = FileOwner::default();
    let mut first = 0;
    for batch in reader.build()? {
        let cells = Cells::of(&batch?)?;
        let mut place = Place { report, file: name, first };
        cells::check(table, &wanted, &cells, &mut place);
        match table {
            "episodes" => facts::episodes(&cells, known, &mut place),
            "streams" => facts::streams(&cells, known, &mut place),
            "receipts" => facts::receipts(&cells, known, &mut place),
            "findings" => facts::findings(&cells, known, &mut place),
            "segments" => facts::segments(&cells, known, &mut place),
            table => samples::check(table, &cells, known, &mut place),
        }
        known.check_episodes(table, &cells, &mut owner, &mut place);
        first += cells.rows() as u64;
        report.rows += cells.rows() as u64;
    }
    Ok(())
}
