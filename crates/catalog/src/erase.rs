//! Erasure: the bytes and the rows go, at all snapshots; a tombstone stays.
//!
//! 1. Find the episodes: those asked for, the same ones in other derivations of the recording, and what was repaired from
//!    them. Count what of theirs, and of the station logs that go along, is in which file; that is the plan, and its report.
//! 2. Write every table file that holds such rows anew, without them.
//! 3. In one transaction: the new files take the place of the old at the same snapshots, recordings lose their manifest,
//!    leaves lose reference and salt, dataset versions and documents are flagged, tombstones are set, and what has to be
//!    deleted is written down.
//! 4. Delete it. When this is cut off, opening the store or `gc` goes on with the list.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::BoxFuture;
use prairie_model::{EpisodeId, Hash256, ObjectId, RecordingId};
use prairie_store::object_key;
use sqlx::Row as _;

use crate::catalog::{Catalog, read_episodes};
use crate::database::{Draft, HIDE_ALL, bytes_from_db, doing, from_db, to_db};
use crate::rewrite::{Without, copy_rows, count_without, read_batches, texts};
use crate::tables::{hidden_by_revision, is_of_log};
use crate::view::{Hidden, read_file};
use crate::{CatalogError, DataFile, EraseReport, EraseTarget, Erasure, Kept, Result, SnapshotId};

/// What is going to be erased.
struct Scope {
    recording: RecordingId,
    episodes: BTreeSet<EpisodeId>,
    /// Whether nothing of the recording is left.
    whole: bool,
    /// Episodes of the recording that stay.
    others: usize,
}

/// A table file and its place in the snapshots.
struct Placed {
    file: DataFile,
    added: i64,
    removed: Option<i64>,
}

/// An erasure, thought through: nothing is changed yet.
struct Plan {
    seen: SnapshotId,
    scope: Scope,
    gone: Hidden,
    logs: BTreeSet<String>,
    /// The files with rows of it.
    files: Vec<Placed>,
    /// Dataset versions that list the episodes.
    datasets: Vec<(String, u32, EpisodeId)>,
    report: EraseReport,
}

impl Plan {
    /// What a table's files are to be without.
    fn without(&self, table: &str) -> Without<'_> {
        if is_of_log(table) { Without::Logs(&self.logs) } else { Without::Hidden(&self.gone) }
    }
}

impl Catalog {
    /// Destroys the bytes and rows of an episode or a recording, at all snapshots.
    ///
    /// Bytes of an episode whose recording holds others stay, and the report says so.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Conflict`] when somebody committed since the plan was made; nothing has changed then. When deleting
    /// fails after the transaction, the rows are gone and the next opening of the store deletes the rest.
    pub fn erase<'a>(&'a self, erasure: &'a Erasure) -> BoxFuture<'a, Result<EraseReport>> {
        Box::pin(async move {
            let lease = self.lease().await?;
            let result = self.erase_leased(erasure).await;
            lease.release().await?;
            result
        })
    }

    /// What [`Catalog::erase`] would do. Changes nothing.
    pub fn would_erase<'a>(&'a self, erasure: &'a Erasure) -> BoxFuture<'a, Result<EraseReport>> {
        Box::pin(async move { Ok(self.plan_erasure(erasure).await?.report) })
    }

