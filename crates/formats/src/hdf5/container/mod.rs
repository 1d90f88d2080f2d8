//! The container: from bytes to objects, their attributes and their elements.
//!
//! ```text
//!   superblock ─▶ root group ─▶ object header ─▶ messages ─┬─ links ─▶ other headers
//!      file                        header                  ├─ attributes                    attribute
//!                                                          └─ axes, type, filters, layout   dataset, datatype, filter
//!   rows ─▶ btree1 / btree2 / array: where chunks lie ─▶ filter, bits: what was done to them ─▶ row-major bytes
//!   heap: names, values of variable length      fractal: links, attributes, shared messages
//! ```
//!
//! By the specification of the format, version 3, and the changes of HDF5 2.0:
//! <https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html>.
//!
//! What it does *not* do: elements in other files, virtual datasets, references, and filters that are not in [`filter`]. Each is
//! told by its name.
//!
//! **Invariant:** no count or length is believed before it was compared with what is left of the file, and whatever leads from
//! place to place ends: trees by the nodes that fit into the file, blocks by having been seen.

mod array;
mod attribute;
mod bits;
mod btree1;
mod btree2;
mod checksum;
mod cursor;
mod dataset;
mod datatype;
mod file;
mod filter;
mod fractal;
mod group;
mod header;
mod heap;
mod rows;

pub(super) use attribute::{Attribute, attributes};
pub(super) use dataset::Dataset;
pub(super) use datatype::{Class, Datatype, Number, NumberKind, Padding};
pub(super) use file::{File, SIGNATURE, find_superblock};
pub(super) use filter::{DEFLATE, SHUFFLE};
pub(super) use group::{Link, links};
pub(super) use header::{Header, kind};
pub(super) use heap::{GlobalHeaps, HeapId};
pub(super) use rows::Rows;
