//! Fractal heaps: where new-style groups keep their links, objects with many attributes those, and files their shared messages.
//!
//! ```text
//!   heap id ─▶ tiny: the bytes are in the id
//!            ─▶ huge: an address, or a key of a B-tree
//!            ─▶ managed: an offset ─▶ root ─▶ indirect blocks ─▶ direct block ─▶ bytes
//!                        rows of equal blocks, doubling from the second on
//! ```

use std::cell::RefCell;
use std::rc::Rc;

use super::btree2::Tree;
use super::cursor::{Parsed, bytes_for};
use super::file::File;
use super::filter::{Filter, Pipeline};
use crate::FormatError;

/// Indirect blocks below each other. Real heaps have two or three.
const DEPTH_MAX: usize = 16;

/// Blocks that are kept.
const KEPT: usize = 8;

/// Bytes of an object that is no managed one.
const HUGE_MAX: u64 = 64 << 20;

/// A heap.
pub(super) struct FractalHeap {
    address: u64,
    id_length: usize,
    filters: Pipeline,
    /// Whether direct blocks have a checksum.
    summed: bool,
    huge: Option<u64>,
    width: u64,
    start: u64,
    direct_max: u64,
    /// Bytes of an offset in the heap.
    offset_bytes: usize,
    /// Bytes of the length of a managed object.
    length_bytes: usize,
    root: Option<u64>,
    root_rows: u16,
    /// Bytes of the root in the file and the filters that it passed over, where the root is a filtered direct block.
    root_filtered: (u64, u32),
    /// The last used direct blocks come last: where each begins in the heap, and its bytes.
    kept: RefCell<Vec<(u64, Rc<Vec<u8>>)>>,
}

/// A direct block: where it lies, its bytes in the heap, its bytes in the file, and the filters that it passed over.
#[derive(Debug, Clone, Copy)]
struct Direct {
    address: u64,
    offset: u64,
    size: u64,
    stored: u64,
    mask: u32,
}

const WHAT: &str = "a fractal heap";

impl FractalHeap {
    /// Reads the head of the heap at `address`.
    pub(super) fn open(file: &File<'_>, address: u64) -> Result<Self, FormatError> {
        let (offset_size, length_size) = file.sizes();
        let fixed = 22 + 12 * length_size + 3 * offset_size;
        let head = file.piece(WHAT, address, fixed as u64)?;
        let parse = |head: &[u8]| -> Parsed<u16> {
            let mut cursor = file.cursor(head);
            cursor.expect(b"FRHP")?;
            cursor.version(0..=0)?;
            cursor.skip(2)?;
            cursor.u16()
        };
        let filters = parse(&head).map_err(|why| file.damaged(WHAT, address, why))?;
        let more = if filters > 0 { length_size + 4 + usize::from(filters) } else { 0 };
        let head = file.summed(WHAT, address, (fixed + more + 4) as u64)?;
        let heap = Self::parse(file, address, &head, filters.into());
        heap.map_err(|why| file.damaged(WHAT, address, why))
    }

    fn parse(file: &File<'_>, address: u64, head: &[u8], filters: usize) -> Parsed<Self> {
        let mut cursor = file.cursor(head);
        cursor.skip(5)?;
        let id_length = cursor.u16()?.into();
        cursor.skip(2)?;
        let flags = cursor.u8()?;
        let managed_max = cursor.u32()?;
        cursor.length()?;
        let huge = cursor.address()?;
        cursor.length()?;
        cursor.address()?;
        for _ in 0..8 {
            cursor.length()?;
        }
        let width = cursor.u16()?.into();
        let (start, direct_max) = (cursor.length()?, cursor.length()?);
        let heap_bits = cursor.u16()?;
        cursor.skip(2)?;
        let root = cursor.address()?;
        let root_rows = cursor.u16()?;
        let mut root_filtered = (0, 0);
        let mut pipeline = Pipeline::default();
        if filters > 0 {
            root_filtered = (cursor.length()?, cursor.u32()?);
            pipeline = Filter::pipeline(cursor.take(filters)?)?;
        }
        if width == 0 || !start.is_power_of_two() || !direct_max.is_power_of_two() || start > direct_max {
            return Err(format!("blocks of {start} to {direct_max} bytes in rows of {width} make no heap"));
        }
        if direct_max > HUGE_MAX || heap_bits == 0 || heap_bits > 64 {
            return Err(format!("blocks of {direct_max} bytes in a heap of {heap_bits} bits are not known"));
        }
        Ok(Self {
            address,
            id_length,
            filters: pipeline,
            summed: flags & 2 != 0,
            huge,
            width,
            start,
            direct_max,
            offset_bytes: usize::from(heap_bits).div_ceil(8),
            length_bytes: bytes_for(direct_max).min(bytes_for(managed_max.into())),
            root,
            root_rows,
            root_filtered,
            kept: RefCell::new(Vec::new()),
        })
    }

