//! What a chunk's bytes go through on their way to elements, one step after the other.
//!
//! ```text
//!   bytes of the chunk ─▶ decompressed ─▶ checksums taken off ─▶ filters undone ─▶ bytes of the elements
//! ```
//!
//! The names are those of numcodecs, which Zarr v2 uses, and of the codecs of Zarr v3. What it does *not* do: codecs whose output
//! is a program's objects (`pickle`), and bzip2 and LZMA. Pictures that are compressed as JPEG, PNG or JPEG XL are not decompressed
//! here: the chunk itself is the picture.
//!
//! **Invariant:** every step knows how many bytes may come out of it before it begins.

use std::io::Read;

use flate2::read::{MultiGzDecoder, ZlibDecoder};
use prairie_model::Codec as PictureCodec;
use serde_json::{Map, Value};

use super::blosc;
use crate::elements::{Element, Kind};

/// One step, named by what was done when the chunk was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    Zlib,
    Gzip,
    Zstd,
    /// A block with its length before it.
    Lz4,
    Blosc,
    /// The bytes of elements of so many bytes: all first ones, all second ones.
    Shuffle(usize),
    /// CRC-32C behind the bytes.
    Crc32c,
    /// Four bytes of a checksum before the bytes.
    SumBefore(Sum),
    /// Four bytes of a checksum behind the bytes.
    SumBehind(Sum),
    /// Each element is the difference to the one before.
    Delta {
        plain: Element,
        stored: Element,
    },
    /// Each element is `(value - offset) * scale`, rounded.
    Scale {
        offset: f64,
        scale: f64,
        plain: Element,
        stored: Element,
    },
    /// Eight truths in a byte, behind a byte that tells how many of the last are none.
    PackedBits,
    /// Numbers of fewer digits, which are numbers all the same.
    Rounded {
        plain: Element,
        stored: Element,
    },
    /// A picture, of this codec.
    Picture(PictureCodec),
    /// Texts: how many, then each with its length before it.
    Texts,
}

/// A checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sum {
    Crc32,
    Adler32,
}

impl Step {
    /// The step of a codec's name and settings. `element` is the type of the elements before this step.
    ///
    /// # Errors
    ///
    /// Why it cannot be undone.
    pub(super) fn new(name: &str, settings: &Map<String, Value>, element: Element) -> Result<Vec<Self>, String> {
        let typed = |key: &str, otherwise: Element| match settings.get(key).and_then(Value::as_str) {
            Some(text) => Element::numpy(text),
            None => Ok(otherwise),
        };
        let number = |key: &str| settings.get(key).and_then(Value::as_f64);
        let checksum = |sum: Sum, usual: &str| match settings.get("location").and_then(Value::as_str).unwrap_or(usual) {
            "end" => Self::SumBehind(sum),
            _ => Self::SumBefore(sum),
        };
        let step = match name {
            "zlib" => Self::Zlib,
            "gzip" => Self::Gzip,
            "zstd" => Self::Zstd,
            "lz4" => Self::Lz4,
            "blosc" => Self::Blosc,
            "shuffle" => {
                let size = settings.get("elementsize").and_then(Value::as_u64).unwrap_or(4);
                let size = usize::try_from(size).ok().filter(|size| (1..=256).contains(size));
                Self::Shuffle(size.ok_or("its bytes are shuffled by elements of an odd size")?)
            }
            "crc32c" if settings.get("location").and_then(Value::as_str) != Some("start") => Self::Crc32c,
            "crc32" => checksum(Sum::Crc32, "start"),
            "adler32" => checksum(Sum::Adler32, "start"),
            "delta" => {
                let plain = typed("dtype", element)?;
                Self::Delta { plain, stored: typed("astype", plain)? }
            }
            "fixedscaleoffset" => {
                let plain = typed("dtype", element)?;
                let (offset, scale) = (number("offset").unwrap_or(0.0), number("scale").unwrap_or(1.0));
                Self::Scale { offset, scale, plain, stored: typed("astype", plain)? }
            }
            "packbits" => Self::PackedBits,
            "quantize" | "astype" => {
                let key = if name == "astype" { "decode_dtype" } else { "dtype" };
                let plain = typed(key, element)?;
                let stored = typed(if name == "astype" { "encode_dtype" } else { "astype" }, plain)?;
                Self::Rounded { plain, stored }
            }
            // Bits that were rounded off are not there, and nothing is to be undone.
            "bitround" => return Ok(Vec::new()),
            "vlen-utf8" => Self::Texts,
            _ => match name.trim_start_matches("imagecodecs_") {
                "jpegxl" => Self::Picture(PictureCodec::JpegXl),
                "jpeg" | "jpeg8" => Self::Picture(PictureCodec::Jpeg),
                "png" | "apng" => Self::Picture(PictureCodec::Png),
                _ => return Err(format!("its chunks are encoded by `{name}`, which is not read")),
            },
        };
        let of_texts = match &step {
            Self::Delta { plain, stored } | Self::Scale { plain, stored, .. } | Self::Rounded { plain, stored } => {
                plain.is_text() || stored.is_text()
            }
            _ => false,
        };
        if of_texts {
            return Err(format!("its texts go through `{name}`, which is for numbers"));
        }
        Ok(vec![step])
    }

