//! `quantile-rank`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::bound::{Confidence, Side};
use crate::stats::rank;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    units: u64,
    quantile: f64,
    #[serde(default)]
    confidence: Confidence,
    #[serde(default = "upper")]
    side: Side,
}

#[derive(Serialize)]
struct Output {
    lower_rank: Option<u64>,
    upper_rank: Option<u64>,
}

fn upper() -> Side {
    Side::Upper
}

pub(super) const METHOD: Method = Method {
    name: "quantile-rank",
    about: "Which order statistics bound a quantile, for so many independent units.",
    formula: "upper: least r with P(Bin(n,q) <= r-1) >= C; lower: largest r with P(Bin(n,q) <= r-1) <= 1-C",
    source: "Hahn and Meeker, Statistical Intervals (1991), section 5.2",
    input: "units: count\nquantile: share\nconfidence: share, default 0.95\nside: upper (default), lower or two",
    output: "lower_rank: counted from 1, null where not asked for, or too few units\nupper_rank: counted from 1, null where not asked for, or too few units",
    example: (r#"{"units": 200, "quantile": 0.95}"#, r#"{"lower_rank":null,"upper_rank":196}"#),
    run: |input| {
        answer(input, |Input { units, quantile, confidence, side }| {
            rank::quantile_ranks(units, quantile, confidence, side)
                .map(|(lower_rank, upper_rank)| Output { lower_rank, upper_rank })
        })
    },
};
