//! `laplace-trend`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::reliability::{Terminated, trend};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    times: Vec<f64>,
    #[serde(default)]
    end: Option<f64>,
    #[serde(default)]
    terminated: Terminated,
}

pub(super) const METHOD: Method = Method {
    name: "laplace-trend",
    about: "Whether failures of one system become rarer or more frequent.",
    formula: "laplace = (mean t_i - T/2)/(T sqrt(1/(12 N))), standard normal; chi2 = 2 sum ln(T/t_i), chi-squared with 2N degrees of freedom; where a failure ended the test, without that one",
    source: "Laplace; MIL-HDBK-189; Ascher and Feingold, Repairable Systems Reliability (1984)",
    input: "times: list of times of failures since the start, in any order\nend: time at which the test ended; of a test that ended with a failure it may be left out\nterminated: time (default) or failure",
    output: "laplace: number, below 0 where failures become rarer\nlaplace_growth_p: probability of as low\nlaplace_wear_p: probability of as high\nlaplace_p: two-sided probability\nchi2: number, high where failures become rarer\ndf: count\nchi2_growth_p: probability of as high\nchi2_wear_p: probability of as low\nchi2_p: two-sided probability",
    example: (
        r#"{"times": [2.6, 16.5, 16.5, 17.0, 21.4, 29.1, 33.3, 56.5, 63.1, 70.6, 73.0, 77.7, 93.9, 95.5, 98.1, 101.1, 132.0, 142.2, 147.7, 149.0, 167.2, 190.7, 193.0, 198.7, 251.9, 282.5, 286.1], "end": 300, "terminated": "time"}"#,
        r#"{"laplace": -2.3179999999999996, "laplace_growth_p": 0.01022466052914247, "laplace_wear_p": 0.9897753394708575, "laplace_p": 0.02044932105828494, "chi2": 75.3832755469012, "df": 54, "chi2_growth_p": 0.028864692614672012, "chi2_wear_p": 0.9711353073853279, "chi2_p": 0.057729385229344024}"#,
    ),
    run: |input| answer(input, |Input { times, end, terminated }| trend::trend(&times, end, terminated)),
};
