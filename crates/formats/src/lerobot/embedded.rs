//! Pictures inside a Parquet file: where each lies, so that none has to be copied.
//!
//! ```text
//!   column chunk ─▶ page header ─▶ page ─ (decompress) ─▶ levels, then values ─▶ one BlobRef per row
//!                   (Thrift)              dictionary page ─────▶ places ◀─ indexes
//! ```
//!
//! A reference names the page as its chunk, and the place of the picture in the decompressed page. The Parquet library gives
//! values but not where they come from, so the frames of pages are read here, as
//! <https://parquet.apache.org/docs/file-format/> gives them.
//!
//! What it does *not* do: delta encodings, columns of lists, pages of several LZ4 blocks. Those pictures are counted.
//!
//! **Invariant:** it holds one page and the places of one row group, never the pictures.

use parquet::basic;
use prairie_model::{BlobRef, Compression, Hash256, Source};

use crate::messages::Inflater;

/// Bytes of a page header. Statistics with long values are why it may be large.
const HEADER_MAX: u64 = 1 << 20;

/// Bytes that are read for a header at first.
const HEADER_USUAL: u64 = 512;

/// Bytes of a page, compressed.
const PAGE_MAX: u64 = 256 << 20;

/// Rows of a row group whose places are kept.
const ROWS_MAX: usize = 16 << 20;

/// A column chunk of byte arrays that are not in lists.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) file: usize,
    pub(super) start: u64,
    pub(super) length: u64,
    pub(super) compression: basic::Compression,
    /// Definition level of a value that is there.
    pub(super) defined: u16,
}

/// Where a value lies in its page: after how many bytes, and how long it is.
type Place = (u64, u64);

/// Where compressed bytes lie in the file, how many, and how they are compressed.
type Chunk = (u64, u64, Compression);

/// One page, as its header describes it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Page {
    kind: i64,
    compressed: u64,
    plain: u64,
    values: u64,
    encoding: i64,
    /// Bytes of levels before the values, of pages of version 2.
    levels: Option<(u64, u64)>,
    /// Whether the values of a page of version 2 are compressed.
    is_compressed: bool,
}

const DATA: i64 = 0;
const DICTIONARY: i64 = 2;
const DATA_V2: i64 = 3;

const PLAIN: i64 = 0;
const PLAIN_DICTIONARY: i64 = 2;
const RLE_DICTIONARY: i64 = 8;

/// The place of the value of each row, `None` where there is none, of at least the first `enough` rows; `None` when the column
/// is written in a way that is not known, or damaged.
pub(super) fn places(source: &dyn Source, column: Column, rows: u64, enough: usize) -> Option<Vec<Option<BlobRef>>> {
    let rows = usize::try_from(rows).ok().filter(|rows| *rows <= ROWS_MAX)?;
    let end = column.start.checked_add(column.length)?;
    let mut walk = Walk { source, column, inflater: Inflater::default(), dictionary: Vec::new() };
    let mut found = Vec::new();
    let mut offset = column.start;
    let enough = enough.min(rows);
    while found.len() < enough && offset < end {
        let (page, header) = walk.header(offset, end)?;
        let body = offset.checked_add(header)?;
        offset = body.checked_add(page.compressed).filter(|next| *next <= end && page.compressed <= PAGE_MAX)?;
        match page.kind {
            DICTIONARY => walk.dictionary = walk.dictionary_of(page, body)?,
            DATA | DATA_V2 => walk.data(page, body, rows, &mut found)?,
            _ => {}
        }
    }
    (found.len() >= enough).then_some(found)
}

struct Walk<'a> {
    source: &'a dyn Source,
    column: Column,
    inflater: Inflater,
    dictionary: Vec<BlobRef>,
}

