//! Arrow IPC streams, as Hugging Face's `datasets` saves them.
//!
//! ```text
//!   ff ff ff ff │ length: i32 │ Message (FlatBuffers), padded │ body ...        a Schema, then one RecordBatch after the other
//!   RecordBatch: nodes (length, nulls) and buffers (offset, length in the body), in the order of the fields, depth first
//! ```
//!
//! Messages are found and verified here, and only the buffers of wanted columns are read: those of pictures never are, since a batch
//! of a thousand rows may hold some hundred megabytes of them. See
//! <https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc>.
//!
//! What it does *not* do: dictionaries, compressed bodies, views, unions, big-endian streams.
//!
//! **Invariant:** what a message claims lies inside of its file, and what is read of a batch has a bound, before memory is taken.

use std::sync::Arc;

use arrow::array::{Array, ArrayData, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, make_array, new_null_array};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field, Fields, Schema};
use arrow::ipc;
use prairie_model::{BlobRef, Compression, Source};

use crate::FormatError;
use crate::blob::hash_at;

/// Before each message of today's streams.
pub(super) const CONTINUATION: [u8; 4] = [0xff; 4];

/// Bytes of a message without its body. A schema of 10,000 columns has some megabytes.
const MESSAGE_MAX_BYTES: u64 = 64 << 20;

/// Bytes of the wanted buffers of one batch.
const BATCH_MAX_BYTES: u64 = 256 << 20;

/// Types nest no deeper.
const DEPTH_MAX: usize = 16;

/// An open stream.
pub(super) struct Stream<'a> {
    source: &'a dyn Source,
    file: usize,
    path: String,
    size: u64,
    fields: Fields,
    /// Key and value of the schema.
    pub(super) metadata: Vec<(String, String)>,
    /// Where the next message begins.
    at: u64,
}

/// One batch of rows, of which no column is read.
pub(super) struct Batch {
    message: Vec<u8>,
    offset: u64,
    body: u64,
    body_length: u64,
    pub(super) rows: u64,
}

/// A batch with the wanted columns, and where the pictures of its rows lie.
pub(super) struct Rows {
    pub(super) batch: RecordBatch,
    /// By the name of the column.
    pub(super) places: Vec<(String, Vec<Option<BlobRef>>)>,
}

impl<'a> Stream<'a> {
    /// Reads the schema.
    pub(super) fn open(source: &'a dyn Source, file: usize) -> Result<Self, FormatError> {
        let (path, size) = source.files().get(file).map_or((String::new(), 0), |file| (file.path.clone(), file.size));
        let mut stream = Self { source, file, path, size, fields: Fields::empty(), metadata: Vec::new(), at: 0 };
        let Some((offset, bytes)) = stream.message()? else {
            return Err(stream.damaged("the schema", 0, "the stream is empty".to_owned()));
        };
        let message = stream.verified(&bytes, offset)?;
        let Some(schema) = message.header_as_schema() else {
            return Err(stream.damaged("the schema", offset, "the first message is none".to_owned()));
        };
        if schema.endianness() != ipc::Endianness::Little {
            return Err(FormatError::Unsupported(format!("`{}` is big-endian", stream.path)));
        }
        let mut fields = Vec::new();
        for field in schema.fields().into_iter().flatten() {
            match field_of(&field, 0) {
                Some(field) => fields.push(field),
                None => {
                    let name = field.name().unwrap_or_default();
                    let why = format!("column `{name}` has a type that is not read");
                    return Err(stream.damaged("the schema", offset, why));
                }
            }
        }
        let pairs = schema.custom_metadata().into_iter().flatten();
        stream.metadata = pairs.filter_map(|pair| Some((pair.key()?.to_owned(), pair.value()?.to_owned()))).collect();
        stream.fields = fields.into();
        Ok(stream)
    }

    /// The columns.
    pub(super) const fn fields(&self) -> &Fields {
        &self.fields
    }

