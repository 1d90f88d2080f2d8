//! Which episodes there are, and what their texts say beside the rows.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use prairie_model::{
    Channel, Codec, MessageEncoding, Note, NoteKind, PictureInfo, RecordingPlan, Source, SourceEpisode,
};
use serde_json::{Map, Value};

use super::rows::{Cell, Kind, cells, fields, parse, without_nan};
use super::scan::{End, Part, scan};
use crate::FormatError;

/// What the text of an episode is called.
const NAME: &str = "data.json";

/// What the folder of an episode is called before its number.
const FOLDER: &str = "episode_";

/// Rows per second where nobody says: the writer's own default.
const DEFAULT_HZ: f64 = 30.0;

/// Rows from which the channels of the plan are made. The others bring theirs when they come.
const FIRST_ROWS: u64 = 16;

/// Channels of a recording.
pub(super) const CHANNELS_MAX: usize = 4096;

/// Episodes of a recording.
const EPISODES_MAX: usize = 1 << 18;

/// Bytes of a file that tell whether it is a text of an episode.
const HEAD_BYTES: u64 = 16 << 10;

/// Bytes of an attribute.
const ATTRIBUTE_MAX_BYTES: usize = 1024;

/// What the text of an episode says beside its rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Document {
    pub(super) info: Map<String, Value>,
    pub(super) text: Map<String, Value>,
    /// Other members, flattened.
    pub(super) others: BTreeMap<String, String>,
}

/// Whether a file of the recording is the text of an episode, by its path.
fn is_text(path: &str) -> bool {
    match path.rsplit_once('/') {
        None => path == NAME,
        Some((folder, name)) => name == NAME && folder.rsplit('/').next().is_some_and(|name| name.starts_with(FOLDER)),
    }
}

/// The texts, in the order of their paths. A text that lies at the root is the only one.
pub(super) fn texts(source: &dyn Source) -> Vec<usize> {
    if let Some(alone) = source.find(NAME) {
        return vec![alone];
    }
    let texts = source.files().iter().enumerate().filter(|(_, file)| is_text(&file.path));
    texts.map(|(at, _)| at).take(EPISODES_MAX).collect()
}

/// Whether the first text is one of an episode, by its beginning.
pub(super) fn is_claimed(source: &dyn Source) -> bool {
    let Some(&file) = texts(source).first() else { return false };
    let size = source.files().get(file).map_or(0, |file| file.size);
    let Ok(head) = source.read_exact(file, 0, size.min(HEAD_BYTES)) else { return false };
    let head = String::from_utf8_lossy(&head);
    let has = |name: &str| head.contains(&format!("\"{name}\""));
    let of_writer = has("joint_names") || has("tactile_names");
    let of_rows = has("idx") && (has("colors") || has("states"));
    head.trim_start().starts_with('{') && has("data") && (of_writer || of_rows) || of_writer && has("info")
}

/// The folder of a text with the slash behind it; nothing where it lies at the root.
pub(super) fn folder(path: &str) -> &str {
    path.strip_suffix(NAME).unwrap_or_default()
}

impl Document {
    /// Takes a member of the text.
    pub(super) fn member(&mut self, name: &str, value: &[u8]) {
        let value = serde_json::from_slice(value).or_else(|_| serde_json::from_slice(&without_nan(value)));
        match (name, value) {
            ("info", Ok(Value::Object(info))) => self.info = info,
            ("text", Ok(Value::Object(text))) => self.text = text,
            (name, Ok(value)) => flatten(name, &value, 0, &mut self.others),
            (_, Err(_)) => {}
        }
    }

    /// Rows per second, where the text says.
    pub(super) fn fps(&self) -> Option<f64> {
        let fps = |part: &str| self.info.get(part)?.get("fps")?.as_f64();
        let fps = fps("image").or_else(|| self.info.get("fps")?.as_f64());
        fps.filter(|fps| fps.is_finite() && *fps > 0.0)
    }

    /// What to do.
    fn task(&self) -> Option<String> {
        let goal = self.text.get("goal").and_then(Value::as_str);
        goal.map(str::trim).filter(|goal| !goal.is_empty()).map(str::to_owned)
    }