impl Walk<'_> {
    fn header(&self, offset: u64, end: u64) -> Option<(Page, u64)> {
        let mut length = HEADER_USUAL;
        loop {
            let bytes = self.source.read_exact(self.column.file, offset, length.min(end - offset)).ok()?;
            let mut thrift = Thrift { bytes: &bytes, at: 0 };
            if let Some(page) = thrift.page() {
                return Some((page, thrift.at as u64));
            }
            // It may be longer than what was read.
            if length >= HEADER_MAX || offset + length >= end {
                return None;
            }
            length *= 16;
        }
    }

    /// Where the compressed bytes of a page lie that has `length` bytes at `offset`, and how they are compressed.
    fn chunk(&self, offset: u64, length: u64) -> Option<Chunk> {
        let compression = match self.column.compression {
            basic::Compression::UNCOMPRESSED => Compression::None,
            basic::Compression::SNAPPY => Compression::Snappy,
            basic::Compression::ZSTD(_) => Compression::Zstd,
            basic::Compression::LZ4_RAW => Compression::Lz4Block,
            basic::Compression::GZIP(_) => Compression::Gzip,
            basic::Compression::BROTLI(_) => Compression::Brotli,
            basic::Compression::LZ4 => return self.old_lz4(offset, length),
            basic::Compression::LZO => return None,
        };
        Some((offset, length, compression))
    }

    /// The codec that the format calls LZ4 and no longer wants: writers put a block behind the two sizes that Hadoop has, a frame,
    /// or a block alone. Several blocks cannot be pointed into.
    fn old_lz4(&self, offset: u64, length: u64) -> Option<Chunk> {
        const FRAME: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];
        let head = self.source.read_exact(self.column.file, offset, length.min(8)).ok()?;
        if head.starts_with(&FRAME) {
            return Some((offset, length, Compression::Lz4));
        }
        match head[..] {
            [_, _, _, _, a, b, c, d] if u64::from(u32::from_be_bytes([a, b, c, d])) + 8 == length => {
                Some((offset + 8, length - 8, Compression::Lz4Block))
            }
            _ => Some((offset, length, Compression::Lz4Block)),
        }
    }

    /// The bytes of a region of the file, decompressed.
    fn plain(&mut self, (offset, length, compression): Chunk, claimed: u64) -> Option<Vec<u8>> {
        let bytes = self.source.read_exact(self.column.file, offset, length).ok()?;
        if compression == Compression::None {
            return Some(bytes);
        }
        self.inflater.inflate(compression, &bytes, Some(claimed)).ok()?;
        Some(self.inflater.take()).filter(|plain| plain.len() as u64 == claimed)
    }

    /// The reference to a value of a page whose `bytes` were just decompressed.
    fn blob(&self, chunk: Chunk, bytes: &[u8], (inner, length): Place) -> BlobRef {
        let (offset, chunk_length, compression) = chunk;
        let place = match compression {
            // Where nothing is compressed the chunk is the picture itself.
            Compression::None => (offset + inner, length, 0),
            _ => (offset, chunk_length, inner),
        };
        BlobRef {
            // OK to cast: a folder of 2^32 files does not fit in memory.
            file: self.column.file as u32,
            chunk_offset: place.0,
            chunk_length: place.1,
            compression,
            inner_offset: place.2,
            length,
            key_frame: Some(true),
            // OK to cast: places lie inside of `bytes`.
            sha256: bytes.get(inner as usize..(inner + length) as usize).map(Hash256::of),
        }
    }

    fn dictionary_of(&mut self, page: Page, body: u64) -> Option<Vec<BlobRef>> {
        let chunk = self.chunk(body, page.compressed)?;
        let bytes = self.plain(chunk, page.plain)?;
        let places = plain_values(&bytes, 0, usize::try_from(page.values).ok()?)?;
        Some(places.into_iter().map(|place| self.blob(chunk, &bytes, place)).collect())
    }

    fn data(&mut self, page: Page, body: u64, rows: usize, found: &mut Vec<Option<BlobRef>>) -> Option<()> {
        let count = usize::try_from(page.values).ok().filter(|count| *count <= rows - found.len())?;
        let (bytes, chunk, levels, values) = match page.levels {
            Some((repetition, definition)) => {
                let levels = repetition.checked_add(definition)?;
                let length = page.compressed.checked_sub(levels)?;
                let chunk = match page.is_compressed {
                    true => self.chunk(body + levels, length)?,
                    false => (body + levels, length, Compression::None),
                };
                let head = self.source.read_exact(self.column.file, body + repetition, definition).ok()?;
                let claimed = page.plain.checked_sub(levels)?;
                (self.plain(chunk, claimed)?, chunk, head, 0)
            }
            None => {
                let chunk = self.chunk(body, page.compressed)?;
                let bytes = self.plain(chunk, page.plain)?;
                let length = match self.column.defined {
                    0 => None,
                    _ => Some(u32::from_le_bytes(*bytes.first_chunk::<4>()?) as usize),
                };
                let values = length.map_or(0, |length| length.saturating_add(4));
                let levels = bytes.get(4.min(values)..values)?.to_vec();
                (bytes, chunk, levels, values)
            }
        };
        let defined: Vec<bool> = if self.column.defined == 0 {
            vec![true; count]
        } else {
            let levels = hybrid(&levels, width_of(self.column.defined), count)?;
            levels.into_iter().map(|level| level == u32::from(self.column.defined)).collect()
        };
        let there = defined.iter().filter(|there| **there).count();
        let blobs: Vec<BlobRef> = match page.encoding {
            PLAIN => {
                let places = plain_values(&bytes, values, there)?;
                places.into_iter().map(|place| self.blob(chunk, &bytes, place)).collect()
            }
            PLAIN_DICTIONARY | RLE_DICTIONARY => {
                let rest = bytes.get(values..)?;
                let indexes = match rest.split_first() {
                    Some((width, rest)) => hybrid(rest, u32::from(*width), there)?,
                    None if there == 0 => Vec::new(),
                    None => return None,
                };
                let blob = |index: u32| self.dictionary.get(index as usize).copied();
                indexes.into_iter().map(blob).collect::<Option<_>>()?
            }
            _ => return None,
        };
        let mut blobs = blobs.into_iter();
        found.extend(defined.into_iter().map(|there| if there { blobs.next() } else { None }));
        Some(())
    }
}

