//! ## What it does
//!
//! Reports a container that ends before it should: a file that was cut off, a chunk without its end, a missing footer.
//! Everything before the cut is kept.
//!
//! ## Why it matters
//!
//! The end of an episode is where success shows. An episode whose end is missing looks like one that stopped half-way, and a
//! policy trained on it learns to stop half-way.
//!
//! ## Example
//!
//! ```text
//! FMT001 the file ends in the middle of a chunk: 4096 bytes claimed, 1302 left
//!   --> run-0412.mcap, byte 104331
//! ```

use prairie_model::{Dimension, NoteKind, Severity};

use super::{at_end, report_notes};
use crate::check::{Check, CheckDoc, Family};

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "FMT001",
        name: "truncated",
        family: Family::Fmt,
        dimension: Dimension::Completeness,
        severity: Severity::Error,
        needs: &[],
        summary: "the container ends before it should",
        limits: &[],
        source: include_str!("fmt001_truncated.rs"),
    },
    start: |settings| {
        at_end(settings, |_, context, out| {
            out.applies();
            report_notes(context, &[NoteKind::Truncated], out, |_| Severity::Error);
        })
    },
};
