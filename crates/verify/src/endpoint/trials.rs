//! # What it asks
//!
//! Randomised trials in a laboratory: the share of good ones must be at least `at_least`, by the exact interval at each
//! declared look, or by an e-process that may be looked at after every session (`method = "sequential"`).
//!
//! # Why
//!
//! Where every trial begins from a state drawn by lot, trials are independent, and a few hundred of them tell much. On a
//! shop floor they are not: there this endpoint is refused when the task book is frozen, because at an ICC of 0.05 a unit-
//! level test promotes falsely in half of all cases.
//!
//! # Formula and source
//!
//! Exact: `BetaInv(α; s, n − s + 1)` (Clopper and Pearson, Biometrika 26, 1934), alpha spent over looks. Sequential: the
//! likelihood ratio mixed over larger shares by a Beta(½, ½) cut at the threshold (Robbins, Annals of Mathematical
//! Statistics 41, 1970); it promotes at `E ≥ 1/α` at any time, and its bound is the largest share that it rules out.
//!
//! # Example
//!
//! ```text
//! trials   196 of 200 trials good in 4 sessions: 98.0 %, lower bound 94.2 % at 99.91 % (exact)
//! ```

use super::{Case, Endpoint, Level, Measured, float, hold_for, measured, numbers, percent, percent_of, undefined};
use crate::bound::{Confidence, Side, StatError};
use crate::evidence::Trial;
use crate::math::root;
use crate::protocol::{Trials as Asked, TrialsMethod};
use crate::stats::proportion::clopper_pearson;
use crate::stats::sequential::mixture_ln_e;
use crate::verdict::EndpointResult;

/// The prior of the mixture.
const PRIOR: f64 = 0.5;

/// Randomised trials in a laboratory.
#[derive(Debug)]
pub(super) struct Trials;

impl Endpoint for Trials {
    fn name(&self) -> &'static str {
        "trials"
    }

    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult> {
        let asked = case.frozen.protocol.endpoints.trials.as_ref()?;
        Some(judge_trials(self, case, asked, "trials"))
    }

    fn source(&self) -> &'static str {
        include_str!("trials.rs")
    }
}

/// Judges independent trials of the shifts that count.
pub(super) fn judge_trials(endpoint: &dyn Endpoint, case: &Case<'_>, asked: &Asked, what: &str) -> EndpointResult {
    let trials = trials_of(case);
    let sessions = case.robot.iter().filter(|sums| !sums.trials.is_empty()).count();
    let (good, all) = (trials.iter().filter(|trial| trial.good).count() as u64, trials.len() as u64);
    let mut level = case.level(asked.confidence);
    let bound = match asked.method {
        TrialsMethod::Exact => exact(good, all, level.confidence),
        TrialsMethod::Sequential => {
            // An e-process may be looked at at any time: all of the attempt's alpha is there at every look.
            level = Level { confidence: Confidence::new(1.0 - level.alpha).unwrap_or_default(), ..level };
            sequential(good, all, level.confidence)
        }
    };
    let (lower, upper) = match bound {
        Ok(bound) => bound,
        Err(error) => return undefined(endpoint, "share", case, &error),
    };
    let estimate = float(good) / float(all);
    let how = if asked.method == TrialsMethod::Exact { "exact" } else { "at any time" };
    let reason = format!(
        "{good} of {all} {what} good in {sessions} sessions: {}, lower bound {} at {} ({how})",
        percent(estimate),
        percent(lower),
        percent_of(level.confidence)
    );
    let ends = Measured { estimate: Some(estimate), lower, upper, threshold: asked.at_least, side: Side::Lower };
    let mut result = measured(endpoint, "share", case, level, ends, reason);
    if all < asked.trials_min {
        hold_for(&mut result, format!("{all} of {} {what}", asked.trials_min));
    }
    result.numbers = numbers(&[("good", float(good)), ("trials", float(all)), ("sessions", float(sessions as u64))]);
    result
}

/// The trials that count: of all sessions, or of those that an auditor drew by lot.
pub(super) fn trials_of(case: &Case<'_>) -> Vec<Trial> {
    let drawn_only = case.frozen.protocol.lot.as_ref().is_some_and(|lot| lot.drawn_shifts_only);
    let counts = case.robot.iter().filter(|sums| sums.shift.drawn || !drawn_only);
    counts.flat_map(|sums| sums.trials.iter().copied()).collect()
}

/// Both exact ends, each at the confidence.
fn exact(good: u64, all: u64, confidence: Confidence) -> Result<(f64, f64), StatError> {
    let below = clopper_pearson(good, all, confidence, Side::Lower)?.lower.unwrap_or(0.0);
    let above = clopper_pearson(good, all, confidence, Side::Upper)?.upper.unwrap_or(1.0);
    Ok((below, above))
}

/// The shares that the mixture rules out from below, and those of the bad ones from above.
fn sequential(good: u64, all: u64, confidence: Confidence) -> Result<(f64, f64), StatError> {
    if all == 0 {
        return Err(StatError::TooFew { what: "trials", found: 0, needed: 1 });
    }
    let needed = -libm::log(confidence.alpha());
    // The evidence against shares up to `share` falls as the share rises.
    let lowest = |hits: u64| {
        let excess = |share: f64| mixture_ln_e(hits, all, share, PRIOR, PRIOR).map_or(-1.0, |ln_e| ln_e - needed);
        let seen = (float(hits) / float(all)).clamp(1e-9, 1.0 - 1e-9);
        if excess(1e-9) <= 0.0 { 0.0 } else { root::bracketed(excess, 1e-9, seen).unwrap_or(0.0) }
    };
    Ok((lowest(good), 1.0 - lowest(all - good)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequential_bound_is_where_the_evidence_is_enough() {
        // By the study: 59 of 59 give E = 10.38 at 0.95, 74 of 74 about 20.
        let (lower, upper) = sequential(74, 74, Confidence::USUAL).expect("trials");
        assert!((lower - 0.95).abs() < 0.002 && upper == 1.0, "{lower}");
        let (lower, _) = sequential(59, 59, Confidence::USUAL).expect("trials");
        assert!(lower < 0.95, "{lower}");
        let (_, upper) = sequential(30, 60, Confidence::USUAL).expect("trials");
        assert!(upper > 0.5 && upper < 0.8, "{upper}");
    }
}
