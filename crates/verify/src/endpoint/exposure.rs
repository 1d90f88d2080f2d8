//! # What it asks
//!
//! Shifts, days, robots, units and sites that must be there before anything else is decided. Every scheduled shift counts,
//! worked or not.
//!
//! # Why
//!
//! Twenty good units on one afternoon say nothing about a Monday, a night shift, or the second robot.
//!
//! # Formula and source
//!
//! Counts. A day is a calendar day in UTC on which a shift began; a robot is one that worked; a site is one with units.
//!
//! # Example
//!
//! ```text
//! exposure   8391 units in 20 shifts on 20 days by 2 robots
//! ```

use std::collections::BTreeSet;

use super::{Case, Endpoint, float, next_step, numbers, unknown};
use crate::evidence::ShiftSums;
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
        let units: u64 = case.robot.iter().map(ShiftSums::units).sum();
        let worked = |stations: &[String]| {
            case.robot.iter().any(|sums| sums.units() > 0 && stations.contains(&sums.shift.station))
        };
        let sites = case.frozen.protocol.sites().iter().filter(|site| worked(&site.stations)).count();
        let parts = [
            ("shifts", case.robot.len() as u64, u64::from(asked.shifts_min)),
            ("days", days.len() as u64, u64::from(asked.days_min)),
            ("robots", robots.len() as u64, u64::from(asked.robots_min)),
            ("units", units, asked.units_min),
            ("sites", sites as u64, u64::from(asked.sites_min)),
        ];
        let short: Vec<String> = parts
            .iter()
            .filter(|(_, found, asked)| found < asked)
            .map(|(what, found, asked)| format!("{found} of {asked} {what}"))
            .collect();
        let all: Vec<(&str, f64)> = parts.iter().map(|(what, found, _)| (*what, float(*found))).collect();
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

    fn source(&self) -> &'static str {
        include_str!("exposure.rs")
    }
}
