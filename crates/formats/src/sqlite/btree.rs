//! Walks the tree of a table.
//!
//! ```text
//!   interior page   child │ largest id in it, …, last child
//!   leaf page       length │ id │ payload (the first of it) │ first overflow page, …
//! ```

use super::Fault;
use super::pager::{Page, Pager, Spot};
use super::record::varint;

/// Interior page of a table.
pub(super) const INTERIOR: u8 = 0x05;

/// Leaf page of a table.
const LEAF: u8 = 0x0d;

/// Trees of real tables have five levels at most; more than this has none that a file could hold.
const DEPTH_MAX: usize = 40;

/// A row as it lies on its leaf.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) rowid: i64,
    /// Bytes of its payload.
    pub(crate) length: u64,
    pub(super) page: Page,
    /// Where the cell begins on the page, and where its payload does.
    place: usize,
    at: usize,
    /// Bytes of it that lie there.
    local: usize,
    /// The page on which it goes on; zero where it does not.
    pub(super) overflow: u32,
    pub(crate) page_number: u32,
}

impl Cell {
    /// The part of the payload that lies on the leaf.
    pub(crate) fn local(&self) -> &[u8] {
        // OK to slice: `cell` checked it.
        &self.page[self.at..self.at + self.local]
    }

    /// Where byte `offset` of the payload lies, if it and `length` bytes lie in a file in one piece.
    pub(crate) fn direct(&self, offset: u64, length: u64) -> Option<Spot> {
        let end = offset.checked_add(length)?;
        let spot = self.page.spot;
        let there = end <= self.local as u64 && self.page.direct;
        there.then(|| Spot { offset: spot.offset + self.at as u64 + offset, ..spot })
    }

    /// Whether all of its payload lies on the leaf.
    pub(crate) fn is_whole(&self) -> bool {
        self.local as u64 == self.length
    }

    /// Where the cell begins.
    pub(crate) fn spot(&self) -> Spot {
        let spot = self.page.spot;
        Spot { offset: spot.offset + self.place as u64, ..spot }
    }
}

/// Numbers of pages.
#[derive(Debug, Default)]
struct Pages(Vec<u64>);

impl Pages {
    /// Adds a number below `count`. Whether it is new.
    fn insert(&mut self, number: u32, count: u32) -> bool {
        let (word, bit) = (number as usize / 64, 1_u64 << (number % 64));
        if self.0.len() <= word {
            // Grows with what is met, up to a bit per page of the database.
            self.0.resize((word + 1).max(self.0.len() * 2).min(count as usize / 64 + 1), 0);
        }
        match self.0.get_mut(word) {
            Some(word) if *word & bit == 0 => {
                *word |= bit;
                true
            }
            _ => false,
        }
    }
}

/// A page on the way from the root.
#[derive(Debug)]
struct Level {
    page: Page,
    number: u32,
    next: usize,
    cells: usize,
    leaf: bool,
}

/// A walk over the rows of a table, in the order of their ids.
#[derive(Debug)]
pub(crate) struct Walk {
    root: Option<u32>,
    levels: Vec<Level>,
    visited: Pages,
}

impl Walk {
    /// Begins at the root page of a table.
    pub(crate) fn new(root: u32) -> Self {
        Self { root: Some(root), levels: Vec::new(), visited: Pages::default() }
    }

    /// The next row. After an error the walk goes on behind the page that is damaged.
    pub(crate) fn next(&mut self, pager: &mut Pager<'_>) -> Option<Result<Cell, Fault>> {
        if let Some(root) = self.root.take()
            && let Err(fault) = self.enter(pager, root)
        {
            return Some(Err(fault));
        }
        loop {
            let level = self.levels.last_mut()?;
            let at = level.next;
            level.next += 1;
            if level.leaf {
                if at < level.cells {
                    return Some(cell(pager, &level.page, level.number, at));
                }
                self.levels.pop();
                continue;
            }
            // The last child stands in the head of the page.
            if at > level.cells {
                self.levels.pop();
                continue;
            }
            match child(&level.page, level.number, at, level.cells) {
                Ok(child) => {
                    if let Err(fault) = self.enter(pager, child) {
                        return Some(Err(fault));
                    }
                }
                Err(fault) => return Some(Err(fault)),
            }
        }
    }

