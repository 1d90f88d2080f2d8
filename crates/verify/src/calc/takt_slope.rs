//! `takt-slope`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::{Confidence, Side};
use crate::stats::steadiness::{self, ShiftUnits};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    shifts: Vec<ShiftUnits>,
    #[serde(default)]
    confidence: Confidence,
    #[serde(default = "two")]
    side: Side,
}

fn two() -> Side {
    Side::Two
}

pub(super) const METHOD: Method = Method {
    name: "takt-slope",
    about: "How takts change within shifts, per hour.",
    formula: "ln takt = a_shift + b hour; cluster-robust variance with K/(K-1), Student's t with K-1",
    source: "Liang and Zeger, Biometrika 73 (1986); Cameron and Miller, Journal of Human Resources 50 (2015)",
    input: "shifts: list of {hours: hours since the shift's start, takt_s: seconds}, one entry per unit\nconfidence: share, default 0.95\nside: two (default), lower or upper",
    output: "estimate: change of ln takt per hour\nlower: null where not asked for\nupper: null where not asked for\np: two-sided\ndf: degrees of freedom",
    example: (
        r#"{"shifts": [{"hours": [0.5, 2, 4, 7.5], "takt_s": [38, 39, 39, 41]}, {"hours": [0.5, 3, 7], "takt_s": [40, 40, 43]}, {"hours": [1, 5], "takt_s": [39, 39.5]}]}"#,
        r#"{"estimate":0.009764359799859292,"lower":0.003409364228238284,"upper":0.0161193553714803,"p":0.022124257448463906,"df":2.0}"#,
    ),
    run: |input| {
        answer(input, |Input { shifts, confidence, side }| steadiness::slope_within_shift(&shifts, confidence, side))
    },
};
