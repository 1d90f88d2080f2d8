//! `nearest-neighbour-ratio`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::trajectory;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    test: Vec<Vec<f64>>,
    train: Vec<Vec<f64>>,
    #[serde(default = "limit")]
    limit: f64,
}

fn limit() -> f64 {
    0.1
}

pub(super) const METHOD: Method = Method {
    name: "nearest-neighbour-ratio",
    about: "Whether test items are near-copies of training items.",
    formula: "d(test, nearest train) / median of d(train, nearest other train); share below the limit",
    source: "prairie; screening only",
    input: "test: coordinates per item\ntrain: coordinates per item\nlimit: ratio, default 0.1",
    output: "ratios: per test item\nshare: of near-copies",
    example: (
        r#"{"test": [[1.05], [2.5]], "train": [[0], [1], [2], [3]]}"#,
        r#"{"ratios":[0.050000000000000044,0.5],"share":0.5}"#,
    ),
    run: |input| {
        answer(input, |Input { test, train, limit }| trajectory::nearest_neighbour_ratio(&test, &train, limit))
    },
};
