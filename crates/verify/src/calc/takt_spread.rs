//! `takt-spread`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::rhythm;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    seconds: Vec<f64>,
}

pub(super) const METHOD: Method = Method {
    name: "takt-spread",
    about: "How evenly units come: variation, burstiness and the longest gap.",
    formula: "CV = s/m; B = (s-m)/(s+m)",
    source: "Goh and Barabasi, EPL 81 (2008)",
    input: "seconds: takts, seconds",
    output: "mean: seconds\ndeviation: seconds, with n-1\ncoefficient_of_variation: deviation by mean\nburstiness: -1 clockwork, 0 Poisson, towards 1 bursts\nlongest: seconds",
    example: (
        r#"{"seconds": [38, 40, 41, 39, 80]}"#,
        r#"{"mean":47.6,"deviation":18.14662503056698,"coefficient_of_variation":0.38123161828922225,"burstiness":-0.4479830707011886,"longest":80.0}"#,
    ),
    run: |input| answer(input, |Input { seconds }| rhythm::spread(&seconds)),
};
