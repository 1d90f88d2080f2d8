//! The two filters that pack elements into fewer bits: N-bit and scale-offset.
//!
//! Both write the bits of one element after those of the one before, the highest first.

use super::cursor::Parsed;

/// Types inside of each other in the parameters of N-bit.
const DEPTH_MAX: usize = 16;

/// Reads bits, the highest of each byte first.
struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// The next `count` bits, at most 64.
    fn take(&mut self, count: u32) -> Parsed<u64> {
        let mut value = 0_u64;
        let mut left = count as usize;
        while left > 0 {
            let byte = *self.data.get(self.at / 8).ok_or("its bits end early")?;
            let free = 8 - self.at % 8;
            let n = free.min(left);
            // OK to shift and cast: by at most 8, of a byte.
            let part = u64::from(byte) >> (free - n) & ((1 << n) - 1);
            value = value << n | part;
            self.at += n;
            left -= n;
        }
        Ok(value)
    }
}

/// One number of N-bit: its bytes, whether they are big-endian, how many bits of it are kept, and from which on.
#[derive(Debug, Clone, Copy)]
struct Atom {
    at: usize,
    size: usize,
    big_endian: bool,
    bits: u32,
    start: u32,
}

/// Reads the parameters of N-bit.
struct Parameters<'a> {
    values: &'a [u32],
    at: usize,
}

impl Parameters<'_> {
    fn next(&mut self) -> Parsed<usize> {
        let value = *self.values.get(self.at).ok_or("its parameters end early")?;
        self.at += 1;
        // OK to cast: 32 bits.
        Ok(value as usize)
    }

    /// The numbers of one element that begins at `at` of `size_max` bytes.
    fn atoms(&mut self, at: usize, size_max: usize, depth: usize, atoms: &mut Vec<Atom>) -> Parsed<usize> {
        if depth == 0 || atoms.len() > 1 << 16 {
            return Err("its parameters have too many parts".to_owned());
        }
        let class = self.next()?;
        let size = self.next()?;
        let end = at.checked_add(size).filter(|end| *end <= size_max);
        let end = end.ok_or_else(|| format!("a part of {size} bytes at {at} does not lie in {size_max}"))?;
        match class {
            1 => {
                let big_endian = self.next()? == 1;
                let (bits, start) = (self.next()?, self.next()?);
                if size > 8 || bits == 0 || bits.checked_add(start).is_none_or(|end| end > 8 * size) {
                    return Err(format!("{bits} bits from bit {start} on do not lie in {size} bytes"));
                }
                // OK to cast: at most 64.
                atoms.push(Atom { at, size, big_endian, bits: bits as u32, start: start as u32 });
            }
            2 => {
                let first = atoms.len();
                let part = self.atoms(at, size_max, depth - 1, atoms)?;
                if part == 0 || size % part != 0 {
                    return Err(format!("an array of {size} bytes has no elements of {part}"));
                }
                let one: Vec<Atom> = atoms[first..].to_vec();
                if size / part * one.len() > 1 << 20 {
                    return Err("an array of it is too large".to_owned());
                }
                for repeat in 1..size / part {
                    atoms.extend(one.iter().map(|atom| Atom { at: atom.at + repeat * part, ..*atom }));
                }
            }
            3 => {
                for _ in 0..self.next()? {
                    let offset = self.next()?;
                    let member = at.checked_add(offset).ok_or("a member of it is too far")?;
                    self.atoms(member, end, depth - 1, atoms)?;
                }
            }
            4 if size > 1 << 16 => return Err(format!("a part of {size} bytes is more than is known")),
            // Bytes as they are.
            4 => atoms.extend((at..end).map(|at| Atom { at, size: 1, big_endian: false, bits: 8, start: 0 })),
            other => return Err(format!("its parameters name an unknown class {other}")),
        }
        Ok(size)
    }
}

/// Undoes N-bit.
pub(super) fn unpack_nbit(from: &[u8], into: &mut Vec<u8>, values: &[u32], room: usize) -> Parsed<()> {
    let mut parameters = Parameters { values, at: 1 };
    let (as_it_is, count) = (parameters.next()?, parameters.next()?);
    if as_it_is == 1 {
        into.clear();
        into.extend_from_slice(from);
        return Ok(());
    }
    let mut atoms = Vec::new();
    let size = parameters.atoms(0, room, DEPTH_MAX, &mut atoms)?;
    let total = count.checked_mul(size).filter(|total| *total <= room);
    let total = total.ok_or_else(|| format!("{count} elements of {size} bytes are more than a chunk has"))?;
    into.clear();
    into.resize(total, 0);
    let mut bits = Bits { data: from, at: 0 };
    for element in into.chunks_exact_mut(size.max(1)) {
        for atom in &atoms {
            let value = bits.take(atom.bits)? << atom.start;
            put(&mut element[atom.at..atom.at + atom.size], value, atom.big_endian);
        }
    }
    Ok(())
}

