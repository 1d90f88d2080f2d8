//! `takt-shifts-needed`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::bound::Confidence;
use crate::stats::takt_plan::{self, ShiftPlan};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    between_shift_deviation: f64,
    within_shift_deviation: f64,
    units_per_shift: f64,
    margin: f64,
    #[serde(default = "ratio")]
    ratio: f64,
    #[serde(default = "power")]
    power: Confidence,
    #[serde(default)]
    confidence: Confidence,
}

#[derive(Serialize)]
struct Output {
    shifts_per_arm: u32,
    power: f64,
}

/// 90 %.
fn power() -> Confidence {
    Confidence::new(0.9).unwrap_or_default()
}

fn ratio() -> f64 {
    1.0
}

pub(super) const METHOD: Method = Method {
    name: "takt-shifts-needed",
    about: "Shifts per arm for a comparison of takts, by the power of the test on shift means.",
    formula: "least K with P(T'_{2K-2, delta} >= t_C) >= power; delta = ln((1+margin)/ratio) / sqrt(2 (s_b^2 + s_w^2/n)/K)",
    source: "noncentral t distribution",
    input: "between_shift_deviation: standard deviation of ln takt between shifts\nwithin_shift_deviation: standard deviation of ln takt within a shift\nunits_per_shift: count\nmargin: share\nratio: true ratio of takts, default 1\npower: share, default 0.9\nconfidence: share, default 0.95",
    output: "shifts_per_arm: count\npower: share reached",
    example: (
        r#"{"between_shift_deviation": 0.08, "within_shift_deviation": 0.25, "units_per_shift": 100, "margin": 0.1}"#,
        r#"{"shifts_per_arm":14,"power":0.9004340002457192}"#,
    ),
    run: |input| {
        answer(
            input,
            |Input {
                 between_shift_deviation,
                 within_shift_deviation,
                 units_per_shift,
                 margin,
                 ratio,
                 power,
                 confidence,
             }| {
                let plan = ShiftPlan {
                    between: between_shift_deviation,
                    within: within_shift_deviation,
                    units: units_per_shift,
                    margin,
                    ratio,
                };
                let shifts_per_arm = takt_plan::shifts_per_arm(&plan, power, confidence)?;
                Ok(Output { shifts_per_arm, power: takt_plan::power(&plan, shifts_per_arm, confidence)? })
            },
        )
    },
};
