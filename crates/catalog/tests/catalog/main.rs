//! What the catalog promises: snapshots, retries, crashes, upkeep, erasure.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests look at, and damage, the files beneath the store"
)]

mod opening;
mod upkeep;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch};
use arrow::datatypes::{Int64Type, Schema};
use prairie_catalog::{
    Catalog, CatalogError, Commit, Committed, DatasetEpisode, DerivationRow, EpisodeRow, FindingRow, Leaf,
    NewDatasetVersion, RecordingFile, RecordingRow, RowOrder, SegmentRow, SnapshotId, StreamRow, table_schema, tables,
    with_keys,
};
use prairie_model::{
    Decision, Derivation, DerivationId, Episode, EpisodeId, EpisodeTally, Finding, Hash256, MemorySource, Nanos,
    RecordingId, Rights, Segment, SegmentLabel, Severity, Stream, StreamKind, TimeSpan, manifest_hash,
};
use prairie_store::{Disk, FaultPlan, Faulty, LossyVolume, Objects, copy_hashed};

async fn open(dir: &Path) -> Catalog {
    Catalog::open(dir, Arc::new(Disk::open(dir).unwrap())).await.unwrap()
}

async fn number(catalog: &Catalog, sql: &str, snapshot: Option<u64>) -> i64 {
    let batches = catalog.query(sql, snapshot.map(SnapshotId)).await.unwrap();
    let batch = batches.iter().find(|batch| batch.num_rows() > 0).unwrap();
    let column = arrow::compute::cast(batch.column(0), &arrow::datatypes::DataType::Int64).unwrap();
    column.as_primitive::<Int64Type>().value(0)
}

/// One recording that a test ingests: `episodes` episodes, each with one stream of ten scalars.
struct Take {
    name: String,
    episodes: u32,
    mapping: &'static str,
    owner: Option<&'static str>,
}

impl Take {
    fn new(name: &str, episodes: u32) -> Self {
        Self { name: name.to_owned(), episodes, mapping: "1", owner: None }
    }

    fn derivation(&self, recording: RecordingId, parent: Option<EpisodeId>) -> Derivation {
        Derivation {
            recording,
            mapping: Hash256::of(self.mapping.as_bytes()),
            overrides: BTreeMap::new(),
            standardizer: "test".to_owned(),
            parent,
            repairs: parent.iter().map(|_| "trim".to_owned()).collect(),
        }
    }

    /// Puts everything but the transaction.
    fn prepare(&self, catalog: &Catalog) -> Result<(Commit, RecordingId), CatalogError> {
        let source = MemorySource::new([("a.bin".to_owned(), self.name.clone().into_bytes())]);
        let put = copy_hashed(&source, 0, &**catalog.objects(), &|_| {});
        let (object, size) =
            put.map_err(|source| CatalogError::Object { doing: "put", key: self.name.clone(), source: source.into() })?;
        let id = manifest_hash([("a.bin", size, Hash256::from_bytes(*object.as_bytes()))]);
        let recording = RecordingRow {
            id,
            format: "test".to_owned(),
            origin: format!("/data/{}.bin", self.name),
            files: vec![RecordingFile { path: "a.bin".to_owned(), size, object }],
            rights: Rights { owner: self.owner.map(str::to_owned), ..Rights::default() },
            summary: serde_json::json!({"channels": 1}),
        };
        let mut commit = self.derive(catalog, id, None)?;
        commit.recordings.push(recording);
        Ok((commit, id))
    }

