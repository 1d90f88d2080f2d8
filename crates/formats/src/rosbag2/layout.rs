//! What the description and the small tables of the databases say.

use std::collections::BTreeMap;

use prairie_model::{Inline, Nanos, Note, NoteKind, RecordingPlan, Source, TimeSpan};

use super::definitions::Definitions;
use super::metadata::{self, Said, by_number, unpacked};
use crate::FormatError;
use crate::messages::{Identity, Noted, Registry, Typed};
use crate::sqlite::{Database, Fault, MAGIC, ZSTD_MAGIC};

/// Topics of one database.
const TOPICS_MAX: usize = 1 << 17;

/// Bytes of one small table.
const TABLE_MAX: u64 = 64 << 20;

/// One database.
pub(super) struct FileLayout {
    /// Index into the source's files.
    pub(super) file: usize,
    pub(super) path: String,
    /// The channels of its topics.
    pub(super) topics: BTreeMap<i64, u32>,
}

/// The whole recording.
pub(super) struct Layout {
    pub(super) files: Vec<FileLayout>,
    pub(super) registry: Registry,
    pub(super) said: Said,
    pub(super) notes: Vec<Note>,
    /// Whether a listed file is missing, or one that is there cannot be read at all.
    pub(super) incomplete: bool,
    attributes: BTreeMap<String, String>,
}

/// A topic of a database.
struct Topic {
    id: i64,
    name: String,
    kind: String,
    format: String,
    metadata: BTreeMap<String, String>,
}

/// Whether the recording is such a bag.
pub(super) fn claims(source: &dyn Source) -> bool {
    let files = source.files();
    let data = data_files(source);
    // A folder of several storages is no bag.
    if data.is_empty() || files.iter().any(|file| unpacked(&file.path).ends_with(".mcap")) {
        return false;
    }
    data.iter().any(|&file| is_bag(source, file))
}

/// Whether a file is a database with the tables of a bag, or may be one of which all lies in the log.
fn is_bag(source: &dyn Source, file: usize) -> bool {
    let Ok(database) = Database::open(source, file) else { return false };
    database.table("messages").is_some() && database.table("topics").is_some()
}

/// The databases of the recording, in the order of their names.
fn data_files(source: &dyn Source) -> Vec<usize> {
    let files = source.files();
    let described = metadata::read(source);
    let listed = |path: &str| described.as_ref().is_some_and(|said| said.place(path).is_some());
    let is_data = |file: &usize| {
        let path = &files[*file].path;
        let beside = ["-wal", "-shm", "-journal"].iter().any(|end| path.ends_with(end));
        // A single file may have any name; in a folder other databases may lie beside the bag.
        let named = files.len() == 1 || unpacked(path).ends_with(".db3") || has_log(source, path) || listed(path);
        named && !beside && has_magic(source, *file)
    };
    let mut data: Vec<_> = (0..files.len()).filter(is_data).collect();
    data.sort_by(|&one, &other| by_number(&files[one].path, &files[other].path));
    data
}

fn has_log(source: &dyn Source, path: &str) -> bool {
    source.find(&format!("{path}-wal")).is_some()
}

/// Whether a file begins like a database, compressed or not, or has a log that holds all of it.
fn has_magic(source: &dyn Source, file: usize) -> bool {
    let Some(found) = source.files().get(file) else { return false };
    match source.read_exact(file, 0, found.size.min(MAGIC.len() as u64)) {
        Ok(head) => head == MAGIC || head.starts_with(&ZSTD_MAGIC) || (head.is_empty() && has_log(source, &found.path)),
        Err(_) => false,
    }
}

impl Layout {
    /// Reads the description and the small tables.
    pub(super) fn load(source: &dyn Source, inline: Inline) -> Result<Self, FormatError> {
        let mut noted = Noted::default();
        let described = metadata::read(source);
        let mut layout = Self {
            files: Vec::new(),
            registry: Registry::new(inline),
            said: Said::default(),
            notes: Vec::new(),
            incomplete: false,
            attributes: BTreeMap::new(),
        };
        let mut order = data_files(source);
        if let Some(said) = &described {
            for note in said.missing(source) {
                layout.incomplete = true;
                noted.push(note);
            }
            let place = |file: &usize| said.place(&source.files()[*file].path).unwrap_or(usize::MAX);
            order.sort_by_key(place);
        }
        let mut definitions = Definitions::default();
        let mut found = Vec::new();
        let mut refused = None;
        let alone = described.is_none() && order.len() == 1;
        for file in order {
            let path = source.files()[file].path.clone();
            match Database::open(source, file) {
                Ok(mut database) => {
                    let topics = layout
                        .small_tables(&mut database, &mut definitions, alone)
                        .map_err(|fault| failed(&path, fault))?;
                    database.notes.drain(..).for_each(|note| noted.push(note));
                    if database.table("messages").is_none() {
                        layout.incomplete = true;
                        let text = "the database has no table `messages`";
                        noted.push(Note::new(NoteKind::Corrupt, text).in_file(&path));
                    }
                    found.push((file, path, topics));
                }
                Err(fault) => {
                    let error = failed(&path, fault);
                    layout.incomplete = true;
                    noted.push(error.into_note()?);
                    refused = Some(path);
                }
            }
        }
        if found.is_empty() {
            return Err(FormatError::Damaged {
                what: "the database",
                file: refused.unwrap_or_default(),
                offset: 0,
                why: "none of the bag's databases can be read".to_owned(),
            });
        }
        layout.said = described.unwrap_or(layout.said);
        layout.bind(found, &mut definitions, &mut noted);
        layout.notes.extend(noted.into_notes());
        Ok(layout)
    }

