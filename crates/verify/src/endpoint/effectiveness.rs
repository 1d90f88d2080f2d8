//! # What it asks
//!
//! Overall equipment effectiveness of autonomous work: `planned_s` per unit times the good autonomous units, by the
//! scheduled time. Its lower bound over shifts must reach `at_least`.
//!
//! # Why
//!
//! Seconds in which a person helps are not the robot's. Counted here, assistance is a loss of availability, and performance
//! above 100 % is reported as it is: capping it would hide a planned time that is wrong.
//!
//! # Formula and source
//!
//! `OEE = availability · effectiveness · quality = PRI · GQ_auto / PBT` after ISO 22400-2:2014, with autonomous seconds as
//! production time; Student's t over shifts. Time of several robots at once counts once.
//!
//! # Example
//!
//! ```text
//! effectiveness   60.0 s times 8279 good units in 150.0 scheduled hours: 92.0 %, at least 91.1 % at 97.6 %, over 20 shifts
//! ```

use prairie_model::Mode;

use super::{Case, Endpoint, Measured, float, measured, numbers, percent, percent_of, undefined};
use crate::bound::Side;
use crate::evidence::ShiftSums;
use crate::shares::mean_of_shifts;
use crate::stats::oee::{Period, effectiveness};
use crate::verdict::EndpointResult;

/// Overall equipment effectiveness, of autonomous seconds only.
#[derive(Debug)]
pub(super) struct Effectiveness;

impl Endpoint for Effectiveness {
    fn name(&self) -> &'static str {
        "effectiveness"
    }

    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult> {
        let asked = case.frozen.protocol.endpoints.effectiveness.as_ref()?;
        let level = case.level(asked.confidence);
        let of_shift = |sums: &ShiftSums| {
            let scheduled = sums.shift.scheduled_s();
            if scheduled > 0.0 { asked.planned_s * float(alone(sums)) / scheduled } else { 0.0 }
        };
        let values: Vec<f64> = case.robot.iter().map(of_shift).collect();
        let (_, lower, upper) = match mean_of_shifts(&values, level.confidence) {
            Ok(bounds) => bounds,
            Err(error) => return Some(undefined(self, "share", case, &error)),
        };
        let period = period(case.robot, asked.planned_s);
        let whole = match effectiveness(&period) {
            Ok(whole) => whole,
            Err(error) => return Some(undefined(self, "share", case, &error)),
        };
        let reason = format!(
            "{:.1} s times {} good units in {:.1} scheduled hours: {}, at least {} at {}, over {} shifts",
            asked.planned_s,
            period.good_autonomous,
            period.planned_busy_s / 3600.0,
            percent(whole.oee),
            percent(lower),
            percent_of(level.confidence),
            values.len()
        );
        let ends = Measured { estimate: Some(whole.oee), lower, upper, threshold: asked.at_least, side: Side::Lower };
        let mut result = measured(self, "share", case, level, ends, reason);
        result.numbers = numbers(&[
            ("availability", whole.availability),
            ("assistance_loss", whole.assistance_loss),
            ("effectiveness", whole.effectiveness.unwrap_or(f64::NAN)),
            ("quality_ratio", whole.quality_ratio.unwrap_or(f64::NAN)),
            ("with_assistance", whole.oee_with_assistance),
            ("shifts", float(values.len() as u64)),
        ]);
        let untimed: u64 = case.robot.iter().map(|sums| sums.work.untimed).sum();
        if untimed > 0 {
            result.notes.push(format!("{untimed} units have no length in the log: their seconds are in no product"));
        }
        Some(result)
    }

    fn source(&self) -> &'static str {
        include_str!("effectiveness.rs")
    }
}

/// Good units of a shift that nobody helped with. Where the protocol counts helped ones as good, those are taken out again.
fn alone(sums: &ShiftSums) -> u64 {
    let helped = sums.units() - autonomous(sums);
    sums.good().saturating_sub(helped).min(autonomous(sums))
}

fn autonomous(sums: &ShiftSums) -> u64 {
    Mode::ALL.iter().position(|mode| *mode == Mode::Autonomous).map_or(0, |at| sums.modes[at])
}

/// All shifts as one period.
fn period(shifts: &[ShiftSums], planned_s: f64) -> Period {
    let sum = |of: fn(&ShiftSums) -> f64| shifts.iter().map(of).sum::<f64>();
    let count = |of: fn(&ShiftSums) -> u64| shifts.iter().map(of).sum::<u64>();
    let helped_s = sum(|sums| sums.work.helped_s);
    // Seconds in which one robot is helped and another works alone are helped ones: nobody gains by counting them twice.
    let production_s = sum(|sums| {
        let busy = sums.work.autonomous_s + sums.work.helped_s;
        busy.min(sums.shift.span.seconds())
    });
    let (assisted_s, planned_busy_s) = (helped_s.min(production_s), sum(|sums| sums.shift.scheduled_s()));
    Period {
        planned_busy_s,
        busy_s: production_s,
        processing_s: production_s,
        production_s,
        assisted_s,
        order_s: planned_busy_s,
        planned_per_item_s: planned_s,
        produced: count(ShiftSums::units),
        produced_autonomous: count(autonomous),
        good: count(ShiftSums::good).max(count(alone)),
        good_autonomous: count(alone),
    }
}
