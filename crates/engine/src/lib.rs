//! The verbs of Prairie, and the boundary of its API.
//!
//! ```text
//!   cli, server, python ─▶ Engine ─┬─ ingest ── store ─ formats ─ standardize ─ quality ─ catalog
//!                                  ├─ check, receipt, repair
//!                                  ├─ query, ls, show, dataset
//!                                  ├─ prove ─── formats ─ standardize ─ media ─▶ what two forms of episodes differ in
//!                                  ├─ export ── catalog ─ formats ─ media ─▶ a folder and its proof
//!                                  └─ fsck, compact, gc, erase
//! ```
//!
//! An [`Engine`] is one open store. Its verbs take plain data and give plain data: reports that serialize, Arrow batches, text.
//! They tell how far they are through [`Progress`], and stop through it. The crates below do not know each other; they meet
//! here.
//!
//! ```no_run
//! use prairie_engine::{Config, Engine, InspectOptions, Quiet};
//!
//! # fn main() -> Result<(), prairie_engine::EngineError> {
//! let engine = Engine::create(&Config::at("prairie-store"))?;
//! let report = engine.ingest(&["run-0412.mcap".into()], &InspectOptions::default(), &Quiet)?;
//! for recording in report.recordings {
//!     println!("{}: {} episodes", recording.path, recording.episodes.len());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! What it does not do: it prints nothing, parses no arguments and listens on no socket.
//!
//! **Invariant:** a verb commits everything or nothing. What it acknowledged is durable.
//!
//! **Invariant:** neighbours of floor 1 meet only here.

mod cells;
mod config;
mod content;
mod digests;
mod error;
mod export;
mod find;
mod frames;
mod history;
mod inspect;
mod keys;
mod later;
mod log_rows;
mod options;
mod page;
mod progress;
mod prove;
mod queue;
mod recompute;
mod reference;
mod repairs;
mod replay;
mod report;
mod sink;
mod target;
mod verbs;
mod writing;

use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use prairie_catalog::{
    Catalog, CatalogError, Commit, DatasetEpisode, DatasetVersion, Leaf, NewDatasetVersion, RowOrder, RowStream,
    SnapshotId, StoredRecording, TableWriter,
};
use prairie_model::{DerivationId, EpisodeId, ObjectId, RecordingId};
use prairie_store::{Disk, Objects, object_key};
use tokio::runtime::Runtime;

pub use config::{Config, ConfigEntry, Setting};
pub use error::{EngineError, causes};
pub use export::{
    ActionForm, Align, Converted, EpisodeProof, ExportOptions, FeatureProof, Likeness, PictureSize, Proof, VideoProof,
};
pub use options::InspectOptions;
pub use page::{Language, report_envelope, report_page};
pub use prairie_verify::calc::Method;
pub use prairie_verify::claim::Assessment;
pub use prairie_verify::control::ControlState;
pub use prairie_verify::inputs::{Input, Need};
pub use prairie_verify::monitor::{Monitoring, Standing};
pub use prairie_verify::verdict::{Decision as VerdictDecision, State as VerdictState, Verdict};
pub use progress::{Progress, Quiet};
pub use prove::{Difference, PROOF_TYPE, Pair, ProveOptions, ProveReport, ProvenEpisode, SideReport, prove};
pub use reference::{
    CheckLine, FormatLine, SubjectLine, calculate, checks, explain, format_page, formats, formats_reference, methods,
    subjects,
};
pub use report::{
    CheckReport, CheckedEpisode, CheckedRecording, EpisodeReport, EpisodeSummary, Failure, FindingReport, IngestReport,
    Lineage, Messages, PassedOver, RecordingReport, SegmentReport, Status, StreamReport,
};
pub use verbs::{
    ChannelPlan, DatasetHours, DatasetRecipe, DatasetReport, LedgerCheck, LedgerExport, LedgerState, LinkCount,
    LogFile, LogReport, LogShow, MapReport, MappedChannel, MappedStream, PlanReport, PlansReport, ProtocolReport,
    ReceiptCheck, RegisterEntry, RegisterReport, RegisterVersion, RepairReport, ReportCheck, Rows, ShippedLine,
    SignatureCheck, SimulationReport, SpecProblem, SpecReport, SpecRule, VerdictReport, assess_claim, check,
    check_receipt, check_report, check_report_with_logs, countersign, hash_file, ledger_verify_files, map_check,
    map_init, plan, robot_section, shipped_mapping, shipped_mappings, simulate_station, spec_check,
};

