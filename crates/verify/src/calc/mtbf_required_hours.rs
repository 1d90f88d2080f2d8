//! `mtbf-required-hours`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::bound::Confidence;
use crate::stats::reliability::exponential;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    mtbf: f64,
    failures_max: u64,
    #[serde(default)]
    confidence: Confidence,
}

#[derive(Serialize)]
struct Output {
    hours: Vec<f64>,
}

pub(super) const METHOD: Method = Method {
    name: "mtbf-required-hours",
    about: "How long a test must run to show a mean time between failures, by failures allowed.",
    formula: "hours_r = mtbf ChiInv(C; 2r+2)/2, for r = 0 to failures_max",
    source: "Epstein, Technometrics 2 (1960)",
    input: "mtbf: time to be shown\nfailures_max: count, at most 1000\nconfidence: share, default 0.95",
    output: "hours: list of times, for 0, 1, 2 ... failures",
    example: (
        r#"{"mtbf": 1000, "failures_max": 3, "confidence": 0.9}"#,
        r#"{"hours": [2302.5850929940457, 3889.72016986743, 5322.32033783421, 6680.783068255862]}"#,
    ),
    run: |input| {
        answer(input, |Input { mtbf, failures_max, confidence }| {
            exponential::required_hours(mtbf, failures_max, confidence).map(|hours| Output { hours })
        })
    },
};
