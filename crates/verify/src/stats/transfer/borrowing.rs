//! Borrowing: evidence of another place or version, at a discount, beside one's own.
//!
//! Never borrow for safety, nor a hardware's mean time between failures across revisions, nor across embodiments. At least
//! half of a gate's exposure must be one's own.

use libm::{exp, log};
use serde::Serialize;

use super::counts;
use crate::bound::{Confidence, Interval, Side, StatError, within};
use crate::math::distribution::{beta_quantile, beta_quantile_upper};
use crate::math::root;
use crate::math::special::{beta_pq, ln_beta, ln_gamma};

/// What each dimension that differs leaves of the source's weight.
pub const DISCOUNT: f64 = 0.8;

/// The least weight of a source that may be borrowed from at all.
pub const DISCOUNT_LEAST: f64 = 0.2;

/// Below this prior-predictive probability nothing is borrowed.
pub const CONFLICT: f64 = 0.05;

/// The most units of one's own, because the prior-predictive probability is a sum over them.
pub const TRIALS_MAX: f64 = 1e7;

/// A share with borrowed evidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Borrowed {
    /// The interval of the share.
    #[serde(flatten)]
    pub interval: Interval,
    /// Its posterior mean.
    pub mean: f64,
    /// The weight of a unit of the source: 0 where nothing is borrowed.
    pub weight: f64,
    /// The units borrowed, after weight and cap.
    pub borrowed: f64,
    /// The probability, before one's own units, of a count as far out as one's own.
    pub predictive_p: f64,
    /// Whether that is too small, so that nothing is borrowed.
    pub conflict: bool,
}

/// The two-sided probability of a beta-binomial count: twice the smaller of both tails, each with the count itself.
fn predictive(s: f64, n: f64, a: f64, b: f64) -> f64 {
    // ln of C(n, x) B(x+a, n−x+b) / B(a, b), then by the ratio of neighbours away from s.
    let at =
        exp(ln_gamma(n + 1.0) - ln_gamma(s + 1.0) - ln_gamma(n - s + 1.0) + ln_beta(s + a, n - s + b) - ln_beta(a, b));
    let (mut down, mut up) = (at, at);
    let mut term = at;
    let mut x = s;
    while x >= 1.0 && term > 0.0 {
        term *= x * (n - x + b) / ((n - x + 1.0) * (x - 1.0 + a));
        down += term;
        x -= 1.0;
    }
    term = at;
    x = s;
    while x < n && term > 0.0 {
        term *= (n - x) * (x + a) / ((x + 1.0) * (n - x - 1.0 + b));
        up += term;
        x += 1.0;
    }
    (2.0 * down.min(up)).min(1.0)
}

/// One's own counts, whole and not too many for the sum.
fn own(successes: u64, trials: u64) -> Result<(f64, f64), StatError> {
    // OK: checked to be at most 1e7.
    within("trials", trials as f64, 1.0..=TRIALS_MAX, "from 1 to 1e7")?;
    // OK: a success more than the trials is an error.
    counts(successes as f64, trials as f64)
}

/// The power prior (Ibrahim and Chen, Statistical Science 15, 2000) with weight `max(0.2, 0.8^changed)` for a source that
/// differs in `changed` dimensions (object family, fixture, floor, lighting, operator density), at most `cap`, and never more
/// than one borrowed unit per own: `Beta(1 + w s₀ + s, 1 + w f₀ + f)`. Where one's own count has a prior-predictive
/// probability below 0.05 (Box, Journal of the Royal Statistical Society A 143, 1980), nothing is borrowed.
///
/// # Errors
/// Where there are no trials, or more successes than trials.
pub fn power_prior(
    (successes, trials): (u64, u64),
    source: super::Site,
    changed: u32,
    cap: f64,
    confidence: Confidence,
    side: Side,
) -> Result<Borrowed, StatError> {
    let (s, f) = own(successes, trials)?;
    let (s0, f0) = counts(source.successes, source.trials)?;
    within("cap", cap, 0.0..=1.0, "from 0 to 1")?;
    let discount = libm::pow(DISCOUNT, f64::from(changed)).max(DISCOUNT_LEAST).min(cap);
    let weight = discount.min((s + f) / (s0 + f0));
    let predictive_p = predictive(s, s + f, 1.0 + weight * s0, 1.0 + weight * f0);
    let conflict = predictive_p < CONFLICT;
    let weight = if conflict { 0.0 } else { weight };
    let (a, b) = (1.0 + weight * s0 + s, 1.0 + weight * f0 + f);
    let alpha = side.alpha_each(confidence);
    Ok(Borrowed {
        interval: side.of(beta_quantile(alpha, a, b), beta_quantile_upper(alpha, a, b)),
        mean: a / (a + b),
        weight,
        borrowed: weight * (s0 + f0),
        predictive_p,
        conflict,
    })
}

