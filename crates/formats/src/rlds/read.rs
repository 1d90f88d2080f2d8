//! Streams a data set, record by record: each feature of its steps in turn, then the end of the episode.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use prairie_model::{
    Channel, MessageBatch, Nanos, Note, NoteKind, Payload, ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source,
};

use super::crc::Masked;
use super::dataset::{Dataset, RECORD_MAX_BYTES};
use super::example::{Index, index};
use super::features::{Leaf, Level};
use super::info::Shard;
use super::record::{Found, Record, Walk};
use super::rows::Rows;
use super::window::{Stop, Window};
use crate::FormatError;

/// Bytes of a record that are in memory at once.
const WINDOW_BYTES: u64 = 32 << 20;

/// Bytes that are read at once for a checksum.
const SUMMED_BYTES: u64 = 1 << 20;

/// Steps of an episode: more than five hours at 50 Hz.
pub(super) const STEPS_MAX: u64 = 1 << 20;

/// Notes of one sort about one feature that are told one by one.
const NAMED_MAX: u64 = 16;

/// Why reading stops before the end.
pub(super) enum Ended {
    /// The sink wants no more.
    Broken,
    Failed(FormatError),
}

impl From<FormatError> for Ended {
    fn from(error: FormatError) -> Self {
        Self::Failed(error)
    }
}

pub(super) type Step = Result<(), Ended>;

pub(super) struct Reading<'a> {
    pub(super) source: &'a dyn Source,
    pub(super) dataset: &'a Dataset,
    pub(super) plan: &'a RecordingPlan,
    options: &'a ReadOptions,
    sink: &'a mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    summary: ReadSummary,
    /// Notes that were told, by sort and feature.
    told: BTreeMap<(NoteKind, String), u64>,
    /// Blank pictures that were left out, and their episodes, by leaf.
    pub(super) blanks: BTreeMap<usize, (u64, u64)>,
    /// Episodes whose pictures are there although a flag says that they are not, by leaf.
    pub(super) contradicted: BTreeMap<usize, u64>,
    /// Episodes whose steps have a first but no last among them, or no first.
    pub(super) unmarked: (u64, u64),
}

/// One episode that is being read.
pub(super) struct Episode<'a> {
    pub(super) ordinal: u32,
    pub(super) path: &'a str,
    pub(super) file: usize,
    pub(super) window: Window<'a>,
    pub(super) index: Index,
}

/// Reads all of it.
pub(super) fn read(
    source: &dyn Source,
    plan: &RecordingPlan,
    options: &ReadOptions,
    sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
) -> Result<ReadSummary, FormatError> {
    let dataset = Dataset::load(source)?;
    if plan.channels.len() != dataset.channels.len() {
        return Err(FormatError::Unsupported("the plan is not of this data set".to_owned()));
    }
    let mut reading = Reading {
        source,
        dataset: &dataset,
        plan,
        options,
        sink,
        summary: ReadSummary { complete: true, lost: Some(0), ..ReadSummary::default() },
        told: BTreeMap::new(),
        blanks: BTreeMap::new(),
        contradicted: BTreeMap::new(),
        unmarked: (0, 0),
    };
    match reading.shards().and_then(|()| reading.closing()) {
        Ok(()) => {}
        Err(Ended::Broken) => reading.summary.complete = false,
        Err(Ended::Failed(error)) => return Err(error),
    }
    Ok(reading.summary)
}

