//! `time-uniform-boundary`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::stats::time_uniform::Boundary;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    boundary: Boundary,
    v: f64,
    optimal: f64,
    #[serde(default = "usual")]
    alpha: f64,
}

#[derive(Serialize)]
struct Output {
    boundary: f64,
}

fn usual() -> f64 {
    0.05
}

pub(super) const METHOD: Method = Method {
    name: "time-uniform-boundary",
    about: "What a sum of mean 0 ever crosses with a probability of at most alpha. Not for units of shifts.",
    formula: "the s at which the mixture of wealth over bets is 1/alpha; precision v0 / (2 ln(1/alpha) + ln(1 + 2 ln(1/alpha))), 2 alpha in one direction",
    source: "Howard et al., Probability Surveys 17 (2020) and Annals of Statistics 49 (2021)",
    input: "boundary: {kind: normal-mixture, two_sided: whether}, {kind: gamma-exponential, scale}, {kind: gamma-poisson, scale} or {kind: beta-binomial, below, above, two_sided}\nv: variance of the sum so far\noptimal: variance at which the boundary is to be tight\nalpha: share, default 0.05",
    output: "boundary: of the sum, in its unit",
    example: (
        r#"{"boundary": {"kind": "normal-mixture", "two_sided": true}, "v": 100, "optimal": 100}"#,
        r#"{"boundary": 30.35208990376253}"#,
    ),
    run: |input| {
        answer(input, |Input { boundary, v, optimal, alpha }| Ok(Output { boundary: boundary.at(v, optimal, alpha)? }))
    },
};
