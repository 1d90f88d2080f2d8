//! The rhythm of a station: takt from good count to good count, and whether robots keep the takt of people.
//!
//! ```text
//!   start        good      good  aborted   good            end of the shift
//!     |---- 1 ----|--- 2 ---|------- 3 -------|-- trailing --|
//! ```
//!
//! A takt runs from one good count at the station to the next, the first from the start of the shift. What happens in
//! between, aborts and rework included, burdens the next good unit. The trailing time has no good unit and is charged to
//! the whole shift ([`Takts::mean_ln_takt`]).
//!
//! The shift is the unit of every test here: units of one shift share light, parts and people, and are no independent
//! trials. Tests over units, for laboratory trials only, are in [`crate::stats::rank`].

use libm::{exp, floor, log, log1p, sqrt};

use serde::Serialize;

use crate::bound::{Confidence, Interval, Side, StatError, within};
use crate::math::distribution::{student_cdf, student_quantile};
use crate::math::root;
use crate::stats::sample::{
    SECONDS_MAX, at_most, count, deviation, durations, enough, finite, logarithms, mean, median, scaled, variance,
};

/// Units that one shift may hold.
const UNITS_MAX: usize = 10_000_000;

/// The takts of one shift.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Takts {
    /// Seconds from good count to good count; the first from the start of the shift.
    pub takt_s: Vec<f64>,
    /// Seconds from the last good count to the end of the shift; the whole shift where no unit was good.
    pub trailing_s: f64,
    /// How many units ended otherwise: aborted, scrapped, sent to rework.
    pub other: usize,
    /// The mean of ln takt (takt in seconds) with the trailing time charged.
    pub mean_ln_takt: f64,
    /// The longest time without a good count, the trailing time included, in seconds.
    pub longest_gap_s: f64,
}

/// Takts of one shift from its start, its end, the ascending times of its good counts and the times of all its other unit
/// ends. All times are seconds on one clock of planned work, from which planned breaks have been cut out.
///
/// With `n` good units, takts `t_i` and trailing time `D`, the shift's statistic is `L = mean ln t_i` plus the larger of
/// two charges for `D`:
///
/// 1. `ln((T + D) / T)` with `T = Σ t_i`: each takt is stretched, so that takts add up to the length of the shift;
/// 2. the largest rise of `L` that any further `m` good units within `D` could have caused,
///    `max over m of m (ln(D/m) − L) / (n + m)`, with `m` any positive number.
///
/// By the second, giving up never pays: whatever good units would still have been made in the trailing time, the statistic
/// is at least as high as with them. A shift without a good unit gets `ln(end − start)`, as though one had come at the
/// very end; it stays in every comparison.
///
/// Two good counts at the same time (a double count, or a pair that is counted at once) are refused: a takt of zero has no
/// logarithm, and a pair is one unit of work for the takt.
///
/// # Errors
/// Where times are not finite, not ascending, outside the shift, or where the shift has no length.
pub fn takts(start_s: f64, end_s: f64, good_s: &[f64], other_s: &[f64]) -> Result<Takts, StatError> {
    within("start_s", start_s, -1e12..=1e12, "seconds within 1e12 of the clock's zero")?;
    within("end_s", end_s, -1e12..=1e12, "seconds within 1e12 of the clock's zero")?;
    within("end_s - start_s", end_s - start_s, 1e-3..=SECONDS_MAX, "a length from 0.001 s to 1e9 s")?;
    at_most("good_s", good_s.len(), UNITS_MAX, "at most 10,000,000 units")?;
    for &end in other_s {
        within("other_s", end, start_s..=end_s, "within the shift")?;
    }
    let mut takt_s = Vec::with_capacity(good_s.len());
    let mut last = start_s;
    for &good in good_s {
        within("good_s", good, start_s..=end_s, "within the shift")?;
        if good <= last {
            return Err(StatError::Mismatch(
                "good counts must come after the start, in ascending order, one at a time",
            ));
        }
        takt_s.push(good - last);
        last = good;
    }
    let trailing_s = end_s - last;
    let mean_ln_takt = charged(&takt_s, trailing_s);
    let longest_gap_s = takt_s.iter().copied().fold(trailing_s, f64::max);
    Ok(Takts { takt_s, trailing_s, other: other_s.len(), mean_ln_takt, longest_gap_s })
}

