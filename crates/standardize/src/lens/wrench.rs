//! Force and torque: `geometry_msgs/Wrench` and its stamped form.

use prairie_model::StreamKind;

use super::{Input, Lens};
use crate::part::Part;

/// A wrench, in newtons and newton metres as ROS has them.
#[derive(Debug)]
pub(crate) struct Wrench;

impl Lens for Wrench {
    fn name(&self) -> &'static str {
        "wrench"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &["geometry_msgs/Wrench", "geometry_msgs/WrenchStamped"]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        let prefix = if input.schema.ends_with("Stamped") { "wrench." } else { "" };
        match wrench(input, prefix) {
            Some(part) => part.by_frame(input.frames().as_ref()),
            None => Vec::new(),
        }
    }
}

/// The wrench at `prefix`.
pub(super) fn wrench(input: &Input<'_>, prefix: &str) -> Option<Part> {
    let number = |path: &str| input.numbers(&format!("{prefix}{path}"));
    let part = input
        .part(StreamKind::Wrench)
        .unit("N, N·m")
        .with("fx_n", Some(number("force.x")?))
        .with("fy_n", Some(number("force.y")?))
        .with("fz_n", Some(number("force.z")?))
        .with("tx_nm", number("torque.x"))
        .with("ty_nm", number("torque.y"))
        .with("tz_nm", number("torque.z"));
    Some(part)
}

#[cfg(test)]
mod tests {
    use crate::testing::lens;
    use serde_json::json;

    #[test]
    fn wrenches_in_two_frames_are_two_streams() {
        let message = |frame: &str, fx: f64| {
            json!({"header": {"stamp": {"$t": 0}, "frame_id": frame}, "wrench": {
                "force": {"x": fx, "y": 0.0, "z": 0.0}, "torque": {"x": 0.0, "y": 0.0, "z": 1.0}}})
        };
        assert_eq!(
            lens("geometry_msgs/msg/WrenchStamped", "/ft", json!([message("tool", 1.0), message("base", 2.0)])),
            "/ft wrench unit=N, N·m frame=tool
  0 fx_n=1 fy_n=0 fz_n=0 tx_nm=0 ty_nm=0 tz_nm=1
/ft#2 wrench unit=N, N·m frame=base
  10 fx_n=2 fy_n=0 fz_n=0 tx_nm=0 ty_nm=0 tz_nm=1
2 = 2 + 0 + 0
"
        );
    }
}
