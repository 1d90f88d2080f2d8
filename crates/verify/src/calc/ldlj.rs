//! `ldlj`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::stats::signal;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    speed: Vec<f64>,
    rate_hz: f64,
}

#[derive(Serialize)]
struct Output {
    value: f64,
}

pub(super) const METHOD: Method = Method {
    name: "ldlj",
    about: "The logarithm of the dimensionless jerk of a speed profile.",
    formula: "-ln |DLJ|",
    source: "Balasubramanian et al., Journal of NeuroEngineering and Rehabilitation 12 (2015)",
    input: "speed: speed profile, any unit\nrate_hz: samples per second",
    output: "value: nearer to zero is smoother",
    example: (r#"{"speed": [0, 0.3, 0.8, 1, 0.7, 0.3, 0.1, 0], "rate_hz": 20}"#, r#"{"value":-5.417344072969677}"#),
    run: |input| {
        answer(input, |Input { speed, rate_hz }| {
            signal::log_dimensionless_jerk(&speed, rate_hz).map(|value| Output { value })
        })
    },
};
