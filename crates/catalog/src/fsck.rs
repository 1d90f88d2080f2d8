//! Looking for what is missing, damaged, or does not agree. Changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use prairie_ledger::Frontier;
use prairie_model::{EpisodeId, Hash256, ObjectId};
use prairie_store::{ObjectSource, StoredFile, hash_file, object_key};
use sqlx::Row as _;

use crate::catalog::{Catalog, read_episodes};
use crate::database::{bytes_from_db, doing, from_db, read_entry};
use crate::gc::referenced;
use crate::rewrite::{count_rows, read_batches, texts};
use crate::view::read_file;
use crate::{CatalogError, FsckReport, Problem, Result};

/// An error with its sources: the report is the end of its way.
fn told(error: &CatalogError) -> String {
    let mut message = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        message = format!("{message}: {error}");
        source = error.source();
    }
    message
}

impl FsckReport {
    fn add(&mut self, code: &'static str, object: impl ToString, message: String) {
        self.problems.push(Problem { code, object: object.to_string(), message });
    }
}

impl Catalog {
    /// Looks for what is missing, damaged, or does not agree, at all snapshots. `deep` reads every byte.
    pub fn fsck(&self, deep: bool) -> BoxFuture<'_, Result<FsckReport>> {
        Box::pin(async move {
            let mut report = FsckReport::default();
            self.check_database(&mut report).await?;
            self.check_recordings(deep, &mut report).await?;
            self.check_files(deep, &mut report).await?;
            if deep {
                self.check_episodes(&mut report).await?;
            }
            self.check_ledger(&mut report).await?;
            let mut connection = self.pool().acquire().await.map_err(doing("open a connection"))?;
            let referenced = referenced(&mut connection).await?;
            for object in self.list_objects()?.iter().filter(|object| !referenced.contains(&object.key)) {
                report.orphans += 1;
                report.orphan_bytes += object.size;
            }
            report.problems.sort();
            Ok(report)
        })
    }

    async fn check_database(&self, report: &mut FsckReport) -> Result<()> {
        let failed = doing("check the database");
        let lines: Vec<String> =
            sqlx::query_scalar("PRAGMA integrity_check(100)").fetch_all(self.pool()).await.map_err(&failed)?;
        for line in lines.into_iter().filter(|line| line != "ok") {
            report.add("database", "catalog.sqlite", line);
        }
        let broken = sqlx::query("PRAGMA foreign_key_check").fetch_all(self.pool()).await.map_err(&failed)?;
        for row in &broken {
            let (table, parent): (String, String) = (row.get(0), row.get(2));
            report.add("database", "catalog.sqlite", format!("a row of `{table}` refers to no row of `{parent}`"));
        }
        Ok(())
    }

    /// Compares an object with the size that the database has; true when it can be read on.
    fn check_size(&self, key: &str, size: u64, missing: &'static str, report: &mut FsckReport) -> Result<bool> {
        let found = self.objects().size(key).map_err(|source| CatalogError::Object {
            doing: "look at",
            key: key.to_owned(),
            source,
        })?;
        match found {
            None => report.add(missing, key, format!("the store has no such object of {size} bytes")),
            Some(found) if found != size => {
                report.add("wrong-size", key, format!("the object has {found} bytes instead of {size}"));
            }
            Some(_) => return Ok(true),
        }
        Ok(false)
    }

    async fn check_recordings(&self, deep: bool, report: &mut FsckReport) -> Result<()> {
        let failed = doing("list recordings");
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM recordings WHERE erased IS NULL")
            .fetch_one(self.pool())
            .await
            .map_err(&failed)?;
        report.recordings = from_db(count);
        let rows = sqlx::query("SELECT DISTINCT object, bytes FROM recording_files ORDER BY object")
            .fetch_all(self.pool())
            .await
            .map_err(&failed)?;
        for row in &rows {
            let id = ObjectId::from_bytes(bytes_from_db("object id", row.get(0))?);
            let (key, size) = (object_key(id), from_db(row.get(1)));
            report.objects += 1;
            if !self.check_size(&key, size, "missing-object", report)? || !deep {
                continue;
            }
            let file = StoredFile { path: key.clone(), key: key.clone(), size };
            match hash_file(&ObjectSource::new(Arc::clone(self.objects()), vec![file]), 0, &|_| {}) {
                Ok((found, _)) if found == id => report.bytes_read += size,
                Ok((found, _)) => report.add("corrupt-object", key, format!("its bytes have the hash {found}")),
                Err(error) => report.add("corrupt-object", key, format!("it cannot be read: {error}")),
            }
        }
        Ok(())
    }

    async fn check_files(&self, deep: bool, report: &mut FsckReport) -> Result<()> {
        let rows =
            sqlx::query("SELECT table_name, owner, key, row_count, bytes, ranges, sha256 FROM data_files ORDER BY key")
                .fetch_all(self.pool())
                .await
                .map_err(doing("list table files"))?;
        let mut unhashed = (0_u64, 0_u64);
        for row in &rows {
            let file = read_file(row)?;
            report.files += 1;
            if !self.check_size(&file.key, file.bytes, "missing-file", report)? || !deep {
                continue;
            }
            let (key, size) = (file.key.clone(), file.bytes);
            let stored = StoredFile { path: key.clone(), key: key.clone(), size };
            match hash_file(&ObjectSource::new(Arc::clone(self.objects()), vec![stored]), 0, &|_| {}) {
                Ok((found, _)) if file.sha256.is_some_and(|hash| hash.as_bytes() != found.as_bytes()) => {
                    report.add("corrupt-file", key, format!("its bytes have the hash {found}"));
                    continue;
                }
                Ok(_) => report.bytes_read += size,
                Err(error) => {
                    report.add("corrupt-file", key, format!("it cannot be read: {error}"));
                    continue;
                }
            }
            if file.sha256.is_none() {
                unhashed.0 += 1;
                unhashed.1 += size;
            }
            // Bytes that are as they were written hold the rows that were counted when they were: the footer tells. Of
            // others every row is read.
            let counted = if file.sha256.is_some() {
                count_rows(self.objects(), &key)
            } else {
                let mut found = 0;
                let read = read_batches(self.objects(), &key, &mut |batch| {
                    found += batch.num_rows() as u64;
                    Ok(())
                });
                read.map(|()| found)
            };
            match counted {
                Ok(found) if found == file.rows => {}
                Ok(found) => {
                    report.add("row-count", key, format!("the file has {found} rows instead of {}", file.rows))
                }
                Err(error) => report.add("corrupt-file", key, told(&error)),
            }
        }
        report.unhashed = unhashed.0;
        if unhashed.0 > 0 {
            let message = format!(
                "{} table files of {} bytes are from before hashes were kept: whether their values are intact is unknown",
                unhashed.0, unhashed.1
            );
            report.add("unknown-hash", "tables", message);
        }
        Ok(())
    }

    /// Every episode of a current derivation has exactly one row in the latest view, and there is no other.
    async fn check_episodes(&self, report: &mut FsckReport) -> Result<()> {
        let rows = sqlx::query("SELECT episodes FROM derivations WHERE superseded IS NULL")
            .fetch_all(self.pool())
            .await
            .map_err(doing("list derivations"))?;
        let mut expected: BTreeSet<EpisodeId> = BTreeSet::new();
        for row in &rows {
            expected.extend(read_episodes(row.get(0))?);
        }
        let mut found: BTreeMap<EpisodeId, u64> = BTreeMap::new();
        for batch in self.query("SELECT episode_id FROM episodes", None).await? {
            for id in texts(&batch, "episode_id", "episodes")?.iter().flatten() {
                match id.parse() {
                    Ok(id) => *found.entry(id).or_default() += 1,
                    Err(_) => report.add("episode-count", id, "the id is no episode's".to_owned()),
                }
            }
        }
        for id in &expected {
            let rows = found.remove(id).unwrap_or(0);
            if rows != 1 {
                report.add("episode-count", id, format!("the latest view has {rows} rows of it instead of 1"));
            }
        }
        for (id, rows) in found {
            report.add("episode-count", id, format!("the latest view has {rows} rows of it and no derivation"));
        }
        Ok(())
    }

    async fn check_ledger(&self, report: &mut FsckReport) -> Result<()> {
        let failed = doing("read the ledger");
        let leaves = sqlx::query("SELECT seq, kind, hash FROM leaves ORDER BY seq").fetch_all(self.pool()).await;
        let leaves = leaves.map_err(&failed)?;
        let snapshots = sqlx::query("SELECT id, ledger_size, ledger_root FROM snapshots ORDER BY id");
        let snapshots = snapshots.fetch_all(self.pool()).await.map_err(&failed)?;
        let mut frontier = Frontier::default();
        let mut next = leaves.iter();
        for snapshot in &snapshots {
            let (id, size): (i64, u64) = (snapshot.get(0), from_db(snapshot.get(1)));
            while frontier.size() < size {
                let Some(leaf) = next.next() else { break };
                let seq = from_db(leaf.get(0));
                if seq != frontier.size() {
                    report.add("ledger-gap", seq, format!("leaf {} is missing", frontier.size()));
                    return Ok(());
                }
                frontier.push(read_entry(leaf.get(1), leaf.get(2))?.leaf());
            }
            if frontier.size() != size {
                let message = format!("the snapshot claims {size} leaves and there are {}", frontier.size());
                report.add("ledger-gap", id, message);
                return Ok(());
            }
            let recorded = Hash256::from_bytes(bytes_from_db("ledger root", snapshot.get(2))?);
            if recorded != frontier.root() {
                let message = format!("the snapshot's root is {recorded} and its leaves give {}", frontier.root());
                report.add("ledger-root", id, message);
            }
        }
        report.leaves = frontier.size();
        Ok(())
    }
}
