//! What one transaction adds.

use std::collections::BTreeMap;
use std::fmt;

use prairie_model::{Derivation, DerivationId, EpisodeId, Hash256, ObjectId, RecordingId, Rights};
use serde::{Deserialize, Serialize};

use crate::NewDocument;

/// Names the state of the catalog after one commit. Zero is the empty catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SnapshotId(pub u64);

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One file of a recording, as it lies in the object store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingFile {
    /// Path inside the recording.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// The object that holds them.
    pub object: ObjectId,
}

/// A recording: its manifest, its rights, and what its reader said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordingRow {
    /// The hash of the manifest.
    pub id: RecordingId,
    /// Name of the reader that took it (`mcap`, `lerobot`).
    pub format: String,
    /// The path that it was ingested from, as given. For people; nothing depends on it.
    pub origin: String,
    /// The manifest, sorted by path.
    pub files: Vec<RecordingFile>,
    /// Owner, licence, consent, purpose, custody.
    pub rights: Rights,
    /// What the reader and the standardizer said: channels, counts, notes.
    pub summary: serde_json::Value,
}

impl RecordingRow {
    /// Bytes of all files.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }
}

/// A recording that the catalog holds.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRecording {
    /// The recording. Its files are empty when it was erased.
    pub row: RecordingRow,
    /// The snapshot it came with.
    pub added: SnapshotId,
    /// The snapshot at which it was erased.
    pub erased: Option<SnapshotId>,
}

/// A derivation: episodes made from a recording in one way.
///
/// A derivation without a parent supersedes all earlier derivations of its recording in the current view. One with a
/// parent (a repair) adds its episodes beside them.
#[derive(Debug, Clone, PartialEq)]
pub struct DerivationRow {
    /// The hash of `derivation`.
    pub id: DerivationId,
    /// Recording, mapping, overrides, standardizer, parent and repairs.
    pub derivation: Derivation,
    /// The episodes, in the order of the recording.
    pub episodes: Vec<EpisodeId>,
}

/// A fact for the ledger: the catalog salts `digest`, and only the salted hash becomes a leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// What it is about: `receipt`, `dataset`, `export`, `erasure`.
    pub kind: String,
    /// Name of the thing in the catalog: an episode's id, a dataset's name and version.
    pub reference: String,
    /// Hash of the thing: of a receipt's payload, of a version's list.
    pub digest: Hash256,
}

/// A Parquet file that [`crate::TableWriter::finish`] made, not yet part of any snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct DataFile {
    /// The table.
    pub table: String,
    /// Owner of every row in it; `None` is unknown.
    pub owner: Option<String>,
    /// Key of the object.
    pub key: String,
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256 of the file's bytes; `None` for a file from before hashes were kept.
    pub sha256: Option<Hash256>,
    /// Smallest and largest value of the columns that files are pruned by.
    pub ranges: BTreeMap<String, ColumnRange>,
}

/// Smallest and largest value of a column in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ColumnRange {
    /// Of integers.
    Int {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// Of texts, in the order of their bytes.
    Text {
        /// The smallest.
        min: String,
        /// The largest.
        max: String,
    },
}

/// One transaction: all of it becomes one snapshot, or none of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Commit {
    /// Recordings; one that is already there is left as it is.
    pub recordings: Vec<RecordingRow>,
    /// Derivations; one that is already there fails the commit with [`crate::CatalogError::AlreadyCommitted`].
    pub derivations: Vec<DerivationRow>,
    /// Table files.
    pub files: Vec<DataFile>,
    /// Episodes of which `files` hold a later revision of the `episodes` and `findings` rows, with the number of the new
    /// revision. Rows of lower revisions leave the current view.
    pub revisions: Vec<(EpisodeId, u32)>,
    /// Documents; one whose latest version says the same already is left as it is.
    pub documents: Vec<NewDocument>,
    /// What may be there of each of `documents` before; anything else fails the commit with
    /// [`crate::CatalogError::DocumentThere`].
    pub before: Before,
    /// Leaves for the ledger.
    pub leaves: Vec<Leaf>,
    /// What happened, in a few words: `ingest 3 recordings`.
    pub note: String,
}

/// What may be there of a document when its next version is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Before {
    /// Whatever is there.
    #[default]
    Anything,
    /// No version: what has no derivation is added once by its document.
    Nothing,
    /// The latest version has this digest: the new one was made from it, and from no other.
    Version(Hash256),
}

/// An acknowledged commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// The new snapshot.
    pub snapshot: SnapshotId,
    /// Place of the commit's first leaf in the ledger; the others follow in order.
    pub first_leaf: u64,
    /// Root of the ledger at this snapshot.
    pub root: Hash256,
}
