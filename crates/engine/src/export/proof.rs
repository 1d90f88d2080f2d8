//! The proof of an export: counts and hashes in and out, and what was left behind with the reason.

use std::collections::BTreeMap;

use prairie_model::{EpisodeId, Hash256, RecordingId};
use serde::Serialize;

use crate::export::action::Converted;
use crate::export::features::Feature;
use crate::export::grid::FramePlan;
use crate::export::judge::Likeness;
use crate::export::video::Written;
use crate::export::{Align, ExportOptions};

/// What became of everything that a dataset version holds.
#[derive(Debug, Clone, Serialize)]
pub struct Proof {
    /// Version of this shape.
    pub version_of_proof: &'static str,
    /// The dataset.
    pub dataset: String,
    /// Its version.
    pub version: u32,
    /// Hash of the version.
    pub dataset_hash: Hash256,
    /// The snapshot that rows were read at.
    pub snapshot: u64,
    /// `lerobot-v3`, `mcap`, `rlds`, `robomimic`.
    pub target: String,
    /// What was asked for.
    pub options: ExportOptions,
    /// Version of the code that wrote it.
    pub code: String,
    /// Rows per second; `None` where every stream keeps its own rate.
    pub fps: Option<f64>,
    /// How samples were taken at each row's time.
    pub align: Align,
    /// Whether no row holds a value from its future.
    pub causal: bool,
    /// Rows in all episodes; messages where every stream keeps its own rate.
    pub rows: u64,
    /// Seconds in all episodes.
    pub duration_s: f64,
    /// Every episode of the version that is in the export.
    pub episodes: Vec<EpisodeProof>,
    /// Every numeric feature.
    pub features: Vec<FeatureProof>,
    /// Every camera.
    pub videos: Vec<VideoProof>,
    /// Episodes, beginnings of episodes, and streams that are not in the export, each with the reason.
    pub left_out: Vec<String>,
    /// What the form asks for and no stream says, with what stands there instead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub filled: Vec<String>,
    /// Messages of the version's episodes that no stream was made of when they were ingested.
    pub messages_unmapped: u64,
    /// Messages of the version's episodes that could not be decoded when they were ingested.
    pub messages_undecodable: u64,
    /// Every file of the export with its SHA-256, by path.
    pub files: BTreeMap<String, Hash256>,
    /// Where this proof lies.
    #[serde(skip)]
    pub path: String,
    /// Why the store's ledger does not hold this export; `None` where it does. Not in the file, which is written before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unrecorded: Option<String>,
}

/// One exported episode.
#[derive(Debug, Clone, Serialize)]
pub struct EpisodeProof {
    /// The episode.
    pub id: EpisodeId,
    /// Its recording.
    pub recording: RecordingId,
    /// Its order in the export.
    pub index: u64,
    /// Its part of the split.
    pub split: String,
    /// Its rows.
    pub rows: u64,
    /// The canonical time of its first row, as text.
    pub start_ns: String,
    /// Samples of the exported streams that came in.
    pub samples_in: u64,
}

/// One numeric feature over all rows.
#[derive(Debug, Clone, Serialize)]
pub struct FeatureProof {
    /// `observation.state`.
    pub feature: String,
    /// The streams that it is made of.
    pub streams: Vec<String>,
    /// How its numbers are stored: `float32`, `int64`, `bool`, or the type of its messages.
    pub stored_as: String,
    /// Numbers per row.
    pub width: usize,
    /// Samples that came in.
    pub samples_in: u64,
    /// Rows that went out.
    pub rows_out: u64,
    /// Numbers that were missing in the source, and are NaN.
    pub missing: u64,
    /// The oldest (or farthest) sample that a row holds.
    pub largest_distance_s: f64,
    /// SHA-256 over what was exported, in its order: of rows, every number as it is stored, little-endian (one byte for a truth
    /// value); of messages, the SHA-256 of each episode's, one after the other.
    pub hash: Hash256,
    /// Largest difference between an exported number and the source's, by rounding to how it is stored.
    pub largest_rounding: f64,
    /// Least number per element.
    pub min: Vec<f64>,
    /// Greatest number per element.
    pub max: Vec<f64>,
    /// Mean per element.
    pub mean: Vec<f64>,
    /// What became of commands that were asked for in another form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub converted: Option<Converted>,
}

