//! The video files of one camera: episodes one after the other, as long as their pictures are coded alike.

use prairie_model::Codec;
use serde_json::{Map, Value, json};

use super::{Files, VideoFrame};
use crate::FormatError;
use crate::mp4::{Mp4Writer, NewSample, TrackSpec};

/// Ticks per frame: divisible by every usual number of parts of a frame, as FFmpeg chooses.
const FRAME_TICKS: u32 = 512;

/// Bytes kept free in front for the description of the track: enough for about 3 minutes at 30 frames a second with reordering,
/// 8 minutes without. Longer files have it at their end.
const ROOM: u32 = 64 << 10;

/// Where an episode lies in the videos of a camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Placed {
    pub(super) number: u64,
    pub(super) from_s: f64,
    pub(super) to_s: f64,
}

/// The videos of one camera.
pub(super) struct Camera<W> {
    pub(super) key: String,
    open: Option<Mp4Writer<W>>,
    /// Number of the open file, or of the next.
    number: u64,
    /// Frames of the episode: which place in it each is shown at.
    shown: Vec<u32>,
    from_ticks: u64,
    from_bytes: u64,
    last_bytes: u64,
    /// What the first file says of its pictures.
    pub(super) described: Option<Map<String, Value>>,
}

impl<W: std::io::Write + std::io::Seek> Camera<W> {
    pub(super) fn new(key: String) -> Self {
        Self {
            key,
            open: None,
            number: 0,
            shown: Vec::new(),
            from_ticks: 0,
            from_bytes: 0,
            last_bytes: 0,
            described: None,
        }
    }

    /// Writes one frame. The first of an episode decides which file the episode goes into.
    pub(super) fn push<F: Files<File = W>>(
        &mut self,
        files: &mut F,
        path: impl Fn(u64) -> String,
        fps: u32,
        limit: u64,
        frame: &VideoFrame<'_>,
    ) -> Result<(), FormatError> {
        let key = self.key.clone();
        let unsupported = |why: String| Err(FormatError::Unsupported(format!("camera `{key}`: {why}")));
        if self.shown.is_empty() {
            if !frame.key_frame {
                return unsupported("an episode must begin with a key frame".to_owned());
            }
            self.begin(files, path, fps, limit, frame)?;
        }
        let at = self.shown.len();
        let Some(writer) = &mut self.open else { return unsupported("no file is open".to_owned()) };
        let spec = writer.spec();
        if spec.config != frame.config
            || spec.codec != frame.codec
            || (spec.width, spec.height) != (frame.width, frame.height)
        {
            return unsupported(format!("the decoder configuration changes at frame {at} of an episode"));
        }
        let late = i64::from(frame.shown_at) - at as i64;
        let Ok(composition_offset) = i32::try_from(late * i64::from(FRAME_TICKS)) else {
            return unsupported(format!("frame {at} is shown {late} frames later"));
        };
        writer.push(&NewSample {
            bytes: frame.bytes,
            duration: FRAME_TICKS,
            composition_offset,
            key_frame: frame.key_frame,
        })?;
        self.shown.push(frame.shown_at);
        Ok(())
    }

    fn begin<F: Files<File = W>>(
        &mut self,
        files: &mut F,
        path: impl Fn(u64) -> String,
        fps: u32,
        limit: u64,
        frame: &VideoFrame<'_>,
    ) -> Result<(), FormatError> {
        let spec = TrackSpec {
            codec: frame.codec,
            width: frame.width,
            height: frame.height,
            config: frame.config.to_vec(),
            timescale: fps * FRAME_TICKS,
        };
        // The last episode stands for the size of this one.
        let full = |writer: &Mp4Writer<W>| writer.spec() != &spec || writer.bytes() + self.last_bytes >= limit;
        if let Some(writer) = self.open.take_if(|writer| full(writer)) {
            writer.finish()?;
            self.number += 1;
        }
        if self.open.is_none() {
            let path = path(self.number);
            let out = files.create(&path).map_err(|source| FormatError::Write { what: "a video file", source })?;
            self.described.get_or_insert_with(|| describe(&spec, fps));
            self.open = Some(Mp4Writer::new(out, spec, ROOM)?);
        }
        if let Some(writer) = &self.open {
            (self.from_ticks, self.from_bytes) = (writer.time(), writer.bytes());
        }
        Ok(())
    }

