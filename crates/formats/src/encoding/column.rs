//! Columns under construction.
//!
//! Arrow's own builders cannot take back a row. These can ([`Column::truncate`]), so a message that turns out not to fit its
//! schema halfway leaves no trace.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, DurationNanosecondArray, ListArray, PrimitiveArray, StringArray, StructArray,
    TimestampNanosecondArray, UInt8Array,
};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{
    DataType, Field, FieldRef, Fields, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit,
    UInt16Type, UInt32Type, UInt64Type,
};
use prairie_model::{BlobColumns, BlobRef, blob_field, time_type};

use super::schema::Primitive;

/// The values of a column.
#[derive(Debug)]
pub(crate) enum Data {
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
    Time(Vec<i64>),
    Duration(Vec<i64>),
    /// UTF-8, and where each text ends; `ends` begins with a zero.
    Text {
        ends: Vec<i32>,
        bytes: Vec<u8>,
    },
    Blob(Vec<BlobRef>),
    /// The items of all lists, and where each list ends; `ends` begins with a zero.
    List {
        ends: Vec<i32>,
        item: Box<Column>,
        field: FieldRef,
    },
    Struct {
        fields: Fields,
        children: Vec<Column>,
        len: usize,
    },
}

/// A column under construction.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) data: Data,
    /// The rows that are null, ascending.
    nulls: Vec<usize>,
    /// For the texts of lists: the list that came last.
    pub(crate) latest: Option<Box<Texts>>,
}

/// A list of texts as it lay on the wire and as it was read. Names of joints come with every message and hardly ever change, and
/// comparing bytes is cheaper than reading texts one by one.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    raw: Vec<u8>,
    /// The byte order of the message.
    big: bool,
    bytes: Vec<u8>,
    /// Where each text ends in `bytes`.
    ends: Vec<i32>,
}

impl Texts {
    /// Longer lists are not kept.
    const RAW_MAX: usize = 64 << 10;

    /// Keeps what was read from `raw` into `bytes`; `ends` counts from `start` bytes earlier.
    pub(crate) fn keep(&mut self, raw: &[u8], big: bool, bytes: &[u8], ends: &[i32], start: i32) {
        self.big = big;
        self.raw.clear();
        self.bytes.clear();
        self.ends.clear();
        if raw.len() <= Self::RAW_MAX {
            self.raw.extend_from_slice(raw);
            self.bytes.extend_from_slice(bytes);
            self.ends.extend(ends.iter().map(|end| end - start));
        }
    }

    /// Appends the list, if that many texts and the same bytes come again; gives how many bytes of the wire that were.
    pub(crate) fn repeat(
        &self,
        count: usize,
        wire: &[u8],
        big: bool,
        ends: &mut Vec<i32>,
        bytes: &mut Vec<u8>,
    ) -> Option<usize> {
        let start = i32::try_from(bytes.len()).ok()?;
        start.checked_add(*self.ends.last()?)?;
        if self.ends.len() != count || self.big != big || !wire.starts_with(&self.raw) {
            return None;
        }
        bytes.extend_from_slice(&self.bytes);
        ends.extend(self.ends.iter().map(|end| start + end));
        Some(self.raw.len())
    }
}

/// Calls `$body` with `$values` bound to the vector of a flat column, or `$other` for any other.
macro_rules! flat {
    ($data:expr, $values:ident => $body:expr, $($other:tt)*) => {
        match $data {
            Data::Bool($values) => $body,
            Data::I8($values) => $body,
            Data::U8($values) => $body,
            Data::I16($values) => $body,
            Data::U16($values) => $body,
            Data::I32($values) => $body,
            Data::U32($values) => $body,
            Data::I64($values) => $body,
            Data::U64($values) => $body,
            Data::F32($values) => $body,
            Data::F64($values) => $body,
            Data::Time($values) | Data::Duration($values) => $body,
            $($other)*
        }
    };
}

impl Column {
    fn new(data: Data) -> Self {
        Self { data, nulls: Vec::new(), latest: None }
    }

    /// An empty column of numbers or truth values.
    pub(crate) fn primitive(primitive: Primitive) -> Self {
        Self::new(match primitive {
            Primitive::Bool => Data::Bool(Vec::new()),
            Primitive::I8 => Data::I8(Vec::new()),
            Primitive::U8 => Data::U8(Vec::new()),
            Primitive::I16 => Data::I16(Vec::new()),
            Primitive::U16 => Data::U16(Vec::new()),
            Primitive::I32 => Data::I32(Vec::new()),
            Primitive::U32 => Data::U32(Vec::new()),
            Primitive::I64 => Data::I64(Vec::new()),
            Primitive::U64 => Data::U64(Vec::new()),
            Primitive::F32 => Data::F32(Vec::new()),
            Primitive::F64 => Data::F64(Vec::new()),
        })
    }

