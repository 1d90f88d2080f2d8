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
