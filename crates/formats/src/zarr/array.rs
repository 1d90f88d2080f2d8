//! Rows of an array out of its chunks.
//!
//! ```text
//!             axis 1 ─▶
//!   axis 0  │ chunk │ chunk │ ─ a band: all chunks of one step of the first axis
//!     │     ├───────┼───────┤
//!     ▼     │ chunk │  not  │ ─ a chunk that is not there is full of the fill value
//!           │       │ there │
//! ```
//!
//! **Invariant:** only chunks that are there cost time: a band without any is filled at once, and only so many of them are.

use std::collections::VecDeque;
use std::rc::Rc;

use super::codec::{crc32c, decode, texts};
use super::meta::ArrayMeta;
use super::store::{Item, Store};
use crate::FormatError;
use crate::elements::reordered;

/// Bytes of a chunk as it is stored. One that does not compress is a little larger than its elements.
const STORED_MAX: u64 = (256 << 20) + (16 << 20);
/// Bytes that texts of one chunk may have.
const TEXTS_MAX: usize = 256 << 20;
/// Chunks that one shard may have.
const SHARD_CHUNKS_MAX: u64 = 4 << 20;
/// Indexes of shards that are kept.
const KEPT_INDEXES: usize = 8;
/// Rows, and bytes, of an array that no chunk holds, and that are delivered all the same.
const FILLED_ROWS_MAX: u64 = 1 << 26;
const FILLED_BYTES_MAX: u64 = 4 << 30;
/// Decompressed chunks that are kept, by their bytes and by their number.
const KEPT_BYTES: usize = 128 << 20;
const KEPT_CHUNKS: usize = 256;

/// Decompressed chunks that were used last.
pub(super) struct Cache {
    /// The last used comes last.
    kept: VecDeque<(Key, Rc<Vec<u8>>)>,
    bytes: usize,
    room: usize,
}

impl Default for Cache {
    fn default() -> Self {
        Self::with_room(KEPT_BYTES)
    }
}

/// Array, file among its files, chunk in the file.
type Key = (usize, u64, u64);

impl Cache {
    /// A cache of so many bytes, or of one chunk where that is larger.
    pub(super) fn with_room(room: usize) -> Self {
        Self { kept: VecDeque::new(), bytes: 0, room }
    }

    fn get(&mut self, key: Key) -> Option<Rc<Vec<u8>>> {
        let at = self.kept.iter().position(|(kept, _)| *kept == key)?;
        let entry = self.kept.remove(at)?;
        let bytes = Rc::clone(&entry.1);
        self.kept.push_back(entry);
        Some(bytes)
    }

    fn make_room(&mut self, bytes: usize) {
        while self.bytes.saturating_add(bytes) > self.room || self.kept.len() >= KEPT_CHUNKS {
            let Some((_, gone)) = self.kept.pop_front() else { return };
            self.bytes -= gone.len();
        }
    }

    fn put(&mut self, key: Key, bytes: &Rc<Vec<u8>>) {
        self.make_room(bytes.len());
        self.bytes += bytes.len();
        self.kept.push_back((key, Rc::clone(bytes)));
    }
}

/// Where each inner chunk of a shard lies, and its length.
type ShardIndex = Rc<Vec<(u64, u64)>>;

/// An array that is read.
pub(super) struct Array {
    pub(super) meta: ArrayMeta,
    /// Tells its chunks from those of other arrays in the cache.
    number: usize,
    /// Files per axis.
    grid: Vec<u64>,
    /// Files by their number in the grid, in row-major order.
    files: Vec<(u64, Item)>,
    indexes: VecDeque<(u64, ShardIndex)>,
    /// Rows that no chunk holds, so far.
    pub(super) filled: u64,
}

/// A chunk that is there: its file, and where in the file it is when there are several.
struct Place {
    file: u64,
    item: Item,
    inner: Option<(u64, u64, u64)>,
    /// Where its first element lies in the array.
    origin: Vec<u64>,
}

