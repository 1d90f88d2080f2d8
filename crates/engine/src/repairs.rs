//! The repairs that receipts list, and what each does to an episode.
//!
//! **Invariant:** a repair never edits; it makes the rows of a new episode. The same repairs of the same rows give the same rows,
//! wherever those come from, so that a repaired episode can be recomputed.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int64Type;
use prairie_formats::BlobReader;
use prairie_model::{Clock, Episode, EpisodeDraft, Nanos, Note, Stream, StreamBatch, TimeSpan};

use crate::error::EngineError;
use crate::history::Earlier;
use crate::inspect::{InspectSink, Inspector};
use crate::options::InspectOptions;

/// One automatic, reversible repair.
#[derive(Debug, Clone, PartialEq)]
enum Repair {
    /// Leave the stream out.
    DropStream(String),
    /// Add nanoseconds to the times of the stream.
    Restamp(String, i64),
    /// Keep only what lies between, in nanoseconds from the start of the episode.
    Trim(i64, i64),
}

impl Repair {
    /// Reads `drop_stream:NAME`, `restamp:NAME:NANOSECONDS` or `trim_idle:FROM:TO` (nanoseconds from the start of the episode).
    fn parse(text: &str) -> Result<Self, EngineError> {
        let unknown = || EngineError::invalid(format!("repair `{text}`"), "this version cannot execute it");
        let number = |text: &str| text.parse::<i64>().map_err(|_bad| unknown());
        let (name, rest) = text.split_once(':').ok_or_else(unknown)?;
        match name {
            "drop_stream" => Ok(Self::DropStream(rest.to_owned())),
            "restamp" => {
                let (stream, offset) = rest.rsplit_once(':').ok_or_else(unknown)?;
                Ok(Self::Restamp(stream.to_owned(), number(offset)?))
            }
            "trim_idle" => {
                let (from, to) = rest.split_once(':').ok_or_else(unknown)?;
                Ok(Self::Trim(number(from)?, number(to)?))
            }
            _ => Err(unknown()),
        }
    }
}

/// Repairs of one episode, in the order of their application.
pub(crate) struct Repairs {
    steps: Vec<Repair>,
    /// When the episode starts, which trims count from.
    start: Option<Nanos>,
}

impl Repairs {
    /// Reads the repairs of an episode that starts at `start`.
    pub(crate) fn parse(steps: &[String], start: Option<Nanos>) -> Result<Self, EngineError> {
        Ok(Self { steps: steps.iter().map(|step| Repair::parse(step)).collect::<Result<_, _>>()?, start })
    }

    /// What becomes of a stream, before any of its rows; `None` where it is dropped.
    fn stream(&self, stream: &Stream) -> Option<Stream> {
        let mut kept = Stream { samples: 0, start: None, end: None, rate_hz: None, ..stream.clone() };
        for step in &self.steps {
            match step {
                Repair::DropStream(name) if *name == stream.name => return None,
                Repair::Restamp(name, offset) if *name == stream.name => {
                    kept.clock = Clock::Header;
                    kept.clock_offset_ns = Some(kept.clock_offset_ns.unwrap_or(0).saturating_add(*offset));
                }
                _ => {}
            }
        }
        Some(kept)
    }

    /// What becomes of rows of a stream.
    fn rows(&self, stream: &str, rows: &RecordBatch) -> Result<RecordBatch, EngineError> {
        let mut rows = rows.clone();
        for step in &self.steps {
            rows = self.apply(step, stream, rows)?;
        }
        Ok(rows)
    }

    fn apply(&self, step: &Repair, stream: &str, rows: RecordBatch) -> Result<RecordBatch, EngineError> {
        let bug = |error: arrow::error::ArrowError| EngineError::Bug(error.to_string());
        match step {
            Repair::Restamp(name, offset) if name == stream => {
                let moved: ArrayRef = Arc::new(times(&rows)?.unary::<_, Int64Type>(|t| t.saturating_add(*offset)));
                let schema = rows.schema();
                let fields = schema.fields().iter().zip(rows.columns());
                let columns = fields.map(|(field, column)| if field.name() == "t_ns" { &moved } else { column });
                RecordBatch::try_new(schema.clone(), columns.cloned().collect()).map_err(bug)
            }
            Repair::Trim(from, to) => {
                let Some(Nanos(start)) = self.start else { return Ok(rows) };
                let (from, to) = (start.saturating_add(*from), start.saturating_add(*to));
                let keep =
                    times(&rows)?.values().iter().map(|t| Some((from..=to).contains(t))).collect::<BooleanArray>();
                filter_record_batch(&rows, &keep).map_err(bug)
            }
            Repair::Restamp(..) | Repair::DropStream(_) => Ok(rows),
        }
    }

