//! ## What it does
//!
//! Counts readings of an independent counter that are below the reading before them at the same station, in the order of
//! time.
//!
//! ## Why it matters
//!
//! A counter that was reset says nothing about the time across the reset, and the units of that time cannot be reconciled.
//! Readings before and after it still count.
//!
//! ## Example
//!
//! ```text
//! LOG016 the counter of `door-3` went back 1 time, first from 4,812 to 3 at row 15 of `counter.csv`
//! ```

use std::collections::BTreeMap;

use prairie_model::Severity;

use super::{Findings, LogCheck, LogDoc, LogRun, Seen};
use crate::station::LogRow;

pub(super) const CHECK: LogCheck = LogCheck {
    doc: LogDoc {
        code: "LOG016",
        name: "counter back",
        severity: Severity::Warning,
        summary: "a counter counted backwards",
        source: include_str!("log016_counter_back.rs"),
    },
    start: || Box::new(Back::default()),
};

#[derive(Debug, Default)]
struct Back {
    /// Per station: the readings by time.
    readings: BTreeMap<String, BTreeMap<i64, (u64, u64)>>,
    file: String,
}

impl LogRun for Back {
    fn row(&mut self, seen: &Seen<'_>) {
        if let LogRow::Reading(reading) = seen.row {
            seen.file.clone_into(&mut self.file);
            self.readings
                .entry(reading.station.clone())
                .or_default()
                .insert(reading.at.0, (reading.total, seen.number));
        }
    }

    fn finish(self: Box<Self>, out: &mut Findings) {
        for (station, readings) in self.readings {
            let all: Vec<(u64, u64)> = readings.into_values().collect();
            let backs: Vec<_> = all.windows(2).filter(|pair| pair[1].0 < pair[0].0).collect();
            let Some([before, after]) = backs.first().copied() else { continue };
            let times = backs.len() as u64;
            let message = format!(
                "the counter of `{station}` went back {times} times, first from {} to {} at row {} of `{}`",
                before.0, after.0, after.1, self.file
            );
            out.report().file(&self.file).station(&station).rows(times, Some(after.1)).message(message);
        }
    }
}
