//! Two proportions of independent trials: is one larger, or at most a margin smaller?
//!
//! Not for units of shifts, unless counts are first divided by a design effect: see [`super::cluster`].

use libm::{ceil, fabs, floor, sin, sqrt};
use serde::{Deserialize, Serialize};

use super::cluster::float;
use crate::bound::{Confidence, StatError, within};
use crate::math::distribution::normal_quantile_upper;
use crate::math::root;
use crate::math::special::{binomial_density, normal_cdf};

/// More trials than this in one arm are refused by the exact tests, which would take seconds.
pub const EXACT_TRIALS_MAX: u64 = 5_000;

/// Exact p-values below this are given as this: a p-value may be too large, never too small.
pub const P_MIN: f64 = 1e-25;

/// What is taken as equal when tables are compared by their statistic: tables of equal statistic differ by rounding.
const TIE: f64 = 1e-10;

/// Successes and trials of two arms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arms {
    /// Successes of the first arm.
    pub x1: u64,
    /// Its trials.
    pub n1: u64,
    /// Successes of the second arm.
    pub x2: u64,
    /// Its trials.
    pub n2: u64,
}

impl Arms {
    fn checked(self) -> Result<Self, StatError> {
        if self.n1 == 0 || self.n2 == 0 {
            return Err(StatError::TooFew { what: "trials of an arm", found: 0, needed: 1 });
        }
        if self.x1 > self.n1 || self.x2 > self.n2 {
            return Err(StatError::Mismatch("an arm has more successes than trials"));
        }
        Ok(self)
    }

    fn exact(self) -> Result<Self, StatError> {
        if self.n1 > EXACT_TRIALS_MAX || self.n2 > EXACT_TRIALS_MAX {
            return Err(StatError::Mismatch(
                "an arm has more than 5,000 trials; use `farrington-manning` with a margin of 0",
            ));
        }
        self.checked()
    }

    fn swapped(self) -> Self {
        Self { x1: self.x2, n1: self.n2, x2: self.x1, n2: self.n1 }
    }
}

/// What is to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Alternative {
    /// The first share is smaller than the second.
    Less,
    /// The first share is larger.
    Greater,
    /// They differ.
    #[default]
    Two,
}

/// The probability of `x` successes in the first arm, given `m` in both.
fn hypergeometric(x: f64, n1: f64, n2: f64, m: f64) -> f64 {
    // A quotient of binomial probabilities, at the share at which all three are large.
    let (p, q) = (m / (n1 + n2), (n1 + n2 - m) / (n1 + n2));
    binomial_density(x, n1, p, q) * binomial_density(m - x, n2, p, q) / binomial_density(m, n1 + n2, p, q)
}

/// `P(X <= x)` for the first arm's successes, given those of both.
fn hypergeometric_cdf(x: f64, n1: f64, n2: f64, m: f64) -> f64 {
    let (least, most) = ((m - n2).max(0.0), n1.min(m));
    if x >= most {
        return 1.0;
    }
    // The tail that does not hold the mean, term by term, until terms no longer count.
    let below = x * (n1 + n2) <= m * n1;
    let mut at = if below { x } else { x + 1.0 };
    let mut term = hypergeometric(at, n1, n2, m);
    let mut sum = term;
    while (below && at > least) || (!below && at < most) {
        term *= if below {
            at * (n2 - m + at) / ((n1 - at + 1.0) * (m - at + 1.0))
        } else {
            (n1 - at) * (m - at) / ((at + 1.0) * (n2 - m + at + 1.0))
        };
        at += if below { -1.0 } else { 1.0 };
        sum += term;
        if term < sum * 1e-18 {
            break;
        }
    }
    if below { sum.min(1.0) } else { (1.0 - sum).max(0.0) }
}

