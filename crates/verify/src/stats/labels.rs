//! Outcomes that are labelled by a machine or a tired person, corrected by a random sample that was looked at again.
//!
//! The sample must be drawn at random after the labels were fixed. A sample that the labeller can foresee corrects nothing.

use libm::sqrt;
use serde::Serialize;

use super::cluster::float;
use super::proportion::clopper_pearson;
use super::strata::SuccessBound;
use crate::bound::{Confidence, Side, StatError, within};
use crate::math::distribution::normal_quantile;

/// More categories than this are refused.
pub const CATEGORIES_MAX: usize = 1_000;

/// A share corrected for a labeller whose errors are known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Corrected {
    /// The corrected share, cut to 0 to 1.
    pub estimate: f64,
    /// The same before the cut: outside of 0 to 1 where the labeller's errors cannot be those stated.
    pub uncut: f64,
    /// The standard error, with sensitivity and specificity taken as known.
    pub standard_error: f64,
}

/// The estimate of Rogan and Gladen (American Journal of Epidemiology 107, 1978): `(observed + specificity − 1) /
/// (sensitivity + specificity − 1)`.
///
/// # Errors
/// Where there are no trials, more labels than trials, or sensitivity and specificity sum to 1 or less: such labels say
/// nothing.
pub fn rogan_gladen(labelled: u64, trials: u64, sensitivity: f64, specificity: f64) -> Result<Corrected, StatError> {
    within("sensitivity", sensitivity, 0.0..=1.0, "from 0 to 1")?;
    within("specificity", specificity, 0.0..=1.0, "from 0 to 1")?;
    if trials == 0 || labelled > trials {
        return Err(StatError::Mismatch("there are no trials, or more labels than trials"));
    }
    let power = sensitivity + specificity - 1.0;
    if power <= 0.0 {
        return Err(StatError::NoSolution(
            "sensitivity and specificity sum to 1 or less, so that the labels say nothing",
        ));
    }
    let observed = float(labelled) / float(trials);
    let uncut = (observed + specificity - 1.0) / power;
    let standard_error = sqrt(observed * (1.0 - observed) / float(trials)) / power;
    Ok(Corrected { estimate: uncut.clamp(0.0, 1.0), uncut, standard_error })
}

/// How a sample's labels and the truth agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// Good, and labelled so.
    pub both_good: u64,
    /// Labelled good, and failed: a false success.
    pub false_good: u64,
    /// Labelled failed, and good.
    pub false_failed: u64,
    /// Failed, and labelled so.
    pub both_failed: u64,
}

/// A mean with its standard error and normal bound.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The estimate, which may leave 0 to 1 by the correction.
    pub estimate: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// The one-sided lower bound by the normal distribution.
    pub lower: f64,
}

/// The share of good units by prediction-powered inference (Angelopoulos et al., Science 382, 2023): the share labelled
/// good among `units` others, plus the mean of truth minus label in the audited sample; variance `s²/N + s²_d/n`.
///
/// Not for clustered units, nor for audits without any error: there the normal bound takes the labels as perfect.
///
/// # Errors
/// With fewer than two units or two audited, or more labelled good than units.
pub fn prediction_powered(
    labelled_good: u64,
    units: u64,
    audit: Audit,
    confidence: Confidence,
) -> Result<Estimate, StatError> {
    let counts = [audit.both_good, audit.false_good, audit.false_failed, audit.both_failed];
    // As numbers, so that no sum of strangers' counts can overflow.
    let audited: f64 = counts.iter().map(|&count| float(count)).sum();
    if labelled_good > units {
        return Err(StatError::Mismatch("there are more units labelled good than units"));
    }
    if units < 2 || audited < 2.0 {
        return Err(StatError::TooFew {
            what: "units, or audited units",
            found: usize::from(units.min(1) == 1),
            needed: 2,
        });
    }
    let n = float(units);
    let share = float(labelled_good) / n;
    let variance = share * (1.0 - share) * (n / (n - 1.0));
    let correction = (float(audit.false_failed) - float(audit.false_good)) / audited;
    let wrong = (float(audit.false_failed) + float(audit.false_good)) / audited;
    let spread = (wrong - correction * correction) * (audited / (audited - 1.0));
    let estimate = share + correction;
    let standard_error = sqrt(variance / n + spread.max(0.0) / audited);
    Ok(Estimate { estimate, standard_error, lower: estimate + normal_quantile(confidence.alpha()) * standard_error })
}

