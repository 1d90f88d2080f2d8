//! The table of one stream on its way into a file.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::errors::ParquetError;
use ::parquet::file::properties::WriterProperties;
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef};
use arrow::error::ArrowError;
use prairie_model::{Hash256, StreamBatch, StreamKind};
use sha2::{Digest, Sha256};

use super::shape::{Column, Subject, labels};
use crate::error::EngineError;
use crate::export::{FeatureProof, new_file};

/// Encoded rows that are kept before they are written as a group.
const GROUP_BYTES: usize = 16 << 20;

pub(super) fn failed(error: ParquetError) -> EngineError {
    EngineError::Bug(format!("Parquet: {error}"))
}

pub(super) fn mismatched(error: ArrowError) -> EngineError {
    EngineError::Bug(format!("a table: {error}"))
}

/// A file of rows. Writing fails only where the disk does.
pub(super) struct Rows {
    writer: ArrowWriter<File>,
    schema: SchemaRef,
    pub(super) count: u64,
}

impl Rows {
    /// A new file at `path` below `dir`.
    pub(super) fn create(dir: &Path, path: &str, fields: Vec<Field>) -> Result<Self, EngineError> {
        let schema = Arc::new(Schema::new(fields));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_created_by(concat!("prairie ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let file = new_file(dir, path)?;
        let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties)).map_err(failed)?;
        Ok(Self { writer, schema, count: 0 })
    }

    /// Appends rows.
    pub(super) fn append(&mut self, columns: Vec<ArrayRef>) -> Result<(), EngineError> {
        let batch = RecordBatch::try_new(self.schema.clone(), columns).map_err(mismatched)?;
        self.count += batch.num_rows() as u64;
        self.writer.write(&batch).map_err(failed)?;
        if self.writer.in_progress_size() > GROUP_BYTES {
            self.writer.flush().map_err(failed)?;
        }
        Ok(())
    }

    /// Closes the file.
    pub(super) fn finish(self) -> Result<(), EngineError> {
        self.writer.close().map(drop).map_err(failed)
    }
}

/// The table of one stream: rows of all episodes, one after the other, each in the order of time.
pub(super) struct StreamTable {
    pub(super) subject: Subject,
    /// Below the export's folder.
    pub(super) path: String,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Rows,
    pub(super) episodes: u64,
    totals: Totals,
}

impl StreamTable {
    /// Begins the table of a stream with these columns of numbers; none for texts.
    pub(super) fn create(
        dir: &Path,
        path: String,
        subject: Subject,
        columns: Vec<Column>,
    ) -> Result<Self, EngineError> {
        let mut fields = times();
        if subject.kind == StreamKind::Event {
            fields.extend([Field::new("level", DataType::Utf8, true), Field::new("text", DataType::Utf8, false)]);
        }
        fields.extend(columns.iter().map(Column::field));
        let rows = Rows::create(dir, &path, fields)?;
        let totals = Totals::new(columns.len());
        Ok(Self { subject, path, columns, rows, episodes: 0, totals })
    }

    /// Appends the samples of an episode that begins at `start_ns`.
    pub(super) fn append(&mut self, episode: u64, start_ns: i64, batch: &StreamBatch) -> Result<(), EngineError> {
        let t_ns = batch.t_ns();
        // OK to cast: a count of episodes in memory.
        let index: ArrayRef = Arc::new(Int64Array::from_value(episode as i64, t_ns.len()));
        let mut columns = vec![index, Arc::new(Int64Array::from(t_ns.to_vec())), seconds(t_ns, start_ns)];
        let taken = |name: &str| -> Result<ArrayRef, EngineError> {
            let column = batch.samples.column_by_name(name).cloned();
            column.ok_or_else(|| EngineError::Bug(format!("`{}` has no `{name}`", batch.stream.name)))
        };
        columns.extend([taken("log_time_ns")?, taken("header_time_ns")?]);
        if self.subject.kind == StreamKind::Event {
            let (level, text) = (taken("level")?, taken("text")?);
            self.totals.add_texts(&text);
            columns.extend([level, text]);
        } else {
            let labels = labels(&batch.stream);
            let values: Vec<ArrayRef> = self.columns.iter().map(|column| column.values(batch, &labels)).collect();
            self.totals.add(&values);
            columns.extend(values);
        }
        self.episodes += 1;
        self.rows.append(columns)
    }

