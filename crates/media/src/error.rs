//! Why a picture could not be encoded.

/// A picture could not be encoded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// H.264 with 4:2:0 chroma has no odd sizes.
    #[error("no H.264 picture of {width} × {height} pixels: both must be even, at least 16, and at most 3840 × 2160")]
    Size {
        /// Pixels per row.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// The picture is not as the settings say.
    #[error("the picture is {picture}, the encoder was set for {settings}")]
    Mismatch {
        /// Size and format of the picture.
        picture: String,
        /// Size and formats that the encoder takes.
        settings: String,
    },
    /// The encoder failed.
    #[error("failed to encode frame {frame}")]
    Encoder {
        /// Its number, from zero.
        frame: u64,
        /// What the encoder says.
        source: openh264::Error,
    },
    /// There is no PNG of the picture.
    #[error("failed to make a PNG: {0}")]
    Png(String),
}
