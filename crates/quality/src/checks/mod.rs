//! Every check: one file, one line.

use prairie_model::{Note, NoteKind, Severity, StreamKind};

use crate::check::{Check, Context, Run, Settings};
use crate::outcome::Outcome;

mod act001_lag;
mod act002_tracking;
mod act003_noop;
mod act004_idle;
mod act005_chatter;
mod act006_frozen_state;
mod act007_copied;
mod act008_representation;
mod con001_onset;
mod con002_contact;
mod con003_drift;
mod con004_dead_taxels;
mod dup001_exact;
mod dup002_near;
mod fmt001_truncated;
mod fmt002_corrupt;
mod fmt003_checksum;
mod fmt004_index;
mod fmt005_schema;
mod fmt006_undecodable;
mod fmt007_unmapped;
mod fmt008_tally;
mod fmt009_file_missing;
mod fmt010_count;
mod fmt011_empty;
mod fmt012_trailing;
mod met001_robot;
mod met002_operator;
mod met003_station;
mod met004_software;
mod met005_calibration;
mod met006_rights;
mod met007_consent;
mod met008_values;
mod met009_mode;
mod met010_names;
mod prv001_place;
mod prv002_names;
mod sig001_nan;
mod sig002_stuck;
mod sig003_saturated;
mod sig004_clipped;
mod sig005_limits;
mod sig006_spikes;
mod sig007_unit;
mod sig008_quaternion;
mod sig009_jumps;
mod sig010_ragged;
mod sig011_speed;
mod tim001_backward;
mod tim002_repeated;
mod tim003_gap;
mod tim004_jitter;
mod tim005_dropped;
mod tim006_rate;
mod tim007_clock;
mod tim008_edges;
mod tim009_offset;
mod tim010_invalid;
mod tsk001_task;
mod tsk002_outcome;
mod tsk003_duration;
mod tsk004_end;
mod tsk005_segments;
mod vid001_frozen;
mod vid002_exposure;
mod vid003_blur;
mod vid004_undecodable;
mod vid005_count;
mod vid006_change;
mod vid007_gop;

/// Every check, by code.
pub const CHECKS: &[&Check] = &[
    &act001_lag::CHECK,
    &act002_tracking::CHECK,
    &act003_noop::CHECK,
    &act004_idle::CHECK,
    &act005_chatter::CHECK,
    &act006_frozen_state::CHECK,
    &act007_copied::CHECK,
    &act008_representation::CHECK,
    &con001_onset::CHECK,
    &con002_contact::CHECK,
    &con003_drift::CHECK,
    &con004_dead_taxels::CHECK,
    &dup001_exact::CHECK,
    &dup002_near::CHECK,
    &fmt001_truncated::CHECK,
    &fmt002_corrupt::CHECK,
    &fmt003_checksum::CHECK,
    &fmt004_index::CHECK,
    &fmt005_schema::CHECK,
    &fmt006_undecodable::CHECK,
    &fmt007_unmapped::CHECK,
    &fmt008_tally::CHECK,
    &fmt009_file_missing::CHECK,
    &fmt010_count::CHECK,
    &fmt011_empty::CHECK,
    &fmt012_trailing::CHECK,
    &met001_robot::CHECK,
    &met002_operator::CHECK,
    &met003_station::CHECK,
    &met004_software::CHECK,
    &met005_calibration::CHECK,
    &met006_rights::CHECK,
    &met007_consent::CHECK,
    &met008_values::CHECK,
    &met009_mode::CHECK,
    &met010_names::CHECK,
    &prv001_place::CHECK,
    &prv002_names::CHECK,
    &sig001_nan::CHECK,
    &sig002_stuck::CHECK,
    &sig003_saturated::CHECK,
    &sig004_clipped::CHECK,
    &sig005_limits::CHECK,
    &sig006_spikes::CHECK,
    &sig007_unit::CHECK,
    &sig008_quaternion::CHECK,
    &sig009_jumps::CHECK,
    &sig010_ragged::CHECK,
    &sig011_speed::CHECK,
    &tim001_backward::CHECK,
    &tim002_repeated::CHECK,
    &tim003_gap::CHECK,
    &tim004_jitter::CHECK,
    &tim005_dropped::CHECK,
    &tim006_rate::CHECK,
    &tim007_clock::CHECK,
    &tim008_edges::CHECK,
    &tim009_offset::CHECK,
    &tim010_invalid::CHECK,
    &tsk001_task::CHECK,
    &tsk002_outcome::CHECK,
    &tsk003_duration::CHECK,
    &tsk004_end::CHECK,
    &tsk005_segments::CHECK,
    &vid001_frozen::CHECK,
    &vid002_exposure::CHECK,
    &vid003_blur::CHECK,
    &vid004_undecodable::CHECK,
    &vid005_count::CHECK,
    &vid006_change::CHECK,
    &vid007_gop::CHECK,
];

/// The check that looks for any sample at all.
pub(crate) const EMPTY: &Check = &fmt011_empty::CHECK;

/// The check that looks for almost the same movement.
pub(crate) const NEAR: &Check = &dup002_near::CHECK;

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

/// Whether a note is about this episode, rather than about the recording as a whole.
fn about_episode(context: &Context<'_>, note: &Note) -> bool {
    note.episode.is_some() || context.facts.episode.notes.iter().any(|own| std::ptr::eq(own, note))
}

/// The repair that drops this stream, if it is a camera and not the only one.
fn drop_camera(context: &Context<'_>, stream: &str) -> Option<String> {
    let cameras: Vec<_> =
        context.facts.episode.streams.iter().filter(|other| other.kind.is_some_and(StreamKind::is_picture)).collect();
    let is_camera = cameras.iter().any(|camera| camera.name == stream);
    (is_camera && cameras.len() > 1).then(|| format!("drop_stream:{stream}"))
}

/// Why a check of pixels is unknown where nobody decoded them.
pub const NOT_DECODED: &str = "video was not decoded";

/// Whether there are pictures of these kinds to judge. Where they were not decoded, or none of a stream could be, the check is
/// unknown.
fn pixels(
    context: &Context<'_>,
    out: &mut Outcome,
    concerns: impl Fn(StreamKind) -> bool,
    decoded: impl Fn(&str) -> bool,
) -> bool {
    let checked = context.facts.video_checked;
    let mut any = false;
    for (_, seen) in context.scene.streams().filter(|(_, seen)| concerns(seen.kind)) {
        any = true;
        if !checked {
            out.unknown(NOT_DECODED);
        } else if decoded(&seen.name) {
            out.applies();
        } else {
            out.unknown(format!("no picture of `{}` could be decoded", seen.name));
        }
    }
    any && checked
}
