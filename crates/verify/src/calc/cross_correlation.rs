//! `cross-correlation`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::regularity;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    a: Vec<f64>,
    b: Vec<f64>,
    rate_hz: f64,
    lag_min_s: f64,
    lag_max_s: f64,
    #[serde(default = "replicates")]
    replicates: u32,
    #[serde(default = "seed")]
    seed: u64,
}

fn replicates() -> u32 {
    2_000
}

fn seed() -> u64 {
    1
}

pub(super) const METHOD: Method = Method {
    name: "cross-correlation",
    about: "Whether one signal follows another, say motion the uplink.",
    formula: "max over lags of the circular correlation of a(t), b(t + lag); p from random circular shifts beyond the lags",
    source: "circular shift test; screening only",
    input: "a: samples\nb: samples, as many\nrate_hz: samples per second\nlag_min_s: seconds\nlag_max_s: seconds\nreplicates: random orders, default 2,000\nseed: whole number, default 1",
    output: "peak: correlation\nlag_s: seconds by which b follows a\np: share of shifts as large",
    example: (
        r#"{"a": [1, 0, 0, 3, 0, 1, 5, 0, 0, 2, 0, 0, 1, 4, 0, 0], "b": [0, 1, 0, 0, 3, 0, 1, 5, 0, 0, 2, 0, 0, 1, 4, 0], "rate_hz": 10, "lag_min_s": 0.1, "lag_max_s": 0.2}"#,
        r#"{"peak":1.0,"lag_s":0.1,"p":0.0004997501249375312}"#,
    ),
    run: |input| {
        answer(input, |Input { a, b, rate_hz, lag_min_s, lag_max_s, replicates, seed }| {
            regularity::cross_correlation(&a, &b, rate_hz, lag_min_s, lag_max_s, replicates, seed)
        })
    },
};
