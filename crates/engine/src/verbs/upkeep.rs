//! `fsck`, `compact` and `gc`: the store stays sound and small.

use std::time::Duration;

use serde::Serialize;

use crate::Engine;
use crate::error::EngineError;

/// What `fsck` found.
#[derive(Debug, Clone, Serialize)]
pub struct FsckReport {
    /// Objects of recordings that were looked at.
    pub objects: u64,
    /// Table files that were looked at.
    pub tables: u64,
    /// Table files without a recorded hash, in a deep check: nobody knows whether their values are intact.
    pub unhashed: u64,
    /// Objects that nothing refers to; `gc` removes them.
    pub orphans: u64,
    /// Bytes that were read and hashed.
    pub bytes_read: u64,
    /// What is wrong, a sentence each.
    pub problems: Vec<String>,
}

/// What `compact` merged.
#[derive(Debug, Clone, Serialize)]
pub struct CompactReport {
    /// Files that left the current view.
    pub files_before: u64,
    /// Files that took their place.
    pub files_after: u64,
    /// The latest snapshot after it.
    pub snapshot: u64,
}

/// What `gc` deleted.
#[derive(Debug, Clone, Serialize)]
pub struct GcReport {
    /// Objects that were deleted.
    pub deleted: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Orphans that were left, because they are too young.
    pub kept: u64,
}

impl Engine {
    /// Compares the catalog with what is stored; `deep` reads and hashes every byte.
    ///
    /// # Errors
    ///
    /// When the catalog cannot be read at all.
    pub fn fsck(&self, deep: bool) -> Result<FsckReport, EngineError> {
        let report = self.block(self.catalog().fsck(deep)).map_err(EngineError::catalog("fsck"))?;
        Ok(FsckReport {
            objects: report.objects,
            tables: report.files,
            unhashed: report.unhashed,
            orphans: report.orphans,
            bytes_read: report.bytes_read,
            problems: report
                .problems
                .into_iter()
                .map(|problem| format!("{} `{}`: {}", problem.code, problem.object, problem.message))
                .collect(),
        })
    }

    /// Merges small table files into large ones, as a new snapshot.
    ///
    /// # Errors
    ///
    /// When the store fails; nothing is changed then.
    pub fn compact(&self) -> Result<CompactReport, EngineError> {
        let report = self.block(self.catalog().compact()).map_err(EngineError::catalog("compacting"))?;
        Ok(CompactReport {
            files_before: report.files_before,
            files_after: report.files_after,
            snapshot: self.snapshot()?,
        })
    }

    /// Deletes objects that nothing refers to and that are older than `grace_h` hours.
    ///
    /// # Errors
    ///
    /// When the grace is no time, or the store fails.
    pub fn gc(&self, grace_h: f64) -> Result<GcReport, EngineError> {
        let grace = Duration::try_from_secs_f64(grace_h * 3600.0)
            .map_err(|error| EngineError::invalid(format!("grace of {grace_h} hours"), error))?;
        let report = self.block(self.catalog().gc(grace)).map_err(EngineError::catalog("collecting garbage"))?;
        Ok(GcReport { deleted: report.deleted, bytes: report.bytes, kept: report.kept })
    }
}
