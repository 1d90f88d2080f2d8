//! One open store: what it holds, and what a commit adds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use futures_util::future::BoxFuture;
use prairie_model::{DerivationId, EpisodeId, ObjectId, RecordingId, Rights};
use prairie_store::{Objects, object_key};
use sqlx::{Row as _, SqlitePool};

use crate::bridge::Bridge;
use crate::database::{Draft, HIDE_ALL, bytes_from_db, doing, from_db, to_db};
use crate::document;
use crate::opening::{self, Identity};
use crate::view::{self, View};
use crate::{
    CatalogError, Commit, Committed, DataFile, DerivationRow, NewDocument, RecordingFile, RecordingRow, Result,
    SnapshotId, StoredRecording, TableWriter,
};

/// Views that are kept for the next session.
const VIEWS_KEPT: usize = 8;

/// One open store: `DIR/catalog.sqlite`, and the objects that it refers to. Clones share it.
#[derive(Debug, Clone)]
pub struct Catalog {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    dir: PathBuf,
    identity: Arc<Identity>,
    /// Why nothing can be written; `None` where it can.
    refusal: Option<String>,
    pool: SqlitePool,
    objects: Arc<dyn Objects>,
    bridge: Arc<Bridge>,
    runtime: Arc<RuntimeEnv>,
    views: Mutex<BTreeMap<(SnapshotId, u64), Arc<View>>>,
}