    /// Bytes of an id.
    pub(super) fn id_length(&self) -> usize {
        self.id_length
    }

    /// The object of this id.
    pub(super) fn get(&self, file: &File<'_>, id: &[u8]) -> Result<Vec<u8>, FormatError> {
        let fault = |why: String| file.damaged(WHAT, self.address, why);
        let Some((first, rest)) = id.split_first() else { return Err(fault("an id of it is empty".to_owned())) };
        match first >> 4 {
            0 => {
                let parse = || -> Parsed<(u64, u64)> {
                    let mut cursor = file.cursor(rest);
                    Ok((cursor.uint(self.offset_bytes)?, cursor.uint(self.length_bytes)?))
                };
                let (offset, length) = parse().map_err(fault)?;
                self.managed(file, offset, length)
            }
            1 => self.huge(file, rest),
            2 => {
                // Ids of more than seventeen bytes have twelve bits of length.
                let (length, data) = match rest.split_first() {
                    Some((second, data)) if self.id_length > 17 => {
                        (usize::from(first & 0xF) << 8 | usize::from(*second), data)
                    }
                    _ => (usize::from(first & 0xF), rest),
                };
                data.get(..=length).map(<[u8]>::to_vec).ok_or_else(|| fault("a tiny object of it is cut".to_owned()))
            }
            other => Err(fault(format!("objects of kind {other} in it are not known"))),
        }
    }

    fn huge(&self, file: &File<'_>, rest: &[u8]) -> Result<Vec<u8>, FormatError> {
        let fault = |why: String| file.damaged(WHAT, self.address, why);
        let (offset_size, length_size) = file.sizes();
        let filtered = !self.filters.is_empty();
        let direct = offset_size + length_size + if filtered { 4 + length_size } else { 0 };
        let read = |bytes: &[u8]| -> Parsed<(u64, u64, u32)> {
            let mut cursor = file.cursor(bytes);
            let (address, length) = (cursor.place()?, cursor.length()?);
            Ok((address, length, if filtered { cursor.u32()? } else { 0 }))
        };
        let found = if direct < self.id_length {
            Some(read(rest).map_err(fault)?)
        } else {
            let Some(tree) = self.huge else { return Err(fault("it has no tree of huge objects".to_owned())) };
            let key = rest.get(..rest.len().min(length_size)).unwrap_or_default();
            let mut found = None;
            Tree::open(file, tree)?.walk(file, &mut |record| {
                let key_at = direct.min(record.len());
                if found.is_none() && record[key_at..].starts_with(key) {
                    found = Some(read(record)?);
                }
                Ok(())
            })?;
            found
        };
        let Some((address, length, mask)) = found else {
            return Err(fault("a huge object of it is missing".to_owned()));
        };
        if length > HUGE_MAX {
            return Err(fault(format!("an object of it claims {length} bytes")));
        }
        let bytes = file.read(WHAT, address, length)?;
        if !filtered {
            return Ok(bytes);
        }
        self.filters.undo(bytes, mask, None, file.verifies()).map_err(fault)
    }

    fn managed(&self, file: &File<'_>, offset: u64, length: u64) -> Result<Vec<u8>, FormatError> {
        let fault = |why: String| file.damaged(WHAT, self.address, why);
        let (start, block) = self.block(file, offset)?;
        // OK to subtract: the block was found by the offset.
        let at = usize::try_from(offset - start).ok();
        let part = at.zip(usize::try_from(length).ok()).and_then(|(at, length)| block.get(at..)?.get(..length));
        part.map(<[u8]>::to_vec).ok_or_else(|| fault(format!("{length} bytes at {offset} lie in no block of it")))
    }

    /// The direct block that holds this offset.
    fn block(&self, file: &File<'_>, offset: u64) -> Result<(u64, Rc<Vec<u8>>), FormatError> {
        let holds =
            |(start, bytes): &(u64, Rc<Vec<u8>>)| offset.checked_sub(*start).is_some_and(|at| at < bytes.len() as u64);
        let mut kept = self.kept.borrow_mut();
        if let Some(at) = kept.iter().position(holds) {
            kept[at..].rotate_left(1);
        } else {
            let direct = self.find(file, offset)?;
            let bytes = self.load(file, direct)?;
            if kept.len() >= KEPT {
                kept.remove(0);
            }
            kept.push((direct.offset, Rc::new(bytes)));
        }
        // OK because one was just put there, or found.
        kept.last().cloned().ok_or_else(|| file.damaged(WHAT, self.address, "it has no block"))
    }

