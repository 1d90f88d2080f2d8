//! `query`: SQL over the catalog. Rows are written as they come, so that memory holds a few batches of them.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::errors::ParquetError;
use prairie_catalog::RowOrder;

use crate::error::EngineError;
use crate::{Engine, SqlRows};

/// Rows by which the columns of a table for people are measured.
const MEASURED: usize = 1000;

/// Characters of a cell in a table for people.
const WIDEST: usize = 60;

/// The rows of a query that is under way. Each way of writing them gives how many there were.
pub struct Rows {
    rows: SqlRows,
}

impl Rows {
    /// The columns, also where there is no row.
    pub fn schema(&self) -> SchemaRef {
        self.rows.schema()
    }

    /// The next rows as an Arrow batch; `None` at the end.
    ///
    /// # Errors
    ///
    /// When the query fails.
    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>, EngineError> {
        self.rows.next()
    }

    /// An array of objects. Columns of nanoseconds (`*_ns`) are strings, since 64-bit integers do not survive every JSON
    /// reader; what is unknown is null.
    ///
    /// # Errors
    ///
    /// When the query or `out` fails.
    pub fn write_json(mut self, out: &mut dyn Write) -> Result<u64, EngineError> {
        let mut writer = arrow::json::WriterBuilder::new()
            .with_explicit_nulls(true)
            .build::<_, arrow::json::writer::JsonArray>(&mut *out);
        let mut count = 0;
        while let Some(batch) = self.rows.next()? {
            count += batch.num_rows() as u64;
            writer.write(&times_as_text(&batch)?).map_err(|error| failed("JSON", error))?;
        }
        writer.finish().map_err(|error| failed("JSON", error))?;
        drop(writer);
        writeln!(out).map_err(unwritten)?;
        Ok(count)
    }

    /// Comma-separated values with a header. Lists are written as JSON.
    ///
    /// # Errors
    ///
    /// When the query or `out` fails.
    pub fn write_csv(mut self, out: &mut dyn Write) -> Result<u64, EngineError> {
        let quote = |cell: &str| {
            if cell.contains([',', '"', '\n', '\r']) {
                format!("\"{}\"", cell.replace('"', "\"\""))
            } else {
                cell.to_owned()
            }
        };
        let line = |cells: &[String]| cells.iter().map(|cell| quote(cell)).collect::<Vec<_>>().join(",");
        writeln!(out, "{}", line(&self.header())).map_err(unwritten)?;
        let mut count = 0;
        while let Some(batch) = self.rows.next()? {
            for row in texts(&batch, "")? {
                writeln!(out, "{}", line(&row)).map_err(unwritten)?;
                count += 1;
            }
        }
        Ok(count)
    }

    /// A Parquet file.
    ///
    /// # Errors
    ///
    /// When the query or `out` fails.
    pub fn write_parquet(mut self, out: &mut (dyn Write + Send)) -> Result<u64, EngineError> {
        let schema = self.schema();
        let mut writer = parquet::arrow::ArrowWriter::try_new(out, schema, None).map_err(failed_parquet)?;
        let mut count = 0;
        while let Some(batch) = self.rows.next()? {
            count += batch.num_rows() as u64;
            writer.write(&batch).map_err(failed_parquet)?;
            if writer.in_progress_size() > GROUP_BYTES {
                writer.flush().map_err(failed_parquet)?;
            }
        }
        writer.close().map_err(failed_parquet)?;
        Ok(count)
    }

    /// An aligned table for people; unknown is written out. The first thousand rows say how wide its columns are.
    ///
    /// # Errors
    ///
    /// When the query or `out` fails.
    pub fn write_table(mut self, out: &mut dyn Write) -> Result<u64, EngineError> {
        let mut held = vec![self.header()];
        let mut widths: Option<Vec<usize>> = None;
        let mut count = 0;
        while let Some(batch) = self.rows.next()? {
            for row in texts(&batch, "unknown")? {
                count += 1;
                match &widths {
                    Some(widths) => write_line(out, &row, widths)?,
                    None => held.push(row),
                }
                if held.len() > MEASURED && widths.is_none() {
                    widths = Some(write_held(out, &mut held)?);
                }
            }
        }
        if widths.is_none() {
            write_held(out, &mut held)?;
        }
        Ok(count)
    }

