//! `alpha-spending`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::spending::{self, Spending};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    information: Vec<f64>,
    #[serde(default = "usual")]
    alpha: f64,
    #[serde(default)]
    spending: Spending,
}

fn usual() -> f64 {
    0.05
}

pub(super) const METHOD: Method = Method {
    name: "alpha-spending",
    about: "What of alpha each planned look may spend.",
    formula: "obrien-fleming: 2 (1 - Phi(z_(1-alpha/2) / sqrt t)); pocock: alpha ln(1 + (e-1) t); a look gets the increment",
    source: "Lan and DeMets, Biometrika 70 (1983)",
    input: "information: shares of the planned shifts at which is looked, rising\nalpha: share, default 0.05\nspending: obrien-fleming (default) or pocock",
    output: "cumulative: shares spent up to and with each look\nincrements: shares each look may spend",
    example: (
        r#"{"information": [0.25, 0.5, 0.75, 1.0], "alpha": 0.05}"#,
        r#"{"cumulative": [0.00008857543832140386,0.005574596680784415,0.02362512131760119,0.05], "increments": [0.00008857543832140386,0.005486021242463011,0.018050524636816775,0.026374878682398812]}"#,
    ),
    run: |input| answer(input, |Input { information, alpha, spending }| spending::looks(&information, alpha, spending)),
};
