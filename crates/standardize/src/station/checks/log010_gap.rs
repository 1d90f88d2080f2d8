//! ## What it does
//!
//! Reports stretches of more than an hour between two units of a station in the order of the log, where both name the same
//! shift, or neither names one.
//!
//! ## Why it matters
//!
//! An hour without work is a breakdown, a hidden stop, or a part of the log that somebody left out. The time stays in the
//! denominator: the calendar counts, not what the log shows.
//!
//! ## Example
//!
//! ```text
//! LOG010 no unit of `door-3` in 1.6 h, before row 40 of `units.csv`
//! ```

use std::collections::BTreeMap;

use prairie_model::{Nanos, Severity, TimeSpan};

use super::{Findings, LogCheck, LogDoc, LogRun, Seen};
use crate::station::LogRow;

pub(super) const CHECK: LogCheck = LogCheck {
    doc: LogDoc {
        code: "LOG010",
        name: "gap",
        severity: Severity::Warning,
        summary: "long stretches without a unit within a shift",
        source: include_str!("log010_gap.rs"),
    },
    start: || Box::new(Gap::default()),
};

/// Seconds between two units of one shift that nobody notices: a break.
const GAP_MAX_S: f64 = 3600.0;

#[derive(Debug, Default)]
struct Gap {
    /// Per station the end of the last unit, and its shift.
    last: BTreeMap<String, (Nanos, Option<String>)>,
    /// Per station: how many, the longest, its row.
    gaps: BTreeMap<String, (u64, TimeSpan, u64, String)>,
}

impl LogRun for Gap {
    fn row(&mut self, seen: &Seen<'_>) {
        let LogRow::Unit(unit) = seen.row else { return };
        let Some(start) = unit.start.or(unit.end) else { return };
        let end = unit.end.unwrap_or(start).max(start);
        let before = self.last.insert(unit.station.clone(), (end, unit.shift.clone()));
        let Some((last, shift)) = before.filter(|(last, shift)| *shift == unit.shift && *last < start) else { return };
        drop(shift);
        let gap = TimeSpan::new(last, start);
        if gap.seconds() <= GAP_MAX_S {
            return;
        }
        let entry =
            self.gaps.entry(unit.station.clone()).or_insert_with(|| (0, gap, seen.number, seen.file.to_owned()));
        entry.0 += 1;
        if gap.seconds() > entry.1.seconds() {
            *entry = (entry.0, gap, seen.number, seen.file.to_owned());
        }
    }

    fn finish(self: Box<Self>, out: &mut Findings) {
        for (station, (count, gap, row, file)) in self.gaps {
            let hours = gap.seconds() / 3600.0;
            let others = if count > 1 { format!(", and {} shorter gaps", count - 1) } else { String::new() };
            let message = format!("no unit of `{station}` in {hours:.1} h, before row {row} of `{file}`{others}");
            out.report().file(&file).station(&station).rows(count, Some(row)).span(gap).message(message);
        }
    }
}