    fn derive(&self, catalog: &Catalog, id: RecordingId, parent: Option<EpisodeId>) -> Result<Commit, CatalogError> {
        let derivation = self.derivation(id, parent);
        let derivation_id = derivation.id().unwrap();
        let keys: Vec<_> = (0..self.episodes).map(|at| at.to_string()).collect();
        let ids: Vec<_> = keys.iter().map(|key| EpisodeId::derive(derivation_id, key)).collect();
        let rows: Vec<_> =
            ids.iter().zip(&keys).map(|(id, key)| self.row(*id, key, &derivation, derivation_id, 0)).collect();
        let mut episodes = catalog.writer("episodes", self.owner)?;
        episodes.append(&EpisodeRow::to_batch(&rows)?)?;
        let mut scalars = catalog.writer("scalar", self.owner)?;
        let mut streams = catalog.writer("streams", self.owner)?;
        for id in &ids {
            scalars.append(&with_keys(StreamKind::Scalar, *id, "/force", &ten_scalars())?)?;
            let stream = Stream { name: "/force".to_owned(), kind: Some(StreamKind::Scalar), ..Stream::default() };
            streams.append(&StreamRow::to_batch(&[StreamRow { episode: *id, stream }])?)?;
        }
        let mut files = Vec::new();
        for writer in [episodes, scalars, streams, catalog.writer("findings", self.owner)?] {
            files.extend(writer.finish()?);
        }
        let leaf = |id: &EpisodeId| Leaf {
            kind: "receipt".to_owned(),
            reference: id.to_string(),
            digest: Hash256::of(id.as_bytes()),
        };
        Ok(Commit {
            derivations: vec![DerivationRow { id: derivation_id, derivation, episodes: ids.clone() }],
            files,
            leaves: ids.iter().map(leaf).collect(),
            note: format!("ingest {}", self.name),
            ..Commit::default()
        })
    }

    fn row(
        &self,
        id: EpisodeId,
        key: &str,
        derivation: &Derivation,
        derivation_id: DerivationId,
        revision: u32,
    ) -> EpisodeRow {
        let start = i64::from(key.parse::<u32>().unwrap()) * 1_000_000_000;
        EpisodeRow {
            id,
            recording: derivation.recording,
            derivation: derivation_id,
            episode: Episode {
                key: key.to_owned(),
                task: Some(self.name.clone()),
                span: Some(TimeSpan::new(Nanos(start), Nanos(start + 900_000_000))),
                rights: Rights { owner: self.owner.map(str::to_owned), ..Rights::default() },
                ..Episode::default()
            },
            tally: EpisodeTally { messages: 10, mapped: 10, ..EpisodeTally::default() },
            samples: 10,
            content: Hash256::of(key.as_bytes()),
            digest: None,
            notes: Vec::new(),
            recording_notes: 0,
            decision: Decision::Unknown,
            parent: derivation.parent,
            revision,
        }
    }

    async fn ingest(&self, catalog: &Catalog) -> (Committed, RecordingId, Vec<EpisodeId>) {
        let (commit, id) = self.prepare(catalog).unwrap();
        let episodes = commit.derivations[0].episodes.clone();
        (catalog.commit(&commit).await.unwrap(), id, episodes)
    }
}

fn ten_scalars() -> RecordBatch {
    let times: ArrayRef = Arc::new(Int64Array::from_iter_values((0..10).map(|at| at * 1_000_000)));
    let values: ArrayRef = Arc::new(Float64Array::from_iter_values((0..10).map(f64::from)));
    let schema = Arc::new(Schema::new(StreamKind::Scalar.fields()));
    RecordBatch::try_new(schema, vec![times.clone(), times.clone(), times, values]).unwrap()
}

#[tokio::test]
async fn an_empty_store_has_every_table() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path()).await;
    assert_eq!(catalog.latest().await.unwrap(), SnapshotId(0));
    for table in tables() {
        assert_eq!(number(&catalog, &format!("SELECT count(*) FROM {table}"), None).await, 0, "{table}");
        let grouped = format!("SELECT KEY, count(*) FROM {table} GROUP BY 1 ORDER BY 2 LIMIT 3").replace(
            "KEY",
            ["stream", "episode_id", "log_id"]
                .into_iter()
                .find(|name| table_schema(table).unwrap().field_with_name(name).is_ok())
                .unwrap(),
        );
        assert!(catalog.query(&grouped, None).await.unwrap().iter().all(|batch| batch.num_rows() == 0), "{table}");
        let columns = table_schema(table).unwrap().fields().len() as i64;
        let sql = format!("SELECT count(*) FROM information_schema.columns WHERE table_name = '{table}'");
        assert_eq!(number(&catalog, &sql, None).await, columns, "{table}");
    }
    for table in
        ["datasets", "derivations", "documents", "ledger", "recording_files", "recordings", "snapshots", "tombstones"]
    {
        assert_eq!(number(&catalog, &format!("SELECT count(*) FROM {table}"), Some(0)).await, 0, "{table}");
    }
    assert!(catalog.fsck(true).await.unwrap().problems.is_empty());
    assert_eq!(catalog.compact().await.unwrap().snapshot, None);
}

