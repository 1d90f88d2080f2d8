//! ## What it does
//!
//! Compares the hash over the logical rows of the episode with those of episodes that were there before it: of other recordings,
//! and before it in its own. Frames count by their bytes, wherever they lie and however their chunks are compressed. It does not
//! apply to an episode in which nothing but the time changes: two robots at rest are no copies of each other. Without a store,
//! the recordings that are checked in one call are compared with each other, and where there is no copy the answer is unknown.
//!
//! ## Why it matters
//!
//! An episode that is there twice counts twice: in the hours that are paid for, and in what a policy learns. If one copy is
//! in the training set and the other in the test set, the test is worth nothing.
//!
//! ## Example
//!
//! ```text
//! DUP001 its rows are those of episode 3f2a...: it counts once
//! ```

use prairie_model::{Dimension, Severity};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Need, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "DUP001",
        name: "exact duplicate",
        family: Family::Dup,
        dimension: Dimension::Authenticity,
        severity: Severity::Warning,
        needs: &[Need::History],
        summary: "the same episode is there already",
        limits: &[],
        source: include_str!("dup001_exact.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(_: &Settings, context: &Context<'_>, out: &mut Outcome) {
    let facts = context.facts;
    let Some(content) = facts.content else { return };
    if !facts.history.known {
        out.unknown("nobody looked at earlier episodes");
    } else {
        out.applies();
    }
    if let Some(earlier) = facts.history.contents.get(&content) {
        out.report().message(format!("its rows are those of episode `{earlier}`: it counts once"));
    }
}
