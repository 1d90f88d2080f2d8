//! `clopper-pearson`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::{Confidence, Side};
use crate::stats::proportion;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    successes: u64,
    trials: u64,
    #[serde(default)]
    confidence: Confidence,
    #[serde(default)]
    side: Side,
}

pub(super) const METHOD: Method = Method {
    name: "clopper-pearson",
    about: "The exact interval of a proportion, for independent trials.",
    formula: "lower = BetaInv(a; s, n-s+1), upper = BetaInv(1-a; s+1, n-s); a = alpha one-sided, alpha/2 two-sided",
    source: "Clopper and Pearson, Biometrika 26 (1934)",
    input: "successes: count\ntrials: count\nconfidence: share, default 0.95\nside: lower (default), upper or two",
    output: "lower: share, null where not asked for\nupper: share, null where not asked for",
    example: (
        r#"{"successes": 48, "trials": 50, "confidence": 0.95, "side": "two"}"#,
        r#"{"lower": 0.8628623743960325, "upper": 0.9951185665738356}"#,
    ),
    run: |input| {
        answer(input, |Input { successes, trials, confidence, side }| {
            proportion::clopper_pearson(successes, trials, confidence, side)
        })
    },
};
