//! An episode on the grid of an export: its numbers row by row, and which frame of each camera belongs to which row.
//!
//! ```text
//!   streams ─▶ span that all have ─▶ grid ─▶ rows of numbers
//!                                     └────▶ a frame per row and camera ─ cannot be decoded at the beginning? ─▶ begin later
//! ```

use std::collections::BTreeMap;

use prairie_formats::BlobReader;
use prairie_model::Clock;

use crate::Engine;
use crate::error::EngineError;
use crate::export::action::convert;
use crate::export::features::Feature;
use crate::export::grid::{FramePlan, Grid, frames, grid};
use crate::export::rows::{FeatureRows, LoadedPart, period_ns, rows};
use crate::export::video::{LoadedCamera, Unfit};
use crate::export::{ExportJob, StoredEpisode};

/// How often the beginning of an episode is moved on because its first pictures cannot be decoded.
const BEGINNINGS_MAX: usize = 8;

/// The share of an episode that may be lost that way; as with streams that begin late.
const LATE_SHARE_MAX: f64 = 0.2;

/// One episode, laid on its grid.
pub(crate) struct Laid<'a> {
    pub(crate) grid: Grid,
    pub(crate) rows: Vec<FeatureRows>,
    /// Each camera, and which of its frames belongs to which row.
    pub(crate) cameras: Vec<(&'a Feature, LoadedCamera, FramePlan)>,
}

/// An episode that is written.
pub(crate) struct Done {
    pub(crate) rows: u64,
    pub(crate) samples_in: u64,
    /// The time of its first row.
    pub(crate) start_ns: i64,
    /// Why it begins later than its streams do.
    pub(crate) late: Option<String>,
    /// Frames at the beginning of features that were left out.
    pub(crate) skips: BTreeMap<String, Skip>,
}

/// Writes a laid episode, or says which feature cannot be written and why.
pub(crate) type WriteLaid<'a> = dyn FnMut(&Laid<'_>) -> Result<Result<(), (String, Unfit)>, EngineError> + 'a;

/// Lays an episode on a grid of `fps` rows per second and has it written, or says why it cannot be. Where `write` says that the
/// first pictures of a feature cannot be decoded, the episode begins at the first that can, unless that costs too much of it.
pub(crate) fn lay(
    engine: &Engine,
    job: &ExportJob,
    fps: f64,
    episode: &StoredEpisode,
    write: &mut WriteLaid<'_>,
) -> Result<Result<Done, String>, EngineError> {
    let mut skips: BTreeMap<String, Skip> = BTreeMap::new();
    let mut whole: Option<Grid> = None;
    let mut why_late = String::new();
    for _ in 0..BEGINNINGS_MAX {
        let laid = match lay_without(engine, job, fps, episode, &skips)? {
            Ok(laid) => laid,
            Err(why) => return Ok(Err(why)),
        };
        let late_s = laid.grid.late_s(whole.get_or_insert(laid.grid));
        if late_s > LATE_SHARE_MAX * whole.map_or(0.0, |whole| whole.duration_s()) {
            return Ok(Err(format!("{why_late}, and no picture for the {late_s:.3} s after it")));
        }
        let (feature, unfit) = match write(&laid)? {
            Ok(()) => {
                let late = (!skips.is_empty()).then(|| format!("its first {late_s:.3} s: {why_late}"));
                return Ok(Ok(Done {
                    rows: laid.grid.rows as u64,
                    samples_in: laid.rows.iter().map(|rows| rows.samples).sum(),
                    start_ns: laid.grid.start_ns,
                    late,
                    skips,
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

/// Lays an episode on its grid, without the first frames of some features, or says why that cannot be.
fn lay_without<'a>(
    engine: &Engine,
    job: &'a ExportJob,
    fps: f64,
    episode: &StoredEpisode,
    skips: &BTreeMap<String, Skip>,
) -> Result<Result<Laid<'a>, String>, EngineError> {
    let source = engine.stored_source(episode.recording)?;
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
        camera.size = job.options.size;
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
    if let Err(why) = convert(&mut laid.rows, &job.selection.features, episode, job.options.action) {
        return Ok(Err(why));
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

/// Frames at the beginning of a camera that cannot be decoded.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Skip {
    pub(crate) frames: usize,
    /// Those of them that rows would have shown.
    pub(crate) lost: u64,
}

/// In what the numbers of an episode differ from those of the first one.
pub(crate) fn unlike(shapes: &[(String, Vec<String>)], first: &[(String, Vec<String>)]) -> String {
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