    async fn plan_erasure(&self, erasure: &Erasure) -> Result<Plan> {
        let seen = match erasure.seen {
            Some(seen) => seen,
            None => self.latest().await?,
        };
        let scope = self.scope(erasure.target).await?;
        let gone = Hidden { below: scope.episodes.iter().map(|id| (id.to_string(), from_db(HIDE_ALL))).collect() };
        let datasets = self.datasets_with(&scope.episodes).await?;
        let flagged: BTreeSet<String> = datasets.iter().map(|(name, version, _)| format!("{name}@{version}")).collect();
        let documents =
            erasure.resting.iter().map(|(kind, name, version)| format!("{kind} {name}, {version}")).collect();
        let report = EraseReport {
            snapshot: None,
            episodes: scope.episodes.iter().copied().collect(),
            recording: scope.whole.then_some(scope.recording),
            recording_kept: (!scope.whole).then_some(scope.recording),
            logs: erasure.logs.clone(),
            objects: 0,
            bytes: 0,
            files: 0,
            file_bytes: 0,
            rows: BTreeMap::new(),
            rows_earlier: 0,
            datasets: flagged.into_iter().collect(),
            documents,
            kept: Vec::new(),
        };
        let logs = erasure.logs.iter().cloned().collect();
        let mut plan = Plan { seen, scope, gone, logs, files: Vec::new(), datasets, report };
        for placed in self.placed_files().await? {
            let rows = count_without(self.objects(), &placed.file, plan.without(&placed.file.table))?;
            if rows == 0 {
                continue;
            }
            plan.report.files += 1;
            plan.report.file_bytes += placed.file.bytes;
            match placed.removed {
                None => *plan.report.rows.entry(placed.file.table.clone()).or_default() += rows,
                Some(_) => plan.report.rows_earlier += rows,
            }
            plan.files.push(placed);
        }
        self.plan_objects(&mut plan).await?;
        self.plan_kept(&mut plan).await?;
        Ok(plan)
    }

    /// Which of the recording's files go, and which stay because other recordings have the same bytes.
    async fn plan_objects(&self, plan: &mut Plan) -> Result<()> {
        let failed = doing("look for the files of a recording");
        let recording = plan.scope.recording;
        let rows = sqlx::query(
            "SELECT DISTINCT f.object, f.bytes, (SELECT min(o.recording) FROM recording_files o \
             WHERE o.object = f.object AND o.recording <> f.recording) FROM recording_files f WHERE f.recording = ?",
        )
        .bind(recording.as_bytes().as_slice())
        .fetch_all(self.pool())
        .await
        .map_err(&failed)?;
        let mut shared: BTreeMap<RecordingId, (u64, u64)> = BTreeMap::new();
        let mut all = (0, 0);
        for row in &rows {
            let bytes = from_db(row.get(1));
            all = (all.0 + 1, all.1 + bytes);
            match row.get::<Option<&[u8]>, _>(2) {
                None if plan.scope.whole => {
                    plan.report.objects += 1;
                    plan.report.bytes += bytes;
                }
                Some(other) if plan.scope.whole => {
                    let sum = shared.entry(RecordingId::from_bytes(bytes_from_db("recording id", other)?)).or_default();
                    *sum = (sum.0 + 1, sum.1 + bytes);
                }
                _ => {}
            }
        }
        for (other, (count, bytes)) in shared {
            let why = format!("recording {other} holds the same bytes");
            plan.report.kept.push(Kept { what: "objects", count, bytes: Some(bytes), why });
        }
        if !plan.scope.whole {
            let why = format!("recording {recording} holds {} other episodes", plan.scope.others);
            plan.report.kept.push(Kept { what: "objects", count: all.0, bytes: Some(all.1), why });
        }
        Ok(())
    }

    /// What stays besides bytes of recordings.
    async fn plan_kept(&self, plan: &mut Plan) -> Result<()> {
        let mut leaves = 0;
        let mut references: Vec<String> = plan.scope.episodes.iter().map(EpisodeId::to_string).collect();
        references.extend(plan.logs.iter().cloned());
        if plan.scope.whole {
            references.push(plan.scope.recording.to_string());
        }
        for reference in &references {
            leaves += self.leaves_about(reference).await?.len() as u64;
        }
        let mut keep = |what, count: u64, why: &str| {
            if count > 0 {
                plan.report.kept.push(Kept { what, count, bytes: None, why: why.to_owned() });
            }
        };
        if plan.scope.whole {
            keep(
                "recording-row",
                1,
                "its id, format, size, rights and the snapshot it came with say that something was there",
            );
        }
        keep(
            "dataset-lists",
            plan.datasets.len() as u64,
            "frozen versions keep the ids of their episodes, and are flagged",
        );
        keep(
            "documents",
            plan.report.documents.len() as u64,
            "they are signed and keep their numbers, and are flagged",
        );
        keep("leaves", leaves, "the ledger's root follows from their hashes; reference and salt go");
        keep(
            "tombstones",
            references.len() as u64,
            "they name ids and the reason, so that the same is not taken in again",
        );
        Ok(())
    }

