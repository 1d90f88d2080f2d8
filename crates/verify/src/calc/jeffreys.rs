//! `jeffreys`.

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
    name: "jeffreys",
    about: "The interval of a proportion by the prior of Jeffreys, for independent trials; for display.",
    formula: "quantiles of Beta(s + 1/2, n - s + 1/2)",
    source: "Brown, Cai and DasGupta, Statistical Science 16 (2001)",
    input: "successes: count\ntrials: count\nconfidence: share, default 0.95\nside: lower (default), upper or two",
    output: "lower: share, null where not asked for\nupper: share, null where not asked for",
    example: (
        r#"{"successes": 48, "trials": 50, "confidence": 0.95, "side": "two"}"#,
        r#"{"lower": 0.8778210644127507, "upper": 0.9915959648610538}"#,
    ),
    run: |input| {
        answer(input, |Input { successes, trials, confidence, side }| {
            proportion::jeffreys(successes, trials, confidence, side)
        })
    },
};
