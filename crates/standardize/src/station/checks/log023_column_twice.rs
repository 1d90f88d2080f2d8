//! ## What it does
//!
//! Reports a column that the mapping uses and whose name stands twice in the file. Neither of the two is used: what it would say is
//! unknown.
//!
//! ## Why it matters
//!
//! Where one `outcome` says success and the other failure, whoever takes the first has chosen the result.
//!
//! ## Example
//!
//! ```text
//! LOG023 `units.csv` has two columns `outcome`: neither is used
//! ```

use prairie_model::{LogNoteKind, Severity};

use super::{LogCheck, LogDoc, told};

pub(super) const CHECK: LogCheck = LogCheck {
    doc: LogDoc {
        code: "LOG023",
        name: "column twice",
        severity: Severity::Error,
        summary: "two columns of a file have the same name",
        source: include_str!("log023_column_twice.rs"),
    },
    start: || told(LogNoteKind::ColumnTwice),
};
