//! ## What it does
//!
//! Counts rows that are no rows of their table: another number of cells than the line of names has, no JSON object, a
//! message that does not fit its type, or more than a megabyte of text.
//!
//! ## Why it matters
//!
//! Such rows are lost: each may be a unit that failed. They are counted beside the others, so that rows in = made + merged
//! + nothing + incomplete + unreadable.
//!
//! ## Example
//!
//! ```text
//! LOG003 3 rows of `units.csv` could not be read
//! ```

use prairie_model::{LogNoteKind, Severity};

use super::{LogCheck, LogDoc, told};

pub(super) const CHECK: LogCheck = LogCheck {
    doc: LogDoc {
        code: "LOG003",
        name: "row unreadable",
        severity: Severity::Error,
        summary: "rows could not be read",
        source: include_str!("log003_row_unreadable.rs"),
    },
    start: || told(LogNoteKind::RowUnreadable),
};
