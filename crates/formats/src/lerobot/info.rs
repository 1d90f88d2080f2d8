//! `meta/info.json`: version, rate, features, and where files lie.

use std::collections::BTreeMap;

use arrow::datatypes::DataType;
use prairie_model::{Note, NoteKind, Source};
use serde_json::{Map, Value};

use crate::FormatError;

/// Where the description of the dataset lies.
pub(super) const INFO: &str = "meta/info.json";

/// Bytes that `meta/info.json` may have. Real ones have a few kilobytes.
const MAX_INFO_BYTES: u64 = 16 << 20;

/// Columns that say where a row belongs rather than what was measured.
pub(super) const INDEX_COLUMNS: [&str; 5] = ["timestamp", "frame_index", "episode_index", "index", "task_index"];

/// The layout of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// v2.0 and v2.1: one data file and one video file per episode.
    FilePerEpisode,
    /// v3.0: files of several episodes.
    Shared,
}

/// What a feature holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum FeatureKind {
    /// Numbers or truth values of this type.
    Numbers(DataType),
    Text,
    Video,
    Image,
}

/// One feature, as `info.json` declares it or as a data column shows it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Feature {
    pub(super) name: String,
    pub(super) kind: FeatureKind,
    pub(super) shape: Vec<u64>,
    pub(super) names: Vec<String>,
    pub(super) metadata: BTreeMap<String, String>,
}

/// What `info.json` says.
#[derive(Debug, Clone)]
pub(super) struct Info {
    pub(super) version: String,
    pub(super) layout: Layout,
    pub(super) fps: Option<f64>,
    pub(super) features: Vec<Feature>,
    pub(super) data_path: String,
    pub(super) video_path: String,
    pub(super) chunks_size: u64,
    pub(super) total_episodes: Option<u64>,
    pub(super) total_frames: Option<u64>,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) notes: Vec<Note>,
}

/// The text of a value: strings without quotes, everything else as JSON; `None` for null.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn layout_of(version: &str) -> Option<Layout> {
    let version = version.trim_start_matches('v');
    match version.split('.').next()? {
        "2" => Some(Layout::FilePerEpisode),
        "3" => Some(Layout::Shared),
        _ => None,
    }
}

/// Whether there is an `info.json` of LeRobot. One that cannot be read is claimed where the folder is laid out like a dataset: then
/// the error can say what is wrong with it, instead of refusing every file of the dataset by itself.
pub(super) fn is_lerobot(source: &dyn Source) -> bool {
    match parse(source) {
        Ok(object) => object.contains_key("codebase_version") || object.contains_key("features"),
        Err(_) if source.find(INFO).is_none() => false,
        Err(_) => source.files().iter().any(|file| {
            let parts = ["data/", "videos/", "meta/episodes", "meta/tasks", "meta/stats"];
            parts.iter().any(|part| file.path.starts_with(part))
        }),
    }
}

fn parse(source: &dyn Source) -> Result<Map<String, Value>, FormatError> {
    let damaged = |why: String| FormatError::Damaged { what: "the description", file: INFO.to_owned(), offset: 0, why };
    let at = |offset, why| FormatError::Damaged { what: "the description", file: INFO.to_owned(), offset, why };
    let file = source.find(INFO).ok_or_else(|| damaged("it is not there".to_owned()))?;
    let size = source.files().get(file).map_or(0, |file| file.size);
    if size > MAX_INFO_BYTES {
        return Err(damaged(format!("it has {size} bytes, more than {MAX_INFO_BYTES}")));
    }
    let bytes = source.read_exact(file, 0, size).map_err(|source| FormatError::Io { file: INFO.to_owned(), source })?;
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(damaged("it is no JSON object".to_owned())),
        Err(error) if error.is_eof() => Err(FormatError::Cut {
            what: "the description",
            file: INFO.to_owned(),
            offset: size,
            why: error.to_string(),
        }),
        // The text of the error ends with line and column.
        Err(error) => Err(at(place_of(&bytes, error.line(), error.column()), error.to_string())),
    }
}

/// The byte at a line and a column, both from one on, as `serde_json` counts them: columns are bytes.
fn place_of(bytes: &[u8], line: usize, column: usize) -> u64 {
    let before: usize =
        bytes.split_inclusive(|byte| *byte == b'\n').take(line.saturating_sub(1)).map(<[u8]>::len).sum();
    (before + column.saturating_sub(1)) as u64
}

