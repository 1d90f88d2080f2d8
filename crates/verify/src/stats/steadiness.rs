//! Whether the rhythm stays the same: over a shift, over the shifts, and after learning.

use libm::{exp, expm1, log, sqrt};

use serde::{Deserialize, Serialize};

use crate::bound::{Confidence, Interval, Side, StatError, within};
use crate::math::distribution::{student_cdf, student_quantile};
use crate::stats::rhythm::series;
use crate::stats::sample::{
    count, deviation, durations, enough, finite, line, logarithms, mean, scaled, squares, variance,
};

/// One shift's units: when each ended, in hours since the shift's start, and its takt in seconds.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShiftUnits {
    /// Hours since the shift's start, one per unit.
    pub hours: Vec<f64>,
    /// Takts in seconds, one per unit.
    pub takt_s: Vec<f64>,
}

impl ShiftUnits {
    fn check(&self) -> Result<(), StatError> {
        enough("units of a shift", &self.takt_s, 1)?;
        if self.hours.len() != self.takt_s.len() {
            return Err(StatError::Mismatch("a shift needs one hour for each takt"));
        }
        durations("takt", &self.takt_s)?;
        for &hour in &self.hours {
            within("hours", hour, 0.0..=1e4, "from 0 to 10,000")?;
        }
        Ok(())
    }
}

/// An estimate with its interval and the two-sided p-value of "nothing changes".
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Change {
    /// The estimate.
    pub estimate: f64,
    /// Its interval.
    #[serde(flatten)]
    pub interval: Interval,
    /// The two-sided p-value; 0 or 1 where nothing varies.
    pub p: f64,
    /// Degrees of freedom: shifts less one.
    pub df: f64,
}

/// An estimate with a standard error, by Student's t.
fn change(estimate: f64, error: f64, df: f64, confidence: Confidence, side: Side) -> Change {
    if error <= 0.0 {
        let p = if estimate == 0.0 { 1.0 } else { 0.0 };
        return Change { estimate, interval: side.of(estimate, estimate), p, df };
    }
    let reach = -student_quantile(side.alpha_each(confidence), df) * error;
    let p = 2.0 * student_cdf(-(estimate / error).abs(), df);
    Change { estimate, interval: side.of(estimate - reach, estimate + reach), p, df }
}

/// The slope of ln takt per hour within shifts: least squares with an intercept for each shift, and an interval that holds
/// whatever the dependence within a shift. 0.01 means that takts grow by 1 % in an hour: fatigue, heat, a gripper wearing.
///
/// The variance is the cluster-robust one (Liang and Zeger, Biometrika 73, 1986) with the factor `K/(K−1)`, and Student's t
/// with `K − 1` degrees of freedom (Cameron and Miller, Journal of Human Resources 50, 2015).
///
/// # Errors
/// Fewer than 2 shifts, units without hours, or all hours equal within their shifts.
pub fn slope_within_shift(shifts: &[ShiftUnits], confidence: Confidence, side: Side) -> Result<Change, StatError> {
    enough("shifts", shifts, 2)?;
    let (mut along, mut spread) = (0.0, 0.0);
    let mut centred = Vec::with_capacity(shifts.len());
    for shift in shifts {
        shift.check()?;
        let logs = logarithms(&shift.takt_s);
        let (hour, log) = (mean(&shift.hours), mean(&logs));
        let points: Vec<(f64, f64)> = shift.hours.iter().zip(&logs).map(|(h, l)| (h - hour, l - log)).collect();
        along += points.iter().map(|(x, y)| x * y).sum::<f64>();
        spread += points.iter().map(|(x, _)| x * x).sum::<f64>();
        centred.push(points);
    }
    if spread <= 1e-18 {
        return Err(StatError::NoSolution("the hours do not vary within any shift"));
    }
    let slope = along / spread;
    let scores: f64 = centred
        .iter()
        .map(|points| {
            let score: f64 = points.iter().map(|(x, y)| x * (y - slope * x)).sum();
            score * score
        })
        .sum();
    let k = count(shifts);
    let error = sqrt(k / (k - 1.0) * scores) / spread;
    Ok(change(slope, error, k - 1.0, confidence, side))
}

