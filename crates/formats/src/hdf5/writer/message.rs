//! Messages of object headers: shapes, types, and the header that holds them.

use crate::FormatError;

/// An address that leads nowhere.
pub(super) const UNDEFINED: u64 = u64::MAX;

/// Bytes of one message.
const MESSAGE_MAX: usize = 65_528;

/// The messages of one object.
#[derive(Debug, Default)]
pub(super) struct Messages {
    bytes: Vec<u8>,
    count: u16,
}

impl Messages {
    /// Adds a message.
    pub(super) fn add(&mut self, kind: u16, body: &[u8]) -> Result<(), FormatError> {
        let size = body.len().next_multiple_of(8);
        let count = self.count.checked_add(1).filter(|_| size <= MESSAGE_MAX);
        self.count = count.ok_or_else(|| {
            let bytes = body.len();
            FormatError::Unsupported(format!("an object of an HDF5 file has no room for {bytes} more bytes about it"))
        })?;
        self.bytes.extend(kind.to_le_bytes());
        // OK to cast: just checked.
        self.bytes.extend((size as u16).to_le_bytes());
        self.bytes.extend([0; 4]);
        self.bytes.extend(body);
        self.bytes.resize(self.bytes.len() + size - body.len(), 0);
        Ok(())
    }

    /// The header, version 1.
    pub(super) fn header(&self) -> Result<Vec<u8>, FormatError> {
        let size = u32::try_from(self.bytes.len());
        let size = size.map_err(|_wide| FormatError::Unsupported("a header of an HDF5 file is too long".to_owned()))?;
        let mut header = vec![1, 0];
        header.extend(self.count.to_le_bytes());
        // One link leads to it.
        header.extend(1_u32.to_le_bytes());
        header.extend(size.to_le_bytes());
        header.extend([0; 4]);
        header.extend(&self.bytes);
        Ok(header)
    }
}

/// A dataspace, version 1; no axis is one value.
pub(super) fn space(dims: &[u64]) -> Vec<u8> {
    // OK to cast: callers bound the axes far below 2^8.
    let mut body = vec![1, dims.len() as u8, 0, 0, 0, 0, 0, 0];
    dims.iter().for_each(|dim| body.extend(dim.to_le_bytes()));
    body
}

/// A whole number of so many bytes.
pub(super) fn integer(bytes: u16, signed: bool) -> Vec<u8> {
    let mut body = vec![0x10, u8::from(signed) << 3, 0, 0];
    body.extend(u32::from(bytes).to_le_bytes());
    body.extend([0_u16.to_le_bytes(), (8 * bytes).to_le_bytes()].concat());
    body
}

/// A number of IEEE 754 of four or eight bytes.
pub(super) fn float(bytes: u16) -> Vec<u8> {
    let (exponent, mantissa, bias) = if bytes == 4 { (8, 23, 127_u32) } else { (11, 52, 1023) };
    // OK to cast: 31 or 63. The first bit of the mantissa is implied.
    let mut body = vec![0x11, 0x20, (8 * bytes - 1) as u8, 0];
    body.extend(u32::from(bytes).to_le_bytes());
    body.extend([0_u16.to_le_bytes(), (8 * bytes).to_le_bytes()].concat());
    body.extend([mantissa, exponent, 0, mantissa]);
    body.extend(bias.to_le_bytes());
    body
}

/// Texts of so many bytes in UTF-8, shorter ones filled up with zeros.
pub(super) fn text(bytes: u32) -> Vec<u8> {
    let mut body = vec![0x13, 0x11, 0, 0];
    body.extend(bytes.to_le_bytes());
    body
}

/// Texts of variable length in UTF-8: a length, and a place in a global heap.
pub(super) fn variable_text() -> Vec<u8> {
    let mut body = vec![0x19, 0x01, 0x01, 0];
    body.extend(16_u32.to_le_bytes());
    body.extend(integer(1, false));
    body
}
