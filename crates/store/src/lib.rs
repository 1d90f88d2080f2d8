//! Objects at rest: bytes under keys, put once, never changed. And the bytes of recordings, wherever they lie.
//!
//! ```text
//!                        ┌─────────────────────── Objects ───────────────────────┐
//!   PathSource ──┐       │  create ─▶ ObjectWriter ─▶ write… ─▶ finish(key)       │      Disk      a folder
//!   (as received)├─ copy_hashed ─▶   tmp/…            sync ─▶ link ─▶ sync folder│      Memory    for tests
//!   ObjectSource ┘       │  open(key) ─▶ ObjectReader ─▶ read_at                  │      Faulty    for tests of errors
//!   (as stored)          └────────────────────────────────────────────────────────┘
//! ```
//!
//! - An *object* is bytes under a key (`objects/ab/abcd…`, `tables/episodes/….parquet`). It appears whole or not at all
//!   ([`ObjectWriter::finish`]), only where there was none ([`Put::Existed`]), and is durable when `finish` returns.
//! - A *source* is the bytes of one recording ([`prairie_model::Source`]): [`PathSource`] where a person has them,
//!   [`ObjectSource`] once they are stored.
//! - A [`Mark`] is a short text beside the objects, which says how far a store has come.
//! - A [`Volume`] is the few calls of a file system that [`Disk`] makes. [`LossyVolume`] forgets what was never synced, as
//!   a machine does that loses its power.
//!
//! ```
//! use std::io::Write;
//! use prairie_store::{Memory, Objects, Put};
//!
//! let objects = Memory::default();
//! let mut writer = objects.create()?;
//! writer.write_all(b"evidence")?;
//! assert_eq!(writer.finish("objects/ab/abc")?, Put::Created);
//! assert_eq!(objects.size("objects/ab/abc")?, Some(8));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! It does not know what an object means, which are in use, or what a recording is made of. It does no async: callers that
//! must not block call it from a thread of their own.
//!
//! **Invariant:** this is the only library crate that touches `std::fs`.
//!
//! **Invariant:** an object is never overwritten, and what [`ObjectWriter::finish`] acknowledged survives a loss of power.
//!
//! **Invariant:** no call reads a whole object into memory, except [`Memory`], which has nowhere else to keep it.

#![expect(clippy::disallowed_methods, reason = "this is the crate that touches files, so that no other does")]

mod disk;
mod faulty;
mod ingest;
mod lossy;
mod mark;
mod memory;
mod object;
mod object_source;
mod path_source;
mod volume;

pub use disk::Disk;
pub use faulty::{FaultPlan, Faulty};
pub use ingest::{StageError, Staged, copy_hashed, hash_file, stage};
pub use lossy::LossyVolume;
pub use mark::Mark;
pub use memory::Memory;
pub use object::{ObjectMeta, ObjectReader, ObjectWriter, Objects, Put, object_key};
pub use object_source::{ObjectSource, StoredFile};
pub use path_source::PathSource;
pub use volume::{RealVolume, Volume};
