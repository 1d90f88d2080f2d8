//! After deployment: statistics that watch a stream, and say when it got worse.

use libm::{ceil, floor, log};

use serde::{Deserialize, Serialize};

use crate::bound::{StatError, within};
use crate::stats::rhythm::series;
use crate::stats::sample::{at_most, enough};
use crate::stats::steadiness::Path;

/// States of a Markov chain up to which average run lengths are computed.
const STATES_MAX: usize = 20_000;

/// Entries that the chain's band may have (64 MiB).
const BAND_MAX: f64 = 8e6;

/// Multiplications that an elimination may take.
const WORK_MAX: f64 = 2e8;

/// Run lengths beyond this are not told apart from an endless run.
const LENGTH_MAX: f64 = 1e9;

/// Where e-detectors stop growing, so that they stay finite.
const EVIDENCE_MAX: f64 = 1e300;

/// The steps of a Bernoulli CUSUM.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BernoulliSteps {
    /// What a failure adds: `ln(bad/good)`, above zero.
    pub failure: f64,
    /// What a success adds: `ln((1 − bad)/(1 − good))`, below zero.
    pub success: f64,
}

/// The steps of the Bernoulli CUSUM that tells a failure share of `bad` from one of `good` (Reynolds and Stoumbos, Journal
/// of Quality Technology 31, 1999).
///
/// # Errors
/// Where not `0 < good < bad < 1`.
pub fn bernoulli_steps(good: f64, bad: f64) -> Result<BernoulliSteps, StatError> {
    within("good_share", good, 1e-12..=1.0 - 1e-12, "above 0 and below 1")?;
    within("bad_share", bad, 1e-12..=1.0 - 1e-12, "above 0 and below 1")?;
    if bad <= good {
        return Err(StatError::Mismatch("the bad failure share must be larger than the good one"));
    }
    Ok(BernoulliSteps { failure: log(bad / good), success: libm::log1p(-bad) - libm::log1p(-good) })
}

/// The Bernoulli CUSUM of a stream of outcomes (`true` for a failure): `S = max(0, S + step)`, an alarm where `S` reaches
/// `limit`. It takes outcomes to be independent; where shifts differ, set `good` to a high quantile of past shifts' shares,
/// or watch shifts with [`e_detector`].
///
/// # Errors
/// No outcomes, shares out of order, or a limit that is not above zero.
pub fn bernoulli_cusum(failures: &[bool], good: f64, bad: f64, limit: f64) -> Result<Path, StatError> {
    enough("failures", failures, 1)?;
    at_most("failures", failures.len(), 10_000_000, "at most 10,000,000 outcomes")?;
    within("limit", limit, 1e-9..=1e6, "above 0")?;
    let steps = bernoulli_steps(good, bad)?;
    Ok(follow(failures.iter().map(|&failed| if failed { steps.failure } else { steps.success }), limit))
}

/// A one-sided cumulative sum of steps, with an alarm where it reaches the limit.
fn follow(steps: impl Iterator<Item = f64>, limit: f64) -> Path {
    let mut sum = 0.0f64;
    let statistic: Vec<f64> = steps
        .map(|step| {
            sum = (sum + step).max(0.0);
            sum
        })
        .collect();
    let alarm = statistic.iter().position(|&value| value >= limit);
    Path { statistic, alarm }
}

/// The average run length of a Bernoulli CUSUM from zero to its alarm, in units.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RunLength {
    /// A lower bound: the chain whose failure steps are rounded up to the grid.
    pub lower: f64,
    /// An upper bound: the chain whose failure steps are rounded down to the grid.
    pub upper: f64,
    /// The chain of 400 states with linear interpolation between them.
    pub interpolated: f64,
}

