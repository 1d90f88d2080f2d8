//! ## What it does
//!
//! Counts units that end in no shift of their station's calendar, where the log has a calendar for that station.
//!
//! ## Why it matters
//!
//! Work outside the calendar is not counted, since its time is in no denominator. Extra shifts that only good days get are
//! how a success rate is polished; a calendar that was written down afterwards does the same.
//!
//! ## Example
//!
//! ```text
//! LOG014 31 units of `door-3` in `units.csv` lie in no shift of the calendar, the first is row 7 (`00006`)
//! ```

use std::collections::BTreeMap;

use prairie_model::Severity;

use super::{Findings, LogCheck, LogDoc, LogRun, Seen};
use crate::station::LogRow;
use crate::station::calendar::Calendar;

pub(super) const CHECK: LogCheck = LogCheck {
    doc: LogDoc {
        code: "LOG014",
        name: "unscheduled",
        severity: Severity::Warning,
        summary: "units lie in no shift of the calendar",
        source: include_str!("log014_unscheduled.rs"),
    },
    start: || Box::new(Unscheduled::default()),
};

#[derive(Debug, Default)]
struct Unscheduled {
    calendar: Calendar,
    found: BTreeMap<(String, String), (u64, u64, String)>,
}

impl LogRun for Unscheduled {
    fn row(&mut self, seen: &Seen<'_>) {
        let unit = match seen.row {
            LogRow::Shift(shift) => return self.calendar.add(shift),
            LogRow::Unit(unit) => unit,
            _ => return,
        };
        let Some(at) = unit.end.or(unit.start) else { return };
        if !self.calendar.knows(&unit.station) || self.calendar.shift_at(&unit.station, at).is_some() {
            return;
        }
        let key = (seen.file.to_owned(), unit.station.clone());
        self.found.entry(key).or_insert_with(|| (0, seen.number, unit.unit.clone())).0 += 1;
    }

    fn finish(self: Box<Self>, out: &mut Findings) {
        for ((file, station), (rows, first, unit)) in self.found {
            let message = format!(
                "{rows} units of `{station}` in `{file}` lie in no shift of the calendar, the first is row {first} (`{unit}`)"
            );
            out.report().file(&file).station(&station).rows(rows, Some(first)).message(message);
        }
    }
}
