//! `minhash`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::trajectory;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    a: Vec<Vec<f64>>,
    b: Vec<Vec<f64>>,
    step: f64,
    #[serde(default = "length")]
    length: usize,
    #[serde(default = "hashes")]
    hashes: usize,
    #[serde(default = "seed")]
    seed: u64,
}

fn length() -> usize {
    5
}

fn hashes() -> usize {
    128
}

fn seed() -> u64 {
    1
}

pub(super) const METHOD: Method = Method {
    name: "minhash",
    about: "How many pieces two trajectories share.",
    formula: "Jaccard's index of runs of quantised points, exact and by smallest hashes",
    source: "Broder, Compression and Complexity of Sequences (1997)",
    input: "a: coordinates of each point\nb: coordinates of each point\nstep: coordinates are rounded to multiples of it\nlength: points per piece, default 5\nhashes: count, default 128\nseed: whole number, default 1",
    output: "jaccard: share\nminhash: estimated share",
    example: (
        r#"{"a": [[0], [1], [2], [3], [4]], "b": [[0.01], [1.01], [2], [3], [9]], "step": 0.5, "length": 2}"#,
        r#"{"jaccard":0.6,"minhash":0.6328125}"#,
    ),
    run: |input| {
        answer(input, |Input { a, b, step, length, hashes, seed }| {
            trajectory::overlap(&a, &b, step, length, hashes, seed)
        })
    },
};