    /// Closes the file and says what is in it.
    pub(super) fn finish(self) -> Result<FeatureProof, EngineError> {
        let rows = self.rows.count;
        let is_text = self.subject.kind == StreamKind::Event;
        self.rows.finish()?;
        Ok(self.totals.proof(&self.path, &self.subject.stream, is_text, rows))
    }
}

/// The columns that every table of samples begins with.
pub(super) fn times() -> Vec<Field> {
    vec![
        Field::new("episode", DataType::Int64, false),
        Field::new("t_ns", DataType::Int64, false),
        Field::new("time_s", DataType::Float64, false),
        Field::new("log_time_ns", DataType::Int64, true),
        Field::new("header_time_ns", DataType::Int64, true),
    ]
}

/// Seconds from `start_ns` on.
pub(super) fn seconds(t_ns: &[i64], start_ns: i64) -> ArrayRef {
    Arc::new(Float64Array::from_iter_values(t_ns.iter().map(|t| t.saturating_sub(start_ns) as f64 / 1e9)))
}

/// Statistics and hash over everything that a table holds.
struct Totals {
    hash: Sha256,
    missing: u64,
    min: Vec<f64>,
    max: Vec<f64>,
    sum: Vec<f64>,
    count: Vec<u64>,
}

impl Totals {
    fn new(width: usize) -> Self {
        Self {
            hash: Sha256::new(),
            missing: 0,
            min: vec![f64::INFINITY; width],
            max: vec![f64::NEG_INFINITY; width],
            sum: vec![0.0; width],
            count: vec![0; width],
        }
    }

    fn add_texts(&mut self, texts: &ArrayRef) {
        let texts = texts.as_string_opt::<i32>();
        for text in texts.into_iter().flatten().flatten() {
            self.hash.update(text.as_bytes());
        }
    }

    /// Adds columns, row by row; all numbers of a list count for its column.
    fn add(&mut self, columns: &[ArrayRef]) {
        let rows = columns.first().map_or(0, |column| column.len());
        for row in 0..rows {
            for (at, column) in columns.iter().enumerate() {
                match column.as_list_opt::<i32>() {
                    Some(list) if list.is_valid(row) => self.cells(at, &list.value(row)),
                    Some(_) => self.missing += 1,
                    None => self.cell(at, column, row),
                }
            }
        }
    }

    fn cells(&mut self, at: usize, values: &ArrayRef) {
        (0..values.len()).for_each(|row| self.cell(at, values, row));
    }

    fn cell(&mut self, at: usize, values: &ArrayRef, row: usize) {
        let value = values.as_primitive_opt::<Float64Type>().filter(|values| values.is_valid(row));
        let value = value.map_or(f64::NAN, |values| values.value(row));
        // Every NaN and every null is the same nothing.
        self.missing += u64::from(value.is_nan());
        self.hash.update(if value.is_nan() { f64::NAN } else { value }.to_le_bytes());
        if value.is_finite() {
            self.min[at] = self.min[at].min(value);
            self.max[at] = self.max[at].max(value);
            self.sum[at] += value;
            self.count[at] += 1;
        }
    }

    fn proof(self, path: &str, stream: &str, is_text: bool, rows: u64) -> FeatureProof {
        FeatureProof {
            feature: path.to_owned(),
            streams: vec![stream.to_owned()],
            stored_as: if is_text { "text" } else { "float64" }.to_owned(),
            width: self.min.len(),
            samples_in: rows,
            rows_out: rows,
            missing: self.missing,
            largest_distance_s: 0.0,
            hash: Hash256::from_bytes(self.hash.finalize().into()),
            largest_rounding: 0.0,
            mean: self.sum.iter().zip(&self.count).map(|(sum, count)| sum / (*count as f64)).collect(),
            min: self.min,
            max: self.max,
            converted: None,
        }
    }
}
