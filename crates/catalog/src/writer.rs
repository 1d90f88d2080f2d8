//! Table files under construction.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::{max, max_string, min, min_string};
use arrow::datatypes::{DataType, Int64Type, SchemaRef};
use parquet::arrow::{ArrowSchemaConverter, ArrowWriter};
use parquet::basic::{Compression, Encoding, Type};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use prairie_model::{EpisodeId, Hash256, StreamKind};
use prairie_store::{ObjectWriter, Objects};
use sha2::{Digest, Sha256};

use crate::database::{now_ns, random};
use crate::tables::{sample_schema, table_schema};
use crate::{CatalogError, ColumnRange, DataFile, Result};

/// Rows of a row group.
const GROUP_ROWS: usize = 1 << 20;

/// Encoded bytes of a row group, which wait in memory, since many files are written at once.
///
/// What the encoders hold besides does not count: a packer of integers alone has a megabyte from its first row on, so that a
/// table with many columns of integers would have a row group per batch. A file cannot have more than 32767 of them.
const GROUP_BYTES: usize = 2 << 20;

/// Columns that files are pruned by.
const RANGED: [&str; 4] = ["episode_id", "log_id", "start_ns", "t_ns"];

/// Columns of texts that hardly ever repeat.
const UNIQUE: [&str; 9] =
    ["attributes", "codec_config", "content_hash", "digest", "envelope", "message", "notes", "sha256", "text"];

/// An object that is hashed while it is written.
struct Hashed {
    object: Box<dyn ObjectWriter>,
    hash: Sha256,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.object.write(bytes)?;
        // OK to slice: a writer takes at most what it is given.
        self.hash.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.object.flush()
    }
}

/// Writes one Parquet file of one table and one owner. Memory is bounded by one row group.
///
/// Dropping it unfinished leaves nothing behind.
pub struct TableWriter {
    key: String,
    schema: SchemaRef,
    parquet: ArrowWriter<Hashed>,
    objects: Arc<dyn Objects>,
    file: DataFile,
}

impl TableWriter {
    pub(crate) fn new(objects: &Arc<dyn Objects>, table: &str, owner: Option<&str>) -> Result<Self> {
        let schema = table_schema(table).ok_or_else(|| CatalogError::NoTable(table.to_owned()))?;
        let key = new_key(table)?;
        let object =
            objects.create().map_err(|source| CatalogError::Object { doing: "create", key: key.clone(), source })?;
        let object = Hashed { object, hash: Sha256::new() };
        let failed = |source| CatalogError::Parquet { doing: "create", key: key.clone(), source };
        let properties = properties(&schema).map_err(failed)?;
        let parquet = ArrowWriter::try_new(object, Arc::clone(&schema), Some(properties)).map_err(failed)?;
        let file = DataFile {
            table: table.to_owned(),
            owner: owner.map(str::to_owned),
            key: key.clone(),
            rows: 0,
            bytes: 0,
            sha256: None,
            ranges: BTreeMap::new(),
        };
        Ok(Self { key, schema, parquet, objects: Arc::clone(objects), file })
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.file.rows
    }

    /// Adds rows. Their columns are those of [`crate::table_schema`].
    pub fn append(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        // The same columns under this table's schema: metadata of fields may differ, names and types may not.
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), batch.columns().to_vec())
            .map_err(|source| CatalogError::Columns { table: self.file.table.clone(), source })?;
        for name in RANGED {
            if let Some(range) = batch.column_by_name(name).and_then(range_of) {
                widen(self.file.ranges.entry(name.to_owned()), range);
            }
        }
        self.file.rows += batch.num_rows() as u64;
        let failed = |source| CatalogError::Parquet { doing: "write", key: self.key.clone(), source };
        self.parquet.write(&batch).map_err(failed)?;
        if self.parquet.in_progress_size() > GROUP_BYTES {
            self.parquet.flush().map_err(failed)?;
        }
        Ok(())
    }

    /// Closes and syncs the file, and puts it under its key; `None`, and no file, when it has no row.
    ///
    /// The file belongs to no snapshot until a commit names it.
    pub fn finish(self) -> Result<Option<DataFile>> {
        if self.file.rows == 0 {
            return Ok(None);
        }
        let object = self.parquet.into_inner().map_err(|source| CatalogError::Parquet {
            doing: "finish",
            key: self.key.clone(),
            source,
        })?;
        let failed = |doing, source| CatalogError::Object { doing, key: self.key.clone(), source };
        let hash = Hash256::from_bytes(object.hash.finalize().into());
        object.object.finish(&self.key).map_err(|source| failed("put", source))?;
        let size = self.objects.size(&self.key).map_err(|source| failed("look at", source))?;
        let mut file = self.file;
        file.sha256 = Some(hash);
        file.bytes = size.ok_or_else(|| CatalogError::MissingObject {
            key: self.key.clone(),
            size: 0,
            found: "none right after it was put".to_owned(),
        })?;
        Ok(Some(file))
    }
}

