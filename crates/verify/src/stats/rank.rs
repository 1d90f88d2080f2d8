//! Two samples of independent units, compared by their order.
//!
//! **Only for laboratory trials**, in which each unit is reset at random. On a shop floor units of one shift depend on each
//! other; compare shifts there ([`crate::stats::rhythm`]).

use libm::{ceil, exp, sqrt};

use serde::Serialize;

use crate::bound::{Confidence, Interval, Side, StatError, within};
use crate::math::distribution::{binomial_cdf, fisher_pq};
use crate::math::special::normal_cdf;
use crate::stats::sample::{
    at_most, count, durations, enough, finite, logarithms, mean, median, median_of_sorted, scaled, sorted, squares,
};

/// Pairs of units up to which differences are listed.
const PAIRS_MAX: usize = 4_000_000;

/// Pairs of units up to which the null distribution of Mann and Whitney's U is computed exactly.
const EXACT_PAIRS_MAX: usize = 10_000;

/// Pairs of units up to which the null distribution of Kolmogorov and Smirnov's D is computed.
const LATTICE_MAX: usize = 25_000_000;

/// `P(U <= u)` for `u = 0, 1, …, nm` under the hypothesis that both samples of sizes `n` and `m` come from one continuous
/// distribution (Mann and Whitney, Annals of Mathematical Statistics 18, 1947). The recurrence adds only positive numbers,
/// so both tails keep their digits up to the middle.
fn mann_whitney_null(n: usize, m: usize) -> Vec<f64> {
    // The distribution is the same with the samples swapped; a short inner row keeps the table small.
    let (n, m) = (n.max(m), n.min(m));
    // rows[j] holds the distribution for sizes i and j.
    let mut rows: Vec<Vec<f64>> = vec![vec![1.0]; m + 1];
    for i in 1..=n {
        for j in 1..=m {
            // OK: sizes are below 10,001.
            let (of_x, of_y) = (i as f64 / (i + j) as f64, j as f64 / (i + j) as f64);
            let mut row = vec![0.0; i * j + 1];
            // The largest unit is of the first sample, and beats j units; or it is of the second.
            for (u, &p) in rows[j].iter().enumerate() {
                row[u + j] += of_x * p;
            }
            for (u, &p) in rows[j - 1].iter().enumerate() {
                row[u] += of_y * p;
            }
            rows[j] = row;
        }
    }
    let mut sum = 0.0;
    rows.pop()
        .unwrap_or_default()
        .into_iter()
        .map(|p| {
            sum += p;
            sum
        })
        .collect()
}

/// How many pairs `(x, y)` have `x > y`, ties counting one half, and the sizes of groups of equal numbers.
fn pairs_won(x: &[f64], y: &[f64]) -> (f64, Vec<f64>) {
    let mut all: Vec<(f64, bool)> = x.iter().map(|&v| (v, true)).chain(y.iter().map(|&v| (v, false))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut won, mut below, mut groups) = (0.0, 0.0, Vec::new());
    for group in all.chunk_by(|a, b| a.0 == b.0) {
        let of_x = count(&group.iter().filter(|unit| unit.1).collect::<Vec<_>>());
        let of_y = count(group) - of_x;
        won += of_x * (below + 0.5 * of_y);
        below += of_y;
        groups.push(count(group));
    }
    (won, groups)
}

/// What the test of Mann and Whitney gives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MannWhitney {
    /// Pairs in which the first sample's number is the larger one, ties counting one half.
    pub u: f64,
    /// The p-value of the side asked for.
    pub p: f64,
    /// Whether the null distribution is the exact one; otherwise a normal one with corrections for ties and continuity.
    pub exact: bool,
    /// Whether numbers are equal across all units. The exact distribution is that without ties; U is then rounded against
    /// the claim.
    pub ties: bool,
}