/// The ratio of geometric mean takts, last hour by first hour of a shift, with an interval over shifts (a t-test on each
/// shift's difference of mean ln takt). Units belong to the first hour where their hour is below 1, to the last where it is
/// at least `shift_h − 1`.
///
/// # Errors
/// Fewer than 2 shifts, a shift of less than 2 hours, or one without units in its first or last hour.
pub fn last_by_first_hour(
    shifts: &[ShiftUnits],
    shift_h: f64,
    confidence: Confidence,
    side: Side,
) -> Result<Change, StatError> {
    enough("shifts", shifts, 2)?;
    within("shift_h", shift_h, 2.0..=1e4, "from 2 to 10,000 hours")?;
    let mut differences = Vec::with_capacity(shifts.len());
    for shift in shifts {
        shift.check()?;
        let of = |wanted: &dyn Fn(f64) -> bool| -> Vec<f64> {
            shift
                .hours
                .iter()
                .zip(&shift.takt_s)
                .filter(|(hour, _)| wanted(**hour))
                .map(|(_, &takt)| log(takt))
                .collect()
        };
        let (first, last) = (of(&|hour| hour < 1.0), of(&|hour| hour >= shift_h - 1.0));
        enough("units of a first hour", &first, 1)?;
        enough("units of a last hour", &last, 1)?;
        differences.push(mean(&last) - mean(&first));
    }
    let k = count(&differences);
    let found = change(mean(&differences), sqrt(variance(&differences) / k), k - 1.0, confidence, side);
    Ok(Change { estimate: exp(found.estimate), interval: scaled(found.interval, exp), ..found })
}

/// A statistic followed over a series, and where it first crossed its limit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Path {
    /// The statistic after each number of the series.
    pub statistic: Vec<f64>,
    /// The place of the first alarm, counted from 0.
    pub alarm: Option<usize>,
}

/// The Page–Hinkley test for a rise of the mean (Page, Biometrika 41, 1954; Hinkley, Biometrika 58, 1971): the sum of
/// `x_t − (mean of x_1..x_t) − tolerance`, above its least value so far; an alarm where that exceeds `limit`. For shift
/// means in their order; to find a fall, change the sign of the series.
///
/// # Errors
/// An empty series, numbers that are not finite, a negative tolerance, a limit that is not above zero.
pub fn page_hinkley(values: &[f64], tolerance: f64, limit: f64) -> Result<Path, StatError> {
    series("values", values, 1)?;
    within("tolerance", tolerance, 0.0..=1e100, "from 0 to 1e100")?;
    within("limit", limit, 1e-300..=1e100, "above 0")?;
    let (mut sum, mut total, mut n, mut least) = (0.0, 0.0, 0.0, 0.0f64);
    let statistic: Vec<f64> = values
        .iter()
        .map(|value| {
            n += 1.0;
            total += value;
            sum += value - total / n - tolerance;
            least = least.min(sum);
            sum - least
        })
        .collect();
    let alarm = statistic.iter().position(|&value| value > limit);
    Ok(Path { statistic, alarm })
}

/// A two-sided cumulative sum of shift means.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TwoSidedPath {
    /// The sum that grows where the mean rises, in standard deviations.
    pub rise: Vec<f64>,
    /// The sum that grows where the mean falls, in standard deviations.
    pub fall: Vec<f64>,
    /// The place of the first alarm, counted from 0.
    pub alarm: Option<usize>,
}

