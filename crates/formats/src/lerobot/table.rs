//! Parquet files of a dataset, read one row group at a time.

use std::io::{Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Fields, Float64Type, Int64Type};
use arrow::error::ArrowError;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::basic;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::statistics::Statistics;
use prairie_model::{BlobRef, Source};

use super::embedded;
use crate::FormatError;

/// Rows per batch.
pub(super) const BATCH_ROWS: usize = 2048;

/// Bytes of a footer. A file of 1,000 columns and 1,000 row groups has about 100 MB.
const MAX_FOOTER_BYTES: u64 = 256 << 20;

/// Compressed bytes of the wanted columns of one row group: the chunk that bounds the memory of reading.
const MAX_GROUP_BYTES: u64 = 1 << 30;

/// An open Parquet file.
pub(crate) struct Table<'a> {
    source: &'a dyn Source,
    file: usize,
    path: String,
    size: u64,
    metadata: ArrowReaderMetadata,
}

/// Batches of a row group.
///
/// The Parquet library panics on some damaged pages; here that is an error, and the last item.
pub(crate) struct Batches(Option<ParquetRecordBatchReader>);

impl Iterator for Batches {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let reader = self.0.as_mut()?;
        // OK to assert: a reader that panicked is dropped and never looked at again.
        match catch_unwind(AssertUnwindSafe(|| reader.next())) {
            Ok(next) => next,
            Err(_panic) => {
                self.0 = None;
                Some(Err(ArrowError::ParquetError("a damaged page stopped the Parquet decoder".to_owned())))
            }
        }
    }
}

impl<'a> Table<'a> {
    /// Reads the footer.
    pub(crate) fn open(source: &'a dyn Source, file: usize) -> Result<Self, FormatError> {
        let (path, size) = source.files().get(file).map_or((String::new(), 0), |file| (file.path.clone(), file.size));
        let damaged =
            |offset, why: String| FormatError::Damaged { what: "the footer", file: path.clone(), offset, why };
        let io = |source| FormatError::Io { file: path.clone(), source };
        let cut =
            |why: &str| FormatError::Cut { what: "the footer", file: path.clone(), offset: size, why: why.to_owned() };
        if size < 12 {
            return Err(cut("a Parquet file has at least 12 bytes"));
        }
        let tail = source.read_exact(file, size - 8, 8).map_err(io)?;
        if &tail[4..] != b"PAR1" {
            return Err(cut("the end is not `PAR1`, and without the footer before it no row can be found"));
        }
        let length = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
        if length > MAX_FOOTER_BYTES || length + 12 > size {
            return Err(damaged(size - 8, format!("it claims {length} bytes in a file of {size}")));
        }
        let start = size - 8 - length;
        let footer = source.read_exact(file, start, length).map_err(io)?;
        let metadata =
            ParquetMetaDataReader::decode_metadata(&footer).map_err(|error| damaged(start, error.to_string()))?;
        // Types as Parquet has them: lists instead of fixed-size lists, texts instead of dictionaries.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let metadata = ArrowReaderMetadata::try_new(Arc::new(metadata), options)
            .map_err(|error| damaged(start, error.to_string()))?;
        Ok(Self { source, file, path, size, metadata })
    }

    /// The path in the recording.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The top-level columns.
    pub(crate) fn fields(&self) -> &Fields {
        self.metadata.schema().fields()
    }

    /// Rows, as the footer claims.
    pub(crate) fn rows(&self) -> u64 {
        u64::try_from(self.metadata.metadata().file_metadata().num_rows()).unwrap_or(0)
    }

    /// Row groups.
    pub(crate) fn groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    /// Smallest and largest value of a column of numbers in a row group, as the footer claims.
    pub(super) fn range(&self, group: usize, column: &str) -> Option<(i64, i64)> {
        let group = self.metadata.metadata().row_groups().get(group)?;
        let column = group.columns().iter().find(|chunk| chunk.column_path().string() == column)?;
        // OK to cast: these are indexes, which some writers keep as floats.
        match column.statistics()? {
            Statistics::Int64(stats) => Some((*stats.min_opt()?, *stats.max_opt()?)),
            Statistics::Int32(stats) => Some(((*stats.min_opt()?).into(), (*stats.max_opt()?).into())),
            Statistics::Double(stats) => Some((*stats.min_opt()? as i64, *stats.max_opt()? as i64)),
            Statistics::Float(stats) => Some((*stats.min_opt()? as i64, *stats.max_opt()? as i64)),
            _ => None,
        }
    }

    /// Rows of a row group, as the footer claims.
    pub(super) fn rows_of(&self, group: usize) -> u64 {
        let group = self.metadata.metadata().row_groups().get(group);
        group.and_then(|group| u64::try_from(group.num_rows()).ok()).unwrap_or(0)
    }

