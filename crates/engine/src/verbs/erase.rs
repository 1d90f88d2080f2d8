//! `erase`: destroys bytes and rows, and leaves a record that something was there.
//!
//! The catalog knows episodes, files and rows. What documents say is known here: which station logs were read from the
//! recording, and which verdicts and standings count them.

use std::collections::BTreeMap;

use prairie_catalog::{EraseTarget, Erasure, Leaf};
use prairie_model::{EpisodeId, RecordingId, hash_canonical};
use serde::Serialize;
use serde_json::json;

use super::monitor::STANDING;
use super::station_log::STATION_LOG;
use super::verdict::VERDICT;
use crate::Engine;
use crate::cells::{Cells, literal};
use crate::error::EngineError;

/// What was erased, or would be: the same plan either way.
#[derive(Debug, Clone, Serialize)]
pub struct EraseReport {
    /// Episodes whose rows are gone.
    pub episodes: Vec<EpisodeId>,
    /// The recording, when its bytes are gone.
    pub recording: Option<RecordingId>,
    /// The recording that still holds the episode's bytes, because it holds other episodes too.
    pub recording_kept: Option<RecordingId>,
    /// Station logs whose rows are gone.
    pub logs: Vec<String>,
    /// Files of recordings that are deleted.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Table files that are deleted, or written anew without the rows, at all snapshots.
    pub table_files: u64,
    /// Bytes of those table files before.
    pub table_bytes: u64,
    /// Rows that are dropped from the latest snapshot, by table.
    pub rows: BTreeMap<String, u64>,
    /// Rows that are dropped from files that only earlier snapshots see; most are copies of the above.
    pub rows_earlier: u64,
    /// Dataset versions that held them, and are flagged.
    pub datasets: Vec<String>,
    /// Verdicts that count the logs, as `scenario/gate, version`, and are flagged.
    pub verdicts: Vec<String>,
    /// What `monitor` said by them, as `scenario/gate, version`, and is flagged.
    pub standings: Vec<String>,
    /// What stays, and why.
    pub kept: Vec<KeptReport>,
    /// Why it is erased; goes into the tombstones.
    pub reason: String,
    /// The snapshot that records it; `None` for a dry run.
    pub snapshot: Option<u64>,
}

/// Something that stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptReport {
    /// `objects`, `recording-row`, `dataset-lists`, `documents`, `leaves`, `tombstones`, `exports`.
    pub what: String,
    /// How many.
    pub count: u64,
    /// Their bytes, where they have any of their own.
    pub bytes: Option<u64>,
    /// Why.
    pub why: String,
}

impl Engine {
    /// Erases the episode, the recording or the station log with this full id. With `dry_run` it only says what would go.
    ///
    /// A station log goes with its recording, and with whatever else was read from that.
    ///
    /// # Errors
    ///
    /// When nothing has that id, it was erased before, or the store fails.
    pub fn erase(&self, id: &str, reason: Option<&str>, dry_run: bool) -> Result<EraseReport, EngineError> {
        // Before anything is looked up: what is committed from here on makes the erasure start again.
        let seen = self.block(self.catalog().latest()).map_err(EngineError::catalog("reading the catalog"))?;
        let target = self.erase_target(id)?;
        let reason = reason.unwrap_or("no reason given");
        let logs = match target {
            EraseTarget::Recording(id) => self.logs_of(id)?,
            EraseTarget::Episode(_) => Vec::new(),
        };
        let mut erasure = Erasure::of(target, reason);
        erasure.resting = self.resting_on(&logs)?;
        erasure.logs = logs;
        erasure.log_kind = STATION_LOG.to_owned();
        erasure.seen = Some(seen);
        let record = json!({ "erased": id, "logs": erasure.logs, "reason": reason });
        let digest = hash_canonical(&record).map_err(|error| EngineError::Bug(error.to_string()))?;
        erasure.leaf = Some(Leaf { kind: "erasure".to_owned(), reference: target_id(target), digest });
        let catalog = self.catalog();
        let done = match dry_run {
            true => self.block(catalog.would_erase(&erasure)),
            false => self.block(catalog.erase(&erasure)),
        };
        let report = done.map_err(EngineError::catalog("erasing"))?;
        let mut kept: Vec<_> = report
            .kept
            .into_iter()
            .map(|kept| KeptReport { what: kept.what.to_owned(), count: kept.count, bytes: kept.bytes, why: kept.why })
            .collect();
        for version in &report.datasets {
            kept.extend(self.exports_of(version)?);
        }
        Ok(EraseReport {
            episodes: report.episodes,
            recording: report.recording,
            recording_kept: report.recording_kept,
            logs: report.logs,
            objects: report.objects,
            bytes: report.bytes,
            table_files: report.files,
            table_bytes: report.file_bytes,
            rows: report.rows,
            rows_earlier: report.rows_earlier,
            datasets: report.datasets,
            verdicts: named(&erasure, VERDICT),
            standings: named(&erasure, STANDING),
            kept,
            reason: reason.to_owned(),
            snapshot: report.snapshot.map(|snapshot| snapshot.0),
        })
    }

