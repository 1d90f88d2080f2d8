//! Motion of one demonstration: smoothness, directness and idleness.
//!
//! **Invariant:** these are descriptions. None of them decides alone what a demonstration is worth: scores of smoothness see
//! noise, and are blind to errors of structure.

use std::f64::consts::PI;

use libm::{cos, log, sin, sqrt};

use serde::Serialize;

use crate::bound::{StatError, within};
use crate::stats::sample::{at_most, count, enough, finite};

/// Samples that a speed profile may have; its transform has up to 2^20 points.
const SAMPLES_MAX: usize = 65_536;

/// The discrete Fourier transform in place, of a length that is a power of two (Cooley and Tukey, 1965).
fn transform(real: &mut [f64], imaginary: &mut [f64]) {
    let n = real.len();
    let mut reversed = 0;
    for i in 1..n {
        let mut bit = n >> 1;
        while reversed & bit != 0 {
            reversed ^= bit;
            bit >>= 1;
        }
        reversed |= bit;
        if i < reversed {
            real.swap(i, reversed);
            imaginary.swap(i, reversed);
        }
    }
    // Every turn is computed anew: products of turns would add up their rounding. OK: n is at most 2^20.
    let turns: Vec<(f64, f64)> =
        (0..n / 2).map(|k| -2.0 * PI * k as f64 / n as f64).map(|angle| (cos(angle), sin(angle))).collect();
    let mut size = 2;
    while size <= n {
        let (half, stride) = (size / 2, n / size);
        for start in (0..n).step_by(size) {
            for k in 0..half {
                let (c, s) = turns[k * stride];
                let (low, high) = (start + k, start + k + half);
                let re = real[high] * c - imaginary[high] * s;
                let im = real[high] * s + imaginary[high] * c;
                real[high] = real[low] - re;
                imaginary[high] = imaginary[low] - im;
                real[low] += re;
                imaginary[low] += im;
            }
        }
        size *= 2;
    }
}

/// Checks a speed profile and its rate.
fn profile(speed: &[f64], rate_hz: f64) -> Result<(), StatError> {
    enough("speed", speed, 3)?;
    at_most("speed", speed.len(), SAMPLES_MAX, "at most 65,536 samples")?;
    finite("speed", speed)?;
    within("rate_hz", rate_hz, 1e-3..=1e6, "from 0.001 to 1e6")?;
    Ok(())
}

/// Spectral arc length of a speed profile (any unit of speed): the length of the normalised magnitude spectrum up to
/// 10 Hz, cut to where it is at least 0.05, with the opposite sign. Nearer to zero is smoother; a single minimum-jerk
/// movement has −1.41. (Balasubramanian, Melendez-Calderon, Roby-Brami and Burdet, Journal of NeuroEngineering and
/// Rehabilitation 12, 2015.)
///
/// The spectrum has `2^(ceil(log2 n) + 4)` points. A tremor below 5 % of the spectrum's peak is not seen at all; see
/// [`log_dimensionless_jerk`].
///
/// # Errors
/// Fewer than 3 samples, more than 65,536, numbers that are not finite, no movement, or a spectrum of one point.
pub fn spectral_arc_length(speed: &[f64], rate_hz: f64) -> Result<f64, StatError> {
    const FREQUENCY_MAX_HZ: f64 = 10.0;
    const MAGNITUDE_MIN: f64 = 0.05;
    profile(speed, rate_hz)?;
    let points = speed.len().next_power_of_two() << 4;
    // Divided by the peak first, so that no square overflows.
    let peak = speed.iter().fold(0.0f64, |peak, v| peak.max(v.abs()));
    if peak <= 0.0 {
        return Err(StatError::NoSolution("nothing moves"));
    }
    let mut real: Vec<f64> = speed.iter().map(|v| v / peak).collect();
    real.resize(points, 0.0);
    let mut imaginary = vec![0.0; points];
    transform(&mut real, &mut imaginary);
    let magnitudes: Vec<f64> = real.iter().zip(&imaginary).map(|(re, im)| sqrt(re * re + im * im)).collect();
    let largest = magnitudes.iter().copied().fold(0.0, f64::max);
    // OK: at most 2^20 points.
    let step_hz = rate_hz / points as f64;
    let kept: Vec<f64> = magnitudes
        .iter()
        .enumerate()
        .take_while(|(k, _)| *k as f64 * step_hz <= FREQUENCY_MAX_HZ)
        .map(|(_, magnitude)| magnitude / largest)
        .collect();
    let first = kept.iter().position(|&magnitude| magnitude >= MAGNITUDE_MIN);
    let last = kept.iter().rposition(|&magnitude| magnitude >= MAGNITUDE_MIN);
    let (Some(first), Some(last)) = (first, last) else {
        return Err(StatError::NoSolution("the spectrum is below its threshold up to 10 Hz"));
    };
    if first == last {
        return Err(StatError::NoSolution("the spectrum has one point above its threshold"));
    }
    // OK: at most 2^20 points.
    let along = 1.0 / (last - first) as f64;
    let length: f64 = kept[first..=last]
        .windows(2)
        .map(|pair| {
            let step = pair[1] - pair[0];
            sqrt(along * along + step * step)
        })
        .sum();
    Ok(-length)
}

