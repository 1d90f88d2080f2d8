//! ## What it does
//!
//! Reports bytes in the middle of the container that make no sense, so that what they held is lost.
//!
//! ## Why it matters
//!
//! What is lost is lost from every stream at once, and nobody knows what it showed. Corrupt bytes also mean a failing disk or
//! link, so the recordings beside this one deserve a look.
//!
//! ## Example
//!
//! ```text
//! FMT002 the chunk cannot be decompressed: 3 records are lost
//!   --> run-0412.mcap, byte 88120
//! ```

use prairie_model::{Dimension, NoteKind, Severity};

use super::{at_end, report_notes};
use crate::check::{Check, CheckDoc, Family};

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "FMT002",
        name: "corrupt bytes",
        family: Family::Fmt,
        dimension: Dimension::Completeness,
        severity: Severity::Error,
        needs: &[],
        summary: "bytes in the middle of the container make no sense",
        limits: &[],
        source: include_str!("fmt002_corrupt.rs"),
    },
    start: |settings| {
        at_end(settings, |_, context, out| {
            out.applies();
            report_notes(context, &[NoteKind::Corrupt], out, |_| Severity::Error);
        })
    },
};
