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

use crate::{FormatError, FormatPage, Reader};

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

    fn page(&self) -> &'static FormatPage {
        &FormatPage {
            recognised: "the signature of an HDF5 superblock at one of its places; for AgiBot World a folder with `proprio_stats`",
            carries: &[
                "robomimic, robosuite, MimicGen and LIBERO (`data/demo_N`), ALOHA and ACT, RoboMIND, AgiBot World with its videos, skills and error labels",
                "otherwise any group whose datasets have the same number of rows, as one episode",
                "files of HDF5 1.6 to 2.0: contiguous, compact and chunked datasets, every chunk index, old and new groups",
                "deflate, shuffle, Fletcher32, LZF, N-bit, scale-offset, LZ4, Zstandard, bzip2",
                "pictures stay in the file: raw, JPEG or PNG, with padding",
                "attributes, language instructions, rates where the file states one",
            ],
            limits: &[
                "szip, Blosc and other filters, virtual datasets and elements in other files are refused dataset by dataset, by name",
                "chunks above 96 MiB with filters and rows above 64 MiB are refused",
                "raw pictures are taken for RGB",
                "AgiBot World's depth pictures and camera parameters are not joined",
            ],
        }
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
