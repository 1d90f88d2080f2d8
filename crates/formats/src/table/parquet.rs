//! Parquet: columns of numbers, texts, truths and times; others as their text.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampNanosecondType};
use prairie_model::{Cell, Row, Source};

use super::{COLUMNS_MAX, TableSummary, text_cell};
use crate::FormatError;
use crate::lerobot::table::Table;

pub(super) fn read(
    source: &dyn Source,
    file: usize,
    sink: &mut dyn FnMut(&Row<'_>) -> ControlFlow<()>,
) -> Result<TableSummary, FormatError> {
    let table = Table::open(source, file)?;
    let names: Vec<String> = table.fields().iter().map(|field| field.name().clone()).collect();
    if names.len() > COLUMNS_MAX {
        let why = format!("{} columns, and {COLUMNS_MAX} are allowed", names.len());
        return Err(FormatError::Damaged { what: "the columns", file: table.path().to_owned(), offset: 0, why });
    }
    let mut summary = TableSummary::default();
    let mut cells = Vec::with_capacity(names.len());
    let mut number = 0;
    for group in 0..table.groups() {
        for batch in table.batches(group, |_| true)? {
            let Ok(batch) = batch else {
                summary.truncated = true;
                return Ok(summary);
            };
            let columns: Vec<Column> = batch.columns().iter().map(Column::of).collect();
            for row in 0..batch.num_rows() {
                number += 1;
                cells.clear();
                cells.extend(columns.iter().map(|column| column.cell(row)));
                summary.rows += 1;
                if sink(&Row { generation: 1, names: &names, cells: &cells, number }).is_break() {
                    return Ok(summary);
                }
            }
        }
    }
    summary.truncated = number < table.rows();
    Ok(summary)
}

/// A column in the form that its cells are taken from.
pub(super) enum Column {
    Bool(ArrayRef),
    Int(ArrayRef),
    Float(ArrayRef),
    Time(ArrayRef),
    Text(ArrayRef),
    /// Of a type that has no text.
    Other,
}

impl Column {
    pub(super) fn of(column: &ArrayRef) -> Self {
        let to = |kind: &DataType| cast(column, kind).ok();
        let nanos = DataType::Timestamp(TimeUnit::Nanosecond, None);
        match column.data_type() {
            DataType::Boolean => Some(Self::Bool(Arc::clone(column))),
            // 64 bits without a sign may not fit; what does not becomes null, and is told as missing.
            kind if kind.is_integer() => to(&DataType::Int64).map(Self::Int),
            kind if kind.is_floating() || matches!(kind, DataType::Decimal128(..) | DataType::Decimal256(..)) => {
                to(&DataType::Float64).map(Self::Float)
            }
            DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => to(&nanos).map(Self::Time),
            _ => to(&DataType::Utf8).map(Self::Text),
        }
        .unwrap_or(Self::Other)
    }

    pub(super) fn cell(&self, row: usize) -> Cell {
        match self {
            Self::Bool(column) if column.is_valid(row) => Cell::Bool(column.as_boolean().value(row)),
            Self::Int(column) if column.is_valid(row) => Cell::Int(column.as_primitive::<Int64Type>().value(row)),
            Self::Float(column) if column.is_valid(row) => Cell::Float(column.as_primitive::<Float64Type>().value(row)),
            Self::Time(column) if column.is_valid(row) => {
                Cell::Time(column.as_primitive::<TimestampNanosecondType>().value(row))
            }
            Self::Text(column) if column.is_valid(row) => text_cell(column.as_string::<i32>().value(row)),
            _ => Cell::Null,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Float64Array, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
    use prairie_model::MemorySource;

    #[test]
    fn numbers_times_and_texts_are_told_apart() {
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("id", Arc::new(Int64Array::from(vec![Some(1), None]))),
            ("at", Arc::new(TimestampMillisecondArray::from(vec![1_500, 2_500]))),
            ("lux", Arc::new(Float64Array::from(vec![Some(310.5), None]))),
            ("result", Arc::new(StringArray::from(vec!["OK", " "]))),
        ];
        let batch = RecordBatch::try_from_iter(columns).expect("columns of one length");
        let mut bytes = Vec::new();
        let mut writer = ::parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).expect("a writer");
        writer.write(&batch).expect("rows");
        writer.close().expect("a footer");
        let source = MemorySource::new([("log.parquet".to_owned(), bytes)]);
        let mut rows = Vec::new();
        let summary = read(&source, 0, &mut |row| {
            rows.push(row.cells.to_vec());
            ControlFlow::Continue(())
        })
        .expect("a table");
        assert_eq!(summary, TableSummary { rows: 2, unreadable: 0, truncated: false });
        let first = vec![Cell::Int(1), Cell::Time(1_500_000_000), Cell::Float(310.5), Cell::Text("OK".to_owned())];
        let second = vec![Cell::Null, Cell::Time(2_500_000_000), Cell::Null, Cell::Null];
        assert_eq!(rows, [first, second]);
    }
}
