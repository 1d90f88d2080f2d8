//! Writes MCAP to anything that takes bytes, without seeking back.

use std::collections::BTreeMap;
use std::io::Write;

use lz4_flex::frame::{BlockSize, FrameEncoder, FrameInfo};
use prairie_model::Compression;

use super::config::WriterOptions;
use super::record::{self, op};
use super::walk::MAGIC;
use crate::FormatError;

/// The compression level of Zstandard: the fastest of its own scale, since recordings are written as they arrive.
const ZSTD_LEVEL: i32 = 1;

/// A schema of the file that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchemaId(u16);

/// A channel of the file that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(u16);

impl SchemaId {
    /// Its number in the file.
    pub fn number(self) -> u16 {
        self.0
    }
}

impl ChannelId {
    /// Its number in the file.
    pub fn number(self) -> u16 {
        self.0
    }
}

/// The output, counted and hashed.
struct Counted<W> {
    inner: W,
    written: u64,
    crc: crc32fast::Hasher,
}

impl<W: Write> Counted<W> {
    fn put(&mut self, what: &'static str, bytes: &[u8]) -> Result<(), FormatError> {
        self.inner.write_all(bytes).map_err(|source| FormatError::Write { what, source })?;
        self.crc.update(bytes);
        self.written += bytes.len() as u64;
        Ok(())
    }
}

/// The chunk that is being filled.
#[derive(Default)]
struct OpenChunk {
    records: Vec<u8>,
    times: Option<(u64, u64)>,
    index: BTreeMap<u16, Vec<(u64, u64)>>,
}

/// Bodies of summary records of one opcode, each with its length before it.
type Bodies = Vec<Vec<u8>>;

/// Writes one file.
///
/// **Invariant:** it never seeks: what is written is written, so the output may be a pipe or an upload.
///
/// **Invariant:** a file that was not finished is readable up to its last whole chunk.
///
/// ```
/// use prairie_formats::mcap::{McapWriter, WriterOptions};
///
/// let mut writer = McapWriter::new(Vec::new(), WriterOptions::default())?;
/// let schema = writer.add_schema("std_msgs/msg/String", "ros2msg", b"string data")?;
/// let channel = writer.add_channel(Some(schema), "/hello", "cdr", Default::default())?;
/// writer.write(channel, 0, 1_000, 1_000, b"\x00\x01\x00\x00\x03\x00\x00\x00hi\x00")?;
/// let bytes = writer.finish()?;
/// assert!(bytes.starts_with(b"\x89MCAP0\r\n"));
/// # Ok::<(), prairie_formats::FormatError>(())
/// ```
pub struct McapWriter<W: Write> {
    out: Counted<W>,
    options: WriterOptions,
    schemas: Bodies,
    channels: Bodies,
    chunk: OpenChunk,
    statistics: record::Statistics,
    /// Messages per channel; a channel without any has no entry.
    counts: BTreeMap<u16, u64>,
    times: Option<(u64, u64)>,
    chunk_indexes: Bodies,
    attachment_indexes: Bodies,
    metadata_indexes: Bodies,
    scratch: Vec<u8>,
}

/// What a file can name: lengths are 32 bits.
fn fits(what: &str, length: usize) -> Result<(), FormatError> {
    // A quarter of what 32 bits can say, so that a record of several such fields fits as well.
    if length > (u32::MAX / 4) as usize {
        return Err(FormatError::Unsupported(format!("{what} of {length} bytes does not fit into MCAP")));
    }
    Ok(())
}

fn widen(times: &mut Option<(u64, u64)>, time: u64) {
    let (first, last) = times.unwrap_or((time, time));
    *times = Some((first.min(time), last.max(time)));
}

/// Appends a record to `out`.
fn append(out: &mut Vec<u8>, opcode: u8, body: &[&[u8]]) {
    let length: usize = body.iter().map(|part| part.len()).sum();
    out.push(opcode);
    out.extend_from_slice(&(length as u64).to_le_bytes());
    for part in body {
        out.extend_from_slice(part);
    }
}

