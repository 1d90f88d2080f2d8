//! How many failures a robot has had by an age, whatever their rate.

use libm::{exp, sqrt};
use serde::{Deserialize, Serialize};

use super::{LIST_MAX, finite, length};
use crate::bound::{Confidence, Interval, Side, StatError, within};
use crate::math::distribution::normal_quantile_upper;

/// One robot: when it failed, and until when it was watched.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// The ages at its failures, in any order.
    pub events: Vec<f64>,
    /// The age at which watching ended.
    pub end: f64,
}

/// Which variance an interval is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Variance {
    /// Lawless and Nadeau's, which allows the failures of one robot to depend on each other.
    #[default]
    Robust,
    /// The sum of increments, which takes failures as independent.
    Incremental,
}

/// The mean cumulative function at one age.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// The age.
    pub time: f64,
    /// The robots still watched.
    pub at_risk: u64,
    /// The failures at this age.
    pub events: u64,
    /// The mean count of failures by this age.
    pub mean: f64,
    /// Its robust variance.
    pub variance_robust: f64,
    /// Its incremental variance.
    pub variance_incremental: f64,
    /// The interval, on the scale of the logarithm.
    #[serde(flatten)]
    pub interval: Interval,
}

/// Failures and ends in order of age; failures before ends, then by robot.
fn ordered(systems: &[System]) -> Result<Vec<(f64, Option<usize>, usize)>, StatError> {
    length("systems", systems.len(), 2)?;
    let mut moments = Vec::new();
    for (index, system) in systems.iter().enumerate() {
        let end = within("end", system.end, 0.0..=1e100, "from 0 to 1e100")?;
        for time in &system.events {
            let time = within("events", *time, 0.0..=1e100, "from 0 to 1e100")?;
            if time > end {
                return Err(StatError::Mismatch("a failure lies after the end of its system"));
            }
            moments.push((time, Some(index), index));
        }
        moments.push((end, None, index));
        if moments.len() > LIST_MAX {
            // OK: a length for a message.
            let found = moments.len() as f64;
            return Err(StatError::OutOfRange { what: "events", found, allowed: "at most 1e7 items" });
        }
    }
    moments.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.is_none().cmp(&b.1.is_none())).then(a.2.cmp(&b.2)));
    Ok(moments)
}

