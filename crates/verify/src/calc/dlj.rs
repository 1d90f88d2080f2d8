//! `dlj`.

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
    name: "dlj",
    about: "Smoothness of a speed profile by its jerk.",
    formula: "-(T^3/v_peak^2) sum (second difference/dt^2)^2 dt, T = n dt",
    source: "Hogan and Sternad, Journal of Motor Behavior 41 (2009)",
    input: "speed: speed profile, any unit\nrate_hz: samples per second",
    output: "value: nearer to zero is smoother",
    example: (r#"{"speed": [0, 0.3, 0.8, 1, 0.7, 0.3, 0.1, 0], "rate_hz": 20}"#, r#"{"value":-225.28000000000003}"#),
    run: |input| {
        answer(input, |Input { speed, rate_hz }| {
            signal::dimensionless_jerk(&speed, rate_hz).map(|value| Output { value })
        })
    },
};
