//! Repairs: how long they take, and the share of time that they leave.

use libm::{exp, log, sqrt};
use serde::Serialize;

use super::{Estimate, finite, length, positive};
use crate::bound::{Confidence, Interval, Side, StatError};
use crate::math::distribution::{fisher_quantile, student_quantile};

/// The steady-state availability `MTBF/(MTBF + MTTR)`, of means over `cycles` of running and repair. Where both times are
/// exponential, the ratio of the estimates over the true ratio is F with `2r` and `2r` degrees of freedom (Barlow and
/// Proschan, Statistical Theory of Reliability, 1975).
///
/// Repair times are rarely exponential: they vary less (the bound is then too wide) or are lognormal with a long tail (too
/// narrow). Report the share of time by shift beside it.
///
/// # Errors
/// Where a mean is not above zero, or there is no cycle.
pub fn availability(
    mtbf: f64,
    mttr: f64,
    cycles: u64,
    confidence: Confidence,
    side: Side,
) -> Result<Estimate, StatError> {
    let (up, down) = (positive("mtbf", mtbf)?, positive("mttr", mttr)?);
    if cycles == 0 {
        return Err(StatError::TooFew { what: "cycles", found: 0, needed: 1 });
    }
    let r = super::failure_count("cycles", cycles)?;
    // The upper quantile of F with equal degrees of freedom is one over the lower.
    let ratio = 1.0 / fisher_quantile(side.alpha_each(confidence), 2.0 * r, 2.0 * r);
    let interval = side.of(up / (up + ratio * down), up / (up + down / ratio));
    Ok(Estimate { estimate: Some(up / (up + down)), interval })
}

/// Mean and median time to repair, of lognormal times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Repair {
    /// The mean time, by the lognormal distribution.
    pub mean: f64,
    /// The interval of the mean.
    #[serde(flatten)]
    pub interval: Interval,
    /// The median time.
    pub median: f64,
    /// The exact lower end of the median's interval.
    pub median_lower: Option<f64>,
    /// The exact upper end.
    pub median_upper: Option<f64>,
}

/// Bounds on the mean and median of lognormal repair times. The mean's are of Cox's method with Student's t (Olsson, Journal
/// of Statistics Education 13, 2005): `ȳ + s²/2 ± t sqrt(s²/n + s⁴/(2(n−1)))` of the logarithms; the median's are exact.
///
/// # Errors
/// Where there are fewer than three times, or one is not above zero.
pub fn mttr(times: &[f64], confidence: Confidence, side: Side) -> Result<Repair, StatError> {
    length("times", times.len(), 3)?;
    let mut logarithms = Vec::with_capacity(times.len());
    for time in times {
        logarithms.push(log(positive("times", *time)?));
    }
    logarithms.sort_by(f64::total_cmp);
    // OK: a length is below 2^53.
    let n = logarithms.len() as f64;
    let mean = logarithms.iter().sum::<f64>() / n;
    let variance = logarithms.iter().map(|y| (y - mean) * (y - mean)).sum::<f64>() / (n - 1.0);
    let t = -student_quantile(side.alpha_each(confidence), n - 1.0);
    let centre = mean + 0.5 * variance;
    let half = t * sqrt(variance / n + variance * variance / (2.0 * (n - 1.0)));
    let half_median = t * sqrt(variance / n);
    let ends = |centre: f64, half: f64| {
        let both = side.of(exp(centre - half), exp(centre + half));
        Interval { lower: both.lower.and_then(finite), upper: both.upper.and_then(finite) }
    };
    let median = ends(mean, half_median);
    Ok(Repair {
        mean: exp(centre),
        interval: ends(centre, half),
        median: exp(mean),
        median_lower: median.lower,
        median_upper: median.upper,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64, error: f64) {
        assert!((found - expected).abs() <= error, "{found} is not {expected}");
    }

    #[test]
    fn availability_of_the_oracle() {
        let level = Confidence::new(0.9).expect("a level");
        let found = availability(200.0, 2.0, 10, level, Side::Two).expect("an interval");
        near(found.estimate.expect("an estimate"), 0.990_099_0, 5.1e-8);
        near(found.interval.lower.expect("lower"), 0.979_200_3, 5.1e-8);
        near(found.interval.upper.expect("upper"), 0.995_314_3, 5.1e-8);
    }

    #[test]
    fn lognormal_repairs() {
        // Logarithms -1, 0 and 1: mean 0, variance 1.
        let times = [exp(-1.0), 1.0, exp(1.0)];
        let found = mttr(&times, Confidence::USUAL, Side::Upper).expect("bounds");
        near(found.median, 1.0, 1e-15);
        near(found.mean, exp(0.5), 1e-15);
        let t = 2.919_985_580_353_725;
        near(found.median_upper.expect("upper"), exp(t / sqrt(3.0)), 1e-12);
        near(found.interval.upper.expect("upper"), exp(0.5 + t * sqrt(1.0 / 3.0 + 0.25)), 1e-11);
        assert_eq!(found.interval.lower, None);
    }

    #[test]
    fn refuses() {
        assert!(availability(0.0, 1.0, 3, Confidence::USUAL, Side::Two).is_err());
        assert!(availability(1.0, 1.0, 0, Confidence::USUAL, Side::Two).is_err());
        assert!(mttr(&[1.0, 2.0], Confidence::USUAL, Side::Two).is_err());
        assert!(mttr(&[1.0, 2.0, -1.0], Confidence::USUAL, Side::Two).is_err());
    }
}
