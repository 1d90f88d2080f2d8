//! The ledger as the catalog keeps it.

use futures_util::future::BoxFuture;
use prairie_ledger::{Entry, Frontier, LedgerPlace, consistency_proof, inclusion_proof};
use prairie_model::Hash256;
use sqlx::Row as _;

use crate::catalog::Catalog;
use crate::database::{bytes_from_db, doing, from_db, read_entry, to_db};
use crate::view::resolve;
use crate::{CatalogError, Result, SnapshotId};

/// A leaf of the ledger as the catalog keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerLeaf {
    /// Its place, from zero.
    pub seq: u64,
    /// What is published of it.
    pub entry: Entry,
    /// Name of what it is about; `None` once that was erased.
    pub reference: Option<String>,
    /// The salt; `None` once what it is about was erased.
    pub salt: Option<Hash256>,
}

/// What a snapshot says of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerHead {
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// Leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash256,
}

impl Catalog {
    /// What each snapshot says of the ledger, oldest first.
    pub fn ledger_heads(&self) -> BoxFuture<'_, Result<Vec<LedgerHead>>> {
        Box::pin(async move {
            let rows = sqlx::query("SELECT id, ledger_size, ledger_root FROM snapshots ORDER BY id")
                .fetch_all(self.pool())
                .await
                .map_err(doing("read the ledger's roots"))?;
            let read = |row: &sqlx::sqlite::SqliteRow| {
                let root = Hash256::from_bytes(bytes_from_db("ledger root", row.get(2))?);
                Ok(LedgerHead { snapshot: SnapshotId(from_db(row.get(0))), size: from_db(row.get(1)), root })
            };
            rows.iter().map(read).collect()
        })
    }

    /// Up to `count` leaves from place `from` on, in order. A gap in their places is left as it is.
    pub fn ledger_leaves(&self, from: u64, count: u32) -> BoxFuture<'_, Result<Vec<LedgerLeaf>>> {
        Box::pin(async move {
            let rows =
                sqlx::query("SELECT seq, kind, hash, reference, salt FROM leaves WHERE seq >= ? ORDER BY seq LIMIT ?")
                    .bind(to_db(from))
                    .bind(i64::from(count))
                    .fetch_all(self.pool())
                    .await
                    .map_err(doing("read the ledger"))?;
            let read = |row: &sqlx::sqlite::SqliteRow| {
                let salt: Option<&[u8]> = row.get(4);
                Ok(LedgerLeaf {
                    seq: from_db(row.get(0)),
                    entry: read_entry(row.get(1), row.get(2))?,
                    reference: row.get(3),
                    salt: salt.map(|salt| bytes_from_db("salt", salt).map(Hash256::from_bytes)).transpose()?,
                })
            };
            rows.iter().map(read).collect()
        })
    }

    /// Root of the ledger at a snapshot, and its number of leaves.
    pub fn ledger_root(&self, snapshot: Option<SnapshotId>) -> BoxFuture<'_, Result<(Hash256, u64)>> {
        Box::pin(async move {
            let snapshot = resolve(self.pool(), snapshot).await?;
            let row = sqlx::query("SELECT ledger_root, ledger_size FROM snapshots WHERE id = ?")
                .bind(to_db(snapshot.0))
                .fetch_optional(self.pool())
                .await
                .map_err(doing("read the ledger's root"))?;
            match row {
                None => Ok((Frontier::default().root(), 0)),
                Some(row) => Ok((Hash256::from_bytes(bytes_from_db("ledger root", row.get(0))?), from_db(row.get(1)))),
            }
        })
    }

    /// Where a leaf is, and the proof of it, at a snapshot. `None` for a leaf whose fact was erased: its salt is gone.
    pub fn ledger_place(&self, seq: u64, snapshot: Option<SnapshotId>) -> BoxFuture<'_, Result<Option<LedgerPlace>>> {
        Box::pin(async move {
            let snapshot = resolve(self.pool(), snapshot).await?;
            let (root, size) = self.ledger_root(Some(snapshot)).await?;
            let leaves = self.leaf_hashes(snapshot, size, root).await?;
            let index = usize::try_from(seq).unwrap_or(usize::MAX);
            let proof =
                inclusion_proof(&leaves, index).ok_or(CatalogError::NoLeaf { seq, snapshot: snapshot.0, size })?;
            let salt: Option<Vec<u8>> = sqlx::query_scalar("SELECT salt FROM leaves WHERE seq = ?")
                .bind(to_db(seq))
                .fetch_one(self.pool())
                .await
                .map_err(doing("read a leaf"))?;
            let Some(salt) = salt else { return Ok(None) };
            let salt = Hash256::from_bytes(bytes_from_db("salt", &salt)?);
            Ok(Some(LedgerPlace { seq, size, root, salt, proof, checkpoint: None }))
        })
    }

    /// The proof that the ledger of `old` became that of `new` by adding leaves only. Empty where `old` has none.
    pub fn ledger_consistency(&self, old: SnapshotId, new: SnapshotId) -> BoxFuture<'_, Result<Vec<Hash256>>> {
        Box::pin(async move {
            let (_, old_size) = self.ledger_root(Some(old)).await?;
            let (root, size) = self.ledger_root(Some(new)).await?;
            let leaves = self.leaf_hashes(new, size, root).await?;
            let old_size = usize::try_from(old_size).unwrap_or(usize::MAX);
            Ok(consistency_proof(&leaves, old_size).unwrap_or_default())
        })
    }

    /// Leaves about the thing of that name, oldest first.
    pub fn leaves_about<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<Vec<u64>>> {
        Box::pin(async move {
            let found: Vec<i64> = sqlx::query_scalar("SELECT seq FROM leaves WHERE reference = ? ORDER BY seq")
                .bind(reference)
                .fetch_all(self.pool())
                .await
                .map_err(doing("look for leaves"))?;
            Ok(found.into_iter().map(from_db).collect())
        })
    }

    /// The hashes of the first `size` leaves, which must give `root`: no proof is built on a damaged ledger.
    async fn leaf_hashes(&self, snapshot: SnapshotId, size: u64, root: Hash256) -> Result<Vec<Hash256>> {
        let rows = sqlx::query("SELECT kind, hash FROM leaves WHERE seq < ? ORDER BY seq")
            .bind(to_db(size))
            .fetch_all(self.pool())
            .await
            .map_err(doing("read the ledger"))?;
        let mut leaves = Vec::with_capacity(rows.len());
        for row in &rows {
            leaves.push(read_entry(row.get(0), row.get(1))?.leaf());
        }
        let computed = prairie_ledger::root(&leaves);
        if computed == root {
            Ok(leaves)
        } else {
            Err(CatalogError::LedgerRoot { snapshot: snapshot.0, recorded: root, computed })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use prairie_store::Disk;

    use super::*;
    use crate::{Commit, Leaf};

    async fn open(dir: &Path) -> Catalog {
        Catalog::open(dir, Arc::new(Disk::open(dir).unwrap())).await.unwrap()
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "the test takes away what older stores did not have")]
    async fn an_older_ledger_gets_its_roots_again() {
        let dir = tempfile::tempdir().unwrap();
        let catalog = open(dir.path()).await;
        for count in 1..6_u8 {
            let leaf = |at| Leaf {
                kind: "receipt".to_owned(),
                reference: format!("{count}/{at}"),
                digest: Hash256::of(&[count, at]),
            };
            let commit = Commit { leaves: (0..count).map(leaf).collect(), ..Commit::default() };
            catalog.commit(&commit).await.unwrap();
        }
        let root = catalog.ledger_root(None).await.unwrap();
        assert_eq!(root.1, 15);
        // As version 3 left it: another tree over the same salted hashes, and neither hashes of files nor a mark.
        let older = "UPDATE snapshots SET ledger_root = zeroblob(32), ledger_peaks = zeroblob(length(ledger_peaks)); \
                     DROP TABLE document_erasures; DROP TABLE store; ALTER TABLE data_files DROP COLUMN sha256; \
                     PRAGMA user_version = 3";
        sqlx::raw_sql(older).execute(catalog.pool()).await.unwrap();
        catalog.close().await;
        std::fs::remove_file(dir.path().join("store.json")).unwrap();
        let catalog = open(dir.path()).await;
        assert_eq!(catalog.ledger_root(None).await.unwrap(), root);
        let report = catalog.fsck(false).await.unwrap();
        assert_eq!((report.problems, report.leaves), (Vec::new(), 15));
        let heads = catalog.ledger_heads().await.unwrap();
        assert_eq!(heads.iter().map(|head| head.size).collect::<Vec<_>>(), [1, 3, 6, 10, 15]);
        let leaves = catalog.ledger_leaves(4, 3).await.unwrap();
        assert_eq!(leaves.iter().map(|leaf| leaf.seq).collect::<Vec<_>>(), [4, 5, 6]);
        assert!(leaves.iter().all(|leaf| leaf.entry.kind == "receipt" && leaf.salt.is_some()));
        let place = catalog.ledger_place(4, None).await.unwrap().unwrap();
        let leaf = Entry::about("receipt", place.salt, Hash256::of(&[3, 1])).leaf();
        assert!(prairie_ledger::verify_inclusion(leaf, 4, 15, &place.proof, root.0));
    }
}
