//! Reads the bytes that a [`BlobRef`] points to.

use std::io::{self, BufRead, BufReader, Read};

use prairie_model::{BlobRef, Compression, Hash256, Source};
use sha2::{Digest, Sha256};

use crate::FormatError;
use crate::hdf5::Blobs;
use crate::messages::Inflater;
use crate::rosbag2::Messages;
use crate::sqlite::Fault;
use crate::zarr::Gallery;

/// Decompressed bytes that are kept, and compressed bytes that are read at once.
const KEPT_BYTES: usize = 128 << 20;

/// A larger chunk is decompressed as it is read.
const HELD_BYTES: u64 = 32 << 20;

/// Bytes of such a chunk that are read at once.
const PIECE_BYTES: usize = 1 << 20;

/// A part of a file.
struct Part<'a> {
    source: &'a dyn Source,
    file: usize,
    at: u64,
    left: u64,
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // OK to cast: not more than the buffer has.
        let wanted = self.left.min(buffer.len() as u64) as usize;
        let n = self.source.read_at(self.file, self.at, &mut buffer[..wanted])?;
        self.at += n as u64;
        self.left -= n as u64;
        Ok(n)
    }
}

/// Where a chunk lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Chunk {
    file: u32,
    offset: u64,
    length: u64,
    compression: Compression,
}

/// Reads blobs of one recording. Keeps the last decompressed chunks, so that blobs read in about the order of the recording
/// cost one decompression per chunk.
///
/// **Invariant:** it keeps at most 128 MiB (or as many bytes as it was told), or one chunk where that is larger.
pub struct BlobReader<'a> {
    source: &'a dyn Source,
    inflater: Inflater,
    /// The database that was used last, and its file.
    messages: Option<(u32, Messages<'a>)>,
    room: usize,
    /// What lies in chunks of HDF5 datasets, which keeps rows of its own.
    hdf5: Option<Blobs<'a>>,
    /// The last used comes last. The text says why a chunk is not whole.
    kept: Vec<(Chunk, Vec<u8>, Option<String>)>,
    /// Pictures whose bytes lie in the chunks of an array.
    gallery: Option<Gallery<'a>>,
}

impl<'a> BlobReader<'a> {
    /// A reader over `source`.
    pub fn new(source: &'a dyn Source) -> Self {
        Self::with_room(source, KEPT_BYTES)
    }

    /// A reader that keeps at most `room` bytes of chunks, for when there are several readers at once.
    pub fn with_room(source: &'a dyn Source, room: usize) -> Self {
        Self {
            source,
            inflater: Inflater::default(),
            messages: None,
            room,
            kept: Vec::new(),
            gallery: None,
            hdf5: None,
        }
    }

    /// The bytes of `blob`.
    ///
    /// # Errors
    ///
    /// When the source fails or the chunk is not what the reference says.
    pub fn read(&mut self, blob: &BlobRef) -> Result<Vec<u8>, FormatError> {
        if blob.compression == Compression::None {
            let inside = blob.inner_offset.checked_add(blob.length).is_some_and(|end| end <= blob.chunk_length);
            return match blob.chunk_offset.checked_add(blob.inner_offset) {
                Some(offset) if inside => self
                    .source
                    .read_exact(blob.file as usize, offset, blob.length)
                    .map_err(|error| self.failed(blob, error)),
                _ => Err(self.damaged(blob, format!("it has {} bytes", blob.chunk_length))),
            };
        }
        if blob.compression == Compression::Zarr {
            // One gallery holds as much as the chunks here may.
            self.kept.clear();
            let gallery = match &mut self.gallery {
                Some(gallery) => gallery,
                none => none.insert(Gallery::open(self.source, self.room)?),
            };
            return gallery.read(blob);
        }
        if blob.compression == Compression::Hdf5 {
            return self.hdf5.get_or_insert_with(|| Blobs::new(self.source, self.room)).read(blob);
        }
        let at = self.chunk(blob)?;
        let (_, bytes, cut) = &self.kept[at];
        let part = usize::try_from(blob.inner_offset)
            .ok()
            .zip(usize::try_from(blob.length).ok())
            .and_then(|(offset, length)| bytes.get(offset..)?.get(..length));
        match part {
            Some(part) => Ok(part.to_vec()),
            None => {
                let why = cut.as_ref().map_or(String::new(), |why| format!(": {why}"));
                Err(self.damaged(blob, format!("it decompresses to {} bytes{why}", bytes.len())))
            }
        }
    }

