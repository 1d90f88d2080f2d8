//! Stored episodes seen again: under another profile, or with repairs.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{Schema, SchemaRef};
use prairie_catalog::RowOrder;
use prairie_formats::BlobReader;
use prairie_model::{Derivation, EpisodeDraft, Note, Stream, StreamBatch};
use prairie_standardize::STANDARDIZER_VERSION;

use crate::Engine;
use crate::cells::{Cells, literal};
use crate::error::EngineError;
use crate::export::StoredEpisode;
use crate::history::Earlier;
use crate::inspect::InspectSink;
use crate::options::{InspectOptions, overrides};
use crate::repairs::{Again, Replayer};

/// A repair of a repair of a repair: deeper than this is a circle.
const GENERATIONS_MAX: usize = 32;

/// An episode that is to be seen again.
pub(crate) struct Replay<'a> {
    pub(crate) stored: &'a StoredEpisode,
    /// Its derivation.
    pub(crate) derivation: &'a Derivation,
    /// Where its rows are read.
    pub(crate) snapshot: u64,
    /// What is done to it.
    pub(crate) steps: &'a [String],
    /// Profile, and whether pictures are decoded. The facts that the caller gave are those of the derivation.
    pub(crate) options: &'a InspectOptions,
    /// What is known of earlier episodes.
    pub(crate) earlier: &'a dyn Earlier,
}

impl Engine {
    /// Shows the stored rows of an episode to the checks again, and passes them on to `sink`.
    ///
    /// Rows come in the order in which they were written, which is that of the recording, and the checks are told what they were
    /// told when it was ingested: the same profile gives the same findings.
    pub(crate) fn replay(&self, replay: &Replay<'_>, sink: &mut dyn InspectSink) -> Result<(), EngineError> {
        let &Replay { stored, derivation, snapshot, steps, options, earlier } = replay;
        if derivation.standardizer != STANDARDIZER_VERSION {
            return Err(EngineError::Refused(format!(
                "episode {} was derived by {}, and this is {STANDARDIZER_VERSION}, which makes other rows of the same recording: \
                 ingest that again, and use what comes of it",
                stored.id, derivation.standardizer
            )));
        }
        let source = self.stored_source(stored.recording)?;
        let name = stored.id.to_string();
        let (recording_notes, tasks_known) = self.stored_notes(stored)?;
        let mut options = InspectOptions { overrides: overrides(derivation.overrides.clone())?, ..options.clone() };
        if tasks_known {
            // Limits for a task applied from the first row on where every task was told before.
            options.overrides.task = options.overrides.task.or_else(|| stored.episode.task.clone());
        }
        let before = EpisodeDraft {
            episode: stored.episode.clone(),
            streams: self.streams_as_written(stored, snapshot)?,
            segments: stored.segments.clone(),
            tally: stored.tally,
            notes: stored.notes.clone(),
        };
        let again = Again {
            name: &name,
            options: &options,
            earlier,
            recording_notes,
            repaired_before: self.repairs_of(derivation)?,
        };
        let mut replayer = Replayer::new(again, steps, &before, BlobReader::new(&source), sink)?;
        for (index, stream) in before.streams.iter().enumerate() {
            // OK to cast: the index of a stream was 32 bits when it was ingested.
            self.replay_stream(stored, index as u32, stream, snapshot, &mut replayer)?;
        }
        replayer.end()
    }

    fn replay_stream(
        &self,
        stored: &StoredEpisode,
        index: u32,
        stream: &Stream,
        snapshot: u64,
        replayer: &mut Replayer<'_>,
    ) -> Result<(), EngineError> {
        let Some(kind) = stream.kind else { return Ok(()) };
        let schema: SchemaRef = Arc::new(Schema::new(kind.fields()));
        let columns: Vec<_> = schema.fields().iter().map(|field| format!("\"{}\"", field.name())).collect();
        let sql = format!(
            "SELECT {} FROM {} WHERE episode_id = {} AND stream = {}",
            columns.join(", "),
            kind.table(),
            literal(&stored.id.to_string()),
            literal(&stream.name)
        );
        let bug = |error: arrow::error::ArrowError| EngineError::Bug(error.to_string());
        let shared = Arc::new(stream.clone());
        let mut rows = self.stream_sql(&sql, Some(snapshot), RowOrder::Written)?;
        while let Some(batch) = rows.next()? {
            let fields = schema.fields().iter().zip(batch.columns());
            let columns: Result<Vec<_>, _> = fields.map(|(field, column)| cast(column, field.data_type())).collect();
            let samples = RecordBatch::try_new(schema.clone(), columns.map_err(bug)?).map_err(bug)?;
            if samples.num_rows() > 0 {
                let stream = shared.clone();
                replayer.batch(&StreamBatch { episode: stored.episode.ordinal, index, stream, samples })?;
            }
        }
        Ok(())
    }

    /// The streams of an episode in the order in which they were written: checks that look at the first of a kind look at the
    /// same one again.
    fn streams_as_written(&self, stored: &StoredEpisode, snapshot: u64) -> Result<Vec<Stream>, EngineError> {
        let sql = format!("SELECT stream, kind FROM streams WHERE episode_id = {}", literal(&stored.id.to_string()));
        let mut rows = self.stream_sql(&sql, Some(snapshot), RowOrder::Written)?;
        let mut order = Vec::new();
        while let Some(batch) = rows.next()? {
            let cells = Cells::of(&batch)?;
            order.extend((0..cells.rows()).map(|row| (cells.text("stream", row), cells.text("kind", row))));
        }
        let place = |stream: &Stream| {
            let kind = stream.kind.map(|kind| kind.name());
            let same = |(name, other): &(Option<String>, Option<String>)| {
                name.as_ref() == Some(&stream.name) && other.as_deref() == kind
            };
            order.iter().position(same).unwrap_or(order.len())
        };
        let mut streams = stored.streams.clone();
        streams.sort_by_cached_key(place);
        Ok(streams)
    }

    /// What had been noticed about the recording when the episode was judged, and whether every task was known before.
    fn stored_notes(&self, stored: &StoredEpisode) -> Result<(Vec<Note>, bool), EngineError> {
        let Some(recording) = self.recording(stored.recording)? else { return Ok((Vec::new(), false)) };
        let summary = &recording.row.summary;
        let mut notes: Vec<Note> = match &summary["notes"] {
            serde_json::Value::Null => Vec::new(),
            notes => serde_json::from_value(notes.clone())
                .map_err(|error| EngineError::Bug(format!("notes of recording {}: {error}", stored.recording)))?,
        };
        notes.truncate(stored.recording_notes);
        Ok((notes, summary["tasks_told"].as_bool().unwrap_or(false)))
    }

    /// The repairs that made an episode of this derivation, its ancestors' first.
    fn repairs_of(&self, derivation: &Derivation) -> Result<Vec<String>, EngineError> {
        let mut generations = vec![derivation.repairs.clone()];
        let mut parent = derivation.parent;
        while let Some(id) = parent {
            if generations.len() > GENERATIONS_MAX {
                return Err(EngineError::Bug(format!("episode {id} is its own ancestor")));
            }
            let derivation = self.receipt_payload(id)?.derivation;
            parent = derivation.parent;
            generations.push(derivation.repairs);
        }
        Ok(generations.into_iter().rev().flatten().collect())
    }
}
