//! H.264, by Cisco's OpenH264.

use openh264::OpenH264API;
use openh264::decoder::{DecodeOptions, DecodedYUV, Decoder as OpenDecoder, DecoderConfig, Flush};
use openh264::formats::YUVSource;
use prairie_model::{FrameError, Nanos, Picture};

use crate::bits::Bits;
use crate::yuv::{Chroma, Matrix, Plane, Range, ToRgb, to_picture};
use crate::{Decoded, PictureDecoder, pixel_bytes};

/// More frames than a decoder may hold back (16, by H.264 A.3.1), with room for units without a picture.
const MOST_PENDING: usize = 32;

/// The units between start codes (H.264, B.1), without them.
pub(crate) fn annex_b(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = next_start(data).map(|at| &data[at + 3..]);
    std::iter::from_fn(move || {
        let unit = rest?;
        let (unit, after) = match next_start(unit) {
            Some(end) => (&unit[..end], Some(&unit[end + 3..])),
            None => (unit, None),
        };
        rest = after;
        // Zero bytes before the next start code belong to it.
        let end = unit.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        Some(&unit[..end])
    })
    .filter(|unit| !unit.is_empty())
}

fn next_start(data: &[u8]) -> Option<usize> {
    let mut at = 0;
    // Every third byte is enough: a start code has a byte of at most 1 at each of its places.
    while let Some(&byte) = data.get(at + 2) {
        match byte {
            1 if data[at] == 0 && data[at + 1] == 0 => return Some(at),
            0 => at += 1,
            _ => at += 3,
        }
    }
    None
}

/// The units after their lengths of `size` bytes; ends where a length is wrong.
fn prefixed(data: &[u8], size: usize) -> impl Iterator<Item = &[u8]> {
    let mut rest = data;
    std::iter::from_fn(move || {
        let (length, after) = rest.split_at_checked(size)?;
        let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        let (unit, after) = after.split_at_checked(length)?;
        rest = after;
        Some(unit)
    })
    .filter(|unit| !unit.is_empty())
}

/// Whether lengths of `size` bytes lead from unit to unit and end where the data ends.
fn adds_up(mut data: &[u8], size: usize) -> bool {
    while !data.is_empty() {
        let Some((length, after)) = data.split_at_checked(size) else { return false };
        let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        match after.get(length..) {
            Some(rest) if length > 0 => data = rest,
            _ => return false,
        }
    }
    true
}

/// The units of an access unit: by start codes where it opens with one, else by lengths of `size` bytes (4 where unknown).
pub(crate) fn units(data: &[u8], size: Option<usize>) -> Box<dyn Iterator<Item = &[u8]> + '_> {
    let size = size.unwrap_or(4);
    // A unit of 256 to 511 bytes has a length that begins as a start code does, 0 0 1: lengths that add up to the whole are
    // lengths. A length of one is not a unit of any use, so 0 0 0 1 is always a start code.
    let start_code = data.starts_with(&[0, 0, 0, 1]) || data.starts_with(&[0, 0, 1]) && !adds_up(data, size);
    if start_code { Box::new(annex_b(data)) } else { Box::new(prefixed(data, size)) }
}

/// What a sequence parameter set says of the pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Sequence {
    width: u32,
    height: u32,
    matrix: Matrix,
    range: Range,
}

/// Width and height after cropping, where the unit is a sequence parameter set.
pub(crate) fn sps_size(unit: &[u8]) -> Option<(u32, u32)> {
    sequence(unit).map(|sequence| (sequence.width, sequence.height))
}