/// The tabular CUSUM (Page, Biometrika 41, 1954; Montgomery, Introduction to Statistical Quality Control, section 9.1) of
/// shift means: `C⁺ = max(0, C⁺ + z − slack)`, `C⁻ = max(0, C⁻ − z − slack)` with `z = (x − target)/deviation`; an alarm
/// where one exceeds `limit`. Usual values are a slack of 0.5 and a limit of 5.
///
/// # Errors
/// An empty series, numbers that are not finite, a deviation that is not above zero.
pub fn cusum(values: &[f64], target: f64, deviation: f64, slack: f64, limit: f64) -> Result<TwoSidedPath, StatError> {
    series("values", values, 1)?;
    finite("target", &[target])?;
    within("deviation", deviation, 1e-100..=1e100, "above 0")?;
    within("slack", slack, 0.0..=1e6, "from 0 to 1e6")?;
    within("limit", limit, 1e-300..=1e100, "above 0")?;
    let (mut up, mut down) = (0.0f64, 0.0f64);
    let (mut rise, mut fall) = (Vec::with_capacity(values.len()), Vec::with_capacity(values.len()));
    for value in values {
        let z = (value - target) / deviation;
        up = (up + z - slack).max(0.0);
        down = (down - z - slack).max(0.0);
        rise.push(up);
        fall.push(down);
    }
    let alarm = rise.iter().zip(&fall).position(|(up, down)| *up > limit || *down > limit);
    Ok(TwoSidedPath { rise, fall, alarm })
}

/// A learning curve `T_n = T_1 n^b`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LearningCurve {
    /// The first unit's (or shift's) takt, in the unit of the input.
    pub first: f64,
    /// The exponent `b`; negative where takts get shorter.
    pub exponent: f64,
    /// `2^b`: what is left of the takt at each doubling; 0.9 is a "90 % curve".
    pub rate: f64,
    /// The share of the variance of ln takt that the curve explains.
    pub r_squared: f64,
}

/// Wright's learning curve (Journal of the Aeronautical Sciences 3, 1936) of takts in seconds in their order, by least
/// squares of ln takt on ln n.
///
/// # Errors
/// Fewer than 3 takts, or one that is no duration.
pub fn learning_curve(takt_s: &[f64]) -> Result<LearningCurve, StatError> {
    series("seconds", takt_s, 3)?;
    durations("seconds", takt_s)?;
    // OK: series are short enough for exact places.
    let places: Vec<f64> = (1..=takt_s.len()).map(|n| log(n as f64)).collect();
    let logs = logarithms(takt_s);
    let (intercept, exponent) = line(&places, &logs).ok_or(StatError::NoSolution("the places do not vary"))?;
    let total = squares(&logs, mean(&logs));
    let left: f64 =
        places.iter().zip(&logs).map(|(x, y)| y - intercept - exponent * x).map(|error| error * error).sum();
    let r_squared = if total > 0.0 { (1.0 - left / total).max(0.0) } else { 1.0 };
    Ok(LearningCurve { first: exp(intercept), exponent, rate: libm::exp2(exponent), r_squared })
}

/// Whether learning has ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Plateau {
    /// The relative change of takt per shift over the window; −0.02 for 2 % shorter takts each shift.
    pub change_per_shift: f64,
    /// Its interval.
    #[serde(flatten)]
    pub interval: Interval,
    /// Whether the change is smaller than the limit either way: the rule for using a baseline.
    pub reached: bool,
}

