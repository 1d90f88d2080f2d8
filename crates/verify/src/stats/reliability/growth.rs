//! Reliability growth: a failure rate that changes as a power of time.

use libm::{exp, log, pow, sqrt};
use serde::Serialize;

use super::{Terminated, event_times, finite};
use crate::bound::{Confidence, Interval, Side, StatError};
use crate::math::distribution::{chi2_quantile, chi2_quantile_upper, gamma_quantile, gamma_quantile_upper};
use crate::math::root;
use crate::math::special::{gamma_pq, poisson_density};

/// The Crow–AMSAA model of one system: `E N(t) = λ t^β`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Growth {
    /// The maximum likelihood estimate of the shape; below 1 failures become rarer.
    pub beta: f64,
    /// The scale, in failures per unit of time to the power of `beta`.
    pub lambda: f64,
    /// The mean time between failures at the end, by maximum likelihood.
    pub mtbf: f64,
    /// Its exact interval.
    #[serde(flatten)]
    pub interval: Interval,
    /// The estimate of the shape without bias; `None` where there are too few failures for it.
    pub beta_unbiased: Option<f64>,
    /// The mean time between failures at the end, with that shape.
    pub mtbf_unbiased: Option<f64>,
    /// The end of the shape's exact interval; each end has the error that an end of `interval` has.
    pub beta_lower: f64,
    /// The other end.
    pub beta_upper: f64,
    /// Time divided by failures.
    pub mtbf_cumulative: f64,
    /// The Cramér–von Mises statistic of the model: above about 0.173 it fits worse than 90 % of samples from it would.
    pub cramer_von_mises: f64,
    /// How many failures that statistic is of.
    pub cramer_von_mises_count: u64,
}

/// The Crow–AMSAA model (Crow, "Reliability analysis for complex, repairable systems", 1974; MIL-HDBK-189), with the exact
/// interval of the mean time between failures at the end (Crow, Technometrics 24, 1982).
///
/// It is of one system, or of several on one clock. It must not be used where the statistic of fit is large, nor to
/// extrapolate across a change of policy or hardware.
///
/// # Errors
/// Where there are fewer than two failures (three, of a test that ended with a failure), one lies outside the test, or all
/// lie at its end.
pub fn crow_amsaa(
    times: &[f64],
    end: Option<f64>,
    terminated: Terminated,
    confidence: Confidence,
    side: Side,
) -> Result<Growth, StatError> {
    let (times, end) = event_times(times, end, terminated)?;
    // OK: a length is below 2^53.
    let n = times.len() as f64;
    let sum: f64 = times.iter().map(|time| log(end / time)).sum();
    if sum <= 0.0 {
        return Err(StatError::NoSolution("all failures lie at the end of the test"));
    }
    let beta = n / sum;
    let alpha = side.alpha_each(confidence);
    let (less, df, fitted) = match terminated {
        Terminated::Time => (1.0, 2.0 * n, times.len()),
        Terminated::Failure => (2.0, 2.0 * (n - 1.0), times.len() - 1),
    };
    let unbiased = (n > less).then(|| (n - less) / sum);
    let mtbf = end / (n * beta);
    let lower = || mtbf * factor_lower(n, alpha, terminated);
    let upper = || mtbf * factor_upper(n, alpha, terminated);
    Ok(Growth {
        beta,
        lambda: n / pow(end, beta),
        mtbf,
        interval: Interval {
            lower: (side != Side::Upper).then(lower).and_then(finite),
            upper: (side != Side::Lower).then(upper).and_then(finite),
        },
        beta_unbiased: unbiased,
        mtbf_unbiased: unbiased.map(|beta| end / (n * beta)),
        beta_lower: beta * chi2_quantile(alpha, df) / (2.0 * n),
        beta_upper: beta * chi2_quantile_upper(alpha, df) / (2.0 * n),
        mtbf_cumulative: end / n,
        cramer_von_mises: cramer_von_mises(times.get(..fitted).unwrap_or_default(), end, unbiased.unwrap_or(beta)),
        cramer_von_mises_count: fitted as u64,
    })
}

/// `1/(12M) + Σ((tᵢ/T)^β − (2i−1)/(2M))²` (MIL-HDBK-189).
fn cramer_von_mises(times: &[f64], end: f64, beta: f64) -> f64 {
    // OK: a length is below 2^53.
    let m = times.len() as f64;
    let mut sum = 1.0 / (12.0 * m);
    for (i, time) in times.iter().enumerate() {
        let error = pow(time / end, beta) - (2.0 * i as f64 + 1.0) / (2.0 * m);
        sum += error * error;
    }
    sum
}

