//! The elements of a dataset, some rows at a time: a row is all that has one index along the first axis.
//!
//! ```text
//!   rows ─▶ chunks that begin in their bands ─▶ read, undo filters ─▶ copied to where they belong in row-major order
//!           band: the rows that one chunk has
//! ```
//!
//! **Invariant:** at most [`BAND_MAX`] bytes of rows (or one row, of at most [`ROW_MAX`]) and one chunk of at most [`CHUNK_MAX`] are
//! held, whatever the shape of the chunks.

use std::ops::Range;

use super::array::{ExtensibleArray, FixedArray};
use super::btree1;
use super::btree2::Tree;
use super::cursor::Parsed;
use super::dataset::{Chunked, Dataset, Index, Layout, Space, chunk_tree};
use super::file::File;
use super::filter::Buffers;
use crate::FormatError;

/// Bytes of rows that are read at once, where chunks do not ask for more.
const SLAB_BYTES: u64 = 4 << 20;

/// Bytes of the rows of one band that are read at once. Of larger bands, chunks are decoded several times.
const BAND_MAX: u64 = 32 << 20;

/// Bytes of one row.
const ROW_MAX: u64 = 64 << 20;

/// Bytes of one chunk.
const CHUNK_MAX: u64 = 64 << 20;

/// Chunks of several bands that are read at once.
const CHUNKS_AT_ONCE: u64 = 1 << 16;

/// Chunks of one band.
const CHUNKS_MAX: u64 = 1 << 20;

/// One chunk: the element at which it begins along each axis, and where it lies.
#[derive(Debug, Clone)]
struct Chunk {
    starts: Vec<u64>,
    address: u64,
    /// Bytes in the file.
    stored: u64,
    mask: u32,
}

/// The heads of what finds chunks.
enum Finder {
    Nothing,
    BTree1(u64),
    Single(u64, Option<(u64, u32)>),
    Implicit(u64),
    Fixed(FixedArray),
    Extensible(ExtensibleArray),
    BTree2(Tree, Option<usize>),
}

/// Reads rows of one dataset.
pub(in crate::hdf5) struct Rows {
    dataset: Dataset,
    /// Lengths of the axes; a single element is a row.
    dims: Vec<u64>,
    row_bytes: u64,
    /// Chunks that lie beside each other.
    per_band: u64,
    finder: Finder,
    buffers: Buffers,
    /// The chunk whose elements the buffers hold.
    decoded: Option<u64>,
    /// The chunks of the rows that were read last.
    chunks: Vec<Chunk>,
    /// Bytes that may still be decoded: chunks may share what they are stored in, but not without end.
    pub(in crate::hdf5) allowance: u64,
}

impl Rows {
    /// Opens a dataset, of which nobody said that it is unreadable.
    pub(in crate::hdf5) fn open(file: &File<'_>, dataset: Dataset) -> Result<Self, FormatError> {
        let fault = |why: String| FormatError::Unsupported(format!("failed to read a dataset: {why}"));
        if let Some(why) = &dataset.unreadable {
            return Err(fault(why.clone()));
        }
        let dims = match dataset.space.dims() {
            [] => vec![1],
            dims => dims.to_vec(),
        };
        let row_bytes = dataset.row_bytes().filter(|bytes| *bytes <= ROW_MAX);
        let row_bytes =
            row_bytes.ok_or_else(|| fault(format!("its rows have more than {} MiB each", ROW_MAX >> 20)))?;
        let mut finder = Finder::Nothing;
        let mut per_band = 1;
        if let Layout::Chunked(chunked) = &dataset.layout {
            let bytes =
                chunked.shape.iter().try_fold(dataset.datatype.size as u64, |product, n| product.checked_mul(*n));
            let limit = if dataset.filters.is_empty() { u64::MAX } else { CHUNK_MAX };
            if bytes.is_none_or(|bytes| bytes > limit) {
                return Err(fault(format!("its filtered chunks have more than {} MiB each", CHUNK_MAX >> 20)));
            }
            let counts = dims[1..].iter().zip(&chunked.shape[1..]).map(|(dim, n)| dim.div_ceil(*n));
            per_band = counts.fold(1_u64, u64::saturating_mul);
            if per_band > CHUNKS_MAX {
                return Err(fault(format!("{per_band} chunks lie beside each other")));
            }
            finder = Finder::open(file, chunked.index, dims.len())?;
        }
        let buffers = Buffers::default();
        Ok(Self {
            dataset,
            dims,
            row_bytes,
            per_band,
            finder,
            buffers,
            decoded: None,
            chunks: Vec::new(),
            allowance: u64::MAX,
        })
    }

