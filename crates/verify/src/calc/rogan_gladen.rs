//! `rogan-gladen`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::labels;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    labelled: u64,
    trials: u64,
    sensitivity: f64,
    specificity: f64,
}

pub(super) const METHOD: Method = Method {
    name: "rogan-gladen",
    about: "A share corrected for a labeller whose errors are known.",
    formula: "(labelled/trials + specificity - 1) / (sensitivity + specificity - 1)",
    source: "Rogan and Gladen, American Journal of Epidemiology 107 (1978)",
    input: "labelled: count labelled good\ntrials: count\nsensitivity: share of good labelled good\nspecificity: share of failed labelled failed",
    output: "estimate: share, cut to 0 to 1\nuncut: the same before the cut\nstandard_error: share",
    example: (
        r#"{"labelled": 865, "trials": 1000, "sensitivity": 0.95, "specificity": 0.9}"#,
        r#"{"estimate": 0.9, "uncut": 0.9, "standard_error": 0.012713233167760853}"#,
    ),
    run: |input| {
        answer(input, |Input { labelled, trials, sensitivity, specificity }| {
            labels::rogan_gladen(labelled, trials, sensitivity, specificity)
        })
    },
};
