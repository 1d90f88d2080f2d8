//! `spec check`: whether tables follow `docs/spec/episode.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use prairie_model::StreamKind;
use serde::Serialize;

use crate::cells::Cells;
use crate::error::EngineError;

/// The specification that is tested against.
const SPECIFICATION: &str = "prairie.episode/1";

/// What a test of a folder came to.
#[derive(Debug, Clone, Serialize)]
pub struct SpecReport {
    /// The specification and its version.
    pub specification: String,
    /// Parquet files that were read.
    pub files: u64,
    /// Rows in them.
    pub rows: u64,
    /// What does not follow it, a sentence each with file and row.
    pub problems: Vec<String>,
}

/// What the rows of one file refer to, for the comparison of tables.
#[derive(Default)]
struct Seen {
    episodes: BTreeSet<String>,
    /// (episode, stream) with the samples that `streams` promises.
    streams: BTreeMap<(String, String), u64>,
    samples: BTreeMap<(String, String), u64>,
    has_streams: bool,
    has_episodes: bool,
}

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
    let mut report = SpecReport { specification: SPECIFICATION.to_owned(), files: 0, rows: 0, problems: Vec::new() };
    let mut seen = Seen::default();
    for (table, path) in &files {
        report.files += 1;
        let name = path.strip_prefix(dir).unwrap_or(path).display().to_string();
        if let Err(error) = check_file(table, &name, path, &mut report, &mut seen) {
            report.problems.push(format!("{name}: cannot be read: {error}"));
        }
    }
    compare(&seen, &mut report.problems);
    Ok(report)
}

#[expect(clippy::disallowed_methods, reason = "the folder is the user's, outside the store")]
fn tables(dir: &Path) -> io::Result<Vec<(String, PathBuf)>> {
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
                let table = candidates.into_iter().flatten().find(|name| columns(name).is_some());
                files.extend(table.map(|table| (table, path)));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The columns of a table: those of a kind, or those that every implementation must have.
fn columns(table: &str) -> Option<Vec<Field>> {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let kind = StreamKind::ALL.into_iter().find(|kind| kind.table() == table);
    if let Some(kind) = kind {
        let mut fields = vec![text("episode_id"), text("stream")];
        fields.extend(kind.fields().iter().map(|field| field.as_ref().clone()));
        return Some(fields);
    }
    let rest: &[(&str, DataType)] = match table {
        "episodes" => &[
            ("recording_id", DataType::Utf8),
            ("derivation_id", DataType::Utf8),
            ("mode", DataType::Utf8),
            ("outcome", DataType::Utf8),
            ("decision", DataType::Utf8),
            ("start_ns", DataType::Int64),
            ("end_ns", DataType::Int64),
            ("messages", DataType::UInt64),
            ("mapped", DataType::UInt64),
            ("unmapped", DataType::UInt64),
            ("undecodable", DataType::UInt64),
            ("samples", DataType::UInt64),
        ],
        "streams" => &[("stream", DataType::Utf8), ("kind", DataType::Utf8), ("samples", DataType::UInt64)],
        "findings" => &[("code", DataType::Utf8), ("severity", DataType::Utf8), ("message", DataType::Utf8)],
        "segments" => &[("label", DataType::Utf8), ("start_ns", DataType::Int64), ("end_ns", DataType::Int64)],
        _ => return None,
    };
    let mut fields = vec![text("episode_id")];
    fields.extend(rest.iter().map(|(name, kind)| Field::new(*name, kind.clone(), true)));
    Some(fields)
}

#[expect(clippy::disallowed_methods, reason = "see tables")]
fn check_file(
    table: &str,
    name: &str,
    path: &Path,
    report: &mut SpecReport,
    seen: &mut Seen,
) -> Result<(), Box<dyn std::error::Error>> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?;
    let schema = reader.schema().clone();
    for field in columns(table).unwrap_or_default() {
        match schema.field_with_name(field.name()) {
            Err(_) => report.problems.push(format!("{name}: column `{}` is missing", field.name())),
            Ok(found) if !alike(found.data_type(), field.data_type()) => report.problems.push(format!(
                "{name}: column `{}` is {}, not {}",
                field.name(),
                found.data_type(),
                field.data_type()
            )),
            Ok(_) => {}
        }
    }
    seen.has_episodes |= table == "episodes";
    seen.has_streams |= table == "streams";
    let mut row = 0;
    for batch in reader.build()? {
        let batch = batch?;
        rows(table, name, row, &batch, report, seen)?;
        row += batch.num_rows();
    }
    report.rows += row as u64;
    Ok(())
}

