//! Gamma, beta and error functions.
//!
//! Densities are computed by the saddle-point form of C. Loader, "Fast and accurate computation of binomial probabilities"
//! (2000), which keeps full relative precision where the logarithms of gamma functions of large arguments would cancel.

use std::f64::consts::PI;

use libm::{erfc, exp, fabs, lgamma, log, log1p, sqrt};

/// Below this a continued fraction's denominator counts as zero (modified Lentz).
const TINY: f64 = 1e-300;

/// Terms after which a series or a continued fraction is given up; enough for arguments of 1e10.
const TERMS_MAX: u32 = 2_000_000;

/// The smallest step that still changes a sum.
const EPSILON: f64 = 1.1e-16;

/// `ln Γ(x)` for `x > 0`.
pub fn ln_gamma(x: f64) -> f64 {
    lgamma(x)
}

/// The error of Stirling's formula: `ln Γ(x+1) − (x + ½) ln x + x − ½ ln 2π`, for `x >= 0`.
fn stirling_error(x: f64) -> f64 {
    if x <= 0.0 {
        // Not finite in the limit; callers treat zero apart.
        return f64::NAN;
    }
    if x < 15.0 {
        return lgamma(x + 1.0) - (x + 0.5) * log(x) + x - 0.5 * log(2.0 * PI);
    }
    // The asymptotic series with Bernoulli numbers; the next term is below 1e-17 from 15 on.
    let square = x * x;
    (1.0 / 12.0
        - (1.0 / 360.0
            - (1.0 / 1260.0
                - (1.0 / 1680.0 - (1.0 / 1188.0 - (691.0 / 360_360.0 - 1.0 / 156.0 / square) / square) / square)
                    / square)
                / square)
            / square)
        / x
}

/// The deviance `x ln(x/m) + m − x`, without cancellation where `x` is near `m`.
fn deviance(x: f64, m: f64) -> f64 {
    if fabs(x - m) < 0.1 * (x + m) {
        let v = (x - m) / (x + m);
        let mut sum = (x - m) * v;
        let mut term = 2.0 * x * v;
        let square = v * v;
        for j in 1..1000 {
            term *= square;
            let next = sum + term / f64::from(2 * j + 1);
            if next == sum {
                return next;
            }
            sum = next;
        }
        return sum;
    }
    if x == 0.0 { m } else { x * log(x / m) + m - x }
}

/// `C(n, x) p^x q^(n−x)` for real `0 <= x <= n`, with `q = 1 − p` given apart, so that neither loses digits.
pub fn binomial_density(x: f64, n: f64, p: f64, q: f64) -> f64 {
    if p <= 0.0 {
        return if x == 0.0 { 1.0 } else { 0.0 };
    }
    if q <= 0.0 {
        return if x == n { 1.0 } else { 0.0 };
    }
    if n == 0.0 {
        return 1.0;
    }
    if x == 0.0 {
        return exp(if p < 0.1 { n * log1p(-p) } else { n * log(q) });
    }
    if x == n {
        return exp(if q < 0.1 { n * log1p(-q) } else { n * log(p) });
    }
    let exponent =
        stirling_error(n) - stirling_error(x) - stirling_error(n - x) - deviance(x, n * p) - deviance(n - x, n * q);
    exp(exponent) * sqrt(n / (2.0 * PI * x * (n - x)))
}

/// `m^x e^(−m) / Γ(x+1)` for real `x >= 0`, `m >= 0`.
pub fn poisson_density(x: f64, m: f64) -> f64 {
    if m <= 0.0 {
        return if x == 0.0 { 1.0 } else { 0.0 };
    }
    if x == 0.0 {
        return exp(-m);
    }
    exp(-stirling_error(x) - deviance(x, m)) / sqrt(2.0 * PI * x)
}

/// The lower and the upper regularized incomplete gamma function, `P(a, x)` and `Q(a, x) = 1 − P`, for `a > 0`, `x >= 0`.
pub fn gamma_pq(a: f64, x: f64) -> (f64, f64) {
    if a.is_nan() || a <= 0.0 || x.is_nan() {
        return (f64::NAN, f64::NAN);
    }
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if x == f64::INFINITY {
        return (1.0, 0.0);
    }
    if x < a + 1.0 {
        // x^a e^-x / Γ(a+1), then the series of DLMF 8.11.4.
        let mut term = 1.0;
        let mut sum = 1.0;
        let mut n = a;
        for _ in 0..TERMS_MAX {
            n += 1.0;
            term *= x / n;
            sum += term;
            if term < sum * EPSILON {
                break;
            }
        }
        let p = (poisson_density(a, x) * sum).min(1.0);
        return (p, 1.0 - p);
    }
    // The continued fraction of DLMF 8.9.2, by modified Lentz.
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / b;
    let mut h = d;
    for i in 1..TERMS_MAX {
        let i = f64::from(i);
        let step = -i * (i - a);
        b += 2.0;
        d = step * d + b;
        c = b + step / c;
        d = 1.0 / if fabs(d) < TINY { TINY } else { d };
        c = if fabs(c) < TINY { TINY } else { c };
        let change = c * d;
        h *= change;
        if fabs(change - 1.0) < EPSILON * 2.0 {
            break;
        }
    }
    // x^a e^-x / Γ(a) = a times the density above.
    let q = (poisson_density(a, x) * a * h).min(1.0);
    (1.0 - q, q)
}

