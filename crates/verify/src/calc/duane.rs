//! `duane`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::reliability::{Terminated, growth};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    times: Vec<f64>,
    #[serde(default)]
    end: Option<f64>,
    #[serde(default)]
    terminated: Terminated,
}

pub(super) const METHOD: Method = Method {
    name: "duane",
    about: "Duane's line of reliability growth, for display.",
    formula: "least squares of ln(t_i/i) on ln t_i: cumulative MTBF = scale t^alpha; mtbf = cumulative MTBF at the end / (1-alpha)",
    source: "Duane, IEEE Transactions on Aerospace 2 (1964)",
    input: "times: list of times of failures since the start, in any order\nend: time at which the test ended; of a test that ended with a failure it may be left out\nterminated: time (default) or failure",
    output: "alpha: number, above 0 where failures become rarer\nscale: cumulative mean time between failures at time 1\nmtbf_cumulative: time, at the end, on the line\nmtbf: time, at the end; null where alpha is 1 or more",
    example: (
        r#"{"times": [10400, 26900, 43400, 66400, 89400, 130400, 163400, 232000, 242000, 340700], "terminated": "failure"}"#,
        r#"{"alpha": 0.33617199465228037, "scale": 424.47014453538384, "mtbf_cumulative": 30738.00836771936, "mtbf": 46304.175358824294}"#,
    ),
    run: |input| answer(input, |Input { times, end, terminated }| growth::duane(&times, end, terminated)),
};