#[tokio::test]
async fn what_is_committed_is_there_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let take = Take::new("pick", 3);
    let (committed, id, episodes) = take.ingest(&open(dir.path()).await).await;
    assert_eq!((committed.snapshot, committed.first_leaf), (SnapshotId(1), 0));
    let catalog = open(dir.path()).await;
    assert_eq!(number(&catalog, "SELECT count(*) FROM episodes WHERE task = 'pick'", None).await, 3);
    assert_eq!(number(&catalog, "SELECT sum(value) FROM scalar WHERE t_ns >= 5000000", None).await, 3 * 35);
    let joined = "SELECT count(*) FROM scalar JOIN streams USING (episode_id, stream) JOIN episodes USING (episode_id) \
                  WHERE streams.kind = 'scalar' AND episodes.key = '1'";
    assert_eq!(number(&catalog, joined, None).await, 10);
    assert_eq!(number(&catalog, "SELECT count(*) FROM recordings WHERE NOT erased AND bytes = 4", None).await, 1);
    let stored = catalog.recording(id).await.unwrap().unwrap();
    assert_eq!((stored.added, stored.erased, stored.row.size()), (SnapshotId(1), None, 4));
    assert_eq!(stored.row.summary, serde_json::json!({"channels": 1}));
    let derivation = take.derivation(id, None);
    let row = catalog.derivation(derivation.id().unwrap()).await.unwrap().unwrap();
    assert_eq!((row.derivation, row.episodes), (derivation, episodes));
    assert!(catalog.has_file_of_size(4).await.unwrap());
    assert!(!catalog.has_file_of_size(5).await.unwrap());
    assert!(catalog.fsck(true).await.unwrap().problems.is_empty());
}

#[tokio::test]
async fn a_retry_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path()).await;
    let take = Take::new("pick", 2);
    take.ingest(&catalog).await;
    let (again, _) = take.prepare(&catalog).unwrap();
    match catalog.commit(&again).await {
        Err(CatalogError::AlreadyCommitted { derivation, snapshot: 1 }) => {
            assert_eq!(derivation, again.derivations[0].id);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(catalog.latest().await.unwrap(), SnapshotId(1));
    assert_eq!(number(&catalog, "SELECT count(*) FROM scalar", None).await, 20);
    let report = catalog.fsck(true).await.unwrap();
    assert_eq!((report.problems.len(), report.orphans), (0, 3), "the files of the retry belong to nobody");
    assert_eq!(catalog.gc(Duration::ZERO).await.unwrap().deleted, 3);
    assert_eq!(number(&catalog, "SELECT count(*) FROM scalar", None).await, 20);
}

#[tokio::test]
async fn a_new_derivation_supersedes_and_old_snapshots_keep_theirs() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path()).await;
    let (_, id, old) = Take::new("pick", 3).ingest(&catalog).await;
    Take::new("place", 2).ingest(&catalog).await;
    let newer = Take { mapping: "2", ..Take::new("pick", 4) };
    catalog.commit(&newer.derive(&catalog, id, None).unwrap()).await.unwrap();
    for (snapshot, episodes, samples) in [(Some(0), 0, 0), (Some(1), 3, 30), (Some(2), 5, 50), (None, 6, 60)] {
        assert_eq!(number(&catalog, "SELECT count(*) FROM episodes", snapshot).await, episodes);
        assert_eq!(number(&catalog, "SELECT count(*) FROM scalar", snapshot).await, samples);
        assert_eq!(number(&catalog, "SELECT count(value) FROM scalar WHERE t_ns < 1000", snapshot).await, episodes);
    }
    let one = format!("SELECT count(*) FROM episodes WHERE episode_id = '{}'", old[0]);
    assert_eq!((number(&catalog, &one, Some(2)).await, number(&catalog, &one, None).await), (1, 0));
    assert!(matches!(
        catalog.query("SELECT 1", Some(SnapshotId(4))).await,
        Err(CatalogError::NoSnapshot { asked: 4, latest: 3 })
    ));
    assert_eq!(number(&catalog, "SELECT count(*) FROM derivations WHERE current", None).await, 2);
    assert!(catalog.fsck(true).await.unwrap().problems.is_empty());
}

