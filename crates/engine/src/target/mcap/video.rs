//! Video as messages carry it: H.264 and H.265 as byte streams whose key frames bring their parameter sets, AV1 with its
//! sequence header in key frames.

use prairie_formats::mp4::annexb;
use prairie_model::Codec;

const START_CODE: [u8; 4] = [0, 0, 0, 1];

/// A frame as a message carries it; `None` where its units cannot be found.
///
/// `config` is the decoder's configuration as MP4 has it, empty where frames bring their own.
pub(super) fn frame(codec: Codec, config: &[u8], bytes: Vec<u8>, key_frame: bool) -> Option<Vec<u8>> {
    match codec {
        Codec::H264 | Codec::H265 => {
            // Lengths first: a unit of 256 to 511 bytes begins with 00 00 01, as a start code does.
            let stream = byte_stream(codec, config, &bytes, key_frame);
            stream.or_else(|| annexb::is_annex_b(&bytes).then_some(bytes))
        }
        Codec::Av1 if key_frame && !has_sequence_header(&bytes) => {
            // What follows the four bytes of `av1C` are OBUs.
            let mut whole = config.get(4..).unwrap_or_default().to_vec();
            whole.extend(bytes);
            Some(whole)
        }
        _ => Some(bytes),
    }
}

/// Start codes instead of lengths, and the parameter sets of the configuration before a key frame that lacks its own.
fn byte_stream(codec: Codec, config: &[u8], bytes: &[u8], key_frame: bool) -> Option<Vec<u8>> {
    let size = length_size(codec, config)?;
    let mut units = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (length, after) = rest.split_at_checked(size)?;
        let length = length.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
        let (unit, after) = after.split_at_checked(length)?;
        units.push(unit);
        rest = after;
    }
    let sets = match key_frame && !units.iter().any(|unit| is_sequence_set(codec, unit)) {
        true => parameter_sets(codec, config)?,
        false => Vec::new(),
    };
    let mut out = Vec::with_capacity(bytes.len() + 4 * units.len() + config.len());
    for unit in sets.into_iter().chain(units).filter(|unit| !unit.is_empty()) {
        out.extend_from_slice(&START_CODE);
        out.extend_from_slice(unit);
    }
    Some(out)
}

/// Bytes of the length before each unit.
fn length_size(codec: Codec, config: &[u8]) -> Option<usize> {
    let at = if codec == Codec::H264 { 4 } else { 21 };
    Some(usize::from(config.get(at)? & 3) + 1)
}

fn is_sequence_set(codec: Codec, unit: &[u8]) -> bool {
    let first = unit.first().copied().unwrap_or(0);
    if codec == Codec::H264 { first & 31 == 7 } else { first >> 1 & 63 == 33 }
}

/// The parameter sets in `avcC` or `hvcC`.
fn parameter_sets(codec: Codec, config: &[u8]) -> Option<Vec<&[u8]>> {
    let mut sets = Vec::new();
    if codec == Codec::H264 {
        let mut rest = config.get(5..)?;
        // Five bits count sequence parameter sets, then eight bits picture parameter sets.
        for mask in [31, 255] {
            let (count, after) = rest.split_first()?;
            rest = after;
            for _ in 0..count & mask {
                sets.push(sized(&mut rest)?);
            }
        }
        return Some(sets);
    }
    let (arrays, mut rest) = config.get(22..)?.split_first()?;
    for _ in 0..*arrays {
        let (head, after) = rest.split_at_checked(3)?;
        rest = after;
        for _ in 0..u16::from_be_bytes([head[1], head[2]]) {
            sets.push(sized(&mut rest)?);
        }
    }
    Some(sets)
}

/// Bytes with their length in 16 bits before them.
fn sized<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_at_checked(2)?;
    let (bytes, after) = after.split_at_checked(usize::from(u16::from_be_bytes([length[0], length[1]])))?;
    *rest = after;
    Some(bytes)
}

/// Whether one of the OBUs is a sequence header.
fn has_sequence_header(mut bytes: &[u8]) -> bool {
    while let Some((&head, after)) = bytes.split_first() {
        if head >> 3 & 15 == 1 {
            return true;
        }
        let (extended, sized) = (head & 4 != 0, head & 2 != 0);
        let Some(mut rest) = after.get(usize::from(extended)..) else { return false };
        let mut length = 0_usize;
        for place in 0..8 {
            let Some((&byte, after)) = rest.split_first().filter(|_| sized) else { return false };
            rest = after;
            // OK to shift: eight times seven bits.
            length |= usize::from(byte & 127) << (7 * place);
            if byte & 128 == 0 {
                break;
            }
        }
        let Some(after) = rest.get(length..) else { return false };
        bytes = after;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPS: [u8; 3] = [0x67, 1, 2];
    const PPS: [u8; 2] = [0x68, 3];

    fn avc() -> Vec<u8> {
        let mut config = vec![1, 100, 0, 31, 0xff, 0xe1, 0, 3];
        config.extend(SPS);
        config.extend([1, 0, 2]);
        config.extend(PPS);
        config
    }

    #[test]
    fn key_frames_bring_their_parameter_sets() {
        let sample = vec![0, 0, 0, 2, 0x65, 9];
        let key = frame(Codec::H264, &avc(), sample.clone(), true).unwrap();
        let units: Vec<_> = annexb::units(&key).collect();
        assert_eq!(units, [&SPS[..], &PPS[..], &[0x65, 9]]);
        assert_eq!(annexb::length_prefixed(Codec::H264, &key), sample, "the way back gives the same bytes");
        assert_eq!(frame(Codec::H264, &avc(), sample, false).unwrap(), [0, 0, 0, 1, 0x65, 9]);
        assert_eq!(frame(Codec::H264, &avc(), key.clone(), true).unwrap(), key, "byte streams stay as they are");
    }

    #[test]
    fn a_length_that_looks_like_a_start_code_is_a_length() {
        let mut sample = vec![0, 0, 1, 4];
        sample.resize(4 + 260, 0x61);
        let stream = frame(Codec::H264, &avc(), sample.clone(), false).unwrap();
        assert_eq!((stream.len(), &stream[..5]), (sample.len(), &[0, 0, 0, 1, 0x61][..]));
    }

    #[test]
    fn a_length_that_leads_outside_is_no_frame() {
        assert_eq!(frame(Codec::H264, &avc(), vec![0, 0, 0, 9, 0x65], true), None);
        assert_eq!(frame(Codec::H264, &avc()[..9], vec![0, 0, 0, 2, 0x65, 9], true), None);
    }

    #[test]
    fn av1_key_frames_bring_their_sequence_header() {
        let config = [0x81, 0, 0, 0, 0x0a, 1, 7];
        let (with, without) = (vec![0x12, 0, 0x0a, 1, 7, 0x32, 1, 5], vec![0x12, 0, 0x32, 1, 5]);
        assert_eq!(frame(Codec::Av1, &config, with.clone(), true).unwrap(), with);
        assert_eq!(frame(Codec::Av1, &config, without.clone(), false).unwrap(), without);
        assert_eq!(frame(Codec::Av1, &config, without, true).unwrap(), [0x0a, 1, 7, 0x12, 0, 0x32, 1, 5]);
    }
}
