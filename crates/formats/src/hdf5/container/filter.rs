//! Filters: what was done to a chunk before it was written, and is undone in the other order.
//!
//! Deflate, shuffle, Fletcher's checksum, N-bit and scale-offset are of the library; LZF is that of `h5py`, LZ4, Zstandard and
//! bzip2 are those of the registered plugins.
//!
//! What it does *not* do: szip, Blosc, bitshuffle and the other plugins. [`Pipeline::unknown`] names them.
//!
//! **Invariant:** a chunk grows to no more than the size of a chunk and what its checksums need, whatever its bytes claim.

use std::io::Read;

use fdeflate::Decompressor;

use super::bits;
use super::checksum::fletcher32;
use super::cursor::{Cursor, Parsed};
use super::file::File;
use super::header::{Header, kind};
use crate::FormatError;

pub(in crate::hdf5) const DEFLATE: u16 = 1;
pub(in crate::hdf5) const SHUFFLE: u16 = 2;
const FLETCHER32: u16 = 3;
const NBIT: u16 = 5;
const SCALE_OFFSET: u16 = 6;
const BZIP2: u16 = 307;
const LZF: u16 = 32000;
const LZ4: u16 = 32004;
const ZSTD: u16 = 32015;

/// Names of filters that people meet, so that a refusal says more than a number.
const NAMES: &[(u16, &str)] = &[
    (DEFLATE, "deflate"),
    (SHUFFLE, "shuffle"),
    (FLETCHER32, "fletcher32"),
    (4, "szip"),
    (NBIT, "nbit"),
    (SCALE_OFFSET, "scaleoffset"),
    (BZIP2, "bzip2"),
    (LZF, "lzf"),
    (32001, "blosc"),
    (LZ4, "lz4"),
    (32008, "bitshuffle"),
    (32013, "zfp"),
    (ZSTD, "zstd"),
    (32024, "sz3"),
    (32026, "blosc2"),
];

/// Filters of one dataset.
const FILTERS_MAX: usize = 32;

/// One filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filter {
    id: u16,
    values: Vec<u32>,
}

/// The filters of a dataset, in the order in which they were applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::hdf5) struct Pipeline {
    filters: Vec<Filter>,
}

/// Memory that is used again from chunk to chunk.
#[derive(Debug, Default)]
pub(in crate::hdf5) struct Buffers {
    /// The bytes so far.
    pub(in crate::hdf5) data: Vec<u8>,
    spare: Vec<u8>,
}

impl Filter {
    /// Reads a message of filters.
    pub(super) fn pipeline_at(mut cursor: Cursor<'_>) -> Parsed<Pipeline> {
        let version = cursor.version(1..=2)?;
        let count = usize::from(cursor.u8()?);
        if count > FILTERS_MAX {
            return Err(format!("{count} filters are more than {FILTERS_MAX}"));
        }
        cursor.skip(if version == 1 { 6 } else { 0 })?;
        let mut filters = Vec::with_capacity(count);
        for _ in 0..count {
            let id = cursor.u16()?;
            let name_length = if version == 1 || id >= 256 { cursor.u16()? } else { 0 };
            cursor.skip(2)?;
            let values = usize::from(cursor.u16()?);
            let name_length = usize::from(name_length);
            cursor.skip(if version == 1 { name_length.next_multiple_of(8) } else { name_length })?;
            let bytes = cursor.take(values * 4)?;
            cursor.skip(if version == 1 && values % 2 == 1 { 4 } else { 0 })?;
            // OK to index: each piece has four bytes.
            let values = bytes.chunks_exact(4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]));
            filters.push(Filter { id, values: values.collect() });
        }
        Ok(Pipeline { filters })
    }

    /// As [`Self::pipeline_at`], of bytes that hold neither addresses nor lengths.
    pub(super) fn pipeline(bytes: &[u8]) -> Parsed<Pipeline> {
        Self::pipeline_at(Cursor::new(bytes, (8, 8)))
    }

    fn name(&self) -> String {
        match NAMES.iter().find(|(id, _)| *id == self.id) {
            Some((_, name)) => format!("{} ({name})", self.id),
            None => self.id.to_string(),
        }
    }

    fn value(&self, at: usize) -> Parsed<usize> {
        // OK to cast: 32 bits.
        let value = self.values.get(at).map(|value| *value as usize);
        value.ok_or_else(|| format!("filter {} has no parameter {at}", self.name()))
    }
}

