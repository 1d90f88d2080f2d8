//! Plans and streams a log.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Builder, ListBuilder, StringArray, StructArray};
use arrow::datatypes::{DataType, Field, Fields};
use prairie_model::{
    Channel, MessageBatch, MessageEncoding, Nanos, Note, NoteKind, Payload, ReadEvent, ReadOptions, ReadSummary,
    RecordingPlan, Source,
};

use super::facts::{Facts, pair};
use super::format::{Formats, Layout};
use super::rows::{columns, nanos};
use super::walk::{Message, Next, Trust, Walk, fits};
use crate::FormatError;

/// How a log begins; the version follows.
pub(super) const MAGIC: &[u8; 7] = b"ULog\x01\x12\x35";
/// Bytes before the first message.
const HEADER_BYTES: u64 = 16;
/// Bytes in which a plan looks for the first data.
const PLANNED_BYTES: u64 = 16 << 20;
/// Bytes of messages that wait to be delivered.
const WAITING_MAX: usize = 4 << 20;
/// Messages of one batch.
const BATCH_ROWS: usize = 4096;
/// Places of damage that are told one by one.
const NAMED_MAX: u64 = 16;
/// Channels of one log.
const CHANNELS_MAX: usize = 10_000;

/// Names of levels, by their number in the log.
const LEVELS: [&str; 8] = ["emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"];

/// What the beginning of a log says.
struct Head {
    version: u8,
    start_us: u64,
    /// Where data goes on that was appended after a crash.
    appended: Vec<u64>,
}

/// The channel of messages of one subscription.
struct Lane {
    channel: Arc<Channel>,
    layout: Option<Layout>,
    times: Vec<i64>,
    /// Messages of a layout, one behind the other.
    bytes: Vec<u8>,
    texts: Vec<String>,
    numbers: Vec<f64>,
}

/// What was read so far.
struct State {
    formats: Formats,
    facts: Facts,
    lanes: Vec<Lane>,
    /// Lanes by topic.
    topics: BTreeMap<String, usize>,
    /// Lanes by the number of their subscription.
    subscribed: BTreeMap<u16, usize>,
    /// Whether data has begun.
    in_data: bool,
    /// The time of the last message.
    last_ns: i64,
    waiting: usize,
    dropouts: (u64, u64),
    strangers: u64,
}

/// What one message came to.
enum Told {
    Nothing,
    /// A subscription, a text or a change made a channel that there was not.
    Channel(usize),
    /// Something was added to a lane.
    Row(usize),
    /// A message of a lane did not fit its format.
    Odd(usize),
}

fn head(source: &dyn Source, file: usize) -> Result<Head, FormatError> {
    let path = source.files().get(file).map(|file| file.path.clone()).unwrap_or_default();
    let size = source.files().get(file).map_or(0, |file| file.size);
    let damaged = |offset, why: String| FormatError::Damaged { what: "the header", file: path.clone(), offset, why };
    let io = |source| FormatError::Io { file: path.clone(), source };
    if size < HEADER_BYTES {
        let why = format!("a ULog has at least {HEADER_BYTES} bytes");
        return Err(FormatError::Cut { what: "the header", file: path, offset: size, why });
    }
    let header = source.read_exact(file, 0, HEADER_BYTES).map_err(io)?;
    if !header.starts_with(MAGIC) {
        return Err(damaged(0, "it does not begin as a ULog".to_owned()));
    }
    // OK to index: sixteen bytes.
    let start_us = header[8..].first_chunk().map_or(0, |micros| u64::from_le_bytes(*micros));
    let mut head = Head { version: header[7], start_us, appended: Vec::new() };
    let mut walk = Walk::new(source, file, HEADER_BYTES, size);
    if let Next::Message(Message { kind: b'B', body, .. }) = walk.next(&fits)? {
        let unknown = body.get(8..16).unwrap_or_default().iter().enumerate();
        // The first bit says that data was appended; nobody knows what a reader must know for the others.
        let unknown: Vec<String> = unknown
            .filter(|(at, bits)| if *at == 0 { **bits & !1 != 0 } else { **bits != 0 })
            .map(|(at, bits)| format!("{bits:#04x} in byte {at}"))
            .collect();
        if !unknown.is_empty() {
            let why = format!("it was written for readers that know more: incompatible flags {}", unknown.join(", "));
            return Err(damaged(HEADER_BYTES, why));
        }
        let offsets = body.get(16..40).unwrap_or_default().chunks_exact(8);
        let offsets = offsets.filter_map(|offset| Some(u64::from_le_bytes(*offset.first_chunk()?)));
        head.appended = offsets.filter(|offset| *offset > HEADER_BYTES && *offset < size).collect();
        head.appended.sort_unstable();
        head.appended.dedup();
    }
    Ok(head)
}