/// The Mann–Whitney test. `side` is the claim's: `Upper` asks whether the first sample is *smaller* (its bound from above
/// lies below the second), `Lower` whether it is larger, `Two` whether it differs.
///
/// # Errors
/// An empty sample, numbers that are not finite, or more than 4,000,000 pairs.
pub fn mann_whitney(x: &[f64], y: &[f64], side: Side) -> Result<MannWhitney, StatError> {
    let (n, m) = sizes(x, y)?;
    let (u, groups) = pairs_won(x, y);
    let ties = groups.iter().any(|&size| size > 1.0);
    let pairs = count(x) * count(y);
    let exact = n * m <= EXACT_PAIRS_MAX;
    let null = if exact { mann_whitney_null(n, m) } else { Vec::new() };
    let tail = |u: f64| {
        if exact {
            // OK: U lies between 0 and nm, which indexes the table.
            null[(ceil(u) as usize).min(n * m)].min(1.0)
        } else {
            normal_tail(u, count(x), count(y), &groups)
        }
    };
    let p = match side {
        Side::Upper => tail(u),
        Side::Lower => tail(pairs - u),
        Side::Two => (2.0 * tail(u.min(pairs - u))).min(1.0),
    };
    Ok(MannWhitney { u, p, exact, ties })
}

/// `P(U <= u)` by a normal distribution, with the corrections for ties and continuity.
fn normal_tail(u: f64, n: f64, m: f64, groups: &[f64]) -> f64 {
    let whole = n + m;
    let tied: f64 = groups.iter().map(|t| t * (t * t - 1.0)).sum();
    let variance = n * m / 12.0 * (whole + 1.0 - tied / (whole * (whole - 1.0)));
    if variance <= 0.0 {
        return 1.0;
    }
    normal_cdf((u + 0.5 - 0.5 * n * m) / sqrt(variance))
}

/// Checks two samples, and gives their sizes.
fn sizes(x: &[f64], y: &[f64]) -> Result<(usize, usize), StatError> {
    for sample in [x, y] {
        enough("sample", sample, 1)?;
        finite("sample", sample)?;
    }
    at_most("pairs of units", x.len().saturating_mul(y.len()), PAIRS_MAX, "at most 4,000,000")?;
    Ok((x.len(), y.len()))
}

/// What Hodges and Lehmann's estimator gives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct HodgesLehmann {
    /// The median of all differences (or ratios), first sample against second.
    pub estimate: f64,
    /// Its interval, from the null distribution of U. An end is `None` where there are too few units for the confidence.
    #[serde(flatten)]
    pub interval: Interval,
    /// `C`: the bounds are the C-th smallest and the C-th largest of all differences; 0 where there is no bound.
    pub rank: usize,
}

/// The shift between two samples (Hodges and Lehmann, Annals of Mathematical Statistics 34, 1963): the median of all
/// differences `x − y`, with the distribution-free bounds of Moses from the order of those differences. Ties make the
/// bounds wider than need be, never narrower.
///
/// # Errors
/// An empty sample, numbers that are not finite, or more than 4,000,000 pairs.
pub fn hodges_lehmann(x: &[f64], y: &[f64], confidence: Confidence, side: Side) -> Result<HodgesLehmann, StatError> {
    let (n, m) = sizes(x, y)?;
    let differences = sorted(&x.iter().flat_map(|x| y.iter().map(move |y| x - y)).collect::<Vec<_>>());
    let rank = bound_rank(n, m, side.alpha_each(confidence));
    let (lower, upper) =
        if rank == 0 { (None, None) } else { (Some(differences[rank - 1]), Some(differences[n * m - rank])) };
    let interval =
        Interval { lower: lower.filter(|_| side != Side::Upper), upper: upper.filter(|_| side != Side::Lower) };
    Ok(HodgesLehmann { estimate: median_of_sorted(&differences), interval, rank })
}

/// The largest `C` with `P(U <= C − 1) <= alpha`.
fn bound_rank(n: usize, m: usize, alpha: f64) -> usize {
    if n * m <= EXACT_PAIRS_MAX {
        // A confidence near 0 would let the rank run past the last difference.
        return mann_whitney_null(n, m).partition_point(|&p| p <= alpha).min(n * m);
    }
    // The normal distribution without ties, whose continuity correction is in `normal_tail`. OK: at most 4,000,000.
    let pairs = n * m;
    let (mut low, mut high) = (0, pairs);
    while low < high {
        let middle = low + (high - low) / 2;
        if normal_tail(middle as f64, n as f64, m as f64, &[]) <= alpha { low = middle + 1 } else { high = middle }
    }
    low
}

/// The ratio of two samples of durations: [`hodges_lehmann`] on their logarithms.
///
/// # Errors
/// As there, and where a duration is not positive.
pub fn hodges_lehmann_ratio(
    x_s: &[f64],
    y_s: &[f64],
    confidence: Confidence,
    side: Side,
) -> Result<HodgesLehmann, StatError> {
    durations("sample", x_s)?;
    durations("sample", y_s)?;
    let shift = hodges_lehmann(&logarithms(x_s), &logarithms(y_s), confidence, side)?;
    Ok(HodgesLehmann { estimate: exp(shift.estimate), interval: scaled(shift.interval, exp), rank: shift.rank })
}

