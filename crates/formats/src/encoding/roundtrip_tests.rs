//! Random schemas and random messages: what is written is what is read, and what is damaged is refused or read, never worse.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, DurationNanosecondType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampNanosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use prairie_model::{BlobColumns, BlobRef, Compression, MessageEncoding};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{CdrWriter, Decoder, SchemaBytes, decoder};

/// A random type, as `ros2msg` and `ros1msg` can express it.
#[derive(Debug, Clone)]
enum Shape {
    Plain(&'static str),
    /// Item, and what stands between the brackets.
    Array(Box<Shape>, &'static str),
    Struct(Vec<Shape>),
}

const PLAIN: &[&str] = &[
    "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64", "string",
    "time", "duration",
];

fn shape() -> impl Strategy<Value = Shape> {
    let leaf = prop::sample::select(PLAIN).prop_map(Shape::Plain);
    leaf.prop_recursive(4, 24, 5, |inner| {
        let item = inner.clone().prop_filter("ROS has no arrays of arrays", |item| !matches!(item, Shape::Array(..)));
        prop_oneof![
            (item, prop::sample::select(&["", "<=3", "2"][..]))
                .prop_map(|(item, count)| Shape::Array(item.into(), count)),
            prop::collection::vec(inner, 0..5).prop_map(Shape::Struct),
        ]
    })
}

/// Writes the definition of a struct, and after it those of its parts.
fn define(fields: &[Shape], text: &mut String, names: &mut usize) {
    let mut parts = Vec::new();
    for (at, field) in fields.iter().enumerate() {
        let (item, brackets) = match field {
            Shape::Array(item, count) => (&**item, format!("[{count}]")),
            other => (other, String::new()),
        };
        let name = match item {
            Shape::Struct(fields) => {
                *names += 1;
                parts.push((*names, fields));
                format!("S{names}")
            }
            Shape::Plain(name) => (*name).to_owned(),
            Shape::Array(..) => unreachable!("the strategy makes no arrays of arrays"),
        };
        text.push_str(&format!("{name}{brackets} f{at} # a comment\n"));
    }
    for (name, fields) in parts {
        text.push_str(&format!("{}\nMSG: test_msgs/S{name}\n", "=".repeat(80)));
        define(fields, text, names);
    }
}

/// Where a message is written to, and where random numbers come from.
struct Sink {
    /// `None` for ROS 1.
    cdr: Option<CdrWriter>,
    ros1: Vec<u8>,
    state: u64,
}

macro_rules! write_number {
    ($sink:expr, $value:expr, $kind:ident) => {{
        let value = $value as $kind;
        match &mut $sink.cdr {
            Some(cdr) => cdr.$kind(value),
            None => $sink.ros1.extend(value.to_le_bytes()),
        }
        json!(value)
    }};
}

impl Sink {
    fn random(&mut self) -> u64 {
        // xorshift: enough to fill messages.
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    fn count(&mut self, count: usize) {
        match &mut self.cdr {
            Some(cdr) => cdr.length(count),
            None => self.ros1.extend((count as u32).to_le_bytes()),
        }
    }

    fn plain(&mut self, name: &str) -> Value {
        let random = self.random();
        match name {
            "bool" => {
                let value = random & 1 == 1;
                write_number!(self, u8::from(value), u8);
                json!(value)
            }
            "int8" => write_number!(self, random, i8),
            "uint8" => write_number!(self, random, u8),
            "int16" => write_number!(self, random, i16),
            "uint16" => write_number!(self, random, u16),
            "int32" => write_number!(self, random, i32),
            "uint32" => write_number!(self, random, u32),
            "int64" => write_number!(self, random, i64),
            "uint64" => write_number!(self, random, u64),
            "float32" => write_number!(self, random as i16, f32),
            "float64" => write_number!(self, random as i32, f64),
            "string" => {
                let text: String = "añ€😀".chars().cycle().take(random as usize % 7).collect();
                match &mut self.cdr {
                    Some(cdr) => cdr.string(&text),
                    None => {
                        self.count(text.len());
                        self.ros1.extend(text.as_bytes());
                    }
                }
                json!(text)
            }
            _ => {
                let (high, low) = (random as i32 & i32::MAX, (random >> 32) as u32 % 1_000_000_000);
                write_number!(self, high, i32);
                write_number!(self, low, u32);
                json!(i64::from(high) * 1_000_000_000 + i64::from(low))
            }
        }
    }

    fn write(&mut self, shape: &Shape) -> Value {
        match shape {
            Shape::Plain(name) => self.plain(name),
            Shape::Struct(fields) => {
                if let (true, Some(cdr)) = (fields.is_empty(), &mut self.cdr) {
                    cdr.u8(0);
                }
                self.fields(fields)
            }
            Shape::Array(item, count) => {
                let items = match *count {
                    "2" => 2,
                    _ => {
                        let items = self.random() as usize % 4;
                        self.count(items);
                        items
                    }
                };
                (0..items).map(|_| self.write(item)).collect()
            }
        }
    }

    fn fields(&mut self, fields: &[Shape]) -> Value {
        Value::Object(fields.iter().enumerate().map(|(at, field)| (format!("f{at}"), self.write(field))).collect())
    }

    fn finish(self) -> Vec<u8> {
        self.cdr.map_or(self.ros1, CdrWriter::finish)
    }
}

/// A row as JSON. Blobs are taken from `message`, which lies at byte zero.
fn row(array: &dyn Array, at: usize, message: &[u8]) -> Value {
    if array.is_null(at) {
        return Value::Null;
    }
    macro_rules! number {
        ($kind:ty) => {
            json!(array.as_primitive::<$kind>().value(at))
        };
    }
    match array.data_type() {
        DataType::Boolean => json!(array.as_boolean().value(at)),
        DataType::Int8 => number!(Int8Type),
        DataType::UInt8 => number!(UInt8Type),
        DataType::Int16 => number!(Int16Type),
        DataType::UInt16 => number!(UInt16Type),
        DataType::Int32 => number!(Int32Type),
        DataType::UInt32 => number!(UInt32Type),
        DataType::Int64 => number!(Int64Type),
        DataType::UInt64 => number!(UInt64Type),
        DataType::Float32 => number!(Float32Type),
        DataType::Float64 => number!(Float64Type),
        DataType::Timestamp(..) => number!(TimestampNanosecondType),
        DataType::Duration(_) => number!(DurationNanosecondType),
        DataType::Utf8 => json!(array.as_string::<i32>().value(at)),
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(at);
            (0..items.len()).map(|item| row(&items, item, message)).collect()
        }
        DataType::Struct(_) => match BlobColumns::read(array) {
            Some(blobs) => {
                let from = blobs[at].chunk_offset as usize;
                json!(message[from..from + blobs[at].length as usize])
            }
            None => {
                let parts = array.as_struct();
                let names = parts.fields().iter().map(|field| field.name().clone());
                Value::Object(
                    names.zip(parts.columns().iter().map(|part| row(part, at, message))).collect::<Map<_, _>>(),
                )
            }
        },
        other => panic!("no decoder makes columns of {other}"),
    }
}

fn push(decoder: &mut dyn Decoder, message: &[u8]) -> Result<(), String> {
    let at = BlobRef {
        file: 0,
        chunk_offset: 0,
        chunk_length: message.len() as u64,
        compression: Compression::None,
        inner_offset: 0,
        length: message.len() as u64,
        key_frame: None,
        sha256: None,
    };
    decoder.push(message, at).map_err(|error| error.0)
}

/// A message as signed bytes are read: a blob of `int8[]` is compared as its bytes.
fn unsigned(value: &Value) -> Value {
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(small @ -128..0) => json!(small + 256),
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(unsigned).collect(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), unsigned(value))).collect())
        }
        other => other.clone(),
    }
}

