//! Streams a recording: episode by episode, in each one dataset after the other.
//!
//! ```text
//!   slab of rows ─▶ numbers, texts ─▶ batch
//!                ─▶ pictures: hashed, and told where they lie ─▶ batch
//!   a slab that is damaged ─▶ its chunks one by one: what is whole is delivered, what is not is counted and told
//! ```

use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use arrow::array::{ArrayRef, StructArray};
use prairie_model::{
    BlobColumns, BlobRef, Channel, Codec, Compression, Hash256, MessageBatch, Nanos, Note, NoteKind, Payload,
    PictureInfo, ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source,
};

use super::clock::Times;
use super::column::{Item, Kind, Leaf, fixed_text, gather, leaves, lists, numbers, texts, variable, variable_place};
use super::container::{Dataset, File, GlobalHeaps, HeapId, Padding, Rows};
use super::episode::{Episode, Part, VideoPart};
use super::recording::Recording;
use crate::FormatError;
use crate::blob::hash_at;
use crate::lerobot::video::{Video, picture_of};

/// Rows of one batch.
const BATCH_ROWS: usize = 1 << 16;

/// Frames of one batch.
const BATCH_FRAMES: usize = 4096;

/// Bytes of values of variable length in one batch.
const BATCH_BYTES: usize = 4 << 20;

/// Damaged parts of one dataset that are told one by one.
const TOLD_MAX: u32 = 8;

/// Damaged parts of one dataset, after which the rest of it is given up.
const FAULTS_MAX: u32 = 1 << 16;

/// Bytes that a row costs beside its own: its time, and where its values begin.
const ROW_COST: u64 = 16;

/// How many times the bytes of its file a recording may become, beside [`SPARE_BYTES`]. Files in which everything is black, or
/// nothing was written, become some thousand times as long.
const TIMES_MAX: u64 = 1 << 14;

/// Bytes that any recording may become.
const SPARE_BYTES: u64 = 256 << 20;

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

/// A dataset that is being read.
struct Current<'c, 'f, 'a> {
    file: &'f File<'a>,
    ordinal: u32,
    times: &'c Times,
    channel: Arc<Channel>,
    kind: Kind,
    leaf: Leaf,
    rows: Rows,
    heaps: GlobalHeaps,
    bytes: Vec<u8>,
    /// Parts of it that were damaged.
    faults: u32,
    /// Rows whose values were damaged.
    undecodable: u64,
}

struct Reading<'r> {
    options: &'r ReadOptions,
    sink: &'r mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    summary: ReadSummary,
    /// Bytes that the recording may still become.
    allowance: u64,
    /// Channels of the plan, and those that it did not know.
    planned: usize,
    extra: Vec<Arc<Channel>>,
}

