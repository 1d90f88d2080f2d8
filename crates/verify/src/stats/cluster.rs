//! Success counted in shifts.
//!
//! Units of one shift share light, operators and parts. They are no independent trials, and an interval that treats them
//! as such promises too much. The cluster is the calendar shift at a station, whatever robots worked in it.
//!
//! The bound that decides is [`lower_bound`]: that of Korn and Graubard (Survey Methodology 24, 1998) with an upper bound
//! of the intra-cluster correlation (ICC) in place of its estimate, because with few shifts the estimate is often far too
//! small. What is assumed of the ICC beside, and which size of shift counts, is a [`Rule`]. The other methods here are for
//! display and for comparison.

use libm::sqrt;
use serde::{Deserialize, Serialize};

use crate::bound::{Confidence, StatError};
use crate::math::distribution::{beta_quantile, chi2_upper, fisher_quantile, normal_quantile, student_quantile};
use crate::math::special::beta_pq;

/// Below this many shifts a bound is computed, but decides nothing.
pub const SHIFTS_MIN: u64 = 8;

/// The ICC that is assumed while the log does not say otherwise.
pub const ICC_ASSUMED: f64 = 0.05;

/// Failures, and shifts with a failure, that a log must hold before its own ICC is believed.
pub const FAILURES_MIN: u64 = 10;
/// See [`FAILURES_MIN`].
pub const SHIFTS_WITH_FAILURES_MIN: u64 = 5;

/// The ICC that [`Rule::Decision`] assumes at least, once [`FAILURES_MIN`] is met.
pub const ICC_BELIEVED: f64 = 0.035;

/// Where this, divided by the number of shifts with a failure, is less than [`ICC_BELIEVED`] (from 35 such shifts on),
/// [`Rule::Decision`] assumes that.
pub const ICC_BY_SHIFTS: f64 = 1.2;

/// The confidence of the upper bound of the ICC.
const ICC_CONFIDENCE: f64 = 0.8;

/// What a bound assumes of the ICC, and which size of shift it multiplies the ICC by.
///
/// Both take the ICC's upper bound at 80 % in the log, at least 0.05 until there are 10 failures in 5 shifts, and at least
/// 0.05 where the log says nothing of the ICC. They differ in the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// With enough failures nothing is assumed of the ICC, and a shift's size is `n0` ([`Anova::size`]). It may be computed
    /// by hand from the literature, and serves for recomputing and comparing.
    ///
    /// Not for decisions: it promises too much where shifts are unequal, or failures rare (see [`crate::calibration`]).
    #[default]
    Amended,
    /// What gates use. With enough failures the ICC is still taken as at least `min(0.035, 1.2 / s)`, where `s` shifts have a
    /// failure; a shift's size is that of a mean unit's shift ([`Anova::size_of_unit`]), of which Kish's design effect is
    /// made ("Survey Sampling", 1965). Never above [`Self::Amended`]. The two numbers are from simulation and no theory (see
    /// [`crate::calibration`]).
    Decision,
}

impl Rule {
    /// The least ICC that is assumed of a log with at least [`FAILURES_MIN`] failures in [`SHIFTS_WITH_FAILURES_MIN`] shifts.
    fn icc_floor(self, shifts_with_failures: u64) -> f64 {
        match self {
            Self::Amended => 0.0,
            Self::Decision => ICC_BELIEVED.min(ICC_BY_SHIFTS / float(shifts_with_failures)),
        }
    }
}

/// What one shift counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    /// Units that were good.
    pub good: u64,
    /// All units.
    pub units: u64,
}

/// The analysis of variance of success between and within shifts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Anova {
    /// Shifts that have units; the others say nothing.
    pub shifts: u64,
    /// Units that were good.
    pub good: u64,
    /// All units.
    pub units: u64,
    /// Shifts with at least one failure.
    pub shifts_with_failures: u64,
    /// The share of good units.
    pub estimate: f64,
    /// The size of a shift that stands for all: `(N − Σ n²/N) / (K − 1)`, or the only shift's size.
    pub size: f64,
    /// The size of the shift of a mean unit, `Σ n²/N`: larger than `size` where shifts are unequal.
    pub size_of_unit: f64,
    /// The mean square between shifts; `None` with a single shift.
    pub between: Option<f64>,
    /// The mean square within shifts; `None` where every shift has one unit.
    pub within: Option<f64>,
}

