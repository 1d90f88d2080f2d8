//! # What it asks
//!
//! That units are good, among all that were begun: autonomously and at once, as the task book defines it. The lower bound of
//! the share must reach `at_least`, every stratum must reach a floor of its own, and the last third of the shifts must reach
//! `at_least` by itself at 80 %.
//!
//! # Why
//!
//! A mean over units forgets that units of one shift fail together, that easy conditions may be seen more often than they
//! occur, and that a robot may get worse while its mean is still good.
//!
//! # Formula and source
//!
//! `n* = min(N, n_w / max(1, 1 + (n0 − 1)·max(icc_U, icc_min)))·(z/t)²`, `lower = BetaInv(α; n*·p, n*·(1−p) + 1)`: Korn and
//! Graubard (Survey Methodology 24, 1998) with an upper bound of the intra-cluster correlation. Shares of strata come from an
//! independent source. Alpha is spent over the declared looks and attempts. Units under conditions that nobody declared are
//! not good. Where rules of the task book leave out more than 5 % of units, the bound must hold with all of them as failures.
//! A lag-1 autocorrelation of the shifts' shares above 0.2 is told: then shifts are not independent, and weeks
//! should be the cluster.
//!
//! # Example
//!
//! ```text
//! success   1962 of 2040 units autonomous and good over 20 shifts: 96.2 %, lower bound 94.1 % at 97.6 % (cluster-aware, ICC 0.031)
//!           needs 10 more shifts, to the declared look at 30
//! ```

use std::collections::BTreeMap;

use super::{
    Case, Endpoint, Level, Measured, float, hold_for, measured, next_step, numbers, percent, percent_of, undefined,
};
use crate::bound::{Confidence, Side, StatError};
use crate::control::inspected_sample;
use crate::evidence::{NO_STRATUM, ShiftSums};
use crate::protocol::{Protocol, SHIFTS_LEAST, Success as Asked};
use crate::shares;
use crate::stats::cluster::Rule;
use crate::stats::labels::reinspected;
use crate::stats::regularity::lag1_autocorrelation;
use crate::stats::strata::{Cell, StratumBound, SuccessBound, stratum_bounds, success_bound};
use crate::verdict::{EndpointResult, Point, State};

/// Above this correlation of successive shifts they are not independent.
const LAG1_MOST: f64 = 0.2;

/// Share of units that rules may leave out without being taken for failures.
const EXCLUDED_MOST: f64 = 0.05;

/// Shuffles for the probability of a correlation as high.
const SHUFFLES: u32 = 999;

/// Good units among all.
#[derive(Debug)]
pub(super) struct Success;

impl Endpoint for Success {
    fn name(&self) -> &'static str {
        "success"
    }

    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult> {
        let protocol = &case.frozen.protocol;
        let asked = protocol.endpoints.success.as_ref()?;
        let level = case.level(asked.confidence);
        let (mut cells, unlisted) = cells(case.robot, protocol);
        let sample = inspected_sample(case);
        let mut at = |false_of: Option<(u64, u64)>| {
            labelled_bound(&mut cells, protocol, unlisted, level.confidence, false_of)
                .map(|bound| self.result(case, asked, level, &bound, unlisted))
        };
        let mut result = match at(sample.map(|sample| (sample.doubtful(), sample.drawn))) {
            Ok(result) => result,
            Err(error) => return Some(undefined(self, "share", case, &error)),
        };
        // Units that were drawn and that nobody inspected are not shown to be good, and not to be bad.
        if let Some(sample) = sample.filter(|sample| result.state == State::Fail && sample.missed() > 0)
            && at(Some((sample.bad, sample.drawn))).is_ok_and(|best| best.state != State::Fail)
        {
            result.state = State::Hold;
            result.missing = Some(format!("the inspection of {} drawn units", sample.missed()));
        }
        left_out(&mut result, case, asked);
        with_strata(&mut result, case, asked, &cells);
        if asked.last_third {
            last_third(&mut result, case, asked);
        }
        autocorrelation(&mut result, case);
        Some(result)
    }

    fn source(&self) -> &'static str {
        include_str!("success.rs")
    }
}

/// Counts per cluster and stratum. Units in no declared stratum are in one of their own, after the last; the second number
/// is how many they are.
fn cells<'a>(shifts: impl IntoIterator<Item = &'a ShiftSums>, protocol: &Protocol) -> (Vec<Cell>, u64) {
    let strata = protocol.strata.len();
    let mut clusters: BTreeMap<(usize, u32), usize> = BTreeMap::new();
    let mut cells = Vec::new();
    let mut unlisted = 0;
    for (at, sums) in shifts.into_iter().enumerate() {
        for cell in &sums.cells {
            let next = clusters.len();
            let shift = *clusters.entry((at, cell.robot)).or_insert(next);
            let listed = strata == 0 || cell.stratum != NO_STRATUM;
            let stratum = if strata == 0 { 0 } else { usize::from(cell.stratum).min(strata) };
            unlisted += if listed { 0 } else { cell.units };
            // What was done under conditions that nobody declared is not good: unknown never passes.
            let good = if listed { cell.good } else { 0 };
            cells.push(Cell { shift, stratum, good, units: cell.units });
        }
    }
    (cells, unlisted)
}