fn check(fields: &[Shape], seed: u64, damage: &[(usize, u8)], ros1: bool) -> Result<(), TestCaseError> {
    let mut text = String::new();
    define(fields, &mut text, &mut 0);
    let (encoding, message_encoding) =
        if ros1 { ("ros1msg", MessageEncoding::Ros1) } else { ("ros2msg", MessageEncoding::Cdr) };
    let schema = SchemaBytes { name: "test_msgs/Test", encoding, data: text.as_bytes() };
    let mut decoder = decoder(Some(schema), &message_encoding, |_, path| path.ends_with('1')).unwrap();
    let mut sink = Sink { cdr: (!ros1).then(CdrWriter::new), ros1: Vec::new(), state: seed | 1 };
    let expected = sink.fields(fields);
    let message = sink.finish();

    prop_assert_eq!(push(&mut *decoder, &message), Ok(()), "{}", text);
    let rows = decoder.finish();
    rows.to_data().validate_full().unwrap();
    prop_assert_eq!(unsigned(&row(&rows, 0, &message)), unsigned(&expected), "{}", text);

    // Without its last byte no message is whole, and nothing remains of it.
    if message.len() > 4 {
        prop_assert!(push(&mut *decoder, &message[..message.len() - 1]).is_err());
    }
    prop_assert!(decoder.is_empty());
    let mut damaged = message.clone();
    for (at, value) in damage {
        let length = damaged.len();
        if let Some(byte) = damaged.get_mut(at % length.max(1)) {
            *byte = *value;
        }
        let before = decoder.len();
        let fits = push(&mut *decoder, &damaged).is_ok();
        prop_assert_eq!(decoder.len(), before + usize::from(fits));
    }
    push(&mut *decoder, &message).unwrap();
    let rows = decoder.finish();
    rows.to_data().validate_full().unwrap();
    prop_assert_eq!(unsigned(&row(&rows, rows.len() - 1, &message)), unsigned(&expected));
    Ok(())
}

