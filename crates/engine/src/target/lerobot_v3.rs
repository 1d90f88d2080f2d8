//! LeRobot v3.0: Parquet rows at one rate, MP4 video, statistics.
//!
//! Every episode is laid on a grid of the export's rate. The grid follows the first inter-coded camera whose rate it is, so
//! that its frames can be copied; numbers are taken at the times of the grid. An episode of which a feature has no sample near
//! some row is left out, and the proof says where.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use arrow::array::ArrayRef;
use prairie_formats::lerobot::{DatasetSpec, FeatureStats, Files, LeRobotWriter, NewFeature, NewKind, VideoFrame};
use prairie_formats::{BlobReader, FormatError};
use prairie_model::{Clock, Picture, PixelFormat, Source, StreamKind};

use crate::Engine;
use crate::error::EngineError;
use crate::export::{
    Encoding, EpisodeProof, ExportJob, Feature, FeatureRows, FeatureTotals, FramePlan, Grid, LoadedCamera, LoadedPart,
    Prepared, Proof, StoredEpisode, Unfit, VideoProof, check_alike, frames, grid, period_ns, rows,
};
use crate::progress::Progress;
use crate::target::Target;

/// Writes LeRobot v3.0 folders.
pub(crate) struct LeRobotV3;

/// The most pictures per camera and episode that statistics are taken from.
const SAMPLED_PICTURES: usize = 12;

/// Of copied video, every so many seconds a picture is decoded for statistics, and at least so many: decoding is most of the
/// work of copying.
const SAMPLED_EVERY_S: f64 = 3.0;
const SAMPLED_MIN: usize = 4;

/// Bytes of decompressed chunks that all cameras of an episode keep together.
const CHUNK_BYTES: usize = 128 << 20;

/// Pixels per picture that statistics are taken from.
const SAMPLED_PIXELS: usize = 4096;

/// How often the beginning of an episode is moved on because its first pictures cannot be decoded.
const BEGINNINGS_MAX: usize = 8;

/// The share of an episode that may be lost that way; as with streams that begin late.
const LATE_SHARE_MAX: f64 = 0.2;

/// One episode, laid on its grid.
struct Laid<'a> {
    grid: Grid,
    rows: Vec<FeatureRows>,
    cameras: Vec<(&'a Feature, LoadedCamera, FramePlan)>,
}

