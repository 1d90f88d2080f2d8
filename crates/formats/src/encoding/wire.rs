//! CDR and ROS 1 messages: fields one after the other, in the order of the schema.
//!
//! ```text
//!   Struct ─ Compiler ─▶ ops + columns          once per schema
//!   bytes + ops ─▶ columns                      once per message
//! ```
//!
//! Ops and columns have the same shape, so no name is looked up while messages are read.
//!
//! Sources: OMG DDS-XTypes 1.3, chapter 7.4 (XCDR1 and XCDR2); OMG DDSI-RTPS 2.5, chapter 10 (encapsulation);
//! <http://wiki.ros.org/ROS/Technical%20Overview> (ROS 1).

use arrow::array::StructArray;
use arrow::datatypes::Fields;
use prairie_model::{BlobRef, Compression, Hash256, Inline};

use super::column::{Column, Data};
use super::cursor::{Cursor, Fallible, Fault, Number};
use super::schema::{Count, Extensibility, Primitive, Struct, Type, Union};
use super::{DecodeError, Decoder, parameters};

/// Byte arrays of at most this many bytes are values even when nobody asked for them: a UUID, a status word.
const SMALL_BYTES: usize = 4096;

/// How one value is read into its column.
#[derive(Debug)]
pub(crate) enum Op {
    /// A number or truth value; the column says which.
    Value,
    Text,
    WideText,
    Time,
    Duration,
    /// Bytes that stay where they are.
    Blob(Count),
    Array(Box<ArrayOp>),
    Struct(StructOp),
    Union(Box<UnionOp>),
}

/// Reads an array.
#[derive(Debug)]
pub(crate) struct ArrayOp {
    count: Count,
    item: Op,
    /// Fewest bytes of an item.
    item_min: usize,
    /// Bytes of an item where all are alike and can be taken at once.
    flat: Option<usize>,
    framing: Framing,
}

/// Whether XCDR2 writes the size of an array before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    /// Numbers: never.
    Bare,
    /// Enumerations: implementations differ.
    Either,
    /// Anything else: always.
    Framed,
}

/// Reads a struct.
#[derive(Debug)]
pub(crate) struct StructOp {
    pub(crate) extensibility: Extensibility,
    pub(crate) members: Vec<MemberOp>,
}

/// Reads a member of a struct.
#[derive(Debug)]
pub(crate) struct MemberOp {
    pub(crate) op: Op,
    pub(crate) id: u32,
    pub(crate) optional: bool,
}

/// Reads a union: the discriminator is the first column, each case another.
#[derive(Debug)]
pub(crate) struct UnionOp {
    extensibility: Extensibility,
    /// Labels of each case, and whether it is the default.
    cases: Vec<(Vec<i64>, bool, MemberOp)>,
}

struct Compiler<'a> {
    schema: &'a str,
    inline: Inline,
    encoding: Encoding,
}

/// The encodings that this module reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Cdr,
    Ros1,
}

