//! # What it asks
//!
//! Sound pieces that the robot called defective, among all that were really sound: at most `at_most` by the upper bound,
//! and, where `margin` is given, at most so much more than people at the same station.
//!
//! # Why
//!
//! Every false alarm is a part thrown away, or a person who looks again. A robot that misses nothing because it rejects
//! everything is no inspector.
//!
//! # Formula and source
//!
//! The cluster-aware bound of `success` for what was called rightly, less from 1. Against people the score test of
//! Farrington and Manning on effective counts. What was really there comes from whoever looked again, which the task book
//! names; pieces of which nobody knows count on neither side, and a call that is missing is the wrong one.
//!
//! # Example
//!
//! ```text
//! false_alarms   212 of 7771 sound pieces called defective over 20 shifts: 2.7 %, at most 3.6 % at 97.6 %; people 2.1 %
//! ```

use super::missed_defects::judge_calls;
use super::{Case, Endpoint};
use crate::evidence::ShiftSums;
use crate::verdict::EndpointResult;

/// Sound pieces that were called defective.
#[derive(Debug)]
pub(super) struct FalseAlarms;

impl Endpoint for FalseAlarms {
    fn name(&self) -> &'static str {
        "false_alarms"
    }

    fn judge(&self, case: &Case<'_>) -> Option<EndpointResult> {
        let asked = case.frozen.protocol.endpoints.false_alarms.as_ref()?;
        let wrong = |sums: &ShiftSums| (sums.calls.false_alarms, sums.calls.cleared + sums.calls.false_alarms);
        Some(judge_calls(self, case, asked, wrong, "sound pieces called defective"))
    }

    fn source(&self) -> &'static str {
        include_str!("false_alarms.rs")
    }
}
