//! `takt-noninferiority-of-shifts`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::{Confidence, Side};
use crate::stats::rhythm;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    robot: Vec<f64>,
    human: Vec<f64>,
    margin: f64,
    #[serde(default)]
    confidence: Confidence,
    #[serde(default = "upper")]
    side: Side,
}

fn upper() -> Side {
    Side::Upper
}

pub(super) const METHOD: Method = Method {
    name: "takt-noninferiority-of-shifts",
    about: "Whether robots keep the takt of people within a margin, from each shift's mean of ln takt (as of `takt`, trailing time charged).",
    formula: "as takt-noninferiority",
    source: "Welch, Biometrika 34 (1947)",
    input: "robot: mean of ln takt per shift, takt in seconds\nhuman: mean of ln takt per shift, takt in seconds\nmargin: share, 0.10 for 10 %\nconfidence: share, default 0.95\nside: upper (default), lower or two",
    output: "ratio: of geometric means, robot by human\nlower: ratio, null where not asked for\nupper: ratio, null where not asked for\np: one-sided, of a ratio of at least 1 + margin\nt: statistic, null where nothing varies\ndf: degrees of freedom, null where nothing varies\nrobot_shifts: count\nhuman_shifts: count",
    example: (
        r#"{"robot": [3.68, 3.71, 3.66, 3.7], "human": [3.7, 3.69, 3.72], "margin": 0.1}"#,
        r#"{"ratio":0.9842913549444885,"lower":null,"upper":1.01279847109313,"p":0.00027083222506649445,"t":-7.845424456775881,"df":4.996769368830394,"robot_shifts":4,"human_shifts":3}"#,
    ),
    run: |input| {
        answer(input, |Input { robot, human, margin, confidence, side }| {
            rhythm::noninferiority(&robot, &human, margin, confidence, side)
        })
    },
};
