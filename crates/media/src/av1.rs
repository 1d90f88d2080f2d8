//! AV1, by `re_rav1d`.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use prairie_model::{FrameError, Nanos, Picture};
use re_rav1d::dav1d::pixel::{MatrixCoefficients, YUVRange};
use re_rav1d::dav1d::{self, PixelLayout, PlanarImageComponent, Settings};

use crate::bits::Bits;
use crate::yuv::{Chroma, Matrix, Plane, Range, to_picture};
use crate::{Decoded, MAX_PIXEL_BYTES, PictureDecoder, pixel_bytes};

const SEQUENCE_HEADER: u8 = 1;
const FRAME_HEADER: u8 = 3;
const FRAME: u8 = 6;

/// The units of a temporal unit (AV1, 5.3): type and payload. Ends where a length is wrong.
fn units(data: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = data;
    std::iter::from_fn(move || {
        let (&header, mut after) = rest.split_first()?;
        if header & 0x80 != 0 {
            return None;
        }
        if header & 4 != 0 {
            after = after.get(1..)?;
        }
        let length = if header & 2 != 0 { leb128(&mut after)? } else { after.len() };
        let (payload, after) = after.split_at_checked(length)?;
        rest = after;
        Some((header >> 3 & 0xF, payload))
    })
}

fn leb128(data: &mut &[u8]) -> Option<usize> {
    let mut value = 0_u64;
    for at in 0..8 {
        let (&byte, after) = data.split_first()?;
        *data = after;
        value |= u64::from(byte & 0x7F) << (7 * at);
        if byte & 0x80 == 0 {
            return usize::try_from(value).ok();
        }
    }
    None
}

/// What a sequence header says (AV1, 5.5.1), as far as it is needed.
struct Sequence {
    is_still: bool,
    size: (u32, u32),
}

fn sequence(payload: &[u8]) -> Option<Sequence> {
    let mut bits = Bits::new(payload);
    bits.skip(3 + 1)?;
    let is_still = bits.bit()?;
    if is_still {
        bits.skip(5)?;
    } else {
        let mut buffer_delay_bits = None;
        if bits.bit()? {
            bits.skip(64)?;
            if bits.bit()? {
                uvlc(&mut bits)?;
            }
            if bits.bit()? {
                buffer_delay_bits = Some(bits.take(5)? + 1);
                bits.skip(32 + 5 + 5)?;
            }
        }
        let has_display_delay = bits.bit()?;
        for _ in 0..=bits.take(5)? {
            bits.skip(12)?;
            if bits.take(5)? > 7 {
                bits.skip(1)?;
            }
            if let Some(delay_bits) = buffer_delay_bits
                && bits.bit()?
            {
                bits.skip(2 * delay_bits + 1)?;
            }
            if has_display_delay && bits.bit()? {
                bits.skip(4)?;
            }
        }
    }
    let (width_bits, height_bits) = (bits.take(4)? + 1, bits.take(4)? + 1);
    Some(Sequence { is_still, size: (bits.take(width_bits)? + 1, bits.take(height_bits)? + 1) })
}

/// An unsigned number of variable length (AV1, 4.10.3).
fn uvlc(bits: &mut Bits<'_>) -> Option<()> {
    let mut zeros = 0;
    while !bits.bit()? {
        zeros += 1;
    }
    if zeros < 32 { bits.skip(zeros) } else { Some(()) }
}

/// Width and height, where the temporal unit has a sequence header.
pub(crate) fn sequence_size(data: &[u8]) -> Option<(u32, u32)> {
    units(data)
        .find(|(kind, _)| *kind == SEQUENCE_HEADER)
        .and_then(|(_, payload)| sequence(payload))
        .map(|found| found.size)
}

/// Whether the first frame is a key frame: its header starts with `show_existing_frame` (0) and a `frame_type` of 0.
pub(crate) fn is_key_frame(data: &[u8]) -> bool {
    let mut is_still = false;
    for (kind, payload) in units(data) {
        match kind {
            SEQUENCE_HEADER => is_still = sequence(payload).is_some_and(|found| found.is_still),
            FRAME_HEADER | FRAME => return is_still || payload.first().is_some_and(|first| first & 0xE0 == 0),
            _ => {}
        }
    }
    false
}

/// The number of a temporal unit, and its picture.
type Shown = (i64, Result<Picture, FrameError>);

/// Temporal units in, pictures out. Each carries its number through the decoder, so that no time goes astray.
pub(crate) struct Decoder {
    /// `None` after the decoder panicked.
    decoder: Option<dav1d::Decoder>,
    /// `configOBUs` of `av1C`: units that the first frame needs in front of it.
    config: Vec<u8>,
    is_fresh: bool,
    pushed: i64,
    pending: VecDeque<(i64, Nanos)>,
}

impl Decoder {
    pub(crate) fn new(config: &[u8]) -> Result<Self, FrameError> {
        let config = match config {
            [] => Vec::new(),
            [marker, _, _, _, units @ ..] if marker & 0x80 != 0 => units.to_vec(),
            other => return Err(FrameError::Damaged(format!("the {} bytes of av1C do not start as one", other.len()))),
        };
        if let Some((width, height)) = sequence_size(&config) {
            pixel_bytes(width, height, 3)?;
        }
        Ok(Self { decoder: Some(open()?), config, is_fresh: true, pushed: 0, pending: VecDeque::new() })
    }