    pub(in crate::hdf5) fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// Rows that it has.
    pub(in crate::hdf5) fn rows(&self) -> u64 {
        self.dims[0]
    }

    /// Bytes of a row.
    pub(in crate::hdf5) fn row_bytes(&self) -> usize {
        // OK to cast: not more than ROW_MAX.
        self.row_bytes as usize
    }

    /// The rows that are best read together with `row`, from it on.
    pub(in crate::hdf5) fn slab(&self, row: u64) -> Range<u64> {
        let per = |bytes: u64| (bytes / self.row_bytes.max(1)).max(1);
        let end = match &self.dataset.layout {
            Layout::Chunked(Chunked { shape, .. }) => {
                let band = shape[0];
                let alone = shape[1..].iter().zip(&self.dims[1..]).all(|(n, dim)| n >= dim);
                let band_end = (row / band).saturating_add(1).saturating_mul(band);
                let bands = (per(SLAB_BYTES) / band).min(CHUNKS_AT_ONCE / self.per_band);
                if bands > 1 {
                    band_end.saturating_add((bands - 1).saturating_mul(band))
                } else if alone {
                    // A chunk that was decoded is kept for the rows that follow.
                    band_end.min(row.saturating_add(per(SLAB_BYTES)))
                } else {
                    band_end.min(row.saturating_add(per(BAND_MAX)))
                }
            }
            _ => row.saturating_add(per(SLAB_BYTES)),
        };
        row..end.min(self.rows())
    }

    /// The rows that share a chunk with `row`.
    pub(in crate::hdf5) fn band(&self, row: u64) -> Range<u64> {
        match &self.dataset.layout {
            Layout::Chunked(Chunked { shape, .. }) => {
                let start = row / shape[0] * shape[0];
                start..start.saturating_add(shape[0]).min(self.rows())
            }
            _ => row..row.saturating_add(1).min(self.rows()),
        }
    }

    /// Rows that lie in the file as far as it goes, where the dataset is one piece.
    pub(in crate::hdf5) fn rows_there(&self, file: &File<'_>) -> Option<u64> {
        match &self.dataset.layout {
            Layout::Contiguous { address: Some(address), .. } => Some(file.left(*address) / self.row_bytes.max(1)),
            _ => None,
        }
    }

    /// Puts the bytes of `rows` into `out`, in row-major order.
    pub(in crate::hdf5) fn read(
        &mut self,
        file: &File<'_>,
        rows: Range<u64>,
        out: &mut Vec<u8>,
    ) -> Result<(), FormatError> {
        let count = rows.end.saturating_sub(rows.start);
        let bytes = count.checked_mul(self.row_bytes).filter(|bytes| *bytes <= ROW_MAX.max(BAND_MAX));
        let Some(bytes) = bytes.filter(|_| rows.end <= self.rows()) else {
            let why = format!("rows {} to {} of {} are too many at once", rows.start, rows.end, self.rows());
            return Err(FormatError::Unsupported(why));
        };
        // OK to cast: not more than ROW_MAX.
        let bytes = bytes as usize;
        self.chunks.clear();
        if bytes == 0 {
            out.clear();
            return Ok(());
        }
        // OK to multiply: the rows lie inside of the dataset, and a claim of too many is refused by the next step.
        let start = rows.start.checked_mul(self.row_bytes);
        match &self.dataset.layout {
            Layout::Compact(all) => {
                let part = start.and_then(|start| usize::try_from(start).ok());
                let part = part.and_then(|start| all.get(start..)?.get(..bytes));
                let Some(part) = part else {
                    let why = format!("its {} bytes are not enough for its elements", all.len());
                    return Err(file.damaged("a compact dataset", self.dataset.address, why));
                };
                out.clear();
                out.extend_from_slice(part);
                Ok(())
            }
            Layout::Contiguous { address: Some(address), size } => {
                let end = start.and_then(|start| start.checked_add(bytes as u64));
                if end.is_none_or(|end| end > *size) {
                    let why = format!("its {size} bytes are not enough for its elements");
                    return Err(file.damaged("a contiguous dataset", self.dataset.address, why));
                }
                out.resize(bytes, 0);
                let at = start.and_then(|start| address.checked_add(start)).unwrap_or(u64::MAX);
                file.fill("a contiguous dataset", at, out)
            }
            Layout::Contiguous { address: None, .. } => {
                self.fill(bytes, out);
                Ok(())
            }
            Layout::Chunked(_) => self.read_chunks(file, rows, bytes, out),
        }
    }