    fn header(&self) -> Vec<String> {
        self.schema().fields().iter().map(|field| field.name().clone()).collect()
    }
}

/// Bytes of a row group in memory.
const GROUP_BYTES: usize = 32 << 20;

/// Each row of a batch as texts.
fn texts(batch: &RecordBatch, null: &str) -> Result<Vec<Vec<String>>, EngineError> {
    let options = FormatOptions::default().with_null(null);
    let formatters = batch.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options));
    let formatters: Vec<_> = formatters.collect::<Result<_, _>>().map_err(|error| failed("text", error))?;
    let row = |row: usize| formatters.iter().map(|column| column.value(row).to_string()).collect();
    Ok((0..batch.num_rows()).map(row).collect())
}

/// Writes the rows that say how wide the columns are, and tells it.
fn write_held(out: &mut dyn Write, held: &mut Vec<Vec<String>>) -> Result<Vec<usize>, EngineError> {
    let rows = std::mem::take(held);
    let columns = rows.first().map_or(0, Vec::len);
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0).min(WIDEST);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in &rows {
        write_line(out, row, &widths)?;
    }
    Ok(widths)
}

fn write_line(out: &mut dyn Write, row: &[String], widths: &[usize]) -> Result<(), EngineError> {
    let mut line = String::new();
    for (cell, width) in row.iter().zip(widths) {
        let length = cell.chars().count();
        let short: String = if length > *width {
            // A column may be measured at no character at all.
            cell.chars().take(width.saturating_sub(1)).chain(['…']).collect()
        } else {
            cell.clone()
        };
        line.push_str(&short);
        line.push_str(&" ".repeat((width + 2).saturating_sub(short.chars().count())));
    }
    writeln!(out, "{}", line.trim_end()).map_err(unwritten)
}

fn unwritten(source: std::io::Error) -> EngineError {
    EngineError::Output { what: "the rows".to_owned(), source }
}

/// An error of the library that writes them: of the place that they go to, else of what they are.
fn failed(what: &str, error: ArrowError) -> EngineError {
    match error {
        ArrowError::IoError(_, source) => unwritten(source),
        error => EngineError::invalid(format!("writing the rows as {what}"), error),
    }
}

fn failed_parquet(error: ParquetError) -> EngineError {
    match error {
        ParquetError::External(source) => match source.downcast() {
            Ok(source) => unwritten(*source),
            Err(other) => EngineError::invalid("writing the rows as Parquet", other),
        },
        error => EngineError::invalid("writing the rows as Parquet", error),
    }
}

/// Casts columns of nanoseconds to text.
fn times_as_text(batch: &RecordBatch) -> Result<RecordBatch, EngineError> {
    use arrow::datatypes::{DataType, Field, Schema};
    let schema = batch.schema();
    let mut fields = Vec::new();
    let mut columns = Vec::new();
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        let is_time = field.name().ends_with("_ns") && field.data_type().is_integer();
        let kind = if is_time { DataType::Utf8 } else { field.data_type().clone() };
        columns.push(arrow::compute::cast(column, &kind).map_err(|error| failed("JSON", error))?);
        fields.push(Field::new(field.name(), kind, true));
    }
    RecordBatch::try_new(Schema::new(fields).into(), columns).map_err(|error| failed("JSON", error))
}

impl Engine {
    /// Runs a query over `episodes`, `streams`, `findings`, `receipts`, `segments`, `frames`, the tables of every kind of
    /// stream, `recordings`, `snapshots`, `datasets`, `tombstones` and the ledger, at `snapshot` or at the latest.
    ///
    /// # Errors
    ///
    /// When the statement is no query, or cannot be started.
    pub fn query(&self, sql: &str, snapshot: Option<u64>) -> Result<Rows, EngineError> {
        Ok(Rows { rows: self.stream_sql(sql, snapshot, RowOrder::Any)? })
    }
}
