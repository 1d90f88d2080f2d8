//! Rows of a channel under construction: lists of numbers, texts, or places of pictures.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, ListArray, PrimitiveArray, StringArray, StructArray};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Field, Fields, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use prairie_model::{BlobColumns, BlobRef, blob_field};

use super::features::{Dtype, Kind};

/// Numbers of one type.
#[derive(Debug)]
enum Numbers {
    Bool(Vec<bool>),
    I8(Vec<i8>),
    U8(Vec<u8>),
    I16(Vec<i16>),
    U16(Vec<u16>),
    I32(Vec<i32>),
    U32(Vec<u32>),
    I64(Vec<i64>),
    U64(Vec<u64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

/// Calls `$body` with `$values` bound to the vector.
macro_rules! each {
    ($numbers:expr, $values:ident => $body:expr) => {
        match $numbers {
            Numbers::Bool($values) => $body,
            Numbers::I8($values) => $body,
            Numbers::U8($values) => $body,
            Numbers::I16($values) => $body,
            Numbers::U16($values) => $body,
            Numbers::I32($values) => $body,
            Numbers::U32($values) => $body,
            Numbers::I64($values) => $body,
            Numbers::U64($values) => $body,
            Numbers::F32($values) => $body,
            Numbers::F64($values) => $body,
        }
    };
}

impl Numbers {
    fn new(dtype: Dtype) -> Self {
        match dtype {
            Dtype::Bool => Self::Bool(Vec::new()),
            Dtype::I8 => Self::I8(Vec::new()),
            Dtype::U8 => Self::U8(Vec::new()),
            Dtype::I16 => Self::I16(Vec::new()),
            Dtype::U16 => Self::U16(Vec::new()),
            Dtype::I32 => Self::I32(Vec::new()),
            Dtype::U32 => Self::U32(Vec::new()),
            Dtype::I64 => Self::I64(Vec::new()),
            Dtype::U64 => Self::U64(Vec::new()),
            Dtype::F16 | Dtype::Bf16 | Dtype::F32 => Self::F32(Vec::new()),
            Dtype::F64 => Self::F64(Vec::new()),
        }
    }

    fn len(&self) -> usize {
        each!(self, values => values.len())
    }

    fn finish(self) -> ArrayRef {
        fn array<T: ArrowPrimitiveType>(values: Vec<T::Native>) -> ArrayRef {
            Arc::new(PrimitiveArray::<T>::new(ScalarBuffer::from(values), None))
        }
        match self {
            Self::Bool(values) => Arc::new(BooleanArray::from(values)),
            Self::I8(values) => array::<Int8Type>(values),
            Self::U8(values) => array::<UInt8Type>(values),
            Self::I16(values) => array::<Int16Type>(values),
            Self::U16(values) => array::<UInt16Type>(values),
            Self::I32(values) => array::<Int32Type>(values),
            Self::U32(values) => array::<UInt32Type>(values),
            Self::I64(values) => array::<Int64Type>(values),
            Self::U64(values) => array::<UInt64Type>(values),
            Self::F32(values) => array::<Float32Type>(values),
            Self::F64(values) => array::<Float64Type>(values),
        }
    }

    /// Appends integers; false, and nothing is appended, when one does not fit.
    fn integers(&mut self, row: &[i64]) -> bool {
        fn all<T: TryFrom<i64>>(values: &mut Vec<T>, row: &[i64]) -> bool {
            let before = values.len();
            values.extend(row.iter().map_while(|value| T::try_from(*value).ok()));
            let fits = values.len() - before == row.len();
            if !fits {
                values.truncate(before);
            }
            fits
        }
        match self {
            Self::Bool(values) => values.extend(row.iter().map(|value| *value != 0)),
            Self::I8(values) => return all(values, row),
            Self::U8(values) => return all(values, row),
            Self::I16(values) => return all(values, row),
            Self::U16(values) => return all(values, row),
            Self::I32(values) => return all(values, row),
            Self::U32(values) => return all(values, row),
            Self::I64(values) => values.extend_from_slice(row),
            // OK to cast: records have no unsigned numbers, so that their bits were kept.
            Self::U64(values) => values.extend(row.iter().map(|value| *value as u64)),
            // An integer is no float of the feature.
            Self::F32(_) | Self::F64(_) => return false,
        }
        true
    }

    /// Appends floats; false when the feature has integers.
    fn floats(&mut self, row: &[f32]) -> bool {
        match self {
            Self::F32(values) => values.extend_from_slice(row),
            Self::F64(values) => values.extend(row.iter().map(|value| f64::from(*value))),
            _ => return false,
        }
        true
    }

    /// Appends numbers that lie as little-endian bytes.
    fn bytes(&mut self, dtype: Dtype, row: &[u8]) {
        fn all<T, const N: usize>(values: &mut Vec<T>, row: &[u8], number: impl Fn([u8; N]) -> T) {
            values.extend(row.as_chunks::<N>().0.iter().map(|bytes| number(*bytes)));
        }
        match self {
            Self::Bool(values) => values.extend(row.iter().map(|byte| *byte != 0)),
            Self::I8(values) => all(values, row, i8::from_le_bytes),
            Self::U8(values) => values.extend_from_slice(row),
            Self::I16(values) => all(values, row, i16::from_le_bytes),
            Self::U16(values) => all(values, row, u16::from_le_bytes),
            Self::I32(values) => all(values, row, i32::from_le_bytes),
            Self::U32(values) => all(values, row, u32::from_le_bytes),
            Self::I64(values) => all(values, row, i64::from_le_bytes),
            Self::U64(values) => all(values, row, u64::from_le_bytes),
            Self::F32(values) => match dtype {
                Dtype::F16 => all(values, row, |bytes: [u8; 2]| {
                    <Float16Type as ArrowPrimitiveType>::Native::from_le_bytes(bytes).to_f32()
                }),
                // The upper half of a float.
                Dtype::Bf16 => {
                    all(values, row, |bytes: [u8; 2]| f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16));
                }
                _ => all(values, row, f32::from_le_bytes),
            },
            Self::F64(values) => all(values, row, f64::from_le_bytes),
        }
    }
}

/// Rows that wait to be delivered, with their times.
#[derive(Debug)]
pub(super) struct Rows {
    kind: Kind,
    pub(super) times: Vec<i64>,
    numbers: Numbers,
    ends: Vec<i32>,
    texts: Vec<Option<String>>,
    blobs: BlobColumns,
    /// Bytes of texts.
    bytes: usize,
}

impl Rows {
    pub(super) fn new(kind: &Kind) -> Self {
        let dtype = if let Kind::Numbers(dtype, _) = kind { *dtype } else { Dtype::U8 };
        Self {
            kind: kind.clone(),
            times: Vec::new(),
            numbers: Numbers::new(dtype),
            ends: vec![0],
            texts: Vec::new(),
            blobs: BlobColumns::default(),
            bytes: 0,
        }
    }

