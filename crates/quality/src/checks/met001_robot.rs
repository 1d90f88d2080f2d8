//! ## What it does
//!
//! Reports an episode that names neither its robot nor its robot's type. Episodes of people without a robot are passed
//! over.
//!
//! ## Why it matters
//!
//! Whoever does not know the robot cannot know its joints, limits and frames. Numbers of two robots are not the same
//! numbers.
//!
//! ## Example
//!
//! ```text
//! MET001 neither the robot nor its type is known
//! ```

use prairie_model::{Dimension, Mode, Severity};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "MET001",
        name: "robot",
        family: Family::Met,
        dimension: Dimension::Authenticity,
        severity: Severity::Warning,
        needs: &[],
        summary: "nobody says which robot it was",
        limits: &[],
        source: include_str!("met001_robot.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(_: &Settings, context: &Context<'_>, out: &mut Outcome) {
    let episode = &context.facts.episode.episode;
    if episode.mode == Mode::Human {
        return;
    }
    if episode.robot.is_some() || episode.robot_type.is_some() {
        out.applies();
    } else {
        out.unknown("the source does not say which robot it was");
        out.report().message("neither the robot nor its type is known");
    }
}
