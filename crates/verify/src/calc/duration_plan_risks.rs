//! `duration-plan-risks`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::reliability::demonstration;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    good: f64,
    bad: f64,
    duration: f64,
    reject_at: u64,
}

pub(super) const METHOD: Method = Method {
    name: "duration-plan-risks",
    about: "The true risks of a reliability test of one duration.",
    formula: "alpha = 1-Pois(r-1; T/good), beta = Pois(r-1; T/bad)",
    source: "Epstein, Technometrics 2 (1960)",
    input: "good: mean time between failures that should pass\nbad: mean time between failures that should fail\nduration: time\nreject_at: count of failures at which the test is failed",
    output: "duration: time\nreject_at: count\nalpha: producer's risk, share\nbeta: consumer's risk, share",
    example: (
        r#"{"good": 2, "bad": 1, "duration": 12.4, "reject_at": 10}"#,
        r#"{"duration": 12.4, "reject_at": 10, "alpha": 0.0983793354901105, "beta": 0.20918997035318782}"#,
    ),
    run: |input| {
        answer(input, |Input { good, bad, duration, reject_at }| {
            demonstration::fixed_duration_risks(good, bad, duration, reject_at)
        })
    },
};
