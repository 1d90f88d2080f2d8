//! Plans of reliability tests: how long, how many failures, and the true risks of the plan.

use libm::log;
use serde::Serialize;

use super::positive;
use crate::bound::{StatError, within};
use crate::math::distribution::{gamma_quantile, gamma_quantile_upper, poisson_cdf, poisson_upper};
use crate::math::special::poisson_density;

/// The largest rejection number of a fixed-duration plan.
const REJECT_MAX: u64 = 10_000_000;

/// The largest rejection number of a sequential plan; the exact risks need about its cube in steps.
pub const SEQUENTIAL_REJECT_MAX: u64 = 400;

/// The two risks that a plan may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Risks {
    /// The producer's risk: a robot with the good mean time between failures is rejected.
    pub alpha: f64,
    /// The consumer's risk: a robot with the bad mean time between failures is accepted.
    pub beta: f64,
}

impl Risks {
    fn checked(self) -> Result<Self, StatError> {
        within("alpha", self.alpha, 1e-9..=0.5, "from 1e-9 to 0.5")?;
        within("beta", self.beta, 1e-9..=0.5, "from 1e-9 to 0.5")?;
        Ok(self)
    }
}

/// A test of one duration.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Plan {
    /// The duration, in the unit of the mean times.
    pub duration: f64,
    /// The test is failed at this many failures.
    pub reject_at: u64,
    /// The true producer's risk.
    pub alpha: f64,
    /// The true consumer's risk.
    pub beta: f64,
}

/// Checks that the good mean time lies above the bad one, and returns their ratio.
fn discrimination(good: f64, bad: f64) -> Result<f64, StatError> {
    let ratio = positive("good", good)? / positive("bad", bad)?;
    within("good / bad", ratio, 1.001..=1e6, "from 1.001 to 1e6")
}

/// The true risks of a test that runs for `duration` and is failed at `reject_at` failures, where failures come at a
/// constant rate: `alpha = 1 − Pois(r−1; T/good)`, `beta = Pois(r−1; T/bad)`.
///
/// # Errors
/// Where the good mean time is not above the bad one, or the plan rejects at no failure.
pub fn fixed_duration_risks(good: f64, bad: f64, duration: f64, reject_at: u64) -> Result<Plan, StatError> {
    discrimination(good, bad)?;
    let duration = positive("duration", duration)?;
    // OK: checked against the limit.
    let r = within("reject_at", reject_at as f64, 1.0..=REJECT_MAX as f64, "from 1 to 1e7")?;
    let (alpha, beta) = (poisson_upper(r, duration / good), poisson_cdf(r - 1.0, duration / bad));
    Ok(Plan { duration, reject_at, alpha, beta })
}

/// The shortest test of one duration that keeps both risks: the smallest rejection number whose duration for the consumer's
/// risk leaves the producer's (Epstein, Technometrics 2, 1960). The plans of handbooks come from the same search, with risks
/// rounded to the nearest plan.
///
/// # Errors
/// Where the good mean time is not above the bad one, a risk is outside 1e-9 to 0.5, or no plan below 10 million failures
/// keeps them.
pub fn fixed_duration(good: f64, bad: f64, risks: Risks) -> Result<Plan, StatError> {
    let ratio = discrimination(good, bad)?;
    let Risks { alpha, beta } = risks.checked()?;
    // Both in units of the bad mean time; the ratio of the two quantiles falls with the rejection number.
    // OK: rejection numbers up to 1e7 are exact.
    let keeps = |r: u64| gamma_quantile_upper(beta, r as f64) <= ratio * gamma_quantile(alpha, r as f64);
    let mut high = 1_u64;
    while !keeps(high) {
        high *= 2;
        if high > REJECT_MAX {
            return Err(StatError::NoSolution("no plan with fewer than 10 million failures keeps both risks"));
        }
    }
    let mut low = high / 2;
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if keeps(middle) { high = middle } else { low = middle }
    }
    // OK: at most 1e7.
    fixed_duration_risks(good, bad, bad * gamma_quantile_upper(beta, high as f64), high)
}

