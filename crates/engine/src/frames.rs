//! Rows of the frame index as values.

use arrow::array::{Array, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray, UInt32Array, UInt64Array};
use arrow::datatypes::{Int64Type, UInt32Type, UInt64Type};
use prairie_model::{BlobRef, Codec, Compression, PictureInfo, Stream};

/// Rows of the frame index, column by column.
pub(crate) struct FrameRows<'a> {
    t_ns: &'a Int64Array,
    codec: &'a StringArray,
    width: &'a UInt32Array,
    height: &'a UInt32Array,
    key_frame: &'a BooleanArray,
    file: &'a UInt32Array,
    chunk_offset: &'a UInt64Array,
    chunk_length: &'a UInt64Array,
    compression: &'a StringArray,
    inner_offset: &'a UInt64Array,
    length: &'a UInt64Array,
}

impl<'a> FrameRows<'a> {
    /// The columns of `rows`; `None` when they are not those of the frame index.
    pub(crate) fn of(rows: &'a RecordBatch) -> Option<Self> {
        let column = |name: &str| rows.column_by_name(name);
        Some(Self {
            t_ns: column("t_ns")?.as_primitive_opt::<Int64Type>()?,
            codec: column("codec")?.as_string_opt::<i32>()?,
            width: column("width")?.as_primitive_opt::<UInt32Type>()?,
            height: column("height")?.as_primitive_opt::<UInt32Type>()?,
            key_frame: column("key_frame")?.as_boolean_opt()?,
            file: column("file")?.as_primitive_opt::<UInt32Type>()?,
            chunk_offset: column("chunk_offset")?.as_primitive_opt::<UInt64Type>()?,
            chunk_length: column("chunk_length")?.as_primitive_opt::<UInt64Type>()?,
            compression: column("compression")?.as_string_opt::<i32>()?,
            inner_offset: column("inner_offset")?.as_primitive_opt::<UInt64Type>()?,
            length: column("length")?.as_primitive_opt::<UInt64Type>()?,
        })
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.t_ns.len()
    }

    /// The canonical time of row `row`.
    pub(crate) fn t_ns(&self, row: usize) -> i64 {
        self.t_ns.value(row)
    }

    /// Where the bytes of row `row` lie.
    pub(crate) fn blob(&self, row: usize) -> BlobRef {
        BlobRef {
            file: self.file.value(row),
            chunk_offset: self.chunk_offset.value(row),
            chunk_length: self.chunk_length.value(row),
            compression: Compression::from_name(self.compression.value(row)).unwrap_or(Compression::None),
            inner_offset: self.inner_offset.value(row),
            length: self.length.value(row),
            key_frame: self.key_frame.is_valid(row).then(|| self.key_frame.value(row)),
            // Where the bytes lie is all that is asked for here.
            sha256: None,
        }
    }

    /// How the picture of row `row` is coded; the decoder's configuration comes from the stream.
    pub(crate) fn picture(&self, row: usize, stream: &Stream) -> PictureInfo {
        let size = |column: &UInt32Array| column.is_valid(row).then(|| column.value(row));
        let of_stream = stream.picture.as_ref();
        PictureInfo {
            codec: Codec::from_name(self.codec.value(row)),
            width: size(self.width).or_else(|| of_stream.and_then(|info| info.width)),
            height: size(self.height).or_else(|| of_stream.and_then(|info| info.height)),
            config: of_stream.map(|info| info.config.clone()).unwrap_or_default(),
            fps: of_stream.and_then(|info| info.fps),
        }
    }
}
