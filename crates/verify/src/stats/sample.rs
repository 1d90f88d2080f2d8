//! Sums, means and medians of samples, with the checks that every statistic needs.

use libm::{log, sqrt};

use crate::bound::{Interval, StatError, within};

/// Numbers of a size up to this have squares, and sums of squares, that `f64` holds.
const SIZE_MAX: f64 = 1e100;

/// Durations in seconds that make sense for a unit of work: from a nanosecond to thirty years.
pub(crate) const SECONDS_MAX: f64 = 1e9;

/// Checks that there are at least `needed` items.
pub(crate) fn enough<T>(what: &'static str, items: &[T], needed: usize) -> Result<(), StatError> {
    if items.len() < needed { Err(StatError::TooFew { what, found: items.len(), needed }) } else { Ok(()) }
}

/// Checks that a count of items or of steps stays within a limit.
pub(crate) fn at_most(what: &'static str, found: usize, limit: usize, allowed: &'static str) -> Result<(), StatError> {
    // OK: a count in a message may lose its last digits.
    if found > limit { Err(StatError::OutOfRange { what, found: found as f64, allowed }) } else { Ok(()) }
}

/// Checks that every number is finite, and small enough to be squared and summed.
pub(crate) fn finite(what: &'static str, values: &[f64]) -> Result<(), StatError> {
    for &value in values {
        within(what, value, -SIZE_MAX..=SIZE_MAX, "a number of at most 1e100 in size")?;
    }
    Ok(())
}

/// Checks that every number is a duration in seconds above zero.
pub(crate) fn durations(what: &'static str, values: &[f64]) -> Result<(), StatError> {
    for &value in values {
        within(what, value, 1e-9..=SECONDS_MAX, "seconds, from 1e-9 to 1e9")?;
    }
    Ok(())
}

/// A length as a number.
pub(crate) fn count<T>(items: &[T]) -> f64 {
    // OK: no slice in memory has 2^53 items.
    items.len() as f64
}

/// The arithmetic mean of at least one number: the first pass's mean, corrected by the mean of what is left of it.
pub(crate) fn mean(values: &[f64]) -> f64 {
    let n = count(values);
    let rough = values.iter().sum::<f64>() / n;
    rough + values.iter().map(|value| value - rough).sum::<f64>() / n
}

/// The sum of squared distances from `centre`.
pub(crate) fn squares(values: &[f64], centre: f64) -> f64 {
    values.iter().map(|value| (value - centre) * (value - centre)).sum()
}

/// The variance with `n − 1` of at least two numbers.
pub(crate) fn variance(values: &[f64]) -> f64 {
    squares(values, mean(values)) / (count(values) - 1.0)
}

/// The standard deviation with `n − 1` of at least two numbers.
pub(crate) fn deviation(values: &[f64]) -> f64 {
    sqrt(variance(values))
}

/// The numbers in ascending order.
pub(crate) fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values
}

/// The median of at least one number in ascending order.
pub(crate) fn median_of_sorted(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[half] } else { 0.5 * (sorted[half - 1] + sorted[half]) }
}

/// The median of at least one number.
pub(crate) fn median(values: &[f64]) -> f64 {
    median_of_sorted(&sorted(values))
}

/// The natural logarithm of each number.
pub(crate) fn logarithms(values: &[f64]) -> Vec<f64> {
    values.iter().map(|&value| log(value)).collect()
}

/// The interval with a function applied to both ends; an end that is then infinite is none.
pub(crate) fn scaled(interval: Interval, scale: impl Fn(f64) -> f64) -> Interval {
    let end = |end: Option<f64>| end.map(&scale).filter(|end| end.is_finite());
    Interval { lower: end(interval.lower), upper: end(interval.upper) }
}

/// A straight line by least squares: intercept and slope of `y` on `x`. `None` where all `x` are equal.
pub(crate) fn line(x: &[f64], y: &[f64]) -> Option<(f64, f64)> {
    let (x_mean, y_mean) = (mean(x), mean(y));
    let spread = squares(x, x_mean);
    if spread <= 0.0 {
        return None;
    }
    let slope = x.iter().zip(y).map(|(x, y)| (x - x_mean) * (y - y_mean)).sum::<f64>() / spread;
    Some((y_mean - slope * x_mean, slope))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_medians() {
        assert_eq!(mean(&[1.0, 2.0, 6.0]), 3.0);
        assert_eq!(variance(&[1.0, 2.0, 6.0]), 7.0);
        assert_eq!(median(&[6.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(line(&[0.0, 1.0, 2.0], &[1.0, 3.0, 5.0]), Some((1.0, 2.0)));
        assert_eq!(line(&[1.0, 1.0], &[1.0, 3.0]), None);
        assert!(finite("x", &[f64::NAN]).is_err() && finite("x", &[1e200]).is_err() && durations("x", &[0.0]).is_err());
    }
}
