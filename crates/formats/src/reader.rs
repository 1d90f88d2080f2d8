//! The readers, and how one is found for a recording.

use std::ops::ControlFlow;

use prairie_model::{ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source};

use crate::FormatError;
use crate::lerobot::LeRobot;
use crate::mcap::Mcap;

/// Reads one format.
pub trait Reader: Sync {
    /// The format's name: `mcap`, `lerobot`.
    fn name(&self) -> &'static str;

    /// What it reads, in one line for `prairie formats`.
    fn describe(&self) -> &'static str;

    /// Whether this is the format, by content. Reads at most a few kilobytes; what cannot be read is not claimed.
    fn claims(&self, source: &dyn Source) -> bool;

    /// Describes the recording from its indexes and summaries.
    ///
    /// # Errors
    ///
    /// When nothing of it can be read.
    fn plan(&self, source: &dyn Source, options: &ReadOptions) -> Result<RecordingPlan, FormatError>;

    /// Streams the recording into `sink` until it breaks or the recording ends. Damage is told as a note, and the messages
    /// before it (and after it, where the container allows) are delivered.
    ///
    /// # Errors
    ///
    /// When the source fails, or nothing can be read.
    fn read(
        &self,
        source: &dyn Source,
        plan: &RecordingPlan,
        options: &ReadOptions,
        sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Result<ReadSummary, FormatError>;
}

/// Every reader, by name.
pub const READERS: &[&dyn Reader] = &[&LeRobot, &Mcap];

/// The reader whose format this is.
///
/// # Errors
///
/// When no reader claims it, or several do.
pub fn sniff(source: &dyn Source) -> Result<&'static dyn Reader, FormatError> {
    let claims: Vec<_> = READERS.iter().copied().filter(|reader| reader.claims(source)).collect();
    match claims[..] {
        [reader] => Ok(reader),
        [] => Err(FormatError::Unrecognized(describe(source))),
        _ => Err(FormatError::Ambiguous(claims.iter().map(|reader| reader.name()).collect())),
    }
}

/// What an unknown recording looks like, for the error message.
fn describe(source: &dyn Source) -> String {
    let files = source.files();
    let Some(first) = files.first() else { return "there is no file in it".to_owned() };
    if first.size == 0 && files.len() == 1 {
        return "the file is empty".to_owned();
    }
    let mut head = [0; 8];
    match source.read_at(0, 0, &mut head) {
        Ok(n) => {
            let bytes: Vec<_> = head[..n].iter().map(|byte| format!("{byte:02x}")).collect();
            format!("`{}` begins with {}", first.path, bytes.join(" "))
        }
        Err(error) => format!("`{}` cannot be read: {error}", first.path),
    }
}
