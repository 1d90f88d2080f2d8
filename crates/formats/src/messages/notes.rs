//! Notes, so many and no more.

use std::collections::BTreeMap;

use prairie_model::{Note, NoteKind};

use super::config::NOTES_MAX;

/// Counts notes by kind, so that a hostile file cannot fill memory with them.
#[derive(Debug, Default)]
pub(crate) struct NoteLimit {
    seen: BTreeMap<NoteKind, u32>,
}

impl NoteLimit {
    /// Whether one more of this kind is told.
    pub(crate) fn admits(&mut self, kind: NoteKind) -> bool {
        let seen = self.seen.entry(kind).or_default();
        *seen = seen.saturating_add(1);
        *seen <= NOTES_MAX
    }

    /// One note per kind of which some were held back.
    pub(crate) fn rest(&self) -> impl Iterator<Item = Note> + '_ {
        self.seen.iter().filter(|(_, seen)| **seen > NOTES_MAX).map(|(kind, seen)| {
            let more = seen - NOTES_MAX;
            Note::new(*kind, format!("{more} more of this kind are not listed")).numbers(f64::from(more), None)
        })
    }
}

/// Collects notes, up to a limit.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    notes: Vec<Note>,
    limit: NoteLimit,
}

impl Noted {
    pub(crate) fn push(&mut self, note: Note) {
        if self.limit.admits(note.kind) {
            self.notes.push(note);
        }
    }

    /// The notes, and how many were held back.
    pub(crate) fn into_notes(self) -> impl Iterator<Item = Note> {
        let rest: Vec<_> = self.limit.rest().collect();
        self.notes.into_iter().chain(rest)
    }
}
