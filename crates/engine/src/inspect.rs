//! One recording to episodes, findings and decisions: the pure middle of `ingest`, `check` and `receipt check`.
//!
//! ```text
//!   Source ─ reader.read ═▶ Standardizer ─▶ StreamBatch ─┬─▶ sink (═▶ Parquet, or nothing)
//!                                                        ├─▶ ContentHasher
//!                                                        └─▶ Examination ◀─ pictures ◀─ PictureDecoder
//! ```
//!
//! A double line is a queue between two threads. It keeps the order, and bounds what waits by its bytes.
//!
//! **Invariant:** the result depends on the bytes, the mapping, the overrides, the profile and the code alone, so that it can
//! be recomputed anywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;

use arrow::array::Array;
use prairie_formats::{BlobReader, Reader, sniff_as};
use prairie_media::PictureDecoder;
use prairie_model::{
    BlobRef, Channel, EpisodeDraft, EpisodeTally, FrameError, Hash256, Nanos, Note, NoteKind, Payload, Picture,
    PictureInfo, ReadEvent, ReadOptions, RecordingPlan, Source, StreamBatch,
};
use prairie_quality::{Examination, Examined, Facts, JointLimit, JointLimits, Profile};
use prairie_standardize::{Concerns, Mapping, Robot, RobotJoint, Segmentation, Standard, Standardizer};

use crate::content::ContentHasher;
use crate::error::EngineError;
use crate::frames::FrameRows;
use crate::history::Earlier;
use crate::options::InspectOptions;
use crate::progress::Progress;
use crate::queue::{Closed, queue};
use crate::report::FindingReport;

/// An episode with what was found in it.
#[derive(Debug)]
pub(crate) struct InspectedEpisode {
    /// The episode, its streams and counts.
    pub(crate) draft: EpisodeDraft,
    /// Hash of its logical rows.
    pub(crate) content: Hash256,
    /// Findings, dimensions, decision.
    pub(crate) examined: Examined,
    /// How many notes about the recording there were when it was judged.
    pub(crate) recording_notes: usize,
}

/// What came of a whole recording.
#[derive(Debug)]
pub(crate) struct Inspection {
    /// What the indexes said.
    pub(crate) plan: RecordingPlan,
    /// Whether the task of every episode was known before its first row, so that limits for a task applied.
    pub(crate) tasks_told: bool,
    /// What became of the messages, over all episodes and outside of them.
    pub(crate) tally: EpisodeTally,
    /// What was noticed about the recording.
    pub(crate) notes: Vec<Note>,
    /// Topics that no mapping takes: type and messages.
    pub(crate) unmapped: BTreeMap<String, (String, u64)>,
    /// How many of the notes the last episode was judged with. The others are carried by no episode.
    pub(crate) carried: usize,
    /// Whether the container was read to its end without damage.
    pub(crate) complete: bool,
    /// Messages that damage took; `None` where nobody can say.
    pub(crate) lost: Option<u64>,
}

impl Inspection {
    /// The findings that no episode carries, under `profile`. `episodes` says whether there is one.
    pub(crate) fn findings(&self, profile: &Profile, episodes: bool) -> Vec<FindingReport> {
        let notes = self.notes.get(self.carried..).unwrap_or_default();
        let findings = prairie_quality::about_recording(profile, notes, episodes);
        findings.iter().map(|finding| FindingReport::new(finding, None)).collect()
    }
}

/// What the reader may be ahead of the checks.
const AHEAD_BYTES_MAX: usize = 16 << 20;

/// Takes what an inspection produces, in the order of the recording.
pub(crate) trait InspectSink {
    /// Rows of one stream.
    fn batch(&mut self, batch: &StreamBatch) -> Result<(), EngineError>;
    /// An episode is complete. All its rows came before.
    fn episode(&mut self, episode: InspectedEpisode) -> Result<(), EngineError>;
}

/// Plans a recording: finds its reader, the one of that name if there is one, and reads its indexes.
pub(crate) fn plan(
    path: &str,
    source: &dyn Source,
    format: Option<&str>,
) -> Result<(&'static dyn Reader, RecordingPlan), EngineError> {
    let failed = |error| EngineError::Read { path: path.to_owned(), source: error };
    let reader = sniff_as(source, format).map_err(failed)?;
    let plan = reader.plan(source, &read_options()).map_err(failed)?;
    Ok((reader, plan))
}

