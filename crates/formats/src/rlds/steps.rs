//! The steps of one episode: how many there are, when each was, and the rows of each feature.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use flate2::read::ZlibDecoder;
use prairie_model::{BlobRef, Channel, Compression, Note, NoteKind, PixelFormat, ReadEvent};

use super::example::{Kind as List, Place, Values, count};
use super::features::{Dtype, Kind, Leaf, Level, Storage};
use super::read::{Episode, Reading, STEPS_MAX, Step};
use super::rows::Rows;
use super::window::{Stop, Window};

/// Rows of a batch.
const BATCH_ROWS: usize = 4096;

/// Numbers, or bytes of texts, of a batch, unless one row has more.
const BATCH_WEIGHT: usize = 1 << 18;

/// Numbers of one row. A picture of 4096 by 4096 in three colours has three times as many bytes.
const ROW_MAX: u64 = 16 << 20;

/// What came of the rows of one feature.
#[derive(Debug, Default)]
struct Outcome {
    /// Rows that were delivered, left out as blanks, or counted.
    rows: u64,
    /// Rows that did not fit their type.
    misfits: u64,
    /// Numbers behind the last row, too few for one more.
    rest: u64,
}

/// How many steps there are, and when each was.
struct Times {
    length: u64,
    /// By the recording's own stamps, where it has good ones.
    stamps: Option<Vec<i64>>,
    rate_hz: f64,
}

impl Times {
    fn at(&self, step: u64) -> Option<i64> {
        match &self.stamps {
            Some(stamps) => stamps.get(usize::try_from(step).ok()?).copied(),
            // OK to cast: steps are bounded, and so are rates.
            None => Some((step as f64 * 1e9 / self.rate_hz).round() as i64),
        }
    }
}

