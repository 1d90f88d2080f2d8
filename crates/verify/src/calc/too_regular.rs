//! `too-regular`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::stats::regularity;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    deviation: f64,
    reference_deviation: f64,
    units: u64,
}

#[derive(Serialize)]
struct Output {
    p: f64,
}

pub(super) const METHOD: Method = Method {
    name: "too-regular",
    about: "The probability that natural work would spread as little.",
    formula: "P(chi2_{n-1} <= (n-1) s^2/sigma0^2)",
    source: "normal theory; screening only",
    input: "deviation: standard deviation seen\nreference_deviation: standard deviation of natural repeats\nunits: count",
    output: "p: probability",
    example: (r#"{"deviation": 0.8, "reference_deviation": 2, "units": 30}"#, r#"{"p":6.867707364325992e-8}"#),
    run: |input| {
        answer(input, |Input { deviation, reference_deviation, units }| {
            regularity::too_regular(deviation, reference_deviation, units).map(|p| Output { p })
        })
    },
};