/// A share with a robust mixture prior.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Robust {
    /// The interval of the share.
    #[serde(flatten)]
    pub interval: Interval,
    /// Its posterior mean.
    pub mean: f64,
    /// The weight of the informative part after one's own units.
    pub weight: f64,
    /// The units that the informative part is worth, after the cap.
    pub prior_units: f64,
    /// The probability, before one's own units, of a count as far out as one's own, by the informative part.
    pub predictive_p: f64,
}

/// The robust meta-analytic-predictive prior (Schmidli and others, Biometrics 70, 2014): `w · Beta(mean · strength, (1 −
/// mean) · strength) + (1 − w) · Beta(1, 1)`, of which the strength is capped at one's own units. The informative part is a
/// distribution of sites, as of [`partial_pooling`](super::pooling::partial_pooling); its weight falls by itself where
/// one's own units disagree.
///
/// # Errors
/// Where there are no trials or more successes than trials, the mean is not inside 0 to 1, or the strength is not positive.
pub fn robust_map(
    (successes, trials): (u64, u64),
    prior_mean: f64,
    prior_strength: f64,
    weight: f64,
    confidence: Confidence,
    side: Side,
) -> Result<Robust, StatError> {
    let (s, f) = own(successes, trials)?;
    within("prior_mean", prior_mean, 1e-9..=1.0 - 1e-9, "above 0 and below 1")?;
    within("prior_strength", prior_strength, 1e-3..=1e9, "from 0.001 to 1e9")?;
    within("weight", weight, 0.0..=1.0, "from 0 to 1")?;
    let strength = prior_strength.min(s + f);
    let (a, b) = (prior_mean * strength, (1.0 - prior_mean) * strength);
    // The odds of both parts after one's own units, by their marginal likelihoods.
    let informed = ln_beta(s + a, f + b) - ln_beta(a, b);
    let vague = ln_beta(s + 1.0, f + 1.0);
    let posterior = if weight == 0.0 {
        0.0
    } else {
        let odds = log((1.0 - weight) / weight) + vague - informed;
        1.0 / (1.0 + exp(odds))
    };
    let parts = [(posterior, s + a, f + b), (1.0 - posterior, s + 1.0, f + 1.0)];
    let alpha = side.alpha_each(confidence);
    let both = side.of(mixture_quantile(&parts, alpha, true), mixture_quantile(&parts, alpha, false));
    Ok(Robust {
        interval: both,
        mean: parts.iter().map(|(w, a, b)| w * a / (a + b)).sum(),
        weight: posterior,
        prior_units: strength,
        predictive_p: predictive(s, s + f, a, b),
    })
}

/// The share below which a mixture of betas has `alpha` (`lower`), or above which it has.
fn mixture_quantile(parts: &[(f64, f64, f64)], alpha: f64, lower: bool) -> f64 {
    let error = |u: f64| {
        let (x, y) = (super::share(u), super::share(-u));
        let tail: f64 = parts
            .iter()
            .map(|(weight, a, b)| {
                let (below, above) = beta_pq(*a, *b, x, y);
                weight * if lower { below } else { above }
            })
            .sum();
        log(tail.max(f64::MIN_POSITIVE)) - log(alpha)
    };
    // Between the quantiles of both parts the mixture's own lies; they are widened by what rounding may take.
    let quantile = |a: f64, b: f64| if lower { beta_quantile(alpha, a, b) } else { beta_quantile_upper(alpha, a, b) };
    let ends: Vec<f64> = parts.iter().map(|(_, a, b)| quantile(*a, *b)).map(|x| log(x / (1.0 - x))).collect();
    let low = ends.iter().fold(f64::INFINITY, |low, end| low.min(*end)).max(-700.0) - 1e-6;
    let high = ends.iter().fold(f64::NEG_INFINITY, |high, end| high.max(*end)).min(700.0) + 1e-6;
    root::bracketed(error, low, high).map_or(f64::NAN, super::share)
}

