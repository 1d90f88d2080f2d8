//! Pictures: codec bitstreams to pixels, pixels to codec bitstreams.
//!
//! ```text
//!   bytes of one frame ─ sniff, probe, is_key_frame ─▶ what they are, without decoding
//!
//!   PictureInfo ─ decoder ─▶ PictureDecoder ◀─ push(t, bytes) … flush()
//!                                  └─▶ (t, Picture) …           av1 · h264 · jpeg · jpegxl · png · raw · rvl
//!   Picture ─ scale ─ even_rgb ─ H264Encoder ─▶ access unit (Annex B)
//!   Picture ─ rgb ─▶ pixels in colour ─ png::encode ─▶ a PNG of the same pixels
//!   Picture, Picture ─ ssim, psnr ─▶ how much was lost
//! ```
//!
//! A [`Picture`] is rows of `Mono8`, `Mono16`, `Float32` or `Rgb8`; every decoder converts to one of them. A decoder sees the
//! frames of one stream in the order in which they were recorded, and gives pictures in the order in which they are shown:
//! several frames may go in before the first picture comes out.
//!
//! ```
//! use prairie_media::{H264Encoder, H264Settings, decoder};
//! use prairie_model::{Codec, Nanos, Picture, PictureInfo, PixelFormat};
//!
//! let grey = Picture { width: 64, height: 48, format: PixelFormat::Rgb8, pixels: vec![128; 64 * 48 * 3] };
//! let mut encoder = H264Encoder::new(H264Settings { width: 64, height: 48, fps: 30.0, ..H264Settings::default() })?;
//! let unit = encoder.encode(&grey)?;
//! assert!(unit.is_key);
//!
//! let info = PictureInfo { codec: Codec::H264, width: None, height: None, config: Vec::new(), fps: None };
//! let mut decoder = decoder(&info)?;
//! let mut pictures = decoder.push(Nanos(0), &unit.data);
//! pictures.extend(decoder.flush());
//! assert_eq!(pictures.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! It does not read containers (that is `formats`), does not know streams or episodes, and has no decoder for
//! H.265.
//!
//! **Invariant:** a size that a frame claims is checked against [`MAX_SIDE`] and [`MAX_PIXEL_BYTES`] before anything of that
//! size is allocated here.
//!
//! **Invariant:** a frame that is cut short is an error, never a picture whose missing part is grey. (A JPEG that lost its middle
//! and kept its end marker cannot be told from a whole one by its decoder.)

mod av1;
mod bits;
mod depth;
mod error;
mod even;
mod h264;
mod h264_encode;
mod jpeg;
mod jpegxl;
pub mod png;
mod probe;
mod quality;
pub mod raw;
mod rvl;
mod scale;
mod yuv;

use prairie_model::{Codec, FrameError, Nanos, Picture, PictureInfo};

pub use error::EncodeError;
pub use even::{even_rgb, rgb};
pub use h264_encode::{AccessUnit, H264Encoder, H264Settings};
pub use probe::{is_common, is_key_frame, probe, sniff};
pub use quality::{luma, psnr, ssim};
pub use scale::scale;

/// The largest width or height.
pub const MAX_SIDE: u32 = 16_384;

/// The most bytes that the pixels of one picture may have: 8192 × 8192 of four bytes.
pub const MAX_PIXEL_BYTES: usize = 256 << 20;

/// What became of one frame: its time, and its picture or why it has none.
pub type Decoded = (Nanos, Result<Picture, FrameError>);

/// Turns the frames of one stream into pictures.
///
/// Every frame that was pushed comes back exactly once, from a `push` or from `flush`: as a picture or as an error.
pub trait PictureDecoder: Send {
    /// Takes the next frame, recorded at `t`, and gives the pictures that are now complete, in the order in which they are
    /// shown.
    fn push(&mut self, t: Nanos, data: &[u8]) -> Vec<Decoded>;

    /// Gives what is left after the last frame. The decoder then starts anew, as before a key frame.
    fn flush(&mut self) -> Vec<Decoded>;
}

/// A decoder for the pictures of one stream.
///
/// [`PictureInfo::config`] holds what MP4 holds (`avcC`, `av1C`). For [`Codec::Raw`] it may hold [`raw::Layout::config`], and
/// for [`Codec::Png`] and [`Codec::Rvl`] the `format` text of a ROS message, which tells float depth.
pub fn decoder(info: &PictureInfo) -> Result<Box<dyn PictureDecoder>, FrameError> {
    Ok(match info.codec {
        Codec::Av1 => Box::new(av1::Decoder::new(&info.config)?),
        Codec::H264 => Box::new(h264::Decoder::new(&info.config)?),
        Codec::Jpeg => Box::new(Intra(jpeg::decode)),
        Codec::JpegXl => Box::new(Intra(jpegxl::decode)),
        Codec::Png => {
            let is_float = depth::is_float(&info.config);
            Box::new(Intra(move |data: &[u8]| png::decode(data, is_float)))
        }
        Codec::Rvl => {
            let is_float = depth::is_float(&info.config);
            Box::new(Intra(move |data: &[u8]| rvl::decode(data, is_float)))
        }
        Codec::Raw(format) => {
            let layout = raw::Layout::new(format, info)?;
            Box::new(Intra(move |data: &[u8]| layout.decode(data)))
        }
        Codec::H265 => return Err(FrameError::Unsupported("H.265".to_owned())),
        Codec::Other => return Err(FrameError::Unsupported("this kind of picture".to_owned())),
    })
}

/// A codec whose every frame stands for itself.
struct Intra<F>(F);

impl<F: FnMut(&[u8]) -> Result<Picture, FrameError> + Send> PictureDecoder for Intra<F> {
    fn push(&mut self, t: Nanos, data: &[u8]) -> Vec<Decoded> {
        vec![(t, (self.0)(data))]
    }

    fn flush(&mut self) -> Vec<Decoded> {
        Vec::new()
    }
}

/// Bytes of the pixels of a picture of that size, where the size is within bounds.
fn pixel_bytes(width: u32, height: u32, bytes_per_pixel: usize) -> Result<usize, FrameError> {
    if width == 0 || height == 0 {
        return Err(FrameError::Damaged(format!("the picture has no pixels ({width} × {height})")));
    }
    // OK to cast and multiply: both sides are at most 2^14 where the product is used, and bytes per pixel at most 4.
    let bytes = width as usize * height as usize * bytes_per_pixel;
    if width > MAX_SIDE || height > MAX_SIDE || bytes > MAX_PIXEL_BYTES {
        return Err(FrameError::Damaged(format!(
            "the picture claims {width} × {height} pixels, more than {MAX_SIDE} a side or {MAX_PIXEL_BYTES} bytes"
        )));
    }
    Ok(bytes)
}
