//! # What it does
//!
//! Compares the units of the log with those that an independent counter counted, shift by shift. Where they differ by more
//! than 0.5 % in all, every unit that the log does not hold is added to the success evidence as a bad one (worst-case
//! imputation): success is `good / max(counted, logged)`. Above 2 % the control fails. Units that were logged and are not
//! counted by the verdict (another release, excluded by rule) are no missing ones.
//!
//! # What it can show
//!
//! That no unit was left out of the log, and none invented: the counter has a power supply and a memory of its own.
//!
//! # What it cannot show
//!
//! How the missing units ended, or that the counter itself was not held still while a bad part passed. A counter that counts
//! parts and not attempts does not see that one was tried twice.
//!
//! # Example
//!
//! ```text
//! counter  fail  the counter counted 12,930 units and the log holds 12,310 in 30 shifts: 620 differ, 4.8 % (limit 2.0 %); 620 missing ones count as bad
//! ```

use super::{Control, ControlState, Found, percent, share};
use crate::endpoint::Case;
use crate::evidence::{Cell, NO_STRATUM, ShiftSums};
use crate::protocol::Counter as Limits;
use crate::verdict::Decision;

/// The log against the independent counter.
#[derive(Debug)]
pub(super) struct Counter;

/// What counter and log say of some shifts.
#[derive(Debug, Clone, Copy, Default)]
struct Gap {
    /// Shifts for which the counter was read.
    read: u64,
    /// Shifts that were worked, or in which it counted.
    worked: u64,
    counted: u64,
    logged: u64,
    /// Counted, and not in the log.
    missing: u64,
    /// In the log, and not counted.
    invented: u64,
}

impl Gap {
    fn of(shifts: &[ShiftSums]) -> Self {
        let mut gap = Self::default();
        for sums in shifts {
            let logged = logged(sums);
            let Some(counted) = sums.counter else {
                gap.worked += u64::from(logged > 0);
                continue;
            };
            gap.worked += u64::from(logged > 0 || counted > 0);
            gap.read += u64::from(logged > 0 || counted > 0);
            gap.counted += counted;
            gap.logged += logged;
            gap.missing += counted.saturating_sub(logged);
            gap.invented += logged.saturating_sub(counted);
        }
        gap
    }

    /// Units in which they differ, as a share of the larger number.
    fn share(&self) -> f64 {
        share(self.missing + self.invented, self.counted.max(self.logged))
    }
}

/// Units that the log holds of a shift, counted by the verdict or not.
fn logged(sums: &ShiftSums) -> u64 {
    sums.units() - sums.witness.imputed + sums.witness.beside
}

/// The shifts with what the counter counted and the log does not hold added as bad units; `None` where the difference is small
/// enough to be one of reading.
pub(crate) fn impute(shifts: &[ShiftSums], limits: &Limits) -> Option<Vec<ShiftSums>> {
    let gap = Gap::of(shifts);
    if gap.missing == 0 || gap.share() <= limits.impute_above {
        return None;
    }
    let mut imputed = shifts.to_vec();
    for sums in &mut imputed {
        let missing = sums.counter.unwrap_or(0).saturating_sub(logged(sums));
        if missing > 0 {
            // Nobody knows under which conditions: they are in no stratum, and of no robot.
            sums.cells.push(Cell { stratum: NO_STRATUM, robot: u32::MAX, units: missing, good: 0 });
            sums.witness.imputed = missing;
        }
    }
    Some(imputed)
}

impl Control for Counter {
    fn name(&self) -> &'static str {
        "counter"
    }

    fn summary(&self) -> &'static str {
        "the log holds the units that an independent counter counted"
    }

    fn source(&self) -> &'static str {
        include_str!("counter.rs")
    }

    fn failing(&self) -> Decision {
        Decision::Reject
    }

    fn look(&self, case: &Case<'_>) -> Found {
        let limits = &case.frozen.protocol.controls.counter;
        let gap = Gap::of(case.robot);
        if gap.read == 0 {
            return Found::unknown("no independent counter was read at both ends of a shift")
                .missing("readings of an independent counter at both ends of every shift");
        }
        let imputed: u64 = case.robot.iter().map(|sums| sums.witness.imputed).sum();
        let apart = gap.share();
        let state = if apart > limits.fail_above {
            ControlState::Fail
        } else if share(gap.read, gap.worked) < limits.read_min {
            ControlState::Unknown
        } else {
            ControlState::Pass
        };
        let mut reason = format!(
            "the counter counted {} units and the log holds {} in {} of {} worked shifts: {} differ, {} (limit {})",
            gap.counted,
            gap.logged,
            gap.read,
            gap.worked,
            gap.missing + gap.invented,
            percent(apart),
            percent(limits.fail_above)
        );
        if imputed > 0 {
            reason.push_str(&format!("; {imputed} missing ones count as bad"));
        }
        Found::of(state, reason)
            .count("counted", gap.counted)
            .count("logged", gap.logged)
            .count("missing", gap.missing)
            .count("invented", gap.invented)
            .count("imputed", imputed)
            .count("read", gap.read)
            .count("worked", gap.worked)
            .number("share", apart)
            .limit(limits.fail_above)
            .missing(format!("readings at both ends of {} of the worked shifts", percent(limits.read_min)))
    }
}
