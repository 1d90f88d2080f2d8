//! Reads one chunk: where it lies, decompressed whole, or decompressed as it is walked.

use std::io::BufReader;

use prairie_model::{Compression, Note, NoteKind};

use super::damage::{lost_messages, span};
use super::record::{self, op};
use super::stream::{Current, Place, Reading};
use super::walk::{Bytes, Frame, WalkError, next_frame};
use crate::FormatError;
use crate::messages::config::{CHUNK_HELD, CHUNK_MAX, STREAM_BYTES};
use crate::messages::{ChunkEnds, Digest, Halt, Inflating, Window, WindowPart, source_error};

/// How far a chunk was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Used {
    /// The offset up to which the file was used.
    pub(super) file: u64,
    /// The offset in its records up to which they were read.
    pub(super) records: u64,
}

/// The head of a chunk, and where its records lie.
struct Head {
    claimed: u64,
    stated: u32,
    compression: Compression,
    span: Option<prairie_model::TimeSpan>,
    start: u64,
    length: u64,
    /// Whether its records are cut off.
    cut: bool,
}

/// What the bytes of a chunk gave.
struct Outcome {
    /// Bytes of records.
    bytes: u64,
    /// Why there are no more.
    why: Option<String>,
    /// How far they were walked.
    walked: u64,
}