/// By what the estimate is multiplied for the lower end of the mean time between failures.
fn factor_lower(n: f64, alpha: f64, terminated: Terminated) -> f64 {
    match terminated {
        Terminated::Time => n * n / conditional_root(n, alpha, true),
        Terminated::Failure => n * n / product_quantile(n, alpha, true),
    }
}

/// By what it is multiplied for the upper end.
fn factor_upper(n: f64, alpha: f64, terminated: Terminated) -> f64 {
    match terminated {
        Terminated::Time => n * n / conditional_root(n, alpha, false),
        Terminated::Failure => n * n / product_quantile(n, alpha, false),
    }
}

/// `P(N <= n)` and `P(N >= n)` where `P(N = j)` is proportional to `z^j / (j! (j−1)!)`: the count of failures given the sum
/// of logarithms, `z = T S / m`.
fn conditional_tails(n: f64, z: f64) -> (f64, f64) {
    // Sums relative to the term at n, outwards from it; the side away from the peak is finite always.
    let sum = |ratio: &dyn Fn(f64) -> f64, up: bool| {
        let (mut term, mut sum, mut j) = (1.0, 0.0, n);
        loop {
            let step = ratio(j);
            term *= step;
            sum += term;
            j += if up { 1.0 } else { -1.0 };
            // Past the peak the terms fall faster than a geometric row; 5e8 terms are never reached within the bracket.
            if term == 0.0 || sum == f64::INFINITY || (step < 1.0 && term < sum * 1e-17) || j < 1.0 || j > n + 5e8 {
                return sum;
            }
        }
    };
    let below = sum(&|j| j * (j - 1.0) / z, false);
    let above = sum(&|j| z / (j * (j + 1.0)), true);
    let share = |part: f64, other: f64| if other == f64::INFINITY { 0.0 } else { part / (part + other) };
    let lower = share(1.0 + below, above);
    let upper = share(1.0 + above, below);
    // Where one side overflows the other is the small one.
    (if below == f64::INFINITY { 1.0 } else { lower }, if above == f64::INFINITY { 1.0 } else { upper })
}

/// The `z` at which `P(N <= n)` is `alpha` (`by_lower`), or `P(N >= n)`.
fn conditional_root(n: f64, alpha: f64, by_lower: bool) -> f64 {
    let error = |u: f64| {
        let (lower, upper) = conditional_tails(n, exp(u));
        let tail = if by_lower { lower } else { upper };
        let error = log(tail.max(f64::MIN_POSITIVE)) - log(alpha);
        // Both errors rise with z.
        if by_lower { -error } else { error }
    };
    widened(error, 2.0 * log(n), 2.0 / sqrt(n))
}

/// A quantile of the product of independent Gamma(n) and Gamma(n − 1) numbers: the one with upper tail `alpha`
/// (`by_upper`), or with lower tail `alpha`.
fn product_quantile(n: f64, alpha: f64, by_upper: bool) -> f64 {
    // The trapezoid rule on the logarithm of the first factor, whose density is analytic and vanishes at both ends: it
    // converges faster than any power of the step.
    const POINTS: u32 = 400;
    let (low, high) = (log(gamma_quantile(1e-22, n)), log(gamma_quantile_upper(1e-22, n)));
    let step = (high - low) / f64::from(POINTS);
    let weights: Vec<(f64, f64)> = (0..=POINTS)
        .map(|i| {
            let u = low + f64::from(i) * step;
            // The density of the logarithm of Gamma(n) is x^n e^-x / Γ(n).
            (u, poisson_density(n, exp(u)) * n * step)
        })
        .collect();
    let error = |w: f64| {
        let tail: f64 = weights
            .iter()
            .map(|(u, weight)| {
                let (lower, upper) = gamma_pq(n - 1.0, exp(w - u));
                weight * if by_upper { upper } else { lower }
            })
            .sum();
        let error = log(tail.max(f64::MIN_POSITIVE)) - log(alpha);
        if by_upper { -error } else { error }
    };
    widened(error, 2.0 * log(n), 2.0 / sqrt(n))
}

/// The exponential of the root of a rising function, sought around `centre`.
fn widened(mut error: impl FnMut(f64) -> f64, centre: f64, width: f64) -> f64 {
    let (mut low, mut high) = (centre - width, centre + width);
    // 60 doublings leave any range of numbers.
    for _ in 0..60 {
        if error(low) <= 0.0 {
            break;
        }
        low = centre - 2.0 * (centre - low);
    }
    for _ in 0..60 {
        if error(high) >= 0.0 || high > 700.0 {
            break;
        }
        high = centre + 2.0 * (high - centre);
    }
    root::bracketed(error, low, high).map_or(f64::NAN, exp)
}

