//! `cohen-kappa`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::labels;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    table: Vec<Vec<u64>>,
}

pub(super) const METHOD: Method = Method {
    name: "cohen-kappa",
    about: "Agreement of two raters beyond chance.",
    formula: "(observed - expected) / (1 - expected)",
    source: "Cohen, Educational and Psychological Measurement 20 (1960); Fleiss, Cohen and Everitt, Psychological Bulletin 72 (1969)",
    input: "table: square table of counts, a row per category of the first rater",
    output: "kappa: 1 for full agreement\nstandard_error: for large samples\nobserved: share of agreement\nexpected: share of agreement by chance",
    example: (
        r#"{"table": [[20, 5], [10, 15]]}"#,
        r#"{"kappa": 0.3999999999999999, "standard_error": 0.12699606293110036, "observed": 0.7, "expected": 0.5}"#,
    ),
    run: |input| answer(input, |Input { table }| labels::cohen_kappa(&table)),
};
