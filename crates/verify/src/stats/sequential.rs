//! Tests that may be looked at after every unit.
//!
//! They hold for units whose chance of success, given all before, is that of the hypothesis: laboratory trials with resets
//! drawn at random. **Not for units of shifts.** Looking at any time does not cure correlation within shifts: at an ICC of
//! 0.05 such a test promotes falsely in half of all cases. There the shift is the unit: see [`super::cluster`] and
//! [`super::spending`].

use libm::{exp, log, log1p, sqrt};
use serde::{Deserialize, Serialize};

use super::cluster::{countable, float};
use crate::bound::{Confidence, Interval, Side, StatError, within};
use crate::math::special::{beta_pq, ln_beta};

/// More values than this are refused.
pub const VALUES_MAX: usize = 1_000_000;

/// More values than this are refused by [`betting_sequence`], which goes through them about 120 times.
pub const BETS_MAX: usize = 100_000;

/// What a sequential test has decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// The better hypothesis is accepted.
    Accept,
    /// The worse one is.
    Reject,
    /// Neither yet.
    Continue,
}

/// The state of Wald's test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sprt {
    /// The decision at the first crossing; what follows does not change it.
    pub decision: Decision,
    /// After how many trials it fell.
    pub decided_after: Option<usize>,
    /// The logarithm of the likelihood ratio, there or at the end.
    pub log_likelihood_ratio: f64,
    /// Accept at or above this.
    pub accept_at: f64,
    /// Reject at or below this.
    pub reject_at: f64,
}

/// Wald's sequential probability ratio test ("Sequential Analysis", 1947) of a share of `worse` against `better`: accepts
/// at `ln((1−β)/α)`, rejects at `ln(β/(1−α))`.
///
/// # Errors
/// Where the shares are not between 0 and 1 and rising, α and β are not above 0 with a sum below 1, or there are more than
/// [`VALUES_MAX`] outcomes.
pub fn sprt(outcomes: &[bool], worse: f64, better: f64, alpha: f64, beta: f64) -> Result<Sprt, StatError> {
    for (what, share) in [("worse", worse), ("better", better), ("alpha", alpha), ("beta", beta)] {
        within(what, share, f64::MIN_POSITIVE..=1.0 - f64::EPSILON, "above 0 and below 1")?;
    }
    if worse >= better || alpha + beta >= 1.0 {
        return Err(StatError::Mismatch("`worse` must be below `better`, and `alpha` plus `beta` below 1"));
    }
    few_enough(outcomes.len())?;
    let (accept_at, reject_at) = (log((1.0 - beta) / alpha), log(beta / (1.0 - alpha)));
    let (success, failure) = (log(better / worse), log1p(-better) - log1p(-worse));
    // Counted, so that many additions do not add up their errors.
    let (mut good, mut failed) = (0_u64, 0_u64);
    let mut state =
        Sprt { decision: Decision::Continue, decided_after: None, log_likelihood_ratio: 0.0, accept_at, reject_at };
    for (index, &outcome) in outcomes.iter().enumerate() {
        good += u64::from(outcome);
        failed += u64::from(!outcome);
        state.log_likelihood_ratio = float(good) * success + float(failed) * failure;
        if state.log_likelihood_ratio >= accept_at || state.log_likelihood_ratio <= reject_at {
            let accept = state.log_likelihood_ratio >= accept_at;
            state.decision = if accept { Decision::Accept } else { Decision::Reject };
            state.decided_after = Some(index + 1);
            break;
        }
    }
    Ok(state)
}

/// Checks a number of values against [`VALUES_MAX`].
fn few_enough(count: usize) -> Result<(), StatError> {
    if count > VALUES_MAX { Err(StatError::Mismatch("there are more than 1,000,000 values")) } else { Ok(()) }
}

