//! # What it asks
//!
//! The share of good units against people's at the same station: robots may be lower by `margin`, and no more.
//!
//! # Why
//!
//! A robot that reaches 97 % at a station where people reach 99.5 % has moved the work to whoever repairs it.
//!
//! # Formula and source
//!
//! The score test of Farrington and Manning (Statistics in Medicine 9, 1990) for `p_R − p_H > −margin`, on effective
//! counts: units over the design effect of each side by the cluster-aware bound, rounded against the robots. The interval
//! is where the test turns.
//!
//! # Example
//!
//! ```text
//! quality   98.7 % good by robots and 98.9 % by people: −0.2 points, at least −1.1 at 97.6 %
//! ```

use super::{Case, Endpoint, Measured, measured, numbers, percent, percent_of, undefined, unknown};
use crate::bound::Side;
use crate::evidence::ShiftSums;
use crate::shares::{difference, of_shifts};
use crate::verdict::EndpointResult;

/// Good units, against people.
#[derive(Debug)]
pub(super) struct Quality;

impl Endpoint for Quality {
    fn name(&self) -> &'static str {
        "quality"
    }

    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult> {
        let asked = case.frozen.protocol.endpoints.quality.as_ref()?;
        let level = case.level(asked.confidence);
        let share =
            |shifts: &[ShiftSums]| of_shifts(shifts.iter().map(|sums| (sums.good(), sums.units())), level.confidence);
        let human = match share(case.human) {
            Ok(human) => human,
            Err(error) => return Some(unknown(self, "points", format!("people's work: {error}"))),
        };
        let found = share(case.robot)
            .and_then(|robot| Ok((robot, difference(&robot, &human, asked.margin, level.confidence)?)));
        let (robot, found) = match found {
            Ok(found) => found,
            Err(error) => return Some(undefined(self, "points", case, &error)),
        };
        let reason = format!(
            "{} good by robots and {} by people: {:+.1} points, at least {:+.1} at {}",
            percent(robot.estimate),
            percent(human.estimate),
            100.0 * found.estimate,
            100.0 * found.lower,
            percent_of(level.confidence)
        );
        let ends = Measured {
            estimate: Some(found.estimate),
            lower: found.lower,
            upper: found.upper,
            threshold: -asked.margin,
            side: Side::Lower,
        };
        let mut result = measured(self, "points", case, level, ends, reason);
        result.numbers = numbers(&[
            ("robot_share", robot.estimate),
            ("human_share", human.estimate),
            ("robot_effective_units", robot.effective_units),
            ("human_effective_units", human.effective_units),
            ("p", found.p),
        ]);
        Some(result)
    }

    fn source(&self) -> &'static str {
        include_str!("quality.rs")
    }
}
