//! Cells of query results as values, whatever width the columns have.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, UInt64Type};

use crate::error::EngineError;

/// One batch of a query, its columns cast to the widest type of their family.
pub(crate) struct Cells {
    columns: Vec<(String, ArrayRef)>,
    rows: usize,
}

impl Cells {
    /// The cells of a batch.
    pub(crate) fn of(batch: &RecordBatch) -> Result<Self, EngineError> {
        let mut columns = Vec::new();
        for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
            let widest = match field.data_type() {
                DataType::Utf8View | DataType::LargeUtf8 | DataType::Dictionary(_, _) => DataType::Utf8,
                DataType::UInt64 => DataType::UInt64,
                kind if kind.is_integer() => DataType::Int64,
                kind if kind.is_floating() => DataType::Float64,
                kind => kind.clone(),
            };
            let column = cast(column, &widest).map_err(|error| EngineError::Bug(error.to_string()))?;
            columns.push((field.name().clone(), column));
        }
        Ok(Self { columns, rows: batch.num_rows() })
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    fn column(&self, name: &str, row: usize) -> Option<&ArrayRef> {
        self.array(name).filter(|column| column.is_valid(row))
    }

    /// A column as it was cast; `None` where there is none of that name.
    pub(crate) fn array(&self, name: &str) -> Option<&ArrayRef> {
        self.columns.iter().find(|(known, _)| known == name).map(|(_, column)| column)
    }

    /// A text.
    pub(crate) fn text(&self, name: &str, row: usize) -> Option<String> {
        Some(self.column(name, row)?.as_string_opt::<i32>()?.value(row).to_owned())
    }

    /// An integer.
    pub(crate) fn integer(&self, name: &str, row: usize) -> Option<i64> {
        let column = self.column(name, row)?;
        match column.data_type() {
            DataType::UInt64 => i64::try_from(column.as_primitive::<UInt64Type>().value(row)).ok(),
            _ => Some(column.as_primitive_opt::<Int64Type>()?.value(row)),
        }
    }

    /// A count.
    pub(crate) fn count(&self, name: &str, row: usize) -> Option<u64> {
        self.integer(name, row).and_then(|value| u64::try_from(value).ok())
    }

    /// A float.
    pub(crate) fn float(&self, name: &str, row: usize) -> Option<f64> {
        Some(self.column(name, row)?.as_primitive_opt::<Float64Type>()?.value(row))
    }

    /// A truth value.
    pub(crate) fn truth(&self, name: &str, row: usize) -> Option<bool> {
        Some(self.column(name, row)?.as_boolean_opt()?.value(row))
    }

    /// A list of texts; empty where it is null.
    pub(crate) fn texts(&self, name: &str, row: usize) -> Vec<String> {
        let list = || {
            let values = self.column(name, row)?.as_list_opt::<i32>()?.value(row);
            let values = cast(&values, &DataType::Utf8).ok()?;
            Some(values.as_string_opt::<i32>()?.iter().map(|text| text.unwrap_or_default().to_owned()).collect())
        };
        list().unwrap_or_default()
    }

    /// A list of counts; empty where it is null.
    pub(crate) fn counts(&self, name: &str, row: usize) -> Vec<u64> {
        let list = || {
            let values = self.column(name, row)?.as_list_opt::<i32>()?.value(row);
            let values = cast(&values, &DataType::UInt64).ok()?;
            Some(values.as_primitive_opt::<UInt64Type>()?.values().to_vec())
        };
        list().unwrap_or_default()
    }

    /// Bytes; empty where they are null.
    pub(crate) fn bytes(&self, name: &str, row: usize) -> Vec<u8> {
        let value = || {
            let column = cast(self.column(name, row)?, &DataType::Binary).ok()?;
            Some(column.as_binary_opt::<i32>()?.value(row).to_vec())
        };
        value().unwrap_or_default()
    }
}

/// A text as an SQL literal.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
