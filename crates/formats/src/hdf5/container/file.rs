//! One HDF5 file: its superblock, and metadata by address.

use prairie_model::{Note, NoteKind, Source};

use super::checksum::lookup3;
use super::cursor::{Cursor, Parsed};
use super::header::{self, Header};
use crate::FormatError;

/// How a superblock begins.
pub(in crate::hdf5) const SIGNATURE: &[u8; 8] = b"\x89HDF\r\n\x1a\n";

/// Bytes of one piece of metadata that is read at once. The largest real ones, heaps of names, have some megabytes.
pub(super) const PIECE_MAX: u64 = 32 << 20;

/// An open file.
///
/// **Invariant:** nothing is read, and no memory is taken, beyond the end of the file.
pub(in crate::hdf5) struct File<'a> {
    source: &'a dyn Source,
    index: usize,
    size: u64,
    /// Where the superblock lies: addresses count from here.
    base: u64,
    offset_size: usize,
    length_size: usize,
    root: u64,
    /// Whether checksums are compared.
    verify: bool,
    /// The heaps of shared messages: which kinds of message, and where the heap lies.
    shared: Vec<(u16, u64)>,
}

/// What a superblock says.
struct Superblock {
    sizes: (usize, usize),
    /// What it takes for its own place; the end counts from the beginning of the file in which it was that.
    base: u64,
    end: u64,
    root: u64,
    extension: Option<u64>,
    open_for_writing: bool,
}

/// Where a superblock begins: at the start, or after a user block of 512 bytes, 1024, and so on.
pub(in crate::hdf5) fn find_superblock(source: &dyn Source, index: usize) -> std::io::Result<Option<u64>> {
    let size = source.files().get(index).map_or(0, |file| file.size);
    let mut at = 0_u64;
    while at.checked_add(SIGNATURE.len() as u64).is_some_and(|end| end <= size) {
        let mut mark = [0; 8];
        let mut filled = 0;
        while filled < mark.len() {
            match source.read_at(index, at + filled as u64, &mut mark[filled..])? {
                0 => break,
                n => filled += n,
            }
        }
        if mark == *SIGNATURE {
            return Ok(Some(at));
        }
        at = if at == 0 { 512 } else { at.saturating_mul(2) };
    }
    Ok(None)
}

impl<'a> File<'a> {
    /// Opens file `index` of the recording, with what is odd about it already.
    pub(in crate::hdf5) fn open(
        source: &'a dyn Source,
        index: usize,
        verify: bool,
    ) -> Result<(Self, Vec<Note>), FormatError> {
        let size = source.files().get(index).map_or(0, |file| file.size);
        let mut file =
            Self { source, index, size, base: 0, offset_size: 8, length_size: 8, root: 0, verify, shared: Vec::new() };
        let found = find_superblock(source, index).map_err(|error| file.failed(error))?;
        file.base = found.ok_or_else(|| file.damaged("the superblock", 0, "there is none"))?;
        let length = (size - file.base).min(256);
        let bytes = file.read("the superblock", 0, length)?;
        let superblock = superblock(&bytes, verify).map_err(|why| file.damaged("the superblock", 0, why))?;
        (file.offset_size, file.length_size) = superblock.sizes;
        file.root = superblock.root;
        let mut notes = Vec::new();
        let end = file.base.saturating_add(superblock.end.saturating_sub(superblock.base));
        if end > size {
            let text = format!("the file ends at byte {size}, and its superblock says {end}");
            notes.push(
                Note::new(NoteKind::Truncated, text).at(file.path(), size).numbers(size as f64, Some(end as f64)),
            );
        } else if end < size {
            let text = format!("{} bytes lie behind the end of the file that its superblock states", size - end);
            notes
                .push(Note::new(NoteKind::Trailing, text).at(file.path(), end).numbers((size - end) as f64, Some(0.0)));
        }
        if superblock.open_for_writing {
            let text = "the file was not closed by its writer; what it holds is read as far as it goes";
            notes.push(Note::new(NoteKind::Truncated, text).at(file.path(), file.base));
        }
        if let Some(extension) = superblock.extension {
            // What it adds is needed for shared messages only: those then say that they cannot be read.
            match file.header(extension).and_then(|header| header::shared_heaps(&file, &header)) {
                Ok(shared) => file.shared = shared,
                Err(error) => notes.push(error.into_note()?),
            }
        }
        Ok((file, notes))
    }

