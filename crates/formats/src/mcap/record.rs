//! The records of MCAP, each a plain struct that parses and writes its body.
//!
//! Field names and layouts are those of <https://mcap.dev/spec>. Bytes after a record's last field are ignored, as the
//! specification asks of readers, so that later versions may add fields.

use std::collections::BTreeMap;

/// The opcode of each record.
pub mod op {
    /// [`super::Header`].
    pub const HEADER: u8 = 0x01;
    /// [`super::Footer`].
    pub const FOOTER: u8 = 0x02;
    /// [`super::Schema`].
    pub const SCHEMA: u8 = 0x03;
    /// [`super::Channel`].
    pub const CHANNEL: u8 = 0x04;
    /// `Message`.
    pub const MESSAGE: u8 = 0x05;
    /// [`super::ChunkHead`] and the chunk's records.
    pub const CHUNK: u8 = 0x06;
    /// [`super::MessageIndex`].
    pub const MESSAGE_INDEX: u8 = 0x07;
    /// [`super::ChunkIndex`].
    pub const CHUNK_INDEX: u8 = 0x08;
    /// [`super::AttachmentHead`], the data and a checksum.
    pub const ATTACHMENT: u8 = 0x09;
    /// [`super::AttachmentIndex`].
    pub const ATTACHMENT_INDEX: u8 = 0x0A;
    /// [`super::Statistics`].
    pub const STATISTICS: u8 = 0x0B;
    /// [`super::Metadata`].
    pub const METADATA: u8 = 0x0C;
    /// [`super::MetadataIndex`].
    pub const METADATA_INDEX: u8 = 0x0D;
    /// [`super::SummaryOffset`].
    pub const SUMMARY_OFFSET: u8 = 0x0E;
    /// [`super::DataEnd`].
    pub const DATA_END: u8 = 0x0F;
}

/// Why a record's body is not what its opcode says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The body ends inside a field.
    #[error("`{field}` needs {needs} bytes and {has} are left")]
    Short {
        /// The field.
        field: &'static str,
        /// Bytes that it needs.
        needs: usize,
        /// Bytes that are left.
        has: usize,
    },
    /// A string is not UTF-8.
    #[error("`{0}` is not UTF-8")]
    NotText(&'static str),
}

/// What is left of a record's body.
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn take(&mut self, field: &'static str, needs: usize) -> Result<&'a [u8], RecordError> {
        let (taken, rest) =
            self.rest.split_at_checked(needs).ok_or(RecordError::Short { field, needs, has: self.rest.len() })?;
        self.rest = rest;
        Ok(taken)
    }
}

/// A type of field.
trait Field<'a>: Sized {
    fn take(fields: &mut Fields<'a>, field: &'static str) -> Result<Self, RecordError>;
    fn put(&self, out: &mut Vec<u8>);
}

macro_rules! integers {
    ($($int:ty),*) => {$(
        impl Field<'_> for $int {
            fn take(fields: &mut Fields<'_>, field: &'static str) -> Result<Self, RecordError> {
                const SIZE: usize = size_of::<$int>();
                let mut bytes = [0; SIZE];
                bytes.copy_from_slice(fields.take(field, SIZE)?);
                Ok(Self::from_le_bytes(bytes))
            }

            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
        }
    )*};
}
integers!(u8, u16, u32, u64);

/// Bytes after their length as a `u32`.
impl<'a> Field<'a> for &'a [u8] {
    fn take(fields: &mut Fields<'a>, field: &'static str) -> Result<Self, RecordError> {
        // OK to cast: u32 fits usize on every machine with an operating system.
        let length = u32::take(fields, field)? as usize;
        fields.take(field, length)
    }

    fn put(&self, out: &mut Vec<u8>) {
        // OK to cast: the writer refuses names and schemas of 4 GiB, see `writer::fits`.
        (self.len() as u32).put(out);
        out.extend_from_slice(self);
    }
}

impl<'a> Field<'a> for &'a str {
    fn take(fields: &mut Fields<'a>, field: &'static str) -> Result<Self, RecordError> {
        let bytes = <&[u8]>::take(fields, field)?;
        std::str::from_utf8(bytes).ok().ok_or(RecordError::NotText(field))
    }

    fn put(&self, out: &mut Vec<u8>) {
        self.as_bytes().put(out);
    }
}

/// A map is its length in bytes as a `u32`, then keys and values. Of equal keys the last counts.
impl<'a> Field<'a> for BTreeMap<String, String> {
    fn take(fields: &mut Fields<'a>, field: &'static str) -> Result<Self, RecordError> {
        let mut inside = Fields { rest: <&[u8]>::take(fields, field)? };
        let mut map = Self::new();
        while !inside.rest.is_empty() {
            let key = <&str>::take(&mut inside, field)?;
            map.insert(key.to_owned(), <&str>::take(&mut inside, field)?.to_owned());
        }
        Ok(map)
    }