    /// The next message without its body, and where it begins; `None` at the end of the stream.
    fn message(&mut self) -> Result<Option<(u64, Vec<u8>)>, FormatError> {
        let offset = self.at;
        let left = self.size - offset;
        // A stream may simply end, without the mark of its end.
        if left == 0 {
            return Ok(None);
        }
        let head = self.source.read_exact(self.file, offset, left.min(8)).map_err(|source| self.io(source))?;
        let word = |at: usize| head.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
        // Streams of before 2019 have the length alone.
        let (length, skip) = if head.starts_with(&CONTINUATION) { (word(4), 8) } else { (word(0), 4) };
        let Some(length) = length.map(u64::from) else {
            return Err(self.cut(format!("{left} bytes are no message")));
        };
        if length == 0 {
            self.at = self.size;
            return Ok(None);
        }
        if length > MESSAGE_MAX_BYTES {
            return Err(self.damaged("a message", offset, format!("it claims {length} bytes")));
        }
        if length > left - skip {
            return Err(self.cut(format!("a message at byte {offset} claims {length} bytes")));
        }
        let bytes = self.source.read_exact(self.file, offset + skip, length).map_err(|source| self.io(source))?;
        self.at = offset + skip + length;
        Ok(Some((offset, bytes)))
    }

    fn verified<'b>(&self, bytes: &'b [u8], offset: u64) -> Result<ipc::Message<'b>, FormatError> {
        ipc::root_as_message(bytes).map_err(|error| self.damaged("a message", offset, error.to_string()))
    }

    /// The next batch; `None` at the end of the stream.
    ///
    /// # Errors
    ///
    /// Damage, behind which nothing can be found.
    pub(super) fn next(&mut self) -> Result<Option<Batch>, FormatError> {
        loop {
            let Some((offset, bytes)) = self.message()? else { return Ok(None) };
            let message = self.verified(&bytes, offset)?;
            let body = self.at;
            let claimed = message.bodyLength();
            let Ok(body_length) = u64::try_from(claimed) else {
                return Err(self.damaged("a message", offset, format!("it claims a body of {claimed} bytes")));
            };
            if body_length > self.size - body {
                let rows = message.header_as_record_batch().map_or(0, |batch| batch.length());
                self.at = self.size;
                return Err(self.cut(format!("a batch of {rows} rows at byte {offset} is lost with it")));
            }
            self.at = body + body_length;
            let Some(batch) = message.header_as_record_batch() else {
                if message.header_as_dictionary_batch().is_some() {
                    return Err(self.damaged("a message", offset, "dictionaries are not read".to_owned()));
                }
                continue;
            };
            let Ok(rows) = u64::try_from(batch.length()) else {
                return Err(self.damaged("a batch", offset, format!("it claims {} rows", batch.length())));
            };
            return Ok(Some(Batch { message: bytes, offset, body, body_length, rows }));
        }
    }

    /// Reads the columns of a batch that are wanted by name. Pictures that are wanted come as places.
    ///
    /// # Errors
    ///
    /// When the batch is not what it says. The next one may be.
    pub(super) fn rows(&self, batch: &Batch, wanted: impl Fn(&str) -> bool) -> Result<Rows, FormatError> {
        let broken = |why: String| self.damaged("a batch", batch.offset, why);
        let message = self.verified(&batch.message, batch.offset)?;
        let header = message.header_as_record_batch().ok_or_else(|| broken("it is none".to_owned()))?;
        if header.compression().is_some() {
            return Err(broken("compressed batches are not read".to_owned()));
        }
        let mut parts = Parts {
            stream: self,
            batch,
            nodes: header.nodes().into_iter().flatten().map(|node| (node.length(), node.null_count())).collect(),
            buffers: header.buffers().into_iter().flatten().map(|part| (part.offset(), part.length())).collect(),
            node: 0,
            buffer: 0,
            room: BATCH_MAX_BYTES,
        };
        let (mut fields, mut columns, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for field in &self.fields {
            let name = field.name();
            if !wanted(name) {
                parts.skip(field.data_type()).ok_or_else(|| broken("it has too few columns".to_owned()))?;
                continue;
            }
            let column = parts.column(field.data_type()).map_err(|why| broken(format!("column `{name}`: {why}")))?;
            if column.array.len() as u64 != batch.rows {
                return Err(broken(format!("column `{name}` has {} rows of {}", column.array.len(), batch.rows)));
            }
            places.extend(column.places.map(|found| (name.clone(), found)));
            fields.push(Field::new(name, column.array.data_type().clone(), true));
            columns.push(column.array);
        }
        // OK to cast: bounded by the rows of the columns, or not used where there are none.
        let options = RecordBatchOptions::new().with_row_count(Some(batch.rows as usize));
        let rows = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options);
        Ok(Rows { batch: rows.map_err(|error| broken(error.to_string()))?, places })
    }

    fn io(&self, source: std::io::Error) -> FormatError {
        FormatError::Io { file: self.path.clone(), source }
    }

    fn cut(&self, why: String) -> FormatError {
        FormatError::Cut { what: "the stream", file: self.path.clone(), offset: self.size, why }
    }

    fn damaged(&self, what: &'static str, offset: u64, why: String) -> FormatError {
        FormatError::Damaged { what, file: self.path.clone(), offset, why }
    }
}

