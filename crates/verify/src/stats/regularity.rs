//! Whether a log looks like work, or like something made up: statistics that screen for logs that are too regular, chosen
//! shifts and easy conditions.
//!
//! **Invariant:** these are scores for screening. A small p-value is a reason to look at the protocol's hard evidence
//! (counters, re-execution, cut uplinks); it proves no fraud, and a large one proves no honesty.

use libm::{exp, log, sqrt};

use serde::Serialize;

use crate::bound::{Side, StatError, within};
use crate::math::distribution::binomial_cdf;
use crate::math::random::Random;
use crate::math::special::{gamma_pq, ln_beta};
use crate::stats::rhythm::series;
use crate::stats::sample::{at_most, count, enough, mean, squares};
use crate::stats::signal::{distance, points_alike};

/// Permutations that one test may draw.
const REPLICATES_MAX: u32 = 1_000_000;

/// Additions that one permutation test may take.
const WORK_MAX: f64 = 4e9;

/// Checks the number of permutations, and the work of all of them.
pub(crate) fn affordable(replicates: u32, work_each: f64) -> Result<(), StatError> {
    within("replicates", f64::from(replicates), 1.0..=f64::from(REPLICATES_MAX), "from 1 to 1,000,000")?;
    within("replicates by their size", f64::from(replicates) * work_each, 0.0..=WORK_MAX, "at most 4e9 steps")?;
    Ok(())
}

/// The p-value of a permutation test with `extreme` of `replicates` draws at least as extreme: `(1 + extreme)/(1 +
/// replicates)`, which is valid at any number of draws (Phipson and Smyth, 2010).
pub(crate) fn drawn_p(extreme: u32, replicates: u32) -> f64 {
    (1.0 + f64::from(extreme)) / (1.0 + f64::from(replicates))
}

/// The probability that natural work would spread as little: the lower tail of χ² at `(n − 1) s²/σ0²` with `n − 1` degrees
/// of freedom, for the standard deviation `s` of `n` independent normal numbers and a reference `σ0` of natural repeats.
///
/// # Errors
/// Fewer than 2 units, a negative deviation, a reference that is not above zero.
pub fn too_regular(deviation: f64, reference: f64, units: u64) -> Result<f64, StatError> {
    // OK: counts beyond 2^53 do not occur.
    let df = within("units", units as f64, 2.0..=1e9, "from 2 to 1e9")? - 1.0;
    within("deviation", deviation, 0.0..=1e100, "from 0 to 1e100")?;
    within("reference_deviation", reference, 1e-100..=1e100, "above 0")?;
    let ratio = deviation / reference;
    Ok(gamma_pq(0.5 * df, 0.5 * df * ratio * ratio).0)
}

/// What the runs test gives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Runs {
    /// Runs of equal outcomes.
    pub runs: u64,
    /// How many there are on average in a random order.
    pub expected: f64,
    /// `(runs − expected)/deviation`, without continuity correction.
    pub z: f64,
    /// The exact probability of as few runs: small where outcomes cluster, as those of real work do.
    pub p_few: f64,
    /// The exact probability of as many runs: small where outcomes alternate more evenly than chance, as in made-up logs.
    pub p_many: f64,
}

/// The runs test of Wald and Wolfowitz (Annals of Mathematical Statistics 11, 1940), exact.
///
/// # Errors
/// No outcome of one of the two kinds, or more than 1,000,000 outcomes.
pub fn runs(outcomes: &[bool]) -> Result<Runs, StatError> {
    at_most("outcomes", outcomes.len(), 1_000_000, "at most 1,000,000")?;
    // OK: at most 1,000,000.
    let yes = outcomes.iter().filter(|outcome| **outcome).count() as u64;
    let no = outcomes.len() as u64 - yes;
    if yes == 0 || no == 0 {
        return Err(StatError::NoSolution("all outcomes are the same"));
    }
    let runs = 1 + outcomes.windows(2).filter(|pair| pair[0] != pair[1]).count() as u64;
    let (a, b) = (yes as f64, no as f64);
    let n = a + b;
    let expected = 2.0 * a * b / n + 1.0;
    let variance = (expected - 1.0) * (expected - 2.0) / (n - 1.0);
    let z = if variance > 0.0 { (runs as f64 - expected) / sqrt(variance) } else { 0.0 };
    let most = 2 * yes.min(no) + u64::from(yes != no);
    let sum = |from: u64, to: u64| (from..=to).map(|runs| runs_probability(runs, a, b)).sum::<f64>().min(1.0);
    Ok(Runs { runs, expected, z, p_few: sum(2, runs), p_many: sum(runs, most) })
}

