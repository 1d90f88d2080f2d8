//! # What it asks
//!
//! The share of takts that are no longer than the target: its lower bound must reach `at_least`. Left out, the target is
//! what people keep in 95 of 100 units at the same station.
//!
//! # Why
//!
//! A line that is clocked has no use for a mean. Time without a good unit at the end of a shift counts as units that missed
//! the target.
//!
//! # Formula and source
//!
//! Kept takts among all, with `floor(trailing / target)` missed ones per shift, by the cluster-aware bound of `success`.
//! The target from people is the smallest takt that 95 of 100 of their units keep.
//!
//! # Example
//!
//! ```text
//! adherence   8120 of 8391 takts within 91.2 s over 20 shifts: 96.8 %, lower bound 95.9 % at 97.6 %
//! ```

use super::{Case, Endpoint, Measured, float, measured, numbers, percent, percent_of, undefined, unknown};
use crate::bound::Side;
use crate::evidence::ShiftSums;
use crate::shares::of_shifts;
use crate::stats::rhythm::adherence;
use crate::verdict::EndpointResult;

/// People's share that gives the target where the task book names none.
const PEOPLE_KEEP: f64 = 0.95;

/// Takts that are no longer than the target.
#[derive(Debug)]
pub(super) struct Adherence;

impl Endpoint for Adherence {
    fn name(&self) -> &'static str {
        "adherence"
    }

    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult> {
        let asked = case.frozen.protocol.endpoints.adherence.as_ref()?;
        let level = case.level(asked.confidence);
        let Some(target_s) = asked.target_s.or_else(|| target_of(case.human)) else {
            return Some(unknown(self, "share", "there is no target: the log holds no takts of people"));
        };
        let kept = |sums: &ShiftSums| adherence(&sums.takts_s, sums.work.trailing_s, target_s);
        let counts: Result<Vec<_>, _> = case.robot.iter().map(kept).collect();
        let share =
            counts.and_then(|counts| of_shifts(counts.iter().map(|count| (count.kept, count.units)), level.confidence));
        let share = match share {
            Ok(share) => share,
            Err(error) => return Some(undefined(self, "share", case, &error)),
        };
        let reason = format!(
            "{} of {} takts within {target_s:.1} s over {} shifts: {}, lower bound {} at {}",
            share.hits,
            share.units,
            share.shifts,
            percent(share.estimate),
            percent(share.lower),
            percent_of(level.confidence)
        );
        let ends = Measured {
            estimate: Some(share.estimate),
            lower: share.lower,
            upper: share.upper,
            threshold: asked.at_least,
            side: Side::Lower,
        };
        let mut result = measured(self, "share", case, level, ends, reason);
        let longest = case.robot.iter().map(|sums| sums.work.longest_gap_s).fold(0.0, f64::max);
        result.numbers = numbers(&[
            ("kept", float(share.hits)),
            ("takts", float(share.units)),
            ("shifts", float(share.shifts)),
            ("target_s", target_s),
            ("longest_gap_s", longest),
            ("icc_used", share.icc_used),
        ]);
        Some(result)
    }

    fn source(&self) -> &'static str {
        include_str!("adherence.rs")
    }
}

/// The takt that people keep in 95 of 100 units; `None` without takts.
fn target_of(human: &[ShiftSums]) -> Option<f64> {
    let mut takts: Vec<f64> = human.iter().flat_map(|sums| sums.takts_s.iter().copied()).collect();
    takts.sort_by(f64::total_cmp);
    // OK to cast: a share of a count of units.
    let rank = libm::ceil(PEOPLE_KEEP * takts.len() as f64) as usize;
    takts.get(rank.checked_sub(1)?).copied()
}
