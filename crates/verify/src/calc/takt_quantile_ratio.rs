//! `takt-quantile-ratio`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::{Confidence, Side};
use crate::stats::takt_tail::{self, TaktHistogram};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    robot: Vec<Vec<f64>>,
    human: Vec<Vec<f64>>,
    #[serde(default = "quantile")]
    quantile: f64,
    #[serde(default = "replicates")]
    replicates: u32,
    #[serde(default = "seed")]
    seed: u64,
    #[serde(default)]
    confidence: Confidence,
    #[serde(default = "upper")]
    side: Side,
}

fn quantile() -> f64 {
    0.95
}

fn replicates() -> u32 {
    2_000
}

fn seed() -> u64 {
    1
}

fn upper() -> Side {
    Side::Upper
}

pub(super) const METHOD: Method = Method {
    name: "takt-quantile-ratio",
    about: "The ratio of a high quantile of takt, robots by people, with a bound from a bootstrap of whole shifts.",
    formula: "expanded percentile interval of ln q_R - ln q_H over resampled shifts, on histograms of ln takt with bins of 0.002",
    source: "Hesterberg, The American Statistician 69 (2015)",
    input: "robot: takts per shift, seconds\nhuman: takts per shift, seconds\nquantile: share, default 0.95\nreplicates: resamplings, default 2,000\nseed: whole number, default 1\nconfidence: share, default 0.95\nside: upper (default), lower or two",
    output: "ratio: robot by human, to 0.2 %\nlower: ratio, null where not asked for\nupper: ratio, null where not asked for, at most 0.4 % too wide\nrobot_s: quantile, seconds\nhuman_s: quantile, seconds",
    example: (
        r#"{"robot": [[38, 40, 41, 60], [39, 42, 40, 55], [37, 40, 39, 70], [38, 41, 62], [36, 40, 66], [39, 39, 58]], "human": [[40, 38, 50], [41, 43, 52], [39, 40, 58], [38, 44, 49], [37, 40, 55], [42, 39, 60]]}"#,
        r#"{"ratio":1.100759063993979,"lower":null,"upper":1.2737941928161949,"robot_s":66.01155576255748,"human_s":59.96912305499631}"#,
    ),
    run: |input| {
        answer(input, |Input { robot, human, quantile, replicates, seed, confidence, side }| {
            let histograms = |shifts: &[Vec<f64>]| -> Result<Vec<_>, _> {
                shifts.iter().map(|takts| TaktHistogram::new(takts)).collect()
            };
            takt_tail::quantile_ratio(
                &histograms(&robot)?,
                &histograms(&human)?,
                quantile,
                replicates,
                seed,
                confidence,
                side,
            )
        })
    },
};