impl Array {
    /// Finds the files of the array at `path`. Opens none of them.
    pub(super) fn new(store: &Store<'_>, meta: &ArrayMeta, path: &str, number: usize) -> Self {
        let unit = meta.shard.as_ref().map_or(&meta.chunk, |shard| &shard.shape);
        let grid: Vec<u64> = meta.shape.iter().zip(unit).map(|(length, chunk)| length.div_ceil(*chunk)).collect();
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let place = |item: Item| {
            let name = store.key(item).get(prefix.len()..)?;
            Some((file_number(name, &grid, meta)?, item))
        };
        let mut files: Vec<(u64, Item)> = store.under(&prefix).filter_map(place).collect();
        files.sort_unstable_by_key(|(number, _)| *number);
        Self { meta: meta.clone(), number, grid, files, indexes: VecDeque::new(), filled: 0 }
    }

    /// The first row of a band that is there.
    pub(super) fn first_stored_row(&self) -> Option<u64> {
        let across = self.across();
        let unit = self.unit();
        self.files.first().map(|(number, _)| (number / across.max(1)) * unit)
    }

    /// Rows of one file.
    fn unit(&self) -> u64 {
        let chunk = self.meta.chunk.first().copied().unwrap_or(1);
        self.meta.shard.as_ref().map_or(chunk, |shard| shard.shape.first().copied().unwrap_or(1))
    }

    /// Files side by side.
    fn across(&self) -> u64 {
        self.grid.iter().skip(1).product()
    }

    /// Where the band ends that a row lies in.
    pub(super) fn band_end(&self, row: u64) -> u64 {
        let step = self.meta.chunk.first().copied().unwrap_or(1);
        (row / step).saturating_add(1).saturating_mul(step).min(self.meta.rows())
    }

