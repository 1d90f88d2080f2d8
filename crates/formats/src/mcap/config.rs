//! The limits of the reader, and how the writer is told what to write.

use prairie_model::Compression;

/// A record outside of chunks that must be held in memory as a whole is skipped and told above this size.
pub(crate) const RECORD_MAX: u64 = 1 << 30;

/// A schema, a metadata record or a header above this size is skipped and told.
pub(crate) const DESCRIPTION_MAX: u64 = 32 << 20;

/// Metadata that the plan reads, in bytes. What is beyond comes with the data, as [`prairie_model::ReadEvent::Attribute`].
pub(crate) const PLAN_METADATA_MAX: u64 = 64 << 20;

/// Schema bytes that are kept per file.
pub(crate) const SCHEMAS_MAX: u64 = 256 << 20;

/// How [`super::McapWriter`] writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriterOptions {
    /// Rules for channels and schemas that the file follows: `ros2`; empty for none.
    pub profile: String,
    /// The program that writes.
    pub library: String,
    /// A chunk is closed when its records have so many bytes; `None` writes no chunks.
    pub chunk_bytes: Option<usize>,
    /// How chunks are compressed.
    pub compression: Compression,
    /// Whether to write an index of messages after each chunk.
    pub message_indexes: bool,
    /// Whether to write an index of chunks.
    pub chunk_indexes: bool,
    /// Whether to write an index of attachments.
    pub attachment_indexes: bool,
    /// Whether to write an index of metadata records.
    pub metadata_indexes: bool,
    /// Whether to write counts.
    pub statistics: bool,
    /// Whether to repeat schemas in the summary.
    pub repeat_schemas: bool,
    /// Whether to repeat channels in the summary.
    pub repeat_channels: bool,
    /// Whether to write where the parts of the summary begin.
    pub summary_offsets: bool,
    /// Bytes to add after the last field of those records that may grow. Empty in every real file; readers are tested with
    /// it.
    pub padding: &'static [u8],
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self {
            profile: String::new(),
            library: concat!("prairie ", env!("CARGO_PKG_VERSION")).to_owned(),
            chunk_bytes: Some(4 << 20),
            compression: Compression::Zstd,
            message_indexes: true,
            chunk_indexes: true,
            attachment_indexes: true,
            metadata_indexes: true,
            statistics: true,
            repeat_schemas: true,
            repeat_channels: true,
            summary_offsets: true,
            padding: &[],
        }
    }
}
