//! `takt`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::rhythm;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    start_s: f64,
    end_s: f64,
    good_s: Vec<f64>,
    #[serde(default)]
    other_s: Vec<f64>,
}

pub(super) const METHOD: Method = Method {
    name: "takt",
    about: "Takts of one shift, from good count to good count, with the trailing time charged.",
    formula: "L = mean ln t_i + max(ln((T+D)/T), max over m of m (ln(D/m) - mean ln t_i)/(n+m)); D trailing time, T = sum t_i",
    source: "prairie; aborted and reworked time burdens the next good unit",
    input: "start_s: seconds\nend_s: seconds, planned breaks cut out\ngood_s: times of good counts in ascending order, seconds\nother_s: times of all other unit ends, seconds, default none",
    output: "takt_s: seconds\ntrailing_s: seconds from the last good count to the end\nother: count\nmean_ln_takt: mean of ln seconds with the trailing time charged\nlongest_gap_s: seconds",
    example: (
        r#"{"start_s": 100, "end_s": 400, "good_s": [140, 180, 300, 340], "other_s": [220, 260]}"#,
        r#"{"takt_s":[40.0,40.0,120.0,40.0],"trailing_s":60.0,"other":2,"mean_ln_takt":4.186676077595173,"longest_gap_s":120.0}"#,
    ),
    run: |input| {
        answer(input, |Input { start_s, end_s, good_s, other_s }| rhythm::takts(start_s, end_s, &good_s, &other_s))
    },
};