impl Compiler<'_> {
    fn compile(&self, kind: &Type, path: &str) -> (Op, Column) {
        match kind {
            Type::Primitive(primitive) | Type::Enum(primitive) => (Op::Value, Column::primitive(*primitive)),
            Type::Text => (Op::Text, Column::text()),
            Type::WideText => (Op::WideText, Column::text()),
            Type::Time => (Op::Time, Column::time()),
            Type::Duration => (Op::Duration, Column::duration()),
            Type::Array(item, count) => self.array(item, *count, path),
            Type::Struct(part) => {
                let (op, column) = self.structure(part, path);
                (Op::Struct(op), column)
            }
            Type::Union(union) => self.union(union, path),
        }
    }

    fn array(&self, item: &Type, count: Count, path: &str) -> (Op, Column) {
        let bytes = matches!(item, Type::Primitive(Primitive::U8 | Primitive::I8));
        let small = matches!(count, Count::Fixed(n) | Count::Bounded(n) if n <= SMALL_BYTES);
        if bytes && !small && !(self.inline)(self.schema, path) {
            return (Op::Blob(count), Column::blob());
        }
        let (op, column) = self.compile(item, path);
        let (flat, framing) = match item {
            Type::Primitive(primitive) => (Some(primitive.size()), Framing::Bare),
            Type::Enum(primitive) => (Some(primitive.size()), Framing::Either),
            _ => (None, Framing::Framed),
        };
        let array = ArrayOp { count, item_min: self.fewest(item), item: op, flat, framing };
        (Op::Array(Box::new(array)), Column::list(column))
    }

    fn structure(&self, part: &Struct, path: &str) -> (StructOp, Column) {
        let mut members = Vec::new();
        let mut columns = Vec::new();
        for member in &part.members {
            let (op, column) = self.compile(&member.kind, &join(path, &member.name));
            members.push(MemberOp { op, id: member.id, optional: member.optional });
            columns.push((member.name.clone(), column));
        }
        (StructOp { extensibility: part.extensibility, members }, Column::structure(columns))
    }

    fn union(&self, union: &Union, path: &str) -> (Op, Column) {
        let mut columns = vec![("_d".to_owned(), Column::primitive(union.discriminator))];
        let mut cases = Vec::new();
        for case in &union.cases {
            let (op, column) = self.compile(&case.member.kind, &join(path, &case.member.name));
            let member = MemberOp { op, id: case.member.id, optional: case.member.optional };
            cases.push((case.labels.clone(), case.default, member));
            columns.push((case.member.name.clone(), column));
        }
        let op = UnionOp { extensibility: union.extensibility, cases };
        (Op::Union(Box::new(op)), Column::structure(columns))
    }

    /// Fewest bytes that a value takes.
    fn fewest(&self, kind: &Type) -> usize {
        match kind {
            Type::Primitive(primitive) | Type::Enum(primitive) => primitive.size(),
            Type::Text | Type::WideText => 4,
            Type::Time | Type::Duration => 8,
            Type::Array(item, Count::Fixed(count)) => self.fewest(item).saturating_mul(*count),
            Type::Array(..) => 4,
            Type::Union(_) => 1,
            Type::Struct(part) if part.members.is_empty() => usize::from(self.encoding == Encoding::Cdr),
            Type::Struct(part) => {
                let whole = part.members.iter().fold(0_usize, |sum, member| {
                    sum.saturating_add(if member.optional { 0 } else { self.fewest(&member.kind) })
                });
                match (self.encoding, part.extensibility) {
                    (Encoding::Ros1, _) => whole,
                    (Encoding::Cdr, Extensibility::Final) => whole.max(1),
                    // A frame of four bytes may leave everything out.
                    (Encoding::Cdr, _) => whole.clamp(1, 4),
                }
            }
        }
    }
}

pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Decodes CDR or ROS 1 messages.
#[derive(Debug)]
pub(crate) struct WireDecoder {
    encoding: Encoding,
    root: StructOp,
    columns: Column,
    fields: Fields,
}

impl WireDecoder {
    /// A decoder for messages of that shape.
    pub(crate) fn new(schema: &str, root: &Struct, encoding: Encoding, inline: Inline) -> Self {
        let (root, columns) = Compiler { schema, inline, encoding }.structure(root, "");
        let fields = columns.fields();
        Self { encoding, root, columns, fields }
    }

    fn read(&mut self, message: &[u8], at: &BlobRef) -> Fallible<()> {
        let mut reader = Reader { cursor: Cursor::new(message), at, style: Style::Ros1, delimited: false };
        if self.encoding == Encoding::Ros1 {
            reader.plain(&self.root, &mut self.columns)?;
            return match reader.cursor.left() {
                0 => Ok(()),
                left => Err(Fault::other(format!(
                    "ros1 message has {left} bytes more than its type (needs {}, has {})",
                    reader.cursor.at,
                    message.len()
                ))),
            };
        }
        let frame = reader.encapsulation()?;
        reader.delimited = frame == Frame::Delimited;
        match frame {
            // A message without fields needs no byte, though most writers send one, and padding. More than that is a message
            // whose definition is missing.
            Frame::Plain if self.root.members.is_empty() => match reader.cursor.left() {
                0..=8 => push_empty(&mut self.columns),
                left => Err(Fault::other(format!("message has {left} bytes and its schema no fields"))),
            },
            Frame::Plain => reader.plain(&self.root, &mut self.columns),
            Frame::Delimited => reader.delimited(&self.root, &mut self.columns),
            Frame::Parameters => parameters::read(&mut reader, &self.root, &mut self.columns),
        }
    }
}

impl Decoder for WireDecoder {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn push(&mut self, message: &[u8], at: BlobRef) -> Result<(), DecodeError> {
        let rows = self.columns.len();
        self.read(message, &at).map_err(|fault| {
            self.columns.truncate(rows);
            fault.told(match self.encoding {
                Encoding::Cdr => "CDR",
                Encoding::Ros1 => "ros1",
            })
        })
    }

