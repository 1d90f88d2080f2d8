//! A data set as its descriptions and a first look at its records show it: channels, episodes, tasks.

use std::collections::BTreeMap;
use std::sync::Arc;

use prairie_model::{
    Channel, Codec, MessageEncoding, Note, NoteKind, PictureInfo, RecordingPlan, Source, SourceEpisode,
};

use super::example::{Index, Kind as List, Values, count, index};
use super::features::{Dtype, Kind, Leaf, Level, Storage, leaves};
use super::info::{ATTRIBUTE_MAX_BYTES, FEATURES, INFO, Info, Shard, is_records, json};
use super::rates;
use super::record::{Found, Record, Walk};
use super::rows::fields;
use super::window::{Stop, Window};
use crate::FormatError;

/// Bytes of a record: Protocol Buffers know no longer messages. An hour of four cameras has some hundred megabytes.
pub(super) const RECORD_MAX_BYTES: u64 = (1 << 31) - 1;

/// Episodes of a recording. The largest known data sets have half a million.
pub(super) const EPISODES_MAX: usize = 1 << 20;

/// Bytes that are read at once while only keys and texts are looked at.
const SKIM_BYTES: u64 = 4096;

/// Bytes of the texts of one feature of an episode that are compared to find its task.
const TEXTS_MAX_BYTES: u64 = 4 << 20;

/// Bytes of attributes of all episodes.
const ATTRIBUTES_MAX_BYTES: usize = 96 << 20;

/// Numbers of an attribute.
const ATTRIBUTE_NUMBERS_MAX: u64 = 64;

/// What features are called that say what to do, the best first.
const INSTRUCTIONS: [&str; 5] =
    ["language_instruction", "natural_language_instruction", "instruction", "task_description", "task"];

/// What features are called that say when a step was, and nanoseconds per unit; `None` where the numbers have to say.
const STAMPS: [(&str, Option<f64>); 6] = [
    ("timestamp", None),
    ("timestamp_s", Some(1e9)),
    ("timestamp_ms", Some(1e6)),
    ("timestamp_us", Some(1e3)),
    ("timestamp_ns", Some(1.0)),
    ("timestamps", None),
];

/// When the steps of an episode were.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Clock {
    /// The leaf that says so, and nanoseconds per unit of it where its name says.
    pub(super) stamps: Option<(usize, Option<f64>)>,
    /// Steps per second where nothing says so, or what says so makes no sense.
    pub(super) rate_hz: f64,
    /// Whether the rate is that of a known data set.
    pub(super) is_known: bool,
}

/// A data set, before any record is read.
pub(super) struct Dataset {
    pub(super) info: Info,
    pub(super) leaves: Vec<Leaf>,
    /// Numbers of the keys that records may have: twice that of the leaf for its values, and one more for its lengths.
    pub(super) keys: BTreeMap<String, usize>,
    /// The leaf of each channel.
    pub(super) channels: Vec<usize>,
    pub(super) clock: Clock,
}

/// Whether the folder holds records of TFDS and the tree of their features.
pub(super) fn is_rlds(source: &dyn Source) -> bool {
    let described = source.find(FEATURES).is_some() && source.files().iter().any(|file| is_records(&file.path));
    described
        && match json(source, FEATURES) {
            Ok(value) => leaves(&value).is_some(),
            // One that is damaged is claimed, so that the error can say what is wrong with it.
            Err(_) => source.find(INFO).is_some(),
        }
}

