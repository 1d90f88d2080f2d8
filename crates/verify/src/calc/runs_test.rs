//! `runs-test`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::regularity;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    outcomes: Vec<bool>,
}

pub(super) const METHOD: Method = Method {
    name: "runs-test",
    about: "Whether outcomes alternate more evenly than chance, or cluster.",
    formula: "exact distribution of the number of runs; z = (R - E)/sd",
    source: "Wald and Wolfowitz, Annals of Mathematical Statistics 11 (1940)",
    input: "outcomes: true or false, in their order",
    output: "runs: count\nexpected: mean count\nz: without continuity correction\np_few: probability of as few runs\np_many: probability of as many runs",
    example: (
        r#"{"outcomes": [true, true, false, true, false, false, true, true, true]}"#,
        r#"{"runs":5,"expected":5.0,"z":0.0,"p_few":0.6428571428571415,"p_many":0.6547619047619035}"#,
    ),
    run: |input| answer(input, |Input { outcomes }| regularity::runs(&outcomes)),
};
