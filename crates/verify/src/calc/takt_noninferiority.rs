//! `takt-noninferiority`.

use serde::Deserialize;

use super::{Method, answer};
use crate::bound::{Confidence, Side};
use crate::stats::rhythm;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    robot: Vec<Vec<f64>>,
    human: Vec<Vec<f64>>,
    margin: f64,
    #[serde(default)]
    confidence: Confidence,
    #[serde(default = "upper")]
    side: Side,
}

fn upper() -> Side {
    Side::Upper
}

pub(super) const METHOD: Method = Method {
    name: "takt-noninferiority",
    about: "Whether robots keep the takt of people within a margin, shift by shift.",
    formula: "t = (mean_R - mean_H - ln(1+margin)) / sqrt(s_R^2/K_R + s_H^2/K_H) on shift means of ln takt, Welch's df; upper = exp(mean_R - mean_H + t_C se)",
    source: "Welch, Biometrika 34 (1947)",
    input: "robot: takts per shift, seconds\nhuman: takts per shift, seconds\nmargin: share, 0.10 for 10 %\nconfidence: share, default 0.95\nside: upper (default), lower or two",
    output: "ratio: of geometric means, robot by human\nlower: ratio, null where not asked for\nupper: ratio, null where not asked for\np: one-sided, of a ratio of at least 1 + margin\nt: statistic, null where nothing varies\ndf: degrees of freedom, null where nothing varies\nrobot_shifts: count\nhuman_shifts: count",
    example: (
        r#"{"robot": [[38, 40, 41], [39, 42, 40], [37, 40, 39]], "human": [[40, 38], [41, 43], [39, 40]], "margin": 0.15}"#,
        r#"{"ratio":0.9848918537610979,"lower":null,"upper":1.046366273250162,"p":0.004415568842257938,"t":-5.9713875800236025,"df":3.066195608702146,"robot_shifts":3,"human_shifts":3}"#,
    ),
    run: |input| {
        answer(input, |Input { robot, human, margin, confidence, side }| {
            rhythm::noninferiority(
                &rhythm::shift_means("robot", &robot)?,
                &rhythm::shift_means("human", &human)?,
                margin,
                confidence,
                side,
            )
        })
    },
};
