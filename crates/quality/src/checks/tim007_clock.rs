//! ## What it does
//!
//! Judges how the stamps of sensors relate to the times of recording. Stamps that no constant offset explains, so that the
//! time of recording is used instead, are a warning; fewer than 16 samples, which prove nothing, an information. Stamps that drift against the recording are an error above
//! `drift_max_s`, else an information.
//!
//! ## Why it matters
//!
//! Two clocks that drift apart by 10 ms in an episode shift force against vision by more than the duration of a contact.
//! The time of recording includes delays of the network, so what is aligned by it is aligned only roughly.
//!
//! ## Example
//!
//! ```text
//! TIM007 the stamps of `/camera/wrist` drift by 0.0312 s against the recording (limit 0.0100 s)
//! ```

use prairie_model::{Dimension, Note, NoteKind, Severity};

use super::{at_end, report_note};
use crate::check::{Check, CheckDoc, Context, Family, Limit, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "TIM007",
        name: "clock",
        family: Family::Tim,
        dimension: Dimension::Consistency,
        severity: Severity::Error,
        needs: &[],
        summary: "the clocks of sensor and recorder disagree",
        limits: &[Limit {
            key: "drift_max_s",
            default: 0.01,
            unit: "s",
            meaning: "how far stamps may drift against the recording over an episode",
        }],
        source: include_str!("tim007_clock.rs"),
    },
    start: |settings| at_end(settings, judge),
};

/// Whether the numbers of a note about an unproven clock are samples, of which there are too few, rather than seconds.
fn counts_samples(note: &Note) -> bool {
    note.limit.is_some_and(|limit| limit >= 1.0)
}

fn judge(settings: &Settings, context: &Context<'_>, out: &mut Outcome) {
    if context.scene.streams().next().is_some() {
        out.applies();
    }
    let limit = settings.limit("drift_max_s");
    for note in context.notes(&[NoteKind::ClockUnproven, NoteKind::ClockDrift]) {
        let severity = match (note.kind, note.measured) {
            // Few samples are no fault: a topic that speaks twice can prove nothing. What it says is on log time all the same.
            (NoteKind::ClockUnproven, _) if counts_samples(note) => Severity::Info,
            (NoteKind::ClockUnproven, _) => Severity::Warning,
            (_, Some(drift_s)) if drift_s.abs() <= limit => Severity::Info,
            _ => Severity::Error,
        };
        let mut note = note.clone();
        if note.kind == NoteKind::ClockDrift {
            note.limit = Some(limit);
        }
        report_note(&note, out, severity);
    }
}
