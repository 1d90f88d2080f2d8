//! ## What it does
//!
//! Counts times that are no times: zero or negative stamps in a dated recording, and dates before 2000 or after 2200.
//! Stamps that the standardizer replaced by the time of recording are a warning.
//!
//! ## Why it matters
//!
//! A clock that was never set counts from 1970. Such an episode cannot be joined with station logs, shifts or calibrations
//! by time, and what is sorted by time puts it first, forever.
//!
//! ## Example
//!
//! ```text
//! TIM010 `/joint_states` starts in the year 1970 of a recording that is dated
//! ```

use prairie_model::{Dimension, NoteKind, Severity};

use super::{at_end, report_notes};
use crate::check::{Check, CheckDoc, Context, Family, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "TIM010",
        name: "invalid times",
        family: Family::Tim,
        dimension: Dimension::Consistency,
        severity: Severity::Error,
        needs: &[],
        summary: "times are zero, negative, or of another century",
        limits: &[],
        source: include_str!("tim010_invalid.rs"),
    },
    start: |settings| at_end(settings, judge),
};

/// 2000-01-01 and 2200-01-01 in nanoseconds since 1970.
const SENSIBLE_NS: std::ops::Range<i64> = 946_684_800_000_000_000..7_258_118_400_000_000_000;

fn judge(_: &Settings, context: &Context<'_>, out: &mut Outcome) {
    report_notes(context, &[NoteKind::TimeInvalid], out, |_| Severity::Warning);
    for (_, seen) in context.scene.streams() {
        out.applies();
        let (Some(first), Some(last)) = (seen.rate.first, seen.rate.last) else { continue };
        if context.facts.episode.episode.dated && !(SENSIBLE_NS.contains(&first) && SENSIBLE_NS.contains(&last)) {
            out.report().stream(&seen.name).span(first, last).message(format!(
                "the times of `{}` go from {first} to {last} ns since 1970, which is no time of this recording",
                seen.name
            ));
        }
    }
}
