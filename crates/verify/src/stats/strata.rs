//! Success by strata: parts, light or customers that the robot finds easier or harder, weighted as they occur at work.
//!
//! Weights must come from a source that is independent of the robot's vendor (the production system, a light meter), and
//! be fixed before the evaluation. Not for strata that were chosen after looking at the results.

use libm::sqrt;
use serde::Serialize;

use super::cluster::{self, Anova, ChiSquared, Information, Rule, SHIFTS_MIN, Shift, Tables, float};
use crate::bound::{Confidence, StatError};
use crate::math::distribution::{chi2_upper, normal_quantile};

/// More strata than this are refused: nobody could declare them beforehand.
pub const STRATA_MAX: usize = 1_000;

/// How far from 1 the weights may sum up.
const WEIGHTS_TOLERANCE: f64 = 1e-6;

/// Coverage below which the units seen are not those of the work: overlap of the shares, effective share of the units, and
/// units of any stratum that has at least the weight.
const OVERLAP_MIN: f64 = 0.8;
const EFFECTIVE_SHARE_MIN: f64 = 0.5;
const THIN_WEIGHT: f64 = 0.05;
const THIN_UNITS: u64 = 29;

/// What one shift counted in one stratum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// Which shift, below the number of cells.
    pub shift: usize,
    /// Which stratum, below [`STRATA_MAX`].
    pub stratum: usize,
    /// Units that were good.
    pub good: u64,
    /// All units.
    pub units: u64,
}

/// A lower bound of success, with everything that it rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SuccessBound {
    /// What was assumed.
    pub rule: Rule,
    /// The share of good units, weighted by strata where weights were given.
    pub estimate: f64,
    /// Its lower bound.
    pub lower: f64,
    /// The ANOVA estimate of the ICC between shifts.
    pub icc: Option<f64>,
    /// Its upper bound at 80 %.
    pub icc_upper: Option<f64>,
    /// The ICC that was used.
    pub icc_used: f64,
    /// Why that one.
    pub reason: &'static str,
    /// The design effect that was used.
    pub design_effect: f64,
    /// How many independent units would say as much.
    pub effective_units: f64,
    /// Shifts with units.
    pub shifts: u64,
    /// All units.
    pub units: u64,
    /// Units that were not good.
    pub failures: u64,
    /// Whether there are enough shifts to decide anything.
    pub decidable: bool,
}

/// One stratum's own bound.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct StratumBound {
    /// The share of good units; 0 where there are none.
    pub estimate: f64,
    /// Its lower bound.
    pub lower: f64,
    /// Shifts with units of this stratum.
    pub shifts: u64,
    /// Units of this stratum.
    pub units: u64,
    /// The ICC that was used.
    pub icc_used: f64,
    /// How many independent units would say as much.
    pub effective_units: f64,
}

/// The lower bound of success over shifts and strata.
///
/// `effective_units = min(N, n_w / max(1, 1 + (n0 − 1) · icc)) · (z/t)²`, with `n_w = 1 / Σ (W²/n)` over strata (`N`
/// without weights), ICC and `n0` from the shifts' totals, and `t` with `K − 1` degrees of freedom; then `lower =
/// BetaInv(α; n·p, n·(1−p) + 1)`. After Korn and Graubard (Survey Methodology 24, 1998), with an upper bound of the ICC.
/// [`Rule::Decision`] has `Σ n²/N` in place of `n0`, and never an ICC below what it assumes.
///
/// A stratum without units counts as failed: its weight is lost. The variance is that of the other strata, whose weights
/// are set to sum 1 for `n_w`; the bound can only be lower for it.
///
/// # Errors
/// Where there are no units, a cell lies outside of its shifts or strata, weights are not shares that sum to 1, or the
/// confidence is not above one half.
pub fn success_bound(
    cells: &[Cell],
    weights: Option<&[f64]>,
    confidence: Confidence,
    rule: Rule,
) -> Result<SuccessBound, StatError> {
    let shifts = by_shift(cells)?;
    let anova = Anova::of(&shifts)?;
    let tables = Tables::new(anova.shifts, anova.units, confidence)?;
    let (estimate, weighted_units) = match weights {
        None => (anova.estimate, float(anova.units)),
        Some(weights) => weighted(&by_stratum(cells, weights.len())?, &shares(weights)?),
    };
    let information = Information::of(&anova, &tables, weighted_units, rule);
    Ok(SuccessBound {
        rule,
        estimate,
        lower: cluster::lower_bound(estimate, information.effective_units, tables.alpha),
        icc: anova.icc(),
        icc_upper: anova.icc_upper(tables.fisher),
        icc_used: information.icc_used,
        reason: information.reason,
        design_effect: information.design_effect,
        effective_units: information.effective_units,
        shifts: anova.shifts,
        units: anova.units,
        failures: anova.failures(),
        decidable: anova.shifts >= SHIFTS_MIN,
    })
}