/// Fisher's exact test (Journal of the Royal Statistical Society 98, 1935), given the successes of both arms together. The
/// two-sided p-value sums all tables that are no likelier than the one found.
///
/// # Errors
/// Where an arm has no trials, more than [`EXACT_TRIALS_MAX`], or more successes than trials.
pub fn fisher(arms: Arms, alternative: Alternative) -> Result<f64, StatError> {
    let arms = arms.exact()?;
    let (x, n1, n2, m) = (float(arms.x1), float(arms.n1), float(arms.n2), float(arms.x1 + arms.x2));
    match alternative {
        Alternative::Less => Ok(hypergeometric_cdf(x, n1, n2, m)),
        Alternative::Greater => Ok(hypergeometric_cdf(m - x, n2, n1, m)),
        Alternative::Two => {
            let found = hypergeometric(x, n1, n2, m) * (1.0 + 1e-7);
            let both = arms.x1 + arms.x2;
            let mut sum = 0.0;
            for at in both.saturating_sub(arms.n2)..=arms.n1.min(both) {
                let density = hypergeometric(float(at), n1, n2, m);
                sum += if density <= found { density } else { 0.0 };
            }
            Ok(sum.min(1.0))
        }
    }
}

/// The tables that count as extreme: for each number of successes in the first arm, those of the second from here on. The
/// statistics used are monotone in both arms (Barnard's convexity), so that the numbers never fall.
struct Region {
    from: Vec<u64>,
}

impl Region {
    /// Walks along the edge of `{statistic <= limit}`, with one comparison per step.
    fn of(arms: Arms, extreme: impl Fn(u64, u64) -> bool) -> Self {
        let mut from = Vec::new();
        let mut second = 0;
        for first in 0..=arms.n1 {
            while second <= arms.n2 && !extreme(first, second) {
                second += 1;
            }
            from.push(second);
        }
        Self { from }
    }

    /// The probability of the region where both arms have the share `p`.
    fn probability(&self, first: &Binomial, second: &Binomial) -> f64 {
        let mut sum = 0.0;
        for (x, density) in (first.start..).zip(&first.density) {
            // OK: `x` is at most the first arm's trials, which `from` has an entry for.
            sum += density * second.upper(self.from[x as usize]);
        }
        sum
    }
}

/// The probabilities of a binomial distribution, as far as they count.
struct Binomial {
    start: u64,
    density: Vec<f64>,
    /// `P(X >= start + i)`.
    upper: Vec<f64>,
}

impl Binomial {
    /// Probabilities below this are left out.
    const LEAST: f64 = 1e-32;

    fn new(trials: u64, p: f64, q: f64) -> Self {
        let n = float(trials);
        // OK: from 0 to `trials`.
        let mode = (floor((n + 1.0) * p) as u64).min(trials);
        let peak = binomial_density(float(mode), n, p, q);
        let (mut below, mut term, mut at) = (Vec::new(), peak, float(mode));
        while at > 0.0 && p > 0.0 {
            term *= at * q / ((n - at + 1.0) * p);
            if term < Self::LEAST {
                break;
            }
            below.push(term);
            at -= 1.0;
        }
        below.reverse();
        // OK: `below` is no longer than `mode`.
        let start = mode - below.len() as u64;
        let mut density = below;
        density.push(peak);
        (term, at) = (peak, float(mode));
        while at < n && q > 0.0 {
            term *= (n - at) * p / ((at + 1.0) * q);
            if term < Self::LEAST {
                break;
            }
            density.push(term);
            at += 1.0;
        }
        let mut upper = density.clone();
        let mut sum = 0.0;
        for slot in upper.iter_mut().rev() {
            sum += *slot;
            *slot = sum;
        }
        Self { start, density, upper }
    }

    /// `P(X >= x)`.
    fn upper(&self, x: u64) -> f64 {
        if x <= self.start {
            return 1.0;
        }
        // OK: an index beyond the end is not found.
        self.upper.get((x - self.start) as usize).copied().unwrap_or(0.0)
    }
}

