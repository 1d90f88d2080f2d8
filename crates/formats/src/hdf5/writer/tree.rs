//! Trees of version 1, made from their leaves upwards.
//!
//! ```text
//!   key 0 │ child 0 │ key 1 │ child 1 │ … │ key n        every key bounds the children beside it
//! ```

use std::io::{Seek, Write};

use super::Hdf5Writer;
use super::message::UNDEFINED;
use crate::FormatError;

impl<W: Write + Seek> Hdf5Writer<W> {
    /// Writes a tree over `children`, and says where its root lies. Key `i` bounds child `i` from below and child `i - 1` from
    /// above; all keys are of one length. Nodes have up to `2 × k` children.
    pub(super) fn tree(
        &mut self,
        kind: u8,
        k: usize,
        children: Vec<u64>,
        key: &dyn Fn(usize) -> Vec<u8>,
    ) -> Result<u64, FormatError> {
        let count = children.len();
        let size = 24 + (2 * k + 1) * key(0).len() + 2 * k * 8;
        // Each child of a level, with the first of the lowest children below it.
        let mut level: Vec<(usize, u64)> = children.into_iter().enumerate().collect();
        for height in 0_u8.. {
            let nodes = level.len().div_ceil(2 * k).max(1);
            let first = self.at.next_multiple_of(8);
            let step = size.next_multiple_of(8) as u64;
            let place = |node: usize| if node < nodes { first + node as u64 * step } else { UNDEFINED };
            let mut above = Vec::with_capacity(nodes);
            for node in 0..nodes {
                let from = node * 2 * k;
                let to = (from + 2 * k).min(level.len());
                let mut bytes = b"TREE".to_vec();
                bytes.extend([kind, height]);
                // OK to cast: not more than fit into a node.
                bytes.extend(((to - from) as u16).to_le_bytes());
                bytes.extend(node.checked_sub(1).map_or(UNDEFINED, place).to_le_bytes());
                bytes.extend(place(node + 1).to_le_bytes());
                for (lowest, child) in &level[from..to] {
                    bytes.extend(key(*lowest));
                    bytes.extend(child.to_le_bytes());
                }
                bytes.extend(key(level.get(to).map_or(count, |(lowest, _)| *lowest)));
                bytes.resize(size, 0);
                let lowest = level.get(from).map_or(0, |(lowest, _)| *lowest);
                above.push((lowest, self.put_aligned(&bytes)?));
            }
            if let [(_, root)] = above[..] {
                return Ok(root);
            }
            level = above;
        }
        // Each level has a 32nd of the nodes of the one below: there are not so many.
        Err(FormatError::Unsupported("a tree of an HDF5 file is too high".to_owned()))
    }
}