    fn fill(&self, bytes: usize, out: &mut Vec<u8>) {
        out.clear();
        let fill = &self.dataset.fill;
        if fill.iter().all(|byte| *byte == 0) {
            out.resize(bytes, 0);
        } else {
            out.extend(fill.iter().copied().cycle().take(bytes));
        }
    }

    fn read_chunks(
        &mut self,
        file: &File<'_>,
        rows: Range<u64>,
        bytes: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), FormatError> {
        let Layout::Chunked(chunked) = &self.dataset.layout else { return Ok(()) };
        let chunked = chunked.clone();
        self.fill(bytes, out);
        let mut chunks = self.find(file, &chunked, &rows)?;
        // In the order of the rows: that is how the file is read, and how a place is looked up.
        chunks.sort_by(|one, other| one.starts.cmp(&other.starts));
        chunks.dedup_by(|one, other| one.starts == other.starts);
        for chunk in &chunks {
            self.place_chunk(file, &chunked, chunk, &rows, out)?;
        }
        self.chunks = chunks;
        Ok(())
    }

    /// Copies the part of a chunk that belongs to `rows`.
    fn place_chunk(
        &mut self,
        file: &File<'_>,
        chunked: &Chunked,
        chunk: &Chunk,
        rows: &Range<u64>,
        out: &mut [u8],
    ) -> Result<(), FormatError> {
        let what = "a chunk";
        let element = self.dataset.datatype.size as u64;
        let from = rows.start.max(chunk.starts[0]);
        let to = rows.end.min(chunk.starts[0].saturating_add(chunked.shape[0]));
        if from >= to {
            return Ok(());
        }
        // OK to multiply and cast: a chunk without filters may be larger than memory, but its rows are not larger than a row of
        // the dataset, rounded up to a chunk, and filtered chunks are at most CHUNK_MAX.
        let row = chunked.shape[1..].iter().fold(element, |product, n| product.saturating_mul(*n));
        let edge = chunked.plain_edges && self.is_edge(chunked, chunk);
        let passed = self.dataset.filters.is_empty() || edge;
        let (part, first) = if passed {
            let length = (to - from).saturating_mul(row);
            if length > ROW_MAX.max(BAND_MAX) * 2 {
                let why = format!("{length} bytes of a chunk are needed for {} rows", to - from);
                return Err(file.damaged(what, chunk.address, why));
            }
            let at = chunk.address.saturating_add((from - chunk.starts[0]).saturating_mul(row));
            if self.is_whole(chunked) {
                // Its rows are those of the dataset.
                let into = ((from - rows.start) * row) as usize;
                return file.fill(what, at, &mut out[into..into + length as usize]);
            }
            self.decoded = None;
            self.buffers.data.resize(length as usize, 0);
            file.fill(what, at, &mut self.buffers.data)?;
            (&self.buffers.data[..], from)
        } else {
            if self.decoded != Some(chunk.address) {
                self.decoded = None;
                // What is stored may be longer than the chunk where its bytes could not be compressed.
                if chunk.stored > CHUNK_MAX + (CHUNK_MAX >> 4) {
                    return Err(file.damaged(what, chunk.address, format!("it claims {} bytes", chunk.stored)));
                }
                let size = row.saturating_mul(chunked.shape[0]) as usize;
                self.allowance = self.allowance.checked_sub(size as u64).ok_or_else(|| {
                    FormatError::Unsupported("the chunks of the file claim far more than it can hold".to_owned())
                })?;
                if chunk.stored > file.left(chunk.address) {
                    let why = format!("it claims {} bytes, and {} are left", chunk.stored, file.left(chunk.address));
                    return Err(file.damaged(what, chunk.address, why));
                }
                self.buffers.data.resize(chunk.stored as usize, 0);
                file.fill(what, chunk.address, &mut self.buffers.data)?;
                let undone = self.dataset.filters.undo_in(&mut self.buffers, chunk.mask, Some(size), file.verifies());
                undone.map_err(|why| file.damaged(what, chunk.address, why))?;
                self.decoded = Some(chunk.address);
            }
            (&self.buffers.data[..], chunk.starts[0])
        };
        let copied = scatter(part, chunked, (&chunk.starts, first), &self.dims, &(from..to), rows, out, element);
        copied.map_err(|why| file.damaged(what, chunk.address, why))
    }

