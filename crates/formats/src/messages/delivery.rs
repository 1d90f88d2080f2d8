//! Hands messages, channels and notes over, and keeps what the end of reading is told by.

use std::ops::ControlFlow;
use std::sync::Arc;

use prairie_model::{
    BlobRef, Channel, Nanos, Note, NoteKind, ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source, TimeSpan,
};

use super::lanes::{Lanes, Times};
use super::notes::NoteLimit;
use super::registry::Registry;
use crate::FormatError;

/// Why reading ends before the recording does.
pub(crate) enum Halt {
    /// The sink has had enough.
    Stopped,
    /// The source failed.
    Error(FormatError),
}

impl Halt {
    pub(crate) fn io(source: std::io::Error) -> Self {
        // The file's name is filled in where it is known, by `in_file`.
        Self::Error(FormatError::Io { file: String::new(), source })
    }

    pub(crate) fn in_file(self, path: &str) -> Self {
        match self {
            Self::Error(FormatError::Io { source, .. }) => {
                Self::Error(FormatError::Io { file: path.to_owned(), source })
            }
            other => other,
        }
    }
}

/// Whether something of the recording is lost or changed.
pub(crate) fn is_damage(kind: NoteKind) -> bool {
    matches!(kind, NoteKind::Corrupt | NoteKind::Truncated | NoteKind::Checksum)
}

/// Messages that could not be read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Lost {
    /// How many.
    pub(crate) count: u64,
    /// When they were logged; `None` where there are none.
    pub(crate) span: Option<TimeSpan>,
}

impl Lost {
    pub(crate) fn and(self, other: Self) -> Self {
        let span = match (self.span, other.span) {
            (Some(one), Some(other)) => Some(one.union(other)),
            (one, other) => one.or(other),
        };
        Self { count: self.count + other.count, span }
    }
}

/// A note that waits for the next message, to know between which times the damage lies.
struct Pending {
    note: Note,
    /// Log time of the last message before it.
    after: Option<i64>,
}

impl Pending {
    /// The note with its time. The edges belong to the messages that were read.
    fn resolve(self, next: Option<i64>) -> Note {
        let span = match (self.after, next) {
            (None, None) => return self.note,
            (Some(after), None) => instant(after.saturating_add(1)),
            (None, Some(next)) => instant(next.saturating_sub(1)),
            (Some(after), Some(next)) if after.saturating_add(1) < next => {
                TimeSpan::new(Nanos(after + 1), Nanos(next - 1))
            }
            (Some(after), Some(next)) => TimeSpan::new(Nanos(after.min(next)), Nanos(after.max(next))),
        };
        self.note.span(span)
    }
}

fn instant(at: i64) -> TimeSpan {
    TimeSpan::new(Nanos(at), Nanos(at))
}

/// Between a container and the sink.
///
/// A recording may hold many episodes, and a note without a time would be blamed on whichever is open. So every note about
/// lost messages waits until its time is known.
pub(crate) struct Delivery<'a> {
    pub(crate) options: &'a ReadOptions,
    sink: &'a mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    pub(crate) registry: Registry,
    lanes: Lanes,
    limit: NoteLimit,
    /// Whether anything is damaged.
    pub(crate) damaged: bool,
    /// Whether damage of the file that is read may have taken messages.
    pub(crate) losing: bool,
    /// Messages that damage took so far; `None` where nobody can say.
    pub(crate) lost: Option<u64>,
    /// Notes that wait for the next message.
    pending: Vec<Pending>,
    /// Latest log time.
    latest: Option<i64>,
}

impl<'a> Delivery<'a> {
    /// Begins with the channels of `plan`, which the same steps found as `registry`.
    ///
    /// # Errors
    ///
    /// When the plan is of another recording.
    pub(crate) fn new(
        registry: Registry,
        plan: &RecordingPlan,
        options: &'a ReadOptions,
        sink: &'a mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Result<Self, FormatError> {
        if registry.entries.len() != plan.channels.len() {
            return Err(FormatError::Unsupported(format!(
                "the plan has {} channels and the recording {}: it is of another recording",
                plan.channels.len(),
                registry.entries.len()
            )));
        }
        let mut delivery = Self {
            options,
            sink,
            registry,
            lanes: Lanes::default(),
            limit: NoteLimit::default(),
            damaged: false,
            losing: false,
            lost: Some(0),
            pending: Vec::new(),
            latest: None,
        };
        delivery.open_lanes(Some(plan));
        Ok(delivery)
    }

    /// Opens lanes for the channels that the registry has and `lanes` has not.
    fn open_lanes(&mut self, plan: Option<&RecordingPlan>) {
        for id in self.lanes.len()..self.registry.entries.len() {
            let entry = &mut self.registry.entries[id];
            // The plan's own channel, so that whoever holds the plan sees the same one again.
            let planned = plan.and_then(|plan| plan.channels.get(id));
            let channel = planned.unwrap_or(&entry.channel).clone();
            let wanted = self.options.channels.as_ref().is_none_or(|wanted| wanted.contains(&(channel.id)));
            self.lanes.add(channel, entry.decoder.take(), wanted);
        }
    }

    /// Opens lanes for channels that were met since the last call, and tells of them.
    pub(crate) fn announce(&mut self) -> Result<(), Halt> {
        let before = self.lanes.len();
        self.open_lanes(None);
        for id in before..self.lanes.len() {
            // OK to cast: below CHANNELS_MAX.
            if let Some(channel) = self.lanes.channel(id as u32).cloned() {
                self.send(ReadEvent::Channel(channel))?;
            }
        }
        Ok(())
    }