    /// Whether the episode ends or starts elsewhere than before.
    fn trims(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Repair::Trim(..)))
    }

    /// What becomes of the episode, once the rows of `streams` have passed.
    fn draft(&self, before: &EpisodeDraft, streams: Vec<Stream>) -> EpisodeDraft {
        let spans = streams.iter().filter_map(|stream| Some(TimeSpan::new(stream.start?, stream.end?)));
        let span = spans.reduce(TimeSpan::union);
        let mut segments = before.segments.clone();
        if self.trims()
            && let Some(span) = span
        {
            segments.retain(|segment| segment.span.start <= span.end && segment.span.end >= span.start);
            for segment in &mut segments {
                segment.span = TimeSpan::new(segment.span.start.max(span.start), segment.span.end.min(span.end));
            }
        }
        EpisodeDraft {
            episode: Episode { span, ..before.episode.clone() },
            streams,
            segments,
            tally: before.tally,
            notes: before.notes.clone(),
        }
    }
}

fn times(rows: &RecordBatch) -> Result<&Int64Array, EngineError> {
    let column = rows.column_by_name("t_ns").and_then(|column| column.as_primitive_opt::<Int64Type>());
    column.ok_or_else(|| EngineError::Bug("samples without times".to_owned()))
}

/// What decides how an episode that was read before is judged again.
pub(crate) struct Again<'a> {
    /// Names the episode in errors.
    pub(crate) name: &'a str,
    /// As at its first reading: overrides, profile, pictures.
    pub(crate) options: &'a InspectOptions,
    /// What is known of earlier episodes.
    pub(crate) earlier: &'a dyn Earlier,
    /// What was noticed about the recording until the episode was judged.
    pub(crate) recording_notes: Vec<Note>,
    /// Repairs that made the episode before these.
    pub(crate) repaired_before: Vec<String>,
}

/// An episode that is seen again, repaired on its way: from the rows of the store, or from its recording.
pub(crate) struct Replayer<'a> {
    inspector: Inspector<'a>,
    repairs: Repairs,
    before: &'a EpisodeDraft,
    /// By the stream's place in the episode before: its place now, and what is known of it.
    streams: Vec<Option<(u32, Stream)>>,
}

impl<'a> Replayer<'a> {
    /// Begins. `before` is the episode as it was, `steps` what is done to it, and `sink` takes the new one.
    pub(crate) fn new(
        again: Again<'a>,
        steps: &[String],
        before: &'a EpisodeDraft,
        blobs: BlobReader<'a>,
        sink: &'a mut dyn InspectSink,
    ) -> Result<Self, EngineError> {
        let repairs = Repairs::parse(steps, before.episode.start())?;
        let mut inspector = Inspector::new(again.name, again.options, blobs, again.earlier, sink);
        inspector.recording_notes = again.recording_notes;
        inspector.repairs = again.repaired_before;
        inspector.repairs.extend_from_slice(steps);
        let mut streams: Vec<Option<(u32, Stream)>> = Vec::with_capacity(before.streams.len());
        let mut next = 0;
        for stream in &before.streams {
            streams.push(repairs.stream(stream).map(|kept| {
                next += 1;
                (next - 1, kept)
            }));
        }
        Ok(Self { inspector, repairs, before, streams })
    }

    /// Takes rows of the episode as it was. Their index is the place of the stream in it.
    pub(crate) fn batch(&mut self, batch: &StreamBatch) -> Result<(), EngineError> {
        let place = usize::try_from(batch.index).ok().and_then(|index| self.streams.get_mut(index));
        let place = place.ok_or_else(|| EngineError::Bug(format!("stream {} was not announced", batch.index)))?;
        let Some((index, stream)) = place else { return Ok(()) };
        let samples = self.repairs.rows(&stream.name, &batch.samples)?;
        if samples.num_rows() == 0 {
            return Ok(());
        }
        // Checks are told what was known of the stream when its rows came, as at the first reading.
        let shared = self.repairs.stream(&batch.stream).unwrap_or_else(|| stream.clone());
        let repaired =
            StreamBatch { episode: self.before.episode.ordinal, index: *index, stream: Arc::new(shared), samples };
        stream.observe(repaired.t_ns());
        self.inspector.batch(&repaired)
    }

    /// All rows have passed.
    pub(crate) fn end(mut self) -> Result<(), EngineError> {
        let streams = self.streams.into_iter().flatten().map(|(_, stream)| stream).collect();
        self.inspector.episode_end(self.repairs.draft(self.before, streams))
    }
}
