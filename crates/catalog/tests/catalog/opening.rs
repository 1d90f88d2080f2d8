//! Opening a store: of another version, with a database that was lost or exchanged, and where nothing may be written.

use std::path::Path;
use std::sync::Arc;

use prairie_catalog::{Catalog, CatalogError, EraseTarget, Erasure, SnapshotId};
use prairie_model::Hash256;
use prairie_store::Disk;

use crate::{Take, number, open};

/// The database of a store, to do to it what nobody should.
pub(crate) async fn database(dir: &Path) -> sqlx::SqlitePool {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(dir.join("catalog.sqlite"));
    sqlx::SqlitePool::connect_with(options).await.unwrap()
}

async fn try_open(dir: &Path) -> Result<Catalog, CatalogError> {
    Catalog::open(dir, Arc::new(Disk::open(dir).unwrap())).await
}

#[tokio::test]
async fn a_store_of_another_version_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()).await);
    let pool = database(dir.path()).await;
    sqlx::query("PRAGMA user_version = 99").execute(&pool).await.unwrap();
    pool.close().await;
    let objects = Arc::new(Disk::open(dir.path()).unwrap());
    match Catalog::open(dir.path(), objects).await {
        Err(CatalogError::NewerSchema { found: 99, known: 4 }) => {}
        other => panic!("{other:?}"),
    }
    let pool = database(dir.path()).await;
    sqlx::query("PRAGMA user_version = 1").execute(&pool).await.unwrap();
    pool.close().await;
    let objects = Arc::new(Disk::open(dir.path()).unwrap());
    let error = Catalog::open(dir.path(), objects).await.unwrap_err();
    assert!(matches!(error, CatalogError::OlderSchema { found: 1, oldest: 2 }), "{error:?}");
}

#[tokio::test]
async fn a_store_of_version_2_is_brought_up_to_date_and_keeps_what_it_holds() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path()).await;
    Take::new("take", 3).ingest(&catalog).await;
    drop(catalog);
    let pool = database(dir.path()).await;
    sqlx::raw_sql(
        "DROP TABLE document_erasures; DROP TABLE documents; DROP TABLE store; \
         ALTER TABLE data_files DROP COLUMN sha256; PRAGMA user_version = 2",
    )
    .execute(&pool)
    .await
    .unwrap();
    pool.close().await;
    // Stores of that version had no mark.
    std::fs::remove_file(dir.path().join("store.json")).unwrap();
    let catalog = open(dir.path()).await;
    assert_eq!(number(&catalog, "SELECT count(*) FROM documents", None).await, 0);
    assert!(number(&catalog, "SELECT count(*) FROM episodes", None).await > 0);
}

#[tokio::test]
async fn a_lost_database_is_not_taken_for_a_new_store() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.sqlite");
    let catalog = open(dir.path()).await;
    Take::new("one", 1).ingest(&catalog).await;
    catalog.close().await;
    let kept = std::fs::read(&path).unwrap();
    for round in 0..3 {
        match round {
            0 => std::fs::write(&path, "").unwrap(),
            1 => std::fs::remove_file(&path).unwrap(),
            // Without the mark the objects still tell.
            _ => std::fs::remove_file(dir.path().join("store.json")).unwrap(),
        }
        let error = try_open(dir.path()).await.unwrap_err();
        assert!(matches!(error, CatalogError::LostDatabase { .. }), "{round}: {error:?}");
        assert_eq!(path.exists(), round == 0, "{round}: nothing is made");
    }
    std::fs::write(&path, kept).unwrap();
    let catalog = open(dir.path()).await;
    assert_eq!(number(&catalog, "SELECT count(*) FROM scalar", None).await, 10);
    assert!(dir.path().join("store.json").is_file(), "the mark is made again");
}

#[tokio::test]
async fn a_database_that_was_exchanged_or_set_back_is_told() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = dir.path().join("catalog.sqlite");
    let catalog = open(dir.path()).await;
    Take::new("one", 1).ingest(&catalog).await;
    catalog.close().await;
    let early = std::fs::read(&path).unwrap();
    let catalog = open(dir.path()).await;
    Take::new("two", 1).ingest(&catalog).await;
    catalog.close().await;
    let late = std::fs::read(&path).unwrap();
    open(other.path()).await.close().await;
    std::fs::copy(other.path().join("catalog.sqlite"), &path).unwrap();
    let error = try_open(dir.path()).await.unwrap_err();
    assert!(matches!(error, CatalogError::OtherStore { .. }), "{error:?}");
    std::fs::write(&path, early).unwrap();
    let error = try_open(dir.path()).await.unwrap_err();
    assert!(matches!(error, CatalogError::RolledBack { told: 2, found: 1, .. }), "{error:?}");
    std::fs::write(&path, late).unwrap();
    assert_eq!(open(dir.path()).await.latest().await.unwrap(), SnapshotId(2));
}

#[tokio::test]
async fn a_store_that_is_opened_to_be_read_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path()).await;
    let (_, id, _) = Take::new("one", 1).ingest(&catalog).await;
    catalog.close().await;
    let hashes =
        |dir: &Path| ["catalog.sqlite", "store.json"].map(|name| Hash256::of(&std::fs::read(dir.join(name)).unwrap()));
    let before = hashes(dir.path());
    let disk = Arc::new(Disk::existing(dir.path()).unwrap());
    let catalog = Catalog::open_to_read(dir.path(), disk, "it is a test".to_owned()).await.unwrap();
    assert_eq!(catalog.refusal(), Some("it is a test"));
    assert_eq!(number(&catalog, "SELECT count(*) FROM scalar", None).await, 10);
    assert_eq!(catalog.fsck(true).await.unwrap().problems, []);
    let erasure = Erasure::of(EraseTarget::Recording(id), "test");
    assert_eq!(catalog.would_erase(&erasure).await.unwrap().objects, 1, "a plan only reads");
    let refused = |error: CatalogError| assert!(matches!(error, CatalogError::ReadOnly { .. }), "{error:?}");
    refused(catalog.erase(&erasure).await.unwrap_err());
    refused(catalog.compact().await.unwrap_err());
    refused(catalog.gc(std::time::Duration::ZERO).await.unwrap_err());
    refused(catalog.commit(&prairie_catalog::Commit::default()).await.unwrap_err());
    refused(catalog.writer("scalar", None).err().unwrap());
    catalog.close().await;
    assert_eq!(hashes(dir.path()), before);
}

#[tokio::test]
async fn sql_errors_say_once_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path()).await;
    for (sql, wrong) in [
        ("SELEC 1", "SELEC"),
        ("SELECT nothing FROM episodes", "nothing"),
        ("SELECT 1 FROM nowhere", "nowhere"),
        ("SELECT 'x", "Unterminated"),
    ] {
        let error = catalog.query(sql, None).await.unwrap_err();
        let mut said = vec![error.to_string()];
        let mut at = std::error::Error::source(&error);
        while let Some(cause) = at {
            said.push(cause.to_string());
            at = cause.source();
        }
        assert_eq!(said.len(), 2, "{sql}: {said:?}");
        assert_eq!(said.iter().filter(|line| line.contains(wrong)).count(), 1, "{sql}: {said:?}");
        assert!(!said[1].contains("ParserError"), "{said:?}");
    }
}
