//! `borrow`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::{Confidence, Side};
use crate::stats::transfer::{Site, borrowing};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    successes: u64,
    trials: u64,
    source: Site,
    #[serde(default)]
    changed: u32,
    #[serde(default)]
    cap: Option<f64>,
    #[serde(default)]
    confidence: Confidence,
    #[serde(default)]
    side: Side,
}

pub(super) const METHOD: Method = Method {
    name: "borrow",
    about: "A share with evidence of another place at a discount, at most as much as one's own.",
    formula: "w = min(max(0.2, 0.8^changed), cap, n/n0), and 0 where the prior-predictive probability is below 0.05; bounds of Beta(1 + w s0 + s, 1 + w f0 + f); predictive_p = 2 min of both tails of BetaBinomial(n; 1 + w s0, 1 + w f0) at s",
    source: "Ibrahim and Chen, Statistical Science 15 (2000); Box, JRSS A 143 (1980)",
    input: "successes: count of one's own\ntrials: count of one's own\nsource: {successes: count, trials: count}, which may be effective counts\nchanged: count of dimensions that differ (object family, fixture, floor, lighting, operator density), default 0\ncap: share, the most a unit may weigh, default 1\nconfidence: share, default 0.95\nside: lower (default), upper or two",
    output: "lower: share, null where not asked for\nupper: share, null where not asked for\nmean: share\nweight: of a unit of the source, share\nborrowed: units\npredictive_p: probability\nconflict: whether nothing is borrowed because of it",
    example: (
        r#"{"successes": 196, "trials": 200, "source": {"successes": 1940, "trials": 2000}, "changed": 2}"#,
        r#"{"lower": 0.9580673664371896, "upper": null, "mean": 0.972636815920398, "weight": 0.1, "borrowed": 200.0, "predictive_p": 0.5487849627735361, "conflict": false}"#,
    ),
    run: |input| {
        answer(input, |Input { successes, trials, source, changed, cap, confidence, side }| {
            borrowing::power_prior((successes, trials), source, changed, cap.unwrap_or(1.0), confidence, side)
        })
    },
};
