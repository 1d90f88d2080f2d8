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

#[cfg(test)]
mod tests {
    use crate::testing::lens;
    use serde_json::json;

    #[test]
    fn low_state_and_command() {
        let state = json!({"motor_state": [{"q": 0.1, "dq": 0.2, "tau_est": 0.3}, {"q": 1.0, "dq": 2.0, "tau_est": 3.0}],
            "imu_state": {"quaternion": [1.0, 0.0, 0.0, 0.0], "gyroscope": [0.1, 0.2, 0.3], "accelerometer": [0.0, 0.0, 9.8]}});
        assert_eq!(
            lens("unitree_hg/msg/LowState", "/lowstate", json!([state])),
            "/lowstate joint_state unit=rad
  0 position=[0.1,1] velocity=[0.2,2] effort=[0.3,3]
/lowstate#imu imu unit=m/s², rad/s
  0 ax_mps2=0 ay_mps2=0 az_mps2=9.8 wx_radps=0.1 wy_radps=0.2 wz_radps=0.3 qx=0 qy=0 qz=0 qw=1
1 = 1 + 0 + 0
"
        );
        assert_eq!(
            lens("unitree_hg/msg/LowCmd", "/lowcmd", json!([{"motor_cmd": [{"q": 0.5, "kp": 60.0}]}])),
            "/lowcmd action unit=rad as=absolute\n  0 value=[0.5]\n/lowcmd#kp action\n  0 value=[60]\n1 = 1 + 0 + 0\n"
        );
    }
}
