//! # What it asks
//!
//! Seconds from good unit to good unit at the station, against people at the same station: robots may be slower by
//! `margin`, and no more. There must be enough shifts of robots and of people, and enough people.
//!
//! # Why
//!
//! A cycle time of the motion alone leaves out aborts, rework and waiting. Here lost time burdens the next good unit, and
//! time after the last one is charged to the shift, so that giving up never pays. People who are slowed down for the
//! comparison are caught by the station's own record of 90 days.
//!
//! # Formula and source
//!
//! The statistic of a shift is its mean ln takt; the ratio of geometric means is tested against `1 + margin` by Welch's
//! test over shifts (Biometrika 34, 1947).
//!
//! # Example
//!
//! ```text
//! rhythm   robots take 1.042 times people's time per good unit, at most 1.079 at 97.6 %, over 20 and 15 shifts
//! ```

use std::collections::BTreeSet;

use super::{Case, Endpoint, Measured, float, hold_for, measured, numbers, percent_of, unknown};
use crate::bound::Side;
use crate::evidence::ShiftSums;
use crate::protocol::{Baseline, Rhythm as Asked};
use crate::stats::rhythm::noninferiority;
use crate::verdict::EndpointResult;

/// Robots may be slower than people by a margin, and no more.
#[derive(Debug)]
pub(super) struct Rhythm;

impl Endpoint for Rhythm {
    fn name(&self) -> &'static str {
        "rhythm"
    }

    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult> {
        let protocol = &case.frozen.protocol;
        let asked = protocol.endpoints.rhythm.as_ref()?;
        let Some(baseline) = &protocol.baseline else {
            return Some(unknown(self, "ratio", "the protocol names no human baseline"));
        };
        let (robot, human) = (means(case.robot), means(case.human));
        if human.is_empty() {
            return Some(unknown(self, "ratio", "the log holds no shift of people's work to compare with"));
        }
        if robot.len() < 2 || human.len() < 2 {
            return Some(unknown(self, "ratio", "fewer than two shifts on a side have good units"));
        }
        Some(self.result(case, asked, baseline, &robot, &human))
    }

    fn source(&self) -> &'static str {
        include_str!("rhythm.rs")
    }
}

/// The mean logarithm of each shift's takts.
pub(super) fn means<'a>(shifts: impl IntoIterator<Item = &'a ShiftSums>) -> Vec<f64> {
    shifts.into_iter().filter_map(|sums| sums.mean_ln_takt).collect()
}

impl Rhythm {
    fn result(
        &self,
        case: &Case<'_>,
        asked: &Asked,
        baseline: &Baseline,
        robot: &[f64],
        human: &[f64],
    ) -> EndpointResult {
        let level = case.level(asked.confidence);
        let test = |side| noninferiority(robot, human, asked.margin, level.confidence, side);
        let (Ok(above), Ok(below)) = (test(Side::Upper), test(Side::Lower)) else {
            return unknown(self, "ratio", "the comparison has no answer for these shifts");
        };
        let ends = Measured {
            estimate: Some(above.ratio),
            lower: below.interval.lower.unwrap_or(0.0),
            upper: above.interval.upper.unwrap_or(f64::INFINITY),
            threshold: 1.0 + asked.margin,
            side: Side::Upper,
        };
        let reason = format!(
            "robots take {:.3} times people's time per good unit, at most {:.3} at {}, over {} and {} shifts",
            above.ratio,
            ends.upper,
            percent_of(level.confidence),
            robot.len(),
            human.len()
        );
        let mut result = measured(self, "ratio", case, level, ends, reason);
        let workers: BTreeSet<u32> = case.human.iter().flat_map(|sums| sums.workers.iter().copied()).collect();
        let least = u64::from(asked.shifts_min);
        let parts = [
            ("robots' shifts", robot.len() as u64, least),
            ("people's shifts", human.len() as u64, least.max(u64::from(baseline.shifts_min))),
            ("people", workers.len() as u64, u64::from(baseline.workers_min)),
        ];
        for (what, found, needed) in parts.iter().filter(|(_, found, needed)| found < needed) {
            hold_for(&mut result, format!("{found} of {needed} {what}"));
        }
        let human_s = libm::exp(human.iter().sum::<f64>() / float(human.len() as u64));
        if let Some(record) = baseline.record_takt_s.filter(|record| human_s > *record * 1.05) {
            hold_for(
                &mut result,
                format!(
                    "people took {human_s:.1} s per good unit in the baseline, and {record:.1} s by the station's own record: the baseline flatters the robot"
                ),
            );
        }
        result.numbers = numbers(&[
            ("robot_shifts", float(robot.len() as u64)),
            ("human_shifts", float(human.len() as u64)),
            ("workers", float(workers.len() as u64)),
            ("human_takt_s", human_s),
            ("robot_takt_s", human_s * above.ratio),
            ("p", above.p),
        ]);
        result
    }
}
