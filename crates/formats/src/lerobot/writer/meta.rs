//! `meta/`: episodes, tasks, statistics and the description of the dataset.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Float64Array, Float64Builder, Int64Array, Int64Builder, ListArray, ListBuilder, RecordBatch,
    StringArray, StringBuilder,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field};
use serde_json::{Map, Value, json};

use super::stats::FeatureStats;
use super::video::Placed;
use super::{DatasetSpec, NewFeature, NewKind};

/// One row of `meta/episodes`.
#[derive(Debug, Clone)]
pub(super) struct EpisodeRow {
    pub(super) index: u64,
    pub(super) task: String,
    pub(super) length: u64,
    pub(super) from_index: u64,
    pub(super) data: (u64, u64),
    pub(super) meta: (u64, u64),
    /// By camera.
    pub(super) videos: BTreeMap<String, Placed>,
    /// By feature.
    pub(super) stats: BTreeMap<String, FeatureStats>,
}

/// Chunk and file of the file with this number.
pub(super) fn chunk_and_file(number: u64) -> (u64, u64) {
    (number / super::CHUNK_FILES, number % super::CHUNK_FILES)
}

fn integers(rows: &[EpisodeRow], value: impl Fn(&EpisodeRow) -> u64) -> ArrayRef {
    // OK to cast: counts and indexes of what was written stay far below 2^63.
    Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| value(row) as i64)))
}

fn optional(rows: &[EpisodeRow], value: impl Fn(&EpisodeRow) -> Option<u64>) -> ArrayRef {
    // OK to cast: as above.
    Arc::new(rows.iter().map(|row| value(row).map(|value| value as i64)).collect::<Int64Array>())
}

/// The rows as LeRobot's columns. `statistics` are the features that have any, and whether they are pictures.
pub(super) fn episode_table(
    rows: &[EpisodeRow],
    cameras: &[String],
    statistics: &[(String, bool)],
) -> Result<RecordBatch, arrow::error::ArrowError> {
    let mut tasks = ListBuilder::new(StringBuilder::new());
    for row in rows {
        tasks.values().append_value(&row.task);
        tasks.append(true);
    }
    let mut columns: Vec<(String, ArrayRef)> = vec![
        ("episode_index".to_owned(), integers(rows, |row| row.index)),
        ("tasks".to_owned(), Arc::new(tasks.finish())),
        ("length".to_owned(), integers(rows, |row| row.length)),
        ("data/chunk_index".to_owned(), integers(rows, |row| row.data.0)),
        ("data/file_index".to_owned(), integers(rows, |row| row.data.1)),
        ("dataset_from_index".to_owned(), integers(rows, |row| row.from_index)),
        ("dataset_to_index".to_owned(), integers(rows, |row| row.from_index + row.length)),
    ];
    for camera in cameras {
        let place = |row: &EpisodeRow| row.videos.get(camera).copied();
        let seconds = |value: fn(Placed) -> f64| -> ArrayRef {
            Arc::new(rows.iter().map(|row| place(row).map(value)).collect::<Float64Array>())
        };
        let numbers = |value: fn((u64, u64)) -> u64| {
            optional(rows, |row| place(row).map(|placed| value(chunk_and_file(placed.number))))
        };
        columns.extend([
            (format!("videos/{camera}/chunk_index"), numbers(|place| place.0)),
            (format!("videos/{camera}/file_index"), numbers(|place| place.1)),
            (format!("videos/{camera}/from_timestamp"), seconds(|place| place.from_s)),
            (format!("videos/{camera}/to_timestamp"), seconds(|place| place.to_s)),
        ]);
    }
    for (feature, pictures) in statistics {
        let empty = FeatureStats::of(&[], 1, 0);
        for (at, (name, _)) in empty.vectors().enumerate() {
            let vectors: Vec<Option<&Vec<f64>>> = rows
                .iter()
                .map(|row| row.stats.get(feature).and_then(|stats| stats.vectors().nth(at)).map(|(_, vector)| vector))
                .collect();
            columns.push((format!("stats/{feature}/{name}"), vectors_column(&vectors, *pictures)));
        }
        let mut counts = ListBuilder::new(Int64Builder::new());
        for row in rows {
            let stats = row.stats.get(feature);
            if let Some(stats) = stats {
                // OK to cast: a count of rows.
                counts.values().append_value(stats.count as i64);
            }
            counts.append(stats.is_some());
        }
        columns.push((format!("stats/{feature}/count"), Arc::new(counts.finish())));
    }
    columns.extend([
        ("meta/episodes/chunk_index".to_owned(), integers(rows, |row| row.meta.0)),
        ("meta/episodes/file_index".to_owned(), integers(rows, |row| row.meta.1)),
    ]);
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)))
}

/// A list per row; for pictures a list of lists of lists, channels × 1 × 1.
fn vectors_column(vectors: &[Option<&Vec<f64>>], pictures: bool) -> ArrayRef {
    let mut builder = ListBuilder::new(Float64Builder::new());
    for vector in vectors {
        builder.values().append_slice(vector.map_or(&[], |vector| vector));
        builder.append(vector.is_some());
    }
    let flat = builder.finish();
    if !pictures {
        return Arc::new(flat);
    }
    let wrap = |values: ArrayRef| -> ArrayRef {
        let item = Arc::new(Field::new_list_field(values.data_type().clone(), true));
        let ones = OffsetBuffer::from_repeated_length(1, values.len());
        Arc::new(ListArray::new(item, ones, values, None))
    };
    let deep = wrap(wrap(flat.values().clone()));
    let item = Arc::new(Field::new_list_field(deep.data_type().clone(), true));
    Arc::new(ListArray::new(item, flat.offsets().clone(), deep, flat.nulls().cloned()))
}

