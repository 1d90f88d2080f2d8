//! Reads the records, from the first to the last or to where they break.
//!
//! ```text
//!   Source ─ Window ─ next_frame ─┬─ message (as a recorder leaves them that is killed) ──┬─▶ Delivery
//!                                 └─ chunk ─ (inflate) ─ next_frame ─ message, connection ┘
//! ```
//!
//! The index is not needed for reading. Where records break, it says where the next chunk begins; where a chunk breaks inside,
//! the index data behind it say where its next message begins.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use prairie_model::{BlobRef, Compression, Note, NoteKind, ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source};

use super::connections::{CONNECTION_MAX, Connections, Met};
use super::layout::{ChunkInfo, ChunkPlace, Index, Layout};
use super::record::{Frame, WalkError, next_frame, op};
use crate::FormatError;
use crate::messages::config::BATCH_BYTES_AT_CHUNK;
use crate::messages::{Bytes, Delivery, Halt, Inflater, Lost, Times, Window, is_damage, plural};

/// A message above this size is skipped and told.
const MESSAGE_MAX: u64 = 128 << 20;

/// Where records lie: in the file itself, or in a compressed chunk.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The compressed chunk: where its bytes lie, how many, and how they are compressed.
    pub(super) chunk: Option<(u64, u64, Compression)>,
    /// The chunk record, for notes.
    pub(super) record: u64,
}

impl Place {
    fn blob(&self, offset: u64, length: u64) -> BlobRef {
        let (chunk_offset, chunk_length, compression, inner_offset) = match self.chunk {
            Some((at, bytes, compression)) => (at, bytes, compression, offset),
            None => (offset, length, Compression::None, 0),
        };
        BlobRef {
            file: 0,
            chunk_offset,
            chunk_length,
            compression,
            inner_offset,
            length,
            key_frame: None,
            sha256: None,
        }
    }

    /// The byte offset in the file to name in a note about `offset`.
    pub(super) fn in_file(&self, offset: u64) -> u64 {
        if self.chunk.is_some() { self.record } else { offset }
    }
}

/// What an end of the records means.
enum Ending {
    /// The file ends behind a record.
    Here,
    /// The records break at this offset.
    Broken(u64, WalkError),
}

pub(super) struct Reading<'a> {
    pub(super) out: Delivery<'a>,
    pub(super) inflater: Inflater,
    pub(super) path: String,
    pub(super) connections: Connections,
    pub(super) index: Option<Index>,
    /// Whether the recorder came to say where its index begins.
    pub(super) closed: bool,
    /// Messages that were read, and those per connection.
    pub(super) messages: u64,
    counts: BTreeMap<u32, u64>,
    /// Messages without a time.
    timeless: u64,
    /// Connections whose missing definition was told.
    told: BTreeSet<u32>,
    /// The chunk that the recorder was writing when it was killed: its messages stand behind it.
    pub(super) open_chunk: Option<u64>,
    /// The messages before the chunk that is read.
    pub(super) before_chunk: u64,
    /// Where chunks begin, once records have broken.
    chunks: Option<Vec<ChunkPlace>>,
    /// Bytes to which chunks were decompressed.
    pub(super) spent: u64,
    /// Messages that damage took, as far as notes say so.
    pub(super) missed: u64,
}

/// Reads the recording that `plan` describes.
pub(super) fn read(
    source: &dyn Source,
    plan: &RecordingPlan,
    options: &ReadOptions,
    sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
) -> Result<ReadSummary, FormatError> {
    let Layout { path, start, index_at, index, connections, registry, notes, .. } =
        Layout::load(source, options.inline)?;
    let mut out = Delivery::new(registry, plan, options, sink)?;
    out.damaged = notes.iter().any(|note| is_damage(note.kind));
    let mut reading = Reading {
        out,
        inflater: Inflater::default(),
        path: path.clone(),
        connections,
        index,
        closed: index_at != 0,
        messages: 0,
        counts: BTreeMap::new(),
        timeless: 0,
        told: BTreeSet::new(),
        open_chunk: None,
        before_chunk: 0,
        chunks: None,
        spent: 0,
        missed: 0,
    };
    let mut window = Window::new(source, 0);
    let halt = reading.file(&mut window, start, index_at).map_err(|halt| halt.in_file(&path)).err();
    let halt = halt.or_else(|| reading.out.finish(source).err());
    reading.out.summary(halt)
}

