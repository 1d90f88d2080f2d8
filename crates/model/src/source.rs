//! The bytes of one recording, and pointers into them.

use std::io;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BinaryArray, BooleanArray, StructArray, UInt8Array, UInt32Array, UInt64Array};
use arrow::datatypes::{DataType, Field, Fields};
use sha2::{Digest, Sha256};

use crate::{Hash256, RecordingId};

/// One file of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Path inside the recording with `/` between its parts; the file's own name where the recording is one file.
    pub path: String,
    /// Bytes.
    pub size: u64,
}

/// The bytes of one recording: one file, or a folder of files in the order of their paths.
///
/// **Invariant:** a reader never opens a file; it asks its source.
pub trait Source: Send + Sync {
    /// The files, sorted by path. Their order gives each its index.
    fn files(&self) -> &[SourceFile];

    /// Reads at most `buffer.len()` bytes of file `file` from `offset`, and says how many; zero only at the end.
    fn read_at(&self, file: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Reads exactly `length` bytes, or fails with [`io::ErrorKind::UnexpectedEof`] before allocating anything that the
    /// file cannot hold.
    fn read_exact(&self, file: usize, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        let size = self.files().get(file).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?.size;
        if offset.checked_add(length).is_none_or(|end| end > size) {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("bytes {offset}..{} of a file of {size} bytes", offset.saturating_add(length)),
            ));
        }
        let length = usize::try_from(length).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        let mut filled = 0;
        while filled < length {
            match self.read_at(file, offset + filled as u64, &mut bytes[filled..])? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => filled += n,
            }
        }
        Ok(bytes)
    }

    /// The index of the file called `path`.
    fn find(&self, path: &str) -> Option<usize> {
        self.files().binary_search_by(|file| file.path.as_str().cmp(path)).ok()
    }
}

/// A recording in memory, for tests and fuzzing.
#[derive(Debug, Clone, Default)]
pub struct MemorySource {
    files: Vec<SourceFile>,
    bytes: Vec<Arc<[u8]>>,
}

impl MemorySource {
    /// A recording of these files.
    pub fn new(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        let mut files: Vec<_> = files.into_iter().collect();
        files.sort_by(|one, other| one.0.cmp(&other.0));
        let mut source = Self::default();
        for (path, bytes) in files {
            source.files.push(SourceFile { path, size: bytes.len() as u64 });
            source.bytes.push(bytes.into());
        }
        source
    }
}

impl Source for MemorySource {
    fn files(&self) -> &[SourceFile] {
        &self.files
    }

    fn read_at(&self, file: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.bytes.get(file).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let rest = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)).unwrap_or_default();
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }
}

/// The id of a recording: the SHA-256 over `path \0 size \0 sha256 \n` of each file in the order of paths, after a line
/// that names this rule.
///
/// The path of a recording of one file is left out, so that a renamed file is the same recording.
pub fn manifest_hash<'a>(files: impl IntoIterator<Item = (&'a str, u64, Hash256)>) -> RecordingId {
    let mut files: Vec<_> = files.into_iter().collect();
    files.sort();
    let alone = files.len() == 1;
    let mut hash = Sha256::new();
    hash.update(b"prairie/recording/1\n");
    for (path, size, digest) in files {
        hash.update(if alone { "" } else { path });
        hash.update(format!("\0{size}\0{digest}\n"));
    }
    RecordingId::from_bytes(hash.finalize().into())
}

/// How a region of a recording is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Not at all.
    None,
    /// An LZ4 frame.
    Lz4,
    /// A Zstandard frame.
    Zstd,
    /// A raw Snappy block, as pages of Parquet are.
    Snappy,
    /// A raw LZ4 block without a frame, as pages of Parquet are.
    Lz4Block,
    /// A gzip member, as pages of Parquet are.
    Gzip,
    /// A Brotli stream, as pages of Parquet are.
    Brotli,
    /// A bzip2 stream.
    Bzip2,
    /// The value of a row of an SQLite database, which may lie on several of its pages.
    Sqlite,
    /// As [`Compression::Sqlite`], and the value is a Zstandard frame.
    SqliteZstd,
    /// The chunks of a Zarr array, which may be files of their own.
    Zarr,
    /// The chunks of an HDF5 dataset. The chunk begins where the header of the dataset's object lies, and is its elements in
    /// row-major order once their filters are undone: `chunk_length` and `inner_offset` count in those bytes.
    Hdf5,
}