/// Reads a sequence parameter set (H.264, 7.3.2.1.1 and E.1.1).
fn sequence(unit: &[u8]) -> Option<Sequence> {
    if unit.first()? & 0x1F != 7 {
        return None;
    }
    // The set fits into a few hundred bytes, scaling lists included.
    let payload = without_emulation(unit.get(1..unit.len().min(4096))?);
    let mut bits = Bits::new(&payload);
    let profile = bits.take(8)?;
    bits.skip(16)?;
    bits.ue()?;
    let mut chroma = 1;
    let mut separate = false;
    if matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135) {
        chroma = bits.ue()?;
        if chroma == 3 {
            separate = bits.bit()?;
        }
        bits.ue()?;
        bits.ue()?;
        bits.skip(1)?;
        if bits.bit()? {
            for list in 0..if chroma == 3 { 12 } else { 8 } {
                if bits.bit()? {
                    skip_scaling_list(&mut bits, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
    }
    bits.ue()?;
    match bits.ue()? {
        0 => drop(bits.ue()?),
        1 => {
            bits.skip(1)?;
            bits.se()?;
            bits.se()?;
            for _ in 0..bits.ue()?.min(255) {
                bits.se()?;
            }
        }
        _ => {}
    }
    bits.ue()?;
    bits.skip(1)?;
    let width_mbs = bits.ue()?.checked_add(1)?;
    let height_units = bits.ue()?.checked_add(1)?;
    let frames_only = bits.bit()?;
    if !frames_only {
        bits.skip(1)?;
    }
    bits.skip(1)?;
    let height_mbs = height_units.checked_mul(if frames_only { 1 } else { 2 })?;
    let (mut width, mut height) = (width_mbs.checked_mul(16)?, height_mbs.checked_mul(16)?);
    if bits.bit()? {
        let across = if !separate && matches!(chroma, 1 | 2) { 2 } else { 1 };
        let down = if !separate && chroma == 1 { 2 } else { 1 } * if frames_only { 1 } else { 2 };
        let [left, right, top, bottom] = [bits.ue()?, bits.ue()?, bits.ue()?, bits.ue()?];
        width = width.checked_sub(left.checked_add(right)?.checked_mul(across)?)?;
        height = height.checked_sub(top.checked_add(bottom)?.checked_mul(down)?)?;
    }
    let (matrix, range) = colours(&mut bits).unwrap_or((Matrix::Bt601, Range::Limited));
    Some(Sequence { width, height, matrix, range })
}

/// The colours of the video usability information; `None` where it says nothing.
fn colours(bits: &mut Bits<'_>) -> Option<(Matrix, Range)> {
    if !bits.bit()? {
        return None;
    }
    // Aspect ratio, 255 with its own numbers; overscan.
    if bits.bit()? && bits.take(8)? == 255 {
        bits.skip(32)?;
    }
    if bits.bit()? {
        bits.skip(1)?;
    }
    if !bits.bit()? {
        return None;
    }
    bits.skip(3)?;
    let range = if bits.bit()? { Range::Full } else { Range::Limited };
    let mut matrix = Matrix::Bt601;
    if bits.bit()? {
        bits.skip(16)?;
        matrix = match bits.take(8)? {
            0 => Matrix::Identity,
            1 => Matrix::Bt709,
            _ => Matrix::Bt601,
        };
    }
    Some((matrix, range))
}

fn skip_scaling_list(bits: &mut Bits<'_>, size: usize) -> Option<()> {
    let (mut last, mut next) = (8_i32, 8_i32);
    for _ in 0..size {
        if next != 0 {
            next = last.wrapping_add(bits.se()?).rem_euclid(256);
        }
        if next != 0 {
            last = next;
        }
    }
    Some(())
}

/// Drops the 3 of every 0 0 3.
fn without_emulation(data: &[u8]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(data.len());
    let mut zeros = 0;
    for &byte in data {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        payload.push(byte);
    }
    payload
}

/// What `avcC` says: bytes per length, and the parameter sets in Annex B (ISO/IEC 14496-15, 5.3.3.1.2).
fn configuration(config: &[u8]) -> Option<(usize, Vec<u8>)> {
    let size = usize::from(config.get(4)? & 3) + 1;
    let mut sets = Vec::new();
    let mut at = 5;
    for mask in [0x1F, 0xFF] {
        let count = config.get(at)? & mask;
        at += 1;
        for _ in 0..count {
            let length = usize::from(u16::from_be_bytes([*config.get(at)?, *config.get(at + 1)?]));
            sets.extend_from_slice(&[0, 0, 0, 1]);
            sets.extend_from_slice(config.get(at + 2..at + 2 + length)?);
            at += 2 + length;
        }
    }
    Some((size, sets))
}

/// Frames in, pictures out.
///
/// OpenH264 carries no times. It gives pictures in the order in which they are shown, so each picture takes the earliest time that
/// is still pending; and before every IDR frame, which nothing may be held back over, times and pictures are made even again.
pub(crate) struct Decoder {
    decoder: OpenDecoder,
    length_size: Option<usize>,
    /// Parameter sets that the next frame needs in front of it.
    sets: Vec<u8>,
    config_sets: Vec<u8>,
    convert: ToRgb,
    pending: Vec<Nanos>,
    unit: Vec<u8>,
}

impl Decoder {
    pub(crate) fn new(config: &[u8]) -> Result<Self, FrameError> {
        let (length_size, sets) = match config {
            [] => (None, Vec::new()),
            config => {
                let (size, sets) = configuration(config)
                    .ok_or_else(|| FrameError::Damaged(format!("the {} bytes of avcC are cut short", config.len())))?;
                (Some(size), sets)
            }
        };
        let mut this = Self {
            decoder: open()?,
            length_size,
            config_sets: sets.clone(),
            sets,
            convert: Matrix::Bt601.to_rgb(Range::Limited),
            pending: Vec::new(),
            unit: Vec::new(),
        };
        let sets = std::mem::take(&mut this.sets);
        annex_b(&sets).try_for_each(|set| this.observe(set))?;
        this.sets = sets;
        Ok(this)
    }

    /// Checks a parameter set before the decoder allocates what it asks for.
    fn observe(&mut self, unit: &[u8]) -> Result<(), FrameError> {
        if let Some(sequence) = sequence(unit) {
            pixel_bytes(sequence.width, sequence.height, 3)?;
            self.convert = sequence.matrix.to_rgb(sequence.range);
        }
        Ok(())
    }

    /// Writes the frame as Annex B into `self.unit`; true where it is an IDR frame.
    fn assemble(&mut self, data: &[u8]) -> Result<bool, FrameError> {
        self.unit.clear();
        self.unit.append(&mut self.sets.clone());
        let mut is_idr = false;
        let mut has_slice = false;
        for unit in units(data, self.length_size) {
            self.observe(unit)?;
            // OK to index: neither iterator gives an empty unit.
            let kind = unit[0] & 0x1F;
            is_idr |= kind == 5;
            has_slice |= matches!(kind, 1..=5);
            self.unit.extend_from_slice(&[0, 0, 0, 1]);
            self.unit.extend_from_slice(unit);
        }
        if has_slice {
            Ok(is_idr)
        } else {
            Err(FrameError::Damaged(format!("{} bytes without a slice of a picture", data.len())))
        }
    }

    fn decode(&mut self) -> Result<Option<Picture>, FrameError> {
        let options = DecodeOptions::new().flush_after_decode(Flush::NoFlush);
        match self.decoder.decode_with_options(&self.unit, options) {
            Ok(Some(yuv)) => picture(&yuv, &self.convert).map(Some),
            Ok(None) => Ok(None),
            Err(error) => {
                // What follows is advice to whoever debugs the decoder.
                let error = error.to_string();
                let why = error.split(". Backtraces").next().unwrap_or_default();
                Err(FrameError::Damaged(format!("OpenH264 refused it: {why}")))
            }
        }
    }

    fn earliest(&mut self) -> Option<Nanos> {
        (!self.pending.is_empty()).then(|| self.pending.remove(0))
    }

    /// Everything that the decoder holds back, and an error for every frame that it has swallowed.
    fn drain(&mut self) -> Vec<Decoded> {
        let left = match self.decoder.flush_remaining() {
            Ok(left) => left.iter().map(|yuv| picture(yuv, &self.convert)).collect(),
            // There was nothing to flush, or nothing that could be; the frames are reported below.
            Err(_) => Vec::new(),
        };
        let mut decoded = Vec::new();
        for picture in left {
            if let Some(t) = self.earliest() {
                decoded.push((t, picture));
            }
        }
        decoded.extend(self.pending.drain(..).map(|t| (t, Err(swallowed()))));
        decoded
    }
}

fn open() -> Result<OpenDecoder, FrameError> {
    OpenDecoder::with_api_config(OpenH264API::from_source(), DecoderConfig::new().flush_after_decode(Flush::NoFlush))
        .map_err(|error| FrameError::Unsupported(format!("H.264: the decoder did not start: {error}")))
}

fn swallowed() -> FrameError {
    FrameError::Damaged("OpenH264 gave no picture for it".to_owned())
}

fn picture(yuv: &DecodedYUV<'_>, convert: &ToRgb) -> Result<Picture, FrameError> {
    let (width, height) = yuv.dimensions();
    let (y, u, v) = yuv.strides();
    let too_large = |_| FrameError::Damaged(format!("a picture of {width} × {height} pixels"));
    let size = (u32::try_from(width).map_err(too_large)?, u32::try_from(height).map_err(too_large)?);
    let planes =
        [Plane { data: yuv.y(), stride: y }, Plane { data: yuv.u(), stride: u }, Plane { data: yuv.v(), stride: v }];
    to_picture(size, planes, Chroma::Half, convert)
}

impl PictureDecoder for Decoder {
    fn push(&mut self, t: Nanos, data: &[u8]) -> Vec<Decoded> {
        let is_idr = match self.assemble(data) {
            Ok(is_idr) => is_idr,
            Err(error) => return vec![(t, Err(error))],
        };
        let mut decoded = Vec::new();
        if is_idr && !self.pending.is_empty() {
            // Nothing before an IDR frame is shown after it. A decoder that was flushed runs out of pictures some frames
            // later, so it is replaced, wherever the new one gets parameter sets.
            if self.config_sets.is_empty() && !units(data, self.length_size).any(|unit| unit[0] & 0x1F == 7) {
                decoded = self.drain();
            } else {
                decoded = self.flush();
                if let Err(error) = self.assemble(data) {
                    decoded.push((t, Err(error)));
                    return decoded;
                }
            }
        }
        let at = self.pending.partition_point(|pending| *pending <= t);
        self.pending.insert(at, t);
        match self.decode() {
            Ok(None) => {}
            Ok(Some(picture)) => decoded.extend(self.earliest().map(|t| (t, Ok(picture)))),
            Err(error) => {
                // The same time may be pending twice; either will do.
                if let Some(at) = self.pending.iter().position(|pending| *pending == t) {
                    self.pending.remove(at);
                }
                decoded.push((t, Err(error)));
            }
        }
        self.sets.clear();
        if self.pending.len() > MOST_PENDING {
            decoded.extend(self.earliest().map(|t| (t, Err(swallowed()))));
        }
        decoded
    }

    fn flush(&mut self) -> Vec<Decoded> {
        let decoded = self.drain();
        // OpenH264 refuses frames after a flush in some states; a new decoder has none.
        if let Ok(decoder) = open() {
            self.decoder = decoder;
        }
        self.sets = self.config_sets.clone();
        decoded
    }
}
