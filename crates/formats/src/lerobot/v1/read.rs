//! Streams the table, episode by episode: first rows, then videos, then the end.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, StructArray};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::DataType;
use prairie_model::{
    BlobColumns, BlobRef, Channel, Compression, Hash256, MessageBatch, Nanos, Note, NoteKind, Payload, ReadEvent,
    ReadOptions, ReadSummary, RecordingPlan, Source,
};

use super::super::dataset::fields_of;
use super::super::info::{FeatureKind, INDEX_COLUMNS};
use super::super::rows::{Seen, messages, times};
use super::super::table::{floats, integers, texts};
use super::super::video::{Video, picture_of};
use super::dataset::Dataset;
use super::table::{Piece, Wanted, pieces, plain};
use crate::FormatError;
use crate::blob::hash_at;

/// Frames per batch.
const BATCH_FRAMES: usize = 4096;

/// Bytes of the frames of a video that are hashed, in multiples of its file: frames may share bytes, but not without end.
const HASHED_TIMES_MAX: u64 = 4;

/// Parts of videos that one episode may be made of.
const SEGMENTS_MAX: usize = 1024;

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

type Step = Result<(), Stop>;

/// Rows that show frames of one video, one after the other.
#[derive(Debug, Clone)]
struct Segment {
    path: String,
    rows: u64,
    /// Time of the first and the last frame in the video, in seconds.
    span_s: (f64, f64),
    /// Time of the first row.
    begins: i64,
}

/// An episode whose rows are being read.
#[derive(Default)]
struct Current {
    ordinal: u32,
    seen: Seen,
    /// Rows whose column had another type, or no picture, by feature.
    misfits: BTreeMap<usize, u64>,
    untimed: u64,
    videos: BTreeMap<usize, Vec<Segment>>,
}

struct Reading<'a> {
    source: &'a dyn Source,
    dataset: &'a Dataset,
    options: &'a ReadOptions,
    sink: &'a mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    summary: ReadSummary,
    channels: Vec<Arc<Channel>>,
    /// Channels for videos whose codec differs from that of the plan.
    extra: Vec<Arc<Channel>>,
    ended: BTreeSet<u32>,
    /// Hashes of picture files.
    hashed: BTreeMap<usize, Option<Hash256>>,
    /// Rows that belong to no episode, or come after the end of theirs.
    lost: u64,
}

/// Reads all of it.
pub(super) fn read(
    source: &dyn Source,
    plan: &RecordingPlan,
    options: &ReadOptions,
    sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
) -> Result<ReadSummary, FormatError> {
    let dataset = Dataset::load(source)?;
    if plan.channels.len() != dataset.features.len() || plan.episodes.len() != dataset.episodes.len() {
        return Err(FormatError::Unsupported("the plan is not of this dataset".to_owned()));
    }
    let mut reading = Reading {
        source,
        dataset: &dataset,
        options,
        sink,
        summary: ReadSummary { complete: true, lost: Some(0), ..ReadSummary::default() },
        channels: plan.channels.clone(),
        extra: Vec::new(),
        ended: BTreeSet::new(),
        hashed: BTreeMap::new(),
        lost: 0,
    };
    match reading.files() {
        Ok(()) => {}
        Err(Stop::Broken) => reading.summary.complete = false,
        Err(Stop::Failed(error)) => return Err(error),
    }
    Ok(reading.summary)
}

