//! ## What it does
//!
//! For each camera, computes how far the nearest sample of the joints is from each picture: more than `offset_frames_max`
//! of a frame in more than 5 % of the pictures is reported. Where pictures were decoded, it also correlates how much the
//! picture changes with how fast the joints move: where both clearly agree best at a delay of more than `lag_frames_max`
//! frames, that is reported. Where a profile makes that an error, moving the stamps of the camera by the delay would cure it
//! (`restamp:STREAM:NANOSECONDS`: what to add to its times).
//!
//! ## Why it matters
//!
//! Stamps can be perfectly regular and wrong by 200 ms, because a camera's driver stamps a picture when it arrives. A
//! policy then learns to act on what it saw long ago, and no other check of times can see it.
//!
//! ## Example
//!
//! ```text
//! TIM009 the pictures of `/camera/wrist` come 0.1333 s after the motion that they show (4 frames, limit 1)
//! ```

use std::collections::BTreeMap;

use super::NOT_DECODED;
use crate::check::{BatchView, Check, CheckDoc, Context, Family, FrameView, Limit, Need, Run, Settings};
use crate::outcome::Outcome;
use prairie_model::{Dimension, Severity, StreamKind};

pub(crate) const CHECK: Check = Check {
    doc: CheckDoc {
        code: "TIM009",
        name: "sensor offset",
        family: Family::Tim,
        dimension: Dimension::Consistency,
        severity: Severity::Warning,
        needs: &[Need::Pixels],
        summary: "cameras and states are shifted against each other",
        limits: &[
            Limit {
                key: "offset_frames_max",
                default: 0.5,
                unit: "frames",
                meaning: "distance of a picture from the nearest sample of the joints",
            },
            Limit { key: "lag_frames_max", default: 1.0, unit: "frames", meaning: "delay between motion and picture" },
        ],
        source: include_str!("tim009_offset.rs"),
    },
    start: |settings| {
        Box::new(Offset { settings: settings.clone(), cameras: BTreeMap::new(), changes: BTreeMap::new() })
    },
};

use crate::scene::StreamScene;
use crate::track::Track;

/// Pictures that are kept per camera: the first. Nine minutes at 30 Hz show an offset as well as an hour does.
const PICTURES_MAX: usize = 16_384;

/// Pictures that a correlation needs.
const PICTURES_MIN: usize = 90;

/// Delays that are tried, in frames.
const LAGS: i64 = 15;

/// Share of the pictures that may be far from any sample.
const FAR_SHARE_MAX: f64 = 0.05;

struct Offset {
    settings: Settings,
    /// Times of pictures by stream.
    cameras: BTreeMap<u32, Vec<i64>>,
    /// When and how much pictures change, by the name of the stream.
    changes: BTreeMap<String, Vec<(i64, f64)>>,
}

impl Run for Offset {
    fn batch(&mut self, view: &BatchView<'_>) {
        if !matches!(view.kind, Some(StreamKind::Image | StreamKind::Depth)) {
            return;
        }
        let times = self.cameras.entry(view.index).or_default();
        times.extend(view.t_ns.iter().take(PICTURES_MAX.saturating_sub(times.len())));
    }

    fn frame(&mut self, view: &FrameView<'_>) {
        let Some((mean, _)) = view.stats.and_then(|stats| stats.change) else { return };
        if !self.changes.contains_key(view.stream) {
            self.changes.insert(view.stream.to_owned(), Vec::new());
        }
        if let Some(changes) = self.changes.get_mut(view.stream).filter(|changes| changes.len() < PICTURES_MAX) {
            changes.push((view.t.0, mean));
        }
    }

    fn finish(self: Box<Self>, context: &Context<'_>, out: &mut Outcome) {
        // The joints that were sampled most densely tell best when the robot moved.
        let joints = context.scene.tracks(StreamKind::JointState).filter(|(_, _, track)| track.len() > 1);
        let Some((_, state, track)) =
            joints.max_by_key(|(_, seen, track)| (track.len(), std::cmp::Reverse(&seen.name)))
        else {
            return;
        };
        for (index, camera) in context.scene.streams().filter(|(_, seen)| seen.kind.is_picture()) {
            let Some(period_s) = camera.rate.median_s() else { continue };
            out.applies();
            if let Some(times) = self.cameras.get(&index) {
                self.nearest(camera, times, period_s, (state, track), out);
            }
            match self.changes.get(&camera.name) {
                Some(changes) if context.facts.video_checked => self.correlate(camera, changes, period_s, track, out),
                Some(_) | None if !context.facts.video_checked => out.unknown(NOT_DECODED),
                // One picture alone shows no change.
                _ if camera.rate.samples > 1 => {
                    out.unknown(format!("no picture of `{}` could be decoded", camera.name));
                }
                _ => {}
            }
        }
    }
}

