//! ## What it does
//!
//! Counts rows that lack what makes them a row of their kind: a unit without a name or a station, a shift or an event
//! without a time or a kind, a reading without a total.
//!
//! ## Why it matters
//!
//! A row without a name cannot be told from another, and one without a time belongs to no shift. They count nowhere, and
//! this says how many there are.
//!
//! ## Example
//!
//! ```text
//! LOG004 12 rows of `events.csv` lack what makes them one, the first is row 4
//! ```

use prairie_model::{LogNoteKind, Severity};

use super::{LogCheck, LogDoc, told};

pub(super) const CHECK: LogCheck = LogCheck {
    doc: LogDoc {
        code: "LOG004",
        name: "row incomplete",
        severity: Severity::Warning,
        summary: "rows lack what makes them one",
        source: include_str!("log004_row_incomplete.rs"),
    },
    start: || told(LogNoteKind::RowIncomplete),
};
