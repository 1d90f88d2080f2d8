//! Documents: parties, stations, robots, protocols, verdicts. Each change is a new version, and none is ever changed.

use futures_util::future::BoxFuture;
use prairie_model::{Hash256, Nanos};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::catalog::Catalog;
use crate::database::{Draft, bytes_from_db, doing, from_db, now_ns};
use crate::{Before, CatalogError, Result, SnapshotId};

/// A document that a commit adds.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDocument {
    /// What kind of thing: `station`, `protocol`, `verdict`.
    pub kind: String,
    /// Its name, unique in its kind.
    pub name: String,
    /// What it says.
    pub payload: serde_json::Value,
    /// Hash of its canonical JSON.
    pub digest: Hash256,
}

/// One version of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// What kind of thing.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// From 1.
    pub version: u32,
    /// What it says.
    pub payload: serde_json::Value,
    /// Hash of its canonical JSON.
    pub digest: Hash256,
    /// When it was added, by this machine's clock.
    pub created: Nanos,
    /// The snapshot it came with.
    pub added: SnapshotId,
}

impl Catalog {
    /// Every version of the documents of a kind, by name and version.
    pub fn documents<'a>(&'a self, kind: &'a str) -> BoxFuture<'a, Result<Vec<Document>>> {
        Box::pin(async move {
            let rows = sqlx::query("SELECT * FROM documents WHERE kind = ? ORDER BY name, version")
                .bind(kind)
                .fetch_all(self.pool())
                .await
                .map_err(doing("list documents"))?;
            rows.iter().map(read).collect()
        })
    }

    /// The latest version of a document.
    pub fn document<'a>(&'a self, kind: &'a str, name: &'a str) -> BoxFuture<'a, Result<Option<Document>>> {
        Box::pin(async move {
            let row = sqlx::query("SELECT * FROM documents WHERE kind = ? AND name = ? ORDER BY version DESC LIMIT 1")
                .bind(kind)
                .bind(name)
                .fetch_optional(self.pool())
                .await
                .map_err(doing("read a document"))?;
            row.as_ref().map(read).transpose()
        })
    }
}

/// Whether what is there of a document is what may be there.
pub(crate) async fn may_follow(draft: &mut Draft, document: &NewDocument, before: Before) -> Result<bool> {
    let expected = match before {
        Before::Anything => return Ok(true),
        Before::Nothing => None,
        Before::Version(digest) => Some(digest.as_bytes().to_vec()),
    };
    let latest: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT digest FROM documents WHERE kind = ? AND name = ? ORDER BY version DESC LIMIT 1")
            .bind(&document.kind)
            .bind(&document.name)
            .fetch_optional(&mut *draft.transaction)
            .await
            .map_err(doing("look for a document"))?;
    Ok(latest == expected)
}

/// Adds a document as the next version of its name, unless the latest says the same already.
pub(crate) async fn add(draft: &mut Draft, document: &NewDocument) -> Result<()> {
    let failed = doing("add a document");
    let latest: Option<(i64, Vec<u8>)> = sqlx::query_as(
        "SELECT version, digest FROM documents WHERE kind = ? AND name = ? ORDER BY version DESC LIMIT 1",
    )
    .bind(&document.kind)
    .bind(&document.name)
    .fetch_optional(&mut *draft.transaction)
    .await
    .map_err(&failed)?;
    if latest.as_ref().is_some_and(|(_, digest)| digest == document.digest.as_bytes()) {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO documents (kind, name, version, payload, digest, created_ns, added) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&document.kind)
    .bind(&document.name)
    .bind(latest.map_or(1, |(version, _)| version + 1))
    .bind(document.payload.to_string())
    .bind(document.digest.as_bytes().as_slice())
    .bind(now_ns())
    .bind(draft.snapshot)
    .execute(&mut *draft.transaction)
    .await
    .map_err(&failed)?;
    Ok(())
}

fn read(row: &SqliteRow) -> Result<Document> {
    let payload: &str = row.get("payload");
    let version: i64 = row.get("version");
    let damaged = |what, found: &str| CatalogError::Damaged { what, found: found.chars().take(80).collect() };
    Ok(Document {
        kind: row.get("kind"),
        name: row.get("name"),
        version: u32::try_from(version).map_err(|_error| damaged("version of a document", &version.to_string()))?,
        payload: serde_json::from_str(payload).map_err(|_error| damaged("document", payload))?,
        digest: Hash256::from_bytes(bytes_from_db("digest of a document", row.get("digest"))?),
        created: Nanos(row.get("created_ns")),
        added: SnapshotId(from_db(row.get("added"))),
    })
}