impl Catalog {
    /// Opens the store in `dir`, and makes one when there is none. The objects are usually those in the same folder.
    ///
    /// A store that may not be written is opened to be read: [`Catalog::refusal`] says why then.
    pub fn open(dir: &Path, objects: Arc<dyn Objects>) -> BoxFuture<'_, Result<Self>> {
        Self::open_as(dir, objects, None)
    }

    /// Opens a store only to read it. Nothing is made, changed or locked against other readers; what would write fails with
    /// [`CatalogError::ReadOnly`] and this reason.
    pub fn open_to_read(dir: &Path, objects: Arc<dyn Objects>, why: String) -> BoxFuture<'_, Result<Self>> {
        Self::open_as(dir, objects, Some(why))
    }

    fn open_as(dir: &Path, objects: Arc<dyn Objects>, refusal: Option<String>) -> BoxFuture<'_, Result<Self>> {
        Box::pin(async move {
            let opened = opening::open(dir, &objects, refusal).await?;
            let bridge = Arc::new(Bridge::new(Arc::clone(&objects)));
            let runtime = RuntimeEnvBuilder::new().build_arc().map_err(CatalogError::query)?;
            let url = ObjectStoreUrl::parse("prairie://store").map_err(CatalogError::query)?;
            runtime.register_object_store(url.as_ref(), Arc::clone(&bridge) as _);
            let shared = Shared {
                dir: dir.to_owned(),
                identity: opened.identity,
                refusal: opened.refusal,
                pool: opened.pool,
                objects,
                bridge,
                runtime,
                views: Mutex::default(),
            };
            let catalog = Self { shared: Arc::new(shared) };
            if catalog.refusal().is_none() {
                // An erasure that was acknowledged and then cut off.
                catalog.delete_doomed().await?;
            }
            Ok(catalog)
        })
    }

    /// Why the store can only be read; `None` where it can be written.
    pub fn refusal(&self) -> Option<&str> {
        self.shared.refusal.as_deref()
    }

    /// Fails with [`CatalogError::ReadOnly`] unless the store can be written.
    pub fn must_write(&self) -> Result<()> {
        self.refusal().map_or(Ok(()), |why| {
            Err(CatalogError::ReadOnly { store: self.shared.dir.display().to_string(), why: why.to_owned() })
        })
    }

    /// Closes the database, so that one file holds all of it. Clones of the catalog can no longer be used.
    pub fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.pool().close())
    }

    pub(crate) fn identity(&self) -> Arc<Identity> {
        Arc::clone(&self.shared.identity)
    }

    /// Where objects lie.
    pub fn objects(&self) -> &Arc<dyn Objects> {
        &self.shared.objects
    }

    pub(crate) fn pool(&self) -> &SqlitePool {
        &self.shared.pool
    }

    pub(crate) fn bridge(&self) -> Arc<Bridge> {
        Arc::clone(&self.shared.bridge)
    }

    pub(crate) fn runtime(&self) -> Arc<RuntimeEnv> {
        Arc::clone(&self.shared.runtime)
    }

    /// The latest snapshot; zero when nothing was committed yet.
    pub fn latest(&self) -> BoxFuture<'_, Result<SnapshotId>> {
        Box::pin(async move { view::latest(self.pool()).await })
    }

    /// What can be seen at a snapshot. Only an erasure changes a view afterwards, so it is kept by snapshot and by the
    /// number of erasures.
    pub(crate) async fn view(&self, snapshot: Option<SnapshotId>) -> Result<Arc<View>> {
        let snapshot = view::resolve(self.pool(), snapshot).await?;
        let erasures: i64 = sqlx::query_scalar("SELECT count(*) FROM tombstones")
            .fetch_one(self.pool())
            .await
            .map_err(doing("count erasures"))?;
        let key = (snapshot, from_db(erasures));
        // The map stays whole when a thread panics while it holds the lock: inserts and removes are single steps.
        let views = || self.shared.views.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(view) = views().get(&key) {
            return Ok(Arc::clone(view));
        }
        let view = Arc::new(view::load(self.pool(), snapshot).await?);
        let mut views = views();
        while views.len() >= VIEWS_KEPT {
            views.pop_first();
        }
        views.insert(key, Arc::clone(&view));
        Ok(view)
    }

    /// Whether any recording has a file of that size: if not, a file of that size is new, and need not be hashed first.
    pub fn has_file_of_size(&self, size: u64) -> BoxFuture<'_, Result<bool>> {
        Box::pin(async move {
            let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM recording_files WHERE bytes = ? LIMIT 1")
                .bind(to_db(size))
                .fetch_optional(self.pool())
                .await
                .map_err(doing("look for a file by its size"))?;
            Ok(found.is_some())
        })
    }

    /// The recording of that id.
    pub fn recording(&self, id: RecordingId) -> BoxFuture<'_, Result<Option<StoredRecording>>> {
        Box::pin(async move {
            let failed = doing("read a recording");
            let row = sqlx::query("SELECT * FROM recordings WHERE id = ?")
                .bind(id.as_bytes().as_slice())
                .fetch_optional(self.pool())
                .await
                .map_err(&failed)?;
            let Some(row) = row else { return Ok(None) };
            let rows = sqlx::query("SELECT path, bytes, object FROM recording_files WHERE recording = ? ORDER BY path")
                .bind(id.as_bytes().as_slice())
                .fetch_all(self.pool())
                .await
                .map_err(&failed)?;
            let mut files = Vec::with_capacity(rows.len());
            for file in &rows {
                let object = ObjectId::from_bytes(bytes_from_db("object id", file.get(2))?);
                files.push(RecordingFile { path: file.get(0), size: from_db(file.get(1)), object });
            }
            let summary: &str = row.get("summary");
            let summary = serde_json::from_str(summary).map_err(|_error| CatalogError::Damaged {
                what: "summary of a recording",
                found: summary.chars().take(80).collect(),
            })?;
            let rights = Rights {
                owner: row.get("owner"),
                licence: row.get("licence"),
                consent: row.get("consent"),
                purpose: row.get("purpose"),
                custody: row.get("custody"),
            };
            let erased = row.get::<Option<i64>, _>("erased").map(|at| SnapshotId(from_db(at)));
            let added = SnapshotId(from_db(row.get("added")));
            let row = RecordingRow { id, format: row.get("format"), origin: row.get("origin"), files, rights, summary };
            Ok(Some(StoredRecording { row, added, erased }))
        })
    }

    /// Every recording with the snapshot that it came with, in that order.
    pub fn recordings(&self) -> BoxFuture<'_, Result<Vec<(RecordingId, SnapshotId)>>> {
        Box::pin(async move {
            let rows = sqlx::query("SELECT id, added FROM recordings ORDER BY added, id")
                .fetch_all(self.pool())
                .await
                .map_err(doing("list recordings"))?;
            let read = |row: &sqlx::sqlite::SqliteRow| {
                let id = RecordingId::from_bytes(bytes_from_db("recording id", row.get(0))?);
                Ok((id, SnapshotId(from_db(row.get(1)))))
            };
            rows.iter().map(read).collect()
        })
    }

    /// The derivation of that id, with its episodes.
    pub fn derivation(&self, id: DerivationId) -> BoxFuture<'_, Result<Option<DerivationRow>>> {
        Box::pin(async move {
            let row = sqlx::query("SELECT derivation, episodes FROM derivations WHERE id = ?")
                .bind(id.as_bytes().as_slice())
                .fetch_optional(self.pool())
                .await
                .map_err(doing("read a derivation"))?;
            let Some(row) = row else { return Ok(None) };
            let text: &str = row.get(0);
            let derivation = serde_json::from_str(text).map_err(|_error| CatalogError::Damaged {
                what: "derivation",
                found: text.chars().take(80).collect(),
            })?;
            Ok(Some(DerivationRow { id, derivation, episodes: read_episodes(row.get(1))? }))
        })
    }

    /// A writer for a file of `table`; all its rows belong to `owner`. Blocking: call it where blocking is allowed.
    pub fn writer(&self, table: &str, owner: Option<&str>) -> Result<TableWriter> {
        self.must_write()?;
        TableWriter::new(self.objects(), table, owner)
    }

    /// Adds all of `commit` as a new snapshot, durably, or nothing.
    ///
    /// Objects and table files must be in the store before: each is looked at under the lock that `gc` takes too.
    pub fn commit<'a>(&'a self, commit: &'a Commit) -> BoxFuture<'a, Result<Committed>> {
        Box::pin(async move {
            let mut draft = Draft::begin(self, &commit.note, &commit.leaves).await?;
            // First of all: whoever came second also brings files that are there under other keys, or the same ones.
            for document in &commit.documents {
                if !document::may_follow(&mut draft, document, commit.before).await? {
                    let NewDocument { kind, name, .. } = document.clone();
                    return Err(CatalogError::DocumentThere { kind, name });
                }
            }
            for recording in &commit.recordings {
                self.add_recording(&mut draft, recording).await?;
            }
            for derivation in &commit.derivations {
                add_derivation(&mut draft, derivation).await?;
            }
            for file in &commit.files {
                self.check_object(&file.key, file.bytes)?;
                draft.add_file(file).await?;
            }
            for document in &commit.documents {
                document::add(&mut draft, document).await?;
            }
            for (episode, revision) in &commit.revisions {
                revise(&mut draft, *episode, *revision).await?;
            }
            draft.commit().await
        })
    }

    /// Fails unless the store has the object with that size.
    pub(crate) fn check_object(&self, key: &str, size: u64) -> Result<()> {
        let found = self.objects().size(key).map_err(|source| CatalogError::Object {
            doing: "look at",
            key: key.to_owned(),
            source,
        })?;
        match found {
            Some(found) if found == size => Ok(()),
            found => Err(CatalogError::MissingObject {
                key: key.to_owned(),
                size,
                found: found.map_or("none".to_owned(), |found| format!("{found} bytes")),
            }),
        }
    }

    async fn add_recording(&self, draft: &mut Draft, recording: &RecordingRow) -> Result<()> {
        let failed = doing("add a recording");
        let id = recording.id.as_bytes().as_slice();
        let there: Option<Option<i64>> = sqlx::query_scalar("SELECT erased FROM recordings WHERE id = ?")
            .bind(id)
            .fetch_optional(&mut *draft.transaction)
            .await
            .map_err(&failed)?;
        match there {
            Some(Some(_)) => return Err(CatalogError::Erased(recording.id)),
            Some(None) => return Ok(()),
            None => {}
        }
        let mut seen = BTreeSet::new();
        for file in recording.files.iter().filter(|file| seen.insert(file.object)) {
            self.check_object(&object_key(file.object), file.size)?;
        }
        sqlx::query(
            "INSERT INTO recordings (id, format, origin, bytes, owner, licence, consent, purpose, custody, summary, added) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(id)
        .bind(&recording.format)
        .bind(&recording.origin)
        .bind(to_db(recording.size()))
        .bind(&recording.rights.owner)
        .bind(&recording.rights.licence)
        .bind(&recording.rights.consent)
        .bind(&recording.rights.purpose)
        .bind(&recording.rights.custody)
        .bind(recording.summary.to_string())
        .bind(draft.snapshot)
        .execute(&mut *draft.transaction)
        .await
        .map_err(&failed)?;
        for file in &recording.files {
            sqlx::query("INSERT INTO recording_files (recording, path, bytes, object) VALUES (?, ?, ?, ?)")
                .bind(id)
                .bind(&file.path)
                .bind(to_db(file.size))
                .bind(file.object.as_bytes().as_slice())
                .execute(&mut *draft.transaction)
                .await
                .map_err(&failed)?;
        }
        Ok(())
    }
}

