//! The machine: read events in, typed samples and episodes out.

use std::collections::{BTreeMap, BTreeSet};

use prairie_model::{
    Channel, Episode, EpisodeDraft, EpisodeTally, Inline, MessageBatch, Nanos, Note, NoteKind, Payload, ReadEvent,
    ReadSummary, RecordingPlan, Segment, SourceEpisode, StreamBatch, TimeSpan,
};

use crate::episode::Open;
use crate::lens::{Input, canonical, wants_inline};
use crate::mapping::Rule;
use crate::rule::Made;
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

/// Whom a note of the reader concerns.
#[derive(Debug, Clone, PartialEq)]
pub enum Concerns {
    /// The recording, and so every episode of it.
    Recording,
    /// These episodes: the note once for each, with the episode and with the times that lie in it.
    Episodes(Vec<Note>),
    /// No episode: damage between two of them, say, or a note about the recording's whole that comes when some of its episodes
    /// are over.
    NoEpisode,
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
    /// What Prairie knows about recordings of this kind, where the user's mapping says nothing.
    shipped: Option<&'static Mapping>,
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
            shipped: crate::shipped::of_plan(plan).map(|shipped| &shipped.mapping),
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

    /// Whom a note of the reader concerns. A note that names its episode, or says what holds for every message, needs no asking.
    ///
    /// In a recording with marked episodes, damage belongs to the episodes whose log times it shares.
    pub fn concerns(&self, note: &Note) -> Concerns {
        let whole = matches!(note.kind, NoteKind::IndexMissing | NoteKind::SchemaMissing);
        if self.by_source || self.segmentation.windows.is_empty() || whole {
            return Concerns::Recording;
        }
        let Some(span) = note.span else { return Concerns::NoEpisode };
        let in_window = |at: usize| {
            let window = &self.segmentation.windows[at];
            let part = TimeSpan::new(span.start.max(Nanos(window.start)), span.end.min(Nanos(window.end)));
            // OK to cast: `pair` opens at most a million episodes.
            note.clone().span(part).episode(Some(at as u32))
        };
        match self.segmentation.windows_at(span).map(in_window).collect::<Vec<_>>() {
            notes if notes.is_empty() => Concerns::NoEpisode,
            notes => Concerns::Episodes(notes),
        }
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
        let mut rules = self.mapping.rules(&channel.topic, &channel.schema_name);
        if let (true, Some(shipped)) = (rules.is_empty(), self.shipped) {
            rules = shipped.rules(&channel.topic, &channel.schema_name);
        }
        if rules.iter().any(|rule| rule.ignore) {
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
        let rules = if rules.is_empty() { vec![None] } else { rules.into_iter().map(Some).collect() };
        let made: Vec<Made<'_>> = rules
            .into_iter()
            .map(|rule: Option<&Rule>| {
                let header_path = rule.and_then(|rule| rule.header.as_deref());
                rule::convert(&Input { channel, schema: &schema, rows: &rows, header_path }, rule, self.mapping.robot())
            })
            .collect();
        open.push(channel, &batch.log_time[from..to], &made, out)
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
            metadata::fill_by_words(&mut episode, &source.attributes, notes);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Result, batch, channel, feature, render, rows, run, run_events};
    use arrow::array::Array;
    use prairie_model::{BlobRef, ChannelTally, Clock, Compression, MessageEncoding, Outcome, StreamKind};
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use std::sync::Arc;

    const S: i64 = 1_000_000_000;
    const MS: i64 = 1_000_000;
    const T0: i64 = 1_700_000_000 * S;

    /// Joints at 100 Hz for `n` samples, whose stamps are `stamp(i)`; in batches of `per_batch`.
    fn joints(n: i64, per_batch: usize, stamp: impl Fn(i64) -> i64) -> Vec<MessageBatch> {
        let message = |i: i64| json!({"header": {"stamp": {"$t": stamp(i)}, "frame_id": ""}, "name": ["a"], "position": [i as f64]});
        let all = rows(&Value::Array((0..n).map(message).collect()));
        let channel = Arc::new(channel(1, "/joint_states", "sensor_msgs/msg/JointState", &all));
        let times: Vec<i64> = (0..n).map(|i| T0 + i * 10 * MS).collect();
        let starts = (0..n as usize).step_by(per_batch);
        let slice = |from: usize| {
            let length = per_batch.min(n as usize - from);
            batch(&channel, times[from..from + length].to_vec(), all.slice(from, length))
        };
        starts.map(slice).collect()
    }

    fn times(result: &Result) -> Vec<i64> {
        result.batches.iter().flat_map(|batch| batch.t_ns().to_vec()).collect()
    }

    #[test]
    fn an_offset_clock_is_corrected_from_the_first_sample() {
        let result = run(joints(500, 7, |i| 3 * S + i * 10 * MS - 2 * MS), "", Overrides::default());
        let stream = &result.drafts[0].streams[0];
        assert_eq!((stream.clock, stream.clock_offset_ns), (Clock::Header, Some(T0 - 3 * S + 2 * MS)));
        assert_eq!(times(&result), (0..500).map(|i| T0 + i * 10 * MS).collect::<Vec<_>>());
        assert_eq!((stream.samples, stream.start), (500, Some(Nanos(T0))));
        assert!((stream.rate_hz.unwrap() - 100.0).abs() < 1e-9);
        // Batches after the decision pass at once; those before it passed together.
        let first_later = result.batches.iter().position(|batch| batch.t_ns()[0] > T0 + 2 * S).unwrap();
        assert_eq!(result.batches[first_later].len(), 7);
    }

    #[test]
    fn samples_pass_before_the_recording_ends() {
        let mut standardizer = Standardizer::new(
            &RecordingPlan::default(),
            Mapping::default(),
            Overrides::default(),
            Segmentation::whole(),
        );
        let mut passed = 0;
        let mut waiting_most = 0;
        for (at, batch) in joints(2000, 10, |i| T0 + i * 10 * MS).into_iter().enumerate() {
            let mut out = |standard| {
                if let Standard::Batch(batch) = standard {
                    passed += batch.len()
                }
            };
            standardizer.push(ReadEvent::Batch(batch), &mut out).unwrap();
            waiting_most = waiting_most.max((at + 1) * 10 - passed);
        }
        assert!(waiting_most <= 210, "{waiting_most} samples waited; the window is 2 s at 100 Hz");
    }

    #[test]
    fn stamps_that_are_no_times_are_null_and_counted() {
        let result =
            run(joints(300, 50, |i| if i % 100 == 0 { 0 } else { T0 + i * 10 * MS }), "", Overrides::default());
        let draft = &result.drafts[0];
        assert_eq!(times(&result), (0..300).map(|i| T0 + i * 10 * MS).collect::<Vec<_>>());
        let nulls: usize =
            result.batches.iter().map(|batch| arrow::array::Array::null_count(batch.header_time_ns().unwrap())).sum();
        assert_eq!(nulls, 3);
        let note = draft.notes.iter().find(|note| note.kind == NoteKind::TimeInvalid).unwrap();
        assert_eq!((note.text.as_str(), note.measured), ("3 stamps are zero or negative", Some(3.0)));
    }

    #[test]
    fn drifting_stamps_are_told_with_their_seconds() {
        let result = run(joints(2000, 64, |i| T0 + i * 10 * MS - i * 10 * MS / 1000), "", Overrides::default());
        let note = result.drafts[0].notes.iter().find(|note| note.kind == NoteKind::ClockDrift).unwrap();
        assert!((note.measured.unwrap() - 0.0154).abs() < 1e-3, "{note:?}");
    }

    #[test]
    fn two_channels_of_one_topic_are_two_streams() {
        let rows = rows(&json!([{"data": 1.0}]));
        let batches =
            [1, 2].map(|id| batch(&Arc::new(channel(id, "/x", "std_msgs/Float64", &rows)), vec![T0], rows.clone()));
        let result = run(batches.into(), "", Overrides::default());
        let names: Vec<_> = result.drafts[0].streams.iter().map(|stream| stream.name.as_str()).collect();
        assert_eq!(names, ["/x", "/x#2"]);
    }

    #[test]
    fn what_was_not_decoded_is_counted_with_its_reason() {
        let mut unknown = channel(1, "/secret", "x/Y", &rows(&json!([])));
        (unknown.fields, unknown.encoding) = (None, MessageEncoding::Other("flatbuffer".to_owned()));
        unknown.undecodable = Some("the encoding `flatbuffer` is not known".to_owned());
        let blob = BlobRef {
            file: 0,
            chunk_offset: 0,
            chunk_length: 4,
            compression: Compression::None,
            inner_offset: 0,
            length: 4,
            key_frame: None,
            sha256: None,
        };
        let opaque = MessageBatch {
            channel: Arc::new(unknown),
            episode: None,
            log_time: vec![T0, T0],
            publish_time: Vec::new(),
            payload: Payload::Opaque(vec![blob; 2]),
        };
        let summary = ReadSummary {
            channels: [
                (1, ChannelTally { messages: 2, undecodable: 0 }),
                (2, ChannelTally { messages: 3, undecodable: 3 }),
            ]
            .into(),
            ..ReadSummary::default()
        };
        let events = vec![ReadEvent::Batch(opaque)];
        let (mapping, overrides) = (Mapping::default(), Overrides::default());
        let result = run_events(&RecordingPlan::default(), events, mapping, overrides, Segmentation::whole(), &summary);
        assert_eq!(render(&result), "5 = 0 + 2 + 3\n");
        let texts: Vec<_> = result.drafts[0].notes.iter().map(|note| note.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "3 messages do not fit their schema",
                "2 messages of `x/Y` are unmapped: the encoding `flatbuffer` is not known"
            ]
        );
        assert_eq!(result.recording.unmapped["/secret"], ("x/Y".to_owned(), 2));
        assert_eq!(result.recording.notes, []);
    }