/// Looks at the definitions, and at the subscriptions before the first data.
pub(super) fn plan(source: &dyn Source, file: usize) -> Result<RecordingPlan, FormatError> {
    let head = head(source, file)?;
    let size = source.files().get(file).map_or(0, |file| file.size);
    let mut state = State::new(&[]);
    let mut walk = Walk::new(source, file, HEADER_BYTES, size);
    while walk.at() < PLANNED_BYTES {
        match walk.next(&fits)? {
            Next::Message(message) if matches!(message.kind, b'D' | b'L' | b'C' | b'O') => break,
            Next::Message(message) => drop(state.take(&message)),
            Next::Skipped(..) => {}
            Next::Cut(_) | Next::End => break,
        }
    }
    let mut attributes = state.facts.attributes.clone();
    attributes.insert("header.timestamp_us".to_owned(), head.start_us.to_string());
    Ok(RecordingPlan {
        format: "ulog".to_owned(),
        profile: Some(format!("v{}", head.version)),
        writer: state.facts.attributes.get("info.sys_name").cloned(),
        channels: state.lanes.into_iter().map(|lane| lane.channel).collect(),
        attributes,
        ..RecordingPlan::default()
    })
}

/// Streams all of it.
pub(super) fn read(
    source: &dyn Source,
    file: usize,
    plan: &RecordingPlan,
    options: &ReadOptions,
    sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
) -> Result<ReadSummary, FormatError> {
    let head = head(source, file)?;
    let path = source.files().get(file).map(|file| file.path.clone()).unwrap_or_default();
    let size = source.files().get(file).map_or(0, |file| file.size);
    let summary = ReadSummary { complete: true, lost: Some(0), ..ReadSummary::default() };
    let mut reading =
        Reading { state: State::new(&plan.channels), plan, options, sink, summary, damage: Damage::default() };
    // Each part ends where data was appended, most likely in the middle of a message.
    let ends = head.appended.iter().copied().chain([size]);
    let mut begin = HEADER_BYTES;
    let mut flow = ControlFlow::Continue(());
    for end in ends {
        let is_last = end == size;
        flow = reading.part(Walk::new(source, file, begin, end), &path, is_last)?;
        if flow.is_break() {
            break;
        }
        begin = end;
    }
    if flow.is_continue() {
        flow = reading.ending(&path);
    }
    reading.summary.complete &= flow.is_continue();
    Ok(reading.summary)
}

#[derive(Default)]
struct Damage {
    places: u64,
    bytes: u64,
}

struct Reading<'a> {
    state: State,
    plan: &'a RecordingPlan,
    options: &'a ReadOptions,
    sink: &'a mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    summary: ReadSummary,
    damage: Damage,
}