/// One camera over all episodes of the version, exported or left out. `source_frames = exported + repeated + dropped`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct VideoProof {
    /// `observation.images.front`.
    pub feature: String,
    /// The stream.
    pub stream: String,
    /// `remuxed`, `copied` (as they are, into messages or records), `encoded`, or `decoded` to pixels; `mixed` where frames or
    /// episodes differ.
    pub how: String,
    /// Codec of the export.
    pub codec: String,
    /// Frames in the source.
    pub source_frames: u64,
    /// Frames that make one row.
    pub exported: u64,
    /// Frames that make several rows.
    pub repeated: u64,
    /// Frames that make none.
    pub dropped: u64,
    /// Those of the dropped that cannot be decoded, and that rows would have shown; these show the picture before them, or the
    /// episode begins after them.
    pub undecodable: u64,
    /// Largest distance of a frame from its row.
    pub largest_shift_s: f64,
    /// Bytes of its frames in the export.
    pub bytes: u64,
    /// Bits per second of playing time; `None` where frames keep their own times.
    pub bit_rate_bps: Option<f64>,
    /// Columns and rows that encoding added on the right and below, to make both numbers even.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub padding: Option<[u32; 2]>,
    /// How alike encoded frames are to their sources, on a frame of every group; `None` where nothing was encoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub likeness: Option<Likeness>,
    /// Why frames were encoded rather than copied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_encoded: Option<String>,
}

impl VideoProof {
    /// Adds what became of the frames of one episode.
    pub(crate) fn add(&mut self, feature: &Feature, written: &Written) {
        let Written { track, plan, .. } = written;
        let how = if track.why_encoded.is_none() { "remuxed" } else { "encoded" };
        self.add_frames(feature, how, track.codec.name(), plan, written.bytes);
        if let Some(likeness) = written.likeness {
            self.likeness.get_or_insert_default().merge(likeness);
        }
        if track.padding != [0, 0] {
            self.padding = Some(track.padding);
        }
        if self.why_encoded.is_none() {
            self.why_encoded.clone_from(&track.why_encoded);
        }
    }

    /// Adds frames of one episode that were written in some way and codec.
    pub(crate) fn add_frames(&mut self, feature: &Feature, how: &str, codec: &str, plan: &FramePlan, bytes: u64) {
        self.name(feature);
        if self.how.is_empty() {
            self.how = how.to_owned();
            self.codec = codec.to_owned();
        } else if self.how != how {
            self.how = "mixed".to_owned();
        }
        self.source_frames += plan.source;
        self.exported += plan.exported;
        self.repeated += plan.repeated;
        self.dropped += plan.dropped;
        self.undecodable += plan.undecodable;
        self.largest_shift_s = self.largest_shift_s.max(plan.largest_shift_ns as f64 / 1e9);
        self.bytes += bytes;
    }

    /// Adds frames at the beginning of an episode that cannot be decoded, so that the episode begins after them; `lost` of them
    /// would have been shown.
    pub(crate) fn begin_late(&mut self, frames: u64, lost: u64) {
        self.source_frames += frames;
        self.dropped += frames;
        self.undecodable += lost;
    }

    /// Adds the frames of an episode that is left out.
    pub(crate) fn leave_out(&mut self, feature: &Feature, frames: u64) {
        self.name(feature);
        self.source_frames += frames;
        self.dropped += frames;
    }

    fn name(&mut self, feature: &Feature) {
        self.feature.clone_from(&feature.name);
        self.stream = feature.parts.first().map(|part| part.stream.clone()).unwrap_or_default();
    }
}
