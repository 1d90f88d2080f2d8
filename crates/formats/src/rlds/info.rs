//! `dataset_info.json` and the folder: which files hold the records, and how many they should be.

use std::collections::BTreeMap;

use prairie_model::{Note, NoteKind, Source};
use serde_json::{Map, Value};

use crate::FormatError;

/// Where the tree of features lies.
pub(super) const FEATURES: &str = "features.json";

/// Where the description of the data set lies.
pub(super) const INFO: &str = "dataset_info.json";

/// Bytes that a description may have. Real ones have some hundred kilobytes at most.
const JSON_MAX_BYTES: u64 = 64 << 20;

/// Files that the description may promise.
const SHARDS_MAX: usize = 1 << 17;

/// How files are called where the description does not say.
pub(super) const TEMPLATE: &str = "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}";

/// Bytes of an attribute. Longer texts describe something else than the recording.
pub(super) const ATTRIBUTE_MAX_BYTES: usize = 1024;

/// One file of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shard {
    /// Index among the files.
    pub(super) file: usize,
    pub(super) path: String,
    pub(super) split: Option<String>,
    /// Records, as the description claims.
    pub(super) claimed: Option<u64>,
}

/// What `dataset_info.json` and the folder say.
#[derive(Debug, Default)]
pub(super) struct Info {
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) shards: Vec<Shard>,
    pub(super) notes: Vec<Note>,
}

/// Reads a JSON file.
pub(super) fn json(source: &dyn Source, path: &str) -> Result<Value, FormatError> {
    let damaged =
        |offset, why: String| FormatError::Damaged { what: "the description", file: path.to_owned(), offset, why };
    let file = source.find(path).ok_or_else(|| damaged(0, "it is not there".to_owned()))?;
    let size = source.files().get(file).map_or(0, |file| file.size);
    if size > JSON_MAX_BYTES {
        return Err(damaged(0, format!("it has {size} bytes, more than {JSON_MAX_BYTES}")));
    }
    let bytes = source.read_exact(file, 0, size);
    let bytes = bytes.map_err(|source| FormatError::Io { file: path.to_owned(), source })?;
    serde_json::from_slice(&bytes).map_err(|error| match error.is_eof() {
        true => {
            FormatError::Cut { what: "the description", file: path.to_owned(), offset: size, why: error.to_string() }
        }
        false => damaged(0, error.to_string()),
    })
}

/// Whether a file is called like one of records.
pub(super) fn is_records(path: &str) -> bool {
    !path.contains('/') && path.contains(".tfrecord")
}

impl Info {
    pub(super) fn load(source: &dyn Source) -> Result<Self, FormatError> {
        let mut info = Self::default();
        let described = match json(source, INFO) {
            Ok(Value::Object(object)) => object,
            Ok(_) => {
                info.notes.push(Note::new(NoteKind::Corrupt, format!("`{INFO}` is no JSON object")).at(INFO, 0));
                Map::new()
            }
            Err(_) if source.find(INFO).is_none() => {
                info.notes.push(Note::new(NoteKind::FileMissing, format!("`{INFO}` is not there")).in_file(INFO));
                Map::new()
            }
            Err(error) => {
                info.notes.push(error.into_note()?);
                Map::new()
            }
        };
        let text = |key: &str| described.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        info.name = text("name").map(str::to_owned);
        info.version = text("version").map(str::to_owned);
        let format = text("fileFormat").unwrap_or("tfrecord");
        if format != "tfrecord" {
            return Err(FormatError::Unsupported(format!(
                "`{INFO}` says that records lie in files of the format `{format}`, which is not read: `tfrecord` is"
            )));
        }
        flatten("dataset_info", &described, 0, &mut info.attributes);
        info.find_shards(source, &described);
        Ok(info)
    }

