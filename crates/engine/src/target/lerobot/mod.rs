//! LeRobot v2.1 and v3.0: Parquet rows at one rate, MP4 video, statistics.
//!
//! Every episode is laid on a grid of the export's rate. The grid follows the first inter-coded camera whose rate it is, so
//! that its frames can be copied; numbers are taken at the times of the grid. An episode of which a feature has no sample near
//! some row is left out, and the proof says where. The versions differ in nothing but their files.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use arrow::array::ArrayRef;
use prairie_formats::lerobot::{DatasetSpec, Files, LeRobotWriter, NewFeature, NewKind, Version, VideoFrame};
use prairie_formats::{BlobReader, FormatError};
use prairie_model::StreamKind;

use crate::Engine;
use crate::error::EngineError;
use crate::export::{
    Done, Encoding, EpisodeProof, ExportJob, FeatureRows, FeatureTotals, Laid, Proof, Ready, StoredEpisode, Unfit,
    VideoProof, check_alike, lay, new_file, prepare, unlike,
};
use crate::progress::Progress;
use crate::target::{Target, TargetPage};

/// Writes LeRobot v2.1 folders.
pub(crate) struct V21;

/// Writes LeRobot v3.0 folders.
pub(crate) struct V30;

/// What both versions keep.
const PAGE: TargetPage = TargetPage {
    carries: &[
        "numbers at one rate, by the alignment that is asked for; names, tasks, robot type, licence, parts of the split",
        "video copied frame by frame where codec, rate and size allow, else encoded as H.264, with how alike it still is",
        "statistics with quantiles, from the numbers and from sampled pictures",
    ],
    limits: &[
        "texts, sound, depth, scans and point clouds are left out, and told in the proof",
        "an episode without a sample near some row is left out, and told",
    ],
};

impl Target for V21 {
    fn name(&self) -> &'static str {
        "lerobot-v2.1"
    }

    fn describe(&self) -> &'static str {
        "LeRobot v2.1: a Parquet file and MP4 videos per episode, video copied where it can be, statistics per episode"
    }

    fn page(&self) -> &'static TargetPage {
        &PAGE
    }

    fn write(
        &self,
        engine: &Engine,
        job: &ExportJob,
        dir: &Path,
        proof: &mut Proof,
        progress: &dyn Progress,
    ) -> Result<(), EngineError> {
        write(Version::V21, engine, job, dir, proof, progress)
    }
}

impl Target for V30 {
    fn name(&self) -> &'static str {
        "lerobot-v3"
    }

    fn describe(&self) -> &'static str {
        "LeRobot v3.0: Parquet rows at one rate, MP4 video copied where it can be, statistics with quantiles"
    }

    fn page(&self) -> &'static TargetPage {
        &PAGE
    }

    fn write(
        &self,
        engine: &Engine,
        job: &ExportJob,
        dir: &Path,
        proof: &mut Proof,
        progress: &dyn Progress,
    ) -> Result<(), EngineError> {
        write(Version::V30, engine, job, dir, proof, progress)
    }
}

fn write(
    version: Version,
    engine: &Engine,
    job: &ExportJob,
    dir: &Path,
    proof: &mut Proof,
    progress: &dyn Progress,
) -> Result<(), EngineError> {
    check_alike(job)?;
    let fps = whole_rate(job.fps)?;
    proof.fps = Some(f64::from(fps));
    let mut out =
        Output { version, fps, writer: None, totals: Vec::new(), videos: BTreeMap::new(), shapes: Vec::new() };
    for (at, (episode, member)) in job.episodes.iter().zip(&job.members).enumerate() {
        if progress.cancelled() {
            return Err(EngineError::Cancelled);
        }
        progress.at("export", at as u64, job.episodes.len() as u64);
        let done = match out.try_episode(engine, job, dir, &member.split, episode)? {
            Ok(done) => done,
            Err(why) => {
                proof.left_out.push(format!("episode {}: {why}", episode.id));
                out.leave_out(job, episode);
                continue;
            }
        };
        proof.left_out.extend(done.late.map(|why| format!("episode {}: {why}", episode.id)));
        proof.rows += done.rows;
        proof.duration_s += done.rows as f64 / f64::from(fps);
        proof.episodes.push(EpisodeProof {
            id: episode.id,
            recording: episode.recording,
            index: proof.episodes.len() as u64,
            split: member.split.clone(),
            rows: done.rows,
            start_ns: done.start_ns.to_string(),
            samples_in: done.samples_in,
        });
    }
    let Some(writer) = out.writer else {
        return Err(EngineError::Refused(format!(
            "no episode could be exported: {}",
            proof.left_out.last().map_or("the version is empty", String::as_str)
        )));
    };
    writer.finish().map_err(failed)?;
    let mut robots: Vec<_> = job.episodes.iter().map(|episode| episode.episode.robot_type.as_deref()).collect();
    robots.sort_unstable();
    robots.dedup();
    if robots.len() > 1 {
        let robots: Vec<_> = robots.into_iter().map(|robot| robot.unwrap_or("unknown")).collect();
        proof.left_out.push(format!("the type of the robot, since episodes are of several: {}", robots.join(", ")));
    }
    proof.features = out.totals.into_iter().map(FeatureTotals::finish).collect();
    proof.videos = out.videos.into_values().collect();
    for video in &mut proof.videos {
        video.bit_rate_bps = Some(video.bytes as f64 * 8.0 / proof.duration_s);
    }
    Ok(())
}