/// The logarithm of the mixture e-process for the hypothesis that the share is at most `share`: the likelihood ratio, mixed
/// over larger shares by a Beta(`a`, `b`) cut to them (Robbins, Annals of Mathematical Statistics 41, 1970; Howard et al.,
/// Annals of Statistics 49, 2021). Reject where it is at least `ln(1/α)`, at any time. Minus infinity stands for an e-value
/// too small for a number.
///
/// # Errors
/// Where there are more successes than trials, the share is not between 0 and 1, or `a` or `b` is not from 1e-3 to 1e6.
pub fn mixture_ln_e(successes: u64, trials: u64, share: f64, a: f64, b: f64) -> Result<f64, StatError> {
    within("share", share, 1e-12..=1.0 - 1e-12, "above 0 and below 1")?;
    within("a", a, 1e-3..=1e6, "from 0.001 to 1,000,000")?;
    within("b", b, 1e-3..=1e6, "from 0.001 to 1,000,000")?;
    if successes > trials {
        return Err(StatError::Mismatch("there are more successes than trials"));
    }
    countable(trials)?;
    let (s, f) = (float(successes), float(trials - successes));
    let above = |a: f64, b: f64| beta_pq(a, b, share, 1.0 - share).1;
    let mass = above(a, b);
    if mass <= 0.0 {
        return Err(StatError::NoSolution("the prior has no mass above the share"));
    }
    let likelihood = s * log(share) + f * log1p(-share);
    Ok(ln_beta(s + a, f + b) - ln_beta(a, b) + log(above(s + a, f + b)) - log(mass) - likelihood)
}

/// The e-process of Turner and Grünwald for two streams (Statistics and Probability Letters 198, 2023), after each pair of
/// outcomes. The hypothesis is that the first share is at least the second; each arm's share is predicted by the mean of
/// its posterior, from Beta(1, 2) for the first and Beta(2, 1) for the second. Reject where it is at least `1/α`, at any
/// time. An e-value too large for a number is infinite.
///
/// # Errors
/// Where there are more than [`VALUES_MAX`] pairs.
pub fn two_sample_e(pairs: &[(bool, bool)]) -> Result<Vec<f64>, StatError> {
    few_enough(pairs.len())?;
    let chance = |share: f64, outcome: bool| if outcome { share } else { 1.0 - share };
    let (mut first, mut second, mut seen) = (1.0, 2.0, 3.0);
    let mut ln_e = 0.0;
    let mut process = Vec::with_capacity(pairs.len());
    for &(x, y) in pairs {
        let (p, q) = (first / seen, second / seen);
        // The closest shares of the hypothesis: the same, where they satisfy it; else their mean for both.
        let null = if p >= q { (p, q) } else { (0.5 * (p + q), 0.5 * (p + q)) };
        ln_e += log(chance(p, x) * chance(q, y) / (chance(null.0, x) * chance(null.1, y)));
        first += f64::from(u8::from(x));
        second += f64::from(u8::from(y));
        seen += 1.0;
        process.push(exp(ln_e));
    }
    Ok(process)
}

/// The confidence sequence of betting for the mean of values from 0 to 1 (Waudby-Smith and Ramdas, Journal of the Royal
/// Statistical Society B 86, 2024: hedged capital, predictable plug-in bets, truncation at one half), after all values, as
/// the running intersection. It may be looked at after every value.
///
/// The wealth of a bet against the mean `m` falls as `m` rises, and so does its largest value so far. So the ends are found
/// by bisection, without a grid.
///
/// # Errors
/// Where there are no values, more than [`BETS_MAX`], or one is not from 0 to 1.
pub fn betting_sequence(values: &[f64], confidence: Confidence, side: Side) -> Result<Interval, StatError> {
    // The two bets of a two-sided sequence have half of the stake each.
    let needed = -log(side.alpha_each(confidence));
    let bets = bets(values, needed)?;
    let mirrored: Vec<f64> = values.iter().map(|value| 1.0 - value).collect();
    let lower = if side == Side::Upper { 0.0 } else { least_mean(values, &bets, needed) };
    let upper = if side == Side::Lower { 1.0 } else { 1.0 - least_mean(&mirrored, &bets, needed) };
    Ok(side.of(lower, upper))
}

