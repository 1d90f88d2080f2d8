//! Episodes out of the catalog: their streams, and the samples of one stream at a time.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{Schema, SchemaRef};
use prairie_model::{
    Clock, Codec, DerivationId, Episode, EpisodeId, EpisodeTally, Mode, Nanos, Note, Outcome, PictureInfo, RecordingId,
    Rights, Segment, SegmentLabel, Stream, StreamBatch, StreamKind, TimeSpan,
};
use prairie_store::{ObjectSource, StoredFile};

use crate::Engine;
use crate::cells::{Cells, literal};
use crate::error::EngineError;

/// An episode as the catalog has it at one snapshot.
#[derive(Debug, Clone)]
pub(crate) struct StoredEpisode {
    pub(crate) id: EpisodeId,
    pub(crate) recording: RecordingId,
    pub(crate) derivation: DerivationId,
    pub(crate) parent: Option<EpisodeId>,
    pub(crate) revision: u32,
    pub(crate) episode: Episode,
    pub(crate) segments: Vec<Segment>,
    pub(crate) tally: EpisodeTally,
    pub(crate) streams: Vec<Stream>,
    /// What was noticed about it when it was read.
    pub(crate) notes: Vec<Note>,
    /// How many notes about the recording there were when it was judged.
    pub(crate) recording_notes: usize,
}

impl Engine {
    /// One episode with its streams, at `snapshot`.
    pub(crate) fn load_episode(&self, id: EpisodeId, snapshot: u64) -> Result<StoredEpisode, EngineError> {
        let wanted = format!("episode_id = {}", literal(&id.to_string()));
        let (_, batches) = self.run_sql(&format!("SELECT * FROM episodes WHERE {wanted}"), Some(snapshot))?;
        let batch = batches.iter().find(|batch| batch.num_rows() > 0);
        let not_found = || EngineError::NotFound { kind: "episode", name: id.to_string() };
        let cells = Cells::of(batch.ok_or_else(not_found)?)?;
        let broken = |column: &str| EngineError::Bug(format!("episode {id} has no readable `{column}`"));
        let text = |name: &str| cells.text(name, 0);
        Ok(StoredEpisode {
            id,
            recording: text("recording_id").and_then(|id| id.parse().ok()).ok_or_else(|| broken("recording_id"))?,
            derivation: text("derivation_id").and_then(|id| id.parse().ok()).ok_or_else(|| broken("derivation_id"))?,
            parent: text("parent_id").and_then(|id| id.parse().ok()),
            revision: cells.count("revision", 0).and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
            episode: episode(&cells, 0),
            segments: self.load_segments(&wanted, snapshot)?,
            tally: tally(&cells, 0),
            streams: self.load_streams(&wanted, snapshot)?,
            notes: text("notes").and_then(|text| serde_json::from_str(&text).ok()).ok_or_else(|| broken("notes"))?,
            recording_notes: cells
                .count("recording_notes", 0)
                .and_then(|n| usize::try_from(n).ok())
                .ok_or_else(|| broken("recording_notes"))?,
        })
    }

    fn load_segments(&self, wanted: &str, snapshot: u64) -> Result<Vec<Segment>, EngineError> {
        let mut segments = Vec::new();
        let sql = format!("SELECT * FROM segments WHERE {wanted} ORDER BY start_ns, end_ns, name");
        for batch in self.run_sql(&sql, Some(snapshot))?.1 {
            let cells = Cells::of(&batch)?;
            for row in 0..cells.rows() {
                let at = |name: &str| cells.integer(name, row).map(Nanos);
                let (Some(start), Some(end)) = (at("start_ns"), at("end_ns")) else { continue };
                segments.push(Segment {
                    label: cells
                        .text("label", row)
                        .and_then(|label| SegmentLabel::from_name(&label))
                        .unwrap_or_default(),
                    name: cells.text("name", row).unwrap_or_default(),
                    span: TimeSpan::new(start, end),
                    cause: cells.text("cause", row),
                    recoverable: cells.truth("recoverable", row),
                    annotator: cells.text("annotator", row),
                });
            }
        }
        Ok(segments)
    }

    fn load_streams(&self, wanted: &str, snapshot: u64) -> Result<Vec<Stream>, EngineError> {
        let mut streams = Vec::new();
        let sql = format!("SELECT * FROM streams WHERE {wanted} ORDER BY stream");
        for batch in self.run_sql(&sql, Some(snapshot))?.1 {
            let cells = Cells::of(&batch)?;
            for row in 0..cells.rows() {
                streams.push(stream(&cells, row));
            }
        }
        Ok(streams)
    }

