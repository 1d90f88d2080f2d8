//! `two-sample-e-process`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::stats::sequential;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    pairs: Vec<(bool, bool)>,
}

#[derive(Serialize)]
struct Output {
    e: Vec<f64>,
}

pub(super) const METHOD: Method = Method {
    name: "two-sample-e-process",
    about: "Evidence at any time that the second arm is better than the first, for pairs of trials reset at random. Not for units of shifts.",
    formula: "product of f_p(x) f_q(y) / (f_p'(x) f_q'(y)), p and q posterior means from Beta(1,2) and Beta(2,1), p' = p, q' = q where p >= q, else both (p+q)/2; reject at e >= 1/alpha",
    source: "Turner and Gruenwald, Statistics and Probability Letters 198 (2023)",
    input: "pairs: list of [first, second], true for good",
    output: "e: after each pair; null where too large for a number",
    example: (
        r#"{"pairs": [[false, true], [false, true], [false, true], [false, true]]}"#,
        r#"{"e": [1.777777777777778,4.000000000000001,10.240000000000006,28.44444444444446]}"#,
    ),
    run: |input| answer(input, |Input { pairs }| Ok(Output { e: sequential::two_sample_e(&pairs)? })),
};
