//! `mtbf-bound`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::{Confidence, Side};
use crate::stats::reliability::{Terminated, exponential};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    hours: f64,
    failures: u64,
    #[serde(default)]
    terminated: Terminated,
    #[serde(default)]
    confidence: Confidence,
    #[serde(default)]
    side: Option<Side>,
}

pub(super) const METHOD: Method = Method {
    name: "mtbf-bound",
    about: "The mean time between failures of a constant rate.",
    formula: "estimate = T/r; lower = 2T/ChiInv(1-a; 2r+2), or 2T/ChiInv(1-a; 2r) where a failure ended the test; upper = 2T/ChiInv(a; 2r); a = alpha one-sided, alpha/2 two-sided",
    source: "Epstein and Sobel, JASA 48 (1953); Epstein, Technometrics 2 (1960)",
    input: "hours: total time, in any unit\nfailures: count\nterminated: time (default) or failure\nconfidence: share, default 0.95\nside: lower, upper or two (which shares alpha between the ends); without it both ends, each one-sided",
    output: "estimate: time, null without failures\nlower: time, null where not asked for\nupper: time, null where not asked for or infinite",
    example: (
        r#"{"hours": 19520, "failures": 7, "confidence": 0.8, "terminated": "time", "side": "two"}"#,
        r#"{"estimate": 2788.5714285714284, "lower": 1658.3248534993456, "upper": 5011.853334983057}"#,
    ),
    run: |input| {
        answer(input, |Input { hours, failures, terminated, confidence, side }| {
            let of = |side| exponential::mtbf(hours, failures, terminated, confidence, side);
            let Some(side) = side else {
                // Both ends, each with all of alpha on its side.
                let mut both = of(Side::Lower)?;
                both.interval.upper = of(Side::Upper)?.interval.upper;
                return Ok(both);
            };
            of(side)
        })
    },
};
