//! The database: its shape, how it is brought up to date, and how one snapshot is added.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use prairie_ledger::{Entry, Frontier};
use prairie_model::Hash256;
use prairie_store::Objects;
use sqlx::{Row as _, Sqlite, SqlitePool, Transaction};

use crate::catalog::Catalog;
use crate::opening::{Identity, holds_objects};
use crate::{CatalogError, Committed, DataFile, Leaf, Result, SnapshotId};

/// The statements that make the oldest schema version that is read, and lead from each to the next. A released one is never
/// changed; a new one is added.
const MIGRATIONS: &[&str] = &[include_str!("schema/2.sql"), include_str!("schema/3.sql"), include_str!("schema/4.sql")];

/// From this version on the tree is over entries that can be published, and no longer over the salted hashes themselves.
const ENTRIES_SINCE: i64 = 4;

/// The version that the first of them makes. Before it, episodes had no content hash and no digest, and nothing but reading
/// the recordings again can tell them.
const OLDEST: i64 = 2;

/// How long one writer waits for another.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(60);

/// Below this many revisions a row of the `hidden` table hides revisions; at it, all rows of the episode in all tables.
pub(crate) const HIDE_ALL: i64 = 1 << 32;

/// Says what the database was doing when it failed.
pub(crate) fn doing(doing: &'static str) -> impl Fn(sqlx::Error) -> CatalogError {
    move |source| CatalogError::Database { doing, source }
}

/// A count or size as the database has it. Those above 2^63 do not occur: no disk holds as much.
pub(crate) fn to_db(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A count or size from the database, which only [`to_db`] wrote.
pub(crate) fn from_db(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// An id from the database.
pub(crate) fn bytes_from_db<const N: usize>(what: &'static str, bytes: &[u8]) -> Result<[u8; N]> {
    bytes
        .try_into()
        .map_err(|_error| CatalogError::Damaged { what, found: format!("{} bytes instead of {N}", bytes.len()) })
}

/// Nanoseconds since 1970, for notes of time. Nothing is decided by it except when a lease or an orphan is old.
pub(crate) fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// Random bytes from the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| CatalogError::Random(error.to_string()))?;
    Ok(bytes)
}

/// The newest version that this code knows.
pub(crate) fn known_schema() -> i64 {
    OLDEST - 1 + to_db(MIGRATIONS.len() as u64)
}

/// Makes the tables of an empty database, or brings those of an older one up to date.
pub(crate) async fn migrate(pool: &SqlitePool, path: &Path, objects: &Arc<dyn Objects>) -> Result<()> {
    let failed = doing("bring the schema up to date");
    let known = known_schema();
    let version = |found: i64| match found {
        0 => Ok(found),
        _ if found > known => Err(CatalogError::NewerSchema { found, known }),
        _ if found < OLDEST => Err(CatalogError::OlderSchema { found, oldest: OLDEST }),
        _ => Ok(found),
    };
    let found: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(pool).await.map_err(&failed)?;
    if version(found)? == known {
        return Ok(());
    }
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.map_err(&failed)?;
    // Asked again under the lock: another process may have come first.
    let found: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *transaction).await.map_err(&failed)?;
    // Under the lock nobody else is making the store either: these objects are of a database that is gone.
    if found == 0 && holds_objects(objects)? {
        return Err(CatalogError::LostDatabase { path: path.display().to_string() });
    }
    // OK to cast: `version` has seen that it is 0, where all migrations are due, or between the oldest and the newest.
    for statements in MIGRATIONS.iter().skip((version(found)? - OLDEST + 1).max(0) as usize) {
        sqlx::raw_sql(*statements).execute(&mut *transaction).await.map_err(&failed)?;
    }
    if found != 0 && found < ENTRIES_SINCE {
        rebuild_ledger(&mut transaction).await?;
    }
    transaction.commit().await.map_err(&failed)
}

/// Computes the root of every snapshot again, from the entries. Nobody had signed the old ones.
async fn rebuild_ledger(transaction: &mut Transaction<'static, Sqlite>) -> Result<()> {
    let failed = doing("rebuild the ledger");
    let sizes: Vec<(i64, i64)> = sqlx::query_as("SELECT id, ledger_size FROM snapshots ORDER BY id")
        .fetch_all(&mut **transaction)
        .await
        .map_err(&failed)?;
    let mut frontier = Frontier::default();
    for (snapshot, size) in sizes {
        let rows = sqlx::query("SELECT kind, hash FROM leaves WHERE seq >= ? AND seq < ? ORDER BY seq")
            .bind(to_db(frontier.size()))
            .bind(size)
            .fetch_all(&mut **transaction)
            .await
            .map_err(&failed)?;
        for row in &rows {
            frontier.push(read_entry(row.get(0), row.get(1))?.leaf());
        }
        sqlx::query("UPDATE snapshots SET ledger_peaks = ?, ledger_root = ? WHERE id = ?")
            .bind(peaks_of(&frontier))
            .bind(frontier.root().as_bytes().as_slice())
            .bind(snapshot)
            .execute(&mut **transaction)
            .await
            .map_err(&failed)?;
    }
    Ok(())
}

