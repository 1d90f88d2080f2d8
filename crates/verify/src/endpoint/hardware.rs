//! `hardware`: hours between failures of the hardware.

use prairie_model::StationEventKind;

use super::{Case, Endpoint, at_least, next_step, numbers, percent, unknown};
use crate::bound::Side;
use crate::evidence::ShiftSums;
use crate::protocol::Hours;
use crate::stats::reliability::exponential::overdispersed;
use crate::verdict::{EndpointResult, State};

/// Hours between failures of the hardware.
#[derive(Debug)]
pub(super) struct Hardware;

impl Endpoint for Hardware {
    fn name(&self) -> &'static str {
        "hardware"
    }

    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult> {
        let asked = case.frozen.protocol.endpoints.hardware.as_ref()?;
        Some(between(self, case, asked, &[StationEventKind::HardwareFault], "hardware failures"))
    }
}

/// Hours of the station between events of these kinds, with a bound that allows for shifts that differ.
///
/// The clock is scheduled time of the station without the time that it was down, however many robots took turns in it:
/// robots that rest do not lengthen it.
pub(super) fn between(
    endpoint: &dyn Endpoint,
    case: &Case<'_>,
    asked: &Hours,
    kinds: &[StationEventKind],
    what: &str,
) -> EndpointResult {
    if !case.provenance.events {
        return unknown(endpoint, "h", format!("the log keeps no events, so that nobody can count {what}"));
    }
    let count = |sums: &ShiftSums| kinds.iter().map(|kind| sums.events_of(*kind)).sum::<u64>();
    let counts: Vec<u64> = case.robot.iter().map(count).collect();
    let hours: Vec<f64> =
        case.robot.iter().map(|sums| ((sums.shift.scheduled_s() - sums.down_s) / 3600.0).max(0.0)).collect();
    let total: f64 = hours.iter().sum();
    // A shift that was down from beginning to end has no hours to count events in.
    let kept: Vec<usize> = (0..hours.len()).filter(|at| hours[*at] > 0.0).collect();
    let counts_kept: Vec<u64> = kept.iter().map(|at| counts[*at]).collect();
    let hours_kept: Vec<f64> = kept.iter().map(|at| hours[*at]).collect();
    let bound = |side| overdispersed(&counts_kept, &hours_kept, asked.confidence, side);
    let (below, above) = match (bound(Side::Lower), bound(Side::Upper)) {
        (Ok(below), Ok(above)) => (below, above),
        (Err(error), _) | (_, Err(error)) => return unknown(endpoint, "h", error.to_string()),
    };
    let events: u64 = counts.iter().sum();
    let lower = below.mtbf.interval.lower.unwrap_or(0.0);
    let upper = above.mtbf.interval.upper.unwrap_or(f64::INFINITY);
    let state = at_least(lower, upper, asked.at_least_h);
    let reason = format!(
        "{events} {what} in {total:.1} station hours: at least {lower:.2} h between them at {} (overdispersion {:.2})",
        percent(asked.confidence.level()),
        below.phi
    );
    // OK to cast: counts far below 2^53.
    EndpointResult {
        state,
        estimate: (events > 0).then(|| total / events as f64),
        lower: Some(lower),
        upper: Some(upper).filter(|upper| upper.is_finite()),
        confidence: Some(asked.confidence.level()),
        threshold: Some(asked.at_least_h),
        numbers: numbers(&[("events", events as f64), ("hours", total), ("overdispersion", below.phi)]),
        missing: (state == State::Hold).then(|| next_step(case.look)),
        ..unknown(endpoint, "h", reason)
    }
}