/// How `ingest` reads and judges.
pub type IngestOptions = InspectOptions;

/// The rows of a query, batch by batch.
pub(crate) struct SqlRows {
    stream: RowStream,
    /// Shared, so that rows can be taken when the engine that began the query is gone.
    runtime: Arc<Runtime>,
}

impl SqlRows {
    /// The columns, also where there is no row.
    pub(crate) fn schema(&self) -> SchemaRef {
        self.stream.schema()
    }

    /// The next rows; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<RecordBatch>, EngineError> {
        self.runtime.block_on(self.stream.next()).transpose().map_err(EngineError::catalog("the query"))
    }
}

/// The database's name in a store's folder.
const DATABASE: &str = "catalog.sqlite";

/// How long the end of a verb waits for the database to be closed. It is whole without, and then has a log beside it.
const CLOSING: Duration = Duration::from_secs(5);

/// One open store.
pub struct Engine {
    runtime: Arc<Runtime>,
    catalog: Catalog,
    objects: Arc<dyn Objects>,
    dir: PathBuf,
    /// Read when something is signed or checked with it: whoever only reads the store may not be allowed to read it.
    key: OnceLock<keys::StoreKey>,
    issuer: Option<String>,
}

impl Drop for Engine {
    fn drop(&mut self) {
        let closing = async { tokio::time::timeout(CLOSING, self.catalog.close()).await };
        // OK to ignore: what is not closed now is read from the log at the next opening.
        self.runtime.block_on(closing).ok();
    }
}

impl Engine {
    /// Opens the store, and makes it when it is not there.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made or is something else.
    pub fn create(config: &Config) -> Result<Self, EngineError> {
        let dir = &config.store.value;
        let failed = |source| EngineError::OpenStore { path: dir.clone(), source };
        let disk = Disk::open(dir).map_err(failed)?;
        if let Some(refusal) = disk.refuses_writes() {
            return Err(failed(refusal));
        }
        Self::start(config, Arc::new(disk))
    }

    /// Opens a store that is there. One that may not be written is opened to be read; the verbs that write then say why they
    /// cannot.
    ///
    /// # Errors
    ///
    /// When there is none, or it was damaged so that it is none.
    pub fn open(config: &Config) -> Result<Self, EngineError> {
        let dir = &config.store.value;
        let failed = |source| EngineError::OpenStore { path: dir.clone(), source };
        let database = dir.join(DATABASE);
        // What may not be looked at is not what is not there.
        let there = database.try_exists().map_err(failed)?;
        if !there && !dir.is_dir() {
            return Err(EngineError::NoStore { path: dir.clone() });
        }
        let disk = Disk::existing(dir).map_err(failed)?;
        // Objects without a database are a store that lost it, which the catalog tells.
        let holds = |folder| disk.list(folder).map(|objects| !objects.is_empty()).map_err(failed);
        if !there && !holds("objects")? && !holds("tables")? {
            return Err(EngineError::NoStore { path: dir.clone() });
        }
        let refusal = disk.refuses_writes().map(|why| why.to_string());
        Self::start_as(config, Arc::new(disk), refusal)
    }

    /// Opens the store with these objects instead of those on disk: for tests of failing disks.
    #[doc(hidden)]
    pub fn start(config: &Config, objects: Arc<dyn Objects>) -> Result<Self, EngineError> {
        let engine = Self::start_as(config, objects, None)?;
        // Made with the store, so that whatever it signs is signed with one key.
        engine.key()?;
        Ok(engine)
    }

