//! Boundaries that a sum crosses at any time with at most a given probability.
//!
//! Here `v` is the intrinsic time: the sum's variance so far. The boundaries are the mixtures and the stitching of Howard,
//! Ramdas, McAuliffe and Sekhon, "Time-uniform Chernoff bounds via nonnegative supermartingales" (Probability Surveys 17,
//! 2020) and "Time-uniform, nonparametric, nonasymptotic confidence sequences" (Annals of Statistics 49, 2021). As all of
//! [`super::sequential`] they are not for units of shifts.

use libm::{log, log1p, pow, sqrt};
use serde::{Deserialize, Serialize};

use super::cluster::{countable, float};
use crate::bound::{Interval, StatError, within};
use crate::math::root;
use crate::math::special::{beta_pq, gamma_pq, ln_beta, ln_gamma, normal_cdf};

/// A boundary for a sum of mean 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum Boundary {
    /// For sub-Gaussian sums, in one direction or in both.
    NormalMixture {
        /// Whether the sum may cross below as well.
        two_sided: bool,
    },
    /// For sub-exponential sums of this scale.
    GammaExponential {
        /// The scale.
        scale: f64,
    },
    /// For sums whose steps are bounded above, of this scale.
    GammaPoisson {
        /// The scale.
        scale: f64,
    },
    /// For sums of steps between `−below` and `above`.
    BetaBinomial {
        /// How far a step may go down.
        below: f64,
        /// How far it may go up.
        above: f64,
        /// Whether the sum may cross below as well.
        two_sided: bool,
    },
}

/// The mixture's precision that makes a boundary tight at the time `v`: `v / (2 ln(1/α) + ln(1 + 2 ln(1/α)))`, with twice
/// the α for one direction.
///
/// # Errors
/// Where the time is not positive or α not between 0 and 1 (½ for one direction).
pub fn best_precision(v: f64, alpha: f64, two_sided: bool) -> Result<f64, StatError> {
    within("optimal time", v, f64::MIN_POSITIVE..=1e12, "positive and at most 10^12")?;
    let most = if two_sided { 1.0 } else { 0.5 };
    within("alpha", alpha, 1e-300..=most - f64::EPSILON, "above 0, and below 1, or below 0.5 for one direction")?;
    let twice = -2.0 * log(if two_sided { alpha } else { 2.0 * alpha });
    Ok(v / (twice + log1p(twice)))
}

impl Boundary {
    /// The logarithm of the mixture's wealth for a sum `s` at time `v`, with the mixture's precision `rho`.
    fn ln_wealth(self, s: f64, v: f64, rho: f64) -> f64 {
        match self {
            Self::NormalMixture { two_sided } => {
                let one = 0.5 * log(rho / (v + rho)) + s * s / (2.0 * (v + rho));
                if two_sided { one } else { one + log(2.0 * normal_cdf(s / sqrt(v + rho))) }
            }
            Self::GammaExponential { scale } => {
                let square = scale * scale;
                let (before, after, at) = (rho / square, (v + rho) / square, (scale * s + v + rho) / square);
                let norm = |a: f64, x: f64| ln_gamma(a) + log(gamma_pq(a, x).0);
                before * log(before) - norm(before, before) + norm(after, at) - after * log(at)
                    + (scale * s + v) / square
            }
            Self::GammaPoisson { scale } => {
                let square = scale * scale;
                let (before, at) = (rho / square, (v + rho) / square);
                let after = s / scale + at;
                let norm = |a: f64, x: f64| ln_gamma(a) + log(gamma_pq(a, x).1);
                before * log(before) - norm(before, before) + norm(after, at) - after * log(at) + v / square
            }
            Self::BetaBinomial { below, above, two_sided } => {
                let whole = below + above;
                let (p, q) = (below / whole, above / whole);
                let time = v / (below * above);
                let (up, down) = ((s + below * time) / whole, (above * time - s) / whole);
                // A precision of less than one step cannot be had; a weak prior takes its place.
                let prior = (rho - below * above).max(1e-3 * below * above);
                let (a, b) = (prior / (above * whole), prior / (below * whole));
                let likelihood = up * log(p) + down * log(q);
                let mixed = ln_beta(up + a, down + b) - ln_beta(a, b) - likelihood;
                let cut = |a: f64, b: f64| log(beta_pq(a, b, p, q).1);
                if two_sided { mixed } else { mixed + cut(up + a, down + b) - cut(a, b) }
            }
        }
    }

