//! Every check: one file, one line.

use prairie_model::{Note, NoteKind, Severity};

use crate::check::{Check, Context, Run, Settings};
use crate::outcome::Outcome;

mod fmt001_truncated;
mod fmt002_corrupt;
mod fmt011_empty;
mod sig001_nan;
mod sig005_limits;
mod tim001_backward;
mod tim002_repeated;
mod tim003_gap;
mod tim004_jitter;
mod tim005_dropped;

/// Every check, by code.
pub const CHECKS: &[&Check] = &[
    &fmt001_truncated::CHECK,
    &fmt002_corrupt::CHECK,
    &fmt011_empty::CHECK,
    &sig001_nan::CHECK,
    &sig005_limits::CHECK,
    &tim001_backward::CHECK,
    &tim002_repeated::CHECK,
    &tim003_gap::CHECK,
    &tim004_jitter::CHECK,
    &tim005_dropped::CHECK,
];

/// A check that needs nothing but what is known at the end.
struct AtEnd {
    settings: Settings,
    judge: fn(&Settings, &Context<'_>, &mut Outcome),
}

impl Run for AtEnd {
    fn finish(self: Box<Self>, context: &Context<'_>, out: &mut Outcome) {
        (self.judge)(&self.settings, context, out);
    }
}

/// Starts a check that needs nothing but what is known at the end.
fn at_end(settings: &Settings, judge: fn(&Settings, &Context<'_>, &mut Outcome)) -> Box<dyn Run> {
    Box::new(AtEnd { settings: settings.clone(), judge })
}

/// Reports each note of these kinds as it is, at a severity of at most what `severity` says of it.
fn report_notes(context: &Context<'_>, kinds: &[NoteKind], out: &mut Outcome, severity: impl Fn(&Note) -> Severity) {
    for note in context.notes(kinds) {
        report_note(note, out, severity(note));
    }
}

/// Reports a note as it is.
fn report_note(note: &Note, out: &mut Outcome, severity: Severity) {
    let mut report = out.report().at_most(severity);
    if let Some(stream) = &note.stream {
        report = report.stream(stream.clone());
    }
    report
        .maybe_span(note.span)
        .number(note.measured, note.limit)
        .place(note.file.clone(), note.offset)
        .message(note.text.clone());
}

/// `1 sample`, `2 samples`.
fn count(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}