impl Reading<'_> {
    /// A chunk. `cut` says that its record goes beyond the end of the file, so that only a part of it is there.
    pub(super) fn chunk(
        &mut self,
        current: &mut Current,
        window: &mut Window<'_>,
        frame: Frame,
        cut: bool,
    ) -> Result<Used, Halt> {
        current.chunks += 1;
        let head = match self.head(current, window, frame, cut)? {
            Ok(head) => head,
            Err(file) => {
                return Ok(Used { file, records: 0 });
            }
        };
        let Head { start, length, compression, .. } = head;
        if compression == Compression::None {
            let place = Place { chunk: None, record: frame.offset, cut: head.cut };
            let walked = self.plain_chunk(current, window, &head, place)?;
            return Ok(Used { file: start + length, records: walked });
        }
        if length > CHUNK_MAX {
            let text = format!("a chunk of {length} compressed bytes is above {CHUNK_MAX} and skipped");
            self.lost_chunk(current, window, frame, text, 0)?;
            return Ok(Used { file: start, records: 0 });
        }
        let place = Place { chunk: Some((start, length, compression)), record: frame.offset, cut: head.cut };
        let outcome = if head.claimed.max(length) > CHUNK_HELD {
            self.streamed(current, window, &head, place)?
        } else {
            self.held(current, window, &head, place)?
        };
        let whole = outcome.why.is_none() && outcome.bytes == head.claimed;
        if !whole && !head.cut {
            let why = outcome.why.unwrap_or_else(|| "it ends there".to_owned());
            let text = format!("a chunk gives {} of {} bytes: {why}", outcome.bytes, head.claimed);
            self.lost_chunk(current, window, frame, text, outcome.walked)?;
        }
        Ok(Used { file: start + length, records: outcome.walked })
    }

    /// Tells of a chunk whose records behind `walked` could not be read.
    fn lost_chunk(
        &mut self,
        current: &Current,
        window: &mut Window<'_>,
        frame: Frame,
        text: String,
        walked: u64,
    ) -> Result<(), Halt> {
        let lost = lost_messages(window, frame.end(), walked).map_err(Halt::io)?;
        self.out.took(Note::new(NoteKind::Corrupt, text).at(&current.path, frame.offset), lost)
    }

    /// Reads the head of a chunk. Where that cannot be used, tells so, and gives the offset up to which the file was used.
    fn head(
        &mut self,
        current: &Current,
        window: &mut Window<'_>,
        frame: Frame,
        cut: bool,
    ) -> Result<Result<Head, u64>, Halt> {
        let prefix = window.at_most(frame.body(), frame.length.min(256)).map_err(Halt::io)?;
        let (head, used) = match record::ChunkHead::parse(prefix) {
            Ok(parsed) => parsed,
            // The caller tells of the cut.
            Err(_) if cut => return Ok(Err(frame.body())),
            Err(error) => {
                self.lost_chunk(current, window, frame, format!("a chunk cannot be read: {error}"), 0)?;
                return Ok(Err(frame.body()));
            }
        };
        let compression = match head.compression {
            "" => Compression::None,
            "lz4" => Compression::Lz4,
            "zstd" => Compression::Zstd,
            other => {
                let text = format!("a chunk is compressed with `{other}`, which no reader knows");
                if cut {
                    return Ok(Err(frame.body()));
                }
                self.lost_chunk(current, window, frame, text, 0)?;
                return Ok(Err(frame.body()));
            }
        };
        let (claimed, compressed, stated) = (head.uncompressed_size, head.compressed_size, head.uncompressed_crc);
        let span = span(head.message_start_time, head.message_end_time);
        let start = frame.body() + used as u64;
        let room = frame.end().min(window.size()).saturating_sub(start);
        if compressed > room && !cut {
            let text = format!("a chunk claims {compressed} bytes of records and its own record has {room}");
            self.corrupt(current, frame.offset, text);
        }
        if compression == Compression::None && claimed != compressed {
            let text = format!("a chunk without compression claims {claimed} bytes and has {compressed}");
            self.corrupt(current, frame.offset, text);
        }
        let (length, cut) = (compressed.min(room), compressed > room);
        let stated = if self.options.verify && !cut { stated } else { 0 };
        Ok(Ok(Head { claimed, stated, compression, span, start, length, cut }))
    }

    /// Decompresses a chunk whole, and walks it.
    fn held(
        &mut self,
        current: &mut Current,
        window: &mut Window<'_>,
        head: &Head,
        place: Place,
    ) -> Result<Outcome, Halt> {
        // OK to cast: at most CHUNK_HELD.
        let body = window.get(head.start, head.length as usize).map_err(Halt::io)?;
        let why = self.inflater.inflate(head.compression, body, Some(head.claimed)).err();
        let bytes = self.inflater.bytes().len() as u64;
        let whole = why.is_none() && bytes == head.claimed;
        if whole && head.stated != 0 {
            let found = crc32fast::hash(self.inflater.bytes());
            self.chunk_checksum(current, place, head, found)?;
        }
        // The inflater is put aside while its bytes are walked, since the walk needs the rest of `self`.
        let inflater = std::mem::take(&mut self.inflater);
        let place = Place { cut: !whole, ..place };
        let walked = self.inner(current, &mut inflater.bytes(), (0, bytes), place);
        self.inflater = inflater;
        Ok(Outcome { bytes, why, walked: walked? })
    }

    /// Decompresses a chunk while it is walked.
    fn streamed(
        &mut self,
        current: &mut Current,
        window: &mut Window<'_>,
        head: &Head,
        place: Place,
    ) -> Result<Outcome, Halt> {
        let part = WindowPart { window, at: head.start, end: head.start + head.length };
        let input = BufReader::with_capacity(STREAM_BYTES, part);
        let mut inflating = match Inflating::new(head.compression, input, head.claimed) {
            Ok(inflating) => inflating,
            Err(why) => return Ok(Outcome { bytes: 0, why: Some(why), walked: 0 }),
        };
        let walked = self.inner(current, &mut inflating, (0, head.claimed), place)?;
        let inflated = inflating.finish().map_err(|error| Halt::io(source_error(error)))?;
        let whole = inflated.why.is_none() && inflated.bytes == head.claimed;
        if whole && head.stated != 0 {
            self.chunk_checksum(current, place, head, inflated.crc)?;
        }
        Ok(Outcome { bytes: inflated.bytes, why: inflated.why, walked })
    }

    fn plain_chunk(
        &mut self,
        current: &mut Current,
        window: &mut Window<'_>,
        head: &Head,
        place: Place,
    ) -> Result<u64, Halt> {
        let end = head.start + head.length;
        if head.stated != 0 {
            window.begin(Digest::Chunk, head.start);
        }
        let walked = self.inner(current, window, (head.start, end), place)?;
        if let Some(found) = window.end(Digest::Chunk, end).map_err(Halt::io)? {
            self.chunk_checksum(current, place, head, found)?;
        }
        Ok(walked - head.start)
    }

    fn chunk_checksum(&mut self, current: &Current, place: Place, head: &Head, found: u32) -> Result<(), Halt> {
        self.checksum(current, place.record, ("a chunk", head.span), found, head.stated)
    }

    /// Walks the records of a chunk. Gives the offset of the first that could not be read, or the end.
    fn inner<B: Bytes>(
        &mut self,
        current: &mut Current,
        bytes: &mut B,
        (start, end): (u64, u64),
        place: Place,
    ) -> Result<u64, Halt> {
        let mut offset = start;
        loop {
            let frame = match next_frame(bytes, offset, end) {
                Ok(Some(frame)) => frame,
                Ok(None) => return Ok(offset),
                Err(WalkError::Io(error)) => return ends(Halt::io(error)).map(|()| offset),
                Err(WalkError::Short { .. } | WalkError::Overrun { .. }) if place.cut => return Ok(offset),
                Err(error) => {
                    let text = format!("the records of a chunk break {} bytes in: {error}", offset - start);
                    self.corrupt(current, place.in_file(offset), text);
                    return Ok(offset);
                }
            };
            match frame.opcode {
                op::SCHEMA | op::CHANNEL | op::MESSAGE => {
                    if let Err(halt) = self.record(current, bytes, frame, place) {
                        return ends(halt).map(|()| offset);
                    }
                }
                op::HEADER..=op::DATA_END => {
                    let text = format!("record {:#04x} has no place in a chunk and is left out", frame.opcode);
                    self.corrupt(current, place.in_file(frame.offset), text);
                }
                _ => {}
            }
            offset = frame.end();
        }
    }
}

/// Whether a walk ended because the chunk did.
fn ends(halt: Halt) -> Result<(), Halt> {
    match halt {
        Halt::Error(FormatError::Io { source, .. })
            if source.get_ref().is_some_and(|inner| inner.is::<ChunkEnds>()) =>
        {
            Ok(())
        }
        other => Err(other),
    }
}
