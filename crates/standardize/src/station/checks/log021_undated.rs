//! ## What it does
//!
//! Counts rows whose time lies before the year 2000.
//!
//! ## Why it matters
//!
//! A controller without a battery begins at 1970 after every power cut. Such rows are in no shift, and say nothing about
//! when work was done; a mapping with the wrong `time_unit` does the same to every row.
//!
//! ## Example
//!
//! ```text
//! LOG021 88 rows of `units.csv` lie before the year 2000, the first is row 1: was the clock set?
//! ```

use std::collections::BTreeMap;

use prairie_model::{Nanos, Severity};

use super::{Findings, LogCheck, LogDoc, LogRun, Seen};
use crate::station::LogRow;

pub(super) const CHECK: LogCheck = LogCheck {
    doc: LogDoc {
        code: "LOG021",
        name: "undated",
        severity: Severity::Warning,
        summary: "times lie before the clock was set",
        source: include_str!("log021_undated.rs"),
    },
    start: || Box::new(Undated::default()),
};

/// The first of January 2000, UTC.
const MILLENNIUM: Nanos = Nanos(946_684_800_000_000_000);

#[derive(Debug, Default)]
struct Undated {
    found: BTreeMap<String, (u64, u64)>,
}

impl LogRun for Undated {
    fn row(&mut self, seen: &Seen<'_>) {
        let at = match seen.row {
            LogRow::Unit(unit) => unit.end.or(unit.start),
            LogRow::Shift(shift) => Some(shift.span.start),
            LogRow::Event(event) => Some(event.at),
            LogRow::Reading(reading) => Some(reading.at),
            LogRow::Confirmation(look) => look.at,
            LogRow::Mode(mode) => Some(mode.span.start),
            LogRow::Draw(draw) => Some(draw.committed),
            LogRow::Coverage(span) => Some(span.span.start),
            LogRow::Presence(presence) => Some(presence.span.start),
            // These name a unit, which has its own times.
            LogRow::Link(_) | LogRow::Audit(_) => return,
        };
        if at.is_some_and(|at| at < MILLENNIUM) {
            self.found.entry(seen.file.to_owned()).or_insert((0, seen.number)).0 += 1;
        }
    }

    fn finish(self: Box<Self>, out: &mut Findings) {
        for (file, (rows, first)) in self.found {
            let message = format!(
                "{rows} rows of `{file}` lie before the year 2000, the first is row {first}: was the clock set?"
            );
            out.report().file(&file).rows(rows, Some(first)).message(message);
        }
    }
}
