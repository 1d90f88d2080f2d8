//! Fixed and extensible arrays: the chunks of datasets that cannot grow, or grow along one axis.
//!
//! ```text
//!   fixed:      head ─▶ block of entries, in pages where there are many
//!   extensible: head ─▶ index block: entries │ blocks of entries │ blocks of blocks, each twice as large as those before
//! ```
//!
//! An entry is looked up by its number; nothing else of the array is read.

use super::cursor::Parsed;
use super::file::File;
use crate::FormatError;

/// Where a chunk lies, its bytes in the file, and the filters that it passed over, where there are filters.
pub(super) type Entry = Option<(u64, Option<(u64, u32)>)>;

/// How entries are written.
#[derive(Debug, Clone, Copy)]
struct Form {
    /// Bytes of an entry.
    size: usize,
    /// Bytes of a size in it.
    size_bytes: Option<usize>,
}

impl Form {
    fn new(file: &File<'_>, client: u8, size: usize) -> Parsed<Self> {
        let offset_size = file.sizes().0;
        let size_bytes = size.checked_sub(offset_size + 4).filter(|bytes| (1..=8).contains(bytes));
        match client {
            0 if size == offset_size => Ok(Self { size, size_bytes: None }),
            1 if size_bytes.is_some() => Ok(Self { size, size_bytes }),
            _ => Err(format!("entries of kind {client} and {size} bytes are not known")),
        }
    }

    fn read(self, file: &File<'_>, address: u64) -> Result<Entry, FormatError> {
        let bytes = file.read("an entry of an array of chunks", address, self.size as u64)?;
        let parse = || -> Parsed<Entry> {
            let mut cursor = file.cursor(&bytes);
            let Some(chunk) = cursor.address()? else { return Ok(None) };
            let stored = match self.size_bytes {
                Some(bytes) => Some((cursor.uint(bytes)?, cursor.u32()?)),
                None => None,
            };
            Ok(Some((chunk, stored)))
        };
        parse().map_err(|why| file.damaged("an array of chunks", address, why))
    }
}

/// A fixed array.
pub(super) struct FixedArray {
    form: Form,
    page_bits: u8,
    entries: u64,
    block: Option<u64>,
}

impl FixedArray {
    pub(super) fn open(file: &File<'_>, address: u64) -> Result<Self, FormatError> {
        let what = "a fixed array";
        let (offset_size, length_size) = file.sizes();
        let bytes = file.summed(what, address, (12 + offset_size + length_size) as u64)?;
        let parse = || -> Parsed<Self> {
            let mut cursor = file.cursor(&bytes);
            cursor.expect(b"FAHD")?;
            cursor.version(0..=0)?;
            let (client, size) = (cursor.u8()?, cursor.u8()?);
            let page_bits = cursor.u8()?;
            let form = Form::new(file, client, size.into())?;
            Ok(Self { form, page_bits, entries: cursor.length()?, block: cursor.address()? })
        };
        parse().map_err(|why| file.damaged(what, address, why))
    }

    pub(super) fn get(&self, file: &File<'_>, number: u64) -> Result<Entry, FormatError> {
        let Some(block) = self.block else { return Ok(None) };
        if number >= self.entries {
            return Err(file.damaged("a fixed array", block, format!("it has no entry {number} of {}", self.entries)));
        }
        let head = 6 + file.sizes().0 as u64;
        if file.read("a fixed array", block, 4)? != b"FADB" {
            return Err(file.damaged("a fixed array", block, "its block does not begin with `FADB`"));
        }
        let size = self.form.size as u64;
        let per_page = 1_u64.checked_shl(self.page_bits.into()).unwrap_or(u64::MAX);
        let too_far = || file.damaged("a fixed array", block, "it is too long");
        if self.entries <= per_page {
            let at = number.checked_mul(size).and_then(|at| at.checked_add(head)).ok_or_else(too_far)?;
            return self.form.read(file, block.saturating_add(at));
        }
        // One bit per page says whether it was written; a checksum comes after the bits and after each page.
        let (page, in_page) = (number / per_page, number % per_page);
        let flags = self.entries.div_ceil(per_page).div_ceil(8);
        let byte = file.read("a fixed array", block.saturating_add(head + page / 8), 1)?;
        // OK to index and shift: one byte was read, and a rest of eight is below eight.
        if byte[0] << (page % 8) & 0x80 == 0 {
            return Ok(None);
        }
        let page_bytes = per_page.checked_mul(size).and_then(|bytes| bytes.checked_add(4)).ok_or_else(too_far)?;
        let at = page.checked_mul(page_bytes).and_then(|at| at.checked_add(in_page * size)).ok_or_else(too_far)?;
        self.form.read(file, block.saturating_add(head + flags + 4).saturating_add(at))
    }
}

/// An extensible array.
pub(super) struct ExtensibleArray {
    form: Form,
    /// Entries in the index block itself.
    in_index: u64,
    /// Entries of the smallest block.
    smallest: u64,
    /// Levels whose blocks the index names itself.
    direct_levels: u32,
    direct_blocks: u64,
    /// Entries of a page of a large block.
    page: u64,
    /// Bytes of the number of an entry.
    number_bytes: u64,
    index: Option<u64>,
}

