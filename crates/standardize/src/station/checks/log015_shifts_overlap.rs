//! ## What it does
//!
//! Reports shifts of one station that overlap, or of which two have the same name.
//!
//! ## Why it matters
//!
//! A unit in both shifts would count twice, and scheduled time would be counted double. A verdict on such a calendar is
//! refused.
//!
//! ## Example
//!
//! ```text
//! LOG015 shifts `early` and `late` of `door-3` overlap by 600 s
//! ```

use prairie_model::Severity;

use super::{Findings, LogCheck, LogDoc, LogRun, Seen};
use crate::station::LogRow;
use crate::station::calendar::Calendar;

pub(super) const CHECK: LogCheck = LogCheck {
    doc: LogDoc {
        code: "LOG015",
        name: "shifts overlap",
        severity: Severity::Warning,
        summary: "shifts of the calendar overlap or stand twice",
        source: include_str!("log015_shifts_overlap.rs"),
    },
    start: || Box::new(Overlap::default()),
};

#[derive(Debug, Default)]
struct Overlap {
    calendar: Calendar,
    file: String,
}

impl LogRun for Overlap {
    fn row(&mut self, seen: &Seen<'_>) {
        if let LogRow::Shift(shift) = seen.row {
            seen.file.clone_into(&mut self.file);
            self.calendar.add(shift);
        }
    }

    fn finish(mut self: Box<Self>, out: &mut Findings) {
        for (station, one, other, seconds) in self.calendar.overlaps() {
            let message = if one == other {
                format!("shift `{one}` of `{station}` stands twice, differently")
            } else {
                format!("shifts `{one}` and `{other}` of `{station}` overlap by {seconds:.0} s")
            };
            out.report().file(&self.file).station(&station).rows(2, None).message(message);
        }
    }
}
