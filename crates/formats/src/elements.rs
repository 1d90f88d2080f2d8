//! Elements of arrays as NumPy names them (`<f4`, `|b1`, `<U16`), and their bytes as Arrow columns.
//!
//! ```text
//!   "<f4" ─ Element::numpy ─▶ Element ─▶ bytes in row-major order ─ lists ─▶ List<Float32>, one list per row
//!                                                                └ texts ─▶ Utf8
//! ```
//!
//! NumPy files and Zarr arrays share it. What it does *not* do: elements of several fields, and elements that are objects of a
//! program: those are refused by their name.
//!
//! **Invariant:** bytes that come in are little-endian here; [`Element::to_little`] makes them so.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array,
    ListArray, StringArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use arrow::buffer::{BooleanBuffer, OffsetBuffer};
use arrow::datatypes::{ArrowPrimitiveType, DataType, Field, Float16Type};

/// Bytes that one element may have: a text of 64 Ki characters.
const ELEMENT_MAX: usize = 1 << 18;

/// What an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One byte: zero is false.
    Bool,
    /// With a sign.
    Int,
    /// Without a sign.
    UInt,
    /// IEEE 754, of two, four or eight bytes.
    Float,
    /// Bytes of a text, filled up with zeros.
    Bytes,
    /// UTF-32, filled up with zeros.
    Unicode,
    /// Nanoseconds times this factor: an instant since 1970 or a duration.
    Time(i64),
}

/// The type of the elements of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element {
    /// What it is.
    pub(crate) kind: Kind,
    /// Bytes.
    pub(crate) size: usize,
    /// Whether its most significant byte comes first in the file.
    pub(crate) big: bool,
}

impl Element {
    /// Little-endian numbers of `size` bytes.
    pub(crate) const fn of(kind: Kind, size: usize) -> Self {
        Self { kind, size, big: false }
    }

    /// The type that NumPy writes so: order of bytes, kind, bytes.
    ///
    /// # Errors
    ///
    /// Why its elements cannot be read.
    pub(crate) fn numpy(text: &str) -> Result<Self, String> {
        let refused = || format!("its elements are of type `{text}`, which is not read");
        let (big, rest) = match text.as_bytes().first() {
            Some(b'>') => (true, &text[1..]),
            Some(b'<' | b'|' | b'=') => (false, &text[1..]),
            _ => (false, text),
        };
        let letter = rest.chars().next().ok_or_else(refused)?;
        let rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        let (digits, unit) = rest.split_at(rest.find('[').unwrap_or(rest.len()));
        let count: usize = digits.parse().map_err(|_error| refused())?;
        let (kind, size) = match (letter, count) {
            ('b', 1) => (Kind::Bool, 1),
            ('i', 1 | 2 | 4 | 8) => (Kind::Int, count),
            ('u', 1 | 2 | 4 | 8) => (Kind::UInt, count),
            ('f', 2 | 4 | 8) => (Kind::Float, count),
            ('S' | 'a', _) => (Kind::Bytes, count),
            ('U', _) => (Kind::Unicode, count.saturating_mul(4)),
            ('M' | 'm', 8) => (Kind::Time(time_unit(unit).ok_or_else(refused)?), 8),
            _ => return Err(refused()),
        };
        if size == 0 || size > ELEMENT_MAX {
            return Err(format!("its elements have {size} bytes, and 1 to {ELEMENT_MAX} are read"));
        }
        Ok(Self { kind, size, big: big && size > 1 && kind != Kind::Bytes })
    }

    /// Whether its elements are texts.
    pub(crate) fn is_text(self) -> bool {
        matches!(self.kind, Kind::Bytes | Kind::Unicode)
    }

    /// Bytes that are turned around together where the most significant comes first.
    fn unit(self) -> usize {
        match self.kind {
            Kind::Bytes | Kind::Bool => 1,
            Kind::Unicode => 4,
            _ => self.size,
        }
    }

    /// Makes the bytes of elements little-endian.
    pub(crate) fn to_little(self, bytes: &mut [u8]) {
        if self.big && self.unit() > 1 {
            bytes.chunks_exact_mut(self.unit()).for_each(<[u8]>::reverse);
        }
    }

    /// The Arrow type of its numbers; `None` for texts. Half precision becomes single precision, which holds all of its values.
    pub(crate) fn data_type(self) -> Option<DataType> {
        Some(match (self.kind, self.size) {
            (Kind::Bool, _) => DataType::Boolean,
            (Kind::Int, 1) => DataType::Int8,
            (Kind::Int, 2) => DataType::Int16,
            (Kind::Int, 4) => DataType::Int32,
            (Kind::Int | Kind::Time(_), _) => DataType::Int64,
            (Kind::UInt, 1) => DataType::UInt8,
            (Kind::UInt, 2) => DataType::UInt16,
            (Kind::UInt, 4) => DataType::UInt32,
            (Kind::UInt, _) => DataType::UInt64,
            (Kind::Float, 8) => DataType::Float64,
            (Kind::Float, _) => DataType::Float32,
            (Kind::Bytes | Kind::Unicode, _) => return None,
        })
    }

