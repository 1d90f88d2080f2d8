//! Writes bags of ROS 1 and databases of ROS 2, plainly and by the letter of their formats. It shares no code with the readers.

use std::collections::BTreeMap;
use std::io::Write;

/// A connection of a bag: its number, topic, and the fields of its header.
pub(crate) struct Connection<'a> {
    pub(crate) number: u32,
    pub(crate) topic: &'a str,
    pub(crate) fields: &'a [(&'a str, &'a str)],
}

/// A message: the number of its connection (or topic), its time in nanoseconds, its bytes.
pub(crate) type Message = (u32, u64, Vec<u8>);

/// How a bag is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BagShape<'a> {
    /// `none`, `bz2` or `lz4`.
    pub(crate) compression: &'a str,
    /// Messages per chunk.
    pub(crate) per_chunk: usize,
    /// Whether index data stand behind chunks, and an index at the end.
    pub(crate) indexed: bool,
}

fn field(name: &str, value: &[u8]) -> Vec<u8> {
    let length = (name.len() + 1 + value.len()) as u32;
    [&length.to_le_bytes()[..], name.as_bytes(), b"=", value].concat()
}

fn record(fields: &[(&str, &[u8])], data: &[u8]) -> Vec<u8> {
    let header: Vec<u8> = fields.iter().flat_map(|(name, value)| field(name, value)).collect();
    let (header_length, data_length) = (header.len() as u32, data.len() as u32);
    [&header_length.to_le_bytes()[..], &header, &data_length.to_le_bytes(), data].concat()
}

/// Seconds and nanoseconds.
fn time(nanos: u64) -> Vec<u8> {
    let (seconds, fraction) = ((nanos / 1_000_000_000) as u32, (nanos % 1_000_000_000) as u32);
    [seconds.to_le_bytes(), fraction.to_le_bytes()].concat()
}

fn connection(connection: &Connection<'_>) -> Vec<u8> {
    let data: Vec<u8> = connection.fields.iter().flat_map(|(name, value)| field(name, value.as_bytes())).collect();
    let number = connection.number.to_le_bytes();
    record(&[("conn", &number), ("op", &[7]), ("topic", connection.topic.as_bytes())], &data)
}

fn message((number, at, data): &Message) -> Vec<u8> {
    record(&[("conn", &number.to_le_bytes()), ("op", &[2]), ("time", &time(*at))], data)
}

fn compressed(compression: &str, bytes: &[u8]) -> Vec<u8> {
    match compression {
        "none" => bytes.to_vec(),
        "bz2" => {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(bytes).expect("memory");
            encoder.finish().expect("memory")
        }
        _ => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            encoder.write_all(bytes).expect("memory");
            encoder.finish().expect("memory")
        }
    }
}

/// A bag of ROS 1. Every chunk repeats the connections.
pub(crate) fn bag(shape: BagShape<'_>, connections: &[Connection<'_>], messages: &[Message]) -> Vec<u8> {
    const HEAD: usize = 4096;
    let all: Vec<u8> = connections.iter().flat_map(connection).collect();
    let (mut body, mut infos) = (Vec::new(), Vec::new());
    for chunk in messages.chunks(shape.per_chunk) {
        let at = 13 + HEAD + body.len();
        let mut records = all.clone();
        let mut places: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
        for one in chunk {
            let place = [time(one.1), (records.len() as u32).to_le_bytes().to_vec()].concat();
            places.entry(one.0).or_default().extend(place);
            records.extend(message(one));
        }
        let size = (records.len() as u32).to_le_bytes();
        let data = compressed(shape.compression, &records);
        body.extend(record(&[("compression", shape.compression.as_bytes()), ("op", &[5]), ("size", &size)], &data));
        if !shape.indexed {
            continue;
        }
        let mut counts = Vec::new();
        for (number, places) in &places {
            let count = (places.len() as u32 / 12).to_le_bytes();
            let one = 1_u32.to_le_bytes();
            body.extend(record(
                &[("conn", &number.to_le_bytes()), ("count", &count), ("op", &[4]), ("ver", &one)],
                places,
            ));
            counts.extend([number.to_le_bytes(), count].concat());
        }
        let first = chunk.iter().map(|one| one.1).min().unwrap_or(0);
        let last = chunk.iter().map(|one| one.1).max().unwrap_or(0);
        infos.extend(record(
            &[
                ("chunk_pos", &(at as u64).to_le_bytes()),
                ("count", &(places.len() as u32).to_le_bytes()),
                ("end_time", &time(last)),
                ("op", &[6]),
                ("start_time", &time(first)),
                ("ver", &1_u32.to_le_bytes()),
            ],
            &counts,
        ));
    }
    let chunks = messages.chunks(shape.per_chunk).count();
    let index_at = if shape.indexed { (13 + HEAD + body.len()) as u64 } else { 0 };
    let (chunk_count, conn_count) = if shape.indexed { (chunks as u32, connections.len() as u32) } else { (0, 0) };
    let fields: [(&str, &[u8]); 4] = [
        ("chunk_count", &chunk_count.to_le_bytes()),
        ("conn_count", &conn_count.to_le_bytes()),
        ("index_pos", &index_at.to_le_bytes()),
        ("op", &[3]),
    ];
    let bare = record(&fields, &[]).len();
    let head = record(&fields, &vec![b' '; HEAD - bare]);
    let index = if shape.indexed { [all, infos].concat() } else { Vec::new() };
    [b"#ROSBAG V2.0\n".to_vec(), head, body, index].concat()
}

