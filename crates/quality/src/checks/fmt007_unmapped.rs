//! ## What it does
//!
//! Names the channels whose messages no mapping takes. They stay in the recording and in the counts, and become no stream.
//!
//! ## Why it matters
//!
//! A stream that is not mapped is not in any dataset. A mapping file of a few lines often makes it one.
//!
//! ## Example
//!
//! ```text
//! FMT007 no mapping takes the 412 messages of `/diagnostics` (`diagnostic_msgs/msg/DiagnosticArray`)
//! ```

use prairie_model::{Dimension, NoteKind, Severity};

use super::{at_end, report_notes};
use crate::check::{Check, CheckDoc, Context, Family, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "FMT007",
        name: "unmapped streams",
        family: Family::Fmt,
        dimension: Dimension::Extensibility,
        severity: Severity::Info,
        needs: &[],
        summary: "messages are of a type that no mapping takes",
        limits: &[],
        source: include_str!("fmt007_unmapped.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(_: &Settings, context: &Context<'_>, out: &mut Outcome) {
    out.applies();
    report_notes(context, &[NoteKind::Unmapped], out, |_| Severity::Info);
}
