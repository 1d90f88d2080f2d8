//! What verbs answer: plain data, the same for the command line, the API and the pages.

use std::collections::BTreeMap;

use prairie_model::{
    Decision, Dimension, DimensionState, EpisodeId, EpisodeTally, Finding, Hash256, Mode, Nanos, Outcome, RecordingId,
};
use serde::Serialize;

/// What became of one recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is new and in the store now.
    Ingested,
    /// The same derivation of the same bytes was there.
    Already,
    /// It could not be read; nothing of it was kept.
    Failed,
}

/// Messages of a recording. `in = mapped + unmapped + undecodable`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Messages {
    /// In the recording, up to the first damage.
    #[serde(rename = "in")]
    pub total: u64,
    /// Became samples.
    pub mapped: u64,
    /// No mapping takes them.
    pub unmapped: u64,
    /// Did not fit their schema.
    pub undecodable: u64,
}

impl From<EpisodeTally> for Messages {
    fn from(tally: EpisodeTally) -> Self {
        Self { total: tally.messages, mapped: tally.mapped, unmapped: tally.unmapped, undecodable: tally.undecodable }
    }
}

/// One recording of an `ingest`.
#[derive(Debug, Clone, Serialize)]
pub struct RecordingReport {
    /// Hash of its manifest; `None` when it could not be read to its end.
    pub id: Option<RecordingId>,
    /// As the caller named it, or as it was found in the caller's folder.
    pub path: String,
    /// SHA-256 of the file; of the manifest where there are several.
    pub sha256: Option<Hash256>,
    /// Bytes of all files.
    pub bytes: u64,
    /// `mcap`, `lerobot`.
    pub format: Option<String>,
    /// What became of it.
    pub status: Status,
    /// Why it failed: the message with its causes.
    pub error: Option<String>,
    /// What helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Its episodes.
    pub episodes: Vec<EpisodeId>,
    /// What became of its messages.
    pub messages: Messages,
    /// Pictures and other frames.
    pub frames: u64,
    /// Whether it was read to its end without damage. The findings say what is missing.
    pub complete: bool,
    /// Messages that damage took, over all episodes; `None` where nobody can say.
    pub lost: Option<u64>,
    /// Findings about the recording that no episode carries: an episode that never came, damage between two episodes.
    pub findings: Vec<FindingReport>,
    /// How many episodes got which decision.
    pub decisions: BTreeMap<Decision, u64>,
    /// Topics that no mapping takes: type and messages.
    pub unmapped: BTreeMap<String, (String, u64)>,
    /// Exit code that this recording alone would give.
    pub exit: u8,
}

impl RecordingReport {
    /// A report on `path` before anything is known.
    pub(crate) fn new(path: String, bytes: u64) -> Self {
        Self {
            id: None,
            path,
            sha256: None,
            bytes,
            format: None,
            status: Status::Failed,
            error: None,
            hint: None,
            episodes: Vec::new(),
            messages: Messages::default(),
            frames: 0,
            complete: false,
            lost: None,
            findings: Vec::new(),
            decisions: BTreeMap::new(),
            unmapped: BTreeMap::new(),
            exit: 2,
        }
    }
}

/// Files in the caller's folders that are plainly no recordings: texts that no reader claims.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PassedOver {
    /// The first of them.
    #[serde(rename = "passed_over")]
    pub paths: Vec<String>,
    /// How many there are.
    #[serde(rename = "passed_over_count")]
    pub count: u64,
}

impl PassedOver {
    /// Paths that are told.
    const PATHS_MAX: usize = 10_000;

    pub(crate) fn add(&mut self, path: String) {
        self.count += 1;
        if self.paths.len() < Self::PATHS_MAX {
            self.paths.push(path);
        }
    }
}

/// What an `ingest` did.
#[derive(Debug, Clone, Serialize)]
pub struct IngestReport {
    /// The snapshot after it.
    pub snapshot: u64,
    /// Every recording that was found under the paths.
    pub recordings: Vec<RecordingReport>,
    /// What lies beside them.
    #[serde(flatten)]
    pub passed_over: PassedOver,
}

/// One episode of a `check`.
#[derive(Debug, Clone, Serialize)]
pub struct CheckedEpisode {
    /// The recording.
    pub path: String,
    /// The source's name for the episode.
    pub key: String,
    /// Its order in the recording.
    pub ordinal: u32,
    /// When it starts.
    pub start_ns: Option<Nanos>,
    /// Seconds.
    pub duration_s: Option<f64>,
    /// What was found.
    pub findings: Vec<FindingReport>,
    /// The dimensions.
    pub dimensions: BTreeMap<Dimension, DimensionState>,
    /// Repairs that would make it acceptable.
    pub repairs: Vec<String>,
    /// The decision.
    pub decision: Decision,
}

/// What a `check` found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CheckReport {
    /// Every episode.
    pub episodes: Vec<CheckedEpisode>,
    /// Recordings that could not be read: path, error, hint.
    pub failed: Vec<Failure>,
    /// Recordings that were read up to some damage.
    pub damaged: Vec<String>,
    /// Recordings that are damaged, or have findings that no episode carries.
    pub recordings: Vec<CheckedRecording>,
    /// What lies beside them.
    #[serde(flatten)]
    pub passed_over: PassedOver,
}

/// What a `check` found about a recording rather than about one of its episodes.
#[derive(Debug, Clone, Serialize)]
pub struct CheckedRecording {
    /// The recording.
    pub path: String,
    /// Whether it was read to its end without damage.
    pub complete: bool,
    /// Messages that damage took; `None` where nobody can say.
    pub lost: Option<u64>,
    /// The findings.
    pub findings: Vec<FindingReport>,
}

