//! The content hash of an episode: SHA-256 over its logical rows, whatever batches they came in and whatever files they went to.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{ArrowPrimitiveType, DataType, Float64Type, Int64Type, ToByteSlice, UInt32Type, UInt64Type};
use prairie_model::Hash256;
use sha2::{Digest, Sha256};

/// One column: its values, beside them which are null and how long each text and list is, and the elements of its lists.
#[derive(Default)]
struct ColumnHash {
    values: Sha256,
    shape: Sha256,
    elements: Option<Box<ColumnHash>>,
}

impl ColumnHash {
    fn finish(self, all: &mut Sha256) {
        all.update(self.values.finalize());
        all.update(self.shape.finalize());
        if let Some(elements) = self.elements {
            elements.finish(all);
        }
    }
}

/// Hashes the rows of one episode as they pass.
///
/// Each column of each stream has two hashes of its own, so that the result does not depend on where batches end. The content
/// hash is the hash of all of them, in the order of stream and column names.
#[derive(Default)]
pub(crate) struct ContentHasher {
    columns: BTreeMap<(String, String), ColumnHash>,
    rows: BTreeMap<String, u64>,
}

impl ContentHasher {
    /// Takes rows of `stream` in.
    pub(crate) fn update(&mut self, stream: &str, rows: &RecordBatch) {
        *self.rows.entry(stream.to_owned()).or_default() += rows.num_rows() as u64;
        let schema = rows.schema();
        for (field, column) in schema.fields().iter().zip(rows.columns()) {
            let hash = self.columns.entry((stream.to_owned(), field.name().clone())).or_default();
            hash_column(hash, column);
        }
    }

    /// The content hash.
    pub(crate) fn finish(self) -> Hash256 {
        let mut all = Sha256::new();
        all.update(b"prairie/content/1\n");
        for (stream, rows) in &self.rows {
            all.update(format!("{}:{stream}:{rows}\n", stream.len()));
        }
        for ((stream, column), hash) in self.columns {
            all.update(format!("{}:{stream}:{column}\n", stream.len()));
            hash.finish(&mut all);
        }
        Hash256::from_bytes(all.finalize().into())
    }
}

fn hash_column(hash: &mut ColumnHash, column: &ArrayRef) {
    match column.data_type() {
        // A row of texts and lists adds its length, so that neighbours cannot trade elements.
        DataType::Utf8 => {
            let texts = column.as_string::<i32>();
            hash_lengths(hash, texts.value_offsets(), column.nulls());
            for (first, end) in valid_runs(column) {
                let (from, to) = reach(texts.value_offsets(), first, end);
                hash.values.update(&texts.value_data()[from..to]);
            }
            return;
        }
        DataType::List(_) => {
            let lists = column.as_list::<i32>();
            hash_lengths(hash, lists.value_offsets(), column.nulls());
            let elements = hash.elements.get_or_insert_default();
            for (first, end) in valid_runs(column) {
                let (from, to) = reach(lists.value_offsets(), first, end);
                hash_column(elements, &lists.values().slice(from, to - from));
            }
            return;
        }
        _ => match column.nulls() {
            // A byte per row: 0 is null.
            Some(nulls) => hash.shape.update(nulls.iter().map(u8::from).collect::<Vec<_>>()),
            None => hash.shape.update(vec![1; column.len()]),
        },
    }
    match column.data_type() {
        DataType::Int64 => hash_numbers::<Int64Type>(hash, column),
        DataType::UInt64 => hash_numbers::<UInt64Type>(hash, column),
        DataType::UInt32 => hash_numbers::<UInt32Type>(hash, column),
        DataType::Float64 => hash_numbers::<Float64Type>(hash, column),
        DataType::Boolean => {
            let values = column.as_boolean().values();
            for (first, end) in valid_runs(column) {
                hash.values.update(values.slice(first, end - first).iter().map(u8::from).collect::<Vec<_>>());
            }
        }
        // OK because StreamKind::fields has no other type; a test walks all kinds.
        other => unreachable!("a stream column of type {other}"),
    }
}

