//! ## What it does
//!
//! Counts rows that are dated more than a day after their import. Verdicts do not count them. Logs that a simulation made are
//! marked, and may lie in the future.
//!
//! ## Why it matters
//!
//! Work that has not been done yet was invented, or the clock of the station is wrong. A protocol that was frozen today is older
//! than all of it, so that the rule of freezing first would protect nobody.
//!
//! ## Example
//!
//! ```text
//! LOG024 15972 rows of `units.csv` are dated after their import, the first is row 1
//! ```

use prairie_model::{LogNoteKind, Severity};

use super::{LogCheck, LogDoc, told};

pub(super) const CHECK: LogCheck = LogCheck {
    doc: LogDoc {
        code: "LOG024",
        name: "future",
        severity: Severity::Error,
        summary: "rows are dated after the day of their import",
        source: include_str!("log024_future.rs"),
    },
    start: || told(LogNoteKind::Future),
};
