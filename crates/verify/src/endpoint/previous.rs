//! # What it asks
//!
//! This release against another on the same stations: the share of good units may be lower by `margin`, and takts longer by
//! `takt_margin`, with `shifts_min` shifts on either side.
//!
//! # Why
//!
//! A change of weights, firmware or gripper voids what was shown before. Ten shifts against the release before bridge it:
//! cheaper than the whole gate, and enough to see that nothing got worse.
//!
//! # Formula and source
//!
//! As `quality` for the difference of shares and as `rhythm` for the ratio of takts; both must hold. Units of the other
//! release count here only, also those from before the freeze; they are in the counts as `previous`.
//!
//! # Example
//!
//! ```text
//! previous   98.6 % good and 98.8 % by `sha256:0a1b…`: −0.2 points, at least −1.4 at 95.0 %; takts 0.996 times, at most 1.018
//! ```

use super::rhythm::means;
use super::{Case, Endpoint, Measured, float, hold_for, measured, numbers, percent, percent_of, undefined, unknown};
use crate::bound::Side;
use crate::evidence::ShiftSums;
use crate::shares::{difference, of_shifts};
use crate::stats::rhythm::noninferiority;
use crate::verdict::EndpointResult;

/// Good units and takts, against the release before.
#[derive(Debug)]
pub(super) struct Previous;

impl Endpoint for Previous {
    fn name(&self) -> &'static str {
        "previous"
    }

    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult> {
        let asked = case.frozen.protocol.endpoints.previous.as_ref()?;
        let level = case.level(asked.confidence);
        let before = &case.evidence.previous;
        let share =
            |shifts: &[ShiftSums]| of_shifts(shifts.iter().map(|sums| (sums.good(), sums.units())), level.confidence);
        let (now, then) = match (share(case.robot), share(before)) {
            (Ok(now), Ok(then)) => (now, then),
            (_, Err(error)) => return Some(unknown(self, "points", format!("the release before: {error}"))),
            (Err(error), _) => return Some(undefined(self, "points", case, &error)),
        };
        let found = match difference(&now, &then, asked.margin, level.confidence) {
            Ok(found) => found,
            Err(error) => return Some(undefined(self, "points", case, &error)),
        };
        let takts =
            noninferiority(&means(case.robot), &means(before), asked.takt_margin, level.confidence, Side::Upper);
        let (ratio, upper) = match &takts {
            Ok(takts) => (takts.ratio, takts.interval.upper.unwrap_or(f64::INFINITY)),
            Err(error) => return Some(unknown(self, "points", format!("takts: {error}"))),
        };
        let reason = format!(
            "{} good and {} by `{}`: {:+.1} points, at least {:+.1} at {}; takts {ratio:.3} times, at most {upper:.3}",
            percent(now.estimate),
            percent(then.estimate),
            asked.release,
            100.0 * found.estimate,
            100.0 * found.lower,
            percent_of(level.confidence)
        );
        let ends = Measured {
            estimate: Some(found.estimate),
            lower: found.lower,
            upper: found.upper,
            threshold: -asked.margin,
            side: Side::Lower,
        };
        let mut result = measured(self, "points", case, level, ends, reason);
        if upper > 1.0 + asked.takt_margin {
            hold_for(
                &mut result,
                format!("takts at most {upper:.3} times, and {:.3} is asked", 1.0 + asked.takt_margin),
            );
        }
        for (what, shifts) in [("this release", case.robot.len()), ("the release before", before.len())] {
            // OK to compare: a count of shifts.
            if shifts < asked.shifts_min as usize {
                hold_for(&mut result, format!("{shifts} of {} shifts of {what}", asked.shifts_min));
            }
        }
        result.numbers = numbers(&[
            ("share", now.estimate),
            ("previous_share", then.estimate),
            ("previous_shifts", float(before.len() as u64)),
            ("takt_ratio", ratio),
            ("takt_ratio_upper", upper),
            ("p", found.p),
        ]);
        Some(result)
    }

    fn source(&self) -> &'static str {
        include_str!("previous.rs")
    }
}