    /// The type of the elements behind this step, where the chunk was written.
    pub(super) fn stored(&self, element: Element) -> Element {
        match self {
            Self::Delta { stored, .. } | Self::Scale { stored, .. } | Self::Rounded { stored, .. } => *stored,
            _ => element,
        }
    }

    /// Bytes behind this step of `size` bytes before it; `None` where they depend on the bytes.
    fn packed(&self, size: usize) -> Option<usize> {
        match self {
            Self::Shuffle(_) => Some(size),
            Self::Crc32c | Self::SumBefore(_) | Self::SumBehind(_) => size.checked_add(4),
            Self::Delta { plain, stored } | Self::Scale { plain, stored, .. } | Self::Rounded { plain, stored } => {
                (size / plain.size).checked_mul(stored.size)
            }
            Self::PackedBits => Some(size.div_ceil(8) + 1),
            _ => None,
        }
    }

    /// Undoes the step: exactly `size` bytes come out where that is known, at most `most` where not.
    fn undo(&self, bytes: Vec<u8>, size: Option<usize>, most: usize) -> Result<Vec<u8>, String> {
        let limit = size.unwrap_or(most);
        match self {
            Self::Zlib => inflate_zlib(&bytes, limit),
            Self::Gzip => gather(MultiGzDecoder::new(&*bytes), bytes.len(), limit),
            Self::Zstd => inflate_zstd(&bytes, limit),
            Self::Lz4 => lz4(&bytes, limit),
            Self::Blosc => blosc::decompress(&bytes, size.unwrap_or_else(|| claimed_by_blosc(&bytes).min(most))),
            Self::Shuffle(element) => {
                let mut out = vec![0; bytes.len()];
                blosc::unshuffle(&bytes, *element, &mut out);
                Ok(out)
            }
            Self::Crc32c => behind(bytes, crc32c),
            Self::SumBehind(sum) => behind(bytes, |bytes| sum.of(bytes)),
            Self::SumBefore(sum) => before(&bytes, *sum),
            Self::Delta { plain, stored } => filtered(bytes, *plain, *stored, |bytes| delta(bytes, *plain, *stored)),
            Self::Scale { offset, scale, plain, stored } => filtered(bytes, *plain, *stored, |bytes| {
                convert(bytes, *stored, *plain, |value| value / scale + offset)
            }),
            Self::Rounded { plain, stored } => {
                filtered(bytes, *plain, *stored, |bytes| convert(bytes, *stored, *plain, |value| value))
            }
            Self::PackedBits => Ok(unpack(&bytes, limit)),
            Self::Picture(_) | Self::Texts => Err("its chunks are no numbers".to_owned()),
        }
    }
}

/// Undoes all steps of a chunk that becomes `size` bytes of elements, or, where nobody knows, at most `most`.
///
/// # Errors
///
/// What is wrong with the bytes.
pub(super) fn decode(steps: &[Step], mut bytes: Vec<u8>, size: Option<usize>, most: usize) -> Result<Vec<u8>, String> {
    // Sizes between the steps, as far as they follow from the size of the elements.
    let mut sizes = vec![size];
    for step in steps {
        let before = sizes.last().copied().flatten();
        sizes.push(before.and_then(|before| step.packed(before)));
    }
    for (step, size) in steps.iter().zip(&sizes).rev() {
        bytes = step.undo(bytes, *size, most)?;
        if let Some(size) = size.filter(|size| *size != bytes.len()) {
            return Err(format!("{} bytes come out where {size} are expected", bytes.len()));
        }
    }
    match size {
        Some(size) if size != bytes.len() => Err(format!("it has {} bytes where {size} are expected", bytes.len())),
        _ => Ok(bytes),
    }
}

impl Sum {
    fn of(self, bytes: &[u8]) -> u32 {
        match self {
            Self::Crc32 => crc32fast::hash(bytes),
            Self::Adler32 => {
                let (a, b) = bytes.chunks(5000).fold((1_u32, 0_u32), |(a, b), part| {
                    let (a, b) =
                        part.iter().fold((a, b), |(a, b), byte| (a + u32::from(*byte), b + a + u32::from(*byte)));
                    (a % 65_521, b % 65_521)
                });
                (b << 16) | a
            }
        }
    }
}