    /// Names of the elements of a channel of `width` elements.
    pub(super) fn names(&self, topic: &str, width: usize) -> Vec<String> {
        let mut way = topic.split('.');
        let (Some(part), Some(of)) = (way.next(), way.next()) else { return Vec::new() };
        let lists: &[&str] = match (part, way.next()) {
            ("tactiles", _) => &["tactile_names"],
            ("torques", _) => &["torque_names", "joint_names"],
            (_, Some("qvel")) => &["velocity_names", "joint_names"],
            (_, Some("torque")) => &["torque_names", "joint_names"],
            _ => &["joint_names"],
        };
        let named = |list: &&str| -> Option<Vec<String>> {
            let names = self.info.get(*list)?.get(of)?.as_array()?;
            let names: Option<Vec<_>> = names.iter().map(|name| name.as_str().map(str::to_owned)).collect();
            names.filter(|names| names.len() == width && width > 0)
        };
        lists.iter().find_map(named).unwrap_or_default()
    }

    /// The channel of a value that was seen.
    pub(super) fn channel(&self, id: u32, topic: &str, kind: Kind, cell: &Cell) -> Channel {
        let is_depth = topic.starts_with("depths.");
        let size = |name: &str| {
            let part = if is_depth { "depth" } else { "image" };
            self.info.get(part)?.get(name)?.as_u64().and_then(|size| u32::try_from(size).ok()).filter(|size| *size > 0)
        };
        let picture = match (kind, cell) {
            (Kind::Picture, Cell::Path(path)) => Some(PictureInfo {
                codec: codec(path),
                width: size("width"),
                height: size("height"),
                config: Vec::new(),
                fps: None,
            }),
            (Kind::Picture, _) => {
                Some(PictureInfo { codec: Codec::Other, width: None, height: None, config: Vec::new(), fps: None })
            }
            _ => None,
        };
        let width = if let Cell::Numbers(numbers) = cell { numbers.len() } else { 0 };
        let mut metadata = BTreeMap::new();
        if is_depth {
            metadata.insert("is_depth_map".to_owned(), "true".to_owned());
        }
        if kind == Kind::File
            && let Some(audio) = self.info.get("audio")
        {
            flatten("audio", audio, 1, &mut metadata);
        }
        Channel {
            id,
            topic: topic.to_owned(),
            schema_name: "xr_teleoperate.feature".to_owned(),
            encoding: MessageEncoding::Table,
            fields: Some(fields(kind)),
            undecodable: None,
            picture,
            names: self.names(topic, width),
            shape: if width > 0 { vec![width as u64] } else { Vec::new() },
            rate_hz: self.fps(),
            metadata,
            claimed_messages: None,
        }
    }
}

/// The codec of a picture file, by its name.
fn codec(path: &str) -> Codec {
    match path.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).as_deref() {
        Some("jpg" | "jpeg") => Codec::Jpeg,
        Some("png") => Codec::Png,
        _ => Codec::Other,
    }
}

