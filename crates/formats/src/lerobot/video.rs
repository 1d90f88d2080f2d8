//! Videos of a dataset: which samples of which file belong to an episode, and when each is shown.

use prairie_model::{BlobRef, Compression, PictureInfo, Source};

use super::episodes::EpisodeMeta;
use super::info::{Info, Layout, fill};
use crate::FormatError;
use crate::mp4::{Track, read_track};

/// The path of the video of an episode; `None` where the metadata gives it no place.
pub(super) fn video_path(info: &Info, episode: &EpisodeMeta, key: &str) -> Option<String> {
    match info.layout {
        Layout::FilePerEpisode => {
            let numbers = [("episode_chunk", episode.index / info.chunks_size), ("episode_index", episode.index)];
            fill(&info.video_path, &numbers, key)
        }
        Layout::Shared => {
            let place = episode.videos.get(key)?;
            fill(&info.video_path, &[("chunk_index", place.chunk), ("file_index", place.file)], key)
        }
    }
}

/// What the container says about the pictures of a track.
pub(crate) fn picture_of(track: &Track) -> PictureInfo {
    let fps = match (track.samples.first(), track.samples.last()) {
        (Some(first), Some(last)) if last.decode_time > first.decode_time => {
            let ticks = (last.decode_time - first.decode_time) as f64;
            Some((track.samples.len() - 1) as f64 * f64::from(track.timescale) / ticks)
        }
        _ => None,
    };
    PictureInfo {
        codec: track.codec,
        width: (track.width > 0).then_some(track.width),
        height: (track.height > 0).then_some(track.height),
        config: track.config.clone(),
        fps,
    }
}

/// A video file with its samples in the order in which they are shown.
pub(crate) struct Video {
    pub(super) file: usize,
    pub(crate) track: Track,
    /// Sample numbers by time of showing, in ticks since the beginning of the presentation.
    shown: Vec<(i64, u32)>,
}

/// The frames of one episode.
pub(crate) struct Frames {
    /// Nanoseconds since the episode's beginning, ascending.
    pub(crate) times: Vec<i64>,
    /// Where each frame lies.
    pub(crate) blobs: Vec<BlobRef>,
}

impl Video {
    pub(crate) fn open(source: &dyn Source, file: usize) -> Result<Self, FormatError> {
        let track = read_track(source, file)?;
        let mut shown: Vec<(i64, u32)> = (0..)
            .zip(&track.samples)
            .map(|(at, sample)| (sample.composition_time.saturating_sub(track.edit_offset), at))
            .collect();
        shown.sort_unstable();
        Ok(Self { file, track, shown })
    }

    /// The frames from `from_s` until before `to_s`, of the whole file when there is no end. A frame may be half of
    /// `period_s` early.
    pub(crate) fn frames(&self, from_s: f64, to_s: Option<f64>, period_s: f64) -> Frames {
        let scale = f64::from(self.track.timescale);
        // OK to cast: saturates.
        let ticks = |seconds: f64| (seconds * scale).round() as i64;
        let first = ticks(from_s);
        // A tick may be as long as a frame, so that half of one is no whole tick.
        let before = |seconds: f64| ((seconds - period_s / 2.0) * scale).ceil() as i64;
        let begin = self.shown.partition_point(|(time, _)| *time < before(from_s));
        let end = to_s.map_or(self.shown.len(), |to_s| self.shown.partition_point(|(time, _)| *time < before(to_s)));
        let mut frames = Frames { times: Vec::new(), blobs: Vec::new() };
        for (time, at) in self.shown.get(begin..end).unwrap_or_default() {
            // OK to index: `shown` numbers the samples of this track.
            let sample = &self.track.samples[*at as usize];
            // Differences of whole ticks, so that the same frame has the same time in a shared file and in one of its own.
            let relative = (i128::from(*time) - i128::from(first)) * 2_000_000_000;
            let scale = i128::from(self.track.timescale);
            let nanos = (relative + scale).div_euclid(2 * scale);
            // OK to cast: clamped to the range of i64.
            frames.times.push(nanos.clamp(i64::MIN.into(), i64::MAX.into()) as i64);
            frames.blobs.push(BlobRef {
                // OK to cast: a folder of 2^32 files does not fit in memory.
                file: self.file as u32,
                chunk_offset: sample.offset,
                chunk_length: sample.size.into(),
                compression: Compression::None,
                inner_offset: 0,
                length: sample.size.into(),
                key_frame: Some(sample.key_frame),
                sha256: None,
            });
        }
        frames
    }
}
