//! Writes LeRobot datasets of versions 2.1 and 3.0.
//!
//! ```text
//!   begin_episode(task) ─ push_rows* ─ push_frame* ─ end_episode     (as often as there are episodes)     ─▶ finish
//!
//!   v3.0
//!   data/chunk-000/file-000.parquet               one row group per episode, files of up to 100 MB
//!   videos/KEY/chunk-000/file-000.mp4             episodes one after the other, files of up to 200 MB
//!   meta/{info.json, stats.json, tasks.parquet, episodes/chunk-000/file-000.parquet}
//!
//!   v2.1
//!   data/chunk-000/episode_000000.parquet         a file per episode, 1000 episodes in a chunk
//!   videos/chunk-000/KEY/episode_000000.mp4       a file per episode and camera
//!   meta/{info.json, stats.json, tasks.jsonl, episodes.jsonl, episodes_stats.jsonl}
//! ```
//!
//! Rows, statistics and pictures are the same in both. Memory is bounded by the numbers of one episode. Pictures go to their
//! file as they come.

mod layout;
mod meta;
mod stats;
mod video;

use std::collections::BTreeMap;
use std::io::{self, Seek, Write};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, FixedSizeListArray, Float32Array, Int64Array, ListArray, RecordBatch};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use prairie_model::Codec;
use serde_json::{Map, Value};

use self::layout::EpisodeLines;
use self::meta::{EpisodeRow, Totals, chunk_and_file, dtype_name, episode_table, task_table};
use self::video::Camera;
use crate::FormatError;

pub use self::layout::Version;
pub use self::stats::FeatureStats;

/// Files per folder.
const CHUNK_FILES: u64 = 1000;
/// Rows of `meta/episodes` that are written at once.
const META_ROWS: usize = 100;

/// Where files go. This crate opens none itself.
pub trait Files {
    /// A file that is being written.
    type File: Write + Seek + Send;

    /// Creates a file, and the folders above it. `path` is relative, with `/` between its parts.
    ///
    /// # Errors
    ///
    /// When it cannot be created.
    fn create(&mut self, path: &str) -> io::Result<Self::File>;
}

/// What a feature to be written holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewKind {
    /// Numbers or truth values of this type.
    Numbers(DataType),
    /// One text per row.
    Text,
    /// Pictures in an MP4 file.
    Video,
}

/// A feature to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFeature {
    /// Its name: `observation.state`, `observation.images.wrist`. Not one of the five index columns, and without `/`.
    pub name: String,
    /// What it holds.
    pub kind: NewKind,
    /// Elements per axis: `[26]`, `[16, 16]`; height, width and channels of pictures; empty for one number or text.
    pub shape: Vec<u64>,
    /// Names of the elements of a vector; empty where they have none.
    pub names: Vec<String>,
}

impl NewFeature {
    fn dtype(&self) -> &'static str {
        match &self.kind {
            NewKind::Numbers(numbers) => dtype_name(numbers),
            NewKind::Text => "string",
            NewKind::Video => "video",
        }
    }

    /// Elements per row.
    fn width(&self) -> usize {
        // OK to saturate: `new` refused what does not fit.
        self.shape
            .iter()
            .try_fold(1_u64, |width, axis| width.checked_mul(*axis))
            .map_or(usize::MAX, |width| width as usize)
    }
}

/// What a dataset is.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetSpec {
    /// The version whose layout it has.
    pub version: Version,
    /// Rows, and frames, per second.
    pub fps: u32,
    /// Type of the robot.
    pub robot_type: Option<String>,
    /// The features, without the index columns.
    pub features: Vec<NewFeature>,
    /// Further keys of `info.json`.
    pub extra: Map<String, Value>,
    /// Mebibytes after which a new data file begins; 100 is LeRobot's default. In v2.1 every episode has a file of its own.
    pub data_file_mb: u32,
    /// Mebibytes after which a new video file begins; 200 is LeRobot's default. In v2.1 as above.
    pub video_file_mb: u32,
}

impl DatasetSpec {
    /// A dataset of these features, with LeRobot's sizes of files.
    pub fn new(version: Version, fps: u32, robot_type: Option<String>, features: Vec<NewFeature>) -> Self {
        Self { version, fps, robot_type, features, extra: Map::new(), data_file_mb: 100, video_file_mb: 200 }
    }

