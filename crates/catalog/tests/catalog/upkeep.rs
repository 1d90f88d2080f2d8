//! Upkeep: `fsck`, `compact`, `gc` and `erase`, undisturbed, on disks that fail, and killed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field};
use prairie_catalog::{
    Before, Catalog, CatalogError, Commit, DatasetEpisode, EraseReport, EraseTarget, Erasure, Leaf, NewDatasetVersion,
    NewDocument, RecordingFile, RecordingRow, SnapshotId, claims_batch, table_schema, tables,
};
use prairie_model::{EpisodeId, Hash256, LinkClaim, MemorySource, ObjectId, RecordingId, Rights, manifest_hash};
use prairie_store::{Disk, FaultPlan, Faulty, Objects, copy_hashed, object_key};

use crate::{Take, number, open};

#[tokio::test]
async fn compaction_merges_by_owner_and_gc_keeps_what_snapshots_see() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path()).await;
    for at in 0..6 {
        let owner = [None, Some("acme"), Some("zeta")][at % 3];
        Take { owner, ..Take::new(&format!("take {at}"), 2) }.ingest(&catalog).await;
    }
    let report = catalog.compact().await.unwrap();
    assert_eq!((report.files_before, report.files_after, report.rows_dropped), (18, 9, 0));
    assert_eq!(report.snapshot, Some(SnapshotId(7)));
    assert_eq!(catalog.compact().await.unwrap().snapshot, None, "nothing is left to merge");
    for (snapshot, episodes) in [(Some(3), 6), (Some(6), 12), (None, 12)] {
        assert_eq!(number(&catalog, "SELECT count(*) FROM episodes", snapshot).await, episodes);
        assert_eq!(number(&catalog, "SELECT count(*) FROM scalar", snapshot).await, episodes * 10);
    }
    assert_eq!(number(&catalog, "SELECT count(*) FROM episodes WHERE owner = 'acme'", None).await, 4);
    assert_eq!(catalog.gc(Duration::ZERO).await.unwrap().deleted, 0);
    assert_eq!(number(&catalog, "SELECT count(*) FROM scalar", Some(6)).await, 120);
    assert!(catalog.fsck(true).await.unwrap().problems.is_empty());
}

#[tokio::test]
async fn gc_waits_for_the_grace_and_for_living_writers() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path()).await;
    let lease = open(dir.path()).await.lease().await.unwrap();
    let (commit, _) = Take::new("pick", 1).prepare(&catalog).unwrap();
    let held = catalog.gc(Duration::ZERO).await.unwrap();
    assert_eq!((held.deleted, held.kept), (0, 4), "one object and three table files");
    catalog.commit(&commit).await.unwrap();
    lease.release().await.unwrap();
    let (other, _) = Take::new("other", 1).prepare(&catalog).unwrap();
    assert_eq!(catalog.gc(Duration::from_secs(3600)).await.unwrap().deleted, 0);
    let freed = catalog.gc(Duration::ZERO).await.unwrap();
    assert_eq!((freed.deleted, freed.kept), (4, 0));
    assert!(matches!(catalog.commit(&other).await, Err(CatalogError::MissingObject { .. })));
    assert_eq!(number(&catalog, "SELECT count(*) FROM scalar", None).await, 10);
    assert!(catalog.fsck(true).await.unwrap().problems.is_empty());
}

#[tokio::test]
async fn fsck_finds_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path()).await;
    for name in ["one", "two", "six"] {
        Take::new(name, 1).ingest(&catalog).await;
    }
    let path = |key: &str| dir.path().join(key);
    let objects: Vec<_> = catalog.objects().list("objects").unwrap().into_iter().map(|object| object.key).collect();
    let files: Vec<_> = catalog.objects().list("tables/scalar").unwrap().into_iter().map(|object| object.key).collect();
    std::fs::remove_file(path(&objects[0])).unwrap();
    std::fs::write(path(&objects[1]), "xxx").unwrap();
    std::fs::write(path(&objects[2]), "longer").unwrap();
    let bytes = std::fs::read(path(&files[0])).unwrap();
    std::fs::write(path(&files[0]), vec![7; bytes.len()]).unwrap();
    std::fs::remove_file(path(&files[1])).unwrap();
    let codes = |report: &prairie_catalog::FsckReport| report.problems.iter().map(|p| p.code).collect::<Vec<_>>();
    let quick = catalog.fsck(false).await.unwrap();
    assert_eq!(codes(&quick), ["missing-file", "missing-object", "wrong-size"]);
    let deep = catalog.fsck(true).await.unwrap();
    assert_eq!(codes(&deep), ["corrupt-file", "corrupt-object", "missing-file", "missing-object", "wrong-size"]);
    assert_eq!((quick.recordings, quick.objects, quick.files, quick.leaves), (3, 3, 9, 3));
}

