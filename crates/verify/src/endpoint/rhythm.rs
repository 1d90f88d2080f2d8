//! `rhythm`: seconds from good unit to good unit, against people at the same station (amendment A4).

use std::collections::BTreeSet;

use super::{Case, Endpoint, next_step, numbers, percent, unknown};
use crate::bound::Side;
use crate::evidence::ShiftSums;
use crate::protocol::{Baseline, Rhythm as Asked};
use crate::stats::rhythm::noninferiority;
use crate::verdict::{EndpointResult, State};

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
}

/// The mean logarithm of each shift's takts.
fn means(shifts: &[ShiftSums]) -> Vec<f64> {
    shifts.iter().filter_map(|sums| sums.mean_ln_takt).collect()
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
        let test = |side| noninferiority(robot, human, asked.margin, asked.confidence, side);
        let (Ok(above), Ok(below)) = (test(Side::Upper), test(Side::Lower)) else {
            return unknown(self, "ratio", "the comparison has no answer for these shifts");
        };
        let threshold = 1.0 + asked.margin;
        let (lower, upper) = (below.interval.lower.unwrap_or(0.0), above.interval.upper.unwrap_or(f64::INFINITY));
        let mut missing = Vec::new();
        let state = if upper <= threshold {
            State::Pass
        } else if lower > threshold {
            State::Fail
        } else {
            missing.push(next_step(case.look));
            State::Hold
        };
        let workers: BTreeSet<u32> = case.human.iter().flat_map(|sums| sums.workers.iter().copied()).collect();
        let least = u64::from(asked.shifts_min);
        // OK to cast: counts of shifts and people.
        let parts = [
            ("robots' shifts", robot.len() as u64, least),
            ("people's shifts", human.len() as u64, least.max(u64::from(baseline.shifts_min))),
            ("people", workers.len() as u64, u64::from(baseline.workers_min)),
        ];
        for (what, found, needed) in parts.iter().filter(|(_, found, needed)| found < needed) {
            missing.push(format!("{found} of {needed} {what}"));
        }
        let human_s = libm::exp(human.iter().sum::<f64>() / human.len() as f64);
        if let Some(record) = baseline.record_takt_s.filter(|record| human_s > *record * 1.05) {
            missing.push(format!(
                "people took {human_s:.1} s per good unit in the baseline, and {record:.1} s by the station's own record: the baseline flatters the robot"
            ));
        }
        let state = if missing.is_empty() || state == State::Fail { state } else { State::Hold };
        let reason = format!(
            "robots take {:.3} times people's time per good unit, at most {upper:.3} at {}, over {} and {} shifts",
            above.ratio,
            percent(asked.confidence.level()),
            robot.len(),
            human.len()
        );
        EndpointResult {
            state,
            estimate: Some(above.ratio),
            lower: Some(lower),
            upper: Some(upper).filter(|upper| upper.is_finite()),
            confidence: Some(asked.confidence.level()),
            threshold: Some(threshold),
            numbers: numbers(&[
                ("robot_shifts", robot.len() as f64),
                ("human_shifts", human.len() as f64),
                ("workers", workers.len() as f64),
                ("human_takt_s", human_s),
                ("robot_takt_s", human_s * above.ratio),
                ("p", above.p),
            ]),
            missing: (!missing.is_empty()).then(|| missing.join("; ")),
            ..unknown(self, "ratio", reason)
        }
    }
}
