//! Version 2 B-trees: records of one size, in order, in the leaves and between them.
//!
//! **Invariant:** a tree has no more nodes than fit into the file, so that nodes which lead in a circle end.

use super::cursor::{Cursor, Parsed, bytes_for};
use super::file::File;
use crate::FormatError;

/// Levels of a tree.
const DEPTH_MAX: u16 = 32;

const WHAT: &str = "a B-tree";

/// Mark, version, kind, and checksum of a node.
const AROUND: u64 = 10;

/// A tree.
pub(super) struct Tree {
    address: u64,
    pub(super) kind: u8,
    node_size: u64,
    pub(super) record_size: usize,
    depth: u16,
    root: Option<u64>,
    root_records: u64,
    /// Bytes of the number of records in a node.
    count_bytes: usize,
    /// Bytes of the number of records below a node, by its level.
    total_bytes: Vec<usize>,
}

/// What is seen of a record, and whether the records below a key may be of interest.
type See<'s> = &'s mut dyn FnMut(&[u8]) -> Parsed<()>;

/// Where nodes are left out: `(first record before the node, first record after it)`.
type Wanted<'s> = &'s dyn Fn(Option<&[u8]>, Option<&[u8]>) -> bool;

impl Tree {
    /// Reads the head of the tree at `address`.
    pub(super) fn open(file: &File<'_>, address: u64) -> Result<Self, FormatError> {
        let (offset_size, length_size) = file.sizes();
        let bytes = file.summed(WHAT, address, (22 + offset_size + length_size) as u64)?;
        let tree = Self::parse(file.cursor(&bytes), address, offset_size);
        tree.map_err(|why| file.damaged(WHAT, address, why))
    }

    fn parse(mut cursor: Cursor<'_>, address: u64, offset_size: usize) -> Parsed<Self> {
        cursor.expect(b"BTHD")?;
        cursor.version(0..=0)?;
        let kind = cursor.u8()?;
        let (node_size, record_size) = (u64::from(cursor.u32()?), usize::from(cursor.u16()?));
        let depth = cursor.u16()?;
        cursor.skip(2)?;
        let root = cursor.address()?;
        let root_records = cursor.u16()?.into();
        if record_size == 0 || depth > DEPTH_MAX || node_size < AROUND {
            return Err(format!(
                "nodes of {node_size} bytes, records of {record_size} and a depth of {depth} make none"
            ));
        }
        let in_leaf = (node_size - AROUND) / record_size as u64;
        let count_bytes = bytes_for(in_leaf);
        let (mut total, mut total_bytes) = (in_leaf, vec![0]);
        for level in 1..=usize::from(depth) {
            let pointer = (offset_size + count_bytes + total_bytes[level - 1]) as u64;
            let here = (node_size - AROUND).saturating_sub(pointer) / (record_size as u64 + pointer);
            total = (here + 1).saturating_mul(total).saturating_add(here);
            total_bytes.push(bytes_for(total));
        }
        Ok(Self { address, kind, node_size, record_size, depth, root, root_records, count_bytes, total_bytes })
    }

    /// Sees every record, in order.
    pub(super) fn walk(&self, file: &File<'_>, see: See<'_>) -> Result<(), FormatError> {
        self.walk_part(file, &|_, _| true, see)
    }

    /// Sees the records of the nodes that are wanted.
    pub(super) fn walk_part(&self, file: &File<'_>, wanted: Wanted<'_>, see: See<'_>) -> Result<(), FormatError> {
        let Some(root) = self.root else { return Ok(()) };
        let mut budget = file.size() / self.node_size + 1;
        self.node(file, (root, self.root_records, self.depth), (None, None), &mut budget, wanted, see)
    }

    fn node(
        &self,
        file: &File<'_>,
        (address, records, level): (u64, u64, u16),
        around: (Option<&[u8]>, Option<&[u8]>),
        budget: &mut u64,
        wanted: Wanted<'_>,
        see: See<'_>,
    ) -> Result<(), FormatError> {
        let fault = |why: String| file.damaged("a node of a B-tree", address, why);
        if *budget == 0 {
            return Err(file.damaged(WHAT, self.address, "it has more nodes than fit into the file"));
        }
        *budget -= 1;
        let level_at = usize::from(level);
        let pointer = file.sizes().0 + self.count_bytes + if level > 1 { self.total_bytes[level_at - 1] } else { 0 };
        let pointers = if level > 0 { (records + 1).saturating_mul(pointer as u64) } else { 0 };
        let used = records.saturating_mul(self.record_size as u64).saturating_add(pointers).saturating_add(AROUND);
        if used > self.node_size {
            return Err(fault(format!("its {records} records do not fit into {} bytes", self.node_size)));
        }
        let bytes = file.summed("a node of a B-tree", address, used)?;
        let mut cursor = file.cursor(&bytes);
        let mut begin = || -> Parsed<&[u8]> {
            cursor.expect(if level == 0 { b"BTLF" } else { b"BTIN" })?;
            cursor.version(0..=0)?;
            if cursor.u8()? != self.kind {
                return Err("its kind is not that of its tree".to_owned());
            }
            // OK to cast: it was compared with the size of a node.
            cursor.take(records as usize * self.record_size)
        };
        let all = begin().map_err(fault)?;
        let mut each = all.chunks_exact(self.record_size);
        let mut before = around.0;
        for _ in 0..=records {
            let record = each.next();
            if level > 0 {
                let mut parse = || -> Parsed<(u64, u64)> {
                    let child = (cursor.place()?, cursor.uint(self.count_bytes)?);
                    cursor.skip(if level > 1 { self.total_bytes[level_at - 1] } else { 0 })?;
                    Ok(child)
                };
                let (child, count) = parse().map_err(fault)?;
                let after = record.or(around.1);
                if wanted(before, after) {
                    self.node(file, (child, count, level - 1), (before, after), budget, wanted, see)?;
                }
            }
            if let Some(record) = record {
                see(record).map_err(fault)?;
                before = Some(record);
            }
        }
        Ok(())
    }
}