/// A line through the logarithms of the cumulative mean times between failures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Duane {
    /// The growth rate; above 0 failures become rarer.
    pub alpha: f64,
    /// The cumulative mean time between failures at time 1.
    pub scale: f64,
    /// The cumulative mean time between failures at the end, on the line.
    pub mtbf_cumulative: f64,
    /// The mean time between failures at the end: the cumulative one divided by `1 − alpha`; `None` where alpha is 1 or more.
    pub mtbf: Option<f64>,
}

/// Duane's plot (IEEE Transactions on Aerospace 2, 1964): `ln(t/i)` on `ln t` by least squares. For display: its points are
/// not independent, so that it has no interval; use [`crow_amsaa`] for decisions.
///
/// # Errors
/// As [`crow_amsaa`], and where all failures lie at one time.
pub fn duane(times: &[f64], end: Option<f64>, terminated: Terminated) -> Result<Duane, StatError> {
    let (times, end) = event_times(times, end, terminated)?;
    // OK: a length is below 2^53.
    let n = times.len() as f64;
    let points: Vec<(f64, f64)> =
        times.iter().enumerate().map(|(i, time)| (log(*time), log(time / (i as f64 + 1.0)))).collect();
    let x_mean = points.iter().map(|(x, _)| x).sum::<f64>() / n;
    let y_mean = points.iter().map(|(_, y)| y).sum::<f64>() / n;
    let (mut xx, mut xy) = (0.0, 0.0);
    for (x, y) in &points {
        xx += (x - x_mean) * (x - x_mean);
        xy += (x - x_mean) * (y - y_mean);
    }
    if xx <= 0.0 {
        return Err(StatError::NoSolution("all failures lie at one time"));
    }
    let alpha = xy / xx;
    let intercept = y_mean - alpha * x_mean;
    let mtbf_cumulative = exp(intercept + alpha * log(end));
    let mtbf = (alpha < 1.0).then(|| mtbf_cumulative / (1.0 - alpha));
    Ok(Duane { alpha, scale: exp(intercept), mtbf_cumulative, mtbf })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The example of MIL-HDBK-189: 27 failures in 300 hours.
    pub(in super::super) const HANDBOOK: [f64; 27] = [
        2.6, 16.5, 16.5, 17.0, 21.4, 29.1, 33.3, 56.5, 63.1, 70.6, 73.0, 77.7, 93.9, 95.5, 98.1, 101.1, 132.0, 142.2,
        147.7, 149.0, 167.2, 190.7, 193.0, 198.7, 251.9, 282.5, 286.1,
    ];

    #[track_caller]
    fn near(found: f64, expected: f64, error: f64) {
        assert!((found - expected).abs() <= error, "{found} is not {expected}");
    }

    fn level(level: f64) -> Confidence {
        Confidence::new(level).expect("a level")
    }

    #[test]
    fn oracle_a() {
        let mut times = HANDBOOK.to_vec();
        times.reverse();
        let found = crow_amsaa(&times, Some(300.0), Terminated::Time, level(0.9), Side::Two).expect("a model");
        near(found.beta, 0.716_339_3, 5.1e-8);
        near(found.beta_unbiased.expect("unbiased"), 0.689_808_2, 5.1e-8);
        near(found.lambda, 0.453_841_9, 5.1e-8);
        near(found.mtbf, 15.510_962, 5.1e-7);
        near(found.mtbf_unbiased.expect("unbiased"), 16.107_538, 5.1e-7);
        near(found.mtbf_cumulative, 11.1111, 5.1e-5);
        near(found.interval.lower.expect("lower"), 9.867, 5.1e-4);
        near(found.interval.upper.expect("upper"), 26.086, 5.1e-4);
        near(found.beta_lower, 0.505_632_3, 5.1e-8);
        near(found.beta_upper, 0.957_151_5, 5.1e-8);
        near(found.cramer_von_mises, 0.091_061_1, 5.1e-8);
    }

    #[test]
    fn oracle_b() {
        let times = [
            2.7, 10.3, 12.5, 30.6, 57.0, 61.3, 80.0, 109.5, 125.0, 128.6, 143.8, 167.9, 229.2, 296.7, 320.6, 328.2,
            366.2, 396.7, 421.1, 438.2, 501.2, 620.0,
        ];
        let found = crow_amsaa(&times, Some(620.0), Terminated::Failure, level(0.9), Side::Two).expect("a model");
        near(found.beta, 0.614_210_4, 5.1e-8);
        near(found.lambda, 0.423_942_2, 5.1e-8);
        near(found.mtbf, 45.883_004, 5.1e-7);
        near(found.mtbf_cumulative, 28.181_818, 5.1e-7);
        near(found.beta_unbiased.expect("unbiased"), 0.558_373_1, 5.1e-8);
        near(found.cramer_von_mises, 0.049_280_7, 5.1e-8);
        near(found.beta_lower, 0.392_872_0, 5.1e-8);
        near(found.beta_upper, 0.811_372_46, 5.1e-9);
        near(found.interval.lower.expect("lower") / found.mtbf, 0.670_06, 5.1e-6);
        near(found.interval.upper.expect("upper") / found.mtbf, 1.848_12, 5.1e-6);
    }

    #[test]
    fn oracle_c() {
        let times =
            [10_400.0, 26_900.0, 43_400.0, 66_400.0, 89_400.0, 130_400.0, 163_400.0, 232_000.0, 242_000.0, 340_700.0];
        let found = crow_amsaa(&times, None, Terminated::Failure, level(0.9), Side::Two).expect("a model");
        near(found.beta, 0.741_656_619_656_656, 1e-14);
        near(found.lambda, 0.000_788_641_423_538_573, 1e-16);
        near(found.mtbf, 45_937.700_948_145_56, 1e-9);
        near(pow(1.0 / (found.lambda * 50_000.0), 1.0 / (found.beta - 1.0)), 1_503_979.917, 5.1e-4);
        let line = duane(&times, None, Terminated::Failure).expect("a line");
        near(line.alpha, 0.336_171_994_65, 5.1e-12);
        near(line.mtbf.expect("an mtbf"), 46_304.175_358_8, 5.1e-8);
        near(pow(50_000.0 / line.scale, 1.0 / line.alpha), 1_448_446.369, 5.1e-4);
    }

    #[test]
    fn factors_of_the_tables() {
        for (n, lower, upper) in [
            (2.0, 0.1996, 38.6609),
            (3.0, 0.2633, 9.7360),
            (5.0, 0.3520, 4.5174),
            (10.0, 0.4758, 2.5748),
            (20.0, 0.5911, 1.8576),
            (27.0, 0.6361, 1.6818),
            (30.0, 0.6511, 1.6312),
            (50.0, 0.7175, 1.4433),
            (100.0, 0.7911, 1.2856),
        ] {
            near(factor_lower(n, 0.05, Terminated::Time), lower, 5.1e-5);
            near(factor_upper(n, 0.05, Terminated::Time), upper, 5.1e-5);
        }
        for (n, lower, upper) in [
            (2.0, 0.2614, 18.6549),
            (3.0, 0.3325, 6.3263),
            (5.0, 0.4262, 3.3864),
            (10.0, 0.5491, 2.1356),
            (20.0, 0.6568, 1.6377),
            (30.0, 0.7107, 1.4747),
        ] {
            near(factor_lower(n, 0.1, Terminated::Time), lower, 5.1e-5);
            near(factor_upper(n, 0.1, Terminated::Time), upper, 5.1e-5);
        }
        for (n, lower, upper) in [
            (3.0, 0.5137, 14.2451),
            (5.0, 0.5290, 5.4240),
            (10.0, 0.5883, 2.7697),
            (20.0, 0.6601, 1.9179),
            (22.0, 0.670_06, 1.848_12),
            (30.0, 0.7019, 1.6645),
            (50.0, 0.7513, 1.4600),
            (100.0, 0.8100, 1.2927),
        ] {
            near(factor_lower(n, 0.05, Terminated::Failure), lower, 5.1e-5);
            near(factor_upper(n, 0.05, Terminated::Failure), upper, 5.1e-5);
        }
    }

    #[test]
    fn a_million_failures() {
        let times: Vec<f64> = (1..=1_000_000).map(f64::from).collect();
        for terminated in [Terminated::Time, Terminated::Failure] {
            let found = crow_amsaa(&times, Some(1e6), terminated, level(0.9), Side::Two).expect("a model");
            near(found.beta, 1.0, 1e-4);
            // The variance of the logarithm of the estimate is 2/n.
            near(log(found.mtbf / found.interval.lower.expect("lower")), 1.645 * sqrt(2e-6), 1e-5);
            near(log(found.interval.upper.expect("upper") / found.mtbf), 1.645 * sqrt(2e-6), 1e-5);
        }
    }

    #[test]
    fn refuses() {
        let of = |times: &[f64], terminated| crow_amsaa(times, Some(2.0), terminated, level(0.9), Side::Two);
        assert!(of(&[2.0, 2.0], Terminated::Time).is_err());
        assert!(of(&[1.0, f64::INFINITY], Terminated::Time).is_err());
        assert!(of(&[], Terminated::Time).is_err());
        assert!(of(&[1.0, 2.0], Terminated::Failure).is_err());
        assert!(duane(&[1.0, 1.0], Some(2.0), Terminated::Time).is_err());
    }
}
