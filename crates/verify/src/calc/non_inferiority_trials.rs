//! `non-inferiority-trials`.

use serde::{Deserialize, Serialize};

use super::{Method, answer};
use crate::bound::Confidence;
use crate::stats::two_proportions;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    share1: f64,
    share2: f64,
    margin: f64,
    power: f64,
    #[serde(default = "one")]
    design_effect: f64,
    #[serde(default)]
    confidence: Confidence,
}

#[derive(Serialize)]
struct Output {
    trials_per_arm: u64,
}

fn one() -> f64 {
    1.0
}

pub(super) const METHOD: Method = Method {
    name: "non-inferiority-trials",
    about: "The trials of each arm that show with this power that the first share is at most a margin smaller.",
    formula: "(p1 q1 + p2 q2) (z_(1-alpha) + z_power)^2 / (p1 - p2 + margin)^2, times the design effect, rounded up",
    source: "Blackwelder, Controlled Clinical Trials 3 (1982)",
    input: "share1: true first share\nshare2: true second share\nmargin: share\npower: share\ndesign_effect: factor, default 1\nconfidence: share, default 0.95",
    output: "trials_per_arm: count",
    example: (r#"{"share1": 0.98, "share2": 0.98, "margin": 0.02, "power": 0.9}"#, r#"{"trials_per_arm": 840}"#),
    run: |input| {
        answer(input, |Input { share1, share2, margin, power, design_effect, confidence }| {
            let shares = (share1, share2);
            let trials_per_arm =
                two_proportions::non_inferiority_trials(shares, margin, power, design_effect, confidence)?;
            Ok(Output { trials_per_arm })
        })
    },
};