impl Anova {
    /// The analysis of a log of shifts (Fleiss, "Statistical Methods for Rates and Proportions", chapter 13, and Ridout,
    /// Demétrio and Firth, Biometrics 55, 1999, for binary units). Shifts without units are left out.
    ///
    /// # Errors
    /// Where there are no units, or a shift has more good units than units.
    pub fn of(shifts: &[Shift]) -> Result<Self, StatError> {
        let (mut count, mut good, mut units, mut with_failures) = (0_u64, 0_u64, 0_u64, 0_u64);
        let mut squares = 0.0;
        for shift in shifts {
            if shift.good > shift.units {
                return Err(StatError::Mismatch("a shift has more good units than units"));
            }
            let sums = (good.checked_add(shift.good), units.checked_add(shift.units));
            let (Some(good_sum), Some(units_sum)) = sums else {
                return Err(StatError::Mismatch("there are more units than can be counted"));
            };
            (good, units) = (good_sum, units_sum);
            count += u64::from(shift.units > 0);
            with_failures += u64::from(shift.good < shift.units);
            let n = float(shift.units);
            squares += n * n;
        }
        if units == 0 {
            return Err(StatError::TooFew { what: "units", found: 0, needed: 1 });
        }
        countable(units)?;
        let (k, n) = (float(count), float(units));
        let estimate = float(good) / n;
        let (mut between, mut within) = (0.0, 0.0);
        for shift in shifts.iter().filter(|shift| shift.units > 0) {
            let size = float(shift.units);
            let rate = float(shift.good) / size;
            between += size * (rate - estimate) * (rate - estimate);
            within += float(shift.good) * (float(shift.units - shift.good) / size);
        }
        Ok(Self {
            shifts: count,
            good,
            units,
            shifts_with_failures: with_failures,
            estimate,
            size: if count > 1 { (n - squares / n) / (k - 1.0) } else { n },
            size_of_unit: squares / n,
            between: (count > 1).then(|| between / (k - 1.0)),
            within: (units > count).then(|| within / (n - k)),
        })
    }

    /// Units that were not good.
    pub fn failures(&self) -> u64 {
        self.units - self.good
    }

    /// The ANOVA estimate of the ICC, which may be negative; `None` where units do not vary, or nothing can be compared.
    pub fn icc(&self) -> Option<f64> {
        let (between, within) = (self.between?, self.within?);
        let whole = between + (self.size - 1.0) * within;
        (whole > 0.0).then(|| (between - within) / whole)
    }

    /// The upper bound of the ICC (Searle, "Linear Models", 1971, chapter 9), from the quantile of F whose lower tail is 1
    /// minus the confidence, as [`Tables`] holds it. It is exact for normal data and equal shifts. `None` as in
    /// [`Self::icc`].
    pub fn icc_upper(&self, fisher: f64) -> Option<f64> {
        let (between, within) = (self.between?, self.within?);
        // (F/q − 1) / (F/q + n0 − 1) with F = between/within, multiplied out so that `within` may be zero.
        let whole = between + (self.size - 1.0) * fisher * within;
        (whole > 0.0).then(|| (between - fisher * within) / whole)
    }

    /// What the variance of the share of good units is multiplied by, for this ICC: `1 + (n0 − 1) · icc`, with the size of a
    /// mean unit's shift in place of `n0` for [`Rule::Decision`].
    pub fn design_effect(&self, icc: f64, rule: Rule) -> f64 {
        let size = match rule {
            Rule::Amended => self.size,
            // Never less than `n0`, but for the last digit of equal shifts.
            Rule::Decision => self.size_of_unit.max(self.size),
        };
        1.0 + (size - 1.0) * icc
    }

