//! Messages for tests, written as JSON, and episodes rendered as text.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, ListArray, StringArray, StructArray,
    TimestampNanosecondArray, UInt8Array, new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type};
use prairie_model::{
    BlobColumns, BlobRef, Channel, Compression, EpisodeDraft, MessageBatch, MessageEncoding, Payload, ReadEvent,
    ReadSummary, RecordingPlan, StreamBatch, blob_field,
};
use serde_json::Value;

use crate::{Mapping, Overrides, RecordingTally, Segmentation, Standard, Standardizer};

/// Messages as columns. `{"$t": ns}` is a time, `{"$b": length}` a blob, `{"$u": [..]}` bytes as values.
pub(crate) fn rows(messages: &Value) -> StructArray {
    let messages = messages.as_array().unwrap();
    if messages.is_empty() {
        return StructArray::new_empty_fields(0, None);
    }
    column("", &messages.iter().collect::<Vec<_>>()).1.as_struct().clone()
}

fn column(name: &str, values: &[&Value]) -> (Field, ArrayRef) {
    let plain = |array: ArrayRef| (Field::new(name, array.data_type().clone(), true), array);
    let first = values.iter().find(|value| !value.is_null());
    match first {
        None => plain(new_null_array(&DataType::Float64, values.len())),
        Some(Value::Bool(_)) => plain(Arc::new(values.iter().map(|v| v.as_bool()).collect::<BooleanArray>())),
        Some(Value::Number(_)) if values.iter().all(|v| v.is_null() || v.is_i64()) => {
            plain(Arc::new(values.iter().map(|v| v.as_i64()).collect::<Int64Array>()))
        }
        Some(Value::Number(_)) => plain(Arc::new(values.iter().map(|v| v.as_f64()).collect::<Float64Array>())),
        Some(Value::String(_)) => plain(Arc::new(values.iter().map(|v| v.as_str()).collect::<StringArray>())),
        Some(Value::Array(_)) => {
            let lengths = values.iter().map(|v| v.as_array().map_or(0, Vec::len));
            let items: Vec<&Value> = values.iter().flat_map(|v| v.as_array().into_iter().flatten()).collect();
            let (field, items) = column("item", &items);
            let nulls = NullBuffer::from_iter(values.iter().map(|v| !v.is_null()));
            plain(Arc::new(ListArray::new(Arc::new(field), OffsetBuffer::from_lengths(lengths), items, Some(nulls))))
        }
        Some(Value::Object(object)) if object.contains_key("$t") => {
            let times = values.iter().map(|v| v["$t"].as_i64());
            plain(Arc::new(times.collect::<TimestampNanosecondArray>()))
        }
        Some(Value::Object(object)) if object.contains_key("$u") => {
            let bytes = |v: &&Value| v["$u"].as_array().unwrap().iter().map(|b| b.as_i64().unwrap() as u8).collect();
            let lists: Vec<Vec<u8>> = values.iter().map(bytes).collect();
            let offsets = OffsetBuffer::from_lengths(lists.iter().map(Vec::len));
            let item = Arc::new(Field::new("item", DataType::UInt8, true));
            plain(Arc::new(ListArray::new(item, offsets, Arc::new(UInt8Array::from(lists.concat())), None)))
        }
        Some(Value::Object(object)) if object.contains_key("$b") => {
            let mut blobs = BlobColumns::default();
            for (row, value) in values.iter().enumerate() {
                let length = value["$b"].as_u64().unwrap_or(0);
                blobs.push(BlobRef {
                    file: 0,
                    chunk_offset: 1000,
                    chunk_length: 500,
                    compression: Compression::Zstd,
                    inner_offset: row as u64 * 100,
                    length,
                    key_frame: None,
                    sha256: None,
                });
            }
            (blob_field(name), Arc::new(blobs.finish()))
        }
        Some(Value::Object(object)) => {
            let nothing = Value::Null;
            let columns: Vec<(Arc<Field>, ArrayRef)> = object
                .keys()
                .map(|key| {
                    let values: Vec<&Value> = values.iter().map(|v| v.get(key).unwrap_or(&nothing)).collect();
                    let (field, array) = column(key, &values);
                    (Arc::new(field), array)
                })
                .collect();
            let (fields, arrays): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
            let nulls = NullBuffer::from_iter(values.iter().map(|v| !v.is_null()));
            plain(Arc::new(StructArray::try_new(fields.into(), arrays, Some(nulls)).unwrap()))
        }
        Some(Value::Null) => unreachable!("nulls were left out"),
    }
}

