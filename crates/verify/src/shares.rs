//! Shares of units with bounds that know that shifts differ, and differences of two of them.
//!
//! Every share that a gate asks for goes through here: good units, units with help, calls of an inspection, takts that were
//! kept. So none of them can take units of one shift as independent by mistake.

use crate::bound::{Confidence, Side, StatError};
use crate::math::root;
use crate::stats::cluster::Rule;
use crate::stats::strata::{Cell, SuccessBound, success_bound};
use crate::stats::two_proportions::{Arms, farrington_manning};

/// A share with both ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Share {
    /// The share seen.
    pub(crate) estimate: f64,
    /// Its lower bound.
    pub(crate) lower: f64,
    /// Its upper bound, at the same confidence.
    pub(crate) upper: f64,
    /// Shifts with units.
    pub(crate) shifts: u64,
    /// Units.
    pub(crate) units: u64,
    /// Units that count.
    pub(crate) hits: u64,
    /// Independent units that would say as much.
    pub(crate) effective_units: f64,
    /// The correlation that was used.
    pub(crate) icc_used: f64,
}

/// The share of hits among units, each a pair of hits and units of one shift.
///
/// # Errors
/// Where there are no units, or the confidence is not above one half.
pub(crate) fn of_shifts(counts: impl Iterator<Item = (u64, u64)>, confidence: Confidence) -> Result<Share, StatError> {
    let cells: Vec<Cell> =
        counts.enumerate().map(|(shift, (good, units))| Cell { shift, stratum: 0, good, units }).collect();
    let bound = success_bound(&cells, None, confidence, Rule::Decision)?;
    Ok(of_bound(&bound, confidence))
}

/// The same from a bound that was computed elsewhere.
pub(crate) fn of_bound(bound: &SuccessBound, confidence: Confidence) -> Share {
    Share {
        estimate: bound.estimate,
        lower: bound.lower,
        upper: upper(bound, confidence),
        shifts: bound.shifts,
        units: bound.units,
        hits: bound.units - bound.failures,
        effective_units: bound.effective_units,
        icc_used: bound.icc_used,
    }
}

/// The upper bound with the same effective units.
pub(crate) fn upper(bound: &SuccessBound, confidence: Confidence) -> f64 {
    let n = bound.effective_units;
    let good = n * bound.estimate;
    if bound.estimate >= 1.0 {
        return 1.0;
    }
    crate::math::distribution::beta_quantile_upper(confidence.alpha(), good + 1.0, (n - good).max(f64::MIN_POSITIVE))
}

/// The difference of two shares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Difference {
    /// The first share less the second.
    pub(crate) estimate: f64,
    /// Its lower bound.
    pub(crate) lower: f64,
    /// Its upper bound.
    pub(crate) upper: f64,
    /// The probability of a difference as high where the true one is `−margin`.
    pub(crate) p: f64,
}

/// The difference of two shares, by the score test of Farrington and Manning on effective counts: units over the design
/// effect of each side, hits rounded against the first. Its bounds are where the test turns.
///
/// # Errors
/// Where a side has less than one effective unit.
pub(crate) fn difference(
    first: &Share,
    second: &Share,
    margin: f64,
    confidence: Confidence,
) -> Result<Difference, StatError> {
    let whole = |share: &Share| {
        let units = libm::floor(share.effective_units);
        if units < 1.0 {
            return Err(StatError::TooFew { what: "effective units", found: 0, needed: 1 });
        }
        Ok(units)
    };
    let (n1, n2) = (whole(first)?, whole(second)?);
    let (low1, high2) = (libm::floor(n1 * first.estimate + 1e-9), libm::ceil(n2 * second.estimate - 1e-9).min(n2));
    let (high1, low2) = (libm::ceil(n1 * first.estimate - 1e-9).min(n1), libm::floor(n2 * second.estimate + 1e-9));
    // OK to cast: whole numbers from 0 to the number of units.
    let arms = |x1: f64, n1: f64, x2: f64, n2: f64| Arms { x1: x1 as u64, n1: n1 as u64, x2: x2 as u64, n2: n2 as u64 };
    let against = arms(low1, n1, high2, n2);
    let alpha = confidence.alpha();
    // The larger the margin, the easier it is to show.
    let least = |arms: Arms| {
        let excess = |margin: f64| alpha - farrington_manning(arms, margin).map_or(1.0, |score| score.p);
        root::bracketed(excess, -1.0 + 1e-9, 1.0 - 1e-9).unwrap_or(1.0)
    };
    let p = farrington_manning(against, margin)?.p;
    Ok(Difference {
        estimate: first.estimate - second.estimate,
        lower: -least(against),
        upper: least(arms(low2, n2, high1, n1)),
        p,
    })
}

