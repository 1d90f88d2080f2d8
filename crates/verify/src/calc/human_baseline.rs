//! `human-baseline`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::Confidence;
use crate::stats::rhythm;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    study: Vec<Vec<f64>>,
    record: Vec<Vec<f64>>,
    #[serde(default)]
    standard_s: Option<f64>,
    #[serde(default = "margin")]
    margin: f64,
    #[serde(default)]
    confidence: Confidence,
}

fn margin() -> f64 {
    0.05
}

pub(super) const METHOD: Method = Method {
    name: "human-baseline",
    about: "A human takt that cannot have been made slow: the study against the station's record, and the least of both and the standard time.",
    formula: "takt = min(median(study), median(record), standard); usable where the upper bound of study by record is at most 1 + margin",
    source: "prairie; Welch, Biometrika 34 (1947)",
    input: "study: takts per shift, seconds\nrecord: the station's last 90 days, takts per shift, seconds\nstandard_s: standard time (MTM, REFA), seconds, default none\nmargin: share, default 0.05\nconfidence: share, default 0.95",
    output: "takt_s: seconds\nsource: study, record or standard\nstudy_s: median, seconds\nrecord_s: median, seconds\nstudy_by_record: as of takt-noninferiority\nusable: true or false",
    example: (
        r#"{"study": [[38, 39, 40], [39, 39.5], [38.5, 39.2]], "record": [[38, 39, 41], [39, 39.5], [38.5, 39.4]], "standard_s": 37.5}"#,
        r#"{"takt_s":37.5,"source":"standard","study_s":39.0,"record_s":39.0,"study_by_record":{"ratio":0.9964146409318807,"lower":null,"upper":1.0053042695767584,"p":0.00011602487103388484,"t":-12.578230804491973,"df":3.9937548841203303,"robot_shifts":3,"human_shifts":3},"usable":true}"#,
    ),
    run: |input| {
        answer(input, |Input { study, record, standard_s, margin, confidence }| {
            rhythm::baseline(&study, &record, standard_s, margin, confidence)
        })
    },
};