    fn len(&self) -> usize {
        self.columns.len()
    }

    fn finish(&mut self) -> StructArray {
        self.columns.finish_structs()
    }
}

/// Which rules a message follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Ros1,
    Xcdr1,
    Xcdr2,
}

/// How a struct is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    /// Its members and nothing else.
    Plain,
    /// Its size first.
    Delimited,
    /// An id and a size before each member.
    Parameters,
}

/// Reads one message.
pub(crate) struct Reader<'a> {
    pub(crate) cursor: Cursor<'a>,
    at: &'a BlobRef,
    pub(crate) style: Style,
    /// Whether structs that do not say how they are framed have their size first.
    delimited: bool,
}

impl<'a> Reader<'a> {
    /// The four bytes before a CDR message: byte order, version, framing of the outermost struct.
    fn encapsulation(&mut self) -> Fallible<Frame> {
        let head = self.cursor.take(4)?;
        let (style, frame) = match (head[0], head[1]) {
            (0, 0x00 | 0x01) => (Style::Xcdr1, Frame::Plain),
            (0, 0x02 | 0x03) => (Style::Xcdr1, Frame::Parameters),
            (0, 0x06 | 0x07 | 0x10 | 0x11) => (Style::Xcdr2, Frame::Plain),
            (0, 0x08 | 0x09 | 0x14 | 0x15) => (Style::Xcdr2, Frame::Delimited),
            (0, 0x0a | 0x0b | 0x12 | 0x13) => (Style::Xcdr2, Frame::Parameters),
            (high, low) => return Err(Fault::other(format!("CDR encapsulation is unknown: 0x{high:02x}{low:02x}"))),
        };
        self.style = style;
        self.cursor.big = head[1] & 1 == 0;
        self.cursor.origin = 4;
        self.cursor.max_align = if style == Style::Xcdr2 { 4 } else { 8 };
        Ok(frame)
    }

    fn frame(&self, extensibility: Extensibility) -> Frame {
        match (self.style, extensibility) {
            (Style::Ros1, _) => Frame::Plain,
            (_, Extensibility::Mutable) => Frame::Parameters,
            (Style::Xcdr2, Extensibility::Appendable) => Frame::Delimited,
            (Style::Xcdr2, Extensibility::Unspecified) if self.delimited => Frame::Delimited,
            _ => Frame::Plain,
        }
    }

    /// Reads one value into its column.
    pub(crate) fn value(&mut self, op: &Op, column: &mut Column) -> Fallible<()> {
        match (op, &mut column.data) {
            (Op::Value, data) => return self.number(data),
            (Op::Text, Data::Text { ends, bytes }) => self.text(ends, bytes)?,
            (Op::WideText, Data::Text { ends, bytes }) => self.wide_text(ends, bytes)?,
            (Op::Time | Op::Duration, Data::Time(_) | Data::Duration(_)) => return self.seconds(op, column),
            (Op::Blob(count), Data::Blob(blobs)) => {
                let bytes = self.bytes(*count)?;
                blobs.push(part_of(self.at, self.cursor.at - bytes.len(), bytes));
            }
            (Op::Array(array), Data::List { ends, item, .. }) => {
                self.array(array, item)?;
                ends.push(end_of(item.len())?);
            }
            (Op::Struct(part), Data::Struct { .. }) => {
                if part.members.is_empty()
                    && self.style != Style::Ros1
                    && self.frame(part.extensibility) == Frame::Plain
                {
                    // What ROS 2 writes for a struct without members, since C has none.
                    self.cursor.take(1)?;
                    return push_empty(column);
                }
                return self.structure(part, column);
            }
            (Op::Union(union), Data::Struct { .. }) => return self.union(union, column),
            _ => return Err(mismatch()),
        }
        Ok(())
    }

    fn number(&mut self, data: &mut Data) -> Fallible<()> {
        let cursor = &mut self.cursor;
        match data {
            Data::Bool(values) => values.push(cursor.number::<u8>()? != 0),
            Data::I8(values) => values.push(cursor.number()?),
            Data::U8(values) => values.push(cursor.number()?),
            Data::I16(values) => values.push(cursor.number()?),
            Data::U16(values) => values.push(cursor.number()?),
            Data::I32(values) => values.push(cursor.number()?),
            Data::U32(values) => values.push(cursor.number()?),
            Data::I64(values) => values.push(cursor.number()?),
            Data::U64(values) => values.push(cursor.number()?),
            Data::F32(values) => values.push(cursor.number()?),
            Data::F64(values) => values.push(cursor.number()?),
            _ => return Err(mismatch()),
        }
        Ok(())
    }