    /// The place among the kept of the chunk that `blob` lies in.
    fn chunk(&mut self, blob: &BlobRef) -> Result<usize, FormatError> {
        let chunk = Chunk {
            file: blob.file,
            offset: blob.chunk_offset,
            length: blob.chunk_length,
            compression: blob.compression,
        };
        if let Some(at) = self.kept.iter().position(|(kept, ..)| *kept == chunk) {
            self.kept[at..].rotate_left(1);
            return Ok(self.kept.len() - 1);
        }
        // A chunk is not smaller than what it is compressed to, or not by much: so much room it needs at least.
        self.make_room(usize::try_from(blob.chunk_length).unwrap_or(usize::MAX));
        // Of a chunk that is damaged further on, what lies before the damage was delivered when it was read, so it can be
        // had here as well.
        let cut = if matches!(blob.compression, Compression::Sqlite | Compression::SqliteZstd) {
            let value = self.row(blob)?;
            let undone = match blob.compression {
                Compression::SqliteZstd => Compression::Zstd,
                _ => Compression::None,
            };
            self.inflater.inflate(undone, &value, None).err()
        } else if blob.chunk_length <= HELD_BYTES {
            let body = self
                .source
                .read_exact(blob.file as usize, blob.chunk_offset, blob.chunk_length)
                .map_err(|error| self.failed(blob, error))?;
            self.inflater.inflate(blob.compression, &body, None).err()
        } else {
            // What is compressed is not held beside what comes out of it.
            let part =
                Part { source: self.source, file: blob.file as usize, at: blob.chunk_offset, left: blob.chunk_length };
            let mut input = BufReader::with_capacity(PIECE_BYTES, part);
            // A part that the file does not have is a failure of the reference, as it is where the chunk is held.
            input.fill_buf().map_err(|error| self.failed(blob, error))?;
            self.inflater.inflate_from(blob.compression, input).err()
        };
        let bytes = self.inflater.take();
        self.make_room(bytes.len());
        self.kept.push((chunk, bytes, cut));
        Ok(self.kept.len() - 1)
    }

    /// The value of a row of a database.
    fn row(&mut self, blob: &BlobRef) -> Result<Vec<u8>, FormatError> {
        let told = |reader: &Self, fault| match fault {
            Fault::Io(error) => reader.failed(blob, error),
            damaged => reader.damaged(blob, damaged.to_string()),
        };
        if self.messages.as_ref().is_none_or(|(file, _)| *file != blob.file) {
            // One database at a time: a recording may have thousands.
            self.messages = None;
            let opened = Messages::open(self.source, blob.file as usize).map_err(|fault| told(self, fault))?;
            let opened = opened.ok_or_else(|| self.damaged(blob, "the file has no table of messages".to_owned()))?;
            self.messages = Some((blob.file, opened));
        }
        let fetched = match &mut self.messages {
            Some((_, messages)) => messages.fetch(blob.file as usize, blob.chunk_offset),
            None => Ok(None),
        };
        match fetched.map_err(|fault| told(self, fault))? {
            Some(value) if value.len() as u64 == blob.chunk_length => Ok(value),
            Some(value) => Err(self.damaged(blob, format!("the row has {} bytes", value.len()))),
            None => Err(self.damaged(blob, "there is no such row".to_owned())),
        }
    }

