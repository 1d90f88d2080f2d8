//! ULog, the log of PX4 (<https://docs.px4.io/main/en/dev_log/ulog_file_format>).
//!
//! ```text
//!   header │ flags │ formats, information, parameters │ subscriptions, data, texts, changes, dropouts, … │ appended data
//!   'F' ─ format ─▶ layouts      'A' ─▶ channel      'D' ─ rows ─▶ columns, one per member      'L' 'C' ─▶ events of text
//! ```
//!
//! A subscription is a channel: messages are structs of their format's members, with formats inside as structs, arrays as lists, letters
//! as texts, and `timestamp` as a time. Times are those of the messages, in nanoseconds since the start of the system; there are no
//! episodes. A second instance of a topic is `topic/1`. Logged texts are channels by level (`logged_messages/warning`), changed
//! parameters one of texts (`parameter_changes`), dropouts one of durations. Information and parameters are attributes.
//!
//! What it does *not* do: encrypted logs.
//!
//! **Invariant:** after bytes that are no messages reading goes on where several messages follow each other, of numbers and lengths that
//! the formats allow.

mod facts;
mod format;
mod read;
mod rows;
mod walk;

use std::ops::ControlFlow;

use prairie_model::{ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source};

use crate::{FormatError, FormatPage, Reader};

/// Reads ULog files.
#[derive(Debug, Clone, Copy)]
pub struct Ulog;

impl Reader for Ulog {
    fn name(&self) -> &'static str {
        "ulog"
    }

    fn describe(&self) -> &'static str {
        "ULog, the log of PX4 (`.ulg`), also cut and damaged ones"
    }

    fn page(&self) -> &'static FormatPage {
        &FormatPage {
            recognised: "the magic bytes of ULog",
            carries: &[
                "every message of every format, logged texts, parameters and their changes, dropouts",
                "data that was appended after a crash; reading goes on behind damage",
            ],
            limits: &["times are those since the start of the system", "encrypted logs are not read"],
        }
    }

    fn claims(&self, source: &dyn Source) -> bool {
        let mut head = [0; read::MAGIC.len()];
        source.files().len() == 1
            && source.read_at(0, 0, &mut head).is_ok_and(|n| n == head.len() && head == *read::MAGIC)
    }

    fn plan(&self, source: &dyn Source, _options: &ReadOptions) -> Result<RecordingPlan, FormatError> {
        read::plan(source, 0)
    }

    fn read(
        &self,
        source: &dyn Source,
        plan: &RecordingPlan,
        options: &ReadOptions,
        sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Result<ReadSummary, FormatError> {
        read::read(source, 0, plan, options, sink)
    }
}
