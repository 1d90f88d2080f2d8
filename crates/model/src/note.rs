//! What readers and the standardizer noticed, before any profile says how bad it is.

use serde::{Deserialize, Serialize};

use crate::TimeSpan;

/// The kinds of things that can be noticed. Each is judged by one check, which gives it a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// The container ends before it should.
    Truncated,
    /// Bytes in the middle of the container make no sense; what follows could not be read, or was skipped.
    Corrupt,
    /// Bytes lie behind the end of the container. `measured` is how many.
    Trailing,
    /// A checksum differs from the bytes it covers. `measured` and `limit` are the two checksums.
    Checksum,
    /// The index is missing, so that the whole file had to be read.
    IndexMissing,
    /// The index or the metadata claims something that the data does not bear out.
    IndexWrong,
    /// A channel names a schema that the container does not hold, or that cannot be parsed.
    SchemaMissing,
    /// Messages did not fit their schema. `measured` is how many.
    Undecodable,
    /// Messages are in an encoding or of a type for which there is no mapping. `measured` is how many.
    Unmapped,
    /// A file that the metadata names is not there.
    FileMissing,
    /// The number of rows, frames or messages differs from what the metadata claims. `measured` against `limit`.
    CountMismatch,
    /// A time is zero, negative or otherwise no time. `measured` is how many.
    TimeInvalid,
    /// Header stamps were replaced by log times, because no constant offset explains them.
    ClockUnproven,
    /// Header stamps moved against log times over the recording. `measured` is the drift in seconds.
    ClockDrift,
    /// A vector changed its length, so that some rows could not be kept as values. `measured` is how many.
    Ragged,
    /// A unit was converted, or assumed where the source states none.
    UnitAssumed,
    /// An explicit value of the source could not be understood and is unknown therefore.
    ValueUnknown,
    /// Elements are called as in the robot's description, where the recording spells them otherwise.
    NamesReconciled,
    /// Elements without names got those of the robot's description, or it does not know some of them.
    NamesAssumed,
    /// Segmentation marks are missing their partner or overlap.
    MarkerUnpaired,
}

/// One thing that was noticed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// What kind of thing.
    pub kind: NoteKind,
    /// The topic, feature or stream it is about.
    pub stream: Option<String>,
    /// The episode of the source it is about, by index; `None` when it is about the recording.
    pub episode: Option<u32>,
    /// The file it is in, by its path in the recording.
    pub file: Option<String>,
    /// The byte offset in that file.
    pub offset: Option<u64>,
    /// When.
    pub span: Option<TimeSpan>,
    /// The number that was found.
    pub measured: Option<f64>,
    /// The number that was expected.
    pub limit: Option<f64>,
    /// One sentence in lower case, without a full stop.
    pub text: String,
}

impl Note {
    /// A note with nothing but its kind and its sentence.
    pub fn new(kind: NoteKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            stream: None,
            episode: None,
            file: None,
            offset: None,
            span: None,
            measured: None,
            limit: None,
            text: text.into(),
        }
    }

    /// About this stream.
    pub fn stream(mut self, stream: impl Into<String>) -> Self {
        self.stream = Some(stream.into());
        self
    }

    /// About this episode of the source.
    pub fn episode(mut self, episode: Option<u32>) -> Self {
        self.episode = episode;
        self
    }

    /// At this byte of this file.
    pub fn at(mut self, file: impl Into<String>, offset: u64) -> Self {
        self.file = Some(file.into());
        self.offset = Some(offset);
        self
    }

    /// In this file.
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// At this time.
    pub fn span(mut self, span: TimeSpan) -> Self {
        self.span = Some(span);
        self
    }

    /// This was found where that was expected.
    pub fn numbers(mut self, measured: f64, limit: Option<f64>) -> Self {
        self.measured = Some(measured);
        self.limit = limit;
        self
    }
}