    #[test]
    fn an_empty_recording_has_no_episode() {
        assert!(run(Vec::new(), "", Overrides::default()).drafts.is_empty());
    }

    #[test]
    fn an_uneven_batch_is_an_error() {
        let rows = rows(&json!([{"data": 1.0}]));
        let uneven = batch(&Arc::new(channel(1, "/x", "std_msgs/Float64", &rows)), vec![T0, T0], rows);
        let mut standardizer = Standardizer::new(
            &RecordingPlan::default(),
            Mapping::default(),
            Overrides::default(),
            Segmentation::whole(),
        );
        let error = standardizer.push(ReadEvent::Batch(uneven), &mut drop).unwrap_err();
        assert_eq!(error.to_string(), "a batch of `/x` has 1 messages and 2 log times");
    }

    #[test]
    fn episodes_of_the_container_end_when_it_says() {
        let episode = |key: &str, outcome: &str| SourceEpisode {
            key: key.to_owned(),
            task: Some("fold".to_owned()),
            attributes: [("outcome".to_owned(), outcome.to_owned())].into(),
            ..SourceEpisode::default()
        };
        let plan = RecordingPlan {
            episodes: vec![episode("episode_000000", "success"), episode("episode_000001", "")],
            attributes: [("info.robot_type".to_owned(), "so100".to_owned())].into(),
            ..RecordingPlan::default()
        };
        let values = rows(&json!([{"value": [1.0, 2.0]}, {"value": [3.0, 4.0]}]));
        let mut state = channel(1, "observation.state", "lerobot.feature", &values);
        state.encoding = MessageEncoding::Table;
        let state = Arc::new(state);
        let rows_of = |episode: u32| {
            let mut batch = batch(&state, vec![0, 100 * MS], values.clone());
            batch.episode = Some(episode);
            ReadEvent::Batch(batch)
        };
        let note = Note::new(NoteKind::FileMissing, "a video is not there").episode(Some(1));
        let events = vec![
            rows_of(0),
            ReadEvent::EpisodeEnd(0),
            ReadEvent::Note(note),
            rows_of(1),
            ReadEvent::EpisodeEnd(1),
            rows_of(0),
        ];
        let mut summary = ReadSummary::default();
        summary.count(1, 6, None);
        let overrides = Overrides { task: Some("fold the towel".to_owned()), ..Overrides::default() };
        let result = run_events(&plan, events, Mapping::default(), overrides, Segmentation::whole(), &summary);
        let [one, other] = &result.drafts[..] else { unreachable!() };
        assert_eq!((one.episode.key.as_str(), other.episode.key.as_str()), ("episode_000000", "episode_000001"));
        assert_eq!((one.episode.outcome, other.episode.outcome), (Outcome::Success, Outcome::Unknown));
        assert_eq!(one.episode.task.as_deref(), Some("fold the towel"), "what is given wins");
        assert_eq!(one.episode.robot_type.as_deref(), Some("so100"));
        assert!(!one.episode.dated, "times of a table begin at zero");
        assert_eq!((one.streams[0].clock, one.streams[0].kind), (Clock::Row, Some(StreamKind::Vector)));
        assert_eq!(other.notes[0].text, "a video is not there");
        assert_eq!((one.tally.mapped, other.tally.mapped, result.recording.tally.unmapped), (2, 2, 2));
    }

