//! Object headers: the messages that describe a group or a dataset.
//!
//! ```text
//!   prefix ─▶ messages ─ continuation ─▶ messages ─ continuation ─▶ …
//!                 └ shared ─▶ another header, or the heap of shared messages
//! ```
//!
//! **Invariant:** a block is read once, so that blocks which lead in a circle end.

use std::collections::BTreeSet;

use super::cursor::Parsed;
use super::file::File;
use super::fractal::FractalHeap;
use crate::FormatError;

/// Kinds of messages.
pub(in crate::hdf5) mod kind {
    pub(crate) const DATASPACE: u16 = 0x01;
    pub(crate) const LINK_INFO: u16 = 0x02;
    pub(crate) const DATATYPE: u16 = 0x03;
    pub(crate) const OLD_FILL: u16 = 0x04;
    pub(crate) const FILL: u16 = 0x05;
    pub(crate) const LINK: u16 = 0x06;
    pub(crate) const EXTERNAL_FILES: u16 = 0x07;
    pub(crate) const LAYOUT: u16 = 0x08;
    pub(crate) const FILTERS: u16 = 0x0B;
    pub(crate) const ATTRIBUTE: u16 = 0x0C;
    pub(crate) const SHARED_TABLE: u16 = 0x0F;
    pub(crate) const CONTINUATION: u16 = 0x10;
    pub(crate) const SYMBOL_TABLE: u16 = 0x11;
    pub(crate) const ATTRIBUTE_INFO: u16 = 0x15;
}

/// Blocks of one header.
const BLOCKS_MAX: usize = 4096;

/// Bytes of one header.
const HEADER_MAX: u64 = 16 << 20;

/// What a header's first read takes: most headers are shorter.
const FIRST_BYTES: u64 = 512;

/// Messages that lead to messages in other headers.
const HOPS_MAX: usize = 4;

/// One message.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) kind: u16,
    /// Where its body lies.
    pub(super) address: u64,
    pub(super) body: Vec<u8>,
    /// Whether the body only says where the message is.
    shared: bool,
}

/// The messages of an object.
#[derive(Debug, Clone)]
pub(in crate::hdf5) struct Header {
    pub(in crate::hdf5) address: u64,
    pub(super) messages: Vec<Message>,
}

impl Header {
    /// The first message of a kind, wherever it is kept.
    pub(super) fn find(&self, file: &File<'_>, kind: u16) -> Result<Option<Message>, FormatError> {
        self.messages.iter().find(|message| message.kind == kind).map(|message| message.resolve(file)).transpose()
    }

    pub(super) fn has(&self, kind: u16) -> bool {
        self.messages.iter().any(|message| message.kind == kind)
    }

    pub(super) fn of_kind(&self, kind: u16) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(move |message| message.kind == kind)
    }

    /// Whether it has links: a dataset has none.
    pub(in crate::hdf5) fn is_group(&self) -> bool {
        [kind::LINK_INFO, kind::SYMBOL_TABLE, kind::LINK].iter().any(|kind| self.has(*kind))
    }

    /// Whether it has elements. A committed datatype has none.
    pub(in crate::hdf5) fn is_dataset(&self) -> bool {
        self.has(kind::LAYOUT) && self.has(kind::DATASPACE)
    }
}

impl Message {
    /// The message itself, where it is kept elsewhere.
    pub(super) fn resolve(&self, file: &File<'_>) -> Result<Self, FormatError> {
        let mut message = self.clone();
        for _ in 0..HOPS_MAX {
            if !message.shared {
                return Ok(message);
            }
            let address = message.address;
            let target = target(file, &message.body)
                .map_err(|why| file.damaged("a reference to a shared message", address, why))?;
            message = match target {
                Target::Header(address) => committed(file, address, message.kind)?,
                Target::Heap(id) => {
                    let Some(heap) = file.shared_heap(message.kind) else {
                        let why = "the file has no heap for messages of its kind";
                        return Err(file.damaged("a shared message", address, why));
                    };
                    let body = FractalHeap::open(file, heap)?.get(file, &id)?;
                    Self { kind: message.kind, address, body, shared: false }
                }
            };
        }
        Err(file.damaged("a shared message", self.address, "it leads from one header to the next without end"))
    }
}

/// The message of that kind in another header.
pub(super) fn committed(file: &File<'_>, address: u64, kind: u16) -> Result<Message, FormatError> {
    let header = read(file, address)?;
    let found = header.messages.into_iter().find(|message| message.kind == kind);
    found.ok_or_else(|| file.damaged("a shared message", address, "the object does not have it"))
}