    fn erase_target(&self, id: &str) -> Result<EraseTarget, EngineError> {
        if let Ok(episode) = id.parse::<EpisodeId>() {
            return Ok(EraseTarget::Episode(episode));
        }
        let Ok(recording) = id.parse::<RecordingId>() else {
            return Err(EngineError::invalid(
                format!("id `{id}`"),
                "erasing takes the full id of an episode (32 digits), of a recording or of a station log (64 digits)",
            ));
        };
        // Logs are named by a hash, too.
        let of_log = self.recording_of_log(id)?;
        Ok(EraseTarget::Recording(of_log.unwrap_or(recording)))
    }

    /// Every version of every verdict and of every standing that counts one of the logs.
    fn resting_on(&self, logs: &[String]) -> Result<Vec<(String, String, u32)>, EngineError> {
        let mut resting = Vec::new();
        if logs.is_empty() {
            return Ok(resting);
        }
        let counts = |payload: &serde_json::Value| {
            let counted = payload["provenance"]["logs"].as_array();
            counted.into_iter().flatten().filter_map(|log| log.as_str()).any(|log| logs.iter().any(|gone| gone == log))
        };
        for kind in [VERDICT, STANDING] {
            let documents = self.block(self.catalog().documents(kind));
            let documents = documents.map_err(EngineError::catalog("reading the catalog"))?;
            let counting = documents.into_iter().filter(|document| counts(&document.payload));
            resting.extend(counting.map(|document| (document.kind, document.name, document.version)));
        }
        Ok(resting)
    }

    /// Exports of a version lie where Prairie does not look again.
    fn exports_of(&self, version: &str) -> Result<Option<KeptReport>, EngineError> {
        let sql = format!(
            "SELECT count(*) AS exports FROM ledger WHERE kind = 'export' AND reference = {}",
            literal(version)
        );
        let mut count = 0;
        for batch in self.run_sql(&sql, None)?.1 {
            let cells = Cells::of(&batch)?;
            count += (0..cells.rows()).filter_map(|row| cells.integer("exports", row)).sum::<i64>();
        }
        let count = u64::try_from(count).unwrap_or(0);
        let why = format!("exports of `{version}` were written outside the store: whoever has them must delete them");
        Ok((count > 0).then(|| KeptReport { what: "exports".to_owned(), count, bytes: None, why }))
    }

    /// The first of these logs that was erased, and why.
    pub(super) fn first_erased(&self, logs: &[String]) -> Result<Option<(String, String)>, EngineError> {
        for log in logs {
            if let Some(reason) = self.erased_because(STATION_LOG, log)? {
                return Ok(Some((log.clone(), reason)));
            }
        }
        Ok(None)
    }

    /// Why a thing was erased; `None` where it was not.
    pub(crate) fn erased_because(&self, kind: &str, id: &str) -> Result<Option<String>, EngineError> {
        let sql = format!("SELECT reason FROM tombstones WHERE kind = {} AND id = {}", literal(kind), literal(id));
        for batch in self.run_sql(&sql, None)?.1 {
            let cells = Cells::of(&batch)?;
            if let Some(reason) = (0..cells.rows()).find_map(|row| cells.text("reason", row)) {
                return Ok(Some(reason));
            }
        }
        Ok(None)
    }
}

/// The documents of a kind that rest on what is erased.
fn named(erasure: &Erasure, kind: &str) -> Vec<String> {
    let of_kind = erasure.resting.iter().filter(|(of, _, _)| of == kind);
    of_kind.map(|(_, name, version)| format!("{name}, {version}")).collect()
}

fn target_id(target: EraseTarget) -> String {
    match target {
        EraseTarget::Episode(id) => id.to_string(),
        EraseTarget::Recording(id) => id.to_string(),
    }
}
