//! What pixels say of a picture: once for all checks.

use std::collections::BTreeMap;

use prairie_model::{Picture, PixelFormat};

/// Pixels are looked at on a grid of about this many columns, so that the cost does not grow with the size of the picture.
const GRID: u32 = 160;

/// What pixels say of a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PictureStats {
    /// Pixels per row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Brightness; `None` for depth.
    pub luma: Option<LumaStats>,
    /// How it differs from the picture before it in the stream: mean and greatest difference over the grid, in steps of 255; for
    /// depth in millimetres. `None` for the first, and after a change of size.
    pub change: Option<(f64, f64)>,
}

/// What brightness says of a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LumaStats {
    /// Share of pixels at 0–5.
    pub dark_share: f64,
    /// Share of pixels at 250–255.
    pub bright_share: f64,
    /// Variance of the Laplacian: how sharp it is.
    pub sharpness: f64,
}

/// The last picture of each stream, on the grid.
#[derive(Debug, Default)]
pub(crate) struct Pictures {
    previous: BTreeMap<String, (u32, u32, Vec<f32>)>,
}

/// The value of one pixel: brightness of 0–255, or depth in millimetres, 0 where there is none.
fn value(picture: &Picture, x: u32, y: u32) -> f32 {
    let size = picture.format.bytes();
    // OK to cast: u32 fits into usize. What lies beyond the pixels reads as zero.
    let at = (y as usize).saturating_mul(picture.width as usize).saturating_add(x as usize).saturating_mul(size);
    let Some(pixel) = picture.pixels.get(at..at.saturating_add(size)) else { return 0.0 };
    match (picture.format, pixel) {
        // BT.601, as video has it.
        (PixelFormat::Rgb8, [r, g, b]) => 0.299 * f32::from(*r) + 0.587 * f32::from(*g) + 0.114 * f32::from(*b),
        (PixelFormat::Mono16, [low, high]) => f32::from(u16::from_le_bytes([*low, *high])),
        (PixelFormat::Float32, [a, b, c, d]) => {
            let depth = f32::from_le_bytes([*a, *b, *c, *d]);
            // Metres.
            if depth.is_finite() { depth * 1000.0 } else { 0.0 }
        }
        _ => f32::from(pixel[0]),
    }
}

impl Pictures {
    pub(crate) fn look(&mut self, stream: &str, picture: &Picture) -> PictureStats {
        let (width, height) = (picture.width, picture.height);
        let step = (width / GRID).max(height / GRID).max(1);
        let grid: Vec<f32> = (0..height)
            .step_by(step as usize)
            .flat_map(|y| (0..width).step_by(step as usize).map(move |x| (x, y)))
            .map(|(x, y)| value(picture, x, y))
            .collect();
        let before = self.previous.remove(stream);
        let change =
            before.filter(|(w, h, _)| (*w, *h) == (width, height)).and_then(|(_, _, before)| change(&before, &grid));
        let is_depth = matches!(picture.format, PixelFormat::Mono16 | PixelFormat::Float32);
        let luma = (!is_depth && !grid.is_empty()).then(|| {
            let share = |dark: bool| {
                let hits = grid.iter().filter(|v| if dark { **v < 5.5 } else { **v > 249.5 }).count();
                hits as f64 / grid.len() as f64
            };
            LumaStats { dark_share: share(true), bright_share: share(false), sharpness: sharpness(picture, step) }
        });
        self.previous.insert(stream.to_owned(), (width, height, grid));
        PictureStats { width, height, luma, change }
    }
}

fn change(before: &[f32], now: &[f32]) -> Option<(f64, f64)> {
    let (mut sum, mut greatest) = (0.0, 0.0_f64);
    for (one, other) in before.iter().zip(now) {
        let difference = f64::from((one - other).abs());
        sum += difference;
        greatest = greatest.max(difference);
    }
    (!now.is_empty()).then(|| (sum / now.len() as f64, greatest))
}

