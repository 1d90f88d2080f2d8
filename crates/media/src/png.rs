//! PNG: pictures out of it, also behind the header that ROS puts before depth ([`crate::depth`]), and pictures into it.

use std::io::Cursor;

use prairie_model::{FrameError, Picture, PixelFormat};

use crate::{EncodeError, MAX_PIXEL_BYTES, depth, pixel_bytes};

/// The first bytes of a PNG.
pub(crate) const MAGIC: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// The PNG, without a depth header in front of it.
pub(crate) fn body(data: &[u8]) -> Option<&[u8]> {
    [0, depth::HEADER].into_iter().filter_map(|at| data.get(at..)).find(|rest| rest.starts_with(&MAGIC))
}

/// Width and height, as IHDR says.
pub(crate) fn size(data: &[u8]) -> Option<(u32, u32)> {
    let head = body(data)?.get(12..24)?;
    let number = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    head.starts_with(b"IHDR").then(|| (number(4), number(8)))
}

/// Grey of up to 8 bits becomes `Mono8`, grey of 16 bits `Mono16`, everything else `Rgb8`; transparency is dropped, and colours
/// of 16 bits lose their lower half. With `is_float_depth` 16 bits become `Float32`.
pub(crate) fn decode(data: &[u8], is_float_depth: bool) -> Result<Picture, FrameError> {
    let damaged = |what: &str| FrameError::Damaged(format!("not a whole PNG of {} bytes: {what}", data.len()));
    let body = body(data).ok_or_else(|| damaged("it does not start as one"))?;
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(body), png::Limits { bytes: MAX_PIXEL_BYTES });
    decoder.set_transformations(png::Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    let (width, height) = decoder.read_header_info().map_err(|error| damaged(&error.to_string()))?.size();
    pixel_bytes(width, height, 4)?;
    let mut reader = decoder.read_info().map_err(|error| damaged(&error.to_string()))?;
    let bytes = reader.output_buffer_size().filter(|bytes| *bytes <= 2 * MAX_PIXEL_BYTES);
    let mut samples = vec![0; bytes.ok_or_else(|| damaged("too many bytes per pixel"))?];
    let info = reader.next_frame(&mut samples).map_err(|error| damaged(&error.to_string()))?;
    samples.truncate(info.buffer_size());

    let wide = info.bit_depth == png::BitDepth::Sixteen;
    let channels = info.color_type.samples();
    let (format, pixels) = match (channels, wide) {
        (1, false) => (PixelFormat::Mono8, samples),
        (2, false) => (PixelFormat::Mono8, samples.chunks_exact(2).map(|pixel| pixel[0]).collect()),
        (3, false) => (PixelFormat::Rgb8, samples),
        (1 | 2, true) => {
            // PNG is big-endian.
            let depth = samples.chunks_exact(2 * channels).flat_map(|pixel| [pixel[1], pixel[0]]).collect();
            (PixelFormat::Mono16, depth)
        }
        (_, false) => (PixelFormat::Rgb8, samples.chunks_exact(channels).flat_map(|p| [p[0], p[1], p[2]]).collect()),
        (_, true) => (PixelFormat::Rgb8, samples.chunks_exact(2 * channels).flat_map(|p| [p[0], p[2], p[4]]).collect()),
    };
    let picture = Picture { width, height, format, pixels };
    if !is_float_depth || format != PixelFormat::Mono16 {
        return Ok(picture);
    }
    let header = data.first_chunk::<{ depth::HEADER }>().filter(|_| body.len() + depth::HEADER == data.len());
    let header = header.ok_or_else(|| damaged("no depth header before it"))?;
    let pixels = depth::metres(&picture.pixels, depth::quantisation(header));
    Ok(Picture { format: PixelFormat::Float32, pixels, ..picture })
}

