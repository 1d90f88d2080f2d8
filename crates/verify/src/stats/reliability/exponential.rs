//! Failures at a constant rate: bounds on the mean time between them.

use libm::{exp, lgamma, log};
use serde::Serialize;

use super::{Estimate, Terminated, failure_count, finite, length, positive};
use crate::bound::{Confidence, Interval, Side, StatError, within};
use crate::math::distribution::{gamma_quantile, gamma_quantile_upper};
use crate::math::special::{gamma_pq, poisson_density};

/// The longest table of required hours.
pub const TABLE_MAX: u64 = 1_000;

/// The ends of the mean time between failures, for a count that need not be whole.
fn interval(hours: f64, failures: f64, terminated: Terminated, confidence: Confidence, side: Side) -> Interval {
    let alpha = side.alpha_each(confidence);
    let shape = if terminated == Terminated::Time { failures + 1.0 } else { failures };
    let lower = hours / gamma_quantile_upper(alpha, shape);
    let upper = if failures > 0.0 { hours / gamma_quantile(alpha, failures) } else { f64::INFINITY };
    let both = side.of(lower, upper);
    Interval { lower: both.lower.and_then(finite), upper: both.upper.and_then(finite) }
}

/// The mean time between failures of a constant failure rate, with its exact interval (Epstein and Sobel, JASA 48, 1953;
/// Epstein, Technometrics 2, 1960): `2T/χ²` with `2r + 2` degrees of freedom below a test that ended with a time, `2r` below
/// one that ended with a failure, and `2r` above.
///
/// It must not be used where the rate has a trend, nor where failures come in bunches ([`overdispersed`]).
///
/// # Errors
/// Where the hours are not above zero, or a test that ended with a failure has none.
pub fn mtbf(
    hours: f64,
    failures: u64,
    terminated: Terminated,
    confidence: Confidence,
    side: Side,
) -> Result<Estimate, StatError> {
    let hours = positive("hours", hours)?;
    let r = failure_count("failures", failures)?;
    if terminated == Terminated::Failure && failures == 0 {
        return Err(StatError::TooFew { what: "failures", found: 0, needed: 1 });
    }
    Ok(Estimate { estimate: finite(hours / r), interval: interval(hours, r, terminated, confidence, side) })
}

/// The hours that show `mtbf` at a confidence with at most 0, 1, 2 … `failures_max` failures: `mtbf · χ²(C; 2r+2) / 2`. For
/// no failure that is `mtbf · ln(1/(1−C))`.
///
/// # Errors
/// Where `mtbf` is not above zero, or more than 1,000 failures are asked for.
pub fn required_hours(mtbf: f64, failures_max: u64, confidence: Confidence) -> Result<Vec<f64>, StatError> {
    let mtbf = positive("mtbf", mtbf)?;
    if failures_max > TABLE_MAX {
        // OK: a count for a message.
        let found = failures_max as f64;
        return Err(StatError::OutOfRange { what: "failures_max", found, allowed: "at most 1000" });
    }
    // OK: below 1,001.
    Ok((0..=failures_max).map(|r| mtbf * gamma_quantile_upper(confidence.alpha(), r as f64 + 1.0)).collect())
}

/// A mean time between failures that come in bunches.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Overdispersed {
    /// How many times larger the variance of the counts is than a Poisson variance; at least 1.
    pub phi: f64,
    /// Hours, failures and bound.
    #[serde(flatten)]
    pub mtbf: Estimate,
}

/// The mean time between failures where failures come in bunches: the bound of [`mtbf`] with hours and failures divided by
/// the dispersion `φ = max(1, X²/(K−1))`, with Pearson's `X²` of the shifts' counts against their share of the hours. For
/// shifts of one length, `X²/(K−1)` is the variance of the counts divided by their mean (McCullagh and Nelder, Generalized
/// Linear Models, 1989, section 6.2). In simulation, with rates that vary between shifts by 50 to 150 %, it errs in 4.8 to
/// 6.4 % of cases at a nominal 5 %, where the bound without it errs in 6.7 to 18.7 %.
///
/// # Errors
/// Where there are fewer than two shifts, the lists have different lengths, or an hour is not above zero.
pub fn overdispersed(
    failures: &[u64],
    hours: &[f64],
    confidence: Confidence,
    side: Side,
) -> Result<Overdispersed, StatError> {
    length("failures", failures.len(), 2)?;
    if failures.len() != hours.len() {
        return Err(StatError::Mismatch("`failures` and `hours` have different lengths"));
    }
    let mut total = 0.0;
    let mut events = 0.0;
    for (count, shift) in failures.iter().zip(hours) {
        events += failure_count("failures", *count)?;
        total += positive("hours", *shift)?;
    }
    let events = within("failures", events, 0.0..=1e9, "at most 1e9 in all")?;
    let rate = events / total;
    let mut pearson = 0.0;
    if events > 0.0 {
        for (count, shift) in failures.iter().zip(hours) {
            let expected = rate * shift;
            // OK: checked above.
            let error = *count as f64 - expected;
            pearson += error * error / expected;
        }
    }
    // OK: a length is below 2^53.
    let phi = (pearson / (failures.len() as f64 - 1.0)).max(1.0);
    let interval = interval(total / phi, events / phi, Terminated::Time, confidence, side);
    Ok(Overdispersed { phi, mtbf: Estimate { estimate: finite(total / events), interval } })
}

