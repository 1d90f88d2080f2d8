//! What controls need of a store: audits and draws of the logs, protocols frozen before, episodes that trained the release.

use std::collections::{BTreeMap, BTreeSet};

use prairie_model::{
    AuditDraw, Condition, Crew, DrawKind, Nanos, Outcome, Presence, RecorderSpan, TimeSpan, UnitAudit,
};
use prairie_verify::evidence::{Builder, EvidenceError, Lot};
use prairie_verify::protocol::Frozen;

use crate::Engine;
use crate::cells::{Cells, literal};
use crate::error::EngineError;
use crate::progress::Progress;

/// Episodes whose hashes are asked for at once.
const EPISODES_AT_ONCE: usize = 1_000;

/// The query of one table of the logs that count.
pub(super) type OfTable<'a> = &'a dyn Fn(&str) -> String;

impl Engine {
    /// What must be known before units: draws, protocols frozen for the same stations, and training data.
    pub(super) fn witness_before(
        &self,
        builder: &mut Builder<'_>,
        frozen: &Frozen,
        of_table: OfTable<'_>,
        snapshot: u64,
        progress: &dyn Progress,
    ) -> Result<(), EngineError> {
        let refused = |error: EvidenceError| EngineError::Refused(error.to_string());
        let stations_of = self.stations_of(of_table, snapshot, progress)?;
        self.each(&of_table("audit_draws"), snapshot, progress, |cells, row| {
            let stations = cells.text("log_id", row).and_then(|log| stations_of.get(&log).cloned());
            draw(cells, row).map_or(Ok(()), |draw| builder.lot(Lot { draw, stations })).map_err(refused)
        })?;
        let stations = frozen.protocol.stations(Crew::Robot);
        builder.registered(self.frozen_for(stations)?);
        let datasets = &frozen.protocol.controls.overlap.datasets;
        if !datasets.is_empty() {
            builder.training(self.training(datasets)?);
        }
        Ok(())
    }

    /// The stations of each log that holds a calendar: whoever draws by lot there draws among their shifts and units.
    fn stations_of(
        &self,
        of_table: OfTable<'_>,
        snapshot: u64,
        progress: &dyn Progress,
    ) -> Result<BTreeMap<String, BTreeSet<String>>, EngineError> {
        let mut stations: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        self.each(&of_table("shifts"), snapshot, progress, |cells, row| {
            if let (Some(log), Some(station)) = (cells.text("log_id", row), cells.text("station", row)) {
                stations.entry(log).or_default().insert(station);
            }
            Ok(())
        })?;
        Ok(stations)
    }

    /// What others than the vendor saw, row by row.
    pub(super) fn witness_after(
        &self,
        builder: &mut Builder<'_>,
        of_table: OfTable<'_>,
        snapshot: u64,
        progress: &dyn Progress,
    ) -> Result<(), EngineError> {
        self.each(&of_table("unit_audits"), snapshot, progress, |cells, row| {
            builder.audit(&audit(cells, row));
            Ok(())
        })?;
        self.each(&of_table("recorder_coverage"), snapshot, progress, |cells, row| {
            if let (Some(station), Some(span)) = (cells.text("station", row), span(cells, row)) {
                builder.recorder_span(RecorderSpan { station, span });
            }
            Ok(())
        })?;
        self.each(&of_table("station_presence"), snapshot, progress, |cells, row| {
            let people = cells.float("people", row);
            if let (Some(station), Some(span), Some(people)) = (cells.text("station", row), span(cells, row), people) {
                builder.presence(Presence { station, span, people });
            }
            Ok(())
        })
    }

    /// Content hashes of the episodes of these dataset versions.
    fn training(&self, datasets: &[String]) -> Result<BTreeSet<String>, EngineError> {
        let mut hashes = BTreeSet::new();
        for name in datasets {
            let dataset = self.dataset(name)?;
            for members in dataset.members.chunks(EPISODES_AT_ONCE) {
                let ids: Vec<_> = members.iter().map(|member| literal(&member.episode.to_string())).collect();
                let sql = format!("SELECT content_hash FROM episodes WHERE episode_id IN ({})", ids.join(", "));
                for batch in self.run_sql(&sql, Some(dataset.snapshot))?.1 {
                    let cells = Cells::of(&batch)?;
                    hashes.extend((0..cells.rows()).filter_map(|row| cells.text("content_hash", row)));
                }
            }
        }
        Ok(hashes)
    }
}

fn span(cells: &Cells, row: usize) -> Option<TimeSpan> {
    let time = |name: &str| cells.integer(name, row).map(Nanos);
    Some(TimeSpan::new(time("start_ns")?, time("end_ns")?))
}

fn draw(cells: &Cells, row: usize) -> Option<AuditDraw> {
    Some(AuditDraw {
        kind: DrawKind::from_name(&cells.text("kind", row)?)?,
        share: cells.float("share", row)?,
        commitment: cells.text("commitment", row)?,
        committed: cells.integer("t_ns", row).map(Nanos)?,
        seed: cells.text("seed", row),
    })
}

fn audit(cells: &Cells, row: usize) -> UnitAudit {
    let text = |name: &str| cells.text(name, row);
    let numbers = |name: &str| -> Vec<f64> {
        text(name).unwrap_or_default().split(' ').filter_map(|word| word.parse().ok()).collect()
    };
    let conditions: Option<BTreeMap<String, Condition>> =
        text("conditions").and_then(|text| serde_json::from_str(&text).ok());
    UnitAudit {
        station: text("station").unwrap_or_default(),
        unit: text("unit").unwrap_or_default(),
        steps: cells.count("steps", row),
        matched: cells.count("matched", row),
        found: text("found").and_then(|name| Outcome::from_name(&name)).unwrap_or_default(),
        repeat_ratio: cells.float("repeat_ratio", row),
        train_ratio: cells.float("train_ratio", row),
        episode: text("episode"),
        object: numbers("object"),
        motion: numbers("motion"),
        conditions: conditions.unwrap_or_default(),
    }
}
