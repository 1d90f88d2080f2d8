//! Pictures in colour, and as an encoder with halved chroma takes them: with an even number of columns and rows.

use std::borrow::Cow;

use prairie_model::{Picture, PixelFormat};

/// The picture as `Rgb8`: grey becomes three equal channels. `None` for other formats, and where the pixels are not as many as
/// the size says.
pub fn rgb(picture: &Picture) -> Option<Cow<'_, Picture>> {
    let channels = match picture.format {
        PixelFormat::Rgb8 => 3,
        PixelFormat::Mono8 => 1,
        _ => return None,
    };
    // OK to cast: a side of a picture fits into usize.
    let bytes = (picture.width as usize).checked_mul(picture.height as usize)?.checked_mul(channels)?;
    if bytes == 0 || picture.pixels.len() != bytes {
        return None;
    }
    if channels == 3 {
        return Some(Cow::Borrowed(picture));
    }
    let pixels = picture.pixels.iter().flat_map(|grey| [*grey; 3]).collect();
    Some(Cow::Owned(Picture { format: PixelFormat::Rgb8, pixels, ..*picture }))
}

/// As [`rgb`], of even width and height: where one is odd, the last column or row is repeated once.
pub fn even_rgb(picture: &Picture) -> Option<Cow<'_, Picture>> {
    let picture = rgb(picture)?;
    // OK to cast: a side of a picture fits into usize.
    let (columns, rows) = (picture.width as usize, picture.height as usize);
    let (wide, high) = (columns.next_multiple_of(2), rows.next_multiple_of(2));
    if (wide, high) == (columns, rows) {
        return Some(picture);
    }
    let mut pixels = Vec::with_capacity(wide * high * 3);
    for row in picture.pixels.chunks_exact(columns * 3) {
        pixels.extend_from_slice(row);
        if wide > columns {
            pixels.extend_from_within(pixels.len() - 3..);
        }
    }
    if high > rows {
        pixels.extend_from_within(pixels.len() - wide * 3..);
    }
    // OK to cast: a row of 2^32 pixels has more bytes than fit beside its copy in any memory.
    let (width, height) = (wide as u32, high as u32);
    Some(Cow::Owned(Picture { width, height, format: PixelFormat::Rgb8, pixels }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_sides_repeat_their_last_pixels() {
        let grey = Picture { width: 3, height: 1, format: PixelFormat::Mono8, pixels: vec![1, 2, 3] };
        let even = even_rgb(&grey).expect("grey can be coded");
        assert_eq!((even.width, even.height), (4, 2));
        let row = [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 3];
        assert_eq!(even.pixels, [row, row].concat());
    }

    #[test]
    fn what_is_even_stays_and_what_does_not_fit_is_refused() {
        let picture = Picture { width: 2, height: 2, format: PixelFormat::Rgb8, pixels: (0..12).collect() };
        assert!(matches!(even_rgb(&picture), Some(Cow::Borrowed(_))));
        assert!(even_rgb(&Picture { pixels: vec![0; 11], ..picture.clone() }).is_none());
        assert!(even_rgb(&Picture { format: PixelFormat::Mono16, ..picture }).is_none());
    }
}
