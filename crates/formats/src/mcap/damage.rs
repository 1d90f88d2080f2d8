//! What damage took: how many messages, and between which times they lie.
//!
//! ```text
//!   message indexes (behind a chunk, or where the chunk index says) ─▶ count and times of what was not read
//!   without them: after the last message that was read, before the next one
//! ```
//!
//! A recording may hold many episodes, and a note without a time would be blamed on whichever is open. So every note about lost
//! messages waits until its time is known.

use std::collections::BTreeMap;

use prairie_model::{Nanos, Note, NoteKind, TimeSpan};

use super::config::DESCRIPTION_MAX;
use super::layout::Summary;
use super::record::{self, op};
use super::stream::{Current, Reading};
use super::walk::{WalkError, next_frame};
use crate::messages::{Halt, Lost, Window, plural};

/// What the chunk index says of a chunk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk {
    span: Option<TimeSpan>,
    /// Where its message indexes begin.
    indexes: Option<u64>,
}

/// The chunks by where they begin, as the index says.
pub(super) fn chunks_of(summary: Option<&Summary>, window: &mut Window<'_>) -> std::io::Result<BTreeMap<u64, Chunk>> {
    let mut chunks = BTreeMap::new();
    if let Some(summary) = summary {
        summary.chunks(window, |index| {
            let indexes = index.message_index_offsets.iter().map(|(_, offset)| *offset).min();
            let chunk = Chunk { span: span(index.message_start_time, index.message_end_time), indexes };
            chunks.insert(index.chunk_start_offset, chunk);
        })?;
    }
    Ok(chunks)
}

/// The span of log times that a chunk states; `None` where it makes no sense.
pub(super) fn span(start: u64, end: u64) -> Option<TimeSpan> {
    let (start, end) = (i64::try_from(start).ok()?, i64::try_from(end).ok()?);
    (start <= end && end > 0).then(|| TimeSpan::new(Nanos(start), Nanos(end)))
}

/// The messages from byte `from` of a chunk's records on, by the message indexes that begin at `at`; `None` where there are
/// none.
pub(super) fn lost_messages(window: &mut Window<'_>, mut at: u64, from: u64) -> std::io::Result<Option<Lost>> {
    let size = window.size();
    let mut lost: Option<Lost> = None;
    loop {
        let frame = match next_frame(window, at, size) {
            Ok(Some(frame)) if frame.opcode == op::MESSAGE_INDEX => frame,
            Err(WalkError::Io(error)) => return Err(error),
            _ => return Ok(lost),
        };
        at = frame.end();
        if frame.length > DESCRIPTION_MAX {
            return Ok(None);
        }
        let Ok((index, _)) = record::MessageIndex::parse(window.at_most(frame.body(), frame.length)?) else {
            return Ok(None);
        };
        let mut here = Lost { count: 0, span: None };
        for (time, _) in index.records.iter().filter(|(_, offset)| *offset >= from) {
            let time = Nanos(i64::try_from(*time).unwrap_or(i64::MAX));
            here = here.and(Lost { count: 1, span: Some(TimeSpan::new(time, time)) });
        }
        lost = Some(lost.map_or(here, |lost| lost.and(here)));
    }
}

impl Reading<'_> {
    pub(super) fn corrupt(&mut self, current: &Current, offset: u64, text: String) {
        self.out.wait(Note::new(NoteKind::Corrupt, text).at(&current.path, offset));
    }

    pub(super) fn truncated(&mut self, current: &Current, offset: u64, text: &str) {
        self.out.wait(Note::new(NoteKind::Truncated, text).at(&current.path, offset));
    }

    /// Tells that the frames break at `offset`. `walked` is how far the records of the chunk there were read, and `next` where
    /// reading goes on.
    pub(super) fn broken(
        &mut self,
        current: &Current,
        window: &mut Window<'_>,
        (offset, error): (u64, &WalkError),
        chunks: &BTreeMap<u64, Chunk>,
        (walked, next): (u64, Option<u64>),
    ) -> Result<(), Halt> {
        // A file with its footer in place was not cut off: the damage is inside.
        let (kind, what) = if current.closed {
            (NoteKind::Corrupt, "the records break")
        } else {
            (NoteKind::Truncated, "the file is cut off")
        };
        let text = format!("{what} after {} {}: {error}", current.messages, plural(current.messages));
        let note = Note::new(kind, text).at(&current.path, offset);
        let mut lost: Option<Lost> = None;
        for (&start, chunk) in chunks.range(offset..next.unwrap_or(u64::MAX).max(offset)) {
            let from = if start == offset { walked } else { 0 };
            let here = match chunk.indexes {
                Some(at) => lost_messages(window, at, from).map_err(Halt::io)?,
                None => None,
            };
            match here {
                Some(here) => lost = Some(lost.map_or(here, |lost| lost.and(here))),
                // Its times are known, and how many messages it had is not.
                None => {
                    self.out.losing = true;
                    let text = format!("{}; how many messages that took is unknown", note.text);
                    return match chunk.span {
                        Some(span) => self.out.note(Note { text, ..note }.span(span)),
                        None => {
                            self.out.wait(Note { text, ..note });
                            Ok(())
                        }
                    };
                }
            }
        }
        self.out.took(note, lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_without_messages_has_no_times() {
        assert_eq!(span(0, 0), None);
        assert_eq!(span(7, 5), None);
        assert_eq!(span(5, u64::MAX), None);
        assert_eq!(span(5, 7), Some(TimeSpan::new(Nanos(5), Nanos(7))));
    }
}