    /// Forgets the chunks that were used least recently, until there is room for one of `bytes`.
    fn make_room(&mut self, bytes: usize) {
        let mut total: usize = self.kept.iter().map(|(_, bytes, _)| bytes.len()).sum();
        while total.saturating_add(bytes) > self.room && !self.kept.is_empty() {
            total -= self.kept.remove(0).1.len();
        }
    }

    fn path(&self, blob: &BlobRef) -> String {
        self.source.files().get(blob.file as usize).map(|file| file.path.clone()).unwrap_or_default()
    }

    fn failed(&self, blob: &BlobRef, source: std::io::Error) -> FormatError {
        FormatError::Io { file: self.path(blob), source }
    }

    fn damaged(&self, blob: &BlobRef, what_it_is: String) -> FormatError {
        let BlobRef { inner_offset, length, .. } = *blob;
        FormatError::Damaged {
            what: "a blob",
            file: self.path(blob),
            offset: blob.chunk_offset,
            why: format!("{length} bytes at {inner_offset} of a chunk are wanted, and {what_it_is}"),
        }
    }
}

/// Bytes that are read at once to be hashed.
const HASHED_BYTES: u64 = 1 << 18;

/// SHA-256 of `length` bytes at `offset` of a file; `None` where they cannot be read.
pub(crate) fn hash_at(source: &dyn Source, file: usize, offset: u64, length: u64) -> Option<Hash256> {
    let mut hash = Sha256::new();
    let mut done = 0;
    while done < length {
        let part = (length - done).min(HASHED_BYTES);
        hash.update(source.read_exact(file, offset.checked_add(done)?, part).ok()?);
        done += part;
    }
    Some(Hash256::from_bytes(hash.finalize().into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use prairie_model::MemorySource;

    fn blob(chunk: (u64, u64), compression: Compression, inner: (u64, u64)) -> BlobRef {
        BlobRef {
            file: 0,
            chunk_offset: chunk.0,
            chunk_length: chunk.1,
            compression,
            inner_offset: inner.0,
            length: inner.1,
            key_frame: None,
            sha256: None,
        }
    }

    #[test]
    fn what_is_longer_than_a_part_is_hashed_whole() {
        let plain: Vec<u8> = (0..600_000_u32).map(|n| (n % 251) as u8).collect();
        let source = MemorySource::new([("a".to_owned(), plain.clone())]);
        assert_eq!(hash_at(&source, 0, 7, 599_000), Some(Hash256::of(&plain[7..599_007])));
        assert_eq!(hash_at(&source, 0, 7, 0), Some(Hash256::of(&[])));
        assert_eq!(hash_at(&source, 0, 7, 600_000), None, "the file is not that long");
    }

    #[test]
    fn parts_of_plain_and_compressed_chunks() {
        let plain: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
        let zstd = zstd::bulk::compress(&plain, 1).expect("memory");
        let mut file = b"head".to_vec();
        file.extend_from_slice(&zstd);
        let source = MemorySource::new([("a".to_owned(), file)]);
        let mut reader = BlobReader::new(&source);
        let chunk = (4, zstd.len() as u64);
        for inner in [(0, 3), (99_990, 10), (50, 70_000)] {
            let (from, to) = (inner.0 as usize, (inner.0 + inner.1) as usize);
            assert_eq!(reader.read(&blob(chunk, Compression::Zstd, inner)).expect("there"), plain[from..to]);
        }
        assert_eq!(reader.kept.len(), 1);
        assert_eq!(reader.read(&blob((0, 4), Compression::None, (1, 3))).expect("there"), b"ead");
        for wrong in [
            blob(chunk, Compression::Zstd, (99_991, 10)),
            blob(chunk, Compression::Zstd, (u64::MAX, u64::MAX)),
            blob(chunk, Compression::Lz4, (0, 1)),
            blob((0, 4), Compression::None, (2, 3)),
            blob((0, u64::MAX), Compression::None, (0, u64::MAX)),
            blob((u64::MAX, 4), Compression::None, (1, 2)),
        ] {
            assert!(reader.read(&wrong).is_err(), "{wrong:?}");
        }
    }
}