    pub(in crate::hdf5) fn source(&self) -> &'a dyn Source {
        self.source
    }

    /// Its index in the recording.
    pub(in crate::hdf5) fn index(&self) -> usize {
        self.index
    }

    /// Bytes of the whole file.
    pub(in crate::hdf5) fn size(&self) -> u64 {
        self.size
    }

    /// Where an address lies in the file.
    pub(in crate::hdf5) fn absolute(&self, address: u64) -> u64 {
        self.base.saturating_add(address)
    }

    /// The header of the root group.
    pub(in crate::hdf5) fn root(&self) -> u64 {
        self.root
    }

    /// Whether checksums are compared.
    pub(super) fn verifies(&self) -> bool {
        self.verify
    }

    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.offset_size, self.length_size)
    }

    /// The heap that messages of this kind are shared in.
    pub(super) fn shared_heap(&self, kind: u16) -> Option<u64> {
        // OK to shift: kinds of messages that are asked for here are below 16.
        self.shared.iter().find(|(kinds, _)| kind < 16 && kinds >> kind & 1 == 1).map(|(_, heap)| *heap)
    }

    pub(in crate::hdf5) fn path(&self) -> String {
        self.source.files().get(self.index).map(|file| file.path.clone()).unwrap_or_default()
    }

    pub(in crate::hdf5) fn damaged(&self, what: &'static str, address: u64, why: impl Into<String>) -> FormatError {
        FormatError::Damaged { what, file: self.path(), offset: self.absolute(address), why: why.into() }
    }

    fn failed(&self, source: std::io::Error) -> FormatError {
        FormatError::Io { file: self.path(), source }
    }

    /// Bytes that are left from this address on.
    pub(in crate::hdf5) fn left(&self, address: u64) -> u64 {
        self.size.saturating_sub(self.absolute(address))
    }

    /// `length` bytes at `address`. What does not lie in the file is damage.
    pub(in crate::hdf5) fn read(&self, what: &'static str, address: u64, length: u64) -> Result<Vec<u8>, FormatError> {
        self.check(what, address, length)?;
        self.source.read_exact(self.index, self.absolute(address), length).map_err(|error| self.failed(error))
    }

    /// Fills `into` from `address`.
    pub(in crate::hdf5) fn fill(&self, what: &'static str, address: u64, into: &mut [u8]) -> Result<(), FormatError> {
        self.check(what, address, into.len() as u64)?;
        let mut filled = 0;
        while filled < into.len() {
            let at = self.absolute(address) + filled as u64;
            match self.source.read_at(self.index, at, &mut into[filled..]).map_err(|error| self.failed(error))? {
                0 => return Err(self.failed(std::io::ErrorKind::UnexpectedEof.into())),
                n => filled += n,
            }
        }
        Ok(())
    }

    fn check(&self, what: &'static str, address: u64, length: u64) -> Result<(), FormatError> {
        let end = self.base.checked_add(address).and_then(|start| start.checked_add(length));
        if end.is_some_and(|end| end <= self.size) {
            return Ok(());
        }
        let why = format!("{length} bytes from byte {} on are needed", self.absolute(address));
        Err(FormatError::Cut { what, file: self.path(), offset: self.size, why })
    }

    /// A piece of metadata, which has not more than [`PIECE_MAX`] bytes.
    pub(super) fn piece(&self, what: &'static str, address: u64, length: u64) -> Result<Vec<u8>, FormatError> {
        if length > PIECE_MAX {
            return Err(self.damaged(what, address, format!("{length} bytes are claimed for it")));
        }
        self.read(what, address, length)
    }

    /// A piece of metadata that ends with its checksum, without it.
    pub(super) fn summed(&self, what: &'static str, address: u64, length: u64) -> Result<Vec<u8>, FormatError> {
        let mut bytes = self.piece(what, address, length)?;
        self.verify(what, address, &bytes)?;
        bytes.truncate(bytes.len() - 4);
        Ok(bytes)
    }

    /// Compares the checksum at the end of `bytes` with what they are.
    pub(super) fn verify(&self, what: &'static str, address: u64, bytes: &[u8]) -> Result<(), FormatError> {
        let Some((body, saved)) = bytes.split_last_chunk::<4>() else {
            return Err(self.damaged(what, address, "it has no room for a checksum"));
        };
        let (saved, found) = (u32::from_le_bytes(*saved), lookup3(body));
        if saved == found || !self.verify {
            return Ok(());
        }
        Err(self.damaged(what, address, format!("its checksum is {saved:08x}, and its bytes give {found:08x}")))
    }

    /// A cursor over a piece of this file.
    pub(super) fn cursor<'b>(&self, bytes: &'b [u8]) -> Cursor<'b> {
        Cursor::new(bytes, self.sizes())
    }

    /// The header of an object.
    pub(in crate::hdf5) fn header(&self, address: u64) -> Result<Header, FormatError> {
        header::read(self, address)
    }
}

