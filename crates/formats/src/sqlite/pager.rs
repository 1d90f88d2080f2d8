//! Pages, from the file or from the log, a few of them kept.

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::Arc;

use prairie_model::{Note, NoteKind, Source};

use super::btree::{Cell, cell_at};
use super::log::Log;
use super::squeezed::Squeezed;
use super::{Fault, MAGIC, VALUE_MAX};

/// Bytes of the file that are read at once: several pages.
const BLOCK_BYTES: u64 = 64 << 10;

/// Blocks that are kept.
const BLOCKS_KEPT: usize = 48;

/// Where bytes lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    /// Index of the file.
    pub(crate) file: usize,
    pub(crate) offset: u64,
}

/// A page.
#[derive(Debug, Clone)]
pub(super) struct Page {
    block: Arc<[u8]>,
    from: usize,
    to: usize,
    /// Where it lies: in the file, in its log, or in what the file decompresses to.
    pub(super) spot: Spot,
    /// Whether it lies so in a file.
    pub(super) direct: bool,
}

impl Deref for Page {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // OK to slice: made so by `Pager::page`.
        &self.block[self.from..self.to]
    }
}

/// Where the bytes of the database come from.
enum Store<'a> {
    Plain(&'a dyn Source, usize),
    Squeezed(Box<Squeezed<'a>>),
}

/// How text is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextEncoding {
    Utf8,
    Utf16Le,
    Utf16Be,
}

/// The pages of a database.
pub(crate) struct Pager<'a> {
    store: Store<'a>,
    source: &'a dyn Source,
    file: usize,
    path: String,
    /// Bytes of the file.
    size: u64,
    page_bytes: usize,
    usable: usize,
    pages: u32,
    encoding: TextEncoding,
    log: Option<Log>,
    /// Blocks of the file by their number, the last used last.
    blocks: VecDeque<(u64, Arc<[u8]>)>,
}

/// What the head of the first page says.
struct Head {
    page_bytes: usize,
    usable: usize,
    /// Pages; zero where an old version wrote none.
    pages: u32,
    encoding: TextEncoding,
}

impl Head {
    fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let Some(head) = bytes.first_chunk::<100>() else { return Err("the file is shorter than a head") };
        if !head.starts_with(MAGIC) {
            return Err("it does not begin like an SQLite database");
        }
        let word = |at: usize| head[at..].first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
        let page_bytes = match usize::from(u16::from_be_bytes([head[16], head[17]])) {
            1 => 65_536,
            bytes if bytes.is_power_of_two() && bytes >= 512 => bytes,
            _ => return Err("its pages have no valid size"),
        };
        if head[19] > 2 {
            return Err("it asks for a newer version of the format");
        }
        let usable = page_bytes - usize::from(head[20]);
        if usable < 480 {
            return Err("its pages have no room");
        }
        let encoding = match word(56) {
            0 | 1 => TextEncoding::Utf8,
            2 => TextEncoding::Utf16Le,
            3 => TextEncoding::Utf16Be,
            _ => return Err("its text has an unknown encoding"),
        };
        // Versions before 3.7 leave the number of pages as it was.
        let pages = if word(24) == word(92) { word(28) } else { 0 };
        Ok(Self { page_bytes, usable, pages, encoding })
    }
}

impl<'a> Pager<'a> {
    pub(super) fn open(source: &'a dyn Source, file: usize, notes: &mut Vec<Note>) -> Result<Self, Fault> {
        let path = source.files().get(file).map(|file| file.path.clone()).unwrap_or_default();
        let (store, size) = match Squeezed::open(source, file).map_err(Fault::Io)? {
            Some(squeezed) => {
                let size = squeezed.size();
                (Store::Squeezed(Box::new(squeezed)), size)
            }
            None => (Store::Plain(source, file), source.files().get(file).map_or(0, |file| file.size)),
        };
        let log = match source.find(&format!("{path}-wal")) {
            Some(log) => Log::read(source, log, notes).map_err(Fault::Io)?,
            None => None,
        };
        let mut pager = Self {
            store,
            source,
            file,
            path,
            size,
            page_bytes: 0,
            usable: 0,
            pages: 0,
            encoding: TextEncoding::Utf8,
            log,
            blocks: VecDeque::new(),
        };
        pager.begin(notes)?;
        Ok(pager)
    }