/// The average run length of the Bernoulli CUSUM for units that fail independently with a share of `failing`.
///
/// Two kinds of Markov chain give it (Brook and Evans, Biometrika 59, 1972):
///
/// - `lower` and `upper`: the grid divides the success step into whole parts, so that only the failure step needs
///   rounding. Run length falls as that step grows, so rounding it up and down gives bounds for the exact value.
/// - `interpolated`: 400 states at multiples of `limit/400`, where a step that ends between two states goes to both, by
///   its distances. Printed tables are often of this kind; it may be off by a few per cent, and is no bound.
///
/// # Errors
/// Shares out of order, a limit outside of 0 to 1,000, a limit so many steps away that the chain is too large, or
/// a run length beyond 1e9 units.
pub fn bernoulli_run_length(good: f64, bad: f64, limit: f64, failing: f64) -> Result<RunLength, StatError> {
    let steps = bernoulli_steps(good, bad)?;
    within("limit", limit, 1e-6..=1e3, "from 1e-6 to 1,000")?;
    within("failing_share", failing, 1e-9..=1.0, "above 0, to 1")?;
    let down = -steps.success;
    // The finest grid that the limits on states and work allow.
    let mut parts = 0.0;
    for candidate in [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0] {
        let width = down / candidate;
        let (states, up) = (ceil(limit / width), ceil(steps.failure / width).min(ceil(limit / width)));
        // OK: a limit of 20,000 as a double.
        let fits = states <= STATES_MAX as f64
            && states * (candidate + up + 1.0) <= BAND_MAX
            && states * candidate * up <= WORK_MAX;
        if fits {
            parts = candidate;
        }
    }
    if parts == 0.0 {
        return Err(StatError::NoSolution("the limit is too many success steps away for the chain"));
    }
    let width = down / parts;
    // A state at or beyond the limit is an alarm; where the limit falls on the grid, each bound takes its own view of it.
    let lattice = |up: f64, slack: f64| {
        // OK: at most 20,001 by the check above.
        let states = ceil(limit / width + slack).max(1.0) as usize;
        // OK: beyond the states is as good as at their end.
        let (down, up) = (parts as usize, up.clamp(1.0, states as f64) as usize);
        run_length(states, down, up, |state| [(state.saturating_sub(down), 1.0 - failing), (state + up, failing)])
    };
    let exact_up = steps.failure / width;
    let found = RunLength {
        lower: lattice(ceil(exact_up), -1e-9),
        upper: lattice(floor(exact_up), 1e-9),
        interpolated: interpolated(steps, limit, failing),
    };
    // The elimination loses as many digits as the run length has.
    if [found.lower, found.upper, found.interpolated].iter().all(|length| (1.0..=LENGTH_MAX).contains(length)) {
        Ok(found)
    } else {
        Err(StatError::NoSolution("the average run length is beyond 1e9 units"))
    }
}

/// The run length of the chain of 400 states with linear interpolation.
fn interpolated(steps: BernoulliSteps, limit: f64, failing: f64) -> f64 {
    const STATES: usize = 400;
    // OK: small whole numbers.
    let width = limit / STATES as f64;
    let split = |state: usize, step: f64, share: f64| {
        let place = ((state as f64 * width + step).max(0.0)) / width;
        // OK: clamped to the number of states.
        let low = floor(place).min(STATES as f64) as usize;
        let part = place - floor(place);
        [(low, share * (1.0 - part)), (low + 1, share * part)]
    };
    run_length(STATES, STATES, STATES, |state| {
        let ([a, b], [c, d]) = (split(state, steps.success, 1.0 - failing), split(state, steps.failure, failing));
        [a, b, c, d]
    })
}

/// The mean number of steps from state 0 to an alarm, of a chain that leaves each state for those that `moves` names; a
/// state beyond the last one is the alarm. `down` and `up` are the longest steps.
///
/// Solves `(I − Q) L = 1` by elimination within the band; without exchanging rows, which is stable as no row of `Q` sums to
/// more than 1.
fn run_length<const N: usize>(
    states: usize,
    down: usize,
    up: usize,
    moves: impl Fn(usize) -> [(usize, f64); N],
) -> f64 {
    let (down, up) = (down.min(states - 1), up.min(states - 1));
    let wide = down + up + 1;
    // Entry (i, j) of the matrix is at band[i · wide + j + down − i].
    let mut band = vec![0.0; states * wide];
    let mut right = vec![1.0; states];
    for state in 0..states {
        band[state * wide + down] += 1.0;
        for (to, share) in moves(state) {
            if to < states {
                band[state * wide + to + down - state] -= share;
            }
        }
    }
    for pivot in 0..states {
        let diagonal = band[pivot * wide + down];
        for below in pivot + 1..(pivot + down + 1).min(states) {
            let factor = band[below * wide + pivot + down - below] / diagonal;
            if factor == 0.0 {
                continue;
            }
            for column in pivot..(pivot + up + 1).min(states) {
                band[below * wide + column + down - below] -= factor * band[pivot * wide + column + down - pivot];
            }
            right[below] -= factor * right[pivot];
        }
    }
    for state in (0..states).rev() {
        let mut value = right[state];
        for column in state + 1..(state + up + 1).min(states) {
            value -= band[state * wide + column + down - state] * right[column];
        }
        right[state] = value / band[state * wide + down];
    }
    right[0]
}