    /// Whether the chunks have all that a row has.
    fn is_whole(&self, chunked: &Chunked) -> bool {
        chunked.shape[1..] == self.dims[1..]
    }

    /// Whether a chunk reaches over the end of an axis.
    fn is_edge(&self, chunked: &Chunked, chunk: &Chunk) -> bool {
        let ends = chunk.starts.iter().zip(&chunked.shape).map(|(start, n)| start.saturating_add(*n));
        ends.zip(&self.dims).any(|(end, dim)| end > *dim)
    }

    /// Where the bytes of a row lie in the file, one after the other as they are. The row is one of those that were read last.
    pub(in crate::hdf5) fn place(&self, row: u64) -> Option<u64> {
        match &self.dataset.layout {
            Layout::Compact(_) => None,
            Layout::Contiguous { address, .. } => (*address)?.checked_add(row.checked_mul(self.row_bytes)?),
            Layout::Chunked(chunked) => {
                let at = self.chunks.partition_point(|chunk| chunk.starts[0] <= row).checked_sub(1)?;
                let chunk = self.chunks.get(at)?;
                let in_chunk = row - chunk.starts[0];
                let plain = self.dataset.filters.is_empty() || chunked.plain_edges && self.is_edge(chunked, chunk);
                let there = plain && self.is_whole(chunked) && in_chunk < chunked.shape[0];
                there.then(|| chunk.address.checked_add(in_chunk.checked_mul(self.row_bytes)?))?
            }
        }
    }

    /// The chunks that hold elements of `rows`.
    fn find(&self, file: &File<'_>, chunked: &Chunked, rows: &Range<u64>) -> Result<Vec<Chunk>, FormatError> {
        let shape = &chunked.shape;
        let starts = rows.start / shape[0] * shape[0]..rows.end;
        let element = self.dataset.datatype.size as u64;
        let whole = shape.iter().fold(element, |product, n| product.saturating_mul(*n));
        let mut found = Vec::new();
        let mut add = |starts: Vec<u64>, address: u64, stored: Option<(u64, u32)>| -> Parsed<()> {
            let aligned =
                starts.iter().zip(shape).zip(&self.dims).all(|((start, n), dim)| start % n == 0 && start < dim);
            // A chunk beyond the end is left from when the dataset was longer.
            if aligned {
                let (stored, mask) = stored.unwrap_or((whole, 0));
                found.push(Chunk { starts, address, stored, mask });
            }
            if found.len() as u64 > CHUNKS_MAX { Err("it has too many chunks".to_owned()) } else { Ok(()) }
        };
        let fault = |why: String| file.damaged("a dataset", self.dataset.address, why);
        match &self.finder {
            Finder::Nothing => {}
            Finder::Single(address, stored) => add(vec![0; shape.len()], *address, *stored).map_err(fault)?,
            Finder::BTree1(address) => btree1::chunks(file, *address, shape.len(), &starts, &mut |entry| {
                let numbers = entry.starts.chunks_exact(8);
                let starts = numbers.map(|bytes| u64::from_le_bytes(bytes.try_into().unwrap_or_default())).collect();
                add(starts, entry.address, Some((entry.size.into(), entry.mask)))
            })?,
            Finder::BTree2(tree, size_bytes) => {
                let head = tree.record_size - 8 * shape.len();
                // The number of the chunk along the first axis leads, so that whole nodes can be left out.
                let (first, end) = (starts.start / shape[0], starts.end.div_ceil(shape[0]));
                let band = |record: &[u8]| file.cursor(&record[head..]).u64().unwrap_or_default();
                let wanted = |before: Option<&[u8]>, after: Option<&[u8]>| {
                    before.is_none_or(|record| band(record) < end) && after.is_none_or(|record| band(record) >= first)
                };
                tree.walk_part(file, &wanted, &mut |record| {
                    let mut cursor = file.cursor(record);
                    let address = cursor.place()?;
                    let stored = match size_bytes {
                        Some(bytes) => Some((cursor.uint(*bytes)?, cursor.u32()?)),
                        None => None,
                    };
                    let mut starts = Vec::with_capacity(shape.len());
                    for n in shape {
                        starts.push(cursor.u64()?.saturating_mul(*n));
                    }
                    if (first..end).contains(&(starts[0] / shape[0])) { add(starts, address, stored) } else { Ok(()) }
                })?;
            }
            Finder::Implicit(_) | Finder::Fixed(_) | Finder::Extensible(_) => {
                for (starts, number) in self.numbered(chunked, &starts) {
                    let entry = match &self.finder {
                        Finder::Implicit(address) => number
                            .checked_mul(whole)
                            .and_then(|at| address.checked_add(at))
                            .map(|address| (address, None)),
                        Finder::Fixed(array) => array.get(file, number)?,
                        Finder::Extensible(array) => array.get(file, number)?,
                        _ => None,
                    };
                    if let Some((address, stored)) = entry {
                        add(starts, address, stored).map_err(fault)?;
                    }
                }
            }
        }
        Ok(found)
    }

