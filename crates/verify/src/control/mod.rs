//! Controls against a staged show, one file each.
//!
//! ```text
//!   Evidence {shifts with what others saw} ─ look ─▶ ControlResult {pass, fail, unknown, not required} ─▶ the decision
//! ```
//!
//! An endpoint asks whether the work is good enough; a control asks whether the log can be believed. No statistic proves that
//! nobody cheated: each page says what its control can show and what it cannot.
//!
//! **Invariant:** a required control that is unknown stops a promotion, exactly like one that fails.

mod attempts;
mod calendar;
mod conditions;
mod counter;
mod coverage;
mod drawn_shifts;
mod human_baseline;
mod labels;
mod overlap;
mod perturbation;
mod recorder;
mod reexecution;
mod regularity;
mod releases;
mod replay;
mod staffing;
mod uplink_cut;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::bound::{Confidence, Side};
use crate::endpoint::Case;
use crate::stats::proportion::clopper_pearson;
use crate::verdict::Decision;

pub(crate) use counter::impute;
pub(crate) use labels::sample as inspected_sample;

/// How a control stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlState {
    /// What it can show, it shows.
    Pass,
    /// It shows that the log cannot be believed in this.
    Fail,
    /// The log does not say enough.
    Unknown,
    /// The protocol does not ask for it, and the log does not say.
    NotRequired,
}

/// One control with its numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ControlResult {
    /// Its name.
    pub control: String,
    /// How it stands.
    pub state: ControlState,
    /// Whether the protocol asks for it.
    pub required: bool,
    /// What a failure means for the decision.
    pub if_failed: Decision,
    /// What was measured, by name.
    pub numbers: BTreeMap<String, f64>,
    /// The limit that decides, where there is one.
    pub limit: Option<f64>,
    /// The arithmetic in one sentence.
    pub reason: String,
    /// What would let it pass; `None` where it does.
    pub missing: Option<String>,
}

/// What a control finds.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    state: ControlState,
    numbers: BTreeMap<String, f64>,
    limit: Option<f64>,
    reason: String,
    missing: Option<String>,
}

impl Found {
    fn of(state: ControlState, reason: impl Into<String>) -> Self {
        Self { state, numbers: BTreeMap::new(), limit: None, reason: reason.into(), missing: None }
    }

    fn unknown(reason: impl Into<String>) -> Self {
        Self::of(ControlState::Unknown, reason)
    }

    fn number(mut self, name: &str, number: f64) -> Self {
        if number.is_finite() {
            self.numbers.insert(name.to_owned(), number);
        }
        self
    }

    fn count(self, name: &str, count: u64) -> Self {
        // OK to cast: counts far below 2^53.
        self.number(name, count as f64)
    }

    fn limit(mut self, limit: f64) -> Self {
        self.limit = Some(limit);
        self
    }

    fn missing(mut self, missing: impl Into<String>) -> Self {
        self.missing = Some(missing.into());
        self
    }
}

/// One control.
pub trait Control: Sync {
    /// Its name in task books.
    fn name(&self) -> &'static str;

    /// What it asks, in one line.
    fn summary(&self) -> &'static str;

    /// The source of its page.
    fn source(&self) -> &'static str;

    /// What a failure means: a hold where more or better data can mend it, a rejection where the log is shown to be untrue.
    fn failing(&self) -> Decision;

    /// How it stands.
    fn look(&self, case: &Case<'_>) -> Found;
}

/// All controls.
pub const CONTROLS: &[&dyn Control] = &[
    &attempts::Attempts,
    &calendar::Calendar,
    &conditions::Conditions,
    &counter::Counter,
    &coverage::Coverage,
    &drawn_shifts::DrawnShifts,
    &human_baseline::HumanBaseline,
    &labels::Labels,
    &overlap::Overlap,
    &perturbation::Perturbation,
    &recorder::IndependentRecorder,
    &reexecution::Reexecution,
    &regularity::Regularity,
    &releases::Releases,
    &replay::Replay,
    &staffing::Staffing,
    &uplink_cut::UplinkCut,
];

/// The control of that name.
pub fn find(name: &str) -> Option<&'static dyn Control> {
    CONTROLS.iter().copied().find(|control| control.name() == name)
}

/// Every control, by name.
pub(crate) fn look(case: &Case<'_>) -> Vec<ControlResult> {
    let controls = &case.frozen.protocol.controls;
    let result = |control: &&dyn Control| {
        let found = control.look(case);
        let required = controls.is_required(control.name());
        let state = match found.state {
            ControlState::Unknown if !required => ControlState::NotRequired,
            state => state,
        };
        ControlResult {
            control: control.name().to_owned(),
            state,
            required,
            if_failed: control.failing(),
            numbers: found.numbers,
            limit: found.limit,
            reason: found.reason,
            missing: found.missing.filter(|_| required && state != ControlState::Pass),
        }
    };
    CONTROLS.iter().map(result).collect()
}

/// How a share of bad ones stands against the largest that is allowed, by exact bounds at 95 %; and the upper bound.
fn ruled_out(bad: u64, all: u64, allowed: f64) -> (ControlState, f64) {
    let bound = |side| clopper_pearson(bad, all, Confidence::USUAL, side).ok();
    let upper = bound(Side::Upper).and_then(|interval| interval.upper).unwrap_or(1.0);
    let lower = bound(Side::Lower).and_then(|interval| interval.lower).unwrap_or(0.0);
    let state = if upper <= allowed {
        ControlState::Pass
    } else if lower > allowed {
        ControlState::Fail
    } else {
        ControlState::Unknown
    };
    (state, upper)
}

/// How many there must be at least, all good, to rule out a share.
fn needed(allowed: f64) -> u64 {
    // OK to cast: a few hundred thousand at the smallest share that is allowed.
    libm::ceil(libm::log(0.05) / libm::log(1.0 - allowed)) as u64
}

/// A share in percent.
fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// A number of things as a share of others; 0 where there are none.
fn share(part: u64, whole: u64) -> f64 {
    // OK to cast: counts far below 2^53.
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_ruled_out_by_exact_bounds() {
        assert_eq!(ruled_out(0, 299, 0.01).0, ControlState::Pass);
        assert_eq!(ruled_out(0, 298, 0.01).0, ControlState::Unknown);
        assert_eq!(ruled_out(0, 0, 0.01).0, ControlState::Unknown);
        assert_eq!(ruled_out(22, 340, 0.01).0, ControlState::Fail);
        assert_eq!((needed(0.01), needed(0.05)), (299, 59));
    }
}
