//! Streams a store: episode by episode, and in an episode feature by feature in stretches of rows.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray, StructArray};
use prairie_model::{
    BlobColumns, BlobRef, Channel, Compression, Hash256, MessageBatch, Nanos, Note, NoteKind, Payload, ReadEvent,
    ReadOptions, ReadSummary, RecordingPlan, Source,
};
use sha2::{Digest, Sha256};

use super::array::{Array, Cache};
use super::clock::{LOOKED_AT, RATE_HZ, UMI_RATE_HZ, Unit, on_grid};
use super::layout::{Episode, Layout, Rows};
use super::meta::ArrayMeta;
use super::nodes::Nodes;
use super::picture::{Pictures, View, place};
use super::plan::fields_of;
use super::store::Store;
use crate::FormatError;
use crate::blob::hash_at;

/// Rows of which feature after feature comes.
const STRETCH_ROWS: u64 = 1 << 16;
/// Rows of one batch, and bytes of its numbers.
const BATCH_ROWS: u64 = 4096;
const BATCH_BYTES: u64 = 8 << 20;
/// Places of damage that are told one by one, of each array.
const NAMED_MAX: u64 = 16;

/// Why reading stops before the end.
enum Stop {
    /// The sink wants no more.
    Broken,
    Failed(FormatError),
}

impl From<FormatError> for Stop {
    fn from(error: FormatError) -> Self {
        Self::Failed(error)
    }
}

type Step<T = ()> = Result<T, Stop>;

/// One array of the store, and what was seen of it.
struct Open {
    array: Array,
    pictures: Option<Pictures>,
    /// Bands that are damaged, by their first row.
    broken: BTreeSet<u64>,
    /// Whether no more of it is tried.
    given_up: bool,
    told: u64,
    lost: u64,
}

struct Reading<'a> {
    store: &'a Store<'a>,
    nodes: &'a Nodes,
    layout: &'a Layout,
    channels: &'a [Arc<Channel>],
    options: &'a ReadOptions,
    sink: &'a mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    summary: ReadSummary,
    cache: Cache,
    open: BTreeMap<usize, Open>,
    /// The unit of each array of times; `None` where it holds none.
    units: BTreeMap<usize, Option<Unit>>,
    lost: u64,
}

/// The times of the rows of an episode.
struct Times {
    clock: Option<(usize, Unit)>,
    /// The first stamp of the episode.
    origin: Vec<u8>,
    rate_hz: f64,
    first_row: u64,
    /// Rows without a time of their own.
    derived: u64,
}

/// Reads all of it.
pub(super) fn read(
    source: &dyn Source,
    plan: &RecordingPlan,
    options: &ReadOptions,
    sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
) -> Result<ReadSummary, FormatError> {
    let store = Store::open(source)?;
    let nodes = Nodes::load(&store)?;
    let layout = Layout::new(&store, &nodes)?;
    if plan.channels.len() != layout.features.len() || plan.episodes.len() != layout.episodes.len() {
        return Err(FormatError::Unsupported("the plan is not of this store".to_owned()));
    }
    let mut reading = Reading {
        store: &store,
        nodes: &nodes,
        layout: &layout,
        channels: &plan.channels,
        options,
        sink,
        summary: ReadSummary::default(),
        cache: Cache::default(),
        open: BTreeMap::new(),
        units: BTreeMap::new(),
        lost: 0,
    };
    let is_damage = |note: &Note| matches!(note.kind, NoteKind::Corrupt | NoteKind::Truncated);
    let whole = !layout.notes.iter().any(is_damage);
    let done = reading.all();
    let mut summary = reading.summary;
    summary.lost = Some(reading.lost);
    summary.complete = whole && reading.lost == 0;
    match done {
        Ok(()) => {}
        Err(Stop::Broken) => summary.complete = false,
        Err(Stop::Failed(error)) => return Err(error),
    }
    Ok(summary)
}

