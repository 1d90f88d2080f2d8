//! The verdict: what is decided, by which numbers, and what was not shown.

use std::collections::BTreeMap;

use prairie_model::{Hash256, Recorder, Shift};
use serde::{Deserialize, Serialize};

use crate::bound::Side;
use crate::control::{self, ControlResult, ControlState};
use crate::endpoint::{self, Case, ENDPOINTS};
use crate::evidence::{Evidence, NO_STRATUM, ShiftSums, Tally};
use crate::protocol::{Frozen, ProtocolError};
use crate::stats::spending::{self, Spending};

/// Version of the form.
pub const VERDICT_SCHEMA: &str = "prairie/verdict/1";

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Every endpoint is shown.
    Promote,
    /// Something is not shown yet.
    Hold,
    /// Something is shown to be missed.
    Reject,
}

/// How one endpoint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Its bound is on the right side of the threshold.
    Pass,
    /// Its interval holds the threshold.
    Hold,
    /// Its whole interval is on the wrong side of the threshold.
    Fail,
    /// The log does not say.
    Unknown,
}

/// One endpoint with its interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndpointResult {
    /// Its name.
    pub endpoint: String,
    /// How it stands.
    pub state: State,
    /// The estimate.
    pub estimate: Option<f64>,
    /// The lower bound.
    pub lower: Option<f64>,
    /// The upper bound.
    pub upper: Option<f64>,
    /// Which of the two decides.
    #[serde(default)]
    pub side: Side,
    /// Confidence of the bound that decides, after the shares of looks and attempts.
    pub confidence: Option<f64>,
    /// What this endpoint may spend over all looks of this attempt: its risk of passing what does not hold its threshold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alpha: Option<f64>,
    /// What is asked.
    pub threshold: Option<f64>,
    /// Unit of estimate, bounds and threshold: `share`, `ratio`, `points`, `h`, `s`, `count`.
    pub unit: String,
    /// Numbers that the bound rests on, by name.
    pub numbers: BTreeMap<String, f64>,
    /// The arithmetic in one sentence.
    pub reason: String,
    /// What else should be known: formulas, assumptions, warnings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What would decide it; `None` where it is decided.
    pub missing: Option<String>,
}

/// A declared look at the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Which, from 1; 0 before the first.
    pub number: u32,
    /// How many are declared.
    pub of: u32,
    /// Shifts that it looks at.
    pub shifts: u32,
    /// Shifts at the next; `None` after the last.
    pub next: Option<u32>,
    /// Share of the success endpoint's alpha that this look may spend.
    pub alpha: f64,
    /// What all looks of this attempt may spend together.
    pub alpha_of_attempt: f64,
}

/// One shift in plots and tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShiftLine {
    /// The shift.
    pub shift: Shift,
    /// Units.
    pub units: u64,
    /// Good ones.
    pub good: u64,
    /// Geometric mean of the seconds from good unit to good unit.
    pub takt_s: Option<f64>,
    /// Interventions, hardware faults, software faults, safety stops, uplink cuts, perturbations.
    pub events: [u64; 8],
    /// Seconds in which the station could not work on its own.
    pub down_s: f64,
    /// What the independent counter counted.
    pub counter: Option<u64>,
    /// Units that it counted and the log does not hold, among the units as bad ones.
    pub imputed: u64,
    /// Units that a control showed to be steered from afar, not good therefore.
    pub steered: u64,
}

/// Where the evidence comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Provenance {
    /// Ids of the logs, sorted.
    pub logs: Vec<String>,
    /// Whether any of them is simulated.
    pub simulated: bool,
    /// The least independent recorder of them.
    pub recorder: Recorder,
    /// Whether any of them keeps events.
    pub events: bool,
    /// Whether any of them keeps readings of a counter.
    pub readings: bool,
}

