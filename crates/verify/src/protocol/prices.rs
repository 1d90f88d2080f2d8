//! What money is needed to know: declared before the run, and told apart from what the log measures.

use serde::{Deserialize, Serialize};

use crate::stats::economics::Figure;
use crate::stats::economics::resample::{Assumption, Assumptions};

/// Prices and what else no log can measure. All money is of one currency and of one year.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// The currency, for people.
    pub currency: String,
    /// The loaded wage per paid hour.
    pub wage_per_h: Assumption,
    /// What is paid once: robot and integration.
    pub investment: Assumption,
    /// What is left of it after the last year.
    #[serde(default = "nothing")]
    pub salvage: Assumption,
    /// What is paid per year beside people and scrap: maintenance, software, energy, floor, insurance, expected damage, fees.
    pub running_per_year: Assumption,
    /// The cost of a unit that is not good.
    pub scrap_per_unit: Assumption,
    /// Scheduled hours of the station per year.
    pub hours_per_year: Assumption,
    /// The discount rate per year.
    pub rate: Assumption,
    /// Lives in years, each as likely as the others.
    pub years: Vec<u32>,
    /// People that are paid for in one shift of people's work.
    #[serde(default = "one")]
    pub people: f64,
    /// Paid hours of one person per year, for human equivalents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_hours_per_year: Option<f64>,
    /// People that look after the station while robots work at it: `{ measured = 0.1 }` or `{ assumed = 0.1 }`.
    pub supervision: Figure,
    /// Where a measured supervision comes from: a badge log, a video count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervision_source: Option<String>,
}

impl Prices {
    /// What is assumed, for the resampling of shifts.
    pub fn assumptions(&self) -> Assumptions {
        Assumptions {
            wage: self.wage_per_h,
            investment: self.investment,
            salvage: self.salvage,
            running: self.running_per_year,
            scrap_per_unit: self.scrap_per_unit,
            hours: self.hours_per_year,
            rate: self.rate,
            years: self.years.clone(),
        }
    }
}

fn nothing() -> Assumption {
    Assumption::Fixed(0.0)
}

fn one() -> f64 {
    1.0
}