/// The plateau rule: the slope of mean ln takt (takt in seconds) on the shift's number, over the last `window` shifts, as a
/// relative change per shift. The plateau is reached where its size is below `limit` (0.01 for 1 %). The interval is by
/// Student's t with `window − 2` degrees of freedom; a wide one says that the rule was passed by luck.
///
/// # Errors
/// A window of fewer than 3 shifts, fewer shifts than the window, numbers that are not finite.
pub fn plateau(
    mean_ln_takt: &[f64],
    window: usize,
    limit: f64,
    confidence: Confidence,
    side: Side,
) -> Result<Plateau, StatError> {
    enough("mean_ln_takt", mean_ln_takt, window.max(3))?;
    for &shift in mean_ln_takt {
        within("mean_ln_takt", shift, -200.0..=200.0, "from -200 to 200")?;
    }
    within("limit", limit, 0.0..=1.0, "from 0 to 1")?;
    // OK: a window beyond the number of shifts was refused above.
    within("window", window as f64, 3.0..=1e6, "from 3 to 1,000,000")?;
    let last = &mean_ln_takt[mean_ln_takt.len() - window..];
    // OK: at most 1,000,000.
    let places: Vec<f64> = (0..window).map(|place| place as f64).collect();
    let (intercept, slope) = line(&places, last).ok_or(StatError::NoSolution("the places do not vary"))?;
    let left: Vec<f64> = places.iter().zip(last).map(|(x, y)| y - intercept - slope * x).collect();
    let df = count(last) - 2.0;
    let error = sqrt(squares(&left, 0.0) / df) / (deviation(&places) * sqrt(count(last) - 1.0));
    let found = change(slope, error, df, confidence, side);
    let change_per_shift = expm1(slope);
    Ok(Plateau { change_per_shift, interval: scaled(found.interval, expm1), reached: change_per_shift.abs() < limit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64, digits: f64) {
        assert!((found - expected).abs() <= digits, "{found} is not {expected}");
    }

    fn drifting(slope: f64, level: f64) -> ShiftUnits {
        let hours: Vec<f64> = (0..80).map(|i| f64::from(i) * 0.1).collect();
        let takt_s = hours.iter().map(|hour| level * exp(slope * hour)).collect();
        ShiftUnits { hours, takt_s }
    }

    #[test]
    fn slope_per_hour() {
        let shifts = [drifting(0.01, 40.0), drifting(0.02, 60.0), drifting(0.03, 35.0)];
        let found = slope_within_shift(&shifts, Confidence::USUAL, Side::Two).expect("an answer");
        // Equal spreads: the slope is the mean of the three, and its error that of a mean of three numbers.
        near(found.estimate, 0.02, 1e-12);
        let reach = student_quantile(0.975, 2.0) * 0.01 / sqrt(3.0);
        near(found.interval.upper.expect("a bound"), 0.02 + reach, 1e-11);
        let same = ShiftUnits { hours: vec![1.0, 1.0], takt_s: vec![40.0, 41.0] };
        assert!(slope_within_shift(&[same.clone(), same], Confidence::USUAL, Side::Two).is_err());
    }

    #[test]
    fn last_hour_by_first_hour() {
        let shifts = [drifting(0.01, 40.0), drifting(0.01, 60.0)];
        let found = last_by_first_hour(&shifts, 8.0, Confidence::USUAL, Side::Two).expect("an answer");
        near(found.estimate, exp(0.07), 1e-9);
        assert!(last_by_first_hour(&shifts, 12.0, Confidence::USUAL, Side::Two).is_err());
    }

    #[test]
    fn a_rise_is_found() {
        let mut values = vec![0.0; 20];
        values.extend([1.0; 10]);
        let found = page_hinkley(&values, 0.05, 2.0).expect("an answer");
        // By hand: the sum rises by 1 − j/(20 + j) − 0.05 at the j-th raised value: .902, .859, .820.
        assert_eq!(found.alarm, Some(22));
        let found = cusum(&values, 0.0, 1.0, 0.5, 2.0).expect("an answer");
        assert_eq!((found.alarm, found.rise[23]), (Some(24), 2.0));
        assert!(found.fall.iter().all(|&fall| fall == 0.0));
        assert!(cusum(&values, 0.0, 0.0, 0.5, 2.0).is_err());
    }

    #[test]
    fn wrights_curve() {
        let takts: Vec<f64> = (1..=64).map(|n| 100.0 * libm::pow(f64::from(n), log(0.9) / log(2.0))).collect();
        let found = learning_curve(&takts).expect("an answer");
        near(found.first, 100.0, 1e-9);
        near(found.rate, 0.9, 1e-12);
        near(found.r_squared, 1.0, 1e-12);
    }

    #[test]
    fn the_plateau() {
        let falling: Vec<f64> = (0..10).map(|shift| 4.0 - 0.02 * f64::from(shift)).collect();
        let found = plateau(&falling, 5, 0.01, Confidence::USUAL, Side::Two).expect("an answer");
        near(found.change_per_shift, expm1(-0.02), 1e-12);
        assert!(!found.reached);
        let flat =
            plateau(&[4.0, 3.7, 3.69, 3.688, 3.69, 3.689], 4, 0.01, Confidence::USUAL, Side::Two).expect("an answer");
        assert!(flat.reached);
        assert!(plateau(&falling, 11, 0.01, Confidence::USUAL, Side::Two).is_err());
    }
}
