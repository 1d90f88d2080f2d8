//! What was noticed about a file, one note per kind and column however many rows it is.

use std::collections::BTreeMap;

use prairie_model::{LogNote, LogNoteKind};

/// Bytes of an example that are kept.
const EXAMPLE_MAX: usize = 80;

#[derive(Debug)]
pub(super) struct Notes {
    file: String,
    notes: BTreeMap<(LogNoteKind, Option<String>), LogNote>,
}

impl Notes {
    pub(super) fn new(file: &str) -> Self {
        Self { file: file.to_owned(), notes: BTreeMap::new() }
    }

    /// Counts a row.
    pub(super) fn add(&mut self, kind: LogNoteKind, column: Option<&str>, row: u64, example: Option<&str>) {
        let note = self.note(kind, column);
        note.rows += 1;
        note.first_row.get_or_insert(row);
        if note.example.is_none() {
            note.example = example.map(|text| text.chars().take(EXAMPLE_MAX).collect());
        }
    }

    /// Notes something about a column, not about a row.
    pub(super) fn once(&mut self, kind: LogNoteKind, column: &str) {
        self.note(kind, Some(column));
    }

    fn note(&mut self, kind: LogNoteKind, column: Option<&str>) -> &mut LogNote {
        let column = column.map(str::to_owned);
        let key = (kind, column.clone());
        let file = &self.file;
        self.notes.entry(key).or_insert_with(|| LogNote {
            kind,
            file: file.clone(),
            column,
            rows: 0,
            first_row: None,
            example: None,
        })
    }

    pub(super) fn finish(self) -> Vec<LogNote> {
        self.notes.into_values().collect()
    }
}
