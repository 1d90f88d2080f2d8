//! Columns of an episode as a `tf.train.Example`, whose lengths are known before its values are written.
//!
//! ```text
//!   0a │ length │ { 0a │ length │ { 0a │ length │ key │ 12 │ length │ { 0a, 12 or 1a │ length │ values } } } per column
//! ```
//!
//! Columns go by their keys, so that the same episode gives the same bytes.

use std::collections::VecDeque;

use crate::FormatError;

/// Tags of fields with a length: of numbers 1, 2 and 3.
const FIRST: u8 = 0x0a;
const SECOND: u8 = 0x12;
const THIRD: u8 = 0x1a;

/// All values of one feature of an episode.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The key in the record: `steps/observation/state`, `episode_metadata/robot`.
    pub key: String,
    /// The values of all steps, one after the other; one value where it is of the episode.
    pub values: Values,
}

/// Values of one type.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Numbers of 32 bits.
    Floats(Vec<f32>),
    /// Whole numbers and truth values.
    Integers(Vec<i64>),
    /// Texts.
    Texts(Vec<String>),
    /// As many encoded pictures, of so many bytes each.
    Pictures(Vec<u64>),
}

/// Bytes of a variable-length number.
const fn varint_bytes(value: u64) -> u64 {
    let bits = 64 - value.leading_zeros() as u64;
    if bits == 0 { 1 } else { bits.div_ceil(7) }
}

