//! An episode under way: its streams, its counts, and what is known about it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::array::{AsArray, Float64Array};
use prairie_model::{
    Channel, Episode, EpisodeDraft, EpisodeTally, MessageEncoding, Nanos, Note, NoteKind, Outcome, Segment, Stream,
    StreamKind, TimeSpan, words,
};

use crate::flow::{Flow, Wish, batch};
use crate::lens::lens_of;
use crate::mapping::{ClockWish, Mapping, Rule};
use crate::part::Part;
use crate::rule::Made;
use crate::{Overrides, Standard, StandardizeError, metadata};

/// Streams of one episode. Real ones have tens; more come from names that change with every message.
const MAX_STREAMS: usize = 2048;

/// Times before 1990 come from a clock without a date.
const DATED_FROM_NS: i64 = 631_152_000_000_000_000;

/// An episode that is not over.
#[derive(Debug)]
pub(crate) struct Open {
    episode: Episode,
    flows: Vec<Flow>,
    index: HashMap<Key, usize>,
    names: BTreeSet<String>,
    tally: EpisodeTally,
    notes: Vec<Note>,
    segments: Vec<Segment>,
    /// Messages without samples: by topic, the schema, how many, and why.
    unmapped: BTreeMap<String, Unmapped>,
    /// What a stream says was to be done.
    task: Option<String>,
    /// What a stream says came of it.
    outcome: Option<String>,
    /// What a stream says the robot is.
    robot_type: Option<String>,
    /// Whether any sample of a success flag was true; `None` without such a flag.
    success: Option<bool>,
    /// What the rules converted, assumed or renamed, by stream.
    converted: BTreeSet<(usize, NoteKind, String)>,
}

/// Messages of a topic that became no sample.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unmapped {
    pub(crate) schema: String,
    pub(crate) messages: u64,
    pub(crate) why: String,
}

/// What tells the streams of an episode apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    channel: u32,
    /// Place of the rule among those of the channel.
    rule: usize,
    suffix: String,
    kind: StreamKind,
    frame: Option<String>,
    child_frame: Option<String>,
    /// Sorted, since the same joints in another order are the same stream.
    names: Vec<String>,
}

impl Key {
    fn of(channel: u32, rule: usize, part: &Part) -> Self {
        // Numbers in another frame are another quantity; for the rest the frame is a remark.
        let frame_counts = matches!(
            part.kind,
            StreamKind::Geo | StreamKind::Imu | StreamKind::Pose | StreamKind::Twist | StreamKind::Wrench
        );
        let mut names = part.facts.names.clone();
        names.sort();
        Self {
            channel,
            rule,
            suffix: part.suffix.clone(),
            kind: part.kind,
            frame: part.facts.frame.clone().filter(|_| frame_counts),
            child_frame: part.facts.child_frame.clone(),
            names,
        }
    }
}

impl Open {
    pub(crate) fn new(episode: Episode, segments: Vec<Segment>) -> Self {
        Self {
            episode,
            flows: Vec::new(),
            index: HashMap::new(),
            names: BTreeSet::new(),
            tally: EpisodeTally::default(),
            notes: Vec::new(),
            segments,
            unmapped: BTreeMap::new(),
            task: None,
            outcome: None,
            robot_type: None,
            success: None,
            converted: BTreeSet::new(),
        }
    }

    pub(crate) fn note(&mut self, note: Note) {
        self.notes.push(note);
    }

    /// Counts messages that became no sample.
    pub(crate) fn count_unmapped(&mut self, channel: &Channel, messages: u64, why: &str) {
        if messages == 0 {
            return;
        }
        self.tally.messages += messages;
        self.tally.unmapped += messages;
        let entry = self.unmapped.entry(channel.topic.clone()).or_insert_with(|| Unmapped {
            schema: channel.schema_name.clone(),
            messages: 0,
            why: why.to_owned(),
        });
        entry.messages += messages;
    }

    /// Counts messages whose bytes did not fit their schema.
    pub(crate) fn count_undecodable(&mut self, channel: &str, messages: u64) {
        self.tally.messages += messages;
        self.tally.undecodable += messages;
        if messages > 0 {
            let text = format!("{messages} messages do not fit their schema");
            let note = Note::new(NoteKind::Undecodable, text).stream(channel).numbers(messages as f64, Some(0.0));
            self.notes.push(note);
        }
    }

