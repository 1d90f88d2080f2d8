//! Deleting what nothing refers to.
//!
//! Objects are listed first. Then, under the write lock, those that the database names are taken off the list, and the rest
//! is deleted when it is older than the grace and than every living lease. A commit looks at each of its objects under the
//! same lock, so it either comes first and is seen here, or finds its object gone and fails.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use prairie_model::ObjectId;
use prairie_store::{ObjectMeta, object_key};
use sqlx::{Row as _, SqliteConnection};

use crate::catalog::Catalog;
use crate::database::{bytes_from_db, doing, from_db, now_ns};
use crate::lease::LIFE;
use crate::{CatalogError, GcReport, Result};

/// Times of files are coarser than the clock that leases are dated by: a few milliseconds on most file systems, two seconds
/// on the coarsest. A file that was put right after the lease was taken may look older than it.
const COARSE: Duration = Duration::from_secs(2);

/// Keys of all objects that the database names, at any snapshot.
pub(crate) async fn referenced(connection: &mut SqliteConnection) -> Result<BTreeSet<String>> {
    let failed = doing("list the objects in use");
    let mut keys = BTreeSet::new();
    let rows = sqlx::query("SELECT DISTINCT object FROM recording_files").fetch_all(&mut *connection).await;
    for row in rows.map_err(&failed)? {
        keys.insert(object_key(ObjectId::from_bytes(bytes_from_db("object id", row.get(0))?)));
    }
    let files = sqlx::query_scalar("SELECT key FROM data_files").fetch_all(&mut *connection).await;
    keys.extend(files.map_err(&failed)?);
    Ok(keys)
}

impl Catalog {
    /// Objects below the folders that the catalog owns.
    pub(crate) fn list_objects(&self) -> Result<Vec<ObjectMeta>> {
        let mut all = Vec::new();
        for folder in ["objects", "tables"] {
            let found = self.objects().list(folder);
            all.extend(found.map_err(|source| CatalogError::Object {
                doing: "list",
                key: folder.to_owned(),
                source,
            })?);
        }
        Ok(all)
    }

    /// Deletes objects that nothing refers to and that are older than `grace` and than every living lease, and what dead
    /// writers left unfinished.
    ///
    /// What any snapshot sees stays, also what a compaction took out of the latest.
    pub fn gc(&self, grace: Duration) -> BoxFuture<'_, Result<GcReport>> {
        Box::pin(async move {
            self.must_write()?;
            self.delete_doomed().await?;
            let listed = self.list_objects()?;
            let failed = doing("collect garbage");
            let mut transaction = self.pool().begin_with("BEGIN IMMEDIATE").await.map_err(&failed)?;
            let dead = now_ns().saturating_sub(i64::try_from(LIFE.as_nanos()).unwrap_or(i64::MAX));
            sqlx::query("DELETE FROM leases WHERE beat_ns < ?")
                .bind(dead)
                .execute(&mut *transaction)
                .await
                .map_err(&failed)?;
            let oldest: Option<i64> = sqlx::query_scalar("SELECT min(started_ns) FROM leases")
                .fetch_one(&mut *transaction)
                .await
                .map_err(&failed)?;
            let mut before = SystemTime::now().checked_sub(grace).unwrap_or(SystemTime::UNIX_EPOCH);
            if let Some(oldest) = oldest {
                before =
                    before.min(SystemTime::UNIX_EPOCH + Duration::from_nanos(from_db(oldest)).saturating_sub(COARSE));
            }
            let referenced = referenced(&mut transaction).await?;
            let mut report = GcReport::default();
            for object in listed.iter().filter(|object| !referenced.contains(&object.key)) {
                let failed = |source| CatalogError::Object { doing: "delete", key: object.key.clone(), source };
                if object.modified >= before {
                    report.kept += 1;
                } else if self.objects().delete(&object.key).map_err(failed)? {
                    report.deleted += 1;
                    report.bytes += object.size;
                }
            }
            report.bytes += self.objects().sweep(before).map_err(|source| CatalogError::Object {
                doing: "sweep",
                key: "unfinished objects".to_owned(),
                source,
            })?;
            transaction.commit().await.map_err(&failed)?;
            Ok(report)
        })
    }
}
