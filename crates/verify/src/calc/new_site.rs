//! `new-site`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::{Confidence, Side};
use crate::stats::transfer::{Site, hierarchical};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    sites: Vec<Site>,
    #[serde(default)]
    scale: Option<f64>,
    #[serde(default)]
    confidence: Confidence,
    #[serde(default)]
    side: Side,
}

pub(super) const METHOD: Method = Method {
    name: "new-site",
    about: "The share of a new site, of a hierarchical model by Bayes' rule.",
    formula: "s_i ~ Bin(n_i, p_i), logit p_i ~ N(mu, tau^2), tau half-normal(scale), 1/(1+exp(-mu)) uniform; posterior predictive of one more p, by quadrature",
    source: "Gelman, Bayesian Analysis 1 (2006), for the prior of tau",
    input: "sites: list of {successes: count, trials: count}, which may be effective counts, from 2 to 50\nscale: of tau's prior, default 0.5\nconfidence: share, default 0.95\nside: lower (default), upper or two",
    output: "scale: as given\nlower: share, null where not asked for\nupper: share, null where not asked for\nmean: share of a new site\ntau: root of the expected squared spread between sites, on logits\nsensitivity: list of the same with scales 0.25 and 1",
    example: (
        r#"{"sites": [{"successes": 291, "trials": 300}, {"successes": 284, "trials": 300}, {"successes": 296, "trials": 300}, {"successes": 275, "trials": 300}, {"successes": 289, "trials": 300}]}"#,
        r#"{"scale": 0.5, "lower": 0.8814789605015001, "upper": null, "mean": 0.9487130485270854, "tau": 0.6179221153902195, "sensitivity": [{"scale": 0.25, "lower": 0.9139786601385247, "upper": null, "mean": 0.9539910767193223, "tau": 0.4180897022845761}, {"scale": 1.0, "lower": 0.8307516150132753, "upper": null, "mean": 0.9390101137441346, "tau": 0.8305397919412304}]}"#,
    ),
    run: |input| {
        answer(input, |Input { sites, scale, confidence, side }| {
            hierarchical::new_site(&sites, scale.unwrap_or(hierarchical::SCALE), confidence, side)
        })
    },
};
