//! # What it asks
//!
//! The share of scheduled time in which the station could work on its own, without repair, stop or intervention: the lower
//! bound over shifts must reach `at_least`. A scheduled shift in which nothing was done was not available, whatever the
//! events say.
//!
//! # Why
//!
//! Scheduled time is what the user pays for. A cycle time without uptime describes a machine that nobody has.
//!
//! # Formula and source
//!
//! Mean of the shifts' shares with Student's t over shifts. Beside it, where there are repairs: their mean and median time
//! by Cox's method for lognormal times (Olsson, Journal of Statistics Education 13, 2005), and `MTBF/(MTBF + F·MTTR)` with
//! F of 2r and 2r degrees of freedom (Barlow and Proschan, Statistical Theory of Reliability, 1975).
//!
//! # Example
//!
//! ```text
//! availability   the station could work on its own in 97.6 % of its scheduled time, at least 96.9 % at 95.1 %, over 20
//! shifts
//! ```

use prairie_model::StationEventKind;

use super::{Case, Endpoint, Measured, float, measured, numbers, percent, percent_of, undefined, unknown};
use crate::bound::{Confidence, Side};
use crate::evidence::ShiftSums;
use crate::shares::mean_of_shifts;
use crate::stats::reliability::repair;
use crate::verdict::EndpointResult;

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
            let reason = "the log keeps no events, so that nobody can tell when it stood still";
            return Some(unknown(self, "share", reason));
        }
        let level = case.level(asked.confidence);
        let shares: Vec<f64> = case.robot.iter().map(up).collect();
        let (mean, lower, upper) = match mean_of_shifts(&shares, level.confidence) {
            Ok(bounds) => bounds,
            Err(error) => return Some(undefined(self, "share", case, &error)),
        };
        let (lower, upper) = (lower.max(0.0), upper.min(1.0));
        let reason = format!(
            "the station could work on its own in {} of its scheduled time, at least {} at {}, over {} shifts",
            percent(mean),
            percent(lower),
            percent_of(level.confidence),
            shares.len()
        );
        let ends = Measured { estimate: Some(mean), lower, upper, threshold: asked.at_least, side: Side::Lower };
        let mut result = measured(self, "share", case, level, ends, reason);
        result.numbers = numbers(&[("shifts", float(shares.len() as u64))]);
        repairs(&mut result, case, level.confidence);
        Some(result)
    }

    fn source(&self) -> &'static str {
        include_str!("availability.rs")
    }
}

/// The share of a shift's scheduled time in which it could work.
fn up(sums: &ShiftSums) -> f64 {
    let scheduled = sums.shift.scheduled_s();
    let worked = sums.units() > 0;
    if scheduled > 0.0 && worked { (1.0 - sums.down_s / scheduled).clamp(0.0, 1.0) } else { 0.0 }
}

/// Tells how long repairs took, and what availability they would leave for ever.
fn repairs(result: &mut EndpointResult, case: &Case<'_>, confidence: Confidence) {
    let events = case.robot.iter().flat_map(|sums| &sums.happened);
    let repairs = events.filter(|event| event.kind == StationEventKind::HardwareFault);
    let open = repairs.clone().filter(|event| event.lasted_s.is_none()).count();
    let hours: Vec<f64> = repairs
        .filter_map(|event| event.lasted_s)
        .filter(|lasted| *lasted > 0.0)
        .map(|lasted| lasted / 3600.0)
        .collect();
    if open > 0 {
        result.notes.push(format!("{open} repairs have no end in the log: their time is not in the share"));
    }
    let Ok(mttr) = repair::mttr(&hours, confidence, Side::Two) else { return };
    let running: f64 = case.robot.iter().map(|sums| (sums.shift.scheduled_s() - sums.down_s).max(0.0) / 3600.0).sum();
    // OK to cast: a count of repairs.
    let mean = hours.iter().sum::<f64>() / hours.len() as f64;
    let steady = repair::availability(running / hours.len() as f64, mean, hours.len() as u64, confidence, Side::Lower);
    let mut tell = |name: &str, number: Option<f64>| {
        if let Some(number) = number.filter(|number| number.is_finite()) {
            result.numbers.insert(name.to_owned(), number);
        }
    };
    tell("mttr_h", Some(mttr.mean));
    tell("mttr_lower_h", mttr.interval.lower);
    tell("mttr_upper_h", mttr.interval.upper);
    tell("mttr_median_h", Some(mttr.median));
    tell("repairs", Some(float(hours.len() as u64)));
    tell("steady_lower", steady.ok().and_then(|steady| steady.interval.lower));
}
