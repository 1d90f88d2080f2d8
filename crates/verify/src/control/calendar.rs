//! # What it does
//!
//! Every scheduled shift counts, worked or not (intention to treat). Two things can show that shifts were left out of the
//! calendar. The independent counter runs on between two scheduled shifts: units that passed it there are work that nobody
//! scheduled. And where the task book says how many shifts a week were agreed, fewer than that are missing ones. Units of the
//! log that lie in no shift are counted with them.
//!
//! # What it can show
//!
//! That the shifts in the log are those in which the station worked.
//!
//! # What it cannot show
//!
//! That hard days were not turned into days off beforehand, where no number of shifts was agreed; that the counter was not
//! held still. Without a counter and without an agreed number it is unknown.
//!
//! # Example
//!
//! ```text
//! calendar  fail  4,210 units passed the counter outside of scheduled shifts, 28.1 % of all (limit 2.0 %)
//! ```

use prairie_model::{Nanos, Shift};

use super::{Control, ControlState, Found, percent, share};
use crate::endpoint::Case;
use crate::verdict::Decision;

/// Every scheduled shift counts.
#[derive(Debug)]
pub(super) struct Calendar;

/// Seconds of a week.
const WEEK_S: f64 = 604_800.0;

/// Shifts of the agreed ones that may be missing, as a share, beyond one.
const MISSING_MAX: f64 = 0.05;

/// Shifts that were agreed for the time from the first to the last, beyond the first, and those that there are.
fn agreed(shifts: &[&Shift], per_week: f64) -> (f64, u64) {
    let mut stations: std::collections::BTreeMap<&str, (Nanos, Nanos, u64)> = std::collections::BTreeMap::new();
    for shift in shifts {
        let start = shift.span.start;
        let seen = stations.entry(&shift.station).or_insert((start, start, 0));
        *seen = (seen.0.min(start), seen.1.max(start), seen.2 + 1);
    }
    let mut due = 0.0;
    let mut found = 0;
    for (first, last, shifts) in stations.values() {
        due += libm::floor(last.seconds_since(*first) / WEEK_S * per_week + 1e-9);
        found += shifts - 1;
    }
    (due, found)
}

/// Pauses between shifts of the same station.
fn pauses(shifts: &[&Shift]) -> usize {
    let stations: std::collections::BTreeSet<&str> = shifts.iter().map(|shift| shift.station.as_str()).collect();
    // OK: every station has a shift.
    shifts.len() - stations.len()
}

impl Control for Calendar {
    fn name(&self) -> &'static str {
        "calendar"
    }

    fn summary(&self) -> &'static str {
        "every scheduled shift counts, and there was no work beside them"
    }

    fn source(&self) -> &'static str {
        include_str!("calendar.rs")
    }

    fn failing(&self) -> Decision {
        Decision::Reject
    }

    fn look(&self, case: &Case<'_>) -> Found {
        let limits = &case.frozen.protocol.controls.calendar;
        let shifts: Vec<&Shift> = case.robot.iter().map(|sums| &sums.shift).collect();
        if shifts.is_empty() {
            return Found::unknown("the calendar holds no shift of robots");
        }
        let read: Vec<u64> = case.robot.iter().filter_map(|sums| sums.witness.idle_count).collect();
        let units: u64 = case.robot.iter().map(|sums| sums.counter.unwrap_or(sums.units())).sum();
        let beside = read.iter().sum::<u64>() + case.evidence.tally.unscheduled;
        let beside_share = share(beside, units + beside);
        let empty = case.robot.iter().filter(|sums| sums.units() == 0).count() as u64;
        let mut state = ControlState::Pass;
        let mut reason = format!(
            "{beside} units passed the counter or were logged outside of scheduled shifts, {} of all (limit {}); {empty} of {} shifts were not worked and count",
            percent(beside_share),
            percent(limits.unscheduled_max),
            shifts.len()
        );
        if beside_share > limits.unscheduled_max {
            state = ControlState::Fail;
        }
        let mut found = Found::unknown("");
        if let Some(per_week) = limits.shifts_per_week {
            let (due, there) = agreed(&shifts, per_week);
            // OK to cast: counts of shifts.
            let missing = (due - there as f64).max(0.0);
            if missing > (MISSING_MAX * due).max(1.0) {
                state = ControlState::Fail;
            }
            reason = format!("{reason}; {there} of {due:.0} agreed shifts after the first are in the calendar");
            found = found.number("agreed", due).number("missing", missing);
        } else if read.len() < pauses(&shifts) && state == ControlState::Pass {
            state = ControlState::Unknown;
            reason = format!(
                "the counter was read on both sides of {} of {} pauses between shifts, and no number of shifts was agreed",
                read.len(),
                pauses(&shifts)
            );
        }
        Found { state, reason, ..found }
            .count("shifts", shifts.len() as u64)
            .count("not_worked", empty)
            .count("beside", beside)
            .number("beside_share", beside_share)
            .limit(limits.unscheduled_max)
            .missing("readings of the counter at both ends of every shift, or `controls.calendar.shifts_per_week`")
    }
}