/// A PNG of the same pixels, of a picture of `Mono8` or `Rgb8`. Made to be fast rather than small.
///
/// # Errors
///
/// When the picture has another format, or not as many pixels as its size says.
pub fn encode(picture: &Picture) -> Result<Vec<u8>, EncodeError> {
    let color = match picture.format {
        PixelFormat::Rgb8 => png::ColorType::Rgb,
        PixelFormat::Mono8 => png::ColorType::Grayscale,
        other => return Err(EncodeError::Png(format!("{} has no place in it", other.name()))),
    };
    let failed = |error: png::EncodingError| EncodeError::Png(error.to_string());
    let mut data = Vec::with_capacity(picture.pixels.len() / 2);
    let mut encoder = png::Encoder::new(&mut data, picture.width, picture.height);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&picture.pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use png::{BitDepth, ColorType};

    #[test]
    fn what_is_encoded_is_the_same_picture() {
        let noise = |at: u32| (at.wrapping_mul(0x9e37_79b9) >> 24) as u8;
        for (format, channels) in [(PixelFormat::Rgb8, 3), (PixelFormat::Mono8, 1)] {
            let pixels = (0..37 * 21 * channels).map(noise).collect();
            let picture = Picture { width: 37, height: 21, format, pixels };
            let data = super::encode(&picture).unwrap();
            assert_eq!(decode(&data, false), Ok(picture.clone()));
            assert!(super::encode(&Picture { height: 22, ..picture.clone() }).is_err());
            assert!(super::encode(&Picture { format: PixelFormat::Mono16, ..picture }).is_err());
        }
    }

    fn encode(width: u32, height: u32, color: ColorType, depth: BitDepth, samples: &[u8]) -> Vec<u8> {
        let mut data = Vec::new();
        let mut encoder = png::Encoder::new(&mut data, width, height);
        encoder.set_color(color);
        encoder.set_depth(depth);
        if color == ColorType::Indexed {
            encoder.set_palette(vec![1, 2, 3, 4, 5, 6]);
        }
        encoder.write_header().unwrap().write_image_data(samples).unwrap();
        data
    }

    #[test]
    fn every_kind_becomes_one_of_the_formats() {
        use PixelFormat::{Mono8, Mono16, Rgb8};
        for (color, depth, samples, format, pixels) in [
            (ColorType::Grayscale, BitDepth::Eight, vec![7, 8], Mono8, vec![7, 8]),
            (ColorType::Grayscale, BitDepth::One, vec![0b0100_0000], Mono8, vec![0, 255]),
            (ColorType::GrayscaleAlpha, BitDepth::Eight, vec![7, 0, 8, 255], Mono8, vec![7, 8]),
            (ColorType::Grayscale, BitDepth::Sixteen, vec![1, 2, 3, 4], Mono16, vec![2, 1, 4, 3]),
            (ColorType::Indexed, BitDepth::One, vec![0b0100_0000], Rgb8, vec![1, 2, 3, 4, 5, 6]),
            (ColorType::Rgb, BitDepth::Eight, vec![1, 2, 3, 4, 5, 6], Rgb8, vec![1, 2, 3, 4, 5, 6]),
            (ColorType::Rgba, BitDepth::Eight, vec![1, 2, 3, 9, 4, 5, 6, 9], Rgb8, vec![1, 2, 3, 4, 5, 6]),
            (ColorType::Rgb, BitDepth::Sixteen, vec![1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0], Rgb8, vec![1, 2, 3, 4, 5, 6]),
        ] {
            let data = encode(2, 1, color, depth, &samples);
            let expected = Picture { width: 2, height: 1, format, pixels };
            assert_eq!(decode(&data, false), Ok(expected), "{color:?} {depth:?}");
            assert_eq!(size(&data), Some((2, 1)));
        }
    }

    #[test]
    fn ros_depth_in_millimetres_and_in_metres() {
        let depth = encode(2, 1, ColorType::Grayscale, BitDepth::Sixteen, &[0, 0, 3, 232]);
        let mut message = [0_i32.to_le_bytes(), 1000_f32.to_le_bytes(), 500_f32.to_le_bytes()].concat();
        message.extend_from_slice(&depth);
        assert_eq!(size(&message), Some((2, 1)));
        assert_eq!(decode(&message, false).map(|p| p.pixels), Ok(vec![0, 0, 232, 3]));
        let metres = decode(&message, true).expect("the header is there");
        let values: Vec<f32> =
            metres.pixels.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
        assert!(values[0].is_nan() && values[1] == 2.0, "{values:?}");
        assert!(decode(&depth, true).is_err(), "without a header nobody knows the unit");
    }

    #[test]
    fn cut_and_lying_files_are_errors() {
        let data =
            encode(16, 16, ColorType::Rgb, BitDepth::Eight, &(0..768).map(|i| (i * 31) as u8).collect::<Vec<_>>());
        let idat = data.windows(4).position(|window| window == b"IDAT").unwrap();
        for length in 0..idat + 40 {
            assert!(decode(&data[..length], false).is_err(), "{length} of {} bytes", data.len());
        }
        let mut huge = data;
        huge[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
        assert!(decode(&huge, false).is_err());
    }
}