/// What the checks may ask of a robot's joints.
fn limits(robot: &Robot) -> JointLimits {
    let limit = |joint: &RobotJoint| {
        let RobotJoint { name, lower, upper, velocity, acceleration, effort } = joint.clone();
        (name, JointLimit { lower, upper, velocity, acceleration, effort })
    };
    JointLimits { joints: robot.joints.iter().map(limit).collect() }
}

fn read_options() -> ReadOptions {
    ReadOptions { inline: prairie_standardize::inline(), ..ReadOptions::default() }
}

/// What is known of a recording before its first row is read.
pub(crate) struct Prepared {
    reader: &'static dyn Reader,
    plan: RecordingPlan,
    segmentation: Segmentation,
    /// What was noticed while the marks of episodes were read.
    notes: Vec<Note>,
}

/// Finds where the episodes of a planned recording begin and end. That reads the chunks with marks in them, so that it is
/// worth doing beside something else.
pub(crate) fn prepare(
    path: &str,
    source: &dyn Source,
    (reader, plan): (&'static dyn Reader, RecordingPlan),
    mapping: &Mapping,
) -> Result<Prepared, EngineError> {
    let failed = |error| EngineError::Read { path: path.to_owned(), source: error };
    let (segmentation, notes) = segment(reader, source, &plan, mapping).map_err(failed)?;
    Ok(Prepared { reader, plan, segmentation, notes })
}

/// Inspects a recording.
///
/// `path` names it in errors, `earlier` tells what is known of other episodes of the store.
pub(crate) fn inspect(
    path: &str,
    source: &dyn Source,
    options: &InspectOptions,
    earlier: &dyn Earlier,
    sink: &mut dyn InspectSink,
    progress: &dyn Progress,
) -> Result<Inspection, EngineError> {
    let prepared = prepare(path, source, plan(path, source, options.overrides.format.as_deref())?, &options.mapping)?;
    inspect_prepared(path, source, prepared, options, earlier, sink, progress)
}

/// As [`inspect`], of a recording that was prepared with the mapping of `options`.
pub(crate) fn inspect_prepared(
    path: &str,
    source: &dyn Source,
    prepared: Prepared,
    options: &InspectOptions,
    earlier: &dyn Earlier,
    sink: &mut dyn InspectSink,
    progress: &dyn Progress,
) -> Result<Inspection, EngineError> {
    let failed = |error| EngineError::Read { path: path.to_owned(), source: error };
    let Prepared { reader, plan, segmentation, notes } = prepared;
    let mut inspector = Inspector::new(path, options, BlobReader::new(source), earlier, sink);
    inspector.tasks = match plan.episodes.as_slice() {
        [] => segmentation.tasks(),
        episodes => episodes.iter().map(|episode| episode.task.clone()).collect(),
    };
    let tasks_told = !inspector.tasks.is_empty() && inspector.tasks.iter().all(Option::is_some);
    inspector.recording_notes.extend(plan.notes.iter().cloned());
    inspector.recording_notes.extend(notes);
    let mut standardizer = Standardizer::new(&plan, options.mapping.clone(), options.overrides.clone(), segmentation);
    let total: u64 = plan.claimed_messages.unwrap_or(0);
    let mut done = 0;
    let mut of_no_episode = Vec::new();
    let summary = thread::scope(|scope| {
        let (events, incoming) = queue(AHEAD_BYTES_MAX);
        let reading = scope.spawn({
            let plan = &plan;
            move || {
                reader.read(source, plan, &read_options(), &mut |event| {
                    let bytes = size(&event);
                    match events.send(event, bytes) {
                        Ok(()) => ControlFlow::Continue(()),
                        Err(Closed) => ControlFlow::Break(()),
                    }
                })
            }
        });
        while let Some(event) = incoming.receive() {
            match &event {
                ReadEvent::Batch(batch) => {
                    done += batch.len() as u64;
                    progress.at(path, done, total.max(done));
                }
                ReadEvent::Note(note) if note.episode.is_none() => match standardizer.concerns(note) {
                    Concerns::Recording => inspector.recording_notes.push(note.clone()),
                    Concerns::NoEpisode => of_no_episode.push(note.clone()),
                    Concerns::Episodes(notes) => {
                        for note in notes {
                            forward(&mut inspector, |out| standardizer.push(ReadEvent::Note(note), out))?;
                        }
                        continue;
                    }
                },
                _ => {}
            }
            if progress.cancelled() {
                return Err(EngineError::Cancelled);
            }
            forward(&mut inspector, |out| standardizer.push(event, out))?;
        }
        let summary = reading.join().map_err(|_panic| EngineError::Bug(format!("the reader of `{path}` died")))?;
        summary.map_err(failed)
    })?;
    let mut tally = None;
    forward(&mut inspector, |out| {
        tally = Some(standardizer.finish(&summary, out)?);
        Ok(())
    })?;
    progress.finished(path);
    // OK because `forward` failed above when `finish` did.
    let tally = tally.expect("finish succeeded");
    let carried = inspector.judged_with;
    let mut notes = inspector.recording_notes;
    notes.extend(of_no_episode);
    notes.extend(tally.notes);
    // A recording whose files are missing, and that gave nothing, has no episode to carry a finding: it must not pass.
    let gone = |note: &Note| matches!(note.kind, NoteKind::FileMissing | NoteKind::CountMismatch);
    let gave_nothing = summary.channels.values().all(|channel| channel.messages == 0);
    let complete = summary.complete && !(gave_nothing && notes.iter().any(gone));
    // What the files that are gone held, nobody can say.
    let lost = summary.lost.filter(|_| complete == summary.complete);
    let (unmapped, tally) = (tally.unmapped, tally.tally);
    Ok(Inspection { plan, tasks_told, tally, notes, unmapped, carried, complete, lost })
}

/// About how much memory an event holds.
fn size(event: &ReadEvent) -> usize {
    let ReadEvent::Batch(batch) = event else { return 0 };
    let payload = match &batch.payload {
        Payload::Decoded(rows) => rows.get_array_memory_size(),
        Payload::Opaque(blobs) => std::mem::size_of_val(blobs.as_slice()),
    };
    payload + 2 * std::mem::size_of_val(batch.log_time.as_slice())
}

/// Lets `run` produce standardized rows and episodes, and takes them in.
fn forward(
    inspector: &mut Inspector<'_>,
    run: impl FnOnce(&mut dyn FnMut(Standard)) -> Result<(), prairie_standardize::StandardizeError>,
) -> Result<(), EngineError> {
    let mut failure = None;
    let path = inspector.path;
    let result = run(&mut |standard| {
        if failure.is_none() {
            failure = inspector.take(standard).err();
        }
    });
    match failure {
        Some(error) => Err(error),
        None => result.map_err(|source| EngineError::Standardize { path: path.to_owned(), source }),
    }
}

/// Reads the channels that delimit episodes, where there are any, before everything else is read.
fn segment(
    reader: &dyn Reader,
    source: &dyn Source,
    plan: &RecordingPlan,
    mapping: &Mapping,
) -> Result<(Segmentation, Vec<Note>), prairie_formats::FormatError> {
    let markers: BTreeSet<u32> = if tells_every_channel(plan) {
        prairie_standardize::marker_channels(plan, mapping)
    } else {
        let whole = RecordingPlan { channels: every_channel(reader, source, plan)?, ..plan.clone() };
        prairie_standardize::marker_channels(&whole, mapping)
    };
    if markers.is_empty() {
        return Ok((Segmentation::whole(), Vec::new()));
    }
    let options = ReadOptions { channels: Some(markers), verify: false, ..read_options() };
    let mut batches = Vec::new();
    reader.read(source, plan, &options, &mut |event| {
        if let ReadEvent::Batch(batch) = event {
            batches.push(batch);
        }
        ControlFlow::Continue(())
    })?;
    Ok(Segmentation::from_markers(&batches, mapping))
}

/// Whether the indexes name every channel, as far as that matters: containers with episodes of their own need no markers.
fn tells_every_channel(plan: &RecordingPlan) -> bool {
    let lost = |note: &Note| {
        matches!(note.kind, NoteKind::IndexMissing | NoteKind::IndexWrong | NoteKind::Checksum | NoteKind::Corrupt)
    };
    !plan.episodes.is_empty() || (!plan.channels.is_empty() && !plan.notes.iter().any(lost))
}

/// The channels of a recording whose indexes do not name them all: it is walked once, and no message of it decoded.
fn every_channel(
    reader: &dyn Reader,
    source: &dyn Source,
    plan: &RecordingPlan,
) -> Result<Vec<Arc<Channel>>, prairie_formats::FormatError> {
    let options = ReadOptions { channels: Some(BTreeSet::new()), verify: false, ..read_options() };
    let mut channels = plan.channels.clone();
    reader.read(source, plan, &options, &mut |event| {
        if let ReadEvent::Channel(channel) = event {
            channels.push(channel);
        }
        ControlFlow::Continue(())
    })?;
    Ok(channels)
}

/// An episode whose rows are still coming.
struct OpenEpisode {
    examination: Examination,
    content: ContentHasher,
    pictures: BTreeMap<u32, Pictures>,
}

/// The decoder of one picture stream.
struct Pictures {
    stream: String,
    decoder: Option<Box<dyn PictureDecoder>>,
    info: Option<PictureInfo>,
    /// Whether a key frame was seen.
    started: bool,
    /// Frames that were not decoded yet, in the order of time.
    waiting: Vec<(Nanos, BlobRef, PictureInfo)>,
}

/// Shows rows and pictures to the checks, and passes rows on.
pub(crate) struct Inspector<'a> {
    path: &'a str,
    options: &'a InspectOptions,
    blobs: BlobReader<'a>,
    open: BTreeMap<u32, OpenEpisode>,
    earlier: &'a dyn Earlier,
    sink: &'a mut dyn InspectSink,
    /// Task of each episode of the source, where it is known before its rows.
    pub(crate) tasks: Vec<Option<String>>,
    /// What was noticed about the recording so far.
    pub(crate) recording_notes: Vec<Note>,
    /// How many notes about the recording there were when the last episode was judged.
    judged_with: usize,
    /// Repairs that made the episode.
    pub(crate) repairs: Vec<String>,
}

