//! Reads the bytes that a [`BlobRef`] points to.

use prairie_model::{BlobRef, Source};

use crate::FormatError;

/// Reads blobs of one recording. Keeps the last decompressed chunk, so that blobs read in the order of the recording cost one
/// decompression per chunk.
pub struct BlobReader<'a> {
    source: &'a dyn Source,
}

impl<'a> BlobReader<'a> {
    /// A reader over `source`.
    pub fn new(source: &'a dyn Source) -> Self {
        Self { source }
    }

    /// The bytes of `blob`.
    ///
    /// # Errors
    ///
    /// When the source fails or the chunk is not what the reference says.
    pub fn read(&mut self, blob: &BlobRef) -> Result<Vec<u8>, FormatError> {
        let _ = (self.source, blob);
        unimplemented!("the MCAP room fills this in")
    }
}