/// The places of `count` values, each after its length in four bytes.
fn plain_values(bytes: &[u8], mut at: usize, count: usize) -> Option<Vec<Place>> {
    // No more values than bytes could hold, whatever the header claims.
    let mut places = Vec::with_capacity(count.min(bytes.len() / 4 + 1));
    for _ in 0..count {
        let length = u32::from_le_bytes(*bytes.get(at..)?.first_chunk::<4>()?);
        at += 4;
        places.push((at as u64, u64::from(length)));
        at = at.checked_add(length as usize).filter(|end| *end <= bytes.len())?;
    }
    Some(places)
}

/// Bits of a level.
fn width_of(greatest: u16) -> u32 {
    u16::BITS - greatest.leading_zeros()
}

/// `count` numbers of `width` bits in runs and bit-packed groups of eight.
fn hybrid(bytes: &[u8], width: u32, count: usize) -> Option<Vec<u32>> {
    if width > 32 {
        return None;
    }
    let mut numbers = Vec::with_capacity(count.min(ROWS_MAX));
    let mut input = Thrift { bytes, at: 0 };
    while numbers.len() < count {
        // A width of zero needs no bytes: all numbers are zero.
        if width == 0 {
            numbers.resize(count, 0);
            break;
        }
        let head = input.varint()?;
        let left = count - numbers.len();
        if head & 1 == 0 {
            let run = usize::try_from(head >> 1).ok()?;
            let size = width.div_ceil(8) as usize;
            let mut value = [0; 4];
            value[..size].copy_from_slice(input.take(size)?);
            numbers.extend(std::iter::repeat_n(u32::from_le_bytes(value), run.min(left)));
        } else {
            let size = usize::try_from(head >> 1).ok()?.checked_mul(width as usize)?;
            // The last group may be cut off where it holds no more numbers.
            let packed = input.take(size.min(input.left()))?;
            let number = |index: usize| {
                let bit = |bit: usize| u32::from(packed.get(bit / 8).copied().unwrap_or(0) >> (bit % 8) & 1);
                (0..width as usize).fold(0, |number, at| number | bit(index * width as usize + at) << at)
            };
            let whole = (packed.len() * 8 / width as usize).min(left);
            if whole == 0 {
                return None;
            }
            numbers.extend((0..whole).map(number));
        }
    }
    Some(numbers)
}

