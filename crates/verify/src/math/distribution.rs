//! Lower and upper tails of distributions, and their quantiles.
//!
//! Functions whose name ends in `_upper` work on the upper tail, so that a tail of 1e-12 keeps its digits. Outside a
//! distribution's domain the answer is NaN, which no comparison passes.

use libm::{exp, fabs, log, sqrt};

use super::root;
use super::special::{beta_pq, binomial_density, gamma_pq, normal_cdf, normal_density};

/// The standard normal quantile: the `z` with `Φ(z) = p`.
pub fn normal_quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p == 0.0 || p == 1.0 {
        return if p == 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    if p == 0.5 {
        return 0.0;
    }
    if p > 0.5 {
        // 1 − p is exact for p >= 1/2.
        return -normal_quantile(1.0 - p);
    }
    // Abramowitz and Stegun 26.2.23, then Halley steps on Φ.
    let t = sqrt(-2.0 * log(p));
    let numerator = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let denominator = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let mut z = numerator / denominator - t;
    for _ in 0..4 {
        let density = normal_density(z);
        if density == 0.0 {
            break;
        }
        let error = (normal_cdf(z) - p) / density;
        z -= error / (1.0 + 0.5 * z * error);
    }
    z
}

/// The quantile of the normal distribution by its upper tail: the `z` with `1 − Φ(z) = q`.
pub fn normal_quantile_upper(q: f64) -> f64 {
    -normal_quantile(q)
}

/// The quantile of Beta(a, b) whose lower tail is `p`.
pub fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    beta_quantiles(p, a, b).0
}

/// The quantile of Beta(a, b) whose upper tail is `q`.
pub fn beta_quantile_upper(q: f64, a: f64, b: f64) -> f64 {
    beta_quantiles(q, b, a).1
}

/// The quantile `x` of Beta(a, b) whose lower tail is `p`, and `1 − x` with all its digits.
///
/// The root is sought on the logit of `x`, on which both ends have digits enough.
pub fn beta_quantiles(p: f64, a: f64, b: f64) -> (f64, f64) {
    if !((0.0..=1.0).contains(&p) && a > 0.0 && b > 0.0) {
        return (f64::NAN, f64::NAN);
    }
    if p == 0.0 || p == 1.0 {
        return if p == 0.0 { (0.0, 1.0) } else { (1.0, 0.0) };
    }
    let of_logit = |u: f64| {
        if u < 0.0 {
            let e = exp(u);
            (e / (1.0 + e), 1.0 / (1.0 + e))
        } else {
            let e = exp(-u);
            (1.0 / (1.0 + e), e / (1.0 + e))
        }
    };
    // The smaller tail is compared on the scale of its logarithm, so that Ridders' steps are straight.
    let error = |u: f64| {
        let (x, y) = of_logit(u);
        let (lower, upper) = beta_pq(a, b, x, y);
        if p <= 0.5 {
            log(lower.max(f64::MIN_POSITIVE)) - log(p)
        } else {
            log(1.0 - p) - log(upper.max(f64::MIN_POSITIVE))
        }
    };
    // A bracket around the mean, widened until it holds the root.
    let centre = log(a / b);
    let mut width = 2.0 / sqrt(a.min(b)) + 1e-3;
    let (mut low, mut high) = (centre - width, centre + width);
    while error(low) > 0.0 && low > -740.0 {
        width *= 2.0;
        low = (centre - width).max(-740.0);
    }
    while error(high) < 0.0 && high < 740.0 {
        width *= 2.0;
        high = (centre + width).min(740.0);
    }
    match root::bracketed(error, low, high) {
        Some(u) => of_logit(u),
        // Closer to an end than `f64` can say.
        None if error(low) > 0.0 => (0.0, 1.0),
        None => (1.0, 0.0),
    }
}

/// The quantile of Gamma(shape `a`, scale 1) whose lower tail is `p`.
pub fn gamma_quantile(p: f64, a: f64) -> f64 {
    gamma_inverse(a, p, 1.0 - p, p <= 0.5)
}

