//! One side of a comparison: recordings whose episodes follow each other, loaded one at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, new_empty_array};
use arrow::compute::concat;
use arrow::datatypes::Schema;
use prairie_formats::Reader;
use prairie_model::{
    Derivation, EpisodeDraft, EpisodeId, Note, NoteKind, ReadOptions, RecordingId, RecordingPlan, Stream, StreamBatch,
};
use prairie_standardize::{Mapping, Overrides, STANDARDIZER_VERSION, Segmentation, Standard, Standardizer};
use prairie_store::PathSource;

use super::SideReport;
use crate::error::EngineError;
use crate::find::{self, Found};
use crate::{inspect, recompute};

/// How the recordings of a side are read.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    pub(super) mapping: Mapping,
    pub(super) overrides: Overrides,
}

/// An opened recording.
struct Opened {
    path: String,
    source: PathSource,
    id: RecordingId,
    reader: &'static dyn Reader,
    plan: RecordingPlan,
    segmentation: Segmentation,
}

/// Recordings, and where each of their episodes is.
pub(super) struct Side {
    reading: Reading,
    recordings: Vec<Opened>,
    /// Recording and episode in it, with the id that a store gives it.
    places: Vec<(usize, u32, String)>,
}

/// An episode with all its samples.
pub(super) struct Loaded<'a> {
    pub(super) draft: EpisodeDraft,
    /// As many as the draft has, each with its samples in the order of time.
    pub(super) streams: Vec<StreamBatch>,
    pub(super) source: &'a PathSource,
    /// What of the recording could not be read.
    pub(super) unread: Vec<String>,
    /// Where the recording says of itself what is not so.
    pub(super) contradictions: Vec<String>,
}

impl Side {
    /// Opens what lies under `paths`.
    pub(super) fn open(paths: &[PathBuf], reading: Reading) -> Result<Self, EngineError> {
        let mut recordings = Vec::new();
        for found in find::recordings(paths).found {
            let (path, source) = match found {
                Found::Recording(path, source) => (path, source),
                // A part that cannot be read proves nothing about anything.
                Found::Failed(_, _, error) => return Err(error),
            };
            let (reader, plan) = inspect::plan(&path, &source, reading.overrides.format.as_deref())?;
            let (segmentation, _) = inspect::segment(reader, &source, &plan, &reading.mapping)
                .map_err(|source| EngineError::Read { path: path.clone(), source })?;
            let id =
                recompute::recording_id(&source).map_err(|source| EngineError::Open { path: path.clone(), source })?;
            recordings.push(Opened { path, source, id, reader, plan, segmentation });
        }
        let mut places = Vec::new();
        for (at, recording) in recordings.iter().enumerate() {
            let episodes = match recording.plan.episodes.len() {
                0 => recording.segmentation.tasks().len().max(1),
                episodes => episodes,
            };
            let derivation = Derivation {
                recording: recording.id,
                mapping: reading.mapping.hash(),
                overrides: reading.overrides.entries(),
                standardizer: STANDARDIZER_VERSION.to_owned(),
                parent: None,
                repairs: Vec::new(),
            };
            let derivation = derivation.id().map_err(|error| EngineError::Bug(error.to_string()))?;
            // OK to cast: readers and segmentation keep a million episodes at most.
            let place = |episode: u32| (at, episode, EpisodeId::derive(derivation, &episode.to_string()).to_string());
            places.extend((0..episodes as u32).map(place));
        }
        Ok(Self { reading, recordings, places })
    }

    /// How many episodes there are.
    pub(super) fn episodes(&self) -> usize {
        self.places.len()
    }

    /// What it is, for the report.
    pub(super) fn report(&self) -> SideReport {
        let formats: BTreeSet<String> = self.recordings.iter().map(|each| each.plan.format.clone()).collect();
        SideReport {
            formats: formats.into_iter().collect(),
            recordings: self.recordings.iter().map(|each| each.id.to_string()).collect(),
            episodes: self.places.len() as u64,
        }
    }

    /// The id of the episode that an MCAP export says that it was made of, and of its recording.
    pub(super) fn origin(&self, at: usize) -> Option<(&str, &str)> {
        let attributes = &self.recordings[self.places.get(at)?.0].plan.attributes;
        let of = |name: &str| attributes.get(&format!("metadata.prairie.{name}")).map(String::as_str);
        of("episode_id").zip(of("recording_id"))
    }

    /// The episode of this side with that id; else the `nth` of the recording with that id.
    pub(super) fn place_of(&self, id: &str, recording: &str, nth: usize) -> Option<usize> {
        let exact = self.places.iter().position(|(_, _, known)| known == id);
        exact.or_else(|| {
            let is_of = |recording_at: usize| self.recordings[recording_at].id.to_string() == recording;
            let of_recording = self.places.iter().enumerate().filter(|(_, (at, ..))| is_of(*at));
            of_recording.map(|(place, _)| place).nth(nth)
        })
    }

