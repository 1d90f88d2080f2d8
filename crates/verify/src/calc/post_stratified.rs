//! `post-stratified`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::Confidence;
use crate::stats::cluster::Shift;
use crate::stats::strata;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    strata: Vec<Stratum>,
    #[serde(default = "one")]
    design_effect: f64,
    #[serde(default)]
    confidence: Confidence,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stratum {
    good: u64,
    units: u64,
    weight: f64,
}

fn one() -> f64 {
    1.0
}

pub(super) const METHOD: Method = Method {
    name: "post-stratified",
    about: "A share weighted by strata with its normal bound; for display, not for decisions.",
    formula: "estimate = sum W s/n; standard_error = sqrt(sum W^2 p (1-p) design_effect / n); a stratum without units counts as failed",
    source: "Holt and Smith, Journal of the Royal Statistical Society A 142 (1979)",
    input: "strata: list of {good: count, units: count, weight: share}, weights sum to 1\ndesign_effect: factor, default 1\nconfidence: share, default 0.95",
    output: "estimate: share\nstandard_error: share\nlower: share, not cut at 0",
    example: (
        r#"{"strata": [{"good": 196, "units": 200, "weight": 0.5}, {"good": 95, "units": 100, "weight": 0.3}, {"good": 40, "units": 50, "weight": 0.2}]}"#,
        r#"{"estimate": 0.9349999999999999, "standard_error": 0.013973188612482122, "lower": 0.9120161500306817}"#,
    ),
    run: |input| {
        answer(input, |Input { strata, design_effect, confidence }| {
            let totals: Vec<Shift> = strata.iter().map(|s| Shift { good: s.good, units: s.units }).collect();
            let weights: Vec<f64> = strata.iter().map(|s| s.weight).collect();
            strata::post_stratified(&totals, &weights, design_effect, confidence)
        })
    },
};
