//! The links of a group, whichever way they are kept.
//!
//! ```text
//!   symbol table: B-tree ─▶ nodes of symbols ─▶ names in a local heap          (old style)
//!   link messages in the header, or in a fractal heap with a B-tree of them    (new style)
//! ```

use std::collections::BTreeSet;

use super::btree1::symbol_nodes;
use super::btree2::Tree;
use super::cursor::Parsed;
use super::file::File;
use super::fractal::FractalHeap;
use super::header::{Header, kind};
use super::heap::LocalHeap;
use crate::FormatError;

/// Links of one group. More are told.
pub(in crate::hdf5) const LINKS_MAX: usize = 1 << 20;

/// What a link leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::hdf5) enum Link {
    /// The header of an object.
    Hard(u64),
    /// A path in this file.
    Soft(String),
    /// An object in another file.
    External { file: String, path: String },
    /// A kind that the library does not define.
    Other(u8),
}

/// The links of a group by their names, in no certain order; and why some of them could not be read.
pub(in crate::hdf5) type Links = (Vec<(String, Link)>, Vec<FormatError>);

/// The links of a group.
pub(in crate::hdf5) fn links(file: &File<'_>, header: &Header) -> Result<Links, FormatError> {
    let mut links = Vec::new();
    let mut faults = Vec::new();
    for message in header.of_kind(kind::LINK) {
        let parsed = message
            .resolve(file)
            .and_then(|message| link(file, &message.body).map_err(|why| file.damaged("a link", message.address, why)));
        match parsed {
            Ok(link) => links.push(link),
            Err(error) => faults.push(error),
        }
    }
    if let Some(message) = header.find(file, kind::SYMBOL_TABLE)? {
        let parse = || -> Parsed<(u64, u64)> {
            let mut cursor = file.cursor(&message.body);
            Ok((cursor.place()?, cursor.place()?))
        };
        let (tree, heap) = parse().map_err(|why| file.damaged("a symbol table", message.address, why))?;
        old_links(file, tree, heap, &mut links, &mut faults)?;
    }
    if let Some(message) = header.find(file, kind::LINK_INFO)? {
        let parse = || -> Parsed<(Option<u64>, Option<u64>)> {
            let mut cursor = file.cursor(&message.body);
            cursor.version(0..=0)?;
            let flags = cursor.u8()?;
            cursor.skip(if flags & 1 == 0 { 0 } else { 8 })?;
            Ok((cursor.address()?, cursor.address()?))
        };
        let (heap, names) = parse().map_err(|why| file.damaged("the links of a group", message.address, why))?;
        if let Some((heap, names)) = heap.zip(names) {
            dense_links(file, heap, names, &mut links, &mut faults)?;
        }
    }
    Ok((links, faults))
}

fn old_links(
    file: &File<'_>,
    tree: u64,
    heap: u64,
    links: &mut Vec<(String, Link)>,
    faults: &mut Vec<FormatError>,
) -> Result<(), FormatError> {
    let heap = LocalHeap::open(file, heap)?;
    let mut seen = BTreeSet::new();
    for node in symbol_nodes(file, tree)? {
        if !seen.insert(node) {
            continue;
        }
        if let Err(error) = symbols(file, node, &heap, links) {
            faults.push(error);
        }
        if links.len() > LINKS_MAX {
            links.truncate(LINKS_MAX);
            faults.push(file.damaged("a group", node, format!("it has more than {LINKS_MAX} links")));
            break;
        }
    }
    Ok(())
}

/// The links in one node of symbols.
fn symbols(
    file: &File<'_>,
    address: u64,
    heap: &LocalHeap,
    links: &mut Vec<(String, Link)>,
) -> Result<(), FormatError> {
    let what = "a node of links";
    let (offset_size, _) = file.sizes();
    let fault = |why: String| file.damaged(what, address, why);
    let head = file.piece(what, address, 8)?;
    let parse = || -> Parsed<u16> {
        let mut cursor = file.cursor(&head);
        cursor.expect(b"SNOD")?;
        cursor.version(1..=1)?;
        cursor.skip(1)?;
        cursor.u16()
    };
    let count = parse().map_err(fault)?;
    let bytes = file.piece(what, address + 8, u64::from(count) * (2 * offset_size as u64 + 24))?;
    let mut cursor = file.cursor(&bytes);
    for _ in 0..count {
        let mut parse = || -> Parsed<(u64, Option<u64>, u32, u32)> {
            let (name, object) = (cursor.uint(offset_size)?, cursor.address()?);
            let kept = cursor.u32()?;
            cursor.skip(4)?;
            let scratch = cursor.u32()?;
            cursor.skip(12)?;
            Ok((name, object, kept, scratch))
        };
        let (name, object, kept, scratch) = parse().map_err(fault)?;
        let name = heap.text(file, name)?;
        // What is kept of a soft link is the place of its path.
        let link = match (kept, object) {
            (2, _) => Link::Soft(heap.text(file, scratch.into())?),
            (_, Some(object)) => Link::Hard(object),
            (_, None) => return Err(fault(format!("the link `{name}` leads nowhere"))),
        };
        links.push((name, link));
    }
    Ok(())
}

fn dense_links(
    file: &File<'_>,
    heap: u64,
    names: u64,
    links: &mut Vec<(String, Link)>,
    faults: &mut Vec<FormatError>,
) -> Result<(), FormatError> {
    let heap = FractalHeap::open(file, heap)?;
    let tree = Tree::open(file, names)?;
    let start = links.len();
    let walked = tree.walk(file, &mut |record| {
        // A hash of the name comes first.
        let id = record.get(4..).filter(|id| id.len() >= heap.id_length());
        let id = id.ok_or("its records have no room for a link")?;
        match heap
            .get(file, &id[..heap.id_length()])
            .and_then(|body| link(file, &body).map_err(|why| file.damaged("a link", names, why)))
        {
            Ok(link) => links.push(link),
            Err(error) if faults.len() < 16 => faults.push(error),
            Err(_) => {}
        }
        if links.len() - start > LINKS_MAX { Err(format!("it has more than {LINKS_MAX} links")) } else { Ok(()) }
    });
    if let Err(error) = walked {
        faults.push(error);
    }
    Ok(())
}

/// Reads a link message.
fn link(file: &File<'_>, body: &[u8]) -> Parsed<(String, Link)> {
    let mut cursor = file.cursor(body);
    cursor.version(1..=1)?;
    let flags = cursor.u8()?;
    let kind = if flags & 8 == 0 { 0 } else { cursor.u8()? };
    cursor.skip(if flags & 4 == 0 { 0 } else { 8 })?;
    cursor.skip(if flags & 16 == 0 { 0 } else { 1 })?;
    let length = cursor.uint(1 << (flags & 3))?;
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let name = String::from_utf8_lossy(cursor.take(length)?).into_owned();
    let link = match kind {
        0 => Link::Hard(cursor.place()?),
        1 => {
            let length = cursor.u16()?;
            Link::Soft(String::from_utf8_lossy(cursor.take(length.into())?).into_owned())
        }
        64 => {
            // Its length, and its version and flags.
            cursor.skip(3)?;
            Link::External { file: cursor.text()?, path: cursor.text()? }
        }
        other => Link::Other(other),
    };
    Ok((name, link))
}
