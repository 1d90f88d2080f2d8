//! Plain tables for analysts: Parquet that pandas, pyarrow and DuckDB read without knowing Prairie, pictures as MP4.
//!
//! ```text
//!   episodes.parquet              a row per episode: task, robot, outcome, times
//!   segments.parquet              labelled parts of episodes, where there are any
//!   streams/NAME.parquet          a row per sample: episode, t_ns, time_s, a column per number
//!   frames.parquet                a row per picture: stream, episode, t_ns, file, number in the file
//!   videos/NAME/episode_000000.mp4
//!   streams.json, README.md       what the files and their columns are, with units
//! ```
//!
//! Every stream has a table of its own, at its own rate, with the rows of all episodes. A grid of one rate would have to repeat
//! the samples of slow streams and drop those of fast ones, and choose a rate and a rule for people who want to look at the data
//! first: force at 1 kHz and a camera at 10 Hz have no rate in common that keeps both. What a trainer needs, a row at each
//! step, is one `ASOF JOIN` away from these tables (and is what `lerobot-v3` writes), while what a grid dropped cannot be had
//! back. One file per stream, rather than per episode, since questions are asked of all episodes at once.
//!
//! Numbers are 64-bit floats in SI units, as they are stored; a null is a number that the source does not have. Nothing is
//! resampled, rounded or left out. Pictures are copied where MP4 takes their codec, and encoded where not.
//!
//! **Invariant:** memory holds one stream of one episode, and what Parquet keeps of a row group of each table.

mod about;
mod shape;
mod table;
mod video;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field};
use prairie_model::{Stream, StreamKind};

use crate::Engine;
use crate::error::EngineError;
use crate::export::{EpisodeProof, ExportJob, Feature, Part, Proof, StoredEpisode, VideoProof};
use crate::progress::Progress;
use crate::target::{Target, TargetPage};
use shape::{FileNames, Shape, Subject, labels};
use table::{Rows, StreamTable, seconds};
use video::{FrameRow, film};

/// Writes plain tables.
pub(crate) struct Parquet;

impl Target for Parquet {
    fn name(&self) -> &'static str {
        "parquet"
    }

    fn describe(&self) -> &'static str {
        "Plain Parquet tables: every stream at its own rate with a column per number, MP4 video with a table of its frames"
    }

    fn page(&self) -> &'static TargetPage {
        &TargetPage {
            carries: &[
                "every sample of every stream at its own time, with a column per number, its unit and its name; texts",
                "video as MP4, copied where it can be, with a table that says which frame was taken when",
                "a table of the episodes with their facts, and a description of every column",
            ],
            limits: &["sound, scans and point clouds are left out and told"],
        }
    }

    fn write(
        &self,
        engine: &Engine,
        job: &ExportJob,
        dir: &Path,
        proof: &mut Proof,
        progress: &dyn Progress,
    ) -> Result<(), EngineError> {
        if let Some(what) = job.options.asks_for_rows() {
            return Err(EngineError::invalid(
                format!("{what} for the target `parquet`"),
                "every stream keeps its own rate, and every number its value",
            ));
        }
        proof.causal = true;
        // What has no place among features at one rate may have one here.
        proof.left_out.clear();
        let mut out = Output::begin(engine, job, dir, progress)?;
        for (at, episode) in job.episodes.iter().enumerate() {
            if progress.cancelled() {
                return Err(EngineError::Cancelled);
            }
            progress.at("export", at as u64, job.episodes.len() as u64);
            let (start, end) = span(episode);
            let samples = out.episode(engine, job, dir, at as u64, episode)?;
            proof.rows += samples;
            proof.duration_s += end.saturating_sub(start) as f64 / 1e9;
            proof.episodes.push(EpisodeProof {
                id: episode.id,
                recording: episode.recording,
                index: at as u64,
                split: job.members[at].split.clone(),
                rows: samples,
                start_ns: start.to_string(),
                samples_in: samples,
            });
        }
        if proof.rows == 0 {
            let why = out
                .left_out
                .keys()
                .next()
                .map_or("the version is empty".to_owned(), |(stream, why)| format!("stream `{stream}`: {why}"));
            return Err(EngineError::Refused(format!("no stream could be exported: {why}")));
        }
        about::episodes(dir, job)?;
        out.finish(dir, job, proof)
    }
}