impl Reading<'_> {
    /// Delivers one episode.
    pub(super) fn steps(&mut self, episode: &mut Episode<'_>) -> Step {
        let dataset = self.dataset;
        let counts = self.counts(episode)?;
        // What most features have is the length; the longer one of two that are as frequent.
        let mut frequency: BTreeMap<u64, u64> = BTreeMap::new();
        counts.values().for_each(|count| *frequency.entry(*count).or_default() += 1);
        let length = frequency.iter().max_by_key(|(count, times)| (**times, **count)).map_or(0, |(count, _)| *count);
        let about = |note: Note| note.in_file(episode.path).episode(Some(episode.ordinal));
        if length == 0 {
            let text = format!("the record of episode {} has no steps", episode.ordinal);
            return self.damaged(about(Note::new(NoteKind::Corrupt, text)));
        }
        if length > STEPS_MAX {
            let text = format!("episode {} claims {length} steps and is left out", episode.ordinal);
            let note = Note::new(NoteKind::Corrupt, text).numbers(length as f64, Some(STEPS_MAX as f64));
            return self.damaged(about(note));
        }
        let times = self.times(episode, length)?;
        self.marks(episode, length)?;
        for (at, leaf) in dataset.leaves.iter().enumerate() {
            let Some(channel) = self.channel(at) else { continue };
            let Some(&place) = episode.index.places.get(&(2 * at)) else {
                let text = format!("`{}` is not in the record of episode {}", leaf.key, episode.ordinal);
                let note = Note::new(NoteKind::IndexWrong, text).stream(&leaf.topic).in_file(episode.path);
                self.tell(note.episode(Some(episode.ordinal)))?;
                continue;
            };
            let mut outcome = Outcome::default();
            let done = self.feature(episode, (at, leaf), (&channel, place), &times, &mut outcome);
            self.tell_outcome(episode, leaf, &channel, (length, &outcome))?;
            match done? {
                Ok(()) => {}
                Err(stop) => {
                    let lost = format!("`{}` is lost from row {} on", leaf.topic, outcome.rows);
                    self.broken(episode, Some(&leaf.topic), stop, &lost)?;
                }
            }
        }
        self.send(ReadEvent::EpisodeEnd(episode.ordinal))
    }

    /// Steps by the number of values of each feature. What breaks is told when it is read.
    fn counts(&mut self, episode: &mut Episode<'_>) -> Result<BTreeMap<usize, u64>, super::read::Ended> {
        let mut counts = BTreeMap::new();
        for (at, leaf) in self.dataset.leaves.iter().enumerate() {
            let step = leaf.level == Level::Step && !matches!(leaf.kind, Kind::Unread(_));
            let Some(&place) = episode.index.places.get(&(2 * at)).filter(|_| step) else { continue };
            // Rows of sequences are counted by their lengths.
            let (place, width) = match episode.index.places.get(&(2 * at + 1)) {
                Some(lengths) if leaf.sequences == 1 => (*lengths, Some(1)),
                _ if leaf.sequences > 0 => continue,
                _ if place.kind == List::Bytes => (place, Some(1)),
                _ => (place, leaf.width()),
            };
            let Some(width) = width.filter(|width| *width > 0) else { continue };
            match count(&mut episode.window, place) {
                Ok(values) => drop(counts.insert(at, values / width)),
                Err(Stop::Failed(error)) => return Err(error.into()),
                Err(Stop::Broken { .. }) => {}
            }
        }
        Ok(counts)
    }

    /// When each step was: by stamps that ascend, else by the rate.
    fn times(&mut self, episode: &mut Episode<'_>, length: u64) -> Result<Times, super::read::Ended> {
        let clock = self.dataset.clock;
        let by_rate = Times { length, stamps: None, rate_hz: clock.rate_hz };
        let Some((leaf, unit)) = clock.stamps else { return Ok(by_rate) };
        let stamps = match episode.index.places.get(&(2 * leaf)) {
            Some(place) => stamps(&mut episode.window, *place, length),
            None => Ok(Stamps::Integers(Vec::new())),
        };
        let why = match stamps {
            Err(Stop::Failed(error)) => return Err(error.into()),
            Err(Stop::Broken { .. }) => "cannot be read",
            Ok(stamps) if stamps.len() as u64 != length => "are not as many as there are steps",
            Ok(stamps) => match nanos(&stamps, unit) {
                Some(stamps) => return Ok(Times { length, stamps: Some(stamps), rate_hz: clock.rate_hz }),
                None => "do not ascend as times do",
            },
        };
        let topic = self.dataset.leaves.get(leaf).map(|leaf| leaf.topic.clone()).unwrap_or_default();
        let text = format!(
            "the times of `{topic}` {why} in episode {}; its steps are taken as 1/{} s apart",
            episode.ordinal, clock.rate_hz
        );
        let note = Note::new(NoteKind::TimeInvalid, text).stream(topic).episode(Some(episode.ordinal));
        self.tell(note.in_file(episode.path))?;
        Ok(by_rate)
    }

    /// Counts episodes whose first step is not marked as the first, or whose last as the last.
    fn marks(&mut self, episode: &mut Episode<'_>, length: u64) -> Step {
        for (name, step) in [("is_first", 0), ("is_last", length - 1)] {
            let leaf = self.dataset.leaves.iter().position(|leaf| leaf.level == Level::Step && leaf.topic == name);
            let place = leaf.and_then(|leaf| episode.index.places.get(&(2 * leaf)).copied());
            let Some(place) = place.filter(|place| place.kind == List::Integers) else { continue };
            match integers(&mut episode.window, place) {
                Ok(marks) => {
                    let marked =
                        usize::try_from(step).ok().and_then(|step| marks.get(step)).is_some_and(|mark| *mark != 0);
                    let count = if name == "is_first" { &mut self.unmarked.0 } else { &mut self.unmarked.1 };
                    *count += u64::from(!marked);
                }
                Err(Stop::Failed(error)) => return Err(error.into()),
                Err(Stop::Broken { .. }) => {}
            }
        }
        Ok(())
    }

    /// The rows of one feature. The inner error is damage, before which `outcome.rows` rows came.
    fn feature(
        &mut self,
        episode: &mut Episode<'_>,
        (at, leaf): (usize, &Leaf),
        (channel, place): (&Arc<Channel>, Place),
        times: &Times,
        outcome: &mut Outcome,
    ) -> Result<Result<(), Stop>, super::read::Ended> {
        let mut rows = Rows::new(&leaf.kind);
        let mut values = Values::new(place);
        let is_small = |rows: &Rows| rows.times.len() < BATCH_ROWS && rows.weight() < BATCH_WEIGHT;
        let done = match &leaf.kind {
            Kind::Image(_) | Kind::Pixels(_) => {
                return self.pictures(episode, (at, leaf), (channel, place), times, outcome);
            }
            Kind::Unread(_) => {
                let rows = match leaf.level {
                    Level::Step if leaf.sequences == 0 => count(&mut episode.window, place).unwrap_or(0),
                    _ => 1,
                };
                outcome.rows += rows;
                self.undecodable(channel, rows);
                return Ok(Ok(()));
            }
            // What is the same in every step is an attribute of the episode.
            Kind::Text if self.is_told(episode.ordinal, leaf) => {
                return Ok(count(&mut episode.window, place).map(|texts| outcome.rows += texts));
            }
            Kind::Text => loop {
                let text = match values.bytes(&mut episode.window) {
                    Ok(Some(text)) => text,
                    Ok(None) => break Ok(()),
                    Err(stop) => break Err(stop),
                };
                let time = times.at(outcome.rows);
                let fits = match (text.1 - text.0 <= ROW_MAX, time) {
                    (true, Some(time)) => match episode.window.bytes(text.0, text.1) {
                        Ok(text) => rows.text(time, text),
                        Err(stop) => break Err(stop),
                    },
                    _ => false,
                };
                outcome.rows += 1;
                outcome.misfits += u64::from(!fits);
                if !is_small(&rows) {
                    self.deliver(channel, episode.ordinal, std::mem::replace(&mut rows, Rows::new(&leaf.kind)))?;
                }
            },
            Kind::Numbers(dtype, storage) => {
                let widths = match Self::widths(episode, (at, leaf), place, (times.length, outcome)) {
                    Ok(widths) => widths,
                    Err(stop) => return Ok(Err(stop)),
                };
                let mut row = Row { dtype: *dtype, storage: *storage, kind: place.kind, ..Row::default() };
                loop {
                    let Some(width) = widths.of(outcome.rows) else { break Ok(()) };
                    match row.read(&mut episode.window, &mut values, width) {
                        Ok(true) => {}
                        Ok(false) => break Ok(()),
                        Err(stop) => break Err(stop),
                    }
                    let fits = times.at(outcome.rows).is_some_and(|time| row.add(&mut rows, time, width));
                    outcome.rows += 1;
                    outcome.misfits += u64::from(!fits);
                    if !is_small(&rows) {
                        self.deliver(channel, episode.ordinal, std::mem::replace(&mut rows, Rows::new(&leaf.kind)))?;
                    }
                }
            }
        };
        self.deliver(channel, episode.ordinal, rows)?;
        Ok(done)
    }

    /// Whether a text of an episode is told as an attribute of it.
    fn is_told(&self, ordinal: u32, leaf: &Leaf) -> bool {
        let episode = self.plan.episodes.get(ordinal as usize);
        episode.is_some_and(|episode| episode.attributes.contains_key(&leaf.key))
    }

    /// How many numbers each row of a feature has.
    fn widths(
        episode: &mut Episode<'_>,
        (at, leaf): (usize, &Leaf),
        place: Place,
        (steps, outcome): (u64, &mut Outcome),
    ) -> Result<Widths, Stop> {
        let window = &mut episode.window;
        let inner = leaf.width();
        if matches!(leaf.kind, Kind::Numbers(_, Storage::Bytes | Storage::Zlib)) {
            return Ok(Widths::Same(inner, u64::MAX));
        }
        if leaf.level == Level::Step && leaf.sequences == 1 {
            let Some(lengths) = episode.index.places.get(&(2 * at + 1)) else {
                return Err(Stop::Broken { offset: place.start, why: "a sequence has no lengths" });
            };
            let lengths = integers(window, *lengths)?;
            let width = inner.unwrap_or(1);
            return Ok(Widths::Each(
                lengths.into_iter().map(|length| u64::try_from(length).ok()?.checked_mul(width)).collect(),
            ));
        }
        let all = count(window, place)?;
        Ok(match (leaf.level, inner) {
            // All values of a feature beside the steps are one row.
            (Level::Episode, _) => Widths::Same(Some(all), 1),
            (Level::Step, Some(0)) => Widths::Same(Some(0), 0),
            (Level::Step, Some(width)) => {
                outcome.rest = all % width;
                Widths::Same(Some(width), all / width)
            }
            // An axis that is not declared is what the steps leave for it.
            (Level::Step, None) if all.is_multiple_of(steps) => Widths::Same(Some(all / steps), steps),
            (Level::Step, None) => {
                let why = "rows of no declared width do not come out even";
                return Err(Stop::Broken { offset: place.start, why });
            }
        })
    }

    /// Pictures, pointed to where they lie. Blank ones in the place of a camera that is not there are left out.
    fn pictures(
        &mut self,
        episode: &mut Episode<'_>,
        (at, leaf): (usize, &Leaf),
        (channel, place): (&Arc<Channel>, Place),
        times: &Times,
        outcome: &mut Outcome,
    ) -> Result<Result<(), Stop>, super::read::Ended> {
        let mut blobs = Vec::new();
        let mut values = Values::new(place);
        let done = loop {
            match values.bytes(&mut episode.window) {
                Ok(Some((start, end))) => blobs.push(blob(episode, start, end)),
                Ok(None) => break Ok(()),
                Err(stop) => break Err(stop),
            }
            if blobs.len() as u64 > STEPS_MAX {
                break Err(Stop::Broken {
                    offset: place.start,
                    why: "it has more pictures than an episode can have steps",
                });
            }
        };
        let absent = match self.absent(episode, leaf) {
            Ok(absent) => absent,
            Err(Stop::Failed(error)) => return Err(error.into()),
            Err(Stop::Broken { .. }) => Vec::new(),
        };
        let is_absent = |row: usize| match absent[..] {
            [all] => all,
            _ => absent.get(row).copied().unwrap_or(false),
        };
        let mut flagged = blobs.iter().enumerate().filter(|(row, _)| is_absent(*row)).map(|(_, blob)| blob);
        let first = flagged.next().copied();
        let alike = |one: &BlobRef, other: &BlobRef| one.length == other.length && one.sha256 == other.sha256;
        let is_blank = first.is_some_and(|first| flagged.all(|blob| alike(&first, blob)));
        if first.is_some() && !is_blank {
            *self.contradicted.entry(at).or_default() += 1;
        }
        let size = match (&leaf.kind, leaf.width()) {
            (Kind::Pixels(PixelFormat::Mono16), Some(width)) => Some(width * 2),
            (Kind::Pixels(_), width) => width,
            _ => None,
        };
        let mut rows = Rows::new(&leaf.kind);
        let mut blanks = 0_u64;
        for (row, blob) in blobs.into_iter().enumerate() {
            let time = times.at(outcome.rows);
            outcome.rows += 1;
            if is_blank && is_absent(row) {
                blanks += 1;
                continue;
            }
            match time.filter(|_| blob.length > 0 && size.is_none_or(|size| size == blob.length)) {
                Some(time) => rows.blob(time, blob),
                None => outcome.misfits += 1,
            }
            if rows.times.len() >= BATCH_ROWS {
                self.deliver(channel, episode.ordinal, std::mem::replace(&mut rows, Rows::new(&leaf.kind)))?;
            }
        }
        if blanks > 0 {
            let (pictures, episodes) = self.blanks.entry(at).or_default();
            *pictures += blanks;
            *episodes += 1;
        }
        self.deliver(channel, episode.ordinal, rows)?;
        Ok(done)
    }

    /// What the flag `has_NAME` of a camera says: that it is not there at each step, at all (one value), or nothing.
    fn absent(&self, episode: &mut Episode<'_>, camera: &Leaf) -> Result<Vec<bool>, Stop> {
        let is_flag = |leaf: &Leaf| {
            leaf.name().strip_prefix("has_") == Some(camera.name())
                && leaf.width() == Some(1)
                && leaf.sequences == 0
                && matches!(leaf.kind, Kind::Numbers(_, Storage::List))
        };
        let Some(at) = self.dataset.leaves.iter().position(is_flag) else { return Ok(Vec::new()) };
        let place = episode.index.places.get(&(2 * at)).filter(|place| place.kind == List::Integers);
        let Some(place) = place.copied() else { return Ok(Vec::new()) };
        Ok(integers(&mut episode.window, place)?.into_iter().map(|flag| flag == 0).collect())
    }

    fn tell_outcome(
        &mut self,
        episode: &Episode<'_>,
        leaf: &Leaf,
        channel: &Channel,
        (length, outcome): (u64, &Outcome),
    ) -> Step {
        let about = |note: Note| note.stream(&leaf.topic).in_file(episode.path).episode(Some(episode.ordinal));
        if matches!(leaf.kind, Kind::Unread(_)) {
            return Ok(());
        }
        if outcome.misfits > 0 {
            self.undecodable(channel, outcome.misfits);
            let (misfits, rows) = (outcome.misfits, outcome.rows);
            let text = format!("{misfits} of {rows} rows of `{}` do not fit their type or have no time", leaf.topic);
            self.tell(about(Note::new(NoteKind::Undecodable, text).numbers(misfits as f64, Some(0.0))))?;
        }
        if outcome.rest > 0 {
            let rest = outcome.rest;
            let text = format!("{rest} numbers behind the last row of `{}` are too few for another", leaf.topic);
            self.tell(about(Note::new(NoteKind::Ragged, text).numbers(rest as f64, Some(0.0))))?;
        }
        if leaf.level == Level::Step && outcome.rows != length {
            let rows = outcome.rows;
            let text = format!("`{}` has {rows} rows, episode {} has {length} steps", leaf.topic, episode.ordinal);
            let note = Note::new(NoteKind::CountMismatch, text).numbers(rows as f64, Some(length as f64));
            self.tell(about(note))?;
        }
        Ok(())
    }
}

