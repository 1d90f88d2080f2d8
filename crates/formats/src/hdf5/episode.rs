//! From a group to an episode: which datasets are its channels, how many rows it has, and what its clock is.
//!
//! ```text
//!   group ─▶ datasets in it ─┬─ as many rows as most of the others ─▶ a channel
//!                            ├─ one value, or a few ─▶ a fact of the episode
//!                            └─ anything else ─▶ told: by its shape, or as a note where it looks like rows that are missing
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use prairie_model::{Channel, Codec, MessageEncoding, Note, NoteKind, PictureInfo, PixelFormat, SourceEpisode};

use super::column::{Item, Kind, Leaf, number_type};
use super::container::{Dataset, File, GlobalHeaps, HeapId, NumberKind, Rows};
use super::facts::{Facts, Small, small, tell, tell_all, value};
use super::tree::{Head, Tree};
use crate::FormatError;

/// Elements of a dataset that may be a fact.
const FACT_ELEMENTS: u64 = 64;

/// Lengths of rows that are looked into for a coded picture.
const CODED_MIN: u64 = 64;

/// Datasets whose first row is looked into.
const PEEKS_MAX: usize = 256;

/// A picture's smallest side: smaller arrays are numbers.
const SIDE_MIN: u64 = 16;

/// Names of a dataset that says when each row was taken, best first.
const CLOCKS: [&str; 6] = ["timestamp", "timestamps", "time_stamp", "time", "stamp", "t"];

/// Names under which files say how many rows a second has, best first.
const RATES: [&str; 11] = [
    "control_freq",
    "fps",
    "control_frequency",
    "control_hz",
    "frame_rate",
    "frequency",
    "freq",
    "rate_hz",
    "hz",
    "rate",
    "sampling_rate",
];

/// Names under which files say what was to be done, best first.
const TASKS: [&str; 9] = [
    "language_instruction",
    "language_raw",
    "instruction",
    "lang",
    "task_description",
    "language",
    "prompt",
    "task",
    "task_name",
];

/// One dataset of an episode, or a member of its elements.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// The header of the dataset.
    pub(super) address: u64,
    /// Which of the leaves of its type.
    pub(super) leaf: usize,
    pub(super) channel: u32,
    pub(super) rows: u64,
}

/// How rows get their times.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Clock {
    /// The source states a rate.
    Rate(f64),
    /// A dataset has a time for each row, in a unit that its attributes may say; the rate is for when it turns out to have none.
    Stamps { address: u64, unit: Option<String>, otherwise: f64 },
    /// The first number of each row of a dataset is the time in seconds, as MuJoCo writes its states.
    States { address: u64, otherwise: f64 },
    /// Nobody says; this is assumed.
    Assumed(f64),
}

/// An episode.
#[derive(Debug, Clone)]
pub(super) struct Episode {
    pub(super) source: SourceEpisode,
    /// Index of its file in the recording.
    pub(super) file: usize,
    pub(super) parts: Vec<Part>,
    pub(super) rows: u64,
    pub(super) clock: Clock,
    /// What is odd about it, to be told when it is read.
    pub(super) notes: Vec<Note>,
}

/// The channels of a recording.
#[derive(Debug, Default)]
pub(super) struct Channels {
    pub(super) all: Vec<Channel>,
    pub(super) kinds: Vec<Kind>,
    known: BTreeMap<(String, String), u32>,
    /// What the first rows of datasets of bytes began with, by topic.
    peeked: BTreeMap<String, Option<Codec>>,
}

/// What a layout knows of an episode.
pub(super) struct Spec<'s> {
    /// The group.
    pub(super) node: usize,
    pub(super) key: String,
    /// Which datasets are no channels though they have rows, by their topics: the fact says why.
    pub(super) skips: &'s dyn Fn(&str) -> bool,
    /// What the file says about all episodes.
    pub(super) facts: &'s Facts,
    /// Rows per second where the file says nothing.
    pub(super) rate: f64,
    /// A dataset whose rows begin with their time, by its topic.
    pub(super) states: Option<&'s str>,
    /// Whether any number of rows is worth a note that is not that of the others: nobody knows what such datasets are.
    pub(super) is_unknown: bool,
}

