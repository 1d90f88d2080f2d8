//! `ls`: a line per episode.

use prairie_model::{Decision, Mode, Nanos, Outcome};

use crate::Engine;
use crate::cells::Cells;
use crate::error::EngineError;
use crate::report::EpisodeSummary;

impl Engine {
    /// The episodes that `condition` selects, in the order of their start; unknown starts last.
    ///
    /// # Errors
    ///
    /// When the condition is no condition on the table `episodes`.
    pub fn ls(
        &self,
        condition: Option<&str>,
        limit: Option<usize>,
        snapshot: Option<u64>,
    ) -> Result<Vec<EpisodeSummary>, EngineError> {
        let chosen = condition.map_or_else(String::new, |condition| format!("WHERE {condition}"));
        let limit = limit.map_or_else(String::new, |limit| format!("LIMIT {limit}"));
        // The condition is applied before the join, so that it may name columns of `episodes` without a prefix.
        let sql = format!(
            "SELECT e.episode_id, e.recording_id, e.task, e.start_ns, e.dated, e.duration_s, e.robot, e.robot_type, e.mode, \
             e.outcome, e.decision, s.streams FROM (SELECT * FROM episodes {chosen} \
             ORDER BY start_ns NULLS LAST, recording_id, ordinal, episode_id {limit}) e \
             LEFT JOIN (SELECT episode_id, count(*) AS streams FROM streams GROUP BY episode_id) s \
             ON e.episode_id = s.episode_id ORDER BY e.start_ns NULLS LAST, e.recording_id, e.ordinal, e.episode_id"
        );
        let mut episodes = Vec::new();
        for batch in self.run_sql(&sql, snapshot)?.1 {
            let cells = Cells::of(&batch)?;
            for row in 0..cells.rows() {
                episodes.push(summary(&cells, row)?);
            }
        }
        Ok(episodes)
    }
}

/// One row of `episodes` as a line of `ls`.
pub(crate) fn summary(cells: &Cells, row: usize) -> Result<EpisodeSummary, EngineError> {
    let id = |name: &str| cells.text(name, row).ok_or_else(|| EngineError::Bug(format!("an episode without `{name}`")));
    let broken = |error: prairie_model::ParseIdError| EngineError::Bug(error.to_string());
    let text = |name: &str| cells.text(name, row);
    Ok(EpisodeSummary {
        id: id("episode_id")?.parse().map_err(broken)?,
        recording: id("recording_id")?.parse().map_err(broken)?,
        task: text("task"),
        start_ns: cells.integer("start_ns", row).map(Nanos),
        dated: cells.truth("dated", row).unwrap_or(false),
        duration_s: cells.float("duration_s", row),
        robot: text("robot").or_else(|| text("robot_type")),
        mode: text("mode").and_then(|name| Mode::from_name(&name)).unwrap_or_default(),
        outcome: text("outcome").and_then(|name| Outcome::from_name(&name)).unwrap_or_default(),
        decision: text("decision").and_then(|name| Decision::from_name(&name)).unwrap_or(Decision::Unknown),
        streams: Some(cells.count("streams", row).unwrap_or(0)),
    })
}
