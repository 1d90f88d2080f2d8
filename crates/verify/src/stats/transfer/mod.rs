//! From some sites to the next: what evidence of one place says about another.
//!
//! Sites are taken as drawn from one population. They are not where the easy ones are tried first; so auditors choose the
//! next site. With fewer than five sites the spread between them is hardly known, and no sector may be promoted.

pub mod borrowing;
pub mod hierarchical;
pub mod meta;
pub mod pooling;

use serde::Deserialize;

use crate::bound::{StatError, within};

/// One site's counts. They may be effective counts (`n*` and `n* · p` of a cluster-aware bound), so they need not be whole.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Good units.
    pub successes: f64,
    /// All units.
    pub trials: f64,
}

/// The most units of a site.
const TRIALS_MAX: f64 = 1e9;

/// Successes and failures of a site, checked.
fn counts(successes: f64, trials: f64) -> Result<(f64, f64), StatError> {
    let trials = within("trials", trials, 1e-3..=TRIALS_MAX, "from 0.001 to 1e9")?;
    let successes = within("successes", successes, 0.0..=TRIALS_MAX, "from 0 to 1e9")?;
    if successes > trials {
        return Err(StatError::Mismatch("there are more successes than trials"));
    }
    Ok((successes, trials - successes))
}

/// The same of all sites.
fn all_counts(sites: &[Site], needed: usize, most: usize) -> Result<Vec<(f64, f64)>, StatError> {
    if sites.len() < needed {
        return Err(StatError::TooFew { what: "sites", found: sites.len(), needed });
    }
    if sites.len() > most {
        return Err(StatError::Mismatch("there are more sites than the method is for"));
    }
    sites.iter().map(|site| counts(site.successes, site.trials)).collect()
}

/// Empirical logits and their variances, `ln((s+½)/(f+½))` and `1/(s+½) + 1/(f+½)` (Gart and Zweifel, Biometrika 54, 1967),
/// of all sites, so that a perfect one is not treated apart.
fn logits(counts: &[(f64, f64)]) -> Vec<(f64, f64)> {
    counts.iter().map(|(s, f)| (libm::log((s + 0.5) / (f + 0.5)), 1.0 / (s + 0.5) + 1.0 / (f + 0.5))).collect()
}

/// The share of a logit.
fn share(logit: f64) -> f64 {
    if logit < 0.0 {
        let e = libm::exp(logit);
        e / (1.0 + e)
    } else {
        1.0 / (1.0 + libm::exp(-logit))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::Site;

    /// Five sites of 300 units.
    pub(crate) fn five() -> Vec<Site> {
        [291.0, 284.0, 296.0, 275.0, 289.0].map(|successes| Site { successes, trials: 300.0 }).to_vec()
    }

    #[track_caller]
    pub(crate) fn near(found: f64, expected: f64, error: f64) {
        assert!((found - expected).abs() <= error, "{found} is not {expected}");
    }
}