/// Writes the low bytes of a number.
fn put(into: &mut [u8], value: u64, big_endian: bool) {
    let size = into.len();
    into.copy_from_slice(&value.to_le_bytes()[..size]);
    if big_endian {
        into.reverse();
    }
}

/// Bytes before the bits of scale-offset.
const SCALED_HEAD: usize = 21;

/// Undoes scale-offset.
pub(super) fn unpack_scaled(from: &[u8], into: &mut Vec<u8>, values: &[u32], room: usize) -> Parsed<()> {
    let value = |at: usize| values.get(at).copied().ok_or("its parameters end early");
    let (kind, scale, count, class, size) = (value(0)?, value(1)?, value(2)?, value(3)?, value(4)?);
    // Parameter 5 is the sign, which needs nothing of its own: numbers wrap.
    let (big_endian, filled) = (value(6)? == 1, value(7)? == 1);
    // OK to cast: 32 bits.
    let (count, size) = (count as usize, size as usize);
    let is_float = class == 1;
    if !matches!((is_float, size), (false, 1 | 2 | 4 | 8) | (true, 4 | 8)) || kind == 1 {
        return Err(format!("numbers of class {class} and {size} bytes, scaled in way {kind}, are not known"));
    }
    let total = count.checked_mul(size).filter(|total| *total <= room);
    let total = total.ok_or_else(|| format!("{count} elements of {size} bytes are more than a chunk has"))?;
    let head = from.get(..SCALED_HEAD).ok_or("its head is cut")?;
    let bits = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
    // The lowest value, in as many bytes as the head says, at most eight.
    let minimum_bytes = usize::from(head[4]).min(8);
    let minimum = head[5..5 + minimum_bytes].iter().rev().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    // OK to cast: at most 8 bytes.
    let width = 8 * size as u32;
    if bits > width {
        return Err(format!("{bits} bits are more than a number of {size} bytes has"));
    }
    into.clear();
    into.resize(total, 0);
    if bits == width {
        let body = from.get(SCALED_HEAD..SCALED_HEAD + total).ok_or("its numbers are cut")?;
        for (element, plain) in into.chunks_exact_mut(size).zip(body.chunks_exact(size)) {
            let mut bytes = [0; 8];
            bytes[..size].copy_from_slice(plain);
            put(element, u64::from_le_bytes(bytes), big_endian);
        }
        return Ok(());
    }
    let fill: Vec<u8> = values.iter().skip(8).flat_map(|value| value.to_le_bytes()).collect();
    let mut fill_bytes = [0; 8];
    for (into, byte) in fill_bytes[..size].iter_mut().zip(&fill) {
        *into = *byte;
    }
    let fill = u64::from_le_bytes(fill_bytes);
    // The highest number of so many bits stands for the fill value. OK to shift: there are fewer than 64.
    let mark = filled.then(|| (1_u64 << bits) - 1);
    // OK to cast: a scale is a small number that may be negative.
    let power = 10_f64.powi(scale as i32);
    let mut packed = Bits { data: &from[SCALED_HEAD..], at: 0 };
    for element in into.chunks_exact_mut(size) {
        let number = packed.take(bits)?;
        let plain = match (is_float, size) {
            _ if mark == Some(number) => fill,
            (false, _) => number.wrapping_add(minimum),
            // OK to cast: the library computes with numbers of the type's own width.
            (true, 4) => u64::from((number as f32 / power as f32 + f32::from_bits(minimum as u32)).to_bits()),
            (true, _) => (number as f64 / power + f64::from_bits(minimum)).to_bits(),
        };
        put(element, plain, big_endian);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_from_the_top() {
        let mut bits = Bits { data: &[0b1010_0110, 0b1000_0000], at: 0 };
        assert_eq!((bits.take(3), bits.take(6)), (Ok(0b101), Ok(0b001101)));
        assert!(bits.take(8).is_err());
    }

    #[test]
    fn twelve_bits_of_sixteen() {
        // Two numbers of 16 bits, 12 of them kept, from bit 2 on.
        let values = [8, 0, 2, 1, 2, 0, 12, 2];
        let mut found = Vec::new();
        unpack_nbit(&[0xAB, 0xC1, 0x23], &mut found, &values, 100).expect("whole");
        assert_eq!(found, [(0xABC_u16 << 2).to_le_bytes(), (0x123_u16 << 2).to_le_bytes()].concat());
        assert!(unpack_nbit(&[0xAB], &mut found, &values, 100).is_err());
        assert!(unpack_nbit(&[0xAB, 0xC1, 0x23], &mut found, &values, 3).is_err());
    }
}
