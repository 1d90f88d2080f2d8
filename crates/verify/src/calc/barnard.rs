//! `barnard`.

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
    #[serde(default = "yes")]
    pooled: bool,
}

#[derive(Serialize)]
struct Output {
    p: f64,
}

fn yes() -> bool {
    true
}

pub(super) const METHOD: Method = Method {
    name: "barnard",
    about: "Whether two shares differ, exactly, by Wald's statistic; at most 5,000 trials per arm.",
    formula: "sup over the common share of P(statistic at least as far), statistic = (p1-p2) / sqrt(variance)",
    source: "Barnard, Nature 156 (1945)",
    input: "x1: successes of the first arm\nn1: its trials\nx2: successes of the second arm\nn2: its trials\nalternative: less (the first share is smaller), greater or two (default)\npooled: whether the variance is that of the pooled share, default true",
    output: "p: probability; 1e-25 stands for anything below",
    example: (r#"{"x1": 30, "n1": 72, "x2": 20, "n2": 28, "alternative": "less"}"#, r#"{"p": 0.006437325662489302}"#),
    run: |input| {
        answer(input, |Input { x1, n1, x2, n2, alternative, pooled }| {
            Ok(Output { p: two_proportions::barnard(Arms { x1, n1, x2, n2 }, alternative, pooled)? })
        })
    },
};
