//! Endpoints: what a gate asks, one file each.
//!
//! The head of a file is its page: what it asks, why, formula and source, an example. `prairie explain NAME` prints it.

mod adherence;
mod assistance;
mod availability;
mod completion;
mod drills;
mod economics;
mod effectiveness;
mod efficiency;
mod exposure;
mod false_alarms;
mod hardware;
mod interventions;
mod missed_defects;
mod previous;
mod quality;
mod rhythm;
mod safety;
mod sites;
mod software;
mod steadiness;
mod success;
mod takt_tail;
mod transfer;
mod trials;

use std::collections::BTreeMap;

use crate::bound::{Confidence, Side};
use crate::evidence::{Evidence, ShiftSums, Tally};
use crate::protocol::Frozen;
use crate::verdict::{EndpointResult, Look, Provenance, State, spend};

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

    /// Its source text, of which the head is its page.
    fn source(&self) -> &'static str;
}

/// All endpoints.
pub const ENDPOINTS: &[&dyn Endpoint] = &[
    &adherence::Adherence,
    &assistance::Assistance,
    &availability::Availability,
    &completion::Completion,
    &drills::Drills,
    &economics::Economics,
    &effectiveness::Effectiveness,
    &efficiency::Efficiency,
    &exposure::Exposure,
    &false_alarms::FalseAlarms,
    &hardware::Hardware,
    &interventions::Interventions,
    &missed_defects::MissedDefects,
    &previous::Previous,
    &quality::Quality,
    &rhythm::Rhythm,
    &safety::Safety,
    &sites::Sites,
    &software::Software,
    &steadiness::Steadiness,
    &success::Success,
    &takt_tail::TaktTail,
    &transfer::Transfer,
    &trials::Trials,
];

/// What an endpoint may spend, and the confidence that is left at this look.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Level {
    confidence: Confidence,
    alpha: f64,
}

impl Case<'_> {
    /// The confidence at this look of an endpoint that is asked for at `asked` over all looks and attempts (amendment A5).
    fn level(&self, asked: Confidence) -> Level {
        // OK to cast: a number of looks.
        let spent = spend(self.frozen, self.look.number as usize, asked.alpha()).ok();
        let confidence = spent.and_then(|spent| Confidence::new(1.0 - spent.at_look).ok());
        // A protocol without looks is refused before any endpoint is asked.
        Level { confidence: confidence.unwrap_or(asked), alpha: spent.map_or(asked.alpha(), |spent| spent.of_attempt) }
    }

    /// The seed of every draw: from the protocol's hash, which nobody can choose afterwards.
    fn seed(&self) -> u64 {
        // OK to index: a hash has 32 bytes.
        self.frozen.hash.as_bytes()[..8].iter().fold(0, |seed, byte| (seed << 8) | u64::from(*byte))
    }
}

/// A result that nothing is known for yet.
fn unknown(endpoint: &dyn Endpoint, unit: &str, reason: impl Into<String>) -> EndpointResult {
    EndpointResult {
        endpoint: endpoint.name().to_owned(),
        state: State::Unknown,
        estimate: None,
        lower: None,
        upper: None,
        side: Side::Lower,
        confidence: None,
        alpha: None,
        threshold: None,
        unit: unit.to_owned(),
        numbers: BTreeMap::new(),
        reason: reason.into(),
        notes: Vec::new(),
        missing: None,
    }
}

/// A result that these data do not allow: without a shift that counts for that reason, otherwise for `error`.
fn undefined(endpoint: &dyn Endpoint, unit: &str, case: &Case<'_>, error: &dyn std::error::Error) -> EndpointResult {
    let none = case.robot.is_empty();
    unknown(endpoint, unit, if none { nothing_counts(&case.evidence.tally) } else { error.to_string() })
}

/// Why there is no shift of robots: where the units of the log went.
fn nothing_counts(tally: &Tally) -> String {
    let elsewhere = [
        (tally.unscheduled, "in no scheduled shift"),
        (tally.before_freeze, "from before the freeze"),
        (tally.future, "dated after their import"),
        (tally.other_station, "at other stations"),
        (tally.other_release, "by other releases"),
        (tally.other_robot, "by other robots"),
        (tally.people, "people's"),
        (tally.undated, "without any time"),
        (tally.excluded.values().sum(), "excluded"),
    ];
    let there: Vec<String> =
        elsewhere.iter().filter(|(units, _)| *units > 0).map(|(units, place)| format!("{units} {place}")).collect();
    match there.as_slice() {
        [] if tally.read == 0 => "the log holds no units".to_owned(),
        [] => "no shift of robots is scheduled after the freeze".to_owned(),
        there => format!("no shift of robots counts; of {} units: {}", tally.read, there.join(", ")),
    }
}

/// An estimate, both ends, and what is asked of one of them.
#[derive(Debug, Clone, Copy)]
struct Measured {
    estimate: Option<f64>,
    lower: f64,
    upper: f64,
    threshold: f64,
    side: Side,
}

impl Measured {
    /// How it stands.
    fn state(&self) -> State {
        match self.side {
            Side::Upper => at_most(self.lower, self.upper, self.threshold),
            _ => at_least(self.lower, self.upper, self.threshold),
        }
    }
}

/// A result from an interval, that waits for the next look where the interval holds the threshold.
fn measured(
    endpoint: &dyn Endpoint,
    unit: &str,
    case: &Case<'_>,
    level: Level,
    measured: Measured,
    reason: String,
) -> EndpointResult {
    let state = measured.state();
    EndpointResult {
        state,
        estimate: measured.estimate.filter(|estimate| estimate.is_finite()),
        lower: Some(measured.lower).filter(|lower| lower.is_finite()),
        upper: Some(measured.upper).filter(|upper| upper.is_finite()),
        side: measured.side,
        confidence: Some(level.confidence.level()),
        alpha: Some(level.alpha),
        threshold: Some(measured.threshold),
        missing: (state == State::Hold).then(|| next_step(case.look)),
        ..unknown(endpoint, unit, reason)
    }
}

/// Adds what is missing; what would have passed is held.
fn hold_for(result: &mut EndpointResult, missing: String) {
    if result.state == State::Pass {
        result.state = State::Hold;
    }
    result.missing = Some(match result.missing.take() {
        Some(before) => format!("{before}; {missing}"),
        None => missing,
    });
}

/// Named numbers.
fn numbers(pairs: &[(&str, f64)]) -> BTreeMap<String, f64> {
    let finite = pairs.iter().filter(|(_, number)| number.is_finite());
    finite.map(|(name, number)| ((*name).to_owned(), *number)).collect()
}

/// A count as a number.
fn float(count: u64) -> f64 {
    // OK to cast: counts far below 2^53.
    count as f64
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

/// How a bound from above stands against a threshold.
fn at_most(lower: f64, upper: f64, threshold: f64) -> State {
    if upper <= threshold {
        State::Pass
    } else if lower > threshold {
        State::Fail
    } else {
        State::Hold
    }
}

/// What a hold waits for: the next declared look, or a new attempt (amendment A5).
pub(crate) fn next_step(look: &Look) -> String {
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

/// A confidence in percent: alpha may be small at an early look.
fn percent_of(confidence: Confidence) -> String {
    let level = 100.0 * confidence.level();
    if level < 99.0 { format!("{level:.1} %") } else { format!("{level:.2} %") }
}

pub(crate) use success::{cells_of, points as evidence_points};
