//! `false-success`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::Confidence;
use crate::stats::labels;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    inspected: u64,
    false_successes: u64,
    #[serde(default)]
    confidence: Confidence,
}

pub(super) const METHOD: Method = Method {
    name: "false-success",
    about: "The upper bound of false ones among reported successes, from a random sample looked at again.",
    formula: "1 - BetaInv(alpha; n - x, x + 1)",
    source: "Clopper and Pearson, Biometrika 26 (1934)",
    input: "inspected: count of reported successes\nfalse_successes: count of those that had failed\nconfidence: share, default 0.95",
    output: "estimate: share\nupper: share",
    example: (r#"{"inspected": 299, "false_successes": 0}"#, r#"{"estimate": 0.0, "upper": 0.009969146792899241}"#),
    run: |input| {
        answer(input, |Input { inspected, false_successes, confidence }| {
            labels::false_success(false_successes, inspected, confidence)
        })
    },
};
