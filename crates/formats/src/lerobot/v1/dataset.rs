//! A dataset as its description and its table show it: columns, episodes, tasks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::DataType;
use prairie_model::{
    Channel, Codec, MessageEncoding, Note, NoteKind, PictureInfo, RecordingPlan, Source, SourceEpisode,
};
use serde_json::Value;

use super::super::dataset::{fields_of, image_codec, kind_of, ranges};
use super::super::info::{FeatureKind, INDEX_COLUMNS, text_of};
use super::super::table::{integers, texts};
use super::super::video::picture_of;
use super::table::{Piece, Wanted, columns, files, pieces, shapes};
use crate::mp4::read_track;
use crate::{BlobReader, FormatError};

/// Where the description of the dataset lies.
pub(super) const INFO: &str = "meta_data/info.json";

/// Where the first and the last row of each episode are.
const INDEX: &str = "meta_data/episode_data_index.safetensors";

/// Bytes of a description.
const JSON_MAX_BYTES: u64 = 16 << 20;

/// Bytes of the index: two numbers of eight bytes for each episode.
const INDEX_MAX_BYTES: u64 = 64 << 20;

/// Episodes of a dataset.
const EPISODES_MAX: usize = 1 << 20;

/// Bytes of a task.
const TASK_MAX_BYTES: usize = 1024;

/// What columns are called that say what to do.
const INSTRUCTION: &str = "language_instruction";

/// One column that is a channel.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Feature {
    pub(super) name: String,
    pub(super) kind: FeatureKind,
    pub(super) shape: Vec<u64>,
}

/// One episode.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Episode {
    pub(super) index: u64,
    /// Rows, as the index claims.
    pub(super) claimed: Option<u64>,
    /// Rows that the table has.
    pub(super) rows: u64,
    pub(super) task: Option<String>,
}

/// A dataset, before its rows are delivered.
pub(super) struct Dataset {
    pub(super) version: Option<String>,
    pub(super) fps: Option<f64>,
    attributes: BTreeMap<String, String>,
    /// The files of the table.
    pub(super) data: Vec<usize>,
    /// The place in it is the id of a channel.
    pub(super) features: Vec<Feature>,
    /// By index. The place in it is the ordinal of an episode.
    pub(super) episodes: Vec<Episode>,
    /// Ordinal of an episode by its index.
    pub(super) ordinals: BTreeMap<u64, u32>,
    notes: Vec<Note>,
}

/// Whether the columns of a file are those of a dataset.
pub(super) fn is_table(source: &dyn Source, file: usize) -> bool {
    let has = |fields: &arrow::datatypes::Fields, name| fields.iter().any(|field| field.name() == name);
    match columns(source, file) {
        Ok((fields, _)) => has(&fields, "episode_index") && (has(&fields, "frame_index") || has(&fields, "timestamp")),
        // The description says so where the table is damaged.
        Err(_) => source.find(INFO).is_some(),
    }
}

impl Dataset {
    pub(super) fn load(source: &dyn Source) -> Result<Self, FormatError> {
        let data = files(source);
        let mut notes = Vec::new();
        let described = description(source, &mut notes)?;
        let text = |key: &str| described.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let fps = described.get("fps").and_then(Value::as_f64).filter(|fps| fps.is_finite() && *fps > 0.0);
        let attributes = described.iter().filter_map(|(key, value)| Some((format!("info.{key}"), text_of(value)?)));
        let mut dataset = Self {
            version: text("codebase_version").map(str::to_owned),
            fps,
            attributes: attributes.collect(),
            data,
            features: Vec::new(),
            episodes: Vec::new(),
            ordinals: BTreeMap::new(),
            notes,
        };
        dataset.find_features(source)?;
        dataset.find_episodes(source)?;
        dataset.missing_files(source);
        Ok(dataset)
    }

