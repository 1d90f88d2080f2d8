//! JSON messages, by a JSON Schema where there is a usable one, else as text.
//!
//! Where the schema says nothing about the inside of a value (an object without properties, an array without items, a choice
//! of types), the column holds its JSON text. Bytes in base64 are text too: a blob cannot point into base64.
//!
//! Source: <https://json-schema.org/draft/2020-12/json-schema-core>; of it: `type`, `properties`, `items`, `$ref` into the
//! same document, `oneOf`/`anyOf` of one type, and `{sec, nsec}` as times, as foxglove's schemas have them.

use arrow::array::StructArray;
use arrow::datatypes::Fields;
use prairie_model::BlobRef;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::column::{Column, Data};
use super::cursor::{Fallible, Fault};
use super::schema::{Budget, MAX_DEPTH, MAX_SCHEMA_BYTES, Primitive};
use super::wire::{end_of, mismatch, push_text};
use super::{DecodeError, Decoder, SchemaBytes};

/// How a value is read into its column.
#[derive(Debug)]
enum Op {
    Bool,
    Integer,
    Number,
    Text,
    /// `{sec, nsec}`.
    Seconds,
    /// Whatever it is, as JSON text.
    Json,
    List(Box<Op>),
    /// The members in the order of the columns, whose fields have their names.
    Struct(Vec<Op>),
}

struct Compiler<'a> {
    document: &'a Value,
    budget: Budget,
    /// The references that are being followed.
    open: Vec<&'a str>,
}

impl<'a> Compiler<'a> {
    fn compile(&mut self, schema: &'a Value, depth: usize) -> Result<(Op, Column), DecodeError> {
        self.budget.node()?;
        let json = (Op::Json, Column::text());
        if depth >= MAX_DEPTH {
            return Ok(json);
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let found = target.strip_prefix('#').and_then(|pointer| self.document.pointer(pointer));
            let Some(found) = found.filter(|_| !self.open.contains(&target)) else { return Ok(json) };
            self.open.push(target);
            let compiled = self.compile(found, depth + 1)?;
            self.open.pop();
            return Ok(compiled);
        }
        Ok(match kind(schema) {
            Some("boolean") => (Op::Bool, Column::primitive(Primitive::Bool)),
            Some("integer") => (Op::Integer, Column::primitive(Primitive::I64)),
            Some("number") => (Op::Number, Column::primitive(Primitive::F64)),
            Some("string") => (Op::Text, Column::text()),
            Some("array") => match schema.get("items") {
                Some(items) if items.is_object() => {
                    let (op, column) = self.compile(items, depth + 1)?;
                    (Op::List(Box::new(op)), Column::list(column))
                }
                _ => json,
            },
            Some("object") => match schema.get("properties").and_then(Value::as_object) {
                Some(properties) if is_seconds(properties) => (Op::Seconds, seconds_column(schema)),
                Some(properties) if !properties.is_empty() => self.object(properties, depth)?,
                _ => json,
            },
            _ => json,
        })
    }

    fn object(&mut self, properties: &'a Map<String, Value>, depth: usize) -> Result<(Op, Column), DecodeError> {
        let mut ops = Vec::new();
        let mut columns = Vec::new();
        for (name, schema) in properties {
            let (op, column) = self.compile(schema, depth + 1)?;
            ops.push(op);
            columns.push((name.clone(), column));
        }
        Ok((Op::Struct(ops), Column::structure(columns)))
    }
}

/// The one type that the schema allows besides null.
fn kind(schema: &Value) -> Option<&str> {
    match schema.get("type") {
        Some(Value::String(kind)) => Some(kind),
        Some(Value::Array(kinds)) => one(kinds.iter().map(Value::as_str).collect::<Option<_>>()?),
        Some(_) => None,
        None => {
            let choices = schema.get("oneOf").or(schema.get("anyOf")).and_then(Value::as_array);
            if let Some(choices) = choices {
                return one(choices
                    .iter()
                    .map(|choice| kind(choice).or_else(|| constant(choice.get("const")?)))
                    .collect::<Option<_>>()?);
            }
            if let Some(values) = schema.get("enum").and_then(Value::as_array) {
                return one(values.iter().map(constant).collect::<Option<_>>()?);
            }
            schema.get("properties").map(|_| "object")
        }
    }
}

/// The one kind among these besides null. Integers are numbers, so both together are numbers.
fn one(kinds: Vec<&str>) -> Option<&str> {
    let mut kinds = kinds.into_iter().filter(|kind| *kind != "null");
    let first = kinds.next()?;
    kinds.try_fold(first, |all, kind| match (all, kind) {
        (all, kind) if all == kind => Some(all),
        ("integer" | "number", "integer" | "number") => Some("number"),
        _ => None,
    })
}

fn constant(value: &Value) -> Option<&'static str> {
    Some(match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) | Value::Object(_) => return None,
    })
}

/// `{sec, nsec}` and `{sec, nanosec}`, and nothing else.
fn is_seconds(properties: &Map<String, Value>) -> bool {
    properties.len() == 2
        && properties.contains_key("sec")
        && (properties.contains_key("nsec") || properties.contains_key("nanosec"))
        && properties.values().all(|part| kind(part) == Some("integer"))
}

fn seconds_column(schema: &Value) -> Column {
    let title = schema.get("title").and_then(Value::as_str).unwrap_or_default();
    if title.to_ascii_lowercase().contains("duration") { Column::duration() } else { Column::time() }
}

/// Decodes JSON messages.
#[derive(Debug)]
pub(crate) struct JsonDecoder {
    /// `None` where the whole message is kept as text in the column `json`.
    root: Option<Op>,
    columns: Column,
    fields: Fields,
}

