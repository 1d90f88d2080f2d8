//! A digest by which an episode that was seen before is known again.

use std::fmt;

use prairie_model::{EpisodeId, StreamKind};
use serde::{Deserialize, Serialize};

use crate::scene::Scene;
use crate::track::Track;

/// Points in time.
const POINTS: usize = 64;

/// Numbers per point: the columns of a robot are mixed down to these.
const CHANNELS: usize = 8;

/// A standard deviation is this many steps.
const STEPS: f64 = 1024.0;

/// Bytes of a digest before its points.
const HEAD: usize = 12;

/// Samples below which a motion has too little shape to be known again.
const SAMPLES_MIN: usize = 16;

/// Points of a sketch.
const SKETCH_POINTS: usize = 8;

/// Points of a digest in one of a sketch.
const BLOCK: usize = POINTS / SKETCH_POINTS;

/// A standard deviation in a sketch is this many steps.
const SKETCH_STEPS: f64 = 32.0;

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

/// A digest at 8 points, each the mean over 8: small enough to keep one of every episode in memory, and never further from
/// another than the digests are (Keogh and others: piecewise aggregate approximation).
#[derive(Debug, Clone, PartialEq)]
pub struct Sketch {
    /// That of the digest.
    pub duration_s: f64,
    /// Those of the digest.
    pub columns: u32,
    means: [i8; SKETCH_POINTS * CHANNELS],
}

impl Sketch {
    /// A distance that the digests have at least; `None` where they cannot be compared.
    pub fn distance_at_least(&self, other: &Self) -> Option<f64> {
        if self.columns != other.columns {
            return None;
        }
        let squares = self.means.iter().zip(&other.means).map(|(one, other)| {
            let difference = i32::from(*one) - i32::from(*other);
            difference * difference
        });
        let steps = libm::sqrt(f64::from(squares.sum::<i32>()) / (SKETCH_POINTS * CHANNELS) as f64);
        // Each of the two was rounded by at most half a step.
        Some((steps - 1.0).max(0.0) / SKETCH_STEPS)
    }
}

/// By which one episode is looked for among others.
#[derive(Debug, Clone, PartialEq)]
pub struct Sameness {
    /// Its digest.
    pub digest: SamenessDigest,
    /// Digests nearer than this count, in standard deviations.
    pub distance_min: f64,
    /// Durations that differ by more than this share do not count.
    pub duration_share_max: f64,
}

impl Sameness {
    /// Whether an episode of that duration could be the same.
    pub fn lasts_as_long(&self, other_s: f64) -> bool {
        (other_s - self.digest.duration_s).abs() / self.digest.duration_s.max(1e-9) <= self.duration_share_max
    }
}

/// The episode that the message of a finding of `DUP001` or `DUP002` names.
pub fn copied_from(message: &str) -> Option<EpisodeId> {
    let (_, rest) = message.split_once("episode `")?;
    rest.split_once('`')?.0.parse().ok()
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
                scene.tracks(kind).map(|(_, _, track)| track).filter(|track| track.len() >= SAMPLES_MIN).collect();
            if !tracks.is_empty() {
                return Self::of_tracks(&tracks);
            }
        }
        Self::default()
    }

    fn of_tracks(tracks: &[&Track]) -> Self {
        // OK to index: tracks hold at least 16 rows here.
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

    /// As bytes: the duration as a float of 64 bits, the columns as an integer of 32, the points as integers of 16, all of
    /// them little-endian. `None` where there is nothing to compare.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        if self.is_empty() {
            return None;
        }
        let mut bytes = Vec::with_capacity(HEAD + self.points.len() * 2);
        bytes.extend_from_slice(&self.duration_s.to_le_bytes());
        bytes.extend_from_slice(&self.columns.to_le_bytes());
        bytes.extend(self.points.iter().flat_map(|point| point.to_le_bytes()));
        Some(bytes)
    }

    /// From the bytes of [`Self::to_bytes`]; `None` where they are no digest.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (duration, rest) = bytes.split_first_chunk::<8>()?;
        let (columns, rest) = rest.split_first_chunk::<4>()?;
        let (points, rest) = rest.as_chunks::<2>();
        let points: Vec<i16> = points.iter().map(|point| i16::from_le_bytes(*point)).collect();
        (points.len() == POINTS * CHANNELS && rest.is_empty()).then(|| Self {
            duration_s: f64::from_le_bytes(*duration),
            columns: u32::from_le_bytes(*columns),
            points,
        })
    }

    /// What a search among many digests keeps of this one; `None` where there is nothing to compare.
    pub fn sketch(&self) -> Option<Sketch> {
        if self.points.len() != POINTS * CHANNELS {
            return None;
        }
        let mut means = [0; SKETCH_POINTS * CHANNELS];
        for (at, mean) in means.iter_mut().enumerate() {
            let (block, channel) = (at / CHANNELS, at % CHANNELS);
            let points = (block * BLOCK..(block + 1) * BLOCK).map(|point| self.points[point * CHANNELS + channel]);
            let sum: i32 = points.map(i32::from).sum();
            // OK to cast: clamped to the range of an i8 by the cast. Cutting both of two sketches off brings them nearer, never
            // further apart.
            *mean = libm::round(f64::from(sum) / BLOCK as f64 / STEPS * SKETCH_STEPS) as i8;
        }
        Some(Sketch { duration_s: self.duration_s, columns: self.columns, means })
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn digest(points: Vec<i16>) -> SamenessDigest {
        SamenessDigest { duration_s: 12.5, columns: 7, points }
    }

    fn points() -> impl Strategy<Value = Vec<i16>> {
        proptest::collection::vec(-12_000..12_000_i16, POINTS * CHANNELS)
    }

    proptest! {
        #[test]
        fn a_sketch_never_claims_too_much(one in points(), other in points(), mix in 0.0..1.0_f64) {
            // Random points are far apart, so the other one is drawn towards the first.
            let other: Vec<i16> =
                one.iter().zip(&other).map(|(one, other)| (f64::from(*one) * (1.0 - mix) + f64::from(*other) * mix) as i16).collect();
            let (one, other) = (digest(one), digest(other));
            let least = one.sketch().unwrap().distance_at_least(&other.sketch().unwrap()).unwrap();
            prop_assert!(least <= one.distance(&other).unwrap() + 1e-9);
        }

        #[test]
        fn bytes_come_back(points in points()) {
            let digest = digest(points);
            prop_assert_eq!(SamenessDigest::from_bytes(&digest.to_bytes().unwrap()), Some(digest));
        }
    }

    #[test]
    fn what_is_no_digest_is_none() {
        assert_eq!(SamenessDigest::default().to_bytes(), None);
        let bytes = digest(vec![3; POINTS * CHANNELS]).to_bytes().unwrap();
        for length in [0, 7, 11, 12, bytes.len() - 1] {
            assert_eq!(SamenessDigest::from_bytes(&bytes[..length]), None);
        }
    }

    #[test]
    fn two_movements_that_differ_are_told_apart_by_their_sketches() {
        let ramp: Vec<i16> = (0..POINTS * CHANNELS).map(|at| (at as i16 - 256) * 4).collect();
        let back: Vec<i16> = ramp.iter().rev().copied().collect();
        let (one, other) = (digest(ramp).sketch().unwrap(), digest(back).sketch().unwrap());
        assert_eq!(one.distance_at_least(&one), Some(0.0));
        assert!(one.distance_at_least(&other).unwrap() > 0.5);
    }
}
