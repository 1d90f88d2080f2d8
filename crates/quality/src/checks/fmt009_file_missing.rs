//! ## What it does
//!
//! Reports files that the recording's metadata names and that are absent. A missing file of this episode, such as one
//! camera's video, is an error that dropping that stream would cure; one of the recording as a whole is a warning.
//!
//! ## Why it matters
//!
//! Partial uploads are the most common damage of public data sets. Without this check a policy is trained on an episode
//! that has lost its eyes.
//!
//! ## Example
//!
//! ```text
//! FMT009 `videos/chunk-000/observation.images.head/episode_000007.mp4` is not there
//! ```

use prairie_model::{Dimension, NoteKind, Severity};

use super::{about_episode, at_end};
use crate::check::{Check, CheckDoc, Context, Family, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "FMT009",
        name: "file missing",
        family: Family::Fmt,
        dimension: Dimension::Completeness,
        severity: Severity::Error,
        needs: &[],
        summary: "a file that the metadata names is not there",
        limits: &[],
        source: include_str!("fmt009_file_missing.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(_: &Settings, context: &Context<'_>, out: &mut Outcome) {
    out.applies();
    for note in context.notes(&[NoteKind::FileMissing]) {
        let severity = if about_episode(context, note) { Severity::Error } else { Severity::Warning };
        let mut report = out.report().at_most(severity).place(note.file.clone(), note.offset);
        if let Some(stream) = &note.stream {
            report = report.stream(stream.clone()).cure(format!("drop_stream:{stream}"));
        }
        report.maybe_span(note.span).number(note.measured, note.limit).message(note.text.clone());
    }
}
