//! The payload of a receipt: the recomputable part of the decision on an episode.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Decision, DerivationId, Dimension, DimensionState, EpisodeId, EpisodeTally, Finding, Hash256, RecordingId,
};

/// Version of the payload's shape.
pub const RECEIPT_VERSION: &str = "prairie.receipt/1";

/// How an episode was made from its recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Derivation {
    /// The recording.
    pub recording: RecordingId,
    /// Hash of the mapping that was used.
    pub mapping: Hash256,
    /// What was given on the command line or by the API (`task`, `owner`, ...), by name.
    pub overrides: BTreeMap<String, String>,
    /// Version of the standardizer.
    pub standardizer: String,
    /// For a repaired episode: the episode it was made from, and what was done to it, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<EpisodeId>,
    /// Names and arguments of the repairs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<String>,
}

impl Derivation {
    /// The id of the derivation: the hash of its canonical JSON.
    pub fn id(&self) -> Result<DerivationId, serde_json::Error> {
        Ok(DerivationId::from_bytes(*crate::hash_canonical(self)?.as_bytes()))
    }
}

/// What one check came to on one episode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// Code of the check.
    pub code: String,
    /// The state it puts its dimension in.
    pub state: DimensionState,
    /// Why it is unknown, or which repair would cure it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Counts in and out of standardization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Messages of the episode.
    #[serde(flatten)]
    pub tally: EpisodeTally,
    /// Samples in all its streams.
    pub samples: u64,
}

/// Everything about a decision that can be recomputed from the recording. Time, issuer, signature and ledger position are
/// not here: they sit in the envelope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReceiptPayload {
    /// [`RECEIPT_VERSION`].
    pub version: String,
    /// The episode.
    pub episode: EpisodeId,
    /// SHA-256 over the logical rows of the episode's streams.
    pub content: Hash256,
    /// How it was derived, and from which recording.
    pub derivation: Derivation,
    /// Hash of the profile.
    pub profile: Hash256,
    /// Name of the profile, for people.
    pub profile_name: String,
    /// Version of the code that checked.
    pub code: String,
    /// Counts in and out.
    pub counts: Counts,
    /// What each check came to, in the order of codes.
    pub checks: Vec<CheckResult>,
    /// Every finding with its numbers, in the order of [`Finding::sort`].
    pub findings: Vec<Finding>,
    /// The dimensions.
    pub dimensions: BTreeMap<Dimension, DimensionState>,
    /// Repairs that would make it acceptable, in the order of their application.
    pub repairs: Vec<String>,
    /// The decision.
    pub decision: Decision,
}
