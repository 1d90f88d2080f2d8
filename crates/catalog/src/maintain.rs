//! Reports of the upkeep verbs.

use std::collections::BTreeMap;

use prairie_model::{EpisodeId, RecordingId};
use serde::Serialize;

use crate::{Leaf, SnapshotId};

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// What kind: `missing-object`, `wrong-size`, `corrupt-object`, `missing-file`, `corrupt-file`, `row-count`,
    /// `episode-count`, `ledger-root`, `ledger-gap`, `database`, `unknown-hash`.
    pub code: &'static str,
    /// The object, file, snapshot or recording.
    pub object: String,
    /// With numbers.
    pub message: String,
}

/// What [`crate::Catalog::fsck`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FsckReport {
    /// Recordings whose manifest was compared with the store.
    pub recordings: u64,
    /// Objects of recordings that were looked at.
    pub objects: u64,
    /// Table files that were looked at.
    pub files: u64,
    /// Table files that have no recorded hash, in a deep check: what they say can be read, and nobody knows whether it is
    /// what was written.
    pub unhashed: u64,
    /// Ledger leaves that were hashed again.
    pub leaves: u64,
    /// Bytes that were read, in a deep check.
    pub bytes_read: u64,
    /// Objects that nothing refers to, and their bytes. Not a problem: `prairie gc` removes them.
    pub orphans: u64,
    /// Bytes of the orphans.
    pub orphan_bytes: u64,
    /// What is wrong, sorted.
    pub problems: Vec<Problem>,
}

/// What [`crate::Catalog::compact`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CompactReport {
    /// The new snapshot; `None` when there was nothing to merge.
    pub snapshot: Option<SnapshotId>,
    /// Files that left the current view.
    pub files_before: u64,
    /// Files that took their place.
    pub files_after: u64,
    /// Rows that were dropped because they were superseded.
    pub rows_dropped: u64,
}

/// What [`crate::Catalog::gc`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct GcReport {
    /// Objects that were deleted.
    pub deleted: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Orphans that were left, because they are younger than the grace or than the oldest writer.
    pub kept: u64,
}

/// What is to be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EraseTarget {
    /// One episode and what was repaired from it. The recording goes too when it has no other episode.
    Episode(EpisodeId),
    /// A recording with all its episodes.
    Recording(RecordingId),
}

/// What is to be erased, and what only the caller knows of it: the catalog does not know what documents say.
#[derive(Debug, Clone)]
pub struct Erasure {
    /// The episode or the recording.
    pub target: EraseTarget,
    /// Why; goes into the tombstones.
    pub reason: String,
    /// The record of it for the ledger.
    pub leaf: Option<Leaf>,
    /// Station logs that were read from the recording, by the `log_id` of their rows. The document of that name and of the
    /// kind of [`Erasure::log_kind`] goes too.
    pub logs: Vec<String>,
    /// Kind of the documents that describe the logs, and of their tombstones.
    pub log_kind: String,
    /// Documents that rest on those logs, as kind, name and version. They stay, and are flagged.
    pub resting: Vec<(String, String, u32)>,
    /// The snapshot at which the caller looked. A later commit fails the erasure with [`crate::CatalogError::Conflict`];
    /// `None` is the latest.
    pub seen: Option<SnapshotId>,
}

impl Erasure {
    /// Of a target with nothing else to it.
    pub fn of(target: EraseTarget, reason: &str) -> Self {
        Self {
            target,
            reason: reason.to_owned(),
            leaf: None,
            logs: Vec::new(),
            log_kind: String::new(),
            resting: Vec::new(),
            seen: None,
        }
    }
}

/// Something that an erasure leaves in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// `objects`, `recording`, `recording-row`, `dataset-lists`, `documents`, `leaves`, `tombstones`.
    pub what: &'static str,
    /// How many.
    pub count: u64,
    /// Their bytes, where they have any of their own.
    pub bytes: Option<u64>,
    /// Why they stay.
    pub why: String,
}

/// What [`crate::Catalog::erase`] did, or what it would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EraseReport {
    /// The snapshot that records the erasure; `None` where nothing was erased yet.
    pub snapshot: Option<SnapshotId>,
    /// Episodes whose rows are gone.
    pub episodes: Vec<EpisodeId>,
    /// The recording, when its bytes are gone.
    pub recording: Option<RecordingId>,
    /// The recording that still holds the erased episode's bytes, because it holds other episodes.
    pub recording_kept: Option<RecordingId>,
    /// Station logs whose rows are gone.
    pub logs: Vec<String>,
    /// Files of recordings that are deleted.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Table files that are deleted, or take their place without the rows, at all snapshots.
    pub files: u64,
    /// Bytes of those table files before.
    pub file_bytes: u64,
    /// Rows that are dropped, by table, from the files of the latest snapshot.
    pub rows: BTreeMap<String, u64>,
    /// Rows that are dropped from files that only earlier snapshots see. A compaction copies rows, so most are the same.
    pub rows_earlier: u64,
    /// Dataset versions that held the episodes, as `name@version`. They are flagged.
    pub datasets: Vec<String>,
    /// Documents that rest on what is erased, as `kind name, version`. They are flagged.
    pub documents: Vec<String>,
    /// What stays, and why.
    pub kept: Vec<Kept>,
}
