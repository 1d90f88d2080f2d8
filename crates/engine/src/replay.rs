//! Stored episodes seen again: under another profile, or with repairs.
//!
//! **Invariant:** a repair never edits; it makes the rows of a new episode.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int64Type;
use prairie_formats::BlobReader;
use prairie_model::{Clock, Episode, EpisodeDraft, Nanos, Note, Stream, TimeSpan};
use prairie_quality::History;

use crate::Engine;
use crate::error::EngineError;
use crate::export::StoredEpisode;
use crate::inspect::{InspectSink, Inspector};
use crate::options::InspectOptions;

/// One automatic, reversible repair, as a receipt lists it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Repair {
    /// Leave the stream out.
    DropStream(String),
    /// Add nanoseconds to the times of the stream.
    Restamp(String, i64),
    /// Keep only what lies between, in nanoseconds from the start of the episode.
    Trim(i64, i64),
}

impl Repair {
    /// Reads `drop_stream:NAME`, `restamp:NAME:NANOSECONDS` or `trim_idle:FROM_S:TO_S` (seconds from the start).
    pub(crate) fn parse(text: &str) -> Result<Self, EngineError> {
        let unknown = || EngineError::invalid(format!("repair `{text}`"), "this version cannot execute it");
        let (name, rest) = text.split_once(':').ok_or_else(unknown)?;
        match name {
            "drop_stream" => Ok(Self::DropStream(rest.to_owned())),
            "restamp" => {
                let (stream, offset) = rest.rsplit_once(':').ok_or_else(unknown)?;
                Ok(Self::Restamp(stream.to_owned(), offset.parse().map_err(|_bad| unknown())?))
            }
            "trim_idle" => {
                let (from, to) = rest.split_once(':').ok_or_else(unknown)?;
                let nanos = |text: &str| text.parse::<i64>().map_err(|_bad| unknown());
                Ok(Self::Trim(nanos(from)?, nanos(to)?))
            }
            _ => Err(unknown()),
        }
    }
}

impl Engine {
    /// Shows the stored rows of an episode to the checks again, after `repairs`, and passes them on to `sink`.
    pub(crate) fn replay(
        &self,
        stored: &StoredEpisode,
        snapshot: u64,
        repairs: &[String],
        options: &InspectOptions,
        history: &History,
        sink: &mut dyn InspectSink,
    ) -> Result<(), EngineError> {
        let steps: Vec<Repair> = repairs.iter().map(|repair| Repair::parse(repair)).collect::<Result<_, _>>()?;
        let source = self.stored_source(stored.recording)?;
        let name = stored.id.to_string();
        let mut inspector = Inspector::new(&name, options, BlobReader::new(&source), history, sink);
        let (recording_notes, episode_notes) = self.stored_notes(stored)?;
        inspector.recording_notes = recording_notes;
        inspector.repairs = repairs.to_vec();
        inspector.tasks = vec![stored.episode.task.clone()];
        let mut streams: Vec<Stream> = Vec::new();
        for stream in &stored.streams {
            if steps.contains(&Repair::DropStream(stream.name.clone())) {
                continue;
            }
            let mut batch = self.load_samples(stored.id, stream, snapshot)?;
            for step in &steps {
                batch.samples = apply(step, &stream.name, stored.episode.start(), &batch.samples)?;
            }
            let mut kept = Stream { samples: 0, start: None, end: None, rate_hz: None, ..stream.clone() };
            for step in &steps {
                if let Repair::Restamp(name, offset) = step
                    && *name == stream.name
                {
                    kept.clock = Clock::Header;
                    kept.clock_offset_ns = Some(kept.clock_offset_ns.unwrap_or(0).saturating_add(*offset));
                }
            }
            kept.observe(batch.t_ns());
            batch.index = streams.len() as u32;
            batch.stream = Arc::new(kept.clone());
            streams.push(kept);
            if !batch.is_empty() {
                inspector.batch(&batch)?;
            }
        }
        let span = streams.iter().filter_map(|stream| Some(TimeSpan::new(stream.start?, stream.end?)));
        let episode = Episode { ordinal: 0, span: span.reduce(TimeSpan::union), ..stored.episode.clone() };
        let draft = EpisodeDraft {
            episode,
            streams,
            segments: stored.segments.clone(),
            tally: stored.tally,
            notes: episode_notes,
        };
        inspector.episode_end(draft)
    }

    /// What was noticed when the episode's recording was read: about the recording, and about the episode.
    fn stored_notes(&self, stored: &StoredEpisode) -> Result<(Vec<Note>, Vec<Note>), EngineError> {
        let Some(recording) = self.recording(stored.recording)? else { return Ok((Vec::new(), Vec::new())) };
        let notes = |value: &serde_json::Value| -> Result<Vec<Note>, EngineError> {
            if value.is_null() {
                return Ok(Vec::new());
            }
            serde_json::from_value(value.clone()).map_err(|error| EngineError::Bug(format!("stored notes: {error}")))
        };
        let summary = &recording.row.summary;
        let of_episode = &summary["episode_notes"][stored.episode.ordinal.to_string()];
        Ok((notes(&summary["notes"])?, notes(of_episode)?))
    }
}

/// The rows of `stream` after one repair.
fn apply(step: &Repair, stream: &str, start: Option<Nanos>, rows: &RecordBatch) -> Result<RecordBatch, EngineError> {
    let bug = |error: arrow::error::ArrowError| EngineError::Bug(error.to_string());
    let times = |rows: &RecordBatch| -> Int64Array {
        rows.column_by_name("t_ns")
            .and_then(|column| column.as_primitive_opt::<Int64Type>())
            .cloned()
            .unwrap_or_else(|| Int64Array::from(Vec::<i64>::new()))
    };
    match step {
        Repair::Restamp(name, offset) if name == stream => {
            let moved: Int64Array = times(rows).unary(|t| t.saturating_add(*offset));
            let schema = rows.schema();
            let columns: Vec<ArrayRef> = schema
                .fields()
                .iter()
                .zip(rows.columns())
                .map(
                    |(field, column)| {
                        if field.name() == "t_ns" { Arc::new(moved.clone()) as ArrayRef } else { column.clone() }
                    },
                )
                .collect();
            RecordBatch::try_new(schema, columns).map_err(bug)
        }
        Repair::Trim(from, to) => {
            let Some(Nanos(start)) = start else { return Ok(rows.clone()) };
            let (from, to) = (start.saturating_add(*from), start.saturating_add(*to));
            let times = times(rows);
            let keep: BooleanArray = times.values().iter().map(|t| Some((from..=to).contains(t))).collect();
            filter_record_batch(rows, &keep).map_err(bug)
        }
        Repair::Restamp(..) | Repair::DropStream(_) => Ok(rows.clone()),
    }
}
