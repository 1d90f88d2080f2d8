//! Turns bytes into messages and messages into bytes. Knows nothing of episodes or quality.
//!
//! ```text
//!   Source ─ sniff ─▶ Reader ─ plan ─▶ RecordingPlan ─ read ─▶ ReadEvent* ─▶ ReadSummary
//!                                                       └ encoding: one message's bytes ─▶ one Arrow row
//!   BlobRef ─ BlobReader ─▶ the bytes of one frame
//! ```
//!
//! A [`Reader`] is one file or folder of this crate and one line of [`READERS`]. It plans from indexes and summaries only, and
//! then streams with memory bounded by one chunk of the container, however long the recording is.
//!
//! **Invariant:** nothing here opens a file or a socket: bytes come from a [`prairie_model::Source`] and go to a
//! [`std::io::Write`].
//!
//! **Invariant:** a length or a count that a recording claims is checked against what is left of it before anything is
//! allocated.
//!
//! **Invariant:** what cannot be decoded is counted and told ([`prairie_model::Note`]), never dropped in silence. Only a
//! recording from which nothing can be read is an error.

pub mod bag;
mod blob;
pub mod blocks;
pub mod columns;
mod elements;
pub mod encoding;
mod error;
pub mod hdf5;
pub mod lerobot;
pub mod mcap;
mod messages;
pub mod mp4;
mod reader;
pub mod rlds;
pub mod robot_model;
pub mod rosbag2;
mod sqlite;
pub mod table;
pub mod ulog;
pub mod xr_teleoperate;
pub mod zarr;
mod zip;

pub use blob::BlobReader;
pub use error::FormatError;
pub use reader::{FormatPage, READERS, Reader, sniff, sniff_as};
