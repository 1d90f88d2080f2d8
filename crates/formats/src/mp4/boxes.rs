//! Walks the boxes of an MP4 file: a size, four letters, a body.

use prairie_model::Source;

use crate::FormatError;

/// The four letters of a box.
pub(super) type FourCc = [u8; 4];

/// A top-level box, by its place in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct TopBox {
    pub(super) kind: FourCc,
    /// Where the box begins.
    pub(super) start: u64,
    /// Where its body begins.
    pub(super) body: u64,
    /// Where it claims to end.
    pub(super) end: u64,
}

/// Top-level boxes that one file may have. A fragment of one frame takes two, so this is 72 hours at 30 frames a second.
const MAX_TOP_BOXES: usize = 1 << 24;

/// Boxes that a file has at its top level, by ISO/IEC 14496-12 and QuickTime. One that is cut off by the end of the file is one
/// of these; any other four letters that claim more than there is are no box.
const TOP_LEVEL: &[&FourCc] = &[
    b"emsg", b"free", b"ftyp", b"mdat", b"meta", b"mfra", b"moof", b"moov", b"pdin", b"pnot", b"prft", b"sidx",
    b"skip", b"ssix", b"styp", b"udta", b"uuid", b"wide",
];

/// The top-level boxes of a file, until the end or the first that makes no sense.
pub(super) struct TopBoxes<'a> {
    source: &'a dyn Source,
    file: usize,
    size: u64,
    at: u64,
    left: usize,
}

impl<'a> TopBoxes<'a> {
    pub(super) fn new(source: &'a dyn Source, file: usize) -> Self {
        let size = source.files().get(file).map_or(0, |file| file.size);
        Self { source, file, size, at: 0, left: MAX_TOP_BOXES }
    }

    /// Where the next box would begin: the end of the file, unless something made no sense.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// The next box; `None` at the end, or where what follows is no box.
    pub(super) fn next(&mut self) -> Result<Option<TopBox>, FormatError> {
        if self.left == 0 || self.size.saturating_sub(self.at) < 8 {
            return Ok(None);
        }
        self.left -= 1;
        let wanted = (self.size - self.at).min(16);
        let head = self.source.read_exact(self.file, self.at, wanted).map_err(|source| {
            let file = self.source.files().get(self.file).map_or_else(String::new, |file| file.path.clone());
            FormatError::Io { file, source }
        })?;
        let start = self.at;
        let kind = fourcc(&head, 4).unwrap_or_default();
        // Letters as in ISO/IEC 14496-12, and the © of QuickTime: anything else is not a box.
        if !kind.iter().all(|letter| matches!(letter, b' '..=b'~' | 0xA9)) {
            return Ok(None);
        }
        let (header, length) = match u32_at(&head, 0) {
            Some(0) => (8, self.size - start),
            Some(1) => match u64_at(&head, 8) {
                Some(length) => (16, length),
                None => return Ok(None),
            },
            Some(length) => (8, u64::from(length)),
            None => return Ok(None),
        };
        let Some(end) = start.checked_add(length).filter(|_| length >= header) else { return Ok(None) };
        if end > self.size && !TOP_LEVEL.contains(&&kind) {
            return Ok(None);
        }
        self.at = end;
        Ok(Some(TopBox { kind, start, body: start + header, end }))
    }
}

/// The boxes inside a box that is in memory, until the end or the first that makes no sense.
pub(super) struct Boxes<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Boxes<'a> {
    type Item = (FourCc, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let kind = fourcc(self.0, 4)?;
        let (header, length) = match u32_at(self.0, 0)? {
            0 => (8, self.0.len()),
            1 => (16, usize::try_from(u64_at(self.0, 8)?).ok()?),
            length => (8, usize::try_from(length).ok()?),
        };
        let body = self.0.get(header..length)?;
        self.0 = &self.0[length..];
        Some((kind, body))
    }
}

/// The body of the first box of this kind.
pub(super) fn child<'a>(bytes: &'a [u8], kind: &FourCc) -> Option<&'a [u8]> {
    Boxes(bytes).find(|(found, _)| found == kind).map(|(_, body)| body)
}

/// The body at the end of a path of boxes.
pub(super) fn descend<'a>(bytes: &'a [u8], path: &[&FourCc]) -> Option<&'a [u8]> {
    path.iter().try_fold(bytes, |bytes, kind| child(bytes, kind))
}

pub(super) fn fourcc(bytes: &[u8], at: usize) -> Option<FourCc> {
    bytes.get(at..)?.first_chunk().copied()
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

/// The version of a full box.
pub(super) fn version(body: &[u8]) -> u8 {
    body.first().copied().unwrap_or(0)
}

/// The flags of a full box.
pub(super) fn flags(body: &[u8]) -> u32 {
    u32_at(body, 0).unwrap_or(0) & 0x00ff_ffff
}

/// The rows of a table: a count at `at`, then rows of `width` bytes. Never more rows than the box has room for.
pub(super) fn rows(body: &[u8], at: usize, width: usize) -> impl ExactSizeIterator<Item = &[u8]> {
    let count = u32_at(body, at).unwrap_or(0);
    let table = body.get(at + 4..).unwrap_or_default();
    let room = table.len() / width;
    let count = usize::try_from(count).map_or(room, |count| count.min(room));
    table[..count * width].chunks_exact(width)
}
