//! The machine: read events in, typed samples and episodes out.

use std::collections::{BTreeMap, BTreeSet};

use prairie_model::{
    Channel, Episode, EpisodeDraft, EpisodeTally, Inline, MessageBatch, Nanos, Note, NoteKind, Payload, ReadEvent,
    ReadSummary, RecordingPlan, Segment, SourceEpisode, StreamBatch, TimeSpan,
};

use crate::episode::Open;
use crate::lens::{Input, canonical, wants_inline};
use crate::segment::{Segmentation, is_segment};
use crate::{Mapping, Overrides, StandardizeError, metadata, rule};

/// How far log times must have passed the end of a marked episode before it is closed: messages come out of order by less.
const LATE_NS: i64 = 10_000_000_000;

/// What a standardizer gives.
#[derive(Debug, Clone)]
pub enum Standard {
    /// Samples of one stream.
    Batch(StreamBatch),
    /// An episode is over: no more samples of it will come.
    EpisodeEnd(Box<EpisodeDraft>),
}

/// What is known about the recording rather than about one of its episodes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecordingTally {
    /// Messages that belong to no episode. Those of the episodes and these add up to the messages that came in. Messages that
    /// label a part of an episode, and lie outside of all, are mapped.
    pub tally: EpisodeTally,
    /// What was noticed about the recording. Notes of the plan, and notes of the reader that are about no episode, are left to
    /// the caller, who has them.
    pub notes: Vec<Note>,
    /// Topics whose messages became no sample, with their schema and how many messages, in all episodes together.
    pub unmapped: BTreeMap<String, (String, u64)>,
}

/// Which byte sequences lenses want as values; everything else stays where it is.
pub fn inline() -> Inline {
    wants_inline
}

/// Turns read events of one recording into episodes.
#[derive(Debug)]
pub struct Standardizer {
    mapping: Mapping,
    overrides: Overrides,
    segmentation: Segmentation,
    /// The container's own episodes.
    source_episodes: Vec<SourceEpisode>,
    /// Whether the container has episodes of its own.
    by_source: bool,
    attributes: BTreeMap<String, String>,
    topics: BTreeMap<u32, String>,
    open: BTreeMap<u32, Open>,
    /// Episodes that are over.
    ended: BTreeSet<u32>,
    /// Notes about episodes that have not begun.
    early_notes: BTreeMap<u32, Vec<Note>>,
    /// Messages outside of every episode, by topic.
    outside: BTreeMap<String, (String, u64)>,
    recording: RecordingTally,
    pushed: BTreeMap<u32, u64>,
    latest: i64,
}

impl Standardizer {
    /// A standardizer for the recording of `plan`.
    pub fn new(plan: &RecordingPlan, mapping: Mapping, overrides: Overrides, segmentation: Segmentation) -> Self {
        Self {
            mapping,
            overrides,
            segmentation,
            source_episodes: plan.episodes.clone(),
            by_source: !plan.episodes.is_empty(),
            attributes: plan.attributes.clone(),
            topics: plan.channels.iter().map(|channel| (channel.id, channel.topic.clone())).collect(),
            open: BTreeMap::new(),
            ended: BTreeSet::new(),
            early_notes: BTreeMap::new(),
            outside: BTreeMap::new(),
            recording: RecordingTally::default(),
            pushed: BTreeMap::new(),
            latest: i64::MIN,
        }
    }

    /// Takes the next event, and gives what is ready to `out`.
    ///
    /// # Errors
    ///
    /// When the batch is not what its channel says.
    pub fn push(&mut self, event: ReadEvent, out: &mut dyn FnMut(Standard)) -> Result<(), StandardizeError> {
        match event {
            ReadEvent::Channel(channel) => {
                self.topics.insert(channel.id, channel.topic.clone());
            }
            ReadEvent::Attribute(name, value) => {
                self.attributes.insert(name, value);
            }
            ReadEvent::Note(note) => self.note(note),
            ReadEvent::EpisodeEnd(episode) => {
                self.begin(episode);
                self.end(episode, out)?;
            }
            ReadEvent::Batch(batch) => self.batch(&batch, out)?,
        }
        Ok(())
    }

