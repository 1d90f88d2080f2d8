//! What is known of an episode besides its samples.

use std::collections::BTreeMap;

use prairie_model::{EpisodeDraft, Hash256, Note};
use serde::{Deserialize, Serialize};

use crate::sameness::SamenessDigest;

/// What is known of an episode when its checks judge.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The episode with its streams, counts and notes.
    pub episode: &'a EpisodeDraft,
    /// Notes about the recording. Those that name another episode of the source are passed over.
    pub recording_notes: &'a [Note],
    /// Whether every picture was given to [`crate::Examination::frame`].
    pub video_checked: bool,
    /// Earlier episodes.
    pub history: &'a History,
    /// Limits of the joints; `None` where there is no description of the robot.
    pub limits: Option<&'a JointLimits>,
    /// SHA-256 over the logical rows of the episode; `None` where nothing but the time changes in them, so that the same rows
    /// are no sign of a copy.
    pub content: Option<Hash256>,
    /// Repairs that made this episode from its parent: notes about a dropped stream no longer count.
    pub repairs: &'a [String],
}

impl<'a> Facts<'a> {
    /// Nothing is known but the episode.
    pub fn new(episode: &'a EpisodeDraft) -> Self {
        Self {
            episode,
            recording_notes: &[],
            video_checked: false,
            history: History::none(),
            limits: None,
            content: None,
            repairs: &[],
        }
    }

    /// Whether a repair dropped this stream.
    pub fn is_dropped(&self, stream: &str) -> bool {
        self.repairs.iter().any(|repair| repair.strip_prefix("drop_stream:") == Some(stream))
    }
}

/// What earlier episodes were like. Whoever fills it leaves out the episode itself, and those that come after it in its recording:
/// of two equal ones the second is the copy.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    /// Whether anybody looked at all that counts. An empty history that was looked at differs from one that nobody knows; one
    /// that is known in part shows copies, and never that there are none.
    pub known: bool,
    /// How long earlier episodes of each task took.
    pub durations: BTreeMap<String, TaskDurations>,
    /// Earlier episodes by content.
    pub contents: BTreeMap<Hash256, String>,
    /// Digests of earlier episodes, each with the episode's name. All of them are compared: give candidates
    /// ([`crate::Examination::sameness`]), not millions.
    pub digests: Vec<(String, SamenessDigest)>,
}

static NONE: History =
    History { known: false, durations: BTreeMap::new(), contents: BTreeMap::new(), digests: Vec::new() };

impl History {
    /// A history that nobody knows.
    pub fn none() -> &'static Self {
        &NONE
    }
}

/// How long episodes of one task take.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TaskDurations {
    /// Median duration.
    pub median_s: f64,
    /// Over how many episodes.
    pub episodes: u64,
}

/// Limits of the joints of one robot, by name: from its URDF, say.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JointLimits {
    /// By joint.
    pub joints: BTreeMap<String, JointLimit>,
}

/// Limits of one joint; `None` is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JointLimit {
    /// Least position, in rad or m.
    pub lower: Option<f64>,
    /// Greatest position, in rad or m.
    pub upper: Option<f64>,
    /// Greatest speed, in rad/s or m/s.
    pub velocity: Option<f64>,
    /// Greatest acceleration, in rad/s² or m/s².
    pub acceleration: Option<f64>,
    /// Greatest effort, in N·m or N.
    pub effort: Option<f64>,
}