    fn is_video(&self, name: &str) -> bool {
        self.features.iter().any(|feature| feature.name == name && feature.kind == NewKind::Video)
    }

    /// Bytes after which a new data file begins.
    fn data_file_bytes(&self) -> u64 {
        if self.version.is_file_per_episode() { 0 } else { u64::from(self.data_file_mb) << 20 }
    }

    /// Bytes after which a new video file begins.
    fn video_file_bytes(&self) -> u64 {
        if self.version.is_file_per_episode() { 0 } else { u64::from(self.video_file_mb) << 20 }
    }
}

/// One coded picture of the episode, in the order of decoding.
#[derive(Debug, Clone, Copy)]
pub struct VideoFrame<'a> {
    /// How it is coded: H.264, H.265 or AV1.
    pub codec: Codec,
    /// Pixels per row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Content of `avcC`, `hvcC` or `av1C`. It must not change within an episode; between episodes it may.
    pub config: &'a [u8],
    /// Units with their lengths (H.264, H.265), or OBUs without temporal delimiters (AV1).
    pub bytes: &'a [u8],
    /// Whether a decoder can start here. The first frame of an episode must be one.
    pub key_frame: bool,
    /// The row of the episode, from zero, that the picture belongs to.
    pub shown_at: u32,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Episodes.
    pub episodes: u64,
    /// Rows.
    pub frames: u64,
    /// Different tasks.
    pub tasks: u64,
}

struct Open {
    task: usize,
    rows: usize,
    /// Per feature that has a column, what came so far.
    columns: Vec<Vec<ArrayRef>>,
}

/// Writes a LeRobot dataset.
pub struct LeRobotWriter<F: Files> {
    files: F,
    spec: DatasetSpec,
    /// The columns of the data: features, then index columns.
    columns: Vec<NewFeature>,
    schema: SchemaRef,
    data: Option<ArrowWriter<F::File>>,
    data_number: u64,
    data_rows: u64,
    episodes: Option<ArrowWriter<F::File>>,
    episodes_number: u64,
    lines: Option<EpisodeLines<F::File>>,
    cameras: Vec<Camera<F::File>>,
    tasks: Vec<String>,
    task_indexes: BTreeMap<String, usize>,
    pending: Vec<EpisodeRow>,
    stats: BTreeMap<String, FeatureStats>,
    totals: Totals,
    /// Parts of the dataset, and the first episode of each.
    splits: Vec<(String, u64)>,
    open: Option<Open>,
}

fn failed(what: &'static str) -> impl Fn(parquet::errors::ParquetError) -> FormatError {
    move |error| FormatError::Write { what, source: io::Error::other(error) }
}

fn mismatched(error: arrow::error::ArrowError) -> FormatError {
    FormatError::Write { what: "the rows", source: io::Error::other(error) }
}

fn unsupported<T>(why: String) -> Result<T, FormatError> {
    Err(FormatError::Unsupported(why))
}

