//! Records: how they are framed, and the fields of their headers. Knows no I/O.
//!
//! ```text
//!   u32 header length │ fields │ u32 data length │ data          field: u32 length │ name=value
//! ```

use std::io;

use crate::messages::Bytes;

/// How a bag of version 2.0 begins.
pub(crate) const MAGIC: &[u8; 13] = b"#ROSBAG V2.0\n";

/// Headers have some hundred bytes.
const HEADER_MAX: u64 = 1 << 20;

/// What records are.
pub(crate) mod op {
    /// A message.
    pub(crate) const MESSAGE: u8 = 0x02;
    /// The first record.
    pub(crate) const BAG_HEADER: u8 = 0x03;
    /// Where the messages of a connection lie in the chunk before it.
    pub(crate) const INDEX_DATA: u8 = 0x04;
    /// Records that are compressed together.
    pub(crate) const CHUNK: u8 = 0x05;
    /// What is in a chunk.
    pub(crate) const CHUNK_INFO: u8 = 0x06;
    /// A connection.
    pub(crate) const CONNECTION: u8 = 0x07;
}

/// The frame of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Where it begins.
    pub(crate) offset: u64,
    header_length: u64,
    /// Bytes of its data.
    pub(crate) length: u64,
}

impl Frame {
    fn header_at(self) -> u64 {
        self.offset + 4
    }

    /// Where its data begins.
    pub(crate) fn data(self) -> u64 {
        self.offset + 8 + self.header_length
    }

    /// Where the next record begins.
    pub(crate) fn end(self) -> u64 {
        self.data() + self.length
    }

    /// Its header.
    pub(crate) fn header<'b, B: Bytes>(self, bytes: &'b mut B) -> io::Result<Result<Header<'b>, &'static str>> {
        // OK to cast: at most HEADER_MAX.
        Ok(Header::parse(bytes.get(self.header_at(), self.header_length as usize)?))
    }
}

/// Why there is no record.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WalkError {
    /// Fewer bytes are left than a record needs.
    #[error("{left} bytes are left and a record needs at least 8")]
    Short {
        /// Bytes that are left.
        left: u64,
    },
    /// The header is longer than what is left, or than any header is.
    #[error("a record claims a header of {length} bytes and {left} are left")]
    Header {
        /// Bytes that it claims.
        length: u64,
        /// Bytes that are left.
        left: u64,
    },
    /// The data is longer than what is left.
    #[error("a record claims {} bytes and {left} are left", .frame.length)]
    Overrun {
        /// The record.
        frame: Frame,
        /// Bytes that are left for its data.
        left: u64,
    },
    /// The header makes no sense.
    #[error("the header of a record makes no sense: {0}")]
    Nonsense(&'static str),
    /// The bytes cannot be had.
    #[error("the bytes cannot be read")]
    Io(#[from] io::Error),
}

/// The record at `offset` of something that ends at `end`; `None` at the end.
///
/// **Invariant:** a frame that is returned lies inside `..end`, and is longer than nothing, so that a walk ends.
pub(crate) fn next_frame(bytes: &mut impl Bytes, offset: u64, end: u64) -> Result<Option<Frame>, WalkError> {
    let left = end.saturating_sub(offset);
    if left == 0 {
        return Ok(None);
    }
    if left < 8 {
        return Err(WalkError::Short { left });
    }
    let length = u64::from(u32_at(bytes, offset)?);
    if length > (left - 8).min(HEADER_MAX) {
        return Err(WalkError::Header { length, left: left - 8 });
    }
    let data_length = u64::from(u32_at(bytes, offset + 4 + length)?);
    let frame = Frame { offset, header_length: length, length: data_length };
    match left - 8 - length {
        left if data_length > left => Err(WalkError::Overrun { frame, left }),
        _ => Ok(Some(frame)),
    }
}

fn u32_at(bytes: &mut impl Bytes, offset: u64) -> io::Result<u32> {
    let bytes = bytes.get(offset, 4)?;
    Ok(bytes.first_chunk::<4>().map_or(0, |number| u32::from_le_bytes(*number)))
}

/// The fields of a header that this reader uses. Those that are not there are `None`, and so are those of another length.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    pub(crate) op: Option<u8>,
    /// Number of a connection.
    pub(crate) conn: Option<u32>,
    pub(crate) count: Option<u32>,
    pub(crate) size: Option<u32>,
    pub(crate) ver: Option<u32>,
    pub(crate) conn_count: Option<u32>,
    pub(crate) chunk_count: Option<u32>,
    pub(crate) index_pos: Option<u64>,
    pub(crate) chunk_pos: Option<u64>,
    pub(crate) time: Option<Time>,
    pub(crate) start_time: Option<Time>,
    pub(crate) end_time: Option<Time>,
    pub(crate) compression: Option<&'a [u8]>,
    pub(crate) encryptor: Option<&'a [u8]>,
    pub(crate) topic: Option<&'a [u8]>,
}

/// A time as a bag has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time {
    /// Nanoseconds since 1970.
    pub(crate) nanos: u64,
    /// Whether it is a time: not zero, and its fraction less than a second.
    pub(crate) is_valid: bool,
}