#[tokio::test]
async fn erasing_a_recording_leaves_a_tombstone_only() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path()).await;
    let take = Take::new("secret of a person", 2);
    let (committed, id, episodes) = take.ingest(&catalog).await;
    Take::new("other", 2).ingest(&catalog).await;
    let list = vec![DatasetEpisode { episode: episodes[0], split: "train".to_owned() }];
    let new = NewDatasetVersion {
        name: "set".to_owned(),
        recipe: serde_json::json!({}),
        snapshot: committed.snapshot,
        episodes: list,
        hash: Hash256::of(b"1"),
    };
    catalog.create_dataset(&new, &[]).await.unwrap();
    catalog.compact().await.unwrap();
    let before = catalog.ledger_root(None).await.unwrap();
    let leaf = Leaf { kind: "erasure".to_owned(), reference: id.to_string(), digest: Hash256::of(b"signed") };
    let planned = catalog.would_erase(&Erasure::of(EraseTarget::Recording(id), "")).await.unwrap();
    let report = catalog
        .erase(&Erasure { leaf: Some(leaf), ..Erasure::of(EraseTarget::Recording(id), "consent withdrawn") })
        .await
        .unwrap();
    assert_eq!((report.episodes.len(), report.recording, report.recording_kept), (2, Some(id), None));
    let rows: Vec<_> = report.rows.iter().map(|(table, rows)| (table.as_str(), *rows)).collect();
    assert_eq!(rows, [("episodes", 2), ("scalar", 20), ("streams", 2)], "the rows in the merged files");
    assert_eq!((report.rows_earlier, report.files), (24, 6), "and in the old ones");
    assert_eq!((report.objects, report.bytes), (1, 18));
    let kept: Vec<_> = report.kept.iter().map(|kept| (kept.what, kept.count)).collect();
    assert_eq!(kept, [("recording-row", 1), ("dataset-lists", 1), ("leaves", 2), ("tombstones", 3)]);
    assert_eq!(EraseReport { snapshot: None, ..report.clone() }, planned, "the plan said the same");
    assert_eq!(report.datasets, ["set@1"]);
    assert_eq!(catalog.dataset("set", None).await.unwrap().erased, [episodes[0]]);
    for snapshot in [Some(1), Some(2), Some(3), None] {
        let sql = "SELECT count(*) FROM episodes WHERE task = 'secret of a person'";
        assert_eq!(number(&catalog, sql, snapshot).await, 0);
    }
    assert_eq!(number(&catalog, "SELECT count(*) FROM scalar", None).await, 20);
    // Nothing of it is left in any file of the store.
    let mut folders = vec![dir.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                let found = bytes.windows(18).any(|window| window == b"secret of a person");
                assert!(!found, "{}", path.display());
            }
        }
    }
    let stored = catalog.recording(id).await.unwrap().unwrap();
    assert_eq!((stored.erased, stored.row.files.len()), (report.snapshot, 0));
    let (again, _) = take.prepare(&catalog).unwrap();
    assert!(matches!(catalog.commit(&again).await, Err(CatalogError::Erased(found)) if found == id));
    assert!(matches!(
        catalog.erase(&Erasure::of(EraseTarget::Recording(id), "")).await,
        Err(CatalogError::Erased(found)) if found == id
    ));
    let report = catalog.fsck(true).await.unwrap();
    assert_eq!((report.problems, report.leaves), (vec![], before.1 + 1));
    assert_eq!(catalog.ledger_place(0, None).await.unwrap(), None, "the salt is gone");
    assert!(catalog.ledger_place(2, None).await.unwrap().is_some());
}

