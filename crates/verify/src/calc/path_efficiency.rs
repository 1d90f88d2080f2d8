//! `path-efficiency`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::stats::signal;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    points: Vec<Vec<f64>>,
}

#[derive(Serialize)]
struct Output {
    value: f64,
}

pub(super) const METHOD: Method = Method {
    name: "path-efficiency",
    about: "How direct a path is, for one segment between gripper events.",
    formula: "|x_T - x_0| / sum |dx|",
    source: "Euclidean geometry",
    input: "points: coordinates of each point, one unit",
    output: "value: share, 1 for a straight line",
    example: (r#"{"points": [[0, 0], [3, 0], [3, 4]]}"#, r#"{"value":0.7142857142857143}"#),
    run: |input| answer(input, |Input { points }| signal::path_efficiency(&points).map(|value| Output { value })),
};
