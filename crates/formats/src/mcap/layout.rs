//! What the ends of each file say: header, footer, summary.

use std::collections::BTreeMap;

use prairie_model::{Note, NoteKind, Source};

use super::attributes::Attributes;
use super::bag;
use super::bindings::{Bindings, Met};
use super::config::{DESCRIPTION_MAX, PLAN_METADATA_MAX};
use super::record::{self, Statistics, op};
use super::walk::{Bytes, FRAME_HEAD, Frame, MAGIC, WalkError, next_frame};
use crate::FormatError;
use crate::messages::{Noted, Registry, Window};
use crate::rosbag2::metadata::by_number;

/// A footer record with its frame, and the magic after it.
const FOOTER_BYTES: u64 = FRAME_HEAD + 20 + MAGIC.len() as u64;

/// A data-end record with its frame.
const DATA_END_BYTES: u64 = FRAME_HEAD + 4;

/// A summary that holds together.
pub(crate) struct Summary {
    /// Where its records lie.
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) statistics: Option<Statistics>,
    pub(crate) chunk_indexes: u64,
    /// Metadata and attachments, to be read once the summary is known to hold together.
    metadata: Vec<(String, u64, u64)>,
    attachments: Vec<(String, String, u64, u64)>,
}

/// One file.
pub(crate) struct FileLayout {
    /// Index into the source's files.
    pub(crate) file: usize,
    pub(crate) path: String,
    /// Whether the file ends with the magic and a footer.
    pub(crate) closed: bool,
    /// Checksum of the data section; zero when there is none, or it cannot be had beforehand.
    pub(crate) data_crc: u32,
    pub(crate) summary: Option<Summary>,
    pub(crate) bindings: Bindings,
}

/// The whole recording.
pub(crate) struct Layout {
    pub(crate) files: Vec<FileLayout>,
    pub(crate) registry: Registry,
    pub(crate) profile: Option<String>,
    pub(crate) writer: Option<String>,
    pub(crate) attributes: Attributes,
    pub(crate) notes: Vec<Note>,
}

/// Whether the file begins like an MCAP file.
pub(crate) fn has_magic(source: &dyn Source, file: usize) -> bool {
    source.read_exact(file, 0, MAGIC.len() as u64).is_ok_and(|bytes| bytes == MAGIC)
}

/// The files of the recording that hold messages, in the order in which they were written.
pub(crate) fn data_files(source: &dyn Source) -> Vec<usize> {
    let files = source.files();
    let mut data: Vec<_> =
        (0..files.len()).filter(|&file| files.len() == 1 || !is_about_data(&files[file].path)).collect();
    data.sort_by(|&one, &other| by_number(&files[one].path, &files[other].path));
    data
}

/// Whether a file in a bag's folder describes the data instead of being data.
fn is_about_data(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.starts_with('.') || [".yaml", ".yml", ".json", ".md", ".txt"].iter().any(|end| name.ends_with(end))
}

impl Layout {
    /// Reads headers, footers and summaries.
    pub(crate) fn load(source: &dyn Source, inline: prairie_model::Inline) -> Result<Self, FormatError> {
        let mut layout = Self {
            files: Vec::new(),
            registry: Registry::new(inline),
            profile: None,
            writer: None,
            attributes: Attributes::default(),
            notes: Vec::new(),
        };
        let mut noted = Noted::default();
        let mut refused = None;
        for file in data_files(source) {
            if let Err(error) = layout.load_file(source, file, &mut noted) {
                match error {
                    FormatError::Damaged { what, ref file, offset, ref why } => {
                        noted.push(
                            Note::new(NoteKind::Corrupt, format!("failed to read {what}: {why}")).at(file, offset),
                        );
                        refused = Some(error);
                    }
                    other => return Err(other),
                }
            }
        }
        bag::compare(source, &mut layout);
        match refused {
            Some(error) if layout.files.is_empty() => return Err(error),
            _ => {}
        }
        layout.notes.extend(noted.into_notes());
        Ok(layout)
    }