    /// An empty column of instants.
    pub(crate) fn time() -> Self {
        Self::new(Data::Time(Vec::new()))
    }

    /// An empty column of durations.
    pub(crate) fn duration() -> Self {
        Self::new(Data::Duration(Vec::new()))
    }

    /// An empty column of texts.
    pub(crate) fn text() -> Self {
        Self::new(Data::Text { ends: vec![0], bytes: Vec::new() })
    }

    /// An empty column of blobs.
    pub(crate) fn blob() -> Self {
        Self::new(Data::Blob(Vec::new()))
    }

    /// An empty column of lists.
    pub(crate) fn list(item: Self) -> Self {
        let field = Arc::new(item.field("item"));
        Self::new(Data::List { ends: vec![0], item: Box::new(item), field })
    }

    /// An empty column of structs.
    pub(crate) fn structure(fields: impl IntoIterator<Item = (String, Self)>) -> Self {
        let (fields, children): (Vec<_>, _) =
            fields.into_iter().map(|(name, child)| (child.field(&name), child)).unzip();
        Self::new(Data::Struct { fields: fields.into(), children, len: 0 })
    }

    /// Rows.
    pub(crate) fn len(&self) -> usize {
        flat!(&self.data, values => values.len(),
            Data::Text { ends, .. } | Data::List { ends, .. } => ends.len() - 1,
            Data::Blob(blobs) => blobs.len(),
            Data::Struct { len, .. } => *len,
        )
    }

    /// Values that one more null row costs.
    pub(crate) fn width(&self) -> usize {
        match &self.data {
            Data::Struct { children, .. } => 1 + children.iter().map(Self::width).sum::<usize>(),
            _ => 1,
        }
    }

    /// Appends a zero, an empty text, an empty list, or a struct of those.
    pub(crate) fn push_default(&mut self) {
        flat!(&mut self.data, values => values.push(Default::default()),
            Data::Text { ends, .. } | Data::List { ends, .. } => ends.push(*ends.last().unwrap_or(&0)),
            Data::Blob(blobs) => blobs.push(BlobRef::NOTHING),
            Data::Struct { children, len, .. } => {
                children.iter_mut().for_each(Self::push_default);
                *len += 1;
            }
        );
    }

    /// Appends a null; an empty blob in a column of blobs, which has no nulls.
    pub(crate) fn push_null(&mut self) {
        let row = self.len();
        match &mut self.data {
            Data::Blob(_) => {}
            _ => self.nulls.push(row),
        }
        match &mut self.data {
            Data::Struct { children, len, .. } => {
                children.iter_mut().for_each(Self::push_null);
                *len += 1;
            }
            _ => self.push_default(),
        }
    }

    /// Takes back every row from `len` on. Children of an unfinished row may be longer than their parent.
    pub(crate) fn truncate(&mut self, len: usize) {
        while self.nulls.last().is_some_and(|row| *row >= len) {
            self.nulls.pop();
        }
        flat!(&mut self.data, values => values.truncate(len),
            Data::Text { ends, bytes } => {
                ends.truncate(len + 1);
                bytes.truncate(last(ends));
            }
            Data::Blob(blobs) => blobs.truncate(len),
            Data::List { ends, item, .. } => {
                ends.truncate(len + 1);
                item.truncate(last(ends));
            }
            Data::Struct { children, len: rows, .. } => {
                children.iter_mut().for_each(|child| child.truncate(len));
                *rows = len.min(*rows);
            }
        );
    }

    /// The field of this column under that name.
    pub(crate) fn field(&self, name: &str) -> Field {
        match &self.data {
            Data::Blob(_) => blob_field(name),
            _ => Field::new(name, self.data_type(), true),
        }
    }

    /// The fields of a column of structs; none for any other.
    pub(crate) fn fields(&self) -> Fields {
        match &self.data {
            Data::Struct { fields, .. } => fields.clone(),
            _ => Fields::empty(),
        }
    }

