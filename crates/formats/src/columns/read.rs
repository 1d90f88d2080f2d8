//! What rows of tables and rows of arrays share while a recording is read: episodes, times, counts.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use prairie_model::{Channel, MessageBatch, Nanos, Note, NoteKind, Payload, ReadEvent, ReadOptions, ReadSummary};

use super::config::Config;
use super::stream::{Stream, Waiting};

/// Rows per batch, and numbers of all streams that wait.
const BATCH_ROWS: usize = 4096;
const WAITING_MAX: usize = 1 << 20;

/// A recording that is being read.
pub(super) struct Reading<'a> {
    pub(super) config: &'a Config,
    pub(super) streams: &'a [Stream],
    channels: &'a [Arc<Channel>],
    options: &'a ReadOptions,
    sink: &'a mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    pub(super) summary: ReadSummary,
    waiting: Vec<Waiting>,
    /// Numbers, texts and places that wait.
    held: usize,
    current: Option<Current>,
    /// The next episode's place in the plan.
    next: u32,
    episodes: u32,
    /// Why the sink was told no more, if it broke.
    pub(super) broken: bool,
}

/// The episode that is being read.
struct Current {
    ordinal: u32,
    wanted: bool,
    /// Rows of it so far.
    rows: u64,
    /// The first time of it.
    origin: Option<i64>,
    untimed: u64,
    /// Cells that are no numbers, by stream.
    odd: BTreeMap<usize, u64>,
    delivered: u64,
}