impl Reading<'_> {
    fn send(&mut self, event: ReadEvent) -> Step {
        match (self.sink)(event) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Stop::Broken),
        }
    }

    fn tell(&mut self, note: Note) -> Step {
        self.send(ReadEvent::Note(note))
    }

    fn wants(&self, id: usize) -> bool {
        let wanted = |wanted: &BTreeSet<u32>| u32::try_from(id).is_ok_and(|id| wanted.contains(&id));
        self.options.channels.as_ref().is_none_or(wanted)
    }

    fn files(&mut self) -> Step {
        let (dataset, source) = (self.dataset, self.source);
        let names: BTreeMap<&str, usize> =
            dataset.features.iter().enumerate().map(|(id, feature)| (feature.name.as_str(), id)).collect();
        let options = self.options;
        let is_wanted = |name: &str| {
            INDEX_COLUMNS.contains(&name) && name != "index"
                || names.get(name).is_some_and(|id| {
                    let wanted = options.channels.as_ref();
                    wanted.is_none_or(|wanted| u32::try_from(*id).is_ok_and(|id| wanted.contains(&id)))
                })
        };
        let is_struct = |name: &str| {
            let kind = names.get(name).and_then(|id| dataset.features.get(*id)).map(|feature| &feature.kind);
            matches!(kind, Some(FeatureKind::Image | FeatureKind::Video))
        };
        let mut current = None;
        for file in &dataset.data {
            let wanted = Wanted { column: &is_wanted, is_struct: &is_struct };
            pieces::<Stop>(source, *file, &wanted, &mut |piece| match piece {
                Piece::Rows(rows) => self.rows(&mut current, &rows.batch, &rows.places),
                Piece::Damage(error, lost) => self.damaged(error, lost, &current),
            })?;
        }
        if let Some(last) = current {
            self.end(last)?;
        }
        if self.lost > 0 {
            let text = format!("{} rows belong to no episode, or come after the end of theirs", self.lost);
            self.tell(Note::new(NoteKind::IndexWrong, text).numbers(self.lost as f64, Some(0.0)))?;
        }
        Ok(())
    }

    fn damaged(&mut self, error: FormatError, lost: Option<u64>, current: &Option<Current>) -> Step {
        self.summary.complete = false;
        self.summary.lost = None;
        let mut note = error.into_note()?;
        if let Some(lost) = lost.filter(|lost| *lost > 0) {
            note.text = format!("{}; {lost} rows are lost", note.text);
            note = note.numbers(lost as f64, Some(0.0));
        }
        self.tell(note.episode(current.as_ref().map(|current| current.ordinal)))
    }

    /// Splits a batch into runs of rows of one episode.
    fn rows(
        &mut self,
        current: &mut Option<Current>,
        batch: &RecordBatch,
        places: &[(String, Vec<Option<BlobRef>>)],
    ) -> Step {
        let indexes = integers(batch, "episode_index").unwrap_or_else(|| vec![None; batch.num_rows()]);
        let mut from = 0;
        while from < indexes.len() {
            // OK to index: `from` is below the length.
            let length = indexes[from..].iter().take_while(|index| **index == indexes[from]).count();
            let index = indexes[from].and_then(|index| u64::try_from(index).ok());
            let ordinal = index.and_then(|index| self.dataset.ordinals.get(&index).copied());
            if let Some(ended) = current.take_if(|current| Some(current.ordinal) != ordinal) {
                self.end(ended)?;
            }
            match ordinal.filter(|ordinal| !self.ended.contains(ordinal)) {
                None => {
                    self.lost += length as u64;
                    self.uncounted(length as u64);
                }
                Some(ordinal) if self.options.episodes.as_ref().is_none_or(|wanted| wanted.contains(&ordinal)) => {
                    let mut open = current.take().unwrap_or_else(|| Current { ordinal, ..Current::default() });
                    let done = self.run(&mut open, &batch.slice(from, length), places, from);
                    *current = Some(open);
                    done?;
                }
                Some(_) => {}
            }
            from += length;
        }
        Ok(())
    }

    /// Counts rows that cannot be delivered as messages that cannot be decoded.
    fn uncounted(&mut self, rows: u64) {
        for id in 0..self.dataset.features.len() {
            if self.wants(id) {
                self.undecodable(id, rows);
            }
        }
    }

    fn undecodable(&mut self, id: usize, messages: u64) {
        let tally = self.summary.channels.entry(self.channels[id].id).or_default();
        tally.messages += messages;
        tally.undecodable += messages;
    }

    /// Rows of one episode. The first of them is row `from` of the places.
    fn run(
        &mut self,
        current: &mut Current,
        batch: &RecordBatch,
        places: &[(String, Vec<Option<BlobRef>>)],
        from: usize,
    ) -> Step {
        let dataset = self.dataset;
        let index = dataset.episodes[current.ordinal as usize].index;
        current.seen.count(batch, index);
        let stamps = times(batch, dataset.fps, &mut current.seen);
        let is_timed: Vec<bool> = stamps.iter().map(Option::is_some).collect();
        let untimed = is_timed.iter().filter(|timed| !**timed).count() as u64;
        if untimed > 0 {
            current.untimed += untimed;
            self.uncounted(untimed);
        }
        let Ok(batch) = filter_record_batch(batch, &BooleanArray::from(is_timed.clone())) else { return Ok(()) };
        let stamps: Vec<i64> = stamps.into_iter().flatten().collect();
        if stamps.is_empty() {
            return Ok(());
        }
        for (id, feature) in dataset.features.iter().enumerate().filter(|(id, _)| self.wants(*id)).collect::<Vec<_>>() {
            // A file that lacks the column lacks the messages.
            let Some(column) = batch.column_by_name(&feature.name) else { continue };
            match feature.kind {
                FeatureKind::Video => segments(current, id, column.as_ref(), &stamps),
                FeatureKind::Image => {
                    let found = places.iter().find(|(name, _)| *name == feature.name).map(|(_, places)| places);
                    let at = |row: usize| found.and_then(|places| *places.get(from + row)?);
                    let timed = is_timed.iter().enumerate().filter(|(_, timed)| **timed);
                    let places: Vec<Option<BlobRef>> = timed.map(|(row, _)| at(row)).collect();
                    self.images(current, id, (column.as_ref(), &places), &stamps)?;
                }
                FeatureKind::Numbers(_) | FeatureKind::Text => {
                    let column = match cast(column, &plain(column.data_type())) {
                        Ok(column) => column,
                        Err(_) => column.clone(),
                    };
                    match messages(&column, &feature.kind) {
                        Some(rows) => {
                            self.deliver(&self.channels[id].clone(), current.ordinal, stamps.clone(), rows)?
                        }
                        None => {
                            *current.misfits.entry(id).or_default() += stamps.len() as u64;
                            self.undecodable(id, stamps.len() as u64);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn deliver(&mut self, channel: &Arc<Channel>, ordinal: u32, times: Vec<i64>, rows: StructArray) -> Step {
        let (first, last) = (times.iter().min(), times.iter().max());
        let span = first.zip(last).map(|(first, last)| (Nanos(*first), Nanos(*last)));
        self.summary.count(channel.id, times.len() as u64, span);
        self.send(ReadEvent::Batch(MessageBatch {
            channel: channel.clone(),
            episode: Some(ordinal),
            log_time: times,
            publish_time: Vec::new(),
            payload: Payload::Decoded(rows),
        }))
    }

    /// Pictures inside of the table, else in files of their own. Rows without one are counted.
    fn images(
        &mut self,
        current: &mut Current,
        id: usize,
        (column, places): (&dyn Array, &[Option<BlobRef>]),
        stamps: &[i64],
    ) -> Step {
        let paths = part(column, "path", DataType::Utf8);
        let paths = paths.as_ref().and_then(|paths| texts(paths, "part"));
        let mut blobs = BlobColumns::default();
        let mut found = Vec::new();
        for (row, time) in stamps.iter().enumerate() {
            let inside = places.get(row).copied().flatten();
            let beside = || {
                let file = self.source.find(paths.as_ref()?.get(row)?.as_deref()?)?;
                Some(whole_file(self.source, file, &mut self.hashed))
            };
            if let Some(blob) = inside.or_else(beside) {
                blobs.push(blob);
                found.push(*time);
            }
        }
        let without = (stamps.len() - found.len()) as u64;
        if without > 0 {
            *current.misfits.entry(id).or_default() += without;
            self.undecodable(id, without);
        }
        let Ok(rows) = StructArray::try_new(fields_of(&FeatureKind::Image), vec![Arc::new(blobs.finish())], None)
        else {
            return Ok(());
        };
        if found.is_empty() {
            return Ok(());
        }
        self.deliver(&self.channels[id].clone(), current.ordinal, found, rows)
    }

    /// Delivers the videos of an episode, what is odd about it, and its end.
    fn end(&mut self, mut current: Current) -> Step {
        let ordinal = current.ordinal;
        for (id, segments) in std::mem::take(&mut current.videos) {
            for segment in segments {
                self.video(id, ordinal, &segment)?;
            }
        }
        let episode = &self.dataset.episodes[ordinal as usize];
        let mut notes = current.seen.notes(episode.claimed, self.dataset.fps);
        if current.untimed > 0 {
            let text = format!("{} rows have neither a timestamp nor a place in the episode", current.untimed);
            notes.push(Note::new(NoteKind::Undecodable, text).numbers(current.untimed as f64, Some(0.0)));
        }
        for (id, count) in current.misfits {
            let name = &self.dataset.features[id].name;
            let text =
                format!("{count} rows of `{name}` have no picture, or another type than the rest of the dataset");
            notes.push(Note::new(NoteKind::Undecodable, text).stream(name).numbers(count as f64, Some(0.0)));
        }
        for note in notes {
            self.tell(note.episode(Some(ordinal)))?;
        }
        self.ended.insert(ordinal);
        self.send(ReadEvent::EpisodeEnd(ordinal))
    }

    fn video(&mut self, id: usize, ordinal: u32, segment: &Segment) -> Step {
        let name = self.dataset.features[id].name.clone();
        let about = |note: Note| note.stream(&name).episode(Some(ordinal)).in_file(&segment.path);
        let Some(file) = self.source.find(&segment.path) else {
            let text = format!("the video file `{}` is not there, to which {} rows point", segment.path, segment.rows);
            let note = Note::new(NoteKind::FileMissing, text);
            return self.tell(about(note.numbers(0.0, Some(segment.rows as f64))));
        };
        let video = match Video::open(self.source, file) {
            Ok(video) => video,
            Err(error) => {
                self.summary.complete = false;
                self.summary.lost = None;
                let note = error.into_note()?;
                return self.tell(note.stream(&name).episode(Some(ordinal)));
            }
        };
        for note in &video.track.notes {
            if note.kind == NoteKind::Truncated {
                self.summary.complete = false;
                self.summary.lost = None;
            }
            self.tell(about(note.clone()))?;
        }
        let (from, to) = segment.span_s;
        let by_rows = (segment.rows > 1).then(|| (to - from) / (segment.rows - 1) as f64);
        let fps = self.dataset.fps.or(picture_of(&video.track).fps);
        let period = fps.map(|fps| 1.0 / fps).or(by_rows).filter(|period| period.is_finite() && *period > 0.0);
        let frames = video.frames(from, period.map(|period| to + period), period.unwrap_or(0.0));
        if frames.times.len() as u64 != segment.rows {
            let text = format!("`{name}` has {} frames for {} rows", frames.times.len(), segment.rows);
            let note = Note::new(NoteKind::CountMismatch, text);
            self.tell(about(note.numbers(frames.times.len() as f64, Some(segment.rows as f64))))?;
        }
        let channel = self.channel_of(id, &video)?;
        let size = self.source.files().get(file).map_or(0, |file| file.size);
        let mut hashed = 0_u64;
        for (times, blobs) in frames.times.chunks(BATCH_FRAMES).zip(frames.blobs.chunks(BATCH_FRAMES)) {
            let mut column = BlobColumns::default();
            for blob in blobs {
                hashed = hashed.saturating_add(blob.length);
                let may = hashed / HASHED_TIMES_MAX <= size;
                let sha256 = may.then(|| hash_at(self.source, file, blob.chunk_offset, blob.length)).flatten();
                column.push(BlobRef { sha256, ..*blob });
            }
            let column = Arc::new(column.finish());
            let Ok(rows) = StructArray::try_new(fields_of(&FeatureKind::Video), vec![column], None) else {
                return Ok(());
            };
            let times = times.iter().map(|time| time.saturating_add(segment.begins)).collect();
            self.deliver(&channel, ordinal, times, rows)?;
        }
        Ok(())
    }

    /// The channel of a video: that of the plan, unless its pictures are coded in another way.
    fn channel_of(&mut self, id: usize, video: &Video) -> Result<Arc<Channel>, Stop> {
        let picture = picture_of(&video.track);
        let planned = &self.channels[id];
        let same = |channel: &&Arc<Channel>| {
            channel.topic == planned.topic
                && channel.picture.as_ref().is_some_and(|known| {
                    (known.codec, known.width, known.height, &known.config)
                        == (picture.codec, picture.width, picture.height, &picture.config)
                })
        };
        if let Some(known) = std::iter::once(planned).chain(&self.extra).find(same) {
            return Ok(known.clone());
        }
        // OK to cast: there are no more channels than features and video files.
        let next = (self.channels.len() + self.extra.len()) as u32;
        let channel = Arc::new(Channel { id: next, picture: Some(picture), ..(**planned).clone() });
        self.extra.push(channel.clone());
        self.send(ReadEvent::Channel(channel.clone()))?;
        Ok(channel)
    }
}

/// A part of a column of structs, by itself.
fn part(column: &dyn Array, name: &str, data_type: DataType) -> Option<RecordBatch> {
    let part = column.as_struct_opt()?.column_by_name(name)?;
    RecordBatch::try_from_iter([("part", cast(part, &data_type).ok()?)]).ok()
}

/// Adds rows that point into videos to the parts that an episode is made of.
fn segments(current: &mut Current, id: usize, column: &dyn Array, stamps: &[i64]) {
    let paths = part(column, "path", DataType::Utf8).and_then(|paths| texts(&paths, "part"));
    let shown = part(column, "timestamp", DataType::Float64).and_then(|shown| floats(&shown, "part"));
    let segments = current.videos.entry(id).or_default();
    for (row, begins) in stamps.iter().enumerate() {
        let path = paths.as_ref().and_then(|paths| paths.get(row)?.as_deref());
        // A path may name the folder above, as the library resolves it.
        let Some(path) = path.map(|path| path.trim_start_matches("./")) else { continue };
        let shown = shown.as_ref().and_then(|shown| *shown.get(row)?).filter(|shown| shown.is_finite());
        let Some(shown) = shown else { continue };
        if let Some(last) = segments.last_mut().filter(|last| last.path == path && last.span_s.1 <= shown) {
            last.rows += 1;
            last.span_s.1 = shown;
        } else if segments.len() < SEGMENTS_MAX {
            let path = path.to_owned();
            segments.push(Segment { path, rows: 1, span_s: (shown, shown), begins: *begins });
        }
    }
}

/// A whole file as a picture. Rows that name the same file do not have it read again.
fn whole_file(source: &dyn Source, file: usize, hashed: &mut BTreeMap<usize, Option<Hash256>>) -> BlobRef {
    let length = source.files().get(file).map_or(0, |file| file.size);
    BlobRef {
        // OK to cast: a folder of 2^32 files does not fit in memory.
        file: file as u32,
        chunk_offset: 0,
        chunk_length: length,
        compression: Compression::None,
        inner_offset: 0,
        length,
        key_frame: Some(true),
        sha256: *hashed.entry(file).or_insert_with(|| hash_at(source, file, 0, length)),
    }
}
