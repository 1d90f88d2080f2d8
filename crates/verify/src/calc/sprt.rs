//! `sprt`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::sequential;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    outcomes: Vec<bool>,
    worse: f64,
    better: f64,
    alpha: f64,
    beta: f64,
}

pub(super) const METHOD: Method = Method {
    name: "sprt",
    about: "Wald's sequential test of one share against another, for trials reset at random. Not for units of shifts.",
    formula: "sum of x ln(p1/p0) + (1-x) ln((1-p1)/(1-p0)); accept at ln((1-beta)/alpha), reject at ln(beta/(1-alpha))",
    source: "Wald, Sequential Analysis (1947)",
    input: "outcomes: list of true (good) and false\nworse: share p0\nbetter: share p1\nalpha: chance to accept where p0 is true\nbeta: chance to reject where p1 is true",
    output: "decision: accept, reject or continue\ndecided_after: trials, null for continue\nlog_likelihood_ratio: nats\naccept_at: nats\nreject_at: nats",
    example: (
        r#"{"outcomes": [true, false, false], "worse": 0.9, "better": 0.98, "alpha": 0.05, "beta": 0.1}"#,
        r#"{"decision": "reject", "decided_after": 3, "log_likelihood_ratio": -3.1337180165278915, "accept_at": 2.8903717578961645, "reject_at": -2.251291798606495}"#,
    ),
    run: |input| {
        answer(input, |Input { outcomes, worse, better, alpha, beta }| {
            sequential::sprt(&outcomes, worse, better, alpha, beta)
        })
    },
};
