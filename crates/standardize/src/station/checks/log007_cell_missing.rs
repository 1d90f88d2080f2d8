//! ## What it does
//!
//! Counts cells that are empty in a column of facts: start, end, outcome, mode, attempts, the kind and time of an event, a
//! counter's total, a condition. The worker of a robot's unit and the robot of a person's are not expected.
//!
//! ## Why it matters
//!
//! What is empty is unknown, not zero and not the value of the row above it. A unit of unknown outcome counts among all and
//! not among the good ones.
//!
//! ## Example
//!
//! ```text
//! LOG007 16 rows of `ur3.csv` where `Robot_ProtectiveStop` is empty, the first is row 814
//! ```

use prairie_model::{LogNoteKind, Severity};

use super::{LogCheck, LogDoc, told};

pub(super) const CHECK: LogCheck = LogCheck {
    doc: LogDoc {
        code: "LOG007",
        name: "cell missing",
        severity: Severity::Warning,
        summary: "cells are empty where a fact is expected",
        source: include_str!("log007_cell_missing.rs"),
    },
    start: || told(LogNoteKind::CellMissing),
};