impl Target for LeRobotV3 {
    fn name(&self) -> &'static str {
        "lerobot-v3"
    }

    fn describe(&self) -> &'static str {
        "LeRobot v3.0: Parquet rows at one rate, MP4 video copied where it can be, statistics with quantiles"
    }

    fn write(
        &self,
        engine: &Engine,
        job: &ExportJob,
        dir: &Path,
        proof: &mut Proof,
        progress: &dyn Progress,
    ) -> Result<(), EngineError> {
        check_alike(&job.name, &job.episodes, &job.options.streams)?;
        let fps = whole_rate(job.fps)?;
        proof.fps = Some(f64::from(fps));
        let mut out = Output { fps, writer: None, totals: Vec::new(), videos: BTreeMap::new(), shapes: Vec::new() };
        for (at, (episode, member)) in job.episodes.iter().zip(&job.members).enumerate() {
            if progress.cancelled() {
                return Err(EngineError::Cancelled);
            }
            progress.at("export", at as u64, job.episodes.len() as u64);
            let done = match out.try_episode(engine, job, dir, episode)? {
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
        proof.features = out.totals.into_iter().map(FeatureTotals::finish).collect();
        proof.videos = out.videos.into_values().collect();
        for video in &mut proof.videos {
            video.bit_rate_bps = Some(video.bytes as f64 * 8.0 / proof.duration_s);
        }
        Ok(())
    }
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

/// Lays an episode on its grid, without the first frames of some features, or says why that cannot be.
fn lay<'a>(
    engine: &Engine,
    job: &'a ExportJob,
    fps: u32,
    episode: &StoredEpisode,
    skips: &BTreeMap<String, Skip>,
) -> Result<Result<Laid<'a>, String>, EngineError> {
    let source = engine.stored_source(episode.recording)?;
    let fps = f64::from(fps);
    let mut blobs = BlobReader::new(&source);
    let mut parts: Vec<(&Feature, Vec<LoadedPart>)> = Vec::new();
    let mut cameras: Vec<(&Feature, LoadedCamera)> = Vec::new();
    let mut row_times = false;
    for feature in &job.selection.features {
        if !feature.video {
            let loaded = engine.load_parts(episode, feature, job.snapshot)?;
            if loaded.is_empty() {
                // A series that no sample of the episode has: joints without velocities, say.
                continue;
            }
            parts.push((feature, loaded));
            continue;
        }
        let name = &feature.parts[0].stream;
        let stream = episode.streams.iter().find(|stream| stream.name == *name);
        let Some(stream) = stream else { return Ok(Err(format!("it has no `{name}`"))) };
        row_times |= stream.clock == Clock::Row;
        let mut camera = LoadedCamera::new(&engine.load_samples(episode.id, stream, job.snapshot)?)?;
        if let Some(skip) = skips.get(&feature.name) {
            camera.skip(skip.frames);
        }
        camera.find_key_frames(&mut blobs).map_err(|source| EngineError::Read { path: name.clone(), source })?;
        cameras.push((feature, camera));
    }
    let spans = parts.iter().flat_map(|(_, loaded)| loaded).filter_map(|part| {
        let (first, last) = part.span()?;
        // The last sample holds until the next would be due.
        Some((first, last.saturating_add(part.period_ns().unwrap_or(i64::MAX))))
    });
    let camera_spans = cameras.iter().filter_map(|(_, camera)| camera.span());
    let (mut from, mut to) = (i64::MIN, i64::MAX);
    for (first, last) in spans.chain(camera_spans) {
        from = from.max(first);
        to = to.min(last);
    }
    if let Some(end) = episode.episode.span {
        to = to.min(end.end.0);
    }
    if from == i64::MIN {
        return Ok(Err("no stream of it is a feature".to_owned()));
    }
    if from > to {
        return Ok(Err("its streams have no time in common".to_owned()));
    }
    // Cameras that can only be copied from a key frame on lead; the others follow any grid.
    let mut leaders: Vec<_> = cameras.iter().map(|(_, camera)| camera).collect();
    leaders.sort_by_key(|camera| !camera.is_inter_coded());
    let leaders: Vec<_> = leaders.into_iter().map(|camera| &camera.camera).collect();
    let grid = grid(from, to, fps, &leaders);
    if grid.rows == 0 {
        return Ok(Err("it is shorter than one row".to_owned()));
    }
    let mut laid = Laid { grid, rows: Vec::new(), cameras: Vec::new() };
    for (feature, loaded) in &parts {
        match rows(feature, loaded, &grid, job.options.align, job.options.tolerance_s) {
            Ok(rows) => laid.rows.push(rows),
            Err(why) => return Ok(Err(why)),
        }
    }
    let slack_ns = if row_times { (1e7 / fps) as i64 } else { 0 };
    for (feature, camera) in cameras {
        let tolerance_ns = match job.options.tolerance_s {
            Some(asked) => (asked * 1e9) as i64,
            None => period_ns(&camera.camera.t_ns).unwrap_or(i64::MAX).saturating_mul(3).max(100_000_000),
        };
        match frames(&camera.camera, &grid, job.options.align, tolerance_ns, slack_ns) {
            Some(plan) => laid.cameras.push((feature, camera, plan)),
            None => return Ok(Err(format!("`{}` has no frame near some row", feature.parts[0].stream))),
        }
    }
    Ok(Ok(laid))
}

/// Pictures of a camera that are ready to be written, and their statistics.
type Ready = (Prepared, Option<FeatureStats>);