/// How many numbers each row has.
enum Widths {
    /// As many in each of so many rows; `None` where the bytes of the row say.
    Same(Option<u64>, u64),
    /// `None` for a length that is none.
    Each(Vec<Option<u64>>),
}

impl Widths {
    /// The width of a row; `None` behind the last. A row of no known width has `None` inside.
    fn of(&self, row: u64) -> Option<Option<u64>> {
        match self {
            Self::Same(width, rows) => (row < *rows).then_some(*width),
            Self::Each(widths) => widths.get(usize::try_from(row).ok()?).copied(),
        }
    }
}

/// One row of numbers, as it is read.
struct Row {
    dtype: Dtype,
    storage: Storage,
    kind: List,
    integers: Vec<i64>,
    floats: Vec<f32>,
    bytes: Vec<u8>,
}

impl Default for Row {
    fn default() -> Self {
        Self {
            dtype: Dtype::F32,
            storage: Storage::List,
            kind: List::Floats,
            integers: Vec::new(),
            floats: Vec::new(),
            bytes: Vec::new(),
        }
    }
}

impl Row {
    /// Reads the next row; false behind the last.
    fn read(&mut self, window: &mut Window<'_>, values: &mut Values, width: Option<u64>) -> Result<bool, Stop> {
        if self.storage == Storage::List {
            let Some(width) = width.filter(|width| *width <= ROW_MAX) else {
                return Err(Stop::Broken { offset: values.at(), why: "a row is too long" });
            };
            // OK to cast: bounded above.
            let width = width as usize;
            self.integers.clear();
            self.floats.clear();
            match self.kind {
                List::Integers => values.integers(window, width, &mut self.integers)?,
                List::Floats => values.floats(window, width, &mut self.floats)?,
                // Tensors stored as numbers are never bytes: there is no row.
                List::Bytes => return Ok(false),
            }
            return Ok(self.integers.len() + self.floats.len() == width);
        }
        if self.kind != List::Bytes {
            return Ok(false);
        }
        let Some((start, end)) = values.bytes(window)? else { return Ok(false) };
        self.bytes.clear();
        let most = ROW_MAX * 8;
        if end - start > most {
            return Ok(true);
        }
        let stored = window.bytes(start, end)?;
        if self.storage == Storage::Bytes {
            self.bytes.extend_from_slice(stored);
        } else if ZlibDecoder::new(stored).take(most + 1).read_to_end(&mut self.bytes).is_err()
            || self.bytes.len() as u64 > most
        {
            self.bytes.clear();
        }
        Ok(true)
    }

