//! The ledger as the catalog keeps it.

use futures_util::future::BoxFuture;
use prairie_ledger::{Frontier, LedgerPlace, consistency_proof, inclusion_proof};
use prairie_model::Hash256;
use sqlx::Row as _;

use crate::catalog::Catalog;
use crate::database::{bytes_from_db, doing, from_db, to_db};
use crate::view::resolve;
use crate::{CatalogError, Result, SnapshotId};

impl Catalog {
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
            Ok(Some(LedgerPlace { seq, size, root, salt, proof }))
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
        let rows = sqlx::query("SELECT hash FROM leaves WHERE seq < ? ORDER BY seq")
            .bind(to_db(size))
            .fetch_all(self.pool())
            .await
            .map_err(doing("read the ledger"))?;
        let mut leaves = Vec::with_capacity(rows.len());
        for row in &rows {
            leaves.push(Hash256::from_bytes(bytes_from_db("leaf", row.get(0))?));
        }
        let computed = prairie_ledger::root(&leaves);
        if computed == root {
            Ok(leaves)
        } else {
            Err(CatalogError::LedgerRoot { snapshot: snapshot.0, recorded: root, computed })
        }
    }
}