impl Compression {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::None,
        Self::Lz4,
        Self::Zstd,
        Self::Snappy,
        Self::Lz4Block,
        Self::Gzip,
        Self::Brotli,
        Self::Bzip2,
        Self::Sqlite,
        Self::SqliteZstd,
        Self::Zarr,
        Self::Hdf5,
    ];

    /// The name in the frame index.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
            Self::Snappy => "snappy",
            Self::Lz4Block => "lz4_block",
            Self::Gzip => "gzip",
            Self::Brotli => "brotli",
            Self::Bzip2 => "bzip2",
            Self::Sqlite => "sqlite",
            Self::SqliteZstd => "sqlite_zstd",
            Self::Zarr => "zarr",
            Self::Hdf5 => "hdf5",
        }
    }

    /// The compression of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|compression| compression.name() == name)
    }

    fn code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Lz4 => 1,
            Self::Zstd => 2,
            Self::Snappy => 3,
            Self::Lz4Block => 4,
            Self::Gzip => 5,
            Self::Brotli => 6,
            Self::Bzip2 => 7,
            Self::Sqlite => 8,
            Self::SqliteZstd => 9,
            Self::Zarr => 10,
            Self::Hdf5 => 11,
        }
    }

    fn from_code(code: u8) -> Self {
        match code {
            1 => Self::Lz4,
            2 => Self::Zstd,
            3 => Self::Snappy,
            4 => Self::Lz4Block,
            5 => Self::Gzip,
            6 => Self::Brotli,
            7 => Self::Bzip2,
            8 => Self::Sqlite,
            9 => Self::SqliteZstd,
            10 => Self::Zarr,
            11 => Self::Hdf5,
            _ => Self::None,
        }
    }
}

/// Where some bytes of a recording lie, so that they need not be copied.
///
/// First take `chunk_length` bytes at `chunk_offset` of file `file`, then undo `compression`, then take `length` bytes at
/// `inner_offset`. Where nothing is compressed the chunk is the bytes themselves and `inner_offset` is zero.
///
/// Where `compression` names a database ([`Compression::Sqlite`]), the chunk is the value `data` of the row of its table `messages`
/// whose cell begins at `chunk_offset` (of the database, of its log, or of what a compressed file decompresses to), and
/// `chunk_length` are the bytes of that value.
///
/// [`Compression::Zarr`] names an array by the place of its description, and `chunk_length` counts the bytes of its elements:
/// see `docs/spec/episode.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlobRef {
    /// Index into [`Source::files`].
    pub file: u32,
    /// Where the chunk begins in the file.
    pub chunk_offset: u64,
    /// Bytes of the chunk as they lie in the file.
    pub chunk_length: u64,
    /// How the chunk is compressed.
    pub compression: Compression,
    /// Where the bytes begin in the chunk, once decompressed.
    pub inner_offset: u64,
    /// Bytes.
    pub length: u64,
    /// Whether a decoder can start here; `None` where that is unknown.
    pub key_frame: Option<bool>,
    /// SHA-256 of the bytes, so that they are the same wherever they lie; `None` where nobody read them.
    pub sha256: Option<Hash256>,
}

impl BlobRef {
    /// No bytes, for a row that has none.
    pub const NOTHING: Self = Self {
        file: 0,
        chunk_offset: 0,
        chunk_length: 0,
        compression: Compression::None,
        inner_offset: 0,
        length: 0,
        key_frame: None,
        sha256: None,
    };
}

const BLOB_MARK: &str = "prairie.blob";

fn blob_fields() -> Fields {
    Fields::from(vec![
        Field::new("file", DataType::UInt32, false),
        Field::new("chunk_offset", DataType::UInt64, false),
        Field::new("chunk_length", DataType::UInt64, false),
        Field::new("compression", DataType::UInt8, false),
        Field::new("inner_offset", DataType::UInt64, false),
        Field::new("length", DataType::UInt64, false),
        Field::new("key_frame", DataType::Boolean, true),
        Field::new("sha256", DataType::Binary, true),
    ])
}

/// The Arrow field of a column of [`BlobRef`]s. Its metadata marks it, so that [`is_blob`] knows it again.
pub fn blob_field(name: &str) -> Field {
    Field::new(name, DataType::Struct(blob_fields()), false)
        .with_metadata([(BLOB_MARK.to_owned(), "1".to_owned())].into())
}

/// Whether a field holds [`BlobRef`]s.
pub fn is_blob(field: &Field) -> bool {
    field.metadata().contains_key(BLOB_MARK)
}

/// A column of [`BlobRef`]s under construction, or one to read from.
#[derive(Debug, Clone, Default)]
pub struct BlobColumns {
    rows: Vec<BlobRef>,
}

