//! Datasets: rows that come one after the other.

use std::io::{Seek, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::message::{Messages, UNDEFINED, float, integer, space, text};
use super::{Hdf5Writer, Object, Value, failed};
use crate::FormatError;
use crate::hdf5::container::{DEFLATE, SHUFFLE, kind};

/// How hard chunks are compressed, from 1 to 9. Pictures of cameras get a tenth smaller with more, at nearly twice the time.
const LEVEL: u32 = 1;

/// Nodes of the trees of chunks have up to twice so many children: a superblock of version 0 cannot say another number.
const CHUNKS_K: usize = 32;

/// Axes of a dataset. The format allows 32.
const AXES_MAX: usize = 32;

/// What a dataset holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// Numbers of a byte, from 0 to 255.
    U8,
    /// Whole numbers of eight bytes.
    I64,
    /// Numbers of four bytes.
    F32,
    /// Texts of so many bytes, shorter ones filled up with zeros.
    Text(u32),
}

impl Element {
    fn bytes(self) -> u64 {
        match self {
            Self::U8 => 1,
            Self::F32 => 4,
            Self::I64 => 8,
            Self::Text(bytes) => u64::from(bytes),
        }
    }

    fn datatype(self) -> Vec<u8> {
        match self {
            Self::U8 => integer(1, false),
            Self::I64 => integer(8, true),
            Self::F32 => float(4),
            Self::Text(bytes) => text(bytes),
        }
    }
}

/// A dataset to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDataset {
    /// What it holds.
    pub element: Element,
    /// How many rows will be given.
    pub rows: u64,
    /// Elements per axis of one row; none for one element.
    pub row: Vec<u64>,
    /// Rows that are shuffled and deflated together; `None` for rows that lie as they are, one after the other.
    pub chunk_rows: Option<u64>,
}

/// A chunk that was written: where, how many bytes, and which filters were left out.
type Place = (u64, u32, u32);

/// A dataset that is being written.
#[derive(Debug)]
pub struct DatasetWriter<'a, W> {
    writer: &'a mut Hdf5Writer<W>,
    new: NewDataset,
    row_bytes: usize,
    /// Rows of a chunk.
    chunk_rows: u64,
    /// Bytes that were given.
    given: u64,
    /// The first byte of rows that are not in chunks.
    start: u64,
    /// The chunk under way.
    chunk: Vec<u8>,
    places: Vec<Place>,
}

impl<'a, W: Write + Seek> DatasetWriter<'a, W> {
    pub(super) fn new(writer: &'a mut Hdf5Writer<W>, new: NewDataset) -> Result<Self, FormatError> {
        let unfit = |why: &str| FormatError::Unsupported(format!("an HDF5 dataset {why}"));
        if new.row.len() + 1 >= AXES_MAX {
            return Err(unfit("cannot have so many axes"));
        }
        let bytes = new.row.iter().try_fold(new.element.bytes(), |bytes, axis| bytes.checked_mul(*axis));
        let row_bytes = bytes.filter(|bytes| *bytes > 0).ok_or_else(|| unfit("needs rows of some bytes"))?;
        let chunk_rows = new.chunk_rows.unwrap_or(1).clamp(1, new.rows.max(1));
        let chunk = row_bytes.checked_mul(chunk_rows).filter(|bytes| u32::try_from(*bytes).is_ok());
        if new.chunk_rows.is_some() && chunk.is_none() || new.rows.checked_mul(row_bytes).is_none() {
            return Err(unfit("cannot have chunks of 4 GiB"));
        }
        let row_bytes = usize::try_from(row_bytes).map_err(|_wide| unfit("has rows that are too long"))?;
        let gap = writer.at.next_multiple_of(8) - writer.at;
        // OK to cast and to index: less than eight.
        writer.put(&[0; 8][..gap as usize])?;
        let start = writer.at;
        Ok(Self { writer, new, row_bytes, chunk_rows, given: 0, start, chunk: Vec::new(), places: Vec::new() })
    }