/// Makes episodes of one file.
pub(super) struct Builder<'b, 'a> {
    pub(super) file: &'b File<'a>,
    pub(super) tree: &'b Tree,
    pub(super) channels: &'b mut Channels,
}

impl Builder<'_, '_> {
    /// The episode of a group; `None` where it has no rows.
    pub(super) fn episode(&mut self, spec: &Spec<'_>) -> Option<Episode> {
        let base = self.tree.nodes[spec.node].path.len() + 1;
        let all = self.tree.all_datasets(spec.node);
        // Topics are paths without that of the group.
        let topic = |node: usize| self.tree.nodes[node].path[base..].to_owned();
        let rows = common_rows(all.iter().filter(|node| !(spec.skips)(&topic(**node))).filter_map(|node| {
            let head = self.tree.nodes[*node].dataset()?;
            head.rows().filter(|_| has_rows(head))
        }))?;
        let mut facts = Facts::new();
        tell_all(self.file, &mut facts, "", &self.tree.attributes(self.file, spec.node));
        self.group_facts(spec.node, base, &mut facts);
        let mut notes = Vec::new();
        let mut parts = Vec::new();
        let mut skipped = 0_u64;
        let clock = self.clock_dataset(&all, rows, base);
        for node in all {
            let topic = topic(node);
            let Some(head) = self.tree.nodes[node].dataset() else { continue };
            if (spec.skips)(&topic) {
                skipped += 1;
            } else if Some(node) == clock {
                // Its numbers become the times of all others.
            } else if head.rows() == Some(rows) && has_rows(head) {
                self.parts(node, head, &topic, rows, &mut parts);
            } else if let Some(small) = self.fact(head) {
                tell(&mut facts, &topic, &small);
            } else if head.rows().is_some_and(|other| other > 0 && has_rows(head) && looks_short(other, rows)) {
                let other = head.rows().unwrap_or_default();
                let text = format!("`{topic}` has {other} rows, and the others have {rows}");
                let note = Note::new(NoteKind::CountMismatch, text).stream(&topic);
                notes.push(note.numbers(other as f64, Some(rows as f64)));
                self.parts(node, head, &topic, other, &mut parts);
            } else {
                if let Some(other) = head.rows().filter(|_| spec.is_unknown && has_rows(head)) {
                    let text = format!("`{topic}` has {other} rows, and the others have {rows}; it is left out");
                    let note = Note::new(NoteKind::CountMismatch, text).stream(&topic);
                    notes.push(note.numbers(other as f64, Some(rows as f64)));
                }
                let shape: Vec<String> = head.dims.iter().map(u64::to_string).collect();
                facts.insert(format!("{topic}.shape"), shape.join(" x "));
            }
        }
        if skipped > 0 {
            facts.insert("skipped_datasets".to_owned(), skipped.to_string());
        }
        let clock = self.clock(spec, clock, &facts, base);
        let task = TASKS.iter().find_map(|name| named(&facts, name).or_else(|| named(spec.facts, name)));
        let claimed = ["num_samples", "num_steps", "length"].iter().find_map(|name| facts.get(*name)?.parse().ok());
        let source = SourceEpisode {
            key: spec.key.clone(),
            task: task.cloned(),
            claimed_length: Some(claimed.unwrap_or(rows)),
            span: None,
            attributes: facts,
        };
        Some(Episode { source, file: self.file.index(), parts, rows, clock, notes })
    }

    /// What the groups in an episode say, by their paths.
    fn group_facts(&self, node: usize, base: usize, facts: &mut Facts) {
        for group in self.tree.groups(node) {
            let node = &self.tree.nodes[group];
            tell_all(self.file, facts, &format!("{}.", &node.path[base..]), &self.tree.attributes(self.file, group));
            self.group_facts(group, base, facts);
        }
    }

    /// The value of a dataset that is small enough for a fact.
    fn fact(&self, head: &Head) -> Option<Small> {
        let few = head.elements().is_some_and(|elements| elements > 0 && elements <= FACT_ELEMENTS);
        if !few || head.unreadable.is_some() {
            return None;
        }
        let [leaf] = &head.leaves[..] else { return None };
        let mut rows = self.open(head.address).ok()?;
        let mut bytes = Vec::new();
        rows.read(self.file, 0..rows.rows(), &mut bytes).ok()?;
        small(self.file, leaf, head.element, &bytes)
    }

