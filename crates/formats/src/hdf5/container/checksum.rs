//! The two checksums of HDF5.

/// Jenkins' `lookup3` over metadata (Bob Jenkins, "A hash function for hash table lookup", 2006), with the initial value 0.
pub(super) fn lookup3(data: &[u8]) -> u32 {
    let word = |bytes: &[u8]| {
        let mut four = [0; 4];
        four[..bytes.len()].copy_from_slice(bytes);
        u32::from_le_bytes(four)
    };
    // OK to cast: the hash takes the length modulo 2^32.
    let start = 0xdead_beef_u32.wrapping_add(data.len() as u32);
    let (mut a, mut b, mut c) = (start, start, start);
    let mut rest = data;
    while rest.len() > 12 {
        a = a.wrapping_add(word(&rest[..4]));
        b = b.wrapping_add(word(&rest[4..8]));
        c = c.wrapping_add(word(&rest[8..12]));
        a = a.wrapping_sub(c) ^ c.rotate_left(4);
        c = c.wrapping_add(b);
        b = b.wrapping_sub(a) ^ a.rotate_left(6);
        a = a.wrapping_add(c);
        c = c.wrapping_sub(b) ^ b.rotate_left(8);
        b = b.wrapping_add(a);
        a = a.wrapping_sub(c) ^ c.rotate_left(16);
        c = c.wrapping_add(b);
        b = b.wrapping_sub(a) ^ a.rotate_left(19);
        a = a.wrapping_add(c);
        c = c.wrapping_sub(b) ^ b.rotate_left(4);
        b = b.wrapping_add(a);
        rest = &rest[12..];
    }
    if rest.is_empty() {
        return c;
    }
    let mut last = [0; 12];
    last[..rest.len()].copy_from_slice(rest);
    a = a.wrapping_add(word(&last[..4]));
    b = b.wrapping_add(word(&last[4..8]));
    c = c.wrapping_add(word(&last[8..]));
    for (into, from, turn) in [(2, 1, 14), (0, 2, 11), (1, 0, 25), (2, 1, 16), (0, 2, 4), (1, 0, 14), (2, 1, 24)] {
        let mut state = [a, b, c];
        // OK to index: the table above holds 0 to 2.
        state[into] = (state[into] ^ state[from]).wrapping_sub(state[from].rotate_left(turn));
        [a, b, c] = state;
    }
    c
}

/// Fletcher's checksum over big-endian words of 16 bits, as the filter of that name has it.
pub(super) fn fletcher32(data: &[u8]) -> u32 {
    let (mut low, mut high) = (0_u32, 0_u32);
    let (words, odd) = data.split_at(data.len() - data.len() % 2);
    // So many words do not overflow the sums.
    for block in words.chunks(720) {
        for word in block.chunks_exact(2) {
            low += u32::from(u16::from_be_bytes([word[0], word[1]]));
            high += low;
        }
        low = (low & 0xFFFF) + (low >> 16);
        high = (high & 0xFFFF) + (high >> 16);
    }
    if let [byte] = odd {
        low += u32::from(*byte) << 8;
        high += low;
        low = (low & 0xFFFF) + (low >> 16);
        high = (high & 0xFFFF) + (high >> 16);
    }
    low = (low & 0xFFFF) + (low >> 16);
    high = (high & 0xFFFF) + (high >> 16);
    high << 16 | low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // From the comments of the function's author.
        assert_eq!(lookup3(b""), 0xdead_beef);
        assert_eq!(lookup3(b"Four score and seven years ago"), 0x1777_0551);
        assert_eq!(fletcher32(b""), 0);
        assert_eq!(fletcher32(&[1, 2, 3]), 0x0504_0402);
    }
}
