//! ## What it does
//!
//! Reports a file that ends in the middle of a row, or that cannot be read to its end. The rows before that are kept.
//!
//! ## Why it matters
//!
//! What was cut off is lost, and nobody can say whether it was good. A copy that was made while the log was being written
//! is the usual cause: copy it again.
//!
//! ## Example
//!
//! ```text
//! LOG002 `units.csv` ends in the middle, or cannot be read to its end
//! ```

use prairie_model::{LogNoteKind, Severity};

use super::{LogCheck, LogDoc, told};

pub(super) const CHECK: LogCheck = LogCheck {
    doc: LogDoc {
        code: "LOG002",
        name: "truncated",
        severity: Severity::Error,
        summary: "a file ends in the middle",
        source: include_str!("log002_truncated.rs"),
    },
    start: || told(LogNoteKind::Truncated),
};