/// The success bound of some shifts by the protocol's strata, for whoever else needs one.
pub(crate) fn cells_of<'a>(
    shifts: impl IntoIterator<Item = &'a ShiftSums>,
    protocol: &Protocol,
    confidence: Confidence,
) -> Result<shares::Share, StatError> {
    let (mut cells, unlisted) = cells(shifts, protocol);
    Ok(shares::of_bound(&bound(&mut cells, protocol, unlisted, confidence)?, confidence))
}

/// The bound; units in no declared stratum keep their own share, and the declared weights share the rest.
fn bound(
    cells: &mut [Cell],
    protocol: &Protocol,
    unlisted: u64,
    confidence: Confidence,
) -> Result<SuccessBound, StatError> {
    if protocol.strata.is_empty() {
        return success_bound(cells, None, confidence, Rule::Decision);
    }
    let units: u64 = cells.iter().map(|cell| cell.units).sum();
    let share = if units == 0 { 0.0 } else { float(unlisted) / float(units) };
    let declared: f64 = protocol.strata.iter().map(|stratum| stratum.weight).sum();
    let mut weights: Vec<f64> =
        protocol.strata.iter().map(|stratum| stratum.weight / declared * (1.0 - share)).collect();
    weights.push(share);
    success_bound(cells, Some(&weights), confidence, Rule::Decision)
}

/// The bound, with the doubt about labels where a drawn sample was inspected: `(1 − upper(false))` times the bound of what was
/// reported, each at half of alpha (amendment A3). `false_of` is how many of how many drawn units are taken as false.
fn labelled_bound(
    cells: &mut [Cell],
    protocol: &Protocol,
    unlisted: u64,
    confidence: Confidence,
    false_of: Option<(u64, u64)>,
) -> Result<SuccessBound, StatError> {
    let Some((wrong, inspected)) = false_of else { return bound(cells, protocol, unlisted, confidence) };
    let found = reinspected(|half| bound(cells, protocol, unlisted, half), wrong, inspected, confidence)?;
    Ok(SuccessBound { estimate: found.estimate, lower: found.lower, ..found.reported })
}

/// Places of the plot of evidence over shifts.
const POINTS_MAX: usize = 120;

/// Success after the first shifts, after some more, and so on to all of them.
pub(crate) fn points(case: &Case<'_>) -> Vec<Point> {
    let Some(asked) = &case.frozen.protocol.endpoints.success else { return Vec::new() };
    let confidence = case.level(asked.confidence).confidence;
    let all = case.robot.len();
    let step = all.div_ceil(POINTS_MAX).max(1);
    let places = (1..all).filter(|place| place % step == 0).chain((all > 0).then_some(all));
    let point = |place: usize| {
        let bound = cells_of(&case.robot[..place], &case.frozen.protocol, confidence).ok()?;
        // OK to cast: a number of shifts.
        Some(Point { shifts: place as u64, estimate: bound.estimate, lower: bound.lower, upper: bound.upper })
    };
    places.filter_map(point).collect()
}

impl Success {
    fn result(
        &self,
        case: &Case<'_>,
        asked: &Asked,
        level: Level,
        bound: &SuccessBound,
        unlisted: u64,
    ) -> EndpointResult {
        // An upper bound that is as careful: the bound of the bad units from below, at the same confidence.
        let upper = shares::upper(bound, level.confidence);
        let good = bound.units - bound.failures;
        let how = match (case.frozen.protocol.success.autonomous, case.frozen.protocol.success.first_pass) {
            (true, _) => "autonomous and good",
            (false, true) => "good at once",
            (false, false) => "good",
        };
        let reason = format!(
            "{good} of {} units {how} over {} shifts: {}, lower bound {} at {} (cluster-aware, ICC {:.3})",
            bound.units,
            bound.shifts,
            percent(bound.estimate),
            percent(bound.lower),
            percent_of(level.confidence),
            bound.icc_used
        );
        let ends = Measured {
            estimate: Some(bound.estimate),
            lower: bound.lower,
            upper,
            threshold: asked.at_least,
            side: Side::Lower,
        };
        let mut result = measured(self, "share", case, level, ends, reason);
        // With few shifts nothing is decided, either way.
        if bound.shifts < u64::from(SHIFTS_LEAST) && result.state != State::Hold {
            result.state = State::Hold;
            result.missing = Some(next_step(case.look));
        }
        result.numbers = numbers(&[
            ("good", float(good)),
            ("units", float(bound.units)),
            ("shifts", float(bound.shifts)),
            ("icc", bound.icc.unwrap_or(f64::NAN)),
            ("icc_used", bound.icc_used),
            ("effective_units", bound.effective_units),
            ("unlisted_units", float(unlisted)),
        ]);
        result
    }
}

