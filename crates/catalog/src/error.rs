//! What can go wrong in the catalog.

use prairie_model::{DerivationId, EpisodeId, Hash256, RecordingId};

/// The catalog could not do it.
///
/// **Invariant:** an error names the operation and its object, and never prints its source: callers print the chain.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The database could not be read or written.
    #[error("failed to {doing} in the catalog's database")]
    Database {
        /// The operation.
        doing: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The store was written by a newer version of Prairie.
    #[error("the store has schema version {found}, and this version of prairie knows up to {known}")]
    NewerSchema {
        /// What the store has.
        found: i64,
        /// What this code knows.
        known: i64,
    },
    /// The store was made by an older version of Prairie, before anything was released.
    #[error("the store has schema version {found}, and this version of prairie reads {oldest} and later: make it anew")]
    OlderSchema {
        /// What the store has.
        found: i64,
        /// The oldest that this code reads.
        oldest: i64,
    },
    /// The folder is not a store, or it cannot be made one.
    #[error("failed to open the store `{path}`")]
    Open {
        /// The folder.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// An object could not be read, written or deleted.
    #[error("failed to {doing} object `{key}`")]
    Object {
        /// The operation.
        doing: &'static str,
        /// The object.
        key: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A Parquet file could not be read or written.
    #[error("failed to {doing} table file `{key}`")]
    Parquet {
        /// The operation.
        doing: &'static str,
        /// The file.
        key: String,
        /// Why.
        #[source]
        source: parquet::errors::ParquetError,
    },
    /// Columns do not fit together.
    #[error("failed to build rows of table `{table}`")]
    Columns {
        /// The table.
        table: String,
        /// Why.
        #[source]
        source: arrow::error::ArrowError,
    },
    /// There is no such table.
    #[error("there is no table `{0}`")]
    NoTable(String),
    /// A query failed or is not allowed.
    #[error("failed to run the query")]
    Query(#[source] Box<datafusion::error::DataFusionError>),
    /// A statement that would change something.
    #[error("only queries are allowed here (SELECT, WITH, VALUES, EXPLAIN, DESCRIBE, SHOW): {0}")]
    NotAQuery(String),
    /// There is no such snapshot.
    #[error("there is no snapshot {asked}; the latest is {latest}")]
    NoSnapshot {
        /// The snapshot that was asked for.
        asked: u64,
        /// The latest.
        latest: u64,
    },
    /// The derivation is already there: the retry of a commit that was acknowledged, or that went through unseen.
    #[error("derivation {derivation} is already committed in snapshot {snapshot}")]
    AlreadyCommitted {
        /// The derivation.
        derivation: DerivationId,
        /// The snapshot it came with.
        snapshot: u64,
    },
    /// Somebody else revised the same episode, or rewrote the same files, in between. Read again and retry.
    #[error("another writer changed {what} in between")]
    Conflict {
        /// What was changed.
        what: String,
    },
    /// The commit refers to an object that is not in the store.
    #[error("the commit refers to object `{key}` of {size} bytes, and the store has {found}")]
    MissingObject {
        /// The object.
        key: String,
        /// The size it should have.
        size: u64,
        /// What is there.
        found: String,
    },
    /// The recording was erased, so it is not taken in again.
    #[error("recording {0} was erased")]
    Erased(RecordingId),
    /// There is no such recording.
    #[error("there is no recording {0}")]
    NoRecording(RecordingId),
    /// There is no such episode.
    #[error("there is no episode {0}")]
    NoEpisode(EpisodeId),
    /// There is no such dataset or version.
    #[error("there is no dataset `{0}`")]
    NoDataset(String),
    /// The dataset's name cannot be used.
    #[error(
        "`{0}` cannot name a dataset: use 1 to 100 letters, digits, `.`, `_` and `-`, beginning with a letter or digit"
    )]
    BadDatasetName(String),
    /// Something that Prairie wrote cannot be read back.
    #[error("the catalog holds {what} that cannot be read: {found}")]
    Damaged {
        /// What it is.
        what: &'static str,
        /// What is there.
        found: String,
    },
    /// There is no leaf at that place of the ledger.
    #[error("the ledger has {size} leaves at snapshot {snapshot}, and leaf {seq} is not among them")]
    NoLeaf {
        /// The leaf that was asked for.
        seq: u64,
        /// The snapshot.
        snapshot: u64,
        /// Leaves at that snapshot.
        size: u64,
    },
    /// The root of the ledger does not follow from its leaves.
    #[error("the ledger's root at snapshot {snapshot} is {recorded}, and its leaves give {computed}")]
    LedgerRoot {
        /// The snapshot.
        snapshot: u64,
        /// What the snapshot says.
        recorded: Hash256,
        /// What the leaves give.
        computed: Hash256,
    },
    /// The system has no random numbers.
    #[error("failed to get random bytes from the system: {0}")]
    Random(String),
}

/// Short for a result with a [`CatalogError`].
pub type Result<T> = std::result::Result<T, CatalogError>;
