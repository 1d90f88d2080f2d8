//! H.264 and H.265 as byte streams (Annex B: start codes), turned into what MP4 holds: units with their length in front, and
//! parameter sets in a configuration record.
//!
//! ```text
//!   00 00 00 01 SPS · 00 00 00 01 PPS · 00 00 01 IDR    ─ config ─▶ avcC      ─ length_prefixed ─▶ 00 00 12 34 IDR
//! ```

use prairie_model::Codec;

/// The units between start codes, without trailing zeros.
pub fn units(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = after_start_code(bytes);
    std::iter::from_fn(move || {
        loop {
            let unit = rest?;
            let end = find_start_code(unit).unwrap_or(unit.len());
            rest = after_start_code(&unit[end..]);
            let used = unit[..end].iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            if used > 0 {
                return Some(&unit[..used]);
            }
        }
    })
}

fn find_start_code(bytes: &[u8]) -> Option<usize> {
    bytes.windows(3).position(|three| three == [0, 0, 1])
}

fn after_start_code(bytes: &[u8]) -> Option<&[u8]> {
    find_start_code(bytes).map(|at| &bytes[at + 3..])
}

/// Whether the bytes begin with a start code rather than with a length.
pub fn is_annex_b(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0, 0, 1]) || bytes.starts_with(&[0, 0, 0, 1])
}

/// What a unit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Video,
    Sequence,
    Picture,
    Key,
    /// Delimiters and filler, which MP4 does without.
    Idle,
    Other,
}

fn role(codec: Codec, unit: &[u8]) -> Role {
    let first = unit.first().copied().unwrap_or(0);
    match codec {
        Codec::H264 => match first & 31 {
            5 => Role::Key,
            7 => Role::Sequence,
            8 => Role::Picture,
            9 | 12 => Role::Idle,
            _ => Role::Other,
        },
        Codec::H265 => match first >> 1 & 63 {
            16..=21 => Role::Key,
            32 => Role::Video,
            33 => Role::Sequence,
            34 => Role::Picture,
            35 | 38 => Role::Idle,
            _ => Role::Other,
        },
        _ => Role::Other,
    }
}

/// Whether a decoder can start at this access unit.
pub fn is_key_frame(codec: Codec, access_unit: &[u8]) -> bool {
    units(access_unit).any(|unit| role(codec, unit) == Role::Key)
}

/// The access unit with lengths of four bytes instead of start codes, without parameter sets, delimiters and filler: those are
/// in [`config`]. An access unit whose configuration differs from that of the file needs another file.
pub fn length_prefixed(codec: Codec, access_unit: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(access_unit.len() + 16);
    for unit in units(access_unit) {
        if matches!(role(codec, unit), Role::Key | Role::Other) {
            // OK to saturate: a unit of 4 GiB does not fit in memory next to its copy.
            out.extend(u32::try_from(unit.len()).unwrap_or(u32::MAX).to_be_bytes());
            out.extend_from_slice(unit);
        }
    }
    out
}

/// The content of `avcC` or `hvcC` from the parameter sets in an access unit; `None` when a set is missing or makes no sense.
pub fn config(codec: Codec, access_unit: &[u8]) -> Option<Vec<u8>> {
    let of = |wanted: Role| -> Vec<&[u8]> { units(access_unit).filter(|unit| role(codec, unit) == wanted).collect() };
    match codec {
        Codec::H264 => avc_config(&of(Role::Sequence), &of(Role::Picture)),
        Codec::H265 => hevc_config(&of(Role::Video), &of(Role::Sequence), &of(Role::Picture)),
        _ => None,
    }
}

/// Width and height of the pictures, from the parameter sets in an access unit.
pub fn picture_size(codec: Codec, access_unit: &[u8]) -> Option<(u32, u32)> {
    let sequence = units(access_unit).find(|unit| role(codec, unit) == Role::Sequence)?;
    match codec {
        Codec::H264 => AvcSequence::parse(sequence).map(|sequence| sequence.size),
        Codec::H265 => HevcSequence::parse(sequence).map(|sequence| sequence.size),
        _ => None,
    }
}

fn push_sets(out: &mut Vec<u8>, sets: &[&[u8]]) -> Option<()> {
    for set in sets {
        out.extend(u16::try_from(set.len()).ok()?.to_be_bytes());
        out.extend_from_slice(set);
    }
    Some(())
}

