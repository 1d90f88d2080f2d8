//! Streams a dataset, episode by episode: first its rows, then its videos, then its end.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, RecordBatch, StructArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Schema;
use prairie_model::{
    BlobColumns, BlobRef, Channel, Compression, Hash256, MessageBatch, Nanos, Note, NoteKind, Payload, ReadEvent,
    ReadOptions, ReadSummary, RecordingPlan, Source, blob_field,
};

use super::dataset::{Dataset, fields_of, ranges};
use super::info::{FeatureKind, INDEX_COLUMNS, Layout};
use super::rows::{Seen, messages, times};
use super::table::{BATCH_ROWS, Table, integers, texts};
use super::video::{Frames, Video, picture_of, video_path};
use crate::FormatError;
use crate::blob::hash_at;

/// Frames per batch.
const BATCH_FRAMES: usize = 4096;

/// Episodes that are told of damage one by one.
const NAMED_MAX: usize = 16;
/// A video whose index claims more than so many times the bytes of its file is not hashed further: frames may share bytes, but
/// not without end.
const HASHED_TIMES_MAX: u64 = 4;

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

/// An episode whose rows are being read.
struct Current {
    ordinal: u32,
    seen: Seen,
    /// Pictures that lie inside the data file, by feature.
    embedded: BTreeMap<usize, u64>,
    /// Rows whose column had another type, by feature.
    misfits: BTreeMap<usize, u64>,
    untimed: u64,
}

/// The pictures inside a row group, whose places go beside its rows.
struct Embedded {
    places: BTreeMap<String, Vec<Option<BlobRef>>>,
    /// Rows that have passed.
    row: usize,
}

impl Embedded {
    /// The column of a batch that holds the places of the pictures of a feature.
    fn column(feature: &str) -> String {
        format!("prairie.place.{feature}")
    }

    /// The next batch of the row group, with a column of places per feature. A picture that is not there has no length.
    fn beside(&mut self, batch: RecordBatch) -> RecordBatch {
        let rows = self.row..self.row + batch.num_rows();
        self.row = rows.end;
        let mut fields: Vec<_> = batch.schema().fields().iter().cloned().collect();
        let mut columns = batch.columns().to_vec();
        for (feature, places) in &self.places {
            let Some(places) = places.get(rows.clone()) else { continue };
            let mut blobs = BlobColumns::default();
            places.iter().for_each(|place| blobs.push(place.unwrap_or(BlobRef::NOTHING)));
            fields.push(Arc::new(blob_field(&Self::column(feature))));
            columns.push(Arc::new(blobs.finish()));
        }
        // The columns are as long as the batch, so only a fault of our own could fail here: then pictures are counted.
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap_or(batch)
    }
}

