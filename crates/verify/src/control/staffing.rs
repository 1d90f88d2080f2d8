//! # What it does
//!
//! Adds up who was near the station, by badges or by pictures, and compares the mean number of people per shift with the
//! number that the task book states: more must be ruled out at 95 %, by a t-bound over shifts. It also gives the minutes of
//! people per unit, which is what a buyer pays.
//!
//! # What it can show
//!
//! That the station ran with the people that it is said to run with.
//!
//! # What it cannot show
//!
//! What they did, and who helped from another room.
//!
//! # Example
//!
//! ```text
//! staffing  fail  1.31 people were near on average over 30 shifts, at least 1.24 (limit 0.50): 1.4 minutes per unit
//! ```

use super::{Control, ControlState, Found};
use crate::endpoint::Case;
use crate::math::distribution::student_quantile;
use crate::verdict::Decision;

/// People near the station.
#[derive(Debug)]
pub(super) struct Staffing;

impl Control for Staffing {
    fn name(&self) -> &'static str {
        "staffing"
    }

    fn summary(&self) -> &'static str {
        "no more people were near than the task book states"
    }

    fn source(&self) -> &'static str {
        include_str!("staffing.rs")
    }

    fn failing(&self) -> Decision {
        Decision::Hold
    }

    fn look(&self, case: &Case<'_>) -> Found {
        let people = |sums: &crate::evidence::ShiftSums| Some(sums.witness.people_s? / sums.shift.span.seconds());
        let means: Vec<f64> = case.robot.iter().filter_map(people).filter(|mean| mean.is_finite()).collect();
        let missing = "counts of people near the station, and `controls.staffing.people_max`";
        if means.len() < 2 || means.len() < case.robot.len() {
            return Found::unknown(format!("people near the station were counted in {} shifts", means.len()))
                .missing(missing);
        }
        let seconds: f64 = case.robot.iter().filter_map(|sums| sums.witness.people_s).sum();
        let units: u64 = case.robot.iter().map(|sums| sums.units()).sum();
        // OK to cast: counts far below 2^53.
        let minutes = seconds / 60.0 / units.max(1) as f64;
        let n = means.len() as f64;
        let mean = means.iter().sum::<f64>() / n;
        let variance = means.iter().map(|each| (each - mean) * (each - mean)).sum::<f64>() / (n - 1.0);
        let reach = student_quantile(0.95, n - 1.0) * libm::sqrt(variance / n);
        let Some(limit) = case.frozen.protocol.controls.staffing.people_max else {
            return Found::unknown(format!(
                "{mean:.2} people were near on average, {minutes:.2} minutes per unit, and the task book states no number"
            ))
            .number("people", mean)
            .number("minutes_per_unit", minutes)
            .missing(missing);
        };
        let state = if mean + reach <= limit {
            ControlState::Pass
        } else if mean - reach > limit {
            ControlState::Fail
        } else {
            ControlState::Unknown
        };
        Found::of(
            state,
            format!(
                "{mean:.2} people were near on average over {n} shifts, between {:.2} and {:.2} (limit {limit:.2}): {minutes:.2} minutes per unit",
                (mean - reach).max(0.0),
                mean + reach
            ),
        )
        .number("people", mean)
        .number("lower", (mean - reach).max(0.0))
        .number("upper", mean + reach)
        .number("minutes_per_unit", minutes)
        .limit(limit)
        .missing("shifts with no more people than stated")
    }
}
