//! From the bytes of rows to columns.
//!
//! ```text
//!   datatype ─ leaves ─▶ one leaf per number, text or bytes in an element ─ what ─▶ the kind of column
//!   bytes of rows ─▶ Column of numbers or texts
//! ```

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float32Array, ListArray, PrimitiveArray, StringBuilder, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Field, Fields, Float16Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use prairie_model::blob_field;

use super::container::{Class, Datatype, File, GlobalHeaps, HeapId, Number, NumberKind, Padding};
use crate::FormatError;

/// Leaves of one type.
const LEAVES_MAX: usize = 1024;

/// Bytes of one value of variable length that is no picture.
pub(super) const VALUE_MAX: u64 = 16 << 20;

/// What a leaf holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    Number(Number),
    Text { size: usize, padding: Padding },
    VariableText,
    VariableNumbers(Number),
    Bytes(usize),
    Refused(String),
}

/// A part of an element that becomes a channel of its own.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Leaf {
    /// Names of members, with dots between them; empty where it is the whole element.
    pub(super) path: String,
    /// Where it begins in the element.
    pub(super) offset: usize,
    /// Axes inside of the element.
    pub(super) dims: Vec<u64>,
    pub(super) item: Item,
    /// Values of an enumeration that have names.
    pub(super) names: Vec<(String, i64)>,
}

impl Leaf {
    /// Items in one element.
    pub(super) fn items(&self) -> u64 {
        // OK to multiply: the type checked that they lie in the element.
        self.dims.iter().product()
    }
}

/// The leaves of a type.
pub(super) fn leaves(datatype: &Datatype) -> Vec<Leaf> {
    let mut found = Vec::new();
    add(datatype, String::new(), 0, &[], &mut found);
    if found.len() > LEAVES_MAX {
        let why = format!("its elements have more than {LEAVES_MAX} members");
        return vec![Leaf {
            path: String::new(),
            offset: 0,
            dims: Vec::new(),
            item: Item::Refused(why),
            names: Vec::new(),
        }];
    }
    found
}

fn add(datatype: &Datatype, path: String, offset: usize, dims: &[u64], found: &mut Vec<Leaf>) {
    if found.len() > LEAVES_MAX {
        return;
    }
    let mut names = Vec::new();
    let item = match &datatype.class {
        Class::Number(number) => Item::Number(*number),
        Class::Enum { base, names: all } => {
            names.clone_from(all);
            Item::Number(*base)
        }
        Class::Text(padding) => Item::Text { size: datatype.size, padding: *padding },
        Class::VariableText => Item::VariableText,
        Class::Variable(base) => match base.class {
            Class::Number(number) | Class::Enum { base: number, .. } => Item::VariableNumbers(number),
            _ => Item::Refused("its elements are lists of something other than numbers".to_owned()),
        },
        Class::Opaque => Item::Bytes(datatype.size),
        Class::Array { dims: inner, base } => {
            return add(base, path, offset, &[dims, inner].concat(), found);
        }
        Class::Compound(members) if dims.is_empty() => {
            for member in members {
                let dot = if path.is_empty() { "" } else { "." };
                add(&member.datatype, format!("{path}{dot}{}", member.name), offset + member.offset, &[], found);
            }
            return;
        }
        Class::Compound(_) => Item::Refused("its elements hold arrays of compounds".to_owned()),
        Class::Other(what) => Item::Refused(format!("{what} are not read")),
    };
    found.push(Leaf { path, offset, dims: dims.to_vec(), item, names });
}

/// The Arrow type of a number.
pub(super) fn number_type(number: Number) -> DataType {
    let signed = number.kind == NumberKind::Signed;
    match (number.kind, number.size) {
        (NumberKind::Bool, _) => DataType::Boolean,
        (NumberKind::Bfloat16, _) => DataType::Float32,
        (NumberKind::Float, 2) => DataType::Float16,
        (NumberKind::Float, 4) => DataType::Float32,
        (NumberKind::Float, _) => DataType::Float64,
        (_, 1) => {
            if signed {
                DataType::Int8
            } else {
                DataType::UInt8
            }
        }
        (_, 2) => {
            if signed {
                DataType::Int16
            } else {
                DataType::UInt16
            }
        }
        (_, 3 | 4) => {
            if signed {
                DataType::Int32
            } else {
                DataType::UInt32
            }
        }
        _ => {
            if signed {
                DataType::Int64
            } else {
                DataType::UInt64
            }
        }
    }
}

/// What a channel's rows are made of.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// A list of numbers.
    Numbers(DataType),
    Text,
    /// Bytes that stay where they are.
    Blob,
    /// Nothing that can be decoded, and why.
    Refused(String),
}

impl Kind {
    /// The columns of a channel; `None` where it is not decoded.
    pub(super) fn fields(&self) -> Option<Fields> {
        Some(match self {
            Self::Numbers(numbers) => {
                let item = Arc::new(Field::new_list_field(numbers.clone(), true));
                Fields::from(vec![Field::new("value", DataType::List(item), true)])
            }
            Self::Text => Fields::from(vec![Field::new("text", DataType::Utf8, true)]),
            Self::Blob => Fields::from(vec![blob_field("data")]),
            Self::Refused(_) => return None,
        })
    }
}

/// The bytes of a leaf in each element, one after the other.
pub(super) fn gather<'b>(
    bytes: &'b [u8],
    element: usize,
    offset: usize,
    length: usize,
    room: &'b mut Vec<u8>,
) -> &'b [u8] {
    if offset == 0 && length == element {
        return bytes;
    }
    room.clear();
    for element in bytes.chunks_exact(element.max(1)) {
        // OK to index: the type checked that its members lie inside of it.
        room.extend_from_slice(&element[offset..offset + length]);
    }
    room
}

