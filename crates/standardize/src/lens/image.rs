//! Pictures: ROS and Foxglove images, raw, compressed, and as video. Their bytes stay where they are.

use arrow::array::{Array, Float64Array, StringArray, UInt32Array};
use prairie_model::{BlobRef, Codec, Compression, Hash256, PictureInfo, PixelFormat, StreamKind};

use super::{Input, Lens, has_word};
use crate::part::{Part, split_by_text};

/// Colour and grey pictures, and depth: told apart by the encoding, or by the topic where the encoding leaves it open.
#[derive(Debug)]
pub(crate) struct Image;

impl Lens for Image {
    fn name(&self) -> &'static str {
        "image"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &[
            "foxglove/CompressedImage",
            "foxglove/CompressedVideo",
            "foxglove/RawImage",
            "sensor_msgs/CompressedImage",
            "sensor_msgs/Image",
        ]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        pictures(input, "")
    }
}

/// The pictures whose `data`, and `format` or `encoding`, are at `prefix`.
pub(super) fn pictures(input: &Input<'_>, prefix: &str) -> Vec<Part> {
    let path = |name: &str| format!("{prefix}{name}");
    let Some(blobs) = input.blobs(&path("data")) else { return Vec::new() };
    let (looks, blobs): (Vec<Look>, Vec<BlobRef>) = if let Some(formats) = input.texts(&path("format")) {
        compressed(&formats, &input.channel.topic).zip(blobs).map(|(look, blob)| (look, skip(blob, look.skip))).unzip()
    } else if let Some(encodings) = input.texts(&path("encoding")) {
        raw(&encodings, &input.channel.topic).zip(blobs).unzip()
    } else if let Some(look) = look_of_topic(input, prefix) {
        blobs.into_iter().map(|blob| (look, blob)).unzip()
    } else {
        return Vec::new();
    };
    let Some(first) = looks.first().copied() else { return Vec::new() };
    // Which end of a number comes first is a fact about the camera: the first picture tells it for all.
    let big_endian = input.numbers(&path("is_bigendian")).is_some_and(|big| big.is_valid(0) && big.value(0) != 0.0);
    let codec: StringArray = looks.iter().map(|look| Some(look.codec.name())).collect();
    let kinds: StringArray = looks.iter().map(|look| Some(if look.depth { "depth" } else { "image" })).collect();
    let size = |name: &str, whole: Option<Float64Array>| {
        // OK to cast: a float becomes the nearest u32, and what is no size becomes null.
        let other = if name == "width" { "cols" } else { "rows" };
        let size = whole.or_else(|| input.numbers(&path(name))).or_else(|| input.numbers(&path(other)))?;
        let size = size.iter().map(|size| size.filter(|size| *size >= 1.0 && *size <= 1e6).map(|size| size as u32));
        Some(size.collect::<UInt32Array>())
    };
    let (width, height) = (size("width", None), size("height", None));
    let of_first = |sizes: &Option<UInt32Array>| sizes.as_ref().filter(|s| s.is_valid(0)).map(|s| s.value(0));
    let picture = PictureInfo {
        codec: first.codec,
        width: of_first(&width),
        height: of_first(&height),
        config: match first.codec {
            Codec::Raw(PixelFormat::Mono16 | PixelFormat::Float32) if big_endian => BIG_ENDIAN.to_vec(),
            // How depth was quantised stands before each picture; that it was, only the text tells.
            Codec::Png | Codec::Rvl if first.is_quantised => {
                input.texts(&path("format")).map_or_else(Vec::new, |formats| formats.value(0).as_bytes().to_vec())
            }
            _ => Vec::new(),
        },
        fps: None,
    };
    let mut part = frames(StreamKind::Image, &blobs, codec)
        .header(input.stamp())
        .frame(input.first_frame())
        .with("width", width)
        .with("height", height);
    part.facts.picture = Some(picture);
    let split = split_by_text(&part, &kinds, |part, kind| {
        // Both kinds have the columns of frames.
        part.kind = if kind == "depth" { StreamKind::Depth } else { StreamKind::Image };
    });
    let alone = split.len() == 1;
    split
        .into_iter()
        .map(|part| if alone || part.kind != StreamKind::Depth { part } else { part.suffix("depth") })
        .collect()
}