/// `ln C(n, k)`.
fn ln_choose(n: f64, k: f64) -> f64 {
    if k <= 0.0 || k >= n { 0.0 } else { -log(n + 1.0) - ln_beta(n - k + 1.0, k + 1.0) }
}

/// The probability of exactly so many runs of `a` and `b` outcomes in a random order.
fn runs_probability(runs: u64, a: f64, b: f64) -> f64 {
    // OK: at most 1,000,000 runs.
    let half = (runs / 2) as f64;
    let all = ln_choose(a + b, a);
    if runs.is_multiple_of(2) {
        return 2.0 * exp(ln_choose(a - 1.0, half - 1.0) + ln_choose(b - 1.0, half - 1.0) - all);
    }
    // One kind has one run more than the other.
    let split = |more: f64, less: f64| {
        if half > more - 1.0 || half > less {
            0.0
        } else {
            exp(ln_choose(more - 1.0, half) + ln_choose(less - 1.0, half - 1.0) - all)
        }
    };
    split(a, b) + split(b, a)
}

/// The correlation of a series with itself one step later.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Autocorrelation {
    /// `Σ (x_t − m)(x_(t+1) − m) / Σ (x_t − m)²`.
    pub value: f64,
    /// The share of random orders with at least as high a value: small where shifts depend on the ones before.
    pub p_high: f64,
    /// The share of random orders with at most as high a value: small where the series alternates too evenly.
    pub p_low: f64,
}

/// The lag-1 autocorrelation of shift means, with p-values from random orders of the shifts. Above 0.2 shifts are not
/// independent, and a week is the unit of analysis.
///
/// # Errors
/// Fewer than 3 numbers, numbers that are not finite or all equal, or too many replicates.
pub fn lag1_autocorrelation(values: &[f64], replicates: u32, seed: u64) -> Result<Autocorrelation, StatError> {
    series("values", values, 3)?;
    affordable(replicates, 4.0 * count(values))?;
    let centre = mean(values);
    let spread = squares(values, centre);
    if spread <= 0.0 {
        return Err(StatError::NoSolution("all values are equal"));
    }
    let mut centred: Vec<f64> = values.iter().map(|value| value - centre).collect();
    let of = |values: &[f64]| values.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / spread;
    let value = of(&centred);
    let (mut high, mut low) = (0, 0);
    let mut random = Random::new(seed);
    // Orders that differ in rounding only are the same to the test.
    let slack = 1e-12;
    for _ in 0..replicates {
        random.shuffle(&mut centred);
        let drawn = of(&centred);
        high += u32::from(drawn >= value - slack);
        low += u32::from(drawn <= value + slack);
    }
    Ok(Autocorrelation { value, p_high: drawn_p(high, replicates), p_low: drawn_p(low, replicates) })
}

/// The probability of seeing a hard condition as rarely: `P(Bin(units, expected) <= seen)`, where the site's own record
/// says how often the condition occurs. For units that meet conditions independently.
///
/// # Errors
/// No units, more seen than units, or a share outside of 0 to 1.
pub fn condition_mix(seen: u64, units: u64, expected_share: f64) -> Result<f64, StatError> {
    // OK: counts beyond 2^53 do not occur.
    let n = within("units", units as f64, 1.0..=1e9, "from 1 to 1e9")?;
    within("expected_share", expected_share, 0.0..=1.0, "from 0 to 1")?;
    if seen > units {
        return Err(StatError::Mismatch("the condition was seen more often than there are units"));
    }
    if expected_share == 0.0 {
        return Ok(1.0);
    }
    if expected_share == 1.0 {
        return Ok(if seen == units { 1.0 } else { 0.0 });
    }
    Ok(binomial_cdf(seen as f64, n, expected_share))
}