    /// Adds the row; false when it does not fit.
    fn add(&self, rows: &mut Rows, time: i64, width: Option<u64>) -> bool {
        match (self.storage, self.kind) {
            (Storage::List, List::Integers) => rows.integers(time, &self.integers),
            (Storage::List, List::Floats) => rows.floats(time, &self.floats),
            (Storage::List, List::Bytes) => false,
            (Storage::Bytes | Storage::Zlib, _) => {
                let size = self.dtype.bytes() as u64;
                let wanted = width.and_then(|width| width.checked_mul(size));
                let fits = wanted.map_or(!self.bytes.is_empty(), |wanted| wanted == self.bytes.len() as u64);
                fits && rows.stored(time, self.dtype, &self.bytes)
            }
        }
    }
}

fn blob(episode: &mut Episode<'_>, start: u64, end: u64) -> BlobRef {
    BlobRef {
        // OK to cast: a folder of 2^32 files does not fit in memory.
        file: episode.file as u32,
        chunk_offset: start,
        chunk_length: end - start,
        compression: Compression::None,
        inner_offset: 0,
        length: end - start,
        key_frame: Some(true),
        sha256: episode.window.hash(start, end),
    }
}

/// All integers of a list, as many as an episode can have steps.
fn integers(window: &mut Window<'_>, place: Place) -> Result<Vec<i64>, Stop> {
    let mut numbers = Vec::new();
    // OK to cast: a constant that fits.
    Values::new(place).integers(window, STEPS_MAX as usize, &mut numbers)?;
    Ok(numbers)
}