    /// Columns by their types, from the first file whose columns can be read.
    fn find_features(&mut self, source: &dyn Source) -> Result<(), FormatError> {
        let mut found = Err(FormatError::Unsupported("there is no table of rows".to_owned()));
        for file in &self.data {
            found = columns(source, *file).map(|columns| (*file, columns));
            if found.is_ok() {
                break;
            }
        }
        let (file, (fields, metadata)) = found?;
        let is_number = |field: &Arc<arrow::datatypes::Field>| field.data_type().is_numeric();
        if !fields.iter().any(|field| field.name() == "episode_index" && is_number(field)) {
            let why = "the table has no column `episode_index` of numbers".to_owned();
            return Err(FormatError::Unsupported(why));
        }
        let shapes: BTreeMap<_, _> = shapes(source, file).into_iter().collect();
        let declared = declared_shapes(&metadata);
        for field in fields.iter().filter(|field| !INDEX_COLUMNS.contains(&field.name().as_str())) {
            let name = field.name();
            let kind = match field.data_type() {
                DataType::Struct(parts) if parts.find("bytes").is_none() && parts.find("timestamp").is_some() => {
                    Some(FeatureKind::Video)
                }
                other => kind_of(other),
            };
            let Some(kind) = kind else {
                let text = format!("column `{name}` of the type {} is left out", field.data_type());
                self.notes.push(Note::new(NoteKind::Unmapped, text).stream(name));
                continue;
            };
            let is_list = matches!(field.data_type(), DataType::List(_));
            let shape = shapes.get(name).filter(|shape| !shape.is_empty()).or_else(|| declared.get(name)).cloned();
            let shape = match (&kind, shape) {
                (FeatureKind::Numbers(_), Some(shape)) => shape,
                (FeatureKind::Numbers(_), None) if !is_list => vec![1],
                _ => Vec::new(),
            };
            self.features.push(Feature { name: name.clone(), kind, shape });
        }
        Ok(())
    }

    /// Episodes by the rows of the table, and by the index.
    fn find_episodes(&mut self, source: &dyn Source) -> Result<(), FormatError> {
        let mut found: BTreeMap<u64, Episode> = BTreeMap::new();
        let mut tasks: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
        let has_task =
            self.features.iter().any(|feature| feature.name == INSTRUCTION && feature.kind == FeatureKind::Text);
        let wanted = |name: &str| name == "episode_index" || (has_task && name == INSTRUCTION);
        for file in &self.data {
            pieces::<FormatError>(source, *file, &Wanted { column: &wanted, is_struct: &|_| false }, &mut |piece| {
                // Damage is told when the rows are read.
                let Piece::Rows(rows) = piece else { return Ok(()) };
                let named = texts(&rows.batch, INSTRUCTION);
                for (row, index) in integers(&rows.batch, "episode_index").into_iter().flatten().enumerate() {
                    let Some(index) = index.and_then(|index| u64::try_from(index).ok()) else { continue };
                    if found.len() < EPISODES_MAX || found.contains_key(&index) {
                        found.entry(index).or_insert_with(|| Episode { index, ..Episode::default() }).rows += 1;
                        let text = named.as_ref().and_then(|named| named.get(row)?.as_deref());
                        if let Some(text) = text.filter(|text| !text.trim().is_empty() && text.len() <= TASK_MAX_BYTES)
                        {
                            let tasks = tasks.entry(index).or_default();
                            // Two are enough to see that there is not one.
                            if tasks.len() < 2 && !tasks.contains(text) {
                                tasks.insert(text.to_owned());
                            }
                        }
                    }
                }
                Ok(())
            })?;
        }
        for (index, mut tasks) in tasks {
            if let Some(episode) = found.get_mut(&index).filter(|_| tasks.len() == 1) {
                episode.task = tasks.pop_first();
            }
        }
        let claimed = self.claimed_lengths(source)?;
        if claimed.len() != found.len() && !claimed.is_empty() {
            let (have, claims) = (found.len(), claimed.len());
            let text = format!("the table has {have} episodes, `{INDEX}` claims {claims}");
            let note = Note::new(NoteKind::CountMismatch, text).in_file(INDEX);
            self.notes.push(note.numbers(have as f64, Some(claims as f64)));
        }
        for (index, claimed) in (0_u64..).zip(claimed) {
            let episode = found.entry(index).or_insert_with(|| Episode { index, ..Episode::default() });
            episode.claimed = Some(claimed);
        }
        let missing: Vec<u64> =
            found.values().filter(|episode| episode.rows == 0).map(|episode| episode.index).collect();
        if !missing.is_empty() {
            let text = format!("{} episodes have no rows and are left out: {}", missing.len(), ranges(&missing));
            let (have, all) = (found.len() - missing.len(), found.len());
            self.notes.push(Note::new(NoteKind::FileMissing, text).numbers(have as f64, Some(all as f64)));
        }
        self.episodes = found.into_values().collect();
        // OK to zip: their number has a bound.
        self.ordinals = (0_u32..).zip(&self.episodes).map(|(ordinal, episode)| (episode.index, ordinal)).collect();
        Ok(())
    }

