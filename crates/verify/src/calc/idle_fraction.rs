//! `idle-fraction`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::signal;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    speeds: Vec<f64>,
    #[serde(default)]
    gripper_changes: Vec<bool>,
    threshold: f64,
}

pub(super) const METHOD: Method = Method {
    name: "idle-fraction",
    about: "The share of idle steps of a demonstration, idle ends cut off.",
    formula: "share of steps with speed < threshold and no gripper change",
    source: "prairie",
    input: "speeds: norm of joint speed per step\ngripper_changes: true or false per step, default none\nthreshold: in the unit of the speeds",
    output: "share: of steps between the first and the last active one\nleading: steps\ntrailing: steps",
    example: (r#"{"speeds": [0, 0, 1, 0, 0, 1, 0], "threshold": 0.1}"#, r#"{"share":0.5,"leading":2,"trailing":1}"#),
    run: |input| {
        answer(input, |Input { speeds, gripper_changes, threshold }| {
            signal::idle_fraction(&speeds, &gripper_changes, threshold)
        })
    },
};