    /// Reads topics, definitions and what else is small.
    fn small_tables(
        &mut self,
        database: &mut Database<'_>,
        definitions: &mut Definitions,
        alone: bool,
    ) -> Result<Vec<Topic>, Fault> {
        let mut topics = Vec::new();
        texts(database, "topics", |id, text, number| {
            let (Some(name), Some(kind)) = (text("name"), text("type")) else { return };
            let told = |key: &str| Some((key.to_owned(), text(key).filter(|value| !value.is_empty())?));
            let metadata = ["offered_qos_profiles", "type_description_hash"].into_iter().filter_map(told).collect();
            let format = text("serialization_format").unwrap_or_default();
            topics.push(Topic { id: number("id").unwrap_or(id), name, kind, format, metadata });
        })?;
        texts(database, "message_definitions", |_, text, _| {
            if let (Some(name), Some(encoding), Some(definition)) =
                (text("topic_type"), text("encoding"), text("encoded_message_definition"))
            {
                definitions.take(name, &encoding, &definition);
            }
        })?;
        let attributes = &mut self.attributes;
        texts(database, "schema", |id, text, number| {
            let version = number("schema_version").unwrap_or(id);
            attributes.entry("bag.schema_version".to_owned()).or_insert(version.to_string());
            if let Some(distro) = text("ros_distro").filter(|distro| !distro.is_empty()) {
                attributes.entry("bag.ros_distro".to_owned()).or_insert(distro);
            }
        })?;
        if alone {
            // The recorder writes a row when it begins, and one when it ends.
            let (mut rows, mut latest) = (0, None);
            texts(database, "metadata", |_, text, _| {
                rows += 1;
                latest = text("metadata");
            })?;
            let said = latest.and_then(|text| metadata::parse_inner(&text));
            self.said = said.unwrap_or_default();
            if rows < 2 {
                (self.said.messages, self.said.start, self.said.duration) = (None, None, None);
                self.said.topics.clear();
            }
            // Those of a bag of several files; the one file that is there counts for itself.
            self.said.files.clear();
        }
        Ok(topics)
    }

    /// Makes channels of topics. A topic is one channel across files.
    fn bind(&mut self, found: Vec<(usize, String, Vec<Topic>)>, definitions: &mut Definitions, noted: &mut Noted) {
        let mut known: BTreeMap<(String, String, String), u32> = BTreeMap::new();
        for (file, path, topics) in found {
            let mut ids = BTreeMap::new();
            for topic in topics {
                let key = (topic.name, topic.kind, topic.format);
                if let Some(&id) = known.get(&key) {
                    ids.insert(topic.id, id);
                    continue;
                }
                let (name, kind, format) = &key;
                let typed = definitions.of(kind);
                if matches!(typed, Typed::Undefined(_)) {
                    let text = format!("the bag has no definition of `{kind}`, and none is built in");
                    noted.push(Note::new(NoteKind::SchemaMissing, text).stream(name.as_str()).in_file(&path));
                }
                let identity =
                    Identity { topic: name.clone(), encoding: format.clone(), typed, metadata: topic.metadata };
                let Some((id, _)) = self.registry.bind(0, identity) else {
                    noted.push(Note::new(NoteKind::Corrupt, "there are too many topics").in_file(&path));
                    break;
                };
                if let Some(claimed) = self.said.topics.get(name) {
                    self.registry.claim(id, *claimed);
                }
                known.insert(key, id);
                ids.insert(topic.id, id);
            }
            self.files.push(FileLayout { file, path, topics: ids });
        }
    }

    /// The plan of the recording.
    pub(super) fn plan(self) -> RecordingPlan {
        let Said { messages, start, duration, custom, words, .. } = self.said;
        let span =
            start.zip(duration).filter(|(_, duration)| *duration >= 0 && messages.is_some_and(|count| count > 0));
        let mut attributes = self.attributes;
        for (key, value) in custom {
            attributes.entry(format!("bag.custom_data.{key}")).or_insert(value);
        }
        for (key, value) in words {
            attributes.entry(format!("bag.{key}")).or_insert(value);
        }
        RecordingPlan {
            format: "rosbag2".to_owned(),
            profile: Some("ros2".to_owned()),
            writer: None,
            channels: self.registry.entries.into_iter().map(|entry| entry.channel).collect(),
            episodes: Vec::new(),
            span: span.map(|(start, duration)| TimeSpan::new(Nanos(start), Nanos(start.saturating_add(duration)))),
            claimed_messages: messages,
            attributes,
            notes: self.notes,
        }
    }
}

/// Calls `each` with the rows of a small table, if there is one: the id, and what gives texts and numbers by the names of columns.
fn texts(
    database: &mut Database<'_>,
    table: &str,
    mut each: impl FnMut(i64, &dyn Fn(&str) -> Option<String>, &dyn Fn(&str) -> Option<i64>),
) -> Result<(), Fault> {
    let Some(table) = database.table(table).cloned() else { return Ok(()) };
    let decode = database.pager.text_decoder();
    database.rows(&table, (TOPICS_MAX, TABLE_MAX), |id, record| {
        let value = |name: &str| table.column(name).map(|column| record.get(column));
        each(id, &|name| value(name)?.bytes().map(decode), &|name| value(name)?.integer());
    })
}

/// A database that cannot be opened.
pub(super) fn failed(path: &str, fault: Fault) -> FormatError {
    match fault {
        Fault::Io(source) => FormatError::Io { file: path.to_owned(), source },
        Fault::Damaged { .. } => {
            FormatError::Damaged { what: "the database", file: path.to_owned(), offset: 0, why: fault.to_string() }
        }
    }
}