/// The constants of a sequential test, before it is truncated. Times are in units of the bad mean time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Lines {
    /// Time per failure along both lines.
    pub slope: f64,
    /// The test is passed where time reaches `slope · failures + accept`.
    pub accept: f64,
    /// The test is failed at a failure before `slope · failures − reject`.
    pub reject: f64,
    /// The same with the correction of MIL-HDBK-781A, which is used where `corrected` was asked for.
    pub reject_corrected: f64,
}

/// A truncated sequential test with its exact properties.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sequential {
    /// The lines, in units of the bad mean time.
    pub lines: Lines,
    /// The longest duration, in the unit of the mean times.
    pub duration_max: f64,
    /// The test is failed at this many failures in any case.
    pub reject_at: u64,
    /// The exact producer's risk.
    pub alpha: f64,
    /// The exact consumer's risk.
    pub beta: f64,
    /// The expected duration where the mean time is the good one.
    pub duration_good: f64,
    /// The expected duration where the mean time is the bad one.
    pub duration_bad: f64,
}

/// The lines of Wald's sequential probability ratio test for a constant failure rate (Epstein and Sobel, Annals of
/// Mathematical Statistics 26, 1955).
fn lines(ratio: f64, Risks { alpha, beta }: Risks) -> Lines {
    let scale = 1.0 - 1.0 / ratio;
    let high = (1.0 - beta) / alpha;
    Lines {
        slope: log(ratio) / scale,
        accept: -log(beta / (1.0 - alpha)) / scale,
        reject: log(high) / scale,
        reject_corrected: log(high * (ratio + 1.0) / (2.0 * ratio)) / scale,
    }
}

/// The sequential probability ratio test of a constant failure rate, truncated at the fixed-duration plan of the same
/// risks, with exact risks and expected durations. `corrected` takes the reject line of MIL-HDBK-781A, whose risks are
/// nearer to those asked for.
///
/// The risks are exact: between two times at which a line is crossed the count of failures is Poisson, and the
/// distribution of the counts still in the test is carried from one such time to the next (Aroian, Technometrics 10, 1968).
///
/// # Errors
/// As [`fixed_duration`], and where its rejection number is above 400.
pub fn sequential(good: f64, bad: f64, risks: Risks, corrected: bool) -> Result<Sequential, StatError> {
    let ratio = discrimination(good, bad)?;
    let plan = fixed_duration(good, bad, risks)?;
    if plan.reject_at > SEQUENTIAL_REJECT_MAX {
        // OK: a count for a message.
        let found = plan.reject_at as f64;
        return Err(StatError::OutOfRange {
            what: "rejection number",
            found,
            allowed: "at most 400 for a sequential plan",
        });
    }
    let lines = lines(ratio, risks);
    let reject = if corrected { lines.reject_corrected } else { lines.reject };
    let test =
        Truncated { slope: lines.slope, accept: lines.accept, reject, end: plan.duration / bad, stop: plan.reject_at };
    let at_good = test.walk(1.0 / ratio);
    let at_bad = test.walk(1.0);
    Ok(Sequential {
        lines,
        duration_max: plan.duration,
        reject_at: plan.reject_at,
        alpha: at_good.rejected,
        beta: 1.0 - at_bad.rejected,
        duration_good: at_good.duration * bad,
        duration_bad: at_bad.duration * bad,
    })
}

/// A truncated test, in units of the bad mean time.
struct Truncated {
    slope: f64,
    accept: f64,
    reject: f64,
    end: f64,
    stop: u64,
}

/// What a walk through the test gives at one rate.
struct Walk {
    rejected: f64,
    duration: f64,
}

impl Truncated {
    /// When a test with this many failures is passed.
    fn passed_at(&self, failures: f64) -> f64 {
        (self.slope * failures + self.accept).min(self.end)
    }

