//! What the bag header and the index say.

use std::collections::BTreeMap;

use prairie_model::{Inline, Nanos, Note, NoteKind, RecordingPlan, Source, TimeSpan};

use super::connections::{CONNECTION_MAX, Connections, Met};
use super::record::{Frame, Header, MAGIC, WalkError, next_frame, op};
use crate::FormatError;
use crate::messages::{Bytes, Noted, Registry, Window};

/// The index: connections and chunk infos.
pub(crate) struct Index {
    /// Where it begins.
    pub(crate) start: u64,
    /// Messages per connection.
    pub(crate) counts: BTreeMap<u32, u64>,
    span: Option<TimeSpan>,
}

/// What a chunk info says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChunkInfo {
    /// Where the chunk begins.
    pub(crate) offset: u64,
    pub(crate) span: Option<TimeSpan>,
    /// Messages per connection.
    pub(crate) counts: Vec<(u32, u32)>,
}

impl ChunkInfo {
    /// Messages of the chunk.
    pub(crate) fn messages(&self) -> u64 {
        self.counts.iter().map(|(_, count)| u64::from(*count)).sum()
    }
}

/// The whole recording.
pub(crate) struct Layout {
    pub(crate) path: String,
    /// Where records begin.
    pub(crate) start: u64,
    /// Where the index should begin; zero where the recorder did not come to write one.
    pub(crate) index_at: u64,
    /// The index, where it holds together.
    pub(crate) index: Option<Index>,
    pub(crate) connections: Connections,
    pub(crate) registry: Registry,
    encryptor: Option<String>,
    pub(crate) notes: Vec<Note>,
}

/// Whether the only file begins like a bag.
pub(crate) fn has_magic(source: &dyn Source) -> bool {
    source.read_exact(0, 0, MAGIC.len() as u64).is_ok_and(|bytes| bytes == MAGIC)
}

impl Layout {
    /// Reads the bag header and the index.
    pub(crate) fn load(source: &dyn Source, inline: Inline) -> Result<Self, FormatError> {
        let path = source.files().first().map(|file| file.path.clone()).unwrap_or_default();
        let mut window = Window::new(source, 0);
        let size = window.size();
        let io = |error| FormatError::Io { file: path.clone(), source: error };
        let magic = window.at_most(0, MAGIC.len() as u64).map_err(io)?;
        let damaged =
            |why: &str| FormatError::Damaged { what: "the header", file: path.clone(), offset: 0, why: why.to_owned() };
        if magic != MAGIC {
            return Err(damaged("the file does not begin like a ROS 1 bag of version 2.0"));
        }
        if size == MAGIC.len() as u64 {
            return Err(damaged("the file ends behind its first line"));
        }
        let mut layout = Self {
            path: path.clone(),
            start: MAGIC.len() as u64,
            index_at: 0,
            index: None,
            connections: Connections::default(),
            registry: Registry::new(inline),
            encryptor: None,
            notes: Vec::new(),
        };
        let mut noted = Noted::default();
        match layout.bag_header(&mut window).map_err(io)? {
            Ok(stated) => layout.load_index(&mut window, stated, &mut noted).map_err(io)?,
            Err(why) => {
                let text = format!("the bag header cannot be read: {why}; all of the file has to be read");
                noted.push(Note::new(NoteKind::Corrupt, text).at(&path, layout.start));
            }
        }
        layout.notes.extend(noted.into_notes());
        Ok(layout)
    }