/// A new revision of one episode: another decision, and findings.
fn recheck(catalog: &Catalog, take: &Take, id: RecordingId, episode: EpisodeId, revision: u32) -> Commit {
    let derivation = take.derivation(id, None);
    let derivation_id = derivation.id().unwrap();
    let mut row = take.row(episode, "0", &derivation, derivation_id, revision);
    row.decision = Decision::Accept;
    let mut episodes = catalog.writer("episodes", take.owner).unwrap();
    episodes.append(&EpisodeRow::to_batch(&[row]).unwrap()).unwrap();
    let finding = Finding {
        code: format!("TIM00{revision}"),
        severity: Severity::Warning,
        stream: None,
        span: None,
        measured: Some(1.0),
        limit: None,
        unit: None,
        file: None,
        offset: Some(u64::MAX),
        message: "gap".to_owned(),
    };
    let mut findings = catalog.writer("findings", take.owner).unwrap();
    let row = FindingRow { episode, revision, receipt: None, finding };
    findings.append(&FindingRow::to_batch(&[row]).unwrap()).unwrap();
    Commit {
        files: [episodes, findings].into_iter().filter_map(|writer| writer.finish().unwrap()).collect(),
        revisions: vec![(episode, revision)],
        note: "check".to_owned(),
        ..Commit::default()
    }
}

#[tokio::test]
async fn the_latest_revision_is_seen_and_only_one_writer_makes_it() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path()).await;
    let take = Take::new("pick", 2);
    let (_, id, episodes) = take.ingest(&catalog).await;
    let (one, other) = (recheck(&catalog, &take, id, episodes[0], 1), recheck(&catalog, &take, id, episodes[0], 1));
    catalog.commit(&one).await.unwrap();
    assert!(matches!(catalog.commit(&other).await, Err(CatalogError::Conflict { .. })));
    catalog.commit(&recheck(&catalog, &take, id, episodes[0], 2)).await.unwrap();
    let accepted = "SELECT count(*) FROM episodes WHERE decision = 'accept'";
    assert_eq!((number(&catalog, accepted, None).await, number(&catalog, accepted, Some(1)).await), (1, 0));
    assert_eq!(number(&catalog, "SELECT count(*) FROM episodes", None).await, 2);
    assert_eq!(number(&catalog, "SELECT count(*) FROM findings", None).await, 1);
    assert_eq!(number(&catalog, "SELECT count(*) FROM findings WHERE code = 'TIM002'", None).await, 1);
    assert_eq!(number(&catalog, "SELECT count(*) FROM scalar", None).await, 20, "samples have no revisions");
    let report = catalog.compact().await.unwrap();
    assert_eq!(report.rows_dropped, 3, "two old rows of the episode, one of its findings");
    assert_eq!(number(&catalog, accepted, None).await, 1);
    assert_eq!(number(&catalog, "SELECT count(*) FROM findings", None).await, 1);
    assert_eq!(number(&catalog, "SELECT count(*) FROM findings WHERE code = 'TIM001'", Some(2)).await, 1);
    // An episode that is no longer current takes no revision.
    let newer = Take { mapping: "2", ..Take::new("pick", 2) };
    let late = recheck(&catalog, &take, id, episodes[0], 3);
    catalog.commit(&newer.derive(&catalog, id, None).unwrap()).await.unwrap();
    assert!(matches!(catalog.commit(&late).await, Err(CatalogError::Conflict { .. })));
}

