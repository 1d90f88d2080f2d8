//! LeRobot datasets (v1, v2.0, v2.1, v3.0): folders of Parquet files, MP4 files and JSON.
//!
//! ```text
//!   meta/info.json ─┐
//!   meta/tasks, meta/episodes ─┼─▶ plan: one channel per feature, one episode per episode
//!   footers of data, moov of videos ─┘
//!   data/*.parquet ─▶ rows ─▶ batches of numbers      videos/*.mp4 ─▶ sample tables ─▶ batches of blobs      ─▶ EpisodeEnd
//! ```
//!
//! Numbers come as `{value: list}` of the type that the column has, a single number as a list of one; texts as `{text}`;
//! pictures as `{data: blob}`. The columns that say where a row belongs (`timestamp`, `frame_index`, `episode_index`, `index`,
//! `task_index`) are no channels: `timestamp` becomes the log time, in nanoseconds from the episode's beginning.
//!
//! Partial datasets are the norm. What is there is delivered; what the metadata promises and the folder lacks is a note. An
//! episode without rows is never delivered, so that missing is not mistaken for empty.
//!
//! Datasets of before v2.0 have another layout, and a reader of their own in `v1`.
//!
//! What it does *not* do: decoding of videos.

mod dataset;
mod embedded;
mod episodes;
mod info;
mod read;
mod rows;
pub(crate) mod table;
mod v1;
pub(crate) mod video;
mod writer;

use std::ops::ControlFlow;

use prairie_model::{ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source};

use crate::{FormatError, FormatPage, Reader};

pub use writer::{DatasetSpec, FeatureStats, Files, LeRobotWriter, NewFeature, NewKind, Version, VideoFrame, Written};

/// Reads LeRobot datasets of versions 1, 2 and 3.
#[derive(Debug, Clone, Copy)]
pub struct LeRobot;

impl Reader for LeRobot {
    fn name(&self) -> &'static str {
        "lerobot"
    }

    fn describe(&self) -> &'static str {
        "LeRobot v1, v2.0, v2.1 and v3.0 datasets, also partial ones (a folder with `meta/info.json`, or a saved Arrow table)"
    }

    fn page(&self) -> &'static FormatPage {
        &FormatPage {
            recognised: "a folder with `meta/info.json`, or a saved Arrow table with the columns of LeRobot",
            carries: &[
                "v1 (Arrow tables, MP4 or embedded pictures), v2.0, v2.1 and v3.0",
                "partial sets: episodes whose videos are absent",
                "tasks, names, frame rate, robot type; video stays in the MP4 files",
            ],
            limits: &["statistics of the set are not taken over: exports compute them anew"],
        }
    }

    fn claims(&self, source: &dyn Source) -> bool {
        info::is_lerobot(source) || is_v1(source)
    }

    fn plan(&self, source: &dyn Source, _options: &ReadOptions) -> Result<RecordingPlan, FormatError> {
        if is_v1(source) {
            return v1::plan(source);
        }
        Ok(dataset::Dataset::load(source)?.plan(source))
    }

    fn read(
        &self,
        source: &dyn Source,
        plan: &RecordingPlan,
        options: &ReadOptions,
        sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Result<ReadSummary, FormatError> {
        if is_v1(source) {
            return v1::read(source, plan, options, sink);
        }
        read::read(source, plan, options, sink)
    }
}

/// Whether this is a dataset of before v2.0: one that has none of the later descriptions.
fn is_v1(source: &dyn Source) -> bool {
    source.find(info::INFO).is_none() && v1::claims(source)
}