fn superblock(bytes: &[u8], verify: bool) -> Parsed<Superblock> {
    let mut cursor = Cursor::new(bytes, (8, 8));
    cursor.expect(SIGNATURE)?;
    let version = cursor.version(0..=3)?;
    if version < 2 {
        return old_superblock(version, cursor);
    }
    let (offset_size, length_size) = (size(cursor.u8()?)?, size(cursor.u8()?)?);
    let flags = cursor.u8()?;
    cursor.offset_size = offset_size;
    cursor.length_size = length_size;
    let base = cursor.place()?;
    let extension = cursor.address()?;
    let end = cursor.place()?;
    let root = cursor.place()?;
    let found = lookup3(&bytes[..cursor.at()]);
    let saved = cursor.u32()?;
    if verify && saved != found {
        return Err(format!("its checksum is {saved:08x}, and its bytes give {found:08x}"));
    }
    let open_for_writing = version >= 3 && flags & 1 == 1;
    Ok(Superblock { sizes: (offset_size, length_size), base, end, root, extension, open_for_writing })
}

/// Versions 0 and 1, which name the root group by its entry in no group.
fn old_superblock(version: u8, mut cursor: Cursor<'_>) -> Parsed<Superblock> {
    // Versions of the free space, of the root group's entry, a zero, and of shared headers.
    cursor.skip(4)?;
    let (offset_size, length_size) = (size(cursor.u8()?)?, size(cursor.u8()?)?);
    // A zero, the ranks of two trees, and flags; in version 1 a third rank and two zeros.
    cursor.skip(if version == 1 { 13 } else { 9 })?;
    cursor.offset_size = offset_size;
    cursor.length_size = length_size;
    let base = cursor.place()?;
    // The free space; after the end the driver, and the name of the root.
    cursor.address()?;
    let end = cursor.place()?;
    cursor.address()?;
    cursor.uint(offset_size)?;
    let root = cursor.place()?;
    Ok(Superblock { sizes: (offset_size, length_size), base, end, root, extension: None, open_for_writing: false })
}

/// Bytes of an address or a length.
fn size(bytes: u8) -> Parsed<usize> {
    match bytes {
        2 | 4 | 8 => Ok(bytes.into()),
        other => Err(format!("addresses or lengths of {other} bytes are not known")),
    }
}
