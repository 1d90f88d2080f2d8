//! A database that is compressed as a whole: pages of a stream that goes forward only.
//!
//! ```text
//!   zstd frames ─ decoder ─▶ … │ the last 32 MiB │ ▶            going back further begins anew
//!                              └ interior pages of tables: kept from a first pass
//! ```
//!
//! A recorder appends rows, so the leaves of a table follow each other in the file, and the walk over them is a walk forward
//! through the stream. The pages above them stand behind those that they lead to; a first pass keeps them.
//!
//! **Invariant:** it holds 32 MiB of what was decompressed, at most 32 MiB of interior pages, and the window of the decoder.
//!
//! **Invariant:** a file that decompresses to much more than any database, or that asks for ever more passes, is given up.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufReader, Read};

use prairie_model::Source;

use super::btree::INTERIOR;
use super::{Fault, MAGIC};

/// How Zstandard frames begin.
pub(crate) const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Bytes that are decompressed at once.
const PIECE_BYTES: usize = 64 << 10;

/// What was decompressed last and is kept.
const KEPT_BYTES: usize = 32 << 20;

/// Interior pages that are kept.
const PINNED_BYTES: usize = 32 << 20;

/// Databases do not shrink below a part of this.
const RATIO_MAX: u64 = 512;

/// What is decompressed again and again, in sizes of the whole.
const PASSES_MAX: u64 = 8;

/// A part of a file.
struct Part<'a> {
    source: &'a dyn Source,
    file: usize,
    at: u64,
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n =
            self.source.read_at(self.file, self.at, buffer).map_err(|error| io::Error::other(SourceFailed(error)))?;
        self.at += n as u64;
        Ok(n)
    }
}

/// The source failed, which is no damage of what is compressed.
#[derive(Debug, thiserror::Error)]
#[error("the source failed")]
struct SourceFailed(#[source] io::Error);

type Decoder<'a> = zstd::stream::read::Decoder<'static, BufReader<Part<'a>>>;

/// The decompressed bytes of a file.
pub(super) struct Squeezed<'a> {
    source: &'a dyn Source,
    file: usize,
    /// Bytes that come out, as far as that is known.
    size: u64,
    decoder: Option<Decoder<'a>>,
    /// Bytes that have come out of the decoder.
    position: u64,
    /// Bytes that have come out of all decoders.
    spent: u64,
    /// Pieces by where they begin, the last of them last.
    kept: VecDeque<(u64, Vec<u8>)>,
    kept_bytes: usize,
    /// Interior pages, by where they begin.
    pinned: BTreeMap<u64, Vec<u8>>,
    page_bytes: usize,
    broken: Option<String>,
}

impl<'a> Squeezed<'a> {
    /// The decompressed bytes of a file; `None` when it is no compressed database.
    pub(super) fn open(source: &'a dyn Source, file: usize) -> io::Result<Option<Self>> {
        let Some(bytes) = source.files().get(file).map(|file| file.size) else { return Ok(None) };
        let head = source.read_exact(file, 0, bytes.min(18))?;
        if !head.starts_with(&ZSTD_MAGIC) {
            return Ok(None);
        }
        let mut squeezed = Self {
            source,
            file,
            size: u64::MAX,
            decoder: None,
            position: 0,
            spent: 0,
            kept: VecDeque::new(),
            kept_bytes: 0,
            pinned: BTreeMap::new(),
            page_bytes: 0,
            broken: None,
        };
        squeezed.size = MAGIC.len() as u64;
        if !squeezed.advance()? || squeezed.kept.front().is_none_or(|(_, piece)| !piece.starts_with(MAGIC)) {
            return Ok(None);
        }
        squeezed.rewind();
        let most = bytes.saturating_mul(RATIO_MAX).saturating_add(64 << 20);
        match zstd::zstd_safe::get_frame_content_size(&head) {
            // What one frame says of itself is right where there is one frame; if not, the tables tell that pages are missing.
            Ok(Some(size)) if size <= most => squeezed.size = size,
            _ => {
                squeezed.size = most;
                squeezed.measure()?;
            }
        }
        Ok(Some(squeezed))
    }