/// Each stratum's own lower bound, from its own shifts and its own ICC.
///
/// A claim that holds for every stratum needs no correction of alpha (it is an intersection of claims, each shown at its
/// own alpha). Naming the strata that fail does: see [`super::many::holm`].
///
/// # Errors
/// As [`success_bound`].
pub fn stratum_bounds(
    cells: &[Cell],
    strata: usize,
    confidence: Confidence,
    rule: Rule,
) -> Result<Vec<StratumBound>, StatError> {
    by_stratum(cells, strata)?;
    by_shift(cells)?;
    let mut sorted = cells.to_vec();
    sorted.sort_by_key(|cell| (cell.stratum, cell.shift));
    let mut bounds = Vec::with_capacity(strata);
    for stratum in 0..strata {
        let start = sorted.partition_point(|cell| cell.stratum < stratum);
        let end = sorted.partition_point(|cell| cell.stratum <= stratum);
        bounds.push(stratum_bound(&sorted[start..end], confidence, rule)?);
    }
    Ok(bounds)
}

/// The bound of one stratum, from its cells in the order of shifts.
fn stratum_bound(cells: &[Cell], confidence: Confidence, rule: Rule) -> Result<StratumBound, StatError> {
    let mut shifts: Vec<Shift> = Vec::with_capacity(cells.len());
    for group in cells.chunk_by(|a, b| a.shift == b.shift) {
        let mut shift = Shift::default();
        for cell in group {
            add(&mut shift, cell)?;
        }
        shifts.push(shift);
    }
    if shifts.iter().all(|shift| shift.units == 0) {
        let (icc_used, effective_units) = (cluster::ICC_ASSUMED, 0.0);
        return Ok(StratumBound { estimate: 0.0, lower: 0.0, shifts: 0, units: 0, icc_used, effective_units });
    }
    let anova = Anova::of(&shifts)?;
    let tables = Tables::new(anova.shifts, anova.units, confidence)?;
    let information = Information::of(&anova, &tables, float(anova.units), rule);
    Ok(StratumBound {
        estimate: anova.estimate,
        lower: cluster::lower_bound(anova.estimate, information.effective_units, tables.alpha),
        shifts: anova.shifts,
        units: anova.units,
        icc_used: information.icc_used,
        effective_units: information.effective_units,
    })
}

/// Adds a cell's counts.
fn add(shift: &mut Shift, cell: &Cell) -> Result<(), StatError> {
    match (shift.good.checked_add(cell.good), shift.units.checked_add(cell.units)) {
        (Some(good), Some(units)) if cell.good <= cell.units => {
            *shift = Shift { good, units };
            Ok(())
        }
        (Some(_), Some(_)) => Err(StatError::Mismatch("a shift has more good units than units")),
        _ => Err(StatError::Mismatch("there are more units than can be counted")),
    }
}

/// The totals of each shift.
fn by_shift(cells: &[Cell]) -> Result<Vec<Shift>, StatError> {
    let mut shifts = vec![Shift::default(); cells.len()];
    for cell in cells {
        let shift =
            shifts.get_mut(cell.shift).ok_or(StatError::Mismatch("a cell's shift is not below the number of cells"))?;
        add(shift, cell)?;
    }
    Ok(shifts)
}