    /// The leaf columns that are wanted. A wanted name is a top-level column or the path of a leaf
    /// (`observation.image.path`).
    pub(super) fn leaves(&self, wanted: impl Fn(&str) -> bool) -> Vec<usize> {
        let schema = self.metadata.metadata().file_metadata().schema_descr();
        let is_wanted = |leaf: &usize| {
            wanted(schema.get_column_root(*leaf).name()) || wanted(&schema.column(*leaf).path().string())
        };
        (0..schema.num_columns()).filter(is_wanted).collect()
    }

    /// The rows of a row group, the wanted leaf columns only.
    pub(crate) fn batches(&self, group: usize, wanted: impl Fn(&str) -> bool) -> Result<Batches, FormatError> {
        self.read(group, &self.leaves(wanted), 0, BATCH_ROWS)
    }

    /// The rows of a row group from row `from` on, these leaf columns only, in batches of `size` rows.
    pub(super) fn read(
        &self,
        group: usize,
        leaves: &[usize],
        from: usize,
        size: usize,
    ) -> Result<Batches, FormatError> {
        let metadata = self.metadata.metadata();
        let schema = metadata.file_metadata().schema_descr();
        let columns = metadata.row_groups().get(group).map(|group| group.columns()).unwrap_or_default();
        let mut parts = Vec::with_capacity(leaves.len());
        let mut total = 0_u64;
        for leaf in leaves {
            let Some(column) = columns.get(*leaf) else {
                return Err(self.broken(0, format!("row group {group} lacks column {leaf}")));
            };
            let (Some(start), Ok(length)) = (begins(column), u64::try_from(column.compressed_size())) else {
                return Err(self.broken(0, format!("column `{}` has a negative place", column.column_path().string())));
            };
            total = total.saturating_add(length);
            if total > MAX_GROUP_BYTES {
                return Err(self.broken(start, format!("row group {group} has more than {MAX_GROUP_BYTES} bytes")));
            }
            if start.checked_add(length).is_none_or(|end| end > self.size) {
                let why = format!("column `{}` ends beyond the file", column.column_path().string());
                return Err(self.broken(start, why));
            }
            let bytes = self.source.read_exact(self.file, start, length);
            let bytes = bytes.map_err(|source| FormatError::Io { file: self.path.clone(), source })?;
            parts.push((start, Bytes::from(bytes)));
        }
        parts.sort_by_key(|(start, _)| *start);
        let mask = ProjectionMask::leaves(schema, leaves.iter().copied());
        ParquetRecordBatchReaderBuilder::new_with_metadata(Parts { size: self.size, parts }, self.metadata.clone())
            .with_row_groups(vec![group])
            .with_projection(mask)
            .with_offset(from)
            .with_batch_size(size)
            .build()
            .map(|reader| Batches(Some(reader)))
            .map_err(|error| self.broken(self.begins(group), error.to_string()))
    }

    /// Where a row group begins, as the footer claims.
    pub(super) fn begins(&self, group: usize) -> u64 {
        let columns = self.metadata.metadata().row_groups().get(group).map(|group| group.columns()).unwrap_or_default();
        columns.iter().filter_map(begins).min().unwrap_or(0)
    }

    /// The error of a row group whose rows cannot be decoded.
    pub(super) fn undecodable(&self, group: usize, error: &ArrowError) -> FormatError {
        self.broken(self.begins(group), format!("row group {group}: {error}"))
    }

    fn broken(&self, offset: u64, why: String) -> FormatError {
        FormatError::Damaged { what: "a row group", file: self.path.clone(), offset, why }
    }

    /// Why a leaf column of a row group cannot be decoded from row `from` on; `None` where it can.
    ///
    /// # Errors
    ///
    /// When the source fails.
    pub(super) fn breaks(&self, group: usize, leaf: usize, from: usize) -> Result<Option<FormatError>, FormatError> {
        let why = match self.read(group, &[leaf], from, BATCH_ROWS) {
            Ok(batches) => batches.filter_map(Result::err).next().map(|error| error.to_string()),
            Err(FormatError::Damaged { why, .. }) => Some(why),
            Err(error) => return Err(error),
        };
        let Some(why) = why else { return Ok(None) };
        let metadata = self.metadata.metadata();
        let column = metadata.row_groups().get(group).and_then(|group| group.columns().get(leaf));
        let name = column.map_or_else(String::new, |column| column.column_path().string());
        let offset = column.and_then(begins).unwrap_or(0);
        let why = format!("`{name}` of row group {group}: {why}; its rows from {from} on are lost");
        Ok(Some(FormatError::Damaged { what: "a column", file: self.path.clone(), offset, why }))
    }

