//! # What it asks
//!
//! A site that nobody has seen yet: the lower bound of the prediction of its share of good units must reach `at_least`,
//! from at least `sites_min` sites.
//!
//! # Why
//!
//! A bound of the mean over sites says nothing about the next one: it becomes narrow with many units, however much sites
//! differ. With fewer than five sites the spread between them is hardly known, and nothing is promoted.
//!
//! # Formula and source
//!
//! Random effects by moments (DerSimonian and Laird, Controlled Clinical Trials 7, 1986) on empirical logits of effective
//! counts; the prediction `m − t(k−2)·sqrt(τ² + se²)` (Higgins, Thompson and Spiegelhalter, Journal of the Royal
//! Statistical Society A 172, 2009). Beside it the hierarchical model with a half-normal prior of τ (Gelman, Bayesian
//! Analysis 1, 2006), of which the smaller bound decides, and its sensitivity.
//!
//! # Example
//!
//! ```text
//! transfer   5 sites: 95.8 % at the middle one, at least 84.8 % at a new one at 95.0 % (tau² 0.281)
//! ```

use super::sites::shifts_of;
use super::{Case, Endpoint, Measured, float, hold_for, measured, numbers, percent, percent_of, undefined, unknown};
use crate::bound::{Confidence, Side, StatError};
use crate::endpoint::cells_of;
use crate::stats::transfer::Site;
use crate::stats::transfer::hierarchical::{self, new_site};
use crate::stats::transfer::meta::random_effects;
use crate::stats::transfer::pooling::partial_pooling;
use crate::verdict::EndpointResult;

/// A site that nobody has seen yet.
#[derive(Debug)]
pub(super) struct Transfer;

impl Endpoint for Transfer {
    fn name(&self) -> &'static str {
        "transfer"
    }

    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult> {
        let asked = case.frozen.protocol.endpoints.transfer.as_ref()?;
        let level = case.level(asked.confidence);
        let counts = match effective(case, level.confidence) {
            Ok(counts) => counts,
            Err(error) => return Some(undefined(self, "share", case, &error)),
        };
        let effects = match random_effects(&counts, level.confidence, Side::Two) {
            Ok(effects) => effects,
            Err(error) => return Some(unknown(self, "share", format!("sites: {error}"))),
        };
        let one_sided = random_effects(&counts, level.confidence, Side::Lower).ok();
        let moments = one_sided.and_then(|it| it.interval.lower).unwrap_or(0.0);
        let bayes = new_site(&counts, hierarchical::SCALE, level.confidence, Side::Lower).ok();
        let bayes_lower = bayes.as_ref().and_then(|it| it.found.interval.lower);
        let lower = bayes_lower.map_or(moments, |bayes| bayes.min(moments));
        let upper = random_effects(&counts, level.confidence, Side::Upper).ok().and_then(|it| it.interval.upper);
        let reason = format!(
            "{} sites: {} at the middle one, at least {} at a new one at {} (tau² {:.3})",
            effects.sites,
            percent(effects.mean),
            percent(lower),
            percent_of(level.confidence),
            effects.tau2
        );
        let ends = Measured {
            estimate: Some(effects.mean),
            lower,
            upper: upper.unwrap_or(1.0),
            threshold: asked.at_least,
            side: Side::Lower,
        };
        let mut result = measured(self, "share", case, level, ends, reason);
        result.numbers = numbers(&[
            ("sites", float(effects.sites)),
            ("tau2", effects.tau2),
            ("i2", effects.i2),
            ("q", effects.q),
            ("by_moments", moments),
            ("by_bayes", bayes_lower.unwrap_or(f64::NAN)),
        ]);
        if let Some(bayes) = &bayes {
            for other in &bayes.sensitivity {
                let lower = other.interval.lower.unwrap_or(f64::NAN);
                result.numbers.extend(numbers(&[(format!("by_bayes.scale_{}", other.scale).as_str(), lower)]));
            }
        }
        if let Ok(pooled) = partial_pooling(&counts, level.confidence, Side::Lower) {
            for (site, share) in case.frozen.protocol.sites().iter().zip(&pooled.shares) {
                result.numbers.insert(format!("pooled.{}", site.name), *share);
            }
        }
        // OK to compare: a count of sites.
        if counts.len() < asked.sites_min as usize {
            hold_for(&mut result, format!("{} of {} sites", counts.len(), asked.sites_min));
        }
        Some(result)
    }

    fn source(&self) -> &'static str {
        include_str!("transfer.rs")
    }
}

/// Each site's effective counts.
fn effective(case: &Case<'_>, confidence: Confidence) -> Result<Vec<Site>, StatError> {
    let protocol = &case.frozen.protocol;
    let of_site = |site: &crate::protocol::Site| {
        let share = cells_of(shifts_of(case.robot, &site.stations), protocol, confidence)?;
        Ok(Site { successes: share.estimate * share.effective_units, trials: share.effective_units })
    };
    protocol.sites().iter().map(of_site).collect()
}
