//! The rows of the fact tables.

use std::collections::BTreeMap;

use prairie_model::{
    Decision, DerivationId, Dimension, DimensionState, Episode, EpisodeId, EpisodeTally, Finding, Hash256, Nanos, Note,
    RecordingId, Segment, Stream,
};

/// A row of `episodes`.
#[derive(Debug, Clone, PartialEq)]
pub struct EpisodeRow {
    /// Its id.
    pub id: EpisodeId,
    /// The recording.
    pub recording: RecordingId,
    /// The derivation.
    pub derivation: DerivationId,
    /// What is known of it.
    pub episode: Episode,
    /// What became of its messages.
    pub tally: EpisodeTally,
    /// Samples in all its streams.
    pub samples: u64,
    /// SHA-256 over its logical rows.
    pub content: Hash256,
    /// By which an episode of about the same movement is found, as its bytes; `None` where nothing moves.
    pub digest: Option<Vec<u8>>,
    /// What was noticed about it when it was read.
    pub notes: Vec<Note>,
    /// How many notes about its recording there were when it was judged: those are the first of the recording's.
    pub recording_notes: u32,
    /// The decision of its latest receipt.
    pub decision: Decision,
    /// The episode that it was repaired from.
    pub parent: Option<EpisodeId>,
    /// From zero; a later fact is a row of the next revision.
    pub revision: u32,
}

/// A row of `streams`.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamRow {
    /// The episode.
    pub episode: EpisodeId,
    /// The stream with its final counts.
    pub stream: Stream,
}

/// A row of `findings`.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingRow {
    /// The episode.
    pub episode: EpisodeId,
    /// The revision of the episode that it belongs to.
    pub revision: u32,
    /// The receipt that it is in, by the hash of its payload.
    pub receipt: Option<Hash256>,
    /// The finding.
    pub finding: Finding,
}

/// A row of `receipts`. All receipts of an episode stay in the view; the latest has the highest revision.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceiptRow {
    /// The episode.
    pub episode: EpisodeId,
    /// The revision of the episode that it belongs to.
    pub revision: u32,
    /// Hash of the payload.
    pub receipt: Hash256,
    /// Name of the profile.
    pub profile_name: String,
    /// Hash of the profile.
    pub profile: Hash256,
    /// The decision.
    pub decision: Decision,
    /// The dimensions; one that is missing or does not apply is null.
    pub dimensions: BTreeMap<Dimension, DimensionState>,
    /// The signed envelope as JSON.
    pub envelope: String,
    /// When it was issued; `None` is unknown.
    pub issued: Option<Nanos>,
}

/// A row of `segments`.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentRow {
    /// The episode.
    pub episode: EpisodeId,
    /// The segment.
    pub segment: Segment,
}
