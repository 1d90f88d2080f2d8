//! # What it does
//!
//! Real shifts differ: light, parts and people do. The control asks whether shifts differ less than independent draws would,
//! by the lower tail of Pearson's X² over shifts, and whether good and bad shifts alternate more evenly than chance, by the
//! lag-1 correlation of shift means against random orders. A log less probable than 0.001 fails.
//!
//! # What it can show
//!
//! Screening only: a log that was filled in by hand or by a rule such as "two bad ones a shift" looks like this.
//!
//! # What it cannot show
//!
//! That a log is true. Whoever makes one up with a random number generator passes.
//!
//! # Example
//!
//! ```text
//! regularity  fail  shifts differ less than chance: X² 3.1 for 29 degrees of freedom (p 0.0000)
//! ```

use super::{Control, ControlState, Found};
use crate::endpoint::Case;
use crate::math::special::gamma_pq;
use crate::stats::cluster::{Shift, homogeneity};
use crate::stats::regularity::lag1_autocorrelation;
use crate::verdict::Decision;

/// Outcomes that are too regular.
#[derive(Debug)]
pub(super) struct Regularity;

/// Failures per shift below which X² says nothing.
const FAILURES_MIN: u64 = 2;

/// Random orders of the shifts, and shifts of which the last are taken where there are more.
const REPLICATES: u32 = 1_999;
const SHIFTS_MAX: usize = 2_000;

impl Control for Regularity {
    fn name(&self) -> &'static str {
        "regularity"
    }

    fn summary(&self) -> &'static str {
        "shifts differ as real shifts do"
    }

    fn source(&self) -> &'static str {
        include_str!("regularity.rs")
    }

    fn failing(&self) -> Decision {
        Decision::Hold
    }

    fn look(&self, case: &Case<'_>) -> Found {
        let alpha = case.frozen.protocol.controls.regularity.alpha;
        let shifts: Vec<Shift> = case
            .robot
            .iter()
            .map(|sums| Shift { good: sums.witness.claimed.min(sums.units()), units: sums.units() })
            .filter(|shift| shift.units > 0)
            .collect();
        let failures: u64 = shifts.iter().map(|shift| shift.units - shift.good).sum();
        let Ok(test) = homogeneity(&shifts) else { return Found::unknown("too few shifts, or none with a failure") };
        if failures < FAILURES_MIN * shifts.len() as u64 {
            return Found::unknown(format!("{failures} failures in {} shifts are too few to tell", shifts.len()));
        }
        let p = gamma_pq(0.5 * test.degrees_of_freedom, 0.5 * test.statistic).0;
        // OK to cast: counts far below 2^53.
        let means: Vec<f64> = shifts.iter().map(|shift| shift.good as f64 / shift.units as f64).collect();
        let last = &means[means.len().saturating_sub(SHIFTS_MAX)..];
        let even = lag1_autocorrelation(last, REPLICATES, 1).map_or(1.0, |test| test.p_low);
        // Two tests share alpha.
        let state = if p.min(even) < 0.5 * alpha { ControlState::Fail } else { ControlState::Pass };
        Found::of(
            state,
            format!(
                "shifts differ with X² {:.1} for {:.0} degrees of freedom, as little as that with probability {p:.4}; they alternate as evenly with probability {even:.4} (limit {:.4} each)",
                test.statistic,
                test.degrees_of_freedom,
                0.5 * alpha
            ),
        )
        .number("statistic", test.statistic)
        .number("degrees_of_freedom", test.degrees_of_freedom)
        .number("p", p)
        .number("p_even", even)
        .limit(0.5 * alpha)
    }
}