/// The mean of ln takt, with the trailing time charged as [`takts`] says.
fn charged(takt_s: &[f64], trailing_s: f64) -> f64 {
    if takt_s.is_empty() {
        return log(trailing_s);
    }
    let plain = mean(&logarithms(takt_s));
    if trailing_s <= 0.0 {
        return plain;
    }
    let stretched = log1p(trailing_s / takt_s.iter().sum::<f64>());
    plain + stretched.max(worst_continuation(count(takt_s), plain, trailing_s))
}

/// The largest rise of a mean of `n` logarithms `plain` by further units within `trailing_s`.
///
/// The rise `m (ln(D/m) − L) / (n + m)` has one peak, where `n (ln(D/m) − L − 1) = m`; there it equals `m / n`.
fn worst_continuation(n: f64, plain: f64, trailing_s: f64) -> f64 {
    let reach = log(trailing_s) - plain;
    // With u = ln m: the left side falls and the right side rises, and the root lies below reach − 1.
    let excess = |u: f64| n * (reach - u - 1.0) - exp(u);
    let high = (reach - 1.0).min(700.0);
    let mut low = high - 1.0;
    while excess(low) < 0.0 && low > -1e4 {
        low = high - 2.0 * (high - low);
    }
    root::bracketed(excess, low, high).map_or(0.0, |u| exp(u) / n)
}

/// The mean of ln takt of each shift, all of whose takts (seconds) are given.
///
/// # Errors
/// Where a shift is empty, or a takt is no duration.
pub fn shift_means(what: &'static str, shifts: &[Vec<f64>]) -> Result<Vec<f64>, StatError> {
    shifts
        .iter()
        .map(|shift| {
            enough(what, shift, 1)?;
            durations(what, shift)?;
            Ok(mean(&logarithms(shift)))
        })
        .collect()
}

/// What a comparison of takts gives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Noninferiority {
    /// The ratio of geometric means, robot by human; above 1 the robot is slower.
    pub ratio: f64,
    /// Its interval.
    #[serde(flatten)]
    pub interval: Interval,
    /// The one-sided p-value of "the ratio is at least 1 + margin".
    pub p: f64,
    /// The test statistic; `None` where it is infinite, because no shift differs from the others of its side.
    pub t: Option<f64>,
    /// Welch's degrees of freedom; `None` where no shift differs from the others of its side.
    pub df: Option<f64>,
    /// Shifts of robots.
    pub robot_shifts: usize,
    /// Shifts of people.
    pub human_shifts: usize,
}