/// The verdict. Its canonical JSON is what is signed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Version of the form: [`VERDICT_SCHEMA`].
    pub schema: String,
    /// What is decided.
    pub decision: Decision,
    /// The scenario.
    pub scenario: String,
    /// The gate.
    pub gate: String,
    /// Hash of the frozen protocol.
    pub protocol: Hash256,
    /// Which attempt at this gate.
    pub attempt: u32,
    /// The look.
    pub look: Look,
    /// Risk of a false promotion: the largest alpha among the endpoints that decide.
    pub risk: f64,
    /// Every endpoint that the protocol asks for.
    pub endpoints: Vec<EndpointResult>,
    /// Every control against a staged show.
    pub controls: Vec<ControlResult>,
    /// Whether the recorder belongs to a party that gains by the verdict.
    pub self_attested: bool,
    /// What became of every unit.
    pub tally: Tally,
    /// Where the evidence comes from.
    pub provenance: Provenance,
    /// What this verdict does not show, in sentences.
    pub not_shown: Vec<String>,
    /// The robots' shifts that it looks at, by time.
    pub robot_shifts: Vec<ShiftLine>,
    /// People's shifts.
    pub human_shifts: Vec<ShiftLine>,
    /// Success after so many shifts, at the confidence of the look; some hundred places at most.
    pub evidence: Vec<Point>,
    /// Logarithms of robots' and people's seconds per good unit, counted in bins.
    pub takts: TaktHistogram,
    /// Work under each declared kind of conditions, in the protocol's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strata: Vec<StratumLine>,
}

/// Success after a number of shifts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Shifts so far.
    pub shifts: u64,
    /// The estimate.
    pub estimate: f64,
    /// Its lower bound.
    pub lower: f64,
    /// Its upper bound.
    pub upper: f64,
}

/// Seconds from good unit to good unit in bins of equal ratio.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaktHistogram {
    /// Lower end of the first bin, in seconds.
    pub first_s: f64,
    /// Ratio of a bin's upper end to its lower.
    pub ratio: f64,
    /// Robots' takts per bin.
    pub robot: Vec<u64>,
    /// People's takts per bin.
    pub human: Vec<u64>,
    /// What robots' takts are about; `None` where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub robot_s: Option<TaktMarks>,
    /// What people's takts are about; `None` where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub human_s: Option<TaktMarks>,
}

/// Two takts by which a distribution is read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TaktMarks {
    /// The least by which half are over, in seconds.
    pub median: f64,
    /// The least by which 95 of 100 are over, in seconds.
    pub q95: f64,
}

/// Work under one kind of conditions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StratumLine {
    /// Its name in the protocol; empty for conditions that nobody declared.
    pub name: String,
    /// Its share of daily work; `None` for conditions that nobody declared.
    pub weight: Option<f64>,
    /// Robots' units.
    pub units: u64,
    /// Good ones.
    pub good: u64,
}

/// Decides.
///
/// # Errors
///
/// Where the protocol was not completed, or has looks that spend no alpha.
pub fn judge(frozen: &Frozen, evidence: &Evidence, provenance: &Provenance) -> Result<Verdict, ProtocolError> {
    let protocol = &frozen.protocol;
    let look = look(frozen, evidence.robot.len())?;
    // OK to cast: looks are numbers of shifts, which fit.
    let seen = &evidence.robot[..(look.shifts as usize).min(evidence.robot.len())];
    let imputed = control::impute(seen, &protocol.controls.counter);
    let seen = imputed.as_deref().unwrap_or(seen);
    let case = Case { frozen, look: &look, robot: seen, human: &evidence.human, evidence, provenance };
    let mut endpoints: Vec<EndpointResult> = ENDPOINTS.iter().filter_map(|endpoint| endpoint.judge(&case)).collect();
    let mut controls = control::look(&case);
    hold_undecided(&mut endpoints, &mut controls, &case);
    if look.number == 0 {
        // Before the first declared look nothing is decided, either way.
        for result in endpoints.iter_mut().filter(|result| matches!(result.state, State::Pass | State::Fail)) {
            result.state = State::Hold;
            result.missing.get_or_insert_with(|| endpoint::next_step(&look));
        }
    }
    let decision = decide(&endpoints, &controls);
    let alphas = endpoints.iter().filter_map(|result| result.alpha);
    Ok(Verdict {
        schema: VERDICT_SCHEMA.to_owned(),
        decision,
        scenario: protocol.scenario.clone(),
        gate: protocol.gate.name().to_owned(),
        protocol: frozen.hash,
        attempt: frozen.attempt,
        // Every endpoint spends its own alpha over all looks, and all must pass: the largest is the gate's.
        risk: alphas.fold(0.0, f64::max),
        not_shown: not_shown(&case, &endpoints, &controls),
        controls,
        self_attested: provenance.recorder == Recorder::SelfAttested,
        robot_shifts: seen.iter().map(line).collect(),
        human_shifts: evidence.human.iter().map(line).collect(),
        evidence: endpoint::evidence_points(&case),
        takts: histogram(seen, &evidence.human),
        strata: strata(&case),
        endpoints,
        tally: evidence.tally.clone(),
        provenance: provenance.clone(),
        look,
    })
}