impl<'a> Reading<'a> {
    pub(super) fn new(
        config: &'a Config,
        streams: &'a [Stream],
        (channels, episodes): (&'a [Arc<Channel>], usize),
        options: &'a ReadOptions,
        sink: &'a mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Self {
        Self {
            config,
            streams,
            channels,
            options,
            sink,
            summary: ReadSummary { complete: true, lost: Some(0), ..ReadSummary::default() },
            waiting: streams.iter().map(|_| Waiting::default()).collect(),
            held: 0,
            current: None,
            next: 0,
            episodes: u32::try_from(episodes).unwrap_or(u32::MAX),
            broken: false,
        }
    }

    fn send(&mut self, event: ReadEvent) -> ControlFlow<()> {
        let flow = (self.sink)(event);
        self.broken |= flow.is_break();
        flow
    }

    pub(super) fn tell(&mut self, note: Note) -> ControlFlow<()> {
        self.send(ReadEvent::Note(note))
    }

    /// Whether the stream is asked for.
    pub(super) fn wants(&self, stream: usize) -> bool {
        let id = u32::try_from(stream).ok();
        self.options.channels.as_ref().is_none_or(|wanted| id.is_some_and(|id| wanted.contains(&id)))
    }

    /// Ends the episode before, and begins the next of the plan. Breaks where the plan has no more.
    pub(super) fn begin(&mut self) -> ControlFlow<()> {
        self.end()?;
        if self.next >= self.episodes {
            return ControlFlow::Break(());
        }
        let ordinal = self.next;
        self.next += 1;
        let wanted = self.options.episodes.as_ref().is_none_or(|wanted| wanted.contains(&ordinal));
        let (rows, origin, untimed, odd, delivered) = (0, None, 0, BTreeMap::new(), 0);
        self.current = Some(Current { ordinal, wanted, rows, origin, untimed, odd, delivered });
        ControlFlow::Continue(())
    }

    /// The place in the plan of the episode that is being read, if it is asked for.
    pub(super) fn ordinal(&self) -> Option<u32> {
        self.current.as_ref().filter(|current| current.wanted).map(|current| current.ordinal)
    }

    /// Whether rows of the current episode are asked for.
    pub(super) fn is_wanted(&self) -> bool {
        self.current.as_ref().is_some_and(|current| current.wanted)
    }

    /// The time of the next row of the episode, from its own where the recording has such. `None` where it is no time.
    pub(super) fn time(&mut self, own: Option<i64>) -> Option<i64> {
        let current = self.current.as_mut()?;
        let row = current.rows;
        current.rows += 1;
        if let Some(rate_hz) = self.config.time.rate_hz {
            // OK to cast: saturates.
            return Some((row as f64 / rate_hz * 1e9).round() as i64);
        }
        let time = own.and_then(|own| own.checked_sub(*current.origin.get_or_insert(own)));
        current.untimed += u64::from(time.is_none());
        time
    }

    /// The rows of a stream that wait.
    pub(super) fn waiting(&mut self, stream: usize) -> &mut Waiting {
        // OK to index: as many as streams.
        &mut self.waiting[stream]
    }

    /// Counts what was added to a stream, and a cell that is no number.
    pub(super) fn added(&mut self, stream: usize, elements: usize, odd: u64) {
        self.held += elements.max(1);
        if let Some(current) = self.current.as_mut().filter(|_| odd > 0) {
            *current.odd.entry(stream).or_default() += odd;
        }
    }

    /// A row without a time: a message of each stream that nobody can place.
    pub(super) fn untimed(&mut self) {
        for stream in 0..self.streams.len() {
            if self.wants(stream) {
                // OK to index: there are as many channels as streams.
                let tally = self.summary.channels.entry(self.channels[stream].id).or_default();
                tally.messages += 1;
                tally.undecodable += 1;
            }
        }
    }

    /// Delivers what waits once it is enough.
    pub(super) fn flush_if_full(&mut self) -> ControlFlow<()> {
        let is_full = self.held >= WAITING_MAX || self.waiting.iter().any(|waiting| waiting.times.len() >= BATCH_ROWS);
        if is_full { self.flush() } else { ControlFlow::Continue(()) }
    }

    fn flush(&mut self) -> ControlFlow<()> {
        self.held = 0;
        let Some(ordinal) = self.ordinal() else { return ControlFlow::Continue(()) };
        for (at, stream) in self.streams.iter().enumerate() {
            // OK to index: as many channels and lists as streams.
            let Some((log_time, messages)) = self.waiting[at].take(stream) else { continue };
            let channel = Arc::clone(&self.channels[at]);
            let count = log_time.len() as u64;
            let span = log_time.iter().min().zip(log_time.iter().max());
            self.summary.count(channel.id, count, span.map(|(first, last)| (Nanos(*first), Nanos(*last))));
            if let Some(current) = &mut self.current {
                current.delivered += count;
            }
            let batch = MessageBatch {
                channel,
                episode: Some(ordinal),
                log_time,
                publish_time: Vec::new(),
                payload: Payload::Decoded(messages),
            };
            self.send(ReadEvent::Batch(batch))?;
        }
        ControlFlow::Continue(())
    }

    /// Delivers what waits, and tells what is odd about the episode. One without rows is missing, not empty, and does not end.
    pub(super) fn end(&mut self) -> ControlFlow<()> {
        self.flush()?;
        let Some(current) = self.current.take() else { return ControlFlow::Continue(()) };
        if !current.wanted {
            return ControlFlow::Continue(());
        }
        let episode = Some(current.ordinal);
        if current.untimed > 0 {
            let text = format!("{} of {} rows have no time, and are left out", current.untimed, current.rows);
            let note = Note::new(NoteKind::TimeInvalid, text).episode(episode);
            self.tell(note.numbers(current.untimed as f64, Some(0.0)))?;
        }
        for (stream, count) in current.odd {
            // OK to index: counted by stream.
            let name = &self.streams[stream].config.name;
            let text = format!("{count} cells of `{name}` are no numbers, and unknown");
            let note = Note::new(NoteKind::ValueUnknown, text).stream(name).episode(episode);
            self.tell(note.numbers(count as f64, Some(0.0)))?;
        }
        match current.delivered > 0 {
            true => self.send(ReadEvent::EpisodeEnd(current.ordinal)),
            false => ControlFlow::Continue(()),
        }
    }
}
