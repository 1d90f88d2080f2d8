//! ## What it does
//!
//! Reports an episode whose mode (autonomous, assisted, teleoperated, scripted, human) is unknown.
//!
//! ## Why it matters
//!
//! A demonstration by a person and a rollout of a policy teach different things, and only one of them proves that a robot
//! works. What is not known to be autonomous never counts as such.
//!
//! ## Example
//!
//! ```text
//! MET009 the mode is unknown: it does not count as autonomous
//! ```

use prairie_model::{Dimension, Mode, Severity};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "MET009",
        name: "mode",
        family: Family::Met,
        dimension: Dimension::Authenticity,
        severity: Severity::Info,
        needs: &[],
        summary: "nobody says whether a person or the robot was in command",
        limits: &[],
        source: include_str!("met009_mode.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(_: &Settings, context: &Context<'_>, out: &mut Outcome) {
    if context.facts.episode.episode.mode == Mode::Unknown {
        out.unknown("the source does not say who was in command");
        out.report().message("the mode is unknown: it does not count as autonomous");
    } else {
        out.applies();
    }
}
