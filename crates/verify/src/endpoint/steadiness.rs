//! # What it asks
//!
//! Whether the rhythm stays the same over a shift: takts of the last hour by those of the first must be at most `at_most`
//! by the upper bound.
//!
//! # Why
//!
//! People tire, and robots get hot, lose calibration or wear their grippers. A mean over the shift hides both, and a show
//! that lasts an hour never sees it.
//!
//! # Formula and source
//!
//! A t-test over shifts on each shift's difference of mean ln takt, last hour less first. Beside it, the slope of ln takt
//! on the hour with an intercept for each shift, and the cluster-robust variance of Liang and Zeger (Biometrika 73, 1986)
//! with `K − 1` degrees of freedom; and the Page–Hinkley sum over shifts (Hinkley, Biometrika 58, 1971).
//!
//! # Example
//!
//! ```text
//! steadiness   takts of the last hour are 1.021 times those of the first, at most 1.034 at 97.6 %, over 20 shifts (+0.3 % per hour)
//! ```

use super::{Case, Endpoint, Measured, float, measured, numbers, percent_of, unknown};
use crate::bound::{Confidence, Side};
use crate::evidence::ShiftSums;
use crate::shares::mean_of_shifts;
use crate::stats::sample::{deviation, mean};
use crate::stats::steadiness::page_hinkley;
use crate::verdict::EndpointResult;

/// What a shift mean may wander, and where the sum of what is beyond alarms, in standard deviations.
const TOLERANCE: f64 = 0.5;
const LIMIT: f64 = 5.0;

/// Whether the rhythm stays the same over a shift.
#[derive(Debug)]
pub(super) struct Steadiness;

impl Endpoint for Steadiness {
    fn name(&self) -> &'static str {
        "steadiness"
    }

    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult> {
        let asked = case.frozen.protocol.endpoints.steadiness.as_ref()?;
        let level = case.level(asked.confidence);
        let change = |sums: &ShiftSums| Some(sums.work.last_hour.mean()? - sums.work.first_hour.mean()?);
        let changes: Vec<f64> = case.robot.iter().filter_map(change).collect();
        let (mean, lower, upper) = match mean_of_shifts(&changes, level.confidence) {
            Ok(bounds) => bounds,
            Err(error) => return Some(unknown(self, "ratio", format!("first and last hours: {error}"))),
        };
        let slope = slope(case.robot, level.confidence);
        let per_hour =
            slope.map_or(String::new(), |(slope, _, _)| format!(" ({:+.1} % per hour)", 100.0 * libm::expm1(slope)));
        let reason = format!(
            "takts of the last hour are {:.3} times those of the first, at most {:.3} at {}, over {} shifts{per_hour}",
            libm::exp(mean),
            libm::exp(upper),
            percent_of(level.confidence),
            changes.len()
        );
        let ends = Measured {
            estimate: Some(libm::exp(mean)),
            lower: libm::exp(lower),
            upper: libm::exp(upper),
            threshold: asked.at_most,
            side: Side::Upper,
        };
        let mut result = measured(self, "ratio", case, level, ends, reason);
        result.numbers = numbers(&[("shifts", float(changes.len() as u64))]);
        if let Some((slope, lower, upper)) = slope {
            result.numbers.extend(numbers(&[
                ("slope_per_h", slope),
                ("slope_lower_per_h", lower),
                ("slope_upper_per_h", upper),
            ]));
        }
        if let Some(shift) = rise(case.robot) {
            result.notes.push(format!("the rhythm of whole shifts became slower, first seen in shift {}", shift + 1));
        }
        Some(result)
    }

    fn source(&self) -> &'static str {
        include_str!("steadiness.rs")
    }
}

/// The slope of ln takt per hour within shifts, with both ends.
fn slope(shifts: &[ShiftSums], confidence: Confidence) -> Option<(f64, f64, f64)> {
    let sums: Vec<_> = shifts.iter().map(|sums| sums.work.slope).filter(|slope| slope.squares > 0.0).collect();
    let squares: f64 = sums.iter().map(|slope| slope.squares).sum();
    if sums.len() < 2 || squares <= 0.0 {
        return None;
    }
    let slope = sums.iter().map(|slope| slope.products).sum::<f64>() / squares;
    // The score of a shift: products of its hours with what the line leaves.
    let scores: f64 = sums
        .iter()
        .map(|shift| {
            let score = shift.products - slope * shift.squares;
            score * score
        })
        .sum();
    let shifts = float(sums.len() as u64);
    let error = libm::sqrt(shifts / (shifts - 1.0) * scores) / squares;
    let reach = crate::math::distribution::student_quantile(confidence.level(), shifts - 1.0) * error;
    Some((slope, slope - reach, slope + reach))
}

/// The shift in which a rise of the shifts' mean ln takt is first seen.
fn rise(shifts: &[ShiftSums]) -> Option<usize> {
    let (places, means): (Vec<usize>, Vec<f64>) =
        shifts.iter().enumerate().filter_map(|(at, sums)| Some((at, sums.mean_ln_takt?))).unzip();
    // The spread of the first half tells what is usual.
    let half = means.get(..means.len() / 2).filter(|half| half.len() >= 4)?;
    let (centre, spread) = (mean(half), deviation(half));
    let scaled: Vec<f64> = means.iter().map(|value| (value - centre) / spread.max(1e-9)).collect();
    places.get(page_hinkley(&scaled, TOLERANCE, LIMIT).ok()?.alarm?).copied()
}
