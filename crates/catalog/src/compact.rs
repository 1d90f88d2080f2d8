//! Merging small files, and leaving superseded rows out of them.
//!
//! The merged files take the place of the old ones from a new snapshot on. Earlier snapshots keep the old ones.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;

use crate::catalog::Catalog;
use crate::database::{Draft, doing, to_db};
use crate::rewrite::{Without, copy_rows, count_without};
use crate::view::View;
use crate::{CatalogError, CompactReport, DataFile, Result};

/// A file below is merged with others.
const SMALL_BYTES: u64 = 64 << 20;

/// A merged file is closed when its sources had so many bytes.
const FULL_BYTES: u64 = 256 << 20;

/// A table and an owner: what may lie in one file.
type Place<'a> = (&'a str, Option<&'a str>);

impl Catalog {
    /// Merges small table files of one table and owner, and drops superseded rows, as a new snapshot.
    ///
    /// Blocking for as long as it reads and writes. Fails with [`CatalogError::Conflict`] when another process compacted or
    /// erased in between; nothing has changed then.
    pub fn compact(&self) -> BoxFuture<'_, Result<CompactReport>> {
        Box::pin(async move {
            let lease = self.lease().await?;
            let result = self.compact_leased().await;
            lease.release().await?;
            result
        })
    }

    async fn compact_leased(&self) -> Result<CompactReport> {
        let view = self.view(None).await?;
        let plan = self.plan(&view)?;
        if plan.is_empty() {
            return Ok(CompactReport::default());
        }
        let mut report = CompactReport::default();
        let (mut old, mut new) = (Vec::new(), Vec::new());
        for files in &plan {
            let mut writer = self.writer(&files[0].table, files[0].owner.as_deref())?;
            for file in files {
                report.rows_dropped += copy_rows(self.objects(), file, Without::Hidden(&view.hidden), &mut writer)?;
            }
            new.extend(writer.finish()?);
            old.extend(files);
        }
        let note = format!("compact {} files", old.len());
        let mut draft = Draft::begin(self, &note, &[]).await?;
        for file in &old {
            let done = sqlx::query("UPDATE data_files SET removed = ? WHERE key = ? AND removed IS NULL")
                .bind(draft.snapshot)
                .bind(&file.key)
                .execute(&mut *draft.transaction)
                .await
                .map_err(doing("replace table files"))?;
            if done.rows_affected() != 1 {
                return Err(CatalogError::Conflict { what: format!("table file `{}`", file.key) });
            }
        }
        for file in &new {
            self.check_object(&file.key, file.bytes)?;
            draft.add_file(file).await?;
        }
        sqlx::query("UPDATE hidden SET resolved = ? WHERE resolved IS NULL AND added <= ?")
            .bind(draft.snapshot)
            .bind(to_db(view.snapshot.0))
            .execute(&mut *draft.transaction)
            .await
            .map_err(doing("resolve hidden rows"))?;
        report.files_before = old.len() as u64;
        report.files_after = new.len() as u64;
        report.snapshot = Some(draft.commit().await?.snapshot);
        Ok(report)
    }

    /// The files that become one, group by group. Every file with hidden rows is in a group.
    fn plan(&self, view: &View) -> Result<Vec<Vec<DataFile>>> {
        let mut groups: BTreeMap<Place<'_>, Vec<(&DataFile, bool)>> = BTreeMap::new();
        for (table, files) in view.files.iter().filter(|(table, _)| *table != "dataset_episodes") {
            for file in files {
                let dirty = !view.hidden.below.is_empty()
                    && count_without(self.objects(), file, Without::Hidden(&view.hidden))? > 0;
                if dirty || file.bytes < SMALL_BYTES {
                    groups.entry((table.as_str(), file.owner.as_deref())).or_default().push((file, dirty));
                }
            }
        }
        let mut plan = Vec::new();
        for files in groups.into_values() {
            let mut group: Vec<DataFile> = Vec::new();
            let (mut bytes, mut dirty) = (0, false);
            for (file, is_dirty) in files {
                if bytes >= FULL_BYTES {
                    plan.push(std::mem::take(&mut group));
                    (bytes, dirty) = (0, false);
                }
                bytes += file.bytes;
                dirty |= is_dirty;
                group.push(file.clone());
            }
            // A single clean file would only be copied.
            if dirty || group.len() > 1 {
                plan.push(group);
            }
        }
        Ok(plan)
    }
}