/// The population stability index of two histograms over the same bins: `Σ (c − r) ln(c/r)` over the shares `r` of the
/// reference and `c` of the current counts (the sum of both Kullback–Leibler divergences). Above 0.2 conditions have
/// changed. Where a bin is empty on either side, half a unit is added to every bin of both.
///
/// # Errors
/// Fewer than 2 bins, histograms of unequal length, or one without counts.
pub fn population_stability(reference: &[u64], current: &[u64]) -> Result<f64, StatError> {
    enough("reference", reference, 2)?;
    if reference.len() != current.len() {
        return Err(StatError::Mismatch("both histograms must have the same bins"));
    }
    let empty = reference.iter().chain(current).any(|&count| count == 0);
    let shares = |counts: &[u64]| -> Result<Vec<f64>, StatError> {
        // OK: counts beyond 2^53 do not occur, and would lose their last digits only.
        let counts: Vec<f64> = counts.iter().map(|&count| count as f64).collect();
        let whole: f64 = counts.iter().sum();
        if whole <= 0.0 {
            return Err(StatError::NoSolution("a histogram has no counts"));
        }
        let added = if empty { 0.5 } else { 0.0 };
        let whole = whole + added * self::count(&counts);
        Ok(counts.iter().map(|count| (count + added) / whole).collect())
    };
    let (reference, current) = (shares(reference)?, shares(current)?);
    Ok(reference.iter().zip(&current).map(|(r, c)| (c - r) * log(c / r)).sum())
}

/// What a permutation test on two groups gives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Permutation {
    /// The mean of the first group less that of the second.
    pub difference: f64,
    /// The p-value of the side asked for.
    pub p: f64,
    /// Whether all divisions into two groups were counted; otherwise random ones were drawn.
    pub exact: bool,
}

/// Whether audited shifts do worse than chosen ones: a permutation test on the difference of shift means. `Lower` asks
/// whether the first group's mean is larger, `Upper` whether it is smaller, `Two` whether it differs (by size). All
/// divisions are counted where there are at most 200,000, otherwise `replicates` random ones are drawn.
///
/// # Errors
/// An empty group, numbers that are not finite, or too many replicates.
pub fn permutation_test(
    first: &[f64],
    second: &[f64],
    replicates: u32,
    seed: u64,
    side: Side,
) -> Result<Permutation, StatError> {
    series("first", first, 1)?;
    series("second", second, 1)?;
    let mut all = [first, second].concat();
    affordable(replicates, 4.0 * count(&all))?;
    let (n, whole) = (count(first), count(&all));
    let total = mean(&all);
    for value in &mut all {
        *value -= total;
    }
    // The difference of means is a growing function of the first group's sum, of centred numbers.
    let observed: f64 = all[..first.len()].iter().sum();
    let slack = 1e-12 * all.iter().map(|value| value.abs()).sum::<f64>();
    let extreme = |sum: f64| match side {
        Side::Lower => sum >= observed - slack,
        Side::Upper => sum <= observed + slack,
        Side::Two => sum.abs() >= observed.abs() - slack,
    };
    let difference = mean(first) - mean(second);
    if ln_choose(whole, n) <= log(200_000.0) {
        let (seen, counted) = every_division(&all, first.len(), &extreme);
        return Ok(Permutation { difference, p: seen / counted, exact: true });
    }
    let mut random = Random::new(seed);
    let mut seen = 0;
    for _ in 0..replicates {
        // Only the first group's places need to be drawn.
        for place in 0..first.len() {
            // OK: below the number of shifts left.
            let other = place + random.below((all.len() - place) as u64) as usize;
            all.swap(place, other);
        }
        seen += u32::from(extreme(all[..first.len()].iter().sum()));
    }
    Ok(Permutation { difference, p: drawn_p(seen, replicates), exact: false })
}