    /// All samples of one stream of an episode, in the order of time. Samples of one time keep the order of the recording.
    pub(crate) fn load_samples(
        &self,
        episode: EpisodeId,
        stream: &Stream,
        snapshot: u64,
    ) -> Result<StreamBatch, EngineError> {
        let kind = stream.kind.ok_or_else(|| EngineError::Bug(format!("stream `{}` has no kind", stream.name)))?;
        let schema: SchemaRef = Arc::new(Schema::new(kind.fields()));
        let columns: Vec<_> = schema.fields().iter().map(|field| format!("\"{}\"", field.name())).collect();
        let sql = format!(
            "SELECT {} FROM {} WHERE episode_id = {} AND stream = {} ORDER BY t_ns",
            columns.join(", "),
            kind.table(),
            literal(&episode.to_string()),
            literal(&stream.name)
        );
        let bug = |error: arrow::error::ArrowError| EngineError::Bug(error.to_string());
        let mut batches = Vec::new();
        for batch in self.run_sql(&sql, Some(snapshot))?.1 {
            let columns: Result<Vec<_>, _> = schema
                .fields()
                .iter()
                .zip(batch.columns())
                .map(|(field, column)| cast(column, field.data_type()))
                .collect();
            batches.push(RecordBatch::try_new(schema.clone(), columns.map_err(bug)?).map_err(bug)?);
        }
        let samples = concat_batches(&schema, &batches).map_err(bug)?;
        Ok(StreamBatch { episode: 0, index: 0, stream: Arc::new(stream.clone()), samples })
    }

    /// The stored bytes of a recording.
    pub(crate) fn stored_source(&self, id: RecordingId) -> Result<ObjectSource, EngineError> {
        let stored = self.recording(id)?;
        let stored = stored.ok_or_else(|| EngineError::NotFound { kind: "recording", name: id.to_string() })?;
        if stored.erased.is_some() {
            return Err(EngineError::Refused(format!("recording {id} was erased")));
        }
        let files = stored.row.files.into_iter().map(|file| StoredFile {
            path: file.path,
            key: prairie_store::object_key(file.object),
            size: file.size,
        });
        let files = files.collect();
        Ok(ObjectSource::new(self.shared_objects(), files))
    }
}

/// One row of `streams`.
fn stream(cells: &Cells, row: usize) -> Stream {
    let text = |name: &str| cells.text(name, row);
    let size = |name: &str| cells.count(name, row).and_then(|size| u32::try_from(size).ok());
    Stream {
        name: text("stream").unwrap_or_default(),
        kind: text("kind").and_then(|kind| StreamKind::from_name(&kind)),
        source: text("source").unwrap_or_default(),
        schema: text("schema").unwrap_or_default(),
        unit: text("unit"),
        frame: text("frame"),
        child_frame: text("child_frame"),
        names: cells.texts("names", row),
        shape: cells.counts("shape", row),
        representation: text("representation"),
        picture: text("codec").map(|codec| PictureInfo {
            codec: Codec::from_name(&codec),
            width: size("width"),
            height: size("height"),
            config: cells.bytes("codec_config", row),
            fps: cells.float("nominal_rate_hz", row),
        }),
        clock: match text("clock").as_deref() {
            Some("header") => Clock::Header,
            Some("row") => Clock::Row,
            _ => Clock::Log,
        },
        clock_offset_ns: cells.integer("clock_offset_ns", row),
        nominal_rate_hz: cells.float("nominal_rate_hz", row),
        rate_hz: cells.float("rate_hz", row),
        samples: cells.count("samples", row).unwrap_or(0),
        start: cells.integer("start_ns", row).map(Nanos),
        end: cells.integer("end_ns", row).map(Nanos),
    }
}

/// What a row of `episodes` says of the episode itself.
fn episode(cells: &Cells, row: usize) -> Episode {
    let text = |name: &str| cells.text(name, row);
    let at = |name: &str| cells.integer(name, row).map(Nanos);
    Episode {
        key: text("key").unwrap_or_default(),
        ordinal: cells.count("ordinal", row).and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
        task: text("task"),
        robot: text("robot"),
        robot_type: text("robot_type"),
        operator: text("operator"),
        station: text("station"),
        software: text("software"),
        calibration: text("calibration"),
        mode: text("mode").and_then(|name| Mode::from_name(&name)).unwrap_or_default(),
        outcome: text("outcome").and_then(|name| Outcome::from_name(&name)).unwrap_or_default(),
        span: at("start_ns").zip(at("end_ns")).map(|(start, end)| TimeSpan::new(start, end)),
        dated: cells.truth("dated", row).unwrap_or(false),
        rights: Rights {
            owner: text("owner"),
            licence: text("licence"),
            consent: text("consent"),
            purpose: text("purpose"),
            custody: text("custody"),
        },
        attributes: text("attributes").and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
    }
}

/// The counts of a row of `episodes`.
fn tally(cells: &Cells, row: usize) -> EpisodeTally {
    let count = |name: &str| cells.count(name, row).unwrap_or(0);
    EpisodeTally {
        messages: count("messages"),
        mapped: count("mapped"),
        unmapped: count("unmapped"),
        undecodable: count("undecodable"),
        frames: count("frames"),
    }
}