/// The ids in a derivation's row.
pub(crate) fn read_episodes(bytes: &[u8]) -> Result<Vec<EpisodeId>> {
    let (ids, rest) = bytes.as_chunks::<16>();
    if !rest.is_empty() {
        let found = format!("{} bytes, no multiple of 16", bytes.len());
        return Err(CatalogError::Damaged { what: "episodes of a derivation", found });
    }
    Ok(ids.iter().map(|id| EpisodeId::from_bytes(*id)).collect())
}

async fn add_derivation(draft: &mut Draft, row: &DerivationRow) -> Result<()> {
    let failed = doing("add a derivation");
    let id = row.id.as_bytes().as_slice();
    let recording = row.derivation.recording;
    let there: Option<i64> = sqlx::query_scalar("SELECT added FROM derivations WHERE id = ?")
        .bind(id)
        .fetch_optional(&mut *draft.transaction)
        .await
        .map_err(&failed)?;
    if let Some(snapshot) = there {
        return Err(CatalogError::AlreadyCommitted { derivation: row.id, snapshot: from_db(snapshot) });
    }
    let erased: Option<Option<i64>> = sqlx::query_scalar("SELECT erased FROM recordings WHERE id = ?")
        .bind(recording.as_bytes().as_slice())
        .fetch_optional(&mut *draft.transaction)
        .await
        .map_err(&failed)?;
    match erased {
        None => return Err(CatalogError::NoRecording(recording)),
        Some(Some(_)) => return Err(CatalogError::Erased(recording)),
        Some(None) => {}
    }
    if row.derivation.parent.is_none() {
        supersede(draft, recording).await?;
    }
    let text = serde_json::to_string(&row.derivation).expect("ids and texts always have a JSON form");
    let episodes: Vec<u8> = row.episodes.iter().flat_map(|id| *id.as_bytes()).collect();
    sqlx::query("INSERT INTO derivations (id, recording, derivation, episodes, added) VALUES (?, ?, ?, ?, ?)")
        .bind(id)
        .bind(recording.as_bytes().as_slice())
        .bind(text)
        .bind(episodes)
        .bind(draft.snapshot)
        .execute(&mut *draft.transaction)
        .await
        .map_err(&failed)?;
    Ok(())
}