    fn enter(&mut self, pager: &mut Pager<'_>, number: u32) -> Result<(), Fault> {
        let page = pager.page(number)?;
        if self.levels.len() >= DEPTH_MAX {
            return Err(Fault::damaged(number, "the tree is deeper than any"));
        }
        if !self.visited.insert(number, pager.pages()) {
            return Err(Fault::damaged(number, "it has two places in the tree"));
        }
        let (leaf, cells) = head(&page, number)?;
        self.levels.push(Level { page, number, next: 0, cells, leaf });
        Ok(())
    }
}

/// Where the head of a page begins: the first page has that of the file before it.
fn head_at(number: u32) -> usize {
    if number == 1 { 100 } else { 0 }
}

/// Whether a page is a leaf, and how many cells it has.
fn head(page: &[u8], number: u32) -> Result<(bool, usize), Fault> {
    let at = head_at(number);
    let leaf = match page.get(at) {
        Some(&LEAF) => true,
        Some(&INTERIOR) => false,
        other => {
            let kind = other.copied().unwrap_or(0);
            return Err(Fault::damaged(number, format!("it is of type {kind:#04x} and no page of a table")));
        }
    };
    let cells = usize::from(u16_at(page, at + 3));
    let room = page.len().saturating_sub(at + if leaf { 8 } else { 12 }) / 2;
    if cells > room {
        return Err(Fault::damaged(number, format!("it claims {cells} cells and has room for {room}")));
    }
    Ok((leaf, cells))
}

fn u16_at(page: &[u8], at: usize) -> u16 {
    page.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u16::from_be_bytes(*bytes))
}

fn u32_at(page: &[u8], at: usize) -> u32 {
    page.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

/// The bytes of cell `at`, up to the end of the page.
fn cell_bytes(page: &[u8], number: u32, at: usize, leaf: bool) -> Result<(usize, &[u8]), Fault> {
    let head = if leaf { 8 } else { 12 };
    let place = usize::from(u16_at(page, head_at(number) + head + at * 2));
    match page.get(place..) {
        Some(bytes) if place >= head_at(number) + head && bytes.len() > 4 => Ok((place, bytes)),
        _ => Err(Fault::damaged(number, format!("cell {at} would begin at byte {place} of it"))),
    }
}

/// The page of child `at` of an interior page.
fn child(page: &[u8], number: u32, at: usize, cells: usize) -> Result<u32, Fault> {
    if at >= cells {
        return Ok(u32_at(page, head_at(number) + 8));
    }
    cell_bytes(page, number, at, false).map(|(_, bytes)| u32_at(bytes, 0))
}

/// Cell `at` of a leaf.
fn cell(pager: &Pager<'_>, page: &Page, number: u32, at: usize) -> Result<Cell, Fault> {
    let (place, _) = cell_bytes(page, number, at, true)?;
    cell_at(pager, page, number, place)
}

/// The cell that begins at byte `place` of a leaf.
pub(super) fn cell_at(pager: &Pager<'_>, page: &Page, number: u32, place: usize) -> Result<Cell, Fault> {
    let cut = || Fault::damaged(number, format!("the cell at byte {place} of it is cut off"));
    let bytes = page.get(place..).ok_or_else(cut)?;
    let (length, used) = varint(bytes).ok_or_else(cut)?;
    // OK to slice: `varint` used that many.
    let (rowid, more) = varint(&bytes[used..]).ok_or_else(cut)?;
    let at = place + used + more;
    let most = u64::from(pager.pages()) * page.len() as u64;
    if length > most {
        let why = format!("the cell at byte {place} of it claims {length} bytes, and the database has {most}");
        return Err(Fault::damaged(number, why));
    }
    let local = local_bytes(length, pager.usable() as u64);
    let end = at.checked_add(local).filter(|end| *end <= page.len()).ok_or_else(cut)?;
    let overflow = match length > local as u64 {
        true if end + 4 > page.len() => return Err(cut()),
        true => u32_at(page, end),
        false => 0,
    };
    // OK to cast: the number is signed.
    Ok(Cell { rowid: rowid as i64, length, page: page.clone(), place, at, local, overflow, page_number: number })
}

/// Bytes of a payload that lie on the leaf, on pages of which `usable` bytes hold data (chapter 1.6 of the format).
fn local_bytes(length: u64, usable: u64) -> usize {
    let most = usable - 35;
    let local = if length <= most {
        length
    } else {
        let least = (usable - 12) * 32 / 255 - 23;
        let filling = least + (length - least) % (usable - 4);
        if filling <= most { filling } else { least }
    };
    // OK to cast: less than a page.
    local as usize
}
