//! The frame of a TFRecord file: which bytes are a record.
//!
//! ```text
//!   length: u64 │ masked CRC-32C of the length: u32 │ the record │ masked CRC-32C of the record: u32 │ length ...
//! ```
//!
//! There is no index: each length leads to the next. A length with a wrong checksum is believed only where another frame, or the
//! end of the file, follows the record. Where it leads nowhere, the next frame is looked for byte by byte: eight bytes with a
//! matching checksum are a frame but for one chance in four thousand million.
//!
//! **Invariant:** a record lies inside of its file, and the walk goes forward only.

use prairie_model::{Note, NoteKind, Source};

use super::crc::masked;
use crate::FormatError;

/// Bytes before a record: its length, and the checksum of that.
const HEAD: u64 = 12;

/// Bytes behind a record: its checksum.
const TAIL: u64 = 4;

/// Bytes that are looked at at once for the next frame.
const SEARCH_BYTES: u64 = 1 << 16;

/// One record of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    /// Where it begins, behind the length and its checksum.
    pub(super) start: u64,
    pub(super) length: u64,
}

impl Record {
    /// Where it ends, before its checksum.
    pub(super) const fn end(self) -> u64 {
        // OK because the walk found that the record and its checksum lie inside of the file.
        self.start + self.length
    }
}

/// A record, or what is wrong in its place.
#[derive(Debug)]
pub(super) enum Found {
    Record(Record),
    Damage(Note),
}

/// The records of one file, one after the other.
pub(super) struct Walk<'a> {
    source: &'a dyn Source,
    file: usize,
    path: String,
    size: u64,
    at: u64,
    /// A record whose length has a wrong checksum comes after its note.
    waiting: Option<Record>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(source: &'a dyn Source, file: usize) -> Self {
        let (path, size) = source.files().get(file).map_or((String::new(), 0), |file| (file.path.clone(), file.size));
        Self { source, file, path, size, at: 0, waiting: None }
    }

    /// The next record or damage; `None` at the end of the file.
    ///
    /// # Errors
    ///
    /// When the source fails.
    pub(super) fn next(&mut self) -> Result<Option<Found>, FormatError> {
        if let Some(record) = self.waiting.take() {
            return Ok(Some(Found::Record(record)));
        }
        let at = self.at;
        let left = self.size - at;
        if left == 0 {
            return Ok(None);
        }
        if left < HEAD + TAIL {
            self.at = self.size;
            return Ok(Some(self.cut(at, format!("{left} bytes at the end are no record"), None)));
        }
        let head = self.read(at, HEAD)?;
        let (length, found, expected) = parts(&head);
        let Some(end) = self.fits(at, length) else {
            if found == expected {
                self.at = self.size;
                let text = format!("the last record has {} of {length} bytes", (left - HEAD).min(length));
                return Ok(Some(self.cut(at, text, Some((left - HEAD, length)))));
            }
            return self.search(at, format!("a length of {length} bytes is more than the file has left"));
        };
        let record = Record { start: at + HEAD, length };
        if found == expected {
            self.at = end;
            return Ok(Some(Found::Record(record)));
        }
        if self.is_frame(end)? {
            self.at = end;
            self.waiting = Some(record);
            let text = format!("the length of a record has the checksum {found:08x}, stored is {expected:08x}");
            let note = Note::new(NoteKind::Checksum, text).at(&self.path, at);
            return Ok(Some(Found::Damage(note.numbers(f64::from(found), Some(f64::from(expected))))));
        }
        self.search(at, "a length of a record has a wrong checksum and leads to no other".to_owned())
    }

    /// Whether a record of `length` bytes whose frame begins at `at` fits into the file, and where the next begins.
    fn fits(&self, at: u64, length: u64) -> Option<u64> {
        at.checked_add(HEAD)?.checked_add(length)?.checked_add(TAIL).filter(|end| *end <= self.size)
    }

    /// Whether the file ends at `at`, or a length with its right checksum is there.
    fn is_frame(&self, at: u64) -> Result<bool, FormatError> {
        if at == self.size {
            return Ok(true);
        }
        if self.size - at < HEAD {
            return Ok(false);
        }
        let (_, found, expected) = parts(&self.read(at, HEAD)?);
        Ok(found == expected)
    }

    /// Looks for the next frame behind the one at `from`, which is none.
    fn search(&mut self, from: u64, why: String) -> Result<Option<Found>, FormatError> {
        let mut at = from + 1;
        while self.size - at >= HEAD + TAIL {
            let bytes = self.read(at, SEARCH_BYTES.min(self.size - at))?;
            for (skipped, head) in (0_u64..).zip(bytes.windows(HEAD as usize)) {
                let (length, found, expected) = parts(head);
                // A length that does not fit is told apart first, since nearly every one does not.
                if self.fits(at + skipped, length).is_some() && found == expected {
                    self.at = at + skipped;
                    let lost = self.at - from;
                    let text = format!("{why}; {lost} bytes are passed over to the next record");
                    let note = Note::new(NoteKind::Corrupt, text).at(&self.path, from);
                    return Ok(Some(Found::Damage(note)));
                }
            }
            // The last bytes may be the beginning of a frame. OK because a window has at least HEAD + TAIL bytes.
            at += bytes.len() as u64 - (HEAD - 1);
        }
        self.at = self.size;
        let text = format!("{why}; the {} bytes to the end of the file are passed over", self.size - from);
        Ok(Some(Found::Damage(Note::new(NoteKind::Corrupt, text).at(&self.path, from))))
    }

    fn cut(&self, at: u64, text: String, numbers: Option<(u64, u64)>) -> Found {
        let note = Note::new(NoteKind::Truncated, text).at(&self.path, at);
        Found::Damage(match numbers {
            Some((measured, limit)) => note.numbers(measured as f64, Some(limit as f64)),
            None => note,
        })
    }

    fn read(&self, at: u64, length: u64) -> Result<Vec<u8>, FormatError> {
        let failed = |source| FormatError::Io { file: self.path.clone(), source };
        self.source.read_exact(self.file, at, length).map_err(failed)
    }
}