impl Dataset {
    pub(super) fn load(source: &dyn Source) -> Result<Self, FormatError> {
        let unusable = |why: &str| FormatError::Unsupported(format!("`{FEATURES}` {why}"));
        let (leaves, steps) =
            leaves(&json(source, FEATURES)?).ok_or_else(|| unusable("is no tree of features of TFDS"))?;
        if steps.is_none() {
            return Err(unusable("has no feature of the class `Dataset`, so that records are no episodes of steps"));
        }
        let info = Info::load(source)?;
        let mut keys = BTreeMap::new();
        for (number, leaf) in leaves.iter().enumerate() {
            let ranks = leaf.sequences + u32::from(leaf.level == Level::Step);
            let key = &leaf.key;
            keys.insert(key.clone(), 2 * number);
            if ranks > 1 {
                keys.insert(format!("{key}/ragged_flat_values"), 2 * number);
                (0..ranks - 1).for_each(|rank| {
                    // Only the lengths of the outermost are asked for; deeper ones belong to what is not read.
                    let number = if rank == 0 { 2 * number + 1 } else { usize::MAX };
                    keys.insert(format!("{key}/ragged_row_lengths_{rank}"), number);
                });
            }
            if leaf.is_dynamic() {
                keys.insert(format!("{key}/value"), 2 * number);
                keys.insert(format!("{key}/shape"), 2 * number + 1);
            }
        }
        let channels = (0..leaves.len()).filter(|at| !is_attribute(&leaves[*at])).collect();
        let known = info.name.as_deref().and_then(rates::known);
        let stamps = STAMPS.iter().find_map(|(name, unit)| {
            let is_it = |leaf: &Leaf| {
                let is_number =
                    matches!(leaf.kind, Kind::Numbers(..)) && leaf.width() == Some(1) && leaf.sequences == 0;
                leaf.level == Level::Step && leaf.name() == *name && is_number
            };
            Some((leaves.iter().position(is_it)?, *unit))
        });
        let clock = Clock { stamps, rate_hz: known.unwrap_or(rates::DEFAULT_HZ), is_known: known.is_some() };
        Ok(Self { info, leaves, keys, channels, clock })
    }

    /// The plan of the recording. Keys and texts of every record are looked at, since there is no index that has them.
    pub(super) fn plan(&self, source: &dyn Source) -> Result<RecordingPlan, FormatError> {
        let mut notes = self.info.notes.clone();
        if self.clock.stamps.is_none() {
            notes.push(self.clock.note(self.info.name.as_deref()));
        }
        for leaf in &self.leaves {
            if let Kind::Unread(why) = &leaf.kind {
                let text = format!("feature `{}` is left undecoded: {why}", leaf.key);
                notes.push(Note::new(NoteKind::Unmapped, text).stream(&leaf.topic).in_file(FEATURES));
            }
        }
        let mut episodes = Vec::new();
        let mut codecs = BTreeMap::new();
        let mut room = ATTRIBUTES_MAX_BYTES;
        for shard in &self.info.shards {
            let records = self.episodes_of(source, shard, &mut episodes, &mut codecs, &mut room)?;
            if let Some(claimed) = shard.claimed.filter(|claimed| *claimed != records) {
                let text = format!("`{}` has {records} records, `{INFO}` claims {claimed}", shard.path);
                let note = Note::new(NoteKind::CountMismatch, text).in_file(&shard.path);
                notes.push(note.numbers(records as f64, Some(claimed as f64)));
            }
        }
        if episodes.len() >= EPISODES_MAX {
            let text = format!("only the first {EPISODES_MAX} episodes are read");
            notes.push(Note::new(NoteKind::IndexWrong, text));
        }
        let channels = (0_u32..).zip(&self.channels);
        let channels = channels.map(|(id, leaf)| Arc::new(self.channel(id, *leaf, codecs.get(leaf).copied())));
        Ok(RecordingPlan {
            format: "rlds".to_owned(),
            profile: self.info.version.clone(),
            writer: None,
            channels: channels.collect(),
            episodes,
            span: None,
            claimed_messages: None,
            attributes: self.info.attributes.clone(),
            notes,
        })
    }

    /// Adds an episode for each record of a file, and says how many records there are.
    fn episodes_of(
        &self,
        source: &dyn Source,
        shard: &Shard,
        episodes: &mut Vec<SourceEpisode>,
        codecs: &mut BTreeMap<usize, Codec>,
        room: &mut usize,
    ) -> Result<u64, FormatError> {
        let mut records = 0_u64;
        let mut walk = Walk::new(source, shard.file);
        while let Some(found) = walk.next()? {
            // Damage is told when the records are read.
            let Found::Record(record) = found else { continue };
            if episodes.len() < EPISODES_MAX {
                let mut episode = self.skim(source, shard, record, codecs)?;
                episode.key = format!("{}/{records:06}", shard.path);
                let size: usize = episode.attributes.iter().map(|(key, value)| key.len() + value.len()).sum();
                match room.checked_sub(size) {
                    Some(left) => *room = left,
                    None => episode.attributes.clear(),
                }
                episodes.push(episode);
            }
            records += 1;
        }
        Ok(records)
    }

