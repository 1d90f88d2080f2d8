//! What joint controllers report: where joints should be, where they are, and the error between.

use arrow::array::{Array, Float64Array, ListArray};
use prairie_model::StreamKind;

use super::joint_state::{by_names, joints};
use super::trajectory::point;
use super::{Input, Lens};
use crate::part::{Part, interleave, without_empty};

/// The measured state is the main stream, the reference is an action beside it.
#[derive(Debug)]
pub(crate) struct ControllerState;

impl Lens for ControllerState {
    fn name(&self) -> &'static str {
        "controller_state"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &[
            "control_msgs/FollowJointTrajectoryActionFeedback",
            "control_msgs/FollowJointTrajectoryFeedback",
            "control_msgs/FollowJointTrajectory_FeedbackMessage",
            "control_msgs/JointControllerState",
            "control_msgs/JointTrajectoryControllerState",
        ]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        if input.schema == "control_msgs/JointControllerState" {
            return single(input);
        }
        let prefix = if input.at("feedback.joint_names").is_some() { "feedback." } else { "" };
        let at = |name: &str| format!("{prefix}{name}");
        let names_path = at("joint_names");
        let names = input.text_lists(&names_path);
        let mut parts = Vec::new();
        // Newer releases say `feedback` and `reference` where older ones said `actual` and `desired`.
        for name in ["feedback", "actual"] {
            let of = |field: &str| at(&format!("{name}.{field}"));
            let paths = [names_path.clone(), of("positions"), of("velocities"), of("effort")];
            let state = joints(input, [&paths[0], &paths[1], &paths[2], &paths[3]]);
            parts.extend(state.into_iter().flat_map(|part| by_names(part, names.clone())));
        }
        for name in ["reference", "desired", "output"] {
            let commands = point(input, &at(&format!("{name}.")), name);
            parts.extend(commands.into_iter().flat_map(|part| by_names(part, names.clone())));
        }
        for (field, unit) in [("positions", "rad"), ("velocities", "rad/s"), ("effort", "N·m")] {
            let error = input.lists(&at(&format!("error.{field}"))).and_then(without_empty);
            let part = error.map(|error| {
                input.part(StreamKind::Vector).unit(unit).suffix(format!("error.{field}")).with("value", Some(error))
            });
            parts.extend(part.into_iter().flat_map(|part| by_names(part, names.clone())));
        }
        parts
    }
}

/// One joint: set point, process value and its velocity, error, command and gains.
fn single(input: &Input<'_>) -> Vec<Part> {
    let one = |path: &str| -> Option<ListArray> { input.lists(path) };
    let Some(position) = one("process_value") else { return Vec::new() };
    let state = input
        .part(StreamKind::JointState)
        .unit("rad")
        .with("position", Some(position))
        .with("velocity", one("process_value_dot"));
    let mut parts = vec![state];
    parts.extend(one("set_point").map(|value| {
        input.part(StreamKind::Action).suffix("set_point").representation("absolute").with("value", Some(value))
    }));
    parts.extend(
        one("command").map(|value| input.part(StreamKind::Action).suffix("command").with("value", Some(value))),
    );
    let names = ["error", "time_step", "p", "i", "d", "i_clamp"];
    let found: Vec<(String, Float64Array)> =
        names.into_iter().filter_map(|name| Some((name.to_owned(), input.numbers(name)?))).collect();
    let columns: Vec<_> = found.iter().map(|(_, column)| column).filter(|column| !column.is_empty()).collect();
    if columns.len() == found.len() && !columns.is_empty() {
        let names = found.iter().map(|(name, _)| name.clone()).collect();
        parts.push(
            input.part(StreamKind::Vector).suffix("control").names(names).with("value", Some(interleave(&columns))),
        );
    }
    parts
}

#[cfg(test)]
mod tests {
    use crate::testing::lens;
    use serde_json::{Value, json};

    fn point(at: f64) -> Value {
        json!({"positions": [at], "velocities": [], "accelerations": [], "effort": []})
    }

    #[test]
    fn state_reference_and_error() {
        let expect = |reference: &str| {
            format!(
                "/c joint_state unit=rad names=a
  0 position=[2]
/c#{reference} action unit=rad as=absolute names=a
  0 value=[1]
/c#error.positions vector unit=rad names=a
  0 value=[-1]
1 = 1 + 0 + 0
"
            )
        };
        let old = json!({"joint_names": ["a"], "desired": point(1.0), "actual": point(2.0), "error": point(-1.0)});
        assert_eq!(lens("control_msgs/JointTrajectoryControllerState", "/c", json!([old])), expect("desired"));
        let new = json!({"joint_names": ["a"], "reference": point(1.0), "feedback": point(2.0), "error": point(-1.0)});
        assert_eq!(lens("control_msgs/msg/JointTrajectoryControllerState", "/c", json!([new])), expect("reference"));
        let feedback =
            lens("control_msgs/action/FollowJointTrajectory_FeedbackMessage", "/c", json!([{ "feedback": old }]));
        assert_eq!(feedback, expect("desired"));
    }

    #[test]
    fn one_joint() {
        let message =
            json!({"set_point": 1.0, "process_value": 0.5, "process_value_dot": 0.1, "error": 0.5, "command": 3.0});
        assert_eq!(
            lens("control_msgs/JointControllerState", "/c", json!([message])),
            "/c joint_state unit=rad
  0 position=[0.5] velocity=[0.1]
/c#set_point action as=absolute
  0 value=[1]
/c#command action
  0 value=[3]
/c#control vector names=error
  0 value=[0.5]
1 = 1 + 0 + 0
"
        );
    }
}