    /// The numbers of little-endian `bytes`; those of a part of an element are left out. `None` for texts.
    pub(crate) fn numbers(self, bytes: &[u8]) -> Option<ArrayRef> {
        macro_rules! array {
            ($array:ident, $number:ty) => {
                Arc::new($array::from_iter_values(fixed(bytes).map(<$number>::from_le_bytes)))
            };
        }
        Some(match (self.kind, self.size) {
            (Kind::Bool, _) => {
                Arc::new(BooleanArray::new(BooleanBuffer::collect_bool(bytes.len(), |at| bytes[at] != 0), None))
            }
            (Kind::Int, 1) => array!(Int8Array, i8),
            (Kind::Int, 2) => array!(Int16Array, i16),
            (Kind::Int, 4) => array!(Int32Array, i32),
            (Kind::Int | Kind::Time(_), _) => array!(Int64Array, i64),
            (Kind::UInt, 1) => array!(UInt8Array, u8),
            (Kind::UInt, 2) => array!(UInt16Array, u16),
            (Kind::UInt, 4) => array!(UInt32Array, u32),
            (Kind::UInt, _) => array!(UInt64Array, u64),
            (Kind::Float, 2) => Arc::new(Float32Array::from_iter_values(fixed(bytes).map(half))),
            (Kind::Float, 4) => array!(Float32Array, f32),
            (Kind::Float, _) => array!(Float64Array, f64),
            (Kind::Bytes | Kind::Unicode, _) => return None,
        })
    }

    /// One list of `width` numbers per row.
    pub(crate) fn lists(self, bytes: &[u8], rows: usize, width: usize) -> Option<ListArray> {
        let values = self.numbers(bytes)?;
        if rows.checked_mul(width) != Some(values.len()) || i32::try_from(values.len()).is_err() {
            return None;
        }
        let item = Arc::new(Field::new_list_field(values.data_type().clone(), true));
        let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(width, rows));
        ListArray::try_new(item, offsets, values, None).ok()
    }

    /// One number, as exactly as `f64` can; `None` for texts and for bytes of another length.
    pub(crate) fn number(self, bytes: &[u8]) -> Option<f64> {
        let mut wide = [0; 8];
        if bytes.len() != self.size || self.size > 8 {
            return None;
        }
        wide[..self.size].copy_from_slice(bytes);
        match (self.kind, self.size) {
            (Kind::Bool, _) => Some(f64::from(u8::from(wide[0] != 0))),
            // OK to cast: a number beyond 2^53 is rounded, as told.
            (Kind::Int | Kind::Time(_), _) => self.integer(bytes).map(|n| n as f64),
            (Kind::UInt, _) => Some(u64::from_le_bytes(wide) as f64),
            (Kind::Float, 2) => Some(half([wide[0], wide[1]]).into()),
            (Kind::Float, 4) => Some(f32::from_le_bytes([wide[0], wide[1], wide[2], wide[3]]).into()),
            (Kind::Float, _) => Some(f64::from_le_bytes(wide)),
            (Kind::Bytes | Kind::Unicode, _) => None,
        }
    }

    /// One whole number; `None` for what is none, or is beyond 64 bits with a sign.
    pub(crate) fn integer(self, bytes: &[u8]) -> Option<i64> {
        if bytes.len() != self.size {
            return None;
        }
        Some(match (self.kind, bytes) {
            (Kind::Bool, [byte]) => i64::from(*byte != 0),
            (Kind::Int, [a]) => i8::from_le_bytes([*a]).into(),
            (Kind::Int, [a, b]) => i16::from_le_bytes([*a, *b]).into(),
            (Kind::Int, [a, b, c, d]) => i32::from_le_bytes([*a, *b, *c, *d]).into(),
            (Kind::UInt, [a]) => (*a).into(),
            (Kind::UInt, [a, b]) => u16::from_le_bytes([*a, *b]).into(),
            (Kind::UInt, [a, b, c, d]) => u32::from_le_bytes([*a, *b, *c, *d]).into(),
            (Kind::Int | Kind::Time(_), _) => i64::from_le_bytes(bytes.try_into().ok()?),
            (Kind::UInt, _) => i64::try_from(u64::from_le_bytes(bytes.try_into().ok()?)).ok()?,
            _ => return None,
        })
    }

    /// One text without the zeros behind it.
    pub(crate) fn text(self, bytes: &[u8]) -> Option<String> {
        match self.kind {
            Kind::Bytes => {
                let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
                Some(String::from_utf8_lossy(&bytes[..end]).into_owned())
            }
            Kind::Unicode => {
                let letter = |bytes: [u8; 4]| char::from_u32(u32::from_le_bytes(bytes)).unwrap_or('\u{fffd}');
                let text: String = fixed(bytes).map(letter).collect();
                Some(text.trim_end_matches('\0').to_owned())
            }
            _ => None,
        }
    }

    /// The texts of elements.
    pub(crate) fn texts(self, bytes: &[u8]) -> StringArray {
        bytes.chunks_exact(self.size).map(|element| self.text(element)).collect()
    }

    /// An element as a person reads it.
    pub(crate) fn display(self, bytes: &[u8]) -> Option<String> {
        match self.kind {
            Kind::Bytes | Kind::Unicode => self.text(bytes),
            Kind::Bool => Some((self.integer(bytes)? != 0).to_string()),
            Kind::Float if self.size == 8 => self.number(bytes).map(|number| number.to_string()),
            // OK to cast: a number of that precision, so that its own digits are written.
            Kind::Float => self.number(bytes).map(|number| (number as f32).to_string()),
            _ => self.integer(bytes).map(|number| number.to_string()),
        }
    }
}