/// Where a shared message is.
pub(super) enum Target {
    Header(u64),
    Heap(Vec<u8>),
}

/// Reads the reference to a shared message.
pub(super) fn target(file: &File<'_>, body: &[u8]) -> Parsed<Target> {
    let mut cursor = file.cursor(body);
    let version = cursor.version(1..=3)?;
    let kind = cursor.u8()?;
    if version == 1 {
        cursor.skip(6)?;
    }
    if version == 3 && kind == 1 {
        return Ok(Target::Heap(cursor.take(8)?.to_vec()));
    }
    Ok(Target::Header(cursor.place()?))
}

/// The heaps that the superblock's extension names.
pub(super) fn shared_heaps(file: &File<'_>, extension: &Header) -> Result<Vec<(u16, u64)>, FormatError> {
    let Some(message) = extension.find(file, kind::SHARED_TABLE)? else { return Ok(Vec::new()) };
    let what = "the table of shared messages";
    let parse = || -> Parsed<(u64, u8)> {
        let mut cursor = file.cursor(&message.body);
        cursor.version(0..=0)?;
        Ok((cursor.place()?, cursor.u8()?))
    };
    let (address, count) = parse().map_err(|why| file.damaged(what, message.address, why))?;
    let (offset_size, _) = file.sizes();
    // Each index has 14 bytes and two addresses; a mark comes before them, a checksum after.
    let length = u64::from(count) * (14 + 2 * offset_size as u64) + 8;
    let bytes = file.summed(what, address, length)?;
    let parse = || -> Parsed<Vec<(u16, u64)>> {
        let mut cursor = file.cursor(&bytes);
        cursor.expect(b"SMTB")?;
        let mut heaps = Vec::new();
        for _ in 0..count {
            // Version and kind of the index; after the kinds of messages the smallest size, two limits, and a count.
            cursor.skip(2)?;
            let kinds = cursor.u16()?;
            cursor.skip(10)?;
            cursor.address()?;
            heaps.extend(cursor.address()?.map(|heap| (kinds, heap)));
        }
        Ok(heaps)
    };
    parse().map_err(|why| file.damaged(what, address, why))
}

/// A header under construction.
struct Reading<'f, 'a> {
    file: &'f File<'a>,
    messages: Vec<Message>,
    /// Blocks that are still to be read.
    waiting: Vec<(u64, u64)>,
    seen: BTreeSet<u64>,
    bytes: u64,
}

/// Reads the header at `address` with all of its blocks.
pub(super) fn read(file: &File<'_>, address: u64) -> Result<Header, FormatError> {
    let what = "an object header";
    let first = file.piece(what, address, file.left(address).min(FIRST_BYTES))?;
    let mut reading = Reading { file, messages: Vec::new(), waiting: Vec::new(), seen: BTreeSet::new(), bytes: 0 };
    if first.starts_with(b"OHDR") {
        reading.new_style(address, &first)?;
    } else {
        reading.old_style(address, &first)?;
    }
    Ok(Header { address, messages: reading.messages })
}

impl Reading<'_, '_> {
    /// The bytes of a block, of which the first are known.
    fn block(&self, address: u64, length: u64, known: &[u8]) -> Result<Vec<u8>, FormatError> {
        match usize::try_from(length).ok().and_then(|length| known.get(..length)) {
            Some(known) => Ok(known.to_vec()),
            None if length > HEADER_MAX => {
                Err(self.file.damaged("an object header", address, format!("{length} bytes are claimed for it")))
            }
            None => self.file.piece("an object header", address, length),
        }
    }

    /// The next block that was named and not read yet.
    fn next(&mut self) -> Result<Option<(u64, u64)>, FormatError> {
        while let Some((address, length)) = self.waiting.pop() {
            if !self.seen.insert(address) {
                continue;
            }
            self.bytes = self.bytes.saturating_add(length);
            if self.seen.len() > BLOCKS_MAX || self.bytes > HEADER_MAX {
                let why = format!("it has more than {BLOCKS_MAX} blocks or {HEADER_MAX} bytes");
                return Err(self.file.damaged("an object header", address, why));
            }
            return Ok(Some((address, length)));
        }
        Ok(None)
    }