impl<'a> Inspector<'a> {
    /// An inspector that passes rows and episodes on to `sink`. `path` names the recording in errors.
    pub(crate) fn new(
        path: &'a str,
        options: &'a InspectOptions,
        blobs: BlobReader<'a>,
        earlier: &'a dyn Earlier,
        sink: &'a mut dyn InspectSink,
    ) -> Self {
        Self {
            path,
            options,
            blobs,
            open: BTreeMap::new(),
            earlier,
            sink,
            tasks: Vec::new(),
            recording_notes: Vec::new(),
            judged_with: 0,
            repairs: Vec::new(),
        }
    }

    fn take(&mut self, standard: Standard) -> Result<(), EngineError> {
        match standard {
            Standard::Batch(batch) => self.batch(&batch),
            Standard::EpisodeEnd(draft) => self.episode_end(*draft),
        }
    }

    fn new_episode(&self, episode: u32) -> OpenEpisode {
        let given = &self.options.overrides;
        let task = given.task.as_deref().or_else(|| self.tasks.get(episode as usize)?.as_deref());
        OpenEpisode {
            examination: Examination::new(&self.options.profile, task, given.robot.as_deref()),
            content: ContentHasher::default(),
            pictures: BTreeMap::new(),
        }
    }

    /// Takes rows of one stream in.
    pub(crate) fn batch(&mut self, batch: &StreamBatch) -> Result<(), EngineError> {
        if !self.open.contains_key(&batch.episode) {
            self.open.insert(batch.episode, self.new_episode(batch.episode));
        }
        let Some(open) = self.open.get_mut(&batch.episode) else { return Ok(()) };
        open.content.update(&batch.stream.name, batch.kind(), &batch.samples);
        open.examination.batch(batch);
        if self.options.video && batch.kind().is_some_and(|kind| kind.is_picture()) {
            self.look(batch);
        }
        self.sink.batch(batch)
    }

