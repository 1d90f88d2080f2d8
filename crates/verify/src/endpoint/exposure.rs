//! `exposure`: how much there is to look at.

use std::collections::BTreeSet;

use super::{Case, Endpoint, next_step, numbers, unknown};
use crate::verdict::{EndpointResult, State};

/// Nanoseconds of a day.
const DAY: i64 = 86_400_000_000_000;

/// Shifts, days, robots and units must reach what the gate asks before anything is decided.
#[derive(Debug)]
pub(super) struct Exposure;

impl Endpoint for Exposure {
    fn name(&self) -> &'static str {
        "exposure"
    }

    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult> {
        let asked = case.frozen.protocol.endpoints.exposure.as_ref()?;
        let days: BTreeSet<i64> = case.robot.iter().map(|sums| sums.shift.span.start.0.div_euclid(DAY)).collect();
        let robots: BTreeSet<u32> = case.robot.iter().flat_map(|sums| sums.robots.iter().copied()).collect();
        let units: u64 = case.robot.iter().map(crate::evidence::ShiftSums::units).sum();
        let parts = [
            ("shifts", case.robot.len() as u64, u64::from(asked.shifts_min)),
            ("days", days.len() as u64, u64::from(asked.days_min)),
            ("robots", robots.len() as u64, u64::from(asked.robots_min)),
            ("units", units, asked.units_min),
        ];
        let short: Vec<String> = parts
            .iter()
            .filter(|(_, found, asked)| found < asked)
            .map(|(what, found, asked)| format!("{found} of {asked} {what}"))
            .collect();
        // OK to cast: counts far below 2^53.
        let all: Vec<(&str, f64)> = parts.iter().map(|(what, found, _)| (*what, *found as f64)).collect();
        let reason =
            format!("{units} units in {} shifts on {} days by {} robots", case.robot.len(), days.len(), robots.len());
        let state = if short.is_empty() { State::Pass } else { State::Hold };
        Some(EndpointResult {
            state,
            numbers: numbers(&all),
            missing: (!short.is_empty()).then(|| format!("there are {}; {}", short.join(", "), next_step(case.look))),
            ..unknown(self, "count", reason)
        })
    }
}
