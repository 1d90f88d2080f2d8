//! What can be seen at a snapshot: which files, and which of their rows not.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use prairie_model::{EpisodeId, Hash256};
use sqlx::{Row as _, SqlitePool};

use crate::database::{HIDE_ALL, bytes_from_db, doing, from_db, to_db};
use crate::{CatalogError, DataFile, Result, SnapshotId};

/// The rows that are not seen. Empty in most snapshots: superseded episodes until the next compaction.
#[derive(Debug, Default)]
pub(crate) struct Hidden {
    /// By the text of the episode's id: rows with a lower revision are hidden.
    pub(crate) below: HashMap<String, u64>,
}

impl Hidden {
    /// Whether a row is hidden. A row without a revision is hidden only together with its episode.
    pub(crate) fn hides(&self, episode: &str, revision: Option<u32>) -> bool {
        let Some(&below) = self.below.get(episode) else { return false };
        revision.map_or(below >= from_db(HIDE_ALL), |revision| u64::from(revision) < below)
    }
}

/// The catalog's files at one snapshot.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) snapshot: SnapshotId,
    pub(crate) files: BTreeMap<String, Vec<DataFile>>,
    pub(crate) hidden: Arc<Hidden>,
}

/// The latest snapshot; zero when there is none.
pub(crate) async fn latest(pool: &SqlitePool) -> Result<SnapshotId> {
    let latest: Option<i64> = sqlx::query_scalar("SELECT max(id) FROM snapshots")
        .fetch_one(pool)
        .await
        .map_err(doing("look up the latest snapshot"))?;
    Ok(SnapshotId(from_db(latest.unwrap_or(0))))
}

/// The snapshot that is asked for, `None` for the latest.
pub(crate) async fn resolve(pool: &SqlitePool, snapshot: Option<SnapshotId>) -> Result<SnapshotId> {
    let latest = latest(pool).await?;
    match snapshot {
        Some(asked) if asked > latest => Err(CatalogError::NoSnapshot { asked: asked.0, latest: latest.0 }),
        Some(asked) => Ok(asked),
        None => Ok(latest),
    }
}

/// Reads the view of a snapshot, in one read transaction.
pub(crate) async fn load(pool: &SqlitePool, snapshot: SnapshotId) -> Result<View> {
    let failed = doing("read the view of a snapshot");
    let at = to_db(snapshot.0);
    let mut transaction = pool.begin().await.map_err(&failed)?;
    let rows = sqlx::query(
        "SELECT table_name, owner, key, row_count, bytes, ranges, sha256 FROM data_files \
         WHERE added <= ?1 AND (removed IS NULL OR removed > ?1) ORDER BY table_name, key",
    )
    .bind(at)
    .fetch_all(&mut *transaction)
    .await
    .map_err(&failed)?;
    let mut files: BTreeMap<String, Vec<DataFile>> = BTreeMap::new();
    for row in &rows {
        let file = read_file(row)?;
        files.entry(file.table.clone()).or_default().push(file);
    }
    let rows = sqlx::query(
        "SELECT episode, max(below) FROM hidden WHERE added <= ?1 AND (resolved IS NULL OR resolved > ?1) GROUP BY episode",
    )
    .bind(at)
    .fetch_all(&mut *transaction)
    .await
    .map_err(&failed)?;
    let mut below = HashMap::with_capacity(rows.len());
    for row in &rows {
        let id = EpisodeId::from_bytes(bytes_from_db("episode id", row.get(0))?);
        below.insert(id.to_string(), from_db(row.get(1)));
    }
    transaction.commit().await.map_err(&failed)?;
    Ok(View { snapshot, files, hidden: Arc::new(Hidden { below }) })
}

/// A file from a row of `table_name, owner, key, row_count, bytes, ranges, sha256`.
pub(crate) fn read_file(row: &sqlx::sqlite::SqliteRow) -> Result<DataFile> {
    let ranges: &str = row.get("ranges");
    let ranges = serde_json::from_str(ranges)
        .map_err(|_error| CatalogError::Damaged { what: "column ranges", found: ranges.chars().take(80).collect() })?;
    let sha256: Option<&[u8]> = row.get("sha256");
    let sha256 = sha256.map(|hash| bytes_from_db("hash of a table file", hash)).transpose()?.map(Hash256::from_bytes);
    Ok(DataFile {
        table: row.get("table_name"),
        owner: row.get("owner"),
        key: row.get("key"),
        rows: from_db(row.get("row_count")),
        bytes: from_db(row.get("bytes")),
        sha256,
        ranges,
    })
}
