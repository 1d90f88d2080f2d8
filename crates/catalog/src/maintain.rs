//! Reports of the upkeep verbs.

use prairie_model::{EpisodeId, RecordingId};
use serde::Serialize;

use crate::SnapshotId;

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// What kind: `missing-object`, `wrong-size`, `corrupt-object`, `missing-file`, `corrupt-file`, `row-count`,
    /// `episode-count`, `ledger-root`, `ledger-gap`, `database`.
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

/// What [`crate::Catalog::erase`] did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EraseReport {
    /// The snapshot that records the erasure.
    pub snapshot: SnapshotId,
    /// Episodes whose rows are gone.
    pub episodes: Vec<EpisodeId>,
    /// The recording, when its bytes are gone.
    pub recording: Option<RecordingId>,
    /// The recording that still holds the erased episode's bytes, because it holds other episodes.
    pub recording_kept: Option<RecordingId>,
    /// Objects that were deleted.
    pub objects_deleted: u64,
    /// Their bytes.
    pub bytes_deleted: u64,
    /// Table files that were rewritten, at all snapshots.
    pub files_rewritten: u64,
    /// Rows that were dropped from them.
    pub rows_dropped: u64,
    /// Dataset versions that held the episodes, as `name@version`.
    pub datasets_flagged: Vec<String>,
}
