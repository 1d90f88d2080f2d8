//! Datasets: what their headers say about axes, elements, fill value, filters, and where the elements lie.

use super::btree2::Tree;
use super::cursor::{Cursor, Parsed};
use super::datatype::Datatype;
use super::file::File;
use super::filter::Pipeline;
use super::header::{Header, kind};
use crate::FormatError;

/// Axes of a dataset.
const RANK_MAX: usize = 32;

/// Elements along each axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::hdf5) enum Space {
    /// No element at all.
    Null,
    /// One element without axes where there are no lengths.
    Simple { dims: Vec<u64>, max: Vec<Option<u64>> },
}

impl Space {
    pub(super) fn parse(mut cursor: Cursor<'_>) -> Parsed<Self> {
        let version = cursor.version(1..=2)?;
        let (rank, flags) = (usize::from(cursor.u8()?), cursor.u8()?);
        if version == 1 {
            cursor.skip(5)?;
        } else if cursor.u8()? == 2 {
            return Ok(Self::Null);
        }
        if rank > RANK_MAX {
            return Err(format!("{rank} axes are more than {RANK_MAX}"));
        }
        let mut dims = Vec::with_capacity(rank);
        for _ in 0..rank {
            dims.push(cursor.length()?);
        }
        let mut max = Vec::with_capacity(rank);
        for dim in &dims {
            // All bits set: there is no end.
            max.push(if flags & 1 == 0 { Some(*dim) } else { unless_all_set(&mut cursor)? });
        }
        Ok(Self::Simple { dims, max })
    }

    /// The lengths of the axes.
    pub(in crate::hdf5) fn dims(&self) -> &[u64] {
        match self {
            Self::Null => &[0],
            Self::Simple { dims, .. } => dims,
        }
    }

    /// Elements; `None` where they are too many to count.
    pub(in crate::hdf5) fn elements(&self) -> Option<u64> {
        self.dims().iter().try_fold(1_u64, |product, dim| product.checked_mul(*dim))
    }
}

fn unless_all_set(cursor: &mut Cursor<'_>) -> Parsed<Option<u64>> {
    let bytes = cursor.length_size;
    let value = cursor.length()?;
    Ok(Some(value).filter(|value| !super::cursor::is_undefined(*value, bytes)))
}

/// Where the elements lie.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::hdf5) enum Layout {
    /// In the header.
    Compact(Vec<u8>),
    /// In one piece; nowhere, as long as nothing was written.
    Contiguous {
        address: Option<u64>,
        size: u64,
    },
    Chunked(Chunked),
}

/// Pieces of one shape.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::hdf5) struct Chunked {
    /// Elements of a chunk along each axis, none of them zero.
    pub(in crate::hdf5) shape: Vec<u64>,
    pub(super) index: Index,
    /// Whether chunks that reach over the end of an axis are not filtered.
    pub(super) plain_edges: bool,
}

/// How chunks are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Index {
    /// There is no chunk yet.
    Nothing,
    BTree1(u64),
    /// Where the only chunk lies; its bytes and the filters that it passed over, where there are filters.
    Single(u64, Option<(u64, u32)>),
    /// One after the other.
    Implicit(u64),
    FixedArray(u64),
    ExtensibleArray(u64),
    BTree2(u64),
}

/// A dataset.
#[derive(Debug, Clone)]
pub(in crate::hdf5) struct Dataset {
    pub(in crate::hdf5) address: u64,
    pub(in crate::hdf5) space: Space,
    pub(in crate::hdf5) datatype: Datatype,
    pub(in crate::hdf5) layout: Layout,
    pub(in crate::hdf5) filters: Pipeline,
    /// One element, for where nothing was written.
    pub(in crate::hdf5) fill: Vec<u8>,
    /// Why its elements cannot be read.
    pub(in crate::hdf5) unreadable: Option<String>,
}