/// Numbers as an Arrow array.
pub(super) fn numbers(number: Number, bytes: &[u8]) -> ArrayRef {
    let elements = bytes.chunks_exact(number.size);
    // OK to cast: a whole number of `size` bytes.
    let is_plain = !number.big_endian && number.bits == (0, 8 * number.size as u32);
    macro_rules! plain {
        ($arrow:ty) => {{
            type Native = <$arrow as ArrowPrimitiveType>::Native;
            let values = elements.map(|bytes| Native::from_le_bytes(bytes.try_into().unwrap_or_default()));
            Arc::new(PrimitiveArray::<$arrow>::from_iter_values(values))
        }};
    }
    // OK to cast: an integer of the type's own width, extended by its sign where it has one.
    macro_rules! any {
        ($arrow:ty) => {{
            type Native = <$arrow as ArrowPrimitiveType>::Native;
            Arc::new(PrimitiveArray::<$arrow>::from_iter_values(elements.map(|bytes| number.integer(bytes) as Native)))
        }};
    }
    match (number_type(number), is_plain) {
        (DataType::Boolean, _) => {
            Arc::new(BooleanArray::from(elements.map(|bytes| number.integer(bytes) != 0).collect::<Vec<_>>()))
        }
        (DataType::Float16, _) => {
            type Native = <Float16Type as ArrowPrimitiveType>::Native;
            // OK to cast: 16 bits.
            let values = elements.map(|bytes| Native::from_bits(number.integer(bytes) as u16));
            Arc::new(PrimitiveArray::<Float16Type>::from_iter_values(values))
        }
        (DataType::Float32, true) if number.kind == NumberKind::Float => plain!(arrow::datatypes::Float32Type),
        // OK to cast: the number has no more than 32 bits.
        (DataType::Float32, _) => {
            Arc::new(Float32Array::from_iter_values(elements.map(|bytes| number.float(bytes) as f32)))
        }
        (DataType::Float64, true) => plain!(Float64Type),
        (DataType::Float64, false) => {
            Arc::new(PrimitiveArray::<Float64Type>::from_iter_values(elements.map(|bytes| number.float(bytes))))
        }
        (DataType::Int8, _) => any!(Int8Type),
        (DataType::Int16, true) => plain!(Int16Type),
        (DataType::Int16, false) => any!(Int16Type),
        (DataType::Int32, true) if number.size == 4 => plain!(Int32Type),
        (DataType::Int32, _) => any!(Int32Type),
        (DataType::Int64, true) if number.size == 8 => plain!(Int64Type),
        (DataType::Int64, _) => any!(Int64Type),
        (DataType::UInt8, true) => plain!(UInt8Type),
        (DataType::UInt8, false) => any!(UInt8Type),
        (DataType::UInt16, true) => plain!(UInt16Type),
        (DataType::UInt16, false) => any!(UInt16Type),
        (DataType::UInt32, true) if number.size == 4 => plain!(UInt32Type),
        (DataType::UInt32, _) => any!(UInt32Type),
        (_, true) if number.size == 8 => plain!(UInt64Type),
        _ => any!(UInt64Type),
    }
}

/// A column of lists, with as many numbers as each says.
pub(super) fn lists(kind: &Kind, values: ArrayRef, lengths: impl Iterator<Item = usize>) -> Option<StructArray> {
    let Kind::Numbers(numbers) = kind else { return None };
    let item = Arc::new(Field::new_list_field(numbers.clone(), true));
    let column = ListArray::try_new(item, OffsetBuffer::from_lengths(lengths), values, None).ok()?;
    StructArray::try_new(kind.fields()?, vec![Arc::new(column)], None).ok()
}

/// A column of texts.
pub(super) fn texts(rows: impl Iterator<Item = Option<String>>) -> Option<StructArray> {
    let mut builder = StringBuilder::new();
    rows.for_each(|text| builder.append_option(text));
    StructArray::try_new(Kind::Text.fields()?, vec![Arc::new(builder.finish())], None).ok()
}

/// A text of fixed length.
pub(super) fn fixed_text(bytes: &[u8], padding: Padding) -> String {
    let trim = |pad: u8| &bytes[..bytes.iter().rposition(|byte| *byte != pad).map_or(0, |last| last + 1)];
    let text = match padding {
        Padding::ZeroEnd => bytes.split(|byte| *byte == 0).next().unwrap_or_default(),
        Padding::Zeros => trim(0),
        Padding::Spaces => trim(b' '),
    };
    String::from_utf8_lossy(text).into_owned()
}

/// The bytes of a value of variable length, of at most [`VALUE_MAX`]; `None` where it has none.
pub(super) fn variable(
    file: &File<'_>,
    heaps: &mut GlobalHeaps,
    reference: &[u8],
    base: usize,
) -> Result<Option<Vec<u8>>, FormatError> {
    let Some(id) = HeapId::parse(file, reference) else { return Ok(None) };
    let (address, length) = variable_place(file, heaps, id, base)?;
    if length > VALUE_MAX {
        return Err(file.damaged("a value of variable length", address, format!("it has {length} bytes")));
    }
    file.read("a value of variable length", address, length).map(Some)
}

/// Where a value of variable length lies, and its bytes.
pub(super) fn variable_place(
    file: &File<'_>,
    heaps: &mut GlobalHeaps,
    id: HeapId,
    base: usize,
) -> Result<(u64, u64), FormatError> {
    let (address, room) = heaps.find(file, id)?;
    let length = id.length.saturating_mul(base as u64);
    if length > room {
        let why = format!("it needs {length} bytes, and its place has {room}");
        return Err(file.damaged("a value of variable length", address, why));
    }
    Ok((address, length))
}