/// The totals of each stratum.
fn by_stratum(cells: &[Cell], strata: usize) -> Result<Vec<Shift>, StatError> {
    if strata > STRATA_MAX {
        return Err(StatError::Mismatch("there are more than 1,000 strata"));
    }
    let mut totals = vec![Shift::default(); strata];
    for cell in cells {
        let total = totals.get_mut(cell.stratum).ok_or(StatError::Mismatch("a shift's stratum has no weight"))?;
        add(total, cell)?;
    }
    Ok(totals)
}

/// Weights that are shares, with their sum made exactly 1.
fn shares(weights: &[f64]) -> Result<Vec<f64>, StatError> {
    let mut sum = 0.0;
    for &weight in weights {
        sum += crate::bound::within("weight", weight, 0.0..=1.0, "from 0 to 1")?;
    }
    crate::bound::within("sum of the weights", sum, 1.0 - WEIGHTS_TOLERANCE..=1.0 + WEIGHTS_TOLERANCE, "1")?;
    Ok(weights.iter().map(|weight| weight / sum).collect())
}

/// The weighted share of good units, and the number of units that says as much as the strata do: `(Σ W)² / Σ (W²/n)` over
/// the strata that have units.
fn weighted(totals: &[Shift], shares: &[f64]) -> (f64, f64) {
    let (mut estimate, mut weight, mut variance) = (0.0, 0.0, 0.0);
    for (total, &share) in totals.iter().zip(shares) {
        if total.units > 0 {
            let units = float(total.units);
            estimate += share * (float(total.good) / units);
            weight += share;
            variance += share * share / units;
        }
    }
    // Only strata of weight 0 have units: nothing is known of the work.
    if variance > 0.0 { (estimate.min(1.0), weight * weight / variance) } else { (0.0, 0.0) }
}

/// A post-stratified share.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PostStratified {
    /// The weighted share of good units.
    pub estimate: f64,
    /// Its standard error: `sqrt(Σ W² p (1−p) deff / n)`.
    pub standard_error: f64,
    /// The lower bound by the normal distribution, not cut at 0.
    pub lower: f64,
}

/// The post-stratified share with its Wald bound (Holt and Smith, Journal of the Royal Statistical Society A 142, 1979).
///
/// For display: a stratum without failures adds no variance, so that near 1 the bound promises too much. Decisions use
/// [`success_bound`]. A stratum without units counts as failed.
///
/// # Errors
/// Where counts and weights do not fit, weights are not shares that sum to 1, or the design effect is not positive.
pub fn post_stratified(
    totals: &[Shift],
    weights: &[f64],
    design_effect: f64,
    confidence: Confidence,
) -> Result<PostStratified, StatError> {
    let shares = checked(totals, weights)?;
    crate::bound::within("design effect", design_effect, f64::MIN_POSITIVE..=1e12, "positive")?;
    let (mut estimate, mut variance) = (0.0, 0.0);
    for (total, &share) in totals.iter().zip(&shares) {
        if total.units > 0 {
            let units = float(total.units);
            let rate = float(total.good) / units;
            estimate += share * rate;
            variance += share * share * rate * (1.0 - rate) * design_effect / units;
        }
    }
    let standard_error = sqrt(variance);
    let lower = estimate + normal_quantile(confidence.alpha()) * standard_error;
    Ok(PostStratified { estimate, standard_error, lower })
}

/// Checks totals against weights; gives the shares.
fn checked(totals: &[Shift], weights: &[f64]) -> Result<Vec<f64>, StatError> {
    if totals.len() != weights.len() {
        return Err(StatError::Mismatch("there are not as many weights as strata"));
    }
    if totals.iter().any(|total| total.good > total.units) {
        return Err(StatError::Mismatch("a stratum has more good units than units"));
    }
    let units = totals.iter().try_fold(0_u64, |sum, total| sum.checked_add(total.units));
    match units {
        None => Err(StatError::Mismatch("there are more units than can be counted")),
        Some(0) => Err(StatError::TooFew { what: "units", found: 0, needed: 1 }),
        Some(_) => shares(weights),
    }
}

