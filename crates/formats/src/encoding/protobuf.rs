//! Protobuf messages, by the descriptor set that the recording holds.
//!
//! The wire is walked directly instead of through a message object, because byte fields must be known by their place.
//!
//! While a message is read, each of its columns says by its length whether its field has been seen. Fields may therefore come
//! in any order, come again (the last one counts, messages are merged, lists go on), and oneofs forget what came before.
//!
//! Source: <https://protobuf.dev/programming-guides/encoding/>.

use std::collections::BTreeMap;

use arrow::array::StructArray;
use arrow::datatypes::Fields;
use prairie_model::{BlobRef, Inline};
use prost_types::field_descriptor_proto::Type;

use super::column::{Column, Data};
use super::cursor::{Cursor, Fallible, Fault, Number};
use super::descriptor::{Descriptors, Field, Message};
use super::schema::{Budget, MAX_DEPTH, Primitive};
use super::wire::{end_of, join, mismatch, part_of, push_text};
use super::{DecodeError, Decoder, SchemaBytes};

/// How a number lies on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scalar {
    Varint,
    ZigZag,
    Fixed32,
    Fixed64,
}

/// What a field holds.
#[derive(Debug)]
enum Op {
    Scalar(Scalar),
    Text,
    /// Bytes that are wanted as values.
    Bytes,
    /// Bytes that stay where they are, and messages that contain themselves or are not described.
    Blob,
    /// `google.protobuf.Timestamp` or `Duration`.
    Seconds,
    Message(MessageOp),
}

#[derive(Debug)]
struct FieldOp {
    number: u32,
    op: Op,
    repeated: bool,
    /// Whether absence is null rather than zero.
    presence: bool,
    /// Index into [`MessageOp::oneofs`].
    oneof: Option<usize>,
}

#[derive(Debug, Default)]
struct MessageOp {
    /// In the order of the columns.
    fields: Vec<FieldOp>,
    /// Numbers and positions of the fields, by number.
    by_number: Vec<(u32, usize)>,
    /// Groups of fields of which only one can be set.
    oneofs: Vec<Vec<usize>>,
}

struct Compiler<'a> {
    schema: &'a str,
    inline: Inline,
    descriptors: &'a Descriptors,
    budget: Budget,
    /// The messages that are being compiled.
    open: Vec<&'a str>,
}

