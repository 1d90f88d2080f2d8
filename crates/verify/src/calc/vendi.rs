//! `vendi`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::stats::diversity;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    similarity: Vec<Vec<f64>>,
}

#[derive(Serialize)]
struct Output {
    value: f64,
}

pub(super) const METHOD: Method = Method {
    name: "vendi",
    about: "The effective number of different items in a set.",
    formula: "exp(-sum l ln l) over the eigenvalues l of K/n",
    source: "Friedman and Dieng, Transactions on Machine Learning Research (2023)",
    input: "similarity: symmetric matrix of similarities with ones on the diagonal, to 256 items",
    output: "value: count, 1 to n",
    example: (r#"{"similarity": [[1, 0.9, 0], [0.9, 1, 0], [0, 0, 1]]}"#, r#"{"value":2.1573004833739833}"#),
    run: |input| answer(input, |Input { similarity }| diversity::vendi(&similarity).map(|value| Output { value })),
};
