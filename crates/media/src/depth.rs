//! Depth as ROS's `compressed_depth_image_transport` wraps it: a header, then PNG or RVL.
//!
//! The header has 12 bytes: a format of 32 bits, and two floats A and B. Whether depth is a float can only be seen in the
//! message's `format` text (`32FC1; compressedDepth rvl`), so the text goes into [`prairie_model::PictureInfo::config`]. Then
//! depth in metres is A / (value − B), and a value of 0 means that there is none (NaN). Otherwise the values are millimetres.
//! Source: <https://github.com/ros-perception/image_transport_plugins>, `compressed_depth_image_transport/src/codec.cpp`.

/// Bytes of the header.
pub(crate) const HEADER: usize = 12;

/// Whether the `format` text of a message speaks of float depth.
pub(crate) fn is_float(text: &[u8]) -> bool {
    let has = |part: &[u8]| text.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part));
    has(b"32FC1") && has(b"compressedDepth")
}

/// A and B of a header.
pub(crate) fn quantisation(header: &[u8; HEADER]) -> (f32, f32) {
    let [_, _, _, _, a0, a1, a2, a3, b0, b1, b2, b3] = *header;
    (f32::from_le_bytes([a0, a1, a2, a3]), f32::from_le_bytes([b0, b1, b2, b3]))
}

/// Metres of quantised depth: little-endian numbers of 16 bits to floats of 32.
pub(crate) fn metres(quantised: &[u8], (a, b): (f32, f32)) -> Vec<u8> {
    let metres = |pixel: &[u8]| match u16::from_le_bytes([pixel[0], pixel[1]]) {
        0 => f32::NAN,
        value => a / (f32::from(value) - b),
    };
    quantised.chunks_exact(2).flat_map(|pixel| metres(pixel).to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metres_are_a_over_value_less_b() {
        let mut header = [0; HEADER];
        header[4..8].copy_from_slice(&100.0_f32.to_le_bytes());
        header[8..].copy_from_slice(&(-2.0_f32).to_le_bytes());
        let quantised = [0, 0, 98, 0, 0xff, 0xff];
        let bytes = metres(&quantised, quantisation(&header));
        let metres: Vec<f32> = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        assert!(metres[0].is_nan());
        assert_eq!(metres[1..], [1.0, 100.0 / 65_537.0]);
    }

    #[test]
    fn the_format_text_tells_floats() {
        assert!(is_float(b"32FC1; compressedDepth png") && is_float(b"32fc1; compresseddepth rvl"));
        assert!(!is_float(b"16UC1; compressedDepth") && !is_float(b"32FC1") && !is_float(b""));
    }
}
