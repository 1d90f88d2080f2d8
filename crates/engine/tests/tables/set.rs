//! Tables as rows of JSON, and as Parquet.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::Float64Builder;
use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Float32Array, Float64Array, Int64Array, ListBuilder, RecordBatch, StringArray,
    StringBuilder, UInt32Array, UInt64Array, UInt64Builder,
};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use prairie_catalog::table_schema;
use prairie_model::StreamKind;
use serde_json::Value;

/// What a file holds that is no Parquet.
pub(crate) const GARBAGE: &[u8] = b"PAR1 and nothing that follows from it";

/// One table under construction. A field that a row does not have is null.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) fields: Vec<Field>,
    pub(crate) rows: Vec<Value>,
    /// Whether the file holds [`GARBAGE`] instead.
    pub(crate) is_garbage: bool,
}

impl Table {
    /// A table with the columns that the pages ask for. All may be null, so that bad ones can be.
    pub(crate) fn new(name: &str, rows: Vec<Value>) -> Self {
        let schema = table_schema(name).unwrap();
        let fields = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
        Self { fields, rows, is_garbage: false }
    }

    pub(crate) fn to_batch(&self) -> RecordBatch {
        let columns = self.fields.iter().map(|field| self.column(field)).collect();
        RecordBatch::try_new(Arc::new(Schema::new(self.fields.clone())), columns).unwrap()
    }

    fn column(&self, field: &Field) -> ArrayRef {
        let cells = || self.rows.iter().map(|row| row.get(field.name()).filter(|cell| !cell.is_null()));
        let lists = || cells().map(|cell| cell.map(|cell| cell.as_array().unwrap().iter()));
        let float = |cell: &Value| cell.as_f64().unwrap();
        match field.data_type() {
            DataType::Utf8 => {
                Arc::new(cells().map(|cell| cell.map(|cell| cell.as_str().unwrap())).collect::<StringArray>())
            }
            DataType::Boolean => {
                Arc::new(cells().map(|cell| cell.map(|cell| cell.as_bool().unwrap())).collect::<BooleanArray>())
            }
            DataType::Int64 => {
                Arc::new(cells().map(|cell| cell.map(|cell| cell.as_i64().unwrap())).collect::<Int64Array>())
            }
            DataType::UInt64 => {
                Arc::new(cells().map(|cell| cell.map(|cell| cell.as_u64().unwrap())).collect::<UInt64Array>())
            }
            DataType::UInt32 => {
                let small = |cell: &Value| u32::try_from(cell.as_u64().unwrap()).unwrap();
                Arc::new(cells().map(|cell| cell.map(small)).collect::<UInt32Array>())
            }
            DataType::Float64 => Arc::new(cells().map(|cell| cell.map(float)).collect::<Float64Array>()),
            DataType::Float32 => {
                Arc::new(cells().map(|cell| cell.map(|cell| float(cell) as f32)).collect::<Float32Array>())
            }
            // A number stands for as many zeros.
            DataType::Binary => {
                let zeros = |cell: &Value| vec![0_u8; usize::try_from(cell.as_u64().unwrap()).unwrap()];
                let bytes: Vec<_> = cells().map(|cell| cell.map(zeros)).collect();
                Arc::new(bytes.iter().map(Option::as_deref).collect::<BinaryArray>())
            }
            DataType::List(item) => match item.data_type() {
                DataType::Utf8 => {
                    let mut list = ListBuilder::new(StringBuilder::new());
                    lists().for_each(|row| list.append_option(row.map(|row| row.map(Value::as_str))));
                    Arc::new(list.finish())
                }
                DataType::UInt64 => {
                    let mut list = ListBuilder::new(UInt64Builder::new());
                    lists().for_each(|row| list.append_option(row.map(|row| row.map(Value::as_u64))));
                    Arc::new(list.finish())
                }
                _ => {
                    let mut list = ListBuilder::new(Float64Builder::new());
                    lists().for_each(|row| list.append_option(row.map(|row| row.map(Value::as_f64))));
                    Arc::new(list.finish())
                }
            },
            other => panic!("no column of {other}"),
        }
    }

    /// The file, without what a file of a few rows can do without.
    pub(crate) fn to_parquet(&self) -> Vec<u8> {
        if self.is_garbage {
            return GARBAGE.to_vec();
        }
        let properties = WriterProperties::builder()
            .set_created_by("prairie conformance".to_owned())
            .set_dictionary_enabled(false)
            .set_statistics_enabled(EnabledStatistics::None)
            .set_offset_index_disabled(true)
            .build();
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let batch = self.to_batch();
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new_with_options(&mut bytes, batch.schema(), options).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        bytes
    }
}

/// Tables by name.
#[derive(Debug, Clone)]
pub(crate) struct Set {
    pub(crate) tables: BTreeMap<String, Table>,
}

impl Set {
    /// Only these tables; where `streams` is among them, only the streams whose tables are.
    pub(crate) fn only(mut self, names: &[&str]) -> Self {
        self.tables.retain(|name, _| names.contains(&name.as_str()));
        let kinds: Vec<_> = StreamKind::ALL.into_iter().filter(|kind| names.contains(&kind.table())).collect();
        if let Some(streams) = self.tables.get_mut("streams").filter(|_| !kinds.is_empty()) {
            streams.rows.retain(|row| kinds.iter().any(|kind| row["kind"] == kind.name()));
        }
        self
    }

    /// Only the first rows of a table.
    pub(crate) fn first(mut self, table: &str, rows: usize) -> Self {
        self.rows(table).truncate(rows);
        self
    }

    /// The rows of a table.
    pub(crate) fn rows(&mut self, table: &str) -> &mut Vec<Value> {
        &mut self.tables.get_mut(table).unwrap().rows
    }

    /// Another value in a cell.
    pub(crate) fn put(mut self, table: &str, row: usize, column: &str, value: impl Into<Value>) -> Self {
        self.rows(table)[row][column] = value.into();
        self
    }

    /// Another number in a cell: as much more.
    pub(crate) fn add(self, table: &str, row: usize, column: &str, more: i64) -> Self {
        let now = self.tables[table].rows[row][column].as_i64().unwrap();
        self.put(table, row, column, now + more)
    }

    /// The same row once more.
    pub(crate) fn again(mut self, table: &str, row: usize) -> Self {
        let copy = self.rows(table)[row].clone();
        self.rows(table).push(copy);
        self
    }
}