impl BlobColumns {
    /// Adds a row.
    pub fn push(&mut self, blob: BlobRef) {
        self.rows.push(blob);
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Takes the rows out as an Arrow column of the type of [`blob_field`].
    pub fn finish(&mut self) -> StructArray {
        let rows = std::mem::take(&mut self.rows);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(UInt32Array::from_iter_values(rows.iter().map(|row| row.file))),
            Arc::new(UInt64Array::from_iter_values(rows.iter().map(|row| row.chunk_offset))),
            Arc::new(UInt64Array::from_iter_values(rows.iter().map(|row| row.chunk_length))),
            Arc::new(UInt8Array::from_iter_values(rows.iter().map(|row| row.compression.code()))),
            Arc::new(UInt64Array::from_iter_values(rows.iter().map(|row| row.inner_offset))),
            Arc::new(UInt64Array::from_iter_values(rows.iter().map(|row| row.length))),
            Arc::new(rows.iter().map(|row| row.key_frame).collect::<BooleanArray>()),
            Arc::new(rows.iter().map(|row| row.sha256.as_ref().map(Hash256::as_bytes)).collect::<BinaryArray>()),
        ];
        // Some(len) because a struct of no rows would otherwise not know its length.
        StructArray::try_new_with_length(blob_fields(), columns, None, rows.len())
            .expect("the eight columns above have the eight types of blob_fields and one length")
    }

    /// Reads a column back; `None` when it is not one.
    pub fn read(column: &dyn Array) -> Option<Vec<BlobRef>> {
        let column = column.as_any().downcast_ref::<StructArray>()?;
        fn part<'a, T: 'static>(column: &'a StructArray, name: &str) -> Option<&'a T> {
            column.column_by_name(name)?.as_any().downcast_ref::<T>()
        }
        let file = part::<UInt32Array>(column, "file")?;
        let chunk_offset = part::<UInt64Array>(column, "chunk_offset")?;
        let chunk_length = part::<UInt64Array>(column, "chunk_length")?;
        let compression = part::<UInt8Array>(column, "compression")?;
        let inner_offset = part::<UInt64Array>(column, "inner_offset")?;
        let length = part::<UInt64Array>(column, "length")?;
        let key_frame = part::<BooleanArray>(column, "key_frame")?;
        let sha256 = part::<BinaryArray>(column, "sha256")?;
        let hash = |row: usize| Some(Hash256::from_bytes(sha256.value(row).try_into().ok()?));
        let row = |row: usize| BlobRef {
            file: file.value(row),
            chunk_offset: chunk_offset.value(row),
            chunk_length: chunk_length.value(row),
            compression: Compression::from_code(compression.value(row)),
            inner_offset: inner_offset.value(row),
            length: length.value(row),
            key_frame: key_frame.is_valid(row).then(|| key_frame.value(row)),
            sha256: sha256.is_valid(row).then(|| hash(row)).flatten(),
        };
        Some((0..column.len()).map(row).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blobs_survive_arrow() {
        let blob = BlobRef {
            file: 1,
            chunk_offset: 2,
            chunk_length: 3,
            compression: Compression::Zstd,
            inner_offset: 4,
            length: 5,
            key_frame: None,
            sha256: None,
        };
        let hash = Some(Hash256::of(b"x"));
        let key = BlobRef { key_frame: Some(true), compression: Compression::None, sha256: hash, ..blob };
        let mut columns = BlobColumns::default();
        columns.push(blob);
        columns.push(key);
        let array = columns.finish();
        assert!(columns.is_empty());
        assert_eq!(BlobColumns::read(&array), Some(vec![blob, key]));
        assert!(is_blob(&blob_field("data")));
    }

    #[test]
    fn a_renamed_file_is_the_same_recording_but_a_renamed_part_is_not() {
        let digest = Hash256::of(b"x");
        assert_eq!(manifest_hash([("a", 1, digest)]), manifest_hash([("b", 1, digest)]));
        assert_ne!(
            manifest_hash([("a", 1, digest), ("b", 1, digest)]),
            manifest_hash([("a", 1, digest), ("c", 1, digest)])
        );
    }

    #[test]
    fn a_claim_beyond_the_end_allocates_nothing() {
        let source = MemorySource::new([("a".to_owned(), vec![1, 2, 3])]);
        assert_eq!(source.read_exact(0, 1, 2).expect("bytes 1..3 are there"), [2, 3]);
        assert_eq!(source.read_exact(0, 1, u64::MAX).map_err(|e| e.kind()), Err(io::ErrorKind::UnexpectedEof));
    }
}