/// A recording that could not be read.
#[derive(Debug, Clone, Serialize)]
pub struct Failure {
    /// The recording.
    pub path: String,
    /// The message with its causes.
    pub error: String,
    /// What helps.
    pub hint: Option<String>,
}

/// A finding with times in seconds since the start of its episode.
#[derive(Debug, Clone, Serialize)]
pub struct FindingReport {
    /// Stable code of the check.
    pub code: String,
    /// `error`, `warning`, `info`.
    pub severity: String,
    /// The stream; `None` when it is about the episode.
    pub stream: Option<String>,
    /// From, seconds since the start of the episode.
    pub start_s: Option<f64>,
    /// To.
    pub end_s: Option<f64>,
    /// The number that was found.
    pub measured: Option<f64>,
    /// The number that the profile asks for.
    pub limit: Option<f64>,
    /// Unit of both.
    pub unit: Option<String>,
    /// File in the recording.
    pub file: Option<String>,
    /// Byte offset in it.
    pub offset: Option<u64>,
    /// One sentence.
    pub message: String,
}

impl FindingReport {
    /// `finding` of an episode that starts at `start`.
    pub fn new(finding: &Finding, start: Option<Nanos>) -> Self {
        let since = |t: Nanos| start.map(|start| t.seconds_since(start));
        Self {
            code: finding.code.clone(),
            severity: finding.severity.name().to_owned(),
            stream: finding.stream.clone(),
            start_s: finding.span.and_then(|span| since(span.start)),
            end_s: finding.span.and_then(|span| since(span.end)),
            measured: finding.measured,
            limit: finding.limit,
            unit: finding.unit.clone(),
            file: finding.file.clone(),
            offset: finding.offset,
            message: finding.message.clone(),
        }
    }
}

/// One line of `ls`.
#[derive(Debug, Clone, Serialize)]
pub struct EpisodeSummary {
    /// The episode.
    pub id: EpisodeId,
    /// Its recording.
    pub recording: RecordingId,
    /// What was to be done.
    pub task: Option<String>,
    /// When it starts.
    pub start_ns: Option<Nanos>,
    /// Whether times count from 1970.
    pub dated: bool,
    /// Seconds.
    pub duration_s: Option<f64>,
    /// The robot.
    pub robot: Option<String>,
    /// Who was in command.
    pub mode: Mode,
    /// How it ended.
    pub outcome: Outcome,
    /// The decision of its latest receipt.
    pub decision: Decision,
    /// How many streams it has; left out where they are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub streams: Option<u64>,
}

/// One stream of `show`.
#[derive(Debug, Clone, Serialize)]
pub struct StreamReport {
    /// Unique in the episode.
    pub name: String,
    /// The kind, which is its table unless it is a kind of frames.
    pub kind: String,
    /// Measured rate.
    pub rate_hz: Option<f64>,
    /// Samples.
    pub samples: u64,
    /// Unit of its values.
    pub unit: Option<String>,
    /// Names of the elements of its vectors.
    pub names: Vec<String>,
    /// Places of the elements of each part of the body, as far as their names tell.
    pub parts: BTreeMap<&'static str, Vec<usize>>,
    /// Message type in the source.
    pub schema: String,
    /// Codec, for pictures.
    pub codec: Option<String>,
    /// Pixels per row.
    pub width: Option<u32>,
    /// Rows.
    pub height: Option<u32>,
    /// Which clock `t_ns` follows.
    pub clock: String,
    /// What was added to header stamps.
    pub clock_offset_ns: Option<String>,
}

/// One labelled part of `show`.
#[derive(Debug, Clone, Serialize)]
pub struct SegmentReport {
    /// `skill`, `exception`, ...
    pub label: String,
    /// Name of the skill or exception.
    pub name: String,
    /// From, seconds since the start of the episode.
    pub start_s: Option<f64>,
    /// To.
    pub end_s: Option<f64>,
}

/// Where an episode comes from and what became of it.
#[derive(Debug, Clone, Serialize)]
pub struct Lineage {
    /// The recording.
    pub recording: RecordingId,
    /// Path that it was ingested from.
    pub path: Option<String>,
    /// Format of the recording.
    pub format: Option<String>,
    /// How it was derived.
    pub derivation: String,
    /// The episode that it was repaired from.
    pub parent: Option<String>,
    /// Dataset versions that hold it: `NAME@VERSION`.
    pub datasets: Vec<String>,
}

/// Everything that `show` tells about one episode.
#[derive(Debug, Clone, Serialize)]
pub struct EpisodeReport {
    /// The line that `ls` prints.
    #[serde(flatten)]
    pub summary: EpisodeSummary,
    /// Order in the recording.
    pub ordinal: u32,
    /// The source's name.
    pub key: String,
    /// Other facts; null is unknown.
    pub facts: BTreeMap<String, Option<String>>,
    /// What became of its messages.
    pub messages: Messages,
    /// Frames among them.
    pub frames: u64,
    /// Its streams.
    #[serde(rename = "streams")]
    pub stream_list: Vec<StreamReport>,
    /// Its labelled parts.
    pub segments: Vec<SegmentReport>,
    /// The findings of its latest receipt.
    pub findings: Vec<FindingReport>,
    /// The dimensions of its latest receipt.
    pub dimensions: BTreeMap<String, String>,
    /// Where it comes from.
    pub lineage: Lineage,
}