/// A channel for such messages.
pub(crate) fn channel(id: u32, topic: &str, schema: &str, rows: &StructArray) -> Channel {
    Channel {
        id,
        topic: topic.to_owned(),
        schema_name: schema.to_owned(),
        encoding: MessageEncoding::Cdr,
        fields: Some(rows.fields().clone()),
        undecodable: None,
        picture: None,
        names: Vec::new(),
        shape: Vec::new(),
        rate_hz: None,
        metadata: Default::default(),
        claimed_messages: None,
    }
}

/// A batch of messages that were recorded at `log_time`.
pub(crate) fn batch(channel: &Arc<Channel>, log_time: Vec<i64>, rows: StructArray) -> MessageBatch {
    let payload = Payload::Decoded(rows);
    MessageBatch { channel: channel.clone(), episode: None, log_time, publish_time: Vec::new(), payload }
}

/// What came of a recording.
#[derive(Debug, Default)]
pub(crate) struct Result {
    pub(crate) batches: Vec<StreamBatch>,
    pub(crate) drafts: Vec<EpisodeDraft>,
    pub(crate) recording: RecordingTally,
}

/// Standardizes a recording of these batches.
pub(crate) fn run(batches: Vec<MessageBatch>, mapping: &str, overrides: Overrides) -> Result {
    let mapping = Mapping::parse(mapping).unwrap();
    let mut plan = RecordingPlan::default();
    for batch in &batches {
        if plan.channels.iter().all(|channel| channel.id != batch.channel.id) {
            plan.channels.push(batch.channel.clone());
        }
    }
    let marks = crate::marker_channels(&plan, &mapping);
    let marked: Vec<_> = batches.iter().filter(|batch| marks.contains(&batch.channel.id)).cloned().collect();
    let (segmentation, mut notes) = match marks.is_empty() {
        true => (Segmentation::whole(), Vec::new()),
        false => Segmentation::from_markers(&marked, &mapping),
    };
    let mut summary = ReadSummary::default();
    for batch in &batches {
        summary.count(batch.channel.id, batch.len() as u64, None);
    }
    let events = batches.into_iter().map(ReadEvent::Batch).collect();
    let mut result = run_events(&plan, events, mapping, overrides, segmentation, &summary);
    notes.append(&mut result.recording.notes);
    result.recording.notes = notes;
    result
}

/// Standardizes these events.
pub(crate) fn run_events(
    plan: &RecordingPlan,
    events: Vec<ReadEvent>,
    mapping: Mapping,
    overrides: Overrides,
    segmentation: Segmentation,
    summary: &ReadSummary,
) -> Result {
    let mut result = Result::default();
    let mut standardizer = Standardizer::new(plan, mapping, overrides, segmentation);
    let (batches, drafts) = (&mut result.batches, &mut result.drafts);
    let mut out = |standard| match standard {
        Standard::Batch(batch) => batches.push(batch),
        Standard::EpisodeEnd(draft) => drafts.push(*draft),
    };
    for event in events {
        standardizer.push(event, &mut out).unwrap();
    }
    result.recording = standardizer.finish(summary, &mut out).unwrap();
    result
}

/// Messages of one channel, one every 10 ms from the time `1000 s`, rendered.
pub(crate) fn lens(schema: &str, topic: &str, messages: Value) -> String {
    lens_with(schema, topic, messages, "")
}