impl JsonDecoder {
    /// A decoder by `schema`; one that keeps the text where there is none, or none that describes an object.
    pub(crate) fn new(schema: Option<SchemaBytes<'_>>) -> Result<Self, DecodeError> {
        let described = match schema {
            Some(schema) if schema.encoding == "jsonschema" && schema.data.len() <= MAX_SCHEMA_BYTES => {
                serde_json::from_slice::<Value>(schema.data).ok()
            }
            _ => None,
        };
        let compiled = match &described {
            Some(document) => {
                let mut compiler = Compiler { document, budget: Budget::default(), open: Vec::new() };
                Some(compiler.compile(document, 0)?).filter(|(op, _)| matches!(op, Op::Struct(_)))
            }
            None => None,
        };
        let (root, columns) = match compiled {
            Some((op, columns)) => (Some(op), columns),
            None => (None, Column::structure([("json".to_owned(), Column::text())])),
        };
        let fields = columns.fields();
        Ok(Self { root, columns, fields })
    }

    fn read(&mut self, message: &[u8]) -> Fallible<()> {
        match &self.root {
            Some(op) => {
                let value: Value = serde_json::from_slice(message).map_err(|error| not_json(&error))?;
                if !value.is_object() {
                    return Err(Fault::other("the message is no JSON object"));
                }
                read(op, &value, &mut self.columns)
            }
            None => {
                serde_json::from_slice::<IgnoredAny>(message).map_err(|error| not_json(&error))?;
                let Data::Struct { children, len, .. } = &mut self.columns.data else { return Err(mismatch()) };
                for child in children {
                    let Data::Text { ends, bytes } = &mut child.data else { return Err(mismatch()) };
                    push_text(message, ends, bytes)?;
                }
                *len += 1;
                Ok(())
            }
        }
    }
}

impl Decoder for JsonDecoder {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn push(&mut self, message: &[u8], _at: BlobRef) -> Result<(), DecodeError> {
        let row = self.columns.len();
        self.read(message).map_err(|fault| {
            self.columns.truncate(row);
            fault.told("json")
        })
    }

    fn len(&self) -> usize {
        self.columns.len()
    }

    fn finish(&mut self) -> StructArray {
        self.columns.finish_structs()
    }
}

fn not_json(error: &serde_json::Error) -> Box<Fault> {
    Fault::other(format!("the message is not JSON: {error}"))
}

fn read(op: &Op, value: &Value, column: &mut Column) -> Fallible<()> {
    if value.is_null() && !matches!(op, Op::Json) {
        column.push_null();
        return Ok(());
    }
    match (op, &mut column.data) {
        (Op::Bool, Data::Bool(values)) => values.push(value.as_bool().ok_or_else(|| unfit(value, "a truth value"))?),
        (Op::Integer, Data::I64(values)) => values.push(integer(value).ok_or_else(|| unfit(value, "an integer"))?),
        (Op::Number, Data::F64(values)) => values.push(number(value).ok_or_else(|| unfit(value, "a number"))?),
        (Op::Text, Data::Text { ends, bytes }) => {
            let text = value.as_str().ok_or_else(|| unfit(value, "a text"))?;
            push_text(text.as_bytes(), ends, bytes)?;
        }
        (Op::Json, Data::Text { ends, bytes }) => push_text(value.to_string().as_bytes(), ends, bytes)?,
        (Op::Seconds, Data::Time(values) | Data::Duration(values)) => match seconds(value) {
            Some(nanos) => values.push(nanos),
            None if value.is_object() => column.push_null(),
            None => return Err(unfit(value, "an object of seconds and nanoseconds")),
        },
        (Op::List(op), Data::List { ends, item, .. }) => {
            for value in value.as_array().ok_or_else(|| unfit(value, "an array"))? {
                read(op, value, item)?;
            }
            ends.push(end_of(item.len())?);
        }
        (Op::Struct(ops), Data::Struct { fields, children, len }) => {
            let members = value.as_object().ok_or_else(|| unfit(value, "an object"))?;
            for (at, (op, child)) in ops.iter().zip(children).enumerate() {
                let name = fields[at].name();
                match members.get(name) {
                    Some(value) => read(op, value, child).map_err(|fault| fault.inside(name))?,
                    None => child.push_null(),
                }
            }
            *len += 1;
        }
        _ => return Err(mismatch()),
    }
    Ok(())
}

fn unfit(value: &Value, expected: &str) -> Box<Fault> {
    let mut text: String = value.to_string().chars().take(40).collect();
    if text.len() < value.to_string().len() {
        text.push('…');
    }
    Fault::other(format!("`{text}` was found where {expected} was expected"))
}

/// An integer, also written as `5.0`, or as text where JSON readers would lose digits.
fn integer(value: &Value) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() <= EXACT)?;
            // OK to cast: a whole number of at most 2^53 is an i64.
            Some(float as i64)
        }),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A number, also one that JSON has no notation for.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" | "inf" => Some(f64::INFINITY),
            "-Infinity" | "-inf" => Some(f64::NEG_INFINITY),
            text => text.parse().ok(),
        },
        _ => None,
    }
}

/// Nanoseconds; `None` where a part is missing or out of range.
fn seconds(value: &Value) -> Option<i64> {
    let whole = integer(value.get("sec")?)?;
    let part = integer(value.get("nsec").or(value.get("nanosec"))?)?;
    if !(0..1_000_000_000).contains(&part) {
        return None;
    }
    whole.checked_mul(1_000_000_000)?.checked_add(part)
}
