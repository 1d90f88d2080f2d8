//! Alpha over looks and attempts: how much of the error each may spend, so that looking more often proves no more.

use std::f64::consts::{E, PI};

use libm::{log1p, sqrt};
use serde::{Deserialize, Serialize};

use crate::bound::{StatError, within};
use crate::math::distribution::normal_quantile_upper;
use crate::math::special::normal_cdf;

/// More looks than this are refused.
pub const LOOKS_MAX: usize = 1_000;

/// The shape of a spending function (Lan and DeMets, Biometrika 70, 1983).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spending {
    /// Little early, most at the end, like the boundaries of O'Brien and Fleming: `2 (1 − Φ(z_(1−α/2) / sqrt t))`.
    #[default]
    ObrienFleming,
    /// Evenly, like the boundaries of Pocock: `α ln(1 + (e − 1) t)`.
    Pocock,
}

impl Spending {
    /// What may be spent up to this share of the information.
    pub fn spent(self, alpha: f64, information: f64) -> f64 {
        if information <= 0.0 {
            return 0.0;
        }
        match self {
            Self::ObrienFleming => 2.0 * normal_cdf(-normal_quantile_upper(0.5 * alpha) / sqrt(information)),
            Self::Pocock => alpha * log1p((E - 1.0) * information),
        }
    }
}

/// Alpha over looks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Looks {
    /// What is spent up to and with each look.
    pub cumulative: Vec<f64>,
    /// What each look may spend. Used as the alpha of the look's own bound it needs no joint distribution and errs on the
    /// safe side, because the sum of the looks' errors is at most alpha.
    pub increments: Vec<f64>,
}

/// Alpha for looks at these shares of the planned information (units or shifts), of which the last is 1 where all of alpha
/// is to be spent.
///
/// # Errors
/// Where there are no looks, more than [`LOOKS_MAX`], shares that do not rise or lie outside of 0 to 1, or an alpha outside
/// of 0 to 1.
pub fn looks(information: &[f64], alpha: f64, spending: Spending) -> Result<Looks, StatError> {
    within("alpha", alpha, f64::MIN_POSITIVE..=0.999_999, "above 0 and below 1")?;
    if information.is_empty() {
        return Err(StatError::TooFew { what: "looks", found: 0, needed: 1 });
    }
    if information.len() > LOOKS_MAX {
        return Err(StatError::Mismatch("there are more than 1,000 looks"));
    }
    let (mut cumulative, mut increments, mut before) = (Vec::new(), Vec::new(), (0.0, 0.0));
    for &share in information {
        within("information", share, f64::MIN_POSITIVE..=1.0, "above 0 and at most 1")?;
        if share <= before.0 {
            return Err(StatError::Mismatch("the looks' shares of the information do not rise"));
        }
        // The whole of the information spends exactly alpha.
        let spent = if share == 1.0 { alpha } else { spending.spent(alpha, share) };
        cumulative.push(spent);
        increments.push((spent - before.1).max(0.0));
        before = (share, spent);
    }
    Ok(Looks { cumulative, increments })
}

/// The alpha of attempt `attempt`, counted from 1: `6 α / (π² j²)`, which sums to alpha over all attempts that may follow.
///
/// # Errors
/// Where the attempt is 0 or alpha is outside of 0 to 1.
pub fn attempt(attempt: u64, alpha: f64) -> Result<f64, StatError> {
    within("alpha", alpha, f64::MIN_POSITIVE..=0.999_999, "above 0 and below 1")?;
    if attempt == 0 {
        return Err(StatError::OutOfRange { what: "attempt", found: 0.0, allowed: "at least 1" });
    }
    let j = super::cluster::float(attempt);
    Ok(6.0 * alpha / (PI * PI * j * j))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::cluster::tests::near;

    #[test]
    fn four_looks() {
        let found = looks(&[0.25, 0.5, 0.75, 1.0], 0.05, Spending::ObrienFleming).unwrap();
        for (found, expected) in found.cumulative.iter().zip([0.000_088_6, 0.005_574_6, 0.023_625_1, 0.05]) {
            near(*found, expected, 5.1e-8);
        }
        for (found, expected) in found.increments.iter().zip([0.000_088_6, 0.005_486_0, 0.018_050_5, 0.026_374_9]) {
            near(*found, expected, 5.1e-8);
        }
        let found = looks(&[0.25, 0.5, 0.75, 1.0], 0.05, Spending::Pocock).unwrap();
        for (found, expected) in found.cumulative.iter().zip([0.017_868_7, 0.031_005_7, 0.041_399_4, 0.05]) {
            near(*found, expected, 5.1e-8);
        }
    }

    #[test]
    fn attempts() {
        for (j, expected) in [(1, 0.0304), (2, 0.0076), (3, 0.0034)] {
            near(attempt(j, 0.05).unwrap(), expected, 5e-5);
        }
        let whole: f64 = (1..100_000).map(|j| attempt(j, 0.05).unwrap()).sum();
        assert!(whole < 0.05 && whole > 0.049_999);
        assert!(attempt(0, 0.05).is_err());
    }

    #[test]
    fn refuses_looks_that_do_not_rise() {
        for looked in [&[][..], &[0.5, 0.5], &[0.0, 1.0], &[f64::NAN], &[1.1]] {
            assert!(looks(looked, 0.05, Spending::Pocock).is_err());
        }
        assert!(looks(&[1.0], 0.0, Spending::Pocock).is_err());
    }
}
