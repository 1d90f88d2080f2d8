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
