//! # What it asks
//!
//! Whether failures have become more frequent since the promotion, shift by shift, by a cumulative sum that alarms when it
//! reaches its limit.
//!
//! # Why
//!
//! A promotion is about the past. A gripper that wears, a supplier that changes, an update that nobody mentioned show first
//! in the share of failures.
//!
//! # Formula and source
//!
//! `S = max(0, S + (x·ln(p1/p0) + (n − x)·ln((1 − p1)/(1 − p0)))/deff)` for a shift with `x` failures of `n` units: the
//! Bernoulli CUSUM (Reynolds and Stoumbos, Journal of Quality Technology 31, 1999) on whole shifts, each worth its
//! effective units. `p0` is the 90 % quantile of the failure shares of the shifts that were promoted, `p1 = 2.5·p0`, the
//! limit 5. The mean number of units to a false alarm is computed by a Markov chain (Brook and Evans, Biometrika 59, 1972).
//! After an alarm it starts over.
//!
//! # Example
//!
//! ```text
//! failures   alarm in shift `robots/0043`: 5.31 reaches 5.0 (p0 0.021, p1 0.053)
//! ```

use super::{Alarm, Stream, Watch, Watched};
use crate::stats::cluster::{Anova, Rule, Shift};
use crate::stats::monitor::{bernoulli_run_length, bernoulli_steps};

/// Where the sum alarms.
const LIMIT: f64 = 5.0;

/// How much larger the share that is looked for is.
const WORSE: f64 = 2.5;

/// No share of failures below this is told apart from none.
const SHARE_LEAST: f64 = 1e-4;

/// Failures since the promotion.
#[derive(Debug)]
pub(super) struct Failures;

impl Watch for Failures {
    fn name(&self) -> &'static str {
        "failures"
    }

    fn watch(&self, stream: &Stream<'_>) -> Watched {
        let Some(good) = usual_share(stream) else {
            return Watched::unknown(self, "no shift of the promotion has units");
        };
        let bad = (WORSE * good).min(0.9);
        let Ok(steps) = bernoulli_steps(good, bad) else {
            return Watched::unknown(
                self,
                format!("a usual share of failures of {good:.3} leaves no worse one to look for"),
            );
        };
        let effect = design_effect(stream);
        let (mut sum, mut highest, mut alarms) = (0.0_f64, 0.0_f64, Vec::new());
        for sums in stream.since.iter().filter(|sums| sums.units() > 0) {
            let failed = sums.units() - sums.good();
            // OK to cast: counts of one shift.
            let (failed, well) = (failed as f64, sums.good() as f64);
            sum = (sum + (failed * steps.failure + well * steps.success) / effect).max(0.0);
            highest = highest.max(sum);
            if sum >= LIMIT {
                alarms.push(Alarm::of(sums, sum, LIMIT));
                sum = 0.0;
            }
        }
        let run_length = bernoulli_run_length(good, bad, LIMIT, good).map(|length| length.lower * effect);
        let mut watched =
            Watched::quiet(self, format!("highest sum {highest:.2}, alarm at {LIMIT:.1} (p0 {good:.4}, p1 {bad:.4})"));
        watched.tell("p0", good).tell("p1", bad).tell("design_effect", effect).tell("highest", highest);
        watched.tell("units_to_false_alarm", run_length.unwrap_or(f64::NAN));
        watched.with(alarms)
    }

    fn source(&self) -> &'static str {
        include_str!("failures.rs")
    }
}

/// The 90 % quantile of the failure shares of the shifts that were promoted, and never less than a fifth of what the gate
/// allows: shifts without any failure would make the first one an alarm.
fn usual_share(stream: &Stream<'_>) -> Option<f64> {
    let worked = stream.promoted.iter().filter(|sums| sums.units() > 0);
    // OK to cast: counts of one shift.
    let mut shares: Vec<f64> = worked.map(|sums| 1.0 - sums.good() as f64 / sums.units() as f64).collect();
    shares.sort_by(f64::total_cmp);
    // OK to cast: a share of a length.
    let place = (0.9 * shares.len() as f64) as usize;
    let allowed = stream.frozen.protocol.endpoints.success.as_ref().map_or(0.0, |asked| 1.0 - asked.at_least);
    let high = shares.get(place.min(shares.len().checked_sub(1)?)).copied()?;
    Some(high.max(0.2 * allowed).max(SHARE_LEAST))
}

/// How many units of one shift say as much as one that is independent.
fn design_effect(stream: &Stream<'_>) -> f64 {
    let shifts: Vec<Shift> =
        stream.promoted.iter().map(|sums| Shift { good: sums.good(), units: sums.units() }).collect();
    let Ok(anova) = Anova::of(&shifts) else { return 1.0 };
    let icc = anova.icc().unwrap_or(crate::stats::cluster::ICC_ASSUMED).max(crate::stats::cluster::ICC_BELIEVED);
    anova.design_effect(icc, Rule::Decision).max(1.0)
}
