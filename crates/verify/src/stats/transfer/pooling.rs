//! Partial pooling: each site drawn towards the others, as far as they agree.

use libm::{exp, log, log1p};
use serde::Serialize;

use super::{Site, all_counts};
use crate::bound::{Confidence, Interval, Side, StatError};
use crate::math::distribution::{beta_quantile, beta_quantile_upper};
use crate::math::root;
use crate::math::special::{digamma, ln_beta};

/// The most sites.
pub const SITES_MAX: usize = 2_000;

/// A beta distribution of sites.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pooled {
    /// The mean of the sites' shares.
    pub mean: f64,
    /// The strength of the distribution, in units: the sites of a large one are alike. `None` where they are more alike
    /// than chance makes them, so that all are taken as one.
    pub strength: Option<f64>,
    /// Each site's share, drawn towards the mean.
    pub shares: Vec<f64>,
    /// A new site's share, of the fitted distribution: it ignores that mean and strength are estimates. It has no ends where
    /// the strength is `None`.
    #[serde(flatten)]
    pub interval: Interval,
}

/// `ψ(x + n) − ψ(x)`, which keeps its digits where `x` is much larger than `n`.
fn digamma_rise(x: f64, n: f64) -> f64 {
    if x < 12.0 {
        return digamma(x + n) - digamma(x);
    }
    let y = x + n;
    // The asymptotic series of both (DLMF 5.11.2), with the leading terms subtracted by hand.
    let tail = |x: f64| {
        let inverse = 1.0 / (x * x);
        inverse
            * (1.0 / 12.0
                - inverse * (1.0 / 120.0 - inverse * (1.0 / 252.0 - inverse * (1.0 / 240.0 - inverse / 132.0))))
    };
    log1p(n / x) + 0.5 * n / (x * y) + (tail(x) - tail(y))
}

/// The derivative of the likelihood's logarithm by the mean, over the strength.
fn score_of_mean(counts: &[(f64, f64)], mean: f64, strength: f64) -> f64 {
    let (a, b) = (mean * strength, (1.0 - mean) * strength);
    counts.iter().map(|(s, f)| digamma_rise(a, *s) - digamma_rise(b, *f)).sum()
}

/// The likeliest mean of a strength. The score falls from infinity to minus infinity.
fn mean_of(counts: &[(f64, f64)], strength: f64) -> f64 {
    let of_logit = super::share;
    root::bracketed(|u| score_of_mean(counts, of_logit(u), strength), -40.0, 35.0).map_or(f64::NAN, of_logit)
}

/// The derivative of the profile likelihood's logarithm by the strength.
fn score_of_strength(counts: &[(f64, f64)], strength: f64) -> f64 {
    let mean = mean_of(counts, strength);
    let (a, b) = (mean * strength, (1.0 - mean) * strength);
    counts
        .iter()
        .map(|(s, f)| mean * digamma_rise(a, *s) + (1.0 - mean) * digamma_rise(b, *f) - digamma_rise(strength, s + f))
        .sum()
}

/// The likelihood's logarithm, less the binomial coefficients.
fn ln_likelihood(counts: &[(f64, f64)], mean: f64, strength: f64) -> f64 {
    let (a, b) = (mean * strength, (1.0 - mean) * strength);
    counts.iter().map(|(s, f)| ln_beta(s + a, f + b) - ln_beta(a, b)).sum()
}

/// The empirical-Bayes beta-binomial model by maximum likelihood (Griffiths, Biometrics 29, 1973; Casella, The American
/// Statistician 39, 1985): a beta distribution of sites with `mean` and `strength`, and each site's posterior mean
/// `(s + mean · strength) / (n + strength)`.
///
/// The interval of a new site takes the fitted distribution as known. It is too sure, the more the fewer sites there are; it
/// must not promote. Use the prediction interval of [`random_effects`](super::meta::random_effects) or
/// [`new_site`](super::hierarchical::new_site).
///
/// # Errors
/// Where there are fewer than two sites, or all units are good, or none is.
pub fn partial_pooling(sites: &[Site], confidence: Confidence, side: Side) -> Result<Pooled, StatError> {
    let counts = all_counts(sites, 2, SITES_MAX)?;
    let successes: f64 = counts.iter().map(|(s, _)| s).sum();
    let failures: f64 = counts.iter().map(|(_, f)| f).sum();
    if successes == 0.0 || failures == 0.0 {
        return Err(StatError::NoSolution(
            "where all units are good, or none is, no distribution of sites is likeliest",
        ));
    }
    let pooled = successes / (successes + failures);
    let Some((mean, strength)) = likeliest(&counts, pooled) else {
        let shares = vec![pooled; counts.len()];
        // A distribution of no width would make a new site certain, so it gets no interval.
        return Ok(Pooled { mean: pooled, strength: None, shares, interval: Interval::default() });
    };
    let (a, b) = (mean * strength, (1.0 - mean) * strength);
    let alpha = side.alpha_each(confidence);
    Ok(Pooled {
        mean,
        strength: Some(strength),
        shares: counts.iter().map(|(s, f)| (s + a) / (s + f + strength)).collect(),
        interval: side.of(beta_quantile(alpha, a, b), beta_quantile_upper(alpha, a, b)),
    })
}

