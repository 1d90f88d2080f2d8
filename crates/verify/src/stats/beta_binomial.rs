//! The beta-binomial model of shifts: each shift has its own chance of success, drawn from a beta distribution.

use libm::{exp, log, log1p};
use serde::Serialize;

use super::cluster::{Shift, float};
use crate::bound::StatError;
use crate::math::root;
use crate::math::special::ln_beta;

/// Shifts with more units than this are refused: the likelihood takes a step for each.
pub const UNITS_MAX: u64 = 20_000;

/// The range of `ln θ`, `θ = ρ/(1−ρ)`, in which the likelihood is searched.
const LN_THETA: (f64, f64) = (-25.0, 15.0);

/// The model of largest likelihood.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BetaBinomial {
    /// The mean chance of success.
    pub mean: f64,
    /// The intra-cluster correlation, `1 / (α + β + 1)`: 0 where shifts differ no more than chance makes them.
    pub icc: f64,
    /// The first parameter of the beta distribution; `None` where the correlation is 0.
    pub alpha: Option<f64>,
    /// The second.
    pub beta: Option<f64>,
    /// The logarithm of the largest likelihood, with the binomial coefficients.
    pub log_likelihood: f64,
}

/// How often each factor stands in the likelihood `Π (μ + iθ) Π (1 − μ + iθ) / Π (1 + iθ)`.
struct Factors {
    /// Shifts with more than `i` good units.
    good: Vec<f64>,
    /// Shifts with more than `i` failed units.
    failed: Vec<f64>,
    /// Shifts with more than `i` units.
    all: Vec<f64>,
}

impl Factors {
    fn of(shifts: &[Shift]) -> Result<Self, StatError> {
        let mut most = 0;
        for shift in shifts {
            if shift.good > shift.units {
                return Err(StatError::Mismatch("a shift has more good units than units"));
            }
            most = most.max(shift.units);
        }
        if most > UNITS_MAX {
            return Err(StatError::Mismatch("a shift has more than 20,000 units"));
        }
        let more_than = |count: fn(&Shift) -> u64| {
            // OK: at most `UNITS_MAX`.
            let mut counts = vec![0.0; most as usize + 1];
            for shift in shifts {
                counts[count(shift) as usize] += 1.0;
            }
            // From counts of shifts with exactly so many to counts of shifts with more.
            let mut above = 0.0;
            for slot in counts.iter_mut().rev() {
                let exactly = *slot;
                *slot = above;
                above += exactly;
            }
            counts
        };
        Ok(Self {
            good: more_than(|shift| shift.good),
            failed: more_than(|shift| shift.units - shift.good),
            all: more_than(|shift| shift.units),
        })
    }

    /// The derivative of the log-likelihood by `μ`, which falls from left to right.
    fn slope_mean(&self, mean: f64, theta: f64) -> f64 {
        let one = |counts: &[f64], first: f64| -> f64 {
            (0_u64..).zip(counts).map(|(i, n)| if *n > 0.0 { n / (first + float(i) * theta) } else { 0.0 }).sum()
        };
        one(&self.good, mean) - one(&self.failed, 1.0 - mean)
    }

    /// The derivative by `θ`.
    fn slope_theta(&self, mean: f64, theta: f64) -> f64 {
        let mut sum = 0.0;
        for (((i, good), failed), all) in (0_u64..).zip(&self.good).zip(&self.failed).zip(&self.all) {
            let i = float(i);
            if *all > 0.0 && i > 0.0 {
                let good = if *good > 0.0 { good * i / (mean + i * theta) } else { 0.0 };
                let failed = if *failed > 0.0 { failed * i / (1.0 - mean + i * theta) } else { 0.0 };
                sum += good + failed - all * i / (1.0 + i * theta);
            }
        }
        sum
    }

    /// The mean of largest likelihood for this `θ`.
    fn mean(&self, theta: f64) -> Option<f64> {
        root::bracketed(|mean| self.slope_mean(mean, theta), 1e-15, 1.0 - 1e-15)
    }
}