/// A value of a row.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Null,
    Integer(i64),
    Text(String),
    Blob(Vec<u8>),
}

fn varint(value: u64) -> Vec<u8> {
    if value >= 1 << 56 {
        let mut bytes: Vec<u8> = (0..8).map(|at| (value >> (8 + 7 * (7 - at)) & 0x7f) as u8 | 0x80).collect();
        bytes.push(value as u8);
        return bytes;
    }
    let mut bytes = vec![(value & 0x7f) as u8];
    let mut rest = value >> 7;
    while rest > 0 {
        bytes.insert(0, (rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    bytes
}

fn row(values: &[Value]) -> Vec<u8> {
    let (mut types, mut body) = (Vec::new(), Vec::new());
    for value in values {
        match value {
            Value::Null => types.extend(varint(0)),
            Value::Integer(number) => {
                types.extend(varint(6));
                body.extend(number.to_be_bytes());
            }
            Value::Text(text) => {
                types.extend(varint(13 + 2 * text.len() as u64));
                body.extend(text.as_bytes());
            }
            Value::Blob(bytes) => {
                types.extend(varint(12 + 2 * bytes.len() as u64));
                body.extend(bytes);
            }
        }
    }
    [varint(types.len() as u64 + 1), types, body].concat()
}

/// A table: what creates it, and its rows by their ids.
pub(crate) struct NewTable<'a> {
    pub(crate) name: &'a str,
    pub(crate) columns: &'a str,
    pub(crate) rows: Vec<(i64, Vec<Value>)>,
}

/// The pages of a database.
struct Pages {
    bytes: usize,
    all: Vec<Vec<u8>>,
}

impl Pages {
    fn add(&mut self, page: Vec<u8>) -> u32 {
        self.all.push(page);
        self.all.len() as u32
    }

    /// The cell of a row, whose rest goes to overflow pages.
    fn cell(&mut self, id: i64, payload: &[u8]) -> Vec<u8> {
        let (length, most) = (payload.len(), self.bytes - 35);
        let least = (self.bytes - 12) * 32 / 255 - 23;
        let filling = least + length.saturating_sub(least) % (self.bytes - 4);
        let local = if length <= most {
            length
        } else if filling <= most {
            filling
        } else {
            least
        };
        let mut cell = [varint(length as u64), varint(id as u64), payload[..local].to_vec()].concat();
        if local < length {
            let parts: Vec<_> = payload[local..].chunks(self.bytes - 4).collect();
            let first = self.all.len() as u32 + 1;
            cell.extend(first.to_be_bytes());
            for (at, part) in parts.iter().enumerate() {
                let next = if at + 1 < parts.len() { first + at as u32 + 1 } else { 0 };
                let mut page = [&next.to_be_bytes()[..], part].concat();
                page.resize(self.bytes, 0);
                self.add(page);
            }
        }
        cell
    }

    /// A page of these cells. `begin` is where its head begins, and `last` the child in it.
    fn page(&self, cells: &[Vec<u8>], begin: usize, last: Option<u32>) -> Vec<u8> {
        let mut page = vec![0; self.bytes];
        let mut at = begin + if last.is_some() { 12 } else { 8 };
        let mut end = self.bytes;
        for cell in cells {
            end -= cell.len();
            page[end..end + cell.len()].copy_from_slice(cell);
            page[at..at + 2].copy_from_slice(&(end as u16).to_be_bytes());
            at += 2;
        }
        assert!(at <= end, "the cells fit");
        page[begin] = if last.is_some() { 5 } else { 13 };
        page[begin + 3..begin + 5].copy_from_slice(&(cells.len() as u16).to_be_bytes());
        page[begin + 5..begin + 7].copy_from_slice(&(end as u16).to_be_bytes());
        if let Some(last) = last {
            page[begin + 8..begin + 12].copy_from_slice(&last.to_be_bytes());
        }
        page
    }

    /// A table of these rows. Gives its root.
    fn table(&mut self, rows: &[(i64, Vec<Value>)]) -> u32 {
        let mut level: Vec<(u32, i64)> = Vec::new();
        let (mut cells, mut used, mut largest) = (Vec::new(), 8, 0);
        for (id, values) in rows {
            let cell = self.cell(*id, &row(values));
            if used + cell.len() + 2 > self.bytes {
                let page = self.page(&std::mem::take(&mut cells), 0, None);
                level.push((self.add(page), largest));
                used = 8;
            }
            used += cell.len() + 2;
            largest = *id;
            cells.push(cell);
        }
        let page = self.page(&cells, 0, None);
        level.push((self.add(page), largest));
        while level.len() > 1 {
            let mut above = Vec::new();
            // Three children, so that few rows make a deep tree.
            for children in level.chunks(3) {
                let Some(((last, largest), before)) = children.split_last() else { continue };
                let cells: Vec<_> = before
                    .iter()
                    .map(|(page, id)| [page.to_be_bytes().to_vec(), varint(*id as u64)].concat())
                    .collect();
                let page = self.page(&cells, 0, Some(*last));
                above.push((self.add(page), *largest));
            }
            level = above;
        }
        level[0].0
    }
}

/// A database of these tables.
pub(crate) fn database(page_bytes: usize, tables: &[NewTable<'_>]) -> Vec<u8> {
    let mut pages = Pages { bytes: page_bytes, all: vec![Vec::new()] };
    let mut entries = Vec::new();
    for (at, table) in tables.iter().enumerate() {
        let root = pages.table(&table.rows);
        let sql = format!("CREATE TABLE {}({})", table.name, table.columns);
        let text = |text: &str| Value::Text(text.to_owned());
        let values = [text("table"), text(table.name), text(table.name), Value::Integer(i64::from(root)), text(&sql)];
        let entry = pages.cell(at as i64 + 1, &row(&values));
        entries.push(entry);
    }
    let mut first = pages.page(&entries, 100, None);
    first[..16].copy_from_slice(b"SQLite format 3\0");
    first[16..18].copy_from_slice(&(page_bytes as u16).to_be_bytes());
    first[18..24].copy_from_slice(&[1, 1, 0, 64, 32, 32]);
    first[28..32].copy_from_slice(&(pages.all.len() as u32).to_be_bytes());
    first[44..48].copy_from_slice(&4_u32.to_be_bytes());
    first[56..60].copy_from_slice(&1_u32.to_be_bytes());
    pages.all[0] = first;
    pages.all.concat()
}

/// A bag of ROS 2: topics by their ids (name, type, format), and messages.
pub(crate) fn db3(page_bytes: usize, topics: &[(u32, &str, &str, &str)], messages: &[Message]) -> Vec<u8> {
    let text = |text: &str| Value::Text(text.to_owned());
    let topic = |(id, name, kind, format): &(u32, &str, &str, &str)| {
        (i64::from(*id), vec![Value::Null, text(name), text(kind), text(format), text("- depth: 1")])
    };
    let message = |(at, (topic, time, data)): (usize, &Message)| {
        let values = vec![
            Value::Null,
            Value::Integer(i64::from(*topic)),
            Value::Integer(*time as i64),
            Value::Blob(data.clone()),
        ];
        (at as i64 + 1, values)
    };
    let topics = NewTable {
        name: "topics",
        columns: "id INTEGER PRIMARY KEY,name TEXT,type TEXT,serialization_format TEXT,offered_qos_profiles TEXT",
        rows: topics.iter().map(topic).collect(),
    };
    let messages = NewTable {
        name: "messages",
        columns: "id INTEGER PRIMARY KEY,topic_id INTEGER,timestamp INTEGER,data BLOB",
        rows: messages.iter().enumerate().map(message).collect(),
    };
    database(page_bytes, &[topics, messages])
}

/// A log that makes the database `after` of `before`, in one transaction per page of `commits` and the rest.
pub(crate) fn log(page_bytes: usize, before: &[u8], after: &[u8], finished: bool) -> Vec<u8> {
    fn sum(mut state: (u32, u32), bytes: &[u8]) -> (u32, u32) {
        for pair in bytes.chunks_exact(8) {
            let word = |at: usize| u32::from_be_bytes([pair[at], pair[at + 1], pair[at + 2], pair[at + 3]]);
            state.0 = state.0.wrapping_add(word(0)).wrapping_add(state.1);
            state.1 = state.1.wrapping_add(word(4)).wrapping_add(state.0);
        }
        state
    }
    let word = |number: u32| number.to_be_bytes();
    let mut log = [word(0x377f_0683), word(3_007_000), word(page_bytes as u32), word(0), word(11), word(22)].concat();
    let mut state = sum((0, 0), &log);
    log.extend([word(state.0), word(state.1)].concat());
    let pages = after.len() / page_bytes;
    let changed: Vec<_> = (0..pages)
        .filter(|page| {
            before.get(page * page_bytes..(page + 1) * page_bytes)
                != Some(&after[page * page_bytes..(page + 1) * page_bytes])
        })
        .collect();
    for (at, page) in changed.iter().enumerate() {
        let commit = if at + 1 == changed.len() && finished { pages as u32 } else { 0 };
        let head = [word(*page as u32 + 1), word(commit)].concat();
        let bytes = &after[page * page_bytes..(page + 1) * page_bytes];
        state = sum(sum(state, &head), bytes);
        log.extend([&head[..], &word(11), &word(22), &word(state.0), &word(state.1), bytes].concat());
    }
    log
}