    fn open(&self, address: u64) -> Result<Rows, FormatError> {
        Rows::open(self.file, Dataset::of(self.file, &self.file.header(address)?)?)
    }

    /// The dataset that says when the rows were taken.
    fn clock_dataset(&self, all: &[usize], rows: u64, base: usize) -> Option<usize> {
        let is_clock = |node: usize| {
            let head = self.tree.nodes[node].dataset()?;
            let number = matches!(&head.leaves[..], [Leaf { item: Item::Number(_), dims, .. }] if dims.is_empty());
            let single = head.dims.get(1..)?.iter().all(|dim| *dim == 1);
            let fits = head.rows() == Some(rows) && single && number && head.unreadable.is_none();
            let place = CLOCKS.iter().position(|name| *name == self.tree.nodes[node].name().to_ascii_lowercase())?;
            let depth = self.tree.nodes[node].path[base..].matches('/').count();
            fits.then_some((depth, place, node))
        };
        all.iter().filter_map(|node| is_clock(*node)).min().map(|(.., node)| node)
    }

    fn clock(&self, spec: &Spec<'_>, stamps: Option<usize>, facts: &Facts, base: usize) -> Clock {
        let stated = stated_rate(facts).or_else(|| stated_rate(spec.facts));
        let otherwise = stated.unwrap_or(spec.rate);
        if let Some(node) = stamps {
            let attributes = self.tree.attributes(self.file, node);
            let unit = ["units", "unit"].iter().find_map(|name| value(self.file, attributes.get(*name)?));
            let unit = unit.and_then(|unit| unit.text().map(str::to_owned));
            // OK because only datasets are chosen.
            let address = self.tree.nodes[node].dataset().map_or(0, |head| head.address);
            return Clock::Stamps { address, unit, otherwise };
        }
        if let Some(rate) = stated {
            return Clock::Rate(rate);
        }
        let states = spec.states.and_then(|states| {
            let node = self
                .tree
                .all_datasets(spec.node)
                .into_iter()
                .find(|node| self.tree.nodes[*node].path[base..] == *states)?;
            let head = self.tree.nodes[node].dataset()?;
            let float = matches!(&head.leaves[..], [Leaf { item: Item::Number(number), .. }]
                if number.kind == NumberKind::Float);
            (float && head.dims.len() == 2).then_some(head.address)
        });
        match states {
            Some(address) => Clock::States { address, otherwise },
            None => Clock::Assumed(spec.rate),
        }
    }

    /// Adds the channels of a dataset.
    fn parts(&mut self, node: usize, head: &Head, topic: &str, rows: u64, parts: &mut Vec<Part>) {
        for (place, leaf) in head.leaves.iter().enumerate() {
            let dot = if leaf.path.is_empty() { "" } else { "." };
            let topic = format!("{topic}{dot}{}", leaf.path);
            let (kind, picture) = self.kind(head, leaf, &topic);
            let shape: Vec<u64> = head.dims[1..].iter().chain(&leaf.dims).copied().collect();
            let channel = self.channel(node, topic, leaf, kind, picture, shape);
            let claimed = self.channels.all[channel as usize].claimed_messages.get_or_insert(0);
            *claimed = claimed.saturating_add(rows);
            parts.push(Part { address: head.address, leaf: place, channel, rows });
        }
    }

