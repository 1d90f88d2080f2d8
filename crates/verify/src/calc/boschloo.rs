//! `boschloo`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::stats::two_proportions::{self, Alternative, Arms};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    x1: u64,
    n1: u64,
    x2: u64,
    n2: u64,
    #[serde(default)]
    alternative: Alternative,
}

#[derive(Serialize)]
struct Output {
    p: f64,
}

pub(super) const METHOD: Method = Method {
    name: "boschloo",
    about: "Whether two shares differ, exactly, for independent trials; at most 5,000 per arm.",
    formula: "sup over the common share of P(Fisher p <= the one found); two-sided: twice the smaller",
    source: "Boschloo, Statistica Neerlandica 24 (1970)",
    input: "x1: successes of the first arm\nn1: its trials\nx2: successes of the second arm\nn2: its trials\nalternative: less (the first share is smaller), greater or two (default)",
    output: "p: probability; 1e-25 stands for anything below",
    example: (r#"{"x1": 30, "n1": 72, "x2": 20, "n2": 28, "alternative": "less"}"#, r#"{"p": 0.003812526901818589}"#),
    run: |input| {
        answer(input, |Input { x1, n1, x2, n2, alternative }| {
            Ok(Output { p: two_proportions::boschloo(Arms { x1, n1, x2, n2 }, alternative)? })
        })
    },
};
