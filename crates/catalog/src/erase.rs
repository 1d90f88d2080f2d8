//! Erasure: the bytes and the rows go, at all snapshots; a tombstone stays.
//!
//! 1. Find the episodes: those asked for, the same ones in other derivations of the recording, and what was repaired from
//!    them.
//! 2. Write every table file that holds rows of them anew, without those rows.
//! 3. In one transaction: the new files take the place of the old at the same snapshots, recordings lose their manifest,
//!    leaves lose reference and salt, dataset versions are flagged, tombstones are set, and what has to be deleted is
//!    written down.
//! 4. Delete it. When this is cut off, opening the store or `gc` goes on with the list.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::BoxFuture;
use prairie_model::{EpisodeId, ObjectId, RecordingId};
use prairie_store::object_key;
use sqlx::Row as _;

use crate::catalog::{Catalog, read_episodes};
use crate::database::{Draft, HIDE_ALL, bytes_from_db, doing, from_db};
use crate::rewrite::{copy_rows, count_hidden, read_batches, texts};
use crate::tables::hidden_by_revision;
use crate::view::{Hidden, read_file};
use crate::{CatalogError, DataFile, EraseReport, EraseTarget, Leaf, Result};

/// What is going to be erased.
struct Scope {
    recording: RecordingId,
    episodes: BTreeSet<EpisodeId>,
    /// Whether nothing of the recording is left.
    whole: bool,
}

/// A table file and its place in the snapshots.
struct Placed {
    file: DataFile,
    added: i64,
    removed: Option<i64>,
}

impl Catalog {
    /// Destroys the bytes and rows of an episode or a recording, at all snapshots. `leaf` is the signed record of it.
    ///
    /// Bytes of an episode whose recording holds others stay, and the report says so.
    pub fn erase<'a>(
        &'a self,
        target: EraseTarget,
        leaf: Option<Leaf>,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<EraseReport>> {
        Box::pin(async move {
            let lease = self.lease().await?;
            let result = self.erase_leased(target, leaf, reason).await;
            lease.release().await?;
            result
        })
    }

    async fn erase_leased(&self, target: EraseTarget, leaf: Option<Leaf>, reason: &str) -> Result<EraseReport> {
        let seen = self.latest().await?;
        let scope = self.scope(target).await?;
        let below = scope.episodes.iter().map(|id| (id.to_string(), from_db(HIDE_ALL))).collect();
        let gone = Hidden { below };
        let mut rows_dropped = 0;
        let mut rewritten = Vec::new();
        for placed in self.placed_files().await? {
            if count_hidden(self.objects(), &placed.file, &gone)? == 0 {
                continue;
            }
            let mut writer = self.writer(&placed.file.table, placed.file.owner.as_deref())?;
            rows_dropped += copy_rows(self.objects(), &placed.file, &gone, &mut writer)?;
            rewritten.push((placed, writer.finish()?));
        }
        let datasets = self.datasets_with(&scope.episodes).await?;
        let mut draft = Draft::begin(self.pool(), "erase", leaf.as_slice()).await?;
        if from_db(draft.snapshot) != seen.0 + 1 {
            return Err(CatalogError::Conflict { what: "the store".to_owned() });
        }
        for (old, new) in &rewritten {
            if let Some(new) = new {
                self.check_object(&new.key, new.bytes)?;
                draft.add_file_between(new, old.added, old.removed).await?;
            }
            draft.doom(&old.file.key).await?;
            draft.run("DELETE FROM data_files WHERE key = ?", old.file.key.as_bytes(), true).await?;
        }
        for (name, version, episode) in &datasets {
            draft.flag(name, *version, *episode).await?;
        }
        draft.forget_episodes(&scope, reason).await?;
        if scope.whole {
            draft.forget_recording(scope.recording, reason).await?;
        }
        let committed = draft.commit().await?;
        // The log still holds the old pages until it is written back and cut.
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_optional(self.pool())
            .await
            .map_err(doing("cut the log of the database"))?;
        self.bridge().forget();
        let (objects_deleted, bytes_deleted) = self.delete_doomed().await?;
        let flagged: BTreeSet<String> = datasets.iter().map(|(name, version, _)| format!("{name}@{version}")).collect();
        Ok(EraseReport {
            snapshot: committed.snapshot,
            episodes: scope.episodes.into_iter().collect(),
            recording: scope.whole.then_some(scope.recording),
            recording_kept: (!scope.whole).then_some(scope.recording),
            objects_deleted,
            bytes_deleted,
            files_rewritten: rewritten.len() as u64,
            rows_dropped,
            datasets_flagged: flagged.into_iter().collect(),
        })
    }

