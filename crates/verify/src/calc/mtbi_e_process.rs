//! `mtbi-e-process`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::Confidence;
use crate::stats::reliability::exponential;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    hours: f64,
    events: u64,
    target: f64,
    #[serde(default)]
    confidence: Confidence,
}

pub(super) const METHOD: Method = Method {
    name: "mtbi-e-process",
    about: "Evidence for a mean time between interventions, which may be looked at at any time.",
    formula: "ln E = a ln b - (r+a) ln(T+b) + lnGamma(r+a) - lnGamma(a) + ln P(r+a, T+b) - ln P(a, b) + T, with T = hours/target, a = 1/2, b = 1",
    source: "Ville (1939); Robbins, Annals of Mathematical Statistics 41 (1970), gamma mixture cut at the target",
    input: "hours: total time so far, in any unit\nevents: count of interventions so far\ntarget: mean time between interventions to be shown\nconfidence: share, default 0.95",
    output: "ln_e_value: number\ne_value: number, null where too large\np_value: probability, at any stopping time\nrejects: whether a mean of at most the target is rejected",
    example: (
        r#"{"hours": 64, "events": 1, "target": 8}"#,
        r#"{"ln_e_value": 4.181719322261694, "e_value": 65.47833484897627, "p_value": 0.015272227100864257, "rejects": true}"#,
    ),
    run: |input| {
        answer(input, |Input { hours, events, target, confidence }| {
            exponential::evidence(hours, events, target, confidence)
        })
    },
};