    /// Reads the bag header. Gives how many connections and chunks it states.
    #[expect(clippy::type_complexity, reason = "two numbers that may be missing, or why there are none")]
    fn bag_header(&mut self, window: &mut Window<'_>) -> std::io::Result<Result<(Option<u32>, Option<u32>), String>> {
        let size = window.size();
        let frame = match next_frame(window, self.start, size) {
            Ok(Some(frame)) | Err(WalkError::Overrun { frame, .. }) => frame,
            Ok(None) => return Ok(Err("the file ends".to_owned())),
            Err(WalkError::Io(error)) => return Err(error),
            Err(error) => return Ok(Err(error.to_string())),
        };
        let header = match frame.header(window)? {
            Ok(header) if header.op == Some(op::BAG_HEADER) => header,
            Ok(_) => return Ok(Err("another record stands in its place".to_owned())),
            Err(why) => return Ok(Err(why.to_owned())),
        };
        self.index_at = header.index_pos.unwrap_or(0);
        self.encryptor =
            header.encryptor.filter(|name| !name.is_empty()).map(|name| String::from_utf8_lossy(name).into_owned());
        Ok(Ok((header.conn_count, header.chunk_count)))
    }

    /// Reads connections and chunk infos from where the bag header says.
    fn load_index(
        &mut self,
        window: &mut Window<'_>,
        (conn_count, chunk_count): (Option<u32>, Option<u32>),
        noted: &mut Noted,
    ) -> std::io::Result<()> {
        let (size, start) = (window.size(), self.index_at);
        if start == 0 {
            let text = "the recorder did not close the bag: it has no index, so all of it has to be read";
            noted.push(Note::new(NoteKind::IndexMissing, text).at(&self.path, self.start));
            return Ok(());
        }
        if start >= size {
            let text =
                format!("the index would begin at byte {start} and the file has {size}, so all of it has to be read");
            noted.push(Note::new(NoteKind::IndexMissing, text).at(&self.path, size));
            return Ok(());
        }
        let mut index = Index { start, counts: BTreeMap::new(), span: None };
        let (mut connections, mut chunks) = (0_u64, 0_u64);
        let mut wrong = None;
        let mut offset = start;
        let broken = loop {
            let frame = match next_frame(window, offset, size) {
                Ok(Some(frame)) => frame,
                Ok(None) => break None,
                Err(WalkError::Io(error)) => return Err(error),
                Err(error) => break Some(error.to_string()),
            };
            offset = frame.end();
            let (op, conn, topic) = match frame.header(window)? {
                Ok(header) => (header.op, header.conn, header.topic.map(<[u8]>::to_vec)),
                Err(why) => break Some(why.to_owned()),
            };
            match (op, conn, topic) {
                (Some(op::CONNECTION), Some(conn), Some(topic)) if frame.length <= CONNECTION_MAX => {
                    connections += 1;
                    // OK to cast: at most CONNECTION_MAX.
                    let raw = window.get(frame.data(), frame.length as usize)?;
                    if let Met::Refused(why) = self.connections.take(conn, &topic, raw, &mut self.registry) {
                        wrong = Some(format!("connection {conn} cannot be used: {why}"));
                    }
                }
                (Some(op::CHUNK_INFO), ..) => match chunk_info(window, frame)? {
                    Ok(info) if info.offset < start => {
                        chunks += 1;
                        index.add(&info);
                    }
                    Ok(info) => {
                        break Some(format!("it says that a chunk begins at byte {}, behind the data", info.offset));
                    }
                    Err(why) => break Some(why.to_owned()),
                },
                (op, ..) => break Some(format!("record {:#04x} stands in it", op.unwrap_or(0))),
            }
        };
        let stated = (conn_count.map(u64::from), chunk_count.map(u64::from));
        if let Some(why) = broken {
            let text = format!("the index is not used: {why}; all of the file has to be read");
            noted.push(Note::new(NoteKind::IndexWrong, text).at(&self.path, offset));
            return Ok(());
        }
        let fewer = |found: u64, stated: Option<u64>| stated.is_some_and(|stated| found < stated);
        if fewer(connections, stated.0) || fewer(chunks, stated.1) {
            let text = "the file ends inside of its index, so all of it has to be read";
            noted.push(Note::new(NoteKind::Truncated, text).at(&self.path, size));
            return Ok(());
        }
        if stated.0.is_some_and(|stated| stated != connections) || stated.1.is_some_and(|stated| stated != chunks) {
            wrong.get_or_insert_with(|| {
                let number = |stated: Option<u64>| stated.map_or("?".to_owned(), |stated| stated.to_string());
                format!(
                    "the bag header states {} connections and {} chunks, and the index has {connections} and {chunks}",
                    number(stated.0),
                    number(stated.1)
                )
            });
        }
        if let Some(text) = wrong {
            noted.push(Note::new(NoteKind::IndexWrong, text).at(&self.path, start));
        }
        for (conn, count) in &index.counts {
            if let Some(id) = self.connections.id(*conn) {
                self.registry.claim(id, *count);
            }
        }
        self.index = Some(index);
        Ok(())
    }