    /// Ends the episode of `rows` rows.
    pub(super) fn end(&mut self, fps: u32, rows: usize) -> Result<Placed, FormatError> {
        let mut shown = std::mem::take(&mut self.shown);
        shown.sort_unstable();
        let frames = shown.len();
        let places = shown.iter().zip(0..).all(|(shown, place): (&u32, u32)| *shown == place);
        if frames != rows || !places {
            let what = if frames == rows { "shown more than once, or not at all" } else { "as many as there are rows" };
            let why = format!("camera `{}`: {frames} frames for {rows} rows, or places {what}", self.key);
            return Err(FormatError::Unsupported(why));
        }
        let Some(writer) = &self.open else {
            return Err(FormatError::Unsupported(format!("camera `{}`: no frame was written", self.key)));
        };
        self.last_bytes = writer.bytes() - self.from_bytes;
        let scale = f64::from(fps * FRAME_TICKS);
        let seconds = |ticks: u64| ticks as f64 / scale;
        Ok(Placed { number: self.number, from_s: seconds(self.from_ticks), to_s: seconds(writer.time()) })
    }

    /// Closes the last file.
    pub(super) fn finish(self) -> Result<(), FormatError> {
        if let Some(writer) = self.open {
            writer.finish()?;
        }
        Ok(())
    }
}

/// What LeRobot's `info` of a video feature says.
fn describe(spec: &TrackSpec, fps: u32) -> Map<String, Value> {
    let codec = match spec.codec {
        Codec::H265 => "hevc",
        other => other.name(),
    };
    let (format, channels) = pixel_format(spec);
    let facts = [
        ("video.height", json!(spec.height)),
        ("video.width", json!(spec.width)),
        ("video.codec", json!(codec)),
        ("video.pix_fmt", json!(format)),
        ("video.is_depth_map", json!(false)),
        ("video.fps", json!(fps)),
        ("video.channels", json!(channels)),
        ("has_audio", json!(false)),
        ("is_depth_map", json!(false)),
    ];
    facts.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// FFmpeg's name of the layout of pixels, and the number of colours, as the decoder configuration says.
fn pixel_format(spec: &TrackSpec) -> (String, u32) {
    let byte = |at: usize| spec.config.get(at).copied();
    // Chroma format (0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4) and bits per sample.
    let (chroma, depth) = match spec.codec {
        Codec::Av1 => {
            let bits = byte(2).unwrap_or(0x0c);
            let chroma = match (bits >> 4 & 1, bits >> 3 & 1, bits >> 2 & 1) {
                (1, _, _) => 0,
                (0, 1, 1) => 1,
                (0, 1, 0) => 2,
                _ => 3,
            };
            (
                chroma,
                if bits & 0x40 == 0 {
                    8
                } else if bits & 0x20 == 0 {
                    10
                } else {
                    12
                },
            )
        }
        Codec::H265 => (byte(16).map_or(1, |byte| byte & 3), byte(17).map_or(8, |byte| 8 + (byte & 7))),
        // The last four bytes of the record, in the profiles that have more than 4:2:0 and 8 bits.
        Codec::H264 if matches!(byte(1), Some(100 | 110 | 122 | 144 | 244)) => {
            let tail = spec.config.len().checked_sub(4).and_then(|at| spec.config.get(at..)).unwrap_or_default();
            match tail {
                [chroma, luma, _, 0] if chroma & 0xfc == 0xfc && luma & 0xf8 == 0xf8 => (chroma & 3, 8 + (luma & 7)),
                _ => (1, 8),
            }
        }
        _ => (1, 8),
    };
    let base = ["gray", "yuv420p", "yuv422p", "yuv444p"][usize::from(chroma)];
    let name = if depth == 8 { base.to_owned() } else { format!("{base}{depth}le") };
    (name, if chroma == 0 { 1 } else { 3 })
}
