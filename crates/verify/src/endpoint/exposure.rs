//! # What it asks
//!
//! Shifts, days, robots, units and sites that must be there before anything else is decided; on the way to a batch also a drill
//! in which a robot is swapped and one in which the software is rolled back, on the way to a sector two seasons. Every
//! scheduled shift counts, worked or not.
//!
//! # Why
//!
//! Twenty good units on one afternoon say nothing about a Monday, a night shift, or the second robot.
//!
//! # Formula and source
//!
//! Counts. A day is a calendar day in UTC on which a shift began; a robot is one that worked; a site is one with units. A drill
//! is an event `robot_swap` or `rollback` of the log, and counts when its station did good work in that shift or a later one
//! after it. Seasons are the quarters that begin in December, March, June and September.
//!
//! # Example
//!
//! ```text
//! exposure   8391 units in 20 shifts on 20 days by 2 robots
//! ```

use std::collections::BTreeSet;

use prairie_model::{Nanos, StationEventKind};

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
        let seasons: BTreeSet<i64> = days.iter().map(|day| season(*day)).collect();
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
            ("robot swaps", drills(case, StationEventKind::RobotSwap), u64::from(asked.swaps_min)),
            ("rollbacks", drills(case, StationEventKind::Rollback), u64::from(asked.rollbacks_min)),
            ("seasons", seasons.len() as u64, u64::from(asked.seasons_min)),
        ];
        // What no gate asks and nobody did is not told.
        let parts: Vec<_> = parts.into_iter().filter(|(what, found, asked)| told(what, *found, *asked)).collect();
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

/// Whether a count is told: those of every protocol, and the others where somebody asked or it was done.
fn told(what: &str, found: u64, asked: u64) -> bool {
    match what {
        "seasons" => asked > 0,
        "robot swaps" | "rollbacks" => asked > 0 || found > 0,
        _ => true,
    }
}

/// Drills of a kind after which their station did good work.
fn drills(case: &Case<'_>, kind: StationEventKind) -> u64 {
    let mut worked_later: BTreeSet<&str> = BTreeSet::new();
    let mut count = 0;
    for sums in case.robot.iter().rev() {
        let of_kind = sums.happened.iter().filter(|event| event.kind == kind);
        // Seconds of good units are not kept: of the same shift the last good unit is known by its trailing time.
        let last_good_s = sums.shift.span.seconds() - sums.work.trailing_s;
        let before_work = |at_s: f64| sums.good() > 0 && at_s < last_good_s;
        let later = worked_later.contains(sums.shift.station.as_str());
        count += of_kind.filter(|event| later || before_work(event.at_s)).count() as u64;
        if sums.good() > 0 {
            worked_later.insert(&sums.shift.station);
        }
    }
    count
}

/// The season of a day since 1970, numbered without gaps: quarters that begin in December, March, June and September.
fn season(day: i64) -> i64 {
    let (year, month, _) = Nanos(day * DAY).date();
    // January and February belong to the winter that began in the year before.
    year * 4 + (month - 3).div_euclid(3)
}

#[cfg(test)]
mod tests {
    use super::season;

    #[test]
    fn seasons_begin_with_march_june_september_and_december() {
        // 2026-02-28, 2026-03-01, 2026-05-31, 2026-06-01, 2026-08-31, 2026-09-01, 2026-11-30, 2026-12-01, 2027-02-28.
        let days = [20_512, 20_513, 20_604, 20_605, 20_696, 20_697, 20_787, 20_788, 20_877];
        let first = season(days[0]);
        assert_eq!(days.map(|day| season(day) - first), [0, 1, 1, 2, 2, 3, 3, 4, 4]);
        // 1970-01-01 and 1969-12-01 are one season; 1969-11-30 is another.
        assert_eq!((season(0) - season(-31), season(-31) - season(-32)), (0, 1));
    }
}
