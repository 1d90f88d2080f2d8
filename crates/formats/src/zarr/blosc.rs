//! Blosc 1 containers, by the description of the format in c-blosc's `README_HEADER.rst`.
//!
//! ```text
//!   header (16) │ starts of blocks │ block: one stream, or one per byte of an element │ block │ …
//!   stream: length, then bytes as they are, or of BloscLZ, LZ4, Snappy, zlib, Zstandard
//!   block ─▶ streams one behind the other ─▶ bytes or bits back to their places ─▶ the block's bytes
//! ```
//!
//! **Invariant:** what comes out has the size that the caller expects; a header that claims another is refused before anything is
//! allocated.

use super::codec::{inflate_zlib, inflate_zstd};

const HEADER_BYTES: usize = 16;
/// Elements of more bytes are never split into streams.
const SPLITS_MAX: usize = 16;

/// Where bits of the flags lie.
const SHUFFLED: u8 = 1;
const COPIED: u8 = 2;
const BIT_SHUFFLED: u8 = 4;
const WHOLE_BLOCKS: u8 = 16;

/// Decompresses a container that becomes exactly `size` bytes.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn decompress(bytes: &[u8], size: usize) -> Result<Vec<u8>, String> {
    let header = bytes.get(..HEADER_BYTES).ok_or_else(|| format!("a Blosc header of {} bytes", bytes.len()))?;
    // OK to index, here and below: the header has 16 bytes.
    let (version, flags, element) = (header[0], header[2], usize::from(header[3]));
    let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let wide = |at: usize| usize::try_from(word(at)).unwrap_or(usize::MAX);
    let (claimed, block_size, packed) = (wide(4), wide(8), wide(12));
    if version == 0 || version > 2 {
        return Err(format!("Blosc containers of version {version} are not read"));
    }
    if claimed != size {
        return Err(format!("its Blosc header claims {claimed} bytes, and the chunk has {size}"));
    }
    let bytes = bytes.get(..packed).ok_or_else(|| format!("{packed} bytes are claimed, {} there", bytes.len()))?;
    if size == 0 {
        return Ok(Vec::new());
    }
    if flags & COPIED != 0 {
        let plain = bytes.get(HEADER_BYTES..).and_then(|bytes| bytes.get(..size));
        return plain.map(<[u8]>::to_vec).ok_or_else(|| "its bytes end early".to_owned());
    }
    if block_size == 0 || block_size > size || element == 0 {
        return Err(format!("blocks of {block_size} bytes and elements of {element}"));
    }
    let blocks = size.div_ceil(block_size);
    let starts = bytes.get(HEADER_BYTES..).and_then(|bytes| bytes.get(..blocks.checked_mul(4)?));
    let starts = starts.ok_or_else(|| format!("{blocks} blocks do not fit into {packed} bytes"))?;
    let mut out = vec![0; size];
    let mut plain = vec![0; block_size];
    for (start, block) in starts.chunks_exact(4).zip(out.chunks_mut(block_size)) {
        let start = u32::from_le_bytes([start[0], start[1], start[2], start[3]]);
        let input = usize::try_from(start).ok().and_then(|start| bytes.get(start..)).unwrap_or_default();
        // OK to index: a block has at most `block_size` bytes.
        let plain = &mut plain[..block.len()];
        let is_last = block.len() < block_size;
        let may_split = flags & WHOLE_BLOCKS == 0 && !is_last && element <= SPLITS_MAX && block.len() >= element;
        let codec = flags >> 5;
        let done = match may_split && element > 1 {
            // Writers of old split by a rule that the header does not tell: what is not split reads as streams of no sense.
            true => streams(input, codec, element, plain)
                .or_else(|why| streams(input, codec, 1, plain).map_err(|_second| why)),
            false => streams(input, codec, 1, plain),
        };
        done?;
        if flags & SHUFFLED != 0 && element > 1 {
            unshuffle(plain, element, block);
        } else if flags & BIT_SHUFFLED != 0 && block.len() >= element {
            bit_unshuffle(plain, element, block);
        } else {
            block.copy_from_slice(plain);
        }
    }
    Ok(out)
}

/// A block's streams, each of its share of the block.
fn streams(mut input: &[u8], codec: u8, count: usize, block: &mut [u8]) -> Result<(), String> {
    let share = block.len() / count;
    if share == 0 || share * count != block.len() {
        return Err(format!("a block of {} bytes in {count} streams", block.len()));
    }
    for out in block.chunks_exact_mut(share) {
        let (length, rest) = input.split_first_chunk().ok_or("a stream is not there")?;
        let length = usize::try_from(i32::from_le_bytes(*length)).map_err(|_error| "a stream of negative length")?;
        let stream = rest.get(..length).ok_or("a stream ends beyond the container")?;
        input = &rest[length..];
        if length == out.len() {
            out.copy_from_slice(stream);
            continue;
        }
        let n = match codec {
            0 => blosc_lz(stream, out).ok_or("a damaged stream of BloscLZ")?,
            1 => lz4_flex::block::decompress_into(stream, out).map_err(|error| error.to_string())?,
            2 => snap::raw::Decoder::new().decompress(stream, out).map_err(|error| error.to_string())?,
            3 => {
                let plain = inflate_zlib(stream, out.len())?;
                out.get_mut(..plain.len()).ok_or("a stream is too long")?.copy_from_slice(&plain);
                plain.len()
            }
            4 => {
                let plain = inflate_zstd(stream, out.len())?;
                out.get_mut(..plain.len()).ok_or("a stream is too long")?.copy_from_slice(&plain);
                plain.len()
            }
            other => return Err(format!("Blosc's compressor number {other} is not known")),
        };
        if n != out.len() {
            return Err(format!("a stream becomes {n} bytes of {}", out.len()));
        }
    }
    Ok(())
}

