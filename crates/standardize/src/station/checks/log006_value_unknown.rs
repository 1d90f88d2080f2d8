//! ## What it does
//!
//! Counts cells whose value means nothing that is known: an outcome that is none, a time that is no time, a number that is
//! none. What they stand for is unknown, and never guessed.
//!
//! ## Why it matters
//!
//! An unknown outcome is not a good one. If the values mean something, say so in the mapping: `values.outcome.OK =
//! "success"`.
//!
//! ## Example
//!
//! ```text
//! LOG006 17 rows of `units.csv` where `outcome` is not understood, the first is row 17 (`okay?`)
//! ```

use prairie_model::{LogNoteKind, Severity};

use super::{LogCheck, LogDoc, told};

pub(super) const CHECK: LogCheck = LogCheck {
    doc: LogDoc {
        code: "LOG006",
        name: "value unknown",
        severity: Severity::Warning,
        summary: "values could not be understood",
        source: include_str!("log006_value_unknown.rs"),
    },
    start: || told(LogNoteKind::ValueUnknown),
};
