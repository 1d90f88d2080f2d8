//! Whether failures become rarer or more frequent: to be asked before any mean time between them is believed.

use libm::{log, sqrt};
use serde::Serialize;

use super::{Terminated, event_times};
use crate::bound::StatError;
use crate::math::special::{gamma_pq, normal_cdf};

/// Two tests of a constant rate, of one system.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Trend {
    /// Laplace's statistic, standard normal where the rate is constant. Below zero failures become rarer.
    pub laplace: f64,
    /// The probability of a statistic as low or lower: small where failures become rarer.
    pub laplace_growth_p: f64,
    /// The probability of a statistic as high or higher: small where failures become more frequent.
    pub laplace_wear_p: f64,
    /// The probability of a statistic as far from zero.
    pub laplace_p: f64,
    /// The statistic of MIL-HDBK-189, χ² where the rate is constant. High where failures become rarer.
    pub chi2: f64,
    /// Its degrees of freedom.
    pub df: u64,
    /// The probability of a value as high or higher: small where failures become rarer.
    pub chi2_growth_p: f64,
    /// The probability of a value as low or lower: small where failures become more frequent.
    pub chi2_wear_p: f64,
    /// Twice the smaller of the two.
    pub chi2_p: f64,
}

/// Laplace's test, `U = (mean tᵢ − T/2) / (T sqrt(1/(12 N)))`, and the test of MIL-HDBK-189, `2 Σ ln(T/tᵢ)`, which is exact
/// (Ascher and Feingold, Repairable Systems Reliability, 1984). Where the test ended with a failure, that one is the end and
/// does not count.
///
/// Laplace's test is best against a rate that changes exponentially, the other against a power law. Both take failures
/// as those of one system with independent gaps: failures in bunches look like a trend.
///
/// # Errors
/// Where there are fewer than two times (three, of a test that ended with a failure), or one lies outside the test.
pub fn trend(times: &[f64], end: Option<f64>, terminated: Terminated) -> Result<Trend, StatError> {
    let (times, end) = event_times(times, end, terminated)?;
    let counted = if terminated == Terminated::Time { times.len() } else { times.len() - 1 };
    let (mut sum, mut logarithms) = (0.0, 0.0);
    for time in times.iter().take(counted) {
        sum += time / end;
        logarithms += log(end / time);
    }
    // OK: a length is below 2^53.
    let n = counted as f64;
    let laplace = (sum / n - 0.5) * sqrt(12.0 * n);
    let (lower, upper) = gamma_pq(n, logarithms);
    Ok(Trend {
        laplace,
        laplace_growth_p: normal_cdf(laplace),
        laplace_wear_p: normal_cdf(-laplace),
        laplace_p: 2.0 * normal_cdf(-laplace.abs()),
        chi2: 2.0 * logarithms,
        df: 2 * counted as u64,
        chi2_growth_p: upper,
        chi2_wear_p: lower,
        chi2_p: (2.0 * lower.min(upper)).min(1.0),
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
    fn published_laplace() {
        let gaps = [
            104.0, 131.0, 1597.0, 59.0, 4.0, 503.0, 157.0, 6.0, 118.0, 173.0, 114.0, 62.0, 101.0, 216.0, 106.0, 140.0,
            1.0, 102.0, 3.0, 393.0, 96.0, 232.0, 89.0, 61.0, 37.0, 293.0, 7.0, 165.0, 87.0, 99.0,
        ];
        let mut now = 0.0;
        let times: Vec<f64> = gaps
            .iter()
            .map(|gap| {
                now += gap;
                now
            })
            .collect();
        let found = trend(&times, None, Terminated::Failure).expect("a trend");
        near(found.laplace, 2.409_438_296_044_710_7, 1e-13);
        assert_eq!(found.df, 58);
    }

    #[test]
    fn handbook_example() {
        let found = trend(&super::super::growth::tests::HANDBOOK, Some(300.0), Terminated::Time).expect("a trend");
        near(found.laplace, -2.318, 5e-4);
        near(found.chi2, 75.383_28, 5.1e-6);
        assert_eq!(found.df, 54);
        near(found.chi2_wear_p, 0.971_14, 5.1e-6);
    }

    #[test]
    fn refuses() {
        assert!(trend(&[1.0], Some(2.0), Terminated::Time).is_err());
        assert!(trend(&[1.0, 3.0], Some(2.0), Terminated::Time).is_err());
        assert!(trend(&[1.0, f64::NAN], Some(2.0), Terminated::Time).is_err());
        assert!(trend(&[0.0, 1.0], Some(2.0), Terminated::Time).is_err());
        assert!(trend(&[0.5, 1.0], None, Terminated::Time).is_err());
        assert!(trend(&[0.5, 1.0, 1.5], Some(2.0), Terminated::Failure).is_err());
    }
}