    fn start_as(config: &Config, objects: Arc<dyn Objects>, refusal: Option<String>) -> Result<Self, EngineError> {
        let dir = &config.store.value;
        let failed = |source| EngineError::OpenStore { path: dir.clone(), source };
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(failed)?;
        let opening = match refusal {
            None => Catalog::open(dir, objects.clone()),
            Some(why) => Catalog::open_to_read(dir, objects.clone(), why),
        };
        let catalog = runtime.block_on(opening).map_err(EngineError::catalog("opening the catalog"))?;
        let (dir, issuer) = (dir.clone(), config.issuer.value.clone());
        Ok(Self { runtime: Arc::new(runtime), catalog, objects, dir, key: OnceLock::new(), issuer })
    }

    /// The key that this store signs with.
    pub(crate) fn key(&self) -> Result<&keys::StoreKey, EngineError> {
        if let Some(key) = self.key.get() {
            return Ok(key);
        }
        let key = keys::StoreKey::open(&self.dir)?;
        Ok(self.key.get_or_init(|| key))
    }

    /// Why the store can only be read; `None` where it can be written.
    pub fn read_only(&self) -> Option<&str> {
        self.catalog.refusal()
    }

    /// Fails before the work of a verb that could not keep its result.
    pub(crate) fn must_write(&self, operation: &'static str) -> Result<(), EngineError> {
        self.catalog.must_write().map_err(EngineError::catalog(operation))
    }

    pub(crate) fn block<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    pub(crate) fn objects(&self) -> &dyn Objects {
        self.objects.as_ref()
    }

    pub(crate) fn shared_objects(&self) -> Arc<dyn Objects> {
        self.objects.clone()
    }

    /// The latest snapshot.
    ///
    /// # Errors
    ///
    /// When the catalog fails.
    pub fn snapshot(&self) -> Result<u64, EngineError> {
        let latest = self.block(self.catalog.latest()).map_err(EngineError::catalog("reading the catalog"))?;
        Ok(latest.0)
    }

    pub(crate) fn run_sql(
        &self,
        sql: &str,
        snapshot: Option<u64>,
    ) -> Result<(SchemaRef, Vec<RecordBatch>), EngineError> {
        let mut rows = self.stream_sql(sql, snapshot, RowOrder::Any)?;
        let mut batches = Vec::new();
        while let Some(batch) = rows.next()? {
            batches.push(batch);
        }
        Ok((rows.schema(), batches))
    }

    /// Starts a query, whose rows come as they are asked for.
    pub(crate) fn stream_sql(&self, sql: &str, snapshot: Option<u64>, order: RowOrder) -> Result<SqlRows, EngineError> {
        let stream = self.block(self.catalog.stream(sql, snapshot.map(SnapshotId), order));
        let stream = stream.map_err(EngineError::catalog("the query"))?;
        Ok(SqlRows { stream, runtime: Arc::clone(&self.runtime) })
    }

    /// Every recording with the snapshot that it came with.
    pub(crate) fn recordings(&self) -> Result<Vec<(RecordingId, u64)>, EngineError> {
        let recordings = self.block(self.catalog.recordings()).map_err(EngineError::catalog("reading the catalog"))?;
        Ok(recordings.into_iter().map(|(id, snapshot)| (id, snapshot.0)).collect())
    }

    pub(crate) fn has_file_of_size(&self, size: u64) -> Result<bool, EngineError> {
        self.block(self.catalog.has_file_of_size(size)).map_err(EngineError::catalog("reading the catalog"))
    }

    pub(crate) fn has_object(&self, object: ObjectId, size: u64) -> Result<bool, EngineError> {
        let key = object_key(object);
        let found = self.objects.size(&key);
        let found = found.map_err(|source| EngineError::Store { what: format!("object `{key}`"), source })?;
        Ok(found == Some(size))
    }

    pub(crate) fn derivation(&self, id: DerivationId) -> Result<Option<Vec<EpisodeId>>, EngineError> {
        let row = self.block(self.catalog.derivation(id)).map_err(EngineError::catalog("reading the catalog"))?;
        Ok(row.map(|row| row.episodes))
    }

