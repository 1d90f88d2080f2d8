//! `prediction-powered`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::Confidence;
use crate::stats::labels::{self, Audit};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    labelled_good: u64,
    units: u64,
    audit: Audit,
    #[serde(default)]
    confidence: Confidence,
}

pub(super) const METHOD: Method = Method {
    name: "prediction-powered",
    about: "A share from many machine labels and a few audited ones.",
    formula: "mean(label) + mean_audit(truth - label); variance s^2/N + s_d^2/n",
    source: "Angelopoulos et al., Science 382 (2023)",
    input: "labelled_good: count among units\nunits: count labelled by machine, without the audited\naudit: {both_good, false_good, false_failed, both_failed: counts}\nconfidence: share, default 0.95",
    output: "estimate: share, may leave 0 to 1\nstandard_error: share\nlower: share, normal bound",
    example: (
        r#"{"labelled_good": 950, "units": 1000, "audit": {"both_good": 90, "false_good": 4, "false_failed": 1, "both_failed": 5}}"#,
        r#"{"estimate": 0.9199999999999999, "standard_error": 0.023313239661341443, "lower": 0.8816531331870535}"#,
    ),
    run: |input| {
        answer(input, |Input { labelled_good, units, audit, confidence }| {
            labels::prediction_powered(labelled_good, units, audit, confidence)
        })
    },
};