/// The largest probability over all common shares of a region, and of one that was made with the arms swapped.
///
/// It is sought on a grid that is even in `asin sqrt p`, on which both binomial distributions are about as wide everywhere,
/// with 25 points or more to a standard deviation, and then around the five highest points.
fn supremum(arms: Arms, straight: Option<&Region>, swapped: Option<&Region>) -> f64 {
    let at = |angle: f64| {
        let (sine, cosine) = (sin(angle), libm::cos(angle));
        let (p, q) = (sine * sine, cosine * cosine);
        let (first, second) = (Binomial::new(arms.n1, p, q), Binomial::new(arms.n2, p, q));
        straight.map_or(0.0, |region| region.probability(&first, &second))
            + swapped.map_or(0.0, |region| region.probability(&second, &first))
    };
    // OK: at most a few thousand.
    let points = 128 + ceil(24.0 * sqrt(float(arms.n1 + arms.n2))) as u64;
    let step = std::f64::consts::FRAC_PI_2 / float(points);
    let values: Vec<f64> = (0..=points).map(|point| at(float(point) * step)).collect();
    let mut tops: Vec<(f64, f64)> = Vec::new();
    for (point, value) in (0_u64..).zip(&values) {
        let neighbours = [point.checked_sub(1), point.checked_add(1)];
        // OK: an index beyond the end is not found.
        let around = neighbours.into_iter().flatten().filter_map(|near| values.get(near as usize));
        if around.into_iter().all(|near| near <= value) {
            tops.push((*value, float(point) * step));
        }
    }
    tops.sort_by(|one, other| other.0.total_cmp(&one.0));
    let mut best = 0.0_f64;
    for (value, angle) in tops.into_iter().take(5) {
        let (low, high) = ((angle - step).max(0.0), (angle + step).min(std::f64::consts::FRAC_PI_2));
        best = best.max(value).max(at(root::peak(at, low, high)));
    }
    best.clamp(P_MIN, 1.0)
}

/// Boschloo's exact test (Statistica Neerlandica 24, 1970): Fisher's one-sided p-value as the statistic, and the largest
/// probability over the common share. It is never less powerful than Fisher's. The two-sided p-value is twice the smaller
/// one-sided.
///
/// # Errors
/// As [`fisher`].
pub fn boschloo(arms: Arms, alternative: Alternative) -> Result<f64, StatError> {
    let arms = arms.exact()?;
    let less = |arms: Arms| {
        let (n1, n2) = (float(arms.n1), float(arms.n2));
        let statistic = |x1: u64, x2: u64| hypergeometric_cdf(float(x1), n1, n2, float(x1 + x2));
        let limit = statistic(arms.x1, arms.x2) * (1.0 + TIE);
        supremum(arms, Some(&Region::of(arms, |x1, x2| statistic(x1, x2) <= limit)), None)
    };
    Ok(match alternative {
        Alternative::Less => less(arms),
        Alternative::Greater => less(arms.swapped()),
        Alternative::Two => (2.0 * less(arms).min(less(arms.swapped()))).min(1.0),
    })
}

/// Barnard's exact test (Nature 156, 1945) with Wald's statistic, whose variance is that of the pooled share, or the sum of
/// those of both arms.
///
/// # Errors
/// As [`fisher`].
pub fn barnard(arms: Arms, alternative: Alternative, pooled: bool) -> Result<f64, StatError> {
    let arms = arms.exact()?;
    let statistic = |x1: u64, x2: u64| wald(Arms { x1, x2, ..arms }, pooled);
    let found = statistic(arms.x1, arms.x2);
    let limit = |value: f64| if value.is_finite() { value + TIE * fabs(value).max(TIE) } else { value };
    let less = |limit: f64| Region::of(arms, |x1, x2| statistic(x1, x2) <= limit);
    // For the other side arms are swapped, and with them the sign.
    let swapped = arms.swapped();
    let greater = |limit: f64| Region::of(swapped, |x2, x1| -statistic(x1, x2) <= limit);
    Ok(match alternative {
        Alternative::Less => supremum(arms, Some(&less(limit(found))), None),
        Alternative::Greater => supremum(arms, None, Some(&greater(limit(-found)))),
        Alternative::Two if found == 0.0 => 1.0,
        Alternative::Two => {
            let limit = limit(-fabs(found));
            supremum(arms, Some(&less(limit)), Some(&greater(limit)))
        }
    })
}

