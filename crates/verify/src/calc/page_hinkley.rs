//! `page-hinkley`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::steadiness;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    values: Vec<f64>,
    tolerance: f64,
    limit: f64,
}

pub(super) const METHOD: Method = Method {
    name: "page-hinkley",
    about: "Whether the mean of a series rises.",
    formula: "sum of x_t - mean(x_1..x_t) - tolerance, above its least value; alarm above the limit",
    source: "Page, Biometrika 41 (1954); Hinkley, Biometrika 58 (1971)",
    input: "values: shift means in their order\ntolerance: in the unit of the values\nlimit: in the unit of the values",
    output: "statistic: after each value\nalarm: place counted from 0, null where there is none",
    example: (
        r#"{"values": [0, 0, 0, 0, 1, 1, 1], "tolerance": 0.05, "limit": 1.5}"#,
        r#"{"statistic":[0.0,0.0,0.0,0.0,0.75,1.3666666666666667,1.888095238095238],"alarm":6}"#,
    ),
    run: |input| {
        answer(input, |Input { values, tolerance, limit }| steadiness::page_hinkley(&values, tolerance, limit))
    },
};
