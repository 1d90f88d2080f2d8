//! `show`: everything about one episode.

use std::collections::BTreeMap;

use prairie_model::{BodyPart, Dimension, DimensionState, EpisodeId, Nanos, StreamKind};

use crate::Engine;
use crate::cells::{Cells, literal};
use crate::error::EngineError;
use crate::report::{EpisodeReport, FindingReport, Lineage, Messages, SegmentReport, StreamReport};
use crate::verbs::list::summary;

/// Facts that `show` prints by the names of their columns.
const FACTS: [&str; 11] = [
    "calibration",
    "consent",
    "custody",
    "licence",
    "operator",
    "owner",
    "purpose",
    "robot",
    "robot_type",
    "software",
    "station",
];

impl Engine {
    /// The id that begins with `prefix`.
    ///
    /// # Errors
    ///
    /// When no episode's id begins so, or several do.
    pub fn find_episode(&self, prefix: &str) -> Result<EpisodeId, EngineError> {
        let not_found = || EngineError::NotFound { kind: "episode", name: prefix.to_owned() };
        if prefix.is_empty() || !prefix.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(not_found());
        }
        let sql = format!(
            "SELECT episode_id FROM episodes WHERE starts_with(episode_id, {}) LIMIT 100",
            literal(&prefix.to_lowercase())
        );
        let mut found = Vec::new();
        for batch in self.run_sql(&sql, None)?.1 {
            let cells = Cells::of(&batch)?;
            found.extend((0..cells.rows()).filter_map(|row| cells.text("episode_id", row)));
        }
        match found.as_slice() {
            [] => Err(not_found()),
            [id] => id.parse().map_err(|error: prairie_model::ParseIdError| EngineError::Bug(error.to_string())),
            _ => Err(EngineError::AmbiguousName { kind: "episode", name: prefix.to_owned(), count: found.len() }),
        }
    }

    /// Everything about the episode whose id begins with `prefix`.
    ///
    /// # Errors
    ///
    /// When there is none, or several.
    pub fn show(&self, prefix: &str) -> Result<EpisodeReport, EngineError> {
        let id = self.find_episode(prefix)?;
        let wanted = format!("episode_id = {}", literal(&id.to_string()));
        let rows = self.cells(&format!("SELECT * FROM episodes WHERE {wanted}"))?;
        let episode = rows.first().ok_or_else(|| EngineError::NotFound { kind: "episode", name: prefix.to_owned() })?;
        let mut line = summary(episode, 0)?;
        line.streams = None;
        let start = line.start_ns;
        let count = |name: &str| episode.count(name, 0).unwrap_or(0);
        let dimensions = self.dimensions(&wanted)?;
        Ok(EpisodeReport {
            ordinal: u32::try_from(count("ordinal")).unwrap_or(0),
            key: episode.text("key", 0).unwrap_or_default(),
            facts: FACTS.iter().map(|name| ((*name).to_owned(), episode.text(name, 0))).collect(),
            messages: Messages {
                total: count("messages"),
                mapped: count("mapped"),
                unmapped: count("unmapped"),
                undecodable: count("undecodable"),
            },
            frames: count("frames"),
            stream_list: self.streams_of(&wanted)?,
            segments: self.segments_of(&wanted, start)?,
            findings: self.findings_of(&wanted, start)?,
            dimensions,
            lineage: self.lineage_of(id, &line.recording.to_string(), episode)?,
            summary: line,
        })
    }

    fn cells(&self, sql: &str) -> Result<Vec<Cells>, EngineError> {
        let batches = self.run_sql(sql, None)?.1;
        batches.iter().filter(|batch| batch.num_rows() > 0).map(Cells::of).collect()
    }

    fn streams_of(&self, wanted: &str) -> Result<Vec<StreamReport>, EngineError> {
        let mut streams = Vec::new();
        for cells in self.cells(&format!("SELECT * FROM streams WHERE {wanted} ORDER BY stream"))? {
            for row in 0..cells.rows() {
                let kind = cells.text("kind", row).unwrap_or_default();
                // A kind of one unit fixes it; otherwise the stream says.
                let fixed = StreamKind::from_name(&kind).and_then(|kind| kind.numbers().first()).map(|number| number.2);
                let size = |name: &str| cells.count(name, row).and_then(|size| u32::try_from(size).ok());
                let names = cells.texts("names", row);
                streams.push(StreamReport {
                    name: cells.text("stream", row).unwrap_or_default(),
                    rate_hz: cells.float("rate_hz", row),
                    samples: cells.count("samples", row).unwrap_or(0),
                    unit: cells.text("unit", row).or_else(|| fixed.filter(|unit| !unit.is_empty()).map(str::to_owned)),
                    parts: BodyPart::groups(&names),
                    names,
                    schema: cells.text("schema", row).unwrap_or_default(),
                    codec: cells.text("codec", row),
                    width: size("width"),
                    height: size("height"),
                    clock: cells.text("clock", row).unwrap_or_default(),
                    clock_offset_ns: cells.integer("clock_offset_ns", row).map(|offset| offset.to_string()),
                    kind,
                });
            }
        }
        Ok(streams)
    }

    fn segments_of(&self, wanted: &str, start: Option<Nanos>) -> Result<Vec<SegmentReport>, EngineError> {
        let mut segments = Vec::new();
        for cells in self.cells(&format!("SELECT * FROM segments WHERE {wanted} ORDER BY start_ns, end_ns, name"))? {
            for row in 0..cells.rows() {
                let since = |name: &str| Some(Nanos(cells.integer(name, row)?).seconds_since(start?));
                segments.push(SegmentReport {
                    label: cells.text("label", row).unwrap_or_default(),
                    name: cells.text("name", row).unwrap_or_default(),
                    start_s: since("start_ns"),
                    end_s: since("end_ns"),
                });
            }
        }
        Ok(segments)
    }

    fn findings_of(&self, wanted: &str, start: Option<Nanos>) -> Result<Vec<FindingReport>, EngineError> {
        let mut findings = Vec::new();
        let sql = format!("SELECT * FROM findings WHERE {wanted} ORDER BY code, stream, start_ns, message");
        for cells in self.cells(&sql)? {
            for row in 0..cells.rows() {
                let since = |name: &str| Some(Nanos(cells.integer(name, row)?).seconds_since(start?));
                findings.push(FindingReport {
                    code: cells.text("code", row).unwrap_or_default(),
                    severity: cells.text("severity", row).unwrap_or_default(),
                    stream: cells.text("stream", row),
                    start_s: since("start_ns"),
                    end_s: since("end_ns"),
                    measured: cells.float("measured", row),
                    limit: cells.float("limit_value", row),
                    unit: cells.text("unit", row),
                    file: cells.text("file", row),
                    offset: cells.count("offset", row),
                    message: cells.text("message", row).unwrap_or_default(),
                });
            }
        }
        Ok(findings)
    }

    /// The dimensions of the latest receipt.
    fn dimensions(&self, wanted: &str) -> Result<BTreeMap<String, String>, EngineError> {
        let sql = format!("SELECT * FROM receipts WHERE {wanted} ORDER BY revision DESC, issued_ns DESC LIMIT 1");
        let rows = self.cells(&sql)?;
        let Some(receipt) = rows.first() else { return Ok(BTreeMap::new()) };
        let state = |dimension: &Dimension| {
            let name = dimension.name().to_owned();
            // A receipt states every dimension, and its row has null for those that do not apply.
            let state = receipt.text(&name, 0).unwrap_or_else(|| DimensionState::NotApplicable.name().to_owned());
            (name, state)
        };
        Ok(Dimension::ALL.iter().map(state).collect())
    }

    fn lineage_of(&self, id: EpisodeId, recording: &str, episode: &Cells) -> Result<Lineage, EngineError> {
        let parsed =
            recording.parse().map_err(|error: prairie_model::ParseIdError| EngineError::Bug(error.to_string()))?;
        let row = self.recording(parsed)?.map(|stored| stored.row);
        Ok(Lineage {
            recording: parsed,
            path: row.as_ref().map(|row| row.origin.clone()),
            format: row.map(|row| row.format),
            derivation: episode.text("derivation_id", 0).unwrap_or_default(),
            parent: episode.text("parent_id", 0),
            datasets: self.datasets_holding(id)?,
        })
    }
}