/// The ratio of two means over shifts, with the interval of Fieller's theorem (Journal of the Royal Statistical Society B 16,
/// 1954) by Welch's degrees of freedom: the ratios that Welch's test of `mean1 − ratio · mean2` does not rule out. Shifts
/// may be zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ratio {
    /// The ratio of the means.
    pub(crate) estimate: f64,
    /// Its lower bound.
    pub(crate) lower: f64,
    /// Its upper bound; `None` where the second mean may be zero.
    pub(crate) upper: Option<f64>,
}

/// See [`Ratio`].
///
/// # Errors
/// Where a side has fewer than two shifts, or the second mean is not above zero.
pub(crate) fn ratio_of_means(first: &[f64], second: &[f64], confidence: Confidence) -> Result<Ratio, StatError> {
    use crate::math::distribution::student_cdf;
    use crate::stats::sample::{count, enough, mean, variance};
    enough("robots' shifts", first, 2)?;
    enough("people's shifts", second, 2)?;
    let (one, two) = (mean(first), mean(second));
    if two <= 0.0 {
        return Err(StatError::Mismatch("the second side made nothing"));
    }
    let (from_one, from_two) = (variance(first) / count(first), variance(second) / count(second));
    // The probability of a difference as high where the ratio is `ratio`.
    let p = |ratio: f64| {
        let (a, b) = (from_one, ratio * ratio * from_two);
        let difference = one - ratio * two;
        if a + b <= 0.0 {
            return if difference > 0.0 { 0.0 } else { 1.0 };
        }
        let (share_a, share_b) = (a / (a + b), b / (a + b));
        let df = 1.0 / (share_a * share_a / (count(first) - 1.0) + share_b * share_b / (count(second) - 1.0));
        student_cdf(-difference / libm::sqrt(a + b), df)
    };
    let estimate = one / two;
    let alpha = confidence.alpha();
    if from_one + from_two <= 0.0 {
        return Ok(Ratio { estimate, lower: estimate, upper: Some(estimate) });
    }
    let lower = root::bracketed(|ratio| p(ratio) - alpha, 0.0, estimate).unwrap_or(0.0);
    let most = (estimate + 1.0) * 1e3;
    let upper = root::bracketed(|ratio| p(ratio) - (1.0 - alpha), estimate, most);
    Ok(Ratio { estimate, lower, upper })
}

/// A mean over shifts with the bounds of Student's t.
///
/// # Errors
/// Where there are fewer than two shifts.
pub(crate) fn mean_of_shifts(values: &[f64], confidence: Confidence) -> Result<(f64, f64, f64), StatError> {
    use crate::stats::sample::{count, enough, mean, variance};
    enough("shifts", values, 2)?;
    let centre = mean(values);
    let quantile = crate::math::distribution::student_quantile(confidence.level(), count(values) - 1.0);
    let reach = quantile * libm::sqrt(variance(values) / count(values));
    Ok((centre, centre - reach, centre + reach))
}

/// A side that is asked for both ends one after the other.
pub(crate) fn both<T>(bound: impl Fn(Side) -> Result<T, StatError>) -> Result<(T, T), StatError> {
    Ok((bound(Side::Lower)?, bound(Side::Upper)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_turns_where_its_test_does() {
        let side = |hits: u64| Share {
            estimate: hits as f64 / 1000.0,
            lower: 0.0,
            upper: 1.0,
            shifts: 10,
            units: 1000,
            hits,
            effective_units: 1000.0,
            icc_used: 0.0,
        };
        // By the study: (975, 1000, 980, 1000, 0.01) gives p = 0.2279038.
        let found = difference(&side(975), &side(980), 0.01, Confidence::USUAL).expect("counts");
        assert!((found.p - 0.227_903_8).abs() < 1e-6, "{found:?}");
        assert!((found.estimate + 0.005).abs() < 1e-12);
        let turns = difference(&side(975), &side(980), -found.lower, Confidence::USUAL).expect("counts");
        assert!((turns.p - 0.05).abs() < 1e-9, "{turns:?}");
        assert!(found.lower < -0.005 && found.upper > -0.005, "{found:?}");
    }

    #[test]
    fn a_ratio_of_means_allows_for_both_sides() {
        let (one, two) = ([9.0, 11.0, 10.0, 10.0], [5.0, 5.5, 4.5, 5.0]);
        let found = ratio_of_means(&one, &two, Confidence::USUAL).expect("shifts");
        assert!((found.estimate - 2.0).abs() < 1e-12);
        assert!(found.lower > 1.7 && found.lower < 2.0, "{found:?}");
        assert!(found.upper.is_some_and(|upper| upper > 2.0 && upper < 2.4), "{found:?}");
        assert!(ratio_of_means(&[0.0, 0.0, 1.0], &two, Confidence::USUAL).is_ok(), "a shift may have made nothing");
    }
}
