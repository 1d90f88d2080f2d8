//! `mann-whitney`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::Side;
use crate::stats::rank;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    robot: Vec<f64>,
    human: Vec<f64>,
    #[serde(default)]
    margin: f64,
    #[serde(default = "upper")]
    side: Side,
}

fn upper() -> Side {
    Side::Upper
}

pub(super) const METHOD: Method = Method {
    name: "mann-whitney",
    about: "Whether one sample of independent units is smaller, by order. For laboratory trials only.",
    formula: "U = pairs with robot > human (1 + margin), ties one half; p from the exact distribution without ties, U rounded up, to 10,000 pairs; normal beyond",
    source: "Mann and Whitney, Annals of Mathematical Statistics 18 (1947)",
    input: "robot: values of independent units\nhuman: values of independent units\nmargin: share that human values are raised by, default 0\nside: upper (default: is robot smaller), lower (is it larger) or two",
    output: "u: pairs\np: of the side\nexact: true or false\nties: true or false",
    example: (
        r#"{"robot": [38.1, 39.4, 37.2, 41.0, 36.8, 40.2, 39.9, 38.7, 37.9, 42.3, 36.5, 39.0], "human": [35.2, 41.8, 37.0, 36.1, 44.9, 33.8, 38.5, 40.3, 36.6, 39.7, 35.9, 43.2], "margin": 0.1}"#,
        r#"{"u":28.0,"p":0.005022269425284637,"exact":true,"ties":false}"#,
    ),
    run: |input| {
        answer(input, |Input { robot, human, margin, side }| {
            let margin = crate::bound::within("margin", margin, 0.0..=10.0, "from 0 to 10")?;
            let human: Vec<f64> = human.iter().map(|value| value * (1.0 + margin)).collect();
            rank::mann_whitney(&robot, &human, side)
        })
    },
};