    /// Ends the episodes that are still open, and tells what belongs to none.
    ///
    /// # Errors
    ///
    /// As [`Standardizer::push`].
    pub fn finish(
        &mut self,
        summary: &ReadSummary,
        out: &mut dyn FnMut(Standard),
    ) -> Result<RecordingTally, StandardizeError> {
        self.count_undecodable(summary);
        for episode in self.open.keys().copied().collect::<Vec<_>>() {
            self.end(episode, out)?;
        }
        let mut recording = std::mem::take(&mut self.recording);
        for (topic, (schema, messages)) in std::mem::take(&mut self.outside) {
            let text = format!("{messages} messages of `{schema}` lie outside of every episode");
            let note = Note::new(NoteKind::Unmapped, text).stream(&topic).numbers(messages as f64, Some(0.0));
            recording.notes.push(note);
            recording.unmapped.entry(topic).or_insert((schema, 0)).1 += messages;
        }
        recording.notes.extend(std::mem::take(&mut self.early_notes).into_values().flatten());
        self.reconcile(summary, &mut recording.notes);
        Ok(recording)
    }

    fn note(&mut self, note: Note) {
        let Some(episode) = note.episode else { return };
        match self.open.get_mut(&episode) {
            Some(open) => open.note(note),
            None if self.ended.contains(&episode) => self.recording.notes.push(note),
            None => self.early_notes.entry(episode).or_default().push(note),
        }
    }

    fn batch(&mut self, batch: &MessageBatch, out: &mut dyn FnMut(Standard)) -> Result<(), StandardizeError> {
        let rows = match &batch.payload {
            Payload::Decoded(rows) => arrow::array::Array::len(rows),
            Payload::Opaque(blobs) => blobs.len(),
        };
        if rows != batch.len() {
            let topic = batch.channel.topic.clone();
            return Err(StandardizeError::Uneven { topic, rows, times: batch.len() });
        }
        *self.pushed.entry(batch.channel.id).or_default() += rows as u64;
        self.latest = batch.log_time.iter().copied().fold(self.latest, i64::max);
        let mut from = 0;
        while from < rows {
            let episode = self.episode_at(batch, from);
            let same = (from + 1..rows).take_while(|row| self.episode_at(batch, *row) == episode).count();
            let to = from + 1 + same;
            match episode {
                Some(episode) if !self.ended.contains(&episode) => {
                    self.begin(episode);
                    self.part_of_episode(batch, from, to, episode, out)?;
                }
                _ => self.count_outside(&batch.channel, (to - from) as u64),
            }
            from = to;
        }
        self.end_passed(out)
    }

    /// The episode that a message belongs to.
    fn episode_at(&self, batch: &MessageBatch, row: usize) -> Option<u32> {
        if self.by_source || batch.episode.is_some() {
            return batch.episode;
        }
        if self.segmentation.windows.is_empty() {
            return Some(0);
        }
        // OK to cast: `pair` opens at most a million episodes.
        self.segmentation.window_at(batch.log_time[row]).map(|window| window as u32)
    }

    /// Messages `from..to` of a batch, all of one open episode.
    fn part_of_episode(
        &mut self,
        batch: &MessageBatch,
        from: usize,
        to: usize,
        episode: u32,
        out: &mut dyn FnMut(Standard),
    ) -> Result<(), StandardizeError> {
        let channel = &batch.channel;
        // OK because the caller has begun the episode.
        let Some(open) = self.open.get_mut(&episode) else { return Ok(()) };
        let messages = (to - from) as u64;
        let rule = self.mapping.rule(&channel.topic, &channel.schema_name);
        if rule.is_some_and(|rule| rule.ignore) {
            open.count_unmapped(channel, messages, "the mapping ignores them");
            return Ok(());
        }
        let rows = match &batch.payload {
            Payload::Decoded(rows) => rows.slice(from, to - from),
            Payload::Opaque(_) => {
                let why = channel.undecodable.as_deref().unwrap_or("their encoding is not known");
                open.count_unmapped(channel, messages, why);
                return Ok(());
            }
        };
        let schema = canonical(&channel.schema_name);
        let header_path = rule.and_then(|rule| rule.header.as_deref());
        let input = Input { channel, schema: &schema, rows: &rows, header_path };
        let parts = rule::convert(&input, rule);
        open.push(channel, rule, &batch.log_time[from..to], parts, out)
    }

    fn count_outside(&mut self, channel: &Channel, messages: u64) {
        self.recording.tally.messages += messages;
        if is_segment(channel) {
            self.recording.tally.mapped += messages;
            return;
        }
        self.recording.tally.unmapped += messages;
        let entry = self.outside.entry(channel.topic.clone()).or_insert_with(|| (channel.schema_name.clone(), 0));
        entry.1 += messages;
    }