/// The field that a schema describes; `None` for types that are not read.
fn field_of(field: &ipc::Field<'_>, depth: usize) -> Option<Field> {
    if depth > DEPTH_MAX || field.dictionary().is_some() {
        return None;
    }
    let children = || -> Option<Vec<Field>> {
        field.children().into_iter().flatten().map(|child| field_of(&child, depth + 1)).collect()
    };
    let only = || children()?.into_iter().next().map(Arc::new);
    let data_type = match field.type_type() {
        ipc::Type::Null => DataType::Null,
        ipc::Type::Bool => DataType::Boolean,
        ipc::Type::Int => {
            let int = field.type_as_int()?;
            match (int.bitWidth(), int.is_signed()) {
                (8, true) => DataType::Int8,
                (8, false) => DataType::UInt8,
                (16, true) => DataType::Int16,
                (16, false) => DataType::UInt16,
                (32, true) => DataType::Int32,
                (32, false) => DataType::UInt32,
                (64, true) => DataType::Int64,
                (64, false) => DataType::UInt64,
                _ => return None,
            }
        }
        ipc::Type::FloatingPoint => match field.type_as_floating_point()?.precision() {
            ipc::Precision::HALF => DataType::Float16,
            ipc::Precision::SINGLE => DataType::Float32,
            ipc::Precision::DOUBLE => DataType::Float64,
            _ => return None,
        },
        ipc::Type::Utf8 => DataType::Utf8,
        ipc::Type::LargeUtf8 => DataType::LargeUtf8,
        ipc::Type::Binary => DataType::Binary,
        ipc::Type::LargeBinary => DataType::LargeBinary,
        ipc::Type::List => DataType::List(only()?),
        ipc::Type::LargeList => DataType::LargeList(only()?),
        ipc::Type::FixedSizeList => {
            let size = field.type_as_fixed_size_list()?.listSize();
            DataType::FixedSizeList(only().filter(|_| size > 0)?, size)
        }
        ipc::Type::Struct_ => DataType::Struct(children()?.into()),
        _ => return None,
    };
    Some(Field::new(field.name().unwrap_or_default(), data_type, true))
}

/// A column that was read.
struct Column {
    array: ArrayRef,
    /// Of a column of pictures, where they lie; the array holds what is beside them.
    places: Option<Vec<Option<BlobRef>>>,
}