/// Wald's statistic for the difference of two shares: 0 where they are equal, infinite where they differ without variance.
fn wald(arms: Arms, pooled: bool) -> f64 {
    let (x1, n1, x2, n2) = (float(arms.x1), float(arms.n1), float(arms.x2), float(arms.n2));
    let (p1, p2) = (x1 / n1, x2 / n2);
    // Compared as whole numbers: equal shares need not be equal quotients.
    if x1 * n2 == x2 * n1 {
        return 0.0;
    }
    let variance = if pooled {
        let p = (x1 + x2) / (n1 + n2);
        p * (1.0 - p) * (1.0 / n1 + 1.0 / n2)
    } else {
        p1 * (1.0 - p1) / n1 + p2 * (1.0 - p2) / n2
    };
    (p1 - p2) / sqrt(variance)
}

/// The score test of Farrington and Manning.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Score {
    /// The statistic: how far the difference of shares lies above `−margin`, in standard errors.
    pub z: f64,
    /// The probability of one at least as large if the difference were `−margin`.
    pub p: f64,
    /// The first share that is likeliest under that hypothesis.
    pub q1: f64,
    /// The second.
    pub q2: f64,
}

/// The score test for `share1 − share2 > −margin` (Farrington and Manning, Statistics in Medicine 9, 1990): is the first
/// arm at most `margin` worse? With a margin of 0 it is the pooled test for superiority; a negative margin asks for more.
///
/// The likeliest shares are found as the root of the likelihood's slope. At the limits, as with two perfect arms, this is
/// the closed form (`q2 = 1`, `q1 = 1 − margin`), where the usual cosine formula is 0/0.
///
/// # Errors
/// Where an arm has no trials, or more successes than trials, or the margin is not between −1 and 1.
pub fn farrington_manning(arms: Arms, margin: f64) -> Result<Score, StatError> {
    let arms = arms.checked()?;
    within("margin", margin, -1.0 + f64::EPSILON..=1.0 - f64::EPSILON, "above -1 and below 1")?;
    let (x1, n1, x2, n2) = (float(arms.x1), float(arms.n1), float(arms.x2), float(arms.n2));
    let (q1, q2) = likeliest(arms, margin);
    let variance = q1 * (1.0 - q1) / n1 + q2 * (1.0 - q2) / n2;
    let above = x1 / n1 - x2 / n2 + margin;
    // Without variance the margin is 0 and both arms are perfect, or both without success: nothing is shown.
    let z = if variance > 0.0 { above / sqrt(variance) } else { 0.0 };
    Ok(Score { z, p: normal_cdf(-z), q1, q2 })
}

/// The likeliest shares whose difference is `−margin`.
fn likeliest(arms: Arms, margin: f64) -> (f64, f64) {
    let (x1, n1, x2, n2) = (float(arms.x1), float(arms.n1), float(arms.x2), float(arms.n2));
    if margin == 0.0 {
        let pooled = (x1 + x2) / (n1 + n2);
        return (pooled, pooled);
    }
    // The slope of the log-likelihood of one arm at the share q = 1 − r.
    let slope = |x: f64, n: f64, q: f64, r: f64| {
        let good = if x > 0.0 { x / q } else { 0.0 };
        let failed = if x < n { (n - x) / r } else { 0.0 };
        good - failed
    };
    // Seen from the smaller share, `low` of 0 to 1 − |margin|: the other is larger by |margin|.
    let apart = fabs(margin);
    let ((xs, ns), (xl, nl)) = if margin > 0.0 { ((x1, n1), (x2, n2)) } else { ((x2, n2), (x1, n1)) };
    let top = 1.0 - apart;
    let both = |low: f64| slope(xs, ns, low, 1.0 - low) + slope(xl, nl, low + apart, top - low);
    // The slope falls. Where it does not change its sign, the likelihood is largest at an end.
    let low = root::bracketed(both, 0.0, top).unwrap_or(if both(0.5 * top) > 0.0 { top } else { 0.0 });
    let pair = (low, (low + apart).min(1.0));
    if margin > 0.0 { pair } else { (pair.1, pair.0) }
}