#[tokio::test]
async fn only_queries_are_run() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path()).await;
    Take::new("pick", 1).ingest(&catalog).await;
    for sql in [
        "CREATE TABLE x AS SELECT 1",
        "CREATE EXTERNAL TABLE x STORED AS PARQUET LOCATION '/tmp/x'",
        "DROP TABLE episodes",
        "INSERT INTO episodes SELECT * FROM episodes",
        "DELETE FROM episodes",
        "COPY episodes TO '/tmp/x.parquet'",
        "EXPLAIN COPY episodes TO '/tmp/x.parquet'",
        "SET datafusion.execution.batch_size = 1",
    ] {
        let error = catalog.query(sql, None).await.unwrap_err();
        assert!(matches!(error, CatalogError::NotAQuery(_) | CatalogError::Query(_)), "{sql}: {error:?}");
    }
    for sql in ["SELECT 1", "EXPLAIN SELECT * FROM episodes", "SHOW TABLES", "DESCRIBE episodes", "VALUES (1)"] {
        assert!(!catalog.query(sql, None).await.unwrap().is_empty(), "{sql}");
    }
    assert!(catalog.query("SELECT * FROM '/etc/passwd'", None).await.is_err());
    assert!(catalog.query("SELEC 1", None).await.is_err());
}

#[tokio::test]
async fn datasets_are_frozen_once() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path()).await;
    let (committed, id, episodes) = Take::new("pick", 3).ingest(&catalog).await;
    let split = |at: usize| if at == 0 { "val" } else { "train" }.to_owned();
    let list = episodes.iter().enumerate().map(|(at, id)| DatasetEpisode { episode: *id, split: split(at) });
    let new = NewDatasetVersion {
        name: "pick-all".to_owned(),
        recipe: serde_json::json!({"where": "task = 'pick'"}),
        snapshot: committed.snapshot,
        episodes: list.collect(),
        hash: Hash256::of(b"list"),
    };
    let leaf = Leaf { kind: "dataset".to_owned(), reference: "pick-all@1".to_owned(), digest: new.hash };
    let first = catalog.create_dataset(&new, std::slice::from_ref(&leaf)).await.unwrap();
    assert_eq!((first.version, first.episode_count, first.snapshot), (1, 3, SnapshotId(1)));
    assert_eq!(catalog.create_dataset(&new, &[leaf]).await.unwrap(), first, "the same list is the same version");
    assert_eq!(catalog.latest().await.unwrap(), SnapshotId(2));
    assert_eq!(catalog.dataset_episodes(&first).await.unwrap(), new.episodes);
    let second = NewDatasetVersion { episodes: Vec::new(), hash: Hash256::of(b"none"), ..new.clone() };
    assert_eq!(catalog.create_dataset(&second, &[]).await.unwrap().version, 2);
    assert_eq!(catalog.dataset("pick-all", None).await.unwrap().version, 2);
    assert_eq!(catalog.dataset("pick-all", Some(1)).await.unwrap(), first);
    assert!(matches!(catalog.dataset("none", None).await, Err(CatalogError::NoDataset(_))));
    assert!(matches!(catalog.dataset("pick-all", Some(3)).await, Err(CatalogError::NoDataset(_))));
    let future = NewDatasetVersion { snapshot: SnapshotId(99), hash: Hash256::of(b"x"), ..new.clone() };
    assert!(matches!(catalog.create_dataset(&future, &[]).await, Err(CatalogError::NoSnapshot { .. })));
    assert_eq!(number(&catalog, "SELECT count(*) FROM dataset_episodes WHERE split = 'train'", None).await, 2);
    // The version reads its rows at its snapshot, whatever happens later.
    let newer = Take { mapping: "2", ..Take::new("pick", 1) };
    catalog.commit(&newer.derive(&catalog, id, None).unwrap()).await.unwrap();
    let frozen = "SELECT count(*) FROM dataset_episodes JOIN episodes USING (episode_id) WHERE version = 1";
    assert_eq!(number(&catalog, frozen, None).await, 0);
    let rows = format!("SELECT count(*) FROM episodes WHERE episode_id = '{}'", episodes[2]);
    assert_eq!(number(&catalog, &rows, Some(first.snapshot.0)).await, 1);
    assert!(catalog.fsck(true).await.unwrap().problems.is_empty());
}

