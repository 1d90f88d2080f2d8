//! `partial-pooling`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::{Confidence, Side};
use crate::stats::transfer::{Site, pooling};

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
    name: "partial-pooling",
    about: "Each site's share drawn towards the others, as far as they agree.",
    formula: "maximum likelihood of the beta-binomial in mean and strength; shares (s + mean strength)/(n + strength); bounds BetaInv(a; mean strength, (1-mean) strength), which ignore that both are estimates",
    source: "Griffiths, Biometrics 29 (1973); Casella, The American Statistician 39 (1985)",
    input: "sites: list of {successes: count, trials: count}, which may be effective counts\nconfidence: share, default 0.95\nside: lower (default), upper or two",
    output: "mean: share\nstrength: units, null where the sites are more alike than by chance\nshares: list of shares, as the sites\nlower: share, null where not asked for or where the strength is null\nupper: the same",
    example: (
        r#"{"sites": [{"successes": 291, "trials": 300}, {"successes": 284, "trials": 300}, {"successes": 296, "trials": 300}, {"successes": 275, "trials": 300}, {"successes": 289, "trials": 300}]}"#,
        r#"{"mean": 0.9566739787285176, "strength": 92.6306010074948, "shares": [0.9668560846855834, 0.9490276220491054, 0.9795907008544962, 0.9261053129450624, 0.9617622382180182], "lower": 0.91735496684036, "upper": null}"#,
    ),
    run: |input| answer(input, |Input { sites, confidence, side }| pooling::partial_pooling(&sites, confidence, side)),
};