    /// The channel of that id.
    pub(crate) fn channel(&self, id: u32) -> Option<&Arc<Channel>> {
        self.lanes.channel(id)
    }

    /// Whether messages of that channel are wanted.
    pub(crate) fn wants(&self, id: u32) -> bool {
        self.lanes.wants(id)
    }

    /// Bytes of messages that wait.
    pub(crate) fn pending_bytes(&self) -> usize {
        self.lanes.pending_bytes()
    }

    pub(crate) fn send(&mut self, event: ReadEvent) -> Result<(), Halt> {
        match (self.sink)(event) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Halt::Stopped),
        }
    }

    /// Tells a note, unless there were too many of its kind.
    pub(crate) fn note(&mut self, note: Note) -> Result<(), Halt> {
        self.damaged |= is_damage(note.kind);
        if self.limit.admits(note.kind) { self.send(ReadEvent::Note(note)) } else { Ok(()) }
    }

    /// Tells of damage that takes messages where the reader stands.
    pub(crate) fn wait(&mut self, note: Note) {
        self.damaged = true;
        self.losing = true;
        if self.limit.admits(note.kind) {
            self.pending.push(Pending { note, after: self.latest });
        }
    }

    /// Tells of damage that took `lost`, as far as that is known.
    pub(crate) fn took(&mut self, note: Note, lost: Option<Lost>) -> Result<(), Halt> {
        let Some(lost) = lost else {
            let text = format!("{}; how many messages that took is unknown", note.text);
            self.wait(Note { text, ..note });
            return Ok(());
        };
        let text = format!("{}; that took {} {}", note.text, lost.count, plural(lost.count));
        let note = Note { text, span: lost.span, ..note }.numbers(lost.count as f64, Some(0.0));
        if lost.span.is_none() {
            self.wait(note);
            return Ok(());
        }
        self.losing = true;
        self.note(note)
    }

    /// Sends the notes that wait, now that the next message is known; `None` when there is none.
    fn resolve(&mut self, next: Option<i64>) -> Result<(), Halt> {
        for pending in std::mem::take(&mut self.pending) {
            self.send(ReadEvent::Note(pending.resolve(next)))?;
        }
        Ok(())
    }

    /// Sends what waits in lanes.
    pub(crate) fn flush(&mut self) -> Result<(), Halt> {
        match self.lanes.flush(self.sink) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Halt::Stopped),
        }
    }

    /// Takes notice of a message of a channel that may not be wanted or known.
    pub(crate) fn passes(&mut self, log_time: i64) -> Result<(), Halt> {
        if !self.pending.is_empty() {
            self.resolve(Some(log_time))?;
        }
        self.latest = Some(self.latest.map_or(log_time, |latest| latest.max(log_time)));
        Ok(())
    }

    /// Adds a message. `offset` is the byte of its file that a note about it names.
    pub(crate) fn push(&mut self, id: u32, times: Times, data: &[u8], at: BlobRef, offset: u64) -> Result<(), Halt> {
        self.lanes.push(id, times, data, at, offset);
        if self.lanes.full() { self.flush() } else { Ok(()) }
    }

    /// Counts a message that could not be brought into the form that its decoder reads.
    pub(crate) fn spoil(&mut self, id: u32, log_time: i64, why: &str, (file, offset): (u32, u64)) {
        self.lanes.spoil(id, log_time, why, (file, offset));
    }

    /// Sends what is left, and what is to be told at the end.
    pub(crate) fn finish(&mut self, source: &dyn Source) -> Result<(), Halt> {
        self.resolve(None)?;
        self.flush()?;
        let path = |file: u32| source.files().get(file as usize).map(|file| file.path.clone()).unwrap_or_default();
        for note in self.lanes.notes(path) {
            self.note(note)?;
        }
        for note in self.limit.rest().collect::<Vec<_>>() {
            self.send(ReadEvent::Note(note))?;
        }
        Ok(())
    }

    /// What reading came to, once it ended or was halted.
    ///
    /// # Errors
    ///
    /// The failure of the source.
    pub(crate) fn summary(self, halt: Option<Halt>) -> Result<ReadSummary, FormatError> {
        let mut summary = ReadSummary {
            complete: halt.is_none() && !self.damaged,
            lost: self.lost.filter(|_| halt.is_none()),
            ..ReadSummary::default()
        };
        self.lanes.count(&mut summary);
        match halt {
            Some(Halt::Error(error)) => Err(error),
            Some(Halt::Stopped) | None => Ok(summary),
        }
    }
}

/// `message` or `messages`.
pub(crate) fn plural(count: u64) -> &'static str {
    if count == 1 { "message" } else { "messages" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_lies_between_the_messages_around_it() {
        let resolved = |after, next| {
            let note = Note::new(NoteKind::Corrupt, "x");
            Pending { note, after }.resolve(next).span.map(|span| (span.start.0, span.end.0))
        };
        assert_eq!(resolved(Some(10), Some(20)), Some((11, 19)));
        assert_eq!(resolved(Some(10), Some(11)), Some((10, 11)), "there is no room between them");
        assert_eq!(resolved(Some(20), Some(10)), Some((10, 20)), "times go back");
        assert_eq!(resolved(Some(10), None), Some((11, 11)));
        assert_eq!(resolved(None, Some(20)), Some((19, 19)));
        assert_eq!(resolved(None, None), None);
    }
}
