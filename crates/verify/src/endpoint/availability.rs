//! `availability`: the share of scheduled time in which the station could work on its own.

use super::{Case, Endpoint, at_least, next_step, numbers, percent, unknown};
use crate::math::distribution::student_quantile;
use crate::verdict::{EndpointResult, State};

/// Share of scheduled time without repair, stop or intervention, with a t-bound over shifts.
#[derive(Debug)]
pub(super) struct Availability;

impl Endpoint for Availability {
    fn name(&self) -> &'static str {
        "availability"
    }

    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult> {
        let asked = case.frozen.protocol.endpoints.availability.as_ref()?;
        if !case.provenance.events {
            return Some(unknown(
                self,
                "share",
                "the log keeps no events, so that nobody can tell when it stood still",
            ));
        }
        let up = |sums: &crate::evidence::ShiftSums| {
            let scheduled = sums.shift.scheduled_s();
            // A scheduled shift in which nothing was done was not available, whatever the events say.
            let worked = sums.units() > 0;
            if scheduled > 0.0 && worked { (1.0 - sums.down_s / scheduled).clamp(0.0, 1.0) } else { 0.0 }
        };
        let shares: Vec<f64> = case.robot.iter().map(up).collect();
        if shares.len() < 2 {
            return Some(unknown(self, "share", "fewer than two shifts"));
        }
        // OK to cast: counts of shifts.
        let n = shares.len() as f64;
        let mean = shares.iter().sum::<f64>() / n;
        let variance = shares.iter().map(|share| (share - mean) * (share - mean)).sum::<f64>() / (n - 1.0);
        let reach = student_quantile(asked.confidence.level(), n - 1.0) * libm::sqrt(variance / n);
        let (lower, upper) = ((mean - reach).max(0.0), (mean + reach).min(1.0));
        let state = at_least(lower, upper, asked.at_least);
        let reason = format!(
            "the station could work on its own in {} of its scheduled time, at least {} at {}, over {} shifts",
            percent(mean),
            percent(lower),
            percent(asked.confidence.level()),
            shares.len()
        );
        Some(EndpointResult {
            state,
            estimate: Some(mean),
            lower: Some(lower),
            upper: Some(upper),
            confidence: Some(asked.confidence.level()),
            threshold: Some(asked.at_least),
            numbers: numbers(&[("shifts", n)]),
            missing: (state == State::Hold).then(|| next_step(case.look)),
            ..unknown(self, "share", reason)
        })
    }
}