/// Stamps as they lie in the record.
enum Stamps {
    Integers(Vec<i64>),
    Floats(Vec<f32>),
}

impl Stamps {
    fn len(&self) -> usize {
        match self {
            Self::Integers(stamps) => stamps.len(),
            Self::Floats(stamps) => stamps.len(),
        }
    }
}

fn stamps(window: &mut Window<'_>, place: Place, length: u64) -> Result<Stamps, Stop> {
    match place.kind {
        List::Integers => integers(window, place).map(Stamps::Integers),
        List::Floats => {
            let mut stamps = Vec::new();
            Values::new(place).floats(window, usize::try_from(length).unwrap_or(0), &mut stamps)?;
            Ok(Stamps::Floats(stamps))
        }
        List::Bytes => Ok(Stamps::Integers(Vec::new())),
    }
}

/// Nanoseconds since the first stamp; `None` where they do not ascend, or nobody can say in which unit they are.
fn nanos(stamps: &Stamps, unit: Option<f64>) -> Option<Vec<i64>> {
    let (first, since): (f64, Vec<f64>) = match stamps {
        Stamps::Integers(stamps) => {
            let first = *stamps.first()?;
            // OK to cast: the differences of an episode are exact in 53 bits.
            let since = stamps.iter().map(|stamp| Some(stamp.checked_sub(first)? as f64));
            (first as f64, since.collect::<Option<_>>()?)
        }
        Stamps::Floats(stamps) => {
            let first = f64::from(*stamps.first()?);
            (first, stamps.iter().map(|stamp| f64::from(*stamp) - first).collect())
        }
    };
    let last = *since.last()?;
    let ascends = since.is_sorted() && since.iter().all(|stamp| stamp.is_finite());
    if !ascends || (since.len() > 1 && last <= 0.0) {
        return None;
    }
    let period = last / (since.len().max(2) - 1) as f64;
    let unit = unit.or_else(|| unit_of(first, period, matches!(stamps, Stamps::Integers(_))))?;
    let nanos = |since: f64| (since * unit).round();
    // OK to cast: checked to lie within i64.
    (nanos(last) < 9.2e18).then(|| since.into_iter().map(|since| nanos(since) as i64).collect())
}

