//! `exponential-cusum`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::monitor;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    hours: Vec<f64>,
    good_h: f64,
    bad_h: f64,
    limit: f64,
}

pub(super) const METHOD: Method = Method {
    name: "exponential-cusum",
    about: "Times between interventions, watched for shorter ones.",
    formula: "S = max(0, S + ln(good/bad) - (1/bad - 1/good) t); alarm at the limit",
    source: "Lucas, Technometrics 27 (1985)",
    input: "hours: between interventions, in their order\ngood_h: mean hours while all is well\nbad_h: mean hours to be found\nlimit: nats",
    output: "statistic: after each intervention\nalarm: place counted from 0, null where there is none",
    example: (
        r#"{"hours": [10, 9, 1, 0.5, 0.2], "good_h": 8, "bad_h": 2, "limit": 3}"#,
        r#"{"statistic":[0.0,0.0,1.0112943611198906,2.210088722239781,3.5213830833596718],"alarm":4}"#,
    ),
    run: |input| {
        answer(input, |Input { hours, good_h, bad_h, limit }| monitor::exponential_cusum(&hours, good_h, bad_h, limit))
    },
};
