//! Messages on their way into batches: one lane per channel.

use std::ops::ControlFlow;
use std::sync::Arc;

use prairie_model::{
    BlobRef, Channel, ChannelTally, MessageBatch, Nanos, Note, NoteKind, Payload, ReadEvent, ReadSummary,
};

use super::config::{BATCH_BYTES, BATCH_MESSAGES};
use crate::encoding::Decoder;

/// What a message costs apart from its data: two times and a reference.
const MESSAGE_COST: usize = 64;

/// When a message was, in nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    /// When it was recorded.
    pub(crate) log: u64,
    /// When it was published; `None` in containers that do not say.
    pub(crate) publish: Option<u64>,
}

struct Lane {
    channel: Arc<Channel>,
    decoder: Option<Box<dyn Decoder>>,
    wanted: bool,
    log_time: Vec<i64>,
    publish_time: Vec<i64>,
    opaque: Vec<BlobRef>,
    tally: ChannelTally,
    span: Option<(i64, i64)>,
    /// Why, in which file and where the first message could not be decoded.
    first_error: Option<(String, u32, u64)>,
}

/// The lanes of all channels, by id.
#[derive(Default)]
pub(crate) struct Lanes {
    lanes: Vec<Lane>,
    /// Lanes with messages in them.
    busy: Vec<u32>,
    pending_bytes: usize,
    full: bool,
    /// Times beyond the year 2262.
    beyond: u64,
}

impl Lanes {
    /// Adds the lane of the next channel.
    pub(crate) fn add(&mut self, channel: Arc<Channel>, decoder: Option<Box<dyn Decoder>>, wanted: bool) {
        self.lanes.push(Lane {
            channel,
            decoder,
            wanted,
            log_time: Vec::new(),
            publish_time: Vec::new(),
            opaque: Vec::new(),
            tally: ChannelTally::default(),
            span: None,
            first_error: None,
        });
    }

    pub(crate) fn len(&self) -> usize {
        self.lanes.len()
    }

    pub(crate) fn wants(&self, id: u32) -> bool {
        self.lanes.get(id as usize).is_some_and(|lane| lane.wanted)
    }

    pub(crate) fn channel(&self, id: u32) -> Option<&Arc<Channel>> {
        self.lanes.get(id as usize).map(|lane| &lane.channel)
    }

    /// Whether batches should go out now.
    pub(crate) fn full(&self) -> bool {
        self.full || self.pending_bytes >= BATCH_BYTES
    }

    pub(crate) fn pending_bytes(&self) -> usize {
        self.pending_bytes
    }

    /// Adds a message.
    pub(crate) fn push(&mut self, id: u32, times: Times, data: &[u8], at: BlobRef, offset: u64) {
        let Some(lane) = self.lanes.get_mut(id as usize).filter(|lane| lane.wanted) else { return };
        lane.tally.messages += 1;
        let beyond = &mut self.beyond;
        let mut nanos = |time: u64| {
            i64::try_from(time).unwrap_or_else(|_| {
                *beyond += 1;
                i64::MAX
            })
        };
        let (log_time, publish_time) = (nanos(times.log), times.publish.map(nanos));
        let (first, last) = lane.span.unwrap_or((log_time, log_time));
        lane.span = Some((first.min(log_time), last.max(log_time)));
        if let Some(decoder) = &mut lane.decoder {
            if let Err(error) = decoder.push(data, at) {
                lane.tally.undecodable += 1;
                lane.first_error.get_or_insert_with(|| (error.to_string(), at.file, offset));
                return;
            }
        } else {
            lane.opaque.push(at);
        }
        if lane.log_time.is_empty() {
            self.busy.push(id);
        }
        lane.log_time.push(log_time);
        lane.publish_time.extend(publish_time);
        self.full |= lane.log_time.len() >= BATCH_MESSAGES;
        self.pending_bytes += data.len() + MESSAGE_COST;
    }

    /// Counts a message whose bytes cannot be had in the form that a decoder reads.
    pub(crate) fn spoil(&mut self, id: u32, log_time: i64, why: &str, (file, offset): (u32, u64)) {
        let Some(lane) = self.lanes.get_mut(id as usize).filter(|lane| lane.wanted) else { return };
        lane.tally.messages += 1;
        lane.tally.undecodable += 1;
        let (first, last) = lane.span.unwrap_or((log_time, log_time));
        lane.span = Some((first.min(log_time), last.max(log_time)));
        lane.first_error.get_or_insert_with(|| (why.to_owned(), file, offset));
    }

    /// Sends all batches out, in the order of channels.
    pub(crate) fn flush(&mut self, sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>) -> ControlFlow<()> {
        self.busy.sort_unstable();
        for id in std::mem::take(&mut self.busy) {
            let Some(lane) = self.lanes.get_mut(id as usize) else { continue };
            let payload = match &mut lane.decoder {
                Some(decoder) => Payload::Decoded(decoder.finish()),
                None => Payload::Opaque(std::mem::take(&mut lane.opaque)),
            };
            sink(ReadEvent::Batch(MessageBatch {
                channel: lane.channel.clone(),
                episode: None,
                log_time: std::mem::take(&mut lane.log_time),
                publish_time: std::mem::take(&mut lane.publish_time),
                payload,
            }))?;
        }
        self.pending_bytes = 0;
        self.full = false;
        ControlFlow::Continue(())
    }

    /// Writes the counts into `summary`.
    pub(crate) fn count(&self, summary: &mut ReadSummary) {
        for lane in self.lanes.iter().filter(|lane| lane.wanted) {
            let id = lane.channel.id;
            let times = lane.span.map(|(first, last)| (Nanos(first), Nanos(last)));
            summary.count(id, lane.tally.messages, times);
            summary.channels.entry(id).or_default().undecodable = lane.tally.undecodable;
        }
    }

    /// What is to be told at the end. `path` names a file.
    pub(crate) fn notes(&self, path: impl Fn(u32) -> String) -> Vec<Note> {
        let mut notes: Vec<_> = self.lanes.iter().filter_map(|lane| lane.note(&path)).collect();
        if self.beyond > 0 {
            let text = format!("{} times lie beyond the year 2262 and were put there", self.beyond);
            notes.push(Note::new(NoteKind::TimeInvalid, text).numbers(self.beyond as f64, None));
        }
        notes
    }
}

impl Lane {
    fn note(&self, path: impl Fn(u32) -> String) -> Option<Note> {
        let (error, file, offset) = self.first_error.as_ref()?;
        let ChannelTally { messages, undecodable } = self.tally;
        let text = format!(
            "{undecodable} of {messages} messages on `{}` do not fit schema `{}`; the first: {error}",
            self.channel.topic, self.channel.schema_name
        );
        let note = Note::new(NoteKind::Undecodable, text).stream(self.channel.topic.as_str());
        Some(note.at(path(*file), *offset).numbers(undecodable as f64, Some(0.0)))
    }
}
