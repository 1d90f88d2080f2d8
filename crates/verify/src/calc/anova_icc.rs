//! `anova-icc`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::bound::Confidence;
use crate::stats::cluster::{Anova, Rule, Shift, Tables};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    shifts: Vec<Shift>,
}

#[derive(Serialize)]
struct Output {
    estimate: f64,
    mean_square_between: Option<f64>,
    mean_square_within: Option<f64>,
    size: f64,
    icc: Option<f64>,
    icc_upper: Option<f64>,
    design_effect: Option<f64>,
    effective_units: Option<f64>,
}

pub(super) const METHOD: Method = Method {
    name: "anova-icc",
    about: "How much units of one shift resemble each other, with an upper bound at 80 %.",
    formula: "icc = (MSB-MSW)/(MSB+(n0-1)MSW), n0 = (N - sum n^2/N)/(K-1); upper = (F/q-1)/(F/q+n0-1), F = MSB/MSW, q = FInv(0.2; K-1, N-K); design_effect = 1+(n0-1)icc",
    source: "Ridout, Demetrio and Firth, Biometrics 55 (1999); Searle, Linear Models (1971)",
    input: "shifts: list of {good: count, units: count}",
    output: "estimate: share of good units\nmean_square_between: MSB, null for one shift\nmean_square_within: MSW, null where every shift has one unit\nsize: units, n0\nicc: null where it cannot be estimated\nicc_upper: at 80 %\ndesign_effect: with icc\neffective_units: N / design_effect, null where that is not positive",
    example: (
        r#"{"shifts": [{"good": 98, "units": 100}, {"good": 95, "units": 100}, {"good": 99, "units": 100}, {"good": 90, "units": 100}, {"good": 97, "units": 100}, {"good": 100, "units": 100}, {"good": 85, "units": 100}, {"good": 96, "units": 100}]}"#,
        r#"{"estimate": 0.95, "mean_square_between": 0.2571428571428571, "mean_square_within": 0.04570707070707071, "size": 100.0, "icc": 0.04421360732040343, "icc_upper": 0.0851755747509344, "design_effect": 5.377147124719939, "effective_units": 148.7777777777778}"#,
    ),
    run: |input| {
        answer(input, |Input { shifts }| {
            let anova = Anova::of(&shifts)?;
            let tables = Tables::new(anova.shifts, anova.units, Confidence::USUAL)?;
            let design_effect = anova.icc().map(|icc| anova.design_effect(icc, Rule::Amended));
            Ok(Output {
                estimate: anova.estimate,
                mean_square_between: anova.between,
                mean_square_within: anova.within,
                size: anova.size,
                icc: anova.icc(),
                icc_upper: anova.icc_upper(tables.fisher),
                design_effect,
                // OK: counts beyond 2^53 do not occur.
                effective_units: design_effect.filter(|effect| *effect > 0.0).map(|effect| anova.units as f64 / effect),
            })
        })
    },
};
