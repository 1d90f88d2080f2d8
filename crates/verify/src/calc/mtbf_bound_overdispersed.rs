//! `mtbf-bound-overdispersed`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::{Confidence, Side};
use crate::stats::reliability::exponential;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    failures: Vec<u64>,
    hours: Vec<f64>,
    #[serde(default)]
    confidence: Confidence,
    #[serde(default)]
    side: Side,
}

pub(super) const METHOD: Method = Method {
    name: "mtbf-bound-overdispersed",
    about: "The mean time between failures that come in bunches, from shifts.",
    formula: "phi = max(1, sum (x-m)^2/m / (K-1)) with m = hours of the shift times failures per hour; the bound of mtbf-bound with T/phi and r/phi",
    source: "McCullagh and Nelder, Generalized Linear Models (1989), section 6.2",
    input: "failures: list of counts by shift\nhours: list of hours by shift\nconfidence: share, default 0.95\nside: lower (default), upper or two",
    output: "phi: number, at least 1\nestimate: hours, null without failures\nlower: hours, null where not asked for\nupper: hours, null where not asked for or infinite",
    example: (
        r#"{"failures": [0, 0, 6, 0, 2, 4], "hours": [8, 8, 8, 8, 8, 8], "confidence": 0.9}"#,
        r#"{"phi": 3.2, "estimate": 4.0, "lower": 1.9559850633151177, "upper": null}"#,
    ),
    run: |input| {
        answer(input, |Input { failures, hours, confidence, side }| {
            exponential::overdispersed(&failures, &hours, confidence, side)
        })
    },
};