    /// Appends `count` rows from row `from` on, which lie in one band. `out` is as long as before when this fails.
    ///
    /// # Errors
    ///
    /// When a chunk of them is damaged, or the source fails.
    pub(super) fn rows(
        &mut self,
        store: &Store<'_>,
        cache: &mut Cache,
        from: u64,
        count: u64,
        out: &mut Vec<u8>,
    ) -> Result<(), FormatError> {
        let places = self.places(store, from)?;
        let across: u64 = self.across_chunks();
        if (places.len() as u64) < across {
            self.count_filled(count)?;
        }
        let begin = out.len();
        // OK to multiply and cast: the caller asks for no more rows than it wants to hold.
        let bytes = self.meta.row_bytes() * count as usize;
        out.reserve(bytes);
        if self.meta.fill.iter().all(|byte| *byte == 0) {
            out.resize(begin + bytes, 0);
        } else if (places.len() as u64) < across {
            out.extend(self.meta.fill.iter().copied().cycle().take(bytes));
        } else {
            out.resize(begin + bytes, 0);
        }
        for place in &places {
            match self.chunk(store, cache, place, (from, count)) {
                Ok(chunk) => copy(&self.meta, &chunk, &place.origin, (from, count), &mut out[begin..]),
                Err(error) => {
                    out.truncate(begin);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// The texts of rows that lie in one band of an array of texts of any length.
    pub(super) fn texts(&mut self, store: &Store<'_>, from: u64, count: u64) -> Result<Vec<String>, FormatError> {
        let places = self.places(store, from)?;
        let Some(place) = places.first() else {
            self.count_filled(count)?;
            // OK to cast: as many as the caller wants to hold.
            return Ok(vec![self.meta.fill_text.clone(); count as usize]);
        };
        let (bytes, at) = self.stored(store, place)?;
        let damaged = |why| store.damaged(place.item, at, why);
        let most = self.meta.chunk.first().copied().unwrap_or(1);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let (_, steps) = self.meta.steps.split_first().unwrap_or((&super::codec::Step::Texts, &[]));
        let all = decode(steps, bytes, None, TEXTS_MAX).and_then(|bytes| texts(&bytes, most)).map_err(damaged)?;
        // OK to cast and subtract: the row lies in the chunk, whose texts were counted.
        let skip = (from - place.origin.first().copied().unwrap_or(0)) as usize;
        let wanted: Vec<String> = all.into_iter().skip(skip).take(count as usize).collect();
        match wanted.len() as u64 == count {
            true => Ok(wanted),
            false => Err(damaged(format!("it has {} of {count} texts", wanted.len()))),
        }
    }

    /// Where the one chunk of a row lies as bytes of the recording; `Ok(None)` where it is not there.
    pub(super) fn bare(&mut self, store: &Store<'_>, row: u64) -> Result<Option<(usize, u64, u64)>, FormatError> {
        let places = self.places(store, row)?;
        let Some(place) = places.first() else {
            self.count_filled(1)?;
            return Ok(None);
        };
        let Some((file, offset, length)) = store.bare(place.item)? else {
            return Err(store.damaged(place.item, 0, "the archive compresses its pictures once more".to_owned()));
        };
        match place.inner {
            None => Ok(Some((file, offset, length))),
            Some((_, begin, inner)) if begin.checked_add(inner).is_some_and(|end| end <= length) => {
                Ok(Some((file, offset + begin, inner)))
            }
            Some((_, begin, _)) => Err(store.damaged(place.item, begin, "a chunk ends beyond its shard".to_owned())),
        }
    }

    /// Chunks side by side.
    fn across_chunks(&self) -> u64 {
        let lengths = self.meta.shape.iter().zip(&self.meta.chunk).skip(1);
        lengths.map(|(length, chunk)| length.div_ceil(*chunk)).product()
    }

    fn count_filled(&mut self, rows: u64) -> Result<(), FormatError> {
        let filled = self.filled.saturating_add(rows);
        let bytes = filled.saturating_mul(self.meta.row_bytes() as u64);
        if filled > FILLED_ROWS_MAX || bytes > FILLED_BYTES_MAX {
            return Err(FormatError::Unsupported(format!(
                "more than {} of its rows lie in chunks that are not there",
                self.filled
            )));
        }
        self.filled = filled;
        Ok(())
    }

    /// The chunks of the band of a row that are there.
    fn places(&mut self, store: &Store<'_>, row: u64) -> Result<Vec<Place>, FormatError> {
        let across = self.across();
        let first = (row / self.unit()).saturating_mul(across);
        let from = self.files.partition_point(|(number, _)| *number < first);
        let to = self.files.partition_point(|(number, _)| *number < first.saturating_add(across));
        let mut places = Vec::new();
        for at in from..to {
            // OK to index: both ends were found in the list.
            let (file, item) = self.files[at];
            let unit = self.meta.shard.as_ref().map_or(&self.meta.chunk, |shard| &shard.shape).clone();
            let origin: Vec<u64> =
                coordinates(file, &self.grid).iter().zip(&unit).map(|(at, unit)| at * unit).collect();
            if self.meta.shard.is_none() {
                places.push(Place { file, item, inner: None, origin });
                continue;
            }
            let index = self.index(store, file, item)?;
            let inner: Vec<u64> = unit.iter().zip(&self.meta.chunk).map(|(shard, chunk)| shard / chunk).collect();
            let beside = inner.iter().skip(1).product::<u64>();
            // OK because chunks have elements.
            let step = (row - origin.first().copied().unwrap_or(0)) / self.meta.chunk.first().copied().unwrap_or(1);
            for number in step * beside..(step + 1) * beside {
                let entry = usize::try_from(number).ok().and_then(|number| index.get(number)).copied();
                let Some((begin, length)) = entry.filter(|entry| *entry != (u64::MAX, u64::MAX)) else { continue };
                let at = coordinates(number, &inner);
                let at = at.iter().zip(&self.meta.chunk).zip(&origin).map(|((at, chunk), origin)| origin + at * chunk);
                let at: Vec<u64> = at.collect();
                if at.iter().zip(&self.meta.shape).all(|(at, length)| at < length) {
                    places.push(Place { file, item, inner: Some((number, begin, length)), origin: at });
                }
            }
        }
        Ok(places)
    }

    /// The index of a shard: where each of its chunks begins and how long it is.
    fn index(&mut self, store: &Store<'_>, file: u64, item: Item) -> Result<Rc<Vec<(u64, u64)>>, FormatError> {
        if let Some((_, index)) = self.indexes.iter().find(|(kept, _)| *kept == file) {
            return Ok(Rc::clone(index));
        }
        let Some(shard) = &self.meta.shard else { return Ok(Rc::default()) };
        let counts = shard.shape.iter().zip(&self.meta.chunk).map(|(shard, chunk)| shard / chunk);
        let count = counts.fold(1_u64, u64::saturating_mul);
        let size = store.size(item);
        let length = count.saturating_mul(16).saturating_add(if shard.has_sum { 4 } else { 0 });
        if count > SHARD_CHUNKS_MAX || length > size {
            let why = format!("an index of {count} chunks does not fit into its {size} bytes");
            return Err(store.damaged(item, 0, why));
        }
        let begin = if shard.at_end { size - length } else { 0 };
        let mut bytes = store.range(item, begin, length, STORED_MAX)?;
        if shard.has_sum {
            // OK to cast and index: the index has its entries and four bytes.
            let entries = count as usize * 16;
            let saved = bytes.split_off(entries);
            let sum = crc32c(&bytes);
            if saved != sum.to_le_bytes() {
                let why = format!("the checksum of its index is {saved:02x?}, and {sum:08x} comes out");
                return Err(store.damaged(item, begin, why));
            }
        }
        let word = |bytes: &[u8]| bytes.first_chunk().map_or(u64::MAX, |word| u64::from_le_bytes(*word));
        // OK to index: entries are exact.
        let index: Vec<(u64, u64)> =
            bytes.chunks_exact(16).map(|entry| (word(&entry[..8]), word(&entry[8..]))).collect();
        let there = index.iter().filter(|entry| **entry != (u64::MAX, u64::MAX));
        if there.fold(0, |sum: u64, entry| sum.saturating_add(entry.1)) > size {
            return Err(store.damaged(item, begin, "its chunks overlap".to_owned()));
        }
        let index = Rc::new(index);
        self.indexes.push_back((file, Rc::clone(&index)));
        if self.indexes.len() > KEPT_INDEXES {
            self.indexes.pop_front();
        }
        Ok(index)
    }

    /// The bytes of a chunk as they are stored, and where they begin in their item.
    fn stored(&self, store: &Store<'_>, place: &Place) -> Result<(Vec<u8>, u64), FormatError> {
        Ok(match place.inner {
            None => (store.read(place.item, STORED_MAX)?, 0),
            Some((_, begin, length)) => {
                if length > STORED_MAX {
                    return Err(store.damaged(place.item, begin, format!("a chunk of {length} bytes")));
                }
                (store.range(place.item, begin, length, STORED_MAX)?, begin)
            }
        })
    }

    /// The elements of a chunk, in the order of the array's axes. Kept if more of them than these rows may be wanted.
    fn chunk(
        &self,
        store: &Store<'_>,
        cache: &mut Cache,
        place: &Place,
        rows: (u64, u64),
    ) -> Result<Rc<Vec<u8>>, FormatError> {
        let key = (self.number, place.file, place.inner.map_or(0, |(number, ..)| number));
        if let Some(chunk) = cache.get(key) {
            return Ok(chunk);
        }
        // OK to multiply and cast: checked by ArrayMeta.
        let elements = self.meta.chunk.iter().product::<u64>() as usize;
        let size = elements * self.meta.element.size;
        cache.make_room(size);
        let (bytes, at) = self.stored(store, place)?;
        let damaged = |why| store.damaged(place.item, at, why);
        let mut chunk = decode(&self.meta.steps, bytes, Some(size), size).map_err(damaged)?;
        self.meta.element.to_little(&mut chunk);
        if let Some(order) = &self.meta.order {
            chunk = reordered(&chunk, &self.meta.chunk, order, self.meta.element.size);
        }
        let chunk = Rc::new(chunk);
        let begin = place.origin.first().copied().unwrap_or(0);
        let end = self.band_end(begin);
        if rows.0 > begin || rows.0 + rows.1 < end {
            cache.put(key, &chunk);
        }
        Ok(chunk)
    }
}

/// The number in the grid of a file of that name: `0.1.2`, `c/0/1/2`.
fn file_number(name: &str, grid: &[u64], meta: &ArrayMeta) -> Option<u64> {
    let name = match meta.prefixed {
        true if grid.is_empty() => return (name == "c").then_some(0),
        true => name.strip_prefix('c')?.strip_prefix(meta.separator)?,
        false if grid.is_empty() => return (name == "0").then_some(0),
        false => name,
    };
    let mut parts = name.split(meta.separator);
    let mut number = 0_u64;
    for count in grid {
        let part = parts.next()?;
        let is_plain = part.bytes().all(|byte| byte.is_ascii_digit()) && (part.len() == 1 || !part.starts_with('0'));
        let at: u64 = part.parse().ok().filter(|at| is_plain && at < count)?;
        number = number.checked_mul(*count)?.checked_add(at)?;
    }
    parts.next().is_none().then_some(number)
}

/// Where a number lies in a grid.
fn coordinates(mut number: u64, grid: &[u64]) -> Vec<u64> {
    let mut at = vec![0; grid.len()];
    for (at, count) in at.iter_mut().zip(grid).rev() {
        // OK to divide: a grid with a number in it has no empty axis.
        *at = number % (*count).max(1);
        number /= (*count).max(1);
    }
    at
}

/// Copies what a chunk holds of `count` rows from row `from` on.
fn copy(meta: &ArrayMeta, chunk: &[u8], origin: &[u64], (from, count): (u64, u64), out: &mut [u8]) {
    let size = meta.element.size;
    let axes = meta.shape.len();
    if axes == 0 {
        out.copy_from_slice(chunk);
        return;
    }
    // What of the chunk is wanted, per axis: from where in the chunk, from where in the output, how many.
    let mut parts = Vec::with_capacity(axes);
    for (axis, (&origin, (&shape, &chunk))) in origin.iter().zip(meta.shape.iter().zip(&meta.chunk)).enumerate() {
        let (begin, length) = if axis == 0 { (from, count) } else { (0, shape) };
        let low = origin.max(begin);
        let high = origin.saturating_add(chunk).min(begin.saturating_add(length));
        if low >= high {
            return;
        }
        // OK to cast: places within what is in memory.
        parts.push(((low - origin) as usize, (low - begin) as usize, (high - low) as usize));
    }
    let extent = |axis: usize| if axis == 0 { count as usize } else { meta.shape[axis] as usize };
    // Axes that the chunk covers from end to end are copied together with the axis before them.
    let mut last = axes - 1;
    let mut run = parts[last].2;
    let (mut inner, mut outer) = (1, 1);
    while last > 0 && parts[last].2 == extent(last) && meta.chunk[last] as usize == extent(last) {
        inner *= meta.chunk[last] as usize;
        outer *= extent(last);
        last -= 1;
        run = parts[last].2 * inner;
    }
    let mut at = vec![0; last];
    loop {
        let (mut from, mut to) = (0, 0);
        for (axis, part) in parts.iter().enumerate().take(last + 1) {
            let step = at.get(axis).copied().unwrap_or(0);
            from = from * meta.chunk[axis] as usize + part.0 + step;
            to = to * extent(axis) + part.1 + step;
        }
        // OK to multiply and index: both lie within the chunk and the output, which are in memory.
        let (from, to, bytes) = (from * inner * size, to * outer * size, run * size);
        out[to..to + bytes].copy_from_slice(&chunk[from..from + bytes]);
        let Some(axis) = (0..last).rev().find(|axis| at[*axis] + 1 < parts[*axis].2) else { return };
        at[axis] += 1;
        at[axis + 1..].fill(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_chunks_are_numbers_in_the_grid() {
        let meta = |text: &str| ArrayMeta::v2(&serde_json::from_str(text).unwrap()).unwrap();
        let dots = meta(r#"{"shape":[10,3],"chunks":[4,2],"dtype":"<f4"}"#);
        let grid = [3, 2];
        assert_eq!(file_number("2.1", &grid, &dots), Some(5));
        for odd in ["2", "2.1.0", "3.0", "02.1", "+2.1", "2.-1", ".zarray", "c/0/0", ""] {
            assert_eq!(file_number(odd, &grid, &dots), None, "{odd}");
        }
        assert_eq!(coordinates(5, &grid), [2, 1]);
    }

    #[test]
    fn axes_come_back_into_their_order() {
        // Stored as columns: (0,0) (1,0) (0,1) (1,1) (0,2) (1,2).
        assert_eq!(reordered(&[1, 4, 2, 5, 3, 6], &[2, 3], &[1, 0], 1), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn parts_of_chunks_are_copied_to_their_rows() {
        let text = r#"{"shape":[5,3,2],"chunks":[2,2,2],"dtype":"|u1"}"#;
        let meta = ArrayMeta::v2(&serde_json::from_str(text).unwrap()).unwrap();
        let mut out = vec![0; 12];
        let chunk: Vec<u8> = (1..=8).collect();
        copy(&meta, &chunk, &[2, 2, 0], (3, 2), &mut out);
        assert_eq!(out, [0, 0, 0, 0, 5, 6, 0, 0, 0, 0, 0, 0]);
        copy(&meta, &chunk, &[2, 0, 0], (3, 2), &mut out);
        assert_eq!(out, [5, 6, 7, 8, 5, 6, 0, 0, 0, 0, 0, 0]);
    }
}
