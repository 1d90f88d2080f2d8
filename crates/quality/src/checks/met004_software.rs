//! ## What it does
//!
//! Reports an episode without the hash or version of the software that ran on the robot.
//!
//! ## Why it matters
//!
//! A controller that was changed between two episodes changes what an action means. And a verdict on a policy is worth
//! nothing without knowing which policy it was.
//!
//! ## Example
//!
//! ```text
//! MET004 the software that ran is unknown
//! ```

use prairie_model::{Dimension, Severity};

use super::at_end;
use crate::check::{Check, CheckDoc, Context, Family, Settings};
use crate::outcome::Outcome;

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "MET004",
        name: "software",
        family: Family::Met,
        dimension: Dimension::Authenticity,
        severity: Severity::Info,
        needs: &[],
        summary: "nobody says which software ran",
        limits: &[],
        source: include_str!("met004_software.rs"),
    },
    start: |settings| at_end(settings, judge),
};

fn judge(_: &Settings, context: &Context<'_>, out: &mut Outcome) {
    if context.facts.episode.episode.software.is_some() {
        out.applies();
    } else {
        out.unknown("the source does not say which software ran");
        out.report().message("the software that ran is unknown");
    }
}