/// Reads all of it.
pub(super) fn read(
    source: &dyn Source,
    plan: &RecordingPlan,
    options: &ReadOptions,
    sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
) -> Result<ReadSummary, FormatError> {
    let recording = Recording::load(source, options.verify)?;
    if plan.channels.len() != recording.plan.channels.len() || plan.episodes.len() != recording.episodes.len() {
        return Err(FormatError::Unsupported("the plan is not of this recording".to_owned()));
    }
    let is_damage = |note: &Note| matches!(note.kind, NoteKind::Corrupt | NoteKind::Truncated);
    let whole = !recording.plan.notes.iter().any(is_damage);
    let size = source.files().iter().fold(0_u64, |sum, file| sum.saturating_add(file.size));
    let summary = ReadSummary { complete: whole, lost: whole.then_some(0), ..ReadSummary::default() };
    let allowance = size.saturating_mul(TIMES_MAX).saturating_add(SPARE_BYTES);
    let mut reading = Reading { options, sink, summary, allowance, planned: plan.channels.len(), extra: Vec::new() };
    match reading.episodes(source, &recording, plan) {
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

    fn episodes(&mut self, source: &dyn Source, recording: &Recording, plan: &RecordingPlan) -> Step {
        let mut open: Option<File<'_>> = None;
        for (ordinal, episode) in (0_u32..).zip(&recording.episodes) {
            if self.options.episodes.as_ref().is_some_and(|wanted| !wanted.contains(&ordinal)) {
                continue;
            }
            let file = match open.take().filter(|file| file.index() == episode.file) {
                Some(file) => file,
                None => File::open(source, episode.file, self.options.verify)?.0,
            };
            self.episode(&file, ordinal, episode, recording, plan)?;
            open = Some(file);
        }
        Ok(())
    }

    fn episode(
        &mut self,
        file: &File<'_>,
        ordinal: u32,
        episode: &Episode,
        recording: &Recording,
        plan: &RecordingPlan,
    ) -> Step {
        for note in &episode.notes {
            self.send(ReadEvent::Note(note.clone().episode(Some(ordinal))))?;
        }
        let (times, note) = Times::of(file, &episode.clock, episode.rows)?;
        if let Some(note) = note {
            self.send(ReadEvent::Note(note.episode(Some(ordinal)).in_file(file.path())))?;
        }
        for part in &episode.parts {
            if !self.wants(part.channel) {
                continue;
            }
            // OK to index: the plan has as many channels as the recording, which made the parts.
            let channel = Arc::clone(&plan.channels[part.channel as usize]);
            let kind = recording.kinds[part.channel as usize].clone();
            if matches!(kind, Kind::Refused(_)) {
                self.opaque(file, ordinal, &times, part, &channel)?;
                continue;
            }
            let opened = open(file, part).map(|(rows, leaf)| Current {
                file,
                ordinal,
                times: &times,
                channel: Arc::clone(&channel),
                kind,
                leaf,
                rows,
                heaps: GlobalHeaps::default(),
                bytes: Vec::new(),
                faults: 0,
                undecodable: 0,
            });
            match opened {
                Ok(mut current) => {
                    self.dataset(&mut current, part.rows)?;
                    self.undecodable(&current)?;
                }
                Err(error) => self.lost(error, ordinal, &channel, part.rows)?,
            }
        }
        for label in &episode.labels {
            if self.wants(label.channel) {
                let channel = &plan.channels[label.channel as usize];
                let log_time = label.rows.iter().map(|(row, _)| times.at(*row)).collect();
                let Some(rows) = texts(label.rows.iter().map(|(_, text)| Some(text.clone()))) else { continue };
                self.timed_batch(channel, ordinal, log_time, Payload::Decoded(rows))?;
            }
        }
        for video in episode.videos.iter().filter(|video| self.wants(video.channel)).cloned().collect::<Vec<_>>() {
            let channel = Arc::clone(&plan.channels[video.channel as usize]);
            self.video(file.source(), ordinal, episode.rows, &times, &video, &channel)?;
        }
        self.send(ReadEvent::EpisodeEnd(ordinal))
    }

    fn wants(&self, channel: u32) -> bool {
        self.options.channels.as_ref().is_none_or(|wanted| wanted.contains(&channel))
    }

    /// A video beside the rows: frame by row where there are as many, else by its own times.
    fn video(
        &mut self,
        source: &dyn Source,
        ordinal: u32,
        rows: u64,
        times: &Times,
        part: &VideoPart,
        channel: &Arc<Channel>,
    ) -> Step {
        let path = source.files().get(part.file).map(|file| file.path.clone()).unwrap_or_default();
        let about = |note: Note| note.stream(&channel.topic).episode(Some(ordinal)).in_file(&path);
        let video = match Video::open(source, part.file) {
            Ok(video) => video,
            Err(error) => {
                let note = error.into_note()?;
                (self.summary.complete, self.summary.lost) = (false, None);
                return self.send(ReadEvent::Note(note.stream(&channel.topic).episode(Some(ordinal))));
            }
        };
        for note in &video.track.notes {
            if note.kind == NoteKind::Truncated {
                (self.summary.complete, self.summary.lost) = (false, None);
            }
            self.send(ReadEvent::Note(note.clone().stream(&channel.topic).episode(Some(ordinal))))?;
        }
        let channel = self.channel_of(channel, picture_of(&video.track))?;
        let mut frames = video.frames(0.0, None, 0.0);
        let count = frames.times.len() as u64;
        if count == rows {
            frames.times = (0..rows).map(|row| times.at(row)).collect();
        } else {
            let text = format!("`{}` has {count} frames, the episode has {rows} rows", channel.topic);
            let note = Note::new(NoteKind::CountMismatch, text).numbers(count as f64, Some(rows as f64));
            self.send(ReadEvent::Note(about(note)))?;
        }
        for (times, blobs) in frames.times.chunks(BATCH_FRAMES).zip(frames.blobs.chunks(BATCH_FRAMES)) {
            let mut column = BlobColumns::default();
            for blob in blobs {
                self.spend(blob.length)?;
                let sha256 = hash_at(source, part.file, blob.chunk_offset, blob.length);
                column.push(BlobRef { sha256, ..*blob });
            }
            let fields = Kind::Blob.fields().unwrap_or_default();
            let Ok(rows) = StructArray::try_new(fields, vec![Arc::new(column.finish())], None) else { return Ok(()) };
            self.timed_batch(&channel, ordinal, times.to_vec(), Payload::Decoded(rows))?;
        }
        Ok(())
    }

    /// The channel of a video: that of the plan, unless its pictures are coded in another way.
    fn channel_of(&mut self, planned: &Arc<Channel>, picture: PictureInfo) -> Step<Arc<Channel>> {
        let same = |channel: &&Arc<Channel>| {
            let form = |info: &PictureInfo| (info.codec, info.width, info.height, info.config.clone());
            channel.topic == planned.topic && channel.picture.as_ref().map(form) == Some(form(&picture))
        };
        if let Some(known) = std::iter::once(planned).chain(&self.extra).find(same) {
            return Ok(Arc::clone(known));
        }
        // OK to cast: there are no more channels than datasets and files.
        let id = (self.planned + self.extra.len()) as u32;
        let channel = Arc::new(Channel { id, picture: Some(picture), ..(**planned).clone() });
        self.extra.push(Arc::clone(&channel));
        self.send(ReadEvent::Channel(Arc::clone(&channel)))?;
        Ok(channel)
    }

    /// Rows that nobody can decode are delivered as places in the file.
    fn opaque(&mut self, file: &File<'_>, ordinal: u32, times: &Times, part: &Part, channel: &Arc<Channel>) -> Step {
        let dataset = match file.header(part.address).and_then(|header| Dataset::of(file, &header)) {
            Ok(dataset) => dataset,
            Err(error) => return self.lost(error, ordinal, channel, part.rows),
        };
        let Some(row_bytes) = dataset.row_bytes() else { return Ok(()) };
        // A row costs memory here, too: more of them than fit into the file are no rows.
        if part.rows > file.size().saturating_mul(8) {
            let error = file.damaged("a dataset", part.address, format!("it claims {} rows", part.rows));
            return self.lost(error, ordinal, channel, part.rows);
        }
        let mut row = 0;
        while row < part.rows {
            let end = row.saturating_add(BATCH_ROWS as u64).min(part.rows);
            let place = |row: u64| in_dataset(file, &dataset, part.rows, row.saturating_mul(row_bytes), row_bytes);
            let blobs = (row..end).map(place).collect();
            self.batch(channel, ordinal, times, row..end, Payload::Opaque(blobs))?;
            row = end;
        }
        Ok(())
    }

    fn dataset(&mut self, current: &mut Current<'_, '_, '_>, rows: u64) -> Step {
        let rows = rows.min(current.rows.rows());
        let mut row = 0;
        while row < rows {
            if current.faults > FAULTS_MAX {
                let why = format!("`{}` is damaged in more than {FAULTS_MAX} places", current.channel.topic);
                return self.lost(FormatError::Unsupported(why), current.ordinal, &current.channel, rows - row);
            }
            let slab = current.rows.slab(row);
            let slab = slab.start..slab.end.min(rows).max(row + 1);
            match self.slab(current, slab.clone()) {
                Ok(()) => row = slab.end,
                Err(Stop::Failed(error @ (FormatError::Damaged { .. } | FormatError::Cut { .. }))) => {
                    row = self.around(current, error, slab, rows)?;
                }
                Err(Stop::Failed(error @ FormatError::Unsupported(_))) => {
                    return self.lost(error, current.ordinal, &current.channel, rows - row);
                }
                Err(stop) => return Err(stop),
            }
        }
        Ok(())
    }

    /// Delivers what is whole of a slab that is damaged, and says from which row on it goes on.
    fn around(
        &mut self,
        current: &mut Current<'_, '_, '_>,
        error: FormatError,
        slab: Range<u64>,
        rows: u64,
    ) -> Step<u64> {
        // One piece that the file cuts off: what lies before the cut.
        if let Some(there) = current.rows.rows_there(current.file) {
            let end = there.min(slab.end);
            if end > slab.start && end < slab.end {
                self.slab(current, slab.start..end)?;
            }
            let from = end.max(slab.start);
            self.fault(current, error, rows - from)?;
            return Ok(rows);
        }
        let band = current.rows.band(slab.start);
        let end = band.end.min(slab.end);
        if end < slab.end {
            // Several bands: this one by itself.
            match self.slab(current, slab.start..end) {
                Ok(()) => return Ok(end),
                Err(Stop::Failed(error @ (FormatError::Damaged { .. } | FormatError::Cut { .. }))) => {
                    self.fault(current, error, end - slab.start)?;
                    return Ok(end);
                }
                Err(stop) => return Err(stop),
            }
        }
        self.fault(current, error, end - slab.start)?;
        Ok(end)
    }

    /// Reads and delivers some rows.
    fn slab(&mut self, current: &mut Current<'_, '_, '_>, rows: Range<u64>) -> Step {
        let bytes = (rows.end - rows.start).saturating_mul(current.rows.row_bytes() as u64 + ROW_COST);
        self.spend(bytes)?;
        current.rows.allowance = self.allowance;
        let mut data = std::mem::take(&mut current.bytes);
        let read = current.rows.read(current.file, rows.clone(), &mut data);
        self.allowance = current.rows.allowance;
        current.bytes = data;
        read?;
        let row_bytes = current.rows.row_bytes().max(1);
        let mut start = rows.start;
        while start < rows.end {
            let end = start.saturating_add(BATCH_ROWS as u64).min(rows.end);
            // OK to cast and index: the bytes are those of the rows.
            let part = (start - rows.start) as usize * row_bytes..(end - rows.start) as usize * row_bytes;
            self.rows(current, start..end, part)?;
            start = end;
        }
        Ok(())
    }

    /// What is delivered has an end, whatever the file claims. This is no damage of one place: it ends the dataset.
    fn spend(&mut self, bytes: u64) -> Step {
        self.allowance = self.allowance.checked_sub(bytes).ok_or_else(|| {
            FormatError::Unsupported("the datasets of the file claim far more than it can hold".to_owned())
        })?;
        Ok(())
    }

    /// Delivers rows whose bytes are at `part` of those that were read.
    fn rows(&mut self, current: &mut Current<'_, '_, '_>, rows: Range<u64>, part: Range<usize>) -> Step {
        let data = std::mem::take(&mut current.bytes);
        let done = match (&current.kind, current.leaf.item.clone()) {
            (Kind::Numbers(_), Item::Number(number)) => {
                let element = current.rows.dataset().datatype.size;
                // OK to cast and multiply: they lie inside of the row.
                let items = current.leaf.items() as usize;
                let mut room = Vec::new();
                let bytes = gather(&data[part], element, current.leaf.offset, number.size * items, &mut room);
                let values = numbers(number, bytes);
                // OK to cast: not more rows than a batch has.
                let count = (rows.end - rows.start) as usize;
                let per_row = values.len() / count.max(1);
                let column = lists(&current.kind, values, std::iter::repeat_n(per_row, count));
                self.decoded(current, rows, column)
            }
            (Kind::Text, Item::Text { size, padding }) => {
                let element = current.rows.dataset().datatype.size;
                let mut room = Vec::new();
                let bytes = gather(&data[part], element, current.leaf.offset, size, &mut room);
                let column = texts(bytes.chunks_exact(size).map(|text| Some(fixed_text(text, padding))));
                self.decoded(current, rows, column)
            }
            (Kind::Blob, Item::VariableNumbers(_)) => self.variable_blobs(current, rows, &data[part]),
            (Kind::Blob, _) => self.blobs(current, rows, &data[part]),
            (_, Item::VariableText | Item::VariableNumbers(_)) => self.variable(current, rows, &data[part]),
            // What the plan says is made of the same leaf; nothing else can be.
            _ => Ok(()),
        };
        current.bytes = data;
        done
    }

    fn decoded(&mut self, current: &Current<'_, '_, '_>, rows: Range<u64>, column: Option<StructArray>) -> Step {
        let Some(column) = column else { return Ok(()) };
        self.batch(&current.channel, current.ordinal, current.times, rows, Payload::Decoded(column))
    }

    /// Values of variable length: texts, or lists of numbers.
    fn variable(&mut self, current: &mut Current<'_, '_, '_>, rows: Range<u64>, bytes: &[u8]) -> Step {
        let element = current.rows.dataset().datatype.size;
        let (offset, size) = (current.leaf.offset, HeapId::size(current.file));
        let number = if let Item::VariableNumbers(number) = current.leaf.item { Some(number) } else { None };
        let base = number.map_or(1, |number| number.size);
        let mut kept: Vec<(u64, Option<Vec<u8>>)> = Vec::new();
        let mut held = 0;
        for (row, element) in (rows.start..).zip(bytes.chunks_exact(element.max(1))) {
            let reference = element.get(offset..offset + size).unwrap_or_default();
            match variable(current.file, &mut current.heaps, reference, base) {
                Ok(value) => {
                    let length = value.as_ref().map_or(0, Vec::len);
                    self.spend(length as u64)?;
                    held += length;
                    kept.push((row, value));
                }
                Err(error) => self.bad_value(current, error)?,
            }
            if held >= BATCH_BYTES {
                self.variable_batch(current, number, std::mem::take(&mut kept))?;
                held = 0;
            }
        }
        self.variable_batch(current, number, kept)
    }

    fn variable_batch(
        &mut self,
        current: &Current<'_, '_, '_>,
        number: Option<super::container::Number>,
        kept: Vec<(u64, Option<Vec<u8>>)>,
    ) -> Step {
        let column = match number {
            Some(number) => {
                let all: Vec<u8> = kept.iter().filter_map(|(_, value)| value.as_deref()).flatten().copied().collect();
                let values: ArrayRef = numbers(number, &all);
                lists(
                    &current.kind,
                    values,
                    kept.iter().map(|(_, value)| value.as_ref().map_or(0, |value| value.len() / number.size)),
                )
            }
            None => texts(kept.iter().map(|(_, value)| value.as_ref().map(|text| fixed_text(text, Padding::ZeroEnd)))),
        };
        let Some(column) = column.filter(|_| !kept.is_empty()) else { return Ok(()) };
        let times = kept.iter().map(|(row, _)| current.times.at(*row)).collect();
        self.timed_batch(&current.channel, current.ordinal, times, Payload::Decoded(column))
    }

    /// Rows that are bytes: pictures, mostly.
    fn blobs(&mut self, current: &mut Current<'_, '_, '_>, rows: Range<u64>, bytes: &[u8]) -> Step {
        let row_bytes = current.rows.row_bytes();
        let codec = current.channel.picture.as_ref().map(|picture| picture.codec);
        // A coded picture is padded with zeros, and ends with none itself.
        let padded = matches!(codec, Some(Codec::Jpeg | Codec::Png));
        let claimed = current.rows.rows();
        let mut column = BlobColumns::default();
        for (row, bytes) in rows.clone().zip(bytes.chunks_exact(row_bytes.max(1))) {
            let length =
                if padded { bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1) } else { row_bytes };
            let sha256 = self.options.hashes.then(|| Hash256::of(&bytes[..length]));
            let place = match current.rows.place(row) {
                Some(address) => plain(current.file, address, length as u64),
                None => {
                    let start = row.saturating_mul(row_bytes as u64);
                    in_dataset(current.file, current.rows.dataset(), claimed, start, length as u64)
                }
            };
            column.push(BlobRef { sha256, key_frame: codec.is_some().then_some(true), ..place });
        }
        let column = StructArray::try_new(blob_fields(&current.kind), vec![Arc::new(column.finish())], None).ok();
        self.decoded(current, rows, column)
    }

    /// Rows that are bytes of variable length, each in one piece in a heap.
    fn variable_blobs(&mut self, current: &mut Current<'_, '_, '_>, rows: Range<u64>, bytes: &[u8]) -> Step {
        let element = current.rows.dataset().datatype.size;
        let (offset, size) = (current.leaf.offset, HeapId::size(current.file));
        let is_picture = current.channel.picture.is_some();
        let (mut column, mut times) = (BlobColumns::default(), Vec::new());
        for (row, element) in rows.zip(bytes.chunks_exact(element.max(1))) {
            let reference = element.get(offset..offset + size).unwrap_or_default();
            let place = match HeapId::parse(current.file, reference) {
                Some(id) => match variable_place(current.file, &mut current.heaps, id, 1) {
                    Ok((address, length)) => {
                        self.spend(length)?;
                        let mut place = plain(current.file, address, length);
                        place.sha256 = hash_at(current.file.source(), current.file.index(), place.chunk_offset, length);
                        place.key_frame = is_picture.then_some(true);
                        place
                    }
                    Err(error) => {
                        self.bad_value(current, error)?;
                        continue;
                    }
                },
                None => BlobRef::NOTHING,
            };
            column.push(place);
            times.push(current.times.at(row));
        }
        let column = StructArray::try_new(blob_fields(&current.kind), vec![Arc::new(column.finish())], None).ok();
        match column {
            Some(column) if !times.is_empty() => {
                self.timed_batch(&current.channel, current.ordinal, times, Payload::Decoded(column))
            }
            _ => Ok(()),
        }
    }

    /// Counts a row whose value lies nowhere. A failing source is no damage.
    fn bad_value(&mut self, current: &mut Current<'_, '_, '_>, error: FormatError) -> Step {
        let note = error.into_note()?;
        current.undecodable += 1;
        let tally = self.summary.channels.entry(current.channel.id).or_default();
        tally.messages += 1;
        tally.undecodable += 1;
        if current.faults < TOLD_MAX {
            current.faults += 1;
            self.send(ReadEvent::Note(note.stream(&current.channel.topic).episode(Some(current.ordinal))))?;
        }
        Ok(())
    }

    /// Tells how many values of a dataset lie nowhere.
    fn undecodable(&mut self, current: &Current<'_, '_, '_>) -> Step {
        if current.undecodable == 0 {
            return Ok(());
        }
        let text = format!("{} values of `{}` cannot be read", current.undecodable, current.channel.topic);
        let note = Note::new(NoteKind::Undecodable, text).stream(&current.channel.topic);
        let note = note.episode(Some(current.ordinal)).in_file(current.file.path());
        self.send(ReadEvent::Note(note.numbers(current.undecodable as f64, Some(0.0))))
    }

    fn batch(
        &mut self,
        channel: &Arc<Channel>,
        ordinal: u32,
        times: &Times,
        rows: Range<u64>,
        payload: Payload,
    ) -> Step {
        self.timed_batch(channel, ordinal, rows.map(|row| times.at(row)).collect(), payload)
    }

    fn timed_batch(&mut self, channel: &Arc<Channel>, ordinal: u32, log_time: Vec<i64>, payload: Payload) -> Step {
        let span = log_time.iter().min().zip(log_time.iter().max());
        let span = span.map(|(first, last)| (Nanos(*first), Nanos(*last)));
        self.summary.count(channel.id, log_time.len() as u64, span);
        self.send(ReadEvent::Batch(MessageBatch {
            channel: Arc::clone(channel),
            episode: Some(ordinal),
            log_time,
            publish_time: Vec::new(),
            payload,
        }))
    }

    /// Tells of rows that damage took, one by one as long as they are few.
    fn fault(&mut self, current: &mut Current<'_, '_, '_>, error: FormatError, rows: u64) -> Step {
        current.faults += 1;
        if current.faults <= TOLD_MAX {
            return self.lost(error, current.ordinal, &current.channel, rows);
        }
        self.summary.lost = self.summary.lost.map(|lost| lost.saturating_add(rows));
        if current.faults == TOLD_MAX + 1 {
            let text = format!("more of `{}` is damaged, and is counted only", current.channel.topic);
            let note = Note::new(NoteKind::Corrupt, text).stream(&current.channel.topic);
            self.send(ReadEvent::Note(note.episode(Some(current.ordinal)).in_file(current.file.path())))?;
        }
        Ok(())
    }

    /// Tells that rows of a dataset cannot be read.
    fn lost(&mut self, error: FormatError, ordinal: u32, channel: &Channel, rows: u64) -> Step {
        self.summary.complete = false;
        self.summary.lost = self.summary.lost.map(|lost| lost.saturating_add(rows));
        let note = match error {
            FormatError::Unsupported(why) => Note::new(NoteKind::Undecodable, why).numbers(rows as f64, Some(0.0)),
            error => error.into_note()?,
        };
        let text = format!("{}; that takes {rows} rows of `{}`", note.text, channel.topic);
        self.send(ReadEvent::Note(Note { text, ..note }.stream(&channel.topic).episode(Some(ordinal))))
    }
}