/// What would not fail if the units that the log leaves undecided were good is not shown to be missed: an endpoint is held, and
/// a control is unknown.
fn hold_undecided(endpoints: &mut [EndpointResult], controls: &mut [ControlResult], case: &Case<'_>) {
    let Some(best) = case.evidence.favourable.get(..case.robot.len()).filter(|best| !best.is_empty()) else { return };
    let imputed = control::impute(best, &case.frozen.protocol.controls.counter);
    let best = Case { robot: imputed.as_deref().unwrap_or(best), ..*case };
    let missing = format!(
        "how {} units ended, who was in command and how often they were tried: unknown is not good, and no failure",
        case.evidence.tally.undecided
    );
    for result in endpoints.iter_mut().filter(|result| result.state == State::Fail) {
        let endpoint = ENDPOINTS.iter().find(|endpoint| endpoint.name() == result.endpoint);
        let again = endpoint.and_then(|endpoint| endpoint.judge(&best));
        if again.is_some_and(|again| again.state != State::Fail) {
            result.state = State::Hold;
            result.missing = Some(missing.clone());
        }
    }
    if controls.iter().any(|result| result.state == ControlState::Fail) {
        for (result, again) in controls.iter_mut().zip(control::look(&best)) {
            if result.state == ControlState::Fail && again.state != ControlState::Fail {
                result.state = ControlState::Unknown;
                result.missing = result.required.then(|| missing.clone());
            }
        }
    }
}

/// Promote when every endpoint and every required control passes, reject when anything is shown to be missed, hold otherwise.
fn decide(endpoints: &[EndpointResult], controls: &[ControlResult]) -> Decision {
    let mut required = controls.iter().filter(|result| result.required);
    let rejects = |result: &ControlResult| {
        result.required && result.state == ControlState::Fail && result.if_failed == Decision::Reject
    };
    if endpoints.iter().any(|result| result.state == State::Fail) || controls.iter().any(rejects) {
        return Decision::Reject;
    }
    // Nothing asked is nothing shown.
    let shown = !endpoints.is_empty() && endpoints.iter().all(|result| result.state == State::Pass);
    if shown && required.all(|result| result.state == ControlState::Pass) { Decision::Promote } else { Decision::Hold }
}

/// The last declared look that so many shifts allow, and what alpha it may spend (amendment A5).
fn look(frozen: &Frozen, shifts: usize) -> Result<Look, ProtocolError> {
    let endpoints = &frozen.protocol.endpoints;
    let looks = endpoints.looks().filter(|looks| !looks.is_empty()).ok_or(ProtocolError::Missing(
        "no endpoint declares `looks`: the protocol was not completed, or does without all of those that do",
    ))?;
    let usual = endpoints.success.as_ref().map(|asked| asked.confidence);
    let usual = usual.or_else(|| endpoints.trials.as_ref().or(endpoints.drills.as_ref()).map(|it| it.confidence));
    let number = looks.iter().filter(|look| **look as usize <= shifts).count();
    let spent = spend(frozen, number, usual.unwrap_or_default().alpha())?;
    // Before the first look nothing may be spent; the first look's shares are shown.
    let at = number.saturating_sub(1);
    Ok(Look {
        number: u32::try_from(number).unwrap_or(u32::MAX),
        of: u32::try_from(looks.len()).unwrap_or(u32::MAX),
        shifts: if number == 0 { u32::try_from(shifts).unwrap_or(u32::MAX) } else { looks[at] },
        next: looks.get(number).copied(),
        alpha: spent.at_look,
        alpha_of_attempt: spent.of_attempt,
    })
}

