//! `wilson`.

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
    name: "wilson",
    about: "The score interval of a proportion, for independent trials; for display.",
    formula: "(p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n); z at alpha one-sided, alpha/2 two-sided",
    source: "Wilson, Journal of the American Statistical Association 22 (1927)",
    input: "successes: count\ntrials: count\nconfidence: share, default 0.95\nside: lower (default), upper or two",
    output: "lower: share, null where not asked for\nupper: share, null where not asked for",
    example: (
        r#"{"successes": 48, "trials": 50, "confidence": 0.95, "side": "two"}"#,
        r#"{"lower": 0.8653990931249297, "upper": 0.9889611156723802}"#,
    ),
    run: |input| {
        answer(input, |Input { successes, trials, confidence, side }| {
            proportion::wilson(successes, trials, confidence, side)
        })
    },
};
