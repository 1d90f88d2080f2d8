//! Datasets: named selections, and their frozen versions.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt32Array, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use futures_util::future::BoxFuture;
use prairie_model::{EpisodeId, Hash256, Nanos};
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::catalog::Catalog;
use crate::database::{Draft, bytes_from_db, doing, from_db, to_db};
use crate::rewrite::read_batches;
use crate::{CatalogError, DataFile, Leaf, Result, SnapshotId};

/// One episode of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetEpisode {
    /// The episode.
    pub episode: EpisodeId,
    /// The part it belongs to: `train`, `val`, `test`.
    pub split: String,
}

/// A version to be frozen.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDatasetVersion {
    /// The dataset.
    pub name: String,
    /// How the episodes were chosen: query, split seed, code version, licence. Kept as it is.
    pub recipe: serde_json::Value,
    /// The snapshot that the query ran on.
    pub snapshot: SnapshotId,
    /// The episodes, in the order of the version.
    pub episodes: Vec<DatasetEpisode>,
    /// Hash over the list and the recipe.
    pub hash: Hash256,
}

/// A frozen version.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetVersion {
    /// The dataset.
    pub name: String,
    /// From 1.
    pub version: u32,
    /// When it was frozen.
    pub created: Nanos,
    /// How the episodes were chosen.
    pub recipe: serde_json::Value,
    /// The snapshot that its rows are read at.
    pub snapshot: SnapshotId,
    /// How many episodes it froze.
    pub episode_count: u64,
    /// Hash over the list and the recipe.
    pub hash: Hash256,
    /// Episodes that were erased since. Not empty means that the version can no longer be exported whole.
    pub erased: Vec<EpisodeId>,
}

/// The columns of the table `dataset_episodes`.
pub(crate) fn episodes_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("name", DataType::Utf8, false),
        Field::new("version", DataType::UInt32, false),
        Field::new("ordinal", DataType::UInt64, false),
        Field::new("episode_id", DataType::Utf8, false),
        Field::new("split", DataType::Utf8, false),
    ]))
}

/// Names become folder names, and parts of `name@version`.
fn check_name(name: &str) -> Result<()> {
    let starts_well = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if starts_well && name.len() <= 100 && name.bytes().all(is_good) {
        return Ok(());
    }
    Err(CatalogError::BadDatasetName(name.chars().take(120).collect()))
}

