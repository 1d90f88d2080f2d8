//! JSON by hand-made schemas.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimestampNanosecondType};
use prairie_model::{BlobRef, Compression, MessageEncoding, time_type};

use super::{Decoder, SchemaBytes, decoder};

fn make(schema: &str) -> Box<dyn Decoder> {
    let schema = SchemaBytes { name: "T", encoding: "jsonschema", data: schema.as_bytes() };
    decoder(Some(schema), &MessageEncoding::Json, |_, _| false).unwrap()
}

fn push(decoder: &mut dyn Decoder, message: &str) -> Result<(), String> {
    let at = BlobRef {
        file: 0,
        chunk_offset: 0,
        chunk_length: 0,
        compression: Compression::None,
        inner_offset: 0,
        length: 0,
        key_frame: None,
        sha256: None,
    };
    decoder.push(message.as_bytes(), at).map_err(|error| error.0)
}

const SCHEMA: &str = r##"{
    "type": "object",
    "properties": {
        "timestamp": {"type": "object", "title": "time", "properties": {"sec": {"type": "integer"}, "nsec": {"type": "integer"}}},
        "x": {"type": "number"},
        "n": {"type": ["integer", "null"]},
        "level": {"oneOf": [{"const": 0}, {"const": 1}]},
        "poses": {"type": "array", "items": {"$ref": "#/definitions/Pose"}},
        "free": {"type": "object"},
        "data": {"type": "string", "contentEncoding": "base64"}
    },
    "definitions": {
        "Pose": {"type": "object", "properties": {"ok": {"type": "boolean"}, "next": {"$ref": "#/definitions/Pose"}}}
    }
}"##;

#[test]
fn schemas_become_columns() {
    let mut decoder = make(SCHEMA);
    assert_eq!(decoder.fields()[0].data_type(), &time_type());
    let message = r#"{"timestamp": {"sec": 2, "nsec": 5}, "x": 3, "n": 4, "level": 1, "data": "AAE=", "extra": 1,
                      "poses": [{"ok": true}, {"ok": false, "next": {"ok": true}}], "free": {"b": [1, 2], "a": 1}}"#;
    push(&mut *decoder, message).unwrap();
    push(&mut *decoder, r#"{"x": "NaN", "n": null, "timestamp": {"sec": 1, "nsec": 1000000000}}"#).unwrap();
    let rows = decoder.finish();
    let column = |name: &str| rows.column_by_name(name).unwrap();
    assert_eq!(column("timestamp").as_primitive::<TimestampNanosecondType>().value(0), 2_000_000_005);
    assert!(column("timestamp").is_null(1), "a fraction of a second or more is unknown");
    assert_eq!(column("x").as_primitive::<Float64Type>().value(0), 3.0);
    assert!(column("x").as_primitive::<Float64Type>().value(1).is_nan());
    assert_eq!(column("n").as_primitive::<Int64Type>().iter().collect::<Vec<_>>(), [Some(4), None]);
    assert_eq!(column("level").as_primitive::<Int64Type>().iter().collect::<Vec<_>>(), [Some(1), None]);
    assert_eq!(column("data").as_string::<i32>().value(0), "AAE=");
    assert_eq!(column("free").as_string::<i32>().value(0), r#"{"b":[1,2],"a":1}"#);
    assert!(column("poses").is_null(1));
    let poses = column("poses").as_list::<i32>().value(0);
    assert!(poses.as_struct().column(0).as_boolean().value(0));
    assert_eq!(poses.as_struct().column(1).as_string::<i32>().value(1), r#"{"ok":true}"#, "a type in itself is text");
}

#[test]
fn what_does_not_fit_leaves_no_trace() {
    let mut decoder = make(SCHEMA);
    push(&mut *decoder, "{}").unwrap();
    let why = push(&mut *decoder, r#"{"poses": [{"ok": true}, {"ok": 3}]}"#).unwrap_err();
    assert_eq!(why, "`3` was found where a truth value was expected in `poses.ok`");
    assert_eq!(push(&mut *decoder, "[]").unwrap_err(), "the message is no JSON object");
    assert!(push(&mut *decoder, "{\"x\": 1").unwrap_err().starts_with("the message is not JSON: "));
    assert!(push(&mut *decoder, &"[".repeat(100_000)).is_err());
    push(&mut *decoder, "{}").unwrap();
    let rows = decoder.finish();
    assert_eq!(rows.slice(0, 1), rows.slice(1, 1));
}

#[test]
fn without_a_usable_schema_the_text_is_kept() {
    let unusable = ["", "{}", r#"{"type":"object"}"#, r#"{"type":"number"}"#, "not json"].map(make);
    let none = decoder(None, &MessageEncoding::Json, |_, _| false).unwrap();
    for mut decoder in unusable.into_iter().chain([none]) {
        assert_eq!(decoder.fields().len(), 1);
        assert_eq!((decoder.fields()[0].name().as_str(), decoder.fields()[0].data_type()), ("json", &DataType::Utf8));
        push(&mut *decoder, r#"{"a": 1}"#).unwrap();
        push(&mut *decoder, "3").unwrap();
        assert!(push(&mut *decoder, "{").is_err());
        let rows = decoder.finish();
        assert_eq!(rows.column(0).as_string::<i32>().iter().collect::<Vec<_>>(), [Some(r#"{"a": 1}"#), Some("3")]);
    }
}
