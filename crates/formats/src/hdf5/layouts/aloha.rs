//! ALOHA and ACT: one episode per file.
//!
//! ```text
//!   sim, compress          attributes of the root
//!   action                 [T, 14]
//!   observations/
//!     qpos  qvel  effort
//!     images/CAMERA        [T, H, W, 3], or JPEG in rows that are padded to one length, or of variable length
//!   compress_len           lengths of the padded rows: not needed, since no JPEG ends with a zero
//! ```

use super::super::episode::Builder;
use super::{Arranged, group, root_episode};

/// Rows per second: the step of ALOHA's control loop is 0.02 s.
const RATE: f64 = 50.0;

pub(super) fn arrange(builder: &mut Builder<'_, '_>) -> Option<Arranged> {
    let observations = group(builder, "observations")?;
    let has_actions = ["action", "actions"].iter().any(|name| builder.tree.find(0, name).is_some());
    let has_states = ["qpos", "images"].iter().any(|name| builder.tree.find(observations, name).is_some());
    if !has_actions || !has_states {
        return None;
    }
    root_episode(builder, "aloha", RATE, &|topic| topic == "compress_len")
}