impl Catalog {
    /// Freezes a version of a dataset, with `leaves` for the ledger.
    ///
    /// Where the latest version of that name has the same hash nothing is added, and that version is given: the retry of a
    /// freeze, or a query that still chooses the same.
    pub fn create_dataset<'a>(
        &'a self,
        new: &'a NewDatasetVersion,
        leaves: &'a [Leaf],
    ) -> BoxFuture<'a, Result<DatasetVersion>> {
        Box::pin(async move {
            check_name(&new.name)?;
            self.must_write()?;
            let latest = self.latest().await?;
            if new.snapshot > latest {
                return Err(CatalogError::NoSnapshot { asked: new.snapshot.0, latest: latest.0 });
            }
            let before = self.newest_version(&new.name).await?;
            if let Some(before) = before.as_ref().filter(|before| before.hash == new.hash) {
                return Ok(before.clone());
            }
            let version = before.map_or(1, |before| before.version + 1);
            let file = self.write_list(new, version)?;
            let note = format!("dataset {}@{version}", new.name);
            let mut draft = Draft::begin(self, &note, leaves).await?;
            if let Some(file) = &file {
                self.check_object(&file.key, file.bytes)?;
                draft.add_file(file).await?;
            }
            let done = sqlx::query(
            "INSERT INTO dataset_versions (name, version, created_ns, snapshot, recipe, episodes, hash, file, added) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&new.name)
        .bind(i64::from(version))
        .bind(crate::database::now_ns())
        .bind(to_db(new.snapshot.0))
        .bind(new.recipe.to_string())
        .bind(to_db(new.episodes.len() as u64))
        .bind(new.hash.as_bytes().as_slice())
        .bind(file.as_ref().map(|file| &file.key))
        .bind(draft.snapshot)
        .execute(&mut *draft.transaction)
        .await;
            match done {
                Ok(_) => {}
                Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                    return Err(CatalogError::Conflict { what: format!("dataset `{}`", new.name) });
                }
                Err(error) => return Err(doing("add a dataset version")(error)),
            }
            draft.commit().await?;
            self.dataset(&new.name, Some(version)).await
        })
    }

    /// The list of a version is a table file, so that the database does not grow with episodes. It holds ids and splits
    /// only, and belongs to no owner.
    fn write_list(&self, new: &NewDatasetVersion, version: u32) -> Result<Option<DataFile>> {
        let mut writer = self.writer("dataset_episodes", None)?;
        let mut ordinal = 0;
        for part in new.episodes.chunks(64 << 10) {
            let count = part.len();
            let columns: Vec<ArrayRef> = vec![
                Arc::new(StringArray::from_iter_values(std::iter::repeat_n(&new.name, count))),
                Arc::new(UInt32Array::from_iter_values(std::iter::repeat_n(version, count))),
                Arc::new(UInt64Array::from_iter_values(ordinal..ordinal + count as u64)),
                Arc::new(StringArray::from_iter_values(part.iter().map(|row| row.episode.to_string()))),
                Arc::new(StringArray::from_iter_values(part.iter().map(|row| &row.split))),
            ];
            let batch = RecordBatch::try_new(episodes_schema(), columns)
                .map_err(|source| CatalogError::Columns { table: "dataset_episodes".to_owned(), source })?;
            writer.append(&batch)?;
            ordinal += count as u64;
        }
        writer.finish()
    }

    /// All versions of all datasets, by name and version.
    pub fn datasets(&self) -> BoxFuture<'_, Result<Vec<DatasetVersion>>> {
        Box::pin(async move {
            let rows = sqlx::query("SELECT * FROM dataset_versions ORDER BY name, version")
                .fetch_all(self.pool())
                .await
                .map_err(doing("list datasets"))?;
            let mut versions = Vec::with_capacity(rows.len());
            for row in &rows {
                versions.push(self.read_version(row).await?);
            }
            Ok(versions)
        })
    }

    /// A version of a dataset; `None` is the latest.
    pub fn dataset<'a>(&'a self, name: &'a str, version: Option<u32>) -> BoxFuture<'a, Result<DatasetVersion>> {
        Box::pin(async move {
            let found = match version {
                None => self.newest_version(name).await?,
                Some(version) => {
                    let row = sqlx::query("SELECT * FROM dataset_versions WHERE name = ? AND version = ?")
                        .bind(name)
                        .bind(i64::from(version))
                        .fetch_optional(self.pool())
                        .await
                        .map_err(doing("read a dataset version"))?;
                    match row {
                        Some(row) => Some(self.read_version(&row).await?),
                        None => None,
                    }
                }
            };
            found.ok_or_else(|| {
                CatalogError::NoDataset(version.map_or(name.to_owned(), |version| format!("{name}@{version}")))
            })
        })
    }

    async fn newest_version(&self, name: &str) -> Result<Option<DatasetVersion>> {
        let row = sqlx::query("SELECT * FROM dataset_versions WHERE name = ? ORDER BY version DESC LIMIT 1")
            .bind(name)
            .fetch_optional(self.pool())
            .await
            .map_err(doing("read a dataset version"))?;
        match row {
            Some(row) => Ok(Some(self.read_version(&row).await?)),
            None => Ok(None),
        }
    }

    async fn read_version(&self, row: &SqliteRow) -> Result<DatasetVersion> {
        let (name, version): (String, i64) = (row.get("name"), row.get("version"));
        let rows: Vec<Vec<u8>> =
            sqlx::query_scalar("SELECT episode FROM dataset_erasures WHERE name = ? AND version = ? ORDER BY episode")
                .bind(&name)
                .bind(version)
                .fetch_all(self.pool())
                .await
                .map_err(doing("read a dataset version"))?;
        let mut erased = Vec::with_capacity(rows.len());
        for id in &rows {
            erased.push(EpisodeId::from_bytes(bytes_from_db("episode id", id)?));
        }
        let recipe: &str = row.get("recipe");
        let damaged = |what, found: &str| CatalogError::Damaged { what, found: found.chars().take(80).collect() };
        Ok(DatasetVersion {
            version: u32::try_from(version).map_err(|_error| damaged("version of a dataset", &version.to_string()))?,
            created: Nanos(row.get("created_ns")),
            recipe: serde_json::from_str(recipe).map_err(|_error| damaged("recipe of a dataset", recipe))?,
            snapshot: SnapshotId(from_db(row.get("snapshot"))),
            episode_count: from_db(row.get("episodes")),
            hash: Hash256::from_bytes(bytes_from_db("hash of a dataset", row.get("hash"))?),
            name,
            erased,
        })
    }

    /// The episodes of a version, in its order, the erased ones too.
    pub fn dataset_episodes<'a>(&'a self, version: &'a DatasetVersion) -> BoxFuture<'a, Result<Vec<DatasetEpisode>>> {
        Box::pin(async move {
            let key: Option<Option<String>> =
                sqlx::query_scalar("SELECT file FROM dataset_versions WHERE name = ? AND version = ?")
                    .bind(&version.name)
                    .bind(i64::from(version.version))
                    .fetch_optional(self.pool())
                    .await
                    .map_err(doing("read a dataset version"))?;
            let key = key.ok_or_else(|| CatalogError::NoDataset(format!("{}@{}", version.name, version.version)))?;
            let Some(key) = key else { return Ok(Vec::new()) };
            let mut episodes = Vec::new();
            read_batches(self.objects(), &key, &mut |batch| {
                let ids = crate::rewrite::texts(batch, "episode_id", &key)?;
                let splits = crate::rewrite::texts(batch, "split", &key)?;
                for (id, split) in ids.iter().zip(splits) {
                    let id = id.unwrap_or_default();
                    let episode = id.parse().map_err(|_error| CatalogError::Damaged {
                        what: "episode id in a dataset",
                        found: id.to_owned(),
                    })?;
                    episodes.push(DatasetEpisode { episode, split: split.unwrap_or_default().to_owned() });
                }
                Ok(())
            })?;
            Ok(episodes)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_be_folders() {
        assert!(check_name("pick-1.0_a").is_ok());
        for name in ["", ".x", "-x", "a/b", "a@1", "a b", "ü", &"x".repeat(101)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
