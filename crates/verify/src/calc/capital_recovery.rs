//! `capital-recovery`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::bound::StatError;
use crate::stats::economics::finance;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    rate: f64,
    years: u32,
}

#[derive(Serialize)]
struct Output {
    capital_recovery: f64,
    sinking_fund: f64,
}

pub(super) const METHOD: Method = Method {
    name: "capital-recovery",
    about: "The share of an investment to be paid back every year.",
    formula: "r (1+r)^n / ((1+r)^n - 1), and 1/n without interest",
    source: "Annuity; VDI 2884 and IEC 60300-3-3 use it for capital over a life",
    input: "rate: share per year, from 0 to 10\nyears: count, from 1 to 1000",
    output: "capital_recovery: share per year\nsinking_fund: share per year, r/((1+r)^n - 1)",
    example: (
        r#"{"rate": 0.1, "years": 5}"#,
        r#"{"capital_recovery": 0.26379748079474535, "sinking_fund": 0.16379748079474535}"#,
    ),
    run: |input| {
        answer(input, |Input { rate, years }| {
            Ok::<_, StatError>(Output {
                capital_recovery: finance::capital_recovery(rate, years)?,
                sinking_fund: finance::sinking_fund(rate, years)?,
            })
        })
    },
};