/// The trials of each arm that show with this power that the first share is at most `margin` smaller: `(p1 q1 + p2 q2)
/// (z_(1−α) + z_power)² / (p1 − p2 + margin)²`, times the design effect where trials are clustered (Blackwelder, Controlled
/// Clinical Trials 3, 1982).
///
/// # Errors
/// Where shares, power or design effect are out of range, or the true difference is not above `−margin`, or more than 10^15
/// trials are needed.
pub fn non_inferiority_trials(
    (share1, share2): (f64, f64),
    margin: f64,
    power: f64,
    design_effect: f64,
    confidence: Confidence,
) -> Result<u64, StatError> {
    within("share", share1, 0.0..=1.0, "from 0 to 1")?;
    within("share", share2, 0.0..=1.0, "from 0 to 1")?;
    within("margin", margin, -1.0..=1.0, "from -1 to 1")?;
    within("power", power, 0.5..=1.0 - f64::EPSILON, "at least 0.5 and below 1")?;
    within("confidence", confidence.level(), 0.5..=1.0, "at least 0.5")?;
    within("design effect", design_effect, 1.0..=1e6, "from 1 to 1,000,000")?;
    let above = share1 - share2 + margin;
    if above <= 0.0 {
        return Err(StatError::NoSolution("shares this far apart do not lie within the margin"));
    }
    let z = normal_quantile_upper(confidence.alpha()) + normal_quantile_upper(1.0 - power);
    let variance = share1 * (1.0 - share1) + share2 * (1.0 - share2);
    let trials = ceil(variance * z * z / (above * above) * design_effect);
    if trials.is_nan() || trials > 1e15 {
        return Err(StatError::NoSolution("more than 10^15 trials are needed"));
    }
    // OK: from 0 to 10^15.
    Ok((trials as u64).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::cluster::tests::near;

    /// A table as scipy takes it: columns are the arms, the first row their successes.
    fn columns([[a, b], [c, d]]: [[u64; 2]; 2]) -> Arms {
        Arms { x1: a, n1: a + c, x2: b, n2: b + d }
    }

    #[test]
    fn exact_tests() {
        use Alternative::{Less, Two};
        for (table, alternative, pooled, unpooled, boschloo_p, fisher_p) in [
            // scipy gives 0.0340767 and 0.0681534 for Barnard's test, because it misses the mirrored table [[3, 8], [12, 7]],
            // whose statistic is the same but for rounding.
            ([[7, 12], [8, 3]], Less, 0.034_109_2, 0.034_109_2, 0.034_109_2, 0.064_067_966),
            ([[7, 12], [8, 3]], Two, 0.068_218_3, 0.068_218_3, 0.068_218_3, 0.128_135_932),
            ([[25, 25], [29, 21]], Less, 0.298_370_8, 0.298_387_4, 0.224_112_7, 0.273_732_6),
            ([[25, 25], [29, 21]], Two, 0.531_517_5, 0.531_527_4, 0.448_225_3, 0.547_465_2),
            ([[30, 20], [42, 8]], Less, 0.006_437_3, 0.023_504_2, 0.003_812_5, 0.006_741_1),
            ([[3, 0], [0, 3]], Two, 0.031_25, 0.031_25, 0.031_25, 0.10),
        ] {
            let arms = columns(table);
            near(barnard(arms, alternative, true).unwrap(), pooled, 6e-8);
            near(barnard(arms, alternative, false).unwrap(), unpooled, 6e-8);
            near(boschloo(arms, alternative).unwrap(), boschloo_p, 6e-8);
            near(fisher(arms, alternative).unwrap(), fisher_p, 6e-8);
        }
    }

    #[test]
    fn exact_tests_of_odd_tables() {
        let level = Arms { x1: 5, n1: 10, x2: 10, n2: 20 };
        assert_eq!(barnard(level, Alternative::Two, true).unwrap(), 1.0);
        let perfect = Arms { x1: 10, n1: 10, x2: 20, n2: 20 };
        for alternative in [Alternative::Less, Alternative::Greater, Alternative::Two] {
            for p in [
                barnard(perfect, alternative, true),
                barnard(perfect, alternative, false),
                boschloo(perfect, alternative),
            ] {
                near(p.unwrap(), 1.0, 1e-9);
            }
            assert_eq!(fisher(perfect, alternative).unwrap(), 1.0);
        }
        let far = Arms { x1: 0, n1: 500, x2: 500, n2: 500 };
        assert_eq!(boschloo(far, Alternative::Less).unwrap(), P_MIN);
        let large = Arms { x1: 5001, n1: 5001, x2: 1, n2: 1 };
        assert!(boschloo(large, Alternative::Less).is_err());
        assert!(fisher(Arms { x1: 2, n1: 1, x2: 0, n2: 1 }, Alternative::Less).is_err());
        assert!(barnard(Arms { x1: 0, n1: 0, x2: 0, n2: 1 }, Alternative::Less, true).is_err());
    }

    #[test]
    fn exact_tests_of_large_tables() {
        let arms = Arms { x1: 4830, n1: 5000, x2: 4890, n2: 5000 };
        let found = boschloo(arms, Alternative::Less).unwrap();
        let score = farrington_manning(arms.swapped(), 0.0).unwrap();
        assert!((found / score.p - 1.0).abs() < 0.2, "{found} {}", score.p);
        assert!(barnard(arms, Alternative::Two, true).is_ok());
    }

    /// By the cosine formula with 40 digits.
    #[test]
    fn farrington_and_manning() {
        for (x1, n1, x2, n2, margin, q1, q2, z, p) in [
            (485, 500, 490, 500, 0.02, 0.963_180_116_862, 0.983_180_116_862, 0.980_569_795_067, 0.163_402_467_762),
            (190, 200, 192, 200, 0.05, 0.921_136_963_821, 0.971_136_963_821, 1.782_859_619_73, 0.037_304_578_869_3),
            (975, 1000, 980, 1000, 0.01, 0.971_969_447_882, 0.981_969_447_882, 0.745_768_005_798, 0.227_903_785_061),
        ] {
            let found = farrington_manning(Arms { x1, n1, x2, n2 }, margin).unwrap();
            near(found.q1, q1, 6e-13);
            near(found.q2, q2, 6e-13);
            near(found.z, z, 6e-12);
            near(found.p, p, 6e-13);
        }
    }

    #[test]
    fn farrington_and_manning_at_the_limits() {
        let perfect = farrington_manning(Arms { x1: 300, n1: 300, x2: 400, n2: 400 }, 0.02).unwrap();
        assert_eq!((perfect.q1, perfect.q2), (0.98, 1.0));
        near(perfect.z, sqrt(300.0 * 0.02 / 0.98), 1e-12);
        let none = farrington_manning(Arms { x1: 0, n1: 300, x2: 0, n2: 400 }, 0.02).unwrap();
        assert_eq!((none.q1, none.q2), (0.0, 0.02));
        near(none.z, sqrt(400.0 * 0.02 / 0.98), 1e-12);
        let level = farrington_manning(Arms { x1: 10, n1: 10, x2: 10, n2: 10 }, 0.0).unwrap();
        assert_eq!((level.z, level.p), (0.0, 0.5));
        // The best arm against the worst, and the reverse.
        let best = farrington_manning(Arms { x1: 10, n1: 10, x2: 0, n2: 10 }, 0.1).unwrap();
        assert!(best.z > 4.0 && best.q1 < best.q2);
        let worst = farrington_manning(Arms { x1: 0, n1: 10, x2: 10, n2: 10 }, 0.1).unwrap();
        assert!(worst.z < -4.0);
        let reverse = farrington_manning(Arms { x1: 10, n1: 10, x2: 10, n2: 10 }, -0.1).unwrap();
        assert_eq!((reverse.q1, reverse.q2), (1.0, 0.9));
        assert!(farrington_manning(Arms { x1: 1, n1: 1, x2: 1, n2: 1 }, 1.0).is_err());
        assert!(farrington_manning(Arms { x1: 1, n1: 1, x2: 1, n2: 1 }, f64::NAN).is_err());
    }

    #[test]
    fn trials_for_non_inferiority() {
        for (margin, expected) in [(0.01, 3358), (0.02, 840), (0.03, 374)] {
            assert_eq!(non_inferiority_trials((0.98, 0.98), margin, 0.9, 1.0, Confidence::USUAL).unwrap(), expected);
        }
        assert!(non_inferiority_trials((0.95, 0.98), 0.02, 0.9, 1.0, Confidence::USUAL).is_err());
        assert_eq!(non_inferiority_trials((1.0, 1.0), 0.02, 0.9, 1.0, Confidence::USUAL).unwrap(), 1);
    }
}