    fn load(&self, file: &File<'_>, direct: Direct) -> Result<Vec<u8>, FormatError> {
        let fault = |why: String| file.damaged("a block of a fractal heap", direct.address, why);
        let mut bytes = file.piece(WHAT, direct.address, direct.stored)?;
        if !self.filters.is_empty() {
            let size = usize::try_from(direct.size).ok();
            bytes = self.filters.undo(bytes, direct.mask, size, file.verifies()).map_err(fault)?;
        }
        if !bytes.starts_with(b"FHDB") {
            return Err(fault("it does not begin with `FHDB`".to_owned()));
        }
        if self.summed {
            let at = 5 + file.sizes().0 + self.offset_bytes;
            let Some(saved) = bytes.get_mut(at..at + 4) else { return Err(fault("it is cut".to_owned())) };
            let sum = u32::from_le_bytes([saved[0], saved[1], saved[2], saved[3]]);
            // The checksum counts itself as zeros.
            saved.fill(0);
            let found = super::checksum::lookup3(&bytes);
            if file.verifies() && sum != found {
                return Err(fault(format!("its checksum is {sum:08x}, and its bytes give {found:08x}")));
            }
        }
        Ok(bytes)
    }

    /// Bytes of a block of this row.
    fn size_of_row(&self, row: u32) -> Option<u64> {
        self.start.checked_shl(row.saturating_sub(1)).filter(|size| *size >> row.saturating_sub(1) == self.start)
    }

    /// The row of an indirect block that holds an offset in it, and where that row begins.
    fn row_of(&self, offset: u64) -> Option<(u32, u64)> {
        let first = self.width.checked_mul(self.start)?;
        if offset < first {
            return Some((0, 0));
        }
        let row = (offset / first).ilog2() + 1;
        Some((row, first.checked_shl(row - 1)?))
    }

    fn find(&self, file: &File<'_>, offset: u64) -> Result<Direct, FormatError> {
        let fault = |why: String| file.damaged(WHAT, self.address, why);
        let Some(root) = self.root else { return Err(fault("it has no root".to_owned())) };
        if self.root_rows == 0 {
            let filtered = !self.filters.is_empty();
            let (stored, mask) = if filtered { self.root_filtered } else { (self.start, 0) };
            return Ok(Direct { address: root, offset: 0, size: self.start, stored, mask });
        }
        let (mut address, mut rows, mut base) = (root, u32::from(self.root_rows), 0);
        for _ in 0..DEPTH_MAX {
            let outside = || fault(format!("byte {offset} lies in no block of it"));
            let (row, row_start) = self.row_of(offset - base).filter(|(row, _)| *row < rows).ok_or_else(outside)?;
            let size = self.size_of_row(row).ok_or_else(outside)?;
            // OK to divide: sizes are powers of two from `start` on.
            let column = (offset - base - row_start) / size;
            if column >= self.width {
                return Err(outside());
            }
            let place = u64::from(row) * self.width + column;
            let direct = size <= self.direct_max;
            let (child, stored, mask) = self.child(file, address, place, direct)?;
            let child = child.ok_or_else(outside)?;
            let child_base = base + row_start + column * size;
            if direct {
                let stored = if self.filters.is_empty() { size } else { stored };
                return Ok(Direct { address: child, offset: child_base, size, stored, mask });
            }
            let first = self.width.checked_mul(self.start).ok_or_else(outside)?;
            rows = (size / first).checked_ilog2().ok_or_else(outside)? + 1;
            (address, base) = (child, child_base);
        }
        Err(fault(format!("its blocks are nested more than {DEPTH_MAX} deep")))
    }

    /// The entry at `place` of the indirect block at `address`.
    fn child(
        &self,
        file: &File<'_>,
        address: u64,
        place: u64,
        direct: bool,
    ) -> Result<(Option<u64>, u64, u32), FormatError> {
        let (offset_size, length_size) = file.sizes();
        let head = (5 + offset_size + self.offset_bytes) as u64;
        let filtered = !self.filters.is_empty();
        let entry = (offset_size + if filtered { length_size + 4 } else { 0 }) as u64;
        // Rows of direct blocks come first. OK to subtract: the start is not larger than the largest.
        let direct_rows = u64::from(self.direct_max.ilog2() - self.start.ilog2()) + 2;
        let directs = direct_rows * self.width;
        let at =
            if direct { place * entry } else { directs * entry + place.saturating_sub(directs) * offset_size as u64 };
        let mark = file.read("a block of a fractal heap", address, 4)?;
        if mark != b"FHIB" {
            return Err(file.damaged("a block of a fractal heap", address, "it does not begin with `FHIB`"));
        }
        let length = if direct { entry } else { offset_size as u64 };
        let bytes = file.piece("a block of a fractal heap", address.saturating_add(head + at), length)?;
        let parse = || -> Parsed<(Option<u64>, u64, u32)> {
            let mut cursor = file.cursor(&bytes);
            let child = cursor.address()?;
            if direct && filtered { Ok((child, cursor.length()?, cursor.u32()?)) } else { Ok((child, 0, 0)) }
        };
        parse().map_err(|why| file.damaged("a block of a fractal heap", address, why))
    }
}