impl<F: Files> LeRobotWriter<F> {
    /// Begins a dataset.
    ///
    /// # Errors
    ///
    /// When a feature cannot be expressed.
    pub fn new(files: F, spec: DatasetSpec) -> Result<Self, FormatError> {
        if spec.fps == 0 || spec.fps > 100_000 {
            return unsupported(format!("{} frames per second", spec.fps));
        }
        let mut names = std::collections::BTreeSet::from(super::info::INDEX_COLUMNS);
        for feature in &spec.features {
            if !names.insert(&feature.name) || feature.name.contains('/') || feature.name.is_empty() {
                return unsupported(format!("feature `{}` is empty, holds a `/`, or is there already", feature.name));
            }
            if feature.width() > i32::MAX as usize || feature.shape.contains(&0) || feature.shape.len() > 5 {
                return unsupported(format!("feature `{}` has the shape {:?}", feature.name, feature.shape));
            }
            if feature.kind == NewKind::Text && feature.width() != 1 {
                return unsupported(format!("feature `{}` has several texts per row", feature.name));
            }
        }
        let index = |name: &str, numbers| NewFeature {
            name: name.to_owned(),
            kind: NewKind::Numbers(numbers),
            shape: vec![1],
            names: Vec::new(),
        };
        let mut spec = spec;
        let of_user = spec.features.len();
        spec.features.push(index("timestamp", DataType::Float32));
        spec.features
            .extend(["frame_index", "episode_index", "index", "task_index"].map(|name| index(name, DataType::Int64)));
        let cameras = spec.features[..of_user].iter().filter(|feature| feature.kind == NewKind::Video);
        let cameras = cameras.map(|feature| Camera::new(feature.name.clone())).collect();
        let columns: Vec<_> = spec.features.iter().filter(|feature| feature.kind != NewKind::Video).cloned().collect();
        let fields: Vec<_> = columns.iter().map(|column| Field::new(&column.name, column_type(column), true)).collect();
        let metadata = [("huggingface".to_owned(), meta::huggingface_metadata(&spec.features))];
        Ok(Self {
            files,
            schema: Arc::new(Schema::new(fields).with_metadata(metadata.into())),
            spec,
            columns,
            data: None,
            data_number: 0,
            data_rows: 0,
            episodes: None,
            episodes_number: 0,
            lines: None,
            cameras,
            tasks: Vec::new(),
            task_indexes: BTreeMap::new(),
            pending: Vec::new(),
            stats: BTreeMap::new(),
            totals: Totals::default(),
            splits: Vec::new(),
            open: None,
        })
    }

    /// Says that the episodes that follow are of this part of the dataset: `train`, `test`. Without it, all are of `train`.
    ///
    /// # Errors
    ///
    /// When other episodes came since the last one of that part: a part is a range.
    pub fn begin_split(&mut self, name: &str) -> Result<(), FormatError> {
        if self.splits.last().is_some_and(|(last, _)| last == name) {
            return Ok(());
        }
        if self.splits.iter().any(|(known, _)| known == name) || (self.splits.is_empty() && self.totals.episodes > 0) {
            return unsupported(format!("the episodes of the part `{name}` do not follow one another"));
        }
        self.splits.push((name.to_owned(), self.totals.episodes));
        Ok(())
    }

    /// Begins an episode.
    ///
    /// # Errors
    ///
    /// When the last one was not ended.
    pub fn begin_episode(&mut self, task: &str) -> Result<(), FormatError> {
        if self.open.is_some() {
            return unsupported(format!("episode {} was not ended", self.totals.episodes));
        }
        let next = self.tasks.len();
        let index = *self.task_indexes.entry(task.to_owned()).or_insert(next);
        if index == next {
            self.tasks.push(task.to_owned());
        }
        let columns = vec![Vec::new(); self.columns.len() - super::info::INDEX_COLUMNS.len()];
        self.open = Some(Open { task: index, rows: 0, columns });
        Ok(())
    }

    /// Adds rows: one array per feature that is no video, in the order of [`DatasetSpec::features`], with the values of all
    /// rows one after the other (`rows × width` of them). Numbers are cast to the type of the feature.
    ///
    /// # Errors
    ///
    /// When no episode is open, or an array does not fit its feature.
    pub fn push_rows(&mut self, rows: usize, columns: &[ArrayRef]) -> Result<(), FormatError> {
        let Some(open) = &mut self.open else { return unsupported("rows without an episode".to_owned()) };
        if columns.len() != open.columns.len() {
            return unsupported(format!("{} columns for {} features", columns.len(), open.columns.len()));
        }
        let mut cast_columns = Vec::with_capacity(columns.len());
        for (feature, values) in self.columns.iter().zip(columns) {
            let wanted = rows.checked_mul(feature.width());
            if wanted != Some(values.len()) {
                let (name, n, shape) = (&feature.name, values.len(), &feature.shape);
                return unsupported(format!("`{name}` has {n} values for {rows} rows of the shape {shape:?}"));
            }
            let numbers = match &feature.kind {
                NewKind::Numbers(numbers) => numbers.clone(),
                NewKind::Text | NewKind::Video => DataType::Utf8,
            };
            cast_columns.push(cast(values, &numbers).map_err(mismatched)?);
        }
        for (parts, column) in open.columns.iter_mut().zip(cast_columns) {
            parts.push(column);
        }
        open.rows += rows;
        Ok(())
    }