#[tokio::test]
async fn the_ledger_proves_its_leaves_and_its_growth() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path()).await;
    let mut roots = Vec::new();
    for at in 0..5 {
        let (committed, _, _) = Take::new(&format!("take {at}"), at + 1).ingest(&catalog).await;
        let (root, size) = catalog.ledger_root(Some(committed.snapshot)).await.unwrap();
        assert_eq!((root, committed.first_leaf + u64::from(at) + 1), (committed.root, size));
        roots.push((committed.snapshot, root, size));
    }
    let (latest, root, size) = *roots.last().unwrap();
    for seq in 0..size {
        let place = catalog.ledger_place(seq, None).await.unwrap().unwrap();
        assert_eq!((place.root, place.size), (root, size));
    }
    for (snapshot, old_root, old_size) in roots {
        let proof = catalog.ledger_consistency(snapshot, latest).await.unwrap();
        assert!(prairie_ledger::verify_consistency(old_size, old_root, size, root, &proof));
    }
    let sql = "SELECT reference FROM ledger WHERE seq = 7";
    let batches = catalog.query(sql, None).await.unwrap();
    let reference = batches[0].column(0).as_string::<i32>().value(0).to_owned();
    assert_eq!(catalog.leaves_about(&reference).await.unwrap(), [7]);
    let place = catalog.ledger_place(7, None).await.unwrap().unwrap();
    let digest = Hash256::of(reference.parse::<EpisodeId>().unwrap().as_bytes());
    let leaf = prairie_ledger::Entry::about("receipt", place.salt, digest).leaf();
    assert!(prairie_ledger::verify_inclusion(leaf, 7, size, &place.proof, root));
    assert!(matches!(catalog.ledger_place(size, None).await, Err(CatalogError::NoLeaf { .. })));
}