/// ISO/IEC 14496-15, 5.3.3.1.2.
fn avc_config(sequences: &[&[u8]], pictures: &[&[u8]]) -> Option<Vec<u8>> {
    let first = *sequences.first()?;
    if pictures.is_empty() || first.len() < 4 || sequences.len() > 31 {
        return None;
    }
    // Lengths of four bytes: six bits of ones and a three.
    let mut out = vec![1, first[1], first[2], first[3], 0xff, 0xe0 | u8::try_from(sequences.len()).ok()?];
    push_sets(&mut out, sequences)?;
    out.push(u8::try_from(pictures.len()).ok()?);
    push_sets(&mut out, pictures)?;
    if matches!(first[1], 100 | 110 | 122 | 144) {
        let sequence = AvcSequence::parse(first)?;
        out.extend([0xfc | sequence.chroma, 0xf8 | sequence.luma_depth, 0xf8 | sequence.chroma_depth, 0]);
    }
    Some(out)
}

/// ISO/IEC 14496-15, 8.3.3.1.2.
fn hevc_config(videos: &[&[u8]], sequences: &[&[u8]], pictures: &[&[u8]]) -> Option<Vec<u8>> {
    if videos.is_empty() || pictures.is_empty() {
        return None;
    }
    let sequence = HevcSequence::parse(sequences.first()?)?;
    let mut out = vec![1];
    out.extend(sequence.profile);
    out.extend([0xf0, 0, 0xfc, 0xfc | sequence.chroma, 0xf8 | sequence.luma_depth, 0xf8 | sequence.chroma_depth, 0, 0]);
    // Constant frame rate unknown, layers, nesting, lengths of four bytes.
    out.push((sequence.layers & 7) << 3 | u8::from(sequence.nested) << 2 | 3);
    out.push(3);
    for (kind, sets) in [(32_u8, videos), (33, sequences), (34, pictures)] {
        out.push(0x80 | kind);
        out.extend(u16::try_from(sets.len()).ok()?.to_be_bytes());
        push_sets(&mut out, sets)?;
    }
    Some(out)
}

/// The bits of a parameter set, with the emulation prevention bytes taken out.
struct Bits {
    bytes: Vec<u8>,
    at: usize,
}

impl Bits {
    fn new(unit: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(unit.len());
        let mut zeros = 0;
        for &byte in unit {
            if zeros >= 2 && byte == 3 {
                zeros = 0;
                continue;
            }
            zeros = if byte == 0 { zeros + 1 } else { 0 };
            bytes.push(byte);
        }
        Self { bytes, at: 0 }
    }

    fn bit(&mut self) -> Option<u32> {
        let byte = *self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(bit.into())
    }

    fn bits(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0, |value: u32, _| Some(value << 1 | self.bit()?))
    }

    fn skip(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    /// Exp-Golomb, unsigned.
    fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1_u32 << zeros) - 1 + self.bits(zeros)?)
    }

    fn skip_scaling_list(&mut self, length: u32) -> Option<()> {
        let (mut last, mut next) = (8_i64, 8_i64);
        for _ in 0..length {
            if next != 0 {
                let code = i64::from(self.ue()?);
                let delta = if code % 2 == 1 { (code + 1) / 2 } else { -code / 2 };
                next = (last + delta).rem_euclid(256);
            }
            last = if next == 0 { last } else { next };
        }
        Some(())
    }
}

struct AvcSequence {
    chroma: u8,
    luma_depth: u8,
    chroma_depth: u8,
    size: (u32, u32),
}

impl AvcSequence {
    /// Rec. ITU-T H.264, 7.3.2.1.1, as far as the frame cropping.
    fn parse(unit: &[u8]) -> Option<Self> {
        let mut bits = Bits::new(unit);
        bits.skip(8);
        let profile = bits.bits(8)?;
        bits.skip(16);
        bits.ue()?;
        let (mut chroma, mut luma_depth, mut chroma_depth) = (1, 0, 0);
        if matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135) {
            chroma = bits.ue()?;
            if chroma == 3 {
                bits.skip(1);
            }
            luma_depth = bits.ue()?;
            chroma_depth = bits.ue()?;
            bits.skip(1);
            if bits.bit()? == 1 {
                for list in 0..if chroma == 3 { 12 } else { 8 } {
                    if bits.bit()? == 1 {
                        bits.skip_scaling_list(if list < 6 { 16 } else { 64 })?;
                    }
                }
            }
        }
        bits.ue()?;
        match bits.ue()? {
            0 => {
                bits.ue()?;
            }
            1 => {
                bits.skip(1);
                bits.ue()?;
                bits.ue()?;
                let count = bits.ue()?;
                for _ in 0..count.min(255) {
                    bits.ue()?;
                }
            }
            _ => {}
        }
        bits.ue()?;
        bits.skip(1);
        let width = bits.ue()?.checked_add(1)?.checked_mul(16)?;
        let rows = bits.ue()?.checked_add(1)?.checked_mul(16)?;
        let frame_only = bits.bit()?;
        let height = rows.checked_mul(2 - frame_only)?;
        if frame_only == 0 {
            bits.skip(1);
        }
        bits.skip(1);
        let (mut crop_width, mut crop_height) = (0, 0);
        if bits.bit()? == 1 {
            let unit_x: u32 = if matches!(chroma, 1 | 2) { 2 } else { 1 };
            let unit_y: u32 = if chroma == 1 { 2 } else { 1 } * (2 - frame_only);
            crop_width = bits.ue()?.checked_add(bits.ue()?)?.checked_mul(unit_x)?;
            crop_height = bits.ue()?.checked_add(bits.ue()?)?.checked_mul(unit_y)?;
        }
        Some(Self {
            chroma: u8::try_from(chroma).ok().filter(|chroma| *chroma < 4)?,
            luma_depth: u8::try_from(luma_depth).ok().filter(|depth| *depth < 8)?,
            chroma_depth: u8::try_from(chroma_depth).ok().filter(|depth| *depth < 8)?,
            size: (width.checked_sub(crop_width)?, height.checked_sub(crop_height)?),
        })
    }
}

