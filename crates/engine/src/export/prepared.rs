//! Pictures of a laid episode that are ready to be written: copied or encoded, with samples of their pixels for statistics.

use std::thread;

use prairie_formats::BlobReader;
use prairie_formats::lerobot::FeatureStats;
use prairie_model::{Picture, PixelFormat, Source};

use crate::error::EngineError;
use crate::export::grid::FramePlan;
use crate::export::laid::Laid;
use crate::export::video::{Encoding, LoadedCamera, Prepared, Unfit};

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

/// Pictures of a camera that are ready to be written, and their statistics.
pub(crate) type Ready = (Prepared, Option<FeatureStats>);

/// Prepares every camera of an episode, each on a thread of its own: decoding and encoding are most of the work. Says which
/// feature cannot be written, and why.
pub(crate) fn prepare(
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
