//! Grippers: `control_msgs` commands, feedback and results.

use prairie_model::StreamKind;

use super::{Input, Lens};
use crate::part::{Part, interleave};

/// A command is an action, in metres and newtons; what the gripper reports is a gripper that no range normalises.
#[derive(Debug)]
pub(crate) struct Gripper;

impl Lens for Gripper {
    fn name(&self) -> &'static str {
        "gripper"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &[
            "control_msgs/GripperCommand",
            "control_msgs/GripperCommandActionFeedback",
            "control_msgs/GripperCommandActionGoal",
            "control_msgs/GripperCommandActionResult",
            "control_msgs/GripperCommandFeedback",
            "control_msgs/GripperCommandGoal",
            "control_msgs/GripperCommandResult",
            "control_msgs/GripperCommand_FeedbackMessage",
        ]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        let prefix = ["", "command.", "goal.command.", "feedback.", "result."]
            .into_iter()
            .find(|prefix| input.numbers(&format!("{prefix}position")).is_some());
        let Some(prefix) = prefix else { return Vec::new() };
        let number = |name: &str| input.numbers(&format!("{prefix}{name}"));
        let position = number("position");
        if let (Some(position), Some(max_effort)) = (&position, number("max_effort")) {
            let part = input
                .part(StreamKind::Action)
                .unit("m, N")
                .names(vec!["position".to_owned(), "max_effort".to_owned()])
                .representation("absolute")
                .with("value", Some(interleave(&[position, &max_effort])));
            return vec![part];
        }
        let mut parts = vec![
            input.part(StreamKind::Gripper).unit("m").with("raw_position", position).with("effort", number("effort")),
        ];
        parts.extend(["stalled", "reached_goal"].into_iter().filter_map(|name| {
            let mut part = input.part(StreamKind::Scalar).suffix(name).with("value", Some(number(name)?));
            part.on_change = true;
            Some(part)
        }));
        parts
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{lens, lens_with};
    use serde_json::json;

    #[test]
    fn commands_and_feedback() {
        assert_eq!(
            lens("control_msgs/msg/GripperCommand", "/g", json!([{"position": 0.04, "max_effort": 10.0}])),
            "/g action unit=m, N as=absolute names=position,max_effort\n  0 value=[0.04,10]\n1 = 1 + 0 + 0\n"
        );
        let feedback = json!({"feedback": {"position": 0.02, "effort": 3.0, "stalled": true, "reached_goal": false}});
        assert_eq!(
            lens("control_msgs/action/GripperCommand_FeedbackMessage", "/g", json!([feedback])),
            "/g gripper unit=m
  0 effort=3 raw_position=0.02
/g#stalled scalar
  0 value=1
/g#reached_goal scalar
  0 value=0
1 = 1 + 0 + 0
"
        );
    }

    #[test]
    fn a_mapping_normalises() {
        let mapping =
            "[[stream]]\ntopic = '/width'\nkind = 'gripper'\nunit = 'mm'\ngripper = { closed = 0, open = 80 }";
        assert_eq!(
            lens_with("std_msgs/Float64", "/width", json!([{"data": 20.0}, {"data": 80.0}]), mapping),
            "/width gripper unit=m
  0 position=0.25 raw_position=0.02
  10 position=1 raw_position=0.08
2 = 2 + 0 + 0
"
        );
    }
}
