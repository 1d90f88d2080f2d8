//! The write-ahead log beside a database: newer versions of its pages.
//!
//! ```text
//!   head (32 bytes): magic, version, page size, …, salts, checksum
//!   frame (24 bytes): page, pages after a commit or 0, salts, checksum │ the page
//!   …
//! ```
//!
//! Frames count up to the last one that ends a transaction and before which every checksum is right. Behind those lie frames of
//! an earlier use of the log, which have other salts, or a transaction that was never finished.

use std::io;

use prairie_model::{Note, NoteKind, Source};

const HEAD: u64 = 32;
const FRAME_HEAD: u64 = 24;

/// Frames of a log that is read. Logs have a thousand, unless nobody could write them back.
const FRAMES_MAX: u64 = 8 << 20;

/// Bytes that are read at once.
const READ_BYTES: u64 = 1 << 20;

/// Which pages the log has.
#[derive(Debug)]
pub(super) struct Log {
    /// Index of its file.
    pub(super) file: usize,
    pub(super) page_bytes: usize,
    /// Pages of the database after the last transaction.
    pub(super) pages: u32,
    /// Page and frame, sorted by page.
    frames: Vec<(u32, u32)>,
}

/// A running checksum over pairs of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sum {
    big: bool,
    one: u32,
    two: u32,
}

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        let (pairs, _) = bytes.as_chunks::<8>();
        for [a, b, c, d, e, f, g, h] in pairs {
            let (first, second) = match self.big {
                true => (u32::from_be_bytes([*a, *b, *c, *d]), u32::from_be_bytes([*e, *f, *g, *h])),
                false => (u32::from_le_bytes([*a, *b, *c, *d]), u32::from_le_bytes([*e, *f, *g, *h])),
            };
            self.one = self.one.wrapping_add(first).wrapping_add(self.two);
            self.two = self.two.wrapping_add(second).wrapping_add(self.one);
        }
    }

    fn is(&self, stated: &[u8]) -> bool {
        stated == [self.one.to_be_bytes(), self.two.to_be_bytes()].concat()
    }
}

impl Log {
    /// Reads which pages the log has. `None` where nothing of it counts; why, is told.
    pub(super) fn read(source: &dyn Source, file: usize, notes: &mut Vec<Note>) -> io::Result<Option<Self>> {
        let Some((path, size)) = source.files().get(file).map(|file| (file.path.clone(), file.size)) else {
            return Ok(None);
        };
        if size == 0 {
            return Ok(None);
        }
        let tell = |kind, text: String, offset| Note::new(kind, text).at(&path, offset);
        let head = source.read_exact(file, 0, HEAD.min(size))?;
        let (page_bytes, mut sum) = match parse_head(&head) {
            Ok(head) => head,
            // A log that was begun anew is emptied with zeros by some.
            Err(_) if head.iter().all(|byte| *byte == 0) => return Ok(None),
            Err(why) => {
                notes.push(tell(NoteKind::Corrupt, format!("the log is not used: {why}"), 0));
                return Ok(None);
            }
        };
        let mut log = Self { file, page_bytes, pages: 0, frames: Vec::new() };
        // OK to slice: `parse_head` found a whole head.
        let salts = head[16..24].to_vec();
        let frame_bytes = FRAME_HEAD + page_bytes as u64;
        let (mut number, mut committed) = (0_u64, 0_u64);
        let whole = (size - HEAD) / frame_bytes;
        let mut end = None;
        'log: while number < whole.min(FRAMES_MAX) {
            let count = (READ_BYTES / frame_bytes).max(1).min(whole - number);
            let bytes = source.read_exact(file, HEAD + number * frame_bytes, count * frame_bytes)?;
            // OK to cast: a few pages.
            for frame in bytes.chunks_exact(frame_bytes as usize) {
                // OK to slice: a frame has its head.
                if frame[8..16] != salts[..] {
                    break 'log;
                }
                sum.add(&frame[..8]);
                sum.add(&frame[FRAME_HEAD as usize..]);
                if !sum.is(&frame[16..24]) {
                    end = Some("a frame has a wrong checksum");
                    break 'log;
                }
                let word = |at: usize| frame[at..].first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
                // OK to cast: below FRAMES_MAX.
                log.frames.push((word(0), number as u32));
                number += 1;
                if word(4) != 0 {
                    log.pages = word(4);
                    committed = number;
                }
            }
        }
        let behind = HEAD + number * frame_bytes;
        if let Some(why) = end {
            let left = size - behind;
            let text =
                format!("the log is read up to its byte {behind}: {why}; {left} bytes from there on are not used");
            notes.push(tell(NoteKind::Corrupt, text, behind));
        } else if number < whole && number == FRAMES_MAX {
            notes.push(tell(NoteKind::Corrupt, format!("of the log only {FRAMES_MAX} pages are read"), behind));
        } else if number == whole && behind < size {
            let text = format!("the log ends inside of a page, of which {} bytes are there", size - behind);
            notes.push(tell(NoteKind::Truncated, text, behind));
        }
        if committed < number {
            let text =
                format!("the last {} pages of the log are of a transaction that was not finished", number - committed);
            notes.push(tell(NoteKind::Truncated, text, HEAD + committed * frame_bytes));
        }
        log.frames.retain(|(_, frame)| u64::from(*frame) < committed);
        // The last version of each page counts.
        log.frames.sort_unstable_by_key(|(page, frame)| (*page, std::cmp::Reverse(*frame)));
        log.frames.dedup_by_key(|(page, _)| *page);
        Ok((!log.frames.is_empty()).then_some(log))
    }

    /// Pages that the log has.
    pub(super) fn pages_held(&self) -> u32 {
        // OK to cast: below FRAMES_MAX.
        self.frames.len() as u32
    }

    /// The page whose last version lies around that offset of the log.
    pub(super) fn page_at(&self, offset: u64) -> Option<u32> {
        let frame = offset.checked_sub(HEAD)? / (FRAME_HEAD + self.page_bytes as u64);
        self.frames.iter().find(|(_, known)| u64::from(*known) == frame).map(|(page, _)| *page)
    }

    /// Where the log's version of a page lies in its file.
    pub(super) fn offset(&self, page: u32) -> Option<u64> {
        let at = self.frames.binary_search_by_key(&page, |(page, _)| *page).ok()?;
        // OK to index: it was found there.
        let frame = u64::from(self.frames[at].1);
        Some(HEAD + frame * (FRAME_HEAD + self.page_bytes as u64) + FRAME_HEAD)
    }
}

/// The page size and the checksum of the head, with which that of the frames begins.
fn parse_head(head: &[u8]) -> Result<(usize, Sum), &'static str> {
    let Some(head) = head.first_chunk::<32>() else { return Err("it has no whole head") };
    let word = |at: usize| head[at..].first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
    let big = match word(0) {
        0x377f_0682 => false,
        0x377f_0683 => true,
        _ => return Err("it does not begin like one"),
    };
    if word(4) != 3_007_000 {
        return Err("it is of an unknown version");
    }
    let page_bytes = match word(8) {
        bytes if bytes.is_power_of_two() && (512..=65_536).contains(&bytes) => bytes as usize,
        _ => return Err("its pages have no valid size"),
    };
    let mut sum = Sum { big, one: 0, two: 0 };
    sum.add(&head[..24]);
    if !sum.is(&head[24..]) {
        return Err("the checksum of its head is wrong");
    }
    Ok((page_bytes, sum))
}