    /// Numbers, or bytes of texts, that wait.
    pub(super) fn weight(&self) -> usize {
        self.numbers.len() + self.bytes
    }

    fn close(&mut self, time: i64) -> bool {
        // Batches are delivered long before this many numbers wait; a row alone may not have more.
        match i32::try_from(self.numbers.len()) {
            Ok(end) => {
                self.ends.push(end);
                self.times.push(time);
                true
            }
            Err(_) => false,
        }
    }

    /// Adds a row of integers; false when it does not fit the type.
    pub(super) fn integers(&mut self, time: i64, row: &[i64]) -> bool {
        self.numbers.integers(row) && self.close(time)
    }

    /// Adds a row of floats; false when it does not fit the type.
    pub(super) fn floats(&mut self, time: i64, row: &[f32]) -> bool {
        self.numbers.floats(row) && self.close(time)
    }

    /// Adds a row of numbers stored as bytes; false when they do not come out even.
    pub(super) fn stored(&mut self, time: i64, dtype: Dtype, row: &[u8]) -> bool {
        if !row.len().is_multiple_of(dtype.bytes()) {
            return false;
        }
        self.numbers.bytes(dtype, row);
        self.close(time)
    }

    /// Adds a text; false when it is none. One without a letter says nothing, and is null.
    pub(super) fn text(&mut self, time: i64, row: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(row) else { return false };
        self.bytes += text.len();
        self.texts.push((!text.is_empty()).then(|| text.to_owned()));
        self.times.push(time);
        true
    }

    /// Adds a picture.
    pub(super) fn blob(&mut self, time: i64, blob: BlobRef) {
        self.blobs.push(blob);
        self.times.push(time);
    }

    /// Takes the rows and their times out.
    pub(super) fn finish(self) -> Option<(Vec<i64>, StructArray)> {
        let fields = fields(&self.kind)?;
        let column: ArrayRef = match &self.kind {
            Kind::Numbers(dtype, _) => {
                let item = Arc::new(Field::new_list_field(number_type(*dtype), true));
                let ends = OffsetBuffer::new(ScalarBuffer::from(self.ends));
                Arc::new(ListArray::try_new(item, ends, self.numbers.finish(), None).ok()?)
            }
            Kind::Text => Arc::new(StringArray::from(self.texts)),
            Kind::Image(_) | Kind::Pixels(_) => {
                let mut blobs = self.blobs;
                Arc::new(blobs.finish())
            }
            Kind::Unread(_) => return None,
        };
        Some((self.times, StructArray::try_new(fields, vec![column], None).ok()?))
    }
}

fn number_type(dtype: Dtype) -> DataType {
    match dtype {
        Dtype::Bool => DataType::Boolean,
        Dtype::I8 => DataType::Int8,
        Dtype::U8 => DataType::UInt8,
        Dtype::I16 => DataType::Int16,
        Dtype::U16 => DataType::UInt16,
        Dtype::I32 => DataType::Int32,
        Dtype::U32 => DataType::UInt32,
        Dtype::I64 => DataType::Int64,
        Dtype::U64 => DataType::UInt64,
        // Half floats become whole ones: none of their values is lost.
        Dtype::F16 | Dtype::Bf16 | Dtype::F32 => DataType::Float32,
        Dtype::F64 => DataType::Float64,
    }
}

/// The columns of the messages of a leaf; `None` for one that is not read.
pub(super) fn fields(kind: &Kind) -> Option<Fields> {
    Some(match kind {
        Kind::Numbers(dtype, _) => {
            let item = Arc::new(Field::new_list_field(number_type(*dtype), true));
            Fields::from(vec![Field::new("value", DataType::List(item), true)])
        }
        Kind::Text => Fields::from(vec![Field::new("text", DataType::Utf8, true)]),
        Kind::Image(_) | Kind::Pixels(_) => Fields::from(vec![blob_field("data")]),
        Kind::Unread(_) => return None,
    })
}