    fn put(&self, out: &mut Vec<u8>) {
        let length: usize = self.iter().map(|(key, value)| 8 + key.len() + value.len()).sum();
        // OK to cast: see `&[u8]`.
        (length as u32).put(out);
        for (key, value) in self {
            key.as_str().put(out);
            value.as_str().put(out);
        }
    }
}

/// Pairs of integers: a map, or a list of (time, offset), after their length in bytes.
impl<'a, K: Field<'a>, V: Field<'a>> Field<'a> for Vec<(K, V)> {
    fn take(fields: &mut Fields<'a>, field: &'static str) -> Result<Self, RecordError> {
        let mut inside = Fields { rest: <&[u8]>::take(fields, field)? };
        let mut pairs = Self::with_capacity(inside.rest.len() / (size_of::<K>() + size_of::<V>()));
        while !inside.rest.is_empty() {
            pairs.push((K::take(&mut inside, field)?, V::take(&mut inside, field)?));
        }
        Ok(pairs)
    }

    fn put(&self, out: &mut Vec<u8>) {
        // OK to cast: a chunk of 4 GiB would be needed for so many entries, and the writer closes chunks long before.
        ((self.len() * (size_of::<K>() + size_of::<V>())) as u32).put(out);
        for (key, value) in self {
            key.put(out);
            value.put(out);
        }
    }
}

macro_rules! records {
    ($($(#[$doc:meta])* $name:ident $(<$life:lifetime>)? { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name $(<$life>)? {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl $(<$life>)? $name $(<$life>)? {
            /// Parses a body, and says how many bytes the fields took.
            ///
            /// # Errors
            ///
            /// When the body is too short, or a string is not UTF-8.
            pub fn parse(body: & $($life)? [u8]) -> Result<(Self, usize), RecordError> {
                let mut fields = Fields { rest: body };
                let record = Self { $($field: Field::take(&mut fields, stringify!($field))?,)* };
                Ok((record, body.len() - fields.rest.len()))
            }

            /// Appends the body.
            pub fn write(&self, out: &mut Vec<u8>) {
                $(self.$field.put(out);)*
            }
        }
    )*};
}

records! {
    /// The first record of a file.
    Header<'a> {
        /// Rules for channels and schemas that the file follows: `ros2`.
        profile: &'a str,
        /// The program that wrote it.
        library: &'a str,
    }
    /// The last record of a file.
    Footer {
        /// Where the summary begins; zero without one.
        summary_start: u64,
        /// Where the summary offsets begin; zero without any.
        summary_offset_start: u64,
        /// CRC-32 from `summary_start` up to this field; zero when it was not computed.
        summary_crc: u32,
    }
    /// The type of messages.
    Schema<'a> {
        /// Never zero.
        id: u16,
        /// Name of the type.
        name: &'a str,
        /// What `data` is written in.
        encoding: &'a str,
        /// The definition.
        data: &'a [u8],
    }
    /// A series of messages.
    Channel<'a> {
        /// Its number in the file.
        id: u16,
        /// The schema's number; zero without one.
        schema_id: u16,
        /// Topic.
        topic: &'a str,
        /// How messages are encoded.
        message_encoding: &'a str,
        /// Anything else.
        metadata: BTreeMap<String, String>,
    }
    /// What precedes the data of a message, which is the rest of the record.
    MessageHead {
        /// The channel.
        channel_id: u16,
        /// Number that the publisher gave it.
        sequence: u32,
        /// When it was recorded, in ns.
        log_time: u64,
        /// When it was published, in ns.
        publish_time: u64,
    }
    /// What precedes the records in a chunk.
    ChunkHead<'a> {
        /// Earliest log time.
        message_start_time: u64,
        /// Latest log time.
        message_end_time: u64,
        /// Bytes of the records.
        uncompressed_size: u64,
        /// CRC-32 of the records; zero when it was not computed.
        uncompressed_crc: u32,
        /// Empty, `lz4` or `zstd`.
        compression: &'a str,
        /// Bytes of the records as they lie in the file.
        compressed_size: u64,
    }
    /// Where the messages of one channel lie in the chunk before it.
    MessageIndex {
        /// The channel.
        channel_id: u16,
        /// Log time, and offset in the uncompressed chunk.
        records: Vec<(u64, u64)>,
    }
    /// Where a chunk lies, and what is in it.
    ChunkIndex<'a> {
        /// Earliest log time.
        message_start_time: u64,
        /// Latest log time.
        message_end_time: u64,
        /// Where the chunk record begins.
        chunk_start_offset: u64,
        /// Its bytes, opcode and length included.
        chunk_length: u64,
        /// Where each channel's [`MessageIndex`] begins.
        message_index_offsets: Vec<(u16, u64)>,
        /// Bytes of all of them.
        message_index_length: u64,
        /// As in [`ChunkHead`].
        compression: &'a str,
        /// As in [`ChunkHead`].
        compressed_size: u64,
        /// As in [`ChunkHead`].
        uncompressed_size: u64,
    }
    /// What precedes the data of an attachment. A CRC-32 of all before it follows the data.
    AttachmentHead<'a> {
        /// When it was recorded.
        log_time: u64,
        /// When it was made; zero where unknown.
        create_time: u64,
        /// Its name.
        name: &'a str,
        /// Its media type.
        media_type: &'a str,
        /// Bytes of the data.
        data_size: u64,
    }
    /// Where an attachment lies.
    AttachmentIndex<'a> {
        /// Where the record begins.
        offset: u64,
        /// Its bytes.
        length: u64,
        /// As in [`AttachmentHead`].
        log_time: u64,
        /// As in [`AttachmentHead`].
        create_time: u64,
        /// As in [`AttachmentHead`].
        data_size: u64,
        /// As in [`AttachmentHead`].
        name: &'a str,
        /// As in [`AttachmentHead`].
        media_type: &'a str,
    }
    /// Counts of the whole file.
    Statistics {
        /// Messages.
        message_count: u64,
        /// Schemas.
        schema_count: u16,
        /// Channels.
        channel_count: u32,
        /// Attachments.
        attachment_count: u32,
        /// Metadata records.
        metadata_count: u32,
        /// Chunks.
        chunk_count: u32,
        /// Earliest log time; zero without messages.
        message_start_time: u64,
        /// Latest log time; zero without messages.
        message_end_time: u64,
        /// Messages of each channel.
        channel_message_counts: Vec<(u16, u64)>,
    }
    /// Keys and values about the recording.
    Metadata<'a> {
        /// What they are about.
        name: &'a str,
        /// The keys and values.
        metadata: BTreeMap<String, String>,
    }
    /// Where a metadata record lies.
    MetadataIndex<'a> {
        /// Where it begins.
        offset: u64,
        /// Its bytes.
        length: u64,
        /// As in [`Metadata`].
        name: &'a str,
    }
    /// Where the records of one opcode lie in the summary.
    SummaryOffset {
        /// Their opcode.
        group_opcode: u8,
        /// Where the first begins.
        group_start: u64,
        /// Bytes of all of them.
        group_length: u64,
    }
    /// The end of the data section.
    DataEnd {
        /// CRC-32 of all before this record; zero when it was not computed.
        data_section_crc: u32,
    }
}