#[tokio::test]
async fn faults_at_any_operation_lose_and_double_nothing() {
    for seed in 0..16 {
        let dir = tempfile::tempdir().unwrap();
        // Made on a disk that works: looking for objects of a lost database is one more thing that can fail.
        open(dir.path()).await.close().await;
        let plan = FaultPlan { one_in: 9, seed, short: true, ..FaultPlan::default() };
        let faulty: Arc<dyn Objects> = Arc::new(Faulty::new(Disk::open(dir.path()).unwrap(), plan));
        let catalog = Catalog::open(dir.path(), faulty).await.unwrap();
        let mut acknowledged = 0;
        for at in 0..4 {
            let take = Take::new(&format!("take {at}"), 2);
            let Ok((commit, _)) = take.prepare(&catalog) else { continue };
            acknowledged += i64::from(catalog.commit(&commit).await.is_ok());
        }
        drop(catalog);
        let catalog = open(dir.path()).await;
        assert_eq!(number(&catalog, "SELECT count(*) FROM recordings", None).await, acknowledged, "seed {seed}");
        assert_eq!(number(&catalog, "SELECT count(*) FROM scalar", None).await, acknowledged * 20, "seed {seed}");
        assert!(catalog.fsck(true).await.unwrap().problems.is_empty(), "seed {seed}");
        for at in 0..4 {
            let (commit, _) = Take::new(&format!("take {at}"), 2).prepare(&catalog).unwrap();
            match catalog.commit(&commit).await {
                Ok(_) | Err(CatalogError::AlreadyCommitted { .. }) => {}
                Err(error) => panic!("seed {seed}: {error:?}"),
            }
        }
        assert_eq!(number(&catalog, "SELECT count(*) FROM scalar", None).await, 80, "seed {seed}");
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_the_loss_of_power() {
    for calls in (0..60).step_by(4) {
        let dir = tempfile::tempdir().unwrap();
        let volume = Arc::new(LossyVolume::default());
        let disk = Disk::on(dir.path(), Arc::clone(&volume) as _).unwrap();
        let catalog = Catalog::open(dir.path(), Arc::new(disk)).await.unwrap();
        volume.fail_after(calls);
        let mut acknowledged = 0;
        for at in 0..3 {
            let Ok((commit, _)) = Take::new(&format!("take {at}"), 1).prepare(&catalog) else { break };
            acknowledged += i64::from(catalog.commit(&commit).await.is_ok());
        }
        drop(catalog);
        volume.lose().unwrap();
        let catalog = open(dir.path()).await;
        let report = catalog.fsck(true).await.unwrap();
        assert!(report.problems.is_empty(), "{calls}: {:?}", report.problems);
        assert_eq!(number(&catalog, "SELECT count(*) FROM scalar", None).await, acknowledged * 10, "{calls}");
    }
}

/// Not a test by itself: the other process of the tests below. It ingests until it is killed, and says what was
/// acknowledged.
#[tokio::test]
#[ignore = "the child process of other tests"]
async fn child_that_ingests() {
    let Ok(dir) = std::env::var("PRAIRIE_TEST_STORE") else { return };
    let name = std::env::var("PRAIRIE_TEST_NAME").unwrap();
    let count: u32 = std::env::var("PRAIRIE_TEST_COUNT").unwrap().parse().unwrap();
    let catalog = open(Path::new(&dir)).await;
    for at in 0..count {
        let take = Take::new(&format!("{name} {at}"), 2);
        let (commit, _) = take.prepare(&catalog).unwrap();
        match catalog.commit(&commit).await {
            Ok(_) | Err(CatalogError::AlreadyCommitted { .. }) => println!("\nacknowledged {name} {at}."),
            Err(error) => panic!("{error:?}"),
        }
    }
}

fn child(dir: &Path, name: &str, count: u32) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "child_that_ingests", "--ignored", "--nocapture"])
        .env("PRAIRIE_TEST_STORE", dir)
        .env("PRAIRIE_TEST_NAME", name)
        .env("PRAIRIE_TEST_COUNT", count.to_string())
        .stdout(Stdio::piped());
    command
}

#[tokio::test]
async fn processes_commit_beside_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let children: Vec<_> = ["a", "b", "c"].iter().map(|name| child(dir.path(), name, 12).spawn().unwrap()).collect();
    for child in children {
        assert!(child.wait_with_output().unwrap().status.success());
    }
    let catalog = open(dir.path()).await;
    assert_eq!(catalog.latest().await.unwrap(), SnapshotId(36), "one snapshot each, none lost, none shared");
    assert_eq!(number(&catalog, "SELECT count(*) FROM episodes", None).await, 72);
    assert_eq!(number(&catalog, "SELECT count(DISTINCT seq) FROM ledger", None).await, 72);
    assert!(catalog.fsck(true).await.unwrap().problems.is_empty());
}

#[tokio::test]
async fn a_killed_process_leaves_only_orphans() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged = std::collections::BTreeSet::new();
    for round in 0..12_u64 {
        let mut process = child(dir.path(), &format!("round {}", round % 4), 1000).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(60 + round * 37));
        process.kill().unwrap();
        let output = process.wait_with_output().unwrap();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            if let Some(name) = line.strip_prefix("acknowledged ").and_then(|line| line.strip_suffix('.')) {
                acknowledged.insert(name.to_owned());
            }
        }
        let catalog = open(dir.path()).await;
        let mut found = std::collections::BTreeSet::new();
        for batch in catalog.query("SELECT DISTINCT task FROM episodes", None).await.unwrap() {
            found.extend(batch.column(0).as_string::<i32>().iter().flatten().map(str::to_owned));
        }
        assert!(acknowledged.is_subset(&found), "round {round}");
        assert!(found.len() <= acknowledged.len() + round as usize + 1, "at most one per kill was not told");
        assert_eq!(number(&catalog, "SELECT count(*) FROM scalar", None).await, found.len() as i64 * 20);
        assert!(catalog.fsck(true).await.unwrap().problems.is_empty(), "round {round}");
    }
    assert!(!acknowledged.is_empty());
    let catalog = open(dir.path()).await;
    catalog.gc(Duration::ZERO).await.unwrap();
    let report = catalog.fsck(true).await.unwrap();
    assert_eq!((report.orphans, report.problems.len()), (0, 0));
}

