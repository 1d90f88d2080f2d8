//! `e-detector`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::monitor::{self, Detector};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    shares: Vec<f64>,
    expected: f64,
    #[serde(default = "bet")]
    bet: f64,
    #[serde(default = "alpha")]
    alpha: f64,
    #[serde(default = "form")]
    form: Detector,
}

fn bet() -> f64 {
    0.5
}

fn alpha() -> f64 {
    0.01
}

fn form() -> Detector {
    Detector::ShiryaevRoberts
}

pub(super) const METHOD: Method = Method {
    name: "e-detector",
    about: "Shifts watched for a fall of their share of good units, with a promise on false alarms.",
    formula: "L = 1 + bet (expected - share)/(1 - expected); M = (M + 1) L or max(M, 1) L; alarm at 1/alpha, mean run length at least 1/alpha shifts",
    source: "Shin, Ramdas and Rinaldo, New England Journal of Statistics in Data Science (2024)",
    input: "shares: of good units, per shift in their order\nexpected: share while all is well\nbet: 0 to 1, default 0.5\nalpha: share, default 0.01\nform: shiryaev-roberts (default) or cusum",
    output: "statistic: after each shift\nalarm: place counted from 0, null where there is none",
    example: (
        r#"{"shares": [0.97, 0.98, 0.9, 0.91, 0.9], "expected": 0.95}"#,
        r#"{"statistic":[0.8,1.26,3.389999999999997,6.145999999999992,10.71899999999998],"alarm":null}"#,
    ),
    run: |input| {
        answer(input, |Input { shares, expected, bet, alpha, form }| {
            monitor::e_detector(&shares, expected, bet, alpha, form)
        })
    },
};