/// Prepares every camera of an episode, each on a thread of its own: decoding and encoding are most of the work. Says which
/// feature cannot be written, and why.
fn prepare(
    laid: &Laid<'_>,
    source: &dyn Source,
    encoding: &Encoding,
) -> Result<Result<Vec<Ready>, (String, Unfit)>, EngineError> {
    let room = CHUNK_BYTES / laid.cameras.len().max(1);
    let one = |at: usize, camera: &LoadedCamera, plan: &FramePlan| -> Result<Result<Ready, Unfit>, EngineError> {
        let mut blobs = BlobReader::with_room(source, room);
        let mut sampled = Samples::new(plan.picks.len());
        let spool = encoding.spool.with_extension(at.to_string());
        let encoding = Encoding { spool, ..encoding.clone() };
        let ready = camera.prepare(plan, &encoding, &mut blobs, &mut |row, picture| sampled.look(row, picture))?;
        Ok(ready.map(|ready| {
            if ready.is_copied() {
                // OK to cast: a float saturates, and is clamped.
                let most = (plan.picks.len() as f64 / encoding.fps / SAMPLED_EVERY_S) as usize;
                let most = most.clamp(SAMPLED_MIN, SAMPLED_PICTURES);
                camera.sample(plan, most, &mut blobs).iter().for_each(|picture| sampled.take(picture));
            }
            (ready, sampled.stats())
        }))
    };
    let one = &one;
    thread::scope(|scope| {
        let cameras = laid.cameras.iter().enumerate();
        let threads: Vec<_> = cameras
            .map(|(at, (feature, camera, plan))| (feature, scope.spawn(move || one(at, camera, plan))))
            .collect();
        let ended = threads.into_iter().map(|(feature, thread)| {
            let ready =
                thread.join().unwrap_or_else(|_panic| Err(EngineError::Bug("a camera's thread panicked".to_owned())));
            ready.map(|ready| ready.map_err(|unfit| (feature.name.clone(), unfit)))
        });
        // All are waited for, whatever becomes of the first.
        ended.collect::<Vec<_>>().into_iter().collect()
    })
}

/// Frames at the beginning of a camera that cannot be decoded.
#[derive(Debug, Clone, Copy, Default)]
struct Skip {
    frames: usize,
    /// Those of them that rows would have shown.
    lost: u64,
}

/// An episode that is written.
struct Done {
    rows: u64,
    samples_in: u64,
    /// The time of its first row.
    start_ns: i64,
    /// Why it begins later than its streams do.
    late: Option<String>,
}

/// In what the numbers of an episode differ from those of the first one.
fn unlike(shapes: &[(String, Vec<String>)], first: &[(String, Vec<String>)]) -> String {
    let of = |all: &[(String, Vec<String>)], feature: &String| {
        all.iter().find(|(name, _)| name == feature).map(|(_, names)| names.clone())
    };
    let mut features: Vec<&String> = shapes.iter().chain(first).map(|(name, _)| name).collect();
    features.sort();
    features.dedup();
    let differences = features.into_iter().filter_map(|feature| match (of(shapes, feature), of(first, feature)) {
        (Some(here), Some(there)) if here.len() != there.len() => {
            Some(format!("`{feature}` has {} numbers a row, and {} in the first", here.len(), there.len()))
        }
        (Some(here), Some(there)) if here != there => Some(format!("the numbers of `{feature}` have other names")),
        (Some(_), None) => Some(format!("`{feature}` has no number in the first")),
        (None, Some(_)) => Some(format!("`{feature}` has no number")),
        _ => None,
    });
    let differences: Vec<_> = differences.collect();
    format!("its features differ from those of the first episode: {}", differences.join(", "))
}

/// The dataset under construction.
struct Output {
    fps: u32,
    writer: Option<LeRobotWriter<FolderFiles>>,
    totals: Vec<FeatureTotals>,
    videos: BTreeMap<String, VideoProof>,
    /// Name and names of each numeric feature of the first episode; the others must have the same.
    shapes: Vec<(String, Vec<String>)>,
}

