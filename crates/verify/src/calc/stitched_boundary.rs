//! `stitched-boundary`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::stats::time_uniform;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    v: f64,
    start: f64,
    #[serde(default)]
    scale: f64,
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
    name: "stitched-boundary",
    about: "What a sum of mean 0 ever crosses with a probability of at most alpha, in closed form. Not for units of shifts.",
    formula: "sqrt(k1^2 v l + k2^2 c^2 l^2) + k2 c l, l = 1.4 ln ln(2 v/m) + ln(zeta(1.4) / (alpha ln(2)^1.4)), k1 = (2^(1/4) + 2^(-1/4))/sqrt 2, k2 = (sqrt 2 + 1)/2",
    source: "Howard et al., Annals of Statistics 49 (2021)",
    input: "v: variance of the sum so far\nstart: m, variance from which on it holds\nscale: c, default 0\nalpha: share, default 0.05",
    output: "boundary: of the sum, in its unit",
    example: (r#"{"v": 100, "start": 10, "scale": 3}"#, r#"{"boundary": 64.48754666749618}"#),
    run: |input| {
        answer(input, |Input { v, start, scale, alpha }| {
            Ok(Output { boundary: time_uniform::stitched(v, alpha, start, scale)? })
        })
    },
};