/// Units that a rule leaves out may be the bad ones: beyond a few, success must hold with all of them as failures.
fn left_out(result: &mut EndpointResult, case: &Case<'_>, asked: &Asked) {
    let tally = &case.evidence.tally;
    let excluded = tally.left_out_by_rule();
    let counted: u64 = case.robot.iter().map(ShiftSums::units).sum();
    let Some(lower) = result.lower.filter(|_| excluded > 0 && counted > 0) else { return };
    let share = float(excluded) / float(excluded + counted);
    let worst = lower * (1.0 - share);
    result.numbers.insert("excluded_units".to_owned(), float(excluded));
    result.numbers.insert("lower_if_excluded_failed".to_owned(), worst);
    let rules = tally.rules(&case.frozen.protocol);
    result.notes.push(format!(
        "{excluded} units were left out by rule ({rules}): with all of them as failures the lower bound is {}",
        percent(worst)
    ));
    if share > EXCLUDED_MOST && worst < asked.at_least {
        let most = percent(EXCLUDED_MOST);
        hold_for(
            result,
            format!("at most {most} of units left out by rule, or a bound that holds with all of them as failures"),
        );
    }
}

/// Adds the bound of each stratum, of which the worst must hold its own floor.
fn with_strata(result: &mut EndpointResult, case: &Case<'_>, asked: &Asked, cells: &[Cell]) {
    let strata = &case.frozen.protocol.strata;
    let Some(floor) = asked.stratum_at_least.filter(|_| !strata.is_empty()) else { return };
    let level = case.level(asked.stratum_confidence);
    // Strata are part of the same claim, and their alpha of its risk.
    result.alpha = result.alpha.map(|alpha| alpha.max(level.alpha));
    let bounds: Vec<StratumBound> = match stratum_bounds(cells, strata.len() + 1, level.confidence, Rule::Decision) {
        Ok(bounds) => bounds,
        Err(error) => return hold_for(result, format!("strata: {error}")),
    };
    let mut below = Vec::new();
    for (stratum, bound) in strata.iter().zip(&bounds) {
        result.numbers.insert(format!("stratum.{}.lower", stratum.name), bound.lower);
        result.numbers.insert(format!("stratum.{}.estimate", stratum.name), bound.estimate);
        result.numbers.insert(format!("stratum.{}.units", stratum.name), float(bound.units));
        if bound.lower < floor {
            below.push(format!("`{}` {}", stratum.name, percent(bound.lower)));
        }
    }
    if !below.is_empty() {
        if result.missing.is_none() {
            result.missing = Some(next_step(case.look));
        }
        hold_for(result, format!("strata below their floor of {}: {}", percent(floor), below.join(", ")));
    }
}

/// The last third of the shifts must hold the threshold by itself, at 80 %.
fn last_third(result: &mut EndpointResult, case: &Case<'_>, asked: &Asked) {
    let last = case.robot.len().div_ceil(3);
    let shifts = case.robot.get(case.robot.len() - last..).unwrap_or_default();
    let Ok(confidence) = Confidence::new(0.80) else { return };
    match cells_of(shifts, &case.frozen.protocol, confidence) {
        Ok(bound) => {
            result.numbers.insert("last_third.lower".to_owned(), bound.lower);
            result.numbers.insert("last_third.estimate".to_owned(), bound.estimate);
            if bound.lower < asked.at_least && result.state == State::Pass {
                result.missing = Some(next_step(case.look));
                let (lower, floor) = (percent(bound.lower), percent(asked.at_least));
                hold_for(result, format!("the last {last} shifts alone show {lower} at 80 %, not {floor}"));
            }
        }
        Err(error) => hold_for(result, format!("the last third of the shifts: {error}")),
    }
}

/// Tells where successive shifts are alike.
fn autocorrelation(result: &mut EndpointResult, case: &Case<'_>) {
    let worked = case.robot.iter().filter(|sums| sums.units() > 0);
    let shares: Vec<f64> = worked.map(|sums| float(sums.good()) / float(sums.units())).collect();
    // Without spread, or with too few shifts, there is no correlation to tell of.
    let Ok(found) = lag1_autocorrelation(&shares, SHUFFLES, case.seed()) else { return };
    result.numbers.insert("lag1".to_owned(), found.value);
    if found.value > LAG1_MOST {
        result.notes.push(format!(
            "successive shifts are alike (lag-1 autocorrelation {:.2}, p {:.3}): shifts may not be independent, and weeks would be the better cluster",
            found.value, found.p_high
        ));
    }
}
