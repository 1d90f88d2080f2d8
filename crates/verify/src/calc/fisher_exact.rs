//! `fisher-exact`.

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
    name: "fisher-exact",
    about: "Whether two shares differ, given the successes of both; at most 5,000 trials per arm.",
    formula: "hypergeometric tail; two-sided: all tables no likelier than the one found",
    source: "Fisher, Journal of the Royal Statistical Society 98 (1935)",
    input: "x1: successes of the first arm\nn1: its trials\nx2: successes of the second arm\nn2: its trials\nalternative: less (the first share is smaller), greater or two (default)",
    output: "p: probability",
    example: (r#"{"x1": 30, "n1": 72, "x2": 20, "n2": 28, "alternative": "less"}"#, r#"{"p": 0.006741093089774296}"#),
    run: |input| {
        answer(input, |Input { x1, n1, x2, n2, alternative }| {
            Ok(Output { p: two_proportions::fisher(Arms { x1, n1, x2, n2 }, alternative)? })
        })
    },
};