impl Reading<'_> {
    pub(super) fn send(&mut self, event: ReadEvent) -> Step {
        match (self.sink)(event) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Ended::Broken),
        }
    }

    /// Tells a note. Of many alike about one feature the first are told, and then how many there were.
    pub(super) fn tell(&mut self, note: Note) -> Step {
        let key = (note.kind, note.stream.clone().unwrap_or_default());
        let told = self.told.entry(key).or_default();
        *told += 1;
        if *told > NAMED_MAX && note.stream.is_some() {
            return Ok(());
        }
        self.send(ReadEvent::Note(note))
    }

    /// Tells damage, after which nobody can say what is lost.
    pub(super) fn damaged(&mut self, note: Note) -> Step {
        self.summary.complete = false;
        self.summary.lost = None;
        self.tell(note)
    }

    fn shards(&mut self) -> Step {
        let dataset = self.dataset;
        let mut ordinal = 0_u32;
        for shard in &dataset.info.shards {
            let mut walk = Walk::new(self.source, shard.file);
            while let Some(found) = walk.next()? {
                match found {
                    Found::Damage(note) => self.damaged(note)?,
                    Found::Record(record) => {
                        let is_planned = (ordinal as usize) < self.plan.episodes.len();
                        let is_wanted = self.options.episodes.as_ref().is_none_or(|wanted| wanted.contains(&ordinal));
                        if is_planned && is_wanted {
                            self.record(shard, record, ordinal)?;
                        }
                        ordinal = ordinal.saturating_add(1);
                    }
                }
            }
        }
        Ok(())
    }

    fn record(&mut self, shard: &Shard, record: Record, ordinal: u32) -> Step {
        let about = |note: Note| note.at(&shard.path, record.start).episode(Some(ordinal));
        if record.length > RECORD_MAX_BYTES {
            let text =
                format!("a record of {} bytes is left out: more than {RECORD_MAX_BYTES} are not read", record.length);
            let note = Note::new(NoteKind::Corrupt, text);
            return self.damaged(about(note.numbers(record.length as f64, Some(RECORD_MAX_BYTES as f64))));
        }
        let mut window = Window::new(self.source, shard.file, record, WINDOW_BYTES);
        if self.options.verify
            && let Some((found, stored)) = self.checksums(&mut window, shard.file, record)?
        {
            let text = format!("the record of episode {ordinal} has the checksum {found:08x}, stored is {stored:08x}");
            let note = Note::new(NoteKind::Checksum, text);
            self.damaged(about(note.numbers(f64::from(found), Some(f64::from(stored)))))?;
        }
        let mut found = Index::default();
        let broken = index(&mut window, (record.start, record.end()), &self.dataset.keys, &mut found);
        let others = found.other.clone().map(|other| (found.others, other));
        let mut episode = Episode { ordinal, path: &shard.path, file: shard.file, window, index: found };
        if let Err(stop) = broken {
            self.broken(&episode, None, stop, "features behind it are lost")?;
        }
        if let Some((count, other)) = others {
            let text = format!("records have {count} features that `features.json` does not declare, as `{other}`");
            let note = Note::new(NoteKind::IndexWrong, text).stream(other).episode(Some(ordinal));
            self.tell(note.in_file(&shard.path))?;
        }
        self.steps(&mut episode)
    }

    /// The checksum of a record and the stored one, where they differ.
    fn checksums(
        &self,
        window: &mut Window<'_>,
        file: usize,
        record: Record,
    ) -> Result<Option<(u32, u32)>, FormatError> {
        let mut crc = Masked::new();
        let mut at = record.start;
        while at < record.end() {
            let end = record.end().min(at + SUMMED_BYTES);
            match window.bytes(at, end) {
                Ok(bytes) => crc.update(bytes),
                Err(Stop::Failed(error)) => return Err(error),
                // The range lies inside of the record.
                Err(Stop::Broken { .. }) => break,
            }
            at = end;
        }
        let failed = |source| FormatError::Io {
            file: self.source.files().get(file).map(|file| file.path.clone()).unwrap_or_default(),
            source,
        };
        let stored = self.source.read_exact(file, record.end(), 4).map_err(failed)?;
        let stored = stored.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        Ok((crc.finish() != stored).then_some((crc.finish(), stored)))
    }

    /// Tells where a record breaks.
    pub(super) fn broken(&mut self, episode: &Episode<'_>, stream: Option<&str>, stop: Stop, lost: &str) -> Step {
        match stop {
            Stop::Failed(error) => Err(error.into()),
            Stop::Broken { offset, why } => {
                let text = format!("the record of episode {} breaks: {why}; {lost}", episode.ordinal);
                let note = Note::new(NoteKind::Corrupt, text).at(episode.path, offset).episode(Some(episode.ordinal));
                self.damaged(match stream {
                    Some(stream) => note.stream(stream),
                    None => note,
                })
            }
        }
    }

    /// The channel of a leaf, where it has one that is wanted.
    pub(super) fn channel(&self, leaf: usize) -> Option<Arc<Channel>> {
        let at = self.dataset.channels.iter().position(|each| *each == leaf)?;
        let channel = self.plan.channels.get(at)?;
        let wanted = self.options.channels.as_ref().is_none_or(|wanted| wanted.contains(&channel.id));
        wanted.then(|| Arc::clone(channel))
    }

    /// Counts messages that were there and could not be delivered.
    pub(super) fn undecodable(&mut self, channel: &Channel, messages: u64) {
        let tally = self.summary.channels.entry(channel.id).or_default();
        tally.messages += messages;
        tally.undecodable += messages;
    }

    pub(super) fn deliver(&mut self, channel: &Arc<Channel>, episode: u32, rows: Rows) -> Step {
        let Some((times, rows)) = rows.finish() else { return Ok(()) };
        if times.is_empty() {
            return Ok(());
        }
        let (first, last) = (times.iter().min(), times.iter().max());
        let span = first.zip(last).map(|(first, last)| (Nanos(*first), Nanos(*last)));
        self.summary.count(channel.id, times.len() as u64, span);
        self.send(ReadEvent::Batch(MessageBatch {
            channel: Arc::clone(channel),
            episode: Some(episode),
            log_time: times,
            publish_time: Vec::new(),
            payload: Payload::Decoded(rows),
        }))
    }

    /// What is to be said when all records are through.
    fn closing(&mut self) -> Step {
        let dataset = self.dataset;
        let topic = |leaf: &usize| dataset.leaves.get(*leaf).map(|leaf: &Leaf| leaf.topic.clone()).unwrap_or_default();
        for (leaf, (pictures, episodes)) in std::mem::take(&mut self.blanks) {
            let text = format!("{pictures} blank pictures in {episodes} episodes, which a flag says are none");
            self.send(ReadEvent::Attribute(format!("absent.{}", topic(&leaf)), text))?;
        }
        for (leaf, episodes) in std::mem::take(&mut self.contradicted) {
            let topic = topic(&leaf);
            let text = format!(
                "a flag says that `{topic}` is not there in {episodes} episodes, and its pictures differ from step to step: \
                 they are taken for pictures"
            );
            let note = Note::new(NoteKind::IndexWrong, text).stream(topic);
            self.send(ReadEvent::Note(note.numbers(episodes as f64, Some(0.0))))?;
        }
        let (first, last) = self.unmarked;
        for (name, episodes) in [("is_first", first), ("is_last", last)] {
            let is_there = dataset.leaves.iter().any(|leaf| leaf.level == Level::Step && leaf.topic == name);
            if episodes > 0 && is_there {
                let end = if name == "is_first" { "begin" } else { "end" };
                let text = format!("{episodes} episodes do not {end} with a step that is `{name}`: they may be cut");
                let note = Note::new(NoteKind::MarkerUnpaired, text).stream(name);
                self.send(ReadEvent::Note(note.numbers(episodes as f64, Some(0.0))))?;
            }
        }
        for ((kind, stream), told) in std::mem::take(&mut self.told) {
            if told > NAMED_MAX && !stream.is_empty() {
                let text = format!("{} more episodes have the same about `{stream}`", told - NAMED_MAX);
                let note = Note::new(kind, text).stream(stream);
                self.send(ReadEvent::Note(note.numbers(told as f64, Some(0.0))))?;
            }
        }
        Ok(())
    }
}
