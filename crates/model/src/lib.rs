//! The nouns of Prairie, and what neighbouring crates hand each other.
//!
//! ```text
//!   formats ──▶ RecordingPlan, ReadEvent ──▶ standardize ──▶ StreamBatch, EpisodeDraft ──▶ quality ──▶ Finding, Receipt
//!      │                                                                                      ▲
//!      └── Source, BlobRef ────────────────▶ media (FrameSource) ────────────────────────────┘
//! ```
//!
//! A [`Source`] is the bytes of one recording. A reader describes it in a [`RecordingPlan`] and then streams
//! [`ReadEvent`]s: [`MessageBatch`]es of one [`Channel`], in the order of the recording. Standardization turns them into
//! [`StreamBatch`]es of typed [`StreamKind`]s, and closes each [`Episode`] with an [`EpisodeDraft`]. Checks turn those into
//! [`Finding`]s, and findings into a [`ReceiptPayload`].
//!
//! **Invariant:** no I/O, no async, no logging, and no policy. Everything here is plain data, or a trait that lets one
//! neighbour use another without knowing it.
//!
//! **Invariant:** unknown is `None` (or a variant called `Unknown`), never zero, an empty string or 1970.

mod body;
mod canonical;
mod episode;
mod finding;
mod frame;
mod id;
mod kind;
mod message;
mod name;
mod note;
mod receipt;
pub mod register;
mod source;
mod stream;
mod table;
mod time;
mod witness;
mod work;

pub use body::BodyPart;
pub use canonical::{canonical_json, hash_canonical};
pub use episode::{Episode, EpisodeDraft, EpisodeTally, Mode, Outcome, Rights, Segment, SegmentLabel};
pub use finding::{Decision, Dimension, DimensionState, Finding, Severity, Tri};
pub use frame::{Codec, FrameError, FrameSource, Picture, PictureInfo, PixelFormat};
pub use id::{DerivationId, EpisodeId, Hash256, ObjectId, ParseIdError, RecordingId};
pub use kind::{FRAME_FIELDS, PLACE_FIELDS, StreamKind, TIME_FIELDS};
pub use message::{
    Channel, ChannelTally, Inline, MessageBatch, MessageEncoding, Payload, ReadEvent, ReadOptions, ReadSummary,
    RecordingPlan, SourceEpisode, time_type,
};
pub use name::words;
pub use note::{Note, NoteKind};
pub use receipt::{CheckResult, Counts, Derivation, RECEIPT_VERSION, ReceiptPayload};
pub use source::{
    BlobColumns, BlobRef, Compression, MemorySource, Source, SourceFile, blob_field, is_blob, manifest_hash,
};
pub use stream::{Clock, Series, Stream, StreamBatch};
pub use table::{Cell, Row};
pub use time::{Nanos, TimeSpan, utc_offset_s};
pub use witness::{AuditDraw, DrawKind, Presence, RecorderSpan, UnitAudit};
pub use work::{
    Condition, Confirmation, CounterReading, Crew, LinkClaim, LogFinding, LogNote, LogNoteKind, ModeSpan, Recorder,
    Shift, StationEvent, StationEventKind, StationLog, UnitOfWork,
};
