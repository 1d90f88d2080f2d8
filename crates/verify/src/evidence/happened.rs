//! Events within their shift, and calls and trials within theirs.

use prairie_model::StationEventKind;

/// An event of a shift.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Happened {
    /// What kind.
    pub kind: StationEventKind,
    /// Seconds since the start of the shift.
    pub at_s: f64,
    /// How long it lasted; `None` where nobody wrote.
    pub lasted_s: Option<f64>,
}

/// One trial or drill.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trial {
    /// Whether it was good.
    pub good: bool,
    /// Seconds from its start to its end; `None` where nobody wrote.
    pub lasted_s: Option<f64>,
}

/// What an inspection called the pieces of one shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Calls {
    /// Defective, and called so.
    pub caught: u64,
    /// Defective, and not called so.
    pub missed: u64,
    /// Sound, and called defective.
    pub false_alarms: u64,
    /// Sound, and called so.
    pub cleared: u64,
    /// Pieces of which nobody knows what was really there.
    pub unknown: u64,
}

/// What became of one piece, in a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Call {
    /// The protocol does not ask.
    NotAsked,
    Caught,
    Missed,
    FalseAlarm,
    Cleared,
    Unknown,
}

impl Calls {
    /// Counts one piece.
    pub(super) fn add(&mut self, call: Call) {
        match call {
            Call::NotAsked => {}
            Call::Caught => self.caught += 1,
            Call::Missed => self.missed += 1,
            Call::FalseAlarm => self.false_alarms += 1,
            Call::Cleared => self.cleared += 1,
            Call::Unknown => self.unknown += 1,
        }
    }
}

impl Call {
    /// What was there against what was called; a call that is missing is the wrong one.
    pub(super) fn of(defective: Option<bool>, called: Option<bool>) -> Self {
        match (defective, called) {
            (None, _) => Self::Unknown,
            (Some(true), Some(true)) => Self::Caught,
            (Some(true), _) => Self::Missed,
            (Some(false), Some(false)) => Self::Cleared,
            (Some(false), _) => Self::FalseAlarm,
        }
    }
}