proptest! {
    #[test]
    fn cdr_reads_what_was_written(
        fields in prop::collection::vec(shape(), 1..6),
        seed: u64,
        damage in prop::collection::vec((any::<usize>(), any::<u8>()), 0..8),
    ) {
        check(&fields, seed, &damage, false)?;
    }

    #[test]
    fn ros1_reads_what_was_written(
        fields in prop::collection::vec(shape(), 1..6),
        seed: u64,
        damage in prop::collection::vec((any::<usize>(), any::<u8>()), 0..8),
    ) {
        check(&fields, seed, &damage, true)?;
    }

    #[test]
    fn schemas_of_any_bytes_are_parsed_or_refused(
        data in prop::collection::vec(any::<u8>(), 0..300),
        words in prop::collection::vec(prop::sample::select(WORDS), 0..60),
    ) {
        let text = words.join(" ");
        for encoding in ["ros1msg", "ros2msg", "ros2idl", "omgidl", "protobuf", "jsonschema"] {
            for data in [&data[..], text.as_bytes()] {
                let schema = SchemaBytes { name: "a/T", encoding, data };
                for message in [MessageEncoding::Cdr, MessageEncoding::Ros1, MessageEncoding::Protobuf, MessageEncoding::Json] {
                    if let Ok(mut decoder) = decoder(Some(schema), &message, |_, _| false) {
                        let rows = usize::from(push(&mut *decoder, data).is_ok());
                        prop_assert_eq!(decoder.finish().len(), rows);
                    }
                }
            }
        }
    }
}

const WORDS: &[&str] = &[
    "struct",
    "T",
    "{",
    "}",
    ";",
    "module",
    "a",
    "long",
    "sequence",
    "<",
    ">",
    ",",
    "[",
    "]",
    "3",
    "octet",
    "x",
    "y",
    "union",
    "switch",
    "(",
    ")",
    "case",
    "default",
    ":",
    "enum",
    "typedef",
    "const",
    "=",
    "@",
    "key",
    "optional",
    "mutable",
    "string",
    "::",
    "\n",
    "int32",
    "float64[]",
    "uint8[<=4]",
    "#",
    "/*",
    "*/",
    "\"",
    "-",
    "<<",
    "bitmask",
    "====================",
    "MSG:",
    "a/T",
    "map",
    "unsigned",
    "double",
];