    fn numbers(&mut self, data: &mut Data, count: usize) -> Fallible<()> {
        fn extend<T: Number>(cursor: &mut Cursor<'_>, values: &mut Vec<T>, count: usize) -> Fallible<()> {
            cursor.align(T::SIZE);
            let bytes = cursor.take(count.saturating_mul(T::SIZE))?;
            T::extend(values, bytes, cursor.big);
            Ok(())
        }
        let cursor = &mut self.cursor;
        match data {
            Data::Bool(values) => values.extend(cursor.take(count)?.iter().map(|byte| *byte != 0)),
            Data::I8(values) => extend(cursor, values, count)?,
            Data::U8(values) => extend(cursor, values, count)?,
            Data::I16(values) => extend(cursor, values, count)?,
            Data::U16(values) => extend(cursor, values, count)?,
            Data::I32(values) => extend(cursor, values, count)?,
            Data::U32(values) => extend(cursor, values, count)?,
            Data::I64(values) => extend(cursor, values, count)?,
            Data::U64(values) => extend(cursor, values, count)?,
            Data::F32(values) => extend(cursor, values, count)?,
            Data::F64(values) => extend(cursor, values, count)?,
            _ => return Err(mismatch()),
        }
        Ok(())
    }

    fn text(&mut self, ends: &mut Vec<i32>, bytes: &mut Vec<u8>) -> Fallible<()> {
        let length = self.cursor.count(1)?;
        let mut text = self.cursor.take(length)?;
        if self.style != Style::Ros1 {
            text = text.strip_suffix(b"\0").unwrap_or(text);
        }
        push_text(text, ends, bytes)
    }

    /// XCDR1 writes a count of characters and four bytes for each; XCDR2 a count of bytes and two bytes for each (UTF-16).
    fn wide_text(&mut self, ends: &mut Vec<i32>, bytes: &mut Vec<u8>) -> Fallible<()> {
        let text: String = if self.style == Style::Xcdr2 {
            let length = self.cursor.count(1)?;
            let mut units = Vec::new();
            u16::extend(&mut units, self.cursor.take(length)?, self.cursor.big);
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        } else {
            let length = self.cursor.count(4)?;
            let mut units = Vec::new();
            u32::extend(&mut units, self.cursor.take(length.saturating_mul(4))?, self.cursor.big);
            // The units are UTF-16 too, one in four bytes each, unless they are too large for that.
            if let Ok(narrow) = units.iter().map(|unit| u16::try_from(*unit)).collect::<Result<Vec<_>, _>>() {
                String::from_utf16_lossy(&narrow)
            } else {
                units.into_iter().map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
            }
        };
        push_text(text.trim_end_matches('\0').as_bytes(), ends, bytes)
    }

    /// Seconds and nanoseconds. Both halves are signed in durations; ROS 1 counts the seconds of an instant unsigned.
    fn seconds(&mut self, op: &Op, column: &mut Column) -> Fallible<()> {
        let high: u32 = self.cursor.number()?;
        let low: u32 = self.cursor.number()?;
        // OK to cast: the four bytes are a signed number in those cases.
        let seconds = match (op, self.style) {
            (Op::Time, Style::Ros1) => i64::from(high),
            _ => i64::from(high as i32),
        };
        let nanos = match (op, self.style) {
            (Op::Duration, Style::Ros1) => i64::from(low as i32),
            _ => i64::from(low),
        };
        // A fraction of a second or more is no fraction, so the value is unknown. The product fits: 2^32 × 10^9 < 2^63.
        if nanos.abs() >= 1_000_000_000 {
            column.push_null();
            return Ok(());
        }
        match &mut column.data {
            Data::Time(values) | Data::Duration(values) => values.push(seconds * 1_000_000_000 + nanos),
            _ => return Err(mismatch()),
        }
        Ok(())
    }

