//! # What it asks
//!
//! Time to complete a drill: the given share of drills must be completed within `within_s` seconds, by the upper bound of
//! that quantile.
//!
//! # Why
//!
//! In an emergency a mean is no help. A drill that failed was never completed: it counts as endless, so that giving up
//! early cannot make anybody quicker.
//!
//! # Formula and source
//!
//! The upper bound of a quantile is an order statistic: the smallest rank `r` with `P(Bin(n, q) ≤ r − 1) ≥ C` (David and
//! Nagaraja, Order Statistics, 2003). No form of the distribution is assumed. With fewer drills than `ln(1 − C)/ln q` there
//! is no bound.
//!
//! # Example
//!
//! ```text
//! completion   80 of 100 drills within 512 s, at most 588 s at 98.8 % (60 drills)
//! ```

use super::trials::trials_of;
use super::{Case, Endpoint, Measured, float, hold_for, measured, numbers, percent_of, unknown};
use crate::bound::{Confidence, Side};
use crate::math::distribution::binomial_cdf;
use crate::verdict::EndpointResult;

/// Time to complete a drill.
#[derive(Debug)]
pub(super) struct Completion;

impl Endpoint for Completion {
    fn name(&self) -> &'static str {
        "completion"
    }

    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult> {
        let asked = case.frozen.protocol.endpoints.completion.as_ref()?;
        let level = case.level(asked.confidence);
        let trials = trials_of(case);
        let open = trials.iter().filter(|trial| trial.good && trial.lasted_s.is_none()).count();
        // What failed, or was never written down, was never completed.
        let of_trial = |good: bool, lasted: Option<f64>| lasted.filter(|_| good).unwrap_or(f64::INFINITY);
        let mut times: Vec<f64> = trials.iter().map(|trial| of_trial(trial.good, trial.lasted_s)).collect();
        times.sort_by(f64::total_cmp);
        let Some(seen) = at_rank(&times, Some(rank_of(&times, asked.quantile))) else {
            return Some(unknown(self, "s", "there are no drills"));
        };
        let upper = at_rank(&times, upper_rank(times.len(), asked.quantile, level.confidence)).unwrap_or(f64::INFINITY);
        let lower = at_rank(&times, lower_rank(times.len(), asked.quantile, level.confidence)).unwrap_or(0.0);
        let seconds = |time: f64| if time.is_finite() { format!("{time:.0} s") } else { "no time".to_owned() };
        let reason = format!(
            "{:.0} of 100 drills within {}, at most {} at {} ({} drills)",
            100.0 * asked.quantile,
            seconds(seen),
            seconds(upper),
            percent_of(level.confidence),
            times.len()
        );
        let ends = Measured { estimate: Some(seen), lower, upper, threshold: asked.within_s, side: Side::Upper };
        let mut result = measured(self, "s", case, level, ends, reason);
        if open > 0 {
            hold_for(&mut result, format!("{open} drills have no length in the log"));
        }
        result.numbers = numbers(&[("drills", float(times.len() as u64)), ("quantile", asked.quantile)]);
        Some(result)
    }

    fn source(&self) -> &'static str {
        include_str!("completion.rs")
    }
}

/// The rank, from 1, of a quantile that was seen.
fn rank_of(times: &[f64], quantile: f64) -> usize {
    // OK to cast: a share of a length.
    (libm::ceil(quantile * times.len() as f64) as usize).max(1)
}

fn at_rank(times: &[f64], rank: Option<usize>) -> Option<f64> {
    times.get(rank?.checked_sub(1)?).copied()
}

/// The smallest rank whose time bounds the quantile from above.
fn upper_rank(count: usize, quantile: f64, confidence: Confidence) -> Option<usize> {
    // OK to cast: a number of drills.
    (1..=count).find(|rank| binomial_cdf(*rank as f64 - 1.0, count as f64, quantile) >= confidence.level())
}

/// The largest rank whose time bounds it from below.
fn lower_rank(count: usize, quantile: f64, confidence: Confidence) -> Option<usize> {
    // OK to cast: a number of drills.
    (1..=count).rfind(|rank| binomial_cdf(*rank as f64 - 1.0, count as f64, quantile) <= confidence.alpha())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_those_of_the_study() {
        let rank = |count, quantile| upper_rank(count, quantile, Confidence::USUAL);
        assert_eq!([rank(100, 0.5), rank(100, 0.9), rank(100, 0.95)], [Some(59), Some(96), Some(99)]);
        assert_eq!([rank(28, 0.9), rank(29, 0.9)], [None, Some(29)], "29 drills are the fewest for 0.9");
    }
}
