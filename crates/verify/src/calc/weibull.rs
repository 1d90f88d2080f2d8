//! `weibull`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::{Confidence, Side};
use crate::stats::reliability::survival;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    times: Vec<f64>,
    observed: Vec<bool>,
    #[serde(default)]
    confidence: Confidence,
    #[serde(default)]
    side: Side,
}

pub(super) const METHOD: Method = Method {
    name: "weibull",
    about: "The Weibull distribution of times of which some ended before the event.",
    formula: "1/k + mean_events(ln t) - sum t^k ln t / sum t^k = 0; scale = (sum t^k / r)^(1/k); ends by the observed information of ln k and ln scale",
    source: "Lawless, Statistical Models and Methods for Lifetime Data (2003), section 5.2",
    input: "times: list of times\nobserved: list of whether the event was seen at each\nconfidence: share, default 0.95\nside: lower (default), upper or two",
    output: "shape: number, above 1 where things wear out\nscale: time by which 63 % have the event\nshape_lower: number\nshape_upper: number\nscale_lower: time\nscale_upper: time\nln_likelihood: number\nevents: count",
    example: (
        r#"{"times": [6, 13, 21, 30, 37, 38, 49, 50, 63, 79, 86, 98, 202, 219], "observed": [true, true, true, false, true, false, false, false, false, false, false, false, true, true], "side": "two"}"#,
        r#"{"shape": 1.011229383258661, "scale": 164.24660639520644, "shape_lower": 0.5357222197314716, "shape_upper": 1.9087968127927528, "scale_lower": 70.111182357963, "scale_upper": 384.77382359075153, "ln_likelihood": -36.641140362520765, "events": 6}"#,
    ),
    run: |input| {
        answer(input, |Input { times, observed, confidence, side }| {
            survival::weibull(&times, &observed, confidence, side)
        })
    },
};