/// Mean and strength of the highest of the likelihood's peaks; `None` where it is highest for an infinite strength.
fn likeliest(counts: &[(f64, f64)], pooled: f64) -> Option<(f64, f64)> {
    // Strengths from 0.01 to 1e7: beyond, the digits of the score are used up.
    const STEPS: u32 = 42;
    let (low, high) = (log(1e-2), log(1e7));
    let at = |step: u32| low + (high - low) * f64::from(step) / f64::from(STEPS);
    let score = |u: f64| score_of_strength(counts, exp(u));
    // Binomial likelihood of one share for all.
    let mut highest: f64 = counts.iter().map(|(s, f)| s * log(pooled) + f * log1p(-pooled)).sum();
    let mut found = None;
    let mut before = score(at(0));
    if before <= 0.0 {
        // Sites that are all or nothing: the likelihood rises towards a strength of nothing, so the least one stands for it.
        let (strength, mean) = (exp(low), mean_of(counts, exp(low)));
        let value = ln_likelihood(counts, mean, strength);
        if value > highest {
            highest = value;
            found = Some((mean, strength));
        }
    }
    for step in 1..=STEPS {
        let after = score(at(step));
        if before > 0.0 && after <= 0.0 {
            let strength = root::bracketed(score, at(step - 1), at(step)).map(exp)?;
            let mean = mean_of(counts, strength);
            let value = ln_likelihood(counts, mean, strength);
            if value > highest {
                highest = value;
                found = Some((mean, strength));
            }
        }
        before = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tests::{five, near};
    use super::*;

    #[test]
    fn oracle() {
        let found = partial_pooling(&five(), Confidence::USUAL, Side::Lower).expect("a model");
        near(found.mean, 0.956_674_0, 5.1e-8);
        near(found.strength.expect("a strength"), 92.630_60, 5.1e-6);
        for (found, expected) in found.shares.iter().zip([0.966_856, 0.949_028, 0.979_591, 0.926_105, 0.961_762]) {
            near(*found, expected, 5.1e-7);
        }
        near(found.interval.lower.expect("lower"), 0.917_354_97, 5.1e-9);
    }

    #[test]
    fn alike_sites_are_one() {
        let found = partial_pooling(&[Site { successes: 95.0, trials: 100.0 }; 4], Confidence::USUAL, Side::Lower)
            .expect("a model");
        assert_eq!(found.strength, None);
        near(found.mean, 0.95, 1e-15);
        assert_eq!(found.interval, Interval::default());
    }

    #[test]
    fn sites_that_are_all_or_nothing_are_not_alike() {
        let sites = [Site { successes: 0.0, trials: 50.0 }, Site { successes: 1e6, trials: 1e6 }];
        let found = partial_pooling(&sites, Confidence::USUAL, Side::Lower).expect("a model");
        near(found.mean, 0.5, 0.05);
        assert!(found.strength < Some(1.0), "{:?}", found.strength);
    }

    #[test]
    fn rises_of_digamma() {
        for (x, n) in [(0.3, 5.0), (3.0, 1.0), (20.0, 7.0), (1e6, 3.0)] {
            let sum: f64 = (0..n as u32).map(|i| 1.0 / (x + f64::from(i))).sum();
            near(digamma_rise(x, n), sum, 1e-13 * sum.max(1e-3));
        }
    }

    #[test]
    fn refuses() {
        assert!(partial_pooling(&five()[..1], Confidence::USUAL, Side::Lower).is_err());
        assert!(partial_pooling(&[Site { successes: 9.0, trials: 9.0 }; 3], Confidence::USUAL, Side::Lower).is_err());
    }
}
