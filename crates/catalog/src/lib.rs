//! Transactions, snapshots, lineage and SQL.

mod catalog;
mod commit;
mod dataset;
mod error;
mod maintain;
mod rows;
mod writer;

pub use catalog::{Catalog, Lease};
pub use commit::{
    ColumnRange, Commit, Committed, DataFile, DerivationRow, Leaf, RecordingFile, RecordingRow, SnapshotId,
    StoredRecording,
};
pub use dataset::{DatasetEpisode, DatasetVersion, NewDatasetVersion};
pub use error::{CatalogError, Result};
pub use maintain::{CompactReport, EraseReport, EraseTarget, FsckReport, GcReport, Problem};
pub use rows::{EpisodeRow, FindingRow, ReceiptRow, SegmentRow, StreamRow};
pub use writer::{TableWriter, with_keys};