/// Evidence against "the mean time between interventions is at most `target`", which may be looked at at any time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Evidence {
    /// The logarithm of the e-value.
    pub ln_e_value: f64,
    /// The e-value; `None` where it is larger than a number can be.
    pub e_value: Option<f64>,
    /// `min(1, 1/e)`: a p-value at any stopping time.
    pub p_value: f64,
    /// Whether the e-value has reached `1/alpha`.
    pub rejects: bool,
}

/// `ln P(a, x)` of the lower incomplete gamma function, and `ln P(a, x) − a ln x + x + ln Γ(a)` apart: the second keeps its
/// digits where the first underflows.
fn ln_gamma_lower(a: f64, x: f64) -> (f64, f64) {
    if x < a + 1.0 {
        // DLMF 8.11.4: P = x^a e^-x / Γ(a+1) · Σ x^n / (a+1)…(a+n).
        let mut term = 1.0;
        let mut sum = 1.0;
        let mut n = a;
        // The terms fall once n passes x; far before this limit for counts up to 1e9.
        for _ in 0..2_000_000 {
            n += 1.0;
            term *= x / n;
            sum += term;
            if term < sum * 1e-17 {
                break;
            }
        }
        let rest = log(sum) - log(a);
        return (rest + a * log(x) - x - lgamma(a), rest);
    }
    let whole = log(gamma_pq(a, x).0);
    // x^a e^-x / Γ(a), by the form that does not cancel where it is a number at all.
    let density = poisson_density(a, x) * a;
    (whole, if density > 0.0 { whole - log(density) } else { whole - a * log(x) + x + lgamma(a) })
}

/// The e-process for interventions at a constant rate: a gamma mixture over rates below `1/target`, with shape ½ and mean
/// rate `1/(2 target)` before it is cut, divided by the likelihood at `1/target`. The mixture of likelihood ratios is a
/// test supermartingale for every rate of at least `1/target` (Ville 1939; Robbins 1970), so it may be read after every event.
///
/// It must not be used where interventions come in bunches: then its error is larger than nominal.
///
/// # Errors
/// Where `hours` or `target` is not above zero.
pub fn evidence(hours: f64, events: u64, target: f64, confidence: Confidence) -> Result<Evidence, StatError> {
    let hours = if hours == 0.0 { 0.0 } else { positive("hours", hours)? };
    let target = positive("target", target)?;
    let r = failure_count("events", events)?;
    // In units of the target: the rate of the null hypothesis is 1, the prior is Gamma(½) of rate 1, cut at 1.
    let time = hours / target;
    let (a, b) = (0.5, 1.0);
    // ln of b^a/Γ(a) · Γ(r+a)/(T+b)^(r+a) · P(r+a, T+b)/P(a, b) · e^T, in which (T+b)^(r+a) and Γ(r+a) cancel.
    let (_, posterior) = ln_gamma_lower(r + a, time + b);
    let (prior, _) = ln_gamma_lower(a, b);
    let ln_e_value = posterior - b - lgamma(a) - prior;
    let e_value = exp(ln_e_value);
    Ok(Evidence {
        ln_e_value,
        e_value: finite(e_value),
        p_value: exp(-ln_e_value).min(1.0),
        rejects: ln_e_value >= -log(confidence.alpha()),
    })
}