    /// Adds one picture of a camera, in the order of decoding.
    ///
    /// # Errors
    ///
    /// When no episode is open, no such camera was declared, the frame does not fit what came before, or the output fails.
    pub fn push_frame(&mut self, camera: &str, frame: &VideoFrame<'_>) -> Result<(), FormatError> {
        if self.open.is_none() {
            return unsupported("a frame without an episode".to_owned());
        }
        let Some(at) = self.cameras.iter().position(|known| known.key == camera) else {
            return unsupported(format!("no video feature is called `{camera}`"));
        };
        let version = self.spec.version;
        let path = |number: u64| version.video_path(camera, number);
        self.cameras[at].push(&mut self.files, path, self.spec.fps, self.spec.video_file_bytes(), frame)
    }

    /// Ends the episode and writes its rows. `pictures` has the statistics of each camera's pictures, where they are known:
    /// three elements, of values from 0 to 1.
    ///
    /// # Errors
    ///
    /// When a camera has another number of frames than there are rows, there is no row, or the output fails.
    pub fn end_episode(&mut self, pictures: BTreeMap<String, FeatureStats>) -> Result<(), FormatError> {
        let Some(open) = self.open.take() else { return unsupported("no episode is open".to_owned()) };
        if open.rows == 0 {
            return unsupported(format!("episode {} has no rows", self.totals.episodes));
        }
        let mut videos = BTreeMap::new();
        for camera in &mut self.cameras {
            videos.insert(camera.key.clone(), camera.end(self.spec.fps, open.rows)?);
        }
        let (batch, mut stats) = self.rows_of(&open)?;
        stats.extend(pictures.into_iter().filter(|(key, _)| videos.contains_key(key)));
        let data = chunk_and_file(self.write_rows(&batch)?);
        for (feature, stats) in &stats {
            match self.stats.get_mut(feature) {
                Some(all) => all.merge(stats),
                None => drop(self.stats.insert(feature.clone(), stats.clone())),
            }
        }
        self.pending.push(EpisodeRow {
            index: self.totals.episodes,
            task: self.tasks[open.task].clone(),
            length: open.rows as u64,
            from_index: self.totals.frames,
            data,
            meta: (0, 0),
            videos,
            stats,
        });
        self.totals.episodes += 1;
        self.totals.frames += open.rows as u64;
        if self.pending.len() >= META_ROWS { self.write_pending() } else { Ok(()) }
    }

    /// The rows of an episode with their index columns, and their statistics.
    fn rows_of(&self, open: &Open) -> Result<(RecordBatch, BTreeMap<String, FeatureStats>), FormatError> {
        let rows = open.rows;
        // OK to cast: counts of rows stay far below 2^63.
        let (first, episode, task) = (self.totals.frames as i64, self.totals.episodes as i64, open.task as i64);
        let fps = f64::from(self.spec.fps);
        // OK to cast: LeRobot keeps times in 32 bits.
        let stamps = Float32Array::from_iter_values((0..rows).map(|row| (row as f64 / fps) as f32));
        let mut flat: Vec<ArrayRef> = Vec::with_capacity(self.columns.len());
        for parts in &open.columns {
            let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
            flat.push(concat(&parts).map_err(mismatched)?);
        }
        flat.push(Arc::new(stamps));
        flat.push(Arc::new(Int64Array::from_iter_values(0..rows as i64)));
        flat.push(Arc::new(Int64Array::from_value(episode, rows)));
        flat.push(Arc::new(Int64Array::from_iter_values(first..first + rows as i64)));
        flat.push(Arc::new(Int64Array::from_value(task, rows)));
        let mut stats = BTreeMap::new();
        let mut columns = Vec::with_capacity(flat.len());
        for (feature, values) in self.columns.iter().zip(flat) {
            if matches!(feature.kind, NewKind::Numbers(_)) {
                let numbers = cast(&values, &DataType::Float64).map_err(mismatched)?;
                let numbers: Vec<f64> =
                    numbers.as_primitive::<Float64Type>().iter().map(|value| value.unwrap_or(f64::NAN)).collect();
                // As LeRobot: of a tensor, all axes but the last are taken together.
                let last = feature.shape.last().map_or(1, |last| *last as usize);
                stats.insert(feature.name.clone(), FeatureStats::of(&numbers, last, rows as u64));
            }
            columns.push(shaped(feature, values).map_err(mismatched)?);
        }
        let batch = RecordBatch::try_new(self.schema.clone(), columns).map_err(mismatched)?;
        Ok((batch, stats))
    }