    /// Where the byte arrays of column `name` (or its leaf `bytes`) lie, row by row, for at least the first `enough`; `None` when
    /// there is no such column, or it is written in a way that cannot be pointed into.
    pub(super) fn embedded(&self, group: usize, name: &str, enough: usize) -> Option<Vec<Option<BlobRef>>> {
        let metadata = self.metadata.metadata();
        let schema = metadata.file_metadata().schema_descr();
        let is_it = |leaf: &usize| {
            let column = schema.column(*leaf);
            let path = column.path().string();
            column.physical_type() == basic::Type::BYTE_ARRAY
                && column.max_rep_level() == 0
                && (path == name || path.strip_suffix(".bytes") == Some(name))
        };
        let leaf = (0..schema.num_columns()).find(is_it)?;
        let group = metadata.row_groups().get(group)?;
        let column = group.columns().get(leaf)?;
        let column = embedded::Column {
            file: self.file,
            start: begins(column)?,
            length: u64::try_from(column.compressed_size()).ok()?,
            compression: column.compression(),
            defined: u16::try_from(schema.column(leaf).max_def_level()).ok()?,
        };
        embedded::places(self.source, column, u64::try_from(group.num_rows()).ok()?, enough)
    }

    /// Calls `take` with each batch of all row groups until one makes no sense.
    pub(super) fn for_each(
        &self,
        wanted: impl Fn(&str) -> bool,
        mut take: impl FnMut(&RecordBatch),
    ) -> Result<(), FormatError> {
        for group in 0..self.groups() {
            for batch in self.batches(group, &wanted)? {
                take(&batch.map_err(|error| self.undecodable(group, &error))?);
            }
        }
        Ok(())
    }
}

/// Where a column chunk begins, as the footer claims; `None` for what is no place.
fn begins(column: &ColumnChunkMetaData) -> Option<u64> {
    let start = column.dictionary_page_offset().unwrap_or(i64::MAX).min(column.data_page_offset());
    u64::try_from(start).ok()
}

/// The column chunks of one row group, in memory.
struct Parts {
    size: u64,
    parts: Vec<(u64, Bytes)>,
}

impl Parts {
    fn from(&self, start: u64) -> Result<Bytes, ParquetError> {
        let after = self.parts.partition_point(|(begin, _)| *begin <= start);
        after
            .checked_sub(1)
            .and_then(|at| self.parts.get(at))
            .and_then(|(begin, bytes)| {
                let skip = usize::try_from(start - begin).ok().filter(|skip| *skip <= bytes.len())?;
                Some(bytes.slice(skip..))
            })
            .ok_or_else(|| ParquetError::EOF(format!("byte {start} lies in no wanted column")))
    }
}

impl Length for Parts {
    fn len(&self) -> u64 {
        self.size
    }
}

impl ChunkReader for Parts {
    type T = Box<dyn Read>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(Box::new(Cursor::new(self.from(start)?)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let bytes = self.from(start)?;
        if length > bytes.len() {
            return Err(ParquetError::EOF(format!("{length} bytes at byte {start}, {} are there", bytes.len())));
        }
        Ok(bytes.slice(..length))
    }
}

/// A column of whole numbers, whatever number type it has; `None` where it has none of that name.
pub(super) fn integers(batch: &RecordBatch, column: &str) -> Option<Vec<Option<i64>>> {
    let column = scalar(batch.column_by_name(column)?)?;
    Some(cast(&column, &DataType::Int64).ok()?.as_primitive_opt::<Int64Type>()?.iter().collect())
}

/// A column of numbers.
pub(super) fn floats(batch: &RecordBatch, column: &str) -> Option<Vec<Option<f64>>> {
    let column = scalar(batch.column_by_name(column)?)?;
    Some(cast(&column, &DataType::Float64).ok()?.as_primitive_opt::<Float64Type>()?.iter().collect())
}

/// A column of texts.
pub(super) fn texts(batch: &RecordBatch, column: &str) -> Option<Vec<Option<String>>> {
    let column = cast(batch.column_by_name(column)?, &DataType::Utf8).ok()?;
    Some(column.as_string_opt::<i32>()?.iter().map(|text| text.map(str::to_owned)).collect())
}

/// Lists of one element each as plain values: some writers keep an index as `[7]`.
fn scalar(column: &ArrayRef) -> Option<ArrayRef> {
    match column.as_list_opt::<i32>() {
        None => Some(column.clone()),
        Some(list) if list.null_count() == 0 && (0..list.len()).all(|row| list.value_length(row) == 1) => {
            let start = usize::try_from(*list.value_offsets().first()?).ok()?;
            Some(list.values().slice(start, list.len()))
        }
        Some(_) => None,
    }
}