/// Nanoseconds per unit of stamps that begin at `first` and are `period` apart. Stamps of our days lie between 1e8 and 1e11 in
/// seconds; what counts from a zero of its own is judged by its period: robots step between once in two seconds and once in a
/// millisecond. Whole numbers that go on by one are a count.
fn unit_of(first: f64, period: f64, is_whole: bool) -> Option<f64> {
    Some(match (first, period) {
        (first, _) if first >= 1e17 => 1.0,
        (first, _) if first >= 1e14 => 1e3,
        (first, _) if first >= 1e11 => 1e6,
        (first, _) if first >= 1e8 => 1e9,
        (_, period) if is_whole && period < 2.0 => return None,
        (_, period) if period < 2.0 => 1e9,
        (_, period) if period < 2e3 => 1e6,
        (_, period) if period < 2e6 => 1e3,
        _ => 1.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_of_every_unit() {
        let whole = |stamps: &[i64]| nanos(&Stamps::Integers(stamps.to_vec()), None);
        let tenths = Some(vec![0, 100_000_000, 200_000_000]);
        for scale in [1, 1_000, 1_000_000] {
            let unit = 100_000_000 / scale;
            let day = 1_700_000_000_000_000_000 / scale;
            assert_eq!(whole(&[day, day + unit, day + 2 * unit]), tenths, "{scale}");
            assert_eq!(whole(&[0, unit, 2 * unit]), tenths, "{scale}");
        }
        assert_eq!(nanos(&Stamps::Floats(vec![7.0, 7.5, 8.0]), None), Some(vec![0, 500_000_000, 1_000_000_000]));
        assert_eq!(nanos(&Stamps::Integers(vec![5, 6]), Some(1e9)), Some(vec![0, 1_000_000_000]));
        assert_eq!(whole(&[0, 1, 2]), None, "a count");
        assert_eq!(whole(&[3, 2]), None);
        assert_eq!(whole(&[3, 3]), None);
        assert_eq!(whole(&[i64::MIN, i64::MAX]), None);
        assert_eq!(nanos(&Stamps::Floats(vec![0.0, f32::NAN]), None), None);
        assert_eq!(nanos(&Stamps::Floats(vec![]), None), None);
    }
}