impl Pipeline {
    /// The filters of a dataset.
    pub(super) fn of(file: &File<'_>, header: &Header) -> Result<Self, FormatError> {
        let Some(message) = header.find(file, kind::FILTERS)? else { return Ok(Self::default()) };
        let parsed = Filter::pipeline_at(file.cursor(&message.body));
        parsed.map_err(|why| file.damaged("the filters of a dataset", message.address, why))
    }

    pub(in crate::hdf5) fn is_empty(&self) -> bool {
        self.filters.is_empty()
    }

    /// The filters that cannot be undone.
    pub(in crate::hdf5) fn unknown(&self) -> Option<String> {
        let known = [DEFLATE, SHUFFLE, FLETCHER32, NBIT, SCALE_OFFSET, BZIP2, LZF, LZ4, ZSTD];
        let unknown: Vec<String> =
            self.filters.iter().filter(|filter| !known.contains(&filter.id)).map(Filter::name).collect();
        (!unknown.is_empty()).then(|| format!("filter {} is not known", unknown.join(", ")))
    }

    /// As [`Self::undo_in`], for what is read once.
    pub(super) fn undo(&self, bytes: Vec<u8>, mask: u32, size: Option<usize>, verify: bool) -> Parsed<Vec<u8>> {
        let mut buffers = Buffers { data: bytes, ..Buffers::default() };
        self.undo_in(&mut buffers, mask, size, verify)?;
        Ok(buffers.data)
    }

    /// Undoes the filters on `buffers.data`, but those of which `mask` says that they were passed over. It becomes `size` bytes,
    /// where that is known.
    pub(in crate::hdf5) fn undo_in(
        &self,
        buffers: &mut Buffers,
        mask: u32,
        size: Option<usize>,
        verify: bool,
    ) -> Parsed<()> {
        // What a filter makes may be longer than the chunk by its checksums and by the heads of what lies inside of it.
        let room = size.map_or(64 << 20, |size| size + size / 16 + 4096);
        for (place, filter) in self.filters.iter().enumerate().rev() {
            // OK to shift: there are at most 32 filters.
            if mask >> place & 1 == 1 {
                continue;
            }
            // Before the first filter, and after others that keep the size, the chunk has its own.
            let keeps = |filter: &Filter| filter.id == SHUFFLE;
            let exact = size.filter(|_| self.filters[..place].iter().all(keeps));
            let spent = filter.undo(buffers, exact, room, verify);
            spent.map_err(|why| format!("filter {}: {why}", filter.name()))?;
        }
        match size {
            Some(size) if size != buffers.data.len() => {
                Err(format!("it has {} bytes instead of {size}", buffers.data.len()))
            }
            _ => Ok(()),
        }
    }
}

impl Filter {
    fn undo(&self, buffers: &mut Buffers, exact: Option<usize>, room: usize, verify: bool) -> Parsed<()> {
        match self.id {
            FLETCHER32 => return unsum(&mut buffers.data, verify),
            DEFLATE => inflate(buffers, exact, room, verify)?,
            SHUFFLE => {
                let size = self.value(0)?;
                if size < 2 || buffers.data.len() < size {
                    return Ok(());
                }
                buffers.spare.resize(buffers.data.len(), 0);
                unshuffle(&buffers.data, &mut buffers.spare, size);
            }
            LZF => {
                let size = exact.or_else(|| self.value(2).ok()).filter(|size| *size <= room);
                unlzf(&buffers.data, &mut buffers.spare, size.ok_or("nothing says how long it becomes")?)?;
            }
            LZ4 => unlz4(&buffers.data, &mut buffers.spare, room)?,
            ZSTD => {
                buffers.spare.resize(exact.unwrap_or(room), 0);
                let n = zstd::bulk::decompress_to_buffer(&buffers.data, &mut buffers.spare[..]);
                buffers.spare.truncate(n.map_err(|error| error.to_string())?);
            }
            BZIP2 => {
                buffers.spare.clear();
                // One byte more than there may be, to see whether there are more.
                let mut plain = bzip2::bufread::BzDecoder::new(&buffers.data[..]).take(room as u64 + 1);
                plain.read_to_end(&mut buffers.spare).map_err(|error| error.to_string())?;
                if buffers.spare.len() > room {
                    return Err(format!("it becomes more than {room} bytes"));
                }
            }
            NBIT => bits::unpack_nbit(&buffers.data, &mut buffers.spare, &self.values, room)?,
            SCALE_OFFSET => bits::unpack_scaled(&buffers.data, &mut buffers.spare, &self.values, room)?,
            _ => return Err("it is not known".to_owned()),
        }
        std::mem::swap(&mut buffers.data, &mut buffers.spare);
        Ok(())
    }
}

