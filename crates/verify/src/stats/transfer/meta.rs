//! Random effects by moments.

use libm::sqrt;
use serde::Serialize;

use super::{Site, all_counts, logits, share};
use crate::bound::{Confidence, Interval, Side, StatError};
use crate::math::distribution::{chi2_upper, normal_quantile_upper, student_quantile};

/// The most sites.
pub const SITES_MAX: usize = 1_000_000;

/// Several sites, and what they say of the next.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RandomEffects {
    /// The share of the middle site.
    pub mean: f64,
    /// The end of the interval of that share.
    pub mean_lower: Option<f64>,
    /// The other end.
    pub mean_upper: Option<f64>,
    /// The prediction interval: the share of a new site.
    #[serde(flatten)]
    pub interval: Interval,
    /// The variance between sites, on logits.
    pub tau2: f64,
    /// Cochran's Q.
    pub q: f64,
    /// The probability of a Q as large where all sites are alike.
    pub q_p: f64,
    /// The part of the variance that is between sites.
    pub i2: f64,
    /// How many sites.
    pub sites: u64,
}

/// Mean and standard error with weights `1/(v + τ²)`.
pub(super) fn weighted(logits: &[(f64, f64)], tau2: f64) -> (f64, f64) {
    let (mut weights, mut sum) = (0.0, 0.0);
    for (y, v) in logits {
        let weight = 1.0 / (v + tau2);
        weights += weight;
        sum += weight * y;
    }
    (sum / weights, sqrt(1.0 / weights))
}

/// The random-effects model of DerSimonian and Laird (Controlled Clinical Trials 7, 1986) on empirical logits, with `I²` of Higgins and
/// Thompson (Statistics in Medicine 21, 2002) and the prediction interval of Higgins, Thompson and Spiegelhalter (Journal of
/// the Royal Statistical Society A 172, 2009): `m ± t(k−2) sqrt(τ² + se²)`.
///
/// A bound of the mean says nothing about the next site; the prediction interval does. With fewer than five sites `τ²` is
/// hardly known, and sites where (nearly) all units are good are far from normal on logits: see
/// [`hierarchical`](super::hierarchical).
///
/// # Errors
/// Where there are fewer than three sites, or one has more successes than trials.
pub fn random_effects(sites: &[Site], confidence: Confidence, side: Side) -> Result<RandomEffects, StatError> {
    let logits = logits(&all_counts(sites, 3, SITES_MAX)?);
    // OK: a length is below 2^53.
    let k = logits.len() as f64;
    let (fixed, _) = weighted(&logits, 0.0);
    let (mut q, mut weights, mut squares) = (0.0, 0.0, 0.0);
    for (y, v) in &logits {
        q += (y - fixed) * (y - fixed) / v;
        weights += 1.0 / v;
        squares += 1.0 / (v * v);
    }
    let excess = (q - (k - 1.0)).max(0.0);
    let tau2 = excess / (weights - squares / weights);
    let (mean, error) = weighted(&logits, tau2);
    let alpha = side.alpha_each(confidence);
    let z = normal_quantile_upper(alpha);
    let of_mean = side.of(share(mean - z * error), share(mean + z * error));
    let reach = -student_quantile(alpha, k - 2.0) * sqrt(tau2 + error * error);
    Ok(RandomEffects {
        mean: share(mean),
        mean_lower: of_mean.lower,
        mean_upper: of_mean.upper,
        interval: side.of(share(mean - reach), share(mean + reach)),
        tau2,
        q,
        q_p: chi2_upper(q, k - 1.0),
        i2: if q > 0.0 { excess / q } else { 0.0 },
        sites: sites.len() as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{five, near};
    use super::*;

    #[test]
    fn oracle() {
        let found = random_effects(&five(), Confidence::USUAL, Side::Lower).expect("a model");
        near(found.q, 17.385_98, 5.1e-6);
        near(found.tau2, 0.280_727_1, 5.1e-8);
        near(found.i2, 0.769_929_6, 5.1e-8);
        near(found.mean, 0.958_004_8, 5.1e-8);
        near(found.interval.lower.expect("lower"), 0.848_451_1, 5.1e-8);
        assert_eq!(found.interval.upper, None);
    }

    #[test]
    fn alike_sites_have_no_spread() {
        let found = random_effects(&[Site { successes: 95.0, trials: 100.0 }; 4], Confidence::USUAL, Side::Two)
            .expect("a model");
        near(found.tau2, 0.0, 0.0);
        near(found.mean, 95.5 / 101.0, 1e-12);
        let perfect = random_effects(&[Site { successes: 100.0, trials: 100.0 }; 4], Confidence::USUAL, Side::Two);
        assert!(perfect.expect("a model").interval.lower < Some(0.999));
    }

    #[test]
    fn refuses() {
        let of = |sites: &[Site]| random_effects(sites, Confidence::USUAL, Side::Two).is_err();
        assert!(of(&five()[..2]));
        assert!(of(&[Site { successes: 3.0, trials: 2.0 }; 4]));
        assert!(of(&[Site { successes: f64::NAN, trials: 2.0 }; 4]));
        assert!(of(&[Site { successes: 0.0, trials: 0.0 }; 4]));
    }
}
