//! How much of the pictures the encoder kept, measured while it works.
//!
//! ```text
//!   group of pictures   0          1          2          …
//!   frame compared      0          7          14         a frame of every group, at another place each time
//! ```
//!
//! A frame between key frames can only be decoded after those before it in its group, so that one comparison costs the decoding
//! of half a group on average, and no more than one picture of memory.

use prairie_media::{AccessUnit, PictureDecoder, decoder, ssim};
use prairie_model::{Codec, Nanos, Picture, PictureInfo};
use serde::Serialize;

/// How alike exported pictures are to their sources.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Likeness {
    /// Frames that were compared.
    pub frames: u64,
    /// Mean structural similarity of luma: 1 for equal pictures.
    pub ssim_mean: f64,
    /// Least structural similarity.
    pub ssim_min: f64,
}

impl Likeness {
    /// Adds one comparison.
    fn add(&mut self, ssim: f64) {
        self.merge(Self { frames: 1, ssim_mean: ssim, ssim_min: ssim });
    }

    /// Adds other comparisons.
    pub(crate) fn merge(&mut self, other: Self) {
        if other.frames == 0 {
            return;
        }
        let (own, theirs) = (self.frames as f64, other.frames as f64);
        self.ssim_min = if self.frames == 0 { other.ssim_min } else { self.ssim_min.min(other.ssim_min) };
        self.ssim_mean = (self.ssim_mean * own + other.ssim_mean * theirs) / (own + theirs);
        self.frames += other.frames;
    }
}

/// Frames from one compared place in a group to the next.
const STEP: u64 = 7;

/// Compares a frame of every group with its source.
pub(crate) struct Judge {
    interval: u64,
    groups: u64,
    /// The decoder of the group and how many frames are left until the compared one; `None` between.
    decoding: Option<(Box<dyn PictureDecoder>, u64)>,
    likeness: Likeness,
}

impl Judge {
    /// For an encoder with a key frame every `interval` frames.
    pub(crate) fn new(interval: u32) -> Self {
        Self { interval: u64::from(interval.max(1)), groups: 0, decoding: None, likeness: Likeness::default() }
    }

    /// Sees a frame after it was encoded, and the picture that it was.
    pub(crate) fn see(&mut self, unit: &AccessUnit, source: &Picture) {
        if unit.is_key {
            let info = PictureInfo { codec: Codec::H264, width: None, height: None, config: Vec::new(), fps: None };
            let place = (self.groups * STEP) % self.interval;
            self.groups += 1;
            self.decoding = decoder(&info).ok().map(|decoder| (decoder, place));
        }
        let Some((decoder, left)) = &mut self.decoding else { return };
        let mut pictures = decoder.push(Nanos(i64::from(*left == 0)), &unit.data);
        if *left > 0 {
            *left -= 1;
            return;
        }
        pictures.extend(decoder.flush());
        let compared = pictures.into_iter().find(|(t, _)| *t == Nanos(1));
        let compared = compared.and_then(|(_, picture)| ssim(&picture.ok()?, source));
        if let Some(ssim) = compared {
            self.likeness.add(ssim);
        }
        self.decoding = None;
    }

    /// What came of it; `None` where nothing could be compared.
    pub(crate) fn likeness(&self) -> Option<Likeness> {
        (self.likeness.frames > 0).then_some(self.likeness)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likeness_of_parts_is_that_of_the_whole() {
        let (mut whole, mut one, mut two) = (Likeness::default(), Likeness::default(), Likeness::default());
        for (at, ssim) in [0.9, 1.0, 0.8, 0.95].into_iter().enumerate() {
            whole.add(ssim);
            if at < 1 { one.add(ssim) } else { two.add(ssim) }
        }
        one.merge(two);
        one.merge(Likeness::default());
        assert_eq!((one.frames, one.ssim_min), (4, 0.8));
        assert!((one.ssim_mean - whole.ssim_mean).abs() < 1e-12);
    }
}
