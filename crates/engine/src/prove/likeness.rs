//! How alike two pictures are, one of which was encoded out of the other, and whether it is not another one.
//!
//! An encoder changes every picture a little, and a thief a part of one picture, or their order. So besides the whole picture its
//! worst part counts, and the pictures before and after: where those differ from this one, the encoded one must be nearer to this.

use prairie_media::{luma, psnr, ssim};
use prairie_model::Picture;

/// Side of the parts of a picture.
const BLOCK: usize = 16;

/// Mean square of the differences of two pictures in a part in which something moved: ten steps of 255.
const MOVED: f64 = 100.0;

/// How many times nearer to another picture a picture must be to be that one.
const NEARER: f64 = 2.0;

/// How much worse than those around it a picture may be, in dB.
const OUTLIER_DB: f64 = 6.0;

/// Beyond this nothing is seen, and pictures are equally good.
const GOOD_DB: f64 = 45.0;

/// Pictures on each side that a picture is compared with.
const AROUND: usize = 7;

/// How alike two pictures are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Likeness {
    /// Over all pixels and channels.
    pub(super) psnr_db: f64,
    pub(super) ssim: f64,
    /// Of the part that differs most.
    pub(super) worst_db: f64,
}

/// How alike two pictures of one size are; `None` where they are not of one size and eight bits.
pub(super) fn likeness(one: &Picture, two: &Picture) -> Option<Likeness> {
    let (psnr_db, whole) = (psnr(one, two)?, ssim(one, two));
    let blocks = Blocks::of(one, two);
    let worst = blocks.errors.iter().copied().fold(0.0, f64::max);
    // A picture smaller than a window of SSIM has none, and is judged by the other two.
    Some(Likeness { psnr_db, ssim: whole.unwrap_or(1.0), worst_db: 10.0 * (255.0 * 255.0 / worst).log10() })
}

/// Whether `encoded` is nearer to `other` than to `own`, in the parts in which these two differ.
pub(super) fn is_rather(encoded: &Picture, own: &Picture, other: &Picture) -> bool {
    let moved = Blocks::of(own, other);
    let (to_own, to_other) = (Blocks::of(encoded, own), Blocks::of(encoded, other));
    if moved.errors.len() != to_own.errors.len() || moved.errors.len() != to_other.errors.len() {
        return false;
    }
    let (mut own, mut other) = (0.0, 0.0);
    for (at, _) in moved.errors.iter().enumerate().filter(|(_, error)| **error > MOVED) {
        own += to_own.errors[at];
        other += to_other.errors[at];
    }
    other * NEARER < own
}

/// Mean squares of the differences of luma, part by part.
struct Blocks {
    errors: Vec<f64>,
}

impl Blocks {
    fn of(one: &Picture, two: &Picture) -> Self {
        let ((width, height, one), (other_width, other_height, two)) = (luma(one), luma(two));
        // OK to cast: a side of a picture fits into usize.
        let (width, height) = (width as usize, height as usize);
        if (width, height) != (other_width as usize, other_height as usize) || one.len() != two.len() || width == 0 {
            return Self { errors: Vec::new() };
        }
        let columns = width.div_ceil(BLOCK);
        let mut sums = vec![(0_u64, 0_u64); columns * height.div_ceil(BLOCK)];
        for (at, (a, b)) in one.iter().zip(&two).enumerate() {
            let (sum, count) = &mut sums[at / width / BLOCK * columns + at % width / BLOCK];
            *sum += u64::from(a.abs_diff(*b)).pow(2);
            *count += 1;
        }
        Self { errors: sums.into_iter().map(|(sum, count)| sum as f64 / count.max(1) as f64).collect() }
    }
}

/// The pictures of a stream that are much worse than those before them and those after, with the difference in dB.
pub(super) fn outliers(psnr_db: &[f64]) -> Vec<(usize, f64)> {
    let good: Vec<f64> = psnr_db.iter().map(|db| db.min(GOOD_DB)).collect();
    let middle = |around: &[f64]| {
        let mut around = around.to_vec();
        around.sort_by(f64::total_cmp);
        around.get(around.len() / 2).copied()
    };
    let worse = |at: usize| {
        let sides =
            [middle(&good[at.saturating_sub(AROUND)..at]), middle(&good[at + 1..good.len().min(at + 1 + AROUND)])];
        let usual = sides.into_iter().flatten().reduce(f64::min)?;
        (usual - good[at] > OUTLIER_DB).then_some((at, usual - good[at]))
    };
    (0..good.len()).filter_map(worse).collect()
}

#[cfg(test)]
mod tests {
    use prairie_model::PixelFormat;

    use super::*;

    /// A bright square at `at` on a grey ground with a little noise.
    fn scene(at: usize, noise: u8) -> Picture {
        let pixels = (0..64 * 64).map(|place: usize| {
            let (row, column) = (place / 64, place % 64);
            let inside = (16..32).contains(&row) && (at..at + 12).contains(&column);
            let grain = (place * 31 % 7) as u8 % (noise + 1);
            if inside { 220 - grain } else { 90 + grain }
        });
        Picture { width: 64, height: 64, format: PixelFormat::Mono8, pixels: pixels.collect() }
    }

    #[test]
    fn a_picture_of_another_time_is_told_although_most_of_it_is_the_same() {
        let (before, own, after) = (scene(10, 0), scene(14, 0), scene(18, 0));
        let encoded = scene(14, 4);
        assert!(!is_rather(&encoded, &own, &before) && !is_rather(&encoded, &own, &after));
        assert!(is_rather(&scene(18, 4), &own, &after) && is_rather(&scene(10, 4), &own, &before));
        assert!(!is_rather(&encoded, &own, &scene(14, 2)), "noise alone is no motion");
        let (good, swapped) = (likeness(&encoded, &own).unwrap(), likeness(&scene(34, 4), &own).unwrap());
        assert!(good.psnr_db > 35.0 && good.worst_db > 30.0, "{good:?}");
        assert!(swapped.worst_db < 10.0, "{swapped:?}");
    }

    #[test]
    fn one_bad_picture_among_good_ones_stands_out() {
        let mut psnr_db = vec![40.0; 20];
        assert!(outliers(&psnr_db).is_empty());
        psnr_db[9] = 33.0;
        assert_eq!(outliers(&psnr_db), [(9, 7.0)]);
        let blank_then_busy: Vec<f64> = [vec![f64::INFINITY; 10], vec![39.5; 10]].concat();
        assert!(outliers(&blank_then_busy).is_empty(), "{:?}", outliers(&blank_then_busy));
    }
}
