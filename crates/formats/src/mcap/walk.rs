//! Walks over the frames of records: an opcode, a length, a body. Knows no I/O and no record.

use std::io;

pub use crate::messages::Bytes;

/// Where MCAP files begin and end.
pub const MAGIC: [u8; 8] = [0x89, b'M', b'C', b'A', b'P', b'0', b'\r', b'\n'];

/// Bytes before a record's body: its opcode and its length.
pub const FRAME_HEAD: u64 = 9;

/// The frame of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// What the record is.
    pub opcode: u8,
    /// Where it begins.
    pub offset: u64,
    /// Bytes of its body.
    pub length: u64,
}

impl Frame {
    /// Where its body begins.
    pub fn body(self) -> u64 {
        self.offset + FRAME_HEAD
    }

    /// Where the next record begins.
    pub fn end(self) -> u64 {
        // Saturates for a frame that overruns what it is in; such a frame is used only to say what is left of it.
        self.body().saturating_add(self.length)
    }
}

/// Why there is no record.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// Fewer bytes are left than a frame's head has.
    #[error("{left} bytes are left and a record needs at least 9")]
    Short {
        /// Bytes that are left.
        left: u64,
    },
    /// The record is longer than what it is in.
    #[error("record {:#04x} claims {} bytes and {left} are left", .frame.opcode, .frame.length)]
    Overrun {
        /// The record.
        frame: Frame,
        /// Bytes that are left for its body.
        left: u64,
    },
    /// No record has opcode zero.
    #[error("opcode 0x00 is no record")]
    Zero,
    /// The bytes cannot be had.
    #[error("the bytes cannot be read")]
    Io(#[from] io::Error),
}

/// The record at `offset` of something that ends at `end`; `None` at the end.
///
/// **Invariant:** a frame that is returned lies inside `..end`, and is longer than nothing, so that a walk ends.
///
/// # Errors
///
/// When no whole record is there.
pub fn next_frame(bytes: &mut impl Bytes, offset: u64, end: u64) -> Result<Option<Frame>, WalkError> {
    let left = end.saturating_sub(offset);
    if left == 0 {
        return Ok(None);
    }
    if left < FRAME_HEAD {
        return Err(WalkError::Short { left });
    }
    let head = bytes.get(offset, FRAME_HEAD as usize)?;
    let Some((&opcode, length)) = head.split_first_chunk::<1>().map(|([opcode], length)| (opcode, length)) else {
        return Err(WalkError::Short { left });
    };
    let mut number = [0; 8];
    number.copy_from_slice(length);
    let frame = Frame { opcode, offset, length: u64::from_le_bytes(number) };
    if opcode == 0 {
        return Err(WalkError::Zero);
    }
    match left - FRAME_HEAD {
        left if frame.length > left => Err(WalkError::Overrun { frame, left }),
        _ => Ok(Some(frame)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_follow_each_other() {
        let bytes = [5, 1, 0, 0, 0, 0, 0, 0, 0, 42, 0x80, 0, 0, 0, 0, 0, 0, 0, 0];
        let mut slice = &bytes[..];
        let first = next_frame(&mut slice, 0, 19).expect("a record").expect("not the end");
        assert_eq!(first, Frame { opcode: 5, offset: 0, length: 1 });
        let second = next_frame(&mut slice, first.end(), 19).expect("a record").expect("not the end");
        assert_eq!((second.opcode, second.end()), (0x80, 19));
        assert!(next_frame(&mut slice, 19, 19).expect("the end").is_none());
    }

    #[test]
    fn what_is_not_whole_says_so() {
        let mut bytes = &[5, 255, 255, 255, 255, 255, 255, 255, 255][..];
        assert_eq!(
            next_frame(&mut bytes, 0, 9).expect_err("too long").to_string(),
            "record 0x05 claims 18446744073709551615 bytes and 0 are left"
        );
        assert!(matches!(next_frame(&mut bytes, 0, 8), Err(WalkError::Short { left: 8 })));
        let mut zeros = &[0; 9][..];
        assert!(matches!(next_frame(&mut zeros, 0, 9), Err(WalkError::Zero)));
    }
}