    /// What keys, texts and small numbers of a record say about its episode. What is damaged says nothing here.
    fn skim(
        &self,
        source: &dyn Source,
        shard: &Shard,
        record: Record,
        codecs: &mut BTreeMap<usize, Codec>,
    ) -> Result<SourceEpisode, FormatError> {
        let mut episode = SourceEpisode::default();
        episode.attributes.extend(shard.split.clone().map(|split| ("split".to_owned(), split)));
        if record.length > RECORD_MAX_BYTES {
            return Ok(episode);
        }
        let mut window = Window::new(source, shard.file, record, SKIM_BYTES);
        let mut found = Index::default();
        failed(index(&mut window, (record.start, record.end()), &self.keys, &mut found))?;
        let mut smallest = None;
        for (number, leaf) in self.leaves.iter().enumerate() {
            let Some(&place) = found.places.get(&(2 * number)) else { continue };
            let mut values = Values::new(place);
            match (&leaf.kind, leaf.level) {
                (Kind::Text, _) if leaf.sequences == 0 && place.end - place.start <= TEXTS_MAX_BYTES => {
                    if let Some(Some(text)) = failed(constant(&mut window, values))?
                        && (1..=ATTRIBUTE_MAX_BYTES).contains(&text.len())
                    {
                        episode.attributes.insert(leaf.key.clone(), text);
                    }
                }
                (Kind::Numbers(dtype, Storage::List), Level::Episode) if is_attribute(leaf) => {
                    let text =
                        failed(numbers_text(&mut window, &mut values, *dtype, leaf.shape.is_empty(), place.kind))?;
                    episode.attributes.extend(text.flatten().map(|text| (leaf.key.clone(), text)));
                }
                (Kind::Image(_), _) if !codecs.contains_key(&number) => {
                    codecs.extend(failed(first_codec(&mut window, values))?.flatten().map(|codec| (number, codec)));
                }
                _ => {}
            }
            let is_single = leaf.width() == Some(1) && leaf.sequences == 0 && !matches!(leaf.kind, Kind::Unread(_));
            if leaf.level == Level::Step && is_single {
                let size = place.end - place.start;
                smallest = smallest.filter(|(least, _)| *least <= size).or(Some((size, place)));
            }
        }
        if let Some((size, place)) = smallest
            && size <= TEXTS_MAX_BYTES
        {
            episode.claimed_length = failed(count(&mut window, place))?;
        }
        episode.task = self.task(&episode.attributes);
        Ok(episode)
    }

    /// The text that says what to do, where it is the same in all of the episode.
    fn task(&self, attributes: &BTreeMap<String, String>) -> Option<String> {
        INSTRUCTIONS.iter().find_map(|name| {
            let texts = self.leaves.iter().filter(|leaf| leaf.kind == Kind::Text && leaf.name() == *name);
            texts.filter_map(|leaf| attributes.get(&leaf.key)).find(|text| !text.trim().is_empty()).cloned()
        })
    }

    fn channel(&self, id: u32, leaf: usize, codec: Option<Codec>) -> Channel {
        // OK to index: channels are made of leaves.
        let leaf = &self.leaves[leaf];
        let size = |axis: usize| leaf.shape.get(axis).copied().flatten().and_then(|size| u32::try_from(size).ok());
        let declared = |format: Codec| {
            Some(PictureInfo { codec: format, width: size(1), height: size(0), config: Vec::new(), fps: None })
        };
        Channel {
            id,
            topic: leaf.topic.clone(),
            schema_name: "rlds.feature".to_owned(),
            encoding: MessageEncoding::Table,
            fields: fields(&leaf.kind),
            undecodable: match &leaf.kind {
                Kind::Unread(why) => Some(why.clone()),
                _ => None,
            },
            picture: match &leaf.kind {
                // Floats lie in the four bytes of a pixel: no decoder of pictures gives them back.
                Kind::Image(_) if leaf.metadata.get("dtype").is_some_and(|dtype| dtype == "float32") => {
                    declared(Codec::Other)
                }
                Kind::Image(format) => declared(codec.unwrap_or(match format.as_deref() {
                    Some("jpeg") => Codec::Jpeg,
                    Some("png") => Codec::Png,
                    _ => Codec::Other,
                })),
                Kind::Pixels(format) => declared(Codec::Raw(*format)),
                _ => None,
            },
            names: Vec::new(),
            shape: match leaf.kind {
                // A step of a sequence has as many elements as it has.
                _ if leaf.sequences > 0 => Vec::new(),
                Kind::Numbers(..) if leaf.shape.is_empty() => vec![1],
                _ => leaf.shape.iter().copied().collect::<Option<Vec<u64>>>().unwrap_or_default(),
            },
            rate_hz: None,
            metadata: leaf.metadata.clone(),
            claimed_messages: None,
        }
    }
}