    /// Whether the sum may cross below as well.
    fn two_sided(self) -> bool {
        match self {
            Self::NormalMixture { two_sided } | Self::BetaBinomial { two_sided, .. } => two_sided,
            Self::GammaExponential { .. } | Self::GammaPoisson { .. } => false,
        }
    }

    /// The boundary at time `v`, tightest at `optimal`: the sum ever reaches it with a probability of at most α.
    ///
    /// # Errors
    /// Where a time, a scale or a step is not positive, α is as in [`best_precision`], or a sum of bounded steps cannot
    /// reach the boundary yet.
    pub fn at(self, v: f64, optimal: f64, alpha: f64) -> Result<f64, StatError> {
        within("time", v, f64::MIN_POSITIVE..=1e12, "positive and at most 10^12")?;
        let rho = best_precision(optimal, alpha, self.two_sided())?;
        let most = match self {
            Self::NormalMixture { .. } => f64::INFINITY,
            Self::GammaExponential { scale } | Self::GammaPoisson { scale } => {
                within("scale", scale, 1e-6..=1e6, "from 10^-6 to 10^6")?;
                // Beyond this the incomplete gamma function takes too many steps.
                within(
                    "time over the square of the scale",
                    (v + rho) / (scale * scale),
                    1e-6..=1e8,
                    "from 10^-6 to 10^8",
                )?;
                f64::INFINITY
            }
            Self::BetaBinomial { below, above, .. } => {
                within("below", below, 1e-9..=1e9, "from 10^-9 to 10^9")?;
                within("above", above, 1e-9..=1e9, "from 10^-9 to 10^9")?;
                // All steps up.
                v / below
            }
        };
        let excess = |s: f64| self.ln_wealth(s, v, rho) + log(alpha);
        let mut high = sqrt(v + rho).min(most);
        while excess(high) < 0.0 && high < most && high < 1e15 {
            high = (2.0 * high).min(most);
        }
        root::bracketed(excess, 0.0, high).ok_or(StatError::NoSolution("no sum reaches the boundary at this time"))
    }
}

/// The boundary by stitching, with growth `η = 2` and crossing power `s = 1.4`: `sqrt(k1² v l + k2² c² l²) + k2 c l`, `l = s
/// ln ln(η v / m) + ln(ζ(s) / (α ln^s η))`, from the time `start` (`m`) on.
///
/// # Errors
/// Where a time is not positive, α not between 0 and 1, or the scale negative.
pub fn stitched(v: f64, alpha: f64, start: f64, scale: f64) -> Result<f64, StatError> {
    const GROWTH: f64 = 2.0;
    const POWER: f64 = 1.4;
    /// Riemann's zeta function at 1.4.
    const ZETA: f64 = 3.105_547_281_253_947;
    within("time", v, 0.0..=1e12, "from 0 to 10^12")?;
    within("start", start, f64::MIN_POSITIVE..=1e12, "positive and at most 10^12")?;
    within("alpha", alpha, 1e-300..=1.0 - f64::EPSILON, "above 0 and below 1")?;
    within("scale", scale, 0.0..=1e6, "from 0 to 10^6")?;
    let v = v.max(start);
    let k1 = (pow(GROWTH, 0.25) + pow(GROWTH, -0.25)) / sqrt(2.0);
    let k2 = 0.5 * (sqrt(GROWTH) + 1.0);
    let level = POWER * log(log(GROWTH * v / start)) + log(ZETA / (alpha * pow(log(GROWTH), POWER)));
    let linear = k2 * scale * level;
    Ok(sqrt(k1 * k1 * v * level + linear * linear) + linear)
}

