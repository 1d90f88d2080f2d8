//! Why a recording could not be read at all.

use std::io;

use prairie_model::{Note, NoteKind};

/// Only the unreadable is an error; bad data is a [`prairie_model::Note`].
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// No reader knows these bytes.
    #[error("no reader knows this format: {0}")]
    Unrecognized(String),
    /// Several readers claim it.
    #[error("several readers claim it: {}", .0.join(", "))]
    Ambiguous(Vec<&'static str>),
    /// The reader that was asked for does not claim it.
    #[error("{}", not_claimed(format, *is_known, claims))]
    NotClaimed {
        /// The name that was asked for.
        format: String,
        /// Whether there is a reader of that name.
        is_known: bool,
        /// Those that claim it.
        claims: Vec<&'static str>,
    },
    /// The container is damaged where nothing can be read without it.
    #[error("failed to read {what} at byte {offset} of `{file}`: {why}")]
    Damaged {
        /// What was to be read.
        what: &'static str,
        /// The file in the recording.
        file: String,
        /// Where.
        offset: u64,
        /// What is wrong with it.
        why: String,
    },
    /// The container ends where more of it is needed.
    #[error("failed to read {what} of `{file}`, which ends at byte {offset}: {why}")]
    Cut {
        /// What was to be read.
        what: &'static str,
        /// The file in the recording.
        file: String,
        /// Where it ends.
        offset: u64,
        /// What that means.
        why: String,
    },
    /// The operating system or the object store failed.
    #[error("failed to read `{file}`")]
    Io {
        /// The file in the recording.
        file: String,
        /// What failed.
        source: io::Error,
    },
    /// Output could not be written.
    #[error("failed to write {what}")]
    Write {
        /// What was to be written.
        what: &'static str,
        /// What failed.
        source: io::Error,
    },
    /// What was asked for cannot be expressed in the format.
    #[error("{0}")]
    Unsupported(String),
}

/// Why the reader that was asked for cannot be taken.
fn not_claimed(format: &str, is_known: bool, claims: &[&str]) -> String {
    let why = if is_known { "does not claim it" } else { "is no format" };
    match claims {
        [] => format!("`{format}` {why}, nor does any other reader"),
        claims => format!("`{format}` {why}; it is claimed by {}", claims.join(", ")),
    }
}

impl FormatError {
    /// Damage as a note, for whoever can go on without what was to be read.
    ///
    /// # Errors
    ///
    /// Every other error as it is: a failing disk is no property of the recording.
    pub(crate) fn into_note(self) -> Result<Note, Self> {
        let (kind, file, offset) = match &self {
            Self::Damaged { file, offset, .. } => (NoteKind::Corrupt, file.clone(), *offset),
            Self::Cut { file, offset, .. } => (NoteKind::Truncated, file.clone(), *offset),
            _ => return Err(self),
        };
        Ok(Note::new(kind, self.to_string()).at(file, offset))
    }
}