/// How an e-detector starts over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Detector {
    /// `M = (M + 1) L`: the sum over all starting points (Shiryaev and Roberts).
    ShiryaevRoberts,
    /// `M = max(M, 1) L`: the best starting point.
    Cusum,
}

/// An e-detector (Shin, Ramdas and Rinaldo, New England Journal of Statistics in Data Science, 2024): from factors `L_t`
/// that have a mean of at most 1 given the past while nothing is wrong, a statistic that alarms at `1/alpha` with an
/// average run length of at least `1/alpha` terms, whatever else is true of the stream.
///
/// A factor per *unit* breaks that promise where shifts differ: the mean given the past then wanders. Use one factor per
/// shift ([`e_detector`]).
///
/// # Errors
/// No factors, a factor that is negative or not finite, or alpha outside of 0 to 1.
pub fn e_detect(factors: &[f64], alpha: f64, form: Detector) -> Result<Path, StatError> {
    series("factors", factors, 1)?;
    within("alpha", alpha, 1e-12..=1.0, "above 0, to 1")?;
    let mut evidence = 0.0f64;
    let mut statistic = Vec::with_capacity(factors.len());
    for &factor in factors {
        within("factors", factor, 0.0..=1e100, "from 0 to 1e100")?;
        let before = match form {
            Detector::ShiryaevRoberts => evidence + 1.0,
            Detector::Cusum => evidence.max(1.0),
        };
        evidence = (before * factor).min(EVIDENCE_MAX);
        statistic.push(evidence);
    }
    let alarm = statistic.iter().position(|&value| value >= 1.0 / alpha);
    Ok(Path { statistic, alarm })
}

/// Watches the shares of good units of successive shifts for a fall below `expected`: an [`e_detect`] on the bets
/// `L = 1 + bet · (expected − share)/(1 − expected)`. Their mean is at most 1 as long as each shift's mean given the past is
/// at least `expected`; a bet of 1 loses all on a perfect shift, 0.5 is usual.
///
/// # Errors
/// No shifts, shares outside of 0 to 1, an expected share or a bet that is not strictly between 0 and 1 (the bet may be 1).
pub fn e_detector(shares: &[f64], expected: f64, bet: f64, alpha: f64, form: Detector) -> Result<Path, StatError> {
    within("expected", expected, 1e-9..=1.0 - 1e-9, "above 0 and below 1")?;
    within("bet", bet, 1e-9..=1.0, "above 0, to 1")?;
    let mut factors = Vec::with_capacity(shares.len());
    for &share in shares {
        within("shares", share, 0.0..=1.0, "from 0 to 1")?;
        factors.push((1.0 + bet * (expected - share) / (1.0 - expected)).max(0.0));
    }
    e_detect(&factors, alpha, form)
}