/// The nodes and buffers of a batch, taken in the order of the fields.
struct Parts<'a> {
    stream: &'a Stream<'a>,
    batch: &'a Batch,
    nodes: Vec<(i64, i64)>,
    buffers: Vec<(i64, i64)>,
    node: usize,
    buffer: usize,
    /// Bytes that may still be read.
    room: u64,
}

/// Buffers of a type itself, without those of its children.
fn buffers_of(data_type: &DataType) -> usize {
    match data_type {
        DataType::Null => 0,
        DataType::FixedSizeList(..) | DataType::Struct(_) => 1,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Binary | DataType::LargeBinary => 3,
        // Lists have their validity and offsets, numbers their validity and values.
        _ => 2,
    }
}

fn children_of(data_type: &DataType) -> Vec<&DataType> {
    match data_type {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => vec![item.data_type()],
        DataType::Struct(fields) => fields.iter().map(|field| field.data_type()).collect(),
        _ => Vec::new(),
    }
}

impl Parts<'_> {
    /// Passes over a column; `None` where the batch has too few parts.
    fn skip(&mut self, data_type: &DataType) -> Option<()> {
        self.node += 1;
        self.buffer += buffers_of(data_type);
        let known = self.node <= self.nodes.len() && self.buffer <= self.buffers.len();
        known.then(|| children_of(data_type).into_iter().try_for_each(|child| self.skip(child)))?
    }

    fn node(&mut self) -> Result<(usize, usize), String> {
        let (length, nulls) = self.nodes.get(self.node).copied().ok_or("it is not there")?;
        self.node += 1;
        let length = usize::try_from(length).map_err(|_negative| format!("it claims {length} rows"))?;
        // What claims nonsense has some.
        Ok((length, usize::try_from(nulls).unwrap_or(length)))
    }

    /// Where the next buffer lies in the file.
    fn place(&mut self) -> Result<(u64, u64), String> {
        let (offset, length) = self.buffers.get(self.buffer).copied().ok_or("it has too few buffers")?;
        self.buffer += 1;
        let parts = u64::try_from(offset).ok().zip(u64::try_from(length).ok());
        let inside = parts
            .filter(|(offset, length)| offset.checked_add(*length).is_some_and(|end| end <= self.batch.body_length));
        let (offset, length) = inside.ok_or_else(|| format!("{length} bytes at {offset} lie outside of its batch"))?;
        Ok((self.batch.body + offset, length))
    }

    fn bytes(&mut self) -> Result<Buffer, String> {
        let (offset, length) = self.place()?;
        self.room = self.room.checked_sub(length).ok_or_else(|| {
            format!("the columns of the batch have more than {BATCH_MAX_BYTES} bytes beside its pictures")
        })?;
        let stream = self.stream;
        let bytes = stream.source.read_exact(stream.file, offset, length).map_err(|error| error.to_string())?;
        Ok(Buffer::from_vec(bytes))
    }

    /// The bits that say which rows are there; `None` where all are.
    fn validity(&mut self, nulls: usize) -> Result<Option<Buffer>, String> {
        let bytes = self.bytes()?;
        Ok((nulls > 0 && !bytes.is_empty()).then_some(bytes))
    }

    fn column(&mut self, data_type: &DataType) -> Result<Column, String> {
        match data_type {
            DataType::Binary => self.pictures::<4>(),
            DataType::LargeBinary => self.pictures::<8>(),
            DataType::Struct(fields) => self.structure(fields),
            _ => Ok(Column { array: make_array(self.data(data_type)?), places: None }),
        }
    }

    /// The array of a type without pictures.
    fn data(&mut self, data_type: &DataType) -> Result<ArrayData, String> {
        let (length, nulls) = self.node()?;
        let count = buffers_of(data_type);
        let mut builder = ArrayData::builder(data_type.clone()).len(length).align_buffers(true);
        if count > 0 {
            builder = builder.null_bit_buffer(self.validity(nulls)?);
        }
        for at in 1..count {
            let bytes = self.bytes()?;
            let width = if at == 1 { width_of(data_type) } else { 1 };
            // The library takes numbers that do not come out even for a fault of the program.
            builder = builder.add_buffer(bytes.slice_with_length(0, bytes.len() / width * width));
        }
        for child in children_of(data_type) {
            builder = builder.add_child_data(self.data(child)?);
        }
        // Lengths, offsets and texts are validated.
        builder.build().map_err(|error| error.to_string())
    }

    /// A struct of which the first level may hold pictures.
    fn structure(&mut self, fields: &Fields) -> Result<Column, String> {
        let (length, nulls) = self.node()?;
        let validity = self.validity(nulls)?;
        let mut places = None;
        let mut children = Vec::new();
        for field in fields {
            let column = match field.data_type() {
                DataType::Binary | DataType::LargeBinary => self.column(field.data_type())?,
                other => Column { array: make_array(self.data(other)?), places: None },
            };
            places = places.or(column.places);
            // What is left of a column of pictures is a column of nulls.
            let field = Field::new(field.name(), column.array.data_type().clone(), true);
            children.push((Arc::new(field), column.array.to_data()));
        }
        let (fields, children): (Vec<_>, Vec<_>) = children.into_iter().unzip();
        let data = ArrayData::builder(DataType::Struct(fields.into())).len(length);
        let data = data.null_bit_buffer(validity).child_data(children).build();
        let array = make_array(data.map_err(|error| error.to_string())?);
        if let (Some(places), Some(rows)) = (&mut places, array.as_struct_opt()) {
            places
                .iter_mut()
                .enumerate()
                .filter(|(row, _)| *row < rows.len() && rows.is_null(*row))
                .for_each(|(_, place)| *place = None);
        }
        Ok(Column { array, places })
    }

    /// Where the values of a column of byte strings lie, whose offsets have `N` bytes each.
    fn pictures<const N: usize>(&mut self) -> Result<Column, String> {
        let (length, nulls) = self.node()?;
        let validity = self.validity(nulls)?;
        let offsets = self.bytes()?;
        let (start, size) = self.place()?;
        let offsets: Vec<u64> = offsets.as_chunks::<N>().0.iter().map(|bytes| little(bytes)).collect();
        if length > 0 && offsets.len() <= length {
            return Err(format!("it has {} offsets for {length} rows", offsets.len()));
        }
        let is_there = |row: usize| match &validity {
            Some(bits) => bits.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1),
            None => true,
        };
        let mut places = Vec::new();
        for row in 0..length {
            // OK to index: there is one offset more than there are rows.
            let (from, to) = (offsets[row], offsets[row + 1]);
            if from > to || to > size {
                return Err(format!("row {row} lies from {from} to {to} of {size} bytes"));
            }
            places.push((is_there(row) && to > from).then(|| self.stream.blob(start + from, to - from)));
        }
        Ok(Column { array: new_null_array(&DataType::Null, length), places: Some(places) })
    }
}

/// Bytes of a number, or of an offset, of a type; 1 for bits.
fn width_of(data_type: &DataType) -> usize {
    match data_type {
        DataType::Utf8 | DataType::Binary | DataType::List(_) => 4,
        DataType::LargeUtf8 | DataType::LargeBinary | DataType::LargeList(_) => 8,
        other => other.primitive_width().unwrap_or(1),
    }
}

/// A number of four or eight bytes.
fn little(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

impl Stream<'_> {
    fn blob(&self, offset: u64, length: u64) -> BlobRef {
        BlobRef {
            // OK to cast: a folder of 2^32 files does not fit in memory.
            file: self.file as u32,
            chunk_offset: offset,
            chunk_length: length,
            compression: Compression::None,
            inner_offset: 0,
            length,
            key_frame: Some(true),
            sha256: hash_at(self.source, self.file, offset, length),
        }
    }
}