impl ExtensibleArray {
    pub(super) fn open(file: &File<'_>, address: u64) -> Result<Self, FormatError> {
        let what = "an extensible array";
        let (offset_size, length_size) = file.sizes();
        let bytes = file.summed(what, address, (16 + offset_size + 6 * length_size) as u64)?;
        let parse = || -> Parsed<Self> {
            let mut cursor = file.cursor(&bytes);
            cursor.expect(b"EAHD")?;
            cursor.version(0..=0)?;
            let (client, size) = (cursor.u8()?, cursor.u8()?);
            let form = Form::new(file, client, size.into())?;
            let (bits, in_index, smallest) = (cursor.u8()?, cursor.u8()?, u64::from(cursor.u8()?));
            let (pointers, page_bits) = (u64::from(cursor.u8()?), cursor.u8()?);
            for _ in 0..6 {
                cursor.length()?;
            }
            let index = cursor.address()?;
            if bits > 64 || !smallest.is_power_of_two() || !pointers.is_power_of_two() || page_bits > 32 {
                return Err(format!("{bits} bits, blocks of {smallest} and {pointers} pointers make no array"));
            }
            Ok(Self {
                form,
                in_index: in_index.into(),
                smallest,
                direct_levels: 2 * pointers.ilog2(),
                direct_blocks: 2 * (pointers - 1),
                page: 1 << page_bits,
                number_bytes: u64::from(bits).div_ceil(8),
                index,
            })
        };
        parse().map_err(|why| file.damaged(what, address, why))
    }

    pub(super) fn get(&self, file: &File<'_>, number: u64) -> Result<Entry, FormatError> {
        let Some(index) = self.index else { return Ok(None) };
        let what = "an extensible array";
        let too_far = || file.damaged(what, index, format!("it has no entry {number}"));
        let (offset_size, size) = (file.sizes().0 as u64, self.form.size as u64);
        let head = 6 + offset_size;
        if file.read(what, index, 4)? != b"EAIB" {
            return Err(file.damaged(what, index, "its block does not begin with `EAIB`"));
        }
        let start = index.saturating_add(head);
        let Some(number) = number.checked_sub(self.in_index) else {
            return self.form.read(file, start.saturating_add(number * size));
        };
        let level = (number / self.smallest).checked_add(1).ok_or_else(too_far)?.ilog2();
        // Levels 0, 1, 2, 3, … have 1, 1, 2, 2, … blocks of 1, 2, 2, 4, … times the smallest. OK to shift: a level is below 64.
        let block_entries = self.smallest.checked_shl(level.div_ceil(2)).ok_or_else(too_far)?;
        let blocks = 1_u64 << (level / 2);
        let level_start = ((1_u64 << level) - 1).checked_mul(self.smallest).ok_or_else(too_far)?;
        // OK to subtract: the level was found by the number.
        let in_level = number - level_start;
        let (block, in_block) = (in_level / block_entries, in_level % block_entries);
        let blocks_at = start.saturating_add(self.in_index * size);
        if level < self.direct_levels {
            // Levels before this one have so many blocks.
            let before: u64 = (0..level).map(|level| 1_u64 << (level / 2)).sum();
            let at = blocks_at.saturating_add((before + block) * offset_size);
            let Some(address) = pointer(file, at)? else { return Ok(None) };
            return self.in_block(file, address, block_entries, in_block, true);
        }
        let at = blocks_at
            .saturating_add(self.direct_blocks * offset_size)
            .saturating_add(u64::from(level - self.direct_levels) * offset_size);
        let Some(upper) = pointer(file, at)? else { return Ok(None) };
        if file.read(what, upper, 4)? != b"EASB" {
            return Err(file.damaged(what, upper, "its block does not begin with `EASB`"));
        }
        let mut at = upper.saturating_add(head + self.number_bytes);
        let mut written = true;
        if block_entries > self.page {
            // One bit per page of each block says whether it was written.
            let flags = (block_entries / self.page).div_ceil(8);
            let page = in_block / self.page;
            let place = block.saturating_mul(flags).saturating_add(page / 8);
            let byte = file.read(what, at.saturating_add(place), 1)?;
            // OK to index and shift: one byte was read, and a rest of eight is below eight.
            written = byte[0] << (page % 8) & 0x80 != 0;
            at = at.saturating_add(blocks.saturating_mul(flags));
        }
        let address = pointer(file, at.saturating_add(block.saturating_mul(offset_size)))?;
        match address {
            Some(address) => self.in_block(file, address, block_entries, in_block, written),
            None => Ok(None),
        }
    }

    fn in_block(
        &self,
        file: &File<'_>,
        address: u64,
        entries: u64,
        number: u64,
        written: bool,
    ) -> Result<Entry, FormatError> {
        let what = "an extensible array";
        if file.read(what, address, 4)? != b"EADB" {
            return Err(file.damaged(what, address, "its block does not begin with `EADB`"));
        }
        if !written {
            return Ok(None);
        }
        let size = self.form.size as u64;
        let head = 6 + file.sizes().0 as u64 + self.number_bytes;
        let at = if entries > self.page {
            // A checksum comes after the head and after each page.
            let (page, in_page) = (number / self.page, number % self.page);
            page.saturating_mul(self.page * size + 4).saturating_add(in_page * size + 4)
        } else {
            number.saturating_mul(size)
        };
        self.form.read(file, address.saturating_add(head).saturating_add(at))
    }
}

/// An address that lies at an address.
fn pointer(file: &File<'_>, at: u64) -> Result<Option<u64>, FormatError> {
    let bytes = file.read("an array of chunks", at, file.sizes().0 as u64)?;
    file.cursor(&bytes).address().map_err(|why| file.damaged("an array of chunks", at, why))
}