#[cfg(test)]
mod tests {
    use super::super::Site;
    use super::super::tests::near;
    use super::*;

    const SOURCE: Site = Site { successes: 1_940.0, trials: 2_000.0 };

    #[test]
    fn borrows_at_a_discount_and_no_more_than_own() {
        let found = power_prior((97, 100), SOURCE, 2, 1.0, Confidence::USUAL, Side::Lower).expect("a bound");
        // 0.64 of 2,000 is more than the 100 of one's own.
        near(found.borrowed, 100.0, 1e-9);
        near(found.weight, 0.05, 1e-15);
        near(found.interval.lower.expect("lower"), beta_quantile(0.05, 195.0, 7.0), 1e-12);
        assert!(!found.conflict);
        let many = power_prior(
            (1_940, 2_000),
            Site { successes: 97.0, trials: 100.0 },
            20,
            1.0,
            Confidence::USUAL,
            Side::Lower,
        );
        near(many.expect("a bound").weight, 0.2, 1e-15);
    }

    #[test]
    fn a_conflict_borrows_nothing() {
        let found = power_prior((80, 100), SOURCE, 0, 1.0, Confidence::USUAL, Side::Lower).expect("a bound");
        assert!(found.conflict && found.predictive_p < 0.01);
        near(found.borrowed, 0.0, 0.0);
        near(found.interval.lower.expect("lower"), beta_quantile(0.05, 81.0, 21.0), 1e-12);
    }

    #[test]
    fn predictive_probabilities_add_up() {
        // Beta(1, 1): every count as likely as the others.
        near(predictive(0.0, 9.0, 1.0, 1.0), 0.2, 1e-12);
        near(predictive(4.0, 9.0, 1.0, 1.0), 1.0, 1e-12);
        near(predictive(9.0, 9.0, 1.0, 1.0), 0.2, 1e-12);
    }

    #[test]
    fn robust_prior_gives_way() {
        let agree = robust_map((97, 100), 0.97, 90.0, 0.5, Confidence::USUAL, Side::Lower).expect("a bound");
        assert!(agree.weight > 0.8, "{}", agree.weight);
        let differ = robust_map((70, 100), 0.97, 90.0, 0.5, Confidence::USUAL, Side::Lower).expect("a bound");
        assert!(differ.weight < 0.01, "{}", differ.weight);
        // Without weight it is the uniform prior alone, with all of it the informative one alone.
        let vague = robust_map((97, 100), 0.97, 90.0, 0.0, Confidence::USUAL, Side::Two).expect("a bound");
        near(vague.interval.lower.expect("lower"), beta_quantile(0.025, 98.0, 4.0), 1e-12);
        near(vague.interval.upper.expect("upper"), beta_quantile_upper(0.025, 98.0, 4.0), 1e-12);
        let informed = robust_map((97, 100), 0.97, 90.0, 1.0, Confidence::USUAL, Side::Lower).expect("a bound");
        near(informed.interval.lower.expect("lower"), beta_quantile(0.05, 97.0 + 87.3, 3.0 + 2.7), 1e-12);
        near(
            robust_map((9, 10), 0.97, 90.0, 0.5, Confidence::USUAL, Side::Lower).expect("a bound").prior_units,
            10.0,
            0.0,
        );
    }

    #[test]
    fn refuses() {
        assert!(power_prior((3, 2), SOURCE, 0, 1.0, Confidence::USUAL, Side::Lower).is_err());
        assert!(power_prior((0, 0), SOURCE, 0, 1.0, Confidence::USUAL, Side::Lower).is_err());
        assert!(power_prior((u64::MAX, u64::MAX), SOURCE, 0, 1.0, Confidence::USUAL, Side::Lower).is_err());
        assert!(robust_map((1, 2), 1.0, 9.0, 0.5, Confidence::USUAL, Side::Lower).is_err());
        assert!(robust_map((1, 2), 0.9, f64::NAN, 0.5, Confidence::USUAL, Side::Lower).is_err());
    }
}
