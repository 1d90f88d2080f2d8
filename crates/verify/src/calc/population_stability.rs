//! `population-stability`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::stats::regularity;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    reference: Vec<u64>,
    current: Vec<u64>,
}

#[derive(Serialize)]
struct Output {
    value: f64,
}

pub(super) const METHOD: Method = Method {
    name: "population-stability",
    about: "Whether conditions changed between two periods.",
    formula: "sum (c - r) ln(c/r); half a unit is added to every bin where one is empty",
    source: "population stability index",
    input: "reference: counts per bin\ncurrent: counts per bin",
    output: "value: index, above 0.2 for a change",
    example: (r#"{"reference": [25, 75], "current": [50, 50]}"#, r#"{"value":0.27465307216702745}"#),
    run: |input| {
        answer(input, |Input { reference, current }| {
            regularity::population_stability(&reference, &current).map(|value| Output { value })
        })
    },
};
