//! How the database is opened: to write or only to read, and whether it is the one of the objects beside it.
//!
//! 1. The mark (`store.json`) is read: which store this is, and a snapshot that it had reached. It is written after the
//!    commit that it tells of, so a database that knows less than its mark has lost commits.
//! 2. A database that is missing or empty is made, unless there are objects: then it was lost, and is not made anew.
//! 3. Where nothing may be written, the database is opened to be read. SQLite shares it with writers through files beside
//!    it; where there are none and none can be made, nobody writes, and it is read as a file that does not change.
//! 4. Id and latest snapshot are compared with the mark.
//!
//! **Invariant:** opening to read changes nothing of the store, and needs no right to write.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use prairie_store::{Mark, Objects};
use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::database::{BUSY_TIMEOUT, doing, from_db, known_schema, migrate};
use crate::{CatalogError, Result};

/// The result code of a database that another connection has locked.
const BUSY: i64 = 5;

/// Between two tries to open a database that is locked.
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// The database's name in the store's folder.
const DATABASE: &str = "catalog.sqlite";

/// The mark's name beside it.
const MARK: &str = "store.json";

/// Version of what the mark says.
const MARK_SCHEMA: &str = "prairie/store/1";

/// Connections at a time.
const CONNECTIONS: u32 = 4;

/// An open database.
pub(crate) struct Opened {
    pub(crate) pool: SqlitePool,
    pub(crate) identity: Arc<Identity>,
    /// Why it can only be read; `None` where it can be written.
    pub(crate) refusal: Option<String>,
}

/// What a mark says.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    schema: String,
    /// The store's id, as the database has it.
    store: String,
    /// A snapshot that was committed.
    snapshot: u64,
}

/// Which store this is.
#[derive(Debug)]
pub(crate) struct Identity {
    mark: Mark,
    store: String,
}

impl Identity {
    /// Tells the mark of a committed snapshot.
    pub(crate) fn reached(&self, snapshot: u64) {
        let told = Told { schema: MARK_SCHEMA.to_owned(), store: self.store.clone(), snapshot };
        let text = serde_json::to_string(&told).expect("texts and numbers always have a JSON form");
        // OK to ignore: the commit is durable, and a mark that lags behind only knows less.
        self.mark.replace(&(text + "\n")).ok();
    }
}

/// Opens the database in `dir`, and makes it or brings it up to date where needed; only to read where `refusal` says why.
pub(crate) async fn open(dir: &Path, objects: &Arc<dyn Objects>, refusal: Option<String>) -> Result<Opened> {
    let path = dir.join(DATABASE);
    let mark = Mark::at(&dir.join(MARK));
    let told = mark.read().map_err(|source| CatalogError::Object { doing: "read", key: MARK.to_owned(), source })?;
    // What is no mark is none, and becomes one.
    let told: Option<Told> = told.and_then(|text| serde_json::from_str(&text).ok());
    if is_missing_or_empty(&path) && holds_objects(objects)? && is_missing_or_empty(&path) {
        return Err(CatalogError::LostDatabase { path: path.display().to_string() });
    }
    let (pool, refusal) = match refusal {
        Some(why) => (open_to_read(&path).await?, Some(why)),
        None => open_to_write(&path, objects).await?,
    };
    let failed = doing("look up which store it is");
    let id: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT id FROM store").fetch_optional(&pool).await.map_err(&failed)?;
    let latest: Option<i64> =
        sqlx::query_scalar("SELECT max(id) FROM snapshots").fetch_one(&pool).await.map_err(&failed)?;
    let latest = from_db(latest.unwrap_or(0));
    let id = id.ok_or_else(|| CatalogError::Damaged { what: "store id", found: "no row".to_owned() })?;
    let store: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let path = path.display().to_string();
    match &told {
        Some(told) if told.store != store => {
            return Err(CatalogError::OtherStore { path, told: told.store.clone(), found: store });
        }
        Some(told) if told.snapshot > latest => {
            return Err(CatalogError::RolledBack { path, told: told.snapshot, found: latest });
        }
        _ => {}
    }
    let identity = Identity { mark, store };
    if refusal.is_none() && told.is_none_or(|told| told.snapshot < latest) {
        identity.reached(latest);
    }
    Ok(Opened { pool, identity: Arc::new(identity), refusal })
}