/// Dimensionless jerk of a speed profile: `−T³/v_peak² · Σ jerk² dt`, with jerk the second difference of speed by `dt²`
/// and `T = n dt` (Hogan and Sternad, Journal of Motor Behavior 41, 2009). A minimum-jerk movement has −204.8 in the
/// limit of many samples. It grows with noise: filter first, and compare at one rate only.
///
/// # Errors
/// Fewer than 3 samples, more than 65,536, numbers that are not finite, or no movement.
pub fn dimensionless_jerk(speed: &[f64], rate_hz: f64) -> Result<f64, StatError> {
    profile(speed, rate_hz)?;
    let peak = speed.iter().fold(0.0f64, |peak, v| peak.max(v.abs()));
    if peak <= 0.0 {
        return Err(StatError::NoSolution("nothing moves"));
    }
    // T³ · dt / dt⁴ is n³: the rate cancels, as it must in a number without a dimension.
    let n = count(speed);
    let sum: f64 = speed
        .windows(3)
        .map(|v| v[2] / peak - 2.0 * (v[1] / peak) + v[0] / peak)
        .map(|difference| difference * difference)
        .sum();
    Ok(-n * n * n * sum)
}

/// The logarithm of dimensionless jerk, `−ln |DLJ|`; nearer to zero is smoother.
///
/// # Errors
/// As [`dimensionless_jerk`], and where there is no jerk at all.
pub fn log_dimensionless_jerk(speed: &[f64], rate_hz: f64) -> Result<f64, StatError> {
    let jerk = dimensionless_jerk(speed, rate_hz)?;
    if jerk == 0.0 {
        return Err(StatError::NoSolution("the movement has no jerk"));
    }
    Ok(-log(-jerk))
}

/// Path efficiency: the straight distance from first to last point by the length of the path, from 0 to 1. For one segment
/// between gripper events; over a whole pick-and-place it means nothing. Points have the same number of coordinates.
///
/// # Errors
/// Fewer than 2 points, points of unequal dimension, numbers that are not finite, or a path of no length.
pub fn path_efficiency(points: &[Vec<f64>]) -> Result<f64, StatError> {
    enough("points", points, 2)?;
    points_alike(points)?;
    let length = path_length(points);
    if length <= 0.0 {
        return Err(StatError::NoSolution("the path has no length"));
    }
    Ok((distance(&points[0], &points[points.len() - 1]) / length).min(1.0))
}

/// Checks that points have the same dimension, at least 1, and finite coordinates.
pub(crate) fn points_alike(points: &[Vec<f64>]) -> Result<(), StatError> {
    for point in points {
        enough("coordinates of a point", point, 1)?;
        finite("points", point)?;
        if point.len() != points[0].len() {
            return Err(StatError::Mismatch("points must have the same number of coordinates"));
        }
    }
    Ok(())
}

/// The Euclidean distance of two points.
pub(crate) fn distance(a: &[f64], b: &[f64]) -> f64 {
    sqrt(a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum())
}

/// The length of the path through points.
pub(crate) fn path_length(points: &[Vec<f64>]) -> f64 {
    points.windows(2).map(|pair| distance(&pair[0], &pair[1])).sum()
}

/// How idle a demonstration is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Idleness {
    /// The share of idle steps between the first and the last active one, both included.
    pub share: f64,
    /// Idle steps before the first active one.
    pub leading: usize,
    /// Idle steps after the last active one.
    pub trailing: usize,
}