    fn load_file(&mut self, source: &dyn Source, file: usize, noted: &mut Noted) -> Result<(), FormatError> {
        let path = source.files().get(file).map(|file| file.path.clone()).unwrap_or_default();
        let mut window = Window::new(source, file);
        let io = |error| FormatError::Io { file: path.clone(), source: error };
        let damaged =
            |offset, why: String| FormatError::Damaged { what: "the header", file: path.clone(), offset, why };
        let size = window.size();
        if window.at_most(0, MAGIC.len() as u64).map_err(io)? != MAGIC {
            return Err(damaged(0, "the file does not begin like MCAP".to_owned()));
        }
        if size < MAGIC.len() as u64 + FRAME_HEAD {
            return Err(damaged(MAGIC.len() as u64, format!("the file has only {size} bytes")));
        }
        self.header(&mut window, &path, noted).map_err(io)?;
        let mut loaded = FileLayout {
            file,
            path: path.clone(),
            closed: false,
            data_crc: 0,
            summary: None,
            bindings: Bindings::default(),
        };
        match footer(&mut window).map_err(io)? {
            None => noted.push(
                Note::new(NoteKind::IndexMissing, "the file ends without a footer, so all of it has to be read")
                    .at(&path, size),
            ),
            Some(footer) => {
                loaded.closed = true;
                self.summary(&mut window, &footer, &mut loaded, noted)?;
            }
        }
        self.files.push(loaded);
        Ok(())
    }

    fn header(&mut self, window: &mut Window<'_>, path: &str, noted: &mut Noted) -> std::io::Result<()> {
        let at = MAGIC.len() as u64;
        let why = match next_frame(window, at, window.size()) {
            Ok(Some(frame)) if frame.opcode == op::HEADER && frame.length <= DESCRIPTION_MAX => {
                match record::Header::parse(window.at_most(frame.body(), frame.length)?) {
                    Ok((header, _)) => {
                        self.profile = self.profile.take().or_else(|| stated(header.profile));
                        self.writer = self.writer.take().or_else(|| stated(header.library));
                        return Ok(());
                    }
                    Err(error) => error.to_string(),
                }
            }
            Ok(Some(frame)) => format!("record {:#04x} stands in its place", frame.opcode),
            Ok(None) => "the file ends".to_owned(),
            Err(WalkError::Io(error)) => return Err(error),
            Err(error) => error.to_string(),
        };
        noted.push(Note::new(NoteKind::Corrupt, format!("the header cannot be read: {why}")).at(path, at));
        Ok(())
    }

    fn summary(
        &mut self,
        window: &mut Window<'_>,
        footer: &record::Footer,
        loaded: &mut FileLayout,
        noted: &mut Noted,
    ) -> Result<(), FormatError> {
        let path = loaded.path.clone();
        let io = |error| FormatError::Io { file: path.clone(), source: error };
        let end = window.size() - FOOTER_BYTES;
        let has_summary = footer.summary_start != 0;
        let data_end = if has_summary { footer.summary_start } else { end };
        if let Some(start) = data_end.checked_sub(DATA_END_BYTES)
            && data_end <= end
            && let Ok(Some(Frame { opcode: op::DATA_END, length: 4, .. })) = next_frame(window, start, data_end)
        {
            let body = window.at_most(start + FRAME_HEAD, 4).map_err(io)?;
            loaded.data_crc = record::DataEnd::parse(body).map_or(0, |(data_end, _)| data_end.data_section_crc);
        }
        if !has_summary {
            noted.push(
                Note::new(NoteKind::IndexMissing, "the file has no summary, so all of it has to be read")
                    .at(&path, end),
            );
            return Ok(());
        }
        match walk_summary(window, footer, end).map_err(io)? {
            Ok(summary) => self.adopt(window, summary, loaded, noted).map_err(io)?,
            Err(_) if ends_earlier(window).map_err(io)? => {
                loaded.data_crc = 0;
                let text = "several MCAP files stand one behind the other in it, so all of it has to be read";
                noted.push(Note::new(NoteKind::IndexMissing, text).at(&path, end));
            }
            Err(note) => noted.push(note.in_file(&path)),
        }
        Ok(())
    }