    fn old_style(&mut self, address: u64, first: &[u8]) -> Result<(), FormatError> {
        let what = "an object header";
        let parse = || -> Parsed<u64> {
            let mut cursor = self.file.cursor(first);
            cursor.version(1..=1)?;
            cursor.skip(7)?;
            Ok(cursor.u32()?.into())
        };
        let length = parse().map_err(|why| self.file.damaged(what, address, why))?;
        // Sixteen bytes come before the messages.
        let bytes = self.block(address, length + 16, first)?;
        self.old_messages(address + 16, &bytes[16..])?;
        while let Some((address, length)) = self.next()? {
            let bytes = self.block(address, length, &[])?;
            self.old_messages(address, &bytes)?;
        }
        Ok(())
    }

    fn old_messages(&mut self, address: u64, bytes: &[u8]) -> Result<(), FormatError> {
        let mut cursor = self.file.cursor(bytes);
        // A few bytes that hold no message may be left at the end.
        while cursor.left() >= 8 {
            let at = address + cursor.at() as u64;
            let mut parse = || -> Parsed<(u16, u8, u64, &[u8])> {
                let (kind, length) = (cursor.u16()?, cursor.u16()?);
                let flags = cursor.u8()?;
                cursor.skip(3)?;
                let at = cursor.at() as u64;
                Ok((kind, flags, at, cursor.take(length.into())?))
            };
            let (kind, flags, at, body) =
                parse().map_err(|why| self.file.damaged("a message of an object header", at, why))?;
            self.message(kind, flags, address + at, body)?;
        }
        Ok(())
    }

    fn new_style(&mut self, address: u64, first: &[u8]) -> Result<(), FormatError> {
        let what = "an object header";
        let parse = || -> Parsed<(u8, u64, usize)> {
            let mut cursor = self.file.cursor(first);
            cursor.expect(b"OHDR")?;
            cursor.version(2..=2)?;
            let flags = cursor.u8()?;
            cursor.skip(if flags & 0x20 == 0 { 0 } else { 16 })?;
            cursor.skip(if flags & 0x10 == 0 { 0 } else { 4 })?;
            let length = cursor.uint(1 << (flags & 3))?;
            Ok((flags, length, cursor.at()))
        };
        let (flags, length, start) = parse().map_err(|why| self.file.damaged(what, address, why))?;
        // A checksum comes after the messages.
        let whole = length.saturating_add(start as u64 + 4);
        let bytes = self.block(address, whole, first)?;
        self.file.verify(what, address, &bytes)?;
        let ordered = flags & 4 != 0;
        self.new_messages(address + start as u64, &bytes[start..bytes.len() - 4], ordered)?;
        while let Some((address, length)) = self.next()? {
            let bytes = self.block(address, length, &[])?;
            self.file.verify(what, address, &bytes)?;
            if bytes.len() < 8 || !bytes.starts_with(b"OCHK") {
                return Err(self.file.damaged(what, address, "a block of it does not begin with `OCHK`"));
            }
            self.new_messages(address + 4, &bytes[4..bytes.len() - 4], ordered)?;
        }
        Ok(())
    }

    fn new_messages(&mut self, address: u64, bytes: &[u8], ordered: bool) -> Result<(), FormatError> {
        let mut cursor = self.file.cursor(bytes);
        let head = if ordered { 6 } else { 4 };
        // A gap that is too short for a message may be left at the end.
        while cursor.left() >= head {
            let at = address + cursor.at() as u64;
            let mut parse = || -> Parsed<(u16, u8, u64, &[u8])> {
                let (kind, length, flags) = (cursor.u8()?, cursor.u16()?, cursor.u8()?);
                cursor.skip(if ordered { 2 } else { 0 })?;
                let at = cursor.at() as u64;
                Ok((kind.into(), flags, at, cursor.take(length.into())?))
            };
            let (kind, flags, at, body) =
                parse().map_err(|why| self.file.damaged("a message of an object header", at, why))?;
            self.message(kind, flags, address + at, body)?;
        }
        Ok(())
    }

    fn message(&mut self, kind: u16, flags: u8, address: u64, body: &[u8]) -> Result<(), FormatError> {
        if kind == kind::CONTINUATION {
            let parse = || -> Parsed<(u64, u64)> {
                let mut cursor = self.file.cursor(body);
                Ok((cursor.place()?, cursor.length()?))
            };
            let next = parse().map_err(|why| self.file.damaged("an object header", address, why))?;
            self.waiting.push(next);
        } else if kind != 0 {
            self.messages.push(Message { kind, address, body: body.to_vec(), shared: flags & 2 != 0 });
        }
        Ok(())
    }
}