#[tokio::test]
async fn erasing_an_episode_takes_its_kin_and_keeps_its_neighbours() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path()).await;
    let (_, id, old) = Take::new("pick", 2).ingest(&catalog).await;
    let newer = Take { mapping: "2", ..Take::new("pick", 2) };
    let commit = newer.derive(&catalog, id, None).unwrap();
    let new = commit.derivations[0].episodes.clone();
    catalog.commit(&commit).await.unwrap();
    let repaired = Take { mapping: "2", ..Take::new("pick", 1) };
    catalog.commit(&repaired.derive(&catalog, id, Some(new[0])).unwrap()).await.unwrap();
    assert_eq!(number(&catalog, "SELECT count(*) FROM episodes", None).await, 3, "a repair stands beside its parent");
    let report = catalog.erase(&Erasure::of(EraseTarget::Episode(new[0]), "test")).await.unwrap();
    assert_eq!((report.recording, report.recording_kept, report.episodes.len()), (None, Some(id), 3));
    assert!(report.episodes.contains(&old[0]) && !report.episodes.contains(&old[1]));
    assert_eq!(number(&catalog, "SELECT count(*) FROM episodes", None).await, 1);
    assert_eq!(number(&catalog, "SELECT count(*) FROM episodes", Some(1)).await, 1);
    assert!(catalog.fsck(true).await.unwrap().problems.is_empty());
    let report = catalog.erase(&Erasure::of(EraseTarget::Episode(new[1]), "test")).await.unwrap();
    assert_eq!(report.recording, Some(id), "its last episode takes the recording along");
    assert_eq!(catalog.objects().list("objects").unwrap(), []);
    assert!(matches!(
        catalog.erase(&Erasure::of(EraseTarget::Episode(new[1]), "test")).await,
        Err(CatalogError::NoEpisode(found)) if found == new[1]
    ));
}

/// The place of the files of a table.
fn files_of(catalog: &Catalog, dir: &Path, table: &str) -> Vec<PathBuf> {
    let listed = catalog.objects().list(&format!("tables/{table}")).unwrap();
    listed.iter().map(|object| dir.join(&object.key)).collect()
}

#[tokio::test]
async fn any_flipped_bit_of_any_file_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path()).await;
    Take::new("pick", 2).ingest(&catalog).await;
    let mut files = files_of(&catalog, dir.path(), "scalar");
    files.extend(files_of(&catalog, dir.path(), "episodes"));
    for path in files {
        let whole = std::fs::read(&path).unwrap();
        for at in (0..whole.len()).step_by(whole.len() / 23) {
            let mut bytes = whole.clone();
            bytes[at] ^= 4;
            std::fs::write(&path, bytes).unwrap();
            let problems = catalog.fsck(true).await.unwrap().problems;
            assert!(problems.iter().any(|one| one.code == "corrupt-file"), "{at} of {}: {problems:?}", path.display());
        }
        std::fs::write(&path, whole).unwrap();
    }
    let sound = catalog.fsck(true).await.unwrap();
    assert_eq!((sound.problems, sound.unhashed), (vec![], 0));
}

#[tokio::test]
async fn files_from_before_hashes_are_told_as_unknown() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path()).await;
    Take::new("old", 1).ingest(&catalog).await;
    let pool = crate::opening::database(dir.path()).await;
    sqlx::query("UPDATE data_files SET sha256 = NULL").execute(&pool).await.unwrap();
    pool.close().await;
    Take::new("new", 1).ingest(&catalog).await;
    let report = catalog.fsck(true).await.unwrap();
    assert_eq!(report.unhashed, 3);
    assert_eq!(report.problems.iter().map(|one| one.code).collect::<Vec<_>>(), ["unknown-hash"]);
    assert_eq!(catalog.fsck(false).await.unwrap().problems, []);
}

