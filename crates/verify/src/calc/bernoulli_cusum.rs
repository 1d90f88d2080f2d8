//! `bernoulli-cusum`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::stats::monitor;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    failures: Vec<bool>,
    good_share: f64,
    bad_share: f64,
    limit: f64,
}

#[derive(Serialize)]
struct Output {
    failure_step: f64,
    success_step: f64,
    statistic: Vec<f64>,
    alarm: Option<usize>,
}

pub(super) const METHOD: Method = Method {
    name: "bernoulli-cusum",
    about: "A stream of outcomes, watched for more failures.",
    formula: "S = max(0, S + ln(bad/good)) for a failure, + ln((1-bad)/(1-good)) for a success; alarm at the limit",
    source: "Reynolds and Stoumbos, Journal of Quality Technology 31 (1999)",
    input: "failures: true for a failure, in their order\ngood_share: share of failures while all is well\nbad_share: share of failures to be found\nlimit: nats",
    output: "failure_step: nats\nsuccess_step: nats\nstatistic: after each unit\nalarm: place counted from 0, null where there is none",
    example: (
        r#"{"failures": [false, true, false, true, true], "good_share": 0.02, "bad_share": 0.05, "limit": 2.5}"#,
        r#"{"failure_step":0.9162907318741551,"success_step":-0.031090587070031088,"statistic":[0.0,0.9162907318741551,0.885200144804124,1.8014908766782791,2.7177816085524342],"alarm":4}"#,
    ),
    run: |input| {
        answer(input, |Input { failures, good_share, bad_share, limit }| {
            let steps = monitor::bernoulli_steps(good_share, bad_share)?;
            let path = monitor::bernoulli_cusum(&failures, good_share, bad_share, limit)?;
            Ok(Output {
                failure_step: steps.failure,
                success_step: steps.success,
                statistic: path.statistic,
                alarm: path.alarm,
            })
        })
    },
};
