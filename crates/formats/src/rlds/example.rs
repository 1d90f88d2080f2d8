//! A record as `tf.train.Example`: which feature lies where, and the values of one.
//!
//! ```text
//!   Example { features = 1: Features { feature = 1: map<string, Feature> } }
//!   Feature { bytes_list = 1 | float_list = 2 | int64_list = 3 }        each List { value = 1, repeated }
//! ```
//!
//! Numbers may be packed (one field of all values) or not (one field each), also both in one list, as Protocol Buffers have it. The
//! first pass reads keys only and jumps over values; values are read when somebody wants them.
//!
//! **Invariant:** nothing is copied but numbers that are asked for; a text or a picture is a place.

use std::collections::BTreeMap;

use super::window::{Stop, Window};

/// Bytes that a key may have.
const KEY_MAX: u64 = 4096;

/// Bytes of packed numbers that are taken from the window at once.
const TAKEN: u64 = 1 << 16;

/// Which list a feature has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bytes,
    Floats,
    Integers,
}

/// Where the list of a feature lies in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) kind: Kind,
    pub(super) start: u64,
    pub(super) end: u64,
}

/// What a field of a message holds.
#[derive(Debug, Clone, Copy)]
enum Field {
    Varint(u64),
    /// Four bytes at this place.
    Fixed32(u64),
    /// Bytes from here to there.
    Bytes(u64, u64),
    /// Eight bytes, which no message here has.
    Other,
}

fn broken<T>(offset: u64, why: &'static str) -> Result<T, Stop> {
    Err(Stop::Broken { offset, why })
}

fn varint(window: &mut Window<'_>, at: &mut u64, end: u64) -> Result<u64, Stop> {
    let bytes = window.bytes(*at, end.min(at.saturating_add(10)))?;
    let mut number = 0;
    for (k, byte) in bytes.iter().enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * k);
        if byte & 0x80 == 0 {
            *at += k as u64 + 1;
            return Ok(number);
        }
    }
    broken(*at, "a number does not end")
}

/// The next field of a message that ends at `end`.
fn field(window: &mut Window<'_>, at: &mut u64, end: u64) -> Result<Option<(u64, Field)>, Stop> {
    if *at >= end {
        return Ok(None);
    }
    let begin = *at;
    let tag = varint(window, at, end)?;
    let sized = |at: &mut u64, size: u64| {
        let start = *at;
        match start.checked_add(size).filter(|after| *after <= end) {
            Some(after) => {
                *at = after;
                Ok((start, after))
            }
            None => broken(begin, "a field is longer than what it is in"),
        }
    };
    let value = match tag & 7 {
        0 => Field::Varint(varint(window, at, end)?),
        1 => sized(at, 8).map(|_| Field::Other)?,
        2 => {
            let size = varint(window, at, end)?;
            sized(at, size).map(|(start, end)| Field::Bytes(start, end))?
        }
        5 => sized(at, 4).map(|(start, _)| Field::Fixed32(start))?,
        _ => return broken(begin, "a field has a type that there is not"),
    };
    Ok(Some((tag >> 3, value)))
}

/// Where the features of a record lie, and how many others there are.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// By the number of the key.
    pub(super) places: BTreeMap<usize, Place>,
    /// Features that nobody asked for, the first of them by name.
    pub(super) others: u64,
    pub(super) other: Option<String>,
}

/// Reads the keys of the record from `start` until before `end`. What was found before the record breaks is in `index`.
pub(super) fn index(
    window: &mut Window<'_>,
    (start, end): (u64, u64),
    keys: &BTreeMap<String, usize>,
    index: &mut Index,
) -> Result<(), Stop> {
    let mut at = start;
    while let Some((number, value)) = field(window, &mut at, end)? {
        let (1, Field::Bytes(mut at, end)) = (number, value) else { continue };
        while let Some((number, value)) = field(window, &mut at, end)? {
            let (1, Field::Bytes(at, end)) = (number, value) else { continue };
            entry(window, (at, end), keys, index)?;
        }
    }
    Ok(())
}