/// The rows of a part, and the leaf of their elements.
fn open(file: &File<'_>, part: &Part) -> Result<(Rows, Leaf), FormatError> {
    let dataset = Dataset::of(file, &file.header(part.address)?)?;
    let leaf = leaves(&dataset.datatype).into_iter().nth(part.leaf);
    let leaf = leaf.ok_or_else(|| file.damaged("a dataset", part.address, "its type has changed"))?;
    Ok((Rows::open(file, dataset)?, leaf))
}

fn blob_fields(kind: &Kind) -> arrow::datatypes::Fields {
    kind.fields().unwrap_or_default()
}

/// Bytes that lie in the file as they are.
fn plain(file: &File<'_>, address: u64, length: u64) -> BlobRef {
    BlobRef {
        // OK to cast: a recording has fewer files.
        file: file.index() as u32,
        chunk_offset: file.absolute(address),
        chunk_length: length,
        compression: Compression::None,
        inner_offset: 0,
        length,
        key_frame: None,
        sha256: None,
    }
}

/// Bytes of a dataset whose elements lie in chunks: where its header is, and how many bytes of elements come before.
fn in_dataset(file: &File<'_>, dataset: &Dataset, rows: u64, start: u64, length: u64) -> BlobRef {
    BlobRef {
        // OK to cast: a recording has fewer files.
        file: file.index() as u32,
        chunk_offset: file.absolute(dataset.address),
        chunk_length: rows.saturating_mul(dataset.row_bytes().unwrap_or(u64::MAX)),
        compression: Compression::Hdf5,
        inner_offset: start,
        length,
        key_frame: None,
        sha256: None,
    }
}