/// The wealth of the hedged bet against the mean `mean` after each value: half of the larger of both bets.
///
/// # Errors
/// As [`betting_sequence`], and where the mean is not from 0 to 1.
pub fn betting_capital(values: &[f64], mean: f64, confidence: Confidence) -> Result<Vec<f64>, StatError> {
    within("mean", mean, 0.0..=1.0, "from 0 to 1")?;
    let bets = bets(values, -log(Side::Two.alpha_each(confidence)))?;
    let (mut up, mut down) = (0.0, 0.0);
    let step = |(&value, &bet): (&f64, &f64)| {
        up += log1p(bet.min(0.5 / mean) * (value - mean));
        down += log1p(-(bet.min(0.5 / (1.0 - mean)) * (value - mean)));
        0.5 * exp(up.max(down))
    };
    Ok(values.iter().zip(&bets).map(step).collect())
}

/// The bets before each value, `sqrt(2 needed / (s² t ln(1 + t)))`, with `s²` from the values before and the logarithm of
/// the wealth that is needed.
fn bets(values: &[f64], needed: f64) -> Result<Vec<f64>, StatError> {
    if values.len() > BETS_MAX {
        return Err(StatError::Mismatch("there are more than 100,000 values"));
    }
    if values.is_empty() {
        return Err(StatError::TooFew { what: "values", found: 0, needed: 1 });
    }
    let (mut sum, mut squares, mut count) = (0.5, 0.25, 0.0);
    let mut bets = Vec::with_capacity(values.len());
    for &value in values {
        within("value", value, 0.0..=1.0, "from 0 to 1")?;
        let variance = squares / (count + 1.0);
        count += 1.0;
        bets.push(sqrt(2.0 * needed / (variance * count * log1p(count))));
        sum += value;
        let mean = sum / (count + 1.0);
        squares += (value - mean) * (value - mean);
    }
    Ok(bets)
}