/// What one endpoint may spend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spent {
    /// At this look.
    pub(crate) at_look: f64,
    /// At all looks of this attempt.
    pub(crate) of_attempt: f64,
}

/// The share of an endpoint's alpha for a look of this attempt.
pub(crate) fn spend(frozen: &Frozen, look: usize, alpha: f64) -> Result<Spent, ProtocolError> {
    let form = |error: crate::bound::StatError| ProtocolError::Form(error.to_string());
    let looks = frozen.protocol.endpoints.looks().unwrap_or_default();
    let last = f64::from(*looks.last().ok_or(ProtocolError::Missing("`looks` is empty"))?);
    let of_attempt = spending::attempt(u64::from(frozen.attempt), alpha).map_err(form)?;
    let information: Vec<f64> = looks.iter().map(|look| f64::from(*look) / last).collect();
    let spent = spending::looks(&information, of_attempt, Spending::ObrienFleming).map_err(form)?;
    // OK to index: there is at least one look, and no more than looks.
    Ok(Spent { at_look: spent.increments[look.saturating_sub(1)], of_attempt })
}

fn line(sums: &ShiftSums) -> ShiftLine {
    ShiftLine {
        shift: sums.shift.clone(),
        units: sums.units(),
        good: sums.good(),
        takt_s: sums.mean_ln_takt.map(libm::exp),
        events: sums.events,
        down_s: sums.down_s,
        counter: sums.counter,
        imputed: sums.witness.imputed,
        steered: sums.witness.steered,
    }
}

/// Units and good ones of each stratum; those that nobody declared come last, and only where there are any.
fn strata(case: &Case<'_>) -> Vec<StratumLine> {
    let declared = &case.frozen.protocol.strata;
    if declared.is_empty() {
        return Vec::new();
    }
    let named =
        declared.iter().map(|it| StratumLine { name: it.name.clone(), weight: Some(it.weight), units: 0, good: 0 });
    let mut lines: Vec<StratumLine> = named.collect();
    lines.push(StratumLine { name: String::new(), weight: None, units: 0, good: 0 });
    for cell in case.robot.iter().flat_map(|sums| &sums.cells) {
        // OK to index: the last line takes what is in none of the others.
        let line = &mut lines[usize::from(cell.stratum).min(declared.len())];
        line.units += cell.units;
        // What was done under conditions that nobody declared is not good: unknown never passes.
        line.good += if cell.stratum == NO_STRATUM { 0 } else { cell.good };
    }
    if lines.last().is_some_and(|line| line.units == 0) {
        lines.pop();
    }
    lines
}

/// Median and 95 % quantile of takts, by the inverse of the distribution function (Hyndman and Fan, type 1).
fn marks(mut takts: Vec<f64>) -> Option<TaktMarks> {
    let count = takts.len();
    let mut at = |percent: usize| {
        // From 1 to `count`: the least rank that is not below that share.
        let rank = (count * percent).div_ceil(100).max(1);
        *takts.select_nth_unstable_by(rank - 1, f64::total_cmp).1
    };
    (count > 0).then(|| TaktMarks { median: at(50), q95: at(95) })
}

