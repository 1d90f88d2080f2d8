//! JPEG, by `zune-jpeg`.

use prairie_model::{FrameError, Picture, PixelFormat};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::{MAX_SIDE, pixel_bytes};

/// What the markers before the first scan say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Samples per pixel: 1 grey, 3 colour, 4 CMYK.
    pub(crate) components: u8,
    /// Where the first scan's data starts; `None` where the bytes end before.
    scan_start: Option<usize>,
}

/// Walks from marker to marker (ITU T.81, B.1.1).
pub(crate) fn header(data: &[u8]) -> Option<Header> {
    if !data.starts_with(&[0xFF, 0xD8]) {
        return None;
    }
    let mut frame = None;
    let mut at = 2;
    while let (Some(&prefix), Some(&marker)) = (data.get(at), data.get(at + 1)) {
        if prefix != 0xFF || marker == 0xFF || marker == 0 {
            // Fill bytes, or bytes that do not belong there.
            at += 1;
            continue;
        }
        at += 2;
        if matches!(marker, 0x01 | 0xD0..=0xD8) {
            continue;
        }
        let (Some(&high), Some(&low)) = (data.get(at), data.get(at + 1)) else {
            break;
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        match marker {
            // SOF, without DHT (C4), JPG (C8) and DAC (CC).
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) && frame.is_none() => {
                let body = data.get(at + 2..at + 8)?;
                frame = Some(Header {
                    height: u32::from(u16::from_be_bytes([body[1], body[2]])),
                    width: u32::from(u16::from_be_bytes([body[3], body[4]])),
                    components: body[5],
                    scan_start: None,
                });
            }
            0xDA => return frame.map(|frame| Header { scan_start: Some(at + length), ..frame }),
            0xD9 => break,
            _ => {}
        }
        at += length.max(2);
    }
    frame
}

/// Grey becomes `Mono8`, everything else `Rgb8`.
pub(crate) fn decode(data: &[u8]) -> Result<Picture, FrameError> {
    let damaged = |what: &str| FrameError::Damaged(format!("not a whole JPEG of {} bytes: {what}", data.len()));
    let header = header(data).ok_or_else(|| damaged("no size in its header"))?;
    let (format, space) = match header.components {
        1 => (PixelFormat::Mono8, ColorSpace::Luma),
        3 | 4 => (PixelFormat::Rgb8, ColorSpace::RGB),
        other => return Err(damaged(&format!("{other} components"))),
    };
    let bytes = pixel_bytes(header.width, header.height, format.bytes())?;
    let scans =
        header.scan_start.and_then(|start| data.get(start..)).ok_or_else(|| damaged("it ends before its pixels"))?;
    // The decoder fills up with grey what is missing at the end. Cameras may pad behind the end marker.
    if !scans.windows(2).rev().any(|pair| pair == [0xFF, 0xD9]) {
        return Err(damaged("it has no end marker"));
    }
    let decode = |is_strict| {
        let options = DecoderOptions::default()
            .set_strict_mode(is_strict)
            .set_max_width(MAX_SIDE as usize)
            .set_max_height(MAX_SIDE as usize)
            .jpeg_set_out_colorspace(space);
        let mut pixels = vec![0; bytes];
        JpegDecoder::new_with_options(ZCursor::new(data), options).decode_into(&mut pixels).map(|()| pixels)
    };
    // Bytes between headers hurt nothing, but strict decoding stops at them.
    let pixels = decode(true).or_else(|error| {
        let text = format!("{error:?}");
        if text.contains("Extra bytes between headers") {
            decode(false).map_err(|e| format!("{e:?}"))
        } else {
            Err(text)
        }
    });
    let pixels = pixels.map_err(|text| damaged(&text))?;
    Ok(Picture { width: header.width, height: header.height, format, pixels })
}
