//! ## What it does
//!
//! Reports channels that name a schema which the recording does not hold, or which cannot be parsed. Their messages are
//! kept and counted, and become no stream.
//!
//! ## Why it matters
//!
//! Without its schema a message is bytes. Whoever recorded it can still add the schema; in a year nobody can.
//!
//! ## Example
//!
//! ```text
//! FMT005 `/custom/state` names the schema `acme_msgs/State`, which the file does not hold
//! ```

use prairie_model::{Dimension, NoteKind, Severity};

use super::{at_end, report_notes};
use crate::check::{Check, CheckDoc, Context, Family, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "FMT005",
        name: "schema",
        family: Family::Fmt,
        dimension: Dimension::Extensibility,
        severity: Severity::Warning,
        needs: &[],
        summary: "a channel has no schema that can be read",
        limits: &[],
        source: include_str!("fmt005_schema.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(_: &Settings, context: &Context<'_>, out: &mut Outcome) {
    out.applies();
    report_notes(context, &[NoteKind::SchemaMissing], out, |_| Severity::Warning);
}