/// One entry of the map. A key that comes again replaces what came before, as maps of Protocol Buffers have it.
fn entry(
    window: &mut Window<'_>,
    (mut at, end): (u64, u64),
    keys: &BTreeMap<String, usize>,
    index: &mut Index,
) -> Result<(), Stop> {
    let mut key = None;
    let mut feature = None;
    while let Some((number, value)) = field(window, &mut at, end)? {
        match (number, value) {
            (1, Field::Bytes(start, end)) => key = Some((start, end)),
            (2, Field::Bytes(start, end)) => feature = Some((start, end)),
            _ => {}
        }
    }
    let (start, end) = key.unwrap_or((end, end));
    if end - start > KEY_MAX {
        return broken(start, "the name of a feature is too long");
    }
    let Ok(key) = std::str::from_utf8(window.bytes(start, end)?) else {
        return broken(start, "the name of a feature is no text");
    };
    let Some(&number) = keys.get(key) else {
        index.others += 1;
        index.other.get_or_insert_with(|| key.to_owned());
        return Ok(());
    };
    let Some((mut at, end)) = feature else { return Ok(()) };
    while let Some((number_of_list, value)) = field(window, &mut at, end)? {
        let Field::Bytes(start, end) = value else { continue };
        let kind = match number_of_list {
            1 => Kind::Bytes,
            2 => Kind::Floats,
            3 => Kind::Integers,
            _ => continue,
        };
        index.places.insert(number, Place { kind, start, end });
    }
    Ok(())
}

/// The values of one list, in order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values {
    at: u64,
    end: u64,
    /// Where the packed field ends that is being read.
    packed: u64,
}

impl Values {
    pub(super) const fn new(place: Place) -> Self {
        Self { at: place.start, end: place.end, packed: place.start }
    }

    /// Where the next field or number begins.
    pub(super) const fn at(&self) -> u64 {
        self.at
    }

    /// The next text or picture: where it begins and ends.
    pub(super) fn bytes(&mut self, window: &mut Window<'_>) -> Result<Option<(u64, u64)>, Stop> {
        while let Some((number, value)) = field(window, &mut self.at, self.end)? {
            if let (1, Field::Bytes(start, end)) = (number, value) {
                return Ok(Some((start, end)));
            }
        }
        Ok(None)
    }

