//! HDF5: robomimic, robosuite, MimicGen, LIBERO, ALOHA, RoboMIND, AgiBot World, and any file whose groups have rows.
//!
//! ```text
//!   container: superblock ─▶ groups, datasets, attributes            tree: every name of the file
//!   layouts:   which groups are episodes      episode: which datasets are channels, and what its clock is      ─▶ plan
//!   read:      slabs of rows ─▶ batches of numbers, texts and blobs      clock: their times                    ─▶ EpisodeEnd
//!   writer:    rows of numbers and pictures ─▶ a file of another layout's groups
//!   blobs:     a picture in chunks ─▶ its bytes        folder: the videos and labels beside the numbers of AgiBot World
//! ```
//!
//! Numbers come as `{value: list}` of the type that the dataset has; texts as `{text}`; pictures as `{data: blob}`. The topic is
//! the path of the dataset without that of its episode. Members of compounds are channels of their own, with a dot before their
//! names. What else the file says are attributes of the plan and of the episodes.
//!
//! What it does *not* do: elements in other files, virtual datasets, references, and filters that [`container`] does not name.
//! Such datasets are told and counted, and the rest of the file is read.
//!
//! **Invariant:** memory is bounded by a slab of rows and a chunk, whatever the shape of the chunks.

mod blobs;
mod clock;
mod column;
mod container;
mod episode;
mod facts;
mod folder;
mod layouts;
mod read;
mod recording;
mod tree;
mod writer;

use std::ops::ControlFlow;

use prairie_model::{ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source};

use crate::{FormatError, Reader};

pub use writer::{DatasetWriter, Element, Hdf5Writer, NewDataset, Object, Value};

pub(crate) use blobs::Blobs;

/// Reads HDF5.
#[derive(Debug, Clone, Copy)]
pub struct Hdf5;

impl Reader for Hdf5 {
    fn name(&self) -> &'static str {
        "hdf5"
    }

    fn describe(&self) -> &'static str {
        "HDF5: robomimic, robosuite, ALOHA, RoboMIND, AgiBot World, and any groups of datasets with rows"
    }

    fn claims(&self, source: &dyn Source) -> bool {
        match source.files().len() {
            1 => container::find_superblock(source, 0).is_ok_and(|found| found.is_some()),
            _ => folder::is_folder(source),
        }
    }

    fn plan(&self, source: &dyn Source, options: &ReadOptions) -> Result<RecordingPlan, FormatError> {
        Ok(recording::Recording::load(source, options.verify)?.plan)
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