fn unsum(data: &mut Vec<u8>, verify: bool) -> Parsed<()> {
    let Some((body, saved)) = data.split_last_chunk::<4>() else {
        return Err("there is no room for the checksum".to_owned());
    };
    if verify {
        let (saved, found) = (u32::from_le_bytes(*saved), fletcher32(body));
        if saved != found {
            return Err(format!("the checksum is {saved:08x}, and the bytes give {found:08x}"));
        }
    }
    data.truncate(data.len() - 4);
    Ok(())
}

fn inflate(buffers: &mut Buffers, exact: Option<usize>, room: usize, verify: bool) -> Parsed<()> {
    let Buffers { data, spare } = buffers;
    let mut inflater = Decompressor::new();
    if !verify {
        inflater.ignore_adler32();
    }
    let limit = exact.unwrap_or(room);
    spare.resize(exact.unwrap_or((data.len() * 4).min(room)), 0);
    let (mut read, mut written) = (0, 0);
    while !inflater.is_done() {
        let done = inflater.read(&data[read..], spare, written, true).map_err(|error| format!("{error:?}"))?;
        (read, written) = (read + done.0, written + done.1);
        if written == spare.len() && !inflater.is_done() {
            if written == limit {
                return Err(format!("it becomes more than {limit} bytes"));
            }
            spare.resize((written * 2).max(4096).min(limit), 0);
        }
    }
    spare.truncate(written);
    Ok(())
}

/// Puts the bytes of each element together again: all first bytes come first, then all second ones, and so on. What is left
/// over at the end was not moved.
fn unshuffle(from: &[u8], into: &mut [u8], size: usize) {
    let count = from.len() / size;
    let whole = count * size;
    match size {
        2 => gather::<2>(&from[..whole], &mut into[..whole], count),
        4 => gather::<4>(&from[..whole], &mut into[..whole], count),
        8 => gather::<8>(&from[..whole], &mut into[..whole], count),
        _ => {
            for (byte, plane) in from[..whole].chunks_exact(count).enumerate() {
                for (element, value) in plane.iter().enumerate() {
                    into[element * size + byte] = *value;
                }
            }
        }
    }
    into[whole..].copy_from_slice(&from[whole..]);
}

/// [`unshuffle`] for a size that the compiler knows, in blocks that stay in the cache.
fn gather<const SIZE: usize>(from: &[u8], into: &mut [u8], count: usize) {
    const BLOCK: usize = 1024;
    let mut start = 0;
    while start < count {
        let length = BLOCK.min(count - start);
        // OK to index: `from` has SIZE planes of `count` bytes.
        let planes: [&[u8]; SIZE] = std::array::from_fn(|byte| &from[byte * count + start..][..length]);
        let block = &mut into[start * SIZE..(start + length) * SIZE];
        for (at, element) in block.chunks_exact_mut(SIZE).enumerate() {
            for byte in 0..SIZE {
                element[byte] = planes[byte][at];
            }
        }
        start += length;
    }
}