    /// Sends a temporal unit and takes what comes out.
    fn decode(&mut self, data: Vec<u8>) -> Result<Vec<Shown>, FrameError> {
        let number = self.pushed;
        let Some(decoder) = &mut self.decoder else {
            return Err(FrameError::Damaged("the AV1 decoder broke down at an earlier frame".to_owned()));
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut pictures = Vec::new();
            let mut sent = decoder.send_data(data, None, Some(number), None);
            loop {
                match decoder.get_picture() {
                    Ok(picture) => pictures.push((picture.timestamp().unwrap_or(number), convert(&picture))),
                    Err(dav1d::Error::Again) => match sent {
                        Err(dav1d::Error::Again) => sent = decoder.send_pending_data(),
                        Err(error) => return Err(refused(error)),
                        Ok(()) => return Ok(pictures),
                    },
                    Err(error) => return Err(refused(error)),
                }
            }
        }));
        outcome.unwrap_or_else(|_| {
            // Whatever state it is in, nothing of it may run again, not even its destructor.
            if let Some(broken) = self.decoder.take() {
                std::mem::forget(broken);
            }
            Err(FrameError::Damaged("the AV1 decoder broke down at this frame".to_owned()))
        })
    }

    /// The frames before number `end` that have no picture yet.
    fn overdue(&mut self, end: i64) -> Vec<Decoded> {
        let count = self.pending.iter().take_while(|(number, _)| *number < end).count();
        let lost = self.pending.drain(..count);
        lost.map(|(_, t)| (t, Err(FrameError::Damaged("no picture is shown for it".to_owned())))).collect()
    }
}

fn open() -> Result<dav1d::Decoder, FrameError> {
    let mut settings = Settings::new();
    // One thread and no delay: a unit in, a picture out, and the caller decides what runs beside it.
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    // OK to cast: 2^28 / 3 is a u32.
    settings.set_frame_size_limit((MAX_PIXEL_BYTES / 3) as u32);
    dav1d::Decoder::with_settings(&settings)
        .map_err(|error| FrameError::Unsupported(format!("AV1: the decoder did not start: {error}")))
}

fn refused(error: dav1d::Error) -> FrameError {
    match error {
        dav1d::Error::UnsupportedBitstream => FrameError::Unsupported("AV1 of more than 8 bits".to_owned()),
        error => FrameError::Damaged(format!("rav1d refused it: {error}")),
    }
}

fn convert(picture: &dav1d::Picture) -> Result<Picture, FrameError> {
    if picture.bit_depth() != 8 {
        return Err(FrameError::Unsupported(format!("AV1 of {} bits", picture.bit_depth())));
    }
    let chroma = match picture.pixel_layout() {
        PixelLayout::I400 => Chroma::None,
        PixelLayout::I420 => Chroma::Half,
        PixelLayout::I422 => Chroma::HalfColumns,
        PixelLayout::I444 => Chroma::Full,
    };
    let matrix = match picture.matrix_coefficients() {
        MatrixCoefficients::Identity => Matrix::Identity,
        MatrixCoefficients::BT709 => Matrix::Bt709,
        _ => Matrix::Bt601,
    };
    let range = if picture.color_range() == YUVRange::Full { Range::Full } else { Range::Limited };
    let grey = chroma == Chroma::None;
    // A grey picture has one plane only.
    let component = |wanted| picture.plane(if grey { PlanarImageComponent::Y } else { wanted });
    let planes = [PlanarImageComponent::Y, PlanarImageComponent::U, PlanarImageComponent::V].map(component);
    // OK to cast: u32 fits into usize on every platform that has room for a picture.
    let stride = |wanted| picture.stride(wanted) as usize;
    let strides = [stride(PlanarImageComponent::Y), stride(PlanarImageComponent::U), stride(PlanarImageComponent::V)];
    let plane = |at: usize| Plane { data: &planes[at], stride: strides[at] };
    to_picture((picture.width(), picture.height()), [plane(0), plane(1), plane(2)], chroma, &matrix.to_rgb(range))
}

impl PictureDecoder for Decoder {
    fn push(&mut self, t: Nanos, data: &[u8]) -> Vec<Decoded> {
        if data.is_empty() {
            return vec![(t, Err(FrameError::Damaged("a frame of no bytes".to_owned())))];
        }
        let mut bytes = Vec::with_capacity(data.len());
        if std::mem::take(&mut self.is_fresh) {
            bytes.extend_from_slice(&self.config);
        }
        bytes.extend_from_slice(data);
        self.pending.push_back((self.pushed, t));
        let outcome = self.decode(bytes);
        self.pushed += 1;
        match outcome {
            Ok(pictures) => {
                let mut decoded = Vec::new();
                for (number, picture) in pictures {
                    decoded.extend(self.overdue(number));
                    // A second picture of one unit has no time of its own: an operating point with layers.
                    if self.pending.front().is_some_and(|(pending, _)| *pending == number) {
                        decoded.extend(self.pending.pop_front().map(|(_, t)| (t, picture)));
                    }
                }
                decoded
            }
            Err(error) => {
                let mut decoded = self.overdue(self.pushed - 1);
                self.pending.clear();
                decoded.push((t, Err(error)));
                decoded
            }
        }
    }

    fn flush(&mut self) -> Vec<Decoded> {
        let decoded = self.overdue(self.pushed);
        self.is_fresh = true;
        if let Some(decoder) = &mut self.decoder {
            decoder.flush();
        }
        decoded
    }
}
