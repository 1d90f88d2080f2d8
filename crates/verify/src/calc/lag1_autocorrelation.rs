//! `lag1-autocorrelation`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::regularity;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    values: Vec<f64>,
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
    name: "lag1-autocorrelation",
    about: "Whether shift means depend on the shift before.",
    formula: "sum (x_t - m)(x_{t+1} - m) / sum (x_t - m)^2; p from random orders, (1 + extreme)/(1 + replicates)",
    source: "permutation test",
    input: "values: shift means in their order\nreplicates: random orders, default 2,000\nseed: whole number, default 1",
    output: "value: correlation\np_high: share of orders as high\np_low: share of orders as low",
    example: (
        r#"{"values": [0.95, 0.96, 0.97, 0.96, 0.93, 0.92, 0.94, 0.95]}"#,
        r#"{"value":0.5352564102564109,"p_high":0.009495252373813094,"p_low":0.9920039980009995}"#,
    ),
    run: |input| {
        answer(input, |Input { values, replicates, seed }| regularity::lag1_autocorrelation(&values, replicates, seed))
    },
};
