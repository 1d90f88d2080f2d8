//! From luma and chroma to red, green and blue, and back.
//!
//! Coefficients: ITU-R BT.601-7 and BT.709-6, scaled to integers of 14 bits. Chroma is repeated, not interpolated, as
//! swscale does it by default.

use prairie_model::{FrameError, Picture, PixelFormat};

use crate::pixel_bytes;

/// Which weights make luma.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matrix {
    Bt601,
    Bt709,
    /// The planes are green, blue and red.
    Identity,
}

/// Whether luma runs from 16 to 235 or from 0 to 255.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    Limited,
    Full,
}

const SHIFT: u32 = 14;
const ONE: f64 = (1 << SHIFT) as f64;

/// Integer factors from YUV to RGB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ToRgb {
    black: i32,
    luma: i32,
    red_v: i32,
    green_u: i32,
    green_v: i32,
    blue_u: i32,
    identity: bool,
}

impl Matrix {
    pub(crate) fn to_rgb(self, range: Range) -> ToRgb {
        let (red, blue) = match self {
            Self::Bt601 | Self::Identity => (0.299, 0.114),
            Self::Bt709 => (0.2126, 0.0722),
        };
        let green = 1.0 - red - blue;
        let (black, luma, chroma) = match range {
            Range::Limited => (16, 255.0 / 219.0, 255.0 / 224.0),
            Range::Full => (0, 1.0, 1.0),
        };
        // OK to cast: every factor is below 3 × 2^14.
        let scaled = |factor: f64| (factor * ONE).round() as i32;
        ToRgb {
            black,
            luma: scaled(luma),
            red_v: scaled(chroma * 2.0 * (1.0 - red)),
            green_u: scaled(-chroma * 2.0 * blue * (1.0 - blue) / green),
            green_v: scaled(-chroma * 2.0 * red * (1.0 - red) / green),
            blue_u: scaled(chroma * 2.0 * (1.0 - blue)),
            identity: self == Self::Identity,
        }
    }
}

impl ToRgb {
    /// One pixel.
    pub(crate) fn pixel(&self, y: u8, u: u8, v: u8) -> [u8; 3] {
        if self.identity {
            return [v, y, u];
        }
        let (u, v) = (i32::from(u) - 128, i32::from(v) - 128);
        self.shade(y, self.red_v * v, self.green_u * u + self.green_v * v, self.blue_u * u)
    }

    fn shade(&self, y: u8, red: i32, green: i32, blue: i32) -> [u8; 3] {
        let luma = (i32::from(y) - self.black) * self.luma + (1 << (SHIFT - 1));
        // OK to cast: clamped to a byte.
        let byte = |value: i32| (value >> SHIFT).clamp(0, 255) as u8;
        [byte(luma + red), byte(luma + green), byte(luma + blue)]
    }

    /// One row whose chroma has half as many samples.
    fn row_of_halves(&self, y: &[u8], u: &[u8], v: &[u8], pixels: &mut [u8]) {
        for (((y, pixels), u), v) in y.chunks(2).zip(pixels.chunks_mut(6)).zip(u).zip(v) {
            let (u, v) = (i32::from(*u) - 128, i32::from(*v) - 128);
            let (red, green, blue) = (self.red_v * v, self.green_u * u + self.green_v * v, self.blue_u * u);
            for (y, pixel) in y.iter().zip(pixels.chunks_exact_mut(3)) {
                pixel.copy_from_slice(&self.shade(*y, red, green, blue));
            }
        }
    }
}

/// A plane of samples with `stride` bytes from row to row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plane<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) stride: usize,
}

impl<'a> Plane<'a> {
    fn row(&self, row: usize, width: usize) -> Option<&'a [u8]> {
        let from = row.checked_mul(self.stride)?;
        self.data.get(from..from.checked_add(width)?)
    }
}

/// How often chroma is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chroma {
    /// Not at all: grey.
    None,
    /// Every second column and row.
    Half,
    /// Every second column.
    HalfColumns,
    /// Everywhere.
    Full,
}

