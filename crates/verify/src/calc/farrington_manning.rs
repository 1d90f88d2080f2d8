//! `farrington-manning`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::two_proportions::{self, Arms};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    x1: u64,
    n1: u64,
    x2: u64,
    n2: u64,
    margin: f64,
}

pub(super) const METHOD: Method = Method {
    name: "farrington-manning",
    about: "Whether the first share is at most a margin smaller than the second, for independent trials.",
    formula: "z = (x1/n1 - x2/n2 + margin) / sqrt(q1(1-q1)/n1 + q2(1-q2)/n2), q1 and q2 = q1 + margin the likeliest shares",
    source: "Farrington and Manning, Statistics in Medicine 9 (1990)",
    input: "x1: successes of the first arm\nn1: its trials\nx2: successes of the second arm\nn2: its trials\nmargin: share; 0 for superiority",
    output: "z: standard errors above -margin\np: probability of a z at least as large\nq1: likeliest first share at the margin\nq2: likeliest second share",
    example: (
        r#"{"x1": 190, "n1": 200, "x2": 192, "n2": 200, "margin": 0.05}"#,
        r#"{"z": 1.7828596197317452, "p": 0.03730457886926634, "q1": 0.9211369638214122, "q2": 0.9711369638214122}"#,
    ),
    run: |input| {
        answer(input, |Input { x1, n1, x2, n2, margin }| {
            two_proportions::farrington_manning(Arms { x1, n1, x2, n2 }, margin)
        })
    },
};