    /// The ICC that a bound uses, and why.
    pub fn icc_used(&self, fisher: f64, rule: Rule) -> (f64, &'static str) {
        match self.icc_upper(fisher) {
            // Where `within` is zero, shifts are all good or all bad, and the F quantile plays no part.
            None => (ICC_ASSUMED, "the ICC cannot be estimated from this log, so 0.05 is assumed"),
            Some(upper) if self.failures() < FAILURES_MIN || self.shifts_with_failures < SHIFTS_WITH_FAILURES_MIN => {
                let reason = "there are fewer than 10 failures, or fewer than 5 shifts with a failure, so at least 0.05 is assumed";
                (upper.max(ICC_ASSUMED), reason)
            }
            Some(upper) if self.within == Some(0.0) => {
                (upper.max(ICC_ASSUMED), "no shift has both good and failed units, so at least 0.05 is assumed")
            }
            Some(upper) => {
                let floor = rule.icc_floor(self.shifts_with_failures);
                let reason = if rule == Rule::Amended || upper >= floor {
                    "the upper bound of the ICC in this log, at 80 %"
                } else if floor < ICC_BELIEVED {
                    "the ICC's upper bound in this log is less than 1.2 divided by the shifts with a failure, which is assumed"
                } else {
                    "the ICC's upper bound in this log is less than 0.035, which is assumed until 35 shifts have a failure"
                };
                (upper.max(floor), reason)
            }
        }
    }
}

/// The quantiles that a bound needs. They depend on the number of shifts and units only, so that simulations share them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tables {
    /// What is left of the units' information for a variance that is estimated from `K` shifts: `(z / t)²`, 0 for one shift.
    pub information: f64,
    /// The quantile of F for the upper bound of the ICC.
    pub fisher: f64,
    /// 1 minus the confidence.
    pub alpha: f64,
}

impl Tables {
    /// The quantiles for this many shifts and units.
    ///
    /// # Errors
    /// Where the confidence is not above one half: such a bound would lie above the estimate.
    pub fn new(shifts: u64, units: u64, confidence: Confidence) -> Result<Self, StatError> {
        let alpha = confidence.alpha();
        if confidence.level() <= 0.5 {
            return Err(StatError::OutOfRange {
                what: "confidence",
                found: confidence.level(),
                allowed: "above 0.5 and below 1",
            });
        }
        let (k, n) = (float(shifts), float(units));
        let information = if shifts > 1 {
            let ratio = normal_quantile(alpha) / student_quantile(alpha, k - 1.0);
            ratio * ratio
        } else {
            0.0
        };
        let fisher =
            if shifts > 1 && units > shifts { fisher_quantile(1.0 - ICC_CONFIDENCE, k - 1.0, n - k) } else { f64::NAN };
        Ok(Self { information, fisher, alpha })
    }
}

/// How much a log of shifts says, as a bound counts it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Information {
    /// The ICC that was used.
    pub icc_used: f64,
    /// Why that one.
    pub reason: &'static str,
    /// The design effect that follows, at least 1.
    pub design_effect: f64,
    /// The number of independent units that would say as much.
    pub effective_units: f64,
}

impl Information {
    /// From an analysis, the tables of its shifts and units, and the units' number after weighting by strata (`N` without
    /// strata).
    pub fn of(anova: &Anova, tables: &Tables, weighted_units: f64, rule: Rule) -> Self {
        let (icc_used, reason) = anova.icc_used(tables.fisher, rule);
        let design_effect = anova.design_effect(icc_used, rule).max(1.0);
        let effective_units = float(anova.units).min(weighted_units / design_effect) * tables.information;
        Self { icc_used, reason, design_effect, effective_units }
    }
}

/// The lower bound of a share that is estimated from this many effective units: `BetaInv(α; n·p, n·(1−p) + 1)`.
pub fn lower_bound(estimate: f64, effective_units: f64, alpha: f64) -> f64 {
    let good = estimate * effective_units;
    if good > 0.0 { beta_quantile(alpha, good, effective_units - good + 1.0) } else { 0.0 }
}

