//! # What it asks
//!
//! Units that were done with a person's help: at most `at_most` of all by the upper bound. The minutes of help per unit are
//! told beside it.
//!
//! # Why
//!
//! Where people are helped, helping the robot is allowed; it is not free. A care robot that needs a nurse at every second
//! bed has added work.
//!
//! # Formula and source
//!
//! Units in any mode but autonomous, by the cluster-aware bound of `success`; a unit of unknown mode counts as helped.
//! Minutes are those in which a person helped, repaired or stepped in, each second once.
//!
//! # Example
//!
//! ```text
//! assistance   112 of 1840 units with help over 20 shifts: 6.1 %, at most 8.4 % at 97.6 % (1.3 minutes of people per unit)
//! ```

use prairie_model::Mode;

use super::{Case, Endpoint, Measured, float, measured, numbers, percent, percent_of, undefined};
use crate::bound::Side;
use crate::evidence::ShiftSums;
use crate::shares::of_shifts;
use crate::verdict::EndpointResult;

/// Units that were done with a person's help.
#[derive(Debug)]
pub(super) struct Assistance;

impl Endpoint for Assistance {
    fn name(&self) -> &'static str {
        "assistance"
    }

    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult> {
        let asked = case.frozen.protocol.endpoints.assistance.as_ref()?;
        let level = case.level(asked.confidence);
        let share = match of_shifts(case.robot.iter().map(|sums| (alone(sums), sums.units())), level.confidence) {
            Ok(share) => share,
            Err(error) => return Some(undefined(self, "share", case, &error)),
        };
        let people_s: f64 = case.robot.iter().map(|sums| sums.work.people_s).sum();
        let minutes = people_s / 60.0 / float(share.units.max(1));
        let helped = share.units - share.hits;
        let reason = format!(
            "{helped} of {} units with help over {} shifts: {}, at most {} at {} ({minutes:.2} minutes of people per unit)",
            share.units,
            share.shifts,
            percent(1.0 - share.estimate),
            percent(1.0 - share.lower),
            percent_of(level.confidence)
        );
        let ends = Measured {
            estimate: Some(1.0 - share.estimate),
            lower: 1.0 - share.upper,
            upper: 1.0 - share.lower,
            threshold: asked.at_most,
            side: Side::Upper,
        };
        let mut result = measured(self, "share", case, level, ends, reason);
        result.numbers = numbers(&[
            ("helped", float(helped)),
            ("units", float(share.units)),
            ("shifts", float(share.shifts)),
            ("minutes_per_unit", minutes),
            ("icc_used", share.icc_used),
        ]);
        if !case.provenance.events {
            result.notes.push("the log keeps no events: minutes are those of helped units only".to_owned());
        }
        Some(result)
    }

    fn source(&self) -> &'static str {
        include_str!("assistance.rs")
    }
}

/// Units that nobody helped with.
fn alone(sums: &ShiftSums) -> u64 {
    Mode::ALL.iter().position(|mode| *mode == Mode::Autonomous).map_or(0, |at| sums.modes[at])
}
