//! A window over one file of a source: large reads, small slices, and running checksums over what passes.

use std::io;

use prairie_model::Source;

use super::bytes::Bytes;
use super::config::{JUMP_BYTES, READ_BYTES};

/// Which running checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Digest {
    /// Of the data section.
    Data,
    /// Of an uncompressed chunk.
    Chunk,
}

struct Running {
    hasher: crc32fast::Hasher,
    /// Up to where the bytes were hashed.
    next: u64,
}

/// Bytes `start..start + filled` of a file.
///
/// **Invariant:** bytes leave the window only after every running checksum has seen them.
pub(crate) struct Window<'a> {
    source: &'a dyn Source,
    file: usize,
    size: u64,
    buffer: Vec<u8>,
    start: u64,
    filled: usize,
    digests: [Option<Running>; 2],
}

impl<'a> Window<'a> {
    pub(crate) fn new(source: &'a dyn Source, file: usize) -> Self {
        let size = source.files().get(file).map_or(0, |file| file.size);
        Self { source, file, size, buffer: Vec::new(), start: 0, filled: 0, digests: [None, None] }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// At most `length` bytes from `offset`: fewer at the end of the file.
    pub(crate) fn at_most(&mut self, offset: u64, length: u64) -> io::Result<&[u8]> {
        let length = length.min(self.size.saturating_sub(offset));
        self.get(offset, usize::try_from(length).map_err(io::Error::other)?)
    }

    /// Begins a checksum at `offset`, from which everything will be read.
    pub(crate) fn begin(&mut self, digest: Digest, offset: u64) {
        self.digests[digest as usize] = Some(Running { hasher: crc32fast::Hasher::new(), next: offset });
    }

    /// Forgets a checksum.
    pub(crate) fn abandon(&mut self, digest: Digest) {
        self.digests[digest as usize] = None;
    }

    /// The checksum up to `end`; `None` when it was never begun.
    pub(crate) fn end(&mut self, digest: Digest, end: u64) -> io::Result<Option<u32>> {
        while let Some(next) = self.digests[digest as usize].as_ref().map(|running| running.next) {
            if next >= end {
                break;
            }
            let piece = (end - next).min(READ_BYTES as u64);
            // OK to cast: at most READ_BYTES.
            self.get(next, piece as usize)?;
            self.hash_to(next + piece, digest);
        }
        Ok(self.digests[digest as usize].take().map(|running| running.hasher.finalize()))
    }

    /// Hashes the bytes of the window up to `end` into one checksum.
    fn hash_to(&mut self, end: u64, digest: Digest) {
        let Some(running) = &mut self.digests[digest as usize] else { return };
        let end = end.min(self.start + self.filled as u64);
        if running.next >= self.start && running.next < end {
            // OK to cast: both lie inside the buffer.
            let (from, to) = ((running.next - self.start) as usize, (end - self.start) as usize);
            running.hasher.update(&self.buffer[from..to]);
            running.next = end;
        }
    }

    /// Whether a checksum still waits for bytes before `offset`.
    fn waits_before(&self, offset: u64) -> bool {
        self.digests.iter().flatten().any(|running| running.next < offset)
    }

    fn fill(&mut self, offset: u64, length: usize) -> io::Result<()> {
        // A jump forward must not leave out what a checksum has to see.
        while self.start + (self.filled as u64) < offset && self.waits_before(offset) {
            let edge = self.start + self.filled as u64;
            self.slide(edge, 1)?;
        }
        self.slide(offset, length)
    }

    /// Moves the window so that it begins at `offset`, and reads until at least `length` bytes are in it.
    fn slide(&mut self, offset: u64, length: usize) -> io::Result<()> {
        if offset.checked_add(length as u64).is_none_or(|end| end > self.size) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.hash_to(offset, Digest::Data);
        self.hash_to(offset, Digest::Chunk);
        let edge = self.start + self.filled as u64;
        // After a jump little is asked for: perhaps the next step is a jump as well.
        let jumped = self.filled == 0 || offset > edge || offset < self.start;
        if offset >= self.start && offset < edge {
            // OK to cast: inside the buffer.
            let from = (offset - self.start) as usize;
            self.buffer.copy_within(from..self.filled, 0);
            self.filled -= from;
        } else {
            self.filled = 0;
        }
        self.start = offset;
        let ask = if jumped { JUMP_BYTES } else { READ_BYTES };
        // OK to cast: at most `ask`.
        let ask = (ask as u64).min(self.size - offset) as usize;
        let room = length.max(ask).max(self.filled);
        if self.buffer.len() < room || self.buffer.len() / 4 > room.max(READ_BYTES) {
            self.buffer.resize(room, 0);
            self.buffer.shrink_to(room);
        }
        while self.filled < length {
            let at = self.start + self.filled as u64;
            match self.source.read_at(self.file, at, &mut self.buffer[self.filled..room])? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => self.filled += n,
            }
        }
        Ok(())
    }
}

impl Bytes for Window<'_> {
    fn get(&mut self, offset: u64, length: usize) -> io::Result<&[u8]> {
        let inside = offset >= self.start && offset - self.start + length as u64 <= self.filled as u64;
        if !inside {
            self.fill(offset, length)?;
        }
        // OK to cast: inside the buffer, after the check or after `fill`.
        let from = (offset - self.start) as usize;
        Ok(&self.buffer[from..from + length])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prairie_model::{MemorySource, SourceFile};

    /// Gives at most seven bytes at once.
    struct Drip(MemorySource);

    impl Source for Drip {
        fn files(&self) -> &[SourceFile] {
            self.0.files()
        }

        fn read_at(&self, file: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
            let n = buffer.len().min(7);
            self.0.read_at(file, offset, &mut buffer[..n])
        }
    }

    #[test]
    fn checksums_see_every_byte_across_jumps_and_slides() {
        let bytes: Vec<u8> = (0..200_u8).collect();
        let source = Drip(MemorySource::new([("a".to_owned(), bytes.clone())]));
        let mut window = Window::new(&source, 0);
        window.begin(Digest::Data, 0);
        assert_eq!(window.get(3, 2).expect("there"), [3, 4]);
        window.begin(Digest::Chunk, 50);
        assert_eq!(window.get(150, 10).expect("there"), &bytes[150..160]);
        assert_eq!(window.end(Digest::Chunk, 155).expect("there"), Some(crc32fast::hash(&bytes[50..155])));
        assert_eq!(window.get(199, 1).expect("there"), [199]);
        assert_eq!(window.end(Digest::Data, 200).expect("there"), Some(crc32fast::hash(&bytes)));
        assert_eq!(window.end(Digest::Data, 200).expect("there"), None);
        assert!(window.get(199, 2).is_err());
        assert!(window.get(u64::MAX, 2).is_err());
    }
}
