//! # What it does
//!
//! Logged observations of some units are put through the attested release again, with the logged seed, and the actions are
//! compared with the logged ones. A unit of which fewer than 99.9 % of the steps match was not moved by that release: it counts
//! as teleoperated, and is not good where autonomy counts. That more than 1 % of units are of that kind must be ruled out at
//! 95 %, which takes 299 units without a mismatch.
//!
//! # What it can show
//!
//! That what moved the robot is what was attested: no person, no other program, no other version.
//!
//! # What it cannot show
//!
//! That the observations themselves are those of the station. A release that waits for a person's advice as one of its inputs
//! matches too.
//!
//! # Example
//!
//! ```text
//! reexecution  fail  22 of 340 units do not match the attested release, at least 4.4 % (limit 1.0 %)
//! ```

use super::{Control, Found, needed, percent, ruled_out, share};
use crate::endpoint::Case;
use crate::verdict::Decision;

/// Actions computed again.
#[derive(Debug)]
pub(super) struct Reexecution;

impl Control for Reexecution {
    fn name(&self) -> &'static str {
        "reexecution"
    }

    fn summary(&self) -> &'static str {
        "the attested release gives the logged actions again"
    }

    fn source(&self) -> &'static str {
        include_str!("reexecution.rs")
    }

    fn failing(&self) -> Decision {
        Decision::Reject
    }

    fn look(&self, case: &Case<'_>) -> Found {
        let limits = &case.frozen.protocol.controls.reexecution;
        let (mut units, mut mismatched, mut steps, mut matched) = (0, 0, 0, 0);
        for audit in case.robot.iter().map(|sums| sums.witness.audit) {
            units += audit.reexecuted;
            mismatched += audit.mismatched;
            steps += audit.steps;
            matched += audit.matched;
        }
        let missing = format!("{} units computed again by the attested release", needed(limits.mismatched_max));
        if units == 0 {
            return Found::unknown("no unit was computed again by the attested release").missing(missing);
        }
        let (state, upper) = ruled_out(mismatched, units, limits.mismatched_max);
        Found::of(
            state,
            format!(
                "{mismatched} of {units} units do not match the attested release, at most {} at 95.0 % (limit {}); {:.4} % of {steps} steps match",
                percent(upper),
                percent(limits.mismatched_max),
                100.0 * share(matched, steps)
            ),
        )
        .count("units", units)
        .count("mismatched", mismatched)
        .count("steps", steps)
        .number("matched", share(matched, steps))
        .number("upper", upper)
        .limit(limits.mismatched_max)
        .missing(missing)
    }
}
