//! Bytes at offsets, wherever they come from.

use std::io;

/// Bytes that a walk runs over.
pub trait Bytes {
    /// `length` bytes from `offset`. The caller has checked that they are there.
    ///
    /// # Errors
    ///
    /// When they cannot be had all the same.
    fn get(&mut self, offset: u64, length: usize) -> io::Result<&[u8]>;
}

impl Bytes for &[u8] {
    fn get(&mut self, offset: u64, length: usize) -> io::Result<&[u8]> {
        let bytes: &[u8] = self;
        usize::try_from(offset)
            .ok()
            .and_then(|offset| bytes.get(offset..)?.get(..length))
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}
