//! ## What it does
//!
//! Reports every chunk, section or file whose stored checksum differs from that of its bytes. Both numbers are in the
//! finding.
//!
//! ## Why it matters
//!
//! The bytes are not those that were written. What they say may still look like numbers, and that is worse than a hole:
//! nobody sees it.
//!
//! ## Example
//!
//! ```text
//! FMT003 the chunk's CRC is 5E7A2C10, its bytes give 5E7A2C11
//!   --> run-0412.mcap, byte 88120
//! ```

use prairie_model::{Dimension, NoteKind, Severity};

use super::{at_end, report_notes};
use crate::check::{Check, CheckDoc, Context, Family, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "FMT003",
        name: "checksum",
        family: Family::Fmt,
        dimension: Dimension::Completeness,
        severity: Severity::Error,
        needs: &[],
        summary: "a checksum differs from the bytes it covers",
        limits: &[],
        source: include_str!("fmt003_checksum.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(_: &Settings, context: &Context<'_>, out: &mut Outcome) {
    out.applies();
    report_notes(context, &[NoteKind::Checksum], out, |_| Severity::Error);
}