/// How many of all choices of `size` numbers have an extreme sum, and how many choices there are.
fn every_division(all: &[f64], size: usize, extreme: &dyn Fn(f64) -> bool) -> (f64, f64) {
    let mut chosen: Vec<usize> = (0..size).collect();
    let (mut seen, mut counted) = (0.0, 0.0);
    loop {
        counted += 1.0;
        if extreme(chosen.iter().map(|&place| all[place]).sum()) {
            seen += 1.0;
        }
        // The next choice in lexicographic order: the last place that can move up does, and those after follow it.
        let Some(place) = (0..size).rev().find(|&place| chosen[place] < all.len() - size + place) else {
            return (seen, counted);
        };
        chosen[place] += 1;
        for after in place + 1..size {
            chosen[after] = chosen[after - 1] + 1;
        }
    }
}

/// A statistic with the p-value of a permutation test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Permuted {
    /// The statistic.
    pub value: f64,
    /// The share of permutations with at least as large a value.
    pub p: f64,
}

/// Rows of distances between points, each row and column centred to a mean of zero.
fn centred_distances(points: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let rows: Vec<Vec<f64>> =
        points.iter().map(|a| points.iter().map(|b| distance(a, b)).collect::<Vec<f64>>()).collect();
    let means: Vec<f64> = rows.iter().map(|row| mean(row)).collect();
    let grand = mean(&means);
    rows.iter()
        .zip(&means)
        .map(|(row, row_mean)| {
            row.iter().zip(&means).map(|(d, column_mean)| d - row_mean - column_mean + grand).collect()
        })
        .collect()
}

/// Distance correlation (Székely, Rizzo and Bakirov, Annals of Statistics 35, 2007) of paired points, say of an object's
/// pose and the trajectory that picked it; zero in the limit only for independence. The p-value is from random pairings.
/// A policy that looks where the object is depends on it (small p); a replay does not.
///
/// # Errors
/// Fewer than 4 pairs, more than 1,000, unequal lengths or dimensions, points of one side all equal, or too many
/// replicates for the number of pairs.
pub fn distance_correlation(x: &[Vec<f64>], y: &[Vec<f64>], replicates: u32, seed: u64) -> Result<Permuted, StatError> {
    enough("x", x, 4)?;
    at_most("x", x.len(), 1_000, "at most 1,000 pairs")?;
    if x.len() != y.len() {
        return Err(StatError::Mismatch("there must be one `y` for each `x`"));
    }
    points_alike(x)?;
    points_alike(y)?;
    let work = x.len().saturating_mul(x.len()).saturating_mul(x[0].len().max(y[0].len()));
    at_most("pairs by coordinates", work, 200_000_000, "at most 200,000,000")?;
    let n = count(x);
    affordable(replicates, n * n)?;
    let (a, b) = (centred_distances(x), centred_distances(y));
    let square = |m: &[Vec<f64>]| m.iter().flatten().map(|value| value * value).sum::<f64>();
    let norm = sqrt(square(&a)) * sqrt(square(&b));
    if norm <= 0.0 {
        return Err(StatError::NoSolution("all points of one side are equal"));
    }
    let paired = |order: &[usize]| -> f64 {
        a.iter()
            .zip(order)
            .map(|(row, &i)| row.iter().zip(order).map(|(value, &j)| value * b[i][j]).sum::<f64>())
            .sum::<f64>()
            / norm
    };
    let mut order: Vec<usize> = (0..x.len()).collect();
    let observed = paired(&order);
    let mut random = Random::new(seed);
    let mut extreme = 0;
    for _ in 0..replicates {
        random.shuffle(&mut order);
        extreme += u32::from(paired(&order) >= observed - 1e-12);
    }
    Ok(Permuted { value: sqrt(observed.max(0.0)), p: drawn_p(extreme, replicates) })
}

/// The largest correlation of one signal with another that follows it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CrossCorrelation {
    /// The largest correlation over the lags.
    pub peak: f64,
    /// Its lag: by how much the second signal follows the first, in seconds.
    pub lag_s: f64,
    /// The share of circular shifts with at least as large a peak.
    pub p: f64,
}

