//! `dynamic-time-warping`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::trajectory;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    a: Vec<Vec<f64>>,
    b: Vec<Vec<f64>>,
}

pub(super) const METHOD: Method = Method {
    name: "dynamic-time-warping",
    about: "How alike two trajectories are, whatever their timing.",
    formula: "least sum of distances along a warping path; mean = cost/steps; relative = mean by the mean length of both paths",
    source: "Sakoe and Chiba, IEEE Transactions on Acoustics, Speech and Signal Processing 26 (1978)",
    input: "a: coordinates of each point\nb: coordinates of each point",
    output: "cost: in the unit of the coordinates\nsteps: pairs on the path\nmean: {distance, relative}",
    example: (
        r#"{"a": [[0, 0], [1, 0], [2, 0]], "b": [[0, 1], [1, 2], [2, 1]]}"#,
        r#"{"cost":4.0,"steps":3,"mean":{"distance":1.3333333333333333,"relative":0.5522847498307933}}"#,
    ),
    run: |input| answer(input, |Input { a, b }| trajectory::dynamic_time_warping(&a, &b)),
};