/// The same with a mapping.
pub(crate) fn lens_with(schema: &str, topic: &str, messages: Value, mapping: &str) -> String {
    let rows = rows(&messages);
    let channel = Arc::new(channel(1, topic, schema, &rows));
    let log_time = (0..rows.len() as i64).map(|row| 1_000_000_000_000 + row * 10_000_000).collect();
    render(&run(vec![batch(&channel, log_time, rows)], mapping, Overrides::default()))
}

/// A feature of a table, rendered.
pub(crate) fn feature(topic: &str, values: Value, change: impl Fn(&mut Channel)) -> String {
    let messages: Vec<Value> =
        values.as_array().unwrap().iter().map(|value| serde_json::json!({ "value": value })).collect();
    let rows = rows(&Value::Array(messages));
    let mut channel = channel(1, topic, "lerobot.feature", &rows);
    channel.encoding = MessageEncoding::Table;
    change(&mut channel);
    let log_time = (0..rows.len() as i64).map(|row| row * 100_000_000).collect();
    render(&run(vec![batch(&Arc::new(channel), log_time, rows)], "", Overrides::default()))
}

/// One line per stream, one per sample (times relative to 1000 s in ms), and the counts.
pub(crate) fn render(result: &Result) -> String {
    let mut text = String::new();
    for draft in &result.drafts {
        for (index, stream) in draft.streams.iter().enumerate() {
            let kind = stream.kind.unwrap().name();
            write!(text, "{} {kind}", stream.name).unwrap();
            for (fact, value) in [
                ("unit", &stream.unit),
                ("frame", &stream.frame),
                ("child", &stream.child_frame),
                ("as", &stream.representation),
            ] {
                if let Some(value) = value {
                    write!(text, " {fact}={value}").unwrap();
                }
            }
            if !stream.names.is_empty() {
                write!(text, " names={}", stream.names.join(",")).unwrap();
            }
            if !stream.shape.is_empty() {
                write!(text, " shape={:?}", stream.shape).unwrap();
            }
            text.push('\n');
            let samples = result.batches.iter();
            let episode = draft.episode.ordinal;
            for batch in samples.filter(|batch| batch.episode == episode && batch.index as usize == index) {
                assert_eq!(batch.samples.schema().fields(), &stream.kind.unwrap().fields());
                render_batch(&mut text, batch);
            }
        }
        let tally = draft.tally;
        writeln!(text, "{} = {} + {} + {}", tally.messages, tally.mapped, tally.unmapped, tally.undecodable).unwrap();
    }
    text
}

fn render_batch(text: &mut String, batch: &StreamBatch) {
    for row in 0..batch.len() {
        let time = (batch.t_ns()[row] - 1_000_000_000_000) as f64 / 1e6;
        let mut line = match batch.log_time_ns().unwrap().is_null(row) {
            true => format!("  row {}", batch.t_ns()[row] / 1_000_000),
            false => format!("  {time}"),
        };
        let skip = ["t_ns", "log_time_ns", "header_time_ns", "file", "chunk_offset", "chunk_length", "compression"];
        for (field, column) in batch.samples.schema().fields().iter().zip(batch.samples.columns()) {
            if skip.contains(&field.name().as_str()) || column.is_null(row) {
                continue;
            }
            write!(line, " {}={}", field.name(), cell(column, row)).unwrap();
        }
        text.push_str(&line);
        text.push('\n');
    }
}

fn cell(column: &ArrayRef, row: usize) -> String {
    match column.data_type() {
        DataType::Utf8 => format!("{:?}", column.as_string::<i32>().value(row)),
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Float64 => number(column.as_primitive::<Float64Type>().value(row)),
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(row);
            let items = items.as_primitive::<Float64Type>();
            let cells: Vec<_> = items.iter().map(|item| item.map_or("null".to_owned(), number)).collect();
            format!("[{}]", cells.join(","))
        }
        _ => {
            let whole = arrow::compute::cast(column, &DataType::Int64).unwrap();
            whole.as_primitive::<Int64Type>().value(row).to_string()
        }
    }
}

fn number(value: f64) -> String {
    format!("{}", (value * 1e6).round() / 1e6)
}
