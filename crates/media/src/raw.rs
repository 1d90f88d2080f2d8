//! Rows of pixels as cameras and ROS messages hold them.
//!
//! Packed YUV (`Yuyv`, `Uyvy`) is BT.601 of limited range. Bayer mosaics are interpolated bilinearly.

use prairie_model::{FrameError, Picture, PictureInfo, PixelFormat};

use crate::pixel_bytes;
use crate::yuv::{Matrix, Range};

/// How the bytes of a raw frame lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    format: PixelFormat,
    width: u32,
    height: u32,
    /// Bytes from one row to the next; `None`: the frame's length tells.
    step: Option<usize>,
    big_endian: bool,
}

impl Layout {
    /// The [`PictureInfo::config`] of raw pictures: bytes from one row to the next (`step` of `sensor_msgs/Image`; 0: the
    /// length of the frame tells) and whether numbers of several bytes are big-endian.
    pub fn config(step: u32, big_endian: bool) -> Vec<u8> {
        let mut config = step.to_le_bytes().to_vec();
        config.push(u8::from(big_endian));
        config
    }

    /// The layout of a stream's frames. Without a config rows are as the length of each frame says, and little-endian.
    pub(crate) fn new(format: PixelFormat, info: &PictureInfo) -> Result<Self, FrameError> {
        let (Some(width), Some(height)) = (info.width, info.height) else {
            return Err(FrameError::Unsupported("raw pictures of unknown size".to_owned()));
        };
        pixel_bytes(width, height, format.bytes())?;
        let (step, big_endian) = match info.config.as_slice() {
            [a, b, c, d, big] => (u32::from_le_bytes([*a, *b, *c, *d]), *big != 0),
            _ => (0, false),
        };
        // OK to cast: u32 fits into usize on every platform that has room for a picture.
        Ok(Self { format, width, height, step: (step > 0).then_some(step as usize), big_endian })
    }

    pub(crate) fn decode(&self, data: &[u8]) -> Result<Picture, FrameError> {
        let tight = self.width as usize * self.format.bytes();
        let rows = self.height as usize;
        let step = match self.step {
            Some(step) => step,
            // Rows may be padded, all by the same.
            None if data.len().is_multiple_of(rows) => data.len() / rows,
            None => tight,
        };
        unpack(self.format, self.width, self.height, step, self.big_endian, data)
    }
}

/// Turns rows of `step` bytes into a picture: `Mono8`, `Mono16` and `Float32` stay what they are (little-endian), everything
/// else becomes `Rgb8`. The last row may end after its last pixel. Bytes after it are an error only where they make a whole
/// row: then the size or the step is wrong.
pub fn unpack(
    format: PixelFormat,
    width: u32,
    height: u32,
    step: usize,
    big_endian: bool,
    data: &[u8],
) -> Result<Picture, FrameError> {
    pixel_bytes(width, height, format.bytes().max(3))?;
    let (columns, rows) = (width as usize, height as usize);
    let tight = columns * format.bytes();
    let needed = step.checked_mul(rows - 1).and_then(|bytes| bytes.checked_add(tight));
    if step < tight || needed.is_none_or(|needed| data.len() < needed) || data.len() >= step.saturating_mul(rows + 1) {
        return Err(FrameError::Damaged(format!(
            "{} bytes are not {width} × {height} pixels of {} in rows of {step} bytes",
            data.len(),
            format.name()
        )));
    }
    let lines = || data.chunks(step).take(rows).map(|line| &line[..tight]);
    let mut pixels = Vec::new();
    let output = match format {
        PixelFormat::Mono8 | PixelFormat::Rgb8 => {
            pixels.reserve_exact(tight * rows);
            lines().for_each(|line| pixels.extend_from_slice(line));
            format
        }
        PixelFormat::Mono16 | PixelFormat::Float32 => {
            pixels.reserve_exact(tight * rows);
            lines().for_each(|line| pixels.extend_from_slice(line));
            if big_endian {
                pixels.chunks_exact_mut(format.bytes()).for_each(<[u8]>::reverse);
            }
            format
        }
        PixelFormat::Bgr8 | PixelFormat::Bgra8 | PixelFormat::Rgba8 => {
            let (red, blue) = if format == PixelFormat::Rgba8 { (0, 2) } else { (2, 0) };
            pixels.reserve_exact(columns * rows * 3);
            for line in lines() {
                for pixel in line.chunks_exact(format.bytes()) {
                    pixels.extend_from_slice(&[pixel[red], pixel[1], pixel[blue]]);
                }
            }
            PixelFormat::Rgb8
        }
        PixelFormat::Yuyv | PixelFormat::Uyvy => {
            pixels.reserve_exact(columns * rows * 3);
            let luma = usize::from(format == PixelFormat::Uyvy);
            lines().for_each(|line| unpack_yuv(line, luma, &mut pixels));
            PixelFormat::Rgb8
        }
        PixelFormat::BayerRggb8 => demosaic(data, columns, rows, step, (0, 0), &mut pixels),
        PixelFormat::BayerGrbg8 => demosaic(data, columns, rows, step, (1, 0), &mut pixels),
        PixelFormat::BayerGbrg8 => demosaic(data, columns, rows, step, (0, 1), &mut pixels),
        PixelFormat::BayerBggr8 => demosaic(data, columns, rows, step, (1, 1), &mut pixels),
    };
    Ok(Picture { width, height, format: output, pixels })
}

