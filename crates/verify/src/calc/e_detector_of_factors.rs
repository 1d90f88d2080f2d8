//! `e-detector-of-factors`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::monitor::{self, Detector};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    factors: Vec<f64>,
    #[serde(default = "alpha")]
    alpha: f64,
    #[serde(default = "form")]
    form: Detector,
}

fn alpha() -> f64 {
    0.01
}

fn form() -> Detector {
    Detector::ShiryaevRoberts
}

pub(super) const METHOD: Method = Method {
    name: "e-detector-of-factors",
    about: "A sequence of e-values, one per shift, watched for a change.",
    formula: "M = (M + 1) L or max(M, 1) L; alarm at 1/alpha",
    source: "Shin, Ramdas and Rinaldo, New England Journal of Statistics in Data Science (2024)",
    input: "factors: with a mean of at most 1 given the past while all is well\nalpha: share, default 0.01\nform: shiryaev-roberts (default) or cusum",
    output: "statistic: after each factor\nalarm: place counted from 0, null where there is none",
    example: (r#"{"factors": [2, 0.5, 3], "alpha": 0.2}"#, r#"{"statistic":[2.0,1.5,7.5],"alarm":2}"#),
    run: |input| answer(input, |Input { factors, alpha, form }| monitor::e_detect(&factors, alpha, form)),
};
