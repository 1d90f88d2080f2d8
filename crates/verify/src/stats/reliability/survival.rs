//! Times to one event, of which some ended before it: repairs, takts, lifetimes of grippers.

use libm::{exp, log, sqrt};
use serde::Serialize;

use super::{finite, length, positive};
use crate::bound::{Confidence, Interval, Side, StatError};
use crate::math::distribution::normal_quantile_upper;
use crate::math::root;

/// The Kaplan–Meier estimate at one time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// The time.
    pub time: f64,
    /// How many were watched just before it.
    pub at_risk: u64,
    /// How many had the event at it.
    pub events: u64,
    /// The share still without the event.
    pub survival: f64,
    /// The variance of that share, by Greenwood.
    pub variance: f64,
    /// The interval of the share.
    #[serde(flatten)]
    pub interval: Interval,
}

/// The Kaplan–Meier estimate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Survival {
    /// One point per time with an event.
    pub points: Vec<Point>,
    /// The first time at which no more than half are without the event; `None` where more than half never have it.
    pub median: Option<f64>,
}

/// Times with whether the event was seen, in order: events before ends at one time.
fn ordered(times: &[f64], observed: &[bool]) -> Result<Vec<(f64, bool)>, StatError> {
    length("times", times.len(), 1)?;
    if times.len() != observed.len() {
        return Err(StatError::Mismatch("`times` and `observed` have different lengths"));
    }
    let mut all = Vec::with_capacity(times.len());
    for (time, observed) in times.iter().zip(observed) {
        all.push((positive("times", *time)?, *observed));
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
    Ok(all)
}

/// The product-limit estimate of Kaplan and Meier (JASA 53, 1958), with Greenwood's variance and its interval on the scale
/// of `ln(−ln S)` (Kalbfleisch and Prentice, 1980). Where the last watched has the event, the share is 0 and its interval
/// has no ends.
///
/// It is for display. It must not decide about robots that give up: giving up ends the watching because the unit went
/// badly, and the estimate takes such ends as if they had nothing to do with the time.
///
/// # Errors
/// Where there are no times, the lists have different lengths, or a time is not above zero.
pub fn kaplan_meier(
    times: &[f64],
    observed: &[bool],
    confidence: Confidence,
    side: Side,
) -> Result<Survival, StatError> {
    let all = ordered(times, observed)?;
    let z = normal_quantile_upper(side.alpha_each(confidence));
    let mut points = Vec::new();
    let (mut survival, mut greenwood, mut median) = (1.0, 0.0, None);
    let mut start = 0;
    while let Some((time, _)) = all.get(start).copied() {
        let rest = all.get(start..).unwrap_or_default();
        let same = rest.partition_point(|(other, _)| other.total_cmp(&time).is_eq());
        let events = rest.get(..same).unwrap_or_default().iter().filter(|(_, observed)| *observed).count();
        start += same;
        if events == 0 {
            continue;
        }
        // OK: lengths are below 2^53.
        let (n, d) = (rest.len() as f64, events as f64);
        survival *= (n - d) / n;
        greenwood += d / (n * (n - d));
        let variance = if survival > 0.0 { survival * survival * greenwood } else { 0.0 };
        points.push(Point {
            time,
            at_risk: rest.len() as u64,
            events: events as u64,
            survival,
            variance,
            interval: log_log_interval(survival, greenwood, z, side),
        });
        if median.is_none() && survival <= 0.5 {
            median = Some(time);
        }
    }
    Ok(Survival { points, median })
}

/// `S^exp(±z sqrt(greenwood) / ln S)`.
fn log_log_interval(survival: f64, greenwood: f64, z: f64, side: Side) -> Interval {
    if !(survival > 0.0 && survival < 1.0) {
        return Interval::default();
    }
    let ln = log(survival);
    let spread = exp(z * sqrt(greenwood) / -ln);
    side.of(exp(ln * spread), exp(ln / spread))
}

/// A Weibull distribution of times, `S(t) = exp(−(t/scale)^shape)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Weibull {
    /// Below 1 the old are the more reliable; above 1 things wear out.
    pub shape: f64,
    /// The time by which 63 % have the event.
    pub scale: f64,
    /// The end of the shape's interval.
    pub shape_lower: Option<f64>,
    /// The other end.
    pub shape_upper: Option<f64>,
    /// The end of the scale's interval.
    pub scale_lower: Option<f64>,
    /// The other end.
    pub scale_upper: Option<f64>,
    /// The logarithm of the likelihood.
    pub ln_likelihood: f64,
    /// How many had the event.
    pub events: u64,
}

/// Sums over all times, in units of the longest: `Σ x^k`, `Σ x^k ln x`, `Σ x^k ln² x`.
fn power_sums(logarithms: &[f64], k: f64) -> (f64, f64, f64) {
    let (mut sum, mut first, mut second) = (0.0, 0.0, 0.0);
    for ln in logarithms {
        let power = exp(k * ln);
        sum += power;
        first += power * ln;
        second += power * ln * ln;
    }
    (sum, first, second)
}

