//! Which arrays hold pictures, and how a row of one becomes rows of pixels.
//!
//! A row of `[height, width, channels]` or `[channels, height, width]` bytes is a picture. So is one of floats, as policies are
//! trained on them: those in 0 to 1 are taken times 255, others as they are, and rounded to bytes. Arrays with `depth` in their name
//! are depth: whole numbers of 16 bits in millimetres, floats in metres.

use prairie_model::{BlobRef, Compression, Hash256, PixelFormat};

use super::array::{Array, Cache};
use super::meta::ArrayMeta;
use super::store::Store;
use crate::FormatError;
use crate::elements::{Element, Kind};

/// The smallest side of a picture in colour, of a grey one, and of one of floats.
const SIDE_MIN: u64 = 8;
const GREY_SIDE_MIN: u64 = 32;
/// Rows in which the range of floats is looked for.
const RANGE_ROWS: u64 = 16;

/// How the rows of an array are pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct View {
    pub(super) format: PixelFormat,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Whether each colour is a plane of its own.
    planes: bool,
    /// Whether floats become bytes.
    floats: bool,
}

impl View {
    /// The view of an array of that name; `None` where its rows are no pictures.
    pub(super) fn of(meta: &ArrayMeta, name: &str) -> Option<Self> {
        let Element { kind, size, .. } = meta.element;
        let row = meta.shape.get(1..)?;
        let is_depth = prairie_model::words(name).iter().any(|word| word == "depth");
        let (channels, height, width, planes) = match *row {
            [height, width] => (1, height, width, false),
            [height, width, channels @ (1 | 3 | 4)] => (channels, height, width, false),
            [channels @ (1 | 3 | 4), height, width] => (channels, height, width, channels > 1),
            _ => return None,
        };
        let (format, floats) = match (kind, size, channels) {
            (Kind::UInt, 2, 1) | (Kind::Int, 2, 1) if is_depth => (PixelFormat::Mono16, false),
            (Kind::Float, 4, 1) if is_depth => (PixelFormat::Float32, false),
            (Kind::UInt, 1, 1) => (PixelFormat::Mono8, false),
            (Kind::UInt, 1, 3) => (PixelFormat::Rgb8, false),
            (Kind::UInt, 1, 4) => (PixelFormat::Rgba8, false),
            (Kind::Float, 2 | 4 | 8, 3) => (PixelFormat::Rgb8, true),
            _ => return None,
        };
        let least = if channels == 1 || floats { GREY_SIDE_MIN } else { SIDE_MIN };
        if height < least || width < least {
            return None;
        }
        let (width, height) = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
        Some(Self { format, width, height, planes, floats })
    }

    /// Bytes of a picture.
    pub(super) fn bytes(&self) -> usize {
        // OK to cast and multiply: not more than a row has, which ArrayMeta bounds.
        self.width as usize * self.height as usize * self.format.bytes()
    }

    /// A row as rows of pixels. `scale` is what floats are taken times.
    fn pixels(&self, row: &[u8], element: Element, scale: f64) -> Vec<u8> {
        let plain: Vec<u8> = if self.floats {
            // OK to cast: saturates, and what is no number is black.
            let byte = |bytes| (element.number(bytes).unwrap_or(0.0) * scale).round() as u8;
            row.chunks_exact(element.size).map(byte).collect()
        } else {
            row.to_vec()
        };
        if !self.planes {
            return plain;
        }
        let channels = self.format.bytes();
        let plane = plain.len() / channels.max(1);
        // OK to index: there are `channels` planes.
        (0..plane)
            .flat_map(|at| (0..channels).map(move |channel| (channel, at)))
            .map(|(c, at)| plain[c * plane + at])
            .collect()
    }
}

/// Reads pictures of one array.
pub(super) struct Pictures {
    pub(super) view: View,
    scale: Option<f64>,
    row: Vec<u8>,
}

impl Pictures {
    pub(super) fn new(view: View) -> Self {
        Self { view, scale: None, row: Vec::new() }
    }

    /// The pixels of a row.
    ///
    /// # Errors
    ///
    /// When a chunk of the row is damaged, or the source fails.
    pub(super) fn read(
        &mut self,
        store: &Store<'_>,
        array: &mut Array,
        cache: &mut Cache,
        row: u64,
    ) -> Result<Vec<u8>, FormatError> {
        let scale = if self.view.floats { self.scale(store, array, cache)? } else { 1.0 };
        self.row.clear();
        array.rows(store, cache, row, 1, &mut self.row)?;
        Ok(self.view.pixels(&self.row, array.meta.element, scale))
    }

    /// What floats are taken times: 255 where none of the first rows is above 1.
    fn scale(&mut self, store: &Store<'_>, array: &mut Array, cache: &mut Cache) -> Result<f64, FormatError> {
        if let Some(scale) = self.scale {
            return Ok(scale);
        }
        let first = array.first_stored_row().unwrap_or(0);
        let rows = array.band_end(first).saturating_sub(first).min(RANGE_ROWS);
        let element = array.meta.element;
        let mut most: f64 = 0.0;
        for row in first..first + rows {
            self.row.clear();
            array.rows(store, cache, row, 1, &mut self.row)?;
            most = self.row.chunks_exact(element.size).filter_map(|bytes| element.number(bytes)).fold(most, f64::max);
        }
        let scale = if most > 1.0 { 1.0 } else { 255.0 };
        self.scale = Some(scale);
        Ok(scale)
    }
}

/// The place of a picture that is read through its array.
pub(super) fn place(file: u32, offset: u64, view: &View, rows: u64, row: u64, sha256: Hash256) -> BlobRef {
    let bytes = view.bytes() as u64;
    BlobRef {
        file,
        chunk_offset: offset,
        chunk_length: rows.saturating_mul(bytes),
        compression: Compression::Zarr,
        inner_offset: row.saturating_mul(bytes),
        length: bytes,
        key_frame: None,
        sha256: Some(sha256),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(shape: &str, dtype: &str) -> ArrayMeta {
        let text = format!(r#"{{"shape":[9,{shape}],"chunks":[1,{shape}],"dtype":"{dtype}"}}"#);
        ArrayMeta::v2(&serde_json::from_str(&text).unwrap()).unwrap()
    }

    #[test]
    fn pictures_are_told_by_shape_type_and_name() {
        let view = |shape, dtype, name| View::of(&meta(shape, dtype), name).map(|view| (view.format, view.planes));
        assert_eq!(view("96,96,3", "|u1", "img"), Some((PixelFormat::Rgb8, false)));
        assert_eq!(view("3,96,96", "<f4", "img"), Some((PixelFormat::Rgb8, true)));
        assert_eq!(view("84,84", "<f4", "head_depth"), Some((PixelFormat::Float32, false)));
        assert_eq!(view("84,84,1", "<u2", "depth"), Some((PixelFormat::Mono16, false)));
        for (shape, dtype, name) in
            [("9,2", "<f4", "keypoint"), ("84,84", "<f4", "map"), ("4,4,3", "|u1", "x"), ("1024,6", "<f4", "points")]
        {
            assert_eq!(view(shape, dtype, name), None, "{name}");
        }
    }

    #[test]
    fn planes_become_pixels_and_floats_bytes() {
        let view = View { format: PixelFormat::Rgb8, width: 2, height: 1, planes: true, floats: true };
        let row = [0.0_f32, 1.0, 0.5, 2.0, f32::NAN, -1.0].map(f32::to_le_bytes).concat();
        let pixels = view.pixels(&row, Element::of(Kind::Float, 4), 255.0);
        assert_eq!(pixels, [0, 128, 0, 255, 255, 0]);
    }
}