    /// Decodes the pictures of a batch and shows them to the checks.
    fn look(&mut self, batch: &StreamBatch) {
        let Some(open) = self.open.get_mut(&batch.episode) else { return };
        let Some(rows) = FrameRows::of(&batch.samples) else { return };
        let pictures = open.pictures.entry(batch.index).or_insert_with(|| Pictures {
            stream: batch.stream.name.clone(),
            decoder: None,
            info: None,
            started: false,
            waiting: Vec::new(),
        });
        for row in 0..rows.len() {
            pictures.waiting.push((Nanos(rows.t_ns(row)), rows.blob(row), rows.picture(row, &batch.stream)));
        }
        pictures.decode(&mut self.blobs, REORDERED_FRAMES, &mut open.examination);
    }

    /// Takes an episode in whose rows all came before.
    pub(crate) fn episode_end(&mut self, draft: EpisodeDraft) -> Result<(), EngineError> {
        let ordinal = draft.episode.ordinal;
        let mut open = self.open.remove(&ordinal).unwrap_or_else(|| self.new_episode(ordinal));
        for pictures in open.pictures.values_mut() {
            pictures.decode(&mut self.blobs, 0, &mut open.examination);
            for (t, frame) in pictures.decoder.as_mut().map(|decoder| decoder.flush()).unwrap_or_default() {
                open.examination.frame(&pictures.stream, t, &frame);
            }
        }
        let varies = open.content.varies();
        let content = open.content.finish();
        let history = self.earlier.history(&draft, content, &open.examination.sameness())?;
        let limits = self.options.mapping.robot().map(limits);
        let facts = Facts {
            recording_notes: &self.recording_notes,
            video_checked: self.options.video,
            history: &history,
            content: varies.then_some(content),
            repairs: &self.repairs,
            limits: limits.as_ref(),
            ..Facts::new(&draft)
        };
        let examined = open.examination.finish(&facts);
        let recording_notes = self.recording_notes.len();
        self.judged_with = recording_notes;
        self.sink.episode(InspectedEpisode { draft, content, examined, recording_notes })
    }
}