impl Info {
    /// Reads `meta/info.json`.
    pub(super) fn load(source: &dyn Source) -> Result<Self, FormatError> {
        let object = parse(source)?;
        let version = object.get("codebase_version").and_then(Value::as_str).unwrap_or_default().to_owned();
        let layout = layout_of(&version).ok_or_else(|| {
            FormatError::Unsupported(match version.as_str() {
                "" => format!("`{INFO}` names no `codebase_version`, which says how a LeRobot dataset is laid out"),
                _ => format!("`{INFO}` says LeRobot `{version}`, which is not read: v2.0, v2.1 and v3.0 are"),
            })
        })?;
        let mut notes = Vec::new();
        let fps = object.get("fps").and_then(Value::as_f64).filter(|fps| fps.is_finite() && *fps > 0.0);
        if fps.is_none() {
            notes.push(Note::new(NoteKind::ValueUnknown, "`fps` is missing or no positive number").in_file(INFO));
        }
        let mut features = Vec::new();
        match object.get("features") {
            Some(Value::Object(declared)) => {
                for (name, declaration) in declared {
                    features.extend(feature(name, declaration, &mut notes));
                }
            }
            _ => notes.push(Note::new(NoteKind::IndexWrong, "there are no `features`").in_file(INFO)),
        }
        let text = |key: &str, default: &str| {
            object.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).unwrap_or(default).to_owned()
        };
        let (data_path, video_path) = match layout {
            Layout::FilePerEpisode => (
                "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet",
                "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4",
            ),
            Layout::Shared => (
                "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
                "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
            ),
        };
        let attributes = object
            .iter()
            .filter(|(key, _)| key.as_str() != "features")
            .filter_map(|(key, value)| Some((format!("info.{key}"), text_of(value)?)))
            .collect();
        Ok(Self {
            layout,
            fps,
            features,
            data_path: text("data_path", data_path),
            video_path: text("video_path", video_path),
            chunks_size: object.get("chunks_size").and_then(Value::as_u64).filter(|size| *size > 0).unwrap_or(1000),
            total_episodes: object.get("total_episodes").and_then(Value::as_u64),
            total_frames: object.get("total_frames").and_then(Value::as_u64),
            attributes,
            notes,
            version,
        })
    }
}

/// The type of numbers that a `dtype` names.
fn numbers(dtype: &str) -> Option<DataType> {
    Some(match dtype {
        "bool" => DataType::Boolean,
        "float16" => DataType::Float16,
        "float32" | "float" => DataType::Float32,
        "float64" | "double" => DataType::Float64,
        "int8" => DataType::Int8,
        "int16" => DataType::Int16,
        "int32" => DataType::Int32,
        "int64" | "int" => DataType::Int64,
        "uint8" => DataType::UInt8,
        "uint16" => DataType::UInt16,
        "uint32" => DataType::UInt32,
        "uint64" => DataType::UInt64,
        _ => return None,
    })
}

fn feature(name: &str, declaration: &Value, notes: &mut Vec<Note>) -> Option<Feature> {
    let dtype = declaration.get("dtype").and_then(Value::as_str).unwrap_or_default();
    let kind = match dtype {
        "video" => FeatureKind::Video,
        "image" => FeatureKind::Image,
        "string" | "str" => FeatureKind::Text,
        dtype => match numbers(dtype) {
            Some(numbers) => FeatureKind::Numbers(numbers),
            None => {
                let text = format!("feature `{name}` has the unknown dtype `{dtype}`");
                notes.push(Note::new(NoteKind::ValueUnknown, text).stream(name).in_file(INFO));
                return None;
            }
        },
    };
    let shape: Vec<u64> = match declaration.get("shape") {
        Some(Value::Array(axes)) => axes.iter().filter_map(Value::as_u64).collect(),
        _ => Vec::new(),
    };
    let mut names = declaration.get("names").map(flatten_names).unwrap_or_default();
    let width = shape.iter().try_fold(1_u64, |product, axis| product.checked_mul(*axis));
    if matches!(kind, FeatureKind::Video | FeatureKind::Image | FeatureKind::Text) {
        // These name the axes of a picture.
        names.clear();
    } else if !names.is_empty() && width != Some(names.len() as u64) {
        if names.len() != shape.len() {
            let text = format!("feature `{name}` has {} names for the shape {shape:?}", names.len());
            let limit = width.map(|width| width as f64);
            notes.push(
                Note::new(NoteKind::IndexWrong, text).stream(name).in_file(INFO).numbers(names.len() as f64, limit),
            );
        }
        names.clear();
    }
    let mut metadata = BTreeMap::from([("dtype".to_owned(), dtype.to_owned())]);
    for (key, value) in declaration.as_object().into_iter().flatten() {
        match (key.as_str(), value) {
            ("dtype" | "shape", _) => {}
            // v2 and v3 nest what they know of a video under `info`, older ones under `video_info`.
            ("info" | "video_info", Value::Object(info)) => {
                metadata.extend(info.iter().filter_map(|(key, value)| Some((key.clone(), text_of(value)?))));
            }
            (key, value) => metadata.extend(text_of(value).map(|text| (key.to_owned(), text))),
        }
    }
    Some(Feature { name: name.to_owned(), kind, shape, names, metadata })
}