/// The quantile of Gamma(shape `a`, scale 1) whose upper tail is `q`.
pub fn gamma_quantile_upper(q: f64, a: f64) -> f64 {
    gamma_inverse(a, 1.0 - q, q, q > 0.5)
}

/// The gamma quantile of a lower tail `p` and upper tail `q`; `by_lower` says which of the two is exact.
fn gamma_inverse(a: f64, p: f64, q: f64, by_lower: bool) -> f64 {
    if !((0.0..=1.0).contains(&p) && (0.0..=1.0).contains(&q) && a > 0.0) {
        return f64::NAN;
    }
    if p == 0.0 || q == 0.0 {
        return if p == 0.0 { 0.0 } else { f64::INFINITY };
    }
    let error = |u: f64| {
        let (lower, upper) = gamma_pq(a, exp(u));
        if by_lower { log(lower.max(f64::MIN_POSITIVE)) - log(p) } else { log(q) - log(upper.max(f64::MIN_POSITIVE)) }
    };
    let centre = log(a);
    let mut width = 2.0 / sqrt(a) + 1e-3;
    let (mut low, mut high) = (centre - width, centre + width);
    while error(low) > 0.0 && low > -740.0 {
        width *= 2.0;
        low = (centre - width).max(-740.0);
    }
    while error(high) < 0.0 && high < 700.0 {
        width *= 2.0;
        high = (centre + width).min(700.0);
    }
    match root::bracketed(error, low, high) {
        Some(u) => exp(u),
        None if error(low) > 0.0 => 0.0,
        None => f64::INFINITY,
    }
}

/// The χ² quantile with `df` degrees of freedom whose lower tail is `p`.
pub fn chi2_quantile(p: f64, df: f64) -> f64 {
    2.0 * gamma_quantile(p, 0.5 * df)
}

/// The χ² quantile with `df` degrees of freedom whose upper tail is `q`.
pub fn chi2_quantile_upper(q: f64, df: f64) -> f64 {
    2.0 * gamma_quantile_upper(q, 0.5 * df)
}

/// The upper tail of χ² with `df` degrees of freedom.
pub fn chi2_upper(x: f64, df: f64) -> f64 {
    gamma_pq(0.5 * df, 0.5 * x).1
}

/// The lower tail of Student's t with `df` degrees of freedom, which need not be whole.
pub fn student_cdf(t: f64, df: f64) -> f64 {
    if t.is_nan() || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    if t.is_infinite() {
        return if t > 0.0 { 1.0 } else { 0.0 };
    }
    let square = t * t;
    let tail = 0.5 * beta_pq(0.5 * df, 0.5, df / (df + square), square / (df + square)).0;
    if t > 0.0 { 1.0 - tail } else { tail }
}

/// The upper tail of Student's t.
pub fn student_upper(t: f64, df: f64) -> f64 {
    student_cdf(-t, df)
}

/// The quantile of Student's t with `df` degrees of freedom whose lower tail is `p`.
pub fn student_quantile(p: f64, df: f64) -> f64 {
    if !((0.0..=1.0).contains(&p) && df > 0.0) {
        return f64::NAN;
    }
    if p == 0.5 {
        return 0.0;
    }
    if p > 0.5 {
        return -student_quantile(1.0 - p, df);
    }
    let (x, y) = beta_quantiles(2.0 * p, 0.5 * df, 0.5);
    -sqrt(df * (y / x))
}

/// The lower and the upper tail of Fisher's F.
pub fn fisher_pq(x: f64, df1: f64, df2: f64) -> (f64, f64) {
    if x.is_nan() {
        return (f64::NAN, f64::NAN);
    }
    let x = x.max(0.0);
    let whole = df1 * x + df2;
    beta_pq(0.5 * df1, 0.5 * df2, df1 * x / whole, df2 / whole)
}

/// The quantile of Fisher's F whose lower tail is `p`.
pub fn fisher_quantile(p: f64, df1: f64, df2: f64) -> f64 {
    let (x, y) = beta_quantiles(p, 0.5 * df1, 0.5 * df2);
    df2 * x / (df1 * y)
}

