//! # What it asks
//!
//! The gain in good units per scheduled hour of the station, robots against people: its lower bound must reach `at_least`;
//! −0.10 is ten percent less than people, 0 as much as they.
//!
//! # Why
//!
//! An efficiency gain is asked for everywhere and defined nowhere. Here the formula stands beside the number, and scheduled
//! time is the denominator on both sides: breaks of people count for the robots, and standstill of the robots counts
//! against them.
//!
//! # Formula and source
//!
//! `gain = (good units / station hours)_robots / (good units / station hours)_people − 1`, hours from the start to the end
//! of every scheduled shift; means over shifts, the interval of Fieller's theorem (Journal of the Royal Statistical Society
//! B 16, 1954) with Welch's degrees of freedom.
//!
//! # Example
//!
//! ```text
//! efficiency   52.4 good units per station hour by robots and 55.9 by people: −6.3 %, at least −7.9 % at 97.6 %
//! ```

use super::{Case, Endpoint, Measured, float, measured, numbers, percent_of, undefined, unknown};
use crate::bound::Side;
use crate::evidence::ShiftSums;
use crate::shares::ratio_of_means;
use crate::stats::sample::mean;
use crate::verdict::EndpointResult;

/// Good units per scheduled hour, against people.
#[derive(Debug)]
pub(super) struct Efficiency;

impl Endpoint for Efficiency {
    fn name(&self) -> &'static str {
        "efficiency"
    }

    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult> {
        let asked = case.frozen.protocol.endpoints.efficiency.as_ref()?;
        let level = case.level(asked.confidence);
        let (robot, human) = (rates(case.robot), rates(case.human));
        if human.is_empty() {
            return Some(unknown(self, "ratio", "the log holds no shift of people's work to compare with"));
        }
        let ratio = match ratio_of_means(&robot, &human, level.confidence) {
            Ok(ratio) => ratio,
            Err(error) => return Some(undefined(self, "ratio", case, &error)),
        };
        let reason = format!(
            "{:.1} good units per station hour by robots and {:.1} by people: {:+.1} %, at least {:+.1} % at {}",
            mean(&robot),
            mean(&human),
            100.0 * (ratio.estimate - 1.0),
            100.0 * (ratio.lower - 1.0),
            percent_of(level.confidence)
        );
        let ends = Measured {
            estimate: Some(ratio.estimate),
            lower: ratio.lower,
            upper: ratio.upper.unwrap_or(f64::INFINITY),
            threshold: 1.0 + asked.at_least,
            side: Side::Lower,
        };
        let mut result = measured(self, "ratio", case, level, ends, reason);
        result.numbers = numbers(&[
            ("robot_per_h", mean(&robot)),
            ("human_per_h", mean(&human)),
            ("robot_shifts", float(robot.len() as u64)),
            ("human_shifts", float(human.len() as u64)),
        ]);
        result.notes.push("gain = good units per station hour of robots by those of people, less 1".to_owned());
        Some(result)
    }

    fn source(&self) -> &'static str {
        include_str!("efficiency.rs")
    }
}

/// Good units per hour of each scheduled shift.
fn rates(shifts: &[ShiftSums]) -> Vec<f64> {
    let rate = |sums: &ShiftSums| float(sums.good()) / (sums.shift.span.seconds() / 3600.0);
    shifts.iter().filter(|sums| sums.shift.span.seconds() > 0.0).map(rate).collect()
}