    async fn erase_leased(&self, erasure: &Erasure) -> Result<EraseReport> {
        let plan = self.plan_erasure(erasure).await?;
        let mut rewritten = Vec::with_capacity(plan.files.len());
        for placed in &plan.files {
            let mut writer = self.writer(&placed.file.table, placed.file.owner.as_deref())?;
            copy_rows(self.objects(), &placed.file, plan.without(&placed.file.table), &mut writer)?;
            rewritten.push((placed, writer.finish()?));
        }
        let mut draft = Draft::begin(self, "erase", erasure.leaf.as_slice()).await?;
        if draft.snapshot != to_db(plan.seen.0) + 1 {
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
        for (name, version, episode) in &plan.datasets {
            draft.flag(name, *version, *episode).await?;
        }
        for (kind, name, version) in &erasure.resting {
            draft.flag_document(kind, name, *version).await?;
        }
        for log in &plan.logs {
            draft.forget_log(&erasure.log_kind, log, &erasure.reason).await?;
        }
        draft.forget_episodes(&plan.scope, &erasure.reason).await?;
        if plan.scope.whole {
            draft.forget_recording(plan.scope.recording, &erasure.reason).await?;
        }
        let committed = draft.commit().await?;
        // The log still holds the old pages until it is written back and cut.
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_optional(self.pool())
            .await
            .map_err(doing("cut the log of the database"))?;
        self.bridge().forget();
        self.delete_doomed().await?;
        Ok(EraseReport { snapshot: Some(committed.snapshot), ..plan.report })
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
        let others = all.difference(&episodes).count();
        Ok(Scope { recording, episodes, whole: others == 0, others })
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

    /// The table files that episodes or logs have rows in, at any snapshot.
    async fn placed_files(&self) -> Result<Vec<Placed>> {
        let rows = sqlx::query("SELECT * FROM data_files ORDER BY key")
            .fetch_all(self.pool())
            .await
            .map_err(doing("list table files"))?;
        let mut files = Vec::with_capacity(rows.len());
        for row in &rows {
            let file = read_file(row)?;
            if hidden_by_revision(&file.table).is_some() || is_of_log(&file.table) {
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

    /// Deletes the objects that acknowledged erasures doomed.
    pub(crate) async fn delete_doomed(&self) -> Result<()> {
        let doomed: Vec<String> = sqlx::query_scalar("SELECT key FROM doomed_objects ORDER BY key")
            .fetch_all(self.pool())
            .await
            .map_err(doing("list doomed objects"))?;
        for key in &doomed {
            let failed = |source| CatalogError::Object { doing: "delete", key: key.clone(), source };
            self.objects().delete(key).map_err(failed)?;
            sqlx::query("DELETE FROM doomed_objects WHERE key = ?")
                .bind(key)
                .execute(self.pool())
                .await
                .map_err(doing("forget a doomed object"))?;
        }
        Ok(())
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

    async fn flag_document(&mut self, kind: &str, name: &str, version: u32) -> Result<()> {
        sqlx::query("INSERT OR IGNORE INTO document_erasures (kind, name, version, erased) VALUES (?, ?, ?, ?)")
            .bind(kind)
            .bind(name)
            .bind(i64::from(version))
            .bind(self.snapshot)
            .execute(&mut *self.transaction)
            .await
            .map_err(doing("flag a document"))?;
        Ok(())
    }

    /// A log's document says what was in its rows, so it goes with them.
    async fn forget_log(&mut self, kind: &str, log: &str, reason: &str) -> Result<()> {
        let failed = doing("forget a station log");
        for sql in [
            // A note may name the path that it was imported from.
            "UPDATE snapshots SET note = '' WHERE id IN (SELECT added FROM documents WHERE kind = ? AND name = ?)",
            "DELETE FROM documents WHERE kind = ? AND name = ?",
        ] {
            sqlx::query(sql).bind(kind).bind(log).execute(&mut *self.transaction).await.map_err(&failed)?;
        }
        // Logs are named by a hash.
        let id = log.parse::<Hash256>().map_or_else(|_error| log.as_bytes().to_vec(), |hash| hash.as_bytes().to_vec());
        self.bury(kind, &id, reason).await?;
        self.forget_leaves(log).await
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
