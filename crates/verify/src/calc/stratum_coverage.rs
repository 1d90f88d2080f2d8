//! `stratum-coverage`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::strata;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    strata: Vec<Stratum>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stratum {
    units: u64,
    weight: f64,
}

pub(super) const METHOD: Method = Method {
    name: "stratum-coverage",
    about: "How well the units seen cover the work as declared.",
    formula: "overlap = 1 - sum |n/N - W| / 2; effective_units = 1 / sum (W^2/n); fit = sum (n - N W)^2 / (N W)",
    source: "Kish, Survey Sampling (1965)",
    input: "strata: list of {units: count, weight: share}, weights sum to 1",
    output: "overlap: share\neffective_units: count\neffective_share: of all units\nthin: positions of strata with a weight of at least 0.05 and fewer than 29 units\nfit: {statistic, degrees_of_freedom, p}, null where a stratum without weight has units\ncovered: whether overlap >= 0.8, effective_share >= 0.5 and none is thin",
    example: (
        r#"{"strata": [{"units": 200, "weight": 0.5}, {"units": 100, "weight": 0.3}, {"units": 50, "weight": 0.2}]}"#,
        r#"{"overlap": 0.9285714285714286, "effective_units": 338.9830508474576, "effective_share": 0.9685230024213074, "thin": [], "fit": {"statistic": 9.523809523809524, "degrees_of_freedom": 2.0, "p": 0.008549309479686053}, "covered": true}"#,
    ),
    run: |input| {
        answer(input, |Input { strata }| {
            let units: Vec<u64> = strata.iter().map(|s| s.units).collect();
            let weights: Vec<f64> = strata.iter().map(|s| s.weight).collect();
            strata::coverage(&units, &weights)
        })
    },
};