/// Agreement of two raters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Kappa {
    /// Cohen's kappa: 1 for full agreement, 0 for what chance would give.
    pub kappa: f64,
    /// Its standard error for large samples.
    pub standard_error: f64,
    /// The share on which they agree.
    pub observed: f64,
    /// The share on which chance would make them agree.
    pub expected: f64,
}

/// Cohen's kappa (Educational and Psychological Measurement 20, 1960) of a square table of counts, with the standard error
/// of Fleiss, Cohen and Everitt (Psychological Bulletin 72, 1969).
///
/// # Errors
/// Where the table is empty, not square, larger than [`CATEGORIES_MAX`], or both raters used one category only.
pub fn cohen_kappa(table: &[Vec<u64>]) -> Result<Kappa, StatError> {
    let size = table.len();
    if size == 0 || size > CATEGORIES_MAX || table.iter().any(|row| row.len() != size) {
        return Err(StatError::Mismatch("the table is not square, empty, or has more than 1,000 categories"));
    }
    let total: f64 = table.iter().flatten().map(|&count| float(count)).sum();
    if total <= 0.0 {
        return Err(StatError::TooFew { what: "rated units", found: 0, needed: 1 });
    }
    let (mut rows, mut columns, mut observed) = (vec![0.0; size], vec![0.0; size], 0.0);
    for (i, row) in table.iter().enumerate() {
        for (j, &count) in row.iter().enumerate() {
            let share = float(count) / total;
            rows[i] += share;
            columns[j] += share;
            observed += if i == j { share } else { 0.0 };
        }
    }
    let expected: f64 = rows.iter().zip(&columns).map(|(row, column)| row * column).sum();
    // Rounding leaves the sum of products of one category within a few units of 1.
    if expected >= 1.0 - 1e-14 {
        return Err(StatError::NoSolution("both raters used a single category"));
    }
    let kappa = (observed - expected) / (1.0 - expected);
    let mut sum = 0.0;
    for (i, row) in table.iter().enumerate() {
        for (j, &count) in row.iter().enumerate() {
            let share = float(count) / total;
            let weight = if i == j {
                1.0 - (rows[i] + columns[i]) * (1.0 - kappa)
            } else {
                (1.0 - kappa) * (columns[i] + rows[j])
            };
            sum += share * weight * weight;
        }
    }
    let centre = kappa - expected * (1.0 - kappa);
    let standard_error = sqrt((sum - centre * centre).max(0.0) / total) / (1.0 - expected);
    Ok(Kappa { kappa, standard_error, observed, expected })
}

/// The share of reported successes that were false.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FalseSuccess {
    /// The share found in the re-inspected sample.
    pub estimate: f64,
    /// Its exact upper bound.
    pub upper: f64,
}

/// The exact upper bound of false successes among reported ones (Clopper and Pearson).
///
/// # Errors
/// Where nothing was inspected, or more were false than inspected.
pub fn false_success(false_successes: u64, inspected: u64, confidence: Confidence) -> Result<FalseSuccess, StatError> {
    let interval = clopper_pearson(false_successes, inspected, confidence, Side::Upper)?;
    let estimate = float(false_successes) / float(inspected);
    Ok(FalseSuccess { estimate, upper: interval.upper.unwrap_or(1.0) })
}

/// A success bound that carries the doubt about its labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Reinspected {
    /// The bound of reported success, at half of alpha.
    pub reported: SuccessBound,
    /// False successes, at the other half.
    pub false_success: FalseSuccess,
    /// The share of truly good units: reported share times `1 − false`.
    pub estimate: f64,
    /// Its lower bound: reported bound times `1 − upper bound of false`.
    pub lower: f64,
}

/// The lower bound of true success: `lower(reported) · (1 − upper(false))`, each at half of alpha, so that by Bonferroni's
/// inequality both hold at once. `reported` computes the bound of reported success at a confidence.
///
/// Units that were good and labelled failed are not credited: only false successes hurt who buys.
///
/// # Errors
/// Those of `reported` and of [`false_success`].
pub fn reinspected(
    reported: impl FnOnce(Confidence) -> Result<SuccessBound, StatError>,
    false_successes: u64,
    inspected: u64,
    confidence: Confidence,
) -> Result<Reinspected, StatError> {
    let half = Confidence::new(1.0 - 0.5 * confidence.alpha())?;
    let reported = reported(half)?;
    let false_success = false_success(false_successes, inspected, half)?;
    Ok(Reinspected {
        estimate: reported.estimate * (1.0 - false_success.estimate),
        lower: reported.lower * (1.0 - false_success.upper),
        reported,
        false_success,
    })
}