    /// Binds the channels of a summary that holds together, and reads the metadata that it points to.
    fn adopt(
        &mut self,
        window: &mut Window<'_>,
        mut summary: Summary,
        loaded: &mut FileLayout,
        noted: &mut Noted,
    ) -> std::io::Result<()> {
        let (file, path) = (loaded.file, loaded.path.clone());
        // Schemas first, wherever they stand.
        for wanted in [op::SCHEMA, op::CHANNEL] {
            let mut offset = summary.start;
            while let Ok(Some(frame)) = next_frame(window, offset, summary.end) {
                offset = frame.end();
                if frame.opcode != wanted {
                    continue;
                }
                let body = window.at_most(frame.body(), frame.length.min(DESCRIPTION_MAX + 1))?;
                // A summary may repeat channels without their schemas. Such a channel is met again in the data, with its
                // schema before it.
                if wanted == op::CHANNEL && !loaded.bindings.has_schema_of(body) {
                    continue;
                }
                let met = match wanted {
                    op::SCHEMA => loaded.bindings.schema(body),
                    _ => loaded.bindings.channel(file, body, &mut self.registry).1,
                };
                let what = if wanted == op::SCHEMA { "schema" } else { "channel" };
                let why = match met {
                    Met::Refused(why) => why,
                    Met::Changed(_) => format!("a {what} of the summary has the number of another"),
                    Met::Known | Met::New(_) => continue,
                };
                noted.push(Note::new(NoteKind::IndexWrong, why).at(&path, frame.offset));
            }
        }
        let counts: BTreeMap<u16, u64> = summary
            .statistics
            .iter()
            .flat_map(|statistics| statistics.channel_message_counts.iter().copied())
            .collect();
        for (number, id) in loaded.bindings.ids() {
            if summary.statistics.is_some() {
                self.registry.claim(id, counts.get(&number).copied().unwrap_or(0));
            }
        }
        for (name, media_type, size, offset) in summary.attachments.drain(..) {
            self.attributes.attachment(&name, &media_type, size, (file, offset));
        }
        self.metadata(window, summary.metadata.drain(..), (file, &path), noted)?;
        loaded.summary = Some(summary);
        Ok(())
    }

    fn metadata(
        &mut self,
        window: &mut Window<'_>,
        indexes: impl Iterator<Item = (String, u64, u64)>,
        (file, path): (usize, &str),
        noted: &mut Noted,
    ) -> std::io::Result<()> {
        let mut left = PLAN_METADATA_MAX;
        for (name, offset, length) in indexes {
            let frame = match next_frame(window, offset, window.size()) {
                Ok(Some(frame)) if frame.opcode == op::METADATA && frame.end() - offset == length => frame,
                Err(WalkError::Io(error)) => return Err(error),
                _ => {
                    let text = format!("the index of metadata `{name}` points to something else");
                    noted.push(Note::new(NoteKind::IndexWrong, text).at(path, offset));
                    continue;
                }
            };
            if frame.length > left.min(DESCRIPTION_MAX) {
                continue;
            }
            left -= frame.length;
            match record::Metadata::parse(window.at_most(frame.body(), frame.length)?) {
                Ok((metadata, _)) => {
                    self.attributes.metadata(&metadata, (file, offset));
                }
                Err(error) => {
                    let text = format!("metadata `{name}` cannot be read: {error}");
                    noted.push(Note::new(NoteKind::Corrupt, text).at(path, offset));
                }
            }
        }
        Ok(())
    }
}

