//! ## What it does
//!
//! Reports streams of joints or actions with several elements and without their names. Where a mapping has the robot's description:
//! elements that got their names from it, or that it does not know, and as information those that the recording spells otherwise.
//!
//! ## Why it matters
//!
//! Twenty-six numbers without names fit only the robot and the week they were recorded with. Joined with another set, elbow
//! is added to wrist.
//!
//! ## Example
//!
//! ```text
//! MET010 the 26 elements of `observation.state` have no names
//! ```

use prairie_model::{Dimension, NoteKind, Severity, StreamKind};

use super::{at_end, report_notes};
use crate::check::{Check, CheckDoc, Context, Family, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "MET010",
        name: "names of elements",
        family: Family::Met,
        dimension: Dimension::Extensibility,
        severity: Severity::Warning,
        needs: &[],
        summary: "nobody says which element of a vector is what",
        limits: &[],
        source: include_str!("met010_names.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(_: &Settings, context: &Context<'_>, out: &mut Outcome) {
    report_notes(context, &[NoteKind::NamesReconciled], out, |_| Severity::Info);
    report_notes(context, &[NoteKind::NamesAssumed], out, |_| Severity::Warning);
    for kind in [StreamKind::JointState, StreamKind::Action] {
        for (_, seen, track) in context.scene.tracks(kind).filter(|(_, _, track)| track.width > 1) {
            out.applies();
            if seen.stream.names.is_empty() {
                out.unknown(format!("the elements of `{}` have no names", seen.name));
                let report = out.report().stream(&seen.name);
                report.message(format!("the {} elements of `{}` have no names", track.width, seen.name));
            }
        }
    }
}
