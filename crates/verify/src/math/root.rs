//! Roots of functions of one variable.

use libm::fabs;

/// Steps after which a search is given up; bisection alone needs about 1,100 for the widest interval of `f64`.
const STEPS_MAX: u32 = 2_000;

/// A root of `f` between `low` and `high`, where it changes sign, to the last digit that `f64` holds. `None` where it does
/// not change sign, or gives no number.
///
/// The method is Ridders' (IEEE Transactions on Circuits and Systems 26, 1979), which keeps the bracket and halves it at
/// least every second step.
pub fn bracketed(mut f: impl FnMut(f64) -> f64, low: f64, high: f64) -> Option<f64> {
    let (mut low, mut high) = (low, high);
    let (mut f_low, mut f_high) = (f(low), f(high));
    if f_low == 0.0 {
        return Some(low);
    }
    if f_high == 0.0 {
        return Some(high);
    }
    if f_low.is_nan() || f_high.is_nan() || (f_low > 0.0) == (f_high > 0.0) {
        return None;
    }
    for _ in 0..STEPS_MAX {
        let middle = 0.5 * (low + high);
        if middle <= low.min(high) || middle >= low.max(high) {
            break;
        }
        let f_middle = f(middle);
        if f_middle == 0.0 {
            return Some(middle);
        }
        if f_middle.is_nan() {
            return None;
        }
        let spread = libm::sqrt(f_middle * f_middle - f_low * f_high);
        let step = (middle - low) * f_middle / spread;
        let guess = if f_low > f_high { middle + step } else { middle - step };
        // The half that holds the root, by the middle; then by the guess where it lies in that half.
        if (f_middle > 0.0) == (f_low > 0.0) {
            (low, f_low) = (middle, f_middle);
        } else {
            (high, f_high) = (middle, f_middle);
        }
        if guess.is_finite() && guess > low.min(high) && guess < low.max(high) {
            let f_guess = f(guess);
            if f_guess == 0.0 {
                return Some(guess);
            }
            if f_guess.is_nan() {
                return None;
            }
            if (f_guess > 0.0) == (f_low > 0.0) {
                (low, f_low) = (guess, f_guess);
            } else {
                (high, f_high) = (guess, f_guess);
            }
        }
    }
    Some(if fabs(f_low) < fabs(f_high) { low } else { high })
}

/// The place of the largest value of a function with one peak between `low` and `high`, by golden section, to about eight
/// digits.
pub fn peak(mut f: impl FnMut(f64) -> f64, low: f64, high: f64) -> f64 {
    const RATIO: f64 = 0.618_033_988_749_894_8;
    let (mut low, mut high) = (low, high);
    let mut left = high - RATIO * (high - low);
    let mut right = low + RATIO * (high - low);
    let (mut f_left, mut f_right) = (f(left), f(right));
    for _ in 0..100 {
        if fabs(high - low) <= 1e-10 * (fabs(low) + fabs(high)) {
            break;
        }
        if f_left < f_right {
            low = left;
            (left, f_left) = (right, f_right);
            right = low + RATIO * (high - low);
            f_right = f(right);
        } else {
            high = right;
            (right, f_right) = (left, f_left);
            left = high - RATIO * (high - low);
            f_left = f(left);
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_root_to_the_last_digit() {
        let root = bracketed(|x| x * x - 2.0, 0.0, 2.0).expect("a change of sign");
        assert!(fabs(root - std::f64::consts::SQRT_2) < 5e-16);
        assert_eq!(bracketed(|x| x * x + 1.0, -1.0, 1.0), None);
        assert_eq!(bracketed(|_| f64::NAN, -1.0, 1.0), None);
    }

    #[test]
    fn finds_the_peak() {
        assert!(fabs(peak(|x| -(x - 0.3) * (x - 0.3), 0.0, 1.0) - 0.3) < 1e-7);
    }
}