impl Dataset {
    /// Reads what a header says.
    pub(in crate::hdf5) fn of(file: &File<'_>, header: &Header) -> Result<Self, FormatError> {
        let what = "a dataset";
        let missing = |which: &str| file.damaged(what, header.address, format!("it has no {which}"));
        let message = header.find(file, kind::DATASPACE)?.ok_or_else(|| missing("axes"))?;
        let space = Space::parse(file.cursor(&message.body));
        let space = space.map_err(|why| file.damaged("the axes of a dataset", message.address, why))?;
        let datatype = Datatype::of(file, header)?;
        let filters = Pipeline::of(file, header)?;
        let message = header.find(file, kind::LAYOUT)?.ok_or_else(|| missing("layout"))?;
        let layout = layout(file, &message.body, &space, datatype.size);
        let layout = layout.map_err(|why| file.damaged("the layout of a dataset", message.address, why))?;
        let fill = fill(file, header, datatype.size)?;
        let (layout, mut unreadable) = match layout {
            Found::Here(layout) => (layout, None),
            Found::Elsewhere(why) => (Layout::Contiguous { address: None, size: 0 }, Some(why.to_owned())),
        };
        if header.has(kind::EXTERNAL_FILES) {
            unreadable = Some("its elements lie in other files".to_owned());
        }
        let unreadable = unreadable.or_else(|| filters.unknown());
        Ok(Self { address: header.address, space, datatype, layout, filters, fill, unreadable })
    }

    /// Bytes of everything along all axes but the first; `None` where they are too many to count.
    pub(in crate::hdf5) fn row_bytes(&self) -> Option<u64> {
        let inner = self.space.dims().get(1..).unwrap_or_default();
        inner.iter().try_fold(self.datatype.size as u64, |product, dim| product.checked_mul(*dim))
    }
}

