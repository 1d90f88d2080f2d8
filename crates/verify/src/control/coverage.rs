//! # What it does
//!
//! Adds up the scheduled time in which the recorder's heartbeat arrived; at least 99.5 % is asked. It also asks whether gaps
//! begin within ten minutes after an intervention, a fault or a stop more often than those minutes are long: the exact
//! binomial probability of as many.
//!
//! # What it can show
//!
//! That the recorder was on, and did not look away when something had gone wrong.
//!
//! # What it cannot show
//!
//! What happened in the gaps. A gap that a vendor makes and a gap that a network makes look alike.
//!
//! # Example
//!
//! ```text
//! coverage  fail  the heartbeat arrived in 96.1 % of scheduled time (at least 99.5 %), the longest gap is 540 s
//! ```

use super::{Control, ControlState, Found, percent};
use crate::endpoint::Case;
use crate::math::distribution::binomial_upper;
use crate::verdict::Decision;

/// The recorder's heartbeat.
#[derive(Debug)]
pub(super) struct Coverage;

/// Gaps from which their places are looked at, and how improbable they must be.
const GAPS_MIN: u64 = 5;
const P_MIN: f64 = 1e-4;

impl Control for Coverage {
    fn name(&self) -> &'static str {
        "coverage"
    }

    fn summary(&self) -> &'static str {
        "the recorder was on in the scheduled time"
    }

    fn source(&self) -> &'static str {
        include_str!("coverage.rs")
    }

    fn failing(&self) -> Decision {
        Decision::Hold
    }

    fn look(&self, case: &Case<'_>) -> Found {
        let limit = case.frozen.protocol.controls.coverage.at_least;
        let seen: Vec<_> = case.robot.iter().filter(|sums| sums.witness.covered_s.is_some()).collect();
        if seen.is_empty() {
            return Found::unknown("the recorder keeps no heartbeat").missing("spans of the recorder's heartbeat");
        }
        let scheduled: f64 = case.robot.iter().map(|sums| sums.shift.span.seconds()).sum();
        let covered: f64 = seen.iter().filter_map(|sums| sums.witness.covered_s).sum();
        let part = if scheduled > 0.0 { covered / scheduled } else { 0.0 };
        let longest = seen.iter().map(|sums| sums.witness.gap_max_s).fold(0.0, f64::max);
        let (gaps, after): (u64, u64) =
            seen.iter().fold((0, 0), |all, sums| (all.0 + sums.witness.gaps, all.1 + sums.witness.gaps_after));
        let window: f64 = seen.iter().map(|sums| sums.witness.after_s).sum();
        let expected = if scheduled > 0.0 { (window / scheduled).min(1.0) } else { 0.0 };
        let p = if gaps >= GAPS_MIN && after > 0 && expected > 0.0 && expected < 1.0 {
            // OK to cast: counts of gaps.
            binomial_upper(after as f64, gaps as f64, expected)
        } else {
            1.0
        };
        let state = if part < limit || p < P_MIN { ControlState::Fail } else { ControlState::Pass };
        Found::of(
            state,
            format!(
                "the heartbeat arrived in {:.2} % of scheduled time (at least {}), the longest gap is {longest:.0} s; {after} of {gaps} gaps follow a disturbance, where {:.1} are expected",
                100.0 * part,
                percent(limit),
                // OK to cast: a count of gaps.
                expected * gaps as f64
            ),
        )
        .number("covered", part)
        .number("gap_max_s", longest)
        .count("gaps", gaps)
        .count("gaps_after", after)
        .number("p", p)
        .limit(limit)
        .missing("shifts in which the recorder is on")
    }
}