/// A key that nobody else has: the time, so that files sort by age, and 80 random bits.
fn new_key(table: &str) -> Result<String> {
    let random: [u8; 10] = random()?;
    let tail: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("tables/{table}/{:012x}-{tail}.parquet", now_ns() / 1_000_000))
}

/// Encodings by what a column holds: dictionaries for texts that repeat, deltas for integers (times and counters are nearly
/// regular), byte streams for floats (their high bytes repeat, and the compressor finds it).
///
/// LZ4 rather than Zstandard: on the bench's recording tables take 144 MB instead of 105, beside a gigabyte of pictures and
/// messages, and the ingest an eighth less of the processor and a twelfth less memory, since each of some hundred columns has
/// a compressor of its own.
fn properties(schema: &SchemaRef) -> parquet::errors::Result<WriterProperties> {
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::LZ4_RAW)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_dictionary_enabled(false)
        .set_created_by(concat!("prairie ", env!("CARGO_PKG_VERSION")).to_owned());
    for column in ArrowSchemaConverter::new().convert(schema)?.columns() {
        let path = column.path().clone();
        let name = column.path().parts().first().map_or("", String::as_str).to_owned();
        if RANGED.contains(&name.as_str()) || name == "stream" {
            builder = builder.set_column_statistics_enabled(path.clone(), EnabledStatistics::Page);
        }
        builder = match column.physical_type() {
            Type::BYTE_ARRAY => builder.set_column_dictionary_enabled(path, !UNIQUE.contains(&name.as_str())),
            // Packed deltas hold no more repetition for a compressor to find.
            Type::INT32 | Type::INT64 => builder
                .set_column_encoding(path.clone(), Encoding::DELTA_BINARY_PACKED)
                .set_column_compression(path, Compression::UNCOMPRESSED),
            Type::FLOAT | Type::DOUBLE => builder.set_column_encoding(path, Encoding::BYTE_STREAM_SPLIT),
            _ => builder,
        };
    }
    Ok(builder.build())
}

fn range_of(column: &ArrayRef) -> Option<ColumnRange> {
    match column.data_type() {
        DataType::Int64 => {
            let column = column.as_primitive::<Int64Type>();
            Some(ColumnRange::Int { min: min(column)?, max: max(column)? })
        }
        DataType::Utf8 => {
            let column = column.as_string::<i32>();
            Some(ColumnRange::Text { min: min_string(column)?.to_owned(), max: max_string(column)?.to_owned() })
        }
        _ => None,
    }
}

fn widen(entry: std::collections::btree_map::Entry<'_, String, ColumnRange>, range: ColumnRange) {
    entry
        .and_modify(|held| match (held, &range) {
            (ColumnRange::Int { min, max }, ColumnRange::Int { min: low, max: high }) => {
                *min = (*min).min(*low);
                *max = (*max).max(*high);
            }
            (ColumnRange::Text { min, max }, ColumnRange::Text { min: low, max: high }) => {
                if low < min {
                    min.clone_from(low);
                }
                if high > max {
                    max.clone_from(high);
                }
            }
            // A column has one type, so its ranges have one too.
            _ => {}
        })
        .or_insert(range);
}

/// The rows of a stream's table: the samples, after the columns `episode_id` and `stream`.
pub fn with_keys(kind: StreamKind, episode: EpisodeId, stream: &str, samples: &RecordBatch) -> Result<RecordBatch> {
    let rows = samples.num_rows();
    let repeat = |text: &str| -> ArrayRef { Arc::new(StringArray::from_iter_values(std::iter::repeat_n(text, rows))) };
    let keys = [repeat(&episode.to_string()), repeat(stream)];
    RecordBatch::try_new(sample_schema(kind), keys.into_iter().chain(samples.columns().iter().cloned()).collect())
        .map_err(|source| CatalogError::Columns { table: kind.table().to_owned(), source })
}