impl<W: Write> McapWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    ///
    /// When the output fails, or a text of `options` is too long.
    pub fn new(out: W, options: WriterOptions) -> Result<Self, FormatError> {
        fits("a profile", options.profile.len())?;
        fits("a library", options.library.len())?;
        let statistics = record::Statistics {
            message_count: 0,
            schema_count: 0,
            channel_count: 0,
            attachment_count: 0,
            metadata_count: 0,
            chunk_count: 0,
            message_start_time: 0,
            message_end_time: 0,
            channel_message_counts: Vec::new(),
        };
        let mut writer = Self {
            out: Counted { inner: out, written: 0, crc: crc32fast::Hasher::new() },
            options,
            schemas: Vec::new(),
            channels: Vec::new(),
            chunk: OpenChunk::default(),
            statistics,
            counts: BTreeMap::new(),
            times: None,
            chunk_indexes: Vec::new(),
            attachment_indexes: Vec::new(),
            metadata_indexes: Vec::new(),
            scratch: Vec::new(),
        };
        writer.out.put("the header", &MAGIC)?;
        let mut body = Vec::new();
        record::Header { profile: &writer.options.profile, library: &writer.options.library }.write(&mut body);
        writer.direct("the header", op::HEADER, &body)?;
        Ok(writer)
    }

    /// Bytes that were handed to the output so far. What waits in a chunk is not among them.
    pub fn written(&self) -> u64 {
        self.out.written
    }

    /// Adds a schema.
    ///
    /// # Errors
    ///
    /// When there are 65,535 already, or it is too long, or the output fails.
    pub fn add_schema(&mut self, name: &str, encoding: &str, data: &[u8]) -> Result<SchemaId, FormatError> {
        fits("a schema", name.len().saturating_add(encoding.len()).saturating_add(data.len()))?;
        let id = next_number("schemas", self.schemas.len())?;
        let mut body = Vec::new();
        record::Schema { id, name, encoding, data }.write(&mut body);
        self.describe("a schema", op::SCHEMA, &body)?;
        self.schemas.push(body);
        self.statistics.schema_count = id;
        Ok(SchemaId(id))
    }

    /// Adds a channel.
    ///
    /// # Errors
    ///
    /// When there are 65,535 already, or it is too long, or the output fails.
    pub fn add_channel(
        &mut self,
        schema: Option<SchemaId>,
        topic: &str,
        message_encoding: &str,
        metadata: BTreeMap<String, String>,
    ) -> Result<ChannelId, FormatError> {
        let described: usize = metadata.iter().map(|(key, value)| key.len() + value.len() + 8).sum();
        fits("a channel", topic.len().saturating_add(message_encoding.len()).saturating_add(described))?;
        let id = next_number("channels", self.channels.len())?;
        let schema_id = schema.map_or(0, SchemaId::number);
        let mut body = Vec::new();
        record::Channel { id, schema_id, topic, message_encoding, metadata }.write(&mut body);
        self.describe("a channel", op::CHANNEL, &body)?;
        self.channels.push(body);
        self.statistics.channel_count = u32::from(id);
        Ok(ChannelId(id))
    }

    /// Adds a message. Times are in ns.
    ///
    /// # Errors
    ///
    /// When the channel is not of this file, or the output fails.
    pub fn write(
        &mut self,
        channel: ChannelId,
        sequence: u32,
        log_time: u64,
        publish_time: u64,
        data: &[u8],
    ) -> Result<(), FormatError> {
        let channel_id = channel.number();
        if usize::from(channel_id) > self.channels.len() {
            return Err(FormatError::Unsupported(format!("channel {channel_id} is not of this file")));
        }
        let mut head = std::mem::take(&mut self.scratch);
        head.clear();
        record::MessageHead { channel_id, sequence, log_time, publish_time }.write(&mut head);
        if let Some(limit) = self.options.chunk_bytes {
            let offset = self.chunk.records.len() as u64;
            append(&mut self.chunk.records, op::MESSAGE, &[&head, data]);
            widen(&mut self.chunk.times, log_time);
            self.chunk.index.entry(channel_id).or_default().push((log_time, offset));
            if self.chunk.records.len() >= limit {
                self.close_chunk()?;
            }
        } else {
            let mut frame = [0; 9];
            frame[0] = op::MESSAGE;
            frame[1..].copy_from_slice(&((head.len() + data.len()) as u64).to_le_bytes());
            self.out.put("a message", &frame)?;
            self.out.put("a message", &head)?;
            self.out.put("a message", data)?;
        }
        self.scratch = head;
        self.statistics.message_count += 1;
        *self.counts.entry(channel_id).or_default() += 1;
        widen(&mut self.times, log_time);
        Ok(())
    }

    /// Adds a file to the file.
    ///
    /// # Errors
    ///
    /// When the output fails, or a name is too long.
    pub fn attachment(
        &mut self,
        name: &str,
        media_type: &str,
        log_time: u64,
        create_time: u64,
        data: &[u8],
    ) -> Result<(), FormatError> {
        fits("an attachment's name", name.len().saturating_add(media_type.len()))?;
        self.close_chunk()?;
        let data_size = data.len() as u64;
        let mut head = Vec::new();
        record::AttachmentHead { log_time, create_time, name, media_type, data_size }.write(&mut head);
        let mut crc = crc32fast::Hasher::new();
        crc.update(&head);
        crc.update(data);
        let crc = crc.finalize().to_le_bytes();
        let offset = self.out.written;
        let length = head.len() + data.len() + crc.len() + self.options.padding.len();
        let mut frame = vec![op::ATTACHMENT];
        frame.extend_from_slice(&(length as u64).to_le_bytes());
        for part in [&frame, &head, data, &crc, self.options.padding] {
            self.out.put("an attachment", part)?;
        }
        let length = self.out.written - offset;
        let mut body = Vec::new();
        record::AttachmentIndex { offset, length, log_time, create_time, data_size, name, media_type }.write(&mut body);
        self.attachment_indexes.push(body);
        self.statistics.attachment_count += 1;
        Ok(())
    }

    /// Adds keys and values about the recording.
    ///
    /// # Errors
    ///
    /// When the output fails, or they are too long.
    pub fn metadata(&mut self, name: &str, metadata: BTreeMap<String, String>) -> Result<(), FormatError> {
        let length: usize = metadata.iter().map(|(key, value)| key.len() + value.len() + 8).sum();
        fits("metadata", name.len().saturating_add(length))?;
        self.close_chunk()?;
        let offset = self.out.written;
        let mut body = Vec::new();
        record::Metadata { name, metadata }.write(&mut body);
        self.direct("metadata", op::METADATA, &body)?;
        let length = self.out.written - offset;
        body.clear();
        record::MetadataIndex { offset, length, name }.write(&mut body);
        self.metadata_indexes.push(body);
        self.statistics.metadata_count += 1;
        Ok(())
    }

    /// Writes the summary and the footer, and gives the output back, flushed.
    ///
    /// # Errors
    ///
    /// When the output fails.
    pub fn finish(mut self) -> Result<W, FormatError> {
        self.close_chunk()?;
        let mut body = Vec::new();
        record::DataEnd { data_section_crc: self.out.crc.clone().finalize() }.write(&mut body);
        self.frame("the end of the data", op::DATA_END, &[&body])?;

        self.out.crc = crc32fast::Hasher::new();
        let start = self.out.written;
        let groups = self.summary_groups();
        let mut offsets = Vec::new();
        for (group_opcode, bodies) in groups {
            let group_start = self.out.written;
            for body in &bodies {
                self.direct("the summary", group_opcode, body)?;
            }
            let group_length = self.out.written - group_start;
            if group_length > 0 {
                offsets.push(record::SummaryOffset { group_opcode, group_start, group_length });
            }
        }
        let offsets_start = self.out.written;
        if self.options.summary_offsets {
            for offset in &offsets {
                body.clear();
                offset.write(&mut body);
                self.direct("the summary", op::SUMMARY_OFFSET, &body)?;
            }
        }
        let mut footer = vec![op::FOOTER, 20, 0, 0, 0, 0, 0, 0, 0];
        let summary_start = if offsets.is_empty() { 0 } else { start };
        let summary_offset_start = if self.out.written > offsets_start { offsets_start } else { 0 };
        for offset in [summary_start, summary_offset_start] {
            footer.extend_from_slice(&offset.to_le_bytes());
        }
        self.out.put("the footer", &footer)?;
        let crc = self.out.crc.clone().finalize();
        self.out.put("the footer", &crc.to_le_bytes())?;
        self.out.put("the footer", &MAGIC)?;
        self.out.inner.flush().map_err(|source| FormatError::Write { what: "the footer", source })?;
        Ok(self.out.inner)
    }

    /// The records of the summary by opcode, in the order in which they are written.
    fn summary_groups(&mut self) -> Vec<(u8, Bodies)> {
        let options = &self.options;
        let mut groups = Vec::new();
        if options.repeat_schemas {
            groups.push((op::SCHEMA, std::mem::take(&mut self.schemas)));
        }
        if options.repeat_channels {
            groups.push((op::CHANNEL, std::mem::take(&mut self.channels)));
        }
        if options.statistics {
            let (first, last) = self.times.unwrap_or((0, 0));
            self.statistics.message_start_time = first;
            self.statistics.message_end_time = last;
            self.statistics.channel_message_counts = std::mem::take(&mut self.counts).into_iter().collect();
            let mut body = Vec::new();
            self.statistics.write(&mut body);
            groups.push((op::STATISTICS, vec![body]));
        }
        if options.metadata_indexes {
            groups.push((op::METADATA_INDEX, std::mem::take(&mut self.metadata_indexes)));
        }
        if options.attachment_indexes {
            groups.push((op::ATTACHMENT_INDEX, std::mem::take(&mut self.attachment_indexes)));
        }
        if options.chunk_indexes {
            groups.push((op::CHUNK_INDEX, std::mem::take(&mut self.chunk_indexes)));
        }
        groups
    }

    /// A schema or channel: into the chunk where there are chunks.
    fn describe(&mut self, what: &'static str, opcode: u8, body: &[u8]) -> Result<(), FormatError> {
        if self.options.chunk_bytes.is_none() {
            return self.direct(what, opcode, body);
        }
        append(&mut self.chunk.records, opcode, &[body]);
        Ok(())
    }

    /// A record that may grow in later versions.
    fn direct(&mut self, what: &'static str, opcode: u8, body: &[u8]) -> Result<(), FormatError> {
        self.frame(what, opcode, &[body, self.options.padding])
    }

    fn frame(&mut self, what: &'static str, opcode: u8, body: &[&[u8]]) -> Result<(), FormatError> {
        let mut bytes = std::mem::take(&mut self.scratch);
        bytes.clear();
        append(&mut bytes, opcode, body);
        let done = self.out.put(what, &bytes);
        self.scratch = bytes;
        done
    }

    fn close_chunk(&mut self) -> Result<(), FormatError> {
        if self.chunk.records.is_empty() {
            return Ok(());
        }
        let mut chunk = std::mem::take(&mut self.chunk);
        let failed = |source| FormatError::Write { what: "a chunk", source };
        let (name, compressed) = match self.options.compression {
            Compression::None => ("", None),
            Compression::Lz4 => {
                // Blocks much smaller than chunks, so that damage costs a block and not the chunk.
                let frame = FrameInfo::new().block_size(BlockSize::Max256KB);
                let mut encoder = FrameEncoder::with_frame_info(frame, Vec::new());
                encoder.write_all(&chunk.records).map_err(failed)?;
                ("lz4", Some(encoder.finish().map_err(|error| failed(error.into()))?))
            }
            Compression::Zstd => ("zstd", Some(zstd::bulk::compress(&chunk.records, ZSTD_LEVEL).map_err(failed)?)),
            other => {
                return Err(FormatError::Unsupported(format!("MCAP has no chunks of `{}`", other.name())));
            }
        };
        let records = compressed.as_deref().unwrap_or(&chunk.records);
        let (message_start_time, message_end_time) = chunk.times.unwrap_or((0, 0));
        let (uncompressed_size, compressed_size) = (chunk.records.len() as u64, records.len() as u64);
        let head = record::ChunkHead {
            message_start_time,
            message_end_time,
            uncompressed_size,
            uncompressed_crc: crc32fast::hash(&chunk.records),
            compression: name,
            compressed_size,
        };
        let mut body = Vec::new();
        head.write(&mut body);
        let chunk_start_offset = self.out.written;
        let mut frame = vec![op::CHUNK];
        frame.extend_from_slice(&((body.len() + records.len()) as u64).to_le_bytes());
        for part in [&frame, &body, records] {
            self.out.put("a chunk", part)?;
        }
        let chunk_length = self.out.written - chunk_start_offset;
        let mut message_index_offsets = Vec::new();
        let indexes_start = self.out.written;
        if self.options.message_indexes {
            for (channel_id, records) in std::mem::take(&mut chunk.index) {
                message_index_offsets.push((channel_id, self.out.written));
                body.clear();
                record::MessageIndex { channel_id, records }.write(&mut body);
                self.direct("an index of messages", op::MESSAGE_INDEX, &body)?;
            }
        }
        let mut index = Vec::new();
        record::ChunkIndex {
            message_start_time,
            message_end_time,
            chunk_start_offset,
            chunk_length,
            message_index_offsets,
            message_index_length: self.out.written - indexes_start,
            compression: name,
            compressed_size,
            uncompressed_size,
        }
        .write(&mut index);
        self.chunk_indexes.push(index);
        self.statistics.chunk_count += 1;
        // The buffer is kept for the next chunk.
        chunk.records.clear();
        self.chunk.records = chunk.records;
        Ok(())
    }
}

/// The next number after `used` ones.
fn next_number(what: &str, used: usize) -> Result<u16, FormatError> {
    u16::try_from(used)
        .ok()
        .and_then(|used| used.checked_add(1))
        .ok_or_else(|| FormatError::Unsupported(format!("MCAP has no room for more than 65535 {what}")))
}