    async fn scope(&self, target: EraseTarget) -> Result<Scope> {
        let failed = doing("look for what is to be erased");
        let recording = match target {
            EraseTarget::Recording(id) => match self.recording(id).await? {
                Some(stored) if stored.erased.is_none() => id,
                Some(_) => return Err(CatalogError::Erased(id)),
                None => return Err(CatalogError::NoRecording(id)),
            },
            EraseTarget::Episode(id) => self.recording_of(id).await?,
        };
        let rows: Vec<Vec<u8>> = sqlx::query_scalar("SELECT episodes FROM derivations WHERE recording = ?")
            .bind(recording.as_bytes().as_slice())
            .fetch_all(self.pool())
            .await
            .map_err(&failed)?;
        let mut all = BTreeSet::new();
        for episodes in &rows {
            all.extend(read_episodes(episodes)?);
        }
        let episodes = match target {
            EraseTarget::Recording(_) => all.clone(),
            EraseTarget::Episode(id) => self.kin(id, &all).await?,
        };
        let whole = all.is_subset(&episodes);
        Ok(Scope { recording, episodes, whole })
    }

    async fn recording_of(&self, id: EpisodeId) -> Result<RecordingId> {
        let rows = sqlx::query("SELECT recording, episodes FROM derivations WHERE instr(episodes, ?) > 0")
            .bind(id.as_bytes().as_slice())
            .fetch_all(self.pool())
            .await
            .map_err(doing("look for an episode"))?;
        for row in &rows {
            // The bytes may also straddle two ids.
            if read_episodes(row.get(1))?.contains(&id) {
                return Ok(RecordingId::from_bytes(bytes_from_db("recording id", row.get(0))?));
            }
        }
        Err(CatalogError::NoEpisode(id))
    }

    /// The episode, those of the same recording with the same key, and what was repaired from any of them.
    async fn kin(&self, id: EpisodeId, all: &BTreeSet<EpisodeId>) -> Result<BTreeSet<EpisodeId>> {
        let mut facts: BTreeMap<EpisodeId, (String, Option<String>)> = BTreeMap::new();
        for placed in self.placed_files().await?.iter().filter(|placed| placed.file.table == "episodes") {
            let key = &placed.file.key;
            read_batches(self.objects(), key, &mut |batch| {
                let columns = ["episode_id", "key", "parent_id"].map(|name| texts(batch, name, key));
                let [ids, keys, parents] = columns;
                for ((id, key), parent) in ids?.iter().zip(keys?).zip(parents?) {
                    if let Some(id) = id.and_then(|id| id.parse().ok()).filter(|id| all.contains(id)) {
                        facts.insert(id, (key.unwrap_or_default().to_owned(), parent.map(str::to_owned)));
                    }
                }
                Ok(())
            })?;
        }
        let mut kin = BTreeSet::from([id]);
        loop {
            let names: BTreeSet<String> = kin.iter().map(EpisodeId::to_string).collect();
            let keys: BTreeSet<&String> = kin.iter().filter_map(|id| facts.get(id)).map(|(key, _)| key).collect();
            let more: BTreeSet<EpisodeId> = facts
                .iter()
                .filter(|(_, (key, parent))| {
                    keys.contains(key) || parent.as_ref().is_some_and(|parent| names.contains(parent))
                })
                .map(|(id, _)| *id)
                .collect();
            let before = kin.len();
            kin.extend(more);
            if kin.len() == before {
                return Ok(kin);
            }
        }
    }

    /// The table files that episodes have rows in, at any snapshot.
    async fn placed_files(&self) -> Result<Vec<Placed>> {
        let rows = sqlx::query("SELECT * FROM data_files ORDER BY key")
            .fetch_all(self.pool())
            .await
            .map_err(doing("list table files"))?;
        let mut files = Vec::with_capacity(rows.len());
        for row in &rows {
            let file = read_file(row)?;
            if hidden_by_revision(&file.table).is_some() {
                files.push(Placed { file, added: row.get("added"), removed: row.get("removed") });
            }
        }
        Ok(files)
    }

    /// Dataset versions that list any of the episodes.
    async fn datasets_with(&self, episodes: &BTreeSet<EpisodeId>) -> Result<Vec<(String, u32, EpisodeId)>> {
        let mut found = Vec::new();
        for version in self.datasets().await? {
            for row in self.dataset_episodes(&version).await? {
                if episodes.contains(&row.episode) {
                    found.push((version.name.clone(), version.version, row.episode));
                }
            }
        }
        Ok(found)
    }

    /// Deletes the objects that acknowledged erasures doomed, and says how many and how many bytes.
    pub(crate) async fn delete_doomed(&self) -> Result<(u64, u64)> {
        let doomed: Vec<String> = sqlx::query_scalar("SELECT key FROM doomed_objects ORDER BY key")
            .fetch_all(self.pool())
            .await
            .map_err(doing("list doomed objects"))?;
        let (mut count, mut bytes) = (0, 0);
        for key in &doomed {
            let failed = |source| CatalogError::Object { doing: "delete", key: key.clone(), source };
            bytes += self.objects().size(key).map_err(failed)?.unwrap_or(0);
            count += u64::from(self.objects().delete(key).map_err(failed)?);
            sqlx::query("DELETE FROM doomed_objects WHERE key = ?")
                .bind(key)
                .execute(self.pool())
                .await
                .map_err(doing("forget a doomed object"))?;
        }
        Ok((count, bytes))
    }
}

