//! `nav_msgs/Odometry`: a pose and a twist in one message.

use super::pose::pose_at;
use super::twist::twist;
use super::{Input, Lens};
use crate::part::{Part, split_by_text};

/// The pose is the main stream, the twist is `#twist`.
#[derive(Debug)]
pub(crate) struct Odometry;

impl Lens for Odometry {
    fn name(&self) -> &'static str {
        "odometry"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &["nav_msgs/Odometry"]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        let Some(pose) = pose_at(input.rows, "pose.pose.position", "pose.pose.orientation") else { return Vec::new() };
        let children = input.texts("child_frame_id");
        let with_child = |part: Part| match &children {
            Some(children) => split_by_text(&part, children, |part, child| {
                part.facts.child_frame = Some(child.to_owned());
            }),
            None => vec![part],
        };
        // The frames of one publisher do not change; where they do, the first counts, as the pose is split by its child.
        let mut parts = with_child(pose.header(input.stamp()).frame(input.first_frame()));
        let twist = twist(input, "twist.twist.").map(|twist| twist.suffix("twist"));
        for mut part in twist.into_iter().flat_map(with_child) {
            // REP 105: the twist is given in the child frame.
            part.facts.frame.clone_from(&part.facts.child_frame);
            parts.push(part);
        }
        for (prefix, suffix) in [("pose.", "pose_covariance"), ("twist.", "twist_covariance")] {
            parts.extend(super::twist::covariance_part(input, prefix).map(|part| part.suffix(suffix)));
        }
        parts
    }
}