/// Whether a file may hold `found` where the specification says `wanted`: other widths of the same family are read the same.
fn alike(found: &DataType, wanted: &DataType) -> bool {
    match (found, wanted) {
        (DataType::Utf8View | DataType::LargeUtf8, DataType::Utf8) => true,
        (DataType::Dictionary(_, value), wanted) => alike(value, wanted),
        (DataType::List(found) | DataType::LargeList(found), DataType::List(wanted)) => {
            alike(found.data_type(), wanted.data_type())
        }
        (found, wanted) => found == wanted,
    }
}

/// Rules for rows: ids, names, counts.
fn rows(
    table: &str,
    name: &str,
    first: usize,
    batch: &RecordBatch,
    report: &mut SpecReport,
    seen: &mut Seen,
) -> Result<(), Box<dyn std::error::Error>> {
    let cells = Cells::of(batch)?;
    let mut tell = |row: usize, what: String| {
        // One broken file must not give a problem per row.
        if report.problems.len() < 1000 {
            report.problems.push(format!("{name}: row {}: {what}", first + row));
        }
    };
    for row in 0..cells.rows() {
        let Some(episode) = cells.text("episode_id", row) else {
            tell(row, "`episode_id` is null".to_owned());
            continue;
        };
        if episode.parse::<prairie_model::EpisodeId>().is_err() {
            tell(row, format!("`episode_id` is `{episode}`, not 32 lower-case hexadecimal digits"));
        }
        match table {
            "episodes" => {
                seen.episodes.insert(episode);
                let count = |name: &str| cells.count(name, row).unwrap_or(0);
                let parts = count("mapped") + count("unmapped") + count("undecodable");
                if count("messages") != parts {
                    tell(row, format!("{} messages in, and {parts} accounted for", count("messages")));
                }
                if cells.integer("end_ns", row) < cells.integer("start_ns", row) {
                    tell(row, "`end_ns` comes before `start_ns`".to_owned());
                }
            }
            "streams" => {
                let stream = cells.text("stream", row).unwrap_or_default();
                let kind = cells.text("kind", row).unwrap_or_default();
                if StreamKind::from_name(&kind).is_none() {
                    tell(row, format!("`{kind}` is no kind of stream"));
                }
                seen.streams.insert((episode, stream), cells.count("samples", row).unwrap_or(0));
            }
            "findings" | "segments" => {}
            _ => {
                if cells.integer("t_ns", row).is_none() {
                    tell(row, "`t_ns` is null".to_owned());
                }
                let stream = cells.text("stream", row).unwrap_or_default();
                *seen.samples.entry((episode, stream)).or_default() += 1;
            }
        }
    }
    Ok(())
}

/// Rules between tables, where both are there.
fn compare(seen: &Seen, problems: &mut Vec<String>) {
    for ((episode, stream), samples) in &seen.samples {
        match seen.streams.get(&(episode.clone(), stream.clone())) {
            Some(promised) if promised == samples => {}
            Some(promised) => problems
                .push(format!("episode {episode}: `{stream}` has {samples} rows, and `streams` promises {promised}")),
            None if seen.has_streams => {
                problems.push(format!("episode {episode}: `{stream}` has rows, and `streams` does not name it"));
            }
            None => {}
        }
    }
    for ((episode, stream), promised) in &seen.streams {
        if seen.has_episodes && !seen.episodes.contains(episode) {
            problems.push(format!("`streams` names episode {episode}, and `episodes` does not"));
        }
        if *promised > 0 && !seen.samples.is_empty() && !seen.samples.contains_key(&(episode.clone(), stream.clone())) {
            problems.push(format!(
                "episode {episode}: `streams` promises {promised} rows of `{stream}`, and there are none"
            ));
        }
    }
}
