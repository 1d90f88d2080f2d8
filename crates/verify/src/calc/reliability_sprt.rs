//! `reliability-sprt`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::reliability::demonstration;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    good: f64,
    bad: f64,
    alpha: f64,
    beta: f64,
    #[serde(default)]
    corrected: bool,
}

pub(super) const METHOD: Method = Method {
    name: "reliability-sprt",
    about: "A truncated sequential reliability test with its exact risks and expected durations.",
    formula: "in units of bad, D = good/bad: passed where T >= s r + h0, failed where T <= s r - h1; s = ln D/(1-1/D), h0 = -ln(beta/(1-alpha))/(1-1/D), h1 = ln A/(1-1/D), A = (1-beta)/alpha, corrected (D+1)(1-beta)/(2 alpha D); truncated at duration-plan; risks by carrying Poisson counts from one crossing of a line to the next",
    source: "Epstein and Sobel, Annals of Mathematical Statistics 26 (1955); Aroian, Technometrics 10 (1968); MIL-HDBK-781A for the correction",
    input: "good: mean time between failures that should pass\nbad: mean time between failures that should fail\nalpha: producer's risk, share\nbeta: consumer's risk, share\ncorrected: whether the reject line is that of MIL-HDBK-781A, default false",
    output: "lines: slope, accept, reject, reject_corrected, in units of bad\nduration_max: time\nreject_at: count\nalpha: exact producer's risk, share\nbeta: exact consumer's risk, share\nduration_good: expected time where good is true\nduration_bad: expected time where bad is true",
    example: (
        r#"{"good": 200, "bad": 100, "alpha": 0.1, "beta": 0.1, "corrected": true}"#,
        r#"{"lines": {"slope": 1.3862943611198906, "accept": 4.394449154672438, "reject": 4.394449154672439, "reject_corrected": 3.8190850097688767}, "duration_max": 2012.80118693559, "reject_at": 15, "alpha": 0.1215192551226446, "beta": 0.12269103464172637, "duration_good": 1046.0909778540629, "duration_bad": 822.4335576468288}"#,
    ),
    run: |input| {
        answer(input, |Input { good, bad, alpha, beta, corrected }| {
            demonstration::sequential(good, bad, demonstration::Risks { alpha, beta }, corrected)
        })
    },
};
