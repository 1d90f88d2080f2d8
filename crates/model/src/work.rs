//! Units of work, and what a station's log says around them.
//!
//! A unit of work is one piece of work that a station scheduled or counted, recorded or not. Verdicts count units, as
//! datasets count episodes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{AuditDraw, Mode, Nanos, Outcome, Presence, RecorderSpan, Severity, TimeSpan, UnitAudit};

/// One piece of work that a station scheduled or counted. `None` and `Unknown` are unknown.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct UnitOfWork {
    /// Its name in the log, unique in its station.
    pub unit: String,
    /// The station.
    pub station: String,
    /// The calendar shift in which it ended; by the calendar where the log does not say.
    pub shift: Option<String>,
    /// The robot; `None` for work by people, and where the log does not say.
    pub robot: Option<String>,
    /// Hash or version of what ran on the robot.
    pub release: Option<String>,
    /// Pseudonym of the person, for work by people.
    pub worker: Option<String>,
    /// When it began.
    pub start: Option<Nanos>,
    /// When it ended, well or not.
    pub end: Option<Nanos>,
    /// Who was in command: the least autonomous of its seconds.
    pub mode: Mode,
    /// How it ended, by the log.
    pub outcome: Outcome,
    /// How it ended, by whoever looked again later.
    pub confirmed: Outcome,
    /// How often it was tried; 1 is at once.
    pub attempts: Option<u32>,
    /// Conditions under which it was done: `lighting_lux`, `floor`, `interference`, `object_family`, …
    pub conditions: BTreeMap<String, Condition>,
}

impl UnitOfWork {
    /// How it ended, as far as anyone knows: a confirmation counts more than the log.
    pub fn outcome_known(&self) -> Outcome {
        if self.confirmed == Outcome::Unknown { self.outcome } else { self.confirmed }
    }
}

/// One condition of a unit of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Condition {
    /// A measurement, in the unit that its name ends with.
    Number(f64),
    /// A kind.
    Text(String),
}

/// One shift of a station's calendar, scheduled beforehand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shift {
    /// Its name, unique in its station: `2026-10-05/early`.
    pub shift: String,
    /// The station.
    pub station: String,
    /// From when to when work was scheduled.
    pub span: TimeSpan,
    /// Seconds of it that were scheduled as breaks.
    pub break_s: f64,
    /// Whether people or robots were to work.
    pub crew: Crew,
    /// Kind of shift: `early`, `night`.
    pub kind: Option<String>,
    /// Whether an auditor drew it by lot, after it was announced how.
    pub drawn: bool,
}

impl Shift {
    /// Seconds that were scheduled for work.
    pub fn scheduled_s(&self) -> f64 {
        (self.span.seconds() - self.break_s).max(0.0)
    }
}

/// Who was to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Crew {
    /// People: the baseline.
    Human,
    /// Robots.
    Robot,
}

/// Something that happened at a station besides work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StationEvent {
    /// The station.
    pub station: String,
    /// The robot it concerns.
    pub robot: Option<String>,
    /// What kind of event.
    pub kind: StationEventKind,
    /// When it began.
    pub at: Nanos,
    /// When it was over.
    pub until: Option<Nanos>,
    /// The unit it happened in.
    pub unit: Option<String>,
    /// Who stepped in, what failed: the log's words.
    pub detail: Option<String>,
}

/// Kinds of station events, mechanical enough that nobody can define one away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StationEventKind {
    /// Any human input, touch, reset or remote help.
    Intervention,
    /// The hardware failed and had to be repaired.
    HardwareFault,
    /// The software or the policy failed.
    SoftwareFault,
    /// A safety stop.
    SafetyStop,
    /// The link to the network was cut on purpose, from `at` to `until`.
    UplinkCut,
    /// The set-up was disturbed on purpose.
    Perturbation,
    /// A drill: another robot took the place of the one that worked there.
    RobotSwap,
    /// A drill: the software went back to the release before and forth again.
    Rollback,
}

impl StationEventKind {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Intervention,
        Self::HardwareFault,
        Self::SoftwareFault,
        Self::SafetyStop,
        Self::UplinkCut,
        Self::Perturbation,
        Self::RobotSwap,
        Self::Rollback,
    ];

    /// The name in tables and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Intervention => "intervention",
            Self::HardwareFault => "hardware_fault",
            Self::SoftwareFault => "software_fault",
            Self::SafetyStop => "safety_stop",
            Self::UplinkCut => "uplink_cut",
            Self::Perturbation => "perturbation",
            Self::RobotSwap => "robot_swap",
            Self::Rollback => "rollback",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// What a counter of its own said: how many units had passed it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CounterReading {
    /// The station.
    pub station: String,
    /// When it was read.
    pub at: Nanos,
    /// Units since the counter's zero.
    pub total: u64,
    /// Good units since the counter's zero, where it can tell.
    pub good: Option<u64>,
}

/// A stretch of time in which one mode held at a station.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModeSpan {
    /// The station.
    pub station: String,
    /// The robot; `None` where it holds for the whole station.
    pub robot: Option<String>,
    /// From when to when.
    pub span: TimeSpan,
    /// Who was in command.
    pub mode: Mode,
}

