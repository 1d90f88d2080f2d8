//! `chapman`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::labels;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    first: u64,
    second: u64,
    matched: u64,
}

pub(super) const METHOD: Method = Method {
    name: "chapman",
    about: "How many units there were, from two independent counts that each miss some.",
    formula: "(n1+1)(n2+1)/(m+1) - 1; variance (n1+1)(n2+1)(n1-m)(n2-m) / ((m+1)^2 (m+2))",
    source: "Chapman, University of California Publications in Statistics 1 (1951); Seber, Biometrika 57 (1970)",
    input: "first: units of the first count\nsecond: units of the second count\nmatched: units that both saw",
    output: "estimate: units\nstandard_error: units",
    example: (
        r#"{"first": 500, "second": 480, "matched": 470}"#,
        r#"{"estimate": 510.6369426751592, "standard_error": 0.830921740305491}"#,
    ),
    run: |input| answer(input, |Input { first, second, matched }| labels::chapman(first, second, matched)),
};
