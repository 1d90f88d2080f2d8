//! `robust-map`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::{Confidence, Side};
use crate::stats::transfer::borrowing;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    successes: u64,
    trials: u64,
    prior_mean: f64,
    prior_strength: f64,
    #[serde(default)]
    weight: Option<f64>,
    #[serde(default)]
    confidence: Confidence,
    #[serde(default)]
    side: Side,
}

pub(super) const METHOD: Method = Method {
    name: "robust-map",
    about: "A share with a robust mixture prior, whose informative part gives way where one's own units disagree.",
    formula: "prior w Beta(m M', (1-m) M') + (1-w) Beta(1, 1) with M' = min(M, n); posterior weight by the marginal likelihoods B(s+a, f+b)/B(a, b); bounds of the posterior mixture",
    source: "Schmidli and others, Biometrics 70 (2014)",
    input: "successes: count of one's own\ntrials: count of one's own\nprior_mean: share, as mean of partial-pooling\nprior_strength: units, as strength of partial-pooling\nweight: share, default 0.5\nconfidence: share, default 0.95\nside: lower (default), upper or two",
    output: "lower: share, null where not asked for\nupper: share, null where not asked for\nmean: share\nweight: of the informative part after one's own units\nprior_units: units\npredictive_p: probability of one's own count by the informative part",
    example: (
        r#"{"successes": 196, "trials": 200, "prior_mean": 0.956674, "prior_strength": 92.6306}"#,
        r#"{"lower": 0.9553163268564207, "upper": null, "mean": 0.9727798315908273, "weight": 0.9378437664257412, "prior_units": 92.6306, "predictive_p": 0.43236259771396024}"#,
    ),
    run: |input| {
        answer(input, |Input { successes, trials, prior_mean, prior_strength, weight, confidence, side }| {
            borrowing::robust_map(
                (successes, trials),
                prior_mean,
                prior_strength,
                weight.unwrap_or(0.5),
                confidence,
                side,
            )
        })
    },
};
