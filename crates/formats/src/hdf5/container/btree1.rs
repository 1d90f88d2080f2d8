//! Version 1 B-trees: of the links of old-style groups, and of the chunks of old-style datasets.
//!
//! ```text
//!   node: key, child, key, child, …, key        a key is not larger than what lies below the child behind it
//! ```
//!
//! **Invariant:** levels go down by one, and a tree has no more nodes than fit into the file, so that nodes which lead in a circle
//! end.

use std::ops::Range;

use super::cursor::Parsed;
use super::file::File;
use crate::FormatError;

/// Levels of a tree.
const LEVELS_MAX: u8 = 32;

const WHAT: &str = "a node of a B-tree";

/// Kinds of trees.
const LINKS: u8 = 0;
const CHUNKS: u8 = 1;

/// A node: its level, and key, child, key, …, key.
struct Node {
    level: u8,
    keys: Vec<u8>,
    children: Vec<u64>,
}

fn node(file: &File<'_>, address: u64, kind: u8, key_size: usize) -> Result<Node, FormatError> {
    let (offset_size, _) = file.sizes();
    let head_size = 8 + 2 * offset_size as u64;
    let head = file.piece(WHAT, address, head_size)?;
    let parse = || -> Parsed<(u8, u16)> {
        let mut cursor = file.cursor(&head);
        cursor.expect(b"TREE")?;
        let found = cursor.u8()?;
        if found != kind {
            return Err(format!("it is of kind {found} instead of {kind}"));
        }
        Ok((cursor.u8()?, cursor.u16()?))
    };
    let fault = |why: String| file.damaged(WHAT, address, why);
    let (level, entries) = parse().map_err(fault)?;
    if level > LEVELS_MAX {
        return Err(fault(format!("its level is {level}")));
    }
    let entries = usize::from(entries);
    let length = entries * (key_size + offset_size) + key_size;
    // OK to add: the head lies there.
    let bytes = file.piece(WHAT, address + head_size, length as u64)?;
    let mut cursor = file.cursor(&bytes);
    let mut keys = Vec::with_capacity((entries + 1) * key_size);
    let mut children = Vec::with_capacity(entries);
    let mut parse = || -> Parsed<()> {
        for _ in 0..entries {
            keys.extend_from_slice(cursor.take(key_size)?);
            children.push(cursor.place()?);
        }
        keys.extend_from_slice(cursor.take(key_size)?);
        Ok(())
    };
    parse().map_err(fault)?;
    Ok(Node { level, keys, children })
}

/// The nodes of symbols below the tree at `address`, in the order of their names.
pub(super) fn symbol_nodes(file: &File<'_>, address: u64) -> Result<Vec<u64>, FormatError> {
    let mut budget = file.size() / 24 + 1;
    let mut found = Vec::new();
    symbols(file, address, None, &mut budget, &mut found)?;
    Ok(found)
}

fn symbols(
    file: &File<'_>,
    address: u64,
    level: Option<u8>,
    budget: &mut u64,
    found: &mut Vec<u64>,
) -> Result<(), FormatError> {
    let node = node(file, address, LINKS, file.sizes().1)?;
    spend(file, address, &node, level, budget)?;
    for child in node.children {
        if node.level == 0 {
            found.push(child);
        } else {
            symbols(file, child, Some(node.level - 1), budget, found)?;
        }
    }
    Ok(())
}

fn spend(file: &File<'_>, address: u64, node: &Node, level: Option<u8>, budget: &mut u64) -> Result<(), FormatError> {
    if level.is_some_and(|level| level != node.level) {
        return Err(file.damaged(WHAT, address, "its level is not one below that of its parent"));
    }
    *budget = budget
        .checked_sub(1 + node.children.len() as u64)
        .ok_or_else(|| file.damaged(WHAT, address, "its tree has more nodes than fit into the file"))?;
    Ok(())
}

/// A chunk as a tree of chunks has it.
#[derive(Debug)]
pub(super) struct Entry<'k> {
    /// Bytes in the file.
    pub(super) size: u32,
    /// Filters that it passed over.
    pub(super) mask: u32,
    /// Element of the dataset at which it begins, along each axis.
    pub(super) starts: &'k [u8],
    pub(super) address: u64,
}

/// Sees the chunks that begin in `rows`, along the first axis.
pub(super) fn chunks(
    file: &File<'_>,
    address: u64,
    rank: usize,
    rows: &Range<u64>,
    see: &mut dyn FnMut(Entry<'_>) -> Parsed<()>,
) -> Result<(), FormatError> {
    let mut budget = file.size() / 24 + 1;
    chunks_below(file, address, (rank, None), rows, &mut budget, see)
}

fn chunks_below(
    file: &File<'_>,
    address: u64,
    (rank, level): (usize, Option<u8>),
    rows: &Range<u64>,
    budget: &mut u64,
    see: &mut dyn FnMut(Entry<'_>) -> Parsed<()>,
) -> Result<(), FormatError> {
    // Size, mask, and the start along each axis, and within an element.
    let key_size = 8 + 8 * (rank + 1);
    let node = node(file, address, CHUNKS, key_size)?;
    spend(file, address, &node, level, budget)?;
    let number = |at: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&node.keys[at..at + 8]);
        u64::from_le_bytes(bytes)
    };
    // OK to index: there is one key more than there are children, each of `key_size` bytes.
    let row_of = |place: usize| number(place * key_size + 8);
    for (place, child) in node.children.iter().enumerate() {
        let (first, last) = (row_of(place), row_of(place + 1));
        if node.level == 0 {
            if !rows.contains(&first) {
                continue;
            }
            let key = &node.keys[place * key_size..(place + 1) * key_size];
            // OK to cast: two words of 32 bits.
            let word = number(place * key_size);
            let (size, mask) = (word as u32, (word >> 32) as u32);
            let entry = Entry { size, mask, starts: &key[8..8 + 8 * rank], address: *child };
            see(entry).map_err(|why| file.damaged(WHAT, address, why))?;
        } else if first < rows.end && last >= rows.start {
            chunks_below(file, *child, (rank, Some(node.level - 1)), rows, budget, see)?;
        }
    }
    Ok(())
}
