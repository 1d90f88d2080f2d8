//! Reads the data sections, from the first record to the last or to where they break.
//!
//! ```text
//!   Source ─ Window ─ next_frame ─┬─ message ───────────────────────────────┬─▶ Lanes ─▶ batches
//!                                 └─ chunk ─ (inflate) ─ next_frame ─ message ┘
//! ```
//!
//! An uncompressed chunk is walked where it lies, so it needs no memory of its own; a compressed one is decompressed whole, or
//! as it is walked where it is large (`chunk`). What damage took is found out in `damage`, what stands behind the data in
//! `ending`.
//!
//! **Invariant:** every step moves the offset forward, also after damage, so that reading ends.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use prairie_model::{
    BlobRef, Compression, Note, NoteKind, ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source, TimeSpan,
};

use super::attributes::Attributes;
use super::bindings::{Bindings, Met};
use super::chunk::Used;
use super::config::{DESCRIPTION_MAX, RECORD_MAX};
use super::damage::chunks_of;
use super::layout::{FileLayout, Layout, Summary};
use super::record::{self, MESSAGE_HEAD, MessageHead, op};
use super::walk::{Bytes, Frame, MAGIC, WalkError, next_frame};
use crate::FormatError;
use crate::messages::config::BATCH_BYTES_AT_CHUNK;
use crate::messages::{Delivery, Digest, Halt, Inflater, Times, Window, is_damage};

/// Where records lie: in the file itself, or in a compressed chunk.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The compressed chunk: where its bytes lie, how many, and how they are compressed.
    pub(super) chunk: Option<(u64, u64, Compression)>,
    /// The chunk record, for notes.
    pub(super) record: u64,
    /// Whether the end of the bytes is known to be cut off, so that a half record there is no news.
    pub(super) cut: bool,
}

impl Place {
    fn blob(&self, file: u32, offset: u64, length: u64) -> BlobRef {
        let (chunk_offset, chunk_length, compression, inner_offset) = match self.chunk {
            Some((at, bytes, compression)) => (at, bytes, compression, offset),
            None => (offset, length, Compression::None, 0),
        };
        BlobRef { file, chunk_offset, chunk_length, compression, inner_offset, length, key_frame: None, sha256: None }
    }

    /// The byte offset in the file to name in a note about `offset`.
    pub(super) fn in_file(&self, offset: u64) -> u64 {
        if self.chunk.is_some() { self.record } else { offset }
    }
}

/// A number of a file's channel.
#[derive(Clone, Copy, Default)]
struct Slot {
    /// The channel's id and one; zero while the number is not bound.
    bound: u32,
    messages: u64,
}

/// The file that is read.
pub(super) struct Current {
    file: u32,
    pub(super) path: String,
    pub(super) closed: bool,
    bindings: Bindings,
    /// By number, as far as numbers were met.
    slots: Vec<Slot>,
    pub(super) chunks: u64,
    pub(super) messages: u64,
}

fn slot(slots: &mut Vec<Slot>, number: u16) -> &mut Slot {
    let at = usize::from(number);
    if slots.len() <= at {
        slots.resize(at + 1, Slot::default());
    }
    // OK to index: there are more than `at` now.
    &mut slots[at]
}

pub(super) struct Reading<'a> {
    pub(super) options: &'a ReadOptions,
    pub(super) out: Delivery<'a>,
    attributes: Attributes,
    pub(super) inflater: Inflater,
}

/// Reads the recording that `plan` describes.
pub(crate) fn read(
    source: &dyn Source,
    plan: &RecordingPlan,
    options: &ReadOptions,
    sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
) -> Result<ReadSummary, FormatError> {
    let Layout { files, registry, attributes, notes, .. } = Layout::load(source, options.inline)?;
    let data_files = super::layout::data_files(source).len();
    let mut out = Delivery::new(registry, plan, options, sink)?;
    out.damaged = files.len() < data_files || notes.iter().any(|note| is_damage(note.kind));
    out.lost = (files.len() == data_files).then_some(0);
    let mut reading = Reading { options, out, attributes, inflater: Inflater::default() };
    let mut halt = None;
    for file in files {
        let path = file.path.clone();
        if let Err(why) = reading.file(source, file).map_err(|halt| halt.in_file(&path)) {
            halt = Some(why);
            break;
        }
    }
    let halt = halt.or_else(|| reading.out.finish(source).err());
    reading.out.summary(halt)
}