impl Clock {
    /// Says where the times come from.
    fn note(&self, name: Option<&str>) -> Note {
        let whose = match name.filter(|_| self.is_known) {
            Some(name) => format!("the rate of the data set `{name}` in Open X-Embodiment"),
            None => "a default, since the data set is not known".to_owned(),
        };
        let text = format!("the recording states no rate; steps are taken as 1/{} s apart, {whose}", self.rate_hz);
        Note::new(NoteKind::TimeInvalid, text).in_file(FEATURES)
    }
}

/// Whether a leaf is told as an attribute of its episode, and not as a message.
pub(super) fn is_attribute(leaf: &Leaf) -> bool {
    leaf.level == Level::Episode
        && leaf.sequences == 0
        && match leaf.kind {
            Kind::Text => true,
            Kind::Numbers(_, Storage::List) => leaf.width().is_some_and(|width| width <= ATTRIBUTE_NUMBERS_MAX),
            _ => false,
        }
}

/// Damage is told when the record is read; only a failing source is an error here.
fn failed<T>(result: Result<T, Stop>) -> Result<Option<T>, FormatError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Stop::Broken { .. }) => Ok(None),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// The text that all texts of a list are; `None` where they differ, or there is none.
fn constant(window: &mut Window<'_>, mut values: Values) -> Result<Option<String>, Stop> {
    let Some((start, end)) = values.bytes(window)? else { return Ok(None) };
    let first = window.bytes(start, end)?.to_vec();
    while let Some((start, end)) = values.bytes(window)? {
        if window.bytes(start, end)? != first {
            return Ok(None);
        }
    }
    Ok(String::from_utf8(first).ok())
}

/// Numbers as text: one by itself, several as a JSON list.
fn numbers_text(
    window: &mut Window<'_>,
    values: &mut Values,
    dtype: Dtype,
    is_single: bool,
    list: List,
) -> Result<Option<String>, Stop> {
    // OK to cast: a small constant.
    let most = ATTRIBUTE_NUMBERS_MAX as usize;
    let texts: Vec<String> = match list {
        List::Integers => {
            let mut numbers = Vec::new();
            values.integers(window, most, &mut numbers)?;
            let text = |number: &i64| match dtype {
                Dtype::Bool => (*number != 0).to_string(),
                _ => number.to_string(),
            };
            numbers.iter().map(text).collect()
        }
        List::Floats => {
            let mut numbers = Vec::new();
            values.floats(window, most, &mut numbers)?;
            numbers.iter().map(f32::to_string).collect()
        }
        List::Bytes => return Ok(None),
    };
    Ok(match &texts[..] {
        [] => None,
        [only] if is_single => Some(only.clone()),
        _ => Some(format!("[{}]", texts.join(","))),
    })
}

/// How the first picture of a list is coded, by its own first bytes.
fn first_codec(window: &mut Window<'_>, mut values: Values) -> Result<Option<Codec>, Stop> {
    let Some((start, end)) = values.bytes(window)? else { return Ok(None) };
    let head = window.bytes(start, end.min(start + 8))?;
    Ok(match head {
        [0x89, b'P', b'N', b'G', ..] => Some(Codec::Png),
        [0xff, 0xd8, 0xff, ..] => Some(Codec::Jpeg),
        [] => None,
        _ => Some(Codec::Other),
    })
}