/// Takes the episodes of all current derivations of the recording, repairs too, out of the view.
async fn supersede(draft: &mut Draft, recording: RecordingId) -> Result<()> {
    let failed = doing("supersede a derivation");
    let old: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT episodes FROM derivations WHERE recording = ? AND superseded IS NULL")
            .bind(recording.as_bytes().as_slice())
            .fetch_all(&mut *draft.transaction)
            .await
            .map_err(&failed)?;
    for episodes in &old {
        for episode in read_episodes(episodes)? {
            hide(draft, episode, HIDE_ALL).await?;
        }
    }
    sqlx::query("UPDATE derivations SET superseded = ? WHERE recording = ? AND superseded IS NULL")
        .bind(draft.snapshot)
        .bind(recording.as_bytes().as_slice())
        .execute(&mut *draft.transaction)
        .await
        .map_err(&failed)?;
    Ok(())
}

/// Hides the revisions before a new one. An episode that was superseded or erased meanwhile is not revised: the compaction
/// that drops its rows would not know of the new ones.
async fn revise(draft: &mut Draft, episode: EpisodeId, revision: u32) -> Result<()> {
    let gone: Option<i64> = sqlx::query_scalar(
        "SELECT 1 FROM hidden WHERE episode = ?1 AND below = ?2 \
         UNION ALL SELECT 1 FROM tombstones WHERE kind = 'episode' AND id = ?1 LIMIT 1",
    )
    .bind(episode.as_bytes().as_slice())
    .bind(HIDE_ALL)
    .fetch_optional(&mut *draft.transaction)
    .await
    .map_err(doing("look for an episode"))?;
    match gone {
        Some(_) => Err(CatalogError::Conflict { what: format!("episode {episode}") }),
        None => hide(draft, episode, i64::from(revision)).await,
    }
}

/// Hides rows below a revision. That a revision was given before means that another writer was faster.
async fn hide(draft: &mut Draft, episode: EpisodeId, below: i64) -> Result<()> {
    let done = sqlx::query("INSERT INTO hidden (episode, below, added) VALUES (?, ?, ?)")
        .bind(episode.as_bytes().as_slice())
        .bind(below)
        .bind(draft.snapshot)
        .execute(&mut *draft.transaction)
        .await;
    match done {
        Ok(_) => Ok(()),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            Err(CatalogError::Conflict { what: format!("episode {episode}") })
        }
        Err(error) => Err(doing("hide superseded rows")(error)),
    }
}

impl DataFile {
    /// Whether the file may hold rows of which the column of texts says this.
    pub(crate) fn may_hold(&self, column: &str, text: &str) -> bool {
        match self.ranges.get(column) {
            Some(crate::ColumnRange::Text { min, max }) => min.as_str() <= text && text <= max.as_str(),
            _ => true,
        }
    }
}
