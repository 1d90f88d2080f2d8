//! `learning-plateau`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::{Confidence, Side};
use crate::stats::steadiness;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    mean_ln_takt: Vec<f64>,
    #[serde(default = "window")]
    window: usize,
    #[serde(default = "limit")]
    limit: f64,
    #[serde(default)]
    confidence: Confidence,
    #[serde(default = "two")]
    side: Side,
}

fn window() -> usize {
    5
}

fn limit() -> f64 {
    0.01
}

fn two() -> Side {
    Side::Two
}

pub(super) const METHOD: Method = Method {
    name: "learning-plateau",
    about: "Whether learning has ended, so that a baseline may be taken.",
    formula: "slope of mean ln takt on the shift's number over the last shifts; reached where |exp(slope) - 1| < limit",
    source: "prairie; least squares",
    input: "mean_ln_takt: one per shift, in their order\nwindow: shifts, default 5\nlimit: share per shift, default 0.01\nconfidence: share, default 0.95\nside: two (default), lower or upper",
    output: "change_per_shift: share\nlower: share, null where not asked for\nupper: share, null where not asked for\nreached: true or false",
    example: (
        r#"{"mean_ln_takt": [4.0, 3.8, 3.7, 3.69, 3.695, 3.688, 3.691]}"#,
        r#"{"change_per_shift":-0.001998001332666979,"lower":-0.006122439263713329,"upper":0.0021435523769411206,"reached":true}"#,
    ),
    run: |input| {
        answer(input, |Input { mean_ln_takt, window, limit, confidence, side }| {
            steadiness::plateau(&mean_ln_takt, window, limit, confidence, side)
        })
    },
};
