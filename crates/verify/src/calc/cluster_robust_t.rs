//! `cluster-robust-t`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::Confidence;
use crate::stats::cluster::{self, Shift};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    shifts: Vec<Shift>,
    #[serde(default)]
    confidence: Confidence,
}

pub(super) const METHOD: Method = Method {
    name: "cluster-robust-t",
    about: "A share over shifts with the standard error of whole shifts; for comparison, not for decisions.",
    formula: "standard_error = sqrt(K/(K-1) sum (s - p n)^2) / N; lower = p - t_(1-alpha, K-1) standard_error",
    source: "Liang and Zeger, Biometrika 73 (1986)",
    input: "shifts: list of {good: count, units: count}\nconfidence: share, default 0.95",
    output: "estimate: share\nstandard_error: share\ndegrees_of_freedom: count\nlower: share, not cut at 0",
    example: (
        r#"{"shifts": [{"good": 98, "units": 100}, {"good": 95, "units": 100}, {"good": 99, "units": 100}, {"good": 90, "units": 100}, {"good": 97, "units": 100}, {"good": 100, "units": 100}, {"good": 85, "units": 100}, {"good": 96, "units": 100}]}"#,
        r#"{"estimate": 0.95, "standard_error": 0.017928429140015904, "degrees_of_freedom": 7.0, "lower": 0.9160331817284536}"#,
    ),
    run: |input| answer(input, |Input { shifts, confidence }| cluster::cluster_t(&shifts, confidence)),
};
