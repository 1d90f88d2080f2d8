//! ## What it does
//!
//! Reports explicit values of the source, such as an outcome or a mode, that could not be understood and are unknown
//! therefore.
//!
//! ## Why it matters
//!
//! The knowledge is there and gets lost on the way. A line in the mapping file saves it.
//!
//! ## Example
//!
//! ```text
//! MET008 the outcome `ok-ish` is none of success, partial, failure, aborted
//! ```

use prairie_model::{Dimension, NoteKind, Severity};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "MET008",
        name: "values not understood",
        family: Family::Met,
        dimension: Dimension::Extensibility,
        severity: Severity::Warning,
        needs: &[],
        summary: "the source says something that could not be understood",
        limits: &[],
        source: include_str!("met008_values.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(_: &Settings, context: &Context<'_>, out: &mut Outcome) {
    out.applies();
    for note in context.notes(&[NoteKind::ValueUnknown]) {
        out.unknown("a value of the source could not be understood");
        super::report_note(note, out, Severity::Warning);
    }
}
