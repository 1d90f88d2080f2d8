//! The table of messages of one database.

use prairie_model::{BlobRef, Compression, Source};

use crate::sqlite::{Cell, Database, Fault, Shape, Spot, Walk};

/// The table, and where a walk over it stands.
pub(crate) struct Messages<'a> {
    pub(crate) database: Database<'a>,
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
    /// Where the row begins, for notes.
    pub(crate) fn offset(&self) -> u64 {
        self.cell.spot().offset
    }
}

impl<'a> Messages<'a> {
    /// The messages of a database; `None` where it has no such table.
    pub(crate) fn new(database: Database<'a>) -> Option<Self> {
        let table = database.table("messages")?;
        let column = |name| table.column(name);
        let (topic_id, timestamp, data) = (column("topic_id")?, column("timestamp")?, column("data")?);
        let (walk, shape, payload) = (Walk::new(table.root), Shape::default(), Vec::new());
        Some(Self { database, walk, topic_id, timestamp, data, shape, payload })
    }

    /// Opens the database that `file` is, or is the log of, to fetch some of its messages.
    pub(crate) fn open(source: &'a dyn Source, file: usize) -> Result<Option<Self>, Fault> {
        let path = source.files().get(file).map_or("", |file| file.path.as_str());
        let of_log = path.strip_suffix("-wal").and_then(|path| source.find(path));
        let mut database = Database::open(source, of_log.unwrap_or(file))?;
        database.prepare()?;
        Ok(Self::new(database))
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
        let payload = if row.cell.is_whole() {
            row.cell.local()
        } else {
            self.database.pager.payload_into(&row.cell, &mut self.payload)?;
            &self.payload
        };
        // OK to cast and slice: `row` found that the data lies in the payload, which is in memory now.
        Ok(&payload[row.at as usize..(row.at + row.length) as usize])
    }

    /// Where the data of a row lies.
    pub(crate) fn place(row: &Row, zstd: bool) -> BlobRef {
        let (spot, compression) = match (row.cell.direct(row.at, row.length), zstd) {
            (Some(spot), false) => (spot, Compression::None),
            (Some(spot), true) => (spot, Compression::Zstd),
            (None, false) => (row.cell.spot(), Compression::Sqlite),
            (None, true) => (row.cell.spot(), Compression::SqliteZstd),
        };
        BlobRef {
            // OK to cast: a source has far fewer files than u32 counts.
            file: spot.file as u32,
            chunk_offset: spot.offset,
            chunk_length: row.length,
            compression,
            inner_offset: 0,
            length: row.length,
            key_frame: None,
            sha256: None,
        }
    }

    /// The data of the row that begins at that byte; `None` where there is none.
    pub(crate) fn fetch(&mut self, file: usize, offset: u64) -> Result<Option<Vec<u8>>, Fault> {
        let Some(cell) = self.database.pager.cell_at(Spot { file, offset })? else { return Ok(None) };
        let row = self.row(cell)?;
        self.data(&row).map(|data| Some(data.to_vec()))
    }
}
