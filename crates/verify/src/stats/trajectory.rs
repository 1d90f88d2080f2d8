//! How alike trajectories are: distances for replays, and shares of near-copies.

use std::collections::BTreeSet;

use libm::{ceil, floor, round};

use serde::Serialize;

use crate::bound::{StatError, within};
use crate::stats::sample::{at_most, count, enough, median, sorted};
use crate::stats::signal::{distance, path_length, points_alike};

/// Pairs of points, or of trajectories' coordinates, that one comparison may take.
const PAIRS_MAX: usize = 25_000_000;

/// The distance of two trajectories.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TrajectoryDistance {
    /// The distance, in the unit of the coordinates.
    pub distance: f64,
    /// The distance by the mean length of the two paths: without a unit. `None` where neither path has a length.
    pub relative: Option<f64>,
}

/// What dynamic time warping gives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Warping {
    /// The least sum of distances along a warping path, in the unit of the coordinates.
    pub cost: f64,
    /// Pairs of points on that path. Of several cheapest paths, the one that goes diagonally where it can.
    pub steps: usize,
    /// Cost by steps: the mean distance of matched points, and that by the mean length of the two paths.
    pub mean: TrajectoryDistance,
}

/// Checks two trajectories.
fn comparable(a: &[Vec<f64>], b: &[Vec<f64>]) -> Result<(), StatError> {
    enough("a", a, 1)?;
    enough("b", b, 1)?;
    points_alike(a)?;
    points_alike(b)?;
    if a[0].len() != b[0].len() {
        return Err(StatError::Mismatch("both trajectories must have the same number of coordinates"));
    }
    let work = a.len().saturating_mul(b.len()).saturating_mul(a[0].len());
    at_most("pairs of points by coordinates", work, PAIRS_MAX, "at most 25,000,000")
}

/// A distance, and the same by the mean length of the two paths.
fn by_length(distance: f64, a: &[Vec<f64>], b: &[Vec<f64>]) -> TrajectoryDistance {
    let length = 0.5 * (path_length(a) + path_length(b));
    TrajectoryDistance { distance, relative: (length > 0.0).then(|| distance / length) }
}

/// Dynamic time warping (Sakoe and Chiba, IEEE Transactions on Acoustics, Speech and Signal Processing 26, 1978) with
/// Euclidean distances, steps of (1, 0), (0, 1) and (1, 1) of equal weight, and no window.
///
/// # Errors
/// An empty trajectory, unequal dimensions, numbers that are not finite, or more than 25,000,000 pairs by coordinates.
pub fn dynamic_time_warping(a: &[Vec<f64>], b: &[Vec<f64>]) -> Result<Warping, StatError> {
    comparable(a, b)?;
    let mut row: Vec<(f64, usize)> = vec![(f64::INFINITY, 0); b.len()];
    for (i, p) in a.iter().enumerate() {
        let mut diagonal = (f64::INFINITY, 0);
        for (j, q) in b.iter().enumerate() {
            let above = row[j];
            let before = if j == 0 { (f64::INFINITY, 0) } else { row[j - 1] };
            let mut best = if i == 0 && j == 0 { (0.0, 0) } else { diagonal };
            for other in [above, before] {
                if other.0 < best.0 {
                    best = other;
                }
            }
            row[j] = (best.0 + distance(p, q), best.1 + 1);
            diagonal = above;
        }
    }
    let (cost, steps) = row[b.len() - 1];
    // OK: a path has fewer steps than both trajectories have points.
    Ok(Warping { cost, steps, mean: by_length(cost / steps as f64, a, b) })
}

/// The discrete Fréchet distance (Eiter and Mannila, 1994): the shortest leash with which two walkers can both go through
/// their points in order.
///
/// # Errors
/// As [`dynamic_time_warping`].
pub fn frechet(a: &[Vec<f64>], b: &[Vec<f64>]) -> Result<TrajectoryDistance, StatError> {
    comparable(a, b)?;
    let mut row = vec![f64::INFINITY; b.len()];
    for (i, p) in a.iter().enumerate() {
        let mut diagonal = f64::INFINITY;
        for (j, q) in b.iter().enumerate() {
            let above = row[j];
            let before = if j == 0 { f64::INFINITY } else { row[j - 1] };
            let best = if i == 0 && j == 0 { 0.0 } else { diagonal.min(above).min(before) };
            row[j] = best.max(distance(p, q));
            diagonal = above;
        }
    }
    Ok(by_length(row[b.len() - 1], a, b))
}

/// How near test items are to training items.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NearCopies {
    /// For each test item, the distance to the nearest training item by the median distance of training items to theirs.
    pub ratios: Vec<f64>,
    /// The share of test items whose ratio is below the limit.
    pub share: f64,
}

