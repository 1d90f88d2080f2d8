//! `bernoulli-sequence`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::time_uniform;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    successes: u64,
    trials: u64,
    optimal: f64,
    #[serde(default = "usual")]
    alpha: f64,
}

fn usual() -> f64 {
    0.05
}

pub(super) const METHOD: Method = Method {
    name: "bernoulli-sequence",
    about: "Two-sided bounds at any time of a share, for trials reset at random. Not for units of shifts.",
    formula: "shares at which the two-sided beta-binomial mixture is below 1/alpha",
    source: "Howard et al., Annals of Statistics 49 (2021)",
    input: "successes: count\ntrials: count\noptimal: trials at which the bounds are to be tight\nalpha: share, default 0.05",
    output: "lower: share\nupper: share",
    example: (
        r#"{"successes": 700, "trials": 1000, "optimal": 100}"#,
        r#"{"lower": 0.6516298138699297, "upper": 0.7459495007849871}"#,
    ),
    run: |input| {
        answer(input, |Input { successes, trials, optimal, alpha }| {
            time_uniform::bernoulli_sequence(successes, trials, alpha, optimal)
        })
    },
};