/// The peak of the correlation of `a(t)` with `b(t + lag)` over lags from `lag_min_s` to `lag_max_s`, say of bytes on the
/// uplink with the motion that follows. The p-value is from random circular shifts of `b` against `a` beyond the lags:
/// unlike random orders these keep each signal's own autocorrelation, without which any two smooth signals would agree.
///
/// # Errors
/// Fewer than 8 samples, unequal lengths, lags that leave less than half of the signal, a signal that does not vary, or
/// too many replicates.
pub fn cross_correlation(
    a: &[f64],
    b: &[f64],
    rate_hz: f64,
    lag_min_s: f64,
    lag_max_s: f64,
    replicates: u32,
    seed: u64,
) -> Result<CrossCorrelation, StatError> {
    series("a", a, 8)?;
    series("b", b, 8)?;
    if a.len() != b.len() {
        return Err(StatError::Mismatch("both signals must have the same length"));
    }
    within("rate_hz", rate_hz, 1e-3..=1e6, "from 0.001 to 1e6")?;
    within("lag_min_s", lag_min_s, 0.0..=1e6, "from 0 to 1e6")?;
    within("lag_max_s", lag_max_s, lag_min_s..=1e6, "from `lag_min_s` to 1e6")?;
    let n = count(a);
    let (first, last) = (libm::ceil(lag_min_s * rate_hz - 1e-9), libm::floor(lag_max_s * rate_hz + 1e-9));
    if first > last || 2.0 * last + 2.0 > n {
        return Err(StatError::Mismatch("the lags must hold a sample, and leave at least half of the signal"));
    }
    affordable(replicates, n * (last - first + 1.0))?;
    let standard = |values: &[f64]| {
        let centre = mean(values);
        let spread = sqrt(squares(values, centre));
        (spread > 0.0).then(|| values.iter().map(|value| (value - centre) / spread).collect::<Vec<f64>>())
    };
    let (Some(a), Some(b)) = (standard(a), standard(b)) else {
        return Err(StatError::NoSolution("a signal does not vary"));
    };
    // OK: lags are below half of the length, by the check above.
    let (first, last) = (first as usize, last as usize);
    let peak = |shift: usize| {
        (first..=last).fold((f64::NEG_INFINITY, first), |best, lag| {
            // Circular, so that each lag and each shift uses every sample once.
            let turn = (lag + shift) % b.len();
            let (late, early) = b.split_at(turn);
            let found = a.iter().zip(early.iter().chain(late)).map(|(a, b)| a * b).sum::<f64>();
            if found > best.0 { (found, lag) } else { best }
        })
    };
    let (observed, lag) = peak(0);
    let mut random = Random::new(seed);
    let mut extreme = 0;
    for _ in 0..replicates {
        // Shifts after which no lag of the shifted signal is a lag that was looked at.
        let room = b.len() - 2 * last - 1;
        // OK: below the length of the signal.
        let shift = last + 1 + random.below(room as u64) as usize;
        extreme += u32::from(peak(shift).0 >= observed - 1e-12);
    }
    // OK: a lag below the length of the signal.
    Ok(CrossCorrelation { peak: observed, lag_s: lag as f64 / rate_hz, p: drawn_p(extreme, replicates) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64, digits: f64) {
        assert!((found - expected).abs() <= digits, "{found} is not {expected}");
    }

    #[test]
    fn by_the_study() {
        near(too_regular(0.8, 2.0, 30).expect("a p-value"), 6.9e-8, 0.5e-9);
        near(condition_mix(10, 200, 0.15).expect("a p-value"), 7.0e-6, 0.5e-7);
        assert!(too_regular(0.8, 0.0, 30).is_err() && condition_mix(3, 2, 0.1).is_err());
    }

    #[test]
    fn runs_of_every_order() {
        // All 10 orders of three and two outcomes have 2, 3, 4 and 5 runs 2, 3, 4 and 1 times.
        for (runs, times) in [(2, 2.0), (3, 3.0), (4, 4.0), (5, 1.0)] {
            near(runs_probability(runs, 3.0, 2.0), times / 10.0, 1e-14);
        }
        let found = runs(&[true, false, true, false, true]).expect("an answer");
        assert_eq!((found.runs, found.expected), (5, 3.4));
        near(found.p_many, 0.1, 1e-14);
        near(found.p_few, 1.0, 1e-13);
        assert!(runs(&[true, true]).is_err() && runs(&[]).is_err());
    }

    #[test]
    fn alternating_shifts_are_too_even() {
        let even: Vec<f64> = (0..20).map(|shift| if shift % 2 == 0 { 0.95 } else { 0.97 }).collect();
        let found = lag1_autocorrelation(&even, 2_000, 1).expect("an answer");
        near(found.value, -0.95, 1e-9);
        assert!(found.p_low < 0.001 && found.p_high > 0.99);
        assert!(lag1_autocorrelation(&[1.0, 1.0, 1.0], 10, 1).is_err());
    }

    #[test]
    fn stability_of_a_population() {
        // By hand: (.5 − .25) ln 2 + (.5 − .75) ln (2/3).
        near(population_stability(&[25, 75], &[50, 50]).expect("an index"), 0.25 * log(3.0), 1e-14);
        assert_eq!(population_stability(&[3, 0, 9], &[3, 0, 9]), Ok(0.0));
        assert!(population_stability(&[0, 0], &[1, 1]).is_err() && population_stability(&[1, 1], &[1]).is_err());
    }

    #[test]
    fn permutations_of_shift_means() {
        // The first group holds the three smallest of six: one of twenty divisions.
        let found = permutation_test(&[1.0, 2.0, 3.0], &[4.0, 5.0, 7.0], 10, 1, Side::Upper).expect("an answer");
        assert!(found.exact);
        near(found.p, 1.0 / 20.0, 1e-15);
        near(permutation_test(&[1.0, 2.0, 3.0], &[4.0, 5.0, 7.0], 10, 1, Side::Two).expect("an answer").p, 0.1, 1e-15);
        let low: Vec<f64> = (0..30).map(f64::from).collect();
        let high: Vec<f64> = (0..30).map(|i| f64::from(i) + 15.0).collect();
        let found = permutation_test(&low, &high, 999, 1, Side::Upper).expect("an answer");
        assert!(!found.exact && found.p < 0.01);
        near(permutation_test(&[2.0; 9], &[2.0; 9], 10, 1, Side::Upper).expect("an answer").p, 1.0, 0.0);
    }

    #[test]
    fn a_replay_does_not_depend_on_the_object() {
        let mut random = Random::new(3);
        let pose: Vec<Vec<f64>> = (0..60).map(|_| vec![random.normal(), random.normal()]).collect();
        let follows: Vec<Vec<f64>> = pose.iter().map(|p| vec![p[0] * p[0] + 0.1 * random.normal()]).collect();
        let replay: Vec<Vec<f64>> = pose.iter().map(|_| vec![random.normal()]).collect();
        assert!(distance_correlation(&pose, &follows, 500, 1).expect("an answer").p < 0.01);
        assert!(distance_correlation(&pose, &replay, 500, 1).expect("an answer").p > 0.05);
        let line: Vec<Vec<f64>> = (0..9).map(|i| vec![f64::from(i)]).collect();
        near(distance_correlation(&line, &line, 10, 1).expect("an answer").value, 1.0, 1e-12);
        assert!(distance_correlation(&vec![vec![1.0]; 9], &line, 10, 1).is_err());
    }

    #[test]
    fn motion_that_follows_the_uplink() {
        let mut random = Random::new(8);
        let uplink: Vec<f64> = (0..400).map(|_| random.exponential()).collect();
        let motion: Vec<f64> = (0..400).map(|i| uplink[(i + 400 - 3) % 400] + 0.5 * random.normal()).collect();
        let found = cross_correlation(&uplink, &motion, 20.0, 0.05, 0.5, 200, 1).expect("an answer");
        near(found.lag_s, 0.15, 1e-12);
        assert!(found.p < 0.01 && found.peak > 0.8);
        let other: Vec<f64> = (0..400).map(|_| random.normal()).collect();
        assert!(cross_correlation(&uplink, &other, 20.0, 0.05, 0.5, 200, 1).expect("an answer").p > 0.02);
        assert!(cross_correlation(&uplink, &other, 20.0, 0.05, 10.0, 200, 1).is_err());
    }
}