/// The exponential CUSUM of times between interventions, in hours: tells a mean time of `bad_h` from one of `good_h`
/// (`S = max(0, S + ln(good/bad) − (1/bad − 1/good) t)` after each intervention; Lucas, Technometrics 27, 1985), an alarm
/// where `S` reaches `limit`. Time since the last intervention is no term: it could only lower the sum.
///
/// # Errors
/// No times, negative ones, means out of order, or a limit that is not above zero.
pub fn exponential_cusum(hours: &[f64], good_h: f64, bad_h: f64, limit: f64) -> Result<Path, StatError> {
    series("hours", hours, 1)?;
    within("good_h", good_h, 1e-9..=1e9, "from 1e-9 to 1e9 hours")?;
    within("bad_h", bad_h, 1e-9..=1e9, "from 1e-9 to 1e9 hours")?;
    within("limit", limit, 1e-9..=1e6, "above 0")?;
    if bad_h >= good_h {
        return Err(StatError::Mismatch("the bad mean time must be shorter than the good one"));
    }
    for &time in hours {
        within("hours", time, 0.0..=1e12, "from 0 to 1e12 hours")?;
    }
    let (rise, fall) = (log(good_h / bad_h), 1.0 / bad_h - 1.0 / good_h);
    Ok(follow(hours.iter().map(|time| rise - fall * time), limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_by_the_study() {
        let steps = bernoulli_steps(0.02, 0.05).expect("steps");
        assert!((steps.failure - 0.916_291).abs() < 5e-7 && (steps.success + 0.031_090_6).abs() < 5e-8);
        assert!(bernoulli_steps(0.05, 0.02).is_err() && bernoulli_steps(0.0, 0.02).is_err());
    }

    #[test]
    fn run_lengths_by_the_study() {
        // The study's table is of a chain of 400 states with linear interpolation.
        for (limit, well, ill) in [
            (2.5, 1_062.0, 117.0),
            (3.0, 1_917.0, 146.0),
            (3.5, 3_363.0, 176.0),
            (4.0, 5_741.0, 206.0),
            (4.5, 9_693.0, 237.0),
            (5.0, 16_205.0, 267.0),
            (5.5, 26_982.0, 298.0),
        ] {
            for (failing, printed) in [(0.02, well), (0.05, ill)] {
                let found = bernoulli_run_length(0.02, 0.05, limit, failing).expect("a run length");
                assert!((found.interpolated - printed).abs() <= 0.5, "{limit}: {found:?}, printed {printed}");
                assert!(found.lower <= found.upper && found.upper < 1.03 * found.lower, "{limit}: {found:?}");
                assert!((found.interpolated / found.lower - 1.0).abs() < 0.02, "{limit}: {found:?}");
            }
        }
    }

    #[test]
    fn run_length_of_certain_failure() {
        // Two steps of 0.916 reach 1.5.
        let found = bernoulli_run_length(0.02, 0.05, 1.5, 1.0).expect("a run length");
        assert_eq!((found.lower, found.upper), (2.0, 2.0));
        assert!(bernoulli_run_length(1e-9, 2e-9, 5.0, 0.5).is_err());
    }

    #[test]
    fn a_stream_that_gets_worse() {
        let mut failures = vec![false; 50];
        failures.extend([true, false, true, true]);
        let found = bernoulli_cusum(&failures, 0.02, 0.05, 2.5).expect("a path");
        assert_eq!(found.alarm, Some(53));
        assert!((found.statistic[53] - (3.0 * 0.916_290_73 - 0.031_090_6)).abs() < 1e-6);
        let found = exponential_cusum(&[10.0, 9.0, 1.0, 0.5, 0.2], 8.0, 2.0, 3.0).expect("a path");
        assert_eq!((found.statistic[0], found.alarm), (0.0, Some(4)));
        assert!(exponential_cusum(&[1.0], 2.0, 8.0, 3.0).is_err());
    }

    #[test]
    fn e_detectors_by_hand() {
        let found = e_detect(&[2.0, 0.5, 3.0], 0.2, Detector::ShiryaevRoberts).expect("a path");
        assert_eq!((found.statistic, found.alarm), (vec![2.0, 1.5, 7.5], Some(2)));
        let found = e_detect(&[2.0, 0.25, 3.0], 0.2, Detector::Cusum).expect("a path");
        assert_eq!((found.statistic, found.alarm), (vec![2.0, 0.5, 3.0], None));
        let found = e_detector(&[1.0, 0.5, 0.5, 0.5], 0.95, 0.5, 0.05, Detector::Cusum).expect("a path");
        // 1 + .5 (.95 − .5)/.05 = 5.5 per bad shift.
        assert!((found.statistic[3] - 166.375).abs() < 1e-9);
        assert_eq!(found.alarm, Some(2));
        assert!(e_detect(&[f64::INFINITY], 0.05, Detector::Cusum).is_err());
        assert!(e_detector(&[1.5], 0.95, 0.5, 0.05, Detector::Cusum).is_err());
    }
}