/// The rows from … to … that are not null. A null may cover texts and elements, which are no part of the content.
fn valid_runs(column: &ArrayRef) -> Vec<(usize, usize)> {
    match column.nulls() {
        Some(nulls) => nulls.valid_slices().collect(),
        None => vec![(0, column.len())],
    }
}

/// Where the bytes or elements of the rows `first..end` lie.
fn reach(offsets: &[i32], first: usize, end: usize) -> (usize, usize) {
    // OK to index and to cast: there is one more offset than rows, and none is negative.
    (offsets[first] as usize, offsets[end] as usize)
}

/// Feeds one word per row: 0 for null, else one more than the length.
fn hash_lengths(hash: &mut ColumnHash, offsets: &[i32], nulls: Option<&NullBuffer>) {
    let mut words = Vec::with_capacity(offsets.len() * 4);
    for (at, pair) in offsets.windows(2).enumerate() {
        // OK to cast: lengths in arrow are not negative.
        let word = if nulls.is_none_or(|nulls| nulls.is_valid(at)) { (pair[1] - pair[0]) as u32 + 1 } else { 0 };
        words.extend_from_slice(&word.to_le_bytes());
    }
    hash.shape.update(words);
}

/// Feeds the numbers that are not null, lowest byte first.
fn hash_numbers<T: ArrowPrimitiveType>(hash: &mut ColumnHash, column: &ArrayRef) {
    // The bytes are hashed as they lie in memory, so that machines which put the highest byte first would disagree.
    const { assert!(cfg!(target_endian = "little"), "content hashes are of little-endian numbers") };
    let values = column.as_primitive::<T>().values();
    for (first, end) in valid_runs(column) {
        hash.values.update(values[first..end].to_byte_slice());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Float64Array, Int64Array, ListArray, new_null_array};
    use arrow::datatypes::{Float64Type, Schema};
    use prairie_model::StreamKind;

    use super::*;

    fn joints(from: usize, to: usize, all: &[Option<Vec<Option<f64>>>]) -> RecordBatch {
        let times: ArrayRef = Arc::new(Int64Array::from_iter_values(from as i64..to as i64));
        let position: ArrayRef =
            Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(all[from..to].iter().cloned()));
        let schema = Arc::new(Schema::new(StreamKind::JointState.fields()));
        let empty = new_null_array(schema.field(4).data_type(), to - from);
        RecordBatch::try_new(schema, vec![times.clone(), times.clone(), times, position, empty.clone(), empty]).unwrap()
    }

    fn hash(batches: &[RecordBatch]) -> Hash256 {
        let mut hasher = ContentHasher::default();
        for batch in batches {
            hasher.update("/joint_states", batch);
        }
        hasher.finish()
    }

    #[test]
    fn batches_may_end_anywhere() {
        let rows = [Some(vec![Some(1.0), None]), None, Some(vec![]), Some(vec![Some(4.0), Some(5.0)])];
        let whole = hash(&[joints(0, 4, &rows)]);
        assert_eq!(whole, hash(&[joints(0, 1, &rows), joints(1, 4, &rows)]));
        assert_eq!(whole, hash(&[joints(0, 3, &rows), joints(3, 4, &rows)]));
        let other = [Some(vec![Some(1.0)]), None, Some(vec![None]), Some(vec![Some(4.0), Some(5.0)])];
        assert_ne!(whole, hash(&[joints(0, 4, &other)]), "lists that trade an element differ");
    }

    #[test]
    fn every_kind_can_be_hashed() {
        for kind in StreamKind::ALL {
            let schema = Arc::new(Schema::new(kind.fields()));
            let mut hasher = ContentHasher::default();
            hasher.update("s", &RecordBatch::new_empty(schema));
            hasher.finish();
        }
    }

    #[test]
    fn a_null_is_not_a_zero() {
        let column = |value: Option<f64>| {
            let schema = Arc::new(Schema::new(vec![arrow::datatypes::Field::new("v", DataType::Float64, true)]));
            let column: ArrayRef = Arc::new(Float64Array::from(vec![value, Some(1.0)]));
            hash(&[RecordBatch::try_new(schema, vec![column]).unwrap()])
        };
        assert_ne!(column(None), column(Some(0.0)));
    }
}