/// The elements of `N` bytes.
fn fixed<const N: usize>(bytes: &[u8]) -> impl ExactSizeIterator<Item = [u8; N]> {
    // OK to index: chunks are exact.
    bytes.chunks_exact(N).map(|element| std::array::from_fn(|at| element[at]))
}

/// Elements whose axes lie in another order, in the order of `shape`. `order` has the axis of `shape` for each axis that is stored.
pub(crate) fn reordered(stored: &[u8], shape: &[u64], order: &[usize], size: usize) -> Vec<u8> {
    let mut out = vec![0; stored.len()];
    // Elements from one place to the next along each axis of what comes out.
    let mut strides = vec![1_u64; shape.len()];
    for axis in (0..shape.len().saturating_sub(1)).rev() {
        // OK to index and multiply: the product of all axes fits into memory.
        strides[axis] = strides[axis + 1] * shape[axis + 1];
    }
    let lengths: Vec<u64> = order.iter().map(|axis| shape[*axis]).collect();
    let strides: Vec<u64> = order.iter().map(|axis| strides[*axis]).collect();
    let mut at = vec![0_u64; shape.len()];
    let mut place = 0_u64;
    for element in stored.chunks_exact(size) {
        // OK to cast and index: the place of an element.
        let to = place as usize * size;
        out[to..to + size].copy_from_slice(element);
        for axis in (0..at.len()).rev() {
            at[axis] += 1;
            place += strides[axis];
            if at[axis] < lengths[axis] {
                break;
            }
            place -= strides[axis] * lengths[axis];
            at[axis] = 0;
        }
    }
    out
}

/// Half precision.
pub(crate) fn half(bytes: [u8; 2]) -> f32 {
    <Float16Type as ArrowPrimitiveType>::Native::from_le_bytes(bytes).to_f32()
}

/// Nanoseconds of a unit of time as NumPy writes it: `[ns]`, `[25s]`. Months and years have no length.
fn time_unit(text: &str) -> Option<i64> {
    let text = text.strip_prefix('[')?.strip_suffix(']')?;
    let (count, unit) = text.split_at(text.find(|letter: char| !letter.is_ascii_digit())?);
    let count: i64 = if count.is_empty() { 1 } else { count.parse().ok()? };
    let nanos = match unit {
        "ns" => 1,
        "us" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "D" => 86_400_000_000_000,
        _ => return None,
    };
    count.checked_mul(nanos).filter(|nanos| *nanos > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::AsArray;
    use arrow::datatypes::Float32Type;

    #[test]
    fn types_are_those_of_numpy() {
        let element = |text| Element::numpy(text).map(|element| (element.kind, element.size, element.big));
        assert_eq!(element("<f4"), Ok((Kind::Float, 4, false)));
        assert_eq!(element(">i8"), Ok((Kind::Int, 8, true)));
        assert_eq!(element("|u1"), Ok((Kind::UInt, 1, false)));
        assert_eq!(element(">U3"), Ok((Kind::Unicode, 12, true)));
        assert_eq!(element("|S5"), Ok((Kind::Bytes, 5, false)));
        assert_eq!(element("<M8[25us]"), Ok((Kind::Time(25_000), 8, false)));
        for odd in ["", "<", "|O", "<f16", "<c8", "|V8", "f", "<M8[Y]", "<M8", "|S0", "<U99999999999", "é"] {
            assert!(element(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn bytes_become_numbers_and_texts() {
        let mut bytes = vec![0x3c, 0x00, 0xc0, 0x00];
        let half = Element::numpy(">f2").unwrap();
        half.to_little(&mut bytes);
        let lists = half.lists(&bytes, 1, 2).unwrap();
        assert_eq!(lists.values().as_primitive::<Float32Type>().values(), &[1.0, -2.0]);
        assert!(half.lists(&bytes, 2, 2).is_none());
        let text = Element::numpy("<U2").unwrap();
        let letters: Vec<u8> = ['ü', '\0'].into_iter().flat_map(|letter| u32::from(letter).to_le_bytes()).collect();
        assert_eq!(text.texts(&letters).value(0), "ü");
        assert_eq!(Element::of(Kind::UInt, 8).integer(&u64::MAX.to_le_bytes()), None);
        assert_eq!(Element::of(Kind::Int, 2).number(&(-3_i16).to_le_bytes()), Some(-3.0));
        assert_eq!(Element::of(Kind::Int, 2).number(&[1]), None);
    }
}