/// How well the units seen cover the work.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    /// What the units' shares and the weights have in common: `1 − ½ Σ |n/N − W|`.
    pub overlap: f64,
    /// Kish's effective number of units: `1 / Σ (W²/n)`, 0 where a stratum with weight has none.
    pub effective_units: f64,
    /// The same as a share of all units.
    pub effective_share: f64,
    /// Strata, by position, with a weight of at least 0.05 and fewer than 29 units (29 without a failure show 0.90 at 95 %).
    pub thin: Vec<usize>,
    /// Pearson's X² of the units against the weights; `None` where a stratum of weight 0 has units, or there is only one.
    pub fit: Option<ChiSquared>,
    /// Whether overlap is at least 0.8, the effective share at least 0.5, and no stratum is thin.
    pub covered: bool,
}

/// How well units per stratum cover declared weights (the effective number is that of Kish, "Survey Sampling", 1965).
///
/// # Errors
/// Where units and weights do not fit, there are no units, or weights are not shares that sum to 1.
pub fn coverage(units: &[u64], weights: &[f64]) -> Result<Coverage, StatError> {
    let totals: Vec<Shift> = units.iter().map(|&units| Shift { good: 0, units }).collect();
    let shares = checked(&totals, weights)?;
    let whole: f64 = units.iter().map(|&units| float(units)).sum();
    let (mut apart, mut variance, mut statistic, mut classes, mut thin) = (0.0, 0.0, 0.0, 0.0, Vec::new());
    for (index, (&count, &share)) in units.iter().zip(&shares).enumerate() {
        let seen = float(count);
        apart += (seen / whole - share).abs();
        if share >= THIN_WEIGHT && count < THIN_UNITS {
            thin.push(index);
        }
        if share > 0.0 {
            variance += share * share / seen;
            let expected = whole * share;
            statistic += (seen - expected) * (seen - expected) / expected;
            classes += 1.0;
        } else if count > 0 {
            statistic = f64::INFINITY;
        }
    }
    let (overlap, effective_units) = (1.0 - 0.5 * apart, 1.0 / variance);
    let effective_share = effective_units / whole;
    let freedom = classes - 1.0;
    let fit = (statistic.is_finite() && freedom > 0.0).then(|| ChiSquared {
        statistic,
        degrees_of_freedom: freedom,
        p: chi2_upper(statistic, freedom),
    });
    let covered = overlap >= OVERLAP_MIN && effective_share >= EFFECTIVE_SHARE_MIN && thin.is_empty();
    Ok(Coverage { overlap, effective_units, effective_share, thin, fit, covered })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::cluster::tests::{example, near};

    const WEIGHTS: [f64; 3] = [0.5, 0.3, 0.2];

    fn totals() -> [Shift; 3] {
        [Shift { good: 196, units: 200 }, Shift { good: 95, units: 100 }, Shift { good: 40, units: 50 }]
    }

    fn cells() -> Vec<Cell> {
        example()
            .iter()
            .enumerate()
            .map(|(shift, &Shift { good, units })| Cell { shift, stratum: 0, good, units })
            .collect()
    }

    #[test]
    fn post_stratification_of_the_worked_example() {
        let found = post_stratified(&totals(), &WEIGHTS, 1.0, Confidence::USUAL).unwrap();
        near(found.estimate, 0.935, 1e-12);
        near(found.standard_error, 0.013_973_2, 5e-8);
        // With z = 1.645, rounded, it would be 0.9120141.
        near(found.lower, 0.912_016_15, 5e-9);
    }

    #[test]
    fn coverage_of_the_worked_example() {
        let found = coverage(&[200, 100, 50], &WEIGHTS).unwrap();
        near(found.overlap, 0.928_571_4, 5e-8);
        near(found.effective_units, 338.983, 5e-4);
        let fit = found.fit.unwrap();
        near(fit.statistic, 9.523_81, 5e-6);
        near(fit.p, 0.008_549_3, 5e-8);
        assert!(found.covered);
        let thin = coverage(&[200, 28, 0], &WEIGHTS).unwrap();
        assert_eq!((thin.thin, thin.covered, thin.effective_units), (vec![1, 2], false, 0.0));
    }

    #[test]
    fn success_of_the_worked_example() {
        let found = success_bound(&cells(), None, Confidence::USUAL, Rule::Amended).unwrap();
        near(found.effective_units, 63.928_99, 5e-6);
        near(found.lower, 0.879_037_4, 5e-8);
        assert!(found.decidable);
        // One stratum with all the weight is no stratum.
        assert_eq!(success_bound(&cells(), Some(&[1.0]), Confidence::USUAL, Rule::Amended).unwrap(), found);
        let strata = stratum_bounds(&cells(), 2, Confidence::USUAL, Rule::Amended).unwrap();
        assert_eq!(strata[0].lower, found.lower);
        assert_eq!((strata[1].units, strata[1].lower), (0, 0.0));
    }

    #[test]
    fn cells_of_one_shift_are_added_up() {
        let split: Vec<Cell> = cells()
            .iter()
            .flat_map(|cell| {
                let half = Cell { good: cell.good - 50, units: 50, ..*cell };
                [half, Cell { stratum: 1, good: 50, ..half }]
            })
            .collect();
        let whole = success_bound(&cells(), None, Confidence::USUAL, Rule::Amended).unwrap();
        assert_eq!(success_bound(&split, None, Confidence::USUAL, Rule::Amended).unwrap(), whole);
        let weighted = success_bound(&split, Some(&[0.5, 0.5]), Confidence::USUAL, Rule::Amended).unwrap();
        near(weighted.lower, whole.lower, 1e-12);
    }

    #[test]
    fn unequal_shifts_weigh_more_in_decisions() {
        // One long shift holds half of the units and most of the failures.
        let cells: Vec<Cell> =
            [(390, 450), (49, 50), (48, 50), (50, 50), (47, 50), (49, 50), (50, 50), (49, 50), (46, 50), (50, 50)]
                .iter()
                .enumerate()
                .map(|(shift, &(good, units))| Cell { shift, stratum: 0, good, units })
                .collect();
        let [amended, decision] =
            [Rule::Amended, Rule::Decision].map(|rule| success_bound(&cells, None, Confidence::USUAL, rule).unwrap());
        assert_eq!((amended.estimate, amended.icc_used), (decision.estimate, decision.icc_used));
        // n0 = (900 - 250)/9 and Σ n²/N = 250.
        near(amended.design_effect - 1.0, (650.0 / 9.0 - 1.0) * amended.icc_used, 1e-9);
        near(decision.design_effect - 1.0, 249.0 * decision.icc_used, 1e-9);
        assert!(decision.lower < amended.lower);
        let own = stratum_bounds(&cells, 1, Confidence::USUAL, Rule::Decision).unwrap();
        assert_eq!(own[0].lower, decision.lower);
    }

    #[test]
    fn an_empty_stratum_counts_as_failed() {
        let full = success_bound(&cells(), None, Confidence::USUAL, Rule::Amended).unwrap();
        let found = success_bound(&cells(), Some(&[0.9, 0.1]), Confidence::USUAL, Rule::Amended).unwrap();
        near(found.estimate, 0.9 * 0.95, 1e-12);
        // Never better than the other strata's own bound times their weight.
        assert!(found.lower <= 0.9 * full.lower + 1e-12);
        let nothing = success_bound(&cells(), Some(&[0.0, 1.0]), Confidence::USUAL, Rule::Amended).unwrap();
        assert_eq!((nothing.estimate, nothing.lower), (0.0, 0.0));
    }

    #[test]
    fn refuses_what_does_not_fit() {
        assert!(success_bound(&[], None, Confidence::USUAL, Rule::Amended).is_err());
        assert!(success_bound(&cells(), Some(&[0.9]), Confidence::USUAL, Rule::Amended).is_err());
        assert!(success_bound(&cells(), Some(&[f64::NAN]), Confidence::USUAL, Rule::Amended).is_err());
        assert!(success_bound(&cells(), Some(&[]), Confidence::USUAL, Rule::Amended).is_err());
        assert!(
            success_bound(&[Cell { shift: 1, stratum: 0, good: 1, units: 1 }], None, Confidence::USUAL, Rule::Amended)
                .is_err()
        );
        assert!(stratum_bounds(&cells(), 1_000_000, Confidence::USUAL, Rule::Amended).is_err());
        assert!(coverage(&[1, 2], &[1.0]).is_err());
        assert!(coverage(&[0], &[1.0]).is_err());
        assert!(post_stratified(&totals(), &WEIGHTS, 0.0, Confidence::USUAL).is_err());
    }
}