/// A part that points to `blobs`.
pub(super) fn frames(kind: StreamKind, blobs: &[BlobRef], codec: StringArray) -> Part {
    use arrow::array::{BinaryArray, BooleanArray, UInt64Array};
    let longs = |of: fn(&BlobRef) -> u64| Some(UInt64Array::from_iter_values(blobs.iter().map(of)));
    let key_frame: BooleanArray = blobs
        .iter()
        .zip(codec.iter())
        .map(|(blob, codec)| match Codec::from_name(codec.unwrap_or_default()).is_intra() {
            true => Some(true),
            false => blob.key_frame,
        })
        .collect();
    let sha256: BinaryArray = blobs.iter().map(|blob| blob.sha256.as_ref().map(Hash256::as_bytes)).collect();
    Part::new(kind, blobs.len())
        .with("codec", Some(codec))
        .with("key_frame", Some(key_frame))
        .with("file", Some(UInt32Array::from_iter_values(blobs.iter().map(|blob| blob.file))))
        .with("chunk_offset", longs(|blob| blob.chunk_offset))
        .with("chunk_length", longs(|blob| blob.chunk_length))
        .with("compression", Some(StringArray::from_iter_values(blobs.iter().map(|blob| blob.compression.name()))))
        .with("inner_offset", longs(|blob| blob.inner_offset))
        .with("length", longs(|blob| blob.length))
        .with("sha256", Some(sha256))
}

/// What pictures are whose messages state no format: bytes beside a size, on a topic that names a codec
/// (`/camera/color/compressed/jpg`).
fn look_of_topic(input: &Input<'_>, prefix: &str) -> Option<Look> {
    let has = |names: &[&str]| names.iter().any(|name| input.numbers(&format!("{prefix}{name}")).is_some());
    if !(has(&["width", "cols", "columns"]) && has(&["height", "rows"])) {
        return None;
    }
    let topic = &input.channel.topic;
    let codec =
        ["jpg", "jpeg", "png", "h264", "h265", "hevc", "av1"].into_iter().find(|codec| has_word(topic, &[*codec]))?;
    Some(compressed_look(codec, has_word(topic, &["depth"]), has_word(topic, &["color", "colour", "rgb"])))
}

/// What one picture is.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Look {
    codec: Codec,
    depth: bool,
    /// Bytes before the picture.
    skip: u64,
    /// Whether depth in metres was quantised, by numbers in the header before the picture.
    is_quantised: bool,
}

/// Bytes that ROS's `compressedDepth` puts before its PNG: a format and two parameters, four bytes each.
const DEPTH_HEADER_BYTES: u64 = 12;

fn compressed(formats: &StringArray, topic: &str) -> impl Iterator<Item = Look> {
    let about_depth = has_word(topic, &["depth"]);
    let about_colour = has_word(topic, &["color", "colour", "rgb"]);
    let mut last: Option<(String, Look)> = None;
    formats.iter().map(move |format| {
        let format = format.unwrap_or_default();
        if let Some((seen, look)) = &last
            && seen == format
        {
            return *look;
        }
        let look = compressed_look(format, about_depth, about_colour);
        last = Some((format.to_owned(), look));
        look
    })
}