/// Whether robots keep the takt of people within a margin: Welch's test (Biometrika 34, 1947) on shift means of ln takt,
/// against the hypothesis that the ratio of geometric means is at least `1 + margin` (0.10 for 10 %).
///
/// `robot` and `human` hold one mean of ln takt per shift ([`takts`] or [`shift_means`]). Every shift weighs the same.
/// Where neither side varies at all, the interval is the ratio itself, and p is 0 or 1.
///
/// # Errors
/// Fewer than 2 shifts on a side, numbers that are not finite, a margin outside of 0 to 10.
pub fn noninferiority(
    robot: &[f64],
    human: &[f64],
    margin: f64,
    confidence: Confidence,
    side: Side,
) -> Result<Noninferiority, StatError> {
    for (what, shifts) in [("robot", robot), ("human", human)] {
        enough(what, shifts, 2)?;
        for &shift in shifts {
            within(what, shift, -200.0..=200.0, "a mean of ln takt between -200 and 200")?;
        }
    }
    within("margin", margin, 0.0..=10.0, "from 0 to 10")?;
    let (robot_shifts, human_shifts) = (robot.len(), human.len());
    let difference = mean(robot) - mean(human);
    let excess = difference - log1p(margin);
    let (from_robot, from_human) = (variance(robot) / count(robot), variance(human) / count(human));
    let square = from_robot + from_human;
    if square <= 0.0 {
        let p = if excess < 0.0 { 0.0 } else { 1.0 };
        let interval = side.of(exp(difference), exp(difference));
        return Ok(Noninferiority {
            ratio: exp(difference),
            interval,
            p,
            t: None,
            df: None,
            robot_shifts,
            human_shifts,
        });
    }
    // Shares of the variance instead of their squares: these cannot underflow.
    let (share_robot, share_human) = (from_robot / square, from_human / square);
    let df =
        1.0 / (share_robot * share_robot / (count(robot) - 1.0) + share_human * share_human / (count(human) - 1.0));
    let error = sqrt(square);
    let reach = -student_quantile(side.alpha_each(confidence), df) * error;
    let t = excess / error;
    Ok(Noninferiority {
        ratio: exp(difference),
        interval: scaled(side.of(difference - reach, difference + reach), exp),
        p: student_cdf(t, df),
        t: Some(t),
        df: Some(df),
        robot_shifts,
        human_shifts,
    })
}

/// Units that kept the takt, of all that a shift should have given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Adherence {
    /// Takts of at most the target.
    pub kept: u64,
    /// All takts, and the units that the trailing time had room for.
    pub units: u64,
}

/// Takt adherence of one shift: how many takts are at most `target_s`. Trailing time counts as `floor(trailing / target)`
/// units that missed it. Bound the share over shifts with a method for clustered units, never as independent trials.
///
/// # Errors
/// Where a takt or the target is no duration, or the trailing time is negative.
pub fn adherence(takt_s: &[f64], trailing_s: f64, target_s: f64) -> Result<Adherence, StatError> {
    durations("takt_s", takt_s)?;
    durations("target_s", &[target_s])?;
    within("trailing_s", trailing_s, 0.0..=SECONDS_MAX, "from 0 to 1e9 s")?;
    let kept = takt_s.iter().filter(|&&takt| takt <= target_s).count();
    // OK: at most 1e9 s by 1e-9 s, which is below 2^63.
    let missed = floor(trailing_s / target_s) as u64;
    // OK: lengths fit 64 bits.
    Ok(Adherence { kept: kept as u64, units: takt_s.len() as u64 + missed })
}

/// How evenly units come.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// The arithmetic mean, in the unit of the input.
    pub mean: f64,
    /// The standard deviation with `n − 1`.
    pub deviation: f64,
    /// Deviation by mean.
    pub coefficient_of_variation: f64,
    /// `(s − m)/(s + m)`: −1 for a clockwork, 0 for a Poisson process, towards 1 for bursts.
    pub burstiness: f64,
    /// The longest takt: how long the next station starves.
    pub longest: f64,
}

/// Coefficient of variation, burstiness (Goh and Barabási, EPL 81, 2008) and the longest gap of takts in seconds.
///
/// # Errors
/// Fewer than 2 takts, or a takt that is no duration.
pub fn spread(takt_s: &[f64]) -> Result<Spread, StatError> {
    enough("seconds", takt_s, 2)?;
    durations("seconds", takt_s)?;
    let (mean, deviation) = (mean(takt_s), deviation(takt_s));
    Ok(Spread {
        mean,
        deviation,
        coefficient_of_variation: deviation / mean,
        burstiness: (deviation - mean) / (deviation + mean),
        longest: takt_s.iter().copied().fold(0.0, f64::max),
    })
}

/// Where the takt of a human baseline comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BaselineSource {
    /// The timed study.
    Study,
    /// The station's own record of the last 90 days.
    Record,
    /// A standard time (MTM, REFA).
    Standard,
}