/// CRC-32C (Castagnoli), a byte at a time.
pub(super) fn crc32c(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut at = 0;
        while at < 256 {
            // OK to cast: below 256.
            let mut value = at as u32;
            let mut bit = 0;
            while bit < 8 {
                value = if value & 1 == 1 { (value >> 1) ^ 0x82F6_3B78 } else { value >> 1 };
                bit += 1;
            }
            table[at] = value;
            at += 1;
        }
        table
    };
    // OK to index: eight bits.
    !bytes.iter().fold(!0_u32, |sum, byte| (sum >> 8) ^ TABLE[((sum ^ u32::from(*byte)) & 0xFF) as usize])
}

/// Takes a checksum off that lies behind the bytes.
fn behind(mut bytes: Vec<u8>, sum: impl Fn(&[u8]) -> u32) -> Result<Vec<u8>, String> {
    let (body, saved) = bytes.split_last_chunk::<4>().ok_or("its checksum is not there")?;
    compare(u32::from_le_bytes(*saved), sum(body))?;
    bytes.truncate(bytes.len() - 4);
    Ok(bytes)
}

fn before(bytes: &[u8], sum: Sum) -> Result<Vec<u8>, String> {
    let (saved, body) = bytes.split_first_chunk::<4>().ok_or("its checksum is not there")?;
    compare(u32::from_le_bytes(*saved), sum.of(body))?;
    Ok(body.to_vec())
}

fn compare(saved: u32, calculated: u32) -> Result<(), String> {
    match saved == calculated {
        true => Ok(()),
        false => Err(format!("its checksum is {saved:08x}, and {calculated:08x} comes out")),
    }
}

/// What a decompressor gives, at most `limit` bytes. The buffer grows with what really comes out.
fn gather(mut reader: impl Read, packed: usize, limit: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(packed.saturating_mul(4).min(limit));
    let room = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    reader.by_ref().take(room).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    match bytes.len() > limit {
        true => Err(format!("it decompresses to more than {limit} bytes")),
        false => Ok(bytes),
    }
}

/// A stream of zlib.
pub(super) fn inflate_zlib(bytes: &[u8], limit: usize) -> Result<Vec<u8>, String> {
    gather(ZlibDecoder::new(bytes), bytes.len(), limit)
}

/// Frames of Zstandard.
pub(super) fn inflate_zstd(bytes: &[u8], limit: usize) -> Result<Vec<u8>, String> {
    // A frame that says how long it becomes is believed as far as the limit goes; then nothing but the output is allocated.
    let decoder = zstd::bulk::Decompressor::new().and_then(|mut decoder| decoder.decompress(bytes, limit));
    decoder.map_err(|error| error.to_string())
}

/// A block of LZ4 behind its length.
fn lz4(bytes: &[u8], limit: usize) -> Result<Vec<u8>, String> {
    let (length, block) = bytes.split_first_chunk::<4>().ok_or("its length is not there")?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|error| error.to_string())?;
    // No byte of LZ4 stands for more than 255.
    if length > limit || length > block.len().saturating_mul(255).saturating_add(64) {
        return Err(format!("{length} bytes are claimed, and {limit} are the most"));
    }
    let mut out = vec![0; length];
    let n = lz4_flex::block::decompress_into(block, &mut out).map_err(|error| error.to_string())?;
    out.truncate(n);
    Ok(out)
}

fn claimed_by_blosc(bytes: &[u8]) -> usize {
    let claimed = bytes.get(4..8).and_then(<[u8]>::first_chunk).map(|claim| u32::from_le_bytes(*claim));
    claimed.and_then(|claimed| usize::try_from(claimed).ok()).unwrap_or(0)
}

/// A filter over little-endian numbers, whose output has the order of bytes that its type asks for.
fn filtered(
    mut bytes: Vec<u8>,
    plain: Element,
    stored: Element,
    undo: impl Fn(&[u8]) -> Result<Vec<u8>, String>,
) -> Result<Vec<u8>, String> {
    stored.to_little(&mut bytes);
    let mut out = undo(&bytes)?;
    plain.to_little(&mut out);
    Ok(out)
}

/// Sums of differences. Whole numbers wrap around, as they did when the differences were taken.
fn delta(bytes: &[u8], plain: Element, stored: Element) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity((bytes.len() / stored.size).saturating_mul(plain.size));
    let wide = |element: &[u8]| stored.integer(element).or_else(|| Some(i64::from_le_bytes(element.try_into().ok()?)));
    match (plain.kind, stored.kind) {
        (Kind::Float, _) => {
            let mut sum = 0.0;
            for element in bytes.chunks_exact(stored.size) {
                sum += stored.number(element).ok_or("a difference is no number")?;
                if plain.size == 4 {
                    // OK to cast: the sum was of single precision when it was written.
                    sum = f64::from(sum as f32);
                }
                put(&mut out, plain, sum)?;
            }
        }
        (_, Kind::Float) => return Err("its differences are of another kind than its numbers".to_owned()),
        _ => {
            let mut sum = 0_i64;
            for element in bytes.chunks_exact(stored.size) {
                sum = sum.wrapping_add(wide(element).ok_or("a difference is no number")?);
                // OK to index: a number has at most eight bytes.
                out.extend_from_slice(&sum.to_le_bytes()[..plain.size]);
            }
        }
    }
    Ok(out)
}