/// The mean cumulative function of Nelson (Technometrics 30, 1988), with the robust variance of Lawless and Nadeau
/// (Technometrics 37, 1995) and the incremental one side by side. At each failure the mean rises by one over the robots
/// still watched. The interval is `mean · exp(±z sqrt(variance) / mean)`.
///
/// Use the robust variance for decisions. It takes at least some ten robots; with two it says little. Where it is zero
/// because all have failed as often, there is no interval.
///
/// # Errors
/// Where there are fewer than two systems, or a failure lies after its system's end.
pub fn mean_cumulative_function(
    systems: &[System],
    variance: Variance,
    confidence: Confidence,
    side: Side,
) -> Result<Vec<Point>, StatError> {
    let moments = ordered(systems)?;
    let z = normal_quantile_upper(side.alpha_each(confidence));
    let mut points: Vec<Point> = Vec::new();
    // OK: a length is below 2^53.
    let mut at_risk = systems.len() as f64;
    // A system's influence on the mean is its own part plus what all systems at risk share.
    let mut own = vec![0.0; systems.len()];
    let (mut shared, mut own_sum, mut own_squares, mut left_squares) = (0.0, 0.0, 0.0, 0.0);
    let (mut mean, mut incremental) = (0.0, 0.0);
    for (time, event, system) in moments {
        let Some(part) = own.get_mut(system) else { continue };
        if event.is_none() {
            // Its influence stays what it is from here on.
            left_squares += (*part + shared) * (*part + shared);
            own_sum -= *part;
            own_squares -= *part * *part;
            at_risk -= 1.0;
            continue;
        }
        let step = 1.0 / at_risk;
        own_squares += 2.0 * *part * step + step * step;
        *part += step;
        own_sum += step;
        shared -= step * step;
        mean += step;
        incremental += step * step * (1.0 - step);
        let robust = left_squares + own_squares + 2.0 * shared * own_sum + at_risk * shared * shared;
        // Where every robot has failed as often, nothing is left but rounding.
        let robust = if robust > 1e-12 * mean * mean { robust } else { 0.0 };
        let chosen = if variance == Variance::Robust { robust } else { incremental };
        let spread = exp(z * sqrt(chosen) / mean);
        // A variance of nothing would make a mean certain that few robots happen to agree on.
        let both = if chosen > 0.0 { side.of(mean / spread, mean * spread) } else { Interval::default() };
        let point = Point {
            time,
            // OK: a whole number below 2^53.
            at_risk: at_risk as u64,
            events: 1,
            mean,
            variance_robust: robust,
            variance_incremental: incremental,
            interval: Interval { lower: both.lower, upper: both.upper.and_then(finite) },
        };
        match points.last_mut() {
            Some(last) if last.time.total_cmp(&time).is_eq() => *last = Point { events: last.events + 1, ..point },
            _ => points.push(point),
        }
    }
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64, error: f64) {
        assert!((found - expected).abs() <= error, "{found} is not {expected}");
    }

    /// The last age of each row is its end.
    fn systems(rows: &[&[f64]]) -> Vec<System> {
        rows.iter()
            .map(|row| {
                let (end, events) = row.split_last().expect("an end");
                System { events: events.to_vec(), end: *end }
            })
            .collect()
    }

    const ORACLE: [&[f64]; 5] = [
        &[5.0, 10.0, 15.0, 17.0],
        &[6.0, 13.0, 17.0, 19.0],
        &[12.0, 20.0, 25.0, 26.0],
        &[13.0, 15.0, 24.0],
        &[16.0, 22.0, 25.0, 28.0],
    ];

    #[test]
    fn oracle() {
        let level = Confidence::new(0.95).expect("a level");
        let lower =
            mean_cumulative_function(&systems(&ORACLE), Variance::Incremental, level, Side::Lower).expect("points");
        let upper =
            mean_cumulative_function(&systems(&ORACLE), Variance::Incremental, level, Side::Upper).expect("points");
        let at = |time: f64| lower.iter().find(|point| point.time >= time).copied().expect("a point");
        for (time, mean, variance) in [
            (5.0, 0.2, 0.032),
            (10.0, 0.6, 0.096),
            (17.0, 2.0, 0.32),
            (20.0, 2.333_33, 0.394_074),
            (22.0, 2.666_67, 0.468_148),
            (25.0, 3.666_67, 0.718_148),
        ] {
            near(at(time).mean, mean, 5.1e-6);
            near(at(time).variance_incremental, variance, 5.1e-7);
        }
        near(at(25.0).interval.lower.expect("lower"), 2.5071, 5.1e-5);
        near(upper.last().and_then(|point| point.interval.upper).expect("upper"), 5.362_55, 5.1e-6);
    }

    #[test]
    fn robust_variance_as_it_is_defined() {
        let systems = systems(&ORACLE);
        let found = mean_cumulative_function(&systems, Variance::Robust, Confidence::USUAL, Side::Two).expect("points");
        for point in &found {
            let mut variance = 0.0;
            for system in &systems {
                let mut influence = 0.0;
                for other in found.iter().filter(|other| other.time <= point.time && system.end >= other.time) {
                    let at_risk = other.at_risk as f64;
                    let own = system.events.iter().filter(|event| **event == other.time).count() as f64;
                    influence += (own - other.events as f64 / at_risk) / at_risk;
                }
                variance += influence * influence;
            }
            near(point.variance_robust, variance, 1e-14);
        }
    }

    #[test]
    fn refuses() {
        let of = |systems: &[System]| mean_cumulative_function(systems, Variance::Robust, Confidence::USUAL, Side::Two);
        assert!(of(&systems(&[&[1.0, 2.0]])).is_err());
        assert!(of(&systems(&[&[3.0, 2.0], &[1.0]])).is_err());
        assert!(of(&systems(&[&[f64::NAN, 2.0], &[1.0]])).is_err());
        assert_eq!(of(&systems(&[&[2.0], &[1.0]])).expect("no failure is no error").len(), 0);
    }
}
