//! ## What it does
//!
//! Reports a missing index (as information: the whole file was read instead) and an index or summary that contradicts the
//! data (as a warning).
//!
//! ## Why it matters
//!
//! Without an index every look into the recording reads all of it. A wrong index sends other tools to the wrong bytes;
//! Prairie itself trusts the data.
//!
//! ## Example
//!
//! ```text
//! FMT004 the summary counts 18204 messages, the file holds 18190
//!   --> run-0412.mcap
//! ```

use prairie_model::{Dimension, NoteKind, Severity};

use super::{at_end, report_notes};
use crate::check::{Check, CheckDoc, Context, Family, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "FMT004",
        name: "index",
        family: Family::Fmt,
        dimension: Dimension::Completeness,
        severity: Severity::Warning,
        needs: &[],
        summary: "the index is missing, or claims what the data does not bear out",
        limits: &[],
        source: include_str!("fmt004_index.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(_: &Settings, context: &Context<'_>, out: &mut Outcome) {
    out.applies();
    report_notes(context, &[NoteKind::IndexMissing, NoteKind::IndexWrong], out, |note| match note.kind {
        NoteKind::IndexMissing => Severity::Info,
        _ => Severity::Warning,
    });
}