/// A human baseline that cannot have been made slow on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Baseline {
    /// The takt that robots are compared with: the least of the medians and the standard time, in seconds.
    pub takt_s: f64,
    /// Which of them it is.
    pub source: BaselineSource,
    /// The median of the study over all its units, in seconds.
    pub study_s: f64,
    /// The median of the record over all its units, in seconds.
    pub record_s: f64,
    /// Study against record; the study is usable where its upper bound is at most `1 + margin`.
    pub study_by_record: Noninferiority,
    /// Whether the study is shown to be no slower than the record.
    pub usable: bool,
}

/// Guards against a human baseline that was made slow: the study's shifts must not be slower than the station's 90-day
/// record within `margin`, and the takt used is the least of the study's median, the record's median and the standard
/// time. Takts are seconds, one list per shift.
///
/// # Errors
/// As [`noninferiority`] and [`shift_means`].
pub fn baseline(
    study: &[Vec<f64>],
    record: &[Vec<f64>],
    standard_s: Option<f64>,
    margin: f64,
    confidence: Confidence,
) -> Result<Baseline, StatError> {
    let (study_means, record_means) = (shift_means("study", study)?, shift_means("record", record)?);
    let study_by_record = noninferiority(&study_means, &record_means, margin, confidence, Side::Upper)?;
    let (study_s, record_s) = (median(&study.concat()), median(&record.concat()));
    let mut least = (study_s, BaselineSource::Study);
    if record_s < least.0 {
        least = (record_s, BaselineSource::Record);
    }
    if let Some(standard_s) = standard_s {
        durations("standard_s", &[standard_s])?;
        if standard_s < least.0 {
            least = (standard_s, BaselineSource::Standard);
        }
    }
    let usable = study_by_record.interval.upper.is_some_and(|upper| upper <= 1.0 + margin);
    Ok(Baseline { takt_s: least.0, source: least.1, study_s, record_s, study_by_record, usable })
}

