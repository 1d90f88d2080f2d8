//! # What it does
//!
//! Looks for movements that were recorded and played again. How many are more alike than natural repeats ever are (the nearest
//! other movement is nearer than the 0.1 % quantile between natural repeats): more than 5 % must be ruled out at 95 %. And
//! whether movements depend on where the object was, by the distance correlation of object pose and movement over at most 200
//! units: a p-value below 0.01 is asked.
//!
//! # What it can show
//!
//! That no recorded movement was played again, as far as it was not changed first.
//!
//! # What it cannot show
//!
//! A replay with noise added, or with a few movements chosen by the place of the object. `perturbation` is the harder test.
//!
//! # Example
//!
//! ```text
//! replay  fail  171 of 200 movements are more alike than natural repeats, at least 80.6 % (limit 5.0 %)
//! ```

use super::{Control, ControlState, Found, needed, percent, ruled_out};
use crate::endpoint::Case;
use crate::stats::regularity::distance_correlation;
use crate::verdict::Decision;

/// Movements that are repeated.
#[derive(Debug)]
pub(super) struct Replay;

/// Poses that say something together, and random pairings of them.
const POSES_MIN: usize = 20;
const REPLICATES: u32 = 499;

impl Control for Replay {
    fn name(&self) -> &'static str {
        "replay"
    }

    fn summary(&self) -> &'static str {
        "movements are not repeated, and depend on where the object is"
    }

    fn source(&self) -> &'static str {
        include_str!("replay.rs")
    }

    fn failing(&self) -> Decision {
        Decision::Reject
    }

    fn look(&self, case: &Case<'_>) -> Found {
        let limits = &case.frozen.protocol.controls.replay;
        let audits = case.robot.iter().map(|sums| sums.witness.audit);
        let (moved, near) = audits.fold((0, 0), |all, audit| (all.0 + audit.moved, all.1 + audit.near_repeat));
        let missing =
            format!("{} compared movements, and {POSES_MIN} with the pose of the object", needed(limits.near_max));
        let poses = &case.evidence.witness.poses;
        if moved == 0 && poses.len() < POSES_MIN {
            return Found::unknown("no recorded movements were compared").missing(missing);
        }
        let (alike, upper) = ruled_out(near, moved, limits.near_max);
        let (object, motion): (Vec<_>, Vec<_>) = poses.iter().cloned().unzip();
        let depends =
            if poses.len() < POSES_MIN { None } else { distance_correlation(&object, &motion, REPLICATES, 1).ok() };
        let state = match (alike, depends) {
            (ControlState::Fail, _) => ControlState::Fail,
            (_, Some(test)) if test.p >= limits.p_max => ControlState::Fail,
            (ControlState::Pass, Some(_)) => ControlState::Pass,
            _ => ControlState::Unknown,
        };
        let by_pose = depends.map_or("no poses of objects to compare with".to_owned(), |test| {
            format!(
                "movement and pose of the object correlate by {:.2} over {} units (p {:.4}, below {} asked)",
                test.value,
                poses.len(),
                test.p,
                limits.p_max
            )
        });
        Found::of(
            state,
            format!(
                "{near} of {moved} movements are more alike than natural repeats, at most {} at 95.0 % (limit {}); {by_pose}",
                percent(upper),
                percent(limits.near_max)
            ),
        )
        .count("moved", moved)
        .count("near", near)
        .number("upper", upper)
        .number("correlation", depends.map_or(f64::NAN, |test| test.value))
        .number("p", depends.map_or(f64::NAN, |test| test.p))
        .limit(limits.near_max)
        .missing(missing)
    }
}
