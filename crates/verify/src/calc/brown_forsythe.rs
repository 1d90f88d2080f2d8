//! `brown-forsythe`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::rank;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    groups: Vec<Vec<f64>>,
}

pub(super) const METHOD: Method = Method {
    name: "brown-forsythe",
    about: "Whether groups of independent units spread alike.",
    formula: "F of one-way analysis of variance on |x - median of its group|",
    source: "Brown and Forsythe, Journal of the American Statistical Association 69 (1974)",
    input: "groups: lists of values",
    output: "f: statistic, null where infinite\np: p-value\ndf_between: degrees of freedom\ndf_within: degrees of freedom",
    example: (
        r#"{"groups": [[38.1, 39.4, 37.2, 41.0, 36.8, 40.2, 39.9, 38.7, 37.9, 42.3, 36.5, 39.0], [35.2, 41.8, 37.0, 36.1, 44.9, 33.8, 38.5, 40.3, 36.6, 39.7, 35.9, 43.2]]}"#,
        r#"{"f":5.043144061492688,"p":0.03509847550035345,"df_between":1.0,"df_within":22.0}"#,
    ),
    run: |input| answer(input, |Input { groups }| rank::brown_forsythe(&groups)),
};
