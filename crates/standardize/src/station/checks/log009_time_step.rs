//! ## What it does
//!
//! Counts units that begin before the unit in the row above them. The order of rows is not used for anything else.
//!
//! ## Why it matters
//!
//! A clock that is set back repeats an hour of work and merges two takts into one; rows that were put in later are where a
//! log is edited. Logs of several robots in one file are sorted by robot and step once per robot.
//!
//! ## Example
//!
//! ```text
//! LOG009 1 row of `units.csv` begins before the row above it, the first is row 118
//! ```

use prairie_model::{LogNoteKind, Severity};

use super::{LogCheck, LogDoc, told};

pub(super) const CHECK: LogCheck = LogCheck {
    doc: LogDoc {
        code: "LOG009",
        name: "time step",
        severity: Severity::Warning,
        summary: "rows begin before the row above them",
        source: include_str!("log009_time_step.rs"),
    },
    start: || told(LogNoteKind::TimeStep),
};