    /// The chunks that begin in `starts` along the first axis, with their numbers: in row-major order of all that the dataset
    /// may grow to, with the axis along which it grows first.
    fn numbered(&self, chunked: &Chunked, starts: &Range<u64>) -> Vec<(Vec<u64>, u64)> {
        let shape = &chunked.shape;
        let Space::Simple { max, .. } = &self.dataset.space else { return Vec::new() };
        let mut order: Vec<usize> = (0..shape.len()).collect();
        if matches!(self.finder, Finder::Extensible(_)) {
            let grows = max.iter().position(Option::is_none).unwrap_or(0);
            order[..=grows].rotate_right(1);
        }
        // How many numbers lie between neighbours along each axis.
        let mut steps = vec![1_u64; shape.len()];
        let mut step = 1_u64;
        for axis in order.iter().rev() {
            steps[*axis] = step;
            step = step.saturating_mul(max[*axis].unwrap_or(1).div_ceil(shape[*axis]));
        }
        let mut at: Vec<u64> = vec![0; shape.len()];
        at[0] = starts.start / shape[0];
        let last = starts.end.min(self.dims[0]).div_ceil(shape[0]);
        let mut found = Vec::new();
        if self.dims.contains(&0) {
            return found;
        }
        while at[0] < last {
            let number =
                at.iter().zip(&steps).fold(0_u64, |sum, (at, step)| sum.saturating_add(at.saturating_mul(*step)));
            found.push((at.iter().zip(shape).map(|(at, n)| at * n).collect(), number));
            // The next one: the last axis first.
            let mut axis = shape.len() - 1;
            loop {
                at[axis] += 1;
                if axis == 0 || at[axis] < self.dims[axis].div_ceil(shape[axis]) {
                    break;
                }
                at[axis] = 0;
                axis -= 1;
            }
        }
        found
    }
}

impl Finder {
    fn open(file: &File<'_>, index: Index, rank: usize) -> Result<Self, FormatError> {
        Ok(match index {
            Index::Nothing => Self::Nothing,
            Index::BTree1(address) => Self::BTree1(address),
            Index::Single(address, stored) => Self::Single(address, stored),
            Index::Implicit(address) => Self::Implicit(address),
            Index::FixedArray(address) => Self::Fixed(FixedArray::open(file, address)?),
            Index::ExtensibleArray(address) => Self::Extensible(ExtensibleArray::open(file, address)?),
            Index::BTree2(address) => {
                let (tree, size_bytes) = chunk_tree(file, address, rank)?;
                Self::BTree2(tree, size_bytes)
            }
        })
    }
}

