//! Streams the rows of each episode, then its end.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use prairie_model::{
    BlobRef, Channel, Compression, Hash256, MessageBatch, Nanos, Note, NoteKind, Payload, ReadEvent, ReadOptions,
    ReadSummary, RecordingPlan, Source,
};
use serde_json::Value;

use super::document::{CHANNELS_MAX, Document, folder, head, rate, texts};
use super::rows::{Cell, Kind, Waiting, cells, parse};
use super::scan::{End, Part, VALUE_MAX_BYTES, scan};
use crate::FormatError;
use crate::blob::hash_at;

/// Rows of a batch.
const BATCH_ROWS: usize = 2048;

/// Bytes of all batches that wait.
const WAITING_MAX_BYTES: usize = 8 << 20;

/// A channel with its rows that wait.
struct Lane {
    channel: Arc<Channel>,
    kind: Kind,
    wanted: bool,
    waiting: Waiting,
    /// Values of this episode that are of another kind, and files that are not there.
    misfits: u64,
    missing: u64,
    /// Values of this episode.
    values: u64,
    /// The first file that is not there.
    first: Option<String>,
}

struct Reading<'a> {
    source: &'a dyn Source,
    options: &'a ReadOptions,
    sink: &'a mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    summary: ReadSummary,
    /// By topic.
    lanes: BTreeMap<String, Lane>,
    /// Values beyond the channels that a recording may have.
    uncounted: u64,
    /// Hashes of files. Rows that name the same one do not have it read again.
    hashed: BTreeMap<usize, Option<Hash256>>,
}

/// An episode that is being read.
struct Episode<'a> {
    ordinal: u32,
    folder: &'a str,
    path: &'a str,
    document: Document,
    /// Rows that came, and the number of the last.
    rows: u64,
    last: Option<i64>,
    bad: u64,
    /// Where the first bad row begins.
    first_bad: Option<u64>,
    unnumbered: u64,
    weight: usize,
}

/// Reads all of it.
pub(super) fn read(
    source: &dyn Source,
    plan: &RecordingPlan,
    options: &ReadOptions,
    sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
) -> Result<ReadSummary, FormatError> {
    let texts = texts(source);
    if plan.episodes.len() != texts.len() {
        return Err(FormatError::Unsupported("the plan is not of these episodes".to_owned()));
    }
    let mut reading = Reading {
        source,
        options,
        sink,
        summary: ReadSummary { complete: true, lost: Some(0), ..ReadSummary::default() },
        lanes: BTreeMap::new(),
        uncounted: 0,
        hashed: BTreeMap::new(),
    };
    for channel in &plan.channels {
        let kind = kind_of(channel);
        reading.lanes.insert(channel.topic.clone(), reading.lane(Arc::clone(channel), kind));
    }
    for (ordinal, file) in (0_u32..).zip(texts) {
        if options.episodes.as_ref().is_some_and(|wanted| !wanted.contains(&ordinal)) {
            continue;
        }
        if reading.episode(ordinal, file)?.is_break() {
            reading.summary.complete = false;
            break;
        }
    }
    Ok(reading.summary)
}

/// What the values of a planned channel are.
fn kind_of(channel: &Channel) -> Kind {
    let column = channel.fields.as_ref().and_then(|fields| fields.first()).map(|field| field.name().as_str());
    match column {
        Some("data") if channel.picture.is_some() => Kind::Picture,
        Some("data") => Kind::File,
        Some("text") => Kind::Text,
        _ => Kind::Numbers,
    }
}

