//! What became of every unit of a log.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::protocol::Protocol;

/// What became of the units that were read. They add up: `read` is the sum of all the others but
/// `undecided`, which is a part of `counted`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Units in the log.
    pub read: u64,
    /// Robots' units that the verdict counts.
    pub counted: u64,
    /// People's units for comparison.
    pub baseline: u64,
    /// Units of the release that this one is compared with.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub previous: u64,
    /// Left out by a rule of the protocol, by its name.
    pub excluded: BTreeMap<String, u64>,
    /// From before the protocol was frozen.
    pub before_freeze: u64,
    /// Dated after their import.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub future: u64,
    /// By a release that the protocol does not name, or by none.
    pub other_release: u64,
    /// By a robot that the protocol does not name.
    pub other_robot: u64,
    /// At stations that the protocol does not name.
    pub other_station: u64,
    /// In no shift of the calendar.
    pub unscheduled: u64,
    /// People's work at the robots' stations, where the protocol compares with none.
    #[serde(default)]
    pub people: u64,
    /// The same unit of the same station again.
    pub repeated: u64,
    /// Without a time at which they ended, and without a shift.
    pub undated: u64,
    /// Of those counted: not good only because the log leaves something of them unknown.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub undecided: u64,
}

// Serde asks for a reference.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Tally {
    /// Units that rules of the task book leave out.
    pub fn left_out_by_rule(&self) -> u64 {
        self.excluded.values().sum()
    }

    /// The rules that took units, with their reasons: `jam: power cut`.
    pub(crate) fn rules(&self, protocol: &Protocol) -> String {
        let rules = protocol.exclusions.iter().filter(|rule| self.excluded.contains_key(&rule.name));
        rules.map(|rule| format!("{}: {}", rule.name, rule.reason)).collect::<Vec<_>>().join(", ")
    }

    /// Whether every unit that was read is somewhere, once.
    pub fn reconciles(&self) -> bool {
        let parts = [
            self.counted,
            self.baseline,
            self.previous,
            self.excluded.values().sum(),
            self.before_freeze,
            self.future,
            self.other_release,
            self.other_robot,
            self.other_station,
            self.unscheduled,
            self.people,
            self.repeated,
            self.undated,
        ];
        parts.iter().sum::<u64>() == self.read
    }
}
