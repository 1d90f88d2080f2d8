//! `cusum`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::steadiness;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    values: Vec<f64>,
    target: f64,
    deviation: f64,
    #[serde(default = "slack")]
    slack: f64,
    #[serde(default = "limit")]
    limit: f64,
}

fn slack() -> f64 {
    0.5
}

fn limit() -> f64 {
    5.0
}

pub(super) const METHOD: Method = Method {
    name: "cusum",
    about: "Whether shift means leave their target.",
    formula: "C+ = max(0, C+ + z - slack), C- = max(0, C- - z - slack), z = (x - target)/deviation; alarm above the limit",
    source: "Page, Biometrika 41 (1954)",
    input: "values: shift means in their order\ntarget: in the unit of the values\ndeviation: standard deviation of shift means\nslack: deviations, default 0.5\nlimit: deviations, default 5",
    output: "rise: sum that grows above the target\nfall: sum that grows below the target\nalarm: place counted from 0, null where there is none",
    example: (
        r#"{"values": [3.7, 3.72, 3.81, 3.85, 3.88], "target": 3.7, "deviation": 0.05}"#,
        r#"{"rise":[0.0,0.0,1.6999999999999975,4.199999999999996,7.29999999999999],"fall":[0.0,0.0,0.0,0.0,0.0],"alarm":4}"#,
    ),
    run: |input| {
        answer(input, |Input { values, target, deviation, slack, limit }| {
            steadiness::cusum(&values, target, deviation, slack, limit)
        })
    },
};
