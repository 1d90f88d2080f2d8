//! The verdict: what is decided, by which numbers, and what was not shown.

use std::collections::BTreeMap;

use prairie_model::{Hash256, Recorder, Shift, StationEventKind};
use serde::{Deserialize, Serialize};

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
    /// Confidence of the bound that decides, after the shares of looks and attempts.
    pub confidence: Option<f64>,
    /// What is asked.
    pub threshold: Option<f64>,
    /// Unit of estimate, bounds and threshold: `share`, `ratio`, `h`.
    pub unit: String,
    /// Numbers that the bound rests on, by name.
    pub numbers: BTreeMap<String, f64>,
    /// The arithmetic in one sentence.
    pub reason: String,
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
    pub events: [u64; 6],
    /// Seconds in which the station could not work on its own.
    pub down_s: f64,
    /// What the independent counter counted.
    pub counter: Option<u64>,
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
    let case = Case { frozen, look: &look, robot: seen, human: &evidence.human, evidence, provenance };
    let endpoints: Vec<EndpointResult> = ENDPOINTS.iter().filter_map(|endpoint| endpoint.judge(&case)).collect();
    let decision = decide(&endpoints);
    let alphas = endpoints.iter().filter_map(|result| result.confidence.map(|confidence| 1.0 - confidence));
    Ok(Verdict {
        schema: VERDICT_SCHEMA.to_owned(),
        decision,
        scenario: protocol.scenario.clone(),
        gate: protocol.gate.name().to_owned(),
        protocol: frozen.hash,
        attempt: frozen.attempt,
        // Success spends alpha at every look, not only at this one.
        risk: alphas.fold(look.alpha_of_attempt, f64::max),
        not_shown: not_shown(&case, &endpoints),
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

/// Promote when everything passes, reject when anything is shown to be missed, hold otherwise.
fn decide(endpoints: &[EndpointResult]) -> Decision {
    if endpoints.iter().any(|result| result.state == State::Fail) {
        return Decision::Reject;
    }
    // Nothing asked is nothing shown.
    if !endpoints.is_empty() && endpoints.iter().all(|result| result.state == State::Pass) {
        Decision::Promote
    } else {
        Decision::Hold
    }
}

/// The last declared look that so many shifts allow, and what alpha it may spend (amendment A5).
fn look(frozen: &Frozen, shifts: usize) -> Result<Look, ProtocolError> {
    let Some(success) = &frozen.protocol.endpoints.success else {
        return Err(ProtocolError::Missing("`endpoints.success` is missing: the protocol was not completed"));
    };
    let form = |error: crate::bound::StatError| ProtocolError::Form(error.to_string());
    let looks = &success.looks;
    let last = f64::from(*looks.last().ok_or(ProtocolError::Missing("`endpoints.success.looks` is empty"))?);
    let alpha = spending::attempt(u64::from(frozen.attempt), success.confidence.alpha()).map_err(form)?;
    let information: Vec<f64> = looks.iter().map(|look| f64::from(*look) / last).collect();
    let spent = spending::looks(&information, alpha, Spending::ObrienFleming).map_err(form)?;
    let number = looks.iter().filter(|look| **look as usize <= shifts).count();
    // Before the first look nothing may be spent; the first look's shares are shown.
    let at = number.saturating_sub(1);
    Ok(Look {
        number: u32::try_from(number).unwrap_or(u32::MAX),
        of: u32::try_from(looks.len()).unwrap_or(u32::MAX),
        shifts: if number == 0 { u32::try_from(shifts).unwrap_or(u32::MAX) } else { looks[at] },
        next: looks.get(number).copied(),
        alpha: spent.increments[at],
        alpha_of_attempt: alpha,
    })
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
fn not_shown(case: &Case<'_>, endpoints: &[EndpointResult]) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut add = |sentence: &str| sentences.push(sentence.to_owned());
    if case.provenance.simulated {
        add("Nothing about any real station: the log is simulated.");
    }
    if case.provenance.recorder == Recorder::SelfAttested {
        add(
            "That the log is complete and true: its recorder belongs to a party that gains by the verdict (self-attested).",
        );
    }
    if !case.provenance.readings {
        add("That every unit was logged: there is no independent counter.");
    }
    // A control that was carried out shows nothing before somebody compares what happened then.
    let events = |kind: StationEventKind| case.robot.iter().map(|sums| sums.events_of(kind)).sum::<u64>();
    match events(StationEventKind::UplinkCut) {
        0 => add("That nobody steers from afar: the uplink was never cut."),
        cuts => add(&format!(
            "That nobody steers from afar: the uplink was cut {cuts} times, and work during the cuts is not compared yet."
        )),
    }
    match events(StationEventKind::Perturbation) {
        0 => add("That movements answer to what is there: nothing was moved on purpose."),
        moved => add(&format!(
            "That movements answer to what is there: something was moved {moved} times, and what followed is not compared yet."
        )),
    }
    match case.robot.iter().filter(|sums| sums.shift.drawn).count() {
        0 => add("That shifts were not picked: no auditor drew any by lot."),
        drawn => add(&format!(
            "That shifts were not picked: an auditor drew {drawn}, and they are not compared with the others yet."
        )),
    }
    add(
        "That the robot was not trained on what it was tested with, or that no recorded movement was replayed: neither is looked at yet.",
    );
    let read: Vec<(u64, u64)> = case.robot.iter().filter_map(|sums| Some((sums.counter?, sums.units()))).collect();
    if case.provenance.readings {
        let counted: u64 = read.iter().map(|(counted, _)| counted).sum();
        let logged: u64 = read.iter().map(|(_, logged)| logged).sum();
        add(&format!(
            "That every unit was logged: the counter counted {counted} in {} of {} shifts, of which {logged} are counted here, and the decision does not depend on it yet.",
            read.len(),
            case.robot.len()
        ));
    }
    for result in endpoints.iter().filter(|result| result.state == State::Unknown) {
        sentences.push(format!("`{}`: {}.", result.endpoint, result.reason));
    }
    sentences
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
