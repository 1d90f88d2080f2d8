//! ## What it does
//!
//! Reports an episode whose outcome is unknown. A failure is an outcome: failed episodes are good data, as long as they are
//! labelled.
//!
//! ## Why it matters
//!
//! Whoever cannot tell failures from successes trains on both alike. And a success rate over episodes with unknown outcome
//! is a guess.
//!
//! ## Example
//!
//! ```text
//! TSK002 the outcome is unknown: it counts neither as a success nor as a failure
//! ```

use prairie_model::{Dimension, Outcome as End, Severity};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "TSK002",
        name: "outcome",
        family: Family::Tsk,
        dimension: Dimension::Practicality,
        severity: Severity::Info,
        needs: &[],
        summary: "nobody says how the attempt ended",
        limits: &[],
        source: include_str!("tsk002_outcome.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(_: &Settings, context: &Context<'_>, out: &mut Outcome) {
    match context.facts.episode.episode.outcome {
        End::Unknown => {
            out.unknown("the source does not say how the attempt ended");
            out.report().message("the outcome is unknown: it counts neither as a success nor as a failure");
        }
        _ => out.applies(),
    }
}
