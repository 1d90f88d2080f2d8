//! MCAP: reads every valid file, and what can be read of a broken one; writes files of its own.
//!
//! ```text
//!   layout  header, footer, summary ─▶ Layout ─▶ plan ─▶ RecordingPlan
//!   stream  Window ─ walk ─ record ─ (inflate) ─▶ Lanes ─▶ ReadEvent*
//!   writer  schemas, channels, messages ─▶ chunks, indexes, summary ─▶ any io::Write
//! ```
//!
//! [`Mcap`] is the [`Reader`]. A recording is one file, or a folder of files that are read in the order of their names as one
//! recording (a split ROS 2 bag, whose ninth file comes before its tenth). [`walk`] and [`record`] are the format itself, without any I/O; [`McapWriter`] writes it.
//!
//! **Invariant:** byte offsets are our own count, so that every [`prairie_model::BlobRef`] and every note can be checked with
//! a hex editor. That is why framing and records are written here instead of taken from a library, which serves as the
//! second opinion in the tests.
//!
//! **Invariant:** reading holds one chunk of at most 32 MiB with what it decompresses to, or one record of a larger one, and a
//! bounded number of messages; never a file.
//!
//! What it does not do: it does not sort messages by time, and it does not repair files.

mod attributes;
mod bag;
mod bindings;
mod chunk;
mod config;
mod damage;
mod ending;
mod layout;
mod plan;
pub mod record;
mod stream;
pub mod walk;
mod writer;

use std::ops::ControlFlow;

use prairie_model::{ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source};

use crate::{FormatError, FormatPage, Reader};

pub use config::WriterOptions;
pub use writer::{ChannelId, McapWriter, SchemaId};

/// Reads MCAP.
#[derive(Debug, Clone, Copy)]
pub struct Mcap;

impl Reader for Mcap {
    fn name(&self) -> &'static str {
        "mcap"
    }

    fn describe(&self) -> &'static str {
        "MCAP files and folders of them, with CDR, ROS 1, Protobuf and JSON messages"
    }

    fn page(&self) -> &'static FormatPage {
        &FormatPage {
            recognised: "the magic bytes of MCAP; a folder of one `metadata.yaml` and its MCAP files",
            carries: &[
                "messages in CDR (ROS 2 definitions and OMG IDL), ROS 1, Protobuf and JSON",
                "chunks without compression, with LZ4 or zstd; files without a summary, cut off, or damaged between chunks",
                "attachments and metadata as facts; split bags as one recording",
                "channels whose declared encoding disagrees with their bytes are told",
            ],
            limits: &[
                "messages in FlatBuffers, CBOR or other encodings are counted as undecodable; their bytes stay in the recording",
            ],
        }
    }

    fn claims(&self, source: &dyn Source) -> bool {
        let files = layout::data_files(source);
        let named = |file: &usize| source.files()[*file].path.ends_with(".mcap");
        match files[..] {
            [file] => layout::has_magic(source, file),
            // A file of a bag that lost its beginning is still the bag's.
            _ => files.iter().all(named) && files.iter().any(|&file| layout::has_magic(source, file)),
        }
    }

    fn plan(&self, source: &dyn Source, options: &ReadOptions) -> Result<RecordingPlan, FormatError> {
        layout::Layout::load(source, options.inline).map(plan::plan)
    }

    fn read(
        &self,
        source: &dyn Source,
        plan: &RecordingPlan,
        options: &ReadOptions,
        sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Result<ReadSummary, FormatError> {
        stream::read(source, plan, options, sink)
    }
}