impl Reading<'_> {
    fn file(&mut self, window: &mut Window<'_>, start: u64, index_at: u64) -> Result<(), Halt> {
        let unwanted = self.unwanted_chunks(window)?;
        let size = window.size();
        let mut offset = start;
        loop {
            match self.records(window, offset, &unwanted)? {
                Ending::Here => break,
                Ending::Broken(at, error) => match self.broken(window, at, &error)? {
                    Some(next) => offset = next,
                    None => break,
                },
            }
        }
        if self.closed && index_at >= size && !self.out.losing {
            let text = "the file ends before its index";
            self.out.wait(Note::new(NoteKind::Truncated, text).at(&self.path, size));
        }
        if let Some(at) = self.open_chunk.filter(|_| !self.out.losing) {
            let text = "the recorder was stopped while it wrote a chunk; messages that it held are missing";
            self.out.wait(Note::new(NoteKind::Truncated, text).at(&self.path, at));
        }
        self.compare()
    }

    /// The chunks that hold no message of a wanted channel, as the index says.
    fn unwanted_chunks(&self, window: &mut Window<'_>) -> Result<BTreeSet<u64>, Halt> {
        let mut unwanted = BTreeSet::new();
        if let (Some(index), Some(_)) = (&self.index, &self.out.options.channels) {
            let wants = |conn: u32| self.connections.id(conn).is_none_or(|id| self.out.wants(id));
            let each = |info: ChunkInfo| {
                if !info.counts.iter().any(|(conn, _)| wants(*conn)) {
                    unwanted.insert(info.offset);
                }
            };
            index.chunks(window, each).map_err(Halt::io)?;
        }
        Ok(unwanted)
    }

    /// Walks records from `offset` on.
    fn records(&mut self, window: &mut Window<'_>, mut offset: u64, unwanted: &BTreeSet<u64>) -> Result<Ending, Halt> {
        let size = window.size();
        loop {
            let frame = match next_frame(window, offset, size) {
                Ok(Some(frame)) => frame,
                Ok(None) => return Ok(Ending::Here),
                Err(WalkError::Io(error)) => return Err(Halt::io(error)),
                Err(error) => {
                    if let WalkError::Overrun { frame, .. } = error {
                        let header = frame.header(window).map_err(Halt::io)?;
                        if header.is_ok_and(|header| header.op == Some(op::CHUNK)) {
                            self.chunk(window, frame, true)?;
                        }
                    }
                    return Ok(Ending::Broken(offset, error));
                }
            };
            let op = match frame.header(window).map_err(Halt::io)? {
                Ok(header) => header.op,
                Err(why) => return Ok(Ending::Broken(offset, WalkError::Nonsense(why))),
            };
            match op {
                Some(op::CHUNK) if unwanted.contains(&offset) => {}
                Some(op::CHUNK) => {
                    let used = self.chunk(window, frame, false)?;
                    if self.out.pending_bytes() >= BATCH_BYTES_AT_CHUNK {
                        self.out.flush()?;
                    }
                    offset = used;
                    continue;
                }
                Some(op::MESSAGE | op::CONNECTION) => {
                    self.record(window, frame, Place { chunk: None, record: offset })?;
                }
                // The index was read by the layout; what has no known code is for other readers.
                _ => {}
            }
            offset = frame.end();
        }
    }

    /// A connection or a message, wherever it lies. Other records are passed over.
    pub(super) fn record<B: Bytes>(&mut self, bytes: &mut B, frame: Frame, place: Place) -> Result<(), Halt> {
        let header = match frame.header(bytes).map_err(Halt::io)? {
            Ok(header) => header,
            Err(why) => {
                self.corrupt(place.in_file(frame.offset), format!("the header of a record makes no sense: {why}"));
                return Ok(());
            }
        };
        match (header.op, header.conn, header.time, header.topic) {
            (Some(op::MESSAGE), Some(conn), Some(time), _) => {
                if frame.length > MESSAGE_MAX {
                    let text = format!("a message of {} bytes is above {MESSAGE_MAX} and skipped", frame.length);
                    self.corrupt(place.in_file(frame.offset), text);
                    return Ok(());
                }
                self.timeless += u64::from(!time.is_valid);
                // OK to cast: below 2^63, see `Time::parse`.
                self.out.passes(time.nanos as i64)?;
                self.messages += 1;
                *self.counts.entry(conn).or_default() += 1;
                let id = match self.connections.id(conn) {
                    Some(id) => id,
                    None => match self.orphan(conn, place.in_file(frame.offset))? {
                        Some(id) => id,
                        None => return Ok(()),
                    },
                };
                // OK to cast: at most MESSAGE_MAX.
                let data = bytes.get(frame.data(), frame.length as usize).map_err(Halt::io)?;
                let at = place.blob(frame.data(), frame.length);
                let times = Times { log: time.nanos, publish: None };
                self.out.push(id, times, data, at, place.in_file(frame.offset))
            }
            (Some(op::CONNECTION), Some(conn), _, Some(topic)) => {
                let topic = topic.to_vec();
                self.connection(bytes, frame, (conn, &topic), place.in_file(frame.offset))
            }
            (Some(op::MESSAGE | op::CONNECTION), ..) => {
                self.corrupt(place.in_file(frame.offset), "a record lacks a field that it needs".to_owned());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn connection<B: Bytes>(
        &mut self,
        bytes: &mut B,
        frame: Frame,
        (conn, topic): (u32, &[u8]),
        offset: u64,
    ) -> Result<(), Halt> {
        if frame.length > CONNECTION_MAX {
            let text = format!("connection {conn} has {} bytes and is skipped", frame.length);
            self.corrupt(offset, text);
            return Ok(());
        }
        // OK to cast: at most CONNECTION_MAX.
        let raw = bytes.get(frame.data(), frame.length as usize).map_err(Halt::io)?;
        match self.connections.take(conn, topic, raw, &mut self.out.registry) {
            Met::Known => {}
            Met::Refused(why) => {
                self.corrupt(offset, format!("connection {conn} cannot be used: {why}"));
                return Ok(());
            }
            Met::Changed => {
                let text = format!("connection {conn} has the number of a different one; it counts from here on");
                self.corrupt(offset, text);
            }
            Met::New => {}
        }
        self.out.announce()?;
        if self.connections.is_undefined(conn)
            && self.told.insert(conn)
            && let Some(channel) = self.connections.id(conn).and_then(|id| self.out.channel(id)).cloned()
        {
            let text = format!("connection {conn} has no definition of `{}`", channel.schema_name);
            let note = Note::new(NoteKind::SchemaMissing, text).stream(channel.topic.as_str());
            self.out.note(note.at(&self.path, offset))?;
        }
        Ok(())
    }

    /// A channel for messages whose connection is not there (yet).
    fn orphan(&mut self, conn: u32, offset: u64) -> Result<Option<u32>, Halt> {
        self.corrupt(offset, format!("a message names connection {conn}, which is not in the file before it"));
        let id = self.connections.orphan(conn, &mut self.out.registry);
        self.out.announce()?;
        Ok(id)
    }

    pub(super) fn corrupt(&mut self, offset: u64, text: String) {
        self.out.wait(Note::new(NoteKind::Corrupt, text).at(&self.path, offset));
    }

    /// Tells that the records break at `offset`, unless that is empty space. Gives where reading goes on.
    fn broken(&mut self, window: &mut Window<'_>, offset: u64, error: &WalkError) -> Result<Option<u64>, Halt> {
        let (mut next, mut last, mut claimed) = (None, None, 0_u64);
        if let Some(index) = self.index.as_ref().filter(|index| offset < index.start) {
            let chunks = match &mut self.chunks {
                Some(chunks) => chunks,
                None => self.chunks.insert(index.by_offset(window).map_err(Halt::io)?),
            };
            let behind = chunks.partition_point(|chunk| chunk.offset <= offset);
            next = Some(chunks.get(behind).map_or(index.start, |chunk| chunk.offset));
            last = behind.checked_sub(1).and_then(|last| chunks.get(last)).and_then(|chunk| chunk.span);
            claimed = behind.checked_sub(1).and_then(|last| chunks.get(last)).map_or(0, |chunk| chunk.up_to);
        }
        // Some writers leave room between the chunks and the index.
        if let Some(next) = next
            && is_zero(window, offset, next).map_err(Halt::io)?
        {
            return Ok(Some(next));
        }
        let (kind, what) = match &self.index {
            // A bag with its index in place was not cut off: the damage is inside.
            Some(_) => (NoteKind::Corrupt, "the records break"),
            None => (NoteKind::Truncated, "the file is cut off"),
        };
        let text = format!("{what} after {} {}: {error}", self.messages, plural(self.messages));
        let note = Note::new(kind, text).at(&self.path, offset);
        // What the index claims up to here, and was neither read nor missed before.
        let lost = self.index.as_ref().map(|_| {
            let count = claimed.saturating_sub(self.messages.saturating_add(self.missed));
            Lost { count, span: last.filter(|_| count > 0) }
        });
        self.missed += lost.map_or(0, |lost| lost.count);
        self.out.took(note, lost)?;
        Ok(next)
    }

    /// Compares what was read with what the index claims.
    fn compare(&mut self) -> Result<(), Halt> {
        if self.timeless > 0 {
            let text = format!("{} of {} messages have no valid time", self.timeless, self.messages);
            let note = Note::new(NoteKind::TimeInvalid, text).in_file(&self.path);
            self.out.note(note.numbers(self.timeless as f64, Some(0.0)))?;
        }
        let Some(index) = self.index.as_ref().filter(|_| self.out.options.channels.is_none()) else {
            if self.out.losing {
                self.out.lost = None;
            }
            return Ok(());
        };
        let claimed: u64 = index.counts.values().fold(0, |sum, count| sum.saturating_add(*count));
        if self.out.losing {
            self.out.lost = claimed.checked_sub(self.messages);
        }
        let mut notes = Vec::new();
        if claimed != self.messages {
            let text = format!("the index claims {claimed} messages and {} were read", self.messages);
            notes.push((Note::new(NoteKind::CountMismatch, text), self.messages, claimed));
        }
        let numbers: BTreeSet<u32> = index.counts.keys().chain(self.counts.keys()).copied().collect();
        for number in numbers {
            let count = |counts: &BTreeMap<u32, u64>| counts.get(&number).copied().unwrap_or(0);
            let (claimed, found) = (count(&index.counts), count(&self.counts));
            if claimed != found {
                let channel = self.connections.id(number).and_then(|id| self.out.channel(id));
                let topic = channel.map_or_else(|| format!("connection {number}"), |channel| channel.topic.clone());
                let text = format!("the index claims {claimed} messages on `{topic}` and {found} were read");
                notes.push((Note::new(NoteKind::CountMismatch, text).stream(topic), found, claimed));
            }
        }
        for (note, found, claimed) in notes {
            self.out.note(note.in_file(&self.path).numbers(found as f64, Some(claimed as f64)))?;
        }
        Ok(())
    }
}

/// Whether all bytes from `from` to `to` are zero.
fn is_zero(window: &mut Window<'_>, from: u64, to: u64) -> std::io::Result<bool> {
    let mut at = from;
    while at < to {
        let bytes = window.at_most(at, (to - at).min(1 << 16))?;
        if bytes.is_empty() || bytes.iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        at += bytes.len() as u64;
    }
    Ok(true)
}