impl Time {
    /// Seconds and nanoseconds, four bytes each.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let ([seconds, fraction], []) = bytes.as_chunks::<4>() else { return None };
        let (seconds, fraction) = (u64::from(u32::from_le_bytes(*seconds)), u64::from(u32::from_le_bytes(*fraction)));
        // No overflow: 2^32 × 10^9 + 2^32 < 2^63.
        let nanos = seconds * 1_000_000_000 + fraction;
        Some(Self { nanos, is_valid: nanos != 0 && fraction < 1_000_000_000 })
    }
}

impl<'a> Header<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, &'static str> {
        let mut header = Self::default();
        for field in fields(bytes) {
            let (name, value) = field?;
            let narrow = || value.try_into().ok().map(u32::from_le_bytes);
            let wide = || value.try_into().ok().map(u64::from_le_bytes);
            match name {
                b"op" => header.op = value.first().copied().filter(|_| value.len() == 1),
                b"conn" => header.conn = narrow(),
                b"count" => header.count = narrow(),
                b"size" => header.size = narrow(),
                b"ver" => header.ver = narrow(),
                b"conn_count" => header.conn_count = narrow(),
                b"chunk_count" => header.chunk_count = narrow(),
                b"index_pos" => header.index_pos = wide(),
                b"chunk_pos" => header.chunk_pos = wide(),
                b"time" => header.time = Time::parse(value),
                b"start_time" => header.start_time = Time::parse(value),
                b"end_time" => header.end_time = Time::parse(value),
                b"compression" => header.compression = Some(value),
                b"encryptor" => header.encryptor = Some(value),
                b"topic" => header.topic = Some(value),
                _ => {}
            }
        }
        if header.op.is_none() {
            return Err("it has no field `op`");
        }
        Ok(header)
    }
}

/// The fields of a header, also of that of a connection, which is the data of its record.
pub(crate) fn fields(mut bytes: &[u8]) -> impl Iterator<Item = Result<(&[u8], &[u8]), &'static str>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let Some((length, rest)) = bytes.split_first_chunk::<4>() else {
            bytes = &[];
            return Some(Err("it ends inside a field"));
        };
        // OK to cast: a size of memory has at least 32 bits.
        let Some((field, rest)) = rest.split_at_checked(u32::from_le_bytes(*length) as usize) else {
            bytes = &[];
            return Some(Err("a field is longer than what is left of it"));
        };
        bytes = rest;
        let Some(equals) = field.iter().position(|byte| *byte == b'=') else {
            bytes = &[];
            return Some(Err("a field has no `=`"));
        };
        // OK to slice: the sign is there.
        Some(Ok((&field[..equals], &field[equals + 1..])))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, value: &[u8]) -> Vec<u8> {
        let length = (name.len() + 1 + value.len()) as u32;
        [&length.to_le_bytes()[..], name.as_bytes(), b"=", value].concat()
    }

    #[test]
    fn fields_may_come_in_any_order_and_hold_equal_signs() {
        let header = [
            field("topic", b"/a=b"),
            field("other", b""),
            field("op", &[7]),
            field("conn", &3_u32.to_le_bytes()),
            field("time", &[1, 0, 0, 0, 5, 0, 0, 0]),
            field("size", b"short"),
        ]
        .concat();
        let parsed = Header::parse(&header).expect("a header");
        assert_eq!((parsed.op, parsed.conn, parsed.topic, parsed.size), (Some(7), Some(3), Some(&b"/a=b"[..]), None));
        assert_eq!(parsed.time, Some(Time { nanos: 1_000_000_005, is_valid: true }));
        for cut in 1..header.len() {
            Header::parse(&header[..cut]).ok();
        }
        assert!(Header::parse(&field("conn", &[1, 0, 0, 0])).is_err(), "there is no op");
        assert!(Header::parse(&[255, 255, 255, 255, b'a']).is_err());
        assert!(Header::parse(&[1, 0, 0, 0, b'a']).is_err(), "there is no sign");
    }

    #[test]
    fn no_time_is_no_time() {
        assert_eq!(Time::parse(&[0; 8]), Some(Time { nanos: 0, is_valid: false }));
        assert_eq!(Time::parse(&[0; 7]), None);
        assert!(!Time::parse(&[1, 0, 0, 0, 255, 255, 255, 255]).expect("eight bytes").is_valid);
    }

    #[test]
    fn a_record_lies_inside() {
        let record = [&4_u32.to_le_bytes()[..], &[0; 4], &2_u32.to_le_bytes(), &[9, 9]].concat();
        let frame = next_frame(&mut &record[..], 0, 14).expect("a record").expect("not the end");
        assert_eq!((frame.data(), frame.end()), (12, 14));
        assert!(matches!(next_frame(&mut &record[..], 0, 13), Err(WalkError::Overrun { left: 1, .. })));
        assert!(matches!(next_frame(&mut &record[..], 0, 11), Err(WalkError::Header { length: 4, left: 3 })));
        assert!(matches!(next_frame(&mut &record[..], 7, 14), Err(WalkError::Short { left: 7 })));
        assert!(next_frame(&mut &record[..], 14, 14).expect("the end").is_none());
    }
}
