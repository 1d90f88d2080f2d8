//! `query`: SQL over the catalog.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::Engine;
use crate::error::EngineError;

/// The rows of a query.
#[derive(Debug, Clone)]
pub struct Rows {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Rows {
    /// The rows as Arrow batches.
    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An array of objects. Columns of nanoseconds (`*_ns`) are strings, since 64-bit integers do not survive every JSON
    /// reader; what is unknown is null.
    ///
    /// # Errors
    ///
    /// When `out` fails.
    pub fn write_json(&self, out: &mut dyn Write) -> Result<(), EngineError> {
        let mut writer = arrow::json::WriterBuilder::new()
            .with_explicit_nulls(true)
            .build::<_, arrow::json::writer::JsonArray>(&mut *out);
        for batch in &self.batches {
            writer.write(&times_as_text(batch)?).map_err(|error| failed("JSON", error))?;
        }
        writer.finish().map_err(|error| failed("JSON", error))?;
        drop(writer);
        writeln!(out).map_err(|source| EngineError::Store { what: "the rows".to_owned(), source })
    }

    /// Comma-separated values with a header. Lists are written as JSON.
    ///
    /// # Errors
    ///
    /// When `out` fails.
    pub fn write_csv(&self, out: &mut dyn Write) -> Result<(), EngineError> {
        let quote = |cell: &str| {
            if cell.contains([',', '"', '\n', '\r']) {
                format!("\"{}\"", cell.replace('"', "\"\""))
            } else {
                cell.to_owned()
            }
        };
        let write = |out: &mut dyn Write, cells: Vec<String>| {
            writeln!(out, "{}", cells.join(","))
                .map_err(|source| EngineError::Store { what: "the rows".to_owned(), source })
        };
        write(out, self.schema.fields().iter().map(|field| quote(field.name())).collect())?;
        self.each_row(|cells| write(out, cells.iter().map(|cell| quote(cell)).collect()), "")
    }

    /// A Parquet file.
    ///
    /// # Errors
    ///
    /// When `out` fails.
    pub fn write_parquet(&self, out: &mut (dyn Write + Send)) -> Result<(), EngineError> {
        let mut writer = parquet::arrow::ArrowWriter::try_new(out, self.schema.clone(), None)
            .map_err(|error| failed("Parquet", error))?;
        for batch in &self.batches {
            writer.write(batch).map_err(|error| failed("Parquet", error))?;
        }
        writer.close().map_err(|error| failed("Parquet", error))?;
        Ok(())
    }

    /// An aligned table for people; unknown is written out.
    ///
    /// # Errors
    ///
    /// When `out` fails.
    pub fn write_table(&self, out: &mut dyn Write) -> Result<(), EngineError> {
        let mut rows = vec![self.schema.fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>()];
        self.each_row(
            |cells| {
                rows.push(cells);
                Ok(())
            },
            "unknown",
        )?;
        let columns = self.schema.fields().len();
        let widths: Vec<usize> =
            (0..columns).map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0).min(60)).collect();
        for row in &rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let short: String = if cell.chars().count() > *width {
                    cell.chars().take(width - 1).chain(['…']).collect()
                } else {
                    cell.clone()
                };
                line.push_str(&short);
                line.push_str(&" ".repeat(width + 2 - short.chars().count()));
            }
            writeln!(out, "{}", line.trim_end())
                .map_err(|source| EngineError::Store { what: "the rows".to_owned(), source })?;
        }
        Ok(())
    }

    fn each_row(
        &self,
        mut take: impl FnMut(Vec<String>) -> Result<(), EngineError>,
        null: &str,
    ) -> Result<(), EngineError> {
        let options = FormatOptions::default().with_null(null);
        for batch in &self.batches {
            let formatters: Vec<_> = batch
                .columns()
                .iter()
                .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
                .collect::<Result<_, _>>()
                .map_err(|error| failed("text", error))?;
            for row in 0..batch.num_rows() {
                take(formatters.iter().map(|column| column.value(row).to_string()).collect())?;
            }
        }
        Ok(())
    }
}

fn failed(what: &str, error: impl std::error::Error) -> EngineError {
    EngineError::invalid(format!("writing the rows as {what}"), error)
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
    /// stream, `recordings`, `snapshots`, `datasets` and the ledger, at `snapshot` or at the latest.
    ///
    /// # Errors
    ///
    /// When the statement is no query, or fails.
    pub fn query(&self, sql: &str, snapshot: Option<u64>) -> Result<Rows, EngineError> {
        let (schema, batches) = self.run_sql(sql, snapshot)?;
        Ok(Rows { schema, batches })
    }
}