    /// Files in the order of their paths, with what the splits claim about them.
    fn find_shards(&mut self, source: &dyn Source, described: &Map<String, Value>) {
        let mut claims: BTreeMap<String, (String, Option<u64>)> = BTreeMap::new();
        let splits = described.get("splits").and_then(Value::as_array);
        for split in splits.into_iter().flatten() {
            self.claims_of(source, split, &mut claims);
        }
        let records = source.files().iter().enumerate().filter(|(_, file)| is_records(&file.path));
        let mut unclaimed = 0_u64;
        for (file, entry) in records {
            let path = entry.path.clone();
            let (split, claimed) = match claims.get(&path) {
                Some((split, claimed)) => (Some(split.clone()), *claimed),
                None => {
                    unclaimed += 1;
                    let stem = path.split(".tfrecord").next().unwrap_or_default();
                    (stem.rsplit_once('-').map(|(_, split)| split.to_owned()), None)
                }
            };
            self.shards.push(Shard { file, path, split, claimed });
        }
        if unclaimed > 0 && !claims.is_empty() {
            let text = format!("{unclaimed} files of records belong to no split of `{INFO}`");
            let note = Note::new(NoteKind::IndexWrong, text).in_file(INFO);
            self.notes.push(note.numbers(unclaimed as f64, Some(0.0)));
        }
    }

    fn claims_of(&mut self, source: &dyn Source, split: &Value, claims: &mut BTreeMap<String, (String, Option<u64>)>) {
        let Some(name) = split.get("name").and_then(Value::as_str) else { return };
        let lengths: Vec<Option<u64>> = match split.get("shardLengths").and_then(Value::as_array) {
            Some(lengths) => lengths.iter().take(SHARDS_MAX).map(number).collect(),
            None => {
                let shards = split.get("numShards").and_then(number).unwrap_or(0);
                vec![None; usize::try_from(shards).unwrap_or(SHARDS_MAX).min(SHARDS_MAX)]
            }
        };
        let template = split.get("filepathTemplate").and_then(Value::as_str).unwrap_or(TEMPLATE);
        let (mut missing, mut records) = (Vec::new(), Some(0_u64));
        for (index, length) in lengths.iter().enumerate() {
            let path = fill(template, self.name.as_deref().unwrap_or_default(), name, index, lengths.len());
            if source.find(&path).is_none() {
                missing.push(path.clone());
                records = records.zip(*length).map(|(sum, length)| sum.saturating_add(length));
            }
            claims.insert(path, (name.to_owned(), *length));
        }
        let Some(first) = missing.first() else { return };
        let all = lengths.len();
        let lost = records.map_or(String::new(), |records| format!(" with {records} episodes"));
        let text = format!("{} of {all} files of the split `{name}`{lost} are not there: `{first}`", missing.len());
        let more = if missing.len() > 1 { " and others" } else { "" };
        let there = (all - missing.len()) as f64;
        let note = Note::new(NoteKind::FileMissing, format!("{text}{more}")).in_file(first.clone());
        self.notes.push(note.numbers(there, Some(all as f64)));
    }
}

/// Numbers of 64 bits are texts in JSON.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

pub(super) fn fill(template: &str, dataset: &str, split: &str, index: usize, count: usize) -> String {
    let template = template.rsplit('/').next().unwrap_or(template);
    template
        .replace("{SHARD_X_OF_Y}", &format!("{index:05}-of-{count:05}"))
        .replace("{SHARD_INDEX}", &format!("{index:05}"))
        .replace("{NUM_SHARDS}", &format!("{count:05}"))
        .replace("{FILEFORMAT}", "tfrecord")
        .replace("{SPLIT}", split)
        .replace("{DATASET}", dataset)
}

/// Texts and numbers of a description, two levels deep. Lists of splits go by the names of the splits.
fn flatten(prefix: &str, object: &Map<String, Value>, depth: u32, out: &mut BTreeMap<String, String>) {
    for (key, value) in object {
        let name = format!("{prefix}.{key}");
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::Object(inner) if depth < 2 => {
                flatten(&name, inner, depth + 1, out);
                continue;
            }
            Value::Array(items) if depth < 2 && key == "splits" => {
                for item in items.iter().filter_map(Value::as_object) {
                    let Some(split) = item.get("name").and_then(Value::as_str) else { continue };
                    flatten(&format!("{name}.{split}"), item, 2, out);
                }
                continue;
            }
            Value::Array(_) | Value::Object(_) | Value::Null => continue,
        };
        if !text.trim().is_empty() && text.len() <= ATTRIBUTE_MAX_BYTES {
            out.insert(name, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled() {
        assert_eq!(fill(TEMPLATE, "d", "train", 3, 12), "d-train.tfrecord-00003-of-00012");
        assert_eq!(fill("{SPLIT}/{DATASET}.{FILEFORMAT}.{SHARD_INDEX}", "d", "val", 1, 2), "d.tfrecord.00001");
    }
}