    /// Until when this many failures fail the test.
    fn failed_until(&self, failures: f64) -> f64 {
        (self.slope * failures - self.reject).clamp(0.0, self.end)
    }

    /// All times at which a line is crossed, in order.
    fn times(&self) -> Vec<f64> {
        let mut times = Vec::new();
        for failures in 0..self.stop {
            // OK: below 401.
            let failures = failures as f64;
            times.push(self.passed_at(failures));
            times.push(self.failed_until(failures));
        }
        times.push(self.end);
        times.sort_by(f64::total_cmp);
        times.dedup();
        times
    }

    /// Carries the distribution of the count of failures through the test.
    fn walk(&self, rate: f64) -> Walk {
        // OK: at most 400.
        let stop = self.stop as usize;
        let mut alive = vec![0.0; stop];
        if let Some(none) = alive.first_mut() {
            *none = 1.0;
        }
        let (mut rejected, mut duration, mut now) = (0.0, 0.0, 0.0);
        for time in self.times() {
            if time > now {
                // The first count that fails the test during this step.
                // OK: below 401.
                let limit = (0..stop).find(|failures| self.failed_until(*failures as f64) >= time).unwrap_or(stop);
                let step = step(&alive, limit, rate * (time - now));
                rejected += step.rejected;
                duration += step.exposure / rate;
                alive = step.alive;
                now = time;
            }
            for (failures, share) in alive.iter_mut().enumerate() {
                // OK: below 401.
                if self.passed_at(failures as f64) <= now {
                    *share = 0.0;
                }
            }
        }
        Walk { rejected, duration }
    }
}

/// One step of the walk.
struct Step {
    alive: Vec<f64>,
    rejected: f64,
    /// The expected time in the test during this step, times the rate.
    exposure: f64,
}

