//! `success`: good units among all that were begun, by a bound that knows that shifts differ (amendments A1, A2, A5).

use std::collections::BTreeMap;

use super::{Case, Endpoint, at_least, next_step, numbers, percent, unknown};
use crate::bound::{Confidence, StatError};
use crate::evidence::{NO_STRATUM, ShiftSums};
use crate::protocol::{Protocol, SHIFTS_LEAST, Success as Asked};
use crate::stats::cluster::Rule;
use crate::stats::labels::reinspected;
use crate::stats::strata::{Cell, StratumBound, SuccessBound, stratum_bounds, success_bound};
use crate::verdict::{EndpointResult, Point, State};

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
        let confidence = match Confidence::new(1.0 - case.look.alpha) {
            Ok(confidence) => confidence,
            Err(error) => return Some(unknown(self, "share", error.to_string())),
        };
        let (mut cells, unlisted) = cells(case.robot, protocol);
        let inspected = crate::control::labels_sample(case);
        let result = match labelled_bound(&mut cells, protocol, unlisted, confidence, inspected) {
            Ok(bound) => self.result(case, asked, confidence, &bound, unlisted),
            Err(error) => unknown(self, "share", error.to_string()),
        };
        Some(self.with_strata(result, case, asked, &cells))
    }
}

/// Counts per cluster and stratum. Units in no declared stratum are in one of their own, after the last; the second number
/// is how many they are.
fn cells(shifts: &[ShiftSums], protocol: &Protocol) -> (Vec<Cell>, u64) {
    let strata = protocol.strata.len();
    let mut clusters: BTreeMap<(usize, u32), usize> = BTreeMap::new();
    let mut cells = Vec::new();
    let mut unlisted = 0;
    for (at, sums) in shifts.iter().enumerate() {
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
    // OK to cast: counts far below 2^53.
    let share = if units == 0 { 0.0 } else { unlisted as f64 / units as f64 };
    let declared: f64 = protocol.strata.iter().map(|stratum| stratum.weight).sum();
    let mut weights: Vec<f64> =
        protocol.strata.iter().map(|stratum| stratum.weight / declared * (1.0 - share)).collect();
    weights.push(share);
    success_bound(cells, Some(&weights), confidence, Rule::Decision)
}

/// The bound, with the doubt about labels where a drawn sample was inspected: `(1 − upper(false))` times the bound of what was
/// reported, each at half of alpha (amendment A3). `inspected` is how many, and how many of them were false.
fn labelled_bound(
    cells: &mut [Cell],
    protocol: &Protocol,
    unlisted: u64,
    confidence: Confidence,
    inspected: Option<(u64, u64)>,
) -> Result<SuccessBound, StatError> {
    let Some((inspected, wrong)) = inspected else { return bound(cells, protocol, unlisted, confidence) };
    let found = reinspected(|half| bound(cells, protocol, unlisted, half), wrong, inspected, confidence)?;
    Ok(SuccessBound { estimate: found.estimate, lower: found.lower, ..found.reported })
}

/// Places of the plot of evidence over shifts.
const POINTS_MAX: usize = 120;

/// Success after the first shifts, after some more, and so on to all of them.
pub(crate) fn points(case: &Case<'_>) -> Vec<Point> {
    let Ok(confidence) = Confidence::new(1.0 - case.look.alpha) else { return Vec::new() };
    let all = case.robot.len();
    let step = all.div_ceil(POINTS_MAX).max(1);
    let places = (1..all).filter(|place| place % step == 0).chain((all > 0).then_some(all));
    let point = |place: usize| {
        let (mut cells, unlisted) = cells(&case.robot[..place], &case.frozen.protocol);
        let bound = bound(&mut cells, &case.frozen.protocol, unlisted, confidence).ok()?;
        let upper = upper(&bound, confidence);
        // OK to cast: a number of shifts.
        Some(Point { shifts: place as u64, estimate: bound.estimate, lower: bound.lower, upper })
    };
    places.filter_map(point).collect()
}

impl Success {
    fn result(
        &self,
        case: &Case<'_>,
        asked: &Asked,
        confidence: Confidence,
        bound: &SuccessBound,
        unlisted: u64,
    ) -> EndpointResult {
        let few = bound.shifts < u64::from(SHIFTS_LEAST) || case.look.number == 0;
        // An upper bound that is as careful: the bound of the bad units from below, at the same confidence.
        let upper = upper(bound, confidence);
        let state = match at_least(bound.lower, upper, asked.at_least) {
            State::Pass if few => State::Hold,
            State::Fail if few => State::Hold,
            state => state,
        };
        let good = bound.units - bound.failures;
        let reason = format!(
            "{good} of {} units autonomous and good over {} shifts: {}, lower bound {} at {} (cluster-aware, ICC {:.3})",
            bound.units,
            bound.shifts,
            percent(bound.estimate),
            percent(bound.lower),
            percent(confidence.level()),
            bound.icc_used
        );
        // OK to cast: counts far below 2^53.
        let facts = [
            ("good", good as f64),
            ("units", bound.units as f64),
            ("shifts", bound.shifts as f64),
            ("icc", bound.icc.unwrap_or(f64::NAN)),
            ("icc_used", bound.icc_used),
            ("effective_units", bound.effective_units),
            ("unlisted_units", unlisted as f64),
        ];
        let facts: Vec<(&str, f64)> = facts.into_iter().filter(|(_, number)| number.is_finite()).collect();
        EndpointResult {
            state,
            estimate: Some(bound.estimate),
            lower: Some(bound.lower),
            upper: Some(upper),
            confidence: Some(confidence.level()),
            threshold: Some(asked.at_least),
            numbers: numbers(&facts),
            missing: (state == State::Hold).then(|| next_step(case.look)),
            ..unknown(self, "share", reason)
        }
    }

    /// Adds the bound of each stratum, of which the worst must hold its own floor.
    fn with_strata(
        &self,
        mut result: EndpointResult,
        case: &Case<'_>,
        asked: &Asked,
        cells: &[Cell],
    ) -> EndpointResult {
        let strata = &case.frozen.protocol.strata;
        let Some(floor) = asked.stratum_at_least.filter(|_| !strata.is_empty()) else { return result };
        let bounds: Vec<StratumBound> =
            match stratum_bounds(cells, strata.len() + 1, asked.stratum_confidence, Rule::Decision) {
                Ok(bounds) => bounds,
                Err(error) => {
                    result.missing = Some(format!("strata: {error}"));
                    result.state = if result.state == State::Pass { State::Hold } else { result.state };
                    return result;
                }
            };
        let mut below = Vec::new();
        for (stratum, bound) in strata.iter().zip(&bounds) {
            result.numbers.insert(format!("stratum.{}.lower", stratum.name), bound.lower);
            result.numbers.insert(format!("stratum.{}.estimate", stratum.name), bound.estimate);
            // OK to cast: counts far below 2^53.
            result.numbers.insert(format!("stratum.{}.units", stratum.name), bound.units as f64);
            if bound.lower < floor {
                below.push(format!("`{}` {}", stratum.name, percent(bound.lower)));
            }
        }
        if !below.is_empty() {
            let strata = format!("strata below their floor of {}: {}", percent(floor), below.join(", "));
            result.missing = Some(result.missing.map_or_else(
                || format!("{strata}; {}", next_step(case.look)),
                |missing| format!("{missing}; {strata}"),
            ));
            result.state = if result.state == State::Pass { State::Hold } else { result.state };
        }
        result
    }
}

/// The upper bound with the same effective units.
fn upper(bound: &SuccessBound, confidence: Confidence) -> f64 {
    let n = bound.effective_units;
    let good = n * bound.estimate;
    if bound.estimate >= 1.0 {
        return 1.0;
    }
    crate::math::distribution::beta_quantile_upper(confidence.alpha(), good + 1.0, (n - good).max(f64::MIN_POSITIVE))
}
