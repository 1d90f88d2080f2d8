//! # What it does
//!
//! Counts tested units that are near-copies of what the release was trained on: their recorded episode is in a dataset version
//! that the task book names as training data, or an audit found the nearest training item at less than a tenth of the usual
//! distance between training items. More than 5 % near-copies must be ruled out at 95 %.
//!
//! # What it can show
//!
//! That the robot was tested on work that it had not been shown.
//!
//! # What it cannot show
//!
//! Training data that nobody declared: an episode outside of the named datasets is not found by its hash, only by its likeness
//! to something in them.
//!
//! # Example
//!
//! ```text
//! overlap  fail  212 of 300 compared units are near-copies of training data, at least 66.0 % (limit 5.0 %)
//! ```

use super::{Control, Found, needed, percent, ruled_out};
use crate::endpoint::Case;
use crate::verdict::Decision;

/// Test against training.
#[derive(Debug)]
pub(super) struct Overlap;

impl Control for Overlap {
    fn name(&self) -> &'static str {
        "overlap"
    }

    fn summary(&self) -> &'static str {
        "the robot was not trained on what it is tested with"
    }

    fn source(&self) -> &'static str {
        include_str!("overlap.rs")
    }

    fn failing(&self) -> Decision {
        Decision::Reject
    }

    fn look(&self, case: &Case<'_>) -> Found {
        let limit = case.frozen.protocol.controls.overlap.near_max;
        let audits = case.robot.iter().map(|sums| sums.witness.audit);
        let (compared, near) = audits.fold((0, 0), |all, audit| (all.0 + audit.compared, all.1 + audit.near_training));
        let missing = format!("{} units compared with the training data", needed(limit));
        if compared == 0 {
            let why = if case.evidence.witness.training_known {
                "no unit names its recorded episode"
            } else {
                "nobody compared units with what the release was trained on"
            };
            return Found::unknown(why).missing(missing);
        }
        let (state, upper) = ruled_out(near, compared, limit);
        Found::of(
            state,
            format!(
                "{near} of {compared} compared units are near-copies of training data, at most {} at 95.0 % (limit {})",
                percent(upper),
                percent(limit)
            ),
        )
        .count("compared", compared)
        .count("near", near)
        .number("upper", upper)
        .limit(limit)
        .missing(missing)
    }
}