/// `P(X <= x)` of Binomial(n, p), for whole `x`; below zero it is 0.
pub fn binomial_cdf(x: f64, n: f64, p: f64) -> f64 {
    if x < 0.0 {
        return 0.0;
    }
    if x >= n {
        return 1.0;
    }
    beta_pq(n - x, x + 1.0, 1.0 - p, p).0
}

/// `P(X >= x)` of Binomial(n, p), for whole `x`.
pub fn binomial_upper(x: f64, n: f64, p: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    if x > n {
        return 0.0;
    }
    beta_pq(x, n - x + 1.0, p, 1.0 - p).0
}

/// `P(X = x)` of Binomial(n, p).
pub fn binomial_point(x: f64, n: f64, p: f64) -> f64 {
    binomial_density(x, n, p, 1.0 - p)
}

/// `P(X <= x)` of Poisson(m), for whole `x`; below zero it is 0.
pub fn poisson_cdf(x: f64, m: f64) -> f64 {
    if x < 0.0 {
        return 0.0;
    }
    if m == 0.0 {
        return 1.0;
    }
    gamma_pq(x + 1.0, m).1
}

/// `P(X >= x)` of Poisson(m), for whole `x`.
pub fn poisson_upper(x: f64, m: f64) -> f64 {
    if x <= 0.0 {
        1.0
    } else if m == 0.0 {
        0.0
    } else {
        gamma_pq(x, m).0
    }
}

/// The lower tail of Kolmogorov's limiting distribution: `P(sqrt(n) D <= x)`.
pub fn kolmogorov_cdf(x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let mut sum = 0.0;
    for k in 1..=100 {
        let k = f64::from(k);
        let term = exp(-2.0 * k * k * x * x);
        sum += if fabs(k % 2.0) > 0.5 { term } else { -term };
        if term < 1e-18 {
            break;
        }
    }
    (1.0 - 2.0 * sum).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64, relative: f64) {
        assert!(fabs(found - expected) <= relative * fabs(expected), "{found} is not {expected}");
    }

    #[test]
    fn quantiles_that_tables_print() {
        near(normal_quantile(0.975), 1.959_963_984_540_054, 1e-14);
        near(normal_quantile(1e-6), -4.753_424_308_822_899, 1e-13);
        near(student_quantile(0.95, 7.0), 1.894_578_605_090_006, 1e-12);
        near(student_quantile(0.975, 16.334), 2.116_4, 1e-3);
        near(chi2_quantile(0.95, 10.0), 18.307_038_053_275_146, 1e-13);
        near(fisher_quantile(0.95, 20.0, 20.0), 2.124_155_213, 1e-9);
        near(beta_quantile(0.05, 59.0, 1.0), libm::pow(0.05, 1.0 / 59.0), 1e-14);
        near(gamma_quantile_upper(1e-9, 1.0), -log(1e-9), 1e-13);
    }

    #[test]
    fn quantiles_invert_tails() {
        for a in [1e-3, 0.5, 1.0, 3.7, 95.0, 1e4, 1e6] {
            for b in [0.5, 1.0, 12.0, 1e5] {
                for p in [1e-9, 1e-6, 0.01, 0.2, 0.5, 0.95, 1.0 - 1e-6] {
                    let (x, y) = beta_quantiles(p, a, b);
                    if x < 1e-300 || y < 1e-300 {
                        continue;
                    }
                    let (lower, upper) = beta_pq(a, b, x, y);
                    if p <= 0.5 { near(lower, p, 1e-10) } else { near(upper, 1.0 - p, 1e-10) }
                }
            }
            for p in [1e-9, 1e-6, 0.01, 0.5, 0.95] {
                let x = gamma_quantile(p, a);
                if x > 1e-300 {
                    near(gamma_pq(a, x).0, p, 1e-10);
                }
            }
        }
    }

    #[test]
    fn whole_numbers() {
        near(binomial_cdf(2.0, 5.0, 0.3), 0.836_92, 1e-12);
        near(binomial_upper(3.0, 5.0, 0.3), 0.163_08, 1e-12);
        near(poisson_cdf(1.0, 2.0), 3.0 * exp(-2.0), 1e-13);
        near(poisson_upper(2.0, 2.0), 1.0 - 3.0 * exp(-2.0), 1e-13);
    }
}