/// The compact protocol of Thrift, as far as page headers need it.
struct Thrift<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Structs nest no deeper in a page header.
const DEPTH_MAX: usize = 8;

impl<'a> Thrift<'a> {
    fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn integer(&mut self) -> Option<i64> {
        let zigzag = self.varint()?;
        // OK to cast: zigzag keeps the sign in the lowest bit.
        Some((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }

    /// Calls `field` with the id and the type of each field of a struct; it reads the field, or leaves it to be skipped.
    fn fields(&mut self, depth: usize, mut field: impl FnMut(&mut Self, i64, u8) -> Option<bool>) -> Option<()> {
        let mut id = 0_i64;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            id = match head >> 4 {
                0 => self.integer()?,
                delta => id.checked_add(i64::from(delta))?,
            };
            if !field(self, id, head & 0x0f)? {
                self.skip(head & 0x0f, depth)?;
            }
        }
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        if depth > DEPTH_MAX {
            return None;
        }
        match kind {
            1 | 2 => {}
            3 => {
                self.byte()?;
            }
            4..=6 => {
                self.integer()?;
            }
            7 => {
                self.take(8)?;
            }
            8 => {
                let length = usize::try_from(self.varint()?).ok()?;
                self.take(length)?;
            }
            12 => self.fields(depth + 1, |_, _, _| Some(false))?,
            // Page headers hold no lists, sets or maps.
            _ => return None,
        }
        Some(())
    }

    fn page(&mut self) -> Option<Page> {
        let mut page = Page { kind: -1, is_compressed: true, ..Page::default() };
        let size = |number: i64| u64::try_from(number).ok();
        self.fields(0, |input, id, kind| {
            match (id, kind) {
                (1, 5) => page.kind = input.integer()?,
                (2, 5) => page.plain = size(input.integer()?)?,
                (3, 5) => page.compressed = size(input.integer()?)?,
                (5 | 7, 12) => input.fields(1, |input, id, kind| {
                    match (id, kind) {
                        (1, 5) => page.values = size(input.integer()?)?,
                        (2, 5) => page.encoding = input.integer()?,
                        _ => return Some(false),
                    }
                    Some(true)
                })?,
                (8, 12) => input.version_2(&mut page)?,
                _ => return Some(false),
            }
            Some(true)
        })?;
        Some(page)
    }

    fn version_2(&mut self, page: &mut Page) -> Option<()> {
        let size = |number: i64| u64::try_from(number).ok();
        let (mut definition, mut repetition) = (0, 0);
        self.fields(1, |input, id, kind| {
            match (id, kind) {
                (1, 5) => page.values = size(input.integer()?)?,
                (4, 5) => page.encoding = input.integer()?,
                (5, 5) => definition = size(input.integer()?)?,
                (6, 5) => repetition = size(input.integer()?)?,
                // A field that is true or false has its value in its type.
                (7, 1 | 2) => page.is_compressed = kind == 1,
                _ => return Some(false),
            }
            Some(true)
        })?;
        page.levels = Some((repetition, definition));
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::table::Table;
    use super::*;
    use crate::BlobReader;
    use arrow::array::{ArrayRef, BinaryArray, Int64Array, RecordBatch};
    use parquet::arrow::ArrowWriter;
    use parquet::basic::{BrotliLevel, GzipLevel, ZstdLevel};
    use parquet::file::properties::{WriterProperties, WriterVersion};
    use prairie_model::MemorySource;

    /// 300 pictures, some missing, some twice, as a Parquet file.
    fn file(properties: WriterProperties) -> (Vec<u8>, Vec<Option<Vec<u8>>>) {
        let picture = |at: usize| match at % 7 {
            3 => None,
            other => Some((0..40 + at % 50).map(|byte| (byte * (other + at / 20)) as u8).collect::<Vec<u8>>()),
        };
        let pictures: Vec<_> = (0..300).map(picture).collect();
        let column: ArrayRef = Arc::new(pictures.iter().map(|one| one.as_deref()).collect::<BinaryArray>());
        let rows: ArrayRef = Arc::new(Int64Array::from_iter_values(0..300));
        let batch = RecordBatch::try_from_iter([("frame", rows), ("picture", column)]).unwrap();
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        (writer.into_inner().unwrap(), pictures)
    }

    #[test]
    fn every_picture_is_found_however_it_is_written() {
        for compression in [
            basic::Compression::UNCOMPRESSED,
            basic::Compression::SNAPPY,
            basic::Compression::ZSTD(ZstdLevel::default()),
            basic::Compression::GZIP(GzipLevel::default()),
            basic::Compression::BROTLI(BrotliLevel::default()),
            basic::Compression::LZ4,
            basic::Compression::LZ4_RAW,
        ] {
            for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
                for dictionary in [false, true] {
                    let properties = WriterProperties::builder()
                        .set_compression(compression)
                        .set_writer_version(version)
                        .set_dictionary_enabled(dictionary)
                        .set_encoding(basic::Encoding::PLAIN)
                        .set_data_page_row_count_limit(64)
                        .set_write_batch_size(32)
                        .build();
                    let (bytes, pictures) = file(properties);
                    let source = MemorySource::new([("a.parquet".to_owned(), bytes)]);
                    let table = Table::open(&source, 0).unwrap();
                    let places = table.embedded(0, "picture", usize::MAX);
                    let places = places.unwrap_or_else(|| panic!("{compression:?} {version:?} {dictionary}"));
                    let mut blobs = BlobReader::new(&source);
                    let read: Vec<_> = places.iter().map(|blob| blob.map(|blob| blobs.read(&blob).unwrap())).collect();
                    assert_eq!(read, pictures, "{compression:?} {version:?} {dictionary}");
                    assert_eq!(table.embedded(0, "frame", usize::MAX), None, "numbers are no pictures");
                }
            }
        }
    }

    #[test]
    fn damage_gives_nothing_or_something_but_never_a_panic() {
        let properties = WriterProperties::builder().set_compression(basic::Compression::SNAPPY).build();
        let (bytes, _) = file(properties);
        for at in 0..bytes.len() - 1000 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x55;
            let source = MemorySource::new([("a.parquet".to_owned(), damaged)]);
            let Ok(table) = Table::open(&source, 0) else { continue };
            if let Some(places) = table.embedded(0, "picture", usize::MAX) {
                assert_eq!(places.len(), 300);
            }
        }
    }

    #[test]
    fn runs_and_groups() {
        // The example of the format's page: 0 to 7 in three bits, then a run of five fours.
        assert_eq!(
            hybrid(&[3, 0x88, 0xc6, 0xfa, 10, 4], 3, 13),
            Some([&[0, 1, 2, 3, 4, 5, 6, 7][..], &[4; 5]].concat())
        );
        assert_eq!(hybrid(&[], 0, 3), Some(vec![0; 3]));
        assert_eq!(hybrid(&[3, 0x88], 3, 8), None, "the group is cut");
        assert_eq!(hybrid(&[0xff; 12], 3, 8), None);
        assert_eq!((width_of(1), width_of(2), width_of(3), width_of(4)), (1, 2, 2, 3));
    }
}
