//! Reading table files back, and writing them anew without some rows.

use std::collections::BTreeSet;
use std::io::{self, BufReader, Read};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray, new_null_array};
use arrow::compute::filter_record_batch;
use arrow::datatypes::UInt32Type;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};
use prairie_store::{ObjectReader, Objects};

use crate::tables::{hidden_by_revision, is_of_log, table_schema};
use crate::view::Hidden;
use crate::{CatalogError, DataFile, Result, TableWriter};

/// Read at once where a page begins: its header with statistics fits, and what is read beyond it is little.
const HEADER_BYTES: usize = 1 << 10;

/// An object as the Parquet reader wants it.
#[derive(Clone)]
struct Chunks {
    reader: Arc<dyn ObjectReader>,
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.reader.len()
    }
}

impl ChunkReader for Chunks {
    type T = BufReader<From>;

    /// Buffered: the header of a page is read byte by byte.
    fn get_read(&self, start: u64) -> parquet::errors::Result<BufReader<From>> {
        Ok(BufReader::with_capacity(HEADER_BYTES, From { reader: Arc::clone(&self.reader), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        if start.saturating_add(length as u64) > self.reader.len() {
            return Err(ParquetError::EOF(format!("bytes {start}+{length} of {}", self.reader.len())));
        }
        let mut bytes = vec![0; length];
        From { reader: Arc::clone(&self.reader), at: start }.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

struct From {
    reader: Arc<dyn ObjectReader>,
    at: u64,
}

impl Read for From {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read_at(self.at, buffer)?;
        self.at += n as u64;
        Ok(n)
    }
}

fn builder(objects: &Arc<dyn Objects>, key: &str) -> Result<ParquetRecordBatchReaderBuilder<Chunks>> {
    let reader =
        objects.open(key).map_err(|source| CatalogError::Object { doing: "open", key: key.to_owned(), source })?;
    ParquetRecordBatchReaderBuilder::try_new(Chunks { reader: reader.into() })
        .map(|builder| builder.with_batch_size(8192))
        .map_err(|source| CatalogError::Parquet { doing: "open", key: key.to_owned(), source })
}

fn each_batch(
    builder: ParquetRecordBatchReaderBuilder<Chunks>,
    key: &str,
    take: &mut dyn FnMut(&RecordBatch) -> Result<()>,
) -> Result<()> {
    let failed = |source| CatalogError::Parquet { doing: "read", key: key.to_owned(), source };
    for batch in builder.build().map_err(failed)? {
        take(&batch.map_err(|error| failed(ParquetError::from(error)))?)?;
    }
    Ok(())
}

/// Gives every batch of a table file to `take`.
pub(crate) fn read_batches(
    objects: &Arc<dyn Objects>,
    key: &str,
    take: &mut dyn FnMut(&RecordBatch) -> Result<()>,
) -> Result<()> {
    each_batch(builder(objects, key)?, key, take)
}

/// A column of texts.
pub(crate) fn texts<'a>(batch: &'a RecordBatch, name: &str, key: &str) -> Result<&'a StringArray> {
    let column = batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
    column.ok_or_else(|| CatalogError::Damaged {
        what: "table file",
        found: format!("`{key}` without texts in `{name}`"),
    })
}

/// The rows with all columns of their table: a file that was written before a column came has nulls there.
fn widened(batch: &RecordBatch, table: &str) -> Result<RecordBatch> {
    let Some(schema) = table_schema(table).filter(|schema| schema.fields().len() > batch.num_columns()) else {
        return Ok(batch.clone());
    };
    let columns: Vec<ArrayRef> = schema
        .fields()
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            Some(column) => Arc::clone(column),
            None => new_null_array(field.data_type(), batch.num_rows()),
        })
        .collect();
    // A column that may not be null fails here, which is damage.
    RecordBatch::try_new(schema, columns).map_err(|source| CatalogError::Columns { table: table.to_owned(), source })
}

/// Which rows a file is to be without.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Without<'a> {
    /// Those of hidden episodes and revisions.
    Hidden(&'a Hidden),
    /// Those of these station logs.
    Logs(&'a BTreeSet<String>),
}

impl Without<'_> {
    /// Whether the file may have such rows, by what the database knows of it.
    fn may_concern(self, file: &DataFile) -> bool {
        match self {
            Self::Hidden(hidden) => {
                hidden_by_revision(&file.table).is_some()
                    && hidden.below.keys().any(|episode| file.may_hold("episode_id", episode))
            }
            Self::Logs(logs) => is_of_log(&file.table) && logs.iter().any(|log| file.may_hold("log_id", log)),
        }
    }

    /// The columns that tell.
    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Hidden(_) => &["episode_id", "revision"],
            Self::Logs(_) => &["log_id"],
        }
    }

    /// Which rows stay.
    fn stay(self, batch: &RecordBatch, file: &DataFile) -> Result<BooleanArray> {
        let hidden = match self {
            Self::Hidden(hidden) => hidden,
            Self::Logs(logs) => {
                let ids = texts(batch, "log_id", &file.key)?;
                return Ok(ids.iter().map(|id| Some(id.is_none_or(|id| !logs.contains(id)))).collect());
            }
        };
        let ids = texts(batch, "episode_id", &file.key)?;
        let revisions = match hidden_by_revision(&file.table) {
            Some(true) => batch.column_by_name("revision").and_then(|column| column.as_primitive_opt::<UInt32Type>()),
            _ => None,
        };
        let stays = |row: usize| !hidden.hides(ids.value(row), revisions.map(|revisions| revisions.value(row)));
        Ok((0..batch.num_rows()).map(|row| Some(stays(row))).collect())
    }
}

/// Rows of a table file, by its footer.
pub(crate) fn count_rows(objects: &Arc<dyn Objects>, key: &str) -> Result<u64> {
    let rows = builder(objects, key)?.metadata().file_metadata().num_rows();
    u64::try_from(rows)
        .map_err(|_error| CatalogError::Damaged { what: "table file", found: format!("`{key}` with {rows} rows") })
}

/// How many rows of a file would go. Reads only the columns that tell.
pub(crate) fn count_without(objects: &Arc<dyn Objects>, file: &DataFile, without: Without<'_>) -> Result<u64> {
    if !without.may_concern(file) {
        return Ok(0);
    }
    let builder = builder(objects, &file.key)?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), without.columns().iter().copied());
    let mut count = 0;
    each_batch(builder.with_projection(mask), &file.key, &mut |batch| {
        count += (batch.num_rows() - without.stay(batch, file)?.true_count()) as u64;
        Ok(())
    })?;
    Ok(count)
}

/// Appends the rows of a file that stay, and says how many were left out.
pub(crate) fn copy_rows(
    objects: &Arc<dyn Objects>,
    file: &DataFile,
    without: Without<'_>,
    writer: &mut TableWriter,
) -> Result<u64> {
    let concerned = without.may_concern(file);
    let mut dropped = 0;
    read_batches(objects, &file.key, &mut |batch| {
        let batch = &widened(batch, &file.table)?;
        if !concerned {
            return writer.append(batch);
        }
        let stay = without.stay(batch, file)?;
        dropped += (batch.num_rows() - stay.true_count()) as u64;
        let kept = filter_record_batch(batch, &stay)
            .map_err(|source| CatalogError::Columns { table: file.table.clone(), source })?;
        writer.append(&kept)
    })?;
    Ok(dropped)
}