#[tokio::test]
async fn a_document_is_a_new_version_only_when_it_says_something_new() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path()).await;
    let put = async |text: &str| {
        let payload = serde_json::json!({ "text": text });
        let digest = prairie_model::Hash256::of(text.as_bytes());
        let (kind, name) = ("station".to_owned(), "door-3".to_owned());
        let documents = vec![prairie_catalog::NewDocument { kind, name, payload, digest }];
        catalog.commit(&Commit { documents, ..Commit::default() }).await.unwrap();
    };
    for text in ["one", "one", "two"] {
        put(text).await;
    }
    let latest = catalog.document("station", "door-3").await.unwrap().unwrap();
    assert_eq!((latest.version, &latest.payload["text"]), (2, &serde_json::json!("two")));
    assert_eq!(catalog.documents("station").await.unwrap().len(), 2);
    assert_eq!(catalog.document("station", "door-4").await.unwrap(), None);
    assert_eq!(number(&catalog, "SELECT max(version) FROM documents", None).await, 2);
}

#[tokio::test]
async fn rows_come_in_the_order_in_which_they_were_written_and_no_rows_have_columns() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path()).await;
    for at in 0..5 {
        Take::new(&format!("take {at}"), 3).ingest(&catalog).await;
    }
    catalog.compact().await.unwrap();
    let (.., ids) = Take::new("last", 1).ingest(&catalog).await;
    let sql = format!("SELECT t_ns FROM scalar WHERE episode_id = '{}' AND stream = '/force'", ids[0]);
    let mut rows = catalog.stream(&sql, None, RowOrder::Written).await.unwrap();
    let mut times = Vec::new();
    while let Some(batch) = rows.next().await {
        times.extend_from_slice(batch.unwrap().column(0).as_primitive::<Int64Type>().values());
    }
    assert_eq!(times, (0..10).map(|at| at * 1_000_000).collect::<Vec<_>>());
    let mut none = catalog.stream("SELECT stream, t_ns FROM scalar WHERE false", None, RowOrder::Any).await.unwrap();
    assert_eq!(none.schema().fields().len(), 2);
    while let Some(batch) = none.next().await {
        assert_eq!(batch.unwrap().num_rows(), 0);
    }
}

#[tokio::test]
async fn segments_and_metadata_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path()).await;
    let (_, _, episodes) = Take::new("pick", 1).ingest(&catalog).await;
    let segment = Segment {
        label: SegmentLabel::Exception,
        name: "slip".to_owned(),
        span: TimeSpan::new(Nanos(1), Nanos(2)),
        cause: Some("wet".to_owned()),
        recoverable: Some(true),
        annotator: None,
    };
    let mut writer = catalog.writer("segments", None).unwrap();
    writer.append(&SegmentRow::to_batch(&[SegmentRow { episode: episodes[0], segment }]).unwrap()).unwrap();
    let files = writer.finish().unwrap().into_iter().collect();
    catalog.commit(&Commit { files, note: "annotate".to_owned(), ..Commit::default() }).await.unwrap();
    let sql = "SELECT count(*) FROM segments WHERE recoverable AND cause = 'wet' AND annotator IS NULL";
    assert_eq!(number(&catalog, sql, None).await, 1);
    assert!(matches!(catalog.writer("nothing", None), Err(CatalogError::NoTable(_))));
}