/// A population's size from two incomplete counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Recapture {
    /// The estimated number of units.
    pub estimate: f64,
    /// Its standard error.
    pub standard_error: f64,
}

/// Chapman's estimate (University of California Publications in Statistics 1, 1951) of how many units there were, from two
/// independent counts and the units that both saw: `(n1+1)(n2+1)/(m+1) − 1`, with the variance of Seber (Biometrika 57,
/// 1970).
///
/// Not for counts that miss the same units: then the estimate is too small.
///
/// # Errors
/// Where more units matched than one of the counts saw.
pub fn chapman(first: u64, second: u64, matched: u64) -> Result<Recapture, StatError> {
    if matched > first || matched > second {
        return Err(StatError::Mismatch("more units matched than one of the counts saw"));
    }
    let (first, second, matched) = (float(first), float(second), float(matched));
    let product = (first + 1.0) * (second + 1.0);
    let missed = (first - matched) * (second - matched);
    let variance = product * missed / ((matched + 1.0) * (matched + 1.0) * (matched + 2.0));
    Ok(Recapture { estimate: product / (matched + 1.0) - 1.0, standard_error: sqrt(variance) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::cluster::Rule;
    use crate::stats::cluster::tests::{example, near};
    use crate::stats::strata::{Cell, success_bound};

    #[test]
    fn known_errors() {
        // Of 0.9 good, 0.95 · 0.9 + 0.1 · 0.1 = 0.865 are labelled good.
        let found = rogan_gladen(865, 1000, 0.95, 0.9).unwrap();
        near(found.estimate, 0.9, 1e-14);
        assert_eq!(rogan_gladen(1000, 1000, 0.95, 0.9).unwrap().estimate, 1.0);
        assert!(rogan_gladen(5, 10, 0.5, 0.5).is_err());
        assert!(rogan_gladen(5, 0, 0.9, 0.9).is_err());
        assert!(rogan_gladen(5, 10, f64::NAN, 0.9).is_err());
    }

    #[test]
    fn audited_labels() {
        let audit = Audit { both_good: 90, false_good: 4, false_failed: 1, both_failed: 5 };
        let found = prediction_powered(950, 1000, audit, Confidence::USUAL).unwrap();
        near(found.estimate, 0.92, 1e-14);
        let variance = 0.0475 * 1000.0 / 999.0 / 1000.0 + (0.05 - 0.0009) / 99.0;
        near(found.standard_error, sqrt(variance), 1e-15);
        assert!(prediction_powered(2, 1, audit, Confidence::USUAL).is_err());
        let full = Audit { both_good: u64::MAX, false_good: u64::MAX, false_failed: 0, both_failed: 0 };
        assert!(prediction_powered(1, 2, full, Confidence::USUAL).is_ok());
    }

    #[test]
    fn agreement() {
        let found = cohen_kappa(&[vec![20, 5], vec![10, 15]]).unwrap();
        near(found.kappa, 0.4, 1e-14);
        assert!(cohen_kappa(&[vec![20, 0], vec![0, 0]]).is_err());
        assert!(cohen_kappa(&[vec![1, 2]]).is_err());
        assert!(cohen_kappa(&[]).is_err());
        assert!(cohen_kappa(&[vec![0]]).is_err());
    }

    #[test]
    fn false_successes() {
        // 299 inspected without an error show at most 1 %, 298 do not.
        assert!(false_success(0, 299, Confidence::USUAL).unwrap().upper <= 0.01);
        assert!(false_success(0, 298, Confidence::USUAL).unwrap().upper > 0.01);
        let cells: Vec<Cell> = (0..)
            .zip(example())
            .map(|(shift, total)| Cell { shift, stratum: 0, good: total.good, units: total.units })
            .collect();
        let bound = |confidence| success_bound(&cells, None, confidence, Rule::Amended);
        let found = reinspected(bound, 0, 299, Confidence::USUAL).unwrap();
        let half = Confidence::new(0.975).unwrap();
        near(found.lower, bound(half).unwrap().lower * libm::pow(0.025, 1.0 / 299.0), 1e-12);
        assert!(found.lower < bound(Confidence::USUAL).unwrap().lower);
        assert!(reinspected(bound, 0, 0, Confidence::USUAL).is_err());
    }

    #[test]
    fn two_counts() {
        near(chapman(500, 480, 470).unwrap().estimate, 510.64, 5e-3);
        assert_eq!(chapman(5, 5, 5).unwrap(), Recapture { estimate: 5.0, standard_error: 0.0 });
        assert!(chapman(5, 4, 5).is_err());
    }
}