/// Variance of the Laplacian at the pixels of the grid, with their true neighbours.
fn sharpness(picture: &Picture, step: u32) -> f64 {
    let (mut n, mut sum, mut squares) = (0_u64, 0.0, 0.0);
    for y in (1..picture.height.saturating_sub(1)).step_by(step as usize) {
        for x in (1..picture.width.saturating_sub(1)).step_by(step as usize) {
            let around = value(picture, x - 1, y)
                + value(picture, x + 1, y)
                + value(picture, x, y - 1)
                + value(picture, x, y + 1);
            let laplacian = f64::from(around - 4.0 * value(picture, x, y));
            n += 1;
            sum += laplacian;
            squares += laplacian * laplacian;
        }
    }
    if n == 0 { 0.0 } else { (squares / n as f64 - (sum / n as f64) * (sum / n as f64)).max(0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: u32, height: u32, pixel: impl Fn(u32, u32) -> u8) -> Picture {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| pixel(x, y)).collect();
        Picture { width, height, format: PixelFormat::Mono8, pixels }
    }

    #[test]
    fn black_bright_and_sharp_are_told_apart() {
        let mut pictures = Pictures::default();
        let board = pictures.look("a", &grey(64, 64, |x, y| if (x + y) % 2 == 0 { 0 } else { 255 })).luma.unwrap();
        assert_eq!((board.dark_share, board.bright_share), (0.5, 0.5));
        // Each Laplacian is ±1020.
        assert!((board.sharpness - 1020.0 * 1020.0).abs() < 1.0, "{}", board.sharpness);
        assert_eq!(pictures.look("b", &grey(64, 64, |_, _| 128)).luma.unwrap().sharpness, 0.0);
    }

    #[test]
    fn change_is_against_the_picture_before_in_the_same_stream() {
        let mut pictures = Pictures::default();
        assert_eq!(pictures.look("a", &grey(4, 4, |_, _| 10)).change, None);
        assert_eq!(pictures.look("b", &grey(4, 4, |_, _| 90)).change, None);
        assert_eq!(pictures.look("a", &grey(4, 4, |x, _| if x == 0 { 14 } else { 10 })).change, Some((1.0, 4.0)));
        assert_eq!(pictures.look("a", &grey(4, 2, |_, _| 10)).change, None, "another size");
    }

    #[test]
    fn depth_changes_in_millimetres_whatever_it_is_stored_in() {
        let picture = |format, pixels: Vec<u8>| Picture { width: 2, height: 1, format, pixels };
        let mut pictures = Pictures::default();
        let mut look = |stream: &str, one: Picture, other: Picture| {
            pictures.look(stream, &one);
            pictures.look(stream, &other).change.unwrap()
        };
        let metres = |a: f32, b: f32| picture(PixelFormat::Float32, [a.to_le_bytes(), b.to_le_bytes()].concat());
        let (mean, most) = look("metres", metres(1.0, f32::NAN), metres(1.5, f32::INFINITY));
        assert!((mean - 250.0).abs() < 1e-3 && (most - 500.0).abs() < 1e-3, "{mean} {most}");
        let millimetres = |a: u16, b: u16| picture(PixelFormat::Mono16, [a.to_le_bytes(), b.to_le_bytes()].concat());
        assert_eq!(look("millimetres", millimetres(1000, 0), millimetres(1500, 0)), (250.0, 500.0));
    }

    #[test]
    fn pixels_that_are_missing_do_no_harm() {
        let picture = Picture { width: 100, height: 100, format: PixelFormat::Rgb8, pixels: vec![1, 2] };
        assert_eq!(Pictures::default().look("a", &picture).luma.unwrap().dark_share, 1.0);
        let nothing = Picture { width: 0, height: 9, format: PixelFormat::Mono8, pixels: Vec::new() };
        assert_eq!(Pictures::default().look("a", &nothing).luma, None);
    }
}