impl Offset {
    fn nearest(
        &self,
        camera: &StreamScene,
        times: &[i64],
        period_s: f64,
        (state, track): (&StreamScene, &Track),
        out: &mut Outcome,
    ) {
        let limit = self.settings.limit("offset_frames_max");
        // A thinned track has lost the samples between its rows.
        let thinned_s =
            track.period_s().zip(state.rate.median_s()).map_or(0.0, |(kept, all)| (kept - all).max(0.0) / 2.0);
        let (Some(&first), Some(&last)) = (track.t_ns.first(), track.t_ns.last()) else { return };
        let (mut far, mut worst, mut pictures) = (0_u64, 0.0_f64, 0_u64);
        for &t in times.iter().filter(|t| (first..=last).contains(*t)) {
            pictures += 1;
            let before = track.at(t).map(|at| t.abs_diff(track.t_ns[at]));
            let after = track.t_ns.get(track.at(t).map_or(0, |at| at + 1)).map(|next| next.abs_diff(t));
            let Some(nearest) = before.into_iter().chain(after).min() else { continue };
            let frames = (nearest as f64 / 1e9 - thinned_s).max(0.0) / period_s;
            // Rounding of stamps is no offset.
            if frames > limit + 1e-6 {
                far += 1;
                worst = worst.max(frames);
            }
        }
        if far as f64 > FAR_SHARE_MAX * pictures as f64 {
            out.report().stream(&camera.name).measured(worst, limit, "frames").message(format!(
                "{far} of {pictures} pictures of `{}` are up to {worst:.2} frames from the nearest sample of `{}` (limit {limit})",
                camera.name, state.name
            ));
        }
    }

    fn correlate(&self, camera: &StreamScene, changes: &[(i64, f64)], period_s: f64, track: &Track, out: &mut Outcome) {
        let limit = self.settings.limit("lag_frames_max");
        if changes.len() < PICTURES_MIN {
            return;
        }
        // OK to cast: a frame is far below 2^63 ns.
        let period_ns = (period_s * 1e9) as i64;
        // How far the joints went during each frame; unknown at the ends.
        let speeds: Vec<Option<f64>> =
            changes.iter().map(|(t, _)| speed(track, t.saturating_sub(period_ns), *t)).collect();
        let at = |lag: i64| -> Option<f64> {
            let pairs = changes.iter().enumerate().filter_map(|(row, (_, change))| {
                // The picture `lag` frames after the motion.
                let motion = usize::try_from(i64::try_from(row).ok()?.checked_sub(lag)?).ok()?;
                Some((*change, (*speeds.get(motion)?)?))
            });
            correlation(&pairs.collect::<Vec<_>>())
        };
        let Some(still) = at(0) else { return };
        let best =
            (-LAGS..=LAGS).filter_map(|lag| at(lag).map(|r| (lag, r))).max_by(|one, other| one.1.total_cmp(&other.1));
        // A delay is only believed where it explains the pictures clearly, and clearly better than none.
        let Some((lag, _)) = best.filter(|(_, r)| *r > 0.5 && *r > still + 0.15) else { return };
        let frames = lag as f64;
        if frames.abs() > limit {
            let seconds = frames.abs() * period_s;
            // What comes too late belongs to an earlier time.
            let cure = format!("restamp:{}:{}", camera.name, lag.saturating_mul(period_ns).saturating_neg());
            let report =
                out.report().stream(&camera.name).measured(frames, limit.copysign(frames), "frames").cure(cure);
            report.message(format!(
                "the pictures of `{}` come {seconds:.4} s {} the motion that they show ({} frames, limit {limit})",
                camera.name,
                if lag > 0 { "after" } else { "before" },
                lag.abs()
            ));
        }
    }
}

/// How far the joints went together between two times.
fn speed(track: &Track, from: i64, to: i64) -> Option<f64> {
    let far: f64 = (0..track.width)
        .filter_map(|at| Some((track.linear(at, to)? - track.linear(at, from)?).abs()))
        .filter(|far| far.is_finite())
        .sum();
    (track.at(from).is_some() && track.t_ns.last().is_some_and(|last| *last >= to)).then_some(far)
}

/// Pearson's correlation; `None` where one of the two does not change.
fn correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    let n = pairs.len() as f64;
    if pairs.len() < PICTURES_MIN / 2 {
        return None;
    }
    let (x, y) = pairs.iter().fold((0.0, 0.0), |(x, y), pair| (x + pair.0 / n, y + pair.1 / n));
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for pair in pairs {
        let (dx, dy) = (pair.0 - x, pair.1 - y);
        xy += dx * dy;
        xx += dx * dx;
        yy += dy * dy;
    }
    let r = xy / libm::sqrt(xx * yy);
    r.is_finite().then_some(r)
}