/// Two rows of any table of a log: a new table is erased like the others without being named here.
fn two_rows(table: &str, log: &str, of: &str) -> RecordBatch {
    let schema = table_schema(table).unwrap();
    let column = |field: &Arc<Field>| -> ArrayRef {
        match (field.name().as_str(), field.data_type()) {
            ("log_id", _) => Arc::new(StringArray::from(vec![log; 2])),
            (name, DataType::Utf8) => Arc::new(StringArray::from(vec![format!("{name} of {of}"); 2])),
            (_, DataType::Boolean) => Arc::new(BooleanArray::from(vec![true; 2])),
            (_, numbers) => arrow::compute::cast(&Int64Array::from(vec![1, 2]), numbers).unwrap(),
        }
    };
    RecordBatch::try_new(Arc::clone(&schema), schema.fields().iter().map(column).collect()).unwrap()
}

/// The tables with rows of logs.
fn tables_of_logs() -> Vec<&'static str> {
    tables().into_iter().filter(|table| table_schema(table).unwrap().field_with_name("log_id").is_ok()).collect()
}

/// Imports a log of two units, and a verdict that counts it; where the units are in an episode, with rows in every table.
async fn import_log(catalog: &Catalog, name: &str, episode: Option<EpisodeId>) -> RecordingId {
    let source = MemorySource::new([("units.csv".to_owned(), format!("rows of {name}").into_bytes())]);
    let (object, size) = copy_hashed(&source, 0, &**catalog.objects(), &|_| {}).unwrap();
    let id = manifest_hash([("units.csv", size, Hash256::from_bytes(*object.as_bytes()))]);
    let log = Hash256::of(name.as_bytes()).to_string();
    let mut files = Vec::new();
    for table in tables_of_logs() {
        let mut writer = catalog.writer(table, None).unwrap();
        match (table, episode) {
            ("link_claims", Some(episode)) => {
                let claim = |unit: &str| LinkClaim {
                    station: format!("station of {name}"),
                    unit: unit.to_owned(),
                    episode: episode.to_string(),
                };
                writer.append(&claims_batch(&log, &[claim("one"), claim("two")]).unwrap()).unwrap();
            }
            ("units", _) | (_, Some(_)) => writer.append(&two_rows(table, &log, name)).unwrap(),
            (_, None) => {}
        }
        files.extend(writer.finish().unwrap());
    }
    let document = |kind: &str, name: &str, payload: serde_json::Value| NewDocument {
        kind: kind.to_owned(),
        name: name.to_owned(),
        digest: Hash256::of(payload.to_string().as_bytes()),
        payload,
    };
    let report = serde_json::json!({
        "recording": id, "recorder": "vendor", "simulated": false, "units": 2, "example": name,
    });
    let commit = Commit {
        recordings: vec![RecordingRow {
            id,
            format: "station-log".to_owned(),
            origin: format!("/data/{name}"),
            files: vec![RecordingFile { path: "units.csv".to_owned(), size, object }],
            rights: Rights::default(),
            summary: serde_json::json!({ "of": name }),
        }],
        files,
        documents: vec![
            document("station-log", &log, report),
            document("verdict", &format!("verdict on {}", &log[..8]), serde_json::json!({ "logs": [log] })),
        ],
        leaves: vec![Leaf { kind: "station-log".to_owned(), reference: log.clone(), digest: Hash256::of(b"log") }],
        note: format!("import {name}"),
        before: Before::Nothing,
        ..Commit::default()
    };
    catalog.commit(&commit).await.unwrap();
    let again = catalog.commit(&commit).await.unwrap_err();
    assert!(matches!(again, CatalogError::DocumentThere { .. }), "a log is imported once: {again:?}");
    id
}