/// The entry of a leaf, from its row.
pub(crate) fn read_entry(kind: String, hash: &[u8]) -> Result<Entry> {
    Ok(Entry { kind, commitment: Hash256::from_bytes(bytes_from_db("leaf", hash)?) })
}

fn peaks_of(frontier: &Frontier) -> Vec<u8> {
    frontier.peaks().iter().flat_map(|peak| *peak.as_bytes()).collect()
}

/// A snapshot being made: the one way in which the database changes. Dropping it unfinished leaves nothing.
pub(crate) struct Draft {
    pub(crate) transaction: Transaction<'static, Sqlite>,
    pub(crate) snapshot: i64,
    first_leaf: u64,
    root: Hash256,
    identity: Arc<Identity>,
}

impl Draft {
    /// Takes the write lock, numbers the snapshot, and adds its leaves to the ledger.
    pub(crate) async fn begin(catalog: &Catalog, note: &str, leaves: &[Leaf]) -> Result<Self> {
        catalog.must_write()?;
        let failed = doing("begin a snapshot");
        let mut transaction = catalog.pool().begin_with("BEGIN IMMEDIATE").await.map_err(&failed)?;
        let last = sqlx::query("SELECT id, ledger_size, ledger_peaks FROM snapshots ORDER BY id DESC LIMIT 1")
            .fetch_optional(&mut *transaction)
            .await
            .map_err(&failed)?;
        let (snapshot, mut frontier) = match last {
            None => (1, Frontier::default()),
            Some(row) => (row.get::<i64, _>(0) + 1, read_frontier(from_db(row.get(1)), row.get(2))?),
        };
        let first_leaf = frontier.size();
        let mut salted = Vec::with_capacity(leaves.len());
        for leaf in leaves {
            let salt = Hash256::from_bytes(random()?);
            let entry = Entry::about(&leaf.kind, salt, leaf.digest);
            frontier.push(entry.leaf());
            salted.push((salt, entry.commitment));
        }
        let root = frontier.root();
        sqlx::query("INSERT INTO snapshots (id, created_ns, note, ledger_size, ledger_peaks, ledger_root) VALUES (?, ?, ?, ?, ?, ?)")
            .bind(snapshot)
            .bind(now_ns())
            .bind(note)
            .bind(to_db(frontier.size()))
            .bind(peaks_of(&frontier))
            .bind(root.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await
            .map_err(&failed)?;
        for (at, (leaf, (salt, commitment))) in leaves.iter().zip(&salted).enumerate() {
            sqlx::query("INSERT INTO leaves (seq, kind, reference, salt, hash, added) VALUES (?, ?, ?, ?, ?, ?)")
                .bind(to_db(first_leaf + at as u64))
                .bind(&leaf.kind)
                .bind(&leaf.reference)
                .bind(salt.as_bytes().as_slice())
                .bind(commitment.as_bytes().as_slice())
                .bind(snapshot)
                .execute(&mut *transaction)
                .await
                .map_err(&failed)?;
        }
        Ok(Self { transaction, snapshot, first_leaf, root, identity: catalog.identity() })
    }

    /// Makes a table file part of the view from this snapshot on.
    pub(crate) async fn add_file(&mut self, file: &DataFile) -> Result<()> {
        let (added, removed) = (self.snapshot, None);
        self.add_file_between(file, added, removed).await
    }

    /// Makes a table file part of the views from `added` up to before `removed`.
    pub(crate) async fn add_file_between(&mut self, file: &DataFile, added: i64, removed: Option<i64>) -> Result<()> {
        let ranges =
            serde_json::to_string(&file.ranges).expect("numbers and texts under texts always have a JSON form");
        sqlx::query(
            "INSERT INTO data_files (key, table_name, owner, row_count, bytes, ranges, sha256, added, removed) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&file.key)
        .bind(&file.table)
        .bind(&file.owner)
        .bind(to_db(file.rows))
        .bind(to_db(file.bytes))
        .bind(ranges)
        .bind(file.sha256.as_ref().map(|hash| hash.as_bytes().as_slice()))
        .bind(added)
        .bind(removed)
        .execute(&mut *self.transaction)
        .await
        .map_err(doing("add a table file"))?;
        Ok(())
    }

    /// Acknowledges: on return the snapshot is durable.
    pub(crate) async fn commit(self) -> Result<Committed> {
        self.transaction.commit().await.map_err(doing("commit a snapshot"))?;
        let snapshot = SnapshotId(from_db(self.snapshot));
        self.identity.reached(snapshot.0);
        Ok(Committed { snapshot, first_leaf: self.first_leaf, root: self.root })
    }
}

pub(crate) fn read_frontier(size: u64, peaks: &[u8]) -> Result<Frontier> {
    let damaged =
        || CatalogError::Damaged { what: "ledger peaks", found: format!("{} bytes for {size} leaves", peaks.len()) };
    let (hashes, rest) = peaks.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(damaged());
    }
    Frontier::new(size, hashes.iter().map(|hash| Hash256::from_bytes(*hash)).collect()).ok_or_else(damaged)
}
