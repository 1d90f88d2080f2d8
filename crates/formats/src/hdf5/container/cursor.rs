//! Reads numbers out of a piece of the file, and never past its end.

/// Why a piece of the file makes no sense, as the end of a sentence.
pub(super) type Parsed<T> = Result<T, String>;

/// The address that stands for "nowhere": all bits set, in as many bytes as addresses have.
pub(super) fn is_undefined(address: u64, bytes: usize) -> bool {
    address == mask(bytes)
}

/// The largest number of so many bytes.
fn mask(bytes: usize) -> u64 {
    match bytes {
        0 => 0,
        // OK to shift: by 0 to 56.
        1..8 => (1 << (8 * bytes)) - 1,
        _ => u64::MAX,
    }
}

/// Bytes that are needed for numbers up to `most`.
pub(super) fn bytes_for(most: u64) -> usize {
    // OK to cast: at most 8.
    (most.checked_ilog2().unwrap_or(0) / 8 + 1) as usize
}

/// A place in a piece of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    data: &'a [u8],
    at: usize,
    /// Bytes of an address.
    pub(super) offset_size: usize,
    /// Bytes of a length.
    pub(super) length_size: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(data: &'a [u8], (offset_size, length_size): (usize, usize)) -> Self {
        Self { data, at: 0, offset_size, length_size }
    }

    /// Bytes that are left.
    pub(super) fn left(&self) -> usize {
        self.data.len() - self.at
    }

    /// Bytes that were read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn take(&mut self, length: usize) -> Parsed<&'a [u8]> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.data.len());
        let Some(end) = end else {
            return Err(format!("{length} bytes are needed at {} of {}", self.at, self.data.len()));
        };
        let bytes = &self.data[self.at..end];
        self.at = end;
        Ok(bytes)
    }

    pub(super) fn skip(&mut self, length: usize) -> Parsed<()> {
        self.take(length).map(|_| ())
    }

    /// All that is left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        let rest = &self.data[self.at..];
        self.at = self.data.len();
        rest
    }

    /// A little-endian number of `bytes` bytes, at most eight.
    pub(super) fn uint(&mut self, bytes: usize) -> Parsed<u64> {
        let taken = self.take(bytes)?;
        Ok(taken.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    pub(super) fn u8(&mut self) -> Parsed<u8> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn u16(&mut self) -> Parsed<u16> {
        // OK to cast: two bytes.
        Ok(self.uint(2)? as u16)
    }

    pub(super) fn u32(&mut self) -> Parsed<u32> {
        // OK to cast: four bytes.
        Ok(self.uint(4)? as u32)
    }

    pub(super) fn u64(&mut self) -> Parsed<u64> {
        self.uint(8)
    }

    /// A length.
    pub(super) fn length(&mut self) -> Parsed<u64> {
        self.uint(self.length_size)
    }

    /// An address; `None` where it is nowhere.
    pub(super) fn address(&mut self) -> Parsed<Option<u64>> {
        let address = self.uint(self.offset_size)?;
        Ok(Some(address).filter(|address| !is_undefined(*address, self.offset_size)))
    }

    /// An address that must be somewhere.
    pub(super) fn place(&mut self) -> Parsed<u64> {
        self.address()?.ok_or_else(|| "an address is undefined".to_owned())
    }

    /// These bytes must come.
    pub(super) fn expect(&mut self, mark: &[u8]) -> Parsed<()> {
        let found = self.take(mark.len())?;
        if found == mark {
            return Ok(());
        }
        Err(format!("it begins with {:02x?} instead of `{}`", found, String::from_utf8_lossy(mark)))
    }

    /// A version, one of `known`.
    pub(super) fn version(&mut self, known: std::ops::RangeInclusive<u8>) -> Parsed<u8> {
        let version = self.u8()?;
        if known.contains(&version) { Ok(version) } else { Err(format!("its version {version} is not known")) }
    }

    /// A text that ends with a zero byte, which is taken too.
    pub(super) fn text(&mut self) -> Parsed<String> {
        let rest = &self.data[self.at..];
        let Some(end) = rest.iter().position(|byte| *byte == 0) else { return Err("a name has no end".to_owned()) };
        self.at += end + 1;
        Ok(String::from_utf8_lossy(&rest[..end]).into_owned())
    }

    /// A text that ends with zero bytes up to a multiple of eight.
    pub(super) fn padded_text(&mut self) -> Parsed<String> {
        let start = self.at;
        let text = self.text()?;
        let used = self.at - start;
        self.skip(used.next_multiple_of(8) - used)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_end_with_the_piece() {
        let mut cursor = Cursor::new(&[1, 2, 3, 0xFF, 0xFF, 0xFF, 0xFF, b'a', 0, 9], (4, 8));
        assert_eq!((cursor.u8(), cursor.u16()), (Ok(1), Ok(0x0302)));
        assert_eq!(cursor.address(), Ok(None));
        assert_eq!(cursor.text().as_deref(), Ok("a"));
        assert!(cursor.u16().is_err());
        assert_eq!(cursor.left(), 1);
        assert_eq!((bytes_for(0), bytes_for(255), bytes_for(256), bytes_for(u64::MAX)), (1, 1, 2, 8));
    }
}
