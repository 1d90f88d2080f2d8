//! The messages of one MCAP topic as rows: fields as columns, fields of fields as `outer.inner`, and `log_time`.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use arrow::array::{ArrayRef, AsArray, StructArray};
use prairie_model::{
    Cell, MessageBatch, MessageEncoding, NoteKind, Payload, ReadEvent, ReadOptions, Row, Source, is_blob,
};
use serde_json::Value;

use super::json_lines::{DEPTH_MAX, flatten};
use super::parquet::Column;
use super::{COLUMNS_MAX, TableSummary, name_of};
use crate::mcap::Mcap;
use crate::{FormatError, Reader};

/// Name of the column that holds when a message was recorded.
const LOG_TIME: &str = "log_time";

pub(super) fn read(
    source: &dyn Source,
    file: usize,
    topic: &str,
    sink: &mut dyn FnMut(&Row<'_>),
) -> Result<TableSummary, FormatError> {
    let options = ReadOptions::default();
    let plan = Mcap.plan(source, &options)?;
    let channels: BTreeSet<u32> =
        plan.channels.iter().filter(|channel| channel.topic == topic).map(|channel| channel.id).collect();
    if channels.is_empty() {
        let mut topics: Vec<_> = plan.channels.iter().map(|channel| channel.topic.as_str()).collect();
        topics.sort_unstable();
        topics.dedup();
        topics.truncate(20);
        let why = format!("there is no topic `{topic}`, but {}", topics.join(", "));
        return Err(FormatError::Damaged { what: "the topic", file: name_of(source, file), offset: 0, why });
    }
    let options = ReadOptions { channels: Some(channels), ..options };
    let mut rows = Rows::default();
    let mut summary = TableSummary::default();
    let read = Mcap.read(source, &plan, &options, &mut |event| {
        match event {
            ReadEvent::Batch(batch) if batch.channel.topic == topic => rows.batch(&batch, &mut summary, sink),
            ReadEvent::Note(note) if matches!(note.kind, NoteKind::Truncated | NoteKind::Corrupt) => {
                summary.truncated = true;
            }
            _ => {}
        }
        ControlFlow::Continue(())
    })?;
    summary.truncated |= !read.complete;
    // Messages that do not fit their type are never handed over, but counted.
    summary.unreadable += read.channels.values().map(|tally| tally.undecodable).sum::<u64>();
    Ok(summary)
}

/// Rows on their way.
#[derive(Default)]
struct Rows {
    number: u64,
    generation: u64,
    names: Vec<String>,
    cells: Vec<Cell>,
}

impl Rows {
    fn batch(&mut self, batch: &MessageBatch, summary: &mut TableSummary, sink: &mut dyn FnMut(&Row<'_>)) {
        let Payload::Decoded(messages) = &batch.payload else {
            // Messages whose type nobody knows are rows that nobody can read.
            self.number += batch.len() as u64;
            summary.unreadable += batch.len() as u64;
            return;
        };
        // JSON without a usable schema comes as one column of text.
        let text = match (&batch.channel.encoding, messages.columns()) {
            (MessageEncoding::Json, [column]) => column.as_string_opt::<i32>(),
            _ => None,
        };
        let mut columns: Vec<(String, Column)> = Vec::new();
        if text.is_none() {
            columns_of("", messages, DEPTH_MAX, &mut columns);
        }
        for (row, log_time) in batch.log_time.iter().enumerate() {
            self.number += 1;
            let mut names = vec![LOG_TIME.to_owned()];
            self.cells.clear();
            self.cells.push(Cell::Time(*log_time));
            if let Some(text) = text {
                let Ok(Value::Object(object)) = serde_json::from_str(text.value(row)) else {
                    summary.unreadable += 1;
                    continue;
                };
                flatten("", &object, DEPTH_MAX, &mut |name, cell| {
                    if names.len() < COLUMNS_MAX {
                        names.push(name);
                        self.cells.push(cell);
                    }
                });
            } else {
                names.extend(columns.iter().map(|(name, _)| name.clone()));
                self.cells.extend(columns.iter().map(|(_, column)| column.cell(row)));
            }
            if names != self.names {
                self.names = names;
                self.generation += 1;
            }
            summary.rows += 1;
            let (names, cells) = (&self.names, &self.cells);
            sink(&Row { generation: self.generation, names, cells, number: self.number });
        }
    }
}

/// The columns of messages with their paths. Bytes that stay in the recording are no cells.
fn columns_of(prefix: &str, messages: &StructArray, depth: usize, columns: &mut Vec<(String, Column)>) {
    for (field, values) in messages.fields().iter().zip(messages.columns()) {
        let name = if prefix.is_empty() { field.name().clone() } else { format!("{prefix}.{}", field.name()) };
        let inner = values.as_struct_opt().filter(|_| depth > 0 && !is_blob(field));
        match inner {
            Some(inner) => columns_of(&name, inner, depth - 1, columns),
            None if columns.len() + 1 < COLUMNS_MAX => columns.push((name, Column::of(values as &ArrayRef))),
            None => {}
        }
    }
}