/// The nearest-neighbour ratio: the distance from each test item to the nearest training item, by the median of the
/// distances from each training item to the nearest other one. A ratio below 0.1 is a near-copy; more than 5 % near-copies
/// fail a hold-out.
///
/// # Errors
/// No test item, fewer than 2 training items, unequal dimensions, more than 25,000,000 pairs by coordinates, or training
/// items most of which are copies of each other.
pub fn nearest_neighbour_ratio(test: &[Vec<f64>], train: &[Vec<f64>], limit: f64) -> Result<NearCopies, StatError> {
    within("limit", limit, 0.0..=1e6, "from 0 to 1e6")?;
    enough("train", train, 2)?;
    comparable(test, train)?;
    comparable(train, train)?;
    let nearest = |item: &[f64], skip: Option<usize>| {
        train
            .iter()
            .enumerate()
            .filter(|(place, _)| Some(*place) != skip)
            .map(|(_, other)| distance(item, other))
            .fold(f64::INFINITY, f64::min)
    };
    let usual: Vec<f64> = train.iter().enumerate().map(|(place, item)| nearest(item, Some(place))).collect();
    let usual = median(&usual);
    if usual <= 0.0 {
        return Err(StatError::NoSolution("most training items are copies of each other"));
    }
    let ratios: Vec<f64> = test.iter().map(|item| nearest(item, None) / usual).collect();
    // OK: counts in memory are exact as doubles.
    let share = ratios.iter().filter(|ratio| **ratio < limit).count() as f64 / ratios.len() as f64;
    Ok(NearCopies { ratios, share })
}

/// How many pairs of trajectories are more alike than natural repeats are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NearRepeats {
    /// The distance below which natural repeats hardly ever are.
    pub limit: f64,
    /// The share of pairs below it.
    pub share: f64,
}

/// The share of pairwise distances (of any kind, all of one kind) below a low quantile of the distances between natural
/// repeats: the order statistic of rank `ceil(quantile · n)`. A policy that acts on what it sees has a share of about
/// `quantile`. Pairs that have a trajectory in common are not independent, so the share has no p-value here.
///
/// # Errors
/// No distances, fewer reference distances than `1/quantile`, negative ones, or a quantile outside of 0 to 0.5.
pub fn near_repeats(distances: &[f64], reference: &[f64], quantile: f64) -> Result<NearRepeats, StatError> {
    within("quantile", quantile, 1e-9..=0.5, "from 1e-9 to 0.5")?;
    enough("distances", distances, 1)?;
    // OK: at most 1e9.
    enough("reference", reference, ceil(1.0 / quantile - 1e-9) as usize)?;
    for &distance in distances.iter().chain(reference) {
        within("distances", distance, 0.0..=1e100, "from 0 to 1e100")?;
    }
    let ascending = sorted(reference);
    // OK: from 1 to the number of distances.
    let rank = ceil(quantile * count(reference) - 1e-9).max(1.0) as usize;
    let limit = ascending[rank - 1];
    let below: Vec<f64> = distances.iter().copied().filter(|distance| *distance < limit).collect();
    Ok(NearRepeats { limit, share: count(&below) / count(distances) })
}

/// How many of two trajectories' pieces are the same.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Overlap {
    /// Jaccard's index: pieces of both by pieces of either.
    pub jaccard: f64,
    /// Its estimate by as many smallest hashes as were asked for; comparable between sets that were never in one place.
    pub minhash: f64,
}

/// Mixes bits so that each depends on all (the finalizer of SplitMix64).
fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The hashes of all runs of `length` consecutive points, coordinates rounded to multiples of `step`.
fn pieces(points: &[Vec<f64>], step: f64, length: usize) -> BTreeSet<u64> {
    let cells: Vec<Vec<i64>> = points
        .iter()
        // OK: an `as` from a double saturates; cells beyond 2^63 were refused before.
        .map(|point| point.iter().map(|value| round(value / step) as i64).collect())
        .collect();
    cells
        .windows(length)
        .map(|run| {
            // OK: the bits of the cell's number, whatever its sign.
            run.iter().flatten().fold(0x243f_6a88_85a3_08d3, |hash, &cell| mix(hash ^ mix(cell as u64)))
        })
        .collect()
}