#[tokio::test]
async fn erasing_a_log_takes_its_rows_and_flags_what_rests_on_them() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path()).await;
    let (_, _, episodes) = Take::new("the take", 1).ingest(&catalog).await;
    let id = import_log(&catalog, "the night shift", Some(episodes[0])).await;
    import_log(&catalog, "the day shift", Some(episodes[0])).await;
    let station = NewDocument {
        kind: "station".to_owned(),
        name: "door-3".to_owned(),
        payload: serde_json::json!({ "title": "door" }),
        digest: Hash256::of(b"door"),
    };
    catalog.commit(&Commit { documents: vec![station], ..Commit::default() }).await.unwrap();
    let tables = tables_of_logs();
    let compacted = catalog.compact().await.unwrap();
    assert_eq!((compacted.files_before, compacted.files_after), (2 * tables.len() as u64, tables.len() as u64));
    let log = Hash256::of(b"the night shift").to_string();
    let verdict = format!("verdict on {}", &log[..8]);
    let erasure = Erasure {
        logs: vec![log.clone()],
        log_kind: "station-log".to_owned(),
        resting: vec![("verdict".to_owned(), verdict.clone(), 1)],
        ..Erasure::of(EraseTarget::Recording(id), "asked for")
    };
    let planned = catalog.would_erase(&erasure).await.unwrap();
    for (sql, before) in [("units", 4), ("units_current", 4), ("links", 4)] {
        let sql = format!("SELECT count(*) FROM {sql}");
        assert_eq!(number(&catalog, &sql, None).await, before, "a plan changes nothing: {sql}");
    }
    let report = catalog.erase(&erasure).await.unwrap();
    assert_eq!(EraseReport { snapshot: None, ..report.clone() }, planned);
    assert_eq!(report.rows, tables.iter().map(|table| ((*table).to_owned(), 2)).collect());
    assert_eq!((report.rows_earlier, report.objects), (2 * tables.len() as u64, 1));
    for table in tables {
        for snapshot in [Some(2), Some(3), None] {
            let sql = format!("SELECT count(*) FROM {table} WHERE log_id = '{log}'");
            assert_eq!(number(&catalog, &sql, snapshot).await, 0, "{table} at {snapshot:?}");
        }
        let sql = format!("SELECT count(*) FROM {table}");
        assert_eq!(number(&catalog, &sql, None).await, 2, "the other log stays in {table}");
    }
    for view in ["units_current", "links"] {
        assert_eq!(number(&catalog, &format!("SELECT count(*) FROM {view}"), None).await, 2, "{view}");
    }
    assert_eq!(number(&catalog, "SELECT count(*) FROM stations WHERE current AND title = 'door'", None).await, 1);
    let flagged = format!("SELECT count(*) FROM documents WHERE flagged AND name = '{verdict}'");
    assert_eq!(number(&catalog, &flagged, None).await, 1);
    assert_eq!(number(&catalog, "SELECT count(*) FROM documents WHERE flagged", None).await, 1);
    let buried = format!("SELECT count(*) FROM tombstones WHERE kind = 'station-log' AND id = '{log}'");
    assert_eq!(number(&catalog, &buried, None).await, 1);
    assert_eq!(catalog.fsck(true).await.unwrap().problems, []);
    assert!(!anywhere(dir.path(), b"the night shift"), "nothing of it is left in any file of the store");
    assert!(anywhere(dir.path(), b"the day shift"));
}

/// Whether any file below a folder has these bytes.
fn anywhere(folder: &Path, wanted: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return anywhere(&path, wanted);
        }
        std::fs::read(&path).unwrap().windows(wanted.len()).any(|window| window == wanted)
    })
}

#[tokio::test]
async fn bytes_that_another_recording_has_are_kept_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path()).await;
    let (commit, id) = Take::new("shared", 1).prepare(&catalog).unwrap();
    let object = commit.recordings[0].files[0].clone();
    catalog.commit(&commit).await.unwrap();
    // One file is the same recording under any name, so the other has it twice.
    let hash = Hash256::from_bytes(*object.object.as_bytes());
    let other = manifest_hash(["b.bin", "c.bin"].map(|name| (name, object.size, hash)));
    let row = RecordingRow {
        id: other,
        files: ["b.bin", "c.bin"].map(|path| RecordingFile { path: path.to_owned(), ..object.clone() }).to_vec(),
        ..commit.recordings[0].clone()
    };
    catalog.commit(&Commit { recordings: vec![row], ..Commit::default() }).await.unwrap();
    let report = catalog.erase(&Erasure::of(EraseTarget::Recording(id), "test")).await.unwrap();
    assert_eq!((report.objects, report.bytes), (0, 0));
    let kept = &report.kept[0];
    assert_eq!((kept.what, kept.count, kept.bytes), ("objects", 1, Some(6)));
    assert!(kept.why.contains(&other.to_string()), "{}", kept.why);
    let key = object_key(ObjectId::from_bytes(*object.object.as_bytes()));
    assert_eq!(catalog.objects().size(&key).unwrap(), Some(6));
}

