//! One proportion of independent trials.
//!
//! Not for units of shifts, which share light, operators and parts: see [`super::cluster`].

use libm::sqrt;

use super::cluster::{countable, float};
use crate::bound::{Confidence, Interval, Side, StatError, within};
use crate::math::distribution::{beta_quantile, beta_quantile_upper, binomial_cdf, normal_quantile_upper};

/// Answers above this many trials are refused.
const TRIALS_MAX: u64 = 1_000_000_000;

/// Checks that there are trials, and no more successes than trials.
fn counts(successes: u64, trials: u64) -> Result<(f64, f64), StatError> {
    if trials == 0 {
        return Err(StatError::TooFew { what: "trials", found: 0, needed: 1 });
    }
    if successes > trials {
        return Err(StatError::Mismatch("there are more successes than trials"));
    }
    countable(trials)?;
    Ok((float(successes), float(trials)))
}

/// The exact interval of Clopper and Pearson (Biometrika 26, 1934).
///
/// # Errors
/// Where there are no trials, or more successes than trials.
pub fn clopper_pearson(successes: u64, trials: u64, confidence: Confidence, side: Side) -> Result<Interval, StatError> {
    let (s, n) = counts(successes, trials)?;
    let alpha = side.alpha_each(confidence);
    let lower = if s == 0.0 { 0.0 } else { beta_quantile(alpha, s, n - s + 1.0) };
    let upper = if s == n { 1.0 } else { beta_quantile_upper(alpha, s + 1.0, n - s) };
    Ok(side.of(lower, upper))
}

/// The score interval of Wilson (Journal of the American Statistical Association 22, 1927).
///
/// For display: it holds its confidence on average over shares, not for each. Decisions use [`clopper_pearson`].
///
/// # Errors
/// As [`clopper_pearson`].
pub fn wilson(successes: u64, trials: u64, confidence: Confidence, side: Side) -> Result<Interval, StatError> {
    let (s, n) = counts(successes, trials)?;
    let z = normal_quantile_upper(side.alpha_each(confidence));
    let square = z * z;
    // (s + z²/2 ± z sqrt(s (n−s)/n + z²/4)) / (n + z²), with the end that cancels written as a quotient.
    let spread = z * sqrt(s * (n - s) / n + 0.25 * square);
    let whole = n + square;
    let lower = s * s / n / (s + 0.5 * square + spread);
    let failed = n - s;
    let upper = if s < failed {
        (s + 0.5 * square + spread) / whole
    } else {
        1.0 - failed * failed / n / (failed + 0.5 * square + spread)
    };
    let ends = if z < 0.0 {
        // Below a confidence of one half (one-sided) nothing cancels.
        ((s + 0.5 * square - spread) / whole, (s + 0.5 * square + spread) / whole)
    } else {
        (lower, upper)
    };
    Ok(side.of(if s == 0.0 { 0.0 } else { ends.0 }, if s == n { 1.0 } else { ends.1 }))
}

/// The equal-tailed interval of Jeffreys' prior: quantiles of Beta(s + ½, n − s + ½) (Brown, Cai and DasGupta, Statistical
/// Science 16, 2001, without their change at the ends). For display.
///
/// # Errors
/// As [`clopper_pearson`].
pub fn jeffreys(successes: u64, trials: u64, confidence: Confidence, side: Side) -> Result<Interval, StatError> {
    let (s, n) = counts(successes, trials)?;
    let alpha = side.alpha_each(confidence);
    Ok(side.of(beta_quantile(alpha, s + 0.5, n - s + 0.5), beta_quantile_upper(alpha, s + 0.5, n - s + 0.5)))
}