pub(super) struct Reading<'a> {
    source: &'a dyn Source,
    dataset: Dataset,
    options: &'a ReadOptions,
    sink: &'a mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    summary: ReadSummary,
    channels: Vec<Arc<Channel>>,
    /// Channels for videos whose codec differs from that of the plan.
    extra: Vec<Arc<Channel>>,
    videos: BTreeMap<usize, Rc<Video>>,
    ended: BTreeSet<u32>,
    total_rows: u64,
    /// Hashes of picture files.
    hashed_files: BTreeMap<usize, Option<Hash256>>,
    /// Bytes of the frames of each video file that came so far.
    hashed_bytes: BTreeMap<usize, u64>,
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
    let is_damage = |note: &Note| matches!(note.kind, NoteKind::Corrupt | NoteKind::Truncated);
    let whole = !dataset.notes.iter().any(is_damage);
    let mut reading = Reading {
        source,
        dataset,
        options,
        sink,
        summary: ReadSummary { complete: whole, lost: Some(0), ..ReadSummary::default() },
        channels: plan.channels.clone(),
        extra: Vec::new(),
        videos: BTreeMap::new(),
        ended: BTreeSet::new(),
        total_rows: 0,
        hashed_files: BTreeMap::new(),
        hashed_bytes: BTreeMap::new(),
    };
    let done = match reading.dataset.info.layout {
        Layout::FilePerEpisode => reading.files_of_episodes(),
        Layout::Shared => reading.shared_files(),
    };
    match done.and_then(|()| reading.compare_total()) {
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

    fn wants_episode(&self, ordinal: u32) -> bool {
        self.options.episodes.as_ref().is_none_or(|wanted| wanted.contains(&ordinal))
    }

    fn wants_channel(&self, id: usize) -> bool {
        let wanted = |wanted: &BTreeSet<u32>| u32::try_from(id).is_ok_and(|id| wanted.contains(&id));
        self.options.channels.as_ref().is_none_or(wanted)
    }

    /// Whether a column, or a leaf of it, is needed. Embedded pictures are not: only their paths.
    fn wants_column(&self, name: &str) -> bool {
        if INDEX_COLUMNS.contains(&name) {
            return name != "index";
        }
        self.dataset.features.iter().enumerate().any(|(id, feature)| match feature.kind {
            FeatureKind::Numbers(_) | FeatureKind::Text => feature.name == name && self.wants_channel(id),
            FeatureKind::Image => {
                self.wants_channel(id) && name.strip_suffix(".path").is_some_and(|column| column == feature.name)
            }
            FeatureKind::Video => false,
        })
    }

    /// v2: one file per episode.
    fn files_of_episodes(&mut self) -> Step {
        for (ordinal, index) in (0_u32..).zip(self.dataset.episodes.iter().map(|e| e.index).collect::<Vec<_>>()) {
            let Some(&file) = self.dataset.data.get(&index).filter(|_| self.wants_episode(ordinal)) else { continue };
            let mut current = Current::new(ordinal);
            match Table::open(self.source, file) {
                Ok(table) => self.rows_of_episode(&table, &mut current)?,
                Err(error) => self.damaged(error, &[ordinal])?,
            }
            // An episode of which no row could be read is missing, not empty.
            if current.seen.rows > 0 {
                self.end(current)?;
            }
        }
        Ok(())
    }

    fn rows_of_episode(&mut self, table: &Table<'_>, current: &mut Current) -> Step {
        for group in 0..table.groups() {
            let ordinal = current.ordinal;
            self.group(table, group, &[], |_| vec![ordinal], |reading, batch| reading.rows(current, batch))?;
        }
        if table.rows() == 0 {
            let text = format!("the data file `{}` has no rows", table.path());
            self.tell(Note::new(NoteKind::CountMismatch, text).in_file(table.path()).numbers(0.0, None))?;
        }
        Ok(())
    }

    /// v3: files of several episodes, whose rows follow each other.
    fn shared_files(&mut self) -> Step {
        let files: Vec<usize> = self.dataset.data.values().copied().collect();
        let mut current = None;
        for file in files {
            match Table::open(self.source, file) {
                Ok(table) => self.rows_of_shared(&table, &mut current)?,
                Err(error) => {
                    let of_file = (0_u32..).zip(&self.dataset.episodes);
                    let of_file =
                        of_file.filter(|(_, episode)| self.dataset.data_of(self.source, episode) == Some(file));
                    let lost: Vec<u32> = of_file.map(|(ordinal, _)| ordinal).collect();
                    self.damaged(error, &lost)?;
                }
            }
        }
        current.map_or(Ok(()), |current| self.end(current))
    }

    fn rows_of_shared(&mut self, table: &Table<'_>, current: &mut Option<Current>) -> Step {
        let mut lost = 0_u64;
        for group in 0..table.groups() {
            if self.skips(table, group) {
                continue;
            }
            let concerned = |reading: &Self| match table.range(group, "episode_index") {
                Some((first, last)) => reading.ordinals(first, last),
                None => Vec::new(),
            };
            self.group(table, group, &["episode_index"], concerned, |reading, batch| {
                let indexes = integers(batch, "episode_index").unwrap_or_else(|| vec![None; batch.num_rows()]);
                let mut from = 0;
                while from < indexes.len() {
                    let length = indexes[from..].iter().take_while(|index| **index == indexes[from]).count();
                    let run = batch.slice(from, length);
                    if !reading.run(current, indexes[from], &run)? {
                        lost += length as u64;
                    }
                    from += length;
                }
                Ok(())
            })?;
        }
        if lost > 0 {
            let text =
                format!("{lost} rows of `{}` belong to no episode, or come after the end of theirs", table.path());
            self.tell(Note::new(NoteKind::IndexWrong, text).in_file(table.path()).numbers(lost as f64, Some(0.0)))?;
        }
        Ok(())
    }

    /// The ordinals of the episodes with these indexes.
    fn ordinals(&self, first: i64, last: i64) -> Vec<u32> {
        let (Ok(first), Ok(last)) = (u64::try_from(first), u64::try_from(last)) else { return Vec::new() };
        if first > last {
            return Vec::new();
        }
        self.dataset.ordinals.range(first..=last).map(|(_, ordinal)| *ordinal).collect()
    }

    /// Gives the rows of a row group to `take`: all of them, or what its damage leaves. A damaged column is left out from where
    /// it breaks; the rest needs the columns of `needs`. `concerned` are the episodes that damage of the group touches.
    fn group(
        &mut self,
        table: &Table<'_>,
        group: usize,
        needs: &[&str],
        concerned: impl Fn(&Self) -> Vec<u32>,
        mut take: impl FnMut(&mut Self, &RecordBatch) -> Step,
    ) -> Step {
        let mut pictures = self.embedded(table, group);
        let mut leaves = table.leaves(|column| self.wants_column(column));
        let mut done = 0;
        let Err(error) = self.rows_from(table, (group, &leaves, BATCH_ROWS), &mut done, &mut pictures, &mut take)?
        else {
            return Ok(());
        };
        // The batch with the damage in it, row by row: what lies in the pages before it is whole.
        let _before: Result<(), FormatError> =
            self.rows_from(table, (group, &leaves, 1), &mut done, &mut pictures, &mut take)?;
        let touched = concerned(self);
        let mut broken = Vec::new();
        for &leaf in &leaves {
            if let Some(error) = table.breaks(group, leaf, done)? {
                broken.push(leaf);
                self.damaged(error, &touched)?;
            }
        }
        leaves.retain(|leaf| !broken.contains(leaf));
        let left = table.leaves(|column| needs.contains(&column));
        let timed = table.leaves(|column| ["timestamp", "frame_index"].contains(&column));
        let goes_on = !broken.is_empty()
            && left.iter().all(|leaf| leaves.contains(leaf))
            && timed.iter().any(|leaf| leaves.contains(leaf));
        let rest = if goes_on {
            self.rows_from(table, (group, &leaves, BATCH_ROWS), &mut done, &mut pictures, &mut take)?
        } else if broken.is_empty() {
            Err(error)
        } else {
            Ok(())
        };
        if let Err(error) = rest {
            self.damaged(error, &touched)?;
        }
        let lost = table.rows_of(group).saturating_sub(done as u64);
        if lost > 0 {
            let text =
                format!("{lost} of {} rows of row group {group} of `{}` are lost", table.rows_of(group), table.path());
            let note = Note::new(NoteKind::Corrupt, text).at(table.path(), table.begins(group));
            self.about(note.numbers(lost as f64, Some(0.0)), &touched)?;
        }
        Ok(())
    }

    /// Gives rows of a row group to `take`, from row `done` on. The inner error is damage, before which `done` rows were given.
    fn rows_from(
        &mut self,
        table: &Table<'_>,
        (group, leaves, size): (usize, &[usize], usize),
        done: &mut usize,
        pictures: &mut Embedded,
        take: &mut impl FnMut(&mut Self, &RecordBatch) -> Step,
    ) -> Result<Result<(), FormatError>, Stop> {
        let batches = match table.read(group, leaves, *done, size) {
            Ok(batches) => batches,
            Err(error @ FormatError::Damaged { .. }) => return Ok(Err(error)),
            Err(error) => return Err(error.into()),
        };
        pictures.row = *done;
        for batch in batches {
            match batch {
                Ok(batch) => {
                    *done += batch.num_rows();
                    take(self, &pictures.beside(batch))?;
                }
                Err(error) => return Ok(Err(table.undecodable(group, &error))),
            }
        }
        Ok(Ok(()))
    }

    /// Where the pictures inside a row group lie.
    fn embedded(&self, table: &Table<'_>, group: usize) -> Embedded {
        let features = self.dataset.features.iter().enumerate();
        let wanted = features.filter(|(id, feature)| feature.kind == FeatureKind::Image && self.wants_channel(*id));
        let places = wanted
            .filter_map(|(_, feature)| Some((feature.name.clone(), table.embedded(group, &feature.name, usize::MAX)?)));
        Embedded { places: places.collect(), row: 0 }
    }

    /// Whether a row group holds no wanted episode, by its statistics.
    fn skips(&self, table: &Table<'_>, group: usize) -> bool {
        let (Some(wanted), Some((first, last))) = (&self.options.episodes, table.range(group, "episode_index")) else {
            return false;
        };
        let within = |ordinal: &u32| {
            let index = self.dataset.episodes.get(*ordinal as usize).and_then(|e| i64::try_from(e.index).ok());
            index.is_some_and(|index| first <= index && index <= last)
        };
        !wanted.iter().any(within)
    }

    /// Rows of one episode. False when they cannot be delivered.
    fn run(&mut self, current: &mut Option<Current>, index: Option<i64>, batch: &RecordBatch) -> Result<bool, Stop> {
        let index = index.and_then(|index| u64::try_from(index).ok());
        let ordinal = index.and_then(|index| self.dataset.ordinals.get(&index).copied());
        if let Some(ended) = current.take_if(|current| Some(current.ordinal) != ordinal) {
            self.end(ended)?;
        }
        let Some(ordinal) = ordinal.filter(|ordinal| !self.ended.contains(ordinal)) else {
            self.uncounted(batch.num_rows() as u64);
            return Ok(false);
        };
        if self.wants_episode(ordinal) {
            let mut open = current.take().unwrap_or_else(|| Current::new(ordinal));
            let done = self.rows(&mut open, batch);
            *current = Some(open);
            done?;
        }
        Ok(true)
    }

    /// Counts rows that cannot be delivered as messages that cannot be decoded.
    fn uncounted(&mut self, rows: u64) {
        for id in 0..self.dataset.features.len() {
            if self.dataset.features[id].kind != FeatureKind::Video && self.wants_channel(id) {
                self.undecodable(id, rows);
            }
        }
    }

    fn undecodable(&mut self, id: usize, messages: u64) {
        let tally = self.summary.channels.entry(self.channels[id].id).or_default();
        tally.messages += messages;
        tally.undecodable += messages;
    }

    fn rows(&mut self, current: &mut Current, batch: &RecordBatch) -> Step {
        let index = self.dataset.episodes[current.ordinal as usize].index;
        current.seen.count(batch, index);
        self.total_rows += batch.num_rows() as u64;
        let times = times(batch, self.dataset.info.fps, &mut current.seen);
        let untimed = times.iter().filter(|time| time.is_none()).count() as u64;
        let filtered;
        let mut batch = batch;
        if untimed > 0 {
            current.untimed += untimed;
            self.uncounted(untimed);
            let timed: BooleanArray = times.iter().map(|time| Some(time.is_some())).collect();
            let Ok(rest) = filter_record_batch(batch, &timed) else { return Ok(()) };
            filtered = rest;
            batch = &filtered;
        }
        let times: Vec<i64> = times.into_iter().flatten().collect();
        if times.is_empty() {
            return Ok(());
        }
        for id in 0..self.dataset.features.len() {
            let feature = &self.dataset.features[id];
            if !self.wants_channel(id) || feature.kind == FeatureKind::Video {
                continue;
            }
            if feature.kind == FeatureKind::Image {
                self.images(current, id, batch, &times)?;
                continue;
            }
            // A file that lacks the column lacks the messages.
            let Some(column) = batch.column_by_name(&feature.name) else { continue };
            match messages(column, &feature.kind) {
                Some(rows) => self.deliver(&self.channels[id].clone(), current.ordinal, times.clone(), rows)?,
                None => {
                    *current.misfits.entry(id).or_default() += times.len() as u64;
                    self.undecodable(id, times.len() as u64);
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

    /// Pictures in files of their own, else inside Parquet pages. Those in pages that cannot be pointed into are counted.
    fn images(&mut self, current: &mut Current, id: usize, batch: &RecordBatch, times: &[i64]) -> Step {
        let name = self.dataset.features[id].name.clone();
        let index = self.dataset.episodes[current.ordinal as usize].index;
        let frames = integers(batch, "frame_index");
        let paths = batch.column_by_name(&name).and_then(|column| {
            let paths = column.as_struct_opt()?.column_by_name("path")?.clone();
            texts(&RecordBatch::try_from_iter([("path", paths)]).ok()?, "path")
        });
        let inside = batch.column_by_name(&Embedded::column(&name)).and_then(|column| BlobColumns::read(column));
        let mut blobs = BlobColumns::default();
        let mut found = Vec::new();
        for (row, time) in times.iter().enumerate() {
            let path = paths.as_ref().and_then(|paths| paths.get(row)?.as_deref());
            let frame = frames.as_ref().and_then(|frames| *frames.get(row)?);
            let Some(file) = self.image_file(&name, index, path, frame) else {
                if let Some(blob) = inside.as_ref().and_then(|inside| inside.get(row)).filter(|blob| blob.length > 0) {
                    blobs.push(*blob);
                    found.push(*time);
                }
                continue;
            };
            let length = self.source.files()[file].size;
            blobs.push(BlobRef {
                // OK to cast: a folder of 2^32 files does not fit in memory.
                file: file as u32,
                chunk_offset: 0,
                chunk_length: length,
                compression: Compression::None,
                inner_offset: 0,
                length,
                key_frame: Some(true),
                sha256: self.hash_file(file, length),
            });
            found.push(*time);
        }
        let embedded = (times.len() - found.len()) as u64;
        if embedded > 0 {
            *current.embedded.entry(id).or_default() += embedded;
            self.undecodable(id, embedded);
        }
        if found.is_empty() {
            return Ok(());
        }
        let Ok(rows) = StructArray::try_new(fields_of(&FeatureKind::Image), vec![Arc::new(blobs.finish())], None)
        else {
            return Ok(());
        };
        self.deliver(&self.channels[id].clone(), current.ordinal, found, rows)
    }

    fn image_file(&self, key: &str, index: u64, path: Option<&str>, frame: Option<i64>) -> Option<usize> {
        let stated = path.and_then(|path| self.source.find(path));
        stated.or_else(|| {
            let frame = frame?;
            ["png", "jpg", "jpeg"].iter().find_map(|extension| {
                let folder = format!("images/{key}");
                self.source
                    .find(&format!("{folder}/episode_{index:06}/frame_{frame:06}.{extension}"))
                    .or_else(|| self.source.find(&format!("{folder}/episode-{index:06}/frame-{frame:06}.{extension}")))
            })
        })
    }

    /// Delivers the videos of an episode, what is odd about it, and its end.
    fn end(&mut self, current: Current) -> Step {
        let ordinal = current.ordinal;
        let ids: Vec<usize> = (0..self.dataset.features.len())
            .filter(|id| self.dataset.features[*id].kind == FeatureKind::Video && self.wants_channel(*id))
            .collect();
        for id in ids {
            self.video(id, ordinal, current.seen.rows)?;
        }
        let episode = &self.dataset.episodes[ordinal as usize];
        let mut notes = current.seen.notes(episode.length, self.dataset.info.fps);
        let tasks = current.seen.tasks.len();
        if tasks > episode.tasks.len().max(1) {
            let text = format!("rows name {tasks} tasks, the metadata names {}", episode.tasks.len());
            let limit = episode.tasks.len() as f64;
            notes.push(Note::new(NoteKind::IndexWrong, text).numbers(tasks as f64, Some(limit)));
        }
        // Trainers take the task of a row from its number.
        let named = current.seen.tasks.iter().filter_map(|index| self.dataset.tasks.get(index));
        if let Some(other) = named.into_iter().find(|task| !episode.tasks.is_empty() && !episode.tasks.contains(task)) {
            let text = format!("rows name the task `{other}`, the metadata `{}`", episode.tasks.join("; "));
            notes.push(Note::new(NoteKind::IndexWrong, text));
        }
        if current.untimed > 0 {
            let text = format!("{} rows have neither a timestamp nor a place in the episode", current.untimed);
            notes.push(Note::new(NoteKind::Undecodable, text).numbers(current.untimed as f64, Some(0.0)));
        }
        for (id, count) in current.embedded {
            let name = &self.dataset.features[id].name;
            let text = format!("{count} pictures of `{name}` lie inside Parquet pages that cannot be pointed into");
            notes.push(Note::new(NoteKind::Undecodable, text).stream(name).numbers(count as f64, Some(0.0)));
        }
        for (id, count) in current.misfits {
            let name = &self.dataset.features[id].name;
            let text = format!("{count} rows of `{name}` have another type than the rest of the dataset");
            notes.push(Note::new(NoteKind::Undecodable, text).stream(name).numbers(count as f64, Some(0.0)));
        }
        for note in notes {
            self.tell(note.episode(Some(ordinal)))?;
        }
        self.ended.insert(ordinal);
        self.send(ReadEvent::EpisodeEnd(ordinal))
    }

    fn video(&mut self, id: usize, ordinal: u32, rows: u64) -> Step {
        let name = self.dataset.features[id].name.clone();
        let about = |note: Note| note.stream(&name).episode(Some(ordinal));
        let episode = &self.dataset.episodes[ordinal as usize];
        let place = episode.videos.get(&name).copied();
        let Some(path) = video_path(&self.dataset.info, episode, &name) else {
            let text = format!("the metadata gives the video `{name}` no file");
            return self.tell(about(Note::new(NoteKind::IndexWrong, text)));
        };
        let Some(file) = self.source.find(&path) else {
            let note = Note::new(NoteKind::FileMissing, format!("the video file `{path}` is not there"));
            return self.tell(about(note.in_file(&path)));
        };
        let video = match self.open(id, file) {
            Ok(video) => video,
            Err(error) => {
                let note = error.into_note()?;
                self.summary.complete = false;
                self.summary.lost = None;
                return self.tell(about(note));
            }
        };
        for note in &video.track.notes {
            if note.kind == NoteKind::Truncated {
                self.summary.complete = false;
                self.summary.lost = None;
            }
            self.tell(about(note.clone()))?;
        }
        let picture = picture_of(&video.track);
        let period_s = self.dataset.info.fps.or(picture.fps).map_or(0.0, |fps| 1.0 / fps);
        let frames = match place {
            Some(place) if place.from_s.is_finite() && place.to_s > place.from_s => {
                video.frames(place.from_s, Some(place.to_s), period_s)
            }
            Some(place) => {
                let text = format!("the metadata places `{name}` from {} s to {} s", place.from_s, place.to_s);
                return self.tell(about(Note::new(NoteKind::IndexWrong, text)));
            }
            None => video.frames(0.0, None, period_s),
        };
        if frames.times.len() as u64 != rows {
            let text = format!("`{name}` has {} frames, the episode has {rows} rows", frames.times.len());
            let note = Note::new(NoteKind::CountMismatch, text).in_file(&path);
            self.tell(about(note.numbers(frames.times.len() as f64, Some(rows as f64))))?;
        }
        if frames.blobs.first().is_some_and(|blob| blob.key_frame == Some(false)) {
            let text = format!("`{name}` does not begin with a key frame in this episode");
            self.tell(about(Note::new(NoteKind::IndexWrong, text).in_file(&path)))?;
        }
        let channel = self.channel_of(id, &video)?;
        self.frames(&channel, ordinal, frames)
    }

    fn frames(&mut self, channel: &Arc<Channel>, ordinal: u32, frames: Frames) -> Step {
        for (times, blobs) in frames.times.chunks(BATCH_FRAMES).zip(frames.blobs.chunks(BATCH_FRAMES)) {
            let mut column = BlobColumns::default();
            blobs.iter().for_each(|blob| column.push(self.hashed(*blob)));
            let column = Arc::new(column.finish());
            let Ok(rows) = StructArray::try_new(fields_of(&FeatureKind::Video), vec![column], None) else {
                return Ok(());
            };
            self.deliver(channel, ordinal, times.to_vec(), rows)?;
        }
        Ok(())
    }

    /// A frame of a video with its hash, unless the index of the file claims far more bytes than it has.
    fn hashed(&mut self, blob: BlobRef) -> BlobRef {
        let file = blob.file as usize;
        let size = self.source.files().get(file).map_or(0, |file| file.size);
        let claimed = self.hashed_bytes.entry(file).or_default();
        *claimed = claimed.saturating_add(blob.length);
        let sha256 = (*claimed / HASHED_TIMES_MAX <= size)
            .then(|| hash_at(self.source, file, blob.chunk_offset, blob.length))
            .flatten();
        BlobRef { sha256, ..blob }
    }

    /// The hash of a whole picture file. Rows that name the same file do not have it read again.
    fn hash_file(&mut self, file: usize, length: u64) -> Option<Hash256> {
        if let Some(known) = self.hashed_files.get(&file) {
            return *known;
        }
        let hash = hash_at(self.source, file, 0, length);
        self.hashed_files.insert(file, hash);
        hash
    }

    /// The video in a file. Keeps the last one of each feature, since episodes follow each other in shared files.
    fn open(&mut self, id: usize, file: usize) -> Result<Rc<Video>, FormatError> {
        if let Some(video) = self.videos.get(&id).filter(|video| video.file == file) {
            return Ok(video.clone());
        }
        let video = Rc::new(Video::open(self.source, file)?);
        self.videos.insert(id, video.clone());
        Ok(video)
    }

    /// The channel of a video: that of the plan, unless its pictures are coded in another way.
    fn channel_of(&mut self, id: usize, video: &Video) -> Result<Arc<Channel>, Stop> {
        let mut picture = picture_of(&video.track);
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
        picture.fps = picture.fps.or(self.dataset.info.fps);
        // OK to cast: there are no more channels than features and video files.
        let next = (self.channels.len() + self.extra.len()) as u32;
        let channel = Arc::new(Channel { id: next, picture: Some(picture), ..(**planned).clone() });
        self.extra.push(channel.clone());
        self.send(ReadEvent::Channel(channel.clone()))?;
        Ok(channel)
    }

    /// Tells damage that concerns these episodes; what came before it is delivered already.
    fn damaged(&mut self, error: FormatError, ordinals: &[u32]) -> Step {
        let note = error.into_note()?;
        self.about(note, ordinals)
    }

    /// Tells damage of the episodes that are not over. Where none of them has begun, one note names them all: they may be a
    /// thousand, and none of them will come.
    fn about(&mut self, note: Note, ordinals: &[u32]) -> Step {
        self.summary.complete = false;
        self.summary.lost = None;
        let open: Vec<u32> = ordinals.iter().copied().filter(|ordinal| !self.ended.contains(ordinal)).collect();
        if open.len() > NAMED_MAX {
            let named = |ordinal: &u32| self.dataset.episodes.get(*ordinal as usize).map(|episode| episode.index);
            let indexes: Vec<u64> = open.iter().filter_map(named).collect();
            let text = format!("{}; that concerns {} episodes: {}", note.text, open.len(), ranges(&indexes));
            return self.tell(Note { text, ..note }.episode(open.first().copied()));
        }
        if open.is_empty() {
            return self.tell(note);
        }
        for ordinal in open {
            let key = self.dataset.episodes.get(ordinal as usize).map_or(0, |episode| episode.index);
            let text = format!("{}; that concerns episode {key}", note.text);
            self.tell(Note { text, ..note.clone() }.episode(Some(ordinal)))?;
        }
        Ok(())
    }

    /// Compares what came with what the dataset claims as a whole.
    fn compare_total(&mut self) -> Step {
        let rows = self.total_rows;
        match self.dataset.info.total_frames {
            Some(claimed) if claimed != rows && self.options.episodes.is_none() => {
                let text = format!("`total_frames` is {claimed}, {rows} rows are there");
                let note = Note::new(NoteKind::CountMismatch, text).in_file(super::info::INFO);
                self.tell(note.numbers(rows as f64, Some(claimed as f64)))
            }
            _ => Ok(()),
        }
    }
}

impl Current {
    fn new(ordinal: u32) -> Self {
        Self { ordinal, seen: Seen::default(), embedded: BTreeMap::new(), misfits: BTreeMap::new(), untimed: 0 }
    }
}
