//! What the bytes of a frame are, without decoding them.

use prairie_model::Codec;

use crate::{av1, h264, jpeg, jpegxl, png, rvl};

/// The codec of a frame whose stream does not say, by its first bytes: JPEG, JPEG XL, PNG (also behind a ROS depth header), H.264 or
/// H.265 in Annex B. [`Codec::Other`] where nothing fits; raw pixels and AV1 look like nothing in particular.
pub fn sniff(data: &[u8]) -> Codec {
    if data.starts_with(&[0xFF, 0xD8, 0xFF]) {
        return Codec::Jpeg;
    }
    if png::body(data).is_some() {
        return Codec::Png;
    }
    if jpegxl::is_jpeg_xl(data) {
        return Codec::JpegXl;
    }
    let mut units = h264::annex_b(data).peekable();
    if !data.starts_with(&[0, 0, 1]) && !data.starts_with(&[0, 0, 0, 1]) || units.peek().is_none() {
        return Codec::Other;
    }
    // Access unit delimiters, parameter sets and slices open an access unit: types 1, 5 to 9 in H.264; types 0 to 21, 32 to 35
    // and 39 in H.265, whose header has a second byte with a temporal id from 1 to 7. A byte such as 0x40 (VPS of H.265) has
    // the H.264 type 0, which nothing has.
    let is_h265 = |unit: &[u8]| {
        let (Some(&first), Some(&second)) = (unit.first(), unit.get(1)) else {
            return false;
        };
        let kind = first >> 1 & 0x3F;
        first & 0x81 == 0 && second & 0xF8 == 0 && second & 7 != 0 && matches!(kind, 0..=21 | 32..=35 | 39)
    };
    let is_h264 =
        |unit: &[u8]| unit.first().is_some_and(|first| first & 0x80 == 0 && matches!(first & 0x1F, 1 | 5..=9));
    let units: Vec<&[u8]> = units.take(8).collect();
    let parameter_set = |unit: &&[u8]| unit.first().is_some_and(|first| matches!(first >> 1 & 0x3F, 32..=34));
    if units.iter().all(|unit| is_h265(unit)) && (units.iter().any(parameter_set) || !units.iter().all(|u| is_h264(u)))
    {
        Codec::H265
    } else if units.iter().any(|unit| is_h264(unit)) {
        Codec::H264
    } else {
        Codec::Other
    }
}

/// Whether a frame is a file of its own that common programs decode to pixels of eight bits: JPEG in grey or colour, or PNG of up to
/// eight bits a channel.
pub fn is_common(codec: Codec, data: &[u8]) -> bool {
    match codec {
        Codec::Jpeg => jpeg::header(data).is_some_and(|header| matches!(header.components, 1 | 3)),
        // The depth of a channel stands behind both sizes.
        Codec::Png => data.starts_with(&png::MAGIC) && data.get(24).is_some_and(|bits| *bits <= 8),
        _ => false,
    }
}

/// Width and height, where the frame says: every JPEG, JPEG XL and PNG, key frames of H.264 and AV1.
pub fn probe(codec: Codec, data: &[u8]) -> Option<(u32, u32)> {
    match codec {
        Codec::Jpeg => jpeg::header(data).map(|header| (header.width, header.height)),
        Codec::JpegXl => jpegxl::size(data),
        Codec::Png => png::size(data),
        Codec::Rvl => rvl::size(data),
        Codec::H264 => h264::units(data, None).find_map(h264::sps_size),
        Codec::Av1 => av1::sequence_size(data),
        Codec::H265 | Codec::Raw(_) | Codec::Other => None,
    }
    .filter(|(width, height)| *width > 0 && *height > 0)
}

/// Whether decoding can start at this frame. For codecs that this version does not know the answer is no.
pub fn is_key_frame(codec: Codec, data: &[u8]) -> bool {
    match codec {
        Codec::Jpeg | Codec::JpegXl | Codec::Png | Codec::Raw(_) | Codec::Rvl => true,
        Codec::H264 => h264::units(data, None).any(|unit| unit.first().is_some_and(|first| first & 0x1F == 5)),
        // IRAP pictures: BLA, IDR and CRA.
        Codec::H265 => {
            h264::units(data, None).any(|unit| unit.first().is_some_and(|first| matches!(first >> 1 & 0x3F, 16..=21)))
        }
        Codec::Av1 => av1::is_key_frame(data),
        Codec::Other => false,
    }
}