    /// Rows of each episode, from the index.
    fn claimed_lengths(&mut self, source: &dyn Source) -> Result<Vec<u64>, FormatError> {
        let Some(file) = source.find(INDEX) else { return Ok(Vec::new()) };
        let size = source.files().get(file).map_or(0, |file| file.size);
        let bytes = match size <= INDEX_MAX_BYTES {
            true => {
                source.read_exact(file, 0, size).map_err(|source| FormatError::Io { file: INDEX.to_owned(), source })?
            }
            false => Vec::new(),
        };
        let lengths = tensor(&bytes, "from").zip(tensor(&bytes, "to")).and_then(|(from, to)| {
            let length = |(from, to): (&i64, &i64)| u64::try_from(to.checked_sub(*from)?).ok();
            (from.len() == to.len()).then(|| from.iter().zip(&to).map(length).collect::<Option<Vec<_>>>())?
        });
        if lengths.is_none() {
            let text = format!("`{INDEX}` does not say where each episode begins and ends");
            self.notes.push(Note::new(NoteKind::Corrupt, text).at(INDEX, 0));
        }
        let mut lengths = lengths.unwrap_or_default();
        lengths.truncate(EPISODES_MAX);
        Ok(lengths)
    }

    /// Notes the files that `state.json` names and the folder lacks.
    fn missing_files(&mut self, source: &dyn Source) {
        for folder in ["data", "train"] {
            let path = format!("{folder}/state.json");
            let Some(state) = source.find(&path).and_then(|file| json(source, file, &path).ok()) else { continue };
            let named = state.get("_data_files").and_then(Value::as_array).into_iter().flatten();
            let named: Vec<_> = named.filter_map(|file| file.get("filename")?.as_str()).collect();
            let missing: Vec<_> =
                named.iter().filter(|name| source.find(&format!("{folder}/{name}")).is_none()).collect();
            if let Some(first) = missing.first() {
                let text = format!("{} of {} files of the table are not there: `{first}`", missing.len(), named.len());
                let there = (named.len() - missing.len()) as f64;
                let note = Note::new(NoteKind::FileMissing, text).in_file(format!("{folder}/{first}"));
                self.notes.push(note.numbers(there, Some(named.len() as f64)));
            }
        }
    }

    pub(super) fn plan(&self, source: &dyn Source) -> RecordingPlan {
        let channels = (0_u32..).zip(&self.features).map(|(id, feature)| Arc::new(self.channel(source, id, feature)));
        let episodes = self.episodes.iter().map(|episode| SourceEpisode {
            key: format!("episode_{:06}", episode.index),
            task: episode.task.clone(),
            claimed_length: episode.claimed.or(Some(episode.rows)),
            span: None,
            attributes: BTreeMap::new(),
        });
        RecordingPlan {
            format: "lerobot".to_owned(),
            profile: Some(self.version.clone().unwrap_or_else(|| "v1".to_owned())),
            writer: None,
            channels: channels.collect(),
            episodes: episodes.collect(),
            span: None,
            claimed_messages: None,
            attributes: self.attributes.clone(),
            notes: self.notes.clone(),
        }
    }

    fn channel(&self, source: &dyn Source, id: u32, feature: &Feature) -> Channel {
        let picture = match feature.kind {
            FeatureKind::Video => Some(self.video_picture(source, feature)),
            FeatureKind::Image => Some(PictureInfo {
                codec: self.image_codec(source, feature),
                width: None,
                height: None,
                config: Vec::new(),
                fps: None,
            }),
            FeatureKind::Numbers(_) | FeatureKind::Text => None,
        };
        Channel {
            id,
            topic: feature.name.clone(),
            schema_name: "lerobot.feature".to_owned(),
            encoding: MessageEncoding::Table,
            fields: Some(fields_of(&feature.kind)),
            undecodable: None,
            picture,
            names: Vec::new(),
            shape: feature.shape.clone(),
            rate_hz: self.fps,
            metadata: BTreeMap::new(),
            claimed_messages: None,
        }
    }

    /// The pictures of the first video that is called after a feature.
    fn video_picture(&self, source: &dyn Source, feature: &Feature) -> PictureInfo {
        let prefix = format!("videos/{}_episode_", feature.name);
        let first = source.files().iter().position(|file| file.path.starts_with(&prefix));
        match first.and_then(|file| read_track(source, file).ok()) {
            Some(track) => picture_of(&track),
            None => PictureInfo { codec: Codec::Other, width: None, height: None, config: Vec::new(), fps: self.fps },
        }
    }