    /// Writes the rows of an episode, and says the number of the file they are in.
    fn write_rows(&mut self, batch: &RecordBatch) -> Result<u64, FormatError> {
        let what = "the data";
        if let Some(writer) = &self.data {
            let bytes = writer.bytes_written() as u64;
            // What the rows before took stands for what these take.
            let expected = bytes / self.data_rows.max(1) * batch.num_rows() as u64;
            if bytes + expected >= self.spec.data_file_bytes() {
                self.close_data()?;
                self.data_number += 1;
            }
        }
        if self.data.is_none() {
            let path = self.spec.version.data_path(self.data_number);
            self.data = Some(parquet_file(&mut self.files, &path, self.schema.clone(), what)?);
            self.data_rows = 0;
        }
        if let Some(writer) = &mut self.data {
            writer.write(batch).and_then(|()| writer.flush()).map_err(failed(what))?;
            self.data_rows += batch.num_rows() as u64;
        }
        Ok(self.data_number)
    }

    fn close_data(&mut self) -> Result<(), FormatError> {
        if let Some(writer) = self.data.take() {
            writer.close().map_err(failed("the data"))?;
        }
        Ok(())
    }

    fn write_pending(&mut self) -> Result<(), FormatError> {
        let what = "the episodes";
        let mut rows = std::mem::take(&mut self.pending);
        if rows.is_empty() {
            return Ok(());
        }
        if self.spec.version.is_file_per_episode() {
            let lines = match self.lines.take() {
                Some(lines) => lines,
                None => EpisodeLines::create(&mut self.files)?,
            };
            let lines = self.lines.insert(lines);
            return rows.iter().try_for_each(|row| lines.push(row, &|name| self.spec.is_video(name)));
        }
        if self.episodes.as_ref().is_some_and(|writer| writer.bytes_written() as u64 >= self.spec.data_file_bytes()) {
            if let Some(writer) = self.episodes.take() {
                writer.close().map_err(failed(what))?;
            }
            self.episodes_number += 1;
        }
        let place = chunk_and_file(self.episodes_number);
        rows.iter_mut().for_each(|row| row.meta = place);
        let cameras: Vec<_> = self.cameras.iter().map(|camera| camera.key.clone()).collect();
        let has_stats = |feature: &&NewFeature| feature.kind != NewKind::Text;
        let statistics: Vec<_> = self
            .spec
            .features
            .iter()
            .filter(has_stats)
            .map(|feature| (feature.name.clone(), feature.kind == NewKind::Video))
            .collect();
        let batch = episode_table(&rows, &cameras, &statistics).map_err(mismatched)?;
        if self.episodes.is_none() {
            let path = format!("meta/episodes/chunk-{:03}/file-{:03}.parquet", place.0, place.1);
            self.episodes = Some(parquet_file(&mut self.files, &path, batch.schema(), what)?);
        }
        if let Some(writer) = &mut self.episodes {
            writer.write(&batch).and_then(|()| writer.flush()).map_err(failed(what))?;
        }
        Ok(())
    }

    /// Closes all files and writes what describes the dataset. Gives the destination back.
    ///
    /// # Errors
    ///
    /// When an episode is open, there is none, or the output fails.
    pub fn finish(mut self) -> Result<(F, Written), FormatError> {
        if self.open.is_some() || self.totals.episodes == 0 {
            return unsupported("a dataset needs at least one episode, and the last one ended".to_owned());
        }
        self.write_pending()?;
        self.close_data()?;
        if let Some(writer) = self.episodes.take() {
            writer.close().map_err(failed("the episodes"))?;
        }
        if let Some(lines) = self.lines.take() {
            lines.finish()?;
        }
        let mut described = BTreeMap::new();
        for camera in std::mem::take(&mut self.cameras) {
            described.extend(camera.described.clone().map(|info| (camera.key.clone(), info)));
            camera.finish()?;
        }
        self.write_tasks()?;
        self.totals.tasks = self.tasks.len() as u64;
        let stats: Map<String, Value> =
            self.stats.iter().map(|(name, stats)| (name.clone(), stats.json(self.spec.is_video(name)))).collect();
        let info = meta::info(&self.spec, self.totals, &self.splits, &described);
        write_json(&mut self.files, "meta/stats.json", &Value::Object(stats))?;
        // Last, so that a folder without it is visibly unfinished.
        write_json(&mut self.files, super::info::INFO, &info)?;
        let Totals { episodes, frames, tasks } = self.totals;
        Ok((self.files, Written { episodes, frames, tasks }))
    }