impl<'a> Reading<'a> {
    fn send(&mut self, event: ReadEvent) -> Step {
        match (self.sink)(event) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Stop::Broken),
        }
    }

    fn all(&mut self) -> Step {
        let layout = self.layout;
        for (ordinal, episode) in (0_u32..).zip(&layout.episodes) {
            if self.options.episodes.as_ref().is_some_and(|wanted| !wanted.contains(&ordinal)) {
                continue;
            }
            self.episode(ordinal, episode)?;
        }
        self.ending()
    }

    fn episode(&mut self, ordinal: u32, episode: &Episode) -> Step {
        // OK to index: the layout made the episode for one of its sets.
        let set = &self.layout.sets[episode.set];
        let mut times = self.times(episode)?;
        let mut delivered = 0;
        let mut from = episode.from;
        while from < episode.to {
            let to = from.saturating_add(STRETCH_ROWS).min(episode.to);
            let mut stamps: Option<Vec<i64>> = None;
            for (id, at) in set.members.iter().copied() {
                if self.options.channels.as_ref().is_some_and(|wanted| !wanted.contains(&id)) {
                    continue;
                }
                let Some(channel) = self.channels.get(id as usize) else { continue };
                let rows =
                    self.nodes.arrays.get(at).and_then(|node| node.meta.as_ref().ok()).map_or(0, ArrayMeta::rows);
                if self.given_up(at) || from >= rows {
                    continue;
                }
                let stamps = match &stamps {
                    Some(stamps) => stamps,
                    None => {
                        let found = self.stamps(&mut times, from, to)?;
                        stamps.insert(found)
                    }
                };
                let part = Part { channel, episode: ordinal, at, from, to: to.min(rows), stamps };
                delivered += self.deliver(&part)?;
            }
            from = to;
        }
        if times.derived > 0 {
            let text = format!(
                "{} of {} stamps are no times; their rows are taken as 1/{} s apart",
                times.derived,
                episode.to - episode.from,
                times.rate_hz
            );
            let note = Note::new(NoteKind::TimeInvalid, text).episode(Some(ordinal));
            self.send(ReadEvent::Note(note.numbers(times.derived as f64, Some(0.0))))?;
        }
        // An episode without rows is missing, not empty.
        match delivered > 0 {
            true => self.send(ReadEvent::EpisodeEnd(ordinal)),
            false => Ok(()),
        }
    }

    /// How the rows of an episode are timed.
    fn times(&mut self, episode: &Episode) -> Step<Times> {
        let set = &self.layout.sets[episode.set];
        let usual = if self.layout.is_umi { UMI_RATE_HZ } else { RATE_HZ };
        let rate_hz = set.rate_hz.unwrap_or(usual);
        let mut times = Times { clock: None, origin: Vec::new(), rate_hz, first_row: episode.from, derived: 0 };
        let Some(at) = set.clock.filter(|_| episode.from < episode.to) else { return Ok(times) };
        let unit = self.unit(at)?;
        let first = self.bytes(at, episode.from, episode.from + 1)?;
        if let (Some(unit), Some(first)) = (unit, first) {
            times.clock = Some((at, unit));
            times.origin = first;
        }
        Ok(times)
    }

    fn unit(&mut self, at: usize) -> Step<Option<Unit>> {
        if let Some(unit) = self.units.get(&at) {
            return Ok(*unit);
        }
        let Some(node) = self.nodes.arrays.get(at) else { return Ok(None) };
        let Ok(meta) = &node.meta else { return Ok(None) };
        let stated = ["units", "unit"].iter().find_map(|key| node.attributes.get(*key)).map(String::as_str);
        let values = self.bytes(at, 0, meta.rows().min(LOOKED_AT))?.unwrap_or_default();
        let unit = Unit::of(meta.element, stated, &values);
        self.units.insert(at, unit);
        Ok(unit)
    }

    /// The times of rows.
    fn stamps(&mut self, times: &mut Times, from: u64, to: u64) -> Step<Vec<i64>> {
        let grid = |row: u64| on_grid(row - times.first_row, times.rate_hz);
        let Some((at, unit)) = times.clock else { return Ok((from..to).map(grid).collect()) };
        let meta = self.nodes.arrays.get(at).and_then(|node| node.meta.as_ref().ok());
        let Some(element) = meta.map(|meta| meta.element) else { return Ok((from..to).map(grid).collect()) };
        let Some(bytes) = self.bytes(at, from, to)? else {
            times.derived += to - from;
            return Ok((from..to).map(|row| on_grid(row - times.first_row, times.rate_hz)).collect());
        };
        let mut stamps = bytes.chunks_exact(element.size);
        let mut derived = 0;
        let found = (from..to)
            .map(|row| {
                let stamp = stamps.next().and_then(|stamp| unit.since(element, &times.origin, stamp));
                stamp.unwrap_or_else(|| {
                    derived += 1;
                    grid(row)
                })
            })
            .collect();
        times.derived += derived;
        Ok(found)
    }

    /// The bytes of rows of an array; `None` where they are damaged or not there.
    fn bytes(&mut self, at: usize, from: u64, to: u64) -> Step<Option<Vec<u8>>> {
        let (cache, store) = (&mut self.cache, self.store);
        let Some(open) = open(&mut self.open, self.store, self.nodes, at) else { return Ok(None) };
        if open.array.meta.rows() < to {
            return Ok(None);
        }
        let mut out = Vec::new();
        let mut row = from;
        while row < to {
            let end = open.array.band_end(row).min(to);
            match open.array.rows(store, cache, row, end - row, &mut out) {
                Ok(()) => row = end,
                Err(error @ FormatError::Io { .. }) => return Err(error.into()),
                Err(_damage) => return Ok(None),
            }
        }
        Ok(Some(out))
    }

    fn given_up(&self, at: usize) -> bool {
        self.open.get(&at).is_some_and(|open| open.given_up)
    }

    /// Delivers rows of one array, and says how many.
    fn deliver(&mut self, part: &Part<'_>) -> Step<u64> {
        // OK to index: there are as many channels as features.
        let rows = self.layout.features[part.channel.id as usize].rows;
        let mut at = part.from;
        let mut delivered = 0;
        while at < part.to {
            let (end, payload, damage) = self.batch(part, rows, at)?;
            if let Some(payload) = payload {
                let count = end - at;
                delivered += count;
                self.send_batch(part, at, count, payload)?;
            }
            at = end;
            if let Some(error) = damage {
                at = self.damaged(part, end, error)?;
            }
        }
        Ok(delivered)
    }

    /// As many rows from `at` on as one batch takes, up to the first damage.
    fn batch(&mut self, part: &Part<'_>, rows: Rows, at: u64) -> Step<(u64, Option<StructArray>, Option<FormatError>)> {
        let options = self.options;
        let (cache, store) = (&mut self.cache, self.store);
        let Some(open) = open(&mut self.open, self.store, self.nodes, part.at) else {
            return Ok((part.to, None, None));
        };
        let row_bytes = (open.array.meta.row_bytes() as u64).max(1);
        let most = match rows {
            Rows::Numbers | Rows::Texts => (BATCH_BYTES / row_bytes).clamp(1, BATCH_ROWS),
            Rows::Pixels(_) | Rows::Coded(_) => BATCH_ROWS,
        };
        let until = at.saturating_add(most).min(part.to);
        let (mut end, mut damage) = (at, None);
        let mut gathered = Gathered::default();
        let node = &self.nodes.arrays[part.at];
        while end < until && damage.is_none() {
            let next = open.array.band_end(end).min(until);
            if open.broken.contains(&band_of(&open.array, end)) {
                damage = Some(FormatError::Unsupported(String::new()));
                break;
            }
            let got = match rows {
                Rows::Numbers => open.array.rows(store, cache, end, next - end, &mut gathered.bytes).map(|()| next),
                Rows::Texts if open.array.meta.is_texts => open.array.texts(store, end, next - end).map(|texts| {
                    gathered.texts.extend(texts);
                    next
                }),
                Rows::Texts => open.array.rows(store, cache, end, next - end, &mut gathered.bytes).map(|()| next),
                Rows::Pixels(view) => {
                    let file = u32::try_from(node.file).unwrap_or(u32::MAX);
                    picture(store, open, cache, &view, (file, node.offset), end).map(|blob| {
                        gathered.blobs.push(blob);
                        end + 1
                    })
                }
                Rows::Coded(_) => coded(store, open, options.verify, end).map(|blob| {
                    gathered.blobs.push(blob);
                    end + 1
                }),
            };
            match got {
                Ok(next) => end = next,
                Err(error @ FormatError::Io { .. }) => return Err(error.into()),
                Err(error) => damage = Some(error),
            }
        }
        let payload = (end > at).then(|| gathered.finish(rows, &open.array.meta, end - at)).flatten();
        Ok((end, payload, damage))
    }

    fn send_batch(&mut self, part: &Part<'_>, at: u64, count: u64, payload: StructArray) -> Step {
        // OK to cast: rows of one stretch.
        let skip = (at - part.start()) as usize;
        let log_time: Vec<i64> = part.stamps.iter().copied().skip(skip).take(count as usize).collect();
        let span = log_time.iter().copied().min().zip(log_time.iter().copied().max());
        self.summary.count(part.channel.id, count, span.map(|(first, last)| (Nanos(first), Nanos(last))));
        let batch = MessageBatch {
            channel: Arc::clone(part.channel),
            episode: Some(part.episode),
            log_time,
            publish_time: Vec::new(),
            payload: Payload::Decoded(payload),
        };
        self.send(ReadEvent::Batch(batch))
    }

    /// Tells damage at a row, and says where to go on.
    fn damaged(&mut self, part: &Part<'_>, row: u64, error: FormatError) -> Step<u64> {
        let Some(open) = self.open.get_mut(&part.at) else { return Ok(part.to) };
        if let FormatError::Unsupported(why) = &error
            && !why.is_empty()
        {
            // What is not there without end is not delivered without end.
            open.given_up = true;
            let lost = open.array.meta.rows().saturating_sub(row);
            self.lost = self.lost.saturating_add(lost);
            let note = Note::new(NoteKind::FileMissing, format!("`{}`: {why}", part.channel.topic));
            let note = note.stream(&part.channel.topic).episode(Some(part.episode)).numbers(lost as f64, Some(0.0));
            self.send(ReadEvent::Note(note))?;
            return Ok(part.to);
        }
        let end = open.array.band_end(row).min(part.to);
        let lost = end - row;
        open.lost += lost;
        self.lost = self.lost.saturating_add(lost);
        let is_new = open.broken.insert(band_of(&open.array, row));
        open.told += u64::from(is_new);
        if is_new && open.told <= NAMED_MAX {
            let note = error.into_note()?.stream(&part.channel.topic).episode(Some(part.episode));
            self.send(ReadEvent::Note(note))?;
        }
        Ok(end)
    }

    /// What is told of arrays when everything was read.
    fn ending(&mut self) -> Step {
        let mut notes = Vec::new();
        for (at, open) in &self.open {
            let Some(node) = self.nodes.arrays.get(*at) else { continue };
            if open.lost > 0 {
                let text =
                    format!("{} rows of `{}` lie in {} damaged chunks, and are lost", open.lost, node.path, open.told);
                notes.push(Note::new(NoteKind::Corrupt, text).stream(&node.path).numbers(open.lost as f64, Some(0.0)));
            }
            let filled = open.array.filled;
            if filled > 0 {
                let text = format!(
                    "{filled} rows of `{}` lie in chunks that are not there, and have the array's fill value",
                    node.path
                );
                // Version 3 leaves chunks out that hold nothing else; version 2 writes them, unless it is told not to.
                let kind = if self.nodes.version == 3 { NoteKind::IndexMissing } else { NoteKind::FileMissing };
                notes.push(Note::new(kind, text).stream(&node.path).numbers(filled as f64, Some(0.0)));
            }
        }
        notes.into_iter().try_for_each(|note| self.send(ReadEvent::Note(note)))
    }
}

