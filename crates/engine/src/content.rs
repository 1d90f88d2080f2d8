//! The content hash of an episode: SHA-256 over its logical rows, whatever batches they came in and whatever files they went to.
//!
//! Frames count by the hashes of their bytes, which readers take as the bytes pass by, and not by where they lie: a recording
//! that was written anew with other chunks or another compression holds the same episodes.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{ArrowPrimitiveType, DataType, Float64Type, Int64Type, ToByteSlice, UInt32Type, UInt64Type};
use prairie_model::{Hash256, PLACE_FIELDS, StreamKind, TIME_FIELDS};
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
    /// The first value of each column, until something is seen to change.
    first: BTreeMap<(String, String), ArrayRef>,
    varies: bool,
}

impl ContentHasher {
    /// Takes rows of `stream` in.
    pub(crate) fn update(&mut self, stream: &str, kind: Option<StreamKind>, rows: &RecordBatch) {
        *self.rows.entry(stream.to_owned()).or_default() += rows.num_rows() as u64;
        let schema = rows.schema();
        let is_frames = kind.is_some_and(StreamKind::is_frames);
        for (field, column) in schema.fields().iter().zip(rows.columns()) {
            if is_frames && PLACE_FIELDS.contains(&field.name().as_str()) {
                continue;
            }
            let hash = self.columns.entry((stream.to_owned(), field.name().clone())).or_default();
            hash_column(hash, column);
            if !self.varies && !TIME_FIELDS.contains(&field.name().as_str()) {
                self.compare(stream, field.name(), column);
            }
        }
    }

    /// Looks whether a column holds anything but its first value.
    fn compare(&mut self, stream: &str, name: &str, column: &ArrayRef) {
        if column.is_empty() {
            return;
        }
        let key = (stream.to_owned(), name.to_owned());
        let first = self.first.entry(key).or_insert_with(|| column.slice(0, 1));
        let rest = column.len() - 1;
        self.varies = **first != *column.slice(0, 1) || column.slice(0, rest) != column.slice(1, rest);
        if self.varies {
            self.first.clear();
        }
    }

    /// Whether anything but the time changes. Episodes in which nothing does may be the same without being copies: a robot at
    /// rest, a camera that gives black pictures.
    pub(crate) fn varies(&self) -> bool {
        self.varies
    }

    /// The content hash.
    pub(crate) fn finish(self) -> Hash256 {
        let mut all = Sha256::new();
        all.update(b"prairie/content/2\n");
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
        DataType::Binary => {
            let values = column.as_binary::<i32>();
            hash_lengths(hash, values.value_offsets(), column.nulls());
            for (first, end) in valid_runs(column) {
                let (from, to) = reach(values.value_offsets(), first, end);
                hash.values.update(&values.value_data()[from..to]);
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

    use arrow::array::{
        BinaryArray, Float64Array, Int64Array, ListArray, StringArray, UInt32Array, UInt64Array, new_null_array,
    };
    use arrow::datatypes::{Float64Type, Schema};

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
            hasher.update("/joint_states", None, batch);
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
            hasher.update("s", Some(kind), &RecordBatch::new_empty(schema));
            hasher.finish();
        }
    }

    #[test]
    fn what_stays_as_it_is_does_not_vary() {
        let varies = |batches: &[RecordBatch]| {
            let mut hasher = ContentHasher::default();
            batches.iter().for_each(|batch| hasher.update("/joint_states", None, batch));
            hasher.varies()
        };
        let rest = vec![Some(vec![Some(1.0), None]); 4];
        assert!(
            !varies(&[joints(0, 4, &rest)]) && !varies(&[joints(0, 1, &rest), joints(1, 4, &rest)]) && !varies(&[])
        );
        let mut moves = rest.clone();
        moves[3] = Some(vec![Some(1.0), Some(0.0)]);
        assert!(varies(&[joints(0, 4, &moves)]) && varies(&[joints(0, 3, &moves), joints(3, 4, &moves)]));
        moves[3] = None;
        assert!(varies(&[joints(0, 4, &moves)]));
    }

    #[test]
    fn frames_count_by_their_bytes_and_not_by_their_place() {
        let frames = |length: u64, offset: u64, bytes: Option<&[u8]>| {
            let fields = StreamKind::Image.fields();
            let columns = fields.iter().map(|field| -> ArrayRef {
                match field.data_type() {
                    DataType::Int64 => Arc::new(Int64Array::from(vec![7])),
                    DataType::Utf8 => Arc::new(StringArray::from(vec!["jpeg"])),
                    DataType::UInt64 if field.name() == "length" => Arc::new(UInt64Array::from(vec![length])),
                    DataType::UInt64 => Arc::new(UInt64Array::from(vec![offset])),
                    DataType::UInt32 => Arc::new(UInt32Array::from(vec![3])),
                    DataType::Binary => Arc::new(BinaryArray::from_iter([bytes])),
                    other => new_null_array(other, 1),
                }
            });
            let columns = columns.collect();
            let schema = Arc::new(Schema::new(fields));
            let mut hasher = ContentHasher::default();
            hasher.update("/camera", Some(StreamKind::Image), &RecordBatch::try_new(schema, columns).unwrap());
            hasher.finish()
        };
        let one = frames(9, 0, Some(b"one"));
        assert_eq!(one, frames(9, 4096, Some(b"one")));
        assert_ne!(one, frames(9, 0, Some(b"two")));
        assert_ne!(one, frames(8, 0, Some(b"one")));
        assert_ne!(one, frames(9, 0, None));
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