    /// Takes what a batch of messages was made into.
    pub(crate) fn push(
        &mut self,
        channel: &Channel,
        log: &[i64],
        made: &[Made<'_>],
        out: &mut dyn FnMut(Standard),
    ) -> Result<(), StandardizeError> {
        let mut mapped = Mapped::new(log.len());
        for (at_rule, made) in made.iter().enumerate() {
            for part in made.parts.iter().filter(|part| part.samples > 0) {
                let Some(at) = self.flow(channel, at_rule, made.rule, part) else { continue };
                mapped.mark(part);
                if part.kind.is_frames() {
                    self.tally.frames += part.samples as u64;
                }
                self.listen(channel, part);
                self.converted.extend(made.notes.iter().map(|(kind, text)| (at, *kind, text.clone())));
                let ordinal = self.episode.ordinal;
                self.flows[at].push(part, log, &mut |stream, samples| {
                    out(Standard::Batch(batch(ordinal, at, stream, samples)));
                })?;
            }
        }
        let count = mapped.count();
        self.tally.messages += count;
        self.tally.mapped += count;
        let why = match lens_of(&channel.schema_name) {
            Some(lens) => format!("the lens `{lens}` finds no sample in them"),
            None if made.iter().all(|made| made.parts.is_empty()) => {
                "no mapping takes messages of this type".to_owned()
            }
            None => "nothing in them is a sample".to_owned(),
        };
        self.count_unmapped(channel, log.len() as u64 - count, &why);
        Ok(())
    }

    /// The stream that a part belongs to; `None` when there are too many.
    fn flow(&mut self, channel: &Channel, at_rule: usize, rule: Option<&Rule>, part: &Part) -> Option<usize> {
        let key = Key::of(channel.id, at_rule, part);
        if let Some(at) = self.index.get(&key) {
            return Some(*at);
        }
        if self.flows.len() >= MAX_STREAMS {
            return None;
        }
        let base = rule.and_then(|rule| rule.name.as_deref()).unwrap_or(&channel.topic);
        let facts = &part.facts;
        let stream = Stream {
            name: self.free_name(base, &part.suffix),
            kind: Some(part.kind),
            source: channel.topic.clone(),
            schema: channel.schema_name.clone(),
            unit: facts.unit.clone(),
            frame: facts.frame.clone(),
            child_frame: facts.child_frame.clone(),
            names: facts.names.clone(),
            shape: facts.shape.clone(),
            representation: facts.representation.clone(),
            picture: facts.picture.clone().or_else(|| channel.picture.clone().filter(|_| part.kind.is_picture())),
            nominal_rate_hz: channel.rate_hz,
            ..Stream::default()
        };
        let wish = match rule.and_then(|rule| rule.clock) {
            Some(ClockWish::Header) => Wish::Header,
            Some(ClockWish::Log) => Wish::Log,
            None if channel.encoding == MessageEncoding::Table => Wish::Row,
            None => Wish::Rule,
        };
        let mut flow = Flow::new(stream, wish);
        if part.unit_assumed {
            let text = "the source states no unit; the numbers are kept as they are, as if they were in the unit of their column";
            flow.note(NoteKind::UnitAssumed, text);
        }
        self.flows.push(flow);
        self.index.insert(key, self.flows.len() - 1);
        Some(self.flows.len() - 1)
    }

    /// `base`, `base#suffix`, or the same with the first number that makes it unique.
    fn free_name(&mut self, base: &str, suffix: &str) -> String {
        let plain = if suffix.is_empty() { base.to_owned() } else { format!("{base}#{suffix}") };
        let numbered = (2_u64..).map(|number| format!("{plain}#{number}"));
        let free = std::iter::once(plain.clone()).chain(numbered).find(|name| !self.names.contains(name));
        // OK because there are more numbers than names.
        let name = free.unwrap_or(plain);
        self.names.insert(name.clone());
        name
    }

    /// Hears what some streams say about the episode: its task, its outcome.
    fn listen(&mut self, channel: &Channel, part: &Part) {
        const TASK: [&str; 6] =
            ["task", "task_description", "task_name", "language_instruction", "instruction", "prompt"];
        let last = channel.topic.rsplit(['/', '.']).find(|part| !part.is_empty()).unwrap_or_default().to_lowercase();
        if part.kind == StreamKind::Event && part.suffix.is_empty() {
            let texts = part.get("text").and_then(|text| text.as_string_opt::<i32>());
            let mut known = texts.into_iter().flatten().flatten().filter(|text| !text.is_empty());
            // A task is told before it begins, an outcome when it is over.
            if TASK.contains(&last.as_str()) && self.task.is_none() {
                self.task = known.next().map(str::to_owned);
            } else if last == "outcome" {
                self.outcome = known.next_back().map(str::to_owned).or(self.outcome.take());
            } else if self.robot_type.is_none() {
                self.robot_type = match last.as_str() {
                    "robot_description" => known.find_map(robot_of_urdf),
                    "robot_info" | "robot_model" | "robot_name" | "robot_type" => known.find_map(one_word),
                    _ => None,
                };
            }
        } else if part.kind == StreamKind::Scalar && words(&last).iter().any(|word| word == "success") {
            let values = part.get("value").and_then(|value| value.as_primitive_opt().cloned());
            let any = values.map(|values: Float64Array| values.iter().flatten().any(|value| value != 0.0));
            self.success = any.map_or(self.success, |any| Some(self.success.unwrap_or(false) || any));
        }
    }

    /// Ends the episode.
    pub(crate) fn close(
        mut self,
        overrides: &Overrides,
        mapping: &Mapping,
        attributes: &BTreeMap<String, String>,
        out: &mut dyn FnMut(Standard),
    ) -> Result<BTreeMap<String, Unmapped>, StandardizeError> {
        let ordinal = self.episode.ordinal;
        for (at, flow) in self.flows.iter_mut().enumerate() {
            flow.settle(&mut |stream, samples| out(Standard::Batch(batch(ordinal, at, stream, samples))))?;
        }
        for (at, kind, text) in &self.converted {
            self.flows[*at].note(*kind, text.clone());
        }
        for flow in &mut self.flows {
            self.notes.extend(flow.notes());
        }
        let streams: Vec<Stream> = self.flows.into_iter().map(|flow| flow.stream).collect();
        if streams.len() == MAX_STREAMS {
            let text = format!("there are more than {MAX_STREAMS} streams; what came after them is unmapped");
            self.notes.push(Note::new(NoteKind::Unmapped, text).numbers(MAX_STREAMS as f64, None));
        }
        for (topic, unmapped) in &self.unmapped {
            let text =
                format!("{} messages of `{}` are unmapped: {}", unmapped.messages, unmapped.schema, unmapped.why);
            self.notes
                .push(Note::new(NoteKind::Unmapped, text).stream(topic).numbers(unmapped.messages as f64, Some(0.0)));
        }
        let episode = &mut self.episode;
        metadata::fill_by_mapping(episode, attributes, mapping, &mut self.notes);
        let heard = [("task", &self.task), ("outcome", &self.outcome), ("robot_type", &self.robot_type)];
        for (fact, text) in heard {
            if let Some(text) = text {
                metadata::put(episode, fact, text, &mut self.notes);
            }
        }
        if let (Outcome::Unknown, Some(success)) = (episode.outcome, self.success) {
            episode.outcome = if success { Outcome::Success } else { Outcome::Failure };
        }
        metadata::fill_by_words(episode, attributes, &mut self.notes);
        metadata::keep(episode, attributes);
        overrides.apply(episode);
        let spans = streams.iter().filter_map(|stream| Some(TimeSpan::new(stream.start?, stream.end?)));
        episode.span = spans.reduce(TimeSpan::union);
        episode.dated = episode.span.is_some_and(|span| span.start >= Nanos(DATED_FROM_NS));
        let draft = EpisodeDraft {
            episode: self.episode,
            streams,
            segments: self.segments,
            tally: self.tally,
            notes: self.notes,
        };
        out(Standard::EpisodeEnd(Box::new(draft)));
        Ok(self.unmapped)
    }
}

/// The name that a URDF gives its robot: the attribute `name` of its root element.
fn robot_of_urdf(text: &str) -> Option<String> {
    let (_, root) = text.split_once("<robot")?;
    let (attributes, _) = root.split_once('>')?;
    let (_, value) = attributes.split_once("name")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    one_word(value[1..].split(quote).next()?)
}

/// A text that can be a name rather than a document.
fn one_word(text: &str) -> Option<String> {
    let text = text.trim();
    let is_name =
        !text.is_empty() && text.len() <= 80 && !text.contains(|c: char| c.is_whitespace() || "{}<>".contains(c));
    is_name.then(|| text.to_owned())
}

/// Which messages of a batch gave a sample.
#[derive(Debug)]
enum Mapped {
    All(usize),
    Some(Vec<bool>),
}

impl Mapped {
    fn new(messages: usize) -> Self {
        Self::Some(vec![false; messages])
    }

    fn mark(&mut self, part: &Part) {
        let Self::Some(marks) = self else { return };
        match &part.rows {
            None => *self = Self::All(marks.len()),
            // OK because rows of parts are indices of messages.
            Some(rows) => rows.values().iter().for_each(|row| marks[*row as usize] = true),
        }
    }

    fn count(&self) -> u64 {
        match self {
            Self::All(messages) => *messages as u64,
            Self::Some(marks) => marks.iter().filter(|mark| **mark).count() as u64,
        }
    }
}
