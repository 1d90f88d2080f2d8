//! `quantile-bound`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::{Confidence, Side};
use crate::stats::rank;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    values: Vec<f64>,
    quantile: f64,
    #[serde(default)]
    confidence: Confidence,
    #[serde(default = "upper")]
    side: Side,
}

fn upper() -> Side {
    Side::Upper
}

pub(super) const METHOD: Method = Method {
    name: "quantile-bound",
    about: "A distribution-free bound of a quantile from independent units.",
    formula: "upper = X_(r), least r with P(Bin(n,q) <= r-1) >= C; lower = X_(r), largest r with P(Bin(n,q) <= r-1) <= 1-C",
    source: "Hahn and Meeker, Statistical Intervals (1991), section 5.2",
    input: "values: of independent units\nquantile: share\nconfidence: share, default 0.95\nside: upper (default), lower or two",
    output: "lower: null where not asked for, or too few units\nupper: null where not asked for, or too few units",
    example: (
        r#"{"values": [38.1, 39.4, 37.2, 41.0, 36.8, 40.2, 39.9, 38.7, 37.9, 42.3, 36.5, 39.0], "quantile": 0.5}"#,
        r#"{"lower":null,"upper":40.2}"#,
    ),
    run: |input| {
        answer(input, |Input { values, quantile, confidence, side }| {
            rank::quantile_bound(&values, quantile, confidence, side)
        })
    },
};
