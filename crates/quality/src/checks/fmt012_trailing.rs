//! ## What it does
//!
//! Reports bytes behind the end of the container: another file that was put behind it, or what is no recording at all.
//!
//! ## Why it matters
//!
//! Most tools stop at the end, or look for the index at the end of all bytes and find the wrong one: with them, half of such a
//! file is lost in silence. Prairie reads a recording that stands behind another one, and cannot tell what anything else is.
//!
//! ## Example
//!
//! ```text
//! FMT012 4096 bytes follow the end of the file and are no MCAP: 00 00 00 00 00 00 00 00
//!   --> run-0412.mcap, byte 88120
//! ```

use prairie_model::{Dimension, NoteKind, Severity};

use super::{at_end, report_notes};
use crate::check::{Check, CheckDoc, Family};

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "FMT012",
        name: "trailing bytes",
        family: Family::Fmt,
        dimension: Dimension::Consistency,
        severity: Severity::Warning,
        needs: &[],
        summary: "bytes follow the end of the container",
        limits: &[],
        source: include_str!("fmt012_trailing.rs"),
    },
    start: |settings| {
        at_end(settings, |_, context, out| {
            out.applies();
            report_notes(context, &[NoteKind::Trailing], out, |_| Severity::Warning);
        })
    },
};
