//! ROS 1 bags of version 2.0: reads every valid file, and what can be read of a broken one.
//!
//! ```text
//!   #ROSBAG V2.0                                      record: header length, header, data length, data
//!   bag header          where the index begins        header: fields of name=value, `op` says what the record is
//!   chunk               connections and messages ─┐   compressed as a whole: none, bz2, lz4
//!   index data …        per connection and chunk  │
//!   …                                             │
//!   connection …        once more                 │   ┐ the index
//!   chunk info …        times and counts          │   ┘
//!
//!   layout  bag header, index ─▶ Layout ─▶ plan ─▶ RecordingPlan
//!   stream  Window ─ next_frame ─ (chunk: inflate) ─ next_frame ─┴▶ Delivery ─▶ ReadEvent*
//! ```
//!
//! [`Bag`] is the [`Reader`]. A recording is one file; splits of one run stay recordings of their own. A *connection* is a
//! publisher on a topic, with the definition of its messages; connections that differ in nothing but their number are one
//! channel. A bag without an index, or with one that is wrong, is read from its first record to its last, which also is the
//! order of the messages.
//!
//! Source: <http://wiki.ros.org/Bags/Format/2.0>.
//!
//! **Invariant:** every step moves the offset forward, also after damage, so that reading ends.
//!
//! **Invariant:** reading holds one chunk of at most 32 MiB with what it decompresses to, or one record of a larger one, and a
//! bounded number of messages; never a file.
//!
//! What it does not do: it does not sort messages by time, does not compare MD5 sums of definitions with the definitions, and
//! reads neither bags of version 1 nor encrypted ones.

mod chunk;
mod connections;
mod layout;
mod record;
mod stream;

use std::ops::ControlFlow;

use prairie_model::{ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source};

use crate::{FormatError, FormatPage, Reader};

/// Reads ROS 1 bags.
#[derive(Debug, Clone, Copy)]
pub struct Bag;

impl Reader for Bag {
    fn name(&self) -> &'static str {
        "bag"
    }

    fn describe(&self) -> &'static str {
        "ROS 1 bags of version 2.0, whole, cut off or without an index"
    }

    fn page(&self) -> &'static FormatPage {
        &FormatPage {
            recognised: "a file that begins with `#ROSBAG V2.0`",
            carries: &[
                "every message of every connection, by the definitions that the bag holds, custom types among them",
                "chunks without compression, with bz2 or LZ4",
                "bags without an index, with a wrong one, or cut off: the records are walked",
                "log time of every message, and the stamp of its header",
            ],
            limits: &[
                "bags of version 1 are refused: `rosbag fix` makes one of version 2.0 of it",
                "encrypted bags are not read",
                "the MD5 sums of definitions are not checked; messages are not sorted by time",
            ],
        }
    }

    fn claims(&self, source: &dyn Source) -> bool {
        source.files().len() == 1 && layout::has_magic(source)
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
