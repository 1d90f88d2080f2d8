//! `sparc`.

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
    name: "sparc",
    about: "Smoothness of a speed profile by the length of its spectrum.",
    formula: "-sum sqrt((df/(f_c-f_0))^2 + dM^2) over M >= 0.05, f <= 10 Hz; M = |FFT|/max with 2^(ceil(log2 n)+4) points",
    source: "Balasubramanian et al., Journal of NeuroEngineering and Rehabilitation 12 (2015)",
    input: "speed: speed profile, any unit\nrate_hz: samples per second",
    output: "value: nearer to zero is smoother",
    example: (r#"{"speed": [0, 0.3, 0.8, 1, 0.7, 0.3, 0.1, 0], "rate_hz": 20}"#, r#"{"value":-1.4201196942571772}"#),
    run: |input| {
        answer(input, |Input { speed, rate_hz }| {
            signal::spectral_arc_length(&speed, rate_hz).map(|value| Output { value })
        })
    },
};