    /// The plan of the recording.
    pub(crate) fn plan(self) -> RecordingPlan {
        let claimed =
            self.index.as_ref().map(|index| index.counts.values().fold(0, |sum: u64, n| sum.saturating_add(*n)));
        RecordingPlan {
            format: "bag".to_owned(),
            profile: Some("2.0".to_owned()),
            writer: None,
            channels: self.registry.entries.into_iter().map(|entry| entry.channel).collect(),
            episodes: Vec::new(),
            span: self.index.and_then(|index| index.span),
            claimed_messages: claimed,
            attributes: self.encryptor.map(|name| ("bag.encryptor".to_owned(), name)).into_iter().collect(),
            notes: self.notes,
        }
    }
}

impl Index {
    fn add(&mut self, info: &ChunkInfo) {
        for (conn, count) in &info.counts {
            let sum = self.counts.entry(*conn).or_default();
            *sum = sum.saturating_add(u64::from(*count));
        }
        self.span = match (self.span, info.span) {
            (Some(one), Some(other)) => Some(one.union(other)),
            (one, other) => one.or(other),
        };
    }

    /// Calls `each` with every chunk info.
    pub(crate) fn chunks(&self, window: &mut Window<'_>, mut each: impl FnMut(ChunkInfo)) -> std::io::Result<()> {
        let (mut offset, size) = (self.start, window.size());
        while let Ok(Some(frame)) = next_frame(window, offset, size) {
            offset = frame.end();
            let is_info = matches!(frame.header(window)?, Ok(Header { op: Some(op::CHUNK_INFO), .. }));
            if is_info && let Ok(info) = chunk_info(window, frame)? {
                each(info);
            }
        }
        Ok(())
    }
}

/// Bytes of the counts of one chunk info: a connection has eight.
const COUNTS_MAX: u64 = 8 << 17;

/// Reads a chunk info.
fn chunk_info(window: &mut Window<'_>, frame: Frame) -> std::io::Result<Result<ChunkInfo, &'static str>> {
    let header = match frame.header(window)? {
        Ok(header) => header,
        Err(why) => return Ok(Err(why)),
    };
    let (Some(offset), Some(count), Some(1)) = (header.chunk_pos, header.count, header.ver) else {
        return Ok(Err("a chunk info lacks a field, or is of another version"));
    };
    let span = match (header.start_time, header.end_time) {
        // A chunk without messages, or one of messages that have no time, says zero.
        (Some(start), Some(end)) if end.is_valid && start.nanos <= end.nanos => {
            // OK to cast: both are below 2^63, see `Time::parse`.
            Some(TimeSpan::new(Nanos(start.nanos as i64), Nanos(end.nanos as i64)))
        }
        _ => None,
    };
    if frame.length != u64::from(count) * 8 || frame.length > COUNTS_MAX {
        return Ok(Err("a chunk info has another number of counts than it says"));
    }
    // OK to cast: at most COUNTS_MAX.
    let (pairs, _) = window.get(frame.data(), frame.length as usize)?.as_chunks::<8>();
    let counts = pairs
        .iter()
        .map(|[a, b, c, d, e, f, g, h]| (u32::from_le_bytes([*a, *b, *c, *d]), u32::from_le_bytes([*e, *f, *g, *h])))
        .collect();
    Ok(Ok(ChunkInfo { offset, span, counts }))
}
