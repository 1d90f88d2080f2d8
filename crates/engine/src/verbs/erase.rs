//! `erase`: destroys bytes and rows, and leaves a record that something was there.

use prairie_catalog::EraseTarget;
use prairie_model::{EpisodeId, RecordingId};
use serde::Serialize;

use crate::Engine;
use crate::cells::{Cells, literal};
use crate::error::EngineError;

/// What was erased.
#[derive(Debug, Clone, Serialize)]
pub struct EraseReport {
    /// Episodes whose rows are gone.
    pub episodes: Vec<EpisodeId>,
    /// The recording, when its bytes are gone.
    pub recording: Option<RecordingId>,
    /// The recording that still holds the episode's bytes, because it holds other episodes too.
    pub recording_kept: Option<RecordingId>,
    /// Objects that were deleted.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Dataset versions that held them, and are flagged now.
    pub datasets: Vec<String>,
    /// The snapshot that records it; `None` for a dry run.
    pub snapshot: Option<u64>,
}

impl Engine {
    /// Erases the episode or the recording with this full id. With `dry_run` it only says what would go.
    ///
    /// # Errors
    ///
    /// When nothing has that id, or the store fails.
    pub fn erase(&self, id: &str, reason: Option<&str>, dry_run: bool) -> Result<EraseReport, EngineError> {
        let target = match (id.parse::<EpisodeId>(), id.parse::<RecordingId>()) {
            (Ok(episode), _) => EraseTarget::Episode(episode),
            (_, Ok(recording)) => EraseTarget::Recording(recording),
            _ => {
                return Err(EngineError::invalid(
                    format!("id `{id}`"),
                    "erasing takes the full id of an episode (32 digits) or of a recording (64 digits)",
                ));
            }
        };
        if dry_run {
            return self.would_erase(target);
        }
        let report = self
            .block(self.catalog().erase(target, None, reason.unwrap_or("no reason given")))
            .map_err(EngineError::catalog("erasing"))?;
        Ok(EraseReport {
            episodes: report.episodes,
            recording: report.recording,
            recording_kept: report.recording_kept,
            objects: report.objects_deleted,
            bytes: report.bytes_deleted,
            datasets: report.datasets_flagged,
            snapshot: Some(report.snapshot.0),
        })
    }

    fn would_erase(&self, target: EraseTarget) -> Result<EraseReport, EngineError> {
        let condition = match target {
            EraseTarget::Episode(id) => {
                let id = literal(&id.to_string());
                format!("episode_id = {id} OR parent_id = {id}")
            }
            EraseTarget::Recording(id) => format!("recording_id = {}", literal(&id.to_string())),
        };
        let mut episodes = Vec::new();
        let mut datasets = Vec::new();
        let sql = format!("SELECT episode_id FROM episodes WHERE {condition} ORDER BY episode_id");
        for batch in self.run_sql(&sql, None)?.1 {
            let cells = Cells::of(&batch)?;
            for row in 0..cells.rows() {
                let id: EpisodeId = cells
                    .text("episode_id", row)
                    .and_then(|id| id.parse().ok())
                    .ok_or_else(|| EngineError::Bug("an episode without an id".to_owned()))?;
                datasets.extend(self.datasets_holding(id)?);
                episodes.push(id);
            }
        }
        if episodes.is_empty() {
            return Err(EngineError::NotFound { kind: "episode or recording", name: format!("{target:?}") });
        }
        datasets.sort();
        datasets.dedup();
        let recording = match target {
            EraseTarget::Recording(id) => self.recording(id)?.map(|stored| stored.row),
            EraseTarget::Episode(_) => None,
        };
        Ok(EraseReport {
            episodes,
            recording: recording.as_ref().map(|row| row.id),
            recording_kept: None,
            objects: recording.as_ref().map_or(0, |row| row.files.len() as u64),
            bytes: recording.as_ref().map_or(0, |row| row.size()),
            datasets,
            snapshot: None,
        })
    }
}
