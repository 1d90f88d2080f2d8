//! ZIP archives: what is in them, and the bytes of one entry.
//!
//! ```text
//!   end of central directory (also ZIP64) ─▶ central directory ─▶ Zip {names, places}
//!   Zip::find ─▶ entry ─ local header ─▶ stored: a range of the file    deflated: inflated, bounded by its claim
//! ```
//!
//! Zarr stores and NumPy's `.npz` are ZIP archives. What it does *not* do: encrypted entries, other methods than stored and
//! deflated, archives in several parts.
//!
//! **Invariant:** entries do not share bytes, and an entry becomes no more bytes than DEFLATE can make of it, so that a small
//! archive cannot become a large one by naming one entry many times.

use flate2::{Decompress, FlushDecompress, Status};
use prairie_model::Source;

use crate::FormatError;

/// Bytes of the end of the central directory, without a comment.
const END_BYTES: u64 = 22;
/// Bytes of the place of ZIP64's end of the central directory.
const LOCATOR_BYTES: u64 = 20;
/// Bytes of an entry in the central directory, without its texts.
const ENTRY_BYTES: usize = 46;
/// Bytes of a local header, without its texts.
const LOCAL_BYTES: u64 = 30;
/// Bytes of a comment behind everything.
const COMMENT_MAX: u64 = 0xFFFF;
/// Bytes of a central directory: two million entries with names of usual length.
const DIRECTORY_MAX: u64 = 192 << 20;
/// No byte of DEFLATE stands for more.
const DEFLATE_RATIO: u64 = 1032;

/// How an archive begins.
pub(crate) const MAGIC: &[u8] = b"PK\x03\x04";

/// The entries of an archive, by name.
pub(crate) struct Zip {
    /// The archive's index in the source.
    file: usize,
    /// All names, one behind the other.
    names: String,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    name: (usize, usize),
    deflated: bool,
    readable: bool,
    crc32: u32,
    packed: u64,
    size: u64,
    /// Where its local header lies.
    header: u64,
}

/// Where an entry lies in its archive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// Where its bytes begin.
    pub(crate) offset: u64,
    /// Bytes in the archive.
    pub(crate) packed: u64,
    /// Bytes that come out.
    pub(crate) size: u64,
    /// Whether they are compressed by DEFLATE.
    pub(crate) deflated: bool,
}

impl Zip {
    /// Reads the central directory.
    ///
    /// # Errors
    ///
    /// When there is none, it is damaged, or entries share bytes.
    pub(crate) fn open(source: &dyn Source, file: usize) -> Result<Self, FormatError> {
        let (offset, length) = directory(source, file)?;
        let reader = Reading { source, file };
        if length > DIRECTORY_MAX {
            return Err(reader.damaged(offset, format!("it has {length} bytes, and {DIRECTORY_MAX} are read")));
        }
        let bytes = reader.exact(offset, length)?;
        let mut zip = Self { file, names: String::new(), entries: Vec::new() };
        let mut at = 0;
        while at < bytes.len() {
            let Some((entry, name, next)) = entry(&bytes, at) else {
                return Err(reader.damaged(offset + at as u64, "an entry of it is damaged".to_owned()));
            };
            let from = zip.names.len();
            zip.names.push_str(&String::from_utf8_lossy(name));
            zip.entries.push(Entry { name: (from, zip.names.len()), ..entry });
            at = next;
        }
        drop(bytes);
        zip.settle(offset).map_err(|why| reader.damaged(offset, why))?;
        Ok(zip)
    }

    /// Sorts the entries by name; of several of one name the last counts, as it does for who appends to an archive. Entries must
    /// not overlap.
    fn settle(&mut self, directory: u64) -> Result<(), String> {
        let mut spans: Vec<(u64, u64)> = self.entries.iter().map(|entry| (entry.header, entry.packed)).collect();
        spans.sort_unstable();
        spans.dedup_by_key(|(header, _)| *header);
        if spans.len() < self.entries.len() {
            return Err("several of its entries are the same bytes".to_owned());
        }
        let ends = spans.iter().skip(1).map(|next| next.0).chain([directory]);
        for ((header, packed), end) in spans.iter().zip(ends) {
            if header.checked_add(LOCAL_BYTES).and_then(|data| data.checked_add(*packed)).is_none_or(|it| it > end) {
                return Err(format!("the entry at byte {header} reaches into what is behind it"));
            }
        }
        let names = &self.names;
        // OK to index: the names were put there one by one. The sort keeps the order of entries of one name.
        let name = |entry: &Entry| &names[entry.name.0..entry.name.1];
        self.entries.sort_by(|one, other| name(one).cmp(name(other)));
        self.entries.reverse();
        self.entries.dedup_by(|next, kept| name(next) == name(kept));
        self.entries.reverse();
        Ok(())
    }

    /// Entries in it.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The name of an entry; none where there is no such entry.
    pub(crate) fn name(&self, entry: usize) -> &str {
        self.entries.get(entry).and_then(|entry| self.names.get(entry.name.0..entry.name.1)).unwrap_or_default()
    }