/// `meta/tasks.parquet`: the tasks are the index of a pandas table.
pub(super) fn task_table(tasks: &[String]) -> Result<RecordBatch, arrow::error::ArrowError> {
    // OK to cast: a count of texts in memory.
    let indexes: ArrayRef = Arc::new(Int64Array::from_iter_values(0..tasks.len() as i64));
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values(tasks));
    RecordBatch::try_from_iter_with_nullable([("task_index", indexes, true), ("task", texts, true)])
}

/// What pandas needs to know to make `task` the index.
pub(super) fn pandas_metadata() -> String {
    let column = |name: &str, kind: &str, numpy: &str| json!({"name": name, "field_name": name, "pandas_type": kind, "numpy_type": numpy, "metadata": null});
    json!({
        "index_columns": ["task"],
        "column_indexes": [{
            "name": null, "field_name": null, "pandas_type": "unicode", "numpy_type": "object",
            "metadata": {"encoding": "UTF-8"},
        }],
        "columns": [column("task_index", "int64", "int64"), column("task", "unicode", "object")],
        "attributes": {},
        "creator": {"library": "prairie", "version": env!("CARGO_PKG_VERSION")},
        "pandas_version": "2.0.0",
    })
    .to_string()
}

/// What the `datasets` library needs to know of the columns of the data.
pub(super) fn huggingface_metadata(features: &[NewFeature]) -> String {
    let mut columns = Map::new();
    for feature in features.iter().filter(|feature| feature.kind != NewKind::Video) {
        let dtype = feature.dtype();
        let value = json!({"dtype": dtype, "_type": "Value"});
        let column = match feature.shape[..] {
            [] | [1] => value,
            [length] => json!({"feature": value, "length": length, "_type": "Sequence"}),
            ref shape => json!({"shape": shape, "dtype": dtype, "_type": format!("Array{}D", shape.len())}),
        };
        columns.insert(feature.name.clone(), column);
    }
    json!({"info": {"features": columns}}).to_string()
}

/// Numbers of the whole dataset.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Totals {
    pub(super) episodes: u64,
    pub(super) frames: u64,
    pub(super) tasks: u64,
}

/// The ranges of episodes of each part; all of them are `train` where there is no part.
fn ranges(splits: &[(String, u64)], episodes: u64) -> Map<String, Value> {
    if splits.is_empty() {
        return Map::from_iter([("train".to_owned(), format!("0:{episodes}").into())]);
    }
    let ends = splits.iter().skip(1).map(|(_, first)| *first).chain([episodes]);
    splits.iter().zip(ends).map(|((name, first), end)| (name.clone(), format!("{first}:{end}").into())).collect()
}

/// `meta/info.json`.
pub(super) fn info(
    spec: &DatasetSpec,
    totals: Totals,
    splits: &[(String, u64)],
    videos: &BTreeMap<String, Map<String, Value>>,
) -> Value {
    let mut features = Map::new();
    for feature in &spec.features {
        let names = match feature.kind {
            NewKind::Video => json!(["height", "width", "channels"]),
            _ if feature.names.is_empty() => Value::Null,
            _ => json!(feature.names),
        };
        let shape = if feature.shape.is_empty() { json!([1]) } else { json!(feature.shape) };
        let mut declaration = json!({"dtype": feature.dtype(), "shape": shape, "names": names});
        if let (Some(info), Some(object)) = (videos.get(&feature.name), declaration.as_object_mut()) {
            object.insert("info".to_owned(), Value::Object(info.clone()));
        }
        features.insert(feature.name.clone(), declaration);
    }
    let cameras = spec.features.iter().filter(|feature| feature.kind == NewKind::Video).count() as u64;
    let mut info = json!({
        "codebase_version": spec.version.name(),
        "robot_type": spec.robot_type,
        "total_episodes": totals.episodes,
        "total_frames": totals.frames,
        "total_tasks": totals.tasks,
        "chunks_size": super::CHUNK_FILES,
        "fps": spec.fps,
        "splits": ranges(splits, totals.episodes),
        "data_path": spec.version.data_template(),
        "video_path": (cameras > 0).then_some(spec.version.video_template()),
        "features": features,
    });
    if let Some(object) = info.as_object_mut() {
        if spec.version.is_file_per_episode() {
            object.insert("total_videos".to_owned(), (totals.episodes * cameras).into());
            object.insert("total_chunks".to_owned(), totals.episodes.div_ceil(super::CHUNK_FILES).into());
        } else {
            object.insert("data_files_size_in_mb".to_owned(), spec.data_file_mb.into());
            object.insert("video_files_size_in_mb".to_owned(), spec.video_file_mb.into());
        }
        for (key, value) in &spec.extra {
            object.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    info
}

/// The name of a number type in `info.json`.
pub(super) fn dtype_name(numbers: &DataType) -> &'static str {
    match numbers {
        DataType::Boolean => "bool",
        DataType::Float16 => "float16",
        DataType::Float64 => "float64",
        DataType::Int8 => "int8",
        DataType::Int16 => "int16",
        DataType::Int32 => "int32",
        DataType::Int64 => "int64",
        DataType::UInt8 => "uint8",
        DataType::UInt16 => "uint16",
        DataType::UInt32 => "uint32",
        DataType::UInt64 => "uint64",
        _ => "float32",
    }
}