/// The first and the last time of an episode.
fn span(episode: &StoredEpisode) -> (i64, i64) {
    let all = || episode.streams.iter();
    let first = all().filter_map(|stream| stream.start).min();
    let last = all().filter_map(|stream| stream.end).max();
    let stated = episode.episode.span;
    let start = stated.map(|span| span.start).or(first).map_or(0, |at| at.0);
    (start, stated.map(|span| span.end).or(last).map_or(start, |at| at.0))
}

/// The files under construction.
struct Output {
    tables: BTreeMap<Subject, StreamTable>,
    /// The folder of each camera's videos.
    cameras: BTreeMap<String, String>,
    frames: Option<Rows>,
    videos: BTreeMap<String, VideoProof>,
    /// Samples that are not exported, by stream and reason: how many, in how many episodes.
    left_out: BTreeMap<(String, String), (u64, u64)>,
}

impl Output {
    /// Looks at every table once, since the columns of a file are fixed before its first row.
    fn begin(engine: &Engine, job: &ExportJob, dir: &Path, progress: &dyn Progress) -> Result<Self, EngineError> {
        let mut shapes: BTreeMap<Subject, Shape> = BTreeMap::new();
        let mut cameras: BTreeMap<String, String> = BTreeMap::new();
        for (at, episode) in job.episodes.iter().enumerate() {
            if progress.cancelled() {
                return Err(EngineError::Cancelled);
            }
            progress.at("columns", at as u64, job.episodes.len() as u64);
            for stream in episode.streams.iter().filter(|stream| is_wanted(job, stream)) {
                if stream.kind == Some(StreamKind::Image) {
                    cameras.insert(stream.name.clone(), String::new());
                }
                let Some(subject) = Subject::of(stream) else { continue };
                let shape = shapes.entry(subject).or_default();
                if stream.kind != Some(StreamKind::Event) {
                    shape.see(&engine.load_samples(episode.id, stream, job.snapshot)?, &labels(stream));
                }
            }
        }
        progress.finished("columns");
        let mut names = FileNames::default();
        let mut tables = BTreeMap::new();
        for (subject, shape) in shapes {
            let path = format!("streams/{}.parquet", names.take(&subject.stream));
            let columns = shape.columns(&subject);
            tables.insert(subject.clone(), StreamTable::create(dir, path, subject, columns)?);
        }
        let mut names = FileNames::default();
        for (stream, folder) in &mut cameras {
            *folder = format!("videos/{}", names.take(stream));
        }
        Ok(Self { tables, cameras, frames: None, videos: BTreeMap::new(), left_out: BTreeMap::new() })
    }

    /// Writes every stream of an episode, and says how many samples that were.
    fn episode(
        &mut self,
        engine: &Engine,
        job: &ExportJob,
        dir: &Path,
        index: u64,
        episode: &StoredEpisode,
    ) -> Result<u64, EngineError> {
        let (start, _) = span(episode);
        let mut samples = 0;
        for stream in &episode.streams {
            if !is_wanted(job, stream) {
                self.leave_out(stream, "not asked for");
                continue;
            }
            if stream.kind == Some(StreamKind::Image) {
                samples += self.camera(engine, job, dir, index, episode, stream)?;
                continue;
            }
            let Some(table) = Subject::of(stream).and_then(|subject| self.tables.get_mut(&subject)) else {
                let why = stream.kind.map_or("its kind is unknown".to_owned(), |kind| {
                    format!("{} has no place in this form", kind.name())
                });
                self.leave_out(stream, &why);
                continue;
            };
            let batch = engine.load_samples(episode.id, stream, job.snapshot)?;
            table.append(index, start, &batch)?;
            samples += batch.len() as u64;
        }
        Ok(samples)
    }