    #[test]
    fn success_flags_and_task_topics_are_heard() {
        let outcome = |values: Value| {
            let messages = Value::Array(values.as_array().unwrap().iter().map(|v| json!({ "value": v })).collect());
            let rows = rows(&messages);
            let channel = Arc::new(channel(1, "next.success", "lerobot.feature", &rows));
            let log_time = (0..rows.len() as i64).collect();
            run(vec![batch(&channel, log_time, rows)], "", Overrides::default()).drafts[0].episode.outcome
        };
        assert_eq!(outcome(json!([false, true, false])), Outcome::Success);
        assert_eq!(outcome(json!([false, false])), Outcome::Failure);
        let task = rows(&json!([{"data": ""}, {"data": "pick"}, {"data": "place"}]));
        let channel = Arc::new(channel(1, "/task", "std_msgs/String", &task));
        let result = run(vec![batch(&channel, vec![T0; 3], task)], "", Overrides::default());
        assert_eq!(result.drafts[0].episode.task.as_deref(), Some("pick"));
        for (topic, text, robot) in [
            (
                "/robot_description",
                "<?xml version='1.0'?>\n<robot\n  name = \"arm_r5\"><link name=\"world\"/></robot>",
                Some("arm_r5"),
            ),
            ("/robot_description", "<robot><link name='world'/></robot>", None),
            ("/teleop/robot_info", "slave_arm", Some("slave_arm")),
            ("/teleop/robot_info", "{\"name\": \"arm\"}", None),
        ] {
            let rows = rows(&json!([{"data": text}]));
            let channel = Arc::new(crate::testing::channel(1, topic, "std_msgs/String", &rows));
            let result = run(vec![batch(&channel, vec![T0], rows)], "", Overrides::default());
            assert_eq!(result.drafts[0].episode.robot_type.as_deref(), robot, "{text}");
        }
        assert!(feature("next.done", json!([true]), |_| ()).starts_with("next.done scalar\n"));
    }

