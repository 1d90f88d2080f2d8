//! `permutation-test`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::Side;
use crate::stats::regularity;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    first: Vec<f64>,
    second: Vec<f64>,
    #[serde(default = "replicates")]
    replicates: u32,
    #[serde(default = "seed")]
    seed: u64,
    #[serde(default = "two")]
    side: Side,
}

fn replicates() -> u32 {
    2_000
}

fn seed() -> u64 {
    1
}

fn two() -> Side {
    Side::Two
}

pub(super) const METHOD: Method = Method {
    name: "permutation-test",
    about: "Whether one group of shifts has a smaller mean than another.",
    formula: "exact over all divisions to 200,000; otherwise (1 + extreme)/(1 + replicates) of random ones",
    source: "Pitman, Supplement to the Journal of the Royal Statistical Society 4 (1937)",
    input: "first: shift means\nsecond: shift means\nreplicates: random orders, default 2,000\nseed: whole number, default 1\nside: two (default), upper (is first smaller) or lower (is it larger)",
    output: "difference: of means\np: of the side\nexact: true or false",
    example: (
        r#"{"first": [0.91, 0.93, 0.92], "second": [0.97, 0.96, 0.98, 0.95], "side": "upper"}"#,
        r#"{"difference":-0.04499999999999993,"p":0.02857142857142857,"exact":true}"#,
    ),
    run: |input| {
        answer(input, |Input { first, second, replicates, seed, side }| {
            regularity::permutation_test(&first, &second, replicates, seed, side)
        })
    },
};
