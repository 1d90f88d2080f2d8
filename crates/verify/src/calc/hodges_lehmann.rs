//! `hodges-lehmann`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::{Confidence, Side};
use crate::stats::rank;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    robot: Vec<f64>,
    human: Vec<f64>,
    #[serde(default = "scale")]
    scale: Scale,
    #[serde(default)]
    confidence: Confidence,
    #[serde(default = "upper")]
    side: Side,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Scale {
    Ratio,
    Shift,
}

fn scale() -> Scale {
    Scale::Ratio
}

fn upper() -> Side {
    Side::Upper
}

pub(super) const METHOD: Method = Method {
    name: "hodges-lehmann",
    about: "The ratio or shift between two samples of independent units, with a bound from their order. For laboratory trials only.",
    formula: "median of all differences (of logarithms for a ratio); bounds: C-th smallest and C-th largest, C = largest with P(U <= C-1) <= alpha",
    source: "Hodges and Lehmann, Annals of Mathematical Statistics 34 (1963)",
    input: "robot: values of independent units\nhuman: values of independent units\nscale: ratio (default, values in seconds) or shift\nconfidence: share, default 0.95\nside: upper (default), lower or two",
    output: "estimate: ratio or shift\nlower: null where not asked for, or too few units\nupper: null where not asked for, or too few units\nrank: C",
    example: (
        r#"{"robot": [38.1, 39.4, 37.2, 41.0, 36.8, 40.2, 39.9, 38.7, 37.9, 42.3, 36.5, 39.0], "human": [35.2, 41.8, 37.0, 36.1, 44.9, 33.8, 38.5, 40.3, 36.6, 39.7, 35.9, 43.2]}"#,
        r#"{"estimate":1.0183796531138651,"lower":null,"upper":1.0767045454545452,"rank":43}"#,
    ),
    run: |input| {
        answer(input, |Input { robot, human, scale, confidence, side }| match scale {
            Scale::Ratio => rank::hodges_lehmann_ratio(&robot, &human, confidence, side),
            Scale::Shift => rank::hodges_lehmann(&robot, &human, confidence, side),
        })
    },
};
