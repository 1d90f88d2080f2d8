//! Picture decoders. The input of the codecs with memory is frames: `length (2 bytes, little-endian) bytes`, again and again.

use prairie_media::{decoder, is_key_frame, probe, sniff};
use prairie_model::{Codec, Nanos, Picture, PictureInfo, PixelFormat};

/// Frames that one input may hold.
const FRAMES_MAX: usize = 16;
/// A side that one frame may claim here, so that a decoder's own memory does not hide what is looked for.
const SIDE_MAX: u32 = 1024;

pub(crate) fn jpeg(data: &[u8]) {
    intra(Codec::Jpeg, data);
}

pub(crate) fn jpegxl(data: &[u8]) {
    intra(Codec::JpegXl, data);
}

pub(crate) fn png(data: &[u8]) {
    intra(Codec::Png, data);
}

/// The first byte chooses whether depth is in metres.
pub(crate) fn rvl(data: &[u8]) {
    let Some((is_float, data)) = data.split_first() else { return };
    if probe(Codec::Rvl, data).is_some_and(|(width, height)| width > SIDE_MAX || height > SIDE_MAX) {
        return;
    }
    let config = if is_float & 1 == 1 { b"32FC1; compressedDepth rvl".to_vec() } else { Vec::new() };
    let info = PictureInfo { codec: Codec::Rvl, width: None, height: None, config, fps: None };
    let Ok(mut decoder) = decoder(&info) else { return };
    check(&decoder.push(Nanos(0), data));
}

pub(crate) fn h264(data: &[u8]) {
    frames(Codec::H264, data);
}

pub(crate) fn av1(data: &[u8]) {
    frames(Codec::Av1, data);
}

/// The first bytes choose format, size and step.
pub(crate) fn raw(data: &[u8]) {
    const FORMATS: [PixelFormat; 13] = [
        PixelFormat::Mono8,
        PixelFormat::Mono16,
        PixelFormat::Float32,
        PixelFormat::Rgb8,
        PixelFormat::Bgr8,
        PixelFormat::Rgba8,
        PixelFormat::Bgra8,
        PixelFormat::Yuyv,
        PixelFormat::Uyvy,
        PixelFormat::BayerRggb8,
        PixelFormat::BayerBggr8,
        PixelFormat::BayerGbrg8,
        PixelFormat::BayerGrbg8,
    ];
    let Some(([format, width, height, step, big], rows)) = data.split_first_chunk() else { return };
    // OK to index: the remainder is below the number of formats.
    let format = FORMATS[usize::from(*format) % FORMATS.len()];
    let config = prairie_media::raw::Layout::config((*step).into(), *big != 0);
    let (width, height) = (Some((*width).into()), Some((*height).into()));
    let info = PictureInfo { codec: Codec::Raw(format), width, height, config, fps: None };
    let Ok(mut decoder) = decoder(&info) else { return };
    check(&decoder.push(Nanos(0), rows));
}

fn intra(codec: Codec, data: &[u8]) {
    sniff(data);
    // A size within bounds is allowed to cost that much memory; here it only slows the search.
    if probe(codec, data).is_some_and(|(width, height)| width > SIDE_MAX || height > SIDE_MAX) {
        return;
    }
    let info = PictureInfo { codec, width: None, height: None, config: Vec::new(), fps: None };
    let Ok(mut decoder) = decoder(&info) else { return };
    check(&decoder.push(Nanos(0), data));
    assert!(decoder.flush().is_empty(), "every frame stands for itself");
}

/// Every frame that goes in comes out once, as a picture or as an error.
fn frames(codec: Codec, data: &[u8]) {
    let info = PictureInfo { codec, width: None, height: None, config: Vec::new(), fps: None };
    let Ok(mut decoder) = decoder(&info) else { return };
    let mut out = Vec::new();
    let mut rest = data;
    let mut pushed = 0;
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_le_bytes(*length)).min(after.len());
        let (frame, after) = after.split_at(length);
        rest = after;
        is_key_frame(codec, frame);
        if probe(codec, frame).is_some_and(|(width, height)| width > SIDE_MAX || height > SIDE_MAX) {
            break;
        }
        let decoded = decoder.push(Nanos(pushed), frame);
        check(&decoded);
        out.extend(decoded.into_iter().map(|(t, _)| t));
        pushed += 1;
        if pushed == FRAMES_MAX as i64 {
            break;
        }
    }
    let decoded = decoder.flush();
    check(&decoded);
    out.extend(decoded.into_iter().map(|(t, _)| t));
    out.sort();
    assert_eq!(out, (0..pushed).map(Nanos).collect::<Vec<_>>(), "frames in are frames out");
}

fn check(decoded: &[prairie_media::Decoded]) {
    for (_, picture) in decoded {
        if let Ok(Picture { width, height, format, pixels }) = picture {
            // OK to cast and multiply: a side is at most 2^14, and a pixel at most 4 bytes.
            assert_eq!(pixels.len(), *width as usize * *height as usize * format.bytes());
        }
    }
}
