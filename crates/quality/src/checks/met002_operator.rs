//! ## What it does
//!
//! Reports an episode that a person commanded or helped with, or that may have been, without the operator's pseudonym.
//! Autonomous and scripted episodes have no operator.
//!
//! ## Why it matters
//!
//! Operators differ in speed and in care more than robots do. Without a pseudonym nobody can balance a dataset over people,
//! or leave one person out to see whether a policy learned the task or the hand.
//!
//! ## Example
//!
//! ```text
//! MET002 the operator of a teleoperated episode is unknown
//! ```

use prairie_model::{Dimension, Mode, Severity};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "MET002",
        name: "operator",
        family: Family::Met,
        dimension: Dimension::Authenticity,
        severity: Severity::Info,
        needs: &[],
        summary: "nobody says who was in command",
        limits: &[],
        source: include_str!("met002_operator.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(_: &Settings, context: &Context<'_>, out: &mut Outcome) {
    let episode = &context.facts.episode.episode;
    if matches!(episode.mode, Mode::Autonomous | Mode::Scripted) {
        return;
    }
    if episode.operator.is_some() {
        out.applies();
    } else {
        out.unknown("the source does not say who the operator was");
        out.report().message(match episode.mode {
            Mode::Unknown => "the mode is unknown, and so is the operator".to_owned(),
            mode => format!("the operator of an episode in {} mode is unknown", mode.name()),
        });
    }
}
