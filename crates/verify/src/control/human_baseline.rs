//! # What it does
//!
//! Compares the rhythm of people in the baseline with the station's own record of the last 90 days, taken the same way: the
//! geometric mean of seconds from good unit to good unit. That people were slower by more than 5 % must be ruled out at 95 %,
//! by a t-bound over the baseline's shifts.
//!
//! # What it can show
//!
//! That people were not asked to be slow while they were measured.
//!
//! # What it cannot show
//!
//! That the record is right, or was not made slow for 90 days. It is a number in the task book, from a production system that
//! the vendor does not hold.
//!
//! # Example
//!
//! ```text
//! human_baseline  fail  people took 67.1 s per good unit in 15 shifts, 1.081 times the record of 62.1 s, at least 1.062 (limit 1.050)
//! ```

use super::{Control, ControlState, Found};
use crate::endpoint::Case;
use crate::math::distribution::student_quantile;
use crate::verdict::Decision;

/// People's rhythm against their record.
#[derive(Debug)]
pub(super) struct HumanBaseline;

impl Control for HumanBaseline {
    fn name(&self) -> &'static str {
        "human_baseline"
    }

    fn summary(&self) -> &'static str {
        "people were not slower in the baseline than in the station's record"
    }

    fn source(&self) -> &'static str {
        include_str!("human_baseline.rs")
    }

    fn failing(&self) -> Decision {
        Decision::Hold
    }

    fn look(&self, case: &Case<'_>) -> Found {
        let protocol = &case.frozen.protocol;
        let Some(record) = protocol.baseline.as_ref().and_then(|baseline| baseline.record_takt_s) else {
            return Found::unknown("the task book names no record of the station (`baseline.record_takt_s`)");
        };
        let logs: Vec<f64> = case.human.iter().filter_map(|sums| sums.mean_ln_takt).collect();
        if logs.len() < 2 {
            return Found::unknown("fewer than two shifts of people's work").missing("shifts of people's work");
        }
        // OK to cast: counts of shifts.
        let n = logs.len() as f64;
        let mean = logs.iter().sum::<f64>() / n;
        let variance = logs.iter().map(|log| (log - mean) * (log - mean)).sum::<f64>() / (n - 1.0);
        let reach = student_quantile(0.95, n - 1.0) * libm::sqrt(variance / n);
        let by_record = |ln: f64| libm::exp(ln) / record;
        let (ratio, lower, upper) = (by_record(mean), by_record(mean - reach), by_record(mean + reach));
        let limit = 1.0 + protocol.controls.human_baseline.margin;
        let state = if upper <= limit {
            ControlState::Pass
        } else if lower > limit {
            ControlState::Fail
        } else {
            ControlState::Unknown
        };
        Found::of(
            state,
            format!(
                "people took {:.1} s per good unit in {n} shifts, {ratio:.3} times the record of {record:.1} s, between {lower:.3} and {upper:.3} (limit {limit:.3})",
                libm::exp(mean)
            ),
        )
        .number("takt_s", libm::exp(mean))
        .number("record_s", record)
        .number("ratio", ratio)
        .number("lower", lower)
        .number("upper", upper)
        .number("shifts", n)
        .limit(limit)
        .missing("a baseline that is no slower than the record")
    }
}