impl<'a> Compiler<'a> {
    fn message(&mut self, name: &'a str, message: &'a Message, path: &str) -> Result<(MessageOp, Column), DecodeError> {
        self.open.push(name);
        let mut op = MessageOp::default();
        let mut columns = Vec::new();
        let mut oneofs: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, field) in message.fields.iter().enumerate() {
            self.budget.node()?;
            if let Some(oneof) = field.oneof {
                oneofs.entry(oneof).or_default().push(at);
            }
            let (field_op, column) = self.field(field, &join(path, &field.name))?;
            op.by_number.push((field.number, at));
            op.fields.push(FieldOp {
                number: field.number,
                op: field_op,
                repeated: field.repeated,
                presence: field.presence,
                oneof: None,
            });
            columns.push((field.name.clone(), if field.repeated { Column::list(column) } else { column }));
        }
        // Oneofs are numbered by their place among those that have members, which is known only now.
        for (field, described) in op.fields.iter_mut().zip(&message.fields) {
            field.oneof = described.oneof.map(|oneof| oneofs.range(..oneof).count());
        }
        op.oneofs = oneofs.into_values().collect();
        op.by_number.sort_unstable();
        self.open.pop();
        Ok((op, Column::structure(columns)))
    }

    fn field(&mut self, field: &'a Field, path: &str) -> Result<(Op, Column), DecodeError> {
        let (scalar, primitive) = match field.kind {
            Type::Double => (Scalar::Fixed64, Primitive::F64),
            Type::Float => (Scalar::Fixed32, Primitive::F32),
            Type::Int32 | Type::Enum => (Scalar::Varint, Primitive::I32),
            Type::Int64 => (Scalar::Varint, Primitive::I64),
            Type::Uint32 => (Scalar::Varint, Primitive::U32),
            Type::Uint64 => (Scalar::Varint, Primitive::U64),
            Type::Sint32 => (Scalar::ZigZag, Primitive::I32),
            Type::Sint64 => (Scalar::ZigZag, Primitive::I64),
            Type::Fixed32 => (Scalar::Fixed32, Primitive::U32),
            Type::Fixed64 => (Scalar::Fixed64, Primitive::U64),
            Type::Sfixed32 => (Scalar::Fixed32, Primitive::I32),
            Type::Sfixed64 => (Scalar::Fixed64, Primitive::I64),
            Type::Bool => (Scalar::Varint, Primitive::Bool),
            Type::String => return Ok((Op::Text, Column::text())),
            Type::Bytes if (self.inline)(self.schema, path) => {
                return Ok((Op::Bytes, Column::list(Column::primitive(Primitive::U8))));
            }
            Type::Bytes => return Ok((Op::Blob, Column::blob())),
            Type::Message | Type::Group => return self.nested(field, path),
        };
        Ok((Op::Scalar(scalar), Column::primitive(primitive)))
    }

    fn nested(&mut self, field: &'a Field, path: &str) -> Result<(Op, Column), DecodeError> {
        let name = field.message.as_str();
        match name {
            "google.protobuf.Timestamp" => return Ok((Op::Seconds, Column::time())),
            "google.protobuf.Duration" => return Ok((Op::Seconds, Column::duration())),
            _ => {}
        }
        let endless = self.open.len() >= MAX_DEPTH || self.open.contains(&name);
        match self.descriptors.get(name).filter(|_| !endless) {
            Some(message) => {
                let (message, column) = self.message(name, message, path)?;
                Ok((Op::Message(message), column))
            }
            // A group's bytes have no size before them, so they cannot be pointed to.
            None if field.kind == Type::Group => {
                Err(DecodeError(format!("group `{name}` contains itself or is not in the descriptor set")))
            }
            None => Ok((Op::Blob, Column::blob())),
        }
    }
}

/// Decodes Protobuf messages.
#[derive(Debug)]
pub(crate) struct ProtobufDecoder {
    root: MessageOp,
    columns: Column,
    fields: Fields,
}

impl ProtobufDecoder {
    /// A decoder for the message type that `schema` names in its descriptor set.
    pub(crate) fn new(schema: SchemaBytes<'_>, inline: Inline) -> Result<Self, DecodeError> {
        let descriptors = Descriptors::parse(schema)?;
        let (name, message) = descriptors.root(schema.name)?;
        let mut compiler = Compiler {
            schema: schema.name,
            inline,
            descriptors: &descriptors,
            budget: Budget::default(),
            open: Vec::new(),
        };
        let (root, columns) = compiler.message(name, message, "")?;
        let fields = columns.fields();
        Ok(Self { root, columns, fields })
    }
}

impl Decoder for ProtobufDecoder {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn push(&mut self, message: &[u8], at: BlobRef) -> Result<(), DecodeError> {
        let row = self.columns.len();
        let mut walker = Walker { cursor: Cursor::new(message), at: &at };
        let read = walker
            .message(&self.root, &mut self.columns, row, message.len(), None)
            .and_then(|()| walker.close(&self.root, &mut self.columns, row));
        read.map_err(|fault| {
            self.columns.truncate(row);
            fault.told("protobuf")
        })
    }

    fn len(&self) -> usize {
        self.columns.len()
    }

    fn finish(&mut self) -> StructArray {
        self.columns.finish_structs()
    }
}

const VARINT: u8 = 0;
const FIXED64: u8 = 1;
const LENGTH: u8 = 2;
const GROUP: u8 = 3;
const GROUP_END: u8 = 4;
const FIXED32: u8 = 5;

impl Scalar {
    const fn wire_type(self) -> u8 {
        match self {
            Self::Varint | Self::ZigZag => VARINT,
            Self::Fixed32 => FIXED32,
            Self::Fixed64 => FIXED64,
        }
    }
}

