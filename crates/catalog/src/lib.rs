//! Transactions, snapshots, lineage and SQL.
//!
//! ```text
//!   objects  ◀── copy_hashed ── recording           TableWriter ──▶ tables/episodes/….parquet
//!      │                                                                   │
//!      └──────────────▶ Commit {recordings, derivations, files, revisions, leaves} ◀──┘
//!                                          │ one transaction of SQLite (WAL, BEGIN IMMEDIATE, full sync)
//!                                          ▼
//!   snapshot n ──▶ View {files, hidden rows} ──▶ SessionContext ──▶ SQL
//! ```
//!
//! - A [`Catalog`] is one open store: `catalog.sqlite`, and the objects that it names (`objects/…`, `tables/…`). A short file,
//!   `store.json`, has the store's id and a snapshot that it reached, so that a database that was emptied, exchanged or set
//!   back is told from a new one. A store that may not be written is opened to be read.
//! - A *table file* ([`DataFile`]) is Parquet of one table and one owner. It is immutable and belongs to the snapshots from
//!   one commit until the compaction that replaces it. Smallest and largest times and ids are kept in the database, so that
//!   a query opens only the files it needs and opening the store opens none.
//! - A *snapshot* ([`SnapshotId`]) is the state after one commit. Queries see one snapshot; the default is the latest.
//! - A *derivation* is one way of making episodes from a recording. A newer one supersedes the older: their rows are hidden
//!   from the new snapshot on, not removed. A repair (a derivation with a parent) stands beside its parent.
//! - A *revision* is a later fact about an episode (a new decision). The views of `episodes` and `findings` show the latest;
//!   `receipts` shows all.
//! - A *leaf* is a salted hash in the ledger. Every snapshot has the root of the tree over all leaves so far.
//!
//! ```no_run
//! # async fn example(dir: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use prairie_catalog::Catalog;
//! use prairie_store::Disk;
//!
//! let catalog = Catalog::open(dir, Arc::new(Disk::open(dir)?)).await?;
//! let accepted = catalog.query("SELECT count(*) FROM episodes WHERE decision = 'accept'", None).await?;
//! # Ok(())
//! # }
//! ```
//!
//! How a commit is safe: (1) objects and table files are put and synced, under keys that nothing names yet; (2) one
//! transaction names them. A crash before (2) leaves orphans, which [`Catalog::gc`] removes. A crash after (2) but before
//! the answer leaves a commit that its retry finds ([`CatalogError::AlreadyCommitted`]). The transaction looks at every
//! object that it names, under the same lock under which `gc` deletes.
//!
//! Public functions give boxed futures: the body of an `async fn` is compiled anew in every crate that awaits it, and with
//! it whatever is generic below, which here is most of an SQL planner.
//!
//! Decisions: hidden rows are a set in the database rather than deletion vectors in files, because they are few (superseded
//! episodes until the next compaction) and a query without them is a plain scan. The list of a dataset version is a table
//! file, so that the database grows with files and not with episodes. A recording that was erased is not taken in again.
//! Compaction keeps the old files for the old snapshots, and `gc` never deletes what any snapshot sees. Calls that need
//! time (`sleep`, timeouts) need a Tokio runtime with its timer enabled. Reads of objects block: they are short, and the
//! bytes are on this machine.
//!
//! It does not read recordings, decode messages, check, sign or export; it does not know what a receipt says. It is not yet
//! tried on PostgreSQL.
//!
//! **Invariant:** what a call acknowledged is durable, and nothing is counted twice.
//!
//! **Invariant:** no table file mixes owners.
//!
//! **Invariant:** a snapshot never changes, except that an erasure removes rows from all of them.
//!
//! **Invariant:** SQL from outside only reads.
//!
//! **Invariant:** a database beside objects that it does not know is never taken for a new store.

mod bridge;
mod catalog;
mod columns;
mod commit;
mod compact;
mod database;
mod dataset;
mod document;
mod erase;
mod error;
mod fsck;
mod gc;
mod lease;
mod ledger;
mod maintain;
mod opening;
mod provider;
mod rewrite;
mod rows;
mod session;
mod sql_table;
mod sql_view;
mod tables;
mod view;
mod work;
mod writer;

pub use catalog::Catalog;
pub use commit::{
    Before, ColumnRange, Commit, Committed, DataFile, DerivationRow, Leaf, RecordingFile, RecordingRow, SnapshotId,
    StoredRecording,
};
pub use dataset::{DatasetEpisode, DatasetVersion, NewDatasetVersion};
pub use document::{Document, NewDocument};
pub use error::{CatalogError, QueryError, Result};
pub use lease::Lease;
pub use ledger::{LedgerHead, LedgerLeaf};
pub use maintain::{CompactReport, EraseReport, EraseTarget, Erasure, FsckReport, GcReport, Kept, Problem};
pub use rows::{EpisodeRow, FindingRow, ReceiptRow, SegmentRow, StreamRow};
pub use session::{RowOrder, RowStream};
pub use tables::{table_schema, tables};
pub use work::{
    audits_batch, claims_batch, confirmations_batch, coverage_batch, draws_batch, events_batch, log_findings_batch,
    modes_batch, presence_batch, readings_batch, shifts_batch, units_batch,
};
pub use writer::{TableWriter, with_keys};