    /// Writes a camera of an episode, and says how many of its frames became rows.
    fn camera(
        &mut self,
        engine: &Engine,
        job: &ExportJob,
        dir: &Path,
        index: u64,
        episode: &StoredEpisode,
        stream: &Stream,
    ) -> Result<u64, EngineError> {
        let part = Part { stream: stream.name.clone(), series: "" };
        let feature = Feature { name: stream.name.clone(), parts: vec![part], video: true, number: Default::default() };
        let proof = self.videos.entry(stream.name.clone()).or_default();
        let batch = engine.load_samples(episode.id, stream, job.snapshot)?;
        let source = engine.stored_source(episode.recording)?;
        let folder = self.cameras.get(&stream.name).map(String::as_str).unwrap_or_default();
        let path = format!("{folder}/episode_{index:06}.mp4");
        let filmed = match film(&source, &job.options, dir, &path, &batch)? {
            Ok(filmed) => filmed,
            Err(why) => {
                proof.leave_out(&feature, batch.len() as u64);
                self.leave_out(stream, &why);
                return Ok(0);
            }
        };
        proof.add(&feature, &filmed.written);
        proof.begin_late(filmed.skipped, filmed.skipped);
        if let Some(why) = &filmed.late {
            *self.left_out.entry((stream.name.clone(), why.clone())).or_default() = (filmed.skipped, 1);
        }
        let frames = match self.frames.take() {
            Some(frames) => frames,
            None => Rows::create(dir, "frames.parquet", about::frame_fields())?,
        };
        let frames = self.frames.insert(frames);
        frames.append(frame_columns(&stream.name, index, span(episode).0, &path, &filmed.rows))?;
        Ok(filmed.rows.len() as u64)
    }

    fn leave_out(&mut self, stream: &Stream, why: &str) {
        let (samples, episodes) = self.left_out.entry((stream.name.clone(), why.to_owned())).or_default();
        *samples += stream.samples;
        *episodes += 1;
    }

    /// Closes the files, and writes what describes them.
    fn finish(self, dir: &Path, job: &ExportJob, proof: &mut Proof) -> Result<(), EngineError> {
        let told = self.left_out.into_iter();
        proof.left_out.extend(told.map(|((stream, why), (samples, episodes))| {
            format!("stream `{stream}`: {why}: {samples} samples in {episodes} episodes")
        }));
        if let Some(frames) = self.frames {
            frames.finish()?;
        }
        proof.videos = self.videos.into_values().collect();
        about::describe(dir, job, &self.tables, &self.cameras, proof)?;
        for table in self.tables.into_values() {
            proof.features.push(table.finish()?);
        }
        Ok(())
    }
}

fn is_wanted(job: &ExportJob, stream: &Stream) -> bool {
    job.options.streams.is_empty() || job.options.streams.contains(&stream.name)
}

/// Rows of `frames.parquet`.
fn frame_columns(stream: &str, episode: u64, start_ns: i64, path: &str, rows: &[FrameRow]) -> Vec<ArrayRef> {
    let count = rows.len();
    let t_ns: Vec<i64> = rows.iter().map(|row| row.t_ns).collect();
    vec![
        Arc::new(StringArray::from_iter_values(std::iter::repeat_n(stream, count))),
        // OK to cast: counts of episodes and of frames in memory.
        Arc::new(Int64Array::from_value(episode as i64, count)),
        Arc::new(Int64Array::from(t_ns.clone())),
        seconds(&t_ns, start_ns),
        Arc::new(StringArray::from_iter_values(std::iter::repeat_n(path, count))),
        Arc::new(Int64Array::from_iter_values(0..count as i64)),
        Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row.video_s))),
        Arc::new(BooleanArray::from_iter(rows.iter().map(|row| Some(row.shown_t_ns == row.t_ns)))),
    ]
}

/// A column of a table that describes.
fn field(name: &str, kind: DataType) -> Field {
    Field::new(name, kind, true)
}
