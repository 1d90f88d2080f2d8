//! `crow-amsaa`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::{Confidence, Side};
use crate::stats::reliability::{Terminated, growth};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    times: Vec<f64>,
    #[serde(default)]
    end: Option<f64>,
    #[serde(default)]
    terminated: Terminated,
    #[serde(default)]
    confidence: Confidence,
    #[serde(default)]
    side: Option<Side>,
}

pub(super) const METHOD: Method = Method {
    name: "crow-amsaa",
    about: "Reliability growth of one system as a power of time, and the mean time between failures at its end.",
    formula: "E N(t) = lambda t^beta; beta = N / sum ln(T/t_i), lambda = N/T^beta, mtbf = T/(N beta); unbiased beta (N-1)/sum, or (N-2)/sum where a failure ended the test; lower and upper are exact: mtbf N^2/z, where sum_{j<=N} z^j/(j!(j-1)!) has the share alpha of the whole row (test ended by time) or where the product of Gamma(N) and Gamma(N-1) is above z with probability alpha (by failure)",
    source: "Crow (1974); MIL-HDBK-189; Crow, Technometrics 24 (1982)",
    input: "times: list of times of failures since the start, in any order\nend: time at which the test ended; of a test that ended with a failure it may be left out\nterminated: time (default) or failure\nconfidence: share, default 0.95\nside: lower, upper or two (which shares alpha between the ends); without it both ends, each one-sided",
    output: "beta: number, below 1 where failures become rarer\nlambda: failures per time to the power of beta\nmtbf: time, at the end of the test\nlower: time, of mtbf, null where not asked for\nupper: time, of mtbf, null where not asked for or infinite\nbeta_unbiased: number\nmtbf_unbiased: time\nbeta_lower: number, with the error that an end of the interval has\nbeta_upper: number\nmtbf_cumulative: time, of the test over its failures\ncramer_von_mises: number, above about 0.173 where the model does not fit at 10 %\ncramer_von_mises_count: count of failures it is of",
    example: (
        r#"{"times": [2.6, 16.5, 16.5, 17.0, 21.4, 29.1, 33.3, 56.5, 63.1, 70.6, 73.0, 77.7, 93.9, 95.5, 98.1, 101.1, 132.0, 142.2, 147.7, 149.0, 167.2, 190.7, 193.0, 198.7, 251.9, 282.5, 286.1], "end": 300, "terminated": "time", "confidence": 0.9, "side": "two"}"#,
        r#"{"beta": 0.7163392623659982, "lambda": 0.4538418613726747, "mtbf": 15.51096204668749, "lower": 9.867247313557494, "upper": 26.08612460810574, "beta_unbiased": 0.6898081785746649, "mtbf_unbiased": 16.107537510021626, "beta_lower": 0.5056322876121857, "beta_upper": 0.9571515119707361, "mtbf_cumulative": 11.11111111111111, "cramer_von_mises": 0.09106112238623121, "cramer_von_mises_count": 27}"#,
    ),
    run: |input| {
        answer(input, |Input { times, end, terminated, confidence, side }| {
            let of = |side| growth::crow_amsaa(&times, end, terminated, confidence, side);
            let Some(side) = side else {
                // Both ends, each with all of alpha on its side.
                let mut both = of(Side::Lower)?;
                both.interval.upper = of(Side::Upper)?.interval.upper;
                return Ok(both);
            };
            of(side)
        })
    },
};