/// What this verdict does not show.
fn not_shown(case: &Case<'_>, endpoints: &[EndpointResult], controls: &[ControlResult]) -> Vec<String> {
    let mut sentences = Vec::new();
    if case.provenance.simulated {
        sentences.push("Nothing about any real station: the log is simulated.".to_owned());
    }
    let tally = &case.evidence.tally;
    let excluded = tally.left_out_by_rule();
    if excluded > 0 {
        let all = tally.counted + excluded;
        let rules = tally.rules(&case.frozen.protocol);
        sentences.push(format!(
            "Anything about {excluded} of {all} units: the task book leaves them out by rule ({rules})."
        ));
    }
    for result in controls.iter().filter(|result| result.state != ControlState::Pass) {
        if let Some(doubt) = doubt(&result.control) {
            sentences.push(format!("{doubt}: {}.", result.reason));
        }
    }
    sentences.push(
        "That nobody cheated: each control names what it cannot show, and they show no more together (`prairie explain CONTROL`)."
            .to_owned(),
    );
    for without in &case.frozen.protocol.without {
        sentences.push(format!("`{}`: the task book does without it ({}).", without.endpoint, without.reason));
    }
    for result in endpoints.iter().filter(|result| result.state == State::Unknown) {
        sentences.push(format!("`{}`: {}.", result.endpoint, result.reason));
    }
    sentences
}

/// What is not shown where a control does not pass.
fn doubt(control: &str) -> Option<&'static str> {
    Some(match control {
        "attempts" => "That this is the only attempt",
        "calendar" => "That no shift was left out",
        "conditions" => "That work was done under the conditions that occur",
        "counter" => "That every unit was logged",
        "coverage" => "That the recorder was on all the time",
        "drawn_shifts" => "That shifts were not picked",
        "human_baseline" => "That people were not slow on purpose while they were measured",
        "labels" => "That units called good are good",
        "overlap" => "That the robot was not trained on what it was tested with",
        "perturbation" => "That movements answer to what is there",
        "recorder" => "That the log is complete and true",
        "reexecution" => "That the attested release moved the robot",
        "regularity" => "That the log is not made up",
        "releases" => "That one release did all the work",
        "replay" => "That no recorded movement was replayed",
        "staffing" => "That the station ran with the people that it is said to run with",
        "uplink_cut" => "That nobody steers from afar",
        _ => return None,
    })
}

/// Bins per doubling.
const BINS_PER_DOUBLING: f64 = 8.0;

/// Takts in bins from an eighth of the least to the largest. Empty where there are none.
fn histogram(robot: &[ShiftSums], human: &[ShiftSums]) -> TaktHistogram {
    let ratio = libm::exp2(1.0 / BINS_PER_DOUBLING);
    let bin = |takt: f64| libm::floor(libm::log2(takt) * BINS_PER_DOUBLING);
    let takts = |shifts: &[ShiftSums], take: &mut dyn FnMut(f64)| {
        for takt in shifts.iter().flat_map(|sums| &sums.takts_s).filter(|takt| **takt > 0.0) {
            take(bin(*takt));
        }
    };
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut widen = |at: f64| {
        low = low.min(at);
        high = high.max(at);
    };
    takts(robot, &mut widen);
    takts(human, &mut widen);
    if low > high {
        return TaktHistogram {
            first_s: 1.0,
            ratio,
            robot: Vec::new(),
            human: Vec::new(),
            robot_s: None,
            human_s: None,
        };
    }
    // OK to cast: at most the bins between the least and the largest double, some sixteen thousand.
    let bins = (high - low) as usize + 1;
    let count = |shifts: &[ShiftSums]| {
        let mut counts = vec![0; bins];
        takts(shifts, &mut |at| counts[(at - low) as usize] += 1);
        counts
    };
    let first_s = libm::exp2(low / BINS_PER_DOUBLING);
    let [robot_s, human_s] =
        [robot, human].map(|shifts| marks(shifts.iter().flat_map(|sums| &sums.takts_s).copied().collect()));
    TaktHistogram { first_s, ratio, robot: count(robot), human: count(human), robot_s, human_s }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_takts_that_occurred() {
        assert_eq!(marks(Vec::new()), None);
        assert_eq!(marks(vec![7.0]), Some(TaktMarks { median: 7.0, q95: 7.0 }));
        let takts = (1..=100_u32).rev().map(f64::from).collect();
        assert_eq!(marks(takts), Some(TaktMarks { median: 50.0, q95: 95.0 }));
    }
}