/// The idle fraction: the share of steps whose joint speed is below `threshold` and in which the gripper does not change;
/// leading and trailing idle steps are cut off first, and counted apart. `gripper_changes` has one entry per step, or none
/// where there is no gripper.
///
/// # Errors
/// No steps, lists of unequal length, a negative speed or threshold, or no active step at all.
pub fn idle_fraction(speeds: &[f64], gripper_changes: &[bool], threshold: f64) -> Result<Idleness, StatError> {
    enough("speeds", speeds, 1)?;
    if !gripper_changes.is_empty() && gripper_changes.len() != speeds.len() {
        return Err(StatError::Mismatch("there must be one gripper entry for each speed, or none"));
    }
    within("threshold", threshold, 0.0..=1e100, "from 0 to 1e100")?;
    for &speed in speeds {
        within("speeds", speed, 0.0..=1e100, "from 0 to 1e100")?;
    }
    let idle: Vec<bool> = speeds
        .iter()
        .enumerate()
        .map(|(step, &speed)| speed < threshold && !gripper_changes.get(step).copied().unwrap_or(false))
        .collect();
    let (Some(first), Some(last)) = (idle.iter().position(|idle| !idle), idle.iter().rposition(|idle| !idle)) else {
        return Err(StatError::NoSolution("no step is active"));
    };
    let inner = &idle[first..=last];
    // OK: counts in memory are exact as doubles.
    let share = inner.iter().filter(|idle| **idle).count() as f64 / count(inner);
    Ok(Idleness { share, leading: first, trailing: idle.len() - 1 - last })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64, digits: f64) {
        assert!((found - expected).abs() <= digits, "{found} is not {expected}");
    }

    fn bell() -> Vec<f64> {
        (-100..100).map(|i| f64::from(i) * 0.01).map(|t| libm::exp(-5.0 * t * t)).collect()
    }

    fn minimum_jerk() -> Vec<f64> {
        (0..=100).map(|i| f64::from(i) * 0.01).map(|t| 30.0 * t * t * (1.0 - 2.0 * t + t * t)).collect()
    }

    #[test]
    fn smoothness_of_known_movements() {
        near(spectral_arc_length(&bell(), 100.0).expect("a value"), -1.414_03, 5e-6);
        near(dimensionless_jerk(&bell(), 100.0).expect("a value"), -335.746_84, 5e-6);
        near(log_dimensionless_jerk(&bell(), 100.0).expect("a value"), -5.816_36, 5e-6);
        near(spectral_arc_length(&minimum_jerk(), 100.0).expect("a value"), -1.405_829_3, 5e-8);
        near(dimensionless_jerk(&minimum_jerk(), 100.0).expect("a value"), -200.664_28, 5e-6);
        near(log_dimensionless_jerk(&minimum_jerk(), 100.0).expect("a value"), -5.301_633_2, 5e-8);
    }

    #[test]
    fn a_small_tremor_is_seen_by_jerk_only() {
        let shaky: Vec<f64> =
            minimum_jerk().iter().enumerate().map(|(i, v)| v + 0.05 * sin(2.0 * PI * 8.0 * i as f64 * 0.01)).collect();
        near(spectral_arc_length(&shaky, 100.0).expect("a value"), -1.405_810_3, 5e-8);
        assert!(log_dimensionless_jerk(&shaky, 100.0).expect("a value") < -6.0);
    }

    #[test]
    fn the_transform_is_that_of_its_definition() {
        let signal: Vec<f64> = (0..16).map(|i| f64::from(i * i % 7) - 2.5).collect();
        let (mut real, mut imaginary) = (signal.clone(), vec![0.0; 16]);
        transform(&mut real, &mut imaginary);
        for k in 0..16 {
            let angle = |i: usize| -2.0 * PI * (i * k) as f64 / 16.0;
            near(real[k], signal.iter().enumerate().map(|(i, v)| v * cos(angle(i))).sum(), 1e-12);
            near(imaginary[k], signal.iter().enumerate().map(|(i, v)| v * sin(angle(i))).sum(), 1e-12);
        }
    }

    #[test]
    fn detours_and_pauses() {
        let corner = vec![vec![0.0, 0.0], vec![3.0, 0.0], vec![3.0, 4.0]];
        near(path_efficiency(&corner).expect("a value"), 5.0 / 7.0, 1e-15);
        assert!(
            path_efficiency(&[vec![0.0], vec![0.0]]).is_err() && path_efficiency(&[vec![0.0], vec![0.0, 1.0]]).is_err()
        );
        let found = idle_fraction(&[0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0], &[], 0.1).expect("a value");
        assert_eq!(found, Idleness { share: 0.5, leading: 2, trailing: 1 });
        let grip = [false, true, false, false, false, false, false];
        let found = idle_fraction(&[0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0], &grip, 0.1).expect("a value");
        assert_eq!((found.leading, found.share), (1, 0.4));
        assert!(idle_fraction(&[0.0], &[], 0.1).is_err());
    }

    #[test]
    fn refuses_what_does_not_move() {
        assert!(spectral_arc_length(&[0.0; 10], 100.0).is_err());
        assert!(log_dimensionless_jerk(&[1.0; 10], 100.0).is_err());
        assert!(dimensionless_jerk(&[1.0, f64::NAN, 2.0], 100.0).is_err());
        assert!(spectral_arc_length(&[1.0, 2.0, 1.0], 0.0).is_err());
    }
}
