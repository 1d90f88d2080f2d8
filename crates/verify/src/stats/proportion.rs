//! One proportion of independent trials.

use crate::bound::{Confidence, Interval, Side, StatError};
use crate::math::distribution::{beta_quantile, beta_quantile_upper};

/// Checks that there are trials, and no more successes than trials.
fn counts(successes: u64, trials: u64) -> Result<(f64, f64), StatError> {
    if trials == 0 {
        return Err(StatError::TooFew { what: "trials", found: 0, needed: 1 });
    }
    if successes > trials {
        return Err(StatError::Mismatch("there are more successes than trials"));
    }
    // OK: counts beyond 2^53 do not occur, and would lose their last digits only.
    Ok((successes as f64, trials as f64))
}

/// The exact interval of Clopper and Pearson (Biometrika 26, 1934).
///
/// # Errors
/// Where there are no trials, or more successes than trials.
pub fn clopper_pearson(successes: u64, trials: u64, confidence: Confidence, side: Side) -> Result<Interval, StatError> {
    let (s, n) = counts(successes, trials)?;
    let alpha = side.alpha_each(confidence);
    let lower = if s == 0.0 { 0.0 } else { beta_quantile(alpha, s, n - s + 1.0) };
    let upper = if s == n { 1.0 } else { beta_quantile_upper(alpha, s + 1.0, n - s) };
    Ok(side.of(lower, upper))
}
