//! A digest by which an episode that was seen before is known again.

use std::fmt;

use prairie_model::StreamKind;
use serde::{Deserialize, Serialize};

use crate::scene::Scene;
use crate::track::Track;

/// Points in time.
const POINTS: usize = 64;

/// Numbers per point: the columns of a robot are mixed down to these.
const CHANNELS: usize = 8;

/// A standard deviation is this many steps.
const STEPS: f64 = 1024.0;

/// The course of an episode's movement, resampled to 64 points, z-normalised, and mixed down to 8 channels. Empty where
/// nothing moves.
///
/// Columns are mixed with signs that depend on their place only, so that the distance between two digests is, on average, that
/// between the movements (Johnson and Lindenstrauss).
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamenessDigest {
    /// Seconds from first to last sample of the movement.
    pub duration_s: f64,
    /// Columns that were mixed.
    pub columns: u32,
    /// 64 × 8 numbers in 1/1024 standard deviations.
    pub points: Vec<i16>,
}

impl fmt::Debug for SamenessDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SamenessDigest({} s, {} columns, {} points)", self.duration_s, self.columns, self.points.len())
    }
}

/// +1 or −1, by the places of a column and a channel (a step of splitmix64).
fn sign(column: u64, channel: u64) -> f64 {
    let mut z = (column * CHANNELS as u64 + channel).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    if (z ^ (z >> 31)) & 1 == 0 { 1.0 } else { -1.0 }
}

impl SamenessDigest {
    /// The digest of what was seen: of the joints, else of the poses, else of the commands.
    pub fn of(scene: &Scene) -> Self {
        for kind in [StreamKind::JointState, StreamKind::Pose, StreamKind::Action] {
            let tracks: Vec<_> =
                scene.tracks(kind).map(|(_, _, track)| track).filter(|track| track.len() > 1).collect();
            if !tracks.is_empty() {
                return Self::of_tracks(&tracks);
            }
        }
        Self::default()
    }

    fn of_tracks(tracks: &[&Track]) -> Self {
        // OK to index: tracks hold at least two rows here.
        let start = tracks.iter().map(|track| track.t_ns[0]).min().unwrap_or_default();
        let end = tracks.iter().map(|track| track.t_ns[track.len() - 1]).max().unwrap_or_default();
        let duration_ns = end.abs_diff(start);
        let mut mixed = [[0.0; CHANNELS]; POINTS];
        let mut columns = 0_u32;
        for track in tracks {
            for at in 0..track.width {
                let Some(course) = course(track, at, start, duration_ns) else { continue };
                for (point, value) in mixed.iter_mut().zip(course) {
                    for (channel, sum) in point.iter_mut().enumerate() {
                        *sum += sign(u64::from(columns), channel as u64) * value;
                    }
                }
                columns += 1;
            }
        }
        if columns == 0 {
            return Self::default();
        }
        let scale = STEPS / libm::sqrt(f64::from(columns));
        // OK to cast: a float is clamped to the range of an i16 by the cast, and NaN cannot be: courses hold none.
        let points = mixed.iter().flatten().map(|sum| libm::round(sum * scale) as i16).collect();
        Self { duration_s: duration_ns as f64 / 1e9, columns, points }
    }

    /// Whether there is anything to compare.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// Root mean square distance in standard deviations; `None` where the two cannot be compared.
    pub fn distance(&self, other: &Self) -> Option<f64> {
        if self.is_empty() || self.columns != other.columns || self.points.len() != other.points.len() {
            return None;
        }
        let squares = self.points.iter().zip(&other.points).map(|(one, other)| {
            let difference = f64::from(i32::from(*one) - i32::from(*other)) / STEPS;
            difference * difference
        });
        Some(libm::sqrt(squares.sum::<f64>() / self.points.len() as f64))
    }
}

/// One column at 64 points, with mean zero and standard deviation one; `None` where it does not move or has no number.
fn course(track: &Track, at: usize, start: i64, duration_ns: u64) -> Option<[f64; POINTS]> {
    let (first, last) = (*track.t_ns.first()?, *track.t_ns.last()?);
    let mut course = [0.0; POINTS];
    for (point, value) in course.iter_mut().enumerate() {
        // OK to cast: at most the duration.
        let offset = (u128::from(duration_ns) * point as u128 / (POINTS as u128 - 1)) as u64;
        *value = track.linear(at, start.saturating_add_unsigned(offset).clamp(first, last))?;
        if !value.is_finite() {
            return None;
        }
    }
    let mean = course.iter().sum::<f64>() / POINTS as f64;
    let variance = course.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / POINTS as f64;
    let deviation = libm::sqrt(variance);
    // Below a thousandth of a radian or metre a column is at rest, and dividing by its noise would compare noise.
    if !deviation.is_finite() || deviation < 1e-3 {
        return None;
    }
    for value in &mut course {
        *value = (*value - mean) / deviation;
    }
    Some(course)
}
