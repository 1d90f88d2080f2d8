//! RVL: depth of 16 bits in runs of zeros and differences.
//!
//! A picture is pairs of runs until it is full: how many zeros, how many other values, and each of those as its difference from
//! the value before, zigzag. All numbers are in groups of three bits, lowest first, each with a fourth bit that says whether
//! another one follows; eight such nibbles make a word of 32 bits, first nibble highest, of which the lowest byte comes first.
//!
//! Source: A. D. Wilson, "Fast Lossless Depth Image Compression", ISS 2017, <https://doi.org/10.1145/3132272.3134144>. Before the
//! words ROS puts the header of [`crate::depth`], then width and height in 32 bits each.

use prairie_model::{FrameError, Picture, PixelFormat};

use crate::depth;
use crate::pixel_bytes;

/// Bytes of width and height.
const SIZE: usize = 8;

/// Width and height, as the bytes behind the header say.
pub(crate) fn size(data: &[u8]) -> Option<(u32, u32)> {
    let sizes = data.get(depth::HEADER..)?.first_chunk::<SIZE>()?;
    let [w0, w1, w2, w3, h0, h1, h2, h3] = *sizes;
    Some((u32::from_le_bytes([w0, w1, w2, w3]), u32::from_le_bytes([h0, h1, h2, h3])))
}

/// `Mono16`; with `is_float` `Float32`.
pub(crate) fn decode(data: &[u8], is_float: bool) -> Result<Picture, FrameError> {
    let damaged =
        |what: String| FrameError::Damaged(format!("not a whole RVL picture of {} bytes: {what}", data.len()));
    let (Some(header), Some((width, height))) = (data.first_chunk::<{ depth::HEADER }>(), size(data)) else {
        return Err(damaged(format!("its header has {} bytes", depth::HEADER + SIZE)));
    };
    pixel_bytes(width, height, 4)?;
    // OK to cast and multiply: `pixel_bytes` bounds both sides.
    let total = width as usize * height as usize;
    let mut nibbles = Nibbles { words: &data[depth::HEADER + SIZE..], at: 0 };
    // Grows with what really comes, whatever the size claims: a nibble may stand for many zeros, so those are bounded by `total`.
    let mut pixels: Vec<u8> = Vec::new();
    let mut previous = 0_u16;
    while pixels.len() < 2 * total {
        let short = |done: usize| damaged(format!("it ends after {done} of {total} pixels"));
        let long = |run: u32| damaged(format!("a run of {run} pixels goes beyond its end"));
        let left = |pixels: &[u8]| total - pixels.len() / 2;
        let zeros = nibbles.number().ok_or_else(|| short(pixels.len() / 2))?;
        // OK to cast: 32 bits fit on every machine that has room for a picture.
        if zeros as usize > left(&pixels) {
            return Err(long(zeros));
        }
        pixels.resize(pixels.len() + 2 * zeros as usize, 0);
        let others = match nibbles.number() {
            Some(others) => others,
            // Some encoders leave out the last run, which is empty.
            None if left(&pixels) == 0 => 0,
            None => return Err(short(pixels.len() / 2)),
        };
        if others as usize > left(&pixels) {
            return Err(long(others));
        }
        if zeros == 0 && others == 0 {
            return Err(damaged("an empty run repeats itself".to_owned()));
        }
        for _ in 0..others {
            let zigzag = nibbles.number().ok_or_else(|| short(pixels.len() / 2))?;
            // OK to cast: values have 16 bits and differences wrap around, as they do in the encoder.
            let difference = ((zigzag >> 1) as i32 ^ -((zigzag & 1) as i32)) as u16;
            previous = previous.wrapping_add(difference);
            pixels.extend_from_slice(&previous.to_le_bytes());
        }
    }
    let (format, pixels) = match is_float {
        true => (PixelFormat::Float32, depth::metres(&pixels, depth::quantisation(header))),
        false => (PixelFormat::Mono16, pixels),
    };
    Ok(Picture { width, height, format, pixels })
}

/// Numbers in nibbles.
struct Nibbles<'a> {
    words: &'a [u8],
    /// Nibbles that were taken.
    at: usize,
}

