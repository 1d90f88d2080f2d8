//! `last-by-first-hour`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::{Confidence, Side};
use crate::stats::steadiness::{self, ShiftUnits};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    shifts: Vec<ShiftUnits>,
    shift_h: f64,
    #[serde(default)]
    confidence: Confidence,
    #[serde(default = "two")]
    side: Side,
}

fn two() -> Side {
    Side::Two
}

pub(super) const METHOD: Method = Method {
    name: "last-by-first-hour",
    about: "The ratio of takts in the last hour of a shift to those in its first.",
    formula: "exp(mean over shifts of (mean ln takt in the last hour - mean ln takt in the first)), Student's t over shifts",
    source: "Student, Biometrika 6 (1908)",
    input: "shifts: list of {hours: hours since the shift's start, takt_s: seconds}, one entry per unit\nshift_h: length of a shift, hours\nconfidence: share, default 0.95\nside: two (default), lower or upper",
    output: "estimate: ratio of geometric means\nlower: null where not asked for\nupper: null where not asked for\np: two-sided\ndf: degrees of freedom",
    example: (
        r#"{"shifts": [{"hours": [0.5, 2, 4, 7.5], "takt_s": [38, 39, 39, 41]}, {"hours": [0.5, 3, 7], "takt_s": [40, 40, 43]}], "shift_h": 8}"#,
        r#"{"estimate":1.07697187570179,"lower":1.0521835802784567,"upper":1.1023441562789609,"p":0.015730205540812822,"df":1.0}"#,
    ),
    run: |input| {
        answer(input, |Input { shifts, shift_h, confidence, side }| {
            steadiness::last_by_first_hour(&shifts, shift_h, confidence, side)
        })
    },
};