/// Bytes of [`MessageHead`].
pub const MESSAGE_HEAD: usize = 22;

impl MessageHead {
    /// As [`MessageHead::parse`], for the reader's innermost loop.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let head = body.first_chunk::<MESSAGE_HEAD>()?;
        let [c0, c1, s0, s1, s2, s3, log @ .., p0, p1, p2, p3, p4, p5, p6, p7] = *head;
        Some(Self {
            channel_id: u16::from_le_bytes([c0, c1]),
            sequence: u32::from_le_bytes([s0, s1, s2, s3]),
            log_time: u64::from_le_bytes(log),
            publish_time: u64::from_le_bytes([p0, p1, p2, p3, p4, p5, p6, p7]),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_and_its_tail_is_ignored() {
        let channel = Channel {
            id: 7,
            schema_id: 0,
            topic: "/camera",
            message_encoding: "cdr",
            metadata: [("offered_qos_profiles".to_owned(), String::new())].into(),
        };
        let mut body = Vec::new();
        channel.write(&mut body);
        let length = body.len();
        body.extend_from_slice(b"later fields");
        assert_eq!(Channel::parse(&body), Ok((channel, length)));
    }

    #[test]
    fn a_length_beyond_the_end_is_an_error_with_its_numbers() {
        let body = [0xff, 0xff, 0xff, 0xff, b'a'];
        let error = Header::parse(&body).expect_err("the string does not fit");
        assert_eq!(error.to_string(), "`profile` needs 4294967295 bytes and 1 are left");
        assert_eq!(Header::parse(&[1, 0, 0, 0, 0xff]), Err(RecordError::NotText("profile")));
    }

    #[test]
    fn both_ways_to_read_a_message_agree() {
        let head = MessageHead { channel_id: 0x0102, sequence: 0x0304_0506, log_time: u64::MAX - 1, publish_time: 9 };
        let mut body = Vec::new();
        head.write(&mut body);
        assert_eq!(body.len(), MESSAGE_HEAD);
        assert_eq!(MessageHead::parse(&body), Ok((head.clone(), MESSAGE_HEAD)));
        assert_eq!(MessageHead::read(&body), Some(head));
        assert_eq!(MessageHead::read(&body[1..]), None);
    }
}