impl Reading<'_> {
    fn wants(&self, lane: usize) -> bool {
        // OK to index: lanes are told by their place.
        let id = self.state.lanes[lane].channel.id;
        self.options.channels.as_ref().is_none_or(|wanted| wanted.contains(&id))
    }

    /// One part of the file, from its first message to its last.
    fn part(&mut self, mut walk: Walk<'_>, path: &str, is_last: bool) -> Result<ControlFlow<()>, FormatError> {
        loop {
            let state = &self.state;
            let known = |kind: u8, body: &[u8]| state.trust(kind, body);
            let told = match walk.next(&known)? {
                Next::End => return Ok(ControlFlow::Continue(())),
                Next::Message(message) => self.state.take(&message),
                Next::Skipped(from, to) => {
                    if self.skipped(path, from, to).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                    continue;
                }
                // What a crash cut before data was appended is no damage of the file.
                Next::Cut(_) if !is_last => return Ok(ControlFlow::Continue(())),
                Next::Cut(from) => {
                    (self.summary.complete, self.summary.lost) = (false, None);
                    let text = format!(
                        "the log ends in the middle of a message, or with bytes that are none, from byte {from} on"
                    );
                    return Ok(self.tell(Note::new(NoteKind::Truncated, text).at(path, from)));
                }
            };
            if self.after(told).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
    }

    fn tell(&mut self, note: Note) -> ControlFlow<()> {
        (self.sink)(ReadEvent::Note(note))
    }

    fn skipped(&mut self, path: &str, from: u64, to: u64) -> ControlFlow<()> {
        (self.summary.complete, self.summary.lost) = (false, None);
        self.damage.places += 1;
        self.damage.bytes += to - from;
        if self.damage.places > NAMED_MAX {
            return ControlFlow::Continue(());
        }
        let text = format!("{} bytes are no messages; reading goes on at byte {to}", to - from);
        self.tell(Note::new(NoteKind::Corrupt, text).at(path, from).numbers((to - from) as f64, Some(0.0)))
    }

    fn after(&mut self, told: Told) -> ControlFlow<()> {
        match told {
            Told::Nothing => {}
            Told::Channel(lane) => {
                // OK to index: the lane was just told.
                let channel = Arc::clone(&self.state.lanes[lane].channel);
                if channel.id as usize >= self.plan.channels.len() {
                    (self.sink)(ReadEvent::Channel(channel))?;
                }
                // The text or change that made it waits in it.
                if !self.wants(lane) {
                    self.state.lanes[lane].clear();
                }
            }
            Told::Row(lane) => {
                if !self.wants(lane) {
                    self.state.lanes[lane].clear();
                }
                if self.state.waiting >= WAITING_MAX || self.state.lanes[lane].times.len() >= BATCH_ROWS {
                    self.flush()?;
                }
            }
            Told::Odd(lane) => {
                if self.wants(lane) {
                    let tally = self.summary.channels.entry(self.state.lanes[lane].channel.id).or_default();
                    tally.messages += 1;
                    tally.undecodable += 1;
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn flush(&mut self) -> ControlFlow<()> {
        self.state.waiting = 0;
        for at in 0..self.state.lanes.len() {
            let Some((log_time, messages)) = self.state.lanes[at].take() else { continue };
            let channel = Arc::clone(&self.state.lanes[at].channel);
            let count = log_time.len() as u64;
            let Some(messages) = messages else {
                let tally = self.summary.channels.entry(channel.id).or_default();
                tally.messages += count;
                tally.undecodable += count;
                continue;
            };
            let span = log_time.iter().min().zip(log_time.iter().max());
            self.summary.count(channel.id, count, span.map(|(first, last)| (Nanos(*first), Nanos(*last))));
            let payload = Payload::Decoded(messages);
            let batch = MessageBatch { channel, episode: None, log_time, publish_time: Vec::new(), payload };
            (self.sink)(ReadEvent::Batch(batch))?;
        }
        ControlFlow::Continue(())
    }

    /// Delivers what waits, and tells what was odd.
    fn ending(&mut self, path: &str) -> ControlFlow<()> {
        self.flush()?;
        if self.damage.places > NAMED_MAX {
            let text = format!("{} bytes in {} places are no messages", self.damage.bytes, self.damage.places);
            let note = Note::new(NoteKind::Corrupt, text).in_file(path);
            self.tell(note.numbers(self.damage.bytes as f64, Some(0.0)))?;
        }
        let (count, total_ms) = self.state.dropouts;
        if count > 0 {
            let text = format!("the logger lost messages in {count} dropouts of {total_ms} ms together");
            self.tell(Note::new(NoteKind::IndexWrong, text).in_file(path).numbers(total_ms as f64, Some(0.0)))?;
        }
        if self.state.strangers > 0 {
            let text = format!("{} messages are of no subscription", self.state.strangers);
            let note = Note::new(NoteKind::SchemaMissing, text).in_file(path);
            self.tell(note.numbers(self.state.strangers as f64, Some(0.0)))?;
        }
        for (key, value) in self.state.facts.attributes.clone() {
            if !self.plan.attributes.contains_key(&key) {
                (self.sink)(ReadEvent::Attribute(key, value))?;
            }
        }
        let odd: Vec<_> = self.state.lanes.iter().map(|lane| Arc::clone(&lane.channel)).collect();
        for channel in odd {
            let undecodable = self.summary.channels.get(&channel.id).map_or(0, |tally| tally.undecodable);
            if undecodable > 0 {
                let why =
                    channel.undecodable.clone().unwrap_or_else(|| "they are shorter than their format".to_owned());
                let text = format!("{undecodable} messages of `{}` cannot be decoded: {why}", channel.topic);
                let note = Note::new(NoteKind::Undecodable, text).stream(&channel.topic);
                self.tell(note.numbers(undecodable as f64, Some(0.0)))?;
            }
        }
        ControlFlow::Continue(())
    }
}

impl State {
    /// A state with the channels of the plan.
    fn new(channels: &[Arc<Channel>]) -> Self {
        let mut state = Self {
            formats: Formats::default(),
            facts: Facts::default(),
            lanes: Vec::new(),
            topics: BTreeMap::new(),
            subscribed: BTreeMap::new(),
            in_data: false,
            last_ns: 0,
            waiting: 0,
            dropouts: (0, 0),
            strangers: 0,
        };
        for channel in channels {
            state.topics.insert(channel.topic.clone(), state.lanes.len());
            state.lanes.push(Lane::new(Arc::clone(channel), None));
        }
        state
    }

    /// How sure it is that this is a message: data of no subscription, or shorter than its format, is seldom more than bytes.
    fn trust(&self, kind: u8, body: &[u8]) -> Trust {
        let trust = fits(kind, body);
        if kind != b'D' || trust == Trust::No {
            return trust;
        }
        let id = body.first_chunk().map(|id| u16::from_le_bytes(*id));
        let lane = id.and_then(|id| self.subscribed.get(&id)).and_then(|lane| self.lanes.get(*lane));
        match lane {
            Some(Lane { layout: Some(layout), .. }) if body.len() - 2 < layout.least => Trust::Perhaps,
            Some(_) => Trust::Yes,
            None => Trust::Perhaps,
        }
    }

    fn take(&mut self, message: &Message<'_>) -> Told {
        let body = message.body;
        match message.kind {
            b'F' => {
                self.formats.add(body);
                Told::Nothing
            }
            b'I' => {
                self.facts.info(body);
                Told::Nothing
            }
            b'M' => {
                self.facts.more_info(body);
                Told::Nothing
            }
            b'Q' => {
                self.facts.parameter_default(body);
                Told::Nothing
            }
            b'P' if !self.in_data => {
                self.facts.parameter(body);
                Told::Nothing
            }
            b'P' => match pair(body) {
                Some((name, value)) => self.text("parameter_changes", self.last_ns, format!("{name} = {value}")),
                None => Told::Nothing,
            },
            b'A' => self.subscribe(body),
            b'R' => {
                if let Some(id) = body.first_chunk() {
                    self.subscribed.remove(&u16::from_le_bytes(*id));
                }
                Told::Nothing
            }
            b'D' => self.data(body),
            b'L' => self.logged(body, 1, String::new()),
            b'C' => {
                let tag = body.get(1..3).and_then(<[u8]>::first_chunk).map_or(0, |tag| u16::from_le_bytes(*tag));
                self.logged(body, 3, format!("/tag_{tag}"))
            }
            b'O' => {
                self.in_data = true;
                let lasted = body.first_chunk().map_or(0, |lasted| u16::from_le_bytes(*lasted));
                self.dropouts = (self.dropouts.0 + 1, self.dropouts.1 + u64::from(lasted));
                let made = self.topics.get("dropouts").copied();
                let Some(lane) = made.or_else(|| self.lane("dropouts", Spec::Dropouts)) else { return Told::Nothing };
                // OK to index: lanes are told by their place.
                self.lanes[lane].times.push(self.last_ns);
                self.lanes[lane].numbers.push(lasted.into());
                self.waiting += 8;
                if made.is_some() { Told::Row(lane) } else { Told::Channel(lane) }
            }
            _ => Told::Nothing,
        }
    }

    /// An `A` message: from now on this number means messages of that name.
    fn subscribe(&mut self, body: &[u8]) -> Told {
        self.in_data = true;
        let (Some((instance, rest)), true) = (body.split_first(), body.len() > 3) else { return Told::Nothing };
        let Some((id, name)) = rest.split_first_chunk() else { return Told::Nothing };
        let name = String::from_utf8_lossy(name).into_owned();
        let layout = self.formats.layout(&name).and_then(|layout| match layout.stamp() {
            Some(_) => Ok(layout),
            None => Err(format!("`{name}` has no `timestamp`")),
        });
        let topic = if *instance == 0 { name.clone() } else { format!("{name}/{instance}") };
        let known = self.topics.get(&topic).copied();
        let Some(lane) =
            known.or_else(|| self.lane(&topic, Spec::Messages { name: &name, instance: *instance, layout: &layout }))
        else {
            return Told::Nothing;
        };
        self.subscribed.insert(u16::from_le_bytes(*id), lane);
        let lane_of = &mut self.lanes[lane];
        // The plan knows a channel before its layout; a format that changed since is not that of the channel.
        let fits = layout.as_ref().is_ok_and(|layout| lane_of.channel.fields.as_ref() == Some(&layout.fields()));
        lane_of.layout = layout.ok().filter(|_| fits);
        if known.is_some() { Told::Nothing } else { Told::Channel(lane) }
    }

    /// A `D` message.
    fn data(&mut self, body: &[u8]) -> Told {
        self.in_data = true;
        let Some((id, message)) = body.split_first_chunk() else { return Told::Nothing };
        let Some(at) = self.subscribed.get(&u16::from_le_bytes(*id)).copied() else {
            self.strangers += 1;
            return Told::Nothing;
        };
        let lane = &mut self.lanes[at];
        let Some(layout) = &lane.layout else { return Told::Odd(at) };
        let stamp = layout.stamp().and_then(|at| message.get(at..)?.first_chunk());
        let time = stamp.and_then(|micros| nanos(u64::from_le_bytes(*micros)));
        let Some(time) = time.filter(|_| message.len() >= layout.least) else { return Told::Odd(at) };
        self.last_ns = self.last_ns.max(time);
        lane.times.push(time);
        // Padding at the end is not logged; what is longer than its format is cut.
        let length = message.len().min(layout.size);
        lane.bytes.extend_from_slice(&message[..length]);
        lane.bytes.resize(lane.times.len() * layout.size, 0);
        self.waiting += layout.size + 8;
        Told::Row(at)
    }

    /// An `L` or `C` message, whose time and text come behind `skip` bytes.
    fn logged(&mut self, body: &[u8], skip: usize, tag: String) -> Told {
        self.in_data = true;
        let (Some(level), Some(rest)) = (body.first(), body.get(skip..)) else { return Told::Nothing };
        let Some((micros, text)) = rest.split_first_chunk() else { return Told::Nothing };
        let time = nanos(u64::from_le_bytes(*micros)).unwrap_or(self.last_ns);
        self.last_ns = self.last_ns.max(time);
        let level = LEVELS.get(usize::from(level.wrapping_sub(b'0'))).copied().unwrap_or("unknown");
        self.text(&format!("logged_messages{tag}/{level}"), time, String::from_utf8_lossy(text).into_owned())
    }

    fn text(&mut self, topic: &str, time: i64, text: String) -> Told {
        let made = self.topics.get(topic).copied();
        let Some(lane) = made.or_else(|| self.lane(topic, Spec::Texts)) else { return Told::Nothing };
        self.waiting += text.len() + 8;
        self.lanes[lane].times.push(time);
        self.lanes[lane].texts.push(text);
        if made.is_some() { Told::Row(lane) } else { Told::Channel(lane) }
    }

    /// A new lane; none where there are too many.
    fn lane(&mut self, topic: &str, spec: Spec<'_>) -> Option<usize> {
        let place = self.lanes.len();
        if place >= CHANNELS_MAX {
            return None;
        }
        let id = u32::try_from(place).ok()?;
        self.topics.insert(topic.to_owned(), place);
        self.lanes.push(Lane::new(Arc::new(spec.channel(id, topic)), None));
        Some(place)
    }
}

impl Lane {
    fn new(channel: Arc<Channel>, layout: Option<Layout>) -> Self {
        let (times, bytes, texts, numbers) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { channel, layout, times, bytes, texts, numbers }
    }

    fn clear(&mut self) {
        self.times.clear();
        self.bytes.clear();
        self.texts.clear();
        self.numbers.clear();
    }

    /// What waits, with its times; without messages where they cannot be made.
    fn take(&mut self) -> Option<(Vec<i64>, Option<StructArray>)> {
        let times = std::mem::take(&mut self.times);
        if times.is_empty() {
            return None;
        }
        let (bytes, texts, numbers) =
            (std::mem::take(&mut self.bytes), std::mem::take(&mut self.texts), std::mem::take(&mut self.numbers));
        let messages = if let Some(layout) = &self.layout {
            columns(layout, &bytes)
        } else if !texts.is_empty() {
            one_column(&self.channel, Arc::new(StringArray::from_iter_values(texts)))
        } else {
            let mut lists = ListBuilder::new(Float64Builder::new());
            for number in numbers {
                lists.values().append_value(number);
                lists.append(true);
            }
            one_column(&self.channel, Arc::new(lists.finish()))
        };
        Some((times, messages))
    }
}

fn one_column(channel: &Channel, column: ArrayRef) -> Option<StructArray> {
    StructArray::try_new(channel.fields.clone()?, vec![column], None).ok()
}

/// What a channel carries.
enum Spec<'a> {
    Messages { name: &'a str, instance: u8, layout: &'a Result<Layout, String> },
    Texts,
    Dropouts,
}

impl Spec<'_> {
    fn channel(&self, id: u32, topic: &str) -> Channel {
        let (fields, undecodable, schema_name) = match self {
            Self::Messages { name, layout: Ok(layout), .. } => (Some(layout.fields()), None, (*name).to_owned()),
            Self::Messages { name, layout: Err(why), .. } => (None, Some(why.clone()), (*name).to_owned()),
            Self::Texts => {
                let fields = Fields::from(vec![Field::new("text", DataType::Utf8, true)]);
                (Some(fields), None, "ulog.feature".to_owned())
            }
            Self::Dropouts => {
                let item = Arc::new(Field::new_list_field(DataType::Float64, true));
                let fields = Fields::from(vec![Field::new("value", DataType::List(item), true)]);
                (Some(fields), None, "ulog.feature".to_owned())
            }
        };
        let mut metadata = BTreeMap::new();
        if let Self::Messages { instance, .. } = self {
            metadata.insert("multi_id".to_owned(), instance.to_string());
        }
        let (names, shape) = match self {
            Self::Dropouts => (vec!["duration_ms".to_owned()], vec![1]),
            Self::Messages { .. } | Self::Texts => (Vec::new(), Vec::new()),
        };
        Channel {
            id,
            topic: topic.to_owned(),
            schema_name,
            encoding: MessageEncoding::Table,
            fields,
            undecodable,
            picture: None,
            names,
            shape,
            rate_hz: None,
            metadata,
            claimed_messages: None,
        }
    }
}