/// Whether [`lower_bound`] is at least `target`: the same answer by one evaluation instead of a search.
pub fn demonstrates(estimate: f64, effective_units: f64, alpha: f64, target: f64) -> bool {
    let good = estimate * effective_units;
    if good > 0.0 && target < 1.0 {
        target <= 0.0 || beta_pq(good, effective_units - good + 1.0, target, 1.0 - target).0 <= alpha
    } else {
        target <= 0.0
    }
}

/// A mean over shifts with its standard error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ClusterMean {
    /// The share of good units.
    pub estimate: f64,
    /// Its standard error, from the spread of whole shifts.
    pub standard_error: f64,
    /// Degrees of freedom: shifts minus 1.
    pub degrees_of_freedom: f64,
    /// The lower bound by Student's t, not cut at 0.
    pub lower: f64,
}

/// The share of good units with the cluster-robust standard error `sqrt(K/(K−1) Σ (s − p n)²) / N` and the one-sided lower
/// bound of Student's t (Liang and Zeger, Biometrika 73, 1986, with the usual correction for few clusters).
///
/// Not for decisions: with 10 to 40 shifts and shares near 1 it promises too much, and a perfect log gives a spread of zero.
///
/// # Errors
/// As [`Anova::of`], and with fewer than two shifts.
pub fn cluster_t(shifts: &[Shift], confidence: Confidence) -> Result<ClusterMean, StatError> {
    let anova = Anova::of(shifts)?;
    let k = float(several(&anova)?);
    let mut squares = 0.0;
    for shift in shifts {
        let residual = float(shift.good) - anova.estimate * float(shift.units);
        squares += residual * residual;
    }
    let standard_error = sqrt(k / (k - 1.0) * squares) / float(anova.units);
    let lower = anova.estimate + student_quantile(confidence.alpha(), k - 1.0) * standard_error;
    Ok(ClusterMean { estimate: anova.estimate, standard_error, degrees_of_freedom: k - 1.0, lower })
}

/// A χ² statistic with its p-value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ChiSquared {
    /// The statistic.
    pub statistic: f64,
    /// Its degrees of freedom.
    pub degrees_of_freedom: f64,
    /// The probability of a statistic at least as large.
    pub p: f64,
}

/// Pearson's X² for the hypothesis that all shifts have the same share of good units. Small p: shifts differ by more than
/// chance.
///
/// # Errors
/// As [`Anova::of`], with fewer than two shifts, and where no unit or every unit is good.
pub fn homogeneity(shifts: &[Shift]) -> Result<ChiSquared, StatError> {
    let anova = Anova::of(shifts)?;
    let k = float(several(&anova)?);
    let variance = anova.estimate * (1.0 - anova.estimate);
    if variance <= 0.0 {
        return Err(StatError::NoSolution("all units are good, or none, so that shifts cannot differ"));
    }
    let between = anova.between.unwrap_or(0.0) * (k - 1.0);
    let statistic = between / variance;
    Ok(ChiSquared { statistic, degrees_of_freedom: k - 1.0, p: chi2_upper(statistic, k - 1.0) })
}

/// The number of shifts, where there are at least two.
fn several(anova: &Anova) -> Result<u64, StatError> {
    if anova.shifts < 2 {
        return Err(StatError::TooFew { what: "shifts", found: usize::from(anova.shifts == 1), needed: 2 });
    }
    Ok(anova.shifts)
}

/// The largest count that is accepted. Beyond it the incomplete beta function has fewer than five digits near its ends.
const COUNT_MAX: u64 = 1_000_000_000_000;

/// Refuses counts beyond what the distributions are exact for.
pub(crate) fn countable(count: u64) -> Result<(), StatError> {
    if count > COUNT_MAX { Err(StatError::Mismatch("there are more than 10^12 units or trials")) } else { Ok(()) }
}