enum Found {
    Here(Layout),
    Elsewhere(&'static str),
}

fn layout(file: &File<'_>, body: &[u8], space: &Space, element: usize) -> Parsed<Found> {
    let mut cursor = file.cursor(body);
    let version = cursor.version(1..=5)?;
    if version < 3 {
        return old_layout(cursor, space, element).map(Found::Here);
    }
    let layout = match cursor.u8()? {
        0 => {
            let size = cursor.u16()?;
            Layout::Compact(cursor.take(size.into())?.to_vec())
        }
        1 => Layout::Contiguous { address: cursor.address()?, size: cursor.length()? },
        2 if version == 3 => {
            let rank = usize::from(cursor.u8()?);
            let address = cursor.address()?;
            let shape = shape(&mut cursor, rank, 4, space, element)?;
            let index = address.map_or(Index::Nothing, Index::BTree1);
            Layout::Chunked(Chunked { shape, index, plain_edges: false })
        }
        2 => Layout::Chunked(new_chunks(&mut cursor, space, element)?),
        3 => return Ok(Found::Elsewhere("it is virtual: its elements lie in other datasets")),
        other => return Err(format!("layouts of class {other} are not known")),
    };
    Ok(Found::Here(layout))
}

/// Versions 1 and 2.
fn old_layout(mut cursor: Cursor<'_>, space: &Space, element: usize) -> Parsed<Layout> {
    let (rank, class) = (usize::from(cursor.u8()?), cursor.u8()?);
    cursor.skip(5)?;
    let address = if class == 0 { None } else { cursor.address()? };
    Ok(match class {
        0 => {
            cursor.skip(4 * rank)?;
            let size = usize::try_from(cursor.u32()?).map_err(|error| error.to_string())?;
            Layout::Compact(cursor.take(size)?.to_vec())
        }
        1 => {
            // The lengths of the axes are here once more; those of the dataset count.
            let elements = space.elements().ok_or("it has too many elements")?;
            let size = elements.checked_mul(element as u64).ok_or("it has too many elements")?;
            Layout::Contiguous { address, size }
        }
        2 => {
            let shape = shape(&mut cursor, rank, 4, space, element)?;
            let index = address.map_or(Index::Nothing, Index::BTree1);
            Layout::Chunked(Chunked { shape, index, plain_edges: false })
        }
        other => return Err(format!("layouts of class {other} are not known")),
    })
}

/// The shape of a chunk: the lengths along all axes, and the bytes of an element.
fn shape(cursor: &mut Cursor<'_>, rank: usize, bytes: usize, space: &Space, element: usize) -> Parsed<Vec<u64>> {
    let Space::Simple { dims, .. } = space else { return Err("it has chunks, and no elements".to_owned()) };
    if rank != dims.len() + 1 || dims.is_empty() {
        return Err(format!("its chunks have {} axes, and it has {}", rank.saturating_sub(1), dims.len()));
    }
    let mut shape = Vec::with_capacity(rank);
    for _ in 0..rank {
        shape.push(cursor.uint(bytes)?);
    }
    if shape.contains(&0) {
        return Err("its chunks have no elements".to_owned());
    }
    if shape.pop() != Some(element as u64) {
        return Err(format!("elements of its chunks have not {element} bytes"));
    }
    Ok(shape)
}

/// Versions 4 and 5.
fn new_chunks(cursor: &mut Cursor<'_>, space: &Space, element: usize) -> Parsed<Chunked> {
    let flags = cursor.u8()?;
    let (rank, bytes) = (usize::from(cursor.u8()?), usize::from(cursor.u8()?));
    if bytes == 0 || bytes > 8 {
        return Err(format!("numbers of {bytes} bytes are not known"));
    }
    let shape = shape(cursor, rank, bytes, space, element)?;
    let kind = cursor.u8()?;
    let mut single = None;
    match kind {
        1 if flags & 2 != 0 => single = Some((cursor.length()?, cursor.u32()?)),
        1 | 2 => {}
        3 => cursor.skip(1)?,
        4 => cursor.skip(5)?,
        5 => cursor.skip(6)?,
        other => return Err(format!("chunks that are found in way {other} are not known")),
    }
    let index = match (cursor.address()?, kind) {
        (None, _) => Index::Nothing,
        (Some(address), 1) => Index::Single(address, single),
        (Some(address), 2) => Index::Implicit(address),
        (Some(address), 3) => Index::FixedArray(address),
        (Some(address), 4) => Index::ExtensibleArray(address),
        (Some(address), _) => Index::BTree2(address),
    };
    Ok(Chunked { shape, index, plain_edges: flags & 1 != 0 })
}

/// The element that stands where nothing was written: zeros, unless the header says otherwise.
fn fill(file: &File<'_>, header: &Header, size: usize) -> Result<Vec<u8>, FormatError> {
    let (message, old) = match header.find(file, kind::FILL)? {
        Some(message) => (message, false),
        None => match header.find(file, kind::OLD_FILL)? {
            Some(message) => (message, true),
            None => return Ok(zeros(size)),
        },
    };
    let parse = || -> Parsed<Option<Vec<u8>>> {
        let mut cursor = file.cursor(&message.body);
        let has_value = if old {
            true
        } else {
            let version = cursor.version(1..=3)?;
            if version == 3 {
                cursor.u8()? & 0x20 != 0
            } else {
                cursor.skip(2)?;
                cursor.u8()? != 0
            }
        };
        if !has_value {
            return Ok(None);
        }
        let length = cursor.u32()? as usize;
        (length == size).then(|| cursor.take(length).map(<[u8]>::to_vec)).transpose()
    };
    let value = parse().map_err(|why| file.damaged("the fill value of a dataset", message.address, why))?;
    Ok(value.unwrap_or_else(|| zeros(size)))
}

/// An element of zeros, of a size that a real one may have: a larger one is refused where it is read.
fn zeros(size: usize) -> Vec<u8> {
    vec![0; size.min(1 << 20)]
}

/// Opens the B-tree of chunks, and says how many bytes the size of a filtered chunk has in it.
pub(super) fn chunk_tree(file: &File<'_>, address: u64, rank: usize) -> Result<(Tree, Option<usize>), FormatError> {
    let tree = Tree::open(file, address)?;
    let plain = file.sizes().0 + 8 * rank;
    let size_bytes = match tree.kind {
        10 => None,
        11 => tree.record_size.checked_sub(plain + 4).filter(|bytes| (1..=8).contains(bytes)),
        _ => None,
    };
    let fits = if tree.kind == 10 { tree.record_size == plain } else { tree.kind == 11 && size_bytes.is_some() };
    if fits {
        return Ok((tree, size_bytes));
    }
    let why = format!("its records of kind {} and {} bytes are no chunks of {rank} axes", tree.kind, tree.record_size);
    Err(file.damaged("a B-tree of chunks", address, why))
}
