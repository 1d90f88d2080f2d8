//! The bytes of pictures that lie in chunks of a dataset.
//!
//! **Invariant:** it keeps at most as many bytes of rows as it may, or one slab where that is larger.

use std::ops::Range;

use prairie_model::{BlobRef, Source};

use super::container::{Dataset, File, Rows};
use crate::FormatError;

/// Datasets that stay open.
const OPEN_MAX: usize = 64;

/// Bytes that are decoded for one blob, at most.
const DECODED_MAX: u64 = 4 << 30;

/// An open dataset, and its rows that were read last.
struct Open {
    file: u32,
    header: u64,
    rows: Rows,
    kept: Range<u64>,
    bytes: Vec<u8>,
}

/// Reads blobs out of datasets.
pub(crate) struct Blobs<'a> {
    source: &'a dyn Source,
    room: usize,
    file: Option<File<'a>>,
    /// The last used comes last.
    open: Vec<Open>,
}

impl<'a> Blobs<'a> {
    pub(crate) fn new(source: &'a dyn Source, room: usize) -> Self {
        Self { source, room, file: None, open: Vec::new() }
    }

    /// The bytes of a blob.
    pub(crate) fn read(&mut self, blob: &BlobRef) -> Result<Vec<u8>, FormatError> {
        let index = blob.file as usize;
        let file = match self.file.take().filter(|file| file.index() == index) {
            Some(file) => file,
            None => File::open(self.source, index, true)?.0,
        };
        let file = self.file.insert(file);
        let place = self.open.iter().position(|open| open.file == blob.file && open.header == blob.chunk_offset);
        match place {
            Some(place) => self.open[place..].rotate_left(1),
            None => {
                let Some(address) = blob.chunk_offset.checked_sub(file.absolute(0)) else {
                    return Err(wrong(file, blob));
                };
                let rows = Rows::open(file, Dataset::of(file, &file.header(address)?)?)?;
                if self.open.len() >= OPEN_MAX {
                    self.open.remove(0);
                }
                self.open.push(Open {
                    file: blob.file,
                    header: blob.chunk_offset,
                    rows,
                    kept: 0..0,
                    bytes: Vec::new(),
                });
            }
        }
        let total: usize = self.open.iter().map(|open| open.bytes.len()).sum();
        let Some((open, others)) = self.open.split_last_mut() else { return Err(wrong(file, blob)) };
        let row_bytes = open.rows.row_bytes() as u64;
        let in_row = blob.inner_offset.checked_rem(row_bytes).ok_or_else(|| wrong(file, blob))?;
        let row = blob.inner_offset / row_bytes;
        if row >= open.rows.rows() || blob.length > row_bytes - in_row {
            return Err(wrong(file, blob));
        }
        if !open.kept.contains(&row) {
            let first = open.rows.slab(open.rows.band(row).start);
            let wanted = if first.contains(&row) { first } else { open.rows.slab(row) };
            let mut left = (total as u64).saturating_add((wanted.end - wanted.start).saturating_mul(row_bytes));
            // Those that were used least recently make room.
            for other in others {
                if left > self.room as u64 {
                    left -= other.bytes.len() as u64;
                    (other.kept, other.bytes) = (0..0, Vec::new());
                }
            }
            open.kept = 0..0;
            open.rows.allowance = DECODED_MAX;
            open.rows.read(file, wanted.clone(), &mut open.bytes)?;
            open.kept = wanted;
        }
        let start = (row - open.kept.start).saturating_mul(row_bytes).saturating_add(in_row);
        let part = usize::try_from(start).ok().zip(usize::try_from(blob.length).ok());
        let part = part.and_then(|(start, length)| open.bytes.get(start..)?.get(..length));
        part.map(<[u8]>::to_vec).ok_or_else(|| wrong(file, blob))
    }
}

fn wrong(file: &File<'_>, blob: &BlobRef) -> FormatError {
    let why = format!("{} bytes at {} of its elements are wanted", blob.length, blob.inner_offset);
    FormatError::Damaged { what: "a blob of a dataset", file: file.path(), offset: blob.chunk_offset, why }
}
