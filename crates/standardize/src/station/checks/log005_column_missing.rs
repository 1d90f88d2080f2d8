//! ## What it does
//!
//! Reports a column that the mapping names and the file lacks. Blanks around names are no part of them, so that `cycle ` is
//! `cycle`.
//!
//! ## Why it matters
//!
//! Everything that would stand in the column is unknown. Mostly the name is spelt differently, or an export left the column
//! out.
//!
//! ## Example
//!
//! ```text
//! LOG005 `units.csv` has no column `result`, which the mapping names
//! ```

use prairie_model::{LogNoteKind, Severity};

use super::{LogCheck, LogDoc, told};

pub(super) const CHECK: LogCheck = LogCheck {
    doc: LogDoc {
        code: "LOG005",
        name: "column missing",
        severity: Severity::Warning,
        summary: "a column that the mapping names is not there",
        source: include_str!("log005_column_missing.rs"),
    },
    start: || told(LogNoteKind::ColumnMissing),
};
