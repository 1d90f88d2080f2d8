//! Records: the values of one row.
//!
//! ```text
//!   varint header length │ varint type … │ value …
//! ```

/// A value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Integer(i64),
    Real(f64),
    /// In the encoding of the database.
    Text(&'a [u8]),
    Blob(&'a [u8]),
}

impl<'a> Value<'a> {
    /// The number; `None` for anything else.
    pub(crate) fn integer(self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(value),
            _ => None,
        }
    }

    /// The bytes of a blob or text.
    pub(crate) fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Self::Text(bytes) | Self::Blob(bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// A number of up to nine bytes, seven bits each and eight in the last, and how many bytes it has.
pub(crate) fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (at, &byte) in bytes.iter().take(9).enumerate() {
        if at == 8 {
            return Some((value << 8 | u64::from(byte), 9));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            return Some((value, at + 1));
        }
    }
    None
}

/// The columns of a row that a table can have.
const COLUMNS_MAX: usize = 64;

/// Where the value of a column lies in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Column {
    kind: u64,
    at: u64,
    length: u64,
}

/// The shape of a record: where its values lie. Its first bytes suffice for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shape {
    columns: Vec<Column>,
}

impl Shape {
    /// Reads the header of a record of which `bytes` are the first. The header of a longer one is `None`.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Option<()> {
        self.columns.clear();
        let (header, mut at) = varint(bytes)?;
        let types = bytes.get(..usize::try_from(header).ok()?)?;
        let mut place = header;
        while at < types.len() && self.columns.len() < COLUMNS_MAX {
            let (kind, used) = varint(&types[at..])?;
            at += used;
            let length = match kind {
                0 | 8 | 9 => 0,
                1..=4 => kind,
                5 => 6,
                6 | 7 => 8,
                // Not in use.
                10 | 11 => return None,
                kind => (kind - 12) / 2,
            };
            self.columns.push(Column { kind, at: place, length });
            place = place.checked_add(length)?;
        }
        Some(())
    }

    /// Where the bytes of a blob or text begin in the record, and how many they are.
    pub(crate) fn bytes(&self, column: usize) -> Option<(u64, u64)> {
        let column = self.columns.get(column).filter(|column| column.kind >= 12)?;
        Some((column.at, column.length))
    }

    /// The value of a column, as far as `bytes`, the first of the record, hold it. Columns that were added after the row are null.
    pub(crate) fn value<'b>(&self, column: usize, bytes: &'b [u8]) -> Option<Value<'b>> {
        let Some(column) = self.columns.get(column) else { return Some(Value::Null) };
        let (at, length) = (usize::try_from(column.at).ok()?, usize::try_from(column.length).ok()?);
        let bytes = bytes.get(at..)?.get(..length)?;
        let number = || bytes.iter().skip(1).fold(i64::from(bytes[0] as i8), |sum, byte| sum << 8 | i64::from(*byte));
        Some(match column.kind {
            0 => Value::Null,
            // OK to index in `number`: these types have a byte at least.
            1..=6 => Value::Integer(number()),
            7 => Value::Real(f64::from_be_bytes(bytes.try_into().ok()?)),
            8 => Value::Integer(0),
            9 => Value::Integer(1),
            kind if kind % 2 == 0 => Value::Blob(bytes),
            _ => Value::Text(bytes),
        })
    }
}

/// A record that is whole.
#[derive(Debug, Clone)]
pub(crate) struct Record<'a> {
    shape: Shape,
    bytes: &'a [u8],
}

impl<'a> Record<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut shape = Shape::default();
        shape.read(bytes)?;
        Some(Self { shape, bytes })
    }

    /// The value of a column; null for what is not there.
    pub(crate) fn get(&self, column: usize) -> Value<'a> {
        self.shape.value(column, self.bytes).unwrap_or(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_to_nine_bytes() {
        assert_eq!(varint(&[0x7f]), Some((127, 1)));
        assert_eq!(varint(&[0x81, 0x00]), Some((128, 2)));
        assert_eq!(varint(&[0xff; 9]), Some((u64::MAX, 9)));
        assert_eq!(varint(&[0xff; 8]), None);
        assert_eq!(varint(&[]), None);
    }

    #[test]
    fn values_of_every_type() {
        let bytes = [
            9, 0, 1, 3, 6, 7, 9, 16, 17, // header: null, 1, 3, 8 bytes, real, one, blob of 2, text of 2
            0xff, 0xff, 0x00, 0x01, 0, 0, 0, 0, 0, 0, 1, 0, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 1, 2, b'h', b'i',
        ];
        let record = Record::parse(&bytes).expect("a record");
        let all: Vec<_> = (0..9).map(|column| record.get(column)).collect();
        let expected = [
            Value::Null,
            Value::Integer(-1),
            Value::Integer(-65_535),
            Value::Integer(256),
            Value::Real(1.5),
            Value::Integer(1),
            Value::Blob(&[1, 2]),
            Value::Text(b"hi"),
            Value::Null,
        ];
        assert_eq!(all, expected);
        for cut in 0..bytes.len() {
            if let Some(record) = Record::parse(&bytes[..cut]) {
                assert_eq!(record.get(7), Value::Null, "what is cut is not there");
            }
        }
    }
}
