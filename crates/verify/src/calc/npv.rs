//! `npv`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::stats::economics::finance;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    flows: Vec<f64>,
    rate: f64,
}

#[derive(Serialize)]
struct Output {
    npv: f64,
}

pub(super) const METHOD: Method = Method {
    name: "npv",
    about: "The net present value of yearly cash flows.",
    formula: "sum CF_t/(1+r)^t",
    source: "Textbook",
    input: "flows: list of money at the ends of years 0, 1, 2 ...\nrate: share per year",
    output: "npv: money",
    example: (r#"{"flows": [-100, 39, 59, 55, 20], "rate": 0.281}"#, r#"{"npv": -0.008478591638436228}"#),
    run: |input| {
        answer(input, |Input { flows, rate }| finance::net_present_value(&flows, rate).map(|npv| Output { npv }))
    },
};