    /// How the first picture of a feature is coded.
    fn image_codec(&self, source: &dyn Source, feature: &Feature) -> Codec {
        let mut head: Option<Vec<u8>> = None;
        let wanted = |name: &str| name == feature.name;
        for file in self.data.iter().take(1) {
            let taken =
                pieces::<FormatError>(source, *file, &Wanted { column: &wanted, is_struct: &wanted }, &mut |piece| {
                    if let Piece::Rows(rows) = piece {
                        let place = rows.places.iter().flat_map(|(_, places)| places).flatten().next();
                        head = place.and_then(|place| BlobReader::new(source).read(place).ok());
                    }
                    // The first piece is enough.
                    Err(FormatError::Unsupported(String::new()))
                });
            drop(taken);
        }
        match head.as_deref() {
            Some([0x89, b'P', b'N', b'G', ..]) => Codec::Png,
            Some([0xff, 0xd8, 0xff, ..]) => Codec::Jpeg,
            _ => {
                let folder = format!("images/{}", feature.name);
                let first = source.files().iter().find(|file| file.path.starts_with(&folder));
                first.map_or(Codec::Other, |file| image_codec(&file.path))
            }
        }
    }
}

fn json(source: &dyn Source, file: usize, path: &str) -> Result<Value, FormatError> {
    let damaged = |why: String| FormatError::Damaged { what: "the description", file: path.to_owned(), offset: 0, why };
    let size = source.files().get(file).map_or(0, |file| file.size);
    if size > JSON_MAX_BYTES {
        return Err(damaged(format!("it has {size} bytes, more than {JSON_MAX_BYTES}")));
    }
    let bytes = source.read_exact(file, 0, size);
    let bytes = bytes.map_err(|source| FormatError::Io { file: path.to_owned(), source })?;
    serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))
}

/// `info.json`; nothing where it is missing or damaged.
fn description(source: &dyn Source, notes: &mut Vec<Note>) -> Result<serde_json::Map<String, Value>, FormatError> {
    let Some(file) = source.find(INFO) else {
        notes.push(Note::new(NoteKind::FileMissing, format!("`{INFO}` is not there")).in_file(INFO));
        return Ok(serde_json::Map::new());
    };
    match json(source, file, INFO) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => {
            notes.push(Note::new(NoteKind::Corrupt, format!("`{INFO}` is no JSON object")).at(INFO, 0));
            Ok(serde_json::Map::new())
        }
        Err(error) => {
            notes.push(error.into_note()?);
            Ok(serde_json::Map::new())
        }
    }
}

/// Lengths of sequences, as `datasets` declares them beside the schema.
fn declared_shapes(metadata: &[(String, String)]) -> BTreeMap<String, Vec<u64>> {
    let text = metadata.iter().find(|(key, _)| key == "huggingface").map(|(_, text)| text.as_str());
    let declared: Value = text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null);
    let features = declared.get("info").and_then(|info| info.get("features")).and_then(Value::as_object);
    let shape = |feature: &Value| -> Option<Vec<u64>> {
        if let Some(shape) = feature.get("shape").and_then(Value::as_array) {
            return shape.iter().map(Value::as_u64).collect();
        }
        Some(vec![feature.get("length")?.as_u64()?])
    };
    features.into_iter().flatten().filter_map(|(name, feature)| Some((name.clone(), shape(feature)?))).collect()
}

/// A tensor of 64-bit integers of a safetensors file: `length: u64 │ JSON of that length │ data`.
fn tensor(bytes: &[u8], name: &str) -> Option<Vec<i64>> {
    let length = usize::try_from(u64::from_le_bytes(*bytes.first_chunk()?)).ok()?;
    let end = length.checked_add(8)?;
    let header: Value = serde_json::from_slice(bytes.get(8..end)?).ok()?;
    let tensor = header.get(name)?;
    if tensor.get("dtype")?.as_str()? != "I64" {
        return None;
    }
    let offset = |at: usize| usize::try_from(tensor.get("data_offsets")?.get(at)?.as_u64()?).ok();
    let data = bytes.get(end..)?.get(offset(0)?..offset(1)?)?;
    Some(data.as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_of_safetensors() {
        let header =
            br#"{"from":{"dtype":"I64","shape":[2],"data_offsets":[0,16]},"to":{"dtype":"F32","data_offsets":[0,4]}}"#;
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header);
        bytes.extend([3_i64, -1].iter().flat_map(|number| number.to_le_bytes()));
        assert_eq!(tensor(&bytes, "from"), Some(vec![3, -1]));
        assert_eq!(tensor(&bytes, "to"), None);
        for length in 0..bytes.len() {
            assert_eq!(tensor(&bytes[..length], "from"), None, "{length}");
        }
        assert_eq!(tensor(&[0xff; 24], "from"), None);
    }
}