    /// Reads the head, which may lie in the log.
    fn begin(&mut self, notes: &mut Vec<Note>) -> Result<(), Fault> {
        let in_file = if self.size >= 100 { self.block(0)?[..100].to_vec() } else { Vec::new() };
        let in_log = match self.log.as_ref().and_then(|log| Some((log.file, log.offset(1)?))) {
            Some((file, offset)) => Some(self.source.read_exact(file, offset, 100).map_err(Fault::Io)?),
            None => None,
        };
        let mut head = Head::parse(in_log.as_deref().unwrap_or(&in_file));
        if head.is_err() && in_log.is_some() && !in_file.is_empty() {
            head = Head::parse(&in_file);
        }
        let head = head.map_err(|why| Fault::damaged(1, why))?;
        if let Some(log) = &self.log
            && log.page_bytes != head.page_bytes
        {
            let text = format!(
                "the log has pages of {} bytes and the file of {}: it is not used",
                log.page_bytes, head.page_bytes
            );
            notes.push(Note::new(NoteKind::Corrupt, text).in_file(&self.path));
            self.log = None;
        }
        self.page_bytes = head.page_bytes;
        self.usable = head.usable;
        self.encoding = head.encoding;
        let there = u32::try_from(self.size / head.page_bytes as u64).unwrap_or(u32::MAX);
        self.pages = match &self.log {
            Some(log) => log.pages,
            None if head.pages == 0 => there,
            None => head.pages,
        };
        let logged = |page: u32| self.log.as_ref().is_some_and(|log| log.offset(page).is_some());
        if self.pages > there && !logged(self.pages) {
            let text = format!("the file has {there} of {} pages: it is cut off", self.pages);
            notes.push(Note::new(NoteKind::Truncated, text).at(&self.path, self.size));
        }
        // What cannot be there is not counted on.
        self.pages = self.pages.min(there.saturating_add(self.log.as_ref().map_or(0, Log::pages_held)).max(1));
        if let Some(why) = self.squeezed().and_then(Squeezed::broken) {
            let text = format!("the file could not be decompressed to its end: {why}");
            notes.push(Note::new(NoteKind::Truncated, text).at(&self.path, self.size));
        }
        Ok(())
    }

    fn squeezed(&self) -> Option<&Squeezed<'a>> {
        match &self.store {
            Store::Squeezed(squeezed) => Some(squeezed),
            Store::Plain(..) => None,
        }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Pages of the database.
    pub(super) fn pages(&self) -> u32 {
        self.pages
    }

    /// Bytes of a page that hold data.
    pub(super) fn usable(&self) -> usize {
        self.usable
    }

    /// Why a file that is compressed as a whole could not be decompressed further.
    pub(crate) fn broken(&self) -> Option<&str> {
        self.squeezed().and_then(Squeezed::broken)
    }

    pub(super) fn prepare(&mut self) -> Result<(), Fault> {
        match &mut self.store {
            Store::Squeezed(squeezed) => squeezed.prepare(self.page_bytes).map_err(Fault::Io),
            Store::Plain(..) => Ok(()),
        }
    }

    /// What makes texts of the bytes of the database.
    pub(crate) fn text_decoder(&self) -> fn(&[u8]) -> String {
        fn units(bytes: &[u8], from: fn([u8; 2]) -> u16) -> String {
            let (pairs, _) = bytes.as_chunks::<2>();
            let units: Vec<u16> = pairs.iter().map(|pair| from(*pair)).collect();
            String::from_utf16_lossy(&units)
        }
        match self.encoding {
            TextEncoding::Utf8 => |bytes| String::from_utf8_lossy(bytes).into_owned(),
            TextEncoding::Utf16Le => |bytes| units(bytes, u16::from_le_bytes),
            TextEncoding::Utf16Be => |bytes| units(bytes, u16::from_be_bytes),
        }
    }

