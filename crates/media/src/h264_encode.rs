//! H.264 out of pictures, by Cisco's OpenH264.

use std::ffi::c_int;
use std::num::NonZeroU32;

use openh264::OpenH264API;
use openh264::encoder::{
    BitRate, Complexity, Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, QpRange, RateControlMode,
    UsageType, VuiConfig,
};
use openh264::formats::YUVSlices;
use prairie_model::{Picture, PixelFormat};

use crate::EncodeError;
use crate::yuv::from_rgb;

/// How pictures are encoded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct H264Settings {
    /// Pixels per row; even, 16 to 3840.
    pub width: u32,
    /// Rows; even, 16 to 2160 (3840 where the width is at most 2160).
    pub height: u32,
    /// Frames per second. It goes into the rate control only; times belong to the container.
    pub fps: f32,
    /// Quantization, the same for every frame: 12 (best) to 51. Each 6 halve the precision.
    pub qp: u8,
    /// Frames from one key frame to the next.
    pub key_interval: NonZeroU32,
}

impl Default for H264Settings {
    /// 640 × 480 at 30 fps, quantization 24, a key frame every 30 frames.
    fn default() -> Self {
        let key_interval = NonZeroU32::MIN.saturating_add(29);
        Self { width: 640, height: 480, fps: 30.0, qp: 24, key_interval }
    }
}

/// One encoded frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessUnit {
    /// Annex B; parameter sets come before every key frame.
    pub data: Vec<u8>,
    /// Whether decoding can start here.
    pub is_key: bool,
}

/// Keeps the encoder from writing to the standard error: it warns of settings that are meant (no skipped frames, a bit rate that
/// is only a bound) before the level of its configuration is in force.
#[expect(unsafe_code, reason = "OpenH264 has this option, and the crate has no other way to it before the first frame")]
fn silence(encoder: &mut Encoder) {
    // `WELS_LOG_QUIET`.
    let mut quiet: c_int = 0;
    // 25 is `ENCODER_OPTION_TRACE_LEVEL` of `codec_app_def.h`. Sound because the option copies one `int`, and the encoder relies
    // on no trace. A refusal would only mean more text.
    let _refused = unsafe { encoder.raw_api().set_option(25, (&raw mut quiet).cast()) };
}

/// Pictures in, access units out, one for one: no frame is held back, skipped or shown in another order. Colour is BT.601 of
/// limited range with 4:2:0 chroma, and says so.
///
/// The same pictures and settings give the same bytes on the same machine: one thread, constant quantization.
pub struct H264Encoder {
    encoder: Encoder,
    settings: H264Settings,
    planes: Vec<u8>,
    frames: u64,
}

impl std::fmt::Debug for H264Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("H264Encoder")
            .field("settings", &self.settings)
            .field("frames", &self.frames)
            .finish_non_exhaustive()
    }
}

impl H264Encoder {
    /// An encoder for one stream.
    pub fn new(settings: H264Settings) -> Result<Self, EncodeError> {
        let H264Settings { width, height, .. } = settings;
        let (long, short) = (width.max(height), width.min(height));
        if width % 2 != 0 || height % 2 != 0 || short < 16 || long > 3840 || short > 2160 {
            return Err(EncodeError::Size { width, height });
        }
        let qp = settings.qp.clamp(12, 51);
        let config = EncoderConfig::new()
            .usage_type(UsageType::CameraVideoRealTime)
            .complexity(Complexity::Medium)
            // With both ends the same the quality mode is a constant quantization; the bit rate is only an upper bound.
            .rate_control_mode(RateControlMode::Quality)
            .qp(QpRange::new(qp, qp))
            .bitrate(BitRate::from_bps(200_000_000))
            .max_frame_rate(FrameRate::from_hz(settings.fps.clamp(1.0, 60.0)))
            .intra_frame_period(IntraFramePeriod::from_num_frames(settings.key_interval.get()))
            .scene_change_detect(false)
            .adaptive_quantization(false)
            .background_detection(false)
            .skip_frames(false)
            .num_threads(1)
            .vui(VuiConfig::bt601());
        let mut encoder = Encoder::with_api_config(OpenH264API::from_source(), config)
            .map_err(|source| EncodeError::Encoder { frame: 0, source })?;
        silence(&mut encoder);
        Ok(Self { encoder, settings, planes: Vec::new(), frames: 0 })
    }

    /// Encodes the next picture: `Rgb8` or `Mono8`, of the size that was set.
    pub fn encode(&mut self, picture: &Picture) -> Result<AccessUnit, EncodeError> {
        let H264Settings { width, height, .. } = self.settings;
        // OK to cast: the size was checked to be at most 3840.
        let (columns, rows) = (width as usize, height as usize);
        let is_fit = (picture.width, picture.height) == (width, height)
            && picture.pixels.len() == columns * rows * picture.format.bytes();
        match picture.format {
            PixelFormat::Rgb8 if is_fit => from_rgb(columns, rows, &picture.pixels, &mut self.planes),
            PixelFormat::Mono8 if is_fit => {
                let rgb: Vec<u8> = picture.pixels.iter().flat_map(|grey| [*grey; 3]).collect();
                from_rgb(columns, rows, &rgb, &mut self.planes);
            }
            format => {
                return Err(EncodeError::Mismatch {
                    picture: format!(
                        "{} × {} of {} in {} bytes",
                        picture.width,
                        picture.height,
                        format.name(),
                        picture.pixels.len()
                    ),
                    settings: format!("{width} × {height} of rgb8 or mono8"),
                });
            }
        }
        let frame = self.frames;
        let (y, chroma) = self.planes.split_at(columns * rows);
        let (u, v) = chroma.split_at(columns * rows / 4);
        let source = YUVSlices::new((y, u, v), (columns, rows), (columns, columns / 2, columns / 2));
        let stream = self.encoder.encode(&source).map_err(|source| EncodeError::Encoder { frame, source })?;
        self.frames += 1;
        Ok(AccessUnit { data: stream.to_vec(), is_key: matches!(stream.frame_type(), FrameType::IDR) })
    }

    /// Makes the next frame a key frame.
    pub fn force_key_frame(&mut self) {
        self.encoder.force_intra_frame();
    }
}