    /// Bytes of an entry, as it claims.
    pub(crate) fn size(&self, entry: usize) -> u64 {
        self.entries.get(entry).map_or(0, |entry| entry.size)
    }

    /// Where the local header of an entry lies, which names the entry for good.
    pub(crate) fn header(&self, entry: usize) -> u64 {
        self.entries.get(entry).map_or(0, |entry| entry.header)
    }

    /// The entry whose local header lies there.
    pub(crate) fn at(&self, header: u64) -> Option<usize> {
        self.entries.iter().position(|entry| entry.header == header)
    }

    /// Where the bytes of a stored entry lie; `None` for one that is deflated.
    pub(crate) fn stored(&self, source: &dyn Source, entry: usize) -> Result<Option<(u64, u64)>, FormatError> {
        let Some(&it) = self.entries.get(entry) else { return Ok(None) };
        let data = self.data(source, entry, &it)?;
        Ok((!it.deflated).then_some((data, it.packed)))
    }

    /// Where an entry lies.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or claims more bytes than can come out of it.
    pub(crate) fn place(&self, source: &dyn Source, number: usize) -> Result<Place, FormatError> {
        let reader = Reading { source, file: self.file };
        let Some(entry) = self.entries.get(number) else {
            return Err(reader.entry(0, "there is no such entry".to_owned()));
        };
        let offset = self.data(source, number, entry)?;
        let Entry { packed, size, deflated, .. } = *entry;
        let most = if deflated { packed.saturating_mul(DEFLATE_RATIO).saturating_add(64) } else { packed };
        if size > most || (!deflated && size < packed) {
            let why = format!("`{}`: it claims {size} bytes out of {packed}", self.name(number));
            return Err(reader.entry(offset, why));
        }
        Ok(Place { offset, packed, size, deflated })
    }

    /// Where the data of an entry begins, by its local header.
    fn data(&self, source: &dyn Source, number: usize, entry: &Entry) -> Result<u64, FormatError> {
        let reader = Reading { source, file: self.file };
        if !entry.readable {
            let why = format!("`{}` is encrypted, or compressed by another method than DEFLATE", self.name(number));
            return Err(reader.entry(entry.header, why));
        }
        let head = reader.exact(entry.header, LOCAL_BYTES)?;
        if !head.starts_with(MAGIC) {
            return Err(reader.entry(entry.header, format!("`{}` has no local header there", self.name(number))));
        }
        // OK because the header has 30 bytes.
        let texts = u64::from(u16_at(&head, 26).unwrap_or(0)) + u64::from(u16_at(&head, 28).unwrap_or(0));
        let data = entry.header + LOCAL_BYTES + texts;
        let size = source.files().get(self.file).map_or(0, |file| file.size);
        if data.checked_add(entry.packed).is_none_or(|end| end > size) {
            return Err(reader.entry(entry.header, format!("`{}` ends beyond the archive", self.name(number))));
        }
        Ok(data)
    }

    /// All bytes of an entry, checked against its checksum.
    ///
    /// # Errors
    ///
    /// When it is damaged or has more than `limit` bytes.
    pub(crate) fn read(&self, source: &dyn Source, number: usize, limit: u64) -> Result<Vec<u8>, FormatError> {
        let reader = Reading { source, file: self.file };
        let Some(entry) = self.entries.get(number) else {
            return Err(reader.entry(0, "there is no such entry".to_owned()));
        };
        let Place { offset: data, .. } = self.place(source, number)?;
        let wrong = |why: String| reader.entry(data, format!("`{}`: {why}", self.name(number)));
        if entry.size > limit {
            return Err(wrong(format!("it has {} bytes, and {limit} are read", entry.size)));
        }
        let packed = reader.exact(data, entry.packed)?;
        let bytes = if entry.deflated { inflate(&packed, entry.size).map_err(wrong)? } else { packed };
        let crc32 = crc32fast::hash(&bytes);
        if crc32 != entry.crc32 {
            return Err(wrong(format!("its checksum is {:08x}, and {crc32:08x} comes out", entry.crc32)));
        }
        Ok(bytes)
    }
}

/// Raw DEFLATE that becomes exactly `size` bytes.
pub(crate) fn inflate(packed: &[u8], size: u64) -> Result<Vec<u8>, String> {
    let size = usize::try_from(size).map_err(|error| error.to_string())?;
    let mut bytes = Vec::with_capacity(size);
    let status = Decompress::new(false)
        .decompress_vec(packed, &mut bytes, FlushDecompress::Finish)
        .map_err(|error| error.to_string())?;
    if status != Status::StreamEnd || bytes.len() != size {
        return Err(format!("it inflates to {} bytes, or more, of {size}", bytes.len()));
    }
    Ok(bytes)
}

/// A source and the archive in it.
struct Reading<'a> {
    source: &'a dyn Source,
    file: usize,
}

