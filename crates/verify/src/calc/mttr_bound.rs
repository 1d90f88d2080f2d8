//! `mttr-bound`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::{Confidence, Side};
use crate::stats::reliability::repair;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    times: Vec<f64>,
    #[serde(default)]
    confidence: Confidence,
    #[serde(default)]
    side: Side,
}

pub(super) const METHOD: Method = Method {
    name: "mttr-bound",
    about: "Mean and median of lognormal repair times.",
    formula: "of the logarithms: mean exp(y + s^2/2 -+ t sqrt(s^2/n + s^4/(2(n-1)))), median exp(y -+ t s/sqrt(n)), t of n-1 degrees of freedom",
    source: "Olsson, Journal of Statistics Education 13 (2005)",
    input: "times: list of times, at least 3\nconfidence: share, default 0.95\nside: lower (default), upper or two",
    output: "mean: time\nlower: time, of the mean, null where not asked for\nupper: time, of the mean, null where not asked for or infinite\nmedian: time\nmedian_lower: time\nmedian_upper: time",
    example: (
        r#"{"times": [0.5, 1.2, 0.8, 4.0, 2.1], "side": "upper"}"#,
        r#"{"mean": 1.8399245990308262, "lower": null, "upper": 4.626608602735896, "median": 1.3216123997973532, "median_lower": null, "median_upper": 2.870291700628136}"#,
    ),
    run: |input| answer(input, |Input { times, confidence, side }| repair::mttr(&times, confidence, side)),
};
