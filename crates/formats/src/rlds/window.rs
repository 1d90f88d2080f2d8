//! A record through a window: what is asked for is in memory, the rest is not.
//!
//! **Invariant:** a window holds no more than it was told, or than was asked for at once, and never leaves its record.

use prairie_model::{Hash256, Source};

use super::record::Record;
use crate::FormatError;
use crate::blob::hash_at;

/// Why a record cannot be read on.
#[derive(Debug)]
pub(super) enum Stop {
    /// Its bytes make no sense from here on.
    Broken {
        /// Where in the file.
        offset: u64,
        /// What is wrong.
        why: &'static str,
    },
    /// The source failed.
    Failed(FormatError),
}

/// Reads parts of one record after the other.
pub(super) struct Window<'a> {
    source: &'a dyn Source,
    file: usize,
    end: u64,
    /// Bytes that are read at once.
    size: u64,
    at: u64,
    bytes: Vec<u8>,
}

impl<'a> Window<'a> {
    pub(super) fn new(source: &'a dyn Source, file: usize, record: Record, size: u64) -> Self {
        Self { source, file, end: record.end(), size, at: record.start, bytes: Vec::new() }
    }

    /// The bytes from `offset` until before `end`, both in the file.
    pub(super) fn bytes(&mut self, offset: u64, end: u64) -> Result<&[u8], Stop> {
        if end > self.end || offset > end {
            return Err(Stop::Broken { offset, why: "it claims more bytes than the record has" });
        }
        let inside = |window: &Self| offset >= window.at && end - window.at <= window.bytes.len() as u64;
        if !inside(self) {
            let length = (end - offset).max(self.size).min(self.end - offset);
            // The old bytes are let go before there are new ones.
            self.bytes = Vec::new();
            let bytes = self.source.read_exact(self.file, offset, length);
            self.bytes = bytes.map_err(|source| {
                let file = self.source.files().get(self.file).map(|file| file.path.clone()).unwrap_or_default();
                Stop::Failed(FormatError::Io { file, source })
            })?;
            self.at = offset;
        }
        // OK to cast and to index: the range lies in the window, which is in memory.
        Ok(&self.bytes[(offset - self.at) as usize..(end - self.at) as usize])
    }

    /// SHA-256 of the bytes from `offset` until before `end`; `None` where they cannot be read.
    pub(super) fn hash(&mut self, offset: u64, end: u64) -> Option<Hash256> {
        if end - offset > self.size {
            return hash_at(self.source, self.file, offset, end - offset);
        }
        self.bytes(offset, end).ok().map(Hash256::of)
    }
}
