//! Message encodings: a schema and messages in one input.
//!
//! `name \n length of the schema (2 bytes, little-endian) schema message`

use arrow::array::Array;
use prairie_formats::encoding::{SchemaBytes, decoder};
use prairie_model::{BlobRef, Compression, MessageEncoding};

pub(crate) fn cdr(data: &[u8]) {
    decode("ros2msg", &MessageEncoding::Cdr, data);
}

pub(crate) fn idl(data: &[u8]) {
    decode("ros2idl", &MessageEncoding::Cdr, data);
    decode("omgidl", &MessageEncoding::Cdr, data);
}

pub(crate) fn json(data: &[u8]) {
    decode("jsonschema", &MessageEncoding::Json, data);
}

pub(crate) fn protobuf(data: &[u8]) {
    decode("protobuf", &MessageEncoding::Protobuf, data);
}

pub(crate) fn ros1(data: &[u8]) {
    decode("ros1msg", &MessageEncoding::Ros1, data);
}

fn split(data: &[u8]) -> Option<(&str, &[u8], &[u8])> {
    let end = data.iter().position(|byte| *byte == b'\n')?;
    let name = std::str::from_utf8(&data[..end]).ok()?;
    let (length, rest) = data[end + 1..].split_first_chunk()?;
    let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
    let (schema, message) = rest.split_at(length);
    Some((name, schema, message))
}

/// Pushes the message, parts of it, and the message again: rows are counted, and what fails leaves no trace.
fn decode(schema_encoding: &str, encoding: &MessageEncoding, data: &[u8]) {
    let Some((name, schema, message)) = split(data) else { return };
    let schema = SchemaBytes { name, encoding: schema_encoding, data: schema };
    for inline in [(|_, _| false) as prairie_model::Inline, |_, _| true] {
        let Ok(mut decoder) = decoder(Some(schema), encoding, inline) else { return };
        let fields = decoder.fields().clone();
        let mut pushed = 0;
        for part in [message, &message[..message.len() / 2], &[], message] {
            let at = BlobRef {
                file: 0,
                chunk_offset: 0,
                chunk_length: part.len() as u64,
                compression: Compression::None,
                inner_offset: 0,
                length: part.len() as u64,
                key_frame: None,
                sha256: None,
            };
            pushed += usize::from(decoder.push(part, at).is_ok());
            assert_eq!(decoder.len(), pushed);
        }
        let rows = decoder.finish();
        assert_eq!(rows.len(), pushed);
        assert_eq!(rows.fields(), &fields, "the columns are those that were announced");
        assert!(decoder.is_empty());
    }
}