impl Reading<'_> {
    fn lane(&self, channel: Arc<Channel>, kind: Kind) -> Lane {
        let wanted = self.options.channels.as_ref().is_none_or(|wanted| wanted.contains(&channel.id));
        let waiting = Waiting::default();
        Lane { channel, kind, wanted, waiting, misfits: 0, missing: 0, values: 0, first: None }
    }

    fn send(&mut self, event: ReadEvent) -> ControlFlow<()> {
        (self.sink)(event)
    }

    fn episode(&mut self, ordinal: u32, file: usize) -> Result<ControlFlow<()>, FormatError> {
        let source = self.source;
        let path = source.files().get(file).map(|file| file.path.as_str()).unwrap_or_default();
        let mut episode = Episode {
            ordinal,
            folder: folder(path),
            path,
            document: head(source, file)?,
            rows: 0,
            last: None,
            bad: 0,
            first_bad: None,
            unnumbered: 0,
            weight: 0,
        };
        let end = scan(source, file, |_| true, &mut |part| match part {
            Part::Member(..) => ControlFlow::Continue(()),
            Part::Row(offset, bytes) => self.row(&mut episode, offset, bytes),
        })?;
        if end == End::Stopped {
            return Ok(ControlFlow::Break(()));
        }
        Ok(self.end(episode, &end))
    }

    fn row(&mut self, episode: &mut Episode<'_>, offset: u64, bytes: Option<&[u8]>) -> ControlFlow<()> {
        let row = bytes.and_then(parse);
        let number = row.as_ref().and_then(|row| row.get("idx")).and_then(Value::as_i64);
        let before = episode.last;
        // A row that cannot be read has a place, too.
        let next = before.map_or(0, |last| last.saturating_add(1));
        let number = match number {
            Some(number) if before.is_none_or(|last| number > last) && number >= 0 => number,
            _ => {
                episode.unnumbered += u64::from(row.is_some());
                next
            }
        };
        episode.last = Some(number);
        episode.rows += 1;
        let Some(row) = row else {
            episode.bad += 1;
            episode.first_bad.get_or_insert(offset);
            return ControlFlow::Continue(());
        };
        let nanos = (number as f64 * 1e9 / rate(&episode.document)).round();
        // OK to cast: saturates, and a row of another century is nobody's.
        let time = nanos as i64;
        let mut found = Vec::new();
        cells(row, &mut |topic, kind, cell| found.push((topic, kind, cell)));
        for (topic, kind, cell) in found {
            self.cell(episode, time, topic, (kind, cell))?;
        }
        if episode.weight >= WAITING_MAX_BYTES {
            self.flush(episode)?;
        }
        ControlFlow::Continue(())
    }

    fn cell(
        &mut self,
        episode: &mut Episode<'_>,
        time: i64,
        topic: String,
        (kind, cell): (Kind, Cell),
    ) -> ControlFlow<()> {
        if !self.lanes.contains_key(&topic) {
            if self.lanes.len() >= CHANNELS_MAX {
                self.uncounted += 1;
                return ControlFlow::Continue(());
            }
            // OK to cast: there are no more than CHANNELS_MAX.
            let channel = Arc::new(episode.document.channel(self.lanes.len() as u32, &topic, kind, &cell));
            self.send(ReadEvent::Channel(Arc::clone(&channel)))?;
            let lane = self.lane(channel, kind);
            self.lanes.insert(topic.clone(), lane);
        }
        let Some(lane) = self.lanes.get_mut(&topic).filter(|lane| lane.wanted) else {
            return ControlFlow::Continue(());
        };
        lane.values += 1;
        let before = lane.waiting.weight();
        match (lane.kind, cell) {
            (Kind::Numbers, Cell::Numbers(numbers)) => lane.waiting.numbers(time, numbers),
            (Kind::Text, Cell::Text(text)) => lane.waiting.text(time, text),
            (Kind::Picture | Kind::File, Cell::Path(path)) => {
                match file_of(self.source, (episode.folder, &topic, &path), &mut self.hashed) {
                    Some(blob) => lane.waiting.blob(time, blob),
                    None => {
                        lane.missing += 1;
                        lane.first.get_or_insert(path);
                    }
                }
            }
            _ => lane.misfits += 1,
        }
        episode.weight += lane.waiting.weight() - before;
        if lane.waiting.times.len() >= BATCH_ROWS {
            return self.deliver(episode.ordinal, &topic);
        }
        ControlFlow::Continue(())
    }

    fn flush(&mut self, episode: &mut Episode<'_>) -> ControlFlow<()> {
        episode.weight = 0;
        for topic in self.lanes.keys().cloned().collect::<Vec<_>>() {
            self.deliver(episode.ordinal, &topic)?;
        }
        ControlFlow::Continue(())
    }

    fn deliver(&mut self, ordinal: u32, topic: &str) -> ControlFlow<()> {
        let Some(lane) = self.lanes.get_mut(topic) else { return ControlFlow::Continue(()) };
        let waiting = std::mem::take(&mut lane.waiting);
        let Some((times, rows)) = waiting.finish(lane.kind) else { return ControlFlow::Continue(()) };
        let span = times.iter().min().zip(times.iter().max()).map(|(first, last)| (Nanos(*first), Nanos(*last)));
        if times.is_empty() {
            return ControlFlow::Continue(());
        }
        let channel = Arc::clone(&lane.channel);
        self.summary.count(channel.id, times.len() as u64, span);
        self.send(ReadEvent::Batch(MessageBatch {
            channel,
            episode: Some(ordinal),
            log_time: times,
            publish_time: Vec::new(),
            payload: Payload::Decoded(rows),
        }))
    }

    /// Delivers what waits, what is odd about the episode, and its end.
    fn end(&mut self, mut episode: Episode<'_>, end: &End) -> ControlFlow<()> {
        self.flush(&mut episode)?;
        let about = |note: Note| note.episode(Some(episode.ordinal));
        let mut notes = Vec::new();
        let rows = episode.rows;
        match end {
            End::Cut { offset, begun } => {
                let lost = if *begun { ", and what had begun is lost" } else { "" };
                let text = format!("`{}` ends after {rows} rows before it is closed{lost}", episode.path);
                notes.push(Note::new(NoteKind::Truncated, text).at(episode.path, *offset));
            }
            End::Broken { offset, why } => {
                let text = format!("`{}` makes no sense after {rows} rows: {why}", episode.path);
                notes.push(Note::new(NoteKind::Corrupt, text).at(episode.path, *offset));
            }
            End::Whole | End::Stopped => {}
        }
        let damage = !notes.is_empty() || episode.bad > 0;
        if rows == 0 && !damage {
            let note = Note::new(NoteKind::CountMismatch, format!("`{}` has no rows", episode.path));
            notes.push(note.in_file(episode.path).numbers(0.0, None));
        }
        if episode.bad > 0 {
            let text = format!(
                "{} of {rows} rows are no JSON objects of at most {VALUE_MAX_BYTES} bytes, and are lost",
                episode.bad
            );
            let note = Note::new(NoteKind::Corrupt, text).at(episode.path, episode.first_bad.unwrap_or(0));
            notes.push(note.numbers(episode.bad as f64, Some(0.0)));
        }
        if damage {
            self.summary.complete = false;
            self.summary.lost = None;
        }
        if episode.unnumbered > 0 {
            let text =
                format!("`idx` of {} of {rows} rows does not go up; they follow the row before", episode.unnumbered);
            let note = Note::new(NoteKind::IndexWrong, text).in_file(episode.path);
            notes.push(note.numbers(episode.unnumbered as f64, Some(0.0)));
        }
        for lane in self.lanes.values_mut() {
            let topic = lane.channel.topic.clone();
            let values = std::mem::take(&mut lane.values);
            let (missing, misfits) = (std::mem::take(&mut lane.missing), std::mem::take(&mut lane.misfits));
            let tally = self.summary.channels.entry(lane.channel.id).or_default();
            tally.messages += missing + misfits;
            tally.undecodable += missing + misfits;
            if let Some(first) = lane.first.take() {
                let text =
                    format!("{missing} of {values} files of `{topic}` are not there, as `{}{first}`", episode.folder);
                let note =
                    Note::new(NoteKind::FileMissing, text).stream(&topic).in_file(format!("{}{first}", episode.folder));
                notes.push(note.numbers((values - missing) as f64, Some(values as f64)));
            }
            if misfits > 0 {
                let text = format!("{misfits} of {values} values of `{topic}` are of another kind");
                let note = Note::new(NoteKind::Undecodable, text).stream(&topic).in_file(episode.path);
                notes.push(note.numbers(misfits as f64, Some(0.0)));
            }
        }
        let uncounted = std::mem::take(&mut self.uncounted);
        if uncounted > 0 {
            let text = format!("{uncounted} values have ways of their own: no more than {CHANNELS_MAX} are kept apart");
            notes.push(Note::new(NoteKind::Unmapped, text).numbers(uncounted as f64, Some(0.0)));
        }
        for note in notes {
            self.send(ReadEvent::Note(about(note)))?;
        }
        // An episode of which no row could be read is missing, not empty.
        match rows > episode.bad {
            true => self.send(ReadEvent::EpisodeEnd(episode.ordinal)),
            false => ControlFlow::Continue(()),
        }
    }
}

/// The file that a row names: from the folder of the episode on, else by its name in the folder of its part.
fn file_of(
    source: &dyn Source,
    (folder, topic, path): (&str, &str, &str),
    hashed: &mut BTreeMap<usize, Option<Hash256>>,
) -> Option<BlobRef> {
    let stated = source.find(&format!("{folder}{}", path.trim_start_matches("./")));
    let file = stated.or_else(|| {
        let part = topic.split('.').next()?;
        source.find(&format!("{folder}{part}/{}", path.rsplit('/').next()?))
    })?;
    let length = source.files().get(file)?.size;
    if length == 0 {
        return None;
    }
    Some(BlobRef {
        // OK to cast: a folder of 2^32 files does not fit in memory.
        file: file as u32,
        chunk_offset: 0,
        chunk_length: length,
        compression: Compression::None,
        inner_offset: 0,
        length,
        key_frame: Some(true),
        sha256: *hashed.entry(file).or_insert_with(|| hash_at(source, file, 0, length)),
    })
}
