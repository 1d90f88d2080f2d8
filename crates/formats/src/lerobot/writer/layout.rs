//! What tells the versions apart: where files lie, and how the metadata of episodes is kept.
//!
//! v2.1 has a file per episode and lists of JSON lines; v3.0 shares files between episodes and keeps Parquet tables.

use std::io::{self, BufWriter, Seek, Write};

use serde_json::{Map, Value, json};

use super::Files;
use super::meta::{EpisodeRow, chunk_and_file};
use crate::FormatError;

/// A version of the layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// v2.1: a data file per episode, a video file per episode and camera, metadata as JSON lines.
    V21,
    /// v3.0: files of several episodes, metadata as Parquet.
    V30,
}

impl Version {
    /// As `codebase_version` has it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::V21 => "v2.1",
            Self::V30 => "v3.0",
        }
    }

    pub(super) const fn is_file_per_episode(self) -> bool {
        matches!(self, Self::V21)
    }

    pub(super) const fn data_template(self) -> &'static str {
        match self {
            Self::V21 => "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet",
            Self::V30 => "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
        }
    }

    pub(super) const fn video_template(self) -> &'static str {
        match self {
            Self::V21 => "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4",
            Self::V30 => "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
        }
    }

    /// The data file with this number; in v2.1, of this episode.
    pub(super) fn data_path(self, number: u64) -> String {
        let (chunk, file) = chunk_and_file(number);
        match self {
            Self::V21 => format!("data/chunk-{chunk:03}/episode_{number:06}.parquet"),
            Self::V30 => format!("data/chunk-{chunk:03}/file-{file:03}.parquet"),
        }
    }

    /// The video file of a camera with this number; in v2.1, of this episode.
    pub(super) fn video_path(self, camera: &str, number: u64) -> String {
        let (chunk, file) = chunk_and_file(number);
        match self {
            Self::V21 => format!("videos/chunk-{chunk:03}/{camera}/episode_{number:06}.mp4"),
            Self::V30 => format!("videos/{camera}/chunk-{chunk:03}/file-{file:03}.mp4"),
        }
    }
}

fn failed(source: io::Error) -> FormatError {
    FormatError::Write { what: "the episodes", source }
}

/// `meta/episodes.jsonl` and `meta/episodes_stats.jsonl`, a line per episode.
pub(super) struct EpisodeLines<W: Write> {
    episodes: BufWriter<W>,
    stats: BufWriter<W>,
}

impl<W: Write + Seek + Send> EpisodeLines<W> {
    pub(super) fn create<F: Files<File = W>>(files: &mut F) -> Result<Self, FormatError> {
        let mut file = |path: &str| files.create(path).map(BufWriter::new).map_err(failed);
        Ok(Self { episodes: file("meta/episodes.jsonl")?, stats: file("meta/episodes_stats.jsonl")? })
    }

    /// Writes the lines of one episode. `is_video` tells whose statistics are those of pictures.
    pub(super) fn push(&mut self, row: &EpisodeRow, is_video: &dyn Fn(&str) -> bool) -> Result<(), FormatError> {
        let episode = json!({"episode_index": row.index, "tasks": [row.task], "length": row.length});
        line(&mut self.episodes, &episode).map_err(failed)?;
        // LeRobot takes every feature with `image` in its name for pictures, and does not open a dataset where the
        // statistics of one have another shape.
        let told = row.stats.iter().filter(|(name, _)| is_video(name) || !name.contains("image"));
        let stats: Map<String, Value> = told.map(|(name, stats)| (name.clone(), stats.json(is_video(name)))).collect();
        line(&mut self.stats, &json!({"episode_index": row.index, "stats": stats})).map_err(failed)
    }

    pub(super) fn finish(mut self) -> Result<(), FormatError> {
        self.episodes.flush().and_then(|()| self.stats.flush()).map_err(failed)
    }
}

/// `meta/tasks.jsonl`: the tasks by their index.
pub(super) fn write_task_lines<F: Files>(files: &mut F, tasks: &[String]) -> Result<(), FormatError> {
    let mut write = || -> io::Result<()> {
        let mut out = BufWriter::new(files.create("meta/tasks.jsonl")?);
        for (index, task) in tasks.iter().enumerate() {
            line(&mut out, &json!({"task_index": index, "task": task}))?;
        }
        out.flush()
    };
    write().map_err(|source| FormatError::Write { what: "the tasks", source })
}

fn line(out: &mut impl Write, value: &Value) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}