/// First all first bytes of the elements, then all second ones: back to elements. What is no whole element stays at the end.
pub(super) fn unshuffle(shuffled: &[u8], element: usize, out: &mut [u8]) {
    let count = out.len() / element;
    let whole = count * element;
    for (byte, column) in shuffled[..whole].chunks_exact(count.max(1)).enumerate() {
        // OK to index: `byte` is below the bytes of an element, and there are `count` of them.
        for (at, value) in column.iter().enumerate() {
            out[at * element + byte] = *value;
        }
    }
    out[whole..].copy_from_slice(&shuffled[whole..]);
}

/// Bits of the elements in rows: back to elements. Only multiples of eight elements are ever shuffled.
fn bit_unshuffle(shuffled: &[u8], element: usize, out: &mut [u8]) {
    let count = out.len() / element;
    if !count.is_multiple_of(8) {
        out.copy_from_slice(shuffled);
        return;
    }
    let (row, whole) = (count / 8, count * element);
    for byte in 0..element {
        for group in 0..row {
            // Eight rows of eight bits each: bit `b` of the byte of eight elements. OK to index: there are `element * 8` rows of
            // `row` bytes, which are `whole` bytes.
            let rows: [u8; 8] = std::array::from_fn(|bit| shuffled[(byte * 8 + bit) * row + group]);
            let columns = transpose(u64::from_le_bytes(rows)).to_le_bytes();
            for (at, value) in columns.into_iter().enumerate() {
                out[(group * 8 + at) * element + byte] = value;
            }
        }
    }
    out[whole..].copy_from_slice(&shuffled[whole..]);
}

/// Rows and columns of eight by eight bits change places (H. S. Warren, Hacker's Delight, 7-3).
fn transpose(mut x: u64) -> u64 {
    for (shift, mask) in [(7, 0x00AA_00AA_00AA_00AA), (14, 0x0000_CCCC_0000_CCCC), (28, 0x0000_0000_F0F0_F0F0)] {
        let t = (x ^ (x >> shift)) & mask;
        x = x ^ t ^ (t << shift);
    }
    x
}

/// Decompresses BloscLZ, a form of LZ77 with literals and copies of earlier bytes. `None` where the stream is damaged.
///
/// A byte below 32 begins a run of literals one longer than it. Any other holds a length in its upper three bits and the upper
/// five of a distance: a length of seven goes on in further bytes, up to one that is not 255; then comes the distance's lower byte.
/// The largest distance that fits stands for a longer one, in two more bytes.
fn blosc_lz(input: &[u8], out: &mut [u8]) -> Option<usize> {
    const NEAR: usize = 8191;
    let mut bytes = input.iter();
    let mut filled = 0;
    // The first byte has its upper bits for the level, and is always a run of literals.
    let mut control = bytes.next().map(|first| first & 31);
    while let Some(now) = control {
        let now = usize::from(now);
        if now < 32 {
            let run = now + 1;
            let literals = bytes.as_slice().get(..run)?;
            out.get_mut(filled..filled + run)?.copy_from_slice(literals);
            filled += run;
            bytes = bytes.as_slice()[run..].iter();
        } else {
            let mut length = (now >> 5) - 1;
            let high = (now & 31) << 8;
            if length == 6 {
                loop {
                    let more = *bytes.next()?;
                    length = length.checked_add(usize::from(more))?;
                    if more != 255 {
                        break;
                    }
                }
            }
            length += 3;
            let low = usize::from(*bytes.next()?);
            let distance = if low == 255 && high == 31 << 8 {
                NEAR + 1 + (usize::from(*bytes.next()?) << 8) + usize::from(*bytes.next()?)
            } else {
                high + low + 1
            };
            let from = filled.checked_sub(distance)?;
            if length > out.len() - filled {
                return None;
            }
            if distance == 1 {
                let value = out[from];
                out[filled..filled + length].fill(value);
            } else {
                // What is copied may be what this copy writes.
                for at in 0..length {
                    out[filled + at] = out[from + at];
                }
            }
            filled += length;
        }
        control = bytes.next().copied();
    }
    Some(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_and_bytes_come_back_to_their_places() {
        let mut out = [0; 7];
        unshuffle(&[1, 2, 3, 4, 5, 6, 7], 3, &mut out);
        assert_eq!(out, [1, 3, 5, 2, 4, 6, 7]);
        let mut out = [0; 8];
        bit_unshuffle(&[0b1000_0001, 0, 0, 0, 0, 0, 0, 0b1000_0000], 1, &mut out);
        assert_eq!(out, [1, 0, 0, 0, 0, 0, 0, 0b1000_0001]);
    }

    #[test]
    fn blosc_lz_copies_what_it_is_writing() {
        let mut out = [0; 16];
        // Two literals, then seven bytes from two before, and eight (a length of seven goes on by 0) of the last one.
        assert_eq!(blosc_lz(&[1, b'a', b'b', 5 << 5, 1], &mut out), Some(9));
        assert_eq!(&out[..9], b"ababababa");
        assert_eq!(blosc_lz(&[0, b'x', 7 << 5, 2, 0], &mut out), Some(12));
        assert_eq!(&out[..12], b"xxxxxxxxxxxx");
        for damaged in [&[5, 1][..], &[0, 1, 32], &[0, 1, 32, 9], &[0, 1, 7 << 5, 255, 255, 0]] {
            assert_eq!(blosc_lz(damaged, &mut out), None, "{damaged:?}");
        }
    }
}