/// A count as a number.
pub(crate) fn float(count: u64) -> f64 {
    // OK: counts beyond 2^53 do not occur, and would lose their last digits only.
    count as f64
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::stats::proportion;

    /// Within half a unit of the last printed digit.
    #[track_caller]
    pub(crate) fn near(found: f64, expected: f64, half_unit: f64) {
        assert!((found - expected).abs() <= half_unit, "{found} is not {expected}");
    }

    pub(crate) fn example() -> Vec<Shift> {
        [98, 95, 99, 90, 97, 100, 85, 96].map(|good| Shift { good, units: 100 }).to_vec()
    }

    #[test]
    fn worked_example() {
        let anova = Anova::of(&example()).unwrap();
        near(anova.estimate, 0.95, 1e-15);
        near(anova.between.unwrap(), 0.257_142_9, 5e-8);
        near(anova.within.unwrap(), 0.045_707_1, 5e-8);
        let icc = anova.icc().unwrap();
        near(icc, 0.044_213_6, 5e-8);
        near(anova.design_effect(icc, Rule::Amended), 5.3771, 5e-5);
        near(800.0 / anova.design_effect(icc, Rule::Amended), 148.778, 5e-4);
        let tables = Tables::new(8, 800, Confidence::USUAL).unwrap();
        near(anova.icc_upper(tables.fisher).unwrap(), 0.085_175_6, 5e-8);
        let information = Information::of(&anova, &tables, 800.0, Rule::Amended);
        near(information.effective_units, 63.928_99, 5e-6);
        near(lower_bound(anova.estimate, information.effective_units, tables.alpha), 0.879_037_4, 5e-8);
        assert!(information.reason.starts_with("the upper bound"));
        // The design-effect interval with the estimated ICC, and the naive one.
        near(lower_bound(0.95, 800.0 / anova.design_effect(icc, Rule::Amended), 0.05), 0.909_755_1, 5e-8);
        let naive = proportion::clopper_pearson(760, 800, Confidence::USUAL, crate::bound::Side::Lower).unwrap();
        near(naive.lower.unwrap(), 0.935_407_7, 5e-8);
    }

    #[test]
    fn other_intervals_of_the_worked_example() {
        let t = cluster_t(&example(), Confidence::USUAL).unwrap();
        near(t.standard_error, 0.017_928_4, 5e-8);
        near(t.lower, 0.916_033_2, 5e-8);
        let x2 = homogeneity(&example()).unwrap();
        near(x2.statistic, 37.894_74, 5e-6);
        near(x2.p, 3.17e-6, 5e-9);
    }

    #[test]
    fn the_decision_rule_of_the_worked_example() {
        // The log's own bound is above what is assumed, and shifts are equal: both rules agree.
        let anova = Anova::of(&example()).unwrap();
        let tables = Tables::new(8, 800, Confidence::USUAL).unwrap();
        let amended = Information::of(&anova, &tables, 800.0, Rule::Amended);
        assert_eq!(Information::of(&anova, &tables, 800.0, Rule::Decision), amended);
    }

    #[test]
    fn the_decision_rule_assumes_less_with_more_shifts() {
        // Two failures in every shift: the ICC's own upper bound is negative.
        let shifts = [Shift { good: 98, units: 100 }; 60];
        for (count, expected, reason) in [(10, 0.035, "until 35"), (34, 0.035, "until 35"), (60, 0.02, "1.2 divided")] {
            let anova = Anova::of(&shifts[..count]).unwrap();
            let units = anova.units;
            let tables = Tables::new(anova.shifts, units, Confidence::USUAL).unwrap();
            let decision = Information::of(&anova, &tables, float(units), Rule::Decision);
            near(decision.icc_used, expected, 1e-15);
            near(decision.design_effect, 1.0 + 99.0 * expected, 1e-12);
            assert!(decision.reason.contains(reason), "{}", decision.reason);
            let amended = Information::of(&anova, &tables, float(units), Rule::Amended);
            assert_eq!((amended.icc_used, amended.design_effect), (0.0, 1.0));
        }
        // Four failures in four shifts: both assume 0.05.
        let mut few = [Shift { good: 100, units: 100 }; 10];
        few[..4].fill(Shift { good: 99, units: 100 });
        let anova = Anova::of(&few).unwrap();
        let tables = Tables::new(10, 1_000, Confidence::USUAL).unwrap();
        for rule in [Rule::Amended, Rule::Decision] {
            assert_eq!(Information::of(&anova, &tables, 1_000.0, rule).icc_used, ICC_ASSUMED);
        }
    }

    #[test]
    fn the_decision_rule_is_never_above_the_amended_one() {
        let mut random = crate::math::random::Random::new(7);
        for _ in 0..500 {
            let count = 2 + random.below(40);
            let shifts: Vec<Shift> = (0..count)
                .map(|_| {
                    let units = 1 + random.below(200);
                    let chance = random.beta(0.5, 10.0);
                    Shift { good: units - random.binomial(units, chance), units }
                })
                .collect();
            let anova = Anova::of(&shifts).unwrap();
            let tables = Tables::new(anova.shifts, anova.units, Confidence::USUAL).unwrap();
            let [amended, decision] = [Rule::Amended, Rule::Decision].map(|rule| {
                let found = Information::of(&anova, &tables, float(anova.units), rule);
                (found.icc_used, lower_bound(anova.estimate, found.effective_units, tables.alpha))
            });
            assert!(decision.0 >= amended.0 && decision.1 <= amended.1 + 1e-12, "{shifts:?}");
        }
    }

    #[test]
    fn perfect_logs_do_not_prove_independence() {
        let perfect = [Shift { good: 100, units: 100 }; 8];
        let anova = Anova::of(&perfect).unwrap();
        assert_eq!(anova.icc(), None);
        let tables = Tables::new(8, 800, Confidence::USUAL).unwrap();
        let information = Information::of(&anova, &tables, 800.0, Rule::Amended);
        assert_eq!(information.icc_used, ICC_ASSUMED);
        assert!(information.effective_units < 110.0);
        assert!(lower_bound(1.0, information.effective_units, 0.05) < 0.975);
    }

    #[test]
    fn odd_logs() {
        assert!(Anova::of(&[]).is_err());
        assert!(Anova::of(&[Shift { good: 0, units: 0 }]).is_err());
        assert!(Anova::of(&[Shift { good: 2, units: 1 }]).is_err());
        assert!(Anova::of(&[Shift { good: u64::MAX, units: u64::MAX }; 2]).is_err());
        assert!(Tables::new(8, 800, Confidence::new(0.5).unwrap()).is_err());
        assert!(cluster_t(&[Shift { good: 1, units: 2 }], Confidence::USUAL).is_err());
        // One unit per shift: nothing within shifts, so the assumed ICC, and units that are as good as independent.
        let single = [Shift { good: 1, units: 1 }; 60];
        let anova = Anova::of(&single).unwrap();
        assert_eq!((anova.size, anova.within), (1.0, None));
        let information =
            Information::of(&anova, &Tables::new(60, 60, Confidence::USUAL).unwrap(), 60.0, Rule::Amended);
        assert_eq!(information.design_effect, 1.0);
        // One shift: no bound.
        let anova = Anova::of(&[Shift { good: 90, units: 100 }]).unwrap();
        let tables = Tables::new(1, 100, Confidence::USUAL).unwrap();
        let information = Information::of(&anova, &tables, 100.0, Rule::Amended);
        assert_eq!(lower_bound(anova.estimate, information.effective_units, 0.05), 0.0);
        // All good or all bad: the ICC is 1.
        let anova = Anova::of(&[Shift { good: 50, units: 50 }, Shift { good: 0, units: 50 }].repeat(6)).unwrap();
        let information =
            Information::of(&anova, &Tables::new(12, 600, Confidence::USUAL).unwrap(), 600.0, Rule::Amended);
        assert_eq!(information.icc_used, 1.0);
    }

    #[test]
    fn demonstrates_is_the_bound_compared() {
        for (estimate, units) in [(0.97, 63.9), (1.0, 80.0), (0.5, 3.0), (0.0, 10.0), (0.9, 0.0)] {
            for alpha in [0.05, 0.2] {
                let bound = lower_bound(estimate, units, alpha);
                for target in [0.0, bound - 1e-6, bound + 1e-6, 0.3, 0.95, 1.0] {
                    assert_eq!(
                        demonstrates(estimate, units, alpha, target),
                        bound >= target,
                        "{estimate} {units} {target}"
                    );
                }
            }
        }
    }
}