/// The two-sample test of Kolmogorov and Smirnov: the largest distance between the two empirical distributions, and its
/// exact two-sided p-value for continuous data. Ties make the p-value too large, never too small.
///
/// The p-value counts lattice paths that leave the band of the observed distance (Hodges, Arkiv för Matematik 3, 1958).
///
/// # Errors
/// An empty sample, numbers that are not finite, or more than 25,000,000 pairs.
pub fn kolmogorov_smirnov(x: &[f64], y: &[f64]) -> Result<(f64, f64), StatError> {
    for sample in [x, y] {
        enough("sample", sample, 1)?;
        finite("sample", sample)?;
    }
    at_most("pairs of units", x.len().saturating_mul(y.len()), LATTICE_MAX, "at most 25,000,000")?;
    let (n, m) = (x.len() as i64, y.len() as i64);
    let mut all: Vec<(f64, i64)> = x.iter().map(|&v| (v, m)).chain(y.iter().map(|&v| (v, -n))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    // nm times the distance, in whole numbers: OK, below 2^63.
    let (mut walk, mut distance) = (0i64, 0i64);
    for group in all.chunk_by(|a, b| a.0 == b.0) {
        walk += group.iter().map(|unit| unit.1).sum::<i64>();
        distance = distance.max(walk.abs());
    }
    let d = distance as f64 / (n * m) as f64;
    Ok((d, if distance == 0 { 1.0 } else { share_of_paths_outside(n, m, distance) }))
}

/// The share of paths from (0, 0) to (n, m) that touch `|i m − j n| >= distance`.
fn share_of_paths_outside(n: i64, m: i64, distance: i64) -> f64 {
    // The same with the samples swapped; a short row keeps the table small.
    let (n, m) = (n.max(m), n.min(m));
    let outside = |i: i64, j: i64| (i * m - j * n).abs() >= distance;
    // OK: sizes are below 2^25, and fit both a double and an index.
    let mut row: Vec<f64> = vec![0.0; m as usize + 1];
    for i in 0..=n {
        for j in 0..=m {
            let here = j as usize;
            row[here] = if outside(i, j) {
                1.0
            } else if i == 0 && j == 0 {
                0.0
            } else {
                // The last step came along x with probability i/(i+j), along y otherwise.
                let along_x = i as f64 / (i + j) as f64;
                let along_y = j as f64 / (i + j) as f64;
                let before = if j == 0 { 0.0 } else { row[here - 1] };
                along_x * row[here] + along_y * before
            };
        }
    }
    row.last().map_or(1.0, |p| p.min(1.0))
}

/// What Brown and Forsythe's test gives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BrownForsythe {
    /// The statistic; `None` where it is infinite.
    pub f: Option<f64>,
    /// Its p-value.
    pub p: f64,
    /// Degrees of freedom between groups.
    pub df_between: f64,
    /// Degrees of freedom within groups.
    pub df_within: f64,
}

/// Whether groups spread alike: the analysis of variance of distances from each group's median (Brown and Forsythe,
/// Journal of the American Statistical Association 69, 1974). Equal means with unequal spread are not the same rhythm.
///
/// # Errors
/// Fewer than 2 groups, an empty group, no more units than groups, numbers that are not finite, or all distances equal.
pub fn brown_forsythe(groups: &[Vec<f64>]) -> Result<BrownForsythe, StatError> {
    enough("groups", groups, 2)?;
    let mut distances: Vec<Vec<f64>> = Vec::with_capacity(groups.len());
    for group in groups {
        enough("group", group, 1)?;
        finite("group", group)?;
        let centre = median(group);
        distances.push(group.iter().map(|value| (value - centre).abs()).collect());
    }
    let all = distances.concat();
    enough("units", &all, groups.len() + 1)?;
    let grand = mean(&all);
    let between: f64 = distances.iter().map(|group| count(group) * (mean(group) - grand) * (mean(group) - grand)).sum();
    let inner: f64 = distances.iter().map(|group| squares(group, mean(group))).sum();
    let (df_between, df_within) = (count(groups) - 1.0, count(&all) - count(groups));
    if inner <= 0.0 {
        return if between > 0.0 {
            Ok(BrownForsythe { f: None, p: 0.0, df_between, df_within })
        } else {
            Err(StatError::NoSolution("no unit's distance from its group's median differs from the others"))
        };
    }
    let f = (between / df_between) / (inner / df_within);
    Ok(BrownForsythe { f: Some(f), p: fisher_pq(f, df_between, df_within).1, df_between, df_within })
}

