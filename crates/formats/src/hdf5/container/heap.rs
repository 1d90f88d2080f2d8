//! Local heaps, which hold the names of old-style groups, and global heaps, which hold values of variable length.

use std::collections::BTreeMap;

use super::cursor::Parsed;
use super::file::File;
use crate::FormatError;

/// The names of an old-style group.
pub(super) struct LocalHeap {
    address: u64,
    data: Vec<u8>,
}

impl LocalHeap {
    pub(super) fn open(file: &File<'_>, address: u64) -> Result<Self, FormatError> {
        let what = "a heap of names";
        let (offset_size, length_size) = file.sizes();
        let head = file.piece(what, address, (8 + 2 * length_size + offset_size) as u64)?;
        let parse = || -> Parsed<(u64, u64)> {
            let mut cursor = file.cursor(&head);
            cursor.expect(b"HEAP")?;
            cursor.version(0..=0)?;
            cursor.skip(3)?;
            let length = cursor.length()?;
            cursor.length()?;
            Ok((cursor.place()?, length))
        };
        let (data, length) = parse().map_err(|why| file.damaged(what, address, why))?;
        Ok(Self { address, data: file.piece(what, data, length)? })
    }

    /// The text at this offset.
    pub(super) fn text(&self, file: &File<'_>, offset: u64) -> Result<String, FormatError> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.data.get(offset..));
        let text = rest.and_then(|rest| Some(&rest[..rest.iter().position(|byte| *byte == 0)?]));
        let Some(text) = text else {
            return Err(file.damaged("a heap of names", self.address, format!("it has no text at {offset}")));
        };
        Ok(String::from_utf8_lossy(text).into_owned())
    }
}

/// Where a value of variable length lies: the heap, and the place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::hdf5) struct HeapId {
    /// Elements of the value: bytes, for a text.
    pub(in crate::hdf5) length: u64,
    heap: u64,
    index: u32,
}

impl HeapId {
    /// The reference in an element of a dataset; `None` where it refers to nothing.
    pub(in crate::hdf5) fn parse(file: &File<'_>, element: &[u8]) -> Option<Self> {
        let mut cursor = file.cursor(element);
        let length = cursor.u32().ok()?.into();
        let heap = cursor.address().ok()??;
        let index = cursor.u32().ok()?;
        (heap != 0 && length > 0).then_some(Self { length, heap, index })
    }

    /// Bytes of such a reference.
    pub(in crate::hdf5) fn size(file: &File<'_>) -> usize {
        8 + file.sizes().0
    }
}

/// Heaps whose objects' places are kept.
const HEAPS_KEPT: usize = 64;

/// A heap up to this size is read at once to find its objects.
const READ_AT_ONCE: u64 = 64 << 10;

/// The objects of one heap: where each lies, and how many bytes it has.
type Objects = BTreeMap<u32, (u64, u64)>;

/// Where the objects of the global heaps lie.
#[derive(Debug, Default)]
pub(in crate::hdf5) struct GlobalHeaps {
    /// The last used comes last.
    kept: Vec<(u64, Objects)>,
}

impl GlobalHeaps {
    /// The address and the bytes of an object.
    pub(in crate::hdf5) fn find(&mut self, file: &File<'_>, id: HeapId) -> Result<(u64, u64), FormatError> {
        let what = "a global heap";
        if let Some(at) = self.kept.iter().position(|(heap, _)| *heap == id.heap) {
            self.kept[at..].rotate_left(1);
        } else {
            let objects = objects(file, id.heap)?;
            if self.kept.len() >= HEAPS_KEPT {
                self.kept.remove(0);
            }
            self.kept.push((id.heap, objects));
        }
        let found = self.kept.last().and_then(|(_, objects)| objects.get(&id.index)).copied();
        found.ok_or_else(|| file.damaged(what, id.heap, format!("it has no object {}", id.index)))
    }
}

fn objects(file: &File<'_>, address: u64) -> Result<Objects, FormatError> {
    let what = "a global heap";
    let (_, length_size) = file.sizes();
    let fault = |why: String| file.damaged(what, address, why);
    let head = file.piece(what, address, 8 + length_size as u64)?;
    let parse = || -> Parsed<u64> {
        let mut cursor = file.cursor(&head);
        cursor.expect(b"GCOL")?;
        cursor.version(1..=1)?;
        cursor.skip(3)?;
        cursor.length()
    };
    let size = parse().map_err(fault)?;
    if size > file.left(address) {
        return Err(fault(format!("it claims {size} bytes, and {} are left", file.left(address))));
    }
    let whole = if size <= READ_AT_ONCE { file.piece(what, address, size)? } else { Vec::new() };
    let each = 8 + length_size as u64;
    let mut objects = Objects::new();
    let mut at = each;
    // No heap has more objects than there are numbers for them.
    for _ in 0..=u16::MAX {
        if at + each > size {
            break;
        }
        // OK to cast: the whole heap is not larger than 64 KiB where it was read.
        let known = whole.get(at as usize..(at + each) as usize);
        let read = if known.is_none() { file.piece(what, address + at, each)? } else { Vec::new() };
        let parse = || -> Parsed<(u16, u64)> {
            let mut cursor = file.cursor(known.unwrap_or(&read));
            let index = cursor.u16()?;
            cursor.skip(6)?;
            Ok((index, cursor.length()?))
        };
        let (index, length) = parse().map_err(fault)?;
        // The free space comes last.
        if index == 0 {
            break;
        }
        let Some(next) = length.checked_next_multiple_of(8).and_then(|length| (at + each).checked_add(length)) else {
            return Err(fault(format!("object {index} of it claims {length} bytes")));
        };
        if next > size {
            return Err(fault(format!("object {index} of it claims {length} bytes")));
        }
        objects.entry(index.into()).or_insert((address + at + each, length));
        at = next;
    }
    Ok(objects)
}