/// Rows of one array in one episode.
struct Part<'a> {
    channel: &'a Arc<Channel>,
    episode: u32,
    at: usize,
    from: u64,
    to: u64,
    /// The times of the rows from `from` on.
    stamps: &'a [i64],
}

impl Part<'_> {
    fn start(&self) -> u64 {
        self.from
    }
}

/// What a batch is made of.
#[derive(Default)]
struct Gathered {
    bytes: Vec<u8>,
    texts: Vec<String>,
    blobs: Vec<BlobRef>,
}

impl Gathered {
    fn finish(self, rows: Rows, meta: &ArrayMeta, count: u64) -> Option<StructArray> {
        let count = usize::try_from(count).ok()?;
        let column: ArrayRef = match rows {
            Rows::Numbers => Arc::new(meta.element.lists(&self.bytes, count, meta.row_elements())?),
            Rows::Texts if meta.is_texts => Arc::new(StringArray::from_iter_values(self.texts)),
            Rows::Texts => Arc::new(meta.element.texts(&self.bytes)),
            Rows::Pixels(_) | Rows::Coded(_) => {
                let mut columns = BlobColumns::default();
                self.blobs.into_iter().for_each(|blob| columns.push(blob));
                Arc::new(columns.finish())
            }
        };
        StructArray::try_new(fields_of(rows, meta.element), vec![column], None).ok()
    }
}

