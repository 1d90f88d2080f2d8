//! `trials-needed`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::bound::Confidence;
use crate::stats::proportion;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    share: f64,
    #[serde(default)]
    failures: u64,
    #[serde(default)]
    confidence: Confidence,
}

#[derive(Serialize)]
struct Output {
    trials: u64,
}

pub(super) const METHOD: Method = Method {
    name: "trials-needed",
    about: "The fewest independent trials that show a share with this many failures.",
    formula: "smallest n with P(X <= failures) <= alpha, X of Binomial(n, 1 - share); without failures ceil(ln alpha / ln share)",
    source: "Clopper and Pearson, Biometrika 26 (1934), turned around",
    input: "share: share to be shown\nfailures: count, default 0\nconfidence: share, default 0.95",
    output: "trials: count",
    example: (r#"{"share": 0.99, "failures": 0, "confidence": 0.95}"#, r#"{"trials": 299}"#),
    run: |input| {
        answer(input, |Input { share, failures, confidence }| {
            Ok(Output { trials: proportion::trials_needed(share, failures, confidence)? })
        })
    },
};