/// Frames that may be shown before a frame that is decoded before them. No codec here allows more than 16.
const REORDERED_FRAMES: usize = 32;

impl Pictures {
    /// Decodes what waits, in the order in which it lies in the recording, and keeps back the last `keep` frames: a frame that
    /// is needed before them may still come.
    fn decode(&mut self, blobs: &mut BlobReader<'_>, keep: usize, examination: &mut Examination) {
        let ready = self.waiting.len().saturating_sub(keep);
        let kept_from = self.waiting.get(ready).map(|(t, _, _)| *t);
        self.waiting.sort_by_key(|(_, blob, _)| (blob.file, blob.chunk_offset, blob.inner_offset));
        let first_kept = kept_from.and_then(|from| self.waiting.iter().position(|(t, _, _)| *t >= from));
        let ready = first_kept.unwrap_or(self.waiting.len());
        for (t, blob, info) in self.waiting.drain(..ready).collect::<Vec<_>>() {
            let frames = match blobs.read(&blob) {
                Ok(bytes) => {
                    self.started |= info.codec.is_intra()
                        || blob.key_frame.unwrap_or_else(|| prairie_media::is_key_frame(info.codec, &bytes));
                    // An episode cut from a longer recording may begin between two key frames. What comes before the first
                    // cannot be decoded from the episode alone, which is no damage.
                    if self.started { self.push(info, t, &bytes) } else { vec![(t, Err(FrameError::NeedsEarlier))] }
                }
                Err(error) => vec![(t, Err(FrameError::Unreadable(error.to_string())))],
            };
            for (t, frame) in frames {
                examination.frame(&self.stream, t, &frame);
            }
        }
        self.waiting.sort_by_key(|(t, _, _)| *t);
    }

    fn push(&mut self, info: PictureInfo, t: Nanos, bytes: &[u8]) -> Vec<(Nanos, Result<Picture, FrameError>)> {
        let mut frames = Vec::new();
        if self.info.as_ref() != Some(&info) {
            if let Some(mut old) = self.decoder.take() {
                frames = old.flush();
            }
            match prairie_media::decoder(&info) {
                Ok(decoder) => self.decoder = Some(decoder),
                Err(error) => {
                    frames.push((t, Err(error)));
                    return frames;
                }
            }
            self.info = Some(info);
        }
        match &mut self.decoder {
            Some(decoder) => frames.extend(decoder.push(t, bytes)),
            None => frames.push((t, Err(FrameError::Unsupported(self.stream.clone())))),
        }
        frames
    }
}