/// Walks over the bytes of one message.
struct Walker<'a> {
    cursor: Cursor<'a>,
    at: &'a BlobRef,
}

impl Walker<'_> {
    fn varint(&mut self) -> Fallible<u64> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let byte: u8 = self.cursor.number()?;
            // Bits beyond the 64th are dropped, as every reader does.
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Fault::other("a number has more than 10 bytes"))
    }

    /// The size of what follows, which must be there before `end`.
    fn length(&mut self, end: usize) -> Fallible<usize> {
        let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
        let needs = self.cursor.at.saturating_add(length);
        if needs > end {
            return Err(Fault::short(needs, end));
        }
        Ok(length)
    }

    fn tag(&mut self) -> Fallible<(u32, u8)> {
        let tag = self.varint()?;
        // OK to cast: three bits.
        let wire_type = (tag & 7) as u8;
        match u32::try_from(tag >> 3) {
            Ok(number) if (1..=0x1fff_ffff).contains(&number) => Ok((number, wire_type)),
            _ => Err(Fault::other(format!("field number {} is not allowed", tag >> 3))),
        }
    }

    /// Reads fields into the open row `row` until byte `end`, or until the group of number `group` ends.
    fn message(
        &mut self,
        message: &MessageOp,
        column: &mut Column,
        row: usize,
        end: usize,
        group: Option<u32>,
    ) -> Fallible<()> {
        let Data::Struct { fields, children, len } = &mut column.data else { return Err(mismatch()) };
        *len = row + 1;
        let mut expected = 0;
        while self.cursor.at < end {
            let (number, wire_type) = self.tag()?;
            if wire_type == GROUP_END {
                return if group == Some(number) { Ok(()) } else { Err(Fault::other("a group ends that never began")) };
            }
            // Fields mostly come in the order of their numbers, each once or many times in a row.
            let found = [expected, expected + 1].into_iter().find(|at| message.number_at(*at) == Some(number));
            let found = found.or_else(|| message.by_number.binary_search_by_key(&number, |(number, _)| *number).ok());
            let Some(found) = found else {
                self.skip(number, wire_type, end)?;
                continue;
            };
            expected = found;
            let at = message.by_number[found].1;
            let field = &message.fields[at];
            if let Some(members) = field.oneof.and_then(|oneof| message.oneofs.get(oneof)) {
                self.cursor.spend(members.len())?;
                for member in members.iter().filter(|member| **member != at) {
                    children[*member].truncate(row);
                }
            }
            let read = if field.repeated {
                self.repeated(field, &mut children[at], wire_type, end)
            } else {
                self.single(field, &mut children[at], row, wire_type, end)
            };
            read.map_err(|fault| fault.inside(fields[at].name()))?;
        }
        match group {
            Some(_) => Err(Fault::other("a group does not end")),
            None if self.cursor.at > end => Err(Fault::short(self.cursor.at, end)),
            None => Ok(()),
        }
    }

    /// Fills in what the row lacks.
    fn close(&mut self, message: &MessageOp, column: &mut Column, row: usize) -> Fallible<()> {
        let Data::Struct { children, .. } = &mut column.data else { return Err(mismatch()) };
        self.cursor.spend(children.len() + 1)?;
        for (field, child) in message.fields.iter().zip(children) {
            if field.repeated {
                let Data::List { ends, item, .. } = &mut child.data else { return Err(mismatch()) };
                ends.push(end_of(item.len())?);
            } else if child.len() > row {
                if let Op::Message(nested) = &field.op {
                    self.close(nested, child, row)?;
                }
            } else if field.presence {
                self.cursor.spend(child.width())?;
                child.push_null();
            } else {
                child.push_default();
            }
        }
        Ok(())
    }

    fn single(&mut self, field: &FieldOp, column: &mut Column, row: usize, wire_type: u8, end: usize) -> Fallible<()> {
        if let Op::Message(message) = &field.op {
            let (end, group) = self.extent(field, wire_type, end)?;
            return self.message(message, column, row, end, group);
        }
        column.truncate(row);
        self.value(field, column, wire_type, end)
    }

    fn repeated(&mut self, field: &FieldOp, column: &mut Column, wire_type: u8, end: usize) -> Fallible<()> {
        let Data::List { item, .. } = &mut column.data else { return Err(mismatch()) };
        match &field.op {
            Op::Message(message) => {
                let (end, group) = self.extent(field, wire_type, end)?;
                let row = item.len();
                self.message(message, item, row, end, group)?;
                self.close(message, item, row)
            }
            Op::Scalar(scalar) if wire_type == LENGTH => {
                let length = self.length(end)?;
                self.packed(*scalar, &mut item.data, self.cursor.at + length)
            }
            _ => self.value(field, item, wire_type, end),
        }
    }

    /// Where a nested message ends.
    fn extent(&mut self, field: &FieldOp, wire_type: u8, end: usize) -> Fallible<(usize, Option<u32>)> {
        // Which of the two it is has changed with editions, so the message decides.
        match wire_type {
            GROUP => Ok((end, Some(field.number))),
            LENGTH => {
                let length = self.length(end)?;
                Ok((self.cursor.at + length, None))
            }
            found => Err(wrong_wire_type(found, LENGTH)),
        }
    }

    fn value(&mut self, field: &FieldOp, column: &mut Column, wire_type: u8, end: usize) -> Fallible<()> {
        if let Op::Scalar(scalar) = field.op {
            if wire_type != scalar.wire_type() {
                return Err(wrong_wire_type(wire_type, scalar.wire_type()));
            }
            return self.scalar(scalar, &mut column.data);
        }
        if wire_type != LENGTH {
            return Err(wrong_wire_type(wire_type, LENGTH));
        }
        let length = self.length(end)?;
        match (&field.op, &mut column.data) {
            (Op::Text, Data::Text { ends, bytes }) => push_text(self.cursor.take(length)?, ends, bytes),
            (Op::Blob, Data::Blob(blobs)) => {
                let offset = self.cursor.at;
                blobs.push(part_of(self.at, offset, self.cursor.take(length)?));
                Ok(())
            }
            (Op::Bytes, Data::List { ends, item, .. }) => {
                let Data::U8(values) = &mut item.data else { return Err(mismatch()) };
                values.extend_from_slice(self.cursor.take(length)?);
                ends.push(end_of(values.len())?);
                Ok(())
            }
            (Op::Seconds, Data::Time(_) | Data::Duration(_)) => self.seconds(column, length),
            _ => Err(mismatch()),
        }
    }

    fn scalar(&mut self, scalar: Scalar, data: &mut Data) -> Fallible<()> {
        match (scalar, data) {
            (Scalar::Fixed32, Data::F32(values)) => values.push(self.cursor.number()?),
            (Scalar::Fixed32, Data::U32(values)) => values.push(self.cursor.number()?),
            (Scalar::Fixed32, Data::I32(values)) => values.push(self.cursor.number()?),
            (Scalar::Fixed64, Data::F64(values)) => values.push(self.cursor.number()?),
            (Scalar::Fixed64, Data::U64(values)) => values.push(self.cursor.number()?),
            (Scalar::Fixed64, Data::I64(values)) => values.push(self.cursor.number()?),
            // OK to cast: writers extend 32-bit numbers to 64 bits, and readers cut them again.
            (Scalar::Varint, Data::I32(values)) => values.push(self.varint()? as i32),
            (Scalar::Varint, Data::U32(values)) => values.push(self.varint()? as u32),
            (Scalar::Varint, Data::I64(values)) => values.push(self.varint()? as i64),
            (Scalar::Varint, Data::U64(values)) => values.push(self.varint()?),
            (Scalar::Varint, Data::Bool(values)) => values.push(self.varint()? != 0),
            (Scalar::ZigZag, Data::I32(values)) => {
                let value = self.varint()? as u32;
                values.push((value >> 1) as i32 ^ -((value & 1) as i32));
            }
            (Scalar::ZigZag, Data::I64(values)) => {
                let value = self.varint()?;
                values.push((value >> 1) as i64 ^ -((value & 1) as i64));
            }
            _ => return Err(mismatch()),
        }
        Ok(())
    }

    /// Numbers one after the other up to byte `end`.
    fn packed(&mut self, scalar: Scalar, data: &mut Data, end: usize) -> Fallible<()> {
        fn extend<T: Number>(cursor: &mut Cursor<'_>, values: &mut Vec<T>, end: usize) -> Fallible<()> {
            let bytes = cursor.take(end - cursor.at)?;
            if bytes.len() % T::SIZE != 0 {
                return Err(Fault::other(format!("{} bytes of packed numbers of {} bytes", bytes.len(), T::SIZE)));
            }
            T::extend(values, bytes, false);
            Ok(())
        }
        match (scalar, &mut *data) {
            (Scalar::Fixed32, Data::F32(values)) => extend(&mut self.cursor, values, end),
            (Scalar::Fixed32, Data::U32(values)) => extend(&mut self.cursor, values, end),
            (Scalar::Fixed32, Data::I32(values)) => extend(&mut self.cursor, values, end),
            (Scalar::Fixed64, Data::F64(values)) => extend(&mut self.cursor, values, end),
            (Scalar::Fixed64, Data::U64(values)) => extend(&mut self.cursor, values, end),
            (Scalar::Fixed64, Data::I64(values)) => extend(&mut self.cursor, values, end),
            _ => {
                while self.cursor.at < end {
                    self.scalar(scalar, data)?;
                }
                if self.cursor.at > end {
                    return Err(Fault::short(self.cursor.at, end));
                }
                Ok(())
            }
        }
    }

    /// A `Timestamp` or `Duration`: int64 seconds = 1, int32 nanos = 2. Null where it is out of range.
    fn seconds(&mut self, column: &mut Column, length: usize) -> Fallible<()> {
        let end = self.cursor.at + length;
        let (mut seconds, mut nanos) = (0_i64, 0_i64);
        while self.cursor.at < end {
            match self.tag()? {
                // OK to cast: both are signed numbers, extended to 64 bits.
                (1, VARINT) => seconds = self.varint()? as i64,
                (2, VARINT) => nanos = i64::from(self.varint()? as i32),
                (number, wire_type) => self.skip(number, wire_type, end)?,
            }
        }
        if self.cursor.at > end {
            return Err(Fault::short(self.cursor.at, end));
        }
        let total = i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        let fraction = nanos.abs() < 1_000_000_000;
        match (&mut column.data, i64::try_from(total)) {
            (Data::Time(values) | Data::Duration(values), Ok(total)) if fraction => values.push(total),
            _ => column.push_null(),
        }
        Ok(())
    }

    /// Passes over a field that the schema does not know.
    fn skip(&mut self, number: u32, wire_type: u8, end: usize) -> Fallible<()> {
        let mut open = Vec::new();
        let (mut number, mut wire_type) = (number, wire_type);
        loop {
            match wire_type {
                VARINT => {
                    self.varint()?;
                }
                FIXED64 => {
                    self.cursor.take(8)?;
                }
                LENGTH => {
                    let length = self.length(end)?;
                    self.cursor.take(length)?;
                }
                FIXED32 => {
                    self.cursor.take(4)?;
                }
                GROUP if open.len() < 100 => open.push(number),
                GROUP => return Err(Fault::other("groups are nested deeper than 100")),
                GROUP_END if open.pop() == Some(number) => {}
                GROUP_END => return Err(Fault::other("a group ends that never began")),
                other => return Err(Fault::other(format!("field {number} has wire type {other}, which there is not"))),
            }
            if open.is_empty() {
                return Ok(());
            }
            (number, wire_type) = self.tag()?;
        }
    }
}

impl MessageOp {
    fn number_at(&self, at: usize) -> Option<u32> {
        self.by_number.get(at).map(|(number, _)| *number)
    }
}

fn wrong_wire_type(found: u8, needed: u8) -> Box<Fault> {
    Fault::other(format!("wire type {found} was found where {needed} was expected"))
}
