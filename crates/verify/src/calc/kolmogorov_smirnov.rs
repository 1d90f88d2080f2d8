//! `kolmogorov-smirnov`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::stats::rank;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    robot: Vec<f64>,
    human: Vec<f64>,
}

#[derive(Serialize)]
struct Output {
    distance: f64,
    p: f64,
}

pub(super) const METHOD: Method = Method {
    name: "kolmogorov-smirnov",
    about: "Whether two samples of independent units have one distribution. For laboratory trials only.",
    formula: "D = max |F_n - G_m|; p = share of lattice paths that leave the band",
    source: "Hodges, Arkiv foer Matematik 3 (1958)",
    input: "robot: values of independent units\nhuman: values of independent units",
    output: "distance: share\np: two-sided, exact",
    example: (
        r#"{"robot": [38.1, 39.4, 37.2, 41.0, 36.8, 40.2, 39.9, 38.7, 37.9, 42.3, 36.5, 39.0], "human": [35.2, 41.8, 37.0, 36.1, 44.9, 33.8, 38.5, 40.3, 36.6, 39.7, 35.9, 43.2]}"#,
        r#"{"distance":0.3333333333333333,"p":0.5360977695073805}"#,
    ),
    run: |input| {
        answer(input, |Input { robot, human }| {
            rank::kolmogorov_smirnov(&robot, &human).map(|(distance, p)| Output { distance, p })
        })
    },
};