/// A picture of three planes of bytes; without chroma a `Mono8` one.
pub(crate) fn to_picture(
    (width, height): (u32, u32),
    [y, u, v]: [Plane<'_>; 3],
    chroma: Chroma,
    convert: &ToRgb,
) -> Result<Picture, FrameError> {
    let short = || FrameError::Damaged(format!("the decoder gave fewer rows than {width} × {height} pixels have"));
    let bytes = pixel_bytes(width, height, 3)?;
    let (columns, rows) = (width as usize, height as usize);
    if chroma == Chroma::None {
        let mut pixels = Vec::with_capacity(columns * rows);
        for row in 0..rows {
            pixels.extend_from_slice(y.row(row, columns).ok_or_else(short)?);
        }
        return Ok(Picture { width, height, format: PixelFormat::Mono8, pixels });
    }
    let mut pixels = vec![0; bytes];
    for (row, out) in pixels.chunks_exact_mut(columns * 3).enumerate() {
        let luma = y.row(row, columns).ok_or_else(short)?;
        let chroma_row = if chroma == Chroma::Half { row / 2 } else { row };
        let samples = if chroma == Chroma::Full { columns } else { columns.div_ceil(2) };
        let (u, v) = (u.row(chroma_row, samples).ok_or_else(short)?, v.row(chroma_row, samples).ok_or_else(short)?);
        if chroma == Chroma::Full {
            for (((y, u), v), pixel) in luma.iter().zip(u).zip(v).zip(out.chunks_exact_mut(3)) {
                pixel.copy_from_slice(&convert.pixel(*y, *u, *v));
            }
        } else {
            convert.row_of_halves(luma, u, v, out);
        }
    }
    Ok(Picture { width, height, format: PixelFormat::Rgb8, pixels })
}

/// Red, green and blue to BT.601 of limited range with chroma halved both ways: the planes Y, U and V one after the other.
/// Width and height are even.
pub(crate) fn from_rgb(width: usize, height: usize, rgb: &[u8], planes: &mut Vec<u8>) {
    let luma_len = width * height;
    planes.clear();
    planes.resize(luma_len + luma_len / 2, 0);
    let (luma, chroma) = planes.split_at_mut(luma_len);
    let (us, vs) = chroma.split_at_mut(luma_len / 4);
    let rows = rgb.chunks_exact(width * 6).zip(luma.chunks_exact_mut(width * 2));
    for ((two, luma), (us, vs)) in rows.zip(us.chunks_exact_mut(width / 2).zip(vs.chunks_exact_mut(width / 2))) {
        for (pixel, luma) in two.chunks_exact(3).zip(luma.iter_mut()) {
            let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(i32::from);
            // OK to cast: between 16 and 235. 0.299, 0.587, 0.114 × 219 / 255 × 2^16.
            *luma = ((16829 * r + 33039 * g + 6416 * b + (16 << 16) + (1 << 15)) >> 16) as u8;
        }
        let (top, bottom) = two.split_at(width * 3);
        let quads = top.chunks_exact(6).zip(bottom.chunks_exact(6));
        for ((top, bottom), (u, v)) in quads.zip(us.iter_mut().zip(vs.iter_mut())) {
            let sum = |at: usize| [top[at], top[at + 3], bottom[at], bottom[at + 3]].map(i32::from).iter().sum::<i32>();
            let (r, g, b) = (sum(0), sum(1), sum(2));
            // OK to cast: between 16 and 240. Factors × 224 / 255 × 2^16, of a sum of four.
            *u = ((-9714 * r - 19070 * g + 28784 * b + (128 << 18) + (1 << 17)) >> 18) as u8;
            *v = ((28784 * r - 24103 * g - 4681 * b + (128 << 18) + (1 << 17)) >> 18) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_colours() {
        // BT.601, limited: red is (81, 90, 240), BT.709, limited: (63, 102, 240).
        for (matrix, [y, u, v]) in [(Matrix::Bt601, [81, 90, 240]), (Matrix::Bt709, [63, 102, 240])] {
            let [r, g, b] = matrix.to_rgb(Range::Limited).pixel(y, u, v);
            assert!(r >= 253 && g <= 2 && b <= 2, "{matrix:?}: {r} {g} {b}");
        }
        assert_eq!(Matrix::Bt601.to_rgb(Range::Full).pixel(77, 128, 128), [77, 77, 77]);
        assert_eq!(Matrix::Identity.to_rgb(Range::Full).pixel(2, 3, 1), [1, 2, 3]);
    }

    #[test]
    fn there_and_back_is_within_two_levels_where_colour_is_flat() {
        for colour in [[255, 0, 0], [0, 255, 0], [0, 0, 255], [12, 200, 77], [255, 255, 255], [0, 0, 0]] {
            let mut planes = Vec::new();
            from_rgb(4, 2, &colour.repeat(8), &mut planes);
            let plane = |from: usize, to: usize, stride| Plane { data: &planes[from..to], stride };
            let back = to_picture(
                (4, 2),
                [plane(0, 8, 4), plane(8, 10, 2), plane(10, 12, 2)],
                Chroma::Half,
                &Matrix::Bt601.to_rgb(Range::Limited),
            )
            .expect("the planes are whole");
            for (value, wanted) in back.pixels.iter().zip(colour.iter().cycle()) {
                assert!(value.abs_diff(*wanted) <= 2, "{colour:?}: {:?}", &back.pixels[..3]);
            }
        }
    }

    #[test]
    fn planes_that_are_too_short_are_refused() {
        let plane = Plane { data: &[0; 7], stride: 4 };
        let convert = Matrix::Bt601.to_rgb(Range::Limited);
        assert!(to_picture((4, 2), [plane; 3], Chroma::None, &convert).is_err());
        assert!(to_picture((3, 2), [plane; 3], Chroma::Full, &convert).is_ok());
    }
}
