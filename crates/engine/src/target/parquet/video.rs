//! A camera of an episode as an MP4 file with the times of its frames, and the rows that say which frame was taken when.
//!
//! Frames are copied where MP4 takes their codec, and encoded where it does not. A frame is shown from its own time on, in
//! microseconds from the first one, so that a player shows the episode as it was; where times are needed to the nanosecond, the
//! table of frames has them, by the number of the frame in the file.

use std::path::Path;

use prairie_formats::mp4::{Mp4Writer, NewSample, TrackSpec};
use prairie_formats::{BlobReader, FormatError};
use prairie_model::{Source, Stream, StreamBatch};

use crate::error::EngineError;
use crate::export::{Encoding, ExportOptions, FramePlan, LoadedCamera, Unfit, Written, new_file};

/// Ticks of an MP4 file per second.
const TICKS: u32 = 1_000_000;

/// Bytes kept free in front of the pictures for their table.
const ROOM: u32 = 64 << 10;

/// How often the beginning is moved on because the first pictures cannot be decoded.
const BEGINNINGS_MAX: usize = 64;

/// Frames per second that the encoder's rate control counts on where a camera has no rate.
const RATE_HZ: f64 = 30.0;

/// One frame of a file, in the order of showing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct FrameRow {
    /// When the frame was taken.
    pub(super) t_ns: i64,
    /// When the picture that the file shows here was taken: before `t_ns` where the frame cannot be decoded.
    pub(super) shown_t_ns: i64,
    /// When a player shows it.
    pub(super) video_s: f64,
}

/// A camera of one episode that was written.
pub(super) struct Filmed {
    pub(super) written: Written,
    pub(super) rows: Vec<FrameRow>,
    /// Frames before the first that can be decoded.
    pub(super) skipped: u64,
    /// Why, of the first of them.
    pub(super) late: Option<String>,
}

/// Writes the frames of `batch` to `path` below `dir`, or says why that cannot be.
pub(super) fn film(
    source: &dyn Source,
    options: &ExportOptions,
    dir: &Path,
    path: &str,
    batch: &StreamBatch,
) -> Result<Result<Filmed, String>, EngineError> {
    let stream: &Stream = &batch.stream;
    let mut blobs = BlobReader::new(source);
    let mut camera = LoadedCamera::new(batch)?;
    camera.size = options.size;
    let unreadable = |source: FormatError| EngineError::Read { path: format!("frames of {}", stream.name), source };
    camera.find_key_frames(&mut blobs).map_err(unreadable)?;
    let encoding = Encoding {
        fps: stream.nominal_rate_hz.or(stream.rate_hz).unwrap_or(RATE_HZ),
        always: options.encode,
        spool: dir.join(".frames.spool"),
    };
    let (mut skipped, mut late) = (0_u64, None);
    for _ in 0..BEGINNINGS_MAX {
        let Some(plan) = FramePlan::all(&camera.camera) else { break };
        let prepared = match camera.prepare(&plan, &encoding, &mut blobs, &mut |_, _| {})? {
            Ok(prepared) => prepared,
            Err(Unfit::Why(why)) => return Ok(Err(why)),
            Err(Unfit::Until { frames, why, .. }) => {
                camera.skip(frames);
                skipped += frames as u64;
                late.get_or_insert(why);
                continue;
            }
        };
        let times: Vec<i64> = plan.picks.iter().map(|pick| camera.camera.t_ns[*pick]).collect();
        let ticks = ticks(&times);
        let track = prepared.track();
        let spec = TrackSpec {
            codec: track.codec,
            width: track.width,
            height: track.height,
            config: track.config.clone(),
            timescale: TICKS,
        };
        let failed = |source: FormatError| EngineError::Read { path: "the export".to_owned(), source };
        let mut mp4 = Mp4Writer::new(new_file(dir, path)?, spec, ROOM).map_err(failed)?;
        let mut at = 0;
        let written = camera.write(&plan, prepared, &mut blobs, &mut |_, frame| {
            // OK to index: as many frames are written as the plan has rows, each shown at one of them.
            let shown = ticks[frame.shown_at as usize];
            let sample = NewSample {
                bytes: &frame.bytes,
                duration: duration(&ticks, at),
                composition_offset: offset(shown, ticks[at]),
                key_frame: frame.key_frame,
            };
            at += 1;
            mp4.push(&sample).map_err(failed)
        })?;
        mp4.finish().map_err(failed)?;
        let shown = |row: usize| camera.camera.t_ns[written.plan.picks[row]];
        let rows = times.iter().zip(&ticks).enumerate();
        let rows = rows.map(|(row, (t_ns, tick))| FrameRow {
            t_ns: *t_ns,
            shown_t_ns: shown(row),
            video_s: *tick as f64 / f64::from(TICKS),
        });
        let rows = rows.collect();
        return Ok(Ok(Filmed { written, rows, skipped, late }));
    }
    Ok(Err(late.map_or_else(|| "it has no picture".to_owned(), |why| format!("{why}, nor can others that follow it"))))
}

/// When each frame is shown, in ticks from the first: each at least one after the one before it.
fn ticks(t_ns: &[i64]) -> Vec<u64> {
    let first = t_ns.first().copied().unwrap_or(0);
    let mut ticks: Vec<u64> = Vec::with_capacity(t_ns.len());
    for t in t_ns {
        let tick = (t.abs_diff(first) + 500) / 1000;
        ticks.push(ticks.last().map_or(tick, |last| tick.max(last + 1)));
    }
    ticks
}

/// Ticks for which frame `at` is shown; the last as long as the one before it.
fn duration(ticks: &[u64], at: usize) -> u32 {
    let pair = ticks.get(at..at + 2).or_else(|| ticks.get(at.checked_sub(1)?..=at));
    let ticks = pair.map_or(u64::from(TICKS) / 30, |pair| pair[1] - pair[0]);
    // OK to saturate: a gap of more than an hour in one episode is shown as that.
    u32::try_from(ticks).unwrap_or(u32::MAX)
}

/// Ticks from the place in the order of decoding to that of showing.
fn offset(shown: u64, decoded: u64) -> i32 {
    let ticks = shown.abs_diff(decoded);
    // OK to saturate: frames are reordered by a few places.
    let ticks = i32::try_from(ticks).unwrap_or(i32::MAX);
    if shown < decoded { -ticks } else { ticks }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_keep_their_times() {
        let ticks = ticks(&[1_000, 34_000, 34_000, 134_600]);
        assert_eq!(ticks, [0, 33, 34, 134]);
        let all: Vec<u32> = (0..4).map(|at| duration(&ticks, at)).collect();
        assert_eq!(all, [33, 1, 100, 100]);
        assert_eq!(duration(&[0], 0), 33_333);
        assert_eq!((offset(33, 134), offset(134, 33)), (-101, 101));
    }
}