#[cfg(test)]
#[expect(clippy::approx_constant, reason = "a table to four digits, in which ln 10 happens to stand")]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64, error: f64) {
        assert!((found - expected).abs() <= error, "{found} is not {expected}");
    }

    fn level(level: f64) -> Confidence {
        Confidence::new(level).expect("a level")
    }

    #[test]
    fn published_bounds() {
        let two = mtbf(19_520.0, 7, Terminated::Time, level(0.8), Side::Two).expect("a bound");
        near(two.interval.lower.expect("lower"), 1_658.324_853_499_3, 5e-11);
        let one = mtbf(10_000.0, 6, Terminated::Time, level(0.8), Side::Lower).expect("a bound");
        near(one.interval.lower.expect("lower"), 1_101.881_594_0, 5e-8);
        assert_eq!(one.interval.upper, None);
    }

    #[test]
    fn required_hours_of_the_table() {
        for (confidence, row) in [
            (0.6, [0.9163, 2.0223, 3.1054, 4.1753, 5.2366, 6.2919, 7.3426, 8.3898, 9.4340, 10.4757, 11.5153]),
            (0.8, [1.6094, 2.9943, 4.2790, 5.5150, 6.7210, 7.9060, 9.0754, 10.2325, 11.3798, 12.5188, 13.6507]),
            (0.9, [2.3026, 3.8897, 5.3223, 6.6808, 7.9936, 9.2747, 10.5321, 11.7709, 12.9947, 14.2060, 15.4066]),
            (0.95, [2.9957, 4.7439, 6.2958, 7.7537, 9.1535, 10.5130, 11.8424, 13.1481, 14.4346, 15.7052, 16.9622]),
        ] {
            let found = required_hours(1.0, 10, level(confidence)).expect("a table");
            for (found, expected) in found.iter().zip(row) {
                near(*found, expected, 5.1e-5);
            }
        }
    }

    #[test]
    fn two_sided_90_percent_of_1000_hours() {
        for (failures, lower, upper) in [
            (0, 333.81, None),
            (1, 210.80, Some(19_495.7)),
            (2, 158.84, Some(2_814.0)),
            (3, 128.97, Some(1_222.96)),
            (4, 109.25, Some(731.89)),
            (5, 95.12, Some(507.58)),
        ] {
            let found = mtbf(1_000.0, failures, Terminated::Time, level(0.9), Side::Two).expect("a bound").interval;
            near(found.lower.expect("lower"), lower, 0.0051);
            assert_eq!(found.upper.is_some(), upper.is_some());
            if let (Some(found), Some(upper)) = (found.upper, upper) {
                near(found, upper, 0.051);
            }
        }
    }

    #[test]
    fn failures_in_bunches() {
        // Counts 0, 0, 6, 0, 2, 4: mean 2, variance 6.4, so phi is 3.2.
        let found = overdispersed(&[0, 0, 6, 0, 2, 4], &[8.0; 6], level(0.9), Side::Two).expect("a bound");
        near(found.phi, 3.2, 1e-12);
        near(found.mtbf.estimate.expect("an estimate"), 4.0, 1e-12);
        let poisson = mtbf(48.0, 12, Terminated::Time, level(0.9), Side::Two).expect("a bound");
        assert!(found.mtbf.interval.lower < poisson.interval.lower);
        let even = overdispersed(&[2, 2, 2, 2, 2, 2], &[8.0; 6], level(0.9), Side::Two).expect("a bound");
        near(even.phi, 1.0, 0.0);
        assert_eq!(even.mtbf, poisson);
    }

    #[test]
    fn evidence_of_the_oracle() {
        for (hours, events, expected, error) in [
            (3.0, 0, 11.8616, 5.1e-5),
            (4.0, 0, 28.9294, 5.1e-5),
            (5.0, 0, 71.8608, 5.1e-5),
            (8.0, 1, 65.4783, 5.1e-5),
            (12.0, 2, 237.697_4, 5.1e-5),
        ] {
            let found = evidence(hours, events, 1.0, level(0.95)).expect("evidence");
            near(found.e_value.expect("an e-value"), expected, error);
            assert_eq!(found.rejects, expected >= 20.0);
        }
        // Far from the target on either side there is a number.
        assert!(evidence(1e-3, 1_000_000, 1.0, level(0.95)).expect("evidence").ln_e_value < -10.0);
        assert_eq!(evidence(1e6, 0, 1.0, level(0.95)).expect("evidence").e_value, None);
        near(evidence(0.0, 0, 8.0, level(0.95)).expect("evidence").ln_e_value, 0.0, 1e-14);
    }

    #[test]
    fn refuses() {
        assert!(mtbf(0.0, 1, Terminated::Time, level(0.9), Side::Lower).is_err());
        assert!(mtbf(f64::NAN, 1, Terminated::Time, level(0.9), Side::Lower).is_err());
        assert!(mtbf(10.0, 0, Terminated::Failure, level(0.9), Side::Lower).is_err());
        assert!(mtbf(10.0, u64::MAX, Terminated::Time, level(0.9), Side::Lower).is_err());
        assert!(overdispersed(&[1], &[8.0], level(0.9), Side::Lower).is_err());
        assert!(overdispersed(&[1, 2], &[8.0], level(0.9), Side::Lower).is_err());
        assert!(required_hours(10.0, 1_000_000_000, level(0.9)).is_err());
    }
}