/// The length that a frame claims, the checksum that its bytes have, and the one that it holds. `head` has twelve bytes.
fn parts(head: &[u8]) -> (u64, u32, u32) {
    let length = head.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let stored = head.get(8..12).and_then(|bytes| bytes.first_chunk()).map_or(0, |bytes| u32::from_le_bytes(*bytes));
    (length, masked(&length.to_le_bytes()), stored)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use prairie_model::MemorySource;

    /// Frames records.
    pub(crate) fn file(records: &[&[u8]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for record in records {
            let length = (record.len() as u64).to_le_bytes();
            bytes.extend_from_slice(&length);
            bytes.extend_from_slice(&masked(&length).to_le_bytes());
            bytes.extend_from_slice(record);
            bytes.extend_from_slice(&masked(record).to_le_bytes());
        }
        bytes
    }

    fn walk(bytes: Vec<u8>) -> (Vec<(u64, u64)>, Vec<NoteKind>) {
        let source = MemorySource::new([("a".to_owned(), bytes)]);
        let mut walk = Walk::new(&source, 0);
        let (mut records, mut notes) = (Vec::new(), Vec::new());
        while let Some(found) = walk.next().unwrap() {
            match found {
                Found::Record(record) => records.push((record.start, record.length)),
                Found::Damage(note) => notes.push(note.kind),
            }
        }
        (records, notes)
    }

    #[test]
    fn frames_lead_to_each_other() {
        assert_eq!(walk(file(&[b"abc", b"", b"defg"])), (vec![(12, 3), (31, 0), (47, 4)], vec![]));
        assert_eq!(walk(Vec::new()), (vec![], vec![]));
    }

    #[test]
    fn every_cut_keeps_what_lies_before_it() {
        let whole = file(&[b"abc", b"defg"]);
        for length in 0..whole.len() {
            let (records, notes) = walk(whole[..length].to_vec());
            assert_eq!(records.len(), usize::from(length >= 19), "{length}");
            let at_a_border = length == 0 || length == 19;
            assert_eq!(notes, if at_a_border { vec![] } else { vec![NoteKind::Truncated] }, "{length}");
        }
    }

    #[test]
    fn every_flip_in_a_frame_keeps_the_others() {
        let whole = file(&[b"abc", b"defg", b"hi"]);
        // The frame of the second record.
        for at in 19..31 {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x40;
            let (records, notes) = walk(bytes);
            assert_eq!((records.first(), records.last()), (Some(&(12, 3)), Some(&(51, 2))), "{at}");
            let kind = if at < 27 { NoteKind::Corrupt } else { NoteKind::Checksum };
            assert_eq!(notes, [kind], "{at}");
            assert_eq!(records.len(), if at < 27 { 2 } else { 3 }, "{at}");
        }
    }
}