    /// Loads an episode.
    pub(super) fn load(&self, at: usize) -> Result<Loaded<'_>, EngineError> {
        // OK to index: places of this side, and recordings of its places.
        let (recording, episode, _) = self.places[at];
        let Opened { path, source, reader, plan, segmentation, .. } = &self.recordings[recording];
        let failed = |source| EngineError::Standardize { path: path.clone(), source };
        let Reading { mapping, overrides } = &self.reading;
        let mut standardizer = Standardizer::new(plan, mapping.clone(), overrides.clone(), segmentation.clone());
        let only = (!plan.episodes.is_empty()).then(|| BTreeSet::from([episode]));
        let options = ReadOptions { episodes: only, ..inspect::read_options() };
        let mut batches: BTreeMap<u32, Vec<StreamBatch>> = BTreeMap::new();
        let mut found = None;
        let mut take = |standard: Standard| match standard {
            Standard::Batch(batch) if batch.episode == episode => {
                batches.entry(batch.index).or_default().push(batch);
            }
            Standard::EpisodeEnd(draft) if draft.episode.ordinal == episode => found = Some(*draft),
            Standard::Batch(_) | Standard::EpisodeEnd(_) => {}
        };
        let (mut failure, mut notes) = (None, plan.notes.clone());
        let summary = reader.read(source, plan, &options, &mut |event| {
            if let prairie_model::ReadEvent::Note(note) = &event {
                notes.push(note.clone());
            }
            match standardizer.push(event, &mut take) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failure = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
        if let Some(error) = failure {
            return Err(failed(error));
        }
        let summary = summary.map_err(|source| EngineError::Read { path: path.clone(), source })?;
        standardizer.finish(&summary, &mut take).map_err(failed)?;
        let mut draft = found.unwrap_or_else(|| {
            let mut draft = EpisodeDraft::default();
            draft.episode.key =
                plan.episodes.get(episode as usize).map_or_else(|| episode.to_string(), |it| it.key.clone());
            draft
        });
        // A stream without a kind has no samples.
        draft.streams.iter_mut().filter(|stream| stream.kind.is_none()).for_each(|stream| stream.samples = 0);
        let mut streams = Vec::new();
        for (index, stream) in (0_u32..).zip(&draft.streams) {
            streams.push(joined(stream, batches.remove(&index).unwrap_or_default())?);
        }
        notes.retain(|note| note.episode.is_none_or(|of| of == episode));
        let (wrong, rest): (Vec<Note>, Vec<Note>) =
            notes.into_iter().partition(|note| note.kind == NoteKind::IndexWrong);
        let contradictions = wrong.into_iter().map(|note| note.text).collect();
        let mut unread: Vec<String> = rest.into_iter().filter(is_loss).map(|note| note.text).collect();
        for (count, what) in
            [(draft.tally.unmapped, "of no known type"), (draft.tally.undecodable, "that cannot be decoded")]
        {
            if count > 0 {
                unread.push(format!("{count} messages {what}"));
            }
        }
        Ok(Loaded { draft, streams, source, unread, contradictions })
    }
}

/// Whether a note tells of something that was not read.
fn is_loss(note: &Note) -> bool {
    matches!(
        note.kind,
        NoteKind::Truncated
            | NoteKind::Corrupt
            | NoteKind::Checksum
            | NoteKind::FileMissing
            | NoteKind::CountMismatch
            | NoteKind::Ragged
    )
}

/// All samples of a stream, in the order of time. Its parts are let go column by column, so that no more than one of them is held
/// twice.
fn joined(stream: &Stream, parts: Vec<StreamBatch>) -> Result<StreamBatch, EngineError> {
    let bug = |error: arrow::error::ArrowError| EngineError::Bug(error.to_string());
    let schema = Arc::new(stream.kind.map_or_else(Schema::empty, |kind| Schema::new(kind.fields())));
    let rows = parts.iter().map(StreamBatch::len).sum();
    let mut parts: Vec<_> = parts.into_iter().map(|part| part.samples.columns().to_vec().into_iter()).collect();
    let mut columns = Vec::new();
    for field in schema.fields() {
        let pieces: Vec<ArrayRef> = parts.iter_mut().filter_map(Iterator::next).collect();
        let pieces: Vec<&dyn Array> = pieces.iter().map(AsRef::as_ref).collect();
        columns.push(match pieces.is_empty() {
            true => new_empty_array(field.data_type()),
            false => concat(&pieces).map_err(bug)?,
        });
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let samples = RecordBatch::try_new_with_options(schema, columns, &options).map_err(bug)?;
    let batch = StreamBatch { episode: 0, index: 0, stream: Arc::new(stream.clone()), samples };
    if batch.t_ns().is_sorted() {
        return Ok(batch);
    }
    let Ok(rows) = u32::try_from(batch.len()) else {
        return Err(EngineError::invalid(format!("stream `{}`", stream.name), "it has too many samples"));
    };
    let mut order: Vec<u32> = (0..rows).collect();
    // OK to index: places of rows.
    order.sort_by_key(|row| batch.t_ns()[*row as usize]);
    let order = arrow::array::UInt32Array::from(order);
    let samples = arrow::compute::take_record_batch(&batch.samples, &order).map_err(bug)?;
    Ok(StreamBatch { samples, ..batch })
}
