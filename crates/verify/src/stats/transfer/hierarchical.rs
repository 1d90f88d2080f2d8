//! A new site's share, by Bayes' rule and without random numbers.

use libm::{cosh, exp, log, log1p, sinh, sqrt};
use serde::Serialize;

use super::meta::weighted;
use super::{Site, all_counts, logits, share};
use crate::bound::{Confidence, Interval, Side, StatError, within};
use crate::math::root;
use crate::math::special::normal_cdf;

/// The most sites, so that an answer takes a second at most.
pub const SITES_MAX: usize = 50;

/// The usual scale of the half-normal prior of the spread between sites.
pub const SCALE: f64 = 0.5;

/// The scales that show how much the answer depends on it.
pub const SCALES: [f64; 2] = [0.25, 1.0];

/// Where a posterior's logarithm has fallen by this much, the rest of it is left out.
const NEGLIGIBLE: f64 = 25.0;

/// Steps after which a direction of the grid is given up; some hundred are usual.
const STEPS_MAX: u32 = 20_000;

/// What one scale of the prior gives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NewSite {
    /// The scale of the prior of the spread between sites.
    pub scale: f64,
    /// The prediction interval of a new site's share.
    #[serde(flatten)]
    pub interval: Interval,
    /// The expected share of a new site.
    pub mean: f64,
    /// The root of the expected squared spread between sites, on logits.
    pub tau: f64,
}

/// What the scale asked for gives, and what the others would.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prediction {
    /// The answer.
    #[serde(flatten)]
    pub found: NewSite,
    /// The same with the scales of [`SCALES`].
    pub sensitivity: Vec<NewSite>,
}

/// One node of the posterior of the middle site's logit and the spread.
#[derive(Debug, Clone, Copy)]
struct Node {
    middle: f64,
    spread: f64,
    /// The standard deviation of a new site around this node.
    kernel: f64,
    weight: f64,
}

/// The share of a new site in a hierarchical model: `sᵢ ~ Bin(nᵢ, pᵢ)`, `logit pᵢ ~ N(μ, τ²)`, `τ` half-normal with a scale
/// (Gelman, Bayesian Analysis 1, 2006), the middle site's share `1/(1 + e^−μ)` uniform. The answer is the posterior
/// predictive distribution of one more `p`, by quadrature: the same digits for ever, and no chain to watch.
///
/// Unlike the fallback [`random_effects`](super::meta::random_effects) it takes perfect sites as they are. Units of one shift
/// are alike, so give effective counts. With fewer than five sites the prior decides: compare `sensitivity`.
///
/// # Errors
/// Where there are fewer than two or more than 50 sites, one has more successes than trials, or the scale is not from 0.01
/// to 10.
pub fn new_site(sites: &[Site], scale: f64, confidence: Confidence, side: Side) -> Result<Prediction, StatError> {
    let counts = all_counts(sites, 2, SITES_MAX)?;
    within("scale", scale, 0.01..=10.0, "from 0.01 to 10")?;
    let found = predict(&counts, scale, confidence, side)?;
    let sensitivity =
        SCALES.iter().map(|scale| predict(&counts, *scale, confidence, side)).collect::<Result<Vec<_>, _>>()?;
    Ok(Prediction { found, sensitivity })
}

fn predict(counts: &[(f64, f64)], scale: f64, confidence: Confidence, side: Side) -> Result<NewSite, StatError> {
    let nodes = posterior(counts, scale);
    let whole: f64 = nodes.iter().map(|node| node.weight).sum();
    let below = |logit: f64| {
        nodes.iter().map(|node| node.weight * normal_cdf((logit - node.middle) / node.kernel)).sum::<f64>() / whole
    };
    let above = |logit: f64| {
        nodes.iter().map(|node| node.weight * normal_cdf((node.middle - logit) / node.kernel)).sum::<f64>() / whole
    };
    let alpha = side.alpha_each(confidence);
    let unsolved = StatError::NoSolution("a new site's share lies beyond every logit from -200 to 200");
    let lower = if side == Side::Upper { None } else { root::bracketed(|u| below(u) - alpha, -200.0, 200.0) };
    let upper = if side == Side::Lower { None } else { root::bracketed(|u| above(u) - alpha, -200.0, 200.0) };
    if (side != Side::Upper && lower.is_none()) || (side != Side::Lower && upper.is_none()) {
        return Err(unsolved);
    }
    Ok(NewSite {
        scale,
        interval: Interval { lower: lower.map(share), upper: upper.map(share) },
        mean: nodes.iter().map(|node| node.weight * mean_share(node)).sum::<f64>() / whole,
        // The square is an even function of the spread, as the integration needs; the spread itself is not.
        tau: sqrt(nodes.iter().map(|node| node.weight * node.spread * node.spread).sum::<f64>() / whole),
    })
}