    /// Takes the next bytes of the rows, little-endian.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), FormatError> {
        self.given += bytes.len() as u64;
        if self.new.chunk_rows.is_none() {
            return self.writer.put(bytes);
        }
        let whole = self.chunk_bytes();
        while !bytes.is_empty() {
            let room = (whole - self.chunk.len()).min(bytes.len());
            let (now, later) = bytes.split_at(room);
            self.chunk.extend(now);
            bytes = later;
            if self.chunk.len() == whole {
                self.put_chunk()?;
            }
        }
        Ok(())
    }

    /// Ends the dataset. As many rows as were announced must have come.
    ///
    /// # Errors
    ///
    /// When rows are missing or too many, an attribute is too long, or the output cannot be written.
    pub fn finish(mut self, attributes: &[(String, Value)]) -> Result<Object, FormatError> {
        let rows = self.given as f64 / self.row_bytes as f64;
        // OK to multiply: `new` saw that it fits.
        if self.given != self.new.rows * self.row_bytes as u64 {
            let text = format!("a dataset of {} rows in an HDF5 file was given {rows}", self.new.rows);
            return Err(FormatError::Unsupported(text));
        }
        if !self.chunk.is_empty() {
            // Chunks are whole; what is not of the dataset is zero.
            self.chunk.resize(self.chunk_bytes(), 0);
            self.put_chunk()?;
        }
        let dims: Vec<u64> = std::iter::once(self.new.rows).chain(self.new.row.iter().copied()).collect();
        let mut messages = Messages::default();
        messages.add(kind::DATASPACE, &space(&dims))?;
        messages.add(kind::DATATYPE, &self.new.element.datatype())?;
        // Version 2: memory is taken late (rows as they are) or chunk by chunk; the default value is written where it is set.
        let taken = if self.new.chunk_rows.is_some() { 3 } else { 2 };
        messages.add(kind::FILL, &[2, taken, 2, 1, 0, 0, 0, 0])?;
        let layout = match self.new.chunk_rows {
            None => {
                let place = if self.given == 0 { UNDEFINED } else { self.start };
                [&[3, 1][..], &place.to_le_bytes(), &self.given.to_le_bytes()].concat()
            }
            Some(_) => {
                let tree = self.chunk_tree()?;
                let mut layout = vec![3, 2, dims.len() as u8 + 1];
                layout.extend(tree.to_le_bytes());
                for axis in std::iter::once(&self.chunk_rows).chain(&self.new.row) {
                    // OK to cast: a chunk has less than 2^32 bytes.
                    layout.extend((*axis as u32).to_le_bytes());
                }
                // OK to cast: bytes of an element, as above.
                layout.extend((self.new.element.bytes() as u32).to_le_bytes());
                messages.add(kind::FILTERS, &self.filters())?;
                layout
            }
        };
        messages.add(kind::LAYOUT, &layout)?;
        self.writer.attributes(attributes, &mut messages)?;
        self.writer.header(&messages)
    }

    fn chunk_bytes(&self) -> usize {
        // OK to cast and to multiply: `new` saw that a chunk has less than 2^32 bytes.
        self.row_bytes * self.chunk_rows as usize
    }

    /// Whether elements have several bytes, of which those of one significance are put together.
    fn is_shuffled(&self) -> bool {
        matches!(self.new.element, Element::F32 | Element::I64)
    }

    /// The message of filters, version 1: neither has a name, and an odd number of values is filled up.
    fn filters(&self) -> Vec<u8> {
        let filter = |id: u16, value: u32| {
            let mut bytes = id.to_le_bytes().to_vec();
            // No name; it may be left out of a chunk; one value.
            bytes.extend([0, 0, 1, 0, 1, 0]);
            bytes.extend(value.to_le_bytes());
            bytes.extend([0; 4]);
            bytes
        };
        // OK to cast: bytes of a number.
        let shuffle = self.is_shuffled().then(|| filter(SHUFFLE, self.new.element.bytes() as u32));
        let filters: Vec<Vec<u8>> = shuffle.into_iter().chain([filter(DEFLATE, LEVEL)]).collect();
        let mut body = vec![1, filters.len() as u8, 0, 0, 0, 0, 0, 0];
        filters.iter().for_each(|filter| body.extend(filter));
        body
    }

    /// Writes the chunk under way. One that does not shrink is left as it was shuffled.
    fn put_chunk(&mut self) -> Result<(), FormatError> {
        let mut bytes = std::mem::take(&mut self.chunk);
        if self.is_shuffled() {
            // OK to cast: bytes of a number.
            bytes = shuffled(&bytes, self.new.element.bytes() as usize);
        }
        let mut encoder = ZlibEncoder::new(Vec::with_capacity(bytes.len() / 2), Compression::new(LEVEL));
        encoder.write_all(&bytes).map_err(failed)?;
        let small = encoder.finish().map_err(failed)?;
        let without_deflate = 1 << u32::from(self.is_shuffled());
        let (stored, mask) = if small.len() < bytes.len() { (&small, 0) } else { (&bytes, without_deflate) };
        let at = self.writer.at;
        self.writer.put(stored)?;
        // OK to cast: not more than a chunk.
        self.places.push((at, stored.len() as u32, mask));
        // Its memory serves the next chunk.
        bytes.clear();
        self.chunk = bytes;
        Ok(())
    }

    /// Writes the tree that leads to the chunks, and says where it lies; there is none where there are no chunks.
    fn chunk_tree(&mut self) -> Result<u64, FormatError> {
        if self.places.is_empty() {
            return Ok(UNDEFINED);
        }
        let places = std::mem::take(&mut self.places);
        let (chunk_rows, axes) = (self.chunk_rows, self.new.row.len() + 1);
        let key = |chunk: usize| {
            let (_, bytes, mask) = places.get(chunk).copied().unwrap_or_default();
            let mut key = [bytes.to_le_bytes(), mask.to_le_bytes()].concat();
            // Chunks lie behind each other on the first axis; the last offset is that within an element.
            key.extend((chunk as u64 * chunk_rows).to_le_bytes());
            key.resize(8 + 8 * (axes + 1), 0);
            key
        };
        self.writer.tree(1, CHUNKS_K, places.iter().map(|(at, ..)| *at).collect(), &key)
    }
}

