//! The table of messages of one database.

use prairie_model::{BlobRef, Compression, Source};

use crate::sqlite::{Cell, Database, Fault, Shape, Walk};

/// The table, and where a walk over it stands.
pub(crate) struct Messages<'a> {
    pub(crate) database: Database<'a>,
    /// Index of the database's file.
    file: u32,
    root: u32,
    walk: Walk,
    topic_id: usize,
    timestamp: usize,
    data: usize,
    shape: Shape,
    payload: Vec<u8>,
}

/// A row, of which the data was not read yet.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    cell: Cell,
    pub(crate) topic_id: i64,
    pub(crate) timestamp: i64,
    /// Where the data lies in the payload.
    at: u64,
    pub(crate) length: u64,
}

impl Row {
    /// Where the row lies in the file, for notes.
    pub(crate) fn offset(&self) -> u64 {
        self.cell.page_spot().map_or(0, |spot| spot.offset)
    }
}

impl<'a> Messages<'a> {
    /// The messages of a database; `None` where it has no such table.
    pub(crate) fn new(database: Database<'a>, file: u32) -> Option<Self> {
        let table = database.table("messages")?;
        let column = |name| table.column(name);
        let (topic_id, timestamp, data) = (column("topic_id")?, column("timestamp")?, column("data")?);
        let root = table.root;
        let (walk, shape, payload) = (Walk::new(root), Shape::default(), Vec::new());
        Some(Self { database, file, root, walk, topic_id, timestamp, data, shape, payload })
    }

    /// Opens the database and its messages, to fetch some of them.
    pub(crate) fn open(source: &'a dyn Source, file: u32) -> Result<Option<Self>, Fault> {
        let mut database = Database::open(source, file as usize)?;
        database.prepare()?;
        Ok(Self::new(database, file))
    }

    /// The next row. After an error the walk goes on behind what is damaged.
    pub(crate) fn next(&mut self) -> Option<Result<Row, Fault>> {
        let cell = self.walk.next(&mut self.database.pager)?;
        Some(cell.and_then(|cell| self.row(cell)))
    }

    fn row(&mut self, cell: Cell) -> Result<Row, Fault> {
        let damaged = |why: &str| Fault::Damaged {
            page: cell.page_number,
            why: format!("row {} is no message: {why}", cell.rowid),
        };
        // The numbers stand before the data, on the leaf.
        self.shape.read(cell.local()).ok_or_else(|| damaged("its head makes no sense"))?;
        let number = |column| self.shape.value(column, cell.local()).and_then(|value| value.integer());
        let topic_id = number(self.topic_id).ok_or_else(|| damaged("it has no topic"))?;
        let timestamp = number(self.timestamp).ok_or_else(|| damaged("it has no time"))?;
        let (at, length) = self.shape.bytes(self.data).ok_or_else(|| damaged("it has no data"))?;
        if at.checked_add(length).is_none_or(|end| end > cell.length) {
            return Err(damaged("its data goes beyond it"));
        }
        Ok(Row { cell, topic_id, timestamp, at, length })
    }

    /// The data of a row.
    pub(crate) fn data<'r>(&'r mut self, row: &'r Row) -> Result<&'r [u8], Fault> {
        let payload = if row.cell.spot(row.at, row.length).is_some() || row.cell.is_whole() {
            row.cell.local()
        } else {
            self.database.pager.payload_into(&row.cell, &mut self.payload)?;
            &self.payload
        };
        // OK to cast and slice: `row` found that the data lies in the payload, which is in memory now.
        Ok(&payload[row.at as usize..(row.at + row.length) as usize])
    }

    /// Where the data of a row lies.
    pub(crate) fn place(&self, row: &Row, zstd: bool) -> BlobRef {
        let (file, chunk_offset, compression) = match row.cell.spot(row.at, row.length) {
            Some(spot) => {
                let compression = if zstd { Compression::Zstd } else { Compression::None };
                // OK to cast: a source has far fewer files than u32 counts.
                (spot.file as u32, spot.offset, compression)
            }
            None => {
                let compression = if zstd { Compression::SqliteZstd } else { Compression::Sqlite };
                // OK to cast: the id is told by its bits.
                (self.file, row.cell.rowid as u64, compression)
            }
        };
        BlobRef {
            file,
            chunk_offset,
            chunk_length: row.length,
            compression,
            inner_offset: 0,
            length: row.length,
            key_frame: None,
            sha256: None,
        }
    }

    /// The data of the row with that id; `None` where there is none.
    pub(crate) fn fetch(&mut self, rowid: i64) -> Result<Option<Vec<u8>>, Fault> {
        let Some(cell) = self.database.pager.seek(self.root, rowid)? else { return Ok(None) };
        let row = self.row(cell)?;
        self.data(&row).map(|data| Some(data.to_vec()))
    }
}
