//! # What it asks
//!
//! The slow end of the rhythm: the ratio of the 95 % quantiles of takt, robots by people, must be at most `at_most` by its
//! upper bound.
//!
//! # Why
//!
//! The next station starves by the slowest units, not by the mean ones. A robot with a good mean and a long tail needs a
//! buffer that nobody has planned.
//!
//! # Formula and source
//!
//! Quantiles over all units of a side; the bound by a bootstrap that draws whole shifts, never units, on histograms of ln
//! takt (bins of 0.2 %), with the expanded percentile interval of Hesterberg (The American Statistician 69, 2015).
//!
//! # Example
//!
//! ```text
//! takt_tail   in 95 of 100 units robots take at most 88.3 s and people 91.0 s: 0.970 times, at most 1.021 at 97.6 %
//! ```

use super::{Case, Endpoint, Measured, measured, numbers, percent_of, undefined, unknown};
use crate::bound::Side;
use crate::evidence::ShiftSums;
use crate::shares::both;
use crate::stats::takt_tail::{TAKT_MAX_S, TAKT_MIN_S, TaktHistogram, quantile_ratio};
use crate::verdict::EndpointResult;

/// The slow end of the rhythm, against people.
#[derive(Debug)]
pub(super) struct TaktTail;

impl Endpoint for TaktTail {
    fn name(&self) -> &'static str {
        "takt_tail"
    }

    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult> {
        let asked = case.frozen.protocol.endpoints.takt_tail.as_ref()?;
        let level = case.level(asked.confidence);
        let (robot, human) = (histograms(case.robot), histograms(case.human));
        if robot.len() < 2 || human.len() < 2 {
            return Some(unknown(self, "ratio", "fewer than two shifts on a side have good units"));
        }
        // One bootstrap for each end: the same draws, since the seed is the same.
        let found = both(|side| {
            quantile_ratio(&robot, &human, asked.quantile, asked.replicates, case.seed(), level.confidence, side)
        });
        let (below, above) = match found {
            Ok(found) => found,
            Err(error) => return Some(undefined(self, "ratio", case, &error)),
        };
        let Some(upper) = above.interval.upper else {
            let reason = format!("{} replicates are too few for {}", asked.replicates, percent_of(level.confidence));
            return Some(unknown(self, "ratio", reason));
        };
        let reason = format!(
            "in {:.0} of 100 units robots take at most {:.1} s and people {:.1} s: {:.3} times, at most {upper:.3} at {}",
            100.0 * asked.quantile,
            above.robot_s,
            above.human_s,
            above.ratio,
            percent_of(level.confidence)
        );
        let ends = Measured {
            estimate: Some(above.ratio),
            lower: below.interval.lower.unwrap_or(0.0),
            upper,
            threshold: asked.at_most,
            side: Side::Upper,
        };
        let mut result = measured(self, "ratio", case, level, ends, reason);
        result.numbers =
            numbers(&[("robot_s", above.robot_s), ("human_s", above.human_s), ("quantile", asked.quantile)]);
        Some(result)
    }

    fn source(&self) -> &'static str {
        include_str!("takt_tail.rs")
    }
}

/// The histogram of each shift that has takts.
pub(super) fn histograms(shifts: &[ShiftSums]) -> Vec<TaktHistogram> {
    let histogram = |sums: &ShiftSums| {
        // Shorter and longer ones are counted at the ends, which no quantile of interest touches.
        let takts: Vec<f64> = sums.takts_s.iter().map(|takt| takt.clamp(TAKT_MIN_S, TAKT_MAX_S)).collect();
        TaktHistogram::new(&takts).ok()
    };
    shifts.iter().filter_map(histogram).collect()
}
