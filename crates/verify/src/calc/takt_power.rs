//! `takt-power`.

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
    shifts: u32,
    #[serde(default)]
    confidence: Confidence,
}

#[derive(Serialize)]
struct Output {
    power: f64,
}

fn ratio() -> f64 {
    1.0
}

pub(super) const METHOD: Method = Method {
    name: "takt-power",
    about: "The power of a comparison of takts with so many shifts per arm.",
    formula: "P(T'_{2K-2, delta} >= t_C); delta = ln((1+margin)/ratio) / sqrt(2 (s_b^2 + s_w^2/n)/K)",
    source: "noncentral t distribution",
    input: "between_shift_deviation: standard deviation of ln takt between shifts\nwithin_shift_deviation: standard deviation of ln takt within a shift\nunits_per_shift: count\nmargin: share\nratio: true ratio of takts, default 1\nshifts: per arm, count\nconfidence: share, default 0.95",
    output: "power: share",
    example: (
        r#"{"between_shift_deviation": 0.08, "within_shift_deviation": 0.25, "units_per_shift": 100, "margin": 0.1, "shifts": 15}"#,
        r#"{"power":0.918150694274195}"#,
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
                 shifts,
                 confidence,
             }| {
                let plan = ShiftPlan {
                    between: between_shift_deviation,
                    within: within_shift_deviation,
                    units: units_per_shift,
                    margin,
                    ratio,
                };
                takt_plan::power(&plan, shifts, confidence).map(|power| Output { power })
            },
        )
    },
};
