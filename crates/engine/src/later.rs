//! What other rows say of a unit after it was logged: who was in command, and what a later look found.

use std::collections::HashMap;

use prairie_catalog::RowOrder;
use prairie_model::{Confirmation, Mode, ModeSpan, Nanos, Outcome, TimeSpan, UnitOfWork};
use prairie_standardize::station::ModeRecord;

use crate::Engine;
use crate::cells::Cells;
use crate::error::EngineError;

/// The record of modes and the later looks of some logs.
#[derive(Debug, Default)]
pub(crate) struct Later {
    modes: ModeRecord,
    /// By station and unit: the look that counts.
    looks: HashMap<(String, String), ((i64, u8), Outcome)>,
}

impl Later {
    /// Reads what the logs of `condition` say, as of a snapshot. Memory grows with the looks and with the changes of mode.
    pub(crate) fn load(engine: &Engine, condition: &str, snapshot: u64) -> Result<Self, EngineError> {
        let mut later = Self::default();
        let each = |sql: &str, take: &mut dyn FnMut(&Cells, usize)| -> Result<(), EngineError> {
            let mut rows = engine.stream_sql(sql, Some(snapshot), RowOrder::Any)?;
            while let Some(batch) = rows.next()? {
                let cells = Cells::of(&batch)?;
                (0..cells.rows()).for_each(|row| take(&cells, row));
            }
            Ok(())
        };
        each(&format!("SELECT * FROM mode_spans WHERE {condition}"), &mut |cells, row| {
            later.modes_add(cells, row);
        })?;
        each(&format!("SELECT * FROM confirmations WHERE {condition}"), &mut |cells, row| {
            later.look(cells, row);
        })?;
        Ok(later)
    }

    /// Gives a unit the mode of its worst second, and the outcome of the look that was made last.
    pub(crate) fn apply(&mut self, unit: &mut UnitOfWork) {
        if !self.modes.is_empty() {
            self.modes.apply(unit);
        }
        if !self.looks.is_empty() {
            let key = (unit.station.clone(), unit.unit.clone());
            if let Some((_, outcome)) = self.looks.get(&key) {
                unit.confirmed = *outcome;
            }
        }
    }

    fn modes_add(&mut self, cells: &Cells, row: usize) -> Option<()> {
        let time = |name: &str| cells.integer(name, row).map(Nanos);
        self.modes.add(&ModeSpan {
            station: cells.text("station", row)?,
            robot: cells.text("robot", row),
            span: TimeSpan::new(time("start_ns")?, time("end_ns")?),
            mode: cells.text("mode", row).and_then(|name| Mode::from_name(&name)).unwrap_or_default(),
        });
        Some(())
    }

    fn look(&mut self, cells: &Cells, row: usize) -> Option<()> {
        let look = Confirmation {
            station: cells.text("station", row)?,
            unit: cells.text("unit", row)?,
            outcome: Outcome::from_name(&cells.text("outcome", row)?)?,
            at: cells.integer("at_ns", row).map(Nanos),
            by: None,
            detail: None,
        };
        let (rank, outcome) = (look.rank(), look.outcome);
        let kept = self.looks.entry((look.station, look.unit)).or_insert((rank, outcome));
        if rank > kept.0 {
            *kept = (rank, outcome);
        }
        Some(())
    }
}