impl Draft {
    /// Runs a statement about one thing, by its id or, as text, by its key.
    async fn run(&mut self, sql: &'static str, id: &[u8], as_text: bool) -> Result<u64> {
        let query = sqlx::query(sql);
        let query = match std::str::from_utf8(id) {
            Ok(text) if as_text => query.bind(text.to_owned()),
            _ => query.bind(id.to_vec()),
        };
        let done = query.execute(&mut *self.transaction).await.map_err(doing("erase"))?;
        Ok(done.rows_affected())
    }

    async fn doom(&mut self, key: &str) -> Result<u64> {
        self.run("INSERT OR IGNORE INTO doomed_objects (key) VALUES (?)", key.as_bytes(), true).await
    }

    async fn flag(&mut self, name: &str, version: u32, episode: EpisodeId) -> Result<()> {
        sqlx::query("INSERT OR IGNORE INTO dataset_erasures (name, version, episode, erased) VALUES (?, ?, ?, ?)")
            .bind(name)
            .bind(i64::from(version))
            .bind(episode.as_bytes().as_slice())
            .bind(self.snapshot)
            .execute(&mut *self.transaction)
            .await
            .map_err(doing("flag a dataset version"))?;
        Ok(())
    }

    async fn bury(&mut self, kind: &str, id: &[u8], reason: &str) -> Result<()> {
        sqlx::query("INSERT OR IGNORE INTO tombstones (kind, id, reason, erased) VALUES (?, ?, ?, ?)")
            .bind(kind)
            .bind(id)
            .bind(reason)
            .bind(self.snapshot)
            .execute(&mut *self.transaction)
            .await
            .map_err(doing("set a tombstone"))?;
        Ok(())
    }

    /// Leaves about the thing, except the record of this erasure, keep their hash only.
    async fn forget_leaves(&mut self, reference: &str) -> Result<()> {
        sqlx::query("UPDATE leaves SET reference = NULL, salt = NULL WHERE reference = ? AND added < ?")
            .bind(reference)
            .bind(self.snapshot)
            .execute(&mut *self.transaction)
            .await
            .map_err(doing("forget leaves"))?;
        Ok(())
    }

    async fn forget_episodes(&mut self, scope: &Scope, reason: &str) -> Result<()> {
        for episode in &scope.episodes {
            self.bury("episode", episode.as_bytes(), reason).await?;
            self.run("DELETE FROM hidden WHERE episode = ?", episode.as_bytes(), false).await?;
            self.forget_leaves(&episode.to_string()).await?;
        }
        let failed = doing("shorten derivations");
        let rows = sqlx::query("SELECT id, episodes FROM derivations WHERE recording = ?")
            .bind(scope.recording.as_bytes().as_slice())
            .fetch_all(&mut *self.transaction)
            .await
            .map_err(&failed)?;
        for row in &rows {
            let id: Vec<u8> = row.get(0);
            let kept = read_episodes(row.get(1))?.into_iter().filter(|id| !scope.episodes.contains(id));
            let kept: Vec<u8> = kept.flat_map(|id| *id.as_bytes()).collect();
            sqlx::query("UPDATE derivations SET episodes = ? WHERE id = ?")
                .bind(kept)
                .bind(id)
                .execute(&mut *self.transaction)
                .await
                .map_err(&failed)?;
        }
        Ok(())
    }

    async fn forget_recording(&mut self, id: RecordingId, reason: &str) -> Result<()> {
        let failed = doing("forget a recording");
        let alone: Vec<Vec<u8>> = sqlx::query_scalar(
            "SELECT DISTINCT object FROM recording_files WHERE recording = ?1 AND object NOT IN \
             (SELECT object FROM recording_files WHERE recording <> ?1)",
        )
        .bind(id.as_bytes().as_slice())
        .fetch_all(&mut *self.transaction)
        .await
        .map_err(&failed)?;
        for object in &alone {
            self.doom(&object_key(ObjectId::from_bytes(bytes_from_db("object id", object)?))).await?;
        }
        self.bury("recording", id.as_bytes(), reason).await?;
        self.forget_leaves(&id.to_string()).await?;
        // A note may name what was ingested.
        let came = "UPDATE snapshots SET note = '' WHERE id IN (SELECT added FROM derivations WHERE recording = ?1 \
                    UNION SELECT added FROM recordings WHERE id = ?1)";
        self.run(came, id.as_bytes(), false).await?;
        self.run("DELETE FROM recording_files WHERE recording = ?", id.as_bytes(), false).await?;
        self.run("DELETE FROM derivations WHERE recording = ?", id.as_bytes(), false).await?;
        sqlx::query("UPDATE recordings SET erased = ?, origin = '', summary = '{}' WHERE id = ?")
            .bind(self.snapshot)
            .bind(id.as_bytes().as_slice())
            .execute(&mut *self.transaction)
            .await
            .map_err(&failed)?;
        Ok(())
    }
}
