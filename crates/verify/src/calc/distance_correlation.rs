//! `distance-correlation`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::regularity;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    x: Vec<Vec<f64>>,
    y: Vec<Vec<f64>>,
    #[serde(default = "replicates")]
    replicates: u32,
    #[serde(default = "seed")]
    seed: u64,
}

fn replicates() -> u32 {
    2_000
}

fn seed() -> u64 {
    1
}

pub(super) const METHOD: Method = Method {
    name: "distance-correlation",
    about: "Whether trajectories depend on where the object is.",
    formula: "dCor_n = sqrt(V(x,y)/sqrt(V(x,x) V(y,y))); p from random pairings",
    source: "Szekely, Rizzo and Bakirov, Annals of Statistics 35 (2007)",
    input: "x: coordinates per item, say of an object's pose\ny: coordinates per item, say of the trajectory\nreplicates: random orders, default 2,000\nseed: whole number, default 1",
    output: "value: correlation\np: share of pairings as large",
    example: (
        r#"{"x": [[0, 0], [1, 0], [2, 1], [3, 3], [4, 1], [5, 2]], "y": [[0.1], [1.2], [1.9], [3.2], [4.1], [4.8]]}"#,
        r#"{"value":0.9816587257525112,"p":0.0024987506246876563}"#,
    ),
    run: |input| {
        answer(input, |Input { x, y, replicates, seed }| regularity::distance_correlation(&x, &y, replicates, seed))
    },
};
