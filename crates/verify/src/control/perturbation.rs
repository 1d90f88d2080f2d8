//! ## What it does
//!
//! An auditor moves a part or a fixture, swaps an object, nudges the robot, at times that nobody announced. At least 30
//! challenges are asked; the exact lower bound of good units under challenge must reach 80 % at 95 %, and fails where the upper
//! bound is below. A challenge after which no unit was logged was not met.
//!
//! ## What it can show
//!
//! That movements answer to what is there: a recorded movement misses a part that lies elsewhere.
//!
//! ## What it cannot show
//!
//! Who answers: a person who steers from afar sees the moved part too. That is what `uplink_cut` and `reexecution` are for.
//!
//! ## Example
//!
//! ```text
//! perturbation  fail  4 of 36 units under challenge are good, at most 24.2 % (at least 80.0 % asked)
//! ```

use super::{Control, ControlState, Found, percent};
use crate::bound::{Confidence, Side};
use crate::endpoint::Case;
use crate::stats::proportion::clopper_pearson;
use crate::verdict::Decision;

/// Challenges.
#[derive(Debug)]
pub(super) struct Perturbation;

impl Control for Perturbation {
    fn name(&self) -> &'static str {
        "perturbation"
    }

    fn summary(&self) -> &'static str {
        "units under challenge are good: movements answer to what is there"
    }

    fn source(&self) -> &'static str {
        include_str!("perturbation.rs")
    }

    fn failing(&self) -> Decision {
        Decision::Reject
    }

    fn look(&self, case: &Case<'_>) -> Found {
        let limits = &case.frozen.protocol.controls.perturbation;
        let (all, good) = case
            .robot
            .iter()
            .fold((0, 0), |sum, sums| (sum.0 + sums.witness.challenged, sum.1 + sums.witness.challenged_good));
        let missing =
            format!("{} challenges, with a lower bound of {}", limits.challenges_min, percent(limits.at_least));
        if all == 0 {
            return Found::unknown("nothing was moved on purpose").missing(missing);
        }
        let bound = |side| clopper_pearson(good, all, Confidence::USUAL, side).ok();
        let lower = bound(Side::Lower).and_then(|interval| interval.lower).unwrap_or(0.0);
        let upper = bound(Side::Upper).and_then(|interval| interval.upper).unwrap_or(1.0);
        let state = if upper < limits.at_least {
            ControlState::Fail
        } else if all >= u64::from(limits.challenges_min) && lower >= limits.at_least {
            ControlState::Pass
        } else {
            ControlState::Unknown
        };
        Found::of(
            state,
            format!(
                "{good} of {all} units under challenge are good, between {} and {} at 95.0 % (at least {} asked, of {} challenges)",
                percent(lower),
                percent(upper),
                percent(limits.at_least),
                limits.challenges_min
            ),
        )
        .count("challenges", all)
        .count("good", good)
        .number("lower", lower)
        .number("upper", upper)
        .limit(limits.at_least)
        .missing(missing)
    }
}