/// The first bytes of all elements, then all second ones, and so on.
fn shuffled(bytes: &[u8], size: usize) -> Vec<u8> {
    (0..size).flat_map(|at| bytes.iter().skip(at).step_by(size).copied()).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::ops::ControlFlow;

    use prairie_model::{MemorySource, ReadEvent, ReadOptions, Source};

    use super::*;
    use crate::Reader;
    use crate::hdf5::Hdf5;

    fn dataset(element: Element, rows: u64, row: &[u64], chunk_rows: Option<u64>) -> NewDataset {
        NewDataset { element, rows, row: row.to_vec(), chunk_rows }
    }

    #[test]
    fn rows_must_come_as_announced() {
        let mut writer = Hdf5Writer::new(Cursor::new(Vec::new())).unwrap();
        for (bytes, fits) in [(11, false), (12, true), (13, false)] {
            let mut rows = writer.dataset(dataset(Element::U8, 4, &[3], Some(3))).unwrap();
            rows.push(&vec![7; bytes]).unwrap();
            assert_eq!(rows.finish(&[]).is_ok(), fits, "{bytes}");
        }
        assert!(writer.dataset(dataset(Element::F32, 4, &[0], None)).is_err());
        assert!(writer.dataset(dataset(Element::F32, 4, &[u64::MAX], None)).is_err());
        assert!(writer.dataset(dataset(Element::F32, 4, &[1 << 30], Some(1))).is_err(), "a chunk of 4 GiB");
    }

    #[test]
    fn names_that_a_group_cannot_have_are_refused() {
        let mut writer = Hdf5Writer::new(Cursor::new(Vec::new())).unwrap();
        let group = writer.group(&[], &[]).unwrap();
        for names in [&["a/b"][..], &[""], &["."], &["a\0"], &["a", "a"]] {
            let members: Vec<_> = names.iter().map(|name| ((*name).to_owned(), group)).collect();
            assert!(writer.group(&members, &[]).is_err(), "{names:?}");
        }
        let long = "x".repeat(70_000);
        assert!(writer.group(&[], &[(long, Value::Integer(1))]).is_err());
    }

    /// Values of every kind, in one chunk and in many, come back; also out of groups of so many names that their trees have
    /// several levels, and what was taken back is not there.
    #[test]
    fn what_is_written_is_read() {
        let rows = 4500_u64;
        let mut writer = Hdf5Writer::new(Cursor::new(Vec::new())).unwrap();
        let floats: Vec<u8> = (0..rows * 3).flat_map(|at| (at as f32 * 0.25).to_le_bytes()).collect();
        let mut demos = Vec::new();
        for demo in 0..700_u64 {
            let rows = if demo == 0 { rows } else { 2 };
            let mut members = Vec::new();
            for (name, chunk_rows) in [("actions", Some(1)), ("plain", None), ("wide", Some(7))] {
                let mut numbers = writer.dataset(dataset(Element::F32, rows, &[3], chunk_rows)).unwrap();
                numbers.push(&floats[..rows as usize * 12]).unwrap();
                members.push((name.to_owned(), numbers.finish(&[]).unwrap()));
            }
            let mark = writer.mark();
            let mut lost = writer.dataset(dataset(Element::U8, 1, &[900], None)).unwrap();
            lost.push(&[9; 900]).unwrap();
            lost.finish(&[]).unwrap();
            writer.back_to(mark).unwrap();
            let facts = [
                ("num_samples".to_owned(), Value::Integer(rows as i64)),
                ("task".to_owned(), Value::Text(format!("fold napkin {demo}, bitte schön"))),
            ];
            demos.push((format!("demo_{demo}"), writer.group(&members, &facts).unwrap()));
        }
        let data = writer.group(&demos, &[("control_freq".to_owned(), Value::Float(12.5))]).unwrap();
        let (out, end) = writer.finish(&[("data".to_owned(), data)], &[]).unwrap();
        let mut bytes = out.into_inner();
        bytes.truncate(end as usize);
        let source = MemorySource::new([("a.hdf5".to_owned(), bytes)]);
        assert!(Hdf5.claims(&source) && source.files().len() == 1);
        let options = ReadOptions { verify: true, ..ReadOptions::default() };
        let plan = Hdf5.plan(&source, &options).unwrap();
        assert!(plan.notes.is_empty(), "{:?}", plan.notes);
        assert_eq!(plan.profile.as_deref(), Some("robomimic"));
        assert_eq!(plan.episodes.len(), 700);
        assert_eq!(plan.episodes[699].task.as_deref(), Some("fold napkin 699, bitte schön"));
        let mut counts = std::collections::BTreeMap::new();
        let mut notes = Vec::new();
        let mut take = |event: ReadEvent| {
            match event {
                ReadEvent::Batch(batch) => {
                    *counts.entry(batch.channel.topic.clone()).or_insert(0_u64) += batch.len() as u64;
                }
                ReadEvent::Note(note) => notes.push(note),
                _ => {}
            }
            ControlFlow::Continue(())
        };
        Hdf5.read(&source, &plan, &options, &mut take).unwrap();
        assert!(notes.is_empty(), "{notes:?}");
        assert_eq!(counts.values().copied().collect::<Vec<_>>(), [rows + 1398; 3]);
    }
}