/// The array `at`, opened once.
fn open<'o>(open: &'o mut BTreeMap<usize, Open>, store: &Store<'_>, nodes: &Nodes, at: usize) -> Option<&'o mut Open> {
    use std::collections::btree_map::Entry;
    match open.entry(at) {
        Entry::Occupied(entry) => Some(entry.into_mut()),
        Entry::Vacant(entry) => {
            let node = nodes.arrays.get(at)?;
            let array = Array::new(store, node.meta.as_ref().ok()?, &nodes.folder_of(node), at);
            let (pictures, broken) = (None, BTreeSet::new());
            Some(entry.insert(Open { array, pictures, broken, given_up: false, told: 0, lost: 0 }))
        }
    }
}

/// The first row of the band of a row.
fn band_of(array: &Array, row: u64) -> u64 {
    let step = array.meta.chunk.first().copied().unwrap_or(1).max(1);
    row / step * step
}

/// The place and the hash of a picture that is made of elements.
fn picture(
    store: &Store<'_>,
    open: &mut Open,
    cache: &mut Cache,
    view: &View,
    (file, offset): (u32, u64),
    row: u64,
) -> Result<BlobRef, FormatError> {
    let pictures = open.pictures.get_or_insert_with(|| Pictures::new(*view));
    let pixels = pictures.read(store, &mut open.array, cache, row)?;
    let hash = Hash256::from_bytes(Sha256::digest(&pixels).into());
    Ok(place(file, offset, view, open.array.meta.rows(), row, hash))
}

/// The place and the hash of a picture that is a chunk. One that is not there has no bytes.
fn coded(store: &Store<'_>, open: &mut Open, hashed: bool, row: u64) -> Result<BlobRef, FormatError> {
    let Some((file, offset, length)) = open.array.bare(store, row)? else { return Ok(BlobRef::NOTHING) };
    Ok(BlobRef {
        file: u32::try_from(file).unwrap_or(u32::MAX),
        chunk_offset: offset,
        chunk_length: length,
        compression: Compression::None,
        inner_offset: 0,
        length,
        key_frame: None,
        sha256: if hashed { hash_at(store.source, file, offset, length) } else { None },
    })
}
