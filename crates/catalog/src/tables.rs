//! The fact tables and their columns.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use prairie_model::StreamKind;

use crate::{EpisodeRow, FindingRow, ReceiptRow, SegmentRow, StreamRow, dataset, work};

/// Tables of facts that are not samples.
const FACTS: [&str; 18] = [
    "audit_draws",
    "confirmations",
    "counter_readings",
    "dataset_episodes",
    "episodes",
    "findings",
    "link_claims",
    "log_findings",
    "mode_spans",
    "receipts",
    "recorder_coverage",
    "segments",
    "shifts",
    "station_events",
    "station_presence",
    "streams",
    "unit_audits",
    "units",
];

/// Names of all tables that are made of Parquet files, sorted.
pub fn tables() -> Vec<&'static str> {
    let mut names: Vec<_> = StreamKind::ALL.into_iter().map(StreamKind::table).chain(FACTS).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The columns of a table that is made of Parquet files; `None` when there is no such table.
pub fn table_schema(table: &str) -> Option<SchemaRef> {
    Some(match table {
        "dataset_episodes" => dataset::episodes_schema(),
        "episodes" => EpisodeRow::schema(),
        "findings" => FindingRow::schema(),
        "receipts" => ReceiptRow::schema(),
        "segments" => SegmentRow::schema(),
        "streams" => StreamRow::schema(),
        table if work::schema(table).is_some() => return work::schema(table),
        table => sample_schema(StreamKind::ALL.into_iter().find(|kind| kind.table() == table)?),
    })
}

/// The columns of a kind's table: `episode_id`, `stream`, and those of the kind.
pub(crate) fn sample_schema(kind: StreamKind) -> SchemaRef {
    let keys = ["episode_id", "stream"].map(|name| Arc::new(Field::new(name, DataType::Utf8, false)));
    let fields: Vec<_> = keys.into_iter().chain(kind.fields().iter().cloned()).collect();
    Arc::new(Schema::new(fields))
}

/// How rows of the table leave the view: by the revision of their episode (true), or only with the episode (false).
/// `None` for a table that no episode's end concerns.
pub(crate) fn hidden_by_revision(table: &str) -> Option<bool> {
    match table {
        "dataset_episodes" => None,
        table if work::schema(table).is_some() => None,
        "episodes" | "findings" => Some(true),
        _ => Some(false),
    }
}

/// Whether the rows of the table name a station log.
pub(crate) fn is_of_log(table: &str) -> bool {
    work::schema(table).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_columns_and_an_episode_or_a_log() {
        for table in tables() {
            let schema = table_schema(table).unwrap();
            let of_log = work::schema(table).is_some();
            let owner = if of_log { "log_id" } else { "episode_id" };
            assert!(schema.field_with_name(owner).is_ok(), "{table}");
            assert_eq!(
                schema.field_with_name("revision").is_ok(),
                ["episodes", "findings", "receipts"].contains(&table)
            );
        }
        assert_eq!(table_schema("frames").unwrap(), sample_schema(StreamKind::Depth));
        assert!(table_schema("image").is_none(), "pictures are in `frames`");
    }
}