    /// Begins an episode, unless it has begun.
    fn begin(&mut self, episode: u32) {
        if self.open.contains_key(&episode) || self.ended.contains(&episode) {
            return;
        }
        let mut notes = self.early_notes.remove(&episode).unwrap_or_default();
        let draft = self.draft(episode, &mut notes);
        let segments = self.segments_of(episode);
        let mut open = Open::new(draft, segments);
        notes.into_iter().for_each(|note| open.note(note));
        self.open.insert(episode, open);
    }

    /// What is known about an episode before its first message.
    fn draft(&self, ordinal: u32, notes: &mut Vec<Note>) -> Episode {
        let mut episode =
            Episode { key: ordinal.to_string(), ordinal, rights: self.mapping.rights.clone(), ..Episode::default() };
        if let Some(source) = self.source_episodes.get(ordinal as usize) {
            episode.key.clone_from(&source.key);
            episode.task.clone_from(&source.task);
            metadata::fill(&mut episode, &source.attributes, &Mapping::default(), notes);
            metadata::keep(&mut episode, &source.attributes);
        } else if let Some(window) = self.segmentation.windows.get(ordinal as usize) {
            for (fact, value) in &window.facts {
                metadata::put(&mut episode, fact, value, notes);
            }
        }
        episode
    }

    /// The labelled parts that begin in an episode.
    fn segments_of(&self, episode: u32) -> Vec<Segment> {
        let segments = &self.segmentation.segments;
        match self.segmentation.windows.get(episode as usize) {
            None if self.by_source || !self.segmentation.windows.is_empty() => Vec::new(),
            None => segments.clone(),
            Some(window) => {
                let span = TimeSpan::new(Nanos(window.start), Nanos(window.end));
                segments.iter().filter(|segment| span.contains(segment.span.start)).cloned().collect()
            }
        }
    }

    fn end(&mut self, episode: u32, out: &mut dyn FnMut(Standard)) -> Result<(), StandardizeError> {
        let Some(open) = self.open.remove(&episode) else { return Ok(()) };
        self.ended.insert(episode);
        let unmapped = open.close(&self.overrides, &self.mapping, &self.attributes, out)?;
        for (topic, unmapped) in unmapped {
            self.recording.unmapped.entry(topic).or_insert((unmapped.schema, 0)).1 += unmapped.messages;
        }
        Ok(())
    }

    /// Ends marked episodes that log times have safely passed.
    fn end_passed(&mut self, out: &mut dyn FnMut(Standard)) -> Result<(), StandardizeError> {
        if self.segmentation.windows.is_empty() {
            return Ok(());
        }
        let passed = |episode: &u32| {
            let window = self.segmentation.windows.get(*episode as usize);
            window.is_some_and(|window| window.end.saturating_add(LATE_NS) < self.latest)
        };
        for episode in self.open.keys().copied().filter(passed).collect::<Vec<_>>() {
            self.end(episode, out)?;
        }
        Ok(())
    }

    /// Gives messages that did not fit their schema to the episode, where there is only one.
    fn count_undecodable(&mut self, summary: &ReadSummary) {
        let bad = summary.channels.iter().filter(|(_, tally)| tally.undecodable > 0);
        let bad: Vec<(u32, u64)> = bad.map(|(channel, tally)| (*channel, tally.undecodable)).collect();
        if bad.is_empty() {
            return;
        }
        if !self.by_source && self.segmentation.windows.is_empty() {
            self.begin(0);
        }
        let alone = self.ended.is_empty() && self.open.len() == 1;
        for (channel, messages) in bad {
            let topic = self.topics.get(&channel).cloned().unwrap_or_else(|| format!("channel {channel}"));
            if let (true, Some(mut open)) = (alone, self.open.first_entry()) {
                open.get_mut().count_undecodable(&topic, messages);
            } else {
                self.recording.tally.messages += messages;
                self.recording.tally.undecodable += messages;
                let text = format!("{messages} messages do not fit their schema");
                let note = Note::new(NoteKind::Undecodable, text).stream(topic);
                self.recording.notes.push(note.numbers(messages as f64, Some(0.0)));
            }
        }
    }

    /// Tells when the reader counted other messages than it handed over.
    fn reconcile(&self, summary: &ReadSummary, notes: &mut Vec<Note>) {
        for (channel, tally) in &summary.channels {
            let seen = self.pushed.get(channel).copied().unwrap_or(0) + tally.undecodable;
            if seen != tally.messages {
                let text = format!("{seen} messages were handed over and {} were counted", tally.messages);
                let topic = self.topics.get(channel).cloned().unwrap_or_else(|| format!("channel {channel}"));
                let note = Note::new(NoteKind::CountMismatch, text).stream(topic);
                notes.push(note.numbers(seen as f64, Some(tally.messages as f64)));
            }
        }
    }
}