    fn channel(
        &mut self,
        node: usize,
        topic: String,
        leaf: &Leaf,
        kind: Kind,
        picture: Option<PictureInfo>,
        shape: Vec<u64>,
    ) -> u32 {
        let key = (topic.clone(), format!("{kind:?} {shape:?} {picture:?}"));
        if let Some(known) = self.channels.known.get(&key) {
            return *known;
        }
        let attributes = self.tree.attributes(self.file, node);
        let mut metadata = Facts::new();
        tell_all(self.file, &mut metadata, "", &attributes);
        if picture.is_some() && is_depth(&topic) {
            metadata.insert("is_depth_map".to_owned(), "true".to_owned());
        }
        if !leaf.names.is_empty() {
            let names: Vec<String> = leaf.names.iter().map(|(name, value)| format!("{name}={value}")).collect();
            metadata.insert("enumeration".to_owned(), names.join(", "));
        }
        let width = shape.iter().fold(1_u64, |product, n| product.saturating_mul(*n));
        let names = ["names", "joint_names", "columns", "labels", "fields"].iter().find_map(|name| {
            match value(self.file, attributes.get(*name)?)? {
                Small::Texts(texts) if texts.len() as u64 == width => Some(texts),
                _ => None,
            }
        });
        // OK to cast: there are fewer channels than nodes in a file.
        let id = self.channels.all.len() as u32;
        let undecodable = match &kind {
            Kind::Refused(why) => Some(why.clone()),
            _ => None,
        };
        self.channels.all.push(Channel {
            id,
            topic,
            schema_name: "hdf5.feature".to_owned(),
            encoding: MessageEncoding::Table,
            fields: kind.fields(),
            undecodable,
            picture,
            names: names.unwrap_or_default(),
            shape,
            rate_hz: None,
            metadata,
            claimed_messages: Some(0),
        });
        self.channels.kinds.push(kind);
        self.channels.known.insert(key, id);
        id
    }

    /// What a channel's rows are made of.
    fn kind(&mut self, head: &Head, leaf: &Leaf, topic: &str) -> (Kind, Option<PictureInfo>) {
        let refused = |why: String| (Kind::Refused(why), None);
        if let Some(why) = &head.unreadable {
            return refused(why.clone());
        }
        let whole = head.leaves.len() == 1;
        let inner = &head.dims[1..];
        let per_row = inner.iter().chain(&leaf.dims).fold(1_u64, |product, n| product.saturating_mul(*n));
        match &leaf.item {
            Item::Refused(why) => refused(why.clone()),
            Item::Number(number) => {
                let plain = !number.big_endian && number.bits == (0, 8 * number.size as u32) && leaf.dims.is_empty();
                if whole && plain {
                    if let Some((format, height, width)) = pixels(number.kind, number.size, inner, topic) {
                        return (Kind::Blob, Some(info(Codec::Raw(format), Some((width, height)))));
                    }
                    let bytes = number.kind == NumberKind::Unsigned && number.size == 1;
                    let coded = bytes && inner.len() == 1 && per_row >= CODED_MIN;
                    if let Some(codec) = coded.then(|| self.peek(head, topic)).flatten() {
                        return (Kind::Blob, Some(info(codec, None)));
                    }
                }
                (Kind::Numbers(number_type(*number)), None)
            }
            Item::Text { size, .. } | Item::Bytes(size) if per_row == 1 => {
                let coded = whole && *size as u64 >= CODED_MIN;
                if let Some(codec) = coded.then(|| self.peek(head, topic)).flatten() {
                    return (Kind::Blob, Some(info(codec, None)));
                }
                match (&leaf.item, whole) {
                    (Item::Text { .. }, _) => (Kind::Text, None),
                    (_, true) => (Kind::Blob, None),
                    (_, false) => refused("its bytes are a member of a compound".to_owned()),
                }
            }
            Item::VariableText if per_row == 1 => (Kind::Text, None),
            Item::VariableNumbers(number) if per_row == 1 => {
                if number.size == 1 && number.kind != NumberKind::Bool {
                    let codec = if whole { self.peek(head, topic) } else { None };
                    return (Kind::Blob, codec.map(|codec| info(codec, None)));
                }
                (Kind::Numbers(number_type(*number)), None)
            }
            _ => refused(format!("its rows hold {per_row} texts or lists each")),
        }
    }

    /// How the first row of a dataset of bytes is coded, where it is a picture.
    fn peek(&mut self, head: &Head, topic: &str) -> Option<Codec> {
        if let Some(known) = self.channels.peeked.get(topic) {
            return *known;
        }
        if self.channels.peeked.len() >= PEEKS_MAX {
            return None;
        }
        let codec = self.first_bytes(head).as_deref().and_then(picture_codec);
        self.channels.peeked.insert(topic.to_owned(), codec);
        codec
    }