/// The expected share of a normal logit, by the trapezoid rule over eight standard deviations to each side.
fn mean_share(node: &Node) -> f64 {
    let (mut sum, mut weights) = (0.0, 0.0);
    for step in -32..=32 {
        let z = f64::from(step) * 0.25;
        let weight = exp(-0.5 * z * z);
        weights += weight;
        sum += weight * share(node.middle + node.kernel * z);
    }
    sum / weights
}

/// Where and how finely the spread is looked at: `τ = unit · sinh(u)`, which has small steps near zero and reaches far.
fn steps_of_spread(logits: &[(f64, f64)], scale: f64) -> (f64, f64) {
    // OK: at most 50.
    let k = logits.len() as f64;
    let precision: f64 = logits.iter().map(|(_, v)| 1.0 / v).sum();
    let (fixed, _) = weighted(logits, 0.0);
    let between = logits.iter().map(|(y, _)| (y - fixed) * (y - fixed)).sum::<f64>() / k;
    // The posterior of the spread narrows with the root of the number of sites.
    (scale.min(sqrt(k / precision + between)), 0.25 / sqrt(k))
}

/// The posterior on a grid. The likelihood is an even function of the spread, so the midpoint rule on `u` converges faster
/// than any power of the step, as the trapezoid rule does on the logit.
fn posterior(counts: &[(f64, f64)], scale: f64) -> Vec<Node> {
    let logits = logits(counts);
    let (unit, step) = steps_of_spread(&logits, scale);
    let mut rows = Vec::new();
    let mut highest = f64::NEG_INFINITY;
    for index in 0..STEPS_MAX {
        let u = (f64::from(index) + 0.5) * step;
        let spread = unit * sinh(u);
        // The prior alone is negligible beyond.
        if spread > 8.5 * scale {
            break;
        }
        let (start, error) = weighted(&logits, spread * spread);
        let row = row(counts, spread, start, error);
        let prior = -0.5 * (spread / scale) * (spread / scale) + log(cosh(u));
        let top = prior + row.iter().fold(f64::NEG_INFINITY, |top, point| top.max(point.value));
        highest = highest.max(top);
        rows.push((spread, prior, row));
        if top < highest - NEGLIGIBLE {
            break;
        }
    }
    let mut nodes = Vec::new();
    for (spread, prior, row) in rows {
        for Point { middle, value, width } in row {
            let weight = width * exp(prior + value - highest);
            if weight > 0.0 {
                nodes.push(Node { middle, spread, kernel: spread.max(width), weight });
            }
        }
    }
    nodes
}

/// A logit of the middle site.
struct Point {
    middle: f64,
    /// The logarithm of its posterior, but for a constant.
    value: f64,
    /// The distance to its neighbours.
    width: f64,
}

/// Logits of the middle site, from `start` outwards until their posterior is negligible: `start + error · sinh(v)`, in steps
/// of `v`. The posterior has one peak, because every factor is log-concave.
fn row(counts: &[(f64, f64)], spread: f64, start: f64, error: f64) -> Vec<Point> {
    // Fine enough for the posterior, and for a new site's normal around each node. Where the spread is next to nothing, a part
    // of the posterior's own width takes its place.
    let step = (0.35 * spread / error).clamp(1.0 / 24.0, 0.2);
    let point = |v: f64| {
        let middle = start + error * sinh(v);
        // The uniform share of the middle site is a logistic logit.
        let prior = -middle.abs() - 2.0 * log1p(exp(-middle.abs()));
        let value = prior + counts.iter().map(|(s, f)| ln_marginal(*s, *f, middle, spread)).sum::<f64>();
        Point { middle, value, width: step * error * cosh(v) }
    };
    let centre = point(0.0);
    let mut highest = centre.value;
    let mut row = vec![centre];
    for direction in [-step, step] {
        for index in 1..STEPS_MAX {
            let found = point(direction * f64::from(index));
            highest = highest.max(found.value);
            let negligible = found.value < highest - NEGLIGIBLE;
            row.push(found);
            if negligible {
                break;
            }
        }
    }
    row
}