impl Output {
    /// Writes one episode, or says why it cannot be. Where the first pictures of a camera cannot be decoded, the episode begins
    /// at the first that can, unless that costs too much of it.
    fn try_episode(
        &mut self,
        engine: &Engine,
        job: &ExportJob,
        dir: &Path,
        episode: &StoredEpisode,
    ) -> Result<Result<Done, String>, EngineError> {
        let mut skips: BTreeMap<String, Skip> = BTreeMap::new();
        let mut whole: Option<Grid> = None;
        let mut why_late = String::new();
        for _ in 0..BEGINNINGS_MAX {
            let laid = match lay(engine, job, self.fps, episode, &skips)? {
                Ok(laid) => laid,
                Err(why) => return Ok(Err(why)),
            };
            let late_s = laid.grid.late_s(whole.get_or_insert(laid.grid));
            if late_s > LATE_SHARE_MAX * whole.map_or(0.0, |whole| whole.duration_s()) {
                return Ok(Err(format!("{why_late}, and no picture for the {late_s:.3} s after it")));
            }
            let (feature, unfit) = match self.episode(engine, job, dir, episode, &laid)? {
                Ok(()) => {
                    for (feature, skip) in &skips {
                        self.videos.entry(feature.clone()).or_default().begin_late(skip.frames as u64, skip.lost);
                    }
                    let late = (!skips.is_empty()).then(|| format!("its first {late_s:.3} s: {why_late}"));
                    return Ok(Ok(Done {
                        rows: laid.grid.rows as u64,
                        samples_in: laid.rows.iter().map(|rows| rows.samples).sum(),
                        start_ns: laid.grid.start_ns,
                        late,
                    }));
                }
                Err(unfit) => unfit,
            };
            match unfit {
                Unfit::Why(why) => return Ok(Err(why)),
                Unfit::Until { frames, lost, why } => {
                    let skip = skips.entry(feature).or_default();
                    skip.frames += frames;
                    skip.lost += lost;
                    if why_late.is_empty() {
                        why_late = why;
                    }
                }
            }
        }
        Ok(Err(format!("{why_late}, nor can others that follow it")))
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
            .map(|rows| NewFeature {
                name: rows.feature.clone(),
                kind: NewKind::Numbers(rows.number.data_type()),
                shape: vec![rows.width as u64],
                names: rows.names.clone(),
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
        let mut spec = DatasetSpec::new(self.fps, episode.episode.robot_type.clone(), features);
        if let Some(licence) = &job.licence {
            spec.extra.insert("license".to_owned(), licence.clone().into());
        }
        let files = FolderFiles { root: dir.to_owned() };
        self.writer = Some(LeRobotWriter::new(files, spec).map_err(failed)?);
        self.shapes = shapes;
        Ok(())
    }
}

/// Pixels of some pictures, as numbers from 0 to 1 per channel.
struct Samples {
    step: usize,
    values: Vec<f64>,
    pictures: u64,
}

impl Samples {
    fn new(rows: usize) -> Self {
        Self { step: rows.div_ceil(SAMPLED_PICTURES).max(1), values: Vec::new(), pictures: 0 }
    }

    fn look(&mut self, row: usize, picture: &Picture) {
        if row.is_multiple_of(self.step) {
            self.take(picture);
        }
    }

    fn take(&mut self, picture: &Picture) {
        let bytes = picture.format.bytes();
        let pixels = picture.pixels.len() / bytes.max(1);
        let step = pixels.div_ceil(SAMPLED_PIXELS).max(1);
        for pixel in picture.pixels.chunks_exact(bytes.max(1)).step_by(step) {
            match picture.format {
                PixelFormat::Rgb8 => self.values.extend(pixel.iter().map(|value| f64::from(*value) / 255.0)),
                PixelFormat::Mono8 => self.values.extend([f64::from(pixel[0]) / 255.0; 3]),
                _ => return,
            }
        }
        self.pictures += 1;
    }

    fn stats(&self) -> Option<FeatureStats> {
        let mut stats = (!self.values.is_empty()).then(|| FeatureStats::of(&self.values, 3, self.pictures))?;
        stats.count = self.pictures;
        Some(stats)
    }
}

/// Files of an export, below its folder.
struct FolderFiles {
    root: PathBuf,
}

impl Files for FolderFiles {
    type File = File;

    #[expect(clippy::disallowed_methods, reason = "an export is a folder that the user named, outside the store")]
    fn create(&mut self, path: &str) -> io::Result<File> {
        let path = self.root.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        File::create(path)
    }
}