fn put_varint(mut value: u64, into: &mut Vec<u8>) {
    while value >= 0x80 {
        // OK to cast: seven bits, and the mark that more follow.
        into.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

/// Bytes of a field with a length.
const fn field_bytes(length: u64) -> u64 {
    1 + varint_bytes(length) + length
}

fn put_head(tag: u8, length: u64, into: &mut Vec<u8>) {
    into.push(tag);
    put_varint(length, into);
}

impl Values {
    /// Bytes of the list: one packed field of numbers, a field each of texts and pictures.
    fn list_bytes(&self) -> u64 {
        let packed = |bytes: u64| if bytes == 0 { 0 } else { field_bytes(bytes) };
        match self {
            Self::Floats(all) => packed(4 * all.len() as u64),
            Self::Integers(_) => packed(self.packed_bytes()),
            Self::Texts(all) => all.iter().map(|text| field_bytes(text.len() as u64)).sum(),
            Self::Pictures(all) => all.iter().map(|length| field_bytes(*length)).sum(),
        }
    }

    /// Bytes of whole numbers without the head of their field.
    fn packed_bytes(&self) -> u64 {
        match self {
            // OK to cast: what is negative has its bits in ten bytes, as Protocol Buffers have it.
            Self::Integers(all) => all.iter().map(|number| varint_bytes(*number as u64)).sum(),
            _ => 0,
        }
    }

    const fn tag(&self) -> u8 {
        match self {
            Self::Texts(_) | Self::Pictures(_) => FIRST,
            Self::Floats(_) => SECOND,
            Self::Integers(_) => THIRD,
        }
    }

    /// Appends the list, but for pictures.
    fn put(&self, into: &mut Vec<u8>) {
        match self {
            Self::Floats(all) if !all.is_empty() => {
                put_head(FIRST, 4 * all.len() as u64, into);
                all.iter().for_each(|number| into.extend(number.to_le_bytes()));
            }
            Self::Integers(all) if !all.is_empty() => {
                put_head(FIRST, self.packed_bytes(), into);
                all.iter().for_each(|number| put_varint(*number as u64, into));
            }
            Self::Texts(all) => {
                for text in all {
                    put_head(FIRST, text.len() as u64, into);
                    into.extend(text.as_bytes());
                }
            }
            Self::Floats(_) | Self::Integers(_) | Self::Pictures(_) => {}
        }
    }
}

impl Column {
    /// Bytes of the feature: the list with its head.
    fn feature_bytes(&self) -> u64 {
        field_bytes(self.values.list_bytes())
    }

    /// Bytes of the entry: the key, and the feature.
    fn entry_bytes(&self) -> u64 {
        field_bytes(self.key.len() as u64) + field_bytes(self.feature_bytes())
    }
}

/// What comes next of a record.
pub(super) enum Piece {
    Bytes(Vec<u8>),
    /// A picture that has to be given.
    Picture,
}

/// A record on its way out.
pub(super) struct Layout {
    features_bytes: u64,
    begun: bool,
    columns: VecDeque<Column>,
    /// Lengths of pictures that are due.
    pictures: VecDeque<u64>,
}

impl Layout {
    pub(super) fn new(mut columns: Vec<Column>) -> Result<Self, FormatError> {
        columns.sort_by(|one, other| one.key.cmp(&other.key));
        if let Some(pair) = columns.windows(2).find(|pair| pair[0].key == pair[1].key) {
            return Err(FormatError::Unsupported(format!("a record has the feature `{}` twice", pair[0].key)));
        }
        let features_bytes = columns.iter().map(|column| field_bytes(column.entry_bytes())).sum();
        Ok(Self { features_bytes, begun: false, columns: columns.into(), pictures: VecDeque::new() })
    }

    /// Bytes of the whole record.
    pub(super) fn bytes(&self) -> u64 {
        field_bytes(self.features_bytes)
    }

    /// The length of the picture that is due.
    pub(super) fn due(&self) -> Option<u64> {
        self.pictures.front().copied()
    }

    /// The head of the picture that is due; it is due no more.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let mut head = Vec::new();
        if let Some(length) = self.pictures.pop_front() {
            put_head(FIRST, length, &mut head);
        }
        head
    }

    /// What comes next; `None` at the end.
    pub(super) fn next_piece(&mut self) -> Option<Piece> {
        if !self.pictures.is_empty() {
            return Some(Piece::Picture);
        }
        let mut bytes = Vec::new();
        if !self.begun {
            self.begun = true;
            put_head(FIRST, self.features_bytes, &mut bytes);
            return Some(Piece::Bytes(bytes));
        }
        let column = self.columns.pop_front()?;
        put_head(FIRST, column.entry_bytes(), &mut bytes);
        put_head(FIRST, column.key.len() as u64, &mut bytes);
        bytes.extend(column.key.as_bytes());
        put_head(SECOND, column.feature_bytes(), &mut bytes);
        put_head(column.values.tag(), column.values.list_bytes(), &mut bytes);
        column.values.put(&mut bytes);
        if let Values::Pictures(lengths) = column.values {
            self.pictures = lengths.into();
        }
        Some(Piece::Bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_all_lengths() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(value, &mut bytes);
            assert_eq!(bytes.len() as u64, varint_bytes(value), "{value}");
        }
    }

    #[test]
    fn lengths_are_known_before_the_values() {
        let columns = vec![
            Column { key: "steps/image".to_owned(), values: Values::Pictures(vec![3, 0, 200]) },
            Column { key: "a".to_owned(), values: Values::Integers(vec![-1, 0, 1 << 40]) },
            Column { key: "b".to_owned(), values: Values::Floats(vec![1.5; 40]) },
            Column { key: "c".to_owned(), values: Values::Texts(vec![String::new(), "é".repeat(99)]) },
            Column { key: "d".to_owned(), values: Values::Floats(Vec::new()) },
        ];
        let mut layout = Layout::new(columns).unwrap();
        let expected = layout.bytes();
        let mut written = 0;
        while let Some(piece) = layout.next_piece() {
            written += match piece {
                Piece::Bytes(bytes) => bytes.len() as u64,
                Piece::Picture => layout.due().unwrap() + layout.take().len() as u64,
            };
        }
        assert_eq!(written, expected);
        let twice = Column { key: "a".to_owned(), values: Values::Floats(Vec::new()) };
        assert!(Layout::new(vec![twice.clone(), twice]).is_err());
    }
}