/// Texts, numbers and short lists, two levels deep.
fn flatten(name: &str, value: &Value, depth: u32, out: &mut BTreeMap<String, String>) {
    let text = match value {
        Value::Null => return,
        Value::Object(members) if depth < 3 => {
            members.iter().for_each(|(member, value)| flatten(&format!("{name}.{member}"), value, depth + 1, out));
            return;
        }
        Value::Array(items) if items.is_empty() => return,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if !text.trim().is_empty() && text.len() <= ATTRIBUTE_MAX_BYTES {
        out.insert(name.to_owned(), text);
    }
}

/// What a text says beside its rows, where that stands before them; else all of it is gone through.
pub(super) fn head(source: &dyn Source, file: usize) -> Result<Document, FormatError> {
    let mut document = Document::default();
    scan(source, file, |_| false, &mut |part| match part {
        Part::Member(name, value) => {
            document.member(name, value);
            ControlFlow::Continue(())
        }
        Part::Row(..) if document.info.is_empty() => ControlFlow::Continue(()),
        Part::Row(..) => ControlFlow::Break(()),
    })?;
    Ok(document)
}

/// How far apart rows are: by the text, else by the writer's default.
pub(super) fn rate(document: &Document) -> f64 {
    document.fps().unwrap_or(DEFAULT_HZ)
}

/// The plan of the recording. Texts are gone through once, since there is no index; rows are counted, and the first ones read.
pub(super) fn plan(source: &dyn Source) -> Result<RecordingPlan, FormatError> {
    let mut plan = RecordingPlan { format: "xr_teleoperate".to_owned(), ..RecordingPlan::default() };
    let mut seen: BTreeMap<String, (Kind, Cell, usize)> = BTreeMap::new();
    // The first, and those that brought a channel.
    let mut documents: BTreeMap<usize, Document> = BTreeMap::new();
    let texts = texts(source);
    if texts.is_empty() {
        return Err(FormatError::Unsupported(format!("there is no `{NAME}` of an episode")));
    }
    let mut silent = 0_u64;
    for (number, file) in texts.iter().enumerate() {
        let path = source.files().get(*file).map(|file| file.path.clone()).unwrap_or_default();
        let (mut document, mut rows) = (Document::default(), 0_u64);
        let known = seen.len();
        let end = scan(source, *file, |row| row < FIRST_ROWS, &mut |part| {
            match part {
                Part::Member(name, value) => document.member(name, value),
                Part::Row(_, bytes) => {
                    rows += 1;
                    let row = bytes.filter(|bytes| !bytes.is_empty()).and_then(parse);
                    cells(row.unwrap_or_default(), &mut |topic, kind, cell| {
                        if seen.len() < CHANNELS_MAX && !matches!(cell, Cell::Odd) {
                            seen.entry(topic).or_insert((kind, cell, number));
                        }
                    });
                }
            }
            ControlFlow::Continue(())
        })?;
        if rows == 0 && matches!(end, End::Broken { offset: 0, .. }) && texts.len() == 1 {
            let why = "it does not begin with an object".to_owned();
            return Err(FormatError::Damaged { what: "the rows", file: path, offset: 0, why });
        }
        silent += u64::from(document.fps().is_none());
        plan.episodes.push(episode(&path, &document, rows));
        if number == 0 || seen.len() > known {
            documents.insert(number, document);
        }
    }
    let first = documents.get(&0).cloned().unwrap_or_default();
    flatten("info", &Value::Object(first.info.clone()), 0, &mut plan.attributes);
    plan.profile = first.info.get("version").and_then(Value::as_str).map(str::to_owned);
    if silent > 0 {
        let whose = if silent == texts.len() as u64 { "the recording states" } else { "some episodes state" };
        let text = format!("{whose} no rate; rows are taken as 1/{DEFAULT_HZ} s apart, the writer's default");
        plan.notes.push(Note::new(NoteKind::TimeInvalid, text));
    }
    plan.notes.extend(without_text(source));
    for (id, (topic, (kind, cell, number))) in (0_u32..).zip(seen) {
        let channel = documents.get(&number).unwrap_or(&first).channel(id, &topic, kind, &cell);
        plan.channels.push(Arc::new(channel));
    }
    Ok(plan)
}

fn episode(path: &str, document: &Document, rows: u64) -> SourceEpisode {
    let key = folder(path).trim_end_matches('/');
    let mut attributes = document.others.clone();
    flatten("text", &Value::Object(document.text.clone()), 0, &mut attributes);
    attributes.remove("text.goal");
    SourceEpisode {
        key: if key.is_empty() { "episode".to_owned() } else { key.to_owned() },
        task: document.task(),
        claimed_length: Some(rows),
        span: None,
        attributes,
    }
}

/// Says which folders of episodes have no text.
fn without_text(source: &dyn Source) -> Option<Note> {
    if source.find(NAME).is_some() {
        return None;
    }
    let mut folders = BTreeSet::new();
    for file in source.files() {
        let parts: Vec<_> = file.path.split('/').collect();
        if let Some(at) = parts.iter().rposition(|part| part.starts_with(FOLDER)).filter(|at| at + 1 < parts.len()) {
            // OK to index: the place was just found, and something lies behind it.
            folders.insert(parts[..=at].join("/"));
        }
    }
    let missing: Vec<_> = folders.iter().filter(|folder| source.find(&format!("{folder}/{NAME}")).is_none()).collect();
    let first = missing.first()?;
    let text = format!("{} of {} episodes have no `{NAME}`, as `{first}`", missing.len(), folders.len());
    let there = (folders.len() - missing.len()) as f64;
    let note = Note::new(NoteKind::FileMissing, text).in_file(format!("{first}/{NAME}"));
    Some(note.numbers(there, Some(folders.len() as f64)))
}