    fn write_tasks(&mut self) -> Result<(), FormatError> {
        if self.spec.version.is_file_per_episode() {
            return layout::write_task_lines(&mut self.files, &self.tasks);
        }
        let tasks = task_table(&self.tasks).map_err(mismatched)?;
        let metadata = [("pandas".to_owned(), meta::pandas_metadata())];
        let schema = Arc::new(tasks.schema().as_ref().clone().with_metadata(metadata.into()));
        let mut writer = parquet_file(&mut self.files, "meta/tasks.parquet", schema.clone(), "the tasks")?;
        let tasks = tasks.with_schema(schema).map_err(mismatched)?;
        writer.write(&tasks).map_err(failed("the tasks"))?;
        writer.close().map_err(failed("the tasks"))?;
        Ok(())
    }
}

fn write_json<F: Files>(files: &mut F, path: &str, value: &Value) -> Result<(), FormatError> {
    let mut write = || -> io::Result<()> {
        let mut file = files.create(path)?;
        serde_json::to_writer_pretty(&mut file, value)?;
        file.write_all(b"\n")?;
        file.flush()
    };
    write().map_err(|source| FormatError::Write { what: "the description", source })
}

fn parquet_file<F: Files>(
    files: &mut F,
    path: &str,
    schema: SchemaRef,
    what: &'static str,
) -> Result<ArrowWriter<F::File>, FormatError> {
    let file = files.create(path).map_err(|source| FormatError::Write { what, source })?;
    let metadata = schema
        .metadata()
        .iter()
        .map(|(key, value)| parquet::file::metadata::KeyValue { key: key.clone(), value: Some(value.clone()) });
    let mut metadata: Vec<_> = metadata.collect();
    metadata.sort_by(|one, other| one.key.cmp(&other.key));
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(format!("prairie {}", env!("CARGO_PKG_VERSION")))
        .set_key_value_metadata(Some(metadata))
        .build();
    ArrowWriter::try_new(file, schema, Some(properties)).map_err(failed(what))
}

/// The Arrow type of a column: a plain value, a list of fixed length, or lists of lists for tensors.
fn column_type(feature: &NewFeature) -> DataType {
    let element = match &feature.kind {
        NewKind::Numbers(numbers) => numbers.clone(),
        NewKind::Text | NewKind::Video => DataType::Utf8,
    };
    match feature.shape[..] {
        [] | [1] => element,
        // OK to cast: `new` refused widths beyond i32.
        [length] => DataType::FixedSizeList(Arc::new(Field::new("element", element, true)), length as i32),
        ref axes => axes.iter().fold(element, |item, _| DataType::List(Arc::new(Field::new("element", item, true)))),
    }
}

/// Flat values in the shape of their column.
fn shaped(feature: &NewFeature, values: ArrayRef) -> Result<ArrayRef, arrow::error::ArrowError> {
    match feature.shape[..] {
        [] | [1] => Ok(values),
        [length] => {
            let item = Arc::new(Field::new("element", values.data_type().clone(), true));
            // OK to cast: `new` refused widths beyond i32.
            Ok(Arc::new(FixedSizeListArray::try_new(item, length as i32, values, None)?))
        }
        ref axes => {
            let mut values = values;
            for axis in axes.iter().rev() {
                let item = Arc::new(Field::new("element", values.data_type().clone(), true));
                // OK to cast: as above.
                let length = *axis as usize;
                let offsets = OffsetBuffer::from_repeated_length(length, values.len() / length);
                values = Arc::new(ListArray::try_new(item, offsets, values, None)?);
            }
            Ok(values)
        }
    }
}