/// The regularized incomplete beta function `I_x(a, b)` and its complement `I_(1−x)(b, a)`, for `a, b > 0`. Both `x` and
/// `y = 1 − x` are given, so that neither tail loses digits.
pub fn beta_pq(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    if !(a > 0.0 && b > 0.0) || x.is_nan() || y.is_nan() {
        return (f64::NAN, f64::NAN);
    }
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if y <= 0.0 {
        return (1.0, 0.0);
    }
    if x <= (a + 1.0) / (a + b + 2.0) {
        let p = beta_fraction(a, b, x, y);
        (p, 1.0 - p)
    } else {
        let q = beta_fraction(b, a, y, x);
        (1.0 - q, q)
    }
}

/// `I_x(a, b)` by the continued fraction of DLMF 8.17.22, which converges quickly below the mean.
fn beta_fraction(a: f64, b: f64, x: f64, y: f64) -> f64 {
    // x^a y^b / (a B(a, b)) = b/(a+b) times the binomial density of a out of a+b.
    let front = binomial_density(a, a + b, x, y) * (b / (a + b));
    let mut c = 1.0;
    let mut d = 1.0 - (a + b) * x / (a + 1.0);
    d = 1.0 / if fabs(d) < TINY { TINY } else { d };
    let mut h = d;
    for m in 1..TERMS_MAX {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 + even * d;
        c = 1.0 + even / c;
        d = 1.0 / if fabs(d) < TINY { TINY } else { d };
        c = if fabs(c) < TINY { TINY } else { c };
        h *= c * d;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 + odd * d;
        c = 1.0 + odd / c;
        d = 1.0 / if fabs(d) < TINY { TINY } else { d };
        c = if fabs(c) < TINY { TINY } else { c };
        let change = c * d;
        h *= change;
        if fabs(change - 1.0) < EPSILON * 2.0 {
            break;
        }
    }
    (front * h).clamp(0.0, 1.0)
}

/// `ln B(a, b)`, the logarithm of the beta function, for `a, b > 0`.
pub fn ln_beta(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    if large < 15.0 {
        return lgamma(small) + lgamma(large) - lgamma(small + large);
    }
    // From B(a, b) = (a+b) / (ab · C(a+b, a)), with the logarithm of the binomial coefficient at p = a/(a+b).
    let n = a + b;
    let entropy = small * log(small / n) + large * log1p(-small / n);
    let coefficient = stirling_error(n) - stirling_error(small) - stirling_error(large) - entropy
        + 0.5 * log(n / (2.0 * PI * small * large));
    log(n / (small * large)) - coefficient
}

/// The derivative of `ln Γ`, for `x > 0` (DLMF 5.5.2 and 5.11.2).
pub fn digamma(x: f64) -> f64 {
    let mut shift = 0.0;
    let mut x = x;
    while x < 12.0 {
        shift -= 1.0 / x;
        x += 1.0;
    }
    let inverse = 1.0 / (x * x);
    let series = inverse
        * (1.0 / 12.0
            - inverse
                * (1.0 / 120.0
                    - inverse
                        * (1.0 / 252.0
                            - inverse * (1.0 / 240.0 - inverse * (1.0 / 132.0 - inverse * 691.0 / 32_760.0)))));
    shift + log(x) - 0.5 / x - series
}

/// The standard normal distribution's lower tail.
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * erfc(-z / std::f64::consts::SQRT_2)
}

/// The standard normal density.
pub fn normal_density(z: f64) -> f64 {
    exp(-0.5 * z * z) / sqrt(2.0 * PI)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!(fabs(found - expected) <= 1e-12 * fabs(expected), "{found} is not {expected}");
    }

    #[test]
    fn incomplete_gamma() {
        // P(1, x) = 1 - e^-x; P(1/2, x) = erf(sqrt x); Q(n, x) is a Poisson sum.
        near(gamma_pq(1.0, 2.0).0, 1.0 - exp(-2.0));
        near(gamma_pq(0.5, 0.25).0, libm::erf(0.5));
        near(gamma_pq(3.0, 7.0).1, exp(-7.0) * (1.0 + 7.0 + 24.5));
    }

    #[test]
    fn incomplete_beta() {
        // I_x(1, b) = 1 - (1-x)^b; I_x(a, 1) = x^a; I_1/2(a, a) = 1/2.
        near(beta_pq(1.0, 4.0, 0.3, 0.7).0, 1.0 - libm::pow(0.7, 4.0));
        near(beta_pq(5.0, 1.0, 0.3, 0.7).0, libm::pow(0.3, 5.0));
        near(beta_pq(1e5, 1e5, 0.5, 0.5).0, 0.5);
        near(beta_pq(2.5e-3, 7.0, 0.999, 0.001).0, 1.0);
    }

    #[test]
    fn beta_and_digamma() {
        near(ln_beta(2.0, 3.0), log(1.0 / 12.0));
        near(ln_beta(0.5, 0.5), log(PI));
        near(ln_beta(1.0, 1e6), -log(1e6));
        near(ln_beta(20.0, 1.0), -log(20.0));
        near(digamma(1.0), -0.577_215_664_901_532_9);
        near(digamma(0.5), -1.963_510_026_021_423_5);
    }

    #[test]
    fn binomial_density_of_whole_numbers() {
        near(binomial_density(3.0, 10.0, 0.2, 0.8), 120.0 * libm::pow(0.2, 3.0) * libm::pow(0.8, 7.0));
        near(poisson_density(4.0, 2.5), libm::pow(2.5, 4.0) * exp(-2.5) / 24.0);
    }
}
