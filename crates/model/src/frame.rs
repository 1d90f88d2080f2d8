//! Pictures, and the trait through which checks and exports see them without knowing a codec.

use serde::{Deserialize, Serialize};

use crate::Nanos;

/// How pictures are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    /// AV1, one temporal unit per frame.
    Av1,
    /// H.264, one access unit per frame: Annex B in messages, length-prefixed in MP4.
    H264,
    /// H.265, as H.264.
    H265,
    /// One JPEG per frame.
    Jpeg,
    /// One JPEG XL per frame.
    JpegXl,
    /// One PNG per frame.
    Png,
    /// Rows of pixels, of the given encoding.
    Raw(PixelFormat),
    /// Depth in runs of zeros and differences (RVL), behind the header that ROS puts before it.
    Rvl,
    /// Something that this version cannot decode.
    Other,
}

impl Codec {
    /// The name in the frame index.
    pub fn name(self) -> &'static str {
        match self {
            Self::Av1 => "av1",
            Self::H264 => "h264",
            Self::H265 => "h265",
            Self::Jpeg => "jpeg",
            Self::JpegXl => "jpegxl",
            Self::Png => "png",
            Self::Raw(format) => format.name(),
            Self::Rvl => "rvl",
            Self::Other => "other",
        }
    }

    /// The codec of that name.
    pub fn from_name(name: &str) -> Self {
        match name {
            "av1" => Self::Av1,
            "h264" => Self::H264,
            "h265" => Self::H265,
            "jpeg" => Self::Jpeg,
            "jpegxl" => Self::JpegXl,
            "png" => Self::Png,
            "rvl" => Self::Rvl,
            name => PixelFormat::from_name(name).map_or(Self::Other, Self::Raw),
        }
    }

    /// Whether every frame stands for itself.
    pub const fn is_intra(self) -> bool {
        matches!(self, Self::Jpeg | Self::JpegXl | Self::Png | Self::Raw(_) | Self::Rvl)
    }
}

/// The layout of pixels, row by row, without padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PixelFormat {
    /// One byte: grey.
    Mono8,
    /// Two bytes, little-endian: grey or depth in millimetres.
    Mono16,
    /// Four bytes, little-endian float: depth in metres.
    Float32,
    /// Red, green, blue.
    Rgb8,
    /// Blue, green, red.
    Bgr8,
    /// Red, green, blue, alpha.
    Rgba8,
    /// Blue, green, red, alpha.
    Bgra8,
    /// Two pixels in four bytes: Y U Y V.
    Yuyv,
    /// Two pixels in four bytes: U Y V Y.
    Uyvy,
    /// A Bayer mosaic whose first row is red, green.
    BayerRggb8,
    /// A Bayer mosaic whose first row is blue, green.
    BayerBggr8,
    /// A Bayer mosaic whose first row is green, blue.
    BayerGbrg8,
    /// A Bayer mosaic whose first row is green, red.
    BayerGrbg8,
}

impl PixelFormat {
    const ALL: [Self; 13] = [
        Self::Mono8,
        Self::Mono16,
        Self::Float32,
        Self::Rgb8,
        Self::Bgr8,
        Self::Rgba8,
        Self::Bgra8,
        Self::Yuyv,
        Self::Uyvy,
        Self::BayerRggb8,
        Self::BayerBggr8,
        Self::BayerGbrg8,
        Self::BayerGrbg8,
    ];

    /// The name in the frame index.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mono8 => "mono8",
            Self::Mono16 => "mono16",
            Self::Float32 => "float32",
            Self::Rgb8 => "rgb8",
            Self::Bgr8 => "bgr8",
            Self::Rgba8 => "rgba8",
            Self::Bgra8 => "bgra8",
            Self::Yuyv => "yuyv",
            Self::Uyvy => "uyvy",
            Self::BayerRggb8 => "bayer_rggb8",
            Self::BayerBggr8 => "bayer_bggr8",
            Self::BayerGbrg8 => "bayer_gbrg8",
            Self::BayerGrbg8 => "bayer_grbg8",
        }
    }

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Bytes per pixel.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Mono8 | Self::BayerRggb8 | Self::BayerBggr8 | Self::BayerGbrg8 | Self::BayerGrbg8 => 1,
            Self::Mono16 | Self::Yuyv | Self::Uyvy => 2,
            Self::Rgb8 | Self::Bgr8 => 3,
            Self::Float32 | Self::Rgba8 | Self::Bgra8 => 4,
        }
    }
}

/// What is known of the pictures of a stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PictureInfo {
    /// How they are coded.
    pub codec: Codec,
    /// Pixels per row; `None` until a picture says so.
    pub width: Option<u32>,
    /// Rows.
    pub height: Option<u32>,
    /// The decoder's configuration as MP4 has it (`avcC`, `hvcC`, `av1C` content); empty where frames carry it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub config: Vec<u8>,
    /// Frames per second that the container declares.
    pub fps: Option<f64>,
}

/// A decoded picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels per row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// One of `Mono8`, `Mono16`, `Float32` and `Rgb8`: decoders convert everything else.
    pub format: PixelFormat,
    /// `height × width × format.bytes()` bytes.
    pub pixels: Vec<u8>,
}

/// A frame could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// There is no decoder for it in this build.
    #[error("no decoder for {0}")]
    Unsupported(String),
    /// The bytes are not what the codec asks for.
    #[error("{0}")]
    Damaged(String),
    /// It can only be decoded after frames that lie before the episode: a cut between two key frames, no damage.
    #[error("it needs frames from before the episode")]
    NeedsEarlier,
    /// The bytes could not be read from the recording.
    #[error("failed to read the frame: {0}")]
    Unreadable(String),
}

/// The pictures of one stream, in the order of time. One pass, bounded memory.
pub trait FrameSource {
    /// The next picture with its `t_ns`, or why that frame has none; `None` after the last.
    fn next_frame(&mut self) -> Option<(Nanos, Result<Picture, FrameError>)>;
}
