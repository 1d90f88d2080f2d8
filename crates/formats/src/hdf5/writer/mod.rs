//! Writes HDF5 files that every release of the library since 1.8 reads: superblock 0, groups of symbol tables, chunks in trees.
//!
//! ```text
//!   new ─▶ dataset(…) ─ push* ─ finish ─▶ Object ─┐
//!                                                 ├─ group(members, attributes) ─▶ Object ─┐
//!          dataset(…) ─ push* ─ finish ─▶ Object ─┘                                        ├─▶ finish(members, attributes)
//!   superblock (written last)                                                              ┘
//! ```
//!
//! What is in a group is written before the group, so that every address is known when it is needed: only the superblock, at the
//! beginning, is filled in at the end. Elements are little-endian. A text of an attribute is of variable length and UTF-8, as
//! `h5py` makes them of `str`; lists of texts, and texts of datasets, have a fixed length.
//!
//! By the specification of the format, version 3: <https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html>.
//!
//! What it does *not* do: datasets that grow, links other than hard ones, compounds, and changing files that are there.
//!
//! **Invariant:** memory holds one chunk as it is and once compressed, and for each chunk of one dataset where it lies.

mod attribute;
mod dataset;
mod message;
mod tree;

use std::collections::BTreeSet;
use std::io::{self, Seek, SeekFrom, Write};

use self::message::{Messages, UNDEFINED};
use super::container::{SIGNATURE, kind};
use crate::FormatError;

pub use self::attribute::Value;
pub use self::dataset::{DatasetWriter, Element, NewDataset};

/// Bytes of the superblock, with the entry of the root group.
const SUPERBLOCK: u64 = 96;

/// A group's name table has nodes of up to twice so many names.
const LEAF_K: usize = 4;

/// Nodes of the trees of names have up to twice so many children.
const NAMES_K: usize = 16;

/// Where an object of the file lies, to be given to the group that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Object(u64);

/// A file that is being written.
#[derive(Debug)]
pub struct Hdf5Writer<W> {
    out: W,
    /// Where the next byte goes.
    at: u64,
}

