//! ## What it does
//!
//! Counts rows whose end lies before their start. Units keep both times, which then give no duration; shifts and modes are
//! left out.
//!
//! ## Why it matters
//!
//! Two clocks wrote the row, or one of them was set back in between. Durations and takts of such rows mean nothing.
//!
//! ## Example
//!
//! ```text
//! LOG008 2 rows of `units.csv` end before they begin, the first is row 31
//! ```

use prairie_model::{LogNoteKind, Severity};

use super::{LogCheck, LogDoc, told};

pub(super) const CHECK: LogCheck = LogCheck {
    doc: LogDoc {
        code: "LOG008",
        name: "time reversed",
        severity: Severity::Warning,
        summary: "rows end before they begin",
        source: include_str!("log008_time_reversed.rs"),
    },
    start: || told(LogNoteKind::TimeReversed),
};
