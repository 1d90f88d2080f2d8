//! `neighbour-entropy`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::stats::diversity;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    points: Vec<Vec<f64>>,
    #[serde(default = "k")]
    k: usize,
}

#[derive(Serialize)]
struct Output {
    value: f64,
}

fn k() -> usize {
    3
}

pub(super) const METHOD: Method = Method {
    name: "neighbour-entropy",
    about: "The entropy of a set of points, from distances to k-th neighbours.",
    formula: "psi(N) - psi(k) + ln c_d + d mean ln eps_i",
    source: "Kozachenko and Leonenko, Problems of Information Transmission 23 (1987)",
    input: "points: coordinates of each point, to 5,000 points\nk: neighbour, default 3",
    output: "value: nats",
    example: (
        r#"{"points": [[0, 0], [1, 0], [0, 2], [3, 1], [2, 2], [1, 4]], "k": 2}"#,
        r#"{"value":3.9259293559597293}"#,
    ),
    run: |input| {
        answer(input, |Input { points, k }| diversity::neighbour_entropy(&points, k).map(|value| Output { value }))
    },
};