/// The confidence sequence of a share by the two-sided beta-binomial mixture, tightest after about `optimal` trials.
///
/// # Errors
/// Where there are no trials, more successes than trials, the optimal number is below 1, or α is not between 0 and 1.
pub fn bernoulli_sequence(successes: u64, trials: u64, alpha: f64, optimal: f64) -> Result<Interval, StatError> {
    within("optimal", optimal, 1.0..=1e12, "from 1 to 10^12")?;
    within("alpha", alpha, 1e-300..=1.0 - f64::EPSILON, "above 0 and below 1")?;
    if trials == 0 || successes > trials {
        return Err(StatError::Mismatch("there are no trials, or more successes than trials"));
    }
    countable(trials)?;
    let (s, n) = (float(successes), float(trials));
    let excess = |share: f64| {
        let variance = share * (1.0 - share);
        let mixture = Boundary::BetaBinomial { below: share, above: 1.0 - share, two_sided: true };
        let rho = best_precision(optimal * variance, 0.05, true).unwrap_or(f64::NAN);
        mixture.ln_wealth(s - n * share, n * variance, rho) + log(alpha)
    };
    let seen = s / n;
    let lower = if successes == 0 { 0.0 } else { root::bracketed(excess, 1e-12, seen.min(1.0 - 1e-12)).unwrap_or(0.0) };
    let upper =
        if successes == trials { 1.0 } else { root::bracketed(excess, seen.max(1e-12), 1.0 - 1e-12).unwrap_or(1.0) };
    Ok(Interval { lower: Some(lower), upper: Some(upper) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::cluster::tests::near;

    /// The values that the tests of the confseq library print.
    #[test]
    fn published_boundaries() {
        near(best_precision(100.0, 0.05, true).unwrap(), 12.600_56, 5e-6);
        for (boundary, expected, half) in [
            (Boundary::NormalMixture { two_sided: true }, 30.352_09, 5e-6),
            (Boundary::NormalMixture { two_sided: false }, 27.660_71, 5e-6),
            (Boundary::GammaExponential { scale: 2.0 }, 33.020_17, 5e-6),
            (Boundary::GammaPoisson { scale: 2.0 }, 30.194_9, 5e-5),
            (Boundary::BetaBinomial { below: 0.2, above: 0.8, two_sided: true }, 31.430_8, 5e-5),
            (Boundary::BetaBinomial { below: 0.2, above: 0.8, two_sided: false }, 28.412_38, 5e-6),
        ] {
            near(boundary.at(100.0, 100.0, 0.05).unwrap(), expected, half);
        }
        near(stitched(100.0, 0.05, 10.0, 3.0).unwrap(), 64.487_55, 5e-6);
    }

    #[test]
    fn published_intervals() {
        for (s, n, optimal, low, high) in [
            (700, 1000, 100.0, 0.651_629, 0.745_949),
            (15, 50, 50.0, 0.129_556, 0.511_896),
            (1, 50, 50.0, 0.0, 0.134_89),
            (100, 200, 1.0, 0.328_923, 0.671_076),
        ] {
            let found = bernoulli_sequence(s, n, 0.05, optimal).unwrap();
            near(found.lower.unwrap(), low, 2e-6);
            near(found.upper.unwrap(), high, 2e-6);
        }
    }

    #[test]
    fn odd_boundaries() {
        let normal = Boundary::NormalMixture { two_sided: true };
        assert!(normal.at(0.0, 1.0, 0.05).is_err());
        assert!(normal.at(f64::NAN, 1.0, 0.05).is_err());
        assert!(normal.at(1.0, 1.0, 1.0).is_err());
        assert!(Boundary::GammaPoisson { scale: -1.0 }.at(1.0, 1.0, 0.05).is_err());
        // After one step no sum of bounded steps can have reached it.
        assert!(Boundary::BetaBinomial { below: 0.5, above: 0.5, two_sided: true }.at(0.25, 100.0, 0.05).is_err());
        assert!(stitched(1.0, 0.05, 0.0, 1.0).is_err());
        assert!(bernoulli_sequence(1, 0, 0.05, 100.0).is_err());
        let found = bernoulli_sequence(5, 5, 0.05, 100.0).unwrap();
        assert!(found.upper == Some(1.0) && found.lower > Some(0.1));
    }
}
