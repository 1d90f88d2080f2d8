//! ## What it does
//!
//! Compares rows, frames and messages with what the metadata claims. For this episode a difference of more than
//! `difference_share_max` is an error; a smaller one, or one of the recording as a whole, is a warning.
//!
//! ## Why it matters
//!
//! In three of eight public sets the number of frames differs between table and video: from the first missing frame on,
//! every picture belongs to another row. Metadata that claims more than there is also inflates what a set is said to be
//! worth.
//!
//! ## Example
//!
//! ```text
//! FMT010 the metadata claims 412 rows, the table has 398 (3.4 %, limit 2.0 %)
//! ```

use prairie_model::{Dimension, NoteKind, Severity};

use super::{about_episode, at_end, report_note};
use crate::check::{Check, CheckDoc, Context, Family, Limit, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "FMT010",
        name: "count mismatch",
        family: Family::Fmt,
        dimension: Dimension::Consistency,
        severity: Severity::Error,
        needs: &[],
        summary: "counts differ from what the metadata claims",
        limits: &[Limit {
            key: "difference_share_max",
            default: 0.02,
            unit: "",
            meaning: "difference between found and claimed, as a share of the claim",
        }],
        source: include_str!("fmt010_count.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(settings: &Settings, context: &Context<'_>, out: &mut Outcome) {
    out.applies();
    let limit = settings.limit("difference_share_max");
    for note in context.notes(&[NoteKind::CountMismatch]) {
        let far = match (note.measured, note.limit) {
            (Some(found), Some(claimed)) => (found - claimed).abs() > limit * claimed.abs().max(1.0),
            // How far apart they are is unknown: the worse is assumed.
            _ => true,
        };
        let severity = if far && about_episode(context, note) { Severity::Error } else { Severity::Warning };
        report_note(note, out, severity);
    }
}
