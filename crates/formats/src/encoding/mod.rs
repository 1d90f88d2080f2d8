//! One message's bytes to one row of Arrow columns.
//!
//! ```text
//!   (schema name, schema encoding, schema bytes, message encoding) ─ decoder ─▶ Decoder ─ push* ─ finish ─▶ StructArray
//! ```
//!
//! Each schema language is parsed into one neutral tree, and the tree is compiled once into ops and columns of the same
//! shape, so that no name is looked up while messages are read:
//!
//! ```text
//!   ros1msg ros2msg ─ ros_msg ─┐
//!   ros2idl omgidl  ─ idl ─────┴▶ schema::Struct ─ wire ─▶ cdr, ros1
//!   FileDescriptorSet ─ descriptor ──────────── protobuf ─▶ protobuf
//!   jsonschema ──────────────────────────────────── json ─▶ json
//! ```
//!
//! In the other direction [`CdrWriter`] writes CDR, and [`ros2_types`] has the schemas of the types that are written.
//!
//! What a decoded message looks like: integers and floats keep their width, enumerations are integers, stamps are
//! [`prairie_model::time_type`] (null when their fraction is a second or more, or they lie beyond the years 1677–2262),
//! durations are `Duration(Nanosecond)`, texts are UTF-8 (what is not is replaced), every array is a list, maps are lists of
//! `key` and `value`, and arrays of bytes are [`prairie_model::blob_field`]s, unless they are asked for inline or hold at most
//! 4,096 bytes by their type. What is optional and absent is null.
//!
//! **Invariant:** a count in a message is checked against the bytes that are left before anything is allocated for it, and
//! parts that a message may leave out are made up to a bound only.

mod cdr_write;
mod column;
mod cursor;
mod descriptor;
mod idl;
mod idl_lex;
mod idl_parse;
#[cfg(test)]
mod idl_tests;
mod json;
#[cfg(test)]
mod json_tests;
mod parameters;
mod protobuf;
#[cfg(test)]
mod protobuf_tests;
pub(crate) mod ros2_common;
pub mod ros2_types;
mod ros_msg;
#[cfg(test)]
mod roundtrip_tests;
mod schema;
mod wire;
#[cfg(test)]
mod wire_tests;

use arrow::array::StructArray;
use arrow::datatypes::Fields;
use prairie_model::{BlobRef, Inline, MessageEncoding};

pub use cdr_write::CdrWriter;
use json::JsonDecoder;
use protobuf::ProtobufDecoder;
use ros_msg::Dialect;
use schema::Struct;
use wire::{Encoding, WireDecoder};

/// Why a schema or a message could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DecodeError(pub String);

/// A schema as a container holds it.
#[derive(Debug, Clone, Copy)]
pub struct SchemaBytes<'a> {
    /// `sensor_msgs/msg/JointState`.
    pub name: &'a str,
    /// `ros2msg`, `ros2idl`, `omgidl`, `ros1msg`, `protobuf`, `jsonschema`, or anything else.
    pub encoding: &'a str,
    /// The definition.
    pub data: &'a [u8],
}

/// Decodes messages of one type into columns.
pub trait Decoder: Send {
    /// The columns.
    fn fields(&self) -> &Fields;

    /// Appends one message. `at` says where the message's bytes lie in the recording: blobs are placed relative to it.
    ///
    /// # Errors
    ///
    /// When the bytes do not fit the schema. The columns are as they were before the call.
    fn push(&mut self, message: &[u8], at: BlobRef) -> Result<(), DecodeError>;

    /// Messages since the last [`Decoder::finish`].
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the rows out.
    fn finish(&mut self) -> StructArray;
}

/// The decoder for messages of this schema in this encoding.
///
/// # Errors
///
/// When the encoding is unknown, or the schema is missing or cannot be parsed: the sentence says which.
pub fn decoder(
    schema: Option<SchemaBytes<'_>>,
    encoding: &MessageEncoding,
    inline: Inline,
) -> Result<Box<dyn Decoder>, DecodeError> {
    match encoding {
        MessageEncoding::Cdr | MessageEncoding::Ros1 => {
            let schema = required(schema, encoding)?;
            let (root, wire) = wire_schema(schema, encoding).map_err(|why| unusable(schema, &why))?;
            Ok(Box::new(WireDecoder::new(schema.name, &root, wire, inline)))
        }
        MessageEncoding::Protobuf => {
            let schema = required(schema, encoding)?;
            if schema.encoding != "protobuf" {
                return Err(unusable(schema, &DecodeError(format!("`{encoding}` messages need a descriptor set"))));
            }
            let decoder = ProtobufDecoder::new(schema, inline).map_err(|why| unusable(schema, &why))?;
            Ok(Box::new(decoder))
        }
        MessageEncoding::Json => {
            let decoder = JsonDecoder::new(schema).map_err(|why| match schema {
                Some(schema) => unusable(schema, &why),
                None => why,
            });
            Ok(Box::new(decoder?))
        }
        MessageEncoding::Table | MessageEncoding::Other(_) => {
            Err(DecodeError(format!("message encoding `{encoding}` is not decoded")))
        }
    }
}

fn required<'a>(schema: Option<SchemaBytes<'a>>, encoding: &MessageEncoding) -> Result<SchemaBytes<'a>, DecodeError> {
    schema.ok_or_else(|| DecodeError(format!("the channel has no schema, and `{encoding}` messages need one")))
}

fn unusable(schema: SchemaBytes<'_>, why: &DecodeError) -> DecodeError {
    DecodeError(format!("schema `{}` ({}) is unusable: {why}", schema.name, schema.encoding))
}

/// The shape of messages whose fields lie one after the other.
fn wire_schema(schema: SchemaBytes<'_>, encoding: &MessageEncoding) -> Result<(Struct, Encoding), DecodeError> {
    let wire = if *encoding == MessageEncoding::Ros1 { Encoding::Ros1 } else { Encoding::Cdr };
    let root = match schema.encoding {
        "ros1msg" => ros_msg::parse(schema.name, schema.data, Dialect::Ros1),
        "ros2msg" => ros_msg::parse(schema.name, schema.data, Dialect::Ros2),
        "ros2idl" | "omgidl" => idl::parse(schema.name, schema.data),
        other => Err(DecodeError(format!("schema encoding `{other}` is unknown for `{encoding}` messages"))),
    }?;
    Ok((root, wire))
}