/// The overlap of two trajectories of (state, action) points as sets of quantised n-grams (Broder, 1997): runs of `length`
/// points whose coordinates are rounded to multiples of `step`. Pieces count as equal where their 64-bit hashes are.
///
/// # Errors
/// Trajectories shorter than `length`, unequal dimensions, a step that is not above zero or too fine for the coordinates,
/// more than 10,000,000 coordinates by `length`, or a number of hashes outside of 1 to 4,096.
pub fn overlap(
    a: &[Vec<f64>],
    b: &[Vec<f64>],
    step: f64,
    length: usize,
    hashes: usize,
    seed: u64,
) -> Result<Overlap, StatError> {
    // OK: small whole numbers, or refused.
    within("length", length as f64, 1.0..=1e4, "from 1 to 10,000")?;
    within("hashes", hashes as f64, 1.0..=4_096.0, "from 1 to 4,096")?;
    within("step", step, 1e-100..=1e100, "above 0")?;
    for points in [a, b] {
        enough("points", points, length)?;
        points_alike(points)?;
        let work = points.len().saturating_mul(points[0].len()).saturating_mul(length);
        at_most("coordinates by length", work, 10_000_000, "at most 10,000,000")?;
        for value in points.iter().flatten() {
            within("coordinates by step", floor(value / step), -9e18..=9e18, "below 9e18 in size")?;
        }
    }
    if a[0].len() != b[0].len() {
        return Err(StatError::Mismatch("both trajectories must have the same number of coordinates"));
    }
    let (a, b) = (pieces(a, step, length), pieces(b, step, length));
    at_most("pieces by hashes", (a.len() + b.len()).saturating_mul(hashes), 1_000_000_000, "at most 1e9")?;
    // OK: counts in memory are exact as doubles.
    let both = a.intersection(&b).count() as f64;
    let either = a.len() as f64 + b.len() as f64 - both;
    let smallest = |set: &BTreeSet<u64>, salt: u64| set.iter().map(|piece| mix(piece ^ salt)).min();
    let equal = (0..hashes)
        .filter(|&number| {
            let salt = mix(seed ^ mix(number as u64));
            smallest(&a, salt) == smallest(&b, salt)
        })
        .count();
    Ok(Overlap { jaccard: both / either, minhash: equal as f64 / hashes as f64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(values: &[f64]) -> Vec<Vec<f64>> {
        values.iter().map(|&value| vec![value]).collect()
    }

    #[test]
    fn warping_by_hand() {
        let found = dynamic_time_warping(&path(&[0.0, 1.0, 2.0]), &path(&[0.0, 0.0, 1.0, 2.0])).expect("a distance");
        assert_eq!((found.cost, found.steps), (0.0, 4));
        let found = dynamic_time_warping(&path(&[0.0, 2.0]), &path(&[1.0, 3.0])).expect("a distance");
        assert_eq!((found.cost, found.steps, found.mean.distance), (2.0, 2, 1.0));
        assert_eq!(found.mean.relative, Some(0.5));
        let still = dynamic_time_warping(&path(&[1.0]), &path(&[1.0])).expect("a distance");
        assert_eq!((still.steps, still.mean.relative), (1, None));
    }

    #[test]
    fn the_shortest_leash() {
        let a = vec![vec![0.0, 0.0], vec![1.0, 0.0], vec![2.0, 0.0]];
        let b = vec![vec![0.0, 1.0], vec![1.0, 2.0], vec![2.0, 1.0]];
        assert_eq!(frechet(&a, &b).expect("a distance").distance, 2.0);
        assert!(frechet(&a, &path(&[1.0])).is_err() && frechet(&a, &[]).is_err());
        assert!(frechet(&path(&[f64::NAN]), &path(&[1.0])).is_err());
    }

    #[test]
    fn near_copies() {
        let train = path(&[0.0, 1.0, 2.0, 3.0]);
        let found = nearest_neighbour_ratio(&path(&[1.05, 2.5]), &train, 0.1).expect("an answer");
        assert_eq!(found.share, 0.5);
        assert!((found.ratios[0] - 0.05).abs() < 1e-12 && (found.ratios[1] - 0.5).abs() < 1e-12);
        assert!(nearest_neighbour_ratio(&train, &path(&[1.0, 1.0]), 0.1).is_err());
    }

    #[test]
    fn pairs_too_alike() {
        let reference: Vec<f64> = (1..=2_000).map(f64::from).collect();
        let found = near_repeats(&[0.5, 1.0, 2.0, 700.0], &reference, 0.001).expect("an answer");
        assert_eq!((found.limit, found.share), (2.0, 0.5));
        assert!(
            near_repeats(&[0.5], &reference[..999], 0.001).is_err() && near_repeats(&[], &reference, 0.001).is_err()
        );
    }

    #[test]
    fn shared_pieces() {
        let a = path(&[0.0, 1.0, 2.0, 3.0, 4.0]);
        let b = path(&[0.01, 1.01, 2.0, 3.0, 9.0]);
        // Pairs 01 12 23 34 against 01 12 23 39: three of five.
        let found = overlap(&a, &b, 0.5, 2, 512, 1).expect("an answer");
        assert_eq!(found.jaccard, 0.6);
        assert!((found.minhash - 0.6).abs() < 0.1, "{}", found.minhash);
        assert_eq!(overlap(&a, &a, 0.5, 2, 16, 1).expect("an answer").minhash, 1.0);
        assert!(overlap(&a, &b, 0.0, 2, 16, 1).is_err() && overlap(&a, &b, 0.5, 6, 16, 1).is_err());
    }
}
