//! AgiBot World: the numbers of one episode, `proprio_stats.h5`, beside its videos.
//!
//! ```text
//!   timestamp                                      nanoseconds
//!   state/{joint, end, effector, head, waist, robot}/{position, velocity, …}
//!   action/{…}/{position, …}, index                the rows in which the command was really sent
//! ```

use super::super::episode::Builder;
use super::{Arranged, group, root_episode};

/// Rows per second of its cameras, which its rows follow.
const RATE: f64 = 30.0;

pub(super) fn arrange(builder: &mut Builder<'_, '_>) -> Option<Arranged> {
    group(builder, "state")?;
    group(builder, "action")?;
    builder.tree.find(0, "timestamp")?;
    root_episode(builder, "agibot", RATE, &|topic| topic.starts_with("action/") && topic.ends_with("/index"))
}
