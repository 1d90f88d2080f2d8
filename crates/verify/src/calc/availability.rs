//! `availability`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::{Confidence, Side};
use crate::stats::reliability::repair;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    mtbf: f64,
    mttr: f64,
    cycles: u64,
    #[serde(default)]
    confidence: Confidence,
    #[serde(default)]
    side: Side,
}

pub(super) const METHOD: Method = Method {
    name: "availability",
    about: "The steady-state availability of exponential running and repair times.",
    formula: "A = MTBF/(MTBF+MTTR); lower = MTBF/(MTBF + F(1-a; 2r, 2r) MTTR), upper = MTBF/(MTBF + MTTR/F(1-a; 2r, 2r)); a = alpha one-sided, alpha/2 two-sided",
    source: "Barlow and Proschan, Statistical Theory of Reliability (1975)",
    input: "mtbf: mean running time\nmttr: mean repair time, in the same unit\ncycles: count of running and repair times\nconfidence: share, default 0.95\nside: lower (default), upper or two",
    output: "estimate: share\nlower: share, null where not asked for\nupper: share, null where not asked for or infinite",
    example: (
        r#"{"mtbf": 200, "mttr": 2, "cycles": 10, "confidence": 0.9, "side": "two"}"#,
        r#"{"estimate": 0.9900990099009901, "lower": 0.9792002664943367, "upper": 0.9953143051923018}"#,
    ),
    run: |input| {
        answer(input, |Input { mtbf, mttr, cycles, confidence, side }| {
            repair::availability(mtbf, mttr, cycles, confidence, side)
        })
    },
};
