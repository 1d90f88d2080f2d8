//! ## What it does
//!
//! Counts units that begin in one shift of the calendar and end in another. They belong to the shift in which they end.
//!
//! ## Why it matters
//!
//! A unit that is handed over is worked by two crews and may hold the change itself, so that its duration says little about
//! either. Many of them mean that the calendar does not fit how the station works.
//!
//! ## Example
//!
//! ```text
//! LOG013 5 units of `door-3` in `units.csv` begin in one shift and end in another, the first is row 96 (`00095`)
//! ```

use std::collections::BTreeMap;

use prairie_model::Severity;

use super::{Findings, LogCheck, LogDoc, LogRun, Seen};
use crate::station::LogRow;
use crate::station::calendar::Calendar;

pub(super) const CHECK: LogCheck = LogCheck {
    doc: LogDoc {
        code: "LOG013",
        name: "spans shifts",
        severity: Severity::Info,
        summary: "units begin in one shift and end in another",
        source: include_str!("log013_spans_shifts.rs"),
    },
    start: || Box::new(SpansShifts::default()),
};

#[derive(Debug, Default)]
struct SpansShifts {
    calendar: Calendar,
    found: BTreeMap<(String, String), (u64, u64, String)>,
}

impl LogRun for SpansShifts {
    fn row(&mut self, seen: &Seen<'_>) {
        let unit = match seen.row {
            LogRow::Shift(shift) => return self.calendar.add(shift),
            LogRow::Unit(unit) => unit,
            _ => return,
        };
        let (Some(start), Some(end)) = (unit.start, unit.end) else { return };
        let (from, to) = (self.calendar.shift_at(&unit.station, start), self.calendar.shift_at(&unit.station, end));
        if from.is_none() || to.is_none() || from == to {
            return;
        }
        let key = (seen.file.to_owned(), unit.station.clone());
        self.found.entry(key).or_insert_with(|| (0, seen.number, unit.unit.clone())).0 += 1;
    }

    fn finish(self: Box<Self>, out: &mut Findings) {
        for ((file, station), (rows, first, unit)) in self.found {
            let message = format!(
                "{rows} units of `{station}` in `{file}` begin in one shift and end in another, the first is row {first} (`{unit}`)"
            );
            out.report().file(&file).station(&station).rows(rows, Some(first)).message(message);
        }
    }
}
