//! One open store.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use datafusion::prelude::SessionContext;
use prairie_model::{DerivationId, Hash256, RecordingId};
use prairie_store::Objects;

use crate::*;

/// One open store: `DIR/catalog.sqlite`, and the objects that it refers to.
#[derive(Debug, Clone)]
pub struct Catalog {}

/// While it lives, `gc` in any process leaves what this process writes.
#[derive(Debug)]
pub struct Lease {}

impl Catalog {
    /// Opens the store in `dir`, and makes one when there is none.
    pub async fn open(_dir: &Path, _objects: Arc<dyn Objects>) -> Result<Self> {
        unimplemented!("the signature comes first")
    }
    /// Where objects lie.
    pub fn objects(&self) -> &Arc<dyn Objects> {
        unimplemented!("the signature comes first")
    }
    /// The latest snapshot; zero when nothing was committed yet.
    pub async fn latest(&self) -> Result<SnapshotId> {
        unimplemented!("the signature comes first")
    }
    /// Whether any recording has a file of that size: if not, a file of that size is new, and need not be hashed first.
    pub async fn has_file_of_size(&self, _size: u64) -> Result<bool> {
        unimplemented!("the signature comes first")
    }
    /// The recording of that id.
    pub async fn recording(&self, _id: RecordingId) -> Result<Option<StoredRecording>> {
        unimplemented!("the signature comes first")
    }
    /// The derivation of that id, with its episodes.
    pub async fn derivation(&self, _id: DerivationId) -> Result<Option<DerivationRow>> {
        unimplemented!("the signature comes first")
    }
    /// Keeps `gc` away from what this process writes from now on until it commits.
    pub async fn lease(&self) -> Result<Lease> {
        unimplemented!("the signature comes first")
    }
    /// A writer for a file of `table`; all its rows belong to `owner`. Blocking; call it where blocking is allowed.
    pub fn writer(&self, _table: &str, _owner: Option<&str>) -> Result<TableWriter> {
        unimplemented!("the signature comes first")
    }
    /// Adds all of `commit` as a new snapshot, durably, or nothing.
    pub async fn commit(&self, _commit: &Commit) -> Result<Committed> {
        unimplemented!("the signature comes first")
    }
    /// A DataFusion session over the tables as they were at `snapshot`; `None` is the latest.
    pub async fn session(&self, _snapshot: Option<SnapshotId>) -> Result<SessionContext> {
        unimplemented!("the signature comes first")
    }
    /// Runs one query. Nothing but queries is allowed.
    pub async fn query(&self, _sql: &str, _snapshot: Option<SnapshotId>) -> Result<Vec<RecordBatch>> {
        unimplemented!("the signature comes first")
    }
    /// Freezes a version of a dataset. The same name and hash as its latest version gives that version.
    pub async fn create_dataset(&self, _version: &NewDatasetVersion, _leaves: &[Leaf]) -> Result<DatasetVersion> {
        unimplemented!("the signature comes first")
    }
    /// All versions of all datasets, by name and version.
    pub async fn datasets(&self) -> Result<Vec<DatasetVersion>> {
        unimplemented!("the signature comes first")
    }
    /// A version; `None` is the latest.
    pub async fn dataset(&self, _name: &str, _version: Option<u32>) -> Result<DatasetVersion> {
        unimplemented!("the signature comes first")
    }
    /// The episodes of a version, in its order.
    pub async fn dataset_episodes(&self, _version: &DatasetVersion) -> Result<Vec<DatasetEpisode>> {
        unimplemented!("the signature comes first")
    }
    /// Root of the ledger at `snapshot`, and its number of leaves.
    pub async fn ledger_root(&self, _snapshot: Option<SnapshotId>) -> Result<(Hash256, u64)> {
        unimplemented!("the signature comes first")
    }
    /// Looks for what is missing, damaged, or does not agree. `deep` reads every byte.
    pub async fn fsck(&self, _deep: bool) -> Result<FsckReport> {
        unimplemented!("the signature comes first")
    }
    /// Merges small table files, and drops superseded rows, as a new snapshot.
    pub async fn compact(&self) -> Result<CompactReport> {
        unimplemented!("the signature comes first")
    }
    /// Deletes objects that nothing refers to and that are older than `grace` and than every living lease.
    pub async fn gc(&self, _grace: Duration) -> Result<GcReport> {
        unimplemented!("the signature comes first")
    }
    /// Destroys the bytes and rows of an episode or recording at all snapshots; `leaf` is the signed record of it.
    pub async fn erase(&self, _target: EraseTarget, _leaf: Option<Leaf>, _reason: &str) -> Result<EraseReport> {
        unimplemented!("the signature comes first")
    }
}

impl Lease {
    /// Gives the lease back; one that is dropped runs out by itself.
    pub async fn release(self) -> Result<()> {
        unimplemented!("the signature comes first")
    }
}