impl Reading<'_> {
    fn file(&mut self, source: &dyn Source, layout: FileLayout) -> Result<(), Halt> {
        let mut window = Window::new(source, layout.file);
        let FileLayout { file, path, closed, data_crc, summary, bindings } = layout;
        let mut current = Current {
            // OK to cast: a source has far fewer files than u32 counts.
            file: file as u32,
            path,
            closed,
            bindings,
            slots: Vec::new(),
            chunks: 0,
            messages: 0,
        };
        for (number, id) in current.bindings.ids() {
            slot(&mut current.slots, number).bound = id + 1;
        }
        let skipped = match (&self.options.channels, &summary) {
            (Some(_), Some(summary)) => self.unwanted_chunks(summary, &current.bindings, &mut window)?,
            _ => BTreeSet::new(),
        };
        if self.options.verify && data_crc != 0 && skipped.is_empty() {
            window.begin(Digest::Data, 0);
        }
        self.out.losing = false;
        self.parts(&mut current, &mut window, summary.as_ref(), &skipped, data_crc)?;
        let statistics = summary.as_ref().and_then(|summary| summary.statistics.as_ref());
        if self.out.losing {
            let claimed = statistics.filter(|_| self.options.channels.is_none());
            let taken = claimed.and_then(|claimed| claimed.message_count.checked_sub(current.messages));
            self.out.lost = self.out.lost.zip(taken).and_then(|(lost, taken)| lost.checked_add(taken));
        }
        if self.options.channels.is_none() {
            self.compare(&current, summary.as_ref())?;
        }
        Ok(())
    }

    /// The chunks that hold no message of a wanted channel, as the index says.
    fn unwanted_chunks(
        &self,
        summary: &Summary,
        bindings: &Bindings,
        window: &mut Window<'_>,
    ) -> Result<BTreeSet<u64>, Halt> {
        let unwanted: BTreeSet<u16> =
            bindings.ids().filter(|(_, id)| !self.out.wants(*id)).map(|(number, _)| number).collect();
        let mut chunks = BTreeSet::new();
        let each = |index: &record::ChunkIndex<'_>| {
            // Without message indexes the chunk index does not say what is in the chunk.
            let told = !index.message_index_offsets.is_empty();
            if told && index.message_index_offsets.iter().all(|(number, _)| unwanted.contains(number)) {
                chunks.insert(index.chunk_start_offset);
            }
        };
        summary.chunks(window, each).map_err(Halt::io)?;
        Ok(chunks)
    }

    /// Walks the records of the file, and those of files that stand behind its end.
    fn parts(
        &mut self,
        current: &mut Current,
        window: &mut Window<'_>,
        summary: Option<&Summary>,
        skipped: &BTreeSet<u64>,
        data_crc: u32,
    ) -> Result<(), Halt> {
        let mut next = Some(MAGIC.len() as u64);
        while let Some(offset) = next {
            let data_end = self.records(current, window, (offset, summary), skipped, data_crc)?;
            next = match data_end {
                // The summary that holds together stands behind this data, and the footer behind it.
                Some(end) if summary.is_none_or(|summary| summary.start < end) => {
                    self.after_data(current, window, end)?
                }
                _ => None,
            };
            if next.is_some() {
                // Numbers of channels count for one file.
                current.bindings = Bindings::default();
                current.slots.clear();
            }
        }
        Ok(())
    }

    /// Walks records from `offset` on. Gives where the data section ends, if it does.
    fn records(
        &mut self,
        current: &mut Current,
        window: &mut Window<'_>,
        (mut offset, summary): (u64, Option<&Summary>),
        skipped: &BTreeSet<u64>,
        data_crc: u32,
    ) -> Result<Option<u64>, Halt> {
        let size = window.size();
        let place = Place { chunk: None, record: 0, cut: false };
        let mut chunks = None;
        loop {
            let frame = match next_frame(window, offset, size) {
                Ok(Some(frame)) => frame,
                Ok(None) => {
                    self.truncated(current, size, "the file ends without a data-end record");
                    return Ok(None);
                }
                Err(WalkError::Io(error)) => return Err(Halt::io(error)),
                Err(error) => {
                    window.abandon(Digest::Data);
                    let mut used = Used { file: offset, records: 0 };
                    if let WalkError::Overrun { frame, .. } = error
                        && frame.opcode == op::CHUNK
                    {
                        used = self.chunk(current, window, frame, true)?;
                    }
                    let chunks = match &mut chunks {
                        Some(chunks) => chunks,
                        None => chunks.insert(chunks_of(summary, window).map_err(Halt::io)?),
                    };
                    // Only what lies behind all that was used, so that nothing is read twice.
                    let next = chunks.range(used.file.max(offset + 1)..).next().map(|(next, _)| *next);
                    self.broken(current, window, (offset, &error), chunks, (used.records, next))?;
                    match next {
                        Some(next) => offset = next,
                        None => return Ok(None),
                    }
                    continue;
                }
            };
            offset = frame.end();
            match frame.opcode {
                op::CHUNK if skipped.contains(&frame.offset) => {}
                op::CHUNK => {
                    self.chunk(current, window, frame, false)?;
                    if self.out.pending_bytes() >= BATCH_BYTES_AT_CHUNK {
                        self.out.flush()?;
                    }
                }
                op::SCHEMA | op::CHANNEL | op::MESSAGE => self.record(current, window, frame, place)?,
                op::METADATA => self.metadata(current, window, frame)?,
                op::ATTACHMENT => self.attachment(current, window, frame)?,
                op::DATA_END => {
                    self.data_end(current, window, frame, data_crc)?;
                    return Ok(Some(frame.end()));
                }
                op::FOOTER => {
                    let text = "the footer comes without a data-end record before it";
                    self.out.note(Note::new(NoteKind::IndexWrong, text).at(&current.path, frame.offset))?;
                    return Ok(Some(frame.offset));
                }
                _ => {}
            }
        }
    }

    fn data_end(
        &mut self,
        current: &Current,
        window: &mut Window<'_>,
        frame: Frame,
        data_crc: u32,
    ) -> Result<(), Halt> {
        if let Some(found) = window.end(Digest::Data, frame.offset).map_err(Halt::io)?
            && found != data_crc
        {
            let text = format!("the checksum of the data section is {found:08x} and the file says {data_crc:08x}");
            let note = Note::new(NoteKind::Checksum, text).at(&current.path, frame.offset);
            self.out.note(note.numbers(f64::from(found), Some(f64::from(data_crc))))?;
        }
        Ok(())
    }

    /// A schema, a channel or a message, wherever it lies.
    pub(super) fn record<B: Bytes>(
        &mut self,
        current: &mut Current,
        bytes: &mut B,
        frame: Frame,
        place: Place,
    ) -> Result<(), Halt> {
        let limit = if frame.opcode == op::MESSAGE { RECORD_MAX } else { DESCRIPTION_MAX };
        if frame.length > limit {
            let text = format!("record {:#04x} of {} bytes is above {limit} and skipped", frame.opcode, frame.length);
            self.corrupt(current, place.in_file(frame.offset), text);
            return Ok(());
        }
        // OK to cast: at most RECORD_MAX.
        let body = bytes.get(frame.body(), frame.length as usize).map_err(Halt::io)?;
        match frame.opcode {
            op::MESSAGE => self.message(current, body, frame, place),
            op::SCHEMA => {
                let met = current.bindings.schema(body);
                self.met(current, "schema", None, met, place.in_file(frame.offset))
            }
            _ => {
                let (number, met) = current.bindings.channel(current.file as usize, body, &mut self.out.registry);
                self.met(current, "channel", number, met, place.in_file(frame.offset))
            }
        }
    }

    /// Acts on what came of a schema or channel record.
    fn met(
        &mut self,
        current: &mut Current,
        what: &str,
        number: Option<u16>,
        met: Met,
        offset: u64,
    ) -> Result<(), Halt> {
        let changed = matches!(met, Met::Changed(_));
        match met {
            Met::Known => return Ok(()),
            Met::Refused(why) => {
                self.corrupt(current, offset, format!("a {what} cannot be used: {why}"));
                return Ok(());
            }
            Met::New(_) | Met::Changed(_) => {}
        }
        if changed {
            let text = format!("a {what} has the number of a different one; it counts from here on");
            self.corrupt(current, offset, text);
        }
        let Some(number) = number else { return Ok(()) };
        self.bind(current, number)?;
        if let Some(schema) = current.bindings.missing_schema(number)
            && let Some(channel) = current.bindings.id(number).and_then(|id| self.out.channel(id))
        {
            let text = format!("channel {number} names schema {schema}, which is not in the file before it");
            let note = Note::new(NoteKind::SchemaMissing, text).stream(channel.topic.as_str());
            self.out.note(note.at(&current.path, offset))?;
        }
        Ok(())
    }

    /// Connects a number of the file to its lane, and tells of channels that are new.
    fn bind(&mut self, current: &mut Current, number: u16) -> Result<Option<u32>, Halt> {
        self.out.announce()?;
        let id = current.bindings.id(number);
        slot(&mut current.slots, number).bound = id.map_or(0, |id| id + 1);
        Ok(id)
    }

    fn message(&mut self, current: &mut Current, body: &[u8], frame: Frame, place: Place) -> Result<(), Halt> {
        let Some(head) = MessageHead::read(body) else {
            let text = format!("a message record has {} bytes and needs {MESSAGE_HEAD}", body.len());
            self.corrupt(current, place.in_file(frame.offset), text);
            return Ok(());
        };
        // OK to cast: a time beyond the year 2262 is put there, as in `Lanes`.
        let log_time = i64::try_from(head.log_time).unwrap_or(i64::MAX);
        self.out.passes(log_time)?;
        current.messages += 1;
        let slot = slot(&mut current.slots, head.channel_id);
        slot.messages += 1;
        let id = match slot.bound.checked_sub(1) {
            Some(id) => id,
            None => match self.orphan(current, head.channel_id, place.in_file(frame.offset))? {
                Some(id) => id,
                None => return Ok(()),
            },
        };
        // OK to slice: `read` found a whole head.
        let data = &body[MESSAGE_HEAD..];
        let offset = frame.body() + MESSAGE_HEAD as u64;
        let at = place.blob(current.file, offset, data.len() as u64);
        let times = Times { log: head.log_time, publish: Some(head.publish_time) };
        self.out.push(id, times, data, at, place.in_file(frame.offset))
    }

    /// A lane for messages whose channel is not there (yet).
    fn orphan(&mut self, current: &mut Current, number: u16, offset: u64) -> Result<Option<u32>, Halt> {
        let text = format!("a message names channel {number}, which is not in the file before it");
        self.corrupt(current, offset, text);
        match current.bindings.orphan(current.file as usize, number, &mut self.out.registry) {
            Some(_) => self.bind(current, number),
            None => Ok(None),
        }
    }

    fn metadata(&mut self, current: &Current, window: &mut Window<'_>, frame: Frame) -> Result<(), Halt> {
        if frame.length > DESCRIPTION_MAX {
            let text = format!("metadata of {} bytes is above {DESCRIPTION_MAX} and skipped", frame.length);
            return self.spoilt(current, frame.offset, text);
        }
        match record::Metadata::parse(window.at_most(frame.body(), frame.length).map_err(Halt::io)?) {
            Ok((metadata, _)) => {
                for (key, value) in self.attributes.metadata(&metadata, (current.file as usize, frame.offset)) {
                    self.out.send(ReadEvent::Attribute(key, value))?;
                }
                Ok(())
            }
            Err(error) => self.spoilt(current, frame.offset, format!("metadata cannot be read: {error}")),
        }
    }

    fn attachment(&mut self, current: &Current, window: &mut Window<'_>, frame: Frame) -> Result<(), Halt> {
        let prefix = window.at_most(frame.body(), frame.length.min(1 << 20)).map_err(Halt::io)?;
        let (new, used, data_size) = match record::AttachmentHead::parse(prefix) {
            Ok((head, used)) => {
                let whence = (current.file as usize, frame.offset);
                let new = self.attributes.attachment(head.name, head.media_type, head.data_size, whence);
                (new, used as u64, head.data_size)
            }
            Err(error) => {
                return self.spoilt(current, frame.offset, format!("an attachment cannot be read: {error}"));
            }
        };
        if let Some((key, value)) = new {
            self.out.send(ReadEvent::Attribute(key, value))?;
        }
        let Some(crc_at) = used.checked_add(data_size).filter(|at| at.saturating_add(4) <= frame.length) else {
            let text = format!("an attachment claims {data_size} bytes and its record has {}", frame.length);
            return self.spoilt(current, frame.offset, text);
        };
        if !self.options.verify {
            return Ok(());
        }
        let (mut at, end) = (frame.body(), frame.body() + crc_at);
        let mut hasher = crc32fast::Hasher::new();
        while at < end {
            let piece = window.at_most(at, (end - at).min(1 << 20)).map_err(Halt::io)?;
            hasher.update(piece);
            at += piece.len() as u64;
        }
        let stated = window.at_most(end, 4).map_err(Halt::io)?;
        let stated = stated.first_chunk::<4>().map_or(0, |crc| u32::from_le_bytes(*crc));
        self.checksum(current, frame.offset, ("an attachment", None), hasher.finalize(), stated)
    }

    /// Tells of damage that takes no message.
    fn spoilt(&mut self, current: &Current, offset: u64, text: String) -> Result<(), Halt> {
        self.out.note(Note::new(NoteKind::Corrupt, text).at(&current.path, offset))
    }

    /// Compares a checksum. `what` it is of comes with the times of its messages, where it has some.
    pub(super) fn checksum(
        &mut self,
        current: &Current,
        offset: u64,
        (what, span): (&str, Option<TimeSpan>),
        found: u32,
        stated: u32,
    ) -> Result<(), Halt> {
        if stated == 0 || found == stated {
            return Ok(());
        }
        let text = format!("the checksum of {what} is {found:08x} and the file says {stated:08x}");
        let note = Note::new(NoteKind::Checksum, text).at(&current.path, offset);
        self.out.note(Note { span, ..note }.numbers(f64::from(found), Some(f64::from(stated))))
    }

    /// Compares what was read with what the summary claims.
    fn compare(&mut self, current: &Current, summary: Option<&Summary>) -> Result<(), Halt> {
        let Some(summary) = summary else { return Ok(()) };
        if summary.chunk_indexes != 0 && summary.chunk_indexes != current.chunks {
            let text = format!("the index has {} chunks and the data {}", summary.chunk_indexes, current.chunks);
            let note = Note::new(NoteKind::IndexWrong, text).in_file(&current.path);
            self.out.note(note.numbers(current.chunks as f64, Some(summary.chunk_indexes as f64)))?;
        }
        let Some(statistics) = &summary.statistics else { return Ok(()) };
        if statistics.message_count != current.messages {
            let claimed = statistics.message_count;
            let text = format!("the index claims {claimed} messages and {} were read", current.messages);
            let note = Note::new(NoteKind::CountMismatch, text).in_file(&current.path);
            self.out.note(note.numbers(current.messages as f64, Some(claimed as f64)))?;
        }
        for &(number, claimed) in &statistics.channel_message_counts {
            let found = current.slots.get(usize::from(number)).map_or(0, |slot| slot.messages);
            if found == claimed {
                continue;
            }
            let topic = current.bindings.id(number).and_then(|id| self.out.channel(id));
            let topic = topic.map_or_else(|| format!("channel {number}"), |channel| channel.topic.clone());
            let text = format!("the index claims {claimed} messages on `{topic}` and {found} were read");
            let note = Note::new(NoteKind::CountMismatch, text).stream(topic).in_file(&current.path);
            self.out.note(note.numbers(found as f64, Some(claimed as f64)))?;
        }
        Ok(())
    }
}
