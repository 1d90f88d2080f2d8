//! How many units, or shifts, a comparison of takts needs.

use libm::{ceil, exp, log, log1p, sqrt};

use crate::bound::{Confidence, StatError, within};
use crate::math::distribution::{normal_quantile, student_quantile};
use crate::math::special::{ln_gamma, normal_cdf};

/// Units per arm for a comparison of independent units (laboratory trials only), for robots that are truly at parity:
/// `2 (z_C + z_power)² ln(1 + cv²) / ln(1 + margin)²`, rounded up (Julious, Statistics in Medicine 23, 2004, section 6, on
/// the log scale).
///
/// # Errors
/// A coefficient of variation or a margin that is not above zero.
pub fn units_per_arm(cv: f64, margin: f64, power: Confidence, confidence: Confidence) -> Result<f64, StatError> {
    within("coefficient_of_variation", cv, 1e-6..=100.0, "from 1e-6 to 100")?;
    within("margin", margin, 1e-6..=10.0, "from 1e-6 to 10")?;
    let z = normal_quantile(confidence.level()) + normal_quantile(power.level());
    let effect = log1p(margin);
    Ok(ceil(2.0 * z * z * log1p(cv * cv) / (effect * effect)))
}

/// The spread that shift means of ln takt are planned with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShiftPlan {
    /// The standard deviation of ln takt between shifts.
    pub between: f64,
    /// The standard deviation of ln takt within a shift.
    pub within: f64,
    /// Units per shift.
    pub units: f64,
    /// The margin, 0.10 for 10 %.
    pub margin: f64,
    /// The true ratio of takts, 1 for parity.
    pub ratio: f64,
}

impl ShiftPlan {
    fn check(&self) -> Result<(), StatError> {
        within("between_shift_deviation", self.between, 0.0..=10.0, "from 0 to 10")?;
        within("within_shift_deviation", self.within, 0.0..=10.0, "from 0 to 10")?;
        within("units_per_shift", self.units, 1.0..=1e9, "from 1 to 1e9")?;
        within("margin", self.margin, 1e-6..=10.0, "from 1e-6 to 10")?;
        within("ratio", self.ratio, 1e-3..=1e3, "from 0.001 to 1,000")?;
        if self.between <= 0.0 && self.within <= 0.0 {
            return Err(StatError::Mismatch("takts must vary between or within shifts"));
        }
        Ok(())
    }
}

/// The power of the test on shift means with `shifts` per arm, for normal shift means with equal variances, by the
/// noncentral t distribution with `2 (shifts − 1)` degrees of freedom.
///
/// # Errors
/// Fewer than 2 shifts, or a plan that is no plan.
pub fn power(plan: &ShiftPlan, shifts: u32, confidence: Confidence) -> Result<f64, StatError> {
    plan.check()?;
    let k = within("shifts", f64::from(shifts), 2.0..=1e6, "from 2 to 1,000,000")?;
    let df = 2.0 * (k - 1.0);
    let error = sqrt(2.0 * (plan.between * plan.between + plan.within * plan.within / plan.units) / k);
    let effect = (log1p(plan.margin) - log(plan.ratio)) / error;
    Ok(noncentral_upper(-student_quantile(confidence.alpha(), df), effect, df))
}

/// `P(T >= t)` of Student's noncentral t with shift `delta`, for `t >= 0`: the mean of `Φ(delta − t s)` over
/// `s = sqrt(χ²/df)`, by the trapezoid rule on ln s, which converges faster than any power for such smooth functions.
fn noncentral_upper(t: f64, delta: f64, df: f64) -> f64 {
    const STEPS: i32 = 2_000;
    // ln s has a standard deviation of about 1/sqrt(2 df); the density has gone below 1e-30 within this reach.
    let reach = (12.0 / sqrt(2.0 * df)).max(0.05);
    let (low, high) = (-reach * (1.0 + 20.0 / df), reach);
    let step = (high - low) / f64::from(STEPS);
    let norm = log(2.0) + 0.5 * df * log(0.5 * df) - ln_gamma(0.5 * df);
    let (mut sum, mut whole) = (0.0, 0.0);
    for i in 0..=STEPS {
        let u = low + step * f64::from(i);
        let density = exp(norm + df * u - 0.5 * df * exp(2.0 * u));
        whole += density;
        sum += density * normal_cdf(delta - t * exp(u));
    }
    // Dividing by the density's own sum removes the error of its norm for large df.
    (sum / whole).clamp(0.0, 1.0)
}

/// The least number of shifts per arm whose [`power`] reaches `wanted`.
///
/// # Errors
/// A plan that is no plan, a true ratio at or beyond the margin, or more than 100,000 shifts.
pub fn shifts_per_arm(plan: &ShiftPlan, wanted: Confidence, confidence: Confidence) -> Result<u32, StatError> {
    plan.check()?;
    if log(plan.ratio) >= log1p(plan.margin) {
        return Err(StatError::NoSolution("the true ratio is not within the margin"));
    }
    let (mut low, mut high) = (2, 100_000);
    if power(plan, high, confidence)? < wanted.level() {
        return Err(StatError::NoSolution("more than 100,000 shifts per arm are needed"));
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if power(plan, middle, confidence)? >= wanted.level() { high = middle } else { low = middle + 1 }
    }
    Ok(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_by_the_study() {
        let power = Confidence::new(0.9).expect("a share");
        for (cv, expected) in [
            (0.1, [72.0, 19.0, 9.0]),
            (0.2, [283.0, 74.0, 35.0]),
            (0.3, [621.0, 163.0, 76.0]),
            (0.5, [1606.0, 421.0, 196.0]),
        ] {
            for (margin, expected) in [0.05, 0.10, 0.15].into_iter().zip(expected) {
                assert_eq!(units_per_arm(cv, margin, power, Confidence::USUAL), Ok(expected), "{cv} {margin}");
            }
        }
    }

    #[test]
    fn power_by_the_noncentral_t() {
        let plan = |ratio| ShiftPlan { between: 0.08, within: 0.25, units: 100.0, margin: 0.10, ratio };
        // By scipy 1.17.1, `nct.sf`; 400,000 simulated comparisons agree to 0.001 from 10 shifts on.
        for (shifts, ratio, expected) in [
            (5, 1.0, 0.499_662_444_750_993_2),
            (8, 1.0, 0.697_594_912_817_739_9),
            (10, 1.0, 0.788_289_190_802_923_3),
            (15, 1.0, 0.918_150_694_274_195_3),
            (20, 1.0, 0.970_353_376_576_792_2),
            (20, 1.05, 0.531_459_800_679_935_1),
        ] {
            let found = power(&plan(ratio), shifts, Confidence::USUAL).expect("a power");
            assert!((found - expected).abs() < 1e-9, "{shifts} shifts: {found}, expected {expected}");
        }
        let wanted = Confidence::new(0.9).expect("a share");
        let shifts = shifts_per_arm(&plan(1.0), wanted, Confidence::USUAL).expect("a number");
        assert!(power(&plan(1.0), shifts, Confidence::USUAL).expect("a power") >= 0.9);
        assert!(power(&plan(1.0), shifts - 1, Confidence::USUAL).expect("a power") < 0.9);
        assert!(shifts_per_arm(&plan(1.1), wanted, Confidence::USUAL).is_err());
    }
}
