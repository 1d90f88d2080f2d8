//! # What it does
//!
//! Looks for work by other releases, and for a change that nobody declared. First, units in the run's shifts by another release
//! than the protocol names, or by none that is named, may be 0.5 % of all: they are not counted, and so would be a way out for
//! bad units. Second, a search for a silent change: the largest deviation of the running sum of shift means from its straight
//! line, by its standard deviation and `√K`, which follows Kolmogorov's distribution where nothing changes; for the share of
//! good units and for the logarithm of the takt, at half of alpha each (Ploberger and Krämer, Econometrica 60, 1992).
//!
//! # What it can show
//!
//! That one release did the work, as far as each unit says, and that no step in success or rhythm says otherwise.
//!
//! # What it cannot show
//!
//! A change before the first shift, one that changes neither success nor rhythm, or one that keeps the old hash. For those
//! `reexecution` is needed. Learning people and slow wear are changes too.
//!
//! # Example
//!
//! ```text
//! releases  fail  success changes after shift 14 of 30 (p 0.0001): 92.1 % before, 98.8 % after
//! ```

use super::{Control, ControlState, Found, percent, share};
use crate::endpoint::Case;
use crate::math::distribution::kolmogorov_cdf;
use crate::verdict::Decision;

/// Releases, and changes that nobody declared.
#[derive(Debug)]
pub(super) struct Releases;

/// Shifts below which no change is looked for.
const SHIFTS_MIN: usize = 8;

/// Where the mean of a series changes most, and how improbable that is; `None` for fewer than eight numbers, or equal ones.
fn change(values: &[f64]) -> Option<(usize, f64)> {
    if values.len() < SHIFTS_MIN {
        return None;
    }
    // OK to cast: counts of shifts.
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let deviation = libm::sqrt(values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / n);
    if deviation <= 1e-12 {
        return None;
    }
    let (mut sum, mut place, mut largest) = (0.0, 0, 0.0);
    for (at, value) in values.iter().enumerate() {
        sum += value - mean;
        if libm::fabs(sum) > largest {
            largest = libm::fabs(sum);
            place = at + 1;
        }
    }
    Some((place, 1.0 - kolmogorov_cdf(largest / (deviation * libm::sqrt(n)))))
}

fn mean(values: &[f64]) -> f64 {
    // OK to cast: counts of shifts.
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

impl Control for Releases {
    fn name(&self) -> &'static str {
        "releases"
    }

    fn summary(&self) -> &'static str {
        "one release did all the work, and nothing changed silently"
    }

    fn source(&self) -> &'static str {
        include_str!("releases.rs")
    }

    fn failing(&self) -> Decision {
        Decision::Hold
    }

    fn look(&self, case: &Case<'_>) -> Found {
        let protocol = &case.frozen.protocol;
        let limits = &protocol.controls.releases;
        if protocol.scope.release.is_none() {
            return Found::unknown("the protocol names no release (`scope.release`)")
                .missing("a protocol that names the release by its hash");
        }
        let worked: Vec<_> = case.robot.iter().filter(|sums| sums.units() > 0).collect();
        if worked.is_empty() {
            return Found::unknown("no unit of this release").missing("units of the release");
        }
        let other: u64 = case.robot.iter().map(|sums| sums.witness.other_release).sum();
        let units: u64 = worked.iter().map(|sums| sums.units()).sum();
        let others = share(other, units + other);
        let good: Vec<f64> =
            worked.iter().map(|sums| share(sums.witness.claimed.min(sums.units()), sums.units())).collect();
        let rhythm: Vec<f64> = worked.iter().filter_map(|sums| sums.mean_ln_takt).collect();
        let (success, takt) = (change(&good), change(&rhythm));
        let p = |change: Option<(usize, f64)>| change.map_or(1.0, |(_, p)| p);
        let limit = 0.5 * limits.alpha;
        let mut state = ControlState::Pass;
        let mut reason = format!(
            "{other} units in these shifts are by another release or by none that is named, {} (limit {}); no step in success (p {:.4}) or rhythm (p {:.4})",
            percent(others),
            percent(limits.other_max),
            p(success),
            p(takt)
        );
        for (what, change, values) in [("success", success, &good), ("the logarithm of the takt", takt, &rhythm)] {
            if let Some((place, p)) = change.filter(|(_, p)| *p < limit) {
                state = ControlState::Fail;
                reason = format!(
                    "{what} changes after shift {place} of {} (p {p:.5}, limit {limit:.5}): {:.4} before, {:.4} after",
                    values.len(),
                    mean(&values[..place]),
                    mean(&values[place..])
                );
            }
        }
        if others > limits.other_max {
            state = ControlState::Fail;
            reason = format!(
                "{other} units in these shifts are by another release or by none that is named, {} (limit {})",
                percent(others),
                percent(limits.other_max)
            );
        }
        Found::of(state, reason)
            .count("other", other)
            .number("other_share", others)
            .number("p_success", p(success))
            .number("p_rhythm", p(takt))
            .limit(limits.other_max)
            .missing("a run of one release without a step")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_found_where_it_is_and_evenness_has_none() {
        let step: Vec<f64> = (0..30).map(|at| if at < 14 { 0.92 } else { 0.99 } + 0.004 * f64::from(at % 3)).collect();
        let (place, p) = change(&step).expect("a change");
        assert!(place == 14 && p < 1e-4, "{place} {p}");
        let even: Vec<f64> = (0..30).map(|at| 0.98 + 0.004 * f64::from(at % 3)).collect();
        assert!(change(&even).expect("a test").1 > 0.5);
        assert_eq!(change(&[1.0; 30]), None);
        assert_eq!(change(&step[..7]), None);
    }
}
