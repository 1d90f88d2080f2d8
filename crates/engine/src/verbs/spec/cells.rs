//! Rules that every table keeps, column by column: names and types, nulls, empty texts, ids, words.

use std::ops::Range;

use arrow::array::{Array, AsArray, StringArray};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use prairie_catalog::table_schema;
use prairie_model::{Compression, Decision, Dimension, Mode, Outcome, SegmentLabel, Severity, StreamKind};

use super::report::{Place, SpecProblem, SpecReport};
use super::rules::SpecRule;
use crate::cells::Cells;

/// The columns of a table; `None` where the pages know no such table.
pub(super) fn columns(table: &str) -> Option<SchemaRef> {
    // Versions of datasets are the store's own.
    if table == "dataset_episodes" { None } else { table_schema(table) }
}

/// A column that came later, so that tables from before are without it.
const LATER: &str = "sha256";

/// Whether the table holds samples.
fn is_kind(table: &str) -> bool {
    StreamKind::ALL.into_iter().any(|kind| kind.table() == table)
}

/// Names and types of columns.
pub(super) fn check_schema(table: &str, file: &str, wanted: &Schema, found: &Schema, report: &mut SpecReport) {
    let mut tell = |rule, text| report.push(SpecProblem { rule, file: Some(file.to_owned()), row: None, text });
    for field in wanted.fields() {
        match found.field_with_name(field.name()) {
            Err(_) if field.name() == LATER => {}
            Err(_) => tell(SpecRule::ColumnMissing, format!("column `{}` is missing", field.name())),
            Ok(other) if !alike(other.data_type(), field.data_type()) => {
                let (name, is, should) = (field.name(), other.data_type(), field.data_type());
                tell(SpecRule::ColumnType, format!("column `{name}` is {is}, not {should}"));
            }
            Ok(_) => {}
        }
    }
    if is_kind(table) {
        for field in found.fields().iter().filter(|field| wanted.field_with_name(field.name()).is_err()) {
            tell(SpecRule::ColumnExtra, format!("column `{}` is none of table `{table}`", field.name()));
        }
    }
}

/// Whether a file may hold `found` where the specification says `wanted`: other widths of the same family are read the same.
fn alike(found: &DataType, wanted: &DataType) -> bool {
    match (found, wanted) {
        (DataType::Utf8View | DataType::LargeUtf8, DataType::Utf8)
        | (DataType::BinaryView | DataType::LargeBinary, DataType::Binary) => true,
        (DataType::Dictionary(_, value), wanted) => alike(value, wanted),
        (DataType::List(found) | DataType::LargeList(found), DataType::List(wanted)) => {
            alike(found.data_type(), wanted.data_type())
        }
        (found, wanted) => found == wanted,
    }
}

/// Digits of the ids in a column; `None` for other columns.
fn digits(column: &str) -> Option<usize> {
    match column {
        "episode_id" | "parent_id" => Some(32),
        "recording_id" | "derivation_id" | "content_hash" | "receipt_hash" | "profile_hash" => Some(64),
        _ => None,
    }
}

/// The words of a column; empty where the pages list none.
fn words(table: &str, column: &str) -> Vec<&'static str> {
    match (table, column) {
        ("episodes", "mode") => Mode::ALL.iter().map(|mode| mode.name()).collect(),
        ("episodes", "outcome") => Outcome::ALL.iter().map(|outcome| outcome.name()).collect(),
        ("episodes" | "receipts", "decision") => {
            [Decision::Accept, Decision::Repair, Decision::Reject, Decision::Unknown].map(Decision::name).into()
        }
        ("findings", "severity") => [Severity::Error, Severity::Warning, Severity::Info].map(Severity::name).into(),
        ("frames", "compression") => Compression::ALL.iter().map(|each| each.name()).collect(),
        ("receipts", column) if Dimension::ALL.iter().any(|dimension| dimension.name() == column) => {
            vec!["pass", "repair", "fail", "unknown"]
        }
        ("segments", "label") => SegmentLabel::ALL.iter().map(|label| label.name()).collect(),
        ("streams", "clock") => vec!["header", "log", "row"],
        ("streams", "kind") => StreamKind::ALL.map(StreamKind::name).into(),
        ("streams", "representation") => vec!["absolute", "delta", "velocity"],
        _ => Vec::new(),
    }
}

/// Nulls, empty texts, ids and words.
pub(super) fn check(table: &str, wanted: &Schema, cells: &Cells, place: &mut Place<'_>) {
    for field in wanted.fields() {
        let name = field.name().as_str();
        let Some(column) = cells.array(name) else { continue };
        if !field.is_nullable() && column.null_count() > 0 {
            for row in (0..column.len()).filter(|row| column.is_null(*row)) {
                place.tell(SpecRule::ValueNull, row, format!("`{name}` is null"));
            }
        }
        let Some(texts) = column.as_string_opt::<i32>() else { continue };
        let (digits, words) = (digits(name), words(table, name));
        if !field.is_nullable() && digits.is_none() && words.is_empty() {
            continue;
        }
        for run in runs(&[texts], texts.len()) {
            if texts.is_null(run.start) {
                continue;
            }
            let text = texts.value(run.start);
            if text.is_empty() && field.is_nullable() {
                place.tell(SpecRule::TextEmpty, run.start, format!("`{name}` is an empty text, not null"));
            } else if digits.is_some_and(|digits| !is_id(text, digits)) {
                let digits = digits.unwrap_or_default();
                let text = format!("`{name}` is `{}`, not {digits} lower-case hexadecimal digits", short(text));
                place.tell(SpecRule::IdMalformed, run.start, text);
            } else if !words.is_empty() && !words.contains(&text) {
                let text = format!("`{name}` is `{}`, not one of {}", short(text), words.join(", "));
                place.tell(SpecRule::WordUnknown, run.start, text);
            }
        }
    }
}

fn is_id(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit))
}

/// A text of the file as a message shows it.
pub(super) fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

/// The stretches of rows in which every one of the columns repeats itself.
pub(super) fn runs(columns: &[&StringArray], rows: usize) -> Vec<Range<usize>> {
    let same = |column: &StringArray, row: usize| {
        let (here, before) = (column.is_valid(row), column.is_valid(row - 1));
        here == before && (!here || column.value(row) == column.value(row - 1))
    };
    let mut runs: Vec<Range<usize>> = Vec::new();
    for row in 0..rows {
        match runs.last_mut() {
            Some(run) if columns.iter().all(|column| same(column, row)) => run.end = row + 1,
            _ => runs.push(row..row + 1),
        }
    }
    runs
}
