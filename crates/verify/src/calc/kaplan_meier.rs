//! `kaplan-meier`.

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
    name: "kaplan-meier",
    about: "The share without an event by time, of times of which some ended before it; for display.",
    formula: "S = prod (1 - d/n); variance S^2 sum d/(n(n-d)) (Greenwood); ends S^exp(-+z sqrt(variance)/(S ln S))",
    source: "Kaplan and Meier, JASA 53 (1958); Kalbfleisch and Prentice (1980)",
    input: "times: list of times\nobserved: list of whether the event was seen at each\nconfidence: share, default 0.95\nside: lower (default), upper or two",
    output: "points: list, one per time with an event: time, at_risk: count, events: count, survival: share, variance: number, lower: share, upper: share\nmedian: time, null where more than half never have the event",
    example: (
        r#"{"times": [6, 6, 6, 6, 7], "observed": [true, true, true, false, true], "side": "two"}"#,
        r#"{"points": [{"time": 6.0, "at_risk": 5, "events": 3, "survival": 0.4, "variance": 0.04800000000000001, "lower": 0.05197575037746751, "upper": 0.7528157913587552}, {"time": 7.0, "at_risk": 1, "events": 1, "survival": 0.0, "variance": 0.0, "lower": null, "upper": null}], "median": 6.0}"#,
    ),
    run: |input| {
        answer(input, |Input { times, observed, confidence, side }| {
            survival::kaplan_meier(&times, &observed, confidence, side)
        })
    },
};