    fn first_bytes(&self, head: &Head) -> Option<Vec<u8>> {
        let mut rows = self.open(head.address).ok()?;
        let mut bytes = Vec::new();
        rows.read(self.file, 0..1, &mut bytes).ok()?;
        if !matches!(head.leaves.first()?.item, Item::VariableNumbers(_)) {
            return Some(bytes);
        }
        let id = HeapId::parse(self.file, &bytes)?;
        let (address, length) = super::column::variable_place(self.file, &mut GlobalHeaps::default(), id, 1).ok()?;
        self.file.read("a value of variable length", address, length.min(16)).ok()
    }
}

/// How bytes that begin so are coded, where they are a picture.
fn picture_codec(bytes: &[u8]) -> Option<Codec> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some(Codec::Jpeg),
        [0x89, b'P', b'N', b'G', ..] => Some(Codec::Png),
        _ => None,
    }
}

fn is_depth(topic: &str) -> bool {
    topic.to_ascii_lowercase().contains("depth")
}

fn info(codec: Codec, size: Option<(u64, u64)>) -> PictureInfo {
    let side = |side: u64| u32::try_from(side).ok();
    PictureInfo {
        codec,
        width: size.and_then(|(width, _)| side(width)),
        height: size.and_then(|(_, height)| side(height)),
        config: Vec::new(),
        fps: None,
    }
}

/// The format, height and width of rows that are pictures of their own.
fn pixels(kind: NumberKind, size: usize, inner: &[u64], topic: &str) -> Option<(PixelFormat, u64, u64)> {
    let (height, width, channels) = match *inner {
        [height, width] => (height, width, 1),
        [height, width, channels] => (height, width, channels),
        _ => return None,
    };
    if height < SIDE_MIN || width < SIDE_MIN {
        return None;
    }
    let format = match (kind, size, channels) {
        (NumberKind::Unsigned, 1, 1) => PixelFormat::Mono8,
        (NumberKind::Unsigned, 1, 3) => PixelFormat::Rgb8,
        (NumberKind::Unsigned, 1, 4) => PixelFormat::Rgba8,
        (NumberKind::Unsigned, 2, 1) => PixelFormat::Mono16,
        (NumberKind::Float, 4, 1) if is_depth(topic) => PixelFormat::Float32,
        _ => return None,
    };
    Some((format, height, width))
}

/// Whether a dataset has rows of something.
fn has_rows(head: &Head) -> bool {
    head.rows().is_some_and(|rows| rows > 0) && head.dims[1..].iter().all(|dim| *dim > 0)
}

/// Whether so many rows look like some that are missing, or too many, rather than like something else.
fn looks_short(rows: u64, common: u64) -> bool {
    common >= 8 && rows >= common / 2 && rows <= common.saturating_mul(2)
}

/// The number of rows that most datasets have; of several, the largest.
pub(super) fn common_rows(rows: impl Iterator<Item = u64>) -> Option<u64> {
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    rows.for_each(|rows| *counts.entry(rows).or_default() += 1);
    counts.into_iter().max_by_key(|(rows, count)| (*count, *rows)).map(|(rows, _)| rows)
}

/// What the facts say under a name, wherever it stands in them.
fn named<'f>(facts: &'f Facts, name: &str) -> Option<&'f String> {
    let last = |key: &str| key.rsplit(['.', '/']).next() == Some(name);
    facts.get(name).or_else(|| facts.iter().find(|(key, _)| last(key)).map(|(_, value)| value))
}

/// The rate that the facts state.
pub(super) fn stated_rate(facts: &Facts) -> Option<f64> {
    let good = |rate: &f64| rate.is_finite() && *rate > 0.0 && *rate <= 100_000.0;
    let rate = RATES.iter().find_map(|name| named(facts, name)?.trim().parse().ok().filter(good));
    rate.or_else(|| {
        let step: f64 = named(facts, "dt")?.trim().parse().ok()?;
        Some(1.0 / step).filter(good)
    })
}

/// Channels as the plan has them.
pub(super) fn shared(channels: Vec<Channel>) -> Vec<Arc<Channel>> {
    channels.into_iter().map(Arc::new).collect()
}