/// The largest mean that some bet so far has ruled out from below.
fn least_mean(values: &[f64], bets: &[f64], needed: f64) -> f64 {
    let ruled_out = |mean: f64| {
        let mut wealth = 0.0;
        values.iter().zip(bets).any(|(&value, &bet)| {
            wealth += log1p(bet.min(0.5 / mean) * (value - mean));
            wealth >= needed
        })
    };
    let (mut low, mut high) = (0.0, 1.0);
    if !ruled_out(low) {
        return 0.0;
    }
    // 60 halvings of 1 are beyond the digits of a mean that is not tiny.
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if ruled_out(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::cluster::tests::near;

    #[test]
    fn wald() {
        let found = sprt(&[true; 100], 0.9, 0.98, 0.05, 0.1).unwrap();
        // ln 18 / ln(0.98/0.9) = 33.9.
        assert_eq!((found.decision, found.decided_after), (Decision::Accept, Some(34)));
        let found = sprt(&[false, false, true], 0.9, 0.98, 0.05, 0.1).unwrap();
        assert_eq!((found.decision, found.decided_after), (Decision::Reject, Some(2)));
        assert_eq!(sprt(&[], 0.9, 0.98, 0.05, 0.1).unwrap().decision, Decision::Continue);
        assert!(sprt(&[true], 0.9, 0.9, 0.05, 0.1).is_err());
        assert!(sprt(&[true], 0.9, 0.95, 0.5, 0.5).is_err());
        assert!(sprt(&[true], f64::NAN, 0.95, 0.05, 0.1).is_err());
    }

    #[test]
    fn mixture() {
        for (s, n, share, expected, half) in [
            (59, 59, 0.95, 10.3836, 5e-5),
            (100, 100, 0.95, 66.2043, 5e-5),
            (98, 100, 0.90, 64.1436, 5e-5),
            (149, 149, 0.98, 10.2277, 5e-5),
            (300, 300, 0.98, 154.4514, 5e-5),
            (985, 1000, 0.97, 25.3867, 5e-5),
        ] {
            near(exp(mixture_ln_e(s, n, share, 0.5, 0.5).unwrap()), expected, half);
        }
        for (share, expected) in [(0.90, 36), (0.95, 74), (0.97, 125), (0.98, 188), (0.99, 377)] {
            let reaches = |n: &u64| mixture_ln_e(*n, *n, share, 0.5, 0.5).unwrap() >= log(20.0);
            assert_eq!((1..1000).find(reaches), Some(expected));
        }
        near(mixture_ln_e(0, 0, 0.9, 0.5, 0.5).unwrap(), 0.0, 1e-15);
        assert_eq!(mixture_ln_e(0, 100_000, 0.9, 0.5, 0.5).unwrap(), f64::NEG_INFINITY);
        assert!(mixture_ln_e(2, 1, 0.9, 0.5, 0.5).is_err());
        assert!(mixture_ln_e(1, 1, 1.0, 0.5, 0.5).is_err());
    }

    #[test]
    fn two_streams() {
        let found = two_sample_e(&[(false, true); 15]).unwrap();
        for (found, expected) in found.iter().zip([1.777_778, 4.0, 10.24, 28.444_44, 83.591_84]) {
            near(*found, expected, 5.1e-6);
        }
        assert_eq!(found.iter().position(|e| *e >= 20.0), Some(3));
        assert!(two_sample_e(&[]).unwrap().is_empty());
    }

    /// Nine of ten, ten times, with the failure in fourth place.
    fn tens() -> Vec<f64> {
        [1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0].repeat(10)
    }

    #[test]
    fn bets_of_the_worked_example() {
        for (mean, expected) in [
            (0.8, [0.5625, 0.721_626_9, 3.131_003_4, 15.091_396_8]),
            (0.9, [0.527_777_8, 0.406_696_0, 0.178_020_2, 0.071_413_2]),
        ] {
            let found = betting_capital(&tens(), mean, Confidence::USUAL).unwrap();
            for (count, expected) in [1, 10, 50, 100].into_iter().zip(expected) {
                near(found[count - 1], expected, 5.1e-8);
            }
        }
        // The published ends lie on a grid of thousandths, a step outside of the last mean that was ruled out.
        for (count, lower, upper, one_sided) in
            [(10, 0.443, 1.0, 0.496), (50, 0.742, 0.989, 0.761), (100, 0.794, 0.969, 0.805)]
        {
            let values = &tens()[..count];
            let found = betting_sequence(values, Confidence::USUAL, Side::Two).unwrap();
            let single = betting_sequence(values, Confidence::USUAL, Side::Lower).unwrap();
            for (found, low) in [(found.lower, lower), (single.lower, one_sided)] {
                let found = found.unwrap();
                assert!(found >= low && found < low + 0.001, "{found} {low}");
            }
            let high = found.upper.unwrap();
            assert!(high <= upper && high > upper - 0.001, "{high} {upper}");
        }
    }

    #[test]
    fn bets_on_odd_values() {
        assert!(betting_sequence(&[], Confidence::USUAL, Side::Two).is_err());
        assert!(betting_sequence(&[1.5], Confidence::USUAL, Side::Two).is_err());
        assert!(betting_sequence(&[f64::NAN], Confidence::USUAL, Side::Two).is_err());
        let found = betting_sequence(&[0.0; 50], Confidence::USUAL, Side::Two).unwrap();
        assert_eq!(found.lower, Some(0.0));
        assert!(found.upper < Some(0.2));
        assert_eq!(betting_capital(&[1.0], 0.0, Confidence::USUAL).unwrap().len(), 1);
    }
}