/// A store of three recordings, the second of which was derived twice, and of one log.
async fn filled(dir: &Path) -> RecordingId {
    let catalog = open(dir).await;
    Take::new("one", 2).ingest(&catalog).await;
    let (_, id, _) = Take::new("two", 2).ingest(&catalog).await;
    let newer = Take { mapping: "2", ..Take::new("two", 2) };
    catalog.commit(&newer.derive(&catalog, id, None).unwrap()).await.unwrap();
    Take::new("three", 2).ingest(&catalog).await;
    import_log(&catalog, "the shift", None).await;
    // What a writer left that was killed.
    Take::new("orphan", 1).prepare(&catalog).unwrap();
    catalog.close().await;
    id
}

/// Opens the store on a disk that works: it is sound, and holds what it held, without the erased recording or with all of it.
async fn is_sound(dir: &Path, erased: Option<RecordingId>, told: &str) -> bool {
    let catalog = open(dir).await;
    let report = catalog.fsck(true).await.unwrap();
    assert_eq!(report.problems, [], "{told}");
    let gone = match erased {
        Some(id) => catalog.recording(id).await.unwrap().unwrap().erased.is_some(),
        None => false,
    };
    let episodes = if gone { 4 } else { 6 };
    assert_eq!(number(&catalog, "SELECT count(*) FROM episodes", None).await, episodes, "{told}");
    assert_eq!(number(&catalog, "SELECT count(*) FROM scalar", None).await, episodes * 10, "{told}");
    assert_eq!(number(&catalog, "SELECT count(*) FROM units", None).await, 2, "{told}");
    assert_eq!(number(&catalog, "SELECT count(*) FROM episodes WHERE task = 'one'", Some(1)).await, 2, "{told}");
    if gone {
        // Opening went on with what was to be deleted.
        assert!(!anywhere(&dir.join("objects"), b"two"), "{told}");
    }
    catalog.gc(Duration::ZERO).await.unwrap();
    let report = catalog.fsck(true).await.unwrap();
    assert_eq!((report.problems, report.orphans), (vec![], 0), "{told}: after gc");
    gone
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap().path();
        let target = to.join(entry.file_name().unwrap());
        if entry.is_dir() {
            copy(&entry, &target);
        } else {
            std::fs::copy(&entry, &target).unwrap();
        }
    }
}

/// Does one verb. Whether it succeeded is not asked: the state of the store is.
async fn upkeep(catalog: &Catalog, verb: &str, id: RecordingId) -> Result<(), CatalogError> {
    match verb {
        "compact" => catalog.compact().await.map(drop),
        "gc" => catalog.gc(Duration::ZERO).await.map(drop),
        _ => catalog.erase(&Erasure::of(EraseTarget::Recording(id), "test")).await.map(drop),
    }
}

