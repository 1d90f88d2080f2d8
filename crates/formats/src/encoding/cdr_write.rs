//! Writes CDR: little-endian, with the alignment of XCDR1, as every ROS 2 middleware reads it.

/// One message under construction. Write the fields in the order of the schema, nested ones in place.
///
/// ```
/// # use prairie_formats::encoding::CdrWriter;
/// let mut message = CdrWriter::new();
/// message.time(1, 500_000_000); // header.stamp
/// message.string("base"); // header.frame_id
/// message.f64s(&[0.5, -0.5]); // float64[] data
/// assert_eq!(message.finish().len(), 44);
/// ```
///
/// **Invariant:** each number lies at a multiple of its size, counted from behind the four bytes of encapsulation.
#[derive(Debug, Clone)]
pub struct CdrWriter {
    bytes: Vec<u8>,
}

/// Plain CDR, little-endian, no options.
const ENCAPSULATION: [u8; 4] = [0, 1, 0, 0];

macro_rules! numbers {
    ($($kind:ident)*) => {$(
        #[doc = concat!("Writes one `", stringify!($kind), "`.")]
        pub fn $kind(&mut self, value: $kind) {
            self.align(size_of::<$kind>());
            self.bytes.extend_from_slice(&value.to_le_bytes());
        }
    )*};
}

impl CdrWriter {
    /// An empty message.
    pub fn new() -> Self {
        Self { bytes: ENCAPSULATION.to_vec() }
    }

    fn align(&mut self, to: usize) {
        // Multiples of eight behind the encapsulation are multiples of eight plus four.
        let at = self.bytes.len() - ENCAPSULATION.len();
        self.bytes.resize(ENCAPSULATION.len() + at.next_multiple_of(to), 0);
    }

    numbers!(i8 u8 i16 u16 i32 u32 i64 u64 f32 f64);

    /// Writes a truth value.
    pub fn bool(&mut self, value: bool) {
        self.u8(u8::from(value));
    }

    /// Writes the number of items of a sequence; the items follow.
    ///
    /// # Panics
    ///
    /// When the count does not fit 32 bits, which no CDR message can hold.
    pub fn length(&mut self, items: usize) {
        self.u32(u32::try_from(items).expect("CDR counts items in 32 bits"));
    }

    /// Writes a text with its closing zero.
    pub fn string(&mut self, text: &str) {
        self.length(text.len() + 1);
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(0);
    }

    /// Writes a `string[]`.
    pub fn strings(&mut self, texts: &[impl AsRef<str>]) {
        self.length(texts.len());
        texts.iter().for_each(|text| self.string(text.as_ref()));
    }

    /// Writes a `uint8[]`.
    pub fn byte_sequence(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes a `float64[]`.
    pub fn f64s(&mut self, values: &[f64]) {
        self.length(values.len());
        values.iter().for_each(|value| self.f64(*value));
    }

    /// Writes a `float32[]`.
    pub fn f32s(&mut self, values: &[f32]) {
        self.length(values.len());
        values.iter().for_each(|value| self.f32(*value));
    }

    /// Writes a `builtin_interfaces/Time`.
    pub fn time(&mut self, sec: i32, nanosec: u32) {
        self.i32(sec);
        self.u32(nanosec);
    }

    /// Writes a `std_msgs/Header` whose stamp is nanoseconds since 1970; false, and nothing is written, where the stamp does
    /// not fit (before 1901 or after 2038).
    #[must_use]
    pub fn header(&mut self, stamp_ns: i64, frame_id: &str) -> bool {
        let Ok(sec) = i32::try_from(stamp_ns.div_euclid(1_000_000_000)) else { return false };
        // OK to cast: a remainder is between zero and a billion.
        self.time(sec, stamp_ns.rem_euclid(1_000_000_000) as u32);
        self.string(frame_id);
        true
    }

    /// Bytes so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether no field was written yet.
    pub fn is_empty(&self) -> bool {
        self.bytes.len() == ENCAPSULATION.len()
    }

    /// The message.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

impl Default for CdrWriter {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_aligned_behind_the_encapsulation() {
        let mut message = CdrWriter::new();
        message.u8(7);
        message.f64(1.0);
        message.string("a");
        message.u16(2);
        let bytes = message.finish();
        assert_eq!(bytes[..5], [0, 1, 0, 0, 7]);
        assert_eq!(bytes[12..20], 1.0_f64.to_le_bytes());
        assert_eq!(bytes[20..], [2, 0, 0, 0, b'a', 0, 2, 0]);
    }

    #[test]
    fn a_stamp_before_1970_keeps_a_positive_fraction() {
        let mut message = CdrWriter::new();
        assert!(message.header(-1, ""));
        assert_eq!(message.finish()[4..12], [0xff, 0xff, 0xff, 0xff, 0xff, 0xc9, 0x9a, 0x3b]);
        assert!(!CdrWriter::new().header(i64::MAX, ""));
    }
}