/// The Weibull distribution by maximum likelihood, of times of which some ended before the event (Lawless, Statistical
/// Models and Methods for Lifetime Data, 2003, section 5.2). The intervals are of the observed information on the scale of
/// the logarithm: for large samples. The ends that `side` does not ask for are `None`.
///
/// # Errors
/// Where fewer than two different times have the event, or the lists have different lengths.
pub fn weibull(times: &[f64], observed: &[bool], confidence: Confidence, side: Side) -> Result<Weibull, StatError> {
    let all = ordered(times, observed)?;
    let longest = all.last().map_or(1.0, |(time, _)| *time);
    let logarithms: Vec<f64> = all.iter().map(|(time, _)| log(time / longest)).collect();
    let events = all.iter().filter(|(_, observed)| *observed).count();
    if events < 2 {
        return Err(StatError::TooFew { what: "observed events", found: events, needed: 2 });
    }
    // OK: a length is below 2^53.
    let r = events as f64;
    let seen: f64 = logarithms.iter().zip(&all).filter(|(_, (_, observed))| *observed).map(|(ln, _)| ln).sum();
    let mean = seen / r;
    let score = |k: f64| {
        let (sum, first, _) = power_sums(&logarithms, k);
        1.0 / k + mean - first / sum
    };
    // The score falls with the shape, from infinity at 0.
    let mut high = 1.0;
    while score(high) > 0.0 {
        high *= 2.0;
        if high > 1e6 {
            return Err(StatError::NoSolution("the events lie too close together for a shape"));
        }
    }
    let shape = root::bracketed(score, 1e-9, high)
        .ok_or(StatError::NoSolution("no shape between 1e-9 and 1e6 fits the times"))?;
    let (sum, first, second) = power_sums(&logarithms, shape);
    let ln_scale = log(sum / r) / shape + log(longest);
    // With y = k ln(t/scale), the information of (ln k, ln scale) is [[r + Σ y² e^y, −k Σ y e^y], [·, k² r]] at the maximum,
    // where Σ e^y = r and Σ y e^y = r + Σ over events of y.
    let offset = log(sum / r);
    let weight = r / sum;
    let first_y = weight * (shape * first - offset * sum);
    let second_y = weight * (shape * shape * second - 2.0 * shape * offset * first + offset * offset * sum);
    let (shape_shape, shape_scale, scale_scale) = (r + second_y, -shape * first_y, shape * shape * r);
    let determinant = shape_shape * scale_scale - shape_scale * shape_scale;
    let z = normal_quantile_upper(side.alpha_each(confidence));
    let ends = |value: f64, variance: f64| {
        let spread = exp(z * sqrt(variance));
        let both = side.of(value / spread, value * spread);
        (both.lower.and_then(finite), both.upper.and_then(finite))
    };
    let scale = exp(ln_scale);
    let (shape_lower, shape_upper) = ends(shape, scale_scale / determinant);
    let (scale_lower, scale_upper) = ends(scale, shape_shape / determinant);
    // Σ over events of ln(k/t) + y, minus Σ e^y = r.
    let ln_likelihood = r * log(shape) - seen - r * log(longest) + shape * seen - r * offset - r;
    let events = events as u64;
    Ok(Weibull { shape, scale, shape_lower, shape_upper, scale_lower, scale_upper, ln_likelihood, events })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64, error: f64) {
        assert!((found - expected).abs() <= error, "{found} is not {expected}");
    }

    #[test]
    fn freireich() {
        let times = [
            6.0, 6.0, 6.0, 6.0, 7.0, 9.0, 10.0, 10.0, 11.0, 13.0, 16.0, 17.0, 19.0, 20.0, 22.0, 23.0, 25.0, 32.0, 32.0,
            34.0, 35.0,
        ];
        let censored = [3, 5, 7, 8, 11, 12, 13, 16, 17, 18, 19, 20];
        let observed: Vec<bool> = (0..times.len()).map(|i| !censored.contains(&i)).collect();
        let found = kaplan_meier(&times, &observed, Confidence::USUAL, Side::Two).expect("an estimate");
        let expected = [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482];
        assert_eq!(found.points.len(), expected.len());
        for (point, expected) in found.points.iter().zip(expected) {
            near(point.survival, expected, 5.1e-5);
        }
        assert_eq!(found.median, Some(23.0));
    }

    #[test]
    fn weibull_of_the_oracle() {
        let times = [6.0, 13.0, 21.0, 30.0, 37.0, 38.0, 49.0, 50.0, 63.0, 79.0, 86.0, 98.0, 202.0, 219.0];
        let observed = [true, true, true, false, true, false, false, false, false, false, false, false, true, true];
        let found = weibull(&times, &observed, Confidence::USUAL, Side::Two).expect("an estimate");
        near(found.scale, 164.246_606_4, 5.1e-8);
        near(found.shape, 1.011_229_38, 5.1e-9);
    }

    #[test]
    fn exponential_times_give_shape_one() {
        // The plotting positions of an exponential distribution of mean 1000.
        let times: Vec<f64> = (0..2_000).map(|i| -1_000.0 * log((f64::from(i) + 0.5) / 2_000.0)).collect();
        let found = weibull(&times, &[true; 2_000], Confidence::USUAL, Side::Two).expect("an estimate");
        near(found.shape, 1.0, 5e-3);
        near(found.scale, 1_000.0, 5.0);
        // The asymptotic variance of ln k is 6/π² / n.
        near(log(found.shape_upper.expect("upper") / found.shape), 1.96 * 0.7797 / sqrt(2_000.0), 1e-3);
    }

    #[test]
    fn refuses() {
        let km = |times: &[f64], observed: &[bool]| kaplan_meier(times, observed, Confidence::USUAL, Side::Two);
        let fit = |times: &[f64], observed: &[bool]| weibull(times, observed, Confidence::USUAL, Side::Two);
        assert!(km(&[], &[]).is_err());
        assert!(km(&[1.0], &[]).is_err());
        assert!(km(&[-1.0], &[true]).is_err());
        assert!(fit(&[1.0, 2.0], &[true, false]).is_err());
        assert!(fit(&[2.0, 2.0], &[true, true]).is_err());
        assert!(fit(&[2.0, f64::NAN], &[true, true]).is_err());
        assert!(km(&[1.0, 2.0], &[true, true]).is_ok());
    }
}