/// Operations at which a disk is made to fail: some of each kind, from the first to the last.
fn some_of_each_kind(operations: &[&'static str]) -> BTreeSet<u64> {
    const OF_EACH: usize = 6;
    let mut chosen = BTreeSet::new();
    for kind in operations.iter().copied().collect::<BTreeSet<_>>() {
        let places: Vec<usize> = (0..operations.len()).filter(|at| operations[*at] == kind).collect();
        let last = places.len() - 1;
        chosen.extend((0..OF_EACH).map(|part| places[last * part / (OF_EACH - 1)] as u64));
    }
    chosen
}

/// Does the verb on copies of one store, each on a disk that fails at another operation.
async fn fails_at_any_operation(verb: &str, kinds: &[&str]) {
    let base = tempfile::tempdir().unwrap();
    let id = filled(base.path()).await;
    let erased = (verb == "erase").then_some(id);
    if verb == "erase" {
        // Rows of several recordings in one file: it is written anew without some of them.
        let catalog = open(base.path()).await;
        catalog.compact().await.unwrap();
        catalog.close().await;
    }
    let attempt = async |fail_at: Option<u64>| {
        let dir = tempfile::tempdir().unwrap();
        copy(base.path(), dir.path());
        let plan = FaultPlan { fail_at: fail_at.into_iter().collect(), ..FaultPlan::default() };
        let faulty = Arc::new(Faulty::new(Disk::open(dir.path()).unwrap(), plan));
        let catalog = Catalog::open(dir.path(), Arc::clone(&faulty) as Arc<dyn Objects>).await.unwrap();
        let done = upkeep(&catalog, verb, id).await;
        catalog.close().await;
        let told = format!("{verb}, fault at operation {fail_at:?}: {done:?}");
        let gone = is_sound(dir.path(), erased, &told).await;
        assert!(done.is_err() || gone == erased.is_some(), "{told}: what was acknowledged was not done");
        (done.is_ok(), faulty.trace())
    };
    let (done, operations) = attempt(None).await;
    assert!(done, "{verb} succeeds where nothing fails");
    let found: BTreeSet<_> = operations.iter().copied().collect();
    assert_eq!(found, kinds.iter().copied().collect(), "what {verb} does");
    // Pages are read by their headers at once, not byte by byte: as many operations would be as many waits on a disk.
    assert!(operations.len() < 2000, "{verb} takes {} operations", operations.len());
    for at in some_of_each_kind(&operations) {
        let (done, _) = attempt(Some(at)).await;
        let kind = operations[at as usize];
        // What was begun of a file that keeps no row is thrown away, with its fault.
        assert!(!done || kind == "write", "{verb} does not tell of the fault at operation {at}, a {kind}");
    }
}

#[tokio::test]
async fn compaction_on_a_disk_that_fails_at_any_operation_loses_nothing() {
    fails_at_any_operation("compact", &["create", "finish", "open", "read", "size", "write"]).await;
}

#[tokio::test]
async fn gc_on_a_disk_that_fails_at_any_operation_loses_nothing() {
    fails_at_any_operation("gc", &["delete", "list", "sweep"]).await;
}

#[tokio::test]
async fn erasure_on_a_disk_that_fails_at_any_operation_loses_nothing() {
    fails_at_any_operation("erase", &["create", "delete", "finish", "open", "read", "size", "write"]).await;
}

/// Not a test by itself: the other process of the test below.
#[tokio::test]
#[ignore = "the child process of other tests"]
async fn child_that_keeps_up() {
    let Ok(dir) = std::env::var("PRAIRIE_TEST_STORE") else { return };
    let id = std::env::var("PRAIRIE_TEST_ID").unwrap().parse().unwrap();
    let catalog = open(Path::new(&dir)).await;
    let verb = std::env::var("PRAIRIE_TEST_VERB").unwrap();
    println!("\nbegun.");
    upkeep(&catalog, &verb, id).await.unwrap();
    println!("\ndone.");
}

#[tokio::test]
async fn upkeep_that_is_killed_leaves_a_store_that_opens_and_has_everything() {
    let base = tempfile::tempdir().unwrap();
    let id = filled(base.path()).await;
    let mut killed = 0;
    for verb in ["compact", "gc", "erase"] {
        let erased = (verb == "erase").then_some(id);
        for round in 0..10_u64 {
            let dir = tempfile::tempdir().unwrap();
            copy(base.path(), dir.path());
            let mut process = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "upkeep::child_that_keeps_up", "--ignored", "--nocapture"])
                .env("PRAIRIE_TEST_STORE", dir.path())
                .env("PRAIRIE_TEST_ID", id.to_string())
                .env("PRAIRIE_TEST_VERB", verb)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            // From the moment at which the verb begins, in steps of less than its syncs take.
            let mut lines = std::io::BufRead::lines(std::io::BufReader::new(process.stdout.take().unwrap()));
            while lines.next().unwrap().unwrap() != "begun." {}
            std::thread::sleep(Duration::from_micros(round * round * 1300));
            process.kill().unwrap();
            process.wait().unwrap();
            let done = lines.any(|line| line.is_ok_and(|line| line == "done."));
            killed += u32::from(!done);
            let told = format!("{verb}, round {round}");
            // The lease of a killed writer holds `gc` off for minutes, so it is taken away.
            let pool = crate::opening::database(dir.path()).await;
            sqlx::query("DELETE FROM leases").execute(&pool).await.unwrap();
            pool.close().await;
            let gone = is_sound(dir.path(), erased, &told).await;
            assert!(!done || gone == erased.is_some(), "{told}: what was acknowledged was not done");
        }
    }
    assert!(killed > 0, "no kill hit a verb");
}