struct HevcSequence {
    /// Profile, tier and level, as the configuration record repeats them.
    profile: [u8; 12],
    layers: u8,
    nested: bool,
    chroma: u8,
    luma_depth: u8,
    chroma_depth: u8,
    size: (u32, u32),
}

impl HevcSequence {
    /// Rec. ITU-T H.265, 7.3.2.2.1, as far as the bit depths.
    fn parse(unit: &[u8]) -> Option<Self> {
        let mut bits = Bits::new(unit);
        bits.skip(16 + 4);
        let layers = bits.bits(3)? + 1;
        let nested = bits.bit()? == 1;
        let mut profile = [0; 12];
        for byte in &mut profile {
            *byte = u8::try_from(bits.bits(8)?).ok()?;
        }
        let mut present = Vec::new();
        for _ in 1..layers {
            present.push((bits.bit()?, bits.bit()?));
        }
        if layers > 1 {
            // Two bits for each of the eight layers, whether there or not.
            bits.skip(2 * (9 - usize::try_from(layers).ok()?));
        }
        for (profile, level) in present {
            bits.skip(if profile == 1 { 88 } else { 0 } + if level == 1 { 8 } else { 0 });
        }
        bits.ue()?;
        let chroma = bits.ue()?;
        if chroma == 3 {
            bits.skip(1);
        }
        let (mut width, mut height) = (bits.ue()?, bits.ue()?);
        if bits.bit()? == 1 {
            let unit_x: u32 = if matches!(chroma, 1 | 2) { 2 } else { 1 };
            let unit_y: u32 = if chroma == 1 { 2 } else { 1 };
            width = width.checked_sub(bits.ue()?.checked_add(bits.ue()?)?.checked_mul(unit_x)?)?;
            height = height.checked_sub(bits.ue()?.checked_add(bits.ue()?)?.checked_mul(unit_y)?)?;
        }
        Some(Self {
            profile,
            layers: u8::try_from(layers).ok()?,
            nested,
            luma_depth: u8::try_from(bits.ue()?).ok().filter(|depth| *depth < 8)?,
            chroma_depth: u8::try_from(bits.ue()?).ok().filter(|depth| *depth < 8)?,
            chroma: u8::try_from(chroma).ok().filter(|chroma| *chroma < 4)?,
            size: (width, height),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // A baseline 640x480 sequence (16 fields of Exp-Golomb) and its picture set, written out by hand.
    const SPS: [u8; 9] = [0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xf6, 0x80];
    const PPS: [u8; 4] = [0x68, 0xce, 0x38, 0x80];

    fn stream() -> Vec<u8> {
        [&[0, 0, 0, 1, 9, 0x10][..], &[0, 0, 0, 1], &SPS, &[0, 0, 0, 1], &PPS, &[0, 0, 1, 0x65, 1, 2, 3, 0, 0]].concat()
    }

    #[test]
    fn parameter_sets_become_the_configuration() {
        let config = config(Codec::H264, &stream()).expect("both sets are there");
        assert_eq!(&config[..6], [1, 0x42, 0xc0, 0x1e, 0xff, 0xe1]);
        assert_eq!(&config[8..8 + SPS.len()], SPS);
        assert_eq!(picture_size(Codec::H264, &stream()), Some((640, 480)));
    }

    #[test]
    fn pictures_get_their_length_and_nothing_else() {
        assert_eq!(length_prefixed(Codec::H264, &stream()), [0, 0, 0, 4, 0x65, 1, 2, 3]);
        assert!(is_key_frame(Codec::H264, &stream()));
        assert!(is_annex_b(&stream()));
        assert_eq!(units(&[1, 2, 3]).count(), 0);
    }

    #[test]
    fn a_missing_set_is_no_configuration() {
        assert_eq!(config(Codec::H264, &[0, 0, 1, 0x65, 1]), None);
        assert_eq!(config(Codec::H265, &stream()), None);
    }
}
