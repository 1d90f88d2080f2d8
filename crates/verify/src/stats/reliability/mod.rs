//! Reliability of repairable robots: how long until something breaks, or until somebody has to touch it.
//!
//! The clock is powered and scheduled robot hours, or calendar hours, but never a mixture. Hardware failures, interventions
//! and safety stops are counted apart. A constant rate is an assumption: test it with [`trend`] first, and where it fails,
//! use [`growth`] at the end of the test, never hours divided by failures.

pub mod demonstration;
pub mod exponential;
pub mod growth;
pub mod recurrence;
pub mod repair;
pub mod survival;
pub mod trend;

use serde::{Deserialize, Serialize};

use crate::bound::{Interval, StatError, within};

/// The longest list of times, systems or shifts.
pub const LIST_MAX: usize = 10_000_000;

/// What ended an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Terminated {
    /// A time that was set beforehand.
    #[default]
    Time,
    /// The last failure itself.
    Failure,
}

/// A point estimate with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The point estimate; `None` where it is infinite.
    pub estimate: Option<f64>,
    /// The interval around it.
    #[serde(flatten)]
    pub interval: Interval,
}

/// A duration, cost or rate: above zero, and far from where products overflow.
pub(crate) fn positive(what: &'static str, found: f64) -> Result<f64, StatError> {
    within(what, found, 1e-100..=1e100, "from 1e-100 to 1e100")
}

/// A count of failures as a number.
pub(crate) fn failure_count(what: &'static str, failures: u64) -> Result<f64, StatError> {
    // OK: a count below 2^53 is exact, and larger ones are refused.
    within(what, failures as f64, 0.0..=1e9, "at most 1e9")
}

/// Checks that a list has between `needed` and [`LIST_MAX`] items.
pub(crate) fn length(what: &'static str, found: usize, needed: usize) -> Result<(), StatError> {
    if found < needed {
        return Err(StatError::TooFew { what, found, needed });
    }
    if found > LIST_MAX {
        // OK: a length is far below 2^53.
        return Err(StatError::OutOfRange { what, found: found as f64, allowed: "at most 1e7 items" });
    }
    Ok(())
}

/// An end of an interval, or `None` where it is infinite.
pub(crate) fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// The times of failures in order, each above zero and at most `end`; and the end. Where the test ended with a failure,
/// that is the end, and `end` must be the same or missing.
pub(crate) fn event_times(
    times: &[f64],
    end: Option<f64>,
    terminated: Terminated,
) -> Result<(Vec<f64>, f64), StatError> {
    length("times", times.len(), if terminated == Terminated::Time { 2 } else { 3 })?;
    let mut times = times.to_vec();
    for time in &times {
        positive("times", *time)?;
    }
    times.sort_by(f64::total_cmp);
    let last = times.last().copied().unwrap_or(0.0);
    let end = match (terminated, end) {
        (Terminated::Time, None) => return Err(StatError::Mismatch("a test that ended with a time needs its `end`")),
        (Terminated::Failure, None) => last,
        (_, Some(end)) => positive("end", end)?,
    };
    if last > end {
        return Err(StatError::Mismatch("a failure lies after the end of the test"));
    }
    if terminated == Terminated::Failure && last < end {
        return Err(StatError::Mismatch(
            "the test is said to end with a failure, and its last failure is before its end",
        ));
    }
    Ok((times, end))
}