impl Nibbles<'_> {
    fn nibble(&mut self) -> Option<u32> {
        let word = self.words.get(self.at / 8 * 4..)?.first_chunk::<4>()?;
        let nibble = u32::from_le_bytes(*word) >> (28 - self.at % 8 * 4) & 0xf;
        self.at += 1;
        Some(nibble)
    }

    /// `None` at the end, or where a number has more than 32 bits.
    fn number(&mut self) -> Option<u32> {
        let mut number = 0_u32;
        for shift in (0..33).step_by(3) {
            let nibble = self.nibble()?;
            let bits = nibble & 7;
            // The eleventh group has room for two bits.
            if shift == 30 && bits > 3 {
                return None;
            }
            number |= bits << shift;
            if nibble & 8 == 0 {
                return Some(number);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The encoder of the paper.
    fn encode(width: u32, height: u32, depth: &[u16], (a, b): (f32, f32)) -> Vec<u8> {
        let mut nibbles = Vec::new();
        let mut number = |mut value: u32| loop {
            let nibble = value & 7;
            value >>= 3;
            nibbles.push(if value > 0 { nibble | 8 } else { nibble });
            if value == 0 {
                break;
            }
        };
        let (mut at, mut previous) = (0, 0_i32);
        while at < depth.len() {
            let zeros = depth[at..].iter().take_while(|value| **value == 0).count();
            at += zeros;
            let others = depth[at..].iter().take_while(|value| **value != 0).count();
            number(zeros as u32);
            number(others as u32);
            for value in &depth[at..at + others] {
                let difference = i32::from(*value) - previous;
                number(((difference << 1) ^ (difference >> 31)) as u32);
                previous = i32::from(*value);
            }
            at += others;
        }
        let mut data = vec![0; 4];
        [a.to_le_bytes(), b.to_le_bytes(), width.to_le_bytes(), height.to_le_bytes()]
            .iter()
            .for_each(|b| data.extend(b));
        for eight in nibbles.chunks(8) {
            let word = eight.iter().enumerate().fold(0, |word, (at, nibble)| word | nibble << (28 - 4 * at));
            data.extend(word.to_le_bytes());
        }
        data
    }

    fn depth_of(picture: &Picture) -> Vec<u16> {
        picture.pixels.chunks_exact(2).map(|pixel| u16::from_le_bytes([pixel[0], pixel[1]])).collect()
    }

    #[test]
    fn a_picture_made_by_hand() {
        // 2 zeros, then 3 values: 5 (+5, zigzag 10 = 2 then 1), 4 (−1, zigzag 1), 68 (+64, zigzag 128 = 0, 0, 2); 1 zero, no value.
        // Nibbles: 2, 3, a 1, 1, 8 8 2, then 1, 0.
        let words = [0x23a1_1882_u32, 0x1000_0000];
        let mut data = vec![0; 12];
        data.extend(3_u32.to_le_bytes());
        data.extend(2_u32.to_le_bytes());
        words.iter().for_each(|word| data.extend(word.to_le_bytes()));
        let picture = decode(&data, false).unwrap();
        assert_eq!((picture.width, picture.height, picture.format), (3, 2, PixelFormat::Mono16));
        assert_eq!(depth_of(&picture), [0, 0, 5, 4, 68, 0]);
        assert_eq!(encode(3, 2, &[0, 0, 5, 4, 68, 0], (0.0, 0.0)), data, "the encoder of these tests agrees");
    }

    #[test]
    fn every_picture_comes_back() {
        let mut seed = 1_u32;
        let mut random = move |below: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) % below
        };
        for (width, height) in [(1, 1), (7, 3), (64, 48), (640, 2)] {
            for kind in 0..5 {
                let depth: Vec<u16> = (0..width * height)
                    .map(|at| match kind {
                        0 => 0,
                        1 => u16::MAX,
                        2 => (at % 3 * 20_000) as u16,
                        3 => random(65_536) as u16,
                        _ => {
                            if random(4) == 0 {
                                0
                            } else {
                                800 + (at % 40) as u16
                            }
                        }
                    })
                    .collect();
                let data = encode(width, height, &depth, (0.0, 0.0));
                let picture = decode(&data, false).unwrap();
                assert_eq!(size(&data), Some((width, height)));
                assert_eq!(depth_of(&picture), depth, "{width} × {height}, {kind}");
            }
        }
    }

    #[test]
    fn float_depth_is_metres() {
        let data = encode(3, 1, &[0, 98, 1], (100.0, -2.0));
        let picture = decode(&data, true).unwrap();
        assert_eq!(picture.format, PixelFormat::Float32);
        let metres: Vec<f32> =
            picture.pixels.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        assert!(metres[0].is_nan());
        assert_eq!(metres[1..], [1.0, 100.0 / 3.0]);
    }

    #[test]
    fn what_is_cut_or_claims_too_much_is_damaged() {
        let depth: Vec<u16> = (0..300).map(|at| if at % 5 == 0 { 0 } else { 500 + at }).collect();
        let data = encode(20, 15, &depth, (0.0, 0.0));
        for cut in 0..data.len() {
            assert!(matches!(decode(&data[..cut], false), Err(FrameError::Damaged(_))), "{cut}");
        }
        let with = |width: u32, height: u32, words: &[u32]| {
            let mut data = vec![0; 12];
            [width, height].iter().chain(words).for_each(|word| data.extend(word.to_le_bytes()));
            decode(&data, false)
        };
        assert!(with(1 << 20, 1 << 20, &[0]).is_err(), "no memory for a claim");
        assert!(with(0, 5, &[0]).is_err());
        assert!(with(4, 4, &[0, 0, 0]).is_err(), "empty runs do not go on for ever");
        assert!(with(4, 4, &[0xffff_ffff, 0xffff_ffff]).is_err(), "a number without end");
        assert!(with(4, 4, &[0xf700_0000]).is_err(), "more zeros than pixels");
    }
}
