//! Rows of tables: CSV, JSON Lines, Parquet and the messages of one MCAP topic, as station logs come.
//!
//! ```text
//!   Source ─ TableFormat ─ read ─▶ Row {names, cells}*  ─▶ TableSummary
//! ```
//!
//! A row is handed over and forgotten: memory is bounded by one row, for Parquet by one batch of a row group.

mod csv;
mod json_lines;
mod mcap;
mod parquet;

use std::io::{self, Read};
use std::ops::ControlFlow;

use prairie_model::{Cell, Row, Source};

use crate::FormatError;

/// Columns that a table may have.
const COLUMNS_MAX: usize = 4096;

/// Bytes of one row of text. Longer ones are skipped and counted.
const ROW_MAX: usize = 1 << 20;

/// How a table is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableFormat {
    /// Comma, semicolon or tabulator between the cells; the first line names the columns.
    Csv,
    /// One JSON object per line; nested objects become `outer.inner`.
    JsonLines,
    /// Apache Parquet.
    Parquet,
    /// The messages of this topic of an MCAP.
    Mcap(String),
}

impl TableFormat {
    /// The format that a file's name ends with; an MCAP needs its topic.
    pub fn of_path(path: &str, topic: Option<&str>) -> Option<Self> {
        let (_, extension) = path.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "csv" | "tsv" | "txt" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            "parquet" => Some(Self::Parquet),
            "mcap" => topic.map(|topic| Self::Mcap(topic.to_owned())),
            _ => None,
        }
    }
}

/// What was read of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TableSummary {
    /// Rows that were handed over.
    pub rows: u64,
    /// Rows that could not be read: of another number of cells, no JSON object, too long.
    pub unreadable: u64,
    /// Whether the file ends in the middle of a row or cannot be read to its end.
    pub truncated: bool,
}

/// Reads every row of one file of a source.
///
/// # Errors
///
/// Where nothing of it can be read. A damaged row is counted, a damaged end told in the summary.
pub fn read_table(
    source: &dyn Source,
    file: usize,
    format: &TableFormat,
    sink: &mut dyn FnMut(&Row<'_>),
) -> Result<TableSummary, FormatError> {
    let mut all = |row: &Row<'_>| {
        sink(row);
        ControlFlow::Continue(())
    };
    match format {
        TableFormat::Csv => csv::read(source, file, None, &mut all),
        TableFormat::JsonLines => json_lines::read(source, file, &mut all),
        TableFormat::Parquet => parquet::read(source, file, &mut all),
        TableFormat::Mcap(topic) => mcap::read(source, file, topic, sink),
    }
}

/// As [`read_table`], until the sink breaks, and with the delimiter of CSV that somebody knows. The topics of an MCAP are no tables
/// here.
pub(crate) fn read_rows(
    source: &dyn Source,
    file: usize,
    (format, delimiter): (&TableFormat, Option<u8>),
    sink: &mut dyn FnMut(&Row<'_>) -> ControlFlow<()>,
) -> Result<TableSummary, FormatError> {
    match format {
        TableFormat::Csv => csv::read(source, file, delimiter, sink),
        TableFormat::JsonLines => json_lines::read(source, file, sink),
        TableFormat::Parquet => parquet::read(source, file, sink),
        TableFormat::Mcap(_) => Err(FormatError::Unsupported("an MCAP is no table of a recording".to_owned())),
    }
}

/// One file of a source as a stream of bytes.
pub(crate) struct FileRead<'a> {
    pub(crate) source: &'a dyn Source,
    pub(crate) file: usize,
    pub(crate) offset: u64,
}

impl Read for FileRead<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read_at(self.file, self.offset, buffer)?;
        self.offset += n as u64;
        Ok(n)
    }
}

/// A cell from a text: blanks around it are no part of it, and nothing is null.
fn text_cell(text: &str) -> Cell {
    match text.trim() {
        "" => Cell::Null,
        text => Cell::Text(text.to_owned()),
    }
}

/// The name of a file, for errors.
fn name_of(source: &dyn Source, file: usize) -> String {
    source.files().get(file).map(|file| file.path.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use prairie_model::MemorySource;

    /// A row's number, and its cells by name.
    type Told = (u64, Vec<(String, Cell)>);

    fn rows(format: TableFormat, text: &str) -> (Vec<Told>, TableSummary) {
        let source = MemorySource::new([("log".to_owned(), text.as_bytes().to_vec())]);
        let mut rows = Vec::new();
        let mut take = |row: &Row<'_>| {
            rows.push((row.number, row.names.iter().cloned().zip(row.cells.iter().cloned()).collect()));
        };
        let summary = read_table(&source, 0, &format, &mut take).expect("a table");
        (rows, summary)
    }

    fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    #[test]
    fn csv_with_semicolons_quotes_and_a_mark_in_front() {
        let (rows, summary) = rows(TableFormat::Csv, "\u{feff}id; result ;note\r\n1;OK;\"a;b\"\r\n2;;\r\n3;NOK\r\n");
        assert_eq!(summary, TableSummary { rows: 2, unreadable: 1, truncated: false });
        let names =
            |cells: [Cell; 3]| ["id", "result", "note"].map(str::to_owned).into_iter().zip(cells).collect::<Vec<_>>();
        assert_eq!(rows[0], (1, names([text("1"), text("OK"), text("a;b")])));
        assert_eq!(rows[1], (2, names([text("2"), Cell::Null, Cell::Null])));
    }

    #[test]
    fn json_lines_with_nested_objects_and_a_cut_end() {
        let (rows, summary) =
            rows(TableFormat::JsonLines, "{\"id\":1,\"at\":{\"s\":2.5}}\n\n[1]\n{\"id\":true}\n{\"id\":");
        assert_eq!(summary, TableSummary { rows: 2, unreadable: 2, truncated: true });
        assert_eq!(rows[0], (1, vec![("id".to_owned(), Cell::Int(1)), ("at.s".to_owned(), Cell::Float(2.5))]));
        assert_eq!(rows[1], (3, vec![("id".to_owned(), Cell::Bool(true))]));
    }

    #[test]
    fn rows_in_another_encoding_are_not_read_and_not_made_alike() {
        let bytes = b"id,kind\n1,\xb4\xf3\n2,gross\n3,\xd6\xd0\n".to_vec();
        let source = MemorySource::new([("log".to_owned(), bytes)]);
        let mut seen = Vec::new();
        let summary = read_table(&source, 0, &TableFormat::Csv, &mut |row| seen.push(row.number)).expect("a table");
        assert_eq!((summary.rows, summary.unreadable, seen), (1, 2, vec![2]));
    }

    #[test]
    fn a_mark_in_front_of_json_lines_is_no_part_of_them() {
        let (rows, summary) = rows(TableFormat::JsonLines, "\u{feff}{\"id\":1}\n{\"id\":2}\n");
        assert_eq!((rows.len(), summary.unreadable), (2, 0));
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for (format, text) in [(TableFormat::Csv, ""), (TableFormat::Csv, "a\0b\n"), (TableFormat::Parquet, "PAR1")] {
            let source = MemorySource::new([("log".to_owned(), text.as_bytes().to_vec())]);
            assert!(read_table(&source, 0, &format, &mut |_| {}).is_err(), "{text:?}");
        }
    }
}