fn compressed_look(format: &str, about_depth: bool, about_colour: bool) -> Look {
    let format = format.to_ascii_lowercase();
    let says_depth = format.starts_with("16uc1") || format.starts_with("32fc1");
    if format.contains("compresseddepth") {
        let codec = if format.contains("rvl") { Codec::Rvl } else { Codec::Png };
        // A PNG of 16 bits holds the depth itself; the others need what is in the header.
        let is_quantised = format.starts_with("32fc1");
        let skip = if codec == Codec::Png && !is_quantised { DEPTH_HEADER_BYTES } else { 0 };
        return Look { codec, depth: true, skip, is_quantised };
    }
    let any = |names: &[&str]| names.iter().any(|name| format.contains(name));
    let codec = if any(&["jpeg", "jpg"]) {
        Codec::Jpeg
    } else if any(&["png"]) {
        Codec::Png
    } else if any(&["h264", "avc"]) {
        Codec::H264
    } else if any(&["h265", "hevc"]) {
        Codec::H265
    } else if any(&["av1"]) {
        Codec::Av1
    } else {
        Codec::Other
    };
    let depth = says_depth || (about_depth && (codec == Codec::Png || !about_colour));
    Look { codec, depth, skip: 0, is_quantised: false }
}

/// The decoder's configuration of raw pictures whose numbers begin with their higher end: four bytes for the length of a row,
/// of which zero leaves it to the length of the frame, then one for the order. Rows with padding need no telling.
const BIG_ENDIAN: [u8; 5] = [0, 0, 0, 0, 1];

fn raw<'a>(encodings: &'a StringArray, topic: &str) -> impl Iterator<Item = Look> + 'a {
    let about_depth = has_word(topic, &["depth"]);
    encodings.iter().map(move |encoding| {
        let encoding = encoding.unwrap_or_default().trim().to_ascii_lowercase();
        let depth = matches!(&*encoding, "32fc1" | "16uc1") || (about_depth && encoding == "mono16");
        Look { codec: pixel_format(&encoding).map_or(Codec::Other, Codec::Raw), depth, skip: 0, is_quantised: false }
    })
}

/// The pixel format that ROS calls `encoding`, in lower case.
fn pixel_format(encoding: &str) -> Option<PixelFormat> {
    Some(match encoding {
        "rgb8" => PixelFormat::Rgb8,
        "bgr8" | "8uc3" => PixelFormat::Bgr8,
        "rgba8" => PixelFormat::Rgba8,
        "bgra8" | "8uc4" => PixelFormat::Bgra8,
        "mono8" | "8uc1" => PixelFormat::Mono8,
        "mono16" | "16uc1" => PixelFormat::Mono16,
        "32fc1" => PixelFormat::Float32,
        "yuv422_yuy2" | "yuyv" | "yuy2" => PixelFormat::Yuyv,
        "yuv422" | "uyvy" => PixelFormat::Uyvy,
        "bayer_rggb8" => PixelFormat::BayerRggb8,
        "bayer_bggr8" => PixelFormat::BayerBggr8,
        "bayer_gbrg8" => PixelFormat::BayerGbrg8,
        "bayer_grbg8" => PixelFormat::BayerGrbg8,
        _ => return None,
    })
}