fn failed(source: FormatError) -> EngineError {
    EngineError::Read { path: "the export".to_owned(), source }
}

/// LeRobot counts frames per second in whole numbers.
fn whole_rate(fps: Option<f64>) -> Result<u32, EngineError> {
    let fps = fps.ok_or_else(|| {
        EngineError::invalid("the rate of the rows", "no stream of the version has one: give `--fps`")
    })?;
    if fps.fract() == 0.0 && (1.0..=10_000.0).contains(&fps) {
        // OK to cast: just checked.
        return Ok(fps as u32);
    }
    Err(EngineError::invalid(
        format!("a rate of {fps} rows per second"),
        format!("LeRobot takes whole numbers: give `--fps {}`", fps.round().max(1.0)),
    ))
}

/// The dataset under construction.
struct Output {
    version: Version,
    fps: u32,
    writer: Option<LeRobotWriter<FolderFiles>>,
    totals: Vec<FeatureTotals>,
    videos: BTreeMap<String, VideoProof>,
    /// Name and names of each numeric feature of the first episode; the others must have the same.
    shapes: Vec<(String, Vec<String>)>,
}

impl Output {
    /// Writes one episode, or says why it cannot be.
    fn try_episode(
        &mut self,
        engine: &Engine,
        job: &ExportJob,
        dir: &Path,
        split: &str,
        episode: &StoredEpisode,
    ) -> Result<Result<Done, String>, EngineError> {
        let fps = f64::from(self.fps);
        let done = lay(engine, job, fps, episode, &mut |laid| self.episode(engine, job, dir, split, episode, laid))?;
        if let Ok(done) = &done {
            for (feature, skip) in &done.skips {
                self.videos.entry(feature.clone()).or_default().begin_late(skip.frames as u64, skip.lost);
            }
        }
        Ok(done)
    }

    /// Counts the frames of an episode that is left out as dropped.
    fn leave_out(&mut self, job: &ExportJob, episode: &StoredEpisode) {
        for feature in job.selection.features.iter().filter(|feature| feature.video) {
            let is_part = |stream: &&prairie_model::Stream| {
                stream.kind == Some(StreamKind::Image) && feature.parts.iter().any(|part| part.stream == stream.name)
            };
            let frames = episode.streams.iter().filter(is_part).map(|stream| stream.samples).sum();
            self.videos.entry(feature.name.clone()).or_default().leave_out(feature, frames);
        }
    }

