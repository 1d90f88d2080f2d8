//! The limits that all containers of messages share.

/// Bytes that are asked of the source at once.
pub(crate) const READ_BYTES: usize = 4 << 20;

/// Bytes that are asked of the source at once where reading begins or jumps to.
pub(crate) const JUMP_BYTES: usize = 64 << 10;

/// A chunk that claims more bytes than this, compressed or not, is skipped and told. No recorder writes such chunks.
pub(crate) const CHUNK_MAX: u64 = 1 << 30;

/// A chunk that claims more bytes than this, compressed or not, is decompressed as it is walked. Below, decompressing it at
/// once is faster.
pub(crate) const CHUNK_HELD: u64 = 32 << 20;

/// Bytes of a chunk that are decompressed at once where it is not held.
pub(crate) const STREAM_BYTES: usize = 1 << 20;

/// Channels of one recording. MCAP numbers them with 16 bits per file; more are possible with many files, or by redefining
/// them over and over.
pub(crate) const CHANNELS_MAX: usize = 1 << 17;

/// Batches go out when a channel has gathered so many messages …
pub(crate) const BATCH_MESSAGES: usize = 4096;

/// … or all channels together have gathered so many bytes of messages …
pub(crate) const BATCH_BYTES: usize = 16 << 20;

/// … or, at the end of a chunk, this many. Batches of a few rows cost more than they carry.
pub(crate) const BATCH_BYTES_AT_CHUNK: usize = 4 << 20;

/// Notes of one kind in one recording. The rest is counted in a last one.
pub(crate) const NOTES_MAX: u32 = 100;