    /// Passes over bytes and says how many there were.
    fn bytes(&mut self, count: Count) -> Fallible<&'a [u8]> {
        let length = match count {
            Count::Fixed(count) => count,
            Count::Bounded(_) | Count::Unbounded => self.cursor.count(1)?,
        };
        self.cursor.take(length)
    }

    fn array(&mut self, array: &ArrayOp, item: &mut Column) -> Fallible<()> {
        if self.style == Style::Xcdr2 {
            self.array_frame(array)?;
        }
        let count = match array.count {
            Count::Fixed(count) => {
                self.cursor.expect_items(count, array.item_min)?;
                count
            }
            Count::Bounded(_) | Count::Unbounded => self.cursor.count(array.item_min)?,
        };
        if count == 0 {
            return Ok(());
        }
        if array.flat.is_some() {
            return self.numbers(&mut item.data, count);
        }
        if let Op::Text = array.item {
            return self.texts(count, item);
        }
        for _ in 0..count {
            self.value(&array.item, item)?;
        }
        Ok(())
    }

    /// The texts of a list.
    fn texts(&mut self, count: usize, column: &mut Column) -> Fallible<()> {
        let Column { data: Data::Text { ends, bytes }, latest, .. } = column else { return Err(mismatch()) };
        // Padding depends on the place; behind it the same bytes are the same texts, in CDR as in ROS 1.
        self.cursor.align(4);
        let big = self.cursor.big;
        let latest = latest.get_or_insert_default();
        if let Some(length) = latest.repeat(count, self.cursor.rest(), big, ends, bytes) {
            self.cursor.take(length)?;
            return Ok(());
        }
        let (rest, at) = (self.cursor.rest(), self.cursor.at);
        let (row, start) = (ends.len(), bytes.len());
        for _ in 0..count {
            self.text(ends, bytes)?;
        }
        // OK to index: the cursor went forward within `rest`, and both vectors grew.
        latest.keep(&rest[..self.cursor.at - at], big, &bytes[start..], &ends[row..], end_of(start)?);
        Ok(())
    }

    /// Passes over the size that XCDR2 writes before arrays of anything but numbers.
    fn array_frame(&mut self, array: &ArrayOp) -> Fallible<()> {
        let framed = match array.framing {
            Framing::Bare => false,
            Framing::Framed => true,
            Framing::Either => {
                // The size is one that only a frame can have: that of all that follows it.
                let mut ahead = self.cursor.clone();
                let size = ahead.number::<u32>()? as usize;
                let start = ahead.at;
                let item = array.flat.unwrap_or(1);
                let whole = match array.count {
                    Count::Fixed(count) => Some(count.saturating_mul(item)),
                    _ => {
                        ahead.number::<u32>().ok().map(|count| (count as usize).saturating_mul(item) + ahead.at - start)
                    }
                };
                whole == Some(size)
            }
        };
        if framed {
            self.cursor.number::<u32>()?;
        }
        Ok(())
    }

    fn structure(&mut self, part: &StructOp, column: &mut Column) -> Fallible<()> {
        match self.frame(part.extensibility) {
            Frame::Plain => self.plain(part, column),
            Frame::Delimited => self.delimited(part, column),
            Frame::Parameters => parameters::read(self, part, column),
        }
    }

    /// All members, one after the other.
    fn plain(&mut self, part: &StructOp, column: &mut Column) -> Fallible<()> {
        let Data::Struct { fields, children, len } = &mut column.data else { return Err(mismatch()) };
        for (at, (member, child)) in part.members.iter().zip(children).enumerate() {
            self.member(member, child).map_err(|fault| fault.inside(fields[at].name()))?;
        }
        *len += 1;
        Ok(())
    }

    /// The size, then as many members as there are: a newer writer may add some, an older one may lack some.
    fn delimited(&mut self, part: &StructOp, column: &mut Column) -> Fallible<()> {
        let size = self.cursor.count(1)?;
        let end = self.cursor.at + size;
        let Data::Struct { fields, children, len } = &mut column.data else { return Err(mismatch()) };
        for (at, (member, child)) in part.members.iter().zip(children).enumerate() {
            if self.cursor.at >= end {
                self.cursor.spend(child.width())?;
                child.push_null();
            } else {
                self.member(member, child).map_err(|fault| fault.inside(fields[at].name()))?;
            }
        }
        if self.cursor.at > end {
            return Err(Fault::other(format!(
                "a struct has {size} bytes and its members {}",
                self.cursor.at + size - end
            )));
        }
        self.cursor.at = end;
        *len += 1;
        Ok(())
    }

    fn member(&mut self, member: &MemberOp, column: &mut Column) -> Fallible<()> {
        match (member.optional, self.style) {
            (false, _) | (true, Style::Ros1) => self.value(&member.op, column),
            (true, Style::Xcdr1) => parameters::optional(self, member, column),
            (true, Style::Xcdr2) if self.cursor.number::<u8>()? != 0 => self.value(&member.op, column),
            (true, Style::Xcdr2) => {
                self.cursor.spend(column.width())?;
                column.push_null();
                Ok(())
            }
        }
    }

    fn union(&mut self, union: &UnionOp, column: &mut Column) -> Fallible<()> {
        let end = match self.frame(union.extensibility) {
            Frame::Plain => None,
            Frame::Delimited => Some(self.cursor.count(1)? + self.cursor.at),
            Frame::Parameters => return Err(Fault::other("mutable unions are not decoded")),
        };
        let width = column.width();
        let Data::Struct { fields, children, len } = &mut column.data else { return Err(mismatch()) };
        let [discriminator, cases @ ..] = &mut children[..] else { return Err(mismatch()) };
        self.number(&mut discriminator.data)?;
        let label = last_integer(&discriminator.data);
        let chosen = union.cases.iter().position(|(labels, ..)| labels.contains(&label));
        let chosen = chosen.or_else(|| union.cases.iter().position(|(_, default, _)| *default));
        self.cursor.spend(width)?;
        for (at, ((_, _, member), child)) in union.cases.iter().zip(cases).enumerate() {
            if chosen == Some(at) {
                // The fields begin with the discriminator.
                self.member(member, child).map_err(|fault| fault.inside(fields[at + 1].name()))?;
            } else {
                child.push_null();
            }
        }
        if let Some(end) = end {
            self.cursor.at = end.max(self.cursor.at);
        }
        *len += 1;
        Ok(())
    }
}