/// One row of packed YUV; `luma` is the place of Y in each pair of bytes. An odd last pixel takes the U of its own and the V of
/// the pixel before.
fn unpack_yuv(line: &[u8], luma: usize, pixels: &mut Vec<u8>) {
    let convert = Matrix::Bt601.to_rgb(Range::Limited);
    let mut v = 128;
    for group in line.chunks(4) {
        let u = group[1 - luma];
        v = group.get(3 - luma).copied().unwrap_or(v);
        for pair in group.chunks_exact(2) {
            pixels.extend_from_slice(&convert.pixel(pair[luma], u, v));
        }
    }
}

/// Bilinear interpolation of a mosaic whose first red pixel is at column `red.0`, row `red.1`. Outside of the picture the mosaic
/// is mirrored.
fn demosaic(
    data: &[u8],
    columns: usize,
    rows: usize,
    step: usize,
    red: (usize, usize),
    pixels: &mut Vec<u8>,
) -> PixelFormat {
    pixels.reserve_exact(columns * rows * 3);
    let mirror = |at: usize, by: isize, end: usize| match (at.checked_add_signed(by), end) {
        (Some(inside), end) if inside < end => inside,
        // Mirrored about the first or last pixel, so that the colour stays the same; a single row or column is all there is.
        (_, 1) => 0,
        (None, _) => 1,
        (Some(_), end) => end - 2,
    };
    for y in 0..rows {
        let (above, below) = (mirror(y, -1, rows), mirror(y, 1, rows));
        for x in 0..columns {
            let (left, right) = (mirror(x, -1, columns), mirror(x, 1, columns));
            // OK to index: rows and columns lie inside, and the caller checked the length of the data.
            let at = |row: usize, column: usize| u16::from(data[row * step + column]);
            // OK to cast: the mean of bytes is a byte.
            let mean2 = |a: u16, b: u16| (a + b).div_ceil(2) as u8;
            let mean4 = |a: u16, b: u16, c: u16, d: u16| ((a + b + c + d + 2) / 4) as u8;
            let own = at(y, x) as u8;
            let beside = || mean2(at(y, left), at(y, right));
            let stacked = || mean2(at(above, x), at(below, x));
            let cross = || mean4(at(y, left), at(y, right), at(above, x), at(below, x));
            let diagonal = || mean4(at(above, left), at(above, right), at(below, left), at(below, right));
            let rgb = match (x % 2 == red.0, y % 2 == red.1) {
                (true, true) => [own, cross(), diagonal()],
                (false, false) => [diagonal(), cross(), own],
                (false, true) => [beside(), own, stacked()],
                (true, false) => [stacked(), own, beside()],
            };
            pixels.extend_from_slice(&rgb);
        }
    }
    PixelFormat::Rgb8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(format: PixelFormat, width: u32, height: u32, step: usize, data: &[u8]) -> Vec<u8> {
        unpack(format, width, height, step, false, data).expect("the bytes are enough").pixels
    }

    #[test]
    fn padding_between_rows_is_dropped_also_where_the_last_row_has_none() {
        let padded = [1, 2, 3, 0, 4, 5, 6, 0];
        assert_eq!(pixels(PixelFormat::Rgb8, 1, 2, 4, &padded), [1, 2, 3, 4, 5, 6]);
        assert_eq!(pixels(PixelFormat::Bgr8, 1, 2, 4, &padded[..7]), [3, 2, 1, 6, 5, 4]);
        assert_eq!(pixels(PixelFormat::Bgra8, 1, 2, 4, &padded), [3, 2, 1, 6, 5, 4]);
    }

    #[test]
    fn big_endian_depth_becomes_little_endian() {
        let picture = unpack(PixelFormat::Mono16, 2, 1, 4, true, &[1, 2, 3, 4]).expect("four bytes are two pixels");
        assert_eq!((picture.format, picture.pixels), (PixelFormat::Mono16, vec![2, 1, 4, 3]));
    }

    #[test]
    fn packed_yuv_in_both_orders() {
        let expected = [0, 0, 0, 255, 255, 255];
        assert_eq!(pixels(PixelFormat::Yuyv, 2, 1, 4, &[16, 128, 235, 128]), expected);
        assert_eq!(pixels(PixelFormat::Uyvy, 2, 1, 4, &[128, 16, 128, 235]), expected);
        assert_eq!(pixels(PixelFormat::Yuyv, 1, 1, 2, &[16, 128]), [0, 0, 0]);
    }

    #[test]
    fn a_flat_mosaic_is_flat_in_every_order() {
        let [r, g, b] = [200, 100, 50];
        for (format, two_rows) in [
            (PixelFormat::BayerRggb8, [r, g, r, g, g, b, g, b]),
            (PixelFormat::BayerGrbg8, [g, r, g, r, b, g, b, g]),
            (PixelFormat::BayerGbrg8, [g, b, g, b, r, g, r, g]),
            (PixelFormat::BayerBggr8, [b, g, b, g, g, r, g, r]),
        ] {
            let mosaic = [two_rows, two_rows].concat();
            assert_eq!(pixels(format, 4, 4, 4, &mosaic), [r, g, b].repeat(16), "{}", format.name());
        }
        assert_eq!(pixels(PixelFormat::BayerRggb8, 1, 1, 1, &[9]).len(), 3);
    }

    #[test]
    fn wrong_lengths_and_sizes_are_refused() {
        for (width, height, step, length) in [
            (2, 2, 6, 11),
            (2, 2, 6, 18),
            (2, 2, 5, 12),
            (0, 2, 6, 12),
            (20_000, 1, 60_000, 60_000),
            (1, 2, usize::MAX, 6),
        ] {
            let data = vec![0; length];
            let refused = unpack(PixelFormat::Rgb8, width, height, step, false, &data);
            assert!(matches!(refused, Err(FrameError::Damaged(_))), "{width} × {height}, step {step}: {length} bytes");
        }
    }

    #[test]
    fn the_config_carries_step_and_byte_order() {
        let info = PictureInfo {
            codec: prairie_model::Codec::Raw(PixelFormat::Mono16),
            width: Some(1),
            height: Some(2),
            config: Layout::config(6, true),
            fps: None,
        };
        let layout = Layout::new(PixelFormat::Mono16, &info).expect("the size is known");
        assert_eq!(layout.decode(&[1, 2, 0, 0, 0, 0, 3, 4]).map(|p| p.pixels), Ok(vec![2, 1, 4, 3]));
    }
}
