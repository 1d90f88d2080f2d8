//! Pictures of another size.
//!
//! Both directions are filtered one after the other with a triangle (linear interpolation), which is as wide as one pixel of the
//! source, or of the result where that is wider, so that fine patterns are averaged instead of sampled.

use prairie_model::{Picture, PixelFormat};

/// What one pixel of the result takes along one direction: from which pixel of the source on, and the weights, which add up to 1.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

/// The taps of all `to` pixels along a direction that has `from` pixels.
fn taps(from: usize, to: usize) -> Vec<Taps> {
    let scale = from as f64 / to as f64;
    let reach = scale.max(1.0);
    let one = |at: usize| {
        let center = (at as f64 + 0.5) * scale;
        // OK to cast: the float is clamped to the pixels there are.
        let first = (center - reach + 0.5).floor().clamp(0.0, (from - 1) as f64) as usize;
        let end = (center + reach + 0.5).floor().clamp(first as f64 + 1.0, from as f64) as usize;
        let weight = |pixel: usize| (1.0 - ((pixel as f64 + 0.5 - center) / reach).abs()).max(0.0);
        let weights: Vec<f64> = (first..end).map(weight).collect();
        let sum: f64 = weights.iter().sum();
        Taps { first, weights: weights.into_iter().map(|weight| (weight / sum) as f32).collect() }
    };
    (0..to).map(one).collect()
}

/// The picture with `width` columns and `height` rows: all of it, stretched where the proportions differ. `None` for formats
/// other than `Rgb8` and `Mono8`, where the pixels are not as many as the size says, and where a side is zero.
pub fn scale(picture: &Picture, width: u32, height: u32) -> Option<Picture> {
    // OK to cast: a side of a picture fits into usize.
    let (columns, rows, wide, high) =
        (picture.width as usize, picture.height as usize, width as usize, height as usize);
    let channels = match picture.format {
        PixelFormat::Rgb8 => 3,
        PixelFormat::Mono8 => 1,
        _ => return None,
    };
    let bytes = columns.checked_mul(rows)?.checked_mul(channels)?;
    let room = wide.checked_mul(high)?.checked_mul(channels)?;
    if bytes == 0 || room == 0 || picture.pixels.len() != bytes {
        return None;
    }
    let across = taps(columns, wide);
    let mut narrow = vec![0.0_f32; rows.checked_mul(wide)?.checked_mul(channels)?];
    for (row, out) in picture.pixels.chunks_exact(columns * channels).zip(narrow.chunks_exact_mut(wide * channels)) {
        for (taps, out) in across.iter().zip(out.chunks_exact_mut(channels)) {
            let pixels = row[taps.first * channels..].chunks_exact(channels);
            for (pixel, weight) in pixels.zip(&taps.weights) {
                out.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += f32::from(*value) * weight);
            }
        }
    }
    let mut pixels = Vec::with_capacity(room);
    let mut sums = vec![0.0_f32; wide * channels];
    for taps in taps(rows, high) {
        sums.fill(0.0);
        let lines = narrow[taps.first * wide * channels..].chunks_exact(wide * channels);
        for (line, weight) in lines.zip(&taps.weights) {
            sums.iter_mut().zip(line).for_each(|(sum, value)| *sum += value * weight);
        }
        // OK to cast: rounded and clamped to a byte.
        pixels.extend(sums.iter().map(|sum| sum.round().clamp(0.0, 255.0) as u8));
    }
    Some(Picture { width, height, format: picture.format, pixels })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: u32, pixels: &[u8]) -> Picture {
        Picture { width, height: pixels.len() as u32 / width, format: PixelFormat::Mono8, pixels: pixels.to_vec() }
    }

    #[test]
    fn a_picture_of_one_colour_keeps_it_at_every_size() {
        let flat = Picture { width: 7, height: 5, format: PixelFormat::Rgb8, pixels: [10, 128, 255].repeat(35) };
        for (width, height) in [(1, 1), (2, 9), (7, 5), (64, 48)] {
            let scaled = scale(&flat, width, height).unwrap();
            assert_eq!(scaled.pixels, [10, 128, 255].repeat((width * height) as usize));
        }
        assert_eq!(scale(&flat, 7, 5).unwrap(), flat);
    }

    #[test]
    fn halving_and_doubling_agree_with_pillow() {
        // Pillow 12: Image.fromarray(row).resize((width, 1), Image.BILINEAR).
        let row = grey(4, &[0, 40, 200, 255]);
        assert_eq!(scale(&row, 2, 1).unwrap().pixels, [46, 201]);
        assert_eq!(scale(&row, 8, 1).unwrap().pixels, [0, 10, 30, 80, 160, 214, 241, 255]);
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        assert!(scale(&grey(4, &[0; 8]), 0, 2).is_none());
        let short = Picture { height: 3, ..grey(4, &[0; 8]) };
        assert!(scale(&short, 2, 2).is_none());
    }
}
