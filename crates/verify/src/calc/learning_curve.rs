//! `learning-curve`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::steadiness;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    seconds: Vec<f64>,
}

pub(super) const METHOD: Method = Method {
    name: "learning-curve",
    about: "Wright's learning curve of takts in their order.",
    formula: "ln T_n = ln T_1 + b ln n by least squares; rate = 2^b",
    source: "Wright, Journal of the Aeronautical Sciences 3 (1936)",
    input: "seconds: takts in their order, seconds",
    output: "first: T_1, seconds\nexponent: b\nrate: what is left at each doubling\nr_squared: share of the variance explained",
    example: (
        r#"{"seconds": [100, 91, 85, 80, 79, 77]}"#,
        r#"{"first":100.17556120940196,"exponent":-0.15010594108133885,"rate":0.9011842837301339,"r_squared":0.9919674859214576}"#,
    ),
    run: |input| answer(input, |Input { seconds }| steadiness::learning_curve(&seconds)),
};
