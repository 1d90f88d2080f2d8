//! Why standardization stopped.

use arrow::error::ArrowError;

/// Only a caller that breaks the contract between neighbours gets an error; bad data is a [`prairie_model::Note`].
#[derive(Debug, thiserror::Error)]
pub enum StandardizeError {
    /// A batch does not have one row per log time.
    #[error("a batch of `{topic}` has {rows} messages and {times} log times")]
    Uneven {
        /// The topic.
        topic: String,
        /// Messages in the payload.
        rows: usize,
        /// Log times beside it.
        times: usize,
    },
    /// Columns could not be built.
    #[error("failed to build the columns of `{stream}`")]
    Columns {
        /// The stream or topic.
        stream: String,
        /// What Arrow says.
        source: ArrowError,
    },
}