/// Copies what a chunk has of `rows` to where it belongs. `part` are the rows of the chunk from row `first` of the dataset on;
/// `out` are the rows of the dataset in `all`.
#[expect(clippy::too_many_arguments, reason = "where from, where to, and the shapes of both")]
fn scatter(
    part: &[u8],
    chunked: &Chunked,
    (starts, first): (&[u64], u64),
    dims: &[u64],
    rows: &Range<u64>,
    all: &Range<u64>,
    out: &mut [u8],
    element: u64,
) -> Parsed<()> {
    let shape = &chunked.shape;
    let rank = shape.len();
    let fits = |bytes: u64| usize::try_from(bytes).map_err(|error| error.to_string());
    // Along each axis: how many elements are copied, and the bytes from one to the next in the chunk and in the rows.
    let (mut counts, mut from_steps, mut into_steps) = (vec![0; rank], vec![0; rank], vec![0; rank]);
    let (mut from_step, mut into_step) = (element, element);
    for axis in (0..rank).rev() {
        let end = if axis == 0 { rows.end } else { dims[axis].min(starts[axis].saturating_add(shape[axis])) };
        let start = if axis == 0 { rows.start } else { starts[axis] };
        counts[axis] = fits(end.saturating_sub(start))?;
        from_steps[axis] = fits(from_step)?;
        into_steps[axis] = fits(into_step)?;
        from_step = from_step.saturating_mul(shape[axis]);
        into_step = into_step.saturating_mul(dims[axis]);
    }
    if counts.contains(&0) {
        return Ok(());
    }
    let mut from = fits(rows.start - first)?.saturating_mul(from_steps[0]);
    let mut into = fits(rows.start - all.start)?.saturating_mul(into_steps[0]);
    for axis in 1..rank {
        into += fits(starts[axis])?.saturating_mul(into_steps[axis]);
    }
    // The last axes that a chunk has whole are copied as one run, and so is the part of the axis before them.
    let mut inner = rank - 1;
    let mut run = fits(element)?.saturating_mul(counts[inner]);
    while inner > 0 && from_steps[inner - 1] == into_steps[inner - 1] && run == from_steps[inner - 1] {
        inner -= 1;
        run = run.saturating_mul(counts[inner]);
    }
    // Two loops: over the axis before the run, and over those before it.
    let (repeats, from_repeat, into_repeat) = match inner.checked_sub(1) {
        Some(axis) => (counts[axis], from_steps[axis], into_steps[axis]),
        None => (1, 0, 0),
    };
    let outer = inner.saturating_sub(1);
    let mut at = vec![0_usize; outer];
    loop {
        copy(part, out, (from, into), (repeats, from_repeat, into_repeat), run)?;
        let Some(axis) = (0..outer).rev().find(|axis| at[*axis] + 1 < counts[*axis]) else { return Ok(()) };
        at[axis] += 1;
        from += from_steps[axis];
        into += into_steps[axis];
        for later in axis + 1..outer {
            from -= at[later] * from_steps[later];
            into -= at[later] * into_steps[later];
            at[later] = 0;
        }
    }
}

/// Copies `repeats` runs of `run` bytes.
fn copy(
    part: &[u8],
    out: &mut [u8],
    (from, into): (usize, usize),
    (repeats, from_step, into_step): (usize, usize, usize),
    run: usize,
) -> Parsed<()> {
    let last = (repeats - 1).saturating_mul(from_step).saturating_add(from).saturating_add(run);
    let last_out = (repeats - 1).saturating_mul(into_step).saturating_add(into).saturating_add(run);
    if last > part.len() || last_out > out.len() {
        return Err(format!("its {} bytes are not those of a chunk", part.len()));
    }
    // OK to index below: the last run was compared with what there is.
    if run == 1 {
        let places = out[into..last_out].iter_mut().step_by(into_step.max(1));
        for (place, byte) in places.zip(part[from..last].iter().step_by(from_step.max(1))) {
            *place = *byte;
        }
        return Ok(());
    }
    for repeat in 0..repeats {
        let (from, into) = (from + repeat * from_step, into + repeat * into_step);
        out[into..into + run].copy_from_slice(&part[from..from + run]);
    }
    Ok(())
}
