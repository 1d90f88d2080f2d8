//! `frechet`.

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
    name: "frechet",
    about: "How far apart two trajectories get.",
    formula: "discrete Frechet distance; relative = distance by the mean length of both paths",
    source: "Eiter and Mannila, TU Wien CD-TR 94/64 (1994)",
    input: "a: coordinates of each point\nb: coordinates of each point",
    output: "distance: in the unit of the coordinates\nrelative: without a unit, null where neither path has a length",
    example: (
        r#"{"a": [[0, 0], [1, 0], [2, 0]], "b": [[0, 1], [1, 2], [2, 1]]}"#,
        r#"{"distance":2.0,"relative":0.8284271247461902}"#,
    ),
    run: |input| answer(input, |Input { a, b }| trajectory::frechet(&a, &b)),
};
