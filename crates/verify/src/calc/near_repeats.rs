//! `near-repeats`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::trajectory;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    distances: Vec<f64>,
    reference: Vec<f64>,
    #[serde(default = "quantile")]
    quantile: f64,
}

fn quantile() -> f64 {
    0.001
}

pub(super) const METHOD: Method = Method {
    name: "near-repeats",
    about: "How many pairs of trajectories are more alike than natural repeats are.",
    formula: "share of distances below the order statistic of rank ceil(quantile n) of the reference",
    source: "prairie; screening only",
    input: "distances: between pairs of trajectories\nreference: between pairs of natural repeats, at least 1/quantile of them\nquantile: share, default 0.001",
    output: "limit: distance\nshare: of pairs below it",
    example: (
        r#"{"distances": [0.1, 0.5, 2], "reference": [0.4, 0.9, 1.2, 1.3, 1.7, 1.8, 2.2, 2.5, 3, 4], "quantile": 0.1}"#,
        r#"{"limit":0.4,"share":0.3333333333333333}"#,
    ),
    run: |input| {
        answer(input, |Input { distances, reference, quantile }| {
            trajectory::near_repeats(&distances, &reference, quantile)
        })
    },
};
