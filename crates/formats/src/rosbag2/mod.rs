//! ROS 2 bags of the storage `sqlite3`: one database, or a folder of them with a `metadata.yaml`.
//!
//! ```text
//!   metadata.yaml       files and their order, counts, compression
//!   run_0.db3           topics: id, name, type, serialization_format, offered_qos_profiles, …
//!   run_1.db3           messages: id, topic_id, timestamp, data
//!   …                   message_definitions: topic_type, encoding, encoded_message_definition   (since Iron)
//!                       schema, metadata                                                        (since Humble)
//!
//!   layout  metadata, small tables ─▶ Layout ─▶ plan ─▶ RecordingPlan
//!   stream  messages, in the order of their ids ─ (zstd) ─▶ Delivery ─▶ ReadEvent*
//! ```
//!
//! [`Rosbag2`] is the [`Reader`]. The databases are read by [`crate::sqlite`], with the log beside them (`run_0.db3-wal`), which
//! holds the last messages of a recorder that did not come to close its bag. Messages may be compressed each by itself
//! (`compression_mode: MESSAGE`), and files as a whole (`FILE`, `run_0.db3.zstd`). Files follow each other in the order of the
//! metadata, or of the numbers in their names; a topic is one channel across them.
//!
//! Bags before Iron hold no definitions of messages. Those of common types are built in.
//!
//! A message is at `sqlite` in a [`prairie_model::BlobRef`] where it lies on several pages, and at its own bytes where it lies on
//! one.
//!
//! **Invariant:** nothing is written beside a recording, and what was committed to the log is read.
//!
//! **Invariant:** reading holds one message and a bounded number of decoded ones; never a file.
//!
//! What it does not do: it does not sort messages by time: a recorder adds them as they come, and that order is kept.

mod definitions;
mod layout;
pub(crate) mod metadata;
mod stream;
mod table;

use std::ops::ControlFlow;

use prairie_model::{ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source};

use crate::{FormatError, FormatPage, Reader};

pub(crate) use table::Messages;

/// Reads ROS 2 bags of the storage `sqlite3`.
#[derive(Debug, Clone, Copy)]
pub struct Rosbag2;

impl Reader for Rosbag2 {
    fn name(&self) -> &'static str {
        "rosbag2"
    }

    fn describe(&self) -> &'static str {
        "ROS 2 bags of the storage sqlite3: .db3 files and folders of them, compressed or not"
    }

    fn page(&self) -> &'static FormatPage {
        &FormatPage {
            recognised: "a database of SQLite with the tables `topics` and `messages`, or a folder of `metadata.yaml` and such files",
            carries: &[
                "single files and split bags; message and file compression with zstd",
                "databases in WAL mode with the log beside them: nothing is written there, and nothing in the log is lost",
                "damaged databases: the pages that can be read",
                "service events; common ROS 2 types where the bag holds no definitions",
            ],
            limits: &[
                "messages that are not CDR are counted as undecodable; their bytes stay in the recording",
                "custom types need the definitions that newer bags hold",
            ],
        }
    }

    fn claims(&self, source: &dyn Source) -> bool {
        layout::claims(source)
    }

    fn plan(&self, source: &dyn Source, options: &ReadOptions) -> Result<RecordingPlan, FormatError> {
        layout::Layout::load(source, options.inline).map(layout::Layout::plan)
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
