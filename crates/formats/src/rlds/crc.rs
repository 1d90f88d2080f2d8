//! CRC-32C (Castagnoli) as TFRecord files use it: masked, so that a checksum of bytes that hold checksums stays a good one. The
//! mask is that of <https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details>.

/// A checksum under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Masked(u32);

impl Masked {
    pub(super) const fn new() -> Self {
        Self(0)
    }

    /// Takes more bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0 = crc32c::crc32c_append(self.0, bytes);
    }

    /// The checksum, as the file holds it.
    pub(super) const fn finish(self) -> u32 {
        self.0.rotate_right(15).wrapping_add(0xa282_ead8)
    }
}

/// The checksum of `bytes`, as a file holds it.
pub(super) fn masked(bytes: &[u8]) -> u32 {
    let mut crc = Masked::new();
    crc.update(bytes);
    crc.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_of_rfc_3720_turned_and_added_to() {
        let bytes: Vec<u8> = (0..32).collect();
        for (bytes, plain) in [(&b"123456789"[..], 0xe306_9283_u32), (&[0; 32], 0x8a91_36aa), (&bytes, 0x46dd_794e)] {
            let mut crc = Masked::new();
            let (head, tail) = bytes.split_at(bytes.len() / 3);
            crc.update(head);
            crc.update(tail);
            assert_eq!(crc.finish(), plain.rotate_right(15).wrapping_add(0xa282_ead8));
            assert_eq!(masked(bytes), crc.finish());
        }
    }
}
