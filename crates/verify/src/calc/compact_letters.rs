//! `compact-letters`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::stats::many;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    count: usize,
    different: Vec<(usize, usize)>,
}

#[derive(Serialize)]
struct Output {
    letters: Vec<String>,
}

pub(super) const METHOD: Method = Method {
    name: "compact-letters",
    about: "Letters for policies: two share one exactly where they were not shown to differ.",
    formula: "insert and absorb",
    source: "Piepho, Journal of Computational and Graphical Statistics 13 (2004)",
    input: "count: policies, at most 52, best first\ndifferent: list of pairs of positions from 0",
    output: "letters: a text for each policy",
    example: (r#"{"count": 4, "different": [[0, 2], [0, 3], [1, 3]]}"#, r#"{"letters": ["a", "ab", "bc", "c"]}"#),
    run: |input| {
        answer(input, |Input { count, different }| Ok(Output { letters: many::compact_letters(count, &different)? }))
    },
};
