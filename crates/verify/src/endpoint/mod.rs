//! Endpoints: what a gate asks, one file each.

mod availability;
mod exposure;
mod hardware;
mod interventions;
mod rhythm;
mod success;

use std::collections::BTreeMap;

use crate::evidence::{Evidence, ShiftSums};
use crate::protocol::Frozen;
use crate::verdict::{EndpointResult, Look, Provenance, State};

/// What an endpoint is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The protocol.
    pub frozen: &'a Frozen,
    /// The look that the data allow.
    pub look: &'a Look,
    /// The robots' shifts that it looks at, by time.
    pub robot: &'a [ShiftSums],
    /// People's shifts.
    pub human: &'a [ShiftSums],
    /// All evidence.
    pub evidence: &'a Evidence,
    /// Where it comes from.
    pub provenance: &'a Provenance,
}

/// One thing that a gate asks.
pub trait Endpoint: Sync {
    /// Its name in task books.
    fn name(&self) -> &'static str;

    /// How it stands; `None` where the protocol does not ask for it.
    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult>;
}

/// All endpoints.
pub const ENDPOINTS: &[&dyn Endpoint] = &[
    &availability::Availability,
    &exposure::Exposure,
    &hardware::Hardware,
    &interventions::Interventions,
    &rhythm::Rhythm,
    &success::Success,
];

/// A result that nothing is known for yet.
fn unknown(endpoint: &dyn Endpoint, unit: &str, reason: impl Into<String>) -> EndpointResult {
    EndpointResult {
        endpoint: endpoint.name().to_owned(),
        state: State::Unknown,
        estimate: None,
        lower: None,
        upper: None,
        confidence: None,
        threshold: None,
        unit: unit.to_owned(),
        numbers: BTreeMap::new(),
        reason: reason.into(),
        missing: None,
    }
}

/// Named numbers.
fn numbers(pairs: &[(&str, f64)]) -> BTreeMap<String, f64> {
    pairs.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect()
}

/// How a bound from below stands against a threshold.
fn at_least(lower: f64, upper: f64, threshold: f64) -> State {
    if lower >= threshold {
        State::Pass
    } else if upper < threshold {
        State::Fail
    } else {
        State::Hold
    }
}

/// What a hold waits for: the next declared look, or a new attempt (amendment A5).
fn next_step(look: &Look) -> String {
    match look.next {
        // OK: the next look has more shifts than this one.
        Some(next) => format!("{} more shifts, to the declared look at {next}", next.saturating_sub(look.shifts)),
        None => "a new attempt: the last declared look is past".to_owned(),
    }
}

/// A share in percent with the digits that a sentence needs.
fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

pub(crate) use success::points as evidence_points;