/// Names in the order of the elements, however they are nested: `["a", "b"]`, `[["a", "b"]]`, `{"motors": ["a", "b"]}`,
/// `{"a": 0, "b": 1}`.
fn flatten_names(value: &Value) -> Vec<String> {
    let mut names = Vec::new();
    collect_names(value, &mut names);
    names
}

fn collect_names(value: &Value, names: &mut Vec<String>) {
    // The nesting is bounded, since serde_json refuses more than 128 levels.
    match value {
        Value::String(name) => names.push(name.clone()),
        Value::Number(number) => names.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| collect_names(item, names)),
        Value::Object(members) if !members.is_empty() && members.values().all(Value::is_u64) => {
            let mut indexed: Vec<_> = members.iter().map(|(name, index)| (index.as_u64(), name)).collect();
            indexed.sort();
            names.extend(indexed.into_iter().map(|(_, name)| name.clone()));
        }
        Value::Object(members) => members.values().for_each(|item| collect_names(item, names)),
        Value::Null | Value::Bool(_) => {}
    }
}

/// Fills a Python format string such as `data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet`. `None` when it
/// names something else than what is given.
pub(super) fn fill(template: &str, numbers: &[(&str, u64)], video_key: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (field, after) = after.split_once('}')?;
        out.push_str(before);
        let (name, format) = field.split_once(':').unwrap_or((field, ""));
        if name == "video_key" || name == "image_key" {
            out.push_str(video_key);
        } else {
            let (_, value) = numbers.iter().find(|(known, _)| *known == name)?;
            let width: usize = format.trim_end_matches('d').trim_start_matches('0').parse().unwrap_or(0);
            // Wider than any number is no width.
            out.push_str(&format!("{value:0width$}", width = width.min(20)));
        }
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_of_every_nesting() {
        for names in [
            json!(["a", "b"]),
            json!([["a", "b"]]),
            json!({"motors": ["a", "b"]}),
            json!({"b": 1, "a": 0}),
            json!([["a"], "b"]),
        ] {
            assert_eq!(flatten_names(&names), ["a", "b"], "{names}");
        }
        assert!(flatten_names(&json!(null)).is_empty());
    }

    #[test]
    fn names_that_do_not_fit_are_told() {
        let mut notes = Vec::new();
        let found = feature("action", &json!({"dtype": "float32", "shape": [3], "names": ["a", "b"]}), &mut notes);
        assert!(found.expect("it is a feature").names.is_empty());
        assert_eq!(notes[0].measured, Some(2.0));
    }

    #[test]
    fn a_broken_description_says_where() {
        let read = |text: &str| {
            let source = prairie_model::MemorySource::new([
                (INFO.to_owned(), text.as_bytes().to_vec()),
                ("data/chunk-000/file-000.parquet".to_owned(), Vec::new()),
            ]);
            assert!(is_lerobot(&source), "{text}");
            Info::load(&source).expect_err("it is broken").to_string()
        };
        assert_eq!(
            read("{\n  \"fps\": 30\n  \"robot\": 1}"),
            "failed to read the description at byte 16 of `meta/info.json`: expected `,` or `}` at line 3 column 3"
        );
        assert_eq!(
            read("{\"fps\": 30,"),
            "failed to read the description of `meta/info.json`, which ends at byte 11: EOF while parsing a value at line 1 column 11"
        );
        assert_eq!(read("[1]"), "failed to read the description at byte 0 of `meta/info.json`: it is no JSON object");
        assert_eq!(
            read("{\"codebase_version\": \"v1.6\"}"),
            "`meta/info.json` says LeRobot `v1.6`, which is not read: v2.0, v2.1 and v3.0 are"
        );
        assert!(read("{\"features\": {}}").contains("names no `codebase_version`"));
        let other = prairie_model::MemorySource::new([(INFO.to_owned(), b"{".to_vec())]);
        assert!(!is_lerobot(&other), "a folder that has nothing else of a dataset");
    }

    #[test]
    fn paths_are_filled() {
        let path = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index}.mp4";
        let filled = fill(path, &[("chunk_index", 2), ("file_index", 1000)], "observation.images.top");
        assert_eq!(filled.as_deref(), Some("videos/observation.images.top/chunk-002/file-1000.mp4"));
        assert_eq!(fill("{other}", &[], ""), None);
        assert_eq!(fill("{chunk_index:099999999d}", &[("chunk_index", 7)], "").map(|path| path.len()), Some(20));
    }
}