impl Mode {
    /// How far it is from a robot that works on its own. What nobody knows is the farthest.
    const fn distance(self) -> u8 {
        match self {
            Self::Autonomous => 0,
            Self::Scripted => 1,
            Self::Assisted => 2,
            Self::Teleoperated => 3,
            Self::Human => 4,
            Self::Unknown => 5,
        }
    }

    /// The less autonomous of two.
    #[must_use]
    pub const fn least_autonomous(self, other: Self) -> Self {
        if other.distance() > self.distance() { other } else { self }
    }
}

/// What somebody found when they looked at a unit again. Of several the one that was made last counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// The station.
    pub station: String,
    /// The unit.
    pub unit: String,
    /// How it ended after all.
    pub outcome: Outcome,
    /// When they looked; without it the confirmation counts less than any with a time.
    pub at: Option<Nanos>,
    /// Who looked: the next station, a laboratory, a customer.
    pub by: Option<String>,
    /// What they found.
    pub detail: Option<String>,
}

impl Confirmation {
    /// Its place among the confirmations of one unit: the largest counts. Of two at the same time the worse one, so that nothing
    /// depends on the order of import.
    pub const fn rank(&self) -> (i64, u8) {
        let at = match self.at {
            Some(at) => at.0,
            None => i64::MIN,
        };
        let badness = match self.outcome {
            Outcome::Success => 0,
            Outcome::Partial => 1,
            Outcome::Unknown => 2,
            Outcome::Aborted => 3,
            Outcome::Failure => 4,
        };
        (at, badness)
    }
}

/// A log's own word that a unit is in an episode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkClaim {
    /// The station.
    pub station: String,
    /// The unit.
    pub unit: String,
    /// The episode: its id, the id of its recording, or its key in the recording.
    pub episode: String,
}

/// Who recorded a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recorder {
    /// A recorder with a power supply and keys of its own, which the vendor does not hold.
    Independent,
    /// The vendor of the robot, or whoever gains by the verdict.
    #[default]
    SelfAttested,
}

/// A station's log in standard form: every row that could be read, and what was noticed about the others.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StationLog {
    /// Whether `prairie simulate` made it. Every output says so.
    pub simulated: bool,
    /// Who recorded it.
    pub recorder: Recorder,
    /// The units, in the log's order.
    pub units: Vec<UnitOfWork>,
    /// The calendar.
    pub shifts: Vec<Shift>,
    /// Interventions, faults, stops.
    pub events: Vec<StationEvent>,
    /// Readings of the independent counter.
    pub readings: Vec<CounterReading>,
    /// Units that others looked at again.
    pub audits: Vec<UnitAudit>,
    /// Draws by lot.
    pub draws: Vec<AuditDraw>,
    /// When the recorder's heartbeat arrived.
    pub coverage: Vec<RecorderSpan>,
    /// Who was near.
    pub presence: Vec<Presence>,
}

/// What was noticed while a station's log was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogNote {
    /// What kind of thing.
    pub kind: LogNoteKind,
    /// The file it is in.
    pub file: String,
    /// The column it is about.
    pub column: Option<String>,
    /// How many rows.
    pub rows: u64,
    /// The first of them, from 1.
    pub first_row: Option<u64>,
    /// One of the values, or why.
    pub example: Option<String>,
}

/// The kinds of things that can be noticed in a station's log while it is read. Each is told by one check of station logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogNoteKind {
    /// A file that the mapping names is not there.
    FileMissing,
    /// A file ends in the middle.
    Truncated,
    /// Rows that are no rows of their table.
    RowUnreadable,
    /// Rows without what makes them a row: a unit without a name, an event without a time.
    RowIncomplete,
    /// A column that the mapping names is not there.
    ColumnMissing,
    /// Cells that are empty where a fact is expected, which is unknown therefore.
    CellMissing,
    /// Values that could not be understood, and are unknown therefore.
    ValueUnknown,
    /// Rows that end before they begin.
    TimeReversed,
    /// Rows that begin before the row above them began: the clock was set back, or rows were inserted.
    TimeStep,
    /// Samples that are missing between two others.
    SamplesMissing,
    /// Two columns have the same name, so that neither is used.
    ColumnTwice,
    /// Rows that are dated after the day on which they were imported.
    Future,
}

impl LogNoteKind {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::FileMissing,
        Self::Truncated,
        Self::RowUnreadable,
        Self::RowIncomplete,
        Self::ColumnMissing,
        Self::CellMissing,
        Self::ValueUnknown,
        Self::TimeReversed,
        Self::TimeStep,
        Self::SamplesMissing,
        Self::ColumnTwice,
        Self::Future,
    ];
}

/// One defect of a station's log: code, place, numbers, severity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogFinding {
    /// Stable code of the check: `LOG003`.
    pub code: String,
    /// How bad it is. `error` means that something of the log is lost.
    pub severity: Severity,
    /// The file it is in; `None` where it is about several.
    pub file: Option<String>,
    /// The column it is about.
    pub column: Option<String>,
    /// The station it is about.
    pub station: Option<String>,
    /// How many rows.
    pub rows: u64,
    /// The first of them, from 1.
    pub first_row: Option<u64>,
    /// When; `None` where it is about no time.
    pub span: Option<TimeSpan>,
    /// One sentence with its numbers, without a full stop.
    pub message: String,
}