fn last_integer(data: &Data) -> i64 {
    match data {
        Data::Bool(values) => values.last().map(|value| i64::from(*value)),
        Data::I8(values) => values.last().map(|value| i64::from(*value)),
        Data::U8(values) => values.last().map(|value| i64::from(*value)),
        Data::I16(values) => values.last().map(|value| i64::from(*value)),
        Data::U16(values) => values.last().map(|value| i64::from(*value)),
        Data::I32(values) => values.last().map(|value| i64::from(*value)),
        Data::U32(values) => values.last().map(|value| i64::from(*value)),
        Data::I64(values) => values.last().copied(),
        // OK to cast: labels above i64::MAX were cast in the same way.
        Data::U64(values) => values.last().map(|value| *value as i64),
        _ => None,
    }
    .unwrap_or(0)
}

fn push_empty(column: &mut Column) -> Fallible<()> {
    match &mut column.data {
        Data::Struct { len, .. } => *len += 1,
        _ => return Err(mismatch()),
    }
    Ok(())
}

/// Appends a text; what is not UTF-8 is replaced.
pub(crate) fn push_text(text: &[u8], ends: &mut Vec<i32>, bytes: &mut Vec<u8>) -> Fallible<()> {
    match str::from_utf8(text) {
        Ok(_) => bytes.extend_from_slice(text),
        Err(_) => bytes.extend_from_slice(String::from_utf8_lossy(text).as_bytes()),
    }
    ends.push(end_of(bytes.len())?);
    Ok(())
}

/// The end of a list or text in a column.
pub(crate) fn end_of(length: usize) -> Fallible<i32> {
    i32::try_from(length)
        .map_err(|_too_large| Fault::other(format!("a batch holds {length} items (limit {})", i32::MAX)))
}

/// Where `bytes`, which begin at `offset` of the message at `message`, lie. They are hashed here, as they pass by.
pub(crate) fn part_of(message: &BlobRef, offset: usize, bytes: &[u8]) -> BlobRef {
    let (offset, length) = (offset as u64, bytes.len() as u64);
    let mut part = BlobRef { length, key_frame: None, sha256: Some(Hash256::of(bytes)), ..*message };
    if message.compression == Compression::None {
        part.chunk_offset = message.chunk_offset + message.inner_offset + offset;
        part.chunk_length = length;
        part.inner_offset = 0;
    } else {
        part.inner_offset = message.inner_offset + offset;
    }
    part
}

/// Ops and columns are compiled together and have one shape, so this is a mistake of this module.
pub(crate) fn mismatch() -> Box<Fault> {
    Fault::other("ops and columns differ in shape")
}
