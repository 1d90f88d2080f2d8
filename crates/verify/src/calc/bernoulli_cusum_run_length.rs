//! `bernoulli-cusum-run-length`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::monitor;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    good_share: f64,
    bad_share: f64,
    limit: f64,
    failing_share: f64,
}

pub(super) const METHOD: Method = Method {
    name: "bernoulli-cusum-run-length",
    about: "How many units a Bernoulli CUSUM runs to its alarm on average.",
    formula: "Markov chain on a grid that divides the success step, failure step rounded up (lower) and down (upper); 400 states with linear interpolation (interpolated)",
    source: "Brook and Evans, Biometrika 59 (1972)",
    input: "good_share: share of failures while all is well\nbad_share: share of failures to be found\nlimit: nats\nfailing_share: true share of failures",
    output: "lower: units, a bound\nupper: units, a bound\ninterpolated: units, as printed tables often are",
    example: (
        r#"{"good_share": 0.02, "bad_share": 0.05, "limit": 2.5, "failing_share": 0.05}"#,
        r#"{"lower":116.33988867527205,"upper":117.4833570522009,"interpolated":116.7138063601842}"#,
    ),
    run: |input| {
        answer(input, |Input { good_share, bad_share, limit, failing_share }| {
            monitor::bernoulli_run_length(good_share, bad_share, limit, failing_share)
        })
    },
};