    fn data_type(&self) -> DataType {
        match &self.data {
            Data::Bool(_) => DataType::Boolean,
            Data::I8(_) => DataType::Int8,
            Data::U8(_) => DataType::UInt8,
            Data::I16(_) => DataType::Int16,
            Data::U16(_) => DataType::UInt16,
            Data::I32(_) => DataType::Int32,
            Data::U32(_) => DataType::UInt32,
            Data::I64(_) => DataType::Int64,
            Data::U64(_) => DataType::UInt64,
            Data::F32(_) => DataType::Float32,
            Data::F64(_) => DataType::Float64,
            Data::Time(_) => time_type(),
            Data::Duration(_) => DataType::Duration(TimeUnit::Nanosecond),
            Data::Text { .. } => DataType::Utf8,
            Data::Blob(_) => blob_field("").data_type().clone(),
            Data::List { field, .. } => DataType::List(Arc::clone(field)),
            Data::Struct { .. } => DataType::Struct(self.fields()),
        }
    }

    /// Takes the rows out as an array.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        let nulls = self.take_nulls();
        macro_rules! numbers {
            ($kind:ty, $values:expr) => {
                Arc::new(PrimitiveArray::<$kind>::new(ScalarBuffer::from(taken($values)), nulls))
            };
        }
        match &mut self.data {
            Data::Bool(values) => Arc::new(BooleanArray::new(taken(values).into(), nulls)),
            Data::I8(values) => numbers!(Int8Type, values),
            Data::U8(values) => Arc::new(UInt8Array::new(ScalarBuffer::from(taken(values)), nulls)),
            Data::I16(values) => numbers!(Int16Type, values),
            Data::U16(values) => numbers!(UInt16Type, values),
            Data::I32(values) => numbers!(Int32Type, values),
            Data::U32(values) => numbers!(UInt32Type, values),
            Data::I64(values) => numbers!(Int64Type, values),
            Data::U64(values) => numbers!(UInt64Type, values),
            Data::F32(values) => numbers!(Float32Type, values),
            Data::F64(values) => numbers!(Float64Type, values),
            Data::Time(values) => Arc::new(TimestampNanosecondArray::new(ScalarBuffer::from(taken(values)), nulls)),
            Data::Duration(values) => Arc::new(DurationNanosecondArray::new(ScalarBuffer::from(taken(values)), nulls)),
            Data::Text { ends, bytes } => {
                let bytes = Buffer::from_vec(taken(bytes));
                Arc::new(StringArray::new(offsets(ends), bytes, nulls))
            }
            Data::Blob(blobs) => {
                let mut columns = BlobColumns::default();
                blobs.drain(..).for_each(|blob| columns.push(blob));
                Arc::new(columns.finish())
            }
            Data::List { ends, item, field } => {
                Arc::new(ListArray::new(Arc::clone(field), offsets(ends), item.finish(), nulls))
            }
            Data::Struct { fields, children, len } => {
                let columns: Vec<_> = children.iter_mut().map(Self::finish).collect();
                Arc::new(structs(fields.clone(), columns, nulls, std::mem::take(len)))
            }
        }
    }

    /// Takes the rows of a column of structs out.
    pub(crate) fn finish_structs(&mut self) -> StructArray {
        let array = self.finish();
        // Any other column has no place at the root; its rows would be an empty struct.
        array
            .as_any()
            .downcast_ref::<StructArray>()
            .cloned()
            .unwrap_or_else(|| StructArray::new_empty_fields(array.len(), None))
    }

    fn take_nulls(&mut self) -> Option<NullBuffer> {
        if self.nulls.is_empty() {
            return None;
        }
        let mut valid = vec![true; self.len()];
        for row in self.nulls.drain(..) {
            // OK because truncate removes the nulls beyond the end.
            valid[row] = false;
        }
        Some(NullBuffer::from(valid))
    }
}

/// Takes the values out, and leaves room for as many: the next batch is likely to be as large.
fn taken<T>(values: &mut Vec<T>) -> Vec<T> {
    let next = Vec::with_capacity(values.len());
    std::mem::replace(values, next)
}

fn last(ends: &[i32]) -> usize {
    // OK to cast: ends are never negative.
    ends.last().map_or(0, |end| *end as usize)
}

fn offsets(ends: &mut Vec<i32>) -> OffsetBuffer<i32> {
    let ends = {
        let mut next = Vec::with_capacity(ends.len());
        next.push(0);
        std::mem::replace(ends, next)
    };
    // Each end is the length of a vector that only grows, so they ascend from zero, as OffsetBuffer demands.
    OffsetBuffer::new(ScalarBuffer::from(ends))
}

fn structs(fields: Fields, columns: Vec<ArrayRef>, nulls: Option<NullBuffer>, len: usize) -> StructArray {
    StructArray::try_new_with_length(fields, columns, nulls, len)
        .expect("every child has the type of its field and a row for each of its parent's rows")
}
