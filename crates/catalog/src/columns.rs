//! Rows to columns.
//!
//! Each table's columns are built in one place, name by name. The schema is that of no rows, so it cannot differ.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Float64Array, Int64Array, ListBuilder, RecordBatch, StringArray,
    StringBuilder, UInt32Array, UInt64Array, UInt64Builder,
};
use arrow::datatypes::{Field, Schema, SchemaRef};
use prairie_model::{Clock, Dimension, DimensionState, Nanos};

use crate::{CatalogError, EpisodeRow, FindingRow, ReceiptRow, Result, SegmentRow, StreamRow};

/// One column: name, whether it may be null, values.
pub(crate) type Column = (&'static str, bool, ArrayRef);

pub(crate) fn schema_of(columns: &[Column]) -> SchemaRef {
    let field = |(name, nullable, values): &Column| Field::new(*name, values.data_type().clone(), *nullable);
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

pub(crate) fn batch_of(table: &str, columns: Vec<Column>) -> Result<RecordBatch> {
    let schema = schema_of(&columns);
    RecordBatch::try_new(schema, columns.into_iter().map(|(_, _, values)| values).collect())
        .map_err(|source| CatalogError::Columns { table: table.to_owned(), source })
}

/// A column that is never null.
pub(crate) fn text<T: ToString>(name: &'static str, values: impl Iterator<Item = T>) -> Column {
    (name, false, Arc::new(StringArray::from_iter_values(values.map(|value| value.to_string()))))
}

pub(crate) fn texts<T: ToString>(name: &'static str, values: impl Iterator<Item = Option<T>>) -> Column {
    (name, true, Arc::new(values.map(|value| value.map(|value| value.to_string())).collect::<StringArray>()))
}

fn count(name: &'static str, values: impl Iterator<Item = u64>) -> Column {
    (name, false, Arc::new(UInt64Array::from_iter_values(values)))
}

fn small(name: &'static str, values: impl Iterator<Item = u32>) -> Column {
    (name, false, Arc::new(UInt32Array::from_iter_values(values)))
}

pub(crate) fn times(name: &'static str, values: impl Iterator<Item = Option<Nanos>>) -> Column {
    (name, true, Arc::new(values.map(|value| value.map(|nanos| nanos.0)).collect::<Int64Array>()))
}

fn floats(name: &'static str, values: impl Iterator<Item = Option<f64>>) -> Column {
    (name, true, Arc::new(values.collect::<Float64Array>()))
}

impl EpisodeRow {
    pub(crate) fn schema() -> SchemaRef {
        schema_of(&Self::columns(&[]))
    }

    /// The rows as columns of the table `episodes`.
    pub fn to_batch(rows: &[Self]) -> Result<RecordBatch> {
        batch_of("episodes", Self::columns(rows))
    }

    fn columns(rows: &[Self]) -> Vec<Column> {
        let facts = || rows.iter().map(|row| &row.episode);
        let rights = || rows.iter().map(|row| &row.episode.rights);
        let tally = || rows.iter().map(|row| row.tally);
        let attributes = |row: &Self| {
            serde_json::to_string(&row.episode.attributes).expect("texts under texts always have a JSON form")
        };
        let notes = |row: &Self| serde_json::to_string(&row.notes).expect("texts and numbers always have a JSON form");
        vec![
            text("episode_id", rows.iter().map(|row| row.id)),
            text("recording_id", rows.iter().map(|row| row.recording)),
            text("derivation_id", rows.iter().map(|row| row.derivation)),
            text("key", facts().map(|episode| &episode.key)),
            small("ordinal", facts().map(|episode| episode.ordinal)),
            texts("task", facts().map(|episode| episode.task.as_ref())),
            texts("robot", facts().map(|episode| episode.robot.as_ref())),
            texts("robot_type", facts().map(|episode| episode.robot_type.as_ref())),
            texts("operator", facts().map(|episode| episode.operator.as_ref())),
            texts("station", facts().map(|episode| episode.station.as_ref())),
            texts("software", facts().map(|episode| episode.software.as_ref())),
            texts("calibration", facts().map(|episode| episode.calibration.as_ref())),
            text("mode", facts().map(|episode| episode.mode.name())),
            text("outcome", facts().map(|episode| episode.outcome.name())),
            times("start_ns", facts().map(|episode| episode.span.map(|span| span.start))),
            times("end_ns", facts().map(|episode| episode.span.map(|span| span.end))),
            floats("duration_s", facts().map(prairie_model::Episode::duration_s)),
            ("dated", false, Arc::new(facts().map(|episode| Some(episode.dated)).collect::<BooleanArray>())),
            texts("owner", rights().map(|rights| rights.owner.as_ref())),
            texts("licence", rights().map(|rights| rights.licence.as_ref())),
            texts("consent", rights().map(|rights| rights.consent.as_ref())),
            texts("purpose", rights().map(|rights| rights.purpose.as_ref())),
            texts("custody", rights().map(|rights| rights.custody.as_ref())),
            text("decision", rows.iter().map(|row| row.decision.name())),
            count("messages", tally().map(|tally| tally.messages)),
            count("mapped", tally().map(|tally| tally.mapped)),
            count("unmapped", tally().map(|tally| tally.unmapped)),
            count("undecodable", tally().map(|tally| tally.undecodable)),
            count("frames", tally().map(|tally| tally.frames)),
            count("samples", rows.iter().map(|row| row.samples)),
            texts("parent_id", rows.iter().map(|row| row.parent)),
            text("attributes", rows.iter().map(attributes)),
            text("content_hash", rows.iter().map(|row| row.content)),
            ("digest", true, Arc::new(rows.iter().map(|row| row.digest.as_deref()).collect::<BinaryArray>())),
            text("notes", rows.iter().map(notes)),
            small("recording_notes", rows.iter().map(|row| row.recording_notes)),
            small("revision", rows.iter().map(|row| row.revision)),
        ]
    }
}

impl StreamRow {
    pub(crate) fn schema() -> SchemaRef {
        schema_of(&Self::columns(&[]))
    }

    /// The rows as columns of the table `streams`.
    pub fn to_batch(rows: &[Self]) -> Result<RecordBatch> {
        batch_of("streams", Self::columns(rows))
    }

    fn columns(rows: &[Self]) -> Vec<Column> {
        let streams = || rows.iter().map(|row| &row.stream);
        let pictures = || streams().map(|stream| stream.picture.as_ref());
        let clock = |clock: Clock| match clock {
            Clock::Header => "header",
            Clock::Log => "log",
            Clock::Row => "row",
        };
        let width = pictures().map(|picture| picture.and_then(|picture| picture.width)).collect::<UInt32Array>();
        let height = pictures().map(|picture| picture.and_then(|picture| picture.height)).collect::<UInt32Array>();
        let config: BinaryArray = pictures()
            .map(|picture| picture.map(|picture| picture.config.as_slice()).filter(|config| !config.is_empty()))
            .collect();
        let offset = streams().map(|stream| stream.clock_offset_ns).collect::<Int64Array>();
        vec![
            text("episode_id", rows.iter().map(|row| row.episode)),
            text("stream", streams().map(|stream| &stream.name)),
            texts("kind", streams().map(|stream| stream.kind.map(prairie_model::StreamKind::name))),
            text("source", streams().map(|stream| &stream.source)),
            text("schema", streams().map(|stream| &stream.schema)),
            texts("unit", streams().map(|stream| stream.unit.as_ref())),
            texts("frame", streams().map(|stream| stream.frame.as_ref())),
            texts("child_frame", streams().map(|stream| stream.child_frame.as_ref())),
            ("names", false, names(rows)),
            ("shape", false, shapes(rows)),
            texts("representation", streams().map(|stream| stream.representation.as_ref())),
            texts("codec", pictures().map(|picture| picture.map(|picture| picture.codec.name()))),
            ("width", true, Arc::new(width)),
            ("height", true, Arc::new(height)),
            ("codec_config", true, Arc::new(config)),
            floats("fps", pictures().map(|picture| picture.and_then(|picture| picture.fps))),
            text("clock", streams().map(|stream| clock(stream.clock))),
            ("clock_offset_ns", true, Arc::new(offset)),
            floats("nominal_rate_hz", streams().map(|stream| stream.nominal_rate_hz)),
            floats("rate_hz", streams().map(|stream| stream.rate_hz)),
            count("samples", streams().map(|stream| stream.samples)),
            times("start_ns", streams().map(|stream| stream.start)),
            times("end_ns", streams().map(|stream| stream.end)),
        ]
    }
}

fn names(rows: &[StreamRow]) -> ArrayRef {
    let mut builder = ListBuilder::new(StringBuilder::new());
    for row in rows {
        builder.append_value(row.stream.names.iter().map(Some));
    }
    Arc::new(builder.finish())
}

fn shapes(rows: &[StreamRow]) -> ArrayRef {
    let mut builder = ListBuilder::new(UInt64Builder::new());
    for row in rows {
        builder.append_value(row.stream.shape.iter().copied().map(Some));
    }
    Arc::new(builder.finish())
}

impl FindingRow {
    pub(crate) fn schema() -> SchemaRef {
        schema_of(&Self::columns(&[]))
    }

    /// The rows as columns of the table `findings`.
    pub fn to_batch(rows: &[Self]) -> Result<RecordBatch> {
        batch_of("findings", Self::columns(rows))
    }

    fn columns(rows: &[Self]) -> Vec<Column> {
        let findings = || rows.iter().map(|row| &row.finding);
        vec![
            text("episode_id", rows.iter().map(|row| row.episode)),
            small("revision", rows.iter().map(|row| row.revision)),
            texts("receipt_hash", rows.iter().map(|row| row.receipt)),
            text("code", findings().map(|finding| &finding.code)),
            text("severity", findings().map(|finding| finding.severity.name())),
            texts("stream", findings().map(|finding| finding.stream.as_ref())),
            times("start_ns", findings().map(|finding| finding.span.map(|span| span.start))),
            times("end_ns", findings().map(|finding| finding.span.map(|span| span.end))),
            floats("measured", findings().map(|finding| finding.measured)),
            floats("limit_value", findings().map(|finding| finding.limit)),
            texts("unit", findings().map(|finding| finding.unit.as_ref())),
            texts("file", findings().map(|finding| finding.file.as_ref())),
            ("offset", true, Arc::new(findings().map(|finding| finding.offset).collect::<UInt64Array>())),
            text("message", findings().map(|finding| &finding.message)),
        ]
    }
}

impl ReceiptRow {
    pub(crate) fn schema() -> SchemaRef {
        schema_of(&Self::columns(&[]))
    }

    /// The rows as columns of the table `receipts`.
    pub fn to_batch(rows: &[Self]) -> Result<RecordBatch> {
        batch_of("receipts", Self::columns(rows))
    }

    fn columns(rows: &[Self]) -> Vec<Column> {
        let mut columns = vec![
            text("episode_id", rows.iter().map(|row| row.episode)),
            small("revision", rows.iter().map(|row| row.revision)),
            text("receipt_hash", rows.iter().map(|row| row.receipt)),
            text("profile_name", rows.iter().map(|row| &row.profile_name)),
            text("profile_hash", rows.iter().map(|row| row.profile)),
            text("decision", rows.iter().map(|row| row.decision.name())),
        ];
        columns.extend(Dimension::ALL.map(|dimension| {
            let state = |row: &Self| {
                let state = row.dimensions.get(&dimension).filter(|state| **state != DimensionState::NotApplicable);
                state.copied().map(DimensionState::name)
            };
            texts(dimension.name(), rows.iter().map(state))
        }));
        columns.push(text("envelope", rows.iter().map(|row| &row.envelope)));
        columns.push(times("issued_ns", rows.iter().map(|row| row.issued)));
        columns
    }
}

impl SegmentRow {
    pub(crate) fn schema() -> SchemaRef {
        schema_of(&Self::columns(&[]))
    }

    /// The rows as columns of the table `segments`.
    pub fn to_batch(rows: &[Self]) -> Result<RecordBatch> {
        batch_of("segments", Self::columns(rows))
    }

    fn columns(rows: &[Self]) -> Vec<Column> {
        let segments = || rows.iter().map(|row| &row.segment);
        let recoverable = segments().map(|segment| segment.recoverable).collect::<BooleanArray>();
        vec![
            text("episode_id", rows.iter().map(|row| row.episode)),
            text("label", segments().map(|segment| segment.label.name())),
            text("name", segments().map(|segment| &segment.name)),
            times("start_ns", segments().map(|segment| Some(segment.span.start))),
            times("end_ns", segments().map(|segment| Some(segment.span.end))),
            texts("cause", segments().map(|segment| segment.cause.as_ref())),
            ("recoverable", true, Arc::new(recoverable)),
            texts("annotator", segments().map(|segment| segment.annotator.as_ref())),
        ]
    }
}
