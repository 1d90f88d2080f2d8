//! `random-effects`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::{Confidence, Side};
use crate::stats::transfer::{Site, meta};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    sites: Vec<Site>,
    #[serde(default)]
    confidence: Confidence,
    #[serde(default)]
    side: Side,
}

pub(super) const METHOD: Method = Method {
    name: "random-effects",
    about: "The share of the middle site, and of a new one, by moments.",
    formula: "y = ln((s+1/2)/(f+1/2)), v = 1/(s+1/2) + 1/(f+1/2); tau2 = max(0, (Q-(k-1))/(sum 1/v - sum v^-2/sum 1/v)); m with weights 1/(v+tau2); bounds of a new site m -+ t(k-2) sqrt(tau2 + se^2), of the mean m -+ z se",
    source: "DerSimonian and Laird, Controlled Clinical Trials 7 (1986); Higgins, Thompson and Spiegelhalter, JRSS A 172 (2009)",
    input: "sites: list of {successes: count, trials: count}, which may be effective counts, at least 3\nconfidence: share, default 0.95\nside: lower (default), upper or two",
    output: "mean: share of the middle site\nmean_lower: share, null where not asked for\nmean_upper: share, null where not asked for\nlower: share of a new site, null where not asked for\nupper: share of a new site, null where not asked for\ntau2: variance between sites, on logits\nq: number\nq_p: probability\ni2: share\nsites: count",
    example: (
        r#"{"sites": [{"successes": 291, "trials": 300}, {"successes": 284, "trials": 300}, {"successes": 296, "trials": 300}, {"successes": 275, "trials": 300}, {"successes": 289, "trials": 300}]}"#,
        r#"{"mean": 0.9580048393255973, "mean_lower": 0.9355377305006247, "mean_upper": null, "lower": 0.8484510601385659, "upper": null, "tau2": 0.28072711820915147, "q": 17.38598069130005, "q_p": 0.0016260730118096824, "i2": 0.7699295730840423, "sites": 5}"#,
    ),
    run: |input| answer(input, |Input { sites, confidence, side }| meta::random_effects(&sites, confidence, side)),
};