    #[test]
    fn names_that_change_with_every_message_are_bounded() {
        let message = |i: i64| json!({"name": [format!("j{i}")], "position": [0.0]});
        let rows = rows(&Value::Array((0..3000).map(message).collect()));
        let channel = Arc::new(channel(1, "/js", "sensor_msgs/JointState", &rows));
        let result = run(vec![batch(&channel, vec![T0; 3000], rows)], "", Overrides::default());
        let draft = &result.drafts[0];
        assert_eq!((draft.streams.len(), draft.tally.mapped, draft.tally.unmapped), (2048, 2048, 952));
    }

    proptest! {
        /// Whatever comes, and however it is marked, nothing is lost and nothing is counted twice.
        #[test]
        fn counts_reconcile(
            messages in prop::collection::vec((0_i64..60, 0_u8..6), 0..60),
            marks in prop::collection::vec((0_i64..60, any::<bool>()), 0..6),
            undecodable in 0_u64..3,
        ) {
            let mut batches = Vec::new();
            for (second, what) in &messages {
                let (schema, message) = match what {
                    0 => ("std_msgs/Float64", json!({"data": 1.0})),
                    1 => ("x/Unknown", json!({"bytes": {"$b": 3}})),
                    2 => ("tf2_msgs/TFMessage", json!({"transforms": []})),
                    3 => ("sensor_msgs/CompressedImage", json!({"format": "png", "data": {"$b": 3}})),
                    4 => ("std_msgs/String", json!({"data": "x"})),
                    _ => ("x/State", json!({"a": 1.0, "b": "x", "stamp": {"$t": second * S}})),
                };
                let rows = rows(&json!([message]));
                let channel = Arc::new(channel(10 + u32::from(*what), schema, schema, &rows));
                batches.push(batch(&channel, vec![T0 + second * S], rows));
            }
            for (second, is_start) in &marks {
                let rows = rows(&json!([{"event": if *is_start { "start" } else { "end" }, "stamp": {"$t": 0}}]));
                let channel = Arc::new(channel(1, "/marks", "prairie_msgs/EpisodeMarker", &rows));
                batches.push(batch(&channel, vec![T0 + second * S], rows));
            }
            batches.sort_by_key(|batch| batch.log_time[0]);
            let mut summary = ReadSummary::default();
            batches.iter().for_each(|batch| summary.count(batch.channel.id, 1, None));
            summary.channels.insert(99, ChannelTally { messages: undecodable, undecodable });
            let marked: Vec<_> = batches.iter().filter(|batch| batch.channel.id == 1).cloned().collect();
            let (segmentation, _) = Segmentation::from_markers(&marked, &Mapping::default());
            let total = batches.len() as u64 + undecodable;
            let events = batches.into_iter().map(ReadEvent::Batch).collect();
            let plan = RecordingPlan::default();
            let result = run_events(&plan, events, Mapping::default(), Overrides::default(), segmentation, &summary);
            let mut sum = result.recording.tally;
            result.drafts.iter().for_each(|draft| sum.add(draft.tally));
            prop_assert_eq!(sum.messages, total);
            prop_assert_eq!(sum.mapped + sum.unmapped + sum.undecodable, total);
            prop_assert_eq!(sum.undecodable, undecodable);
            let frames: u64 = messages.iter().filter(|(_, what)| *what == 3).count() as u64;
            prop_assert!(sum.frames <= frames);
            for draft in &result.drafts {
                for (index, stream) in draft.streams.iter().enumerate() {
                    let of = result.batches.iter().filter(|b| b.episode == draft.episode.ordinal && b.index as usize == index);
                    prop_assert_eq!(of.map(|b| b.len() as u64).sum::<u64>(), stream.samples);
                }
            }
            prop_assert!(result.recording.notes.iter().all(|note| note.kind != NoteKind::CountMismatch));
        }
    }
}
