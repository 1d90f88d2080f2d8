//! Attributes, and the heap that their texts lie in.

use std::io::{Seek, Write};

use super::Hdf5Writer;
use super::message::{Messages, float, integer, space, text, variable_text};
use crate::FormatError;
use crate::hdf5::container::kind;

/// Bytes of the smallest heap that there may be.
const HEAP_MIN: usize = 4096;

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A list of texts, which are stored with the object itself: as long as the longest of them.
    Texts(Vec<String>),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
}

impl<W: Write + Seek> Hdf5Writer<W> {
    /// Adds a message for each attribute. Texts go to a heap of the object.
    pub(super) fn attributes(
        &mut self,
        attributes: &[(String, Value)],
        messages: &mut Messages,
    ) -> Result<(), FormatError> {
        let own = |(_, value): &(String, Value)| if let Value::Text(text) = value { Some(text.clone()) } else { None };
        let texts: Vec<String> = attributes.iter().filter_map(own).collect();
        let mut places = self.heap(&texts)?.into_iter();
        for (name, value) in attributes {
            let (datatype, dims, data) = match value {
                Value::Integer(number) => (integer(8, true), Vec::new(), number.to_le_bytes().to_vec()),
                Value::Float(number) => (float(8), Vec::new(), number.to_le_bytes().to_vec()),
                Value::Text(_) => (variable_text(), Vec::new(), places.next().unwrap_or_default().to_vec()),
                Value::Texts(texts) => {
                    // OK to cast: what is too long for 32 bits is too long for a message, too.
                    let bytes = texts.iter().map(String::len).max().unwrap_or(0).clamp(1, u32::MAX as usize);
                    let mut data = Vec::new();
                    for (text, end) in texts.iter().zip(1..) {
                        data.extend(text.as_bytes());
                        data.resize(end * bytes, 0);
                    }
                    (text(bytes as u32), vec![texts.len() as u64], data)
                }
            };
            let space = space(&dims);
            let length = u16::try_from(name.len() + 1).ok().filter(|_| !name.is_empty() && !name.contains('\0'));
            let length = length.ok_or_else(|| {
                let text = format!("an attribute of an HDF5 file cannot have a name of {} bytes", name.len());
                FormatError::Unsupported(text)
            })?;
            // Version 3: the name may be UTF-8, and nothing is filled up.
            let mut body = vec![3, 0];
            body.extend(length.to_le_bytes());
            // OK to cast: types and spaces have less than a hundred bytes.
            body.extend((datatype.len() as u16).to_le_bytes());
            body.extend((space.len() as u16).to_le_bytes());
            body.push(1);
            body.extend(name.as_bytes());
            body.push(0);
            body.extend(&datatype);
            body.extend(&space);
            body.extend(&data);
            messages.add(kind::ATTRIBUTE, &body)?;
        }
        Ok(())
    }

    /// Writes a global heap of texts; gives what leads to each: its length, where the heap lies, and its number in it.
    fn heap(&mut self, texts: &[String]) -> Result<Vec<[u8; 16]>, FormatError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let address = self.at.next_multiple_of(8);
        let mut objects = Vec::new();
        let mut places = Vec::with_capacity(texts.len());
        for (text, number) in texts.iter().zip(1_u16..) {
            let length = u32::try_from(text.len());
            let length = length.map_err(|_wide| FormatError::Unsupported("a text of 4 GiB".to_owned()))?;
            let mut place = [0; 16];
            place[..4].copy_from_slice(&length.to_le_bytes());
            place[4..12].copy_from_slice(&address.to_le_bytes());
            place[12..].copy_from_slice(&u32::from(number).to_le_bytes());
            places.push(place);
            objects.extend(number.to_le_bytes());
            objects.extend([1, 0, 0, 0, 0, 0]);
            objects.extend(u64::from(length).to_le_bytes());
            objects.extend(text.as_bytes());
            objects.resize(objects.len().next_multiple_of(8), 0);
        }
        if places.len() < texts.len() {
            let text = format!("an object of an HDF5 file cannot have {} texts", texts.len());
            return Err(FormatError::Unsupported(text));
        }
        // What is left is one free object, number zero.
        let size = (16 + objects.len() + 16).max(HEAP_MIN);
        let mut heap = b"GCOL\x01\0\0\0".to_vec();
        heap.extend((size as u64).to_le_bytes());
        heap.extend(&objects);
        heap.extend([0; 8]);
        heap.extend(((size - 16 - objects.len()) as u64).to_le_bytes());
        heap.resize(size, 0);
        self.put_aligned(&heap)?;
        Ok(places)
    }
}