impl<W: Write + Seek> Hdf5Writer<W> {
    /// Begins a file.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn new(out: W) -> Result<Self, FormatError> {
        let mut writer = Self { out, at: 0 };
        // OK to cast: a constant.
        writer.put(&[0; SUPERBLOCK as usize])?;
        Ok(writer)
    }

    /// Bytes so far.
    pub fn mark(&self) -> u64 {
        self.at
    }

    /// Takes back what was written since `mark`: the next object is written over it. No group may name an object of it.
    ///
    /// # Errors
    ///
    /// When the output cannot be moved in.
    pub fn back_to(&mut self, mark: u64) -> Result<(), FormatError> {
        self.at = mark.clamp(SUPERBLOCK, self.at);
        self.out.seek(SeekFrom::Start(self.at)).map_err(failed)?;
        Ok(())
    }

    /// Begins a dataset; its rows are given to what comes back.
    ///
    /// # Errors
    ///
    /// When a row or a chunk has no bytes, or more than the format can say.
    pub fn dataset(&mut self, new: NewDataset) -> Result<DatasetWriter<'_, W>, FormatError> {
        DatasetWriter::new(self, new)
    }

    /// Writes a group of objects that were written before.
    ///
    /// # Errors
    ///
    /// When names are empty, come twice or hold a slash, an attribute is too long, or the output cannot be written.
    pub fn group(
        &mut self,
        members: &[(String, Object)],
        attributes: &[(String, Value)],
    ) -> Result<Object, FormatError> {
        let names = self.names(members)?;
        let mut messages = Messages::default();
        messages.add(kind::SYMBOL_TABLE, &names)?;
        self.attributes(attributes, &mut messages)?;
        self.header(&messages)
    }

    /// Writes the root group and the superblock. Gives the output back, and where the file ends in it: what lies behind, of what
    /// was taken back, does not belong to it.
    ///
    /// # Errors
    ///
    /// As [`Hdf5Writer::group`].
    pub fn finish(
        mut self,
        members: &[(String, Object)],
        attributes: &[(String, Value)],
    ) -> Result<(W, u64), FormatError> {
        let Object(root) = self.group(members, attributes)?;
        let end = self.at;
        let mut block = SIGNATURE.to_vec();
        // Versions of the superblock, the free space, the root group and the shared messages; sizes of addresses and lengths.
        block.extend([0, 0, 0, 0, 0, 8, 8, 0]);
        // OK to cast: constants.
        block.extend((LEAF_K as u16).to_le_bytes());
        block.extend((NAMES_K as u16).to_le_bytes());
        block.extend(0_u32.to_le_bytes());
        for address in [0, UNDEFINED, end, UNDEFINED] {
            block.extend(address.to_le_bytes());
        }
        // The entry of the root group: no name, its header, and nothing cached.
        block.extend(entry(0, root));
        self.out.seek(SeekFrom::Start(0)).map_err(failed)?;
        self.out.write_all(&block).map_err(failed)?;
        self.out.flush().map_err(failed)?;
        Ok((self.out, end))
    }

    /// Writes the names of a group; gives the message that leads to them.
    fn names(&mut self, members: &[(String, Object)]) -> Result<Vec<u8>, FormatError> {
        let mut sorted: Vec<&(String, Object)> = members.iter().collect();
        sorted.sort_by(|one, other| one.0.as_bytes().cmp(other.0.as_bytes()));
        let mut seen = BTreeSet::new();
        let unfit = |name: &&(String, Object)| {
            let name = name.0.as_str();
            name.is_empty() || name == "." || name.contains(['/', '\0'])
        };
        let twice = sorted.iter().find(|(name, _)| !seen.insert(name));
        if let Some((name, _)) = sorted.iter().find(|name| unfit(name)).or(twice) {
            return Err(FormatError::Unsupported(format!(
                "`{name}` cannot be a name in a group of an HDF5 file, or is there twice"
            )));
        }
        // The names, ended by zeros; the first is empty.
        let mut names = vec![0_u8; 8];
        let mut places = Vec::with_capacity(sorted.len());
        for (name, _) in &sorted {
            places.push(names.len() as u64);
            names.extend(name.as_bytes());
            names.push(0);
            names.resize(names.len().next_multiple_of(8), 0);
        }
        let segment = self.put_aligned(&names)?;
        let mut heap = b"HEAP\0\0\0\0".to_vec();
        // Nothing in it is free: one is no place.
        for number in [names.len() as u64, 1, segment] {
            heap.extend(number.to_le_bytes());
        }
        let heap = self.put_aligned(&heap)?;
        let mut leaves = Vec::new();
        for (members, places) in sorted.chunks(2 * LEAF_K).zip(places.chunks(2 * LEAF_K)) {
            let mut node = b"SNOD\x01\0".to_vec();
            // OK to cast: not more than fit into a node.
            node.extend((members.len() as u16).to_le_bytes());
            for ((_, Object(address)), place) in members.iter().zip(places) {
                node.extend(entry(*place, *address));
            }
            node.resize(8 + 2 * LEAF_K * 40, 0);
            leaves.push(self.put_aligned(&node)?);
        }
        // Before the first node the empty name, then the last name of each.
        let key = |leaf: usize| {
            let last = (leaf * 2 * LEAF_K).min(places.len());
            let place = last.checked_sub(1).and_then(|last| places.get(last)).copied().unwrap_or(0);
            place.to_le_bytes().to_vec()
        };
        let tree = self.tree(0, NAMES_K, leaves, &key)?;
        Ok([tree.to_le_bytes(), heap.to_le_bytes()].concat())
    }

    /// Writes an object header.
    fn header(&mut self, messages: &Messages) -> Result<Object, FormatError> {
        Ok(Object(self.put_aligned(&messages.header()?)?))
    }

    /// Writes bytes where the file ends so far.
    fn put(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        self.out.write_all(bytes).map_err(failed)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// As [`Self::put`], from the next eighth byte on; says where.
    fn put_aligned(&mut self, bytes: &[u8]) -> Result<u64, FormatError> {
        let gap = self.at.next_multiple_of(8) - self.at;
        // OK to cast and to index: less than eight.
        self.put(&[0; 8][..gap as usize])?;
        let at = self.at;
        self.put(bytes)?;
        Ok(at)
    }
}

/// The entry of a name: where the name lies in its heap, and the object's header.
fn entry(name: u64, header: u64) -> [u8; 40] {
    let mut entry = [0; 40];
    entry[..8].copy_from_slice(&name.to_le_bytes());
    entry[8..16].copy_from_slice(&header.to_le_bytes());
    entry
}

fn failed(source: io::Error) -> FormatError {
    FormatError::Write { what: "the HDF5 file", source }
}