/// A time of `mean` expected failures, in which the test is failed as soon as there are `limit`.
fn step(alive: &[f64], limit: usize, mean: f64) -> Step {
    // OK: indices below 401.
    let points: Vec<f64> = (0..limit).map(|x| poisson_density(x as f64, mean)).collect();
    let tails: Vec<f64> = (0..=limit).map(|x| poisson_upper(x as f64, mean)).collect();
    let mut next = vec![0.0; alive.len()];
    let (mut rejected, mut exposure) = (0.0, 0.0);
    for (failures, share) in alive.iter().enumerate() {
        if *share == 0.0 {
            continue;
        }
        if failures >= limit {
            // The line has moved past this count already, so it cannot occur; kept whole for safety of the sum.
            rejected += share;
            continue;
        }
        let room = limit - failures;
        for (target, point) in next.iter_mut().skip(failures).zip(points.iter().take(room)) {
            *target += share * point;
        }
        rejected += share * tails.get(room).copied().unwrap_or(0.0);
        // ∫ P(Pois(u) < room) du from 0 to the mean is Σ P(Pois(mean) >= i), for i from 1 to room.
        exposure += share * tails.iter().skip(1).take(room).sum::<f64>();
    }
    Step { alive: next, rejected, exposure }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64, error: f64) {
        assert!((found - expected).abs() <= error, "{found} is not {expected}");
    }

    #[test]
    fn true_risks_of_the_handbook_plans() {
        for (ratio, duration, reject_at, alpha, beta) in [
            (1.5, 45.0, 37, 0.1196, 0.0994),
            (1.5, 29.9, 26, 0.1092, 0.2135),
            (1.5, 21.5, 18, 0.1974, 0.1965),
            (2.0, 18.8, 14, 0.0958, 0.1062),
            (2.0, 12.4, 10, 0.0984, 0.2092),
            (2.0, 7.8, 6, 0.1994, 0.2103),
            (3.0, 9.3, 6, 0.0943, 0.0986),
            (3.0, 5.4, 4, 0.1087, 0.2133),
            (3.0, 4.3, 3, 0.1746, 0.1974),
            (1.5, 8.1, 7, 0.2983, 0.3013),
            (2.0, 3.7, 3, 0.2828, 0.2854),
            (3.0, 1.1, 1, 0.3070, 0.3329),
        ] {
            let plan = fixed_duration_risks(ratio, 1.0, duration, reject_at).expect("a plan");
            near(plan.alpha, alpha, 5.1e-5);
            near(plan.beta, beta, 5.1e-5);
        }
    }

    #[test]
    fn the_published_duration_is_one_failure_short() {
        // The package `reliability` prints 231,615.79 for these, of a plan whose producer's risk is still above 0.2.
        let risks = Risks { alpha: 0.2, beta: 0.2 };
        let plan = fixed_duration(3_000.0, 2_500.0, risks).expect("a plan");
        assert!(plan.alpha <= 0.2 && plan.beta <= 0.2 + 1e-12);
        let shorter = 2_500.0 * gamma_quantile(0.8, plan.reject_at as f64 - 1.0);
        near(shorter, 231_615.79, 0.005);
        let short = fixed_duration_risks(3_000.0, 2_500.0, shorter, plan.reject_at - 1).expect("a plan");
        assert!(short.alpha > 0.2, "{}", short.alpha);
    }

    #[test]
    fn lines_of_the_oracle() {
        for (alpha, beta, ratio, slope, accept, reject, corrected) in [
            (0.1, 0.1, 1.5, 1.2164, 6.5917, 6.5917, 6.0447),
            (0.1, 0.1, 2.0, 1.3863, 4.3944, 4.3944, 3.8191),
            (0.2, 0.2, 2.0, 1.3863, 2.7726, 2.7726, 2.1972),
            (0.1, 0.1, 3.0, 1.6479, 3.2958, 3.2958, 2.6876),
            (0.2, 0.2, 3.0, 1.6479, 2.0794, 2.0794, 1.4712),
        ] {
            let found = lines(ratio, Risks { alpha, beta });
            near(found.slope, slope, 5.1e-5);
            near(found.accept, accept, 5.1e-5);
            near(found.reject, reject, 5.1e-5);
            near(found.reject_corrected, corrected, 5.1e-5);
        }
    }

    #[test]
    fn exact_risks_against_a_simulation() {
        let risks = Risks { alpha: 0.1, beta: 0.1 };
        let found = sequential(200.0, 100.0, risks, true).expect("a plan");
        let test = Truncated {
            slope: found.lines.slope,
            accept: found.lines.accept,
            reject: found.lines.reject_corrected,
            end: found.duration_max / 100.0,
            stop: found.reject_at,
        };
        let mut random = crate::math::random::Random::new(1);
        for (mean, reject, duration) in
            [(2.0, found.alpha, found.duration_good), (1.0, 1.0 - found.beta, found.duration_bad)]
        {
            let (mut rejected, mut total) = (0.0, 0.0);
            for _ in 0..40_000 {
                let (mut time, mut failures) = (0.0, 0.0);
                loop {
                    let next = time + mean * random.exponential();
                    if next >= test.passed_at(failures) {
                        total += test.passed_at(failures);
                        break;
                    }
                    (time, failures) = (next, failures + 1.0);
                    if time <= test.failed_until(failures) || failures >= test.stop as f64 {
                        rejected += 1.0;
                        total += time;
                        break;
                    }
                }
            }
            near(rejected / 40_000.0, reject, 0.006);
            near(total / 40_000.0, duration / 100.0, 0.1);
        }
        assert!(found.duration_good < found.duration_max && found.duration_bad < found.duration_max);
    }

    #[test]
    fn refuses() {
        let risks = Risks { alpha: 0.1, beta: 0.1 };
        assert!(fixed_duration(1.0, 2.0, risks).is_err());
        assert!(fixed_duration(1.0, 1.0, risks).is_err());
        assert!(fixed_duration(2.0, 1.0, Risks { alpha: 0.0, beta: 0.1 }).is_err());
        assert!(sequential(1.01, 1.0, risks, false).is_err());
    }
}
