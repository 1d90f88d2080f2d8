//! ## What it does
//!
//! Compares the conditions under which units were done with the shares that the task book took from an independent source:
//! what both have in common (at least 0.8), how many units are left after weighting (Kish, at least half), and no stratum of
//! weight 5 % with fewer than 29 units. Where independent sensors saw the conditions of some units, the share that they see in
//! another stratum than the log says must be ruled out above 5 %.
//!
//! ## What it can show
//!
//! That hard work was neither left out nor called by another name.
//!
//! ## What it cannot show
//!
//! Conditions that nobody declared: a stratum that is missing from the task book is missing here too. Without a sensor of its
//! own it believes the log's labels, and is unknown where the recorder is the vendor's.
//!
//! ## Example
//!
//! ```text
//! conditions  fail  41 of 200 units lie in another stratum by independent sensors, at least 15.9 % (limit 5.0 %)
//! ```

use prairie_model::Recorder;

use super::{Control, ControlState, Found, needed, percent, ruled_out};
use crate::endpoint::Case;
use crate::stats::strata::coverage;
use crate::verdict::Decision;

/// Conditions as they occur.
#[derive(Debug)]
pub(super) struct Conditions;

impl Control for Conditions {
    fn name(&self) -> &'static str {
        "conditions"
    }

    fn summary(&self) -> &'static str {
        "work was done under the conditions that occur, and they are what the log calls them"
    }

    fn source(&self) -> &'static str {
        include_str!("conditions.rs")
    }

    fn failing(&self) -> Decision {
        Decision::Hold
    }

    fn look(&self, case: &Case<'_>) -> Found {
        let protocol = &case.frozen.protocol;
        let limits = &protocol.controls.conditions;
        if protocol.strata.is_empty() {
            return Found::unknown("the protocol declares no kinds of conditions");
        }
        let mut units = vec![0; protocol.strata.len()];
        for cell in case.robot.iter().flat_map(|sums| &sums.cells) {
            if let Some(count) = units.get_mut(usize::from(cell.stratum)) {
                *count += cell.units;
            }
        }
        let weights: Vec<f64> = protocol.strata.iter().map(|stratum| stratum.weight).collect();
        let Ok(cover) = coverage(&units, &weights) else {
            return Found::unknown("no unit lies in a declared stratum");
        };
        let sums = case.robot.iter().map(|sums| sums.witness.audit);
        let (witnessed, mislabelled) =
            sums.fold((0, 0), |all, audit| (all.0 + audit.witnessed, all.1 + audit.mislabelled));
        let covered = cover.overlap >= limits.overlap_min
            && cover.effective_share >= limits.effective_share_min
            && cover.thin.is_empty();
        let (labels, upper) = ruled_out(mislabelled, witnessed, limits.mislabelled_max);
        let trusted = case.provenance.recorder == Recorder::Independent;
        let (state, missing) = match labels {
            ControlState::Fail => (ControlState::Fail, "a log whose conditions are those that sensors see".to_owned()),
            _ if !covered => (
                ControlState::Fail,
                format!(
                    "units in the proportions of `{}`",
                    protocol.weights_source.as_deref().unwrap_or("the task book")
                ),
            ),
            ControlState::Pass => (ControlState::Pass, String::new()),
            _ if witnessed == 0 && trusted => (ControlState::Pass, String::new()),
            _ => (
                ControlState::Unknown,
                format!("conditions of {} units or more by independent sensors", needed(limits.mislabelled_max)),
            ),
        };
        let mut reason = format!(
            "the shares of strata have {:.2} in common with those declared (at least {:.2}), an effective share of {:.2} (at least {:.2}), {} strata too thin",
            cover.overlap,
            limits.overlap_min,
            cover.effective_share,
            limits.effective_share_min,
            cover.thin.len()
        );
        if witnessed > 0 {
            reason = format!(
                "{mislabelled} of {witnessed} units lie in another stratum by independent sensors, at most {} (limit {}); {reason}",
                percent(upper),
                percent(limits.mislabelled_max)
            );
        }
        Found::of(state, reason)
            .number("overlap", cover.overlap)
            .number("effective_share", cover.effective_share)
            .count("thin", cover.thin.len() as u64)
            .count("witnessed", witnessed)
            .count("mislabelled", mislabelled)
            .limit(limits.overlap_min)
            .missing(missing)
    }
}
