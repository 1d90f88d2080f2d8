//! `irr`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::economics::finance;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    flows: Vec<f64>,
    #[serde(default)]
    finance_rate: f64,
    #[serde(default)]
    reinvest_rate: f64,
}

pub(super) const METHOD: Method = Method {
    name: "irr",
    about: "What a row of yearly cash flows returns.",
    formula: "irr: sum CF_t/(1+r)^t = 0 for r from -0.99 to 10, only where the flows change sign once; mirr = (FV(earned at reinvest_rate)/-PV(paid at finance_rate))^(1/n) - 1",
    source: "Textbook; the modified rate as in Lin, The Engineering Economist 21 (1976)",
    input: "flows: list of money at the ends of years 0, 1, 2 ...\nfinance_rate: share per year\nreinvest_rate: share per year",
    output: "irr: share per year, null where the flows change sign more than once\nmirr: share per year\nsign_changes: count",
    example: (
        r#"{"flows": [-100, 39, 59, 55, 20], "finance_rate": 0.1, "reinvest_rate": 0.12}"#,
        r#"{"irr": 0.2809484211599611, "mirr": 0.20437673767455267, "sign_changes": 1}"#,
    ),
    run: |input| {
        answer(input, |Input { flows, finance_rate, reinvest_rate }| {
            finance::internal_return(&flows, finance_rate, reinvest_rate)
        })
    },
};
