//! JPEG XL, by `jxl`: codestreams as they are, and in their container.

use jxl::api::{Event, JxlColorType, JxlDataFormat, JxlDecoder, JxlDecoderOptions, JxlOutputBuffer, JxlPixelFormat};
use prairie_model::{FrameError, Picture, PixelFormat};

use crate::{MAX_PIXEL_BYTES, pixel_bytes};

/// How a codestream begins, and a container.
const CODESTREAM: [u8; 2] = [0xFF, 0x0A];
const CONTAINER: [u8; 12] = *b"\0\0\0\x0cJXL \r\n\x87\n";

/// Samples that a picture may have: its colours and as many channels beside them, four bytes each while they are decoded.
const SAMPLES_MAX: usize = MAX_PIXEL_BYTES / 2;

/// Whether bytes begin as JPEG XL.
pub(crate) fn is_jpeg_xl(data: &[u8]) -> bool {
    data.starts_with(&CODESTREAM) || data.starts_with(&CONTAINER)
}

/// A decoder that has read the header of `data`, and what is left of it.
fn begin(data: &[u8]) -> Result<(JxlDecoder, &[u8]), String> {
    if !is_jpeg_xl(data) {
        return Err("it does not start as one".to_owned());
    }
    let mut options = JxlDecoderOptions::default();
    options.sample_limit = Some(SAMPLES_MAX);
    let mut decoder = JxlDecoder::new(options);
    let mut rest = data;
    match decoder.process(&mut rest, None, None) {
        Ok(Event::BasicInfo) => Ok((decoder, rest)),
        Ok(_) => Err("it ends before its size".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Width and height, as the header says.
pub(crate) fn size(data: &[u8]) -> Option<(u32, u32)> {
    let (decoder, _) = begin(data).ok()?;
    let (width, height) = decoder.basic_info()?.size;
    Some((u32::try_from(width).ok()?, u32::try_from(height).ok()?))
}

/// Grey becomes `Mono8`, everything else `Rgb8`; transparency is dropped, and more than eight bits are rounded. Of several pictures
/// it is the first.
pub(crate) fn decode(data: &[u8]) -> Result<Picture, FrameError> {
    let damaged = |what: &str| FrameError::Damaged(format!("not a whole JPEG XL of {} bytes: {what}", data.len()));
    let (mut decoder, mut rest) = begin(data).map_err(|why| damaged(&why))?;
    let info = decoder.basic_info().ok_or_else(|| damaged("no size in its header"))?;
    let (extra, size) = (info.extra_channels.len(), info.size);
    let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
    let (width, height) = (side(size.0), side(size.1));
    let is_grey = decoder.current_pixel_format().is_some_and(|format| format.color_type.is_grayscale());
    let (format, colour) = match is_grey {
        true => (PixelFormat::Mono8, JxlColorType::Grayscale),
        false => (PixelFormat::Rgb8, JxlColorType::Rgb),
    };
    let bytes = pixel_bytes(width, height, format.bytes())?;
    let wanted = JxlPixelFormat {
        color_type: colour,
        color_data_format: Some(JxlDataFormat::U8 { bit_depth: 8 }),
        extra_channel_format: vec![None; extra],
    };
    decoder.set_pixel_format(wanted).map_err(|error| damaged(&error.to_string()))?;
    let mut pixels = vec![0; bytes];
    loop {
        let out = JxlOutputBuffer::new(&mut pixels, size.1, size.0 * format.bytes());
        match decoder.process(&mut rest, Some(&mut [out]), None) {
            Ok(Event::FrameComplete { .. }) => return Ok(Picture { width, height, format, pixels }),
            Ok(Event::BasicInfo | Event::FrameHeader) => {}
            Ok(Event::NeedMoreInput { .. } | Event::Complete) => return Err(damaged("it ends before its pixels")),
            Err(error) => return Err(damaged(&error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 16 × 8 pixels without loss, by libjxl: red counts columns times 16, green rows times 32, blue is 7.
    const COLOUR: &[u8] = include_bytes!("../tests/data/gradient.jxl");
    /// The same, grey: columns times 16.
    const GREY: &[u8] = include_bytes!("../tests/data/grey.jxl");

    #[test]
    fn pictures_without_loss_are_what_they_were() {
        let pixels: Vec<u8> =
            (0..8).flat_map(|y| (0..16).flat_map(move |x| [x * 16, y * 32, 7])).map(|value: u32| value as u8).collect();
        let expected = Picture { width: 16, height: 8, format: PixelFormat::Rgb8, pixels };
        assert_eq!(decode(COLOUR), Ok(expected));
        let pixels: Vec<u8> = (0..8).flat_map(|_| (0..16).map(|x| x * 16)).collect();
        assert_eq!(decode(GREY), Ok(Picture { width: 16, height: 8, format: PixelFormat::Mono8, pixels }));
        assert_eq!((size(COLOUR), size(GREY)), (Some((16, 8)), Some((16, 8))));
    }

    #[test]
    fn cut_and_changed_files_are_errors_or_pictures_of_their_size() {
        for data in [COLOUR, GREY] {
            for length in 0..data.len() {
                assert!(decode(&data[..length]).is_err(), "{length} of {} bytes", data.len());
            }
            for at in 0..data.len() * 8 {
                let mut changed = data.to_vec();
                changed[at / 8] ^= 1 << (at % 8);
                if let Ok(Picture { width, height, format, pixels }) = decode(&changed) {
                    assert_eq!(pixels.len(), width as usize * height as usize * format.bytes());
                }
            }
        }
    }
}
