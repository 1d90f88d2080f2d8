//! ## What it does
//!
//! Counts pairs of samples that lie further apart than `gap_max_s` of the mapping, two and a half periods where it says
//! nothing. An event or a mode ends there; a unit goes on.
//!
//! ## Why it matters
//!
//! What happened in between was not recorded, and may have been a stop, a hand, or nothing. A mode in the gap is unknown,
//! and unknown does not count as autonomous.
//!
//! ## Example
//!
//! ```text
//! LOG011 3 gaps between samples of `ur3.csv`, the first before row 1095 (`9.0 s after the sample before it`)
//! ```

use prairie_model::{LogNoteKind, Severity};

use super::{LogCheck, LogDoc, told};

pub(super) const CHECK: LogCheck = LogCheck {
    doc: LogDoc {
        code: "LOG011",
        name: "samples missing",
        severity: Severity::Warning,
        summary: "samples are missing between others",
        source: include_str!("log011_samples_missing.rs"),
    },
    start: || told(LogNoteKind::SamplesMissing),
};
