//! From message to message, and over what is none.
//!
//! ```text
//!   size (2 bytes) │ type (1) │ body │ size │ type │ …
//!                      └ what cannot be a message ─▶ the next place from which several messages follow each other
//! ```

use prairie_model::Source;

use crate::FormatError;

/// Bytes of a message's header.
const HEADER_BYTES: u64 = 3;
/// Bytes that are read at once; more than the longest message has.
const BUFFER_BYTES: usize = 1 << 20;
/// Sure messages that must follow each other, among so many, for a place to be taken for one where messages begin.
const CHAIN: usize = 4;
const CHAIN_MAX: usize = 8;

/// What the logger writes once in a while, so that a reader finds back.
const SYNC: [u8; 8] = [0x2F, 0x73, 0x13, 0x20, 0x25, 0x0C, 0xBB, 0x12];

/// One message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    pub(super) kind: u8,
    pub(super) body: &'a [u8],
}

/// How sure it is that bytes are a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    No,
    Perhaps,
    Yes,
}

/// How sure it is that a body is that of a message of a type.
pub(super) type Known<'a> = dyn Fn(u8, &[u8]) -> Trust + 'a;

/// What comes next in a file.
#[derive(Debug)]
pub(super) enum Next<'a> {
    Message(Message<'a>),
    /// Bytes that are no messages, from this place to that.
    Skipped(u64, u64),
    /// A message that the file cuts, or bytes behind the last one: where they begin.
    Cut(u64),
    End,
}

/// Walks a part of a file.
pub(super) struct Walk<'a> {
    source: &'a dyn Source,
    file: usize,
    /// What comes next.
    at: u64,
    /// Where the part ends.
    end: u64,
    buffer: Vec<u8>,
    /// Where the buffer begins in the file.
    begin: u64,
    /// What lies before is not looked at again.
    floor: u64,
}

impl<'a> Walk<'a> {
    pub(super) fn new(source: &'a dyn Source, file: usize, at: u64, end: u64) -> Self {
        Self { source, file, at, end, buffer: Vec::new(), begin: 0, floor: at }
    }

    /// Where the next message begins.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// `length` bytes at `at`; `None` where the part does not have them.
    fn bytes(&mut self, at: u64, length: usize) -> Result<Option<&[u8]>, FormatError> {
        let Some(stop) = at.checked_add(length as u64).filter(|stop| *stop <= self.end) else { return Ok(None) };
        let held = self.begin + self.buffer.len() as u64;
        if at < self.begin || stop > held {
            let path = || self.source.files().get(self.file).map(|file| file.path.clone()).unwrap_or_default();
            // From where the search has come: it looks ahead of that place again and again.
            let from = self.floor.min(at);
            let wanted = (self.end - from).min((stop - from).max(BUFFER_BYTES as u64));
            let read = self.source.read_exact(self.file, from, wanted);
            self.buffer = read.map_err(|source| FormatError::Io { file: path(), source })?;
            self.begin = from;
        }
        // OK to cast: the place lies within the buffer.
        let from = (at - self.begin) as usize;
        Ok(self.buffer.get(from..from + length))
    }

    /// Size of the body and type of the message at `at`.
    fn header(&mut self, at: u64) -> Result<Option<(usize, u8)>, FormatError> {
        let header = self.bytes(at, HEADER_BYTES as usize)?;
        // OK to index: three bytes.
        Ok(header.map(|header| (usize::from(u16::from_le_bytes([header[0], header[1]])), header[2])))
    }

    /// Where the message at `at` would end, and how sure it is that one begins there.
    fn plausible(&mut self, at: u64, known: &Known<'_>) -> Result<(u64, Trust), FormatError> {
        let Some((size, kind)) = self.header(at)? else { return Ok((at, Trust::No)) };
        if !is_kind(kind) {
            return Ok((at, Trust::No));
        }
        let Some(body) = self.bytes(at + HEADER_BYTES, size)? else { return Ok((at, Trust::No)) };
        Ok((at + HEADER_BYTES + size as u64, known(kind, body)))
    }

    /// Whether several sure messages follow each other from `at` on, or all up to the end are messages.
    fn is_chain(&mut self, at: u64, known: &Known<'_>) -> Result<bool, FormatError> {
        let (mut place, mut sure) = (at, 0);
        for _ in 0..CHAIN_MAX {
            let (next, trust) = self.plausible(place, known)?;
            sure += usize::from(trust == Trust::Yes);
            if trust == Trust::No {
                return Ok(false);
            }
            if sure >= CHAIN || (next == self.end && sure > 0) {
                return Ok(true);
            }
            place = next;
        }
        Ok(false)
    }

    /// What comes next. `known` says how sure it is that a body is that of a message of a type.
    pub(super) fn next(&mut self, known: &Known<'_>) -> Result<Next<'_>, FormatError> {
        let offset = self.at;
        self.floor = offset;
        if offset >= self.end {
            return Ok(Next::End);
        }
        let (next, trust) = self.plausible(offset, known)?;
        let taken = match trust {
            Trust::Yes => true,
            Trust::Perhaps => next == self.end || self.plausible(next, known)?.1 != Trust::No,
            Trust::No => false,
        };
        if taken {
            self.at = next;
            return self.message(offset);
        }
        // A type of a later version is passed over where messages go on behind it.
        if let Some((size, kind)) = self.header(offset)?
            && kind.is_ascii_alphabetic()
            && !is_kind(kind)
        {
            let next = offset + HEADER_BYTES + size as u64;
            if next <= self.end && (next == self.end || self.is_chain(next, known)?) {
                self.at = next;
                return self.message(offset);
            }
        }
        let mut place = offset + 1;
        while place + HEADER_BYTES <= self.end {
            self.floor = place;
            if self.is_chain(place, known)? {
                self.at = place;
                return Ok(Next::Skipped(offset, place));
            }
            place += 1;
        }
        self.at = self.end;
        Ok(Next::Cut(offset))
    }

    fn message(&mut self, offset: u64) -> Result<Next<'_>, FormatError> {
        let Some((size, kind)) = self.header(offset)? else { return Ok(Next::Cut(offset)) };
        match self.bytes(offset + HEADER_BYTES, size)? {
            Some(body) => Ok(Next::Message(Message { kind, body })),
            None => Ok(Next::Cut(offset)),
        }
    }
}

/// Whether a type is one of those that are known.
fn is_kind(kind: u8) -> bool {
    matches!(kind, b'A' | b'B' | b'C' | b'D' | b'F' | b'I' | b'L' | b'M' | b'O' | b'P' | b'Q' | b'R' | b'S')
}

/// Whether a body can be that of a message of a type, as far as the type alone tells.
pub(super) fn fits(kind: u8, body: &[u8]) -> Trust {
    let has_key = |at: usize| {
        let key = body.get(at).and_then(|length| body.get(at + 1..at + 1 + usize::from(*length)));
        key.is_some_and(|key| !key.is_empty() && key.is_ascii())
    };
    let fits = match kind {
        b'A' => body.len() > 3 && body[3..].is_ascii(),
        b'B' => body.len() >= 40,
        b'C' => body.len() >= 11 && body[0].is_ascii_digit(),
        b'D' => body.len() > 2,
        b'F' => body.len() > 2 && body.is_ascii() && body.contains(&b':'),
        b'I' | b'P' => has_key(0),
        b'L' => body.len() >= 9 && body[0].is_ascii_digit(),
        b'M' | b'Q' => has_key(1),
        b'O' | b'R' => body.len() == 2,
        b'S' => body == SYNC,
        _ => false,
    };
    if fits { Trust::Yes } else { Trust::No }
}