/// The ranks `(lower, upper)`, counted from 1, of the order statistics that bound a distribution's `quantile` from below
/// and from above with `n` independent units. `None` where `n` is too small for a bound.
///
/// The upper rank is the least `r` with `P(Bin(n, q) <= r − 1) >= C`, the lower one the largest `r` with
/// `P(Bin(n, q) <= r − 1) <= 1 − C` (Hahn and Meeker, Statistical Intervals, 1991, section 5.2).
///
/// # Errors
/// No units, more than 1e9, or a quantile outside of 0 to 1.
pub fn quantile_ranks(
    n: u64,
    quantile: f64,
    confidence: Confidence,
    side: Side,
) -> Result<(Option<u64>, Option<u64>), StatError> {
    // OK: counts to 1e9 are exact as doubles.
    within("units", n as f64, 1.0..=1e9, "from 1 to 1e9")?;
    if !(quantile > 0.0 && quantile < 1.0) {
        return Err(StatError::OutOfRange { what: "quantile", found: quantile, allowed: "above 0 and below 1" });
    }
    let alpha = side.alpha_each(confidence);
    let below = |r: u64| binomial_cdf(r as f64 - 1.0, n as f64, quantile);
    // Both conditions are monotone in r; the first r that fails or holds is found by halving.
    let first = |holds: &dyn Fn(u64) -> bool| {
        let (mut low, mut high) = (1, n + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            if holds(middle) { high = middle } else { low = middle + 1 }
        }
        low
    };
    // P(Bin <= r − 1) >= 1 − alpha, within the last digits of alpha.
    let upper = Some(first(&|r| below(r) >= 1.0 - alpha)).filter(|&r| r <= n && side != Side::Lower);
    let lower = Some(first(&|r| below(r) > alpha) - 1).filter(|&r| r >= 1 && side != Side::Upper);
    Ok((lower, upper))
}

