//! SQLite databases, read only: the rows of a table in the order of their ids, and one row by its place.
//!
//! ```text
//!   Source ─ Store ─▶ Pager ─ page n ─▶ btree ─ cell ─▶ record ─▶ values
//!              │        └ Log: pages of the write-ahead log that were committed lie over those of the file
//!              └ Squeezed: a file that is compressed as a whole with zstd
//!   schema  page 1 ─▶ tables: name, root page, columns
//! ```
//!
//! A *page* is a fixed number of bytes; a table is a tree of pages, whose leaves hold *cells*, one per row; what of a row does not
//! fit on its leaf lies on a chain of *overflow pages*. A *log* (`NAME-wal`) holds newer versions of pages; those that a
//! commit follows count.
//!
//! Source: <https://www.sqlite.org/fileformat2.html>.
//!
//! **Invariant:** a tree is walked with every page visited once, and a chain of pages is no longer than what it holds: damaged
//! pointers cannot lead in a circle.
//!
//! **Invariant:** memory is a few mebibytes of pages, the places of the log's pages, and one value of at most
//! [`VALUE_MAX`] bytes.
//!
//! What it does not do: it writes nothing, reads no index and no table `WITHOUT ROWID`, and rolls no journal back.

mod btree;
mod log;
mod pager;
mod record;
mod schema;
mod squeezed;

use std::io;

use prairie_model::{Note, Source};

pub(crate) use btree::{Cell, Walk};
pub(crate) use pager::{Pager, Spot};
pub(crate) use record::{Record, Shape, Value};
pub(crate) use schema::Table;
pub(crate) use squeezed::ZSTD_MAGIC;

/// How a database begins.
pub(crate) const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// A value of more bytes is not read.
pub(crate) const VALUE_MAX: u64 = 128 << 20;

/// Why something of a database cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The source failed.
    #[error("the source failed")]
    Io(#[source] io::Error),
    /// A page is not what it should be.
    #[error("page {page}: {why}")]
    Damaged {
        /// Number of the page, from 1.
        page: u32,
        /// What is wrong with it.
        why: String,
    },
}

impl Fault {
    fn damaged(page: u32, why: impl Into<String>) -> Self {
        Self::Damaged { page, why: why.into() }
    }
}

/// A database.
pub(crate) struct Database<'a> {
    pub(crate) pager: Pager<'a>,
    tables: Vec<Table>,
    /// What is wrong with its files.
    pub(crate) notes: Vec<Note>,
}

impl<'a> Database<'a> {
    /// Opens the database that file `file` is, with the log beside it where there is one.
    ///
    /// # Errors
    ///
    /// When the source fails, the file is no database, or its list of tables cannot be read.
    pub(crate) fn open(source: &'a dyn Source, file: usize) -> Result<Self, Fault> {
        let mut notes = Vec::new();
        let mut pager = Pager::open(source, file, &mut notes)?;
        let tables = schema::tables(&mut pager, &mut notes)?;
        Ok(Self { pager, tables, notes })
    }

    /// The table of that name.
    pub(crate) fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name.eq_ignore_ascii_case(name))
    }

    /// Gets ready for a walk over a large table.
    ///
    /// # Errors
    ///
    /// When the source fails.
    pub(crate) fn prepare(&mut self) -> Result<(), Fault> {
        self.pager.prepare()
    }

    /// Calls `each` with the id and the values of every row of `table` that can be read, for small tables.
    ///
    /// # Errors
    ///
    /// When the source fails.
    pub(crate) fn rows(
        &mut self,
        table: &Table,
        (rows_max, bytes_max): (usize, u64),
        mut each: impl FnMut(i64, &Record<'_>),
    ) -> Result<(), Fault> {
        let mut walk = Walk::new(table.root);
        let (mut rows, mut bytes) = (0, 0_u64);
        while let Some(cell) = walk.next(&mut self.pager) {
            let read = cell.and_then(|cell| {
                bytes = bytes.saturating_add(cell.length);
                if bytes > bytes_max {
                    return Err(Fault::damaged(
                        cell.page_number,
                        format!("`{}` has more than {bytes_max} bytes", table.name),
                    ));
                }
                let rowid = cell.rowid;
                self.pager.payload(&cell).map(|payload| (rowid, payload))
            });
            match read {
                Ok((rowid, payload)) => match Record::parse(&payload) {
                    Some(record) => each(rowid, &record),
                    None => self.tell(table, format!("row {rowid} of `{}` makes no sense", table.name)),
                },
                Err(Fault::Io(error)) => return Err(Fault::Io(error)),
                Err(fault) => self.tell(table, format!("rows of `{}` cannot be read: {fault}", table.name)),
            }
            rows += 1;
            if rows >= rows_max || bytes > bytes_max {
                break;
            }
        }
        Ok(())
    }

    fn tell(&mut self, table: &Table, text: String) {
        // One note per table is enough to look there.
        let known = self.notes.iter().any(|note| note.text.contains(&format!("`{}`", table.name)));
        if !known {
            let note = Note::new(prairie_model::NoteKind::Corrupt, text);
            self.notes.push(note.in_file(self.pager.path()));
        }
    }
}