fn is_missing_or_empty(path: &Path) -> bool {
    path.metadata().map_or(true, |metadata| metadata.len() == 0)
}

/// Whether there is anything that a database should name.
pub(crate) fn holds_objects(objects: &Arc<dyn Objects>) -> Result<bool> {
    for folder in ["objects", "tables"] {
        let failed = |source| CatalogError::Object { doing: "list", key: folder.to_owned(), source };
        if !objects.list(folder).map_err(failed)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Opens it to write; where SQLite may not, to read, with the reason.
async fn open_to_write(path: &Path, objects: &Arc<dyn Objects>) -> Result<(SqlitePool, Option<String>)> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        // What is erased is overwritten, not only forgotten.
        .pragma("secure_delete", "ON");
    let opened = match connect(options).await {
        Ok(pool) => migrate(&pool, path, objects).await.map(|()| pool),
        Err(error) => Err(error),
    };
    let error = match opened {
        Ok(pool) => return Ok((pool, None)),
        Err(error) => error,
    };
    let Some(why) = write_refusal(&error) else { return Err(error) };
    match open_to_read(path).await {
        Ok(pool) => Ok((pool, Some(why))),
        // That it cannot be read either says less than why it cannot be opened at all.
        Err(_) => Err(error),
    }
}

async fn open_to_read(path: &Path) -> Result<SqlitePool> {
    let options =
        SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY_TIMEOUT).foreign_keys(true);
    let shared = read_version(options.clone()).await;
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let (pool, found) = match shared {
        Ok(opened) => opened,
        // Commits in the log would not be seen.
        Err(error) if !is_missing_or_empty(Path::new(&log)) => return Err(error),
        Err(_) => read_version(options.immutable(true)).await?,
    };
    let known = known_schema();
    match found {
        _ if found == known => Ok(pool),
        _ if found > known => Err(CatalogError::NewerSchema { found, known }),
        _ => Err(CatalogError::OlderReadOnly { found, known }),
    }
}

/// Connects, and reads the first thing that takes the locks of a reader.
async fn read_version(options: SqliteConnectOptions) -> Result<(SqlitePool, i64)> {
    let pool = connect(options).await?;
    let version = sqlx::query_scalar("PRAGMA user_version").fetch_one(&pool).await;
    Ok((pool, version.map_err(doing("read the schema's version"))?))
}

/// Opens the connections. Others that make the same new database at once are waited for here: SQLite does not wait by its busy
/// timeout for the lock under which a database changes to a write-ahead log.
async fn connect(options: SqliteConnectOptions) -> Result<SqlitePool> {
    let begun = Instant::now();
    loop {
        let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS);
        let error = match pool.connect_with(options.clone()).await.map_err(doing("open a connection")) {
            Ok(pool) => return Ok(pool),
            Err(error) => error,
        };
        if result_code(&error) != Some(BUSY) || begun.elapsed() > BUSY_TIMEOUT {
            return Err(error);
        }
        tokio::time::sleep(BUSY_PAUSE).await;
    }
}

/// Why SQLite may not write, where that is what failed: no permission, a file or folder for reading only, a file that
/// cannot be opened so, a disk that is full.
pub(crate) fn write_refusal(error: &CatalogError) -> Option<String> {
    const REFUSALS: [i64; 4] = [3, 8, 13, 14];
    let code = result_code(error)?;
    let CatalogError::Database { source: sqlx::Error::Database(error), .. } = error else { return None };
    REFUSALS.contains(&code).then(|| error.message().to_owned())
}

/// SQLite's primary result code, which is the last byte of the extended one: <https://www.sqlite.org/rescode.html>.
fn result_code(error: &CatalogError) -> Option<i64> {
    let CatalogError::Database { source: sqlx::Error::Database(error), .. } = error else { return None };
    let code: i64 = error.code()?.parse().ok()?;
    Some(code & 0xff)
}
