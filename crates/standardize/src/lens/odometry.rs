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

#[cfg(test)]
mod tests {
    use crate::testing::lens;
    use serde_json::json;

    #[test]
    fn a_pose_and_a_twist_in_its_own_frame() {
        let message = json!({"header": {"stamp": {"$t": 1_000_000_000_000_i64}, "frame_id": "odom"}, "child_frame_id": "base",
            "pose": {"pose": {"position": {"x": 1.0, "y": 0.0, "z": 0.0}, "orientation": {"x": 0.0, "y": 0.0, "z": 0.0, "w": 1.0}},
                     "covariance": [0.5]},
            "twist": {"twist": {"linear": {"x": 2.0, "y": 0.0, "z": 0.0}, "angular": {"x": 0.0, "y": 0.0, "z": 3.0}}}});
        assert_eq!(
            lens("nav_msgs/msg/Odometry", "/odom", json!([message])),
            "/odom pose unit=m frame=odom child=base
  0 x_m=1 y_m=0 z_m=0 qx=0 qy=0 qz=0 qw=1
/odom#twist twist unit=m/s, rad/s frame=base child=base
  0 vx_mps=2 vy_mps=0 vz_mps=0 wx_radps=0 wy_radps=0 wz_radps=3
/odom#pose_covariance vector shape=[6, 6]
  0 value=[0.5]
1 = 1 + 0 + 0
"
        );
    }
}