impl Reading<'_> {
    fn path(&self) -> String {
        self.source.files().get(self.file).map(|file| file.path.clone()).unwrap_or_default()
    }

    fn damaged(&self, offset: u64, why: String) -> FormatError {
        FormatError::Damaged { what: "the central directory", file: self.path(), offset, why }
    }

    fn entry(&self, offset: u64, why: String) -> FormatError {
        FormatError::Damaged { what: "an entry", file: self.path(), offset, why }
    }

    /// Bytes that the archive says are there.
    fn exact(&self, offset: u64, length: u64) -> Result<Vec<u8>, FormatError> {
        self.source.read_exact(self.file, offset, length).map_err(|source| match source.kind() {
            std::io::ErrorKind::UnexpectedEof => self.entry(offset, format!("{length} bytes are not there")),
            _ => FormatError::Io { file: self.path(), source },
        })
    }
}

/// Where the central directory lies, and how many bytes it has.
pub(crate) fn directory(source: &dyn Source, file: usize) -> Result<(u64, u64), FormatError> {
    let reader = Reading { source, file };
    let size = source.files().get(file).map_or(0, |file| file.size);
    let cut = |why: &str| FormatError::Cut {
        what: "the central directory",
        file: reader.path(),
        offset: size,
        why: why.to_owned(),
    };
    let tail_from = size.saturating_sub(END_BYTES + COMMENT_MAX);
    let tail = reader.exact(tail_from, size - tail_from)?;
    let ends = |at: &usize| {
        // OK to index: windows of four bytes.
        let comment = u16_at(&tail, at + 20).map(usize::from);
        comment.is_some_and(|comment| at + 22 + comment <= tail.len())
    };
    let places = (0..tail.len().saturating_sub(21)).rev().filter(|at| tail[*at..].starts_with(b"PK\x05\x06"));
    let Some(end) = places.into_iter().find(ends) else {
        return Err(cut("its end is not there, and without it no entry can be found"));
    };
    let short = |at| u32_at(&tail, end + at).map(u64::from);
    let (mut length, mut offset) = (short(12).unwrap_or(0), short(16).unwrap_or(0));
    let end = tail_from + end as u64;
    let mut behind = end;
    if length == u64::from(u32::MAX) || offset == u64::from(u32::MAX) || u16_at(&tail, 10) == Some(u16::MAX) {
        let locator = end.checked_sub(LOCATOR_BYTES).map(|at| reader.exact(at, LOCATOR_BYTES)).transpose()?;
        if let Some(locator) = locator.filter(|locator| locator.starts_with(b"PK\x06\x07")) {
            behind = u64_at(&locator, 8).unwrap_or(u64::MAX);
            let wide = reader.exact(behind, 56)?;
            if !wide.starts_with(b"PK\x06\x06") {
                return Err(reader.damaged(behind, "its ZIP64 end is not where it should be".to_owned()));
            }
            (length, offset) = (u64_at(&wide, 40).unwrap_or(0), u64_at(&wide, 48).unwrap_or(0));
        }
    }
    if offset.checked_add(length).is_none_or(|it| it > behind) {
        return Err(reader.damaged(end, format!("it claims {length} bytes at byte {offset} of {size}")));
    }
    Ok((offset, length))
}

/// The entry at `at` of a central directory, its name, and where the next begins.
fn entry(bytes: &[u8], at: usize) -> Option<(Entry, &[u8], usize)> {
    let head = bytes.get(at..at.checked_add(ENTRY_BYTES)?)?;
    if !head.starts_with(b"PK\x01\x02") {
        return None;
    }
    let (flags, method) = (u16_at(head, 8)?, u16_at(head, 10)?);
    let (name, extra, comment) = (u16_at(head, 28)?, u16_at(head, 30)?, u16_at(head, 32)?);
    let name_at = at + ENTRY_BYTES;
    let extra_at = name_at + usize::from(name);
    let next = extra_at + usize::from(extra) + usize::from(comment);
    let mut packed = u64::from(u32_at(head, 20)?);
    let mut size = u64::from(u32_at(head, 24)?);
    let mut header = u64::from(u32_at(head, 42)?);
    let mut extra = bytes.get(extra_at..extra_at + usize::from(extra))?;
    while let (Some(id), Some(length)) = (u16_at(extra, 0), u16_at(extra, 2)) {
        let Some(part) = extra.get(4..4 + usize::from(length)) else { break };
        if id == 1 {
            let mut place = 0;
            for value in [&mut size, &mut packed, &mut header] {
                if *value == u64::from(u32::MAX) {
                    *value = u64_at(part, place)?;
                    place += 8;
                }
            }
        }
        extra = &extra[4 + usize::from(length)..];
    }
    let entry = Entry {
        name: (0, 0),
        deflated: method == 8,
        readable: matches!(method, 0 | 8) && flags & 1 == 0,
        crc32: u32_at(head, 16)?,
        packed,
        size,
        header,
    };
    bytes.get(..next)?;
    Some((entry, bytes.get(name_at..extra_at)?, next))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
