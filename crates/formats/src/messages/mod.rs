//! What the readers of containers of messages share: from a chunk's bytes to batches, and what is told on the way.
//!
//! ```text
//!   Source ─ Window ─┬───────────────────────────▶ a message ─ Delivery ─▶ Lanes ─▶ batches
//!                    └ chunk ─ Inflater, Inflating ─▶ ┘           └ Registry: which channel, which decoder
//!                                                                 └ NoteLimit, Pending: what is told, and when
//! ```
//!
//! It knows no container: records, headers and indexes are the business of [`crate::bag`], [`crate::mcap`] and
//! [`crate::rosbag2`].
//!
//! **Invariant:** a channel is told before its first batch, and a note about lost messages when its time is known.
//!
//! **Invariant:** messages that wait in lanes have at most [`config::BATCH_BYTES`] and one message more.

mod bytes;
pub(crate) mod config;
mod delivery;
mod inflate;
mod lanes;
mod notes;
mod registry;
mod window;

pub use bytes::Bytes;
pub(crate) use delivery::{Delivery, Halt, Lost, is_damage, plural};
pub(crate) use inflate::{ChunkEnds, Inflater, Inflating, WindowPart, source_error};
pub(crate) use lanes::Times;
pub(crate) use notes::Noted;
pub(crate) use registry::{Identity, Registry, Schema, Typed};
pub(crate) use window::{Digest, Window};
