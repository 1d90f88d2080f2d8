//! `holm`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::bound::Confidence;
use crate::stats::many;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    p: Vec<f64>,
    #[serde(default)]
    confidence: Confidence,
}

#[derive(Serialize)]
struct Output {
    adjusted: Vec<f64>,
    rejected: Vec<bool>,
}

pub(super) const METHOD: Method = Method {
    name: "holm",
    about: "Which of several hypotheses are rejected, with the chance of any error at most alpha.",
    formula: "adjusted_(i) = max over j <= i of (m - j + 1) p_(j), at most 1; rejected where at most alpha",
    source: "Holm, Scandinavian Journal of Statistics 6 (1979)",
    input: "p: list of probabilities\nconfidence: share, default 0.95",
    output: "adjusted: probabilities in the same order\nrejected: whether each is at most alpha",
    example: (
        r#"{"p": [0.01, 0.04, 0.03, 0.005]}"#,
        r#"{"adjusted": [0.03,0.06,0.06,0.02], "rejected": [true,false,false,true]}"#,
    ),
    run: |input| {
        answer(input, |Input { p, confidence }| {
            let adjusted = many::holm(&p)?;
            let rejected = adjusted.iter().map(|p| *p <= confidence.alpha()).collect();
            Ok(Output { adjusted, rejected })
        })
    },
};