    /// Page `number`, from 1.
    pub(super) fn page(&mut self, number: u32) -> Result<Page, Fault> {
        if number == 0 || number > self.pages {
            return Err(Fault::damaged(number, format!("there is no such page among {}", self.pages)));
        }
        if let Some(log) = &self.log
            && let Some(offset) = log.offset(number)
        {
            let file = log.file;
            let bytes = self.source.read_exact(file, offset, self.page_bytes as u64).map_err(Fault::Io)?;
            let spot = Spot { file, offset };
            return Ok(Page { block: bytes.into(), from: 0, to: self.page_bytes, spot, direct: true });
        }
        let offset = u64::from(number - 1) * self.page_bytes as u64;
        let (spot, direct) = (Spot { file: self.file, offset }, matches!(self.store, Store::Plain(..)));
        if let Store::Squeezed(squeezed) = &self.store
            && let Some(page) = squeezed.pinned(offset)
        {
            return Ok(Page { block: page.into(), from: 0, to: self.page_bytes, spot, direct });
        }
        // Every size of a page divides that of a block.
        let block = self.block(offset / BLOCK_BYTES)?;
        // OK to cast: less than a block.
        let from = (offset % BLOCK_BYTES) as usize;
        let to = from + self.page_bytes;
        if to > block.len() {
            return Err(Fault::damaged(number, "the file ends before it or in it"));
        }
        Ok(Page { block, from, to, spot, direct })
    }

    /// A block of the file, which is shorter at the end.
    fn block(&mut self, number: u64) -> Result<Arc<[u8]>, Fault> {
        // The last used stand at the end.
        if let Some(at) = self.blocks.iter().rposition(|(known, _)| *known == number) {
            let last = self.blocks.len() - 1;
            if at < last {
                self.blocks.swap(at, last);
            }
            // OK to index: it was found.
            return Ok(self.blocks[last].1.clone());
        }
        let offset = number * BLOCK_BYTES;
        let length = self.size.saturating_sub(offset).min(BLOCK_BYTES);
        let bytes = match &mut self.store {
            Store::Plain(source, file) => source.read_exact(*file, offset, length).map_err(Fault::Io)?,
            Store::Squeezed(squeezed) => squeezed.read(offset, length).map_err(|fault| match fault {
                // The number of a page is known only to who asks.
                Fault::Damaged { why, .. } => {
                    Fault::damaged(u32::try_from(offset / self.page_bytes.max(1) as u64).unwrap_or(0), why)
                }
                io => io,
            })?,
        };
        let bytes: Arc<[u8]> = bytes.into();
        if self.blocks.len() >= BLOCKS_KEPT {
            self.blocks.pop_front();
        }
        self.blocks.push_back((number, bytes.clone()));
        Ok(bytes)
    }

    /// The payload of a row.
    pub(crate) fn payload(&mut self, cell: &Cell) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        self.payload_into(cell, &mut bytes)?;
        Ok(bytes)
    }

    /// Puts the payload of a row into `bytes`.
    pub(crate) fn payload_into(&mut self, cell: &Cell, bytes: &mut Vec<u8>) -> Result<(), Fault> {
        bytes.clear();
        if cell.length > VALUE_MAX {
            let why = format!("row {} has {} bytes, and {VALUE_MAX} are the most", cell.rowid, cell.length);
            return Err(Fault::damaged(cell.page_number, why));
        }
        // OK to cast: at most VALUE_MAX.
        let length = cell.length as usize;
        bytes.extend_from_slice(cell.local());
        let mut next = cell.overflow;
        while bytes.len() < length {
            if next == 0 {
                let why = format!("row {} ends after {} of {length} bytes", cell.rowid, bytes.len());
                return Err(Fault::damaged(cell.page_number, why));
            }
            let page = self.page(next)?;
            next = page.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
            let part = (length - bytes.len()).min(self.usable - 4);
            // OK to slice: a page has its usable bytes.
            bytes.extend_from_slice(&page[4..4 + part]);
        }
        Ok(())
    }

    /// The cell that begins there, in the file or in its log; `None` where no page of the database lies.
    pub(crate) fn cell_at(&mut self, spot: Spot) -> Result<Option<Cell>, Fault> {
        let number = match &self.log {
            Some(log) if log.file == spot.file => log.page_at(spot.offset),
            _ if spot.file == self.file => u32::try_from(spot.offset / self.page_bytes as u64 + 1).ok(),
            _ => None,
        };
        let Some(number) = number else { return Ok(None) };
        let page = self.page(number)?;
        // A page of which the log has a newer version is not where it was.
        let place = spot.offset.checked_sub(page.spot.offset).filter(|_| page.spot.file == spot.file);
        match place.and_then(|place| usize::try_from(place).ok()).filter(|place| *place < self.page_bytes) {
            Some(place) => cell_at(self, &page, number, place).map(Some),
            None => Ok(None),
        }
    }
}
