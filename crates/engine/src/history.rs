//! What earlier episodes of the store were like, for the checks that compare.

use std::collections::BTreeMap;

use prairie_model::RecordingId;
use prairie_quality::{History, TaskDurations};

use crate::Engine;
use crate::cells::{Cells, literal};
use crate::error::EngineError;

impl Engine {
    /// What is known of the episodes of all recordings but `recording`.
    pub(crate) fn history(&self, recording: RecordingId) -> Result<History, EngineError> {
        let sql = format!(
            "SELECT task, median(duration_s) AS median_s, count(*) AS episodes FROM episodes \
             WHERE task IS NOT NULL AND duration_s IS NOT NULL AND recording_id <> {} GROUP BY task",
            literal(&recording.to_string())
        );
        let mut durations = BTreeMap::new();
        for batch in self.run_sql(&sql, None)?.1 {
            let cells = Cells::of(&batch)?;
            for row in 0..cells.rows() {
                if let (Some(task), Some(median_s)) = (cells.text("task", row), cells.float("median_s", row)) {
                    durations
                        .insert(task, TaskDurations { median_s, episodes: cells.count("episodes", row).unwrap_or(0) });
                }
            }
        }
        Ok(History { durations, ..History::default() })
    }
}
