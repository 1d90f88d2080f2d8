//! ## What it does
//!
//! Reports a file that the mapping names and the log's folder does not hold. The other files are read.
//!
//! ## Why it matters
//!
//! A log without its events looks like a station without faults, and one without its counter cannot be checked by anybody.
//! The verdict treats what is missing as unknown; this finding says why it is.
//!
//! ## Example
//!
//! ```text
//! LOG001 `events.csv` is not there
//! ```

use prairie_model::{LogNoteKind, Severity};

use super::{LogCheck, LogDoc, told};

pub(super) const CHECK: LogCheck = LogCheck {
    doc: LogDoc {
        code: "LOG001",
        name: "file missing",
        severity: Severity::Error,
        summary: "a file that the mapping names is not there",
        source: include_str!("log001_file_missing.rs"),
    },
    start: || told(LogNoteKind::FileMissing),
};