    pub(crate) fn recording(&self, id: RecordingId) -> Result<Option<StoredRecording>, EngineError> {
        self.block(self.catalog.recording(id)).map_err(EngineError::catalog("reading the catalog"))
    }

    pub(crate) fn table_writer(&self, table: &str) -> Result<TableWriter, EngineError> {
        self.catalog.writer(table, None).map_err(EngineError::catalog("writing rows"))
    }

    /// Commits, and gives the snapshot. A retry of what is there already is no failure.
    pub(crate) fn commit(&self, commit: &Commit) -> Result<u64, EngineError> {
        match self.block(self.catalog.commit(commit)) {
            Ok(committed) => Ok(committed.snapshot.0),
            Err(CatalogError::AlreadyCommitted { snapshot, .. }) => Ok(snapshot),
            Err(source) => Err(EngineError::Catalog { operation: "committing", source }),
        }
    }

    /// Commits, and gives the snapshot; `None` where another writer committed the same derivation or document first, so that
    /// nothing of this commit is in the store.
    pub(crate) fn commit_first(&self, commit: &Commit) -> Result<Option<u64>, EngineError> {
        match self.block(self.catalog.commit(commit)) {
            Ok(committed) => Ok(Some(committed.snapshot.0)),
            Err(CatalogError::AlreadyCommitted { .. } | CatalogError::DocumentThere { .. }) => Ok(None),
            Err(source) => Err(EngineError::Catalog { operation: "committing", source }),
        }
    }

    pub(crate) fn freeze(&self, version: &NewDatasetVersion) -> Result<DatasetVersion, EngineError> {
        let leaf = Leaf { kind: "dataset".to_owned(), reference: version.name.clone(), digest: version.hash };
        self.block(self.catalog.create_dataset(version, &[leaf])).map_err(EngineError::catalog("freezing the dataset"))
    }

    pub(crate) fn dataset_versions(&self) -> Result<Vec<DatasetVersion>, EngineError> {
        self.block(self.catalog.datasets()).map_err(EngineError::catalog("reading the catalog"))
    }

    pub(crate) fn dataset_version(&self, name: &str, version: Option<u32>) -> Result<DatasetVersion, EngineError> {
        match self.block(self.catalog.dataset(name, version)) {
            Err(CatalogError::NoDataset(name)) => Err(EngineError::NotFound { kind: "dataset", name }),
            other => other.map_err(EngineError::catalog("reading the catalog")),
        }
    }

    pub(crate) fn dataset_members(&self, version: &DatasetVersion) -> Result<Vec<DatasetEpisode>, EngineError> {
        self.block(self.catalog.dataset_episodes(version)).map_err(EngineError::catalog("reading the catalog"))
    }

    /// `NAME@VERSION` of every dataset version that holds the episode.
    pub(crate) fn datasets_holding(&self, id: EpisodeId) -> Result<Vec<String>, EngineError> {
        let sql = format!(
            "SELECT DISTINCT name, version FROM dataset_episodes WHERE episode_id = {} ORDER BY name, version",
            cells::literal(&id.to_string())
        );
        let mut names = Vec::new();
        for batch in self.run_sql(&sql, None)?.1 {
            let cells = cells::Cells::of(&batch)?;
            for row in 0..cells.rows() {
                let name = cells.text("name", row).unwrap_or_default();
                names.push(format!("{name}@{}", cells.count("version", row).unwrap_or(0)));
            }
        }
        Ok(names)
    }

    /// Whether the ledger holds an export of this version.
    pub(crate) fn was_exported(&self, name: &str, version: u32) -> Result<bool, EngineError> {
        let sql = format!(
            "SELECT seq FROM ledger WHERE kind = 'export' AND reference = {} LIMIT 1",
            cells::literal(&format!("{name}@{version}"))
        );
        Ok(self.run_sql(&sql, None)?.1.iter().any(|batch| batch.num_rows() > 0))
    }
}
