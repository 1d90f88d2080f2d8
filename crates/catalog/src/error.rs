//! What can go wrong in the catalog.

use std::fmt;

use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;
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
    /// The store may not be written.
    #[error("the store `{store}` cannot be written: {why}")]
    ReadOnly {
        /// Its folder.
        store: String,
        /// What the system says.
        why: String,
    },
    /// The store was made by an older version, and may not be written, so that it cannot be brought up to date.
    #[error("the store has schema version {found} instead of {known}, and cannot be brought up to date where it is")]
    OlderReadOnly {
        /// What the store has.
        found: i64,
        /// What this code knows.
        known: i64,
    },
    /// There are objects, and no database that names them.
    #[error("`{path}` is missing or empty, and there are objects beside it: the database of this store was lost")]
    LostDatabase {
        /// Where it should be.
        path: String,
    },
    /// The database is that of another store.
    #[error("`{path}` is the database of store {found}, and what lies beside it is store {told}")]
    OtherStore {
        /// The database.
        path: String,
        /// The store that the mark names.
        told: String,
        /// The store of the database.
        found: String,
    },
    /// The database is an older state of itself.
    #[error("`{path}` ends at snapshot {found}, and this store had come to snapshot {told}: it lost commits")]
    RolledBack {
        /// The database.
        path: String,
        /// The snapshot that the mark tells of.
        told: u64,
        /// The latest of the database.
        found: u64,
    },
    /// A query failed.
    #[error("failed to run the query")]
    Query(#[source] QueryError),
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
    /// A version of the document is there that the new one does not follow: another writer came first.
    #[error("{kind} `{name}` is already there")]
    DocumentThere {
        /// What kind of thing.
        kind: String,
        /// Its name.
        name: String,
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

impl CatalogError {
    pub(crate) fn query(error: DataFusionError) -> Self {
        Self::Query(QueryError(Box::new(error)))
    }
}

/// Why a query failed, told once: errors of the SQL engine print what caused them, and name it as their source too.
#[derive(Debug)]
pub struct QueryError(Box<DataFusionError>);

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match innermost(&self.0) {
            DataFusionError::SQL(error, _) => match &**error {
                ParserError::TokenizerError(why) | ParserError::ParserError(why) => {
                    write!(f, "this is no SQL: {why}")
                }
                ParserError::RecursionLimitExceeded => f.write_str("the statement is nested too deeply"),
            },
            error => f.write_str(&error.strip_backtrace()),
        }
    }
}

impl std::error::Error for QueryError {}

/// The error without what the engine wrapped around it for its own use.
fn innermost(error: &DataFusionError) -> &DataFusionError {
    match error {
        DataFusionError::Diagnostic(_, inner) => innermost(inner),
        DataFusionError::Shared(inner) => innermost(inner),
        DataFusionError::Collection(all) => all.first().map_or(error, innermost),
        error => error,
    }
}

/// Short for a result with a [`CatalogError`].
pub type Result<T> = std::result::Result<T, CatalogError>;
