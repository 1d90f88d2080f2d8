//! Unitree's low-level state and command: `unitree_go` and `unitree_hg`.

use arrow::array::{Array, ListArray};
use prairie_model::StreamKind;

use super::{Input, Lens};
use crate::part::{Part, element};

/// Motors are joints in the order of the robot's manual, without names; the inertial unit goes beside them.
#[derive(Debug)]
pub(crate) struct Unitree;

impl Lens for Unitree {
    fn name(&self) -> &'static str {
        "unitree"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &[
            "unitree_go/LowCmd",
            "unitree_go/LowState",
            "unitree_go/MotorStates",
            "unitree_hg/HandCmd",
            "unitree_hg/HandState",
            "unitree_hg/LowCmd",
            "unitree_hg/LowState",
        ]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        let motors = ["motor_state", "motor_cmd", "states"].into_iter().find(|path| input.at(path).is_some());
        let Some(motors) = motors else { return Vec::new() };
        let list = |field: &str| input.lists(&format!("{motors}.{field}"));
        let Some(position) = list("q") else { return Vec::new() };
        let mut parts = Vec::new();
        if motors == "motor_cmd" {
            let streams =
                [("q", "", Some("absolute"), Some("rad")), ("dq", "velocity", Some("velocity"), Some("rad/s"))];
            let more = [("tau", "effort", None, Some("N·m")), ("kp", "kp", None, None), ("kd", "kd", None, None)];
            for (field, suffix, representation, unit) in streams.into_iter().chain(more) {
                let Some(value) = list(field) else { continue };
                let mut part = input.part(StreamKind::Action).suffix(suffix).with("value", Some(value));
                part.facts.representation = representation.map(str::to_owned);
                part.facts.unit = unit.map(str::to_owned);
                parts.push(part);
            }
            return parts;
        }
        let state = input
            .part(StreamKind::JointState)
            .unit("rad")
            .with("position", Some(position))
            .with("velocity", list("dq"))
            .with("effort", list("tau_est"));
        parts.push(state);
        for field in ["ddq", "temperature", "vol", "motorstate", "mode", "lost"] {
            let part =
                |value| input.part(StreamKind::Vector).suffix(format!("motor.{field}")).with("value", Some(value));
            parts.extend(list(field).map(part));
        }
        parts.extend(imu(input));
        for field in ["foot_force", "wireless_remote", "press_sensor_state.pressure"] {
            let kind = if field.starts_with("press") { StreamKind::Tactile } else { StreamKind::Vector };
            parts.extend(input.lists(field).map(|value| input.part(kind).suffix(field).with("value", Some(value))));
        }
        parts
    }
}

fn imu(input: &Input<'_>) -> Option<Part> {
    let list = |field: &str| input.lists(&format!("imu_state.{field}"));
    let (accelerometer, gyroscope) = (list("accelerometer")?, list("gyroscope")?);
    // Unitree writes quaternions with w first.
    let quaternion = list("quaternion");
    let q = |at: usize| quaternion.as_ref().and_then(|list| element(list, at));
    let axis = |list: &ListArray, at| if list.is_empty() { None } else { element(list, at) };
    let part = input
        .part(StreamKind::Imu)
        .suffix("imu")
        .unit("m/s², rad/s")
        .with("ax_mps2", axis(&accelerometer, 0))
        .with("ay_mps2", axis(&accelerometer, 1))
        .with("az_mps2", axis(&accelerometer, 2))
        .with("wx_radps", axis(&gyroscope, 0))
        .with("wy_radps", axis(&gyroscope, 1))
        .with("wz_radps", axis(&gyroscope, 2))
        .with("qw", q(0))
        .with("qx", q(1))
        .with("qy", q(2))
        .with("qz", q(3));
    Some(part)
}
