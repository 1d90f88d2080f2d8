//! Episodes: one recorded attempt at one task.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Nanos, Note, Stream, TimeSpan};

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
            /// The source does not say.
            #[default]
            Unknown,
        }

        impl $name {
            /// All of them, unknown last.
            pub const ALL: &[Self] = &[$(Self::$variant,)* Self::Unknown];

            /// The name in tables and JSON.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Unknown => "unknown",
                }
            }

            /// The value of that name, `None` for any other text.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.name() == name)
            }
        }
    };
}

named!(
    /// Who was in command.
    Mode {
        /// The robot's own policy, untouched.
        Autonomous = "autonomous",
        /// The robot's policy, with any human help.
        Assisted = "assisted",
        /// A person, through the robot.
        Teleoperated = "teleoperated",
        /// A fixed program.
        Scripted = "scripted",
        /// A person, without a robot.
        Human = "human",
    }
);
named!(
    /// How the attempt ended. A failed task is not a bad episode.
    Outcome {
        /// The task was done.
        Success = "success",
        /// Part of it was done.
        Partial = "partial",
        /// It was not done.
        Failure = "failure",
        /// It was broken off.
        Aborted = "aborted",
    }
);
named!(
    /// What a segment is. `docs/spec/annotation.md` defines each.
    SegmentLabel {
        /// An atomic skill.
        Skill = "skill",
        /// Something that the plan did not foresee.
        Exception = "exception",
        /// The way back to the plan.
        Recovery = "recovery",
        /// A person stepped in.
        Intervention = "intervention",
        /// Nothing useful happens.
        Idle = "idle",
    }
);

/// Who may do what with a recording and what is derived from it. `None` is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rights {
    /// The party that owns it.
    pub owner: Option<String>,
    /// SPDX expression or name of the licence.
    pub licence: Option<String>,
    /// Reference of the consent of the people who can be recognised; `not-needed` where there are none.
    pub consent: Option<String>,
    /// What it may be used for.
    pub purpose: Option<String>,
    /// Who holds the bytes.
    pub custody: Option<String>,
}

/// One recorded attempt at one task by one robot or one human. `None` and `Unknown` are unknown.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Episode {
    /// The source's name for it, unique in the recording; `0` where the recording is one episode.
    pub key: String,
    /// Order in the recording, from zero.
    pub ordinal: u32,
    /// What was to be done.
    pub task: Option<String>,
    /// The robot.
    pub robot: Option<String>,
    /// Type of the robot (`unitree_g1`).
    pub robot_type: Option<String>,
    /// Pseudonym of the operator.
    pub operator: Option<String>,
    /// The station.
    pub station: Option<String>,
    /// Hash or version of the software that ran.
    pub software: Option<String>,
    /// Hash or reference of the calibration.
    pub calibration: Option<String>,
    /// Who was in command.
    pub mode: Mode,
    /// How it ended.
    pub outcome: Outcome,
    /// From the first sample to the last; `None` without samples.
    pub span: Option<TimeSpan>,
    /// Whether times count from 1970 (true) or from a zero of their own.
    pub dated: bool,
    /// Owner, licence, consent, purpose, custody.
    pub rights: Rights,
    /// Anything else that the source says, by the source's names.
    pub attributes: BTreeMap<String, String>,
}

impl Episode {
    /// Seconds from first to last sample.
    pub fn duration_s(&self) -> Option<f64> {
        self.span.map(TimeSpan::seconds)
    }

    /// When it starts.
    pub fn start(&self) -> Option<Nanos> {
        self.span.map(|span| span.start)
    }
}

/// A labelled part of an episode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// What it is.
    pub label: SegmentLabel,
    /// Name of the skill or of the exception (`grasp`, `slip`).
    pub name: String,
    /// When.
    pub span: TimeSpan,
    /// For exceptions: what caused it.
    pub cause: Option<String>,
    /// For exceptions: whether the attempt could go on.
    pub recoverable: Option<bool>,
    /// Who says so: `source`, a person's pseudonym, a model's name.
    pub annotator: Option<String>,
}

/// What became of the source's messages in one episode. `messages = mapped + unmapped + undecodable`, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EpisodeTally {
    /// Messages in.
    pub messages: u64,
    /// Messages that became samples.
    pub mapped: u64,
    /// Messages that no mapping takes.
    pub unmapped: u64,
    /// Messages that could not be decoded.
    pub undecodable: u64,
    /// Pictures and other frames among the mapped.
    pub frames: u64,
}

impl EpisodeTally {
    /// Adds the counts of another.
    pub fn add(&mut self, other: Self) {
        self.messages += other.messages;
        self.mapped += other.mapped;
        self.unmapped += other.unmapped;
        self.undecodable += other.undecodable;
        self.frames += other.frames;
    }
}

/// A standardized episode without its samples: these went ahead as [`crate::StreamBatch`]es.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EpisodeDraft {
    /// The episode.
    pub episode: Episode,
    /// Its streams with their final counts and times. The order is that of [`crate::StreamBatch::index`].
    pub streams: Vec<Stream>,
    /// Its labelled parts.
    pub segments: Vec<Segment>,
    /// What became of its messages.
    pub tally: EpisodeTally,
    /// What was noticed about it.
    pub notes: Vec<Note>,
}