/// `blob` without its first `bytes`; all of it where it is shorter.
fn skip(mut blob: BlobRef, bytes: u64) -> BlobRef {
    if bytes == 0 || blob.length < bytes {
        return blob;
    }
    blob.length -= bytes;
    match blob.compression {
        // An uncompressed blob is its own chunk, unless a reader points into a larger one.
        Compression::None if blob.inner_offset == 0 && blob.chunk_length == blob.length + bytes => {
            blob.chunk_offset += bytes;
            blob.chunk_length -= bytes;
        }
        _ => blob.inner_offset += bytes,
    }
    blob
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::lens;
    use serde_json::{Value, json};

    fn raw_image(encoding: &str, step: u32, big_endian: u8) -> Value {
        json!({"header": {"frame_id": "cam"}, "height": 2, "width": 4, "encoding": encoding, "is_bigendian": big_endian,
            "step": step, "data": {"$b": step * 2}})
    }

    #[test]
    fn raw_pictures() {
        for (encoding, step, big_endian, kind, codec) in [
            ("rgb8", 12, 0, "image", "rgb8"),
            ("8UC1", 4, 0, "image", "mono8"),
            ("bgr8", 16, 0, "image", "bgr8"),
            ("16UC1", 8, 0, "depth", "mono16"),
            ("16UC1", 8, 1, "depth", "mono16"),
            ("32FC1", 16, 0, "depth", "float32"),
            ("bayer_rggb8", 4, 1, "image", "bayer_rggb8"),
            ("nonsense", 4, 0, "image", "other"),
        ] {
            let text = lens("sensor_msgs/msg/Image", "/camera/image", json!([raw_image(encoding, step, big_endian)]));
            let expect = format!("/camera/image {kind} frame=cam\n  0 codec=\"{codec}\" width=4 height=2 ");
            assert!(text.starts_with(&expect), "{encoding} {step} {big_endian}: {text}");
        }
    }

    #[test]
    fn compressed_pictures() {
        for (topic, format, kind, codec, length) in [
            ("/cam/compressed", "jpeg", "image", "jpeg", 100),
            ("/cam/compressed", "rgb8; jpeg compressed bgr8", "image", "jpeg", 100),
            ("/cam/compressed", "png", "image", "png", 100),
            ("/cam/depth/png", "png", "depth", "png", 100),
            ("/depth_camera/color", "jpeg", "image", "jpeg", 100),
            ("/cam/compressedDepth", "16UC1; compressedDepth", "depth", "png", 88),
            ("/cam/compressedDepth", "32FC1; compressedDepth", "depth", "png", 100),
            ("/cam/compressedDepth", "16UC1; compressedDepth rvl", "depth", "rvl", 100),
            ("/cam/compressedDepth", "32FC1; compressedDepth rvl", "depth", "rvl", 100),
            ("/cam", "h264", "image", "h264", 100),
            ("/cam", "hevc", "image", "h265", 100),
            ("/cam", "webp", "image", "other", 100),
        ] {
            let text = lens("sensor_msgs/CompressedImage", topic, json!([{"format": format, "data": {"$b": 100}}]));
            let intra = if matches!(codec, "jpeg" | "png" | "rvl") { " key_frame=true" } else { "" };
            let skipped = 100 - length;
            let expect = format!(
                "{topic} {kind}\n  0 codec=\"{codec}\"{intra} inner_offset={skipped} length={length}\n1 = 1 + 0 + 0\n"
            );
            assert_eq!(text, expect, "{format}");
        }
    }

    #[test]
    fn a_topic_may_name_the_codec() {
        let message = json!([{"rows": 2, "cols": 4, "channels": 3, "step": 12, "data": {"$b": 100}}]);
        let text = lens("acme.Image", "/camera/depth/compressed/png/cam_1", message.clone());
        let expect = "/camera/depth/compressed/png/cam_1 depth\n  0 codec=\"png\" width=4 height=2 key_frame=true inner_offset=0 length=100\n";
        assert_eq!(text, format!("{expect}1 = 1 + 0 + 0\n"));
        assert!(lens("acme.Image", "/camera/cam_1", message).contains(" vector "), "nothing says what the bytes are");
    }

    #[test]
    fn an_uncompressed_blob_loses_its_first_bytes_as_a_chunk() {
        let blob = BlobRef {
            file: 0,
            chunk_offset: 1000,
            chunk_length: 50,
            compression: Compression::None,
            inner_offset: 0,
            length: 50,
            key_frame: None,
            sha256: None,
        };
        assert_eq!(skip(blob, 12), BlobRef { chunk_offset: 1012, chunk_length: 38, length: 38, ..blob });
        assert_eq!(skip(BlobRef { length: 5, ..blob }, 12).length, 5, "too short to hold a header");
        let zipped = BlobRef { compression: Compression::Zstd, ..blob };
        assert_eq!(skip(zipped, 12), BlobRef { inner_offset: 12, length: 38, ..zipped });
    }
}
