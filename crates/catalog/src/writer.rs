//! Table files under construction.

use arrow::array::RecordBatch;
use prairie_model::EpisodeId;

use crate::{DataFile, Result};

/// Writes one Parquet file of one table and one owner.
pub struct TableWriter {}

impl TableWriter {
    /// Adds rows; their columns are those of the table.
    pub fn append(&mut self, _batch: &RecordBatch) -> Result<()> {
        unimplemented!("the signature comes first")
    }

    /// Closes and syncs the file, and puts it under its key; `None`, and no file, when it has no row.
    pub fn finish(self) -> Result<Option<DataFile>> {
        unimplemented!("the signature comes first")
    }
}

/// The rows of a stream's table: the samples, after the columns `episode_id` and `stream`.
pub fn with_keys(_episode: EpisodeId, _stream: &str, _samples: &RecordBatch) -> Result<RecordBatch> {
    unimplemented!("the signature comes first")
}
