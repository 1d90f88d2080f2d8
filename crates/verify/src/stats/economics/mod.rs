//! What a unit of work costs by robot and by human, and whether the difference pays for the robot.
//!
//! Money has no unit here; give all of it in one currency and of one year. Measured and assumed inputs are of different
//! types, so that a gate can ask for measured ones only. The standards for cost over a life are IEC 60300-3-3 and VDI 2884.

pub mod cost;
pub mod finance;
pub mod resample;

use serde::{Deserialize, Serialize};

use crate::bound::{StatError, within};

/// A number with its origin.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Figure {
    /// From a log of the station itself.
    Measured(f64),
    /// From a vendor, a contract or a guess.
    Assumed(f64),
}

impl Figure {
    /// The number.
    pub fn value(self) -> f64 {
        match self {
            Self::Measured(value) | Self::Assumed(value) => value,
        }
    }

    /// Whether it comes from a log.
    pub fn is_measured(self) -> bool {
        matches!(self, Self::Measured(_))
    }
}

/// Money, or a count per time: not negative, and far from where products overflow.
fn amount(what: &'static str, found: f64) -> Result<f64, StatError> {
    within(what, found, 0.0..=1e30, "from 0 to 1e30")
}

/// A share that must not be zero.
fn share(what: &'static str, found: f64) -> Result<f64, StatError> {
    within(what, found, 1e-9..=1.0, "above 0 and at most 1")
}

/// A rate that must not be zero.
fn rate(what: &'static str, found: f64) -> Result<f64, StatError> {
    within(what, found, 1e-12..=1e30, "above 0 and at most 1e30")
}
