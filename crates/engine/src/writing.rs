//! Table files that another thread writes: encoding and compressing Parquet takes as long as decoding messages.

use std::collections::BTreeMap;
use std::thread::JoinHandle;

use arrow::array::RecordBatch;
use prairie_catalog::{CatalogError, DataFile, TableWriter};

use crate::Engine;
use crate::error::EngineError;
use crate::queue::{QueueReceiver, QueueSender, queue};

/// Rows on their way to the writing thread.
const WAITING_BYTES_MAX: usize = 12 << 20;

enum Work {
    Open(String, Box<TableWriter>),
    Append(String, RecordBatch),
    /// All rows came: only then are the files put in place.
    Finish,
}

/// One file per table. Rows of a table are written in the order in which they came.
///
/// Dropping it unfinished leaves nothing behind.
pub(crate) struct Tables {
    /// `None` once nothing more comes.
    work: Option<QueueSender<Work>>,
    opened: Vec<String>,
    thread: Option<JoinHandle<Result<Vec<DataFile>, CatalogError>>>,
}

impl Tables {
    /// Starts the writing thread.
    pub(crate) fn new() -> Self {
        let (work, incoming) = queue(WAITING_BYTES_MAX);
        let thread = std::thread::spawn(move || write(&incoming));
        Self { work: Some(work), opened: Vec::new(), thread: Some(thread) }
    }

    /// Takes rows for `table`. An error may be that of rows which came before.
    pub(crate) fn append(&mut self, engine: &Engine, table: &str, rows: RecordBatch) -> Result<(), EngineError> {
        if !self.opened.iter().any(|opened| opened == table) {
            let writer = Box::new(engine.table_writer(table)?);
            self.send(Work::Open(table.to_owned(), writer), 0)?;
            self.opened.push(table.to_owned());
        }
        let bytes = rows.get_array_memory_size();
        self.send(Work::Append(table.to_owned(), rows), bytes)
    }

    fn send(&mut self, work: Work, bytes: usize) -> Result<(), EngineError> {
        match &self.work {
            Some(queue) if queue.send(work, bytes).is_ok() => Ok(()),
            // The thread ended, so that it has an error to tell.
            _ => Err(match self.close() {
                Err(error) => error,
                Ok(_) => EngineError::Bug("the writing thread ended early".to_owned()),
            }),
        }
    }

    /// Closes every file.
    pub(crate) fn finish(mut self) -> Result<Vec<DataFile>, EngineError> {
        self.send(Work::Finish, 0)?;
        self.close()
    }

    fn close(&mut self) -> Result<Vec<DataFile>, EngineError> {
        drop(self.work.take());
        let Some(thread) = self.thread.take() else { return Ok(Vec::new()) };
        let files = thread.join().map_err(|_panic| EngineError::Bug("the writing thread died".to_owned()))?;
        files.map_err(EngineError::catalog("writing rows"))
    }
}

impl Drop for Tables {
    fn drop(&mut self) {
        if self.thread.is_some() {
            // Whoever drops it unfinished has an error of its own to tell.
            self.close().ok();
        }
    }
}

/// Writes until told to finish. When the queue ends before, the files are dropped.
fn write(incoming: &QueueReceiver<Work>) -> Result<Vec<DataFile>, CatalogError> {
    let mut tables: BTreeMap<String, TableWriter> = BTreeMap::new();
    while let Some(work) = incoming.receive() {
        match work {
            Work::Open(table, writer) => {
                tables.insert(table, *writer);
            }
            Work::Append(table, rows) => {
                if let Some(writer) = tables.get_mut(&table) {
                    writer.append(&rows)?;
                }
            }
            Work::Finish => {
                let files = tables.into_values().map(TableWriter::finish).collect::<Result<Vec<_>, _>>()?;
                return Ok(files.into_iter().flatten().collect());
            }
        }
    }
    Ok(Vec::new())
}