/// Each number through `change`, into another type.
fn convert(bytes: &[u8], from: Element, to: Element, change: impl Fn(f64) -> f64) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity((bytes.len() / from.size).saturating_mul(to.size));
    for element in bytes.chunks_exact(from.size) {
        put(&mut out, to, change(from.number(element).ok_or("an element is no number")?))?;
    }
    Ok(out)
}

fn put(out: &mut Vec<u8>, element: Element, value: f64) -> Result<(), String> {
    // OK to cast: saturates, and fractions are cut off, as NumPy does.
    match (element.kind, element.size) {
        (Kind::Float, 8) => out.extend(value.to_le_bytes()),
        (Kind::Float, 4) => out.extend((value as f32).to_le_bytes()),
        (Kind::Int | Kind::Time(_), size @ 1..=8) => out.extend_from_slice(&(value as i64).to_le_bytes()[..size]),
        (Kind::UInt, size @ 1..=8) => out.extend_from_slice(&(value as u64).to_le_bytes()[..size]),
        (Kind::Bool, _) => out.push(u8::from(value != 0.0)),
        _ => return Err("its filter makes numbers of half precision, or none".to_owned()),
    }
    Ok(())
}

/// Truths out of their bits, the first in the highest.
fn unpack(bytes: &[u8], limit: usize) -> Vec<u8> {
    let bits = bytes.iter().skip(1).flat_map(|byte| (0..8).rev().map(move |bit| (byte >> bit) & 1));
    let none = bytes.first().map_or(0, |none| usize::from(*none));
    bits.take((bytes.len().saturating_sub(1) * 8).saturating_sub(none).min(limit)).collect()
}

/// The texts of a chunk.
///
/// # Errors
///
/// When the bytes are no texts with their lengths.
pub(super) fn texts(bytes: &[u8], most: usize) -> Result<Vec<String>, String> {
    let (count, mut rest) = bytes.split_first_chunk::<4>().ok_or("the number of its texts is not there")?;
    let count = usize::try_from(u32::from_le_bytes(*count)).map_err(|error| error.to_string())?;
    if count > most || count > rest.len() / 4 {
        return Err(format!("{count} texts do not fit into {} bytes, or are more than {most}", bytes.len()));
    }
    let mut texts = Vec::with_capacity(count);
    for _ in 0..count {
        let (length, after) = rest.split_first_chunk::<4>().ok_or("a text is not there")?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|error| error.to_string())?;
        let text = after.get(..length).ok_or("a text ends beyond its chunk")?;
        texts.push(String::from_utf8_lossy(text).into_owned());
        rest = &after[length..];
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standards() {
        assert_eq!(crc32c(b"123456789"), 0xE306_9283);
        assert_eq!(Sum::Adler32.of(b"Wikipedia"), 0x11E6_0398);
    }

    #[test]
    fn filters_are_undone() {
        let int16 = Element::of(Kind::Int, 2);
        let settings = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap();
        let delta = Step::new("delta", &settings(r#"{"dtype":"<i2","astype":"|i1"}"#), int16).unwrap();
        let out = decode(&delta, vec![1, 255, 2], Some(6), 6).unwrap();
        assert_eq!(out, [1_i16, 0, 2].map(i16::to_le_bytes).concat());
        let scale = settings(r#"{"offset":1000,"scale":10,"dtype":"<f8","astype":"|u1"}"#);
        let scale = Step::new("fixedscaleoffset", &scale, Element::of(Kind::Float, 8)).unwrap();
        assert_eq!(
            decode(&scale, vec![5, 10], Some(16), 16).unwrap(),
            [1000.5_f64, 1001.0].map(f64::to_le_bytes).concat()
        );
        assert_eq!(decode(&[Step::PackedBits], vec![5, 0b1010_0000], Some(3), 3).unwrap(), [1, 0, 1]);
        assert!(decode(&[], vec![1], Some(2), 2).is_err());
    }

    #[test]
    fn what_becomes_more_than_it_may_is_refused() {
        let bomb = {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
            std::io::Write::write_all(&mut encoder, &vec![0; 1 << 20]).unwrap();
            encoder.finish().unwrap()
        };
        assert!(decode(&[Step::Zlib], bomb, Some(100), 100).unwrap_err().contains("more than 100"));
        assert!(lz4(&[255, 255, 255, 127, 0], usize::MAX).is_err());
        assert!(texts(&[255, 255, 255, 255], usize::MAX).is_err());
    }
}
