//! Confidence, sides and intervals: what every statistic takes and gives.

use serde::{Deserialize, Serialize};

/// A confidence level, strictly between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Confidence(f64);

impl Confidence {
    /// 95 %.
    pub const USUAL: Self = Self(0.95);

    /// A confidence level.
    ///
    /// # Errors
    /// Where it is not strictly between 0 and 1.
    pub fn new(level: f64) -> Result<Self, StatError> {
        if level > 0.0 && level < 1.0 {
            Ok(Self(level))
        } else {
            Err(StatError::OutOfRange { what: "confidence", found: level, allowed: "above 0 and below 1" })
        }
    }

    /// The level itself, as 0.95.
    pub fn level(self) -> f64 {
        self.0
    }

    /// What is left: 0.05 for a level of 0.95.
    pub fn alpha(self) -> f64 {
        1.0 - self.0
    }
}

impl Default for Confidence {
    fn default() -> Self {
        Self::USUAL
    }
}

impl TryFrom<f64> for Confidence {
    type Error = StatError;

    fn try_from(level: f64) -> Result<Self, StatError> {
        Self::new(level)
    }
}

impl From<Confidence> for f64 {
    fn from(confidence: Confidence) -> f64 {
        confidence.0
    }
}

/// Which end of an interval is asked for. A one-sided bound spends all of alpha on its side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// A bound from below: the value is at least this.
    #[default]
    Lower,
    /// A bound from above: the value is at most this.
    Upper,
    /// Both, each with half of alpha.
    Two,
}

impl Side {
    /// What of `alpha` each end may spend.
    pub fn alpha_each(self, confidence: Confidence) -> f64 {
        match self {
            Self::Lower | Self::Upper => confidence.alpha(),
            Self::Two => 0.5 * confidence.alpha(),
        }
    }

    /// An interval of which only this side's ends are kept.
    pub fn of(self, lower: f64, upper: f64) -> Interval {
        Interval { lower: (self != Self::Upper).then_some(lower), upper: (self != Self::Lower).then_some(upper) }
    }
}

/// An interval. An end that was not asked for, or that is infinite, is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Interval {
    /// The lower bound.
    pub lower: Option<f64>,
    /// The upper bound.
    pub upper: Option<f64>,
}

/// Why a statistic has no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StatError {
    /// A number outside of what the method is for.
    #[error("`{what}` is {found}, and must be {allowed}")]
    OutOfRange {
        /// The input.
        what: &'static str,
        /// What was given.
        found: f64,
        /// What may be given.
        allowed: &'static str,
    },
    /// Not enough data for any answer.
    #[error("`{what}` has {found}, and at least {needed} are needed")]
    TooFew {
        /// The input.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there must be.
        needed: usize,
    },
    /// Two inputs that do not fit each other.
    #[error("{0}")]
    Mismatch(&'static str),
    /// The method finds no solution for this input.
    #[error("there is no solution: {0}")]
    NoSolution(&'static str),
}

/// Checks that a number is finite and within a closed range.
///
/// # Errors
/// Where it is not; `allowed` says what the range is.
pub(crate) fn within(
    what: &'static str,
    found: f64,
    range: std::ops::RangeInclusive<f64>,
    allowed: &'static str,
) -> Result<f64, StatError> {
    if found.is_finite() && range.contains(&found) {
        Ok(found)
    } else {
        Err(StatError::OutOfRange { what, found, allowed })
    }
}