/// `ln ∫ p^s (1−p)^f N(logit p; middle, spread²) d logit p`, by the trapezoid rule around the peak of the integrand.
fn ln_marginal(s: f64, f: f64, middle: f64, spread: f64) -> f64 {
    let precision = 1.0 / (spread * spread);
    let value = |logit: f64| {
        let away = logit - middle;
        // ln p = −ln(1 + e^−logit), ln(1−p) = −ln(1 + e^logit).
        let rest = log1p(exp(-logit.abs()));
        let (ln_p, ln_q) = if logit < 0.0 { (logit - rest, -rest) } else { (-rest, -logit - rest) };
        s * ln_p + f * ln_q - 0.5 * precision * away * away
    };
    let (peak, error) = peak(s, f, middle, precision);
    // Half the peak's standard deviation per step, ten to each side; longer steps miss the steep side of a perfect site.
    let step = 0.5 * error;
    let top = value(peak);
    let sum: f64 = (-20..=20).map(|i| exp(value(peak + step * f64::from(i)) - top)).sum();
    top + log(sum * step / spread)
}

/// The peak of the integrand, and the standard deviation of its curvature there, by Newton's method kept in a bracket.
fn peak(s: f64, f: f64, middle: f64, precision: f64) -> (f64, f64) {
    let n = s + f;
    // The slope falls; it is positive at the lower and negative at the upper of the two places of no slope of each factor.
    let own = log((s + 0.5) / (f + 0.5));
    let (mut low, mut high) = (middle.min(own) - 3.0, middle.max(own) + 3.0);
    let slope = |logit: f64| s - n * share(logit) - precision * (logit - middle);
    while slope(low) < 0.0 {
        low -= 10.0;
    }
    while slope(high) > 0.0 {
        high += 10.0;
    }
    let mut logit = middle.clamp(low, high);
    for _ in 0..60 {
        let found = slope(logit);
        if found > 0.0 {
            low = logit
        } else {
            high = logit
        }
        let p = share(logit);
        let next = logit + found / (n * p * (1.0 - p) + precision);
        let next = if next > low && next < high { next } else { 0.5 * (low + high) };
        let done = (next - logit).abs() < 1e-7 * (1.0 + logit.abs());
        logit = next;
        if done {
            break;
        }
    }
    let p = share(logit);
    (logit, 1.0 / sqrt(n * p * (1.0 - p) + precision))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{five, near};
    use super::*;

    #[test]
    fn marginals_against_a_fine_sum() {
        for (s, f, middle, spread) in [
            (291.0, 9.0, 3.1, 0.5),
            (300.0, 0.0, 3.0, 1.5),
            (0.0, 5.0, 1.0, 0.05),
            (3_000.0, 20.0, 1.0, 0.7),
            (0.5, 0.25, -2.0, 4.0),
        ] {
            let steps = 400_000;
            let mut sum = 0.0;
            let reach = 12.0 * spread;
            let top = ln_marginal(s, f, middle, spread);
            for i in 0..=steps {
                let away = -reach + 2.0 * reach * f64::from(i) / f64::from(steps);
                let p = share(middle + away);
                let q = share(-middle - away);
                sum += exp(s * log(p) + f * log(q) - 0.5 * away * away / (spread * spread) - top);
            }
            near(sum * 2.0 * reach / f64::from(steps) / spread, 1.0, 2e-7);
        }
    }

    #[test]
    fn five_sites_do_not_show_93_percent() {
        let found = new_site(&five(), SCALE, Confidence::USUAL, Side::Lower).expect("a prediction");
        let lower = found.found.interval.lower.expect("lower");
        assert!((0.85..0.93).contains(&lower), "{lower}");
        let [narrow, wide] = found.sensitivity.as_slice() else { panic!("two scales") };
        assert!(narrow.interval.lower > Some(lower) && wide.interval.lower < Some(lower));
    }

    #[test]
    fn perfect_sites_are_not_certain() {
        let found = new_site(&[Site { successes: 50.0, trials: 50.0 }; 3], SCALE, Confidence::USUAL, Side::Two)
            .expect("a prediction");
        let lower = found.found.interval.lower.expect("lower");
        assert!((0.9..0.99).contains(&lower), "{lower}");
    }

    #[test]
    fn refuses() {
        assert!(new_site(&five()[..1], SCALE, Confidence::USUAL, Side::Lower).is_err());
        assert!(new_site(&five(), 0.0, Confidence::USUAL, Side::Lower).is_err());
        assert!(new_site(&five().repeat(11), SCALE, Confidence::USUAL, Side::Lower).is_err());
        assert!(new_site(&[Site { successes: -1.0, trials: 9.0 }; 3], SCALE, Confidence::USUAL, Side::Lower).is_err());
    }
}