/// The fewest trials that show a share of at least `share` with this many failures: the smallest `n` with `P(X <= failures)
/// <= α` for `X` of Binomial(n, 1 − share). Without failures it is `ln α / ln share`, rounded up.
///
/// # Errors
/// Where the share is not between 0 and 1, or more than 10^9 trials are needed.
pub fn trials_needed(share: f64, failures: u64, confidence: Confidence) -> Result<u64, StatError> {
    within("share", share, f64::MIN_POSITIVE..=1.0 - f64::EPSILON, "above 0 and below 1")?;
    if failures >= TRIALS_MAX {
        return Err(StatError::NoSolution("more than 1,000,000,000 trials are needed"));
    }
    // A tie by rounding counts as shown.
    let alpha = confidence.alpha() * (1.0 + 1e-12);
    let shows = |trials: u64| binomial_cdf(float(failures), float(trials), 1.0 - share) <= alpha;
    // `failures` trials that all fail show nothing.
    let (mut too_few, mut enough) = (failures, failures + 1);
    while !shows(enough) {
        if enough >= TRIALS_MAX {
            return Err(StatError::NoSolution("more than 1,000,000,000 trials are needed"));
        }
        (too_few, enough) = (enough, enough.saturating_mul(2).min(TRIALS_MAX));
    }
    while enough - too_few > 1 {
        let middle = too_few + (enough - too_few) / 2;
        if shows(middle) {
            enough = middle;
        } else {
            too_few = middle;
        }
    }
    Ok(enough)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::cluster::tests::near;

    /// Successes and trials, then both ends of Clopper and Pearson, Wilson and Jeffreys, and the one-sided lower bound.
    const ORACLES: [(u64, u64, [f64; 7]); 8] = [
        (0, 10, [0.0, 0.308_497, 0.0, 0.277_533, 0.000_048, 0.217_196, 0.0]),
        (10, 10, [0.691_503, 1.0, 0.722_467, 1.0, 0.782_804, 0.999_952, 0.741_134]),
        (48, 50, [0.862_862, 0.995_119, 0.865_399, 0.988_961, 0.877_821, 0.991_596, 0.879_386]),
        (50, 50, [0.928_878, 1.0, 0.928_652, 1.0, 0.951_242, 0.999_990, 0.941_845]),
        (29, 50, [0.432_060, 0.718_118, 0.442_334, 0.706_250, 0.441_900, 0.709_133, 0.453_989]),
        (190, 200, [0.909_972, 0.975_766, 0.910_422, 0.972_617, 0.913_125, 0.974_007, 0.916_665]),
        (297, 300, [0.971_055, 0.997_933, 0.971_017, 0.996_593, 0.973_556, 0.997_176, 0.974_359]),
        (985, 1000, [0.975_380, 0.991_581, 0.975_399, 0.990_889, 0.976_000, 0.991_205, 0.976_996]),
    ];

    #[test]
    fn intervals() {
        for (s, n, [cp_low, cp_high, w_low, w_high, j_low, j_high, one]) in ORACLES {
            for (found, low, high) in [
                (clopper_pearson(s, n, Confidence::USUAL, Side::Two), cp_low, cp_high),
                (wilson(s, n, Confidence::USUAL, Side::Two), w_low, w_high),
                (jeffreys(s, n, Confidence::USUAL, Side::Two), j_low, j_high),
            ] {
                let found = found.unwrap();
                near(found.lower.unwrap(), low, 5.1e-7);
                near(found.upper.unwrap(), high, 5.1e-7);
            }
            let found = clopper_pearson(s, n, Confidence::USUAL, Side::Lower).unwrap();
            near(found.lower.unwrap(), one, 5.1e-7);
            assert_eq!(found.upper, None);
        }
        // 32 of 32, as NIST prints it.
        near(clopper_pearson(32, 32, Confidence::USUAL, Side::Lower).unwrap().lower.unwrap(), 0.9106, 5e-5);
    }

    #[test]
    fn trials_without_failures() {
        for (share, expected) in [
            (0.90, [16, 22, 29, 44]),
            (0.95, [32, 45, 59, 90]),
            (0.98, [80, 114, 149, 228]),
            (0.99, [161, 230, 299, 459]),
            (0.995, [322, 460, 598, 919]),
            (0.999, [1609, 2302, 2995, 4603]),
        ] {
            for (level, expected) in [0.8, 0.9, 0.95, 0.99].into_iter().zip(expected) {
                assert_eq!(trials_needed(share, 0, Confidence::new(level).unwrap()).unwrap(), expected);
            }
        }
        // A tie: 0.5² = 0.25.
        assert_eq!(trials_needed(0.5, 0, Confidence::new(0.75).unwrap()).unwrap(), 2);
    }

    #[test]
    fn trials_with_failures() {
        for (share, expected) in [
            (0.90, [29, 46, 61, 76, 89, 103]),
            (0.95, [59, 93, 124, 153, 181, 208]),
            (0.97, [99, 157, 208, 257, 303, 348]),
            (0.98, [149, 236, 313, 386, 456, 523]),
            (0.99, [299, 473, 628, 773, 913, 1049]),
            (0.995, [598, 947, 1258, 1549, 1829, 2100]),
        ] {
            for (failures, expected) in (0..).zip(expected) {
                assert_eq!(trials_needed(share, failures, Confidence::USUAL).unwrap(), expected);
            }
        }
        for (share, expected) in [
            (0.95, [45, 77, 105, 132, 158, 184]),
            (0.98, [114, 194, 265, 333, 398, 462]),
            (0.99, [230, 388, 531, 667, 798, 926]),
        ] {
            for (failures, expected) in (0..).zip(expected) {
                assert_eq!(trials_needed(share, failures, Confidence::new(0.9).unwrap()).unwrap(), expected);
            }
        }
    }

    #[test]
    fn odd_counts() {
        for interval in [clopper_pearson, wilson, jeffreys] {
            assert!(interval(1, 0, Confidence::USUAL, Side::Two).is_err());
            assert!(interval(2, 1, Confidence::USUAL, Side::Two).is_err());
            assert!(interval(2, u64::MAX, Confidence::USUAL, Side::Two).is_err());
            // One of many: both ends keep their digits.
            let found = interval(1, 1_000_000_000, Confidence::USUAL, Side::Two).unwrap();
            assert!(found.lower < Some(1e-9) && found.upper > Some(4e-9) && found.upper < Some(1e-8));
        }
        assert!(trials_needed(1.0, 0, Confidence::USUAL).is_err());
        assert!(trials_needed(f64::NAN, 0, Confidence::USUAL).is_err());
        assert!(trials_needed(0.9, u64::MAX, Confidence::USUAL).is_err());
        assert!(trials_needed(1.0 - 1e-15, 0, Confidence::USUAL).is_err());
    }
}