    /// Writes one episode, or says why it cannot be.
    fn episode(
        &mut self,
        engine: &Engine,
        job: &ExportJob,
        dir: &Path,
        split: &str,
        episode: &StoredEpisode,
        laid: &Laid<'_>,
    ) -> Result<Result<(), (String, Unfit)>, EngineError> {
        let shapes: Vec<_> = laid.rows.iter().map(|rows| (rows.feature.clone(), rows.names.clone())).collect();
        if self.writer.is_some() && shapes != self.shapes {
            return Ok(Err((String::new(), Unfit::Why(unlike(&shapes, &self.shapes)))));
        }
        let source = engine.stored_source(episode.recording)?;
        let encoding =
            Encoding { fps: f64::from(self.fps), always: job.options.encode, spool: dir.join(".frames.spool") };
        let prepared = match prepare(laid, &source, &encoding)? {
            Ok(prepared) => prepared,
            Err(unfit) => return Ok(Err(unfit)),
        };
        if self.writer.is_none() {
            self.begin(job, dir, episode, laid, &prepared, shapes)?;
        }
        let Some(writer) = &mut self.writer else {
            return Err(EngineError::Bug("a dataset without a writer".to_owned()));
        };
        writer.begin_split(split).map_err(failed)?;
        writer.begin_episode(episode.episode.task.as_deref().unwrap_or("")).map_err(failed)?;
        let columns: Vec<ArrayRef> = laid.rows.iter().map(|rows| rows.number.column(&rows.values)).collect();
        writer.push_rows(laid.grid.rows, &columns).map_err(failed)?;
        let mut blobs = BlobReader::new(&source);
        let mut pictures = BTreeMap::new();
        for ((feature, camera, plan), (ready, stats)) in laid.cameras.iter().zip(prepared) {
            let written = camera.write(plan, ready, &mut blobs, &mut |track, frame| {
                let frame = VideoFrame {
                    codec: track.codec,
                    width: track.width,
                    height: track.height,
                    config: &track.config,
                    bytes: &frame.bytes,
                    key_frame: frame.key_frame,
                    shown_at: frame.shown_at,
                };
                writer.push_frame(&feature.name, &frame).map_err(failed)
            })?;
            self.videos.entry(feature.name.clone()).or_default().add(feature, &written);
            pictures.extend(stats.map(|stats| (feature.name.clone(), stats)));
        }
        writer.end_episode(pictures).map_err(failed)?;
        for (at, rows) in laid.rows.iter().enumerate() {
            if self.totals.len() <= at {
                let feature = job.selection.features.iter().find(|feature| feature.name == rows.feature);
                let feature = feature.ok_or_else(|| EngineError::Bug(format!("feature `{}`", rows.feature)))?;
                self.totals.push(FeatureTotals::new(feature, rows));
            }
            self.totals[at].add(rows);
        }
        Ok(Ok(()))
    }

    /// Begins the dataset with what the first episode fixes.
    fn begin(
        &mut self,
        job: &ExportJob,
        dir: &Path,
        episode: &StoredEpisode,
        laid: &Laid<'_>,
        prepared: &[Ready],
        shapes: Vec<(String, Vec<String>)>,
    ) -> Result<(), EngineError> {
        let mut features: Vec<NewFeature> = laid
            .rows
            .iter()
            .map(|rows| {
                let tensor = tensor(job, episode, rows);
                NewFeature {
                    name: rows.feature.clone(),
                    kind: NewKind::Numbers(rows.number.data_type()),
                    names: if tensor.is_some() { Vec::new() } else { rows.names.clone() },
                    shape: tensor.unwrap_or_else(|| vec![rows.width as u64]),
                }
            })
            .collect();
        for ((feature, _, _), (ready, _)) in laid.cameras.iter().zip(prepared) {
            let track = ready.track();
            features.push(NewFeature {
                name: feature.name.clone(),
                kind: NewKind::Video,
                shape: vec![u64::from(track.height), u64::from(track.width), 3],
                names: ["height", "width", "channels"].map(str::to_owned).to_vec(),
            });
        }
        // Of several robots, none is that of the dataset.
        let of_all = job.episodes.iter().all(|other| other.episode.robot_type == episode.episode.robot_type);
        let robot_type = episode.episode.robot_type.clone().filter(|_| of_all);
        let mut spec = DatasetSpec::new(self.version, self.fps, robot_type, features);
        if let Some(licence) = &job.licence {
            spec.extra.insert("license".to_owned(), licence.clone().into());
        }
        let files = FolderFiles { root: dir.to_owned() };
        self.writer = Some(LeRobotWriter::new(files, spec).map_err(failed)?);
        self.shapes = shapes;
        Ok(())
    }
}

/// The axes of a feature that is one tensor; `None` for vectors.
fn tensor(job: &ExportJob, episode: &StoredEpisode, rows: &FeatureRows) -> Option<Vec<u64>> {
    let feature = job.selection.features.iter().find(|feature| feature.name == rows.feature)?;
    let [part] = &feature.parts[..] else { return None };
    let stream = episode.streams.iter().find(|stream| stream.name == part.stream)?;
    let size = stream.shape.iter().try_fold(1_u64, |size, axis| size.checked_mul(*axis))?;
    (stream.shape.len() > 1 && size == rows.width as u64).then(|| stream.shape.clone())
}

/// Files of an export, below its folder.
struct FolderFiles {
    root: PathBuf,
}

impl Files for FolderFiles {
    type File = File;

    fn create(&mut self, path: &str) -> io::Result<File> {
        new_file(&self.root, path).map_err(io::Error::other)
    }
}