/// LZF, as `LibLZF` has it: runs of up to 32 literal bytes, and copies of up to 264 from up to 8192 bytes before.
fn unlzf(from: &[u8], into: &mut Vec<u8>, size: usize) -> Parsed<()> {
    into.clear();
    into.reserve(size);
    let mut rest = from;
    let cut = || "it ends within a run".to_owned();
    while let Some((&control, after)) = rest.split_first() {
        let control = usize::from(control);
        if control < 32 {
            let (run, after) = after.split_at_checked(control + 1).ok_or_else(cut)?;
            into.extend_from_slice(run);
            rest = after;
        } else {
            let mut after = after;
            let mut length = control >> 5;
            if length == 7 {
                let (more, next) = after.split_first().ok_or_else(cut)?;
                length += usize::from(*more);
                after = next;
            }
            let (low, next) = after.split_first().ok_or_else(cut)?;
            let back = ((control & 31) << 8 | usize::from(*low)) + 1;
            let start = into.len().checked_sub(back).ok_or("it copies from before its beginning")?;
            let length = length + 2;
            if length > size.saturating_sub(into.len()) {
                return Err(format!("it becomes more than {size} bytes"));
            }
            if back >= length {
                into.extend_from_within(start..start + length);
            } else {
                for at in start..start + length {
                    into.push(into[at]);
                }
            }
            rest = next;
        }
        if into.len() > size {
            return Err(format!("it becomes more than {size} bytes"));
        }
    }
    Ok(())
}

/// The registered LZ4 filter: its own head, and blocks of LZ4 with their lengths, in big-endian numbers.
fn unlz4(from: &[u8], into: &mut Vec<u8>, room: usize) -> Parsed<()> {
    let cut = || "its head is cut".to_owned();
    let (total, rest) = from.split_first_chunk::<8>().ok_or_else(cut)?;
    let (block, mut rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
    let total = usize::try_from(u64::from_be_bytes(*total)).ok().filter(|total| *total <= room);
    let total = total.ok_or("it claims more bytes than a chunk has")?;
    // OK to cast: 32 bits.
    let block = (u32::from_be_bytes(*block) as usize).min(total);
    into.resize(total, 0);
    let mut done = 0;
    while done < total {
        let (length, after) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        // OK to cast: 32 bits.
        let length = u32::from_be_bytes(*length) as usize;
        let (body, after) = after.split_at_checked(length).ok_or("a block of it is cut")?;
        let wanted = block.min(total - done);
        if wanted == 0 {
            return Err("its blocks have no bytes".to_owned());
        }
        let part = &mut into[done..done + wanted];
        if length == wanted {
            part.copy_from_slice(body);
        } else {
            let n = lz4_flex::block::decompress_into(body, part).map_err(|error| error.to_string())?;
            if n != wanted {
                return Err(format!("a block of it has {n} bytes instead of {wanted}"));
            }
        }
        done += wanted;
        rest = after;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_put_together_again() {
        for size in [2, 3, 4, 8] {
            let plain: Vec<u8> = (0..size * 1500 + 1).map(|n| (n % 251) as u8).collect();
            let count = plain.len() / size;
            let mut shuffled = plain.clone();
            for (at, byte) in plain[..count * size].iter().enumerate() {
                shuffled[at % size * count + at / size] = *byte;
            }
            let mut found = vec![0; plain.len()];
            unshuffle(&shuffled, &mut found, size);
            assert_eq!(found, plain, "{size}");
        }
    }

    #[test]
    fn lzf_runs_and_copies() {
        let mut found = Vec::new();
        // Three literals, then nine bytes from three before.
        unlzf(&[2, b'a', b'b', b'c', 0xE0, 0, 2], &mut found, 12).expect("it is whole");
        assert_eq!(found, b"abcabcabcabc");
        assert!(unlzf(&[2, b'a', b'b', b'c', 0xE0, 0, 2], &mut found, 11).is_err());
        assert!(unlzf(&[0, b'a', 0x20, 1], &mut found, 12).is_err(), "from before the beginning");
        assert!(unlzf(&[5, b'a'], &mut found, 12).is_err());
    }

    #[test]
    fn a_chunk_does_not_grow_beyond_its_size() {
        let bomb = vec![0_u8; 10 << 20];
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, &bomb).expect("memory");
        let small = encoder.finish().expect("memory");
        let pipeline = Pipeline { filters: vec![Filter { id: DEFLATE, values: vec![6] }] };
        assert_eq!(pipeline.undo(small.clone(), 0, Some(10 << 20), true).expect("whole").len(), 10 << 20);
        assert!(pipeline.undo(small.clone(), 0, Some(1000), true).is_err(), "too long");
        assert!(pipeline.undo(small.clone(), 0, Some(11 << 20), true).is_err(), "too short");
        assert!(pipeline.undo(small, 1, Some(10 << 20), true).is_err(), "its filter was passed over");
    }
}
