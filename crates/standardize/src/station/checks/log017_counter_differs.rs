//! ## What it does
//!
//! Compares the units of a station that ended between the first and the last reading of its independent counter with what
//! the counter counted in that time.
//!
//! ## Why it matters
//!
//! Units that the counter saw and the log does not hold are what cherry-picking looks like; units that only the log holds
//! were never made. The verdict takes each missing unit for a failed one. Nothing is compared where the counter was reset.
//!
//! ## Example
//!
//! ```text
//! LOG017 the counter of `door-3` counted 1,204 units and the log holds 1,180 of the same time
//! ```

use std::collections::BTreeMap;

use prairie_model::{Nanos, Severity, TimeSpan};

use super::{Findings, LogCheck, LogDoc, LogRun, Seen};
use crate::station::LogRow;

pub(super) const CHECK: LogCheck = LogCheck {
    doc: LogDoc {
        code: "LOG017",
        name: "counter differs",
        severity: Severity::Warning,
        summary: "the counter and the log tell different numbers of units",
        source: include_str!("log017_counter_differs.rs"),
    },
    start: || Box::new(Differs::default()),
};

/// What a counter said first and last, and what the log says of the time between.
#[derive(Debug, Default)]
struct Counted {
    readings: BTreeMap<i64, u64>,
    /// Ends of units, which may come before the readings do.
    ended: u64,
}

#[derive(Debug, Default)]
struct Differs {
    stations: BTreeMap<String, Counted>,
}

impl LogRun for Differs {
    fn row(&mut self, seen: &Seen<'_>) {
        match seen.row {
            LogRow::Reading(reading) => {
                let counted = self.stations.entry(reading.station.clone()).or_default();
                counted.readings.insert(reading.at.0, reading.total);
            }
            // Readings are read before units, so that these can be compared as they pass.
            LogRow::Unit(unit) => {
                let Some(counted) = self.stations.get_mut(&unit.station) else { return };
                let (Some(at), Some(span)) = (unit.end.or(unit.start), counted.span()) else { return };
                counted.ended += u64::from(at > span.start && at <= span.end);
            }
            _ => {}
        }
    }

    fn finish(self: Box<Self>, out: &mut Findings) {
        for (station, counted) in self.stations {
            let totals: Vec<u64> = counted.readings.values().copied().collect();
            let (Some(first), Some(last)) = (totals.first(), totals.last()) else { continue };
            if totals.len() < 2 || !totals.is_sorted() {
                continue;
            }
            let by_counter = last - first;
            if by_counter != counted.ended {
                let message = format!(
                    "the counter of `{station}` counted {by_counter} units and the log holds {} of the same time",
                    counted.ended
                );
                out.report().station(&station).rows(by_counter.abs_diff(counted.ended), None).message(message);
            }
        }
    }
}

impl Counted {
    fn span(&self) -> Option<TimeSpan> {
        let (first, last) = (self.readings.first_key_value()?, self.readings.last_key_value()?);
        Some(TimeSpan::new(Nanos(*first.0), Nanos(*last.0)))
    }
}
