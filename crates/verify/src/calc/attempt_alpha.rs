//! `attempt-alpha`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::stats::spending;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    attempt: u64,
    #[serde(default = "usual")]
    alpha: f64,
}

fn usual() -> f64 {
    0.05
}

#[derive(Serialize)]
struct Output {
    alpha: f64,
}

pub(super) const METHOD: Method = Method {
    name: "attempt-alpha",
    about: "What of alpha one attempt may spend, so that trying again and again proves no more.",
    formula: "6 alpha / (pi^2 j^2) for attempt j",
    source: "the sum of 1/j^2 over all j is pi^2/6 (Euler)",
    input: "attempt: count from 1\nalpha: share for all attempts, default 0.05",
    output: "alpha: share for this attempt",
    example: (r#"{"attempt": 2, "alpha": 0.05}"#, r#"{"alpha": 0.007599088773175335}"#),
    run: |input| answer(input, |Input { attempt, alpha }| Ok(Output { alpha: spending::attempt(attempt, alpha)? })),
};