/// The beta-binomial model of largest likelihood (Williams, Biometrics 31, 1975; the likelihood as products of factors is
/// that of Griffiths, Biometrics 29, 1973, which stays exact as the correlation goes to 0).
///
/// For display and for planning. Not for decisions: with few shifts the estimated correlation is often too small.
///
/// # Errors
/// With fewer than two shifts with units, where a shift has more than [`UNITS_MAX`] units, and where no unit or every unit
/// is good: then every correlation is as likely.
pub fn fit(shifts: &[Shift]) -> Result<BetaBinomial, StatError> {
    let factors = Factors::of(shifts)?;
    let filled = shifts.iter().filter(|shift| shift.units > 0).count();
    if filled < 2 {
        return Err(StatError::TooFew { what: "shifts", found: filled, needed: 2 });
    }
    let mut pooled = (0.0, 0.0);
    for shift in shifts {
        pooled = (pooled.0 + float(shift.good), pooled.1 + float(shift.units));
    }
    let mean = pooled.0 / pooled.1;
    if mean <= 0.0 || mean >= 1.0 {
        return Err(StatError::NoSolution("all units are good, or none, so that any correlation is as likely"));
    }
    if factors.slope_theta(mean, 0.0) <= 0.0 {
        let log_likelihood = log_likelihood(shifts, |good, failed| good * log(mean) + failed * log1p(-mean));
        return Ok(BetaBinomial { mean, icc: 0.0, alpha: None, beta: None, log_likelihood });
    }
    let slope = |ln_theta: f64| {
        let theta = exp(ln_theta);
        factors.mean(theta).map_or(f64::NAN, |mean| factors.slope_theta(mean, theta))
    };
    let ln_theta = root::bracketed(slope, LN_THETA.0, LN_THETA.1)
        .ok_or(StatError::NoSolution("every shift is all good or all bad, so that the correlation is 1"))?;
    let theta = exp(ln_theta);
    let mean = factors.mean(theta).ok_or(StatError::NoSolution("the likelihood has no peak"))?;
    let (alpha, beta) = (mean / theta, (1.0 - mean) / theta);
    let log_likelihood =
        log_likelihood(shifts, |good, failed| ln_beta(alpha + good, beta + failed) - ln_beta(alpha, beta));
    Ok(BetaBinomial { mean, icc: theta / (1.0 + theta), alpha: Some(alpha), beta: Some(beta), log_likelihood })
}

/// The sum over shifts of a likelihood and its binomial coefficient.
fn log_likelihood(shifts: &[Shift], of: impl Fn(f64, f64) -> f64) -> f64 {
    let mut sum = 0.0;
    for shift in shifts {
        let (good, failed) = (float(shift.good), float(shift.units - shift.good));
        // ln C(n, s) = −ln(n + 1) − ln B(s + 1, n − s + 1).
        sum += of(good, failed) - log1p(good + failed) - ln_beta(good + 1.0, failed + 1.0);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::cluster::tests::{example, near};

    #[test]
    fn worked_example() {
        let found = fit(&example()).unwrap();
        near(found.mean, 0.950_052_0, 5e-8);
        near(found.icc, 0.039_421_1, 5e-8);
        near(found.alpha.unwrap(), 23.1500, 5e-5);
        near(found.beta.unwrap(), 1.217_09, 5e-6);
        // The source prints 21.5314407; the height at the peak found here is 21.53144075.
        near(-found.log_likelihood, 21.531_440_75, 5e-9);
    }

    #[test]
    fn limits() {
        let even = [Shift { good: 9, units: 10 }; 5];
        let found = fit(&even).unwrap();
        assert_eq!((found.mean, found.icc, found.alpha), (0.9, 0.0, None));
        assert!(fit(&[Shift { good: 10, units: 10 }; 5]).is_err());
        assert!(fit(&[Shift { good: 5, units: 10 }]).is_err());
        assert!(fit(&[Shift { good: 0, units: 10 }, Shift { good: 10, units: 10 }]).is_err());
        assert!(fit(&[Shift { good: 1, units: u64::MAX }; 2]).is_err());
    }
}
