//! RLDS: episodes of steps as TensorFlow Datasets keeps them, without TensorFlow.
//!
//! ```text
//!   features.json ──────▶ features ─▶ one channel per feature of a step
//!   dataset_info.json ──▶ info ─────▶ which files there should be, and how many records in each
//!   *.tfrecord-* ─ record ─▶ one record per episode ─ example ─▶ places ─┬─▶ keys and texts: plan, one episode per record
//!        (frames, CRC)           (tf.train.Example)                      └─▶ values: batches of rows ─▶ EpisodeEnd
//!   episodes of columns ─ writer ─▶ the same folder
//! ```
//!
//! A *shard* is a file of records, a *record* is an episode, a *leaf* is a feature without parts, a *step* is a row. Channels are
//! called by the key of their feature without the name of the nested data set: `observation/image`, `action`. Features beside the
//! steps are attributes of the episode by their whole key (`episode_metadata/file_path`), or channels of their own where they are
//! large. A text that is the same in every step is an attribute, too, and the instruction among them is the task; a text that
//! changes is a channel. Pictures are pointed to where they lie in the record.
//!
//! A camera that a flag `has_NAME` says is not there has blank pictures in its place. Those are no frames, and an attribute of
//! the recording counts them. Converters are known that set every flag to false: pictures that differ from step to step are no
//! blanks whatever a flag says, and come with a note.
//!
//! RLDS has no rate and seldom times. Steps without times are taken to be apart as those of the known data set of that name, else
//! 0.1 s, and a note says which.
//!
//! What it does *not* do: ArrayRecord and Riegeli files, compressed TFRecord files, decoding of pictures, sequences of texts or
//! pictures within one step.
//!
//! **Invariant:** it holds a window of a record and the batches of one feature, never the record.
//!
//! **Invariant:** every step of a feature is delivered, counted as undecodable, or told as a blank.

mod crc;
mod dataset;
mod example;
mod features;
mod info;
mod rates;
mod read;
mod record;
mod rows;
mod steps;
mod window;
mod writer;

use std::ops::ControlFlow;

use prairie_model::{ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source};

use crate::{FormatError, FormatPage, Reader};

pub use writer::{Column, EpisodeRecord, Folder, NewDataset, NewFeature, NewKind, RldsWriter, Values, dataset_name};

/// Reads RLDS data sets.
#[derive(Debug, Clone, Copy)]
pub struct Rlds;

impl Reader for Rlds {
    fn name(&self) -> &'static str {
        "rlds"
    }

    fn describe(&self) -> &'static str {
        "RLDS episodes of TensorFlow Datasets (a folder with `features.json` and `.tfrecord` files)"
    }

    fn page(&self) -> &'static FormatPage {
        &FormatPage {
            recognised: "a folder with `features.json` and `.tfrecord` files",
            carries: &[
                "episodes of TensorFlow Datasets with nested steps, over all shards and splits; the CRC32C of every record is checked",
                "JPEG and PNG pictures stay in the records; blank cameras are told by their flags",
                "language instructions, episode metadata, `is_first`, `is_last`, `is_terminal`, reward and discount",
            ],
            limits: &[
                "ArrayRecord, Riegeli and compressed TFRecord files are not read",
                "sequences of texts or pictures within one step are not decoded",
                "the format states no rate: that of the known data set of the name is taken, else 0.1 s a step, and told",
            ],
        }
    }

    fn claims(&self, source: &dyn Source) -> bool {
        dataset::is_rlds(source)
    }

    fn plan(&self, source: &dyn Source, _options: &ReadOptions) -> Result<RecordingPlan, FormatError> {
        dataset::Dataset::load(source)?.plan(source)
    }

    fn read(
        &self,
        source: &dyn Source,
        plan: &RecordingPlan,
        options: &ReadOptions,
        sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Result<ReadSummary, FormatError> {
        read::read(source, plan, options, sink)
    }
}