/// Checks the numbers of a series of shift statistics.
pub(crate) fn series(what: &'static str, values: &[f64], needed: usize) -> Result<(), StatError> {
    enough(what, values, needed)?;
    at_most(what, values.len(), UNITS_MAX, "at most 10,000,000 numbers")?;
    finite(what, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64, digits: f64) {
        assert!((found - expected).abs() <= digits, "{found} is not {expected}");
    }

    const ROBOT: [f64; 12] = [38.1, 39.4, 37.2, 41.0, 36.8, 40.2, 39.9, 38.7, 37.9, 42.3, 36.5, 39.0];
    const HUMAN: [f64; 12] = [35.2, 41.8, 37.0, 36.1, 44.9, 33.8, 38.5, 40.3, 36.6, 39.7, 35.9, 43.2];

    #[test]
    fn aborted_time_burdens_the_next_good_unit() {
        let shift = takts(100.0, 400.0, &[140.0, 180.0, 300.0, 340.0], &[220.0, 260.0]).expect("a shift");
        assert_eq!(shift.takt_s, [40.0, 40.0, 120.0, 40.0]);
        assert_eq!((shift.trailing_s, shift.other, shift.longest_gap_s), (60.0, 2, 120.0));
        // Takts stretched to the length of the shift: 300 s by 240 s.
        let plain = 0.75 * log(40.0) + 0.25 * log(120.0);
        near(shift.mean_ln_takt, plain + log(300.0 / 240.0), 1e-14);
    }

    #[test]
    fn giving_up_never_pays() {
        // Irregular takts, then a choice: stop, or make m more units evenly until the end.
        for trailing in [1.0, 30.0, 400.0, 4_000.0, 100_000.0] {
            let takt: Vec<f64> = (0..100).map(|i| if i % 2 == 0 { 1.0 } else { 79.0 }).collect();
            let stopped = charged(&takt, trailing);
            for m in [1, 2, 5, 10, 30, 100, 1_000] {
                let mut more = takt.clone();
                more.extend(std::iter::repeat_n(trailing / f64::from(m), m as usize));
                assert!(mean(&logarithms(&more)) <= stopped + 1e-12, "{m} more units within {trailing} s");
            }
        }
    }

    #[test]
    fn a_shift_without_a_good_unit_stays() {
        let shift = takts(0.0, 28_800.0, &[], &[5.0]).expect("a shift");
        near(shift.mean_ln_takt, log(28_800.0), 1e-15);
        assert_eq!(shift.longest_gap_s, 28_800.0);
        assert!(takts(0.0, 10.0, &[2.0, 2.0], &[]).is_err() && takts(0.0, 10.0, &[11.0], &[]).is_err());
        assert!(takts(0.0, f64::NAN, &[], &[]).is_err() && takts(5.0, 5.0, &[], &[]).is_err());
    }

    #[test]
    fn welch_on_logarithms() {
        let (robot, human) = (logarithms(&ROBOT), logarithms(&HUMAN));
        let found = noninferiority(&robot, &human, 0.10, Confidence::USUAL, Side::Upper).expect("an answer");
        near(found.p, 0.004_574_2, 5e-8);
        near(found.t.expect("a statistic"), -2.955_4, 5e-5);
        near(found.df.expect("degrees of freedom"), 16.334, 5e-4);
        assert_eq!(found.interval.lower, None);
    }

    #[test]
    fn no_variance_has_a_closed_form() {
        let found =
            noninferiority(&[1.0, 1.0], &[1.0, 1.0, 1.0], 0.1, Confidence::USUAL, Side::Two).expect("an answer");
        assert_eq!((found.ratio, found.p, found.t), (1.0, 0.0, None));
        assert_eq!(found.interval, Interval { lower: Some(1.0), upper: Some(1.0) });
        let slower = noninferiority(&[2.0, 2.0], &[1.0, 1.0], 0.1, Confidence::USUAL, Side::Upper).expect("an answer");
        assert_eq!(slower.p, 1.0);
        let one = noninferiority(&[1.0, 1.0], &[1.0, 1.1], 0.1, Confidence::USUAL, Side::Upper).expect("an answer");
        near(one.df.expect("degrees of freedom"), 1.0, 1e-12);
        assert!(noninferiority(&[1.0], &[1.0, 1.1], 0.1, Confidence::USUAL, Side::Upper).is_err());
    }

    #[test]
    fn trailing_time_misses_the_takt() {
        let found = adherence(&[38.0, 42.0, 40.0], 125.0, 40.0).expect("an answer");
        assert_eq!(found, Adherence { kept: 2, units: 6 });
        assert!(adherence(&[38.0], 1e9, 0.0).is_err());
    }

    #[test]
    fn clockwork_and_bursts() {
        let clockwork = spread(&[40.0, 40.0, 40.0]).expect("an answer");
        assert_eq!((clockwork.burstiness, clockwork.coefficient_of_variation), (-1.0, 0.0));
        let robot = spread(&ROBOT).expect("an answer");
        near(robot.mean, 38.916_667, 5e-7);
        near(robot.deviation, 1.749_199, 5e-7);
        near(spread(&HUMAN).expect("an answer").deviation, 3.436_392, 5e-7);
    }

    #[test]
    fn a_slow_study_is_not_used() {
        let record = vec![vec![38.0, 39.0, 40.0], vec![39.0, 39.5], vec![38.5, 39.2]];
        let slow: Vec<Vec<f64>> = record.iter().map(|shift| shift.iter().map(|takt| takt * 1.3).collect()).collect();
        let found = baseline(&slow, &record, None, 0.05, Confidence::USUAL).expect("an answer");
        assert!(!found.usable);
        assert_eq!((found.takt_s, found.source), (39.0, BaselineSource::Record));
        let found = baseline(&record, &record, Some(36.0), 0.05, Confidence::USUAL).expect("an answer");
        assert!(found.usable);
        assert_eq!((found.takt_s, found.source), (36.0, BaselineSource::Standard));
    }
}
