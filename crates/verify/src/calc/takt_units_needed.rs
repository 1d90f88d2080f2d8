//! `takt-units-needed`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::bound::Confidence;
use crate::stats::takt_plan;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    coefficient_of_variation: f64,
    margin: f64,
    #[serde(default = "power")]
    power: Confidence,
    #[serde(default)]
    confidence: Confidence,
}

#[derive(Serialize)]
struct Output {
    units_per_arm: f64,
}

/// 90 %.
fn power() -> Confidence {
    Confidence::new(0.9).unwrap_or_default()
}

pub(super) const METHOD: Method = Method {
    name: "takt-units-needed",
    about: "Units per arm for a comparison of independent units in a laboratory.",
    formula: "n = 2 (z_C + z_power)^2 ln(1+cv^2) / ln(1+margin)^2",
    source: "Julious, Statistics in Medicine 23 (2004)",
    input: "coefficient_of_variation: of takts\nmargin: share\npower: share, default 0.9\nconfidence: share, default 0.95",
    output: "units_per_arm: count",
    example: (r#"{"coefficient_of_variation": 0.2, "margin": 0.1}"#, r#"{"units_per_arm":74.0}"#),
    run: |input| {
        answer(input, |Input { coefficient_of_variation, margin, power, confidence }| {
            takt_plan::units_per_arm(coefficient_of_variation, margin, power, confidence)
                .map(|units_per_arm| Output { units_per_arm })
        })
    },
};