    /// Bytes that come out.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Why no more come out, where that is damage.
    pub(super) fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    /// Decompresses everything once, to find out how much it is.
    fn measure(&mut self) -> io::Result<()> {
        while self.position < self.size && self.advance()? {}
        if self.position == self.size && self.broken.is_none() {
            self.broken = Some(format!("it decompresses to more than {} bytes", self.size));
        }
        self.size = self.position;
        Ok(())
    }

    /// Keeps the interior pages, for a walk over the whole.
    pub(super) fn prepare(&mut self, page_bytes: usize) -> io::Result<()> {
        if self.size <= KEPT_BYTES as u64 || self.page_bytes != 0 {
            return Ok(());
        }
        self.page_bytes = page_bytes;
        self.rewind();
        while self.position < self.size && self.advance()? {}
        self.rewind();
        Ok(())
    }

    fn rewind(&mut self) {
        self.decoder = None;
        self.position = 0;
        self.kept.clear();
        self.kept_bytes = 0;
    }

    /// Decompresses one piece more. Whether there was one.
    fn advance(&mut self) -> io::Result<bool> {
        let decoder = match &mut self.decoder {
            Some(decoder) => decoder,
            None => {
                let part = Part { source: self.source, file: self.file, at: 0 };
                let input = BufReader::with_capacity(1 << 18, part);
                self.decoder.insert(zstd::stream::read::Decoder::with_buffer(input)?)
            }
        };
        let room = (self.size - self.position).min(PIECE_BYTES as u64);
        // OK to cast: at most a piece.
        let mut piece = vec![0; room as usize];
        let mut filled = 0;
        while filled < piece.len() {
            match decoder.read(&mut piece[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => match error.downcast::<SourceFailed>() {
                    Ok(SourceFailed(error)) => return Err(error),
                    Err(error) => {
                        self.broken = Some(error.to_string());
                        break;
                    }
                },
            }
        }
        piece.truncate(filled);
        if piece.is_empty() {
            return Ok(false);
        }
        self.pin(&piece);
        let at = self.position;
        self.position += filled as u64;
        self.spent = self.spent.saturating_add(filled as u64);
        self.kept_bytes += filled;
        self.kept.push_back((at, piece));
        while self.kept_bytes > KEPT_BYTES {
            let Some((_, piece)) = self.kept.pop_front() else { break };
            self.kept_bytes -= piece.len();
        }
        Ok(true)
    }

    /// Keeps the interior pages of a piece. A page of another kind that begins like one does no harm.
    fn pin(&mut self, piece: &[u8]) {
        if self.page_bytes == 0 {
            return;
        }
        for (number, page) in piece.chunks_exact(self.page_bytes).enumerate() {
            let at = self.position + (number * self.page_bytes) as u64;
            let room = (self.pinned.len() + 1) * self.page_bytes <= PINNED_BYTES;
            if page.first() == Some(&INTERIOR) && room {
                self.pinned.entry(at).or_insert_with(|| page.to_vec());
            }
        }
    }

    /// `length` bytes at `offset`, which is where a piece begins; at most a piece.
    pub(super) fn read(&mut self, offset: u64, length: u64) -> Result<Vec<u8>, Fault> {
        let behind = self.kept.front().is_some_and(|(at, _)| offset < *at);
        if behind || (self.kept.is_empty() && offset < self.position) {
            if self.spent > self.size.saturating_mul(PASSES_MAX).saturating_add(1 << 30) {
                let why =
                    "the pages of the compressed file lie in an order that would need it to be decompressed too often";
                return Err(Fault::damaged(0, why));
            }
            self.rewind();
        }
        loop {
            let found = self.kept.iter().rev().find(|(at, _)| *at == offset);
            if let Some((_, piece)) = found {
                // OK to cast: at most a piece.
                return match piece.get(..length as usize) {
                    Some(bytes) => Ok(bytes.to_vec()),
                    None => Err(Fault::damaged(0, "the compressed file ends before it")),
                };
            }
            if self.position > offset || !self.advance().map_err(Fault::Io)? {
                return Err(Fault::damaged(0, "the compressed file ends before it"));
            }
        }
    }

    /// The interior page at `offset`, where it is kept.
    pub(super) fn pinned(&self, offset: u64) -> Option<&[u8]> {
        self.pinned.get(&offset).map(Vec::as_slice)
    }
}