/// The text, unless it is empty, which means that nothing is stated.
fn stated(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// Whether a footer and the magic stand before the end of the file: then the summary at its end is of another file, which was
/// put behind the first.
fn ends_earlier(window: &mut Window<'_>) -> std::io::Result<bool> {
    let end = super::ending::end_of(window, MAGIC.len() as u64)?;
    Ok(end.is_some_and(|end| end < window.size()))
}

/// The footer; `None` when the file does not end with one.
fn footer(window: &mut Window<'_>) -> std::io::Result<Option<record::Footer>> {
    let Some(start) = window.size().checked_sub(FOOTER_BYTES) else { return Ok(None) };
    let bytes = window.at_most(start, FOOTER_BYTES)?;
    let (Some((head, rest)), true) = (bytes.split_first_chunk::<9>(), bytes.ends_with(&MAGIC)) else {
        return Ok(None);
    };
    if *head != [op::FOOTER, 20, 0, 0, 0, 0, 0, 0, 0] {
        return Ok(None);
    }
    Ok(record::Footer::parse(rest).ok().map(|(footer, _)| footer))
}

/// Walks the summary once, checks it, and keeps what is small. The note says why it does not hold together.
fn walk_summary(window: &mut Window<'_>, footer: &record::Footer, end: u64) -> std::io::Result<Result<Summary, Note>> {
    let start = footer.summary_start;
    let wrong = |offset: u64, why: String| {
        let mut note = Note::new(NoteKind::IndexWrong, format!("the summary is not used: {why}"));
        note.offset = Some(offset);
        note
    };
    if start < MAGIC.len() as u64 || start > end {
        return Ok(Err(wrong(end, format!("it would begin at byte {start}, and the footer is at byte {end}"))));
    }
    let offsets = footer.summary_offset_start;
    if offsets != 0 && !(start..=end).contains(&offsets) {
        return Ok(Err(wrong(end, format!("its offsets would begin at byte {offsets}, outside {start}..{end}"))));
    }
    if footer.summary_crc != 0 {
        let mut hasher = crc32fast::Hasher::new();
        // Up to the checksum itself: the footer's frame and its first two fields.
        let mut at = start;
        let stop = end + FRAME_HEAD + 16;
        while at < stop {
            let bytes = window.at_most(at, (stop - at).min(1 << 20))?;
            hasher.update(bytes);
            at += bytes.len() as u64;
        }
        let found = hasher.finalize();
        if found != footer.summary_crc {
            let text = format!(
                "the summary is not used: its checksum is {found:08x} and the footer says {:08x}",
                footer.summary_crc
            );
            let mut note =
                Note::new(NoteKind::Checksum, text).numbers(f64::from(found), Some(f64::from(footer.summary_crc)));
            note.offset = Some(start);
            return Ok(Err(note));
        }
    }
    let mut summary =
        Summary { start, end, statistics: None, chunk_indexes: 0, metadata: Vec::new(), attachments: Vec::new() };
    let mut offset = start;
    loop {
        let frame = match next_frame(window, offset, end) {
            Ok(Some(frame)) => frame,
            Ok(None) => return Ok(Ok(summary)),
            Err(WalkError::Io(error)) => return Err(error),
            Err(error) => return Ok(Err(wrong(offset, error.to_string()))),
        };
        if let Err(why) = summary.take(window, frame)? {
            return Ok(Err(wrong(frame.offset, format!("record {:#04x} is not right: {why}", frame.opcode))));
        }
        offset = frame.end();
    }
}

impl Summary {
    fn take(&mut self, window: &mut Window<'_>, frame: Frame) -> std::io::Result<Result<(), String>> {
        let interesting = [op::STATISTICS, op::CHUNK_INDEX, op::METADATA_INDEX, op::ATTACHMENT_INDEX];
        if !interesting.contains(&frame.opcode) {
            return Ok(Ok(()));
        }
        if frame.length > DESCRIPTION_MAX {
            return Ok(Err(format!("it has {} bytes", frame.length)));
        }
        let body = window.at_most(frame.body(), frame.length)?;
        // What an index points to lies before the summary.
        let outside = |start: u64, length: u64| start.checked_add(length).is_none_or(|end| end > self.start);
        let taken = match frame.opcode {
            op::STATISTICS => record::Statistics::parse(body).map(|(statistics, _)| {
                self.statistics = Some(statistics);
                None
            }),
            op::CHUNK_INDEX => record::ChunkIndex::parse(body).map(|(index, _)| {
                self.chunk_indexes += 1;
                outside(index.chunk_start_offset, index.chunk_length).then_some(index.chunk_start_offset)
            }),
            op::METADATA_INDEX => record::MetadataIndex::parse(body).map(|(index, _)| {
                self.metadata.push((index.name.to_owned(), index.offset, index.length));
                outside(index.offset, index.length).then_some(index.offset)
            }),
            _ => record::AttachmentIndex::parse(body).map(|(index, _)| {
                self.attachments.push((
                    index.name.to_owned(),
                    index.media_type.to_owned(),
                    index.data_size,
                    index.offset,
                ));
                outside(index.offset, index.length).then_some(index.offset)
            }),
        };
        Ok(match taken {
            Ok(None) => Ok(()),
            Ok(Some(offset)) => Err(format!("it points to byte {offset}, beyond the data")),
            Err(error) => Err(error.to_string()),
        })
    }

    /// Calls `each` with every chunk index.
    pub(crate) fn chunks(
        &self,
        window: &mut Window<'_>,
        mut each: impl FnMut(&record::ChunkIndex<'_>),
    ) -> std::io::Result<()> {
        let mut offset = self.start;
        while let Ok(Some(frame)) = next_frame(window, offset, self.end) {
            offset = frame.end();
            if frame.opcode == op::CHUNK_INDEX {
                // OK to cast: `walk_summary` refused longer ones.
                if let Ok((index, _)) = record::ChunkIndex::parse(window.get(frame.body(), frame.length as usize)?) {
                    each(&index);
                }
            }
        }
        Ok(())
    }
}