    /// Appends at most `count` numbers. Fewer are left where fewer come.
    pub(super) fn floats(&mut self, window: &mut Window<'_>, count: usize, out: &mut Vec<f32>) -> Result<(), Stop> {
        let mut left = count as u64;
        while left > 0 {
            if self.at < self.packed {
                if self.packed - self.at < 4 {
                    return broken(self.at, "packed numbers do not come out even");
                }
                let size = (left * 4).min((self.packed - self.at) / 4 * 4).min(TAKEN);
                let (numbers, _) = window.bytes(self.at, self.at + size)?.as_chunks::<4>();
                out.extend(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)));
                self.at += size;
                left -= size / 4;
                continue;
            }
            match field(window, &mut self.at, self.end)? {
                None => break,
                Some((1, Field::Bytes(start, end))) => (self.at, self.packed) = (start, end),
                Some((1, Field::Fixed32(start))) => {
                    let bytes = window.bytes(start, start + 4)?;
                    out.extend(bytes.first_chunk().map(|bytes| f32::from_le_bytes(*bytes)));
                    left -= 1;
                }
                Some((1, _)) => return broken(self.at, "a number has the wrong type"),
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Appends at most `count` numbers. Fewer are left where fewer come.
    pub(super) fn integers(&mut self, window: &mut Window<'_>, count: usize, out: &mut Vec<i64>) -> Result<(), Stop> {
        let wanted = out.len().saturating_add(count);
        while out.len() < wanted {
            if self.at < self.packed {
                self.packed_integers(window, wanted, out)?;
                continue;
            }
            match field(window, &mut self.at, self.end)? {
                None => break,
                Some((1, Field::Bytes(start, end))) => (self.at, self.packed) = (start, end),
                // OK to cast: a negative number is on the wire as its two's complement.
                Some((1, Field::Varint(number))) => out.push(number as i64),
                Some((1, _)) => return broken(self.at, "a number has the wrong type"),
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Appends packed numbers until there are `wanted`, or a piece of them is through.
    fn packed_integers(&mut self, window: &mut Window<'_>, wanted: usize, out: &mut Vec<i64>) -> Result<(), Stop> {
        let end = self.packed.min(self.at.saturating_add(TAKEN));
        let bytes = window.bytes(self.at, end)?;
        let (mut number, mut shift, mut done) = (0, 0, 0);
        for (k, byte) in bytes.iter().enumerate() {
            if shift > 63 {
                return broken(self.at + done, "a number does not end");
            }
            number |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                // OK to cast: as above.
                out.push(number as i64);
                (number, shift, done) = (0, 0, k as u64 + 1);
                if out.len() == wanted {
                    break;
                }
            }
        }
        if done == 0 {
            return broken(self.at, "a number does not end");
        }
        self.at += done;
        Ok(())
    }
}

/// How many values a list has.
pub(super) fn count(window: &mut Window<'_>, place: Place) -> Result<u64, Stop> {
    let mut at = place.start;
    let mut found = 0;
    while let Some((number, value)) = field(window, &mut at, place.end)? {
        found += match (number, value, place.kind) {
            (1, Field::Bytes(..), Kind::Bytes)
            | (1, Field::Varint(_), Kind::Integers)
            | (1, Field::Fixed32(_), Kind::Floats) => 1,
            (1, Field::Bytes(start, end), Kind::Floats) => (end - start) / 4,
            (1, Field::Bytes(start, end), Kind::Integers) => ends(window, start, end)?,
            _ => 0,
        };
    }
    Ok(found)
}

/// Bytes that end a packed number.
fn ends(window: &mut Window<'_>, start: u64, end: u64) -> Result<u64, Stop> {
    let (mut at, mut found) = (start, 0);
    while at < end {
        let piece = end.min(at + TAKEN);
        found += window.bytes(at, piece)?.iter().filter(|byte| **byte < 0x80).count() as u64;
        at = piece;
    }
    Ok(found)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::record::Record;
    use super::*;
    use prairie_model::MemorySource;

    /// A field of bytes.
    pub(crate) fn part(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![number << 3 | 2];
        let mut length = bytes.len();
        while length > 0x7f {
            out.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        out.push(length as u8);
        out.extend_from_slice(bytes);
        out
    }

    /// An example of these features: name, number of the list, the bytes of the list.
    pub(crate) fn example(features: &[(&str, u8, Vec<u8>)]) -> Vec<u8> {
        let entry = |(name, kind, list): &(&str, u8, Vec<u8>)| {
            part(1, &[part(1, name.as_bytes()), part(2, &part(*kind, list))].concat())
        };
        part(1, &features.iter().map(entry).collect::<Vec<_>>().concat())
    }

    fn read<T>(bytes: Vec<u8>, size: u64, read: impl Fn(&mut Window<'_>, Place) -> T) -> (Index, Option<T>) {
        let length = bytes.len() as u64;
        let source = MemorySource::new([("a".to_owned(), bytes)]);
        let mut window = Window::new(&source, 0, Record { start: 0, length }, size);
        let mut found = Index::default();
        let keys = BTreeMap::from([("a".to_owned(), 0)]);
        index(&mut window, (0, length), &keys, &mut found).unwrap();
        let value = found.places.get(&0).map(|place| read(&mut window, *place));
        (found, value)
    }

    #[test]
    fn packed_and_unpacked_numbers_are_the_same() {
        let floats: Vec<u8> = [1.5_f32, -2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
        let one = [&[0x0d], &7.0_f32.to_le_bytes()[..]].concat();
        let mixed = [part(1, &floats), one, part(1, &floats[..4])].concat();
        for size in [1, 7, 1 << 20] {
            let bytes = example(&[("b", 1, vec![]), ("a", 2, mixed.clone())]);
            let (found, values) = read(bytes, size, |window, place| {
                let (mut values, mut out) = (Values::new(place), Vec::new());
                values.floats(window, 3, &mut out).unwrap();
                values.floats(window, 3, &mut out).unwrap();
                (count(window, place).unwrap(), out)
            });
            assert_eq!(values, Some((4, vec![1.5, -2.0, 7.0, 1.5])));
            assert_eq!((found.others, found.other.as_deref()), (1, Some("b")));
            let minus = [0xff; 9].into_iter().chain([1]).collect::<Vec<u8>>();
            let integers = [part(1, &[1, 0x80, 2]), [&[8], &minus[..]].concat(), vec![8, 3]].concat();
            let (_, values) = read(example(&[("a", 3, integers)]), size, |window, place| {
                let (mut values, mut out) = (Values::new(place), Vec::new());
                values.integers(window, 1, &mut out).unwrap();
                values.integers(window, 9, &mut out).unwrap();
                (count(window, place).unwrap(), out)
            });
            assert_eq!(values, Some((4, vec![1, 256, -1, 3])));
        }
    }

    #[test]
    fn a_key_that_comes_again_replaces() {
        let bytes = example(&[("a", 1, part(1, b"x")), ("a", 1, part(1, b"yz"))]);
        let (_, value) = read(bytes, 64, |window, place| {
            let (start, end) = Values::new(place).bytes(window).unwrap().unwrap();
            window.bytes(start, end).unwrap().to_vec()
        });
        assert_eq!(value.as_deref(), Some(&b"yz"[..]));
    }
}
