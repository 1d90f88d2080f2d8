//! RoboMIND: one episode per file.
//!
//! ```text
//!   puppet/{joint_position_left, end_effector_right, …}   what the robot did
//!   master/{joint_position_left, …}                       what it was told
//!   observations/rgb_images/camera_*                      JPEG, of variable length
//!   observations/depth_images/camera_*                    PNG, of variable length
//!   language_raw                                          the task
//! ```

use super::super::episode::Builder;
use super::{Arranged, group, root_episode};

/// Rows per second, as the data set was recorded.
const RATE: f64 = 30.0;

pub(super) fn arrange(builder: &mut Builder<'_, '_>) -> Option<Arranged> {
    let arms = ["puppet", "master"].iter().any(|name| group(builder, name).is_some());
    let cameras = ["observations/rgb_images", "observations/depth_images"];
    let seen = cameras.iter().any(|name| builder.tree.find(0, name).is_some());
    if !arms || !(seen || group(builder, "puppet").is_some()) {
        return None;
    }
    root_episode(builder, "robomind", RATE, &|_| false)
}
