//! How different the demonstrations of a set are.

use libm::{exp, fabs, log, sqrt};

use crate::bound::{StatError, within};
use crate::math::special::{digamma, ln_gamma};
use crate::stats::sample::{at_most, count, enough, finite};
use crate::stats::signal::{distance, points_alike};

/// Items that a similarity matrix may have.
const ITEMS_MAX: usize = 256;

/// Points whose neighbours are sought by comparing all pairs.
const POINTS_MAX: usize = 5_000;

/// The eigenvalues of a symmetric matrix, by the cyclic Jacobi method (Golub and Van Loan, Matrix Computations, section
/// 8.5), in the order of the diagonal.
fn eigenvalues(matrix: &[Vec<f64>]) -> Vec<f64> {
    let n = matrix.len();
    let mut a = matrix.to_vec();
    for _ in 0..60 {
        let off: f64 = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i][j] * a[i][j]).sum();
        if off <= 1e-34 * (0..n).map(|i| a[i][i] * a[i][i]).sum::<f64>() {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, p, q);
            }
        }
    }
    (0..n).map(|i| a[i][i]).collect()
}

/// One Jacobi rotation, which makes the entry at (p, q) zero.
fn rotate(a: &mut [Vec<f64>], p: usize, q: usize) {
    if a[p][q] == 0.0 {
        return;
    }
    let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let t = if fabs(theta) > 1e150 {
        0.5 / theta
    } else {
        let t = 1.0 / (fabs(theta) + sqrt(theta * theta + 1.0));
        if theta < 0.0 { -t } else { t }
    };
    let c = 1.0 / sqrt(t * t + 1.0);
    let s = t * c;
    for row in a.iter_mut() {
        let (x, y) = (row[p], row[q]);
        row[p] = c * x - s * y;
        row[q] = s * x + c * y;
    }
    // OK: p is below q, so the split leaves one of the two rows on each side.
    let (upper, lower) = a.split_at_mut(q);
    for (x, y) in upper[p].iter_mut().zip(&mut lower[0]) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
}

/// The Vendi score (Friedman and Dieng, Transactions on Machine Learning Research, 2023): the exponential of the entropy of
/// the eigenvalues of `K/n`, an effective number of different items from 1 to n. `similarity` is symmetric and positive
/// semidefinite, with ones on its diagonal.
///
/// # Errors
/// No items, more than 256, a matrix that is not square or not symmetric, a diagonal other than 1, or an eigenvalue below
/// zero beyond rounding.
pub fn vendi(similarity: &[Vec<f64>]) -> Result<f64, StatError> {
    enough("similarity", similarity, 1)?;
    at_most("similarity", similarity.len(), ITEMS_MAX, "at most 256 items")?;
    for (i, row) in similarity.iter().enumerate() {
        if row.len() != similarity.len() {
            return Err(StatError::Mismatch("the similarity matrix must be square"));
        }
        for &value in row {
            within("similarity", value, -1.0 - 1e-9..=1.0 + 1e-9, "from -1 to 1")?;
        }
        within("similarity of an item with itself", row[i], 1.0 - 1e-9..=1.0 + 1e-9, "1")?;
    }
    for (i, row) in similarity.iter().enumerate() {
        if (0..i).any(|j| fabs(row[j] - similarity[j][i]) > 1e-9) {
            return Err(StatError::Mismatch("the similarity matrix must be symmetric"));
        }
    }
    let n = count(similarity);
    let mut entropy = 0.0;
    for value in eigenvalues(similarity) {
        let share = value / n;
        if share < -1e-8 {
            return Err(StatError::NoSolution("the similarity matrix has an eigenvalue below zero"));
        }
        if share > 0.0 {
            entropy -= share * log(share);
        }
    }
    Ok(exp(entropy))
}

/// The entropy of a distribution in nats, from the distances of points to their k-th neighbours (Kozachenko and Leonenko,
/// Problems of Information Transmission 23, 1987): `ψ(N) − ψ(k) + ln c_d + d · mean ln ε_i`, with Euclidean distances and
/// `c_d` the volume of the unit ball. Its value depends on the unit of the coordinates; compare sets in one unit.
///
/// # Errors
/// No more than `k` points, more than 5,000, unequal dimensions, a dimension above 64, or points that coincide with their
/// k-th neighbours.
pub fn neighbour_entropy(points: &[Vec<f64>], k: usize) -> Result<f64, StatError> {
    // OK: small whole numbers.
    within("k", k as f64, 1.0..=1e3, "from 1 to 1,000")?;
    enough("points", points, k + 1)?;
    at_most("points", points.len(), POINTS_MAX, "at most 5,000 points")?;
    points_alike(points)?;
    at_most("coordinates of a point", points[0].len(), 64, "at most 64")?;
    let d = count(&points[0]);
    let mut sum = 0.0;
    for (i, point) in points.iter().enumerate() {
        let mut distances: Vec<f64> =
            points.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, other)| distance(point, other)).collect();
        let (_, nearest, _) = distances.select_nth_unstable_by(k - 1, f64::total_cmp);
        if *nearest <= 0.0 {
            return Err(StatError::NoSolution("a point coincides with its k-th neighbour"));
        }
        sum += log(*nearest);
    }
    let ln_ball = 0.5 * d * log(std::f64::consts::PI) - ln_gamma(0.5 * d + 1.0);
    let mean = sum / count(points);
    finite("entropy", &[mean])?;
    // OK: as above.
    Ok(digamma(count(points)) - digamma(k as f64) + ln_ball + d * mean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::Random;

    #[test]
    fn vendi_by_the_study() {
        let k = vec![vec![1.0, 0.9, 0.0], vec![0.9, 1.0, 0.0], vec![0.0, 0.0, 1.0]];
        let found = vendi(&k).expect("a score");
        assert!((found - 2.157_300_5).abs() < 5e-8, "{found}");
        let same = vec![vec![1.0; 5]; 5];
        assert!((vendi(&same).expect("a score") - 1.0).abs() < 1e-12);
        let different: Vec<Vec<f64>> =
            (0..7).map(|i| (0..7).map(|j| if i == j { 1.0 } else { 0.0 }).collect()).collect();
        assert!((vendi(&different).expect("a score") - 7.0).abs() < 1e-12);
    }

    #[test]
    fn vendi_refuses_what_is_no_similarity() {
        for wrong in [
            vec![vec![1.0, 0.5], vec![0.4, 1.0]],
            vec![vec![2.0]],
            vec![vec![1.0, 0.5]],
            vec![vec![1.0, f64::NAN], vec![f64::NAN, 1.0]],
            vec![vec![1.0, 0.9, -0.9], vec![0.9, 1.0, 0.9], vec![-0.9, 0.9, 1.0]],
        ] {
            assert!(vendi(&wrong).is_err(), "{wrong:?}");
        }
        assert!(vendi(&vec![vec![1.0; 257]; 257]).is_err());
    }

    #[test]
    fn entropy_of_a_normal_distribution() {
        let mut random = Random::new(5);
        let points: Vec<Vec<f64>> = (0..2_000).map(|_| vec![random.normal(), random.normal()]).collect();
        let found = neighbour_entropy(&points, 3).expect("an entropy");
        let expected = log(2.0 * std::f64::consts::PI) + 1.0;
        assert!((found - expected).abs() < 0.08, "{found} is not near {expected}");
        assert!(neighbour_entropy(&[vec![1.0], vec![1.0]], 1).is_err());
        assert!(neighbour_entropy(&[vec![1.0]], 1).is_err() && neighbour_entropy(&points, 0).is_err());
    }
}
