//! LeRobot datasets of before v2.0: one table of all episodes, as Hugging Face's `datasets` keeps it, and a video per episode.
//!
//! ```text
//!   meta_data/info.json ─────────────────────────────────┐
//!   meta_data/episode_data_index.safetensors ────────────┼─▶ plan: one channel per column, one episode per `episode_index`
//!   train/*.arrow, data/*.arrow or data/*.parquet ─ table ┘
//!     rows ─▶ batches of numbers; {path, timestamp} ─▶ frames of videos/*.mp4; {bytes, path} ─▶ places of pictures ─▶ EpisodeEnd
//! ```
//!
//! The table is an Arrow stream where a dataset was saved to a disk, and Parquet where it comes from the hub. All but the table may be
//! missing: columns say by their types what they are.
//!
//! What it does *not* do: `stats.safetensors`, whose numbers nobody needs who has the rows.

mod dataset;
mod read;
mod stream;
mod table;

use std::ops::ControlFlow;

use prairie_model::{ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source};

use crate::FormatError;

/// Whether this is such a dataset.
pub(super) fn claims(source: &dyn Source) -> bool {
    table::first(source).is_some_and(|file| dataset::is_table(source, file))
}

pub(super) fn plan(source: &dyn Source) -> Result<RecordingPlan, FormatError> {
    Ok(dataset::Dataset::load(source)?.plan(source))
}

pub(super) fn read(
    source: &dyn Source,
    plan: &RecordingPlan,
    options: &ReadOptions,
    sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
) -> Result<ReadSummary, FormatError> {
    read::read(source, plan, options, sink)
}
