//! How alike two pictures are.

use prairie_model::{Picture, PixelFormat};

/// Side of the windows of [`ssim`], and the distance between them.
const WINDOW: usize = 8;
const STRIDE: usize = 4;

/// Width, height and luma of every pixel: BT.601 weights of full range for colour, the upper byte of `Mono16`. `Float32` runs from
/// its smallest to its largest finite value; what is not finite is 0.
pub fn luma(picture: &Picture) -> (u32, u32, Vec<u8>) {
    let pixels = &picture.pixels;
    let luma = match picture.format {
        PixelFormat::Rgb8 => pixels
            .chunks_exact(3)
            // OK to cast: the weights add up to 2^16.
            .map(|p| ((19595 * u32::from(p[0]) + 38470 * u32::from(p[1]) + 7471 * u32::from(p[2]) + 32768) >> 16) as u8)
            .collect(),
        PixelFormat::Mono16 => pixels.chunks_exact(2).map(|pixel| pixel[1]).collect(),
        PixelFormat::Float32 => {
            let values = || pixels.chunks_exact(4).map(|p| f32::from_le_bytes([p[0], p[1], p[2], p[3]]));
            let finite = || values().filter(|value| value.is_finite());
            let (least, most) = (finite().fold(f32::INFINITY, f32::min), finite().fold(f32::NEG_INFINITY, f32::max));
            let scale = if most > least { 255.0 / (most - least) } else { 0.0 };
            // OK to cast: `as` turns NaN into 0 and keeps within a byte.
            values().map(|value| if value.is_finite() { ((value - least) * scale).round() as u8 } else { 0 }).collect()
        }
        // Mono8; the other formats are no decoder's output.
        _ => pixels.clone(),
    };
    (picture.width, picture.height, luma)
}

/// Peak signal to noise ratio of the pixels in dB, over all channels; infinity for equal pictures, `None` for pictures of
/// different size or format, or other than eight bits.
pub fn psnr(one: &Picture, other: &Picture) -> Option<f64> {
    if !is_comparable(one, other) {
        return None;
    }
    let squares: u64 = one.pixels.iter().zip(&other.pixels).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum();
    let mean = squares as f64 / one.pixels.len() as f64;
    Some(10.0 * (255.0 * 255.0 / mean).log10())
}

/// Structural similarity of luma (Wang et al., 2004): the mean over windows of 8 × 8 pixels, 4 apart, with equal weights,
/// K1 = 0.01, K2 = 0.03. 1 for equal pictures; `None` for pictures of different size or format, other than eight bits, or
/// smaller than a window.
pub fn ssim(one: &Picture, other: &Picture) -> Option<f64> {
    let (width, height, first) = luma(one);
    let (_, _, second) = luma(other);
    // OK to cast: a picture's side fits into usize.
    let (width, height) = (width as usize, height as usize);
    if !is_comparable(one, other) || width < WINDOW || height < WINDOW {
        return None;
    }
    let (c1, c2) = ((0.01 * 255.0_f64).powi(2), (0.03 * 255.0_f64).powi(2));
    let count = (WINDOW * WINDOW) as f64;
    let (mut sum, mut windows) = (0.0, 0_u64);
    for top in (0..=height - WINDOW).step_by(STRIDE) {
        for left in (0..=width - WINDOW).step_by(STRIDE) {
            let [mut a, mut b, mut aa, mut bb, mut ab] = [0_u32; 5];
            for row in top..top + WINDOW {
                let from = row * width + left;
                for (x, y) in first[from..from + WINDOW].iter().zip(&second[from..from + WINDOW]) {
                    let (x, y) = (u32::from(*x), u32::from(*y));
                    a += x;
                    b += y;
                    aa += x * x;
                    bb += y * y;
                    ab += x * y;
                }
            }
            let [a, b, aa, bb, ab] = [a, b, aa, bb, ab].map(|total| f64::from(total) / count);
            let (variances, covariance) = (aa - a * a + bb - b * b, ab - a * b);
            sum += (2.0 * a * b + c1) * (2.0 * covariance + c2) / ((a * a + b * b + c1) * (variances + c2));
            windows += 1;
        }
    }
    Some(sum / windows as f64)
}

fn is_comparable(one: &Picture, other: &Picture) -> bool {
    (one.width, one.height, one.format) == (other.width, other.height, other.format)
        && matches!(one.format, PixelFormat::Mono8 | PixelFormat::Rgb8)
        && !one.pixels.is_empty()
        && one.pixels.len() == other.pixels.len()
        && one.pixels.len() == one.width as usize * one.height as usize * one.format.bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(pixels: Vec<u8>) -> Picture {
        Picture { width: 16, height: 16, format: PixelFormat::Mono8, pixels }
    }

    #[test]
    fn equal_pictures_are_equal_and_noise_is_not() {
        let one = grey((0..=255).collect());
        let noisy = grey((0..=255_u8).map(|v| v ^ 8).collect());
        assert_eq!((psnr(&one, &one), ssim(&one, &one)), (Some(f64::INFINITY), Some(1.0)));
        // Every pixel is off by 8: 10 log10(255² / 64).
        assert!(psnr(&one, &noisy).is_some_and(|db| (db - 30.07).abs() < 0.01));
        assert!(ssim(&one, &noisy).is_some_and(|s| s < 0.999));
        let flat = grey(vec![128; 256]);
        assert!(ssim(&one, &flat) < ssim(&one, &noisy));
        assert_eq!(ssim(&one, &Picture { width: 8, height: 32, ..flat }), None);
    }

    #[test]
    fn luma_of_every_format() {
        let picture = |format, pixels| Picture { width: 2, height: 1, format, pixels };
        assert_eq!(luma(&picture(PixelFormat::Rgb8, vec![255, 255, 255, 255, 0, 0])).2, [255, 76]);
        assert_eq!(luma(&picture(PixelFormat::Mono16, vec![1, 2, 3, 4])).2, [2, 4]);
        let metres = [1.5_f32, f32::NAN].map(f32::to_le_bytes).concat();
        assert_eq!(luma(&picture(PixelFormat::Float32, metres)).2, [0, 0]);
    }
}