/// The distribution-free bounds of a quantile from independent units: the order statistics of [`quantile_ranks`].
///
/// # Errors
/// As there, and for numbers that are not finite.
pub fn quantile_bound(
    values: &[f64],
    quantile: f64,
    confidence: Confidence,
    side: Side,
) -> Result<Interval, StatError> {
    finite("values", values)?;
    let (lower, upper) = quantile_ranks(values.len() as u64, quantile, confidence, side)?;
    let ascending = sorted(values);
    // OK: ranks run from 1 to the number of values.
    let at = |rank: u64| ascending.get(rank as usize - 1).copied();
    Ok(Interval { lower: lower.and_then(at), upper: upper.and_then(at) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROBOT: [f64; 12] = [38.1, 39.4, 37.2, 41.0, 36.8, 40.2, 39.9, 38.7, 37.9, 42.3, 36.5, 39.0];
    const HUMAN: [f64; 12] = [35.2, 41.8, 37.0, 36.1, 44.9, 33.8, 38.5, 40.3, 36.6, 39.7, 35.9, 43.2];

    #[track_caller]
    fn near(found: f64, expected: f64, digits: f64) {
        assert!((found - expected).abs() <= digits, "{found} is not {expected}");
    }

    #[test]
    fn mann_whitney_by_the_study() {
        let slower: Vec<f64> = HUMAN.iter().map(|human| human * 1.1).collect();
        let found = mann_whitney(&ROBOT, &slower, Side::Upper).expect("an answer");
        assert_eq!((found.u, found.exact), (28.0, true));
        near(found.p, 0.005_022_3, 5e-8);
        // In tenths of a second, so that 5 s more make exact ties.
        let robot: Vec<f64> = ROBOT.iter().map(|takt| (takt * 10.0).round()).collect();
        let later: Vec<f64> = HUMAN.iter().map(|takt| (takt * 10.0).round() + 50.0).collect();
        let found = mann_whitney(&robot, &later, Side::Upper).expect("an answer");
        assert_eq!((found.u, found.ties), (13.5, true));
        near(found.p, 0.000_185_640, 5e-10);
    }

    #[test]
    fn hodges_lehmann_by_the_study() {
        let shift = hodges_lehmann(&ROBOT, &HUMAN, Confidence::USUAL, Side::Upper).expect("an answer");
        assert_eq!(shift.rank, 43);
        near(shift.estimate, 0.70, 1e-9);
        near(shift.interval.upper.expect("a bound"), 2.70, 1e-9);
        let lower = hodges_lehmann(&ROBOT, &HUMAN, Confidence::USUAL, Side::Lower).expect("an answer");
        near(lower.interval.lower.expect("a bound"), -1.70, 1e-9);
        let ratio = hodges_lehmann_ratio(&ROBOT, &HUMAN, Confidence::USUAL, Side::Upper).expect("an answer");
        near(ratio.estimate, 1.018_379_7, 5e-8);
    }

    #[test]
    fn too_few_units_have_no_bound() {
        let found = hodges_lehmann(&[1.0, 2.0], &[1.5], Confidence::USUAL, Side::Two).expect("an answer");
        assert_eq!((found.rank, found.interval), (0, Interval::default()));
        assert!(hodges_lehmann(&[], &[1.0], Confidence::USUAL, Side::Two).is_err());
        assert!(mann_whitney(&[f64::INFINITY], &[1.0], Side::Two).is_err());
    }

    #[test]
    fn large_samples_use_the_normal_distribution() {
        let x: Vec<f64> = (0..200).map(f64::from).collect();
        let y: Vec<f64> = (0..200).map(|i| f64::from(i) + 12.5).collect();
        let found = mann_whitney(&x, &y, Side::Upper).expect("an answer");
        assert!(!found.exact && found.p > 0.0 && found.p < 0.05);
        assert_eq!(mann_whitney(&[1.0; 200], &[1.0; 200], Side::Two).expect("an answer").p, 1.0);
    }

    #[test]
    fn kolmogorov_smirnov_by_the_study() {
        let (d, p) = kolmogorov_smirnov(&ROBOT, &HUMAN).expect("an answer");
        near(d, 1.0 / 3.0, 1e-15);
        near(p, 0.536_097_8, 5e-8);
        assert_eq!(kolmogorov_smirnov(&[1.0], &[1.0]), Ok((0.0, 1.0)));
    }

    #[test]
    fn brown_forsythe_by_the_study() {
        let found = brown_forsythe(&[ROBOT.to_vec(), HUMAN.to_vec()]).expect("an answer");
        near(found.f.expect("finite"), 5.043_14, 5e-6);
        near(found.p, 0.035_098_5, 5e-8);
        assert!(brown_forsythe(&[vec![1.0, 1.0], vec![2.0, 2.0]]).is_err());
        assert_eq!(brown_forsythe(&[vec![1.0, 3.0], vec![2.0, 2.0]]).expect("an answer").f, None);
    }

    #[test]
    fn ranks_of_quantile_bounds() {
        for (n, quantiles) in [
            (100, [(0.5, Some(59)), (0.9, Some(96)), (0.95, Some(99)), (0.99, None)]),
            (200, [(0.5, Some(113)), (0.9, Some(188)), (0.95, Some(196)), (0.99, None)]),
            (500, [(0.5, Some(269)), (0.9, Some(462)), (0.95, Some(484)), (0.99, Some(499))]),
            (1_000, [(0.5, Some(527)), (0.9, Some(916)), (0.95, Some(962)), (0.99, Some(996))]),
        ] {
            for (quantile, rank) in quantiles {
                let found = quantile_ranks(n, quantile, Confidence::USUAL, Side::Upper).expect("an answer");
                assert_eq!(found, (None, rank), "{n} units, quantile {quantile}");
            }
        }
        // The least number of units whose maximum is a bound.
        for (quantile, least) in [(0.9, 29), (0.95, 59), (0.99, 299)] {
            let rank = |n| quantile_ranks(n, quantile, Confidence::USUAL, Side::Upper).expect("an answer").1;
            assert_eq!((rank(least - 1), rank(least)), (None, Some(least)));
        }
        let lower = quantile_ranks(100, 0.5, Confidence::USUAL, Side::Lower).expect("an answer");
        assert_eq!(lower, (Some(42), None));
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        let bound = quantile_bound(&values, 0.9, Confidence::USUAL, Side::Upper).expect("an answer");
        assert_eq!(bound.upper, Some(96.0));
    }
}
