//! `condition-mix`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::stats::regularity;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    seen: u64,
    units: u64,
    expected_share: f64,
}

#[derive(Serialize)]
struct Output {
    p: f64,
}

pub(super) const METHOD: Method = Method {
    name: "condition-mix",
    about: "The probability of seeing a hard condition as rarely, by the site's own record.",
    formula: "P(Bin(units, expected share) <= seen)",
    source: "binomial test; screening only",
    input: "seen: count\nunits: count\nexpected_share: share of the condition at the site",
    output: "p: probability",
    example: (r#"{"seen": 10, "units": 200, "expected_share": 0.15}"#, r#"{"p":7.0375808388176955e-6}"#),
    run: |input| {
        answer(input, |Input { seen, units, expected_share }| {
            regularity::condition_mix(seen, units, expected_share).map(|p| Output { p })
        })
    },
};
